/** The exercises of notebook 04: leases, look-up against superserver, a client that is not fooled, a daemon with a memory. */
import _ from "lodash";
import { endpointDaemon, registerEndpoint } from "../server/index.js";
import { exercise, messages, type NumberExercise, type ProgramExercise } from "../workbook/index.js";
import { type Host, on, scenario, simulate, type TraceRow } from "../world/index.js";

/** The shortest lease that a daemon can bear. */
export const leaseForMany: NumberExercise = exercise({
  name: "04-lease",
  statement: "The shortest lease with which 300 services cause no more than 30 registrations a second.",
  value: (3 * 300) / 30,
  unit: "s",
  mistakes: [
    {
      name: "one renewal a lease",
      value: 10,
      hint: "They do not wait until the lease is over: how many registrations does a service send in one lease?",
    },
    {
      name: "one service",
      value: 0.1,
      hint: "That would do for a single service. There are 300.",
    },
    {
      name: "upside down",
      value: 1 / 30,
      hint: "That is a rate for each service, or its inverse. With a lease of *L* seconds, how many registrations come in a second?",
    },
  ],
  hints: ["With a lease of L seconds, a service registers 3/L times a second."],
});

/** The mean time of a request that is `workMs` of CPU time, exponential, at a rate. */
const cpuMs = (workMs: number, perS: number) => workMs / (1 - (workMs * perS) / 1000);

// Four ways of 5 ms and a start, or eight ways: below saturation the first rises faster, so they cross once.
function crossingPerS(): number {
  let [low, high] = [1, 66];
  while (high - low > 1e-9) {
    const middle = (low + high) / 2;
    if (20 + cpuMs(15, middle) < 40 + cpuMs(5, middle)) low = middle;
    else high = middle;
  }
  return low;
}

/** The rate at which superserver and look-up are equally fast. */
export const otherCrossing: NumberExercise = exercise({
  name: "04-crossing",
  statement:
    "The rate at which superserver and look-up first are equally fast: latency 5 ms, service 5 ms, start 10 ms.",
  value: crossingPerS,
  unit: "1/s",
  mistakes: [
    {
      name: "saturation",
      value: 1000 / 15,
      hint: "That is the rate at which the superserver can't keep up at all. It is slower than the other long before.",
    },
    {
      name: "idle resident server",
      value: 80 / 3,
      hint: "Nearly. You left the resident server at its unloaded 5 ms, but it is loaded by the same requests.",
    },
    {
      name: "per millisecond",
      recognise: (perS) => perS > 0.02 && perS < 0.04,
      hint: "That looks like requests in a millisecond. The question is for a second.",
    },
    {
      name: "start alone",
      recognise: (perS) => Math.abs(perS - 50) < 0.5 || Math.abs(perS - 63.4) < 0.5,
      hint: "The process must be started *and* serve: 15 ms of CPU for each request, not 10.",
    },
  ],
  hints: [
    "Write both response times as functions of the rate, as in `theoryMs`, and let `crossing` find where they meet.",
    "4·5 + 15/(1 − 0.015·x) = 8·5 + 5/(1 − 0.005·x)",
  ],
});

