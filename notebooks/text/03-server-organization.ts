// -*- coding: utf-8 -*-
// ---
// jupyter:
//   kernelspec:
//     display_name: TypeScript (Handoff)
//     language: typescript
//     name: handoff
// ---

// %% [markdown] name="title"
// # How servers are organised
//
// A server waits for a request, handles it, and waits for the next. What happens to the request that comes *while* it handles
// one? There are two answers, and this notebook lets you build both, load them until they break, and say when each is the right
// one. By the end you can
//
// - write an iterative server, and a concurrent one with a dispatcher: a thread for each request, a process for each, a pool;
// - read from a diagram which of them made it;
// - calculate how long requests take at a given load, and how many a second a server can answer, and know what the formula
//   assumes;
// - say what one slow request, too many requests, or one request that crashes does to all the others.
//
// It takes about two hours, in five sittings if you like: each part begins with a question of its own. (After a restart, **Run →
// Run All Above Selected Cell** brings back what the parts before defined.) If you have not been through notebook 00, start there.

// %% jupyter={"source_hidden": true} name="imports"
// What this notebook takes from the library: nothing to change here.
import {
  check,
  claims,
  concurrentServer,
  type Connection,
  dataset,
  deterministic,
  distribution,
  erlangC,
  exercises,
  exponential,
  fileServerModel,
  grid,
  type Host,
  hyperexponential,
  iterativeServer,
  jainIndex,
  lanes,
  type LoadRow,
  meanValueAnalysis,
  measureStartCosts,
  mg1,
  mg1ps,
  mm1,
  mmc,
  on,
  openLoop,
  overlay,
  type PairedLoad,
  pairLoads,
  type PlannedRequest,
  poolServer,
  predict,
  progress,
  queueModel,
  type RandomSource,
  randomStream,
  runLive,
  scenario,
  simulate,
  spaceTime,
  summarize,
  sweep,
  sweepFigure,
  sweepRows,
  table,
  workload,
} from "kernel-lib";
import _ from "lodash";

// %% [markdown] name="general-loop-lecture"
// # 1 · The general loop
//
// > *Um servidor é um processo que implementa um serviço específico em nome de uma coleção de clientes. Ele espera pela
// > requisição de um cliente, garante que a requisição seja tratada e, em seguida, passa a esperar pela próxima requisição.*
//
// A server is a process that implements a specific service on behalf of a collection of clients. It waits for a request from a
// client, ensures that the request is taken care of, and then waits for the next request.
//
// Every server in this notebook is this loop. They differ in one thing: *who* takes care of the request, and so how long the
// loop is away from its door.

// %% [markdown] name="request-intro"
// First, what there is to do. Our service is a stand-in for any: a request says how many milliseconds of the server's **CPU**
// it needs, and then how many it **waits** for somebody else, a disk or a database on another machine. While it waits, the CPU
// is free.

// %% name="request"
interface Request {
  computeMs: number;
  waitMs: number;
}

const handle = async (host: Host, { computeMs, waitMs }: Request) => {
  await host.compute(computeMs); // uses the CPU
  await host.sleep(waitMs); // waits for somebody else
  return "done";
};

// %% [markdown] name="serve-intro"
// To serve a connection is to receive its request, handle it, and send the answer.

// %% name="serve"
const serve = async (host: Host, connection: Connection) => {
  const request = await connection.receive();
  await connection.send(await handle(host, request));
  connection.end();
};

// %% [markdown] name="iterative-lecture"
// # 2 · Iterative servers
//
// > *Servidores iterativos: o próprio servidor trata da requisição, retornando a resposta ao cliente. Cada requisição é tratada
// > antes de atender a próxima.*
//
// Iterative servers: the server itself handles the request and returns the response to the client. Each request is handled
// before the next one is attended to. As a program, that is the general loop to the letter:

// %% name="iterative" tags=["claim:servers.process-for-clients", "claim:servers.general-loop", "claim:servers.iterative.handles-itself"]
const iterative = async (host: Host) => {
  const listener = await host.listen(80);
  for (;;) {
    const connection = await listener.accept(); // wait for a request,
    await serve(host, connection); // see that it is taken care of, and again
  }
};

// %% [markdown] name="two-requests-intro"
// Ana and Bruno ask the same: 20 ms of CPU, then 40 ms of waiting. Bruno starts 10 ms after Ana, so their requests overlap. A
// message is 5 ms on its way, and to open a connection takes one there and one back.

// %% name="two-requests"
const exchange = async (host: Host, request: unknown) => {
  const connection = await host.connect("server", 80);
  await connection.send(request);
  return connection.receive();
};
const ask = async (host: Host, request: Request) => {
  const startMs = host.now();
  await exchange(host, request);
  return host.now() - startMs; // the response time
};

// %% name="two-requests-scenario"
type Server = (host: Host) => Promise<void>;

const twoRequests = (server: Server, request: Request, cores = 1) =>
  scenario({
    hosts: { server: { cores }, ana: {}, bruno: {} },
    network: { latencyMs: 5 },
    programs: {
      server: on("server", server).daemon(),
      responseMs: [on("ana", ask, request), on("bruno", ask, request).at(10)],
    },
  });
const mixed = { computeMs: 20, waitMs: 40 };

// %% [markdown] name="iterative-predict-intro"
// **Predict.** Ana's time is 10 ms to connect, 5 ms there, 60 ms of service, 5 ms back. What is Bruno's? Write your number in
// the place of `undefined`.

// %% name="iterative-predict"
const brunoIterative = predict(
  "Bruno, iterative",
  { question: "How long does Bruno wait for his answer from the iterative server?", unit: "ms" },
  undefined,
);
brunoIterative;

// %% name="iterative-run"
const iterativeRun = await simulate(twoRequests(iterative, mixed), { seed: 1 });
brunoIterative.compare(iterativeRun.results.responseMs[1]);

// %% name="iterative-space-time" tags=["claim:servers.iterative.handles-each-before-next"]
spaceTime(iterativeRun, {
  title: "An iterative server and two requests that overlap",
  caption:
    "Solid bars are CPU time. Bruno's request is there early on, and nobody looks at it until Ana is answered.",
  alt: "The server computes for Ana, waits, answers her, and only then begins to compute for Bruno.",
});

// %% [markdown] name="iterative-lanes-intro"
// Look at the server alone. Most of the time it *waits*, for a part of that with Bruno at its door, and its CPU has nothing to do.

// %% name="iterative-lanes"
lanes(iterativeRun, {
  title: "The iterative server's only thread",
  hosts: ["server"],
  alt: "One lane: a bar of computing, a long wait, a second bar, a second long wait.",
  caption:
    "The thin line is waiting: first for a client, then for the database while a client stands in line.",
});

// %% [markdown] name="concurrent-lecture"
// # 3 · Concurrent servers
//
// > *Servidores concorrentes: não trata da requisição, usa um despachante (dispatcher), que pega a requisição e repassa seu
// > tratamento a uma thread/processo separado, esperando então pela próxima requisição.*
//
// A concurrent server does not handle the request itself. It uses a dispatcher, which takes the request and passes its handling
// to a separate thread or process, and then waits for the next request. Here is the dispatcher with a **thread for each
// request**. Compare it with the iterative server, line by line: which word has gone?

// %% name="thread-per-request" tags=["claim:servers.concurrent.passes-on", "claim:servers.concurrent.waits-for-next"]
const threadPerRequest = async (host: Host) => {
  const listener = await host.listen(80);
  for (;;) {
    const connection = await listener.accept(); // wait for a request,
    host.spawn(serve, { as: "thread" }, connection); // pass it on, and again
  }
};

// %% [markdown] name="await-gone"
// The `await` before the handling has gone. The loop starts somebody else and is back at its door at once.
//
// With a **process for each request** only one word changes, but much behind it: the child is a process of its own, with a copy
// of what it was given and a fate of its own. That is how `fork` is used in the classic Unix servers. What it is good for shows
// in part 9.

// %% name="process-per-request" tags=["claim:servers.concurrent.passes-on"]
const processPerRequest = async (host: Host) => {
  const listener = await host.listen(80);
  for (;;) {
    const connection = await listener.accept();
    host.spawn(serve, { as: "process" }, connection);
  }
};

// %% [markdown] name="pool-intro"
// The third form starts its threads once, and keeps them: a **thread pool**. The dispatcher puts each connection into a queue;
// each worker takes one, serves it, and takes the next. Each worker by itself is an iterative server!

// %% name="thread-pool" tags=["claim:servers.concurrent.passes-on"]
const threadPool = async (host: Host, threads: number) => {
  const waiting = host.queue<Connection>();
  const worker = async (own: Host) => {
    for (;;) await serve(own, await waiting.take());
  };
  for (let i = 0; i < threads; i++) host.spawn(worker, { as: "thread" });
  for await (const connection of await host.listen(80)) await waiting.put(connection);
};

// %% [markdown] name="concurrent-predict-intro"
// **Predict.** Ana and Bruno ask again, this time a server with a thread for each. It still has a single core. Bruno will be
// answered sooner. And Ana?

// %% name="concurrent-predict"
const anaConcurrent = predict(
  "Ana, concurrent",
  {
    question: "With a thread for each request, Ana's response time …",
    choices: { sooner: "becomes shorter", same: "stays as it was", later: "becomes longer" },
  },
  undefined,
);
anaConcurrent;

// %% name="concurrent-run"
const threadRun = await simulate(twoRequests(threadPerRequest, mixed), { seed: 1 });
const change = threadRun.results.responseMs[0] - iterativeRun.results.responseMs[0];
anaConcurrent.compare(change > 0 ? "later" : change < 0 ? "sooner" : "same");

// %% name="concurrent-space-time" tags=["claim:servers.concurrent.waits-for-next"]
spaceTime(threadRun, {
  title: "A thread for each of the two requests",
  by: "thread",
  caption:
    "Where the two bars stand side by side, the threads share the core. The dispatcher (left) hardly ever works.",
  alt: "The dispatcher passes both connections on at once; the two threads share the CPU for a while, then wait at the same time.",
});

// %% [markdown] name="concurrent-explained"
// Bruno gains much, since his waiting overlaps with Ana's. Ana loses a little: from the moment Bruno comes, they share the
// core. A concurrent server has **no more CPU** than an iterative one. It only lets less of it lie idle.
//
// If that is so, requests that never wait should gain nothing. Try it: the same length of service, all of it on the CPU, on one
// core and on two.

// %% name="cpu-only"
const organisations: Record<string, Server> = {
  iterative,
  "thread per request": threadPerRequest,
  "process per request": processPerRequest,
  "pool of two": (host) => threadPool(host, 2),
};
const cpuOnly = { computeMs: 60, waitMs: 0 };
const kinds = [
  { kind: "20 ms CPU, 40 ms waiting", request: mixed, cores: 1 },
  { kind: "60 ms CPU", request: cpuOnly, cores: 1 },
  { kind: "60 ms CPU, two cores", request: cpuOnly, cores: 2 },
];

