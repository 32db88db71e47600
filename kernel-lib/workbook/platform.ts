/**
 * All that this room asks of Node and of `live/`: in a page, other functions would stand here. Nothing else in the room
 * touches either.
 */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { crc32, deflateSync } from "node:zlib";

export { openPageServer, type PageServer } from "../live/places/page-server.js";
export { connectTerminal } from "../live/terminal/serve-terminal.js";
export type { LocalAddress } from "../live/terminal/socket-bytes.js";
export { openTerminalPages } from "../live/terminal/terminal-pages.js";
export { crc32 };

/** A package, loaded when it is first needed. */
export const loaded: (name: string) => unknown = createRequire(import.meta.url);

/** Bytes in the form of a zlib stream. */
export function deflated(bytes: Uint8Array): Uint8Array {
  return deflateSync(bytes);
}

/** Bytes as base64. */
export function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}

/** The SHA-256 of texts, one behind the other, in hexadecimal. */
export function sha256(...texts: readonly string[]): string {
  const hash = createHash("sha256");
  for (const text of texts) hash.update(text);
  return hash.digest("hex");
}

/** Writes a text file, in the place of what stood there. */
export function writeText(path: string, text: string): void {
  writeFileSync(path, text);
}

const datasetFolders = ["published", "recorded"].map((kind) => new URL(`../../../datasets/${kind}/`, import.meta.url));

/** The datasets that come with the workbook: the text of each, to be read, by name. */
export function datasetFiles(): Map<string, () => string> {
  const filesIn = (folder: URL): string[] => {
    try {
      return readdirSync(folder);
    } catch {
      return [];
    }
  };
  const found = datasetFolders.flatMap((folder) =>
    filesIn(folder)
      .filter((file) => file.endsWith(".json"))
      .map((file) => [file.slice(0, -".json".length), () => readFileSync(new URL(file, folder), "utf8")] as const),
  );
  return new Map(found.sort(([a], [b]) => (a < b ? -1 : 1)));
}
