import { checkNonNegative, checkPositive, checkWhole, ModelError, refuse } from "../../errors.js";
import { lognormal, type RandomSource, randomStream, Scheduler, zipf } from "../../simulation/index.js";
import type { DispatchPolicy } from "../policies/index.js";
import { policyOf } from "./dispatch-model.js";
import { GreedyDualSize } from "./greedy-dual-size.js";

/** What a back end's work costs. */
export interface ServingCosts {
  /** CPU time to open a connection and to close it again, together. */
  readonly connectionMs: number;
  /** CPU time to send 512 bytes. */
  readonly sendMsPer512Bytes: number;
  /** The time of a disk until it begins to read. */
  readonly seekMs: number;
  /** The time to read 4 KiB. */
  readonly readMsPer4KiB: number;
  /** Another seek for every so many bytes beyond as many; none unless told. */
  readonly extentBytes?: number;
  /** What that seek takes; 0 unless told. */
  readonly extentSeekMs?: number;
  /** How many reads a disk serves at the same time; 1 unless told. */
  readonly parallelReads?: number;
}

/** Costs of a PC of 1998 and its disk: connect and teardown 145 µs each, 40 µs for 512 bytes, 28 ms for a disk access. @see Pai et al., ASPLOS 1998, §3. */
export const costs1998: ServingCosts = {
  connectionMs: 0.29,
  sendMsPer512Bytes: 0.04,
  seekMs: 28,
  readMsPer4KiB: 0.41,
  extentBytes: 44_000,
  extentSeekMs: 14,
};

/** Costs of a server with a solid-state disk: assumed orders of size, not measured. A read takes 80 µs and 2 GB/s, 32 at a time; the CPU is ten times that of 1998. */
export const costsOfFlash: ServingCosts = {
  connectionMs: 0.029,
  sendMsPer512Bytes: 0.004,
  seekMs: 0.08,
  readMsPer4KiB: 0.002,
  parallelReads: 32,
};

/** See {@link lardModel}. */
export interface LardModelOptions {
  /** How many back ends there are, all alike: a CPU, a disk, a cache. */
  readonly servers: number;
  /** Makes the policy; its keys are the names of files. The source is a random stream of its own, the clock the model's, in ms. */
  readonly policy: (source: RandomSource, now: () => number) => DispatchPolicy;
  /** All files together. */
  readonly filesBytes: number;
  /** Mean size of a file; 20,000 bytes unless told. Sizes are lognormal, with a squared coefficient of variation of 4.7 (a deviation of the logarithm of 1.318). */
  readonly meanFileBytes?: number;
  /** How uneven popularity is: the exponent of Zipf's law; 0.8 unless told. */
  readonly popularity?: number;
  /** The cache of each back end. */
  readonly cacheBytes: number;
  /** What the work costs; {@link costs1998} unless told. */
  readonly costs?: ServingCosts;
  /** How many requests are under way at any time; (servers − 1)·65 + 24 unless told, LARD's own bound with its limits of 25 and 65. */
  readonly underWay?: number;
  /** How many requests come first and are not measured; a fifth of `requests` unless told. */
  readonly warmUp?: number;
  /** How many requests are measured. */
  readonly requests: number;
  /** A whole number: the same seed gives the same result. */
  readonly seed: number;
}

/** See {@link lardModel}. */
export type LardModelResult = {
  /** Requests answered in a second, after warm-up. */
  readonly throughputPerS: number;
  /** The share of those that found their file in the cache. */
  readonly hitShare: number;
  /** The most requests that were under way at one back end at the same time. */
  readonly longest: number;
};

interface Node {
  readonly name: string;
  readonly place: number;
  active: number;
  cpuFreeMs: number;
  readonly readersFreeMs: Float64Array;
  readonly cache: GreedyDualSize;
  /** By file: the requests that wait for its one read. */
  readonly waiting: Map<number, (() => void)[]>;
}

/**
 * Back ends that serve files through a cache, never short of requests: what a policy makes of the caches. A request costs its back end CPU, and a read of its disk unless the file is
 * in the cache; requests for a file that is being read wait for that one read. Caches are GreedyDual-Size. The front end takes no time.
 *
 * @throws {@link ParameterError} if a number is out of range or policy is no function that makes one.
 * @see Pai et al., "Locality-Aware Request Distribution in Cluster-based Network Servers", ASPLOS 1998, §3.
 */
