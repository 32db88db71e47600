import zlib from "node:zlib";
import fc from "fast-check";
import {
  colourThrough,
  decodePixelFormat,
  encodeClientMessage,
  encodePixelFormat,
  Framebuffer,
  FramebufferClient,
  type FramebufferClientOptions,
  type FramebufferEncoding,
  FramebufferServer,
  type FramebufferServerEvent,
  type FramebufferServerOptions,
  type FramebufferVersion,
  keysyms,
  type PixelArea,
  type PixelEncoding,
  type PixelFormat,
  pixelFormats,
} from "kernel-lib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { soaked } from "../soak.js";
import { hex, sameBytes } from "./bytes.js";

const test = suite("framebuffer");
const seed = Number(process.env.SOAK_SEED ?? 1);

const ascii = (text: string) => new TextEncoder().encode(text);
const opening = (version: FramebufferVersion) => ascii(`RFB 003.00${version.at(-1)}\n`);
const concat = (...parts: readonly Uint8Array[]) => new Uint8Array(Buffer.concat(parts));

// ServerInit of a framebuffer of 4 × 3 that is called "desk": width, height, rgb888, a length and the name.
const deskInit = "0004 0003 20 18 00 01 00ff 00ff 00ff 10 08 00 000000 00000004 6465736b";

test("the handshake of 3.3 is the version, one type of security, and the two inits", () => {
  const server = new FramebufferServer(new Framebuffer(4, 3), { name: "desk" });
  assert.equal(server.take(), opening("3.8"));
  server.receive(opening("3.3"));
  sameBytes(server.take(), "00000001");
  server.receive(hex("01"));
  sameBytes(server.take(), deskInit);
  assert.is(server.version, "3.3");
});

test("3.7 offers a list of one, and says nothing of the result; 3.8 does", () => {
  for (const [version, result] of [
    ["3.7", ""],
    ["3.8", "00000000"],
  ] as const) {
    const server = new FramebufferServer(new Framebuffer(4, 3), { name: "desk" });
    server.take();
    server.receive(opening(version));
    sameBytes(server.take(), "0101");
    server.receive(hex("01"));
    sameBytes(server.take(), result);
    server.receive(hex("00"));
    sameBytes(server.take(), deskInit);
    assert.is(server.isShared, false);
  }
});

test("a client's version that is none of the three counts as the next lower", () => {
  const spoken = (line: string, isOld = false) => {
    const server = new FramebufferServer(new Framebuffer(4, 3));
    server.receive(ascii(line));
    const choice = isOld ? "" : "01";
    server.receive(hex(`${choice} 01`));
    return server.version;
  };
  assert.is(spoken("RFB 003.005\n", true), "3.3");
  assert.is(spoken("RFB 003.889\n"), "3.8");
  assert.is(spoken("RFB 004.001\n"), "3.8");
  assert.throws(() => spoken("RFB 002.002\n"), "older than 3.3");
  assert.throws(() => spoken("GET / HTTP/1."), "not a line of RFB");
});

test("a client that chooses a security type that was not offered is told why, and refused", () => {
  const server = new FramebufferServer(new Framebuffer(4, 3));
  server.take();
  server.receive(opening("3.8"));
  server.take();
  assert.throws(() => server.receive(hex("02")), "security type 2");
  assert.match(new TextDecoder().decode(server.take().subarray(8)), "only security type 1");
});

test("a client names what a server asks for that it can't give, and passes the server's reason on", () => {
  const told = (bytes: Uint8Array) => new FramebufferClient().receive(concat(opening("3.8"), bytes));
  assert.throws(() => told(hex("02 02 10")), "a server that offers security types 2, 16; only 1 (none) is spoken here");
  assert.throws(() => told(concat(hex("00 00000004"), ascii("busy"))), "the server refused: busy");
  assert.throws(() => told(concat(hex("01 01 00000001 00000003"), ascii("bad"))), "the server refused: bad");
});

