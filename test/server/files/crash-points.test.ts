import { crashPoints, type Host, on, ParameterError, scenario, simulate } from "kernel-lib";
import { test } from "uvu";
import * as assert from "uvu/assert";

test("points lie in the middle of each gap between events: sends, arrivals, the begin and the end of work", async () => {
  const served = async (host: Host) => {
    const connection = await (await host.listen(7)).accept();
    await connection.receive();
    await host.compute(6);
  };
  const asks = async (host: Host) => {
    const connection = await host.connect("server", 7);
    await connection.send("work");
  };
  const { rows } = await simulate(
    scenario({
      hosts: { server: {}, client: {} },
      network: { latencyMs: 2 },
      programs: { server: on("server", served), client: on("client", asks) },
    }),
  );
  // Connected at 4, received at 6, computed until 12.
  assert.equal(crashPoints(rows).slice(0, 4), [1, 3, 5, 9]);
});

test("what is no trace is refused", () => {
  assert.throws(
    () => crashPoints([]),
    (error: Error) => error instanceof ParameterError,
  );
});

test.run();
