import { checkPositive, checkWhole, refuse } from "../../errors.js";
import { Closed, TimedOut } from "../../world/errors.js";
import { withSockets } from "../system/lent-sockets.js";
import { type SocketsApi, SystemCallError } from "../system/sockets-api.js";

/** One end of a TCP connection of the operating system: bytes, not messages, and urgent bytes among them. */
export interface TcpEnd {
  /**
   * Gives bytes to the operating system, as many as it takes, without waiting.
   *
   * @param bytes a text stands for its bytes in UTF-8.
   * @param options `urgent`: sent with `MSG_OOB`, so that the *last* byte is the urgent one.
   * @returns how many were taken: fewer than there are, or 0, if the buffers of both ends are full.
   */
  send(bytes: Uint8Array | string, options?: { readonly urgent?: boolean }): number;
  /**
   * The next bytes, as soon as there are some: never past the mark in one call. Empty if the peer has ended.
   *
   * @param options `atMost` so many (64 KiB unless told); {@link TimedOut} after `timeoutMs` (2,000 ms unless told).
   */
  receive(options?: { readonly atMost?: number; readonly timeoutMs?: number }): Promise<Uint8Array>;
  /**
   * Waits until urgent data are announced and says whether they were, within `timeoutMs` (2,000 ms unless told). The news may come long
   * before the byte. Not with `SO_OOBINLINE`: there SIGURG alone tells.
   */
  urgentAnnounced(options?: { readonly timeoutMs?: number }): Promise<boolean>;
  /** Waits until the peer's end has come, whether or not what is before it has been read; {@link TimedOut} after 2,000 ms. */
  peerEnded(): Promise<void>;
  /** The urgent byte that is kept beside the stream, or the name of the error: `EINVAL` if there is none there. */
  receiveUrgent(): number | string;
  /** Whether the stream has been read up to the mark (`SIOCATMARK`). */
  isAtMark(): boolean;
  /** Leaves urgent bytes in the stream (`SO_OOBINLINE`) instead of keeping one beside it. */
  keepUrgentInline(inline: boolean): void;
  /** Sends no more. */
  end(): void;
}

/** See {@link tcpPair}. */
export interface TcpPairOptions {
  /** The sender's buffer in the operating system, in bytes; unless told, what it likes, and growing. It may give more or less. */
  readonly sendBufferBytes?: number;
  /** The receiver's. */
  readonly receiveBufferBytes?: number;
}

/**
 * Opens a TCP connection on loopback by the operating system's own calls, lends you both ends, and closes them when your function
 * has ended.
 *
 * @throws Error where {@link whyNoUrgentData} says why it can't be.
 * @example
 * await tcpPair(async (sender, receiver) => {
 *   sender.send("abc", { urgent: true });
 *   await receiver.urgentAnnounced();
 *   return [await receiver.receive(), receiver.receiveUrgent()]; // "ab", and the number of "c"
 * });
 */
export async function tcpPair<R>(
  use: (sender: TcpEnd, receiver: TcpEnd) => Promise<R>,
  options: TcpPairOptions = {},
): Promise<R> {
  if (typeof use !== "function") refuse("tcpPair", "use", "an async function of two ends", use);
  for (const field of ["sendBufferBytes", "receiveBufferBytes"] as const)
    if (options[field] !== undefined) checkWhole("tcpPair", field, options[field], 1, 2 ** 30);
  return lendPair(options, (api, _fds, { sender, receiver, isOpen }) =>
    use(new RawEnd(api, sender, isOpen), new RawEnd(api, receiver, isOpen)),
  );
}

/** The numbers of a connection's two ends, and whether they are open still. */
export interface RawPair {
  readonly sender: number;
  readonly receiver: number;
  isOpen(): boolean;
}

