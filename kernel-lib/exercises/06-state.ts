/** The exercises of notebook 06: a request that may be repeated, a bound on staleness, a term, and a lost write. */
import _ from "lodash";
import { blockOf, checkFiles, crashPoints, type FileServiceOptions, fileClient, fileServer } from "../server/index.js";
import { exercise, type NumberExercise, type ProgramExercise } from "../workbook/index.js";
import { type Fault, type Host, on, type Scenario, scenario, simulate, type TraceRow } from "../world/index.js";

/** Money that a client pays in; its `id` counts the client's deposits from 1. */
export interface Deposit {
  /** Who pays in. */
  readonly client: string;
  /** Which of the client's deposits it is. */
  readonly id: number;
  /** How much. */
  readonly amount: number;
}
/** What the reader writes: called when the machine starts, it returns what handles a deposit and gives the balance. */
export type Bank = (host: Host) => (deposit: Deposit) => Promise<number>;

const bankServer = async (host: Host, bank: Bank) => {
  const handle = bank(host);
  for await (const connection of await host.listen(80))
    try {
      const deposit = await connection.receive({ timeoutMs: 400 });
      if (deposit) {
        const balance = await handle(deposit);
        await host.compute(2); // makes out the receipt
        await connection.send(balance);
      }
      connection.end();
    } catch (error) {
      if (!["TimedOut", "ConnectionReset"].includes((error as Error).name)) throw error;
    }
};
const patienceMs = 300;
const depositor = async (host: Host, client: string, amounts: readonly number[]) => {
  let balance = 0;
  for (const [i, amount] of amounts.entries())
    for (let isDone = false; !isDone; )
      try {
        const connection = await host.connect("server", 80, { timeoutMs: 60 });
        await connection.send({ client, id: i + 1, amount });
        const answer = await connection.receive({ timeoutMs: patienceMs });
        isDone = typeof answer === "number";
        balance = isDone ? answer : balance;
        if (isDone) connection.end();
        else await host.sleep(20);
      } catch {
        await host.sleep(20);
      }
  return balance;
};
const bankDay = (bank: Bank, amounts: readonly (readonly number[])[], faults: Fault<"server" | "clients">[]) =>
  scenario({
    hosts: { server: { disk: { accessMs: 8 } }, clients: {} },
    network: { latencyMs: 5 },
    faults,
    programs: {
      server: on("server", bankServer, bank).daemon(),
      clients: amounts.map((each, i) => on("clients", depositor, `client ${i + 1}`, each)),
      balance: on("clients", depositor, "auditor", [0]).at(4000),
    },
    limitMs: 8000,
  });
