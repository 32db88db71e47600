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
// - say when a server notices that its client has gone, and when it never does;
// - give a server a second port for urgent messages, put a request on hold, and say what priorities are needed for;
// - send urgent data over TCP, catch the signal, and say exactly which byte is urgent and how far the promise "before any other
//   data" holds;
// - make a protocol safe against a stop that comes too late.
//
// It takes about two hours; parts 1 to 4 and 5 to 7 are two good sittings. Notebook 03 explains the servers that we start from.

// %% name="imports"
import {
  check,
  claims,
  type Connection,
  dataset,
  exercise,
  type Fault,
  figure,
  FtpCommandReader,
  ftpCommand,
  ftpReply,
  grid,
  type Host,
  lanes,
  type ListenOptions,
  type LogRow,
  measureStops,
  on,
  overlay,
  palette,
  predict,
  progress,
  type Queue,
  runLive,
  scenario,
  sendSynch,
  simulate,
  spaceTime,
  type StopRow,
  type StopWay,
  sweepFigure,
  table,
  tcpPair,
  TelnetReceiver,
  telnetCommand,
  type TraceRow,
  type UrgentBehindRow,
  type UrgentTrialRow,
  urgentBehind,
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
  noticedAfterMs: {},
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
  "who answers at the end works to the end, whatever happened": Object.keys(deaths).every(
    (death) => caseOf(death, "answers at the end").noticedAfterMs > 100,
  ),
  "who writes hears of a killed process within a step and the way there":
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
// *"O servidor irá destruir a conexão antiga"*: yes, as soon as it **uses** it. A broken connection is not an event that stops a
// program; it is an error that waits for the next read or write. While it computes, the server does not know.
//
// And if the client's machine is silent, there is nothing to know. The server's end is then **half open**: it believes in a
// connection whose other end is gone. It may write for a long time (real TCP repeats its segments for some fifteen minutes), and
// if it only reads it will wait for ever. Keepalive asks the silent peer at intervals. Its usual setting is to begin after *two
// hours*; we began after 40 ms, to see it.
//
// So solution 1 needs nothing new, and that is its strength. Its weaknesses: what was done is done, as half the report was; the
// user loses the whole session with the request; and "pretending that nothing happened" makes the server do the work again,
// besides what it still does. If the request was to print, there are two printouts.
//
// **Why the two differ.** Live, sockets and timers add some milliseconds to "at once", and the last step before the notice may or may
// not be counted. On a machine that has other things to do each step takes longer, and all times grow with it. What stays is *who*
// notices and who does not. (A machine that boots again is shown in virtual time only.)

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
// request is meant, and whether this client may stop it, costs 2 ms of CPU time.

// %% name="port-control"
const controlMs = 2;
const control = async (host: Host, requests: Requests, priority: number) => {
  for await (const connection of await host.listen(81)) {
    const { of, order } = await connection.receive();
    await host.compute(controlMs, { priority });
    const request = requests.get(of);
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
const heldAfterMs = (rows: readonly TraceRow[]) =>
  logsOf(rows, "ana").find((row) => row.event === "on hold")!.timeMs - 60;
const priorityCases = grid({ jobs: [0, 1, 2, 4, 8, 16], priority: [0, 1] });
const named = (priority: number) => (priority > 0 ? "with priority" : "without priority");
const priorityRows = await Promise.all(
  priorityCases.map(async ({ jobs, priority }) => {
    const { rows } = await simulate(underLoad(jobs, priority), { seed: 1 });
    return { jobs, control: named(priority), heldMs: heldAfterMs(rows), source: "virtual" };
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
  priorityLive.push({ jobs, control: named(priority), heldMs, source: "live" });
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
  alt: "Without priority the time grows in proportion to the number of other jobs; with it, it stays the same.",
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
// obeyed late, and it is obeyed the later, the more there is to stop. That is the worst moment for a stop to be slow. With it,
// the control thread waits for nobody.
//
// **Why the two differ.** Live, equal jobs take turns rather than sharing each instant, so a short job gets its share in whole turns;
// and sockets and timers add some milliseconds. On a machine that has other things to do every turn takes longer. Without priority
// there are many turns to wait for, so those points scatter most.

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
// Now all three ways against each other, on one server that hears all of them: its thread tells the client about each step, so
// that it notices a broken connection; there is a second port; and there is a signal handler.

// %% name="three-ways-request"
const serveUntilOver = async (host: Host, connection: Connection, request: LongRequest) => {
  const tell = () => connection.send("step");
  await work(host, request, tell).catch(() => host.log("torn down"));
  connection.reset();
};

// %% name="three-ways-server"
const threeWays = async (host: Host, priority: number) => {
  const requests: Requests = new Map();
  host.spawn(control, { as: "thread", name: "control" }, requests, priority);
  const over = await host.listen(82); // for those who want to know when a request is over
  for await (const connection of await host.listen(80)) {
    const request = new LongRequest(host);
    requests.set(connection.peer, request);
    host.spawn(signalHandler, { as: "thread" }, connection, request);
    const serve = (own: Host) => serveUntilOver(own, connection, request);
    const thread = host.spawn(serve, { as: "thread", name: connection.peer });
    void thread.done().then(async () => (await over.accept()).end());
  }
};

// %% [markdown] name="three-ways-client-intro"
// Ana may also have sent data that the server has not read, a file to work on, say. They lie **ahead** of whatever she sends next
// on the same connection.

// %% name="three-ways-client"
const blockBytes = 16 * 1024;
const uploads = async (_host: Host, connection: Connection, blocks: number) => {
  const block = new Uint8Array(blockBytes);
  for (let sent = 0; sent < blocks; sent++) await connection.send(block);
};
const regrets = async (host: Host, way: string, blocksAhead: number) => {
  const connection = await host.connect("server", 80);
  const upload = host.spawn(uploads, { as: "thread" }, connection, blocksAhead);
  upload.done().catch(() => {}); // the server has reset the connection
  await host.sleepUntil(60);
  if (way === "urgent data") connection.sendUrgent(1);
  else if (way.startsWith("second port")) await says(host, "stop");
  else await connection.send("stop").catch(() => {}); // an ordinary message
  while (await connection.receive().catch(() => undefined)); // until the server ends it
};

// %% name="three-ways-faults"
interface Stopping {
  way: string;
  jobs: number;
  blocksAhead: number;
}
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
      server: on("server", threeWays, way.endsWith("priority") ? 1 : 0).daemon(),
      ana: on("ana", regrets, way, blocksAhead),
      over: on("ana", untilOver),
    },
  });

// %% name="three-ways-predict"
const fastest = predict(
  "sixteen other jobs",
  {
    question: "With sixteen other jobs on the core: which way stops the request first?",
    choices: {
      dies: "the client dies",
      port: "a second port",
      priority: "a second port, with priority",
      urgent: "urgent data",
    },
  },
  undefined,
);
fastest;

// %% name="three-ways-outcome"
const outcomeOf = ({ rows }: { rows: readonly TraceRow[] }) => {
  const logs = logsOf(rows, "ana");
  const end = logs.find(({ event }) => ["stopped", "torn down", "finished"].includes(event))!;
  const inVain = logs.filter(({ event, timeMs }) => event === "step" && timeMs > 60).length;
  return { how: end.event, stoppedAfterMs: end.timeMs - 60, inVainMs: inVain * stepMs };
};
const waysOf = ["the client dies", "second port", "second port, priority", "urgent data"];
const against = (ways: string[], jobs: number[], blocks: number[]) => [
  ...grid({ way: ways, jobs, blocksAhead: [0] }),
  ...grid({ way: ways, jobs: [0], blocksAhead: blocks.filter((n) => n > 0) }),
];

// %% name="three-ways-run"
const sizes = [0, 1, 2, 4, 8, 16];
const stopCases = against(["ordinary message", ...waysOf], sizes, sizes);
const stopRows = await Promise.all(
  stopCases.map(async (each) => {
    const run = await simulate(stopping(each), { seed: 1 });
    return { ...each, ...outcomeOf(run), source: "virtual" };
  }),
);
const atSixteen = _.minBy(_.filter(stopRows, { jobs: 16 }), "stoppedAfterMs")!.way;
fastest.compare(atSixteen === "urgent data" ? "urgent" : "priority");

// %% [markdown] name="three-ways-live-intro"
// And live, each twice; the shorter counts, since whatever else your machine does can only add to it.

// %% name="three-ways-live" tags=["live"]
const stopLive: typeof stopRows = [];
const liveStops = against(waysOf, [0, 16], [16]);
for (const each of progress(liveStops.length, "pairs of runs").each(liveStops)) {
  const tries = [];
  for (let i = 0; i < 2; i++)
    tries.push(outcomeOf(await runLive(stopping(each), { seed: 1, timeScale: 1.5 })));
  stopLive.push({ ...each, ..._.minBy(tries, "stoppedAfterMs")!, source: "live" });
}
table(
  _.map(stopLive, (row) => _.omit(row, "source")),
  { title: "Three ways to stop a request, live" },
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
const [virtualRows, liveRows] = _.partition(panels, { source: "virtual" });
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
  title: "Three ways to stop a request: how long it goes on, and how much is done in vain",
  alt: "Against other jobs, all ways but the priority and urgent data grow. Against unread bytes only the ordinary message is slow.",
  caption: "Lines: virtual time. Diamonds: live. Less than 1 ms is drawn as 1 ms.",
  x: { label: "how many" },
  y: { label: "time", unit: "ms", scale: "log" },
  plot: threeWaysPlot,
  data: panels,
});

// %% name="three-ways-claims"
const stopOf = (rows: typeof stopRows, way: string, jobs: number, blocksAhead = 0) =>
  _.find(rows, { way, jobs, blocksAhead })!;
claims({
  "in virtual time urgent data stop the request after the way there, at any load": sizes.every(
    (jobs) => stopOf(stopRows, "urgent data", jobs).stoppedAfterMs < 2,
  ),
  "a dead client is noticed at the next write, which comes the later, the higher the load":
    stopOf(stopRows, "the client dies", 16).stoppedAfterMs >
    4 * stopOf(stopRows, "the client dies", 0).stoppedAfterMs,
  "unread data hold up the ordinary message alone": waysOf.every(
    (way) => stopOf(stopRows, way, 0, 16).stoppedAfterMs < 12,
  ),
});

// %% name="three-ways-live-claims" tags=["live"]
claims({
  "live, at sixteen jobs, urgent data are faster than the port without priority":
    stopOf(stopLive, "urgent data", 16).stoppedAfterMs <
    stopOf(stopLive, "second port", 16).stoppedAfterMs,
  "live, no way but the ordinary message works to the end": stopLive.every(
    (row) => row.how !== "finished",
  ),
});

// %% [markdown] name="three-ways-explained"
// Read the upper row from left to right. An ordinary message waits for the work, so it takes as long as the work takes. A dead
// client is noticed at the next write, and how long a step takes depends on how many share the core. The second port needs the CPU
// before it can stop anything: with priority at once, without it in its turn. Urgent data need nobody's turn.
//
// Now the lower row. What is done in vain is not the time but the *steps*: at a high load little is done in a long time, so even a
// late stop wastes little. Only the ordinary message wastes all the rest. Time is what the user feels, work is what the server pays.
//
// **Why the two differ.** Live, everything takes some milliseconds more, for sockets, timers and the abort of a step that is under
// way on a real core; on a logarithmic axis that is much where virtual time needs only one.
//
// The half about unread blocks is flat: urgent data and the second port don't care what is unread, neither in virtual time nor live.
// Both worlds speak the protocol of *our library*, in which an urgent byte passes all others. Keep that in mind. The next part asks
// the operating system's TCP.

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
const cannot = whyNoUrgentData();
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
  "who reads past the mark has lost the byte": past!.beside === "EINVAL",
  "with SO_OOBINLINE the byte stays in the stream, at the mark":
    inline!.secondRead === "Xdef" && inline!.beside === "EINVAL",
});

