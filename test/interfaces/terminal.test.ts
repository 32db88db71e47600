import fc from "fast-check";
import {
  Desk,
  type Framebuffer,
  type FramebufferEncoding,
  type FramebufferInput,
  type Host,
  keysyms,
  on,
  openTerminal,
  ParameterError,
  pixelFormats,
  runLive,
  type Scenario,
  scenario,
  simulate,
  type Terminal,
  terminalServer,
} from "kernel-lib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { soaked } from "../soak.js";

const test = suite("a terminal and its server");
const seed = Number(process.env.SOAK_SEED ?? 1);

/** Takes all updates until nothing has come for a while. */
async function settle(terminal: Terminal): Promise<number> {
  for (let bytes = 0; ; ) {
    await terminal.request();
    const update = await terminal.update({ timeoutMs: 500 }).catch(() => undefined);
    if (!update) return bytes;
    bytes += update.bytes;
  }
}

const whole = async (terminal: Terminal): Promise<void> => {
  await terminal.request({ isIncremental: false });
  await terminal.update();
};

test("what is typed at a terminal is at the server, and is there for the next terminal when the first is killed", async () => {
  let desk = new Desk();
  const user = async (host: Host) => {
    const first = await openTerminal(host, "server");
    await first.type("dear diary\n");
    await host.sleep(100);
    first.kill();
    const second = await openTerminal(host, "server", { encodings: ["hextile", "copyRect"] });
    await whole(second);
    assert.ok(second.picture.equals(desk.framebuffer));
    await second.type("nothing is lost");
    await settle(second);
    return second.picture.equals(desk.framebuffer);
  };
  const start = () => {
    desk = new Desk();
    return desk;
  };
  const plan = scenario({
    hosts: { server: {}, desk: {} },
    network: { latencyMs: 10, bytesPerS: 1e6 },
    programs: { server: on("server", terminalServer, start).daemon(), isSame: on("desk", user) },
  });
  for (const run of [await simulate(plan, { seed: 1 }), await runLive(plan, { seed: 1 })]) {
    assert.is(run.results.isSame, true);
    assert.is(desk.text, "dear diary\nnothing is lost");
  }
});

/** A client that asks for the next update when the last has come; its updates a second, and their bytes. */
const lockstep = async (host: Host, encoding: FramebufferEncoding, untilMs: number) => {
  const terminal = await openTerminal(host, "server", { encodings: [encoding] });
  await whole(terminal);
  const startMs = host.now();
  let [updates, bytes] = [0, 0];
  while (host.now() < untilMs) {
    await terminal.request();
    bytes += (await terminal.update())?.bytes ?? 0;
    updates++;
  }
  return { perS: (1000 * updates) / (host.now() - startMs), bytes: bytes / updates };
};

const filmAt = (rttMs: number, bytesPerS: number, encoding: FramebufferEncoding): Scenario =>
  scenario({
    hosts: { server: {}, desk: {} },
    network: { latencyMs: rttMs / 2, bytesPerS },
    programs: {
      server: on("server", terminalServer, () => new Desk({ width: 240, height: 200, filmPerS: 400 })).daemon(),
      rate: on("desk", lockstep, encoding, 2500),
    },
  });

// The engine puts five bytes before each message; a request has ten.
const frameBytes = 5;

test("a client that asks for one update at a time gets 1/(RTT + bytes/bandwidth) a second, at nine links", async () => {
  for (const rttMs of [20, 50, 200])
    for (const bytesPerS of [2e5, 1e6, 1e7]) {
      const { results } = await simulate(filmAt(rttMs, bytesPerS, "hextile"), { seed: 1 });
      const { perS, bytes } = results.rate as { perS: number; bytes: number };
      const onTheLinkMs = (1000 * (bytes + 10 + 2 * frameBytes)) / bytesPerS;
      const law = 1000 / (rttMs + onTheLinkMs);
      // A picture comes every 2.5 ms, for which a request may have to wait.
      assert.ok(perS <= law * 1.0001 && perS > 1000 / (rttMs + onTheLinkMs + 2.6), `${rttMs} ms: ${perS}, law ${law}`);
    }
});

test("requests that wait at the server together are one (one is answered at once, the others with the next picture); those that come at different times are each answered", async () => {
  const ahead = async (host: Host, gapMs: number) => {
    const terminal = await openTerminal(host, "server", { encodings: ["hextile"] });
    await whole(terminal);
    for (let i = 0; i < 4; i++) {
      await terminal.request();
      await host.sleep(gapMs);
    }
    const startMs = host.now();
    let updates = 0;
    while (host.now() < startMs + 3000) {
      await terminal.update();
      await terminal.request();
      updates++;
    }
    return updates / 3;
  };
  const perS = async (gapMs: number) => {
    // Four updates of 12 KiB are less than a connection may have under way.
    const film = () => new Desk({ width: 240, height: 200, filmPerS: 100, filmWidth: 64, filmHeight: 48 });
    const plan = scenario({
      hosts: { server: {}, desk: {} },
      network: { latencyMs: 50 },
      programs: { server: on("server", terminalServer, film).daemon(), rate: on("desk", ahead, gapMs) },
    });
    return (await simulate(plan, { seed: 1 })).results.rate;
  };
  const [together, apart] = [await perS(0), await perS(25)];
  assert.ok(together > 15 && together < 25, `${together} a second`);
  assert.ok(apart > 34 && apart < 42, `${apart} a second`);
});

