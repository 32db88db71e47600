import fc from "fast-check";
import { Simulation, simulate, type TraceRow } from "kernel-lib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { violations } from "./invariants.js";
import { randomScenario } from "./random-programs.js";

const test = suite("random scenarios");

const numRuns = process.env.SOAK ? 10_000 : 200;
const seed = Number(process.env.SOAK_SEED ?? 1);

/** What is counted of a row. */
function nameOf(row: TraceRow): string {
  if (row.kind === "log") return `log ${row.event}`;
  if (row.kind !== "datagram") return row.kind;
  if (row.what === "lost") return `datagram lost: ${row.reason}`;
  return row.copy === 2 ? `duplicate ${row.what}` : `datagram ${row.what}`;
}

test(`${numRuns} random scenarios end without an error of ours, keep the invariants, and are equal when replayed in steps`, async () => {
  const kinds = new Map<string, number>();
  const property = fc.asyncProperty(randomScenario, async ({ plan, seed: own, stepMs }) => {
    const run = await simulate(plan, { seed: own });
    const count = (kind: string): void => void kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    for (const row of run.rows) count(nameOf(row));
    count(run.reachedLimit ? "ran to the limit" : "ended by itself");
    const wrong = violations(plan, run);
    if (wrong.length > 0) throw new Error(wrong.join("; "));
    const replay = new Simulation(plan, { seed: own });
    for (let untilMs = 0; !replay.isOver; untilMs += stepMs) await replay.advance(untilMs);
    if (JSON.stringify(replay.run().rows) !== JSON.stringify(run.rows)) throw new Error("the replay differs");
  });
  const found = await fc.check(property, { numRuns, seed });
  const [example] = found.counterexample ?? [];
  const { programs, ...rest } = example?.plan ?? {};
  const programsInShort = Object.values(programs ?? {})
    .flat()
    .map(({ host, args, startMs }) => ({ host, startMs, args }));
  const plan = JSON.stringify({ ...rest, programs: programsInShort, seed: example?.seed, stepMs: example?.stepMs });
  assert.not.ok(found.failed, `SOAK_SEED=${seed}: ${found.errorInstance}\n${plan}`);
  // The claim would be empty if programs did little.
  const fewer = (least: number, all: string[]) => all.filter((kind) => (kinds.get(kind) ?? 0) < least);
  const few = [
    ...fewer(numRuns, ["start", "wait", "send", "receive", "compute", "disk", "fault", "log owns"]),
    ...fewer(numRuns / 10, ["urgent", "log ended", "log ConnectionReset", "log Cancelled", "log kills"]),
    ...fewer(numRuns, ["datagram sent", "datagram received"]),
    ...fewer(
      numRuns / 10,
      ["loss", "inbox", "closed port", "cut", "down"].map((why) => `datagram lost: ${why}`),
    ),
    ...fewer(numRuns / 10, ["duplicate received"]),
    ...fewer(numRuns / 10, ["ran to the limit", "ended by itself"]),
  ];
  assert.equal(few, [], JSON.stringify(Object.fromEntries(kinds)));
});

test.run();
