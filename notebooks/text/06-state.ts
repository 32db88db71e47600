// -*- coding: utf-8 -*-
// ---
// jupyter:
//   kernelspec:
//     display_name: TypeScript (Handoff)
//     language: typescript
//     name: handoff
// ---

// %% [markdown] name="title"
// # Servers and state
//
// You open a file on a server, read a little, go for coffee. Meanwhile the server has crashed and is up again. Does it still know
// you? Should it ever have known you? What a server remembers of its clients decides how fast it is, and what a crash leaves
// behind. By the end you can
//
// - say what a stateless, a soft-state, a lease-giving and a stateful server keep, and what each forgets in a crash;
// - crash either side at *every* point of a session and read from a table what is left over;
// - calculate what reading ahead, copies at clients and leases save, check it against a run, and tell what makes a server fast from what
//   makes it safe;
// - count stale reads and lost writes in a trace, and say which design allows which;
// - make a request safe to repeat, put a bound on staleness, choose the term of a lease, and say what it costs whom.
//
// It takes five to six hours, in five sittings or more: each part begins with a question of its own.

// %% jupyter={"source_hidden": true} name="imports"
// What this notebook takes from the library: nothing to change here.
import {
  blockOf,
  check,
  checkFiles,
  claims,
  type Connection,
  crashPoints,
  dataset,
  exercises,
  exponential,
  type Fault,
  type FileCheck,
  fileClient,
  FileError,
  type FileOperationRow,
  fileServer,
  type FileServerKind,
  fileServerKinds,
  type FileServerStatus,
  type FileServiceOptions,
  fileSessions,
  fileWorkload,
  grid,
  type Host,
  leaseTraffic,
  type LogRow,
  on,
  overlay,
  predict,
  progress,
  runLive,
  scenario,
  simulate,
  spaceTime,
  sweep,
  sweepFigure,
  sweepRows,
  table,
  textOf,
  type TraceRow,
  withFileServerProcess,
} from "kernel-lib";
import _ from "lodash";

// %% [markdown] name="stateless-lecture"
// # 1 · A server that keeps nothing
//
// > *Servidores stateless: não mantém informação sobre o status de um cliente após ter processado uma requisição: não guarda se
// > um arquivo foi aberto (simplesmente fecha-o e abre de novo se necessário); não promete invalidar o cache do cliente; não
// > rastreia os seus clientes.*
//
// A stateless server keeps no information on a client's status after it has processed a request. It does not record whether
// a file was opened (it simply closes it and opens it again if need be), does not promise to invalidate the client's cache,
// and does not keep track of its clients.
//
// Here are two file servers, as small as can be. A file is a name on the disk with a list of blocks. The first one keeps
// nothing: each request says all that is needed.

// %% name="small-stateless" tags=["claim:state.stateless.keeps-nothing"]
const writtenIn = (file: string) => [`${file} 1`, `${file} 2`, `${file} 3`]; // before anybody writes
const smallStateless = async (host: Host) => {
  const serve = async (own: Host, connection: Connection) => {
    for await (const { file, block } of connection) {
      const blocks = (await own.disk.read(file)) ?? writtenIn(file); // opens it,
      await connection.send(blocks[block] ?? "end of file"); // answers, and that is that
    }
  };
  for await (const connection of await host.listen(2049))
    host.spawn(serve, { as: "thread" }, connection);
};

// %% [markdown] name="small-stateful-intro"
// The second has a **table of open files**. Whoever opens a file gets a handle; whoever says "next" gets the next block, since the
// server knows how far each client has read. The table is in memory.

// %% name="small-stateful"
const smallStateful = async (host: Host) => {
  const openFiles: { blocks: string[]; next: number }[] = []; // what it knows of its clients
  const serve = async (own: Host, connection: Connection) => {
    for await (const { open, handle } of connection) {
      const blocks = open && ((await own.disk.read(open)) ?? writtenIn(open));
      const entry = openFiles[handle];
      if (open) await connection.send(openFiles.push({ blocks, next: 0 }) - 1);
      else await connection.send(entry ? (entry.blocks[entry.next++] ?? "end of file") : "stale");
    }
  };
  for await (const connection of await host.listen(2049))
    host.spawn(serve, { as: "thread" }, connection);
};

// %% [markdown] name="small-clients-intro"
// And a client for each. A client whose connection breaks waits a moment, connects again, and asks again what it asked last.

// %% name="small-clients"
const asking = async (host: Host, request: object): Promise<string | number> => {
  for (;;)
    try {
      const connection = await host.connect("server", 2049, { timeoutMs: 100 });
      await connection.send(request);
      const answer = await connection.receive({ timeoutMs: 100 });
      connection.end();
      return answer;
    } catch {
      await host.sleep(50); // nobody there: try again
    }
};

// %% name="small-readers"
const readsByNumber = async (host: Host) => {
  const got: (string | number)[] = [];
  for (let block = 0; block < 4; block++) got.push(await asking(host, { file: "letter", block }));
  return got;
};
const readsByHandle = async (host: Host) => {
  const handle = await asking(host, { open: "letter" });
  const got: (string | number)[] = [];
  for (let i = 0; i < 4; i++) got.push(await asking(host, { handle }));
  return got;
};

// %% name="small-scenario"
// A crash, and the scenario in which it happens.
const crashOf = (host: "server" | "ana", atMs: number, downMs = 100): Fault<"server" | "ana">[] => [
  { kind: "crash", host, atMs },
  { kind: "restart", host, atMs: atMs + downMs },
];
const small = (
  server: typeof smallStateless,
  client: typeof readsByNumber,
  faults: Fault<"server" | "ana">[] = [],
) =>
  scenario({
    hosts: { server: { disk: { accessMs: 8 } }, ana: {} },
    network: { latencyMs: 5 },
    faults,
    programs: { server: on("server", server).daemon(), ana: on("ana", client) },
  });

// %% [markdown] name="small-predict-intro"
// **Predict.** Ana reads a letter of three blocks. In the middle of it, the server's machine crashes, and is up again 100 ms
// later. With the *stateless* server she gets her letter. And with the stateful one?

// %% name="small-predict"
const afterCrash = predict(
  "after the crash",
  {
    question: "After a crash of the stateful server in the middle of the letter, Ana …",
    choices: {
      same: "gets the rest, only later",
      again: "gets the letter from its beginning",
      stale: "is told that her handle means nothing",
    },
  },
  undefined,
);
afterCrash;

// %% name="small-run"
const pairsOfSmall = [
  { server: "stateless", run: small(smallStateless, readsByNumber, crashOf("server", 45)) },
  { server: "stateful", run: small(smallStateful, readsByHandle, crashOf("server", 65)) },
];
const smallRows: { server: string; got: string; endMs: number }[] = [];
for (const { server, run } of pairsOfSmall) {
  const { results, endMs } = await simulate(run, { seed: 1 });
  smallRows.push({ server, got: results.ana.join(", "), endMs });
}
table(smallRows, { title: "What Ana got, with a crash of the server in the middle" });

// %% name="small-compare" tags=["claim:state.stateful.keeps-status", "claim:state.stateless.keeps-nothing"]
const [smallOne, smallOther] = smallRows.map(({ got }) => got);
claims({
  "the stateless server's client gets its letter whole":
    smallOne === "letter 1, letter 2, letter 3, end of file",
  "the stateful server's client is left with a stale handle": smallOther!.endsWith("stale, stale"),
});

// %% name="small-answer"
afterCrash.compare(smallOther!.includes("stale") ? "stale" : "same");

// %% name="small-live" tags=["live", "claim:state.stateless.keeps-nothing", "claim:state.stateful.keeps-status"]
const smallLive: typeof smallRows = [];
for (const { server, run } of pairsOfSmall) {
  const { results, endMs } = await runLive(run, { seed: 1, timeScale: 8 });
  smallLive.push({ server, got: results.ana.join(", "), endMs });
}
table(smallLive, { title: "The same, live" });

// %% name="small-live-claims" tags=["live"]
claims({
  "live, too, the stateless server's client gets its letter whole":
    smallLive[0]!.got === "letter 1, letter 2, letter 3, end of file",
  "live, too, the stateful server's client is left with a stale handle":
    smallLive[1]!.got.endsWith("stale"),
});

// %% [markdown] name="small-explained"
// Both crashes meet Ana at her second block. What differs is where the sentence "Ana has read two blocks" stood: with the stateless server at
// Ana, who is still alive; with the other in the memory of a machine that is not. **Why the two worlds differ** is only *where*
// the crash meets the letter: live, every step takes a little longer, so it may come one block earlier.
//
// "Stale" is a mild end. Now Bruno opens *his* file, a bill, right after the server's machine is up again, before Ana asks.

// %% name="small-reuse" tags=["claim:state.stateful.keeps-status"]
const opensABill = async (host: Host) => void (await asking(host, { open: "bill" }));
const reused = scenario({
  hosts: { server: { disk: { accessMs: 8 } }, ana: {}, bruno: {} },
  network: { latencyMs: 5 },
  faults: crashOf("server", 65),
  programs: {
    server: on("server", smallStateful).daemon(),
    ana: on("ana", readsByHandle),
    bruno: on("bruno", opensABill).at(170),
  },
});
const anaGot = (await simulate(reused)).results.ana.join(", ");
console.log(anaGot);
claims({ "Ana's old handle now means Bruno's file": anaGot.endsWith("bill 1, bill 2") });

// %% [markdown] name="small-reuse-explained"
// A wrong file, and no error. So real servers give out handles that no later start and no later file can give again: NFS puts the
// **generation number** of the file's inode into each, and a server that has started anew says so by a **verifier**, a number of its start
// (RFC 1813, RFC 8881). Our library's handles are numbers of the *client's*, which the server either knows or does not.

// %% [markdown] name="service-intro"
// # 2 · One service, four servers
//
// From here on we take the servers of the library. They answer the same questions (read block 3 of this file, write it, …)
// and differ in what they keep between two of them:
//
// - **stateless**: nothing;
// - **soft state**: blocks in memory, and a guess at who reads what next;
// - **leases**: to whom it has promised, for a limited time, that a file would not change;
// - **stateful**: which client has which file open, and who holds copies of what, for good.
//
// One value describes a service, and goes to the server and to its clients alike. What a program does with files is the same
// four lines, whatever the kind.

// %% name="first-session"
const session = async (host: Host, service: FileServiceOptions) => {
  const files = await fileClient(host, service);
  const letter = await files.open("letter");
  for (let block = 0; block < 3; block++) await files.read(letter, block);
  await files.write(letter, 1, blockOf("a new second block"));
  await files.close(letter);
  const copy = textOf(await files.read(await files.open("letter"), 1)); // once more
  await files.leave();
  return copy;
};

// %% name="services"
const serviceOf = (kind: FileServerKind, more: Partial<FileServiceOptions> = {}) => {
  return { kind, files: { letter: 3 }, timeoutMs: 200, ...more };
};
const hosts = { server: { disk: { accessMs: 8 } }, ana: {}, bruno: {} };
const alone = (service: FileServiceOptions) =>
  scenario({
    hosts,
    network: { latencyMs: 5 },
    programs: {
      server: on("server", fileServer, service).daemon(),
      ana: on("ana", session, service),
    },
  });

// %% name="first-run"
const firstRuns = await Promise.all(
  fileServerKinds.map(async (kind) => {
    const { rows, results, endMs } = await simulate(alone(serviceOf(kind)), { seed: 1 });
    return { kind, rows, copy: results.ana, endMs };
  }),
);

// %% name="first-traffic"
const isRequest = (row: TraceRow): row is LogRow =>
  row.kind === "log" && row.event === "file request";
const traffic = (rows: readonly TraceRow[]) => ({
  requests: rows.filter(isRequest).length,
  kilobytes: _.sumBy(rows, (row) => (row.kind === "send" ? row.bytes : 0)) / 1000,
  diskAccesses: _.filter(rows, { kind: "disk" }).length,
});
table(
  firstRuns.map(({ kind, rows, copy, endMs }) => ({ kind, copy, endMs, ...traffic(rows) })),
  { title: "The same session, with four servers" },
);

// %% name="open-files-figure" tags=["claim:state.stateless.open-files"]
spaceTime(firstRuns[0]!.rows, {
  title: "The stateless server opens the file again and again",
  by: "host",
  logs: false,
  alt: "Before each answer the server's disk is used once to open the file, and once more if a block is read or written.",
  caption:
    "Bars on the server's lane are disk accesses: the inode for each request, and the block where one is read or written.",
});

// %% name="first-claims" tags=["claim:state.stateless.open-files"]
const accesses = (kind: FileServerKind, text: string) =>
  _.find(firstRuns, { kind })!.rows.filter(
    (row) => row.kind === "disk" && row.access!.startsWith(text),
  ).length;
claims({
  "all four give the same answer": _.uniqBy(firstRuns, "copy").length === 1,
  "the stateless server opens the letter for each of its seven requests":
    accesses("stateless", "read inode") === 7,
  "the stateful server looks it up once": accesses("stateful", "read inode") === 1,
});

// %% [markdown] name="tracking-intro"
// ## Who knows whom?
//
// > *Não rastreia os seus clientes.* — It does not keep track of its clients.
//
// Every server can be asked what it knows of its clients. Ana has read her letter, has it open still, and thinks. Meanwhile
// Bruno asks each server for its *status*.

