import {
  askSeveral,
  type Channel,
  dataset,
  exponential,
  firstReply,
  HedgeBudget,
  type Host,
  hedged,
  majorityOf,
  mm1,
  mOfN,
  newestReply,
  on,
  overConnections,
  procedure,
  type RemoteReply,
  randomStream,
  remoteInterface,
  replicaModel,
  scenario,
  serve,
  shareWithSlow,
  simulate,
  stub,
  tailAtScale,
  tailLaw,
  xdr,
} from "kernel-lib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { failureOf, inBothWorlds } from "../../world/both-worlds.js";

const test = suite("replication");

const Register = remoteInterface({
  program: 0x20000008,
  version: 1,
  methods: { read: procedure(1, [], xdr.struct({ value: xdr.string(20), version: xdr.int })) },
});
const replica = (host: Host, value: string, version: number, meanMs: number) =>
  serve(host, Register, (own) => ({
    read: async () => {
      const draw = () => own.random();
      await own.sleep(meanMs === 0 ? 0 : exponential({ mean: meanMs }, draw)());
      return { value, version };
    },
  }));

const channelsOf = (host: Host, names: readonly string[]): Channel[] =>
  names.map((name) => overConnections(host, { host: name, port: 80 }));
const five = ["a", "b", "c", "d", "e"] as const;

/** m of n replicas, asked again and again. */
const timed = (m: number, n: number, calls: number) => {
  const client = async (host: Host) => {
    const register = stub(host, Register, askSeveral(host, channelsOf(host, five.slice(0, n)), { need: m }));
    let sumMs = 0;
    for (let i = 0; i < calls; i++) {
      const startMs = host.now();
      await register.read();
      sumMs += host.now() - startMs;
      await host.sleep(200); // those that were not needed end meanwhile
    }
    return sumMs / calls;
  };
  return scenario({
    hosts: { a: {}, b: {}, c: {}, d: {}, e: {}, client: {} },
    programs: {
      replicas: five.map((name) => on(name, replica, "x", 1, 10).daemon()),
      meanMs: on("client", client),
    },
  });
};

for (const [m, n] of [
  [1, 1],
  [1, 5],
  [3, 5],
  [5, 5],
  [2, 3],
] as const)
  test(`the mean time until ${m} of ${n} replicas have answered is the closed form's, inside the 99.9 % interval of 20 seeds`, async () => {
    const means = await Promise.all(
      Array.from({ length: 20 }, async (_, i) => {
        const { results } = await simulate(timed(m, n, 60), { seed: i + 1, trace: "none" });
        return results.meanMs;
      }),
    );
    const mean = means.reduce((sum, each) => sum + each, 0) / 20;
    const sd = Math.sqrt(means.reduce((sum, each) => sum + (each - mean) ** 2, 0) / 19);
    const half = (3.883 * sd) / Math.sqrt(20);
    const wanted = mOfN({ m, n, meanMs: 10 });
    assert.ok(Math.abs(mean - wanted) <= half, `${mean} ± ${half}, wanted ${wanted}`);
    assert.ok(half < 0.2 * wanted, `the interval says nothing: ± ${half}`);
  });

const threeReplicas = <R>(client: (host: Host) => Promise<R>, faults: readonly { readonly atMs: number }[] = []) =>
  scenario({
    hosts: { a: {}, b: {}, c: {}, client: {} },
    network: { latencyMs: 2 },
    faults: faults.map(({ atMs }) => ({ kind: "crash" as const, host: "a" as const, atMs })),
    programs: {
      behind: on("a", replica, "old", 1, 0).daemon(),
      one: on("b", replica, "new", 2, 0).daemon(),
      other: on("c", replica, "new", 2, 0).daemon(),
      client: on("client", client),
    },
  });

inBothWorlds(
  test,
  "the newest of a majority is never that of the replica that is behind; the first of all may be",
  async (play, world) => {
    const client = async (host: Host) => {
      const reads = async (need: number, choose: typeof newestReply) => {
        const register = stub(host, Register, askSeveral(host, channelsOf(host, ["a", "b", "c"]), { need, choose }));
        const seen: string[] = [];
        for (let i = 0; i < 10; i++) seen.push((await register.read()).value);
        return seen;
      };
      return { majority: await reads(majorityOf(3), newestReply), first: await reads(1, firstReply) };
    };
    const { results } = await play(threeReplicas(client));
    assert.equal([...new Set(results.client.majority)], ["new"]);
    if (world === "virtual") assert.ok(results.client.first.includes("old"));
  },
);