/** What the reader writes: a client that finds the text of a service. */
export type Finder = (host: Host, service: string) => Promise<string>;
interface Trouble {
  daemonAtMs?: number; // when the daemon starts
  serviceAtMs?: number; // when the service registers its new port
  stale?: "nobody" | "stranger" | "mute" | "broken"; // who is at the port that the daemon knows before
}
const texts: Record<string, string> = { time: "it is noon", stranger: "any time" };
const introduced = async (host: Host, name: string, port: number) => {
  const listener = await host.listen(port);
  for await (const connection of listener) {
    await connection.receive();
    if (name === "broken") {
      connection.reset();
      continue;
    } // its process ends, and the connection with it
    if (name !== "mute") await connection.send({ service: name, text: texts[name] });
    connection.end();
  }
};
const staged = async (host: Host, { daemonAtMs = 0, serviceAtMs = 0, stale }: Trouble) => {
  await host.sleepUntil(daemonAtMs);
  host.spawn(endpointDaemon, { as: "process" });
  await host.sleep(1);
  if (stale) await registerEndpoint(host, "time", 50001);
  if (stale && stale !== "nobody") host.spawn(introduced, { as: "process" }, stale, 50001);
  await host.sleepUntil(serviceAtMs);
  host.spawn(introduced, { as: "process" }, "time", 50002);
  await host.sleep(1);
  await registerEndpoint(host, "time", 50002);
};
const tryFinder = async (finder: Finder, trouble: Trouble, seed: number) => {
  const plan = scenario({
    hosts: { server: {}, client: {} },
    network: { latencyMs: 1 },
    programs: {
      server: on("server", staged, trouble).daemon(),
      found: on("client", finder, "time").at(20),
    },
    limitMs: 2000,
  });
  const run = await simulate(plan, { seed });
  const asked = messages(run).filter(({ from, connection }) => from === "client" && connection.endsWith(":111"));
  return { ...run, end: run.outcomes.found, askedMs: _.map(asked, "sentMs") };
};
/** A client that is not fooled by whoever answers. */
export const finders: ProgramExercise<Finder> = exercise({
  name: "04-finder",
  statement: "A client that finds the service behind a daemon that may be down, ignorant or wrong.",
  scenarios: {
    "all is well": (finder: Finder, seed) => tryFinder(finder, {}, seed),
    "the daemon starts late": (finder: Finder, seed) => tryFinder(finder, { daemonAtMs: 300 }, seed),
    "the service registers late": (finder: Finder, seed) => tryFinder(finder, { serviceAtMs: 800 }, seed),
    "somebody at the old port who ends before he answers": (finder: Finder, seed) =>
      tryFinder(finder, { serviceAtMs: 300, stale: "broken" }, seed),
    "nobody at the old port": (finder: Finder, seed) => tryFinder(finder, { serviceAtMs: 300, stale: "nobody" }, seed),
    "a stranger at the old port": (finder: Finder, seed) =>
      tryFinder(finder, { serviceAtMs: 300, stale: "stranger" }, seed),
    "somebody at the old port who ends without an answer": (finder: Finder, seed) =>
      tryFinder(finder, { serviceAtMs: 300, stale: "mute" }, seed),
  },
  seeds: [1],
  claims: {
    "the client ends without an error": ({ end }) =>
      end.how !== "threw" || `it threw ${end.error.name}: ${end.error.message}`,
    "it asks the daemon": ({ askedMs }) => askedMs.length > 0 || "nothing was sent to port 111",
    "it comes to an end": ({ end }) => end.how === "returned" || "it still ran after two seconds",
    "it returns the text of the right service": ({ end }) =>
      (end.how === "returned" && end.value === "it is noon") ||
      `it returned ${end.how === "returned" ? JSON.stringify(end.value) : "nothing"}`,
    "it waits between two tries": ({ askedMs }) =>
      askedMs.every((ms, i) => i === 0 || ms - askedMs[i - 1]! > 15) || "two look-ups came at once",
  },
  mistakes: [
    {
      name: "trusts whoever answers",
      recognise: ({ run }) => run!.end.how === "returned" && run!.end.value === "any time",
      hint: "You believed a stranger. The answer says whose it is: compare before you return it.",
    },
    {
      name: "looks up once",
      recognise: ({ run, claim }) => claim.startsWith("it comes") && run!.askedMs.length === 1,
      hint: "You try the same port again and again. It will not get better: ask the daemon anew before each try.",
    },
    {
      name: "gives up",
      recognise: ({ detail }) => /ConnectionRefused|ConnectionReset/.test(detail),
      hint: "A refusal or a broken connection is not the end: it means *not now*. Catch it, wait, and begin again with the look-up.",
    },
    {
      name: "takes no answer for one",
      recognise: ({ detail }) => /TypeError/.test(detail),
      hint: "`receive` returns `undefined` when the other side ends without an answer, and `lookUpEndpoint` when the daemon knows no port.",
    },
    {
      name: "hammers",
      recognise: ({ claim }) => claim.startsWith("it waits"),
      hint: "A daemon that has just come up is met by all its clients at once. Wait 20 ms between two tries.",
    },
  ],
  hints: [
    "One loop around everything: look up, connect, ask, compare; `try` around it, `await host.sleep(20)` behind it.",
    "for (;;) { try { … if (answer?.service === service) return answer.text; } catch {} await host.sleep(20); }",
  ],
});

interface Question {
  readonly verb: "register" | "unregister" | "look up";
  readonly service: string;
  readonly port?: number;
}

