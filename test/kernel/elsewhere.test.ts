import { execFileSync } from "node:child_process";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type KernelClient, startKernel } from "../../jupyter/client/client.js";
import { studentsNotebook } from "../../scripts/exercises/edition.js";
import { parseNotebook } from "../../scripts/notebooks/format.js";
import { isLive } from "../../scripts/notebooks/rules.js";
import { runNotebook } from "../../scripts/notebooks/run.js";
import { errorsOf, resultOf, root } from "./support.js";

const test = suite("kernel: notebooks in any folder");
let folder = "";
test.before(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "handoff-elsewhere-")));
});
test.after(() => rmSync(folder, { recursive: true, force: true }));

function write(files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
}

async function inKernel(cwd: string, work: (kernel: KernelClient) => Promise<void>, env?: NodeJS.ProcessEnv) {
  mkdirSync(cwd, { recursive: true });
  const kernel = await startKernel(env ? { cwd, env } : { cwd });
  try {
    await work(kernel);
  } finally {
    await kernel.shutdown();
  }
}

const imports = `import { on, scenario, simulate } from "kernel-lib";
import { dot } from "@observablehq/plot";
import { chain, groupBy, VERSION } from "lodash";
import { map } from "lodash/fp";
import { statSync } from "node:fs";`;

/** Every kind of value whose inferred type must be named in what later cells are told. */
const values = `const model = scenario({ hosts: { a: {} }, programs: { x: on("a", async (host) => { await host.sleep(3); return host.now(); }) } });
const run = await simulate(model, { seed: 1 });
const groups = groupBy(run.rows, (row) => row.host);
const chained = chain([1, 2, 3]).map((x) => x * 2);
const mark = dot([{ x: 1 }], { x: "x" });
const stat = statSync("/");
const double = map((x: number) => 2 * x);
run.results.x`;

const uses =
  "[Object.keys(groups).length, chained.value(), typeof mark.plot, stat.isDirectory(), double([4]), VERSION]";
const version = (
  JSON.parse(readFileSync(join(root, "node_modules/lodash/package.json"), "utf8")) as { version: string }
).version;

/** What a value of each of the packages is not: the types of each must be there, else nothing is wrong. */
const wrongs: Readonly<Record<string, RegExp>> = {
  "const w1: string = run.results.x;": /'number' is not assignable to type 'string'/,
  "const w2: string = groups.a;": /'TraceRow\[\] \| undefined' is not assignable|'TraceRow\[\]' is not assignable/,
  "const w3: string = chained.value();": /'number\[\]' is not assignable/,
  "const w4: string = mark;": /'Dot' is not assignable/,
  "const w6: string = stat;": /'Stats' is not assignable/,
  "const w7: string = double([4]);": /'number\[\]' is not assignable/,
};

/** The library, what students draw and summarise with, their types, and completion. */
async function worksIn(cwd: string, env?: NodeJS.ProcessEnv): Promise<void> {
  await inKernel(
    cwd,
    async (kernel) => {
      assert.equal(errorsOf(await kernel.execute(imports)), []);
      const ran = await kernel.execute(values);
      assert.equal([errorsOf(ran), resultOf(ran)], [[], "3"]);
      const used = resultOf(await kernel.execute(`JSON.stringify(${uses})`));
      assert.is(used, `'[1,[2,4,6],"function",true,[8],"${version}"]'`);
      for (const [code, message] of Object.entries(wrongs)) {
        const [error] = errorsOf(await kernel.execute(code));
        assert.match(String(error?.traceback.join("\n")), message, code);
      }
      for (const [code, wanted] of [
        ["run.res", "results"],
        ["groupB", "groupBy"],
        ["mark.plo", "plot"],
        ["stat.isDir", "isDirectory"],
      ] as const) {
        const reply = await kernel.request("shell", "complete_request", { code, cursor_pos: code.length });
        assert.ok(
          (reply.matches as string[]).includes(wanted),
          `${code}: ${JSON.stringify(reply.matches).slice(0, 200)}`,
        );
      }
      const code = "simulate";
      const shown = await kernel.request("shell", "inspect_request", { code, cursor_pos: 3, detail_level: 0 });
      assert.match((shown.data as { "text/plain": string })["text/plain"], "@throws");
    },
    env,
  );
}