test("messages of a client have the sizes of RFC 6143: 20, 4 + 4 each, 10, 8, 6, 8 + the text", () => {
  sameBytes(
    encodeClientMessage({ kind: "set pixel format", format: pixelFormats.rgb565 }),
    "00 000000 10 10 00 01 001f 003f 001f 0b 05 00 000000",
  );
  sameBytes(
    encodeClientMessage({ kind: "set encodings", encodings: [16, 1, -223] }),
    "02 00 0003 00000010 00000001 ffffff21",
  );
  const area = { x: 1, y: 2, width: 640, height: 480 };
  sameBytes(encodeClientMessage({ kind: "update request", isIncremental: true, area }), "03 01 0001 0002 0280 01e0");
  sameBytes(encodeClientMessage({ kind: "key", isDown: true, key: keysyms.enter }), "04 01 0000 0000ff0d");
  sameBytes(encodeClientMessage({ kind: "pointer", buttons: 1, x: 300, y: 5 }), "05 01 012c 0005");
  sameBytes(encodeClientMessage({ kind: "cut text", text: "aé" }), "06 000000 00000002 61e9");
});

/** A server and a client with the handshake behind them, and what passes between them. */
class Pair {
  readonly server: FramebufferServer;
  readonly client: FramebufferClient;
  readonly events: FramebufferServerEvent[] = [];
  /** What the server has sent since the handshake. */
  down = new Uint8Array(0);

  constructor(
    readonly screen: Framebuffer,
    options: FramebufferClientOptions = {},
    serverOptions: FramebufferServerOptions = {},
    readonly piece = Number.POSITIVE_INFINITY,
  ) {
    this.server = new FramebufferServer(screen, serverOptions);
    this.client = new FramebufferClient(options);
    for (let i = 0; i < 4; i++) this.exchange();
    this.down = new Uint8Array(0);
  }

  /** Both take what the other has sent, in pieces. */
  exchange(): void {
    const down = this.server.take();
    this.down = concat(this.down, down);
    for (let at = 0; at < down.length; at += this.piece)
      this.events.push(...this.client.receive(down.subarray(at, at + this.piece)));
    this.server.receive(this.client.take());
  }

  /** The client asks, and gets what is new. */
  update(isIncremental = true, area?: PixelArea): void {
    this.client.request({ isIncremental, ...(area ? { area } : {}) });
    this.exchange();
    this.exchange();
  }

  get picture(): Framebuffer {
    return this.client.framebuffer as Framebuffer;
  }
}

const only = (encoding: PixelEncoding): FramebufferClientOptions => ({ encodings: [encoding] });

/** What the server sends for a picture of three by two in one byte a pixel, where `a` to `d` are four colours. */
function written(encoding: PixelEncoding, rows: readonly string[]): Uint8Array {
  const screen = new Framebuffer(rows[0]?.length ?? 1, rows.length);
  const colours: Record<string, number> = { a: 0x000000, b: 0xff0000, c: 0x00ff00, d: 0x0000ff };
  screen.draw(screen.area, (x, y) => colours[rows[y]?.[x] ?? "a"]);
  const pair = new Pair(screen, { ...only(encoding), format: pixelFormats.bgr233 }, { evenIfLonger: true });
  pair.update(false);
  assert.ok(pair.picture.equals(screen), encoding);
  return pair.down;
}

// In bgr233 the four colours are the bytes 00, 07, 38 and c0.
test("Raw is a header of 4, one of 12 for each rectangle, and the pixels", () => {
  sameBytes(written("raw", ["abc", "dab"]), "00 00 0001 0000 0000 0003 0002 00000000 00 07 38 c0 00 07");
});

test("RRE is the number of rectangles, the background, and a pixel and 8 bytes for each", () => {
  sameBytes(
    written("rre", ["aabb", "aabb", "acaa"]),
    "00 00 0001 0000 0000 0004 0003 00000002 00000002 00 07 0002 0000 0002 0002 38 0001 0002 0001 0001",
  );
});

test("Hextile says background, foreground and rectangles of a tile, and in the next only what is new", () => {
  const line = `${"a".repeat(16)}${"a".repeat(16)}bb`;
  const rows = [`a${"b".repeat(3)}${line.slice(4)}`, line];
  // Tile 1: background, foreground, one rectangle at 1,0 of 3 × 1. Tile 2: nothing. Tile 3 of 2 × 2: another background.
  sameBytes(written("hextile", rows), "00 00 0001 0000 0000 0022 0002 00000005 0e 00 07 01 10 20 00 02 07");
});

