import type { Processor, ProcessorJob } from "../world/driver.js";
import type { Burner } from "./burner.js";

interface Task {
  readonly job: ProcessorJob;
  leftMs: number;
  isRemoved: boolean;
}

interface Core {
  readonly burner: Burner;
  task: Task | undefined;
  /** Told to stop; its answer has not come. */
  isStopping: boolean;
  /** What it does now ends by itself within a quantum. */
  isInTurn: boolean;
}

/** What the processor needs of its driver. */
export interface ProcessorClock {
  /** Iterations of the burning loop for one ms of scenario time. */
  iterationsPerMs(): number;
  /** Something is done: the core should go on. */
  pump(): void;
}

/** The turn of a job that shares its core with others of its priority, in ms of real time. */
const quantumMs = 1;

/**
 * The cores of a machine, each a thread that burns: jobs of the highest priority first, those of equal priority in turns of
 * {@link quantumMs}.
 */
export class BurningProcessor implements Processor {
  readonly #cores: Core[] = [];
  readonly #makeBurner: () => Burner;
  readonly #limit: number;
  readonly #clock: ProcessorClock;
  readonly #timeScale: number;
  /** Jobs that wait for a core, in the order of their turns. */
  #waiting: Task[] = [];
  #isPaused = false;
  #runnable = 0;

  /** @param cores how many jobs can run at once: as many threads are made, when so many are wanted. */
  constructor(makeBurner: () => Burner, cores: number, clock: ProcessorClock, timeScale: number) {
    this.#makeBurner = makeBurner;
    this.#limit = cores;
    this.#clock = clock;
    this.#timeScale = timeScale;
  }

  get runnable(): number {
    return this.#runnable;
  }

  /** Starts threads for so many jobs at once, those that do not run yet; a thread takes tens of ms to come up. */
  prepare(jobs: number): void {
    while (this.#cores.length < Math.min(jobs, this.#limit))
      this.#cores.push({ burner: this.#makeBurner(), task: undefined, isStopping: false, isInTurn: false });
  }

  add(job: ProcessorJob): void {
    this.#runnable++;
    this.prepare(this.#runnable);
    this.#waiting.push({ job, leftMs: job.workMs, isRemoved: false });
    this.#assign();
  }

  remove(job: ProcessorJob): void {
    const i = this.#waiting.findIndex((task) => task.job === job);
    if (i >= 0) this.#waiting.splice(i, 1);
    else {
      const core = this.#cores.find(({ task }) => task?.job === job && !task.isRemoved);
      if (!core?.task) return;
      core.task.isRemoved = true;
      this.#stop(core);
    }
    this.#runnable--;
  }

  pause(): void {
    this.#isPaused = true;
    for (const core of this.#cores) if (core.task) this.#stop(core);
  }

  resume(): void {
    this.#isPaused = false;
    this.#assign();
  }

  #assign(): void {
    if (this.#isPaused) return;
    for (const core of this.#cores) {
      if (core.task) continue;
      const next = this.#takeNext();
      if (!next) break;
      this.#run(core, next);
    }
    // Those that still wait: a core whose job is of lower priority is theirs; one of equal priority is shared in turns.
    const highest = this.#waiting.reduce((most, { job }) => Math.max(most, job.priority), -Infinity);
    for (const core of this.#cores) {
      const priority = core.task?.job.priority ?? Infinity;
      if (!core.isStopping && (priority < highest || (priority === highest && !core.isInTurn))) this.#stop(core);
    }
  }

  #takeNext(): Task | undefined {
    let best = 0;
    for (let i = 1; i < this.#waiting.length; i++) {
      if ((this.#waiting[i] as Task).job.priority > (this.#waiting[best] as Task).job.priority) best = i;
    }
    return this.#waiting.splice(best, 1)[0];
  }

  #run(core: Core, task: Task): void {
    core.task = task;
    core.isStopping = false;
    core.isInTurn = this.#waiting.some(({ job }) => job.priority === task.job.priority);
    const turnMs = core.isInTurn ? Math.min(task.leftMs, quantumMs / this.#timeScale) : task.leftMs;
    const perMs = this.#clock.iterationsPerMs();
    const iterations = Math.max(1, Math.round(turnMs * perMs));
    core.burner.burn(iterations, (burned) => this.#burned(core, task, burned === iterations ? turnMs : burned / perMs));
  }

  #stop(core: Core): void {
    core.isStopping = true;
    core.burner.preempt();
  }

  #burned(core: Core, task: Task, ranMs: number): void {
    core.task = undefined;
    task.leftMs -= ranMs;
    const isDone = !(task.leftMs > 1e-6);
    if (!task.isRemoved) {
      if (isDone) this.#runnable--;
      else this.#waiting.push(task);
    }
    this.#assign();
    if (isDone && !task.isRemoved) task.job.done();
    this.#clock.pump();
  }
}
