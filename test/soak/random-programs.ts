import fc from "fast-check";
import {
  type Connection,
  type Datagrams,
  type Host,
  type Listener,
  on,
  type Process,
  type Scenario,
  scenario,
} from "kernel-lib";

/** One line of a random program. Numbers that choose among things are taken modulo how many there are. */
export type Line =
  | { readonly do: "sleep" | "sleepUntil" | "offer" | "put"; readonly ms: number }
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
      readonly throws: boolean;
      readonly lines: readonly Line[];
    }
  | { readonly do: "killSelf"; readonly spawns: readonly ("thread" | "process")[]; readonly kills: boolean }
  | { readonly do: "handListener"; readonly port: number; readonly lines: readonly Line[] }
  | { readonly do: "cancelSend"; readonly which: number; readonly bytes: number; readonly ms: number }
  | { readonly do: "fillAndLeave"; readonly to: number; readonly bytes: number; readonly ms: number }
  | { readonly do: "write" | "read" | "remove"; readonly file: number; readonly bytes: number }
  | {
      readonly do: "cast";
      readonly from: number;
      readonly to: number;
      readonly port: number;
      readonly bytes: number;
      readonly times: number;
    }
  | { readonly do: "hear"; readonly port: number; readonly timeoutMs: number; readonly answers: boolean }
  | { readonly do: "mute"; readonly port: number }
  | { readonly do: "critical"; readonly mutex: number; readonly ms: number }
  | { readonly do: "lock" | "unlock"; readonly mutex: number }
  | { readonly do: "log" };

const ms = fc.oneof(
  fc.constantFrom(0, 1, 5),
  fc.integer({ min: 0, max: 60 }),
  fc.double({ min: 0, max: 30, noNaN: true }),
);
const which = fc.nat({ max: 3 });
const mutex = fc.nat({ max: 1 });
const datagramPort = fc.nat({ max: 1 });
const timeoutMs = fc.constantFrom(1, 10, 50, 200);
const bytes = fc.oneof(fc.nat({ max: 50 }), fc.constantFrom(1000, 20_000, 70_000));

const simpleLine: fc.Arbitrary<Line> = fc.oneof(
  fc.record({ do: fc.constantFrom("sleep" as const, "sleepUntil" as const, "offer" as const, "put" as const), ms }),
  fc.record({ do: fc.constant("compute" as const), ms, priority: fc.integer({ min: -1, max: 1 }) }),
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant("connect" as const), to: which, port: fc.nat({ max: 2 }), timeoutMs }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("send" as const), which, bytes }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom("receive" as const, "take" as const), which, timeoutMs }) },
  fc.record({ do: fc.constant("receiveUrgent" as const), which, timeoutMs }),
  { weight: 2, arbitrary: fc.record({ do: fc.constant("urgent" as const), which }) },
  fc.record({
    do: fc.constantFrom("end" as const, "reset" as const, "kill" as const, "cancel" as const, "done" as const),
    which,
  }),
  fc.record({ do: fc.constant("accept" as const), port: fc.nat({ max: 1 }), echoes: fc.boolean() }),
  fc.record({ do: fc.constantFrom("write" as const, "read" as const, "remove" as const), file: which, bytes }),
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("cast" as const),
      from: datagramPort,
      to: which,
      port: fc.constantFrom(0, 1, 9, 10, 10, 11),
      bytes: fc.constantFrom(0, 7, 1000, 8192),
      times: fc.constantFrom(1, 2, 12),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("hear" as const),
      port: datagramPort,
      timeoutMs,
      answers: fc.boolean(),
    }),
  },
  fc.record({ do: fc.constant("mute" as const), port: datagramPort }),
  fc.record({ do: fc.constant("critical" as const), mutex, ms }),
  fc.record({ do: fc.constantFrom("lock" as const, "unlock" as const), mutex }),
  fc.record({ do: fc.constant("cancelSend" as const), which, bytes: fc.constantFrom(20_000, 70_000), ms }),
  fc.record({ do: fc.constant("log" as const) }),
);

/** What nothing follows: the process kills itself, or returns with a send that it has cancelled. */
const lastLine: fc.Arbitrary<Line> = fc.oneof(
  fc.record({
    do: fc.constant("killSelf" as const),
    spawns: fc.array(fc.constantFrom("thread" as const, "process" as const), { maxLength: 2 }),
    kills: fc.boolean(),
  }),
  fc.record({ do: fc.constant("fillAndLeave" as const), to: which, bytes: fc.constantFrom(20_000, 70_000), ms }),
);

