/** The exercises of notebook 01 about terminals: pulling ahead, and an encoding for a link. */
import { Desk, openTerminal, type Terminal, type TerminalApplication, terminalServer } from "../interfaces/index.js";
import type { PixelEncoding } from "../protocol/index.js";
import { exercise, type ProgramExercise, type RunLike } from "../workbook/index.js";
import { type Host, on, type Run, scenario, simulate } from "../world/index.js";

/** What the reader writes: it asks for updates, shows them, and does so until the run ends. */
export type PullingTerminal = (host: Host, terminal: Terminal) => Promise<void>;

/** After the handshake and the first answers, over the longest way too. */
const [fromMs, toMs] = [2000, 5000];
const wantedPerS = 20;

/** A film in small pictures, so that the link's bandwidth is not what holds it up. */
const film = () => new Desk({ width: 240, height: 200, filmPerS: 100, filmWidth: 48, filmHeight: 40 });

async function pullFilm(answer: PullingTerminal, rttMs: number, seed: number) {
  const viewer = async (host: Host) => {
    const terminal = await openTerminal(host, "server", { encodings: ["hextile"] });
    await terminal.request({ isIncremental: false });
    await terminal.update();
    await answer(host, terminal);
  };
  const run = await simulate(
    scenario({
      hosts: { server: {}, desk: {} },
      network: { latencyMs: rttMs / 2, bytesPerS: 2e6 },
      programs: { server: on("server", terminalServer, film).daemon(), viewer: on("desk", viewer) },
      limitMs: toMs + 200,
    }),
    { seed },
  );
  const inTime = run.rows.filter(({ host, timeMs }) => host === "desk" && timeMs >= fromMs && timeMs < toMs);
  const received = inTime.filter((row) => row.kind === "receive");
  const sent = run.rows.filter((row) => row.host === "desk" && row.kind === "send").map(({ timeMs }) => timeMs);
  const s = (toMs - fromMs) / 1000;
  return {
    ...run,
    rttMs,
    updatesPerS: received.length / s,
    updates: received.length,
    requestsPerS: inTime.filter((row) => row.kind === "send").length / s,
    bytes: received.reduce((sum, row) => sum + ("bytes" in row ? row.bytes : 0), 0) / Math.max(1, received.length),
    /** The most requests that went out at one moment. */
    together: Math.max(0, ...sent.map((at) => sent.filter((other) => other === at).length)),
  };
}

/** A terminal that shows twenty updates a second, however far its server is. */
export const pulling: ProgramExercise<PullingTerminal> = exercise({
  name: "01-pulling",
  statement:
    "A terminal that shows at least 20 updates a second over any round trip up to 200 ms, and does not ask more than it must.",
  scenarios: {
    "100 ms": (answer: PullingTerminal, seed) => pullFilm(answer, 100, seed),
    "200 ms": (answer: PullingTerminal, seed) => pullFilm(answer, 200, seed),
    "10 ms": (answer: PullingTerminal, seed) => pullFilm(answer, 10, seed),
  },
  seeds: [1],
  claims: {
    "it goes on until the end": (run) =>
      run.outcomes.viewer.how === "unfinished" || `it ended: it ${run.outcomes.viewer.how}`,
    "it shows at least 20 updates a second": (run) =>
      run.updatesPerS >= wantedPerS || `${run.updatesPerS.toFixed(1)} a second over a round trip of ${run.rttMs} ms`,
    "what it shows is the film": (run) =>
      run.updates === 0 ||
      run.bytes > 4000 ||
      `an update has ${run.bytes.toFixed(0)} bytes, a picture of the film 7,700`,
    "it asks no more than three times for two updates": (run) =>
      run.requestsPerS <= 1.5 * run.updatesPerS + 2 ||
      `${run.requestsPerS.toFixed(0)} requests a second for ${run.updatesPerS.toFixed(0)} updates`,
  },
  mistakes: [
    {
      name: "asks for whole pictures",
      recognise: ({ run, claim }) =>
        claim.startsWith("it shows") && run !== undefined && run.updates >= 3 && run.bytes > 8200,
      hint: "Each update brings the whole screen. What has not changed need not travel: `request()` alone is incremental.",
    },
    {
      name: "shows nothing",
      recognise: ({ run }) => run !== undefined && run.updatesPerS === 0 && run.requestsPerS > 0,
      hint: "You ask, but nobody takes what comes: `await terminal.update()` waits for the next update and shows it.",
    },
    {
      name: "asks for a part",
      recognise: ({ claim }) => claim.startsWith("what it shows"),
      hint: "You ask for a part of the screen, and that is what comes. Leave `area` out: it is the whole screen, and of that what has changed.",
    },
    {
      name: "asks without end",
      recognise: ({ claim }) => claim.startsWith("it asks no more"),
      hint: "The server puts requests that wait together into one, so asking more often than pictures are wanted only fills the way up.",
    },
    {
      name: "asks all at once",
      recognise: ({ run }) => run !== undefined && run.together >= 3 && run.updatesPerS < wantedPerS,
      hint: "Your requests arrive together, and requests that wait at the server together are one. Let some time pass between them.",
    },
    {
      name: "one after the other",
      recognise: ({ run }) =>
        run !== undefined && Math.abs(run.updatesPerS - 1000 / run.rttMs) < 0.2 * (1000 / run.rttMs),
      hint: "You ask when the last update has come, so each costs a whole round trip: 1/RTT a second. Ask again before it has come.",
    },
    {
      name: "as many as suit one distance",
      recognise: ({ scenario, claim }) => scenario.startsWith("200") && claim.startsWith("it shows"),
      hint: "Over 100 ms it is enough, over 200 ms not: so many requests are under way as you sent at the start, and each takes longer now. How many must it be at a given round trip?",
    },
  ],
});

