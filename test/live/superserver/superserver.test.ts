import dgram from "node:dgram";
import { once } from "node:events";
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { networkInterfaces, tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import {
  executable,
  type Superserver,
  type SuperserverOptions,
  type SuperserverRow,
  selfContainedProgram,
  startChild,
  startSuperserver,
} from "kernel-lib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { currentUser } from "../../../kernel-lib/live/system/users.js";
import { childrenOf, eventually, isAlive } from "../../kernel/support.js";
import { failureOf } from "../../world/both-worlds.js";
import { difference, held } from "../run/leaks-support.js";

const test = suite("live: superserver");

const user = currentUser();
const known = new Set(childrenOf(process.pid));
const newChildren = (): number[] => childrenOf(process.pid).filter((pid) => !known.has(pid));
test.after.each(() => assert.equal(newChildren(), [], "no child, no zombie and no guard is left"));

const folder = mkdtempSync(path.join(tmpdir(), "handoff-superserver-"));
test.after(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a test with a superserver, and closes that whatever comes. */
async function serving(
  conf: string,
  use: (superserver: Superserver) => Promise<void>,
  options?: SuperserverOptions,
): Promise<readonly SuperserverRow[]> {
  const superserver = await startSuperserver(conf.replaceAll("USER", user), options);
  try {
    await use(superserver);
  } finally {
    await superserver.close();
  }
  return superserver.rows;
}

/** What a service answers until it ends the connection; or the name of the error. */
async function ask(port: number, text = "", host = "127.0.0.1"): Promise<string> {
  const socket = connect(port, host);
  socket.end(text);
  let answer = "";
  try {
    for await (const chunk of socket.setEncoding("latin1")) answer += chunk;
  } catch (error) {
    // A child that ends with unread bytes resets its connection.
    const { code } = error as { code?: string };
    if (code !== "ECONNRESET" && code !== "EPIPE") return String(code);
  }
  return answer;
}

const events = (rows: readonly SuperserverRow[], ...wanted: SuperserverRow["event"][]): string[] =>
  rows.filter(({ event }) => wanted.includes(event)).map(({ event, service }) => `${event} ${service}`);

const cat = "stream tcp nowait USER /bin/cat cat";
const shell = (script: string): string => {
  const file = path.join(folder, `${script.replaceAll(/\W+/g, "-")}.sh`);
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
  return `${file} script`;
};

test("each connection gets a process of its own, all at the same time, and its bytes come back", async () => {
  const rows = await serving(`100 ${cat}`, async (superserver) => {
    const port = superserver.realPort(100);
    const open = Array.from({ length: 10 }, () => connect(port, "127.0.0.1"));
    const running = (): number => superserver.rows.filter(({ event }) => event === "started").length;
    assert.ok(await eventually(() => running() === 10), "ten run before the first ends");
    assert.is(superserver.rows.filter(({ event }) => event === "ended").length, 0);
    const answers = open.map(async (socket, i) => {
      socket.end(`bytes ${i}`);
      let answer = "";
      for await (const chunk of socket) answer += chunk;
      return answer;
    });
    assert.equal(
      await Promise.all(answers),
      open.map((_, i) => `bytes ${i}`),
    );
    assert.ok(await eventually(() => events(superserver.rows, "ended").length === 10), "all are reaped");
  });
  assert.is(new Set(rows.filter(({ event }) => event === "started").map(({ pid }) => pid)).size, 10);
  assert.equal(
    rows.filter(({ event }) => event === "ended").map(({ code }) => code),
    Array.from({ length: 10 }, () => 0),
  );
});

test("a program gets its arguments, its own name first, and its errors go to the client", async () => {
  await serving(`100 stream tcp nowait USER ${shell('echo "$1 $2"; echo oops >&2')} one two`, async (superserver) => {
    assert.is(await ask(superserver.realPort(100)), "one two\noops\n");
  });
});

test("a function of a cell serves a connection as the program of a line", async () => {
  const upper = selfContainedProgram(async () => {
    for await (const chunk of process.stdin) process.stdout.write(String(chunk).toUpperCase());
  });
  const conf = "shout stream tcp nowait USER /cell/upper upper";
  const options = { programs: { "/cell/upper": upper }, ports: { shout: 4711 } };
  const use = async (superserver: Superserver): Promise<void> => {
    assert.is(await ask(superserver.realPort("shout"), "hello"), "HELLO");
    assert.is(superserver.realPort(4711), superserver.realPort("shout"));
  };
  await serving(conf, use, options);
});

test("internal services answer as their RFCs say", async () => {
  const names = ["echo", "discard", "daytime", "time", "chargen"];
  const conf = names.map((name) => `${name} stream tcp nowait USER internal`).join("\n");
  const rows = await serving(conf, async (superserver) => {
    const port = (name: string): number => superserver.realPort(name);
    assert.is(await ask(port("echo"), "x".repeat(300_000)), "x".repeat(300_000));
    assert.is(await ask(port("discard"), "into the void"), "");
    const daytime = await ask(port("daytime"));
    assert.match(daytime, /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}\r\n$/);
    assert.ok(Math.abs(Date.parse(daytime) - Date.now()) < 60_000, daytime);
    const time = Buffer.from(await ask(port("time")), "latin1");
    assert.is(time.length, 4);
    // RFC 868: 2,208,988,800 corresponds to 00:00 1 Jan 1970.
    assert.ok(Math.abs(time.readUInt32BE() - 2_208_988_800 - Date.now() / 1000) < 60);
    const chargen = connect(port("chargen"), "127.0.0.1");
    let text = "";
    for await (const chunk of chargen) {
      text += chunk;
      if (text.length > 100 * 74) break;
    }
    const lines = text.split("\r\n");
    assert.is(lines[0], " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefg");
    assert.ok(
      lines.slice(0, 96).every((line, i) => line.length === 72 && line.slice(1) === lines[i + 1]?.slice(0, 71)),
    );
    assert.is(lines[95], lines[0]);
  });
  assert.equal(events(rows, "started"), []);
  assert.is(events(rows, "internal").length, 5);
});

test("chargen to a client that never reads takes no memory without end, and closing ends it", async () => {
  await serving("chargen stream tcp nowait USER internal", async (superserver) => {
    const silent = connect(superserver.realPort("chargen"), "127.0.0.1").pause();
    await once(silent, "connect");
    const before = process.memoryUsage().rss;
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.ok(process.memoryUsage().rss - before < 50_000_000);
    silent.on("error", () => undefined);
    silent.destroy();
  });
});

const hasIpv6 = Object.values(networkInterfaces())
  .flat()
  .some((each) => each?.address === "::1");

test("a service for tcp is at both loopback addresses on one port, one with a line for tcp6 at each its own", async () => {
  if (!hasIpv6) return; // a machine without IPv6 has no second address
  const say = (protocol: string, word: string): string => `${protocol} nowait USER /bin/echo echo ${word}`;
  const conf = `100 stream ${say("tcp", "both")}\n101 stream ${say("tcp4", "four")}\n102 stream ${say("tcp6", "six")}`;
  await serving(conf, async (superserver) => {
    const heard = async (service: number): Promise<string[]> => {
      const port = superserver.realPort(service);
      return [await ask(port), await ask(port, "", "::1")].map((word) => word.trim());
    };
    assert.equal(await heard(100), ["both", "both"]);
    assert.equal(await heard(101), ["four", "ECONNREFUSED"]);
    assert.equal(await heard(102), ["ECONNREFUSED", "six"]);
    const next = `100 stream ${say("tcp", "first")}\n100 stream ${say("tcp6", "second")}`;
    await superserver.reload(next.replaceAll("USER", user));
    assert.equal(await heard(100), ["first", "ECONNREFUSED"], "the line for tcp6 has a free port of its own");
    const ofSecond = superserver.rows.filter(({ event, line }) => event === "listening" && line === 2).at(-1);
    assert.is(await ask(Number(ofSecond?.realPort), "", "::1"), "second\n");
    await superserver.reload(`100 stream ${say("tcp", "again")}`.replaceAll("USER", user));
    assert.equal(await heard(100), ["again", "again"]);
  });
});

test("names of services are those of the system's list", async () => {
  const rows = await serving(`ident ${cat}\nnosuchservice ${cat}`, async (superserver) => {
    if (existsSync("/etc/services")) assert.is(superserver.realPort(113), superserver.realPort("ident"));
  });
  assert.is(rows.find(({ event, line }) => event === "bad line" && line === 2)?.line, 2);
});

test("a part of a line that is not kept is remarked, and the service offered", async () => {
  const rows = await serving(`100 stream tcp nowait/3/10 USER /bin/cat cat`, async (superserver) => {
    assert.is(await ask(superserver.realPort(100), "fine"), "fine");
  });
  assert.match(
    String(rows.find(({ event }) => event === "remark")?.problem),
    /wait \/3\/10: FreeBSD's limits are not kept/,
  );
});

/** A server for `wait`: lets in so many connections, then ends. */
const twoEach = selfContainedProgram(async () => {
  const net = await import("node:net");
  let served = 0;
  const server = net.createServer((socket) => {
    socket.on("error", () => undefined).end(`${process.pid} ${++served}`);
    if (served === 2) server.close();
  });
  server.listen({ fd: 0 });
});

test("wait: one process gets the listening socket and serves all who come, until it ends; then comes the next", async () => {
  const rows = await serving(
    "100 stream tcp wait USER /cell/two two",
    async (superserver) => {
      const port = superserver.realPort(100);
      const answers: string[] = [];
      for (let i = 0; i < 4; i++) answers.push(await ask(port));
      const [first, second] = [answers[0]?.split(" ")[0], answers[2]?.split(" ")[0]];
      assert.not.equal(first, second);
      assert.equal(answers, [`${first} 1`, `${first} 2`, `${second} 1`, `${second} 2`]);
      assert.ok(await eventually(() => events(superserver.rows, "ended").length === 2));
    },
    { programs: { "/cell/two": twoEach } },
  );
  assert.equal(events(rows, "started", "ended"), ["started 100", "ended 100", "started 100", "ended 100"]);
});

test("wait: who comes while a server ends is not lost, and the socket does not close", async () => {
  await serving(
    "100 stream tcp wait USER /cell/two two",
    async (superserver) => {
      const port = superserver.realPort(100);
      const answers = await Promise.all(Array.from({ length: 8 }, () => ask(port)));
      assert.is(answers.filter((answer) => /^\d+ [12]$/.test(answer)).length, 8, answers.join(", "));
    },
    { programs: { "/cell/two": twoEach } },
  );
});

test("wait with udp: the process gets the socket with the datagram still in it", async () => {
  const answer = selfContainedProgram(async () => {
    const { createSocket } = await import("node:dgram");
    const socket = createSocket("udp4");
    const idle = setTimeout(() => process.exit(), 30_000);
    socket.on("message", (message, from) => {
      socket.send(`${message}!`, from.port, from.address);
      // It ends in a turn in which it reads nothing, so no datagram is lost in its hands.
      setTimeout(() => process.exit(), 30);
      clearTimeout(idle);
    });
    // Node takes descriptor 0 for none; descriptor 1 is the same socket.
    socket.bind({ fd: 1 });
  });
  const rows = await serving(
    "104 dgram udp wait USER /cell/answer answer",
    async (superserver) => {
      const client = dgram.createSocket("udp4");
      try {
        for (const [i, word] of ["one", "two", "three"].entries()) {
          client.send(word, superserver.realPort(104), "127.0.0.1");
          const [reply] = await once(client, "message");
          assert.is(String(reply), `${word}!`);
          assert.ok(await eventually(() => events(superserver.rows, "ended").length === i + 1));
        }
      } finally {
        client.close();
      }
    },
    { programs: { "/cell/answer": answer } },
  );
  assert.is(events(rows, "started").length, 3);
});

test("it survives programs that are missing, not executable, crash or reset, and goes on with the others", async () => {
  const text = path.join(folder, "text");
  writeFileSync(text, "no program");
  const conf = `101 stream tcp nowait USER /no/such/program p
102 stream tcp nowait USER ${text} p
103 stream tcp nowait USER ${shell("kill -SEGV $$")}
104 stream tcp nowait USER ${shell("exit 9")}
105 stream tcp wait.3 USER /no/such/program p
100 ${cat}`;
  const rows = await serving(conf, async (superserver) => {
    for (const port of [101, 102, 103, 104, 105]) assert.is(await ask(superserver.realPort(port), "x"), "", `${port}`);
    assert.is(await ask(superserver.realPort(100), "still here"), "still here");
    assert.ok(await eventually(() => events(superserver.rows, "ended").length === 3));
  });
  const problem = (service: string): string =>
    String(rows.find((row) => row.event === "not started" && row.service === service)?.problem);
  assert.match(problem("101"), /ENOENT/);
  assert.match(problem("102"), /EACCES/);
  assert.is(rows.find(({ event, service }) => event === "ended" && service === "103")?.signal, "SIGSEGV");
  assert.is(rows.find(({ event, service }) => event === "ended" && service === "104")?.code, 9);
  const waiting = rows.filter(({ service }) => service === "105").map(({ event }) => event);
  assert.equal(waiting, ["listening", "not started", "not started", "not started", "suspended", "closed"]);
});

test("processes that hang do not hold up others, and end when it closes", async () => {
  let pids: number[] = [];
  await serving(`100 stream tcp nowait USER ${shell("trap '' TERM; sleep 600")}\n101 ${cat}`, async (superserver) => {
    const stuck = [1, 2, 3].map(() => connect(superserver.realPort(100), "127.0.0.1").on("error", () => undefined));
    assert.ok(await eventually(() => events(superserver.rows, "started").length === 3));
    assert.is(await ask(superserver.realPort(101), "free"), "free");
    pids = superserver.rows.flatMap(
      ({ event, service, pid }) => (event === "started" && service === "100" && pid) || [],
    );
    assert.ok(pids.length === 3 && pids.every(isAlive));
    for (const socket of stuck) socket.unref();
  });
  assert.not.ok(pids.some(isAlive));
});

test("a service that is started too often is suspended, refuses, and comes back; the others are served", async () => {
  const rows = await serving(
    `100 stream tcp nowait.3 USER /bin/cat cat\n101 ${cat}`,
    async (superserver) => {
      const port = superserver.realPort(100);
      for (let i = 0; i < 3; i++) assert.is(await ask(port, `${i}`), `${i}`);
      assert.is(await ask(port, "too much"), "");
      assert.is(await ask(port, "closed"), "ECONNREFUSED");
      assert.is(await ask(superserver.realPort(101), "me not"), "me not");
      assert.match(
        await failureOf(() => superserver.realPort(100)),
        /ParameterError: .* must be one that is listened on/,
      );
      assert.ok(await eventually(() => events(superserver.rows, "resumed").length === 1));
      assert.is(superserver.realPort(100), port, "on the same port");
      assert.is(await ask(port, "again"), "again");
    },
    { suspendMs: 4000 },
  );
  assert.is(rows.find(({ event }) => event === "suspended")?.problem, "more than 3 starts in a minute");
});

test("bad lines are named and the others served; other users, other addresses and udp with nowait are bad", async () => {
  const conf = `nonsense
100 ${cat}
101 stream tcp nowait no-such-user-here /bin/cat cat
192.0.2.1:102 ${cat}
103 dgram udp nowait USER /bin/cat cat
104 stream tcp6 wait USER /bin/cat cat`;
  const rows = await serving(conf, async (superserver) => {
    assert.is(await ask(superserver.realPort(100), "fine"), "fine");
    if (user === "root") assert.is(await ask(superserver.realPort(101), "x"), "");
  });
  const bad = rows.filter(({ event }) => event === "bad line");
  const lines = [1, 1, 1, 1, 1, ...(user === "root" ? [] : [3]), 4, 5, 6];
  assert.equal(bad.map(({ line }) => line).sort(), lines);
  assert.match(
    bad.map(({ problem }) => problem).join("\n"),
    /service must be on loopback here, or at \*, got "192.0.2.1"/,
  );
  if (user === "root")
    assert.is(rows.find(({ event }) => event === "not started")?.problem, "this machine has no user no-such-user-here");
});

test("root may start a program as another user and group", async () => {
  const conf = "100 stream tcp nowait nobody:nogroup /usr/bin/id id";
  const rows = await serving(conf, async (superserver) => {
    if (user === "root") assert.match(await ask(superserver.realPort(100)), /^uid=\d+\(nobody\) gid=\d+\(nogroup\)/);
  });
  if (user !== "root") assert.match(String(rows.find(({ event }) => event === "bad line")?.problem), /only root/);
});

test("reload opens new services and closes gone ones; the socket of one that stays is kept, and running processes go on", async () => {
  const rows = await serving(`100 ${cat}\n101 ${cat}\n102 ${cat}`, async (superserver) => {
    const kept = superserver.realPort(100);
    const gone = superserver.realPort(101);
    const [longKept, longGone] = [connect(kept, "127.0.0.1"), connect(gone, "127.0.0.1")];
    assert.ok(await eventually(() => events(superserver.rows, "started").length === 2));
    const next = `100 stream tcp nowait USER /bin/echo echo changed\n103 ${cat}\n102 ${cat}\nnonsense`;
    await superserver.reload(next.replaceAll("USER", user));
    assert.is(superserver.realPort(100), kept);
    assert.is(await ask(kept), "changed\n");
    assert.is(await ask(gone), "ECONNREFUSED");
    assert.is(await ask(superserver.realPort(103), "new"), "new");
    for (const [socket, text] of [
      [longKept, "kept"],
      [longGone, "gone"],
    ] as const) {
      socket.end(text);
      const [answer] = await once(socket, "data");
      assert.is(String(answer), text, "a process that runs goes on");
    }
  });
  assert.equal(events(rows, "listening", "closed", "reloaded").slice(0, 6), [
    "listening 100",
    "listening 101",
    "listening 102",
    "closed 101",
    "listening 103",
    "reloaded ",
  ]);
});

test("a service can change between nowait and wait when it is reloaded", async () => {
  const programs = { "/cell/two": twoEach };
  const use = async (superserver: Superserver): Promise<void> => {
    assert.is(await ask(superserver.realPort(100), "a"), "a");
    await superserver.reload(`100 stream tcp wait ${user} /cell/two two`);
    assert.match(await ask(superserver.realPort(100)), /^\d+ 1$/);
  };
  await serving(`100 ${cat}`, use, { programs });
});

test("a port that is taken is told and does not hold up the others; when it is free, the service comes", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  const { port } = other.address() as { port: number };
  const rows = await serving(
    `100 ${cat}\n101 stream tcp wait USER /bin/cat cat\n102 ${cat}`,
    async (superserver) => {
      assert.is(await ask(superserver.realPort(102), "open"), "open");
      await new Promise((resolve) => other.close(resolve));
      assert.ok(await eventually(() => events(superserver.rows, "resumed").length > 0));
    },
    { portOf: (service) => (service.port === 102 ? 0 : port), suspendMs: 100 },
  );
  const problems = rows.filter(({ event }) => event === "not listening").map(({ problem }) => problem);
  assert.ok(problems.length >= 2 && problems.every((problem) => /EADDRINUSE/.test(String(problem))));
});

