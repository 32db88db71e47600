import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import {
  ConnectionReset,
  JourneyBroken,
  ParameterError,
  type ProcessPlace,
  processShipment,
  programShipment,
  sendThrough,
  startProcessPlace,
} from "kernel-lib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { compiled, primes, primesAlone, primesMachine, printer } from "../../migration/programs.js";

const travelling = suite("programs that travel through processes of the operating system");
const wanted = 2000;
const alone = primesAlone(wanted);
const places: ProcessPlace[] = [];

travelling.before(async () => {
  places.push(await startProcessPlace(), await startProcessPlace({ execArgv: ["--jitless"] }));
});
travelling.after(async () => {
  for (const place of places) await place.end();
});
const [first, second] = [() => places[0] as ProcessPlace, () => places[1] as ProcessPlace];

travelling("a process goes on in a second and a third process, which are not this one", async () => {
  const { printed, resources } = printer();
  const machine = primesMachine(wanted, resources);
  machine.run({ fuel: 100_000 });
  const journey = await sendThrough(processShipment(machine), [{ at: first(), fuel: 300_000 }, { at: second() }]);
  assert.equal([journey.why, journey.results], ["finished", [alone.result]]);
  assert.equal(
    journey.legs.map(({ pid }) => pid),
    [first().pid, second().pid],
  );
  assert.not.ok(journey.legs.some(({ pid }) => pid === process.pid));
  assert.is(journey.legs[0]?.executed, 300_000);
  assert.is(100_000 + journey.legs.reduce((sum, { executed }) => sum + executed, 0), alone.instructions);
  assert.equal([...printed, ...journey.legs.flatMap((leg) => leg.printed)], alone.printed);
});

travelling("the second has no WebAssembly of its own, and gives the same result", () => {
  assert.equal([first().hasWebAssembly, second().hasWebAssembly], [true, false]);
});

travelling("a program starts there from its beginning, and comes back as a process if it may not finish", async () => {
  const journey = await sendThrough(programShipment(primes, "run", wanted), [{ at: first(), fuel: 1000 }]);
  assert.equal([journey.why, journey.results, journey.legs[0]?.executed], ["out of fuel", [], 1000]);
  const rest = await sendThrough(journey.shipment, [{ at: second() }]);
  assert.equal(rest.results, [alone.result]);
});

travelling("an image thawed in two processes is two clones, which give the same", async () => {
  const machine = primesMachine(wanted, printer().resources);
  machine.run({ fuel: 50_000 });
  const shipment = processShipment(machine);
  const both = await Promise.all([first(), second()].map((at) => sendThrough(shipment, [{ at }])));
  for (const { results } of both) assert.equal(results, [alone.result]);
});

travelling("a place refuses what is no shipment, and serves the next", async () => {
  for (const bad of [{ moves: "process", image: new Uint8Array(10) }, { moves: "nothing" }]) {
    try {
      await sendThrough(bad as never, [{ at: first() }]);
      assert.unreachable("it was taken");
    } catch (error) {
      assert.instance(error, ParameterError);
    }
  }
  const journey = await sendThrough(programShipment(primes, "run", 10), [{ at: first() }]);
  assert.equal(journey.results, [29]);
});

travelling("a place that is killed with a program in it is noticed", async () => {
  const doomed = await startProcessPlace();
  const sent = sendThrough(programShipment(primes, "run", 4000), [{ at: doomed }, { at: first() }]);
  const outcome = sent.then(
    () => "it came back",
    (error: unknown) => error,
  );
  process.kill(doomed.pid, "SIGKILL");
  const error = await outcome;
  // Killed before or after the connection was made.
  assert.ok(
    error instanceof ConnectionReset || (error as NodeJS.ErrnoException).code?.startsWith("ECONN"),
    String(error),
  );
  await doomed.end();
});

const broken = async (work: Promise<unknown>): Promise<Error> =>
  work.then(
    () => assert.unreachable("it came through") as never,
    (error: Error) => error,
  );

travelling("a stop that has ended leaves the program, and what it did, at the stop before", async () => {
  const ended = await startProcessPlace();
  await ended.end();
  const shipment = programShipment(primes, "run", wanted);
  const error = await broken(
    sendThrough(shipment, [{ at: first(), fuel: 100_000 }, { at: second(), fuel: 300_000 }, { at: ended }]),
  );
  assert.instance(error, JourneyBroken);
  assert.match(error.message, `sendThrough: process ${ended.pid} has ended: it can't be reached`);
  const { legs, shipment: left } = (error as JourneyBroken).journey;
  assert.equal(
    legs.map(({ pid, executed }) => [pid, executed]),
    [
      [first().pid, 100_000],
      [second().pid, 300_000],
    ],
  );
  const rest = await sendThrough(left, [{ at: first() }]);
  assert.equal(rest.results, [alone.result]);
  assert.equal(
    [...legs, ...rest.legs].flatMap(({ printed }) => printed),
    alone.printed,
  );
  // At the very first stop there is nothing to bring back.
  const atOnce = await broken(sendThrough(shipment, [{ at: ended }]));
  assert.instance(atOnce, ConnectionReset);
  assert.match(atOnce.message, `process ${ended.pid} has ended`);
});

travelling(
  "a program's console is that of the process in which it is; for a seed of Math.random it comes home",
  async () => {
    const code = await compiled(`
export function says(n: i32): i32 { for (let i = 0; i < n; i++) console.log("number " + i.toString()); return n; }
export function draws(): f64 { console.log("before"); return Math.random(); }`);
    const spoke = await sendThrough(programShipment(code, "says", 3), [{ at: second() }]);
    assert.equal([spoke.results, spoke.legs[0]?.said], [[3], ["number 0", "number 1", "number 2"]]);
    const asks = await sendThrough(programShipment(code, "draws"), [{ at: first() }]);
    assert.equal([asks.why, asks.legs[0]?.said], ["waiting", ["before"]]);
  },
);

const endless = await compiled("export function run(): void { for (;;) {} }");
/** The CPU time that a process has used; the times are the 14th and 15th field, in hundredths of a second. */
const cpuMs = (pid: number): number => {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
  return 10 * (Number(fields[11]) + Number(fields[12]));
};

travelling("a program stops in the last process when the one that sent it there dies", async () => {
  const doomed = await startProcessPlace();
  const last = await startProcessPlace();
  const sent = broken(sendThrough(programShipment(endless, "run"), [{ at: doomed, fuel: 1000 }, { at: last }]));
  if (process.platform === "linux") while (cpuMs(last.pid) < 1500) await sleep(50);
  process.kill(doomed.pid, "SIGKILL");
  assert.instance(await sent, ConnectionReset);
  // A place that still ran the endless program would serve this one much later, or never.
  const journey = await sendThrough(programShipment(primes, "run", 10), [{ at: last }]);
  assert.equal(journey.results, [29]);
  if (process.platform === "linux") {
    await sleep(300);
    const before = cpuMs(last.pid);
    await sleep(500);
    assert.ok(cpuMs(last.pid) - before <= 50, `${cpuMs(last.pid) - before} ms of CPU time with nothing to do`);
  }
  await last.end();
});

travelling("whoever does not know the token is not served", async () => {
  const stranger = { ...first(), token: "guessed" };
  try {
    await sendThrough(programShipment(primes, "run", 10), [{ at: stranger }]);
    assert.unreachable("it was served");
  } catch (error) {
    assert.instance(error, ConnectionReset);
  }
});

travelling.run();