const tryBank = async (
  bank: Bank,
  amounts: readonly (readonly number[])[],
  faults: Fault<"server" | "clients">[],
  seed: number,
) => {
  const run = await simulate(bankDay(bank, amounts, faults), { seed });
  const balance = run.outcomes.balance.how === "returned" ? run.outcomes.balance.value : Number.NaN;
  return { ...run, expected: _.sum(amounts.flat()), balance };
};
const answersAreLate: Fault<"server" | "clients">[] = [
  { kind: "cut", between: ["clients", "server"], atMs: 25 },
  { kind: "heal", between: ["clients", "server"], atMs: 450 },
];
const wrote = (rows: readonly TraceRow[]) => rows.some((row) => row.kind === "disk" && row.access!.startsWith("write"));
const bankDeposits = [[10, 20, 30]];
const fourDeposits = [[10, 20, 30, 40]];
const ofTwoClients = [
  [10, 20],
  [5, 7],
];
/** A bank in which a request is safe to repeat. */
export const deposits: ProgramExercise<Bank> = exercise({
  name: "06-deposit",
  statement: "A bank that adds each deposit once, however often it is asked, and whatever crashes when.",
  scenarios: {
    "nothing goes wrong": (bank: Bank, seed) => tryBank(bank, bankDeposits, [], seed),
    "an answer is late": (bank: Bank, seed) => tryBank(bank, bankDeposits, answersAreLate, seed),
    "the only answer is late": (bank: Bank, seed) => tryBank(bank, [[10]], answersAreLate, seed),
    "equal deposits": (bank: Bank, seed) => tryBank(bank, [[10, 10, 30]], [], seed),
    "two clients": (bank: Bank, seed) => tryBank(bank, ofTwoClients, [], seed),
    "two clients, and answers are late": (bank: Bank, seed) => tryBank(bank, ofTwoClients, answersAreLate, seed),
    "a crash at every point": async (bank: Bank, seed) => {
      const calm = await tryBank(bank, fourDeposits, [], seed);
      const points = crashPoints(calm.rows.filter((row) => row.timeMs < 300));
      for (const atMs of points) {
        const faults: Fault<"server" | "clients">[] = [
          { kind: "crash", host: "server", atMs },
          { kind: "restart", host: "server", atMs: atMs + 50 },
        ];
        const run = await tryBank(bank, fourDeposits, faults, seed);
        if (run.balance !== run.expected) return run;
      }
      return calm;
    },
  },
  seeds: [1],
  claims: {
    "every deposit is answered, repeated ones too": (run) =>
      run.outcomes.clients.every((client) => client.how === "returned") || "a client hears nothing, for ever",
    "the balance is the sum of the deposits": (run) =>
      run.balance === run.expected || `the balance is ${run.balance}, the deposits were ${run.expected}`,
    "a client is told the balance": (run) => {
      const [first, ...others] = run.outcomes.clients;
      const told = first?.how === "returned" ? first.value : undefined;
      return others.length > 0 || told === run.expected || `it was told ${told}, not ${run.expected}`;
    },
  },
  mistakes: [
    {
      name: "never writes",
      recognise: ({ run }) => !wrote(run!.rows) && run!.balance === 0,
      hint: "You answer, and nothing was ever written to the disk. Where shall the next deposit find the balance?",
    },
    {
      name: "balance in memory",
      recognise: ({ run }) => !wrote(run!.rows),
      hint: "Your balance is in memory, and a crash wipes it. Only what is on the disk is there when the machine starts again.",
    },
    {
      name: "no answer to a repeat",
      recognise: ({ claim }) => claim.startsWith("every deposit"),
      hint: "A repeated deposit changes nothing, but its client still waits: answer with the balance.",
    },
    {
      name: "adds again",
      recognise: ({ scenario: name, run }) =>
        ["an answer is late", "the only answer is late"].includes(name) && run!.balance > run!.expected,
      hint: "The answer came late, the client asked again, and you added again. Remember which deposits have been done.",
    },
    {
      name: "a repeat is told something else",
      recognise: ({ claim }) => claim.startsWith("a client is told"),
      hint: "Your balance is right, and the client is told another: its repeated deposit must be answered with the balance, as the first one was.",
    },
    {
      name: "remembers amounts",
      recognise: ({ scenario: name, run }) => name === "equal deposits" && run!.balance < run!.expected,
      hint: "Somebody paid in the same amount twice, and you took the second for a repeat. Which part of a deposit tells a repeat from a new one?",
    },
    {
      name: "the last of anybody",
      recognise: ({ scenario: name, run }) =>
        name === "two clients, and answers are late" && run!.balance > run!.expected,
      hint: "Between a deposit and its repeat came another client's, and you remembered only that one. Keep the last id of *each* client.",
    },
    {
      name: "one number for all",
      recognise: ({ scenario: name, run }) => name === "two clients" && run!.balance < run!.expected,
      hint: "Each client counts from 1. What you remember must say *whose* deposit it was.",
    },
    {
      name: "two writes",
      recognise: ({ run }) =>
        _.uniq(run!.rows.flatMap((row) => (row.kind === "disk" ? [row.access] : []))).filter((access) =>
          access!.startsWith("write"),
        ).length > 1,
      hint: "You write the balance and what has been done one after the other. What is on the disk if the machine crashes in between? One write is done whole or not at all.",
    },
    {
      name: "answers too early",
      recognise: ({ scenario: name, run }) => name === "a crash at every point" && run!.balance < run!.expected,
      hint: "You answer before the write is done. What does the client believe if the machine crashes in between?",
    },
    {
      name: "remembers in memory",
      recognise: ({ scenario: name, run }) => name === "a crash at every point" && run!.balance > run!.expected,
      hint: "What you remember is in memory, and the crash wipes it: the repeated deposit looks new. Where does the balance survive?",
    },
  ],
  hints: [
    "Keep, for each client, the id of its last deposit: it makes the next only when that was answered.",
    'Put balance and ids into one value: `disk.write("account", { balance, last })` is one write.',
  ],
});

