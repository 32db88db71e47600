import fc from "fast-check";
import { ParameterError, randomStream, Scheduler } from "kernel-lib";
import { test } from "uvu";
import * as assert from "uvu/assert";

/** Trivially right: a sorted array. */
class Reference {
  nowMs = 0;
  readonly events: { timeMs: number; label: number }[] = [];
  at(timeMs: number, label: number): void {
    let place = this.events.length;
    while (place > 0 && (this.events[place - 1]?.timeMs ?? 0) > timeMs) place--;
    this.events.splice(place, 0, { timeMs, label });
  }
  cancel(label: number): boolean {
    const place = this.events.findIndex((event) => event.label === label);
    if (place >= 0) this.events.splice(place, 1);
    return place >= 0;
  }
  step(): number | undefined {
    const first = this.events.shift();
    if (first) this.nowMs = first.timeMs;
    return first?.label;
  }
}

/** Delays of every kind that an event list may meet, ties most of all. */
const delayMs = fc.oneof(
  fc.constantFrom(0, 0, 1, 1, 2, 1e-9, 1e12, 5e-324),
  fc.integer({ min: 0, max: 20 }),
  fc.double({ min: 0, max: 1, noNaN: true }),
  fc.double({ min: -9, max: 12, noNaN: true }).map((power) => 10 ** power),
  fc.double({ min: 0, max: 1e300, noNaN: true }),
);
const action = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("after" as const), delayMs }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("many" as const),
      count: fc.integer({ min: 2, max: 90 }),
      delayMs,
      tied: fc.boolean(),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("step" as const), count: fc.integer({ min: 1, max: 60 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("cancel" as const), which: fc.nat() }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("cancelMost" as const), keep: fc.integer({ min: 1, max: 9 }) }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: "peek" as const }) },
);

test("any mixture of scheduling, stepping and cancelling runs the same events in the same order as a sorted array", () => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 120 }), (actions) => {
      const scheduler = new Scheduler();
      const reference = new Reference();
      const ids: number[] = [];
      const ran: number[] = [];
      const expected: number[] = [];
      const schedule = (delay: number): void => {
        const timeMs = scheduler.nowMs + delay;
        if (!Number.isFinite(timeMs)) return;
        const label = ids.length;
        ids.push(scheduler.at(timeMs, (ranLabel: number) => ran.push(ranLabel), label));
        reference.at(timeMs, label);
      };
      const cancel = (label: number): void => {
        assert.is(scheduler.cancel(ids[label] as number), reference.cancel(label));
      };
      for (const a of actions) {
        if (a.kind === "after") schedule(a.delayMs);
        else if (a.kind === "many")
          for (let i = 0; i < a.count; i++) schedule(a.tied ? a.delayMs : a.delayMs * (1 + ((i * 7) % 13)));
        else if (a.kind === "cancel" && ids.length > 0) cancel(a.which % ids.length);
        else if (a.kind === "cancelMost")
          for (let label = 0; label < ids.length; label++) label % a.keep === 0 || cancel(label);
        else if (a.kind === "peek") assert.is(scheduler.nextTimeMs, reference.events[0]?.timeMs ?? Infinity);
        else if (a.kind === "step") {
          for (let i = 0; i < a.count; i++) {
            const label = reference.step();
            if (label !== undefined) expected.push(label);
            assert.is(scheduler.step(), label !== undefined);
            assert.is(scheduler.nowMs, reference.nowMs);
          }
        }
        assert.is(scheduler.size, reference.events.length);
      }
      scheduler.run();
      for (let label = reference.step(); label !== undefined; label = reference.step()) expected.push(label);
      assert.equal(ran, expected);
    }),
    { numRuns: 1000, seed: 1 },
  );
});

