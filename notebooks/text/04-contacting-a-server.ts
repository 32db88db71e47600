// -*- coding: utf-8 -*-
// ---
// jupyter:
//   kernelspec:
//     display_name: TypeScript (Handoff)
//     language: typescript
//     name: handoff
// ---

// %% [markdown] name="title"
// # Contacting a server
//
// Before a client can ask anything it must find whom to ask. A machine has one address and may run a hundred servers. This
// notebook is about the last step of the way: from the machine to the right process on it. By the end you can
//
// - say what a port is, who gives it out, and what happens when two servers want the same one;
// - write a daemon that tells clients the ports of services, and say what is lost when it, or a service, dies;
// - talk to a real portmapper, byte by byte, and let your system's own tools list your services;
// - write a superserver, and say when it beats servers that are always there, and when it does not.
//
// It takes about two hours. Parts 1 to 3 are the basis; 4 to 7 can be read one at a time. You need notebook 00, and 03 helps.

// %% jupyter={"source_hidden": true} name="imports"
// What this notebook takes from the library: nothing to change here.
import * as Plot from "@observablehq/plot";
import {
  answerCall,
  callRpc,
  check,
  claims,
  type Connection,
  dataset,
  decodeReply,
  deterministic,
  encodeCall,
  endpointDaemon,
  exercises,
  figure,
  grid,
  type Host,
  inetdLab,
  type InetdReplyRow,
  keepRegistered,
  lanes,
  lookUpEndpoint,
  measureIdleMemory,
  messages,
  on,
  overlay,
  palette,
  type PlannedRequest,
  portmapper,
  portmapperCalls,
  portmapperClient,
  portmapperLab,
  type PortmapperLabResult,
  portmapperProgram,
  PortTable,
  predict,
  progress,
  randomStream,
  registerEndpoint,
  type RpcProgram,
  runLive,
  scenario,
  serveRpc,
  simulate,
  spaceTime,
  startPortmapper,
  type StartRow,
  startSuperserver,
  sweep,
  sweepFigure,
  sweepRows,
  table,
  ToolMissing,
  type TraceRow,
  workload,
  XdrReader,
  XdrWriter,
} from "kernel-lib";
import { connect } from "node:net";
import { userInfo } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import _ from "lodash";

// %% [markdown] name="ports-lecture"
// # 1 · Ports
//
// > *Como clientes contatam um servidor? Eles enviam requisições a portas (ou end points) na máquina do servidor. Cada servidor
// > escuta uma porta específica.*
//
// How do clients contact a server? They send requests to **ports** (or end points) at the server's machine. Each server listens
// to a specific port.
//
// A port is a number from 1 to 65535. It names no place where anything could be plugged in: it is an entry in a table of the
// operating system, which says to which process a connection goes. Here is a server that answers each client with a text of its
// own, and a client that says which port it wants.

// %% name="named-server" tags=["claim:contact.one-port-each"]
const namedServer = async (host: Host, port: number, text: string) => {
  const listener = await host.listen(port); // from here on the port is ours
  for await (const connection of listener) {
    await connection.receive();
    await connection.send(text);
    connection.end();
  }
};

// %% name="contact" tags=["claim:contact.ports"]
const contact = async (host: Host, port: number) => {
  const connection = await host.connect("server", port); // a machine, and a port on it
  await connection.send("please");
  const answer: string | undefined = await connection.receive();
  connection.end();
  return answer;
};

// %% [markdown] name="ports-question"
// One machine, three servers: *time* on port 37, *quote* on port 17, and a third, *rival*, which wants port 17 as well, a little
// later. Ana asks port 37, Bruno port 17, Carla port 99, where nobody listens.
//
// **Predict.** What becomes of the third server?

// %% name="ports-predict"
const secondListener = predict(
  "second listener",
  {
    question: "A server wants a port on which another listens already. What happens?",
    choices: {
      shares: "the two share it: each gets some of the clients",
      waits: "it waits until the first server ends",
      fails: "listen fails, and the server must cope",
    },
  },
  undefined,
);
secondListener;

// %% name="ports-scenario"
const wanted = { ana: 37, bruno: 17, carla: 99 };
const threePorts = scenario({
  hosts: { server: {}, ana: {}, bruno: {}, carla: {} },
  network: { latencyMs: 5 },
  programs: {
    time: on("server", namedServer, 37, "it is noon").daemon(),
    quote: on("server", namedServer, 17, "know thyself").daemon(),
    rival: on("server", namedServer, 17, "buy now").at(2),
    answers: _.map(wanted, (port, client) => on(client as "ana", contact, port)),
  },
});

// %% name="ports-run"
const portsRun = await simulate(threePorts, { seed: 1 });
type End = { readonly how: string; readonly error?: Error; readonly value?: unknown };
const inShort = (end: End) => (end.how === "returned" ? end.value : (end.error?.name ?? end.how));
const whatCame = (run: { outcomes: { answers: readonly End[]; rival: End } }) => [
  ..._.map(Object.entries(wanted), ([program, port], i) => {
    return { program, port, result: inShort(run.outcomes.answers[i]!) };
  }),
  { program: "rival", port: 17, result: inShort(run.outcomes.rival) },
];
const portsCame = whatCame(portsRun);
secondListener.compare(portsCame.at(-1)!.result === "AddressInUse" ? "fails" : "shares");

// %% name="ports-table" tags=["claim:contact.ports", "claim:contact.one-port-each"]
table(portsCame, { title: "What became of each program" });

// %% [markdown] name="ports-picture-intro"
// Each message in the trace knows who sent it. So a picture of who reached whom can be drawn from the run itself: on the left the
// clients, in the middle the ports of the machine, on the right the processes behind them.

// %% name="ports-picture-rows"
const reached = Object.entries(wanted).map(([client, port]) => {
  const answer = _.find(messages(portsRun), { to: client });
  return { client, port: `port ${port}`, process: answer?.fromProcess ?? "nobody" };
});
const inColumns = [_.map(reached, "client"), _.map(reached, "port"), _.map(reached, "process")];
const nodes = inColumns.flatMap((names, x) => names.map((name, y) => ({ x, y, name })));
const arrows = reached.flatMap(({ process }, y) => [
  { x: 0, y, isThere: true },
  { x: 1, y, isThere: process !== "nobody" },
]);

// %% jupyter={"source_hidden": true} name="ports-picture" tags=["claim:contact.ports", "claim:contact.one-port-each"]
// Draws the figure below.
const there = _.filter(arrows, "isThere");
const besideNames = { x1: (d: { x: number }) => d.x + 0.22, x2: (d: { x: number }) => d.x + 0.78 };
figure({
  title: "A client, a port, a process",
  alt: "Ana reaches port 37 and behind it the process time, Bruno port 17 and quote; behind Carla's port 99 there is nobody.",
  plot: {
    height: 170,
    marginTop: 5,
    marginBottom: 5,
    x: { axis: null, domain: [-0.4, 2.4] },
    y: { axis: null, domain: [2.5, -1.4] },
    marks: [
      Plot.arrow(there, {
        ...besideNames,
        y1: "y",
        y2: "y",
        stroke: palette.predicted,
        strokeWidth: 2,
      }),
      Plot.text(nodes, { x: "x", y: "y", text: "name", fontSize: 14 }),
      Plot.text(["client", "port of the machine", "process"], {
        x: [0, 1, 2],
        y: -1,
        fontSize: 14,
        fontWeight: "bold",
      }),
    ],
  },
  data: reached,
});

// %% [markdown] name="ports-live-intro"
// ## Live
//
// The same scenario over real sockets. (Ports below 1024 are for the superuser on most Unix systems, so the library lets each of our
// ports stand for a free one of the system; programs see theirs.)

// %% name="ports-live" tags=["live", "claim:contact.ports", "claim:contact.one-port-each"]
const portsLive = await runLive(threePorts, { seed: 1, timeScale: 4 });
const bothWorlds = _.zipWith(whatCame(portsRun), whatCame(portsLive), (virtual, live) => {
  return { ...virtual, measured: live.result };
});
table(bothWorlds, {
  title: "The same in virtual time and live",
  columns: { program: {}, port: {}, result: { label: "predicted" }, measured: {} },
});

// %% name="ports-claims" tags=["live"]
claims({
  "clients reach the server whose port they named": _.isEqual(
    _.map(bothWorlds, "result").slice(0, 2),
    ["it is noon", "know thyself"],
  ),
  "where nobody listens the machine refuses at once": bothWorlds[2]!.result === "ConnectionRefused",
  "a port has one listener: the second is told that the address is in use":
    bothWorlds[3]!.result === "AddressInUse",
  "both worlds agree": bothWorlds.every(({ result, measured }) => result === measured),
});

// %% [markdown] name="ports-explained"
// A port has **one** listener. That is what makes it a name: whoever connects to port 17 of this machine reaches that process and
// no other. And the machine answers for a port where nobody listens: it refuses, at once. (If nothing answered at all, the client
// could not tell a missing server from a slow one.) One listener, for each address and protocol: only processes that agree share a
// port, as the children of a server that inherit its socket, or those that all ask for it (the socket option SO_REUSEPORT).
//
// **Why the two worlds agree.** No time is compared here, only who reaches whom, and that does not depend on the clock.