test("Hextile in several colours names each, and a tile for which that is longer is raw", () => {
  const rows = ["abca", "aaaa", "aaaa", "aaaa"];
  sameBytes(written("hextile", rows), "00 00 0001 0000 0000 0004 0004 00000005 1a 00 02 07 10 00 38 20 00");
  sameBytes(written("hextile", ["abcd"]), "00 00 0001 0000 0000 0004 0001 00000005 01 00 07 38 c0");
});

/** The tiles of a ZRLE rectangle, unpacked by Node's zlib. */
function unpacked(update: Uint8Array): Uint8Array {
  const length = new DataView(update.buffer, update.byteOffset).getUint32(16);
  assert.is(update.length, 20 + length);
  return zlib.inflateSync(update.subarray(20), { finishFlush: zlib.constants.Z_SYNC_FLUSH });
}

test("ZRLE takes for each tile the shortest of its forms (tiles as unpacked by another zlib)", () => {
  const wide = (row: string) => row.padEnd(40, "a");
  sameBytes(unpacked(written("zrle", ["bbb", "bbb"])), "01 07");
  // Two colours: a bit a pixel, each row a whole byte.
  sameBytes(unpacked(written("zrle", ["abababab", "bababaab"])), "02 00 07 55 a9");
  // Four: two bits.
  sameBytes(unpacked(written("zrle", ["abcdabcda", "dcbadcbad"])), "04 00 07 38 c0 1b1b00 e4e4c0");
  // Few runs of a palette: a byte for a single pixel, an index with its highest bit set and a length less one for more.
  sameBytes(unpacked(written("zrle", [wide("bcbcbc"), wide("")])), "83 07 38 00 00 01 00 01 00 01 82 49");
  // Two runs: each a pixel and a length less one.
  sameBytes(unpacked(written("zrle", [wide(""), wide("").replaceAll("a", "b")])), "80 00 27 07 27");
  sameBytes(unpacked(written("zrle", ["abcd"])), "00 00 07 38 c0");
});

test("ZRLE keeps one zlib stream for a connection: a second update can't be unpacked alone, and is shorter", () => {
  const screen = new Framebuffer(64, 64);
  const draw = (salt: number) => screen.draw(screen.area, (x, y) => (x * 7919 + y * 104729 + salt) & 0xffffff);
  draw(0);
  const pair = new Pair(screen, only("zrle"));
  pair.update(false);
  const first = pair.down;
  pair.down = new Uint8Array(0);
  pair.update(false);
  const second = pair.down;
  assert.ok(second.length < first.length / 20, `${second.length} after ${first.length}`);
  assert.throws(() => unpacked(second));
  const both = concat(first.subarray(20), second.subarray(20));
  const tiles = zlib.inflateSync(both, { finishFlush: zlib.constants.Z_SYNC_FLUSH });
  assert.equal(tiles.subarray(0, tiles.length / 2), tiles.subarray(tiles.length / 2));
});

test("a pixel of 32 bits in ZRLE is three bytes if one never means anything, and four if all do", () => {
  const tile = (format: PixelFormat) => {
    const screen = new Framebuffer(2, 1);
    screen.fill(screen.area, 0x123456);
    const pair = new Pair(screen, { ...only("zrle"), format });
    pair.update(false);
    assert.is(pair.picture.at(0, 0), 0x123456);
    return unpacked(pair.down);
  };
  const { rgb888 } = pixelFormats;
  sameBytes(tile(rgb888), "01 56 34 12");
  sameBytes(tile({ ...rgb888, isBigEndian: true }), "01 12 34 56");
  sameBytes(tile({ ...rgb888, redShift: 24, greenShift: 16, blueShift: 8 }), "01 56 34 12");
  sameBytes(tile({ ...rgb888, redShift: 24, greenShift: 16, blueShift: 8, isBigEndian: true }), "01 12 34 56");
  sameBytes(tile({ ...rgb888, depth: 32 }), "01 56 34 12 00");
});

const formats: Record<string, PixelFormat> = {
  ...pixelFormats,
  "rgb888, big end first": { ...pixelFormats.rgb888, isBigEndian: true },
  "rgb565, big end first": { ...pixelFormats.rgb565, isBigEndian: true },
  "rgb888 in the upper three bytes": { ...pixelFormats.rgb888, redShift: 24, greenShift: 16, blueShift: 8 },
  "ten bits a colour": {
    ...pixelFormats.rgb888,
    depth: 30,
    redMax: 1023,
    greenMax: 1023,
    blueMax: 1023,
    redShift: 20,
    greenShift: 10,
  },
};