/** What one update of a program costs in an encoding. */
export interface EncodingCost {
  /** Its bytes on the link. */
  readonly bytes: number;
  /** The server's CPU time. */
  readonly cpuMs: number;
}

/** What the reader writes: which encoding a link and a program want. */
export type EncodingChoice = (
  link: { readonly rttMs: number; readonly bytesPerS: number },
  costs: Readonly<Record<PixelEncoding, EncodingCost>>,
) => PixelEncoding;

/** CPU time for a million pixels, in ms: assumed, in the order that encoders have; not measured. */
const encodeMs: Readonly<Record<PixelEncoding, number>> = { raw: 6, rre: 40, hextile: 35, zrle: 130 };
const encodings = Object.keys(encodeMs) as PixelEncoding[];

/** What a program shows next, each time that a key is pressed. */
function atEachKey(desk: Desk, next: () => void): TerminalApplication {
  return {
    framebuffer: desk.framebuffer,
    input: (input) => {
      if (input.kind === "key" && input.isDown) next();
    },
  };
}

/** A text that runs through the window: all of it moves. */
function text(): TerminalApplication {
  const desk = new Desk({ width: 480, height: 320 });
  let line = 0;
  const next = () => desk.input({ kind: "cut text", text: `\nline ${line++}: nothing new` });
  for (let i = 0; i < 30; i++) next();
  return atEachKey(desk, next);
}

function filmStrip(): TerminalApplication {
  const desk = new Desk({ width: 480, height: 320, filmPerS: 1 });
  return atEachKey(desk, () => desk.tick());
}
const programs = { film: filmStrip, text };

/** Updates a second, one after the other, and what one costs. */
async function updatesOver(
  start: () => TerminalApplication,
  encoding: PixelEncoding,
  rttMs: number,
  bytesPerS: number,
) {
  const viewer = async (host: Host) => {
    const terminal = await openTerminal(host, "server", { encodings: [encoding] });
    await terminal.request({ isIncremental: false });
    await terminal.update();
    const startMs = host.now();
    for (let i = 0; i < 3; i++) {
      await terminal.input({ kind: "key", isDown: true, key: 32 });
      await terminal.request();
      await terminal.update();
    }
    return 3000 / (host.now() - startMs);
  };
  const run: Run = await simulate(
    scenario({
      hosts: { server: {}, desk: {} },
      network: { latencyMs: rttMs / 2, bytesPerS },
      programs: {
        server: on("server", terminalServer, start, { encodeMs }).daemon(),
        perS: on("desk", viewer),
      },
    }),
    { seed: 1 },
  );
  const logs = run.rows.flatMap((row) => (row.kind === "log" ? [row.fields as { bytes: number; pixels: number }] : []));
  const { bytes = 0, pixels = 0 } = logs.at(-1) ?? {};
  return { run, perS: run.results.perS as number, cost: { bytes, cpuMs: (pixels / 1e6) * encodeMs[encoding] } };
}

interface Link {
  readonly rttMs: number;
  readonly bytesPerS: number;
}
const played = new Map<string, ReturnType<typeof playAll>>();

const playAll = (program: keyof typeof programs, { rttMs, bytesPerS }: Link) =>
  Promise.all(
    encodings.map(async (encoding) => {
      return { encoding, ...(await updatesOver(programs[program], encoding, rttMs, bytesPerS)) };
    }),
  );

/** What each encoding gives does not depend on the answer, so it is played once. */
function allOver(program: keyof typeof programs, link: Link): ReturnType<typeof playAll> {
  const key = JSON.stringify([program, link]);
  const all = played.get(key) ?? playAll(program, link);
  played.set(key, all);
  return all;
}

