import { claimsMime, tableMime } from "kernel-lib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { checkNotebooks } from "../../scripts/notebooks/check.js";
import { checkAll } from "../../scripts/notebooks/check-all.js";
import { type CodeCell, isShown, type Notebook } from "../../scripts/notebooks/format.js";
import { makeNotebooks } from "../../scripts/notebooks/make.js";
import { wording } from "../../scripts/notebooks/rules.js";
import { runNotebook } from "../../scripts/notebooks/run.js";
import { folderOf, header, prepare, quietly, removeFolders, wholeText, withCell } from "./support.js";

const test = suite("the check of notebooks");

interface Broken {
  /** What the check must say. */
  readonly says: RegExp;
  /** The committed notebook, made from the whole one. */
  readonly notebook?: (whole: Notebook) => Notebook;
  readonly text?: string;
  /** True if the kernel must run it; else it is as if the whole notebook had been run. */
  readonly runs?: boolean;
}

const table = (cell: CodeCell): Record<string, unknown>[] =>
  cell.outputs.flatMap((output) =>
    isShown(output) ? ((output.data[tableMime] ?? []) as Record<string, unknown>[]) : [],
  );

const changed = (name: string, change: (cell: CodeCell) => void) => (whole: Notebook) => withCell(whole, name, change);

const without = (name: string) => (whole: Notebook) => ({
  ...whole,
  cells: whole.cells.filter((cell) => cell.metadata.name !== name),
});

