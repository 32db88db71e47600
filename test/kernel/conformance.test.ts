import { execFile } from "node:child_process";
import { mkdirSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { writeKernelspec } from "../../jupyter/kernelspec.mjs";
import { inRoot, jupyterEnvironment, python } from "../../scripts/setup/paths.mjs";
import { pythonPackages } from "../python-packages.js";

const test = suite("kernel: Jupyter's own tests of a kernel");
const folder = inRoot("build", "kernel-conformance");
const share = path.join(folder, "share");
const run = promisify(execFile);

let packages: string;
test.before(async () => {
  mkdirSync(folder, { recursive: true });
  writeKernelspec(share);
  packages = await pythonPackages("test", "kernel", "requirements.txt");
});

interface Told {
  readonly passed: readonly string[];
  readonly wrong: readonly (readonly [string, string])[];
  readonly skipped: readonly (readonly [string, string])[];
}

let told: Told;

test("jupyter_kernel_test finds nothing wrong", async () => {
  const env = { ...jupyterEnvironment(), JUPYTER_PATH: share, PYTHONPATH: packages };
  const { stdout } = await run(python, [inRoot("test", "kernel", "conformance.py")], { cwd: folder, env });
  told = JSON.parse(stdout) as Told;
  assert.equal(told.wrong, []);
});

test("it tries all that a kernel can have but a pager, whose place Shift+Tab has", () => {
  assert.equal(
    told.skipped.map(([name]) => name),
    ["test_pager"],
  );
  const tried = ["clear_output", "completion", "display_data", "error", "execute_result", "execute_stderr"];
  tried.push("execute_stdout", "history", "inspect", "is_complete", "kernel_info", "recv_iopub_welcome_msg");
  assert.equal(
    [...told.passed].sort(),
    tried.map((name) => `test_${name}`),
  );
});

test.run();
