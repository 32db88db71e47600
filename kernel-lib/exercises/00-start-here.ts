/** The exercise of notebook 00: a first client. */
import { exercise, type ProgramExercise } from "../workbook/index.js";
import { type Host, on, scenario, simulate } from "../world/index.js";

/** What the reader writes: a client that is given a number. */
export type NumberClient = (host: Host, n: number) => Promise<unknown>;

const doublingServer = async (host: Host) => {
  for await (const connection of await host.listen(7)) for await (const n of connection) await connection.send(2 * n);
};

const ask = (answer: NumberClient, n: number, seed: number) =>
  simulate(
    scenario({
      hosts: { server: {}, client: {} },
      network: { latencyMs: 3 },
      programs: { server: on("server", doublingServer).daemon(), answer: on("client", answer, n) },
      limitMs: 1000,
    }),
    { seed },
  ).then((run) => ({ ...run, n }));

/** A client that asks a server to double a number. */
export const firstClient: ProgramExercise<NumberClient> = exercise({
  name: "00-first-client",
  statement: "A client that sends n to port 7 of the server and returns its answer.",
  scenarios: {
    "n = 21": (answer: NumberClient, seed) => ask(answer, 21, seed),
    "n = 0": (answer: NumberClient, seed) => ask(answer, 0, seed),
  },
  claims: {
    "the client ends": (run) => run.outcomes.answer.how === "returned" || `it is ${run.outcomes.answer.how}`,
    "it sends n to the server": (run) =>
      run.rows.some((row) => row.kind === "send" && row.message === String(run.n)) || `nobody sent ${run.n}`,
    "it returns the answer": (run) =>
      run.results.answer === 2 * run.n || `for n = ${run.n} it returned ${String(run.results.answer)}`,
  },
  mistakes: [
    {
      name: "returns what it sent",
      recognise: ({ run }) => run?.outcomes.answer.how === "returned" && run.n > 0 && run.results.answer === run.n,
      hint: "You return n itself. The answer is what `await connection.receive()` gives.",
    },
    {
      name: "does not wait for the answer",
      recognise: ({ run }) => run?.outcomes.answer.how === "returned" && run.results.answer === undefined,
      hint: "Your function returns nothing yet: `receive` gives the answer, and `return` hands it on.",
    },
    {
      name: "calculates it itself",
      recognise: ({ run }) =>
        run?.results.answer === 2 * (run?.n ?? 0) && run?.rows.every((row) => row.kind !== "send"),
      hint: "You double n yourself. That is the server's work: send it n, and wait for its answer.",
    },
    {
      name: "sends nothing",
      recognise: ({ run }) => run?.outcomes.answer.how === "unfinished" && run.rows.every((row) => row.kind !== "send"),
      hint: "Now both wait: the server for your message, and you for its answer. Send n first.",
    },
    {
      name: "wrong port or host",
      recognise: ({ run }) =>
        run?.outcomes.answer.how === "threw" && run.outcomes.answer.error.name === "ConnectionRefused",
      hint: 'Nobody listens there. The server is on the host "server", port 7.',
    },
  ],
  hints: [
    'Three steps, each with await: `host.connect("server", 7)`, then `send`, then `receive` on the connection that you got.',
    "The client of this notebook, further up, does nearly the same.",
  ],
});
