import { mkdirSync, writeFileSync } from "node:fs";
import { datasets } from "kernel-lib";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { NotebookFolder } from "../../scripts/notebooks/files.js";
import type { Cell, Notebook } from "../../scripts/notebooks/format.js";
import {
  coverageProblems,
  coverageTable,
  type LectureClaims,
  lectureClaims,
  showings,
} from "../../scripts/notebooks/lecture-claims.js";
import { wording } from "../../scripts/notebooks/rules.js";
import { inRoot } from "../../scripts/setup/paths.mjs";

const folder = new NotebookFolder();
const notebooks = new Map(
  folder.names().flatMap((name) => {
    const notebook = folder.notebook(name);
    return notebook ? [[name, notebook] as const] : [];
  }),
);

test("every claim of a finished notebook is shown by a cell, and every tagged claim is the lecture's", () => {
  const claims = lectureClaims();
  mkdirSync(inRoot("build"), { recursive: true });
  writeFileSync(inRoot("build", "claims.md"), coverageTable(claims, notebooks));
  const found = coverageProblems(claims, notebooks).map(wording);
  assert.ok(found.length === 0, found.join("\n"));
});

test("every claim has its own id, a sentence, a translation and one of the eleven lessons", () => {
  const { rows } = lectureClaims();
  assert.is(new Set(rows.map(({ id }) => id)).size, rows.length);
  assert.is(new Set(rows.map(({ portuguese, notebook }) => `${notebook} ${portuguese}`)).size, rows.length);
  for (const { id, notebook, portuguese, english } of rows) {
    assert.match(id, /^[a-z]+(\.[a-z]+(-[a-z]+)*)+$/);
    assert.match(notebook, /^(0[1-9]|1[01])-[a-z]+(-[a-z]+)*$/);
    assert.ok(portuguese.length > 10 && english.length > 10, id);
  }
  assert.is(new Set(rows.map(({ notebook }) => notebook)).size, 11);
});

test("the claims are the lecture's own words, and no dataset", () => {
  assert.not.ok(datasets().includes("lecture-claims"));
  const { rows, source } = lectureClaims();
  assert.match(source, /ACH2147.*Aula 08.*Norton Trevisan Roman.*2022.*van Steen and A\. S\. Tanenbaum/);
  const claim = rows.find(({ id }) => id === "servers.iterative.handles-each-before-next");
  assert.is(claim?.portuguese, "Cada requisição é tratada antes de atender a próxima");
});

const claims: LectureClaims = {
  source: "a lecture",
  finished: ["01-a"],
  rows: ["a.shown", "a.live", "a.missing"].map((id) => ({ id, notebook: "01-a", portuguese: id, english: id })),
};

const cell = (name: string, tags: string[], cell_type: "code" | "markdown" = "code"): Cell =>
  ({ cell_type, metadata: { name, tags }, source: "1;", outputs: [], execution_count: 1 }) as Cell;

const notebook = (...cells: Cell[]): Notebook => ({ cells, metadata: {}, nbformat: 4, nbformat_minor: 5 });

const some = new Map([
  ["01-a", notebook(cell("one", ["claim:a.shown"]), cell("said", ["claim:a.missing"], "markdown"))],
  ["02-b", notebook(cell("two", ["live", "claim:a.live", "claim:a.shown"]), cell("three", ["claim:a.unknown"]))],
]);

test("a claim that no cell shows is found in a finished notebook only, and prose shows none", () => {
  const found = coverageProblems(claims, some).map(wording);
  assert.equal(found, [
    `01-a, cell "said": prose can't show the claim a.missing: tag the code cell that does`,
    `02-b, cell "three": the lecture has no claim a.unknown; it has a.shown, a.live, a.missing`,
    "01-a: no cell shows the claim a.missing",
  ]);
  const unfinished = coverageProblems({ ...claims, finished: [] }, some).map(wording);
  assert.equal(unfinished, found.slice(0, 2));
});

test("a notebook that is called finished must be there", () => {
  const found = coverageProblems({ ...claims, finished: ["03-c"] }, some).map(wording);
  assert.is(found.at(-1), "03-c: is said to be finished but is not there, or has no claims");
});

test("a cell shows a claim live if it is tagged live, else predicted", () => {
  assert.equal(
    showings(some).map(({ claim, cell: shownBy, how }) => `${claim} ${shownBy} ${how}`),
    ["a.shown one predicted", "a.live two live", "a.shown two live", "a.unknown three predicted"],
  );
  assert.match(coverageTable(claims, some), /^\| a\.shown \| a\.shown \| 01-a \| one \| 02: two \|$/m);
});

test.run();
