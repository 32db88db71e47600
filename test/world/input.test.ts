import {
  type Fault,
  type Host,
  type HostSpec,
  type Job,
  on,
  type RunLiveOptions,
  runLive,
  scenario,
  simulate,
} from "kernel-lib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { failureOf, inBothWorlds } from "./both-worlds.js";

const test = suite("input");

const nothing = async (_: Host) => undefined;
// biome-ignore lint/suspicious/noExplicitAny: wrong on purpose
type Wrong = any;
const spec = (more: Wrong): Wrong => ({ hosts: { a: {}, b: {} }, programs: { p: on("a", nothing) }, ...more });
const host = (a: Wrong): Wrong => spec({ hosts: { a, b: {} } });
const net = (network: Wrong): Wrong => spec({ network });
const fault = (one: Wrong, more: Wrong = {}): Wrong => spec({ faults: [one], ...more });

const cyclic: unknown[] = [];
cyclic.push(cyclic);

const refusals: [input: Wrong, message: string][] = [
  [undefined, "its argument must be an object with hosts and programs, got undefined"],
  [{ ...spec({}), host: {} }, "host is not a field here; there are hosts, network, faults, programs, limitMs"],
  [spec({ hosts: [] }), "hosts must be an object of machines by name, got []"],
  [spec({ hosts: {} }), "hosts must be 1 to 100000 machines by name, got 0"],
  [spec({ hosts: { "": {} } }), 'hosts must be names other than "" and "*", got ""'],
  [spec({ hosts: { "*": {} } }), 'hosts must be names other than "" and "*", got "*"'],
  [host(1), "hosts.a must be an object such as { cores: 1 }, got 1"],
  [host({ core: 1 }), "hosts.a.core is not a field here; there are cores, disk, costs, bytesPerS"],
  [host({ cores: 2.5 }), "hosts.a.cores must be a whole number from 1 to 1024, got 2.5"],
  [host({ cores: 0 }), "hosts.a.cores must be a whole number from 1 to 1024, got 0"],
  [host({ bytesPerS: -1 }), "hosts.a.bytesPerS must be a finite number above 0, got -1"],
  [host({ bytesPerS: Number.NaN }), "hosts.a.bytesPerS must be a finite number above 0, got NaN"],
  [host({ disk: 5 }), "hosts.a.disk must be an object, got 5"],
  [host({ disk: { accessMs: -1 } }), "hosts.a.disk.accessMs must be a finite number of at least 0, got -1"],
  [host({ disk: { bytesPerS: 0 } }), "hosts.a.disk.bytesPerS must be a finite number above 0, got 0"],
  [host({ disk: { ms: 0 } }), "hosts.a.disk.ms is not a field here; there are accessMs, bytesPerS"],
  [host({ costs: { threadMs: "1" } }), 'hosts.a.costs.threadMs must be a finite number of at least 0, got "1"'],
  [
    host({ costs: { processMs: Infinity } }),
    "hosts.a.costs.processMs must be a finite number of at least 0, got Infinity",
  ],
  [
    host({ costs: { messageMs: Number.NaN } }),
    "hosts.a.costs.messageMs must be a finite number of at least 0, got NaN",
  ],
  [net(3), "network must be an object such as { latencyMs: 1 }, got 3"],
  [net({ latencyMs: Number.NaN }), "network.latencyMs must be a finite number of at least 0, got NaN"],
  [net({ latencyMs: -1 }), "network.latencyMs must be a finite number of at least 0, got -1"],
  [net({ bytesPerS: 0 }), "network.bytesPerS must be a finite number above 0, got 0"],
  [net({ lossRate: 1 }), "network.lossRate is not a field here; there are latencyMs, bytesPerS, datagrams, links"],
  [net({ datagrams: 0.1 }), "network.datagrams must be an object such as { loss: 0.1 }, got 0.1"],
  [
    net({ datagrams: { lost: 0.1 } }),
    "network.datagrams.lost is not a field here; there are loss, duplicates, jitterMs",
  ],
  [net({ datagrams: { loss: 1.1 } }), "network.datagrams.loss must be a probability from 0 to 1, got 1.1"],
  [net({ datagrams: { loss: Number.NaN } }), "network.datagrams.loss must be a probability from 0 to 1, got NaN"],
  [net({ datagrams: { duplicates: "1" } }), 'network.datagrams.duplicates must be a probability from 0 to 1, got "1"'],
  [net({ datagrams: { jitterMs: -1 } }), "network.datagrams.jitterMs must be a finite number of at least 0, got -1"],
  [
    net({ links: [{ between: ["a", "b"], datagrams: { loss: -1 } }] }),
    "network.links[0].datagrams.loss must be a probability from 0 to 1, got -1",
  ],
  [net({ links: {} }), "network.links must be an array of links, got an object (Object)"],
  [net({ links: [1] }), "network.links[0] must be an object such as { between: [a, b], latencyMs: 5 }, got 1"],
  [net({ links: [{ between: ["a"] }] }), 'network.links[0].between must be two hosts, got ["a"]'],
  [net({ links: [{ between: ["a", "c"] }] }), 'network.links[0].between must be one of the hosts a, b, got "c"'],
  [net({ links: [{ between: ["a", "a"] }] }), 'network.links[0].between must be two different hosts, got ["a", "a"]'],
  [
    net({ links: [{ between: ["a", "b"], latencyMs: -2 }] }),
    "network.links[0].latencyMs must be a finite number of at least 0, got -2",
  ],
  [
    net({ links: [{ between: ["a", "b"], bytesPerS: "x" }] }),
    'network.links[0].bytesPerS must be a finite number above 0, got "x"',
  ],
  [spec({ programs: undefined }), "programs must be an object of programs by name, got undefined"],
  [spec({ programs: { p: nothing } }), 'programs.p must be made by on("host", program, …), got the function nothing'],
  [spec({ programs: { p: [on("a", nothing), 1] } }), 'programs.p[1] must be made by on("host", program, …), got 1'],
  [spec({ programs: { p: on("c", nothing) } }), `programs.p's host must be one of the hosts a, b, got "c"`],
  [
    spec({ programs: { p: [on("a", nothing)], "p[0]": on("a", nothing) } }),
    "two programs are known as p[0]; rename one",
  ],
  [spec({ limitMs: 0 }), "limitMs must be a finite number above 0, got 0"],
  [spec({ faults: 1 }), "faults must be an array of faults, got 1"],
  [fault(1), "faults[0] must be an object such as { kind, atMs }, got 1"],
  [fault({ kind: "crash", host: "a" }), "faults[0].atMs must be a finite number of at least 0, got undefined"],
  [fault({ kind: "crash", host: "a", atMs: 11 }, { limitMs: 10 }), "faults[0].atMs is 11, past limitMs, which is 10"],
  [fault({ kind: "crush", atMs: 1 }), 'faults[0].kind must be kill, crash, restart, cut, heal or pause, got "crush"'],
  ...["toString", "constructor", "__proto__"].map((kind): [Wrong, string] => [
    fault({ kind, atMs: 1 }),
    `faults[0].kind must be kill, crash, restart, cut, heal or pause, got "${kind}"`,
  ]),
  [
    fault({ kind: "pause", host: "a", atMs: 1e308, forMs: 1e308 }),
    "faults[0].atMs must be at most 1e15 ms, got 1e+308",
  ],
  [fault({ kind: "pause", host: "a", atMs: 1, forMs: 1e308 }), "faults[0].forMs must be at most 1e15 ms, got 1e+308"],
  [spec({ limitMs: 1e16 }), "limitMs must be at most 1e15 ms, got 10000000000000000"],
  [net({ latencyMs: 1e16 }), "network.latencyMs must be at most 1e15 ms, got 10000000000000000"],
  [net({ bytesPerS: 1e-306 }), "network.bytesPerS must be at least 0.001 bytes a second, got 1e-306"],
  [host({ disk: { bytesPerS: 1e-4 } }), "hosts.a.disk.bytesPerS must be at least 0.001 bytes a second, got 0.0001"],
  [
    spec({ limitMs: 10, programs: { p: on("a", nothing).at(50) } }),
    "programs.p's startMs is 50, past limitMs, which is 10",
  ],
  [spec({ hosts: JSON.parse('{ "__proto__": {} }') }), 'hosts must be names other than "__proto__", got "__proto__"'],
  [
    spec({ programs: { ["__proto__"]: on("a", nothing) } }),
    'programs must be names other than "__proto__", got "__proto__"',
  ],
  [spec({ limitMs: cyclic }), "limitMs must be a finite number above 0, got [[…]]"],
  [fault({ kind: "crash", host: "c", atMs: 1 }), 'faults[0].host must be one of the hosts a, b, got "c"'],
  [
    fault({ kind: "crash", program: "p", atMs: 1 }),
    "faults[0].program is not a field here; there are kind, atMs, host",
  ],
  [fault({ kind: "kill", program: "q", atMs: 1 }), 'faults[0].program must be one of the programs p, got "q"'],
  [fault({ kind: "cut", between: ["a", "c"], atMs: 1 }), 'faults[0].between must be one of the hosts a, b, got "c"'],
  [fault({ kind: "cut", atMs: 1 }), "faults[0].between must be two hosts, got undefined"],
  [fault({ kind: "pause", host: "a", atMs: 1, forMs: 0 }), "faults[0].forMs must be a finite number above 0, got 0"],
];
for (const [input, message] of refusals) {
  test(`scenario refuses: ${message}`, async () => {
    assert.is(await failureOf(() => scenario(input)), `ParameterError: scenario: ${message}`);
  });
}

