import {
  dispatch,
  type Host,
  on,
  onceOnly,
  overDatagrams,
  procedure,
  type RemoteCall,
  remoteInterface,
  retrying,
  scenario,
  serveDatagrams,
  simulate,
  stub,
  xdr,
} from "kernel-lib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { inBothWorlds } from "../../world/both-worlds.js";

const test = suite("calls over datagrams");

const Counter = remoteInterface({ program: 0x20000009, version: 1, methods: { next: procedure(1, [], xdr.int) } });
const counting = async (host: Host, filtered: boolean) => {
  let executions = 0;
  const filter = onceOnly();
  const handle = dispatch(Counter, { next: () => ++executions });
  return serveDatagrams(host, () => (filtered ? filter.around(handle) : handle));
};
const calling = async (host: Host, calls: number) => {
  let tries = 0;
  const channel = overDatagrams(host, { host: "server", port: 80 }, { timeoutMs: 12 });
  const counted = (call: RemoteCall) => {
    tries++;
    return channel(call);
  };
  const counter = stub(host, Counter, retrying(host, counted, { tries: 1000, pauses: () => 0 }));
  let last = 0;
  for (let i = 0; i < calls; i++) last = await counter.next();
  return { tries, last };
};
const over = (filtered: boolean, calls: number, datagrams: { readonly loss?: number; readonly duplicates?: number }) =>
  scenario({
    hosts: { server: {}, client: {} },
    network: { latencyMs: 1, datagrams },
    programs: { server: on("server", counting, filtered).daemon(), client: on("client", calling, calls) },
  });

test("datagrams that get lost: tries a call are 1/(1−p)², executions 1/(1−p), inside 99.9 % intervals of 20 seeds", async () => {
  const [calls, loss] = [300, 0.2];
  const runs = await Promise.all(
    Array.from({ length: 20 }, async (_, i) => {
      const { results } = await simulate(over(false, calls, { loss }), { seed: i + 1, trace: "none" });
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
});

inBothWorlds(test, "lost and doubled, behind a filter each call is executed exactly once", async (play, world) => {
  if (world === "process") return;
  const { results } = await play(over(true, 15, { loss: 0.2, duplicates: 0.3 }), { seed: 2 });
  assert.is(results.client.last, 15);
  assert.ok(results.client.tries > 15);
});

test.run();
