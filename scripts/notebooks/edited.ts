import path from "node:path";
import { type Edited, editedNotebooks } from "../setup/shipped.mjs";

/** Shipped notebooks that somebody changed or removed: the notebook, its text, or both. */
export function editedNames(): Set<string> {
  return new Set(editedNotebooks().map(({ name }) => path.parse(name).name));
}

/** Tells by name whether a notebook file (not only its text) differs from what was shipped, or is not shipped at all. */
export function notebookEdits(shippedNames: readonly string[]): (name: string) => boolean {
  const edited = editedNotebooks().filter(({ name, state }: Edited) => name.endsWith(".ipynb") && state === "edited");
  const names = new Set(edited.map(({ name }) => path.parse(name).name));
  const known = new Set(shippedNames.map((name) => path.parse(name).base));
  return (name) => names.has(name) || !known.has(`${name}.ipynb`);
}
