import { runLive } from "kernel-lib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { agentWith, alone, aloneMs, strong, threePlaces } from "../../migration/journeys.js";

const mobility = suite("programs and processes that move over real sockets");

mobility("strong mobility over real sockets: the same result, no instruction lost or done twice", async () => {
  const run = await runLive(strong(0.5 * aloneMs), { timeScale: 1 });
  const { here, there } = run.results;
  assert.is(there.before, here.instructions);
  assert.is(there.instructions, alone.instructions);
  assert.equal([...here.printed, ...there.printed], alone.printed);
});

mobility("an agent moves on by itself over real sockets, and keeps what it counted", async () => {
  const [report] = (await runLive(threePlaces(agentWith("tour", "rebind", 2)), { timeScale: 1 })).results.reports;
  assert.equal([report?.how, report?.results, report?.place], ["finished", [321], "c"]);
});

mobility.run();
