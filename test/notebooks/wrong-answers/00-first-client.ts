import type { Host } from "kernel-lib";
import type { AnswersFrom } from "../wrong-answers.js";

type Client = (host: Host, n: number) => Promise<unknown>;

const client =
  (after: (connection: { receive(): Promise<unknown> }, n: number) => unknown, port = 7): Client =>
  async (host, n) => {
    const connection = await host.connect("server", port);
    await connection.send(n);
    return after(connection, n);
  };

const answers: AnswersFrom = () => ({
  mistakes: {
    "returns what it sent": client((_connection, n) => n),
    "does not wait for the answer": client(() => undefined),
    "calculates it itself": (async (_host, n) => 2 * n) satisfies Client,
    "sends nothing": (async (host) => (await host.connect("server", 7)).receive()) satisfies Client,
    "wrong port or host": client((connection) => connection.receive(), 8),
  },
  wrong: {
    "sends the number as a text": (async (host, n) => {
      const connection = await host.connect("server", 7);
      await connection.send(String(n));
      return connection.receive();
    }) satisfies Client,
    "returns the connection's promise of another number": client(async () => 1),
    "does not end": client((connection) => connection.receive().then(() => connection.receive())),
  },
});
export default answers;
