import { MalformedMessage } from "../../protocol/index.js";
import type { CallHandler } from "./channel.js";
import { fromOncCall, toOncReply } from "./onc-envelope.js";

/**
 * A server's answers to messages of ONC RPC: whoever has bytes from a network can answer them.
 *
 * @returns a function that takes a call and gives the reply, or `undefined` if the bytes are no call.
 */
export function oncAnswers(handle: CallHandler): (call: Uint8Array) => Promise<Uint8Array | undefined> {
  return async (bytes) => {
    let call: ReturnType<typeof fromOncCall>;
    try {
      call = fromOncCall(bytes);
    } catch (error) {
      if (error instanceof MalformedMessage) return undefined;
      throw error;
    }
    return call instanceof Uint8Array ? call : toOncReply(call.number, await handle(call));
  };
}
