import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { inRoot } from "../scripts/setup/paths.mjs";

test("every file that runs tests is named *.test.ts, so that it is found", () => {
  const files = readdirSync(inRoot("test"), { recursive: true, encoding: "utf8" });
  const running = files
    .filter((file) => file.endsWith(".ts") && !file.split(path.sep).includes("node_modules"))
    .filter((file) => /^\s*\w+\.run\(\);/m.test(readFileSync(inRoot("test", file), "utf8")));
  assert.ok(running.length > 20, "tests are looked for where they are");
  assert.equal(
    running.filter((file) => !file.endsWith(".test.ts")),
    [],
  );
});

test.run();
