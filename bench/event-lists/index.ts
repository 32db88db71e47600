/**
 * Why the Scheduler keeps its events in a ladder queue: the same hold model on three event lists, for friendly and hostile
 * times. `tsx bench/event-lists/index.ts [pending …]` prints median nanoseconds of CPU time an event; a cell that takes more
 * than 20 s says so.
 */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { EventList } from "kernel-lib/simulation/event-list";
import { EventRecords } from "kernel-lib/simulation/event-records";
import { randomStream } from "kernel-lib/simulation/index";
import { CalendarQueue } from "./calendar-queue.js";
import { FourAryHeap } from "./four-ary-heap.js";

interface List {
  schedule(timeMs: number): void;
  /** Takes the first event off and says when it was due. */
  takeFirstMs(): number;
}

const callback = (): void => undefined;

/** A list that keeps slots of records; the ladder keeps its records itself. */
function listOfSlots(make: (records: EventRecords) => FourAryHeap | CalendarQueue): List {
  const records = new EventRecords();
  const slots = make(records);
  return {
    schedule: (timeMs) => {
      const slot = records.take(callback, undefined);
      records.times[2 * slot] = timeMs;
      slots.insert(slot, timeMs);
    },
    takeFirstMs: () => {
      const slot = slots.first();
      const timeMs = records.times[2 * slot] as number;
      slots.shift();
      records.clear(slot);
      records.release(slot);
      return timeMs;
    },
  };
}

function ladder(): List {
  const events = new EventList();
  return {
    schedule: (timeMs) => void events.schedule(timeMs, callback, undefined),
    takeFirstMs: () => {
      const timeMs = events.firstMs();
      const slot = events.takeFirst();
      events.clear(slot);
      events.release(slot);
      return timeMs;
    },
  };
}

const lists: Record<string, () => List> = {
  "4-ary heap": () => listOfSlots(() => new FourAryHeap()),
  "calendar queue": () => listOfSlots((records) => new CalendarQueue(records)),
  "ladder queue": ladder,
};

/** The delay of an event from now, from a uniform number and the event's number. */
const delays: Record<string, (u: number, i: number) => number> = {
  "exponential delays": (u) => -Math.log1p(-u),
  "all times equal": () => 0,
  "whole ms, 1 to 10": (u) => 1 + Math.floor(10 * u),
  "12 orders of magnitude": (u) => 10 ** (12 * u - 6),
  "1 in 1,000 far away": (u, i) => (i % 1000 === 0 ? 1e9 * u : u),
  "delays shrink a million times on the way": (u, i) => u * (i % 1e6 < 5e5 ? 1e6 : 1),
};

function run(list: string, delay: string, pending: number): void {
  const events = (lists[list] as (typeof lists)[string])();
  const next = delays[delay] as (typeof delays)[string];
  const random = randomStream(1, "delays");
  const drawn = Float64Array.from({ length: 1 << 16 }, random);
  let turn = 0;
  const put = (nowMs: number): void => events.schedule(nowMs + next(drawn[turn & 0xffff] as number, turn++));
  const hold = (count: number): void => {
    for (let i = 0; i < count; i++) put(events.takeFirstMs());
  };
  for (let i = 0; i < pending; i++) put(0);
  hold(pending);
  const count = 3_000_000;
  const start = process.cpuUsage();
  hold(count);
  const { user, system } = process.cpuUsage(start);
  console.log(String(((user + system) * 1e3) / count));
}

const [first, ...rest] = process.argv.slice(2);
if (first === "run") run(rest[0] as string, rest[1] as string, Number(rest[2]));
else {
  const sizes = process.argv.length > 2 ? process.argv.slice(2).map(Number) : [10, 10_000, 1_000_000];
  console.log(
    `| times | pending | ${Object.keys(lists).join(" | ")} |\n|---|---|${"---|".repeat(Object.keys(lists).length)}`,
  );
  for (const delay of Object.keys(delays)) {
    for (const pending of sizes) {
      const cells = Object.keys(lists).map((list) => {
        const got: number[] = [];
        for (let round = 0; round < 3; round++) {
          const args = ["--import", "tsx", fileURLToPath(import.meta.url), "run", list, delay, String(pending)];
          const { stdout, stderr, status, signal } = spawnSync(process.execPath, args, {
            encoding: "utf8",
            timeout: 20_000,
          });
          if (signal) return "over 20 s";
          if (status !== 0) throw new Error(stderr);
          got.push(Number(stdout));
        }
        return got.sort((a, b) => a - b)[1]?.toFixed(0);
      });
      console.log(`| ${delay} | ${pending.toLocaleString("en")} | ${cells.join(" | ")} |`);
    }
  }
}
