// -*- coding: utf-8 -*-
// ---
// jupyter:
//   kernelspec:
//     display_name: TypeScript (Handoff)
//     language: typescript
//     name: handoff
// ---

// %% [markdown] name="title"
// # Interrupting a server
//
// You asked a server for something that takes long, and now you don't want it any more. Can you still say so, when the server is
// busy with the very thing that it should stop? This notebook stops one long request in three ways, in virtual time, live, and
// with the signals of your own operating system. By the end you can
//
// - say when a server notices that its client has gone, and when it never does; tell TCP's two endings apart;
// - give a server a second port for urgent messages, put a request on hold, and say what priorities are needed for;
// - say when a thread that reads is enough, and when it takes a second port or urgent data;
// - send urgent data over TCP, catch the signal, and say exactly which byte is urgent and how far the promise "before any other
//   data" holds;
// - make a protocol safe against a stop that comes too late.
//
// It takes about three hours; parts 1 to 4 and 5 to 7 are two good sittings. Notebook 03 explains the servers that we start from.

// %% jupyter={"source_hidden": true} name="imports"
// What this notebook takes from the library: nothing to change here.
import {
  check,
  type ChildProgram,
  claims,
  type Connection,
  type ConnectionEndRow,
  connectionEnds,
  dataset,
  executable,
  exercises,
  type Fault,
  figure,
  ftpCommand,
  FtpCommandReader,
  ftpReply,
  grid,
  type Host,
  lanes,
  type ListenOptions,
  type LogRow,
  lostMachine,
  type LostMachineRow,
  measureStops,
  on,
  overlay,
  palette,
  predict,
  progress,
  type Queue,
  runLive,
  scenario,
  selfContainedProgram,
  sendSynch,
  simulate,
  spaceTime,
  type StopRow,
  type StopWay,
  sweepFigure,
  table,
  tcpPair,
  tcpProcess,
  telnetCommand,
  TelnetReceiver,
  ToolMissing,
  type TraceRow,
  urgentBehind,
  type UrgentBehindRow,
  type UrgentTrialRow,
  urgentTrials,
  whyNoUrgentData,
} from "kernel-lib";
import * as Plot from "@observablehq/plot";
import _ from "lodash";

// %% [markdown] name="question-lecture"
// # 1 · The question
//
// > *É possível interromper um servidor uma vez que ele já tiver aceitado (ou estiver processando) uma requisição de serviço?*
//
// Is it possible to interrupt a server once it has accepted (or is processing) a service request?
//
// Our request is a report. It takes forty steps of 5 ms of CPU time each. Each step that is done leaves a line in the trace.

// %% name="report"
const stepMs = 5;
const reportSteps = 40;

const report = async (host: Host, signal?: AbortSignal) => {
  for (let step = 1; step <= reportSteps; step++) {
    await host.compute(stepMs, { signal }); // an aborted signal ends it with an error
    host.log("step");
  }
  return "the report";
};

// %% [markdown] name="ordinary-intro"
// The obvious idea first: Ana, who asked, sends one more message on her connection, "stop". The server has a thread for each
// connection, as in notebook 03. The thread is willing: it looks whether there is a message, whenever it has time.

// %% name="ordinary-server"
const ordinary = async (host: Host) => {
  const connection = await (await host.listen(80)).accept();
  for await (const message of connection) {
    if (message === "stop") host.log("stopped");
    else await connection.send(await report(host));
  }
};

// %% name="ordinary-client"
const changesHerMind = async (host: Host) => {
  const connection = await host.connect("server", 80);
  await connection.send("a report, please");
  await host.sleepUntil(60);
  await connection.send("stop");
  const stopMs = host.now();
  await connection.receive();
  return host.now() - stopMs; // how long the server went on
};

// %% [markdown] name="ordinary-predict-intro"
// **Predict.** A message is 5 ms on its way, so the work begins at 15 ms. Ana says "stop" at 60 ms. How long after that does she
// hear from the server?

// %% name="ordinary-predict"
const afterStop = predict(
  "ordinary message",
  { question: "How long after her stop does Ana hear from the server?", unit: "ms" },
  undefined,
);
afterStop;

// %% name="ordinary-run"
const ordinaryScenario = scenario({
  hosts: { server: {}, ana: {} },
  network: { latencyMs: 5 },
  programs: { server: on("server", ordinary), ana: on("ana", changesHerMind) },
});
const ordinaryRun = await simulate(ordinaryScenario, { seed: 1 });
afterStop.compare(ordinaryRun.results.ana);

// %% name="ordinary-space-time" tags=["claim:interrupting.possible"]
spaceTime(ordinaryRun, {
  title: "A stop that stands in line",
  logs: false,
  alt: "Ana's stop reaches the server soon, and waits there until the whole report is done and sent.",
  caption: "The stop is there after 5 ms. The server takes it when the work is over.",
});

// %% [markdown] name="ordinary-live-intro"
// And live. **What is live about it?** Time, sockets and cores are those of your computer. But the sockets carry the protocol of *our
// library*: a message, the end of a connection, a reset, an urgent byte are frames of its own, so that both worlds mean the same by them.
// How the TCP of your operating system ends a connection, and what it calls urgent, are questions of their own. Parts 2 and 5 put
// them to the system itself.

// %% name="ordinary-live" tags=["live"]
const ordinaryLive = await runLive(ordinaryScenario, { seed: 1, timeScale: 2 });
claims({
  "in virtual time, the whole report is made for nobody":
    _.filter(ordinaryRun.rows, { kind: "log", event: "step" }).length === reportSteps,
  "live, too":
    _.filter(ordinaryLive.rows, { kind: "log", event: "step" }).length === reportSteps &&
    ordinaryLive.results.ana > 100,
});

// %% [markdown] name="ordinary-explained"
// Both worlds agree: an ordinary message does not interrupt. It is delivered, and then it waits behind the work, because the one
// who would read it *is* the one who works. The lecture knows two solutions, and the second in two forms. The rest of this
// notebook is about those three:
//
// | | how "stop" is said | who hears it |
// |---|---|---|
// | part 2 | the client ends, and its connection breaks | whoever uses the connection next |
// | part 3 | a message to a second port | a thread that only listens there |
// | parts 4 and 5 | urgent data on the same connection | a signal handler |

// %% [markdown] name="break-lecture"
// # 2 · The client ends
//
// > *Solução 1: o usuário termina a aplicação cliente, interrompendo a conexão. Ele então a reinicia, fingindo que nada
// > aconteceu. O servidor irá destruir a conexão antiga, pensando que o cliente travou.*
//
// Solution 1: the user ends the client application, which breaks the connection. They then start it again, pretending that
// nothing happened. The server will tear down the old connection, thinking that the client has crashed.
//
// *When* will it? Here are four servers. The first computes and then answers. The second tells its client about each step. The
// third watches the connection's signal, which aborts when the connection breaks; and the fourth also uses **keepalive**.

// %% name="break-servers"
type Serve = (host: Host, connection: Connection) => Promise<void>;
const answersAtTheEnd: Serve = async (host, connection) => connection.send(await report(host));
const tellsEachStep: Serve = async (host, connection) => {
  for (let step = 1; step <= reportSteps; step++) {
    await host.compute(stepMs);
    host.log("step");
    await connection.send({ step }); // fails when the connection is broken
  }
};
const watches: Serve = async (host, connection) =>
  connection.send(await report(host, connection.signal));

// %% name="break-server"
const serverFor = (serve: Serve, options: ListenOptions) => async (host: Host) => {
  const serveOne = async (own: Host, connection: Connection) => {
    await connection.receive();
    const failed = (error: Error) => `torn down: ${error.name}`;
    own.log(await serve(own, connection).then(() => "finished", failed));
  };
  for await (const connection of await host.listen(80, options))
    host.spawn(serveOne, { as: "thread", name: connection.peer }, connection);
};

// %% name="break-four"
const keepAlive = { idleMs: 40, intervalMs: 20, probes: 3 };
const fourServers = {
  "answers at the end": serverFor(answersAtTheEnd, {}),
  "tells each step": serverFor(tellsEachStep, {}),
  "watches the connection": serverFor(watches, {}),
  "watches, with keepalive": serverFor(watches, { keepAlive }),
};
type ServerName = keyof typeof fourServers;

// %% [markdown] name="break-client-intro"
// Ana asks, and at 60 ms her client is gone, in one of three ways: the **process** is killed (her operating system lives, and
// says so to the server); the **machine** crashes, which can't say anything any more; or it crashes and **boots** again, at
// 120 ms. She walks over to her laptop, starts the client again at 150 ms and pretends that nothing happened.

// %% name="break-deaths"
const deaths: Record<string, Fault<"desk">[]> = {
  "the process is killed": [{ kind: "kill", program: "first", atMs: 60 }],
  "the machine crashes": [{ kind: "crash", host: "desk", atMs: 60 }],
  "it crashes and boots": [
    { kind: "crash", host: "desk", atMs: 60 },
    { kind: "restart", host: "desk", atMs: 120 },
  ],
};

// %% name="break-client"
const asksForReport = async (host: Host) => {
  const startMs = host.now();
  const connection = await host.connect("server", 80);
  await connection.send("a report, please");
  for await (const answer of connection) if (answer === "the report" || answer.step === 40) break;
  return host.now() - startMs;
};

// %% name="break-scenario"
const breaking = (server: ServerName, death: string) =>
  scenario({
    hosts: { server: {}, desk: {}, laptop: {} },
    network: { latencyMs: 5 },
    faults: deaths[death] ?? [],
    programs: {
      server: on("server", fourServers[server]).daemon(),
      first: on("desk", asksForReport),
      again: on("laptop", asksForReport).at(150),
    },
    limitMs: 10_000,
  });

// %% [markdown] name="break-predict-intro"
// **Predict.** The machine crashes. Which of the four servers tears the old connection down before the report is finished?

// %% name="break-predict"
const whoNotices = predict(
  "a crashed machine",
  {
    question: "The client's machine crashes. Which servers notice before the report is finished?",
    choices: {
      all: "all but the one that answers at the end",
      watching: "the two that watch the connection",
      keepalive: "only the one with keepalive",
      none: "none of them",
    },
  },
  undefined,
);
whoNotices;

// %% [markdown] name="break-outcome-intro"
// From the trace we read what became of the first request: how it came out, how long the server worked for nobody, and how far it
// had come.

