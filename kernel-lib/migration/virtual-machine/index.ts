/**
 * Migrating a whole virtual machine: its memory, page by page, while it writes. {@link preCopy} sends it in rounds and then stops the machine,
 * {@link stopAndCopy} stops it first, {@link postCopy} lets it go on at once and sends its pages afterwards, or after some rounds.
 * All have rows of one type, {@link MigrationRow}. {@link willConverge} says beforehand what a pre-copy will come to.
 *
 * Modelled: which pages are written when (sweeps, random writes, hot and cold memory, bursts), the order in which pages are sent,
 * policies for rate and stop, windows in which QEMU sends, slowing the machine down, pages that are asked for. Left out: what pages
 * contain (but for zeros), compression, other processors than one, reading, the state of devices beside its share of
 * `resumeMs`, what else goes over the link, and that copying takes time of the processor.
 *
 * ```ts
 * import { migrationTotals, preCopy, qemuPolicy, willConverge } from "kernel-lib";
 *
 * const memory = { memoryPages: 8192, writers: [{ pagesPerS: 1000, pages: 4096 }] };
 * const link = { linkBytesPerS: 1e9 };
 * const policy = qemuPolicy({ maxBytesPerS: 8e6 });
 * console.log(willConverge(memory, link, policy).converges); // true
 * console.log(migrationTotals(preCopy(memory, link, policy).rows));
 * ```
 *
 * @see Clark et al., "Live Migration of Virtual Machines", NSDI 2005; Hines and Gopalan, VEE 2009, for post-copy.
 */
export type { Link } from "./link.js";
export type { Memory, Writer } from "./memory.js";
export { type Migration, type MigrationRow, type MigrationTotals, migrationTotals } from "./migration-row.js";
export { type AutoConvergeOptions, autoConverge } from "./policies/auto-converge.js";
export { clarkPaperPolicy, clarkPolicy } from "./policies/clark.js";
export { fixedRounds } from "./policies/fixed-rounds.js";
export { type QemuPolicyOptions, qemuPolicy } from "./policies/qemu.js";
export { xenPolicy } from "./policies/xen.js";
export type { PreCopyPolicy } from "./policy.js";
export { type PostCopyOptions, postCopy } from "./post-copy.js";
export { preCopy, stopAndCopy } from "./pre-copy.js";
export { type Verdict, willConverge } from "./will-converge.js";
