/**
 * What a program sees: its {@link Host}, and through it processes, connections, queues, the disk and the clock. A program
 * that uses nothing else runs unchanged in virtual time and live.
 */

/** A program: an async function of its host and of plain arguments. */
// biome-ignore lint/suspicious/noExplicitAny: a program's arguments are typed where it is placed, with `on` or `spawn`
export type Program<A extends any[] = any[], R = unknown> = (host: Host, ...args: A) => Promise<R>;

/** How a process ended. */
export type Exit<R = unknown> = Returned<R> | Threw | Killed;

/** The program came to its end. */
export interface Returned<R = unknown> {
  /** Tells the ends apart. */
  readonly how: "returned";
  /** What the program returned. */
  readonly value: R;
}

/** The program, or one of its threads, threw an error and did not catch it. */
export interface Threw {
  /** Tells the ends apart. */
  readonly how: "threw";
  /** What was thrown; what is not an Error is wrapped in one. */
  readonly error: Error;
}

/** The process was killed, its machine crashed, or it was a daemon when the run ended. */
export interface Killed {
  /** Tells the ends apart. */
  readonly how: "killed";
}

/**
 * A machine, as one of its threads sees it. Each thread gets a host of its own: use yours, not your parent's.
 *
 * Whatever waits (here, on connections, queues and disks) rejects with {@link Cancelled}, or the reason given, when its thread is
 * cancelled; and throws a {@link ParameterError} at once for an argument out of range (`disk.write` and `disk.remove` reject with
 * it). No time may be above 1e15 ms.
 */