// %% name="two-requests-table"
const everyCase = await Promise.all(
  grid({ situation: kinds, organisation: Object.keys(organisations) }).map(async (each) => {
    const { kind, request, cores } = each.situation;
    const played = twoRequests(organisations[each.organisation]!, request, cores);
    const [anaMs, brunoMs] = (await simulate(played, { seed: 1 })).results.responseMs;
    const meanMs = (anaMs + brunoMs) / 2;
    return { kind, organisation: each.organisation, anaMs, brunoMs, meanMs };
  }),
);
table(everyCase, { title: "Response times of two requests that overlap" });

// %% name="two-requests-claims"
const meanOf = (kind: number, organisation: string) =>
  _.find(everyCase, { kind: kinds[kind]!.kind, organisation })!.meanMs;
const gain = (kind: number) => meanOf(kind, "iterative") - meanOf(kind, "thread per request");
const others = everyCase.filter((row) => row.organisation !== "iterative");
claims({
  "when requests wait, a thread for each shortens the mean response": gain(0) > 0,
  "when they only compute, on one core, it makes the mean longer": gain(1) < 0,
  "on two cores it shortens it again": gain(2) > 0,
  "without costs, threads, processes and a pool that is large enough are the same":
    _.uniqBy(others, (row) => `${row.kind} ${row.anaMs} ${row.brunoMs}`).length === kinds.length,
});

// %% [markdown] name="two-requests-explained"
// Remember this table when somebody says that threads make a server fast. Concurrency overlaps **waiting**, and it uses **more
// cores**. Where there is neither, and all requests are alike, it only makes those who came first wait for those who came later.
// (Requests that are not alike come in part 6.)

// %% [markdown] name="two-requests-live-intro"
// ## Live
//
// The same scenarios over real sockets, with real CPU time. Only the 5 ms of the network are put in. Each is run three times, and the
// shortest time counts: whatever else your machine does meanwhile can only add to it.

// %% name="shortest-of-three"
const shortestOfThree = async (server: Server) => {
  const rows: { client: string; predictedMs: number; measuredMs: number }[] = [];
  for (let i = 0; i < 3; i++) {
    const run = await runLive(twoRequests(server, mixed), { seed: 1, timeScale: 3 });
    const [virtual, live] = [run.predicted.results.responseMs, run.results.responseMs];
    rows.push({ client: "Ana", predictedMs: virtual[0], measuredMs: live[0] });
    rows.push({ client: "Bruno", predictedMs: virtual[1], measuredMs: live[1] });
  }
  return ["Ana", "Bruno"].map((client) => _.minBy(_.filter(rows, { client }), "measuredMs")!);
};

// %% name="two-requests-live" tags=["live", "claim:servers.iterative.handles-each-before-next", "claim:servers.concurrent.passes-on"]
const pairs: { client: string; organisation: string; predictedMs: number; measuredMs: number }[] =
  [];
for (const [organisation, server] of Object.entries(organisations))
  for (const row of await shortestOfThree(server)) pairs.push({ organisation, ...row });
table(pairs, { title: "Two requests that overlap, in virtual time and live" });

// %% name="two-requests-live-figure" tags=["live"]
const brunos = _.filter(pairs, { client: "Bruno" });
overlay({
  title: "Bruno's response time, in both worlds",
  x: { label: "organisation" },
  y: { label: "response time", unit: "ms" },
  predicted: brunos.map((row) => ({ x: row.organisation, y: row.predictedMs })),
  measured: brunos.map((row) => ({ x: row.organisation, y: row.measuredMs })),
  predictions: [{ label: "your prediction, iterative", value: brunoIterative.value }],
  alt: "At the iterative server Bruno waits longest; live points lie a little above those of virtual time.",
});

// %% name="two-requests-live-claims" tags=["live"]
const liveOf = (client: string, organisation: string) =>
  _.find(pairs, { client, organisation })!.measuredMs;
const apartMs = (name: string) => Math.abs(liveOf("Bruno", name) - liveOf("Ana", name));
const concurrentNames = Object.keys(organisations).filter((name) => name !== "iterative");
claims({
  "live, too, Bruno waits longest at the iterative server": concurrentNames.every(
    (name) => liveOf("Bruno", name) < liveOf("Bruno", "iterative"),
  ),
  "live, too, the others treat the two more alike": concurrentNames.every(
    (name) => apartMs(name) < apartMs("iterative"),
  ),
});

// %% [markdown] name="two-requests-difference"
// **Why the two differ.** Every step that virtual time takes for free costs something here: opening a socket, waking a thread,
// noticing that a timer has run out. At the iterative server Bruno pays for Ana's as well. And the core is not ours alone:
// whatever else your machine does meanwhile stretches the computing.

// %% [markdown] name="load-intro"
// # 4 · How long at which load?
//
// > *Cada requisição é tratada antes de atender a próxima.* — Each request is handled before the next one is attended to.
//
// Two requests are an anecdote. What does this sentence cost when requests come as they come, at random, at a given mean rate?
// The **load** ρ is the share of the time in which the server is busy: arrivals per second times service time. At a load of
// 0.8, a fifth of its time is free. So waits should be short, should they not?
//
// Say that requests arrive independently of each other (**Poisson** arrivals) and that most need little service and some much
// (**exponential** times). With one server this is called **M/M/1**. With λ arrivals a second and a mean service time of E[S] the load is
// ρ = λ·E[S], and the mean response time W is known in closed form:
//
// $$W = \frac{E[S]}{1-\rho} = \frac{1}{\mu-\lambda}, \qquad \mu = \frac{1}{E[S]}$$

// %% name="load-predict"
const atNinety = predict(
  "load 0.9",
  {
    question:
      "Service takes 10 ms on average. How long is the mean response time at a load of 0.9?",
    unit: "ms",
  },
  undefined,
);
atNinety;

// %% [markdown] name="load-simulate-intro"
// A closed form needs a witness. The next cells simulate an iterative server at six loads, twenty times each with other random
// numbers, ten thousand requests each time; the first tenth is left out, since the server starts empty. So many requests need
// no hosts and no messages: `queueModel` runs on the bare list of events. From twenty runs we get an **interval**, `low` to
// `high`: with a confidence of 99.9 %, the true mean lies within.

// %% name="load-settings"
const meanMs = 10;
const memoryless = (source: RandomSource) => exponential({ mean: meanMs }, source);
const arrivals = (load: number, servers = 1) => (1000 * load * servers) / meanMs; // a second
const twentyRuns = (bar: { tick(): void }) => ({
  replications: 20,
  confidence: 0.999,
  onProgress: () => bar.tick(),
});

// %% name="load-simulate"
const loads = [0.2, 0.4, 0.6, 0.7, 0.8, 0.9];
const iterativeModel = { service: memoryless, requests: 10_000 };
const oneServer = await sweep(
  grid({ load: loads }),
  ({ load }, seed) => queueModel({ ...iterativeModel, arrivalsPerS: arrivals(load), seed }),
  twentyRuns(progress(loads.length * 20, "120 simulations")),
);

// %% name="load-simulated"
const simulated = sweepRows(oneServer, "responseMs");
const mm1Ms = (load: number) => mm1({ arrivalsPerS: arrivals(load), serviceMs: meanMs }).responseMs;
table(
  simulated.map((row) => ({ ...row, theoryMs: mm1Ms(row.load) })),
  {
    title: "Mean response time: M/M/1 and simulation",
    columns: ["load", "theoryMs", "responseMs", "low", "high"],
  },
);

// %% name="load-compare"
atNinety.compare(mm1Ms(0.9));

// %% [markdown] name="load-live-intro"
// And live: your iterative server from part 2, with 200 requests at a load of 0.5 and 200 at 0.7. Its service is waiting for
// somebody else here, so that other programs on your machine, which also want the CPU, disturb as little as possible.
//
// Since 200 random requests are few, their mean is itself a matter of luck. So `runLive` also gives the **virtual run of the
// same draws**: the same arrivals, the same service times, without a real machine. *That* is what a live run must be compared
// with. Only the long simulation is to be compared with theory.

// %% name="load-scenario"
const underLoad = (server: Server, plan: readonly (Request & { arrivalMs: number })[]) =>
  scenario({
    hosts: { server: {}, clients: {} },
    programs: {
      server: on("server", server).daemon(),
      load: on("clients", openLoop, plan), // one thread for each request, at its time
    },
  });
const waiting = (plan: readonly PlannedRequest[]) =>
  plan.map((row) => ({ ...row, computeMs: 0, waitMs: row.serviceMs }));

// %% name="live-load"
const liveLoad = async (server: Server, plan: readonly PlannedRequest[], timeScale = 1.4) => {
  const run = await runLive(underLoad(server, waiting(plan)), { seed: 1, timeScale });
  return pairLoads(run.predicted.results.load, run.results.load);
};
const twoHundred = { requests: 200, seed: 1 };

// %% name="load-live" tags=["live"]
const liveLoads: (PairedLoad & { load: number })[] = [];
for (const load of [0.5, 0.7]) {
  const plan = workload({ ...twoHundred, arrivalsPerS: arrivals(load), service: memoryless });
  liveLoads.push({ load, ...(await liveLoad(iterative, plan)) });
}
table(liveLoads, {
  title: "Mean of 200 requests: virtual run of the same draws, and live",
  columns: ["load", "predictedMs", "measuredMs"],
});

// %% name="load-points" tags=["live"]
const points = simulated.map(({ load: x, responseMs: y, low, high }) => ({ x, y, low, high }));
const longRuns = { label: "predicted, 20 × 10,000 requests", points };
const sameDraws = {
  label: "virtual run of the live draws",
  points: liveLoads.map(({ load, predictedMs }) => ({ x: load, y: predictedMs })),
};

// %% name="load-figure" tags=["live", "claim:servers.iterative.handles-each-before-next"]
overlay({
  title: "Response time of an iterative server against load",
  x: { label: "load ρ", domain: [0, 1] },
  y: { label: "mean response time", unit: "ms" },
  theory: { label: "M/M/1", f: mm1Ms, to: 0.92 },
  predicted: [longRuns, sameDraws],
  measured: liveLoads.map(({ load, measuredMs }) => ({ x: load, y: measuredMs })),
  predictions: [{ label: "your prediction for 0.9", value: atNinety.value }],
  alt: "The curve rises slowly up to a load of about 0.5 and then ever more steeply; simulated points lie a little below it.",
  caption:
    "The six simulated points come from the same twenty seeds: they share their luck, and lie on the same side of the line.",
});

// %% name="load-claims"
claims({
  "at every load, 1/(μ−λ) lies within the simulation's interval": simulated.every(
    ({ load, low, high }) => low < mm1Ms(load) && mm1Ms(load) < high,
  ),
  "the six loads share their seeds, so all six means lie below the line": simulated.every(
    ({ load, responseMs }) => responseMs < mm1Ms(load),
  ),
  "from a load of 0.8 to one of 0.9, the response time doubles":
    Math.abs(mm1Ms(0.9) / mm1Ms(0.8) - 2) < 1e-9,
  "at a load of 0.5 half of it is waiting, at 0.9 nine tenths":
    Math.abs(mm1Ms(0.5) - 2 * meanMs) < 1e-9 && Math.abs(mm1Ms(0.9) - 10 * meanMs) < 1e-9,
});

