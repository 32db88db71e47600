import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { checkOptions, checkWhole } from "../../errors.js";
import { Terminal, type TerminalApplication } from "../../interfaces/index.js";
import { TerminalService } from "../../interfaces/terminal/terminal-server.js";
import type { FramebufferClientOptions, FramebufferServerOptions, SentUpdate } from "../../protocol/index.js";
import { connectLocally, type LocalAddress, SocketBytes } from "./socket-bytes.js";

/** See {@link serveTerminal}. */
export interface LiveTerminalServer<A extends TerminalApplication = TerminalApplication> {
  /** The program that it shows. */
  readonly application: A;
  /** Its port on 127.0.0.1. */
  readonly port: number;
  /** How many terminals it serves at the moment. */
  readonly terminals: number;
  /** The last 10,000 updates that it has sent, to whomever. */
  readonly updates: readonly SentUpdate[];
  /** The program has drawn without having been asked to: terminals that wait are told. */
  changed(): void;
  /** Ends it, and its program's clock; terminals lose their connections. */
  close(): Promise<void>;
}

const mostUpdates = 10_000;

/**
 * Shows a program to terminals of any make, on a port of loopback: in VNC's terms, a server without a password. The program runs in this
 * process, for as long as the server is open, whatever becomes of its terminals.
 *
 * @throws {@link ParameterError} for a bad option; an error of the operating system if the port is taken.
 */
export async function serveTerminal<A extends TerminalApplication>(
  application: A,
  options: FramebufferServerOptions & { readonly port?: number } = {},
): Promise<LiveTerminalServer<A>> {
  checkOptions("serveTerminal", options);
  const { port = 0, ...ofProtocol } = options;
  checkWhole("serveTerminal", "port", port, 0, 65535);
  const updates: SentUpdate[] = [];
  const service = new TerminalService(
    application,
    { queue: () => new Tokens(), compute: async () => {} },
    ofProtocol,
    (update) => {
      updates.push(update);
      if (updates.length > mostUpdates) updates.shift();
    },
  );
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    // What the program itself throws is its own fault, and is to be seen.
    service.serve(new SocketBytes(socket)).catch((error) => {
      socket.destroy();
      queueMicrotask(() => {
        throw error;
      });
    });
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const clock = application.tickMs === undefined ? undefined : setInterval(() => service.tick(), application.tickMs);
  clock?.unref();
  return {
    application,
    port: (server.address() as AddressInfo).port,
    get terminals() {
      return service.terminals;
    },
    updates,
    changed: () => service.changed(),
    close: async () => {
      clearInterval(clock);
      for (const socket of sockets) socket.destroy();
      if (server.listening) await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The tokens that tell a server to look again: at most one waits. */
class Tokens<T> {
  #value: T | undefined;
  #taker: ((value: T) => void) | undefined;

  offer(value: T): boolean {
    const taker = this.#taker;
    this.#taker = undefined;
    if (taker) taker(value);
    else if (this.#value !== undefined) return false;
    else this.#value = value;
    return true;
  }

  take(): Promise<T> {
    const value = this.#value;
    this.#value = undefined;
    if (value !== undefined) return Promise.resolve(value);
    return new Promise((resolve) => {
      this.#taker = resolve;
    });
  }
}

/**
 * Opens a terminal to a server on this machine, ours or another's.
 *
 * @throws {@link ConnectionRefused} if nobody listens there, and as `Terminal.over`.
 */
export async function connectTerminal(
  address: LocalAddress,
  options: FramebufferClientOptions & { readonly timeoutMs?: number } = {},
): Promise<Terminal> {
  const connection = new SocketBytes(await connectLocally(address));
  try {
    return await Terminal.over(connection, options);
  } catch (error) {
    connection.reset();
    throw error;
  }
}