// %% [markdown] name="well-known-lecture"
// ## Well-known ports
//
// > *ftp-data 20 File Transfer [Default Data]; ftp 21 File Transfer [Control]; telnet 23 Telnet; smtp 25 Simple Mail Transfer;
// > login 49 Login Host Protocol; sunrpc 111 SUN RPC (portmapper)*
//
// How does Bruno know that quotes are on port 17? Because it is written in a list that everybody has: the registry of the
// Internet Assigned Numbers Authority (IANA). Here are the lecture's six, as the registry has them, and one more.

// %% name="well-known" tags=["claim:contact.well-known-ports"]
const registry = dataset<{ port: number; service: string; lecture: string | null }>(
  "well-known-ports",
);
table(registry.rows, {
  title: "Well-known ports (TCP)",
  columns: ["port", "service", "description", "reference", "lecture"],
  caption: registry.source,
});

// %% jupyter={"source_hidden": true} name="well-known-claims"
// What holds: it is shown below.
const named = registry.rows.filter(({ lecture }) => lecture !== null);
const renamed = named.filter(({ service, lecture }) => service !== lecture);
const { system, dynamic } = registry.ranges as {
  system: [number, number];
  dynamic: [number, number];
};
claims({
  "the six ports of the slide are in the registry": _.isEqual(
    _.map(named, "port"),
    [20, 21, 23, 25, 49, 111],
  ),
  "one of them has another name there": [
    renamed.length === 1,
    `${renamed[0]!.lecture} is ${renamed[0]!.service}`,
  ],
  "all of them are system ports": registry.rows.every(({ port }) => port <= system[1]),
});

// %% [markdown] name="well-known-footnote"
// **A footnote to the slide.** Port 49 is indeed the "Login Host Protocol", but that is **TACACS**, by which terminal servers ask
// whether a user may log in. The service *named* `login` in the registry, the remote login of `rlogin`, is port **513**. Old
// lists called both "login", and they are often mixed up.
//
// Numbers up to 1023 are *system* ports: on most systems only the superuser may listen there. So a client that reaches port 25
// of a machine knows that at least its administrator wanted it so.

// %% [markdown] name="dynamic-lecture"
// # 2 · Ports that nobody knows beforehand
//
// > *A associação de portas a serviços pode ser dinâmica.*
//
// The assignment of ports to services can be dynamic. The list has room for 65,535 names, and the world has more services than
// that. Most are known to a few people only, and run for a day. So a server may say: *give me any port that is free*. That is
// port 0.

// %% name="dynamic" tags=["claim:contact.dynamic"]
const anyPort = async (host: Host) => (await host.listen(0)).port;
const startInOrder = async (services: readonly string[]) => {
  const programs = { ports: services.map(() => on("server", anyPort)) };
  const run = await simulate(scenario({ hosts: { server: {} }, programs }), { seed: 1 });
  return services.map((service, i) => ({ service, port: run.results.ports[i]! }));
};
const monday = await startInOrder(["time", "quote", "news"]);
const tuesday = await startInOrder(["news", "time", "quote"]);

// %% name="dynamic-table" tags=["claim:contact.dynamic"]
table(
  monday.map((row) => ({ ...row, after: _.find(tuesday, { service: row.service })!.port })),
  {
    columns: {
      service: {},
      port: { label: "port on Monday" },
      after: { label: "port on Tuesday" },
    },
  },
);

// %% name="dynamic-claims"
claims({
  "dynamic ports are of the range that the registry leaves free": [...monday, ...tuesday].every(
    ({ port }) => port >= dynamic[0] && port <= dynamic[1],
  ),
  "the same service has another port when it is started in another order": monday.every(
    ({ service, port }) => port !== _.find(tuesday, { service })!.port,
  ),
});

// %% [markdown] name="dynamic-live-intro"
// Your operating system does the same. The next cell opens three ports that are really its own, and closes them again. Run it
// twice.

// %% name="dynamic-live" tags=["live", "claim:contact.dynamic"]
const opened = await Promise.all(_.times(3, () => serveRpc([])));
const realPorts = _.map(opened, "port");
for (const server of opened) await server.close();
console.log(realPorts.join(", "));
claims({
  "three servers, three ports": _.uniq(realPorts).length === 3,
  "none of them is a system port": realPorts.every((port) => port > system[1]),
});

// %% [markdown] name="dynamic-explained"
// (Linux takes them from 32768 on, and does not keep to the registry's range.) So the port is free, and useless: no client can know it. Where there is a number that nobody knows, somebody must be asked.

// %% [markdown] name="daemon-lecture"
// # 3 · A daemon that knows
//
// > *Um daemon rastreia a porta de cada serviço implementado por servidores na mesma máquina. O daemon em si escuta uma porta bem
// > definida. O cliente primeiro contacta o daemon, pedindo a porta do serviço, e então contacta o servidor específico.*
//
// A daemon keeps track of the port of each service that is implemented by servers on the same machine. The daemon itself listens
// to a well-known port. The client first contacts the daemon, asks for the service's port, and then contacts the specific
// server.
//
// One well-known number is enough, then, to find all others. Here is all of it. (Port 111 is the one on the slide.)

// %% name="simple-daemon" tags=["claim:contact.daemon.tracks-ports", "claim:contact.daemon.well-known-port"]
const simpleDaemon = async (host: Host) => {
  const ports = new Map<string, number>();
  for await (const connection of await host.listen(111)) {
    const { verb, service, port } = await connection.receive();
    if (verb === "register") ports.set(service, port);
    if (verb === "unregister") ports.delete(service);
    await connection.send(ports.get(service) ?? 0); // 0: there is none
    connection.end();
  }
};

// %% name="ask-daemon"
interface Question {
  verb: "register" | "unregister" | "look up";
  service: string;
  port?: number;
}
const askDaemon = async (host: Host, question: Question) => {
  const connection = await host.connect("server", 111);
  await connection.send(question);
  const port: number = await connection.receive();
  connection.end();
  return port;
};

// %% name="registered-server" tags=["claim:contact.daemon.tracks-ports"]
const registeredServer = async (host: Host, service: string, text: string) => {
  const listener = await host.listen(0);
  await askDaemon(host, { verb: "register", service, port: listener.port });
  for await (const connection of listener) {
    await connection.receive();
    await connection.send(text);
    connection.end();
  }
};

// %% [markdown] name="look-up-intro"
// The client looks the port up, contacts the server, and then contacts it once more with the port that it remembers. It measures
// both.

// %% name="look-up-client" tags=["claim:contact.daemon.asked-first"]
const lookUpThenContact = async (host: Host, service: string) => {
  const startMs = host.now();
  const port = await askDaemon(host, { verb: "look up", service }); // first the daemon,
  const answer = await contact(host, port); // then the server
  const firstMs = host.now() - startMs;
  await contact(host, port);
  return { answer, port, firstMs, againMs: host.now() - startMs - firstMs };
};

// %% name="look-up-scenario"
const withDaemon = scenario({
  hosts: { server: {}, client: {} },
  network: { latencyMs: 5 },
  programs: {
    daemon: on("server", simpleDaemon).daemon(),
    time: on("server", registeredServer, "time", "it is noon").daemon().at(2),
    quote: on("server", registeredServer, "quote", "know thyself").daemon().at(6),
    found: on("client", lookUpThenContact, "quote").at(10),
  },
});

// %% [markdown] name="look-up-predict-intro"
// **Predict.** A message is 5 ms on its way. To open a connection takes one there and one back; so does a question with its
// answer. How long does the client need for its *first* answer, asking the daemon before?

// %% name="look-up-predict"
const firstContact = predict(
  "first contact",
  { question: "How long do the look-up and the first contact take together?", unit: "ms" },
  undefined,
);
firstContact;

// %% name="look-up-run"
const daemonRun = await simulate(withDaemon, { seed: 1 });
table([daemonRun.results.found], { title: "What the client found, and how long it took" });

// %% name="look-up-compare"
firstContact.compare(daemonRun.results.found.firstMs);

// %% name="look-up-space-time" tags=["claim:contact.daemon.tracks-ports", "claim:contact.daemon.asked-first"]
spaceTime(daemonRun, {
  title: "Register, look up, contact",
  scale: "order",
  alt: "At the start both servers register with the daemon. The client asks the daemon, then the server quote, then quote again.",
  caption:
    "Each moment has the same room here. Servers and daemon share a machine, so registering takes no time on the network.",
});

// %% name="look-up-live" tags=["live", "claim:contact.daemon.asked-first", "claim:contact.daemon.tracks-ports"]
const daemonLive = await runLive(withDaemon, { seed: 1, timeScale: 4 });
const asPoints = ({ firstMs, againMs }: { firstMs: number; againMs: number }) => [
  { x: "first contact", y: firstMs },
  { x: "second contact", y: againMs },
];
overlay({
  title: "What it costs to look the port up",
  x: { label: "contact" },
  y: { label: "time to the answer", unit: "ms" },
  predicted: asPoints(daemonRun.results.found),
  measured: asPoints(daemonLive.results.found),
  predictions: [firstContact],
  alt: "The first contact takes twice as long as the second, in virtual time exactly and live nearly.",
});

// %% name="look-up-claims" tags=["live"]
const [virtualFound, liveFound] = [daemonRun.results.found, daemonLive.results.found];
claims({
  "in virtual time, looking up doubles the time to the first answer":
    virtualFound.firstMs === 2 * virtualFound.againMs,
  "live, too, the second contact is quicker by far": liveFound.againMs < 0.75 * liveFound.firstMs,
  "both worlds found the same port": virtualFound.port === liveFound.port,
});