test("what is given for a run is checked before anything starts", async () => {
  let starts = 0;
  const plan = scenario({ hosts: { a: {} }, programs: { p: on("a", async () => starts++) } });
  const wrong: [work: () => unknown, message: string][] = [
    [() => on("a", 5 as Wrong), "on: program must be an async function of a host, got 5"],
    [() => on(5 as Wrong, nothing), "on: host must be a host's name, got 5"],
    [() => on("a", nothing).at(Number.NaN), "on(…).at: startMs must be a finite number of at least 0, got NaN"],
    [
      () => simulate({} as Wrong),
      "simulate: its first argument must be made by scenario({ … }), got an object (Object)",
    ],
    [() => simulate(plan, { seed: 1.5 }), "simulate: seed must be a whole number of at least 0, got 1.5"],
    [() => runLive({} as Wrong), "runLive: its first argument must be made by scenario({ … }), got an object (Object)"],
    [() => runLive(plan, { seed: -1 }), "runLive: seed must be a whole number of at least 0, got -1"],
    [
      () => simulate(Object.freeze({ limitMs: 1 }) as Wrong),
      "simulate: its first argument must be made by scenario({ … }), got an object (Object)",
    ],
    [
      () => simulate(plan, { sed: 3 } as Wrong),
      "simulate: sed is not a field here; there are seed, trace, signal, onProgress",
    ],
    [
      () => runLive(plan, { sed: 3 } as Wrong),
      "runLive: sed is not a field here; there are seed, trace, timeScale, maxRealMs, signal, onProgress",
    ],
    [() => runLive(plan, { timeScale: 0 }), "runLive: timeScale must be a finite number above 0, got 0"],
    [() => runLive(plan, { maxRealMs: Number.NaN }), "runLive: maxRealMs must be a finite number above 0, got NaN"],
  ];
  for (const play of [simulate, runLive]) {
    for (const [options, message] of [
      [null, "options must be an object such as { seed: 1 }, got null"],
      [{ signal: 5 }, "signal must be an AbortSignal, got 5"],
      [{ signal: { aborted: false } }, "signal must be an AbortSignal, got an object (Object)"],
      [{ onProgress: 5 }, "onProgress must be a function of the scenario's time, got 5"],
      [{ trace: "some" }, 'trace must be "all", "none" or an array of kinds, got "some"'],
      [{ trace: ["snd"] }, /^trace must be kinds of start, .*, got "snd"$/],
    ] as [Wrong, string | RegExp][]) {
      const failure = await failureOf(() => play(plan, options));
      const prefix = `ParameterError: ${play.name}: `;
      assert.ok(failure.startsWith(prefix), failure);
      if (typeof message === "string") assert.is(failure.slice(prefix.length), message);
      else assert.match(failure.slice(prefix.length), message);
    }
  }
  for (const [work, message] of wrong) assert.is(await failureOf(work), `ParameterError: ${message}`);
  assert.is(starts, 0);
});

