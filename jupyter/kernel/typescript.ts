/**
 * tslab's converter with our compiler options and source maps. tslab itself stays as published: it is handed a copy of
 * the compiler's exports in which some functions are wrapped.
 */

import { statSync } from "node:fs";
import type { SourceMapPayload } from "node:module";
import { createRequire } from "node:module";
import { join } from "node:path";
import type TypeScript from "typescript";
import { isBrought, isReaders, packageOf, workbook } from "./packages.js";

const require = createRequire(import.meta.url);
/** Resolves as tslab's own modules do. */
export const requireFromTslab: NodeJS.Require = createRequire(require.resolve("tslab/package.json"));

export interface Position {
  /** 0-based. */
  readonly line: number;
  readonly character: number;
  readonly offset: number;
}

export interface Diagnostic {
  readonly start: Position;
  readonly end: Position;
  readonly messageText: string;
  readonly code: number;
  readonly category: number;
  readonly fileName?: string;
}

export interface Conversion {
  readonly diagnostics: readonly Diagnostic[];
  readonly output?: string;
  readonly declOutput?: string;
  readonly hasToplevelAwait?: boolean;
  readonly lastExpressionVar?: string;
  readonly sideOutputs?: readonly { readonly path: string; readonly data: string }[];
}

export interface CompletionInfo {
  readonly start: number;
  readonly end: number;
  readonly candidates: readonly string[];
  readonly original?: { readonly entries: readonly { readonly name: string; readonly kind: string }[] };
}

export interface TextPart {
  readonly text: string;
}

export interface QuickInfo {
  readonly displayParts?: readonly TextPart[];
  readonly documentation?: readonly TextPart[];
  readonly tags?: readonly { readonly name: string; readonly text?: readonly TextPart[] }[];
}

export interface Converter {
  convert(previousDeclarations: string, source: string): Conversion;
  inspect(previousDeclarations: string, source: string, position: number): QuickInfo | undefined;
  complete(previousDeclarations: string, source: string, position: number): CompletionInfo;
  addModule(name: string, content: string, metadata: object): Diagnostic[];
  close(): void;
}

/** Maps of the last conversion's two stages: cell to ES module, ES module to CommonJS. */
export interface StageMaps {
  readonly toModule: SourceMapPayload;
  readonly toCommonJs: SourceMapPayload;
}

type Ts = typeof TypeScript;
const ts = requireFromTslab("@tslab/typescript-for-tslab") as Ts;
/** The compiler of cells. */
export const compiler: Ts = ts;
const mapComment = /\n?\/\/# sourceMappingURL=data:application\/json;base64,(\S+)\s*$/;
let lastMaps: StageMaps | undefined;

/** The maps of the conversion that was made last. */
export function takeMaps(): StageMaps | undefined {
  const maps = lastMaps;
  lastMaps = undefined;
  return maps;
}

/**
 * The declarations of what this Node has of later editions: files of the workbook's own, newer compiler that the one of cells can read.
 * What Node lacks is not declared, so that a cell is told when it is compiled.
 */
function later(): string[] {
  const has = (owner: unknown, name: string) => typeof (owner as Record<string, unknown>)[name] === "function";
  const editions = {
    "es2024.object": has(Object, "groupBy"),
    "es2024.collection": has(Map, "groupBy"),
    "es2024.promise": has(Promise, "withResolvers"),
    "esnext.collection": has(Set.prototype, "union"),
    "esnext.array": has(Array, "fromAsync"),
  };
  return Object.entries(editions)
    .filter(([, isThere]) => isThere)
    .map(([name]) => join(workbook, `node_modules/typescript/lib/lib.${name}.d.ts`));
}

