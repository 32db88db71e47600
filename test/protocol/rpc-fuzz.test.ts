import dgram from "node:dgram";
import net from "node:net";
import fc from "fast-check";
import {
  answerCall,
  decodeReply,
  encodeCall,
  encodeRecord,
  encodeReply,
  MalformedMessage,
  PortTable,
  portmapperCalls,
  portmapperClient,
  portmapperProgram,
  RecordReader,
  startPortmapper,
  XdrReader,
  XdrWriter,
} from "kernel-lib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { soaked } from "../soak.js";
import { spoilt } from "./spoilt.js";

const test = suite("rpc-fuzz");

const numRuns = soaked(100_000);
const seed = Number(process.env.SOAK_SEED ?? 1);

const small = fc.oneof(fc.nat(6), fc.constantFrom(100000, 0x7fffffff, 0x80000000, 0xffffffff), fc.nat(0xffffffff));
const mapping = fc.record({
  program: small,
  version: small,
  transport: fc.oneof(fc.constantFrom("tcp" as const, "udp" as const), small),
  port: small,
});
const procedureArgs = fc.oneof(
  mapping.map((each) => portmapperCalls.set(each).args),
  fc.uint8Array({ maxLength: 40 }),
);
const call = fc
  .record({
    xid: small,
    program: fc.oneof(fc.constant(100000), small),
    version: fc.constantFrom(1, 2, 3),
    procedure: fc.nat(6),
    args: procedureArgs,
  })
  .map(encodeCall);
const list = fc.array(mapping, { maxLength: 10 }).map((mappings) => {
  const writer = new XdrWriter();
  for (const each of mappings) writer.bool(true).encoded(portmapperCalls.set(each).args);
  return encodeReply({ xid: 1, status: "SUCCESS", results: writer.bool(false).finish() });
});
function check<T>(property: fc.IProperty<T>): void {
  const found = fc.check(property, { numRuns, seed });
  assert.not.ok(found.failed, `SOAK_SEED=${seed}: ${found.errorInstance}\n${fc.stringify(found.counterexample)}`);
}

/** What it returns, or undefined if it says that the bytes are malformed; every other error is passed on. */
function unlessMalformed<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof MalformedMessage) return undefined;
    throw error;
  }
}

test(`${numRuns} spoilt calls are answered with a reply of the same xid, or not at all, and never fill the table`, () => {
  const table = new PortTable([], 20);
  const programs = [portmapperProgram(table)];
  const seen = new Map<string, number>();
  check(
    fc.property(spoilt(call), (bytes) => {
      const answer = answerCall(bytes, programs);
      const reply = answer && decodeReply(answer);
      const status = reply?.status ?? "none";
      seen.set(status, (seen.get(status) ?? 0) + 1);
      if (reply && reply.xid !== new XdrReader(bytes).uint()) throw new Error("another xid");
      if (answer && answer.length > 40 + 20 * 20) throw new Error(`${answer.length} bytes`);
      if (status === "SYSTEM_ERR") throw new Error("an error of ours");
      if (table.mappings.length > 20) throw new Error("a full table was filled");
    }),
  );
  // The claim would be empty if hardly anything got through.
  const all = [
    "none",
    "SUCCESS",
    "PROG_UNAVAIL",
    "PROG_MISMATCH",
    "PROC_UNAVAIL",
    "GARBAGE_ARGS",
    "RPC_MISMATCH",
    "AUTH_ERROR",
  ];
  const rare = all.filter((status) => (seen.get(status) ?? 0) < numRuns / 500);
  assert.equal(rare, [], JSON.stringify(Object.fromEntries(seen)));
});

test(`${numRuns} spoilt replies are read or named malformed, and so are the lists in them`, () => {
  let readable = 0;
  check(
    fc.property(spoilt(list), (bytes) => {
      const reply = unlessMalformed(() => decodeReply(bytes));
      if (reply?.status !== "SUCCESS") return;
      const mappings = unlessMalformed(() => portmapperCalls.dump().read(new XdrReader(reply.results)));
      if (mappings) readable++;
      if (mappings && mappings.length > bytes.length / 20) throw new Error("more entries than there is room for");
    }),
  );
  assert.ok(readable > numRuns / 20, `${readable} were readable`);
});

test(`${numRuns} spoilt streams give no more bytes than came, however they are cut`, () => {
  const stream = fc
    .array(fc.tuple(fc.uint8Array({ maxLength: 60 }), fc.integer({ min: 1, max: 60 })), { maxLength: 5 })
    .map((records) => Uint8Array.from(records.flatMap(([message, size]) => [...encodeRecord(message, size)])));
  check(
    fc.property(spoilt(stream), fc.integer({ min: 1, max: 50 }), (bytes, size) => {
      const reader = new RecordReader(64);
      let given = 0;
      unlessMalformed(() => {
        for (let at = 0; at < bytes.length; at += size)
          for (const message of reader.push(bytes.subarray(at, at + size))) given += message.length;
      });
      if (given > bytes.length) throw new Error(`${given} bytes out of ${bytes.length}`);
    }),
  );
});

test("a portmapper that was sent spoilt streams and datagrams of every kind still answers, and has not grown", async () => {
  const daemon = await startPortmapper({ patienceMs: 2000, maxConnections: 50 });
  const client = portmapperClient({ port: daemon.port, timeoutMs: 20_000 });
  const datagrams = dgram.createSocket("udp4");
  const send = (bytes: Uint8Array) =>
    new Promise<void>((resolve) => {
      const socket = net.connect(daemon.port, "127.0.0.1", () => socket.end(bytes));
      socket.on("error", () => undefined).on("close", () => resolve());
      socket.resume();
    });
  const record = call.map((bytes) => encodeRecord(bytes));
  const sample = (arbitrary: fc.Arbitrary<Uint8Array>) => fc.sample(spoilt(arbitrary), { numRuns: soaked(5000), seed });
  try {
    for (const bytes of sample(record)) await send(bytes);
    // Datagrams come in without a sign, so after each hundred the daemon is asked whether it has kept up.
    for (const [i, bytes] of sample(call).entries()) {
      datagrams.send(bytes, daemon.port, "127.0.0.1");
      if (i % 100 === 99) await client.ping();
    }
    await client.ping();
    assert.ok((await client.dump()).length <= 1024);
  } finally {
    datagrams.close();
    await daemon.close();
  }
});

test.run();
