/**
 * Jupyter's wire format: routing identities, a delimiter, an HMAC-SHA256 signature and four JSON parts.
 *
 * @see https://jupyter-client.readthedocs.io/en/stable/messaging.html#the-wire-protocol
 */
import { createHmac, randomUUID, timingSafeEqual } from "node:crypto";

/** What Jupyter writes for a kernel before it starts it: where to listen, and the key that signs messages. */
export interface ConnectionInfo {
  readonly transport: string;
  readonly ip: string;
  readonly key: string;
  readonly signature_scheme: string;
  readonly shell_port: number;
  readonly iopub_port: number;
  readonly stdin_port: number;
  readonly control_port: number;
  readonly hb_port: number;
}

export interface Header {
  readonly msg_id: string;
  readonly msg_type: string;
  readonly session: string;
  readonly username: string;
  readonly date: string;
  readonly version: string;
}

export type Content = Record<string, unknown>;

export interface Message {
  /** Routing identities that stand before the delimiter. */
  readonly identities: readonly Buffer[];
  readonly header: Header;
  /** The header of the request that caused this message; empty for a request. */
  readonly parent: Header | Record<string, never>;
  readonly metadata: Content;
  readonly content: Content;
}

/** A message that can't be trusted or read: it is dropped, as Jupyter's protocol asks. */
export class WireError extends Error {
  override name = "WireError";
}

const delimiter = Buffer.from("<IDS|MSG>");

export function makeHeader(type: string, session: string): Header {
  return {
    msg_id: randomUUID(),
    msg_type: type,
    session,
    username: "kernel",
    date: new Date().toISOString(),
    version: "5.4",
  };
}

function sign(key: string, parts: readonly Uint8Array[]): string {
  const hmac = createHmac("sha256", key);
  for (const part of parts) hmac.update(part);
  return hmac.digest("hex");
}

/**
 * JSON in which half a character (a surrogate without its other one) stands as U+FFFD. UTF-8 has no bytes for it: Jupyter
 * can't save a notebook that holds one.
 */
function wellFormedJson(value: unknown): string {
  const text = JSON.stringify(value);
  // Only halves are written as \\ud…; an escaped backslash before such letters is taken with its first.
  if (!text.includes("\\ud")) return text;
  return text.replace(/\\(ud[89a-f][0-9a-f]{2}|.)/g, (whole, what: string) => (what.length > 1 ? "\ufffd" : whole));
}

/** The frames of a message, signed when the key is not empty. All text in them is well-formed. */
export function encode(key: string, message: Message): Buffer[] {
  const parts = [message.header, message.parent, message.metadata, message.content].map((part) =>
    Buffer.from(wellFormedJson(part)),
  );
  return [...message.identities, delimiter, Buffer.from(key ? sign(key, parts) : ""), ...parts];
}

/** The messages that come on a socket. What nobody with the key has sent is dropped, as the protocol asks. */
export async function* messagesOn(key: string, socket: AsyncIterable<Buffer[]>): AsyncGenerator<Message> {
  for await (const frames of socket) {
    let message: Message;
    try {
      message = decode(key, frames);
    } catch {
      continue;
    }
    yield message;
  }
}

/**
 * Reads frames that anybody may have sent.
 *
 * @throws {@link WireError} if a part is missing, the signature is wrong or a part is not a JSON object.
 */
export function decode(key: string, frames: readonly Buffer[]): Message {
  const at = frames.findIndex((frame) => frame.equals(delimiter));
  if (at < 0) throw new WireError("no delimiter");
  const signature = frames[at + 1];
  const parts = frames.slice(at + 2);
  if (!signature || parts.length < 4) throw new WireError(`wanted a signature and 4 parts, got ${parts.length} parts`);
  if (key) {
    const wanted = Buffer.from(sign(key, parts));
    if (signature.length !== wanted.length || !timingSafeEqual(signature, wanted)) throw new WireError("bad signature");
  }
  const [header, parent, metadata, content] = parts.slice(0, 4).map((part) => {
    let value: unknown;
    try {
      value = JSON.parse(part.toString());
    } catch {
      throw new WireError("a part is not JSON");
    }
    if (typeof value !== "object" || value === null || Array.isArray(value)) throw new WireError("a part is no object");
    return value as Content;
  }) as [Content, Content, Content, Content];
  if (typeof header.msg_type !== "string" || typeof header.msg_id !== "string") {
    throw new WireError("the header lacks msg_id or msg_type");
  }
  return {
    identities: frames.slice(0, at),
    header: header as unknown as Header,
    parent: parent as unknown as Header,
    metadata,
    content,
  };
}
