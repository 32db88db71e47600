/** The exercises of notebook 05: keepalive, the urgent mark, and stopping a request safely. */
import _ from "lodash";
import { type ChoiceExercise, exercise, type NumberExercise, type ProgramExercise } from "../workbook/index.js";
import { type Connection, type Host, on, scenario, simulate } from "../world/index.js";

/** How long a dead machine looks alive. */
export const keepAlive: NumberExercise = exercise({
  name: "05-keepalive",
  statement: "Silence for 10 s, then 3 questions, 2 s apart: when does the server give up?",
  value: 10 + 3 * 2,
  unit: "s",
  mistakes: [
    {
      name: "only the questions",
      value: 6,
      hint: "That is from the first question on. How long is it silent before?",
    },
    {
      name: "only the silence",
      value: 10,
      hint: "After 10 s it only begins to ask. Somebody who does not answer at once may still answer.",
    },
    {
      name: "gives up at the first question",
      value: 12,
      hint: "One question without an answer may have been lost on its way. It gives up at the third.",
    },
    {
      name: "gives up when it asks for the last time",
      value: 14,
      hint: "The last question, too, is given its 2 s to be answered.",
    },
    {
      name: "one question too many",
      value: 18,
      hint: "The first question is asked at 10 s, not at 12 s.",
    },
    {
      name: "waits the silence out again",
      value: 20,
      hint: "That is another 10 s after the silence. From the first question on there are 3 of them, and 2 s for each.",
    },
    {
      name: "silence before each question",
      value: 36,
      hint: "The 10 s are waited once. From then on it asks every 2 s.",
    },
  ],
  hints: ["Draw a line of time. When is each of the three questions asked, and when is it too late to answer it?"],
});

/** Where the urgent mark is. */
export const mark: ChoiceExercise<"whole" | "late" | "split" | "joined" | "first"> = exercise({
  name: "05-mark",
  statement: "What do two calls of `receive` give, after an urgent STOP and an ordinary NOW?",
  choices: {
    whole: '"STOP", then "NOW"',
    late: '"NOW", and "STOP" only by receiveUrgent',
    split: '"STO", then "NOW"',
    joined: '"STONOW" in one call',
    first: '"TOP", then "NOW"',
  },
  correct: "split",
  mistakes: {
    whole: "Then nothing would be urgent at all. One byte of the four is kept beside the stream. Which?",
    late: "TCP has no urgent messages, only a mark in the stream. Which of the four bytes is at the mark?",
    joined: "The byte is right. But does one `receive` read past the mark? See the column `firstRead` in part 5.",
    first: "The urgent pointer says where the urgent part ends, not where it begins.",
  },
  hints: ["Look at the rows `[abc]` and `abc [X] def` of the table in part 5."],
});

/** What a server does when a request begins and ends, and when a stop comes. */
export interface StopProtocol {
  /** @returns false if it must not begin. */
  begins(number: number, abort: () => void): boolean;
  /** It was finished, or aborted. */
  ends(number: number): void;
  /** @returns what the client is answered. */
  stop(number: number): "stopped" | "too late";
}

// As the notebook shows it.
const unsafe = (): StopProtocol => {
  let abort = () => {};
  const begins = (_number: number, how: () => void) => {
    abort = how;
    return true;
  };
  const stop = () => {
    abort();
    return "stopped" as const;
  };
  return { begins, ends: () => {}, stop };
};

