import type { DecodedModule } from "./code-segment.js";
import { type Execution, pageBytes } from "./execution.js";
import { type ImageReader, ImageWriter } from "./image-bytes.js";
import type { AllLimits } from "./limits.js";
import { makeExecution, RunningMachine } from "./machine.js";
import { type Body, localType, type Module, signatureOf } from "./module.js";
import { Instruction, isWide, type TypeCode } from "./opcodes.js";
import { Reader } from "./reader.js";
import type { BoundResource } from "./resources.js";

/** Memory is looked through in blocks of so many bytes; those that are all zeros are left out. */
export const blockBytes = 4096;

const startNext = 1;
const waits = 2;

/** One frame as an image holds it. */
export interface FrameState {
  readonly index: number;
  /** Byte offset of the next instruction. */
  readonly offset: number;
  /** Its first register. */
  readonly base: number;
  /** Types of its locals, then of its values on the stack. */
  readonly locals: readonly TypeCode[];
  readonly stack: readonly TypeCode[];
}

/** Types of a frame's values at an offset; of one that has called another, without the call's results. */
function stackAt(
  { types }: DecodedModule,
  index: number,
  offset: number,
  hasCalled: boolean,
): readonly TypeCode[] | undefined {
  const here = types.at(index, offset);
  if (here === undefined || !hasCalled) return here?.types;
  return here.types.slice(0, here.types.length - (here.called?.results.length ?? 0));
}

const localTypes = (module: Module, index: number): TypeCode[] => {
  const body = bodyOf(module, index);
  const signature = signatureOf(module, index);
  return Array.from({ length: body.localCount }, (_, i) => localType(signature, body, i));
};

const bodyOf = (module: Module, index: number): Body => module.bodies[index - module.importedFunctions] as Body;

/** The frames of a machine, the outermost first. */
export function framesOf({ code, execution }: RunningMachine): FrameState[] {
  const { module, compiled } = code;
  const { frames, depth } = execution;
  return Array.from({ length: depth + 1 }, (_, i) => {
    const index = frames[3 * i] as number;
    const offset = compiled.safePointAt(index, frames[3 * i + 1] as number)?.offset ?? -1;
    const stack = stackAt(code, index, offset, i < depth) ?? [];
    return { index, offset, base: frames[3 * i + 2] as number, locals: localTypes(module, index), stack };
  });
}

/** The execution segment as bytes. */
export function writeExecution(machine: RunningMachine): Uint8Array {
  const { execution, code } = machine;
  const { module } = code;
  const writer = new ImageWriter();
  writer.number(machine.instructions);
  writer.byte((machine.isBeforeStart ? startNext : 0) + (machine.waiting === undefined ? 0 : waits));
  const frames = framesOf(machine);
  writer.number(frames.length);
  for (const { index, offset, base, locals, stack } of frames) {
    writer.number(index);
    writer.number(offset - bodyOf(module, index).start);
    writeTyped(writer, execution.ints, base, locals);
    writeTyped(writer, execution.ints, base + 2 * locals.length, stack);
  }
  writeTyped(
    writer,
    execution.globals,
    0,
    module.globals.map(({ type }) => type),
  );
  writeTable(writer, execution.table);
  for (const dropped of [...execution.droppedElements, ...execution.droppedData]) writer.byte(dropped);
  writeMemory(writer, execution);
  return writer.finish();
}

function writeTyped(writer: ImageWriter, ints: Int32Array, from: number, types: readonly TypeCode[]): void {
  types.forEach((type, i) => {
    writer.word(ints[from + 2 * i] as number);
    if (isWide(type)) writer.word(ints[from + 2 * i + 1] as number);
  });
}

function writeTable(writer: ImageWriter, table: Int32Array): void {
  let used = table.length;
  while (used > 0 && table[used - 1] === -1) used--;
  writer.number(used);
  for (const entry of table.subarray(0, used)) writer.number(entry + 1);
}

