/**
 * A live run in a process whose worker threads fail: all (`1`), those after the machine was measured (`later`), or by
 * dying while they burn (`dies`). Prints the error; ends by itself, so whatever were left would show.
 */
import { syncBuiltinESMExports } from "node:module";
import threads from "node:worker_threads";

const which = process.argv[2];
const why = "no more threads, says the test";
const RealWorker = threads.Worker;

let isFailing = which === "1";
threads.Worker = class extends RealWorker {
  constructor(...args: ConstructorParameters<typeof RealWorker>) {
    if (isFailing && which !== "dies") throw new Error(why);
    super(...args);
    // Nothing that a burner can read: its code throws, and the thread dies.
    if (isFailing) setTimeout(() => this.postMessage(null), 300);
  }
} as typeof RealWorker;
syncBuiltinESMExports();

const { measureMachine, on, runLive, scenario } = await import("kernel-lib");
if (which !== "1") await measureMachine();
isFailing = true;

const worker = async (host: import("kernel-lib").Host): Promise<void> => {
  for (let i = 0; i < 100; i++) await host.compute(20);
};
const s = scenario({ hosts: { a: {}, b: { cores: 2 } }, programs: { x: on("a", worker), y: on("b", worker) } });
await runLive(s).then(
  () => console.log("it ran"),
  (error: Error) => console.log(error.message),
);
