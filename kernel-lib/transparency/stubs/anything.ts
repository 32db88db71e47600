import { refuse } from "../../errors.js";
import type { XdrType } from "../../protocol/index.js";

/**
 * Whatever a message of the world carries, unchecked: for trying what becomes of it on the way. XDR has no such type, so a call with
 * it can't be marshalled for ONC RPC.
 */
// biome-ignore lint/suspicious/noExplicitAny: that is what it is for
export const anything: XdrType<any> = {
  name: "anything",
  shape: { kind: "word" },
  check: () => undefined,
  write: () => refuse("anything", "marshalling", '"values": XDR has no type for anything', "xdr"),
  read: () => refuse("anything", "marshalling", '"values": XDR has no type for anything', "xdr"),
};
