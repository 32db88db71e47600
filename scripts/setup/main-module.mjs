import { realpathSync } from "node:fs";
import { fileURLToPath } from "node:url";

/**
 * Whether Node was started with this module, by whatever path: a symbolic link to it too.
 *
 * @param url the module's `import.meta.url`
 */
export function isMain(url) {
  const [, started] = process.argv;
  if (started === undefined) return false;
  try {
    return realpathSync(started) === realpathSync(fileURLToPath(url));
  } catch {
    return false; // started by code, with an argument that is no file
  }
}
