import type { Attachment, Binding } from "../abstract-machine/index.js";

/** What becomes of a reference to a resource when its program moves. */
export type Strategy = "move" | "copy" | "global reference" | "rebind";

/** A line of the table of bindings. */
export interface BindingRow {
  /** What the program needs: this very one, its contents, or any of its kind. */
  readonly binding: Binding;
  /** How the resource is tied to its computer. */
  readonly attachment: Attachment;
  /** What is right, the best first. */
  readonly strategies: readonly Strategy[];
}

const row = (binding: Binding, attachment: Attachment, ...strategies: Strategy[]): BindingRow => ({
  binding,
  attachment,
  strategies,
});

/**
 * What to do with a reference to a resource when its program moves to another computer: nine cases.
 *
 * @see Fuggetta, Picco and Vigna, "Understanding Code Mobility", IEEE TSE 24(5), 1998; as a table in van Steen and Tanenbaum,
 * *Distributed Systems*, chapter 3.
 */
export const bindingTable: readonly BindingRow[] = [
  row("identifier", "unattached", "move", "global reference"),
  row("identifier", "fastened", "global reference", "move"),
  row("identifier", "fixed", "global reference"),
  row("value", "unattached", "copy", "move", "global reference"),
  row("value", "fastened", "global reference", "copy"),
  row("value", "fixed", "global reference"),
  row("type", "unattached", "rebind", "move", "copy"),
  row("type", "fastened", "rebind", "global reference", "copy"),
  row("type", "fixed", "rebind", "global reference"),
];

/** A program's reference to a resource, under the name by which its imports call it: `report` of `report.append`. */
export interface Handle {
  /** Which resource it is bound to at the start. */
  readonly identifier: string;
  /** What the program needs of it. */
  readonly binding: Binding;
  /** How it is tied to its computer. */
  readonly attachment: Attachment;
  /** What is done with it at each move. */
  readonly strategy: Strategy;
}

/** A program's references, by name. */
export type Handles = { readonly [name: string]: Handle };