/** As {@link tcpPair}, but lends the operating system's calls, and the numbers of all sockets that it will close. */
export async function lendPair<R>(
  options: TcpPairOptions,
  use: (api: SocketsApi, fds: number[], pair: RawPair) => Promise<R>,
): Promise<R> {
  return withSockets(async (api, fds) => {
    const [sender, receiver] = openPair(api, fds, options);
    return use(api, fds, { sender, receiver, isOpen: () => fds.length > 0 });
  });
}

function openPair(api: SocketsApi, fds: number[], options: TcpPairOptions): [number, number] {
  const { sendBufferBytes, receiveBufferBytes } = options;
  const open = (fd: number): number => {
    fds.push(fd);
    return fd;
  };
  const listener = open(api.socket());
  // An accepted connection inherits its listener's buffer.
  if (receiveBufferBytes !== undefined) api.setBuffer(listener, "receive", receiveBufferBytes);
  const port = api.bind(listener, 0);
  api.listen(listener, 1);
  const sender = open(api.socket());
  if (sendBufferBytes !== undefined) api.setBuffer(sender, "send", sendBufferBytes);
  api.connect(sender, port);
  return [sender, open(api.accept(listener))];
}

/** Writes and reads by the operating system's own calls. */
export class RawEnd implements TcpEnd {
  readonly #api: SocketsApi;
  readonly #number: number;
  readonly #isOpen: () => boolean;

  constructor(api: SocketsApi, fd: number, isOpen: () => boolean) {
    this.#api = api;
    this.#number = fd;
    this.#isOpen = isOpen;
  }

  /** The number of its file; once closed it may be somebody else's. */
  get #fd(): number {
    if (!this.#isOpen()) throw new Closed("tcpPair: its function has ended, and both ends are closed");
    return this.#number;
  }

  send(bytes: Uint8Array | string, { urgent = false }: { readonly urgent?: boolean } = {}): number {
    const given = typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes;
    if (!(given instanceof Uint8Array)) refuse("send", "bytes", "a Uint8Array or a text", bytes);
    return this.#api.send(this.#fd, given, urgent);
  }

  async receive(options: { readonly atMost?: number; readonly timeoutMs?: number } = {}): Promise<Uint8Array> {
    const atMost = checkWhole("receive", "atMost", options.atMost ?? 65536, 1, 2 ** 24);
    const timeoutMs = checkPositive("receive", "timeoutMs", options.timeoutMs ?? 2000);
    const bytes = await within(timeoutMs, () => this.#api.receive(this.#fd, atMost));
    if (bytes === undefined) throw new TimedOut(`receive: no byte came within ${timeoutMs} ms`);
    return bytes;
  }

  async urgentAnnounced({ timeoutMs = 2000 }: { readonly timeoutMs?: number } = {}): Promise<boolean> {
    checkPositive("urgentAnnounced", "timeoutMs", timeoutMs);
    return (await within(timeoutMs, () => this.#api.urgentState(this.#fd) !== "none" || undefined)) ?? false;
  }

  async peerEnded(): Promise<void> {
    const hasEnded = await within(2000, () => this.#api.hasPeerEnded(this.#fd) || undefined);
    if (!hasEnded) throw new TimedOut("peerEnded: the peer did not end within 2000 ms");
  }

  receiveUrgent(): number | string {
    try {
      return this.#api.receiveUrgent(this.#fd);
    } catch (error) {
      if (error instanceof SystemCallError) return error.code;
      throw error;
    }
  }

  isAtMark(): boolean {
    return this.#api.isAtMark(this.#fd);
  }

  keepUrgentInline(inline: boolean): void {
    this.#api.keepUrgentInline(this.#fd, inline);
  }

  end(): void {
    this.#api.endWriting(this.#fd);
  }
}

/** Asks again and again until there is an answer, or `undefined` when the time is up. */
async function within<T>(timeoutMs: number, ask: () => T | undefined): Promise<T | undefined> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const answer = ask();
    if (answer !== undefined || performance.now() > deadline) return answer;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
