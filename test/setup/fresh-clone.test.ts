import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { networkInterfaces } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { awkwardSettings, cloneFolder, makeClone, readersEnvironment } from "./checkout.js";
import { NpmStart, nothingIsLeft, processesOf } from "./npm-start.js";

const starting = suite("npm start in a fresh clone");
const home = path.join(cloneFolder, "..", "an empty home");
const settings = path.join(cloneFolder, "..", "an empty home's settings");
const env = readersEnvironment(home, awkwardSettings(settings));
const started: NpmStart[] = [];
const run = (args: readonly string[] = ["--port", "0"], folder = cloneFolder): NpmStart => {
  const start = NpmStart.run(folder, env, args);
  started.push(start);
  return start;
};

starting.before(() => {
  rmSync(cloneFolder, { recursive: true, force: true });
  rmSync(home, { recursive: true, force: true });
  readersEnvironment(home); // makes the folder
  makeClone(cloneFolder);
});
starting.after.each(async () => {
  for (const start of started.splice(0)) await start.stop();
});

async function request(url: string, where: string, options: RequestInit = {}): Promise<Response> {
  const { origin, searchParams } = new URL(url);
  const headers = { authorization: `token ${searchParams.get("token")}` };
  return await fetch(`${origin}${where}`, { headers, ...options });
}

async function startKernel(url: string): Promise<void> {
  const answer = await request(url, "/api/kernels", { method: "POST", body: "{}" });
  assert.is(answer.status, 201);
}

starting("the first start installs, builds and prints a URL that answers", async () => {
  const { url, seconds } = await run().url();
  console.log(`first start: ${seconds.toFixed(1)} s`);
  assert.is((await request(url, "/lab/tree/notebooks/00-start-here.ipynb")).status, 200);
  const specs = (await (await request(url, "/api/kernelspecs")).json()) as { default: string; kernelspecs: object };
  assert.equal([specs.default, Object.keys(specs.kernelspecs)], ["handoff", ["handoff"]]);
  const output = started[0]?.output ?? "";
  for (const step of ["npm packages", "Python packages", "build", "API pages", "notebooks", "JupyterLab"])
    assert.match(output, new RegExp(`^${step} +\\d+\\.\\d s`, "m"));
});

starting("set-up by a symbolic link does what it does by its own path", () => {
  const link = path.join(cloneFolder, "build", "link.mjs");
  symlinkSync(path.join("..", "scripts", "setup.mjs"), link);
  const said = execFileSync(process.execPath, [link], { cwd: home, env, encoding: "utf8" });
  assert.match(said, /^npm packages +\d+\.\d s +up to date$/m);
});

starting("a second start, from a folder below, prints its URL without installing anything", async () => {
  const start = run(["--port", "0"], path.join(cloneFolder, "notebooks"));
  const { seconds } = await start.url();
  console.log(`second start: ${seconds.toFixed(1)} s`);
  assert.ok(seconds < 30, `${seconds} s`);
  for (const step of ["npm packages", "Python packages", "build"])
    assert.match(start.output, new RegExp(`^${step} +\\d+\\.\\d s +up to date`, "m"));
});

starting("listens on loopback only, and answers nobody without the token", async () => {
  const { url } = await run().url();
  const { origin, port } = new URL(url);
  for (const where of ["/api/contents", "/lab", "/api/kernels"]) {
    const answer = await fetch(`${origin}${where}`, { redirect: "manual" });
    assert.ok(answer.status === 403 || answer.status === 302, `${where}: ${answer.status}`);
  }
  const outside = Object.values(networkInterfaces()).flatMap((all) => all ?? []);
  for (const { address } of outside.filter(({ internal, family }) => !internal && family === "IPv4"))
    assert.is(await connects(address, Number(port)), false, `${address} answers`);
});

const connects = (host: string, port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 2000 }, () => end(true));
    const end = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once("error", () => end(false)).once("timeout", () => end(false));
  });

