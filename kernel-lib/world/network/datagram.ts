/** What a datagram is: how large, to whom it goes, and its message as bytes. */
import { refuse } from "../../errors.js";
import { checkFields, isRecord } from "../checks.js";
import { MessageError } from "../errors.js";
import type { DatagramAddress } from "../host.js";
import { checkPort } from "../scenario.js";
import { decode, type Encoded, encode } from "../values.js";

/** The largest message of a datagram, as encoded. */
export const maxDatagramBytes = 8 * 1024;

/** How many bytes of datagrams, with their headers, may wait unread at a port. */
export const inboxBytes = 64 * 1024;

/** The bytes in front of each message: two ports, a length and a checksum (RFC 768). */
export const datagramHeaderBytes = 8;

/** The machines that a program's address names: one, or every one but its own. */
export function receiversOf(to: DatagramAddress, own: string, hosts: readonly string[]): readonly string[] {
  if (!isRecord(to)) refuse("send", "to", 'an address such as { host: "server", port: 7 }', to);
  checkFields("send", to, ["host", "port"]);
  checkPort("send", to.port, 1);
  if (to.host === "*") return hosts.filter((host) => host !== own);
  if (!hosts.includes(to.host))
    refuse("send", "host", `"*" or one of the hosts ${hosts.slice(0, 8).join(", ")}`, to.host);
  return [to.host];
}

/** A message as bytes, else a {@link MessageError}. */
export function encodeDatagram(message: unknown, where: string): Encoded {
  const payload = encode(message, where);
  const bytes = payload.end - payload.start;
  if (bytes > maxDatagramBytes)
    throw new MessageError(`${where}: the message takes ${bytes} bytes; a datagram holds ${maxDatagramBytes}`);
  return payload;
}

/** What a receiver gets of a message. @throws {@link MessageError} if it nests too deep. */
export function decodeDatagram(type: "data" | "bytes", payload: Encoded): unknown {
  return type === "bytes" ? payload.bytes.slice(payload.start, payload.end) : decode(payload);
}
