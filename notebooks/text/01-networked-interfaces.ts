// -*- coding: utf-8 -*-
// ---
// jupyter:
//   kernelspec:
//     display_name: TypeScript (Handoff)
//     language: typescript
//     name: handoff
// ---

// %% [markdown] name="title"
// # Interfaces over a network
//
// A user sits at one machine, and what they want is done at another. What must be at the user's side, then? A program that knows
// the application? A program that knows nothing but how to draw? Or only a screen? The answer decides how many bytes travel, how
// often somebody waits for them, and what is lost when the user's machine falls off the table. By the end you can
//
// - count how much of a client program is interface, on a real one;
// - say who is the client and who the server in X, count a program's round trips, and predict from one start how long it takes to
//   start over any distance;
// - keep calendars in step that are edited offline, and say which rule for merging loses what;
// - let a screen show what happens elsewhere, and say how many updates a second a link allows;
// - choose between these ways, for a given application and a given network.
//
// It takes about four hours, in four sittings. You need notebook 00; what is new beside it: `daemon()` marks a program that need not end, `at(ms)` when one starts,
// `faults` what breaks. **The core** takes about 90 minutes: part 1 up to *Count it on a real one*; part 2 up to the law of starts; *Two requests* and *Edited apart*
// of part 4; the terminal and *How fast* of part 5; part 6. The merge rules and the real calendar server of part 4 are a sitting of their own.

// %% jupyter={"source_hidden": true} name="imports"
// What this notebook takes from the library: nothing to change here.
import {
  calendarLab,
  type CalendarLabResult,
  type CalendarLabRow,
  check,
  claims,
  type ClockVersion,
  codeInMemory,
  type CodeInMemoryRow,
  conflictPolicies,
  type ConflictPolicy,
  connectTerminal,
  type CountedVersion,
  dataset,
  Desk,
  type EntryValue,
  exercises,
  FramebufferClient,
  type FramebufferEncoding,
  FramebufferServer,
  historyScenario,
  type HistoryVerdict,
  type Host,
  judgeRules,
  judgeStory,
  lamportClock,
  lamportWithoutTombstones,
  lastToArrive,
  measureXStarts,
  type MergeRule,
  mergeRules,
  type MessageRow,
  messages,
  mineWins,
  on,
  openXDisplay,
  openTerminal,
  overlay,
  predict,
  progress,
  randomHistories,
  randomSyncStories,
  type RuleRow,
  runLive,
  scenario,
  screenPicture,
  serveXDisplay,
  show,
  serveTerminal,
  simulate,
  smallestHistories,
  smallestHistory,
  spaceTime,
  startXScreen,
  startXTerminal,
  storyScenario,
  type StoryVerdict,
  sweepFigure,
  SyncClient,
  syncServer,
  table,
  terminalServer,
  threeWayMerge,
  ToolMissing,
  type TraceRow,
  useTerminal,
  versionVectors,
  wallClock,
  type XClientConnection,
  type XSent,
  type XStartRow,
} from "kernel-lib";
import _ from "lodash";

// %% [markdown] name="task-lecture"
// # 1 · The client's task
//
// > *A principal tarefa de máquinas cliente é fornecer os meios para os usuários interagirem com servidores remotos.*
//
// The main task of client machines is to give users the means to interact with remote servers.
//
// Here is a whole client: a pocket calculator that can't calculate. It takes a person's keys, shows what they have typed, and has a
// server multiply. The screen is a program of its own, at port 6000 of the same machine: it stands for everything between the
// program and the eye.

// %% name="task-service"
const multiplier = async (host: Host) => {
  for await (const connection of await host.listen(7))
    for await (const { factors } of connection) {
      await host.compute(2);
      await connection.send({ product: factors[0] * factors[1] });
    }
};
const screen = async (host: Host) => {
  for await (const connection of await host.listen(6000))
    for await (const { shown } of connection) host.log("shown", { shown });
};

// %% name="task-client"
// All of a client, in one piece.
const calculator = async (host: Host, keys: string) => {
  const display = await host.connect("desk", 6000);
  const server = await host.connect("server", 7);
  let shown = "";
  for (const key of keys) {
    await host.sleep(150); // a person types
    if (key === "=") {
      await server.send({ factors: shown.split("×").map(Number) });
      shown = String((await server.receive()).product);
    } else shown += key;
    await display.send({ shown });
  }
  await host.sleep(150); // and reads what is shown
  return shown;
};

// %% name="task-run" tags=["claim:interfaces.client-task"]
const atTheDesk = scenario({
  hosts: { desk: {}, server: {} },
  network: { latencyMs: 20 },
  programs: {
    multiplier: on("server", multiplier).daemon(),
    screen: on("desk", screen).daemon(),
    result: on("desk", calculator, "12×34="),
  },
});
const deskRun = await simulate(atTheDesk, { seed: 1 });
spaceTime(deskRun, {
  title: "A person multiplies 12 by 34",
  alt: "Six keys, each of which changes what is shown; only the last one makes the client ask the server.",
});

// %% name="task-count" tags=["claim:interfaces.client-software"]
const sentByClient = (run: typeof deskRun) =>
  _.countBy(_.filter(messages(run), { fromProcess: "result" }), ({ to }) =>
    to === "desk" ? "screen" : "server",
  );
table([{ world: "virtual time", ...sentByClient(deskRun) }], {
  title: "Messages that the client sent, by whom they were for",
});

// %% name="task-live" tags=["live", "claim:interfaces.client-task", "claim:interfaces.client-software"]
const deskLive = await runLive(atTheDesk, { seed: 1, timeScale: 0.5 });
const lastShown = ({ rows }: { rows: readonly TraceRow[] }) =>
  _.last(rows.flatMap((row) => (row.kind === "log" ? [row.fields.shown] : [])));
claims({
  "the screen shows the product in the end, in both worlds":
    lastShown(deskRun) === "408" && lastShown(deskLive) === "408",
  "for one message to the server the client sends six to the screen":
    sentByClient(deskRun).screen === 6 && sentByClient(deskRun).server === 1,
  "live it sends as many": _.isEqual(sentByClient(deskLive), sentByClient(deskRun)),
});

// %% [markdown] name="task-real-intro"
// ## Count it on a real one
//
// > *A maior parte dos softwares do lado do cliente é especializada em interfaces (gráficas) de usuário.*
//
// Most client-side software is specialised in (graphical) user interfaces. Is it? Our calculator was made to say so. Let us take one
// that was not: **xcalc**, which comes with the X Window System and calculates by itself. First its source, by files. (Nothing is
// measured here: these lines were counted once.)
//
// **Predict.** Which share of its lines is interface?

// %% name="task-predict"
const interfaceShare = predict(
  "share of interface",
  {
    question:
      "How many per cent of xcalc's lines are there for its window, its buttons and its keys?",
    unit: "%",
  },
  undefined,
);
interfaceShare;

// %% name="task-source" tags=["claim:interfaces.client-software"]
interface SourceFile {
  file: string;
  lines: number;
  what: string;
  isInterface: boolean;
}
const xcalcSource = dataset<SourceFile>("xcalc-source");
table(xcalcSource.rows, {
  title: "The source of xcalc",
  columns: { file: {}, lines: {}, what: {}, isInterface: { label: "interface?" } },
  caption: `${xcalcSource.source}. ${xcalcSource.remark}`,
});

// %% name="task-source-share" tags=["claim:interfaces.client-software"]
const linesOf = (files: readonly SourceFile[]) => _.sumBy(files, "lines");
const sharePercent =
  (100 * linesOf(xcalcSource.rows.filter((row) => row.isInterface))) / linesOf(xcalcSource.rows);
interfaceShare.compare(sharePercent);

// %% name="task-source-claims"
claims({
  "more than half of a pocket calculator's source is interface": [
    sharePercent > 50,
    `${sharePercent.toFixed(0)} %`,
  ],
});

// %% [markdown] name="task-source-explained"
// Lines are a rough measure: a line of a table of buttons costs less thought than one that divides, and `math.c` itself decides what the display
// shows. And these are only the lines that xcalc's own authors wrote. Behind them stand libraries, most of which are interface as well. Part 2
// starts the program and counts those.

// %% [markdown] name="x-lecture"
// # 2 · X: the display is the server
//
// > *O X protocol é um exemplo de thin-client network computing.*
//
// The X protocol is an example of thin-client network computing. A program runs at one machine and draws at another. Mind the
// words: the **display**, with its screen, mouse and keyboard, is the *server*. It listens, at port 6000. The programs are its
// *clients*, wherever they run; they ask it for windows and for lines. The roles are reversed: the server is the machine before the user.
// (Today's displays mostly listen at a socket of their own machine only, and ssh brings clients from elsewhere to it. The protocol is the same.)
//
// ## One drawing, three ways
//
// Our display is a program on a host, like any other: `serveXDisplay`. Here is a client. It connects, asks for a window and for
// a *context* to draw with (its colours, its pen), and shows the window.

// %% name="x-client" tags=["claim:interfaces.x-is-thin-client"]
const openWindow = async (host: Host) => {
  const connection = await host.connect("desk", 6000);
  const client = await openXDisplay(connection);
  const [window, gc] = [client.newId(), client.newId()];
  const place = { x: 0, y: 0, width: 400, height: 300, borderWidth: 0, windowClass: 1, visual: 0 };
  const parent = client.setup.screens[0]!.root;
  const values = { backgroundPixel: 0xffffff };
  await client.request("CreateWindow", { depth: 24, window, parent, ...place, values });
  await client.request("CreateGC", { gc, drawable: window, values: { foreground: 0 } });
  await client.request("MapWindow", { window });
  return { connection, client, on: { drawable: window, gc } };
};
type Opened = Awaited<ReturnType<typeof openWindow>>;

// %% [markdown] name="x-ways-intro"
// Now it draws a hundred vertical lines: by a request for each, by one request for all, or by sending the finished picture, all
// its 400 × 300 pixels.

// %% name="x-ways"
const lines = _.range(0, 400, 4).map((x) => ({ x1: x, y1: 0, x2: x, y2: 299 }));
const ends = ({ x1, y1, x2, y2 }: (typeof lines)[0]) => [
  { x: x1, y: y1 },
  { x: x2, y: y2 },
];
const size = { x: 0, y: 0, width: 400, height: 300 };
const picture = new Uint8Array(4 * 400 * 300).fill(255); // blue, green, red and a spare byte a pixel
for (let y = 0; y < 300; y++)
  for (const { x1 } of lines) picture.fill(0, 4 * (400 * y + x1), 4 * (400 * y + x1) + 3);

