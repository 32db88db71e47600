import type { Processor, ProcessorJob } from "../../world/core/driver.js";
import type { Burner } from "./burner.js";

interface Task {
  readonly job: ProcessorJob;
  leftMs: number;
  isRemoved: boolean;
}

/** A stretch of a job that a core's thread has been asked for. */
interface Turn {
  readonly task: Task;
  /** It ends by itself within a quantum, as others wait for the core; else it is all that is left of the job. */
  readonly isShort: boolean;
  ticket: number;
}

interface Core {
  readonly burner: Burner;
  /** What its thread does now, and the turn after that, so that it need not wait to be told. */
  readonly turns: Turn[];
  /** Told to stop; its answers have not all come. */
  isStopping: boolean;
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
      this.#cores.push({ burner: this.#makeBurner(), turns: [], isStopping: false });
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
      const isIt = ({ task }: Turn): boolean => task.job === job && !task.isRemoved;
      const core = this.#cores.find(({ turns }) => turns.some(isIt));
      const turn = core?.turns.find(isIt);
      if (!core || !turn) return;
      turn.task.isRemoved = true;
      if (turn === core.turns[0]) core.burner.preempt(turn.ticket);
    }
    this.#runnable--;
  }

  pause(): void {
    this.#isPaused = true;
    for (const core of this.#cores) if (core.turns.length > 0) this.#stop(core);
  }

  resume(): void {
    this.#isPaused = false;
    this.#assign();
  }

  #assign(): void {
    if (this.#isPaused) return;
    for (const core of this.#cores) {
      if (core.turns.length > 0) continue;
      const next = this.#takeNext();
      if (!next) break;
      this.#run(core, next);
    }
    if (this.#waiting.length === 0) return;
    // Those that still wait: a core whose job is of lower priority is theirs; one of equal priority is shared in turns.
    const highest = this.#waiting.reduce((most, { job }) => Math.max(most, job.priority), -Infinity);
    const isCrowded = this.#sharers(highest) >= 2 * this.#cores.length;
    for (const core of this.#cores) {
      if (core.isStopping) continue;
      const [now, after] = core.turns as [Turn, Turn?];
      const priority = Math.min(now.task.job.priority, after?.task.job.priority ?? Infinity);
      if (priority < highest || (priority === highest && !now.isShort)) this.#stop(core);
      else if (priority === highest && !after && isCrowded) {
        const next = this.#takeNext();
        if (!next) break;
        this.#run(core, next);
      }
    }
  }

  /** Jobs of that priority: those that wait and those that a core has. */
  #sharers(priority: number): number {
    const has = (task: Task): boolean => task.job.priority === priority && !task.isRemoved;
    const onCores = this.#cores.reduce((sum, { turns }) => sum + turns.filter(({ task }) => has(task)).length, 0);
    return onCores + this.#waiting.filter(has).length;
  }

  #takeNext(): Task | undefined {
    let best = 0;
    for (let i = 1; i < this.#waiting.length; i++) {
      if ((this.#waiting[i] as Task).job.priority > (this.#waiting[best] as Task).job.priority) best = i;
    }
    return this.#waiting.splice(best, 1)[0];
  }

  #run(core: Core, task: Task): void {
    core.isStopping = false;
    const isShort = this.#sharers(task.job.priority) + 1 > this.#cores.length;
    const turnMs = isShort ? Math.min(task.leftMs, quantumMs / this.#timeScale) : task.leftMs;
    const perMs = this.#clock.iterationsPerMs();
    const iterations = Math.max(1, Math.round(turnMs * perMs));
    const turn: Turn = { task, isShort, ticket: 0 };
    core.turns.push(turn);
    turn.ticket = core.burner.burn(iterations, (burned) =>
      this.#burned(core, turn, burned === iterations ? turnMs : burned / perMs),
    );
  }

  #stop(core: Core): void {
    core.isStopping = true;
    core.burner.preempt();
  }

  #burned(core: Core, turn: Turn, ranMs: number): void {
    const { task } = turn;
    core.turns.splice(core.turns.indexOf(turn), 1);
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
