import {
  blockOf,
  checkFiles,
  type FileServerKind,
  type FileServerProcess,
  type FileServiceOptions,
  fileClient,
  fileServerKinds,
  textOf,
  withFileServerProcess,
} from "kernel-lib";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { failureOf } from "../../world/both-worlds.js";

const service = (kind: FileServerKind, more: Partial<FileServiceOptions> = {}): FileServiceOptions => ({
  kind,
  files: { x: 3 },
  timeoutMs: 1000,
  termMs: 1000,
  ...more,
});

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

/** Writes, kills the server with SIGKILL, starts it again and writes on. @returns what became of the second write, and the first. */
const acrossAKill = (used: FileServiceOptions) =>
  withFileServerProcess(used, async (server) => {
    const files = await fileClient(server.host("ana"), used);
    const handle = await files.open("x");
    await files.write(handle, 0, blockOf("before"));
    const end = await server.kill();
    assert.is(end.signal, "SIGKILL");
    assert.not.ok(isAlive(end.pid));
    const [failure] = await Promise.all([failureOf(() => files.write(handle, 1, blockOf("after"))), server.restart()]);
    const again = await files.open("x");
    const kept = textOf(await files.read(again, 0));
    await files.leave();
    assert.equal(checkFiles(server.rows).violations, []);
    return { failure, kept };
  });

for (const kind of fileServerKinds.filter((each) => each !== "stateful"))
  test(`${kind}: a session goes on after the server's process was killed`, async () => {
    assert.equal(await acrossAKill(service(kind)), { failure: "nothing thrown", kept: "before" });
  });

test("stateful: a session breaks when the server's process is killed, and its files are there still", async () => {
  const { failure, kept } = await acrossAKill(service("stateful"));
  assert.match(failure, /^FileError: stale handle/);
  assert.is(kept, "before");
});

test("stateful with recovery: a session goes on, since its client reclaims what it had", async () => {
  // The time of grace must hold the start of a process on a busy machine.
  const used = service("stateful", { recovery: "reclaim", graceMs: 4000 });
  assert.equal(await acrossAKill(used), { failure: "nothing thrown", kept: "before" });
});

test("whatever a process had acknowledged when it was killed is there when the next one starts", async () => {
  const used = service("stateless");
  await withFileServerProcess(used, async (server) => {
    let isOver = false;
    const writes = async (name: string) => {
      const files = await fileClient(server.host(name), used);
      const handle = await files.open("x");
      let count = 0;
      while (!isOver) await files.write(handle, count % 3, blockOf(`${name} ${++count}`));
      await files.leave();
      return count;
    };
    const writers = [writes("ana"), writes("bruno")];
    for (let kills = 0; kills < 3; kills++) {
      const before = server.rows.length;
      while (server.rows.length < before + 50) await new Promise((resolve) => setTimeout(resolve, 5));
      await server.kill();
      await server.restart();
    }
    isOver = true;
    assert.ok((await Promise.all(writers)).every((count) => count > 10));
    const files = await fileClient(server.host("auditor"), used);
    const handle = await files.open("x");
    for (const block of [0, 1, 2]) await files.read(handle, block);
    await files.leave();
    assert.equal(checkFiles(server.rows).violations, []);
  });
});

test("however it ends, no process is left, and a client that would ask for ever asks no more", async () => {
  let left: FileServerProcess | undefined;
  let asked = 0;
  const used = service("stateless", { timeoutMs: 50 });
  const failure = await failureOf(() =>
    withFileServerProcess(used, async (server) => {
      left = server;
      await server.kill();
      const host = server.host("ana");
      const files = await fileClient(host, used);
      void files.open("x").then(() => asked++);
      throw new Error("enough");
    }),
  );
  assert.is(failure, "Error: enough");
  assert.not.ok(isAlive((left as FileServerProcess).pid));
  assert.is(asked, 0);
});

test("what a process can't have is refused by name", async () => {
  const used = service("stateless");
  await withFileServerProcess(used, async (server) => {
    const host = server.host("ana");
    assert.is(await failureOf(() => host.compute(1)), "NotInAProcess: a program in a real process has no compute");
    assert.is(await failureOf(() => host.disk), "NotInAProcess: a program in a real process has no disk");
  });
});

test.run();