// %% [markdown] name="load-explained"
// This curve is the most useful one in the whole course. At a load of 0.5 a request spends half of its time waiting; at 0.9,
// nine tenths. The last tenth of a server's capacity is paid for with everybody's patience, because **random arrivals come in
// bursts**, and an idle moment can't be saved up for the next burst.

// %% name="load-per-request" tags=["live"]
const { load: busiestLoad, rows: busiest } = liveLoads[1]!;
const virtually = busiest.map((row) => ({ x: row.request, y: row.predictedMs }));
overlay({
  title: `Request by request, at a load of ${busiestLoad}`,
  x: { label: "request" },
  y: { label: "response time", unit: "ms" },
  predicted: { label: "virtual run of the same draws", points: virtually },
  measured: busiest.map((row) => ({ x: row.request, y: row.measuredMs })),
  alt: "Both series show the same hills: where requests came close together, or a long one was among them.",
  caption: "The same arrivals and the same service times in both worlds.",
});

// %% name="load-live-claims" tags=["live"]
const notFaster = (loads: readonly PairedLoad[]) =>
  loads.every(({ predictedMs, measuredMs }) => measuredMs > 0.98 * predictedMs);
const [quick, slow] = _.chunk(_.sortBy(busiest, "predictedMs"), 100);
claims({
  "live, no mean is shorter than in the virtual run of the same draws": notFaster(liveLoads),
  "the hundred requests that are slow in virtual time are the slower ones live":
    _.meanBy(slow, "measuredMs") > _.meanBy(quick, "measuredMs"),
});

// %% [markdown] name="load-difference"
// **Why the two differ.** A live request needs its service *and* a little time for sockets, timers and threads. That is a
// longer service, hence a higher load, and the curve says what follows: the closer to 1, the more each extra millisecond is
// multiplied by the queue behind it. Look at the hills in the second figure: the difference grows while a queue lasts, and is
// gone when it has emptied. If your machine was busy with something else for a moment, you see a hill that virtual time does
// not have.

// %% [markdown] name="pool-load-intro"
// ## More servers at one queue
//
// > *… repassa seu tratamento a uma thread/processo separado.* — … passes its handling to a separate thread or process.
//
// A pool of *c* threads serves *c* requests at the same time, if each waits for something of its own: a database connection,
// say. Its closed form is **M/M/c** (Erlang, 1917: how many telephone lines does a town need?):
//
// $$W = E[S] + \frac{C(c, a)}{c\mu-\lambda}, \qquad a = \lambda\,E[S]$$
//
// where Erlang's C(c, a) is the probability that a request finds all *c* threads busy; C(4, 3.2) is about 0.6. **Predict:** one
// server, or a pool of four with four times the arrivals. Service takes 10 ms, as before. The *load* is the same, 0.8. How does the mean response time of the pool compare?

// %% name="pool-predict"
const poolOfFour = predict(
  "pool of four",
  {
    question: "At a load of 0.8, one server needs 50 ms. How long does a pool of four need?",
    unit: "ms",
  },
  undefined,
);
poolOfFour;

// %% name="pool-simulate"
const sizes = [1, 2, 4];
const poolPoints = grid({ threads: sizes, load: [0.3, 0.5, 0.7, 0.8] });
const poolModel = { service: memoryless, requests: 6000 };
const pools = await sweep(
  poolPoints,
  ({ threads: servers, load }, seed) =>
    queueModel({ ...poolModel, servers, arrivalsPerS: arrivals(load, servers), seed }),
  twentyRuns(progress(poolPoints.length * 20, "240 simulations")),
);

// %% name="pool-compare"
const simulatedPools = sweepRows(pools, "responseMs");
const mmcMs = (load: number, servers: number) =>
  mmc({ arrivalsPerS: arrivals(load, servers), serviceMs: meanMs, servers }).responseMs;
poolOfFour.compare(mmcMs(0.8, 4));

// %% name="pool-live" tags=["live"]
const poolLive: (PairedLoad & { threads: number; theoryMs: number })[] = [];
for (const threads of sizes) {
  const arrivalsPerS = arrivals(0.7, threads);
  const plan = workload({ ...twoHundred, arrivalsPerS, service: memoryless });
  // More requests a second are played more slowly, so that each run takes as long.
  const means = await liveLoad((host) => threadPool(host, threads), plan, 1.4 * threads);
  poolLive.push({ threads, theoryMs: mmcMs(0.7, threads), ...means });
}
table(poolLive, {
  title: "Pools at a load of 0.7: theory, virtual run of the same 200 draws, live",
  columns: ["threads", "theoryMs", "predictedMs", "measuredMs"],
});

// %% name="pool-rows" tags=["live"]
const range = _.range(0.02, 0.82, 0.02);
const poolRows = [
  ...grid({ threads: sizes, load: range }).map((point) => {
    return { ...point, responseMs: mmcMs(point.load, point.threads), source: "theory" };
  }),
  ...simulatedPools,
  ...poolLive.map(({ threads, measuredMs }) => {
    return { threads, load: 0.7, responseMs: measuredMs, source: "measured" };
  }),
].map((row) => ({ ...row, pool: `${row.threads} thread${row.threads > 1 ? "s" : ""}` }));

// %% name="pool-figure" tags=["live", "claim:servers.concurrent.passes-on"]
const loadAxis = { field: "load", label: "load ρ" };
const meanAxis = { field: "responseMs", label: "mean response time", unit: "ms" };
sweepFigure(poolRows, {
  title: "One queue, one, two or four servers",
  alt: "At the same load, more servers at one queue respond faster; theory runs through the simulated points.",
  caption:
    "Live points are means of 200 requests: compare them with the table above, not with the lines.",
  series: "pool",
  source: "source",
  x: loadAxis,
  y: { ...meanAxis, low: "low", high: "high" },
});

// %% name="pool-claims"
claims({
  "Erlang's formula lies within every interval of the simulation": simulatedPools.every(
    ({ threads, load, low, high }) => low < mmcMs(load, threads) && mmcMs(load, threads) < high,
  ),
  "at the same load, a pool of four is faster than one server": mmcMs(0.8, 4) < mmcMs(0.8, 1),
  "of two servers at a load of one half, a third of requests has to wait":
    Math.abs(erlangC(2, 1) - 1 / 3) < 1e-9,
});

// %% name="pool-live-claims" tags=["live"]
const medians = poolLive.map(({ rows }) => _.sortBy(rows, "measuredMs")[100]!.measuredMs);
claims({
  "live, the median request is answered sooner by four threads than by one":
    medians[2]! < medians[0]!,
  "live, no pool is faster than in the virtual run of the same draws": notFaster(poolLive),
});

// %% [markdown] name="pool-explained"
// It is the queue at the bank: one line for all counters, so nobody stands behind a slow customer while another counter is
// free. The larger the pool, the rarer it is that *all* are busy. But mind what was assumed: each thread has a database
// connection to itself. With threads that compute, four of them on one core are *not* four servers.

// %% [markdown] name="variability-intro"
// ## It is not only the load
//
// The same load, the same mean service time, three kinds of service: always the same; exponential; and **highly variable**, where
// most requests are short and a few are very long, as files on a web server are. How variable a time is, its *squared
// coefficient of variation* C² tells: its variance over its squared mean, here 0, 1 and 10.
//
// For one server and any service (**M/G/1**), Pollaczek and Khinchine found the mean wait around 1930:
//
// $$W_q = \frac{\lambda\,E[S^2]}{2\,(1-\rho)} = \frac{\rho}{1-\rho}\cdot\frac{1+C^2}{2}\cdot E[S], \qquad W = W_q + E[S]$$
//
// The second form follows from E[S²] = (1 + C²)·E[S]². For exponential service, C² = 1, it is the wait of M/M/1 from above.

// %% name="variability-predict"
const variablePrediction = predict(
  "highly variable",
  {
    question:
      "At a load of 0.7, exponential service gives 33 ms. And service that is highly variable (C² = 10)?",
    unit: "ms",
  },
  undefined,
);
variablePrediction;

// %% name="variability-services"
const variable = { mean: meanMs, scv: 10 };
const services = {
  constant: { scv: 0, draw: () => deterministic({ value: meanMs }) },
  exponential: { scv: 1, draw: memoryless },
  "highly variable": {
    scv: 10,
    draw: (source: RandomSource) => hyperexponential(variable, source),
  },
};
type ServiceName = keyof typeof services;
const serviceNames = Object.keys(services) as ServiceName[];

// %% name="variability-theory"
const pkMs = (service: ServiceName, load: number) =>
  mg1({ arrivalsPerS: arrivals(load), serviceMs: meanMs, scv: services[service].scv }).responseMs;
variablePrediction.compare(pkMs("highly variable", 0.7));

// %% name="variability-model"
const modelOf = (service: ServiceName, load: number, seed: number) => {
  const arrivalsPerS = arrivals(load);
  return { service: services[service].draw, arrivalsPerS, requests: 10_000, seed };
};

// %% name="variability-simulate"
const fourLoads = [0.2, 0.4, 0.6, 0.7];
const variability = await sweep(
  grid({ service: serviceNames, load: fourLoads }),
  ({ service, load }, seed) => queueModel(modelOf(service, load, seed)),
  twentyRuns(progress(12 * 20, "240 simulations")),
);
const simulatedServices = sweepRows(variability, "responseMs");

// %% name="variability-live" tags=["live"]
const variabilityLive: (PairedLoad & { service: ServiceName; theoryMs: number })[] = [];
for (const service of serviceNames) {
  const arrivalsPerS = arrivals(0.7);
  const plan = workload({ ...twoHundred, arrivalsPerS, service: services[service].draw });
  const means = await liveLoad(iterative, plan);
  variabilityLive.push({ service, theoryMs: pkMs(service, 0.7), ...means });
}
table(variabilityLive, {
  title: "Iterative server at a load of 0.7: theory, virtual run of the same 200 draws, live",
  columns: ["service", "theoryMs", "predictedMs", "measuredMs"],
});

// %% name="variability-rows" tags=["live"]
const pkLines = grid({ service: serviceNames, load: range.filter((load) => load < 0.72) }).map(
  (point) => ({ ...point, responseMs: pkMs(point.service, point.load), source: "theory" }),
);
const serviceRows = [
  ...pkLines,
  ...simulatedServices,
  ...variabilityLive.map(({ service, measuredMs }) => {
    return { service, load: 0.7, responseMs: measuredMs, source: "measured" };
  }),
];

// %% name="variability-figure" tags=["live"]
sweepFigure(serviceRows, {
  title: "The same load, three kinds of service",
  alt: "Highly variable service responds several times slower than exponential, which is slower than constant service.",
  caption:
    "Lines: Pollaczek–Khinchine. Live points are means of 200 requests: compare them with the table above.",
  series: "service",
  source: "source",
  x: loadAxis,
  y: { ...meanAxis, low: "low", high: "high" },
});

// %% name="variability-claims"
claims({
  "Pollaczek–Khinchine lies within every interval of the simulation": simulatedServices.every(
    ({ service, load, low, high }) => low < pkMs(service, load) && pkMs(service, load) < high,
  ),
  "constant service waits half as long as exponential service":
    Math.abs((pkMs("constant", 0.7) - meanMs) / (pkMs("exponential", 0.7) - meanMs) - 0.5) < 1e-9,
  "highly variable service waits more than five times as long":
    (pkMs("highly variable", 0.7) - meanMs) / (pkMs("exponential", 0.7) - meanMs) > 5,
});

