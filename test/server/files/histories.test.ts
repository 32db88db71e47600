import fc from "fast-check";
import {
  type Connection,
  checkFiles,
  type FileServiceOptions,
  fileServer,
  type Host,
  type Program,
  simulate,
} from "kernel-lib";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { soaked } from "../../soak.js";
import { stories, storyScenario } from "./random-histories.js";

const common = { files: { x: 2, y: 2 }, blockBytes: 64, timeoutMs: 200 } as const;
const consistent: Readonly<Record<string, FileServiceOptions>> = {
  stateless: { ...common, kind: "stateless" },
  "soft state": { ...common, kind: "soft state", readAhead: 2, memoryMs: 100 },
  leases: { ...common, kind: "leases", termMs: 400, allowanceMs: 5 },
  "stateful with recovery": {
    ...common,
    kind: "stateful",
    readAhead: 1,
    recovery: "reclaim",
    graceMs: 1500,
    silenceMs: 300,
  },
};

for (const [name, service] of Object.entries(consistent)) {
  test(`${name}: whatever crashes when, no read is stale and no acknowledged write is lost`, async () => {
    let reads = 0;
    await fc.assert(
      fc.asyncProperty(stories, async (story) => {
        const run = await simulate(storyScenario(story, service), { seed: story.seed, trace: ["log"] });
        const { violations, ...counts } = checkFiles(run.rows);
        reads += counts.reads;
        assert.equal(violations, []);
        assert.is(run.reachedLimit, false, "somebody hangs");
      }),
      { numRuns: soaked(5000), seed: 1 },
    );
    assert.ok(reads > 100, `only ${reads} reads were checked`);
  });
}

/** A stateless server that says "done" at once, and writes to its disk when it comes to it. */
async function hastyServer(host: Host): Promise<void> {
  const nothing = { version: "", data: new Uint8Array(64) };
  const nameOf = ({ file, block }: Request) => `block ${file} ${block}`;
  const writeLater = async (own: Host, request: Request) => {
    await own.sleep(20);
    await own.disk.write(nameOf(request), { version: request.version, data: request.data });
  };
  const serve = async (own: Host, connection: Connection<Request>) => {
    try {
      for await (const request of connection) {
        if (request.op === "write") own.spawn(writeLater, { as: "thread" }, request);
        const stored = request.op === "read" ? ((await own.disk.read(nameOf(request))) ?? nothing) : {};
        await connection.send({ id: request.id, ...stored });
      }
    } catch (error) {
      if ((error as Error).name !== "ConnectionReset") throw error;
    }
  };
  for await (const connection of await host.listen(2049)) host.spawn(serve, { as: "thread" }, connection);
}

interface Request {
  readonly id: number;
  readonly op: string;
  readonly file: string;
  readonly block: number;
  readonly version: string;
  readonly data: Uint8Array;
}

const writesBack: FileServiceOptions = {
  ...common,
  kind: "stateful",
  recovery: "reclaim",
  graceMs: 1500,
  silenceMs: 300,
  writeBackMs: 200,
};

test("stateful with writes at the client: crashes of the server alone lose nothing", async () => {
  await fc.assert(
    fc.asyncProperty(stories, async (story) => {
      const played = storyScenario({ ...story, clientCrashMs: undefined }, writesBack);
      const run = await simulate(played, { seed: story.seed, trace: ["log"] });
      assert.equal(checkFiles(run.rows).violations, []);
      assert.is(run.reachedLimit, false, "somebody hangs");
    }),
    { numRuns: soaked(5000), seed: 1 },
  );
});

/** Whether one of two hundred stories shows that violation. */
async function isCaught(
  invariant: string,
  service: FileServiceOptions,
  server?: Program<[FileServiceOptions], void>,
): Promise<boolean> {
  for (const story of fc.sample(stories, { numRuns: 200, seed: 1 })) {
    const run = await simulate(storyScenario(story, service, server), { seed: story.seed, trace: ["log"] });
    if (checkFiles(run.rows).violations.some((violation) => violation.invariant === invariant)) return true;
  }
  return false;
}

const broken: readonly (readonly [
  string,
  FileServiceOptions,
  Program<[FileServiceOptions], void> | undefined,
  string,
])[] = [
  [
    "a server with leases that does not wait for them after a crash",
    { ...(consistent.leases as FileServiceOptions), termMs: 2000 },
    async (host, service) => {
      await host.disk.remove("boots");
      await fileServer(host, service);
    },
    "no stale read",
  ],
  [
    "a stateful server that forgets in a crash that writes stay at its clients",
    { ...common, kind: "stateful", silenceMs: 300, writeBackMs: 5000 },
    undefined,
    "no stale read",
  ],
  [
    "writes that stay at a client that crashes",
    { ...writesBack, writeBackMs: 5000 },
    undefined,
    "no lost acknowledged write",
  ],
  [
    "a client's copies that nobody promised for",
    { ...common, kind: "stateless", cacheMs: 150 },
    undefined,
    "no stale read",
  ],
  [
    "a server that acknowledges before it writes",
    { ...common, kind: "stateless" },
    hastyServer,
    "no lost acknowledged write",
  ],
];
for (const [what, service, server, invariant] of broken)
  test(`caught: ${what}`, async () => {
    assert.ok(await isCaught(invariant, service, server), `no story shows "${invariant}"`);
  });

test("copies that nobody promised for are never staler than their time", async () => {
  const service = { ...common, kind: "stateless", cacheMs: 150 } as const;
  for (const story of fc.sample(stories, { numRuns: soaked(5000), seed: 2 })) {
    const run = await simulate(storyScenario(story, service), { seed: story.seed, trace: ["log"] });
    const { worstStaleMs, lostWrites } = checkFiles(run.rows);
    assert.ok(worstStaleMs <= 150, `one is ${worstStaleMs} ms stale`);
    assert.is(lostWrites, 0);
  }
});

test.run();
