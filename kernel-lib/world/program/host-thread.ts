import { refuse } from "../../errors.js";
import { randomStream } from "../../simulation/index.js";
import { checkFields, checkTimeMs } from "../checks.js";
import type { Services } from "../core/services.js";
import { Thread } from "../core/thread.js";
import type {
  Connection,
  ConnectOptions,
  Datagrams,
  Disk,
  Host,
  Listener,
  ListenOptions,
  Mutex,
  Process,
  Program,
  Queue,
  SpawnOptions,
} from "../host.js";
import { compute } from "../machine/compute.js";
import { DiskView } from "../machine/disk.js";
import type { HostMachine } from "../machine/host-machine.js";
import { ThreadMutex, ThreadQueue } from "../machine/queue.js";
import { openDatagrams } from "../network/datagram-port.js";
import { openConnection } from "../network/handshake.js";
import type { Network } from "../network/network.js";
import { openPort } from "../network/port.js";
import { ofHost } from "../strangers.js";
import { type Spawner, spawn } from "./spawn.js";

/** What a host needs of its world. */
export interface HostServices extends Services, Spawner {
  readonly network: Network;
  readonly machines: ReadonlyMap<string, HostMachine>;
}

/** A thread as its program sees it: its host. Whatever is called here is called by a program, in a step of some thread. */
export class HostThread extends Thread implements Host {
  declare readonly core: HostServices;
  private source: (() => number) | undefined = undefined;
  private diskView: Disk | undefined = undefined;

  protected get host(): Host {
    return this;
  }

  protected pay(costMs: number): Promise<void> {
    return compute(this, costMs, 0, undefined);
  }

  get [ofHost](): string {
    return "a host; each process gets one of its own";
  }

  get name(): string {
    return this.process.machine.name;
  }

  get pid(): number {
    return this.process.pid;
  }

  get signal(): AbortSignal {
    this.controller ??= new AbortController();
    return this.controller.signal;
  }

  get disk(): Disk {
    this.diskView ??= new DiskView(this);
    return this.diskView;
  }

  now(): number {
    return this.core.now();
  }

  sleep(ms: number): Promise<void> {
    // Most often what is left until a time, of which rounding has left less than nothing.
    if (ms < 0)
      refuse("sleep", "ms", "a finite number of at least 0 (sleepUntil also takes a time that has passed)", ms);
    checkTimeMs("sleep", "ms", ms);
    const { core } = this;
    return core.sleepUntil(this, core.now() + ms);
  }

  sleepUntil(timeMs: number): Promise<void> {
    if (typeof timeMs !== "number" || !(Math.abs(timeMs) < Infinity))
      refuse("sleepUntil", "timeMs", "a finite number", timeMs);
    if (timeMs > 0) checkTimeMs("sleepUntil", "timeMs", timeMs);
    const { core } = this;
    return timeMs <= core.now() ? core.atOnce(this.process, undefined) : core.sleepUntil(this, timeMs);
  }

  compute(ms: number, options?: { readonly priority?: number; readonly signal?: AbortSignal }): Promise<void> {
    checkTimeMs("compute", "ms", ms);
    if (options !== undefined) checkFields("compute", options, ["priority", "signal"]);
    const priority = options?.priority ?? 0;
    if (!Number.isFinite(priority)) refuse("compute", "priority", "a finite number", priority);
    if (ms === 0) return this.core.atOnce(this.process, undefined);
    return compute(this, ms, priority, options?.signal);
  }

  load(): number {
    const { processor, cores } = this.process.machine;
    return processor.runnable / cores;
  }

  random(): number {
    this.core.checkCaller("random", this.process);
    this.source ??= randomStream(this.core.seed, this.streamName);
    return this.source();
  }

  queue<T>(capacity = Infinity): Queue<T> {
    return new ThreadQueue<T>(this.process, capacity);
  }

  mutex(): Mutex {
    return new ThreadMutex(this.process);
  }

  listen(port: number, options?: ListenOptions): Promise<Listener> {
    return openPort(this, this.core.network.ports(this.name), port, options);
  }

  connect(host: string, port: number, options?: ConnectOptions): Promise<Connection> {
    return openConnection(this, this.core, host, port, options);
  }

  datagrams(port?: number): Promise<Datagrams> {
    const { network } = this.core;
    return openDatagrams(this, network, network.datagramPorts(this.name), port);
  }

  spawn<A extends unknown[], R>(
    program: (host: Host, ...args: A) => Promise<R>,
    options: SpawnOptions,
    ...args: A
  ): Process<R> {
    return spawn(this, this.core, program as unknown as Program<never[], R>, options, args);
  }

  log(event: string, fields: Readonly<Record<string, unknown>> = {}): void {
    if (typeof event !== "string") refuse("log", "event", "a text", event);
    const { core, process } = this;
    core.checkCaller("log", process);
    // A program that has killed itself runs on to its next await, unheard.
    if (process.exit) return;
    core.trace.log(core.now(), this, event, fields);
  }
}