const broken: Readonly<Record<string, Broken>> = {
  "a wrong number in a table": {
    says: /cell "rows": the data's row 2 must have waitMs = 2\.7, got 2\.71828/,
    notebook: changed("rows", (cell) => Object.assign(table(cell)[1] ?? {}, { waitMs: 2.7 })),
  },
  "a wrong column of a figure": {
    says: /cell "rows": the data's columns must be delayMs, load, got load, waitMs/,
    notebook: changed("rows", (cell) => {
      for (const row of table(cell)) {
        row.delayMs = row.waitMs;
        delete row.waitMs;
      }
    }),
  },
  "a missing row": {
    says: /cell "rows": the data must have 2 rows, got 3/,
    notebook: changed("rows", (cell) => {
      for (const output of cell.outputs) if (isShown(output)) (output.data[tableMime] as unknown[]).pop();
    }),
  },
  "a changed text output": {
    says: /cell "text": the text must have in line 2 "of prose", got "of text"/,
    notebook: changed("text", (cell) => {
      for (const output of cell.outputs) if (output.output_type === "stream") output.text = "two lines\nof prose\n";
    }),
  },
  "a missing output": {
    says: /cell "text": the outputs must be none, got stdout/,
    notebook: changed("text", (cell) => cell.outputs.splice(0)),
  },
  "a changed error": {
    says: /cell "fails": the error must have in line 1 "RangeError: on purpose"/,
    notebook: changed("fails", (cell) => {
      for (const output of cell.outputs)
        if (output.output_type === "error") output.traceback[0] = "RangeError: on purpose";
    }),
  },
  "a missing cell": { says: /cell "text": stands in the text but not in the notebook/, notebook: without("text") },
  "a missing prose cell": { says: /cell "title": stands in the text but not/, notebook: without("title") },
  "a stale text": {
    says: /cell "text": differs between the text and the notebook/,
    text: wholeText.replace("two lines", "2 lines"),
  },
  "a stale tag": {
    says: /cell "stated": differs between the text and the notebook/,
    text: wholeText.replace("servers.waits-grow", "servers.waits-shrink"),
  },
  "cells in another order": {
    says: /the cells stand in another order than in the text/,
    notebook: (whole) => ({
      ...whole,
      cells: [whole.cells[0], ...whole.cells.slice(1).reverse()] as Notebook["cells"],
    }),
  },
  "an error output": {
    runs: true,
    says: /cell "boom": RangeError: too far\n.*line 1, column 7/,
    text: `${wholeText}\n// %% name="boom"\nthrow new RangeError("too far");\n`,
  },
  "a committed error output": {
    says: /cell "text": the committed outputs hold an error: RangeError: too far/,
    notebook: changed("text", (cell) =>
      cell.outputs.push({ output_type: "error", ename: "RangeError", evalue: "too far", traceback: [] }),
    ),
  },
  "an expected error that does not come": {
    runs: true,
    says: /cell "fails": was to fail \(tag raises-exception\) but did not/,
    text: wholeText.replace('throw new TypeError("on purpose");', "rows.length;"),
  },
  "a claim that fails": {
    runs: true,
    says: /cell "stated": the claim does not hold: waits grow/,
    text: wholeText.replace("> rows[0]!", "< rows[0]!"),
  },
  "a live claim that fails": {
    runs: true,
    says: /cell "measured": the claim does not hold: a timer is not early/,
    text: wholeText.replace("tookMs > 19", "tookMs > 1900"),
  },
  "a live cell with another column": {
    says: /cell "measured": the data's columns must be lateMs, got tookMs/,
    notebook: changed("measured", (cell) => {
      for (const output of cell.outputs)
        if (isShown(output) && tableMime in output.data) output.data[tableMime] = [{ lateMs: 1 }];
    }),
  },
  "a missing id": {
    says: /cell "text": has no id/,
    notebook: changed("text", (cell) => {
      delete cell.id;
    }),
  },
  "a random id": {
    says: /cell "text": the id must be the name, got "a1b2c3d4"/,
    notebook: changed("text", (cell) => {
      cell.id = "a1b2c3d4";
    }),
  },
  "a cell that was run out of order": {
    says: /cell "rows": the execution count must be 3, got 7/,
    notebook: changed("rows", (cell) => {
      cell.execution_count = 7;
    }),
  },
  "duplicate names": {
    says: /cell "text": the name stands twice/,
    text: `${wholeText}\n// %% name="text"\nrows.length;\n`,
  },
  "a cell without a name": {
    says: /cell "cell 8": has no name/,
    text: `${wholeText}\n// %%\nrows.length;\n`,
  },
  "an unknown tag": {
    says: /cell "measured": the tag "Live" is none of live, raises-exception/,
    text: wholeText.replace('["live"]', '["Live"]'),
  },
  "prose in a code cell": {
    says: /cell "text": a comment of more than 3 lines/,
    text: wholeText.replace('console.log("two', '// a\n// b\n// c\n// d\nconsole.log("two'),
  },
  "a long cell that is shown and does not say why": {
    says: /cell "long": 13 lines to read, and 12 at most: split it, fold it/,
    text: `${wholeText}\n// %% name="long"\n${"rows.length;\n".repeat(13)}`,
  },
  "a solution whose first line is seen": {
    says: /cell "answer": a solution must be folded and begin with a comment/,
    text: `${wholeText}\n// %% jupyter={"source_hidden": true} name="answer" tags=["solution"]\nrows.length;\n`,
  },
  "a solution that is not folded": {
    says: /cell "answer": a solution must be folded and begin with a comment/,
    text: `${wholeText}\n// %% name="answer" tags=["solution"]\n// A solution.\nrows.length;\n`,
  },
  "a type error": {
    says: /cell "stated": line 1, column 30: Property 'waitS' does not exist .* \(TS2551\)/,
    text: wholeText.replace("rows[2]!.waitMs", "rows[2]!.waitS"),
  },
  "a name used in two cells": {
    says: /cell "later": line 2, column 7: Cannot redeclare block-scoped variable 'rows'. \(TS2451\)/,
    text: `${wholeText}\n// %% name="later"\nrows.length;\nconst rows = 3;\n`,
  },
  "a lint error": {
    says: /cell "text": line 1, column 7: .*\(lint\/correctness\/noUnusedVariables\)/,
    text: wholeText.replace('console.log("two', 'const unused = 1;\nconsole.log("two'),
  },
  "a path of this machine": {
    says: /cell "text": the committed outputs hold a path of this machine: \/home\/ana\/work/,
    notebook: changed("text", (cell) => {
      cell.outputs = [{ output_type: "stream", name: "stdout", text: "at /home/ana/work/x.ts:3\n" }];
    }),
  },
  "another kernel": {
    says: /the kernel must be handoff, got "tslab"/,
    text: wholeText.replace("name: handoff", "name: tslab"),
  },
  "a notebook without its file": { says: /is missing: run npm run notebooks/, notebook: () => undefined as never },
  "a notebook file that is none": {
    says: /not a notebook of nbformat 4/,
    notebook: (whole) => ({ ...whole, nbformat: 3 }),
  },
};

