/**
 * What the language leaves to the engine must not decide a result: the last bits of most functions of `Math`, and the order
 * in which a locale sorts. So the library uses none of it.
 */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import ts from "typescript";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { inRoot } from "../scripts/setup/paths.mjs";

/** Whose value the language fixes to the last bit. */
const exact = new Set([
  ...["abs", "ceil", "clz32", "floor", "fround", "imul", "max", "min", "round", "sign", "sqrt", "trunc"],
  ...["E", "LN10", "LN2", "LOG10E", "LOG2E", "PI", "SQRT1_2", "SQRT2"],
]);

/** The places of a source that depend on the engine, as `line: text`. */
function engineDependent(source: string): string[] {
  const file = ts.createSourceFile("a.ts", source, ts.ScriptTarget.Latest, true);
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (isEngineDependent(node))
      found.push(`${file.getLineAndCharacterOfPosition(node.getStart()).line + 1}: ${node.parent.getText()}`);
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

function isEngineDependent(node: ts.Node): boolean {
  if (ts.isIdentifier(node) && node.text === "Math") {
    const { parent } = node;
    return !(ts.isPropertyAccessExpression(parent) && parent.expression === node && exact.has(parent.name.text));
  }
  if (ts.isBinaryExpression(node)) {
    const { kind } = node.operatorToken;
    if (kind === ts.SyntaxKind.AsteriskAsteriskEqualsToken) return true;
    return kind === ts.SyntaxKind.AsteriskAsteriskToken && !isPowerOfTwo(node.left, node.right);
  }
  if (ts.isIdentifier(node) && node.text === "Intl") return true;
  if (ts.isPropertyAccessExpression(node) && /^(localeCompare|toLocale.*)$/.test(node.name.text)) {
    const [locale] = ts.isCallExpression(node.parent) ? node.parent.arguments : [];
    return !(node.name.text === "toLocaleString" && locale && ts.isStringLiteral(locale) && locale.text === "en-US");
  }
  return ts.isImportDeclaration(node) && /^"(d3-random|simple-statistics)"$/.test(node.moduleSpecifier.getText());
}

/** A power of two with a whole exponent is exact everywhere, and so is one of bigints. */
function isPowerOfTwo(base: ts.Expression, exponent: ts.Expression): boolean {
  if (ts.isBigIntLiteral(base)) return true;
  const size = ts.isPrefixUnaryExpression(exponent) ? exponent.operand : exponent;
  return ts.isNumericLiteral(base) && base.text === "2" && ts.isNumericLiteral(size) && /^\d+$/.test(size.text);
}

/** It replaces `Math.random` while programs run, so that they can't use it. */
const guards = path.join("world", "virtual", "guards.ts");

const library = readdirSync(inRoot("kernel-lib"), { recursive: true, encoding: "utf8" }).filter(
  (name) => name.endsWith(".ts") && !/^(dist|node_modules)\b/.test(name) && name !== guards,
);

test("no file of the library uses what the language leaves to the engine", () => {
  assert.ok(library.length >= 100, `only ${library.length} files were read`);
  const found = library.flatMap((name) =>
    engineDependent(readFileSync(inRoot("kernel-lib", name), "utf8")).map(
      (place) => `${name.split(path.sep).join("/")}:${place}`,
    ),
  );
  assert.equal(found, []);
});

const caught = [
  "Math.log(u)",
  "-Math.log1p(-u)",
  "min * u ** (-1 / shape)",
  "x **= y",
  "10 ** 3",
  "2 ** n",
  "const { exp } = Math;",
  'Math["pow"](a, b)',
  "const m = globalThis.Math;",
  "Math.random()",
  "names.sort((a, b) => a.localeCompare(b))",
  "new Intl.Collator()",
  "n.toLocaleString()",
  'import { randomNormal } from "d3-random";',
];
for (const source of caught) test(`${source} is caught`, () => assert.is(engineDependent(source).length, 1));

test("what is exact everywhere may be used", () => {
  const source = 'Math.sqrt(x) + Math.floor(y) * Math.PI + 2 ** 53 + 2 ** -52; 2n ** 64n; n.toLocaleString("en-US");';
  assert.equal(engineDependent(source), []);
});

test.run();