const askDaemon = async (host: Host, question: Question): Promise<number> => {
  const connection = await host.connect("server", 111);
  await connection.send(question);
  const port = await connection.receive();
  connection.end();
  return port;
};

/** What the reader writes: a daemon for port 111 that keeps what it knows on its disk. */
export type Daemon = (host: Host) => Promise<void>;
interface Step {
  ask?: Question; // none: only a crash
  crashAfterMs?: number; // counted from the question, or at once where there is none
}
const crash: Step = { crashAfterMs: 0 };
const register = (service: string, port: number): Step => ({
  ask: { verb: "register", service, port },
});
const unregister = (service: string): Step => ({ ask: { verb: "unregister", service } });
const lookUp = (service: string): Step => ({ ask: { verb: "look up", service } });
const time = register("time", 5001);
const askOrFail = (own: Host, ask: Question): Promise<number | string> =>
  askDaemon(own, ask).catch((error: Error) => error.name);
const session = async (host: Host, daemon: Daemon, steps: readonly Step[]) => {
  const start = async () => {
    const started = host.spawn(daemon, { as: "process", name: "daemon" });
    await host.sleep(100);
    return started;
  };
  let running = await start();
  const heard: (number | string)[] = [];
  for (const { ask, crashAfterMs } of steps) {
    const asked = ask && host.spawn(askOrFail, { as: "thread" }, ask);
    if (crashAfterMs !== undefined) {
      await host.sleep(crashAfterMs);
      running.kill();
      running = await start();
    }
    const end = await asked?.done();
    if (end) heard.push(end.how === "returned" ? end.value : end.how);
  }
  const kept: unknown[] = [];
  for (const name of await host.disk.list()) kept.push(await host.disk.read(name));
  return { heard, kept };
};
// What may be heard at each question: a change that a crash cut off has happened or not, but one of them for good.
const shouldHear = (steps: readonly Step[], heard: readonly (number | string)[]) => {
  const ports = new Map<string, (number | string)[]>();
  return steps
    .flatMap(({ ask, crashAfterMs }) => (ask ? [{ ...ask, isCutOff: crashAfterMs !== undefined }] : []))
    .map(({ verb, service, port = 0, isCutOff }, i) => {
      const before = ports.get(service) ?? [0];
      const answer = heard[i]!;
      const after = verb === "look up" ? before : [port];
      const open = isCutOff && typeof answer !== "number";
      const one = verb === "look up" && before.includes(answer) ? [answer] : after;
      ports.set(service, open ? [...before, ...after] : one);
      return open ? [answer] : after;
    });
};
const trySession = async (daemon: Daemon, steps: readonly Step[], seed: number) => {
  const plan = scenario({
    hosts: { server: { disk: { accessMs: 5 } } },
    programs: { session: on("server", session, daemon, steps) },
    limitMs: 5000,
  });
  const run = await simulate(plan, { seed });
  const end = run.outcomes.session;
  const { heard, kept } = end.how === "returned" ? end.value : { heard: ["no end" as const], kept: [] };
  return { ...run, heard, kept, expected: shouldHear(steps, heard) };
};
// A new port while the old one has been answered for, and a crash so long after the question.
const cutOffAfter = (crashAfterMs: number) => (daemon: Daemon, seed: number) => {
  const change = { ...register("time", 5009), crashAfterMs };
  const quote = register("quote", 5002);
  return trySession(daemon, [quote, time, change, lookUp("time"), lookUp("quote"), crash, lookUp("time")], seed);
};
const fellOver = (rows: readonly TraceRow[]) =>
  rows.some((row) => row.kind === "exit" && row.how === "threw" && /TypeError/.test(row.error ?? ""));
const usedDisk = (access: string) => (rows: readonly TraceRow[]) =>
  rows.some((row) => row.kind === "disk" && row.access?.startsWith(access));
