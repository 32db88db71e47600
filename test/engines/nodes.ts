import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync } from "node:fs";
import path from "node:path";
import { inRoot } from "../../scripts/setup/paths.mjs";

/** The versions of Node that are tried: the oldest that we support, and the long-term ones since. */
export const majors = [20, 22, 24] as const;

/**
 * The program of each of those versions, pinned in `test/engines/nodes` and brought by npm into `build/nodes`, for Linux and macOS
 * on x64 and arm64; a second call finds them there.
 *
 * @throws Error where npm has no Node for this platform.
 */
export function fetchNodes(): Record<(typeof majors)[number], string> {
  const folder = inRoot("build", "nodes");
  const program = (major: number) =>
    path.join(folder, "node_modules", `node-${major}-${process.platform}-${process.arch}`, "bin", "node");
  if (!majors.every((major) => existsSync(program(major)))) {
    mkdirSync(folder, { recursive: true });
    for (const name of ["package.json", "package-lock.json"])
      copyFileSync(inRoot("test", "engines", "nodes", name), path.join(folder, name));
    execFileSync("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error", "--ignore-scripts"], {
      cwd: folder,
      stdio: ["ignore", "ignore", "inherit"],
    });
  }
  const missing = majors.filter((major) => !existsSync(program(major)));
  if (missing.length > 0)
    throw new Error(`npm has no Node ${missing.join(", ")} for ${process.platform} on ${process.arch}`);
  return Object.fromEntries(majors.map((major) => [major, program(major)])) as ReturnType<typeof fetchNodes>;
}
