// -*- coding: utf-8 -*-
// ---
// jupyter:
//   kernelspec:
//     display_name: TypeScript (Handoff)
//     language: typescript
//     name: handoff
// ---

// %% [markdown] name="title"
// # A program moves
//
// A program is in the middle of a loop. It stops, travels over a network, and goes on somewhere else, at the very next
// instruction, on a computer of another kind. In this notebook you do that, and see what had to travel. By the end you can
//
// - say what weak and strong mobility send, and show it in bytes;
// - push a program to a computer, pull one from it, move a running process, and clone it;
// - say when it pays to move a process, and when to start it anew;
// - decide for each resource that a program uses what becomes of it in a move;
// - explain why compiled code can't do any of this between unlike computers, and what an abstract machine changes.
//
// It takes about two hours, in four sittings if you like: each part begins with a question of its own. Some cells compile
// programs: the first one takes a few seconds, since it loads the compiler.

// %% jupyter={"source_hidden": true} name="imports"
// What this notebook takes from the library: nothing to change here.
import {
  bindingCaseProgram,
  bindingCases,
  bindingTable,
  check,
  claims,
  compileAssemblyScript,
  decodeModule,
  exercises,
  freeze,
  hopThroughPage,
  type Host,
  instantiate,
  inTime,
  launch,
  nativeAddons,
  nativeContext,
  on,
  overlay,
  place,
  predict,
  processShipment,
  programShipment,
  runLive,
  runOn,
  scenario,
  segmentsFigure,
  segmentsOf,
  sendThrough,
  simulate,
  spaceTime,
  startProcessPlace,
  type Strategy,
  table,
  thaw,
  tryBinding,
  unload,
} from "kernel-lib";
import _ from "lodash";

// %% [markdown] name="program-intro"
// # 1 · A program that can move
//
// Our traveller looks for prime numbers. It keeps those that it has found in a list and divides each new number by them. With
// each hundredth prime it tells a **printer**, which is not part of the program: it is a resource. The program is written in
// AssemblyScript, which looks like TypeScript, and is compiled to a WebAssembly module: instructions of a machine that nobody
// has built in silicon.

// %% name="program"
// The whole program, in AssemblyScript.
const primesText = `
@external("printer", "print") declare function print(x: f64): void;
const primes = new StaticArray<i32>(20000);
export function run(wanted: i32): i32 {
  let found = 0;
  for (let n = 2; found < wanted; n++) {
    let i = 0;
    while (i < found && primes[i] * primes[i] <= n && n % primes[i] != 0) i++;
    if (i < found && primes[i] * primes[i] <= n) continue; // a divisor was found
    primes[found++] = n;
    if (found % 100 == 0) print(n);
  }
  return primes[found - 1];
}`;

// %% name="compile"
const primes = decodeModule(await compileAssemblyScript(primesText, { runtime: "stub" }));
table(
  [
    { what: "bytes of code", value: String(primes.bytes.length) },
    { what: "exports", value: primes.exports.map(({ name }) => name).join(", ") },
    { what: "imports", value: primes.imports.map(({ name }) => name).join(", ") },
  ],
  { title: "The module" },
);

// %% [markdown] name="compile-error-intro"
// If a program does not compile, the cell turns red and shows the line:

// %% name="compile-error" tags=["raises-exception"]
await compileAssemblyScript(`export function half(n: i32): i32 {
  return n / "2";
}`);

// %% [markdown] name="machine-intro"
// To run it we need the machine. Ours is an interpreter, written in TypeScript. `instantiate` makes a machine of a module and
// binds its imports to things of this computer; `call` says where to begin; `run` executes instructions, and stops when it has
// executed as many as you allow.

// %% name="machine"
const printing = (print: (x: number) => unknown) => ({
  "printer.print": ([x]: readonly unknown[]) => void print(Number(x)),
});
const primesMachine = (wanted: number, paper: number[] = []) => {
  const machine = instantiate(primes, { resources: printing((x) => paper.push(x)) });
  machine.call("run", wanted);
  return machine;
};

// %% name="machine-run"
const first = primesMachine(1000);
const stopped = first.run({ fuel: 100_000 });
const [frame] = segmentsOf(first).execution.frames;
({ ...stopped, executed: first.instructions, in: frame?.name, next: frame?.instruction });

// %% [markdown] name="segments-intro"
// It stands in the middle of its loop. What it is at this moment is nothing but data, in the three segments of the lecture:
// the **code**; the **execution segment**, with the stack, the place in the code and the memory; and the **resources**, which are
// only references.

// %% name="segments"
const inside = segmentsOf(first);
const { frames, memoryBytesInUse } = inside.execution;
const held = {
  code: `${inside.code.functions} functions`,
  execution: `${frames.length} call under way, ${memoryBytesInUse} bytes of memory in use`,
  resources: inside.resources.rows.map(({ name }) => name).join(", "),
};
table(
  _.map(held, (holds, segment) => ({ segment, holds, bytes: _.get(inside, segment).bytes })),
  { title: "Three segments of a program that was stopped" },
);

// %% [markdown] name="weak-lecture"
// # 2 · Weak mobility
//
// > *Mobilidade fraca: transfere apenas o segmento de código, possivelmente junto com alguns dados de inicialização.
// > Característica principal: um programa transferido é iniciado novamente.*
//
// Weak mobility transfers only the code segment, possibly along with some initialisation data. Its main characteristic: a
// transferred program is started anew.
//
// The sender packs the module, the name of the function with which to begin, and its argument. The receiver makes a machine of
// what came and runs it. `runOn` executes the instructions and keeps the host's processor busy for as long as they take; `inTime` lets the
// printer print when that much of the processor's time has passed. A program that fails must not fail in silence: `toItsEnd` says why.

