/**
 * What the launcher and the kernel process say to each other: one JSON object a line.
 */
import type { Content } from "./wire.js";

/** From the launcher to the kernel process. `id` is the message id of the request in Jupyter's protocol. */
export type Order =
  | {
      readonly do: "execute";
      readonly id: string;
      readonly code: string;
      readonly count: number;
      readonly silent: boolean;
      /** Whether its front end lets the cell ask for input. */
      readonly mayAsk: boolean;
    }
  | { readonly do: "complete" | "inspect"; readonly id: string; readonly code: string; readonly position: number }
  | { readonly do: "is_complete"; readonly id: string; readonly code: string }
  /** The answer to a question: a line, nothing at the end of input, or why nobody was asked. */
  | {
      readonly do: "input";
      readonly number: number;
      readonly waits: boolean;
      readonly line?: string | null;
      readonly error?: string;
    }
  /** With the orders that have no reply yet, in case a termination has hit the turn that took one. */
  | { readonly do: "interrupt"; readonly unanswered: readonly string[] }
  | { readonly do: "exit" };

/** The orders that are answered. */
export type Question = Extract<Order, { do: keyof Replies }>;

/** An error in Jupyter's form. */
export interface CellError {
  readonly ename: string;
  readonly evalue: string;
  readonly traceback: readonly string[];
}

type Failed = { readonly status: "error" } & CellError;

/** What answers each order that is answered: the content of the reply in Jupyter's protocol, or why there is none. */
export interface Replies {
  readonly execute: { readonly status: "ok" } | Failed;
  readonly complete: Completion | Failed;
  readonly inspect: Inspection | Failed;
  readonly is_complete:
    | { readonly status: "complete" | "invalid" | "unknown" }
    | { readonly status: "incomplete"; readonly indent: string }
    | Failed;
}

/** Positions are counted in UTF-16 units. */
export interface Completion {
  readonly status: "ok";
  readonly matches: readonly string[];
  readonly cursor_start: number;
  readonly cursor_end: number;
  readonly metadata: Content;
}

export interface Inspection {
  readonly status: "ok";
  readonly found: boolean;
  readonly data: Content;
  readonly metadata: Content;
}

interface Display {
  readonly data: Content;
  readonly metadata: Readonly<Content>;
  readonly transient?: { readonly display_id?: string };
}

/** What cells show, by message type on the broadcast channel. */
export interface Outputs {
  readonly stream: { readonly name: "stdout" | "stderr"; readonly text: string };
  readonly display_data: Display;
  readonly update_display_data: Display;
  readonly execute_result: Display & { readonly execution_count: number };
  readonly error: CellError;
  readonly clear_output: { readonly wait: boolean };
}

/** Something that a cell shows. */
export type Output = { [T in keyof Outputs]: { readonly type: T; readonly content: Outputs[T] } }[keyof Outputs];

/** From the kernel process to the launcher. */
export type Report =
  /** For the broadcast channel, caused by the cell of that id (`null` before the first cell). */
  | ({ readonly is: "output"; readonly id: string | null } & Output)
  | { readonly is: "reply"; readonly id: string; readonly content: Replies[keyof Replies] }
  /** The cell of that id asks for a line; with `waits` the main thread does nothing else until the answer is there. */
  | {
      readonly is: "ask";
      readonly id: string;
      readonly number: number;
      readonly prompt: string;
      readonly waits: boolean;
    }
  | { readonly is: "withdraw"; readonly number: number }
  /** A child that leads a process group of its own was started, or has ended. */
  | { readonly is: "group"; readonly leader: number; readonly alive: boolean };

/** File descriptors of the kernel process that carry reports up and orders down. */
export const reportFd = 3;
export const orderFd = 4;

/** Splits a byte stream into lines and parses each. */
export function jsonLines<T>(take: (value: T) => void): (chunk: Buffer) => void {
  let rest: Buffer[] = [];
  return (chunk) => {
    let from = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
      rest.push(chunk.subarray(from, end));
      const line = rest.length === 1 ? rest[0] : Buffer.concat(rest);
      rest = [];
      from = end + 1;
      take(JSON.parse(String(line)) as T);
    }
    if (from < chunk.length) rest.push(chunk.subarray(from));
  };
}
