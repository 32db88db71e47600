import { checkOptions } from "../../errors.js";
import {
  FramebufferServer,
  type FramebufferServerOptions,
  MalformedMessage,
  type PixelEncoding,
  type SentUpdate,
} from "../../protocol/index.js";
import { type Connection, ConnectionReset, type Host, type Queue, TimedOut } from "../../world/index.js";
import type { TerminalApplication } from "./application.js";
import type { ByteConnection } from "./byte-connection.js";

/** Where terminals find a server unless told: display 0 of VNC. */
export const terminalPort = 5900;

/** Options of {@link terminalServer}. */
export interface TerminalServerOptions extends FramebufferServerOptions {
  /** The port to listen on; 5900 unless told. */
  readonly port?: number;
  /** How much CPU time it takes to encode a million pixels, in ms, by encoding; none unless told. */
  readonly encodeMs?: Partial<Readonly<Record<PixelEncoding, number>>>;
}

/** What a server of terminals needs of where it runs: a queue, and somebody who is charged for its work. @internal */
export interface TerminalPlace {
  queue<T>(capacity: number): Pick<Queue<T>, "offer" | "take">;
  compute(ms: number): Promise<void>;
}

/**
 * Shows one program at any number of terminals, each with a connection of its own. It keeps the only copy of everything: a terminal
 * that goes takes nothing with it.
 *
 * @internal
 */
export class TerminalService {
  readonly application: TerminalApplication;
  readonly #place: TerminalPlace;
  readonly #options: TerminalServerOptions;
  readonly #wakers = new Set<() => void>();
  readonly #onUpdate: ((update: SentUpdate) => void) | undefined;

  constructor(
    application: TerminalApplication,
    place: TerminalPlace,
    options: TerminalServerOptions = {},
    onUpdate?: (update: SentUpdate) => void,
  ) {
    this.application = application;
    this.#place = place;
    this.#options = options;
    this.#onUpdate = onUpdate;
  }

  /** How many terminals are there. */
  get terminals(): number {
    return this.#wakers.size;
  }

  /** Time has passed for the program. */
  tick(): void {
    this.application.tick?.();
    this.changed();
  }

  /** The program has drawn. */
  changed(): void {
    for (const wake of this.#wakers) wake();
  }

  /** Serves one terminal until it is gone, or says what is no RFB. */
  async serve(connection: ByteConnection): Promise<void> {
    const session = new FramebufferServer(this.application.framebuffer, this.#options);
    const news = this.#place.queue<"look" | "end">(1);
    let isOpen = true;
    const wake = () => void news.offer("look");
    this.#wakers.add(wake);
    wake();
    const pump = async (): Promise<void> => {
      while (isOpen) {
        await news.take();
        const bytes = session.take();
        const updates = session.takeUpdates();
        const ms = updates.reduce(
          (sum, { pixels }) => sum + (pixels / 1e6) * (this.#options.encodeMs?.[session.encoding] ?? 0),
          0,
        );
        if (ms > 0) await this.#place.compute(ms);
        if (bytes.length > 0) await connection.send(bytes);
        for (const update of updates) this.#onUpdate?.(update);
      }
    };
    const pumping = pump().catch(unlessGone);
    try {
      for (;;) {
        const bytes = await connection.receive();
        if (bytes === undefined) break;
        for (const input of session.receive(bytes)) this.application.input(input);
        this.changed();
      }
      connection.end();
    } catch (error) {
      // The reason for a refusal is on its way; then who does not speak the protocol is let go.
      if (error instanceof MalformedMessage) {
        await connection.send(session.take()).catch(unlessGone);
        connection.reset();
      } else unlessGone(error);
    } finally {
      isOpen = false;
      this.#wakers.delete(wake);
      session.close();
      news.offer("end");
    }
    await pumping;
  }
}

/** A terminal may go at any time. */
function unlessGone(error: unknown): void {
  if (!(error instanceof ConnectionReset || error instanceof TimedOut)) throw error;
}

/**
 * A server of terminals as a program: it starts an application, whose screen every client can watch and whose keys and mouse every
 * client has. The application lives as long as the server, whatever becomes of the terminals.
 *
 * @param start makes the application, at the server
 */
export async function terminalServer(
  host: Host,
  start: () => TerminalApplication,
  options: TerminalServerOptions = {},
): Promise<never> {
  checkOptions("terminalServer", options);
  const application = start();
  const service = new TerminalService(application, host, options, ({ bytes, pixels, rectangles }) =>
    host.log("update", { bytes, pixels, rectangles: rectangles.length }),
  );
  const { tickMs } = application;
  if (tickMs !== undefined) {
    const clock = async (own: Host) => {
      for (let at = own.now() + tickMs; ; at += tickMs) {
        await own.sleepUntil(at);
        service.tick();
      }
    };
    host.spawn(clock, { as: "thread" });
  }
  const serve = (_own: Host, connection: Connection) => service.serve(connection);
  const listener = await host.listen(options.port ?? terminalPort);
  for (;;) host.spawn(serve, { as: "thread", name: "terminal" }, await listener.accept());
}
