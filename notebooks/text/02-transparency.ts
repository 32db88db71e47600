// -*- coding: utf-8 -*-
// ---
// jupyter:
//   kernelspec:
//     display_name: TypeScript (Handoff)
//     language: typescript
//     name: handoff
// ---

// %% [markdown] name="title"
// # What a client hides
//
// A program calls `add(2, 3)` and gets 5. That the sum was made on another machine, that this machine had moved a moment before, that
// the first request was lost, that three servers were asked: the call shows none of this. Somebody has hidden it. This notebook
// builds that somebody, layer by layer, and looks at what each layer can't hide. By the end you can
//
// - say what a stub sends for a call, byte by byte, and where a remote call differs from a local one;
// - move a service under load so that no call is lost or executed twice, and say what decides where it is;
// - say why no client can hide every crash of a server, and what must be written in one piece for a crash to be harmless;
// - let a stub ask several replicas, predict how long that takes, and say when it makes things worse.
//
// **The core** takes about 90 minutes: parts 1 to 5 without the sections marked ◇, and one exercise. In **60 minutes**: part 1; the table *Where the stub leaks*; *One move* and *A crash at any point*;
// *The server crashes*; *Which of the answers?*. With all sections and exercises it takes four hours; each part begins with a question of its own. You need notebook 00.

// %% jupyter={"source_hidden": true} name="imports"
// What this notebook takes from the library: nothing to change here.
import {
  anything,
  askSeveral,
  backOff,
  type Channel,
  check,
  type CrashOrder,
  claims,
  crashOrderOf,
  crashOrders,
  crashScenario,
  dataset,
  dispatch,
  durableService,
  exercises,
  exponential,
  type Fault,
  figure,
  firstReply,
  grid,
  HedgeBudget,
  hedged,
  holdersOf,
  type Host,
  home,
  type Implementation,
  isLoss,
  type Keeping,
  keepings,
  type LeftBehind,
  locationCosts,
  majorityOf,
  marshalledCall,
  messages,
  mOfN,
  type MovableServiceOptions,
  movableService,
  moveService,
  newestReply,
  on,
  onceOnly,
  overConnections,
  overDatagrams,
  overlay,
  palette,
  predict,
  type PrintClient,
  type PrintServer,
  printed,
  procedure,
  progress,
  randomStream,
  type Reissue,
  type Remote,
  type RemoteCall,
  reissues,
  remoteInterface,
  replicaModel,
  type ReplicaPolicy,
  retrying,
  rpcClient,
  rpcgenLab,
  runLive,
  scenario,
  serve,
  serveCalls,
  serveDatagrams,
  serveInterface,
  simulate,
  spaceTime,
  type StatefulObject,
  stub,
  sweep,
  sweepFigure,
  sweepRows,
  table,
  tailAtScale,
  tailLaw,
  ToolMissing,
  type TraceRow,
  tracking,
  xdr,
} from "kernel-lib";
import * as Plot from "@observablehq/plot";
import _ from "lodash";

// %% [markdown] name="client-lecture"
// # 1 · One line, and what stands under it
//
// > *[O software do lado do cliente é] geralmente adaptado para transparência de distribuição.*
//
// Client-side software is usually tailored for **distribution transparency**: whoever uses it shall not notice that there is more than
// one machine. Here is an application. It is a function of a calculator, and knows nothing else.

// %% name="application"
const { int, double, string, array } = xdr;

const Calculator = remoteInterface({
  program: 0x20000002,
  version: 1,
  methods: {
    add: procedure(1, [int, int], int),
    mean: procedure(2, [array(double, 1000)], double),
  },
});
const application = async (calculator: Remote<typeof Calculator>) =>
  (await calculator.add(2, 3)) + (await calculator.mean([1, 2, 6]));

// %% [markdown] name="application-intro"
// `Calculator` is an **interface**, and a value: it is there while the program runs. It says which methods there are, by which number
// each is called, and of which types arguments and result are. An object with these methods can be passed to the application as it is:

// %% name="application-local"
const ownCalculator: Implementation<typeof Calculator> = {
  add: (a, b) => a + b,
  mean: (numbers) => _.mean(numbers),
};
const local = {
  add: async (a: number, b: number) => ownCalculator.add(a, b),
  mean: async (numbers: number[]) => ownCalculator.mean(numbers),
};
await application(local);

// %% [markdown] name="application-remote-intro"
// Now the object is on another machine. There, `serve` calls its methods for whoever asks. Here, `stub` makes an object that looks the
// same, and sends each call there. The application is not changed by a letter.

// %% name="application-remote"
const calculatorServer = (host: Host) => serve(host, Calculator, ownCalculator);
const atServer = { host: "server", port: 80 };
const withStub = async (host: Host) => application(stub(host, Calculator, atServer));

const twoMachines = scenario({
  hosts: { client: {}, server: {} },
  network: { latencyMs: 10 },
  programs: { server: on("server", calculatorServer).daemon(), answer: on("client", withStub) },
});

// %% name="calls-predict"
const threeTrips = predict(
  "two calls",
  {
    question:
      "A message is 10 ms on its way; to connect takes one there and one back, and one connection serves both calls. When does the application have its answer?",
    unit: "ms",
  },
  undefined,
);
threeTrips;

// %% name="application-run" tags=["claim:transparency.client-software", "claim:transparency.access"]
const remoteRun = await simulate(twoMachines, { seed: 1 });
spaceTime(remoteRun, {
  title: "Two lines of an application, called on another machine",
  alt: "The client connects, then sends a call and waits for its reply, twice, on the same connection.",
});

// %% name="calls-compare"
threeTrips.compare(remoteRun.endMs);

// %% name="application-live" tags=["live", "claim:transparency.client-software", "claim:transparency.access"]
const remoteLive = await runLive(twoMachines, { seed: 1, timeScale: 2 });
table([
  { world: "local object", answer: await application(local), endMs: 0 },
  { world: "virtual", answer: remoteRun.results.answer, endMs: remoteRun.endMs },
  { world: "live", answer: remoteLive.results.answer, endMs: remoteLive.endMs },
]);

// %% name="application-claims" tags=["live"]
const answers = [remoteRun, remoteLive].map((run) => run.results.answer);
claims({
  "the application has the same answer here, in virtual time and live":
    _.uniq([...answers, await application(local)]).length === 1,
  "in virtual time it waits for three round trips": remoteRun.endMs === 60,
  "live it waits for them too, and for a little more": remoteLive.endMs > 60,
});

// %% [markdown] name="application-explained"
// What is not hidden already: **time**. A local call takes less than a microsecond, this one a round trip. A stub makes the call look
// the same; it can't make it cost the same. In the next parts more layers go between the stub and the network. Each has the same form, a
// function from a call to its reply, called a **channel**; so each can be put around another.

// %% [markdown] name="access-lecture"
// # 2 · Access: stubs
//
// > *Transparência de acesso: obtida via stubs do cliente para RPC.*
//
// Access transparency is obtained through client stubs for remote procedure calls (RPC). A stub has to write a call as bytes, which is called
// **marshalling**, and to read the reply. Which bytes? The stub of part 1 sent a description of JavaScript's values, as the labels of its
// diagram show. With `{ marshalling: "xdr" }` it writes what ONC RPC prescribes, which NFS uses (RFC 5531, with values as in XDR, RFC 4506): every field takes a multiple of
// four bytes, the most significant first. Before the arguments stand, a word each: a number of the call, "this is a call", the version of RPC, the program, its version, the
// procedure; then who calls and a proof of it, each with a kind and a length.

// %% name="bytes-predict"
const bytesOfCall = predict(
  "bytes of a call",
  {
    question:
      "How many bytes does the stub write for add(2, 3)? (What TCP or UDP add is not counted.)",
    unit: "bytes",
  },
  undefined,
);
bytesOfCall;

// %% name="bytes"
const sentBytes = marshalledCall(Calculator, "add", [2, 3]);
bytesOfCall.compare(_.sumBy(sentBytes, "bytes"));

// %% jupyter={"source_hidden": true} name="bytes-figure" tags=["claim:transparency.access"]
// The figure: one box for each word of four bytes.
const words = sentBytes.flatMap((row) =>
  row.hex.split(" ").map((hex, i) => {
    const at = row.byte / 4 + i;
    const part = row.field.startsWith("argument") ? "arguments" : "header";
    return {
      column: at % 4,
      line: Math.floor(at / 4),
      hex,
      field: row.field,
      value: row.value,
      part,
    };
  }),
);
figure({
  title: "What the stub sends for add(2, 3)",
  alt: "Twelve words of four bytes: ten of header, then 2 and 3.",
  caption:
    "Nobody is named as the caller here (flavor 0). The table below the figure has each value with its type.",
  x: { label: "word" },
  y: { label: "line" },
  plot: {
    height: 320,
    x: { axis: null, domain: [-0.5, 3.5] },
    y: { axis: null, reverse: true, domain: [-0.5, 2.5] },
    color: {
      domain: ["header", "arguments"],
      range: [palette.theory, palette.measured],
      legend: true,
    },
    marks: [
      Plot.rect(words, {
        x1: (d) => d.column - 0.48,
        x2: (d) => d.column + 0.48,
        y1: (d) => d.line - 0.44,
        y2: (d) => d.line + 0.44,
        stroke: "part",
        strokeWidth: 1.5,
        fill: "none",
      }),
      Plot.text(words, {
        x: "column",
        y: "line",
        text: "hex",
        dy: -12,
        fontFamily: "monospace",
        fontSize: 13,
        fill: palette.ink,
      }),
      Plot.text(words, {
        x: "column",
        y: "line",
        text: "field",
        dy: 4,
        fontSize: 10,
        fill: palette.ink,
      }),
      Plot.text(words, {
        x: "column",
        y: "line",
        text: "value",
        dy: 17,
        fontSize: 10,
        fill: palette.ink,
      }),
    ],
  },
  data: sentBytes,
});

// %% [markdown] name="bytes-explained"
// Most of it is not the arguments. The stub says which *program* it wants, which *version* of it, and which *procedure*, and gives the call a number
// (`xid`), which the reply repeats. There is **no type** in these bytes: both sides have the interface, or they misunderstand each other.
// What if they do not have the same one? This client believes that `add` takes a text:

// %% name="mismatch"
const Mistaken = remoteInterface({
  ...Calculator,
  methods: { add: procedure(1, [string(10)], int) },
});
const misunderstood = async (host: Host) =>
  stub(host, Mistaken, atServer, { marshalling: "xdr" }).add("1");
const mismatchRun = await simulate(
  scenario({
    hosts: { client: {}, server: {} },
    programs: { server: on("server", calculatorServer).daemon(), sum: on("client", misunderstood) },
  }),
);
mismatchRun.results.sum;

// %% name="mismatch-bytes"
table(marshalledCall(Mistaken, "add", ["1"]).slice(-1), {
  title: 'What the stub wrote for the text "1"',
});