// %% [markdown] name="trials-explained"
// So there is room for *one* urgent byte, and a second one in a hurry demotes the first. That is why a program should treat the
// **signal as the message**, not the byte: "something urgent has happened, look!" What exactly is meant stands in the stream. And
// with `SO_OOBINLINE` no byte is ever lost: read up to the mark, and there it is. RFC 6093 tells new programs to leave urgent data
// alone (section 5), and those that use them all the same that they must set this option (section 6).
//
// ## Before any other data?
//
// > *Dados que devem ser processados pelo servidor antes de qualquer outro dado do cliente.*
//
// Data that the server must process before any other data from that client. In our model, it is so. **Predict:** a server does
// not read, and its client sends a megabyte and *then* an urgent byte. When does the server hear of the urgent byte?

// %% name="behind-predict"
const behindMegabyte = predict(
  "behind a megabyte",
  {
    question:
      "An urgent byte behind a megabyte that the server does not read: when is it heard of?",
    choices: {
      once: "at once",
      late: "after the server has read most of the megabyte",
      end: "after it has read all of it",
    },
  },
  undefined,
);
behindMegabyte;

// %% name="behind-run" tags=["live", "claim:interrupting.out-of-band.first"]
const behind: UrgentBehindRow[] = cannot ? (recorded.behind as UrgentBehindRow[]) : [];
if (!cannot)
  for (const bytes of [0, 1e4, 3e4, 3e5, 1e6, 3e6]) behind.push(await urgentBehind(bytes));
