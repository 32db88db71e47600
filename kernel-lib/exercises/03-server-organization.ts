/** The exercises of notebook 03: organisations of a server, their limits, and two dispatchers. */
import _ from "lodash";
import { openLoop, poolServer } from "../server/index.js";
import { md1, mm1 } from "../theory/index.js";
import {
  type ChoiceExercise,
  exercise,
  type Figure,
  type NumberExercise,
  type ProgramExercise,
  spaceTime,
} from "../workbook/index.js";
import { type Host, on, scenario, simulate } from "../world/index.js";

interface Work {
  readonly computeMs: number;
  readonly waitMs: number;
}

const handle = async (host: Host, { computeMs, waitMs }: Work) => {
  await host.compute(computeMs);
  await host.sleep(waitMs);
  return "done";
};

const ask = async (host: Host, work: Work) => {
  const connection = await host.connect("server", 80);
  await connection.send(work);
  await connection.receive();
};

const threeAtOnce = scenario({
  hosts: { server: {}, ana: {}, bruno: {}, carla: {} },
  network: { latencyMs: 5 },
  programs: {
    server: on("server", poolServer, handle, { threads: 2 }).daemon(),
    responseMs: (["ana", "bruno", "carla"] as const).map((name) => on(name, ask, { computeMs: 20, waitMs: 40 })),
  },
});

/** Draws what three requests meet at a server whose organisation is not told. */
export const drawDiagram = async (): Promise<Figure> =>
  spaceTime(await simulate(threeAtOnce, { seed: 1 }), {
    title: "Who made this?",
    by: "host",
    logs: false,
    alt: "The server computes for two requests at the same time; their answers leave together. Then it computes for the third.",
  });

/** Which organisation made the diagram of {@link drawDiagram}? */
export const diagram: ChoiceExercise<"iterative" | "thread" | "pool" | "process"> = exercise({
  name: "03-diagram",
  statement: "Which organisation made the diagram?",
  choices: {
    iterative: "an iterative server",
    thread: "a thread for each request",
    pool: "a pool of two threads",
    process: "a process for each request",
  },
  correct: "pool",
  mistakes: {
    iterative:
      "An iterative server has one request in its hands at a time. How many answers leave the server at the same moment here?",
    thread:
      "Then the third request would be taken up as soon as it is there. When does the server begin to compute for it?",
    process:
      "Then, too, the third request would be taken up as soon as it is there. When does the server begin to compute for it?",
  },
  hints: [
    "Count how many requests are between their arrival and their answer, and how many of those are being worked on.",
  ],
});

/** How many requests a second a server with one disk can answer. */
export const disk: NumberExercise = exercise({
  name: "03-disk",
  statement: "12 ms of CPU, one request in five 90 ms of disk, one disk, very many threads: requests a second?",
  value: 1000 / Math.max(12, 90 / 5),
  unit: "requests/s",
  mistakes: [
    {
      name: "CPU only",
      value: 1000 / 12,
      hint: "That is what the CPU can do. Can the disk keep up with it?",
    },
    {
      name: "one thread",
      value: 1000 / (12 + 90 / 5),
      hint: "That is one thread, which does one after the other. With many, CPU and disk work at the same time.",
    },
    {
      name: "every request",
      value: 1000 / 90,
      hint: "You let every request go to the disk. Only one in five does.",
    },
    {
      name: "every request, one thread",
      value: 1000 / (12 + 90),
      hint: "Two things: only one request in five needs the disk, and with many threads CPU and disk work at the same time.",
    },
    {
      name: "only those of the disk",
      value: 1000 / (12 + 90 / 5) / 5,
      hint: "You counted only those that need the disk.",
    },
  ],
  hints: [
    "How many ms does the average request keep the CPU busy? And the disk?",
    "The busier of the two is busy all the time in the best case. That is the limit.",
  ],
});