const lines: fc.Arbitrary<readonly Line[]> = fc.letrec<{ lines: readonly Line[]; line: Line }>((tie) => ({
  line: fc.oneof(
    { maxDepth: 2, depthIdentifier: "spawn" },
    { weight: 14, arbitrary: simpleLine },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constant("spawn" as const),
        as: fc.constantFrom("thread" as const, "process" as const),
        hands: fc.boolean(),
        throws: fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, fc.constant(true)),
        lines: tie("lines"),
      }),
    },
    fc.record({ do: fc.constant("handListener" as const), port: fc.nat({ max: 1 }), lines: tie("lines") }),
  ),
  lines: fc
    .tuple(
      fc.array(tie("line"), { minLength: 5, maxLength: 30, depthIdentifier: "spawn" }),
      fc.option(lastLine, { freq: 2, nil: undefined }),
    )
    .map(([list, last]) => (last ? [...list, last] : list)),
})).lines;

/** What one process shares among its threads. */
interface Memory {
  readonly connections: Connection[];
  readonly children: Process[];
  readonly listeners: Map<number, Listener>;
  readonly datagrams: Map<number, Datagrams>;
  readonly queue: ReturnType<Host["queue"]>;
  readonly mutexes: readonly Lock[];
}

interface Lock {
  readonly mutex: ReturnType<Host["mutex"]>;
  isHeld: boolean;
}

const newMemory = (host: Host): Memory => ({
  connections: [],
  children: [],
  listeners: new Map(),
  datagrams: new Map(),
  queue: host.queue(2),
  mutexes: [0, 1].map(() => ({ mutex: host.mutex(), isHeld: false })),
});

const pick = <T>(list: readonly T[], which: number): T | undefined => list[which % list.length];

/** Failures that a program has to reckon with; any other is a fault of the library. */
const expected = new Set(["ConnectionRefused", "ConnectionReset", "TimedOut", "AddressInUse", "Closed", "Cancelled"]);

/** Which messages a side of a connection hears. */
const hears = new WeakMap<Connection, "out" | "in">();

/** A row that says who owns a side of a connection. */
function own(host: Host, connection: Connection, direction = hears.get(connection) as "out" | "in"): Connection {
  hears.set(connection, direction);
  host.log("owns", { connection: connection.id, hears: direction });
  return connection;
}

/** A row for a failure that a program has to reckon with, and what it happened to. */
function logFailure(host: Host, error: unknown, connection?: Connection, fields: object = {}): void {
  const { name, message } = error as Error;
  if (!expected.has(name)) throw error;
  host.log(name, { message, ...(connection && { hears: hears.get(connection) }), ...fields });
}

/** Runs the lines, each failure a row in the trace. */
async function interpret(host: Host, lines: readonly Line[], memory: Memory): Promise<string> {
  for (const line of lines) {
    const connection = "which" in line ? pick(memory.connections, line.which) : undefined;
    try {
      await runLine(host, line, memory, connection);
    } catch (error) {
      logFailure(host, error, connection);
    }
  }
  return "done";
}

/** As a child does it: an error of its own at the end, if it is to throw. */
async function interpretAsChild(host: Host, lines: readonly Line[], memory: Memory, throws: boolean): Promise<string> {
  await interpret(host, lines, memory);
  if (throws) throw new Error("on purpose");
  return "done";
}

