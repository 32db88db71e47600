import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import type { DatagramPipe } from "../../world/core/driver.js";
import { Fifo } from "../../world/core/fifo.js";
import { datagramHeaderBytes } from "../../world/network/datagram.js";
import type { DatagramFrame } from "../../world/network/frame.js";
import { bytesOf, whole } from "../../world/values.js";

const loopback = "127.0.0.1";

/**
 * How much may be under way to one socket. Linux gives a socket 208 KiB unless told, counts about 800 bytes for each datagram and twice its size, and throws
 * away in silence what does not fit: of 50 datagrams of 8 KiB at once 12 arrive.
 */
const windowWeight = 128 * 1024;
const weightOf = ({ bytes }: DatagramFrame): number => 1024 + 2 * bytes;

/** After so long the system has lost it: loopback takes microseconds. */
const patienceMs = 1000;

/** What a port needs of its driver. */
export interface UdpClock {
  /** Hands a frame on when its first byte is due. */
  frameArrived(frame: DatagramFrame): void;
  /** Something came in, or was lost: the core should go on. */
  pump(): void;
  /** The port of that number, if it is open. */
  portOf(host: string, port: number): UdpPort | undefined;
}

/** A datagram that was sent to a port and has not come out of it. */
interface UnderWay {
  readonly frame: DatagramFrame;
  readonly fromPort: number;
  readonly sentMs: number;
}

/**
 * A port for datagrams over a real UDP socket. Its bytes travel, the rest both sides know. What is sent to it is paced, so that the system need throw nothing
 * away; what it throws away nevertheless is told as lost. Where no port is open a datagram goes through memory.
 */
export class UdpPort implements DatagramPipe {
  readonly #socket: Socket;
  readonly #clock: UdpClock;
  /** What waits for room, with who sends it. */
  readonly #waiting = new Fifo<{ readonly frame: DatagramFrame; readonly from: UdpPort }>();
  readonly #underWay = new Map<number, UnderWay>();
  #weightUnderWay = 0;
  #count = 0;
  #watch: NodeJS.Timeout | undefined;
  #isClosed = false;
  /** When the system has taken the socket back. */
  readonly closed: Promise<void>;

  constructor(clock: UdpClock) {
    this.#clock = clock;
    // An address needs no looking up, and no turn of the event loop for it.
    this.#socket = createSocket({ type: "udp4", lookup: (address, _options, found) => found(null, address, 4) });
    this.closed = new Promise((resolve) => this.#socket.once("close", () => resolve()));
    this.#socket.on("message", (bytes, from) => this.#read(bytes, from));
  }

  /** @param opened called when the socket has an address. @param failed called instead if it gets none. @param broken called if it fails later. */
  open(opened: () => void, failed: (error: Error) => void, broken: (error: Error) => void): void {
    this.#socket.once("error", failed);
    this.#socket.bind({ address: loopback, port: 0, exclusive: true }, () => {
      this.#socket.off("error", failed);
      this.#socket.on("error", broken);
      opened();
    });
  }

  /** How many have not come out of it yet. */
  get framesUnderWay(): number {
    return this.#underWay.size + this.#waiting.size;
  }

  /** Where the system has it. */
  get systemPort(): number {
    return this.#socket.address().port;
  }

  write(frame: DatagramFrame): void {
    const to = this.#clock.portOf(frame.toHost, frame.toPort);
    if (!to || to.#isClosed) return this.#clock.frameArrived(frame);
    to.#waiting.push({ frame, from: this });
    to.#sendWaiting();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#watch);
    this.#socket.close();
    for (const { frame } of this.#underWay.values()) this.#clock.frameArrived(frame);
    for (const { frame } of this.#waiting.drain()) this.#clock.frameArrived(frame);
    this.#underWay.clear();
  }

  #sendWaiting(): void {
    for (let next = this.#waiting.first; next; next = this.#waiting.first) {
      const { frame, from } = next;
      if (this.#underWay.size > 0 && this.#weightUnderWay + weightOf(frame) > windowWeight) return;
      this.#waiting.shift();
      if (from.#isClosed) this.#clock.frameArrived(frame);
      else this.#sendFrom(from, frame);
    }
  }

  #sendFrom(from: UdpPort, frame: DatagramFrame): void {
    const number = this.#count++ % 2 ** 32;
    this.#underWay.set(number, { frame, fromPort: from.systemPort, sentMs: performance.now() });
    this.#weightUnderWay += weightOf(frame);
    from.#socket.send(packet(number, frame), this.systemPort, loopback, (error) => {
      // Its sender's socket was closed under it, or the system has refused it.
      if (error && this.#leaves(number)) {
        if (from.#isClosed) this.#clock.frameArrived(frame);
        else frame.to.lost(frame, "system");
        this.#clock.pump();
      }
    });
    this.#watch ??= this.#lookAgainIn(patienceMs);
  }

  #leaves(number: number): UnderWay | undefined {
    const found = this.#underWay.get(number);
    if (!found) return undefined;
    this.#underWay.delete(number);
    this.#weightUnderWay -= weightOf(found.frame);
    return found;
  }

  /** Whoever else finds the port is a stranger, and is not heard. */
  #read(bytes: Buffer, { port }: RemoteInfo): void {
    if (bytes.length < datagramHeaderBytes) return;
    const number = bytes.readUInt32BE(0);
    if (this.#underWay.get(number)?.fromPort !== port) return;
    const { frame } = this.#leaves(number) as UnderWay;
    this.#clock.frameArrived({ ...frame, payload: whole(new Uint8Array(bytes.subarray(datagramHeaderBytes))) });
    this.#sendWaiting();
    this.#clock.pump();
  }

  #lookAgainIn(ms: number): NodeJS.Timeout {
    // A timer comes before what has come in meanwhile: a stalled process must read its sockets first.
    return setTimeout(() => setImmediate(() => setImmediate(() => this.#giveUpOld())), ms);
  }

  #giveUpOld(): void {
    if (this.#isClosed) return;
    const nowMs = performance.now();
    let oldestMs: number | undefined;
    for (const [number, { frame, sentMs }] of this.#underWay) {
      if (nowMs - sentMs < patienceMs) {
        oldestMs = sentMs;
        break;
      }
      this.#leaves(number);
      frame.to.lost(frame, "system");
    }
    this.#watch = oldestMs === undefined ? undefined : this.#lookAgainIn(oldestMs + patienceMs - nowMs);
    this.#sendWaiting();
    this.#clock.pump();
  }
}

/** A datagram as the system carries it: its number (4 bytes), whence and whither (2 each), and the message. */
function packet(number: number, { from, toPort, payload }: DatagramFrame): Buffer {
  const bytes = Buffer.allocUnsafe(datagramHeaderBytes + payload.end - payload.start);
  bytes.writeUInt32BE(number, 0);
  bytes.writeUInt16BE(from.port, 4);
  bytes.writeUInt16BE(toPort, 6);
  bytes.set(bytesOf(payload), datagramHeaderBytes);
  return bytes;
}