// %% name="mismatch-claims"
claims({
  "a text of one letter is read as two numbers: its length, and its letter with three zeros behind it":
    mismatchRun.results.sum === 1 + 0x31000000,
});

// %% [markdown] name="mismatch-explained"
// No error, a wrong sum: the text happened to take eight bytes, as two numbers do. With `"12345"` the server says `GARBAGE_ARGS`; try it. Nobody should depend on this
// luck: so an interface has a version, and a changed interface needs another one.

// %% [markdown] name="leaks-intro"
// ## Where the stub leaks
//
// Time and failures apart, a stub hides the network as long as arguments and results are **values**. What is not a value shows that the method ran elsewhere. Here is
// an object, a list of things that one can do with it, and the same list tried on the object itself and on its stub.

// %% name="leaks-object"
// An object and its interface belong together: one piece.
class NoMoney extends Error {}

const Things = remoteInterface({
  program: 0x20000003,
  version: 1,
  methods: {
    sort: procedure(1, [anything], anything),
    same: procedure(2, [anything], anything),
    callTwice: procedure(3, [anything], anything),
    fail: procedure(4, [], anything),
  },
});
const things = {
  sort: async (list: number[]) => list.sort(),
  same: async (value: unknown) => value,
  callTwice: async (f: () => number) => f() + f(),
  fail: async () => {
    throw new NoMoney("no money");
  },
};

// %% name="leaks-trials"
// Nine trials, a line or two each: one list.
type Trial = (it: Remote<typeof Things>) => Promise<unknown>;
const list = [3, 1, 2];
const cycle: { self?: unknown } = {};
cycle.self = cycle;

const trials: Record<string, Trial> = {
  "sort([3, 1, 2]), then look at the list": async (it) => {
    const mine = [...list];
    await it.sort(mine);
    return mine.join(" ");
  },
  "a callback: callTwice(() => 21)": (it) => it.callTwice(() => 21),
  "identity: same(list) === list": async (it) => (await it.same(list)) === list,
  "the class of an error": (it) => it.fail().catch((error: Error) => error instanceof NoMoney),
  "same(new Map([[1, 2]])) is a Map": async (it) =>
    (await it.same(new Map([[1, 2]]))) instanceof Map,
  "same(new Set([1])) is a Set": async (it) => (await it.same(new Set([1]))) instanceof Set,
  "same(−0) is −0": async (it) => Object.is(await it.same(-0), -0),
  "same({ a: undefined }) has a": async (it) => "a" in (await it.same({ a: undefined })),
  "an object that contains itself": async (it) => (await it.same(cycle)).self !== undefined,
};

// %% name="leaks-predict"
const sortedList = predict(
  "a list that is sorted elsewhere",
  {
    question:
      "The caller passes its list [3, 1, 2] to `sort` of the stub. What is in its list afterwards?",
    choices: { sorted: "1 2 3", unchanged: "3 1 2", error: "there is an error" },
  },
  undefined,
);
sortedList;

// %% name="leaks-run"
const tryAll = async (it: Remote<typeof Things>) => {
  const outcomes: Record<string, string> = {};
  for (const [what, trial] of Object.entries(trials))
    outcomes[what] = await trial(it).then(String, (error: Error) => error.name);
  return outcomes;
};
const throughStub = async (host: Host) => tryAll(stub(host, Things, atServer));
const leaks = scenario({
  hosts: { client: {}, server: {} },
  programs: {
    server: on("server", (host: Host) => serve(host, Things, things)).daemon(),
    outcomes: on("client", throughStub),
  },
});

// %% name="leaks-table" tags=["claim:transparency.access"]
const leaksRun = await simulate(leaks, { seed: 1 });
const locally = await tryAll(things);
const leakRows = Object.keys(trials).map((what) => {
  return { what, local: locally[what], remote: leaksRun.results.outcomes[what] };
});
table(leakRows, { title: "The same nine things, done to the object and to its stub" });

// %% name="leaks-compare"
sortedList.compare(leakRows[0]!.remote === "3 1 2" ? "unchanged" : "sorted");

// %% name="leaks-live" tags=["live", "claim:transparency.access"]
const leaksLive = (await runLive(leaks, { seed: 1 })).results.outcomes;
claims({
  "eight of nine differ between the object and its stub":
    _.filter(leakRows, ({ local, remote }) => local !== remote).length === 8,
  "a field that is there and undefined is the one that arrives":
    leakRows[7]!.local === leakRows[7]!.remote,
  "live, each is as in virtual time": _.isEqual(leaksLive, leaksRun.results.outcomes),
});

// %% [markdown] name="leaks-explained"
// An argument is **copied**: what the server does to it is done to the copy. So nothing can be passed that is meant to be shared, and an object comes back as
// another one. A function can't be sent at all (systems that allow it send a *reference*, and the server calls back over the network).
// An error's class stays where it is defined. The last five depend on the marshalling: ours keeps a field that is `undefined`, which JSON would drop, and loses the sign of −0. (What
// contains itself fails because a format that writes copies would write for ever.)
//
// Put a trial of your own into `trials`, and run the three cells below it.

// %% [markdown] name="rpcgen-intro"
// ## The other side is not ours
//
// If a stub sends what the standard says, the other side can be of any make. `rpcgen` is the stub compiler that comes with Unix systems: from
// an interface in *its* language it writes C stubs. Our interface, written in that language:

// %% name="rpcgen-sources"
const serverInC = `
int *add_1_svc(int a, int b, struct svc_req *request) {
  static int sum; sum = a + b; return &sum;
}
double *mean_1_svc(calculator_t1 numbers, struct svc_req *request) {
  static double sum; u_int i;
  for (sum = 0, i = 0; i < numbers.calculator_t1_len; i++) sum += numbers.calculator_t1_val[i];
  sum /= numbers.calculator_t1_len; return &sum;
}`;
const clientInC = `
  double values[] = { 1, 2, 6 };
  calculator_t1 numbers = { 3, values };
  printf("%d %g\\n", *add_1(2, 3, client), *mean_1(numbers, client));`;

// %% jupyter={"source_hidden": true} name="rpcgen" tags=["live", "claim:transparency.access"]
// How the two makes are put together: programs are compiled, run on loopback, and removed.
const inC = { of: Calculator, name: "calculator", procedures: serverInC, calls: clientInC };
const rpcgenRun = await rpcgenLab(inC, async ({ language, startServer, runClient }) => {
  const [ours, theirs] = [await serveInterface(Calculator, ownCalculator), await startServer()];
  const said: { client: string; server: string; over: string; answer: string }[] = [];
  for (const over of ["tcp", "udp"] as const) {
    const client = rpcClient({ port: theirs.port[over], transport: over });
    const calculator = client.stub(Calculator);
    const answer = `${await calculator.add(2, 3)} ${await calculator.mean([1, 2, 6])}`;
    said.push({ client: "our stub", server: "C, by rpcgen", over, answer });
    said.push({
      client: "C, by rpcgen",
      server: "ours",
      over,
      answer: (await runClient(ours.port, over)).trim(),
    });
    client.close();
  }
  await Promise.all([ours.close(), theirs.stop()]);
  return { language, said };
}).catch((error: unknown) => {
  if (!(error instanceof ToolMissing)) throw error;
  console.log(`${error.message}\nSo this is a recorded run.`);
  const { language, rows } = dataset<{
    client: string;
    server: string;
    over: string;
    answer: string;
  }>("rpcgen-lab");
  return { language: String(language), said: rows };
});
console.log(rpcgenRun.language);

// %% name="rpcgen-table" tags=["live"]
table(rpcgenRun.said, { title: "add(2, 3) and mean([1, 2, 6]), between stubs of two makes" });

// %% name="rpcgen-claims" tags=["live"]
claims({
  "stubs of both makes understand each other, both ways, over TCP and UDP":
    rpcgenRun.said.length === 4 && rpcgenRun.said.every(({ answer }) => answer === "5 3"),
});

// %% [markdown] name="cost-intro"
// ## ◇ What a call costs, in 1984 and here
//
// In the paper that made remote procedure calls known, Birrell and Nelson measured calls between two machines at Xerox PARC: with 0 to 10 words as
// arguments, and with one array of up to 100 words.

// %% name="cost-published"
// A table, and the least-squares line through a part of it: one piece.
interface CallTime {
  kind: string;
  words: number;
  elapsedUs: number;
}
const calls1984 = dataset<CallTime & Record<string, string | number>>("rpc-call-times");
const lineThrough = (points: readonly { x: number; y: number }[]) => {
  const [x, y] = [_.meanBy(points, "x"), _.meanBy(points, "y")];
  const slope =
    _.sumBy(points, (p) => (p.x - x) * (p.y - y)) / _.sumBy(points, (p) => (p.x - x) ** 2);
  return { slope, start: y - slope * x };
};
const pointsOf = (kind: string, most = Infinity) =>
  calls1984.rows
    .filter((row) => row.kind === kind && row.words <= most)
    .map((row) => ({ x: row.words, y: row.elapsedUs }));
const asArguments = lineThrough(pointsOf("arguments"));
const [allArrays, shortArrays] = [
  lineThrough(pointsOf("array")),
  lineThrough(pointsOf("array", 40)),
];

// %% name="cost-published-lines"
const asLine = (measured: string, { slope, start }: { slope: number; start: number }) => {
  const inWords = Math.round(start / slope);
  return { measured, "start (µs)": Math.round(start), "µs a word": slope.toFixed(1), inWords };
};
const lines1984 = [
  asLine("words as arguments, 0 to 10", asArguments),
  asLine("an array, up to 40 words", shortArrays),
  asLine("an array, with the point at 100 words", allArrays),
];
table(lines1984, { title: "1984: the start, the slope, and how many words the start is worth" });

// %% name="cost-published-figure"
overlay({
  title: "Birrell and Nelson, 1984: the time of a call",
  x: { label: "words passed (16 bits)" },
  y: { label: "time of the whole call", unit: "µs" },
  theory: {
    label: "line through the arrays up to 40 words",
    f: (x) => shortArrays.start + shortArrays.slope * x,
  },
  published: [
    { label: "as arguments", points: pointsOf("arguments") },
    { label: "as an array", points: pointsOf("array") },
  ],
  alt: "About 1,100 µs without a word; then the time rises evenly up to 40 words, and the point at 100 words lies above the line.",
  caption: calls1984.source,
});

// %% [markdown] name="cost-here-intro"
// Now ours, from 4 bytes to a megabyte, over ONC RPC on this machine's loopback, the connection kept:

