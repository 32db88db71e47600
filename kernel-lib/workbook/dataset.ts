import { readdirSync, readFileSync } from "node:fs";
import { refuse } from "../errors.js";

/** A table that comes with the workbook, published by others or recorded for it: its rows, and where they come from. */
export interface Dataset<R = Readonly<Record<string, string | number | boolean | null>>> {
  /** Its name, as {@link datasets} lists it. */
  readonly name: string;
  /** The publication, with the place in it; or how and where it was recorded. */
  readonly source: string;
  /** In the order of the publication. */
  readonly rows: readonly R[];
  /** What else the file says: units, how sure it is, remarks. */
  readonly [field: string]: unknown;
}

/** There is no dataset of that name; the message lists those that there are. */
export class UnknownDataset extends Error {
  /** The class's name. */
  override name = "UnknownDataset";
}

/** A dataset's file is not what it should be. */
export class MalformedDataset extends Error {
  /** The class's name. */
  override name = "MalformedDataset";
}

const folders = ["published", "recorded"].map((kind) => new URL(`../../../datasets/${kind}/`, import.meta.url));

/** The file of each dataset, by name. */
function filesByName(): Map<string, URL> {
  const filesIn = (folder: URL): string[] => {
    try {
      return readdirSync(folder);
    } catch {
      return [];
    }
  };
  const found = folders.flatMap((folder) =>
    filesIn(folder)
      .filter((file) => file.endsWith(".json"))
      .map((file) => [file.slice(0, -".json".length), new URL(file, folder)] as const),
  );
  return new Map(found.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The names that {@link dataset} knows, sorted. */
export function datasets(): string[] {
  return [...filesByName().keys()];
}

/**
 * Loads a table that comes with the workbook: published by others, or recorded for it.
 *
 * @param name as {@link datasets} lists it.
 * @throws {@link UnknownDataset} if there is none of that name.
 * @throws {@link MalformedDataset} if its file is not JSON with a source and rows.
 * @example
 * const { rows, source } = dataset("file-server-threads");
 */
export function dataset<R = Readonly<Record<string, string | number | boolean | null>>>(name: string): Dataset<R> {
  if (typeof name !== "string" || name === "") refuse("dataset", "name", "a text that is not empty", name);
  const files = filesByName();
  const file = files.get(name);
  if (file === undefined) {
    const known = [...files.keys()].join(", ");
    throw new UnknownDataset(
      `dataset: there is no ${JSON.stringify(name)}; there ${known ? `are ${known}` : "is none"}`,
    );
  }
  let content: Record<string, unknown>;
  try {
    content = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new MalformedDataset(`dataset: ${name}.json can't be read: ${(error as Error).message}`);
  }
  if (typeof content?.source !== "string" || !Array.isArray(content.rows)) {
    throw new MalformedDataset(`dataset: ${name}.json must have a source (text) and rows (array)`);
  }
  return { ...content, name, source: content.source, rows: content.rows as R[] };
}