// %% name="tracking-programs"
const thinks = async (host: Host, service: FileServiceOptions) => {
  const files = await fileClient(host, service);
  const letter = await files.open("letter");
  for (let block = 0; block < 3; block++) await files.read(letter, block);
  await host.sleep(1000);
  await files.leave();
};
const asksStatus = async (host: Host): Promise<FileServerStatus> => {
  const connection = await host.connect("server", 2049);
  await connection.send({ id: 1, op: "status" });
  const { status } = await connection.receive();
  connection.end();
  return status;
};

// %% name="tracking-run" tags=["claim:state.stateless.no-tracking", "claim:state.stateful.keeps-status", "claim:state.stateful.caches"]
const known: (FileServerStatus & { kind: FileServerKind })[] = [];
for (const kind of fileServerKinds) {
  const service = serviceOf(kind, { readAhead: 2 });
  const server = on("server", fileServer, service).daemon();
  const programs = {
    server,
    ana: on("ana", thinks, service),
    bruno: on("bruno", asksStatus).at(500),
  };
  const { results } = await simulate(scenario({ hosts, network: { latencyMs: 5 }, programs }));
  known.push({ kind, ...results.bruno });
}
table(known, { title: "What each server knows while Ana thinks" });

// %% name="tracking-claims" tags=["claim:state.stateless.no-tracking", "claim:state.stateful.caches"]
const knownOf = (kind: FileServerKind) => _.find(known, { kind })!;
claims({
  "the stateless server knows of no client, no open file and no copy":
    _.sum(Object.values(_.omit(knownOf("stateless"), "kind"))) === 0,
  "the soft-state server has blocks in its memory, and owes nobody anything":
    knownOf("soft state").blocksInMemory > 0 && knownOf("soft state").grants === 0,
  "the server with leases knows who has copies, and of no open file":
    knownOf("leases").grants === 1 && knownOf("leases").openFiles === 0,
  "the stateful server knows of Ana, her open file and her copies":
    knownOf("stateful").openFiles === 1 && knownOf("stateful").grants === 1,
});

// %% [markdown] name="invalidation-intro"
// ## No promise
//
// > *Não promete invalidar o cache do cliente.* — It does not promise to invalidate the client's cache.
//
// A client may of course keep copies on its own account, for `cacheMs` say, and hope. Ana reads one block every 100 ms for five
// seconds. Bruno changes it every second. Nobody tells Ana. How old can the data be that she reads?

// %% name="invalidation-predict"
const oldest = predict(
  "oldest read",
  {
    question:
      "Ana uses a copy for up to 800 ms. How old, at most, is the change that she misses in these five seconds?",
    unit: "ms",
  },
  undefined,
);
oldest;

// %% name="invalidation-programs"
// One program: what a client does whose server forgets.
const watches = async (
  host: Host,
  service: FileServiceOptions,
  everyMs: number,
  untilMs: number,
) => {
  const files = await fileClient(host, service);
  let handle = await files.open("letter");
  let reads = 0;
  for (let atMs = 50; atMs < untilMs; atMs += everyMs, reads++) {
    await host.sleepUntil(atMs);
    try {
      await files.read(handle, 0);
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      handle = await files.open("letter"); // the server has forgotten that it was open
    }
  }
  await files.leave();
  return reads;
};

// %% name="invalidation-writer"
const changes = async (
  host: Host,
  service: FileServiceOptions,
  everyMs: number,
  untilMs: number,
) => {
  const files = await fileClient(host, service);
  const handle = await files.open("letter");
  for (let atMs = 500; atMs < untilMs; atMs += everyMs) {
    await host.sleepUntil(atMs);
    await files.write(handle, 0, blockOf(`${host.name} at ${atMs}`));
  }
  await files.leave();
};

// %% name="invalidation-scenario"
const watched = (service: FileServiceOptions, untilMs: number) =>
  scenario({
    hosts,
    network: { latencyMs: 5 },
    programs: {
      server: on("server", fileServer, service).daemon(),
      ana: on("ana", watches, service, 100, untilMs),
      bruno: on("bruno", changes, service, 1000, untilMs),
    },
  });

// %% [markdown] name="checker-intro"
// How do we know that a read was stale? By the trace. Each client writes into it what it asked, when, and what came. The
// **invariant checker** `checkFiles` reads those rows afterwards: if a write had been acknowledged before a read began, that
// read must not return something that the write had overwritten. It knows nothing of servers, copies or leases.

// %% name="invalidation-run"
const staleness = ({ rows, results }: { rows: readonly TraceRow[]; results: { ana: number } }) => {
  const { staleReads, worstStaleMs } = checkFiles(rows);
  return { reads: results.ana, staleReads, worstStaleMs, requests: traffic(rows).requests };
};
const staleRows: (ReturnType<typeof staleness> & { cacheMs: number })[] = [];
for (const cacheMs of [0, 100, 200, 400, 800, 1600]) {
  const played = watched(serviceOf("stateless", { cacheMs }), 5000);
  staleRows.push({ cacheMs, ...staleness(await simulate(played, { seed: 1 })) });
}
table(staleRows, { title: "A stateless server, and a client who keeps copies on its own account" });

// %% name="invalidation-compare"
oldest.compare(_.find(staleRows, { cacheMs: 800 })!.worstStaleMs);

// %% name="invalidation-live" tags=["live"]
const staleLive: typeof staleRows = [];
for (const cacheMs of [400, 800]) {
  const played = watched(serviceOf("stateless", { cacheMs }), 5000);
  staleLive.push({ cacheMs, ...staleness(await runLive(played, { seed: 1, timeScale: 0.6 })) });
}

// %% name="invalidation-figure" tags=["live", "claim:state.stateless.no-invalidation"]
overlay({
  title: "Nobody tells Ana: how old the data can be that she reads",
  x: { label: "a copy is used without asking for", unit: "ms" },
  y: { label: "oldest change missed", unit: "ms" },
  theory: { label: "never more than the time of a copy", f: (cacheMs) => cacheMs },
  predicted: staleRows.map((row) => ({ x: row.cacheMs, y: row.worstStaleMs })),
  measured: staleLive.map((row) => ({ x: row.cacheMs, y: row.worstStaleMs })),
  predictions: [{ label: "your prediction for 800 ms", value: oldest.value }],
  alt: "The oldest change missed grows with the time of a copy and stays below it.",
});

// %% name="invalidation-claims" tags=["claim:state.stateless.no-invalidation"]
claims({
  "without copies no read is stale": staleRows[0]!.staleReads === 0,
  "with copies there are stale reads": _.find(staleRows, { cacheMs: 800 })!.staleReads > 0,
  "none is staler than the time of a copy": staleRows.every(
    ({ cacheMs, worstStaleMs }) => worstStaleMs <= cacheMs,
  ),
  "copies save requests": staleRows[4]!.requests < staleRows[0]!.requests / 3,
});

// %% name="invalidation-live-claims" tags=["live"]
claims({
  "live, too, copies are stale at times, and never staler than their time":
    staleLive.every(({ cacheMs, worstStaleMs }) => worstStaleMs <= cacheMs) &&
    staleLive[1]!.staleReads > 0,
});

// %% [markdown] name="invalidation-explained"
// The oldest change that she missed is no older than the time for which she may use a copy, and here it is younger: to be as old, Bruno would
// have to write just after her copy was made, and she would have to read just before it ends.
//
// This is what NFS clients do to this day: a copy is trusted for some seconds, then the server is asked whether it is still good.
// The server promises nothing, so the bound is the client's own. Fewer requests, older data: one dial.
//
// **Why the two worlds differ.** How old the oldest read gets depends on how Ana's asking falls between Bruno's changes. Live, each answer
// comes a little later, so the pattern shifts, and a point may lie well below its neighbour. None lies above the line: the bound does not
// depend on the pattern.

// %% [markdown] name="soft-lecture"
// # 3 · Soft state
//
// > *Alguns mantêm informação do cliente, mas a perda da informação não leva à interrupção do serviço.*
//
// Some [stateless servers] keep information on the client, but its loss does not lead to a disruption of the service. Such state
// is called **soft**. Ours remembers blocks for a while; and it notices who reads a file from front to back, and reads
// ahead. Bruno reads a file of 24 blocks. In the middle, the server's machine crashes and comes back at once.

// %% name="soft-predict"
const softCrash = predict(
  "soft crash",
  {
    question:
      "The soft-state server crashes in the middle of Bruno's reading. What does he notice?",
    choices: {
      nothing: "nothing at all",
      slower: "that it takes longer",
      wrong: "a block that is missing or wrong",
      error: "an error that ends his program",
    },
  },
  undefined,
);
softCrash;

// %% name="soft-program"
const readsAll = async (host: Host, service: FileServiceOptions) => {
  const files = await fileClient(host, service);
  const handle = await files.open("book");
  const blockMs: number[] = [];
  for (let block = 0; block < 24; block++) {
    const beganMs = host.now();
    await files.read(handle, block);
    blockMs.push(host.now() - beganMs);
  }
  await files.leave();
  return blockMs;
};

// %% name="soft-scenario"
const aBook = (service: FileServiceOptions, faults: Fault<"server" | "bruno">[], latencyMs = 5) =>
  scenario({
    hosts: { server: { disk: { accessMs: 8 } }, bruno: {} },
    network: { latencyMs },
    faults,
    programs: {
      server: on("server", fileServer, service).daemon(),
      bruno: on("bruno", readsAll, service),
    },
  });

// %% name="soft-book"
const book = (kind: FileServerKind, readAhead: number): FileServiceOptions => {
  return { kind, files: { book: 24 }, timeoutMs: 100, readAhead };
};
const atOnce = [
  { kind: "crash", host: "server", atMs: 200 },
  { kind: "restart", host: "server", atMs: 201 },
] as const;

// %% name="soft-run"
const softRuns = [
  { what: "soft state", run: await simulate(aBook(book("soft state", 4), [])) },
  {
    what: "soft state, with a crash",
    run: await simulate(aBook(book("soft state", 4), [...atOnce])),
  },
  {
    what: "stateless, with a crash",
    run: await simulate(aBook(book("stateless", 0), [...atOnce])),
  },
];
const softRows = softRuns.flatMap(({ what, run }) =>
  run.results.bruno.map((tookMs, block) => ({ what, block, tookMs, source: "predicted" })),
);

// %% name="soft-compare"
const totals = softRuns.map(({ run }) => run.endMs);
softCrash.compare(totals[1]! > totals[0]! ? "slower" : "nothing");

// %% name="soft-live" tags=["live"]
const softLive = await runLive(aBook(book("soft state", 4), [...atOnce]), { timeScale: 4 });
const softLiveRows = softLive.results.bruno.map((tookMs, block) => {
  return { what: "soft state, with a crash", block, tookMs, source: "measured" };
});

// %% name="soft-figure" tags=["live", "claim:state.stateless.soft"]
sweepFigure([...softRows, ...softLiveRows], {
  title: "A crash of the soft-state server costs a moment",
  x: { field: "block", label: "block" },
  y: { field: "tookMs", label: "time to read it", unit: "ms" },
  series: "what",
  source: "source",
  alt: "At the crash one block takes several times as long; the blocks after it are as fast as before within six reads. The stateless server's client loses more at its crash, and is slower for every block.",
  caption:
    "The crash wipes the server's memory. It reads ahead again as soon as it sees two blocks in a row.",
});

// %% name="soft-claims" tags=["claim:state.stateless.soft"]
const tail = (i: number) => _.mean(softRuns[i]!.run.results.bruno.slice(-3));
claims({
  "all 24 blocks come, crash or not": softRuns.every(({ run }) => run.results.bruno.length === 24),
  "after the crash it is soon as fast as before": Math.abs(tail(1) - tail(0)) < 1e-6,
  "and faster than the server that keeps nothing": tail(1) < tail(2),
});

// %% name="soft-live-claims" tags=["live"]
claims({
  "live, too, all 24 blocks come": softLive.results.bruno.length === 24,
  "live, too, one read in the middle shows the crash": _.max(softLive.results.bruno)! > 50,
});

// %% [markdown] name="soft-explained"
// The test for soft state is simple: *wipe it at any moment; does anything but the clock notice?* Real NFS servers are of this
// kind. They call themselves stateless and remember a good deal.
//
// **Why the peaks differ.** All crashes come at the same moment, but find Bruno at different blocks: the slower the reading, the earlier
// the block, and live everything is a little slower. How high a peak is depends on what the crash meets. A request that is under way
// reaches a machine that is up again and says at once that it knows of no connection. A request that the server had already taken
// is lost without a word, and Bruno waits until his patience ends.

// %% [markdown] name="independence-lecture"
// # 4 · Independence
//
// > *Consequências: clientes e servidores são completamente independentes.*
//
// Consequences: clients and servers are completely independent. That is a strong word. Let us test it as one tests a bridge:
// crash *either side*, at *every* point of a session, and look what is left over.
//
// Ana opens a file, reads two blocks, writes one, closes. `crashPoints` takes the trace of an undisturbed run and gives a moment
// between any two of its events. In a run for each of them, the server's machine crashes there (and is up again after 100 ms);
// in another, Ana's does (and stays down). A second later, and again after 15 s, Bruno asks what the server still holds.