interface StopSaid {
  number: number;
  atMs: number;
}
const servesOne = async (host: Host, connection: Connection, protocol: StopProtocol) => {
  for await (const number of connection) {
    const abort = new AbortController();
    let how = "stopped";
    if (protocol.begins(number, () => abort.abort())) {
      how = await host.compute(100, { signal: abort.signal }).then(
        () => "done",
        () => "stopped",
      );
      protocol.ends(number);
    }
    await connection.send({ number, how });
  }
};
const hearsStops = async (host: Host, protocol: StopProtocol) => {
  for await (const connection of await host.listen(81)) {
    await connection.send(protocol.stop(await connection.receive()));
    connection.end();
  }
};
const stoppableServer = async (host: Host, make: () => StopProtocol) => {
  const protocol = make();
  host.spawn(hearsStops, { as: "thread" }, protocol);
  for await (const connection of await host.listen(80)) host.spawn(servesOne, { as: "thread" }, connection, protocol);
};
const threeRequests = async (host: Host) => {
  const connection = await host.connect("server", 80);
  for (const number of [1, 2, 3]) await connection.send(number);
  const answers: { number: number; how: string; atMs: number }[] = [];
  while (answers.length < 3) answers.push({ ...(await connection.receive()), atMs: host.now() });
  return answers;
};
const saysStop = async (host: Host, { number, atMs }: StopSaid) => {
  await host.sleepUntil(atMs);
  const connection = await host.connect("server", 81);
  await connection.send(number);
  return { number, atMs, reply: (await connection.receive()) as unknown };
};
const tryStops = async (make: () => StopProtocol, said: readonly StopSaid[], seed: number) => {
  const run = await simulate(
    scenario({
      hosts: { server: {}, client: {} },
      network: { latencyMs: 5 },
      programs: {
        server: on("server", stoppableServer, make).daemon(),
        answers: on("client", threeRequests),
        replies: said.map((stop) => on("client", saysStop, stop)),
      },
      limitMs: 2000,
    }),
    { seed },
  );
  return { ...run, said };
};
type StopRun = Awaited<ReturnType<typeof tryStops>>;
const howOf = (run: StopRun, number: number) => run.results.answers.find((answer) => answer.number === number)!.how;
/** A time at which a stop for one request kills the next. */
export const lateStop: ProgramExercise<number> = exercise({
  name: "05-late-stop",
  statement: "A time at which a stop for request 1 kills request 2.",
  scenarios: {
    "a stop for request 1 at your time": (atMs: number, seed) => tryStops(unsafe, [{ number: 1, atMs }], seed),
  },
  seeds: [1],
  claims: {
    "the client has not heard of request 1 when it says stop": (run) => {
      const heardMs = run.results.answers.find((answer) => answer.number === 1)!.atMs;
      return run.said[0]!.atMs < heardMs || howOf(run, 1) === "stopped" || `it had, at ${heardMs} ms`;
    },
    "request 1 is done all the same": (run) => howOf(run, 1) === "done" || "it was stopped in time",
    "request 2 is stopped by it": (run) => howOf(run, 2) === "stopped" || "it was done",
  },
  mistakes: [
    {
      name: "in time",
      recognise: ({ run }) => howOf(run as StopRun, 1) === "stopped",
      hint: "At that time the stop comes early enough, and request 1 dies, as it should. When is the stop at the server?",
    },
    {
      name: "the client knew",
      recognise: ({ claim }) => claim.startsWith("the client has not heard"),
      hint: "The answer to request 1 is at the client 5 ms after its end. Whoever has it does not say stop any more.",
    },
  ],
  hints: [
    "Request 1 ends at 115 ms. The stop must be at the server after that.",
    "And the client learns of the end at 120 ms. The stop must be said before that.",
  ],
});

