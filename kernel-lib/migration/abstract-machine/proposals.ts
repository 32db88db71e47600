/**
 * Parts of WebAssembly that came after version 1.0 and that the machine leaves out, by what shows them in a module: whoever brings such a module is told its
 * name, not that it is damaged.
 *
 * @see https://github.com/WebAssembly/proposals
 */
export const proposals = {
  simd: "vectors (SIMD)",
  threads: "threads (shared memories and atomic instructions)",
  exceptions: "exception handling",
  tailCalls: "tail calls",
  references: "reference types (references as values, several tables)",
  functionReferences: "typed function references",
  garbageCollection: "garbage collection (structures and arrays)",
  memories: "several memories (multi-memory)",
  memory64: "64-bit memories (memory64)",
  pageSizes: "custom page sizes",
  extendedConstants: "extended constant expressions",
  wideArithmetic: "wide arithmetic",
  stackSwitching: "stack switching",
  components: "components (the component model)",
} as const;

/** A part of the language that is left out. */
export type Proposal = (typeof proposals)[keyof typeof proposals];

const byOpcode: readonly (readonly [from: number, to: number, Proposal])[] = [
  [0x06, 0x0a, proposals.exceptions],
  [0x12, 0x13, proposals.tailCalls],
  [0x14, 0x15, proposals.functionReferences],
  [0x18, 0x19, proposals.exceptions],
  [0x1f, 0x1f, proposals.exceptions],
  [0x25, 0x26, proposals.references],
  [0xd0, 0xd2, proposals.references],
  [0xd3, 0xd3, proposals.garbageCollection],
  [0xd4, 0xd6, proposals.functionReferences],
  [0xe0, 0xe6, proposals.stackSwitching],
  [0xfb, 0xfb, proposals.garbageCollection],
  [0xfd, 0xfd, proposals.simd],
  [0xfe, 0xfe, proposals.threads],
  // Behind the prefix 0xFC, from 0x100.
  [0x10f, 0x111, proposals.references],
  [0x113, 0x116, proposals.wideArithmetic],
];

/** What an unknown opcode belongs to; those behind the prefix 0xFC are numbered from 0x100. */
export const proposalOfOpcode = (code: number): Proposal | undefined =>
  byOpcode.find(([from, to]) => code >= from && code <= to)?.[2];

/** What an unknown type of values belongs to. */
export function proposalOfType(code: number): Proposal | undefined {
  if (code === 0x7b) return proposals.simd;
  if (code === 0x70 || code === 0x6f) return proposals.references;
  if (code === 0x69 || code === 0x74) return proposals.exceptions;
  if (code === 0x63 || code === 0x64) return proposals.functionReferences;
  return code >= 0x6a && code <= 0x73 ? proposals.garbageCollection : undefined;
}

/** What an unknown form of type belongs to. */
export function proposalOfForm(code: number): Proposal | undefined {
  if (code === 0x5d) return proposals.stackSwitching;
  return code === 0x5f || code === 0x5e || (code >= 0x4e && code <= 0x50) ? proposals.garbageCollection : undefined;
}

/** What an unknown flag of a memory's or table's sizes belongs to. */
export function proposalOfLimits(flags: number): Proposal | undefined {
  if (flags >= 8) return flags < 16 ? proposals.pageSizes : undefined;
  return flags >= 4 ? proposals.memory64 : proposals.threads;
}
