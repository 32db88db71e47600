/** The exercises of notebook 10: bindings, when a move pays, what is strong, and an agent that counts. */
import _ from "lodash";
import {
  compileAssemblyScript,
  decodeModule,
  deliver,
  type Handles,
  launch,
  Mailbox,
  NumberFile,
  Printer,
  place,
  programShipment,
  type Strategy,
} from "../migration/index.js";
import { type ChoiceExercise, exercise, type NumberExercise, type ProgramExercise } from "../workbook/index.js";
import { type Host, on, scenario, simulate } from "../world/index.js";

/** What the reader writes: for each reference of the program, what is done with it at the move. */
export type Bindings = Record<"prices" | "accounts" | "printer" | "letters", Strategy>;
const shopText = `
@external("travel", "go") declare function go(to: i32): i32;
@external("prices", "read") declare function price(i: i32): f64;
@external("accounts", "append") declare function book(x: f64): void;
@external("printer", "print") declare function print(x: f64): void;
@external("letters", "take") declare function letter(): f64;
export function run(): f64 {
  go(0);
  let sum: f64 = 0;
  for (let i = 0; i < 200; i++) sum += price(i % 3);
  book(sum);
  print(sum);
  return letter();
}`;
const compileShop = _.once(async () => decodeModule(await compileAssemblyScript(shopText, { runtime: "stub" })));
const shopResources = (host: Host) => {
  const isHome = host.name === "home";
  return {
    prices: new NumberFile(isHome ? "file:prices" : "file:diary", isHome ? [1, 2, 3] : [9]),
    accounts: new NumberFile(`file:accounts of ${host.name}`, _.times(131_072, _.constant(0))),
    printer: new Printer(`printer:${host.name}`),
    letters: new Mailbox(`mailbox:${host.name}`, host),
  };
};
const tryShop = async (choice: Bindings, seed: number) => {
  const shop = await compileShop();
  const used: Record<string, ReturnType<typeof shopResources>> = {};
  const shopPlace = (name: "home" | "away") =>
    on(
      name,
      place({
        instructionsPerMs: 1000,
        resources: (host) => {
          const all = shopResources(host);
          used[name] = all;
          return _.values(all);
        },
      }),
    ).daemon();
  const handles: Handles = {
    prices: {
      identifier: "file:prices",
      binding: "value",
      attachment: "unattached",
      strategy: choice.prices,
    },
    accounts: {
      identifier: "file:accounts of home",
      binding: "identifier",
      attachment: "fastened",
      strategy: choice.accounts,
    },
    printer: {
      identifier: "printer:home",
      binding: "type",
      attachment: "fixed",
      strategy: choice.printer,
    },
    letters: {
      identifier: "mailbox:home",
      binding: "identifier",
      attachment: "fixed",
      strategy: choice.letters,
    },
  };
  const run = await simulate(
    scenario({
      hosts: { home: {}, away: {}, customer: {} },
      network: { latencyMs: 20, bytesPerS: 100_000 },
      programs: {
        home: shopPlace("home"),
        away: shopPlace("away"),
        report: on("home", (host: Host) =>
          launch(host, "home", {
            shipment: programShipment(shop, "run"),
            handles,
            itinerary: ["away"],
          }),
        ),
        customer: on("customer", async (host: Host) => {
          await host.sleepUntil(500);
          await deliver(host, "home", "mailbox:home", 7);
        }),
      },
      limitMs: 60_000,
    }),
    { seed },
  );
  const [report] = run.outcomes.report.how === "returned" ? run.outcomes.report.value : [];
  const problem = report?.error ?? "";
  const booked = used.home!.accounts.numbers.filter((x) => x > 0);
  const printed = { home: used.home!.printer.printed, away: used.away!.printer.printed };
  return { ...run, choice, report, problem, booked, printed };
};

