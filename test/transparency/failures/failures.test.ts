import fc from "fast-check";
import {
  backOff,
  type CallHandler,
  CallTable,
  crashOrderOf,
  crashOrders,
  crashScenario,
  dataset,
  dispatch,
  durableService,
  type Fault,
  type Host,
  type Keeping,
  keepings,
  lossy,
  on,
  onceOnly,
  overConnections,
  printed,
  procedure,
  type RemoteCall,
  type RemoteReply,
  reissues,
  remoteInterface,
  retrying,
  type StatefulObject,
  scenario,
  serveCalls,
  simulate,
  stub,
  xdr,
} from "kernel-lib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { soaked } from "../../soak.js";
import { failureOf, inBothWorlds } from "../../world/both-worlds.js";

const test = suite("failures");

const published = dataset<{ reissue: string; order: string; printed: string }>("server-crash-table");

inBothWorlds(
  test,
  "the table of server crashes, made by 24 runs, is the published one, and no row of it is all right",
  async (play, world) => {
    // In a real process the disk of a machine is no other process's to read.
    if (world === "process") return;
    const rows: { reissue: string; order: string; printed: string }[] = [];
    for (const reissue of reissues)
      for (const order of crashOrders) {
        const cell = crashScenario(order, reissue, { stepMs: 40 });
        let run = await play(cell, { seed: 1 });
        const isMet = () => crashOrderOf(run.rows, order.replace("C", "").includes("MP") ? "M" : "P") === order;
        // A machine that is busy may crash a step too late: that is another cell.
        for (let i = 0; i < 4 && !isMet(); i++) run = await play(cell, { seed: 1 });
        rows.push({ reissue, order, printed: printed(run.results.paper) });
      }
    assert.equal(rows, published.rows);
    for (const reissue of reissues) assert.ok(rows.some((row) => row.reissue === reissue && row.printed !== "OK"));
  },
  { timeScale: 1 },
);

const Counter = remoteInterface({
  program: 0x20000006,
  version: 1,
  methods: { next: procedure(1, [], xdr.int), slow: procedure(2, [xdr.double], xdr.int) },
});
const where = { host: "server", port: 80 };

/** Counts executions, with a filter or without. */
const counting = async (host: Host, filtered: boolean) => {
  let executions = 0;
  const filter = onceOnly();
  const counter = (own: Host) =>
    dispatch(Counter, {
      next: () => ++executions,
      slow: async (ms) => {
        await own.sleep(ms);
        return ++executions;
      },
    });
  return serveCalls(host, (own) => (filtered ? filter.around(counter(own)) : counter(own)));
};
/** Calls over a network that loses; tells what was tried and executed. */
const calling = async (host: Host, count: number, loss: number) => {
  const channel = lossy(host, overConnections(host, where), { loss, timeoutMs: 4 });
  let tries = 0;
  const counted = (call: RemoteCall) => {
    tries++;
    return channel(call);
  };
  const counter = stub(host, Counter, retrying(host, counted, { tries: 1000, pauses: () => 0 }));
  let last = 0;
  for (let i = 0; i < count; i++) last = await counter.next();
  return { tries, last };
};
const overLoss = (filtered: boolean, loss: number, calls: number) =>
  scenario({
    hosts: { server: {}, client: {} },
    network: { latencyMs: 1 },
    programs: { server: on("server", counting, filtered).daemon(), client: on("client", calling, calls, loss) },
  });

test("tries a call are 1/(1−p)² and executions 1/(1−p), inside 99.9 % intervals of 20 seeds; with a filter exactly 1", async () => {
  const [calls, loss] = [400, 0.2];
  const runs = await Promise.all(
    Array.from({ length: 20 }, async (_, i) => {
      const { results } = await simulate(overLoss(false, loss, calls), { seed: i + 1, trace: "none" });
      return { tries: results.client.tries / calls, executions: results.client.last / calls };
    }),
  );
  for (const [field, wanted] of [
    ["tries", 1 / (1 - loss) ** 2],
    ["executions", 1 / (1 - loss)],
  ] as const) {
    const values = runs.map((run) => run[field]);
    const mean = values.reduce((sum, each) => sum + each, 0) / 20;
    const sd = Math.sqrt(values.reduce((sum, each) => sum + (each - mean) ** 2, 0) / 19);
    const half = (3.883 * sd) / Math.sqrt(20); // Student's t, 19 degrees of freedom, 99.9 %
    assert.ok(Math.abs(mean - wanted) <= half, `${field}: ${mean} ± ${half}, wanted ${wanted}`);
    assert.ok(half < 0.05 * wanted, `the interval says nothing: ± ${half}`);
  }
  const { results } = await simulate(overLoss(true, loss, calls), { seed: 1 });
  assert.is(results.client.last, calls);
  assert.ok(results.client.tries > 1.3 * calls);
});

