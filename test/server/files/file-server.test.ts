import {
  blockOf,
  checkFiles,
  crashPoints,
  FileError,
  type FileServerKind,
  type FileServerStatus,
  type FileServiceOptions,
  fileClient,
  fileServer,
  fileServerKinds,
  type Host,
  leaseTraffic,
  type MessageRow,
  on,
  type Program,
  scenario,
  simulate,
  sweep,
  type TraceRow,
  textOf,
} from "kernel-lib";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { failureOf, inBothWorlds, rowsOf } from "../../world/both-worlds.js";

const service = (kind: FileServerKind, more: Partial<FileServiceOptions> = {}): FileServiceOptions => ({
  kind,
  files: { x: 3 },
  timeoutMs: 500,
  ...more,
});

const world = { hosts: { server: { disk: { accessMs: 8 } }, ana: {}, bruno: {} }, network: { latencyMs: 5 } };

/** Runs programs of Ana's and Bruno's with a server. */
const withServer = <A, B>(
  used: FileServiceOptions,
  ana: (host: Host, service: FileServiceOptions) => Promise<A>,
  bruno: (host: Host, service: FileServiceOptions) => Promise<B>,
  more: { readonly faults?: Parameters<typeof scenario>[0]["faults"] } = {},
) =>
  scenario({
    ...world,
    ...(more as object),
    programs: {
      server: on("server", fileServer as Program<[FileServiceOptions], void>, used).daemon(),
      ana: on("ana", ana, used),
      bruno: on("bruno", bruno, used),
    },
    limitMs: 100_000,
  });

const idle = async () => "idle";

/** What clients sent, by operation, in order. */
const opsOf = (rows: readonly TraceRow[], host: string) =>
  rows.flatMap((row) =>
    row.kind === "log" && row.event === "file request" && row.host === host ? [row.fields.op] : [],
  );

async function readWriteRead(host: Host, used: FileServiceOptions): Promise<string[]> {
  const files = await fileClient(host, used);
  const handle = await files.open("x");
  const first = textOf(await files.read(handle, 1));
  await files.write(handle, 1, blockOf("new"));
  const second = textOf(await files.read(handle, 1));
  await files.close(handle);
  await files.leave();
  return [first, second];
}

for (const kind of fileServerKinds)
  inBothWorlds(test, `${kind}: a client reads what it wrote`, async (play) => {
    const run = await play(withServer(service(kind), readWriteRead, idle));
    assert.equal(run.results.ana, ["", "new"]);
    assert.equal(checkFiles(run.rows).violations, []);
  });

const expected: Readonly<Record<FileServerKind, { ops: string[]; disk: number; endMs: number }>> = {
  // Connecting takes 10. Lookup: 10 on the way, 8 for the inode. Read: 10 + 16. Write: 10 + 16. Read again: 26.
  stateless: { ops: ["lookup", "read", "write", "read"], disk: 1 + 2 + 2 + 2, endMs: 10 + 18 + 26 + 26 + 26 },
  // The inode is remembered after the lookup, the block after its read: 18 + 18 + 18 + 10.
  "soft state": { ops: ["lookup", "read", "write", "read"], disk: 1 + 1 + 1, endMs: 10 + 18 + 18 + 18 + 10 },
  // The server counts its start on its disk, 16; then connecting and hello, 10 each, 18 + 26 + 26; the second read is of Ana's own
  // copy; goodbye takes 10.
  leases: {
    ops: ["hello", "lookup", "read", "write", "goodbye"],
    disk: 2 + 1 + 2 + 2,
    endMs: 16 + 10 + 10 + 18 + 26 + 26 + 10,
  },
  // Opening needs no disk (nothing is read ahead); read 10 + 8; write 10 + 8 + 8 (its inode is not known yet); close and goodbye 10 each.
  stateful: {
    ops: ["hello", "open", "read", "write", "close", "goodbye"],
    disk: 2 + 1 + 2,
    endMs: 16 + 10 + 10 + 10 + 18 + 26 + 10 + 10,
  },
};
for (const kind of fileServerKinds)
  test(`${kind}: the requests, the disk accesses and the time of a session are those calculated by hand`, async () => {
    const run = await simulate(withServer(service(kind), readWriteRead, idle));
    const { ops, disk, endMs } = expected[kind];
    assert.equal(opsOf(run.rows, "ana"), ops);
    assert.is(rowsOf(run, "disk").length, disk);
    const last = rowsOf(run, "receive").filter((row) => row.host === "ana");
    assert.is((last.at(-1) as MessageRow).timeMs, endMs);
  });

