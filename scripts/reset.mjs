// `npm run reset NN`: a notebook as it was shipped. What stood there is kept in .jupyter/reset, never thrown away.
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { SetupFailure } from "./setup/failure.mjs";
import { inRoot, python, root, state } from "./setup/paths.mjs";
import { shipped, signShipped } from "./setup/shipped.mjs";
import { tell } from "./setup.mjs";

async function reset(wanted) {
  const { names, read, source } = shipped();
  const available = [...new Set(names().map((name) => path.parse(name).name))].sort();
  if (wanted.length === 0)
    throw new SetupFailure(`say which notebook, as in "npm run reset 03". Shipped: ${available.join(", ") || "none"}`);
  const chosen = wanted.map((want) => {
    const key = path.parse(want).name; // also takes a path or a file name
    const found = available.filter((name) => name === key || name.startsWith(`${key.padStart(2, "0")}-`));
    if (found.length !== 1)
      throw new SetupFailure(`no shipped notebook is called ${want}. Shipped: ${available.join(", ") || "none"}`);
    return found[0];
  });
  const when = new Date().toISOString().replace(/[:.]/g, "-");
  for (const notebook of new Set(chosen)) {
    let kept;
    for (const name of names().filter((file) => path.parse(file).name === notebook)) {
      const content = read(name);
      if (existsSync(inRoot(name))) {
        if (content.equals(readFileSync(inRoot(name)))) continue;
        kept = path.join(state, "reset", when);
        mkdirSync(path.dirname(path.join(kept, name)), { recursive: true });
        copyFileSync(inRoot(name), path.join(kept, name));
      }
      mkdirSync(path.dirname(inRoot(name)), { recursive: true });
      writeFileSync(inRoot(name), content);
      console.log(`${name}: restored from ${source === "git" ? "the last commit" : "the shipped copy"}`);
    }
    console.log(
      kept ? `${notebook}: what stood there is kept in ${path.relative(root, kept)}` : `${notebook}: as it was shipped`,
    );
  }
  if (existsSync(python)) await signShipped();
}

await reset(process.argv.slice(2)).catch(tell);
