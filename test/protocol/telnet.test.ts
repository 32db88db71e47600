import fc from "fast-check";
import {
  FtpCommandReader,
  ftpCommand,
  ftpReply,
  type TelnetEvent,
  TelnetReceiver,
  telnetCommand,
  telnetCommands,
  telnetData,
} from "kernel-lib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { soaked } from "../soak.js";

const test = suite("protocol: Telnet's stream and its Synch, FTP's commands and abort");

const bytesOf = (text: string) => new TextEncoder().encode(text);
const concat = (...parts: readonly (Uint8Array | string)[]) =>
  Uint8Array.from(parts.flatMap((part) => [...(typeof part === "string" ? bytesOf(part) : part)]));

/** Neighbouring data joined, bytes as arrays: what does not depend on how the stream was cut. */
function joined(events: readonly TelnetEvent[]): unknown[] {
  const all: unknown[] = [];
  let data: number[] | undefined;
  for (const event of events) {
    if (event.kind === "data") {
      if (data) data.push(...event.bytes);
      else {
        data = [...event.bytes];
        all.push(data);
      }
      continue;
    }
    data = undefined;
    all.push("bytes" in event ? { ...event, bytes: [...event.bytes] } : event);
  }
  return all;
}
const received = (...parts: readonly Uint8Array[]) => {
  const receiver = new TelnetReceiver();
  return joined(parts.flatMap((part) => receiver.receive(part)));
};

test("a stream with every kind of event, calculated by hand", () => {
  const stream = Uint8Array.of(65, 255, 255, 66, 255, 246, 255, 253, 1, 255, 250, 24, 1, 255, 255, 255, 240, 67);
  assert.equal(received(stream), [
    [65, 255, 66],
    { kind: "command", command: "AYT" },
    { kind: "command", command: "DO", option: 1 },
    { kind: "subnegotiation", bytes: [24, 1, 255] },
    [67],
  ]);
});

test("after the urgent news data are thrown away up to the mark, and commands are obeyed", () => {
  const receiver = new TelnetReceiver();
  assert.equal(joined(receiver.receive(bytesOf("ls"))), [[...bytesOf("ls")]]);
  receiver.urgent();
  assert.is(receiver.isDiscarding, true);
  const stream = concat("type-ahead", telnetCommand("IP"), Uint8Array.of(255, 255), telnetCommand("DM"), "who");
  assert.equal(joined(receiver.receive(stream)), [
    { kind: "command", command: "IP" },
    { kind: "synch", discardedBytes: 11 },
    [...bytesOf("who")],
  ]);
  assert.is(receiver.isDiscarding, false);
});

test("a data mark without urgent news is nothing special", () => {
  assert.equal(received(concat("a", telnetCommand("DM"), "b")), [[97], { kind: "command", command: "DM" }, [98]]);
});

test("two Synchs in a row throw away up to the last mark", () => {
  const receiver = new TelnetReceiver();
  receiver.urgent();
  receiver.urgent();
  const stream = concat("one", telnetCommand("DM"), "two", telnetCommand("DM"), "three");
  assert.equal(joined(receiver.receive(stream)), [{ kind: "synch", discardedBytes: 6 }, [...bytesOf("three")]]);
});

test("the codes are those of RFC 854", () => {
  const { IP, AO, AYT, DM, SB, SE, WILL, WONT, DO, DONT } = telnetCommands;
  assert.equal([IP, AO, AYT, DM, SB, SE], [244, 245, 246, 242, 250, 240]);
  assert.equal([WILL, WONT, DO, DONT], [251, 252, 253, 254]);
  assert.equal([...telnetCommand("DM")], [255, 242]);
});

// Bytes of which half are what the parser looks at.
const special = fc.constantFrom(255, 242, 240, 250, 251, 254, 244, 10, 13, 0);
const stream = fc
  .uint8Array({ maxLength: 400 })
  .chain((plain) =>
    fc.array(fc.oneof(special, fc.nat(255)), { maxLength: 200 }).map((more) => Uint8Array.from([...plain, ...more])),
  );
/** A stream in pieces, with the urgent news before some of them. */
const pieces = fc.array(fc.record({ bytes: stream, isUrgent: fc.boolean() }), { maxLength: 6 });