// %% name="break-outcome"
const logsOf = (rows: readonly TraceRow[], thread: string) =>
  rows.filter((row): row is LogRow => row.kind === "log" && row.thread === thread);
const firstRequest = (rows: readonly TraceRow[], againMs: number) => {
  const logs = logsOf(rows, "desk");
  const end = logs.find((row) => row.event !== "step");
  const stepsInVain = logs.filter((row) => row.event === "step" && row.timeMs > 60).length;
  const how = end?.event ?? "unfinished";
  return { how, noticedAfterMs: (end?.timeMs ?? Infinity) - 60, stepsInVain, againMs };
};

// %% name="break-run"
const breakCases = grid({
  death: Object.keys(deaths),
  server: Object.keys(fourServers) as ServerName[],
});
const breakRows = await Promise.all(
  breakCases.map(async (each) => {
    const run = await simulate(breaking(each.server, each.death), { seed: 1 });
    return { ...each, ...firstRequest(run.rows, run.results.again) };
  }),
);
const keepAliveOnly = breakRows.filter(
  (row) => row.death === "the machine crashes" && row.how.startsWith("torn down"),
);
whoNotices.compare(keepAliveOnly.length === 1 ? "keepalive" : "all");

// %% name="break-table" tags=["claim:interrupting.break.client-ends", "claim:interrupting.break.server-tears-down"]
const breakColumns = {
  death: { label: "what happens" },
  server: { label: "a server that" },
  how: { label: "the first request's end" },
  noticedAfterMs: { label: "it ended after" },
  stepsInVain: {},
  againMs: { label: "second request" },
};
table(breakRows, {
  title: "What becomes of the first request, when its client has gone",
  columns: breakColumns,
});

// %% name="break-space-time" tags=["claim:interrupting.break.restart"]
const pretending = await simulate(breaking("answers at the end", "the process is killed"), {
  seed: 1,
});
spaceTime(pretending, {
  title: "She starts again, pretending that nothing happened",
  by: "thread",
  logs: false,
  alt: "From 165 ms on the server's two threads share the core: one works for the dead client, one for the new one.",
  caption: "The thread of the first request goes on. The second request pays for it.",
});

// %% name="break-claims"
const caseOf = (death: string, server: ServerName) => _.find(breakRows, { death, server })!;
const killed = "the process is killed";
const crashed = "the machine crashes";
claims({
  "a server that answers at the end works to the end, whatever happened": Object.keys(deaths).every(
    (death) => caseOf(death, "answers at the end").noticedAfterMs > 100,
  ),
  "a server that writes hears of a killed process within a step and the way there":
    caseOf(killed, "tells each step").noticedAfterMs <= 5 + stepMs,
});

// %% name="break-crash-claims"
claims({
  "of a crashed machine it never hears: it writes into the void":
    caseOf(crashed, "tells each step").how === "finished",
  "when the machine has booted, the next write is answered by a reset":
    caseOf("it crashes and boots", "tells each step").how === "torn down: ConnectionReset",
  "only keepalive finds out that a machine is silent because it is dead":
    caseOf(crashed, "watches, with keepalive").how === "torn down: TimedOut",
  "the second try takes longer if the first is still at work":
    caseOf(killed, "answers at the end").againMs > caseOf(killed, "tells each step").againMs + 40,
});

// %% name="break-live" tags=["live", "claim:interrupting.break.client-ends", "claim:interrupting.break.restart"]
const breakLive: typeof breakRows = [];
const liveCases = breakCases.filter(({ death }) => death !== "it crashes and boots");
for (const each of progress(liveCases.length, "runs").each(liveCases)) {
  const run = await runLive(breaking(each.server, each.death), { seed: 1, timeScale: 1 });
  breakLive.push({ ...each, ...firstRequest(run.rows, run.results.again) });
}
table(breakLive, { title: "The same, live", columns: breakColumns });

// %% name="break-live-figure" tags=["live", "claim:interrupting.break.server-tears-down"]
const vain = (rows: typeof breakRows, death: string) =>
  _.filter(rows, { death }).map((row) => ({ x: row.server, y: row.stepsInVain * stepMs }));
overlay({
  title: "CPU time for nobody",
  x: { label: "server" },
  y: { label: "CPU time after the client had gone", unit: "ms" },
  predicted: [killed, crashed].map((death) => ({ label: death, points: vain(breakRows, death) })),
  measured: [killed, crashed].map((death) => ({
    label: `${death}, live`,
    points: vain(breakLive, death),
  })),
  alt: "A killed process costs little where the server watches; a crashed machine costs the whole report but for keepalive.",
});

// %% name="break-live-claims" tags=["live"]
const ends = (rows: typeof breakRows, death: string) =>
  _.filter(rows, { death }).map((row) => row.how);
const sameEnds = (death: string) => _.isEqual(ends(breakLive, death), ends(breakRows, death));
claims({
  "live, the same servers notice a killed process": sameEnds(killed),
  "live, only keepalive notices a crashed machine": sameEnds(crashed),
});

// %% [markdown] name="break-explained"
// *"O servidor irá destruir a conexão antiga"*: yes, as soon as it **uses** it. A broken connection is not an event that stops a program;
// it is an error that waits for the next read or write, unless somebody **watches** the connection meanwhile, as the third server does. (In
// our library the connection's signal does that; with sockets it takes a thread or an event loop that reads.) A server that only computes
// does not know. And if the client's machine is silent, there is nothing to know: the server believes in a connection whose other end is
// gone. It is **half open**.
//
// So solution 1 needs nothing new, and that is its strength. Its weaknesses: what was done is done, as half the report was; the
// user loses the whole session with the request; and "pretending that nothing happened" makes the server do the work again,
// besides what it still does. If the request was to print, there are two printouts.
//
// **Why the two differ.** Live, sockets and timers add some milliseconds to "at once", and the last step before the notice may or may
// not be counted. On a machine that has other things to do each step takes longer, and all times grow with it. What stays is *who*
// notices and who does not. (A machine that boots again is shown in virtual time only.)

// %% [markdown] name="ends-intro"
// ## What TCP itself says
//
// In those runs, live too, a killed client's connection ended with one frame of the library, a reset. The operating system's TCP has
// two endings. **FIN** says: *I send no more.* The other side reads to the end of the stream, 0 bytes, and may still write: a client may end its
// **half** of the connection and wait for the answer. **RST** says: *there is no such connection.*
//
// Now the real thing: processes of their own, SIGKILL, and the system's `send` and `recv`. **Predict:** a client is killed. Its server then
// calls `send` twice, with a moment in between. What do the two calls give?

// %% name="ends-predict"
const sendsToTheDead = predict(
  "two sends to a killed client",
  {
    question: "A client's process is killed. What do the server's next two calls of `send` give?",
    choices: { none: "both fail", second: "only the second fails", both: "both are taken" },
  },
  undefined,
);
sendsToTheDead;

// %% name="ends-run" tags=["live", "claim:interrupting.break.client-ends", "claim:interrupting.break.server-tears-down"]
const cannot = whyNoUrgentData();
const recordedEnds = dataset<ConnectionEndRow>("connection-ends");
console.log(cannot ? `${cannot}. You see a recorded run.` : "These are your own system's calls.");
const realEnds = cannot ? recordedEnds.rows : await connectionEnds();
table(realEnds, {
  title: "How a client ends, and what its server's calls give then",
  columns: {
    client: { label: "a client that" },
    read: { label: "recv" },
    firstSend: { label: "first send" },
    secondSend: { label: "second send" },
    clientHears: { label: "the client hears it" },
  },
});

// %% name="ends-compare" tags=["live"]
const endOf = (client: string) => realEnds.find((row) => row.client.startsWith(client))!;
const sendsGive = ({ firstSend, secondSend }: ConnectionEndRow) =>
  [firstSend, secondSend].filter((how) => how === "taken").length;
sendsToTheDead.compare(
  (["none", "second", "both"] as const)[sendsGive(_.find(realEnds, { client: "is killed" })!)]!,
);

// %% name="ends-claims" tags=["live", "claim:interrupting.break.server-tears-down"]
const dead = _.find(realEnds, { client: "is killed" })!;
claims({
  "a server that reads sees no difference between a killed client and one that has only ended its half":
    dead.read === "end" && endOf("ends its half").read === "end",
  "the half-closed one hears what is sent, and the killed one does not":
    endOf("ends its half").clientHears && !dead.clientHears,
  "the first send to a killed client succeeds, and the second gives EPIPE":
    dead.firstSend === "taken" && dead.secondSend === "EPIPE",
  "a reset shows at the next call, and so does a client that is killed with unread bytes":
    endOf("resets").read === "ECONNRESET" && endOf("is killed, with").firstSend === "ECONNRESET",
});

// %% [markdown] name="ends-explained"
// A kill makes the client's system send FIN, as if the client had closed. The server's first message still finds no error: `send` only
// gives bytes to the system. They reach a machine where nobody has that connection any more, which answers with RST; and *that* is
// what the second `send` hears. So a server that writes learns of a dead client one message late, and one that reads must not
// take the end of the stream for a death: it may be a client that has asked all it wanted, and waits.
//
// ## A machine that says nothing
//
// When the machine is lost, there is neither FIN nor RST. In a network of its own, an address of this computer plays the client's machine, and
// then it is nobody's. Of the servers, one only reads, one writes ten times a second. Keepalive begins after 1 s and gives up after two
// questions without an answer, a second each. (Its usual setting is to begin after *two hours*.) **Predict:** the server
// that *writes* has keepalive. When does it hear of the loss?

// %% name="lost-predict"
const writerHears = predict(
  "a writer with keepalive",
  {
    question:
      "Its client's machine is lost. When does a server that writes, with keepalive, hear of it?",
    choices: {
      soon: "after about three seconds",
      later: "after three seconds and the time of a message",
      never: "not as long as we watch",
    },
  },
  undefined,
);
writerHears;

// %% name="lost-run" tags=["live", "claim:interrupting.break.server-tears-down"]
const lost = await lostMachine().catch((error) => {
  if (!(error instanceof ToolMissing)) throw error;
  console.log(`${error.message}\nSo this is a recorded run, of a minute.`);
  return recordedEnds.lost as LostMachineRow[];
});
table(lost, {
  title: "A client's machine is lost: what its server hears, and when",
  columns: {
    server: { label: "a server that" },
    noticedBy: { label: "hears" },
    afterMs: { label: "after, or watched for" },
    bytesTaken: { label: "bytes taken meanwhile" },
  },
});

