import type { Socket } from "node:net";
import { decode, encode } from "../../world/values.js";
import { FrameReader, frameBytes } from "../run/frames.js";

/** Sends a value, in the frame of a message. @throws {@link MessageError} if it is too large. @internal */
export function sendMessage(socket: Socket, value: unknown): void {
  socket.write(frameBytes({ type: "data", payload: encode(value, "a message between processes"), value: 0 }));
}

/**
 * The one message that comes on a socket; undefined if the peer ends before it is whole.
 *
 * @throws {@link MessageError} or {@link ModelError} if it is none of our frames.
 * @internal
 */
export async function readMessage(
  socket: Socket,
): Promise<{ readonly value: unknown; readonly bytes: number } | undefined> {
  const reader = new FrameReader();
  let bytes = 0;
  const chunks = socket.iterator({ destroyOnReturn: false })[Symbol.asyncIterator]();
  for (;;) {
    const chunk = await chunks.next().catch(() => ({ done: true, value: undefined }) as const);
    if (chunk.done) return undefined;
    bytes += (chunk.value as Buffer).length;
    const [frame] = reader.push(chunk.value as Buffer);
    if (!frame) continue;
    await chunks.return?.();
    return { value: decode(frame.payload), bytes };
  }
}