const side = fc.integer({ min: 1, max: 90 });
const place = fc.integer({ min: -10, max: 90 });
const area = fc.record({ x: place, y: place, width: side, height: side });
const colour = fc.oneof(fc.constantFrom(0, 0xffffff, 0xff0000, 0x00ff00), fc.nat(0xffffff));
const change = fc.oneof(
  fc.record({ kind: fc.constant("fill" as const), area, colour }),
  fc.record({ kind: fc.constant("noise" as const), area, colour, colours: fc.constantFrom(2, 3, 5, 20, 200, 2 ** 24) }),
  fc.record({
    kind: fc.constant("copy" as const),
    area,
    dx: fc.integer({ min: -40, max: 40 }),
    dy: fc.integer({ min: -40, max: 40 }),
  }),
  fc.record({ kind: fc.constant("resize" as const), width: side, height: side }),
  fc.record({ kind: fc.constant("ask" as const), isIncremental: fc.boolean(), part: fc.option(area) }),
);
type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;

function make(screen: Framebuffer, each: Exclude<Change, { kind: "ask" }>): void {
  if (each.kind === "fill") screen.fill(each.area, each.colour);
  else if (each.kind === "copy") screen.copy(each.area, each.dx, each.dy);
  else if (each.kind === "resize") screen.resize(each.width, each.height);
  else {
    let state = each.colour;
    screen.draw(each.area, () => {
      state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
      return Math.imul((state >> 7) % each.colours, 0x9e3779) & 0xffffff;
    });
  }
}

/** The server's picture as it looks in a pixel format. */
function through(format: PixelFormat, screen: Framebuffer): Framebuffer {
  const seen = new Framebuffer(screen.width, screen.height);
  const known = new Map<number, number>();
  seen.draw(seen.area, (x, y) => {
    const colour = screen.at(x, y) as number;
    const reduced = known.get(colour) ?? colourThrough(format, colour);
    known.set(colour, reduced);
    return reduced;
  });
  return seen;
}

const scenes = soaked(15_000);
const choices: readonly (readonly FramebufferEncoding[])[] = [
  ["raw"],
  ["rre"],
  ["hextile"],
  ["zrle"],
  ["copyRect", "raw"],
  ["zrle", "copyRect"],
  ["copyRect", "hextile"],
];

test(`the client's picture is the server's after each whole update, in ${scenes} random scenes of every encoding and format`, () => {
  const used = new Map<string, number>();
  const property = fc.property(
    fc.array(change, { maxLength: 14 }),
    fc.constantFrom(...choices),
    fc.constantFrom(...Object.values(formats)),
    fc.constantFrom<FramebufferVersion>("3.3", "3.7", "3.8"),
    fc.integer({ min: 1, max: 3000 }),
    fc.boolean(),
    (changes, encodings, format, version, piece, evenIfLonger) => {
      const screen = new Framebuffer(70, 50);
      const options = { encodings: [...encodings, "desktopSize" as const], format, version };
      const pair = new Pair(screen, options, { evenIfLonger }, piece);
      pair.update(false);
      for (const each of changes)
        if (each.kind === "ask") {
          const part = each.part && { ...each.part, x: Math.max(0, each.part.x), y: Math.max(0, each.part.y) };
          pair.update(each.isIncremental, part ?? undefined);
        } else make(screen, each);
      // A change of the size is an update of its own, and a request that still waits is joined by the next.
      for (let i = 0; i < 3; i++) pair.update();
      if (!pair.picture.equals(through(format, screen))) throw new Error("another picture");
      for (const event of pair.events)
        if (event.kind === "update")
          for (const { encoding } of event.rectangles) used.set(encoding, (used.get(encoding) ?? 0) + 1);
      const sent = pair.server.takeUpdates().reduce((sum, { bytes }) => sum + bytes, 0);
      const came = pair.events.reduce((sum, event) => sum + (event.kind === "update" ? event.bytes : 0), 0);
      if (sent !== came || sent !== pair.down.length)
        throw new Error(`${sent} bytes sent, ${came} counted by the client`);
    },
  );
  const found = fc.check(property, { numRuns: scenes, seed });
  assert.not.ok(found.failed, `SOAK_SEED=${seed}: ${found.errorInstance}\n${fc.stringify(found.counterexample)}`);
  // The claim would be empty if an encoding were hardly used.
  const all = ["raw", "rre", "hextile", "zrle", "copyRect", "desktopSize"];
  assert.equal(
    all.filter((name) => (used.get(name) ?? 0) < scenes / 20),
    [],
    JSON.stringify([...used]),
  );
});