inBothWorlds(
  test,
  "a majority outlives a replica that refuses; all of three do not, and the caller hears why",
  async (play) => {
    const client = async (host: Host) => {
      const channels = channelsOf(host, ["b", "c", "nowhere"].slice(0, 2)).concat(
        overConnections(host, { host: "a", port: 81 }),
      );
      const two = stub(host, Register, askSeveral(host, channels, { need: 2, choose: newestReply }));
      const three = stub(host, Register, askSeveral(host, channels, { need: 3 }));
      return [(await two.read()).value, (await failureOf(() => three.read())).split(":")[0]];
    };
    const { results } = await play(threeReplicas(client));
    assert.equal(results.client, ["new", "ConnectionRefused"]);
  },
);

/** Replicas of which one is slow: who asks it is late, or asks another one. */
const hedging = (budget: HedgeBudget | undefined, calls: number, slow: readonly string[]) => {
  const client = async (host: Host) => {
    const options = { afterMs: 15, ...(budget && { budget }) };
    const register = stub(host, Register, hedged(host, channelsOf(host, ["a", "b", "c"]), options));
    const timesMs: number[] = [];
    for (let i = 0; i < calls; i++) {
      const startMs = host.now();
      await register.read();
      timesMs.push(host.now() - startMs);
    }
    return timesMs;
  };
  const names = ["a", "b", "c"] as const;
  const sleeps = (host: Host, ms: number) =>
    serve(host, Register, (own) => ({
      read: async () => {
        await own.sleep(ms);
        return { value: host.name, version: 1 };
      },
    }));
  return scenario({
    hosts: { a: {}, b: {}, c: {}, client: {} },
    network: { latencyMs: 1 },
    programs: {
      replicas: names.map((name) => on(name, sleeps, slow.includes(name) ? 200 : 1).daemon()),
      timesMs: on("client", client),
    },
  });
};
const hedges = (run: { readonly rows: readonly { readonly kind: string }[] }) =>
  run.rows.filter((row) => row.kind === "log" && (row as { event?: string }).event === "hedge").length;

inBothWorlds(test, "a second request after 15 ms: nobody waits for the slow replica", async (play) => {
  const { results } = await play(hedging(undefined, 12, ["a"]), { seed: 2 });
  assert.ok(Math.max(...results.timesMs) < 120, results.timesMs.join());
});

test("when all replicas are slow, a budget of 10 % bounds second requests; without it every call makes one", async () => {
  const all = ["a", "b", "c"];
  const run = await simulate(hedging(undefined, 100, all), { seed: 1 });
  assert.is(hedges(run), 100);
  const bounded = await simulate(hedging(new HedgeBudget(0.1, 5), 100, all), { seed: 1 });
  assert.ok(hedges(bounded) <= 15 && hedges(bounded) >= 12, `${hedges(bounded)}`);
});

const model = { requests: 20_000, servers: 10 } as const;
const means = (load: number, policy: Parameters<typeof replicaModel>[0]["policy"]) =>
  Array.from({ length: 20 }, (_, i) => replicaModel({ ...model, load, policy, seed: i + 1 }).responseMs);
const mean = (values: readonly number[]) => values.reduce((sum, each) => sum + each, 0) / values.length;

test("a single request to one of ten servers is M/M/1 within 3 %", () => {
  for (const load of [0.3, 0.6]) {
    const wanted = mm1({ arrivalsPerS: 1000 * load, serviceMs: 1 }).responseMs;
    assert.ok(Math.abs(mean(means(load, { kind: "single" })) / wanted - 1) < 0.03);
  }
});

test("two copies of everything pay below load 1/3 ± .03, and not above", () => {
  for (const [load, pays] of [
    [1 / 3 - 0.03, true],
    [1 / 3 + 0.03, false],
  ] as const) {
    const [single, copies] = [means(load, { kind: "single" }), means(load, { kind: "copies" })];
    const gains = single.map((each, i) => each - (copies[i] as number));
    const gain = mean(gains);
    const half = (3.883 * Math.sqrt(gains.reduce((sum, each) => sum + (each - gain) ** 2, 0) / 19)) / Math.sqrt(20);
    assert.ok(pays ? gain - half > 0 : gain + half < 0, `load ${load}: gain ${gain} ± ${half}`);
    const wanted = 1 / (2 * (1 - 2 * load));
    assert.ok(Math.abs(mean(copies) / wanted - 1) < 0.05, `${mean(copies)}, wanted ${wanted}`);
  }
});

