/**
 * What stands behind the exercises of the notebooks: how an answer is tried, what must hold, the hints for known mistakes. A
 * file a notebook, called as the notebook; all that it exports is reached as `exercises.name`, so each name is here once. In
 * the notebook stand the task, the reader's answer and one call of {@link check}; an exercise as a cell's last value tells how
 * it is tried. Left out: solutions, which stand in the notebook, and wrong answers, which stand with the tests.
 *
 * An answer is a program, a number or a choice:
 *
 * ```ts
 * import { check, exercises, type Host } from "kernel-lib";
 *
 * const client = async (host: Host, n: number) => {
 *   const connection = await host.connect("server", 7);
 *   await connection.send(n);
 *   return n;
 * };
 * const result = await check(exercises.firstClient, client);
 * console.log(result.passed, result.record.mistake); // false, "returns what it sent"
 * ```
 */
export * from "./00-start-here.js";
export * from "./01-calendar.js";
export * from "./01-display.js";
export * from "./01-terminal.js";
export * from "./02-transparency.js";
export * from "./03-server-organization.js";
export * from "./04-contacting-a-server.js";
export * from "./05-interrupting-a-server.js";
export * from "./06-state.js";
export * from "./10-mobility.js";
