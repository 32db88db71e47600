/**
 * How a connection is opened: SYN, repeated while nothing answers; SYN-ACK or refusal.
 *
 * {@link openConnection}: by a program, in its step. All that follows happens in timers and callbacks of the driver.
 */
import { refuse } from "../../errors.js";
import type { EventId } from "../../simulation/index.js";
import { checkFields, checkSpanMs } from "../checks.js";
import type { Pipe } from "../core/driver.js";
import { because } from "../core/failures.js";
import type { Services } from "../core/services.js";
import type { Thread } from "../core/thread.js";
import type { Abandoned, Wait } from "../core/wait.js";
import { ConnectionRefused, ConnectionReset, TimedOut } from "../errors.js";
import type { Connection, ConnectOptions, KeepAlive } from "../host.js";
import type { HostMachine } from "../machine/host-machine.js";
import { checkPort } from "../scenario.js";
import { Endpoint } from "./connection.js";
import { checkKeepAlive } from "./keep-alive.js";
import type { Network } from "./network.js";
import type { OpenPort } from "./port.js";

/** How long `connect` tries, unless a program says otherwise: Linux's six repetitions of the SYN take that long. */
export const defaultConnectTimeoutMs = 127_000;

/** The first repetition of a SYN comes after this long; each next one after twice as long (RFC 6298: 1 s, so at 1, 3, 7 s …). */
const firstSynRepeatMs = 1000;

/** Machines and the network between them. */
interface Surroundings {
  readonly network: Network;
  readonly machines: ReadonlyMap<string, HostMachine>;
}

/** Opens a connection for a thread's process. */
export function openConnection(
  thread: Thread,
  { network, machines }: Surroundings,
  host: string,
  port: number,
  options: ConnectOptions = {},
): Promise<Connection> {
  const { machine, core } = thread.process;
  core.checkCaller("connect", thread.process);
  const to = machines.get(host);
  if (!to) refuse("connect", "host", `one of the hosts ${[...machines.keys()].slice(0, 8).join(", ")}`, host);
  checkPort("connect", port, 1);
  checkFields("connect", options, ["timeoutMs", "keepAlive"]);
  if (thread.process.exit) return new Promise(() => undefined);
  const timeoutMs =
    options.timeoutMs === undefined ? defaultConnectTimeoutMs : checkSpanMs("connect", "timeoutMs", options.timeoutMs);
  const keepAlive = checkKeepAlive("connect", options.keepAlive);
  return new Handshake(thread, network, machine, to, port, timeoutMs, keepAlive).begin();
}

class Handshake implements Abandoned {
  readonly #core: Services;
  readonly #network: Network;
  readonly #wait: Wait<Connection>;
  readonly #client: Endpoint;
  #repeatTimer: EventId | undefined;
  #repeatMs = firstSynRepeatMs;
  #isAnswered = false;
  readonly thread: Thread;
  readonly from: HostMachine;
  readonly to: HostMachine;
  readonly port: number;
  readonly keepAlive: KeepAlive | undefined;

