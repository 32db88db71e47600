import {
  bindingCaseProgram,
  bindingCases,
  bindingTable,
  decodeModule,
  fetchProcess,
  freeze,
  type Host,
  inTime,
  launch,
  NumberFile,
  on,
  ParameterError,
  pending,
  place,
  processShipment,
  programShipment,
  type Report,
  runOn,
  scenario,
  simulate,
  tryBinding,
  unload,
} from "kernel-lib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  agent,
  agentWith,
  alone,
  aloneMs,
  box,
  bytesPerS,
  instructionsPerMs,
  receiver,
  strong,
  threePlaces,
  wanted,
} from "./journeys.js";
import { compiled, primes, primesMachine, printer } from "./programs.js";

const mobility = suite("programs and processes that move between hosts");

mobility("a machine uses the host's CPU for as long as its instructions take, whatever the slices", async () => {
  for (const sliceMs of [1, 10, 1e6]) {
    const program = async (host: Host) => {
      const machine = primesMachine(wanted, printer().resources);
      const stop = await runOn(host, machine, { instructionsPerMs, sliceMs });
      return { stop, ms: host.now() };
    };
    const run = await simulate(scenario({ hosts: { a: {} }, programs: { it: on("a", program) } }));
    assert.equal(run.results.it.stop, { why: "finished", results: [alone.result] });
    assert.ok(Math.abs(run.results.it.ms - aloneMs) < 1e-6);
  }
});

mobility(
  "what a resource does in its time happens when the instructions before it have used their CPU time",
  async () => {
    const slices = async (sliceMs: number, isInTime: boolean) => {
      const program = async (host: Host) => {
        const printed: [number, number][] = [];
        const print = ([x]: readonly unknown[]) => void printed.push([Number(x), host.now()]);
        const machine = primesMachine(wanted, { "printer.print": isInTime ? inTime(print) : print });
        const stop = await runOn(host, machine, { instructionsPerMs, sliceMs });
        return { stop, printed, ms: host.now() };
      };
      return (await simulate(scenario({ hosts: { a: {} }, programs: { it: on("a", program) } }))).results.it;
    };
    // How many instructions lie before each print, counted one by one.
    const due: number[] = [];
    const counter = primesMachine(wanted, { "printer.print": () => pending });
    for (let stop = counter.run(); stop.why === "waiting"; stop = counter.run()) {
      due.push(counter.instructions);
      counter.answer();
    }
    for (const sliceMs of [1, 7, 1e6]) {
      const { printed, stop, ms } = await slices(sliceMs, true);
      assert.equal(stop, { why: "finished", results: [alone.result] });
      assert.equal(
        printed.map(([x]) => x),
        alone.printed,
      );
      for (const [i, [, atMs]] of printed.entries())
        assert.ok(Math.abs(atMs - (due[i] as number) / instructionsPerMs) < 1e-6, `print ${i} at ${atMs}`);
      assert.ok(Math.abs(ms - aloneMs) < 1e-6);
    }
    assert.is((await slices(1e6, false)).printed.at(-1)?.[1], 0);
  },
);

mobility("two machines on one core take turns, and each needs twice the time", async () => {
  const program = async (host: Host) => {
    await runOn(host, primesMachine(wanted, printer().resources), { instructionsPerMs });
    return host.now();
  };
  const run = await simulate(scenario({ hosts: { a: {} }, programs: { it: [on("a", program), on("a", program)] } }));
  for (const ms of run.results.it)
    assert.ok(ms > 2 * aloneMs - 11 && ms <= 2 * aloneMs + 1e-6, `${ms} of ${2 * aloneMs}`);
});

mobility(
  "weak mobility: the program starts from its beginning, and only its code and data cross the link",
  async () => {
    const sender = async (host: Host) => {
      const connection = await host.connect("b", 80);
      await connection.send(programShipment(primes, "run", wanted));
    };
    const run = await simulate(
      scenario({
        hosts: { a: {}, b: {} },
        network: { latencyMs: 5, bytesPerS },
        programs: { there: on("b", receiver), here: on("a", sender) },
      }),
    );
    const { there } = run.results;
    assert.equal([there.before, there.instructions], [0, alone.instructions]);
    assert.equal(there.stop, { why: "finished", results: [alone.result] });
    assert.equal(there.printed, alone.printed);
    const sent = run.rows.find((row) => row.kind === "send") as { bytes: number };
    assert.ok(sent.bytes >= primes.bytes.length && sent.bytes < primes.bytes.length + 100, `${sent.bytes} bytes`);
    // A handshake of two ways, then the message.
    assert.ok(Math.abs(there.arrivedMs - (15 + (1000 * sent.bytes) / bytesPerS)) < 1);
  },
);

mobility("strong mobility: the process goes on exactly where it stopped, whenever that was", async () => {
  for (const share of [0.001, 0.3, 0.6, 0.95]) {
    const { here, there } = (await simulate(strong(share * aloneMs))).results;
    assert.ok(here.instructions > 0 && here.instructions < alone.instructions, "it was stopped in the middle");
    assert.is(there.before, here.instructions);
    assert.is(there.instructions, alone.instructions);
    assert.equal(there.stop, { why: "finished", results: [alone.result] });
    assert.equal([...here.printed, ...there.printed], alone.printed);
  }
});

