import type { Exit, Threw } from "../host.js";
import { errorText } from "../trace/recorder.js";

/** A process that threw. */
export interface Failure {
  /** As reports call it: `server (pid 1 on server)`. */
  readonly who: string;
  /** Its name, which several processes may share. */
  readonly name: string;
  /** Its program's name in the scenario; none for a process that a program has started. */
  readonly program: string | undefined;
  readonly atMs: number;
  readonly error: Error;
}

/** `server (pid 1 on server) threw at t=3.000 ms: RangeError: …`. */
export function failureText({ who, atMs, error }: Failure): string {
  return `${who} threw at t=${atMs.toFixed(3)} ms: ${clipped(errorText(error))}`;
}

/** A process that returned while an operation that it had begun still waited. */
export interface Leftover {
  readonly who: string;
  readonly name: string;
  readonly atMs: number;
  /** The operations, in words: `sleep, since t=0.000`. */
  readonly waits: string;
}

/** Errors that hold the error before them, and so on, would grow for ever in a run in which servers fail and are started again. */
function clipped(text: string): string {
  return text.length > 400 ? `${text.slice(0, 399)}…` : text;
}

/** More failures and leftovers than this are counted, and not kept. */
const mostKept = 1000;

/** The most that one report tells one by one. */
const mostTold = 5;

/**
 * What went wrong in a run's processes, so that it is never silent: those who suffer by it are told (`because`), and at the end
 * whoever made the run is told of what nobody has looked at.
 */
export class Failures {
  readonly #ofExits = new WeakMap<Exit, Failure>();
  /** In the order of time. */
  readonly #all: Failure[] = [];
  readonly #unseen = new Set<Failure>();
  readonly leftovers: Leftover[] = [];
  /** By host: its processes that threw and had opened no port, and by port those that had. */
  readonly #byHost = new Map<string, { readonly portless: Failure[]; readonly byPort: Map<number, Failure> }>();
  /** How many there were, kept or not. */
  count = 0;

  /**
   * A process has thrown.
   *
   * @param host its machine.
   * @param ports those that it had open.
   * @param isExpected whether it was told to stop.
   */
  add(exit: Threw, failure: Failure, host: string, ports: readonly number[], isExpected: boolean): void {
    this.count++;
    if (this.#all.length >= mostKept && !failure.program) return;
    this.#ofExits.set(exit, failure);
    this.#all.push(failure);
    if (!isExpected) this.#unseen.add(failure);
    let known = this.#byHost.get(host);
    if (!known) {
      known = { portless: [], byPort: new Map() };
      this.#byHost.set(host, known);
    }
    for (const port of ports) known.byPort.set(port, failure);
    // A process that a program has started, and that opened no port, was not there to listen.
    if (ports.length === 0 && failure.program) known.portless.push(failure);
  }

  /** A process has returned while these still waited. */
  addLeftover(leftover: Leftover): void {
    if (this.leftovers.length < mostKept) this.leftovers.push(leftover);
  }

  /** The failure of the process that ended so, if it is one. */
  of(exit: Exit | undefined): Failure | undefined {
    return exit && this.#ofExits.get(exit);
  }

  /** Somebody listens there now: who failed before is no reason any more why nobody does. */
  portOpened(host: string, port: number): void {
    this.#byHost.get(host)?.byPort.delete(port);
  }

  /** A machine boots: what failed on it before was another life. */
  booted(host: string): void {
    this.#byHost.delete(host);
  }

  /** Why nobody listens on that port: its listener has thrown, or a program of that host has before it could listen. */
  noListener(host: string, port: number): Failure | undefined {
    const known = this.#byHost.get(host);
    return known?.byPort.get(port) ?? known?.portless[0];
  }

  /** Somebody was told how a process ended. */
  saw(exit: Exit): void {
    const failure = this.#ofExits.get(exit);
    if (failure) this.#unseen.delete(failure);
  }

  /** Somebody has looked at the outcome of that program, so at those of its earlier starts too. */
  sawProgram(name: string): void {
    for (const failure of this.#unseen) if (failure.program === name) this.#unseen.delete(failure);
  }

  /** What another run of the same scenario has told already. */
  sawThoseOf(other: Failures): void {
    const told = new Set([...other.#unseen].map(({ name }) => name));
    for (const failure of this.#unseen) if (told.has(failure.name)) this.#unseen.delete(failure);
    const toldLeftovers = new Set(other.leftovers.map(({ name }) => name));
    this.leftovers.splice(0, Infinity, ...this.leftovers.filter(({ name }) => !toldLeftovers.has(name)));
  }

  /** An error reaches whoever made the run: what stands in it, and in its causes, is told. */
  sawIn(error: unknown): void {
    const errors = new Set<unknown>();
    for (let at = error; at instanceof Error && !errors.has(at); at = at.cause) errors.add(at);
    for (const failure of this.#unseen) if (errors.has(failure.error)) this.#unseen.delete(failure);
  }

  /** What nobody was told of yet, in the order of time. */
  unseen(): Failure[] {
    return [...this.#unseen];
  }

  /** One line each for the first few, for an error that stops the run or tells of its end; empty if none threw. */
  lines(): string[] {
    const lines = this.#all.slice(0, mostTold).map(failureText);
    if (this.count > lines.length) lines.push(`and ${this.count - lines.length} more threw`);
    return lines;
  }

  get first(): Failure | undefined {
    return this.#all[0];
  }
}

/** The end of an error's message, and its cause, where a process that threw is the reason. */
export function because(failure: Failure | undefined): { readonly text: string; readonly options?: ErrorOptions } {
  return failure ? { text: `: ${failureText(failure)}`, options: { cause: failure.error } } : { text: "" };
}
