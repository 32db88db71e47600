/**
 * What a cell reads from its reader: `prompt()`, `node:readline` and `process.stdin` ask the front end for a line at a time.
 *
 * Nothing is asked before somebody waits for it: each question is a box on the reader's screen. A cell lasts until its questions are answered.
 */
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import readline from "node:readline";
import readlinePromises from "node:readline/promises";
import { Readable } from "node:stream";
import { promisify } from "node:util";
import { type MessagePort, receiveMessageOnPort } from "node:worker_threads";
import { Interrupted } from "kernel-lib/errors";
import type { Order } from "../messages.js";
import { answered, interruptions } from "./interruption.js";
import { send } from "./output.js";

/** Nobody can be asked. */
export class NoInput extends Error {
  override name = "NoInput";
}

/** The cell that runs, and whether its front end lets it ask. */
export interface Asker {
  readonly id: string;
  readonly mayAsk: boolean;
}

type Answer = Extract<Order, { do: "input" }>;

interface Asked {
  answer(line: string | null): void;
  fail(error: Error): void;
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

export class Input {
  readonly #flags: Int32Array;
  readonly #answers: MessagePort;
  readonly #asked = new Map<number, Asked>();
  #lastNumber = 0;
  #asker: () => Asker | undefined = () => undefined;
  #stray: (error: unknown) => void = () => {};
  #stdin: StandardInput | undefined;
  /** Changes with each interrupt: what was opened before asks no more. */
  #era = {};
  #settled = () => {};
  #used = false;

  /**
   * @param flags of `counters`
   * @param answers brings those answers for which the main thread waits, past its event loop
   */
  constructor(flags: Int32Array, answers: MessagePort) {
    this.#flags = flags;
    this.#answers = answers;
  }

