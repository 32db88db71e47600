import fc from "fast-check";
import {
  encodeXEvent,
  encodeXReply,
  encodeXRequest,
  encodeXSetup,
  encodeXSetupReply,
  XClientStream,
  XDisplay,
  XDisplayStream,
  XTraffic,
} from "kernel-lib";
import { suite } from "uvu";
import * as assert from "uvu/assert";

const test = suite("X traffic");

const atom = (name: string) => encodeXRequest("InternAtom", { onlyIfExists: false, name });
const answer = (sequence: number) => encodeXReply("InternAtom", sequence, { atom: 70 }, "little");
const refused = encodeXSetupReply({ status: "failed", reason: "" }, "little");

/** A connection that is set up, at time 0. */
function begun(): XTraffic {
  const traffic = new XTraffic();
  traffic.fromClient(encodeXSetup(), 0);
  traffic.fromDisplay(refused, 0);
  return traffic;
}

const rounds = (traffic: XTraffic) => traffic.rows.map(({ round }) => round);

test("a client that waits for each answer needs a round trip for each", () => {
  const traffic = begun();
  for (let i = 1; i <= 3; i++) {
    traffic.fromClient(atom("A"), i);
    traffic.fromDisplay(answer(i), i);
  }
  assert.equal(rounds(traffic), [1, 2, 3, 4]);
});

test("requests that are sent before the first is answered are of one round", () => {
  const traffic = begun();
  for (let i = 1; i <= 3; i++) traffic.fromClient(atom("A"), i);
  for (let i = 1; i <= 3; i++) traffic.fromDisplay(answer(i), i);
  traffic.fromClient(atom("B"), 9);
  assert.equal(rounds(traffic), [1, 2, 2, 2, 3]);
  assert.is(traffic.count.roundTrips, 2);
});

test("a late answer to an early request does not add a round: what counts is the round of the request", () => {
  const traffic = begun();
  traffic.fromClient(atom("A"), 1);
  traffic.fromClient(atom("B"), 1);
  traffic.fromDisplay(answer(1), 2);
  traffic.fromClient(atom("C"), 3);
  traffic.fromDisplay(answer(2), 4);
  traffic.fromClient(atom("D"), 5);
  assert.equal(rounds(traffic), [1, 2, 2, 3, 3]);
});

test("an event that says how far the display has come is an answer too, and an error is one", () => {
  const traffic = begun();
  traffic.fromClient(encodeXRequest("MapWindow", { window: 1 }), 1);
  const exposed = { window: 1, x: 0, y: 0, width: 1, height: 1, count: 0 };
  traffic.fromDisplay(encodeXEvent("Expose", 1, exposed, "little"), 2);
  traffic.fromClient(encodeXRequest("MapWindow", { window: 1 }), 3);
  assert.equal(rounds(traffic), [1, 2, 3]);
  assert.equal(
    traffic.rows.map(({ answer: how }) => how),
    ["reply", "", ""],
  );
  assert.is(traffic.count.events, 1);
});

test("sequence numbers of 16 bits find their request when there have been more than 65,536", () => {
  const traffic = begun();
  const map = encodeXRequest("MapWindow", { window: 1 });
  for (let i = 1; i <= 70_000; i++) traffic.fromClient(map, 0);
  traffic.fromClient(atom("A"), 5);
  traffic.fromDisplay(answer(70_001), 6);
  assert.is(traffic.rows.at(-1)?.answeredMs, 6);
  assert.is(traffic.rows.filter(({ answer: how }) => how === "reply").length, 2);
});

test("the first drawing is the first in a window: a pixmap is not to be seen", () => {
  const traffic = begun();
  const base = 1 << 21;
  const [pixmap, window, gc] = [base, base + 1, base + 2];
  const points = [{ x: 0, y: 0 }];
  const shape = { window, parent: 64, x: 0, y: 0, width: 9, height: 9, borderWidth: 0, windowClass: 1, visual: 0 };
  const sent = [
    encodeXRequest("CreatePixmap", { depth: 24, pixmap, drawable: 64, width: 9, height: 9 }),
    encodeXRequest("PolyPoint", { relative: false, drawable: pixmap, gc, points }),
    encodeXRequest("CreateWindow", { depth: 24, ...shape, values: {} }),
    encodeXRequest("PolyPoint", { relative: false, drawable: window, gc, points }),
  ];
  for (const bytes of sent) traffic.fromClient(bytes, 1);
  assert.is(traffic.firstDrawing?.sequence, 4);
});

/** What a client and a display say to each other, as whole streams. */
function conversation(order: "little" | "big"): { out: Uint8Array; back: Uint8Array } {
  const out = [encodeXSetup({ order })];
  const names = ["A", "BC", "DEF"];
  for (const name of names) out.push(encodeXRequest("InternAtom", { onlyIfExists: false, name }, order));
  out.push(
    encodeXRequest("QueryExtension", { name: "BIG-REQUESTS" }, order),
    encodeXRequest("ListFonts", { maxNames: 9, pattern: "*" }, order),
  );
  const back: Uint8Array[] = [];
  const client = new XDisplay().connect((bytes) => back.push(bytes));
  for (const bytes of out) client.push(bytes);
  const joined = (parts: Uint8Array[]) => Uint8Array.from(parts.flatMap((part) => [...part]));
  return { out: joined(out), back: joined(back) };
}

for (const order of ["little", "big"] as const)
  test(`however a stream is cut, the same messages come out (${order}-endian)`, () => {
    const { out, back } = conversation(order);
    const whole = { out: new XClientStream().push(out), back: new XDisplayStream(order).push(back) };
    assert.is(whole.out.length, 6);
    assert.is(whole.back.length, 6);
    const cuts = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(cuts, (lengths) => {
        const [client, display] = [new XClientStream(), new XDisplayStream(order)];
        assert.equal(
          pieces(out, lengths).flatMap((piece) => client.push(piece)),
          whole.out,
        );
        assert.equal(
          pieces(back, lengths).flatMap((piece) => display.push(piece)),
          whole.back,
        );
        assert.not.ok(client.isInside || display.isInside);
      }),
      { numRuns: 100, seed: 1 },
    );
  });

function pieces(bytes: Uint8Array, lengths: readonly number[]): Uint8Array[] {
  const found: Uint8Array[] = [];
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const length = lengths[i % lengths.length] as number;
    found.push(bytes.subarray(at, at + length));
    at += length;
  }
  return found;
}

test("messages are the reader's own: they stay when the pool of Node's Buffers is used again", () => {
  const pool = Buffer.from(encodeXSetup());
  const request = Buffer.from(atom("ABCD"));
  const stream = new XClientStream();
  stream.push(pool);
  const [message] = stream.push(request);
  request.fill(0);
  assert.is(message?.bytes[0], 16);
});

test.run();