// %% name="independence-program"
const shortSession = async (host: Host, service: FileServiceOptions) => {
  const files = await fileClient(host, service);
  const handle = await files.open("letter");
  for (const block of [0, 1]) await files.read(handle, block);
  await files.write(handle, 2, blockOf("the end"));
  await files.close(handle);
  await files.leave();
};
const readsLast = async (host: Host, service: FileServiceOptions) => {
  const files = await fileClient(host, service, "bruno reads");
  await files.read(await files.open("letter"), 2);
  await files.leave();
};

// %% name="independence-scenario"
const disturbed = (service: FileServiceOptions, faults: Fault<"server" | "ana" | "bruno">[]) =>
  scenario({
    hosts,
    network: { latencyMs: 5 },
    faults,
    programs: {
      server: on("server", fileServer, service).daemon(),
      ana: on("ana", shortSession, service),
      left: [on("bruno", asksStatus).at(1000), on("bruno", asksStatus).at(15_000)],
      audit: on("bruno", readsLast, service).at(16_000),
    },
    limitMs: 60_000,
  });

// %% name="independence-crash"
const faultsAt = (side: "server" | "ana", atMs: number) =>
  side === "server" ? crashOf("server", atMs) : crashOf("ana", atMs).slice(0, 1);
const held = ({ openFiles, grants }: FileServerStatus) => openFiles + grants;
const crashAt = async (service: FileServiceOptions, side: "server" | "ana", atMs: number) => {
  const { outcomes, results, rows } = await simulate(disturbed(service, faultsAt(side, atMs)));
  const [soon, late] = results.left;
  const { lostWrites } = checkFiles(rows);
  return { side, atMs, end: outcomes.ana.how, soon: held(soon), late: held(late), lostWrites };
};

// %% [markdown] name="independence-predict-intro"
// **Predict.** After a crash of the *stateless* server at each of the points, in which share of the runs does Ana come to the end of
// her session, as if nothing had happened? And with the *stateful* one?

// %% name="independence-predict"
const ofStateful = predict(
  "sessions that survive",
  { question: "Of 100 sessions, how many survive a crash of the stateful server?", unit: "%" },
  undefined,
);
ofStateful;

// %% name="independence-run"
const crashKinds = fileServerKinds.map((kind) => serviceOf(kind));
const crashRows: (Awaited<ReturnType<typeof crashAt>> & { kind: FileServerKind })[] = [];
for (const service of progress(4, "crash at every point").each(crashKinds)) {
  const calm = await simulate(disturbed(service, []));
  const points = crashPoints(calm.rows.filter((row) => row.timeMs < 500 && row.host !== "bruno"));
  for (const side of ["server", "ana"] as const)
    for (const atMs of points.slice(1))
      crashRows.push({ kind: service.kind, ...(await crashAt(service, side, atMs)) });
}

// %% name="independence-table"
const leftOver = _.map(
  _.groupBy(crashRows, (row) => `${row.kind}|${row.side}`),
  (rows) => ({
    kind: rows[0]!.kind,
    crashOf: rows[0]!.side === "ana" ? "the client" : "the server",
    points: rows.length,
    sessionsFinished: _.filter(rows, { end: "returned" }).length,
    sessionsBroken: _.filter(rows, { end: "threw" }).length,
    heldAfter1s: _.sumBy(rows, "soon"),
    heldAfter15s: _.sumBy(rows, "late"),
    lostWrites: _.sumBy(rows, "lostWrites"),
  }),
);

// %% name="independence-shown" tags=["claim:state.stateless.independence"]
table(leftOver, {
  title: "A crash at every point of a session: what is left over",
  columns: {
    ...{ kind: {}, crashOf: {}, points: {} },
    ...{ sessionsFinished: { label: "finished" }, sessionsBroken: { label: "broken" } },
    ...{ heldAfter1s: { label: "held after 1 s" }, heldAfter15s: { label: "after 15 s" } },
    lostWrites: {},
  },
});

// %% name="independence-compare"
const leftOf = (kind: FileServerKind, crashed: "the client" | "the server") =>
  _.find(leftOver, { kind, crashOf: crashed })!;
const survives = ({ sessionsFinished, points }: (typeof leftOver)[number]) =>
  (100 * sessionsFinished) / points;
ofStateful.compare(survives(leftOf("stateful", "the server")));

// %% jupyter={"source_hidden": true} name="independence-figure" tags=["claim:state.stateless.independence"]
// Draws the figure below.
const orphans = _.filter(crashRows, { side: "ana" });
sweepFigure(
  orphans.map(({ kind, atMs, soon, late }) => ({
    kind,
    atMs,
    held: kind === "leases" ? soon : late,
  })),
  {
    title: "Ana's machine crashes, and never comes back: what the server holds for her",
    x: { field: "atMs", label: "moment of the crash", unit: "ms" },
    y: { field: "held", label: "entries for Ana" },
    series: "kind",
    alt: "The stateless and the soft-state server hold nothing, whenever she crashes; the stateful one holds entries from her opening on.",
    caption:
      "Open files and promises. Of leases: after 1 s; after 15 s they have run out. Of the others: after 15 s.",
  },
);

// %% jupyter={"source_hidden": true} name="independence-claims" tags=["claim:state.stateless.independence"]
// What holds: it is shown below.
claims({
  "whenever the stateless server crashes, Ana comes to her end":
    survives(leftOf("stateless", "the server")) === 100,
  "whenever Ana crashes, the stateless server holds nothing for her":
    leftOf("stateless", "the client").heldAfter1s === 0,
  "so it is with soft state": survives(leftOf("soft state", "the server")) === 100,
  "leases are held for a while, and then no more":
    leftOf("leases", "the client").heldAfter1s > 0 &&
    leftOf("leases", "the client").heldAfter15s === 0,
  "of the stateful server, more than a third of the crashes break the session":
    survives(leftOf("stateful", "the server")) < 65,
  "what Ana had open when she crashed stays open there":
    leftOf("stateful", "the client").heldAfter15s > 0,
  "no server loses a write that it has acknowledged": leftOver.every((row) => row.lostWrites === 0),
});

// %% [markdown] name="independence-live-intro"
// ## Live
//
// The same crashes over real sockets, at two moments of the session each. (The machine that crashes is one of the library's: its
// programs stop in the middle of a line, and its sockets fall silent. Real processes that are killed come in part 11.)

// %% name="independence-live" tags=["live"]
// One run for each kind of server and moment of the crash.
const liveCrashes: { kind: FileServerKind; atMs: number; predicted: string; measured: string }[] =
  [];
for (const point of grid({ kind: ["stateless", "stateful"] as const, atMs: [75, 105] })) {
  const service = serviceOf(point.kind);
  const played = scenario({
    hosts,
    network: { latencyMs: 5 },
    faults: crashOf("server", point.atMs),
    programs: {
      server: on("server", fileServer, service).daemon(),
      ana: on("ana", shortSession, service),
    },
  });
  const { predicted, outcomes } = await runLive(played, { timeScale: 5 });
  liveCrashes.push({ ...point, predicted: predicted.outcomes.ana.how, measured: outcomes.ana.how });
}
table(liveCrashes, { title: "How Ana's session ends: predicted and measured" });

// %% name="independence-live-claims" tags=["live", "claim:state.stateless.independence"]
claims({
  "live, too, every session with the stateless server comes to its end": _.every(
    _.filter(liveCrashes, { kind: "stateless" }),
    { measured: "returned" },
  ),
  "live, too, sessions with the stateful server break": _.some(liveCrashes, {
    kind: "stateful",
    measured: "threw",
  }),
});

// %% [markdown] name="independence-explained"
// "Completely independent" holds to the letter for the stateless server: no crash of one side is seen by the other, but for the time
// it takes. The price is in every request, which must carry all that the server would otherwise remember, and must be **safe to
// repeat**: when no answer comes, nobody knows whether the request was lost or the answer. (Exercise 1.)
//
// (Where Ana's own machine crashes, her session is over, of course. The one that the table counts as finished is the last point, after
// her last step.)
//
// **Why the two worlds differ.** Live, the session's steps come a little later, so the same moment may hit another step. With the
// stateless server that makes no difference, since no step is worse than another. With the stateful one it decides: a crash while
// the file is open breaks the session, one after it is closed does not. That is why the two columns need not agree in its rows.

// %% [markdown] name="inconsistencies-lecture"
// # 5 · Fewer inconsistencies
//
// > *Inconsistências de estado devido a problemas no cliente ou servidor são reduzidas.*
//
// State inconsistencies due to problems at the client or the server are reduced. To count them, we need a lot of users and a lot of
// trouble. What people do with files has been measured: the sizes of files, and how popular they are.

// %% name="workload-published"
const published = dataset("file-workload");
table(published.rows, { title: "Sizes and popularity of files", caption: published.source });

// %% [markdown] name="workload-calls"
// And how much they write. In the first version of the Andrew file system (AFS), clients asked at each opening whether their
// copy was still good. Of the calls that moved a file, a third were writes:

// %% name="workload-mix"
const afs = dataset<{ call: string; meaning: string; percent: number }>("afs-calls");
const percent = (call: string) => _.find(afs.rows, { call })!.percent;
const writeShare = percent("Store") / (percent("Store") + percent("Fetch"));
table(afs.rows, {
  title: "What AFS clients asked",
  caption: `${afs.source}. The calls not listed make up the rest`,
  columns: ["call", "meaning", "percent"],
});

// %% name="workload-users"
// All that describes the office, and what comes of it.
const userNames = ["ana", "bruno", "carla"] as const;
const officeOptions = {
  users: userNames.length,
  sessionsEach: 60,
  files: 6,
  popularity: 0.75,
  writeShare,
  sharedShare: 0.6,
  largestBlocks: 6,
  thinkMs: 400,
};
const office = fileWorkload({ ...officeOptions, seed: 1 });
table(office.sessions[0]!.slice(0, 5), {
  title: `Ana's first sessions, of ${office.sessions[0]!.length}`,
});

// %% [markdown] name="trouble-intro"
// And trouble: in one run the server crashes a dozen times; in the other Carla's machine does, 1 ms after a write of hers was
// acknowledged. At the end, when all is quiet, an auditor reads every block.

// %% name="trouble-audit"
const audit = async (host: Host, service: FileServiceOptions) => {
  const files = await fileClient(host, service);
  for (const [file, blocks] of Object.entries(service.files!)) {
    const handle = await files.open(file);
    for (let block = 0; block < blocks; block++) await files.read(handle, block);
    await files.close(handle);
  }
  await files.leave();
};

// %% name="trouble-scenario"
type OfficeHost = "server" | (typeof userNames)[number] | "auditor";
const crashes = (host: OfficeHost, times: number[]): Fault<OfficeHost>[] =>
  times.flatMap((atMs) => [
    { kind: "crash", host, atMs },
    { kind: "restart", host, atMs: atMs + 500 },
  ]);

// %% name="trouble-office"
// One scenario, with all that is changed of it later.
const inOffice = (
  service: FileServiceOptions,
  faults: Fault<OfficeHost>[],
  { sessions, auditMs, latencyMs } = { sessions: office.sessions, auditMs: 120_000, latencyMs: 5 },
) =>
  scenario({
    hosts: { server: { disk: { accessMs: 8 } }, ana: {}, bruno: {}, carla: {}, auditor: {} },
    network: { latencyMs },
    faults,
    programs: {
      server: on("server", fileServer, service).daemon(),
      users: userNames.map((name, i) => on(name, fileSessions, service, sessions[i]!)),
      audit: on("auditor", audit, service).at(auditMs),
    },
    limitMs: 300_000,
  });

// %% name="trouble-services"
const common = { files: office.files, timeoutMs: 500 };
const officeServices: Record<string, FileServiceOptions> = {
  stateless: { ...common, kind: "stateless" },
  "stateless, copies for 3 s": { ...common, kind: "stateless", cacheMs: 3000 },
  leases: { ...common, kind: "leases", termMs: 3000 },
  "stateful, forgets in a crash": { ...common, kind: "stateful", silenceMs: 2000 },
  "stateful, writes stay at the client": {
    ...common,
    kind: "stateful",
    silenceMs: 2000,
    writeBackMs: 30_000,
  },
  "stateful, with recovery": { ...common, kind: "stateful", silenceMs: 2000, recovery: "reclaim" },
};

// %% name="trouble-predict"
const mostTrouble = predict(
  "lost writes",
  {
    question: "Which of them loses writes that it has acknowledged when a client crashes?",
    choices: {
      none: "none of the six",
      copies: "the stateless one with copies",
      writeBack: "the stateful one whose writes stay at the client",
      all: "all that have copies at clients",
    },
  },
  undefined,
);
mostTrouble;

// %% name="trouble-run"
const logged = { trace: ["log"] } as const;
const afterAWrite = async (service: FileServiceOptions) => {
  const { rows } = await simulate(inOffice(service, []), logged);
  const hers = rows.filter((row) => row.host === "carla" && row.kind === "log");
  const writes = hers.filter((row) => row.kind === "log" && row.event === "file write");
  return crashes("carla", [writes[9]!.timeMs + 1]); // her tenth
};

