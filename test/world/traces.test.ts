import { createHash } from "node:crypto";
import { type Host, on, scenario, simulate, type TraceRow } from "kernel-lib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { busyScenario } from "./busy-scenario.js";

const test = suite("traces");

/** A row on one line: time, process, kind, and what is particular to the kind. */
function line(row: TraceRow): string {
  const { timeMs, host, process, pid, thread, kind, ...rest } = row;
  const who = thread === process ? process : `${process}/${thread}`;
  return `${timeMs} ${who} ${kind} ${Object.values(rest).join(" ")}`.trim();
}

// Each trace below was computed by hand from the rules, before it was compared.

test("a request and its answer over 3 ms of network, with 5 ms of CPU time at the server", async () => {
  const server = async (host: Host) => {
    const connection = await (await host.listen(7)).accept();
    const n = await connection.receive();
    await host.compute(5);
    await connection.send(n + 1);
  };
  const client = async (host: Host) => {
    const connection = await host.connect("server", 7);
    await connection.send(41);
    return connection.receive();
  };
  const run = await simulate(
    scenario({
      hosts: { server: {}, client: {} },
      network: { latencyMs: 3 },
      programs: { server: on("server", server).daemon(), client: on("client", client) },
    }),
  );
  const c = "client#1>server:7";
  assert.equal(run.rows.map(line), [
    "0 server start process 0",
    "0 server wait listen on port 7",
    "0 server wake listen on port 7",
    "0 server wait accept on port 7",
    "0 client start process 0",
    `0 client wait connect ${c}`,
    // The SYN arrives after 3 ms, its answer after 6.
    "3 server wake accept on port 7",
    `3 server wait receive on ${c} from client`,
    `6 client wake connect ${c}`,
    `6 client send ${c} out 1 6 server 41`,
    `6 client wait receive on ${c} from server`,
    `9 server receive ${c} out 1 6 client 41 9`,
    `9 server wake receive on ${c} from client`,
    "9 server wait compute",
    "9 server compute 5 0 14",
    "14 server wake compute",
    `14 server send ${c} in 1 6 client 42`,
    "14 server exit process returned",
    `17 client receive ${c} in 1 6 server 42 17`,
    `17 client wake receive on ${c} from server`,
    "17 client exit process returned",
  ]);
  assert.is(run.results.client, 42);
});

test("two jobs share a core, a third of higher priority stops them", async () => {
  const burn = async (host: Host, ms: number, priority: number) => host.compute(ms, { priority });
  const run = await simulate(
    scenario({
      hosts: { a: {} },
      programs: { long: on("a", burn, 10, 0), short: on("a", burn, 4, 0).at(2), urgent: on("a", burn, 3, 1).at(4) },
    }),
    { trace: ["compute", "exit"] },
  );
  // long is alone to 2 (8 left); shared to 4 (long 7, short 3); stopped to 7; shared to 13 (short done, long 4); alone to 17.
  assert.equal(run.rows.map(line), [
    "0 long compute 10 0 17",
    "2 short compute 4 0 13",
    "4 urgent compute 3 1 7",
    "7 urgent exit process returned",
    "13 short exit process returned",
    "17 long exit process returned",
  ]);
});

test("a kill resets the peer after one latency, and the run ends with its last program", async () => {
  const server = async (host: Host) => {
    const connection = await (await host.listen(7)).accept();
    await connection.receive();
  };
  const client = async (host: Host) => {
    const connection = await host.connect("server", 7);
    try {
      await connection.receive();
    } catch (error) {
      host.log((error as Error).name);
    }
  };
  const run = await simulate(
    scenario({
      hosts: { server: {}, client: {} },
      network: { latencyMs: 4 },
      programs: { server: on("server", server), client: on("client", client).at(1) },
      faults: [{ kind: "kill", program: "server", atMs: 20 }],
    }),
  );
  const c = "client#1>server:7";
  assert.equal(run.rows.map(line), [
    "0 server start process 0",
    "0 server wait listen on port 7",
    "0 server wake listen on port 7",
    "0 server wait accept on port 7",
    "1 client start process 0",
    `1 client wait connect ${c}`,
    "5 server wake accept on port 7",
    `5 server wait receive on ${c} from client`,
    `9 client wake connect ${c}`,
    `9 client wait receive on ${c} from server`,
    "20 server fault kill",
    "20 server exit process killed",
    `24 client wake receive on ${c} from server`,
    "24 client log ConnectionReset [object Object]",
    "24 client exit process returned",
  ]);
});

test("pin: the busy scenario's trace with seed 11 (shows change, not truth)", async () => {
  const { rows } = await simulate(busyScenario, { seed: 11 });
  const hash = createHash("sha256").update(JSON.stringify(rows)).digest("hex").slice(0, 16);
  assert.equal([rows.length, hash], [2285, "e4c337bf1b101179"]);
});

test.run();
