// Which notebooks are as they were shipped. JupyterLab trusts those (their figures show before anything is run); a
// notebook that somebody edited is not signed here: JupyterLab signs it itself when its reader runs and saves it.
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readFileSync, realpathSync, renameSync } from "node:fs";
import path from "node:path";
import { toolEnvironment } from "./environment.mjs";
import { SetupFailure } from "./failure.mjs";
import { inRoot, jupyterEnvironment, python, root, state } from "./paths.mjs";
import { run } from "./processes.mjs";
import { filesUnder, hashOf, readStamp, writeStamp } from "./stamps.mjs";

const copies = path.join(state, "shipped");
const isNotebook = (name) => /^notebooks\/[^/]+\.ipynb$/.test(name);
const isShippedKind = (name) => isNotebook(name) || /^notebooks\/text\/[^/]+\.ts$/.test(name);

// The folder is run anyway, so git need not be told that its owner may be another: on a shared disk or in a container git
// refuses it otherwise. A reader's variables (GIT_DIR in a hook) must not lead elsewhere.
const git = (...args) =>
  execFileSync("git", ["-c", "safe.directory=*", "-C", root, ...args], {
    encoding: "buffer",
    stdio: ["ignore", "pipe", "pipe"],
    maxBuffer: 1 << 30,
    env: { ...toolEnvironment(), LC_ALL: "C" },
  });

/**
 * A clone has a `.git` of its own; an unpacked download has none, also where it lies in somebody else's repository.
 *
 * @returns `refusal`: why git, in a clone, tells nothing; then nobody knows what was shipped.
 */
function repository() {
  if (!existsSync(inRoot(".git"))) return { isClone: false };
  try {
    const top = git("rev-parse", "--show-toplevel").toString().trim();
    if (realpathSync(top) === realpathSync(root)) return { isClone: true };
    return { isClone: true, refusal: `git takes ${top} for its folder` };
  } catch (error) {
    const said = String(error.stderr ?? "")
      .trim()
      .split("\n")[0];
    return {
      isClone: true,
      refusal: error.code === "ENOENT" ? "git is not installed" : `git says: ${said || error.message}`,
    };
  }
}

/** In a download without git, keeps a copy of the notebooks as they came, once, before anybody edits them. */
export function keepCopies() {
  if (existsSync(copies) || repository().isClone) return;
  const half = `${copies}.half`;
  for (const name of filesUnder("notebooks", isShippedKind)) {
    mkdirSync(path.dirname(path.join(half, name)), { recursive: true });
    copyFileSync(inRoot(name), path.join(half, name));
  }
  if (existsSync(half)) renameSync(half, copies);
}

/**
 * The shipped contents of `notebooks/*.ipynb` and `notebooks/text/*.ts`: `names()`, `read(name)`, and the source's name.
 *
 * @throws SetupFailure if this is a clone and git does not answer: what stands there may be edited, and is no shipped copy
 */
export function shipped() {
  const { isClone, refusal } = repository();
  if (refusal) throw new SetupFailure(`which notebooks are as they were shipped can't be told: ${refusal}`);
  if (isClone)
    return {
      source: "git",
      names: () => (hasCommit() ? shippedNames() : []),
      read: (name) => git("cat-file", "--filters", `HEAD:${name}`),
    };
  const relative = path.relative(root, copies);
  return {
    source: "copy",
    names: () => filesUnder(relative).map((name) => path.relative(relative, name)),
    read: (name) => readFileSync(path.join(copies, name)),
  };
}

function shippedNames() {
  const text = git("ls-tree", "-r", "-z", "--name-only", "HEAD", "--", "notebooks").toString();
  return text.split("\0").filter(isShippedKind);
}

function hasCommit() {
  try {
    git("rev-parse", "--verify", "--quiet", "HEAD^{commit}");
    return true;
  } catch {
    return false;
  }
}

/** Notebooks that differ from what was shipped, or are gone: `{ name, state: "edited" | "missing" }`. */
export function editedNotebooks() {
  const { names, read } = shipped();
  return names().flatMap((name) => {
    if (!existsSync(inRoot(name))) return [{ name, state: "missing" }];
    return read(name).equals(readFileSync(inRoot(name))) ? [] : [{ name, state: "edited" }];
  });
}

/** Signs the shipped notebooks that nobody edited; none if that can't be told. */
export async function signShipped() {
  keepCopies();
  const { refusal } = repository();
  if (refusal) return `none signed, figures show when a notebook is run: ${refusal}`;
  const edited = new Set(editedNotebooks().map(({ name }) => name));
  const intact = shipped()
    .names()
    .filter((name) => isNotebook(name) && !edited.has(name));
  const stamp = path.join(state, "stamps", "signed");
  const database = path.join(state, "data", "nbsignatures.db");
  const wanted = hashOf(intact);
  const note = [`${intact.length} signed`, ...(edited.size > 0 ? [`edited: ${notebooksOf(edited)}`] : [])].join(", ");
  if (readStamp(stamp) === wanted && existsSync(database)) return `up to date (${note})`;
  if (intact.length > 0) {
    const result = await run("sign", python, ["-m", "nbformat.sign", ...intact], { env: jupyterEnvironment() });
    if (result.code !== 0) throw new SetupFailure(`the notebooks could not be signed (${result.log})`);
  }
  writeStamp(stamp, wanted);
  return note;
}

const notebooksOf = (names) => [...new Set([...names].map((name) => path.parse(name).name))].join(", ");
