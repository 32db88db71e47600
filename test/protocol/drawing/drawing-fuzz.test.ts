import fc from "fast-check";
import {
  decodeXError,
  decodeXEvent,
  decodeXReply,
  decodeXRequest,
  decodeXSetupReply,
  encodeXRequest,
  encodeXSetup,
  MalformedMessage,
  textItem,
  XClientStream,
  XDisplay,
  XDisplayStream,
  type XReplyName,
  XTraffic,
} from "kernel-lib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { soaked } from "../../soak.js";

const test = suite("X: spoilt bytes");
const numRuns = soaked(100_000);
const seed = Number(process.env.SOAK_SEED ?? 1);

const base = 1 << 21;
const [window, pixmap, gc, font] = [base + 1, base + 2, base + 3, base + 4];
const drawable = { drawable: window, gc };
const points = [
  { x: 1, y: 1 },
  { x: 30, y: 5 },
  { x: 9, y: 40 },
];
const arc = { x: 2, y: 2, width: 30, height: 20, angle1: 0, angle2: 9000 };
const area = { x: 3, y: 3, width: 10, height: 10 };
const shape = { window, parent: 0x40, x: 5, y: 5, width: 60, height: 50, borderWidth: 1, windowClass: 1, visual: 0 };
const copied = { source: pixmap, destination: window, gc, sourceX: 0, sourceY: 0, ...area };
const image = { format: 2, ...drawable, ...area, leftPad: 0, depth: 24, image: new Uint8Array(400) };

/** A session that draws in all ways. */
const session: readonly Uint8Array[] = [
  encodeXRequest("CreateWindow", { depth: 24, ...shape, values: { backgroundPixel: 0xffffff, eventMask: 0x20_a07f } }),
  encodeXRequest("MapWindow", { window }),
  encodeXRequest("CreatePixmap", { depth: 24, pixmap, drawable: window, width: 20, height: 20 }),
  encodeXRequest("OpenFont", { font, name: "fixed" }),
  encodeXRequest("CreateGC", { gc, drawable: window, values: { foreground: 0xff, lineWidth: 2, font } }),
  encodeXRequest("InternAtom", { onlyIfExists: false, name: "NAME" }),
  encodeXRequest("ChangeProperty", {
    mode: 2,
    window,
    property: 39,
    type: 31,
    data: { format: 8, value: new Uint8Array(9) },
  }),
  encodeXRequest("GetProperty", { delete: false, window, property: 39, type: 0, longOffset: 0, longLength: 9 }),
  encodeXRequest("PolyLine", { relative: true, ...drawable, points }),
  encodeXRequest("FillPoly", { ...drawable, shape: 0, relative: false, points }),
  encodeXRequest("PolyFillArc", { ...drawable, arcs: [arc] }),
  encodeXRequest("PolyArc", { ...drawable, arcs: [arc] }),
  encodeXRequest("PolyRectangle", { ...drawable, rectangles: [area] }),
  encodeXRequest("PutImage", image),
  encodeXRequest("CopyArea", copied),
  encodeXRequest("SetClipRectangles", { ordering: 0, gc, clipX: 1, clipY: 1, rectangles: [area] }),
  encodeXRequest("PolyText8", { ...drawable, x: 3, y: 20, items: textItem("text") }),
  encodeXRequest("ImageText8", { length: 4, ...drawable, x: 3, y: 20, text: new Uint8Array(4) }),
  encodeXRequest("GetImage", { format: 2, drawable: window, ...area, planeMask: 0xffffff }),
  encodeXRequest("ConfigureWindow", { window, values: { x: 3, width: 30, stackMode: 0 } }),
  encodeXRequest("QueryPointer", { window }),
  encodeXRequest("ListFontsWithInfo", { maxNames: 9, pattern: "*" }),
];

/** Some bytes are others, some are missing, some are there twice. */
const spoils = fc.array(
  fc.record({ at: fc.nat(2000), value: fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 127, 128, 255)), kind: fc.nat(9) }),
  { minLength: 1, maxLength: 6 },
);

function spoilt(bytes: Uint8Array, changes: readonly { at: number; value: number; kind: number }[]): Uint8Array {
  let now = [...bytes];
  for (const { at, value, kind } of changes) {
    const place = at % Math.max(1, now.length);
    if (kind === 0) now = [...now.slice(0, place), ...now.slice(place + value)];
    else if (kind === 1) now = [...now.slice(0, place), ...now.slice(Math.max(0, place - value))];
    else now[place] = value;
  }
  return Uint8Array.from(now);
}