test("a server with leases that is told to keep blocks reads each from its disk once; unless told, for each request", async () => {
  const twice = async (host: Host, used: FileServiceOptions) => {
    const files = await fileClient(host, used);
    const handle = await files.open("x");
    for (const atMs of [200, 400]) {
      await host.sleepUntil(atMs); // when the lease of before has run out
      await files.read(handle, 1);
    }
    await files.leave();
  };
  for (const [more, reads] of [
    [{}, ["inode x", "inode x", "block x 1", "inode x", "block x 1"]],
    [{ memoryMs: 10_000 }, ["inode x", "block x 1"]],
    [{ memoryMs: 100 }, ["inode x", "inode x", "block x 1", "inode x", "block x 1"]],
  ] as const) {
    const run = await simulate(withServer(service("leases", { termMs: 100, ...more }), twice, idle));
    const accesses = rowsOf(run, "disk").flatMap(({ access }) =>
      /^read (inode|block)/.test(access ?? "") ? [access?.slice(5)] : [],
    );
    assert.equal(accesses, reads, JSON.stringify(more));
  }
});

test("a stateful server calls a copy back before another's write is answered: the messages in order", async () => {
  const holds = async (host: Host, used: FileServiceOptions) => {
    const files = await fileClient(host, used);
    await files.read(await files.open("x"), 0);
    await host.sleepUntil(500);
    await files.leave();
  };
  const writes = async (host: Host, used: FileServiceOptions) => {
    const files = await fileClient(host, used);
    const handle = await files.open("x");
    await host.sleepUntil(200);
    await files.write(handle, 0, blockOf("new"));
    await files.leave();
    return host.now();
  };
  const run = await simulate(withServer(service("stateful"), holds, writes));
  const between = run.rows
    .filter((row): row is MessageRow => row.kind === "send" && row.timeMs >= 200 && row.timeMs < 300)
    .map((row) => [row.timeMs, row.host, row.peer, /recall|released|write|goodbye/.exec(row.message)?.[0] ?? "reply"]);
  assert.equal(between, [
    [200, "bruno", "server", "write"],
    [205, "server", "ana", "recall"],
    [210, "ana", "server", "released"],
    [231, "server", "bruno", "reply"], // 215, then the inode and the block on the disk
    [236, "bruno", "server", "goodbye"],
    [241, "server", "bruno", "reply"],
  ]);
});

test("a server with leases waits for a holder who is silent until the lease is over, and no longer", async () => {
  const holds = async (host: Host, used: FileServiceOptions) => {
    const files = await fileClient(host, used);
    await files.read(await files.open("x"), 0);
    await host.sleep(1e6);
  };
  const writes = async (host: Host, used: FileServiceOptions) => {
    await host.sleepUntil(300);
    const files = await fileClient(host, used);
    await files.write(await files.open("x"), 0, blockOf("new"));
    const wroteMs = host.now();
    await files.leave();
    return wroteMs;
  };
  const faults = [{ kind: "crash", host: "ana", atMs: 200 }] as const;
  const used = service("leases", { termMs: 1000, timeoutMs: 5000 });
  const run = await simulate(withServer(used, holds, writes, { faults }));
  const grant = rowsOf(run, "send").find((row) => row.host === "server" && row.message.includes("data")) as MessageRow;
  // Granted when the reply to Ana's read left; then one access to write, and 5 on the way.
  assert.is(run.results.bruno, grant.timeMs + 1000 + 8 + 5);
});

test("a lease's client stops before the server's term is over, by its allowance", async () => {
  const reads = async (host: Host, used: FileServiceOptions) => {
    const files = await fileClient(host, used);
    const handle = await files.open("x");
    const askedMs = host.now();
    await files.read(handle, 0);
    for (const atMs of [799, 801]) {
      await host.sleepUntil(askedMs + atMs);
      await files.read(handle, 0);
    }
    await files.leave();
  };
  const used = service("leases", { termMs: 1000, allowanceMs: 200 });
  const run = await simulate(withServer(used, reads, idle));
  assert.is(opsOf(run.rows, "ana").filter((op) => op === "read").length, 2);
});