// %% name="lost-compare" tags=["live"]
const lostOf = (server: string) => lost.find((row) => row.server.startsWith(server))!;
writerHears.compare(lostOf("writes, with keepalive").noticedBy === "nothing" ? "never" : "soon");

// %% jupyter={"source_hidden": true} name="lost-figure" tags=["live", "claim:interrupting.break.server-tears-down"]
// Draws the figure below.
const lostBars = lost.map((row) => ({
  ...row,
  heard: row.noticedBy === "nothing" ? "hears nothing" : "hears of it",
}));
const bars = { x: "afterMs", y: "server", fill: "heard", sort: { y: "x" } } as const;
figure({
  title: "A client's machine is lost: who hears of it?",
  alt: "A server that only reads hears nothing without keepalive; one that writes hears nothing in spite of it; a limit for bytes that are not acknowledged, and a clock of one's own, tell in seconds.",
  x: { label: "time after the loss", unit: "ms" },
  y: { label: "a server that" },
  plot: {
    marks: [Plot.barX(lostBars, bars)],
    color: { legend: true },
    marginLeft: 300,
    width: 720,
  },
  data: lost,
});

// %% name="lost-claims" tags=["live"]
claims({
  "keepalive tells a server that only reads": lostOf("only reads, with").noticedBy === "ETIMEDOUT",
  "it does not tell a server that writes: the system takes all that it writes, and goes on trying":
    lostOf("writes, with keepalive").noticedBy === "nothing" &&
    lostOf("writes, with keepalive").bytesTaken > 20,
  "a limit for bytes without an acknowledgement does, and so does a question that wants an answer":
    lostOf("writes, with TCP").noticedBy === "ETIMEDOUT" &&
    lostOf("asks").noticedBy === "no answer",
  "a machine that is back without its memory answers with a reset":
    lostOf("writes, to a machine").noticedBy === "ECONNRESET",
});

// %% name="lost-model"
const writerInModel = scenario({
  hosts: { server: {}, desk: {} },
  network: { latencyMs: 5 },
  faults: deaths[crashed]!,
  programs: {
    server: on("server", serverFor(tellsEachStep, { keepAlive })).daemon(),
    first: on("desk", asksForReport),
    time: on("server", (host: Host) => host.sleep(500)), // or the run would end with the client
  },
});
const { how: inModel } = firstRequest((await simulate(writerInModel)).rows, 0);
claims({ "in our model keepalive tells a writer, too": inModel === "torn down: TimedOut" });

// %% [markdown] name="lost-explained"
// Keepalive asks only when nothing else is under way. While bytes are not acknowledged, TCP sends *those* again, at longer and longer intervals;
// on Linux that ends after 13 to 30 minutes (tcp(7), `tcp_retries2`). So a server that writes needs one of two other things. A limit for
// bytes without an acknowledgement, `TCP_USER_TIMEOUT` (RFC 5482), which was 3 s here. Or a **heartbeat** in the protocol itself: a message that
// must be answered, and a clock. (Its 3 s begin at the last answer, which may have come up to a second before the loss.) It is the only one
// of them that the client's *program* answers, and not its system.
//
// **Why the two differ.** Our model knows one ending where TCP has two, and its keepalive, as the last cell shows, asks a silent client
// also while bytes are under way. What it says of the four servers above stays true of TCP: a server that computes hears nothing, one that writes
// hears of a killed process (by TCP one message later), and a server hears of a lost machine only if it asks in time.

// %% [markdown] name="port-lecture"
// # 3 · A second port
//
// > *Solução 2: permitir que se envie out-of-band data: dados que devem ser processados pelo servidor antes de qualquer outro
// > dado do cliente. Possibilidade 1: usar uma porta diferente para dados urgentes. O servidor mantém uma thread/processo
// > separado para mensagens urgentes. Se uma mensagem urgente chegar, a requisição associada é colocada em espera. É necessário
// > que o SO ofereça escalonamento por prioridade.*
//
// Solution 2: allow out-of-band data to be sent, data that the server must process before any other data from that client.
// Possibility 1: use a different port for urgent data. The server keeps a separate thread or process for urgent messages. When
// an urgent message comes in, the associated request is put on hold. The operating system must offer priority scheduling.
//
// First, a request that can be put **on hold**. The thread that works for it owns a signal to pause, and a queue of orders.

// %% name="port-request"
class LongRequest {
  pause = new AbortController();
  readonly orders: Queue<string>;
  constructor(host: Host) {
    this.orders = host.queue();
  }
  hold() {
    this.pause.abort();
  }
}
type Requests = Map<string, LongRequest>;

// %% name="port-worker"
const work = async (host: Host, request: LongRequest, afterStep = async () => {}) => {
  for (let done = 0; done < reportSteps; ) {
    try {
      await host.compute(stepMs, { signal: request.pause.signal });
      host.log("step", { done: ++done });
      await afterStep();
    } catch (error) {
      if (!request.pause.signal.aborted) throw error; // not ours
      host.log("on hold");
      if ((await request.orders.take()) === "stop") return host.log("stopped");
      request.pause = new AbortController(); // "go on": the step begins again
    }
  }
  host.log("finished");
};

// %% [markdown] name="port-control-intro"
// And the thread for urgent messages, on port 81. Each message names a request and says what to do with it. To find out which
// request is meant costs 2 ms of CPU time. And not everybody may stop everything: a client may give orders for its own request only.

// %% name="port-control"
const controlMs = 2;
const control = async (host: Host, requests: Requests, priority: number) => {
  for await (const connection of await host.listen(81)) {
    const { of, order } = await connection.receive();
    await host.compute(controlMs, { priority });
    const request = of === connection.peer ? requests.get(of) : undefined; // not another's
    request?.hold();
    if (order !== "hold") await request?.orders.put(order);
    connection.end();
  }
};

// %% name="port-server"
const withSecondPort = async (host: Host, priority: number) => {
  const requests: Requests = new Map();
  host.spawn(control, { as: "thread", name: "control" }, requests, priority);
  for await (const connection of await host.listen(80)) {
    const request = new LongRequest(host);
    requests.set(connection.peer, request);
    const serve = (own: Host) => work(own, request).then(() => connection.end());
    host.spawn(serve, { as: "thread", name: connection.peer });
  }
};

// %% [markdown] name="port-hold-intro"
// Ana's request is put on hold at 60 ms and goes on at 140 ms. Bruno's request shares the core with it.

// %% name="port-hold-clients"
const says = async (host: Host, order: string) => {
  const connection = await host.connect("server", 81);
  await connection.send({ of: "ana", order });
  await connection.receive(); // undefined: the server has ended it
};
const asks = async (host: Host) => {
  const connection = await host.connect("server", 80);
  await connection.receive();
};

// %% name="port-hold-scenario"
const holding = scenario({
  hosts: { server: {}, ana: {}, bruno: {} },
  network: { latencyMs: 1 },
  programs: {
    server: on("server", withSecondPort, 1).daemon(),
    requests: [on("ana", asks), on("bruno", asks)],
    orders: [on("ana", says, "hold").at(60), on("ana", says, "go on").at(140)],
  },
});
const holdRun = await simulate(holding, { seed: 1 });

// %% name="port-hold-lanes" tags=["claim:interrupting.port", "claim:interrupting.port.own-thread", "claim:interrupting.port.request-on-hold"]
lanes(holdRun, {
  title: "Ana's request is put on hold, and goes on",
  hosts: ["server"],
  alt: "Three lanes besides the dispatcher: the control thread wakes twice for a moment; Ana's thread pauses between; Bruno's runs throughout.",
  caption: "The control thread sleeps until a message comes on port 81.",
});

// %% name="port-hold-live" tags=["live", "claim:interrupting.port.request-on-hold"]
const stepsWhile = (rows: readonly TraceRow[]) => {
  const heldMs = logsOf(rows, "ana").find((row) => row.event === "on hold")!.timeMs;
  const steps = logsOf(rows, "ana").filter((row) => row.event === "step");
  return steps.filter(({ timeMs }) => timeMs > heldMs && timeMs < 140).length;
};
const holdLive = await runLive(holding, { seed: 1, timeScale: 2 });
claims({
  "on hold, Ana's request makes no step": stepsWhile(holdRun.rows) === 0,
  "live, too": stepsWhile(holdLive.rows) === 0,
  "and in the end all of it is done, in both worlds": [holdRun, holdLive].every(
    (run) => logsOf(run.rows, "ana").at(-1)!.event === "finished",
  ),
});

// %% [markdown] name="priority-intro"
// ## What the priority is for
//
// The control thread has little to do, but it needs the CPU like everybody else. Besides Ana's request there are other jobs on
// the server: one, four, sixteen. **Predict:** with eight other jobs and *no* priority for the control thread, how long does it
// take from "hold" to on hold? Its work is 2 ms, and a new connection and the message on it take 3 ms.

// %% name="priority-predict"
const withEight = predict(
  "eight other jobs",
  { question: "With eight other jobs and no priority: from 'hold' to on hold?", unit: "ms" },
  undefined,
);
withEight;

// %% name="priority-load"
const busy = async (host: Host, jobs: number) => {
  const burn = (own: Host) => own.compute(1e6);
  for (let i = 0; i < jobs; i++) host.spawn(burn, { as: "thread" });
  await host.sleep(1e6);
};
const connects = async (host: Host) => void (await host.connect("server", 80));

// %% name="priority-scenario"
const underLoad = (jobs: number, priority: number) =>
  scenario({
    hosts: { server: {}, ana: {} },
    network: { latencyMs: 1 },
    programs: {
      busy: on("server", busy, jobs).daemon(),
      server: on("server", withSecondPort, priority).daemon(),
      request: on("ana", connects),
      order: on("ana", says, "hold").at(60),
    },
  });

// %% name="priority-run"
const heldAfterMs = (
  rows: readonly TraceRow[], // without end, if it never was
) => (logsOf(rows, "ana").find((row) => row.event === "on hold")?.timeMs ?? Infinity) - 60;
const priorityCases = grid({ jobs: [0, 1, 2, 4, 8, 16], priority: [0, 1] });
const named = (priority: number) => (priority > 0 ? "with priority" : "without priority");
const priorityRows = await Promise.all(
  priorityCases.map(async ({ jobs, priority }) => {
    const { rows } = await simulate(underLoad(jobs, priority), { seed: 1 });
    return { jobs, control: named(priority), heldMs: heldAfterMs(rows), source: "predicted" };
  }),
);
withEight.compare(_.find(priorityRows, { jobs: 8, control: named(0) })!.heldMs);