// %% jupyter={"source_hidden": true} name="cost-here" tags=["live"]
// How calls are timed: nothing to change here.
const Bytes = remoteInterface({
  program: 0x20000004,
  version: 1,
  methods: { count: procedure(1, [xdr.opaque(2 ** 20)], xdr.uint) },
});
const timeCalls = async (sizes: readonly number[]) => {
  const server = await serveInterface(
    Bytes,
    { count: (bytes) => bytes.length },
    { maxMessageBytes: 2 ** 21 },
  );
  const client = rpcClient({ port: server.port });
  const { count } = client.stub(Bytes);
  const rows: { bytes: number; medianUs: number }[] = [];
  for (const bytes of sizes) {
    const timesUs: number[] = [];
    for (let i = 0; i < 60; i++) {
      const startMs = performance.now();
      await count(new Uint8Array(bytes));
      timesUs.push(1000 * (performance.now() - startMs));
    }
    rows.push({ bytes, medianUs: _.sortBy(timesUs)[30]! });
  }
  client.close();
  await server.close();
  return rows;
};
await timeCalls([4, 4096, 2 ** 20]); // the first calls compile the code
const callTimes = await timeCalls([4, 256, 2048, 16_384, 65_536, 262_144, 524_288, 2 ** 20]);
table(callTimes, { title: "Median time of 60 calls with an argument of so many bytes" });

// %% name="cost-figure" tags=["live"]
const hereLine = lineThrough(callTimes.map((row) => ({ x: row.bytes, y: row.medianUs })));
overlay({
  title: "The time of a call on this machine",
  x: { label: "bytes passed", scale: "log" },
  y: { label: "median time of the whole call", unit: "µs", scale: "log" },
  theory: {
    label: "a straight line",
    f: (x) => Math.max(1, callTimes[0]!.medianUs + hereLine.slope * x),
  },
  measured: callTimes.map((row) => ({ x: row.bytes, y: row.medianUs })),
  alt: "Flat up to some kilobytes, then rising in proportion to the bytes.",
  caption: "On logarithmic axes a straight line that does not begin at 0 is flat first.",
});

// %% name="cost-line" tags=["live"]
const startInBytes = callTimes[0]!.medianUs / hereLine.slope;
const lineHere = {
  "start (µs)": callTimes[0]!.medianUs,
  "µs a KiB": 1024 * hereLine.slope,
  inBytes: Math.round(startInBytes),
};
table([lineHere], { title: "Here: the start, the slope, and how many bytes the start is worth" });

// %% name="cost-claims" tags=["live"]
const [smallCall, bigCall] = [callTimes[0]!.medianUs, callTimes.at(-1)!.medianUs];
claims({
  "1984: a start is worth between fifty and eighty words, on each of the three lines":
    lines1984.every(({ inWords: words }) => words > 50 && words < 80),
  "here: a start is worth more than ten thousand bytes": startInBytes > 10_000,
  "1984: the call with 100 words lies far above the line of the shorter ones":
    2926 > 1.1 * (shortArrays.start + shortArrays.slope * 100),
  "here: a megabyte more than doubles the time of the smallest call": bigCall > 2 * smallCall,
  "2,048 bytes add less than a tenth of what a megabyte adds":
    callTimes[2]!.medianUs - smallCall < 0.1 * (bigCall - smallCall),
});

// %% [markdown] name="cost-explained"
// The law is the same, a start and a slope: *start + slope · bytes*. The two tables say how much data a start is worth: in 1984 sixty to seventy words, and people counted
// words; here tens of thousands of bytes, and a call with a kilobyte costs what one with four bytes costs. Whoever makes many small calls pays for starts. So
// the advice has turned: fewer calls, larger ones. (The line that is drawn goes through the arrays up to 40 words. The 100 words needed a second packet: with this one point the slope of the
// arrays is as steep as that of the arguments.)

// %% [markdown] name="location-lecture"
// # 3 · Location: where is it now?
//
// > *Transparência de localização/migração/relocalização: deixe o middleware do cliente manter o controle sobre a localização atual.*
//
// Location, migration and relocation transparency: let the client's middleware keep track of the current location. The application
// knows the service's **name**. Somebody must know where that is: its **home**. Our service is a ledger: it writes down what it is told, so
// that nothing can be lost or done twice without being seen. Its whole state is a value, and a method says what becomes of it:

// %% name="ledger"
const Ledger = remoteInterface({
  program: 0x20000005,
  version: 1,
  methods: { write: procedure(1, [string(30)], int) },
});
const ledger: StatefulObject<typeof Ledger, string[]> = {
  of: Ledger,
  initial: [],
  methods: { write: (entries, entry) => [[...entries, entry], entries.length + 1] },
};

// %% [markdown] name="ledger-clients-intro"
// A client's middleware is one more layer, `tracking`: it asks the home once, calls where the service is, and learns from replies when it has moved. The client writes
// thirty lines into the ledger, one after the other. On four machines runs `movableService`: such a machine is a **site**. It can have the service,
// and knows where it went.

// %% name="ledger-client"
const service = "ledger";
const writer = async (host: Host, name: string, lines: number) => {
  const remote = stub(host, Ledger, tracking(host, { service, home: "home", timeoutMs: 40 }));
  const calls: { position: number; tookMs: number }[] = [];
  for (let i = 1; i <= lines; i++) {
    const startMs = host.now();
    const position = await remote.write(`${name}-${i}`);
    calls.push({ position, tookMs: host.now() - startMs });
    await host.sleep(5);
  }
  return calls;
};

// %% name="ledger-mover"
// Asks the site that has the service to move it; whether it did, is not known if no answer comes.
const mover = async (host: Host, from: string, to: string) =>
  moveService(host, { host: from, port: 80 }, { host: to, port: 80 }, 200).catch((error) => {
    if (!isLoss(error)) throw error;
    return "not known";
  });

// %% jupyter={"source_hidden": true} name="ledger-scenario"
// The scenario: a home, four sites, clients, moves.
type Move = readonly [atMs: number, from: string, to: string];
type Machine = "home" | "a" | "b" | "c" | "d" | "clients";
const ledgerHosts = ["a", "b", "c", "d"] as const;
const journey = (
  moves: readonly Move[],
  options: Partial<MovableServiceOptions> = {},
  faults: readonly Fault<Machine>[] = [],
  clients = 4,
) => {
  const settings = { service, home: "home", timeoutMs: 20, ...options };
  const site = (host: Host) =>
    movableService(host, ledger, { ...settings, begins: host.name === "a" });
  const disk = { accessMs: 0.4 };
  return scenario({
    hosts: { home: { disk }, a: { disk }, b: { disk }, c: { disk }, d: { disk }, clients: {} },
    network: { latencyMs: 1 },
    faults,
    programs: {
      home: on("home", home).daemon(),
      sites: ledgerHosts.map((host) => on(host, site).daemon()),
      calls: _.times(clients, (i) => on("clients", writer, `client ${i}`, 30).at(20)),
      moved: moves.map(([atMs, from, to]) => on("clients", mover, from, to).at(atMs)),
    },
    limitMs: 5000,
  });
};

// %% [markdown] name="move-intro"
// ## One move
//
// A single client writes, and at t = 60 ms the service moves from *a* to *b*.

// %% name="move-diagram" tags=["claim:transparency.location"]
const oneMove = await simulate(journey([[60, "a", "b"]], {}, [], 1), { seed: 1 });
spaceTime(oneMove, {
  title: "The ledger moves from a to b while a client writes",
  alt: "The client's call reaches a, which sends the state to b, asks the home, and passes the waiting call on to b; the reply comes back the same way, and the next call goes to b.",
  by: "host",
  hosts: ["clients", "a", "b", "home"],
  fromMs: 56,
  toMs: 92,
  scale: "order",
  limit: 60,
});

// %% [markdown] name="move-explained"
// Read it from above. The first message asks for the move. Site *a* lets the running call end and keeps others waiting. It sends the state to *b*, which writes it down. It asks the home to
// change its entry from *a* to *b*, and tells *b* to begin. Then *a* is a **forwarding pointer**: it passes the waiting call on, and the reply says where it was executed. The client's next
// call goes straight to *b*. The application saw a call that took a little longer.

// %% [markdown] name="ways-intro"
// ## Three things to leave behind
//
// What can a site do with a call for a service that has left? *Pass it on* (forward); tell the client *where it went* (refer); or *know nothing*
// (forget), so that the client must ask the home again. Four clients, three moves under load, 120 calls. A message takes 1 ms; a client that is told nothing waits a few milliseconds
// before it asks the home, and the home may still say the old site. **Predict:** which way makes the slowest of the calls slowest?

// %% name="ways-predict"
const slowestWay = predict(
  "the slowest call",
  {
    question: "Of three runs of 120 calls each, in which is the slowest call slowest?",
    choices: {
      forward: "the old site passes calls on",
      refer: "it tells where the service went",
      forget: "it knows nothing",
    },
  },
  undefined,
);
slowestWay;

// %% name="ways-run"
// Three runs, and what is counted of each: one piece.
const threeMoves: Move[] = [
  [60, "a", "b"],
  [110, "b", "c"],
  [160, "c", "d"],
];
const ways: LeftBehind[] = ["forward", "refer", "forget"];
type JourneyRun = Pick<
  Awaited<ReturnType<typeof simulate<ReturnType<typeof journey>["programs"]>>>,
  "results" | "rows"
>;
const costOf = (leaves: LeftBehind, world: string, { results, rows }: JourneyRun) => {
  const calls = results.calls.flat();
  const { lookUps, passedOn, referred, failedTries, executed } = locationCosts(rows);
  const distinct = _.uniq(_.map(calls, "position")).length;
  const counts = {
    lookUps,
    passedOn,
    referred,
    failedTries,
    executed,
    returned: calls.length,
    distinct,
  };
  return { leaves, world, ...counts, worstCallMs: _.max(_.map(calls, "tookMs"))! };
};
const virtualWays = await Promise.all(
  ways.map(async (leaves) =>
    costOf(leaves, "virtual", await simulate(journey(threeMoves, { leaves }), { seed: 1 })),
  ),
);

// %% name="ways-live" tags=["live", "claim:transparency.location"]
const liveWays: typeof virtualWays = [];
for (const leaves of ways) {
  const run = await runLive(journey(threeMoves, { leaves }), { seed: 1, timeScale: 4 });
  liveWays.push(costOf(leaves, "live", run));
}
table([...virtualWays, ...liveWays], { title: "Three moves under load: what each way costs" });

// %% name="ways-compare" tags=["claim:transparency.location"]
slowestWay.compare(_.maxBy(virtualWays, "worstCallMs")!.leaves);

// %% name="ways-claims" tags=["live"]
const allWays = [...virtualWays, ...liveWays];
const wayOf = (leaves: LeftBehind) => _.find(virtualWays, { leaves })!;
claims({
  "in both worlds, each call is executed once: executed = returned = distinct": allWays.every(
    (row) => row.executed === 120 && row.returned === 120 && row.distinct === 120,
  ),
  "forwarding costs one hop for each client and move": wayOf("forward").passedOn === 12,
  "referring costs as many referrals": wayOf("refer").referred === 12,
  "forgetting costs as many failed tries, and look-ups besides":
    wayOf("forget").failedTries === 12 && wayOf("forget").lookUps === 16,
  "live, too, forgetting asks the home more often than forwarding":
    _.find(liveWays, { leaves: "forget" })!.lookUps >
    _.find(liveWays, { leaves: "forward" })!.lookUps,
});