// %% [markdown] name="look-up-explained"
// Looking up costs two round trips, whatever the service does: one to open the connection, one to ask. Whoever remembers the
// port pays once. That is what everybody does, and the next part shows its price.
//
// **Why the two differ.** Opening a socket and waking the other side take a part of a millisecond each time, and the first contact
// does that twice as often.

// %% [markdown] name="failures-intro"
// # 4 · What the daemon does not know
//
// > *Um daemon rastreia a porta de cada serviço …* — A daemon keeps track of the port of each service … but how? It knows what it
// > was **told**.
//
// Two things can go wrong. A service may die and have no time to unregister. And the daemon itself may die, and with it all that
// it had in its memory. From here on we use the library's daemon, [endpointDaemon](/static/api/functions/endpointDaemon.html): the
// same as yours, with a thread for each question, and on request with **leases**: a registration that is not renewed in time is
// forgotten.

// %% name="service"
const service = async (host: Host, everyMs?: number) => {
  const listener = await host.listen(0);
  if (everyMs === undefined) await registerEndpoint(host, "time", listener.port);
  else host.spawn(keepRegistered, { as: "thread" }, "time", listener.port, everyMs);
  for await (const connection of listener) {
    await connection.receive();
    await connection.send("it is noon");
    connection.end();
  }
};

// %% [markdown] name="probe-intro"
// A client looks up and contacts the service again and again, and writes down what it hears.

// %% name="probe"
const hear = async (host: Host) => {
  const port = await lookUpEndpoint(host, "server", "time");
  if (port === undefined) return "not registered";
  return contact(host, port).then(
    () => "answered",
    () => "wrong port", // the daemon named a port where nobody listens
  );
};

// %% name="probe-loop"
const probe = async (host: Host, untilMs: number) => {
  const heard: { timeMs: number; heard: string }[] = [];
  for (let timeMs = 20; timeMs <= untilMs; timeMs += 20) {
    await host.sleepUntil(timeMs);
    heard.push({ timeMs, heard: await hear(host).catch(() => "no daemon") });
  }
  return heard;
};

// %% [markdown] name="failures-cases-intro"
// Two accidents, each with two designs. In the first accident the *service* is killed at 210 ms. In the second the *daemon* is
// killed at 210 ms, and a new one is started 100 ms later. The designs: a service that **registers once**, with a daemon that
// never forgets; and a service that **registers every 50 ms**, with a daemon whose leases last 150 ms.

// %% name="failures-daemon"
const dyingDaemon = async (host: Host, options: { leaseMs?: number }) => {
  const first = host.spawn(endpointDaemon, { as: "process" }, options);
  await host.sleepUntil(210);
  first.kill(); // as SIGKILL does: no line of it runs any more
  await host.sleep(100);
  host.spawn(endpointDaemon, { as: "process" }, options);
};

// %% name="failures-scenario"
const accident = (dies: "service" | "daemon", everyMs?: number) => {
  const leases = everyMs === undefined ? {} : { leaseMs: 3 * everyMs };
  const daemon = dies === "daemon" ? dyingDaemon : endpointDaemon;
  return scenario({
    hosts: { server: {}, client: {} },
    network: { latencyMs: 1 },
    programs: {
      daemon: on("server", daemon, leases).daemon(),
      service: on("server", service, everyMs).daemon().at(5),
      heard: on("client", probe, 500),
    },
    faults: dies === "service" ? [{ kind: "kill", program: "service", atMs: 210 }] : [],
  });
};

// %% [markdown] name="failures-predict-intro"
// **Predict.** The service registered once. The daemon dies, and a new one takes its place. The service is well all the time. What
// does a client hear, from then on?

// %% name="failures-predict"
const afterRestart = predict(
  "after the restart",
  {
    question: "The service registered once, and the daemon was replaced. What do clients hear?",
    choices: {
      answered: "all is as before",
      "not registered": "the daemon says that there is no such service, for ever",
      "wrong port": "the daemon names a port where nobody listens",
      "no daemon": "the daemon refuses connections, for ever",
    },
  },
  undefined,
);
afterRestart;

// %% name="failures-run"
const accidents = [
  { what: "service dies, registers once", play: accident("service") },
  { what: "service dies, renews a lease", play: accident("service", 50) },
  { what: "daemon dies, service registers once", play: accident("daemon") },
  { what: "daemon dies, service renews a lease", play: accident("daemon", 50) },
];
const heardAfter = (rows: readonly { what: string; timeMs: number; heard: string }[], i: number) =>
  _.map(
    rows.filter(({ what, timeMs }) => what === accidents[i]!.what && timeMs > 210),
    "heard",
  );

// %% name="failures-virtual"
const heardRows: { what: string; timeMs: number; heard: string }[] = [];
for (const { what, play } of accidents)
  for (const row of (await simulate(play, { seed: 1 })).results.heard)
    heardRows.push({ what, ...row });
afterRestart.compare(_.last(heardAfter(heardRows, 2)) as "answered");

// %% name="failures-live" tags=["live", "claim:contact.daemon.tracks-ports"]
const heardLive: typeof heardRows = [];
for (const { what, play } of progress(accidents.length, "accidents").each(accidents))
  for (const row of (await runLive(play, { seed: 1, timeScale: 4 })).results.heard)
    heardLive.push({ what, ...row });

// %% name="failures-figure" tags=["live"]
const inWorlds = [
  ...heardRows.map((row) => ({ source: "predicted", ...row })),
  ...heardLive.map((row) => ({ source: "measured", ...row })),
];
const colours = {
  answered: palette.series[0],
  "wrong port": palette.series[1],
  "not registered": palette.faint,
  "no daemon": palette.ink,
};

// %% jupyter={"source_hidden": true} name="failures-drawing" tags=["live", "claim:contact.daemon.tracks-ports"]
// Draws the figure below.
const bar = { x1: ({ timeMs }: { timeMs: number }) => timeMs - 20, x2: "timeMs", y: "what" };
figure({
  title: "What clients hear when something dies at 210 ms",
  alt: "Without leases clients hear the wrong port for ever, or, after the daemon was replaced, that there is no such service. With leases the wrong port is forgotten, and the living service is known again.",
  x: { label: "time", unit: "ms" },
  plot: {
    height: 230,
    marginLeft: 230,
    y: { label: null, domain: _.map(accidents, "what") },
    fx: { label: null, domain: ["predicted", "measured"] },
    color: { domain: Object.keys(colours), range: Object.values(colours), legend: true },
    marks: [Plot.barX(inWorlds, { ...bar, fx: "source", fill: "heard" })],
  },
  data: inWorlds,
});

// %% name="failures-claims" tags=["live"]
const ends = (i: number, first: string, last: string) =>
  [heardRows, heardLive].every((rows) => {
    const heard = heardAfter(rows, i);
    return heard[0] === first && _.last(heard) === last;
  });
claims({
  "a service that dies stays in the daemon's memory for ever": ends(0, "wrong port", "wrong port"),
  "with a lease it is forgotten after a while": ends(1, "wrong port", "not registered"),
  "a new daemon knows nothing of a service that registered once": ends(
    2,
    "no daemon",
    "not registered",
  ),
  "a service that renews its lease is soon known again": ends(3, "no daemon", "answered"),
});

// %% [markdown] name="failures-explained"
// What the daemon keeps is **soft state**: if it is lost, those who know better say it again. A lease turns two unpleasant
// questions into one of patience. *Is the service still there?* It has said so lately. *Does the new daemon know it?* It will,
// within one renewal.
//
// There is a worse ending than a wrong port where nobody listens: the port where, meanwhile, **somebody else** listens. The client
// speaks to a stranger, and both may misunderstand each other for long. Exercise 3 is about that.
//
// **Why the two differ.** Hardly at all: live, a question takes some milliseconds more, so that one which was asked just before an
// accident may be answered after it, and a bar begins a piece sooner or later.

// %% [markdown] name="lease-intro"
// ## How long a lease?
//
// A short lease is renewed often: that costs messages. A long one lets clients run to a dead port for longer. A service renews
// when a third of its lease is over, so that two renewals may fail. It dies at some moment between two renewals.
//
// **Predict.** The lease is 300 ms. For how long, on average, does the daemon tell clients a port where nobody listens any more?

// %% name="lease-predict"
const staleness = predict(
  "stale time",
  {
    question: "Lease 300 ms, renewed every 100 ms: how long is the daemon wrong, on average?",
    unit: "ms",
  },
  undefined,
);
staleness;

// %% name="lease-theory"
// When it dies, its last renewal lies between 0 and a third of a lease back: on average a sixth.
const meanStaleMs = (leaseMs: number) => leaseMs - leaseMs / 6;
staleness.compare(meanStaleMs(300));

// %% name="lease-watch"
const watch = async (host: Host, diesAtMs: number, everyMs: number) => {
  await host.sleepUntil(diesAtMs);
  while ((await lookUpEndpoint(host, "server", "time")) !== undefined) await host.sleep(everyMs);
  return host.now() - diesAtMs; // how long the daemon was wrong
};