async function runLine(host: Host, line: Line, memory: Memory, connection: Connection | undefined): Promise<void> {
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
      memory.connections.push(own(host, opened, "in"));
      return;
    }
    case "send":
      return connection?.send(line.bytes % 2 ? new Uint8Array(line.bytes) : { text: "x".repeat(line.bytes) });
    case "receive":
      if (connection && (await connection.receive({ timeoutMs: line.timeoutMs })) === undefined)
        host.log("ended", { connection: connection.id, hears: hears.get(connection) });
      return;
    case "receiveUrgent":
      await connection?.receiveUrgent({ timeoutMs: line.timeoutMs });
      return;
    case "urgent":
      return connection?.sendUrgent(7);
    case "end":
      return connection?.end();
    case "reset":
      if (connection) host.log("resets", { connection: connection.id });
      return connection?.reset();
    case "cancelSend": {
      if (!connection) return;
      return cancelSend(host, connection, line, () => memory.connections.includes(connection));
    }
    case "fillAndLeave": {
      const opened = await host.connect(hostName(line.to), sinkPort, { timeoutMs: 50 });
      own(host, opened, "in");
      await cancelSend(host, opened, line, () => true);
      return opened.end();
    }
    case "put":
      return memory.queue.put(line.ms);
    case "offer":
      if (!memory.queue.offer(line.ms)) host.log("full");
      return;
    case "take":
      await memory.queue.take({ timeoutMs: line.timeoutMs });
      return;
    case "accept":
      return accept(host, line.port, line.echoes, memory);
    case "spawn": {
      if (line.as === "thread") {
        memory.children.push(host.spawn(interpretAsChild, { as: "thread" }, line.lines, memory, line.throws));
        return;
      }
      const handed = line.hands ? memory.connections.splice(0, 1) : [];
      const run = async (child: Host, list: readonly Line[], connections: Connection[]) => {
        for (const connection of connections) own(child, connection);
        return interpretAsChild(child, list, { ...newMemory(child), connections }, line.throws);
      };
      memory.children.push(host.spawn(run, { as: "process", name: "child" }, line.lines, handed));
      return;
    }
    case "handListener": {
      const listener = memory.listeners.get(line.port);
      if (!listener) return;
      memory.listeners.delete(line.port);
      const run = (child: Host, list: readonly Line[], port: number, handed: Listener) =>
        interpretAsChild(child, list, { ...newMemory(child), listeners: new Map([[port, handed]]) }, false);
      memory.children.push(host.spawn(run, { as: "process", name: "heir" }, line.lines, line.port, listener));
      return;
    }
    case "killSelf": {
      host.log("kills", { pid: host.pid });
      host.spawn(async () => undefined, { as: "thread", name: "doom" }).kill();
      for (const as of line.spawns) {
        const late = host.spawn(async () => undefined, { as, name: "late" });
        if (line.kills) late.kill();
      }
      return host.sleep(0);
    }
    case "kill":
      if (child) host.log("kills", { pid: child.pid });
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
    case "cast": {
      const open = await datagramsOf(host, line.from, memory);
      const to = { host: line.to === 3 ? "*" : hostName(line.to), port: 1 + line.port };
      for (let i = 0; i < line.times; i++) await open.send(to, new Uint8Array(line.bytes).fill(i));
      return;
    }
    case "hear": {
      const open = await datagramsOf(host, line.port, memory);
      const { from, message } = await open.receive({ timeoutMs: line.timeoutMs });
      if (line.answers) await open.send(from, { answer: message.length });
      return;
    }
    case "mute":
      memory.datagrams.get(line.port)?.close();
      memory.datagrams.delete(line.port);
      return;
    case "critical": {
      const lock = memory.mutexes[line.mutex] as Lock;
      await lock.mutex.lock();
      lock.isHeld = true;
      try {
        await host.sleep(line.ms);
      } finally {
        unlock(lock);
      }
      return;
    }
    case "lock": {
      const lock = memory.mutexes[line.mutex] as Lock;
      await lock.mutex.lock();
      lock.isHeld = true;
      return;
    }
    case "unlock":
      return unlock(memory.mutexes[line.mutex] as Lock);
    case "log":
      return host.log("here", { random: host.random(), load: host.load() });
  }
}

/** Sends more than the credit window holds, as long as the connection is this process's own, and stops a while later. */
async function cancelSend(
  host: Host,
  connection: Connection,
  { bytes, ms }: { readonly bytes: number; readonly ms: number },
  isOwn: () => boolean,
): Promise<void> {
  const send = async (thread: Host) => {
    try {
      for (let i = 0; i < 5 && isOwn(); i++) await connection.send(new Uint8Array(bytes));
    } catch (error) {
      logFailure(thread, error, connection);
    }
  };
  const sender = host.spawn(send, { as: "thread", name: "sender" });
  await host.sleep(ms);
  sender.cancel();
}

/** Whoever waits for the lock has it from now on. */
function unlock(lock: Lock): void {
  if (!lock.isHeld) return;
  lock.isHeld = false;
  lock.mutex.unlock();
}

/** Opens the port unless it is, takes one connection, and keeps it or answers what comes. */
async function accept(host: Host, port: number, echoes: boolean, memory: Memory): Promise<void> {
  let listener = memory.listeners.get(port);
  if (!listener) {
    listener = await host.listen(1 + port, { backlog: 1 + port });
    memory.listeners.set(port, listener);
  }
  const connection = await listener.accept();
  own(host, connection, "out");
  if (!echoes) memory.connections.push(connection);
  else host.spawn(async (thread: Host) => echo(thread, connection, false), { as: "thread", name: "echo" });
}

/** The port for datagrams, opened unless it is. */
async function datagramsOf(host: Host, port: number, memory: Memory): Promise<Datagrams> {
  const open = memory.datagrams.get(port) ?? (await host.datagrams(1 + port));
  memory.datagrams.set(port, open);
  return open;
}

/** Answers what comes; a sink takes its time and says nothing. */
async function echo(host: Host, connection: Connection, probes: boolean, sinks = false): Promise<void> {
  own(host, connection, "out");
  try {
    for await (const message of connection) await (sinks ? host.sleep(20) : connection.send(message));
    host.log("ended", { connection: connection.id, hears: "out" });
    connection.end();
  } catch (error) {
    logFailure(host, error, connection, { probes });
  }
}