// %% name="variability-live-claims" tags=["live"]
const variableRows = _.sortBy(variabilityLive[2]!.rows, "predictedMs");
const [shortOnes, longOnes] = _.chunk(variableRows, 100);
claims({
  "live, no mean is shorter than in the virtual run of the same draws": notFaster(variabilityLive),
  "highly variable, the hundred requests that are slow in virtual time are the slower ones live":
    _.meanBy(longOnes, "measuredMs") > _.meanBy(shortOnes, "measuredMs"),
});

// %% [markdown] name="variability-explained"
// It matters as much as the load. The formula contains E[S²], the mean of the *square* of the service time: a request that takes a
// hundred times as long blocks a hundred times as many others, each of them for a hundred times as long.
//
// Live, two hundred highly variable requests are luck: a few long ones decide everything. The virtual run of the same draws had
// the same luck, so *it* can be compared, and theory can't.

// %% [markdown] name="file-server-intro"
// # 5 · The file server: a calculation, and its trap
//
// How much does "a separate thread" bring? A well-known exercise makes it exact. A request to a file server takes 15 ms of CPU.
// One third of the requests miss the cache, and wait another 75 ms for the disk, while their thread sleeps. How many requests a
// second can the server answer with **one thread**, and how many with **very many**? The server is one machine, with one disk.
// Do both calculations on paper.

// %% name="file-server-predict"
const manyThreads = predict(
  "file server",
  {
    question:
      "How many requests a second does the file server answer with very many threads and one disk?",
    unit: "requests/s",
  },
  undefined,
);
manyThreads;

// %% [markdown] name="file-server-calculation"
// With one thread nothing overlaps: the mean request takes 15 ms and a third of 75 ms. With very many threads there is always
// one that can use the CPU; it is never idle, and spends 15 ms on each request: the second line of the table. That is the
// answer in books. Is there anything else that must not be busier than all the time?

// %% name="file-server-calculate" tags=["claim:servers.concurrent.passes-on"]
const meanDiskMs = 75 / 3;
const oneThreadPerS = 1000 / (15 + meanDiskMs);
const cpuBoundPerS = 1000 / 15;
const oneDiskPerS = 1000 / Math.max(15, meanDiskMs);
table([
  { case: "one thread", requestsPerS: oneThreadPerS, limit: "one after the other" },
  { case: "many threads, disk unlimited", requestsPerS: cpuBoundPerS, limit: "the CPU" },
  { case: "many threads, one disk", requestsPerS: oneDiskPerS, limit: "the disk" },
]);

// %% [markdown] name="file-server-trap"
// That is the **trap**. The answer in books holds only if the disk serves *any number* of threads at the same time. One disk,
// which serves one access after the other, is busy longer for each request than the CPU is: it is the **bottleneck**, and
// threads do not widen it.

// %% name="file-server-compare"
manyThreads.compare(oneDiskPerS);

// %% [markdown] name="file-server-mva-intro"
// What happens between one thread and very many? **Mean value analysis** tells it exactly, for exponential times, by one idea:
// a thread that comes to the disk finds there, on average, what would be there if it did not exist.

// %% name="file-server-mva"
const mva = (kind: "queue" | "delay") => {
  const disk = { name: "disk", demandMs: meanDiskMs, kind };
  return meanValueAnalysis({ stations: [{ name: "cpu", demandMs: 15 }, disk], customers: 16 }).rows;
};
const analysis = { one: mva("queue"), unlimited: mva("delay") };
const analysisPerS = (disks: "one" | "unlimited", threads: number) =>
  analysis[disks][threads - 1]!.throughputPerS;

// %% name="file-server-table"
const known = dataset<{ threads: number; oneDiskPerS: number; delayPerS: number }>(
  "file-server-threads",
);
const threadRows = known.rows.map(({ threads }) => {
  const [oneDiskPerS, anyNumberPerS] = [
    analysisPerS("one", threads),
    analysisPerS("unlimited", threads),
  ];
  return { threads, oneDiskPerS, anyNumberPerS };
});
table(threadRows, { title: "Throughput of the file server, by mean value analysis" });

// %% name="file-server-claims"
const same = (a: number, b: number) => Math.abs(a - b) < 0.006;
const isKnown = known.rows.map(({ oneDiskPerS, delayPerS }, i) => {
  return (
    same(threadRows[i]!.oneDiskPerS, oneDiskPerS) && same(threadRows[i]!.anyNumberPerS, delayPerS)
  );
});
claims({
  "the table agrees with the one in datasets/": _.every(isKnown),
  "with one thread, calculation and analysis agree": same(oneThreadPerS, analysisPerS("one", 1)),
  "16 threads with one disk give no more than one disk can": analysisPerS("one", 16) <= oneDiskPerS,
  "four threads already reach 94 % of that": analysisPerS("one", 4) > 0.94 * oneDiskPerS,
});

// %% [markdown] name="file-server-simulate-intro"
// Now by simulation: once with exponential disk times, as the analysis assumes, and once with accesses that take exactly 75 ms,
// as the exercise says.

// %% name="file-server-simulate"
const fileModel = { cpuMs: 15, diskMs: 75, diskShare: 1 / 3, requests: 4000 };
const filePoints = grid({
  disks: ["one", "unlimited"] as const,
  access: ["exponential", "constant"] as const,
  threads: [1, 2, 4, 8, 16],
});
const fileServers = await sweep(
  filePoints,
  (point, seed) => fileServerModel({ ...fileModel, ...point, seed }),
  twentyRuns(progress(filePoints.length * 20, "400 simulations")),
);

// %% [markdown] name="file-server-live-intro"
// And as programs: a pool, a real CPU, and a disk that serves one access at a time; or, for the other case, threads that sleep
// side by side. There are as many clients as threads, and each asks again as soon as it is answered.

// %% name="file-server-programs"
interface FileRequest {
  needsDisk: boolean;
}
const fileHandler =
  (disks: "one" | "unlimited") =>
  async (host: Host, { needsDisk }: FileRequest) => {
    await host.compute(15);
    if (needsDisk) await (disks === "one" ? host.disk.read("block") : host.sleep(75));
    return "block";
  };
const misses = randomStream(1, "misses");
const fileRequests = _.range(48).map((): FileRequest => ({ needsDisk: misses() < 1 / 3 }));

// %% name="file-server-clients"
const busyClients = async (host: Host, requests: readonly FileRequest[], clients: number) => {
  const rest = requests.values(); // shared: whoever is free takes the next
  const client = async (own: Host) => {
    for (const request of rest) await exchange(own, request);
  };
  const all = _.times(clients, () => host.spawn(client, { as: "thread" }));
  for (const each of all) await each.done();
  return (1000 * requests.length) / host.now(); // requests a second
};

// %% name="file-server-scenario"
const fileServer = (threads: number, disks: "one" | "unlimited") =>
  scenario({
    hosts: { server: { disk: { accessMs: 75 } }, clients: {} },
    programs: {
      server: on("server", poolServer, fileHandler(disks), { threads }).daemon(),
      throughputPerS: on("clients", busyClients, fileRequests, threads),
    },
  });

// %% name="file-server-live" tags=["live"]
const fileCases = [
  ...grid({ disks: ["one"] as const, threads: [1, 2, 4, 8] }),
  ...grid({ disks: ["unlimited"] as const, threads: [2, 8] }),
];
const fileLive: ((typeof fileCases)[number] & { predictedPerS: number; measuredPerS: number })[] =
  [];
for (const point of fileCases) {
  const run = await runLive(fileServer(point.threads, point.disks), { seed: 1, timeScale: 1 });
  const [predictedPerS, measuredPerS] = [run.predicted, run].map(
    (one) => one.results.throughputPerS,
  );
  fileLive.push({ ...point, predictedPerS: predictedPerS!, measuredPerS: measuredPerS! });
}
table(fileLive, { title: "48 requests: virtual run of the same requests, and live" });

// %% name="file-server-rows" tags=["live"]
const simulatedFiles = sweepRows(fileServers, "throughputPerS");
const analysed = grid({ disks: ["one", "unlimited"] as const, threads: _.range(1, 17) });
const fileRows = [
  ...analysed.map((point) => {
    return { ...point, throughputPerS: analysisPerS(point.disks, point.threads), source: "theory" };
  }),
  ..._.filter(simulatedFiles, { access: "exponential" }),
  ...fileLive.map((row) => ({ ...row, throughputPerS: row.measuredPerS, source: "measured" })),
].map((row) => ({ ..._.omit(row, "measuredPerS", "predictedPerS"), disks: `disks: ${row.disks}` }));

// %% name="file-server-figure" tags=["live", "claim:servers.concurrent.passes-on"]
const perS = { field: "throughputPerS", label: "throughput", unit: "requests/s" };
sweepFigure(fileRows, {
  title: "What more threads bring to the file server",
  alt: "Both lines begin at 25 a second; with one disk the line stops at 40, with unlimited disks at 66.7.",
  caption: "One disk serves one access at a time, unlimited disks any number.",
  series: "disks",
  source: "source",
  x: { field: "threads", label: "threads" },
  y: { ...perS, low: "low", high: "high" },
});

// %% name="file-server-access"
const constantAccess = _.filter(sweepRows(fileServers, "throughputPerS"), {
  access: "constant",
  disks: "one",
});
table(
  constantAccess.map((row) => ({ ...row, analysisPerS: analysisPerS("one", row.threads) })),
  {
    title: "One disk: analysis (exponential times) and simulation with accesses of exactly 75 ms",
    columns: ["threads", "analysisPerS", "throughputPerS", "low", "high"],
  },
);

// %% name="file-server-simulation-claims"
const exponentialAccess = _.filter(sweepRows(fileServers, "throughputPerS"), {
  access: "exponential",
});
claims({
  "with exponential times, the analysis lies within 2 % of the simulation": exponentialAccess.every(
    (row) => Math.abs(row.throughputPerS / analysisPerS(row.disks, row.threads) - 1) < 0.02,
  ),
  "with constant times and two threads, one disk gives more than the analysis says":
    constantAccess[1]!.low > analysisPerS("one", 2),
  "with 16 threads it makes no difference":
    Math.abs(constantAccess[4]!.throughputPerS / analysisPerS("one", 16) - 1) < 0.02,
});

// %% name="file-server-live-claims" tags=["live"]
const liveFiles = (disks: "one" | "unlimited", threads: number) =>
  _.find(fileLive, { disks, threads })!.measuredPerS;
claims({
  "live, four threads answer more than one": liveFiles("one", 4) > liveFiles("one", 1),
  "live, eight threads with one disk give no more than one disk can":
    liveFiles("one", 8) <
    (1000 * fileRequests.length) / (75 * _.filter(fileRequests, "needsDisk").length),
  "live, nothing is faster than in the virtual run of the same requests": fileLive.every(
    ({ measuredPerS, predictedPerS }) => measuredPerS < 1.02 * predictedPerS,
  ),
});

