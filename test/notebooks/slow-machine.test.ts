import { writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { declaredIn, needsOf } from "../../scripts/exercises/needs.js";
import { NotebookFolder } from "../../scripts/notebooks/files.js";
import type { CodeCell } from "../../scripts/notebooks/format.js";
import { newFolder, removeFolders } from "./support.js";

const test = suite("live cells on a slow machine");
test.after(removeFolders);

/** What `runLive` takes at most, unless it is told otherwise. */
const maxRealMs = 10_000;

/** How long the live runs of a cell are planned to be, if earlier cells had measured what is told in place of this machine's. */
async function lengthsOf(notebook: string, cell: string, measured: Readonly<Record<string, unknown>>) {
  const code = (new NotebookFolder().notebook(notebook)?.cells ?? []).filter(
    (each): each is CodeCell => each.cell_type === "code",
  );
  const at = code.findIndex(({ metadata }) => metadata.name === cell);
  const kept = code.slice(0, at + 1).filter(({ source }) => ![...declaredIn(source)].some((name) => name in measured));
  const needed = needsOf(
    kept.map(({ source }) => source),
    [kept.length - 1],
  ).map((index) => kept[index]?.source ?? "");
  const given = Object.entries(measured).map(([name, value]) => `const ${name} = ${JSON.stringify(value)};`);
  const plan = `
export const lengthsMs: number[] = [];
const planned = async (scenario: never, { timeScale = 1 }: { timeScale?: number }) => {
  const predicted = await simulate(scenario, { seed: 1, trace: "none" });
  lengthsMs.push(predicted.endMs * timeScale);
  return { ...predicted, predicted };
};`;
  const file = path.join(newFolder(), `${cell}.ts`);
  writeFileSync(file, [...given, plan, ...needed].join("\n").replace(/\brunLive\(/g, "planned("));
  return ((await import(pathToFileURL(file).href)) as { lengthsMs: number[] }).lengthsMs;
}

for (const processMs of [30, 100, 400, 1000, 2000])
  test(`03 costs-live stays within what a run may take where a process starts in ${processMs} ms`, async () => {
    const costs = [0.01, processMs / 4, processMs].map((medianMs) => ({ medianMs }));
    const lengths = await lengthsOf("03-server-organization", "costs-live", { costs });
    assert.is(lengths.length, 6);
    assert.ok(Math.max(...lengths) <= maxRealMs, lengths.join(", "));
  });

test.run();