// %% name="lease-death"
const death = (leaseMs: number, seed: number) => {
  const atMs = leaseMs + (randomStream(seed, "death")() * leaseMs) / 3;
  return scenario({
    hosts: { server: {} },
    programs: {
      daemon: on("server", endpointDaemon, { leaseMs }).daemon(),
      service: on("server", service, leaseMs / 3).daemon(),
      staleMs: on("server", watch, atMs, leaseMs / 50),
    },
    faults: [{ kind: "kill", program: "service", atMs }],
  });
};

// %% name="lease-simulate"
const leasePoints = grid({ leaseMs: [60, 150, 300, 600] });
const leaseBar = progress(leasePoints.length * 20, "80 simulations");
const leaseRuns = await sweep(
  leasePoints,
  async ({ leaseMs }, seed) => ({
    staleMs: (await simulate(death(leaseMs, seed), { seed })).results.staleMs,
  }),
  { replications: 20, confidence: 0.999, onProgress: () => leaseBar.tick() },
);

// %% name="lease-live" tags=["live"]
const leaseLive: { x: number; y: number }[] = [];
const deaths = grid({ leaseMs: [150, 600], seed: [1, 2, 3] });
for (const { leaseMs, seed } of progress(deaths.length, "deaths").each(deaths)) {
  const run = await runLive(death(leaseMs, seed), { seed, timeScale: 1 });
  leaseLive.push({ x: leaseMs, y: run.results.staleMs });
}

// %% jupyter={"source_hidden": true} name="lease-figure" tags=["live"]
// Draws the figure below.
const simulatedLeases = sweepRows(leaseRuns, "staleMs");
overlay({
  title: "How long the daemon is wrong after a service has died",
  x: { label: "lease", unit: "ms" },
  y: { label: "stale time", unit: "ms" },
  theory: { label: "mean, 5/6 of the lease", f: meanStaleMs, from: 0, to: 650 },
  predicted: simulatedLeases.map(({ leaseMs, staleMs, ...ends }) => ({
    x: leaseMs,
    y: staleMs,
    ...ends,
  })),
  measured: { label: "live, single deaths", points: leaseLive },
  predictions: [staleness],
  alt: "Simulated means lie a little below the line of five sixths; live points, single deaths, lie farther below.",
});

// %% name="lease-claims" tags=["live"]
claims({
  "theory lies within every interval of the simulation": simulatedLeases.every(
    ({ leaseMs, low, high }) =>
      low < meanStaleMs(leaseMs) + leaseMs / 50 && meanStaleMs(leaseMs) < high,
  ),
  "no simulated daemon is wrong for longer than a lease and one look": leaseRuns.rows.every(
    ({ leaseMs, staleMs }) => staleMs <= leaseMs * 1.021,
  ),
  "live, a lease four times as long leaves the daemon wrong for longer":
    _.meanBy(leaseLive.slice(3), "y") > 1.5 * _.meanBy(leaseLive.slice(0, 3), "y"),
});

// %% [markdown] name="lease-explained"
// A lease of length *L* costs three renewals each *L*, for each service, and leaves the daemon wrong for up to *L*. Their product
// does not depend on *L*: you can buy freshness with renewals at a fixed price, and the only question is who pays.
//
// **Why the two differ.** All leases are tried with the same twenty draws, and the live deaths are the first of these: they share their
// luck. These services happen to die late after a renewal, so all points lie below the line. The client that watches, and the
// clock that wakes it, add a few milliseconds.

// %% [markdown] name="portmapper-intro"
// # 5 · For real: the portmapper
//
// > *sunrpc 111 SUN RPC (portmapper)*
//
// The last port of the slide belongs to exactly such a daemon. The **portmapper** came with Sun's remote procedure calls (ONC RPC),
// for which servers take dynamic ports; network file systems still use it. Its services have numbers for names: a *program*, and
// a *version* of it. From here on nothing is simulated: this is your system's TCP and UDP, and the protocol is the one of the
// standards (RFC 5531 and RFC 1833).
//
// Here is a service of our own, as an RPC program. It has one procedure, which doubles a number.

// %% name="doubling"
const doubling: RpcProgram = {
  program: 0x20000001, // numbers from 0x20000000 on are free for anybody's own programs
  version: 1,
  procedures: { 1: (args, results) => void results.uint(2 * args.uint()) },
};
const doublingOverTcp = { program: doubling.program, version: 1, transport: "tcp" } as const;

// %% name="portmapper-live" tags=["live", "claim:contact.daemon.tracks-ports", "claim:contact.daemon.asked-first"]
const mapper = await startPortmapper(); // the daemon; 111 is the superuser's, so a free port
const doubler = await serveRpc([doubling]); // the server, on a dynamic port
const atMapper = portmapperClient({ port: mapper.port });
const wasSet = await atMapper.set({ ...doublingOverTcp, port: doubler.port }); // it registers
const foundPort = await atMapper.getPort(doublingOverTcp); // a client asks the daemon first …
const args = new XdrWriter().uint(21).finish();
const answer = await callRpc({ ...doublingOverTcp, port: foundPort, procedure: 1, args }); // … then the server
const listing = await atMapper.dump();
await Promise.all([mapper.close(), doubler.close()]);
table(listing, { title: "What the portmapper knew" });

// %% name="portmapper-claims" tags=["live"]
claims({
  "the server could register": wasSet,
  "the client was told the server's port": foundPort === doubler.port,
  "21, doubled by a remote procedure, is 42": new XdrReader(answer).uint() === 42,
  "the portmapper is registered with itself, for TCP and UDP":
    _.filter(listing, { program: 100000, port: mapper.port }).length === 2,
});

// %% [markdown] name="bytes-intro"
// ## What the bytes say
//
// Everything in ONC RPC is a multiple of four bytes, the most significant first (XDR). This is the client's question, GETPORT,
// word by word. **Before you run it:** how many words do you expect? What must a question contain, so that any server of any make
// can answer it?

// %% jupyter={"source_hidden": true} name="bytes"
// The question, and what each of its fields means.
const question = encodeCall({
  xid: 0xcafe,
  ...portmapper,
  ...portmapperCalls.getPort(doublingOverTcp),
});
const meanings = `xid: names this call
0: a call, no reply
version of RPC
program: the portmapper
its version
procedure: GETPORT
caller: nobody said
no bytes about the caller
proof of that: none
no bytes of proof
wanted: program
wanted: version
wanted: transport, 6 is TCP
port: not used in a question`.split("\n");

// %% name="bytes-table"
const words = _.times(question.length / 4, (i) => new DataView(question.buffer).getUint32(4 * i));
table(
  words.map((value, i) => ({
    bytes: value.toString(16).padStart(8, "0"),
    number: value,
    meaning: meanings[i],
  })),
);

// %% [markdown] name="answers-intro"
// A call names the **program** that it is for, each time anew. So a server can say that a call has come to the wrong door. That is
// the cure for the stranger of part 4! The next cell asks our two programs what they do not have.

// %% name="answers"
const programs = [doubling, portmapperProgram(new PortTable())];
const right = { xid: 1, program: doubling.program, version: 1, procedure: 1, args };
const calls = {
  "all is right": right,
  "a program that is not here": { ...right, program: 100003 },
  "a version that is not here": { ...right, version: 7 },
  "a procedure that does not exist": { ...right, procedure: 9 },
  "arguments that can't be read": { ...right, args: new Uint8Array(2) },
};

// %% name="answers-table" tags=["claim:contact.daemon.asked-first"]
const answers = _.map(calls, (call, what) => {
  const reply = decodeReply(answerCall(encodeCall(call), programs)!);
  return { call: what, answer: reply.status };
});
table(answers, { title: "How an RPC server answers" });

// %% [markdown] name="rpcinfo-intro"
// ## A judge who does not know us
//
// It is easy to agree with oneself. `rpcinfo` is the system's own tool to ask a portmapper, and it asks **port 111** only. So the
// next cell starts our portmapper in a *network of its own* (a namespace of Linux, in which we are the superuser and every port is
// free), registers a service on a dynamic port, and lets `rpcinfo` list it, and call its procedure 0.
//
// If your machine has no `rpcinfo`, the cell says what to install, and shows a recorded run.

// %% name="rpcinfo-lab"
const labWith = async (daemon: "ours" | "rpcbind") => {
  const [services, host] = [[{ program: doubling.program, version: 1 }], "127.0.0.1"];
  const commands = [
    ["rpcinfo", "-p", host],
    ["rpcinfo", "-t", host, String(doubling.program)],
  ];
  const lab = await portmapperLab({ daemon, services, commands }).catch((error) => {
    if (!(error instanceof ToolMissing)) throw error;
    console.log(`${error.message}\nSo this is a recorded run.`);
    return dataset<PortmapperLabResult & { daemon: string }>("portmapper-lab").rows.find(
      (row) => row.daemon === daemon,
    )!;
  });
  return lab;
};

// %% name="rpcinfo-ours" tags=["live"]
const withOurs = await labWith("ours");
for (const { command, output } of withOurs.commands) console.log(`$ ${command}\n${output}`);

// %% [markdown] name="rpcbind-intro"
// And the other way round: the system's own portmapper, `rpcbind`, takes port 111; our server registers with it, and our client
// reads it.

// %% name="rpcbind-ours" tags=["live"]
const withTheirs = await labWith("rpcbind");
table(withTheirs.overTcp, { title: "What our client read from the system's rpcbind" });

