/**
 * The same seed gives the same run on every supported engine: Node 20, 22 and 24, this Node, and a browser. What comes out is
 * compared with digests in `pins.json`. They are pins: they show change, not truth. If a change is meant (another rule of
 * the world, a new random program), `PIN=1 node --import tsx test/engines/engines.test.ts` writes them anew, from Node 20.
 */
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { inRoot } from "../../scripts/setup/paths.mjs";
import { openBrowser } from "../browser/browser.js";
import type { Digests } from "./golden.js";
import { fetchNodes, majors } from "./nodes.js";

const test = suite("engines");

/** What one engine gives. */
interface Golden {
  /** Ours. */
  readonly functions: Digests;
  /** The engine's own functions of the same arguments. */
  readonly engine: Digests;
  readonly numbers: Digests;
  readonly scenarios: string;
}

const scenarios = 200;
const pinsFile = inRoot("test", "engines", "pins.json");
const expression = `(async () => ({
  functions: golden.ofOurFunctions(),
  engine: golden.ofTheEngine(),
  numbers: golden.ofNumbers(),
  scenarios: await golden.ofScenarios(${scenarios}),
}))()`;

let folder: string;
let script: string;
let program: string;
const fetched = {} as ReturnType<typeof fetchNodes>;

/** `golden.ts` and the rooms that touch no Node as one script, which defines `golden`. */
async function bundle(): Promise<string> {
  const names = ["simulation", "theory", "world", "server", "migration/virtual-machine"];
  const rooms = names.map((room) => inRoot("kernel-lib", room, "index.ts"));
  const contents = rooms.map((room) => `export * from ${JSON.stringify(room)};`).join("\n");
  const { outputFiles } = await build({
    entryPoints: [inRoot("test", "engines", "golden.ts")],
    bundle: true,
    write: false,
    format: "iife",
    globalName: "golden",
    platform: "browser",
    logLevel: "warning",
    plugins: [
      {
        name: "the library without what touches Node",
        setup: ({ onResolve, onLoad }) => {
          onResolve({ filter: /^kernel-lib$/ }, () => ({ path: "kernel-lib", namespace: "rooms" }));
          onLoad({ filter: /.*/, namespace: "rooms" }, () => ({ contents, resolveDir: inRoot("kernel-lib") }));
        },
      },
    ],
  });
  return (outputFiles[0] as { text: string }).text;
}

test.before(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "engines-"));
  script = await bundle();
  program = path.join(folder, "golden.cjs");
  writeFileSync(program, `${script}\n${expression}.then((all) => console.log(JSON.stringify(all)));`);
  Object.assign(fetched, fetchNodes());
  if (process.env.PIN === "1") {
    const { functions, numbers, scenarios } = await inNode(fetched[20]);
    writeFileSync(pinsFile, `${JSON.stringify({ functions, numbers, scenarios }, undefined, 2)}\n`);
  }
});
test.after(() => rmSync(folder, { recursive: true, force: true }));

async function inNode(node: string): Promise<Golden> {
  const { stdout } = await promisify(execFile)(node, [program]);
  return JSON.parse(stdout) as Golden;
}

function isAsPinned({ functions, numbers, scenarios }: Golden): void {
  assert.ok(existsSync(pinsFile));
  assert.equal({ functions, numbers, scenarios }, JSON.parse(readFileSync(pinsFile, "utf8")));
}

for (const major of majors)
  test(`Node ${major} gives the pinned functions, distributions, models and ${scenarios} random runs`, async () => {
    isAsPinned(await inNode(fetched[major]));
  });

test("this Node gives them too", async () => isAsPinned(await inNode(process.execPath)));

test("a browser gives them too", async () => {
  const home = inRoot("build", "browser");
  mkdirSync(home, { recursive: true });
  const browser = await openBrowser(home, { own: process.env.OWN_BROWSER === "1" });
  try {
    const page = await browser.newPage();
    await page.addScriptTag({ content: script });
    isAsPinned((await page.evaluate(expression)) as Golden);
  } finally {
    await browser.close();
  }
});

test("our functions are those of Node 20, bit for bit, and a digest sees that Node 24 has other powers", async () => {
  const [old, young] = await Promise.all([inNode(fetched[20]), inNode(fetched[24])]);
  assert.equal(old.engine, old.functions);
  assert.is.not(young.engine.pow, young.functions.pow);
});

test.run();