  constructor(
    thread: Thread,
    network: Network,
    from: HostMachine,
    to: HostMachine,
    port: number,
    timeoutMs: number,
    keepAlive: KeepAlive | undefined,
  ) {
    this.thread = thread;
    this.#network = network;
    this.from = from;
    this.to = to;
    this.port = port;
    this.keepAlive = keepAlive;
    this.#core = thread.process.core;
    const core = this.#core;
    const id = `${from.name}#${++from.connectCount}>${to.name}:${port}`;
    const path = network.path(from.name, to.name);
    this.#client = new Endpoint(core, from, path, thread.process, id, to.name, false);
    thread.process.connections.add(this.#client);
    this.#wait = core.wait<Connection>(thread, "connect", this.#client);
    this.#wait.abandoned = this;
    const late = (): void => this.#wait.fail(new TimedOut(`connect ${id}: no answer in ${timeoutMs} ms`));
    this.#wait.timer = core.driver.at(core.now() + timeoutMs, late, undefined);
  }

  begin(): Promise<Connection> {
    if (this.#wait.state === "pending") this.#sendSyn();
    return this.#wait.newPromise();
  }

  get #isOver(): boolean {
    return this.#wait.state !== "pending" || !this.thread.isAlive;
  }

  #sendSyn(): void {
    this.#repeatTimer = undefined;
    if (this.#isOver) return;
    const core = this.#core;
    this.#client.path.carry(() => this.to.whenRunning(() => this.#synArrives()));
    this.#repeatTimer = core.driver.at(
      core.now() + this.#repeatMs,
      () => this.from.whenRunning(() => this.#sendSyn()),
      undefined,
    );
    this.#repeatMs *= 2;
  }

  #synArrives(): void {
    // What a cut swallows, or a machine that is down, nobody answers: the SYN is repeated.
    if (this.#isOver || this.#isAnswered || this.#client.path.isCut || this.to.isDown) return;
    const core = this.#core;
    const port = this.#network.ports(this.to.name).get(this.port);
    if (!port) return this.#answer(() => this.#refused());
    if (port.isFull) {
      const fields = { from: this.from.name, port: this.port, connection: this.#client.id };
      core.trace.log(core.now(), port.owner.main, "SYN dropped: the backlog is full", fields);
      return;
    }
    this.#isAnswered = true;
    this.#stopRepeating();
    const server = this.#makeServerEnd(port);
    const ackMs = core.now() + this.#client.path.latencyMs;
    port.reserve(server);
    core.driver.openPipe(
      this.to.name,
      this.port,
      (clientPipe, serverPipe) => this.#established(port, server, clientPipe, serverPipe, ackMs),
      (error) => {
        port.arrivalFailed(server);
        this.#wait.fail(port.isClosed ? this.#diedMeanwhile() : error);
      },
    );
  }

  #makeServerEnd(port: OpenPort): Endpoint {
    const core = this.#core;
    const path = this.#network.path(this.to.name, this.from.name);
    const server = new Endpoint(core, this.to, path, port.owner, this.#client.id, this.from.name, true);
    port.owner.connections.add(server);
    server.other = this.#client;
    this.#client.other = server;
    return server;
  }

  #established(port: OpenPort, server: Endpoint, clientPipe: Pipe, serverPipe: Pipe, ackMs: number): void {
    // Live, the listener may have died while the operating system opened the sockets; its reset found no way then.
    const isDead = server.isGone && !this.to.isDown;
    const acknowledged = (): void => {
      this.#client.opened(clientPipe, this.keepAlive);
      if (this.from.isDown) return;
      if (isDead && !this.#isOver) this.#wait.fail(this.#diedMeanwhile());
      // The client gave up, or died, while the answer was under way.
      if (this.#isOver) return this.#abort(server);
      this.#wait.abandoned = undefined;
      this.#wait.succeed(this.#client);
    };
    this.#arriveBack(ackMs, acknowledged);
    server.opened(serverPipe, port.keepAlive);
    this.to.whenRunning(() => (server.isGone ? port.arrivalFailed(server) : port.arrived(server)));
  }

  #diedMeanwhile(): Error {
    const { text, options } = because(this.#client.other.resetBecause);
    return new ConnectionReset(`${this.#client.id} was reset by ${this.to.name}${text}`, options);
  }

  #abort(server: Endpoint): void {
    const core = this.#core;
    const resetMs = core.now() + this.#client.path.latencyMs;
    core.driver.at(resetMs, () => server.hearReset(), undefined);
    this.#client.release();
  }

  #answer(atClient: () => void): void {
    this.#isAnswered = true;
    this.#stopRepeating();
    this.#arriveBack(this.#core.now() + this.#client.path.latencyMs, atClient);
  }

  /** What the other machine answers reaches the client at that time, or when the cut between them heals. */
  #arriveBack(timeMs: number, atClient: () => void): void {
    const back = this.#network.path(this.to.name, this.from.name);
    back.carryBack(timeMs, () => this.from.whenRunning(atClient));
  }

  #refused(): void {
    if (this.#isOver) return;
    const { text, options } = because(this.#core.failures.noListener(this.to.name, this.port));
    const what = `connect ${this.#client.id}: nobody listens on port ${this.port} of ${this.to.name}`;
    this.#wait.fail(new ConnectionRefused(what + text, options));
  }

  /** By its wait, which ends without a connection. */
  abandon(): void {
    this.#stopRepeating();
    if (!this.#client.pipe) this.#client.release();
  }

  #stopRepeating(): void {
    if (this.#repeatTimer !== undefined) this.#core.driver.cancel(this.#repeatTimer);
    this.#repeatTimer = undefined;
  }
}