/** What the reader writes: makes what reads a value of which it keeps a copy, never staler than the bound. */
export type MakeReader = (host: Host, ask: () => Promise<string>, boundMs: number) => () => Promise<string>;
const readsEvery = async (host: Host, make: MakeReader, boundMs: number, everyMs: number) => {
  let asked = 0;
  const ask = async () => {
    asked++;
    const value = String(host.now()); // it changes all the time, and is read as soon as it is asked for
    await host.sleep(100);
    return value;
  };
  const reader = make(host, ask, boundMs);
  const staleMs: number[] = [];
  while (host.now() < 4000) {
    const beganMs = host.now();
    const value = await reader();
    staleMs.push(beganMs - Number(value)); // it was replaced at once
    await host.sleep(everyMs);
  }
  return { asked, reads: staleMs.length, worstMs: Math.max(...staleMs) };
};
const needed: MakeReader = (host, ask, boundMs) => {
  let [value, untilMs] = ["", 0];
  return async () => {
    if (host.now() < untilMs) return value;
    const askedMs = host.now();
    value = await ask();
    untilMs = askedMs + boundMs;
    return value;
  };
};
const tryReader = async (make: MakeReader, boundMs: number, everyMs: number, seed: number) => {
  const played = scenario({
    hosts: { ana: {} },
    programs: {
      theirs: on("ana", readsEvery, make, boundMs, everyMs),
      needed: on("ana", readsEvery, needed, boundMs, everyMs),
    },
    limitMs: 10_000,
  });
  const run = await simulate(played, { seed });
  return { ...run, boundMs, theirs: run.results.theirs, needed: run.results.needed.asked };
};
/** A copy that is never staler than a bound. */
export const bounded: ProgramExercise<MakeReader> = exercise({
  name: "06-bound",
  statement: "A copy that is never staler than a bound, and asks no more often than it must.",
  scenarios: {
    "bound of 300 ms": (make: MakeReader, seed) => tryReader(make, 300, 1, seed),
    "bound of 1 s": (make: MakeReader, seed) => tryReader(make, 1000, 35, seed),
    "bound of 150 ms, few reads": (make: MakeReader, seed) => tryReader(make, 150, 90, seed),
  },
  seeds: [1],
  claims: {
    "nothing is staler than the bound": (run) =>
      run.theirs.worstMs <= run.boundMs ||
      `a read returned what had been replaced ${run.theirs.worstMs} ms before it began; the bound is ${run.boundMs} ms`,
    "it asks no more often than it must": (run) =>
      run.theirs.asked <= run.needed + 1 || `it asked ${run.theirs.asked} times; ${run.needed} are enough`,
  },
  mistakes: [
    {
      name: "never again",
      recognise: ({ run }) => run!.theirs.asked === 1,
      hint: "You ask once and then never again. When is the copy too old?",
    },
    {
      name: "a little longer",
      recognise: ({ claim, run }) => claim.startsWith("nothing") && run!.boundMs === 300 && run!.theirs.worstMs <= 350,
      hint: "Nearly: you use a copy for a few milliseconds too long. At the worst the value is read at the server in the very moment in which you ask, and is replaced at once.",
    },
    {
      name: "from the answer",
      recognise: ({ claim, run }) => claim.startsWith("nothing") && run!.boundMs === 300 && run!.theirs.worstMs <= 400,
      hint: "Nearly. You count from when the answer came; but the value may have been read at the server right after you asked. From when must you count?",
    },
    {
      name: "asks each time",
      recognise: ({ run }) => run!.theirs.asked === run!.theirs.reads,
      hint: "You ask for every read. That is never stale, and what the stateless server's clients do without copies.",
    },
    {
      name: "too careful",
      recognise: ({ claim, run }) => claim.startsWith("it asks") && run!.theirs.asked < run!.theirs.reads,
      hint: "You give your copy up too early. If it was asked for at time t, until when is it no staler than the bound, at the very worst?",
    },
  ],
  hints: [
    "Note the time *before* you ask.",
    "A copy asked for at t may be used until t + boundMs: a change at the server right after t is `boundMs` old then.",
  ],
});

