import { type LoadSharingOptions, loadSharing, mm1, ParameterError, randomStream } from "kernel-lib";
import { test } from "uvu";
import * as assert from "uvu/assert";

const near = (actual: number, wanted: number, error = 1e-9) =>
  assert.ok(Math.abs(actual - wanted) <= error, `${actual} is not near ${wanted}`);

const at = (load: number): Pick<LoadSharingOptions, "arrivalsPerS" | "serviceMs"> => ({
  arrivalsPerS: 100 * load,
  serviceMs: 10,
});

test("senders with threshold 1 and L probes respond in E[S]/(1 − ρ^(L+1)): a job is alone unless all L were busy too", () => {
  for (const load of [0.1, 0.5, 0.785, 0.95])
    for (const probes of [1, 2, 3, 8])
      near(loadSharing({ ...at(load), initiator: "sender", probes }).responseMs, 10 / (1 - load ** (probes + 1)), 1e-7);
});

test("with threshold 1 and 3 probes senders and receivers cross at load .785", () => {
  const gap = (load: number) =>
    loadSharing({ ...at(load), initiator: "sender" }).responseMs -
    loadSharing({ ...at(load), initiator: "receiver" }).responseMs;
  let [low, high] = [0.5, 0.95];
  assert.ok(gap(low) < 0 && gap(high) > 0);
  for (let step = 0; step < 40; step++) {
    const middle = (low + high) / 2;
    if (gap(middle) < 0) low = middle;
    else high = middle;
  }
  near(low, 0.785, 0.002);
});

/**
 * A thousand nodes, jump by jump: arrivals and ends at random nodes at their rates (a node without a job ends none). Shares nothing with the
 * fixed points. Counts start after a fifth of the run.
 */
function simulated(options: Required<LoadSharingOptions>, seed: number) {
  const nodes = 1000;
  const load = (options.arrivalsPerS * options.serviceMs) / 1000;
  const random = randomStream(seed, "load sharing");
  const anyNode = () => Math.floor(random() * nodes);
  const jobs = new Int32Array(nodes);
  const jumps = 3_000_000;
  let [there, sum, counted, moved, asked, arrived] = [0, 0, 0, 0, 0, 0];
  const find = (fits: (jobs: number) => boolean): number | undefined => {
    for (let probe = 0; probe < options.probes; probe++) {
      const node = anyNode();
      asked++;
      if (fits(jobs[node] as number)) return node;
    }
    return undefined;
  };
  for (let jump = 0; jump < jumps; jump++) {
    if (jump === jumps / 5) [sum, counted, moved, asked, arrived] = [0, 0, 0, 0, 0];
    const isArrival = random() * (1 + load) < load;
    let node = anyNode();
    if (isArrival) {
      arrived++;
      there++;
      if (options.initiator === "sender" && (jobs[node] as number) >= options.threshold) {
        const other = find((count) => count < options.threshold);
        if (other !== undefined) {
          moved++;
          node = other;
        }
      }
      (jobs[node] as number)++;
    } else if ((jobs[node] as number) > 0) {
      there--;
      (jobs[node] as number)--;
      if (options.initiator === "receiver" && (jobs[node] as number) < options.threshold) {
        const other = find((count) => count > options.threshold);
        if (other !== undefined) {
          moved++;
          (jobs[other] as number)--;
          (jobs[node] as number)++;
        }
      }
    }
    sum += there;
    counted++;
  }
  return { inSystem: sum / counted / nodes, transferredShare: moved / arrived, probesPerJob: asked / arrived };
}

for (const initiator of ["sender", "receiver"] as const)
  for (const [threshold, probes] of [
    [1, 3],
    [2, 2],
  ] as const)
    test(`a thousand ${initiator}s with threshold ${threshold} and ${probes} probes lie within 1.5 % of the fixed point at load .8`, () => {
      const options = { ...at(0.8), initiator, threshold, probes };
      const found = simulated(options, 1);
      const wanted = loadSharing(options);
      near(found.inSystem / wanted.inSystem, 1, 0.015);
      near(found.transferredShare / wanted.transferredShare, 1, 0.015);
      near(found.probesPerJob / wanted.probesPerJob, 1, 0.015);
    });

test("nobody does better than one queue for all, nor worse than no sharing, at any load, threshold and number of probes", () => {
  for (const initiator of ["sender", "receiver"] as const)
    for (const load of [0.01, 0.3, 0.7, 0.9, 0.99, 0.999])
      for (const threshold of [1, 2, 5, 40])
        for (const probes of [1, 3, 20]) {
          const { responseMs } = loadSharing({ ...at(load), initiator, threshold, probes });
          const alone = mm1(at(load)).responseMs;
          assert.ok(
            responseMs >= 10 - 1e-6 && responseMs <= alone * (1 + 1e-6),
            `${initiator} ${load} ${threshold} ${probes}: ${responseMs}`,
          );
        }
});

test("a job that finds every node idle is served at once, whoever begins", () => {
  for (const initiator of ["sender", "receiver"] as const)
    assert.is(loadSharing({ ...at(0), initiator }).responseMs, 10);
});

test("an overloaded system answers never, whoever begins", () => {
  assert.is(loadSharing({ ...at(1), initiator: "sender" }).responseMs, Number.POSITIVE_INFINITY);
});

test("what can't be is refused by name", () => {
  const good: LoadSharingOptions = { ...at(0.5), initiator: "sender" };
  for (const [wrong, said] of [
    [{ probes: 0 }, /^loadSharing: probes must be a whole number of at least 1, got 0$/],
    [{ threshold: 1.5 }, /^loadSharing: threshold must be/],
    [{ arrivalsPerS: Number.NaN }, /^loadSharing: arrivalsPerS must be/],
    [{ initiator: "both" as never }, /^loadSharing: initiator must be "sender" or "receiver", got "both"$/],
  ] as const)
    assert.throws(
      () => loadSharing({ ...good, ...wrong }),
      (error: Error) => error instanceof ParameterError && said.test(error.message),
    );
});

test.run();