// %% name="weak-programs" tags=["claim:mobility.weak.code-only", "claim:mobility.weak.simple"]
const pace = { instructionsPerMs: 10_000, sliceMs: 25 };
const printerOf = (host: Host) => ({
  "printer.print": inTime(([x]) => host.log("printed", { x: Number(x) })),
});
const toItsEnd = async (host: Host, machine: ReturnType<typeof unload>) => {
  const stop = await runOn(host, machine, pace);
  if (stop.why === "trapped") throw new Error(`the program trapped: ${stop.trap.message}`);
};
const receiver = async (host: Host) => {
  const connection = await (await host.listen(80)).accept();
  const machine = unload(await connection.receive(), { resources: printerOf(host) });
  const beginsAt = machine.instructions;
  await toItsEnd(host, machine);
  return { beginsAt, instructions: machine.instructions, endsMs: host.now() };
};

// %% name="push"
const wanted = 3000;
const pushing = (module: typeof primes) => {
  const push = async (host: Host) => {
    const connection = await host.connect("server", 80);
    await connection.send(programShipment(module, "run", wanted));
  };
  return scenario({
    hosts: { laptop: {}, server: {} },
    network: { latencyMs: 20, bytesPerS: 50_000 },
    programs: { server: on("server", receiver), laptop: on("laptop", push) },
  });
};
const pushed = pushing(primes);

// %% [markdown] name="push-predict-intro"
// **Predict.** How many instructions will the program already have executed when it begins on the server?

// %% name="push-predict"
const beginsAt = predict(
  "first instruction there",
  { question: "How many instructions lie behind the pushed program when it begins?", unit: "" },
  undefined,
);
beginsAt;

// %% name="push-run" tags=["claim:mobility.weak.starts-again"]
const pushRun = await simulate(pushed, { seed: 1 });
beginsAt.compare(pushRun.results.server.beginsAt);

// %% name="push-space-time" tags=["claim:mobility.weak.code-only", "claim:mobility.weak.push-and-pull"]
spaceTime(pushRun, {
  title: "Push: the sender ships the program",
  hosts: ["laptop", "server"],
  logs: false,
  caption:
    "The message is the module and one number. The bar is the program, from its first line to its last.",
  alt: "The laptop connects and sends one message; the server then computes until the program has ended.",
});

// %% [markdown] name="push-trap-intro"
// What if the program has a fault? It fails where it runs, so it is the receiver who learns of it, with the text and the line that
// the program's author wrote:

// %% name="push-trap"
const faultyText = `export function run(n: i32): i32 {
  assert(n < 1000, "too many primes for me");
  return n;
}`;
const faulty = decodeModule(await compileAssemblyScript(faultyText, { runtime: "stub" }));
const { server: atServer } = (await simulate(pushing(faulty))).outcomes;
atServer.how === "threw" && atServer.error.message;

// %% [markdown] name="pull-lecture"
// > *Duas modalidades: envio de código (push) e busca de código (pull).*
//
// Two forms: sending code (push), and fetching code (pull). In a push, the one who has the code takes the initiative. In a pull
// it is the one who is going to run it: it asks by name, and gets the code as an answer.

// %% name="pull" tags=["claim:mobility.weak.push-and-pull"]
const library = async (host: Host) => {
  const connection = await (await host.listen(80)).accept();
  if ((await connection.receive()) === "primes") await connection.send(primes.bytes);
};
const puller = async (host: Host) => {
  const connection = await host.connect("library", 80);
  await connection.send("primes");
  const module = decodeModule(await connection.receive());
  const machine = unload(programShipment(module, "run", wanted), { resources: printerOf(host) });
  await toItsEnd(host, machine);
  return { bytes: module.bytes.length, endsMs: host.now() };
};

// %% name="pull-run" tags=["claim:mobility.weak.push-and-pull"]
const pullRun = await simulate(
  scenario({
    hosts: { library: {}, laptop: {} },
    network: { latencyMs: 20, bytesPerS: 50_000 },
    programs: { library: on("library", library).daemon(), laptop: on("laptop", puller) },
  }),
);
spaceTime(pullRun, {
  title: "Pull: the receiver fetches the program",
  hosts: ["laptop", "library"],
  logs: false,
  alt: "The laptop asks, the library answers with the module, and the laptop computes.",
});

// %% [markdown] name="weak-live-intro"
// ## Live
//
// The same push over real sockets on this machine. The link's speed is put in by the library.

// %% name="weak-live" tags=["live", "claim:mobility.weak.starts-again"]
const pushLive = await runLive(pushed, { seed: 1, timeScale: 1 });
const there = { predicted: pushRun.results.server, measured: pushLive.results.server };
table(
  _.map(there, ({ beginsAt, instructions, endsMs }, source) => ({
    source,
    beginsAt,
    instructions,
    endsMs,
  })),
  { title: "The pushed program, in virtual time and live" },
);

// %% name="weak-live-claims" tags=["live"]
claims({
  "live, too, it begins with nothing behind it": there.measured.beginsAt === 0,
  "live it executes exactly as many instructions":
    there.measured.instructions === there.predicted.instructions,
  "live it ends no sooner than virtual time says":
    there.measured.endsMs > there.predicted.endsMs - 2,
});

// %% [markdown] name="weak-live-explained"
// **Why the two differ.** The counts are the same to the last instruction; the times are not. Live, the server's processor is kept
// busy for as long as its pace says, and our interpreter's own work comes on top. That is small: eleven million instructions, of which
// part 5 shows how many it executes in a second (on the computer of the recorded run they take less than a tenth of a second). Most of the rest is
// waiting for the processor, slice by slice: when this computer has other things to do, each slice waits for its turn.

// %% [markdown] name="weak-portable"
// > *Relativamente simples, especialmente se o código é portátil.*
//
// Relatively simple, especially if the code is portable. What did we need? A list of bytes and an agreement on where to begin.
// Portable means that the receiver can run those bytes, whatever it is made of. Below, the same module runs in a machine that
// shares no code with ours: the one that is built into this JavaScript engine.