// %% jupyter={"source_hidden": true} name="rpcinfo-claims" tags=["live"]
// What holds: it is shown below.
const isListed = new RegExp(`${doubling.program} +1 +tcp`);
const [readOurs, readTheirs] = [withOurs, withTheirs].map(({ overTcp }) =>
  _.filter(overTcp, { program: doubling.program }),
);
claims({
  "rpcinfo lists our service, which our portmapper knows": isListed.test(
    withOurs.commands[0]!.output,
  ),
  "rpcinfo finds our service through our portmapper, and calls it": /ready and waiting/.test(
    withOurs.commands[1]!.output,
  ),
  "the system's portmapper tells our client of our service, over TCP and UDP":
    readTheirs!.length === 2,
  "our client reads the same list over UDP": _.isEqual(withTheirs.overTcp, withTheirs.overUdp),
  "both portmappers know the same of it":
    readOurs!.length === 2 &&
    _.isEqual(_.map(readOurs, "transport"), _.map(readTheirs, "transport")),
});

// %% [markdown] name="rpcinfo-explained"
// Programs that were written decades apart, by people who never met, understand each other here because each word of the table above has
// one meaning. That is what a protocol is. Note that the daemon you wrote in part 3 and the portmapper do the same three things:
// register (SET), unregister (UNSET), look up (GETPORT). Two differences matter after a crash. SET refuses if another port is known, so
// a server that was started anew must UNSET first. And the portmapper knows no leases: a service that is killed stays in its
// list until somebody takes it out.

// %% [markdown] name="superserver-lecture"
// # 6 · The superserver
//
// > *Alternativamente, usamos um superserver, escutando todas as portas associadas a serviços (ex: UNIX inetd). Quando uma requisição
// > chega, o superservidor cria um subprocesso (fork) para tratá-la. Esse subprocesso é então fechado, quando terminar de atender a
// > requisição.*
//
// Alternatively, we use a **superserver**, which listens to all ports that belong to services (for example UNIX inetd). When a request
// comes in, the superserver creates a subprocess (fork) to handle it. This subprocess is closed when it has finished with the
// request.
//
// It answers another question than the daemon: not *where is the service?* but *why should a server wait all day, if it is needed
// once in an hour?*

// %% name="superserver" tags=["claim:contact.superserver.listens-to-all", "claim:contact.superserver.forks"]
type Serve = (host: Host, connection: Connection) => Promise<void>;

const superserver = async (host: Host, services: Readonly<Record<number, Serve>>) => {
  const watch = async (own: Host, port: number) => {
    for await (const connection of await own.listen(port)) // somebody comes, and gets a process
      own.spawn(services[port]!, { as: "process", name: `child for ${port}` }, connection);
  };
  for (const port of Object.keys(services).map(Number))
    host.spawn(watch, { as: "thread", name: `port ${port}` }, port);
};

// %% [markdown] name="superserver-services-intro"
// The superserver reads nothing itself: it starts the process as soon as it has the connection, as inetd does. So a service may listen
// first, as `echo` below, or speak first, as the two others do: who asks for the time need not say anything.
//
// The services themselves know nothing of ports. Each gets a connection, serves it, and ends; and with it its process.

// %% name="superserver-services" tags=["claim:contact.superserver.child-ends"]
const echo: Serve = async (host, connection) => {
  for await (const message of connection) {
    await host.compute(6);
    await connection.send(message);
  }
};
const saying =
  (text: string): Serve =>
  async (host, connection) => {
    await host.compute(6);
    await connection.send(text);
    connection.end();
  };
const services = { 7: echo, 13: saying("it is noon"), 17: saying("know thyself") };

// %% [markdown] name="superserver-predict-intro"
// Ana listens on port 17, and almost at the same time Bruno has his words sent back on port 7; later Ana listens again. To start a
// process costs 4 ms of CPU time. **Predict.** How many processes does the server's machine have at the busiest moment?

// %% name="superserver-predict"
const processCount = predict(
  "processes",
  {
    question: "How many processes of the server's machine are there at most, at one time?",
    unit: "",
  },
  undefined,
);
processCount;

// %% name="superserver-run"
const justHear = async (host: Host, port: number) => {
  const connection = await host.connect("server", port);
  const answer: string | undefined = await connection.receive(); // without a word of ours
  connection.end();
  return answer;
};

// %% name="superserver-guests"
const guests = scenario({
  hosts: { server: { costs: { processMs: 4 } }, ana: {}, bruno: {} },
  network: { latencyMs: 2 },
  programs: {
    superserver: on("server", superserver, services).daemon(),
    answers: [
      on("ana", justHear, 17).at(5),
      on("bruno", contact, 7).at(8),
      on("ana", justHear, 17).at(45),
    ],
  },
});
const superRun = await simulate(guests, { seed: 1 });

// %% name="superserver-lives"
const livesIn = (run: { rows: readonly TraceRow[]; endMs: number }) => {
  const own = run.rows.filter((row) => row.host === "server");
  const starts = own.filter((row): row is StartRow => row.kind === "start" && row.as === "process");
  return starts.map(({ process, pid, timeMs }) => {
    const end = own.find((row) => row.kind === "exit" && row.pid === pid && row.as === "process");
    const endMs = end && end.timeMs < run.endMs ? end.timeMs : run.endMs;
    return { process: `${process} (pid ${pid})`, startMs: timeMs, endMs };
  });
};
const lives = livesIn(superRun);
const aliveAt = (timeMs: number) =>
  lives.filter(({ startMs, endMs }) => startMs <= timeMs && timeMs < endMs).length;
processCount.compare(_.max(lives.map(({ startMs }) => aliveAt(startMs)))!);

// %% name="superserver-lanes" tags=["claim:contact.superserver.forks", "claim:contact.superserver.child-ends"]
lanes(superRun, {
  title: "A superserver and its children",
  hosts: ["server"],
  alt: "The superserver's three threads wait all the time, one for each port. Each request has a bar of its own, which ends with it.",
  caption: "Each child first pays for its own start. When it has answered, it is gone.",
});

// %% jupyter={"source_hidden": true} name="superserver-claims" tags=["claim:contact.superserver.listens-to-all"]
// What holds: it is shown below.
const listening = superRun.rows.filter((row) => row.kind === "wait" && row.on.startsWith("accept"));
claims({
  "one process waits on all three ports": _.uniq(_.map(listening, "pid")).length === 1,
  "each request had a process of its own": lives.length === 1 + superRun.results.answers.length,
  "both overlapping requests were served at the same time": aliveAt(lives[2]!.startMs) === 3,
  "a child ends when its request is served": lives
    .slice(1)
    .every(({ startMs, endMs }) => endMs < startMs + 25),
  "a service may speak first, and one may listen first": _.isEqual(superRun.results.answers, [
    "know thyself",
    "please",
    "know thyself",
  ]),
  "nobody came to port 13, so nothing was started for it": !_.some(lives, (life) =>
    life.process.startsWith("child for 13 "),
  ),
});

// %% [markdown] name="inetd-intro"
// ## For real: inetd
//
// The superserver of Unix is called **inetd**. Its configuration is a table: a line for each service, with its port, its kind, whether it
// takes one connection at a time (`nowait`; `nowait.1000` allows a thousand starts a minute) or the listening socket itself (`wait`), the user
// to run as, and the program. The
// library reads that file and does what inetd does, with real sockets and real processes of your system
// ([startSuperserver](/static/api/functions/startSuperserver.html)). The programs know nothing of networks: they read their standard
// input and write to their standard output, which *are* the connection.

// %% name="inetd-conf" tags=["claim:contact.superserver.listens-to-all"]
const inetdConf = (user: string) => `
# port  type    protocol  wait         user     program    its name and arguments
8007    stream  tcp       nowait.1000  ${user}  /bin/cat   cat
8037    stream  tcp       nowait       ${user}  /bin/date  date +%A
8079    stream  tcp       nowait       ${user}  /no/such   program`;

// %% name="talk"
const talk = async (port: number, text: string) => {
  const socket = connect(port, "127.0.0.1");
  socket.end(text); // that is all we say
  let heard = "";
  for await (const piece of socket) heard += piece;
  return heard;
};

// %% [markdown] name="inetd-predict-intro"
// **Predict.** The third line names a program that does not exist. What does a client hear who connects to its port?

// %% name="inetd-predict"
const noProgram = predict(
  "no such program",
  {
    question: "A client connects to a port whose program does not exist. What happens?",
    choices: {
      refused: "the connection is refused",
      closed: "the connection is opened, and closed without a word",
      crash: "the superserver ends with an error, and all services with it",
    },
  },
  undefined,
);
noProgram;

// %% name="inetd-live" tags=["live", "claim:contact.superserver.listens-to-all", "claim:contact.superserver.forks", "claim:contact.superserver.child-ends"]
// From the start of the superserver to its end, so that nothing is left running.
const inetd = await startSuperserver(inetdConf(userInfo().username));
const heardFromInetd: string[] = [];
for (const [port, text] of [
  [8007, "hello"],
  [8037, ""],
  [8079, ""],
  [8007, "again"],
] as const)
  heardFromInetd.push(await talk(inetd.realPort(port), text));
const eventsOf = (event: string) => inetd.rows.filter((row) => row.event === event);
while (eventsOf("ended").length < 3) await sleep(20); // until the last child is reaped
await inetd.close();
console.log(heardFromInetd);
table(inetd.rows, {
  title: "What the superserver did",
  columns: ["atMs", "event", "service", "pid", "code", "lifeMs"],
});

