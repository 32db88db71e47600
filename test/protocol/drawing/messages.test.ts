import {
  type ByteOrder,
  decodeXError,
  decodeXEvent,
  decodeXReply,
  decodeXRequest,
  decodeXSetup,
  decodeXSetupReply,
  encodeXError,
  encodeXEvent,
  encodeXReply,
  encodeXRequest,
  encodeXSetup,
  encodeXSetupReply,
  hasXReply,
  ParameterError,
  textItem,
  textItems,
  type XRequestFields,
  type XRequestName,
  xRequestName,
} from "kernel-lib";
import { suite } from "uvu";
import * as assert from "uvu/assert";

const test = suite("X messages");

const drawable = { drawable: 1, gc: 2 };
const size = <N extends XRequestName>(name: N, fields: XRequestFields<N>): number =>
  encodeXRequest(name, fields).length;
const many = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value);
const point = { x: 1, y: -1 };
const window = {
  depth: 24,
  window: 1,
  parent: 2,
  x: 0,
  y: 0,
  width: 9,
  height: 9,
  borderWidth: 1,
  windowClass: 1,
  visual: 0,
};

test("requests have the sizes of Xproto.h: a head and what follows, in units of four bytes", () => {
  const rectangle = { x: 0, y: 0, width: 1, height: 1 };
  const segment = { x1: 0, y1: 0, x2: 1, y2: 1 };
  const area = { x: 0, y: 0, width: 1, height: 1 };
  const copied = { source: 1, destination: 2, gc: 3, sourceX: 0, sourceY: 0, x: 0, y: 0, width: 1, height: 1 };
  const image = { format: 2, ...drawable, width: 400, height: 300, x: 0, y: 0, leftPad: 0, depth: 24 };
  assert.is(size("CreateWindow", { ...window, values: {} }), 32);
  assert.is(size("CreateWindow", { ...window, values: { backgroundPixel: 1, eventMask: 2 } }), 32 + 4 * 2);
  assert.is(size("MapWindow", { window: 1 }), 8);
  assert.is(
    size("CreateGC", { gc: 1, drawable: 2, values: { foreground: 1, background: 2, lineWidth: 3 } }),
    16 + 4 * 3,
  );
  assert.is(size("PolyLine", { relative: false, ...drawable, points: many(2, point) }), 12 + 4 * 2);
  assert.is(size("PolySegment", { ...drawable, segments: many(100, segment) }), 812);
  assert.is(size("PolyFillRectangle", { ...drawable, rectangles: many(3, rectangle) }), 12 + 8 * 3);
  assert.is(size("CopyArea", copied), 28);
  assert.is(size("ClearArea", { exposures: false, window: 1, ...area }), 16);
  assert.is(size("GetImage", { format: 2, drawable: 1, ...area, planeMask: 1 }), 20);
  assert.is(size("InternAtom", { onlyIfExists: false, name: "ABCDE" }), 8 + 8);
  assert.is(
    size("ChangeProperty", { mode: 0, window: 1, property: 2, type: 3, data: { format: 8, value: new Uint8Array(5) } }),
    24 + 8,
  );
  assert.is(size("ImageText8", { length: 5, ...drawable, x: 0, y: 0, text: new Uint8Array(5) }), 16 + 8);
  assert.is(size("PutImage", { ...image, width: 10, height: 10, image: new Uint8Array(400) }), 24 + 400);
  assert.is(
    size("PutImage", { ...image, image: new Uint8Array(480_000) }),
    480_028,
    "four bytes more for a length of 32 bits",
  );
  assert.is(size("GetInputFocus", {}), 4);
});

test("a request of more than 262,140 bytes has its length in 32 bits, and one of just so many in 16", () => {
  const fields = { mode: 0, window: 1, property: 2, type: 3 };
  const of = (bytes: number) =>
    encodeXRequest("ChangeProperty", { ...fields, data: { format: 8, value: new Uint8Array(bytes) } });
  const [plain, long] = [of(262_140 - 24), of(262_144 - 24)];
  assert.is(plain.length, 262_140);
  assert.is(new DataView(plain.buffer).getUint16(2, true), 0xffff);
  assert.is(long.length, 262_148);
  assert.is(new DataView(long.buffer).getUint16(2, true), 0);
  assert.is(new DataView(long.buffer).getUint32(4, true), long.length / 4);
  const read = decodeXRequest(long, "little");
  assert.is(read?.name === "ChangeProperty" && read.fields.data.value.length, 262_144 - 24);
});