// %% name="weak-portable-run" tags=["claim:mobility.weak.simple", "claim:mobility.heterogeneous.interpreted"]
const inEngine = await _.invoke(globalThis, "WebAssembly.instantiate", primes.bytes, {
  printer: { print: _.noop },
});
const ours = primesMachine(wanted);
const finished = ours.run();
claims({
  "both machines find the same prime":
    finished.why === "finished" && finished.results[0] === inEngine.instance.exports.run(wanted),
});

// %% [markdown] name="applet-intro"
// > *Ex: Applets Java.*
//
// Example: Java applets. A page of the 1990s named a program, the browser pulled it from the server and ran it inside the page.
// The next cell does this with the page that you are looking at. The program is offered at an address of this computer, a script
// in the output fetches it, and with it the abstract machine, and runs it from its beginning.
//
// The output below was made without a page, so it says that the program stayed here. **Run the cell yourself.** In JupyterLab, with the
// browser on this computer, the program comes into your page, and the card says what it did there. Where no script can run, the cell waits
// for four seconds, says so, and goes on: nothing that follows depends on it.

// %% name="applet" tags=["live", "claim:mobility.weak.applets"]
const applet = await hopThroughPage(primesMachine(10_000), {
  resources: printing(_.noop),
});
const appletResult = applet.stop?.why === "finished" ? String(applet.stop.results[0]) : "–";
table(
  [
    {
      ..._.pick(applet, ["visited", "executed", "visitMs", "platform", "problem"]),
      result: appletResult,
    },
  ],
  { title: "The applet" },
);

// %% [markdown] name="strong-lecture"
// # 3 · Strong mobility
//
// > *O segmento de execução pode ser transferido também. Característica principal: um processo em execução deve poder ser
// > parado, subsequentemente movido a outra máquina, e então retomar sua execução exatamente de onde parou.*
//
// The execution segment can be transferred as well. Main characteristic: it must be possible to stop a running process, then
// move it to another machine, and let it resume execution exactly where it left off.
//
// `freeze` makes an **image** of a machine: its three segments as bytes. `thaw` makes a machine of an image. Below, a program is stopped
// after every 500,000 instructions, frozen, forgotten, and thawed. What it prints goes on one paper, and is compared with the paper of a
// program that was never disturbed.

// %% name="freeze-thaw" tags=["claim:mobility.strong.execution-segment", "claim:mobility.strong.resumes"]
const paper: number[] = [];
let image = freeze(primesMachine(wanted, paper));
let moves = 0;
for (let why = ""; why !== "finished"; moves++) {
  const machine = thaw(image, { resources: printing((x) => paper.push(x)) });
  why = machine.run({ fuel: 500_000 }).why;
  image = freeze(machine);
}
const undisturbed: number[] = [];
primesMachine(wanted, undisturbed).run();
({ moves, bytesOfLastImage: image.length, samePaper: _.isEqual(paper, undisturbed) });

// %% [markdown] name="migration-lecture"
// > *Migração de processo: move um processo em execução.*
//
// Process migration: moves a running process. In a scenario, that is three lines at the sender: run until something says that it is
// time to go; connect; send the image. The receiver is the one of part 2, unchanged.

// %% name="migration" tags=["claim:mobility.strong.migration"]
const migrate = async (host: Host, leaveMs: number) => {
  const machine = unload(programShipment(primes, "run", wanted), { resources: printerOf(host) });
  await runOn(host, machine, { ...pace, until: () => host.now() >= leaveMs });
  const before = segmentsOf(machine);
  const connection = await host.connect("server", 80);
  await connection.send(processShipment(machine));
  return { leftAt: machine.instructions, before };
};

// %% name="migration-scenario"
const migrating = (leaveMs: number) =>
  scenario({
    hosts: { laptop: {}, server: {} },
    network: { latencyMs: 20, bytesPerS: 50_000 },
    programs: { server: on("server", receiver), laptop: on("laptop", migrate, leaveMs) },
  });

// %% name="migration-run" tags=["claim:mobility.strong.resumes", "claim:mobility.strong.migration"]
const migrationRun = await simulate(migrating(150), { seed: 1 });
spaceTime(migrationRun, {
  title: "A process moves in the middle of its work",
  hosts: ["laptop", "server"],
  logs: false,
  caption: "Two bars, one program: what it did on the laptop it need not do again on the server.",
  alt: "The laptop computes for a while, then connects and sends the image; the server computes the rest.",
});

// %% jupyter={"source_hidden": true} name="migration-segments" tags=["claim:mobility.strong.execution-segment"]
// Draws the figure below.
const atDeparture = migrationRun.results.laptop.before;
const atStart = segmentsOf(primesMachine(wanted));
segmentsFigure(
  [
    { at: "before: laptop", segments: atDeparture },
    { at: "weak move: laptop", segments: atDeparture },
    { at: "weak move: server", segments: atStart },
    { at: "migration: laptop" },
    { at: "migration: server", segments: atDeparture },
    { at: "cloning: laptop", segments: atDeparture },
    { at: "cloning: server", segments: atDeparture },
  ],
  {
    title: "What is where, before and after each kind of move",
    alt: "Before, all three segments are on the laptop. A weak move brings code and an execution segment in its first state; a strong move brings the execution segment as it was, and after a migration nothing is left behind.",
    caption:
      "c: code, e: execution, r: resources, in bytes. The resource segment holds references only.",
  },
);

// %% name="migration-live" tags=["live", "claim:mobility.strong.resumes"]
const migrationLive = await runLive(migrating(150), { seed: 1, timeScale: 1 });
const lived = migrationLive.results;
claims({
  "live it goes on exactly where it stopped": lived.server.beginsAt === lived.laptop.leftAt,
  "live it stopped in the middle":
    lived.laptop.leftAt > 0 && lived.server.instructions > lived.laptop.leftAt,
  "no instruction was lost or done twice":
    lived.server.instructions === pushRun.results.server.instructions,
});

