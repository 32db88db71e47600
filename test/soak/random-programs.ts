import fc from "fast-check";
import { type Connection, type Host, type Listener, on, type Process, type Scenario, scenario } from "kernel-lib";

/** One line of a random program. Numbers that choose among things are taken modulo how many there are. */
export type Line =
  | { readonly do: "sleep" | "sleepUntil" | "put"; readonly ms: number }
  | { readonly do: "compute"; readonly ms: number; readonly priority: number }
  | { readonly do: "connect"; readonly to: number; readonly port: number; readonly timeoutMs: number }
  | { readonly do: "send"; readonly which: number; readonly bytes: number }
  | { readonly do: "receive" | "receiveUrgent" | "take"; readonly which: number; readonly timeoutMs: number }
  | { readonly do: "urgent" | "end" | "reset" | "kill" | "cancel" | "done"; readonly which: number }
  | { readonly do: "accept"; readonly port: number; readonly echoes: boolean }
  | {
      readonly do: "spawn";
      readonly as: "thread" | "process";
      readonly hands: boolean;
      readonly lines: readonly Line[];
    }
  | { readonly do: "write" | "read" | "remove"; readonly file: number; readonly bytes: number }
  | { readonly do: "critical"; readonly ms: number }
  | { readonly do: "log" };

const ms = fc.oneof(
  fc.constantFrom(0, 1, 5),
  fc.integer({ min: 0, max: 60 }),
  fc.double({ min: 0, max: 30, noNaN: true }),
);
const which = fc.nat({ max: 3 });
const timeoutMs = fc.constantFrom(1, 10, 50, 200);
const bytes = fc.oneof(fc.nat({ max: 50 }), fc.constantFrom(1000, 20_000, 70_000));

const simpleLine: fc.Arbitrary<Line> = fc.oneof(
  fc.record({ do: fc.constantFrom("sleep" as const, "sleepUntil" as const, "put" as const), ms }),
  fc.record({ do: fc.constant("compute" as const), ms, priority: fc.integer({ min: -1, max: 1 }) }),
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant("connect" as const), to: which, port: fc.nat({ max: 1 }), timeoutMs }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("send" as const), which, bytes }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom("receive" as const, "take" as const), which, timeoutMs }) },
  fc.record({ do: fc.constant("receiveUrgent" as const), which, timeoutMs }),
  fc.record({
    do: fc.constantFrom(
      "urgent" as const,
      "end" as const,
      "reset" as const,
      "kill" as const,
      "cancel" as const,
      "done" as const,
    ),
    which,
  }),
  fc.record({ do: fc.constant("accept" as const), port: fc.nat({ max: 1 }), echoes: fc.boolean() }),
  fc.record({ do: fc.constantFrom("write" as const, "read" as const, "remove" as const), file: which, bytes }),
  fc.record({ do: fc.constant("critical" as const), ms }),
  fc.record({ do: fc.constant("log" as const) }),
); // prettier-ignore

const lines: fc.Arbitrary<readonly Line[]> = fc.letrec<{ lines: readonly Line[]; line: Line }>((tie) => ({
  line: fc.oneof(
    { maxDepth: 2, depthIdentifier: "spawn" },
    { weight: 12, arbitrary: simpleLine },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constant("spawn" as const),
        as: fc.constantFrom("thread" as const, "process" as const),
        hands: fc.boolean(),
        lines: tie("lines"),
      }),
    },
  ),
  lines: fc.array(tie("line"), { minLength: 5, maxLength: 30, depthIdentifier: "spawn" }),
})).lines;

/** What one process shares among its threads. */
interface Memory {
  readonly connections: Connection[];
  readonly children: Process[];
  readonly listeners: Map<number, Listener>;
  readonly queue: ReturnType<Host["queue"]>;
  readonly mutex: ReturnType<Host["mutex"]>;
}

const newMemory = (host: Host): Memory => ({
  connections: [],
  children: [],
  listeners: new Map(),
  queue: host.queue(2),
  mutex: host.mutex(),
});