inBothWorlds(test, "with the same seed both worlds lose the same", async (play, world) => {
  const { results } = await play(overLoss(false, 0.3, 12), { seed: 3 });
  const virtual = (await simulate(overLoss(false, 0.3, 12), { seed: 3 })).results;
  // Real processes draw streams of their own.
  if (world !== "process") assert.equal(results.client, virtual.client);
});

inBothWorlds(test, "a copy that comes while the first is executed waits for it, and is not executed", async (play) => {
  const client = async (host: Host) => {
    // Two channels of one client, as after a time-out: the same call over another connection.
    const one = overConnections(host, where);
    const two = overConnections(host, where);
    const call: RemoteCall = { client: "c", number: 1, program: Counter.program, version: 1, procedure: 2, args: [40] };
    const first = host.spawn(() => one(call), { as: "thread", name: "first" });
    await host.sleep(10);
    const second = await two(call);
    const end = await first.done();
    const next = await two({ ...call, number: 2, procedure: 1, args: [] });
    return [end.how === "returned" && end.value, second, next];
  };
  const { results } = await play(
    scenario({
      hosts: { server: {}, client: {} },
      programs: { server: on("server", counting, true).daemon(), client: on("client", client) },
    }),
  );
  const returned = (result: number): RemoteReply => ({ how: "returned", result });
  assert.equal(results.client, [returned(1), returned(1), returned(2)]);
});

test(`the filter executes each call once, in ${soaked(10_000)} orders of copies and of clients, and keeps nothing that is settled`, async () => {
  const sends = fc.array(fc.record({ client: fc.constantFrom("a", "b"), number: fc.integer({ min: 1, max: 6 }) }), {
    maxLength: 40,
  });
  await fc.assert(
    fc.asyncProperty(sends, async (copies) => {
      const executed: string[] = [];
      const { table, around } = onceOnly();
      const handle: CallHandler = around(async ({ client, number }) => {
        executed.push(`${client}${number}`);
        return { how: "returned", result: `${client}${number}` };
      });
      for (const { client, number } of copies) {
        const reply = await handle({ client, number, program: 1, version: 1, procedure: 1, args: [] });
        assert.equal(reply, { how: "returned", result: `${client}${number}` });
      }
      assert.equal(
        executed.slice().sort(),
        [...new Set(copies.map(({ client, number }) => `${client}${number}`))].sort(),
      );
      assert.is(table.size, executed.length);
      // A call that says so settles those before it; and a late copy of them is told, and not executed.
      const last = { client: "a", number: 7, settled: 6, program: 1, version: 1, procedure: 1, args: [] };
      await handle(last);
      assert.is(table.rows.find(({ client }) => client === "a")?.replies.length, 1);
      const before = executed.length;
      assert.is((await handle({ ...last, number: 3 })).how, "refused");
      assert.is(executed.length, before);
      assert.equal(new CallTable(JSON.parse(JSON.stringify(table.rows))).rows, table.rows);
    }),
    { numRuns: soaked(10_000), seed: 1 },
  );
});

test("a client that never says what is settled can't fill the table: the oldest count as settled", () => {
  const table = new CallTable([], 3);
  const call = (number: number): RemoteCall => ({
    client: "c",
    number,
    program: 1,
    version: 1,
    procedure: 1,
    args: [],
  });
  for (let i = 1; i <= 10; i++) table.keep(call(i), { how: "returned", result: i });
  assert.is(table.size, 3);
  assert.equal(
    [7, 8, 10, 11].map((number) => table.find(call(number))),
    ["settled", { how: "returned", result: 8 }, { how: "returned", result: 10 }, undefined],
  );
});