// %% [markdown] name="processes-intro"
// ## Between processes of the operating system
//
// Live programs of a scenario are tasks of one process. So that nobody suspects a shared memory: here are two processes of their
// own. The program goes over a socket to the first, which runs it for a while and sends it to the second itself. The second was
// started with `--jitless`: its JavaScript engine makes no machine code, and has no WebAssembly at all.

// %% name="processes" tags=["live", "claim:mobility.strong.migration", "claim:mobility.heterogeneous.abstract-machine"]
const places = [
  await startProcessPlace(),
  await startProcessPlace({ execArgv: ["--jitless"] }),
] as const;
const journey = await sendThrough(processShipment(primesMachine(wanted)), [
  { at: places[0], fuel: 9_000_000 },
  { at: places[1] },
]);
for (const each of places) await each.end();
const legs = journey.legs.map((leg) => ({ ..._.omit(leg, "said"), printed: leg.printed.length }));
table(legs, { title: "One program in two processes" });

// %% name="processes-claims" tags=["live"]
claims({
  "the program was in two processes": _.uniqBy(journey.legs, "pid").length === 2,
  "the second has no WebAssembly of its own": !places[1].hasWebAssembly,
  "together they executed what one would have":
    _.sumBy(journey.legs, "executed") === pushRun.results.server.instructions,
  "the result is the same":
    finished.why === "finished" && journey.results[0] === finished.results[0],
});

// %% [markdown] name="clone-lecture"
// > *Clonagem: inicia um clone do processo original e o configura para o mesmo estado de execução.*
//
// Cloning: starts a clone of the original process and puts it into the same execution state. An image can be thawed twice: that is
// all. It is `fork`, across a network. As with `fork`, the two must be told apart: here `clone` returns 1 in the clone and 0
// in the original. (`fork` does it the other way round: 0 in the new process, and its number in the old one.) The program below searches
// half of a range in each of the two.

// %% name="clone-program" tags=["claim:mobility.strong.cloning"]
const searcherText = `
@external("travel", "clone") declare function clone(to: i32): i32;
function hits(from: i32, to: i32): i32 {
  let found = 0;
  for (let n = from; n < to; n++) {
    let x: u32 = n;
    for (let i = 0; i < 20; i++) x = x * 1664525 + 1013904223;
    if (x % 10 == 7) found++;
  }
  return found;
}
export function whole(n: i32): i32 { return hits(0, n); }
export function halves(n: i32): i32 { return clone(0) == 1 ? hits(n / 2, n) : hits(0, n / 2); }`;
const searcher = decodeModule(await compileAssemblyScript(searcherText, { runtime: "stub" }));

// %% [markdown] name="place-intro"
// The hosts now run a **place**: a program of the library that takes in what arrives, runs it, and lets it travel. `launch` sends
// something to a place and waits until it and all its clones have ended. The itinerary says where the program's travels lead: place
// number 0 is Bruno. A place lets a process go in two steps: the other place makes a machine of the image and says that it is ready; only
// then is the copy here forgotten, and the other one starts. So whatever fails on the way, the process never runs at both. (If the link is cut
// just after the copy here is forgotten, it runs at neither until the cut is healed: then the other place asks, and starts it.)

// %% name="clone-scenario"
const search = (call: string) => {
  const shipment = programShipment(searcher, call, 2000);
  const searching = (host: Host) => launch(host, "ana", { shipment, itinerary: ["bruno"] });
  return scenario({
    hosts: { ana: {}, bruno: {} },
    network: { latencyMs: 5, bytesPerS: 1_000_000 },
    programs: {
      ana: on("ana", place({ instructionsPerMs: 1000 })).daemon(),
      bruno: on("bruno", place({ instructionsPerMs: 1000 })).daemon(),
      reports: on("ana", searching),
    },
  });
};

// %% name="clone-table" tags=["claim:mobility.strong.cloning"]
const searched: { call: string; id: string; place: string; endedMs: number; hits: number }[] = [];
for (const call of ["whole", "halves"])
  for (const report of (await simulate(search(call))).results.reports)
    searched.push({
      call,
      ..._.pick(report, ["id", "place", "endedMs"]),
      hits: Number(report.results[0]),
    });
table(searched, { title: "A search by one process, and by a process and its clone" });

// %% name="clone-claims"
const hitsOf = (call: string) => _.sumBy(_.filter(searched, { call }), "hits");
const endOf = (call: string) => _.maxBy(_.filter(searched, { call }), "endedMs")!.endedMs;
claims({
  "both find the same number of hits": hitsOf("whole") === hitsOf("halves"),
  "with a clone it takes little more than half the time": endOf("halves") < 0.6 * endOf("whole"),
});

// %% [markdown] name="moment-intro"
// ## Weak or strong: what does it cost?
//
// A weak move throws away the work that was done: it is done again. A strong move carries its fruits along, as bytes. Both depend
// on *when* one moves. We stop the program at several moments and note what each would cost: the time for which it has worked, and
// the time that its image takes on the link beyond what the code alone takes.

// %% name="moments"
const linkBytesPerS = 10_000;
const momentRows: { atMs: number; lostMs: number; extraMs: number; imageBytes: number }[] = [];
const travelling = primesMachine(20_000);
const codeBytes = primes.bytes.length;
for (let atMs = 0; atMs <= 6000; atMs += 200) {
  const imageBytes = freeze(travelling).length;
  const extraMs = (1000 * (imageBytes - codeBytes)) / linkBytesPerS;
  momentRows.push({ atMs, lostMs: atMs, extraMs, imageBytes });
  if (travelling.state === "ready") travelling.run({ fuel: 200 * pace.instructionsPerMs });
}

// %% [markdown] name="moments-predict-intro"
// **Predict.** The link is slow: 10,000 bytes a second. The program's list has room for 20,000 primes of four bytes each, and only what is
// in use is sent, in blocks of 4 KiB. At first a weak move is cheaper, since hardly any work is lost. After which moment is the strong move always
// cheaper? (We stop the program every 200 ms. In part 2, in virtual time, its first 3000 primes were there after 1.2 s, with the way to the server.)