const alike = { arrivalsPerS: 60, serviceMs: 10 };
/** The mean response time where all requests are alike. */
export const constantService: NumberExercise = exercise({
  name: "03-constant-service",
  statement: "Poisson arrivals, 60 a second; service of exactly 10 ms; one server: mean response time?",
  value: md1(alike).responseMs,
  unit: "ms",
  mistakes: [
    {
      name: "exponential",
      value: mm1(alike).responseMs,
      hint: "That is for exponential service. When all requests are alike, the wait (not the service) is another.",
    },
    {
      name: "wait only",
      value: md1(alike).waitMs,
      hint: "That is the wait. The response time is the wait and the service.",
    },
    {
      name: "halved all",
      value: mm1(alike).responseMs / 2,
      hint: "Only the wait is half of that with exponential service. The service itself stays.",
    },
    {
      name: "service only",
      value: 10,
      hint: "Arrivals are random: sometimes two come close together, and one of them waits.",
    },
  ],
  hints: ["What is the load? Begin with the wait of exponential service, and remember what variability does to it."],
});

/** Which organisation answers most requests, where a wait is hardly longer than a start. */
export const clockService: ChoiceExercise<"iterative" | "thread" | "process"> = exercise({
  name: "03-crossing",
  statement:
    "0.02 ms of CPU, 0.1 ms of waiting; a thread costs 0.026 ms, a process 0.193 ms: which organisation answers most?",
  choices: {
    iterative: "iterative",
    thread: "a thread for each request",
    process: "a process for each request",
  },
  correct: "thread",
  mistakes: {
    iterative:
      "A start costs nothing there. But what does the iterative server do while the clock is asked, and is that longer or shorter than starting a thread?",
    process: "Compare what a process costs with the wait that it saves.",
  },
  hints: ["How much time of the server does one request take: CPU and wait, or CPU and start?"],
});

/** What the reader writes: a pool of `threads` workers, in front of which at most `places` connections wait. */
export type BoundedServer = (host: Host, threads: number, places: number) => Promise<void>;
const serviceMs = 50;
const waves = (atMs: readonly number[]) =>
  atMs.map((arrivalMs) => ({ arrivalMs, computeMs: 0.001, waitMs: serviceMs }));
