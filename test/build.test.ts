import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
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
    for (const file of readdirSync(inRoot("kernel-lib", room))) {
      const module = path.basename(file, ".ts");
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

test.run();