test("the share of reads that ask is 1/(1 + R·t), and with changes 1/(1 + R·(1 − e^(−wt))/w)", async () => {
  const readsPerS = 2;
  const reads = 300;
  const random = (host: Host, perS: number) => (-1000 / perS) * Math.log(1 - host.random());
  const reader = async (host: Host, used: FileServiceOptions) => {
    const files = await fileClient(host, used);
    const handle = await files.open("x");
    let atMs = host.now();
    for (let i = 0; i < reads; i++) {
      atMs += random(host, readsPerS);
      await host.sleepUntil(atMs);
      await files.read(handle, 0);
    }
    await files.leave();
  };
  const writer = (perS: number) => async (host: Host, used: FileServiceOptions) => {
    if (perS === 0) return;
    const files = await fileClient(host, used);
    const handle = await files.open("x");
    let atMs = host.now();
    for (let i = 0; atMs < 170_000; i++) {
      atMs += random(host, perS);
      await host.sleepUntil(atMs);
      await files.write(handle, 0, blockOf(`write ${i}`));
    }
    await files.leave();
  };
  const points = [
    { termMs: 1000, changesPerS: 0 },
    { termMs: 5000, changesPerS: 0 },
    { termMs: 5000, changesPerS: 0.3 },
  ];
  const swept = await sweep(
    points,
    async ({ termMs, changesPerS }, seed) => {
      const used = service("leases", { termMs, blockBytes: 64 });
      const fast = {
        hosts: { server: {}, ana: {}, bruno: {} },
        programs: {
          server: on("server", fileServer, used).daemon(),
          ana: on("ana", reader, used),
          bruno: on("bruno", writer(changesPerS), used),
        },
      };
      const run = await simulate(scenario(fast), { seed, trace: ["log"] });
      return { asked: opsOf(run.rows, "ana").filter((op) => op === "read").length / reads };
    },
    { replications: 20, confidence: 0.999 },
  );
  for (const { termMs, changesPerS, low, high } of swept.summary) {
    const { askedShare } = leaseTraffic({ readsPerS, termMs, changesPerS });
    assert.ok(low < askedShare && askedShare < high, `${askedShare} is not between ${low} and ${high}`);
  }
});

test("reading ahead makes block after block come in a round trip, without waiting for the disk", async () => {
  const blockTimes = async (host: Host, used: FileServiceOptions) => {
    const files = await fileClient(host, used);
    const handle = await files.open("long");
    const times: number[] = [];
    for (let block = 0; block < 12; block++) {
      const beganMs = host.now();
      await files.read(handle, block);
      times.push(host.now() - beganMs);
    }
    await files.leave();
    return times;
  };
  const timesOf = async (kind: FileServerKind, readAhead: number) => {
    const used = service(kind, { files: { long: 12 }, readAhead });
    return (await simulate(withServer(used, blockTimes, idle))).results.ana;
  };
  assert.equal(new Set(await timesOf("stateful", 0)), new Set([18]));
  assert.equal((await timesOf("stateful", 3)).slice(3), Array(9).fill(10));
  // The soft-state server needs two blocks in a row to guess.
  const soft = await timesOf("soft state", 3);
  assert.equal(soft.slice(0, 2), [18, 18]);
  assert.equal(soft.slice(6), Array(6).fill(10));
});

test("a stateless client's copy is used for its time without asking, then asked for without its contents", async () => {
  const reads = async (host: Host, used: FileServiceOptions) => {
    const files = await fileClient(host, used);
    const handle = await files.open("x");
    for (const atMs of [100, 250, 450]) {
      await host.sleepUntil(atMs);
      await files.read(handle, 0);
    }
    await files.leave();
  };
  const run = await simulate(withServer(service("stateless", { cacheMs: 200 }), reads, idle));
  assert.equal(opsOf(run.rows, "ana"), ["lookup", "read", "read"]);
  const replies = rowsOf(run, "send").filter((row) => row.host === "server");
  assert.ok((replies[1] as MessageRow).bytes > 4096 && (replies[2] as MessageRow).bytes < 60);
});