// %% [markdown] name="file-server-explained"
// **Why they differ.** Live answers less than the virtual run of the same requests: sockets and threads take their part of each
// request, and the CPU has other things to do. Against the *analysis* more differs. The requests are few, so the share that
// missed the cache is not exactly a third, and at the beginning and the end of so short a run the disk has nothing to do. And
// accesses of constant length queue less than exponential ones, as part 4 explains.
//
// Where the bottleneck is busy all the time, none of that matters any more: the limits in the first table depend on means
// alone. That makes them so useful. Calculate them first; then ask what else is shared.

// %% [markdown] name="head-of-line-intro"
// # 6 · One slow request among fast ones
//
// > *Cada requisição é tratada antes de atender a próxima.* — Even if it takes very long?
//
// Sixty requests come evenly, one every 10 ms. Each needs 2 ms of CPU: an easy day. But one of them, by bad luck, takes 200 ms.
// **Predict:** at the iterative server, how many of the fast requests have to wait, for it or for each other?

// %% name="head-of-line-predict"
const delayed = predict(
  "delayed requests",
  { question: "How many of the fast requests take longer than 2 ms?", unit: "" },
  undefined,
);
delayed;

// %% name="head-of-line-plan"
const slowAt = 10;
const oneSlow = _.range(60).map((request) => ({
  arrivalMs: 10 * request,
  computeMs: request === slowAt ? 200 : 2,
  waitMs: 0,
}));
const slowScenario = (server: Server) =>
  scenario({
    hosts: { server: {}, clients: {} },
    programs: { server: on("server", server).daemon(), load: on("clients", openLoop, oneSlow) },
  });

// %% name="head-of-line-run"
const three = _.pick(organisations, "iterative", "pool of two", "thread per request");
const slowRuns = await Promise.all(
  Object.values(three).map((server) => simulate(slowScenario(server), { seed: 1 })),
);
const fastOnes = (rows: readonly LoadRow[]) =>
  rows.filter((row) => row.request !== slowAt).map((row) => row.responseMs);
const fastMs = slowRuns.map((run) => fastOnes(run.results.load));
const delayedBy = fastMs.map((all) => all.filter((ms) => ms > 2.001).length);
delayed.compare(delayedBy[0]!);

// %% name="head-of-line-lanes"
lanes(slowRuns[0]!, {
  title: "Head-of-line blocking at the iterative server",
  hosts: ["server"],
  by: "cpu",
  fromMs: 80,
  toMs: 420,
  alt: "One long bar, followed without a gap by many short ones, until the server has caught up.",
  caption:
    "The CPU. After the long request the server works off, without a pause, what has come meanwhile.",
});

// %% name="head-of-line-live" tags=["live"]
const fastLiveMs: number[][] = [];
for (const server of Object.values(three)) {
  const runs: number[][] = [];
  for (let i = 0; i < 3; i++) {
    const run = await runLive(slowScenario(server), { seed: 1, timeScale: 2 });
    runs.push(fastOnes(run.results.load));
  }
  fastLiveMs.push(_.zip(...runs).map((times) => _.min(times)!)); // of each request the shortest
}

// %% name="head-of-line-figure" tags=["live"]
const samples = ([0, 2] as const).flatMap((i) => [
  { label: `${Object.keys(three)[i]}, virtual`, values: fastMs[i]!, role: "predicted" as const },
  { label: `${Object.keys(three)[i]}, live`, values: fastLiveMs[i]!, role: "measured" as const },
]);
distribution(samples, {
  title: "Response time of the fast requests",
  alt: "With a thread for each request nearly all take a few ms; at the iterative server more than a third takes up to 200 ms.",
  caption:
    "Live, of each request the shortest time in three runs. p90, the dots: nine requests in ten take no longer.",
  x: { label: "response time", unit: "ms", scale: "log" },
  quantiles: [0.9],
});

// %% name="head-of-line-table"
const longest = fastMs.map((all) => _.max(all)!);
table(
  Object.keys(three).map((organisation, i) => {
    const slowMs = slowRuns[i]!.results.load[slowAt]!.responseMs;
    return { organisation, delayed: delayedBy[i], longestFastMs: longest[i], slowMs };
  }),
  { title: "Fast requests beside one slow request, in virtual time" },
);

// %% name="head-of-line-claims"
claims({
  "at the iterative server a fast request waits nearly as long as the slow one takes":
    longest[0]! > 180,
  "with a thread for each, or a pool of two, none takes longer than 5 ms":
    longest[1]! < 5 && longest[2]! < 5,
  "the slow one pays for it: it takes longer there":
    slowRuns[2]!.results.load[slowAt]!.responseMs >
    slowRuns[0]!.results.load[slowAt]!.responseMs + 20,
});

// %% name="head-of-line-live-claims" tags=["live"]
const fourFifths = fastLiveMs.map((all) => _.sortBy(all)[Math.floor(0.8 * all.length)]!);
claims({
  "live, too, a fifth of the fast requests is much slower at the iterative server":
    fourFifths[0]! > 2 * Math.max(fourFifths[1]!, fourFifths[2]!),
});

// %% [markdown] name="head-of-line-explained"
// This is **head-of-line blocking**: everybody behind the slow one pays for it. All three servers are busy for the same stretch
// of time, so each delays as many requests. The question is by how much: sharing the CPU makes the slow request slower, and
// everybody else fast. For *equal* requests that was a bad bargain (part 3). For requests of very different lengths it is a
// splendid one.
//
// **Why the two differ.** Live, each fast request takes longer by about the same, its sockets and its threads; on the
// logarithmic axis that shows most where times are short. The long waits differ little: they are made of the slow request's CPU
// time.
//
// Theory agrees with the bargain. If a CPU is shared equally among all who are there, the mean response time is that of M/M/1
// **whatever the service times are like** (M/G/1 with processor sharing), W = E[S]/(1 − ρ). The square of Pollaczek and Khinchine is gone.

// %% name="sharing-simulate"
const disciplines = { iterative: "queue", "thread per request": "sharing" } as const;
const both = Object.keys(disciplines) as (keyof typeof disciplines)[];
const sharing = await sweep(
  grid({ organisation: both, load: fourLoads }),
  ({ organisation, load }, seed) =>
    queueModel({
      ...modelOf("highly variable", load, seed),
      discipline: disciplines[organisation],
    }),
  twentyRuns(progress(8 * 20, "160 simulations")),
);
const sharingRows = sweepRows(sharing, "responseMs");

// %% name="sharing-theory"
const sharedMs = (load: number) =>
  mg1ps({ arrivalsPerS: arrivals(load), serviceMs: meanMs }).responseMs;
const theoryOf = ({ organisation, load }: { organisation: string; load: number }) =>
  organisation === "iterative" ? pkMs("highly variable", load) : sharedMs(load);
const sharingLines = grid({ organisation: both, load: range.filter((load) => load < 0.72) }).map(
  (point) => ({ ...point, responseMs: theoryOf(point), source: "theory" }),
);

// %% name="sharing-figure" tags=["claim:servers.concurrent.passes-on"]
sweepFigure([...sharingLines, ...sharingRows], {
  title: "Highly variable service: one after the other, or all at once",
  alt: "With highly variable service the iterative server responds several times slower than one with a thread for each.",
  caption: "Lines: Pollaczek–Khinchine, and M/G/1 with processor sharing. One core in both cases.",
  series: "organisation",
  source: "source",
  x: { field: "load", label: "load ρ" },
  y: { field: "responseMs", label: "mean response time", unit: "ms", low: "low", high: "high" },
});

// %% name="sharing-claims"
claims({
  "both formulas lie within every interval of the simulation": sharingRows.every(
    (row) => row.low < theoryOf(row) && theoryOf(row) < row.high,
  ),
  "at a load of 0.7, sharing is more than three times as fast":
    pkMs("highly variable", 0.7) > 3 * sharedMs(0.7),
  "shared, highly variable service responds as M/M/1 does":
    Math.abs(sharedMs(0.7) - mm1Ms(0.7)) < 1e-9,
});

// %% [markdown] name="costs-intro"
// # 7 · When the iterative server wins
//
// > *… repassa seu tratamento a uma thread/processo separado …* — … passes its handling to a separate thread or process. At
// > what price?
//
// So far threads and processes cost nothing. In truth they do. **Predict:** what does it cost on this machine to start the
// smallest program there is, `/bin/true`, and to wait for its end?

// %% name="costs-predict"
const programCost = predict(
  "cost of a process",
  { question: "How long does it take to start /bin/true and see it end?", unit: "ms" },
  undefined,
);
programCost;

// %% name="costs-measure" tags=["live"]
const costs = await measureStartCosts({ repetitions: 15 });
table(costs, { title: "Start something that does nothing, and wait for its end: on this machine" });

// %% name="costs-compare" tags=["live"]
programCost.compare(costs[0]!.medianMs);

// %% [markdown] name="costs-others"
// A worker thread of Node and a Node process bring a whole JavaScript engine along. The threads and processes of a server in C
// do not:

// %% name="costs-published"
const startCosts = dataset<{ what: string; call: string; costMs: number }>("start-costs");
table(startCosts.rows, { title: "The same for programs in C", caption: startCosts.source });

// %% [markdown] name="costs-model"
// Take a request that computes for 1 ms and then waits. The **iterative** server is kept busy for both: computing *plus
// waiting*. The **concurrent** one overlaps the waiting, but spends CPU time on a start: computing *plus starting*. So the two
// lines must cross where **the wait is as long as the start**.
//
// The scenario's `costs` say what a start costs. Here they are those of C, from the table.

// %% name="costs-clients"
type Clients = readonly [clients: number, each: number];
const askingClients = async (host: Host, request: Request, [clients, each]: Clients) => {
  const client = async (own: Host) => {
    for (let i = 0; i < each; i++) await exchange(own, request);
  };
  const all = _.times(clients, () => host.spawn(client, { as: "thread" }));
  for (const one of all) await one.done();
  return (1000 * clients * each) / host.now(); // requests a second
};

// %% name="costs-scenario"
type Costs = { readonly threadMs: number; readonly processMs: number };
const saturated = (organisation: string, costs: Costs, request: Request, clients: Clients) =>
  scenario({
    hosts: { server: { costs }, clients: {} },
    programs: {
      server: on("server", organisations[organisation]!).daemon(),
      throughputPerS: on("clients", askingClients, request, clients),
    },
  });

// %% name="costs-in-c"
const costOf = (what: string) => startCosts.rows.find((row) => row.what.startsWith(what))!.costMs;
const inC = { threadMs: costOf("thread (pthread)"), processMs: costOf("process (fork)") };
const paying = ["iterative", "thread per request", "process per request"];

// %% name="costs-simulate"
const costPoints = grid({ organisation: paying, waitMs: [0.003, 0.01, 0.03, 0.1, 0.3, 1] });
const costRows = await Promise.all(
  costPoints.map(async (point) => {
    const request = { computeMs: 1, waitMs: point.waitMs };
    const played = saturated(point.organisation, inC, request, [64, 10]);
    const { results } = await simulate(played, { seed: 1, trace: "none" });
    return { ...point, throughputPerS: results.throughputPerS, source: "predicted" };
  }),
);

