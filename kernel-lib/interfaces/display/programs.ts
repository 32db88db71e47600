import {
  type ByteOrder,
  decodeXError,
  decodeXReply,
  decodeXSetupReply,
  encodeXRequest,
  encodeXSetup,
  MalformedMessage,
  type XDisplayMessage,
  XDisplayStream,
  type XReplyFields,
  type XReplyName,
  type XRequestFields,
  type XRequestName,
  type XSetupSuccess,
} from "../../protocol/index.js";
import type { Connection, Host } from "../../world/index.js";
import { ConnectionReset } from "../../world/index.js";
import type { ByteConnection } from "../terminal/byte-connection.js";
import { XDisplay, type XDisplayOptions } from "./display.js";

/** See {@link serveXDisplay}. */
export interface XServiceOptions extends XDisplayOptions {
  /** The port; 6000 unless told, that of display `:0`. */
  readonly port?: number;
}

/** A program: a display at a port of its host, for clients elsewhere. It serves until its process ends. */
export async function serveXDisplay(host: Host, { port = 6000, ...options }: XServiceOptions = {}): Promise<void> {
  const display = new XDisplay({ now: () => host.now(), ...options });
  const serve = async (_own: Host, connection: Connection) => {
    // What the client does not take in time waits in the connection; it is gone if that is.
    const client = display.connect((bytes) => void connection.send(bytes).catch(() => client.close()));
    try {
      for await (const bytes of connection) client.push(bytes);
    } catch (error) {
      if (!(error instanceof ConnectionReset) && !(error instanceof MalformedMessage)) throw error;
    } finally {
      client.close();
      connection.end();
    }
  };
  for await (const connection of await host.listen(port)) host.spawn(serve, { as: "thread" }, connection);
}

/** See {@link openXDisplay}. */
export interface XClientOptions {
  /** The order of its bytes; little-endian unless told. */
  readonly order?: ByteOrder;
  /** The secret that the display wants to see (MIT-MAGIC-COOKIE-1). */
  readonly cookie?: Uint8Array;
}

/**
 * Opens a display over a connection, as a client's library does: sends the set-up, and waits for the answer.
 *
 * @throws Error if the display does not let it in, or ends the connection.
 */
export async function openXDisplay(
  connection: ByteConnection,
  options: XClientOptions = {},
): Promise<XClientConnection> {
  const { order = "little", cookie } = options;
  const proof = cookie && { authorizationName: "MIT-MAGIC-COOKIE-1", authorizationData: cookie };
  await connection.send(encodeXSetup({ order, ...proof }));
  const stream = new XDisplayStream(order);
  const messages: XDisplayMessage[] = [];
  while (messages.length === 0) {
    const bytes = await connection.receive();
    if (bytes === undefined) throw new Error("openXDisplay: the display ended the connection");
    messages.push(...stream.push(bytes));
  }
  const [answer, ...others] = messages as [XDisplayMessage];
  const setup = decodeXSetupReply(answer.bytes, order);
  if (setup.status !== "success") throw new Error(`openXDisplay: the display refused: ${setup.reason}`);
  return new XClientConnection(connection, stream, others, setup, order);
}

/**
 * A client's end: sends requests without waiting, and takes the answers when they are wanted. What is awaited at once is synchronous; what
 * is awaited later is pipelined.
 */
export class XClientConnection {
  /** What the display says of itself. */
  readonly setup: XSetupSuccess;
  /** The events that came while answers were awaited. */
  readonly events: Uint8Array[] = [];
  readonly #connection: ByteConnection;
  readonly #stream: XDisplayStream;
  readonly #messages: XDisplayMessage[];
  readonly #order: ByteOrder;
  #sequence = 0;
  /** When those who asked before have their answers. */
  #turn: Promise<void> = Promise.resolve();
  #nextId = 0;

  /** @internal */
  constructor(
    connection: ByteConnection,
    stream: XDisplayStream,
    messages: XDisplayMessage[],
    setup: XSetupSuccess,
    order: ByteOrder,
  ) {
    this.#connection = connection;
    this.#stream = stream;
    this.#messages = messages;
    this.setup = setup;
    this.#order = order;
  }

  /** A new identifier for a window, a pixmap or a context. */
  newId(): number {
    return this.setup.idBase + this.#nextId++;
  }

  /** Sends a request; its number is the result. */
  async request<N extends XRequestName>(name: N, fields: XRequestFields<N>): Promise<number> {
    return this.#send(encodeXRequest(name, fields, this.#order));
  }

  /**
   * Takes the next answer from the display: answers come in the order of requests, and those who wait get them in the order of their calls.
   *
   * @throws Error if it is an error of the display's, or the connection ended.
   */
  reply<N extends XReplyName>(name: N): Promise<XReplyFields<N>> {
    const taken = this.#turn.then(() => this.#take(name));
    this.#turn = taken.then(
      () => undefined,
      () => undefined,
    );
    return taken;
  }

  /** Sends a request and waits for its answer. Whoever asks before it has come is answered after it. */
  async ask<N extends XReplyName & XRequestName>(name: N, fields: XRequestFields<N>): Promise<XReplyFields<N>> {
    // A request that can't be written must not wait for an answer: it would take another's.
    const bytes = encodeXRequest(name, fields, this.#order);
    const [, answer] = await Promise.all([this.#send(bytes), this.reply(name)]);
    return answer;
  }

  async #send(bytes: Uint8Array): Promise<number> {
    this.#sequence++;
    const sequence = this.#sequence;
    await this.#connection.send(bytes);
    return sequence;
  }

  async #take<N extends XReplyName>(name: N): Promise<XReplyFields<N>> {
    for (;;) {
      const message = await this.#next();
      if (message.kind === "event") this.events.push(message.bytes);
      else if (message.kind === "error") {
        const error = decodeXError(message.bytes, this.#order);
        throw new Error(`the display says ${error.name} (${error.badValue}) to request ${error.sequence}`);
      } else return decodeXReply(name, message.bytes, this.#order);
    }
  }

  async #next(): Promise<XDisplayMessage> {
    for (;;) {
      const message = this.#messages.shift();
      if (message !== undefined) return message;
      const bytes = await this.#connection.receive();
      if (bytes === undefined) throw new Error("the display ended the connection");
      this.#messages.push(...this.#stream.push(bytes));
    }
  }
}
