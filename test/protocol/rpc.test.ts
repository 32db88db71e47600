import fc from "fast-check";
import {
  answerCall,
  decodeCall,
  decodeReply,
  encodeCall,
  encodeRecord,
  encodeReply,
  MalformedMessage,
  ParameterError,
  RecordReader,
  type RpcCall,
  type RpcProgram,
  type RpcReply,
  XdrReader,
  XdrWriter,
} from "kernel-lib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { failureOf } from "../world/both-worlds.js";
import { hex, sameBytes, toHex } from "./bytes.js";

const test = suite("rpc");

const nothing = new Uint8Array(0);
const greeting: RpcCall = { xid: 7, program: 0x20000001, version: 1, procedure: 1, args: nothing };
const programs: RpcProgram[] = [
  {
    program: 0x20000001,
    version: 1,
    procedures: {
      1: (args, results) => void results.uint(args.uint() + 1),
      2: () => {
        throw new Error("a fault of the procedure");
      },
    },
  },
  { program: 0x20000001, version: 4, procedures: {} },
];
const answerTo = (call: Partial<RpcCall>) =>
  decodeReply(answerCall(encodeCall({ ...greeting, ...call }), programs) as Uint8Array);
const one = new XdrWriter().uint(1).finish();

test("XDR pads opaque bytes to four with zeros, most significant byte first (RFC 4506)", () => {
  const bytes = new XdrWriter().uint(258).bool(true).opaque(hex("aa bb cc dd ee")).finish();
  sameBytes(bytes, "00000102 00000001 00000005 aabbccdd ee000000");
  const reader = new XdrReader(bytes);
  assert.equal([reader.uint(), reader.bool(), toHex(reader.opaque(5))], [258, true, "aabbccddee"]);
  assert.is(reader.rest().length, 0);
});

test("a number that does not fit into 32 bits is refused, and not cut", async () => {
  for (const value of [-1, 2 ** 32, 1.5, Number.NaN])
    assert.match(await failureOf(() => new XdrWriter().uint(value)), /^ParameterError: XdrWriter.uint: value must be/);
  assert.throws(
    () => encodeCall({ ...greeting, version: 2 ** 32 }),
    (error: Error) => error instanceof ParameterError,
  );
});

test("what is too short, or a boolean of 2, or longer than may be, is malformed", async () => {
  const wrong: Record<string, () => unknown> = {
    "3 bytes": () => new XdrReader(hex("000000")).uint(),
    "a boolean of 2": () => new XdrReader(hex("00000002")).bool(),
    "opaque bytes that are not there": () => new XdrReader(hex("00000005 aabbccddee")).opaque(10),
    "more opaque bytes than may be": () => new XdrReader(hex("ffffffff aabbccdd")).opaque(400),
  };
  for (const [what, read] of Object.entries(wrong)) assert.match(await failureOf(read), /^MalformedMessage/, what);
});

test("a call has the bytes that RFC 5531 gives it: xid, CALL, 2, program, version, procedure, two times no authentication", () => {
  const call = { xid: 0x01020304, program: 100000, version: 2, procedure: 0, args: nothing };
  sameBytes(
    encodeCall(call),
    "01020304 00000000 00000002 000186a0 00000002 00000000 00000000 00000000 00000000 00000000",
  );
});

test("a refusal of the RPC version has the bytes that RFC 5531 gives it", () => {
  const version3 = hex("00000009 00000000 00000003 000186a0 00000002 00000000 00000000 00000000 00000000 00000000");
  sameBytes(answerCall(version3, programs), "00000009 00000001 00000001 00000000 00000002 00000002");
});

const word = fc.nat(0xffffffff);
const plain = { noNullPrototype: true };
const auth = fc.record({ flavor: word, body: fc.uint8Array({ maxLength: 400 }) }, plain);
const anyCall = fc.record(
  {
    xid: word,
    program: word,
    version: word,
    procedure: word,
    credential: auth,
    verifier: auth,
    args: fc.uint8Array({ maxLength: 100 }),
  },
  plain,
);
const anyReply: fc.Arbitrary<RpcReply> = fc.oneof(
  fc.record({ xid: word, status: fc.constant("SUCCESS" as const), results: fc.uint8Array({ maxLength: 100 }) }, plain),
  fc.record(
    { xid: word, status: fc.constantFrom("PROG_UNAVAIL", "PROC_UNAVAIL", "GARBAGE_ARGS", "SYSTEM_ERR") },
    plain,
  ),
  fc.record({ xid: word, status: fc.constantFrom("PROG_MISMATCH", "RPC_MISMATCH"), low: word, high: word }, plain),
  fc.record({ xid: word, status: fc.constant("AUTH_ERROR" as const), why: word }, plain),
);