// %% name="x-ways-programs"
// The three ways side by side.
const ways: Record<string, (opened: Opened) => Promise<unknown>> = {
  "100 PolyLine": async ({ client, on: to }) => {
    for (const points of lines.map(ends))
      await client.request("PolyLine", { relative: false, ...to, points });
  },
  "one PolySegment": ({ client, on: to }) =>
    client.request("PolySegment", { ...to, segments: lines }),
  PutImage: ({ client, on: to }) =>
    client.request("PutImage", {
      format: 2,
      ...to,
      ...size,
      leftPad: 0,
      depth: 24,
      image: picture,
    }),
};

// %% name="x-ways-predict"
const pixelBytes = predict(
  "PutImage",
  {
    question: "How many bytes has the request with all pixels, without its small header?",
    unit: "B",
  },
  undefined,
);
pixelBytes;

// %% name="x-ways-draw"
const drawIn = async (host: Host, way: string) => {
  const { client, on: to, connection } = await openWindow(host);
  const startMs = host.now();
  await ways[way]!({ client, on: to, connection });
  await client.ask("GetInputFocus", {}); // answered when all before is done
  const tookMs = host.now() - startMs;
  const asked = { format: 2, drawable: to.drawable, ...size, planeMask: 0xffffff };
  return { way, tookMs, image: (await client.ask("GetImage", asked)).image };
};

// %% name="x-ways-scenario"
const drawn = scenario({
  hosts: { desk: {}, far: {} },
  network: { latencyMs: 10, bytesPerS: 1e6 },
  programs: {
    display: on("desk", serveXDisplay).daemon(),
    pictures: Object.keys(ways).map((way, i) => on("far", drawIn, way).at(2000 * i)),
  },
});

// %% name="x-ways-run" tags=["claim:interfaces.x-is-thin-client"]
const drawnRun = await simulate(drawn, { seed: 1 });

// %% name="x-ways-rows"
const frameBytes = 5; // the world's own, around each message
const wayRows = (run: typeof drawnRun) => {
  const sent = _.groupBy(_.filter(messages(run), { direction: "out" }), "connection");
  return _.zipWith(run.results.pictures, Object.values(sent), ({ way, tookMs }, all) => {
    const drawing = all.slice(4, -2); // behind the set-up and three requests, before two questions
    const bytes = _.sumBy(drawing, "bytes") - frameBytes * drawing.length;
    return { way, requests: drawing.length, bytes, tookMs };
  });
};

// %% name="x-ways-compare" tags=["claim:interfaces.x-is-thin-client"]
const byWay = wayRows(drawnRun);
pixelBytes.compare(byWay[2]!.bytes);

// %% name="x-ways-live" tags=["live", "claim:interfaces.x-is-thin-client"]
const drawnLive = await runLive(drawn, { seed: 1 });
const byWayLive = wayRows(drawnLive);
table(
  byWay.map((row, i) => ({ ...row, liveBytes: byWayLive[i]!.bytes, liveMs: byWayLive[i]!.tookMs })),
  { title: "A hundred lines over a link of 1 MB/s and 20 ms there and back" },
);

// %% name="x-ways-claims" tags=["live"]
const imagesOf = (run: typeof drawnRun) =>
  run.results.pictures.map(({ image }) => Buffer.from(image).toString("base64"));
claims({
  "as requests the drawing has 2,000 bytes, as one request 812, as pixels 480,028": _.isEqual(
    _.map(byWay, "bytes"),
    [2000, 812, 480_028],
  ),
  "live the same bytes travel": _.isEqual(_.map(byWayLive, "bytes"), _.map(byWay, "bytes")),
  "the three pictures are equal in every pixel, in both worlds":
    _.uniq([...imagesOf(drawnRun), ...imagesOf(drawnLive)]).length === 1,
});

// %% [markdown] name="x-ways-explained"
// The sizes are in the protocol: a PolyLine has 12 bytes and 4 for each point, a PolySegment 12 and 8 for each line, a PutImage 24 (and 4 more, since
// its length does not fit into 16 bits) and 4 for each pixel. Whoever sends *what is to be drawn* sends little, and the display must be
// able to draw. Whoever sends *pixels* needs a wide link, and the display needs to know nothing. Part 5 is about those.
//
// ## Rounds
//
// A hundred PolyLine are a hundred requests, and nobody waits: X's clients send on without asking whether anything has come.
// But a question must be waited for. A program that starts asks for the numbers of names (*atoms*), a hundred, say.
//
// **Predict.** The way to the display and back takes 50 ms. How long do a hundred questions take, each sent when the one before is
// answered?

// %% name="x-atoms-predict"
const oneByOneMs = predict(
  "one by one",
  { question: "How long do 100 questions take, one by one, at a round trip of 50 ms?", unit: "ms" },
  undefined,
);
oneByOneMs;

// %% name="x-atoms"
const atomNames = _.range(100).map((i) => ({ onlyIfExists: false, name: `NAME_${i}` }));
const oneByOne = async (client: XClientConnection) => {
  for (const name of atomNames) await client.ask("InternAtom", name); // ask, and wait
};
const pipelined = async (client: XClientConnection) => {
  for (const name of atomNames) await client.request("InternAtom", name); // ask all,
  for (const _name of atomNames) await client.reply("InternAtom"); // then take the answers
};
const timeOf = (ask: (client: XClientConnection) => Promise<void>) => async (host: Host) => {
  const client = await openXDisplay(await host.connect("desk", 6000));
  const startMs = host.now();
  await ask(client);
  return host.now() - startMs;
};

// %% name="x-atoms-run"
const atomsAsked = scenario({
  hosts: { desk: {}, far: {} },
  network: { latencyMs: 25 },
  programs: {
    display: on("desk", serveXDisplay).daemon(),
    oneByOne: on("far", timeOf(oneByOne)),
    pipelined: on("far", timeOf(pipelined)),
  },
});
const atomsRun = await simulate(atomsAsked, { seed: 1 });
oneByOneMs.compare(atomsRun.results.oneByOne);

// %% name="x-atoms-live" tags=["live", "claim:interfaces.x-is-thin-client"]
const atomsLive = await runLive(atomsAsked, { seed: 1 });
table(
  (["oneByOne", "pipelined"] as const).map((how) => {
    return { how, virtualMs: atomsRun.results[how], liveMs: atomsLive.results[how] };
  }),
  { title: "A hundred questions over 50 ms there and back" },
);

// %% name="x-atoms-claims" tags=["live"]
claims({
  "one by one they take a hundred round trips, all at once a single one":
    atomsRun.results.oneByOne === 5000 && atomsRun.results.pipelined === 50,
  "live, too, pipelining is more than twenty times as fast":
    atomsLive.results.oneByOne > 20 * atomsLive.results.pipelined,
});

// %% [markdown] name="x-atoms-explained"
// So what distance costs is counted in *rounds*. The set-up, which a client sends first, is of round 1. The **round** of any other request is one more than
// the highest round of what was answered before it was sent. (An answer may be a reply or an event, such as the one that says that a window is to be seen.) A request of round *n* + 1 can't leave before *n* round trips are over, however fast the machines and wide the link. A program whose
// first drawing is of round *n* + 1 shows itself after
//
// $$T = T_0 + n \cdot RTT$$
//
// where T₀ is everything else. Both can be read from a single recorded start. Let us record real programs.
//
// ## Real programs, on our display
//
// The next cell opens a display of ours at a real port, and starts four programs of the system on it, as they are. They have come with X since
// the eighties, and know nothing of us. (If they are not on your machine, the cell says what to install, and draws what they have sent
// when it was recorded.)

// %% name="x-screen-start" tags=["live"]
const desk = await startXScreen({ width: 640, height: 600 });
const children: Record<string, Awaited<ReturnType<typeof desk.start>>> = {};
const start = async (program: string, ...args: string[]) => {
  children[program] = await desk.start(program, ...args);
  await desk.settled({ windows: Object.keys(children).length });
};
const recorded = dataset<XSent & { stage: string }>("x-programs").rows;
const replay = (stage: string) => desk.replay(_.filter(recorded, { stage }));

// %% name="x-screen" tags=["live", "claim:interfaces.x-is-thin-client"]
const isHere = await (async () => {
  await start("xlogo", "-geometry", "120x120+20+20");
  await start("xeyes", "-geometry", "200x140+180+20", "-bg", "ivory");
  await start("xclock", "-geometry", "160x160+440+20");
  await start("xcalc", "-geometry", "+200+190");
  return true;
})().catch((error) => {
  if (!(error instanceof ToolMissing)) throw error;
  console.log(`${error.message}\nSo this is a recorded run.`);
  replay("start");
  return false;
});

// %% name="x-screen-picture" tags=["live", "claim:interfaces.x-is-thin-client"]
screenPicture(desk.display.screen, {
  title: "Four programs of the system, drawn by our display",
  alt: "On a grey screen: the X logo, two eyes, a clock with hands, and a pocket calculator with forty buttons.",
  data: desk.display.windows,
});

// %% [markdown] name="x-eyes-intro"
// (Our display has a single font, so √ and π on the calculator's keys come as other letters.)
//
// The eyes look at the mouse. (Around them it is black: xeyes asked for a window in the form of eyes, by the extension SHAPE, which our display does not have.) But the mouse is *here*, at the display, and the program that draws the eyes knows it only by asking. Move it.

// %% name="x-eyes" tags=["live", "claim:interfaces.x-is-thin-client"]
const eyes = { x: 181, y: 21, width: 200, height: 140 };
const lookAt = async (x: number, y: number, stage: string) => {
  desk.display.movePointer(x, y);
  if (isHere) await desk.settled({ quietMs: 300, atMostMs: 3000 });
  else replay(stage);
  const title = `xeyes, when the mouse is at ${x}, ${y}`;
  const alt = "Two eyes that look to where the mouse is.";
  show(screenPicture(desk.display.screen, { title, alt, area: eyes }));
  return [...desk.display.screen.read(eyes)];
};
const [toTheLeft, toTheRight] = [await lookAt(30, 560, "left"), await lookAt(610, 30, "right")];

// %% name="x-eyes-claims" tags=["live"]
const changed = toTheLeft.filter((colour, i) => colour !== toTheRight[i]).length;
claims({ "the eyes have moved": changed > 100 });

// %% [markdown] name="x-calc-intro"
// Now type into the calculator. Each key travels to the program as an event; what comes back are requests to draw.

// %% name="x-calc" tags=["live", "claim:interfaces.client-software", "claim:interfaces.x-is-thin-client"]
desk.display.movePointer(300, 400);
const drawnByCalc = () => desk.clients.at(-1)?.traffic.rows.length ?? 0;
const beforeKeys = drawnByCalc();
if (isHere) await desk.type("12*34=");
else replay("408");
await desk.settled({ quietMs: 300, atMostMs: 3000 });