// %% name="trouble-runs"
const dozenCrashes = crashes("server", _.range(3000, 40_000, 3100));
const whose = ["server", "client"] as const;
const troubles = grid({ service: Object.keys(officeServices), crashOf: whose });

// %% name="trouble-counted"
const troubleRows: ({ service: string; crashOf: string; sessionsLost: number } & Pick<
  FileCheck,
  "reads" | "staleReads" | "lostWrites"
>)[] = [];
for (const { service, crashOf } of progress(troubles.length, "runs").each(troubles)) {
  const used = officeServices[service]!;
  const faults = crashOf === "server" ? dozenCrashes : await afterAWrite(used);
  const { rows, outcomes } = await simulate(inOffice(used, faults), logged);
  const done = outcomes.users.flatMap((user) => (user.how === "returned" ? user.value : []));
  const { staleReads, lostWrites, reads } = checkFiles(rows);
  const sessionsLost = _.filter(done, { outcome: "state lost" }).length;
  troubleRows.push({ service, crashOf, reads, sessionsLost, staleReads, lostWrites });
}

// %% name="trouble-table" tags=["claim:state.stateless.fewer-inconsistencies", "claim:state.stateful.reliability"]
table(troubleRows, { title: "Inconsistencies, counted from the trace" });

// %% name="trouble-compare"
const troubleOf = (service: string, crashOf: "server" | "client") =>
  _.find(troubleRows, { service, crashOf })!;
const losers = _.filter(troubleRows, (row) => row.crashOf === "client" && row.lostWrites > 0);
mostTrouble.compare(losers.length === 0 ? "none" : losers.length === 1 ? "writeBack" : "all");

// %% jupyter={"source_hidden": true} name="trouble-claims" tags=["claim:state.stateless.fewer-inconsistencies", "claim:state.stateful.reliability"]
// What holds: it is shown below.
const wrong = (service: string) =>
  _.sumBy(
    _.filter(troubleRows, { service }),
    (row) => row.staleReads + row.lostWrites + row.sessionsLost,
  );
claims({
  "with the stateless server nothing is lost and nothing stale": wrong("stateless") === 0,
  "copies without a promise are stale at times": wrong("stateless, copies for 3 s") > 0,
  "a stateful server that forgets in a crash loses sessions":
    troubleOf("stateful, forgets in a crash", "server").sessionsLost > 0,
  "writes that stay at the client are lost with it":
    _.map(losers, "service").join() === "stateful, writes stay at the client",
  "leases keep their promise in every crash": wrong("leases") === 0,
  "and so does a stateful server that recovers": wrong("stateful, with recovery") === 0,
});

// %% name="trouble-live" tags=["live"]
const briefly = office.sessions.map((sessions) => sessions.slice(0, 5));
const shortDay = { sessions: briefly, auditMs: 5000, latencyMs: 5 };
const liveTroubles: { service: string; staleReads: number; lostWrites: number }[] = [];
for (const service of ["stateless", "leases", "stateful, with recovery"]) {
  const used = { ...officeServices[service]!, graceMs: 1000, termMs: 1000 };
  const played = inOffice(used, crashes("server", [1500]), shortDay);
  const { rows } = await runLive(played, { timeScale: 0.5, trace: ["log"] });
  liveTroubles.push({ service, ..._.pick(checkFiles(rows), "staleReads", "lostWrites") });
}
table(liveTroubles, { title: "A shorter day, live, with one crash of the server" });

// %% name="trouble-live-claims" tags=["live", "claim:state.stateless.fewer-inconsistencies"]
claims({
  "live, too, none of these three shows a stale read or loses a write": liveTroubles.every(
    (row) => row.staleReads + row.lostWrites === 0,
  ),
});

// %% [markdown] name="trouble-explained"
// The slide says *reduced*, and the table says where the rest comes from, from two things: **copies**, and **state that is forgotten**. The
// stateless server itself never contradicts itself; its clients' copies do, as soon as they are used without asking. The stateful server
// keeps copies right while all goes well. When it forgets, sessions are lost. And if writes stay at the clients as well, a server that
// forgets no longer knows who has the newest block: those are the largest numbers in the table. The last two lines show that it can be
// mended. Part 9 shows what the mending costs.
//
// **Why the two worlds don't differ here.** Live, each message takes a little longer, so the crash meets other requests than in virtual time,
// and other ones each time that you run the cell. But what is counted here is no time. It is a promise, and a promise that holds in
// a crash at any moment holds at this one, too. So the live table must show what the lines of the same names show above: zeros.

// %% [markdown] name="performance-lecture"
// # 6 · Looking ahead
//
// > *Possível perda de desempenho. Um servidor não pode antecipar o comportamento do cliente (ex: prefetching blocos de
// > arquivo).*
//
// Possible loss of performance. A server cannot anticipate the client's behaviour, for example prefetch file blocks. A stateful
// server can:
//
// > *Registram quando um arquivo foi aberto para realização de prefetching.*
//
// It records that a file was opened, so that prefetching can be done. Bruno reads his book of 24 blocks again, with round trips of
// different lengths. A disk access takes 8 ms. **Predict:** at a round trip of 20 ms, reading a block takes 36 ms with the
// stateless server: a round trip, one access to open, one for the block. And with a server that reads ahead?

// %% name="ahead-predict"
const ahead = predict(
  "reading ahead",
  { question: "At a round trip of 20 ms, how long does a block take, read ahead?", unit: "ms" },
  undefined,
);
ahead;

// %% name="ahead-run"
const readers: Record<string, FileServiceOptions> = {
  stateless: book("stateless", 0),
  "stateful, without reading ahead": book("stateful", 0),
  "stateful, reading ahead": book("stateful", 4),
};
const aheadRows: { service: string; roundTripMs: number; blockMs: number; source: string }[] = [];
for (const { service, roundTripMs } of grid({
  service: Object.keys(readers),
  roundTripMs: [2, 8, 20, 40],
})) {
  const { results } = await simulate(aBook(readers[service]!, [], roundTripMs / 2));
  const blockMs = _.mean(results.bruno.slice(4)); // the first few find the server unprepared
  aheadRows.push({ service, roundTripMs, blockMs, source: "predicted" });
}

// %% name="ahead-compare"
const aheadOf = (service: string, roundTripMs: number) =>
  _.find(aheadRows, { service, roundTripMs })!.blockMs;
ahead.compare(aheadOf("stateful, reading ahead", 20));

// %% name="ahead-theory"
const diskMs = 8;
const aheadTheory: Record<string, (roundTripMs: number) => number> = {
  stateless: (roundTripMs) => roundTripMs + 2 * diskMs, // to open it, and to read
  "stateful, without reading ahead": (roundTripMs) => roundTripMs + diskMs,
  "stateful, reading ahead": (roundTripMs) => Math.max(roundTripMs, diskMs), // both at the same time
};
const aheadLines = grid({ service: Object.keys(readers), roundTripMs: _.range(2, 41, 2) }).map(
  (row) => {
    return { ...row, blockMs: aheadTheory[row.service]!(row.roundTripMs), source: "theory" };
  },
);

// %% name="ahead-live" tags=["live"]
const aheadLive: typeof aheadRows = [];
for (const { service, roundTripMs } of grid({
  service: Object.keys(readers),
  roundTripMs: [8, 40],
})) {
  const { results } = await runLive(aBook(readers[service]!, [], roundTripMs / 2), {
    timeScale: 1.5,
  });
  const blockMs = _.mean(results.bruno.slice(4));
  aheadLive.push({ service, roundTripMs, blockMs, source: "measured" });
}

// %% name="ahead-figure" tags=["live", "claim:state.stateless.performance", "claim:state.stateful.prefetching"]
sweepFigure([...aheadLines, ...aheadRows, ...aheadLive], {
  title: "What a server can do that knows what comes next",
  x: { field: "roundTripMs", label: "round trip", unit: "ms" },
  y: { field: "blockMs", label: "time to read a block", unit: "ms" },
  series: "service",
  source: "source",
  alt: "Three lines that rise with the round trip; the server that reads ahead is fastest, its disk works while messages travel.",
  caption: "A book of 24 blocks from front to back; means without the first four.",
});

// %% name="ahead-claims" tags=["claim:state.stateless.performance", "claim:state.stateful.prefetching"]
claims({
  "simulation and arithmetic agree within an eighth": aheadRows.every(
    (row) => Math.abs(row.blockMs / aheadTheory[row.service]!(row.roundTripMs) - 1) < 0.125,
  ),
  "reading ahead hides the disk where the round trip is longer than an access":
    Math.abs(aheadOf("stateful, reading ahead", 20) - 20) < 0.5,
});

// %% name="ahead-live-claims" tags=["live"]
const aheadLiveOf = (service: string) => _.find(aheadLive, { service, roundTripMs: 40 })!.blockMs;
claims({
  "live, too, reading ahead is faster than the stateless server":
    aheadLiveOf("stateful, reading ahead") < aheadLiveOf("stateless"),
});

// %% [markdown] name="ahead-explained"
// The stateless server can't know that block 7 follows block 6: it has forgotten block 6. (The soft-state server of part 3
// *guesses*, and is right with Bruno. A guess can be wrong; then it has read in vain.) Look at what reading ahead can't do,
// too: the round trip is still paid for every block. No server can do anything about that. A *client* can.
//
// **Why the two worlds differ.** Live, each message and each disk access ends a little late, because a process must be woken for it, so
// live points lie a little above the lines. The order stays. (The one simulated point that lies below its line profits from what had been read
// ahead during the four blocks that we don't count.)

// %% [markdown] name="caches-lecture"
// # 7 · Copies at the clients
//
// > *Sabem quando o cliente possui cache dos dados e permitem que os clientes mantenham cópias locais de dados compartilhados.*
//
// Stateful servers know when a client has cached data, and allow clients to keep local copies of shared data. Ana reads a
// letter, twice. Then Bruno changes it, and Ana reads it once more.

// %% name="callback-run"
const readsAgain = async (host: Host, service: FileServiceOptions) => {
  const files = await fileClient(host, service);
  const handle = await files.open("letter");
  for (const atMs of [60, 80, 200]) {
    await host.sleepUntil(atMs);
    await files.read(handle, 0);
  }
  await files.leave();
};
const writesOnce = async (host: Host, service: FileServiceOptions) => {
  const files = await fileClient(host, service);
  await files.write(await files.open("letter"), 0, blockOf("changed by Bruno"));
  await files.leave();
};

// %% name="callback-scenario"
const service = serviceOf("stateful");
const callback = scenario({
  hosts,
  network: { latencyMs: 5 },
  programs: {
    server: on("server", fileServer, service).daemon(),
    ana: on("ana", readsAgain, service),
    bruno: on("bruno", writesOnce, service).at(110),
  },
});
const callbackRun = await simulate(callback);

// %% name="callback-figure" tags=["claim:state.stateful.caches"]
spaceTime(callbackRun, {
  title: "A promise is kept: Ana's copy is called back before Bruno's write is done",
  hosts: ["ana", "server", "bruno"],
  by: "host",
  logs: false,
  fromMs: 60,
  toMs: 200,
  alt: "Ana reads once over the network. Her second read sends nothing. Bruno's write makes the server send a recall to Ana; only when she has let go does the disk work and Bruno get his answer.",
  caption: "At 80 ms Ana reads her copy: nothing is sent. Her third read, at 200 ms, asks again.",
});

// %% name="callback-claims" tags=["claim:state.stateful.caches"]
const tookMs = (host: string, event: string) =>
  callbackRun.rows.flatMap((row) =>
    row.host === host && row.kind === "log" && row.event === event
      ? [row.timeMs - Number(row.fields.beganMs)]
      : [],
  );
claims({
  "Ana's second read takes no time at all": tookMs("ana", "file read")[1] === 0,
  "her third asks the server": tookMs("ana", "file read")[2]! > 0,
  "no read is stale": checkFiles(callbackRun.rows).staleReads === 0,
  "Bruno waits one round trip longer, for Ana": tookMs("bruno", "file write")[0]! >= 20,
});

// %% [markdown] name="very-fast-lecture"
// ## "Extremely high"
//
// > *O desempenho de servidores stateful pode ser extremamente alto, desde que seja permitido que os clientes mantenham cópias
// > locais dos dados.*
//
// The performance of stateful servers can be extremely high, *provided that* clients are allowed to keep local copies. To test that, three
// things must be kept apart: the **memory** of the server, which saves disk accesses; the **copies** at clients, which save requests; and the
// **promise** that a copy is good, which alone takes state. Soft-state clients may keep copies, too, for 10 s, on their own account.
//
// **Predict.** The office of part 5, on a quiet day. A soft-state server whose clients keep copies without any promise, beside the stateful one
// that promises: how much time does a session take?

// %% name="fast-predict"
const withoutPromise = predict(
  "copies without a promise",
  {
    question: "Copies without a promise, beside copies with one: a session takes …",
    choices: {
      longer: "clearly longer without",
      same: "about as long, within a tenth",
      shorter: "clearly shorter without",
    },
  },
  undefined,
);
withoutPromise;

