import path from "node:path";
import { buildArguments, inRoot } from "../setup/paths.mjs";
import { add, nothing, type Outcome } from "./outcome.js";
import { check, clearClone, clearTemporary, type Job, rooms, suite, testFiles } from "./stages.js";

/** Rooms whose tests watch the clock or a whole machine: they run alone, in this order, each with its limit per file. */
const alone: Readonly<Record<string, number>> = {
  live: 600,
  setup: 900,
  kernel: 900,
  notebooks: 1800,
  browser: 900,
  engines: 300,
};

const line = (stage: string, durationMs: number, note: string) =>
  console.log(`${stage.padEnd(16)}${(durationMs / 1000).toFixed(1).padStart(6)} s  ${note}`);

const unitJobs = (limitS: number, extra?: Record<string, string>): Job[] =>
  [".", ...rooms().filter((room) => !(room in alone))]
    .flatMap(testFiles)
    .map((file) => suite("unit", file, limitS, extra));

const roomJobs = (room: string, limitS: number, extra?: Record<string, string>): Job[] =>
  (rooms().includes(room) ? testFiles(room) : []).map((file) => suite(room, file, limitS, extra));

// A room without a test is a failure: an empty stage would look like one that passed.
const orMissing = (room: string, jobs: readonly Job[]): readonly Job[] =>
  jobs.length > 0
    ? jobs
    : [{ stage: room, run: async () => ({ ...nothing, failed: 1, details: `${room}: test/ has no such test` }) }];

const node_modules = (file: string) => inRoot("node_modules", file);

/** The files of all rooms whose path holds one of the texts, each as its own stage. */
function chosenJobs(texts: readonly string[], extra: Record<string, string>): Job[] {
  const all = [".", ...rooms()].flatMap((room) => testFiles(room).map((file) => ({ room, file })));
  return all
    .filter(({ file }) => texts.some((text) => file.split(path.sep).join("/").includes(text)))
    .map(({ room, file }) => suite(file, file, extra.SOAK ? 7200 : (alone[room] ?? 300), extra));
}

/**
 * Runs every stage, a failed one too, and prints a line for each; the last line is `N passed, N failed`. With arguments that
 * are no options, builds and runs only the test files whose path holds one of them.
 *
 * @returns whether all passed. In CI a skipped test is a failure.
 */
export async function main(args: readonly string[], setUpMs: number): Promise<boolean> {
  const startedMs = performance.now() - setUpMs;
  const quick = args.includes("--quick");
  let sum: Outcome = { ...nothing, passed: 1 }; // the set-up
  line("set-up", setUpMs, "passed");
  const runAll = async (jobs: readonly Job[], atOnce: number) => {
    sum = add(sum, await runJobs(jobs, atOnce));
  };

  await runAll([check("build", buildArguments)], 1);
  const texts = args.filter((arg) => !arg.startsWith("-"));
  if (texts.length > 0) {
    const extra: Record<string, string> = args.includes("--soak") ? { SOAK: "1" } : quick ? { QUICK: "1" } : {};
    await runAll(orMissing(texts.join(", "), chosenJobs(texts, extra)), 1);
  } else if (args.includes("--soak")) {
    const extra = { SOAK: "1" };
    await runAll(unitJobs(7200, extra), 2);
    await runAll(roomJobs("live", 7200, extra), 1);
  } else {
    const checks = [
      check("type-check", [node_modules("typescript/lib/tsc.js"), "-p", "tsconfig.json", "--pretty", "false"]),
      check("lint", [node_modules("@biomejs/biome/bin/biome"), "check", "--error-on-warnings", "."]),
      ...(quick ? [] : [check("API pages", [node_modules("typedoc/bin/typedoc")])]),
    ];
    await runAll([...checks, ...unitJobs(300, quick ? { QUICK: "1" } : {})], 2);
    if (!quick)
      for (const [room, limitS] of Object.entries(alone)) await runAll(orMissing(room, roomJobs(room, limitS)), 1);
  }
  clearTemporary();
  if (!quick && sum.failed === 0) clearClone(); // one that failed is kept to be looked at

  line("in all", performance.now() - startedMs, "");
  const { passed, failed, skipped } = sum;
  const forbidden = process.env.CI ? skipped : 0;
  if (skipped > 0) console.log(`${skipped} skipped${forbidden > 0 ? ", which counts as failed here" : ""}`);
  console.log(`\n${passed} passed, ${failed + forbidden} failed`);
  return failed + forbidden === 0;
}

// Starts jobs in order, so many at once; a stage's line comes with its last job, then what failed in it.
async function runJobs(jobs: readonly Job[], atOnce: number): Promise<Outcome> {
  const waiting = [...jobs];
  const stages = new Map<string, { left: number; startedMs: number; outcome: Outcome }>();
  for (const { stage } of jobs) {
    const known = stages.get(stage) ?? { left: 0, startedMs: 0, outcome: nothing };
    stages.set(stage, { ...known, left: known.left + 1 });
  }
  const worker = async () => {
    for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) {
      const stage = stages.get(job.stage);
      if (stage === undefined) continue;
      stage.startedMs ||= performance.now();
      const outcome = await job.run().catch((error: unknown) => ({ ...nothing, failed: 1, details: String(error) }));
      stage.outcome = add(stage.outcome, outcome);
      stage.left -= 1;
      if (stage.left === 0) tellStage(job.stage, performance.now() - stage.startedMs, stage.outcome);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return [...stages.values()].map(({ outcome }) => outcome).reduce(add, nothing);
}

function tellStage(name: string, durationMs: number, { passed, failed, skipped, details }: Outcome): void {
  const counts = [
    `${passed} passed`,
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(skipped > 0 ? [`${skipped} skipped`] : []),
  ];
  line(name, durationMs, counts.join(", "));
  if (details !== "") console.log(`${details.replace(/^/gm, "    ")}\n`);
}
