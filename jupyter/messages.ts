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

/** From the kernel process to the launcher. */
export type Frame =
  /** A message for the broadcast channel, caused by the cell of that id (`null` before the first cell). */
  | { readonly is: "output"; readonly id: string | null; readonly type: string; readonly content: Content }
  | { readonly is: "reply"; readonly id: string; readonly content: Content }
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

/** File descriptors of the kernel process that carry frames up and orders down. */
export const frameFd = 3;
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
