/** Live workloads. usage: stream MESSAGES | short CONNECTIONS */
import { type Host, on, runLive, scenario } from "kernel-lib";
import { main, type Timed } from "./timed.js";

const server = async (host: Host): Promise<void> => {
  for await (const connection of await host.listen(7)) {
    host.spawn(
      async () => {
        for await (const message of connection) await connection.send(message);
        connection.end();
      },
      { as: "thread", name: "echo" },
    );
  }
};

/** Half of the messages go there, half come back. */
const stream = async (host: Host, count: number): Promise<number> => {
  const connection = await host.connect("server", 7);
  const startMs = host.now();
  for (let i = 0; i < count / 2; i++) {
    await connection.send({ number: i, text: "hello" });
    await connection.receive();
  }
  const tookMs = host.now() - startMs;
  connection.end();
  return tookMs;
};

/** Each connection carries one message there and one back. */
const short = async (host: Host, count: number): Promise<number> => {
  const startMs = host.now();
  for (let i = 0; i < count; i++) {
    const connection = await host.connect("server", 7);
    await connection.send({ number: i, text: "hello" });
    await connection.receive();
    connection.end();
  }
  return host.now() - startMs;
};

async function live(client: (host: Host, count: number) => Promise<number>, count: number): Promise<Timed> {
  const s = scenario({
    hosts: { server: {}, client: {} },
    network: { latencyMs: 0 },
    programs: { server: on("server", server).daemon(), client: on("client", client, count) },
    limitMs: 100_000,
  });
  const { results } = await runLive(s, { timeScale: 1, trace: "none", maxRealMs: 100_000 });
  return { seconds: results.client / 1000, units: count, result: 0 };
}

await main({ stream: (count) => live(stream, count), short: (count) => live(short, count) });
