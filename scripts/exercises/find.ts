/** Which cells of a notebook belong to which exercise: read from the source, without running it. */
import ts from "typescript";
import { type CodeCell, cellName, hasTag, type Notebook } from "../notebooks/format.js";

/** An exercise as a notebook's cells tell it. */
export interface FoundExercise {
  /** As in `exercise({ name })`, under which results are kept. */
  readonly name: string;
  readonly statement: string;
  /** What the prose before it says, in markdown. */
  readonly task: string;
  /** The variable that holds it. */
  readonly variable: string;
  /** The name of the cell that holds `exercise({ … })`. */
  readonly definition: string;
  /** The names of the cells in which the reader answers. */
  readonly answers: readonly string[];
  /** The cells that solve it, in order. */
  readonly solutions: readonly { readonly cell: string; readonly source: string }[];
}

/**
 * The exercises of a notebook, in order.
 *
 * @throws if an exercise's name or statement is no plain text, so that it can't be read from the source.
 */
export function exercisesOf(notebook: Notebook): FoundExercise[] {
  const cells = notebook.cells.map((cell, index) => ({ cell, called: cellName(cell, index), index }));
  const code = cells.flatMap(({ cell, called, index }) => (cell.cell_type === "code" ? [{ cell, called, index }] : []));
  const checks = code.map(({ cell, called }) => ({ cell, called, variables: callsOfCheck(cell.source) }));
  const checking = (variable: string, tag: string) =>
    checks.filter(({ cell, variables }) => hasTag(cell, tag) && variables.includes(variable));
  return code.flatMap(({ cell, called, index }) =>
    definedIn(cell, called).map(({ variable, name, statement }) => {
      const prose = cells.slice(0, index).findLast((each) => each.cell.cell_type === "markdown");
      return {
        name,
        statement,
        variable,
        task: prose?.cell.source ?? "",
        definition: called,
        answers: checking(variable, "exercise").map((each) => each.called),
        solutions: checking(variable, "solution").map((each) => ({ cell: each.called, source: each.cell.source })),
      };
    }),
  );
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

/** The variables whose exercises a cell checks. */
export function callsOfCheck(source: string): string[] {
  return callsOf(source, "check").flatMap(({ arguments: [first] }) =>
    first && ts.isIdentifier(first) ? [first.text] : [],
  );
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
