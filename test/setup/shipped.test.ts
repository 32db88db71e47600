import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { inRoot } from "../../scripts/setup/paths.mjs";
import { copySources, readersEnvironment } from "./checkout.js";

const shipping = suite("which notebooks are as they were shipped");
const notebook = "notebooks/07-a.ipynb";
const text = "notebooks/text/07-a.ts";
let folder: string;

shipping.before.each(() => {
  mkdirSync(inRoot("build"), { recursive: true });
  folder = mkdtempSync(path.join(inRoot("build"), "shipped "));
  copySources(folder);
  rmSync(path.join(folder, "notebooks"), { recursive: true, force: true });
  write(notebook, "shipped notebook");
  write(text, "shipped text");
});
shipping.after.each(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, content: string): void {
  mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
  writeFileSync(path.join(folder, name), content);
}
const read = (name: string): string => readFileSync(path.join(folder, name), "utf8");

function commitAll(): void {
  const git = (...args: string[]) => execFileSync("git", args, { cwd: folder, stdio: "ignore" });
  git("init", "-q");
  git("add", "-A");
  git("-c", "user.name=test", "-c", "user.email=test@localhost", "commit", "-q", "--no-gpg-sign", "-m", "all");
}

// Runs code of the folder's own scripts in the folder, as npm start would.
function ask(code: string, extra: NodeJS.ProcessEnv = {}): unknown {
  const program = `import * as shipped from "./scripts/setup/shipped.mjs"; console.log(JSON.stringify(${code}))`;
  const env = readersEnvironment(path.join(folder, "build", "home"), extra);
  const args = ["--input-type=module", "-e", program];
  return JSON.parse(execFileSync(process.execPath, args, { cwd: folder, env, encoding: "utf8" }));
}
function reset(args: readonly string[], extra: NodeJS.ProcessEnv = {}) {
  const env = readersEnvironment(path.join(folder, "build", "home"), extra);
  return spawnSync(process.execPath, ["scripts/reset.mjs", ...args], { cwd: folder, env, encoding: "utf8" });
}

// A download is unpacked inside the project's own repository here: that one must not be asked.
const kinds: readonly (readonly [string, string, () => void])[] = [
  ["a clone", "git", commitAll],
  ["a download without git", "copy", () => void ask("shipped.keepCopies() ?? null")],
];
for (const [what, source, prepare] of kinds) {
  shipping(`in ${what}, an edited and a missing file are named, and reset brings both back`, () => {
    prepare();
    assert.is(ask("shipped.shipped().source"), source);
    assert.equal(ask("shipped.editedNotebooks()"), []);
    write(notebook, "a reader's notebook");
    rmSync(path.join(folder, text));
    assert.equal(ask("shipped.editedNotebooks()"), [
      { name: notebook, state: "edited" },
      { name: text, state: "missing" },
    ]);
    const { status, stdout } = reset(["07"]);
    assert.is(status, 0);
    assert.equal([read(notebook), read(text)], ["shipped notebook", "shipped text"]);
    const [, kept = ""] = /is kept in (\S+)/.exec(stdout) ?? [];
    assert.is(read(path.join(kept, notebook)), "a reader's notebook");
  });

  shipping(`in ${what}, reset leaves other notebooks alone`, () => {
    write("notebooks/08-b.ipynb", "shipped b");
    prepare();
    write("notebooks/08-b.ipynb", "a reader's b");
    write(notebook, "a reader's notebook");
    assert.is(reset(["7"]).status, 0);
    assert.equal([read(notebook), read("notebooks/08-b.ipynb")], ["shipped notebook", "a reader's b"]);
  });
}

// A command `git` that comes first in PATH.
function withGit(script: string): NodeJS.ProcessEnv {
  const file = path.join(folder, "build", "bin", "git");
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return { PATH: `${path.dirname(file)}${path.delimiter}${process.env.PATH}` };
}

shipping("a clone that another user owns is asked all the same", () => {
  commitAll();
  write(notebook, "a reader's notebook");
  const real = execFileSync("sh", ["-c", "command -v git"], { encoding: "utf8" }).trim();
  const refusing = withGit(`GIT_TEST_ASSUME_DIFFERENT_OWNER=1 exec "${real}" "$@"`);
  const plain = spawnSync("git", ["status"], { cwd: folder, env: { ...process.env, ...refusing }, encoding: "utf8" });
  assert.match(plain.stderr, "dubious ownership");
  assert.equal(ask("shipped.editedNotebooks()", refusing), [{ name: notebook, state: "edited" }]);
  assert.is(reset(["7"], refusing).status, 0);
  assert.is(read(notebook), "shipped notebook");
});

const speechless: readonly (readonly [string, string, RegExp])[] = [
  ["refuses", "echo 'fatal: not today' >&2; exit 128", /git says: fatal: not today/],
  ["is not there", "exec /nowhere/git", /can't be told: git/],
];
for (const [what, script, says] of speechless)
  shipping(`in a clone where git ${what}, nothing is signed, copied or called as it was shipped`, () => {
    commitAll();
    write(notebook, "a reader's notebook");
    const git = withGit(script);
    assert.match(String(ask("(await shipped.signShipped())", git)), /^none signed.*: git /);
    assert.not.ok(existsSync(path.join(folder, ".jupyter", "shipped")));
    const { status, stdout, stderr } = reset(["7"], git);
    assert.is(status, 1);
    assert.is(stdout, "");
    assert.match(stderr, says);
    assert.is(read(notebook), "a reader's notebook");
  });

shipping("a GIT_DIR of the reader's leads nowhere else", () => {
  commitAll();
  write(notebook, "a reader's notebook");
  const elsewhere = { GIT_DIR: inRoot(".git"), GIT_WORK_TREE: inRoot() };
  assert.equal(ask("shipped.editedNotebooks()", elsewhere), [{ name: notebook, state: "edited" }]);
});

shipping("a clone under autocrlf has the line ends of any other", () => {
  commitAll();
  const clone = path.join(folder, "build", "clone");
  execFileSync("git", ["-c", "core.autocrlf=true", "clone", "-q", folder, clone]);
  const ends = execFileSync("git", ["ls-files", "--eol"], { cwd: clone, encoding: "utf8" }).split("\n");
  assert.ok(ends.length > 100);
  assert.equal(
    ends.filter((line) => /w\/(crlf|mixed)/.test(line)),
    [],
  );
});

shipping("the copies of a download are made once, not again after an edit", () => {
  ask("shipped.keepCopies() ?? null");
  write(notebook, "a reader's notebook");
  ask("shipped.keepCopies() ?? null");
  assert.equal(ask("shipped.editedNotebooks()"), [{ name: notebook, state: "edited" }]);
});

shipping("a clone keeps no copies", () => {
  commitAll();
  ask("shipped.keepCopies() ?? null");
  assert.not.ok(existsSync(path.join(folder, ".jupyter", "shipped")));
});

for (const args of [[], ["09"], ["../../etc/passwd"], ["0"]])
  shipping(`reset ${args.join(" ") || "without a name"} changes nothing and lists what there is`, () => {
    commitAll();
    write(notebook, "a reader's notebook");
    const { status, stderr } = reset(args);
    assert.is(status, 1);
    assert.match(stderr, /Shipped: 07-a/);
    assert.is(read(notebook), "a reader's notebook");
  });

shipping.run();