test("a pixel format that is read is the one that was written; each of its faults is named", () => {
  for (const format of Object.values(formats)) assert.equal(decodePixelFormat(encodePixelFormat(format)), format);
  const spoilt = (at: number, byte: number) => {
    const bytes = encodePixelFormat(pixelFormats.rgb888);
    bytes[at] = byte;
    return () => decodePixelFormat(bytes);
  };
  assert.throws(spoilt(0, 24), "bitsPerPixel is 24: it must be 8, 16 or 32");
  assert.throws(spoilt(1, 40), "depth");
  assert.throws(spoilt(3, 0), "table of colours");
  assert.throws(spoilt(5, 254), "redMax");
  assert.throws(spoilt(10, 250), "redShift");
  assert.throws(spoilt(11, 12), "do not overlap");
  assert.throws(() => decodePixelFormat(new Uint8Array(15)), "16 bytes, not 15");
});

test("a client that knows no encoding of ours, as one with zlib alone, gets Raw", () => {
  const screen = new Framebuffer(20, 10);
  screen.fill({ x: 2, y: 2, width: 5, height: 5 }, 0x00ff00);
  const pair = new Pair(screen, { encodings: [] });
  pair.server.receive(encodeClientMessage({ kind: "set encodings", encodings: [6, 7, -239] }));
  pair.update(false);
  assert.is(pair.server.encoding, "raw");
  assert.ok(pair.picture.equals(screen));
});

test("RRE of a noisy picture would be longer than Raw, and so Raw is sent", () => {
  const sent = (evenIfLonger: boolean) => {
    const screen = new Framebuffer(40, 30);
    screen.draw(screen.area, (x, y) => (x * 7919 + y * 104729) & 0xffffff);
    const pair = new Pair(screen, only("rre"), { evenIfLonger });
    pair.update(false);
    assert.ok(pair.picture.equals(screen));
    return pair.down.length;
  };
  assert.is(sent(false), 4 + 12 + 40 * 30 * 4);
  assert.ok(sent(true) > 2 * sent(false), `${sent(true)}`);
});

test("nothing is sent before it is asked for, and nothing when nothing is new", () => {
  const screen = new Framebuffer(20, 10);
  const pair = new Pair(screen, only("raw"));
  screen.fill({ x: 0, y: 0, width: 3, height: 1 }, 0xff);
  pair.exchange();
  assert.is(pair.down.length, 0);
  pair.update();
  assert.is(pair.down.length, 4 + 12 + 3 * 4);
  pair.update();
  assert.ok(pair.server.isAsked, "it waits for news");
  assert.is(pair.down.length, 4 + 12 + 3 * 4);
  screen.fill({ x: 5, y: 5, width: 1, height: 1 }, 0xff);
  pair.exchange();
  assert.is(pair.down.length, 2 * (4 + 12) + 4 * 4);
  assert.not.ok(pair.server.isAsked);
});

test("what was scrolled travels as a copy of 16 bytes, and the line that came in as pixels", () => {
  const screen = new Framebuffer(40, 40);
  screen.draw(screen.area, (x, y) => x * 1000 + y);
  const pair = new Pair(screen, { encodings: ["raw", "copyRect"] });
  pair.update(false);
  pair.down = new Uint8Array(0);
  screen.copy({ x: 0, y: 10, width: 40, height: 30 }, 0, -10);
  screen.fill({ x: 0, y: 30, width: 40, height: 10 }, 0xffffff);
  pair.update();
  assert.is(pair.down.length, 4 + (12 + 4) + (12 + 40 * 10 * 4));
  assert.ok(pair.picture.equals(screen));
});