// %% name="moments-predict"
const crossing = predict(
  "crossing",
  { question: "After which moment is the strong move always cheaper?", unit: "ms" },
  undefined,
);
crossing;

// %% jupyter={"source_hidden": true} name="moments-figure"
// Draws the figure below.
const lastDear = _.findLastIndex(momentRows, (row) => row.extraMs >= row.lostMs);
const cheaper = momentRows[lastDear + 1]!.atMs; // from here on the strong move is always cheaper
const curve = (field: "lostMs" | "extraMs") =>
  momentRows.map((row) => ({ x: row.atMs, y: row[field] }));
overlay({
  title: "Work lost by a weak move, bytes sent by a strong one",
  x: { label: "moment of the move", unit: "ms" },
  y: { label: "cost", unit: "ms" },
  theory: { label: "weak: work that is done again", points: curve("lostMs") },
  predicted: { label: "strong: time for the bytes beyond the code", points: curve("extraMs") },
  alt: "The lost work grows with time along a straight line; the time for the image grows in steps, fast at first and then slowly, so the two cross, more than once.",
  caption:
    "From the last crossing on it is cheaper to carry the state along; the steps cross the line more than once before. Memory travels in blocks of 4 KiB: hence the steps.",
});

// %% name="moments-compare"
crossing.compare(cheaper);

// %% [markdown] name="transfer-intro"
// ## Predicted against live
//
// Is it right that only bytes count? We send images of several sizes over the same link, in virtual time and over real sockets,
// and measure from the first byte sent to the moment when the machine stands ready at the other side.

// %% name="transfer"
const timedReceiver = async (host: Host) => {
  const readyMs: number[] = [];
  for await (const shipment of await (await host.listen(80)).accept()) {
    unload(shipment, { resources: printerOf(host) });
    readyMs.push(host.now());
  }
  return readyMs;
};

// %% name="transfer-sender"
const timedSender = async (host: Host, images: readonly Uint8Array[]) => {
  const connection = await host.connect("server", 80);
  const sentMs: number[] = [];
  for (const image of images) {
    await host.sleep(400);
    sentMs.push(host.now());
    await connection.send({ moves: "process", image });
  }
  connection.end();
  return sentMs;
};

// %% name="transfer-run"
const grown = primesMachine(20_000);
const images = [0, 100, 400, 1000, 2500, 2000].map((moreMs) => {
  if (moreMs > 0) grown.run({ fuel: moreMs * pace.instructionsPerMs });
  return freeze(grown);
});

// %% name="transfer-scenario"
const transfers = scenario({
  hosts: { laptop: {}, server: {} },
  network: { latencyMs: 20, bytesPerS: 250_000 },
  programs: { server: on("server", timedReceiver), laptop: on("laptop", timedSender, images) },
});
const transferMs = (run: { results: { server: number[]; laptop: number[] } }) =>
  images.map((image, i) => ({
    x: image.length,
    y: run.results.server[i]! - run.results.laptop[i]!,
  }));
const transfersPredicted = transferMs(await simulate(transfers, { seed: 1 }));

// %% name="transfer-live" tags=["live"]
const transfersLive = transferMs(await runLive(transfers, { seed: 1, timeScale: 1 }));
overlay({
  title: "A process on its way, against the size of its image",
  x: { label: "image", unit: "bytes" },
  y: { label: "from sending to ready", unit: "ms" },
  theory: { label: "latency + bytes / rate", f: (bytes) => 20 + bytes / 250, from: 0 },
  predicted: transfersPredicted,
  measured: transfersLive,
  alt: "Both kinds of points lie on a line that rises with the size of the image; live lies a little above.",
  caption:
    "The link is put in by the library; live, unpacking the image and waking the receiver come on top.",
});

// %% name="transfer-claims" tags=["live"]
claims({
  "live, the largest image takes longer than the smallest":
    transfersLive.at(-1)!.y > transfersLive[0]!.y,
  "live, none is faster than the link": transfersLive.every(
    ({ y }, i) => y > transfersPredicted[i]!.y - 2,
  ),
});

// %% [markdown] name="transfer-explained"
// **Why the two differ.** In virtual time the answer is yes: latency and bytes are all, and the points lie on the line. Live, the link is
// the same, but the image must also be unpacked and checked, and the receiver must be woken. That costs a little for each image, and
// more when the computer is busy. For a link as slow as this one it is hardly to be seen.

// %% [markdown] name="resources-intro"
// # 4 · What a program leaves behind
//
// Code and execution segment are bytes, and bytes travel. The resource segment is another matter. It says *printer*, and there is
// no printer in the image. What shall the reference mean on arrival? That depends on two things.
//
// - What does the program need? This very resource (**by identifier**), one with the same contents (**by value**), or any of the
//   kind (**by type**).
// - How is the resource tied to its computer? It can go along easily (**unattached**), at a high cost (**fastened**), or not at
//   all (**fixed**).
//
// Nine cases, and four things to do: **move** the resource along, **copy** its contents, keep a **global reference** and ask over the
// network, or **rebind** to a resource of the new place. Van Steen and Tanenbaum's table says which is right:

// %% name="binding-table"
table(
  bindingTable.map(({ binding, attachment, strategies }) => ({
    needs: `by ${binding}`,
    attachment,
    best: strategies[0],
    otherwise: strategies.slice(1).join(", ") || "nothing",
  })),
  { title: "What to do with a reference when its program moves" },
);

// %% [markdown] name="binding-play-intro"
// A table can be believed, or tried. Here are nine little programs, one for each case, with a file, a mailbox, a clock or a printer. Each
// uses its resource at home, moves away, and uses it again. We play all of them with all four ways.

