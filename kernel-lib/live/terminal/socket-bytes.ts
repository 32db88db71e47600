import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { ByteConnection } from "../../interfaces/index.js";
import { ConnectionRefused, ConnectionReset, TimedOut } from "../../world/errors.js";

/** Where a server listens on this machine: a port of loopback, or a socket with a path. */
export type LocalAddress =
  | {
      /** The port's number. */
      readonly port: number;
    }
  | {
      /** The socket's file. */
      readonly path: string;
    };

/**
 * A socket as what carries a terminal's bytes. It reads no more than is taken from it.
 *
 * @internal
 */
export class SocketBytes implements ByteConnection {
  readonly #socket: Socket;
  #error: Error | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on("error", (error) => {
      this.#error = error;
    });
  }

  async send(bytes: Uint8Array): Promise<void> {
    if (this.#socket.destroyed || !this.#socket.writable) throw this.#gone();
    if (this.#socket.write(bytes)) return;
    // It is to be heard of a socket that goes while this waits.
    const controller = new AbortController();
    const { signal } = controller;
    const settled = (event: string) => once(this.#socket, event, { signal });
    try {
      await Promise.race([settled("drain"), settled("close")]);
    } catch {
      throw this.#gone();
    } finally {
      controller.abort();
    }
    if (this.#socket.destroyed) throw this.#gone();
  }

  receive({ timeoutMs }: { readonly timeoutMs?: number } = {}): Promise<Uint8Array | undefined> {
    return new Promise((resolve, reject) => {
      let timer: NodeJS.Timeout | undefined;
      const settle = (act: () => void): void => {
        clearTimeout(timer);
        for (const event of ["readable", "end", "close"]) this.#socket.off(event, look);
        act();
      };
      const look = (): void => {
        const bytes = this.#socket.read() as Buffer | null;
        if (bytes) settle(() => resolve(new Uint8Array(bytes)));
        else if (this.#socket.readableEnded) settle(() => resolve(undefined));
        else if (this.#socket.destroyed) settle(() => reject(this.#gone()));
      };
      for (const event of ["readable", "end", "close"]) this.#socket.on(event, look);
      if (timeoutMs !== undefined)
        timer = setTimeout(
          () => settle(() => reject(new TimedOut(`receive: nothing came in ${timeoutMs} ms`))),
          timeoutMs,
        );
      look();
    });
  }

  end(): void {
    this.#socket.end();
  }

  reset(): void {
    this.#socket.resetAndDestroy();
  }

  #gone(): Error {
    return new ConnectionReset("the other end of the socket is gone", this.#error ? { cause: this.#error } : {});
  }
}

/** Opens a connection on this machine. @throws {@link ConnectionRefused} if nobody listens there. @internal */
export async function connectLocally(address: LocalAddress): Promise<Socket> {
  const socket = connect("port" in address ? { host: "127.0.0.1", port: address.port } : { path: address.path });
  try {
    await once(socket, "connect");
  } catch (cause) {
    const where = "port" in address ? `port ${address.port} of 127.0.0.1` : address.path;
    throw new ConnectionRefused(`nobody listens at ${where}`, { cause });
  }
  return socket;
}
