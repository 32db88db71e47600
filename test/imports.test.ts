import { readdirSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import path from "node:path";
import ts from "typescript";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { inRoot } from "../scripts/setup/paths.mjs";

// What each room may import directly; theirs it may import too.
const direct: Readonly<Record<string, readonly string[]>> = {
  simulation: [],
  theory: ["simulation"],
  world: ["simulation"],
  protocol: ["world"],
  interfaces: ["protocol"],
  transparency: ["protocol"],
  server: ["protocol"],
  cluster: ["server"],
  migration: ["protocol"],
  live: ["world", "interfaces", "transparency", "server", "migration"],
  workbook: [
    "simulation",
    "theory",
    "world",
    "protocol",
    "interfaces",
    "transparency",
    "server",
    "cluster",
    "migration",
    "live",
  ],
  exercises: ["workbook"],
};
/** The one file of workbook/ that stands between it and what a page does not have. */
const platform = "workbook/platform.ts";
/** Files of the package's top that every room may import. */
const forRooms = new Set(["errors.js", "jupyter.js"]);
const touchesNode = new Set(["live"]);

// The rooms inside a room, from the bottom: each imports only those before it.
const inner: Readonly<Record<string, readonly string[]>> = {
  transparency: ["stubs", "failures", "location", "replication"],
  world: [
    ...["errors.js", "host.js", "values.js", "strangers.js", "arguments.js", "checks.js", "scenario.js"],
    ...["trace", "options.js", "core", "machine", "network", "program", "run.js", "virtual"],
  ],
  workbook: ["platform.js", "figures", "space-time", "checks"],
  live: [
    "system",
    "run",
    "children",
    "process",
    "places",
    "terminal",
    "rpc",
    "endings",
    "urgent",
    "superserver",
    "sweeps",
    "labs",
  ],
};

// What an inner room may name of a later one, as a type: a process runs on a machine, a driver carries frames.
const namedBefore: Readonly<Record<string, readonly string[]>> = {
  "world/core": ["world/machine/host-machine.js", "world/network/frame.js"],
};

/** What is wrong with an import from one inner room into another: both are paths in kernel-lib. */
function innerViolation(file: string, target: string, isType: boolean): string | undefined {
  const [room = "", from = "", rest] = file.split("/");
  const [otherRoom, to = ""] = target.split("/");
  const order = inner[room];
  if (order === undefined || otherRoom !== room || rest === undefined) return undefined;
  if (!order.includes(from)) return `${room}/${from}/ is not in the order of the rooms of ${room}/`;
  if (isType && namedBefore[`${room}/${from}`]?.includes(target)) return undefined;
  return order.indexOf(to) <= order.indexOf(from) && order.includes(to)
    ? undefined
    : `${room}/${from}/ may not import ${room}/${to}`;
}

// A function that a notebook sends to a worker or a child gets the whole library as an argument, so these name the package's root.
const handsOutTheLibrary = new Set([
  "live/children/child-programs.ts",
  "live/children/child-runner.ts",
  "live/sweeps/sweep-models.ts",
  "live/sweeps/sweep-worker.ts",
]);

function allowed(room: string): Set<string> {
  const rooms = direct[room] ?? [];
  return new Set([room, ...rooms, ...rooms.flatMap((other) => [...allowed(other)])]);
}

/** What is wrong with the imports of one file: `file` is relative to kernel-lib. */
function violations(file: string, source: string): string[] {
  const [room = ""] = file.split("/");
  const isTop = !file.includes("/");
  if (!isTop && !(room in direct)) return [`${file}: ${room}/ is not in the table of rooms`];
  return importsOf(file, source).flatMap(({ name, isType }) => {
    if (name.startsWith("node:") || builtinModules.includes(name.split("/")[0] ?? ""))
      return touchesNode.has(room) || file === platform
        ? []
        : [`${file} imports ${name}: only live/ and ${platform} may touch Node`];
    if (name === "kernel-lib" || name.startsWith("kernel-lib/"))
      return [`${file} imports its own package by name: ${name}`];
    if (!name.startsWith(".")) return [];
    const target = path.posix.join(path.posix.dirname(file), name);
    if (target.startsWith("..")) return [`${file} imports ${name}, outside the package`];
    const other = target.includes("/") ? (target.split("/")[0] ?? "") : undefined;
    if (target === "index.js" && handsOutTheLibrary.has(file)) return [];
    if (other === undefined)
      return isTop || forRooms.has(target)
        ? []
        : [`${file} imports ${name}: of the package's top, only ${[...forRooms].join(" and ")} are for rooms`];
    const inside = innerViolation(file, target, isType);
    if (room === "workbook" && other === "live" && file !== platform)
      return [`${file} imports ${name}: in workbook/ only ${platform} may import live/`];
    if (inside !== undefined) return [`${file} imports ${name}: ${inside}`];
    return isTop || allowed(room).has(other) ? [] : [`${file} imports ${name}: ${room}/ may not import ${other}/`];
  });
}

interface Import {
  readonly name: string;
  /** All that is imported are types: nothing of it is there when the program runs. */
  readonly isType: boolean;
}

// Every module that a file names: import and export declarations, import() and import types, also of types only.
function importsOf(file: string, source: string): Import[] {
  const found: Import[] = [];
  const visit = (node: ts.Node): void => {
    const named =
      ts.isImportDeclaration(node) || ts.isExportDeclaration(node)
        ? node.moduleSpecifier
        : ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword
          ? node.arguments[0]
          : ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)
            ? node.argument.literal
            : undefined;
    const isType =
      ts.isImportTypeNode(node) ||
      (ts.isImportDeclaration(node) && node.importClause?.isTypeOnly === true) ||
      (ts.isExportDeclaration(node) && node.isTypeOnly);
    if (named !== undefined && ts.isStringLiteralLike(named)) found.push({ name: named.text, isType });
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, source, ts.ScriptTarget.Latest));
  return found;
}