/** How the references of a program are bound anew when it moves. */
export const shopBindings: ProgramExercise<Bindings> = exercise({
  name: "10-bindings",
  statement: "A choice for each of four references, so that the program works, harms nobody and is quick.",
  scenarios: { "the shop": (answer: Bindings, seed) => tryShop(answer, seed) },
  seeds: [1],
  claims: {
    "the program can leave": (run) => !/fixed|no contents/.test(run.problem) || run.problem,
    "it gets the letter that a customer sends home": (run) => run.report !== undefined || "it waits for ever",
    "it ends without a fault": (run) => run.problem === "" || run.problem,
    "its line is in the accounts, and there is one version of them": (run) =>
      run.booked.length === 1 || "the accounts at home lack it",
    "it adds up the prices, and prints the sum where it is": (run) =>
      run.printed.away.includes(399) ||
      `away were printed ${run.printed.away.join(" ") || "nothing"}, at home ${run.printed.home.join(" ") || "nothing"}`,
    "others at home still have the prices": (run) => run.choice.prices !== "move" || "they are gone",
    "it ends within 4 s": (run) =>
      (run.report?.endedMs ?? Infinity) < 4000 || `it ended at ${run.report?.endedMs.toFixed(0)} ms`,
  },
  mistakes: [
    {
      name: "moves what is fixed",
      recognise: ({ run }) => /fixed|no contents/.test(run!.problem),
      hint: "A printer, or a mailbox with an address, can't be put into an image. Look at the rows of the table that say fixed.",
    },
    {
      name: "waits at the wrong mailbox",
      recognise: ({ run }) => run!.choice.letters !== "global reference",
      hint: "The customers write to the mailbox at home. Whoever takes letters elsewhere waits in vain.",
    },
    {
      name: "reads over the network",
      recognise: ({ run }) => run!.choice.prices === "global reference",
      hint: "Each of the 200 questions crosses the network twice. The prices are a small list, and any copy will do.",
    },
    {
      name: "takes the prices away",
      recognise: ({ run }) => run!.choice.prices === "move",
      hint: "The others at home read the prices, too. What leaves them there?",
    },
    {
      name: "sends a megabyte",
      recognise: ({ run }) => run!.choice.accounts === "move",
      hint: "The accounts have 1 MiB, and it is one line that the program writes. At 100 kB/s a move takes ten seconds.",
    },
    {
      name: "two versions",
      recognise: ({ run }) => run!.choice.accounts === "copy" || run!.choice.accounts === "rebind",
      hint: "These very accounts are needed: by identifier. A copy is another version, and the accounts of the other place are not the shop's.",
    },
    {
      name: "prints at home",
      recognise: ({ run }) => run!.choice.printer === "global reference",
      hint: "The paper lies at home, and the program is away. Any printer will do: which one is near?",
    },
    {
      name: "somebody else's prices",
      recognise: ({ run }) => run!.choice.prices === "rebind",
      hint: "Another file of the new place is of the same kind, but has other contents. The program needs these contents.",
    },
  ],
  hints: [
    "First ask for each what the program needs: this one, its contents, or any of its kind. Then find the row of the table.",
  ],
});

/** From how much remaining work on a move pays. */
export const whenItPays: NumberExercise = exercise({
  name: "10-moment",
  statement: "The remaining work from which on a move to a computer three times as fast pays.",
  unit: "s",
  value: 6 / 1 / (1 - 1 / 3),
  mistakes: [
    {
      name: "transfer only",
      value: 6,
      hint: "After 6 s the process has arrived, but it still has all of its work before it.",
    },
    {
      name: "a third of the time is saved",
      value: 18,
      hint: "The fast computer needs a third of the time, so what is saved is two thirds.",
    },
    {
      name: "divided",
      value: 2,
      hint: "It is not the transfer that becomes three times as fast.",
    },
    {
      name: "two thirds of the transfer",
      value: 4,
      hint: "It is two thirds of the remaining work that are saved, and they must make up for the 6 s.",
    },
    {
      name: "work of the fast computer",
      value: 3,
      hint: "That is the time on the fast computer. The question asks for the time which the slow one would need.",
    },
  ],
  hints: ["Let r be the time that is left on the slow computer. A move takes 6 s + r/3. When is that less than r?"],
});

/** Which of four everyday moves is strong. */
export const whichIsStrong: ChoiceExercise<"a" | "b" | "c" | "d"> = exercise({
  name: "10-strong",
  statement: "The one case of strong mobility among four.",
  choices: {
    a: "a browser loads a page with a script, and runs the script",
    b: "a query in SQL is sent to a database, which executes it there",
    c: "a laptop is closed; its virtual machine is saved, sent, and goes on at another computer",
    d: "a container's image is fetched from a registry and started",
  },
  correct: "c",
  mistakes: {
    a: "The script starts from its first line each time. That is code on demand: a pull, as with the applet.",
    b: "The query is code, shipped to where the data are, and begins there: a push. What of its state existed before?",
    d: "It is called an image, but it is one of files: the program in it is started anew.",
  },
});

