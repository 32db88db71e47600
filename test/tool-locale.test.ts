import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { inRoot } from "../scripts/setup/paths.mjs";

// Files that start programs and read no words of theirs, and why that is so.
const wordless: Readonly<Record<string, string>> = {
  "jupyter/client/client.ts": "the launcher, which is ours",
  "jupyter/kernel/habits.ts": "a hint for readers",
  "jupyter/kernel/output.ts": "what cells start is the reader's",
  "jupyter/launcher/guard.ts": "nothing is read",
  "jupyter/launcher/kernel-process.ts": "the kernel, which is ours; its cells keep the reader's locale",
  "kernel-lib/live/children/child-guard.ts": "nothing is read",
  "kernel-lib/live/children/start-costs.ts": "nothing is read",
  "kernel-lib/live/endings/lost-machine-inside.ts": "only the exit code is read",
  "scripts/build.ts": "the compiler, whose output is shown",
  "scripts/notebooks/jupytext.ts": "JSON and our own texts are read",
  "scripts/notebooks/prepare.ts": "our own build, whose output is shown",
  "scripts/notebooks/static.ts": "Biome and the compiler speak English only",
  "scripts/setup/guard.mjs": "nothing is read",
};

const files = ["kernel-lib", "scripts", "jupyter"].flatMap((folder) =>
  readdirSync(inRoot(folder), { recursive: true, encoding: "utf8" })
    .filter((file) => /(?<!\.d)\.m?ts$|\.mjs$/.test(file) && !/(^|\/)(dist|node_modules)\//.test(file))
    .map((file) => path.posix.join(folder, file.split(path.sep).join("/"))),
);
const starting = files.filter((file) => {
  const source = readFileSync(inRoot(file), "utf8");
  const imports = /import\s+\{([^}]*)\}\s+from "node:child_process"/g;
  return [...source.matchAll(imports)].some(([, names]) => /\b(spawn|exec|fork)|ChildProcess\b/.test(names ?? ""));
});

test("whoever reads a program's words starts it in English: LC_ALL is C", () => {
  assert.ok(starting.length > 15, starting.join(", "));
  const spoken = starting.filter((file) => !(file in wordless));
  const unfixed = spoken.filter((file) => !/inEnglish\(\)|LC_ALL: "C"/.test(readFileSync(inRoot(file), "utf8")));
  assert.equal(unfixed, []);
});

test("the files that read no words start programs, all of them", () => {
  assert.equal(
    Object.keys(wordless).filter((file) => !starting.includes(file)),
    [],
  );
});

test.run();