const stopsSaid = (...said: [number: number, atMs: number][]) => said.map(([number, atMs]) => ({ number, atMs }));
/** A protocol in which a stop hits the request that it names, or none. */
export const safeStop: ProgramExercise<() => StopProtocol> = exercise({
  name: "05-safe-stop",
  statement: "A stop hits the request that it names, or none, and is answered truly.",
  scenarios: {
    "no stop at all": (make: () => StopProtocol, seed) => tryStops(make, [], seed),
    "a stop in time": (make: () => StopProtocol, seed) => tryStops(make, stopsSaid([1, 50]), seed),
    "a stop that comes too late": (make: () => StopProtocol, seed) => tryStops(make, stopsSaid([1, 110]), seed),
    "a stop that comes before its request begins": (make: () => StopProtocol, seed) =>
      tryStops(make, stopsSaid([3, 50]), seed),
    "the same stop twice": (make: () => StopProtocol, seed) => tryStops(make, stopsSaid([2, 150], [2, 160]), seed),
    "one too late, one before its time": (make: () => StopProtocol, seed) =>
      tryStops(make, stopsSaid([3, 40], [1, 115], [2, 150]), seed),
    "a stop that comes too late, twice": (make: () => StopProtocol, seed) =>
      tryStops(make, stopsSaid([1, 110], [1, 130]), seed),
    "an early stop, twice": (make: () => StopProtocol, seed) => tryStops(make, stopsSaid([3, 40], [3, 60]), seed),
    "an early stop, and once more much later": (make: () => StopProtocol, seed) =>
      tryStops(make, stopsSaid([2, 40], [2, 250]), seed),
    "an early stop, with a request behind it": (make: () => StopProtocol, seed) =>
      tryStops(make, stopsSaid([2, 40]), seed),
    "a stop after everything": (make: () => StopProtocol, seed) => tryStops(make, stopsSaid([3, 330]), seed),
  },
  seeds: [1],
  claims: {
    "every request is answered": (run) => run.outcomes.answers.how === "returned" || "the client still waits",
    "no request is stopped that nobody wanted to stop": (run) => {
      const hit = run.results.answers.find(({ number, how }) => how === "stopped" && !_.some(run.said, { number }));
      return !hit || `request ${hit.number} was`;
    },
    "a stop that comes before the end stops its request": (run) => {
      const missed = run.said.find(({ number, atMs }) => number * 100 > atMs && howOf(run, number) !== "stopped");
      return !missed || `request ${missed.number} was finished`;
    },
    "the reply to a stop is true": (run) => {
      const wrong = run.results.replies.find(
        ({ number, reply }) => reply !== (howOf(run, number) === "stopped" ? "stopped" : "too late"),
      );
      return (
        !wrong ||
        `the stop for request ${wrong.number}, which was ${howOf(run, wrong.number)}, was answered "${wrong.reply}"`
      );
    },
  },
  mistakes: [
    {
      name: "bars all that follow",
      recognise: ({ claim, scenario: name }) =>
        claim.startsWith("no request is stopped") && name === "an early stop, with a request behind it",
      hint: "The request behind the stopped one did not begin either. `begins` must refuse the one number that was stopped, and no other.",
    },
    {
      name: "whatever runs",
      recognise: ({ claim }) => claim.startsWith("no request is stopped"),
      hint: "You stop what runs, whatever it is. A stop names a request: compare the numbers.",
    },
    {
      name: "forgets early stops",
      recognise: ({ claim, scenario: name }) =>
        claim.startsWith("a stop that comes before the end") && name.includes("before its"),
      hint: "The stop came before its request began, and was forgotten. Keep its number, and let `begins` look.",
    },
    {
      name: "stops nothing",
      recognise: ({ claim }) => claim.startsWith("a stop that comes before the end"),
      hint: "A request that runs was not stopped. `begins` gives you the function that aborts it: keep it, and call it.",
    },
    {
      name: "too late only once",
      recognise: ({ claim, scenario: name }) =>
        claim.startsWith("the reply") && name === "a stop that comes too late, twice",
      hint: 'The first late stop was answered "too late", the second "stopped". A request that is finished stays finished: don\'t forget it when somebody asks.',
    },
    {
      name: "never at rest",
      recognise: ({ claim, scenario: name }) => claim.startsWith("the reply") && name === "a stop after everything",
      hint: "The last request was over, and you took it for one that still runs. No other begins after it: only `ends` can tell you.",
    },
    {
      name: "early and early again",
      recognise: ({ claim, scenario: name }) => claim.startsWith("the reply") && name === "an early stop, twice",
      hint: "Two stops came before their request began. It is not finished, and never will be: what is the true answer to the second?",
    },
    {
      name: "forgets what was refused",
      recognise: ({ claim, scenario: name }) =>
        claim.startsWith("the reply") && name === "an early stop, and once more much later",
      hint: "`begins` refused the request, and with that you forgot why. It was stopped, for ever: keep its number when `begins` has used it.",
    },
    {
      name: "always stopped",
      recognise: ({ claim, detail }) => claim.startsWith("the reply") && detail.includes("which was done"),
      hint: 'A request that was finished was said to be "stopped". Whoever relies on that will be wrong: remember which are finished.',
    },
    {
      name: "the second time",
      recognise: ({ claim, detail }) => claim.startsWith("the reply") && detail.includes('"too late"'),
      hint: "`ends` is called for aborted requests as well. Only those that were not stopped are finished.",
    },
  ],
  hints: [
    "Three things to remember: how to abort what runs, by number; which numbers were stopped; which were finished.",
    "`begins` refuses a number that was stopped. `ends` makes it finished unless it was stopped. `stop` looks whether it is finished, and if not, notes it and aborts it if it runs.",
  ],
});
