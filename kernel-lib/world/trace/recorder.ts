import type { Exit } from "../host.js";
import type { Encoded } from "../values.js";
import { MessageNotes } from "./message-notes.js";
import { Tape } from "./tape.js";
import {
  type DatagramRow,
  type LossReason,
  type TraceKind,
  type TraceLevel,
  type TraceRow,
  traceKinds,
} from "./trace.js";
import {
  type Actor,
  datagramMoments,
  ends,
  type LineName,
  lossReasons,
  noText,
  records,
  rowsOf,
} from "./trace-rows.js";

type Fields = Readonly<Record<string, unknown>>;
type RecordShape = (typeof records)[TraceKind];

/** A connection's end, as its rows name it. */
interface Line extends LineName {
  /** Its number here, 0 for none yet: the recorder gives it. */
  traceNumber: number;
}

/** A thread, as its rows name it. */
export interface TracedThread {
  readonly threadName: string;
  /** Its number here, 0 for none yet: the recorder gives it. */
  traceNumber: number;
  readonly process: TracedProcess;
}

/** A process, as its rows name it. */
interface TracedProcess {
  readonly name: string;
  readonly pid: number;
  readonly parentPid: number;
  readonly machine: { readonly name: string };
  readonly main: TracedThread;
}

/** A datagram, as its rows name it. */
interface TracedDatagram {
  readonly from: { readonly host: string; readonly port: number };
  readonly toHost: string;
  readonly toPort: number;
  readonly sequence: number;
  readonly copy: 1 | 2;
  readonly bytes: number;
  readonly note: number;
  readonly arrivedMs: number;
}

/** A work that goes on, whose end is to be noted. */
export interface OpenWork {
  readonly cells: Float64Array;
  readonly at: number;
}

/** Instead of a note, when nobody will read it. */
const noNote = -1;

/**
 * Writes the trace of one run, as much of it as was asked for: as numbers, and as rows only when somebody reads them. Texts,
 * threads and connections stand in lists beside the numbers that name them.
 */
export class Recorder {
  // Asked for each wait, message and thread, so kept apart.
  private readonly starts: boolean;
  private readonly exits: boolean;
  private readonly waits: boolean;
  private readonly wakes: boolean;
  private readonly sends: boolean;
  private readonly receives: boolean;
  private readonly datagrams: boolean;
  readonly #kinds: ReadonlySet<TraceKind>;
  readonly #tape = new Tape();
  readonly #notes = new MessageNotes();
  readonly #actors: Actor[] = [];
  readonly #lines: LineName[] = [];
  readonly #texts: string[] = [];
  readonly #textNumbers = new Map<string, number>();
  readonly #fields: Fields[] = [];
  #rows: readonly TraceRow[] | undefined;
  /** The highest time written, so that rows stay in time order where a real clock and a nominal time meet. */
  private lastMs = 0;

  constructor(level: TraceLevel = "all") {
    const kinds = level === "all" ? traceKinds : level === "none" ? [] : level;
    this.#kinds = new Set(kinds);
    this.starts = this.#kinds.has("start");
    this.exits = this.#kinds.has("exit");
    this.waits = this.#kinds.has("wait");
    this.wakes = this.#kinds.has("wake");
    this.sends = this.#kinds.has("send");
    this.receives = this.#kinds.has("receive");
    this.datagrams = this.#kinds.has("datagram");
  }

  start(timeMs: number, thread: TracedThread): void {
    if (!this.starts) return;
    const at = this.#record(records.start, timeMs, this.#actorOf(thread));
    const { cells } = this.#tape;
    cells[at + 2] = isThread(thread);
    cells[at + 3] = thread.process.parentPid;
  }

  /** @param pending what it still waited for when it returned, in words. */
  exit(timeMs: number, thread: TracedThread, exit: Exit, pending?: string): void {
    if (!this.exits) return;
    const at = this.#record(records.exit, timeMs, this.#actorOf(thread));
    const { cells } = this.#tape;
    cells[at + 2] = isThread(thread);
    cells[at + 3] = ends.indexOf(exit.how);
    const text = exit.how === "threw" ? errorText(exit.error) : pending;
    cells[at + 4] = text === undefined ? noText : this.#textNumber(text);
  }

  wait(timeMs: number, thread: TracedThread, wait: { readonly text: string }): void {
    if (this.waits) this.#worded(records.wait, timeMs, this.#actorOf(thread), wait.text);
  }

  wake(timeMs: number, thread: TracedThread, wait: { readonly text: string }): void {
    if (this.wakes) this.#worded(records.wake, timeMs, this.#actorOf(thread), wait.text);
  }

  /** Keeps what a message says, for the rows of its sending and its receipt. */
  note(message: unknown, encoded: Encoded): number {
    return this.sends || this.receives || this.datagrams ? this.#notes.add(message, encoded) : noNote;
  }

  send(
    timeMs: number,
    thread: TracedThread,
    line: Line,
    isIn: boolean,
    sequence: number,
    bytes: number,
    note: number,
  ): void {
    if (this.sends) this.#message(records.send, timeMs, thread, line, isIn, sequence, bytes, note);
  }

  receive(
    timeMs: number,
    thread: TracedThread,
    line: Line,
    isIn: boolean,
    sequence: number,
    bytes: number,
    note: number,
    arrivedMs: number,
  ): void {
    if (!this.receives) return;
    const at = this.#message(records.receive, timeMs, thread, line, isIn, sequence, bytes, note);
    this.#tape.cells[at + 6] = arrivedMs;
  }

  compute(timeMs: number, thread: TracedThread, workMs: number, priority: number): OpenWork | undefined {
    return this.#kinds.has("compute") ? this.#work(records.compute, timeMs, thread, workMs, priority) : undefined;
  }