/** Written down from the protocol's appendix B, not from the code. */
const opcodes: readonly (readonly [number, string, boolean])[] = [
  [1, "CreateWindow", false],
  [3, "GetWindowAttributes", true],
  [16, "InternAtom", true],
  [20, "GetProperty", true],
  [38, "QueryPointer", true],
  [49, "ListFonts", true],
  [50, "ListFontsWithInfo", true],
  [58, "SetDashes", false],
  [62, "CopyArea", false],
  [72, "PutImage", false],
  [73, "GetImage", true],
  [84, "AllocColor", true],
  [85, "AllocNamedColor", true],
  [98, "QueryExtension", true],
  [101, "GetKeyboardMapping", true],
  [118, "SetModifierMapping", true],
  [119, "GetModifierMapping", true],
  [127, "NoOperation", false],
  [140, "request 140", false],
];

test("opcodes have the names, and the answers, of the protocol", () => {
  for (const [opcode, name, isAnswered] of opcodes) {
    assert.is(xRequestName(opcode), name);
    assert.is(hasXReply(opcode), isAnswered, name);
  }
});

test("of two orders of bytes each is read as it was written, and they differ", () => {
  const fields = { ...window, x: -5, values: { backgroundPixel: 0x123456, eventMask: 0x8000 } };
  const read = (order: ByteOrder) => decodeXRequest(encodeXRequest("CreateWindow", fields, order), order);
  assert.equal(read("big"), { name: "CreateWindow", fields });
  assert.equal(read("little"), { name: "CreateWindow", fields });
  assert.not.equal(encodeXRequest("CreateWindow", fields, "big"), encodeXRequest("CreateWindow", fields, "little"));
});

test("a set-up and its answer are read as they were written, in both orders", () => {
  for (const order of ["big", "little"] as const) {
    const asked = { authorizationName: "MIT-MAGIC-COOKIE-1", authorizationData: Uint8Array.of(1, 2, 3) };
    assert.equal(decodeXSetup(encodeXSetup({ order, ...asked })), { order, version: [11, 0], ...asked });
    assert.is(encodeXSetup({ order }).length, 12);
    const refusal = { status: "failed" as const, reason: "no such luck" };
    assert.equal(decodeXSetupReply(encodeXSetupReply(refusal, order), order), refusal);
  }
});

test("replies take 32 bytes and more in units of four, errors and events 32", () => {
  const atom = encodeXReply("InternAtom", 0x12345, { atom: 7 }, "big");
  assert.is(atom.length, 32);
  assert.equal([...atom.subarray(0, 12)], [1, 0, 0x23, 0x45, 0, 0, 0, 0, 0, 0, 0, 7]);
  assert.equal(decodeXReply("InternAtom", atom, "big"), { atom: 7 });
  const image = { depth: 24, visual: 3, image: new Uint8Array(400) };
  assert.is(encodeXReply("GetImage", 1, image, "little").length, 32 + 400);
  const fonts = encodeXReply("ListFonts", 1, { names: ["fixed", "6x13"] }, "little");
  assert.is(fonts.length, 32 + 12, "6 + 5 bytes, and one to the next word");
  assert.equal(decodeXReply("ListFonts", fonts, "little"), { names: ["fixed", "6x13"] });
  const error = { sequence: 9, badValue: 77, minorOpcode: 0, majorOpcode: 55 };
  assert.equal(decodeXError(encodeXError("Drawable", error, "big"), "big"), { name: "Drawable", ...error });
  const exposed = { window: 5, x: 1, y: 2, width: 3, height: 4, count: 0 };
  const event = encodeXEvent("Expose", 3, exposed, "little");
  assert.is(event.length, 32);
  assert.equal(decodeXEvent(event, "little"), { name: "Expose", fields: exposed });
});

test("text items are read until the end, a change of font among them, and padding is none", () => {
  const items = Uint8Array.of(...textItem("Hi"), 255, 0, 0, 1, 2, ...textItem("you"), 0);
  assert.equal(textItems(items), [
    { delta: 0, text: Uint8Array.of(72, 105) },
    { font: 258 },
    { delta: 0, text: Uint8Array.of(121, 111, 117) },
  ]);
  assert.equal(textItems(Uint8Array.of(1, 0xfe, 65, 0)), [{ delta: -2, text: Uint8Array.of(65) }]);
});

test("a value that does not fit, and a request that is none, are refused by name", () => {
  const far = () => encodeXRequest("PolyLine", { relative: false, ...drawable, points: [{ x: 40_000, y: 0 }] });
  assert.throws(
    far,
    (error: Error) => error instanceof ParameterError && /from -32768 to 32767, got 40000/.test(error.message),
  );
  assert.throws(
    () => encodeXRequest("Draw" as "MapWindow", { window: 1 }),
    /name must be the name of a request, got "Draw"/,
  );
  assert.throws(() => encodeXRequest("InternAtom", { onlyIfExists: false, name: "→" }), /of characters of Latin-1/);
});

test.run();
