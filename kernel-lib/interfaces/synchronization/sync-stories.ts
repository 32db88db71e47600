import { checkWhole } from "../../errors.js";
import { randomStream } from "../../simulation/index.js";
import {
  type Fault,
  type Host,
  type Job,
  type LogRow,
  on,
  type Scenario,
  scenario,
  type TraceRow,
} from "../../world/index.js";
import type { ConflictPolicy } from "./conflict-policy.js";
import { SyncClient } from "./sync-client.js";
import { type SyncServerOptions, syncServer } from "./sync-server.js";

/** What all steps of a story have. */
interface AnyStep {
  /** When. */
  readonly atMs: number;
}

/** A user gives a field of an entry a text that no other edit of the story has. */
export interface EditFieldStep extends AnyStep {
  /** Tells the steps apart. */
  readonly what: "edit";
  /** The entry. */
  readonly entry: string;
  /** Its field. */
  readonly field: string;
  /** The text. */
  readonly text: string;
}

/** A user deletes an entry. */
export interface DeleteEntryStep extends AnyStep {
  /** Tells the steps apart. */
  readonly what: "delete";
  /** The entry. */
  readonly entry: string;
}

/** A device meets the server. */
export interface MeetServerStep extends AnyStep {
  /** Tells the steps apart. */
  readonly what: "sync";
}

/** What happens at a device. */
export type StoryStep = EditFieldStep | DeleteEntryStep | MeetServerStep;

/** What the users of three devices do, and what breaks meanwhile. */
export interface SyncStory {
  /** By device, in the order of time. */
  readonly plans: Readonly<Record<string, readonly StoryStep[]>>;
  /** Cuts, crashes and what ends them. */
  readonly faults: readonly Fault[];
}

const devices = ["phone", "laptop", "tablet"];
const entries = ["dentist", "lunch"];
const fields = ["title", "time", "place"];
/** By then all that was broken works again. */
const quietMs = 1000;

/**
 * Random stories of three devices and a server: each user takes three to ten steps within half a second, half of them edits. In two of three
 * stories something breaks: a device is cut off, or it, or the server, crashes.
 *
 * @throws {@link ParameterError} if an option is out of range.
 */
export function randomSyncStories({ stories, seed }: { readonly stories: number; readonly seed: number }): SyncStory[] {
  checkWhole("randomSyncStories", "stories", stories, 1, 1_000_000);
  const random = randomStream(seed, "sync stories");
  const below = (n: number): number => Math.floor(random() * n);
  const one = <T>(list: readonly T[]): T => list[below(list.length)] as T;
  return Array.from({ length: stories }, () => {
    let edits = 0;
    const step = (atMs: number): StoryStep => {
      const kind = random();
      if (kind < 0.5) return { atMs, what: "edit", entry: one(entries), field: one(fields), text: `text ${++edits}` };
      return kind < 0.58 ? { atMs, what: "delete", entry: one(entries) } : { atMs, what: "sync" };
    };
    const plans = devices.map((device) => {
      const times = Array.from({ length: 3 + below(8) }, () => random() * 500).sort((a, b) => a - b);
      return [device, times.map(step)] as const;
    });
    const faults = Array.from({ length: below(3) }, (): readonly [Fault, Fault] => {
      const [atMs, untilMs] = [random() * 500, 510 + random() * 300];
      const host = one([...devices, "server"]);
      if (host !== "server" && random() < 0.5) {
        const between = [host, "server"] as const;
        return [
          { kind: "cut", between, atMs },
          { kind: "heal", between, atMs: untilMs },
        ];
      }
      return [
        { kind: "crash", host, atMs },
        { kind: "restart", host, atMs: untilMs },
      ];
    });
    return { plans: Object.fromEntries(plans), faults: faults.flat() };
  });
}