// %% name="fast-services"
type Copies = "none" | "own" | "promised";
const design = (memory: boolean, copies: Copies, more: Partial<FileServiceOptions>) => {
  const service = { ...common, kind: "stateless", ...more } as FileServiceOptions;
  return { memory, copies, service };
};
const [readAhead, cacheMs, termMs] = [4, 10_000, 10_000];
const plain = {
  stateless: design(false, "none", {}),
  "stateless, own copies": design(false, "own", { cacheMs }),
  leases: design(false, "promised", { kind: "leases", termMs }),
};

// %% name="fast-with-memory"
const stateful = { kind: "stateful", readAhead } as const;
const designs: Record<string, ReturnType<typeof design>> = {
  ...plain,
  "soft state": design(true, "none", { kind: "soft state", readAhead }),
  "soft state, own copies": design(true, "own", { kind: "soft state", readAhead, cacheMs }),
  "leases, with memory": design(true, "promised", { kind: "leases", termMs, memoryMs: termMs }),
  "stateful, no copies": design(true, "none", { ...stateful, copies: false }),
  "stateful, copies": design(true, "promised", stateful),
  "stateful, writes back": design(true, "promised", { ...stateful, writeBackMs: 30_000 }),
};

// %% name="fast-scenario"
const quiet = (service: FileServiceOptions, latencyMs: number, sessions = office.sessions) =>
  scenario({
    hosts: { server: { disk: { accessMs: 8 } }, ana: {}, bruno: {}, carla: {} },
    network: { latencyMs },
    programs: {
      server: on("server", fileServer, service).daemon(),
      users: userNames.map((name, i) => on(name, fileSessions, service, sessions[i]!)),
    },
  });

// %% name="fast-per-session"
const perSession = ({
  rows,
  results,
}: {
  rows: readonly TraceRow[];
  results: { users: readonly FileOperationRow[][] };
}) => {
  const sessions = _.sumBy(results.users, (user) => _.uniqBy(user, "session").length);
  const { requests, kilobytes } = traffic(rows);
  const sessionMs = _.sumBy(results.users.flat(), "tookMs") / sessions;
  return { requests: requests / sessions, kilobytes: kilobytes / sessions, sessionMs };
};

// %% name="fast-run"
const fastRows: (ReturnType<typeof perSession> & {
  service: string;
  memory: boolean;
  copies: Copies;
  staleReads: number;
})[] = [];
const designNames = Object.keys(designs);
for (const service of progress(designNames.length, "days at the office").each(designNames)) {
  const { service: used, ...features } = designs[service]!;
  const run = await simulate(quiet(used, 5), { seed: 1, trace: ["log", "send"] });
  const { staleReads } = checkFiles(run.rows);
  fastRows.push({ service, ...features, ...perSession(run), staleReads });
}

// %% name="fast-table" tags=["claim:state.stateful.performance"]
table(fastRows, {
  title: "A session, on average, at a round trip of 10 ms, and stale reads of the whole day",
  columns: {
    ...{ service: {}, memory: { label: "memory" }, copies: {}, requests: {}, kilobytes: {} },
    ...{ sessionMs: {}, staleReads: {} },
  },
});

// %% name="fast-compare"
const fastOf = (service: string) => _.find(fastRows, { service })!;
const ratioOfOwn =
  fastOf("soft state, own copies").sessionMs / fastOf("stateful, copies").sessionMs;
withoutPromise.compare(ratioOfOwn > 1.1 ? "longer" : ratioOfOwn < 0.9 ? "shorter" : "same");

// %% name="fast-claims" tags=["claim:state.stateful.performance"]
const faster = (one: string, other: string) => fastOf(one).sessionMs / fastOf(other).sessionMs;
claims({
  "the server's memory alone more than halves the time": faster("soft state", "stateless") < 0.5,
  "copies save time and requests, promised or not": [
    ["stateless, own copies", "stateless"],
    ["leases", "stateless"],
    ["soft state, own copies", "soft state"],
    ["stateful, copies", "stateful, no copies"],
  ].every(
    ([one, other]) => faster(one!, other!) < 0.8 && fastOf(one!).requests < fastOf(other!).requests,
  ),
});

// %% name="fast-state-claims" tags=["claim:state.stateful.performance", "claim:state.stateless.no-invalidation"]
claims({
  "without copies the table of open files makes nothing faster than soft state does":
    fastOf("stateful, no copies").sessionMs >= fastOf("soft state").sessionMs,
  "the promise makes copies no faster: soft state with own copies is within a tenth of stateful":
    Math.abs(ratioOfOwn - 1) < 0.1,
  "copies without a promise, and only they, are stale at times": fastRows.every(
    ({ copies, staleReads }) => staleReads > 0 === (copies === "own"),
  ),
  "when writes stay, too, a session takes less than a third of the stateless server's time":
    faster("stateful, writes back", "stateless") < 1 / 3,
  "and no other line is as fast":
    _.minBy(fastRows, "sessionMs")!.service === "stateful, writes back",
});

// %% [markdown] name="fast-trips-intro"
// And against the round trip: a busy morning on which people mostly use files of their own, fifteen sessions each. Each is played in virtual
// time, and at one round trip live: the same sessions.

// %% name="fast-morning"
const morning = fileWorkload({
  ...{ ...officeOptions, sessionsEach: 15, sharedShare: 0.2, thinkMs: 50 },
  seed: 1,
});
const inTheMorning = (service: string, roundTripMs: number) => {
  const used = { ...designs[service]!.service, files: morning.files };
  return quiet(used, roundTripMs / 2, morning.sessions);
};
const compared = ["stateless", "soft state", "soft state, own copies", "stateful, copies"];

// %% name="fast-trips"
const morningRows: { service: string; roundTripMs: number; sessionMs: number; source: string }[] =
  [];
for (const { service, roundTripMs } of grid({ service: compared, roundTripMs: [2, 10, 20, 40] })) {
  const played = inTheMorning(service, roundTripMs);
  const { sessionMs } = perSession(await simulate(played, { seed: 1, trace: ["log", "send"] }));
  morningRows.push({ service, roundTripMs, sessionMs, source: "predicted" });
}

// %% name="fast-live" tags=["live"]
const fastLive: typeof morningRows = [];
for (const service of progress(compared.length, "mornings").each(compared)) {
  const run = await runLive(inTheMorning(service, 20), { timeScale: 1 });
  fastLive.push({
    service,
    roundTripMs: 20,
    sessionMs: perSession(run).sessionMs,
    source: "measured",
  });
}

// %% name="fast-figure" tags=["live", "claim:state.stateful.performance"]
sweepFigure([...morningRows, ...fastLive], {
  title: "How long a session takes, against the round trip",
  x: { field: "roundTripMs", label: "round trip", unit: "ms" },
  y: { field: "sessionMs", label: "time in a session", unit: "ms" },
  series: "service",
  source: "source",
  alt: "All lines rise with the round trip. The server's memory lowers the line, and copies at the clients make it flatter, with a promise and without.",
});

// %% name="fast-trips-claims" tags=["claim:state.stateful.performance"]
const morningMs = (rows: typeof morningRows, service: string, roundTripMs = 20) =>
  _.find(rows, { service, roundTripMs })!.sessionMs;
const rise = (service: string) =>
  morningMs(morningRows, service, 40) - morningMs(morningRows, service, 2);
const withCopies = ["soft state, own copies", "stateful, copies"];
claims({
  "with copies a session takes less of each round trip, promised or not": withCopies.every(
    (service) => rise(service) < 0.8 * rise("soft state"),
  ),
  "soft state with own copies is at least as fast as the stateful server": [2, 10, 20, 40].every(
    (trip) =>
      morningMs(morningRows, "soft state, own copies", trip) <=
      morningMs(morningRows, "stateful, copies", trip),
  ),
});

// %% name="fast-live-claims" tags=["live"]
const liveSoftMs = morningMs(fastLive, "soft state");
claims({
  "live, too, a session is shorter with memory": liveSoftMs < morningMs(fastLive, "stateless"),
  "and shorter still with copies, promised or not": withCopies.every(
    (service) => morningMs(fastLive, service) < liveSoftMs,
  ),
});

// %% [markdown] name="fast-explained"
// Two things make a server fast. Its *memory* saves disk accesses: any server may have it. *Copies* save requests, and the fastest request is
// the one that is never sent. Neither needs a server that knows its clients: soft state with own copies is at least as fast as the stateful
// server; leases nearly are, once their server has memory. What sets them apart is the last column of the table. **Copies make speed; state
// makes them safe.** One thing does need state: in the last line writes stay at the client, and the server must know who has the newest block.
// It is the fastest line, and part 5 showed its risk.
//
// So the lecture's proviso is the whole point: the stateful server is fast because of its clients' copies, and it is the one that can allow
// them without stale reads. (What the promise costs is the calling back, where many write the same file: the end of part 8.)
//
// **Why the two worlds differ.** Live, each message and each disk access ends a little late, more so when the computer is busy. So the
// server that needs fewest of them loses least.

// %% [markdown] name="rereading-intro"
// ## A large file, again and again
//
// A textbook calculates with two numbers: *net*, the time to get a block over the network, and *disk*, the time to get one from the
// client's own disk. Here it compares NFS and AFS. A *large* file is one that does not fit into the memory of a client: so NFS's
// clients have no copy of its beginning any more when they read it again. AFS's keep whole files on their disks.

// %% name="rereading-published"
const textbook = dataset("nfs-afs-costs");
table(textbook.rows, {
  title: "The time of a workload on a file of N blocks",
  caption: textbook.source,
  columns: ["workload", "nfs", "afs"],
});

// %% name="rereading-run"
const readsTwice = async (host: Host, service: FileServiceOptions) => {
  const files = await fileClient(host, service);
  const handle = await files.open("book");
  const timesMs: number[] = [];
  for (let time = 0; time < 2; time++) {
    const beganMs = host.now();
    for (let block = 0; block < 24; block++) await files.read(handle, block);
    timesMs.push(host.now() - beganMs);
  }
  await files.leave();
  return timesMs;
};

// %% jupyter={"source_hidden": true} name="rereading-table"
// Makes the table below.
const rereaders: Record<string, FileServiceOptions> = {
  "stateless, no copies": book("stateless", 0),
  "stateless, own copies": { ...book("stateless", 0), cacheMs: 10_000 },
  "stateful, promised copies": book("stateful", 0),
};
const twice = [];
for (const service of Object.keys(rereaders)) {
  const used = rereaders[service]!;
  const server = on("server", fileServer, used).daemon();
  const programs = { server, ana: on("ana", readsTwice, used) };
  const played = scenario({ hosts, network: { latencyMs: 5 }, programs });
  const [firstMs, againMs] = (await simulate(played)).results.ana;
  twice.push({ service, firstMs: firstMs!, againMs: againMs!, netMs: firstMs! / 24 });
}
table(twice, { title: "A file of 24 blocks, read twice" });

// %% name="rereading-claims" tags=["claim:state.stateful.performance"]
claims({
  "without copies, reading again costs N·net again":
    Math.abs(twice[0]!.againMs - 24 * twice[0]!.netMs) < 1e-6,
  "with copies, in memory here instead of on AFS's disk, nothing, promised or not":
    twice[1]!.againMs === 0 && twice[2]!.againMs === 0,
});

// %% [markdown] name="lease-intro"
// # 8 · Leases: promises with an end
//
// > *Sabem quando o cliente possui cache dos dados …* — They know when the client has cached data … for how long?
//
// The stateful server's promise has no end, so a client that falls silent holds up everybody who wants to write. The stateless
// server promises nothing, so copies are old. In 1989 Gray and Cheriton found the middle: a **lease** is a promise with a term. A
// client may use its copy until the term is over, then it asks again. A writer waits until every holder has let go,
// or its term is over, and *not longer*.
//
// Ana reads one block at random moments, 0.864 times a second on average, as they measured on their own machines. **Predict:**
// with a term of 10 s, for which share of her reads does she have to ask the server?

// %% name="lease-predict"
const askedAtTen = predict(
  "asked, 10 s",
  { question: "With leases of 10 s, which share of her reads go to the server?", unit: "%" },
  undefined,
);
askedAtTen;

// %% name="lease-program"
// One program, from opening the file to leaving.
const randomReader = async (
  host: Host,
  service: FileServiceOptions,
  reads: number,
  readsPerS: number,
) => {
  const files = await fileClient(host, service);
  const handle = await files.open("letter");
  const gapMs = exponential({ mean: 1000 / readsPerS }, () => host.random());
  let atMs = host.now();
  for (let i = 0; i < reads; i++) {
    atMs += gapMs();
    await host.sleepUntil(atMs);
    await files.read(handle, 0);
  }
  await files.leave();
  return reads;
};

// %% name="lease-scenario"
const readsPerS = 0.864;
const leased = (termMs: number, reads: number, perS = readsPerS) => {
  const service = serviceOf("leases", { termMs, allowanceMs: 100 });
  return scenario({
    hosts,
    network: { latencyMs: 1 },
    programs: {
      server: on("server", fileServer, service).daemon(),
      ana: on("ana", randomReader, service, reads, perS),
    },
  });
};

// %% [markdown] name="lease-theory-intro"
// A read that finds no lease asks for one, and the lease then covers on average *R·t* reads more, at a rate R and a term t. So of
// 1 + R·t reads one asks: the load is **1/(1 + R·t)**. (The client takes 0.1 s off the term, since its clock may be slow and the
// message took time.)