// %% name="costs-lines"
const capacityPerS = (organisation: string, costs: Costs, { computeMs, waitMs }: Request) => {
  if (organisation === "iterative") return 1000 / (computeMs + waitMs);
  const startMs = organisation === "thread per request" ? costs.threadMs : costs.processMs;
  return 1000 / (computeMs + startMs);
};
const linesOf = (costs: Costs, computeMs: number, waitsMs: readonly number[]) =>
  grid({ organisation: paying, waitMs: waitsMs }).map(({ organisation, waitMs }) => {
    const throughputPerS = capacityPerS(organisation, costs, { computeMs, waitMs });
    return { organisation, waitMs, throughputPerS, source: "theory" };
  });

// %% name="costs-figure" tags=["claim:servers.iterative.handles-each-before-next"]
const shortWaits = _.range(-52, 1).map((i) => 10 ** (i / 20));
const waitAxis = { field: "waitMs", label: "wait", unit: "ms", scale: "log" as const };
sweepFigure([...linesOf(inC, 1, shortWaits), ...costRows], {
  title: "When the iterative server wins: costs of a server in C",
  alt: "The iterative server's line falls as the wait grows; it crosses the line of threads first, that of processes later.",
  caption:
    "Costs of pthread_create and fork from the table, measured elsewhere. Computing takes 1 ms.",
  series: "organisation",
  source: "source",
  x: waitAxis,
  y: perS,
});

// %% name="costs-claims"
const at = (organisation: string, waitMs: number) =>
  _.find(costRows, { organisation, waitMs })!.throughputPerS;
claims({
  "the simulation lies within 3 % of the lines": costRows.every(({ organisation, ...row }) => {
    const lineOf = capacityPerS(organisation, inC, { computeMs: 1, waitMs: row.waitMs });
    return Math.abs(row.throughputPerS / lineOf - 1) < 0.03;
  }),
  "at a wait shorter than a start, the iterative server wins":
    at("iterative", 0.01) > at("thread per request", 0.01),
  "between the two costs, threads win": at("thread per request", 0.1) > at("iterative", 0.1),
  "and processes still lose": at("process per request", 0.1) < at("iterative", 0.1),
});

// %% [markdown] name="costs-live-intro"
// And on this machine, with *its* costs, measured above: those of a worker thread for a thread, of a Node process for a
// process. The live runs spend as much CPU time on each start.

// %% name="costs-here" tags=["live"]
const hereCosts = { threadMs: costs[1]!.medianMs, processMs: costs[2]!.medianMs };
const longestWait = Math.min(2 * hereCosts.processMs, 1400);
const hereWaits = [hereCosts.threadMs / 8, longestWait];
const hereRequest = (waitMs: number) => ({ computeMs: 5, waitMs });
const rounds = _.clamp(Math.floor(6000 / (4 * (5 + longestWait))), 1, 3); // six seconds at most

// %% name="costs-live" tags=["live"]
const hereRows: typeof costRows = [];
for (const point of grid({ organisation: paying, waitMs: hereWaits })) {
  const played = saturated(point.organisation, hereCosts, hereRequest(point.waitMs), [4, rounds]);
  const run = await runLive(played, { seed: 1, timeScale: 1 });
  const [predictedPerS, measuredPerS] = [run.predicted, run].map(
    (one) => one.results.throughputPerS,
  );
  hereRows.push({ ...point, throughputPerS: measuredPerS!, source: "measured" });
  hereRows.push({ ...point, throughputPerS: predictedPerS!, source: "predicted" });
}
table(hereRows, {
  title: `${4 * rounds} requests each: live, and the virtual run of the same`,
});

// %% name="costs-live-figure" tags=["live"]
const shortest = hereWaits[0]!;
const between = _.range(0, 1.01, 0.02).map((share) => shortest * (longestWait / shortest) ** share);
sweepFigure([...linesOf(hereCosts, 5, between), ...hereRows], {
  title: "The same with what starts cost on this machine",
  alt: "The same picture with far longer waits: the lines cross where the wait equals the cost of a start.",
  caption: `Costs measured here: a worker thread, a Node process. Each request computes for 5 ms; ${4 * rounds} requests a point.`,
  series: "organisation",
  source: "source",
  x: waitAxis,
  y: { ...perS, scale: "log" },
});

// %% name="costs-live-claims" tags=["live"]
const herePerS = (organisation: string, waitMs: number) =>
  _.find(hereRows, { organisation, waitMs, source: "measured" })!.throughputPerS;
claims({
  "a worker thread starts faster than a Node process": hereCosts.threadMs < hereCosts.processMs,
  "live, with short waits, the iterative server answers more than one that starts a thread for each":
    herePerS("iterative", shortest) > herePerS("thread per request", shortest),
  "live, with long waits, it answers less":
    herePerS("iterative", longestWait) < herePerS("thread per request", longestWait),
});

// %% [markdown] name="costs-explained"
// The figure has the same shape as the one before, with far longer waits. What a start costs decides which organisation is
// right; a language whose threads are expensive wants another organisation than C.
//
// **Why points and lines differ.** A line is what a server could do with clients without end. Here are four, and while all four
// wait the CPU has nothing to do: so at the long wait the points of the two concurrent servers lie below their lines in virtual time already. Live lies lower
// still, by sockets, threads, and whatever else wants the CPU.
//
// A **pool** starts its threads once and pays nothing for each request. That is the whole idea of it.

// %% [markdown] name="overload-intro"
// # 8 · Too many at once
//
// > *… esperando então pela próxima requisição.* — … and then waits for the next request. And if the next ones come too fast?
//
// Before `accept` there is a line, too: the operating system keeps a few connections for a server that is busy, its
// **backlog**. When the backlog is full, TCP *drops* the next request to connect, without a word. The client's system takes
// that for a loss and tries again, after 1 s, after 2 s more, after 4 s more: *back-off*. (So says RFC 6298, and so does our
// network. Newer Linux first repeats once a second a few times before it doubles. A port on which nobody listens is another
// matter: it **refuses**, at once.)
//
// Twelve clients come at the same moment, and each needs 100 ms of an iterative server. **Predict:** with a backlog of four,
// when is the last of them answered?

// %% name="backlog-predict"
const lastOfTwelve = predict(
  "last of twelve",
  { question: "With a backlog of 4, when is the last of the twelve answered?", unit: "ms" },
  undefined,
);
lastOfTwelve;

// %% [markdown] name="library-servers"
// From here on we take the servers of the library: `iterativeServer`, `concurrentServer`, `poolServer`. They are the programs
// of parts 2 and 3, and besides they take a port and a backlog, and don't mind a client who leaves before the answer.

// %% name="backlog-scenario"
const burst = _.times(12, () => ({ arrivalMs: 0, computeMs: 100, waitMs: 0 }));
const behindBacklog = (backlog: number) =>
  scenario({
    hosts: { server: {}, clients: {} },
    programs: {
      server: on("server", iterativeServer, handle, { backlog }).daemon(),
      load: on("clients", openLoop, burst),
    },
  });

// %% name="backlog-run"
const timesOf = (rows: readonly LoadRow[]) => rows.map((row) => row.responseMs);
const shortBacklog = (await simulate(behindBacklog(4), { seed: 1 })).results.load;
const longBacklog = (await simulate(behindBacklog(128), { seed: 1 })).results.load;
lastOfTwelve.compare(_.max(timesOf(shortBacklog))!);

// %% name="refusal-run"
const closedPort = scenario({
  hosts: { server: {}, clients: {} },
  network: { latencyMs: 5 },
  programs: { load: on("clients", openLoop, burst.slice(0, 1), { port: 81 }) },
});
const refused = (await simulate(closedPort)).results.load;
table(refused, { title: "A port on which nobody listens: the client knows after one round trip" });

// %% name="backlog-live" tags=["live"]
const liveBacklog = (await runLive(behindBacklog(4), { seed: 1, timeScale: 1 })).results.load;
const inOrder = (label: string, rows: readonly LoadRow[]) => {
  return { label, points: _.sortBy(timesOf(rows)).map((y, i) => ({ x: i + 1, y })) };
};

// %% name="backlog-figure" tags=["live"]
const shortOne = inOrder("backlog 4, predicted", shortBacklog);
overlay({
  title: "Twelve clients at once before an iterative server",
  x: { label: "client, in order of answers" },
  y: { label: "response time", unit: "ms" },
  predicted: [shortOne, inOrder("backlog 128, predicted", longBacklog)],
  measured: inOrder("backlog 4, measured", liveBacklog),
  predictions: [{ label: "your prediction for the last", value: lastOfTwelve.value }],
  alt: "Behind a long backlog times rise evenly; with four places they jump past 1 s and past 3 s.",
  caption: "Live, too, the library plays the backlog: Node itself accepts everybody at once.",
});

// %% name="backlog-claims"
claims({
  "with a backlog that holds all, the last is answered after the work of all":
    Math.abs(_.max(timesOf(longBacklog))! - 1200) < 1e-6,
  "with a backlog of four, five are as fast as ever":
    timesOf(shortBacklog).filter((ms) => ms <= 500.001).length === 5,
  "and somebody waits for two back-offs": _.max(timesOf(shortBacklog))! > 3000,
  "nobody is turned away in either case": _.every([...shortBacklog, ...longBacklog], {
    outcome: "answered",
  }),
  "a refusal takes one round trip": Math.abs(refused[0]!.responseMs - 10) < 1e-6,
});

// %% name="backlog-live-claims" tags=["live"]
const answersMs = _.sortBy(timesOf(liveBacklog));
const gapsMs = answersMs.slice(1).map((ms, i) => ms - answersMs[i]!);
claims({
  "live, too, somebody waits for two back-offs": _.max(timesOf(liveBacklog))! > 3000,
  "live, too, there is a long time in which nobody is answered": _.max(gapsMs)! > 500,
  "live, too, all twelve are answered": _.every(liveBacklog, { outcome: "answered" }),
});

// %% [markdown] name="backlog-explained"
// The server has work for little more than a second, and yet the last clients wait for more than three. For most of that time
// **the server is idle and clients wait**: neither knows of the other. A dropped request is worse than a refused one, since the
// refused client could go elsewhere at once.
//
// **Why the two hardly differ.** Live, serving takes a little longer. But clients come back after whole seconds, and by then the server
// has long been idle: the same clients find a place at each of their knocks, unless your machine was busy just then. What costs a
// client here is a second or three, and not the few milliseconds of sockets and timers.

// %% [markdown] name="seda-intro"
// ## In the wild: a published measurement
//
// In 2001 Welsh, Culler and Brewer put 1024 clients before three web servers. Apache had 150 processes, one for each
// connection, and a backlog behind them; Haboob accepted every connection and put the requests into queues of its own.

// %% name="seda-published"
interface ServerRow {
  readonly server: string;
  readonly meanMs: number;
  readonly maxMs: number;
  readonly jainIndex: number;
}
const seda = dataset<ServerRow & { throughputMbitPerS: number }>("seda-servers");
table(seda.rows, {
  title: "Three web servers, 1024 clients",
  caption: seda.source,
  columns: ["server", "meanMs", "maxMs", "jainIndex"],
});

