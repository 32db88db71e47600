import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { exercises } from "kernel-lib";
import ts from "typescript";
import type { NotebookFolder } from "../../scripts/notebooks/files.js";
import type { AnyExercise, record } from "./check-recorder.js";
import { newFolder } from "./support.js";

/** What came of running a notebook's exercises and solutions. */
export interface LoadedExercises extends ReturnType<typeof record> {
  /** What the cells declare, by name. */
  readonly values: Readonly<Record<string, unknown>>;
}

const recorder = fileURLToPath(new URL("check-recorder.ts", import.meta.url));

/** Runs the cells of a notebook that belong to exercises, and those whose names they use, and no other. */
export async function loadExercises(folder: NotebookFolder, name: string): Promise<LoadedExercises> {
  const file = path.join(newFolder(), `${name}.ts`);
  writeFileSync(file, moduleOf(folder.textFile(name)));
  const { record } = (await import(pathToFileURL(recorder).href)) as typeof import("./check-recorder.js");
  const seen = record();
  const values = (await import(pathToFileURL(file).href)) as Record<string, unknown>;
  // What the library has for this notebook and no cell checks.
  for (const each of Object.values(exercises) as (AnyExercise | undefined)[])
    if (each?.name?.startsWith(name.slice(0, 3)) && !seen.defined.includes(each)) seen.defined.push(each);
  return { ...seen, values };
}

interface CodeCell {
  readonly name: string;
  readonly isExercise: boolean;
  readonly statements: readonly ts.Statement[];
}

function moduleOf(file: string): string {
  const program = ts.createProgram([file], { noLib: true, noResolve: true, target: ts.ScriptTarget.ESNext, types: [] });
  const source = program.getSourceFile(file);
  if (!source) throw new Error(`${file} can't be read`);
  const checker = program.getTypeChecker();
  const needed = withWhatTheyUse(cellsOf(source), checker);
  const names = needed.flatMap(({ statements }) => statements.flatMap(declaredBy));
  const body = needed.map(({ name, statements }) => {
    const text = statements.map((statement) => textWithoutChecks(statement, source)).join("\n");
    return `enter(${JSON.stringify(name)});\n${text}`;
  });
  const head = `import { check, enter, exercise } from ${JSON.stringify(pathToFileURL(recorder).href)};`;
  return `${head}\n${body.join("\n\n")}\nexport { ${names.join(", ")} };\n`;
}

function cellsOf(source: ts.SourceFile): CodeCell[] {
  const text = readFileSync(source.fileName, "utf8");
  const marks = [...text.matchAll(/^\/\/ %%(.*)$/gm)];
  return marks.flatMap((mark, i) => {
    const [from, to] = [mark.index, marks[i + 1]?.index ?? text.length];
    const head = mark[1] ?? "";
    if (head.includes("[markdown]")) return [];
    const statements = source.statements.filter((each) => each.getStart(source) >= from && each.getStart(source) < to);
    const name = /name="([^"]*)"/.exec(head)?.[1] ?? "";
    return [{ name, isExercise: /"(exercise|solution)"/.test(head), statements }];
  });
}

/** The cells of exercises, and in their order all cells that declare what these use, and so on. */
function withWhatTheyUse(cells: readonly CodeCell[], checker: ts.TypeChecker): CodeCell[] {
  const cellOf = new Map(cells.flatMap((cell) => cell.statements.map((statement) => [statement, cell] as const)));
  const needed = new Set<CodeCell>();
  const need = (cell: CodeCell | undefined): void => {
    if (!cell || needed.has(cell)) return;
    needed.add(cell);
    const visit = (node: ts.Node): void => {
      if (ts.isIdentifier(node)) for (const each of declarationsOf(node, checker)) need(cellOf.get(topLevel(each)));
      ts.forEachChild(node, visit);
    };
    cell.statements.forEach(visit);
  };
  for (const cell of cells) if (cell.isExercise) need(cell);
  return cells.filter((cell) => needed.has(cell));
}

function declarationsOf(node: ts.Identifier, checker: ts.TypeChecker): readonly ts.Declaration[] {
  const symbol = ts.isShorthandPropertyAssignment(node.parent)
    ? checker.getShorthandAssignmentValueSymbol(node.parent)
    : checker.getSymbolAtLocation(node);
  return symbol?.declarations ?? [];
}

function topLevel(node: ts.Node): ts.Statement {
  let at = node;
  while (at.parent && !ts.isSourceFile(at.parent)) at = at.parent;
  return at as ts.Statement;
}

/** `check` and `exercise` are the recorder's: the library's get other names. */
function textWithoutChecks(statement: ts.Statement, source: ts.SourceFile): string {
  const text = statement.getText(source);
  const isImport = ts.isImportDeclaration(statement) && statement.moduleSpecifier.getText(source) === '"kernel-lib"';
  return isImport ? text.replace(/(?<=[{,]\s*)(check|exercise)(?=\s*[,}])/g, "$1 as library_$1") : text;
}

function declaredBy(statement: ts.Statement): string[] {
  if (ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement))
    return statement.name ? [statement.name.text] : [];
  if (!ts.isVariableStatement(statement)) return [];
  const names = (name: ts.BindingName): string[] =>
    ts.isIdentifier(name)
      ? [name.text]
      : name.elements.flatMap((element) => (ts.isOmittedExpression(element) ? [] : names(element.name)));
  return statement.declarationList.declarations.flatMap(({ name }) => names(name));
}
