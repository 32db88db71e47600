import {
  type Host,
  messages,
  on,
  openXDisplay,
  runLive,
  scenario,
  serveXDisplay,
  simulate,
  type XClientConnection,
  XDisplay,
} from "kernel-lib";
import { suite } from "uvu";
import * as assert from "uvu/assert";

const test = suite("X programs");
/** Length and type of a message of the world. */
const frameBytes = 5;

const names = Array.from({ length: 100 }, (_, i) => `NAME_${100 + i}`);
const oneByOne = async (client: XClientConnection) => {
  const atoms: number[] = [];
  for (const name of names) atoms.push((await client.ask("InternAtom", { onlyIfExists: false, name })).atom);
  return atoms;
};
const pipelined = async (client: XClientConnection) => {
  for (const name of names) await client.request("InternAtom", { onlyIfExists: false, name });
  const atoms: number[] = [];
  for (const _ of names) atoms.push((await client.reply("InternAtom")).atom);
  return atoms;
};

const program = async (host: Host, ask: (client: XClientConnection) => Promise<number[]>) => {
  const connection = await host.connect("desk", 6000);
  const client = await openXDisplay(connection);
  const startMs = host.now();
  const atoms = await ask(client);
  connection.end();
  return { atoms, tookMs: host.now() - startMs };
};
const asked = (ask: (client: XClientConnection) => Promise<number[]>) =>
  scenario({
    hosts: { desk: {}, far: {} },
    network: { latencyMs: 25 },
    programs: { display: on("desk", serveXDisplay).daemon(), result: on("far", program, ask) },
  });

test("a hundred names one by one take a hundred round trips, all at once take one, and the atoms are the same", async () => {
  const [slow, fast] = [await simulate(asked(oneByOne), { seed: 1 }), await simulate(asked(pipelined), { seed: 1 })];
  assert.is(slow.results.result.tookMs, 5000);
  assert.is(fast.results.result.tookMs, 50);
  assert.equal(slow.results.result.atoms, fast.results.result.atoms);
  assert.is(new Set(slow.results.result.atoms).size, 100);
});

test("live, too, the program finds the same atoms, over real sockets", async () => {
  const run = await runLive(asked(pipelined), { seed: 1 });
  assert.equal(run.results.result.atoms, run.predicted.results.result.atoms);
});

test("on the wire a request has its own bytes and the world's five", async () => {
  const run = await simulate(asked(oneByOne), { seed: 1 });
  const [setup, first] = messages(run).filter(({ direction }) => direction === "out");
  assert.is(setup?.bytes, 12 + frameBytes);
  assert.is(first?.bytes, 8 + 8 + frameBytes, "InternAtom of eight letters");
});

test("a client that is killed leaves nothing at the display, and others go on", async () => {
  const window = async (host: Host, count: number) => {
    const connection = await host.connect("desk", 6000);
    const client = await openXDisplay(connection);
    const shape = { x: 0, y: 0, width: 9, height: 9, borderWidth: 0, windowClass: 1, visual: 0 };
    const [{ root } = { root: 0 }] = client.setup.screens;
    await client.request("CreateWindow", { depth: 24, window: client.newId(), parent: root, ...shape, values: {} });
    await host.sleep(count === 0 ? 1e6 : 100);
    return (await client.ask("QueryTree", { window: root })).children.length;
  };
  const run = await simulate(
    scenario({
      hosts: { desk: {}, far: {} },
      programs: {
        display: on("desk", serveXDisplay).daemon(),
        victim: on("far", window, 0),
        other: on("far", window, 1),
      },
      faults: [{ kind: "kill", program: "victim", atMs: 50 }],
    }),
    { seed: 1 },
  );
  assert.is(run.results.other, 1);
});

test("questions that are asked together get each its own answer, though all answers come in one piece", async () => {
  const pieces: Uint8Array[] = [];
  let news = (): void => undefined;
  const display = new XDisplay({ width: 100, height: 100 });
  const served = display.connect((bytes) => void pieces.push(bytes));
  const connection = {
    async send(bytes: Uint8Array) {
      served.push(bytes);
      setTimeout(() => news());
    },
    async receive() {
      while (pieces.length === 0)
        await new Promise<void>((resolve) => {
          news = resolve;
        });
      return new Uint8Array(Buffer.concat(pieces.splice(0)));
    },
    end: () => undefined,
    reset: () => undefined,
  };
  const client = await openXDisplay(connection);
  const { root = 0 } = client.setup.screens[0] ?? {};
  const asked = Promise.all(
    names.map(async (name, i) => {
      if (i % 3 === 1) return (await client.ask("GetGeometry", { drawable: root })).width;
      const { atom } = await client.ask("InternAtom", { onlyIfExists: false, name });
      return (await client.ask("GetAtomName", { atom })).name;
    }),
  );
  const refused = client.ask("GetGeometry", { drawable: 77 }).catch((error: Error) => error.message);
  const spoilt = client.ask("InternAtom", undefined as never).catch((error: Error) => error.constructor.name);
  const late = new Promise((resolve) => setTimeout(resolve, 2000, "no answer in two seconds"));
  assert.equal(
    await Promise.race([asked, late]),
    names.map((name, i) => (i % 3 === 1 ? 100 : name)),
  );
  assert.match((await refused) as string, "the display says Drawable (77)");
  assert.not.equal(await spoilt, "Object", "what can't be written takes nobody's answer");
});

test.run();
