import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
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

for (const argument of ["--ip=0.0.0.0", "--ServerApp.ip=*", "--IdentityProvider.token=", "--ServerApp.token=''"])
  failing(`${argument} is refused`, () => failsWith(start({}, [argument]), /^set-up: --.* Leave --/));

failing("an --ip with its value apart is refused", async () => {
  await failsWith(start({}, ["--ip", "192.0.2.1"]), /^set-up: --ip: JupyterLab runs on this machine's loopback only/);
});

failing.run();