const nameOf = (what: string) => `99-${what.replaceAll(" ", "-")}`;
const said = new Map<string, string[]>();
let made: { notebook: Notebook; text: string };

prepare(test, async () => {
  const whole = folderOf({ "99-whole": { text: wholeText } });
  const { value, printed } = await quietly(() => makeNotebooks(whole, ["99-whole"]));
  if (!value) throw new Error(`the whole notebook could not be made:\n${printed}`);
  const notebook = whole.notebook("99-whole") as Notebook;
  const text = whole.text("99-whole") as string;
  made = { notebook, text };
  const entries = Object.entries(broken).map(([what, { notebook: change, text: other }]) => {
    const made = change ? change(notebook) : notebook;
    return [nameOf(what), { text: other ?? text, ...(made ? { notebook: made } : {}) }] as const;
  });
  const folder = folderOf({ "99-whole": { text, notebook }, ...Object.fromEntries(entries) });
  const ran = { notebook, problems: [], durationsMs: new Map() };
  const real = new Set([
    "99-whole",
    ...Object.keys(broken)
      .filter((what) => broken[what]?.runs)
      .map(nameOf),
  ]);
  const run: typeof runNotebook = async (name, ...rest) => (real.has(name) ? await runNotebook(name, ...rest) : ran);
  for (const { name, problems } of await checkNotebooks(folder, folder.names(), { run }))
    said.set(name, problems.map(wording));
});
test.after(removeFolders);

test("a whole notebook passes", () => assert.equal(said.get("99-whole"), []));

for (const [what, { says }] of Object.entries(broken))
  test(`${what} is caught`, () => {
    const found = said.get(nameOf(what)) ?? ["not checked"];
    assert.ok(
      found.some((line) => says.test(line)),
      `${says} stands in none of:\n${found.join("\n")}`,
    );
  });

/** Checks the whole notebook as if its runs had given these, the last of them for ever; the check is told in lines. */
async function checkRuns(...runs: readonly ((whole: Notebook) => Notebook)[]) {
  const folder = folderOf({ "99-whole": { text: made.text, notebook: made.notebook } });
  let count = 0;
  const run: typeof runNotebook = async () => {
    const change = runs[Math.min(count++, runs.length - 1)] ?? ((whole) => whole);
    return { notebook: change(made.notebook), problems: [], durationsMs: new Map() };
  };
  const { value, printed } = await quietly(() =>
    checkAll(folder, folder.names(), { run, edited: new Set(), lint: false }),
  );
  return { passed: value, printed, count };
}

const breakClaims = (name: string) =>
  changed(name, (cell) => {
    for (const output of cell.outputs)
      for (const claim of (isShown(output) && (output.data[claimsMime] as { holds: boolean }[])) || [])
        claim.holds = false;
  });
const asMade = (whole: Notebook) => whole;

test("a live claim that fails once is tried again, and the line says so", async () => {
  const { passed, printed, count } = await checkRuns(breakClaims("measured"), asMade);
  assert.is(count, 2);
  assert.ok(passed);
  assert.match(
    printed,
    /passed in a second run, after live claims had failed\n {4}at first: .*"measured": the claim does not/,
  );
});

