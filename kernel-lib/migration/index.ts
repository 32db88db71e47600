/**
 * Code migration: programs that move while they run, and the tools that make them.
 *
 * @module
 */
export * from "./machine/index.js";
export * from "./mobility/index.js";
export * from "./toolchain/index.js";