const pick = <T>(list: readonly T[], which: number): T | undefined => list[which % list.length];

/** Failures that a program has to reckon with; any other is a fault of the library. */
const expected = new Set(["ConnectionRefused", "ConnectionReset", "TimedOut", "AddressInUse", "Closed", "Cancelled"]);

/** Runs the lines, each failure a row in the trace. */
async function interpret(host: Host, lines: readonly Line[], memory: Memory): Promise<string> {
  for (const line of lines) {
    try {
      await runLine(host, line, memory);
    } catch (error) {
      const { name, message } = error as Error;
      if (!expected.has(name)) throw error;
      host.log(name, { message });
    }
  }
  return "done";
}

async function runLine(host: Host, line: Line, memory: Memory): Promise<void> {
  const connection = "which" in line ? pick(memory.connections, line.which) : undefined;
  const child = "which" in line ? pick(memory.children, line.which) : undefined;
  switch (line.do) {
    case "sleep":
      return host.sleep(line.ms);
    case "sleepUntil":
      return host.sleepUntil(line.ms * 5);
    case "compute":
      return host.compute(line.ms, { priority: line.priority, ...(connection && { signal: connection.signal }) });
    case "connect": {
      const opened = await host.connect(hostName(line.to), 1 + line.port, { timeoutMs: line.timeoutMs });
      opened.onUrgent((byte) => host.log("urgent", { byte }));
      memory.connections.push(opened);
      return;
    }
    case "send":
      return connection?.send(line.bytes % 2 ? new Uint8Array(line.bytes) : { text: "x".repeat(line.bytes) });
    case "receive":
      await connection?.receive({ timeoutMs: line.timeoutMs });
      return;
    case "receiveUrgent":
      await connection?.receiveUrgent({ timeoutMs: line.timeoutMs });
      return;
    case "urgent":
      return connection?.sendUrgent(7);
    case "end":
      return connection?.end();
    case "reset":
      return connection?.reset();
    case "put":
      if (!memory.queue.offer(line.ms)) host.log("full");
      return;
    case "take":
      await memory.queue.take({ timeoutMs: line.timeoutMs });
      return;
    case "accept":
      return accept(host, line.port, line.echoes, memory);
    case "spawn": {
      if (line.as === "thread") {
        memory.children.push(host.spawn(interpret, { as: "thread" }, line.lines, memory));
        return;
      }
      const handed = line.hands ? memory.connections.splice(0, 1) : [];
      const run = (own: Host, list: readonly Line[], connections: Connection[]) =>
        interpret(own, list, { ...newMemory(own), connections });
      memory.children.push(host.spawn(run, { as: "process", name: "child" }, line.lines, handed));
      return;
    }
    case "kill":
      return child?.kill();
    case "cancel":
      return child?.cancel();
    case "done":
      await child?.done();
      return;
    case "write":
      return host.disk.write(`f${line.file}`, new Uint8Array(line.bytes));
    case "read":
      await host.disk.read(`f${line.file}`);
      return;
    case "remove":
      await host.disk.remove(`f${line.file}`);
      await host.disk.list();
      return;
    case "critical":
      await memory.mutex.lock();
      try {
        await host.sleep(line.ms);
      } finally {
        memory.mutex.unlock();
      }
      return;
    case "log":
      return host.log("here", { random: host.random(), load: host.load() });
  }
}

/** Opens the port unless it is, takes one connection, and keeps it or answers what comes. */
async function accept(host: Host, port: number, echoes: boolean, memory: Memory): Promise<void> {
  let listener = memory.listeners.get(port);
  if (!listener) {
    listener = await host.listen(1 + port, { backlog: 1 + port });
    memory.listeners.set(port, listener);
  }
  const connection = await listener.accept();
  if (!echoes) memory.connections.push(connection);
  else host.spawn(async () => echo(connection), { as: "thread", name: "echo" });
}

