import {
  Clock,
  deliver,
  type Fault,
  fetchProcess,
  type Handle,
  type Host,
  type LocalResource,
  launch,
  Mailbox,
  NumberFile,
  on,
  Printer,
  place,
  placePort,
  programShipment,
  type Report,
  type Strategy,
  scenario,
  simulate,
} from "kernel-lib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { compiled } from "./programs.js";

const handOver = suite("a process on its way is at one of two places, and whoever waits for it is told");

const code = await compiled(`
@external("travel", "go") declare function go(to: i32): i32;
@external("travel", "clone") declare function clone(to: i32): i32;
@external("box", "append") declare function append(x: f64): void;
@external("box", "length") declare function length(): i32;
@external("box", "take") declare function take(): f64;
@external("box", "now") declare function now(): f64;
function work(n: i32): i32 { let s = 0; for (let i = 0; i < n; i++) s = (s + i) % 1000003; return s; }
// Before and after its journey it writes a line: the file tells what was done, and how often.
export function traveller(n: i32): i32 { work(n); append(1); const went = go(0); work(n); append(2); return went; }
export function working(n: i32): i32 { work(n); return 7; }
export function stays(): i32 { append(1); const went = go(0); append(2); return 10 * went + length(); }
export function splits(): i32 { append(1); const isClone = clone(0); append(2); return 10 * isClone + length(); }
export function reader(): f64 { go(0); return take(); }
export function clockReader(): f64 { go(0); const first = now(); work(20000); return now() - first; }
export function letters(): f64 { return take(); }`);
const instructionsPerMs = 10_000;
const strategies = ["move", "copy", "global reference", "rebind"] as const;

const handle = (identifier: string, strategy: Strategy, attachment: Handle["attachment"] = "unattached") =>
  ({ box: { identifier, binding: "identifier", attachment, strategy } }) as const;

interface Play {
  /** What a's user launches at once, at place a. */
  readonly call: string;
  readonly arg?: number;
  readonly handles?: Readonly<Record<string, Handle>>;
  readonly leadsTo?: "a" | "b";
  /** What somebody at b does meanwhile; by default nothing. */
  readonly atB?: (host: Host) => Promise<unknown>;
  readonly atA?: (host: Host) => Promise<unknown>;
  readonly faults?: readonly Fault<"a" | "b" | "user">[];
  readonly more?: (host: Host) => LocalResource[];
  readonly limitMs?: number;
}

/** Two places with a file each, a process at a, and what there is at the end. */
async function played(play: Play) {
  const { call, arg, handles = {}, leadsTo = "b", more = () => [], faults = [], limitMs = 2000 } = play;
  const nothing = async (): Promise<unknown> => undefined;
  const one = place({
    instructionsPerMs,
    handOverMs: 500,
    resources: (host) => {
      const resources = [new NumberFile(`file:${host.name}`), ...more(host)];
      lying[host.name] = resources;
      return resources;
    },
  });
  const lying: Record<string, LocalResource[]> = {};
  const launcher = (host: Host) =>
    launch(host, "a", {
      shipment: programShipment(code, call, ...(arg === undefined ? [] : [arg])),
      handles,
      itinerary: [leadsTo],
    });
  const run = await simulate(
    scenario({
      hosts: { a: {}, b: {}, user: {} },
      network: { latencyMs: 5, bytesPerS: 100_000 },
      programs: {
        a: on("a", one).daemon(),
        b: on("b", one).daemon(),
        launcher: on("user", launcher),
        atB: on("b", play.atB ?? nothing),
        atA: on("a", play.atA ?? nothing),
      },
      faults,
      limitMs,
    }),
    { seed: 1 },
  );
  const { outcomes } = run;
  const reports: Report[] = outcomes.launcher.how === "returned" ? outcomes.launcher.value : [];
  const files = Object.entries(lying).flatMap(([host, resources]) =>
    resources.flatMap((resource) =>
      resource instanceof NumberFile ? [{ host, identifier: resource.identifier, numbers: [...resource.numbers] }] : [],
    ),
  );
  return { ...run, reports, report: reports[0], files, lying };
}

handOver(
  "a fetch of a process whose reference can't be packed is refused by name, and the process goes on",
  async () => {
    for (const clone of [false, true]) {
      const { report, outcomes } = await played({
        call: "working",
        arg: 100_000,
        handles: handle("printer:a", "copy"),
        more: ({ name }) => [new Printer(`printer:${name}`)],
        atB: async (host) => {
          await host.sleepUntil(30);
          return fetchProcess(host, { from: "a", clone });
        },
      });
      assert.equal([report?.how, report?.place, report?.results], ["finished", "a", [7]]);
      assert.is(outcomes.atB.how, "threw");
      assert.match(
        outcomes.atB.how === "threw" ? outcomes.atB.error.message : "",
        "printer:a: a printer has no contents",
      );
    }
  },
);

