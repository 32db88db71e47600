/** What a cell's text tells before anything of it is compiled: whether it is complete, and what stands around the cursor. */
import type TypeScript from "typescript";
import { compiler as ts } from "./typescript.js";

// A module, so that a cell may await at its top level.
const prefix = "export {};";

function parsed(code: string): TypeScript.SourceFile {
  return ts.createSourceFile("cell.ts", prefix + code, ts.ScriptTarget.Latest, true);
}

export type Completeness =
  | { readonly status: "complete" | "invalid" }
  | { readonly status: "incomplete"; readonly indent: string };

/** The second comes behind a backslash that is the last character. */
const unterminatedString = [1002, 1126];
const unterminatedTemplate = 1160;
const commentEnd = 1010;
/** Digits that a literal lacks: nothing may stand between it and them. */
const digitsExpected = new Set([1124, 1125, 1177, 1178]);

/** Whether code can be run, goes on in the next line, or is wrong whatever follows. */
export function completeness(code: string): Completeness {
  const file = parsed(code);
  const { parseDiagnostics } = file as unknown as { parseDiagnostics: readonly TypeScript.Diagnostic[] };
  const [first] = [...parseDiagnostics].sort((a, b) => (a.start ?? 0) - (b.start ?? 0));
  if (!first) return { status: "complete" };
  const isAtEnd = file.text.slice(first.start).trim() === "";
  if (!isAtEnd || !isMissing(first, code)) return { status: "invalid" };
  // What is printed between backticks is the reader's own business.
  const isText = [unterminatedTemplate, commentEnd, ...unterminatedString].includes(first.code);
  return { status: "incomplete", indent: isText ? "" : indentBehind(code) };
}

/** Whether an error at the end says that something is still to come. */
function isMissing({ code, messageText }: TypeScript.Diagnostic, text: string): boolean {
  if (code === unterminatedTemplate) return true;
  if (unterminatedString.includes(code)) return /\\\r?\n?$/.test(text); // a backslash lets a string go on
  return !digitsExpected.has(code) && String(messageText).endsWith("expected.");
}

function indentBehind(code: string): string {
  const line = code.trimEnd().split("\n").at(-1) ?? "";
  const indent = /^[ \t]*/.exec(line)?.[0] ?? "";
  return /[{([]$/.test(line) ? `${indent}  ` : indent;
}

/**
 * The call among whose arguments the cursor stands.
 *
 * @returns the position behind the name of what is called; undefined if there is no such call, or a function begins between it and the cursor.
 */
export function calleeAt(code: string, position: number): number | undefined {
  const file = parsed(code);
  const at = position + prefix.length;
  let callee: TypeScript.Expression | undefined;
  const look = (node: TypeScript.Node): void => {
    if (at < node.pos || (at > node.end && node.end < file.text.trimEnd().length)) return;
    if (ts.isFunctionLike(node) && "body" in node && node.body && at > (node.body as TypeScript.Node).getStart())
      callee = undefined;
    if ((ts.isCallExpression(node) || ts.isNewExpression(node)) && node.arguments && at >= node.arguments.pos) {
      const isClosed = node.end > node.arguments.end && file.text[node.end - 1] === ")";
      if (!isClosed || at < node.end) callee = node.expression;
    }
    ts.forEachChild(node, look);
  };
  look(file);
  if (!callee || !(ts.isIdentifier(callee) || ts.isPropertyAccessExpression(callee))) return undefined;
  return callee.end - prefix.length;
}

/** A stretch of a cell, from one position to another. */
export interface Stretch {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** The module's name in whose quotes the cursor stands: in `import … from`, `export … from`, `import()` and `require()`. */
export function moduleNameAt(code: string, position: number): Stretch | undefined {
  const file = parsed(code);
  const at = position + prefix.length;
  let found: Stretch | undefined;
  const look = (node: TypeScript.Node): void => {
    if (at < node.pos || at > node.end) return;
    if (ts.isStringLiteralLike(node) && isModuleName(node)) {
      const start = node.getStart() + 1;
      const isClosed = node.end > start && file.text[node.end - 1] === file.text[start - 1];
      const end = isClosed ? node.end - 1 : node.end;
      if (start <= at && at <= end)
        found = { start: start - prefix.length, end: end - prefix.length, text: file.text.slice(start, at) };
    }
    ts.forEachChild(node, look);
  };
  look(file);
  return found;
}

function isModuleName(node: TypeScript.Node): boolean {
  const { parent } = node;
  if (ts.isImportDeclaration(parent) || ts.isExportDeclaration(parent)) return parent.moduleSpecifier === node;
  if (!ts.isCallExpression(parent) || parent.arguments[0] !== node) return false;
  const { expression } = parent;
  return (
    expression.kind === ts.SyntaxKind.ImportKeyword || (ts.isIdentifier(expression) && expression.text === "require")
  );
}
