import { ParameterError, refuse } from "../../errors.js";
import { claimsMime, jupyterDisplay, type MimeBundle } from "../../jupyter.js";
import { type Displayable, sentenceMarkup, show } from "../figures/display.js";
import { outputStyle, palette } from "../figures/palette.js";

/** A named statement about a result, and whether it holds. */
export interface ClaimRecord {
  /** The statement, in words. */
  readonly name: string;
  /** Whether it is so. */
  readonly holds: boolean;
  /** What came, in a few words. */
  readonly detail?: string;
}

/** Statements that a notebook makes about its results, each shown as a line with ✓ or ✗. */
export class Claims implements Displayable {
  /** In the order written. */
  readonly records: readonly ClaimRecord[];

  /** @internal */
  constructor(records: readonly ClaimRecord[]) {
    this.records = records;
  }

  /** True if every statement holds. */
  get hold(): boolean {
    return this.records.every((record) => record.holds);
  }

  /** Shows the claims in the middle of a cell. */
  show(): void {
    show(this);
  }

  [jupyterDisplay](): MimeBundle {
    return {
      "text/plain": this.records
        .map(({ name, holds, detail }) => `${holds ? "✓" : "✗"} ${name}${detail ? ` — ${detail}` : ""}`)
        .join("\n"),
      "text/html": `<div class="handoff"><style>${outputStyle}</style>${claimLines(this.records)}</div>`,
      [claimsMime]: this.records.map((record) => ({ ...record })),
    };
  }
}

/** @internal */
export function claimLines(records: readonly ClaimRecord[]): string {
  return records
    .map(({ name, holds, detail }) => {
      const color = holds ? palette.published : palette.measured;
      const mark = `<span aria-hidden="true" style="color:${color};font-weight:700;flex:none;width:1.4em">${holds ? "✓" : "✗"}</span>`;
      const text = `${holds ? "" : "<strong>does not hold:</strong> "}${sentenceMarkup(name)}`;
      const more = detail ? ` <span style="opacity:.75">— ${sentenceMarkup(detail)}</span>` : "";
      return `<div style="display:flex;margin:2px 0">${mark}<span>${text}${more}</span></div>`;
    })
    .join("");
}

/**
 * States something about a result by name. It never throws when it does not hold: the line says so, and so does the
 * check of the notebook.
 *
 * @throws {@link ParameterError} if the name is empty or the condition is not a boolean.
 * @example
 * claim("the second client waits for the first", waitMs > 90, `it waited ${waitMs} ms`)
 */
export function claim(name: string, condition: boolean, detail?: string): Claims {
  return new Claims([checked("claim", name, condition, detail)]);
}

/**
 * States several things at once.
 *
 * @param statements by name a boolean, or a boolean with what came: `[waitMs > 90, "it waited 98 ms"]`.
 * @throws {@link ParameterError} if there is none, or a condition is not a boolean.
 */
export function claims(
  statements: Readonly<Record<string, boolean | readonly [holds: boolean, detail: string]>>,
): Claims {
  const entries = Object.entries(statements ?? {});
  if (entries.length === 0) throw new ParameterError("claims: there must be at least one statement");
  return new Claims(
    entries.map(([name, value]) =>
      Array.isArray(value) ? checked("claims", name, value[0], value[1]) : checked("claims", name, value, undefined),
    ),
  );
}

function checked(where: string, name: string, holds: unknown, detail: string | undefined): ClaimRecord {
  if (typeof name !== "string" || name.trim() === "") refuse(where, "name", "a sentence", name);
  if (typeof holds !== "boolean") refuse(where, JSON.stringify(name), "true or false", holds);
  return { name, holds, ...(detail === undefined ? {} : { detail: String(detail) }) };
}
