import * as ours from "kernel-lib";
import { type CodeSegment, type Machine, type MachineValue, type Resource, randomStream, type Stop } from "kernel-lib";
import { digest } from "kernel-lib/migration/abstract-machine/digest";
import * as assert from "uvu/assert";
import { inV8, trapsOf, type V8Function } from "../v8.js";

export interface Call {
  readonly name: string;
  readonly args: readonly MachineValue[];
}

/** What makes and runs machines: the library, or a copy of it with a fault. */
export type Machines = Pick<typeof ours, "decodeModule" | "freeze" | "instantiate">;

/** More than any of these calls takes. */
const enough = 1_000_000;

/** Enough at once, which is the fast code alone; one instruction at a time, which is the plain code; and turns from one to the other at many places. */
const fuels: readonly number[] = [enough, 1, 2, 7];

const show = (value: unknown): string =>
  JSON.stringify(value, (_, part) => (typeof part === "bigint" ? `${part}n` : Object.is(part, -0) ? "-0" : part));

interface Played {
  /** What each call gave. */
  readonly results: readonly unknown[];
  /** The memory after all of them. */
  readonly memory: Uint8Array;
}

/** Plays calls on one machine of V8. The module exports its memory as `memory`. */
function playInV8(bytes: Uint8Array, calls: readonly Call[]): Played {
  const { memory, ...exports } = inV8(bytes).exports as Record<string, V8Function> & {
    memory: { buffer: ArrayBuffer };
  };
  const results = calls.map(({ name, args }) => {
    try {
      const result = (exports[name] as V8Function)(...args);
      return { results: result === undefined ? [] : Array.isArray(result) ? result : [result] };
    } catch (error) {
      return { traps: trapsOf(error) };
    }
  });
  return { results, memory: new Uint8Array(memory.buffer) };
}

function runInPieces(machine: Machine, fuel: number): Stop {
  let stop: Stop = { why: "out of fuel" };
  for (let spent = 0; spent < enough && stop.why === "out of fuel"; spent += fuel) stop = machine.run({ fuel });
  return stop;
}

/**
 * Plays calls on machines of their own, one for each amount of fuel between two stops, and compares all of them with each other: what they give, how many
 * instructions that takes, and every bit of what is left behind. What the first gives and leaves is returned.
 */
function playAtEveryFuel(
  { freeze, instantiate }: Machines,
  code: CodeSegment,
  calls: readonly Call[],
  where: (call: number) => string,
): Played {
  const machines = fuels.map(() => instantiate(code));
  const results = calls.map(({ name, args }, i) => {
    const [first, ...others] = machines.map((machine, which) => {
      machine.call(name, ...args);
      return { stop: runInPieces(machine, fuels[which] as number), instructions: machine.instructions };
    });
    for (const [which, other] of others.entries())
      assert.is(show(other), show(first), `${where(i)}: with fuel ${fuels[which + 1]} and in fast code`);
    const stop = first?.stop;
    return stop?.why === "trapped"
      ? { traps: [stop.trap.kind] }
      : { results: stop?.why === "finished" && stop.results };
  });
  const [first, ...others] = machines.map((machine) => Buffer.from(freeze(machine, { code: false })));
  for (const [which, other] of others.entries())
    assert.ok(
      first?.equals(other),
      `${where(calls.length)}: what is left with fuel ${fuels[which + 1]} and by fast code`,
    );
  const machine = machines[0] as Machine;
  return { results, memory: machine.read(0, machine.memoryPages * 65_536) };
}

/** Fails unless a module does the same in V8 and in ours, whatever the fuel. */
export function assertAgreement(
  bytes: Uint8Array,
  calls: readonly Call[],
  where: (call: number) => string,
  machines: Machines = ours,
): void {
  const theirs = playInV8(bytes, calls);
  const here = playAtEveryFuel(machines, machines.decodeModule(bytes), calls, where);
  for (const [i, result] of here.results.entries())
    assert.is(show(result), show(theirs.results[i]), `${where(i)}: ours and V8's`);
  assert.ok(Buffer.from(here.memory).equals(theirs.memory), `${where(calls.length)}: memory of ours and of V8's`);
}

/** How many instructions of each program are played in every way. */
const lengths: readonly number[] = [30, 500, 5000];

/**
 * Fails unless every function that a module exports goes the same way whatever the fuel, and stands at the same place, with the same values, after so many
 * instructions. It may ask any resource and need not end.
 */
export function assertFuelDoesNotMatter(code: CodeSegment): void {
  const resources: Record<string, Resource> = {};
  for (const { name, kind, type, valueType } of code.imports) {
    if (kind === "function")
      resources[name] = { call: (args) => type?.results.map((result) => answerAs(result, args)) };
    else if (kind === "global") resources[name] = { value: valueType === "i64" ? 7n : 7 };
  }
  const played = (call: Call, length: number, fuel: number): string => {
    const machine = ours.instantiate(code, { resources });
    machine.call(call.name, ...call.args);
    let stop: Stop = { why: "out of fuel" };
    for (let left = length; left > 0 && stop.why === "out of fuel"; left -= fuel)
      stop = machine.run({ fuel: Math.min(fuel, left) });
    return `${show(stop)} ${machine.instructions} ${digest(ours.freeze(machine, { code: false }))}`;
  };
  for (const call of callsOf(code.bytes, 1))
    for (const length of lengths) {
      const [straight, ...others] = fuels.map((fuel) => played(call, length, fuel));
      for (const [i, other] of others.entries())
        assert.is(other, straight, `${call.name}(${show(call.args)}) with fuel ${fuels[i + 1]} and at once`);
    }
}

// A number from what a resource is given.
function answerAs(type: string, args: readonly MachineValue[]): MachineValue {
  const sum = args.reduce((at: number, value) => (31 * at + Number(value)) % 1009, 7);
  return type === "i64" ? BigInt(Math.trunc(sum) || 0) : type === "i32" ? Math.trunc(sum) || 0 : sum;
}

/** A call of every function of its own that a module exports, with arguments drawn for a seed. */
export function callsOf(bytes: Uint8Array, seed: number): Call[] {
  const random = randomStream(seed, "arguments");
  const below = (n: number): number => Math.floor(random() * n);
  const whole = (): number => (below(3) > 0 ? below(40) - 8 : below(2 ** 32) - 2 ** 31);
  const value = (type: string): MachineValue =>
    type === "i32" ? whole() : type === "i64" ? BigInt(whole()) << BigInt(30 * below(2)) : whole() / 8;
  const { imports, exports } = ours.decodeModule(bytes);
  const imported = imports.filter(({ kind }) => kind === "function").length;
  const functions = exports.filter(({ kind, index }) => kind === "function" && index >= imported);
  return functions.map(({ name, type }) => ({ name, args: type?.params.map(value) ?? [] }));
}