/** What it gives, or undefined if it says that the bytes are malformed; every other error is passed on. */
function unlessMalformed<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof MalformedMessage) return undefined;
    throw error;
  }
}

const joined = (parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((part) => [...part]));

test("our display survives a spoilt session, answers in the order of requests, and serves the next client", () => {
  const found = fc.check(
    fc.property(spoils, fc.nat(session.length - 1), (changes, until) => {
      const display = new XDisplay({ width: 80, height: 60 });
      const traffic = new XTraffic();
      const client = display.connect((bytes) => traffic.fromDisplay(bytes, 0));
      const sent = joined([encodeXSetup(), spoilt(joined(session.slice(0, until + 1)), changes)]);
      unlessMalformed(() => {
        traffic.fromClient(sent, 0);
        client.push(sent);
      });
      display.movePointer(10, 10);
      display.pressButton(1, true);
      display.pressKey("a", true);
      assert.is(display.screen.pixels.length, 80 * 60);
      client.close();
      assert.is(display.windows.length, 0);
      let answered = 0;
      const next = display.connect((bytes) => {
        answered += bytes.length;
      });
      next.push(joined([encodeXSetup(), encodeXRequest("GetInputFocus", {})]));
      assert.ok(answered > 32);
    }),
    { numRuns, seed },
  );
  assert.not.ok(found.failed, `SOAK_SEED=${seed}: ${found.errorInstance}\n${fc.stringify(found.counterexample)}`);
});

/** What a display sends in that session. */
const back = (() => {
  const parts: Uint8Array[] = [];
  const client = new XDisplay().connect((bytes) => parts.push(bytes));
  client.push(joined([encodeXSetup(), ...session]));
  return joined(parts);
})();

const replyNames: readonly XReplyName[] = [
  "InternAtom",
  "GetProperty",
  "QueryFont",
  "ListFonts",
  "ListFontsWithInfo",
  "GetImage",
];

test("spoilt bytes of a display are read or called malformed, and take no memory beyond them", () => {
  const found = fc.check(
    fc.property(
      spoils,
      fc.nat(back.length),
      fc.constantFrom("little" as const, "big" as const),
      (changes, from, order) => {
        const stream = new XDisplayStream(order, 2 ** 20);
        const bytes = spoilt(back.subarray(from % 64 === 0 ? from : 0), changes);
        const messages = unlessMalformed(() => stream.push(bytes)) ?? [];
        assert.ok(messages.reduce((sum, message) => sum + message.bytes.length, 0) <= bytes.length);
        for (const { kind, bytes: message } of messages) {
          if (kind === "set-up") unlessMalformed(() => decodeXSetupReply(message, order));
          if (kind === "event") unlessMalformed(() => decodeXEvent(message, order));
          if (kind === "error") unlessMalformed(() => decodeXError(message, order));
          if (kind === "reply")
            for (const name of replyNames) unlessMalformed(() => decodeXReply(name, message, order));
        }
      },
    ),
    { numRuns, seed },
  );
  assert.not.ok(found.failed, `SOAK_SEED=${seed}: ${found.errorInstance}\n${fc.stringify(found.counterexample)}`);
});

test("any bytes are a request, a set-up, or malformed; a length in 32 bits makes nobody wait for more than is allowed", () => {
  const found = fc.check(
    fc.property(fc.uint8Array({ maxLength: 64 }), fc.boolean(), (bytes, isBig) => {
      const stream = new XClientStream(4096);
      const order = isBig ? ("big" as const) : ("little" as const);
      const messages = unlessMalformed(() => stream.push(joined([encodeXSetup({ order }), bytes]))) ?? [];
      for (const message of messages.slice(1)) unlessMalformed(() => decodeXRequest(message.bytes, message.order));
    }),
    { numRuns, seed },
  );
  assert.not.ok(found.failed, `SOAK_SEED=${seed}: ${found.errorInstance}\n${fc.stringify(found.counterexample)}`);
  const greedy = new XClientStream(4096);
  greedy.push(encodeXSetup());
  assert.throws(() => greedy.push(Uint8Array.of(1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff)), /at most 4096 may come/);
});

test.run();