// %% name="inetd-compare" tags=["live"]
noProgram.compare(heardFromInetd[2] === "" ? "closed" : "refused");

// %% name="inetd-claims" tags=["live"]
claims({
  "one superserver listens for all three services": eventsOf("listening").length === 3,
  "cat sent back what it was sent, each time in a process of its own":
    heardFromInetd[0] === "hello" &&
    heardFromInetd[3] === "again" &&
    _.uniqBy(eventsOf("started"), "pid").length === 3,
  "date knows the day": /^\w+day\s*$/.test(heardFromInetd[1]!),
  "each process ended by itself when it had served": eventsOf("ended").every(
    ({ code }) => code === 0,
  ),
  "a program that can't be started is no reason to stop": _.some(inetd.rows, {
    event: "not started",
  }),
});

// %% [markdown] name="inetd-judge-intro"
// (A child's *life* begins when the superserver asks the system for a process; *started* is written down when it is there.)
//
// It is easy to agree with oneself here, too. So the next cell gives the same table to `openbsd-inetd`, the superserver of Debian, and
// to ours, one after the other, each in a network of its own, and asks both the same. Port 8080 stands in no line of the table. (If
// your machine has no such inetd, the cell says what to install, and shows a recorded run.)

// %% jupyter={"source_hidden": true} name="inetd-judge-run" tags=["live"]
// Asks both superservers the same four questions; without openbsd-inetd, a recorded run.
const inetdQuestions = [
  { port: 8007, text: "hello" },
  { port: 8037 },
  { port: 8079 },
  { port: 8080 },
];
const askBothInetds = async () => {
  const lab = { conf: inetdConf("root"), requests: inetdQuestions };
  const ours = await inetdLab({ superserver: "ours", ...lab });
  return [...ours, ...(await inetdLab({ superserver: "openbsd-inetd", ...lab }))];
};
const inetdReplies = await askBothInetds().catch((error) => {
  if (!(error instanceof ToolMissing)) throw error;
  console.log(`${error.message}\nSo this is a recorded run.`);
  return dataset<InetdReplyRow>("inetd-lab").rows;
});

// %% name="inetd-judge" tags=["live", "claim:contact.superserver.listens-to-all", "claim:contact.superserver.forks"]
const sideBySide = inetdQuestions.map(({ port }) => {
  const [ours, theirs] = _.map(_.filter(inetdReplies, { port }), "reply");
  return { port, ours: JSON.stringify(ours), theirs: JSON.stringify(theirs) };
});
table(sideBySide, {
  title: "What a client hears from two superservers",
  columns: { port: {}, ours: {}, theirs: { label: "openbsd-inetd" } },
});

// %% name="inetd-judge-claims" tags=["live"]
claims({
  "the same configuration under the system's inetd gives the same replies": sideBySide.every(
    ({ ours, theirs }) => ours === theirs,
  ),
  "cat answers at both": sideBySide[0]!.theirs === '"hello"',
  "a program that does not exist: an open door, and no word": sideBySide[2]!.theirs === '""',
  "a port that stands in no line is refused": sideBySide[3]!.theirs.includes("ECONNREFUSED"),
});

// %% [markdown] name="memory-intro"
// ## What it saves
//
// The slide says *alternatively*. What is won? A daemon that waits holds memory. The next cell starts 1, 2, 4 and 8 idle daemons, each a
// process of Node with one port, and beside them one superserver with as many ports, and asks the operating system how much they
// hold. **Predict:** how many services must there be before one superserver holds less than the daemons do: 1, 2, 4 or 8?

// %% name="memory-predict"
const worthIt = predict(
  "worth it",
  {
    question: "From how many services on (1, 2, 4 or 8) does the superserver hold less memory?",
    unit: "",
  },
  undefined,
);
worthIt;

// %% name="memory-live" tags=["live", "claim:contact.superserver.listens-to-all"]
const memoryRows = (await measureIdleMemory({ services: [1, 2, 4, 8] })).map((row) => ({
  ...row,
  megabytes: (row.proportionalBytes ?? row.residentBytes) / 1e6,
}));
const ofKind = (arrangement: string) => memoryRows.filter((row) => row.arrangement === arrangement);
const held = (arrangement: string, services: number) =>
  ofKind(arrangement).find((row) => row.services === services)!.megabytes;
const fewest = [1, 2, 4, 8].find((n) => held("daemons", n) > held("superserver", n));
worthIt.compare(fewest ?? 16);

// %% jupyter={"source_hidden": true} name="memory-figure" tags=["live"]
// Draws the figure below.
const pointsOf = (arrangement: string) =>
  ofKind(arrangement).map((row) => ({ x: row.services, y: row.megabytes }));
const eachMore = (held("daemons", 8) - held("daemons", 1)) / 7;
overlay({
  title: "Memory held by servers that nobody asks",
  x: { label: "services" },
  y: { label: "memory", unit: "MB" },
  theory: [
    {
      label: "a daemon more each time",
      f: (n) => held("daemons", 1) + (n - 1) * eachMore,
      from: 1,
      to: 8,
    },
    { label: "one superserver for all", f: () => held("superserver", 1), from: 1, to: 8 },
  ],
  measured: [
    { label: "idle daemons", points: pointsOf("daemons") },
    { label: "one superserver", points: pointsOf("superserver") },
  ],
  alt: "The memory of daemons rises with their number; that of a superserver stays nearly as it was for one service.",
  caption:
    "What processes share, such as Node's own code, is divided among them where the system tells (Linux).",
});

// %% name="memory-claims" tags=["live"]
claims({
  "eight idle daemons hold more than one superserver for eight services":
    held("daemons", 8) > held("superserver", 8),
  "seven services more cost the superserver less than one daemon would":
    held("superserver", 8) - held("superserver", 1) < held("daemons", 1),
  "the daemons' memory grows at every step": [1, 2, 4].every(
    (n) => held("daemons", 2 * n) > held("daemons", n),
  ),
});

// %% [markdown] name="memory-explained"
// When inetd was written, machines had a few megabytes for everybody, and a service that was asked once in an hour could not be allowed to
// sit there. Today memory is cheap, and yet the same idea is back: *socket activation* on your own machine, and *serverless* functions in the
// cloud, which are started when a request comes in.
//
// **Lines and points.** The lines are no theory: one is drawn through the daemons' first and last point, the other at the height of a
// superserver with one service. The points between lie near them, so each daemon more costs about as much as the one before, and a
// port more costs a superserver next to nothing.

// %% [markdown] name="rate-intro"
// # 7 · Which one, and when?
//
// Now there are three ways to a service:
//
// - a **resident** server on a well-known port, which is always there;
// - a resident server on a dynamic port, which the client must **look up first**;
// - a **superserver**, which starts a process for each request.
//
// The first is quickest, but needs a number that everybody knows and a process that waits all day. The second pays two round
// trips. The third pays for the start of a process. Which of the two pays less?
//
// We assume: a message takes 2 ms, the service 2 ms of CPU, and to start a process 4 ms of CPU. When nothing else is going on, the
// resident server answers after two round trips and the service. **Predict** for 100 requests a second: which one is slowest?

// %% name="rate-predict"
const slowest = predict(
  "slowest",
  {
    question: "At 100 requests a second, the slowest answer comes from …",
    choices: {
      resident: "the resident server",
      lookUp: "the resident server that must be looked up first",
      superserver: "the superserver",
    },
  },
  undefined,
);
slowest;

// %% [markdown] name="rate-theory-intro"
// Threads and processes share the one CPU equally, so the time that work takes is its CPU time divided by 1 − ρ (M/G/1 with processor
// sharing, notebook 03). The load ρ is the rate times the CPU time *of all work that a request causes*, and there lies the
// difference: the look-up costs waiting, which disturbs nobody, and the start of a process costs CPU, which everybody wants.

// %% name="rate-theory"
const [latencyMs, serviceMs, startMs] = [2, 2, 4];
const cpuMs = (workMs: number, perS: number) => workMs / (1 - (workMs * perS) / 1000);
const theoryMs = {
  resident: (perS: number) => 4 * latencyMs + cpuMs(serviceMs, perS),
  "look-up first": (perS: number) => 8 * latencyMs + cpuMs(serviceMs, perS),
  superserver: (perS: number) => 4 * latencyMs + cpuMs(serviceMs + startMs, perS),
};
type Way = keyof typeof theoryMs;
const ways = Object.keys(theoryMs) as Way[];

// %% name="rate-crossing"
const crossing = (
  f: (x: number) => number,
  g: (x: number) => number,
  low: number,
  high: number,
) => {
  for (let i = 0; i < 50; i++) {
    const middle = (low + high) / 2;
    if (f(middle) < g(middle)) low = middle;
    else high = middle;
  }
  return low;
};

// %% name="rate-table"
const crossingPerS = crossing(theoryMs.superserver, theoryMs["look-up first"], 1, 160);
const at = (perS: number) => ({ perS, ..._.mapValues(theoryMs, (f) => f(perS)) });
table([1, crossingPerS, 100, 150].map(at), {
  title: "Mean response time (ms) at some rates",
  columns: {
    perS: { label: "requests", unit: "1/s" },
    resident: {},
    "look-up first": {},
    superserver: {},
  },
});