const library = readdirSync(inRoot("kernel-lib"), { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts") && !/^(dist|node_modules)\//.test(name))
  .map((name) => name.split(path.sep).join("/"));

test("every room imports only the rooms of its row, and only live/ and workbook/platform.ts touch Node", () => {
  assert.ok(library.length >= 10, `only ${library.length} files were read`);
  const found = library.flatMap((file) => violations(file, readFileSync(inRoot("kernel-lib", file), "utf8")));
  assert.equal(found, []);
});

/** The files from which each file can be reached that it reaches: those that can only be understood together. */
function circlesIn(sources: ReadonlyMap<string, string>): string[][] {
  const imports = new Map<string, string[]>();
  for (const [file, source] of sources) {
    const targets = importsOf(file, source).map(({ name }) => path.posix.join(path.posix.dirname(file), name));
    imports.set(
      file,
      targets.map((target) => target.replace(/\.js$/, ".ts")).filter((target) => sources.has(target)),
    );
  }
  const reached = new Map([...imports.keys()].map((file) => [file, reachableFrom(file, imports)]));
  const circles = new Map<string, string[]>();
  for (const [file, others] of reached) {
    const circle = [...others].filter((other) => reached.get(other)?.has(file)).sort();
    if (circle.length > 0) circles.set(circle.join(), circle);
  }
  return [...circles.values()];
}

function reachableFrom(file: string, imports: ReadonlyMap<string, readonly string[]>): Set<string> {
  const reached = new Set<string>();
  const follow = (from: string): void => {
    for (const target of imports.get(from) ?? []) {
      if (reached.has(target)) continue;
      reached.add(target);
      follow(target);
    }
  };
  follow(file);
  return reached;
}

test("in world/ only a process, its threads, waits and machine, and what the core does for them, need each other", () => {
  const files = library.filter((file) => file.startsWith("world/"));
  assert.ok(files.length > 40, `only ${files.length} files were read`);
  const sources = new Map(files.map((file) => [file, readFileSync(inRoot("kernel-lib", file), "utf8")]));
  assert.equal(circlesIn(sources), [
    ["core/process", "core/services", "core/thread", "core/wait", "machine/host-machine"].map(
      (name) => `world/${name}.ts`,
    ),
  ]);
});

test("a circle of imports is seen, of types too", () => {
  const sources = new Map([
    ["world/a.ts", 'import type { B } from "./b/b.js";'],
    ["world/b/b.ts", 'import { c } from "../c.js";'],
    ["world/c.ts", 'export * from "./a.js";'],
    ["world/d.ts", 'import "./a.js";'],
  ]);
  assert.equal(circlesIn(sources), [["world/a.ts", "world/b/b.ts", "world/c.ts"]]);
});

const caught: readonly (readonly [string, string, string])[] = [
  ["a room that imports a later one", "world/a.ts", 'import { x } from "../live/x.js";'],
  ["a type-only import of a later room", "simulation/a.ts", 'import type { Host } from "../world/host.js";'],
  ["a re-export of a later room", "theory/a.ts", 'export * from "../world/index.js";'],
  ["an import() of a later room", "world/a.ts", 'export const x = await import("../workbook/index.js");'],
  ["an import type of a later room", "world/a.ts", 'export type X = import("../live/x.js").X;'],
  ["a built-in of Node in world/", "world/a.ts", 'import { readFileSync } from "node:fs";'],
  ["a built-in of Node without its prefix", "simulation/a.ts", 'import fs from "fs/promises";'],
  ["a built-in of Node in the package's top", "index.ts", 'import "node:fs";'],
  ["a built-in of Node in workbook/", "workbook/figures/a.ts", 'import "node:fs";'],
  ["an import of live/ in workbook/", "workbook/checks/a.ts", 'import { x } from "../../live/index.js";'],
  ["an import through the package's root", "live/a.ts", 'import { x } from "../index.js";'],
  ["an import of the package by its own name", "live/a.ts", 'import { x } from "kernel-lib";'],
  ["an import from outside the package", "live/a.ts", 'import { x } from "../../jupyter/wire.js";'],
  ["an inner room that imports a later one", "live/rpc/a.ts", 'import { x } from "../labs/x.js";'],
  ["an inner room that imports its room's index", "live/rpc/a.ts", 'import { x } from "../index.js";'],
  ["an inner room that no order names", "live/other/a.ts", 'import { x } from "../rpc/x.js";'],
  [
    "a value of a later inner room of which types may be named",
    "world/core/a.ts",
    'import { x } from "../network/frame.js";',
  ],
  ["a type of a later inner room", "world/core/a.ts", 'import type { X } from "../network/path.js";'],
  ["a room that no table names", "other/a.ts", "export {};"],
];
for (const [what, file, source] of caught)
  test(`${what} is caught`, () => assert.is(violations(file, source).length, 1));

test("an inner room names types of a later one where the table says so", () =>
  assert.equal(violations("world/core/a.ts", 'import type { X } from "../network/frame.js";'), []));

test("rooms reach what their rooms reach, and errors.js and jupyter.js are everybody's", () => {
  const source =
    'import { a } from "../simulation/index.js"; import { b } from "../errors.js"; import { c } from "../jupyter.js"; import "node:net"; import "d3-random";';
  assert.equal(violations("live/rpc/a.ts", source.replaceAll('"../', '"../../')), []);
});

test.run();
