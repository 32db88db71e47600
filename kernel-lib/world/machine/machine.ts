import { refuse } from "../../errors.js";
import { checkSignal } from "../checks.js";
import type { Core } from "../core/core.js";
import type { Processor, ProcessorJob, Store } from "../core/driver.js";
import { Fifo } from "../core/fifo.js";
import { LinkedSet } from "../core/linked-set.js";
import type { RunningProcess } from "../core/process.js";
import { ofHost } from "../core/strangers.js";
import type { Thread } from "../core/thread.js";
import { bytesOf, decode, encode, whole } from "../core/values.js";
import type { Wait, WaitKind, WaitTarget } from "../core/wait.js";
import type { Disk } from "../host.js";
import type { OpenPort } from "../network/port.js";
import type { HostSpec } from "../scenario.js";
import type { OpenWork } from "../trace/recorder.js";

/** The first port that `listen(0)` gives, as in IANA's dynamic range. */
export const firstDynamicPort = 49152;
const lastPort = 65535;

/** A machine of the scenario, while a run lasts. */
export class Machine implements WaitTarget {
  readonly processor: Processor;
  readonly drive: DiskDrive;
  readonly cores: number;
  readonly ports = new Map<number, OpenPort>();
  readonly processes = new LinkedSet<RunningProcess>();
  nextDynamicPort = firstDynamicPort;
  /** Connections opened from here, ever: they number the ids. */
  connectCount = 0;
  isDown = false;
  isPaused = false;
  pausedUntilMs = 0;
  /** What came while it was paused, in order. */
  readonly deferred: (() => void)[] = [];

  constructor(
    readonly core: Core,
    readonly name: string,
    readonly spec: HostSpec,
  ) {
    this.cores = spec.cores ?? 1;
    this.processor = core.driver.processor(name, this.cores);
    this.drive = new DiskDrive(this, core.driver.store(name));
  }

  waitText(kind: WaitKind): string {
    return kind;
  }

  /** The next dynamic port in order that is not open, after the last the first again; `undefined` if all are open. */
  takeDynamicPort(): number | undefined {
    for (let tried = firstDynamicPort; tried <= lastPort; tried++) {
      const port = this.nextDynamicPort;
      this.nextDynamicPort = port === lastPort ? firstDynamicPort : port + 1;
      if (!this.ports.has(port)) return port;
    }
    return undefined;
  }

  /** Runs now, or after the pause. */
  whenRunning(action: () => void): void {
    if (this.isPaused) this.deferred.push(action);
    else action();
  }

  /** Comes up again, with nothing but its disk. */
  boot(): void {
    this.isDown = false;
    this.nextDynamicPort = firstDynamicPort;
  }

  /** Burns CPU time for a thread. */
  compute(thread: Thread, workMs: number, priority: number, signal: AbortSignal | undefined): Promise<void> {
    const core = this.core;
    checkSignal("compute", signal);
    if (signal?.aborted) return core.refuseAtOnce(thread.process, signal.reason);
    const wait = core.wait<void>(thread, "compute", this);
    if (wait.state !== "pending") return wait.newPromise();
    const job = new ComputeJob(this, wait, workMs, priority);
    job.traced = core.trace.compute(core.now(), thread, workMs, priority);
    const onAbort = (): void => core.fail(wait, signal?.reason);
    wait.abandon = () => {
      this.processor.remove(job);
      job.finish();
    };
    if (signal) {
      signal.addEventListener("abort", onAbort, { once: true });
      job.onFinish = () => signal.removeEventListener("abort", onAbort);
    }
    this.processor.add(job);
    return wait.newPromise();
  }
}

class ComputeJob implements ProcessorJob {
  traced: OpenWork | undefined;
  onFinish: (() => void) | undefined;

  constructor(
    readonly machine: Machine,
    readonly wait: Wait<void>,
    readonly workMs: number,
    readonly priority: number,
  ) {}

  done(): void {
    this.wait.abandon = undefined;
    this.finish();
    this.machine.core.ready(this.wait, undefined);
  }

  finish(): void {
    const { core } = this.machine;
    core.trace.ended(this.traced, core.now());
    this.onFinish?.();
  }
}

interface DiskAccess {
  readonly wait: Wait;
  readonly access: "read" | "write" | "remove" | "list";
  readonly name: string;
  readonly bytes: Uint8Array | undefined;
}

