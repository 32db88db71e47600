import { mkdtempSync, readdirSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConnectionReset, type Host, on, type Scenario, scenario } from "kernel-lib";

// A folder for temporary files that nobody else writes to.
const folder = mkdtempSync(join(tmpdir(), "live-leaks-"));
process.env.TMPDIR = folder;
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));

/** What this process holds of the operating system and of Node, as lines that can be compared. */
export function held(): string[] {
  const listeners = process.eventNames().map((name) => `listeners to ${String(name)}: ${process.listenerCount(name)}`);
  // A worker that has ended may leave its pipes to the collector; by name they are told from our sockets and ports.
  const resources = process.getActiveResourcesInfo();
  return [...listeners, ...resources, ...files(), ...threads(), ...temporary()].sort();
}

const onLinux = process.platform === "linux";

/** Open files, pipes and sockets, by what they are, without the numbers that differ each time. */
function files(): string[] {
  if (!onLinux) return [];
  return readdirSync("/proc/self/fd").flatMap((fd) => {
    try {
      return [`file ${readlinkSync(`/proc/self/fd/${fd}`).replaceAll(/\d+/g, "N")}`];
    } catch {
      return []; // the folder itself, open while it was read
    }
  });
}

const threads = (): string[] => (onLinux ? [`threads: ${readdirSync("/proc/self/task").length}`] : []);

const temporary = (): string[] => readdirSync(folder).map((name) => `temporary file ${name}`);

/** What is held now and was not then, or the other way round. */
export function difference(before: readonly string[], after: readonly string[]): string[] {
  const left = [...before];
  const more = after.filter((line) => {
    const i = left.indexOf(line);
    if (i >= 0) left.splice(i, 1);
    return i < 0;
  });
  return [...more.map((line) => `now: ${line}`), ...left.map((line) => `gone: ${line}`)];
}

/** How a busy scenario ends: by itself, or by what its last client does. */
export type Ending = "returns" | "throws" | "waits for ever" | "goes on";

async function server(host: Host): Promise<void> {
  for await (const connection of await host.listen(7)) {
    const serve = async (own: Host): Promise<void> => {
      try {
        for await (const message of connection) {
          await own.compute(1);
          await own.disk.write("last", message);
          await connection.send(await own.disk.read("last"));
        }
      } catch (error) {
        // A client that ends with an answer unread resets its connection.
        if (!(error instanceof ConnectionReset)) throw error;
      }
    };
    host.spawn(serve, { as: "thread" });
  }
}

async function client(host: Host, rounds: number, ending: Ending): Promise<number> {
  const connection = await host.connect("server", 7, { keepAlive: { idleMs: 1000, intervalMs: 1000, probes: 3 } });
  const unread = await host.connect("server", 7);
  await unread.send(new Uint8Array(100_000).subarray(0, 50_000));
  const idle = await host.listen(0);
  const datagrams = await host.datagrams();
  for (let i = 0; i < rounds || ending === "goes on"; i++) {
    await connection.send({ number: i });
    await connection.receive();
    for (const port of [7, datagrams.port]) await datagrams.send({ host: host.name, port }, i);
    const child = async (own: Host): Promise<void> => own.compute(0.5);
    await host.spawn(child, { as: "process" }).done();
  }
  if (ending === "throws") throw new Error("on purpose");
  if (ending === "waits for ever") {
    connection.reset(); // or its keepalive would go on for ever
    await idle.accept();
  }
  return rounds;
}

/**
 * A run that holds something of everything: ports, connections with unread messages, files, threads, timers. The second
 * client ends as asked and the first by itself; with "goes on" both go on, so that no port that is open closes.
 */
export function busyScenario(ending: Ending, limitMs = Infinity): Scenario {
  return scenario({
    hosts: { server: { cores: 2 }, client: {} },
    network: { latencyMs: 0.5 },
    programs: {
      server: on("server", server).daemon(),
      clients: [1, 2].map((i) => on("client", client, 2 + i, i === 2 || ending === "goes on" ? ending : "returns")),
    },
    limitMs,
  });
}