// %% name="x-calc-picture" tags=["live", "claim:interfaces.x-is-thin-client"]
screenPicture(desk.display.screen, {
  title: "xcalc, after 12*34=",
  alt: "The calculator's display shows 408.",
  area: { x: 201, y: 191, width: 226, height: 60 },
  data: [{ keys: 6, requests: drawnByCalc() - beforeKeys }],
});

// %% [markdown] name="x-code-intro"
// And how much of the code that this program has in memory is interface? Linux tells which files the pages of a process come from.

// %% name="x-code" tags=["live", "claim:interfaces.client-software"]
const codeRows = () => {
  try {
    return isHere ? codeInMemory(children.xcalc!.pid) : dataset<CodeInMemoryRow>("xcalc-code").rows;
  } catch (error) {
    if (!(error instanceof ToolMissing)) throw error;
    return dataset<CodeInMemoryRow>("xcalc-code").rows; // elsewhere than on Linux
  }
};
const code = codeRows();
table(code, { title: "Code of xcalc and its libraries that is in memory" });

// %% name="x-code-claims" tags=["live"]
const kilobytes = (rows: readonly CodeInMemoryRow[]) => _.sumBy(rows, "kilobytes");
const ofInterface = kilobytes(code.filter((row) => row.isInterface));
const ofMathematics = kilobytes(
  code.filter(({ file }) => file.startsWith("libm.") || file.startsWith("libm-")),
);
const ofItself = kilobytes(code.filter(({ file }) => file === "xcalc"));
claims({
  "the libraries of the interface have more code in memory than the program and the mathematics together":
    ofInterface > ofItself + ofMathematics,
});

// %% [markdown] name="x-code-explained"
// `libX…`, `libxcb`, `libICE` and `libSM` are there for the window and for nothing else; `libm` calculates; `libc` serves both, and is counted for
// neither. What is in memory was not all executed, and other programs share these pages. The order of size is what counts: most of what runs
// on the client's side of a program with a window is there for the window.
//
// ## Who loses what
//
// The program runs elsewhere; the display keeps its windows. Kill one, then the other.

// %% name="x-kill" tags=["live", "claim:interfaces.x-is-thin-client"]
// One story in one piece.
type Ends = { windowsBefore: number; windowsAfter: number; exitCodes: (number | undefined)[] };
const killThem = async (): Promise<Ends> => {
  const windowsBefore = desk.display.windows.length;
  children.xcalc!.kill();
  await children.xcalc!.ended;
  await desk.settled({ quietMs: 500 });
  const windowsAfter = desk.display.windows.length;
  await desk.close(); // the display goes
  const others = [children.xlogo!, children.xeyes!, children.xclock!].map(({ ended }) => ended);
  return { windowsBefore, windowsAfter, exitCodes: _.map(await Promise.all(others), "code") };
};
if (!isHere) console.log("Nothing runs here that could be killed, so this is a recorded run.");
const afterKills = isHere ? await killThem() : dataset<Ends>("x-ends").rows[0]!;
if (!isHere) await desk.close();

// %% name="x-kill-table" tags=["live"]
table([{ ...afterKills, exitCodes: afterKills.exitCodes.join(", ") }], {
  title: "xcalc is killed, then the display",
  columns: {
    windowsBefore: { label: "windows before" },
    windowsAfter: { label: "windows without xcalc" },
    exitCodes: { label: "exit codes of the others, when the display was gone" },
  },
});

// %% name="x-kill-claims" tags=["live"]
claims({
  "when the program dies, its window goes with it":
    afterKills.windowsAfter === afterKills.windowsBefore - 1,
  "when the display dies, the programs end too, whatever they held": _.isEqual(
    afterKills.exitCodes,
    [1, 1, 1],
  ),
});

// %% [markdown] name="x-kill-explained"
// That is what an X terminal is: thin. All that matters is in the program, at the other machine. But the thread between them must not
// break: a program of X ends when its display does, unless it was written not to, as few are, and takes with it what was not saved. (Part 5 knows a way to
// leave and come back. Here both sides ran on this machine, as two processes with a socket between them.)
//
// ## How long does it take to start?
//
// The next cell puts a *tap* between a real program and a real display: Xvfb, X.Org's own, which draws into memory. The tap counts
// what passes, and delays it, half of the round trip each way. First each program starts without delay: **one** recorded start (the quickest of three), from which T₀ and the number of
// round trips *n* are read. Then it starts again at two distances, and the law says beforehand when it draws.
//
// **Predict.** xlogo draws one letter. How many round trips does it need before its first line is on the screen?

// %% name="x-starts-predict"
const xlogoRounds = predict(
  "xlogo's rounds",
  {
    question: "xlogo sends 43 requests. How many round trips are over before it draws its letter?",
    choices: { two: "one or two", five: "about five", fifteen: "about fifteen", all: "all 43" },
  },
  undefined,
);
xlogoRounds;

// %% name="x-starts" tags=["live", "claim:interfaces.x-is-thin-client"]
const isNear = (rows: readonly XStartRow[]) =>
  rows.every(({ predictedMs, measuredMs }) => Math.abs(measuredMs / predictedMs - 1) < 0.08);
const startsOf = async (program: string) => {
  const rows = await measureXStarts(program, { roundTripsMs: [60, 120] });
  // Once more if not: another program may have had the machine.
  return isNear(rows) ? rows : measureXStarts(program, { roundTripsMs: [60, 120] });
};

// %% name="x-starts-run" tags=["live", "claim:interfaces.x-is-thin-client"]
const starts = await (async () => [
  ...(await startsOf("xlogo")),
  ...(await startsOf("xeyes")),
])().catch((error) => {
  if (!(error instanceof ToolMissing)) throw error;
  console.log(`${error.message}\nSo this is a recorded run.`);
  return dataset<XStartRow>("x-starts").rows;
});
table(starts, {
  title: "The start of two programs, predicted from the first of each, and measured",
});

// %% name="x-starts-compare" tags=["live"]
const waited = _.find(starts, { program: "xlogo" })!.roundTrips;
xlogoRounds.compare(waited < 4 ? "two" : waited < 9 ? "five" : waited < 30 ? "fifteen" : "all");

// %% name="x-starts-lines" tags=["live"]
const byProgram = _.groupBy(starts, "program");
const laws = _.map(byProgram, ([first], program) => ({
  label: `${program}: T₀ + ${first!.roundTrips}·RTT`,
  f: (roundTripMs: number) =>
    first!.measuredMs + first!.roundTrips * (roundTripMs - first!.roundTripMs),
}));
const measuredStarts = _.map(byProgram, (rows, program) => ({
  label: `${program}, measured`,
  points: rows.map(({ roundTripMs: x, measuredMs: y }) => ({ x, y })),
}));

// %% name="x-starts-figure" tags=["live", "claim:interfaces.x-is-thin-client"]
overlay({
  title: "From a program's first byte to its first drawing",
  x: { label: "round trip through the tap", unit: "ms" },
  y: { label: "time", unit: "ms" },
  theory: laws,
  measured: measuredStarts,
  alt: "Two straight lines, the steeper one for xeyes, with the measured points on them.",
  caption:
    "Each line comes from one start without delay, its leftmost point; the others are measured.",
});

// %% name="x-starts-claims" tags=["live"]
claims({
  "every start lies within 8 % of T₀ + n·RTT": isNear(starts),
  "at every distance a program makes as many round trips as when it was recorded, give or take one":
    _.every(byProgram, (rows) =>
      rows.every(({ roundTrips }) => Math.abs(roundTrips - rows[0]!.roundTrips) <= 1),
    ),
  "xlogo's link is idle nearly all the time: what travels, both ways, would pass 1 MB/s in less than a fiftieth of its start":
    (starts[2]!.bytesOut + starts[2]!.bytesIn) / 1e6 < starts[2]!.measuredMs / 1000 / 50,
});

// %% [markdown] name="x-starts-explained"
// A letter of five polygons, some fifteen kilobytes both ways, and all that waiting. A wider link would not help at all. Nearly every round trip is a
// question whose answer the next question does not need: is there this extension? what is the number of that name? The library between the program and
// the display (Xlib) offers each as a function that returns a value, so it must wait. A *call* hides a round trip: that is notebook 02's subject. (Its successor, XCB, gives
// back a promise instead, so that a program can ask first and wait later, as the pipelined hundred did.)
//
// **Why predicted and measured differ.** The tap's timers are late by a millisecond or so each time, which is why the round trip *through the tap* is
// measured and used. What remains is the machine: starting a program is work, and other work comes in between.

// %% [markdown] name="x-exercise-pipeline-intro"
// ## Exercise · Wait only where you must
//
// A program starts. Each of its parts has a colour, which the user has chosen: it stands by its name in a *property* of the root window, under the part's
// own name. So there are three questions for each part: the name's number (an atom); the property with that number; the pixel of the colour which that names.
// The client below asks them one by one. Make it take three round trips, however many parts there are.
//
// `client.request` sends and does not wait, `client.reply` takes the next answer, `client.ask` does both. The next cell has what stands in the three requests.

// %% name="x-exercise-pipeline-fields"
const atomOf = (name: string) => ({ onlyIfExists: true, name });
const propertyOf = ({ setup }: XClientConnection, property: number) => {
  const { root } = setup.screens[0]!;
  return { delete: false, window: root, property, type: 31, longOffset: 0, longLength: 16 };
};
type Property = { value: Uint8Array; units: number }; // what follows the units only fills up
const colourOf = ({ setup }: XClientConnection, { value, units }: Property) => {
  const { colormap } = setup.screens[0]!;
  return { colormap, name: new TextDecoder().decode(value.subarray(0, units)) };
};

// %% name="x-exercise-pipeline-answer" tags=["exercise"]
const myStart: exercises.StartingClient = async (client, names) => {
  const pixels: number[] = [];
  for (const name of names) {
    const { atom } = await client.ask("InternAtom", atomOf(name)); // your lines take the place of these
    const property = await client.ask("GetProperty", propertyOf(client, atom));
    const { pixel } = await client.ask("AllocNamedColor", colourOf(client, property));
    pixels.push(pixel);
  }
  return pixels;
};
await check(exercises.pipeline, myStart);