/** How the time of the next event follows from now, the event's number, and chance; each one is hostile to some list. */
const hostile: Record<string, (i: number, random: () => number, nowMs: number) => number> = {
  "all times are equal": () => 7,
  "two instants take turns": (i) => (i % 2) * 10,
  "times lie on whole milliseconds": (_, random) => Math.floor(random() * 50),
  "times lie over 12 orders of magnitude": (_, random) => 10 ** (12 * random()),
  "one event in a thousand lies far in the future": (_, random) => (random() < 0.001 ? 1e15 * random() : random()),
  "times shrink by halves down to the smallest number": (i) => 2 ** -(i % 1074),
  "times lie a rounding error apart": (i, _, nowMs) => (nowMs + 1) * (i % 5) * Number.EPSILON,
  "every event comes before all others": (i) => 1e6 - i,
};
for (const [what, delay] of Object.entries(hostile)) {
  test(`20,000 events run in time order, ties as scheduled, with cancels and a shrinking list, when ${what}`, () => {
    const scheduler = new Scheduler();
    const random = randomStream(1, what);
    let scheduled = 0;
    let cancelled = 0;
    let ran = 0;
    let lastMs = 0;
    let lastLabel = -1;
    const dueMs: number[] = [];
    const run = (label: number): void => {
      ran++;
      assert.is(scheduler.nowMs, dueMs[label]);
      assert.ok(scheduler.nowMs > lastMs || label > lastLabel, `${label} ran after ${lastLabel} at ${lastMs}`);
      lastMs = scheduler.nowMs;
      lastLabel = label;
      if (random() < 0.7 && scheduled < 40_000) schedule();
    };
    const schedule = (): number => {
      const label = scheduled++;
      const timeMs = Math.max(scheduler.nowMs, scheduler.nowMs + delay(label, random, scheduler.nowMs));
      dueMs.push(timeMs);
      return scheduler.at(timeMs, run, label);
    };
    for (let i = 0; i < 20_000; i++) {
      const id = schedule();
      if (random() < 0.3 && scheduler.cancel(id)) cancelled++;
    }
    scheduler.run();
    assert.is(ran, scheduled - cancelled);
  });
}

test("events scheduled for the same time run in the order of scheduling, also when others are scheduled between", () => {
  const scheduler = new Scheduler();
  const ran: string[] = [];
  const note = (label: string): void => void ran.push(label);
  scheduler.at(5, note, "first");
  scheduler.at(7, note, "later");
  scheduler.at(5, note, "second");
  scheduler.at(1, () => scheduler.at(5, note, "third"));
  scheduler.run();
  assert.equal(ran, ["first", "second", "third", "later"]);
});

test("the id of an event that ran or was cancelled never cancels another, though its slot is used again", () => {
  const scheduler = new Scheduler();
  const stale = scheduler.at(1, () => {});
  scheduler.step();
  const cancelled = scheduler.at(2, () => {});
  assert.is(scheduler.cancel(cancelled), true);
  let ran = 0;
  for (let i = 0; i < 1000; i++) scheduler.at(3, () => ran++);
  assert.is(scheduler.cancel(stale), false);
  assert.is(scheduler.cancel(cancelled), false);
  for (const odd of [-1, 0.5, NaN, Infinity, 1e300, 2 ** 53]) assert.is(scheduler.cancel(odd), false);
  scheduler.run();
  assert.is(ran, 1000);
});

test("an event can cancel one that is due at the same instant", () => {
  const scheduler = new Scheduler();
  const ran: string[] = [];
  scheduler.at(1, () => scheduler.cancel(victim));
  const victim = scheduler.at(1, () => ran.push("victim"));
  scheduler.at(1, () => ran.push("other"));
  scheduler.run();
  assert.equal(ran, ["other"]);
});

test("run(untilMs) runs events at exactly that time, leaves later ones and sets the clock to it", () => {
  const scheduler = new Scheduler();
  const ran: number[] = [];
  for (const timeMs of [1, 2, 3]) scheduler.at(timeMs, () => ran.push(timeMs));
  assert.equal(scheduler.run({ untilMs: 2 }), { events: 2, stoppedBy: "untilMs" });
  assert.is(scheduler.nowMs, 2);
  scheduler.at(2.5, () => ran.push(2.5));
  assert.equal(scheduler.run({ untilMs: 10 }), { events: 2, stoppedBy: "empty" });
  assert.is(scheduler.nowMs, 10);
  assert.equal(ran, [1, 2, 2.5, 3]);
});