test("input, bell and clipboard pass both ways", () => {
  const pair = new Pair(new Framebuffer(20, 10));
  pair.client.input({ kind: "key", isDown: true, key: 0x61 });
  pair.client.input({ kind: "pointer", buttons: 1, x: 3, y: 4 });
  pair.client.input({ kind: "cut text", text: "für" });
  assert.equal(pair.server.receive(pair.client.take()), [
    { kind: "key", isDown: true, key: 0x61 },
    { kind: "pointer", buttons: 1, x: 3, y: 4 },
    { kind: "cut text", text: "für" },
  ]);
  pair.server.bell();
  pair.server.cutText("olá");
  pair.exchange();
  assert.equal(pair.events.slice(-2), [{ kind: "bell" }, { kind: "cut text", text: "olá" }]);
});

test("sizes that nobody can mean are refused by name, before memory is taken for them", () => {
  const greeted = (init: string) => {
    const client = new FramebufferClient();
    client.receive(concat(opening("3.8"), hex(`01 01 00000000 ${init}`)));
    return client;
  };
  const format = "20180001 00ff00ff00ff 100800 000000";
  assert.throws(() => greeted(`ffff ffff ${format} 00000000`), "a framebuffer of 65535 × 65535 pixels");
  assert.throws(() => greeted(`0000 0010 ${format} 00000000`), "a framebuffer of 0 × 16 pixels");
  assert.throws(() => greeted(`0010 0010 ${format} 7fffffff`), "a server's name of 2147483647 bytes");
  const update = (bytes: string) => () => greeted(`0010 0010 ${format} 00000000`).receive(hex(`00 00 0001 ${bytes}`));
  assert.throws(update("0000 0000 ffff ffff 00000000"), "a rectangle of 65535 × 65535 at 0, 0, outside of 16 × 16");
  assert.throws(update("0000 0000 ffff ffff ffffff21"), "a framebuffer of 65535 × 65535 pixels");
  assert.throws(update("0001 0000 0010 0010 00000001 0000 0000"), "outside of 16 × 16");
  assert.throws(update("0000 0000 0010 0010 00000010 7fffffff"), "ZRLE: 2147483647 bytes for 16 × 16 pixels");
  assert.throws(update("0000 0000 0010 0010 00000007"), "a rectangle in encoding 7, which was not asked for");
});

test("a few bytes that stand for far too much are refused by name: a zlib bomb, rectangles upon rectangles", () => {
  const served = (encoding: number, body: Uint8Array, count = 1) => {
    const client = new FramebufferClient({ mostPixels: 256 });
    client.receive(
      concat(opening("3.8"), hex("01 01 00000000 0010 0010 20180001 00ff00ff00ff 100800 000000 00000000")),
    );
    const head = hex(`0000 0000 0010 0010 ${encoding.toString(16).padStart(8, "0")}`);
    const rectangles = Array.from({ length: count }, () => concat(head, body));
    client.receive(concat(hex(`00 00 ${count.toString(16).padStart(4, "0")}`), ...rectangles));
  };
  const packed = (bytes: Uint8Array) => {
    const stream = zlib.deflateSync(bytes, { finishFlush: zlib.constants.Z_SYNC_FLUSH });
    const length = new Uint8Array(4);
    new DataView(length.buffer).setUint32(0, stream.length);
    return concat(length, stream);
  };
  const bomb = packed(new Uint8Array(300_000));
  assert.ok(bomb.length < 400, `${bomb.length}`);
  assert.throws(() => served(16, bomb), "zlib: more comes out of it than the rectangle can need");
  served(16, packed(hex("01 112233")));
  assert.throws(() => served(16, packed(hex("01 112233 00"))), "ZRLE: 1 bytes behind the last tile");
  assert.throws(() => served(16, packed(hex("11 112233"))), "ZRLE: a tile of form 17, which is none");
  const whole = hex("00000000 0000 0000 0010 0010");
  const layers = (count: number) =>
    concat(hex(`${count.toString(16).padStart(8, "0")} 00000000`), ...Array(count).fill(whole));
  served(2, layers(16));
  assert.throws(() => served(2, layers(17)), "RRE: rectangles that paint each pixel more than 16 times");
  const solid = hex("02 00000000");
  served(5, solid, 4);
  assert.throws(() => served(5, solid, 5), "an update of 1280 pixels or more, where at most 4 times 256 may come");
});

test.run();