// %% jupyter={"source_hidden": true} name="x-exercise-pipeline-solution" tags=["solution"]
// Two solutions, once you have tried: click to unfold them. First one kind of question after the other, all parts at once.
const byKind: exercises.StartingClient = async (client, names) => {
  for (const name of names) await client.request("InternAtom", atomOf(name));
  const atoms: number[] = [];
  for (const _name of names) atoms.push((await client.reply("InternAtom")).atom);
  for (const atom of atoms) await client.request("GetProperty", propertyOf(client, atom));
  const set: Property[] = [];
  for (const _name of names) set.push(await client.reply("GetProperty"));
  for (const each of set) await client.request("AllocNamedColor", colourOf(client, each));
  const pixels: number[] = [];
  for (const _name of names) pixels.push((await client.reply("AllocNamedColor")).pixel);
  return pixels;
};
await check(exercises.pipeline, byKind);
// Then a promise for each part: inside of a part each question waits for the one before, the parts do not wait for each other.
const byPart: exercises.StartingClient = (client, names) =>
  Promise.all(
    names.map(async (name) => {
      const { atom } = await client.ask("InternAtom", atomOf(name));
      const property = await client.ask("GetProperty", propertyOf(client, atom));
      return (await client.ask("AllocNamedColor", colourOf(client, property))).pixel;
    }),
  );
await check(exercises.pipeline, byPart);

// %% [markdown] name="two-ways-lecture"
// # 3 · Two ways
//
// > *Há 2 modos de se implementar essa interação.*
//
// There are two ways to implement this interaction: a protocol for each application, or one protocol for all of them. X is of the second kind, and so is the
// terminal of part 5: both serve any application, and differ in what travels, requests to draw or pixels. First, in part 4, the other way.

// %% [markdown] name="calendar-lecture"
// # 4 · A protocol per application: the calendar
//
// > *Para cada serviço remoto o cliente tem uma contraparte provedora do serviço no lado do servidor. Caso em que um protocolo em
// > nível de aplicação trata da sincronização (ex: calendários em smartphones).*
//
// For each remote service the client has a counterpart on the server's side that provides the service: the case in which an
// application-level protocol takes care of synchronisation (for example calendars on smartphones).
//
// Your phone shows your calendar in a tunnel, too. So it does not show what lies at the server: it has a **copy**, which it reads and
// changes by itself, and brings in step when it meets the server. What travels is not a picture but *what has changed*, and the
// two programs must agree on what an entry is, and on what to do if both have changed it. That is the protocol, and it is of no
// use to any other application.

// %% [markdown] name="calendar-answer-intro"
// ## Two requests
//
// A dozen lines are enough. The server counts all changes. The count after the last change of an entry is the entry's **version**; the
// count as a whole is the **token** that a device is given. A device may say
//
// - *what has changed since this token?* and gets the entries, and a new token;
// - *give this entry this value, if it still has the version that I know*, and gets the new version, or what is there instead: a conflict.

// %% name="calendar-answer"
type Ask = { since: number } | { id: string; value: EntryValue; ifVersion: number };

const newCalendar = () => {
  const entries = new Map<string, { value: EntryValue; version: number }>();
  let token = 0;
  return (ask: Ask) => {
    if ("since" in ask) {
      const all = [...entries].map(([id, entry]) => ({ id, ...entry }));
      return { token, changes: all.filter(({ version }) => version > ask.since) };
    }
    const now = entries.get(ask.id) ?? { value: null, version: 0 };
    if (now.version !== ask.ifVersion) return { conflict: now };
    entries.set(ask.id, { value: ask.value, version: ++token });
    return { version: token };
  };
};

// %% [markdown] name="calendar-server-intro"
// And here is the counterpart at work: the server, and a phone that puts some entries, asks for all of them as a new device would, and
// asks once more when nothing has changed.

// %% name="calendar-server" tags=["claim:interfaces.application.counterpart"]
const calendarServer = async (host: Host) => {
  const answer = newCalendar();
  for await (const connection of await host.listen(5232))
    for await (const ask of connection) await connection.send(answer(ask));
};

// %% name="calendar-phone"
const newPhone = async (host: Host, entries: number) => {
  const server = await host.connect("server", 5232);
  const ask = async (request: Ask) => {
    await server.send(request);
    return server.receive();
  };
  for (let i = 1; i <= entries; i++)
    await ask({ id: `entry ${i}`, value: { title: `Meeting ${i}`, time: "9:00" }, ifVersion: 0 });
  const { token, changes } = await ask({ since: 0 });
  return { all: changes.length, again: (await ask({ since: token })).changes.length };
};

// %% [markdown] name="calendar-token-predict-intro"
// **Predict.** The phone has 40 entries of some 60 bytes each, and nothing has changed. How many bytes has the answer to its second
// question?

// %% name="calendar-token-predict"
const nothingNew = predict(
  "bytes of nothing",
  {
    question: "40 entries, none of them new. How long is the server's answer?",
    choices: { few: "about 20 bytes", some: "about 200 bytes", all: "more than 2,000 bytes" },
  },
  undefined,
);
nothingNew;

// %% name="calendar-token-scenario"
const withEntries = (entries: number) =>
  scenario({
    hosts: { server: {}, phone: {} },
    network: { latencyMs: 20 },
    programs: {
      server: on("server", calendarServer).daemon(),
      phone: on("phone", newPhone, entries),
    },
  });
const lastAnswers = ({ rows }: { rows: readonly TraceRow[] }) =>
  _.takeRight(_.filter(rows, { kind: "receive", host: "phone" }) as MessageRow[], 2).map(
    ({ bytes }) => ({ bytes: bytes - frameBytes }),
  );

// %% name="calendar-token-run"
const answerBytes: { entries: number; question: string; bytes: number; source: string }[] = [];
for (const entries of [1, 10, 20, 40, 80]) {
  const [all, news] = lastAnswers(await simulate(withEntries(entries), { seed: 1 }));
  answerBytes.push({ entries, question: "all entries", bytes: all!.bytes, source: "predicted" });
  answerBytes.push({ entries, question: "what is new", bytes: news!.bytes, source: "predicted" });
}
const [listing40, nothing40] = _.filter(answerBytes, { entries: 40 });
nothingNew.compare(nothing40!.bytes < 60 ? "few" : nothing40!.bytes < 600 ? "some" : "all");

// %% name="calendar-token-live" tags=["live"]
for (const entries of [1, 40]) {
  const [all, news] = lastAnswers(await runLive(withEntries(entries), { seed: 1 }));
  answerBytes.push({ entries, question: "all entries", bytes: all!.bytes, source: "measured" });
  answerBytes.push({ entries, question: "what is new", bytes: news!.bytes, source: "measured" });
}
sweepFigure(answerBytes, {
  title: "What an answer weighs",
  x: { field: "entries", label: "entries in the calendar" },
  y: { field: "bytes", label: "bytes of the answer" },
  series: "question",
  source: "source",
  alt: "The answer with all entries grows in a straight line with their number; the answer to what is new stays at a few bytes. The live points lie on the predicted ones.",
});

// %% name="calendar-token-claims" tags=["live", "claim:interfaces.application.protocol"]
claims({
  "the whole calendar is more than fifty times as long as the news that there is none":
    listing40!.bytes > 50 * nothing40!.bytes,
  "the news that there is none is as long for one entry as for eighty":
    _.uniq(_.map(_.filter(answerBytes, { question: "what is new" }), "bytes")).length === 1,
  "live, each answer has exactly the predicted number of bytes": _.every(
    _.filter(answerBytes, { source: "measured" }),
    (row) => _.some(answerBytes, { ...row, source: "predicted" }),
  ),
});

// %% [markdown] name="calendar-offline-intro"
// ## Edited apart
//
// The phone has made an entry, and both it and the laptop have a copy. Then both are in a tunnel. On the phone the dentist is moved to
// 10:00; on the laptop she gets a name and a place. The phone meets the server first. When the laptop comes, its edit is of a version that
// is not the server's any more, and it is told so. What should the laptop do now?
//
// That is the laptop's **conflict policy**. The server does not know what an appointment is; the client does. Three policies, each a
// line or two, are in the library: *mine wins* puts its whole entry over what is there; *theirs wins* drops its own edit; a *three-way merge* looks at what
// both sides had before. (An edit, in the plans below, names the fields that it changes. What is put is always the whole entry.)

// %% name="calendar-device"
type Plan = readonly (readonly [atMs: number, what: EntryValue | "meets the server"])[];

const followPlan = async (host: Host, policy: ConflictPolicy, plan: Plan) => {
  const calendar = await SyncClient.open(host, { policy, timeoutMs: 100 });
  let conflicts = 0;
  for (const [atMs, what] of plan) {
    await host.sleepUntil(atMs);
    if (what === "meets the server") conflicts += (await calendar.sync()).conflicts;
    else await calendar.edit("dentist", what);
  }
  return { shows: calendar.entries.dentist, conflicts };
};

// %% name="calendar-tunnel"
const meets = "meets the server";
const onThePhone: Plan = [
  [10, { title: "Dentist", time: "9:00" }],
  [20, meets],
  [120, { time: "10:00" }], // in the tunnel
  [150, meets],
  [350, meets],
];
const onTheLaptop: Plan = [
  [80, meets],
  [130, { title: "Dr Lee", place: "Main Street" }], // in the tunnel, too
  [250, meets],
];

// %% name="calendar-tunnel-scenario"
const inTheTunnel = (policy: ConflictPolicy) =>
  scenario({
    hosts: { phone: {}, server: {}, laptop: {} },
    network: { latencyMs: 5 },
    programs: {
      server: on("server", syncServer).daemon(),
      phone: on("phone", followPlan, policy, onThePhone),
      laptop: on("laptop", followPlan, policy, onTheLaptop),
    },
  });

// %% [markdown] name="calendar-tunnel-predict-intro"
// **Predict.** The policy is *mine wins*, on both devices. Which time does the phone show in the end?

// %% name="calendar-tunnel-predict"
const phoneTime = predict(
  "mine wins",
  {
    question:
      "With “mine wins”, the phone, on which the dentist was moved to 10:00, shows in the end …",
    choices: { nine: "9:00", ten: "10:00", both: "9:00 or 10:00" },
  },
  undefined,
);
phoneTime;

// %% name="calendar-tunnel-run" tags=["claim:interfaces.application.protocol"]
const tunnels = await Promise.all(
  conflictPolicies.map(async (policy) => {
    const { phone, laptop } = (await simulate(inTheTunnel(policy), { seed: 1 })).results;
    return { policy: policy.name, ...phone.shows, conflicts: laptop.conflicts, phone, laptop };
  }),
);
phoneTime.compare(tunnels[0]!.phone.shows!.time === "9:00" ? "nine" : "ten");

// %% name="calendar-tunnel-table"
table(tunnels, {
  title: "What both devices show in the end",
  columns: ["policy", "title", "time", "place", "conflicts"],
});

// %% name="calendar-tunnel-claims"
claims({
  "with every policy, both devices show the same": tunnels.every(({ phone, laptop }) =>
    _.isEqual(phone.shows, laptop.shows),
  ),
  "mine wins: the phone's new time is gone, though nobody ever changed it back":
    tunnels[0]!.phone.shows!.time === "9:00",
  "theirs wins: the laptop's name and place are gone": !("place" in tunnels[1]!.phone.shows!),
  "the three-way merge keeps all three changes": _.isEqual(tunnels[2]!.phone.shows, {
    title: "Dr Lee",
    time: "10:00",
    place: "Main Street",
  }),
});

