import { type CLibrary, cLibrary } from "./c-library.js";

/** The numbers that an operating system's headers give to what we ask of sockets. */
interface Constants {
  readonly SOL_SOCKET: number;
  readonly SO_REUSEADDR: number;
  readonly SO_OOBINLINE: number;
  readonly SO_SNDBUF: number;
  readonly SO_RCVBUF: number;
  readonly SO_LINGER: number;
  readonly SO_KEEPALIVE: number;
  readonly TCP_KEEPIDLE: number;
  readonly TCP_KEEPINTVL: number;
  readonly TCP_KEEPCNT: number;
  readonly MSG_DONTWAIT: number;
  readonly F_SETOWN: number;
  readonly SIOCATMARK: number;
  /** `ioctl` for the bytes that were given to a socket and are not acknowledged; macOS has it as an option, SO_NWRITE. */
  readonly SIOCOUTQ?: number;
  readonly SO_NWRITE?: number;
  /** Linux alone has these. */
  readonly TCP_USER_TIMEOUT?: number;
  readonly TCP_REPAIR?: number;
  /** That the peer has ended; macOS has no name for this half of a hang-up alone. */
  readonly POLLRDHUP: number;
  /** In macOS, a socket's address begins with its length. */
  readonly addressHasLength: boolean;
}

/** The same everywhere. */
const AF_INET = 2;
const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const F_SETFD = 2;
const FD_CLOEXEC = 1;
const POLLIN = 1;
const IPPROTO_TCP = 6;
const MSG_OOB = 1;
const MSG_PEEK = 2;
const SHUT_WR = 1;

/**
 * Linux: asm-generic/socket.h, asm-generic/fcntl.h, asm-generic/sockios.h, linux/tcp.h. macOS: sys/socket.h, sys/fcntl.h, sys/sockio.h,
 * netinet/tcp.h (untested).
 */
const constantsOf: Readonly<Record<string, Constants>> = {
  linux: {
    SOL_SOCKET: 1,
    SO_REUSEADDR: 2,
    SO_OOBINLINE: 10,
    SO_SNDBUF: 7,
    SO_RCVBUF: 8,
    SO_LINGER: 13,
    SO_KEEPALIVE: 9,
    TCP_KEEPIDLE: 4,
    TCP_KEEPINTVL: 5,
    TCP_KEEPCNT: 6,
    TCP_USER_TIMEOUT: 18,
    TCP_REPAIR: 19,
    MSG_DONTWAIT: 0x40,
    F_SETOWN: 8,
    SIOCATMARK: 0x8905,
    SIOCOUTQ: 0x5411,
    POLLRDHUP: 0x2000,
    addressHasLength: false,
  },
  darwin: {
    SOL_SOCKET: 0xffff,
    SO_REUSEADDR: 4,
    SO_OOBINLINE: 0x0100,
    SO_SNDBUF: 0x1001,
    SO_RCVBUF: 0x1002,
    SO_LINGER: 0x80,
    SO_KEEPALIVE: 8,
    TCP_KEEPIDLE: 0x10,
    TCP_KEEPINTVL: 0x101,
    TCP_KEEPCNT: 0x102,
    SO_NWRITE: 0x1024,
    MSG_DONTWAIT: 0x80,
    F_SETOWN: 6,
    SIOCATMARK: 0x40047307,
    POLLRDHUP: 0x10,
    addressHasLength: true,
  },
};

/** A call of the operating system failed; `code` is the name of its error, such as `EINVAL`. */
export class SystemCallError extends Error {
  override name = "SystemCallError";
  constructor(
    readonly call: string,
    readonly code: string,
  ) {
    super(`${call} failed with ${code}`);
  }
}

/** An address of IP version 4, byte by byte. */
export type IpAddress = readonly [number, number, number, number];

const loopback: IpAddress = [127, 0, 0, 1];

/** When TCP takes a peer for dead: a subset of what socket(7) and tcp(7) offer. */
export interface DeadPeerOptions {
  /** Asks a peer that has been silent for so long; whole seconds are all that it can. */
  readonly keepAliveIdleS?: number;
  /** Asks again after so long. */
  readonly keepAliveIntervalS?: number;
  /** Gives up after so many questions without an answer. */
  readonly keepAliveProbes?: number;
  /** How long bytes may stay unacknowledged (`TCP_USER_TIMEOUT`, Linux alone). */
  readonly userTimeoutMs?: number;
}

