// A notebook and its text are one, but they are two files: VS Code writes the notebook alone, an editor the text alone, and a
// copy from another computer has any times. JupyterLab opens neither where the notebook is the newer one, and takes the text's
// word where it is not. So whoever was edited alone decides; where both were, the later one, and the other is kept.
import { createHash } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { SetupFailure } from "./failure.mjs";
import { inRoot, jupyterEnvironment, python, root, state } from "./paths.mjs";
import { run } from "./processes.mjs";
import { shipped } from "./shipped.mjs";
import { filesUnder } from "./stamps.mjs";

const seen = path.join(state, "pairs.json");
const fileOf = (name, kind) => (kind === "notebook" ? `notebooks/${name}.ipynb` : `notebooks/text/${name}.ts`);
const timeOf = (name, kind) => statSync(inRoot(fileOf(name, kind))).mtimeMs;
const hash = (value) => createHash("sha256").update(value).digest("hex");

/** What the reader wrote in a notebook: its cells without outputs and without what JupyterLab notes for itself. */
function sourceOf(notebookText) {
  const joined = (source) => (Array.isArray(source) ? source.join("") : source);
  return JSON.stringify(
    JSON.parse(notebookText).cells.map(({ cell_type, source, metadata: { name, tags, jupyter } = {} }) => [
      cell_type,
      joined(source),
      { name, tags: tags ?? [], jupyter: jupyter ?? {} },
    ]),
  );
}

/** A file's mark, by which a later look finds whether somebody has written in it. */
const markOf = (kind, text) => hash(kind === "notebook" ? sourceOf(text) : text);

/** The names of all pairs of which both files are there. */
const pairNames = () =>
  filesUnder("notebooks", (name) => /^notebooks\/[^/]+\.ipynb$/.test(name))
    .map((name) => path.parse(name).name)
    .filter((name) => existsSync(inRoot(fileOf(name, "text"))));

/** Tells whether somebody has written in a file: its mark is neither the shipped one nor that when the two were last in step. */
export function editsOf() {
  const known = [shippedMarks(), readSeen()];
  return (name, kind, text) => {
    const mark = markOf(kind, text);
    return known.every((marks) => marks[name]?.[kind] !== mark);
  };
}

function shippedMarks() {
  try {
    const { names, read } = shipped();
    const marks = {};
    for (const file of names()) {
      const kind = file.endsWith(".ipynb") ? "notebook" : "text";
      marks[path.parse(file).name] ??= {};
      marks[path.parse(file).name][kind] = markOf(kind, read(file).toString());
    }
    return marks;
  } catch {
    return {}; // git refuses: then both may have been edited
  }
}

function readSeen() {
  try {
    return JSON.parse(readFileSync(seen, "utf8"));
  } catch {
    return {};
  }
}

/** Notes that these pairs are in step as they stand now. */
export function noteInStep(names) {
  const marks = readSeen();
  for (const name of names)
    marks[name] = Object.fromEntries(
      ["text", "notebook"].map((kind) => [kind, markOf(kind, readFileSync(inRoot(fileOf(name, kind)), "utf8"))]),
    );
  mkdirSync(state, { recursive: true });
  writeFileSync(`${seen}.${process.pid}`, JSON.stringify(marks));
  renameSync(`${seen}.${process.pid}`, seen);
}

/** Keeps a copy of a file in `.jupyter/kept`. @returns where, relative to the checkout. */
export function keepCopy(name, kind, file = inRoot(fileOf(name, kind))) {
  const when = new Date().toISOString().replace(/[:.]/g, "-");
  const kept = path.join(state, "kept", when, fileOf(name, kind));
  mkdirSync(path.dirname(kept), { recursive: true });
  copyFileSync(file, kept);
  return path.relative(root, kept);
}

/**
 * Brings pairs in step.
 *
 * @param names of the pairs; all by default
 * @returns a line for each in which something was written
 * @throws SetupFailure if jupytext fails
 */
