import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Output, startKernel } from "../../jupyter/client/client.js";
import { writeKernelspec } from "../../jupyter/kernelspec.mjs";
import { isAlive, root } from "./support.js";

const test = suite("kernel: Jupyter's own clients");
const python = join(root, ".venv", "bin", "python");
let folder = "";

test.before(async () => {
  folder = await mkdtemp(join(tmpdir(), "handoff-jupyter-"));
});
test.after(() => rm(folder, { recursive: true, force: true }));

/** Runs a Python script that sees only our kernelspec, in a home of its own, and returns what it prints as JSON. */
async function runPython(script: string, ...args: string[]): Promise<unknown> {
  const home = join(folder, "home");
  const env = { ...process.env, JUPYTER_PATH: folder, HOME: home, IPYTHONDIR: home, JUPYTER_PLATFORM_DIRS: "1" };
  const { stdout } = await promisify(execFile)(python, ["-c", script, ...args], { cwd: root, env, maxBuffer: 2 ** 24 });
  return JSON.parse(stdout);
}

test("the kernelspec names this Node, the launcher and the language, and a second writing replaces it", async () => {
  writeKernelspec(folder);
  const file = writeKernelspec(folder);
  assert.is(file, join(folder, "kernels", "handoff", "kernel.json"));
  assert.equal(await readdir(join(folder, "kernels", "handoff")), ["kernel.json"]);
  const spec = JSON.parse(await readFile(file, "utf8"));
  assert.is(spec.display_name, "TypeScript (Handoff)");
  assert.is(spec.language, "typescript");
  assert.equal(spec.argv, [
    process.execPath,
    join(root, "jupyter", "dist", "launcher", "launcher.js"),
    "{connection_file}",
  ]);
  assert.ok(existsSync(spec.argv[1]));
});

const cells = [
  'const words: string[] = ["a", "b"];\nfor (const word of words) console.log(word);\nconsole.error("to stderr");',
  "words.map((word) => word.toUpperCase())",
  '({ [Symbol.for("Jupyter.display")]: () => ({ "text/html": "<b>x</b>", "text/plain": "x" }) })',
  '(globalThis as any)[Symbol.for("handoff.jupyter")].display({ "text/plain": "0" }, {}, "id");\n' +
    '(globalThis as any)[Symbol.for("handoff.jupyter")].update({ "text/plain": "1" }, "id");',
  "function fail(): never {\n  throw new RangeError('no');\n}\nfail();",
  'const wrong: number = "x";',
  "for (let i = 0; i < 5_000; i++) console.log(i);",
  "await (Promise.resolve(words.length))",
];

/** Consecutive texts of one stream as one output: how they were cut is nobody's promise. */
function merged(outputs: readonly Output[]): Output[] {
  const all: Output[] = [];
  for (const output of outputs) {
    const last = all.at(-1);
    if (output.output_type === "stream" && last?.output_type === "stream" && last.name === output.name) {
      last.text += output.text;
    } else all.push({ ...output });
  }
  return all;
}

const hasPython = existsSync(python);
// On a developer's machine the set-up may not have run yet; where the checks run, it has.
const withPython = hasPython || process.env.CI ? test : (test.skip as typeof test);

withPython("nbclient gets the same outputs as our own client", async () => {
  writeKernelspec(folder);
  const theirs = (await runPython(
    `import json, sys, nbformat, nbclient
notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code) for code in json.loads(sys.argv[1])])
nbclient.NotebookClient(notebook, kernel_name="handoff", timeout=60, allow_errors=True).execute()
print(json.dumps([cell.outputs for cell in notebook.cells]))`,
    JSON.stringify(cells),
  )) as Output[][];
  const kernel = await startKernel({ cwd: root });
  const ours: Output[][] = [];
  for (const code of cells) ours.push((await kernel.execute(code, { stopOnError: false })).outputs);
  await kernel.shutdown();
  for (const [i, outputs] of theirs.entries()) assert.equal(merged(outputs), ours[i], cells[i]);
  assert.is(theirs.length, ours.length);
  assert.is(ours[4]?.[0]?.output_type, "error");
});

withPython("Jupyter's kernel manager interrupts, restarts and ends the kernel, and nothing is left", async () => {
  writeKernelspec(folder);
  const told = (await runPython(
    `import json, threading, time, os
from jupyter_client.manager import start_new_kernel
manager, client = start_new_kernel(kernel_name="handoff")
def run(code, seconds=60):
    lines, errors = [], []
    def take(message):
        if message["msg_type"] == "stream": lines.append(message["content"]["text"])
        if message["msg_type"] == "error": errors.append(message["content"]["ename"])
    started = time.monotonic()
    reply = client.execute_interactive(code, timeout=seconds, output_hook=take, store_history=True)
    return dict(status=reply["content"]["status"], text="".join(lines), errors=errors, took=time.monotonic() - started)
first = run("let kept = 1; console.log(process.pid, process.ppid)")
threading.Timer(1, manager.interrupt_kernel).start()
busy = run("await null; for (;;);")
after = run("console.log(kept)")
started = time.monotonic()
manager.restart_kernel(now=False)
client.wait_for_ready(timeout=60)
again = run("console.log(process.pid, process.ppid)")
manager.restart_kernel(now=True)
client.wait_for_ready(timeout=60)
third = run("console.log(process.pid, process.ppid)")
client.stop_channels()
manager.shutdown_kernel()
print(json.dumps(dict(first=first, busy=busy, after=after, again=again, third=third)))`,
  )) as Record<string, { status: string; text: string; errors: string[]; took: number }>;
  const { first, busy, after, again, third } = told;
  assert.equal(busy?.errors, ["Interrupted"]);
  assert.ok((busy?.took ?? 99) < 4, `took ${busy?.took} s`);
  assert.is(after?.text, "1\n");
  const pids = [first, again, third].flatMap((run) => String(run?.text).trim().split(" ").map(Number));
  assert.is(new Set(pids).size, 6, JSON.stringify(told));
  assert.equal(pids.filter(isAlive), []);
});

withPython("nothing was written to the user's home by the kernel", () => {
  assert.not.ok(existsSync(join(folder, "home", ".local", "share", "jupyter", "kernels")));
  assert.not.ok(existsSync(join(folder, "home", "Library")));
});

test.run();