const [wroteIn, removedIn] = [usedDisk("write"), usedDisk("remove")];
/** A daemon with a memory. */
export const memory: ProgramExercise<Daemon> = exercise({
  name: "04-memory",
  statement: "A daemon that knows after a crash all that it had answered for before.",
  scenarios: {
    "no crash": (daemon: Daemon, seed) =>
      trySession(daemon, [lookUp("time"), time, lookUp("time"), unregister("time"), lookUp("time")], seed),
    "a crash right after an answer": (daemon: Daemon, seed) => trySession(daemon, [time, crash, lookUp("time")], seed),
    "three services and two crashes": (daemon: Daemon, seed) => {
      const [quote, news] = [register("quote", 5002), register("news", 5003)];
      const all = [lookUp("time"), lookUp("quote"), lookUp("news")];
      return trySession(daemon, [time, quote, crash, news, crash, ...all], seed);
    },
    "unregistered before the crash": (daemon: Daemon, seed) =>
      trySession(daemon, [time, unregister("time"), crash, lookUp("time")], seed),
    "two services, and one is unregistered before the crash": (daemon: Daemon, seed) =>
      trySession(
        daemon,
        [register("quote", 5002), time, unregister("time"), crash, lookUp("time"), lookUp("quote")],
        seed,
      ),
    "a crash 7 ms after it was asked to unregister": (daemon: Daemon, seed) =>
      trySession(
        daemon,
        [register("quote", 5002), time, { ...unregister("time"), crashAfterMs: 7 }, lookUp("quote"), lookUp("time")],
        seed,
      ),
    "another port before the crash": (daemon: Daemon, seed) =>
      trySession(daemon, [time, register("time", 5009), crash, lookUp("time")], seed),
    "a crash 2 ms after a change was asked for": cutOffAfter(2),
    "a crash 7 ms after a change was asked for": cutOffAfter(7),
    "a crash 12 ms after a change was asked for": cutOffAfter(12),
    "a crash 17 ms after a change was asked for": cutOffAfter(17),
  },
  seeds: [1],
  claims: {
    "it answers every question": ({ heard, expected }) => {
      const unanswered = heard.find((port, i) => typeof port !== "number" && !expected[i]?.includes(port));
      return (heard.length === expected.length && unanswered === undefined) || `one was answered with ${unanswered}`;
    },
    "its answers are right, before a crash and after": ({ heard, expected }) => {
      const right = expected.map((ports) => ports.join(" or ")).join(", ");
      return (
        heard.every((port, i) => expected[i]?.includes(port)) ||
        `it said ${heard.join(", ")}, and ${right} would be right`
      );
    },
  },
  mistakes: [
    {
      name: "writes the Map itself",
      recognise: ({ scenario, run }) =>
        scenario.startsWith("a crash right") &&
        (run!.kept.includes("{}") || (_.some(run!.kept, _.isPlainObject) && fellOver(run!.rows))),
      hint: "A `Map` is not kept as a `Map`: `disk.write` makes a plain object of it, and `JSON.stringify` makes `{}`. Write `[...ports]`, an array that `new Map(…)` takes again.",
    },
    {
      name: "keeps all in memory",
      recognise: ({ scenario, run }) => scenario.startsWith("a crash right") && !wroteIn(run!.rows),
      hint: "Nothing was written to the disk: the memory of a process is gone with it.",
    },
    {
      name: "answers before it has written",
      recognise: ({ scenario, run }) => scenario.startsWith("a crash right") && wroteIn(run!.rows),
      hint: "The answer was out and the disk did not know yet; then came the crash. Await the write, and answer after it.",
    },
    {
      name: "keeps only the last",
      recognise: ({ scenario, run }) =>
        (scenario.startsWith("three") && run!.heard.slice(-3).filter(Boolean).length < 3) ||
        (scenario.includes("after a change") && run!.heard[4] === 0 && !removedIn(run!.rows)),
      hint: "After a crash some services are known and others are not. A write puts a value in the place of what stood there: write the whole table, or each service under a name of its own.",
    },
    {
      name: "forgets nothing",
      recognise: ({ scenario }) => scenario.startsWith("unregistered"),
      hint: "What was unregistered came back after the crash. The disk must hear of that as well.",
    },
    {
      name: "leaves a gap",
      recognise: ({ scenario, run }) => scenario.includes("after a change") && wroteIn(run!.rows),
      hint: "The crash came between two steps on the disk, and what you had answered for was gone. One `write` puts the new value in the place of the old one: take nothing away before it.",
    },
  ],
  hints: [
    'Read once, before you listen: `new Map((await host.disk.read("ports")) ?? [])`. Write after each change: `[...ports]` is an array that can be read again.',
    "The order for a change: memory, disk (await it!), answer.",
  ],
});