/** Answers datagrams, for a while; what comes then is lost. */
async function answerDatagrams(host: Host, port: number): Promise<void> {
  const open = await host.datagrams(port);
  let received = 0;
  for await (const { from, message } of open) {
    await open.send(from, message);
    if (++received === 20) await host.sleep(30);
    if (received === 60) open.close();
  }
}

/** What a daemon does before it serves: nothing, or it waits for threads and processes of its own. */
type First = "nothing" | "done" | "put" | "lock";

const sinkPort = 3;

/** A server that stays: it serves one port, by threads or processes. */
async function server(
  host: Host,
  port: number,
  as: "thread" | "process",
  keepAlive: boolean,
  first: First,
): Promise<void> {
  const nap = async (own: Host) => own.sleep(3);
  if (first === "done") await host.spawn(nap, { as: "process", name: "nap" }).done();
  if (first === "put") {
    const queue = host.queue<number>(1);
    await queue.put(1);
    const taker = async (own: Host) => nap(own).then(() => queue.take());
    host.spawn(taker, { as: "thread", name: "taker" });
    await queue.put(2);
  }
  if (first === "lock") {
    const mutex = host.mutex();
    await mutex.lock();
    const holder = async (own: Host) => nap(own).then(() => mutex.unlock());
    host.spawn(holder, { as: "thread", name: "holder" });
    await mutex.lock();
  }
  host.spawn(answerDatagrams, { as: "thread" }, 10 + port);
  const options = keepAlive ? { keepAlive: { idleMs: 30, intervalMs: 10, probes: 2 } } : {};
  const serve = async (own: Host, connection: Connection) => echo(own, connection, keepAlive, 1 + port === sinkPort);
  try {
    for await (const connection of await host.listen(1 + port, options))
      host.spawn(serve, { as, name: "server's" }, connection);
  } catch (error) {
    // While it waited, another program may have opened the port.
    logFailure(host, error);
  }
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
});
const atMs = fc.nat({ max: 300 });
const chance = fc.constantFrom(undefined, 0.3);
const datagrams = fc.option(
  fc.record({ loss: chance, duplicates: chance, jitterMs: fc.constantFrom(undefined, 20) }).map(defined),
  { nil: undefined },
);
const between = fc.constantFrom(["h0", "h1"], ["h1", "h2"], ["h2", "h0"]) as fc.Arbitrary<[string, string]>;
const host = fc.nat({ max: 2 }).map(hostName);
const fault = fc.oneof(
  fc.record({
    kind: fc.constant("kill" as const),
    program: fc.constantFrom("p[0]", "p[1]", "p[2]", "server[1]", "late[0]"),
    atMs,
  }),
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
    datagrams,
    links: fc.array(
      fc.record({
        between,
        latencyMs: fc.constantFrom(undefined, 0, 11),
        bytesPerS: fc.constantFrom(undefined, 3e4, 1e7),
        datagrams,
      }),
      { maxLength: 3 },
    ),
    programs: fc.array(fc.record({ host, lines, startMs: fc.constantFrom(0, 0, 20) }), { minLength: 3, maxLength: 5 }),
    server: fc.record({
      host,
      port: fc.nat({ max: 1 }),
      as: fc.constantFrom("thread" as const, "process" as const),
      keepAlive: fc.boolean(),
      first: fc.constantFrom<First[]>("nothing", "nothing", "done", "put", "lock"),
    }),
    lateMs: fc.tuple(...[0, 1, 2].map(() => fc.integer({ min: 1, max: 150 }))),
    faults: fc.array(fault, { maxLength: 5 }),
    limitMs: fc.constantFrom(301, 600, 2000),
    seed: fc.nat({ max: 1000 }),
    stepMs: fc.constantFrom(0.9, 7, 50, 1000),
  })
  .map(
    ({
      hosts,
      latencyMs,
      bytesPerS,
      datagrams: fates,
      links,
      programs,
      server: s,
      lateMs,
      faults,
      limitMs,
      seed,
      stepMs,
    }) => {
      const [h0, h1, h2] = hosts.map(defined) as [object, object, object];
      const plan = scenario({
        hosts: { h0, h1, h2 } as Record<string, object>,
        network: defined({ latencyMs, bytesPerS, datagrams: fates, links: links.map(defined) }) as object,
        programs: {
          server: [0, 1, 2].map((i) => on(hostName(i), server, i % 2, s.as, s.keepAlive, s.first).daemon()),
          late: lateMs.map((startMs, i) => on(hostName(i), server, 2, s.as, s.keepAlive, s.first).daemon().at(startMs)),
          p: programs.map(({ host: where, lines: list, startMs }) => on(where, run, list).at(startMs)),
        },
        faults,
        limitMs,
      });
      return { plan: plan as unknown as Scenario, seed, stepMs };
    },
  );