// %% name="binding-stories"
table(
  _.map(bindingCases, ({ binding, attachment, story }) => ({
    needs: `by ${binding}`,
    attachment,
    story,
  })),
  {
    title: "Nine programs and what they use",
  },
);

// %% [markdown] name="binding-predict-intro"
// **Predict.** One of them measures how long a journey takes, by the clock at home. What if it is rebound to the clock of the place
// where it arrives?

// %% name="binding-predict"
const choices = {
  nothing: "nothing goes wrong: a clock is a clock",
  negative: "it may take less than no time",
  stands: "the clock stands still",
};
const stopWatch = predict(
  "clock",
  { question: "Rebound to another clock, the journey …", choices },
  undefined,
);
stopWatch;

// %% name="binding-run"
const clerk = decodeModule(await compileAssemblyScript(bindingCaseProgram, { runtime: "stub" }));
const ways: Strategy[] = ["move", "copy", "global reference", "rebind"];
const outcomes = await Promise.all(
  bindingCases.flatMap((which) => ways.map((way) => tryBinding(which, way, clerk))),
);

// %% name="binding-matrix"
const verdict = ({ works, rank }: (typeof outcomes)[number]) =>
  works ? (rank === 1 ? "works, and is best" : "works") : "breaks";
const byCase = _.groupBy(outcomes, ({ binding, attachment }) => `by ${binding}, ${attachment}`);
table(
  _.map(byCase, (row, needs) => ({
    needs,
    ..._.fromPairs(row.map((outcome) => [outcome.strategy, verdict(outcome)])),
  })),
  { title: "Thirty-six journeys" },
);

// %% name="binding-compare"
const rebound = _.find(outcomes, { binding: "value", attachment: "fixed", strategy: "rebind" })!;
stopWatch.compare(
  rebound.problem.includes("-") ? "negative" : rebound.works ? "nothing" : "stands",
);

// %% name="binding-problems"
table(
  _.filter(outcomes, { works: false }).map(({ binding, attachment, strategy, problem }) => ({
    needs: `by ${binding}, ${attachment}`,
    strategy,
    "what goes wrong": problem,
  })),
  { title: "What breaks if one chooses wrongly" },
);

// %% [markdown] name="binding-costs-intro"
// And where it works, what does it cost? The link carries 100 kB a second and has a latency of 20 ms. Where a time is far longer than its
// neighbours, a resource of a megabyte travelled along; where it is a little longer, the program asked back over the network. (The reader
// of the mailbox waits for a letter that comes after five seconds.)

// %% name="binding-costs"
const works = _.filter(outcomes, { works: true });
table(
  _.map(byCase, (row, needs) => ({
    needs,
    ..._.fromPairs(row.map(({ strategy, works, totalMs }) => [strategy, works ? totalMs : "–"])),
  })),
  { title: "How long each journey takes, in ms, where it works" },
);

// %% name="binding-claims"
const inTable = (o: (typeof outcomes)[number]) => o.rank > 0;
const extra = works.filter((o) => !inTable(o));
claims({
  "everything that the table has works": outcomes.filter(inTable).every((o) => o.works),
  "what it lacks breaks, but for one": [
    extra.length === 1,
    extra.map((o) => `by ${o.binding}, ${o.attachment}: ${o.strategy}`).join(),
  ],
});

// %% [markdown] name="binding-explained"
// The one exception is a scratch file that stays at home: it works, but why ask over the network for an empty file, when there is one
// here? The table is about what is sensible. Note also which failures are loud and which are silent: a fixed resource that is to
// move says no at once, but two versions of a report, or a clock of another place, say nothing.

// %% [markdown] name="heterogeneous-lecture"
// # 5 · Computers that are unlike
//
// > *A máquina destino pode não ser adequada para executar o código migrado. A definição de contexto de thread/processo/processador
// > é altamente dependente do hardware, sistema operacional e bibliotecas locais.*
//
// The target machine may not be suitable to execute the migrated code. The definition of thread, process and processor context is
// highly dependent on local hardware, operating system and libraries. Look at the context of the process that runs this cell, as
// the operating system keeps it:

// %% name="native-context" tags=["live", "claim:mobility.heterogeneous.local-context"]
table(nativeContext(), { title: "What the operating system holds for this process" });

// %% [markdown] name="native-context-explained"
// Each line means something here and nothing elsewhere. A program counter points into a library that lies at this address only in
// this process. A descriptor is an index into a table of this kernel. The registers belong to one kind of processor. To send this
// context to another computer, one would have to translate all of it.
//
// And the code itself? Compiled code is made for one kind of computer. The kernel in which this cell runs uses a program in C++, ZeroMQ, by
// which it speaks with JupyterLab. Its package can't know where it will be installed, so it ships the same program compiled many times. We
// offer each of them to this computer, in a process of its own:

// %% name="compiled-code" tags=["live", "claim:mobility.heterogeneous.unsuitable-target"]
const { spawnSync } = await import("node:child_process");
const loader = `try { process.dlopen({ exports: {} }, process.argv[1]); console.log("loads"); }
  catch (error) { console.log(error.message); }`;
const addons = nativeAddons().map(({ file, ...madeFor }) => {
  const said = spawnSync(process.execPath, ["-e", loader, file], { encoding: "utf8" }).stdout;
  const [firstLine = ""] = said.replaceAll(file, "it").split("\n");
  return { ...madeFor, "what the loader says": firstLine || "the process died" };
});
table(addons, { title: "One program, compiled many times, on this computer" });

// %% name="compiled-code-claims" tags=["live"]
const loads = (addon: (typeof addons)[number]) => addon["what the loader says"] === "loads";
const [native, foreign] = _.partition(
  addons,
  ({ system, processor }) => system === process.platform && processor === process.arch,
);
claims({
  "some of them load here": addons.some(loads),
  "none that was compiled for another system or processor does": !foreign.some(loads),
  "and on Linux not even all that were compiled for this system and this processor":
    process.platform !== "linux" || !native.every(loads),
});

