/** Programs in bench/programs on the abstract machine, after a shorter run to warm up. usage: sieve N | nbody N | sha256 N | words N */
import { decodeModule, instantiate } from "kernel-lib";
import { compiled, programNames } from "../programs.js";
import { main, type Timed, timed } from "./timed.js";

async function run(name: string, n: number): Promise<Timed> {
  const code = decodeModule(await compiled(name));
  const result = (size: number): number => {
    const machine = instantiate(code, { resources: { "env.abort": () => {} } });
    machine.call("run", size);
    const stop = machine.run();
    if (stop.why !== "finished") throw new Error(`${name}: ${stop.why}`);
    return Number(stop.results[0]);
  };
  result(n / 10);
  return timed(1, () => result(n));
}

await main(Object.fromEntries(programNames.map((name) => [name, (n: number) => run(name, n)])));
