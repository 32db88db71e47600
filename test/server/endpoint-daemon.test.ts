import {
  endpointDaemon,
  type Host,
  keepRegistered,
  lookUpEndpoint,
  on,
  registerEndpoint,
  scenario,
  simulate,
  unregisterEndpoint,
} from "kernel-lib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { failureOf, inBothWorlds } from "../world/both-worlds.js";

const test = suite("endpoint-daemon");

/** Answers with its own name, on a dynamic port, which it returns. */
const startService = async (host: Host, name: string) => {
  const listener = await host.listen(0);
  const serve = async () => {
    for await (const connection of listener) {
      await connection.send(name);
      connection.end();
    }
  };
  host.spawn(serve, { as: "thread" });
  return listener.port;
};
const registered = async (host: Host, name: string) => registerEndpoint(host, name, await startService(host, name));
const renewing = async (host: Host, name: string, everyMs: number) =>
  keepRegistered(host, name, await startService(host, name), everyMs);
const contact = async (host: Host, service: string) => {
  const port = await lookUpEndpoint(host, "server", service);
  if (port === undefined) return "unknown";
  const connection = await host.connect("server", port);
  return connection.receive();
};
const contactAt = (timesMs: readonly number[]) => async (host: Host) => {
  const heard: string[] = [];
  for (const timeMs of timesMs) {
    await host.sleepUntil(timeMs);
    heard.push(await contact(host, "time").catch((error: Error) => error.name));
  }
  return heard;
};
const hosts = { server: {}, client: {} };
const network = { latencyMs: 2 };

inBothWorlds(test, "two services on dynamic ports are found by name, and a third is not", async (play) => {
  const asking = async (host: Host) => {
    await host.sleep(30);
    return [await contact(host, "news"), await contact(host, "time"), await contact(host, "mail")];
  };
  const run = await play(
    scenario({
      hosts,
      network,
      programs: {
        daemon: on("server", endpointDaemon).daemon(),
        services: [on("server", registered, "time").daemon(), on("server", registered, "news").daemon()],
        heard: on("client", asking),
      },
    }),
  );
  assert.equal(run.results.heard, ["news", "time", "unknown"]);
});

inBothWorlds(test, "the newest registration counts, and after unregistering none does", async (play) => {
  const program = async (host: Host) => {
    const heard: (number | undefined)[] = [];
    const look = async () => heard.push(await lookUpEndpoint(host, "server", "time"));
    await registerEndpoint(host, "time", 50001);
    await look();
    await registerEndpoint(host, "time", 50002);
    await look();
    await unregisterEndpoint(host, "time");
    await look();
    await unregisterEndpoint(host, "time");
    await look();
    return heard;
  };
  const programs = { daemon: on("server", endpointDaemon).daemon(), heard: on("server", program) };
  const run = await play(scenario({ hosts, programs }));
  assert.equal(run.results.heard, [50001, 50002, undefined, undefined]);
});

const dying = (leaseMs: number | undefined) =>
  scenario({
    hosts,
    network,
    programs: {
      daemon: on("server", endpointDaemon, leaseMs === undefined ? {} : { leaseMs }).daemon(),
      time: on("server", renewing, "time", 100).daemon(),
      heard: on("client", contactAt([150, 450, 1000])),
    },
    faults: [{ kind: "kill", program: "time", atMs: 250 }],
  });

inBothWorlds(test, "a service that dies without unregistering stays registered for ever", async (play) => {
  const run = await play(dying(undefined));
  assert.equal(run.results.heard, ["time", "ConnectionRefused", "ConnectionRefused"]);
});

inBothWorlds(test, "with leases it is forgotten when its lease is over, and not before", async (play) => {
  const run = await play(dying(400));
  assert.equal(run.results.heard, ["time", "ConnectionRefused", "unknown"]);
});

/** Runs a daemon from 0 to 200 ms, and another, which knows nothing, from 400 ms. */
const restarted = async (host: Host, leaseMs: number) => {
  const daemon = host.spawn(endpointDaemon, { as: "process" }, { leaseMs });
  await host.sleepUntil(200);
  daemon.kill();
  await host.sleepUntil(400);
  host.spawn(endpointDaemon, { as: "process" }, { leaseMs });
};
const patient = async (host: Host, register: typeof registered) => {
  await host.sleep(20);
  await register(host, "time");
};
const crash = (register: typeof registered) =>
  scenario({
    hosts,
    network,
    programs: {
      daemon: on("server", restarted, 1000).daemon(),
      time: on("server", patient, register).daemon(),
      heard: on("client", contactAt([150, 300, 700])),
    },
  });

inBothWorlds(test, "a daemon that is restarted knows nothing of a service that registered once", async (play) => {
  const run = await play(crash(registered));
  assert.equal(run.results.heard, ["time", "ConnectionRefused", "unknown"]);
});

inBothWorlds(
  test,
  "one that registers again and again is found again, though the daemon was away meanwhile",
  async (play) => {
    const run = await play(crash((host, name) => renewing(host, name, 100)));
    assert.equal(run.results.heard, ["time", "ConnectionRefused", "time"]);
  },
);

test("bad options are named", async () => {
  const run = await simulate(
    scenario({
      hosts,
      programs: {
        lease: on("server", endpointDaemon, { leaseMs: Number.NaN }),
        every: on("server", keepRegistered, "time", 50000, 0),
      },
    }),
  );
  assert.match(
    await failureOf(() => run.results.lease),
    /endpointDaemon: leaseMs must be a finite number above 0, got NaN/,
  );
  assert.match(
    await failureOf(() => run.results.every),
    /keepRegistered: everyMs must be a finite number above 0, got 0/,
  );
});

test.run();