// Runs of blocks that are not all zeros: how many are passed over, how many follow, their bytes.
function writeMemory(writer: ImageWriter, execution: Execution): void {
  writer.number(execution.memoryBytes / pageBytes);
  let from = 0;
  for (const { first, behind } of memoryRuns(execution)) {
    writer.number(first - from);
    writer.number(behind - first);
    writer.raw(execution.memory8.subarray(first * blockBytes, behind * blockBytes));
    from = behind;
  }
}

/** Runs of blocks of memory that are not all zeros. */
export function memoryRuns({ memory8, memoryBytes }: Execution): { readonly first: number; readonly behind: number }[] {
  const ints = new Int32Array(memory8.buffer, 0, memoryBytes / 4);
  const runs: { first: number; behind: number }[] = [];
  const blocks = memoryBytes / blockBytes;
  for (let block = 0; block < blocks; block++) {
    if (isZero(ints, (block * blockBytes) / 4)) continue;
    const last = runs.at(-1);
    if (last?.behind === block) last.behind++;
    else runs.push({ first: block, behind: block + 1 });
  }
  return runs;
}

function isZero(ints: Int32Array, start: number): boolean {
  for (let i = start; i < start + blockBytes / 4; i += 4)
    if (((ints[i] as number) | (ints[i + 1] as number) | (ints[i + 2] as number) | (ints[i + 3] as number)) !== 0)
      return false;
  return true;
}

/** Reads an execution segment; every number in it is checked. */
export function readExecution(
  reader: ImageReader,
  where: string,
  code: DecodedModule,
  resources: readonly BoundResource[],
  limits: AllLimits,
): RunningMachine {
  const { module } = code;
  const execution = makeExecution(where, code, limits);
  const instructions = reader.number(Number.MAX_SAFE_INTEGER, "the number of instructions");
  const flags = reader.number(startNext + waits, "the kind of state");
  readFrames(reader, code, execution, limits);
  readTyped(
    reader,
    execution.globals,
    0,
    module.globals.map(({ type }) => type),
  );
  const used = reader.number(execution.table.length, "the length of the table");
  for (let i = 0; i < used; i++)
    execution.table[i] = reader.number(module.functionTypes.length, "a function in the table") - 1;
  for (let i = 0; i < module.elements.length; i++) execution.droppedElements[i] = reader.number(1, "a dropped segment");
  for (let i = 0; i < module.data.length; i++) execution.droppedData[i] = reader.number(1, "a dropped segment");
  readMemory(reader, module, execution, limits);
  reader.finish("the memory");
  const isBeforeStart = (flags & startNext) !== 0;
  reader.check(!isBeforeStart || standsBeforeStart(code, execution), "it is not before its start function");
  const machine = new RunningMachine(code, execution, resources, instructions, isBeforeStart);
  if (flags & waits) {
    const asked = askedFor(code, execution);
    if (asked === undefined) return reader.fail("it waits, and not for a resource");
    machine.waitFor(asked.index, asked.base);
  }
  return machine;
}

// Where a frame stands; the innermost one if there is any.
function offsetOf({ compiled }: DecodedModule, { frames, depth }: Execution): number {
  return compiled.safePointAt(frames[3 * depth] as number, frames[3 * depth + 1] as number)?.offset ?? -1;
}

function standsBeforeStart(code: DecodedModule, execution: Execution): boolean {
  const { start } = code.module;
  if (execution.depth !== 0 || start === undefined || execution.frames[0] !== start) return false;
  return offsetOf(code, execution) === bodyOf(code.module, start).start;
}

function readTyped(reader: ImageReader, ints: Int32Array, to: number, types: readonly TypeCode[]): void {
  types.forEach((type, i) => {
    ints[to + 2 * i] = reader.word();
    ints[to + 2 * i + 1] = isWide(type) ? reader.word() : 0;
  });
}

