import { ModelError } from "../../errors.js";
import type { CodeSegment } from "./code-segment.js";
import type { InstantiateOptions, Machine } from "./machine.js";

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

/**
 * The whole state of a machine as bytes, to be sent or kept. The same state gives the same bytes; pages of zeros are left out. The machine is left as it is.
 *
 * @throws {@link ParameterError} if the machine is inside {@link Machine.run}.
 */
export function freeze(machine: Machine, options: FreezeOptions = {}): Uint8Array {
  throw new ModelError(`freeze: ${machine} ${options.code}: not built yet`);
}

/**
 * Makes a machine of an image; it goes on exactly where the frozen one stopped. Resources are bound anew. Thawing an image twice makes two
 * independent machines: clones.
 *
 * @throws {@link ParameterError} if the image is damaged, needs more than the limits, or a resource is missing.
 */
export function thaw(image: Uint8Array, options: ThawOptions = {}): Machine {
  throw new ModelError(`thaw: ${image.length} ${Object.keys(options).length}: not built yet`);
}