test("a scenario is a frozen copy: what becomes of the objects it was given does not matter, nor is it forbidden", async () => {
  const links = [{ between: ["a", "b"] as ["a", "b"], latencyMs: 5 }];
  const given = {
    hosts: { a: { cores: 1, disk: { accessMs: 1 } }, b: {} },
    network: { latencyMs: 1, links },
    faults: [] as Fault<"a" | "b">[],
    programs: { many: [on("a", (h: Host) => h.disk.read("x").then(() => h.now()))] },
  };
  const plan = scenario(given);
  given.hosts.a.cores = Number.NaN;
  given.hosts.a.disk.accessMs = 7;
  given.faults.push({ kind: "crash", host: "a", atMs: 0 });
  links.length = 0;
  given.programs.many.length = 0;
  assert.equal((await simulate(plan)).results.many, [1]);
  const copied: Wrong = plan;
  for (const change of [
    () => copied.faults.push(1),
    () => copied.programs.many.pop(),
    () => (copied.programs.many[0].startMs = 1),
    () => (copied.hosts.a.disk.accessMs = 1),
    () => copied.network.links[0].between.pop(),
  ])
    assert.match(await failureOf(change), /^TypeError/);
});

test("a live run that would take too long is refused with a smaller proposal, one without end too", async () => {
  const sleeper = (ms: number) => scenario({ hosts: { a: {} }, programs: { p: on("a", (h: Host) => h.sleep(ms)) } });
  const message = await failureOf(() => runLive(sleeper(1000), { timeScale: 30 }));
  assert.match(message, /^ParameterError: runLive: the scenario takes 1000 ms .* timeScale: 10/);
  const endless = scenario({
    hosts: { a: {} },
    programs: {
      p: on("a", async (h: Host) => {
        for (;;) await h.sleep(1000);
      }),
    },
  });
  assert.match(await failureOf(() => runLive(endless)), /^ParameterError: runLive: .* never ends/);
});