// %% name="calendar-tunnel-figure"
spaceTime(await simulate(inTheTunnel(threeWayMerge), { seed: 1 }), {
  title: "The laptop's edit comes second, and is merged",
  hosts: ["phone", "server", "laptop"],
  by: "host",
  scale: "order",
  logs: "named",
  fromMs: 118,
  height: 500,
  alt: "The phone puts its edit and is given a version. The laptop puts its own, is told of a conflict, puts the merged entry and is given the next version, which the phone then hears of.",
});

// %% [markdown] name="calendar-tunnel-explained"
// *Mine wins* sends the laptop's whole entry, and with it the old time, which nobody had meant to restore: **a lost update**. *Theirs wins*
// throws away an edit that its user has seen on the screen for hours. Only a merge that knows the common past can tell "the laptop left
// the time alone" from "the laptop wants 9:00". Where both change the same field, ours keeps both texts, `9:00 or 10:00`, for a person
// to decide.
//
// The same live, over sockets:

// %% name="calendar-tunnel-live" tags=["live", "claim:interfaces.application.protocol"]
const tunnelsLive: { policy: string; same: boolean }[] = [];
for (const policy of conflictPolicies) {
  const { results, predicted } = await runLive(inTheTunnel(policy), { seed: 1, timeScale: 2 });
  tunnelsLive.push({ policy: policy.name, same: _.isEqual(results, { ...predicted.results }) });
}
claims({
  "live, every policy gives what it gives in virtual time": _.every(tunnelsLive, "same"),
});

// %% [markdown] name="calendar-stories-intro"
// One story proves little. Here are a hundred, drawn at random: three devices, two entries, edits and deletions at any time, and in two of three
// stories something breaks: a device is cut off, or it, or the server, crashes and starts again. When all works again, everybody
// meets the server. The judge knows only what the users did: an edit is *lost* if it is shown nowhere, though nobody saw it and
// changed or deleted it.

// %% name="calendar-stories"
const stories = randomSyncStories({ stories: 100, seed: 1 });
const judgedBy = async (policy: ConflictPolicy) => {
  const verdicts: StoryVerdict[] = [];
  for (const story of stories) {
    const run = await simulate(storyScenario(story, policy), { trace: ["log"] });
    verdicts.push(judgeStory(run.rows, run.results.shown));
  }
  const sum = (field: "edits" | "conflicts" | "editsLost") => _.sumBy(verdicts, field);
  const sums = { edits: sum("edits"), conflicts: sum("conflicts"), editsLost: sum("editsLost") };
  return { policy: policy.name, differ: _.filter(verdicts, "diverged").length, ...sums };
};

// %% name="calendar-stories-run" tags=["claim:interfaces.application.protocol"]
const judged: Awaited<ReturnType<typeof judgedBy>>[] = [];
for (const policy of progress(3, "policies").each(conflictPolicies))
  judged.push(await judgedBy(policy));
table(judged, { title: "A hundred stories with cuts and crashes" });

// %% name="calendar-stories-claims"
claims({
  "no policy leaves two devices that differ, whatever crashes": _.every(judged, { differ: 0 }),
  "mine wins and theirs wins each lose more than a quarter of all edits": judged
    .slice(0, 2)
    .every(({ edits, editsLost }) => editsLost > edits / 4),
  "the three-way merge loses none": judged[2]!.editsLost === 0,
});

// %% [markdown] name="calendar-stories-explained"
// One conflict can lose several edits: all that a device has done to the entry since it last met the server. Now look at the column *differ*: *all* of them converge. To converge is not to lose nothing. A protocol that makes all copies equal is easy to
// find (throw everything away!); the question is what is in them.

// %% [markdown] name="calendar-again-intro"
// ## A put that is in conflict with itself
//
// The phone puts an entry, the server writes it down, and then the network is cut: the answer never comes. So the phone does what
// everybody does, and tries again later. **Predict.** Its second put names the version that it knows. What is it told?

// %% name="calendar-again-predict"
const secondPut = predict(
  "the second put",
  {
    question: "The same put, tried again after its answer was lost, is …",
    choices: { taken: "taken", conflict: "refused, as a conflict" },
  },
  undefined,
);
secondPut;

// %% name="calendar-again-plan"
const between = ["phone", "server"] as const;
const putsOnce: Plan = [
  [10, { title: "Dentist", time: "9:00" }],
  [20, meets],
  [300, meets],
];

// %% name="calendar-again-lost"
const answerLost = (remembersEdits: boolean, policy = threeWayMerge, onTheLaptop: Plan = []) =>
  scenario({
    hosts: { phone: {}, server: { disk: { accessMs: 5 } }, laptop: {} },
    network: { latencyMs: 5 },
    faults: [
      { kind: "cut", between, atMs: 38 }, // written, and not yet answered
      { kind: "heal", between, atMs: 200 },
    ],
    programs: {
      server: on("server", syncServer, { remembersEdits }).daemon(),
      phone: on("phone", followPlan, policy, putsOnce),
      laptop: on("laptop", followPlan, policy, onTheLaptop),
    },
  });

// %% name="calendar-again-figure"
const againRun = await simulate(answerLost(false), { seed: 1 });
spaceTime(againRun, {
  title: "Tried again, and refused",
  hosts: ["phone", "server"],
  height: 400,
  by: "host",
  scale: "order",
  logs: "named",
  alt: "The phone puts version 0, the server writes to its disk, its answer is lost in the cut. The phone puts version 0 once more and is told of a conflict with its own value.",
  caption: "The large crosses are the cut and, before the second put, its end.",
});

// %% name="calendar-again-compare"
secondPut.compare(againRun.results.phone.conflicts > 0 ? "conflict" : "taken");

// %% name="calendar-again-claims"
const remembered = await simulate(answerLost(true), { seed: 1 });
claims({
  "the second put is in conflict, though no other device exists":
    againRun.results.phone.conflicts === 1,
  "a server that remembers each device's last edit gives the same answer again":
    remembered.results.phone.conflicts === 0,
  "either way the entry is as it was put": _.isEqual(
    againRun.results.phone.shows,
    remembered.results.phone.shows,
  ),
});

// %% [markdown] name="calendar-again-undone-intro"
// Here the merge hides it, since both sides are equal. But now a laptop comes between the two tries: it hears of the entry, and moves it to
// 10:00. The policy is *mine wins*.

// %% name="calendar-again-undone"
const hearsAndMoves: Plan = [
  [210, meets],
  [230, { time: "10:00" }],
  [240, meets],
];
const undone = [];
for (const remembersEdits of [false, true]) {
  const played = answerLost(remembersEdits, mineWins, hearsAndMoves);
  const { phone } = (await simulate(played, { seed: 1 })).results;
  undone.push({ remembersEdits, conflicts: phone.conflicts, time: phone.shows?.time });
}
table(undone, {
  title: "What the phone shows in the end",
  columns: { remembersEdits: { label: "the server remembers edits" }, conflicts: {}, time: {} },
});

// %% name="calendar-again-undone-claims"
claims({
  "the phone's second try undoes what the laptop wrote, which had seen the first":
    undone[0]!.time === "9:00",
  "it does not, if the server knows that it is the same edit": undone[1]!.time === "10:00",
});

// %% [markdown] name="calendar-again-explained"
// To compare values is no cure: the laptop's is another. The cure is a name for each edit, which stays the same when it is tried again, and is
// written to the disk in the same stroke as the entry. Notebook 02 makes a whole part of this question: what may be done twice.

// %% [markdown] name="calendar-rules-intro"
// ## Without a server
//
// Now the server goes away: phone, laptop and tablet meet each other, two at a time, in any order, and one sends all it has to the other. No
// server counts versions. What a device keeps beside each value, and which of two versions stays when they meet, is a **merge rule**. Two
// of them, in full; the others are in the library:

// %% name="calendar-rules-clock"
const byClock: MergeRule<ClockVersion> = {
  name: "wall clock",
  write: (_before, value, { clockMs }) => ({ value, clockMs }),
  merge: (mine, theirs) => (theirs.clockMs > mine.clockMs ? theirs : mine),
};

// %% name="calendar-rules-count"
const byCount: MergeRule<CountedVersion> = {
  name: "Lamport clock, then name",
  write: (before, value, { device }) => ({
    value,
    counter: (before?.counter ?? 0) + 1,
    by: device,
  }),
  merge: (mine, theirs) =>
    theirs.counter > mine.counter || (theirs.counter === mine.counter && theirs.by > mine.by)
      ? theirs
      : mine,
};

// %% [markdown] name="calendar-rules-explained"
// `write` says what a device keeps when its user writes (`value` is undefined if the entry is deleted; `before` is the version that the user
// had seen). The first rule asks the clock on the wall. The second one asks no clock: a write counts on from what its
// writer had seen, so it beats that on every device. That number is a **Lamport clock**.
//
// What can go wrong, besides devices that differ and deletions that are undone:
//
// - *a later write is lost*: somebody saw A and wrote B over it, and A stays;
// - *an unseen edit is lost*: A and B were written without knowing of each other, and only one of them stays.
//
// **Predict.** We play 2,000 random histories of three devices, whose clocks are wrong by up to 40 ms: 8 to 24 steps each, up to 10 ms apart, of which four in ten
// are writes to one of two entries. In how many does the wall clock lose a later write?

// %% name="calendar-rules-predict"
const lostByClock = predict(
  "lost by the clock",
  {
    question: "In how many of 2,000 histories does the wall clock lose a later write?",
    unit: "histories",
  },
  undefined,
);
lostByClock;

// %% name="calendar-rules-run" tags=["claim:interfaces.application.protocol"]
const twoThousand = randomHistories({ histories: 2000, seed: 1, clockErrorMs: 40 });
const ruleTable: RuleRow[] = [];
for (const rule of progress(6, "merge rules").each(mergeRules))
  ruleTable.push(...judgeRules([rule], twoThousand));
const ofRule = (rule: MergeRule) => _.find(ruleTable, { rule: rule.name })!;
const [ofByClock] = judgeRules([byClock], twoThousand);
lostByClock.compare(ofByClock!.laterWriteLost);

// %% name="calendar-rules-table"
const columns = {
  rule: {},
  diverged: { label: "devices differ" },
  laterWriteLost: { label: "a later write is lost" },
  deletedBack: { label: "a deleted entry is back" },
  unseenEditLost: { label: "an unseen edit is lost" },
};
table(ruleTable, { title: "In how many of 2,000 histories …", columns });

