/** Records migrations of a real virtual machine: `npx tsx scripts/recordings/virtual-machine.ts`, on a quiet machine, with QEMU. */
import { spawnSync } from "node:child_process";
import { migrateVirtualMachine, migrationTotals, type VirtualMachineOptions } from "kernel-lib";
import { writeRecorded } from "./recorded.js";

const guest = { filledPages: 6144, writtenPages: 2048 };
const plans: VirtualMachineOptions[] = [];
for (const order of ["sequential", "random"] as const)
  for (const [maxBytesPerS, rates] of [
    [16e6, [0, 500, 1000, 1500, 2000, 8000]],
    [32e6, [1000, 3000, 4000]],
  ] as const)
    for (const pagesPerS of rates)
      plans.push({ ...guest, way: "pre-copy", order, pagesPerS, maxBytesPerS, giveUpMs: 8000 });
for (const pagesPerS of [0, 1000, 2000])
  for (const way of ["stop-and-copy", "post-copy"] as const)
    plans.push({ ...guest, way, pagesPerS, maxBytesPerS: 16e6 });

const rows: object[] = [];
for (const plan of plans) {
  const run = await migrateVirtualMachine(plan);
  if (!run.sameMemory) throw new Error(`the memory differs: ${JSON.stringify(plan)}`);
  const { totalMs, downtimeMs, sentBytes, rounds } = migrationTotals(run.rows);
  const { normalPages, zeroPages, blockedMs } = run.reported;
  const { way, order = "sequential", pagesPerS = 0, filledPages, writtenPages = 0, maxBytesPerS = 0 } = plan;
  const what = { way, order, pagesPerS, filledPages, writtenPages, maxBytesPerS, downtimeLimitMs: 300, giveUpMs: 8000 };
  const came = { writesBefore: run.writesBefore, converged: run.converged, totalMs, downtimeMs, sentBytes, rounds };
  rows.push({ ...what, ...came, normalPages, zeroPages, faults: migrationTotals(run.rows).faults, blockedMs });
  console.log(JSON.stringify(rows.at(-1)));
}
const said = spawnSync("qemu-system-x86_64", ["--version"], { encoding: "utf8", env: { ...process.env, LC_ALL: "C" } });
const [, version] = /version ([\d.]+)/.exec(said.stdout) ?? [];
writeRecorded("virtual-machine", `QEMU ${version} without hardware support`, {
  remark:
    "What migrateVirtualMachine returned for a guest that writes pages at a rate: totals of its rows, and QEMU's own counts of pages.",
  rows,
});