// %% [markdown] name="priority-live-intro"
// Live, each case is run twice, and the shorter time counts: whatever else your machine does can only add to it.

// %% name="priority-live" tags=["live"]
const priorityLive: typeof priorityRows = [];
const liveLoads = grid({ jobs: [0, 8, 16], priority: [0, 1] });
for (const { jobs, priority } of progress(liveLoads.length, "pairs of runs").each(liveLoads)) {
  const tries = [];
  for (let i = 0; i < 2; i++)
    tries.push(await runLive(underLoad(jobs, priority), { seed: 1, timeScale: 4 }));
  const heldMs = _.min(tries.map(({ rows }) => heldAfterMs(rows)))!;
  priorityLive.push({ jobs, control: named(priority), heldMs, source: "measured" });
}
table(
  _.map(priorityLive, (row) => _.omit(row, "source")),
  { title: "From hold to on hold, live" },
);

// %% [markdown] name="priority-theory"
// With equal shares, the control thread's 2 ms take as many times longer as there are jobs that want the core: the others, Ana's
// request, and itself. With a higher priority they take 2 ms.

// %% name="priority-figure" tags=["live", "claim:interrupting.port.priority"]
const sharesMs = (jobs: number) => 3 + controlMs * (jobs + 2);
const theoryRows = grid({ jobs: _.range(0, 17), priority: [0, 1] }).map(({ jobs, priority }) => {
  const heldMs = priority > 0 ? 3 + controlMs : sharesMs(jobs);
  return { jobs, control: named(priority), heldMs, source: "theory" };
});
sweepFigure([...theoryRows, ...priorityRows, ...priorityLive], {
  title: "From hold to on hold, with and without priority",
  alt: "In theory and in virtual time: without priority the time grows by 2 ms with each of the other jobs; with it, it stays the same. Live, the points are scattered.",
  series: "control",
  source: "source",
  x: { field: "jobs", label: "other jobs on the core" },
  y: { field: "heldMs", label: "from hold to on hold", unit: "ms" },
});

// %% name="priority-claims" tags=["live"]
const heldOf = (rows: typeof priorityRows, jobs: number, priority: number) =>
  _.find(rows, { jobs, control: named(priority) })!.heldMs;
claims({
  "in virtual time, without priority, it is 3 + 2(n + 2) ms": [0, 1, 2, 4, 8, 16].every(
    (jobs) => Math.abs(heldOf(priorityRows, jobs, 0) - sharesMs(jobs)) < 1e-6,
  ),
  "with priority it is 5 ms at any load": [0, 16].every(
    (jobs) => Math.abs(heldOf(priorityRows, jobs, 1) - 5) < 1e-6,
  ),
  "live, at sixteen jobs, the priority is worth more than a factor of two":
    heldOf(priorityLive, 16, 0) > 2 * heldOf(priorityLive, 16, 1),
});

// %% [markdown] name="priority-explained"
// *"É necessário que o SO ofereça escalonamento por prioridade"*: here is why. Without it the urgent message is heard at once and
// obeyed late; the more there is to stop, the later. That is the worst moment for a stop to be slow. With it,
// the control thread waits for nobody.
//
// **Why the two differ.** Live, equal jobs take turns rather than sharing each instant, so a short job gets its share in whole turns;
// and sockets and timers add some milliseconds. On a machine that has other things to do every turn takes longer. Without priority
// there are many turns to wait for. Which points scatter most differs from run to run.

// %% [markdown] name="urgent-lecture"
// # 4 · Urgent data on the same connection
//
// > *Possibilidade 2: enviar os dados out-of-band na mesma conexão da requisição, usando as facilidades da camada de transporte.
// > TCP permite o envio de mensagens urgentes na mesma conexão. Mensagens urgentes podem ser capturadas (via interrupção) usando
// > tratamento de sinais do SO.*
//
// Possibility 2: send the out-of-band data on the same connection as the request, with the facilities of the transport layer.
// TCP allows urgent messages to be sent on the same connection. Urgent messages can be caught (by an interrupt) with the operating
// system's signal handling.
//
// In our model, `sendUrgent` sends one byte that passes everything that the server has not read. A thread that waits for urgent
// bytes, and for nothing else, plays the signal handler. No second port, no message that names the request: the connection says
// whose it is.

// %% name="urgent-handler"
const signalHandler = async (_host: Host, connection: Connection, request: LongRequest) => {
  const comes = () => connection.receiveUrgent().catch(() => undefined); // or the client has gone
  if ((await comes()) === undefined) return;
  request.hold();
  await request.orders.put("stop");
};

// %% [markdown] name="three-ways-intro"
// Now the ways against each other, and one more, which many programmers would try first: a **thread that reads** the same connection while another
// works, and stops the work when it reads "stop". No second port and no urgent data; will it do?
//
// Ana may have sent other data before: a file for her report, say, in blocks. They lie **ahead** of whatever she sends next on
// that connection. To take in a block costs the reading thread 10 ms of CPU time.

// %% name="three-ways-reader"
const takeInMs = 10;
const readingThread = async (host: Host, connection: Connection, request: LongRequest) => {
  const comes = () => connection.receive().catch(() => undefined); // or the connection is over
  for (let message = await comes(); message !== undefined; message = await comes()) {
    if (message === "stop") {
      request.hold();
      return request.orders.put("stop");
    }
    await host.compute(takeInMs); // a block
  }
};

// %% name="three-ways-request"
const serveUntilOver = async (host: Host, connection: Connection, request: LongRequest) => {
  const tell = () => connection.send("step");
  await work(host, request, tell).catch(() => host.log("torn down"));
  connection.reset();
};

// %% [markdown] name="three-ways-server-intro"
// One server hears all of them: its working thread tells the client about each step, so that it notices a broken connection; there is a
// second port; there is a signal handler; and where it is told to, a thread reads.

// %% name="three-ways-server"
const threeWays = async (host: Host, priority: number, isReading: boolean) => {
  const requests: Requests = new Map();
  host.spawn(control, { as: "thread", name: "control" }, requests, priority);
  const over = await host.listen(82); // for those who want to know when a request is over
  for await (const connection of await host.listen(80)) {
    const request = new LongRequest(host);
    requests.set(connection.peer, request);
    host.spawn(signalHandler, { as: "thread" }, connection, request);
    if (isReading) host.spawn(readingThread, { as: "thread" }, connection, request);
    const serve = (own: Host) => serveUntilOver(own, connection, request);
    const thread = host.spawn(serve, { as: "thread", name: connection.peer });
    void thread.done().then(async () => (await over.accept()).end());
  }
};

// %% name="three-ways-client"
// The client and the thread that it starts: they share a connection.
const blockBytes = 16 * 1024;
const uploads = async (_host: Host, connection: Connection, blocks: number) => {
  const block = new Uint8Array(blockBytes);
  const sent = _.times(blocks, () => connection.send(block)); // one behind the other
  await Promise.all(sent).catch(() => {}); // the server has reset the connection
};
const regrets = async (host: Host, way: string, blocksAhead: number) => {
  const connection = await host.connect("server", 80);
  host.spawn(uploads, { as: "thread" }, connection, blocksAhead);
  await host.sleepUntil(60);
  if (way === "urgent data") connection.sendUrgent(1);
  else if (way.startsWith("second port")) await says(host, "stop");
  else await connection.send("stop").catch(() => {}); // for the thread that reads
  while (await connection.receive().catch(() => undefined)); // until the server ends it
};

// %% name="three-ways-faults"
interface Stopping {
  way: string;
  jobs: number;
  blocksAhead: number;
}
const reading = "a thread that reads";
const dies: Fault<"ana"> = { kind: "kill", program: "ana", atMs: 60 };
const untilOver = async (host: Host) => {
  const connection = await host.connect("server", 82);
  await connection.receive(); // the server ends it when the request is over
};

// %% name="three-ways-scenario"
const stopping = ({ way, jobs, blocksAhead }: Stopping) =>
  scenario({
    hosts: { server: {}, ana: {} },
    network: { latencyMs: 1, bytesPerS: 1e7 },
    faults: way === "the client dies" ? [dies] : [],
    programs: {
      busy: on("server", busy, jobs).daemon(),
      server: on("server", threeWays, way.endsWith("priority") ? 1 : 0, way === reading).daemon(),
      ana: on("ana", regrets, way, blocksAhead),
      over: on("ana", untilOver),
    },
  });

// %% [markdown] name="three-ways-predict-intro"
// **Predict.** With nothing ahead, the reading thread hears "stop" as soon as it is there, 1 ms after it was said. And with sixteen blocks ahead?

// %% name="three-ways-predict"
const readerBehind = predict(
  "sixteen blocks ahead",
  {
    question: "Sixteen blocks lie ahead of the stop. Which ways stop the request within 10 ms?",
    choices: {
      all: "all of them",
      notReading: "all but the thread that reads",
      urgent: "urgent data alone",
      none: "none of them",
    },
  },
  undefined,
);
readerBehind;

// %% name="three-ways-outcome"
const outcomeOf = ({ rows }: { rows: readonly TraceRow[] }) => {
  const logs = logsOf(rows, "ana");
  const end = logs.find(({ event }) => ["stopped", "torn down", "finished"].includes(event))!;
  const inVain = logs.filter(({ event, timeMs }) => event === "step" && timeMs > 60).length;
  return { how: end.event, stoppedAfterMs: end.timeMs - 60, inVainMs: inVain * stepMs };
};
const waysOf = ["the client dies", reading, "second port", "second port, priority", "urgent data"];
const against = (ways: string[], jobs: number[], blocks: number[]) => [
  ...grid({ way: ways, jobs, blocksAhead: [0] }),
  ...grid({ way: ways, jobs: [0], blocksAhead: blocks.filter((n) => n > 0) }),
];

