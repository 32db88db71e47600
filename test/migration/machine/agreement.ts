import { type CodeSegment, freeze, instantiate, type MachineValue } from "kernel-lib";
import { digest } from "kernel-lib/migration/machine/digest";
import * as assert from "uvu/assert";
import { inV8, trapsOf, type V8Function } from "../v8.js";
import { runToEnd } from "./support.js";

export interface Call {
  readonly name: string;
  readonly args: readonly MachineValue[];
}

/** Enough for the fast code alone; one instruction at a time, which is the plain code; and turns from one to the other at many places. */
export const fuels: readonly number[] = [Infinity, 1, 2, 3, 7];

const show = (value: unknown): string =>
  JSON.stringify(value, (_, part) => (typeof part === "bigint" ? `${part}n` : Object.is(part, -0) ? "-0" : part));

/** Plays calls on one machine of V8. */
export function playInV8(bytes: Uint8Array, calls: readonly Call[], imports: object = {}): unknown[] {
  const exports = inV8(bytes, imports).exports as Record<string, V8Function>;
  return calls.map(({ name, args }) => {
    try {
      const result = (exports[name] as V8Function)(...args);
      return { results: result === undefined ? [] : Array.isArray(result) ? result : [result] };
    } catch (error) {
      return { traps: trapsOf(error) };
    }
  });
}

/**
 * Plays calls on machines of their own, one for each amount of fuel between two stops, and compares all of them with each other: what they give, how many
 * instructions that takes, and every bit of what is left behind. What the first gives is returned.
 */
export function playAtEveryFuel(code: CodeSegment, calls: readonly Call[], where: (call: number) => string): unknown[] {
  const machines = fuels.map(() => instantiate(code));
  return calls.map(({ name, args }, i) => {
    const [first, ...others] = machines.map((machine, which) => {
      machine.call(name, ...args);
      const stop = runToEnd(machine, fuels[which]);
      return { stop, instructions: machine.instructions, left: digest(freeze(machine, { code: false })) };
    });
    others.forEach((other, which) => {
      assert.is(show(other), show(first), `${where(i)}: with fuel ${fuels[which + 1]} and in fast code`);
    });
    const { stop } = first as { stop: ReturnType<typeof runToEnd> };
    return stop.why === "trapped" ? { traps: [stop.trap.kind] } : { results: (stop as { results?: unknown }).results };
  });
}

/** Fails unless a module does the same in V8 and in ours, whatever the fuel. */
export function assertAgreement(code: CodeSegment, calls: readonly Call[], where: (call: number) => string): void {
  const theirs = playInV8(code.bytes, calls);
  const ours = playAtEveryFuel(code, calls, where);
  for (const [i, result] of ours.entries()) assert.is(show(result), show(theirs[i]), `${where(i)}: ours and V8's`);
}
