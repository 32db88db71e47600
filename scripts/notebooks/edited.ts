import path from "node:path";
import { editsOf, type Half } from "../setup/pairs.mjs";
import { editedNotebooks } from "../setup/shipped.mjs";
import type { NotebookFolder } from "./files.js";

/** Shipped notebooks that somebody changed or removed: the notebook, its text, or both. Where git does not tell, none. */
export function editedNames(): Set<string> {
  try {
    return new Set(editedNotebooks().map(({ name }) => path.parse(name).name));
  } catch (error) {
    console.log(`all notebooks count as shipped: ${(error as Error).message}`);
    return new Set();
  }
}

/**
 * Tells by name whether somebody has written in a notebook's file, or in its text: what stands there is neither what was
 * shipped nor what stood there when the two were last seen in step.
 */
export function editedSince(folder: NotebookFolder): (name: string, half: Half) => boolean {
  const isEdited = editsOf();
  return (name, half) => {
    const text = half === "text" ? folder.text(name) : folder.notebookText(name);
    return text !== undefined && isEdited(name, half, text);
  };
}