// %% name="three-ways-run"
const sizes = [0, 1, 2, 4, 8, 16];
const stopCases = against(waysOf, sizes, sizes);
const stopRows = await Promise.all(
  stopCases.map(async (each) => {
    const run = await simulate(stopping(each), { seed: 1 });
    return { ...each, ...outcomeOf(run), source: "predicted" };
  }),
);
const lateWays = stopRows.filter((row) => row.blocksAhead === 16 && row.stoppedAfterMs > 10);
readerBehind.compare(_.isEqual(_.map(lateWays, "way"), [reading]) ? "notReading" : "urgent");

// %% [markdown] name="three-ways-live-intro"
// And live, each twice; the shorter counts, since whatever else your machine does can only add to it.

// %% name="three-ways-live" tags=["live"]
const stopLive: typeof stopRows = [];
const liveStops = against(waysOf, [0, 16], [16]);
for (const each of progress(liveStops.length, "pairs of runs").each(liveStops)) {
  const tries = [];
  for (let i = 0; i < 2; i++)
    tries.push(outcomeOf(await runLive(stopping(each), { seed: 1, timeScale: 1.5 })));
  stopLive.push({ ...each, ..._.minBy(tries, "stoppedAfterMs")!, source: "measured" });
}
table(
  _.map(stopLive, (row) => _.omit(row, "source")),
  { title: "Ways to stop a request, live" },
);

// %% name="three-ways-rows" tags=["live"]
const panels = [...stopRows, ...stopLive].flatMap(
  ({ way, jobs, blocksAhead, source, ...times }) => {
    const places = [
      ...(blocksAhead === 0 ? [{ panel: "other jobs on the core", n: jobs }] : []),
      ...(jobs === 0 ? [{ panel: "unread blocks of 16 KiB", n: blocksAhead }] : []),
    ];
    return places.flatMap((place) => [
      { ...place, way, source, measure: "stopped after", ms: Math.max(1, times.stoppedAfterMs) },
      { ...place, way, source, measure: "worked in vain", ms: Math.max(1, times.inVainMs) },
    ]);
  },
);

// %% name="three-ways-plot" tags=["live"]
const [virtualRows, liveRows] = _.partition(panels, { source: "predicted" });
const at = { x: "n", y: "ms", stroke: "way", fx: "panel", fy: "measure" } as const;
const threeWaysPlot = {
  marks: [
    Plot.line(virtualRows, at),
    Plot.dot(liveRows, { ...at, symbol: "diamond", fill: "way" }),
  ],
  color: { legend: true, range: [...palette.series] },
  width: 760,
  height: 440,
  marginRight: 100,
  fx: { label: null },
  fy: { label: null },
};

// %% name="three-ways-figure" tags=["live", "claim:interrupting.connection", "claim:interrupting.port.priority", "claim:interrupting.break.client-ends"]
figure({
  title: "Ways to stop a request: how long it goes on, and how much is done in vain",
  alt: "The client's death and the second port without priority are slower under load. Blocks ahead make only the thread that reads slower.",
  caption: "Lines: virtual time. Diamonds: live. Less than 1 ms is drawn as 1 ms.",
  x: { label: "how many" },
  y: { label: "time", unit: "ms", scale: "log" },
  plot: threeWaysPlot,
  data: panels,
});

// %% jupyter={"source_hidden": true} name="three-ways-claims"
// What holds: it is shown below.
const stopOf = (rows: typeof stopRows, way: string, jobs: number, blocksAhead = 0) =>
  _.find(rows, { way, jobs, blocksAhead })!;
claims({
  "in virtual time urgent data stop the request after the way there, at any load": sizes.every(
    (jobs) => stopOf(stopRows, "urgent data", jobs).stoppedAfterMs < 2,
  ),
  "so does a thread that reads, as long as nothing lies ahead": sizes.every(
    (jobs) => stopOf(stopRows, reading, jobs).stoppedAfterMs < 2,
  ),
  "a dead client is noticed within the way there and a step, which takes up to 5(n + 1) ms with n other jobs":
    sizes.every(
      (jobs) => stopOf(stopRows, "the client dies", jobs).stoppedAfterMs <= 2 + stepMs * (jobs + 1),
    ),
  "so it is noticed later with other jobs than without": sizes
    .slice(1)
    .every(
      (jobs) =>
        stopOf(stopRows, "the client dies", jobs).stoppedAfterMs >
        stopOf(stopRows, "the client dies", 0).stoppedAfterMs + 2,
    ),
  "behind sixteen blocks the thread that reads is more than fifty times as late, and no other way is":
    stopOf(stopRows, reading, 0, 16).stoppedAfterMs >
      50 * stopOf(stopRows, reading, 0).stoppedAfterMs &&
    _.without(waysOf, reading).every((way) => stopOf(stopRows, way, 0, 16).stoppedAfterMs < 12),
});

// %% name="three-ways-live-claims" tags=["live"]
claims({
  "live, at sixteen jobs, urgent data are faster than the port without priority":
    stopOf(stopLive, "urgent data", 16).stoppedAfterMs <
    stopOf(stopLive, "second port", 16).stoppedAfterMs,
  "live, too, sixteen blocks ahead hold up the thread that reads":
    stopOf(stopLive, reading, 0, 16).stoppedAfterMs >
    stopOf(stopLive, reading, 0).stoppedAfterMs + 50,
  "live, every way stops the request before its end": stopLive.every(
    (row) => row.how !== "finished",
  ),
});

// %% [markdown] name="three-ways-explained"
// Read the upper row from left to right. A dead client is noticed at the next write, and how long a step takes depends on how many share
// the core. (*When* in a step the client dies matters, too, so the points don't rise one after the other.) The second port needs the CPU
// before it can stop anything: with priority at once, without it in its turn. The thread that reads, and urgent data, need nobody's turn:
// in our model hearing a stop costs them no CPU time, and only the second port's thread has 2 ms of work. Part 5 shows that in a real
// system they need the CPU as well. Where nothing lies ahead, **a thread that reads does the same as urgent data**.
//
// Where something does, it is the only one that waits: it must take in all that was said before. So a second port, or urgent data, are for a
// server whose reader may be *kept waiting*: by what lies ahead, by a queue that is full, or because there is only one thread and that one works.
// Protocols of today choose by just this. In **HTTP/2** and **SSH** somebody always reads: a frame with the number of a
// request stops it (RST_STREAM, RFC 9113 §6.4; "signal", RFC 4254 §6.9), and how much may lie ahead is limited for each request. **PostgreSQL** has
// one process, with one thread, for each connection; while it works for a query it does not read. So a CancelRequest comes over a *second connection*,
// with the number of the process and a secret key, and its manual warns that it may come too late (§ "Canceling Requests in Progress"):
// exercises 3 and 4 are about that.
//
// Now the lower row. What is done in vain is not the time but the *steps*: at a high load little is done in a long time, so even a
// late stop wastes little. Time is what the user feels, work is what the server pays.
//
// **Why the two differ.** Live, everything takes some milliseconds more, for sockets, timers and the abort of a step that is under
// way on a real core; on a logarithmic axis that is much where virtual time needs only one. Both worlds speak the protocol of *our
// library*, in which an urgent byte passes all others. Keep that in mind. The next part asks the operating system's TCP.

// %% [markdown] name="real-lecture"
// # 5 · The real thing
//
// > *TCP permite o envio de mensagens urgentes na mesma conexão. Mensagens urgentes podem ser capturadas (via interrupção) usando
// > tratamento de sinais do SO.*
//
// Node has no urgent data. So in this part we call the operating system ourselves: `send` with the flag `MSG_OOB`, `fcntl` with
// `F_SETOWN`, which says whom a socket's signal is for, and a handler for `SIGURG`. That works on Linux; for macOS it is written from
// the system's headers and has not been tried. On other systems the cells show a run that was recorded on Linux.

// %% name="real-support" tags=["live"]
const recorded = dataset("urgent-data");
console.log(cannot ? `${cannot}. You see a recorded run.` : "Your system has urgent data.");

// %% [markdown] name="abc-intro"
// **Predict.** We send the three letters `abc` as urgent, in one call. Which of them will be urgent?

// %% name="abc-predict"
const whichUrgent = predict(
  "abc",
  {
    question: "Sent with MSG_OOB in one call: 'abc'. What is urgent at the receiver?",
    choices: { all: "all three", first: "the first, a", last: "the last, c", none: "none of them" },
  },
  undefined,
);
whichUrgent;

// %% name="abc-run" tags=["live", "claim:interrupting.connection.tcp-urgent"]
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const abc = cannot
  ? { inStream: "ab", beside: "c" }
  : await tcpPair(async (sender, receiver) => {
      sender.send("abc", { urgent: true });
      await receiver.urgentAnnounced();
      const inStream = text(await receiver.receive());
      return { inStream, beside: String.fromCharCode(Number(receiver.receiveUrgent())) };
    });
console.log(abc);

// %% name="abc-compare" tags=["live"]
whichUrgent.compare(abc.inStream === "ab" && abc.beside === "c" ? "last" : "all");

// %% [markdown] name="trials-intro"
// Only the last one. TCP has no urgent *message*. It has an urgent **pointer**: one number in the header, which says up to where in
// the stream the urgent part goes. The place is called the **mark**. Of what lies before the mark TCP knows no beginning, so
// systems take the byte at the mark and call it the urgent one.
//
// The next table tries it out. Brackets stand for what was sent as urgent; `beside` is what `recv` with `MSG_OOB` gave.

// %% name="trials" tags=["live", "claim:interrupting.connection.tcp-urgent"]
const trials = cannot ? (recorded.trials as UrgentTrialRow[]) : await urgentTrials();
table(trials, { title: "What a receiver sees of urgent bytes" });

// %% name="trials-claims" tags=["live"]
const [three, twice, around, past, inline] = trials;
claims({
  "of three bytes the last is urgent": three!.firstRead === "ab" && three!.beside === "c",
  "a newer urgent byte puts the older one back into the stream":
    twice!.firstRead === "abc" && twice!.beside === "d",
  "a read stops at the mark, even if more is there":
    around!.firstRead === "abc" && around!.atMark && around!.secondRead === "def",
  "whoever reads past the mark has lost the byte": past!.beside === "EINVAL",
  "with SO_OOBINLINE the byte stays in the stream, at the mark":
    inline!.secondRead === "Xdef" && inline!.beside === "EINVAL",
});

