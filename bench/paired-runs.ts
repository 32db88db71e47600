/** The same requests live and in virtual time: one cell of the table that `live-against-virtual.ts` makes. */
import {
  concurrentServer,
  exponential,
  type Host,
  iterativeServer,
  type Job,
  type LoadRow,
  on,
  openLoop,
  type PlannedRequest,
  type Run,
  type Scenario,
  scenario,
  workload,
} from "kernel-lib";

/** One line of the table. */
export interface Cell {
  readonly organisation: "iterative" | "concurrent";
  /** Cores of the server's machine. */
  readonly cores: number;
  /** Offered work, as a part of what the server can use: one core if it is iterative, else all. */
  readonly load: number;
  readonly requests: number;
  readonly meanServiceMs: number;
}

/** A request as both worlds drew it, and what became of it. */
export type PairedRequest = PlannedRequest & LoadRow;

/** The programs of a cell's scenario. */
export type PairedPrograms = {
  readonly server: Job<"server", void>;
  readonly clients: Job<"clients", PairedRequest[]>;
};

const handle = async (host: Host, request: PlannedRequest): Promise<number> => {
  await host.compute(request.serviceMs);
  return request.request;
};

/** Draws the requests from their named streams in the program itself, so that each world draws for itself. */
async function clients(host: Host, cell: Cell, seed: number): Promise<PairedRequest[]> {
  const { load, cores, organisation, requests, meanServiceMs } = cell;
  const usable = organisation === "iterative" ? 1 : cores;
  const arrivalsPerS = (1000 * load * usable) / meanServiceMs;
  const service = (source: () => number) => exponential({ mean: meanServiceMs }, source);
  const plan = workload({ arrivalsPerS, service, requests, seed });
  const rows = await openLoop(host, plan);
  return rows.map((row, i) => ({ ...(plan[i] as PlannedRequest), ...row }));
}

async function server(host: Host, organisation: Cell["organisation"]): Promise<void> {
  // Nobody's SYN may be dropped: its repetition a second later would drown all else.
  const options = { backlog: 10_000 };
  if (organisation === "iterative") return iterativeServer(host, handle, options);
  return concurrentServer(host, handle, "thread", options);
}

/** The scenario of a cell: open-loop clients, exponential arrivals and services, one connection a request. */
export function pairedScenario(cell: Cell, seed: number): Scenario<"server" | "clients", PairedPrograms> {
  return scenario({
    hosts: { server: { cores: cell.cores }, clients: {} },
    network: { latencyMs: 1 },
    programs: { server: on("server", server, cell.organisation).daemon(), clients: on("clients", clients, cell, seed) },
  }) as Scenario<"server" | "clients", PairedPrograms>;
}

/** How far live lies from virtual, over the requests of one cell; times in the scenario's ms. */
export interface Difference {
  readonly virtual: Summary;
  readonly live: Summary;
  /** Of live over virtual, request by request. */
  readonly meanExcessMs: number;
  readonly medianExcessMs: number;
  readonly meanExcessPercent: number;
  /** Pearson's, of the response times. */
  readonly correlation: number;
  /** Of the requests that follow each other in the order of answers of the virtual run, how many do live, from 0 to 1. */
  readonly sameOrder: number;
  /** How long the live cores were busy, over the CPU time that was asked of them: 1 on a machine that does nothing else. */
  readonly busyPerWork: number;
}

/** Response times of one world. */
export interface Summary {
  readonly meanMs: number;
  readonly medianMs: number;
  readonly p95Ms: number;
}

/** Compares two runs of one cell's scenario, request by request. */
export function differenceOf(live: Run<PairedPrograms>, virtual: Run<PairedPrograms>, cores: number): Difference {
  const [a, b] = [live.results.clients, virtual.results.clients];
  const unanswered = [...a, ...b].filter(({ outcome }) => outcome !== "answered").length;
  if (unanswered > 0 || a.length !== b.length) throw new Error(`${unanswered} of the requests were not answered`);
  const liveMs = a.map(({ responseMs }) => responseMs);
  const virtualMs = b.map(({ responseMs }) => responseMs);
  const excess = liveMs.map((ms, i) => ms - (virtualMs[i] as number));
  const doneMs = a.map(({ arrivalMs, responseMs }) => arrivalMs + responseMs);
  const order = [...b].sort((x, y) => x.arrivalMs + x.responseMs - y.arrivalMs - y.responseMs);
  const kept = order
    .slice(1)
    .filter(({ request }, i) => (doneMs[(order[i] as PairedRequest).request] as number) <= (doneMs[request] as number));
  return {
    virtual: summaryOf(virtualMs),
    live: summaryOf(liveMs),
    meanExcessMs: mean(excess),
    medianExcessMs: quantile(excess, 0.5),
    meanExcessPercent: (100 * mean(excess)) / mean(virtualMs),
    correlation: correlation(liveMs, virtualMs),
    sameOrder: kept.length / (order.length - 1),
    busyPerWork: busyPerWork(live, cores),
  };
}

function busyPerWork(run: Run<PairedPrograms>, cores: number): number {
  const works = run.rows.flatMap((row) => (row.kind === "compute" ? [row] : []));
  const changes = works.flatMap(({ timeMs, endMs = run.endMs }) => [
    { atMs: timeMs, by: 1 },
    { atMs: endMs, by: -1 },
  ]);
  changes.sort((a, b) => a.atMs - b.atMs);
  let [jobs, sinceMs, busyMs] = [0, 0, 0];
  for (const { atMs, by } of changes) {
    busyMs += Math.min(jobs, cores) * (atMs - sinceMs);
    jobs += by;
    sinceMs = atMs;
  }
  return busyMs / works.reduce((sum, { workMs }) => sum + workMs, 0);
}

const summaryOf = (times: readonly number[]): Summary => {
  return { meanMs: mean(times), medianMs: quantile(times, 0.5), p95Ms: quantile(times, 0.95) };
};

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** The smallest value that at least that part of them does not exceed. */
function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.ceil(part * sorted.length) - 1] as number;
}

function correlation(xs: readonly number[], ys: readonly number[]): number {
  const [mx, my] = [mean(xs), mean(ys)];
  const products = (as: readonly number[], ma: number, bs: readonly number[], mb: number): number =>
    as.reduce((sum, a, i) => sum + (a - ma) * ((bs[i] as number) - mb), 0);
  return products(xs, mx, ys, my) / Math.sqrt(products(xs, mx, xs, mx) * products(ys, my, ys, my));
}