const agentHead = `
@external("travel", "go") declare function go(to: i32): i32;
@external("stock", "sum") declare function stock(): f64;
`;
const compileAgent = _.memoize((text: string) =>
  compileAssemblyScript(text, { runtime: "stub", declarations: agentHead }),
);
const tryAgent = async (answer: string, stocks: readonly number[], dead: readonly number[], seed: number) => {
  const agent = decodeModule(await compileAgent(answer));
  const names = stocks.map((_stock, i) => (i === 0 ? "home" : `shop${i}`));
  const at = (i: number) =>
    place({
      instructionsPerMs: 1000,
      resources: (host) => [new NumberFile(`file:stock of ${host.name}`, [stocks[i]!])],
    });
  const handles: Handles = {
    stock: {
      identifier: "file:stock of home",
      binding: "type",
      attachment: "fixed",
      strategy: "rebind",
    },
  };
  const run = await simulate(
    scenario({
      hosts: _.fromPairs(names.map((name) => [name, {}])),
      network: { latencyMs: 5, bytesPerS: 1_000_000 },
      programs: {
        places: names.flatMap((name, i) => (dead.includes(i) ? [] : [on(name, at(i)).daemon()])),
        report: on("home", (host: Host) =>
          launch(host, "home", {
            shipment: programShipment(agent, "run", stocks.length - 1),
            handles,
            itinerary: names.slice(1),
          }),
        ),
      },
      limitMs: 10_000,
    }),
    { seed },
  );
  const [report] = run.outcomes.report.how === "returned" ? run.outcomes.report.value : [];
  const outcome = run.outcomes.report;
  const unreported = outcome.how === "threw" ? outcome.error.message : "it never ends";
  const problem = report ? (report.error ?? "") : unreported;
  const alive = stocks.filter((_stock, i) => !dead.includes(i));
  const visited = (report?.hops ?? []).map(({ to }) => to);
  const result = Number(report?.results[0]);
  return { ...run, report, problem, stocks, dead, visited, alive, result };
};
/** An agent, in AssemblyScript, that counts and moves on. */
export const countingAgent: ProgramExercise<string> = exercise({
  name: "10-agent",
  statement: "An agent that adds up the stock of home and of each place, and moves by itself.",
  scenarios: {
    "three shops": (answer: string, seed) => tryAgent(answer, [1, 20, 300, 4000], [], seed),
    "two shops": (answer: string, seed) => tryAgent(answer, [5, 60, 700], [], seed),
    "equal stocks": (answer: string, seed) => tryAgent(answer, [5, 60, 60], [], seed),
    "no shop": (answer: string, seed) => tryAgent(answer, [8], [], seed),
    "the second shop is closed": (answer: string, seed) => tryAgent(answer, [1, 20, 300, 4000], [2], seed),
  },
  seeds: [1],
  claims: {
    "the agent ends": (run) => run.report?.how === "finished" || run.problem,
    "it visits each open place once, in order": (run) => {
      const wanted = run.stocks.map((_stock, i) => `shop${i}`).filter((_name, i) => i > 0 && !run.dead.includes(i));
      return _.isEqual(run.visited, wanted) || `it went to ${run.visited.join(", ") || "no place"}`;
    },
    "it returns the total": (run) =>
      run.result === _.sum(run.alive) || `it returned ${run.result}, the total is ${_.sum(run.alive)}`,
  },
  mistakes: [
    {
      name: "has another name",
      recognise: ({ run }) => /exported function/.test(run!.problem),
      hint: "Your program is started by its exported function `run`, with one argument.",
    },
    {
      name: "does not end",
      recognise: ({ run }) => run!.problem === "it never ends",
      hint: "After 10 s your agent still runs. Does each loop come to its end?",
    },
    {
      name: "traps",
      recognise: ({ run }) => run!.report?.how === "trapped",
      hint: "Your agent broke off. The sentence above says why, and in which line of your text.",
    },
    {
      name: "stays at home",
      recognise: ({ run }) => run!.report?.how === "finished" && run!.stocks.length > 1 && run!.visited.length === 0,
      hint: "Your agent never moves. `go(0)` leads to the first place.",
    },
    {
      name: "does not go to the end",
      recognise: ({ run }) =>
        run!.report?.how === "finished" && run!.dead.length === 0 && run!.visited.length < run!.stocks.length - 1,
      hint: "There are `places` of them, from 0 to `places - 1`.",
    },
    {
      name: "goes too far",
      recognise: ({ run }) => /itinerary/.test(run!.report?.error ?? ""),
      hint: "The last place is `places - 1`; there is no `go(places)`.",
    },
    {
      name: "forgets home",
      recognise: ({ run }) => run!.result === _.sum(run!.alive) - run!.stocks[0]!,
      hint: "The stock of home belongs to the total. Count before the first move.",
    },
    {
      name: "gives up at a closed place",
      recognise: ({ run }) => run!.dead.length > 0 && run!.visited.length < run!.alive.length - 1,
      hint: "A closed shop is not the end: go on with the next.",
    },
    {
      name: "from the last to the first",
      recognise: ({ claim, run }) => claim.startsWith("it visits") && run!.visited.length === run!.alive.length - 1,
      hint: "Begin with `go(0)`.",
    },
    {
      name: "compares the stocks",
      recognise: ({ scenario: name, run }) => name === "equal stocks" && run!.result < _.sum(run!.alive),
      hint: "Two shops may have the same stock. Whether the agent has arrived, `go` tells you.",
    },
    {
      name: "keeps only the last",
      recognise: ({ run }) => run!.stocks.length > 2 && run!.result === run!.stocks.at(-1),
      hint: "You set the total anew at each place. It travels with you: add to it.",
    },
    {
      name: "counts twice",
      recognise: ({ run }) => run!.dead.length > 0 && run!.result > _.sum(run!.alive),
      hint: "When `go` returns 0 you are still at the place before, and have counted that.",
    },
  ],
  hints: [
    "A loop over `i` from 0 to `places - 1`, in which you go and then count, and one count before it.",
    "`if (go(i)) total += stock();`",
  ],
});
