/**
 * How a TCP connection of the operating system ends, as its other side sees it: the end of the stream (FIN), a reset (RST), a half that
 * is closed, a process that is killed, and a machine that falls silent.
 *
 * Real: sockets, processes, SIGKILL, keepalive and its kin; {@link lostMachine} has a network of its own, in which an address stops
 * being anybody's. Left out: IPv6, and systems other than Linux and macOS (whose constants are from its headers, untested).
 *
 * Sources: RFC 9293 §3.5, §3.6 and §3.8.3; RFC 5482; tcp(7) and socket(7) of Linux.
 */
export { type ConnectionEndRow, type ConnectionEndsOptions, connectionEnds } from "./connection-ends.js";
export { type LostMachineOptions, type LostMachineRow, lostMachine } from "./lost-machine.js";
