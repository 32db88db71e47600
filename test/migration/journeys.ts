import {
  freeze,
  type Host,
  launch,
  NumberFile,
  on,
  place,
  processShipment,
  programShipment,
  type Report,
  runOn,
  type Strategy,
  scenario,
  unload,
} from "kernel-lib";
import { compiled, primesAlone, primesMachine, printer } from "./programs.js";

export const wanted = 3000;
export const alone = primesAlone(wanted);
export const instructionsPerMs = 10_000;
export const aloneMs = alone.instructions / instructionsPerMs;
export const bytesPerS = 10_000;

export const receiver = async (host: Host) => {
  const { printed, resources } = printer();
  const connection = await (await host.listen(80)).accept();
  const shipment = await connection.receive();
  const arrivedMs = host.now();
  const machine = unload(shipment, { resources });
  const before = machine.instructions;
  const stop = await runOn(host, machine, { instructionsPerMs });
  return { arrivedMs, before, stop, instructions: machine.instructions, printed };
};

/** Runs for `untilMs`, then sends the process to b. */
export const mover = async (host: Host, untilMs: number) => {
  const { printed, resources } = printer();
  const machine = primesMachine(wanted, resources);
  await runOn(host, machine, { instructionsPerMs, until: () => host.now() >= untilMs });
  const connection = await host.connect("b", 80);
  await connection.send(processShipment(machine));
  return { printed, instructions: machine.instructions, imageBytes: freeze(machine).length };
};
export const strong = (untilMs: number) =>
  scenario({
    hosts: { a: {}, b: {} },
    network: { latencyMs: 5, bytesPerS },
    programs: { there: on("b", receiver), here: on("a", mover, untilMs) },
  });

export const agentText = `
@external("travel", "go") declare function go(to: i32): i32;
@external("travel", "clone") declare function clone(to: i32): i32;
@external("box", "sum") declare function sum(): f64;
@external("box", "append") declare function append(x: f64): void;
export function tour(places: i32): f64 {
  let total = sum();
  for (let i = 0; i < places; i++) { if (go(i)) total += sum(); }
  return total;
}
export function split(): f64 { return clone(0) == 1 ? 100 + sum() : sum(); }
export function nowhere(): i32 { return go(7); }
export function toDead(): i32 { return 10 * clone(0) + go(0); }
export function long(n: i32): i32 { let s = 0; for (let i = 0; i < n; i++) s = (s + i) % 1000003; return s; }`;
export const agent = await compiled(agentText);

export const threePlaces = (launcher: (host: Host) => Promise<Report[]>, more = {}) => {
  const placeWith = (x: number) =>
    place({ instructionsPerMs, resources: (host) => [new NumberFile(`file:${host.name}`, [x])] });
  return scenario({
    hosts: { a: {}, b: {}, c: {} },
    network: { latencyMs: 5, bytesPerS: 100_000 },
    programs: {
      a: on("a", placeWith(1)).daemon(),
      b: on("b", placeWith(20)).daemon(),
      c: on("c", placeWith(300)).daemon(),
      reports: on("a", launcher),
      ...more,
    },
    limitMs: 60_000,
  });
};
export const box = (strategy: Strategy) => ({
  box: { identifier: "file:a", binding: "type", attachment: "fastened", strategy } as const,
});
export const agentWith =
  (call: string, strategy: Strategy, ...args: number[]) =>
  (host: Host) =>
    launch(host, "a", {
      shipment: programShipment(agent, call, ...args),
      handles: box(strategy),
      itinerary: ["b", "c"],
    });
