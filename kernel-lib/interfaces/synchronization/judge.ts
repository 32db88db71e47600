import { type DeviceHistory, followHistory, type Shown } from "./device-history.js";

/** What went wrong in a history, each in a sentence; undefined where it did not. */
export interface HistoryVerdict {
  /** Two devices show different things when all is said. */
  readonly diverged?: string;
  /** A write is gone, and an older one that its writer had seen is shown, or nothing where nobody deleted what was written last. */
  readonly laterWriteLost?: string;
  /** A value is shown that somebody had seen and deleted. */
  readonly deletedBack?: string;
  /** A value that nobody had seen when writing or deleting is shown nowhere. */
  readonly unseenEditLost?: string;
}

interface Write {
  readonly id: number;
  readonly device: string;
  readonly entry: string;
  readonly value: string | undefined;
  /** The writes of this entry that the writer had heard of. */
  readonly saw: ReadonlySet<number>;
}

/** Says what went wrong, from what each device shows in the end. */
export type HistoryJudge = (shown: Shown) => HistoryVerdict;

/**
 * The judge of a history. It knows nothing of rules, clocks and versions: only who had heard of which write when writing.
 */
export function judgeOf(history: DeviceHistory): HistoryJudge {
  const writes = writesOf(history);
  const entries = [...new Set(writes.map(({ entry }) => entry))].reverse();
  const byEntry = entries.map((entry) => [entry, writes.filter((each) => each.entry === entry)] as const);
  return (shown) => Object.assign({}, ...byEntry.map(([entry, own]) => judgeEntry(own, entry, shown)));
}

/** All writes of a history, each with those that its writer had heard of. */
function writesOf(history: DeviceHistory): Write[] {
  const writes: Write[] = [];
  const heard = new Map(history.devices.map(({ name }) => [name, new Set<number>()]));
  followHistory(history, {
    write: ({ device, entry }, value) => {
      const own = heard.get(device) as Set<number>;
      const id = writes.length;
      writes.push({ id, device, entry, value, saw: new Set([...own].filter((each) => writes[each]?.entry === entry)) });
      own.add(id);
    },
    send: (device) => [...(heard.get(device) as Set<number>)],
    arrive: (device, sent) => {
      for (const id of sent) heard.get(device)?.add(id);
    },
  });
  return writes;
}

function judgeEntry(writes: readonly Write[], entry: string, shown: Shown): HistoryVerdict {
  const verdict: { -readonly [K in keyof HistoryVerdict]: HistoryVerdict[K] } = {};
  const devices = Object.keys(shown);
  const seenAt = (device: string): readonly string[] => shown[device]?.[entry] ?? [];
  const words = (device: string): string => `${device} shows ${seenAt(device).join(" and ") || "nothing"}`;
  const [first = "", ...others] = devices;
  const other = others.find((device) => seenAt(device).join("\n") !== seenAt(first).join("\n"));
  if (other !== undefined) verdict.diverged = `${entry}: ${words(first)}, and ${words(other)}`;
  const followers = (write: Write): Write[] => writes.filter(({ saw }) => saw.has(write.id));
  const last = writes.filter((write) => followers(write).length === 0);
  for (const device of devices) {
    for (const write of writes.filter(({ value }) => value !== undefined && seenAt(device).includes(value))) {
      const later = followers(write);
      const edit = later.find(({ value }) => value !== undefined);
      const deletion = later.find(({ value }) => value === undefined);
      if (edit)
        verdict.laterWriteLost ??= `${entry}: ${words(device)}, but ${edit.device} saw that and wrote ${edit.value}`;
      if (deletion)
        verdict.deletedBack ??= `${entry}: ${words(device)}, but ${deletion.device} saw that and deleted it`;
    }
    const [edit] = last;
    if (seenAt(device).length === 0 && edit && last.every(({ value }) => value !== undefined))
      verdict.laterWriteLost ??= `${entry}: ${words(device)}, but ${edit.device} wrote ${edit.value}, and nobody deleted that`;
  }
  const lost = last.find(
    ({ value }) => value !== undefined && !devices.some((device) => seenAt(device).includes(value)),
  );
  if (lost)
    verdict.unseenEditLost = `${entry}: ${lost.value}, which ${lost.device} wrote and nobody had seen, is shown nowhere`;
  return verdict;
}