const overrides = {
  createWatchCompilerHost(roots: string[], options: TypeScript.CompilerOptions, ...rest: unknown[]) {
    const ours: TypeScript.CompilerOptions = {
      ...options,
      strict: true,
      moduleResolution: ts.ModuleResolutionKind.Bundler,
      lib: ["lib.es2023.d.ts", ...later()],
      typeRoots: [join(workbook, "node_modules/@types"), join(workbook, "jupyter/types")],
      types: ["node", "cell", "es2023"],
      // By what name a cell's inferred types are written down for the cells behind it; modules are looked up by `resolving`.
      paths: { "*": ["node_modules/@types/*", "node_modules/*"] },
      pathsBasePath: workbook,
      inlineSourceMap: true,
    };
    return (ts.createWatchCompilerHost as (...all: unknown[]) => unknown)(roots, ours, ...rest);
  },

  createWatchProgram(host: WatchHost): unknown {
    Object.assign(host, resolving(host));
    const created = host.afterProgramCreate;
    host.afterProgramCreate = (builder) => {
      const program = builder.getProgram();
      const { getTypeChecker } = program;
      program.getTypeChecker = () => seeingShorthands(getTypeChecker());
      created?.(builder);
    };
    return (ts.createWatchProgram as (host: WatchHost) => unknown)(host);
  },

  /** Where tslab rewrites the name in `{ a }` to `exports.a`, the property needs the form `{ a: exports.a }`. */
  visitEachChild(node: TypeScript.Node, visitor: TypeScript.Visitor, context: TypeScript.TransformationContext) {
    if (node && ts.isShorthandPropertyAssignment(node) && !node.objectAssignmentInitializer) {
      const value = visitor(node.name) as TypeScript.Expression;
      if (value !== node.name) return ts.factory.createPropertyAssignment(node.name.text, value);
    }
    return ts.visitEachChild(node, visitor, context);
  },

  /** tslab's second stage, ES module to CommonJS; here every await learns to stop when the reader interrupts, and `import()` to import. */
  transpileModule(source: string, options: TypeScript.TranspileOptions): TypeScript.TranspileOutput {
    const [, encoded] = mapComment.exec(source) ?? [];
    const output = ts.transpileModule(source.replace(mapComment, ""), {
      ...options,
      compilerOptions: { ...options.compilerOptions, sourceMap: true },
      transformers: { before: [importing, stoppable] },
    });
    if (encoded && output.sourceMapText) {
      const toModule = JSON.parse(Buffer.from(encoded, "base64").toString()) as SourceMapPayload;
      lastMaps = { toModule, toCommonJs: JSON.parse(output.sourceMapText) as SourceMapPayload };
    }
    return { ...output, outputText: output.outputText.replace(/\n?\/\/# sourceMappingURL=\S+\s*$/, "\n") };
  },
};

type WatchHost = TypeScript.WatchCompilerHostOfFilesAndCompilerOptions<TypeScript.BuilderProgram>;

/** Finds modules by the rule of `packages.ts`. */
function resolving(host: WatchHost): Partial<WatchHost> {
  const options = { ...host.options, paths: undefined };
  const cache = ts.createModuleResolutionCache(host.getCurrentDirectory(), (name) => name, options);
  const inWorkbook = (name: string) => ts.resolveModuleName(name, join(workbook, "cell.ts"), options, host, cache);
  const resolve = (name: string, file: string) => {
    if (!isReaders(file)) return ts.resolveModuleName(name, file, options, host, cache);
    if (isBrought(name)) return inWorkbook(name);
    // Not kept: the reader may write or install what is missing.
    const found = ts.resolveModuleName(name, file, options, host);
    return found.resolvedModule || packageOf(name) === undefined ? found : inWorkbook(name);
  };
  // Those of the reader's modules that miss something: it may be there when the next cell is compiled.
  const lacking = new Set<string>();
  return {
    resolveModuleNameLiterals: (names, file) => {
      const found = names.map(({ text }) => resolve(text, file));
      if (isReaders(file) && found.some(({ resolvedModule }) => !resolvedModule)) lacking.add(file);
      else lacking.delete(file);
      return found;
    },
    hasInvalidatedResolutions: (path) => lacking.has(path),
  };
}

const seeing = new WeakSet<TypeScript.TypeChecker>();

/**
 * tslab asks for the symbol of each name and rewrites those that earlier cells declare. For `{ a }` the symbol must be the variable's, and
 * not the property's; in `const { a: b } = …` and `{ a: b }`, `a` is no variable, though an earlier cell may have declared that property.
 */
function seeingShorthands(checker: TypeScript.TypeChecker): TypeScript.TypeChecker {
  if (seeing.has(checker)) return checker;
  seeing.add(checker);
  const symbolAt = checker.getSymbolAtLocation;
  checker.getSymbolAtLocation = (node) => {
    const { parent } = node;
    if (!parent) return symbolAt(node);
    if (ts.isShorthandPropertyAssignment(parent) && parent.name === node)
      return checker.getShorthandAssignmentValueSymbol(parent);
    const isProperty =
      (ts.isBindingElement(parent) && parent.propertyName === node) ||
      (ts.isPropertyAssignment(parent) && parent.name === node);
    return isProperty ? undefined : symbolAt(node);
  };
  return checker;
}

/**
 * Rewrites `await x` to `__tslab__.resumed(__tslab__.epoch, await x)`, which throws if the reader has interrupted
 * meanwhile: without it an interrupted cell that waits in a loop would go on behind the reader's back. `for await` gets the
 * same by way of `__tslab__.items`.
 */
function stoppable(context: TypeScript.TransformationContext): TypeScript.Transformer<TypeScript.SourceFile> {
  const { factory } = context;
  const hook = (name: string) => factory.createPropertyAccessExpression(factory.createIdentifier("__tslab__"), name);
  const call = (name: string, ...values: TypeScript.Expression[]) =>
    factory.createCallExpression(hook(name), undefined, values);
  const visit = (node: TypeScript.Node): TypeScript.Node => {
    const visited = ts.visitEachChild(node, visit, context);
    if (ts.isAwaitExpression(visited)) return call("resumed", hook("epoch"), visited);
    if (ts.isForOfStatement(visited) && visited.awaitModifier) {
      const { awaitModifier, initializer, expression, statement } = visited;
      return factory.updateForOfStatement(visited, awaitModifier, initializer, call("items", expression), statement);
    }
    return visited;
  };
  return (file) => ts.visitNode(file, visit) as TypeScript.SourceFile;
}

/**
 * `import("x")` becomes a `require`, which takes no package that is for `import` alone or awaits at its top level: rewritten to
 * `__tslab__.imported("x", import("x"))`, it falls back on a real `import`.
 */
function importing(context: TypeScript.TransformationContext): TypeScript.Transformer<TypeScript.SourceFile> {
  const { factory } = context;
  const imported = factory.createPropertyAccessExpression(factory.createIdentifier("__tslab__"), "imported");
  const visit = (node: TypeScript.Node): TypeScript.Node => {
    const visited = ts.visitEachChild(node, visit, context);
    if (!ts.isCallExpression(visited) || visited.expression.kind !== ts.SyntaxKind.ImportKeyword) return visited;
    const [name] = visited.arguments;
    return name && ts.isStringLiteralLike(name)
      ? factory.createCallExpression(imported, undefined, [factory.createStringLiteral(name.text), visited])
      : visited;
  };
  return (file) => ts.visitNode(file, visit) as TypeScript.SourceFile;
}

interface Watched {
  readonly path: string;
  readonly changed: TypeScript.FileWatcherCallback;
  stamp: string;
}

const watched = new Set<Watched>();

function stampOf(path: string): string {
  const found = statSync(path, { throwIfNoEntry: false });
  return found ? `${found.mtimeMs} ${found.size}` : "";
}

// What Node has loaded of a package stays loaded, and watching hundreds of files would only cost time. The reader's own modules are looked at
// before each cell.
ts.sys.watchFile = (path, changed) => {
  if (!isReaders(path)) return { close: () => {} };
  const entry: Watched = { path, changed, stamp: stampOf(path) };
  watched.add(entry);
  return { close: () => watched.delete(entry) };
};
ts.sys.watchDirectory = () => ({ close: () => {} });

function takeChanges(): void {
  for (const entry of watched) {
    const stamp = stampOf(entry.path);
    if (stamp === entry.stamp) continue;
    entry.stamp = stamp;
    entry.changed(entry.path, ts.FileWatcherEventKind.Changed);
  }
}

const path = requireFromTslab.resolve("@tslab/typescript-for-tslab");
(require.cache[path] as NodeJS.Module).exports = { ...ts, ...overrides };

const converterModule = requireFromTslab("./dist/converter.js") as {
  createConverter(options: { isJS: boolean; isBrowser: boolean }): Converter;
};

export function createConverter(isBrowser = false): Converter {
  const converter = converterModule.createConverter({ isJS: false, isBrowser });
  return {
    ...converter,
    convert: (previous, source) => {
      takeChanges();
      return converter.convert(previous, source);
    },
  };
}

/**
 * Whether a cell awaits at its top level. tslab finds out from a compiler error, which the forms `await (…)`,
 * `await […]` and `for await` don't cause.
 */
export function awaitsAtTopLevel(source: string): boolean {
  if (!source.includes("await")) return false;
  const file = ts.createSourceFile("cell.ts", `export {};${source}`, ts.ScriptTarget.Latest, true);
  const awaits = (node: TypeScript.Node): boolean => {
    if (ts.isFunctionLike(node)) return false;
    if (ts.isAwaitExpression(node) || (ts.isForOfStatement(node) && node.awaitModifier)) return true;
    if (ts.isIdentifier(node) && node.text === "await") return true;
    return ts.forEachChild(node, awaits) ?? false;
  };
  return awaits(file);
}

/** The names that a cell can't declare at its top level: the kernel keeps what it declares there by these. */
const kernelsOwn = /^(?:exports|require|__\w+)$/;

/** What is wrong with the names that a cell declares at its top level. tslab would fail with an error about code that the reader has not written. */
export function ownNames(source: string): Diagnostic[] {
  if (!/\b(?:exports|require|__\w+)\b/.test(source)) return [];
  const file = ts.createSourceFile("cell.ts", source, ts.ScriptTarget.Latest, true);
  const found: Diagnostic[] = [];
  const look = (name: TypeScript.Node): void => {
    if (ts.isBindingName(name) && ts.isIdentifier(name)) {
      if (!kernelsOwn.test(name.text)) return;
      const place = (offset: number): Position => ({ ...file.getLineAndCharacterOfPosition(offset), offset });
      const messageText = `${name.text} is a name that the kernel itself uses at the top level of cells: choose another one`;
      found.push({ start: place(name.getStart()), end: place(name.end), messageText, code: 0, category: 1 });
    } else ts.forEachChild(name, (child) => (ts.isBindingElement(child) ? look(child.name) : undefined));
  };
  for (const statement of file.statements) {
    if (ts.isVariableStatement(statement)) for (const { name } of statement.declarationList.declarations) look(name);
    else if (ts.isImportDeclaration(statement)) {
      const { name, namedBindings } = statement.importClause ?? {};
      if (name) look(name);
      if (namedBindings && ts.isNamespaceImport(namedBindings)) look(namedBindings.name);
      else if (namedBindings) for (const element of namedBindings.elements) look(element.name);
    } else if (
      (ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement) || ts.isEnumDeclaration(statement)) &&
      statement.name
    )
      look(statement.name);
  }
  return found;
}
