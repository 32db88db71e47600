/**
 * Datagrams between real processes: UDP of the operating system on loopback. What the system throws away is gone, and nobody tells: there is nobody who sees
 * both ends. Each packet says where it comes from, since a port of the system is not one of a host.
 */
import { createSocket, type Socket } from "node:dgram";
import { ParameterError } from "../../errors.js";
import { checkTimeout } from "../../world/checks.js";
import { Fifo } from "../../world/core/fifo.js";
import {
  AddressInUse,
  Closed,
  type Datagram,
  type DatagramAddress,
  type Datagrams,
  TimedOut,
} from "../../world/index.js";
import {
  datagramHeaderBytes,
  decodeDatagram,
  encodeDatagram,
  inboxBytes,
  receiversOf,
} from "../../world/network/datagram.js";
import { bytesOf, type Encoded } from "../../world/values.js";
import { nextPending, type Owned, type OwnProcess, ProcessWait } from "./own-process.js";

const loopback = "127.0.0.1";

/** The hosts that can send each other datagrams. @internal */
export interface DatagramNeighbours {
  readonly hosts: readonly string[];
  /** The port of the operating system behind a port of a host; `undefined` if none is known. */
  portOf(port: number, host: string): number | undefined;
  /** Told which port the system gave. */
  onOpen(systemPort: number, port: number): void;
}

interface Arrived {
  readonly from: DatagramAddress;
  readonly type: "data" | "bytes";
  readonly payload: Encoded;
  /** As the world counts them. */
  readonly bytes: number;
}

/** Who waits, and whether its promise gives an iterator's result. */
interface Receiver {
  readonly wait: ProcessWait<unknown>;
  readonly iterates: boolean;
  readonly isPending: boolean;
}

const noMore: IteratorResult<Datagram> = { done: true, value: undefined };

/** A port for datagrams of a real process. @internal */
export class ProcessDatagrams implements Datagrams, Owned {
  port: number;
  readonly #process: OwnProcess;
  readonly #host: string;
  readonly #neighbours: DatagramNeighbours;
  readonly #socket: Socket;
  readonly #inbox = new Fifo<Arrived>();
  readonly #receivers = new Fifo<Receiver>();
  #unreadBytes = 0;
  #isClosed = false;

  constructor(process: OwnProcess, host: string, port: number, neighbours: DatagramNeighbours) {
    this.port = port;
    this.#process = process;
    this.#host = host;
    this.#neighbours = neighbours;
    this.#socket = createSocket("udp4");
    this.#socket.on("message", (bytes) => this.#hear(bytes));
  }

