/**
 * TCP's urgent data and the signals that announce them, as the operating system has them: `MSG_OOB`, `SIOCATMARK`,
 * `SO_OOBINLINE`, `F_SETOWN` and SIGURG, called through koffi, since Node has none of them. And a server in a process of its own
 * that is stopped in the middle of its work.
 *
 * Real: all of it; sockets are on loopback. Left out: sockets of other kinds, IPv6, and systems other than Linux and macOS (whose
 * constants are from its headers, untested): {@link whyNoUrgentData} says so, and notebooks show recorded runs there.
 *
 * Sources: RFC 9293 §3.4 and §3.8.5; tcp(7) and socket(7) of Linux.
 */

export { whyNoSocketsApi as whyNoUrgentData } from "../system/sockets-api.js";
export { type MeasureStopsOptions, measureStops, type StopRow, type StopWay } from "./measure-stops.js";
export { type TcpEnd, type TcpPairOptions, tcpPair } from "./tcp-pair.js";
export { type TcpProcessOptions, tcpProcess } from "./tcp-process.js";
export { type UrgentTrialRow, urgentTrials } from "./trials.js";
export { type UrgentBehindOptions, type UrgentBehindRow, urgentBehind } from "./urgent-behind.js";
