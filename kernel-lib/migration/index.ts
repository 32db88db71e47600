/**
 * Programs that move: the tools that make them.
 *
 * @module
 */
export * from "./toolchain/index.js";
