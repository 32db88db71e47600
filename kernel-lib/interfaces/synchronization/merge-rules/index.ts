import type { MergeRule } from "../merge-rule.js";
import { lamportClock } from "./lamport-clock.js";
import { lamportWithoutTombstones } from "./lamport-without-tombstones.js";
import { lastToArrive } from "./last-to-arrive.js";
import { versionVectors } from "./version-vectors.js";
import { wallClock } from "./wall-clock.js";
import { wallClockThenName } from "./wall-clock-then-name.js";

export { type CountedVersion, lamportClock } from "./lamport-clock.js";
export { lamportWithoutTombstones } from "./lamport-without-tombstones.js";
export { type BareVersion, lastToArrive } from "./last-to-arrive.js";
export { type Siblings, type VersionVector, versionVectors } from "./version-vectors.js";
export { type ClockVersion, wallClock } from "./wall-clock.js";
export { type NamedClockVersion, wallClockThenName } from "./wall-clock-then-name.js";

/** All merge rules, from the simplest to the best. */
export const mergeRules: readonly MergeRule[] = [
  lastToArrive,
  wallClock,
  wallClockThenName,
  lamportWithoutTombstones,
  lamportClock,
  versionVectors,
];