test("a crash of the stateless server at every point of a session changes its time and nothing else", async () => {
  const calm = await simulate(withServer(service("stateless"), readWriteRead, idle));
  const points = crashPoints(calm.rows);
  assert.ok(points.length > 10);
  for (const atMs of points) {
    const faults = [
      { kind: "crash", host: "server", atMs },
      { kind: "restart", host: "server", atMs: atMs + 100 },
    ] as const;
    const run = await simulate(withServer(service("stateless"), readWriteRead, idle, { faults }));
    assert.equal(run.results.ana, ["", "new"], `crash at ${atMs} ms`);
  }
});

const holdsAcross = (recovery: "none" | "reclaim") => async (host: Host, used: FileServiceOptions) => {
  const files = await fileClient(host, { ...used, recovery });
  const handle = await files.open("x");
  await files.read(handle, 0);
  await host.sleepUntil(4000);
  const failure = await failureOf(() => files.read(handle, 1));
  await files.leave();
  return failure;
};
/** Late, so that a session on a busy machine has got that far. */
const crashAt1000 = {
  faults: [
    { kind: "crash", host: "server", atMs: 1000 },
    { kind: "restart", host: "server", atMs: 1100 },
  ],
} as const;

inBothWorlds(test, "after a crash of a stateful server that recovers, an open file is open still", async (play) => {
  const used = service("stateful", { recovery: "reclaim", graceMs: 1500 });
  const run = await play(withServer(used, holdsAcross("reclaim"), idle, crashAt1000));
  assert.is(run.results.ana, "nothing thrown");
  assert.ok(opsOf(run.rows, "ana").includes("reclaim"));
});

inBothWorlds(test, "after a crash of a stateful server that does not, its handle is stale", async (play) => {
  const run = await play(withServer(service("stateful"), holdsAcross("none"), idle, crashAt1000));
  assert.match(run.results.ana, /^FileError: stale handle/);
});

test("in its time of grace a stateful server lets new clients wait", async () => {
  const opens = async (host: Host, used: FileServiceOptions) => {
    await host.sleepUntil(1300);
    const files = await fileClient(host, used);
    await files.open("x");
    const openedMs = host.now();
    await files.leave();
    return openedMs;
  };
  const used = service("stateful", { recovery: "reclaim", graceMs: 1000 });
  const run = await simulate(withServer(used, idle, opens, crashAt1000));
  // It was up at 1100 and had counted its start on the disk at 1116; then 1000 of grace, and 5 on the way.
  assert.is(run.results.bruno, 2121);
});

test("the orphans of a client who never comes back go when the server's patience ends, and no sooner", async () => {
  const opens = async (host: Host, used: FileServiceOptions) => {
    const files = await fileClient(host, used);
    await files.read(await files.open("x"), 0);
    await host.sleep(1e6);
  };
  const asks = async (host: Host) => {
    const left: FileServerStatus[] = [];
    for (const atMs of [500, 1500, 6000]) {
      await host.sleepUntil(atMs);
      const connection = await host.connect("server", 2049);
      await connection.send({ id: 1, op: "status" });
      left.push((await connection.receive()).status);
      connection.end();
    }
    return left.map(({ openFiles, grants }) => [openFiles, grants]);
  };
  const faults = [{ kind: "crash", host: "ana", atMs: 400 }] as const;
  const patient = await simulate(withServer(service("stateful"), opens, asks, { faults }));
  assert.equal(patient.results.bruno, [
    [1, 1],
    [1, 1],
    [1, 1],
  ]);
  const brief = await simulate(withServer(service("stateful", { silenceMs: 2000 }), opens, asks, { faults }));
  assert.equal(brief.results.bruno, [
    [1, 1],
    [1, 1],
    [0, 0],
  ]);
});

test("a client that starts anew under the same name takes the place of its predecessor", async () => {
  const twice = async (host: Host, used: FileServiceOptions) => {
    const first = await fileClient(host, used);
    const handle = await first.open("x");
    const again = async (own: Host) => {
      const second = await fileClient(own, used);
      await second.open("x");
      await second.leave();
    };
    await host.spawn(again, { as: "process" }).done();
    const failure = await failureOf(() => first.read(handle, 0));
    await first.leave();
    return failure;
  };
  const run = await simulate(withServer(service("stateful"), twice, idle));
  assert.match(run.results.ana, /^FileError: stale handle/);
});