// %% name="lease-run"
const terms = [1, 5, 10, 30]; // s
const leaseBar = progress(terms.length * 20, "80 simulations");
const leaseSweep = await sweep(
  grid({ termS: terms }),
  async ({ termS }, seed) => {
    const { rows, results } = await simulate(leased(1000 * termS, 400), { seed, trace: ["log"] });
    return { load: (traffic(rows).requests - 3) / results.ana }; // without hello, lookup, goodbye
  },
  { replications: 20, confidence: 0.999, onProgress: () => leaseBar.tick() },
);
const leaseRows = sweepRows(leaseSweep, "load");

// %% name="lease-compare"
const leaseTheory = (termS: number) =>
  leaseTraffic({ readsPerS, termMs: Math.max(0, 1000 * termS - 100) }).askedShare;
askedAtTen.compare(100 * leaseTheory(10));

// %% name="lease-live" tags=["live"]
const leaseLive: { termS: number; predicted: number; load: number }[] = [];
for (const termS of [1, 5]) {
  const played = leased(1000 * termS, 60);
  const run = await runLive(played, { seed: 1, timeScale: 0.05, trace: ["log"] });
  const [predicted, live] = [run.predicted, run].map(
    (one) => (traffic(one.rows).requests - 3) / one.results.ana,
  );
  leaseLive.push({ termS, predicted: predicted!, load: live! });
}
table(leaseLive, { title: "Sixty reads each: the virtual run of the same draws, and live" });

// %% name="lease-published"
const gray = dataset<{ termS: number; load: number }>("lease-load");
const xy = (rows: readonly { termS: number; load: number }[]) =>
  rows.map(({ termS, load }) => ({ x: termS, y: load }));
const saidShare = askedAtTen.value && askedAtTen.value / 100;

// %% name="lease-curve" tags=["live", "claim:state.stateful.caches"]
overlay({
  title: "Even a short lease takes most of the load away",
  x: { label: "term of a lease", unit: "s", domain: [0, 32] },
  y: { label: "reads that ask the server, as a share" },
  theory: { label: "1/(1 + R·t)", f: leaseTheory, from: 0.1, to: 32 },
  predicted: leaseRows.map(({ termS: x, load: y, low, high }) => ({ x, y, low, high })),
  measured: { label: "measured (live), 60 reads", points: xy(leaseLive) },
  published: { label: "parameters of Gray and Cheriton, 1989", points: xy(gray.rows) },
  predictions: [{ label: "your prediction for 10 s", value: saidShare }],
  alt: "The curve falls steeply in the first seconds and then flattens; simulated points lie on it, live ones near it or above.",
  caption:
    "The formula and its parameters are Gray and Cheriton's; the loads are computed from them, so that they lie on the curve proves nothing. Live runs are played twenty times as fast.",
});

// %% name="lease-claims"
claims({
  "the formula lies within every interval of the simulation": leaseRows.every(
    ({ termS, low, high }) => low < leaseTheory(termS) && leaseTheory(termS) < high,
  ),
  "with a term of 10 s nine reads in ten do not ask": leaseTheory(10) < 0.11,
});

// %% name="lease-live-claims" tags=["live"]
claims({
  "live, too, a longer lease asks less": leaseLive[1]!.load < leaseLive[0]!.load,
});

// %% [markdown] name="lease-explained"
// **Why the two worlds differ.** Live, we play time twenty times as fast, so a term of a second lasts a twentieth of a second on this
// computer's clock. What is nothing otherwise is now a good part of a term: a timer that rings a few milliseconds late, an answer that has to
// wait for the processor. A lease runs out in the meantime, and the next read must ask. And sixty reads are few: that is why the table
// compares them with the virtual run of the same draws, and the curve with many more.

// %% [markdown] name="sharing-intro"
// ## When others write
//
// A file that others change loses its lease early: it is called back. If changes come at a rate *w*, a lease of term *t* lasts
// (1 − e^(−wt))/w on average instead of *t*, and the same argument gives the load. Does it?

// %% name="sharing-program"
// One program, from opening the file to leaving.
const randomWriter = async (
  host: Host,
  service: FileServiceOptions,
  writesPerS: number,
  untilMs: number,
) => {
  const files = await fileClient(host, service);
  const handle = await files.open("letter");
  const gapMs = exponential({ mean: 1000 / writesPerS }, () => host.random());
  let atMs = host.now();
  for (let i = 0; ; i++) {
    atMs += gapMs();
    if (atMs > untilMs) break;
    await host.sleepUntil(atMs);
    await files.write(handle, 0, blockOf(`write ${i}`));
  }
  await files.leave();
};

// %% name="sharing-scenario"
const sharedFile = (writesPerS: number, untilMs: number) => {
  const service = serviceOf("leases", { termMs: 10_000, blockBytes: 64 });
  const fastDisk = { ...hosts, server: {} };
  return scenario({
    hosts: fastDisk,
    network: { latencyMs: 1 },
    programs: {
      server: on("server", fileServer, service).daemon(),
      ana: on("ana", randomReader, service, 150, readsPerS),
      bruno: on("bruno", randomWriter, service, writesPerS, untilMs),
    },
  });
};

// %% name="sharing-run"
const changeRates = [0.02, 0.1, 0.3, 1]; // a second
const sharingBar = progress(changeRates.length * 20, "80 simulations");
const sharingSweep = await sweep(
  grid({ writesPerS: changeRates }),
  async ({ writesPerS }, seed) => {
    const run = await simulate(sharedFile(writesPerS, 170_000), { seed, trace: ["log"] });
    const asked = run.rows.filter(
      (row) => row.host === "ana" && isRequest(row) && row.fields.op === "read",
    );
    return { load: asked.length / run.results.ana, stale: checkFiles(run.rows).staleReads };
  },
  { replications: 20, confidence: 0.999, onProgress: () => sharingBar.tick() },
);
const sharingRows = sweepRows(sharingSweep, "load");

// %% name="sharing-figure"
const sharingTheory = (writesPerS: number) =>
  leaseTraffic({ readsPerS, termMs: 10_000, changesPerS: writesPerS }).askedShare;
overlay({
  title: "The more others write, the less a lease is worth",
  x: { label: "changes by others", unit: "1/s", scale: "log" },
  y: { label: "reads that ask the server, as a share", domain: [0, 0.6] },
  theory: { label: "theory, term 10 s", f: sharingTheory },
  predicted: sharingRows.map(({ writesPerS: x, load: y, low, high }) => ({ x, y, low, high })),
  alt: "From a tenth of the reads at few changes, the share rises; at one change a second more than half of the reads ask.",
});

// %% name="sharing-claims" tags=["claim:state.stateful.caches"]
claims({
  "the formula lies within every interval": sharingRows.every(
    ({ writesPerS, low, high }) =>
      low < sharingTheory(writesPerS) && sharingTheory(writesPerS) < high,
  ),
  "no read was ever stale": sharingSweep.rows.every((row) => row.stale === 0),
});

// %% [markdown] name="nqnfs-intro"
// ## In the wild: a published measurement
//
// In 1994 Rick Macklem gave leases to NFS (*Not Quite NFS*) and counted requests in a benchmark of the day. His clients had caches
// in both cases, so what leases saved were mostly questions (*getattr*: is my copy still good?) and reads.

// %% name="nqnfs-table"
interface BenchmarkRow {
  readonly system: string;
  readonly getattr: number;
  readonly read: number;
  readonly leaseOrOpenClose: number;
  readonly total: number;
}
const nqnfs = dataset<BenchmarkRow>("nqnfs-requests");
table(nqnfs.rows.slice(0, 2), {
  title: "Requests in the Modified Andrew Benchmark",
  caption: nqnfs.source,
  columns: ["system", "getattr", "read", "write", "lookup", "other", "leaseOrOpenClose", "total"],
});

// %% [markdown] name="nqnfs-ours-intro"
// Our office is not his benchmark, so the ratio can't be the same. But it should be below 1, and it must move with
// sharing: the more people write what others read, the more leases are called back. Here are days on which more and more of the sessions
// go to shared files, with leases of 30 s, and with copies that are trusted for 3 s as NFS does.

// %% name="nqnfs-ours"
const requestsIn = async (service: FileServiceOptions, sessions: typeof office.sessions) =>
  perSession(await simulate(quiet(service, 5, sessions), logged)).requests;
const shares = [0, 0.25, 0.5, 0.75, 1]; // of the sessions, on shared files
const ratioBar = progress(shares.length * 5, "25 pairs of days");

// %% name="nqnfs-ratio"
// One sweep: its model lets both designs work through the same sessions.
const ratioSweep = await sweep(
  grid({ sharedShare: shares }),
  async ({ sharedShare }, seed) => {
    const { files, sessions } = fileWorkload({
      ...officeOptions,
      sessionsEach: 40,
      sharedShare,
      seed,
    });
    const withLeases = await requestsIn({ files, kind: "leases", termMs: 30_000 }, sessions);
    const withCopies = await requestsIn({ files, kind: "stateless", cacheMs: 3000 }, sessions);
    return { ratio: withLeases / withCopies };
  },
  { replications: 5, onProgress: () => ratioBar.tick() },
);
const ratios = sweepRows(ratioSweep, "ratio");

// %% name="nqnfs-figure"
const publishedRatio = nqnfs.rows[0]!.total / nqnfs.rows[1]!.total;
overlay({
  title: "Requests with leases, as a share of those without",
  x: { label: "sessions on shared files, as a share" },
  y: { label: "ratio of requests" },
  predicted: {
    label: "ours, five days each",
    points: ratios.map(({ sharedShare: x, ratio: y, low, high }) => ({ x, y, low, high })),
  },
  published: { label: "NQNFS over NFS, 1994", points: [{ x: 0, y: publishedRatio }] },
  alt: "Our ratio is about 0.8 where little is shared, and rises to about 1 where everything is; the published ratio is about 0.6.",
  caption:
    "The published benchmark had one client. Another workload: compare the direction, not the height.",
});

// %% name="nqnfs-claims"
claims({
  "published: leases saved four requests in ten": Math.abs(publishedRatio - 0.594) < 0.001,
  "ours: leases save requests as long as no more than half of the sessions are on shared files":
    ratios.slice(0, 3).every(({ ratio }) => ratio < 1),
  "and save less when more is shared":
    ratios[4]!.ratio > ratios[2]!.ratio && ratios[2]!.ratio > ratios[0]!.ratio,
});

// %% [markdown] name="nqnfs-explained"
// As long as people work on their own files, a lease replaces many questions by one. On a file that all of them write, it is called
// back before it has paid for itself, and calling back takes messages of its own: then leases save nothing. (They are still never
// stale. Copies that are trusted for a time are stale now and then.)

// %% [markdown] name="reliability-lecture"
// # 9 · The price
//
// > *Nesses casos, confiabilidade é o maior problema.*
//
// In these cases, reliability is the biggest problem. Part 5 counted what goes wrong in crashes. Here are two more: a client that
// can't be *reached*, and the time that recovery takes.
//
// Ana reads her copy ten times a second. From 1.2 s on, the network between her and the server is cut. She does not notice: she has her
// copy. At 1.5 s Bruno wants to change the file. The server calls Ana back and hears nothing. What now? The stateful server gives
// her up after half a second (`silenceMs`) and lets Bruno write. The one with leases of 1 s waits until hers has run out.

// %% name="cut-predict"
const staleInCut = predict(
  "stale in the cut",
  {
    question:
      "The cut lasts 4 s. For how long after Bruno's change does Ana read the old block from the stateful server's copy?",
    unit: "ms",
  },
  undefined,
);
staleInCut;

// %% name="cut-scenario"
const cutOff = (service: FileServiceOptions, cutMs: number, untilMs = 7000) =>
  scenario({
    hosts,
    network: { latencyMs: 5 },
    faults: [
      { kind: "cut", between: ["ana", "server"], atMs: 1200 },
      { kind: "heal", between: ["ana", "server"], atMs: 1200 + cutMs },
    ],
    programs: {
      server: on("server", fileServer, service).daemon(),
      ana: on("ana", watches, service, 100, untilMs),
      bruno: on("bruno", changes, service, 60_000, 60_000).at(1500),
    },
  });

// %% name="cut-run"
const cutServices: Record<string, FileServiceOptions> = {
  "stateful, gives up after 0.5 s": serviceOf("stateful", { silenceMs: 500 }),
  "leases of 1 s": serviceOf("leases", { termMs: 1000, timeoutMs: 3000 }),
  "stateless, copies for 1 s": serviceOf("stateless", { cacheMs: 1000 }),
};

// %% name="cut-price"
const took = (rows: readonly TraceRow[], event: string) =>
  rows.flatMap((row) =>
    row.kind === "log" && row.event === event ? [row.timeMs - Number(row.fields.beganMs)] : [],
  );
const priceOf = ({ rows, results }: { rows: readonly TraceRow[]; results: { ana: number } }) => ({
  reads: results.ana,
  worstStaleMs: checkFiles(rows).worstStaleMs,
  longestReadMs: _.max(took(rows, "file read"))!,
  brunoMs: took(rows, "file write")[0]!,
});