/** What is known of urgent data at the receiver. */
export type UrgentState =
  /** Nothing is announced, or the byte has been taken. */
  | "none"
  /** Announced; the byte itself has not come. */
  | "announced"
  /** The byte is here. */
  | "here";

/** The calls of the C library that Node has not, by the numbers of their files. Each may throw {@link SystemCallError}. */
export interface SocketsApi {
  /** A socket, which no child process inherits unless it is given to it. */
  socket(kind?: "stream" | "datagram"): number;
  /** Binds to a port, a free one if it is 0, of an address of this machine, loopback unless told; the port. */
  bind(fd: number, port: number, address?: IpAddress): number;
  listen(fd: number, backlog: number): void;
  /** Waits until some of these can be read from or accepted from, or the time is over; which. Nothing is read. */
  untilReadable(fds: readonly number[], timeoutMs: number): Promise<number[]>;
  accept(fd: number): number;
  /** Connects to a port of an address, loopback unless told. */
  connect(fd: number, port: number, address?: IpAddress): void;
  /** How many bytes the buffer took; 0 if it is full. */
  send(fd: number, bytes: Uint8Array, urgent: boolean): number;
  /** The bytes, none at the end of the stream; `undefined` if nothing is there yet. */
  receive(fd: number, atMost: number): Uint8Array | undefined;
  /** The urgent byte that is kept outside the stream. */
  receiveUrgent(fd: number): number;
  /** Whether the next byte of the stream is where the urgent byte was, or is. */
  isAtMark(fd: number): boolean;
  /**
   * How far urgent data have come: `recv` with `MSG_OOB | MSG_PEEK` fails with EINVAL before the news, with EAGAIN between the news
   * and the byte. (`POLLPRI` waits for the byte.) Always `none` with `SO_OOBINLINE`.
   */
  urgentState(fd: number): UrgentState;
  /** How many of the bytes that were given to `send` the peer's system has not acknowledged. */
  unacknowledgedBytes(fd: number): number;
  /** Whether the peer's end has come, behind what has not been read. */
  hasPeerEnded(fd: number): boolean;
  keepUrgentInline(fd: number, inline: boolean): void;
  setBuffer(fd: number, which: "send" | "receive", bytes: number): void;
  /** From now on the operating system sends SIGURG to that process, this one unless told, when urgent data are announced. */
  sendSignalsTo(fd: number, pid?: number): void;
  setDeadPeer(fd: number, options: DeadPeerOptions): void;
  endWriting(fd: number): void;
  /** Closes with a reset (`SO_LINGER` of 0 s). */
  closeWithReset(fd: number): void;
  /** Closes without a word to the peer, as if the machine had lost its memory (`TCP_REPAIR`: for the superuser of Linux). */
  closeInSilence(fd: number): void;
  close(fd: number): void;
}

/** Why these calls can't be made on this machine; `undefined` if they can. */
export function whyNoSocketsApi(): string | undefined {
  return constantsOf[process.platform]
    ? undefined
    : `raw sockets are tried here on Linux and macOS only; this is ${process.platform}`;
}

let loaded: Promise<SocketsApi> | undefined;

/** Loads the C library, at the first call. @throws Error if this is neither Linux nor macOS. */
export function socketsApi(): Promise<SocketsApi> {
  loaded ??= load().catch((error: unknown) => {
    loaded = undefined;
    throw error;
  });
  return loaded;
}

async function load(): Promise<SocketsApi> {
  const refusal = whyNoSocketsApi();
  const constants = constantsOf[process.platform];
  if (refusal || !constants) throw new Error(refusal);
  return bind(await cLibrary(), constants);
}

