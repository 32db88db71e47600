import type { MergeRule } from "../merge-rule.js";
import { type CountedVersion, lamportClock } from "./lamport-clock.js";

/** As {@link lamportClock}, but who deletes an entry forgets it, so that the next device that still has it brings it back. */
export const lamportWithoutTombstones: MergeRule<CountedVersion> = {
  ...lamportClock,
  name: "Lamport clock without tombstones",
  write: (before, value, context) => (value === undefined ? undefined : lamportClock.write(before, value, context)),
};