export function lardModel(options: LardModelOptions): LardModelResult {
  const where = "lardModel";
  const servers = checkWhole(where, "servers", options?.servers, 1);
  const requests = checkWhole(where, "requests", options.requests, 10);
  const { popularity = 0.8, meanFileBytes = 20_000, costs = costs1998 } = options;
  const { underWay = (servers - 1) * 65 + 24, warmUp = Math.floor(requests / 5) } = options;
  checkWhole(where, "underWay", underWay, 1);
  checkWhole(where, "warmUp", warmUp);
  checkNonNegative(where, "popularity", popularity);
  checkPositive(where, "cacheBytes", options.cacheBytes);
  checkWhole(where, "seed", options.seed);
  const read = readTime(where, costs);
  const sizesBytes = fileSizes(where, options.filesBytes, meanFileBytes, options.seed);
  const scheduler = new Scheduler();
  const policy = policyOf(where, { ...options, policy: (source) => options.policy(source, () => scheduler.nowMs) });
  const rank = zipf({ count: sizesBytes.length, exponent: popularity }, randomStream(options.seed, "files"));
  const nodes: Node[] = Array.from({ length: servers }, (_, place) => ({
    name: `b${place}`,
    place,
    active: 0,
    cpuFreeMs: 0,
    readersFreeMs: new Float64Array(costs.parallelReads ?? 1),
    cache: new GreedyDualSize(options.cacheBytes, sizesBytes),
    waiting: new Map(),
  }));
  const keys = Array.from(sizesBytes, (_, file) => `/${file}`);
  let [begun, answered, hits, longest, fromMs] = [0, 0, 0, 0, 0];
  const begin = (): void => {
    const file = rank() - 1;
    const request = { key: keys[file] as string };
    const node = nodes[policy.choose(request, nodes)?.place ?? -1];
    if (!node) throw new ModelError(`lardModel: ${policy.name} chose none of ${servers} back ends`);
    const isMeasured = begun++ >= warmUp;
    longest = Math.max(longest, ++node.active);
    const finish = (): void => {
      node.active--;
      policy.done?.(request, node);
      if (++answered === warmUp) fromMs = scheduler.nowMs;
      if (answered === warmUp + requests) scheduler.stop();
      else begin();
    };
    const serve = (): void => {
      const cpuMs = costs.connectionMs + costs.sendMsPer512Bytes * Math.ceil((sizesBytes[file] as number) / 512);
      node.cpuFreeMs = Math.max(node.cpuFreeMs, scheduler.nowMs) + cpuMs;
      scheduler.at(node.cpuFreeMs, finish);
    };
    if (node.cache.use(file)) {
      if (isMeasured) hits++;
      return serve();
    }
    const others = node.waiting.get(file);
    if (others) return void others.push(serve);
    const all = [serve];
    node.waiting.set(file, all);
    let reader = 0;
    for (const [i, freeMs] of node.readersFreeMs.entries())
      if (freeMs < (node.readersFreeMs[reader] as number)) reader = i;
    const doneMs = Math.max(node.readersFreeMs[reader] as number, scheduler.nowMs) + read(sizesBytes[file] as number);
    node.readersFreeMs[reader] = doneMs;
    scheduler.at(doneMs, () => {
      node.waiting.delete(file);
      node.cache.put(file);
      for (const each of all) each();
    });
  };
  for (let i = 0; i < underWay; i++) begin();
  scheduler.run();
  return { throughputPerS: (1000 * requests) / (scheduler.nowMs - fromMs), hitShare: hits / (begun - warmUp), longest };
}

function readTime(where: string, costs: ServingCosts): (bytes: number) => number {
  if (typeof costs !== "object" || costs === null) refuse(where, "costs", "an object such as costs1998", costs);
  const { extentBytes, extentSeekMs = 0, parallelReads = 1 } = costs;
  checkNonNegative(where, "costs.connectionMs", costs.connectionMs);
  checkPositive(where, "costs.sendMsPer512Bytes", costs.sendMsPer512Bytes);
  checkNonNegative(where, "costs.seekMs", costs.seekMs);
  checkNonNegative(where, "costs.readMsPer4KiB", costs.readMsPer4KiB);
  checkNonNegative(where, "costs.extentSeekMs", extentSeekMs);
  if (extentBytes !== undefined) checkPositive(where, "costs.extentBytes", extentBytes);
  checkWhole(where, "costs.parallelReads", parallelReads, 1, 1024);
  return (bytes) => {
    const extents = extentBytes === undefined ? 1 : Math.ceil(bytes / extentBytes);
    return costs.seekMs + costs.readMsPer4KiB * Math.ceil(bytes / 4096) + extentSeekMs * Math.max(0, extents - 1);
  };
}

/** Sizes that follow the distribution, and whose sum is what was asked for. Popularity and size are independent. */
function fileSizes(where: string, filesBytes: number, meanFileBytes: number, seed: number): Float64Array {
  checkPositive(where, "meanFileBytes", meanFileBytes);
  checkPositive(where, "filesBytes", filesBytes);
  const count = Math.max(1, Math.round(filesBytes / meanFileBytes));
  if (count > 10_000_000) refuse(where, "filesBytes", "at most 10,000,000 mean files", filesBytes);
  const size = lognormal({ mean: meanFileBytes, scv: 4.7 }, randomStream(seed, "sizes"));
  const sizes = Float64Array.from({ length: count }, size);
  const scale = filesBytes / sizes.reduce((sum, each) => sum + each, 0);
  return sizes.map((each) => Math.max(1, Math.round(each * scale)));
}
