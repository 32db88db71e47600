/** The exercise of notebook 01 about X: a client that waits only where it must. */
import _ from "lodash";
import { openXDisplay, serveXDisplay, type XClientConnection } from "../interfaces/index.js";
import { exercise, type ProgramExercise } from "../workbook/index.js";
import { type Host, on, scenario, simulate } from "../world/index.js";

/** What the reader writes: finds the colours of a program's parts, as pixels, in the order of the parts' names. */
export type StartingClient = (client: XClientConnection, names: readonly string[]) => Promise<readonly number[]>;

const colours = ["navy", "tomato", "gold", "ivory", "orchid", "forest green", "tan", "violet", "maroon", "orange"];

/** At the display, as a session does that starts before the programs: gives each part a colour, and says what pixel that is. */
const setColours = async (host: Host, names: readonly string[], seed: number) => {
  const client = await openXDisplay(await host.connect("desk", 6000));
  const [{ root: window, colormap } = { root: 0, colormap: 0 }] = client.setup.screens;
  const pixels = new Map<string, number>();
  // In another order than that of the names, with others in between: nobody can guess the number of an atom.
  for (const i of _.range(names.length).map((each) => (7 * each + 3) % names.length)) {
    await client.ask("InternAtom", { onlyIfExists: false, name: `_OTHER_${i}` });
    const name = names[i] as string;
    const colour = colours[(3 * i + seed) % colours.length] as string;
    const { atom: property } = await client.ask("InternAtom", { onlyIfExists: false, name });
    const data = { format: 8 as const, value: new TextEncoder().encode(colour) };
    await client.request("ChangeProperty", { mode: 0, window, property, type: 31, data });
    pixels.set(name, (await client.ask("AllocNamedColor", { colormap, name: colour })).pixel);
  }
  return names.map((name) => pixels.get(name) as number);
};

const startMs = 1000;

const startClient = async (host: Host, answer: StartingClient, names: readonly string[]) => {
  const client = await openXDisplay(await host.connect("desk", 6000));
  await host.sleepUntil(startMs);
  const pixels = await answer(client, names);
  return { pixels, tookMs: host.now() - startMs };
};

async function start(answer: StartingClient, parts: number, rttMs: number, seed: number) {
  const names = _.range(parts).map((i) => `PART_${i}_COLOUR`);
  const limitMs = startMs + (3 * parts + 10) * rttMs;
  const run = await simulate(
    scenario({
      hosts: { desk: {}, far: {} },
      network: { latencyMs: 0.1, links: [{ between: ["desk", "far"], latencyMs: rttMs / 2 }] },
      programs: {
        display: on("desk", serveXDisplay).daemon(),
        session: on("desk", setColours, names, seed),
        start: on("far", startClient, answer, names),
      },
      limitMs,
    }),
    { seed },
  );
  const atFar = run.rows.filter(({ host, timeMs }) => host === "far" && timeMs >= startMs);
  const sent = atFar.filter(({ kind }) => kind === "send");
  const { start: outcome } = run.outcomes;
  const { pixels, tookMs = 0 } = outcome.how === "returned" ? outcome.value : {};
  return {
    ...run,
    parts,
    outcome,
    pixels,
    expected: run.results.session,
    rounds: tookMs / rttMs,
    requests: sent.length,
    /** Requests that left before any answer had come. */
    atOnce: sent.filter(({ timeMs }) => timeMs === startMs).length,
  };
}

type Tried = Awaited<ReturnType<typeof start>>;
const isRight = ({ pixels, expected }: Tried): boolean => _.isEqual(pixels, expected);
const said = ({ outcome }: Tried): string =>
  outcome.how === "threw" ? `it threw “${outcome.error.message}”` : "it had not ended when all answers had come";

