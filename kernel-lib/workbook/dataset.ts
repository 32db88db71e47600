import { refuse } from "../errors.js";
import { datasetFiles } from "./platform.js";

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

/** The names that {@link dataset} knows, sorted. */
export function datasets(): string[] {
  return [...datasetFiles().keys()];
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
  const files = datasetFiles();
  const file = files.get(name);
  if (file === undefined) {
    const known = [...files.keys()].join(", ");
    throw new UnknownDataset(
      `dataset: there is no ${JSON.stringify(name)}; there ${known ? `are ${known}` : "is none"}`,
    );
  }
  let content: Record<string, unknown>;
  try {
    content = JSON.parse(file());
  } catch (error) {
    throw new MalformedDataset(`dataset: ${name}.json can't be read: ${(error as Error).message}`);
  }
  if (typeof content?.source !== "string" || !Array.isArray(content.rows)) {
    throw new MalformedDataset(`dataset: ${name}.json must have a source (text) and rows (array)`);
  }
  return { ...content, name, source: content.source, rows: content.rows as R[] };
}
