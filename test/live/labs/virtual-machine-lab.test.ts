import { readdirSync, readFileSync } from "node:fs";
import { migrateVirtualMachine, migrationTotals, type VirtualMachineRun } from "kernel-lib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { guestImage } from "../../../kernel-lib/live/labs/virtual-machine/guest.js";
import { inRoot } from "../../../scripts/setup/paths.mjs";
import { failureOf } from "../../world/both-worlds.js";
import { withTools } from "../tools.js";

const test = suite("live: a real virtual machine migrates");
const guest = { filledPages: 2000, pagesPerS: 1000, writtenPages: 500, aroundMs: 100 } as const;
let preCopied: VirtualMachineRun;
const testWithTools = await withTools(
  test,
  migrateVirtualMachine({ ...guest, way: "pre-copy" }).then((run) => {
    preCopied = run;
  }),
);

/** What holds of every machine that came over, whichever way. */
function checkArrived(run: VirtualMachineRun): void {
  assert.ok(run.converged);
  assert.ok(run.sameMemory, "the memory is not that of a machine that never moved");
  assert.ok(run.writes > run.writesBefore && run.writesBefore > 0);
  const sources = run.requests.map(({ answeredBy }) => answeredBy);
  const moved = sources.indexOf("destination");
  assert.ok(moved > 0, "nobody was answered at the destination");
  assert.ok(
    sources.slice(moved).every((who) => who === "destination"),
    "the source answered again",
  );
  const stop = run.rows.find(({ phase }) => phase === "stopped");
  assert.ok(stop);
  const resumedMs = stop.startMs + stop.durationMs;
  assert.ok((run.announcedMs ?? 0) > stop.startMs && (run.announcedMs ?? 0) < resumedMs + 1000);
  assert.is(migrationTotals(run.rows).sentBytes, run.reported.transferredBytes);
  for (const [i, row] of run.rows.entries()) assert.is(row.round, i + 1);
}

testWithTools(
  "by pre-copy: its memory is that of a machine that never moved, and nobody but its clients notice",
  () => {
    checkArrived(preCopied);
    const { rows, reported } = preCopied;
    assert.is(rows[0]?.phase, "running");
    assert.is(rows.at(-1)?.phase, "stopped");
    // QEMU ends a round when what is left fits into the downtime limit, so the first may leave out some.
    assert.ok(reported.normalPages >= guest.filledPages, `${reported.normalPages} pages`);
  },
);

testWithTools(
  "by stop-and-copy: each page is sent once, and the one request of that time waits for all of it",
  async () => {
    const run = await migrateVirtualMachine({ ...guest, way: "stop-and-copy" });
    checkArrived(run);
    assert.equal(
      run.rows.map(({ phase }) => phase),
      ["stopped"],
    );
    const { normalPages } = run.reported;
    assert.ok(normalPages >= guest.filledPages && normalPages < guest.filledPages + 300, `${normalPages} pages`);
    const stoodMs = run.rows[0]?.durationMs ?? 0;
    const longest = run.requests.filter(({ responseMs }) => responseMs > stoodMs / 2);
    assert.is(longest.length, 1);
  },
);

testWithTools(
  "by post-copy: it runs at the destination before its pages are there, and each is sent once",
  async () => {
    const run = await migrateVirtualMachine({ ...guest, way: "post-copy" });
    checkArrived(run);
    assert.is(run.rows.at(-1)?.phase, "fetching");
    const { normalPages } = run.reported;
    assert.ok(normalPages >= guest.filledPages && normalPages < guest.filledPages + 300, `${normalPages} pages`);
    const during = run.requests.filter(({ sentMs }) => sentMs < (run.rows.at(-1)?.startMs ?? 0) + 200);
    assert.ok(during.some(({ answeredBy }) => answeredBy === "destination"));
  },
);

testWithTools(
  "a pre-copy that can't come to its end is given up, and the machine stays where it is, whole",
  async () => {
    const run = await migrateVirtualMachine({
      ...guest,
      way: "pre-copy",
      pagesPerS: 20_000,
      writtenPages: 2000,
      maxBytesPerS: 8e6,
      downtimeLimitMs: 10,
      giveUpMs: 2500,
    });
    assert.not(run.converged);
    assert.ok(run.sameMemory);
    assert.ok(run.rows.length >= 2 && run.rows.every(({ phase }) => phase === "running"));
    assert.ok(run.requests.every(({ answeredBy }) => answeredBy === "source"));
  },
);

testWithTools("it ends in the middle when it is told to, and leaves no process and no file", async () => {
  const controller = new AbortController();
  const running = failureOf(() => migrateVirtualMachine({ ...guest, way: "pre-copy", signal: controller.signal }));
  setTimeout(() => controller.abort(new Error("enough")), 700);
  assert.is(await running, "Error: enough");
  assert.equal(
    readdirSync(inRoot("build")).filter((name) => name.startsWith("virtual-machine-")),
    [],
  );
  const commands = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(commandOf);
  assert.equal(
    commands.filter((command) => command.includes(inRoot("build", "virtual-machine-"))),
    [],
  );
});

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, "latin1");
  } catch {
    return ""; // it has ended meanwhile, or is another's
  }
}

test("options are checked", async () => {
  const failure = (options: object): Promise<string> =>
    failureOf(() => migrateVirtualMachine({ way: "pre-copy", filledPages: 10, ...options } as never));
  assert.match(await failure({ way: "live" }), /^ParameterError: migrateVirtualMachine: way/);
  assert.match(await failure({ filledPages: 0 }), /filledPages/);
  assert.match(await failure({ writtenPages: 11 }), /writtenPages/);
  assert.match(await failure({ pagesPerS: Number.NaN }), /pagesPerS/);
  assert.match(await failure({ order: "backwards" }), /order/);
  assert.match(await failure({ maxBytesPerS: -1 }), /maxBytesPerS/);
  assert.match(await failure({ giveUpMs: 0 }), /giveUpMs/);
});

test("the guest is a Multiboot image whose header sums to zero and names its own size", () => {
  const image = guestImage({ filledPages: 10, pagesPerS: 100 });
  const [magic, flags, checksum, header, load, loadEnd] = new Uint32Array(image.buffer, 0, 6);
  assert.is(((magic ?? 0) + (flags ?? 0) + (checksum ?? 0)) % 2 ** 32, 0);
  assert.equal([magic, header, load, loadEnd], [0x1badb002, 0x100000, 0x100000, 0x100000 + image.length]);
  assert.ok(image.length < 4096, `${image.length} B`);
});

test.run();