/** A client that asks for much at once, and for nothing before it can. */
export const pipeline: ProgramExercise<StartingClient> = exercise({
  name: "01-pipeline",
  statement:
    "A client that finds the colours of a program's parts, however many there are, in three round trips: it waits only for what its next request is made of.",
  scenarios: {
    "12 parts, 50 ms": (answer: StartingClient, seed) => start(answer, 12, 50, seed),
    "a single part, 50 ms": (answer: StartingClient, seed) => start(answer, 1, 50, seed),
    "40 parts, 200 ms": (answer: StartingClient, seed) => start(answer, 40, 200, seed),
  },
  seeds: [1, 2],
  claims: {
    "it ends": (run) => run.outcome.how === "returned" || said(run),
    "it gives a pixel for each part": (run) =>
      run.pixels?.length === run.parts || `it gave ${run.pixels?.length ?? "nothing"} for ${run.parts}`,
    "each part has its own colour": (run) => {
      const wrong = run.expected.findIndex((pixel, i) => pixel !== run.pixels?.[i]);
      const hex = (pixel?: number) => (typeof pixel === "number" ? pixel.toString(16).padStart(6, "0") : String(pixel));
      return (
        wrong === -1 ||
        `part ${wrong} has the colour ${hex(run.pixels?.[wrong])}, and should have ${hex(run.expected[wrong])}`
      );
    },
    "it asks for nothing twice": (run) =>
      run.requests <= 3 * run.parts || `it sent ${run.requests} requests, and ${3 * run.parts} are enough`,
    "it takes three round trips": (run) => run.rounds <= 3.2 || `it took ${run.rounds.toFixed(1)}`,
  },
  mistakes: [
    {
      name: "everything at once",
      recognise: ({ run }) => run !== undefined && run.atOnce > run.parts,
      hint: "You sent requests before you could know what must stand in them: a property is asked for by its atom's number, and that is the answer to an earlier question. Begin with those that need no answer.",
    },
    {
      name: "waits for an answer that nobody sends",
      recognise: ({ run }) => run?.outcome.how === "unfinished",
      hint: "You wait for more answers than you have asked for, so the last one never comes. Take one `reply` for each `request`; `ask` has taken its own.",
    },
    {
      name: "mixes up the answers",
      recognise: ({ run }) =>
        run?.pixels !== undefined && !isRight(run) && _.isEqual(_.sortBy(run.pixels), _.sortBy(run.expected)),
      hint: "All the colours are there, but not at their parts. Answers come in the order of the requests: the first `reply` belongs to the first `request`.",
    },
    {
      name: "reads an answer as that to another question",
      recognise: ({ run }) => run !== undefined && run.outcome.how === "threw" && run.requests > run.parts,
      hint: "The display refuses what you ask for, since it is made of the wrong answer. Answers come in the order of the requests, whatever their kind: if the answers to two kinds of question are under way, `reply` must name the kinds in that order.",
    },
    {
      name: "asks for atoms that it knows",
      recognise: ({ claim, run }) => claim === "it asks for nothing twice" && run !== undefined && isRight(run),
      hint: "You send more than three requests for a part. Keep what you were told.",
    },
    {
      name: "one by one",
      recognise: ({ run }) => run !== undefined && isRight(run) && run.rounds > 3 * run.parts - 0.5,
      hint: "Each question waits for the one before it, though most do not need its answer. The atoms of all parts can be asked for at once: `request` sends and does not wait, `reply` takes the next answer.",
    },
    {
      name: "in step only for a part",
      recognise: ({ run }) => run !== undefined && isRight(run) && run.rounds > 3.2,
      hint: "Some of your questions go out together, others still wait for each other. What is the longest chain in which each question needs the answer before? There are three kinds of question.",
    },
  ],
  hints: [
    "Write down for each request which answer it is made of: the atom of nothing, the property of its atom, the colour of its property. No part needs anything of another.",
    "First `request` the atoms of all parts, then take all answers with `reply`; then do the same with the properties; then with the colours. (Or: one async function for a part, and `Promise.all`.)",
  ],
  diagram: { by: "host", height: 420 },
});