/** A machine's disk: one access at a time, in order; what is on it survives the machine. */
export class DiskDrive {
  readonly #machine: Machine;
  readonly #store: Store;
  readonly #waiting = new Fifo<DiskAccess>();
  readonly #sizes = new Map<string, number>();
  #busy = false;

  constructor(machine: Machine, store: Store) {
    this.#machine = machine;
    this.#store = store;
  }

  access(thread: Thread, access: DiskAccess["access"], name: string, bytes?: Uint8Array): Promise<unknown> {
    const target = { waitText: () => `disk (${access} ${name})` };
    const wait = this.#machine.core.wait(thread, "disk", target);
    if (wait.state === "pending") this.#waiting.push({ wait, access, name, bytes });
    this.#next();
    return wait.newPromise();
  }

  #next(): void {
    if (this.#busy) return;
    let next = this.#waiting.shift();
    while (next && !(next.wait.state === "pending" && next.wait.thread.isAlive)) next = this.#waiting.shift();
    if (!next) return;
    this.#busy = true;
    const { core, spec } = this.#machine;
    const moved = next.access === "read" ? (this.#sizes.get(next.name) ?? 0) : (next.bytes?.length ?? 0);
    const workMs = (spec.disk?.accessMs ?? 0) + (moved * 1000) / (spec.disk?.bytesPerS ?? Infinity);
    const { wait, access, name } = next;
    const traced = core.trace.disk(core.now(), wait.thread, workMs, `${access} ${name}`.trim());
    core.driver.at(core.now() + workMs, (done: DiskAccess) => this.#effect(done, traced), next);
  }

  #effect(access: DiskAccess, traced: OpenWork | undefined): void {
    const { core } = this.#machine;
    const { wait, name, bytes } = access;
    const finish = (value: unknown): void => {
      core.trace.ended(traced, core.now());
      this.#busy = false;
      core.ready(wait, value);
      this.#next();
    };
    const failed = (error: Error): void => {
      core.trace.ended(traced, core.now());
      this.#busy = false;
      core.fail(wait, error);
      this.#next();
    };
    const found = (file: Uint8Array | undefined): void => {
      let value: unknown;
      try {
        value = file && decodeFromDisk(file);
      } catch (error) {
        return failed(error as Error);
      }
      finish(value);
    };
    // The machine crashed, or its process was killed, before the access was done: nothing of it happens.
    if (!wait.thread.isAlive || wait.state !== "pending") {
      core.trace.ended(traced, core.now());
      this.#busy = false;
      this.#next();
    } else if (access.access === "list") finish([...this.#sizes.keys()].sort());
    else if (access.access === "read") {
      this.#store.read(name, found, failed);
    } else {
      const written = (): void => {
        if (bytes) this.#sizes.set(name, bytes.length);
        else this.#sizes.delete(name);
        finish(undefined);
      };
      this.#store.write(name, bytes, written, failed);
    }
  }
}

/** The disk as a thread sees it. */
export class DiskView implements Disk {
  readonly #thread: Thread;
  readonly #drive: DiskDrive;

  constructor(thread: Thread) {
    this.#thread = thread;
    this.#drive = thread.process.machine.drive;
  }

  get [ofHost](): string {
    return "a disk; each process has its host's";
  }

  // biome-ignore lint/suspicious/noExplicitAny: as in Disk
  read(name: string): Promise<any> {
    return this.#drive.access(this.#thread, "read", checkFileName("disk.read", name));
  }

  async write(name: string, value: unknown): Promise<void> {
    checkFileName("disk.write", name);
    const bytes = encodeForDisk(value, name);
    await this.#drive.access(this.#thread, "write", name, bytes);
  }

  async remove(name: string): Promise<void> {
    await this.#drive.access(this.#thread, "remove", checkFileName("disk.remove", name));
  }

  async list(): Promise<string[]> {
    return (await this.#drive.access(this.#thread, "list", "")) as string[];
  }
}

/** Boxed, so that a byte array stays one when it is read again. */
function encodeForDisk(value: unknown, name: string): Uint8Array {
  return bytesOf(encode([value], `disk.write of ${JSON.stringify(name)}`));
}

function decodeFromDisk(bytes: Uint8Array): unknown {
  return (decode(whole(bytes)) as [unknown])[0];
}

/** The name of a value on a disk, else a {@link ParameterError}. */
export function checkFileName(where: string, name: unknown): string {
  if (typeof name !== "string" || name === "") refuse(where, "name", "a text that is not empty", name);
  return name;
}