// %% name="cut-runs"
const cutRows: (ReturnType<typeof priceOf> & { service: string; cutMs: number })[] = [];
for (const { service, cutMs } of grid({
  service: Object.keys(cutServices),
  cutMs: [0.5, 1, 2, 3, 4].map((s) => 1000 * s),
})) {
  const run = await simulate(cutOff(cutServices[service]!, cutMs));
  cutRows.push({ service, cutMs, ...priceOf(run) });
}
table(_.filter(cutRows, { cutMs: 4000 }), {
  title: "A cut of 4 s: how old Ana's reads get, how long they take, and how long Bruno waits",
  columns: {
    ...{ service: {}, worstStaleMs: { label: "oldest change missed" } },
    ...{ longestReadMs: { label: "Ana's longest read" }, brunoMs: { label: "Bruno waits" } },
  },
});

// %% name="cut-compare"
const cutOf = (service: string, cutMs = 4000) =>
  cutRows.find((row) => row.service.startsWith(service) && row.cutMs === cutMs)!;
staleInCut.compare(cutOf("stateful").worstStaleMs);

// %% name="cut-live" tags=["live"]
const cutLive: (typeof cutRows)[number][] = [];
for (const service of ["stateful, gives up after 0.5 s", "leases of 1 s"]) {
  const run = await runLive(cutOff(cutServices[service]!, 2000, 4000), { timeScale: 1 });
  cutLive.push({ service, cutMs: 2000, ...priceOf(run) });
}

// %% jupyter={"source_hidden": true} name="cut-figure" tags=["live", "claim:state.stateful.reliability"]
// Draws the figure below.
const cutPoints = [
  ...cutRows.map((row) => ({ ...row, source: "predicted" })),
  ...cutLive.map((row) => ({ ...row, source: "measured" })),
];
const againstCut = {
  x: { field: "cutMs", label: "length of the cut", unit: "ms" },
  series: "service",
  source: "source",
} as const;
sweepFigure(cutPoints, {
  ...againstCut,
  title: "Consistency: how old is what a client reads that can't be reached?",
  y: { field: "worstStaleMs", label: "oldest change missed", unit: "ms" },
  alt: "With the stateful server staleness grows with the cut, without bound. With leases it is always 0; with copies trusted for a time it stays below that time.",
});

// %% name="cut-reads-figure" tags=["live", "claim:state.stateful.reliability"]
sweepFigure(cutPoints, {
  ...againstCut,
  title: "Availability: how long does its longest read take?",
  y: { field: "longestReadMs", label: "Ana's longest read", unit: "ms" },
  alt: "With the stateful server's copy every read is answered at once. With leases, and with copies trusted for a time, the longest read grows with the cut.",
});

// %% name="cut-claims" tags=["claim:state.stateful.reliability"]
claims({
  "a promise without end is broken for as long as the cut lasts":
    cutOf("stateful").worstStaleMs - cutOf("stateful", 2000).worstStaleMs === 2000,
  "a lease is never broken, however long the cut": _.every(
    cutRows.filter((row) => row.service.startsWith("leases")),
    { worstStaleMs: 0 },
  ),
  "Bruno waits for it, but not longer than the term":
    cutOf("leases").brunoMs > cutOf("stateless").brunoMs && cutOf("leases").brunoMs < 1100,
});

// %% name="cut-reads-claims" tags=["claim:state.stateful.reliability"]
claims({
  "and Ana pays for it: when her lease is over she can't read until the cut is": cutRows
    .filter((row) => !row.service.startsWith("stateful") && row.cutMs > 1000)
    .every(({ longestReadMs, cutMs }) => longestReadMs > cutMs - 1000),
  "with the stateful server's copy every read is answered at once, be it right or wrong": cutRows
    .filter((row) => row.service.startsWith("stateful"))
    .every(({ longestReadMs }) => longestReadMs < 50),
});

// %% name="cut-live-claims" tags=["live"]
claims({
  "live, too, the stateful server's copies are stale in the cut, and leased ones are not":
    cutLive[0]!.worstStaleMs > 500 && cutLive[1]!.worstStaleMs === 0,
  "live, too, the stale ones are read at once, and whose lease is over waits":
    cutLive[0]!.longestReadMs < 500 && cutLive[1]!.longestReadMs > 500,
});

// %% [markdown] name="cut-explained"
// The server can't know whether Ana is dead or only far away. So it can choose between two evils: wait for her, and everybody who wants to
// write waits with it; or break its word. A lease lets it keep its word without waiting for ever, since *both* sides have a clock: when the
// term is over, she stops by herself. No message is needed for that, and so none can be lost.
//
// But look at the second figure. Ana keeps the rules by *not reading*: her read waits until the cut is over, as it does with
// the stateless server. Whoever can't be reached can have an answer at once, or an answer that is surely right, and not both. No design gets around
// that (Gilbert and Lynch, 2002: the CAP theorem). A lease only says for whom: Bruno's waiting has a bound, Ana's has none.
//
// **Why the two worlds differ.** The live point of the stateful server lies near the simulated one, not on it: Bruno's write is done a
// little later or earlier, and Ana hears of it only some time after the cut is healed. The live point of the leases is 0 like the simulated
// one, since it counts a promise that is kept.

// %% [markdown] name="rate-intro"
// ## How many crashes can it bear?
//
// After a crash, the stateless server goes on as soon as its machine is up. The stateful one must first hear from its clients what they
// had: for a **time of grace**, here 5 s, they may *reclaim*, and everybody else waits. So each crash costs it much more. Yet in
// between it is several times as fast. **Predict:** from how many crashes a minute on is the stateless server the better one?

// %% name="rate-predict"
const crossing = predict(
  "crossing",
  { question: "At how many crashes a minute are the two equally good?", unit: "1/min" },
  undefined,
);
crossing;

// %% name="rate-program"
// The day, and the scenario that plays it.
const busyDay = office.sessions[0]!.map((session) => ({ ...session, thinkMs: 0 }));
const busyUser = (service: FileServiceOptions, crashTimes: number[], sessions: number) =>
  scenario({
    hosts: { server: { disk: { accessMs: 8 } }, ana: {} },
    network: { latencyMs: 5 },
    faults: crashTimes.flatMap((atMs) => crashOf("server", atMs, 500)),
    programs: {
      server: on("server", fileServer, service).daemon(),
      ana: on(
        "ana",
        fileSessions,
        service,
        _.times(sessions, (i) => busyDay[i % busyDay.length]!),
      ),
    },
  });

// %% name="rate-run"
const busyServices: Record<string, FileServiceOptions> = {
  stateless: { ...common, kind: "stateless" },
  "stateful, with recovery": {
    ...common,
    kind: "stateful",
    recovery: "reclaim",
    silenceMs: 2000,
    readAhead: 4,
  },
};

// %% name="rate-runs"
const ratePoints = grid({ service: Object.keys(busyServices), perMinute: [0, 2, 4, 6, 8, 10] });
const rateRows: { service: string; perMinute: number; sessionsPerS: number; source: string }[] = [];
for (const { service, perMinute } of progress(ratePoints.length, "runs").each(ratePoints)) {
  const times = perMinute === 0 ? [] : _.range(30_000 / perMinute, 600_000, 60_000 / perMinute);
  const sessions = service === "stateless" ? 500 : 2000; // about a minute of work
  const run = await simulate(busyUser(busyServices[service]!, times, sessions), { trace: "none" });
  const sessionsPerS = (1000 * sessions) / run.endMs;
  rateRows.push({ service, perMinute, sessionsPerS, source: "predicted" });
}

// %% [markdown] name="rate-theory-intro"
// The arithmetic: if each crash costs *L* seconds in which nothing is done, then at *r* crashes a second a share of 1 − r·L of the time
// is left. *L* is the 0.5 s that the machine is down and the 0.05 s until a client tries again, and for the stateful server the time of
// grace besides.

// %% name="rate-theory"
const lostS: Record<string, number> = { stateless: 0.55, "stateful, with recovery": 0.55 + 5 };
const calmOf = (service: string) => _.find(rateRows, { service, perMinute: 0 })!.sessionsPerS;
const rateTheory = (service: string, perMinute: number) =>
  calmOf(service) * (1 - (perMinute / 60) * lostS[service]!);
const rateLines = grid({
  service: Object.keys(busyServices),
  perMinute: _.range(0, 10.1, 0.5),
}).map((row) => {
  return { ...row, sessionsPerS: rateTheory(row.service, row.perMinute), source: "theory" };
});

// %% name="rate-compare"
const [lessRate, moreRate] = Object.keys(busyServices).map((service) => calmOf(service));
const lossPerMinute = Object.values(lostS).map((seconds) => seconds / 60);
const crossesAt =
  (moreRate! - lessRate!) / (moreRate! * lossPerMinute[1]! - lessRate! * lossPerMinute[0]!);
crossing.compare(crossesAt);

// %% name="rate-live" tags=["live"]
// One loop over the two services, and the table of what came.
const rateLive: { service: string; predictedPerS: number; measuredPerS: number }[] = [];
for (const [service, sessions] of [
  ["stateless", 20],
  ["stateful, with recovery", 40],
] as const) {
  const used = { ...busyServices[service]!, graceMs: 1000, timeoutMs: 250 };
  const run = await runLive(busyUser(used, [700], sessions), { timeScale: 1 });
  const perS = (endMs: number) => (1000 * sessions) / endMs;
  rateLive.push({
    service,
    predictedPerS: perS(run.predicted.endMs),
    measuredPerS: perS(run.endMs),
  });
}
table(rateLive, {
  title: "A few seconds with one crash, and a grace of 1 s: the virtual run of the same, and live",
});

// %% name="rate-live-claims" tags=["live"]
claims({
  "live, too, both come to the end of their sessions in spite of the crash": rateLive.every(
    ({ measuredPerS }) => measuredPerS > 0,
  ),
});

// %% name="rate-figure" tags=["claim:state.stateful.reliability", "claim:state.stateful.performance"]
sweepFigure([...rateLines, ...rateRows], {
  title: "Fast and fragile, or slow and steady: where the lines cross",
  x: { field: "perMinute", label: "crashes", unit: "1/min" },
  y: { field: "sessionsPerS", label: "sessions done", unit: "1/s" },
  series: "service",
  source: "source",
  alt: "The stateless line is low and almost flat. The stateful one begins far above it, falls steeply and crosses it at about nine crashes a minute.",
  caption: "One busy user; the machine is down for 0.5 s in each crash, the time of grace is 5 s.",
});

// %% name="rate-claims" tags=["claim:state.stateful.reliability", "claim:state.stateful.performance"]
const rateOf = (service: string, perMinute: number) =>
  _.find(rateRows, { service, perMinute })!.sessionsPerS;
claims({
  "without crashes the stateful server does three times as much or more": moreRate! > 3 * lessRate!,
  "at six crashes a minute it still does more":
    rateOf("stateful, with recovery", 6) > rateOf("stateless", 6),
  "at ten the stateless one does": rateOf("stateful, with recovery", 10) < rateOf("stateless", 10),
  "by arithmetic they cross between eight and ten": crossesAt > 8 && crossesAt < 10,
});

// %% [markdown] name="rate-explained"
// Nine crashes a minute is a lot. If your server crashes once a month, speed wins, and reliability is a matter of *what* is lost, not of
// how much time: that is what part 5 counted. But the figure says something about design, too: the steep line's slope is the
// **time of grace**. Halve it, and the crossing moves to nearly twice as many crashes.
//
// **Why the two worlds differ.** In the live table both servers do a little less than predicted, since each message and each disk access
// ends a little late. And in those few seconds with a crash the lead of the stateful server is smaller than in the figure: one crash in a few
// seconds is many a minute.

// %% [markdown] name="recovery-intro"
// # 10 · Recovering
//
// > *Guardam o status de seus clientes.* — They keep the status of their clients. After a crash, the only ones who still know it are
// > the clients.
//
// So they are asked. Look at one recovery step by step. Ana has a file open and holds a copy when the server's machine crashes at
// 100 ms; it is up again at 200 ms. Bruno comes at 300 ms and wants to change her file.

// %% name="recovery-run"
const recovering = serviceOf("stateful", {
  recovery: "reclaim",
  graceMs: 1000,
  silenceMs: 600,
  timeoutMs: 500,
});
const holdsOn = async (host: Host, service: FileServiceOptions) => {
  const files = await fileClient(host, service);
  const handle = await files.open("letter");
  await files.read(handle, 0);
  await host.sleepUntil(1500); // holds its copy
  await files.read(handle, 0);
  await files.leave();
};

// %% name="recovery-scenario"
const recovery = scenario({
  hosts,
  network: { latencyMs: 5 },
  faults: crashOf("server", 100),
  programs: {
    server: on("server", fileServer, recovering).daemon(),
    ana: on("ana", holdsOn, recovering),
    bruno: on("bruno", writesOnce, recovering).at(300),
  },
});
const recoveryRun = await simulate(recovery);

// %% name="recovery-figure" tags=["claim:state.stateful.keeps-status", "claim:state.stateful.reliability"]
spaceTime(recoveryRun, {
  title: "Grace: Ana reclaims, Bruno waits",
  hosts: ["ana", "server", "bruno"],
  by: "host",
  scale: "order",
  toMs: 1600,
  logs: false,
  alt: "After the restart Ana greets the server and reclaims her open file and her copy. Bruno's opening is answered only when the time of grace is over; then his write makes the server call Ana back.",
  caption:
    "Ana's system probes a silent server, so she notices the crash though she asks for nothing.",
});