// %% name="calendar-rules-claims"
claims({
  "only Lamport's clock with tombstones and version vectors never differ, never lose what was seen, and let nothing come back":
    _.isEqual(
      _.map(_.filter(ruleTable, { diverged: 0, laterWriteLost: 0, deletedBack: 0 }), "rule"),
      [lamportClock.name, versionVectors.name],
    ),
  "without tombstones, what was deleted comes back":
    ofRule(lamportWithoutTombstones).deletedBack > 100,
  "Lamport's clock converges, and loses an edit in more than half of all histories":
    ofRule(lamportClock).unseenEditLost > 1000,
  "version vectors lose nothing at all": ofRule(versionVectors).unseenEditLost === 0,
});

// %% [markdown] name="calendar-smallest-intro"
// ## The smallest history that goes wrong
//
// A number in a table convinces nobody; a story does. So we try *all* histories of a phone, a laptop and one entry, the shortest first, until the
// rule goes wrong. In the end each device sends all it has to the other. Here is the wall clock:

// %% name="calendar-smallest-draw"
const asStory = { by: "host", scale: "order", logs: "named", fromMs: 110, height: 320 } as const;

const draw = async (rule: MergeRule, wrong: keyof HistoryVerdict, title: string, alt: string) => {
  const { history, verdict } = smallestHistory(rule, wrong)!;
  const run = await simulate(historyScenario(history, rule), { seed: 1 });
  return spaceTime(run, { ...asStory, title, alt, caption: verdict[wrong]! });
};

// %% name="calendar-smallest-clock" tags=["claim:interfaces.application.protocol"]
await draw(
  wallClock,
  "laterWriteLost",
  "Wall clock: the laptop saw it, and is overruled",
  "The phone writes 9:00 and sends it. The laptop, whose clock is behind, shows it and writes 9:30. When they meet again, both show 9:00.",
);

// %% [markdown] name="calendar-smallest-arrive-intro"
// *Last to arrive*, which is what you have if you copy files about, needs only two steps. And without tombstones a deletion is not remembered, so the
// first device that still has the entry brings it back:

// %% name="calendar-smallest-arrive"
await draw(
  lastToArrive,
  "diverged",
  "Last to arrive: they swap",
  "Both devices write, both send at the same time, and each takes what came: now each has the other's value.",
);

// %% name="calendar-smallest-tombstone"
await draw(
  lamportWithoutTombstones,
  "deletedBack",
  "No tombstones: the dead come back",
  "The phone writes an entry, sends it and deletes it. The laptop still has it, sends it, and the phone shows it again.",
);

// %% name="calendar-smallest-all" tags=["claim:interfaces.application.protocol"]
const wrongs = ["diverged", "laterWriteLost", "deletedBack", "unseenEditLost"] as const;
const leastSteps = mergeRules.map((rule) => {
  const found = smallestHistories(rule);
  const steps = wrongs.map((wrong) => [wrong, found[wrong]?.history.steps.length ?? "none"]);
  return { rule: rule.name, ..._.fromPairs(steps) };
});
table(leastSteps, { title: "Steps of the smallest history in which …", columns });

// %% [markdown] name="calendar-smallest-explained"
// "None" means: in *no* history of a phone, a laptop and one entry, of up to four steps and the last exchange, with the clocks right or 40 ms ahead or behind, and
// with steps in the same millisecond. It is no proof for longer ones. (The wall clock differs on two writes in one millisecond; a name breaks that tie, until one device writes twice in it.)
//
// The last column is the price. If two people write without having seen each other's entry, a rule that keeps *one* value must lose the other, by whatever
// clock. **Version vectors** count, for each device, how many of its writes are in a version's past; so they *notice* that neither of two
// versions has seen the other, keep both, and show both. Then somebody has to choose. That is no fault: it is what happened.
//
// The literature calls a rule that keeps one value a *last-writer-wins register*, and one that keeps all that nobody has overwritten a *multi-value register*, its
// values *siblings*. Both are **CRDTs**, conflict-free replicated data types: copies that have heard of the same writes are equal in whatever order they heard of them, since
// `merge` is commutative, associative and idempotent.
//
// The three stories, live. (Here the devices' clocks are set wrong by the program; the sockets and the order in which messages arrive are real.)

// %% name="calendar-smallest-play"
const playLive = async (rule: MergeRule, wrong: keyof HistoryVerdict) => {
  const played = historyScenario(smallestHistory(rule, wrong)!.history, rule);
  const { results, predicted } = await runLive(played, { timeScale: 10 });
  const [phone, laptop] = results.devices.map((shown) => shown.dentist?.join(" and ") ?? "nothing");
  const asPredicted = _.isEqual(results.devices, predicted.results.devices);
  return { rule: rule.name, phone, laptop, asPredicted };
};

// %% name="calendar-smallest-live" tags=["live", "claim:interfaces.application.protocol"]
const smallLive = [
  await playLive(wallClock, "laterWriteLost"),
  await playLive(lastToArrive, "diverged"),
  await playLive(lamportWithoutTombstones, "deletedBack"),
];
table(smallLive, { title: "What the devices show in the end, live" });

// %% name="calendar-smallest-live-claims" tags=["live"]
claims({ "live, each story ends as predicted": _.every(smallLive, "asPredicted") });

// %% [markdown] name="calendar-lab-intro"
// ## A real calendar server
//
// The calendars of phones speak **CalDAV**: entries in the form of iCalendar, moved by HTTP. Look for what you know. An entry's version is its *ETag*; a
// put may be made under the condition *If-Match* (I know this version) or *If-None-Match: \** (there is none yet), and *412* is the conflict. The *sync
// token* is the token. The server is Radicale, a real one, which nobody here wrote; two clients of ours ask it, request by request.
//
// If it is not installed, the cell says what to type (`npm run radicale`, which puts it into the workbook's own folder) and shows a recorded run.

// %% name="calendar-lab" tags=["live", "claim:interfaces.application.counterpart", "claim:interfaces.application.protocol"]
const caldav = await calendarLab().catch((error) => {
  if (!(error instanceof ToolMissing)) throw error;
  console.log(`${error.message}\nSo this is a recorded run.`);
  return dataset<CalendarLabRow>("calendar-lab") as unknown as CalendarLabResult;
});
const labColumns = ["device", "step", "condition", "status", "said", "sentBytes", "receivedBytes"];
table(caldav.rows, { title: `Two devices and ${caldav.server}`, columns: labColumns });

// %% name="calendar-lab-puts" tags=["live"]
const lab = (step: string) => _.find(caldav.rows, { step })!;
claims({
  "a change of an older version is refused: 412":
    lab("puts its change of the version before").status === 412,
  "without a condition, it silently overwrites the phone's change":
    lab("puts it without a condition").status === 204 && caldav.lastTitle.endsWith("by laptop"),
  "a put that is tried again is in conflict with itself, here too":
    lab("puts it again, since it had no answer").status === 412,
  "a property that the server can't know came back as it was put": caldav.keptUnknown,
});

// %% name="calendar-lab-tokens" tags=["live"]
claims({
  "when nothing has changed, the answer is less than a twentieth of a listing":
    lab("asks again: nothing has").receivedBytes < lab("lists all versions").receivedBytes / 20,
  "a deletion is told of as one: the entry is gone":
    lab("asks again: one is gone").said === "0 entries, 1 gone",
  "a token that the server does not know is refused by name, and the device begins anew":
    lab("names a token that the server does not know").said === "valid-sync-token" &&
    /^\d+ entries/.test(lab("begins anew, without a token").said),
});

// %% [markdown] name="calendar-lab-explained"
// The property that came back matters more than it seems. A phone of this year and a laptop of ten years ago share a calendar, and each knows properties that the other
// has never heard of. Whoever drops what it does not understand destroys it for everybody. And the refused token is why real servers can
// throw tombstones away after some weeks: a device that was away for longer names a token that is not known any more, and must compare
// everything anew.

// %% [markdown] name="calendar-exercise-intro"
// ## Exercise · Write the merge
//
// Three devices, no server, clocks that nobody can trust. Write a merge rule by which all devices come to show the same, no write loses to one that its
// writer had seen, and what was deleted stays deleted. `write` may put into a version what it likes, as plain data, and may depend on nothing but what it is given; `merge` gets two versions. (That an edit which
// nobody had seen loses to another is allowed here. Can you do without it? Then a version holds several values, and `values` gives them.)
//
// There are several right answers. `exercises.merge` alone in a cell tells how yours is tried; if it fails, you see the smallest history in which it does.

// %% name="calendar-exercise-answer" tags=["exercise"]
interface MyVersion {
  value: string | undefined;
}
const myRule: MergeRule<MyVersion> = {
  name: "mine",
  write: (_before, value, _context) => ({ value }), // _context has the device and its clockMs
  merge: (_mine, theirs) => theirs, // your lines take the place of these
};
await check(exercises.merge, myRule);

// %% jupyter={"source_hidden": true} name="calendar-exercise-solution" tags=["solution"]
// Two solutions, once you have tried: click to unfold them. The first is Lamport's clock; the second needs clocks, but does not believe them.
await check(exercises.merge, byCount);
const hybrid: MergeRule<{ value: string | undefined; time: number; by: string }> = {
  name: "hybrid clock",
  write: (before, value, { device, clockMs }) => ({
    value,
    time: Math.max(clockMs, (before?.time ?? 0) + 1), // never at or before what was seen
    by: device,
  }),
  merge: (mine, theirs) =>
    theirs.time > mine.time || (theirs.time === mine.time && theirs.by > mine.by) ? theirs : mine,
};
await check(exercises.merge, hybrid);

// %% [markdown] name="terminal-lecture"
// # 5 · Middleware, independent of applications: the terminal
//
// > *Alternativamente, podemos fornecer acesso aos serviços remotos via uma interface com o cliente. A máquina cliente é usada
// > apenas como um terminal, sem armazenamento local. Abordagem cliente magro: tudo é processado e armazenado no servidor. A
// > sincronização é feita por um protocolo independente de aplicação, no nível do middleware.*
//
// Alternatively, we can give access to remote services through an interface with the client. The client machine is used only as a
// terminal, without local storage. Thin-client approach: everything is processed and stored at the server. Synchronisation is done
// by an application-independent protocol, at the level of the middleware.

// %% [markdown] name="terminal-use-intro"
// Take a small program: a window to type into, a ground to paint on. It runs **at the server**: nothing of it is in this page. What
// you get below the next cell is a terminal. Click on it, type, paint, move the window by its bar. Your keys and your mouse travel up, pixels
// travel down, and that is all that your side knows of the program. Choose another encoding, and watch the bytes. (The cell runs until you press
// *Kill this terminal*, or leave it alone for a while. Where a page can't reach the kernel, a still picture is shown.)

