/**
 * Builds kernel-lib and the kernel's launcher. tsc checks both and writes the types, and the launcher's JavaScript; esbuild
 * writes the JavaScript of kernel-lib. Node takes most of a millisecond to find and link a file, so the rooms `simulation`
 * and `world` become one file, the engine; a module of theirs only passes on its own names from there, so that a class is
 * the same however it is imported.
 *
 * `--watch` builds again at every change.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync, watch, writeFileSync } from "node:fs";
import path from "node:path";
import { type BuildFailure, type BuildOptions, build, type Plugin, transform } from "esbuild";
import { inRoot, root } from "./setup/paths.mjs";

const library = inRoot("kernel-lib");
/** Lies in a folder, as the modules in it do, so that their imports of what is outside the two rooms stay right. */
const engine = "engine/bundle.js";
const ofEngine = /^(simulation|world)\//;

/** What a page loads is one file, since a page finds no packages. */
const forPages = "workbook/terminal-page.ts";

const options: BuildOptions = {
  absWorkingDir: library,
  outbase: ".",
  outdir: "dist",
  format: "esm",
  platform: "node",
  sourcemap: true,
  logLevel: "warning",
};
/** Gives what packages define short names: theirs would come first, and our `poisson` would be called `poisson2`. */
const shortNames: Plugin = {
  name: "short names",
  setup: ({ onLoad }) =>
    onLoad({ filter: /node_modules/ }, async ({ path }) => {
      const { code } = await transform(readFileSync(path), { format: "esm", minify: true });
      return { contents: code };
    }),
};
/** The engine lies as deep as the modules of the two rooms, whose errors are those of the whole library. */
const sharedErrors: Plugin = {
  name: "shared errors",
  setup: ({ onResolve }) =>
    onResolve({ filter: /^\.\.?\/.*errors\.js$/ }, ({ path: name, resolveDir }) =>
      path.join(resolveDir, name) === path.join(library, "errors.js")
        ? { path: "../errors.js", external: true }
        : undefined,
    ),
};
const bundled: BuildOptions = { ...options, bundle: true, plugins: [shortNames, sharedErrors] };

/** A module of the two rooms: its path without an ending, and what it exports. */
interface Module {
  readonly path: string;
  readonly names: readonly string[];
}

const isSource = (file: string) => file.endsWith(".ts") && !file.startsWith(`dist${path.sep}`);

/** Writes the JavaScript of kernel-lib. */
async function writeLibrary(): Promise<void> {
  const sources = readdirSync(library, { recursive: true, encoding: "utf8" })
    .filter(isSource)
    .map((file) => file.replaceAll(path.sep, "/"));
  await build({ ...options, entryPoints: sources.filter((file) => !ofEngine.test(file) && file !== forPages) });
  const pages = sources.filter((file) => file === forPages);
  await build({ ...options, entryPoints: pages, bundle: true, platform: "browser" });
  await writeEngine(await modulesOf(sources.filter((file) => ofEngine.test(file))));
}

async function modulesOf(sources: string[]): Promise<Module[]> {
  const { metafile } = await build({
    ...bundled,
    entryPoints: sources,
    sourcemap: false,
    write: false,
    metafile: true,
  });
  return Object.values(metafile.outputs).map(({ entryPoint = "", exports }) => ({
    path: entryPoint.replace(/\.ts$/, ""),
    names: exports,
  }));
}

/** Writes the bundle, in which a name carries that of its module, and the modules that pass its names on. */
async function writeEngine(modules: readonly Module[]): Promise<void> {
  const inEngine = (module: Module, name: string) => `${module.path.replace(/\W/g, "_")}_${name}`;
  const contents = modules.map((module) => {
    const names = module.names.map((name) => `${name} as ${inEngine(module, name)}`);
    return `export { ${names.join(", ")} } from "./${module.path}.js";\n`;
  });
  await build({
    ...bundled,
    stdin: { contents: contents.join(""), resolveDir: library },
    outdir: undefined,
    outfile: `dist/${engine}`,
  });
  for (const module of modules) {
    const names = module.names.map((name) => `${inEngine(module, name)} as ${name}`);
    const file = path.join(library, "dist", `${module.path}.js`);
    mkdirSync(path.dirname(file), { recursive: true });
    const from = path.posix.relative(path.posix.dirname(module.path), engine);
    writeFileSync(file, `export { ${names.join(", ")} } from "${from}";\n`);
  }
}

function tsc(...flags: string[]) {
  const command = inRoot("node_modules", "typescript", "lib", "tsc.js");
  return spawn(process.execPath, [command, "-b", ...flags, "kernel-lib", "jupyter"], { cwd: root, stdio: "inherit" });
}

/** Whether the library was written. */
async function written(): Promise<boolean> {
  try {
    await writeLibrary();
    return true;
  } catch (error) {
    // esbuild has printed its own.
    if (!(error as Partial<BuildFailure>).errors) console.error(error);
    return false;
  }
}

if (process.argv.includes("--watch")) {
  let timer: NodeJS.Timeout | undefined;
  let last = written();
  const again = () => {
    last = last.then(written);
  };
  watch(library, { recursive: true }, (_, file) => {
    if (!file || !isSource(file)) return;
    clearTimeout(timer);
    timer = setTimeout(again, 100);
  });
  await last;
  tsc("--watch", "--preserveWatchOutput");
} else {
  const [[code], isWritten] = await Promise.all([once(tsc(), "exit"), written()]);
  if (code !== 0 || !isWritten) process.exitCode = 1;
}