/** What is asked: a program, and a link. */
const questions = {
  "a film over a slow link": ["film", { rttMs: 20, bytesPerS: 1e6 }],
  "a film over a fast link": ["film", { rttMs: 1, bytesPerS: 125e6 }],
  "a film over a link between": ["film", { rttMs: 5, bytesPerS: 1e7 }],
  "a text over a slow link": ["text", { rttMs: 20, bytesPerS: 2e5 }],
  "a text over a slow link that is near": ["text", { rttMs: 1, bytesPerS: 5e5 }],
  "a text over a fast link": ["text", { rttMs: 1, bytesPerS: 2e8 }],
  "a text over a link between": ["text", { rttMs: 5, bytesPerS: 1e7 }],
} as const satisfies Record<string, readonly [keyof typeof programs, Link]>;

type Costs = Record<PixelEncoding, EncodingCost>;

async function costsOf([program, link]: readonly [keyof typeof programs, Link]): Promise<Costs> {
  const all = await allOver(program, link);
  return Object.fromEntries(all.map(({ encoding, cost }) => [encoding, { ...cost }])) as Costs;
}

const chosenBy = new WeakMap<EncodingChoice, Map<string, Promise<PixelEncoding>>>();

/** What an answer says to a question, which it is asked once. */
function choice(answer: EncodingChoice, question: keyof typeof questions): Promise<PixelEncoding> {
  const said = chosenBy.get(answer) ?? new Map<string, Promise<PixelEncoding>>();
  chosenBy.set(answer, said);
  const asked =
    said.get(question) ?? costsOf(questions[question]).then((costs) => answer(questions[question][1], costs));
  said.set(question, asked);
  return asked;
}

/** Whether an answer takes the encoding with the least of that wherever it is asked. */
async function alwaysTakes(answer: EncodingChoice, field: keyof EncodingCost): Promise<boolean> {
  for (const question of Object.keys(questions) as (keyof typeof questions)[]) {
    const costs = await costsOf(questions[question]);
    const least = encodings.reduce((a, b) => (costs[b][field] < costs[a][field] ? b : a));
    if ((await choice(answer, question)) !== least) return false;
  }
  return true;
}

async function chooseFor(answer: EncodingChoice, question: keyof typeof questions) {
  const [program, link] = questions[question];
  const all = await allOver(program, link);
  const chosen = await choice(answer, question);
  const best = all.reduce((a, b) => (b.perS > a.perS ? b : a));
  const own = all.find(({ encoding }) => encoding === chosen);
  const run: RunLike = (own ?? best).run;
  return {
    ...run,
    chosen,
    best: { encoding: best.encoding, perS: best.perS },
    perS: own?.perS ?? 0,
    alwaysFewestBytes: await alwaysTakes(answer, "bytes"),
    alwaysLeastCpu: await alwaysTakes(answer, "cpuMs"),
  };
}

const ask = (question: keyof typeof questions) => (answer: EncodingChoice) => chooseFor(answer, question);

/** A function that chooses an encoding for a link and a program. */
export const encodingForLink: ProgramExercise<EncodingChoice> = exercise({
  name: "01-encoding",
  statement:
    "A function that says which encoding gives the most updates a second, for a link and what an update costs.",
  scenarios: {
    "a film over a slow link": ask("a film over a slow link"),
    "a film over a fast link": ask("a film over a fast link"),
    "a film over a link between": ask("a film over a link between"),
    "a text over a slow link": ask("a text over a slow link"),
    "a text over a slow link that is near": ask("a text over a slow link that is near"),
    "a text over a fast link": ask("a text over a fast link"),
    "a text over a link between": ask("a text over a link between"),
  },
  seeds: [1],
  claims: {
    "it names one of the four": (run) =>
      (encodings as string[]).includes(run.chosen) || `it said ${String(run.chosen)}`,
    "no other gives five in a hundred more": (run) =>
      run.perS > 0.95 * run.best.perS ||
      `${run.chosen} gives ${run.perS.toFixed(1)} updates a second, ${run.best.encoding} ${run.best.perS.toFixed(1)}`,
  },
  mistakes: [
    {
      name: "always the fewest bytes",
      recognise: ({ run, claim }) => claim.startsWith("no other") && run?.alwaysFewestBytes === true,
      hint: "You take what is shortest. Over a fast link the bytes are gone before a good encoder has found them.",
    },
    {
      name: "always the least work",
      recognise: ({ run, claim }) => claim.startsWith("no other") && run?.alwaysLeastCpu === true,
      hint: "You take what is quickest to encode. Over a slow link its bytes take far longer than a good encoder would.",
    },
    {
      name: "adds what can't be added",
      recognise: ({ claim, run }) =>
        claim.startsWith("no other") && run !== undefined && (encodings as string[]).includes(run.chosen),
      hint: "How long does an update take, all in all? Bytes become time when you divide them by bytes a second; mind the milliseconds.",
    },
  ],
});
