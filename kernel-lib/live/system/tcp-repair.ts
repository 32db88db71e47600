import { type CLibrary, cLibrary } from "./c-library.js";
import { type IpAddress, SystemCallError } from "./sockets-api.js";

/** An address and a port. */
export interface TcpEnd {
  readonly ip: IpAddress;
  readonly port: number;
}

/** Where TCP stands with its windows (`struct tcp_repair_window`, in its order). */
export type TcpWindows = readonly [
  updatedBySequence: number,
  sendWindow: number,
  maxWindow: number,
  receiveWindow: number,
  advertisedFrom: number,
];

/**
 * All that a TCP connection is, as data: with it any machine that has the local address can go on where another stopped.
 *
 * Sequence numbers are those of the next byte: that which the program writes, and that which comes from the peer.
 */
export interface FrozenConnection {
  readonly local: TcpEnd;
  readonly remote: TcpEnd;
  readonly writeSequence: number;
  readonly receiveSequence: number;
  /** What was written and the peer has not acknowledged. */
  readonly unacknowledged: Uint8Array;
  /** What came and the program has not read. */
  readonly unread: Uint8Array;
  /** The largest segment that the peer takes. */
  readonly maxSegmentBytes: number;
  /** By how many bits windows are shifted; `undefined` if that was not agreed upon. */
  readonly windowShifts: { readonly send: number; readonly receive: number } | undefined;
  /** Whether selective acknowledgements were agreed upon. */
  readonly selective: boolean;
  /** The clock of the timestamps that this end sends; `undefined` if they were not agreed upon. */
  readonly timestamp: number | undefined;
  readonly windows: TcpWindows;
}

/** How Linux lets the superuser of a network take connections out of its TCP and put them in (tcp(7), `TCP_REPAIR`). */
export interface TcpRepair {
  /** The bytes that wait at an established connection; they stay there. None if nothing waits, or the stream has ended. */
  peek(fd: number, atMost: number): Uint8Array;
  /** The peer's address and port. */
  remoteOf(fd: number): TcpEnd;
  /** Takes an established connection out of TCP, without a word to the peer. Afterwards the file is closed. */
  freeze(fd: number): FrozenConnection;
  /** Puts it in: the file of a connection that goes on. The local address must be one of this machine. */
  thaw(connection: FrozenConnection): number;
}

// linux/tcp.h, asm-generic/socket.h, asm-generic/sockios.h
const AF_INET = 2;
const SOCK_STREAM = 1;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const IPPROTO_TCP = 6;
/** Options of TCP's own. */
const optionNumbers = {
  TCP_MAXSEG: 2,
  TCP_INFO: 11,
  TCP_REPAIR: 19,
  TCP_REPAIR_QUEUE: 20,
  TCP_QUEUE_SEQ: 21,
  TCP_REPAIR_OPTIONS: 22,
  TCP_TIMESTAMP: 24,
  TCP_REPAIR_WINDOW: 29,
};
type OptionName = keyof typeof optionNumbers;
const receiveQueue = 1;
const sendQueue = 2;
const FIONREAD = 0x541b;
const SIOCOUTQ = 0x5411;
const MSG_PEEK = 2;
const MSG_DONTWAIT = 0x40;
const ESTABLISHED = 1;
/** Bits of `tcpi_options`. */
const withTimestamps = 1;
const withSelective = 2;
const withWindowShifts = 4;
/** The options' own numbers (RFC 9293, RFC 7323, RFC 2018). */
const option = { maxSegment: 2, windowShift: 3, selective: 4, timestamps: 8 };

let loaded: TcpRepair | undefined;

/**
 * Loads the C library, at the first call.
 *
 * @throws Error if this is not Linux.
 */
export async function tcpRepair(): Promise<TcpRepair> {
  if (process.platform !== "linux") throw new Error(`TCP_REPAIR is of Linux; this is ${process.platform}`);
  if (loaded) return loaded;
  loaded = bind(await cLibrary());
  return loaded;
}