/** The shortest term of a lease that spares the server. */
export const term: NumberExercise = exercise({
  name: "06-term",
  statement: "Two reads a second, one in twenty may ask, 0.1 s off: the shortest term?",
  value: (20 - 1) / 2 + 0.1,
  unit: "s",
  tolerance: 0.004,
  mistakes: [
    {
      name: "without the allowance",
      value: (20 - 1) / 2,
      hint: "That is how long a client may use the lease. The server's term is longer by what the client takes off.",
    },
    {
      name: "counts the asking read",
      value: [20 / 2, 20 / 2 + 0.1],
      hint: "Of 1 + R·t reads one asks: the one that asks is one of the twenty.",
    },
    {
      name: "rate upside down",
      value: [(20 - 1) * 2, (20 - 1) * 2 + 0.1],
      hint: "R is reads a second: in t seconds there are R·t of them. Solve 1/(1 + R·t) = 1/20 for t.",
    },
    {
      name: "takes it off again",
      value: (20 - 1) / 2 - 0.1,
      hint: "The client already takes 0.1 s off what you give. Do you have to give more, or less?",
    },
  ],
  hints: ["1/(1 + R·t) = 1/20, with R = 2 a second. What is t?", "t is the client's; the server's term is t + 0.1 s."],
});

const lazy: FileServiceOptions = {
  kind: "stateful",
  files: { letter: 3 },
  writeBackMs: 30_000,
  silenceMs: 300,
  timeoutMs: 1000,
};
const anaWrites = async (host: Host) => {
  const files = await fileClient(host, lazy);
  const letter = await files.open("letter");
  for (const atMs of [100, 600]) {
    await host.sleepUntil(atMs);
    await files.write(letter, 0, blockOf(`written at ${atMs}`));
  }
  await host.sleepUntil(1000);
  await files.leave();
};

const reads = async (host: Host) => {
  const files = await fileClient(host, lazy);
  await files.read(await files.open("letter"), 0);
  await files.leave();
};

const machines = { server: { disk: { accessMs: 8 } }, ana: {}, bruno: {} };
/**
 * A day on which Ana's writes stay with her: she writes at 100 ms and at 600 ms, Bruno reads at 400 ms, she leaves at 1000 ms, and at 3000 ms
 * Bruno reads again.
 */
export const lazyDay = (faults: readonly Fault<"server" | "ana" | "bruno">[]): Scenario =>
  scenario({
    hosts: machines,
    network: { latencyMs: 5 },
    faults,
    programs: {
      server: on("server", fileServer, lazy).daemon(),
      ana: on("ana", anaWrites),
      readers: [on("bruno", reads).at(400), on("bruno", reads).at(3000)],
    },
    limitMs: 10_000,
  });

const crashingAt = async (atMs: number, seed: number) => {
  const run = await simulate(lazyDay([{ kind: "crash", host: "ana", atMs }]), { seed });
  const told = run.rows.filter((row) => row.kind === "log" && row.event === "file write" && row.timeMs < atMs);
  return { ...run, atMs, told: told.length, lost: checkFiles(run.rows).lostWrites };
};
/** The moment of a crash in which an acknowledged write is lost. */
export const lostWrite: ProgramExercise<number> = exercise({
  name: "06-moment",
  statement: "When must Ana's machine crash so that an acknowledged write is lost?",
  scenarios: { "that crash": (atMs: number, seed) => crashingAt(Number(atMs), seed) },
  seeds: [1],
  claims: {
    "Ana had been told that a write was done": (run) =>
      run.told > 0 || `at ${run.atMs} ms nothing had been acknowledged to Ana`,
    "the last read does not show it": (run) => run.lost > 0 || `at ${run.atMs} ms nothing is lost`,
  },
  mistakes: [
    {
      name: "before she was told",
      recognise: ({ claim }) => claim.startsWith("Ana had"),
      hint: "A write that nobody has acknowledged may be lost: no promise is broken. When was Ana told?",
    },
    {
      name: "after the recall",
      recognise: ({ run }) => run!.told === 1,
      hint: "By then Bruno's read has called her first write in, and her second is not acknowledged yet. Where does each write stand at that moment: at Ana, or on the server's disk?",
    },
    {
      name: "after she left",
      recognise: ({ run }) => run!.told === 2,
      hint: "Too late: when she left, she sent what she had. Look for a moment between her being told and the block leaving her.",
    },
  ],
  hints: [
    "A write is in danger from its acknowledgement until the server has it.",
    "There are two such stretches: from her first write to Bruno's read, and from her second to her leaving.",
  ],
});