const tryBounded = async (
  answer: BoundedServer,
  threads: number,
  places: number,
  atMs: readonly number[],
  seed: number,
) => {
  const tried = scenario({
    hosts: { server: {}, clients: {} },
    network: { latencyMs: 1 },
    programs: {
      server: on("server", answer, threads, places).daemon(),
      load: on("clients", openLoop, waves(atMs), { timeoutMs: 3000 }),
      silent: on("clients", silent).at(6).daemon(),
    },
    limitMs: 5000,
  });
  return { ...(await simulate(tried, { seed })), threads, places, atMs };
};
// One client more, who says nothing: is it told "busy", and is its connection ended?
const silent = async (host: Host) => {
  const connection = await host.connect("server", 80);
  const heard = await connection.receive();
  return [heard, await connection.receive()];
};
const burstOf = (n: number, atMs = 0) => _.times(n, () => atMs);
/** A dispatcher with a bounded queue. */
export const boundedQueue: ProgramExercise<BoundedServer> = exercise({
  name: "03-bounded-queue",
  statement:
    'A pool of `threads` workers; at most `places` connections wait; who finds no place is answered "busy" at once.',
  scenarios: {
    "eight at once, two threads, three places": (answer: BoundedServer, seed) =>
      tryBounded(answer, 2, 3, burstOf(8), seed),
    "six at once, one thread, one place": (answer: BoundedServer, seed) => tryBounded(answer, 1, 1, burstOf(6), seed),
    "a second wave when the first has gone": (answer: BoundedServer, seed) =>
      tryBounded(answer, 2, 3, [...burstOf(5), ...burstOf(5, 400)], seed),
    "a second wave when some of the first were told busy": (answer: BoundedServer, seed) =>
      tryBounded(answer, 2, 3, [...burstOf(8), ...burstOf(5, 400)], seed),
    "nine at once, four threads, two places": (answer: BoundedServer, seed) =>
      tryBounded(answer, 4, 2, burstOf(9), seed),
    "nobody comes too many": (answer: BoundedServer, seed) => tryBounded(answer, 4, 2, [0, 0, 0, 10, 20], seed),
  },
  seeds: [1],
  claims: {
    "the server listens": (run) =>
      run.results.load.every((row) => row.outcome !== "refused") || "nobody listens on port 80",
    "every client gets an answer": (run) => {
      const left = run.results.load.filter((row) => row.outcome !== "answered" && row.outcome !== "busy");
      return left.length === 0 || `${left.length} of ${run.atMs.length} got none: ${left[0]!.outcome}`;
    },
    "no more than `threads` requests are handled at the same time": (run) => {
      const begins = run.rows.filter((row) => row.kind === "compute").map((row) => row.timeMs);
      const most = Math.max(
        ...begins.map((at) => begins.filter((other) => other <= at && other > at - serviceMs).length),
      );
      return most <= run.threads || `${most} were, with ${run.threads} threads`;
    },
    "of each wave, as many are served as there are threads and places": (run) => {
      const wanted = _.sum(
        _.map(_.countBy(run.atMs.map((at) => Math.floor(at / 100))), (n) => Math.min(n, run.threads + run.places)),
      );
      const served = run.results.load.filter((row) => row.outcome === "answered").length;
      return (
        served === wanted ||
        `${served} of ${run.atMs.length} were served and ${run.atMs.length - served} told "busy"; with ${run.threads} threads and ${run.places} places it must be ${wanted}`
      );
    },
    "who is told busy is told at once, and the connection is ended": (run) => {
      const end = run.outcomes.silent;
      const isFull = run.atMs.filter((at) => at === 0).length >= run.threads + run.places;
      if (isFull && !(end.how === "returned" && _.isEqual(end.value, ["busy", undefined])))
        return 'a client that said nothing was not told "busy", or its connection was left open';
      const slow = run.results.load.find((row) => row.outcome === "busy" && row.responseMs > 10);
      return !slow || `one heard "busy" after ${slow.responseMs} ms`;
    },
  },
  mistakes: [
    {
      name: "waits for a place",
      recognise: ({ run }) => run!.rows.some((row) => row.kind === "wait" && row.on.startsWith("put")),
      hint: "`put` waits until there is room, and your dispatcher with it. `offer` says at once whether there was room.",
    },
    {
      name: "a thread for each",
      recognise: ({ claim }) => claim.startsWith("no more than"),
      hint: "Somebody serves besides the `threads` workers. Start those once, before the loop; each takes one connection after another from a queue, and nobody else serves.",
    },
    {
      name: "never busy",
      recognise: ({ claim, run }) =>
        claim.startsWith("of each wave") &&
        run!.results.load.length > run!.threads + run!.places &&
        run!.results.load.every((row) => row.outcome === "answered"),
      hint: 'Nobody is told "busy". `host.queue(capacity)` makes a queue with a bound. (A backlog has one too, but says nothing to those who find no place.)',
    },
    {
      name: "no answer",
      recognise: ({ claim, run }) =>
        claim.startsWith("every client") &&
        run!.results.load.some((row) => row.outcome === "closed" || row.outcome === "reset"),
      hint: 'Those who find no place must hear something: `send("busy")` before you end the connection.',
    },
    {
      name: "keeps them hanging",
      recognise: ({ run }) => run!.results.load.some((row) => row.outcome === "timed out"),
      hint: "Some clients hear nothing at all. What becomes of a connection that `offer` did not take?",
    },
    {
      name: "counts those who are served",
      recognise: ({ run }) => {
        const served = run!.results.load.filter((row) => row.outcome === "answered").length;
        return served > 0 && served <= run!.places;
      },
      hint: "`places` counts those who wait. Those who are being served have left their place.",
    },
    {
      name: "room for those who are served",
      recognise: ({ run }) => {
        const told = run!.results.load.filter((row) => row.outcome === "busy").length;
        const most = run!.threads + run!.places;
        return told > 0 && _.uniq(run!.atMs).length === 1 && run!.atMs.length - told > most;
      },
      hint: "Too many wait. A worker takes its connection out of the queue, so the queue needs room for `places` connections and no more.",
    },
  ],
  hints: [
    "`threadPool` of part 3 is nearly it. What must change: the queue gets a capacity, and the dispatcher must not wait for room.",
    '`if (!waiting.offer(connection)) { await connection.send("busy"); connection.end(); }`',
  ],
});