// %% [markdown] name="trials-explained"
// So there is room for *one* urgent byte, and a second one in a hurry demotes the first. That is why a program should treat the
// **signal as the message**, not the byte: "something urgent has happened, look!" What exactly is meant stands in the stream. And
// with `SO_OOBINLINE` no byte is ever lost: read up to the mark, and there it is. RFC 9293, today's standard of TCP, tells new programs to leave
// urgent data alone (§3.8.5); RFC 6093, which it replaces, told those that use them all the same that they must set this option (section 6).
//
// ## Before any other data?
//
// > *Dados que devem ser processados pelo servidor antes de qualquer outro dado do cliente.*
//
// Data that the server must process before any other data from that client. In our model, it is so. **Predict:** a server does
// not read, and its client sends a megabyte and *then* an urgent byte. When does the server's system send it SIGURG?

// %% name="behind-predict"
const behindMegabyte = predict(
  "behind a megabyte",
  {
    question:
      "An urgent byte behind a megabyte that the server does not read: when does SIGURG come?",
    choices: {
      once: "at once",
      some: "when the server has begun to read",
      most: "after it has read most of the megabyte",
      end: "after it has read all of it",
    },
  },
  undefined,
);
behindMegabyte;

// %% [markdown] name="behind-intro"
// Two things are measured: when the **news** comes, which is SIGURG, and when the **byte**. And two sizes are asked of the system: how many bytes lie
// ahead, and how far the mark lies ahead of what the receiver's system has *acknowledged* (`SIOCOUTQ`): the rest waits at the sender.

// %% jupyter={"source_hidden": true} name="behind-run" tags=["live", "claim:interrupting.out-of-band.first"]
// Tries several sizes; where the system has no urgent data, recorded rows.
const behind = cannot
  ? (recorded.behind as UrgentBehindRow[])
  : [
      ...(await urgentBehind([0, 1e4, 1e5, 1.5e5, 1.8e5, 2e5, 1e6])),
      ...(await urgentBehind([3e3, 3e4, 6e4, 1e5], { receiveBufferBytes: 4096 })),
    ];
table(behind, {
  title: "An urgent byte behind others, at a receiver that does not read for a second",
  columns: {
    ...{ receiveBufferBytes: { label: "receiver's buffer" }, bytesAhead: {} },
    ...{ markAheadBytes: { label: "mark ahead of what is acknowledged" } },
    ...{ signalAfterMs: { label: "SIGURG after" } },
    ...{ readBeforeSignalBytes: { label: "read before SIGURG" } },
    ...{ readBeforeByteBytes: { label: "read before the byte" } },
  },
});

// %% name="behind-compare" tags=["live"]
const far = _.find(behind, { bytesAhead: 1e6 })!;
const isEarly = far.readBeforeSignalBytes! < far.bytesTaken / 2;
behindMegabyte.compare(far.signalAfterMs !== undefined ? "once" : isEarly ? "some" : "most");

// %% name="behind-figure" tags=["live", "claim:interrupting.out-of-band.first"]
const reachBytes = 65_535;
const newsRows = behind.map((row) => ({
  aheadBytes: Math.max(1, row.markAheadBytes ?? 1),
  afterMs: row.signalAfterMs ?? 1000,
  news: row.signalAfterMs === undefined ? "none in a second" : "SIGURG came",
  buffer: `${row.receiveBufferBytes / 1024} KiB buffer`,
}));
const place = { x: "aheadBytes", y: "afterMs", fill: "news", fx: "buffer", r: 5 } as const;

// %% name="behind-plot" tags=["live", "claim:interrupting.out-of-band.first"]
figure({
  title: "How far the news of urgent data reaches past what nobody reads",
  alt: "Where the mark lies up to 65,535 bytes ahead of what is acknowledged, SIGURG comes; farther than that it does not, whatever the buffer.",
  caption: "The dashed line: 65,535 bytes, the most that a pointer of 16 bits can say.",
  x: { label: "mark ahead of what is acknowledged", unit: "bytes", scale: "log" },
  y: { label: "from send to SIGURG", unit: "ms" },
  plot: {
    marks: [Plot.ruleX([reachBytes], { strokeDasharray: "4 4" }), Plot.dot(newsRows, place)],
    color: { legend: true, range: [...palette.series] },
    fx: { label: null },
    width: 860,
  },
  data: newsRows,
});

// %% name="behind-claims" tags=["live", "claim:interrupting.out-of-band.first"]
const inReach = ({ markAheadBytes }: UrgentBehindRow) => markAheadBytes! <= reachBytes;
const [within, beyond] = _.partition(behind, inReach);
claims({
  "with the mark in reach of 16 bits the news passes what nobody reads, whatever the buffer":
    within.every((row) => row.signalAfterMs !== undefined),
  "with the mark farther ahead it does not": beyond.every((row) => row.signalAfterMs === undefined),
  "it then comes with the first room that the reader makes": beyond.every(
    (row) => row.readBeforeSignalBytes! <= 2 * row.receiveBufferBytes,
  ),
  "the byte itself keeps its place in the stream": far.readBeforeByteBytes! > far.bytesTaken / 2,
});

// %% [markdown] name="behind-explained"
// The news stands in the header of a *segment*: a flag, and the **urgent pointer**, which counts from the segment's own place in the stream to
// the mark. So two things decide when it comes.
//
// *Is there a segment?* The next one that carries data takes the news along. If the receiver has no room for data, TCP asks
// from time to time whether it has now. Such a **probe of the window** carries no data, but it has a header; and a receiver must heed the
// flag in it even if it has no room at all (RFC 9293 §3.4). In the table those are the rows where SIGURG took about a fifth of a second.
// (Linux makes the buffer twice as large as it is asked for.)
//
// *Is the mark in reach?* The pointer has 16 bits. Linux's probe brings the news only if the mark lies no farther ahead of what is acknowledged.
// Else the news waits for the next segment with data, whose pointer then says "at least 65,535 bytes from here". One read that makes room is enough.
//
// So the lecture's "before any other data" holds for the **news**, and within these limits. It does not hold for the data: those come
// in their order. RFC 6093 says it plainly: the urgent mechanism "is not a mechanism for delivering 'out-of-band' data". The mark is a
// place *in* the stream.

// %% [markdown] name="signal-intro"
// ## The signal
//
// Now a server in a **process of its own**. Its work sits in a thread. Its main thread has called
// `fcntl(socket, F_SETOWN, its own pid)`, and waits. When urgent news comes in, the operating system sends the process `SIGURG`;
// the handler sets a flag; the thread looks at its flag between two small steps, and stops.

// %% name="signal-run" tags=["live", "claim:interrupting.connection.signals", "claim:interrupting.connection"]
type Settings = Parameters<typeof measureStops>[0];
const stops = async (settings: Settings): Promise<StopRow[]> => {
  if (!cannot) return measureStops(settings);
  const { way, busyThreads = 0, bytesAhead = 0, prioritized = false } = settings;
  const same = { way, busyThreads, bytesAhead, prioritized };
  return _.filter(recorded.rows, same) as unknown as StopRow[];
};
const threeStops = await stops({ way: "urgent", workMs: 300, repetitions: 3 });
table(threeStops, {
  title: "Stopped by a signal",
  columns: ["noticedBy", "noticedAfterMs", "stoppedAfterMs", "isFinished"],
});

// %% [markdown] name="interrupt-intro"
// ## *Via interrupção*
//
// Why did the handler not stop the work itself? Because in *JavaScript* a handler runs only when the main thread is free. Not so in other
// languages: there a signal **interrupts** a program in the middle of what it does. Here is a server with one thread, in Python,
// which works and never looks at its connection. Like the services of notebook 04's superserver it is a process for one connection,
// which is its standard input, number 0.

// %% name="interrupt-python"
const inPython = `
import fcntl, os, signal, time
class Stop(Exception): pass
def on_urgent(number, frame): raise Stop       # in the middle of the loop
signal.signal(signal.SIGURG, on_urgent)
fcntl.fcntl(0, fcntl.F_SETOWN, os.getpid())    # whose signal it is
end = time.monotonic() + 1
try:
    os.write(0, b"working")
    while time.monotonic() < end: pass         # one second of work
    os.write(0, b"finished")
except Stop: os.write(0, b"stopped")`;

// %% name="interrupt-javascript"
const inJavaScript = async () => {
  const { writeSync } = await import("node:fs");
  let isStopped = false;
  process.on("SIGURG", () => (isStopped = true));
  writeSync(0, "working");
  const endMs = performance.now() + 1000;
  while (!isStopped && performance.now() < endMs); // the same work
  writeSync(0, isStopped ? "stopped" : "finished");
};

// %% name="interrupt-client"
const stopOne = (program: ChildProgram) =>
  tcpProcess(
    program,
    async (client) => {
      await client.receive({ timeoutMs: 20_000 }); // "working"
      client.send("!", { urgent: true });
      const saidMs = performance.now();
      const how = text(await client.receive({ timeoutMs: 20_000 }));
      return { how, afterMs: performance.now() - saidMs };
    },
    { takesSignals: true },
  );

// %% name="interrupt-run" tags=["live", "claim:interrupting.connection.signals", "claim:interrupting.connection"]
const oneThread = cannot
  ? (recorded.oneThread as { language: string; how: string; afterMs: number }[])
  : [];
if (!cannot) {
  const python = executable("python3", ["-c", inPython]);
  oneThread.push({ language: "Python", ...(await stopOne(python)) });
  oneThread.push({
    language: "JavaScript",
    ...(await stopOne(selfContainedProgram(inJavaScript))),
  });
}
table(oneThread, { title: "A busy process with one thread gets SIGURG" });

// %% name="interrupt-claims" tags=["live", "claim:interrupting.connection.signals"]
const saidBy = (language: string) => _.find(oneThread, { language })!;
claims({
  "Python's only thread is interrupted in the middle of its loop":
    saidBy("Python").how === "stopped",
  "JavaScript's works to its end": saidBy("JavaScript").how === "finished",
});

// %% [markdown] name="interrupt-explained"
// *Capturadas via interrupção*: a program with a single thread, which neither reads nor waits, is stopped. It is the *signal* that does it,
// and not the urgent byte: with `O_ASYNC` ordinary bytes, on a second port too, raise a signal (SIGIO). But SIGIO comes for *every*
// arrival; SIGURG comes only for what the client marked as urgent. (PostgreSQL's busy process is stopped by a signal, too: another process
// of the server reads the CancelRequest, and sends it SIGINT.) In JavaScript a signal needs a second thread, so from here on our server has
// one again.

