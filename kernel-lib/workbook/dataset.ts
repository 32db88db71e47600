import { readdirSync, readFileSync } from "node:fs";
import { refuse } from "../errors.js";

/** A published table: its rows, and where they come from. */
export interface Dataset<R = Readonly<Record<string, string | number | boolean | null>>> {
  /** Its name, as {@link datasets} lists it. */
  readonly name: string;
  /** The publication, with the place in it. */
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

const folder = new URL("../../../datasets/", import.meta.url);

/** The names that {@link dataset} knows, sorted. */
export function datasets(): string[] {
  try {
    return readdirSync(folder)
      .filter((file) => file.endsWith(".json"))
      .map((file) => file.slice(0, -".json".length))
      .sort();
  } catch {
    return [];
  }
}

/**
 * Loads a published table that comes with the workbook.
 *
 * @param name as {@link datasets} lists it.
 * @throws {@link UnknownDataset} if there is none of that name.
 * @throws {@link MalformedDataset} if its file is not JSON with a source and rows.
 * @example
 * const { rows, source } = dataset("file-server-threads");
 */
export function dataset<R = Readonly<Record<string, string | number | boolean | null>>>(name: string): Dataset<R> {
  if (typeof name !== "string" || name === "") refuse("dataset", "name", "a text that is not empty", name);
  const known = datasets();
  if (!known.includes(name)) {
    throw new UnknownDataset(
      `dataset: there is no ${JSON.stringify(name)}; there ${known.length ? `are ${known.join(", ")}` : "is none"}`,
    );
  }
  let content: Record<string, unknown>;
  try {
    content = JSON.parse(readFileSync(new URL(`${name}.json`, folder), "utf8"));
  } catch (error) {
    throw new MalformedDataset(`dataset: ${name}.json can't be read: ${(error as Error).message}`);
  }
  if (typeof content?.source !== "string" || !Array.isArray(content.rows)) {
    throw new MalformedDataset(`dataset: ${name}.json must have a source (text) and rows (array)`);
  }
  return { ...content, name, source: content.source, rows: content.rows as R[] };
}
