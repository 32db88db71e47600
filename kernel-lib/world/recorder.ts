import { ParameterError, shown } from "../errors.js";
import type { Exit } from "./host.js";
import type { RunningProcess, Thread } from "./process.js";
import { type TraceKind, type TraceLevel, type TraceRow, traceKinds, type WorkRow } from "./trace.js";
import { brief } from "./values.js";

type Work =
  | { readonly kind: "compute"; readonly workMs: number; readonly priority: number }
  | { readonly kind: "disk"; readonly workMs: number; readonly access: string };

interface Line {
  readonly id: string;
  readonly peer: string;
}

/** Writes the trace of one run, as much of it as was asked for. */
export class Recorder {
  readonly rows: TraceRow[] = [];
  readonly #kinds: ReadonlySet<TraceKind>;
  // Asked for each wait and each message, so kept apart; those rows are written out in full for the same reason.
  private readonly waits: boolean;
  private readonly wakes: boolean;
  private readonly sends: boolean;
  private readonly receives: boolean;
  /** The highest time written, so that rows stay in time order where a real clock and a nominal time meet. */
  private lastMs = 0;

  constructor(level: TraceLevel = "all") {
    const kinds = level === "all" ? traceKinds : level === "none" ? [] : level;
    if (!Array.isArray(kinds))
      throw new ParameterError(`trace must be "all", "none" or an array of kinds, got ${shown(level)}`);
    for (const kind of kinds) {
      if (!traceKinds.includes(kind)) {
        throw new ParameterError(`trace: there are rows of kind ${traceKinds.join(", ")}; got ${shown(kind)}`);
      }
    }
    this.#kinds = new Set(kinds);
    this.waits = this.#kinds.has("wait");
    this.wakes = this.#kinds.has("wake");
    this.sends = this.#kinds.has("send");
    this.receives = this.#kinds.has("receive");
  }

  start(timeMs: number, thread: Thread): void {
    if (!this.#kinds.has("start")) return;
    const { process } = thread;
    this.rows.push({ kind: "start", ...this.#base(timeMs, thread), as: role(thread), parent: process.parentPid });
  }

  exit(timeMs: number, thread: Thread, exit: Exit): void {
    if (!this.#kinds.has("exit")) return;
    const error = exit.how === "threw" ? { error: `${exit.error.name}: ${exit.error.message}` } : {};
    this.rows.push({ kind: "exit", ...this.#base(timeMs, thread), as: role(thread), how: exit.how, ...error });
  }

  wait(timeMs: number, thread: Thread, wait: { readonly text: string }): void {
    if (this.waits) this.waiting("wait", timeMs, thread, wait.text);
  }

  wake(timeMs: number, thread: Thread, wait: { readonly text: string }): void {
    if (this.wakes) this.waiting("wake", timeMs, thread, wait.text);
  }

  private waiting(kind: "wait" | "wake", timeMs: number, thread: Thread, on: string): void {
    const { process, name } = thread;
    this.rows.push({
      kind,
      timeMs: this.ordered(timeMs),
      host: process.machine.name,
      process: process.name,
      pid: process.pid,
      thread: name,
      on,
    });
  }

  message(
    timeMs: number,
    thread: Thread,
    kind: "send" | "receive",
    line: Line,
    direction: "out" | "in",
    sequence: number,
    bytes: number,
    message: unknown,
    arrivedMs?: number,
  ): void {
    if (kind === "send" ? !this.sends : !this.receives) return;
    const { process, name } = thread;
    const row = {
      kind,
      timeMs: this.ordered(timeMs),
      host: process.machine.name,
      process: process.name,
      pid: process.pid,
      thread: name,
      connection: line.id,
      direction,
      sequence,
      bytes,
      peer: line.peer,
      message: brief(message),
    };
    this.rows.push(arrivedMs === undefined ? row : Object.assign(row, { arrivedMs }));
  }

  work(timeMs: number, thread: Thread, work: Work): WorkRow | undefined {
    if (!this.#kinds.has(work.kind)) return undefined;
    const row: WorkRow = { ...this.#base(timeMs, thread), ...work, endMs: undefined };
    this.rows.push(row);
    return row;
  }

  urgent(
    timeMs: number,
    thread: Thread,
    line: Line,
    direction: "out" | "in",
    sequence: number,
    byte: number,
    sent: boolean,
  ): void {
    if (!this.#kinds.has("urgent")) return;
    const of = { connection: line.id, direction, sequence, sent, byte, peer: line.peer };
    this.rows.push({ kind: "urgent", ...this.#base(timeMs, thread), ...of });
  }

  fault(timeMs: number, host: string, fault: string, victim?: RunningProcess): void {
    if (!this.#kinds.has("fault")) return;
    const of = { process: victim?.name ?? "", pid: victim?.pid ?? 0, thread: victim?.main.name ?? "" };
    this.rows.push({ kind: "fault", timeMs: this.ordered(timeMs), host, ...of, fault });
  }

  log(timeMs: number, thread: Thread, event: string, fields: Readonly<Record<string, unknown>>): void {
    if (!this.#kinds.has("log")) return;
    this.rows.push({ kind: "log", ...this.#base(timeMs, thread), event, fields: { ...fields } });
  }

  #base(
    timeMs: number,
    thread: Thread,
  ): { timeMs: number; host: string; process: string; pid: number; thread: string } {
    const { process } = thread;
    return {
      timeMs: this.ordered(timeMs),
      host: process.machine.name,
      process: process.name,
      pid: process.pid,
      thread: thread.name,
    };
  }

  private ordered(timeMs: number): number {
    if (timeMs > this.lastMs) this.lastMs = timeMs;
    return this.lastMs;
  }
}

function role(thread: Thread): "thread" | "process" {
  return thread === thread.process.main ? "process" : "thread";
}
