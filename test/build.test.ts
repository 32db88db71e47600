import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { inRoot } from "../scripts/setup/paths.mjs";

/** Node's own word on which files it loads. */
const tellsFiles = `import { writeSync } from "node:fs";
  export const load = (url, context, next) => {
    if (url.startsWith("file:")) writeSync(1, url + "\\n");
    return next(url, context);
  };`;

test("loading simulation and world reads four files", () => {
  const code = `
    import { register } from "node:module";
    register(${JSON.stringify(`data:text/javascript,${encodeURIComponent(tellsFiles)}`)});
    await import("kernel-lib/simulation/index");
    await import("kernel-lib/world/index");`;
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "--eval", code], {
    cwd: inRoot("test"),
    encoding: "utf8",
  });
  assert.is(status, 0, stderr);
  const dist = `${pathToFileURL(inRoot("kernel-lib", "dist"))}/`;
  const files = stdout
    .trim()
    .split("\n")
    .map((url) => url.replace(dist, ""));
  assert.equal(files.sort(), ["engine/bundle.js", "errors.js", "simulation/index.js", "world/index.js"]);
});

for (const room of ["simulation", "world"]) {
  test(`what a module of ${room} exports is what the room and the package export, under its own name`, async () => {
    const whole = (await import("kernel-lib")) as Record<string, unknown>;
    const index = (await import(`kernel-lib/${room}/index`)) as Record<string, unknown>;
    let shared = 0;
    const sources = readdirSync(inRoot("kernel-lib", room), { recursive: true, encoding: "utf8" });
    for (const file of sources.filter((name) => name.endsWith(".ts"))) {
      const module = file.replaceAll(path.sep, "/").replace(/\.ts$/, "");
      const exported = Object.entries((await import(`kernel-lib/${room}/${module}`)) as Record<string, unknown>);
      for (const [name, value] of exported) {
        if (typeof value === "function" && !value.name.startsWith("bound "))
          assert.is(value.name, name, `${room}/${file}`);
        if (!(name in index)) continue;
        shared++;
        assert.is(value, index[name], `${room}/${file}: ${name}`);
        assert.is(value, whole[name], `${room}/${file}: ${name}`);
      }
    }
    assert.ok(shared > 20, `${shared} names are compared`);
  });
}

/** Runs the build in a checkout that holds nothing but it and those files of kernel-lib. */
function buildOf(files: Readonly<Record<string, string>>, then: (folder: string, stderr: string) => void): void {
  const folder = mkdtempSync(path.join(tmpdir(), "build-"));
  try {
    for (const file of ["scripts/build.ts", "scripts/setup"])
      cpSync(inRoot(file), path.join(folder, file), { recursive: true });
    symlinkSync(inRoot("node_modules"), path.join(folder, "node_modules"));
    writeFileSync(path.join(folder, "package.json"), '{ "type": "module" }');
    for (const [file, text] of Object.entries(files)) {
      const to = path.join(folder, "kernel-lib", file);
      mkdirSync(path.dirname(to), { recursive: true });
      writeFileSync(to, text);
    }
    const command = ["--import", "tsx", path.join(folder, "scripts", "build.ts")];
    const { status, stderr } = spawnSync(process.execPath, command, { cwd: folder, encoding: "utf8" });
    assert.is(status, 1, "tsc has nothing to build");
    then(folder, stderr);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test("a module in a folder of a room has the library's errors, not others of the same name", () => {
  const files = {
    "errors.ts": "export class ParameterError extends Error {}",
    "world/index.ts": 'export { deep } from "./folder/deep.js";',
    "world/folder/deep.ts":
      'import { ParameterError } from "../../errors.js"; export const deep = new ParameterError();',
  };
  buildOf(files, (folder) => {
    const code = `
      import { ParameterError } from "./errors.js";
      import { deep } from "./world/folder/deep.js";
      import * as world from "./world/index.js";
      if (!(deep instanceof ParameterError) || world.deep !== deep) throw new Error("two");`;
    const cwd = path.join(folder, "kernel-lib", "dist");
    const { status, stderr } = spawnSync(process.execPath, ["--input-type=module", "--eval", code], {
      cwd,
      encoding: "utf8",
    });
    assert.is(status, 0, stderr);
  });
});

test("the build prints errors that are not esbuild's, and esbuild's once", () => {
  buildOf({}, (_, stderr) => assert.match(stderr, /ENOENT.*kernel-lib/));
  buildOf({ "errors.ts": "export const = 1;" }, (_, stderr) => {
    assert.is(stderr.split("Expected identifier but found").length, 2, stderr);
    assert.not.match(stderr, /BuildFailure|Build failed/);
  });
});

test.run();
