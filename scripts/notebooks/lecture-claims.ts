/** Which cells show what the lecture says: cells are tagged `claim:<id>`, the ids stand in `notebooks/lecture-claims.json`. */
import { readFileSync } from "node:fs";
import { inRoot } from "../setup/paths.mjs";
import { cellName, type Notebook } from "./format.js";
import type { ByName } from "./jupytext.js";
import { isLive, type Problem } from "./rules.js";

/** A sentence of the lecture. */
export interface LectureClaim {
  readonly id: string;
  /** The notebook that is to show it. */
  readonly notebook: string;
  readonly portuguese: string;
  readonly english: string;
}

export interface LectureClaims {
  readonly source: string;
  /** Notebooks that show all their claims. */
  readonly finished: readonly string[];
  readonly rows: readonly LectureClaim[];
}

export function lectureClaims(): LectureClaims {
  return JSON.parse(readFileSync(inRoot("notebooks", "lecture-claims.json"), "utf8")) as LectureClaims;
}

/** A cell that shows a claim: predicted in virtual time or by theory, or live on this machine. */
export interface Showing {
  readonly claim: string;
  readonly notebook: string;
  readonly cell: string;
  readonly how: "predicted" | "live";
}

const prefix = "claim:";

/** The code cells that show claims, in the notebooks' order. */
export function showings(notebooks: ByName<Notebook>): Showing[] {
  return [...notebooks].flatMap(([notebook, { cells }]) =>
    cells.flatMap((cell, at) =>
      claimTags(cell.cell_type === "code" ? cell.metadata.tags : []).map((claim) => ({
        claim,
        notebook,
        cell: cellName(cell, at),
        how: isLive(cell) ? ("live" as const) : ("predicted" as const),
      })),
    ),
  );
}

const claimTags = (tags: readonly string[] = []) =>
  tags.filter((tag) => tag.startsWith(prefix)).map((tag) => tag.slice(prefix.length));

/** Unknown ids, claims that only prose is tagged with, and claims of finished notebooks that no cell shows. */
export function coverageProblems({ rows, finished }: LectureClaims, notebooks: ByName<Notebook>): Problem[] {
  const found: Problem[] = [];
  const known = new Set(rows.map(({ id }) => id));
  for (const [notebook, { cells }] of notebooks)
    cells.forEach((cell, at) => {
      for (const id of claimTags(cell.metadata.tags)) {
        const say = (message: string) => found.push({ notebook, cell: cellName(cell, at), message });
        if (!known.has(id)) say(`the lecture has no claim ${id}${near(id, [...known])}`);
        else if (cell.cell_type !== "code") say(`prose can't show the claim ${id}: tag the code cell that does`);
      }
    });
  const shown = new Set(showings(notebooks).map(({ claim }) => claim));
  for (const notebook of finished) {
    const own = rows.filter((claim) => claim.notebook === notebook);
    if (!notebooks.has(notebook) || own.length === 0)
      found.push({ notebook, message: "is said to be finished but is not there, or has no claims" });
    for (const { id } of own.filter((claim) => !shown.has(claim.id)))
      found.push({ notebook, message: `no cell shows the claim ${id}` });
  }
  return found;
}

function near(id: string, known: readonly string[]): string {
  const [group = ""] = id.split(".");
  const others = known.filter((each) => each.startsWith(`${id}.`) || each.startsWith(`${group}.`));
  return others.length > 0 ? `; it has ${others.join(", ")}` : "";
}

/** The table claim → cells, as Markdown. */
export function coverageTable({ rows, source }: LectureClaims, notebooks: ByName<Notebook>): string {
  const all = showings(notebooks);
  const cellsOf = (claim: LectureClaim, how: Showing["how"]) =>
    all
      .filter((each) => each.claim === claim.id && each.how === how)
      .map(({ notebook, cell }) => (notebook === claim.notebook ? cell : `${notebook.slice(0, 2)}: ${cell}`))
      .join(", ");
  const count = (how: Showing["how"]) => new Set(all.filter((each) => each.how === how).map(({ claim }) => claim)).size;
  const row = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [
    "# What the lecture says, and the cells that show it",
    "",
    source,
    "",
    `${rows.length} claims: ${count("predicted")} predicted, ${count("live")} live.`,
    "",
    row(["claim", "the lecture", "notebook", "predicted", "live"]),
    row(["---", "---", "---", "---", "---"]),
    ...rows.map((claim) =>
      row([claim.id, claim.english, claim.notebook, cellsOf(claim, "predicted"), cellsOf(claim, "live")]),
    ),
    "",
  ].join("\n");
}
