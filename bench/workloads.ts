import { compiledLoop, node, type Peer, simpy } from "./peers.js";

/** One line of the table: the same work done by us and by a peer. */
export interface Comparison {
  readonly workload: string;
  /** What is counted: the table shows the time for one. */
  readonly unit: string;
  readonly ours: readonly string[];
  readonly peer: string;
  readonly theirs: Peer;
  /** What the peer is asked to do; less work where it is slow, as the time is taken for one unit. */
  readonly arguments: readonly string[];
  /** The least ratio of the peer's time to ours that we want. */
  readonly aim: number;
  /** What both results must be near to (within 15 %), so that both did the same work. */
  readonly result?: number;
}

/** All comparisons; makes the peers ready on the way. */
export function comparisons(): Comparison[] {
  const cpp = compiledLoop();
  const py = simpy();
  const scheduler = node("ours/scheduler.ts");
  const list: Comparison[] = [];
  for (const [pending, aim] of [
    ["10000", 1.5],
    ["1000000", 1.1],
  ] as const) {
    const workload = `hold model, ${Number(pending).toLocaleString("en")} pending, Scheduler`;
    // Long enough that V8's compiler, at work in the first tenth of a second, weighs little; so are the queues below.
    const count = pending === "10000" ? "20000000" : "3000000";
    const ours = [...scheduler, "hold", pending, count];
    const common = { workload, unit: "event", ours };
    list.push({ ...common, peer: "C++", theirs: cpp, arguments: ["hold", pending, count], aim });
    const events = pending === "10000" ? "200000" : "300000";
    list.push({ ...common, peer: "SimPy", theirs: py, arguments: ["hold", pending, events], aim: 1 });
  }
  // Mean waits by Erlang's C for a mean service of 1 ms.
  for (const [servers, load, result, aim] of [
    ["1", "0.8", 4, 80],
    ["8", "0.9", 0.8769, 50],
  ] as const) {
    const workload = `M/M/${servers} at load ${load}, Scheduler`;
    const ours = [...scheduler, "queue", servers, load, "10000000"];
    const common = { workload, unit: "customer", ours, result };
    list.push({ ...common, peer: "SimPy", theirs: py, arguments: ["queue", servers, load, "100000"], aim });
    list.push({ ...common, peer: "C++", theirs: cpp, arguments: ["queue", servers, load, "10000000"], aim: 0.5 });
  }
  const world = node("ours/world.ts");
  const add = (
    workload: string,
    unit: string,
    ours: string[],
    theirs: string[],
    aim: number,
    result?: number,
  ): void => {
    list.push({ workload, unit, ours: [...world, ...ours], peer: "SimPy", theirs: py, arguments: theirs, aim, result });
  };
  add(
    "M/M/1 at load 0.8, async programs",
    "customer",
    ["queue", "1", "0.8", "1000000"],
    ["queue", "1", "0.8", "50000"],
    15,
    4,
  );
  add("10,000 programs × 100 sleeps", "sleep", ["sleeps", "10000", "100"], ["sleeps", "10000", "20"], 2.5);
  const floor = { peer: "bare promises", theirs: { command: node("peers/promises.ts") }, aim: 0.5 };
  for (const { workload, unit, ours, result } of list.slice(-2)) {
    list.push({ workload, unit, ours, result, ...floor, arguments: ours.slice(world.length) });
  }
  add("messages to and fro, trace off", "message", ["messages", "300000", "0"], ["messages", "50000"], 2);
  add("messages to and fro, trace on", "message", ["messages", "300000", "1"], ["messages", "50000"], 1.5);
  // Tries a call by theory: 1 / (1 - 0.2)².
  add("calls over datagrams, a fifth lost, trace off", "call", ["calls", "150000"], ["calls", "20000"], 1.5, 1.5625);
  const live = node("ours/live.ts");
  for (const kind of ["stream", "short"]) {
    const count = kind === "stream" ? "20000" : "1000";
    list.push({
      workload: kind === "stream" ? "live: messages to and fro, one connection" : "live: short connections",
      unit: kind === "stream" ? "message" : "connection",
      ours: [...live, kind, count],
      peer: "node:net",
      theirs: { command: node("peers/net-echo.ts") },
      arguments: [kind, count],
      aim: 0.5,
    });
  }
  // The machine stops at any instruction and can be moved; V8 makes native code of the module. The aim is a sixtieth of its speed.
  for (const [program, n, result] of [
    ["sieve", "1000000", 78498],
    ["nbody", "50000", -0.169],
    ["sha256", "1000000", 738397513],
    ["words", "20000", undefined],
  ] as const) {
    list.push({
      workload: `abstract machine: ${program}`,
      unit: "run",
      ours: [...node("ours/machine.ts"), program, n],
      peer: "V8's WebAssembly",
      theirs: { command: node("peers/v8.ts") },
      arguments: [program, n],
      aim: 1 / 60,
      result,
    });
  }
  return list;
}