handOver("a fetch of a process that the fetcher's place can't bind leaves it where it is", async () => {
  const { report, outcomes } = await played({
    call: "working",
    arg: 100_000,
    handles: handle("printer:a", "rebind"),
    more: ({ name }) => (name === "a" ? [new Printer("printer:a")] : []),
    atB: async (host) => {
      await host.sleepUntil(30);
      return fetchProcess(host, { from: "a" });
    },
  });
  assert.equal([report?.how, report?.place, report?.hops], ["finished", "a", []]);
  assert.match(outcomes.atB.how === "threw" ? outcomes.atB.error.message : "", "there is no printer at b");
});

handOver("whoever fetches a process that waits for a resource is told after the time that they gave it", async () => {
  const { report, outcomes } = await played({
    call: "letters",
    handles: handle("mailbox:a", "global reference", "fixed"),
    more: (host) => [new Mailbox(`mailbox:${host.name}`, host)],
    atB: async (host) => {
      await host.sleepUntil(30);
      return fetchProcess(host, { from: "a", timeoutMs: 200 });
    },
    atA: async (host) => {
      await host.sleepUntil(600);
      await deliver(host, "a", "mailbox:a", 5);
    },
  });
  assert.match(
    outcomes.atB.how === "threw" ? outcomes.atB.error.message : "",
    "no process of a could be stopped within 200 ms",
  );
  assert.equal([report?.how, report?.place, report?.results], ["finished", "a", [5]]);
});

for (const strategy of strategies)
  handOver(`a process that goes where it is already finds what it had (${strategy})`, async () => {
    const { report, files } = await played({
      call: "stays",
      handles: handle("file:a", strategy),
      leadsTo: "a",
    });
    assert.equal([report?.how, report?.results, report?.place, report?.error], ["finished", [12], "a", undefined]);
    assert.equal(files, [
      { host: "a", identifier: "file:a", numbers: [1, 2] },
      { host: "b", identifier: "file:b", numbers: [] },
    ]);
  });

handOver("a clone that stays on its computer shares what is there with its original", async () => {
  for (const strategy of strategies) {
    const { reports, files } = await played({ call: "splits", handles: handle("file:a", strategy), leadsTo: "a" });
    assert.is(reports.length, 2);
    assert.equal(files[0], { host: "a", identifier: "file:a", numbers: [1, 2, 2] });
  }
});

handOver("letters stay in a mailbox, and a clock goes on, when their process goes where it is already", async () => {
  for (const strategy of ["move", "copy"] as const) {
    const mail = await played({
      call: "reader",
      handles: handle("mailbox:a", strategy),
      leadsTo: "a",
      more: (host) => {
        const box = new Mailbox(`mailbox:${host.name}`, host);
        box.deliver(9);
        return [box];
      },
    });
    assert.equal([mail.report?.how, mail.report?.results], ["finished", [9]]);
    const clock = await played({
      call: "clockReader",
      handles: handle("clock:a", strategy),
      leadsTo: "a",
      more: (host) => [new Clock(`clock:${host.name}`, host)],
    });
    assert.ok(Number(clock.report?.results[0]) > 5, `${clock.report?.results[0]} ms`);
  }
});

/** Every moment from the launch to the end of an undisturbed run, and a little beyond. */
const moments = (endMs: number, stepMs: number) => {
  const found: number[] = [];
  for (let atMs = 0.25; atMs < endMs + 20; atMs += stepMs) found.push(atMs);
  return found;
};
const tour: Play = { call: "traveller", arg: 30_000, handles: handle("file:a", "move") };

handOver(
  "a link that is cut at any moment, for however long, neither loses nor doubles a process or its file",
  async () => {
    const { report } = await played(tour);
    assert.equal([report?.how, report?.place, report?.results], ["finished", "b", [1]]);
    let stayed = 0;
    for (const atMs of moments(report?.endedMs ?? 0, 3))
      for (const forMs of [10, 700, 300_000]) {
        const cut = { kind: "cut", between: ["a", "b"], atMs } as const;
        const heal = { ...cut, kind: "heal", atMs: atMs + forMs } as const;
        const run = await played({ ...tour, faults: [cut, heal], limitMs: 5_000_000 });
        const said = `cut at ${atMs} for ${forMs}`;
        assert.equal([run.reports.length, run.report?.how], [1, "finished"], said);
        const went = run.report?.results[0];
        assert.is(run.report?.place, went === 1 ? "b" : "a", said);
        if (went !== 1) stayed++;
        const lines = run.files.filter(({ identifier }) => identifier === "file:a");
        assert.equal(lines, [{ host: run.report?.place, identifier: "file:a", numbers: [1, 2] }], said);
      }
    assert.ok(stayed > 0, "in no run it stayed");
  },
);

/** Whether file:a, which moves with the process, is still at a: then the process has not left. */
const hasStayed = ({ files }: Awaited<ReturnType<typeof played>>) =>
  files.some(({ host, identifier }) => host === "a" && identifier === "file:a");