/** What the reader writes: a pool of `threads` workers that serves urgent requests first. */
export type PriorityServer = (host: Host, threads: number) => Promise<void>;
interface Customer {
  name: string;
  urgent: boolean;
  atMs: number;
  hesitatesMs: number;
}
const customer = async (host: Host, { name, urgent, atMs, hesitatesMs }: Customer) => {
  await host.sleepUntil(atMs);
  const connection = await host.connect("server", 80);
  await host.sleep(hesitatesMs);
  await connection.send({ name, urgent, computeMs: 10, waitMs: 0 });
  const answer = await connection.receive();
  return { name, urgent, atMs: atMs + hesitatesMs, answer, answeredMs: host.now() };
};
const tryPriority = async (answer: PriorityServer, threads: number, who: readonly Customer[], seed: number) => {
  const tried = scenario({
    hosts: { server: { cores: threads }, clients: {} },
    programs: {
      server: on("server", answer, threads).daemon(),
      customers: who.map((one) => on("clients", customer, one)),
    },
    limitMs: 3000,
  });
  const run = await simulate(tried, { seed });
  const served = run.outcomes.customers.flatMap((outcome) => (outcome.how === "returned" ? [outcome.value] : []));
  return {
    ...run,
    threads,
    who,
    served,
    order: _.sortBy(served, "answeredMs").map((one) => one.name),
  };
};
const customers = (names: string, atMs: number, urgent = false, hesitatesMs = 0) =>
  [...names].map((name, i): Customer => ({ name, urgent, atMs: atMs + i, hesitatesMs }));