// %% [markdown] name="real-load-intro"
// And the three ways of part 4, now with the operating system's sockets, threads and priorities: with nothing else to do, and with
// eight threads that keep the cores busy. *With priority* means that all other threads run at the lowest (`nice` 19).

// %% name="real-load" tags=["live"]
const realWays: { name: string; way: StopWay; prioritized?: boolean }[] = [
  { name: "the client dies", way: "dies" },
  { name: "second port", way: "second port" },
  { name: "second port, priority", way: "second port", prioritized: true },
  { name: "urgent data", way: "urgent" },
  { name: "urgent data, priority", way: "urgent", prioritized: true },
];

// %% name="real-load-run" tags=["live"]
const loadRows: (StopRow & { name: string; busyThreads: number })[] = [];
const settingsOf = { controlMs, workMs: 300, reads: true, repetitions: 5 };
for (const { name, ...way } of progress(realWays.length, "ways").each(realWays))
  for (const busyThreads of [0, 8])
    for (const row of await stops({ ...way, ...settingsOf, busyThreads }))
      loadRows.push({ name, busyThreads, ...row });

// %% name="real-load-medians" tags=["live"]
const medians = grid({ busyThreads: [0, 8], name: _.map(realWays, "name") }).map((each) => {
  const times = _.map(_.filter(loadRows, each) as StopRow[], "noticedAfterMs");
  return { ...each, noticedMs: _.sortBy(times)[Math.floor(times.length / 2)]!, source: "measured" };
});
table(
  _.map(medians, (row) => _.omit(row, "source")),
  { title: "From 'stop' to noticed: medians of five" },
);

// %% name="real-load-figure" tags=["live", "claim:interrupting.connection.signals", "claim:interrupting.port.priority", "claim:interrupting.break.server-tears-down"]
sweepFigure(medians, {
  title: "From 'stop' to noticed, by the operating system",
  alt: "For each way two points: with no busy threads and with eight, as in the table above.",
  series: "name",
  source: "source",
  x: { field: "busyThreads", label: "busy threads" },
  y: { field: "noticedMs", label: "until the server knows", unit: "ms", scale: "log" },
});

// %% [markdown] name="real-load-explained"
// Two things that our model does not know. The operating system does not share each instant: it gives turns, and whoever has just become
// ready may have to wait for the turns of others. And a *signal* needs the CPU as well: its handler is code of the server's process, and has to wait
// for a core like any other. Compare each way with and without priority in the table. By how much they differ depends on your system, on
// its cores and on what else they do: run the last three cells again, and see which of the numbers stay.

// %% [markdown] name="real-bytes-intro"
// And against unread bytes, beside what the model says: a server that works and does not read, and more and more bytes ahead.

// %% name="real-bytes" tags=["live"]
const bytesRows: (StopRow & { bytesAhead: number })[] = [];
const bytesCases = grid({
  way: ["urgent", "second port"] as const,
  bytesAhead: [100, 1e4, 1e6, 1e7],
});
for (const each of progress(bytesCases.length, "pairs of runs").each(bytesCases)) {
  const rows = await stops({ ...each, controlMs, workMs: 400, repetitions: 2 });
  bytesRows.push({ bytesAhead: each.bytesAhead, ..._.minBy(rows, "stoppedAfterMs")! });
}

// %% name="real-bytes-rows" tags=["live"]
const besideModel = bytesRows.map((row) => ({
  ..._.pick(row, "way", "bytesAhead", "stoppedAfterMs"),
  source: "measured",
}));
for (const { way, bytesAhead } of bytesCases) {
  const same = { way: way === "urgent" ? "urgent data" : way, jobs: 0 };
  const blocksAhead = Math.ceil(bytesAhead / blockBytes);
  const run = await simulate(stopping({ ...same, blocksAhead }), { seed: 1 });
  const { stoppedAfterMs } = outcomeOf(run);
  besideModel.push({ way, bytesAhead, stoppedAfterMs, source: "predicted" });
}
const bytesAxis = { field: "bytesAhead", label: "unread bytes ahead", scale: "log" } as const;

// %% name="real-bytes-figure" tags=["live", "claim:interrupting.out-of-band", "claim:interrupting.out-of-band.first"]
sweepFigure(besideModel, {
  title: "Unread bytes ahead of a stop: our model, and the operating system",
  alt: "Up to ten kilobytes both are fast. From a megabyte on, urgent data do not stop the work at all; the second port still does.",
  caption: "Where urgent data stop nothing, the point is the end of the work.",
  series: "way",
  source: "source",
  x: bytesAxis,
  y: { field: "stoppedAfterMs", label: "from stop to stopped", unit: "ms", scale: "log" },
});

// %% name="real-claims" tags=["live"]
const realOf = (way: StopWay, bytesAhead: number) => _.find(bytesRows, { way, bytesAhead })!;
claims({
  "every signal came, and stopped the work": threeStops.every(
    (row) => row.noticedBy === "signal" && !row.isFinished,
  ),
  "past ten kilobytes both ways stop the work":
    !realOf("urgent", 1e4).isFinished && !realOf("second port", 1e4).isFinished,
  "past ten megabytes the urgent byte stops nothing": realOf("urgent", 1e7).isFinished,
  "the second port does": !realOf("second port", 1e7).isFinished,
});

// %% [markdown] name="real-explained"
// **Why the two differ.** At the left they differ by some milliseconds, for signals, threads and whatever else your machine does:
// both ways stop the work long before its end. At the right they differ in kind, and there the *model* is wrong: its urgent byte
// passes everything unread, whatever its size, as the lecture's sentence promises. Real TCP keeps that promise only for the news, and
// while nobody reads only as far as its pointer reaches. A second connection has bytes of its own, and nothing ahead. FTP, too, keeps
// its commands and its data on two connections, so that no file lies ahead of a command.

// %% [markdown] name="synch-intro"
// # 6 · Two protocols that do it
//
// **Telnet** (RFC 854) is the program for which TCP got its urgent pointer. You type commands ahead; the server's terminal buffer
// fills; the server stops reading. Now you press Ctrl-C. The command *interrupt process* (IP) would wait behind all that you typed.
// So Telnet sends a **Synch**: urgent data, and a *data mark* (DM) in the stream. The server, when it hears the urgent news, reads
// on, throws away all that is data up to the mark, and obeys the commands that it finds among it.
//
// The server has a thread that reads and one that runs the commands, each of 100 ms; two lines fit between them.

// %% name="synch-shell"
const shell = async (host: Host, lines: Queue<string>, running: { stop: AbortController }) => {
  for (;;) {
    const line = await lines.take();
    running.stop = new AbortController();
    const done = () => host.log(`${line} done`);
    const stopped = () => host.log(`${line} interrupted`);
    await host.compute(100, { signal: running.stop.signal }).then(done, stopped);
  }
};
const empty = async (lines: Queue<string>) => {
  while (lines.size > 0) await lines.take();
};

// %% name="synch-reader"
const reads = async (
  connection: Connection,
  telnet: TelnetReceiver,
  lines: Queue<string>,
  running: { stop: AbortController },
) => {
  for await (const bytes of connection)
    for (const event of telnet.receive(bytes))
      if (event.kind === "data") await lines.put(new TextDecoder().decode(event.bytes));
      else if (event.kind === "command" && event.command === "IP") running.stop.abort();
};

// %% name="synch-server"
const telnetServer = async (host: Host) => {
  const connection = await (await host.listen(23)).accept();
  const [lines, telnet] = [host.queue<string>(2), new TelnetReceiver()];
  const running = { stop: new AbortController() };
  const urgent = async () => {
    await connection.receiveUrgent();
    telnet.urgent(); // from now on data are thrown away, up to the mark,
    await empty(lines); // and the reader can go on
  };
  host.spawn(shell, { as: "thread" }, lines, running);
  host.spawn(urgent, { as: "thread" });
  await reads(connection, telnet, lines, running);
};

// %% name="synch-client"
const types = async (host: Host, synch: boolean) => {
  const connection = await host.connect("server", 23);
  for (const line of "ABCDEF") await connection.send(new TextEncoder().encode(line));
  await host.sleepUntil(50);
  await connection.send(telnetCommand("IP")); // Ctrl-C
  if (synch) await sendSynch(connection);
  await host.sleepUntil(800);
};
const typing = (synch: boolean) =>
  scenario({
    hosts: { server: {}, ana: {} },
    network: { latencyMs: 5 },
    programs: { server: on("server", telnetServer).daemon(), ana: on("ana", types, synch) },
  });

// %% name="synch-run" tags=["claim:interrupting.out-of-band", "claim:interrupting.connection"]
const did = (rows: readonly TraceRow[]) =>
  rows.filter((row): row is LogRow => row.kind === "log").map((row) => row.event);
const typed = [];
for (const synch of [false, true]) {
  const { rows } = await simulate(typing(synch), { seed: 1 });
  const stop = rows.find((row) => row.kind === "log" && row.event.endsWith("interrupted"))!;
  const sent = synch ? "IP and Synch" : "IP alone";
  typed.push({ sent, interruptedAfterMs: stop.timeMs - 50, commands: did(rows).join(", ") });
}
table(typed, { title: "Ctrl-C behind six commands, in virtual time" });

// %% name="synch-live" tags=["live"]
const typedLive = await runLive(typing(true), { seed: 1, timeScale: 4 });
claims({
  "IP alone waits behind what was typed, and hits another command":
    typed[0]!.commands.includes("A done") && typed[0]!.interruptedAfterMs > 200,
  "with the Synch it interrupts the command that runs, and the rest is thrown away":
    typed[1]!.commands === "A interrupted",
  "live, too": did(typedLive.rows).join(", ") === "A interrupted",
});

// %% [markdown] name="ftp-intro"
// **FTP** (RFC 959) has two connections: one for commands, one for data. To abort a transfer, the client sends *interrupt process*
// and a Synch on the first, and then the command `ABOR`. The server ends the data connection and answers with **two** replies: 426,
// the transfer was aborted; 226, the abort is done. If the transfer was complete already, its own reply, 226, has been sent, and `ABOR` is
// answered by one more 226.