// %% [markdown] name="compiled-code-explained"
// The three things that the slide names stand in the last column. *Operating system*: a file for another one is not even in the format of
// this system's programs; on Linux that is `invalid ELF header`. *Hardware*: a file for another processor has the right format, and the loader
// passes over it as if the file were not there. *Local libraries*: a file for the right system and processor asks for a C library by its
// name, or for a version of it (`GLIBC_… not found`), and this computer has another one. (On macOS the words are others.) The module with
// the primes is one file, and it ran in every machine that we offered it to.

// %% [markdown] name="solution-lecture"
// > *Solução: usar uma máquina abstrata implementada nas diferentes plataformas: linguagens interpretadas, que possuem suas próximas [próprias]
// > MVs; monitores de MV.*
//
// The solution: use an abstract machine that is implemented on the different platforms: interpreted languages, which have virtual
// machines of their own; and virtual machine monitors. You have been using one all the time. Its state holds no address, no register and
// no descriptor of any computer, so it means the same everywhere. Let us send it as far away as we can from here: into the page.
//
// The program below starts here, goes into the browser page for most of its work, and comes back. While it is there, its printer is
// the page's own: it is rebound by type. **Run the cell yourself and watch the bar**, which grows as long as the program is in your page.

// %% name="page-hop" tags=["live", "claim:mobility.heterogeneous.abstract-machine", "claim:mobility.strong.resumes"]
const log: number[] = [];
const traveller = primesMachine(20_000, log);
traveller.run({ fuel: 5_000_000 });
const inPage = await hopThroughPage(traveller, {
  fuel: 120_000_000,
  resources: printing((x) => log.push(x)),
});
const ended = inPage.machine.run();

// %% name="page-hop-claims" tags=["live"]
const reference = primesMachine(20_000);
const alone = reference.run();
claims({
  "the result is that of a program that never moved": _.isEqual(ended, alone),
  "it executed as many instructions": inPage.machine.instructions === reference.instructions,
  "what it printed here and there is complete": log.length + inPage.printed.length === 200,
});

// %% [markdown] name="page-hop-explained"
// If the card above says that the program stayed here, then no script could run where this cell ran: the output that comes with the
// notebook was made without a page. In JupyterLab, with the browser on the same computer, it travels. The result is the same on either way.
// That is what the claims say, and what an abstract machine is for.
//
// ## How fast is it, here and there?
//
// An interpreter is slower than compiled code; that is the price of a state that can be looked at and moved. We let the same program run in every
// machine that we have.

// %% name="speed" tags=["live"]
const perS: Record<string, number> = {};
const speedIn = async (machine: string, execArgv: string[], primesWanted: number) => {
  const at = await startProcessPlace({ execArgv });
  for (let i = 0; i < 3; i++) {
    const [leg] = (await sendThrough(programShipment(primes, "run", primesWanted), [{ at }])).legs;
    perS[machine] = Math.max(perS[machine] ?? 0, (1000 * leg!.executed) / leg!.runMs); // the best of three
  }
  await at.end();
};
await speedIn("another process", [], 10_000);
await speedIn("no compiler", ["--jitless"], 1000);

// %% name="speed-here" tags=["live", "claim:mobility.heterogeneous.interpreted"]
// The same machine here and in the page, and V8 itself: the quickest of three runs each.
const fastestMs = (prepare: () => () => void) =>
  Math.min(
    ..._.times(3, () => {
      const run = prepare();
      const startMs = performance.now();
      run();
      return performance.now() - startMs;
    }),
  );
const racer = primesMachine(10_000);
racer.run();
const perMachine = (ms: number) => (1000 * racer.instructions) / ms;
perS["this kernel"] = perMachine(
  fastestMs(() => {
    const machine = primesMachine(10_000);
    return () => machine.run();
  }),
);
if (inPage.visited) perS["the page"] = inPage.instructionsPerS;
perS["V8 itself"] = perMachine(fastestMs(() => () => inEngine.instance.exports.run(10_000)));
table(
  _.map(perS, (instructionsPerS, machine) => ({ machine, instructionsPerS })),
  { title: "The same program in several machines" },
);

// %% name="speed-figure" tags=["live"]
overlay({
  title: "The same program in several machines",
  x: { label: "machine" },
  y: { label: "speed", unit: "instructions/s", scale: "log" },
  measured: _.map(perS, (y, x) => ({ x, y })),
  alt: "V8's own WebAssembly is fastest by far; our machine follows, in this kernel and in another process alike; without a compiler it is much slower.",
  caption:
    "The best of three runs each (the page: one run); 'no compiler' is a process started with --jitless. V8 counts no instructions: its time is set against our count.",
});

// %% name="speed-claims" tags=["live"]
claims({
  "compiled code is faster than an interpreter": perS["V8 itself"]! > perS["this kernel"]!,
  "an interpreter in an engine without a compiler is slower still":
    perS["no compiler"]! < perS["this kernel"]!,
  "in which process ours runs matters less than what runs it":
    Math.abs(Math.log(perS["another process"]! / perS["this kernel"]!)) <
    Math.log(perS["this kernel"]! / perS["no compiler"]!),
});

// %% [markdown] name="monitors"
// In which process our interpreter runs makes much less difference than what runs it: it is the same program, which V8 compiles to machine code in each place. Without
// that compiler the interpreter is itself interpreted. And V8 gives the module no interpreter at all: it compiles the module, and most
// instructions of the stack machine vanish in compilation. (If the
// program was in your page, the page is in the figure, too.)
//
// The other kind of abstract machine is a **virtual machine monitor**: it imitates the hardware, and what moves is a whole computer with
// its operating system. Is there one under this cell? On Linux on x86 a monitor that lets itself be seen sets a flag; one that hides does not.
// How such a machine is moved is notebook 11.

