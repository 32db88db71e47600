/**
 * Protocols, servers, clusters and code migration: one program, written once against a {@link Host}, runs in virtual
 * time and live.
 *
 * @packageDocumentation
 */
export * from "./cluster/index.js";
export * from "./errors.js";
export * as exercises from "./exercises/index.js";
export * from "./interfaces/index.js";
export * from "./live/index.js";
export * from "./migration/index.js";
export * from "./protocol/index.js";
export * from "./server/index.js";
export * from "./simulation/index.js";
export * from "./theory/index.js";
export * from "./transparency/index.js";
export * from "./workbook/index.js";
export * from "./world/index.js";
