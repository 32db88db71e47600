import { ParameterError, shown } from "../errors.js";

/** The method that makes a value showable as a cell's last value: it returns a {@link MimeBundle} (Deno's convention). */
export const jupyterDisplay: unique symbol = Symbol.for("Jupyter.display") as never;

/** One value in several formats, by MIME type; a viewer takes the richest that it knows. */
export interface MimeBundle {
  /** For terminals and for readers who can't see the figure. */
  "text/plain": string;
  [mimeType: string]: unknown;
}

/** Something that a notebook shows richly: a figure, a table, a claim, a prediction, a check. */
export interface Displayable {
  /** The bundle of formats. The same value gives the same bytes each time. */
  [jupyterDisplay](): MimeBundle;
}

/** What the notebook kernel offers to libraries, under `globalThis[Symbol.for("handoff.jupyter")]`. */
export interface KernelHook {
  /** Shows a bundle in the running cell; with a display id it can be updated later. */
  display(bundle: MimeBundle, metadata?: Record<string, unknown>, displayId?: string): void;
  /** Replaces what was shown under that display id. */
  update(bundle: MimeBundle, displayId: string): void;
  /** Takes away all that the running cell has shown; with `wait`, only when the next output arrives. */
  clear(wait?: boolean): void;
  /** How many outputs the running cell has sent. */
  shown?(): number;
  /** Calls back when the reader presses Interrupt. May return a function that takes the callback off. */
  onInterrupt(callback: () => void): unknown;
}

/** The kernel that runs this code, or undefined in a script or a test. */
export function kernelHook(): KernelHook | undefined {
  const hook = (globalThis as Record<symbol, unknown>)[Symbol.for("handoff.jupyter")] as
    | Partial<KernelHook>
    | undefined;
  return typeof hook?.display === "function" ? (hook as KernelHook) : undefined;
}

/**
 * Shows a value in the middle of a cell, where it is not the last value. Outside a notebook its plain text is printed.
 *
 * @throws {@link ParameterError} if the value has no `Symbol.for("Jupyter.display")` method.
 */
export function show(value: Displayable): void {
  if (typeof value?.[jupyterDisplay] !== "function") {
    throw new ParameterError(`show: value must be a figure, a table or another displayable, got ${shown(value)}`);
  }
  const bundle = value[jupyterDisplay]();
  const hook = kernelHook();
  if (hook) hook.display(bundle);
  else console.log(bundle["text/plain"]);
}

/** Text made safe to stand in HTML and in XML, as content or in a quoted attribute. */
export function escapeMarkup(text: unknown): string {
  return String(text)
    .replace(/[&<>"'\u00a0]/g, (c) => `&#${c.charCodeAt(0)};`)
    .replace(
      // XML has no place for control characters.
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is removed
      /[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g,
      "\ufffd",
    );
}

/** A sentence as HTML; what stands between backticks becomes code. @internal */
export function sentenceMarkup(text: string): string {
  return escapeMarkup(text).replace(/`([^`]+)`/g, "<code>$1</code>");
}
