import type { MergeRule, WriteContext } from "kernel-lib";
import type { AnswersFrom } from "../wrong-answers.js";

interface Version {
  readonly value: string | undefined;
  readonly counter: number;
  readonly by: string;
  readonly clockMs: number;
}

const counted = (
  before: Version | undefined,
  value: string | undefined,
  { device, clockMs }: WriteContext,
): Version => ({
  value,
  counter: (before?.counter ?? 0) + 1,
  by: device,
  clockMs,
});
const later = (a: Version, b: Version): boolean => a.counter > b.counter || (a.counter === b.counter && a.by > b.by);
const rule = (change: Partial<MergeRule<Version>>): MergeRule<Version> => ({
  name: "tried",
  write: counted,
  merge: (mine, theirs) => (later(theirs, mine) ? theirs : mine),
  ...change,
});

type Both = readonly { readonly value: string | undefined; readonly past: readonly string[]; readonly id: string }[];
/** Keeps the whole past of each value: who wrote, and for the how-manieth time. */
const pasts: MergeRule<Both> = {
  name: "whole pasts",
  write: (before = [], value, { device }) => {
    const past = [...new Set(before.flatMap((each) => [...each.past, each.id]))].sort();
    const id = `${device} ${past.filter((each) => each.startsWith(device)).length}`;
    return [{ value, past, id }];
  },
  merge: (mine, theirs) => {
    const all = [...mine, ...theirs.filter(({ id }) => mine.every((own) => own.id !== id))];
    const last = all.filter(({ id }) => all.every(({ past }) => !past.includes(id)));
    return last.sort((a, b) => (a.id < b.id ? -1 : 1));
  },
  values: (both) => both.flatMap(({ value }) => value ?? []),
};

const answers: AnswersFrom = () => ({
  mistakes: {
    "gives a promise": { name: "tried", write: counted, merge: async (mine: Version) => mine },
    "merge gives nothing": rule({
      merge: (mine, theirs) => (later(theirs, mine) ? theirs : (undefined as never)),
    }),
    "counts with NaN": rule({
      write: (before, value, context) => ({
        ...counted(before, value, context),
        counter: before ? ((before as { count?: number }).count ?? Number.NaN) : 1,
      }),
    }),
    "shows what is deleted": rule({ write: (before, value, context) => counted(before, value ?? "", context) }),
    "remembers outside its versions": (() => {
      let writes = 0;
      return rule({
        write: (_before, value, context) => ({ ...counted(undefined, value, context), counter: ++writes }),
      });
    })(),
    "compares numbers as text": rule({
      merge: (mine, theirs) => (`${theirs.counter} ${theirs.by}` > `${mine.counter} ${mine.by}` ? theirs : mine),
    }),
    "forgets what it deletes": rule({
      write: (before, value, context) => (value === undefined ? undefined : counted(before, value, context)),
    }),
    "takes whatever comes": rule({ merge: (_mine, theirs) => theirs }),
    "keeps its own": rule({ merge: (mine) => mine }),
    "makes up a value": rule({
      merge: (mine, theirs) => {
        if (mine.counter !== theirs.counter || mine.value === theirs.value) return later(theirs, mine) ? theirs : mine;
        return { ...mine, by: "both", value: [mine.value, theirs.value].sort().join(" or ") };
      },
    }),
    "lets deletions win for ever": rule({
      merge: (mine, theirs) => {
        if (mine.value === undefined) return mine;
        return theirs.value === undefined || later(theirs, mine) ? theirs : mine;
      },
    }),
    "trusts the clocks": rule({
      merge: (mine, theirs) =>
        theirs.clockMs > mine.clockMs || (theirs.clockMs === mine.clockMs && theirs.by > mine.by) ? theirs : mine,
    }),
    "compares the values": rule({
      merge: (mine, theirs) => ((theirs.value ?? "") > (mine.value ?? "") ? theirs : mine),
    }),
    "does not count on from what it saw": rule({
      write: (_before, value, context) => counted(undefined, value, context),
    }),
    "does not break ties": rule({ merge: (mine, theirs) => (theirs.counter > mine.counter ? theirs : mine) }),
  },
  wrong: {
    "mixes the count with the clock": rule({
      write: (before, value, { device, clockMs }) => {
        const count = Math.floor((before?.counter ?? 0) / 1e9) + 1;
        return { value, counter: count * 1e9, by: device, clockMs: 100 * count + clockMs };
      },
      merge: (mine, theirs) =>
        theirs.clockMs > mine.clockMs || (theirs.clockMs === mine.clockMs && theirs.by > mine.by) ? theirs : mine,
    }),
    "shows null where it was deleted": rule({
      write: (before, value, context) => counted(before, value ?? (null as never), context),
    }),
    "throws when an entry is deleted": rule({
      write: (before, value, context) => {
        if (value === undefined) throw new Error("nothing to write");
        return counted(before, value, context);
      },
    }),
    "changes the other version in place": rule({
      merge: (mine, theirs) => Object.assign(mine, later(theirs, mine) ? theirs : mine),
    }),
    "counts on, and lets the first of two equal ones stay": rule({
      merge: (mine, theirs) => (theirs.counter >= mine.counter ? theirs : mine),
    }),
  },
  right: {
    "an object of a class": new (class Counting implements MergeRule<Version> {
      readonly name = "tried";
      write(before: Version | undefined, value: string | undefined, context: WriteContext): Version {
        return counted(before, value, context);
      }
      merge(mine: Version, theirs: Version): Version {
        return this.wins(theirs, mine) ? theirs : mine;
      }
      wins(a: Version, b: Version): boolean {
        return later(a, b);
      }
    })(),
    "a hybrid of clock and counter": rule({
      write: (before, value, { device, clockMs }) => ({
        value,
        counter: Math.max(clockMs, (before?.counter ?? 0) + 1),
        by: device,
        clockMs,
      }),
    }),
    "the whole past of each value, and conflicts are shown": pasts,
    "a Lamport clock, the alphabetically first of two equal ones": rule({
      merge: (mine, theirs) =>
        theirs.counter > mine.counter || (theirs.counter === mine.counter && theirs.by < mine.by) ? theirs : mine,
    }),
  },
});
export default answers;