const account: StatefulObject<typeof Counter, number> = {
  of: Counter,
  initial: 0,
  methods: { next: (count) => [count + 1, count + 1], slow: (count) => [count, count] },
};
const durable = async (host: Host, keeping: Keeping | "memory") => {
  if (keeping !== "memory") {
    const service = await durableService(host, account, keeping);
    return serveCalls(host, (own) => service.on(own));
  }
  const [service, filter] = [await durableService(host, account, "state"), onceOnly()];
  return serveCalls(host, (own) => filter.around(service.on(own)));
};
const persistent = async (host: Host, count: number) => {
  const channel = overConnections(host, where, { timeoutMs: 30 });
  const counter = stub(host, Counter, retrying(host, channel, { tries: 50, pauses: () => 5 }));
  const counts: number[] = [];
  for (let i = 0; i < count; i++) counts.push(await counter.next());
  return counts;
};
const withCrash = (keeping: Keeping | "memory", faults: readonly Fault<"server">[]) =>
  scenario({
    hosts: { server: { disk: { accessMs: 1 }, costs: { messageMs: 0.6 } }, client: {} },
    network: { latencyMs: 1 },
    faults,
    programs: { server: on("server", durable, keeping).daemon(), client: on("client", persistent, 4) },
    limitMs: 2000,
  });

/** What comes of a crash at each moment: the counts that the client was told. */
async function outcomes(keeping: Keeping | "memory"): Promise<string[]> {
  const plain = await simulate(withCrash(keeping, []), { seed: 1 });
  const seen = new Set<string>();
  for (let atMs = 2.25; atMs < plain.endMs; atMs += 0.25) {
    const faults: Fault<"server">[] = [
      { kind: "crash", host: "server", atMs },
      { kind: "restart", host: "server", atMs: atMs + 10 },
    ];
    seen.add((await simulate(withCrash(keeping, faults), { seed: 1 })).results.client.join(" "));
  }
  return [...seen].sort();
}

test("written in one piece, a call is executed exactly once whenever the server crashes; in any other way it is not", async () => {
  assert.equal(await outcomes("one piece"), ["1 2 3 4"]);
  const twice = /^(2 3 4 5|1 3 4 5|1 2 4 5|1 2 3 5)$/;
  for (const keeping of ["memory", "state", "state, then table"] as const) {
    const seen = await outcomes(keeping);
    assert.ok(
      seen.some((counts) => twice.test(counts)),
      `${keeping}: ${seen.join(", ")}`,
    );
  }
  // Answered out of a table that knows more than the state: the call is never executed, and two are told the same number.
  const lost = await outcomes("table, then state");
  assert.ok(
    lost.some((counts) => /(\d) \1/.test(counts)),
    lost.join(", "),
  );
  assert.is(keepings.length, 4);
});

test("pauses double up to their bound, and jitter takes what it says of them", () => {
  const [none, full, equal] = (["none", "full", "equal"] as const).map((jitter) =>
    backOff({ firstMs: 10, mostMs: 100, jitter }),
  ) as [ReturnType<typeof backOff>, ReturnType<typeof backOff>, ReturnType<typeof backOff>];
  assert.equal(
    [1, 2, 3, 4, 5, 1000].map((failures) => none(failures, () => 0.5)),
    [10, 20, 40, 80, 100, 100],
  );
  assert.equal([full(3, () => 0.25), equal(3, () => 0.25), equal(3, () => 0)], [10, 25, 20]);
  assert.throws(() => backOff({ firstMs: 0 }), /backOff: firstMs must be a finite number above 0/);
  assert.throws(() => backOff({ firstMs: 1, factor: 0.5 }), /factor must be at least 1/);
  assert.throws(() => backOff({ firstMs: 1, jitter: "some" as never }), /jitter must be "none", "full" or "equal"/);
});

test("after the last try the caller hears what the last one threw; other errors are not tried again", async () => {
  const client = async (host: Host) => {
    let tries = 0;
    const broken = async () => {
      tries++;
      throw new TypeError("ours");
    };
    const nobody = retrying(host, overConnections(host, { host: "server", port: 81 }), { tries: 3 });
    const call: RemoteCall = { client: "c", number: 1, program: 1, version: 1, procedure: 1, args: [] };
    return [await failureOf(() => nobody(call)), await failureOf(() => retrying(host, broken)(call)), tries];
  };
  const run = await simulate(
    scenario({ hosts: { server: {}, client: {} }, programs: { client: on("client", client) } }),
  );
  const [refused, ours, tries] = run.results.client;
  assert.match(String(refused), /^ConnectionRefused/);
  assert.equal([ours, tries], ["TypeError: ours", 1]);
  assert.is(run.rows.filter((row) => row.kind === "log" && row.event === "retry").length, 2);
});

test.run();