test("any call and any reply come out as they went in", () => {
  fc.assert(
    fc.property(anyCall, (call) => {
      const decoded = decodeCall(encodeCall(call));
      assert.equal("call" in decoded && decoded.call, call);
    }),
    { seed: 1 },
  );
  fc.assert(
    fc.property(anyReply, (reply) => assert.equal(decodeReply(encodeReply(reply)), reply)),
    { seed: 1 },
  );
});

test("each way in which a call can fail has its answer", () => {
  const body = (length: number) => new Uint8Array(length);
  const cases: [string, Partial<RpcCall>, object][] = [
    ["it succeeds", { args: one }, { status: "SUCCESS", results: new XdrWriter().uint(2).finish() }],
    ["procedure 0 is always there", { procedure: 0 }, { status: "SUCCESS", results: nothing }],
    ["no such program", { program: 5 }, { status: "PROG_UNAVAIL" }],
    ["no such version", { version: 2 }, { status: "PROG_MISMATCH", low: 1, high: 4 }],
    ["no such procedure", { procedure: 3 }, { status: "PROC_UNAVAIL" }],
    ["arguments too short", { args: one.subarray(1) }, { status: "GARBAGE_ARGS" }],
    ["the procedure fails", { procedure: 2 }, { status: "SYSTEM_ERR" }],
    [
      "AUTH_SYS is let in",
      { procedure: 0, credential: { flavor: 1, body: body(20) } },
      { status: "SUCCESS", results: nothing },
    ],
    ["an unknown flavor", { credential: { flavor: 6, body: nothing } }, { status: "AUTH_ERROR", why: 2 }],
    ["a credential of 401 bytes", { credential: { flavor: 1, body: body(401) } }, { status: "AUTH_ERROR", why: 1 }],
  ];
  for (const [what, call, outcome] of cases) assert.equal(answerTo(call), { xid: 7, ...outcome }, what);
});

test("what is no call, a reply among them, gets no answer", () => {
  const reply = encodeReply({ xid: 7, status: "SUCCESS", results: nothing });
  for (const bytes of [nothing, hex("00"), reply, encodeCall(greeting).subarray(0, 20)])
    assert.is(answerCall(bytes, programs), undefined, toHex(bytes));
});

const cut = (stream: Uint8Array, sizes: readonly number[]): Uint8Array[] => {
  const pieces: Uint8Array[] = [];
  for (let at = 0, i = 0; at < stream.length; i++) {
    const size = sizes[i % sizes.length] ?? 1;
    pieces.push(stream.subarray(at, at + size));
    at += size;
  }
  return pieces;
};
const joined = (parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((part) => [...part]));

test("a record's mark is its length, with the highest bit in the last fragment (RFC 5531, section 11)", () => {
  sameBytes(encodeRecord(hex("aabbccddee")), "80000005 aabbccddee");
  sameBytes(encodeRecord(hex("aabbccddee"), 2), "00000002aabb 00000002ccdd 80000001ee");
  sameBytes(encodeRecord(nothing), "80000000");
});

test("messages come out of the stream in order and whole, however it is fragmented and cut", () => {
  const messages = fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 8 });
  const sizes = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(messages, sizes, sizes, (sent, fragments, pieces) => {
      const stream = joined(sent.map((message, i) => encodeRecord(message, fragments[i % fragments.length])));
      const reader = new RecordReader(50);
      const got = cut(stream, pieces).flatMap((piece) => reader.push(piece));
      assert.equal(got.map(toHex), sent.map(toHex));
      assert.not(reader.isInside);
    }),
    { seed: 1 },
  );
});

test("a message that will be too long is refused at its mark, before its bytes have come or room is made for them", async () => {
  assert.match(
    await failureOf(() => new RecordReader(100).push(hex("80000065"))),
    /^MalformedMessage: a message of 101 /,
  );
  const many = new RecordReader(100);
  many.push(joined([hex("00000064"), new Uint8Array(100)]));
  assert.match(await failureOf(() => many.push(hex("80000001"))), /^MalformedMessage: a message of 101 /);
});

test("a message has begun with the first byte of its mark, also after an empty fragment", () => {
  for (const begun of ["80", "00000000", "00000001", "00000001aa"]) {
    const reader = new RecordReader(10);
    reader.push(hex(begun));
    assert.ok(reader.isInside, begun);
  }
});

test("an error of the library is passed on, and not taken for a malformed message", () => {
  assert.throws(
    () => new RecordReader(0),
    (error: Error) => error instanceof ParameterError,
  );
  assert.throws(
    () => encodeRecord(one, 0),
    (error: Error) => error instanceof ParameterError,
  );
  assert.throws(
    () => decodeReply(nothing),
    (error: Error) => error instanceof MalformedMessage,
  );
});

test.run();
