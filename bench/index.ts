/**
 * `npm run bench`: the same work done by this library and by its peers, in the same run, alternately; medians. A ratio
 * says more than a time: it hardly depends on the machine. `npm run bench -- M/M/1` runs the lines whose name holds that
 * text; `--rounds 9` takes more rounds (5 without it).
 */
import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";
import { type Limit, limits } from "./limits.js";
import { type Comparison, comparisons } from "./workloads.js";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: "string", default: "5" } },
});
const rounds = Number(values.rounds);
if (!Number.isInteger(rounds) || rounds < 1)
  throw new Error(`bench: --rounds must be a whole number of at least 1, got ${values.rounds}`);
const asked = (workload: string): boolean =>
  positionals.length === 0 || positionals.some((text) => workload.includes(text));

const median = (numbers: readonly number[]): number => {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
};

/** Nanoseconds for one unit of the work that a command does. */
function nanoseconds(command: readonly string[], wanted: number | undefined): number {
  const [program = "", ...rest] = command;
  const { status, stdout, stderr, error } = spawnSync(program, rest, { encoding: "utf8" });
  if (status !== 0) throw new Error(`bench: ${command.join(" ")} failed: ${error ?? stderr}`);
  const [seconds = NaN, units = NaN, result = NaN] = stdout.trim().split(" ").map(Number);
  if (wanted !== undefined && !(Math.abs(result / wanted - 1) < 0.15)) {
    throw new Error(`bench: ${command.join(" ")} gave ${result}, and theory says ${wanted}: it did other work`);
  }
  return (seconds / units) * 1e9;
}

const time = (ns: number): string => (ns < 10_000 ? `${ns.toFixed(0)} ns` : `${(ns / 1000).toFixed(1)} µs`);

function compare(c: Comparison): string[] {
  if ("missing" in c.theirs)
    return [
      c.workload,
      time(median([nanoseconds(c.ours, c.result)])),
      c.theirs.missing,
      "–",
      `≥ ${c.aim}`,
      "not measured",
    ];
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let round = 0; round < rounds; round++) {
    ours.push(nanoseconds(c.ours, c.result));
    theirs.push(nanoseconds([...c.theirs.command, ...c.arguments], c.result));
  }
  const ratio = median(theirs) / median(ours);
  const shown = ratio >= 10 ? ratio.toFixed(0) : ratio >= 0.1 ? ratio.toFixed(2) : ratio.toPrecision(2);
  return [
    `${c.workload} (a ${c.unit})`,
    time(median(ours)),
    `${c.peer} ${time(median(theirs))}`,
    `${shown}×`,
    `≥ ${Number(c.aim.toPrecision(2))}×`,
    ratio >= c.aim ? "yes" : "no",
  ];
}

function measure(limit: Limit): string[] {
  const got = median(Array.from({ length: rounds }, () => limit.measure()));
  const met = got <= limit.aim ? "yes" : "no";
  return [limit.workload, `${got.toFixed(1)} ${limit.unit}`, "–", "–", `≤ ${limit.aim} ${limit.unit}`, met];
}

// A line is printed when it is there, so the widths are those that cells have in practice; only the first is known.
const head = ["workload", "ours", "peer", "ratio", "aim", "met"];
const compared = comparisons().filter(({ workload }) => asked(workload));
const limited = limits.filter(({ workload }) => asked(workload));
const names = [
  ...compared.map(({ workload, unit }) => `${workload} (a ${unit})`),
  ...limited.map(({ workload }) => workload),
];
const widths = [Math.max(...names.map((name) => name.length), 8), 13, 20, 6, 10, 3];
const print = (row: readonly string[]): void =>
  console.log(`| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`);

const add = (name: string, row: () => string[]): void => {
  // On a terminal the name of what is being measured stands where its line will.
  if (process.stdout.isTTY) process.stdout.write(`${name} …`);
  const line = (): string[] => {
    try {
      return row();
    } catch (error) {
      process.exitCode = 1;
      process.stderr.write(`\n${(error as Error).message}\n`);
      return [name, "failed", "–", "–", "–", "no"];
    }
  };
  const cells = line();
  if (process.stdout.isTTY) process.stdout.write("\r\u001b[K");
  print(cells);
};
print(head);
console.log(`|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`);
for (const c of compared) add(`${c.workload}, against ${c.peer}`, () => compare(c));
for (const limit of limited) add(limit.workload, () => measure(limit));
