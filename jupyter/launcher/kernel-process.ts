import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable, Writable } from "node:stream";
import { StringDecoder } from "node:string_decoder";
import { fileURLToPath } from "node:url";
import {
  jsonLines,
  type Order,
  type Output,
  orderFd,
  type Question,
  type Replies,
  type Report,
  reportFd,
} from "../messages.js";
import { Guard } from "./guard.js";

type Ask = Extract<Report, { is: "ask" }>;

export interface KernelEvents {
  /** Something for the broadcast channel; `id` is the cell's request, or `null` if none has run. */
  output(id: string | null, output: Output): void;
  /** The cell of that id asks for a line of input. */
  ask(question: Ask): void;
  /** That question needs no answer any more. */
  withdraw(number: number): void;
  /** Bytes that a child of the reader's wrote to the inherited standard output or error. */
  inherited(name: "stdout" | "stderr", text: string): void;
  /** The process ended although nobody asked it to. */
  died(how: string): void;
}

/**
 * The process that compiles and runs cells. It leads a process group of its own, so that signals to the launcher's
 * group reach neither it nor what the reader's cells start.
 */
export class KernelProcess {
  readonly #child: ChildProcess;
  readonly #guard = new Guard();
  readonly #replies = new Map<string, (content: never) => void>();
  readonly #exited: Promise<void>;
  #stopping = false;
  #events: KernelEvents | undefined;
  /** What came before anybody listened. */
  #early: (() => void)[] = [];

  constructor() {
    const entry = fileURLToPath(new URL("../kernel/kernel.js", import.meta.url));
    // Terminating a callback leaves Node's stack of asynchronous contexts one too deep, which it would take for fatal;
    // the kernel process puts it right.
    const flags = ["--disable-warning=ExperimentalWarning", "--no-force-async-hooks-checks"];
    this.#child = spawn(process.execPath, [...flags, entry], {
      // A terminal's wish for colours is no notebook's.
      env: { ...process.env, FORCE_COLOR: undefined, NO_COLOR: undefined },
      stdio: ["ignore", "pipe", "pipe", "pipe", "pipe"],
      detached: true,
    });
    if (this.#child.pid !== undefined) this.#guard.watch(this.#child.pid);
    const reports = this.#child.stdio[reportFd] as Readable;
    reports.on(
      "data",
      jsonLines<Report>((report) => this.#take(report)),
    );
    this.#orders.on("error", () => {});
    for (const name of ["stdout", "stderr"] as const) {
      const decoder = new StringDecoder();
      this.#child[name]?.on("data", (chunk: Buffer) => {
        const text = decoder.write(chunk);
        if (text) this.#emit((events) => events.inherited(name, text));
      });
    }
    this.#exited = new Promise((resolve) => {
      const ended = async (how: string) => {
        resolve();
        if (this.#stopping) return;
        // What it wrote before it ended may still be in the pipe.
        if (!reports.readableEnded) await Promise.race([once(reports, "end"), new Promise((r) => setTimeout(r, 1000))]);
        this.#emit((events) => events.died(how));
      };
      this.#child.on("error", (error) => ended(error.message));
      this.#child.on("exit", (code, signal) => ended(signal ? `signal ${signal}` : `exit code ${code}`));
    });
  }

  get #orders(): Writable {
    return this.#child.stdio[orderFd] as Writable;
  }

  /** From now on events go here; earlier ones are delivered first. */
  listen(events: KernelEvents): void {
    this.#events = events;
    for (const early of this.#early) early();
    this.#early = [];
  }

  /** Gives an order and resolves with the content of its reply. */
  ask<Q extends Question>(order: Q): Promise<Replies[Q["do"]]> {
    return new Promise((resolve) => {
      this.#replies.set(order.id, resolve);
      this.#give(order);
    });
  }

  answer(answer: Omit<Extract<Order, { do: "input" }>, "do">): void {
    this.#give({ do: "input", ...answer });
  }

  interrupt(): void {
    this.#give({ do: "interrupt", unanswered: [...this.#replies.keys()] });
  }

  /** Ends the process and all that it started: politely for `graceMs`, then by SIGKILL. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping = true;
    this.#give({ do: "exit" });
    await Promise.race([this.#exited, new Promise((resolve) => setTimeout(resolve, graceMs))]);
    await this.#guard.endAll(graceMs);
  }

  #give(order: Order): void {
    if (this.#orders.writable) this.#orders.write(`${JSON.stringify(order)}\n`);
  }

  #emit(deliver: (events: KernelEvents) => void): void {
    const events = this.#events;
    if (events) deliver(events);
    else this.#early.push(() => this.#events && deliver(this.#events));
  }

  #take(report: Report): void {
    switch (report.is) {
      case "output":
        this.#emit((events) => events.output(report.id, report));
        break;
      case "reply":
        this.#replies.get(report.id)?.(report.content as never);
        this.#replies.delete(report.id);
        break;
      case "ask":
        this.#emit((events) => events.ask(report));
        break;
      case "withdraw":
        this.#emit((events) => events.withdraw(report.number));
        break;
      case "group":
        if (report.alive) this.#guard.watch(report.leader);
        else this.#guard.leaderEnded(report.leader);
    }
  }
}