  /** @param stray is told of an error that no code of the reader's waits for */
  install(asker: () => Asker | undefined, stray: (error: unknown) => void): void {
    this.#asker = asker;
    this.#stray = stray;
    const prompt = (message = "", defaultValue?: string) => this.#prompt(`${message}`, defaultValue);
    Object.defineProperty(globalThis, "prompt", { value: prompt, writable: true, configurable: true });
    const stdin = () => {
      if (!this.#stdin || this.#stdin.destroyed || this.#stdin.readableEnded) this.#stdin = this.#standardInput();
      return this.#stdin;
    };
    Object.defineProperty(process, "stdin", { get: stdin, configurable: true, enumerable: true });
    this.#installReadline();
    refuseReads();
    syncBuiltinESMExports();
  }

  /** Resolves when no question of the running cell is open and none is about to be asked. */
  async allAnswered(): Promise<void> {
    if (!this.#used) return;
    for (;;) {
      // What an answer has brought forth may ask again.
      await turn();
      await turn();
      if (this.#asked.size === 0) return;
      await new Promise<void>((resolve) => {
        this.#settled = resolve;
      });
    }
  }

  /** The cell has ended: nobody is asked for it any more. */
  end(): void {
    for (const number of [...this.#asked.keys()]) this.#withdraw(number);
  }

  /** The reader has interrupted: what still listens never asks again. */
  interrupt(): void {
    this.end();
    this.#era = {};
    this.#stdin = undefined;
  }

  /** An answer to a question for which no thread waits. */
  take(order: Answer): void {
    const asked = this.#asked.get(order.number);
    if (!asked) return;
    this.#asked.delete(order.number);
    if (order.error === undefined) asked.answer(order.line ?? null);
    else asked.fail(new NoInput(order.error));
    this.#settled();
  }

  #mustBeAsked(what: string): Asker {
    const asker = this.#asker();
    if (!asker) throw new NoInput(`${what}: only a cell that runs can ask for input`);
    if (asker.mayAsk) return asker;
    throw new NoInput(
      `${what}: whoever runs this cell takes no questions (allow_stdin is false), so nobody can answer`,
    );
  }

  #prompt(message: string, defaultValue: string | undefined): string | null {
    const { id } = this.#mustBeAsked("prompt");
    const number = ++this.#lastNumber;
    const before = Atomics.load(this.#flags, interruptions);
    const shown = defaultValue === undefined ? message : `${message} [${defaultValue}]`;
    send({ is: "ask", id, number, prompt: /\S$/.test(shown) ? `${shown} ` : shown, waits: true });
    for (;;) {
      const seen = Atomics.load(this.#flags, answered);
      if (Atomics.load(this.#flags, interruptions) !== before) throw new Interrupted("the cell was stopped");
      const answer = receiveMessageOnPort(this.#answers)?.message as Answer | undefined;
      // One that an interrupted question has left is passed over.
      if (answer?.number === number) {
        if (answer.error !== undefined) throw new NoInput(`prompt: ${answer.error}`);
        return answer.line === "" && defaultValue !== undefined ? `${defaultValue}` : (answer.line ?? null);
      }
      if (!answer) Atomics.wait(this.#flags, answered, seen);
    }
  }

  /** Asks for a line; returns what withdraws the question. @throws {@link NoInput} at once if nobody can be asked. */
  #ask(what: string, prompt: string, asked: Asked): () => void {
    const { id } = this.#mustBeAsked(what);
    const number = ++this.#lastNumber;
    this.#used = true;
    this.#asked.set(number, asked);
    send({ is: "ask", id, number, prompt, waits: false });
    return () => this.#withdraw(number);
  }

  #withdraw(number: number): void {
    if (!this.#asked.delete(number)) return;
    send({ is: "withdraw", number });
    this.#settled();
  }

  #standardInput(): StandardInput {
    const era = this.#era;
    let isAsked = false;
    const stdin = new StandardInput(() => {
      this.#used = true;
      setImmediate(() => {
        if (isAsked || era !== this.#era || !stdin.isAwaited()) return;
        const fail = (error: unknown) => {
          isAsked = false;
          stdin.destroy(error as Error);
        };
        isAsked = true;
        const answer = (line: string | null) => {
          isAsked = false;
          stdin.give(line);
        };
        try {
          this.#ask("process.stdin", "", { answer, fail });
        } catch (error) {
          fail(error);
        }
      });
    });
    return stdin;
  }

  #installReadline(): void {
    for (const library of [readline, readlinePromises] as { createInterface: CreateInterface }[]) {
      const { createInterface } = library;
      library.createInterface = (first, output, ...rest) => {
        const options = first instanceof Readable ? { input: first, output } : (first as InterfaceOptions);
        if (!(options?.input instanceof StandardInput)) return createInterface.call(library, first, output, ...rest);
        return this.#interface((input) => createInterface.call(library, { ...options, input, terminal: false }));
      };
    }
  }

  /** An interface of readline whose lines come from the front end: one for each question, and one after the other while somebody listens. */
  #interface(create: (input: Readable) => readline.Interface): readline.Interface {
    const era = this.#era;
    const source = new Readable({ read() {} });
    const lines = create(source);
    const { question } = lines;
    const open = new Set<() => void>();
    let isOver = false;
    const isClosed = () => isOver || era !== this.#era;

    const ask = (what: string, prompt: string, fail: (error: Error) => void) => {
      const done = () => open.delete(withdraw);
      const answer = (line: string | null) => {
        done();
        source.push(line === null ? null : `${line}\n`);
        listen();
      };
      const failed = (error: Error) => {
        done();
        fail(error);
      };
      const withdraw = this.#ask(what, prompt, { answer, fail: failed });
      open.add(withdraw);
      return () => open.delete(withdraw) && withdraw();
    };
    const tell = (error: unknown) => {
      lines.close();
      try {
        lines.emit("error", error); // rejects a `for await`
      } catch {
        this.#stray(error);
      }
    };
    const listen = () => {
      this.#used = true;
      // Two turns: the line that has just come may end it.
      setImmediate(() =>
        setImmediate(() => {
          const isHeard = lines.listenerCount("line") > 0 && !(lines as { paused?: boolean }).paused;
          if (isClosed() || open.size > 0 || !isHeard || !this.#asker()) return;
          try {
            ask("readline", "", tell);
          } catch (error) {
            tell(error);
          }
        }),
      );
    };
    lines.on("newListener", (event) => event === "line" && listen());
    lines.on("resume", listen);
    lines.on("close", () => {
      isOver = true;
      for (const withdraw of open) withdraw();
      open.clear();
    });

    const withQuestion = (query: unknown, rest: readonly unknown[], run: (...all: unknown[]) => unknown) => {
      if (isClosed()) return run(query, ...rest); // says so itself
      const signal = (rest[0] as { signal?: AbortSignal } | undefined)?.signal;
      if (signal?.aborted) return run(query, ...rest);
      let ended = (_error: Error) => {};
      const end = new Promise<never>((_, reject) => {
        ended = reject;
      });
      end.catch(() => {});
      const fail = (error: Error) => {
        ended(error);
        if (!(result instanceof Promise)) tell(error);
      };
      const withdraw = ask("question", `${query}`, fail);
      signal?.addEventListener("abort", withdraw, { once: true });
      lines.once("close", () => ended(new NoInput("question: the input was closed before an answer came")));
      const result = run("", ...rest);
      return result instanceof Promise ? Promise.race([result, end]) : result;
    };
    const custom = (question as { [promisify.custom]?: (...all: unknown[]) => unknown })[promisify.custom];
    const asks = (query: unknown, ...rest: unknown[]) => {
      const run = (...all: unknown[]) => (question as (...all: unknown[]) => unknown).apply(lines, all);
      if (rest.some((each) => typeof each === "function")) return withQuestion(query, rest, run);
      // The promise's form: an error rejects it.
      return (async () => withQuestion(query, rest, run))();
    };
    const promised = async (query: unknown, ...rest: unknown[]) =>
      withQuestion(query, rest, (...all) => custom?.apply(lines, all));
    Object.defineProperty(lines, "question", {
      value: Object.assign(asks, custom ? { [promisify.custom]: promised } : {}),
      writable: true,
      configurable: true,
    });
    return lines;
  }
}

type InterfaceOptions = { input?: unknown; output?: unknown };
type CreateInterface = (first: unknown, ...rest: unknown[]) => readline.Interface;

/** `process.stdin` of a cell. It holds nothing back: a line is asked for when a listener waits and none is there. */
class StandardInput extends Readable {
  readonly fd = 0;
  readonly #want: () => void;

  constructor(want: () => void) {
    super({ highWaterMark: 0 });
    this.#want = want;
    for (const event of ["newListener", "resume"]) this.on(event, () => this.#isWaiting && want());
  }

  #isWaiting = false;

  isAwaited(): boolean {
    const isHeard = this.listenerCount("readable") > 0 || (this.listenerCount("data") > 0 && !this.isPaused());
    return this.#isWaiting && !this.destroyed && isHeard;
  }

  give(line: string | null): void {
    this.#isWaiting = false;
    this.push(line === null ? null : `${line}\n`);
  }

  override _read(): void {
    this.#isWaiting = true;
    this.#want();
  }

  // A terminal's and a socket's: nothing to do here.
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }
}

/** Descriptor 0 is empty; a read of it would quietly find nothing. */
function refuseReads(): void {
  for (const name of ["readFileSync", "readSync"] as const) {
    const usual = fs[name] as (...all: unknown[]) => unknown;
    const read = (first: unknown, ...rest: unknown[]) => {
      if (first !== 0 && first !== "/dev/stdin") return usual(first, ...rest);
      throw new NoInput(`${name}: a cell has no standard input that is there at once; use prompt() or node:readline`);
    };
    (fs as Record<string, unknown>)[name] = read;
  }
}
