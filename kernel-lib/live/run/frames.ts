import { ModelError } from "../../errors.js";
import type { Frame, FrameType } from "../../world/network.js";
import { bytesOf, type Encoded, whole } from "../../world/values.js";

const types: readonly FrameType[] = ["data", "bytes", "urgent", "credit", "end", "reset", "probe", "alive"];
const headerBytes = 5;

/** A frame as bytes: length of what follows the header (4), type (1), then the payload, or the value of urgent and credit (4). */
export function frameBytes(frame: Frame): Uint8Array {
  const hasValue = frame.type === "urgent" || frame.type === "credit";
  const length = hasValue ? 4 : frame.payload.end - frame.payload.start;
  const bytes = Buffer.allocUnsafe(headerBytes + length);
  bytes.writeUInt32BE(length, 0);
  bytes[4] = types.indexOf(frame.type);
  if (hasValue) bytes.writeUInt32BE(frame.value, headerBytes);
  else bytes.set(bytesOf(frame.payload), headerBytes);
  return bytes;
}

/** What was read off the wire. */
export interface WireFrame {
  readonly type: FrameType;
  readonly payload: Encoded;
  readonly value: number;
}

/** Cuts a byte stream into frames. */
export class FrameReader {
  #chunks: Buffer[] = [];
  #length = 0;

  /** Takes the next bytes of the stream and returns the frames that are whole now. */
  push(chunk: Buffer): WireFrame[] {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    const frames: WireFrame[] = [];
    while (this.#length >= headerBytes) {
      const head = this.#peek(headerBytes);
      const size = headerBytes + head.readUInt32BE(0);
      if (this.#length < size) break;
      const bytes = this.#take(size);
      const type = types[bytes[4] as number];
      if (!type) throw new ModelError(`a frame of unknown type ${bytes[4]} came off the wire`);
      const hasValue = type === "urgent" || type === "credit";
      const payload = whole(new Uint8Array(bytes.subarray(hasValue ? size : headerBytes)));
      frames.push({ type, payload, value: hasValue ? bytes.readUInt32BE(headerBytes) : 0 });
    }
    return frames;
  }

  #peek(size: number): Buffer {
    if ((this.#chunks[0] as Buffer).length < size) this.#chunks = [Buffer.concat(this.#chunks)];
    return this.#chunks[0] as Buffer;
  }

  #take(size: number): Buffer {
    const first = this.#chunks[0] as Buffer;
    this.#length -= size;
    if (first.length > size) {
      this.#chunks[0] = first.subarray(size);
      return first.subarray(0, size);
    }
    if (first.length === size) {
      this.#chunks.shift();
      return first;
    }
    const all = Buffer.concat(this.#chunks);
    this.#chunks = all.length > size ? [all.subarray(size)] : [];
    return all.subarray(0, size);
  }
}