test("a live claim that fails twice has failed, and is not tried a third time", async () => {
  const { passed, printed, count } = await checkRuns(breakClaims("measured"));
  assert.is(count, 2);
  assert.not.ok(passed);
  assert.match(printed, "1 problem in a second run, after live claims had failed");
});

test("nothing else is tried again: no other claim, no other difference, not beside a live claim either", async () => {
  const text = changed("text", (cell) => cell.outputs.splice(0));
  const column = changed("measured", (cell) => {
    for (const row of table(cell)) row.lateMs = 1;
  });
  for (const change of [
    breakClaims("stated"),
    text,
    column,
    (whole: Notebook) => text(breakClaims("measured")(whole)),
  ]) {
    const { passed, count } = await checkRuns(change, asMade);
    assert.is(count, 1);
    assert.not.ok(passed);
  }
});

test("a notebook that passes is run once", async () => assert.is((await checkRuns(asMade)).count, 1));

const hangs: Readonly<Record<string, string>> = {
  "a busy loop": "for (;;) {}",
  "a pending await": "await new Promise(() => {});",
  "a busy loop that catches everything": "for (;;) try { for (;;) {} } catch {}",
};

test("a hanging cell is stopped at its limit, named, and nothing after it is run", async () => {
  const entries = Object.entries(hangs).map(([what, code]) => {
    const text = `${header}\n// %% name="hang"\n${code}\n\n// %% name="after"\nconsole.log("after");\n`;
    return [nameOf(what), { text }] as const;
  });
  const folder = folderOf(Object.fromEntries(entries));
  const reports = await checkNotebooks(folder, folder.names(), { limitMs: 3000, lint: false });
  assert.is(reports.length, 3);
  for (const { problems, durationMs } of reports) {
    assert.ok(problems.map(wording).some((line) => /cell "hang": took more than 3 s and was stopped/.test(line)));
    assert.ok(durationMs < 30_000, `took ${durationMs} ms`);
  }
});

test("the lines of a failure say how to run its cell alone, and that runs no cell behind it", async () => {
  const wrong = changed("text", (cell) => Object.assign(cell, { outputs: [] }))(made.notebook);
  const folder = folderOf({ "99-whole": { text: made.text, notebook: wrong } });
  const ran: string[][] = [];
  const run: typeof runNotebook = async (_name, source) => {
    const names = source.cells.map(({ metadata }) => String(metadata.name));
    ran.push(names);
    const cells = made.notebook.cells.filter(({ metadata }) => names.includes(String(metadata.name)));
    return { notebook: { ...made.notebook, cells }, problems: [], durationsMs: new Map() };
  };
  const options = { run, edited: new Set<string>(), lint: false };
  const whole = await quietly(() => checkAll(folder, folder.names(), options));
  assert.match(whole.printed, /^ {4}to run that cell .*: npm run notebooks -- --check 99-whole --cell text$/m);
  const alone = await quietly(() => checkAll(folder, folder.names(), { ...options, cell: "text" }));
  assert.is(alone.value, false);
  assert.equal(ran.at(-1), ["title", "imports", "text"]);
  const none = await quietly(() => checkAll(folder, folder.names(), { ...options, cell: "nosuch" }));
  assert.match(none.printed, /has no cell "nosuch"; there are title, imports, text/);
});

test("what a reader edited is named and shown, and does not count", async () => {
  const folder = folderOf({ "99-mine": { text: `${header}\n// %% name="one"\nconsole.log("mine");\n` } });
  const edited = new Set(["99-mine"]);
  const lenient = await quietly(() => checkAll(folder, folder.names(), { edited }));
  assert.is(lenient.value, true);
  assert.match(lenient.printed, /99-mine .* edited since it was shipped: 1 problem, not counted\n.*is missing/);
  const strict = await quietly(() => checkAll(folder, folder.names(), { edited, strict: true }));
  assert.is(strict.value, false);
});

test.run();
