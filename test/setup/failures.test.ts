import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import path from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { inRoot } from "../../scripts/setup/paths.mjs";
import { copySources, readersEnvironment } from "./checkout.js";
import { nothingIsLeft } from "./npm-start.js";

const failing = suite("npm start where something is missing");
const nowhere = "http://127.0.0.1:9"; // a port at which nothing listens
let folder: string;
failing.before(() => {
  folder = mkdtempSync(path.join(inRoot("build"), "failing "));
  copySources(folder);
});
failing.after(() => rmSync(folder, { recursive: true, force: true }));

function start(extra: NodeJS.ProcessEnv, args: readonly string[] = [], node: readonly string[] = []) {
  const command = [...node, path.join(folder, "scripts", "start.mjs"), "--no-browser", ...args];
  const env = readersEnvironment(path.join(folder, "build", "home"), extra);
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { env, encoding: "utf8", timeout: 120_000 });
  return { status, stdout, told: stderr.split("\n").filter((line) => line.trim() !== "") };
}

/** Exit code 1, one line, which says this, and no process left. */
async function failsWith(result: ReturnType<typeof start>, says: RegExp): Promise<void> {
  assert.is(result.told.length, 1, result.told.join("\n"));
  assert.match(result.told[0] ?? "", says);
  assert.is(result.status, 1);
  await nothingIsLeft(folder, 20_000);
}

failing("no network for npm", async () => {
  const cache = path.join(folder, "build", "npm-cache");
  await failsWith(
    start({ npm_config_registry: nowhere, npm_config_cache: cache }),
    /^set-up: npm ci: the network can't be reached\. Connect and start again/,
  );
});

failing("no network for pip", async () => {
  await failsWith(
    start({ PIP_INDEX_URL: nowhere, PIP_NO_INDEX: "0", PIP_FIND_LINKS: "" }),
    /^set-up: pip install: the network can't be reached\. Connect and start again/,
  );
});

// A proxy is told with where it was set, and never with the password that may stand in it.
const proxy = "http://somebody:secret@127.0.0.1:9";
const throughProxy =
  / It is set to go through the proxy http:\/\/127\.0\.0\.1:9 \((?<from>.*)\), which does not answer\.$/;
const forAll = ["HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy"];
const noneSpared = { NO_PROXY: "", no_proxy: "", npm_config_noproxy: "" };
const viaVariable = { ...Object.fromEntries(forAll.map((name) => [name, proxy])), ...noneSpared };
const deadProxies: readonly (readonly [string, string, NodeJS.ProcessEnv, string])[] = [
  // Both go through it, and the first to give up is told.
  ["npm|pip", "a variable", viaVariable, "HTTPS_PROXY"],
  [
    "npm",
    "npm's settings",
    { npm_config_proxy: proxy, npm_config_https_proxy: proxy, ...noneSpared },
    "npm's setting https-proxy",
  ],
  ["pip", "pip's settings", { PIP_PROXY: proxy, PIP_NO_INDEX: "0", PIP_FIND_LINKS: "" }, "pip's setting proxy"],
];
for (const [tool, where, extra, from] of deadProxies)
  failing(`a proxy in ${where} that does not answer ${tool.replace("|", " or ")} is named`, async () => {
    const result = start({ npm_config_cache: path.join(folder, "build", "npm-cache"), ...extra });
    await failsWith(result, new RegExp(`^set-up: (?:${tool}) .*the network can't be reached.*${throughProxy.source}`));
    assert.is(throughProxy.exec(result.told[0] ?? "")?.groups?.from, from);
  });

failing("a Python that is too old", async () => {
  await failsWith(
    start({ PYTHON: "/bin/false" }),
    /^set-up: PYTHON=\/bin\/false is not a Python that runs\. Install Python 3\.10/,
  );
});

failing("a Node that is too old", async () => {
  const old = `data:text/javascript,Object.defineProperty(process.versions, "node", { value: "18.20.8" })`;
  await failsWith(start({}, [], ["--import", old]), /^Node 18\.20\.8 is too old: install Node 20\.19 or later/);
});

for (const [name, says] of [
  ["a:b", /^set-up: the path of this folder holds a ":", which/],
  ["a $HOME", /^set-up: the path of this folder holds a \$ with the name of a variable/],
  ["a [1]", /^set-up: the path of this folder holds a \*, a \? or brackets/],
] as const)
  failing(`a folder that is called ${name} is refused before anything is installed`, () => {
    const there = path.join(folder, "build", name);
    cpSync(path.join(folder, "scripts"), path.join(there, "scripts"), { recursive: true });
    const command = [path.join(there, "scripts", "start.mjs"), "--no-browser"];
    const env = readersEnvironment(path.join(folder, "build", "home"));
    const { status, stderr } = spawnSync(process.execPath, command, { env, encoding: "utf8" });
    assert.match(stderr.trim(), says);
    assert.is(status, 1);
    assert.equal(readdirSync(there), ["scripts"]);
  });

for (const argument of ["--ip=0.0.0.0", "--ServerApp.ip=*", "--IdentityProvider.token=", "--ServerApp.token=''"])
  failing(`${argument} is refused`, () => failsWith(start({}, [argument]), /^set-up: --.* Leave --/));

failing("an --ip with its value apart is refused", async () => {
  await failsWith(start({}, ["--ip", "192.0.2.1"]), /^set-up: --ip: JupyterLab runs on this machine's loopback only/);
});

failing.run();