export async function bringInStep(names = pairNames()) {
  const isEdited = editsOf();
  const pairs = [];
  const told = [];
  for (const name of names) {
    const texts = Object.fromEntries(
      ["text", "notebook"].map((kind) => [kind, readFileSync(inRoot(fileOf(name, kind)), "utf8")]),
    );
    try {
      const [text, notebook] = ["text", "notebook"].map((kind) => isEdited(name, kind, texts[kind]));
      pairs.push({ name, texts, edited: { text, notebook } });
    } catch {
      told.push(`${fileOf(name, "notebook")} is no notebook that can be read, and is left as it is`);
    }
  }
  const changed = pairs.filter(({ edited }) => edited.text || edited.notebook);
  const fromTexts = await converted(changed.map(({ name, texts }) => ({ name, texts: { text: texts.text } })));
  for (const [at, { name, texts, edited }] of changed.entries()) {
    if (sourceOf(fromTexts[at].notebook) === sourceOf(texts.notebook)) continue;
    const both = edited.text && edited.notebook;
    const isTextLater = timeOf(name, "text") > timeOf(name, "notebook");
    const winner = (both ? isTextLater : edited.text) ? "text" : "notebook";
    const loser = winner === "text" ? "notebook" : "text";
    const [made] = await converted([{ name, texts, winner }]);
    const kept = both ? `; both were edited, the other is kept in ${keepCopy(name, loser)}` : "";
    if (!replaced(name, loser, texts[loser], made[loser])) continue; // somebody is writing in it: next time
    told.push(
      `${fileOf(name, loser)} follows ${fileOf(name, winner)}, which was edited ${both ? "later" : "alone"}${kept}`,
    );
  }
  for (const { name } of pairs) makeTextNewer(name);
  noteInStep(pairs.map(({ name }) => name));
  return told;
}

function replaced(name, kind, known, text) {
  const file = inRoot(fileOf(name, kind));
  if (readFileSync(file, "utf8") !== known) return false;
  const half = path.join(path.dirname(file), `.${path.basename(file)}.${process.pid}.half`);
  writeFileSync(half, text);
  renameSync(half, file);
  return true;
}

// By this JupyterLab finds them in step without reading both, and so does the look below.
function makeTextNewer(name) {
  const notebookMs = timeOf(name, "notebook");
  if (timeOf(name, "text") >= notebookMs) return;
  const time = new Date(Math.max(Date.now(), Math.ceil(notebookMs)));
  utimesSync(inRoot(fileOf(name, "text")), time, time);
}

/** What jupytext makes of pairs: of one half the other, of both the `winner` and its follower, with outputs kept. */
async function converted(pairs) {
  if (pairs.length === 0) return [];
  const folder = mkdtempSync(path.join(tmpdir(), "handoff-pairs-"));
  const inFolder = (name, kind) => path.join(folder, fileOf(name, kind));
  try {
    mkdirSync(path.join(folder, "notebooks", "text"), { recursive: true });
    copyFileSync(inRoot("jupytext.toml"), path.join(folder, "jupytext.toml"));
    for (const { name, texts, winner } of pairs)
      for (const [kind, text] of Object.entries(texts)) {
        writeFileSync(inFolder(name, kind), text);
        const time = new Date(Date.now() - (kind === winner ? 0 : 60_000));
        utimesSync(inFolder(name, kind), time, time);
      }
    const given = pairs.map(({ name, texts, winner }) => inFolder(name, winner ?? Object.keys(texts)[0]));
    const result = await run("jupytext", python, ["-m", "jupytext", "--sync", "--quiet", ...given], {
      cwd: folder,
      env: jupyterEnvironment(),
    });
    if (result.code !== 0) throw new SetupFailure(`notebooks and texts could not be compared (${result.log})`);
    return pairs.map(({ name }) =>
      Object.fromEntries(["text", "notebook"].map((kind) => [kind, readFileSync(inFolder(name, kind), "utf8")])),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * For a running JupyterLab, which writes both files at once: brings a pair in step whose notebook was written alone.
 *
 * @returns a function that looks; call it every second or two. It gives the lines of {@link bringInStep}.
 */
export function watchPairs() {
  const before = new Map();
  let busy = false;
  return async () => {
    if (busy) return [];
    busy = true;
    try {
      const alone = [];
      for (const name of pairNames()) {
        const [textMs, notebookMs] = [timeOf(name, "text"), timeOf(name, "notebook")];
        const times = `${textMs} ${notebookMs}`;
        const isSettled = before.get(name) === times; // nobody is just writing
        if (isSettled && notebookMs > textMs) alone.push(name);
        // Written within the same second, the text last: that was JupyterLab, and they are in step.
        else if (!isSettled && before.has(name) && textMs >= notebookMs && textMs - notebookMs < 1000)
          noteInStep([name]);
        before.set(name, times);
      }
      return alone.length > 0 ? await bringInStep(alone) : [];
    } finally {
      busy = false;
    }
  };
}
