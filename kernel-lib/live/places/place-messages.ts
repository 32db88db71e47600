import type { Socket } from "node:net";
import { bytesOf, decode, encode, whole } from "../../world/values.js";

/** Sends a value: four bytes of length, then MessagePack. @internal */
export function sendMessage(socket: Socket, value: unknown): void {
  const bytes = bytesOf(encode(value, "a message between processes"));
  const head = Buffer.alloc(4);
  head.writeUInt32BE(bytes.length);
  socket.write(Buffer.concat([head, bytes]));
}

/** The one message that comes on a socket; undefined if the peer ends before it is whole. @internal */
export async function readMessage(
  socket: Socket,
): Promise<{ readonly value: unknown; readonly bytes: number } | undefined> {
  const chunks: Buffer[] = [];
  let got = 0;
  let wanted: number | undefined;
  try {
    for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
      chunks.push(chunk as Buffer);
      got += (chunk as Buffer).length;
      if (wanted === undefined && got >= 4) wanted = 4 + Buffer.concat(chunks).readUInt32BE();
      if (wanted !== undefined && got >= wanted) break;
    }
  } catch {
    return undefined;
  }
  if (wanted === undefined || got < wanted) return undefined;
  return { value: decode(whole(new Uint8Array(Buffer.concat(chunks).subarray(4, wanted)))), bytes: wanted };
}