mobility("the image takes as long on a slow link as its real bytes, and later images are larger", async () => {
  const at = async (untilMs: number) => {
    const run = await simulate(strong(untilMs));
    const sent = run.rows.find((row) => row.kind === "send") as { bytes: number; timeMs: number };
    assert.ok(Math.abs(sent.bytes - run.results.here.imageBytes) < 100);
    assert.ok(Math.abs(run.results.there.arrivedMs - sent.timeMs - (5 + (1000 * sent.bytes) / bytesPerS)) < 1);
    return sent.bytes;
  };
  const [early, late] = [await at(1), await at(0.9 * aloneMs)];
  assert.ok(late > early, `${early} and ${late} bytes`);
});

mobility("what is no shipment is refused, and so is a damaged one", () => {
  const machine = primesMachine(10, printer().resources);
  const { resources } = printer();
  const image = freeze(machine);
  const damaged = image.slice();
  damaged[damaged.length >> 1] = (damaged[damaged.length >> 1] as number) ^ 255;
  for (const shipment of [
    undefined,
    null,
    7,
    {},
    { moves: "process" },
    { moves: "process", image: "text" },
    { moves: "process", image: damaged },
    { moves: "process", image: image.slice(0, 20) },
    { moves: "program", code: primes.bytes, call: "run", args: "none" },
    { moves: "program", code: new Uint8Array(3), call: "run", args: [] },
    { moves: "program", code: primes.bytes, call: "walk", args: [1] },
  ])
    assert.throws(
      () => unload(shipment, { resources }),
      (error: unknown) => error instanceof ParameterError,
    );
  assert.throws(() => unload(processShipment(machine)), /printer.print/);
});

mobility("an agent moves on by itself, keeps what it counted, and finds each place's own file", async () => {
  const [report] = (await simulate(threePlaces(agentWith("tour", "rebind", 2)))).results.reports;
  assert.equal([report?.how, report?.results, report?.place], ["finished", [321], "c"]);
  assert.equal(
    report?.hops.map(({ from, to, kind }) => [from, to, kind]),
    [
      ["a", "b", "moved"],
      ["b", "c", "moved"],
    ],
  );
  assert.is(report?.remoteCalls, 0);
});

mobility("with a global reference it asks the file that it left, and the questions are counted", async () => {
  const [report] = (await simulate(threePlaces(agentWith("tour", "global reference", 2)))).results.reports;
  assert.equal([report?.results, report?.remoteCalls], [[3], 2]);
});

mobility("a clone goes on elsewhere while the original goes on here, and both report", async () => {
  const reports = (await simulate(threePlaces(agentWith("split", "rebind")))).results.reports;
  const [original, clone] = [...reports].sort((one, other) => one.id.length - other.id.length);
  assert.equal([original?.place, original?.results, original?.clones], ["a", [1], 1]);
  assert.equal([clone?.place, clone?.results, clone?.hops[0]?.kind], ["b", [120], "cloned"]);
  assert.is(clone?.id, `${original?.id}.1`);
});

mobility("a process that can't leave goes on where it is, and learns of it", async () => {
  const dead = (host: Host) =>
    launch(host, "a", { shipment: programShipment(agent, "toDead"), handles: box("rebind"), itinerary: ["nobody"] });
  const s = scenario({
    hosts: { a: {}, nobody: {} },
    programs: {
      a: on("a", place({ instructionsPerMs, resources: () => [new NumberFile("file:a")] })).daemon(),
      reports: on("a", dead),
    },
  });
  const [report] = (await simulate(s)).results.reports;
  assert.equal([report?.how, report?.results, report?.hops.length], ["finished", [-10], 0]);
});

mobility("a stop beyond the itinerary fails the process by name", async () => {
  const [report] = (await simulate(threePlaces(agentWith("nowhere", "rebind")))).results.reports;
  assert.is(report?.how, "failed");
  assert.match(report?.error ?? "", "the itinerary has no 7");
});

mobility("receiver-initiated: an idle place fetches a running process, or a clone of it", async () => {
  const n = 200_000;
  const launcher = (host: Host) =>
    launch(host, "a", { shipment: programShipment(agent, "long", n), handles: box("rebind") });
  for (const clone of [false, true]) {
    const thief = async (host: Host) => {
      await host.sleepUntil(60);
      return [
        await fetchProcess(host, { from: "a", clone }),
        await fetchProcess(host, { from: "c" }), // nothing runs there
      ];
    };
    const run = await simulate(threePlaces(launcher, { thief: on("b", thief) }));
    const { reports, thief: got } = run.results as unknown as { reports: Report[]; thief: boolean[] };
    assert.equal(got, [true, false]);
    assert.equal(reports.map(({ place: at }) => at).sort(), clone ? ["a", "b"] : ["b"]);
    const expected = Array.from({ length: n }, (_v, i) => i).reduce((s, i) => (s + i) % 1000003, 0);
    for (const { how, results } of reports) assert.equal([how, results], ["finished", [expected]]);
  }
});