// %% [markdown] name="ways-explained"
// None is lost, in any of the three. While the service moves, calls wait; the new site begins only when it has the state; and a site that does not have the service
// executes nothing. In these runs no reply was lost, so no call that had been executed was sent again. If a reply is lost, the client sends the call again, with its own name
// and the call's number, and the service needs a **table of duplicates**, which travels with the state. (A test of this workbook cuts the network during a move and
// leaves the table behind: then calls are executed twice.)
//
// The ways differ in who pays. With *forward* a client hardly notices, but the old site must stay up. With *forget* the old site can
// be switched off, and every client pays a failed try, a pause and a look-up.
//
// **Why live differs.** The counts are the same where they follow from the order of messages. The worst call is longer: a live move pays for sockets, timers and the disk at each of its steps.

// %% [markdown] name="chain-intro"
// ## ◇ Chains
//
// After three moves there is a chain of pointers: *a* → *b* → *c* → *d*. Four clients come late, one after the other, and each knows only the address of old,
// *a*. When a reply comes back along the chain, each site can learn where the service really is.

// %% jupyter={"source_hidden": true} name="chain-run"
// How late clients are counted: nothing to change here.
const lateClient = async (host: Host) => {
  const first = { host: "a", port: 80 };
  await stub(host, Ledger, tracking(host, { service, home: "home", first })).write("late");
};
const hopsOfLate = async (cutsShort: boolean) => {
  const moved = journey(threeMoves, { cutsShort }, [], 1);
  const late = _.times(4, (i) => on("clients", lateClient).at(300 + 50 * i));
  const run = await simulate(scenario({ ...moved, programs: { ...moved.programs, late } }), {
    seed: 1,
  });
  const hops = run.rows.filter(
    (row) => row.kind === "log" && row.event === "passed on" && row.timeMs > 300,
  );
  return _.times(4, (i) => {
    const ofClient = hops.filter(({ timeMs }) => Math.floor((timeMs - 300) / 50) === i);
    return {
      client: i + 1,
      hops: ofClient.length,
      chain: cutsShort ? "cut short" : "left as it is",
    };
  });
};
const chainRows = [...(await hopsOfLate(false)), ...(await hopsOfLate(true))];

// %% name="chain-figure"
sweepFigure(chainRows, {
  title: "Hops of late clients along a chain of three pointers",
  alt: "Left as it is, each of four clients takes three hops; cut short, the first takes three and the others one.",
  series: "chain",
  x: { field: "client", label: "client, in order of coming" },
  y: { field: "hops", label: "hops to the service" },
});

// %% name="chain-claims"
claims({
  "left as it is, the chain costs every late client three hops":
    _.filter(chainRows, { chain: "left as it is", hops: 3 }).length === 4,
  "cut short, only the first client walks it": _.isEqual(
    _.map(_.filter(chainRows, { chain: "cut short" }), "hops"),
    [3, 1, 1, 1],
  ),
});

// %% [markdown] name="crash-move-intro"
// ## A crash at any point of the move
//
// The interesting question is not how to move a service, but how not to end with **two** of them, or with none. We let the source, the target or the home
// crash at every half millisecond of a move, and start it again 30 ms later. Then we count the **holders**: sites that would execute a call. First
// as above, where the home's entry decides; then without: the target takes over when it has the state, and the source, when it hears
// nothing, goes on.

// %% name="crash-move-predict"
const twoHolders = predict(
  "whose crash makes two",
  {
    question: "Without a home that decides: whose crash, at the wrong moment, leaves two holders?",
    choices: {
      source: "the source's",
      target: "the target's",
      home: "the home's",
      nobody: "nobody's",
    },
  },
  undefined,
);
twoHolders;

// %% name="crash-move-run"
// A crash, and a loop over all of them: one piece.
type Decides = "home" | "nobody";
const crashDuringMove = async (decides: Decides, host: "a" | "b" | "home", atMs: number) => {
  const faults: Fault<Machine>[] = [
    { kind: "crash", host, atMs },
    { kind: "restart", host, atMs: atMs + 30 },
  ];
  const run = await simulate(journey([[60, "a", "b"]], { decides }, faults, 2), { seed: 1 });
  const positions = run.results.calls.flat().map(({ position }) => position);
  const isRight = positions.length === 60 && _.uniq(positions).length === 60;
  return { decides, crashed: host, atMs, holders: holdersOf(run.rows).length, isRight };
};
const crashPoints = grid({
  decides: ["home", "nobody"] as Decides[],
  host: ["a", "b", "home"] as const,
  atMs: _.range(60, 76, 0.5),
});
const crashBar = progress(crashPoints.length, "192 crashes");
const crashes: Awaited<ReturnType<typeof crashDuringMove>>[] = [];
for (const { decides, host, atMs } of crashPoints) {
  crashes.push(await crashDuringMove(decides, host, atMs));
  crashBar.tick();
}

// %% jupyter={"source_hidden": true} name="crash-move-table" tags=["claim:transparency.location"]
// The table: crashes by who decides and who crashes.
const crashSummary = _.map(
  _.groupBy(crashes, (row) => `${row.decides} ${row.crashed}`),
  (rows) => {
    const { decides, crashed } = rows[0]!;
    const count = (holders: number) => _.filter(rows, { holders }).length;
    const machine = ({ a: "source", b: "target", home: "home" } as const)[crashed];
    return {
      decides,
      crashed: machine,
      crashes: rows.length,
      oneHolder: count(1),
      twoHolders: count(2),
      noHolder: count(0),
    };
  },
);
table(crashSummary, { title: "How many sites hold the service in the end" });

// %% name="crash-move-compare"
twoHolders.compare(_.find(crashSummary, ({ twoHolders }) => twoHolders > 0)?.crashed ?? "nobody");

// %% jupyter={"source_hidden": true} name="crash-move-diagram"
// One of the crashes that leave two holders.
const unlucky = _.find(crashes, { holders: 2 })!;
const unluckyFaults: Fault<Machine>[] = [
  { kind: "crash", host: unlucky.crashed, atMs: unlucky.atMs },
  { kind: "restart", host: unlucky.crashed, atMs: unlucky.atMs + 30 },
];
spaceTime(
  await simulate(journey([[60, "a", "b"]], { decides: "nobody" }, unluckyFaults, 2), { seed: 1 }),
  {
    title: "Two holders: the source crashes when the target has taken over",
    alt: "The target writes the state down and begins; the source crashes before it has heard so, comes back, and goes on as the holder it remembers to be.",
    by: "host",
    hosts: ["a", "b", "home"],
    fromMs: 58,
    toMs: 120,
    scale: "order",
    limit: 60,
  },
);

// %% name="crash-move-live" tags=["live", "claim:transparency.location"]
const liveCrashes: { crashed: string; holders: string; executed: number }[] = [];
for (const host of ["a", "b", "home"] as const) {
  const faults: Fault<Machine>[] = [
    { kind: "crash", host, atMs: 64 },
    { kind: "restart", host, atMs: 94 },
  ];
  const run = await runLive(journey([[60, "a", "b"]], {}, faults, 2), { seed: 1, timeScale: 4 });
  const positions = run.results.calls.flat().map(({ position }) => position);
  liveCrashes.push({
    crashed: host,
    holders: holdersOf(run.rows).join(" and "),
    executed: _.uniq(positions).length,
  });
}
table(liveCrashes, { title: "Live: a crash in the middle of the move" });

// %% name="crash-move-claims" tags=["live"]
const decidedByHome = _.filter(crashes, { decides: "home" });
claims({
  "where the home decides, every crash leaves exactly one holder, and each call is executed once":
    decidedByHome.every(({ holders, isRight }) => holders === 1 && isRight),
  "without, some crashes of the source leave two":
    _.filter(crashes, { decides: "nobody", crashed: "a", holders: 2 }).length > 0,
  "live, each of the three crashes leaves one holder, and sixty calls executed once":
    liveCrashes.every(({ holders, executed }) => ["a", "b"].includes(holders) && executed === 60),
});

// %% [markdown] name="crash-move-explained"
// A message can't decide, since its sender never knows whether it came. So a move needs one place where it is decided, by one write: the home changes its entry from
// *a* to *b* **only if it still says *a***, with the number it had (*compare and set*). Before this write the service is at *a*, after it at *b*, whoever
// crashes. A machine that comes back from a crash remembers what its disk says, does not trust it, and asks.
//
// In all our runs the machine that crashed comes back, with its disk. If the home stays away, no move can end; if the site that has the service stays away, so does the service. One place that
// decides keeps us from having two holders, not from waiting. (To replicate the home is what protocols for consensus do.)
//
// One trap is left, and the library avoids it: *a* asks the home to write *b*, crashes, comes back, hears "it is at *a*", and goes on; then the old request arrives at the home.
// So *a* first has its own entry written anew, with the next number; the old request then fails.

// %% [markdown] name="failure-lecture"
// # 4 · Failures: send it again?
//
// > *Transparência de falhas: podem com frequência ser de responsabilidade só do cliente (que tenta esconder falhas de comunicação e do
// > servidor).*
//
// Failure transparency can often be the client's responsibility alone: it tries to hide failures of communication and of the server. What can it do when no
// reply comes? Wait, or send the call again. A layer that does so is `retrying`. Below it are **datagrams** now, one for the call and one for its reply, on a network that loses each with
// probability *p* and tells nobody.

// %% name="counter"
const Counter = remoteInterface({
  program: 0x20000006,
  version: 1,
  methods: { next: procedure(1, [], int) },
});

const counterServer = async (host: Host, filtered: boolean) => {
  let executions = 0;
  const filter = onceOnly();
  const handle = dispatch(Counter, { next: () => ++executions });
  return serveDatagrams(host, () => (filtered ? filter.around(handle) : handle));
};

// %% name="counter-client"
// A client and its scenario: one piece, to be edited together.
const persistentClient = async (host: Host, calls: number) => {
  let tries = 0;
  const network = overDatagrams(host, atServer, { timeoutMs: 40 });
  const counted: Channel = (call: RemoteCall) => {
    tries++;
    return network(call);
  };
  const counter = stub(host, Counter, retrying(host, counted, { tries: 1000, pauses: () => 0 }));
  let executions = 0;
  for (let i = 0; i < calls; i++) executions = await counter.next();
  return { tries: tries / calls, executions: executions / calls };
};
const overLoss = (filtered: boolean, calls: number, loss: number) =>
  scenario({
    hosts: { server: {}, client: {} },
    network: { latencyMs: 1, datagrams: { loss } },
    programs: {
      server: on("server", counterServer, filtered).daemon(),
      perCall: on("client", persistentClient, calls),
    },
  });

// %% [markdown] name="loss-intro"
// The server counts. One of five requests is lost, and one of five replies. **Predict:** how often does the server execute a call, on average, if the
// client sends it until a reply comes? (A try succeeds if neither is lost.)

