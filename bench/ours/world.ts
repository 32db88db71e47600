/** Workloads of async programs in virtual time. usage: queue SERVERS LOAD CUSTOMERS | sleeps PROGRAMS SLEEPS | messages COUNT TRACE | calls COUNT */
import {
  exponential,
  type Host,
  on,
  randomStream,
  type Scenario,
  scenario,
  simulate,
  TimedOut,
  type TraceLevel,
} from "kernel-lib";
import { main, type Timed, timed } from "./timed.js";

const run = (s: Scenario, units: number, result: (nowMs: number) => number, trace: TraceLevel): Promise<Timed> =>
  timed(units, async () => {
    const { outcomes, endMs } = await simulate(s, { seed: 1, trace });
    for (const [name, outcome] of Object.entries(outcomes)) {
      const all = Array.isArray(outcome) ? outcome : [outcome];
      for (const one of all)
        if (one.how === "threw" || one.how === "unfinished") throw new Error(`${name}: ${one.how}`);
    }
    return result(endMs);
  });

/** A thread for each customer, who waits for the one desk, is served and leaves. */
async function queue(servers: number, load: number, customers: number): Promise<Timed> {
  if (servers !== 1) throw new Error("a mutex is one desk");
  const gapMs = exponential({ mean: 1 / load }, randomStream(1, "arrivals"));
  const serviceMs = exponential({ mean: 1 }, randomStream(1, "service"));
  let waitedMs = 0;
  const source = async (host: Host): Promise<void> => {
    const desk = host.mutex();
    const customer = async (me: Host): Promise<void> => {
      const arrivedMs = me.now();
      await desk.lock();
      waitedMs += me.now() - arrivedMs;
      await me.sleep(serviceMs());
      desk.unlock();
    };
    for (let i = 0; i < customers; i++) {
      await host.sleep(gapMs());
      host.spawn(customer, { as: "thread" });
    }
  };
  const s = scenario({ hosts: { office: {} }, programs: { source: on("office", source) }, limitMs: 1e9 });
  return run(s, customers, () => waitedMs / customers, "none");
}

function sleeps(programs: number, count: number): Promise<Timed> {
  const sleeper = async (host: Host, i: number): Promise<void> => {
    for (let k = 0; k < count; k++) await host.sleep(1 + ((i * 7 + k * 13) % 10));
  };
  const all = Array.from({ length: programs }, (_, i) => on("host", sleeper, i));
  return run(
    scenario({ hosts: { host: {} }, programs: { all }, limitMs: 1e9 }),
    programs * count,
    (nowMs) => nowMs,
    "none",
  );
}

function messages(count: number, trace: number): Promise<Timed> {
  const server = async (host: Host): Promise<void> => {
    const connection = await (await host.listen(7)).accept();
    for await (const message of connection) await connection.send(message);
  };
  const client = async (host: Host): Promise<void> => {
    const connection = await host.connect("server", 7);
    for (let i = 0; i < count / 2; i++) {
      await connection.send({ number: i, text: "hello" });
      await connection.receive();
    }
    connection.end();
  };
  const s = scenario({
    hosts: { server: {}, client: {} },
    network: { latencyMs: 1 },
    programs: { server: on("server", server), client: on("client", client) },
    limitMs: 1e9,
  });
  return run(s, count, (nowMs) => nowMs, trace ? "all" : "none");
}

/** Calls over datagrams, of which a fifth gets lost each way: asked again after 5 ms. */
function calls(count: number): Promise<Timed> {
  let tries = 0;
  const server = async (host: Host): Promise<void> => {
    const open = await host.datagrams(7);
    for await (const { from, message } of open) await open.send(from, message);
  };
  const client = async (host: Host): Promise<void> => {
    const open = await host.datagrams();
    for (let i = 0; i < count; i++) {
      for (let isAnswered = false; !isAnswered; ) {
        tries++;
        await open.send({ host: "server", port: 7 }, { number: i, text: "hello" });
        try {
          isAnswered = (await open.receive({ timeoutMs: 5 })).message.number === i;
        } catch (error) {
          if (!(error instanceof TimedOut)) throw error;
        }
      }
    }
  };
  const s = scenario({
    hosts: { server: {}, client: {} },
    network: { latencyMs: 1, datagrams: { loss: 0.2 } },
    programs: { server: on("server", server).daemon(), client: on("client", client) },
    limitMs: 1e9,
  });
  return run(s, count, () => tries / count, "none");
}

await main({ queue, sleeps, messages, calls });