test("a refusal of a live run says how far it looked, and proposes a limit that is accepted and fits", async () => {
  const ticking = (ms: number, more: Wrong = {}) => {
    const program = async (h: Host) => {
      for (;;) await h.sleep(ms);
    };
    return scenario({ hosts: { a: {} }, programs: { p: on("a", program) }, ...more });
  };
  const faults = [{ kind: "pause", host: "a", atMs: 2e4, forMs: 1 }];
  const cases: [number, Wrong, RunLiveOptions, untilMs: number, limitMs: number][] = [
    [4e4, {}, { maxRealMs: 300 }, 3e4, 300],
    [1000, {}, { timeScale: 600, maxRealMs: 300 }, 3e4, 0.47],
    [1, {}, { maxRealMs: 0.5 }, 50, 0.47],
    [1000, { faults }, { maxRealMs: 300 }, 3e4, 300],
  ];
  for (const [ms, more, options, untilMs, limitMs] of cases) {
    const isLate = more.faults ? ", with no fault or start after it," : "";
    assert.is(
      await failureOf(() => runLive(ticking(ms, more), options)),
      `ParameterError: runLive: the scenario takes more than ${untilMs} ms in virtual time, or never ends; ` +
        `limitMs: ${limitMs}${isLate} would fit`,
    );
    const limited = await runLive(ticking(ms, { limitMs }), options);
    assert.ok(limited.reachedLimit);
  }
});