// %% name="rate-compare"
slowest.compare(
  theoryMs.superserver(100) > theoryMs["look-up first"](100) ? "superserver" : "lookUp",
);

// %% [markdown] name="rate-programs-intro"
// And as programs. All three serve the same requests; clients come at random, whether or not others still wait.
//
// One thing must be made equal first. In virtual time a server can accept a connection as soon as the client's first message of the
// handshake is there, and the request follows a round trip later: a process that is started at once is ready by then, and its start
// seems to cost nothing. TCP hands a connection over only when the handshake is complete, and mostly the request comes with its last
// message. So the superserver of this part starts the process when the request is there.

// %% name="rate-programs"
const answerDone: Serve = async (host, connection) => {
  await host.compute(serviceMs);
  await connection.send("done");
  connection.end();
};
const resident = async (host: Host, port: number) => {
  const serve = async (own: Host, connection: Connection) => {
    await connection.receive();
    await answerDone(own, connection);
  };
  const listener = await host.listen(port);
  if (port === 0) await registerEndpoint(host, "service", listener.port);
  for await (const connection of listener) host.spawn(serve, { as: "thread" }, connection);
};

// %% name="rate-look-up"
const lookUpFirst = async (host: Host) =>
  contact(host, (await lookUpEndpoint(host, "server", "service"))!);

// %% name="rate-visits"
const visits = async (host: Host, plan: readonly PlannedRequest[], way: Way) => {
  const responsesMs: number[] = [];
  const visit = async (own: Host, { request, arrivalMs }: PlannedRequest) => {
    await (way === "look-up first" ? lookUpFirst(own) : contact(own, 80));
    responsesMs[request] = own.now() - arrivalMs;
  };
  const under: { done(): Promise<unknown> }[] = [];
  for (const planned of plan) {
    await host.sleepUntil(planned.arrivalMs);
    under.push(host.spawn(visit, { as: "thread" }, planned));
  }
  for (const each of under) await each.done();
  return responsesMs;
};

// %% name="rate-scenario"
const startOnRequest = async (host: Host) => {
  const start = async (own: Host, connection: Connection) => {
    await connection.receive();
    own.spawn(answerDone, { as: "process" }, connection);
  };
  for await (const connection of await host.listen(80))
    host.spawn(start, { as: "thread" }, connection);
};
const servers = {
  resident: on("server", resident, 80).daemon(),
  "look-up first": on("server", resident, 0).daemon(),
  superserver: on("server", startOnRequest).daemon(),
};

// %% name="rate-visited"
const visited = (way: Way, perS: number, requests: number, seed: number) => {
  const service = () => deterministic({ value: serviceMs });
  const plan = workload({ arrivalsPerS: perS, requests, seed, service });
  return scenario({
    hosts: { server: { costs: { processMs: startMs } }, clients: {} },
    network: { latencyMs },
    programs: {
      daemon: on("server", endpointDaemon).daemon(),
      server: servers[way],
      responsesMs: on("clients", visits, plan, way).at(1),
    },
  });
};

// %% name="rate-simulate"
const ratePoints = grid({ way: ways, perS: [20, 60, 100, 130] });
const rateBar = progress(ratePoints.length * 10, "120 simulations");
const rateRuns = await sweep(
  ratePoints,
  async ({ way, perS }, seed) => {
    const run = await simulate(visited(way, perS, 200, seed), { seed, trace: "none" });
    return { responseMs: _.mean(run.results.responsesMs.slice(20)) };
  },
  { replications: 10, confidence: 0.999, onProgress: () => rateBar.tick() },
);

// %% [markdown] name="rate-live-intro"
// Live, the same programs: 40 requests at a low and at a high rate. (Three times as slow, so that the CPU times are well above what Node
// itself needs.)

// %% name="rate-live" tags=["live"]
// One loop over ways and rates: the runs, and what each gives.
const medianOf = (values: readonly number[]) => _.sortBy(values)[Math.floor(values.length / 2)]!;
const rateLive: {
  way: Way;
  perS: number;
  predictedMs: number;
  measuredMs: number;
  leastMs: number;
}[] = [];
const liveRates = grid({ way: ways, perS: [60, 130] });
for (const { way, perS } of progress(liveRates.length, "runs").each(liveRates)) {
  const run = await runLive(visited(way, perS, 40, 1), { seed: 1, timeScale: 3 });
  const [predictedMs, measuredMs] = [run.predicted, run].map((one) =>
    medianOf(one.results.responsesMs),
  );
  const leastMs = _.min(run.results.responsesMs)!;
  rateLive.push({ way, perS, predictedMs: predictedMs!, measuredMs: measuredMs!, leastMs });
}

// %% name="rate-live-table" tags=["live"]
table(rateLive, {
  title: "Response times of 40 requests, in virtual time with the same draws, and live",
  columns: {
    way: {},
    perS: { label: "requests", unit: "1/s" },
    predictedMs: { label: "median, predicted" },
    measuredMs: { label: "median, measured" },
    leastMs: { label: "quickest, live" },
  },
});

// %% name="rate-rows" tags=["live"]
const rateRows = [
  ...grid({ way: ways, perS: _.range(1, 140, 3) }).map((point) => {
    return { ...point, responseMs: theoryMs[point.way](point.perS), source: "theory" };
  }),
  ...sweepRows(rateRuns, "responseMs"),
  ...rateLive.map(({ measuredMs, way, perS }) => ({
    way,
    perS,
    responseMs: measuredMs,
    source: "measured",
  })),
];

// %% name="rate-figure" tags=["live", "claim:contact.superserver.forks", "claim:contact.daemon.asked-first"]
sweepFigure(rateRows, {
  title: "Three ways to a service, against the rate of requests",
  alt: "The resident server is fastest. At low rates the superserver beats the look-up; its line rises steeply and crosses the other near 70 requests a second.",
  caption:
    "Live points are medians of 40 requests: compare them with the table above, not with the lines.",
  series: "way",
  source: "source",
  x: { field: "perS", label: "requests", unit: "1/s" },
  y: { field: "responseMs", label: "mean response time", unit: "ms", low: "low", high: "high" },
});

// %% name="rate-claims"
const simulatedRates = sweepRows(rateRuns, "responseMs");
const meanOf = (way: Way, perS: number) => _.find(simulatedRates, { way, perS })!.responseMs;
claims({
  "theory lies within every interval of the simulation": simulatedRates.every(
    ({ way, perS, low, high }) => low < theoryMs[way](perS) && theoryMs[way](perS) < high,
  ),
  "at 20 requests a second, the superserver beats the look-up":
    meanOf("superserver", 20) < meanOf("look-up first", 20),
  "at 100 it is the other way round": meanOf("superserver", 100) > meanOf("look-up first", 100),
  "the resident server on a well-known port is fastest at each rate": _.range(1, 160).every(
    (perS) =>
      theoryMs.resident(perS) <
      Math.min(theoryMs.superserver(perS), theoryMs["look-up first"](perS)),
  ),
});

// %% jupyter={"source_hidden": true} name="rate-live-claims" tags=["live"]
// What holds: it is shown below.
const liveRow = (way: Way, perS: number) =>
  rateLive.find((row) => row.way === way && row.perS === perS)!;
const quickest = (way: Way) => Math.min(liveRow(way, 60).leastMs, liveRow(way, 130).leastMs);
const crowded = liveRow("superserver", 130);
claims({
  "live, too, the quickest look-up takes longer than the quickest request to the resident server":
    quickest("look-up first") > quickest("resident"),
  "live, too, the quickest start of a process does as well":
    quickest("superserver") > quickest("resident"),
  "live, no median lies below the virtual run of the same draws": rateLive.every(
    ({ measuredMs, predictedMs }) => measuredMs > predictedMs,
  ),
  "live, too, at the high rate the superserver wears itself out: most requests take twice as long as the quickest":
    crowded.measuredMs > 2 * crowded.leastMs,
});

// %% [markdown] name="rate-explained"
// The look-up costs the same at any rate: it is made of waiting. The start of a process is made of CPU time, and so costs the more
// the more others want the CPU too. Left of the crossing the superserver is the better bargain, and it needs no process for services
// that nobody asks. Right of it, it wears itself out with starting.
//
// **Why the two differ.** Live, every request needs more CPU than we said: sockets, threads, timers, and most of all where a process is
// started. More CPU for each request is a higher load, so live the superserver's line rises earlier, and the two cross at a lower rate: if
// in your table above the superserver takes longer than the look-up at 60 requests a second already, they crossed left of that. At
// the high rate it needs nearly all of the CPU, and there a little more load makes a great difference.

// %% [markdown] name="real-ways-intro"
// ## The same question to the real ones
//
// Real RPC servers, a real portmapper, real processes started by the superserver, on one machine: there is no distance between client and
// server, so a round trip costs next to nothing. **Before you run it:** which of the three will be slowest now, and does it depend on the
// rate?

// %% name="real-load"
const realLoad = async (perS: number, ask: () => Promise<unknown>) => {
  const asked = _.range(30).map(async (i) => {
    await sleep((1000 * i) / perS); // evenly, whether or not others still wait
    const startMs = performance.now();
    await ask();
    return performance.now() - startMs;
  });
  return medianOf(await Promise.all(asked));
};