async function echo(connection: Connection): Promise<void> {
  try {
    for await (const message of connection) await connection.send(message);
    connection.end();
  } catch (error) {
    if (!expected.has((error as Error).name)) throw error;
  }
}

/** A server that stays: echoes on one port, by threads or processes. */
async function server(host: Host, port: number, as: "thread" | "process", keepAlive: boolean): Promise<void> {
  const options = keepAlive ? { keepAlive: { idleMs: 30, intervalMs: 10, probes: 2 } } : {};
  for await (const connection of await host.listen(1 + port, options))
    host.spawn(async (_: Host, own: Connection) => echo(own), { as, name: "server's" }, connection);
}

const run = (host: Host, list: readonly Line[]): Promise<string> => interpret(host, list, newMemory(host));

const hostName = (i: number): string => `h${i % 3}`;

const rate = fc.constantFrom(undefined, 1e4, 1e6);
const defined = <T extends object>(value: T): T =>
  Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as T;
const hostSpec = fc.record({
  cores: fc.integer({ min: 1, max: 3 }),
  disk: fc.constantFrom({ accessMs: 2 }, { accessMs: 0, bytesPerS: 1e5 }, {}),
  costs: fc.constantFrom({}, { threadMs: 1, processMs: 5, messageMs: 0.5 }),
  bytesPerS: rate,
}); // prettier-ignore
const atMs = fc.nat({ max: 300 });
const between = fc.constantFrom(["h0", "h1"], ["h1", "h2"], ["h2", "h0"]) as fc.Arbitrary<[string, string]>;
const host = fc.nat({ max: 2 }).map(hostName);
const fault = fc.oneof(
  fc.record({ kind: fc.constant("kill" as const), program: fc.constantFrom("p[0]", "p[1]", "server[1]"), atMs }),
  fc.record({ kind: fc.constantFrom("crash" as const, "restart" as const), host, atMs }),
  fc.record({ kind: fc.constantFrom("cut" as const, "heal" as const), between, atMs }),
  fc.record({ kind: fc.constant("pause" as const), host, atMs, forMs: fc.integer({ min: 1, max: 80 }) }),
);

/** A random scenario of three machines, with its seed and where to cut the replay into steps. */
export const randomScenario: fc.Arbitrary<{ plan: Scenario; seed: number; stepMs: number }> = fc
  .record({
    hosts: fc.tuple(hostSpec, hostSpec, hostSpec),
    latencyMs: fc.constantFrom(0, 1, 3.7, 25),
    bytesPerS: rate,
    link: fc.option(fc.record({ between, latencyMs: fc.constantFrom(0, 11) }), { nil: undefined }),
    programs: fc.array(fc.record({ host, lines, startMs: fc.constantFrom(0, 0, 20) }), { minLength: 2, maxLength: 5 }),
    server: fc.record({
      host,
      port: fc.nat({ max: 1 }),
      as: fc.constantFrom("thread" as const, "process" as const),
      keepAlive: fc.boolean(),
    }),
    faults: fc.array(fault, { maxLength: 5 }),
    limitMs: fc.constantFrom(301, 600, 2000),
    seed: fc.nat({ max: 1000 }),
    stepMs: fc.constantFrom(0.9, 7, 50, 1000),
  })
  .map(({ hosts, latencyMs, bytesPerS, link, programs, server: s, faults, limitMs, seed, stepMs }) => {
    const [h0, h1, h2] = hosts.map(defined) as [object, object, object];
    const plan = scenario({
      hosts: { h0, h1, h2 } as Record<string, object>,
      network: defined({ latencyMs, bytesPerS, links: link ? [link] : [] }) as object,
      programs: {
        server: [0, 1, 2].map((i) => on(hostName(i), server, i % 2, s.as, s.keepAlive).daemon()),
        p: programs.map(({ host: where, lines: list, startMs }) => on(where, run, list).at(startMs)),
      },
      faults,
      limitMs,
    });
    return { plan: plan as unknown as Scenario, seed, stepMs };
  }); // prettier-ignore
