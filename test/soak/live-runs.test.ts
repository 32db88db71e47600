import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { runLive } from "kernel-lib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { busyScenario, difference, type Ending, held } from "../live/run/leaks-support.js";
import { soaked, soaking } from "../soak.js";

const test = suite("live runs in a row");

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Bytes in use after a collection: JavaScript's heap and the buffers outside of it. */
async function usedBytes(): Promise<number> {
  await pause(50);
  collect();
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const endings: readonly Ending[] = ["returns", "throws", "goes on"];

async function runOnce(i: number): Promise<void> {
  await runLive(busyScenario(endings[i % 3] as Ending, 40), { timeScale: 1, seed: i });
}

test("1,000 live runs in one process (20 in npm test) leak no handle and no memory", async () => {
  const count = Math.max(20, soaked(1000)); // fewer say nothing
  const warmUp = soaking ? 100 : 6;
  for (let i = 0; i < warmUp; i++) await runOnce(i);
  await pause(1);
  const before = held();
  const beforeBytes = await usedBytes();
  const beforeRss = process.memoryUsage.rss();
  for (let i = 0; i < count; i++) await runOnce(i);
  await pause(1);
  assert.equal(difference(before, held()), []);
  const kBPerRun = ((await usedBytes()) - beforeBytes) / 1000 / count;
  const moreRssMB = (process.memoryUsage.rss() - beforeRss) / 1e6;
  console.log(
    `${count} runs: ${kBPerRun.toFixed(2)} kB more heap a run, ${moreRssMB.toFixed(1)} MB more resident in all`,
  );
  // Node itself keeps some 330 bytes for each worker thread and 240 for each pair of sockets that there ever were. One forgotten
  // run holds its trace: some 100 kB.
  assert.ok(kBPerRun < (soaking ? 2 : 40), `${kBPerRun} kB a run`);
  assert.ok(moreRssMB < 100, `${moreRssMB} MB more resident`);
});

test.run();