/** A home as many have it: leftovers of other projects, some broken. */
const home = {
  "home/package.json": "{ not JSON",
  "home/tsconfig.json": '{ "compilerOptions": { "types": ["nothing"], "strict": false } }',
  "home/node_modules/lodash/package.json": '{ "name": "lodash", "version": "1.3.1", "main": "lodash.js" }',
  "home/node_modules/lodash/lodash.js": 'exports.VERSION = "1.3.1";',
  "home/node_modules/@types/lodash/package.json":
    '{ "name": "@types/lodash", "version": "1.0.0", "types": "index.d.ts" }',
  "home/node_modules/@types/lodash/index.d.ts": "export const VERSION: 1;",
  "home/node_modules/@types/node/package.json": '{ "name": "@types/node", "version": "0.0.1", "types": "index.d.ts" }',
  "home/node_modules/@types/node/index.d.ts": "declare const process: never;",
  "home/node_modules/@types/broken/package.json": '{ "name": "@types/broken", "types": "index.d.ts" }',
  "home/node_modules/@types/broken/index.d.ts": "this is no TypeScript",
  "home/node_modules/typescript/package.json": '{ "name": "typescript", "version": "1.0.0", "main": "typescript.js" }',
  "home/node_modules/typescript/typescript.js": 'throw new Error("the wrong compiler");',
  "home/node_modules/kernel-lib/package.json": '{ "name": "kernel-lib", ',
  "home/node_modules/@observablehq/plot/package.json":
    '{ "name": "@observablehq/plot", "type": "module", "exports": {} }',
};

test("in a home folder with other versions, broken packages and a broken package.json above", async () => {
  write(home);
  await worksIn(join(folder, "home/courses/aula 08 (ç)"));
});

test("in a folder that lies in a node_modules", async () => {
  write(home);
  await worksIn(join(folder, "home/node_modules/notes"));
});

test("in a grader's folder, with nothing of the grader's environment", async () => {
  const cwd = join(folder, "grade-1");
  await worksIn(cwd, { PATH: process.env.PATH, LANG: process.env.LANG, HOME: cwd, TMPDIR: cwd });
  assert.equal(readdirSync(cwd), []);
});

test("a handed-out edition runs in another folder", async () => {
  const shipped = parseNotebook(readFileSync(join(root, "notebooks/00-start-here.ipynb"), "utf8"));
  const edition = studentsNotebook(shipped);
  // Live cells and what speaks of them are the same in every folder.
  const cells = edition.cells.slice(0, edition.cells.findIndex(isLive));
  const cwd = join(folder, "aula-08/students");
  mkdirSync(cwd, { recursive: true });
  const { problems, notebook } = await runNotebook("00", { ...edition, cells }, { cwd });
  assert.equal(problems, []);
  const outputs = notebook.cells.flatMap((cell) => (cell.cell_type === "code" ? cell.outputs : []));
  assert.ok(outputs.some((output) => "data" in output && "text/html" in output.data));
  assert.equal(readdirSync(cwd), []);
});

test("in a folder in which nobody may write", async () => {
  const cwd = join(folder, "read-only");
  mkdirSync(cwd);
  chmodSync(cwd, 0o555);
  // The superuser may write everywhere, unless it gives that right up.
  const [command, ...prefix] = process.getuid?.() === 0 ? ["setpriv", "--bounding-set=-dac_override"] : ["env"];
  const script = `import { startKernel } from ${JSON.stringify(join(root, "jupyter/client/client.ts"))};
import { writeFileSync } from "node:fs";
let refused = "";
try { writeFileSync("x", ""); } catch (error) { refused = error.code; }
const kernel = await startKernel({ cwd: process.cwd() });
const told = [];
for (const code of process.argv.slice(1)) told.push(await kernel.execute(code));
await kernel.shutdown();
console.log(JSON.stringify({ refused, told }));`;
  const tsx = import.meta.resolve("tsx");
  const args = [...prefix, process.execPath, "--import", tsx, "--input-type=module", "-e", script, "--"];
  const printed = execFileSync(command as string, [...args, imports, values, uses], { cwd, encoding: "utf8" });
  const { refused, told } = JSON.parse(printed) as { refused: string; told: Parameters<typeof errorsOf>[0][] };
  assert.is(refused, "EACCES");
  assert.equal(told.flatMap(errorsOf), []);
  assert.equal(readdirSync(cwd), []);
});

