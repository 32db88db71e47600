import { interruptions } from "../../simulation/interrupt.js";
import type { CompiledModule } from "./compiled-module.js";
import { StopCode } from "./interpreter.js";
import type { AllLimits } from "./limits.js";
import type { Module } from "./module.js";
import type { Registers } from "./numeric.js";

/** The bytes of a page of memory. */
export const pageBytes = 65_536;

/**
 * Fuel is given in portions, between which the machine looks for an Interrupt: the first is small and the others grow, up to some ten milliseconds each. So V8 has
 * seen the way to the next portion before it makes native code of the loop, which it would else throw away there.
 */
const firstPortion = 2 ** 10;
const largestPortion = 2 ** 22;

/** Where a resource's function stands in the machine: called with the registers of its arguments; `StopCode.none` if it has answered. */
export type CallResource = (index: number, base: number) => StopCode;

/** The execution segment as the interpreter's loop works on it. */
export class Execution implements Registers {
  ints = new Int32Array(0);
  doubles = new Float64Array(0);
  floats = new Float32Array(0);
  /** Three numbers for each call under way: its function, where it is in the internal code, its first register. */
  frames: Int32Array;
  /** Index of the innermost frame; −1 if there is none. */
  depth = -1;
  /** Instructions that may still be executed before more fuel is asked for. */
  fuel = 0;
  /** What this run has been given of its fuel so far. */
  fuelGiven = 0;
  /** What it has not been given yet. */
  fuelLeft = 0;
  private portion = firstPortion;
  /** How many interrupts there had been when this run began. */
  private heard = 0;
  /** Two halves for each global. */
  readonly globals: Int32Array;
  /** The table's functions, −1 where it is empty. */
  readonly table: Int32Array;
  memory = new DataView(new ArrayBuffer(0));
  memory8 = new Uint8Array(0);
  memoryBytes = 0;
  readonly imported: number;
  readonly droppedData: Uint8Array;
  readonly droppedElements: Uint8Array;
  callResource: CallResource = () => StopCode.host;
  private readonly mostPages: number;

  constructor(
    readonly module: Module,
    readonly compiled: CompiledModule,
    private readonly limits: AllLimits,
  ) {
    this.imported = module.importedFunctions;
    this.globals = new Int32Array(2 * module.globals.length);
    this.table = new Int32Array(module.table?.least ?? 0).fill(-1);
    this.droppedData = new Uint8Array(module.data.length);
    this.droppedElements = new Uint8Array(module.elements.length);
    this.mostPages = Math.min(module.memory?.most ?? limits.memoryPages, limits.memoryPages);
    this.frames = new Int32Array(3 * Math.min(16, limits.frames));
    this.setRegisters(Math.min(256, 2 * limits.stackValues));
  }

  private setRegisters(count: number): void {
    const ints = new Int32Array(count + (count & 1));
    ints.set(this.ints);
    this.ints = ints;
    this.doubles = new Float64Array(ints.buffer);
    this.floats = new Float32Array(ints.buffer);
  }

  /** Begins a run with so much fuel. */
  fill(fuel: number): void {
    this.fuelLeft = fuel;
    this.fuelGiven = 0;
    this.portion = firstPortion;
    this.heard = interruptions();
    this.fuel = this.moreFuel();
  }

  /** The next portion of fuel; 0 if nothing is left, or there was an Interrupt since the run began. */
  moreFuel(): number {
    if (this.fuelLeft < 1 || interruptions() !== this.heard) return 0;
    const more = Math.min(this.fuelLeft, this.portion);
    this.portion = Math.min(2 * this.portion, largestPortion);
    this.fuelLeft -= more;
    this.fuelGiven += more;
    return more;
  }

  /** Makes room for registers and frames; false if the limits forbid it. */
  reserve(registers: number, frames: number): boolean {
    if (registers > 2 * this.limits.stackValues || frames > this.limits.frames) return false;
    if (registers > this.ints.length) this.setRegisters(Math.min(2 * registers, 2 * this.limits.stackValues));
    if (3 * frames > this.frames.length) {
      const larger = new Int32Array(3 * Math.min(2 * frames, this.limits.frames));
      larger.set(this.frames);
      this.frames = larger;
    }
    return true;
  }

  /** Makes the memory larger by some pages. The pages that it had, or −1. */
  growMemory(pages: number): number {
    const before = this.memoryBytes / pageBytes;
    if (before + pages > this.mostPages) return -1;
    const bytes = (before + pages) * pageBytes;
    if (bytes > this.memory8.length) {
      const larger = new Uint8Array(Math.min(Math.max(bytes, 2 * this.memory8.length), this.mostPages * pageBytes));
      larger.set(this.memory8);
      this.memory8 = larger;
      this.memory = new DataView(larger.buffer);
    }
    this.memoryBytes = bytes;
    return before;
  }

  /** Does an instruction on stretches of memory or table. The number of a trap, or 0. */
  bulk(code: number, index: number, to: number, from: number, count: number): StopCode {
    const { module, memoryBytes, memory8, table } = this;
    switch (code) {
      case 0x109:
        this.droppedData[index] = 1;
        return StopCode.none;
      case 0x10d:
        this.droppedElements[index] = 1;
        return StopCode.none;
      case 0x108: {
        const bytes = module.data[index]?.bytes ?? new Uint8Array(0);
        const has = this.droppedData[index] ? 0 : bytes.length;
        if (from + count > has || to + count > memoryBytes) return StopCode.memoryBounds;
        memory8.set(bytes.subarray(from, from + count), to);
        return StopCode.none;
      }
      case 0x10a:
        if (from + count > memoryBytes || to + count > memoryBytes) return StopCode.memoryBounds;
        memory8.copyWithin(to, from, from + count);
        return StopCode.none;
      case 0x10b:
        if (to + count > memoryBytes) return StopCode.memoryBounds;
        memory8.fill(from & 0xff, to, to + count);
        return StopCode.none;
      case 0x10c: {
        const functions = module.elements[index]?.functions ?? new Int32Array(0);
        const has = this.droppedElements[index] ? 0 : functions.length;
        if (from + count > has || to + count > table.length) return StopCode.tableBounds;
        table.set(functions.subarray(from, from + count), to);
        return StopCode.none;
      }
      default:
        if (from + count > table.length || to + count > table.length) return StopCode.tableBounds;
        table.copyWithin(to, from, from + count);
        return StopCode.none;
    }
  }
}