test("writes that stay at a client are called in when another reads, and nothing is stale", async () => {
  const used = service("stateful", { writeBackMs: 60_000 });
  const writes = async (host: Host) => {
    const files = await fileClient(host, used);
    const handle = await files.open("x");
    await files.write(handle, 0, blockOf("lazy"));
    await host.sleepUntil(1000);
    await files.leave();
  };
  const reads = async (host: Host) => {
    await host.sleepUntil(300);
    const files = await fileClient(host, used);
    const text = textOf(await files.read(await files.open("x"), 0));
    await files.leave();
    return text;
  };
  const run = await simulate(withServer(used, writes, reads));
  assert.is(run.results.bruno, "lazy");
  assert.equal(opsOf(run.rows, "ana"), ["hello", "open", "acquire", "flush", "goodbye"]);
});

test("a client that leaves takes its writes to the server", async () => {
  const used = service("stateful", { writeBackMs: 60_000 });
  const writes = async (host: Host) => {
    const files = await fileClient(host, used);
    await files.write(await files.open("x"), 0, blockOf("lazy"));
    await files.leave();
  };
  const run = await simulate(withServer(used, writes, idle));
  assert.equal(opsOf(run.rows, "ana").slice(-2), ["flush", "goodbye"]);
});

test("a handle that is not open, and options that can't be, are refused by name", async () => {
  const wrongHandle = (used: FileServiceOptions) =>
    simulate(
      withServer(
        used,
        async (host) => {
          const files = await fileClient(host, used);
          const failure = await failureOf(() => files.read(7, 0));
          await files.leave();
          return failure;
        },
        idle,
      ),
    );
  for (const kind of fileServerKinds)
    assert.is((await wrongHandle(service(kind))).results.ana, "ParameterError: read: handle 7 is not open");
  const refused = async (options: Partial<FileServiceOptions>, message: RegExp) => {
    const run = await simulate(withServer({ ...service("stateless"), ...options }, idle, idle));
    const outcome = run.outcomes.server;
    assert.match(outcome.how === "threw" ? outcome.error.message : "", message);
  };
  await refused({ kind: "statefull" as never }, /kind must be "stateless" or .* got "statefull"/);
  await refused({ files: { x: 2.5 } }, /files\.x must be a whole number/);
  for (const field of [
    "timeoutMs",
    "cacheMs",
    "readAhead",
    "memoryMs",
    "termMs",
    "allowanceMs",
    "graceMs",
    "silenceMs",
  ])
    await refused({ [field]: Number.NaN }, new RegExp(`fileServer: ${field} must be`));
  await refused({ recovery: "reclaim", graceMs: 900 }, /graceMs must be at least twice timeoutMs, 1000, got 900/);
  await refused({ writeBackMs: 100, copies: false }, /writeBackMs must be 0 where copies is false/);
  await refused({ recovery: "maybe" as never }, /recovery must be "none" or "reclaim"/);
});

test("a program that forgets to leave is told so by the deadlock in which it ends", async () => {
  const stays = async (host: Host, used: FileServiceOptions) => void (await (await fileClient(host, used)).open("x"));
  for (const kind of fileServerKinds) {
    const server = on("server", fileServer as Program<[FileServiceOptions], void>, service(kind)).daemon();
    const forgetful = scenario({ ...world, programs: { server, ana: on("ana", stays, service(kind)) } });
    assert.match(
      await failureOf(() => simulate(forgetful)),
      /^Deadlock: .*\bana \(pid \d+ on ana\), thread file client of ana, until its leave\(\): receive /s,
      kind,
    );
  }
});

test("what does not speak the protocol gets an error, and does no harm to others", async () => {
  const stranger = async (host: Host) => {
    const connection = await host.connect("server", 2049);
    await connection.send({ id: 1, op: "format the disk" });
    const answer = await connection.receive();
    connection.reset();
    return answer.error;
  };
  for (const kind of fileServerKinds) {
    const run = await simulate(withServer(service(kind), readWriteRead, stranger));
    assert.is(run.results.bruno, "this server does not know format the disk", kind);
    assert.equal(run.results.ana, ["", "new"]);
  }
  assert.ok(new FileError("x") instanceof Error);
});

test.run();
