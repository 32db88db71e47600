import type { EntryValue } from "./entry-value.js";

/** What a device does whose edit the server did not take, since the entry has changed there meanwhile. */
export interface ConflictPolicy {
  /** For tables and figures. */
  readonly name: string;
  /**
   * What becomes of the entry.
   *
   * @param base what the device edited: the last that both sides had
   * @param mine what it made of it
   * @param theirs what the server has now
   */
  resolve(base: EntryValue, mine: EntryValue, theirs: EntryValue): EntryValue;
}
