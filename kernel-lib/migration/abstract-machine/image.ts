import { ParameterError, refuse } from "../../errors.js";
import { type CodeSegment, type DecodedModule, decoded, decodeModule } from "./code-segment.js";
import { digest } from "./digest.js";
import { readExecution, writeExecution } from "./execution-image.js";
import { ImageReader, ImageWriter } from "./image-bytes.js";
import { type AllLimits, allLimits } from "./limits.js";
import { type InstantiateOptions, type Machine, RunningMachine } from "./machine.js";
import { attachments, type BoundResource, bind, bindings, type ResourceRecord } from "./resources.js";

/** What {@link freeze} puts into an image. */
export interface FreezeOptions {
  /** False leaves the code out, for a receiver that has it; the image then holds a digest of it. True if left out. */
  readonly code?: boolean;
}

/** What {@link thaw} needs beside the image. */
export interface ThawOptions extends InstantiateOptions {
  /** The code, for an image without it. */
  readonly code?: CodeSegment;
}

/** "HAND", least byte first. */
const magic = 0x444e4148;
const version = 1;
/** Magic number, version, digest of all that follows, and how long the three segments are: 32 bits each. */
const headerBytes = 24;
const digestedFrom = 12;

/** The parts of an image, each as long as its segment. */
export interface ImageParts {
  readonly code: Uint8Array;
  readonly execution: Uint8Array;
  readonly resources: Uint8Array;
}

/** The machine behind the interface. */
export function running(where: string, machine: unknown): RunningMachine {
  return machine instanceof RunningMachine ? machine : refuse(where, "machine", "a machine", machine);
}

/** The three segments as bytes. */
export function partsOf(machine: RunningMachine, withCode: boolean): ImageParts {
  return {
    code: codePart(machine.code, withCode),
    execution: writeExecution(machine),
    resources: resourcesPart(machine),
  };
}

/**
 * The whole state of a machine as bytes, to be sent or kept. The same state gives the same bytes; pages of zeros are left out. The machine is left as it is.
 *
 * @throws {@link ParameterError} if the machine is inside {@link Machine.run}.
 */
export function freeze(machine: Machine, { code: withCode = true }: FreezeOptions = {}): Uint8Array {
  const own = running("freeze", machine);
  own.checkStopped("freeze");
  const { code, execution, resources } = partsOf(own, withCode);
  const image = new Uint8Array(headerBytes + code.length + execution.length + resources.length);
  const header = new DataView(image.buffer);
  image.set(code, headerBytes);
  image.set(execution, headerBytes + code.length);
  image.set(resources, headerBytes + code.length + execution.length);
  for (const [i, word] of [magic, version, 0, code.length, execution.length, resources.length].entries())
    header.setUint32(4 * i, word, true);
  header.setUint32(8, digest(image.subarray(digestedFrom)), true);
  return image;
}

function codePart({ bytes }: DecodedModule, whole: boolean): Uint8Array {
  const writer = new ImageWriter();
  writer.byte(whole ? 1 : 0);
  if (whole) writer.raw(bytes);
  else {
    writer.word(bytes.length);
    writer.word(digest(bytes));
  }
  return writer.finish();
}

function resourcesPart({ resources }: RunningMachine): Uint8Array {
  const writer = new ImageWriter();
  for (const { binding, attachment, identifier } of resources) {
    writer.byte(bindings.indexOf(binding) + 4 * attachments.indexOf(attachment) + (identifier === undefined ? 0 : 16));
    if (identifier !== undefined) writer.text(identifier);
  }
  return writer.finish();
}

/** Reads an image without binding anything: a machine that can be looked at, and not run. */
export function readImage(where: string, image: Uint8Array, limits: AllLimits, code?: CodeSegment): RunningMachine {
  if (!(image instanceof Uint8Array)) refuse(where, "image", "a Uint8Array", image);
  const reader = new ImageReader(where, image);
  reader.check(image.length >= headerBytes && reader.word() === magic, "it is no image of a machine");
  const got = reader.word();
  if (got !== version)
    throw new ParameterError(`${where}: the image has version ${got}, and only version ${version} is known`);
  const sum = reader.word();
  reader.check(sum === digest(image.subarray(digestedFrom)), "its digest does not fit its bytes");
  const lengths = [reader.word(), reader.word(), reader.word()];
  const [codeLength = 0, executionLength = 0, resourcesLength = 0] = lengths;
  reader.check(
    headerBytes + codeLength + executionLength + resourcesLength === image.length,
    "its segments have other lengths",
  );
  const module = readCode(where, reader.raw(codeLength), code);
  const parts = [reader.raw(executionLength), reader.raw(resourcesLength)] as const;
  const records = readResources(new ImageReader(where, parts[1]), module);
  return readExecution(new ImageReader(where, parts[0]), where, module, records, limits);
}

function readCode(where: string, part: Uint8Array, code: CodeSegment | undefined): DecodedModule {
  const reader = new ImageReader(where, part);
  const whole = reader.number(1, "the kind of code");
  if (whole === 1) {
    const bytes = reader.raw(part.length - 1);
    const same =
      code !== undefined && code.bytes.length === bytes.length && code.bytes.every((byte, i) => byte === bytes[i]);
    return decoded(where, same ? code : decodeModule(bytes));
  }
  const length = reader.word();
  const sum = reader.word();
  reader.finish("the digest of the code");
  if (code === undefined) throw new ParameterError(`${where}: the image holds no code; pass it as code`);
  const own = decoded(where, code);
  if (own.bytes.length !== length || digest(own.bytes) !== sum)
    throw new ParameterError(`${where}: code is another module than the one that the machine ran`);
  return own;
}

function readResources(reader: ImageReader, code: DecodedModule): BoundResource[] {
  const records: BoundResource[] = [];
  for (const { name, kind } of code.imports) {
    if (kind !== "function" && kind !== "global") continue;
    const byte = reader.byte();
    const binding = bindings[byte & 3];
    const attachment = attachments[(byte >> 2) & 3];
    if (binding === undefined || attachment === undefined || byte > 31)
      return reader.fail("a resource is of no known kind");
    const identifier = byte & 16 ? reader.text() : undefined;
    records.push({ name, kind, binding, attachment, identifier, call: undefined, value: undefined });
  }
  reader.finish("the resources");
  return records;
}

/**
 * Makes a machine of an image; it goes on exactly where the frozen one stopped. Resources are bound anew; how one is bound and attached stays
 * as it was unless the new binding says otherwise. Thawing an image twice makes two independent machines: clones.
 *
 * @throws {@link ParameterError} if the image is damaged, needs more than the limits, or a resource is missing.
 */
export function thaw(image: Uint8Array, { code, resources = {}, limits }: ThawOptions = {}): Machine {
  const read = readImage("thaw", image, allLimits("thaw", limits), code);
  const before: readonly ResourceRecord[] = read.resources;
  return read.boundTo(bind("thaw", read.code, resources, before));
}