const inClass = (order: readonly string[], names: string) => order.filter((name) => names.includes(name)).join("");
/** A dispatcher with priorities. */
export const priorities: ProgramExercise<PriorityServer> = exercise({
  name: "03-priorities",
  statement: "A pool whose free workers take urgent requests first, and equal ones in the order of their coming.",
  scenarios: {
    "others come after urgent ones": (answer: PriorityServer, seed) =>
      tryPriority(answer, 1, [...customers("a", 0), ...customers("XY", 1, true), ...customers("bc", 3)], seed),
    "urgent ones come last": (answer: PriorityServer, seed) =>
      tryPriority(answer, 1, [...customers("abcd", 0), ...customers("XY", 5, true)], seed),
    "three urgent ones": (answer: PriorityServer, seed) =>
      tryPriority(answer, 1, [...customers("abcd", 0), ...customers("XYZ", 5, true)], seed),
    "two threads": (answer: PriorityServer, seed) =>
      tryPriority(answer, 2, [...customers("abcdef", 0), ...customers("XY", 6, true)], seed),
    "no urgent ones": (answer: PriorityServer, seed) => tryPriority(answer, 1, customers("abcde", 0), seed),
    "an urgent one finds everybody idle": (answer: PriorityServer, seed) =>
      tryPriority(answer, 1, [...customers("a", 0), ...customers("X", 40, true)], seed),
    "one client hesitates": (answer: PriorityServer, seed) =>
      tryPriority(answer, 1, [...customers("z", 0, false, 500), ...customers("abc", 5)], seed),
  },
  seeds: [1],
  claims: {
    "the server listens": (run) =>
      run.outcomes.customers.every(
        (outcome) => outcome.how !== "threw" || outcome.error.name !== "ConnectionRefused",
      ) || "nobody listens on port 80",
    'everybody is answered "done"': (run) => {
      const good = run.served.filter((one) => one.answer === "done").length;
      return good === run.who.length || `${good} of ${run.who.length} were`;
    },
    "a client who hesitates holds nobody up": (run) => {
      const late = run.served.find((one) => one.atMs < 100 && one.answeredMs > 200);
      return !late || `${late.name} had to wait until ${late.answeredMs} ms`;
    },
    "`threads` requests are served at the same time": (run) => {
      const prompt = run.served.filter((one) => one.atMs < 100);
      const last = Math.max(...prompt.map((one) => one.answeredMs));
      const lastCame = Math.max(...prompt.map((one) => one.atMs));
      const work = Math.max((10 * prompt.length) / run.threads, lastCame + 10);
      return last < work + 15 || `the last was answered at ${last} ms`;
    },
    "what has been begun is finished first": (run) => {
      const prompt = run.who.filter((one) => one.hesitatesMs === 0);
      const begun = _.map(_.sortBy(prompt, "atMs"), "name").slice(0, run.threads);
      const first = run.order.slice(0, run.threads);
      return (
        run.served.length < run.who.length ||
        _.isEqual([...first].sort(), begun.sort()) ||
        `${begun.join(" ")} had been begun, and the order of answers was ${run.order.join(" ")}`
      );
    },
    "urgent requests are taken before others that wait": (run) => {
      if (!run.who.some((one) => one.urgent)) return true;
      const urgent = _.map(_.filter(run.who, "urgent"), "name");
      const lastUrgent = Math.max(...urgent.map((name) => run.order.indexOf(name)));
      return (
        lastUrgent < run.threads + urgent.length ||
        `the order of answers was ${run.order.join(" ")} (urgent: ${urgent.join(" ")})`
      );
    },
    "no more than `threads` requests are served at the same time": (run) => {
      const begins = run.rows.filter((row) => row.kind === "compute").map((row) => row.timeMs);
      const most = Math.max(
        0,
        ...begins.map((at) => begins.filter((other) => other <= at && other > at - 9.999).length),
      );
      return most <= run.threads || `${most} were, with ${run.threads} threads`;
    },
    "requests of one kind are taken in the order of their coming": (run) =>
      (inClass(run.order, "XYZ") === inClass("XYZ".split(""), run.order.join("")) &&
        inClass(run.order, "abcdef") === [...inClass(run.order, "abcdef")].sort().join("")) ||
      `the order of answers was ${run.order.join(" ")}`,
  },
  mistakes: [
    {
      name: "sleeps beside the urgent line",
      recognise: ({ scenario, claim, run }) =>
        scenario.startsWith("an urgent one finds") &&
        claim.startsWith("everybody") &&
        run!.served.some((one) => one.answer === "done"),
      hint: "An urgent request that finds all workers idle is never answered: they wait where the other requests come in, and nothing wakes them. Let both kinds wake a worker, by tokens in one queue.",
    },
    {
      name: "waits in the dispatcher",
      recognise: ({ claim }) => claim.startsWith("a client who hesitates"),
      hint: "A client hesitates, and a worker or the dispatcher waits in `receive` for it: head-of-line blocking. Give the receiving to a thread for each connection.",
    },
    {
      name: "a thread for each",
      recognise: ({ claim, run }) =>
        claim.startsWith("urgent") &&
        run!.threads === 1 &&
        run!.rows.filter((row) => row.kind === "compute" && row.timeMs < 9).length > 2,
      hint: "You begin each request as soon as it is there, so nothing waits and priorities have nothing to choose from. Let `threads` workers take them one by one.",
    },
    {
      name: "upside down",
      recognise: ({ run }) => run!.order.join("") === "abcXY",
      hint: "Nearly: you serve the urgent ones last. Which line does a free worker look into first?",
    },
    {
      name: "pushes aside",
      recognise: ({ claim }) => claim.startsWith("what has been begun"),
      hint: "An urgent request pushes aside one that has been begun. `compute` with a priority does that; here a worker that is free chooses.",
    },
    {
      name: "ignores urgency",
      recognise: ({ claim, run }) => claim.startsWith("urgent") && run!.order.join("") === "abcdXY",
      hint: "You serve in the order of coming. Keep two lines, and let a free worker look into the urgent one first.",
    },
    {
      name: "last in, first out",
      recognise: ({ claim, run }) =>
        claim.startsWith("requests of one kind") && run!.order.indexOf("d") < run!.order.indexOf("b"),
      hint: "Within one kind you serve who came last first: `pop` takes from the end, `shift` from the beginning.",
    },
    {
      name: "one at a time",
      recognise: ({ claim, run }) => claim.startsWith("`threads`") && run!.threads > 1,
      hint: "Only one request is served at a time. Start as many workers as `threads` says.",
    },
  ],
  hints: [
    "Three kinds of threads: the dispatcher accepts; a reader for each connection receives its request and puts it in line; workers take from the line.",
    "A queue of tokens tells the workers that something is there: the reader pushes the request into one of two arrays and puts a token; a worker takes a token and then looks into the urgent array first.",
  ],
});