function bind({ library: libc, lastError }: CLibrary): TcpRepair {
  const call = {
    socket: libc.func("int socket(int, int, int)"),
    bind: libc.func("int bind(int, const void *, unsigned int)"),
    connect: libc.func("int connect(int, const void *, unsigned int)"),
    localName: libc.func("int getsockname(int, _Out_ uint8_t *, _Inout_ unsigned int *)"),
    remoteName: libc.func("int getpeername(int, _Out_ uint8_t *, _Inout_ unsigned int *)"),
    send: libc.func("long send(int, const void *, size_t, int)"),
    receive: libc.func("long recv(int, _Out_ uint8_t *, size_t, int)"),
    setOption: libc.func("int setsockopt(int, int, int, const void *, unsigned int)"),
    getOption: libc.func("int getsockopt(int, int, int, _Out_ uint8_t *, _Inout_ unsigned int *)"),
    ioctl: libc.func("int ioctl(int, unsigned long, ...)"),
    close: libc.func("int close(int)"),
  };
  const checked = (name: string, result: number): number => {
    if (result < 0) throw new SystemCallError(name, lastError());
    return result;
  };
  const words = (bytes: Uint8Array): Uint32Array => new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
  const ask = (fd: number, name: OptionName, bytes: number): Uint8Array => {
    const answer = new Uint8Array(bytes);
    checked(`getsockopt(${name})`, call.getOption(fd, IPPROTO_TCP, optionNumbers[name], answer, [bytes]));
    return answer;
  };
  const askWord = (fd: number, name: OptionName): number => words(ask(fd, name, 4))[0] as number;
  const set = (fd: number, name: OptionName, values: Iterable<number>): void => {
    const bytes = new Uint8Array(Uint32Array.from(values).buffer);
    checked(`setsockopt(${name})`, call.setOption(fd, IPPROTO_TCP, optionNumbers[name], bytes, bytes.length));
  };
  const waiting = (fd: number, question: number): number => {
    const answer = new Int32Array(1);
    checked("ioctl", call.ioctl(fd, question, "_Inout_ int *", answer));
    return answer[0] as number;
  };
  const look = (fd: number, atMost: number): Uint8Array => {
    if (atMost === 0) return new Uint8Array(0);
    const bytes = new Uint8Array(atMost);
    return bytes.subarray(0, checked("recv(MSG_PEEK)", call.receive(fd, bytes, atMost, MSG_PEEK | MSG_DONTWAIT)));
  };
  const endOf = (name: "localName" | "remoteName", fd: number): TcpEnd => {
    const bytes = new Uint8Array(16);
    checked(name, call[name](fd, bytes, [16]));
    const [, , high = 0, low = 0, a = 0, b = 0, c = 0, d = 0] = bytes;
    return { ip: [a, b, c, d], port: (high << 8) | low };
  };
  const address = ({ ip, port }: TcpEnd): Uint8Array => {
    const bytes = new Uint8Array(16);
    words(bytes)[0] = AF_INET;
    bytes.set([port >> 8, port & 255, ...ip], 2);
    return bytes;
  };

  function freeze(fd: number): FrozenConnection {
    const [local, remote] = [endOf("localName", fd), endOf("remoteName", fd)];
    const info = ask(fd, "TCP_INFO", 8);
    const [state = 0, options = 0, shifts = 0] = [info[0], info[5], info[6]];
    if (state !== ESTABLISHED) throw new SystemCallError("freeze", `state ${state}, and 1 (established) is wanted`);
    set(fd, "TCP_REPAIR", [1]);
    set(fd, "TCP_REPAIR_QUEUE", [sendQueue]);
    const writeSequence = askWord(fd, "TCP_QUEUE_SEQ");
    const unacknowledged = look(fd, waiting(fd, SIOCOUTQ));
    set(fd, "TCP_REPAIR_QUEUE", [receiveQueue]);
    const receiveSequence = askWord(fd, "TCP_QUEUE_SEQ");
    const unread = look(fd, waiting(fd, FIONREAD));
    const frozen: FrozenConnection = {
      local,
      remote,
      writeSequence,
      receiveSequence,
      unacknowledged,
      unread,
      maxSegmentBytes: askWord(fd, "TCP_MAXSEG"),
      windowShifts: options & withWindowShifts ? { send: shifts & 15, receive: shifts >> 4 } : undefined,
      selective: (options & withSelective) !== 0,
      timestamp: options & withTimestamps ? askWord(fd, "TCP_TIMESTAMP") : undefined,
      windows: [...words(ask(fd, "TCP_REPAIR_WINDOW", 20))] as unknown as TcpWindows,
    };
    checked("close", call.close(fd));
    return frozen;
  }

  function thaw(frozen: FrozenConnection): number {
    const { unread, unacknowledged, windowShifts, timestamp } = frozen;
    const fd = checked("socket", call.socket(AF_INET, SOCK_STREAM, 0));
    try {
      // A server may listen at this very address and port.
      const yes = new Uint8Array(Int32Array.of(1).buffer);
      checked("setsockopt(SO_REUSEADDR)", call.setOption(fd, SOL_SOCKET, SO_REUSEADDR, yes, 4));
      set(fd, "TCP_REPAIR", [1]);
      set(fd, "TCP_REPAIR_QUEUE", [sendQueue]);
      set(fd, "TCP_QUEUE_SEQ", [frozen.writeSequence - unacknowledged.length]);
      set(fd, "TCP_REPAIR_QUEUE", [receiveQueue]);
      set(fd, "TCP_QUEUE_SEQ", [frozen.receiveSequence - unread.length]);
      checked("bind", call.bind(fd, address(frozen.local), 16));
      // Or its first segments would have the 536 bytes of a peer that said nothing of what it takes.
      set(fd, "TCP_MAXSEG", [Math.min(frozen.maxSegmentBytes, 32_767)]);
      // Nothing is sent: the connection is there at once.
      checked("connect", call.connect(fd, address(frozen.remote), 16));
      const options = [option.maxSegment, frozen.maxSegmentBytes];
      if (windowShifts) options.push(option.windowShift, windowShifts.send | (windowShifts.receive << 16));
      if (frozen.selective) options.push(option.selective, 0);
      if (timestamp !== undefined) options.push(option.timestamps, 0);
      set(fd, "TCP_REPAIR_OPTIONS", options);
      if (timestamp !== undefined) set(fd, "TCP_TIMESTAMP", [timestamp]);
      fill(fd, receiveQueue, unread);
      fill(fd, sendQueue, unacknowledged);
      set(fd, "TCP_REPAIR_WINDOW", frozen.windows);
      // TCP then tells the peer by a probe of its window where this end stands.
      set(fd, "TCP_REPAIR", [0]);
      return fd;
    } catch (error) {
      call.close(fd);
      throw error;
    }
  }

  function fill(fd: number, queue: number, bytes: Uint8Array): void {
    set(fd, "TCP_REPAIR_QUEUE", [queue]);
    for (let at = 0; at < bytes.length; ) {
      const rest = bytes.subarray(at, at + 32_768);
      at += checked("send", call.send(fd, rest, rest.length, MSG_DONTWAIT));
    }
  }

  return {
    peek: (fd, atMost) => {
      const ready = Math.min(waiting(fd, FIONREAD), atMost);
      return look(fd, ready);
    },
    remoteOf: (fd) => endOf("remoteName", fd),
    freeze,
    thaw,
  };
}