function readFrames(reader: ImageReader, code: DecodedModule, execution: Execution, limits: AllLimits): void {
  const { module, compiled } = code;
  const count = reader.number(limits.frames, "the number of frames, by limits.frames,");
  let base = 0;
  let expected: string | undefined;
  for (let i = 0; i < count; i++) {
    const isTop = i === count - 1;
    const index = reader.number(module.functionTypes.length - 1, "a function's index");
    reader.check(index >= module.importedFunctions, "a frame is of an imported function");
    reader.check(
      expected === undefined || expected === typeKey(module, index),
      "a frame is of another type than the call that made it",
    );
    const body = bodyOf(module, index);
    const offset = body.start + reader.number(body.end - body.start - 1, "a position");
    const pc = isTop ? compiled.pcAt(index, offset) : compiled.fastPcAt(index, offset);
    const stack = stackAt(code, index, offset, !isTop);
    if (pc === undefined || stack === undefined)
      return reader.fail("a position is at no instruction that can be reached");
    const called = code.types.at(index, offset)?.called;
    const isAtBeginning = i === 0 && offset === body.start;
    reader.check(isTop || called !== undefined || isAtBeginning, "a frame is not at a call");
    expected = called === undefined ? keyOf([], []) : keyOf(called.params, called.results);
    const locals = localTypes(module, index);
    const fits = execution.reserve(base + compiled.frameSize(index), i + 1);
    reader.check(fits, "its stack is larger than the limits allow");
    readTyped(reader, execution.ints, base, locals);
    readTyped(reader, execution.ints, base + 2 * locals.length, stack);
    execution.frames.set([index, pc, base], 3 * i);
    execution.depth = i;
    base += 2 * (locals.length + stack.length);
  }
}

const keyOf = (params: readonly TypeCode[], results: readonly TypeCode[]): string => `${params}:${results}`;

function typeKey(module: Module, index: number): string {
  const { params, results } = signatureOf(module, index);
  return keyOf(params, results);
}

function readMemory(reader: ImageReader, module: Module, execution: Execution, limits: AllLimits): void {
  const { memory } = module;
  const most = Math.min(memory?.most ?? limits.memoryPages, limits.memoryPages);
  const pages = reader.number(memory === undefined ? 0 : most, "the number of pages, by limits.memoryPages,");
  reader.check(pages >= (memory?.least ?? 0), "it has less memory than its module says");
  execution.growMemory(pages);
  const blocks = (pages * pageBytes) / blockBytes;
  for (let at = 0; !reader.isAtEnd; ) {
    const first = at + reader.number(blocks, "a run's place");
    const behind = first + reader.number(blocks - first, "a run's length");
    reader.check(behind > first, "a run is empty");
    execution.memory8.set(reader.raw((behind - first) * blockBytes), first * blockBytes);
    at = behind;
  }
}

// Which imported function the innermost frame is about to call.
function askedFor(code: DecodedModule, execution: Execution): { index: number; base: number } | undefined {
  const { module, compiled } = code;
  const { frames, depth, ints, table } = execution;
  if (depth < 0) return undefined;
  const inside = frames[3 * depth] as number;
  const offset = offsetOf(code, execution);
  const instruction = new Instruction();
  instruction.read(new Reader(module.bytes, offset));
  const height = code.types.at(inside, offset)?.types.length ?? 0;
  const above = (frames[3 * depth + 2] as number) + 2 * (bodyOf(module, inside).localCount + height);
  const isIndirect = instruction.code === 0x11;
  if (!isIndirect && instruction.code !== 0x10) return undefined;
  const index = isIndirect ? table[(ints[above - 2] as number) >>> 0] : instruction.a;
  if (index === undefined || index < 0 || index >= module.importedFunctions) return undefined;
  const fits = !isIndirect || compiled.typeIds[index] === module.sameType[instruction.a];
  return fits
    ? { index, base: above - 2 * (signatureOf(module, index).params.length + (isIndirect ? 1 : 0)) }
    : undefined;
}