for (const signal of ["SIGINT", "SIGHUP", "SIGTERM"] as const)
  starting(`${signal}, as a terminal sends it, ends JupyterLab and its kernels`, async () => {
    const start = run();
    await startKernel((await start.url()).url);
    start.signalAsTerminal(signal);
    await start.ended(30);
    await nothingIsLeft(cloneFolder, 20_000);
  });

starting("kill -9 of npm and of our process ends JupyterLab and its kernels", async () => {
  const start = run();
  await startKernel((await start.url()).url);
  start.signalAsTerminal("SIGKILL");
  await nothingIsLeft(cloneFolder, 20_000);
});

starting("a port in use is told by the URL: the next one is taken", async () => {
  const first = new URL((await run(["--port", "18888"]).url()).url);
  const second = new URL((await run(["--port", first.port]).url()).url);
  assert.is.not(second.port, first.port);
});

starting(
  "kill -9 in the middle of the set-up leaves no process; two starts at once mend it and both open",
  async () => {
    rmSync(path.join(cloneFolder, ".venv"), { recursive: true });
    rmSync(path.join(cloneFolder, "node_modules"), { recursive: true });
    const broken = run();
    for (
      const endMs = performance.now() + 120_000;
      !processesOf(cloneFolder).some((line) => line.includes("pip install"));
    )
      if (performance.now() < endMs) await sleep(50);
      else throw new Error(`pip was never at work; npm start said:\n${broken.output}`);
    broken.signalAsTerminal("SIGKILL");
    await nothingIsLeft(cloneFolder, 20_000);

    const both = [run(), run()];
    await Promise.all(both.map((start) => start.url()));
    const saying = (words: RegExp) => both.filter(({ output }) => words.test(output)).length;
    assert.is(saying(/waiting for another set-up/), 1);
    assert.is(saying(/^Python packages .* installed with/m), 1);
    assert.is(saying(/^npm packages .* installed/m), 1);
  },
);

starting("a package whose compiled part is gone is not up to date, and set-up brings it back", () => {
  const setUp = () => execFileSync("npm", ["run", "setup"], { cwd: cloneFolder, env, encoding: "utf8" });
  rmSync(path.join(cloneFolder, "node_modules", "@koromix"), { recursive: true });
  assert.match(setUp(), /^npm packages +\d+\.\d s +installed$/m);
  const loads = "require('koffi').load(null)";
  execFileSync(process.execPath, ["-e", loads], { cwd: cloneFolder, stdio: ["ignore", "ignore", "inherit"] });
  assert.match(setUp(), /^npm packages +\d+\.\d s +up to date$/m);
});

starting("a notebook that its reader edited is named, and neither changed nor signed", async () => {
  const file = path.join(cloneFolder, "notebooks", "00-start-here.ipynb");
  const shipped = readFileSync(file, "utf8");
  const edited = `${shipped.trimEnd()}\n\n`;
  writeFileSync(file, edited);
  const start = run();
  await start.url();
  assert.match(start.output, /^notebooks .* edited: 00-start-here$/m);
  assert.is(readFileSync(file, "utf8"), edited);
  await start.stop();
  const reset = execFileSync("npm", ["run", "reset", "0"], { cwd: cloneFolder, env, encoding: "utf8" });
  assert.is(readFileSync(file, "utf8"), shipped);
  const [, kept = ""] = /is kept in (\S+)/.exec(reset) ?? [];
  assert.is(readFileSync(path.join(cloneFolder, kept, "notebooks", "00-start-here.ipynb"), "utf8"), edited);
});

starting("nothing was written to the home folder, nor in the clone outside what git ignores", () => {
  assert.equal(readdirSync(home, { recursive: true }), []);
  assert.is(execFileSync("git", ["status", "--porcelain"], { cwd: cloneFolder, encoding: "utf8" }), "");
});

starting.run();
