import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { findPython } from "../../scripts/setup/python.mjs";

const finding = suite("the Python that the set-up takes");
let folder: string;
finding.before.each(() => {
  folder = mkdtempSync(path.join(tmpdir(), "python "));
});
finding.after.each(() => rmSync(folder, { recursive: true, force: true }));

// A command that answers the set-up's question as that Python would.
function pretend(place: string, name: string, answer: string, exitCode = 0): string {
  const file = path.join(folder, place, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, `#!/bin/sh\necho "${answer}"\nexit ${exitCode}\n`);
  chmodSync(file, 0o755);
  return file;
}
const find = (places: readonly string[], more: NodeJS.ProcessEnv = {}) =>
  findPython({ PATH: places.map((place) => path.join(folder, place)).join(path.delimiter), ...more }, []);

finding("a 3.9 that comes first in PATH is passed over for a later python3", () => {
  pretend("first", "python3", "3 9 1");
  const wanted = pretend("second", "python3", "3 12 1");
  assert.is(find(["first", "second"]).command, wanted);
});

finding("a python3.11 is found beside a python3 that is too old", () => {
  pretend("bin", "python3", "3 9 1");
  const wanted = pretend("bin", "python3.11", "3 11 1");
  assert.is(find(["bin"]).command, wanted);
});

finding("a Python without venv is passed over for one that has it", () => {
  pretend("bin", "python3", "3 13 0");
  const wanted = pretend("bin", "python3.10", "3 10 1");
  assert.is(find(["bin"]).command, wanted);
});

finding("a command that fails, as the stand-in of a version manager does, is passed over", () => {
  pretend("bin", "python3", "3 12 1", 127);
  const wanted = pretend("bin", "python", "3 10 1");
  assert.is(find(["bin"]).command, wanted);
});

finding("PYTHON is taken before PATH", () => {
  pretend("bin", "python3", "3 12 1");
  const wanted = pretend("mine", "snake", "3 11 1");
  assert.is(find(["bin"], { PYTHON: wanted }).command, wanted);
});

finding("a PYTHON that is too old is an error, whatever PATH has", () => {
  pretend("bin", "python3", "3 12 1");
  const old = pretend("mine", "snake", "3 9 1");
  assert.throws(() => find(["bin"], { PYTHON: old }), /PYTHON=.*snake is Python 3\.9 .*too old\. Install Python 3\.10/);
});

finding("a PYTHON that does not run is an error", () => {
  assert.throws(() => find([], { PYTHON: "/nowhere/python" }), /PYTHON=\/nowhere\/python is not a Python that runs/);
});

finding("only old ones: one line with the version, the path and what to do", () => {
  const old = pretend("bin", "python3", "3 9 1");
  assert.throws(() => find(["bin"]), new RegExp(`found only Python 3\\.9 \\(${old}\\), which is too old\\. Install`));
});

finding("only one without venv: one line that names its package", () => {
  pretend("bin", "python3", "3 11 0");
  assert.throws(() => find(["bin"]), /Python 3\.11 .* has no venv module\. .*apt install python3\.11-venv/);
});

finding("Python 2 and no Python at all are told", () => {
  assert.throws(() => find(["bin"]), /no Python was found\. Install Python 3\.10 or later/);
  pretend("bin", "python", "2 7 0");
  assert.throws(() => find(["bin"]), /found only Python 2\.7/);
});

finding.run();