// %% name="loss-predict"
const executionsPredicted = predict(
  "executions a call",
  { question: "p = 0.2 each way: how many executions a call, on average?", unit: "executions" },
  undefined,
);
executionsPredicted;

// %% name="loss-run"
// Twenty seeds for each probability, and their interval: one piece.
const losses = [0.1, 0.2, 0.3, 0.4];
const lossPoints = await Promise.all(
  losses.map(async (loss) => {
    const seeds = _.range(1, 21);
    const runs = await Promise.all(
      seeds.map((seed) => simulate(overLoss(false, 150, loss), { seed, trace: "none" })),
    );
    const means = (field: "tries" | "executions") => runs.map((run) => run.results.perCall[field]);
    return { loss, tries: means("tries"), executions: means("executions") };
  }),
);
const withInterval = (values: readonly number[]) => {
  const mean = _.mean(values);
  const deviation = Math.sqrt(_.sumBy(values, (each) => (each - mean) ** 2) / (values.length - 1));
  const half = (3.883 * deviation) / Math.sqrt(values.length); // Student's t: 19 degrees of freedom, 99.9 %
  return { y: mean, low: mean - half, high: mean + half };
};

// %% name="loss-compare"
const meanAt = (loss: number) => _.mean(_.find(lossPoints, { loss })!.executions);
executionsPredicted.compare(meanAt(0.2)); // the mean of the runs; the theory is drawn below

// %% name="loss-live" tags=["live", "claim:transparency.failure"]
const lossLive: { loss: number; calls: string; predicted: number; measured: number }[] = [];
for (const loss of [0.2, 0.4]) {
  const run = await runLive(overLoss(false, 20, loss), { seed: 2, timeScale: 2 });
  const [virtual, live] = [run.predicted.results.perCall, run.results.perCall];
  lossLive.push({
    loss,
    calls: "20 calls",
    predicted: virtual.executions,
    measured: live.executions,
  });
}
const filteredLive = await runLive(overLoss(true, 20, 0.4), { seed: 2, timeScale: 2 });
table(lossLive, { title: "Executions a call: 20 calls, the same losses in both worlds" });

// %% jupyter={"source_hidden": true} name="loss-figure" tags=["live", "claim:transparency.failure"]
// The figure: theory, simulation and live.
const lossSeries = (field: "tries" | "executions") =>
  lossPoints.map((row) => ({ x: row.loss, ...withInterval(row[field]) }));
overlay({
  title: "At least once: what losses cost",
  x: { label: "probability p that a request, or a reply, is lost", domain: [0, 0.45] },
  y: { label: "per call", domain: [0, 3.2] },
  theory: [
    { label: "tries: 1/(1−p)²", f: (p) => 1 / (1 - p) ** 2, from: 0, to: 0.43 },
    { label: "executions: 1/(1−p)", f: (p) => 1 / (1 - p), from: 0, to: 0.43 },
  ],
  predicted: [
    { label: "tries, predicted", points: lossSeries("tries") },
    { label: "executions, predicted", points: lossSeries("executions") },
  ],
  measured: {
    label: "executions, measured in 20 calls",
    points: lossLive.map((row) => ({ x: row.loss, y: row.measured })),
  },
  predictions: [{ label: "your prediction for 0.2", value: executionsPredicted.value }],
  alt: "Both curves rise from 1; at p = 0.4 a call takes nearly three tries and is executed 1.67 times.",
  caption:
    "Intervals: 99.9 %, 20 seeds of 150 calls each. The live points are 20 calls: compare them with the table, not with the curves.",
});

// %% name="loss-claims" tags=["live"]
const inside = (field: "tries" | "executions", law: (p: number) => number) =>
  lossPoints.every((row) => {
    const { low, high } = withInterval(row[field]);
    return low < law(row.loss) && law(row.loss) < high;
  });
claims({
  "tries a call: 1/(1−p)² lies in every interval": inside("tries", (p) => 1 / (1 - p) ** 2),
  "executions a call: 1/(1−p) lies in every interval": inside("executions", (p) => 1 / (1 - p)),
  "live, the same requests and replies are lost, so executions are the same": lossLive.every(
    ({ predicted, measured }) => predicted === measured,
  ),
  "live, with a filter at the server each call is executed exactly once":
    filteredLive.results.perCall.executions === 1,
});

// %% [markdown] name="loss-explained"
// A lost **request** and a lost **reply** look alike to the client, and that is the whole difficulty: after the one, sending again is the first execution,
// after the other the second. Sending until a reply comes is **at least once**. With a **table of duplicates** the
// server answers a copy from its table instead of executing it again. As long as the server does not crash, each call is then executed **at most once**. If the client
// also never gives up, it is executed **exactly once**. What a crash changes comes next.
//
// Why 1/(1−*p*)? A call takes 1/(1−*p*)² tries. Of each try the request arrives with probability 1−*p*, and is executed: together 1/(1−*p*). And how long must a reply be
// kept? Each call says up to which number its client has all replies (`settled`, in the diagrams); the server forgets those.

// %% [markdown] name="jitter-intro"
// ## ◇ When all try again at once
//
// A server is away for a second, and forty clients want it. Each tries again after a pause that doubles. If all pauses are alike, forty clients come back at
// the same moment, again and again.

// %% jupyter={"source_hidden": true} name="jitter-run"
// How a crowd is played: nothing to change here.
const returning = async (host: Host, jitter: "none" | "full") => {
  const pauses = backOff({ firstMs: 20, mostMs: 500, jitter });
  await stub(
    host,
    Counter,
    retrying(host, overConnections(host, atServer), { tries: 100, pauses }),
  ).next();
  return host.now();
};
const opensLate = async (host: Host) => {
  await host.sleep(1000);
  return serve(host, Counter, { next: () => 1 });
};
const crowd = async (jitter: "none" | "full") => {
  const run = await simulate(
    scenario({
      hosts: { server: {}, clients: {} },
      programs: {
        server: on("server", opensLate).daemon(),
        answeredMs: _.times(40, () => on("clients", returning, jitter)),
      },
    }),
    { seed: 1 },
  );
  const tries = run.rows.filter((row) => row.kind === "log" && row.event === "retry");
  // The first pauses are short for everybody: what counts is the crowd that comes back later.
  const later = tries.filter(({ timeMs }) => timeMs >= 100);
  const atOnce = _.max(Object.values(_.countBy(later, ({ timeMs }) => Math.floor(timeMs / 5))));
  return {
    jitter,
    tries: tries.length,
    mostAtOnce: atOnce!,
    lastAnswerMs: _.max(run.results.answeredMs)!,
  };
};
const crowds = [await crowd("none"), await crowd("full")];
table(crowds, {
  title: "Forty clients and a server that opens after a second",
  caption: "At once: in the same 5 ms, from t = 100 ms on, when all pauses have grown.",
});

// %% name="jitter-claims"
claims({
  "without jitter all forty come in the same 5 ms": crowds[0]!.mostAtOnce === 40,
  "with full jitter, after the first tries, at most eight do": crowds[1]!.mostAtOnce <= 8,
  "jitter is paid for: more tries, and a later last answer":
    crowds[1]!.tries > crowds[0]!.tries && crowds[1]!.lastAnswerMs > crowds[0]!.lastAnswerMs,
});

// %% [markdown] name="jitter-explained"
// A pause that is drawn from 0 to the full length is half as long on average, so there are *more* tries, not fewer; and whoever drew a long one just before the server opened
// has the *last answer later*. What is gained is the crowd: a server that comes back meets a few clients at a time, not all of them at once, and is not brought down again by those who
// waited for it.

// %% [markdown] name="crash-table-intro"
// ## The server crashes
//
// A client asks a server to print a text. The server prints (**P**) and sends a completion message (**M**), in one order or the other, and at some point it crashes
// (**C**) and comes back; what stands in brackets it comes to no more. The client hears that the server is back, and knows whether it got M. It may ask again *always*,
// *never*, *if* M came, or *if not*.
//
// Here are the server and the client. Paper outlives a crash, so it lies on the disk.

// %% name="print-server"
const ourPrintServer: PrintServer = async (host, first, stepMs) => {
  for await (const connection of await host.listen(515))
    for await (const text of connection)
      for (const step of first === "M" ? "MP" : "PM") {
        await host.sleep(stepMs);
        if (step === "M") await connection.send("done");
        else await host.disk.write("paper", [...((await host.disk.read("paper")) ?? []), text]);
      }
};

// %% name="print-client"
// A client from its request to its decision: one program.
const ourPrintClient: PrintClient = async (host, reissue, backMs) => {
  const request = async (untilMs: number) => {
    const connection = await host.connect("server", 515);
    await connection.send("a text");
    const reply = await connection
      .receive({ timeoutMs: untilMs - host.now() })
      .catch(() => undefined);
    return reply === "done"; // was M heard?
  };
  const acknowledged = await request(backMs - 1);
  await host.sleepUntil(backMs); // the server says that it is back
  const again = {
    always: true,
    never: false,
    "if acknowledged": acknowledged,
    "if not acknowledged": !acknowledged,
  };
  if (again[reissue]) await request(2 * backMs);
  return again[reissue] ? 2 : 1;
};

// %% name="crash-table-predict"
const rightStrategy = predict(
  "a strategy that is always right",
  {
    question:
      "Which strategy prints the text exactly once, wherever the server crashes and in whichever order it works?",
    choices: {
      always: "ask again always",
      never: "never",
      acknowledged: "if M came",
      not: "if M did not come",
      none: "none of these",
    },
  },
  undefined,
);
rightStrategy;

// %% jupyter={"source_hidden": true} name="crash-table-run"
// One cell of the table, and the loop over all 24: one piece.
type Cell = { reissue: Reissue; order: CrashOrder; printed: string; requests: number };
const firstOf = (order: CrashOrder) => (/^\W*C?\W*M/.test(order) ? "M" : "P");
const crashCell = async (played: "virtual" | "live", reissue: Reissue, order: CrashOrder) => {
  const options = { server: ourPrintServer, client: ourPrintClient, stepMs: 40 };
  const cell = crashScenario(order, reissue, options);
  let run: { rows: readonly TraceRow[]; results: { paper: string[]; requests: number } } =
    await simulate(cell, { seed: 1 });
  if (played === "live") {
    // A machine that is busy may crash a step too late, which is another cell: then it is played again.
    for (let i = 0; i < 4; i++) {
      run = await runLive(cell, { seed: 1, timeScale: 1 });
      if (crashOrderOf(run.rows, firstOf(order)) === order) break;
    }
  }
  return { reissue, order, printed: printed(run.results.paper), requests: run.results.requests };
};
const crashCells: Cell[] = [];
for (const reissue of reissues)
  for (const order of crashOrders) crashCells.push(await crashCell("virtual", reissue, order));