table(behind, { title: "An urgent byte behind others, at a receiver with a buffer of 64 KiB" });

// %% name="behind-compare" tags=["live"]
const far = _.find(behind, { bytesAhead: 1e6 })!;
behindMegabyte.compare(far.announcedUnread ? "once" : "late");

// %% name="behind-claims" tags=["live"]
claims({
  "past ten thousand unread bytes the news comes at once": _.find(behind, { bytesAhead: 1e4 })!
    .announcedUnread,
  "past a megabyte it does not come while nobody reads": !far.announcedUnread,
  "and comes when most of it has been read":
    !far.urgentTaken || far.readBeforeBytes! > far.bytesTaken / 2,
});

// %% [markdown] name="behind-explained"
// The news travels in the headers of *segments*, and TCP sends no segment for which the receiver has no room. While the receiver's
// buffer is full, the news waits at the sender like everything else; and its pointer has 16 bits, so it reaches 64 KiB ahead and no
// further. If even the sender's buffer is full, the operating system does not take the urgent byte at all.
//
// RFC 6093 says it plainly: the urgent mechanism "is not a mechanism for delivering 'out-of-band' data". The mark is a place *in*
// the stream. The lecture's "before any other data" holds for the **news** (a signal, as long as there is room for a segment), not
// for the data: those come in their order. RFC 9293, today's standard of TCP, repeats the advice: every TCP must still have the mechanism, and no new program should
// use it.

