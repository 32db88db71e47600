/**
 * Code migration: programs that move while they run, the tools that make them, and whole virtual machines.
 *
 * A program is compiled, runs for a while, becomes bytes, and goes on from them, in another process or on another kind of machine:
 *
 * ```ts
 * import { compileAssemblyScript, decodeModule, freeze, instantiate, thaw } from "kernel-lib";
 *
 * const source = "export function sum(n: i32): i32 { let s = 0; for (let i = 1; i <= n; i++) s += i; return s; }";
 * const machine = instantiate(decodeModule(await compileAssemblyScript(source)));
 * machine.call("sum", 1000);
 * machine.run({ fuel: 2000 }); // stops in the middle of the loop
 * const image = freeze(machine);
 * console.log(thaw(image).run()); // { why: "finished", results: [500500] }
 * ```
 *
 * @module
 */
export * from "./abstract-machine/index.js";
export * from "./mobility/index.js";
export * from "./toolchain/index.js";
export * from "./virtual-machine/index.js";
