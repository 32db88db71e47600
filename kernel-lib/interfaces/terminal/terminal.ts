import {
  type Framebuffer,
  FramebufferClient,
  type FramebufferClientOptions,
  type FramebufferInput,
  type FramebufferServerEvent,
  keysyms,
  type PixelArea,
  type ReceivedUpdate,
} from "../../protocol/index.js";
import { ConnectionReset, type Host } from "../../world/index.js";
import type { ByteConnection } from "./byte-connection.js";
import { terminalPort } from "./terminal-server.js";

/**
 * A terminal: it shows what a server sends, and sends it keys and mouse. It knows nothing of the program that it shows, and keeps
 * nothing but the picture.
 */
export class Terminal {
  readonly #connection: ByteConnection;
  readonly #client: FramebufferClient;
  readonly #waiting: FramebufferServerEvent[] = [];
  readonly #name: string;

  private constructor(connection: ByteConnection, client: FramebufferClient, name: string) {
    this.#connection = connection;
    this.#client = client;
    this.#name = name;
  }

  /**
   * Begins on a connection: returns when the handshake is over. It has asked for nothing yet.
   *
   * @throws {@link MalformedMessage} if the other end is no server of terminals, or refuses; {@link ConnectionReset} if it goes;
   *   {@link TimedOut} after `timeoutMs`.
   */
  static async over(
    connection: ByteConnection,
    options: FramebufferClientOptions & { readonly timeoutMs?: number } = {},
  ): Promise<Terminal> {
    const { timeoutMs, ...ofClient } = options;
    const client = new FramebufferClient(ofClient);
    for (;;) {
      const bytes = await connection.receive(timeoutMs === undefined ? {} : { timeoutMs });
      if (bytes === undefined)
        throw new ConnectionReset("Terminal.over: the server ended before the handshake was over");
      const events = client.receive(bytes);
      const answer = client.take();
      if (answer.length > 0) await connection.send(answer);
      const [ready, ...more] = events;
      if (ready?.kind !== "ready") continue;
      const terminal = new Terminal(connection, client, ready.name);
      terminal.#waiting.push(...more);
      return terminal;
    }
  }

  /** What the server is called. */
  get name(): string {
    return this.#name;
  }

  /** What is to be seen. */
  get picture(): Framebuffer {
    return this.#client.framebuffer as Framebuffer;
  }

  /**
   * Asks for an update: one comes as soon as something in the area has changed since the last. With `isIncremental: false` the whole area
   * comes, as a new terminal needs it.
   */
  request(what: { readonly isIncremental?: boolean; readonly area?: PixelArea } = {}): Promise<void> {
    this.#client.request(what);
    return this.#flush();
  }

  /** Sends what somebody did. */
  input(...inputs: readonly FramebufferInput[]): Promise<void> {
    for (const input of inputs) this.#client.input(input);
    return this.#flush();
  }

  /** Types a text, as keys that are pressed and let go; a line's end is the enter key. */
  type(text: string): Promise<void> {
    const inputs = [...text].flatMap((character) => {
      const key = character === "\n" ? keysyms.enter : (character.codePointAt(0) as number);
      return [true, false].map((isDown) => ({ kind: "key", isDown, key }) as const);
    });
    return this.input(...inputs);
  }

  /**
   * Waits for the next update, and shows it.
   *
   * @returns undefined when the server has ended.
   * @throws {@link TimedOut} if nothing comes for `timeoutMs`, {@link ConnectionReset}, {@link MalformedMessage}.
   */
  async update(options: { readonly timeoutMs?: number } = {}): Promise<ReceivedUpdate | undefined> {
    for (;;) {
      for (let event = this.#waiting.shift(); event; event = this.#waiting.shift())
        if (event.kind === "update") return event;
      const bytes = await this.#connection.receive(options);
      if (bytes === undefined) return undefined;
      this.#waiting.push(...this.#client.receive(bytes));
    }
  }

  /** Ends it. */
  end(): void {
    this.#connection.end();
  }

  /** As if its machine had lost power: nothing is said. */
  kill(): void {
    this.#connection.reset();
  }

  async #flush(): Promise<void> {
    const bytes = this.#client.take();
    if (bytes.length > 0) await this.#connection.send(bytes);
  }
}

/**
 * Opens a terminal on a host, as a program does.
 *
 * @throws as `Host.connect`, and as {@link Terminal.over}.
 */
export async function openTerminal(
  host: Host,
  server: string,
  options: FramebufferClientOptions & { readonly port?: number; readonly timeoutMs?: number } = {},
): Promise<Terminal> {
  const { port = terminalPort, ...rest } = options;
  return Terminal.over(await host.connect(server, port), rest);
}