// %% [markdown] name="signal-intro"
// ## The signal
//
// Now a server in a **process of its own**. Its work sits in a thread. Its main thread has called
// `fcntl(socket, F_SETOWN, its own pid)`, and waits. When urgent news comes in, the operating system sends the process `SIGURG`;
// the handler sets a flag; the thread looks at its flag between two small steps, and stops.
//
// Why not let the handler stop the work itself? Because in JavaScript, as in most languages, a handler runs only when the main
// thread is free. If the work ran there, the signal would wait for it, as Ana's message did in part 1.

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
  return { ...each, noticedMs: _.sortBy(times)[Math.floor(times.length / 2)]!, source: "live" };
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
// Two things that our model does not know. The operating system favours whoever has slept long, so a thread that only waits for
// messages is often let in soon, even without priority. And a *signal* needs the CPU as well: its handler is code of the server's
// process, and has to wait for a core like any other. Priority shortens that wait for both. By how much depends on your system, on
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
  const rows = await stops({ ...each, workMs: 400, repetitions: 2 });
  bytesRows.push({ bytesAhead: each.bytesAhead, ..._.minBy(rows, "stoppedAfterMs")! });
}

// %% name="real-bytes-rows" tags=["live"]
const besideModel = bytesRows.map((row) => ({
  ..._.pick(row, "way", "bytesAhead", "stoppedAfterMs"),
  source: "live",
}));
for (const { way, bytesAhead } of bytesCases) {
  const same = { way: way === "urgent" ? "urgent data" : way, jobs: 0 };
  const blocksAhead = Math.ceil(bytesAhead / blockBytes);
  const run = await simulate(stopping({ ...same, blocksAhead }), { seed: 1 });
  const { stoppedAfterMs } = outcomeOf(run);
  besideModel.push({ way, bytesAhead, stoppedAfterMs, source: "virtual" });
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
// passes everything unread, whatever its size, as the lecture's sentence promises. Real TCP keeps that promise only while the
// receiver has room. A second connection has buffers of its
// own; that is why FTP keeps its commands and its data on two connections.

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
// the transfer was aborted; 226, the abort is done. If the transfer was complete already, the first is 226 as well.

// %% name="ftp-transfer"
const transfers = async (host: Host, control: Connection, stop: AbortSignal) => {
  const data = await host.connect(control.peer, 20);
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
  const data = await host.listen(20);
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
table(ftpRows, { title: "FTP's replies to an abort, by when it is sent" });

// %% name="ftp-live" tags=["live"]
const ftpLive = [];
for (const abortMs of [60, 600])
  ftpLive.push((await runLive(aborting(abortMs), { seed: 1, timeScale: 4 })).results.ana);
claims({
  "an abort in the middle is answered by 426 and then 226": /^150.*426.*226/.test(
    ftpRows[0]!.replies,
  ),
  "one that comes after the end by 226 twice": /^150.*226 complete.*226/.test(ftpRows[3]!.replies),
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
// A server's keepalive begins after 10 s of silence, asks every 2 s, and gives up when 3 questions have got no answer. A client's
// machine crashes right after its last message has come in. After how many seconds does the server tear the connection down?

// %% jupyter={"source_hidden": true} name="exercise-keepalive" tags=["exercise"]
// How your answer is checked: nothing to change here.
const near = (value: number) => (answer: number) => Math.abs(answer / value - 1) < 0.01;
const keepAliveExercise = exercise({
  name: "05-keepalive",
  statement: "Silence for 10 s, then 3 questions, 2 s apart: when does the server give up?",
  value: 10 + 3 * 2,
  unit: "s",
  mistakes: [
    {
      name: "only the questions",
      recognise: near(6),
      hint: "That is from the first question on. How long is it silent before?",
    },
    {
      name: "only the silence",
      recognise: near(10),
      hint: "After 10 s it only begins to ask. Somebody who does not answer at once may still answer.",
    },
    {
      name: "gives up when it asks for the last time",
      recognise: near(14),
      hint: "The last question, too, is given its 2 s to be answered.",
    },
    {
      name: "one question too many",
      recognise: near(18),
      hint: "The first question is asked at 10 s, not at 12 s.",
    },
    {
      name: "silence before each question",
      recognise: near(36),
      hint: "The 10 s are waited once. From then on it asks every 2 s.",
    },
  ],
  hints: [
    "Draw a line of time. When is each of the three questions asked, and when is it too late to answer it?",
  ],
});

// %% name="exercise-keepalive-answer" tags=["exercise"]
await check(keepAliveExercise, undefined);

// %% jupyter={"source_hidden": true} name="exercise-keepalive-solution" tags=["solution"]
// A solution, once you have tried: click to unfold it.
await check(keepAliveExercise, 10 + 3 * 2);

// %% [markdown] name="exercise-mark-intro"
// ## Exercise 2 · Where is the mark?
//
// A client calls `send("STOP", { urgent: true })` and then `send("NOW")`. The server, without `SO_OOBINLINE`, waits until all of it
// has come, and then calls `receive()` twice. What do the two calls give?

// %% jupyter={"source_hidden": true} name="exercise-mark" tags=["exercise"]
// How your answer is checked: nothing to change here.
const markExercise = exercise({
  name: "05-mark",
  statement: "What do two calls of `receive` give, after an urgent STOP and an ordinary NOW?",
  choices: {
    whole: '"STOP", then "NOW"',
    late: '"NOW", and "STOP" only by receiveUrgent',
    split: '"STO", then "NOW"',
    joined: '"STONOW" in one call',
    first: '"TOP", then "NOW"',
  },
  correct: "split",
  mistakes: [
    {
      name: "an urgent message",
      recognise: (answer) => answer === "whole",
      hint: "Then nothing would be urgent at all. One byte of the four is kept beside the stream. Which?",
    },
    {
      name: "all of it is urgent",
      recognise: (answer) => answer === "late",
      hint: "TCP has no urgent messages, only a mark in the stream. Which of the four bytes is at the mark?",
    },
    {
      name: "reads over the mark",
      recognise: (answer) => answer === "joined",
      hint: "The byte is right. But does one `receive` read past the mark? See the column `firstRead` in part 5.",
    },
    {
      name: "the first byte",
      recognise: (answer) => answer === "first",
      hint: "The urgent pointer says where the urgent part ends, not where it begins.",
    },
  ],
  hints: ["Look at the rows `[abc]` and `abc [X] def` of the table in part 5."],
});

// %% name="exercise-mark-answer" tags=["exercise"]
await check(markExercise, undefined);

// %% jupyter={"source_hidden": true} name="exercise-mark-solution" tags=["solution"]
// A solution, once you have tried: click to unfold it.
await check(markExercise, "split");

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

// %% jupyter={"source_hidden": true} name="exercise-late" tags=["exercise"]
// How your answer is checked: nothing to change here.
interface StopSaid {
  number: number;
  atMs: number;
}
const servesOne = async (host: Host, connection: Connection, protocol: StopProtocol) => {
  for await (const number of connection) {
    const abort = new AbortController();
    let how = "stopped";
    if (protocol.begins(number, () => abort.abort())) {
      how = await host.compute(100, { signal: abort.signal }).then(() => "done", () => "stopped"); // biome-ignore format: short
      protocol.ends(number);
    }
    await connection.send({ number, how });
  }
};
const hearsStops = async (host: Host, protocol: StopProtocol) => {
  for await (const connection of await host.listen(81)) {
    await connection.send(protocol.stop(await connection.receive()));
    connection.end();
  }
};
const stoppableServer = async (host: Host, make: () => StopProtocol) => {
  const protocol = make();
  host.spawn(hearsStops, { as: "thread" }, protocol);
  for await (const connection of await host.listen(80))
    host.spawn(servesOne, { as: "thread" }, connection, protocol);
};
const threeRequests = async (host: Host) => {
  const connection = await host.connect("server", 80);
  for (const number of [1, 2, 3]) await connection.send(number);
  const answers: { number: number; how: string; atMs: number }[] = [];
  while (answers.length < 3) answers.push({ ...(await connection.receive()), atMs: host.now() });
  return answers;
};
const saysStop = async (host: Host, { number, atMs }: StopSaid) => {
  await host.sleepUntil(atMs);
  const connection = await host.connect("server", 81);
  await connection.send(number);
  return { number, atMs, reply: (await connection.receive()) as unknown };
};
const tryStops = async (make: () => StopProtocol, said: readonly StopSaid[], seed: number) => {
  const run = await simulate(
    scenario({
      hosts: { server: {}, client: {} },
      network: { latencyMs: 5 },
      programs: {
        server: on("server", stoppableServer, make).daemon(),
        answers: on("client", threeRequests),
        replies: said.map((stop) => on("client", saysStop, stop)),
      },
      limitMs: 2000,
    }),
    { seed },
  );
  return { ...run, said };
};
type StopRun = Awaited<ReturnType<typeof tryStops>>;
const howOf = (run: StopRun, number: number) =>
  run.results.answers.find((answer) => answer.number === number)!.how;
const lateStop = exercise({
  name: "05-late-stop",
  statement: "A time at which a stop for request 1 kills request 2.",
  scenarios: {
    "a stop for request 1 at your time": (atMs: number, seed) =>
      tryStops(unsafe, [{ number: 1, atMs }], seed),
  },
  seeds: [1],
  claims: {
    "the client has not heard of request 1 when it says stop": (run) => {
      const heardMs = run.results.answers.find((answer) => answer.number === 1)!.atMs;
      return (
        run.said[0]!.atMs < heardMs || howOf(run, 1) === "stopped" || `it had, at ${heardMs} ms`
      );
    },
    "request 1 is done all the same": (run) => howOf(run, 1) === "done" || "it was stopped in time",
    "request 2 is stopped by it": (run) => howOf(run, 2) === "stopped" || "it was done",
  },
  mistakes: [
    {
      name: "in time",
      recognise: ({ run }) => howOf(run as StopRun, 1) === "stopped",
      hint: "At that time the stop comes early enough, and request 1 dies, as it should. When is the stop at the server?",
    },
    {
      name: "the client knew",
      recognise: ({ claim }) => claim.startsWith("the client has not heard"),
      hint: "The answer to request 1 is at the client 5 ms after its end. Who has it does not say stop any more.",
    },
  ],
  hints: [
    "Request 1 ends at 115 ms. The stop must be at the server after that.",
    "And the client learns of the end at 120 ms. The stop must be said before that.",
  ],
});

// %% name="exercise-late-answer" tags=["exercise"]
const stopAtMs = 60; // your time takes its place
await check(lateStop, stopAtMs);

// %% jupyter={"source_hidden": true} name="exercise-late-solution" tags=["solution"]
// A solution, once you have tried: click to unfold it.
await check(lateStop, 110); // from just above 100 to just below 120

// %% [markdown] name="exercise-safe-intro"
// ## Exercise 4 · Make it safe
//
// Write a protocol in which a stop hits the request whose number it names, or none: also when it comes after that request's end,
// and when it comes *before its beginning* (then it must not begin). The reply must be true: `"stopped"` if the request was not
// finished and never will be, `"too late"` if it was finished; also when the same stop comes twice.

// %% jupyter={"source_hidden": true} name="exercise-safe" tags=["exercise"]
// How your answer is checked: nothing to change here.
const stopsSaid = (...said: [number: number, atMs: number][]) =>
  said.map(([number, atMs]) => ({ number, atMs }));
const safeStop = exercise({
  name: "05-safe-stop",
  statement: "A stop hits the request that it names, or none, and is answered truly.",
  scenarios: {
    "no stop at all": (make: () => StopProtocol, seed) => tryStops(make, [], seed),
    "a stop in time": (make: () => StopProtocol, seed) => tryStops(make, stopsSaid([1, 50]), seed),
    "a stop that comes too late": (make: () => StopProtocol, seed) =>
      tryStops(make, stopsSaid([1, 110]), seed),
    "a stop that comes before its request begins": (make: () => StopProtocol, seed) =>
      tryStops(make, stopsSaid([3, 50]), seed),
    "the same stop twice": (make: () => StopProtocol, seed) =>
      tryStops(make, stopsSaid([2, 150], [2, 160]), seed),
    "one too late, one before its time": (make: () => StopProtocol, seed) =>
      tryStops(make, stopsSaid([3, 40], [1, 115], [2, 150]), seed),
  },
  seeds: [1],
  claims: {
    "every request is answered": (run) =>
      run.outcomes.answers.how === "returned" || "the client still waits",
    "no request is stopped that nobody wanted to stop": (run) => {
      const hit = run.results.answers.find(
        ({ number, how }) => how === "stopped" && !_.some(run.said, { number }),
      );
      return !hit || `request ${hit.number} was`;
    },
    "a stop that comes before the end stops its request": (run) => {
      const missed = run.said.find(
        ({ number, atMs }) => number * 100 > atMs && howOf(run, number) !== "stopped",
      );
      return !missed || `request ${missed.number} was finished`;
    },
    "the reply to a stop is true": (run) => {
      const wrong = run.results.replies.find(
        ({ number, reply }) =>
          reply !== (howOf(run, number) === "stopped" ? "stopped" : "too late"),
      );
      return (
        !wrong ||
        `the stop for request ${wrong.number}, which was ${howOf(run, wrong.number)}, was answered "${wrong.reply}"`
      );
    },
  },
  mistakes: [
    {
      name: "whatever runs",
      recognise: ({ claim }) => claim.startsWith("no request is stopped"),
      hint: "You stop what runs, whatever it is. A stop names a request: compare the numbers.",
    },
    {
      name: "forgets early stops",
      recognise: ({ claim, scenario: name }) =>
        claim.startsWith("a stop that comes before the end") && name.includes("before its"),
      hint: "The stop came before its request began, and was forgotten. Keep its number, and let `begins` look.",
    },
    {
      name: "stops nothing",
      recognise: ({ claim }) => claim.startsWith("a stop that comes before the end"),
      hint: "A request that runs was not stopped. `begins` gives you the function that aborts it: keep it, and call it.",
    },
    {
      name: "always stopped",
      recognise: ({ claim, detail }) =>
        claim.startsWith("the reply") && detail.includes("which was done"),
      hint: 'A request that was finished was said to be "stopped". Who relies on that will be wrong: remember which are finished.',
    },
    {
      name: "the second time",
      recognise: ({ claim, detail }) =>
        claim.startsWith("the reply") && detail.includes('"too late"'),
      hint: "`ends` is called for aborted requests as well. Only those that were not stopped are finished.",
    },
  ],
  hints: [
    "Three things to remember: how to abort what runs, by number; which numbers were stopped; which were finished.",
    "`begins` refuses a number that was stopped. `ends` makes it finished unless it was stopped. `stop` looks whether it is finished, and if not, notes it and aborts it if it runs.",
  ],
});

// %% name="exercise-safe-answer" tags=["exercise"]
const mySafe = unsafe; // your protocol takes its place: a function that makes one
await check(safeStop, mySafe);

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
await check(safeStop, safe);

// %% [markdown] name="summary"
// # What you have seen
//
// - An ordinary message does not interrupt: it waits behind the work.
// - A broken connection stops nothing by itself. Who **uses** it hears of it; who only computes does not; and of a machine that
//   crashed only keepalive tells, late.
// - A **second port** with a thread of its own hears at once. To *act* at once under load it needs a higher **priority**.
// - TCP's **urgent data** are one mark in the stream. The news of it comes as a signal, SIGURG, before the data, as long as the
//   receiver has room; the data come in order. Treat the signal as the message.
// - Telnet's Synch uses the news to *clear the way* for a command; FTP's abort uses it, and two replies that say what happened.
// - A stop and the end of the work can cross. A safe protocol names the request, remembers, and answers truly.
//
// **Read on.** RFC 6093 (what urgent data are and are not), RFC 9293 §3.8.5, RFC 854 (Telnet), RFC 959 (FTP). W. R. Stevens, *UNIX
// Network Programming*, volume 1, chapter 24. M. van Steen and A. S. Tanenbaum, *Distributed Systems*, §3.4. The pages of
// [Connection](/static/api/interfaces/Connection.html), [tcpPair](/static/api/functions/tcpPair.html),
// [measureStops](/static/api/functions/measureStops.html) and [TelnetReceiver](/static/api/classes/TelnetReceiver.html). What a
// server must remember of its clients, and what if it forgets, is notebook 06.