test("any bytes, with urgent news anywhere: no error, no data before the mark, no more out than in", () => {
  fc.assert(
    fc.property(pieces, (parts) => {
      const receiver = new TelnetReceiver();
      let [given, taken] = [0, 0];
      for (const { bytes, isUrgent } of parts) {
        if (isUrgent) receiver.urgent();
        let discarding = receiver.isDiscarding;
        for (const event of receiver.receive(bytes)) {
          if (event.kind === "data") assert.is(discarding, false);
          if (event.kind === "synch") {
            discarding = false;
            taken += event.discardedBytes;
          }
          if ("bytes" in event) taken += event.bytes.length;
          if (event.kind === "subnegotiation") assert.ok(event.bytes.length <= 1024);
        }
        given += bytes.length;
      }
      assert.ok(taken <= given, `${taken} of ${given}`);
    }),
    { seed: 1, numRuns: soaked(100_000) },
  );
});

test("how a stream is cut into pieces changes nothing", () => {
  fc.assert(
    fc.property(stream, fc.array(fc.nat(600), { maxLength: 8 }), fc.boolean(), (bytes, cuts, isUrgent) => {
      const [whole, cut] = [new TelnetReceiver(), new TelnetReceiver()];
      if (isUrgent) for (const each of [whole, cut]) each.urgent();
      const at = [0, ...cuts.filter((n) => n < bytes.length).sort((a, b) => a - b), bytes.length];
      const events = at.slice(1).flatMap((end, i) => cut.receive(bytes.subarray(at[i], end)));
      assert.equal(joined(events), joined(whole.receive(bytes)));
    }),
    { seed: 2, numRuns: soaked(100_000) },
  );
});

test("data that are escaped and read again are the same data", () => {
  fc.assert(
    fc.property(stream, (bytes) => {
      assert.equal(received(telnetData(bytes)), bytes.length ? [[...bytes]] : []);
    }),
    { seed: 3, numRuns: soaked(20_000) },
  );
});

test("a subnegotiation without an end fills no memory", () => {
  const receiver = new TelnetReceiver();
  receiver.receive(Uint8Array.of(255, 250, 24));
  for (let i = 0; i < 1000; i++) assert.equal(receiver.receive(new Uint8Array(1000)), []);
  const [event] = receiver.receive(Uint8Array.of(255, 240));
  assert.is(event?.kind === "subnegotiation" && event.bytes.length, 1024);
});

test("FTP's abort is found behind a Synch, and what stood before the mark is thrown away", () => {
  const reader = new FtpCommandReader();
  assert.equal(reader.receive(concat("RETR big.bin\r\nNO")), [{ verb: "RETR", argument: "big.bin" }]);
  reader.urgent();
  const abort = concat("OP\r\n", telnetCommand("IP"), telnetCommand("DM"), ftpCommand("ABOR"));
  assert.equal(reader.receive(abort), [{ verb: "ABOR", argument: "" }]);
});

test("commands come whole, however the bytes are cut, and any bytes are read without an error", () => {
  const reader = new FtpCommandReader();
  const found = [...concat("user  ana \r\n\r\nstor a b\n")].flatMap((byte) => reader.receive(Uint8Array.of(byte)));
  assert.equal(found, [
    { verb: "USER", argument: "ana" },
    { verb: "STOR", argument: "a b" },
  ]);
  fc.assert(
    fc.property(pieces, (parts) => {
      const fuzzed = new FtpCommandReader();
      for (const { bytes, isUrgent } of parts) {
        if (isUrgent) fuzzed.urgent();
        for (const { verb, argument } of fuzzed.receive(bytes)) {
          assert.ok(verb !== "" && !/\s/.test(verb[0] as string));
          assert.ok(verb.length + argument.length <= 3 * 512);
        }
      }
    }),
    { seed: 4, numRuns: soaked(100_000) },
  );
});

test("a reply is a code and a line, and what is none is refused", () => {
  assert.is(new TextDecoder().decode(ftpReply(426, "Transfer aborted")), "426 Transfer aborted\r\n");
  assert.throws(() => ftpReply(99, "x"), /ftpReply: code must be/);
  assert.throws(() => ftpReply(226, "two\r\nlines"), /ftpReply: text must be/);
  assert.throws(() => ftpCommand("RETR", "a\r\nDELE b"), /ftpCommand: argument must be/);
  assert.throws(() => telnetData(5 as never), /telnetData: data must be/);
  assert.throws(() => new TelnetReceiver().receive("text" as never), /TelnetReceiver.receive: bytes must be/);
});

test.run();