test("closing gives everything back, and can be asked for twice and while it starts", async () => {
  const conf = `100 ${cat}\necho stream tcp nowait USER internal\n101 stream tcp wait USER /bin/cat cat`;
  await serving(conf, async () => undefined);
  const resting = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 30));
  await resting();
  const before = held();
  for (let round = 0; round < 5; round++)
    await serving(conf, async (superserver) => {
      connect(superserver.realPort(100), "127.0.0.1").on("error", () => undefined);
      connect(superserver.realPort("echo"), "127.0.0.1").on("error", () => undefined);
      if (round > 2) assert.ok(await eventually(() => events(superserver.rows, "started").length === 1));
      await Promise.all([superserver.close(), superserver.reload(""), superserver.close()]);
    });
  await eventually(() => difference(before, held()).length === 0, 3000);
  assert.equal(difference(before, held()), []);
});

test("as a command it tells each row, reads its file again on SIGHUP, and ends on SIGTERM with all that it started", async () => {
  const file = path.join(folder, "inetd.conf");
  const command = fileURLToPath(
    new URL("../../../kernel-lib/dist/live/superserver/superserver-command.js", import.meta.url),
  );
  writeFileSync(file, `100 ${cat}`.replace("USER", user));
  const child = await startChild(executable(process.execPath, [command, file, "--free-ports"]));
  let said = "";
  child.stdout?.on("data", (chunk) => {
    said += chunk;
  });
  const rows = (): SuperserverRow[] =>
    said
      .slice(0, said.lastIndexOf("\n") + 1)
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line));
  const realPort = (service: string): number =>
    rows().find((row) => row.event === "listening" && row.service === service)?.realPort ?? 0;
  try {
    assert.ok(await eventually(() => realPort("100") > 0));
    assert.is(await ask(realPort("100"), "before"), "before");
    const open = connect(realPort("100"), "127.0.0.1").on("error", () => undefined);
    assert.ok(await eventually(() => events(rows(), "started").length === 2));
    writeFileSync(file, `101 ${cat}`.replace("USER", user));
    child.kill("SIGHUP");
    assert.ok(await eventually(() => events(rows(), "reloaded").length === 1));
    assert.is(await ask(realPort("101"), "after"), "after");
    const pids = rows().flatMap(({ event, pid }) => (event === "started" && pid) || []);
    rmSync(file);
    child.kill("SIGHUP");
    assert.is(await ask(realPort("101"), "still"), "still", "a file that is gone changes nothing");
    assert.is((await child.stop(20_000)).code, 0);
    assert.not.ok(pids.some(isAlive));
    open.destroy();
  } finally {
    child.kill();
    await child.ended;
  }
});

test("bad arguments are named", async () => {
  assert.match(await failureOf(() => startSuperserver(5 as never)), /startSuperserver: conf must be the text/);
  assert.match(
    await failureOf(() => startSuperserver("", { suspendMs: Number.NaN })),
    /suspendMs must be a finite number/,
  );
  const unhappy = (): never => {
    throw new Error("no port");
  };
  assert.match(
    await failureOf(() => startSuperserver(`100 ${cat}`.replace("USER", user), { portOf: unhappy })),
    /no port/,
  );
});

test.run();
