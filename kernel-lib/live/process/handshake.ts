/**
 * How two real processes open a connection. The operating system connects sockets before anybody accepts them, as many as it likes, so the world's rules
 * are put on top: a client says who it is, and has its connection when the listener has a place for it, in `accept` or in its backlog. Until
 * then it waits, as one whose SYN was dropped; if the port is closed meanwhile, its socket is reset.
 */
import { createServer, connect as openSocket, type Server, type Socket } from "node:net";
import { ParameterError } from "../../errors.js";
import { Fifo } from "../../world/core/fifo.js";
import {
  AddressInUse,
  Closed,
  type Connection,
  ConnectionRefused,
  ConnectionReset,
  type KeepAlive,
  type Listener,
  TimedOut,
} from "../../world/index.js";
import { decode, encode, whole } from "../../world/values.js";
import { FrameReader, frameBytes } from "../run/frames.js";
import { nextPending, type Owned, type OwnProcess, ProcessWait } from "./own-process.js";
import { SocketConnection } from "./socket-connection.js";

const welcome = frameBytes({ type: "alive", payload: whole(new Uint8Array(0)), value: 0 });

/** What a client says first. */
interface Hello {
  readonly id: string;
  readonly from: string;
  /** What all who may come know, if strangers may not. */
  readonly key?: string;
}

interface Knock extends Hello {
  readonly socket: Socket;
}

/** A port with a listener behind it. @internal */
export class ProcessListener implements Listener, Owned {
  readonly #process: OwnProcess;
  readonly #backlog: number;
  readonly #keepAlive: KeepAlive | undefined;
  readonly #key: string | undefined;
  readonly #server: Server;
  readonly #acceptors = new Fifo<ProcessWait<Connection>>();
  readonly #backlogged = new Fifo<SocketConnection>();
  readonly #knocking = new Set<Knock>();
  readonly #strangers = new Set<Socket>();
  port: number;
  #isClosed = false;

  constructor(
    process: OwnProcess,
    port: number,
    options: {
      readonly backlog: number;
      readonly keepAlive: KeepAlive | undefined;
      readonly key: string | undefined;
    },
  ) {
    this.#process = process;
    this.port = port;
    this.#backlog = options.backlog;
    this.#keepAlive = options.keepAlive;
    this.#key = options.key;
    this.#server = createServer((socket) => this.#greet(socket));
  }

