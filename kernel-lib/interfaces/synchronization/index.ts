/**
 * Copies of a calendar on several devices, and how they are kept in step: by a server that each device meets now and then, or among
 * the devices alone, by a merge rule.
 *
 * With a server: a protocol of two requests ({@link SyncStore}), in which an edit is taken only if nobody else has changed the entry, and a
 * conflict policy says what a device does otherwise. Without: what is kept beside each value, and which of two versions stays, is a merge
 * rule. Histories, drawn at random or all that are small, show what each rule loses; their judge knows only who had seen what.
 *
 * Left out: entries of several calendars, access rights, tombstones that are thrown away some day, and texts that are merged letter by letter.
 *
 * @see Terry et al., "Managing Update Conflicts in Bayou, a Weakly Connected Replicated Storage System", SOSP 1995; Shapiro et al.,
 * "Conflict-free Replicated Data Types", SSS 2011.
 */
export { conflictPolicies, mineWins, theirsWins, threeWayMerge } from "./conflict-policies/index.js";
export type { ConflictPolicy } from "./conflict-policy.js";
export {
  type DeleteStep,
  type Device,
  type DeviceHistory,
  type DeviceStep,
  playHistory,
  type SendStep,
  type Shown,
  type WriteStep,
  withLastExchange,
} from "./device-history.js";
export type { EntryValue } from "./entry-value.js";
export { type DeviceShows, type HistoryPrograms, historyScenario } from "./history-scenario.js";
export { type HistoryJudge, type HistoryVerdict, judgeOf } from "./judge.js";
export type { MergeRule, WriteContext } from "./merge-rule.js";
export {
  type BareVersion,
  type ClockVersion,
  type CountedVersion,
  lamportClock,
  lamportWithoutTombstones,
  lastToArrive,
  mergeRules,
  type NamedClockVersion,
  type Siblings,
  type VersionVector,
  versionVectors,
  wallClock,
  wallClockThenName,
} from "./merge-rules/index.js";
export { judgeRules, type RandomHistoryOptions, type RuleRow, randomHistories } from "./random-histories.js";
export { Replica } from "./replica.js";
export {
  shrunkHistory,
  smallestHistories,
  smallestHistory,
  smallHistories,
  type WrongHistory,
} from "./small-histories.js";
export { SyncClient, type SyncClientOptions, type SyncSummary } from "./sync-client.js";
export { type SyncServerOptions, syncServer } from "./sync-server.js";
export {
  type ChangedEntry,
  type ChangesReply,
  type ChangesRequest,
  type ConflictReply,
  type EditMade,
  type PutRequest,
  type StoredEntry,
  type SyncAnswer,
  type SyncReply,
  type SyncRequest,
  SyncStore,
  type TakenReply,
  type VersionedValue,
} from "./sync-store.js";
export {
  type DeleteEntryStep,
  type EditFieldStep,
  type EntryTexts,
  judgeStory,
  type MeetServerStep,
  randomSyncStories,
  type StoryPrograms,
  type StoryStep,
  type StoryVerdict,
  type SyncStory,
  storyScenario,
} from "./sync-stories.js";
