import { ModelError } from "../../errors.js";
import { MessageError } from "../../world/errors.js";
import { type FrameType, headerBytes } from "../../world/network/frame.js";
import { bytesOf, type Encoded, maxMessageBytes, whole } from "../../world/values.js";

const types: readonly FrameType[] = ["data", "bytes", "urgent", "credit", "end", "reset", "probe", "alive"];

/** A frame as bytes: length of what follows the header (4), type (1), then the payload, or the value of urgent and credit (4). */
export function frameBytes(frame: WireFrame): Uint8Array {
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

/** Cuts a byte stream into frames: the one framing of every socket between programs of this library, whoever holds its two ends. */
export class FrameReader {
  #chunks: Buffer[] = [];
  #length = 0;

  /**
   * Takes the next bytes of the stream and returns the frames that are whole now.
   *
   * @throws {@link MessageError} if a frame is said to be larger than any message may be: nothing is kept for it. {@link ModelError} if it
   *   is of no known type. Either way its sender does not speak this language.
   */
  push(chunk: Buffer): WireFrame[] {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    const frames: WireFrame[] = [];
    while (this.#length >= headerBytes) {
      const head = this.#peek(headerBytes);
      const length = head.readUInt32BE(0);
      if (length > maxMessageBytes)
        throw new MessageError(`a frame of ${length} bytes came off the wire; ${maxMessageBytes} is the most`);
      const size = headerBytes + length;
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