  /** Opens the port of the operating system. @returns its number. */
  async open(systemPort: number, who: string): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", (error: NodeJS.ErrnoException) => {
        if (error.code === "EADDRINUSE")
          reject(new AddressInUse(`listen: port ${this.port} of ${who} is open already`));
        else reject(new ParameterError(`listen: port ${this.port} of ${who} can't be opened: ${error.message}`));
      });
      this.#server.listen(systemPort, "127.0.0.1", resolve);
    });
    this.#server.on("error", () => undefined); // of one connection that could not be accepted
    if (this.#process.exit) this.#shut();
    else this.#process.owned.add(this);
    const { port } = this.#server.address() as { port: number };
    if (this.port === 0) this.port = port;
    return port;
  }

  accept(): Promise<Connection> {
    if (this.#isClosed) return Promise.reject(new Closed(`accept: port ${this.port} is closed`));
    let next = this.#backlogged.shift();
    while (next?.signal.aborted) next = this.#backlogged.shift();
    if (next) {
      this.#admit();
      return Promise.resolve(next);
    }
    const wait = new ProcessWait<Connection>(this.#process.thread);
    this.#acceptors.push(wait);
    this.#admit();
    return wait.promise;
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Connection> {
    while (!this.#isClosed) {
      try {
        yield await this.accept();
      } catch (error) {
        if (error instanceof Closed && this.#isClosed) return;
        throw error;
      }
    }
  }

  close(): void {
    this.#shut();
  }

  closeWithProcess(): void {
    this.#shut();
  }

  #shut(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#process.owned.delete(this);
    this.#server.close();
    for (const connection of this.#backlogged.drain()) connection.reset();
    for (const { socket } of this.#knocking) socket.resetAndDestroy();
    for (const socket of this.#strangers) socket.resetAndDestroy();
    for (const wait of this.#acceptors.drain()) wait.fail(new Closed(`accept: port ${this.port} was closed`));
  }

  /** Hears who has come. Whoever does not say so within 10 s, or speaks another language, is dropped. */
  #greet(socket: Socket): void {
    const reader = new FrameReader();
    this.#strangers.add(socket);
    socket.setNoDelay(true);
    socket.setTimeout(10_000, () => socket.destroy());
    socket.on("error", () => undefined);
    socket.once("close", () => this.#strangers.delete(socket));
    const hear = (chunk: Buffer): void => {
      try {
        const [frame] = reader.push(chunk);
        if (!frame) return;
        const { id, from, key } = decode(frame.payload) as Hello;
        if (frame.type !== "data" || typeof id !== "string" || typeof from !== "string") throw new Error("a stranger");
        if (this.#key !== undefined && key !== this.#key) throw new Error("a stranger");
        socket.off("data", hear);
        socket.setTimeout(0);
        this.#strangers.delete(socket);
        this.#knock({ id, from, socket });
      } catch {
        socket.destroy();
      }
    };
    socket.on("data", hear);
  }

  #knock(knock: Knock): void {
    if (this.#isClosed) return void knock.socket.resetAndDestroy();
    this.#knocking.add(knock);
    knock.socket.once("close", () => this.#knocking.delete(knock));
    this.#admit();
  }

  /** Lets in as many as there are places for. */
  #admit(): void {
    for (const knock of this.#knocking) {
      const acceptor = this.#backlogged.size === 0 ? nextPending(this.#acceptors) : undefined;
      if (!acceptor && this.#backlogged.size >= this.#backlog) return;
      this.#knocking.delete(knock);
      const { socket, id, from } = knock;
      const connection = new SocketConnection(this.#process, socket, id, from, this.#keepAlive);
      hearFrames(socket, connection);
      socket.write(welcome);
      if (acceptor) acceptor.succeed(connection);
      else this.#backlogged.push(connection);
    }
  }
}

/** Opens a connection to a port of this machine. @internal */
export function openConnection(
  process: OwnProcess,
  systemPort: number,
  hello: Hello,
  to: { readonly host: string; readonly port: number },
  options: { readonly timeoutMs: number; readonly keepAlive: KeepAlive | undefined },
): Promise<Connection> {
  const { timeoutMs } = options;
  const { id } = hello;
  const late = () => new TimedOut(`connect ${id}: no answer in ${timeoutMs} ms`);
  const wait = new ProcessWait<Connection>(process.thread, timeoutMs, () => {
    socket.destroy();
    return late();
  });
  if (!wait.isPending) return wait.promise;
  const socket = openSocket({ host: "127.0.0.1", port: systemPort });
  socket.setNoDelay(true);
  let isConnected = false;
  let failure: NodeJS.ErrnoException | undefined;
  socket.on("error", (error) => {
    failure = error;
  });
  const reader = new FrameReader();
  const onClose = (): void => void wait.fail(connectError(isConnected, failure, id, to));
  socket.once("close", onClose);
  socket.once("connect", () => {
    isConnected = true;
    socket.write(frameBytes({ type: "data", payload: encode(hello, "connect"), value: 0 }));
  });
  socket.once("data", (chunk) => {
    // The welcome is one small frame, written before all others.
    const [frame] = reader.push(chunk.subarray(0, welcome.length));
    if (frame?.type !== "alive" || !wait.isPending) return void socket.destroy();
    socket.off("close", onClose);
    const connection = new SocketConnection(process, socket, id, to.host, options.keepAlive);
    hearFrames(socket, connection, chunk.subarray(welcome.length));
    wait.succeed(connection);
  });
  process.whenEnded(() => {
    if (wait.thread.process.exit && !socket.destroyed && !isConnected) socket.destroy();
  });
  return wait.promise;
}

/** Whoever sends what is none of our frames does not speak our language. */
function hearFrames(socket: Socket, connection: SocketConnection, first?: Buffer): void {
  const hear = (chunk: Buffer): void => {
    try {
      connection.read(chunk);
    } catch {
      connection.reset();
    }
  };
  socket.on("data", hear);
  if (first && first.length > 0) hear(first);
}

function connectError(
  isConnected: boolean,
  failure: NodeJS.ErrnoException | undefined,
  id: string,
  { host, port }: { readonly host: string; readonly port: number },
): Error {
  if (isConnected || failure?.code === "ECONNRESET") return new ConnectionReset(`${id} was reset by ${host}`);
  if (failure?.code === "ECONNREFUSED")
    return new ConnectionRefused(`connect ${id}: nobody listens on port ${port} of ${host}`);
  return new TimedOut(`connect ${id}: ${failure?.message ?? "the socket was closed"}`);
}