// %% [markdown] name="seda-model-intro"
// Look at the *longest* times. Nobody's page takes a minute and a half to make. It is back-off: at that day's 3 s for the first
// repetition, five of them last 3 + 6 + 12 + 24 + 48 s. (*Jain's index* is 1 if all clients got the same, and 1/n if one of n
// got everything.)
//
// Here is our own, smaller: sixty clients for a minute. Each connects, asks five times, ends, and begins again. One server has
// sixteen workers who accept connections themselves, as Apache's processes did, and a backlog of 32 behind them. The other
// accepts everybody.

// %% name="seda-client"
const fivePages = async (host: Host, timesMs: number[]) => {
  let askedMs = host.now(); // the first page waits for the connection, too
  const connection = await host.connect("server", 80);
  for (let i = 0; i < 5; i++) {
    await connection.send({ computeMs: 10, waitMs: 0 });
    await connection.receive();
    timesMs.push(host.now() - askedMs);
    await host.sleep(20); // reads it
    askedMs = host.now();
  }
  connection.end();
};

// %% name="seda-browser"
const browser = async (host: Host) => {
  const timesMs: number[] = [];
  await host.sleep(1000 * host.random()); // not all at the same moment
  while (host.now() < 60_000) await fivePages(host, timesMs);
  return timesMs;
};

// %% name="seda-servers"
const serveAll = async (host: Host, connection: Connection) => {
  for await (const request of connection) await connection.send(await handle(host, request));
  connection.end();
};
const sixteenWorkers = async (host: Host) => {
  const listener = await host.listen(80, { backlog: 32 });
  const worker = async (own: Host) => {
    for (;;) await serveAll(own, await listener.accept());
  };
  for (let i = 1; i < 16; i++) host.spawn(worker, { as: "thread" });
  await worker(host);
};

// %% name="seda-accept-all"
const acceptsAll = async (host: Host) => {
  const listener = await host.listen(80, { backlog: 1024 });
  for await (const connection of listener) host.spawn(serveAll, { as: "thread" }, connection);
};

// %% name="seda-scenario"
const sixtyClients = (server: Server) =>
  scenario({
    hosts: { server: {}, clients: {} },
    programs: {
      server: on("server", server).daemon(),
      timesMs: _.times(60, () => on("clients", browser)),
    },
  });

// %% name="seda-run"
const sedaServers = { "16 workers, backlog of 32": sixteenWorkers, "accepts all": acceptsAll };
const sedaRows = await Promise.all(
  Object.entries(sedaServers).map(async ([server, program]): Promise<ServerRow> => {
    const { results } = await simulate(sixtyClients(program), { seed: 1, trace: "none" });
    const [all, served] = [results.timesMs.flat(), results.timesMs.map((times) => times.length)];
    const fairness = _.round(jainIndex(served), 2); // as published
    return { server, meanMs: _.mean(all), maxMs: _.max(all)!, jainIndex: fairness };
  }),
);
table(sedaRows, { title: "Ours: sixty clients for a minute, in virtual time" });

// %% name="seda-table" tags=["claim:servers.concurrent.passes-on"]
const shape = (rows: readonly ServerRow[], source: string) =>
  rows.map(({ server, meanMs, maxMs, jainIndex }) => {
    return { source, server, maxOverMean: maxMs / meanMs, jainIndex };
  });
table([...shape(seda.rows, "published"), ...shape(sedaRows, "ours")], {
  title: "The shape: how much longer than the mean is the longest, and how fair is it?",
});

// %% name="seda-claims"
const [behind, open] = shape(sedaRows, "ours");
const [apache, , haboob] = shape(seda.rows, "published");
const backOffMs = (firstMs: number, times: number) => firstMs * (2 ** times - 1); // doubled each time
const within = (a: number, b: number) => Math.abs(a / b - 1) < 0.01;
claims({
  "published: behind a backlog, the longest is farther from the mean":
    apache!.maxOverMean > 5 * haboob!.maxOverMean,
  "and ours": behind!.maxOverMean > 5 * open!.maxOverMean,
  "published: it is less fair": apache!.jainIndex < haboob!.jainIndex,
  "and ours, too": behind!.jainIndex < open!.jainIndex,
  "Apache's longest is five repetitions from 3 s": within(seda.rows[0]!.maxMs, backOffMs(3000, 5)),
  "ours is six repetitions from 1 s": within(sedaRows[0]!.maxMs, backOffMs(1000, 6)),
});

// %% [markdown] name="seda-explained"
// The numbers differ, of course: other machines, other pages, and a first repetition after 1 s instead of 3. The *shape* is the
// same. In both, the longest time is a sum of back-offs, to within a percent: nobody was served that slowly, but somebody was
// again and again not let in.
//
// And look at the means of our two servers: they hardly differ. A mean can hide what a few clients live through.

// %% [markdown] name="unbounded-intro"
// ## A thread for everybody, without limit
//
// So accept all? Now let the load be more than the server can bear, and let clients be people: whoever has no answer after 200 ms
// leaves. The server does not notice, and works on. **Predict:** it can serve 100 requests a second, on average. At a load of
// 1.5, with a thread for each and for ten seconds that begin with an idle server, how many answers a second come in time?

// %% name="unbounded-predict"
const inTime = predict(
  "answers in time",
  {
    question:
      "At a load of 1.5, for ten seconds from an idle server: how many answers a second come in time?",
    unit: "answers/s",
  },
  undefined,
);
inTime;

// %% name="unbounded-servers"
const bounded = { threads: 2, capacity: 4, whenFull: "busy" } as const;
const overloadServers: Record<string, Server> = {
  "thread per request, no limit": (host) => concurrentServer(host, handle, "thread"),
  "pool of 2, queue of 4": (host) => poolServer(host, handle, bounded),
};

// %% name="unbounded-scenario"
const impatient = (organisation: string, load: number, requests: number) => {
  const drawn = workload({ arrivalsPerS: arrivals(load), service: memoryless, requests, seed: 1 });
  const plan = drawn.map((row) => ({ ...row, computeMs: row.serviceMs, waitMs: 0 }));
  return scenario({
    hosts: { server: {}, clients: {} },
    programs: {
      server: on("server", overloadServers[organisation]!).daemon(),
      load: on("clients", openLoop, plan, { timeoutMs: 200 }),
    },
  });
};

// %% name="unbounded-run"
const overloads = grid({ organisation: Object.keys(overloadServers), load: [0.5, 1, 1.5, 2, 3] });
const overloadRows: { organisation: string; load: number; inTimePerS: number; source: string }[] =
  [];
for (const point of progress(overloads.length, "ten runs").each(overloads)) {
  const played = impatient(point.organisation, point.load, 1000 * point.load); // ten seconds
  const { results } = await simulate(played, { seed: 1, trace: "none" });
  overloadRows.push({
    ...point,
    inTimePerS: summarize(results.load).answeredPerS,
    source: "predicted",
  });
}

// %% name="unbounded-compare"
const inTimeOf = (rows: typeof overloadRows, organisation: string, load: number) =>
  rows.find((row) => row.organisation.startsWith(organisation) && row.load === load)!.inTimePerS;
inTime.compare(inTimeOf(overloadRows, "thread", 1.5));

// %% name="unbounded-live" tags=["live"]
const overloadLive: typeof overloadRows = [];
for (const point of grid({ organisation: Object.keys(overloadServers), load: [0.5, 2] })) {
  const played = impatient(point.organisation, point.load, 150 * point.load);
  const run = await runLive(played, { seed: 1, timeScale: 1 });
  const rates = [run.predicted, run].map((one) => summarize(one.results.load).answeredPerS);
  overloadLive.push({ ...point, inTimePerS: rates[0]!, source: "predicted" });
  overloadLive.push({ ...point, inTimePerS: rates[1]!, source: "measured" });
}
table(overloadLive, { title: "Short live runs, and virtual runs of the same draws" });

// %% name="unbounded-figure" tags=["live", "claim:servers.concurrent.passes-on"]
sweepFigure([...overloadRows, ..._.filter(overloadLive, { source: "measured" })], {
  title: "Answers in time, under more load than the server can bear",
  alt: "Up to a load of 1 both rise together. Beyond, the bounded pool stays near 100 a second; the other falls towards zero.",
  caption:
    "Clients leave after 200 ms. Live runs are shorter, so the crowd in them has less time to grow. More than 100 a second is luck: these requests are a little shorter than the mean.",
  series: "organisation",
  source: "source",
  x: { field: "load", label: "load offered" },
  y: { field: "inTimePerS", label: "answers in time", unit: "1/s" },
});

// %% name="unbounded-claims"
const [without, limited] = ["thread", "pool"].map(
  (name) => (load: number) => inTimeOf(overloadRows, name, load),
);
claims({
  "at half load it makes no difference": Math.abs(without!(0.5) / limited!(0.5) - 1) < 0.02,
  "at a load of 2 the bounded pool answers more than 80 a second in time": limited!(2) > 80,
  "at a load of 2 the server without limit answers less than a quarter of that":
    without!(2) < limited!(2) / 4,
});

// %% name="unbounded-live-claims" tags=["live"]
const liveOnly = _.filter(overloadLive, { source: "measured" });
claims({
  "live, too, at twice the load the bounded pool answers more in time":
    inTimeOf(liveOnly, "pool", 2) > inTimeOf(liveOnly, "thread", 2),
});

// %% [markdown] name="unbounded-explained"
// This is **congestion collapse**. The more requests are inside, the smaller is each one's share of the CPU, and the more of
// them miss their time; and the CPU goes on working for people who have left. The bounded pool does something that looks rude:
// it says "busy", at once, to those for whom there is no place. Those who are let in are served in time. A limit is a promise that can
// be kept.
//
// **Why the two differ.** Live runs are shorter, so there is less of a crowd at their end. On the other hand the CPU is not
// ours alone: what else runs on your machine is load, too, and a server that is near its limit feels every bit of it. A real
// server would collapse sooner still, since threads without limit also cost memory and switching; both our worlds leave that
// out.

// %% [markdown] name="crash-intro"
// # 9 · A request that crashes its server
//
// > *… uma thread/processo separado …* — … a separate thread or process: as if the two were the same.
//
// Each request needs 20 ms of CPU and 40 ms of waiting, as in part 3. Carla comes 5 ms after Ana, Bruno 20 ms, Dora 400 ms. Bruno's request hits a bug: the handler throws an
// error that nobody catches. (Nobody looks at it either. So the library tells of it under the cells that run these servers.)
// **Predict:** with a thread for each request, how many of the four are answered?

// %% name="crash-predict"
const survivors = predict(
  "answered, threads",
  {
    question: "With a thread for each request, how many of the four clients are answered?",
    unit: "",
  },
  undefined,
);
survivors;

// %% name="crash-servers"
const fragile = async (host: Host, request: Request & { name: string }) => {
  if (request.name === "bruno") throw new Error("a bug that only Bruno's request meets");
  return handle(host, request);
};
const fragileServers: Record<string, Server> = {
  iterative: (host) => iterativeServer(host, fragile),
  "thread per request": (host) => concurrentServer(host, fragile, "thread"),
  "pool of three": (host) => poolServer(host, fragile, { threads: 3 }),
  "process per request": (host) => concurrentServer(host, fragile, "process"),
};

