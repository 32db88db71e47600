import { type Connection, type Host, on, scenario } from "kernel-lib";

async function server(host: Host): Promise<void> {
  const serve = async (own: Host, connection: Connection) => {
    const mutex = own.mutex();
    for await (const { op, n } of connection) {
      await own.compute(own.random() * 3, { priority: n % 3 });
      await mutex.lock();
      if (op === "write") await own.disk.write(`file${n % 4}`, { n, at: own.now() });
      const found = await own.disk.read(`file${n % 4}`);
      mutex.unlock();
      await connection.send(found ?? null);
      if (n % 7 === 0) connection.sendUrgent(n % 256);
    }
    connection.end();
  };
  for await (const connection of await host.listen(7, {
    backlog: 1,
    keepAlive: { idleMs: 50, intervalMs: 20, probes: 2 },
  }))
    host.spawn(serve, { as: host.random() < 0.5 ? "thread" : "process" }, connection);
}

/** A chain of awaits, races and generators: only a full drain gets them all. */
async function microtasks(length: number): Promise<number> {
  async function* count() {
    for (let i = 0; i < length; i++) yield i;
  }
  let sum = 0;
  for await (const i of count()) sum += await Promise.race([Promise.resolve(i), new Promise<number>(() => undefined)]);
  const parts = await Promise.all(Array.from({ length }, async (_, i) => i));
  return sum - parts.reduce((a, b) => a + b, 0);
}

async function client(host: Host, count: number): Promise<number> {
  let answered = 0;
  for (let i = 0; i < count; i++) {
    await host.sleep(host.random() * 20);
    try {
      const connection = await host.connect("server", 7, { timeoutMs: 500 });
      connection.onUrgent((byte) => host.log("urgent", { byte }));
      for (let j = 0; j < 5; j++) {
        await connection.send({ op: host.random() < 0.4 ? "write" : "read", n: Math.floor(host.random() * 100) });
        if ((await connection.receive({ timeoutMs: 300 })) !== undefined) answered++;
      }
      if (host.random() < 0.3) connection.reset();
      else connection.end();
    } catch (error) {
      host.log((error as Error).name);
    }
    await microtasks(Math.floor(host.random() * 50));
  }
  return answered;
}

/** Ten clients, every kind of fault, every kind of wait: something of everything, for claims about whole runs. */
export const busyScenario = scenario({
  hosts: {
    server: {
      cores: 2,
      disk: { accessMs: 0.7, bytesPerS: 1e5 },
      costs: { threadMs: 0.1, processMs: 1, messageMs: 0.05 },
    },
    client: {},
    other: { bytesPerS: 2e4 },
  },
  network: { latencyMs: 1.3, bytesPerS: 1e5, links: [{ between: ["server", "other"], latencyMs: 4 }] },
  programs: {
    server: on("server", server).daemon(),
    clients: Array.from({ length: 10 }, (_, i) => on(i % 3 === 0 ? "other" : "client", client, 12)),
    chain: on("client", async (host: Host) => {
      await host.sleep(3);
      return microtasks(10_000);
    }),
  },
  faults: [
    { kind: "pause", host: "server", atMs: 40, forMs: 30 },
    { kind: "cut", between: ["other", "server"], atMs: 90 },
    { kind: "kill", program: "clients[4]", atMs: 100 },
    { kind: "heal", between: ["other", "server"], atMs: 180 },
    { kind: "crash", host: "server", atMs: 250 },
    { kind: "restart", host: "server", atMs: 320 },
  ],
});
