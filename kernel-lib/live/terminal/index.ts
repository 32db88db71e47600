/**
 * Terminals over real sockets: our server for terminals of any make, our terminal for servers of any make, a real X program on a real
 * server, and two streams that make a browser page a terminal.
 *
 * @module
 */
export { connectTerminal, type LiveTerminalServer, serveTerminal } from "./serve-terminal.js";
export type { LocalAddress } from "./socket-bytes.js";
export { startXTerminal, type XTerminal, type XTerminalOptions } from "./x-terminal.js";
