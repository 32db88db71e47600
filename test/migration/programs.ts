import {
  type CodeSegment,
  compileAssemblyScript,
  decodeModule,
  instantiate,
  type Machine,
  type Resources,
} from "kernel-lib";

/** Counts primes into a list; tells a printer each hundredth. Its memory grows while it runs. */
const primesText = `
@external("printer", "print") declare function print(x: f64): void;
const primes = new StaticArray<i32>(4000);
export function run(wanted: i32): i32 {
  let found = 0;
  for (let n = 2; found < wanted; n++) {
    let isPrime = true;
    for (let i = 0; i < found && primes[i] * primes[i] <= n; i++)
      if (n % primes[i] == 0) { isPrime = false; break; }
    if (!isPrime) continue;
    primes[found++] = n;
    if (found % 100 == 0) print(n);
  }
  return primes[found - 1];
}`;

export const compiled = async (text: string): Promise<CodeSegment> =>
  decodeModule(await compileAssemblyScript(text, { runtime: "stub" }));

export const primes: CodeSegment = await compiled(primesText);

/** A printer whose paper can be read. */
export function printer(): { readonly printed: number[]; readonly resources: Resources } {
  const printed: number[] = [];
  return { printed, resources: { "printer.print": ([x]) => void printed.push(Number(x)) } };
}

/** A machine that is about to look for so many primes. */
export function primesMachine(wanted: number, resources: Resources): Machine {
  const machine = instantiate(primes, { resources });
  machine.call("run", wanted);
  return machine;
}

/** What an uninterrupted run gives. */
export function primesAlone(wanted: number): { result: number; instructions: number; printed: readonly number[] } {
  const { printed, resources } = printer();
  const machine = primesMachine(wanted, resources);
  const stop = machine.run();
  if (stop.why !== "finished") throw new Error(`it ${stop.why}`);
  return { result: Number(stop.results[0]), instructions: machine.instructions, printed };
}