// %% name="crash-clients"
const clientNames = ["ana", "bruno", "carla", "dora"] as const;
const startsMs = { ana: 0, bruno: 20, carla: 5, dora: 400 };
const careful = async (host: Host, name: string) => {
  const request = { name, ...mixed, arrivalMs: host.now() };
  const [row] = await openLoop(host, [request]); // catches what goes wrong
  return row!.outcome;
};

// %% name="crash-scenario"
const machines = { server: {}, ana: {}, bruno: {}, carla: {}, dora: {} };
const crashing = (server: Server) =>
  scenario({
    hosts: machines,
    network: { latencyMs: 5 },
    programs: {
      server: on("server", server).daemon(),
      outcome: clientNames.map((name) => on(name, careful, name).at(startsMs[name])),
    },
  });
const named = (how: readonly string[]) => _.zipObject(clientNames, how);

// %% name="crash-run"
const crashRuns = await Promise.all(
  Object.values(fragileServers).map((server) => simulate(crashing(server), { seed: 1 })),
);
const crashTable = Object.keys(fragileServers).map((name, i) => ({
  organisation: name,
  ...named(crashRuns[i]!.results.outcome),
}));
survivors.compare(crashRuns[1]!.results.outcome.filter((outcome) => outcome === "answered").length);

// %% name="crash-table" tags=["claim:servers.concurrent.passes-on"]
table(crashTable, {
  title: "Bruno's request crashes: what becomes of the four, in virtual time",
  caption: "reset: the connection broke. refused: nobody listened any more.",
});

// %% name="crash-space-time-threads"
spaceTime(crashRuns[1]!, {
  title: "A thread crashes",
  hosts: ["ana", "bruno", "carla", "server"],
  by: "host",
  toMs: 120,
  alt: "When Bruno's thread fails the whole server ends, and the connections of Ana and Carla are reset.",
  caption:
    "Threads share one process, and its fate: it ends at the ×, and a message later its clients know.",
});

// %% name="crash-space-time-processes"
spaceTime(
  _.filter(crashRuns[3]!.rows, (row) => row.timeMs < 150),
  {
    title: "A process crashes",
    hosts: ["ana", "bruno", "carla", "server"],
    by: "process",
    alt: "Bruno's process ends and his connection is reset; the processes of Ana and Carla go on and answer.",
    caption: "Each request has a process, and a fate, of its own.",
  },
);

// %% name="crash-live" tags=["live"]
const crashLive: typeof crashTable = [];
for (const [name, server] of Object.entries(fragileServers)) {
  const run = await runLive(crashing(server), { seed: 1, timeScale: 3 });
  crashLive.push({ organisation: name, ...named(run.results.outcome) });
}
table(crashLive, { title: "The same, live" });

// %% name="crash-live-claims" tags=["live"]
claims({
  "live, the same clients are answered as in virtual time": _.isEqual(crashLive, crashTable),
});

// %% name="crash-claims"
const answered = crashRuns.map(
  (run) => run.results.outcome.filter((how) => how === "answered").length,
);
claims({
  "with a process for each, only Bruno is not answered": answered[3] === 3,
  "with threads, nobody who was there is answered": answered[1] === 0 && answered[2] === 0,
  "the iterative server has answered those who came before Bruno": answered[0] === 2,
  "except with processes, whoever comes after the crash is refused": crashRuns
    .slice(0, 3)
    .every((run) => run.results.outcome[3] === "refused"),
});

// %% [markdown] name="crash-explained"
// Threads share one memory. When one of them goes wrong, nobody knows what it has left behind there, so the operating system
// ends them all. A process has a memory of its own: what it breaks, it breaks for itself. That is what the copy was for, and
// why browsers and databases pay for it.
//
// **Both worlds agree** here: who shares whose fate is not a matter of time. Live, though, all our programs are tasks of one
// Node process, and the library ends those whom an operating system would end. And a language may be kinder to a mere exception
// (Java ends only the thread that threw it); to a wild pointer in C, no system is.

// %% [markdown] name="exercises"
// # 10 · Exercises
//
// Write your answer in the place of `undefined`, or your program in the function, and run the cell. If it is not right yet, the
// check says what is wrong, and in which scenario. `check(…, …, { hints: 1 })` gives a further hint; `exercises.boundedQueue`
// alone in a cell tells how a program is tried. The folded cells are solutions, if your copy has them: try first.

// %% [markdown] name="exercise-diagram-intro"
// ## Exercise 1 · Who made this diagram?
//
// Three clients ask at the same time; each request is 20 ms of CPU and then 40 ms of waiting. Which organisation has the
// server?

// %% name="exercise-diagram-run" tags=["exercise"]
await exercises.drawDiagram();

// %% name="exercise-diagram-answer" tags=["exercise"]
await check(exercises.diagram, undefined);

// %% jupyter={"source_hidden": true} name="exercise-diagram-solution" tags=["solution"]
// A solution, once you have tried: click to unfold it.
await check(exercises.diagram, "pool");

// %% [markdown] name="exercise-disk-intro"
// ## Exercise 2 · Another file server
//
// A request takes 12 ms of CPU, and one in five also 90 ms of disk. There is **one** disk, which serves one access at a time,
// and there are very many threads. How many requests a second can the server answer at most?

// %% name="exercise-disk-answer" tags=["exercise"]
await check(exercises.disk, undefined);

// %% jupyter={"source_hidden": true} name="exercise-disk-solution" tags=["solution"]
// A solution, once you have tried: click to unfold it.
await check(exercises.disk, 1000 / Math.max(12, 90 / 5));

// %% [markdown] name="exercise-constant-intro"
// ## Exercise 3 · Requests that are all alike
//
// Sixty requests a second come at random to an iterative server. Each takes exactly 10 ms. How long is the mean response time?

// %% name="exercise-constant-answer" tags=["exercise"]
await check(exercises.constantService, undefined);

// %% jupyter={"source_hidden": true} name="exercise-constant-solution" tags=["solution"]
// A solution, once you have tried: click to unfold it.
await check(exercises.constantService, 10 + (0.6 * 10) / (2 * (1 - 0.6)));

// %% [markdown] name="exercise-crossing-intro"
// ## Exercise 4 · Which one would you take?
//
// A time service: each request computes for 0.02 ms and then waits 0.1 ms for a clock on another machine. There is one core.
// Starting a thread costs 0.026 ms of CPU, starting a process 0.193 ms. You may not use a pool. Which organisation answers most
// requests a second?

// %% name="exercise-crossing-answer" tags=["exercise"]
await check(exercises.clockService, undefined);

// %% jupyter={"source_hidden": true} name="exercise-crossing-solution" tags=["solution"]
// A solution, once you have tried: click to unfold it.
await check(exercises.clockService, "thread");

// %% [markdown] name="exercise-bounded-intro"
// ## Exercise 5 · A dispatcher with a bounded queue
//
// Write a concurrent server for port 80 with a pool of `threads` workers, in which at most `places` connections **wait** for a
// worker. A connection that finds all places taken is answered `"busy"` at once, and ended. Use `serve` of part 1 for the
// others.

// %% name="exercise-bounded-answer" tags=["exercise"]
const myBoundedServer: exercises.BoundedServer = async (host, threads, places) => {
  host.log(`${threads} threads, ${places} places`); // your lines take the place of this one
};
await check(exercises.boundedQueue, myBoundedServer);

// %% jupyter={"source_hidden": true} name="exercise-bounded-solution" tags=["solution"]
// A solution, once you have tried: click to unfold it.
const boundedSolution: exercises.BoundedServer = async (host, threads, places) => {
  const waitingOnes = host.queue<Connection>(places);
  const worker = async (own: Host) => {
    for (;;) await serve(own, await waitingOnes.take());
  };
  for (let i = 0; i < threads; i++) host.spawn(worker, { as: "thread" });
  for await (const connection of await host.listen(80)) {
    if (waitingOnes.offer(connection)) continue;
    await connection.send("busy");
    connection.end();
  }
};
await check(exercises.boundedQueue, boundedSolution);

// %% [markdown] name="exercise-priority-intro"
// ## Exercise 6 · A dispatcher with priorities
//
// Some requests are urgent: their `urgent` is true. Write a server for port 80 with `threads` workers: a worker that is free takes the urgent request
// that has waited longest, and only if there is none, the other request that has waited longest. What has been begun is
// finished. Careful: the dispatcher knows only after `receive` whether a request is urgent, and some clients take their time to
// send it. Answer with `handle`.

// %% name="exercise-priority-answer" tags=["exercise"]
const myPriorityServer: exercises.PriorityServer = async (host, threads) => {
  host.log(`${threads} threads`); // your lines take the place of this one
};
await check(exercises.priorities, myPriorityServer);

// %% jupyter={"source_hidden": true} name="exercise-priority-solution" tags=["solution"]
// A solution, once you have tried: click to unfold it.
const prioritySolution: exercises.PriorityServer = async (host, threads) => {
  const lines: Record<"urgent" | "other", { connection: Connection; request: Request }[]> = {
    urgent: [],
    other: [],
  };
  const tokens = host.queue<true>();
  const reader = async (_own: Host, connection: Connection) => {
    const request = await connection.receive();
    lines[request.urgent ? "urgent" : "other"].push({ connection, request });
    await tokens.put(true);
  };
  const worker = async (own: Host) => {
    for (;;) {
      await tokens.take();
      const { connection, request } = lines.urgent.shift() ?? lines.other.shift()!;
      await connection.send(await handle(own, request));
      connection.end();
    }
  };
  for (let i = 0; i < threads; i++) host.spawn(worker, { as: "thread" });
  for await (const connection of await host.listen(80))
    host.spawn(reader, { as: "thread" }, connection);
};
await check(exercises.priorities, prioritySolution);

// %% [markdown] name="summary"
// # What you have seen
//
// - Every server is one loop: wait, see that the request is taken care of, wait again. An **iterative** server does it itself;
//   a **concurrent** one has a dispatcher that passes it on, to a thread, a process, or a pool.
// - Concurrency overlaps waiting and uses more cores. It makes no CPU. Equal requests that only compute are better served one
//   after the other, on one core.
// - Response time grows as 1/(1 − ρ). Variable service makes it worse, more servers at one queue make it better, and sharing
//   makes its mean immune to variability.
// - A server is as fast as its busiest part. Ask what is shared before you add threads.
// - The iterative server wins where a wait is shorter than a start; a pool avoids the start altogether.
// - Under too much load, a limit and an honest "busy" keep a server alive; a full backlog is silent, and silence costs seconds.
// - What crashes a thread crashes its process; what crashes a process ends there.
//
// **Read on.** M. van Steen and A. S. Tanenbaum, *Distributed Systems*, chapter 3 (threads, servers). M. Harchol-Balter,
// *Performance Modeling and Design of Computer Systems*, for everything with ρ in it. M. Welsh, D. Culler and E. Brewer, *SEDA*
// (SOSP 2001), for part 8. The pages of [simulate](/static/api/functions/simulate.html),
// [runLive](/static/api/functions/runLive.html), [poolServer](/static/api/functions/poolServer.html),
// [queueModel](/static/api/functions/queueModel.html) and [Host](/static/api/interfaces/Host.html), and of the rooms
// [server](/static/api/documents/server.html) and [theory](/static/api/documents/theory.html). How a client finds the
// server at all is notebook 04.