// %% name="real-ways" tags=["live", "claim:contact.superserver.forks", "claim:contact.daemon.asked-first"]
const realMapper = await startPortmapper();
const realDoubler = await serveRpc([doubling]);
const realInetd = await startSuperserver(inetdConf(userInfo().username));
const client = portmapperClient({ port: realMapper.port });
await client.set({ ...doublingOverTcp, port: realDoubler.port });
const double = (port: number) => callRpc({ ...doublingOverTcp, port, procedure: 1, args });
const asking: Record<Way, () => Promise<unknown>> = {
  resident: () => double(realDoubler.port),
  "look-up first": async () => double(await client.getPort(doublingOverTcp)),
  superserver: () => talk(realInetd.realPort(8007), "21"),
};

// %% name="real-ways-run" tags=["live"]
const realRows: { way: Way; perS: number; responseMs: number; source: string }[] = [];
for (const way of ways) await realLoad(50, asking[way]); // warm up
const realPoints = grid({ way: ways, perS: [25, 100, 200] });
for (const { way, perS } of progress(realPoints.length, "loads").each(realPoints))
  realRows.push({ way, perS, responseMs: await realLoad(perS, asking[way]), source: "measured" });
for (const server of [realMapper, realDoubler, realInetd]) await server.close();

// %% name="real-ways-figure" tags=["live"]
sweepFigure(realRows, {
  title: "Three ways to a service on one machine, with real processes",
  alt: "The superserver takes many times as long as the resident server and the look-up, which lie close together.",
  caption: "Medians of 30 requests each.",
  series: "way",
  source: "source",
  x: { field: "perS", label: "requests", unit: "1/s" },
  y: { field: "responseMs", label: "median response time", unit: "ms", scale: "log" },
});

// %% name="real-ways-distance" tags=["live"]
const realMs = _.mapValues(
  asking,
  (_ask, way) => _.find(realRows, { way: way as Way, perS: 25 })!.responseMs,
);
const startingMs = realMs.superserver - realMs.resident;
const lookingMs = realMs["look-up first"] - realMs.resident;
const sameAtMs = (startingMs - lookingMs) / 2;
table([{ startingMs, lookingMs, sameAtMs }], {
  title: "What the two cost more than the resident server, and where they cost the same",
  columns: {
    startingMs: { label: "superserver: more by" },
    lookingMs: { label: "look-up first: more by" },
    sameAtMs: { label: "the same at a round trip of" },
  },
});

// %% name="real-ways-claims" tags=["live"]
claims({
  "without distance, the superserver is slowest": realMs.superserver > realMs["look-up first"],
  "so there is a distance at which it costs the same as the look-up": sameAtMs > 0,
});

// %% [markdown] name="real-ways-explained"
// Here the look-up wins at every rate: its two round trips are nearly free, and a process is not. The last table says when that turns: a
// look-up costs two round trips more than the table shows, so as soon as a round trip takes longer than its last column, the superserver
// is the quicker one for requests that are rare (the table is for 25 requests a second). Within a building the look-up wins; across an ocean, by far, the process. And if the
// superserver's line rises towards the right, requests come faster than your machine can start processes for them: they queue.
//
// **Why this differs from virtual time.** There a process cost 4 ms and a round trip 4 ms, because we said so. Here the machine says what a
// process costs, and the network what a round trip does. The *shape*, waiting against CPU time, is the same.

// %% [markdown] name="exercises-intro"
// # Exercises
//
// ## Exercise 1 · A lease for many
//
// A daemon knows 300 services and can bear 30 registrations a second. Each service renews when a third of its lease is over. How
// long must the lease be at least?

// %% name="exercise-lease-answer" tags=["exercise"]
await check(exercises.leaseForMany, undefined); // seconds

// %% jupyter={"source_hidden": true} name="exercise-lease-solution" tags=["solution"]
// A solution, once you have tried: click to unfold it.
await check(exercises.leaseForMany, (3 * 300) / 30);

// %% [markdown] name="exercise-crossing-intro"
// ## Exercise 2 · Where the lines cross
//
// On another machine a message takes 5 ms, the service 5 ms of CPU, and to start a process takes 10 ms of CPU. At how many requests a
// second does the superserver take as long as a server that is looked up first? (Part 7 has all that you need.)

// %% name="exercise-crossing-answer" tags=["exercise"]
await check(exercises.otherCrossing, undefined); // requests a second

// %% jupyter={"source_hidden": true} name="exercise-crossing-solution" tags=["solution"]
// A solution, once you have tried: click to unfold it.
const superserverMs = (perS: number) => 20 + cpuMs(15, perS);
const lookUpFirstMs = (perS: number) => 40 + cpuMs(5, perS);
await check(exercises.otherCrossing, crossing(superserverMs, lookUpFirstMs, 1, 66));

// %% [markdown] name="exercise-finder-intro"
// ## Exercise 3 · A client that is not fooled
//
// Write a client that finds a service whatever has happened: the daemon is down for a while; it does not know the service yet; it
// names a port where nobody listens any more; or a port where *somebody else* listens. Services answer the message
// `{ service: "time" }` with `{ service, text }`, and put their *own* name into the answer. Return the text of the right one. Between
// two tries wait 20 ms; the service will be well within a second.
//
// Use `lookUpEndpoint(host, "server", service)` and `host.connect("server", port)`. Both may throw, and `receive` too.

// %% name="exercise-finder-answer" tags=["exercise"]
const myFinder: exercises.Finder = async (host, service) => {
  host.log(`looking for ${service}`); // your lines take the place of this one
  return "";
};
await check(exercises.finders, myFinder);

// %% jupyter={"source_hidden": true} name="exercise-finder-solution" tags=["solution"]
// A solution, once you have tried: click to unfold it.
const finderSolution: exercises.Finder = async (host, service) => {
  for (;;) {
    try {
      const port = await lookUpEndpoint(host, "server", service);
      const connection = await host.connect("server", port!); // undefined is no port: an error, too
      await connection.send({ service });
      const answer = await connection.receive();
      connection.end();
      if (answer?.service === service) return answer.text;
    } catch {} // not now
    await host.sleep(20);
  }
};
await check(exercises.finders, finderSolution);

// %% [markdown] name="exercise-memory-intro"
// ## Exercise 4 · A daemon with a memory
//
// Leases cure a daemon's loss of memory after a while. A **disk** cures it at once: the system's `rpcbind` does it on request (its
// option `-w`, "warm start"). Write `simpleDaemon` anew, so that it knows after a crash all that it had *answered for* before.
// `host.disk.write(name, value)` and `host.disk.read(name)` keep a value under a name; each takes 5 ms, and survives the crash. A value
// is what a message can carry: texts, numbers, arrays, plain objects. Careful: the crash may come at any moment, also while a change is
// being made. A change that was not answered yet may then have happened or not; all that *was* answered must still be known. One question
// at a time is enough.

// %% name="exercise-memory-answer" tags=["exercise"]
const myDaemon: exercises.Daemon = async (host) => {
  const ports = new Map<string, number>();
  for await (const connection of await host.listen(111)) {
    const { verb, service, port } = await connection.receive();
    if (verb === "register") ports.set(service, port);
    if (verb === "unregister") ports.delete(service);
    await connection.send(ports.get(service) ?? 0);
    connection.end();
  }
};
await check(exercises.memory, myDaemon);

// %% jupyter={"source_hidden": true} name="exercise-memory-solution" tags=["solution"]
// A solution, once you have tried: click to unfold it.
const memorySolution: exercises.Daemon = async (host) => {
  const ports = new Map<string, number>((await host.disk.read("ports")) ?? []);
  for await (const connection of await host.listen(111)) {
    const { verb, service, port } = await connection.receive();
    if (verb === "register") ports.set(service, port);
    if (verb === "unregister") ports.delete(service);
    if (verb !== "look up") await host.disk.write("ports", [...ports]);
    await connection.send(ports.get(service) ?? 0);
    connection.end();
  }
};
await check(exercises.memory, memorySolution);

// %% [markdown] name="summary"
// # What you have seen
//
// - A **port** is an entry in a table of the operating system; it has one listener, so it can be a name. Some are **well-known**,
//   because a list says so; the others are **dynamic**, and somebody must be asked.
// - An **endpoint daemon** needs one well-known port and spares all others. It knows what it was told: a service that dies leaves a
//   wrong port behind, a daemon that dies forgets all. **Leases** that are renewed cure both, for three renewals a lease.
// - The **portmapper** is that daemon for real. Each call names the program it is for, so a stranger can say *wrong door*.
// - A **superserver** listens for many services and starts a process when a request comes in. It saves the memory of those who wait,
//   and pays with the start of a process.
// - A look-up costs **waiting**, a start costs **CPU**. So the superserver wins where requests are rare or far away, and loses where they
//   are many or near.
//
// **Read on.** M. van Steen and A. S. Tanenbaum, *Distributed Systems*, chapter 3 (servers). RFC 6335 on ports, RFC 5531 and RFC 1833 on
// ONC RPC and the portmapper; W. R. Stevens, *UNIX Network Programming*, volume 1, on inetd. The pages of
// [endpointDaemon](/static/api/functions/endpointDaemon.html), [startPortmapper](/static/api/functions/startPortmapper.html),
// [callRpc](/static/api/functions/callRpc.html) and [portmapperLab](/static/api/functions/portmapperLab.html), and of the rooms
// [protocol](/static/api/documents/protocol.html) and [live](/static/api/documents/live.html). How to *stop* a server
// that you have found is notebook 05.