const at = (load: number, policy: Parameters<typeof replicaModel>[0]["policy"], requests = 20_000) =>
  replicaModel({ servers: 10, load, policy, requests, seed: 1 });

test("at load 0.7, second requests after ten service times bring the servers down, if nothing bounds them", () => {
  const policy = { kind: "hedge", afterMs: 10 } as const;
  const [short, long] = [at(0.7, policy, 40_000), at(0.7, policy, 160_000)];
  assert.ok(long.sent > 1.9, `${long.sent} copies a request`);
  assert.ok(long.responseMs > 3 * short.responseMs, "a queue that grows for ever has no mean");
  const [single, capped] = [at(0.7, { kind: "single" }, 160_000), at(0.7, { ...policy, cap: 0.05 }, 160_000)];
  assert.ok(capped.sent < 1.06 && capped.responseMs < 1.2 * single.responseMs, JSON.stringify({ capped, single }));
});

test("at load 0.3 second requests cut the tail", () => {
  const [single, hedged] = [at(0.3, { kind: "single" }), at(0.3, { kind: "hedge", afterMs: 3 })];
  assert.ok(hedged.p99Ms < 0.85 * single.p99Ms, JSON.stringify({ hedged, single }));
});

test("tied requests more than halve the mean at load 0.7, and hardly more than one copy of each is begun", () => {
  const [single, tied] = [at(0.7, { kind: "single" }), at(0.7, { kind: "tied", tellMs: 0.1 })];
  assert.ok(tied.responseMs < 0.55 * single.responseMs, JSON.stringify({ tied, single }));
  assert.ok(tied.begun > 1 && tied.begun < 1.15, `${tied.begun}`);
  assert.is(at(0.7, { kind: "tied" }).begun, 1);
});

test("a law yields the published tail: 1,800 ms, and 74 ms with 2 % more requests; drawn, it has these probabilities", () => {
  const { rows } = dataset<{ hedged: boolean; p999Ms: number; extraRequests: number }>("tail-at-scale");
  const [plain, second] = rows;
  const all = { n: 100, quantile: 0.999 };
  assert.ok(Math.abs(tailAtScale(tailLaw, all) / (plain?.p999Ms ?? 0) - 1) < 0.01);
  assert.ok(Math.abs(tailAtScale(tailLaw, { ...all, hedgeAfterMs: 10 }) / (second?.p999Ms ?? 0) - 1) < 0.02);
  assert.ok(Math.abs(tailLaw.survival(10) - (second?.extraRequests ?? 0)) < 1e-12);
  const source = randomStream(1, "tail");
  const draws = Array.from({ length: 200_000 }, () => tailLaw.draw(source));
  for (const timeMs of [5, 10, 30, 300]) {
    const [share, wanted] = [draws.filter((each) => each > timeMs).length / draws.length, tailLaw.survival(timeMs)];
    const half = 3.29 * Math.sqrt((wanted * (1 - wanted)) / draws.length);
    assert.ok(Math.abs(share - wanted) <= half, `${timeMs} ms: ${share}, wanted ${wanted} ± ${half}`);
  }
  assert.ok(Math.abs(shareWithSlow({ n: 100, slow: 0.01 }) - 0.634) < 5e-4);
});

test("bad options are refused by name", () => {
  const run = (work: (host: Host) => unknown) =>
    simulate(
      scenario({ hosts: { a: {} }, programs: { a: on("a", async (host: Host) => failureOf(async () => work(host))) } }),
    ).then(({ results }) => results.a);
  const nobody: Channel = async (): Promise<RemoteReply> => ({ how: "moved" });
  const checks = [
    run((host) => askSeveral(host, [nobody], { need: 2 })).then((said) =>
      assert.match(said, /need must be .* from 1 to 1/),
    ),
    run((host) => askSeveral(host, [])).then((said) => assert.match(said, /channels must be at least one channel/)),
    run((host) => hedged(host, [nobody], { afterMs: 1 })).then((said) => assert.match(said, /at least two channels/)),
  ];
  assert.throws(() => replicaModel({ load: 0, policy: { kind: "single" }, requests: 10, seed: 1 }), /load must be/);
  assert.throws(
    () => replicaModel({ load: 1, policy: { kind: "two" } as never, requests: 10, seed: 1 }),
    /policy\.kind/,
  );
  assert.throws(() => new HedgeBudget(2), /HedgeBudget: share must be from 0 to 1/);
  assert.throws(() => tailAtScale(tailLaw, { n: 0, quantile: 0.5 }), /tailAtScale: n/);
  return Promise.all(checks).then(() => undefined);
});

test.run();