// %% name="monitors-look" tags=["live", "claim:mobility.heterogeneous.vm-monitors"]
const { existsSync, readFileSync } = await import("node:fs");
const cpuInfo = existsSync("/proc/cpuinfo") ? readFileSync("/proc/cpuinfo", "utf8") : "";
const [, flags] = /^flags\s*:(.*)$/m.exec(cpuInfo) ?? []; // only x86 has this line
const isSeen = /\bhypervisor\b/.test(flags ?? "");
const monitor = flags === undefined ? "can't be seen" : isSeen ? "yes" : "none that shows itself";
const stack = [
  ["WebAssembly, our interpreter", "one program", "yes"],
  ["JavaScript, V8", "source text", "yes"],
  ["a computer, a virtual machine monitor", "a whole computer", monitor],
];
table(
  stack.map(([machine, moves, here]) => ({ machine, moves, "under this cell": here })),
  { title: "Machines upon machines" },
);

// %% [markdown] name="exercise-bindings-intro"
// # 6 · Exercises
//
// ## Exercise 1 · Choose the bindings
//
// A program of a shop leaves `home` for `away`, over a link of 100 kB/s and 20 ms. There it looks up 200 prices, writes one line into the
// accounts, prints the sum, and takes the next letter from its mailbox. What it uses:
//
// - `prices`: a small list, which others at home read as well; any copy will do;
// - `accounts`: *the* accounts of the shop, 1 MiB; there must be one version of them;
// - `printer`: any printer, near where the program is;
// - `letters`: the mailbox at home, whose address the customers know.
//
// Choose for each what is done at the move: `"move"`, `"copy"`, `"global reference"` or `"rebind"`. The program must end within four seconds.

// %% name="exercise-bindings-answer" tags=["exercise"]
const myChoice: exercises.Bindings = {
  prices: "rebind", // your choices take the place of these
  accounts: "rebind",
  printer: "rebind",
  letters: "rebind",
};
await check(exercises.shopBindings, myChoice);

// %% jupyter={"source_hidden": true} name="exercise-bindings-solution" tags=["solution"]
// A solution, once you have tried: click to unfold it.
const choiceSolution: exercises.Bindings = {
  prices: "copy",
  accounts: "global reference",
  printer: "rebind",
  letters: "global reference",
};
await check(exercises.shopBindings, choiceSolution);

// %% [markdown] name="exercise-moment-intro"
// ## Exercise 2 · When moving pays
//
// A process runs on a computer, and another one, which is idle, is three times as fast. The image of the process has 6 MB; the
// link between the two carries 1 MB/s. While it travels, the process stands still. How many seconds of work, on the slow computer,
// must be left for a move to pay?

// %% name="exercise-moment-answer" tags=["exercise"]
const mySeconds: number | undefined = undefined;
await check(exercises.whenItPays, mySeconds);

// %% jupyter={"source_hidden": true} name="exercise-moment-solution" tags=["solution"]
// A solution, once you have tried: click to unfold it.
await check(exercises.whenItPays, 6 / (1 - 1 / 3));

// %% [markdown] name="exercise-strong-intro"
// ## Exercise 3 · Which one is strong?
//
// Four things that happen every day. In which of them does the execution segment travel? Write the letter of one.

// %% name="exercise-strong-answer" tags=["exercise"]
const myLetter: "a" | "b" | "c" | "d" | undefined = undefined;
await check(exercises.whichIsStrong, myLetter);

// %% jupyter={"source_hidden": true} name="exercise-strong-solution" tags=["solution"]
// A solution, once you have tried: click to unfold it.
await check(exercises.whichIsStrong, "c");

// %% [markdown] name="exercise-agent-intro"
// ## Exercise 4 · An agent that counts and moves on
//
// Write a mobile agent in AssemblyScript. Each place has a file, `stock`; at each move the reference is bound to the file of the new
// place. The agent starts at home. `run(places)` adds up `stock` at home and at each of the `places` that `go(0)`, `go(1)` … lead to, and
// returns the total. `go` returns 1 when the agent has arrived, and 0 if it could not leave: then it is still where it was.

// %% name="exercise-agent-answer" tags=["exercise"]
const myAgent = `
export function run(places: i32): f64 {
  return 0; // your lines take the place of this one
}`;
await check(exercises.countingAgent, myAgent);

// %% jupyter={"source_hidden": true} name="exercise-agent-solution" tags=["solution"]
// A solution, once you have tried: click to unfold it.
const agentSolution = `
export function run(places: i32): f64 {
  let total = stock();
  for (let i = 0; i < places; i++) if (go(i)) total += stock();
  return total;
}`;
await check(exercises.countingAgent, agentSolution);

// %% [markdown] name="summary"
// # What you have seen
//
// - **Weak mobility** sends code and a few data; the program starts anew. It may be pushed or pulled, and an applet is a pull
//   into a page.
// - **Strong mobility** sends the execution segment as well; the process goes on at the next instruction. Sent once it is a
//   migration, thawed twice a clone.
// - A weak move loses work, a strong one sends more bytes. Which is dearer depends on the moment.
// - References to resources are moved, copied, kept across the network, or bound anew. What is right follows from what the program
//   needs and from how the resource is tied to its computer.
// - A native context means nothing elsewhere. The state of an abstract machine means the same everywhere, for a price in speed.
//
// **Read on.** A. Fuggetta, G. P. Picco and G. Vigna, "Understanding Code Mobility", IEEE Transactions on Software Engineering 24(5),
// 1998, for the three segments and the bindings. M. van Steen and A. S. Tanenbaum, *Distributed Systems*, chapter 3. The pages of
// [freeze](/static/api/functions/freeze.html), [thaw](/static/api/functions/thaw.html),
// [place](/static/api/functions/place.html), [launch](/static/api/functions/launch.html) and
// [hopThroughPage](/static/api/functions/hopThroughPage.html), and of the room [migration](/static/api/documents/migration.html).
// How a whole computer moves is notebook 11.