test("a run cut into steps of any length ends with the same trace as one that is not", () => {
  const trace = (cut: (scheduler: Scheduler) => void): string => {
    const scheduler = new Scheduler();
    const rows: string[] = [];
    const walk = (n: number): void => {
      rows.push(`${scheduler.nowMs} ${n}`);
      if (n < 200) scheduler.after((n * 7919) % 11, walk, n + 1);
    };
    for (let i = 0; i < 5; i++) scheduler.at(i, walk, i * 10);
    cut(scheduler);
    return rows.join("\n");
  };
  const whole = trace((scheduler) => scheduler.run());
  const steps = (ms: number) => (scheduler: Scheduler) => {
    for (let t = ms; scheduler.size > 0; t += ms) scheduler.run({ untilMs: t });
  };
  assert.is(trace(steps(0.7)), whole);
  assert.is(trace(steps(13)), whole);
  assert.is(
    trace((scheduler) => {
      while (scheduler.run({ maxEvents: 3 }).events > 0);
    }),
    whole,
  );
});

test("maxEvents and stop() end a run, which can then go on", () => {
  const scheduler = new Scheduler();
  let ran = 0;
  for (let i = 0; i < 5; i++) scheduler.at(i, () => ++ran === 4 && scheduler.stop());
  assert.equal(scheduler.run({ maxEvents: 2 }), { events: 2, stoppedBy: "maxEvents" });
  assert.equal(scheduler.run(), { events: 2, stoppedBy: "stop" });
  assert.equal(scheduler.run(), { events: 1, stoppedBy: "empty" });
});

test("an error in a callback comes out of run, and the events after it still run", () => {
  const scheduler = new Scheduler();
  let ran = false;
  scheduler.at(1, () => {
    throw new Error("from the model");
  });
  scheduler.at(2, () => {
    ran = true;
  });
  assert.throws(() => scheduler.run(), /from the model/);
  assert.is(scheduler.nowMs, 1);
  scheduler.run();
  assert.is(ran, true);
});

test("a time that is past, NaN, infinite or no number, a negative delay and a callback that is none are ParameterErrors", () => {
  const scheduler = new Scheduler();
  scheduler.at(5, () => {});
  scheduler.run();
  const refused = (call: () => unknown, message: string): void => {
    assert.throws(call, (error: Error) => error instanceof ParameterError && error.message === message);
  };
  const none = (): void => {};
  refused(() => scheduler.at(4, none), "Scheduler.at: timeMs must be a finite number of at least 5 (now), got 4");
  refused(() => scheduler.at(NaN, none), "Scheduler.at: timeMs must be a finite number of at least 5 (now), got NaN");
  refused(
    () => scheduler.at(Infinity, none),
    "Scheduler.at: timeMs must be a finite number of at least 5 (now), got Infinity",
  );
  refused(() => scheduler.after(-1, none), "Scheduler.after: delayMs must be a finite number of at least 0, got -1");
  refused(() => scheduler.at(6, 7 as never), "Scheduler.at: callback must be a function, got 7");
  refused(() => scheduler.run({ untilMs: 1 }), "Scheduler.run: untilMs must be a number of at least 5 (now), got 1");
  refused(
    () => scheduler.run({ maxEvents: -1 }),
    "Scheduler.run: maxEvents must be a whole number of at least 0, got -1",
  );
  refused(
    () => scheduler.at(6n as never, none),
    "Scheduler.at: timeMs must be a finite number of at least 5 (now), got 6n",
  );
  refused(
    () => scheduler.at("6" as never, none),
    'Scheduler.at: timeMs must be a finite number of at least 5 (now), got "6"',
  );
  refused(
    () => scheduler.run({ untilMs: "6" as never }),
    'Scheduler.run: untilMs must be a number of at least 5 (now), got "6"',
  );
  refused(
    () => scheduler.run(null as never),
    "Scheduler.run: options must be an object such as { untilMs: 100 }, got null",
  );
  assert.is(scheduler.size, 0);
  scheduler.at(6, () => scheduler.run());
  refused(() => scheduler.run(), "Scheduler.run: can't be called from one of its own callbacks; use at, after or stop");
  assert.is(scheduler.size, 0);
});

test.run();