function bind({ library: libc, lastError }: CLibrary, constants: Constants): SocketsApi {
  const call = {
    socket: libc.func("int socket(int, int, int)"),
    bind: libc.func("int bind(int, const void *, unsigned int)"),
    listen: libc.func("int listen(int, int)"),
    name: libc.func("int getsockname(int, _Out_ uint8_t *, _Inout_ unsigned int *)"),
    accept: libc.func("int accept(int, void *, void *)"),
    connect: libc.func("int connect(int, const void *, unsigned int)"),
    send: libc.func("long send(int, const void *, size_t, int)"),
    receive: libc.func("long recv(int, _Out_ uint8_t *, size_t, int)"),
    option: libc.func("int setsockopt(int, int, int, const int *, unsigned int)"),
    askOption: libc.func("int getsockopt(int, int, int, _Out_ int *, _Inout_ unsigned int *)"),
    poll: libc.func("int poll(_Inout_ uint8_t *, unsigned long, int)"),
    fcntl: libc.func("int fcntl(int, int, ...)"),
    ioctl: libc.func("int ioctl(int, unsigned long, ...)"),
    shutdown: libc.func("int shutdown(int, int)"),
    close: libc.func("int close(int)"),
  };
  const checked = (name: string, result: number): number => {
    if (result < 0) throw new SystemCallError(name, lastError());
    return result;
  };
  /** As `checked`, but `undefined` if the call would have had to wait. */
  const ready = (name: string, result: number): number | undefined => {
    if (result >= 0) return result;
    const code = lastError();
    if (code === "EAGAIN" || code === "EWOULDBLOCK") return undefined;
    throw new SystemCallError(name, code);
  };
  const setOption = (fd: number, option: number, value: number): void =>
    void checked("setsockopt", call.option(fd, constants.SOL_SOCKET, option, [value], 4));
  const setTcpOption = (fd: number, name: string, option: number | undefined, value: number): void => {
    if (option === undefined) throw new SystemCallError(`setsockopt(${name})`, "ENOPROTOOPT");
    checked(`setsockopt(${name})`, call.option(fd, IPPROTO_TCP, option, [value], 4));
  };
  const address = (port: number, ip: IpAddress): Uint8Array => {
    const bytes = new Uint8Array(16);
    if (constants.addressHasLength) bytes.set([16, AF_INET]);
    else new Uint16Array(bytes.buffer, 0, 1)[0] = AF_INET;
    bytes.set([port >> 8, port & 255, ...ip], 2);
    return bytes;
  };
  /** What `poll` is asked, a struct pollfd for each: int fd; short events; short revents. */
  const questions = (fds: readonly number[], event: number): Uint8Array => {
    const bytes = new Uint8Array(8 * fds.length);
    for (const [i, fd] of fds.entries()) {
      new Int32Array(bytes.buffer, 8 * i, 1)[0] = fd;
      new Int16Array(bytes.buffer, 8 * i + 4, 1)[0] = event;
    }
    return bytes;
  };
  const polled = (fd: number, event: number): boolean => {
    const asked = questions([fd], event);
    checked("poll", call.poll(asked, 1, 0));
    return ((new Int16Array(asked.buffer, 6, 1)[0] as number) & event) !== 0;
  };
  return {
    socket(kind = "stream") {
      const fd = checked("socket", call.socket(AF_INET, kind === "stream" ? SOCK_STREAM : SOCK_DGRAM, 0));
      checked("fcntl(F_SETFD)", call.fcntl(fd, F_SETFD, "int", FD_CLOEXEC));
      return fd;
    },
    bind(fd, port, ip = loopback) {
      // Or the port could not be taken again for a minute after connections to it.
      setOption(fd, constants.SO_REUSEADDR, 1);
      checked("bind", call.bind(fd, address(port, ip), 16));
      const bytes = new Uint8Array(16);
      checked("getsockname", call.name(fd, bytes, [16]));
      return ((bytes[2] as number) << 8) | (bytes[3] as number);
    },
    listen: (fd, backlog) => void checked("listen", call.listen(fd, backlog)),
    untilReadable(fds, timeoutMs) {
      const asked = questions(fds, POLLIN);
      return new Promise((resolve, reject) => {
        call.poll.async(asked, fds.length, timeoutMs, (error: Error | null) => {
          if (error) reject(error);
          else resolve(fds.filter((_, i) => new Int16Array(asked.buffer, 8 * i + 6, 1)[0] !== 0));
        });
      });
    },
    accept: (fd) => checked("accept", call.accept(fd, null, null)),
    connect: (fd, port, ip = loopback) => void checked("connect", call.connect(fd, address(port, ip), 16)),
    send: (fd, bytes, urgent) =>
      ready("send", call.send(fd, bytes, bytes.length, constants.MSG_DONTWAIT | (urgent ? MSG_OOB : 0))) ?? 0,
    receive(fd, atMost) {
      const bytes = new Uint8Array(atMost);
      const length = ready("recv", call.receive(fd, bytes, atMost, constants.MSG_DONTWAIT));
      return length === undefined ? undefined : bytes.subarray(0, length);
    },
    receiveUrgent(fd) {
      const bytes = new Uint8Array(1);
      checked("recv(MSG_OOB)", call.receive(fd, bytes, 1, constants.MSG_DONTWAIT | MSG_OOB));
      return bytes[0] as number;
    },
    isAtMark(fd) {
      const answer = new Int32Array(1);
      checked("ioctl(SIOCATMARK)", call.ioctl(fd, constants.SIOCATMARK, "_Inout_ int *", answer));
      return answer[0] === 1;
    },
    urgentState(fd) {
      const length = call.receive(fd, new Uint8Array(1), 1, constants.MSG_DONTWAIT | MSG_OOB | MSG_PEEK);
      if (length === 1) return "here";
      const code = length === 0 ? "EINVAL" : lastError();
      if (code === "EINVAL") return "none";
      if (code === "EAGAIN" || code === "EWOULDBLOCK") return "announced";
      throw new SystemCallError("recv(MSG_OOB | MSG_PEEK)", code);
    },
    unacknowledgedBytes(fd) {
      const answer = new Int32Array(1);
      if (constants.SIOCOUTQ !== undefined)
        checked("ioctl(SIOCOUTQ)", call.ioctl(fd, constants.SIOCOUTQ, "_Inout_ int *", answer));
      else
        checked(
          "getsockopt(SO_NWRITE)",
          call.askOption(fd, constants.SOL_SOCKET, constants.SO_NWRITE as number, answer, [4]),
        );
      return answer[0] as number;
    },
    hasPeerEnded: (fd) => polled(fd, constants.POLLRDHUP),
    keepUrgentInline: (fd, inline) => setOption(fd, constants.SO_OOBINLINE, inline ? 1 : 0),
    setBuffer: (fd, which, bytes) => setOption(fd, which === "send" ? constants.SO_SNDBUF : constants.SO_RCVBUF, bytes),
    sendSignalsTo: (fd, pid = process.pid) =>
      void checked("fcntl(F_SETOWN)", call.fcntl(fd, constants.F_SETOWN, "int", pid)),
    setDeadPeer(fd, { keepAliveIdleS, keepAliveIntervalS, keepAliveProbes, userTimeoutMs }) {
      if (keepAliveIdleS !== undefined) {
        setOption(fd, constants.SO_KEEPALIVE, 1);
        setTcpOption(fd, "TCP_KEEPIDLE", constants.TCP_KEEPIDLE, keepAliveIdleS);
      }
      if (keepAliveIntervalS !== undefined)
        setTcpOption(fd, "TCP_KEEPINTVL", constants.TCP_KEEPINTVL, keepAliveIntervalS);
      if (keepAliveProbes !== undefined) setTcpOption(fd, "TCP_KEEPCNT", constants.TCP_KEEPCNT, keepAliveProbes);
      if (userTimeoutMs !== undefined) setTcpOption(fd, "TCP_USER_TIMEOUT", constants.TCP_USER_TIMEOUT, userTimeoutMs);
    },
    endWriting: (fd) => void checked("shutdown", call.shutdown(fd, SHUT_WR)),
    closeWithReset(fd) {
      checked("setsockopt(SO_LINGER)", call.option(fd, constants.SOL_SOCKET, constants.SO_LINGER, [1, 0], 8));
      checked("close", call.close(fd));
    },
    closeInSilence(fd) {
      setTcpOption(fd, "TCP_REPAIR", constants.TCP_REPAIR, 1);
      checked("close", call.close(fd));
    },
    close: (fd) => void checked("close", call.close(fd)),
  };
}
