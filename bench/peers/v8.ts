/** The same modules as V8 compiles and runs them. usage: sieve N | nbody N | sha256 N | words N */
import { main, timed } from "../ours/timed.js";
import { compiled, programNames } from "../programs.js";

interface V8 {
  instantiate(bytes: Uint8Array, imports: object): Promise<{ instance: { exports: { run(n: number): number } } }>;
}
const v8 = (globalThis as unknown as { WebAssembly: V8 }).WebAssembly;

async function run(name: string, n: number) {
  const { instance } = await v8.instantiate(await compiled(name), { env: { abort: () => {} } });
  instance.exports.run(n / 10);
  return timed(1, () => instance.exports.run(n));
}

await main(Object.fromEntries(programNames.map((name) => [name, (n: number) => run(name, n)])));
