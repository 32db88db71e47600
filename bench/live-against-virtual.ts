/**
 * `npx tsx bench/live-against-virtual.ts`: live runs against the virtual runs of the same draws, request by request, over a
 * grid of loads, cores and organisations. Prints the table and writes it to docs/live-against-virtual.md; with `--dry` it
 * only prints. About two minutes; it wants a machine that does nothing else.
 */
import { writeFileSync } from "node:fs";
import { loadavg } from "node:os";
import { parseArgs } from "node:util";
import { type LiveRun, type MachineInfo, measureMachine, runLive } from "kernel-lib";
import { type Cell, type Difference, differenceOf, type PairedPrograms, pairedScenario } from "./paired-runs.js";

const { values } = parseArgs({
  options: {
    dry: { type: "boolean", default: false },
    seed: { type: "string", default: "1" },
    requests: { type: "string", default: "200" },
  },
});
const seed = Number(values.seed);
const requests = Number(values.requests);
const meanServiceMs = 20;
const maxRealMs = 40_000;
/** What a core that is not quite whole may lack: other programs take a little of any machine. */
const shareOfOthers = 0.2;

const [othersLoad = 0] = loadavg();
if (othersLoad > 0.5)
  process.stderr.write(`this machine is busy (load average ${othersLoad.toFixed(1)}): the excess will be too large\n`);
const machine = await measureMachine();
const cells: Cell[] = [];
for (const cores of [1, 2])
  for (const organisation of ["iterative", "concurrent"] as const)
    for (const load of [0.3, 0.5, 0.7]) cells.push({ organisation, cores, load, requests, meanServiceMs });

const head = [
  "cores",
  "server",
  "load",
  "world",
  "mean",
  "median",
  "95 %",
  "excess",
  "correlation",
  "same order",
  "busy",
];
const lines: string[][] = [head, head.map(() => "---")];
const scales = new Set<string>();
for (const cell of cells) {
  const name = [String(cell.cores), cell.organisation, String(cell.load)];
  if (machine.effectiveCores < coresFor(cell) - shareOfOthers) {
    lines.push([...name, "not measured", ...head.slice(4).map(() => "")]);
    continue;
  }
  process.stderr.write(`${name.join(" ")} …\n`);
  const run: LiveRun<PairedPrograms> = await runLive(pairedScenario(cell, seed), { seed, maxRealMs });
  scales.add(run.timeScale.toFixed(2));
  lines.push(...linesOf(name, differenceOf(run, run.predicted, cell.cores)));
}
const table = lines.map((cellsOfLine) => `| ${cellsOfLine.join(" | ")} |`).join("\n");
console.log(table);
if (!values.dry) writeFileSync(new URL("../docs/live-against-virtual.md", import.meta.url), page(table, machine));

/** Cores that a cell keeps busy at once, and one for Node's own thread, without which no core is told what to do next. */
function coresFor({ organisation, cores }: Cell): number {
  return (organisation === "iterative" ? 1 : cores) + 1;
}

function linesOf(name: readonly string[], difference: Difference): string[][] {
  const { virtual, live, meanExcessMs, medianExcessMs, meanExcessPercent, sameOrder } = difference;
  const times = ({ meanMs, medianMs, p95Ms }: typeof live): string[] =>
    [meanMs, medianMs, p95Ms].map((ms) => ms.toFixed(1));
  const excess = `${meanExcessMs.toFixed(1)} (${meanExcessPercent.toFixed(1)} %), median ${medianExcessMs.toFixed(1)}`;
  const agreement = [
    difference.correlation.toFixed(3),
    `${(100 * sameOrder).toFixed(1)} %`,
    difference.busyPerWork.toFixed(2),
  ];
  return [
    [...name, "virtual", ...times(virtual), "", "", "", ""],
    ["", "", "", "live", ...times(live), excess, ...agreement],
  ];
}

function page(rows: string, { cpu, logicalCores, effectiveCores, platform, node }: MachineInfo): string {
  return `# Live against virtual

Made by \`npx tsx bench/live-against-virtual.ts\`; do not edit.

Each line compares a live run with the virtual run of the same draws, request by request: ${requests} open-loop requests, Poisson
arrivals, exponential service of ${meanServiceMs} ms on average, one connection a request, 1 ms of latency each way, seed ${seed}. Both worlds
draw the requests from the same named streams, so a difference is the live run's, not chance's.

- **load**: offered work as a part of what the server can use: one core if it is iterative, else all.
- **mean, median, 95 %**: response times in ms of the scenario, from the planned arrival to the answer.
- **excess**: live minus virtual, mean over the requests (and as a part of the virtual mean), and median.
- **correlation**: Pearson's, of the response times. **same order**: of the requests that follow each other in the order of answers of the
  virtual run, how many do so live.
- **busy**: how long the live cores were busy over the CPU time asked of them. Above 1, other programs took the cores, or turns cost time.

Real ms for one of the scenario (the default timeScale): ${[...scales].sort().join(", ")}.
Machine: ${cpu}, ${logicalCores} logical cores of which worker threads got ${effectiveCores}, ${platform}, Node ${node};
its load average before the start: ${othersLoad.toFixed(1)}.
A line is measured where worker threads get as many cores as its server keeps busy and one more for Node's own thread
(less ${shareOfOthers}); else it says so.

${rows}
`;
}
