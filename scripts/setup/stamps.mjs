// Stamps: a step is up to date while the contents it was made from hash to the value it left behind.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { root } from "./paths.mjs";

const skipped = new Set(["node_modules", "dist", ".ipynb_checkpoints"]);

/** All files under a folder (or the file itself) that `keep` accepts, as sorted paths relative to the root. */
export function filesUnder(folder, keep = () => true) {
  const at = path.join(root, folder);
  if (!existsSync(at)) return [];
  const found = [];
  for (const entry of readdirSync(at, { withFileTypes: true })) {
    const name = path.join(folder, entry.name);
    if (entry.isDirectory()) {
      if (!skipped.has(entry.name)) found.push(...filesUnder(name, keep));
    } else if (keep(name)) found.push(name);
  }
  return found.sort();
}

export function hashOf(files, ...facts) {
  const hash = createHash("sha256").update(JSON.stringify(facts));
  for (const file of files) {
    const text = existsSync(path.join(root, file)) ? readFileSync(path.join(root, file)) : "missing";
    hash.update(`\n${file} ${text.length}\n`).update(text);
  }
  return hash.digest("hex");
}

export function readStamp(file) {
  try {
    return readFileSync(file, "utf8").trim();
  } catch {
    return undefined;
  }
}

export function writeStamp(file, value) {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, `${value}\n`);
}
