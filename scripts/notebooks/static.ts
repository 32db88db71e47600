/** What can be said of notebooks without running them: type errors of all cells as one module, and lint. */
import { execFile, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import ts from "typescript";
import { inRoot, root } from "../setup/paths.mjs";
import type { Problem } from "./rules.js";
import { placeOf } from "./text.js";

function problemAt(file: string, line: number, column: number, message: string): Problem {
  const place = placeOf(readFileSync(file, "utf8"), line);
  const notebook = path.basename(file, ".ts");
  return { notebook, cell: place.cell, message: `line ${place.line}, column ${column}: ${message}` };
}

/** Type errors in the given texts (absolute paths), by the root's strict settings. */
export function typeProblems(files: readonly string[]): Problem[] {
  const config = ts.readConfigFile(inRoot("tsconfig.json"), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config.config, { ...ts.sys, readDirectory: () => [] }, root);
  const found = ts.createProgram([...files], options);
  return files.flatMap((file) => {
    const source = found.getSourceFile(file);
    return [...found.getSyntacticDiagnostics(source), ...found.getSemanticDiagnostics(source)].map((each) => {
      const message = `${ts.flattenDiagnosticMessageText(each.messageText, "\n  ")} (TS${each.code})`;
      if (!each.file || each.start === undefined) return { notebook: path.basename(file, ".ts"), message };
      const { line, character } = each.file.getLineAndCharacterOfPosition(each.start);
      return problemAt(file, line + 1, character + 1, message);
    });
  });
}

/** What Biome finds in the given texts (absolute paths), by the checkout's rules for notebooks. */
export async function lintProblems(files: readonly string[]): Promise<Problem[]> {
  if (files.length === 0) return [];
  // Biome reads no file outside its configuration's folder, and none that git ignores.
  const folder = await mkdtemp(path.join(tmpdir(), "handoff-lint-"));
  try {
    const copies = new Map(files.map((file) => [path.join("notebooks", "text", path.basename(file)), file]));
    await mkdir(path.join(folder, "notebooks", "text"), { recursive: true });
    for (const [copy, file] of copies) await copyFile(file, path.join(folder, copy));
    const { vcs: _vcs, ...settings } = JSON.parse(await readFile(inRoot("biome.json"), "utf8"));
    await writeFile(path.join(folder, "biome.json"), JSON.stringify(settings));
    const args = ["check", "--error-on-warnings", "--reporter=github", "--max-diagnostics=none", "notebooks"];
    const { code, output } = await biome(args, folder);
    const found = output.split("\n").flatMap((line) => reported(line, copies));
    if (code !== 0 && found.length === 0) throw new Error(`Biome failed: ${output.trim()}`);
    return found;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function reported(line: string, copies: ReadonlyMap<string, string>): Problem[] {
  const fields = /^::\w+ title=([^,]*),file=([^,]*),line=(\d+),.*?col=(\d+).*?::(.*)$/.exec(line);
  if (!fields) return [];
  const [, rule, file = "", row, column, message = ""] = fields;
  const name = path.join("notebooks", "text", path.basename(file));
  const text = message.replace(/%0A/gi, " ").replace(/%25/g, "%");
  return [problemAt(copies.get(name) ?? file, Number(row), Number(column), `${text} (${rule})`)];
}

function biome(args: readonly string[], cwd: string): Promise<{ code: number; output: string }> {
  const program = inRoot("node_modules", "@biomejs", "biome", "bin", "biome");
  return new Promise((resolve) => {
    execFile(process.execPath, [program, ...args], { cwd }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code ?? 1) : 0, output: stdout + stderr }),
    );
  });
}

/** A text in the project's form; as it is if it can't be parsed. */
export function formatted(text: string): string {
  const program = inRoot("node_modules", "@biomejs", "biome", "bin", "biome");
  const args = [program, "format", "--stdin-file-path=notebooks/text/notebook.ts"];
  const { status, stdout } = spawnSync(process.execPath, args, { cwd: root, input: text, encoding: "utf8" });
  return status === 0 ? stdout : text;
}