  /** Opens the port of the operating system. */
  async open(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#socket.once("error", (error: NodeJS.ErrnoException) => {
        if (error.code === "EADDRINUSE")
          reject(new AddressInUse(`datagrams: port ${this.port} of ${this.#host} is open`));
        else
          reject(new ParameterError(`datagrams: port ${this.port} of ${this.#host} can't be opened: ${error.message}`));
      });
      const port = this.#neighbours.portOf(this.port, this.#host) ?? 0;
      this.#socket.bind({ address: loopback, port, exclusive: true }, resolve);
    });
    this.#socket.removeAllListeners("error");
    this.#socket.on("error", () => undefined); // of one datagram, which is lost
    if (this.#process.exit) this.#shut();
    else this.#process.owned.add(this);
    const { port } = this.#socket.address();
    if (this.port === 0) this.port = port;
    this.#neighbours.onOpen(port, this.port);
  }

  get #name(): string {
    return `${this.#host}:${this.port}`;
  }

  async send(to: DatagramAddress, message: unknown): Promise<void> {
    const hosts = receiversOf(to, this.#host, this.#neighbours.hosts);
    const payload = encodeDatagram(message, `send on ${this.#name}`);
    if (this.#isClosed) throw new Closed(`send: datagram port ${this.port} is closed`);
    const packet = packetOf({ host: this.#host, port: this.port }, message instanceof Uint8Array, payload);
    for (const host of hosts) {
      const port = this.#neighbours.portOf(to.port, host);
      // Where nobody is, or the system refuses it, it is lost like any other.
      if (port !== undefined)
        await new Promise<void>((sent) => this.#socket.send(packet, port, loopback, () => sent()));
    }
    if (this.#process.exit) await new Promise(() => undefined);
  }

  receive(options?: { readonly timeoutMs?: number }): Promise<Datagram> {
    return this.#receive(checkTimeout("receive", options), false) as Promise<Datagram>;
  }

  [Symbol.asyncIterator](): AsyncIterator<Datagram> {
    return {
      next: () =>
        this.#isClosed
          ? Promise.resolve(noMore)
          : (this.#receive(undefined, true) as Promise<IteratorResult<Datagram>>),
    };
  }

  async #receive(timeoutMs: number | undefined, iterates: boolean): Promise<unknown> {
    if (this.#isClosed) throw new Closed(`receive: datagram port ${this.port} is closed`);
    const arrived = this.#inbox.shift();
    if (arrived) {
      this.#unreadBytes -= arrived.bytes;
      return asTaken(arrived, iterates);
    }
    const late = () => new TimedOut(`receive on ${this.#name}: nothing came in ${timeoutMs} ms`);
    const wait = new ProcessWait<unknown>(this.#process.thread, timeoutMs, late);
    // Those that time out again and again would fill the line.
    while (this.#receivers.first?.isPending === false) this.#receivers.shift();
    this.#receivers.push({
      wait,
      iterates,
      get isPending() {
        return wait.isPending;
      },
    });
    return wait.promise;
  }

  #hear(bytes: Buffer): void {
    const arrived = read(bytes);
    if (!arrived) return;
    const receiver = this.#inbox.size === 0 ? nextPending(this.#receivers) : undefined;
    if (receiver) {
      try {
        receiver.wait.succeed(asTaken(arrived, receiver.iterates));
      } catch (error) {
        receiver.wait.fail(error);
      }
    } else if (this.#unreadBytes + arrived.bytes <= inboxBytes) {
      this.#unreadBytes += arrived.bytes;
      this.#inbox.push(arrived);
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
    this.#socket.close();
    this.#inbox.drain();
    for (const { wait, iterates } of this.#receivers.drain()) {
      if (iterates) wait.succeed(noMore);
      else wait.fail(new Closed(`receive: datagram port ${this.port} was closed`));
    }
  }
}

function asTaken({ from, type, payload }: Arrived, iterates: boolean): unknown {
  const value = { from, message: decodeDatagram(type, payload) };
  return iterates ? { done: false, value } : value;
}

/** What is in front of the message: 1 if it is bytes, the port that it comes from (2), the length of the host's name (1), and the name. */
const fixedBytes = 4;

function packetOf(from: DatagramAddress, isBytes: boolean, payload: Encoded): Buffer {
  const name = Buffer.from(from.host);
  const head = Buffer.alloc(fixedBytes);
  head.writeUInt8(Number(isBytes), 0);
  head.writeUInt16BE(from.port, 1);
  head.writeUInt8(name.length, 3);
  return Buffer.concat([head, name, bytesOf(payload)]);
}

/** A packet of one of ours; `undefined` if it is a stranger's. */
function read(packet: Buffer): Arrived | undefined {
  if (packet.length < fixedBytes || packet[0] === undefined || packet[0] > 1) return undefined;
  const nameEnd = fixedBytes + packet.readUInt8(3);
  if (packet.length < nameEnd) return undefined;
  const bytes = new Uint8Array(packet);
  return {
    from: { host: packet.toString("utf8", fixedBytes, nameEnd), port: packet.readUInt16BE(1) },
    type: packet[0] === 1 ? "bytes" : "data",
    payload: { bytes, start: nameEnd, end: bytes.length },
    bytes: datagramHeaderBytes + bytes.length - nameEnd,
  };
}