test("the reader's own modules and packages are found beside the notebook, and use the workbook's", async () => {
  write({
    "own/statistics.ts":
      'import { groupBy } from "lodash";\nimport { ParameterError } from "kernel-lib";\nexport const parity = (all: number[]) => groupBy(all, (n) => n % 2);\nexport const fail = () => new ParameterError("own").name;',
    "node_modules/greetings/package.json":
      '{ "name": "greetings", "version": "1.0.0", "main": "index.js", "types": "index.d.ts" }',
    "node_modules/greetings/index.js": 'exports.hello = () => ({ to: "you" });',
    "node_modules/greetings/index.d.ts": "export interface Greeting { to: string }\nexport function hello(): Greeting;",
    // Beside the workbook's own copy, which nothing of the workbook's names: the reader's wins.
    "node_modules/semver/package.json":
      '{ "name": "semver", "version": "0.0.1", "main": "index.js", "types": "index.d.ts" }',
    "node_modules/semver/index.js": 'exports.whose = "mine";',
    "node_modules/semver/index.d.ts": "export const whose: string;",
    "node_modules/late/package.json":
      '{ "name": "late", "version": "1.0.0", "type": "module", "exports": "./index.mjs" }',
    "node_modules/late/index.mjs": "export const when = await Promise.resolve(7);",
    "node_modules/late/index.d.mts": "export const when: number;",
  });
  await inKernel(join(folder, "own"), async (kernel) => {
    const code = `import { fail, parity } from "./statistics";
import { hello } from "greetings";
import { whose } from "semver";
const greeting = hello();
const { when } = await import("late");
JSON.stringify([parity([1, 2, 3]), fail(), greeting, whose, when])`;
    const ran = await kernel.execute(code);
    assert.equal(errorsOf(ran), []);
    assert.is(resultOf(ran), `'[{"0":[2],"1":[1,3]},"ParameterError",{"to":"you"},"mine",7]'`);
    assert.is(resultOf(await kernel.execute("greeting.to")), "'you'");
    for (const [begun, wanted] of [
      ["gree", "greetings"],
      ["./sta", "./statistics"],
    ] as const) {
      const half = `import x from "${begun}`;
      const reply = await kernel.request("shell", "complete_request", { code: half, cursor_pos: half.length });
      assert.equal(reply.matches, [wanted]);
    }
    const [error] = errorsOf(await kernel.execute("const wrong: number = parity([1]);"));
    assert.match(error?.evalue ?? "", "Dictionary<number[]>");
  });
});

test("a module beside the notebook that is written or changed while the kernel runs is taken as it stands", async () => {
  const cwd = join(folder, "changing");
  await inKernel(cwd, async (kernel) => {
    const [missing] = errorsOf(await kernel.execute('import { now } from "./helper"; now'));
    assert.match(missing?.evalue ?? "", "Cannot find module './helper'");
    write({ "changing/helper.ts": "export const now = 1;" });
    assert.is(resultOf(await kernel.execute('import { now } from "./helper"; now')), "1");
    const borrows = 'import { one } from "./one";\nexport const now: number = one;';
    write({ "changing/helper.ts": borrows });
    const [lacks] = errorsOf(await kernel.execute('import { now } from "./helper"; now'));
    assert.match(String(lacks?.traceback.join("\n")), /helper\.ts line 1, column 21: Cannot find module '\.\/one'/);
    write({ "changing/one.ts": "export const one = 11;" });
    assert.is(resultOf(await kernel.execute('import { now } from "./helper"; now')), "11");
    write({ "changing/helper.ts": 'export const now = "changed";' });
    assert.is(resultOf(await kernel.execute('import { now } from "./helper"; now.length')), "7");
    write({ "changing/helper.ts": "export const now: number = 'wrong';" });
    const [wrong] = errorsOf(await kernel.execute('import { now } from "./helper"; now'));
    assert.match(String(wrong?.traceback.join("\n")), /helper\.ts line 1, column 14: Type 'string' is not assignable/);
  });
});

test.run();
