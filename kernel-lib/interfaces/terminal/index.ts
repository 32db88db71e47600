/**
 * The terminal: a program runs at the server, which keeps its screen; terminals show it and send back keys and mouse, by the remote
 * framebuffer protocol. {@link terminalServer} and {@link Terminal} know nothing of the program: they are middleware.
 *
 * A program at a server, and a terminal that is killed and opened again:
 *
 * ```ts
 * import { Desk, type Host, on, openTerminal, scenario, simulate, terminalServer } from "kernel-lib";
 *
 * const desk = new Desk();
 * const user = async (host: Host) => {
 *   const first = await openTerminal(host, "server");
 *   await first.type("nothing is lost");
 *   await host.sleep(100);
 *   first.kill();
 *   const second = await openTerminal(host, "server");
 *   await second.request({ isIncremental: false });
 *   await second.update();
 *   return second.picture.equals(desk.framebuffer);
 * };
 * const programs = { server: on("server", terminalServer, () => desk).daemon(), isSame: on("home", user) };
 * const run = await simulate(scenario({ hosts: { server: {}, home: {} }, network: { latencyMs: 10 }, programs }));
 * console.log(run.results.isSame, desk.text); // true nothing is lost
 * ```
 *
 * Sources: RFC 6143; X.Org's font 8x13.
 */
export type { TerminalApplication } from "./application.js";
export type { ByteConnection } from "./byte-connection.js";
export { Desk, type DeskOptions } from "./desk.js";
export { openTerminal, Terminal } from "./terminal.js";
export { type TerminalServerOptions, terminalPort, terminalServer } from "./terminal-server.js";
