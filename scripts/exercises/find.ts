/** Which cells of a notebook belong to which exercise: read from the source, without running it. */
import ts from "typescript";
import * as room from "../../kernel-lib/exercises/index.js";
import { type CodeCell, cellName, hasTag, type Notebook } from "../notebooks/format.js";

/** An exercise as a notebook's cells tell it. */
export interface FoundExercise {
  /** As in `exercise({ name })`, under which results are kept. */
  readonly name: string;
  readonly statement: string;
  /** What the prose before it says, in markdown. */
  readonly task: string;
  /** What cells call it: a variable, or `exercises.name` of the library. */
  readonly variable: string;
  /** The name of the cell that holds `exercise({ … })`; undefined if the library has it. */
  readonly definition: string | undefined;
  /** The names of the cells in which the reader answers. */
  readonly answers: readonly string[];
  /** The cells that solve it, in order. */
  readonly solutions: readonly { readonly cell: string; readonly source: string }[];
}

/**
 * The exercises of a notebook, in order: those that its cells define, and those of the library that they check.
 *
 * @throws if an exercise's name or statement is no plain text, so that it can't be read from the source, or the library does
 *   not have it.
 */
export function exercisesOf(notebook: Notebook): FoundExercise[] {
  const cells = notebook.cells.map((cell, index) => ({ cell, called: cellName(cell, index), index }));
  const code = cells.flatMap(({ cell, called, index }) => (cell.cell_type === "code" ? [{ cell, called, index }] : []));
  const checks = code.map(({ cell, called }) => ({ cell, called, variables: callsOfCheck(cell.source) }));
  const checking = (variable: string, tag: string) =>
    checks.filter(({ cell, variables }) => hasTag(cell, tag) && variables.includes(variable));
  const seen = new Set<string>();
  return code.flatMap(({ cell, called, index }) => {
    const defined = definedIn(cell, called).map((each) => ({ ...each, definition: called }));
    const ofLibrary = callsOfCheck(cell.source)
      .filter((variable) => variable.startsWith(namespace) && !seen.has(variable))
      .map((variable) => ({ variable, ...inLibrary(variable, called), definition: undefined }));
    return [...defined, ...ofLibrary].map(({ variable, name, statement, definition }) => {
      seen.add(variable);
      const prose = cells.slice(0, index).findLast((each) => each.cell.cell_type === "markdown");
      return {
        name,
        statement,
        variable,
        task: prose?.cell.source ?? "",
        definition,
        answers: checking(variable, "exercise").map((each) => each.called),
        solutions: checking(variable, "solution").map((each) => ({ cell: each.called, source: each.cell.source })),
      };
    });
  });
}

/** Before the names of the library's exercises. */
const namespace = "exercises.";

function inLibrary(variable: string, called: string): { name: string; statement: string } {
  const found: unknown = (room as Readonly<Record<string, unknown>>)[variable.slice(namespace.length)];
  const { name, statement } = (found ?? {}) as Partial<Record<"name" | "statement", unknown>>;
  if (typeof name === "string" && typeof statement === "string") return { name, statement };
  throw new Error(`cell "${called}" checks ${variable}, which is no exercise of kernel-lib`);
}

/** The calls `const variable = exercise({ name, statement, … })` of a cell. */
function definedIn(cell: CodeCell, called: string): { variable: string; name: string; statement: string }[] {
  return callsOf(cell.source, "exercise").flatMap((call) => {
    const { parent } = call;
    const [options] = call.arguments;
    if (!ts.isVariableDeclaration(parent) || !ts.isIdentifier(parent.name) || !options) return [];
    const text = (field: string): string => {
      const properties = ts.isObjectLiteralExpression(options) ? options.properties : [];
      const value = properties.find((each) => ts.isPropertyAssignment(each) && each.name.getText() === field);
      const written = value && ts.isPropertyAssignment(value) ? textOf(value.initializer) : undefined;
      if (written === undefined)
        throw new Error(`cell "${called}": the exercise's ${field} must be written there as a plain text`);
      return written;
    };
    return [{ variable: parent.name.text, name: text("name"), statement: text("statement") }];
  });
}

/** The exercises that a cell checks: variables, and `exercises.name` of the library. */
export function callsOfCheck(source: string): string[] {
  return callsOf(source, "check").flatMap(({ arguments: [first] }) => {
    if (!first) return [];
    if (ts.isIdentifier(first)) return [first.text];
    const isOfLibrary = ts.isPropertyAccessExpression(first) && first.expression.getText() === "exercises";
    return isOfLibrary ? [`${namespace}${first.name.text}`] : [];
  });
}

function callsOf(source: string, name: string): ts.CallExpression[] {
  const found: ts.CallExpression[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && ts.isIdentifier(node.expression) && node.expression.text === name)
      found.push(node);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile("cell.ts", source, ts.ScriptTarget.Latest, true));
  return found;
}

function textOf(node: ts.Expression): string | undefined {
  if (ts.isStringLiteralLike(node)) return node.text;
  if (!ts.isBinaryExpression(node) || node.operatorToken.kind !== ts.SyntaxKind.PlusToken) return undefined;
  const [left, right] = [textOf(node.left), textOf(node.right)];
  return left === undefined || right === undefined ? undefined : left + right;
}