// %% name="crash-table" tags=["claim:transparency.failure"]
const asTable = (cells: readonly Cell[]) =>
  reissues.map((reissue) => {
    const ofRow = _.filter(cells, { reissue });
    return {
      "client asks again": reissue,
      ..._.fromPairs(ofRow.map(({ order, printed }) => [order, printed])),
    };
  });
table(asTable(crashCells), {
  title: "What is on the paper: once (OK), twice (DUP) or not at all (ZERO)",
});

// %% name="crash-table-compare"
const allRight = reissues.filter((reissue) =>
  _.every(_.filter(crashCells, { reissue }), { printed: "OK" }),
);
rightStrategy.compare(allRight.length === 0 ? "none" : "always");

// %% name="crash-table-live" tags=["live", "claim:transparency.failure"]
const liveCells: Cell[] = [];
const cellBar = progress(24, "24 crashes, live");
for (const reissue of reissues)
  for (const order of crashOrders) {
    liveCells.push(await crashCell("live", reissue, order));
    cellBar.tick();
  }
table(asTable(liveCells), { title: "The same 24 cells, live" });

// %% name="crash-table-claims" tags=["live"]
const bookTable = dataset<{ reissue: string; order: string; printed: string }>(
  "server-crash-table",
);
const withoutRequests = (cells: readonly Cell[]) => cells.map((cell) => _.omit(cell, "requests"));
claims({
  "the table made by the runs is the published one": _.isEqual(
    withoutRequests(crashCells),
    bookTable.rows,
  ),
  "live, all 24 cells are the same": _.isEqual(withoutRequests(liveCells), bookTable.rows),
  "no row is all OK": allRight.length === 0,
});

// %% [markdown] name="crash-table-why"
// **Why is no row all right?** Compare *MPC* with *MC(P)*. In both the client got M, then the server crashed. For the client the two are **the same**: it has seen the same
// messages at the same times. But after the first it must not ask again, and after the second it must. Whatever it does, it is wrong in one of them. *C(PM)* and *PC(M)*
// are such a pair, too: no M, and the text is printed or is not. Here are the two, as the client sees them:

// %% name="crash-twins"
const clientSees = async (order: CrashOrder) => {
  const run = await simulate(
    crashScenario(order, "never", { server: ourPrintServer, client: ourPrintClient }),
  );
  const heard = _.filter(messages(run), { to: "client" });
  return {
    order,
    printed: printed(run.results.paper),
    "M received": heard.length,
    atMs: heard[0]?.receivedMs ?? "–",
  };
};
const twins = await Promise.all((["MPC", "MC(P)", "PC(M)", "C(PM)"] as const).map(clientSees));
table(twins, { title: "Two pairs that the client can't tell apart" });

// %% [markdown] name="durable-intro"
// ## What must be written in one piece
//
// The client can't solve it alone; the server can help. It keeps its table of duplicates **on the disk**. When is that enough? A counter,
// whose state is on the disk too, is called four times; we crash it at each quarter of a millisecond, and start it again. The client sends again until it
// has its reply.

// %% name="durable-server"
// A server and a client: they are read together.
const account: StatefulObject<typeof Counter, number> = {
  of: Counter,
  initial: 0,
  methods: { next: (count) => [count + 1, count + 1] },
};
const durableServer = async (host: Host, keeping: Keeping) => {
  const kept = await durableService(host, account, keeping);
  return serveCalls(host, (own) => kept.on(own));
};
const fourCalls = async (host: Host) => {
  const channel = overConnections(host, atServer, { timeoutMs: 30 });
  const counter = stub(host, Counter, retrying(host, channel, { tries: 50, pauses: () => 5 }));
  const counts: number[] = [];
  for (let i = 0; i < 4; i++) counts.push(await counter.next());
  return counts.join(" ");
};

// %% name="durable-run"
// The scenario and its runs: one piece.
const crashAt = (keeping: Keeping, atMs: number) =>
  scenario({
    hosts: { server: { disk: { accessMs: 1 }, costs: { messageMs: 0.6 } }, client: {} },
    network: { latencyMs: 1 },
    faults: [
      { kind: "crash", host: "server", atMs },
      { kind: "restart", host: "server", atMs: atMs + 10 },
    ],
    programs: {
      server: on("server", durableServer, keeping).daemon(),
      counts: on("client", fourCalls),
    },
    limitMs: 1000,
  });
const durableRows = await Promise.all(
  grid({ keeping: keepings as Keeping[], atMs: _.range(2.25, 14, 0.25) }).map(
    async ({ keeping, atMs }) => {
      const { counts } = (await simulate(crashAt(keeping, atMs), { seed: 1 })).results;
      return {
        keeping,
        atMs,
        counts,
        came: counts === "1 2 3 4" ? "once" : /(\d) \1/.test(counts) ? "never" : "twice",
      };
    },
  ),
);

// %% name="durable-table" tags=["claim:transparency.failure"]
const durableSummary = keepings.map((keeping) => {
  const rows = _.filter(durableRows, { keeping });
  const count = (came: string) => _.filter(rows, { came }).length;
  return {
    "before the reply, it writes": keeping,
    crashes: rows.length,
    exactlyOnce: count("once"),
    twice: count("twice"),
    never: count("never"),
  };
});
table(durableSummary, {
  title: "A crash at each quarter of a millisecond: how often was the call executed?",
});

// %% name="durable-live" tags=["live"]
const durableLive: { keeping: Keeping; counts: string }[] = [];
for (const keeping of ["state, then table", "one piece"] as const) {
  const unluckyCrash = _.find(durableRows, { keeping: "state, then table", came: "twice" })!;
  const run = await runLive(crashAt(keeping, unluckyCrash.atMs), { seed: 1, timeScale: 20 });
  durableLive.push({ keeping, counts: run.results.counts });
}
table(durableLive, { title: "Live: a crash at a moment that was unlucky in virtual time" });

// %% name="durable-claims" tags=["live"]
const failsSometimes = (keeping: Keeping, came: string) => _.some(durableRows, { keeping, came });
claims({
  "in one piece: exactly once, whenever the crash comes": _.every(
    _.filter(durableRows, { keeping: "one piece" }),
    { came: "once" },
  ),
  "the state alone, or first: some calls are executed twice":
    failsSometimes("state", "twice") && failsSometimes("state, then table", "twice"),
  "the table first: some calls are never executed, and answered nevertheless": failsSometimes(
    "table, then state",
    "never",
  ),
  "live, in one piece: exactly once":
    _.find(durableLive, { keeping: "one piece" })!.counts === "1 2 3 4",
});

// %% [markdown] name="durable-explained"
// The effect and the knowledge of it must reach the disk **in one write** (or in one transaction). Between two writes there
// is always a moment in which one is there without the other. And if the effect is no write, but a printed page or a dispensed banknote? Then there is no such write, and the
// table of 24 cells is what remains: that is why a cash machine keeps a journal, and doubtful cases are settled by people.
//
// In the table, *state* alone does better than *state, then table* only because the second write, of 1 ms, makes the dangerous time longer.
//
// **Live**, the moment of the crash is met only roughly: the first row may be *2 3 4 5* (the first call was executed twice) or *1 2 3 4* (the crash came a little too early or
// too late). Only the second row is certain.

// %% [markdown] name="replication-lecture"
// # 5 · Replication: ask several, hand on one answer
//
// > *Transparência de replicação: múltiplas requisições são gerenciadas pelo stub do cliente, que coleta as respostas, passando uma única
// > resposta à aplicação cliente.*
//
// Replication transparency: multiple requests are handled by the client's stub, which collects the responses and passes a single one to the
// client application. `askSeveral` is that layer: it sends a call to *n* replicas, waits for *m* replies, and hands on one.

// %% name="register"
const Register = remoteInterface({
  program: 0x20000008,
  version: 1,
  methods: { read: procedure(1, [], xdr.struct({ value: string(20), version: int })) },
});
const replica = (host: Host, value: string, version: number, meanMs: number) =>
  serve(host, Register, (own) => ({
    read: async () => {
      if (meanMs > 0) await own.sleep(exponential({ mean: meanMs }, () => own.random())());
      return { value, version };
    },
  }));

// %% name="several-client"
// A program from its stub to its mean: one piece.
const replicaNames = ["a", "b", "c", "d", "e"] as const;
const channelsTo = (host: Host, names: readonly string[]) =>
  names.map((name) => overConnections(host, { host: name, port: 80 }));

const readsOf = async (host: Host, need: number, reads: number) => {
  const channel = askSeveral(host, channelsTo(host, replicaNames), { need });
  const register = stub(host, Register, channel);
  const timesMs: number[] = [];
  for (let i = 0; i < reads; i++) {
    const startMs = host.now();
    await register.read();
    timesMs.push(host.now() - startMs);
    await host.sleep(150); // those that were not waited for end meanwhile
  }
  return _.mean(timesMs);
};

// %% [markdown] name="several-intro"
// Each of five replicas answers after an exponential time of 10 ms on average. How long until *m* of them have answered? The first of *n* exponential times comes
// after 1/*n* of the mean; then *n*−1 are left, and so on (Rényi):
//
// $$T_{m,n} = \sum_{i=n-m+1}^{n} \frac{E[S]}{i}$$

// %% name="several-predict"
const allFive = predict(
  "all five",
  {
    question: "One replica needs 10 ms on average. How long do all five need, on average?",
    unit: "ms",
  },
  undefined,
);
allFive;

// %% name="several-run"
const mOfFive = (need: number, reads: number) =>
  scenario({
    hosts: { a: {}, b: {}, c: {}, d: {}, e: {}, client: {} },
    programs: {
      replicas: replicaNames.map((name) => on(name, replica, "x", 1, 10).daemon()),
      meanMs: on("client", readsOf, need, reads),
    },
  });
const severalPoints = await Promise.all(
  _.range(1, 6).map(async (need) => {
    const runs = await Promise.all(
      _.range(1, 21).map((seed) => simulate(mOfFive(need, 40), { seed, trace: "none" })),
    );
    return { x: need, ...withInterval(runs.map((run) => run.results.meanMs)) };
  }),
);
allFive.compare(severalPoints[4]!.y); // the mean of the runs; the theory is drawn below

// %% name="several-live" tags=["live", "claim:transparency.replication.stub"]
const severalLive: { need: number; predictedMs: number; measuredMs: number }[] = [];
for (const need of [1, 3, 5]) {
  const run = await runLive(mOfFive(need, 15), { seed: 1, timeScale: 1 });
  severalLive.push({
    need,
    predictedMs: run.predicted.results.meanMs,
    measuredMs: run.results.meanMs,
  });
}
table(severalLive, { title: "15 reads each: live, and the virtual run of the same draws" });

