/**
 * A machine of the scenario, while a run lasts.
 *
 * `goDown`, `boot`, `pause` and `resume` are for faults alone; everything else asks `isDown` and goes through `whenRunning`, so that what comes
 * while a machine stands still is done, in order, when it goes on.
 */
import type { Driver, Processor } from "../core/driver.js";
import { LinkedSet } from "../core/linked-set.js";
import type { RunningProcess } from "../core/process.js";
import type { WaitKind, WaitTarget } from "../core/wait.js";
import type { HostSpec } from "../scenario.js";
import { DiskDrive } from "./disk-drive.js";

export class HostMachine implements WaitTarget {
  readonly processor: Processor;
  readonly drive: DiskDrive;
  readonly cores: number;
  readonly processes = new LinkedSet<RunningProcess>();
  /** Connections opened from here, ever: they number the ids. */
  connectCount = 0;
  isDown = false;
  isPaused = false;
  #pausedUntilMs = 0;
  /** What came while it was paused, in order. */
  readonly deferred: (() => void)[] = [];

  constructor(
    readonly name: string,
    readonly spec: HostSpec,
    driver: Driver,
  ) {
    this.cores = spec.cores ?? 1;
    this.processor = driver.processor(name, this.cores);
    this.drive = new DiskDrive(spec.disk, driver, driver.store(name));
  }

  /** For who waits for the processor. */
  waitText(kind: WaitKind): string {
    return kind;
  }

  /** Runs now, or after the pause. */
  whenRunning(action: () => void): void {
    if (this.isPaused) this.deferred.push(action);
    else action();
  }

  /** It stops, and forgets what it put off; its processes are the caller's to end. */
  goDown(): void {
    this.isDown = true;
    this.isPaused = false;
    this.#pausedUntilMs = 0;
    this.deferred.length = 0;
  }

  /** Comes up again, with nothing but its disk. */
  boot(): void {
    this.isDown = false;
  }

  pause(untilMs: number): void {
    this.#pausedUntilMs = Math.max(this.#pausedUntilMs, untilMs);
    this.isPaused = true;
    this.processor.pause();
  }

  /** Goes on, unless another pause lasts longer. */
  resume(nowMs: number): void {
    if (!this.isPaused || nowMs < this.#pausedUntilMs) return;
    this.isPaused = false;
    this.processor.resume();
    for (const action of this.deferred.splice(0)) action();
  }
}