export interface Host {
  /** The machine's name in the scenario. */
  readonly name: string;
  /** The number of this thread's process, unique in the run, in order of start. */
  readonly pid: number;
  /** Aborted when this process, or this thread of it, is cancelled. */
  readonly signal: AbortSignal;
  /** Milliseconds since the run began, in the scenario's time. */
  now(): number;
  /** Waits for `ms` milliseconds without using the CPU. @throws {@link ParameterError} if `ms` is below 0 or not finite. */
  sleep(ms: number): Promise<void>;
  /**
   * Waits until the clock shows `timeMs`; a time in the past returns at once. Open-loop clients use it: it never drifts.
   *
   * @throws {@link ParameterError} if `timeMs` is not finite.
   */
  sleepUntil(timeMs: number): Promise<void>;
  /**
   * Uses `ms` milliseconds of CPU time on this host's cores, shared equally with the other jobs of the same priority. A higher
   * `priority` runs first (0 unless told). An aborted `signal` ends the wait with the signal's reason.
   *
   * @throws {@link ParameterError} if `ms` is below 0 or not finite, `priority` is not finite or `signal` is none.
   */
  compute(ms: number, options?: { readonly priority?: number; readonly signal?: AbortSignal }): Promise<void>;
  /** Jobs that want the CPU, divided by the number of cores. */
  load(): number;
  /** This machine's disk, kept when the machine crashes. */
  readonly disk: Disk;
  /** The next number in [0, 1) of this thread's own random stream. */
  random(): number;
  /**
   * A queue between threads of one process; `put` waits while `capacity` values are in it (no bound unless told).
   *
   * @throws {@link ParameterError} if `capacity` is not a whole number of at least 1, or Infinity.
   */
  queue<T>(capacity?: number): Queue<T>;
  /** A lock between threads of one process. */
  mutex(): Mutex;
  /**
   * Opens a port: 0 asks for a dynamic one, from 49152 up, in order.
   *
   * @throws {@link AddressInUse} if the port is open on this host already.
   */
  listen(port: number, options?: ListenOptions): Promise<Listener>;
  /**
   * Opens a connection; costs one round trip.
   *
   * @throws {@link ConnectionRefused} if nobody listens there, {@link TimedOut} if no answer comes within `timeoutMs`
   *   (127 s unless told): the machine is down, cut off, or its backlog stays full.
   */
  connect(host: string, port: number, options?: ConnectOptions): Promise<Connection>;
  /**
   * Opens a port for datagrams: 0, or nothing, asks for a dynamic one, from 49152 up, in order. These ports are apart from those of connections.
   *
   * @throws {@link AddressInUse} if the port is open for datagrams on this host already.
   */
  datagrams(port?: number): Promise<Datagrams>;
  /**
   * Starts a program beside this one, on this host. The program must use the host that it is given. A thread shares its process
   * (pid, connections, memory, fate). A process gets a copy of its arguments: connections, listeners and datagram ports pass over to it,
   * functions are shared, instances of classes become plain objects (errors stay errors). What this thread or another still waits for on
   * something that passes over (`receive`, `receiveUrgent`, `accept`) fails with {@link Closed}.
   *
   * @throws {@link ParameterError} if `program` or an option is none, or an argument of a process can't be copied: a promise,
   *   shared memory, a host, a queue or a mutex, an iterator, a URL or the like, which has no fields; or it nests too deep.
   */
  spawn<A extends unknown[], R>(
    program: (host: Host, ...args: A) => Promise<R>,
    options: SpawnOptions,
    ...args: A
  ): Process<R>;
  /** Writes a row of kind `log` into the trace. @throws {@link ParameterError} if `event` is not a text. */
  log(event: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** When to give up a silent peer: after `idleMs` without a frame, `probes` questions `intervalMs` apart. */
export interface KeepAlive {
  /** How many milliseconds the peer may be silent before it is asked. */
  readonly idleMs: number;
  /** How many milliseconds to wait for each answer. */
  readonly intervalMs: number;
  /** How many questions may stay without an answer. */
  readonly probes: number;
}

/** Options of {@link Host.listen}. */
export interface ListenOptions {
  /** How many connections may wait to be accepted (128 unless told); the SYN of one more is dropped. */
  readonly backlog?: number;
  /** Keepalive of every connection accepted here; off unless told. */
  readonly keepAlive?: KeepAlive;
}

/** Options of {@link Host.connect}. */
export interface ConnectOptions {
  /** How many milliseconds to try; 127,000 unless told, as long as Linux repeats a SYN. */
  readonly timeoutMs?: number;
  /** Keepalive of this end; off unless told. */
  readonly keepAlive?: KeepAlive;
}

/** Options of {@link Host.spawn}. */
export interface SpawnOptions {
  /** A `thread` shares its process; a `process` has a pid, connections and a fate of its own. */
  readonly as: "thread" | "process";
  /** The name in trace and reports; the program's own name unless told. */
  readonly name?: string;
}

/** An open port. Iterating accepts one connection after another. */
export interface Listener extends AsyncIterable<Connection> {
  /** The port's number in the scenario, also live. */
  readonly port: number;
  /**
   * The next connection; it belongs to the accepting process.
   *
   * @throws {@link Closed} if the port is closed, now or while it waits, or is handed over to a child process meanwhile.
   */
  accept(): Promise<Connection>;
  /** Closes the port: connections that wait to be accepted are reset, later ones refused. */
  close(): void;
}

/**
 * One end of a connection: framed messages, in order, at most once. Iterating receives until the peer ends.
 *
 * Values travel as MessagePack: plain objects, arrays, strings, numbers, booleans, null, bigint to 64 bits, dates and
 * Uint8Array arrive as they were sent; instances of classes and maps arrive as plain objects, sets as arrays, an ArrayBuffer as
 * Uint8Array, -0 as 0, a key `__proto__` as `__proto_`, an instance with `toJSON` (a URL) as what that gives. Functions,
 * promises, errors, other typed arrays, and what has no fields of its own (iterators, Headers and the like) can't be sent. A
 * Uint8Array alone is sent as its bytes.
 */
// biome-ignore lint/suspicious/noExplicitAny: what a peer sends is known to the program's author alone
export interface Connection<In = any, Out = any> extends AsyncIterable<In> {
  /** `client#1>server:7`: the first connection that client opened, to port 7 of server. The same at both ends. */
  readonly id: string;
  /** The host at the other end. */
  readonly peer: string;
  /** Aborted when a reset arrives or keepalive gives up: work for a client who is gone can stop. */
  readonly signal: AbortSignal;
  /**
   * Resolves when the message is inside the credit window (64 KiB unread at the other side), not when it is delivered. Await it:
   * what still waits for room when the process ends is lost, and the peer is told so by a reset.
   *
   * @throws {@link MessageError} if the message can't be sent, {@link ConnectionReset}, {@link Closed} after `end`,
   *   {@link TimedOut} if keepalive gave up.
   */
  send(message: Out): Promise<void>;
  /**
   * The next message, or `undefined` when the peer has ended and all is read. To wait no longer than a given time, use `timeoutMs`:
   * a `receive` that lost a race against `sleep` still waits, and takes the next message with it.
   *
   * @throws {@link TimedOut} after `timeoutMs` or if keepalive gave up, {@link ConnectionReset}, {@link Closed} if the process
   *   that the connection belongs to has ended, or it is handed over to a child process meanwhile, {@link MessageError} if the
   *   message nests too deep to be decoded.
   */
  receive(options?: { readonly timeoutMs?: number }): Promise<In | undefined>;
  /**
   * Looks at the next message and leaves it where it is, for `receive`; gives `undefined` where `receive` would, and waits as long. So a server
   * can choose by what a client asks who is to answer. Whoever waits gets in turn: a `receive` that waits already takes the message, and `peek`
   * sees the next. Each call gives a value of its own. Nothing of it counts: no row, no credit, no CPU time where messages cost some, as
   * all that comes with `receive`.
   *
   * ```ts
   * for await (const connection of await host.listen(80)) {
   *   const request = await connection.peek({ timeoutMs: 1000 });
   *   if (request !== undefined) host.spawn(request.isImage ? images : pages, { as: "process" }, connection); // it receives the request
   * }
   * ```
   *
   * @throws {@link TimedOut}, {@link ConnectionReset}, {@link Closed}, {@link MessageError} as `receive`.
   * @see `recv` with `MSG_PEEK`, POSIX.1-2017.
   */
  peek(options?: { readonly timeoutMs?: number }): Promise<In | undefined>;
  /**
   * Sends one byte, from 0 to 255, that passes what the peer has not read yet (not what is still on the wire).
   *
   * @throws {@link ParameterError} for another number; {@link ConnectionReset}, {@link Closed} or {@link TimedOut} as `send`.
   */
  sendUrgent(byte: number): void;
  /**
   * Calls back for each urgent byte that no {@link Connection.receiveUrgent} waits for; those that came before are handed over
   * now. Only a callback: a program that has nothing else to do must wait with `receiveUrgent`.
   */
  onUrgent(callback: (byte: number) => void): void;
  /**
   * Waits for the next urgent byte, from 0 to 255, or gives one that has come and was not handed over; `undefined` when the peer
   * has ended and no more can come. Messages stay where they are, for `receive`.
   *
   * @throws {@link TimedOut}, {@link ConnectionReset}, {@link Closed} as `receive`.
   */
  receiveUrgent(options?: { readonly timeoutMs?: number }): Promise<number | undefined>;
  /** Sends no more; the other direction stays open. */
  end(): void;
  /** Drops the connection, and everything unread, at both ends. */
  reset(): void;
}

/** Where datagrams come from and go to: a port of a machine. */
export interface DatagramAddress<H extends string = string> {
  /** The machine's name; to send, `"*"` is every machine but this one. */
  readonly host: H;
  /** The number of the port. */
  readonly port: number;
}

/** A message that came by itself, and where it came from. */
// biome-ignore lint/suspicious/noExplicitAny: as in Connection
export interface Datagram<In = any> {
  /** The port that it was sent from, to which an answer can go. */
  readonly from: DatagramAddress;
  /** What was sent; see {@link Connection} for what arrives. */
  readonly message: In;
}

/**
 * A port for datagrams: each message goes alone, and nobody says whether it arrives. The network may lose it, deliver it twice, or later than
 * the next, as its `datagrams` say. Lost is also what comes where no port is open, where the machine is down, to a cut, or when 64 KiB wait
 * unread already: the sender hears nothing, and a row of the trace of kind `datagram` says why. Iterating receives until the port is closed.
 *
 * @see RFC 768 (UDP).
 */
// biome-ignore lint/suspicious/noExplicitAny: as in Connection
export interface Datagrams<In = any, Out = any> extends AsyncIterable<Datagram<In>> {
  /** The port's number in the scenario, also live. */
  readonly port: number;
  /**
   * Sends a message to a port of a machine, or (`host: "*"`) to that port of every other machine. It never waits for the receiver.
   *
   * @throws {@link MessageError} if the message can't be sent, or takes more than 8 KiB when encoded; {@link Closed} after `close`;
   *   {@link ParameterError} for an unknown host.
   */
  send(to: DatagramAddress, message: Out): Promise<void>;
  /**
   * The next message.
   *
   * @throws {@link TimedOut} after `timeoutMs`; {@link Closed} if the port is closed, now or while it waits, or is handed over to a child
   *   process meanwhile; {@link MessageError} if the message nests too deep to be decoded.
   */
  receive(options?: { readonly timeoutMs?: number }): Promise<Datagram<In>>;
  /** Closes the port: what is unread or comes later is lost. */
  close(): void;
}

/** A process or thread that was started. */
export interface Process<R = unknown> {
  /** The process's number; a thread has that of its process. */
  readonly pid: number;
  /** The name in trace and reports. */
  readonly name: string;
  /** Waits for its end and tells how it ended. */
  done(): Promise<Exit<R>>;
  /** Ends it at once: no line of it runs any more, `finally` neither; its connections are reset. A thread takes its process along. */
  kill(): void;
  /**
   * Asks it to stop: its pending waits reject with `reason` ({@link Cancelled} unless told), its `signal` aborts, `finally` runs.
   * One that has not come to its first line begins nevertheless, and finds its `signal` aborted.
   */
  cancel(reason?: Error): void;
}

/** Values between threads of one process, first in first out. */
export interface Queue<T> {
  /** How many values are in it. */
  readonly size: number;
  /** How many threads wait in `take`. */
  readonly takers: number;
  /** Waits while the queue is full. @throws {@link ParameterError} in another process. */
  put(value: T): Promise<void>;
  /** Puts the value if there is room; says whether there was. @throws {@link ParameterError} in another process. */
  offer(value: T): boolean;
  /** Waits while the queue is empty. @throws {@link TimedOut} after `timeoutMs`, {@link ParameterError} in another process. */
  take(options?: { readonly timeoutMs?: number }): Promise<T>;
}

/** A lock between threads of one process, who get it in the order in which they asked. */
export interface Mutex {
  /** Waits until nobody holds the lock, and takes it. @throws {@link ParameterError} in another process. */
  lock(): Promise<void>;
  /** Gives the lock to whoever waits longest. @throws {@link ParameterError} if it is not locked, or in another process. */
  unlock(): void;
}

/** Named values that survive a crash of the machine. One access at a time, in order; a write is done whole or not at all. */
export interface Disk {
  /** The value, or `undefined` if there is none of that name. */
  // biome-ignore lint/suspicious/noExplicitAny: the reader of a file knows what was written
  read(name: string): Promise<any>;
  /** Puts the value under that name, in the place of what was there. @throws {@link MessageError} if it can't be encoded. */
  write(name: string, value: unknown): Promise<void>;
  /** Takes the name away; one that is not there is no error. */
  remove(name: string): Promise<void>;
  /** The names, sorted. */
  list(): Promise<string[]>;
}
