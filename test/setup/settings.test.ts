import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { npmFlags, pipEnvironment, pipSettings, toolEnvironment } from "../../scripts/setup/environment.mjs";
import { jupyterEnvironment, python } from "../../scripts/setup/paths.mjs";

const shielding = suite("a reader's own settings");
let folder: string;
shielding.before.each(() => {
  folder = mkdtempSync(path.join(tmpdir(), "settings "));
});
shielding.after.each(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, lines: readonly string[]): string {
  const file = path.join(folder, name);
  writeFileSync(file, `${lines.join("\n")}\n`);
  return file;
}

// Each with what it must be in an installation; npm runs no script of ours for these, so that even those can be tried
// with which `npm start` would not begin.
const npmSettings: Readonly<Record<string, readonly [readers: string, ours: unknown]>> = {
  "bin-links": ["false", true],
  "dry-run": ["true", false],
  force: ["true", false],
  global: ["true", false],
  "ignore-scripts": ["true", false],
  "install-strategy": ["nested", "hoisted"],
  "legacy-peer-deps": ["true", false],
  "package-lock": ["false", true],
  "package-lock-only": ["true", false],
  "strict-peer-deps": ["true", false],
  "prefer-offline": ["true", false],
  offline: ["true", false],
  "script-shell": ["/bin/false", null],
  "node-options": ["--inspect", null],
  before: ["2015-01-01", null],
  libc: ["musl", null],
  cpu: ["mips", null],
  os: ["win32", null],
};
const omitting = ["omit[]=optional", "omit[]=dev", "omit[]=peer", "production=true"];

for (const where of ["npm's configuration file", "variables"])
  shielding(`from ${where}, npm takes what leads to the network and nothing else`, () => {
    const settings = Object.entries(npmSettings).map(([name, [readers]]) => [name, readers] as const);
    const network = [
      ["registry", "https://mirror.example/npm/"] as const,
      ["proxy", "http://proxy.example:3128/"] as const,
    ];
    const inFile = where === "variables" ? [] : [...settings, ...network];
    const inVariables = where === "variables" ? [...settings, ...network, ["workspace", "nowhere"] as const] : [];
    const variables = inVariables.map(([name, value]) => [`npm_config_${name.replaceAll("-", "_")}`, value]);
    const userconfig = write("npmrc", [...omitting, ...inFile.map(([name, value]) => `${name}=${value}`)]);
    const bare = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_config_|proxy$/i.test(name)));
    const env = toolEnvironment({
      ...bare,
      ...Object.fromEntries(variables),
      NODE_ENV: "production",
      npm_config_userconfig: userconfig,
    });
    const said = execFileSync("npm", ["config", "list", "--json", ...npmFlags], { cwd: folder, env, encoding: "utf8" });
    const seen = JSON.parse(said) as Readonly<Record<string, unknown>>;
    for (const [name, [, ours]] of Object.entries(npmSettings)) assert.equal([name, seen[name]], [name, ours]);
    for (const [name, value] of network) assert.is(seen[name], value);
    // npm installs what both name.
    assert.equal([...(seen.include as string[])].sort(), ["dev", "optional", "peer", "prod"]);
    assert.equal(seen.workspace, []);
  });

shielding("of pip's settings only those are passed on that lead to packages, a command's before general ones", () => {
  const file = write("pip.conf", [
    "[global]",
    ...["user = true", "index-url = https://mirror.example/a", "timeout = 7", "quiet = 1"],
    ...["trusted-host =", "    one.example", "    two.example"],
    "[install]",
    ...["target = /nowhere", "index-url = https://mirror.example/it's", "no-deps = true"],
    "[download]",
    "index-url = https://mirror.example/other",
  ]);
  const env = {
    ...jupyterEnvironment(),
    PIP_CONFIG_FILE: file,
    PIP_PREFIX: "/nowhere",
    PIP_PROXY: "http://proxy.example:1",
  };
  for (const name of ["PIP_FIND_LINKS", "PIP_CERT", "PIP_DEFAULT_TIMEOUT", "PIP_INDEX_URL"])
    delete (env as NodeJS.ProcessEnv)[name];
  const settings = JSON.parse(execFileSync(python, ["-c", pipSettings], { env, encoding: "utf8" }));
  const { PIP_CONFIG_FILE, ...passed } = Object.fromEntries(
    Object.entries(pipEnvironment(env, settings)).filter(([name]) => name.startsWith("PIP_")),
  );
  assert.is(PIP_CONFIG_FILE, "/dev/null");
  assert.is(passed.PIP_INDEX_URL, "https://mirror.example/it's");
  assert.equal(passed.PIP_TRUSTED_HOST?.split(/\s+/), ["one.example", "two.example"]);
  assert.equal([passed.PIP_TIMEOUT, passed.PIP_PROXY], ["7", "http://proxy.example:1"]);
  for (const name of ["USER", "TARGET", "PREFIX", "NO_DEPS", "QUIET"])
    assert.is(passed[`PIP_${name}`], undefined, name);
});

shielding("of Node's options those stay that lead to the network or give memory", () => {
  const given =
    "--use-system-ca --require ./nowhere.js --max-old-space-size=4096 --inspect --dns-result-order=ipv4first";
  const { NODE_OPTIONS } = toolEnvironment({ NODE_OPTIONS: given });
  assert.is(NODE_OPTIONS, "--use-system-ca --max-old-space-size=4096 --dns-result-order=ipv4first");
});

shielding("Python's own variables are left out, but the one that chooses a Python", () => {
  const from = {
    PYTHON: "/usr/bin/python3",
    PYTHONHOME: "/a",
    PYTHONPATH: "/b",
    PYTHONWARNINGS: "error",
    VIRTUAL_ENV: "/c",
  };
  assert.equal(toolEnvironment(from), { PYTHON: "/usr/bin/python3" });
});

shielding.run();
