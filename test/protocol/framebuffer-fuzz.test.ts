import fc from "fast-check";
import {
  encodeClientMessage,
  Framebuffer,
  FramebufferClient,
  FramebufferServer,
  MalformedMessage,
  type PixelFormat,
  pixelFormats,
} from "kernel-lib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { soaked } from "../soak.js";
import { spoilt } from "./spoilt.js";

const test = suite("framebuffer-fuzz");
const numRuns = soaked(100_000);
const seed = Number(process.env.SOAK_SEED ?? 1);

const concat = (...parts: readonly Uint8Array[]) => new Uint8Array(Buffer.concat(parts));
const ascii = (text: string) => new TextEncoder().encode(text);

/** What it returns, or why the bytes are malformed; every other error is passed on. */
function readable(read: () => void): string {
  try {
    read();
    return "read";
  } catch (error) {
    if (error instanceof MalformedMessage) return "malformed";
    throw error;
  }
}

/** The longest that a few hundred bytes may keep us busy, on a machine that does much else. */
const longestMs = 3000;

function check<T>(property: fc.IProperty<T>): void {
  const found = fc.check(property, { numRuns, seed });
  assert.not.ok(found.failed, `SOAK_SEED=${seed}: ${found.errorInstance}\n${fc.stringify(found.counterexample)}`);
}

const shortArea = fc.record({ x: fc.nat(60), y: fc.nat(60), width: fc.nat(60), height: fc.nat(60) });
const clientMessage = fc.oneof(
  fc
    .constantFrom<PixelFormat>(...Object.values(pixelFormats))
    .map((format) => encodeClientMessage({ kind: "set pixel format", format })),
  fc
    .array(fc.constantFrom(0, 1, 2, 5, 16, -223, 7), { maxLength: 5 })
    .map((encodings) => encodeClientMessage({ kind: "set encodings", encodings })),
  fc
    .tuple(shortArea, fc.boolean())
    .map(([area, isIncremental]) => encodeClientMessage({ kind: "update request", isIncremental, area })),
  fc.tuple(fc.nat(0xffff), fc.boolean()).map(([key, isDown]) => encodeClientMessage({ kind: "key", isDown, key })),
  fc
    .tuple(fc.nat(255), fc.nat(70), fc.nat(70))
    .map(([buttons, x, y]) => encodeClientMessage({ kind: "pointer", buttons, x, y })),
  fc.string({ maxLength: 20 }).map((text) => encodeClientMessage({ kind: "cut text", text })),
);
const clientStream = fc
  .tuple(
    fc.constantFrom("RFB 003.003\n\x01", "RFB 003.007\n\x01\x01", "RFB 003.008\n\x01\x00"),
    fc.array(clientMessage, { maxLength: 8 }),
  )
  .map(([opening, messages]) => concat(ascii(opening), ...messages));

test(`${numRuns} spoilt streams of clients are read or named malformed by the server, which sends no more than it was asked for`, () => {
  const seen = new Map<string, number>();
  check(
    fc.property(spoilt(clientStream), fc.integer({ min: 1, max: 60 }), (bytes, size) => {
      const screen = new Framebuffer(64, 64);
      screen.draw(screen.area, (x, y) => (x * y * 977) & 0xffffff);
      const server = new FramebufferServer(screen);
      let [sent, inputs] = [0, 0];
      const startMs = performance.now();
      const how = readable(() => {
        for (let at = 0; at < bytes.length; at += size) {
          inputs += server.receive(bytes.subarray(at, at + size)).length;
          sent += server.take().length;
        }
      });
      const tookMs = performance.now() - startMs;
      server.close();
      seen.set(how, (seen.get(how) ?? 0) + 1);
      if (inputs > 0) seen.set("inputs", (seen.get("inputs") ?? 0) + 1);
      // A request has 10 bytes, and a whole answer in the longest of encodings is some 32 KiB.
      if (sent > 200 + (bytes.length / 10) * 33_000) throw new Error(`${sent} bytes for ${bytes.length}`);
      if (inputs > bytes.length / 6) throw new Error(`${inputs} inputs out of ${bytes.length} bytes`);
      if (tookMs > longestMs) throw new Error(`${tookMs} ms for ${bytes.length} bytes`);
    }),
  );
  for (const how of ["read", "malformed", "inputs"])
    assert.ok((seen.get(how) ?? 0) > numRuns / 10, JSON.stringify([...seen]));
});

/** What a server sends for a random scene, to a client that asks for all encodings in one of three formats. */
const serverStream = fc
  .tuple(
    fc.constantFrom("zrle", "hextile", "rre", "raw"),
    fc.constantFrom<PixelFormat>(...Object.values(pixelFormats)),
    fc.array(fc.tuple(shortArea, fc.constantFrom(1, 2, 4, 40, 9999), fc.boolean()), { maxLength: 4 }),
  )
  .map(([encoding, format, changes]) => {
    const screen = new Framebuffer(48, 40);
    const server = new FramebufferServer(screen, { evenIfLonger: true, format });
    const numbers = { zrle: 16, hextile: 5, rre: 2, raw: 0 };
    const encodings = [numbers[encoding as keyof typeof numbers], 1, -223];
    server.receive(concat(ascii("RFB 003.008\n\x01\x01"), encodeClientMessage({ kind: "set encodings", encodings })));
    const parts = [server.take()];
    for (const [area, colours, isCopy] of changes) {
      if (isCopy) screen.copy(area, 3, -2);
      else screen.draw(area, (x, y) => (((x * 31 + y * 17) % colours) * 0x12345) & 0xffffff);
      server.receive(encodeClientMessage({ kind: "update request", isIncremental: true, area: screen.area }));
      parts.push(server.take());
    }
    return concat(...parts);
  });

test(`${numRuns} spoilt streams of servers are read or named malformed by the client, soon, whose picture never grows beyond its limit`, () => {
  const seen = new Map<string, number>();
  check(
    fc.property(spoilt(serverStream), fc.integer({ min: 1, max: 2000 }), (bytes, size) => {
      const client = new FramebufferClient({ mostPixels: 100_000 });
      let updates = 0;
      const startMs = performance.now();
      const how = readable(() => {
        for (let at = 0; at < bytes.length; at += size)
          for (const event of client.receive(bytes.subarray(at, at + size))) if (event.kind === "update") updates++;
      });
      const tookMs = performance.now() - startMs;
      seen.set(how, (seen.get(how) ?? 0) + 1);
      if (updates > 0) seen.set("updates", (seen.get("updates") ?? 0) + 1);
      const picture = client.framebuffer;
      if (picture && picture.width * picture.height > 100_000) throw new Error("a picture beyond the limit");
      if (updates > bytes.length / 4) throw new Error(`${updates} updates out of ${bytes.length} bytes`);
      if (tookMs > longestMs) throw new Error(`${tookMs} ms for ${bytes.length} bytes`);
    }),
  );
  for (const how of ["read", "malformed", "updates"])
    assert.ok((seen.get(how) ?? 0) > numRuns / 20, JSON.stringify([...seen]));
});

test.run();