// %% jupyter={"source_hidden": true} name="several-figure" tags=["live", "claim:transparency.replication.one-response"]
// The figure: theory, simulation and live.
overlay({
  title: "How long until m of five replicas have answered",
  x: { label: "answers waited for, m" },
  y: { label: "mean time", unit: "ms" },
  theory: {
    label: "Rényi",
    points: _.range(1, 6).map((m) => ({ x: m, y: mOfN({ m, n: 5, meanMs: 10 }) })),
  },
  predicted: { label: "predicted, 20 × 40 reads", points: severalPoints },
  measured: {
    label: "measured, 15 reads",
    points: severalLive.map((row) => ({ x: row.need, y: row.measuredMs })),
  },
  predictions: [{ label: "your prediction for all five", value: allFive.value }],
  alt: "From 2 ms for the first answer the time rises ever more steeply to 23 ms for all five.",
  caption: "Live points are means of 15 reads: compare them with the table above.",
});

// %% name="several-claims" tags=["live"]
claims({
  "the closed form lies in every interval": severalPoints.every(
    ({ x, low, high }) =>
      low < mOfN({ m: x, n: 5, meanMs: 10 }) && mOfN({ m: x, n: 5, meanMs: 10 }) < high,
  ),
  "the first of five is five times as fast as one": mOfN({ m: 1, n: 5, meanMs: 10 }) === 2,
  "live, the first comes before three, and three before all":
    severalLive[0]!.measuredMs < severalLive[1]!.measuredMs &&
    severalLive[1]!.measuredMs < severalLive[2]!.measuredMs,
  "live, no mean is more than 5 % shorter than with the same draws in virtual time":
    severalLive.every(({ predictedMs, measuredMs }) => measuredMs > 0.95 * predictedMs),
});

// %% [markdown] name="stale-intro"
// ## Which of the answers?
//
// The first answer is quick, and may be **old**: a replica that missed the last write answers as quickly as the others. If a write has reached a majority, any
// two majorities have a replica in common; so among a majority's answers, the one with the highest version is **at least as new** as the last write that reached a majority. (A write that is still under way may be seen by
// one read and not by the next; who can't allow that writes back what was read.)
//
// Here replicas are only read. Writes that go to several of them must be executed everywhere in the same order, and a client's stub can't see to that alone.

// %% name="stale-run"
// A client and its scenario: one piece, to be edited together.
const readTwenty = async (host: Host, need: number) => {
  const choose = need === 1 ? firstReply : newestReply;
  const register = stub(
    host,
    Register,
    askSeveral(host, channelsTo(host, ["a", "b", "c"]), { need, choose }),
  );
  const seen: string[] = [];
  for (let i = 0; i < 20; i++) seen.push((await register.read()).value);
  return seen;
};
const oneIsBehind = (need: number) =>
  scenario({
    hosts: { a: {}, b: {}, c: {}, client: {} },
    network: { latencyMs: 2 },
    programs: {
      behind: on("a", replica, "old", 1, 4).daemon(),
      upToDate: (["b", "c"] as const).map((name) => on(name, replica, "new", 2, 4).daemon()),
      seen: on("client", readTwenty, need),
    },
  });

// %% name="stale-table" tags=["live", "claim:transparency.replication.one-response", "claim:transparency.replication.stub"]
// Two rules in two worlds: one loop.
const staleRows: { waitsFor: string; world: string; old: number; new: number }[] = [];
for (const [need, waitsFor] of [
  [1, "the first"],
  [majorityOf(3), "a majority, the newest"],
] as const) {
  const run = await runLive(oneIsBehind(need), { seed: 1, timeScale: 2 });
  for (const [world, { seen }] of [
    ["virtual", run.predicted.results],
    ["live", run.results],
  ] as const) {
    const { old = 0, new: fresh = 0 } = _.countBy(seen) as { old?: number; new?: number };
    staleRows.push({ waitsFor, world, old, new: fresh });
  }
}
table(staleRows, { title: "Twenty reads from three replicas, one of which is behind" });

// %% name="stale-claims" tags=["live"]
const ofMajority = _.filter(staleRows, { waitsFor: "a majority, the newest" });
claims({
  "the first answer is old at times, in both worlds": _.every(
    _.filter(staleRows, { waitsFor: "the first" }),
    ({ old }) => old > 0,
  ),
  "the newest of a majority never is": _.every(ofMajority, { old: 0, new: 20 }),
});

// %% [markdown] name="copies-intro"
// ## Do copies make it faster?
//
// The first of two is faster than one, if they are independent. But a second copy is also **work**. Ten servers, each with a queue; a client sends each request to one
// server, or to two, and takes what comes first. With one, a server is an M/M/1 queue of load ρ; with two, one of load 2ρ:
//
// $$W_1 = \frac{E[S]}{1-\rho}, \qquad W_2 \approx \frac{E[S]}{2\,(1-2\rho)}$$

// %% name="copies-predict"
const threshold = predict(
  "copies pay",
  {
    question: "Up to which load ρ does it pay to send everything twice? (Set the two equal.)",
    unit: "",
  },
  undefined,
);
threshold;

// %% name="copies-run"
// Policies and the sweep over them: one piece.
const copyLoads = [0.1, 0.2, 0.25, 0.3, 1 / 3, 0.36, 0.4];
const copyPolicies: Record<string, ReplicaPolicy> = {
  "one server": { kind: "single" },
  "two copies": { kind: "copies" },
};
const copyGrid = grid({ policy: Object.keys(copyPolicies), load: copyLoads });
const copyBar = progress(copyGrid.length * 20, "280 simulations");
const copySweep = await sweep(
  copyGrid,
  ({ policy, load }, seed) =>
    replicaModel({ load, policy: copyPolicies[policy]!, requests: 3000, seed }),
  { replications: 20, confidence: 0.999, onProgress: () => copyBar.tick() },
);
const copyRows = sweepRows(copySweep, "responseMs");

// %% name="copies-compare"
// Where the simulated lines cross: between the last load at which copies pay and the next.
const gainAt = (load: number) => {
  const at = (policy: string) => _.find(copyRows, { policy, load })!.responseMs;
  return at("one server") - at("two copies");
};
const paying = _.findLastIndex(copyLoads, (load) => gainAt(load) > 0);
const [below, above] = [copyLoads[paying]!, copyLoads[paying + 1]!];
const crossing = below + ((above - below) * gainAt(below)) / (gainAt(below) - gainAt(above));
threshold.compare(crossing);

// %% jupyter={"source_hidden": true} name="copies-figure"
// The figure: theory and simulation.
const copyTheory = (policy: string, load: number) =>
  policy === "one server" ? 1 / (1 - load) : 1 / (2 * (1 - 2 * load));
const copyLines = grid({ policy: Object.keys(copyPolicies), load: _.range(0.05, 0.405, 0.01) }).map(
  (row) => {
    return { ...row, responseMs: copyTheory(row.policy, row.load), source: "theory" };
  },
);
sweepFigure([...copyLines, ...copyRows.map((row) => ({ ...row, source: "predicted" }))], {
  title: "One server or two copies, ten servers with queues",
  alt: "At a load of 0.1, 1.1 ms with one server and 0.6 ms with two copies; the curves cross at one third, at 1.5 ms; at 0.4 two copies take half as long again.",
  caption: "Service takes 1 ms on average. Intervals: 99.9 %, 20 × 3,000 requests.",
  series: "policy",
  source: "source",
  x: { field: "load", label: "load ρ without copies" },
  y: { field: "responseMs", label: "mean response time", unit: "ms", low: "low", high: "high" },
});

// %% [markdown] name="hedge-intro"
// So send the second copy only when the first is **late**: a *hedged request*. After ten service times, say: at a load of 0.7 only one request in twenty takes
// that long. That can't be much work, can it? We also try it with a **cap**: second requests may be at most 5 % of all; and with *tied* requests: both servers get
// it at once, and who begins tells the other to drop it.

// %% name="hedge-predict"
const fateOfHedges = predict(
  "hedges at load 0.7",
  {
    question:
      "At load 0.7, a second request after ten service times, without a cap: the mean response time, after 60,000 requests, is …",
    choices: {
      shorter: "shorter than without",
      same: "about the same",
      longer: "longer, up to twice",
      collapse: "more than ten times as long",
    },
  },
  undefined,
);
fateOfHedges;

// %% name="hedge-run"
// Four policies and their runs: one piece.
const hedgePolicies: Record<string, ReplicaPolicy> = {
  "one server": { kind: "single" },
  "second request after 10 ms": { kind: "hedge", afterMs: 10 },
  "the same, at most 5 %": { kind: "hedge", afterMs: 10, cap: 0.05 },
  "tied requests": { kind: "tied", tellMs: 0.1 },
};
const hedgeRows = grid({ policy: Object.keys(hedgePolicies), load: [0.3, 0.7] }).map(
  ({ policy, load }) => {
    const result = replicaModel({
      load,
      policy: hedgePolicies[policy]!,
      requests: 60_000,
      seed: 1,
    });
    return { load, policy, ...result };
  },
);
table(
  _.sortBy(hedgeRows, "load").map((row) => ({
    ...row,
    responseMs: row.responseMs.toFixed(2),
    p99Ms: row.p99Ms.toFixed(1),
  })),
  { title: "Ten servers, 60,000 requests of 1 ms" },
);

// %% name="hedge-compare" tags=["claim:transparency.replication.stub"]
const hedgeAt = (policy: string) => _.find(hedgeRows, { load: 0.7, policy })!;
const longerBy =
  hedgeAt("second request after 10 ms").responseMs / hedgeAt("one server").responseMs;
fateOfHedges.compare(
  longerBy > 10 ? "collapse" : longerBy > 1.1 ? "longer" : longerBy > 0.9 ? "same" : "shorter",
);

// %% jupyter={"source_hidden": true} name="copies-claims"
// What the table and the figure show.
claims({
  "the simulated lines cross within 0.03 of one third": Math.abs(crossing - 1 / 3) < 0.03,
  "up to a load of 0.3, two copies are faster": copyLoads
    .filter((load) => load <= 0.3)
    .every((load) => gainAt(load) > 0),
  "from 0.36 on they are slower": copyLoads
    .filter((load) => load >= 0.36)
    .every((load) => gainAt(load) < 0),
  "without a cap, second requests bring the servers down: most requests are sent twice":
    hedgeAt("second request after 10 ms").sent > 1.5 && longerBy > 10,
  "with a cap of 5 % the mean stays within a fifth":
    hedgeAt("the same, at most 5 %").responseMs < 1.2 * hedgeAt("one server").responseMs,
  "tied requests more than halve the mean at load 0.7, and hardly more than one copy is begun":
    hedgeAt("tied requests").responseMs < 0.55 * hedgeAt("one server").responseMs &&
    hedgeAt("tied requests").begun < 1.15,
});

// %% [markdown] name="hedge-explained"
// Look at the number of copies sent. A burst makes queues long; long queues make requests late; late requests are sent again; that makes queues longer. Once begun, it does not end
// by itself, although the load without copies is only 0.7. This is how real systems go down. The cap breaks the circle: it is the first thing to write, before the hedging.
// At load 0.7 the capped second requests help nobody, either: requests are late because *all* queues are long. Second requests help where *one* server is slow and others are free,
// as in the live run below.
//
// *Tied* requests need no cap here: a copy that is dropped before it begins costs only messages. But look at load 0.3: some 1.4 copies are begun for each request, since two
// idle servers both begin before the message arrives. This extra work is little where the load is high, and that is why the circle does not close.