mobility("a program that traps, and a module that is none, are reported and not lost", async () => {
  const text =
    "export function f(): i32 { const a = new StaticArray<i32>(2); let i = 5; while (i < 9) i++; return a[i]; }";
  const trapping = await compiled(text);
  const run = await simulate(threePlaces((host) => launch(host, "a", { shipment: programShipment(trapping, "f") })));
  assert.is(run.results.reports[0]?.how, "trapped");
  const bad = { moves: "program", code: new Uint8Array(9), call: "f", args: [] } as const;
  const refused = await simulate(threePlaces((host) => launch(host, "a", { shipment: bad })));
  const { reports } = refused.outcomes;
  assert.is(reports.how === "threw" && reports.error.name, "ResourceError");
});

const chance = await compiled(`
@external("travel", "go") declare function go(to: i32): i32;
function work(n: i32): i32 { let s = 0; for (let i = 0; i < n; i++) s = (s + i) % 1000003; return s; }
export function draws(hops: i32): f64 {
  let sum: f64 = 0;
  for (let i = 0; i < 6; i++) {
    if (i < hops) go((i + 1) % 2);
    sum = 10 * sum + Math.floor(10 * Math.random());
    work(50000);
  }
  return sum;
}
export function says(): f64 {
  console.log("at home");
  const before = Date.now();
  go(1);
  trace("away", 2, 7, 8);
  console.assert(false, "on purpose");
  return f64(Date.now() - before);
}
export function asks(): i32 { assert(false, "here it ends"); return 0; }`);
const chancing = (call: string, ...args: number[]) =>
  threePlaces((host) => launch(host, "a", { shipment: programShipment(chance, call, ...args), itinerary: ["a", "b"] }));

mobility(
  "Math.random gives the same numbers wherever a process stops and goes, and others with another seed",
  async () => {
    const drawn = async (hops: number, seed: number) =>
      (await simulate(chancing("draws", hops), { seed })).results.reports[0];
    const still = await drawn(0, 1);
    assert.is(still?.how, "finished", still?.error);
    for (const hops of [1, 2, 5]) {
      const moved = await drawn(hops, 1);
      assert.equal([moved?.results, moved?.hops.length], [still?.results, hops]);
    }
    assert.not.equal((await drawn(0, 2))?.results, still?.results);
  },
);

mobility("a console and Date.now are those of wherever the process is", async () => {
  const run = await simulate(chancing("says"), { seed: 1 });
  const [report] = run.results.reports;
  assert.is(report?.how, "finished", report?.error);
  const said = run.rows.filter((row) => row.kind === "log" && row.event === "console");
  assert.equal(
    said.map((row) => [row.host, (row as unknown as { fields: { text: string } }).fields.text]),
    [
      ["a", "at home"],
      ["b", "away 7 8"],
      ["b", "assertion failed: on purpose"],
    ],
  );
  assert.ok(Number(report?.results[0]) >= 10, "the journey took time");
});

mobility("a failed assertion is reported with its text and its line, and a missing handle with its name", async () => {
  const [report] = (await simulate(chancing("asks"))).results.reports;
  assert.equal([report?.how, report?.error], ["trapped", "here it ends (line 21)"]);
  const bare = threePlaces((host) =>
    launch(host, "a", { shipment: programShipment(agent, "split"), itinerary: ["b"] }),
  );
  assert.match(
    (await simulate(bare)).results.reports[0]?.error ?? "",
    "the process has no reference box for box.sum: launch it with handles.box",
  );
});

const code = decodeModule((await compiled(bindingCaseProgram)).bytes);
const strategies = ["move", "copy", "global reference", "rebind"] as const;

for (const which of bindingCases)
  mobility(`by ${which.binding}, ${which.attachment}: what the table has works, and what it lacks breaks`, async () => {
    const row = bindingTable.find((r) => r.binding === which.binding && r.attachment === which.attachment);
    for (const strategy of strategies) {
      const outcome = await tryBinding(which, strategy, code);
      const said = `${strategy}: ${outcome.problem || "works"}`;
      // A scratch file at home would do, too; the table lacks it because it is needlessly far away.
      const isNeedless =
        which.binding === "type" && which.attachment === "unattached" && strategy === "global reference";
      assert.is(outcome.works, isNeedless || (row?.strategies.includes(strategy) ?? false), said);
      if (isNeedless) assert.ok(outcome.remoteCalls >= 3);
      if (strategy === "global reference") assert.ok(outcome.remoteCalls > 0, "it asked");
      if (strategy === "rebind") assert.equal([outcome.remoteCalls, outcome.resourceBytes], [0, 0]);
    }
  });

mobility("the table has nine cases, each combination once", () => {
  const names = bindingTable.map(({ binding, attachment }) => `${binding} ${attachment}`);
  assert.is(new Set(names).size, 9);
  assert.is(bindingCases.length, 9);
});

mobility.run();