inBothWorlds(test, "what a program asks in vain fails in the program, with the field and what came", async (play) => {
  const program = async (h: Host) => {
    const connection = () => h.connect("b", 7);
    await h.listen(7);
    const mine = await h.connect("a", 7);
    const wrong: [() => unknown, string][] = [
      [() => h.sleep(Number.NaN), "sleep: ms must be a finite number of at least 0, got NaN"],
      [
        () => h.sleep(-1),
        "sleep: ms must be a finite number of at least 0 (sleepUntil also takes a time that has passed), got -1",
      ],
      [() => h.sleepUntil(Infinity), "sleepUntil: timeMs must be a finite number, got Infinity"],
      [() => h.sleep(1e308), "sleep: ms must be at most 1e15 ms, got 1e+308"],
      [() => h.sleepUntil(1e308), "sleepUntil: timeMs must be at most 1e15 ms, got 1e+308"],
      [() => h.compute(1e308), "compute: ms must be at most 1e15 ms, got 1e+308"],
      [() => h.connect("b", 7, { timeoutMs: 1e308 }), "connect: timeoutMs must be at most 1e15 ms, got 1e+308"],
      [() => mine.receive({ timeoutMs: 1e308 }), "receive: timeoutMs must be at most 1e15 ms, got 1e+308"],
      [() => h.queue().take({ timeoutMs: 1e308 }), "take: timeoutMs must be at most 1e15 ms, got 1e+308"],
      [() => h.compute(-5), "compute: ms must be a finite number of at least 0, got -5"],
      [() => h.compute(5, { priority: Number.NaN }), "compute: priority must be a finite number, got NaN"],
      [() => h.compute(5, { signal: {} as Wrong }), "compute: signal must be an AbortSignal, got an object (Object)"],
      [() => h.queue(0), "queue: capacity must be a whole number of at least 1, or Infinity, got 0"],
      [() => h.listen(65536), "listen: port must be a whole number from 0 to 65535, got 65536"],
      [() => h.listen("7" as Wrong), 'listen: port must be a whole number, got "7"'],
      [() => h.listen(8, { backlog: 0 }), "listen: backlog must be a whole number of at least 1, got 0"],
      [
        () => h.listen(8, { keepAlive: { idleMs: 0, intervalMs: 1, probes: 1 } }),
        "listen: keepAlive.idleMs must be a finite number above 0, got 0",
      ],
      [() => h.listen(8, { keepAlive: 1 as Wrong }), "listen: keepAlive must be { idleMs, intervalMs, probes }"],
      [() => h.connect("c", 7), 'connect: host must be one of the hosts a, b, got "c"'],
      [
        () => h.connect("b", 0),
        "connect: port must be a whole number from 1 to 65535 (a service that nobody has registered has none), got 0",
      ],
      [
        () => h.connect("b", undefined as Wrong),
        "connect: port must be a whole number from 1 to 65535 (a service that nobody has registered has none), got undefined",
      ],
      [() => h.compute(1, 5 as Wrong), "compute: options must be an object with priority, signal, or left out, got 5"],
      [() => h.compute(1, { priorty: 1 } as Wrong), "compute: priorty is not a field here; there are priority, signal"],
      [() => h.connect("b", 7, { timeoutMs: -1 }), "connect: timeoutMs must be a finite number above 0, got -1"],
      [() => mine.receive({ timeoutMs: 0 }), "receive: timeoutMs must be a finite number above 0, got 0"],
      [() => mine.onUrgent(1 as Wrong), "onUrgent: callback must be a function, got 1"],
      [() => h.spawn(1 as Wrong, { as: "thread" }), "spawn: program must be an async function of a host, got 1"],
      [() => h.spawn(nothing, { as: "fork" as Wrong }), 'spawn: as must be "thread" or "process", got "fork"'],
      [() => h.spawn(nothing, { as: "thread", name: "" }), 'spawn: name must be a text that is not empty, got ""'],
      [() => h.disk.read(""), 'disk.read: name must be a text that is not empty, got ""'],
      [() => h.disk.write(1 as Wrong, 1), "disk.write: name must be a text that is not empty, got 1"],
      [() => h.log(1 as Wrong), "log: event must be a text, got 1"],
    ];
    void connection;
    const got: [string, string][] = [];
    for (const [work, message] of wrong) got.push([await failureOf(work), `ParameterError: ${message}`]);
    const disk = await failureOf(() => h.disk.write("x", () => 1));
    return [
      ...got,
      [disk, 'MessageError: disk.write of "x": [function] can\'t be encoded: it holds a function'],
    ] as const;
  };
  const run = await play(scenario({ hosts: { a: {}, b: {} }, programs: { p: on("a", program) } }));
  const [disk, ...others] = [...run.results.p].reverse();
  for (const [got, expected] of others) assert.is(got, expected);
  assert.match(disk?.[0] ?? "", /^MessageError: disk\.write of "x": .* can't be encoded: it holds a function$/);
});

// ---- what the compiler must refuse: each line below is an error, else the type check of this file fails

const ping = async (_: Host, count: number): Promise<number[]> => [count];

/** Never called: only its types matter. */
export function typesAreChecked(): void {
  // @ts-expect-error a wrong argument
  on("client", ping, "oops");
  // @ts-expect-error a missing argument
  on("client", ping);
  // @ts-expect-error an argument too many
  on("client", ping, 1, 2);
  scenario({
    hosts: { server: {}, client: {} },
    // @ts-expect-error an unknown host
    programs: { p: on("cliente", ping, 1) },
  });
  scenario({
    hosts: { a: {}, b: {} },
    programs: {},
    // @ts-expect-error a fault of an unknown host
    faults: [{ kind: "crash", host: "c", atMs: 1 }],
  });
  scenario({
    hosts: { a: {}, b: {} },
    programs: {},
    // @ts-expect-error a link to an unknown host
    network: { links: [{ between: ["a", "c"] }] },
  });
  // @ts-expect-error a misspelt field
  const misspelt: HostSpec = { core: 2 };
  // @ts-expect-error a fault without its host
  const hostless: Fault = { kind: "crash", atMs: 1 };
  const job: Job<"client", number[]> = on("client", ping, 5).daemon().at(3);
  const plan = scenario({ hosts: { client: {} }, programs: { one: job, many: [on("client", ping, 1)] } });
  void simulate(plan).then(({ results }) => {
    const one: number[] = results.one;
    const many: readonly number[][] = results.many;
    // @ts-expect-error the result is numbers
    const text: string = results.one;
    void [one, many, text, misspelt, hostless];
  });
  void (async (host: Host) => {
    // @ts-expect-error spawn's arguments are checked too
    host.spawn(ping, { as: "thread" }, "oops");
    const exit = await host.spawn(ping, { as: "process" }, 1).done();
    if (exit.how === "returned") exit.value satisfies number[];
  });
}

test.run();
