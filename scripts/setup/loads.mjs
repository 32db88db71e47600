// Run by the set-up after an installation: loads each package that the workbook and its build stand on, with what of it is
// compiled for this system. Prints a line for each that does not load; silence means that all do.
import { readdirSync, readFileSync } from "node:fs";
import { inRoot } from "./paths.mjs";

const { dependencies } = JSON.parse(readFileSync(inRoot("package.json"), "utf8"));
const ofTheBuild = ["esbuild", "tsx/esm/api", "typescript", "zeromq"];
const tries = {
  esbuild: (esbuild) => esbuild.transformSync("1"),
  koffi: (koffi) => koffi.load(null),
  zeromq: (zeromq) => new zeromq.Dealer().close(),
};

for (const name of [...Object.keys(dependencies), ...ofTheBuild])
  await report(name, async () => {
    const loaded = await import(name);
    tries[name]?.(loaded.default ?? loaded);
  });
// Biome is a program of its own, and writes to the home folder when it is run.
await report("@biomejs/biome", () => {
  if (!readdirSync(inRoot("node_modules", "@biomejs")).some((name) => name.startsWith("cli-")))
    throw new Error("its program for this system is not there");
});

async function report(name, load) {
  try {
    await load();
  } catch (error) {
    if (error?.code === "ERR_PACKAGE_PATH_NOT_EXPORTED") return; // it is there; its parts are imported by their own paths
    const said = String(error?.message ?? error)
      .trim()
      .split("\n");
    console.log(`${name}: ${said.find((line) => /error|cannot|could not|failed/i.test(line)) ?? said[0]}`);
  }
}
process.exit(0); // whatever a package has left running
