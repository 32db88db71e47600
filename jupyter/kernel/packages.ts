/**
 * Where the imports of cells come from, for the compiler and for Node alike, in whatever folder a notebook lies:
 *
 * 1. What the workbook brings (the dependencies that its `package.json` lists, and `kernel-lib`) comes from the workbook, whatever stands in a
 *    `node_modules` beside or above the notebook: the library and the packages that its types name are made for each other.
 * 2. Anything else is looked for from the importing file, as Node does: the reader's own modules and packages.
 * 3. What is not found there comes from the workbook, if it is installed there.
 */
import { readdirSync, readFileSync } from "node:fs";
import Module, { builtinModules, createRequire } from "node:module";
import { basename, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { constants, runInThisContext } from "node:vm";

const here = dirname(fileURLToPath(import.meta.url));

/** The checkout, in which the workbook's packages are installed. */
export const workbook: string = join(here, basename(dirname(here)) === "dist" ? "../../.." : "../..");

const { dependencies, workspaces } = JSON.parse(readFileSync(join(workbook, "package.json"), "utf8")) as {
  dependencies: Record<string, string>;
  workspaces: string[];
};

/** The names of the packages that the workbook brings. */
export const brought: ReadonlySet<string> = new Set([...Object.keys(dependencies), ...workspaces]);

/** The package that an import names: undefined for a path, a part of the own package (`#x`) and a built-in module with its prefix. */
export function packageOf(specifier: string): string | undefined {
  return /^(?:@[^/]+\/)?[^./@#:][^/:]*(?=\/|$)/.exec(specifier)?.[0];
}

/** Whether an import is one of what the workbook brings. */
export function isBrought(specifier: string): boolean {
  return brought.has(packageOf(specifier) ?? "");
}

/** The notebook's folder, where Jupyter starts the kernel: cells may change the working directory later. */
const beside = process.cwd();
const workbookCode = ["node_modules", "kernel-lib/dist", "jupyter/dist", "jupyter/types"].map((folder) =>
  join(workbook, folder),
);

/** Whether a file is a cell or a module of the reader's own: neither the workbook's code nor in an installed package. */
export function isReaders(file: string): boolean {
  if (workbookCode.some((folder) => file.startsWith(`${folder}/`))) return false;
  // The notebook's own folder may itself lie in a node_modules.
  const below = relative(beside, file);
  return !`/${below.startsWith("..") ? file : below}`.includes("/node_modules/");
}

interface Loader {
  _resolveFilename(request: string, parent: NodeModule | undefined, ...rest: unknown[]): string;
}

/** What a failed look beside the notebook may say; a package of the reader's that is there and broken is told as it is. */
const notThere = new Set(["MODULE_NOT_FOUND", "ERR_INVALID_PACKAGE_CONFIG"]);

/** From now on `require` in cells and in the reader's own modules follows the rule. */
export function installPackages(): void {
  const loader = Module as unknown as Loader;
  const usual = loader._resolveFilename;
  const file = join(workbook, "cell.js");
  const inWorkbook = Object.assign(new Module(file), { filename: file, paths: createRequire(file).resolve.paths("x") });
  loader._resolveFilename = function (request, parent, ...rest) {
    const resolve = (from: NodeModule | undefined) => usual.call(this, request, from, ...rest);
    if (!parent?.filename || !isReaders(parent.filename)) return resolve(parent);
    if (isBrought(request)) return resolve(inWorkbook);
    try {
      return resolve(parent);
    } catch (error) {
      if (packageOf(request) === undefined || !notThere.has((error as { code?: string }).code ?? "")) throw error;
      try {
        return resolve(inWorkbook);
      } catch {
        throw error;
      }
    }
  };
}

const importBeside = runInThisContext("(name) => import(name)", {
  filename: join(beside, "cell.js"),
  importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
}) as (name: string) => Promise<unknown>;

/** `import()` by the rule, for packages that `require` refuses. */
export async function importByRule(name: string): Promise<unknown> {
  if (isBrought(name)) return import(name);
  try {
    return await importBeside(name);
  } catch (error) {
    if ((error as { code?: string }).code !== "ERR_MODULE_NOT_FOUND") throw error;
    return import(name);
  }
}

/** The names that an import may have which begins like that: of what the workbook brings, of Node's modules and the reader's own. */
export function moduleNames(begun: string): string[] {
  const names = /^\.{1,2}(\/|$)/.test(begun) ? modulesBeside(begun) : [...brought, ...builtIn, ...readersPackages()];
  return [...new Set(names)].filter((name) => name.startsWith(begun)).sort();
}

const builtIn = builtinModules.filter((name) => !name.startsWith("_")).flatMap((name) => [name, `node:${name}`]);

/** Packages in a `node_modules` beside the notebook or above it. */
function readersPackages(): string[] {
  const within = (folder: string) => namesIn(folder).filter(({ name }) => !/^[.@]/.test(name));
  return (createRequire(join(beside, "cell.js")).resolve.paths("x") ?? []).flatMap((folder) => {
    if (folder === join(workbook, "node_modules")) return [];
    const scopes = namesIn(folder).filter(({ name }) => /^@(?!types$)/.test(name));
    const scoped = scopes.flatMap(({ name }) => within(join(folder, name)).map((each) => `${name}/${each.name}`));
    return [...within(folder).map(({ name }) => name), ...scoped];
  });
}

/** Folders and modules in the folder that a begun path names. */
function modulesBeside(begun: string): string[] {
  const at = begun.slice(0, begun.lastIndexOf("/") + 1) || `${begun}/`;
  return namesIn(join(beside, at)).flatMap(({ name, isFolder }) => {
    if (name.startsWith(".") || name === "node_modules") return [];
    if (isFolder) return [`${at}${name}/`];
    if (/\.(json|mjs|cjs)$/.test(name)) return [at + name];
    return /\.[jt]sx?$/.test(name) ? [at + name.replace(/(\.d)?\.[jt]sx?$/, "")] : [];
  });
}

function namesIn(folder: string): { readonly name: string; readonly isFolder: boolean }[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).map((entry) => ({
      name: entry.name,
      isFolder: entry.isDirectory(),
    }));
  } catch {
    return [];
  }
}