  disk(timeMs: number, thread: TracedThread, workMs: number, access: string): OpenWork | undefined {
    return this.#kinds.has("disk")
      ? this.#work(records.disk, timeMs, thread, workMs, this.#textNumber(access))
      : undefined;
  }

  /** A work that was begun has come to its end. */
  ended(work: OpenWork | undefined, timeMs: number): void {
    if (work) work.cells[work.at + 4] = timeMs;
  }

  urgent(
    timeMs: number,
    thread: TracedThread,
    line: Line,
    isIn: boolean,
    sequence: number,
    byte: number,
    sent: boolean,
  ): void {
    if (!this.#kinds.has("urgent")) return;
    const at = this.#record(records.urgent, timeMs, this.#actorOf(thread));
    const { cells } = this.#tape;
    cells[at + 2] = this.#lineNumber(line, isIn);
    cells[at + 3] = sequence;
    cells[at + 4] = Number(sent);
    cells[at + 5] = byte;
  }

  /** @param reason why it was lost, if it was. */
  datagram(
    timeMs: number,
    thread: TracedThread,
    what: DatagramRow["what"],
    datagram: TracedDatagram,
    reason?: LossReason,
  ): void {
    if (!this.datagrams) return;
    const at = this.#record(records.datagram, timeMs, this.#actorOf(thread));
    const { cells } = this.#tape;
    const { from, toHost, toPort } = datagram;
    cells[at + 2] = datagramMoments.indexOf(what);
    cells[at + 3] = this.#textNumber(`${from.host}:${from.port}`);
    cells[at + 4] = this.#textNumber(`${toHost}:${toPort}`);
    cells[at + 5] = datagram.sequence;
    cells[at + 6] = datagram.copy;
    cells[at + 7] = datagram.bytes;
    cells[at + 8] = datagram.note;
    cells[at + 9] = reason === undefined ? datagram.arrivedMs : lossReasons.indexOf(reason);
  }

  fault(timeMs: number, host: string, fault: string, victim?: TracedProcess): void {
    if (!this.#kinds.has("fault")) return;
    const of = { process: victim?.name ?? "", pid: victim?.pid ?? 0, thread: victim?.main.threadName ?? "" };
    this.#worded(records.fault, timeMs, this.#actors.push({ host, ...of }), fault);
  }

  log(timeMs: number, thread: TracedThread, event: string, fields: Fields): void {
    if (!this.#kinds.has("log")) return;
    const at = this.#record(records.log, timeMs, this.#actorOf(thread));
    this.#tape.cells[at + 2] = this.#textNumber(event);
    this.#tape.cells[at + 3] = this.#fields.push({ ...fields }) - 1;
  }

  /** Everything written, as rows: made when first asked for, and the same from then on. To be read when the run is over. */
  get rows(): readonly TraceRow[] {
    this.#rows ??= rowsOf({
      tape: this.#tape,
      notes: this.#notes,
      actors: this.#actors,
      lines: this.#lines,
      texts: this.#texts,
      fields: this.#fields,
    });
    return this.#rows;
  }

  // ---- writing

  #record({ code, length }: RecordShape, timeMs: number, actor: number): number {
    const at = this.#tape.reserve(length);
    const { cells } = this.#tape;
    if (timeMs > this.lastMs) this.lastMs = timeMs;
    cells[at] = actor * 16 + code;
    cells[at + 1] = this.lastMs;
    return at;
  }

  #worded(record: RecordShape, timeMs: number, actor: number, text: string): void {
    const at = this.#record(record, timeMs, actor);
    this.#tape.cells[at + 2] = this.#textNumber(text);
  }

  #message(
    record: RecordShape,
    timeMs: number,
    thread: TracedThread,
    line: Line,
    isIn: boolean,
    sequence: number,
    bytes: number,
    note: number,
  ): number {
    const at = this.#record(record, timeMs, this.#actorOf(thread));
    const { cells } = this.#tape;
    cells[at + 2] = this.#lineNumber(line, isIn);
    cells[at + 3] = sequence;
    cells[at + 4] = bytes;
    cells[at + 5] = note;
    return at;
  }

  #work(record: RecordShape, timeMs: number, thread: TracedThread, workMs: number, detail: number): OpenWork {
    const at = this.#record(record, timeMs, this.#actorOf(thread));
    const { cells } = this.#tape;
    cells[at + 2] = workMs;
    cells[at + 3] = detail;
    cells[at + 4] = NaN;
    return { cells, at };
  }

  /** Numbers of actors and lines begin at 1. */
  #actorOf(thread: TracedThread): number {
    if (thread.traceNumber === 0) {
      const { process, threadName } = thread;
      const actor = { host: process.machine.name, process: process.name, pid: process.pid, thread: threadName };
      thread.traceNumber = this.#actors.push(actor);
    }
    return thread.traceNumber;
  }

  #lineNumber(line: Line, isIn: boolean): number {
    if (line.traceNumber === 0) line.traceNumber = this.#lines.push({ id: line.id, peer: line.peer });
    return line.traceNumber * 2 + Number(isIn);
  }

  #textNumber(text: string): number {
    let number = this.#textNumbers.get(text);
    if (number === undefined) {
      number = this.#texts.push(text) - 1;
      this.#textNumbers.set(text, number);
    }
    return number;
  }
}

function isThread(thread: TracedThread): number {
  return Number(thread !== thread.process.main);
}

/** What an error is called and says, whatever a program has made of these two. */
export function errorText(error: Error): string {
  try {
    return `${error.name}: ${error.message}`;
  } catch {
    return "an error whose name or message can't be read";
  }
}