// %% name="terminal-use" tags=["live", "claim:interfaces.middleware.access"]
const ourDesk = new Desk({ height: 300 });
const deskServer = await serveTerminal(ourDesk);
const firstUse = await useTerminal(deskServer);
claims({
  "a terminal that is opened now gets the program's screen, pixel for pixel":
    firstUse.picture!.equals(ourDesk.framebuffer),
});

// %% [markdown] name="terminal-again-intro"
// Did you kill it in the middle of a word? Open another one. **Predict**: what will be in it?

// %% name="terminal-again-predict"
const inTheNextOne = predict(
  "the next terminal",
  {
    question: "What will the next terminal show?",
    choices: { empty: "an empty window", left: "what was there when the first one was killed" },
  },
  undefined,
);
inTheNextOne;

// %% name="terminal-again" tags=["live", "claim:interfaces.middleware.terminal"]
const secondUse = await useTerminal(deskServer);
claims({
  "this one, too, gets the program's screen": secondUse.picture!.equals(ourDesk.framebuffer),
});

// %% name="terminal-again-compare" tags=["live"]
inTheNextOne.compare(secondUse.picture!.equals(ourDesk.framebuffer) ? "left" : "empty");

// %% [markdown] name="terminal-kill-intro"
// The same done by a program, so that nobody has to be believed: one terminal types, and its connection is cut while it waits for an update; another
// is opened. Its picture is compared with the server's, pixel for pixel.

// %% name="terminal-kill" tags=["live", "claim:interfaces.middleware.terminal", "claim:interfaces.middleware.thin-client"]
const victim = await connectTerminal(deskServer);
await victim.type("nothing is lost, since nothing was there");
await victim.request({ isIncremental: false });
await victim.update(); // it is seen
await victim.request({ isIncremental: false });
victim.kill(); // while the next picture is due
const heir = await connectTerminal(deskServer);
await heir.request({ isIncremental: false });
const inherited = await heir.update();

// %% name="terminal-kill-claims" tags=["live"]
claims({
  "what the killed terminal typed is at the server": ourDesk.text.includes("nothing is lost"),
  "the new terminal shows the server's screen, pixel for pixel":
    inherited !== undefined && heir.picture.equals(ourDesk.framebuffer),
});

// %% [markdown] name="terminal-kill-explained"
// Nothing is lost, since nothing was there: the terminal has no storage, so it can be lost, stolen or exchanged. But look at what this asks for. While
// the terminal is away there is *no* work at the user's side, not even reading; and each key is a round trip before it is seen. Compare the calendar
// of part 4, which could be edited in the tunnel.
//
// And the terminal is the same for every program. Here it shows one that none of us wrote: a real `xterm` on a real `Xvnc`, with a shell in it.

// %% name="terminal-xterm" tags=["live", "claim:interfaces.middleware.protocol"]
// In one piece, so that a program that is not here is told of.
try {
  const shell = ["-e", "env", "PS1=$ ", "sh"];
  const xterm = await startXTerminal({ height: 300, command: ["xterm", ...shell] });
  const typist = await connectTerminal(xterm);
  await typist.request({ isIncremental: false });
  await typist.update();
  const colours = new Set(typist.picture.pixels).size;
  await new Promise((resolve) => setTimeout(resolve, 1000)); // until it is drawn
  await typist.type("echo $((12*34))\n");
  const xtermUse = await useTerminal(xterm).finally(() => xterm.close());
  const drawn = new Set(xtermUse.picture!.pixels).size;
  show(claims({ "a program of another make has drawn in the same terminal": drawn > colours }));
} catch (error) {
  if (!(error instanceof ToolMissing)) throw error;
  console.log(`No xterm here: ${error.message}.`);
}

// %% [markdown] name="terminal-virtual-intro"
// ## What travels
//
// The protocol is the **remote framebuffer** (RFB, RFC 6143), which VNC speaks. It has few messages, and the client *pulls*: the server sends a change only when
// it was asked for one. Server and terminal are programs of a dozen lines of middleware, so they run in virtual time as well. Somebody types two letters:

// %% name="terminal-type"
const typeTwo = async (host: Host) => {
  const terminal = await openTerminal(host, "server", { encodings: ["hextile", "copyRect"] });
  await terminal.request({ isIncremental: false });
  await terminal.update();
  const startMs = host.now();
  for (const letter of "hi") {
    await terminal.request(); // "tell me when something changes"
    await terminal.type(letter);
    await terminal.update();
  }
  return host.now() - startMs;
};

// %% name="terminal-type-run"
const typing = scenario({
  hosts: { server: {}, terminal: {} },
  network: { latencyMs: 25, bytesPerS: 1e6 },
  programs: {
    server: on("server", terminalServer, () => new Desk()).daemon(),
    typingMs: on("terminal", typeTwo),
  },
});
const typingRun = await simulate(typing, { seed: 1 });

// %% name="terminal-virtual" tags=["claim:interfaces.middleware.protocol"]
spaceTime(typingRun, {
  title: "Opening a terminal, and typing two letters",
  alt: "A handshake of several round trips, a whole picture, and then for each letter a request, a key and an update.",
  caption:
    "The messages are numbers of bytes. Versions (12 each way), security (2, 1, 4), the screen (1, 32), the encodings (12); then 10 for a request, 8 each for a key's press and release, and the update for what changed.",
});

// %% [markdown] name="terminal-steps-intro"
// How much a change costs depends on what changed, and on how the pixels are written. **Raw** writes each; **RRE** rectangles of one colour; **Hextile** does
// so in tiles of 16 × 16; **ZRLE** looks for palettes and runs and then packs everything with zlib. **CopyRect** says only from where a rectangle was moved.

// %% jupyter={"source_hidden": true} name="terminal-steps-tools"
// The steps, and how the bytes of an update are counted: server and client side by side, without a network.
const textLines = (from: number, count: number) =>
  _.range(from, from + count)
    .map((i) => `${i}: the quick brown fox jumps over the lazy dog\n`)
    .join("");
const steps: Record<string, (desk: Desk) => void> = {
  "type a letter": (at) => at.input({ kind: "cut text", text: "x" }),
  "scroll by a line": (at) => at.input({ kind: "cut text", text: textLines(100, 1) }),
  "move the window": (at) => {
    for (const [x, y] of [
      [60, 30],
      [70, 36],
    ] as const)
      at.input({ kind: "pointer", buttons: 1, x, y });
  },
  "film, 160 × 120": (at) => at.tick(),
};
const bytesOf = (encodings: FramebufferEncoding[], step: (desk: Desk) => void) => {
  const at = new Desk({ width: 640, height: 480, filmPerS: 1 });
  at.input({ kind: "cut text", text: textLines(0, 40) });
  const server = new FramebufferServer(at.framebuffer, { evenIfLonger: true });
  const client = new FramebufferClient({ encodings });
  const pass = () => {
    client.receive(server.take());
    server.receive(client.take());
  };
  for (let i = 0; i < 4; i++) pass(); // the handshake
  client.request({ isIncremental: false });
  for (let i = 0; i < 2; i++) pass(); // the whole picture
  step(at);
  client.request();
  for (let i = 0; i < 2; i++) pass();
  if (!client.framebuffer!.equals(at.framebuffer)) throw new Error("another picture");
  return _.last(server.takeUpdates())!.bytes;
};

// %% name="terminal-steps" tags=["claim:interfaces.middleware.protocol"]
const pixelEncodings = ["raw", "rre", "hextile", "zrle"] as const;
const stepRows = Object.entries(steps).flatMap(([step, act]) =>
  [false, true].map((withCopy) => ({
    step: withCopy ? `${step}, with CopyRect` : step,
    ..._.fromPairs(
      pixelEncodings.map((encoding) => [
        encoding,
        bytesOf(withCopy ? [encoding, "copyRect"] : [encoding], act),
      ]),
    ),
  })),
) as ({ step: string } & Record<(typeof pixelEncodings)[number], number>)[];
table(stepRows, { title: "Bytes of an update on a screen of 640 × 480" });

// %% name="terminal-steps-claims"
// Four sentences about the table, in one piece.
const stepOf = (step: string) => _.find(stepRows, { step })!;
const [scroll, copied] = [stepOf("scroll by a line"), stepOf("scroll by a line, with CopyRect")];
claims({
  "written anew, a scroll costs more than ten times as much as its copy":
    scroll.raw > 10 * copied.raw &&
    scroll.rre > 10 * copied.rre &&
    scroll.hextile > 10 * copied.hextile,
  "packed by zlib, which sees the repetition itself, more than twice":
    scroll.zrle > 2 * copied.zrle,
  "of a scrolled text, Hextile and ZRLE save more than nine bytes in ten, RRE seven in eight":
    scroll.hextile < scroll.raw / 10 &&
    scroll.zrle < scroll.raw / 10 &&
    scroll.rre < scroll.raw / 8,
  "of a film, RRE is longer than Raw":
    stepOf("film, 160 × 120").rre > stepOf("film, 160 × 120").raw,
});

// %% [markdown] name="terminal-law-intro"
// ## How fast
//
// A terminal that asks for the next update when the last has come gets at most
//
// $$\frac{1}{\text{RTT} + \text{bytes} / \text{bandwidth}}$$
//
// updates a second. **Predict.** A film of small pictures, some 8 kB each, over a round trip of 100 ms at 2 MB/s, which is 4 ms for the bytes: the terminal
// shows nine or ten a second. What would bring it to twenty?

// %% name="terminal-law-predict"
const twentyPerS = predict(
  "twenty a second",
  {
    question: "From ten updates a second to twenty, over a round trip of 100 ms:",
    choices: {
      bandwidth: "ten times the bandwidth",
      bytes: "an encoding with a tenth of the bytes",
      ahead: "asking for the next update before the last has come",
    },
  },
  undefined,
);
twentyPerS;

// %% name="terminal-pull"
// In one piece, since the requests under way are the point of it.
const pull = async (host: Host, underWay: number, untilMs: number) => {
  const terminal = await openTerminal(host, "server", { encodings: ["hextile"] });
  await terminal.request({ isIncremental: false });
  await terminal.update();
  for (let i = 0; i < underWay; i++) {
    if (i > 0) await host.sleep(30); // or the server would put them together
    await terminal.request();
  }
  const startMs = host.now();
  const bytes: number[] = [];
  while (host.now() < startMs + untilMs) {
    bytes.push((await terminal.update())!.bytes);
    await terminal.request();
  }
  return { perS: (1000 * bytes.length) / (host.now() - startMs), bytes: _.mean(bytes) };
};

// %% name="terminal-pulling"
const smallFilm = (side: number) => () =>
  new Desk({ width: 240, height: 200, filmPerS: 100, filmWidth: side, filmHeight: side });
