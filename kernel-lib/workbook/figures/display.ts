import { ParameterError, shown } from "../../errors.js";
import { jupyterDisplay, kernelHook, type MimeBundle } from "../../jupyter.js";

/** Something that a notebook shows richly: a figure, a table, a claim, a prediction, a check. */
export interface Displayable {
  /** The bundle of formats. The same value gives the same bytes each time. */
  [jupyterDisplay](): MimeBundle;
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