handOver("a place that ends at any moment takes with it only what has left for it", async () => {
  const { report } = await played(tour);
  for (const fault of ["kill", "crash"] as const) {
    let [stayed, died] = [0, 0];
    for (const atMs of moments(report?.endedMs ?? 0, 2)) {
      const broken: Fault<"b"> =
        fault === "kill" ? { kind: "kill", program: "b", atMs } : { kind: "crash", host: "b", atMs };
      const run = await played({ ...tour, faults: [broken], limitMs: 400_000 });
      const said = `${fault} of b at ${atMs}`;
      if (hasStayed(run)) {
        stayed++;
        assert.equal([run.reports.length, run.report?.how, run.report?.place], [1, "finished", "a"], said);
        assert.equal(run.files.find(({ identifier }) => identifier === "file:a")?.numbers, [1, 2], said);
      } else if (run.reports.length === 0) died++;
      else assert.ok((run.report?.endedMs ?? Infinity) <= atMs + 10, said);
    }
    assert.ok(stayed > 10 && died > 3, `${stayed} stayed, ${died} died`);
  }
});

handOver("a process whose old place ends at any moment goes on at the new one, or dies with the old", async () => {
  const { report } = await played(tour);
  const leftMs = report?.hops[0]?.stoppedMs ?? 0;
  for (const atMs of moments(report?.endedMs ?? 0, 1)) {
    const run = await played({ ...tour, faults: [{ kind: "kill", program: "a", atMs }], limitMs: 400_000 });
    const lines = run.files.filter(({ host, identifier }) => host === "b" && identifier === "file:a");
    if (atMs < leftMs) assert.is(run.reports.length, 0);
    if (run.reports.length > 0) assert.equal(lines[0]?.numbers, [1, 2], `a killed at ${atMs}`);
    else assert.equal(lines, [], `a killed at ${atMs}`);
  }
});

handOver(
  "a fetcher who ends at any moment, or whose place does, leaves the process or takes it over whole",
  async () => {
    for (const program of ["atB", "b"])
      for (const atMs of moments(90, 2)) {
        const run = await played({
          call: "working",
          arg: 200_000,
          handles: handle("file:a", "move"),
          atB: async (host) => {
            await host.sleepUntil(25);
            return fetchProcess(host, { from: "a" });
          },
          faults: [{ kind: "kill", program, atMs }],
        });
        const isLost = program === "b" && !hasStayed(run);
        assert.is(run.reports.length, isLost ? 0 : 1, `${program} killed at ${atMs}`);
        if (!isLost) assert.equal([run.report?.how, run.report?.results], ["finished", [7]]);
      }
  },
);

handOver("a place outlives whoever asks it and goes away, and serves the others", async () => {
  const asker = async (host: Host) => {
    for (const ask of [
      { ask: "perform", identifier: "mailbox:a", operation: "take", args: [] },
      { ask: "hand over", clone: false },
      { ask: "deliver", identifier: "mailbox:none", letter: 1 },
      { ask: "nonsense" },
      null,
      7,
    ]) {
      const connection = await host.connect("a", placePort);
      await connection.send(ask as never);
      if (ask !== null) connection.reset();
    }
    await host.sleep(50);
    await deliver(host, "a", "mailbox:a", 3); // goes to the taker who is gone
  };
  const run = await played({
    call: "working",
    arg: 500_000,
    more: (host) => [new Mailbox(`mailbox:${host.name}`, host)],
    atB: asker,
  });
  assert.is(run.outcomes.atB.how, "returned", JSON.stringify(run.outcomes.atB));
  assert.equal([run.report?.how, run.report?.results], ["finished", [7]]);
});

handOver("a place outlives a launcher who does not wait for the report", async () => {
  const run = await played({
    call: "working",
    arg: 30_000,
    atB: async (host) => {
      return launch(host, "a", { shipment: programShipment(code, "working", 300_000) });
    },
    faults: [{ kind: "kill", program: "launcher", atMs: 20 }],
  });
  const second = run.outcomes.atB.how === "returned" ? (run.outcomes.atB.value as Report[]) : [];
  assert.equal(
    second.map(({ how }) => how),
    ["finished"],
  );
  assert.ok(run.rows.some((row) => row.kind === "log" && row.event === "nobody to report to"));
});

handOver(
  "a resource that leaves with its process is not written to meanwhile: nothing that was written is lost",
  async () => {
    // Somebody at a appends a line every 2 ms, while the file moves to b.
    const written: number[] = [];
    const run = await played({
      ...tour,
      atA: async (host) => {
        for (let x = 100; x < 160; x++) {
          const connection = await host.connect("a", placePort);
          await connection.send({ ask: "perform", identifier: "file:a", operation: "append", args: [x] });
          const answer = await connection.receive();
          if (answer === null) written.push(x);
          connection.end();
          await host.sleep(2);
        }
      },
    });
    const [file, ...others] = run.files.filter(({ identifier }) => identifier === "file:a");
    assert.equal([file?.host, others], ["b", []]);
    assert.ok(written.length > 3 && written.length < 60, `${written.length} lines`);
    assert.equal(
      file?.numbers.filter((x) => x >= 100),
      written,
    );
  },
);

handOver.run();