// %% name="ftp-transfer"
const dataPort = 2020; // the client's, which the command PORT would tell; 20 is the server's own end
const transfers = async (host: Host, control: Connection, stop: AbortSignal) => {
  const data = await host.connect(control.peer, dataPort);
  const sendBlocks = async () => {
    for (let block = 0; block < 10; block++) {
      await host.compute(10, { signal: stop });
      await data.send(new Uint8Array(1000));
    }
  };
  const complete = await sendBlocks().then(() => true, () => false); // biome-ignore format: short
  if (complete) data.end();
  else data.reset();
  await control.send(complete ? ftpReply(226, "complete") : ftpReply(426, "aborted"));
};

// %% name="ftp-begin"
const begins = async (host: Host, control: Connection) => {
  await control.send(ftpReply(150, "here it comes"));
  const stop = new AbortController();
  const thread = host.spawn(transfers, { as: "thread" }, control, stop.signal);
  return { stop, over: async () => void (await thread.done()) };
};

// %% name="ftp-server"
const ftpServer = async (host: Host) => {
  const control = await (await host.listen(21)).accept();
  const commands = new FtpCommandReader();
  control.onUrgent(() => commands.urgent());
  let transfer = { stop: new AbortController(), over: async () => {} };
  for await (const bytes of control)
    for (const { verb } of commands.receive(bytes))
      if (verb === "RETR") transfer = await begins(host, control);
      else if (verb === "ABOR") {
        transfer.stop.abort();
        await transfer.over();
        await control.send(ftpReply(226, "abort done"));
      }
};

// %% name="ftp-client"
const aborts = async (host: Host, abortMs: number) => {
  const data = await host.listen(dataPort);
  const control = await host.connect("server", 21);
  await control.send(ftpCommand("RETR", "big.bin"));
  await data.accept();
  await host.sleepUntil(abortMs);
  await control.send(telnetCommand("IP"));
  await sendSynch(control);
  await control.send(ftpCommand("ABOR"));
  const replies = [await control.receive(), await control.receive(), await control.receive()];
  return replies.map((reply) => new TextDecoder().decode(reply).trim()).join(" · ");
};

// %% name="ftp-run" tags=["claim:interrupting.port", "claim:interrupting.out-of-band"]
const aborting = (abortMs: number) =>
  scenario({
    hosts: { server: {}, ana: {} },
    network: { latencyMs: 5 },
    programs: { server: on("server", ftpServer).daemon(), ana: on("ana", aborts, abortMs) },
  });
const repliesAt = async (abortMs: number) => {
  const { results } = await simulate(aborting(abortMs), { seed: 1 });
  return { abortMs, replies: results.ana };
};
const ftpRows = await Promise.all([60, 110, 122, 600].map(repliesAt));
table(ftpRows, { title: "What an FTP client is told, by when it aborts" });

// %% name="ftp-live" tags=["live"]
const ftpLive = [];
for (const abortMs of [60, 600])
  ftpLive.push((await runLive(aborting(abortMs), { seed: 1, timeScale: 4 })).results.ana);
claims({
  "an abort in the middle is answered by 426 and then 226": /^150.*426.*226/.test(
    ftpRows[0]!.replies,
  ),
  "one that comes after the end: the transfer's own 226, then the abort's":
    /^150.*226 complete.*226/.test(ftpRows[3]!.replies),
  "live, too": ftpLive[0] === ftpRows[0]!.replies && ftpLive[1] === ftpRows[3]!.replies,
});

// %% [markdown] name="ftp-explained"
// Look at the abort at 122 ms. The client had not heard that the transfer was complete, so it was right to abort; and the server
// had already finished, so it was right to say so. Neither could know better. **A stop and the end of the work can always cross on
// the way.** A good protocol does not forbid that. It makes sure that both sides know afterwards what happened. FTP's first reply
// does just this. The last two exercises are about a protocol that does not.
//
// And a trap from part 5: some clients (Python's `ftplib` is one) send the whole line `ABOR` with `MSG_OOB`. The urgent byte is then
// the *end of the line*. A server without `SO_OOBINLINE` takes it out of the stream, and waits for the line's end for ever.

// %% [markdown] name="exercises"
// # 7 · Exercises
//
// Write your answer in the place of `undefined`, or your program in the function, and run the cell. If it is not right yet, the
// check says what is wrong. `check(…, …, { hints: 1 })` gives a hint.

// %% [markdown] name="exercise-keepalive-intro"
// ## Exercise 1 · How long does a dead machine look alive?
//
// A server only reads. Its keepalive begins after 10 s of silence, asks every 2 s, and gives up when 3 questions have got no answer. A client's
// machine crashes right after its last message has come in. After how many seconds does the server tear the connection down?

// %% name="exercise-keepalive-answer" tags=["exercise"]
await check(exercises.keepAlive, undefined);

// %% jupyter={"source_hidden": true} name="exercise-keepalive-solution" tags=["solution"]
// A solution, once you have tried: click to unfold it.
await check(exercises.keepAlive, 10 + 3 * 2);

// %% [markdown] name="exercise-mark-intro"
// ## Exercise 2 · Where is the mark?
//
// A client calls `send("STOP", { urgent: true })` and then `send("NOW")`. The server, without `SO_OOBINLINE`, waits until all of it
// has come, and then calls `receive()` twice. What do the two calls give?

// %% name="exercise-mark-answer" tags=["exercise"]
await check(exercises.mark, undefined);

// %% jupyter={"source_hidden": true} name="exercise-mark-solution" tags=["solution"]
// A solution, once you have tried: click to unfold it.
await check(exercises.mark, "split");

// %% [markdown] name="exercise-late-intro"
// ## Exercise 3 · Find the interleaving
//
// A client sends three requests at once, numbered 1 to 3; each takes the server 100 ms, one after the other. A stop is a message to
// the server's second port, with the number of the request. This is the server's **protocol**: what it does when a request begins
// and ends, and when a stop comes. It looks right, and it is not safe.

// %% name="exercise-protocol"
interface StopProtocol {
  begins(number: number, abort: () => void): boolean; // false: it must not begin
  ends(number: number): void; // it was finished, or aborted
  stop(number: number): "stopped" | "too late"; // what the client is answered
}

// %% name="exercise-unsafe"
const unsafe = (): StopProtocol => {
  let abort = () => {};
  const begins = (_number: number, how: () => void) => {
    abort = how;
    return true;
  };
  const stop = () => {
    abort();
    return "stopped" as const;
  };
  return { begins, ends: () => {}, stop };
};

// %% [markdown] name="exercise-late-question"
// A message is 5 ms on its way, and a new connection costs 10 ms, so the first request runs from 15 ms to 115 ms, and a stop is at
// the server 15 ms after it was said. **Find a time** at which the client, quite rightly, stops request 1, of which it has not
// heard yet, and request 2 dies instead.

// %% name="exercise-late-answer" tags=["exercise"]
const stopAtMs = 60; // your time takes its place
await check(exercises.lateStop, stopAtMs);

// %% jupyter={"source_hidden": true} name="exercise-late-solution" tags=["solution"]
// A solution, once you have tried: click to unfold it.
await check(exercises.lateStop, 110); // from 100 to just below 120

// %% [markdown] name="exercise-safe-intro"
// ## Exercise 4 · Make it safe
//
// Write a protocol in which a stop hits the request whose number it names, or none: also when it comes after that request's end,
// and when it comes *before its beginning* (then it must not begin). The reply must be true: `"stopped"` if the request was not
// finished and never will be, `"too late"` if it was finished; also when the same stop comes twice.

// %% name="exercise-safe-answer" tags=["exercise"]
const mySafe = unsafe; // your protocol takes its place: a function that makes one
await check(exercises.safeStop, mySafe);

// %% jupyter={"source_hidden": true} name="exercise-safe-solution" tags=["solution"]
// A solution, once you have tried: click to unfold it.
const safe = (): StopProtocol => {
  const [aborts, stopped, finished] = [new Map<number, () => void>(), new Set(), new Set()];
  return {
    begins: (number, abort) => !stopped.has(number) && !!aborts.set(number, abort),
    ends: (number) => {
      aborts.delete(number);
      if (!stopped.has(number)) finished.add(number);
    },
    stop: (number) => {
      if (finished.has(number)) return "too late";
      stopped.add(number);
      aborts.get(number)?.();
      return "stopped";
    },
  };
};
await check(exercises.safeStop, safe);

// %% [markdown] name="summary"
// # What you have seen
//
// - An ordinary message does not interrupt: it waits behind the work.
// - A broken connection stops nothing by itself. Whoever **uses or watches** it hears of it; a server that only computes does not. In TCP
//   the end of a stream may be a client that only has nothing more to say, and the first message to a dead one is taken without an error.
//   Keepalive tells a server that only reads that the machine is lost. A server that writes needs a limit for bytes without an
//   acknowledgement, or a heartbeat.
// - A **thread that reads** the same connection is enough where it is never kept waiting.
// - A **second port** with a thread of its own hears at once. To *act* at once under load it needs a higher **priority**.
// - TCP's **urgent data** are one mark in the stream. The news of it comes as a signal, SIGURG, which interrupts even a process with one busy thread.
//   It passes what nobody reads as far as 16 bits can say; the data come in order. Treat the signal as the message.
// - Telnet's Synch uses the news to *clear the way* for a command; FTP's abort uses it, and two replies that say what happened.
// - A stop and the end of the work can cross. A safe protocol names the request, remembers, and answers truly.
//
// **Read on.** RFC 9293, today's TCP: §3.6 (how a connection ends), §3.8.3 and §3.8.4 (when a peer is taken for dead), §3.8.5 (urgent data, with
// what is left of RFC 6093). RFC 854 (Telnet), RFC 959 (FTP). W. R. Stevens, *UNIX
// Network Programming*, volume 1, chapters 5, 7 and 24. M. van Steen and A. S. Tanenbaum, *Distributed Systems*, §3.4. The pages of
// [Connection](/static/api/interfaces/Connection.html), [connectionEnds](/static/api/functions/connectionEnds.html),
// [lostMachine](/static/api/functions/lostMachine.html), [tcpPair](/static/api/functions/tcpPair.html), [urgentBehind](/static/api/functions/urgentBehind.html),
// [measureStops](/static/api/functions/measureStops.html) and [TelnetReceiver](/static/api/classes/TelnetReceiver.html), and of the room
// [live](/static/api/documents/live.html). What a
// server must remember of its clients, and what if it forgets, is notebook 06.