// %% name="recovery-claims" tags=["claim:state.stateful.reliability"]
const requestsOf = (host: string) =>
  recoveryRun.rows.flatMap((row) =>
    row.host === host && isRequest(row) ? [String(row.fields.op)] : [],
  );
const brunoWrote = recoveryRun.rows.find(
  (row) => row.kind === "log" && row.event === "file write",
)!;
claims({
  "Ana reclaims what she had": requestsOf("ana").includes("reclaim"),
  "Bruno's write is done only after the grace of one second": brunoWrote.timeMs > 1200,
  "and no read is stale": checkFiles(recoveryRun.rows).staleReads === 0,
});

// %% [markdown] name="orphans-intro"
// ## Who never comes back
//
// And a *client's* crash? Ana opens three files and holds copies; her machine crashes and stays down. Her entries are **orphans**. Bruno
// wants to write one of her files. How long should the server wait for Ana?

// %% name="orphans-programs"
const opensThree = async (host: Host, service: FileServiceOptions) => {
  const files = await fileClient(host, service);
  for (const file of ["letter", "bill", "poem"]) await files.read(await files.open(file), 0);
  await host.sleep(60_000);
};

// %% name="orphans-scenario"
const orphaned = (silenceMs: number) => {
  const service = serviceOf("stateful", { silenceMs, timeoutMs: 1e5 });
  return scenario({
    hosts,
    network: { latencyMs: 5 },
    faults: [{ kind: "crash", host: "ana", atMs: 500 }],
    programs: {
      server: on("server", fileServer, service).daemon(),
      ana: on("ana", opensThree, service),
      bruno: on("bruno", writesOnce, service).at(1000),
      left: [on("bruno", asksStatus).at(900), on("bruno", asksStatus).at(20_000)],
    },
    limitMs: 30_000,
  });
};

// %% name="orphans-run"
const orphanRows = [];
for (const silenceMs of [500, 2000, 8000, Number.POSITIVE_INFINITY]) {
  const { results, rows } = await simulate(orphaned(silenceMs));
  const write = rows.find((row) => row.kind === "log" && row.event === "file write");
  const [before, after] = results.left.map(({ openFiles }) => openFiles);
  orphanRows.push({
    silenceMs,
    before,
    after,
    brunoWaitedMs: write ? write.timeMs - 1000 : "for ever",
  });
}

// %% name="orphans-table"
table(orphanRows, {
  title:
    "The server's open files, before Bruno comes and at the end, and how long he waits for Ana",
  columns: {
    silenceMs: { label: "the server's patience", unit: "ms" },
    before: { label: "before" },
    after: { label: "after 20 s" },
    brunoWaitedMs: { label: "Bruno waited", unit: "ms" },
  },
});

// %% name="orphans-claims" tags=["claim:state.stateful.reliability", "claim:state.stateful.keeps-status"]
claims({
  "with patience without end, orphans stay and Bruno never gets to write":
    orphanRows[3]!.after! >= 3 && orphanRows[3]!.brunoWaitedMs === "for ever",
  "with an end to it, they are gone, and Bruno waits for about that long": orphanRows
    .slice(0, 3)
    .every((row) => row.after === 0 && Number(row.brunoWaitedMs) < row.silenceMs + 1000),
});

// %% [markdown] name="orphans-explained"
// (In the last line there is one open file more at the end: Bruno's own, since he is waiting still. In the first line he waits for less than
// the server's patience: when he came, Ana had already been silent for half a second.)
//
// So even the stateful server ends up with a clock: a client that is silent for too long is forgotten. NFS version 4 does just that, with
// 90 s on many systems; whoever holds state there must renew it. State with a term is a lease. The two ends of the scale meet in the
// middle.

// %% [markdown] name="real-intro"
// # 11 · Live, with a real kill
//
// So far a "machine" crashed because the library stopped it. Now the server is a **process of its own** on your machine, with a pid, real
// sockets and a real file for a disk. It is killed with **SIGKILL** in the middle of Ana's session, and started again. It is the
// very same program, `fileServer`; and Ana's client is the one from above, too.

// %% name="real-program"
// One story: write, kill, restart, go on.
const survivesKill = (service: FileServiceOptions) =>
  withFileServerProcess(service, async (server) => {
    const files = await fileClient(server.host("ana"), service);
    const handle = await files.open("letter");
    await files.write(handle, 0, blockOf("before the kill"));
    const { signal } = await server.kill();
    const again = server.restart();
    const goesOn = files.write(handle, 1, blockOf("after the kill"));
    const session = await goesOn.then(
      () => "goes on",
      (error: FileError) => error.message,
    );
    await again;
    const kept = textOf(await files.read(await files.open("letter"), 0));
    await files.leave();
    const { lostWrites } = checkFiles(server.rows);
    return { kind: service.kind, signal, session, kept, lostWrites };
  });

// %% name="real-run" tags=["live", "claim:state.stateless.independence", "claim:state.stateless.soft", "claim:state.stateful.reliability"]
const patience = { timeoutMs: 500, termMs: 1000, graceMs: 3000 };
const realServices: FileServiceOptions[] = [
  ...fileServerKinds.map((kind) => serviceOf(kind, patience)),
  serviceOf("stateful", { ...patience, recovery: "reclaim" }),
];
const killed = [];
for (const service of realServices)
  killed.push({ recovery: service.recovery ?? "", ...(await survivesKill(service)) });
table(killed, {
  title: "Five server processes, killed in the middle of a session and started again",
  columns: ["kind", "recovery", "signal", "session", "kept", "lostWrites"],
});

// %% name="real-claims" tags=["live"]
const [realStateless, realSoft, realLeases, realStateful, realRecovered] = killed;
claims({
  "all five were really killed": _.every(killed, { signal: "SIGKILL" }),
  "with the stateless and the soft-state server the session goes on":
    realStateless!.session === "goes on" && realSoft!.session === "goes on",
  "so it does with leases, and with a stateful server that lets clients reclaim":
    realLeases!.session === "goes on" && realRecovered!.session === "goes on",
  "the stateful server that forgets has lost its table":
    realStateful!.session.startsWith("stale handle"),
  "none has lost an acknowledged write": killed.every(
    (row) => row.kept === "before the kill" && row.lostWrites === 0,
  ),
});

// %% [markdown] name="real-explained"
// **Where the two worlds differ.** When a *process* is killed, its operating system lives on and closes its sockets, so Ana hears of it at
// once. When a *machine* crashes, nobody says anything. The rest is as in part 4, to the word "stale".

// %% [markdown] name="exercises"
// # Exercises
//
// ## Exercise 1 · Make a request safe to repeat
//
// A bank keeps its balance on a disk. A deposit is `{ client, id, amount }`: each client numbers its deposits 1, 2, 3 … and
// makes the next only when the last was answered. When no answer comes, it **repeats** the request, with the same `id`. Here is the
// bank. Writing a block twice is the same as writing it once; adding 10 twice is not. Make it safe, also if the machine crashes at any
// moment. A repeated deposit must be answered, too, with the balance. (A client waits 300 ms for its answer, and the disk takes 8 ms for each
// access.)
//
// What you write is called when the machine starts, and returns what handles a deposit: variables above the inner function are the
// server's memory. `disk.write(name, value)` is done whole or not at all.

// %% name="exercise-deposit-given"
interface Deposit {
  client: string;
  id: number;
  amount: number;
}
type Bank = (host: Host) => (deposit: Deposit) => Promise<number>;

const unsafeBank: Bank = (host) => {
  return async ({ amount }) => {
    const balance = ((await host.disk.read("balance")) ?? 0) + amount;
    await host.disk.write("balance", balance);
    return balance;
  };
};

// %% name="exercise-deposit-answer" tags=["exercise"]
const myBank: Bank = unsafeBank; // your bank takes the place of this one
await check(exercises.deposits, myBank);

// %% jupyter={"source_hidden": true} name="exercise-deposit-solution" tags=["solution"]
// A solution, once you have tried: click to unfold it.
const safeBank: Bank =
  (host) =>
  async ({ client, id, amount }) => {
    const { balance, last } = (await host.disk.read("account")) ?? { balance: 0, last: {} };
    if (last[client] === id) return balance;
    const account = { balance: balance + amount, last: { ...last, [client]: id } };
    await host.disk.write("account", account);
    return account.balance;
  };
await check(exercises.deposits, safeBank);

// %% [markdown] name="exercise-bound-intro"
// ## Exercise 2 · Put a bound on staleness
//
// `ask()` fetches a value over the network; it takes 100 ms, and nobody says when in that time the value was read at the
// server. The value changes all the time. Write a reader that keeps a copy: what it returns may have been replaced at most `boundMs`
// before the read began. And it must not ask more often than that needs.

// %% name="exercise-bound-answer" tags=["exercise"]
const myReader: exercises.MakeReader = (_host, ask, _boundMs) => {
  return () => ask(); // your lines take the place of this one
};
await check(exercises.bounded, myReader);

// %% jupyter={"source_hidden": true} name="exercise-bound-solution" tags=["solution"]
// A solution, once you have tried: click to unfold it.
const readerSolution: exercises.MakeReader = (host, ask, boundMs) => {
  let copy: string | undefined;
  let askedMs = 0;
  return async () => {
    if (copy !== undefined && host.now() < askedMs + boundMs) return copy;
    askedMs = host.now();
    copy = await ask();
    return copy;
  };
};
await check(exercises.bounded, readerSolution);

// %% [markdown] name="exercise-term-intro"
// ## Exercise 3 · Choose a term
//
// Clients read a file at random moments, twice a second each. At most one read in twenty may ask the server. After a crash the server
// has to wait for one term before the first write, so the term should be as short as that allows. Clients take 0.1 s off. Which term, in
// seconds, do you give your leases? (Use part 8's formula; nobody writes while all is well.)

// %% name="exercise-term-answer" tags=["exercise"]
await check(exercises.term, undefined);

// %% jupyter={"source_hidden": true} name="exercise-term-solution" tags=["solution"]
// A solution, once you have tried: click to unfold it.
await check(exercises.term, 9.6);

// %% [markdown] name="exercise-moment-intro"
// ## Exercise 4 · Find the moment
//
// Ana's writes stay with her (`writeBackMs`), and each is acknowledged at once. Look at the diagram: she writes at 100 ms and at
// 600 ms, Bruno reads at 400 ms, she leaves at 1000 ms. **When must Ana's machine crash so that a write is lost that she had been told was
// done?** Give a moment in ms. The invariant checker is the judge.

// %% name="exercise-moment-figure"
spaceTime(await simulate(exercises.lazyDay([])), {
  title: "A day without a crash",
  hosts: ["ana", "server", "bruno"],
  by: "host",
  scale: "order",
  toMs: 1100,
  alt: "Ana asks to be the only one with a copy and writes; nothing is sent for the write itself. Bruno's read makes the server call the block in. Later she writes again, and sends the block when she leaves.",
});

// %% name="exercise-moment-answer" tags=["exercise"]
const myMoment = 0; // ms
await check(exercises.lostWrite, myMoment);

// %% jupyter={"source_hidden": true} name="exercise-moment-solution" tags=["solution"]
// A solution, once you have tried: click to unfold it.
await check(exercises.lostWrite, 300);

// %% [markdown] name="summary"
// # What you have seen
//
// - A **stateless** server answers each request from the request alone. A crash of either side costs time and nothing else, as long as
//   requests are safe to repeat.
// - **Soft state** makes it faster, and may be wiped at any moment. That is the test for it.
// - A **stateful** server reads ahead, and knows who has copies. Speed comes from memory at the server and copies at the clients, which any
//   design may have. **Copies make speed; state makes them safe.**
// - The price: what the server knew must be recovered, with a time of grace; whoever can't be reached has to be waited for or
//   given up; and a write that stays at a client dies with it.
// - A **lease** is a promise with an end. It needs no message to be taken back, so it holds in crashes and cuts; a writer waits, but no
//   longer than the term; a client that is cut off can't read until it is reached again. A term of a few seconds takes away most of the load: 1/(1 + R·t).
// - Count what goes wrong from the trace, by what the programs were told, and not by what the server believes.
//
// **Read on.** M. van Steen and A. S. Tanenbaum, *Distributed Systems*, chapter 3 (servers and state). C. Gray and D. Cheriton, *Leases*
// (SOSP 1989). M. Nelson, B. Welch and J. Ousterhout, *Caching in the Sprite Network File System* (1988), and J. Howard and others,
// *Scale and Performance in a Distributed File System* (1988), for parts 6 and 7. R. Macklem, *Not Quite NFS* (1994). RFC 8881, sections 8
// and 10, for how NFS does today what you did in parts 8 to 10. The pages of [fileServer](/static/api/functions/fileServer.html),
// [fileClient](/static/api/functions/fileClient.html), [checkFiles](/static/api/functions/checkFiles.html) and
// [leaseTraffic](/static/api/functions/leaseTraffic.html), and of the room [server](/static/api/documents/server.html).