/** Follows a plan. What was on the disk before is there again. */
async function user(host: Host, policy: ConflictPolicy, plan: readonly StoryStep[]): Promise<void> {
  const calendar = await SyncClient.open(host, { policy, timeoutMs: 50 });
  for (const step of plan) {
    await host.sleepUntil(step.atMs);
    if (step.what === "sync") {
      await calendar.sync();
      continue;
    }
    const before = calendar.entries[step.entry] ?? {};
    const over = step.what === "delete" ? Object.values(before) : [before[step.field] ?? ""];
    await calendar.edit(step.entry, step.what === "delete" ? null : { [step.field]: step.text });
    host.log("edit", { entry: step.entry, text: step.what === "delete" ? "" : step.text, over: over.join(" or ") });
  }
}

/** Meets the server until all is said, and says what the user sees. */
async function lastMeetings(host: Host, policy: ConflictPolicy, timesMs: readonly number[]) {
  const calendar = await SyncClient.open(host, { policy });
  for (const atMs of timesMs) {
    await host.sleepUntil(atMs);
    await calendar.sync();
  }
  return calendar.entries;
}

/** The programs of a story. */
export type StoryPrograms = {
  /** The calendar's. */
  readonly server: Job<"server", void>;
  /** What the users do. */
  readonly users: readonly Job<string, void>[];
  /** What the phone, the laptop and the tablet show in the end. */
  readonly shown: readonly Job<string, Readonly<Record<string, EntryTexts>>>[];
};

/**
 * A story as a scenario. When all works again, the devices meet the server one after the other, and then once more.
 *
 * @returns a scenario whose result `shown` says what the three devices show in the end
 */
export function storyScenario(
  story: SyncStory,
  policy: ConflictPolicy,
  options: SyncServerOptions = {},
): Scenario<string, StoryPrograms> {
  return scenario({
    hosts: { server: {}, phone: {}, laptop: {}, tablet: {} },
    network: { latencyMs: 2 },
    faults: story.faults as Fault<"server" | "phone" | "laptop" | "tablet">[],
    programs: {
      server: on("server", syncServer, options).daemon(),
      users: devices.map((device) => on(device as "phone", user, policy, story.plans[device] ?? [])),
      shown: devices.map((device, i) =>
        on(device as "phone", lastMeetings, policy, [quietMs + 100 * i, quietMs + 1000 + 100 * i]).at(quietMs),
      ),
    },
    limitMs: 10_000,
  });
}

/** What came of a story. */
export interface StoryVerdict {
  /** Whether the devices show different things when all is said. */
  readonly diverged: boolean;
  /** How many edits users made. */
  readonly edits: number;
  /** How many are gone, though nobody saw and changed or deleted them. */
  readonly editsLost: number;
  /** How many puts the server did not take. */
  readonly conflicts: number;
}

/** Says what came of a story, from what the users did and what their devices show in the end. */
export function judgeStory(
  rows: readonly TraceRow[],
  shown: readonly Readonly<Record<string, EntryTexts>>[],
): StoryVerdict {
  const logs = rows.filter((row): row is LogRow => row.kind === "log");
  const edits = logs.filter(({ event }) => event === "edit").map(({ fields: { text, over } }) => ({ text, over }));
  const overwritten = new Set(edits.flatMap(({ over }) => String(over).split(" or ")));
  const seen = shown.map(
    (entries) =>
      new Set(Object.values(entries).flatMap((entry) => Object.values(entry).flatMap((text) => text.split(" or ")))),
  );
  const lost = edits.filter(
    ({ text }) => text !== "" && !overwritten.has(String(text)) && !seen.some((texts) => texts.has(String(text))),
  );
  return {
    diverged: new Set(shown.map((entries) => JSON.stringify(sorted(entries)))).size > 1,
    edits: edits.filter(({ text }) => text !== "").length,
    editsLost: lost.length,
    conflicts: logs.filter(({ event }) => event === "conflict").length,
  };
}

/** The texts of an entry, by field. */
export type EntryTexts = Readonly<Record<string, string>>;

const sorted = (entries: Readonly<Record<string, EntryTexts>>): unknown =>
  Object.entries(entries).map(([id, entry]) => [id, Object.entries(entry).sort()]);