// %% [markdown] name="hedge-live-intro"
// The same live, with a stub: three replicas, one of which is slow. The stub asks one by chance, and a second one after 15 ms, within a budget.

// %% name="hedge-live" tags=["live", "claim:transparency.replication.stub"]
// Replicas, a client and two runs: one piece, to be edited together.
const steady = (host: Host, ms: number) =>
  serve(host, Register, (own) => ({
    read: () => own.sleep(ms).then(() => ({ value: "x", version: 1 })),
  }));
const hedgingClient = async (host: Host, isHedging: boolean) => {
  const channels = channelsTo(host, ["a", "b", "c"]);
  const options = { afterMs: isHedging ? 15 : 100_000, budget: new HedgeBudget(0.5, 20) };
  const register = stub(host, Register, hedged(host, channels, options));
  const startMs = host.now();
  for (let i = 0; i < 30; i++) await register.read();
  return (host.now() - startMs) / 30;
};
const hedgeLive: { client: string; predictedMs: number; measuredMs: number }[] = [];
for (const isHedging of [false, true]) {
  const played = scenario({
    hosts: { a: {}, b: {}, c: {}, client: {} },
    programs: {
      replicas: [
        on("a", steady, 60).daemon(),
        on("b", steady, 2).daemon(),
        on("c", steady, 2).daemon(),
      ],
      meanMs: on("client", hedgingClient, isHedging),
    },
  });
  const run = await runLive(played, { seed: 3, timeScale: 2 });
  const client = isHedging ? "second request after 15 ms" : "one replica by chance";
  hedgeLive.push({
    client,
    predictedMs: run.predicted.results.meanMs,
    measuredMs: run.results.meanMs,
  });
}
table(hedgeLive, { title: "Mean time of 30 reads, one of three replicas slow" });

// %% name="hedge-live-claims" tags=["live"]
claims({
  "in both worlds the second request shortens the mean":
    hedgeLive[1]!.predictedMs < hedgeLive[0]!.predictedMs &&
    hedgeLive[1]!.measuredMs < hedgeLive[0]!.measuredMs,
});

// %% [markdown] name="tail-intro"
// ## ◇ The tail at scale
//
// At Google, Dean and Barroso had one call read from 100 servers and wait for **all** of them. If one answer in a hundred is slow, how many calls are slow? Nearly two of three. A second
// request after 10 ms brought the time that 999 of 1,000 calls do not exceed from 1,800 to 74 ms, for 2 % more requests.
//
// The paper does not say how times were distributed. Here is **a law that yields** its three figures (others may): 98 % of answers within 10 ms, the rest after 10 ms plus an
// exponential time of 20 ms, or for 0.268 % of all answers of 320 ms.

// %% name="tail-run"
// A call that reads from 100 servers, and 30,000 of them: one piece.
const readAll = (source: () => number, hedgeAfterMs?: number) => {
  let slowestMs = 0;
  for (let i = 0; i < 100; i++) {
    const firstMs = tailLaw.draw(source);
    const isLate = hedgeAfterMs !== undefined && firstMs > hedgeAfterMs;
    slowestMs = Math.max(
      slowestMs,
      isLate ? Math.min(firstMs, hedgeAfterMs + tailLaw.draw(source)) : firstMs,
    );
  }
  return slowestMs;
};
const tailRows = [undefined, 10].map((hedgeAfterMs) => {
  const source = randomStream(1, "tail");
  const timesMs = _.sortBy(_.times(30_000, () => readAll(source, hedgeAfterMs)));
  const theoryMs = tailAtScale(tailLaw, {
    n: 100,
    quantile: 0.999,
    ...(hedgeAfterMs && { hedgeAfterMs }),
  });
  return { hedgeAfterMs: hedgeAfterMs ?? "never", simulatedMs: timesMs[29_969]!, theoryMs };
});

// %% name="tail-table"
const slowOfHundred = 1 - 0.99 ** 100; // one answer in a hundred is slow, and a call needs a hundred
const publishedTail = dataset<{
  hedgeAfterMs: number | null;
  p999Ms: number;
  extraRequests: number;
}>("tail-at-scale");
table(
  tailRows.map((row, i) => ({ ...row, publishedMs: publishedTail.rows[i]!.p999Ms })),
  {
    title: "The time that 999 of 1,000 calls do not exceed",
    caption: `If one answer in a hundred is slow, 1 − 0.99¹⁰⁰ = ${(100 * slowOfHundred).toFixed(1)} % of the calls are. ${publishedTail.source}`,
  },
);

// %% name="tail-claims"
claims({
  "the law yields both published times, within 2 %": tailRows.every(
    ({ theoryMs }, i) => Math.abs(theoryMs / publishedTail.rows[i]!.p999Ms - 1) < 0.02,
  ),
  "and the 2 % of second requests":
    Math.abs(tailLaw.survival(10) - publishedTail.rows[1]!.extraRequests) < 1e-9,
  "30,000 simulated calls lie within a fifth of it": tailRows.every(
    ({ simulatedMs, theoryMs }) => Math.abs(simulatedMs / theoryMs - 1) < 0.2,
  ),
});

// %% [markdown] name="exercises"
// # 6 · Exercises
//
// Each is checked, and the check says what is wrong. `exercises.overtaking` alone in a cell tells how an answer is tried; `{ hints: 1 }` as a third argument of
// `check` gives a hint.
//
// ## Exercise 1 · A filter that survives overtaking
//
// This filter remembers the last call of each client, with its reply. Birrell and Nelson's server did so, too, and threw away a call with a *smaller* number: their clients make one call after
// the other, so it can only be an old copy. With threads or datagrams neither is right: a copy of call 1 may come after call 2, and call 1 itself may. Write a filter that executes each call once and gives every copy the reply of
// its own call, in whatever order they come.

// %% name="exercise-overtaking-given"
const lastCallFilter: exercises.MakeFilter = () => {
  const last = new Map<string, { number: number; reply: string }>();
  return async ({ client, number }, execute) => {
    const known = last.get(client);
    if (known?.number === number) return known.reply;
    const reply = await execute();
    last.set(client, { number, reply });
    return reply;
  };
};

// %% name="exercise-overtaking-answer" tags=["exercise"]
const myFilter: exercises.MakeFilter = lastCallFilter; // your filter takes the place of this one
await check(exercises.overtaking, myFilter);

// %% jupyter={"source_hidden": true} name="exercise-overtaking-solution" tags=["solution"]
// A solution, once you have tried: click to unfold it.
const filterOfPromises: exercises.MakeFilter = () => {
  const replies = new Map<string, Promise<string>>();
  return ({ client, number }, execute) => {
    const key = `${client} ${number}`;
    const reply = replies.get(key) ?? execute();
    replies.set(key, reply);
    return reply;
  };
};
await check(exercises.overtaking, filterOfPromises);

// %% [markdown] name="exercise-move-intro"
// ## Exercise 2 · Move without losing calls
//
// A service moves from the source to the target, under load. You have five steps: `hold`, `release`, `sendState`, `setHome`, `becomePointer`. Put them in the right order. No executed
// call may be missing at the new site; one site must hold the service, the one that the home says; and calls go on, also when the target is down or the home refuses.

// %% name="exercise-move-answer" tags=["exercise"]
const myMove: exercises.MoveProgram = async (steps) => {
  await steps.sendState();
  await steps.setHome();
  await steps.becomePointer();
};
await check(exercises.losslessMove, myMove);

// %% jupyter={"source_hidden": true} name="exercise-move-solution" tags=["solution"]
// A solution, once you have tried: click to unfold it.
const losslessMove: exercises.MoveProgram = async (steps) => {
  await steps.hold();
  if ((await steps.sendState()) && (await steps.setHome())) await steps.becomePointer();
  await steps.release();
};
await check(exercises.losslessMove, losslessMove);

// %% [markdown] name="exercise-cap-intro"
// ## Exercise 3 · Cap the second requests
//
// The stub tells your object of each call, and asks it before each second request. In the long run at most `share` of the calls may be sent twice; a call that is late here and there always
// may; and what a long calm did not use must not be spent at the beginning of a storm.

// %% name="exercise-cap-answer" tags=["exercise"]
const myCap: exercises.MakeCap = (_share) => ({
  called: () => undefined,
  mayHedge: () => true,
});
await check(exercises.capHedges, myCap);

// %% jupyter={"source_hidden": true} name="exercise-cap-solution" tags=["solution"]
// A solution, once you have tried: click to unfold it.
const bucket: exercises.MakeCap = (share) => {
  let tokens = 10;
  return {
    called: () => {
      tokens = Math.min(10, tokens + share);
    },
    mayHedge: () => {
      if (tokens < 1) return false;
      tokens--;
      return true;
    },
  };
};
await check(exercises.capHedges, bucket);

// %% [markdown] name="exercise-majority-intro"
// ## Exercise 4 · A majority against a replica that is behind
//
// Of *n* replicas, how many replies must be waited for, and which of them is handed on, so that a read never gives less than what a majority has, and goes on while
// a minority is down? A reply is `{ value, version }`; they stand in the order in which they came.

// %% name="exercise-majority-answer" tags=["exercise"]
const myRule: exercises.ReadRule = {
  need: (_n) => 1,
  choose: ([first]) => first!,
};
await check(exercises.majorityRead, myRule);

// %% jupyter={"source_hidden": true} name="exercise-majority-solution" tags=["solution"]
// A solution, once you have tried: click to unfold it.
const newestOfMajority: exercises.ReadRule = {
  need: (n) => Math.floor(n / 2) + 1,
  choose: (replies) => _.maxBy([...replies], "version")!,
};
await check(exercises.majorityRead, newestOfMajority);

// %% [markdown] name="summary"
// # What you have seen
//
// | transparency | what the client's middleware does | what it can't hide |
// |---|---|---|
// | access | a stub marshals calls | time; arguments are copies; errors lose their class; with another interface bytes may be read wrongly, without an error |
// | location, migration, relocation | keeps the address, learns from replies, asks the home | the call that waits for a move; and somebody must decide, by one write |
// | failures | sends the call again, always as the same call | whether a call that got no reply was executed |
// | replication | asks several, hands on one answer | old answers, if it waits for too few; load, if it asks too many |
//
// Three of the four need help from the server: a version, a table of duplicates, one atomic write. *Often the client's responsibility alone*, says the lecture; the table of 24 cells shows where
// that ends.
//
// **Read on.** Birrell and Nelson, *Implementing Remote Procedure Calls*, 1984. Waldo and others, *A Note on Distributed Computing*, 1994: why a remote call should not look
// like a local one. Dean and Barroso, *The Tail at Scale*, 2013. The API pages of the room `transparency` have all layers of this notebook.