test("encoding takes the CPU time that it is said to take", async () => {
  const plan = scenario({
    hosts: { server: {}, desk: {} },
    programs: {
      server: on("server", terminalServer, () => new Desk({ width: 500, height: 400 }), {
        encodeMs: { raw: 100 },
      }).daemon(),
      seenMs: on("desk", async (host: Host) => {
        const terminal = await openTerminal(host, "server", { encodings: ["raw"] });
        const startMs = host.now();
        await whole(terminal);
        return host.now() - startMs;
      }),
    },
  });
  const run = await simulate(plan, { seed: 1 });
  assert.is(run.results.seenMs, 0.2 * 100);
  const [update] = run.rows.filter((row) => row.kind === "log");
  assert.equal((update as { fields: unknown }).fields, {
    bytes: 4 + 12 + 500 * 400 * 4,
    pixels: 200_000,
    rectangles: 1,
  });
});

test("who speaks no RFB is let go, and the other terminals stay", async () => {
  const stranger = async (host: Host) => {
    const connection = await host.connect("server", 5900);
    await connection.send(new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n"));
    try {
      for await (const _ of connection);
      return "ended";
    } catch (error) {
      return (error as Error).name;
    }
  };
  const plan = scenario({
    hosts: { server: {}, desk: {}, elsewhere: {} },
    network: { latencyMs: 1 },
    programs: {
      server: on("server", terminalServer, () => new Desk()).daemon(),
      stranger: on("elsewhere", stranger).at(50),
      width: on("desk", async (host: Host) => {
        const terminal = await openTerminal(host, "server");
        await host.sleep(200);
        await whole(terminal);
        return terminal.picture.width;
      }),
    },
  });
  const run = await simulate(plan, { seed: 1 });
  assert.is(run.results.stranger, "ConnectionReset");
  assert.is(run.results.width, 640);
});

const key = fc.oneof(
  fc.integer({ min: 32, max: 126 }),
  fc.constantFrom(keysyms.enter, keysyms.backspace, 0xe7, 0xe3, keysyms.shift, 0xffffff),
);
const input: fc.Arbitrary<FramebufferInput> = fc.oneof(
  { weight: 3, arbitrary: key.map((key) => ({ kind: "key" as const, isDown: true, key })) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.nat(250), fc.nat(220), fc.constantFrom(0, 1, 1, 4))
      .map(([x, y, buttons]) => ({ kind: "pointer" as const, x, y, buttons })),
  },
  { weight: 1, arbitrary: fc.string({ maxLength: 30 }).map((text) => ({ kind: "cut text" as const, text })) },
);

test("whatever is typed, painted and moved, two terminals of different make show the server's picture", async () => {
  const scenes = soaked(800);
  const property = fc.asyncProperty(
    fc.array(input, { maxLength: 60 }),
    fc.constantFrom(1, 7, 60),
    async (inputs, at) => {
      const desk = new Desk({ width: 240, height: 200 });
      const user = async (host: Host, isFirst: boolean) => {
        const encodings: FramebufferEncoding[] = isFirst ? ["zrle", "copyRect"] : ["rre"];
        const terminal = await openTerminal(host, "server", { encodings, format: pixelFormats.rgb888 });
        await whole(terminal);
        if (isFirst) for (let i = 0; i < inputs.length; i += at) await terminal.input(...inputs.slice(i, i + at));
        await settle(terminal);
        return terminal.picture as Framebuffer;
      };
      const plan = scenario({
        hosts: { server: {}, one: {}, two: {} },
        network: { latencyMs: 5, bytesPerS: 1e5 },
        programs: {
          server: on("server", terminalServer, () => desk).daemon(),
          pictures: [on("one", user, true), on("two", user, false)],
        },
      });
      const { pictures } = (await simulate(plan, { seed: 1 })).results;
      for (const picture of pictures) if (!picture.equals(desk.framebuffer)) throw new Error("another picture");
    },
  );
  const found = await fc.check(property, { numRuns: scenes, seed });
  assert.not.ok(found.failed, `SOAK_SEED=${seed}: ${found.errorInstance}\n${fc.stringify(found.counterexample)}`);
});

test("a window that is moved away and back, and a letter that is erased, leave the picture as it was", () => {
  const desk = new Desk();
  const type = (...keys: number[]) => {
    for (const each of keys) desk.input({ kind: "key", isDown: true, key: each });
  };
  const drag = (...places: readonly (readonly [number, number, number])[]) => {
    for (const [x, y, buttons] of places) desk.input({ kind: "pointer", x, y, buttons });
  };
  drag([600, 30, 1], [620, 300, 1], [620, 300, 0]);
  const before = desk.framebuffer.read(desk.framebuffer.area);
  const { x, y } = desk.window;
  drag([x + 5, y + 5, 1], [x + 105, y + 65, 1], [x + 5, y + 5, 1], [x + 5, y + 5, 0]);
  type(0x41, keysyms.backspace, keysyms.enter, 0x42, keysyms.backspace, keysyms.backspace);
  const after = desk.framebuffer.read(desk.framebuffer.area);
  assert.is(
    after.findIndex((colour, i) => colour !== before[i]),
    -1,
  );
  assert.equal([desk.window.x, desk.window.y, desk.text], [x, y, ""]);
});

test("a screen that can't be is refused by name", () => {
  assert.throws(
    () => new Desk({ width: 20 }),
    (error: Error) => error instanceof ParameterError && /Desk: width/.test(error.message),
  );
  assert.throws(() => new Desk({ filmPerS: 0 }), /Desk: filmPerS must be a finite number above 0, got 0/);
});

test.run();
