import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { childrenOf } from "../../kernel/support.js";

const test = suite("live: nothing is left of a process that is killed");

const victimFile = fileURLToPath(new URL("./leaks-victim.ts", import.meta.url));

const canListen = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });

for (const signal of ["SIGKILL", "SIGTERM", "SIGINT"] as const) {
  test(`${signal} in the middle of a live run leaves no file, no child process, and its ports free`, async () => {
    const victim = spawn(process.execPath, ["--import", "tsx", victimFile], { stdio: ["ignore", "pipe", "inherit"] });
    let folder: string | undefined;
    try {
      const [line] = await once(victim.stdout, "data");
      const { ports, temporary } = JSON.parse(String(line)) as { ports: number[]; temporary: string };
      folder = temporary;
      assert.equal(
        await Promise.all(ports.map(canListen)),
        ports.map(() => false),
        "the ports are in use",
      );
      const pid = victim.pid as number;
      const onLinux = process.platform === "linux";
      // tsx keeps its own compiler as a child; a live run has none.
      if (onLinux) {
        const commands = childrenOf(pid).map((child) => readFileSync(`/proc/${child}/cmdline`, "utf8"));
        assert.equal(
          commands.filter((command) => !/esbuild/.test(command)),
          [],
        );
      }
      victim.kill(signal);
      const [, by] = await once(victim, "exit");
      assert.is(by, signal);
      assert.equal(readdirSync(folder), []);
      assert.equal(
        await Promise.all(ports.map(canListen)),
        ports.map(() => true),
        "the ports are free",
      );
    } finally {
      victim.kill("SIGKILL");
      if (folder) rmSync(folder, { recursive: true, force: true });
    }
  });
}

test.run();