const pulling = (rttMs: number, bytesPerS: number, underWay = 1, side = 44, untilMs = 3000) =>
  scenario({
    hosts: { server: {}, terminal: {} },
    network: { latencyMs: rttMs / 2, bytesPerS },
    programs: {
      server: on("server", terminalServer, smallFilm(side)).daemon(),
      pull: on("terminal", pull, underWay, untilMs),
    },
  });

// %% name="terminal-pull-run"
const remedies = {
  "as it is": pulling(100, 2e6),
  bandwidth: pulling(100, 2e7),
  bytes: pulling(100, 2e6, 1, 14),
  ahead: pulling(100, 2e6, 3),
};
const pullRows = await Promise.all(
  Object.entries(remedies).map(async ([way, plan]) => {
    const { perS, bytes } = (await simulate(plan, { seed: 1 })).results.pull;
    return { way, "updates a second": perS, "bytes of one": bytes };
  }),
);
twentyPerS.compare(
  _.maxBy(_.tail(pullRows), "updates a second")!.way as "bandwidth" | "bytes" | "ahead",
);

// %% name="terminal-pull-table"
table(pullRows, { title: "What helps over a round trip of 100 ms" });

// %% name="terminal-pull-claims"
const perSOf = (way: string) => _.find(pullRows, { way })!["updates a second"];
claims({
  "with ten times the bandwidth it is still not eleven a second": perSOf("bandwidth") < 11,
  "nor with a tenth of the bytes": perSOf("bytes") < 11,
  "with three requests under way it is more than twenty": perSOf("ahead") > 20,
});

// %% [markdown] name="terminal-pull-explained"
// Neither bandwidth nor bytes were in the way: the round trip was. That is latency's lesson, here as in X: **what distance costs is how often somebody waits**.
// (A narrow link costs bytes: that was the picture of a hundred lines.)
//
// Now the law over the whole range, in virtual time and live. The live run is the same two programs over real sockets, with the distance put in.

// %% name="terminal-law-live" tags=["live"]
const distances = [20, 50, 100, 200];
const lawRows: { rttMs: number; predictedPerS: number; livePerS: number; bytes: number }[] = [];
for (const rttMs of distances) {
  const run = await runLive(pulling(rttMs, 2e6, 1, 44, 1500), { seed: 1, timeScale: 1 });
  const predicted = run.predicted.results.pull;
  lawRows.push({
    rttMs,
    predictedPerS: predicted.perS,
    livePerS: run.results.pull.perS,
    bytes: predicted.bytes,
  });
}

// %% name="terminal-law-figure" tags=["live"]
const lawOf = (rttMs: number) => 1000 / (rttMs + (1000 * lawRows[0]!.bytes) / 2e6);
overlay({
  title: "Updates a second of a terminal that asks one at a time",
  x: { label: "round trip", unit: "ms" },
  y: { label: "updates", unit: "1/s" },
  theory: { label: "1/(RTT + bytes/bandwidth)", f: lawOf, from: 15, to: 200 },
  predicted: lawRows.map((row) => ({ x: row.rttMs, y: row.predictedPerS })),
  measured: lawRows.map((row) => ({ x: row.rttMs, y: row.livePerS })),
  alt: "The curve falls from over forty updates a second at 20 ms to five at 200 ms; points of both worlds lie on it or a little below.",
  caption:
    "Live points lie below the curve by what a real machine adds to each round trip: a few milliseconds.",
});

// %% name="terminal-law-claims" tags=["live"]
claims({
  "no run is faster than the law by more than 2 %": lawRows.every(
    (row) => Math.max(row.predictedPerS, row.livePerS) < 1.02 * lawOf(row.rttMs),
  ),
  "in virtual time more than nine tenths of it are reached": lawRows.every(
    (row) => row.predictedPerS > 0.9 * lawOf(row.rttMs),
  ),
  "live, over 200 ms, more than four fifths": _.last(lawRows)!.livePerS > 0.8 * lawOf(200),
});

// %% [markdown] name="terminal-exercise-pulling-intro"
// ## Exercise · Twenty updates a second
//
// Write a terminal that shows at least 20 updates a second over any round trip up to 200 ms, and does not ask more than three times for two updates. You are
// given a terminal that is open and has its first whole picture: `await terminal.request()` asks for a change, `await terminal.update()` waits for one and shows
// it (`update({ timeoutMs })` throws `TimedOut`). Requests that wait at the server together are one. Go on until the run ends.

// %% name="terminal-exercise-pulling-answer" tags=["exercise"]
const myTerminal: exercises.PullingTerminal = async (host, terminal) => {
  host.log("begins"); // your lines take the place of these
  for (;;) {
    await terminal.request();
    await terminal.update();
  }
};
await check(exercises.pulling, myTerminal);

// %% jupyter={"source_hidden": true} name="terminal-exercise-pulling-solution" tags=["solution"]
// A solution, once you have tried: click to unfold it. One thread asks by the clock, the other shows what comes.
const clockedTerminal: exercises.PullingTerminal = async (host, terminal) => {
  const ask = async (own: Host) => {
    for (let at = own.now(); ; at += 45) {
      await own.sleepUntil(at);
      await terminal.request();
    }
  };
  host.spawn(ask, { as: "thread" });
  for (;;) await terminal.update();
};
await check(exercises.pulling, clockedTerminal);

// %% [markdown] name="terminal-exercise-encoding-intro"
// ## Exercise · An encoding for a link
//
// A good encoding saves bytes and costs CPU time. Write a function that says which of `raw`, `rre`, `hextile` and `zrle` gives the most updates a second: you are
// given the link, and for each encoding the `bytes` and the server's `cpuMs` of one update (assumed times, in the order that encoders have). A film and a text are tried over slow links and fast ones.

// %% name="terminal-exercise-encoding-answer" tags=["exercise"]
const myChoice: exercises.EncodingChoice = (link, costs) => {
  console.log(link.rttMs, link.bytesPerS, costs.raw.bytes, costs.raw.cpuMs); // your lines take the place of these
  return "raw";
};
await check(exercises.encodingForLink, myChoice);

// %% jupyter={"source_hidden": true} name="terminal-exercise-encoding-solution" tags=["solution"]
// A solution, once you have tried: click to unfold it. The round trip is the same for all, so it does not decide.
const leastTime: exercises.EncodingChoice = ({ bytesPerS }, costs) =>
  _.minBy(pixelEncodings, (name) => costs[name].cpuMs + (1000 * costs[name].bytes) / bytesPerS)!;
await check(exercises.encodingForLink, leastTime);

// %% [markdown] name="when-lecture"
// # 6 · Which way when
//
// Two ways, and the second in two forms. What must be at the user's side? X puts a program there that can draw, and nothing of the application. The calendar
// puts the application there, with a copy of its data. The terminal puts a picture there. The next table has one example of each. The lines and the calendar
// come from the runs above, and had the same bytes live; the letter was counted without a network. All bytes are the protocols' own. (Each
// example is one that its way is made for: compare what waits and what is lost, not one row's bytes with another's.)

// %% name="when-table" tags=["claim:interfaces.two-ways"]
// One row for each way, with the figures of its own runs.
const { oneByOne: askedApart, pipelined: askedAtOnce } = atomsRun.results;
const letterBytes = stepOf("type a letter");
table(
  [
    {
      way: "X: requests to draw",
      example: "a hundred lines",
      bytes: byWay[0]!.bytes,
      "round trips": `a hundred questions: ${askedApart / 50}, or ${askedAtOnce / 50} if asked at once`,
      "without a network": "nothing",
      "lost with the user's machine": "the programs, and what they had not saved",
      "a new application needs": "its program, at the server",
    },
    {
      way: "a protocol per application",
      example: "40 entries, nothing new",
      bytes: nothing40!.bytes,
      "round trips": "none to read or to edit; 1 to come in step",
      "without a network": "all of it",
      "lost with the user's machine": "edits since it was last in step",
      "a new application needs": "a protocol, a server and a program for every kind of device",
    },
    {
      way: "a terminal",
      example: "a letter (Hextile)",
      bytes: letterBytes.hextile,
      "round trips": `${(typingRun.results.typingMs / 2 / 50).toFixed(1)} until a letter is seen`,
      "without a network": "nothing",
      "lost with the user's machine": "nothing",
      "a new application needs": "its program, at the server",
    },
  ],
  { title: "Which way when" },
);

// %% name="when-claims" tags=["claim:interfaces.two-ways"]
claims({
  "as pixels the hundred lines are more than 200 times as long as the requests":
    byWay[2]!.bytes > 200 * byWay[0]!.bytes,
  "in a terminal a letter is seen about one round trip after it was typed": _.inRange(
    typingRun.results.typingMs / 2,
    50,
    60,
  ),
  "that nothing is new takes fewer bytes than a letter in a terminal, in any encoding": _.every(
    pixelEncodings,
    (encoding) => nothing40!.bytes < letterBytes[encoding],
  ),
});

// %% [markdown] name="when-explained"
// No way is the best. **Who must work without a network** needs a protocol for the application, and pays for it with a program for every kind of device
// and with rules for merging. **Who must not lose anything**, or has a new application every week, takes a terminal, and pays with a round trip for each key.
// **X lies between**: its requests are short, but whoever asks has to wait, and a program does not survive its display.
//
// A page in a browser is all three: a document that is drawn at your side, code that may keep a copy and come in step later, and, for a remote desktop, a
// canvas that shows pixels. That code comes *to* the user's machine when it is needed is the subject of notebooks 08 and 09.

// %% [markdown] name="summary"
// # What you have seen
//
// - Most of xcalc, a calculator, is interface. Where a program runs and where its interface is shown can be two machines.
// - In X the display is the **server**. What distance costs is round trips, what a narrow link costs is bytes: T₀ + n·RTT predicts the start of a
//   real program.
// - A protocol for an application keeps copies in step. Copies that are edited apart must be **merged**: rules that use clocks lose later edits, counters
//   put writes in order, version vectors also see which writes did not know of each other. To converge is not to lose nothing.
// - A terminal has no storage, so nothing is lost with it. The client pulls, so that updates a second are at most 1/(RTT + bytes/bandwidth), unless it asks ahead.
//
// The exercises stand at the ends of their parts: *wait only where you must* in part 2; *write the merge* in part 4; *twenty updates a second* and *an encoding for a link* in part 5.
//
// **Where to read on.** van Steen and Tanenbaum, *Distributed Systems*, section 3.3; Scheifler and Gettys, "The X Window System", ACM TOG 5, 1986; RFC 6143 (the
// remote framebuffer); RFC 4791 and RFC 6578 (calendars and their tokens); Shapiro, Preguiça, Baquero and Zawirski, "Conflict-free Replicated Data Types", SSS 2011.
