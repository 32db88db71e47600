import {
  answerCall,
  decodeReply,
  encodeCall,
  type PortMapping,
  type PortmapperCall,
  PortTable,
  portmapper,
  portmapperCalls,
  portmapperProgram,
  XdrReader,
} from "kernel-lib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { failureOf } from "../world/both-worlds.js";
import { hex, sameBytes } from "./bytes.js";

const test = suite("portmapper");

const nfs: PortMapping = { program: 100003, version: 3, transport: "tcp", port: 2049 };
const own: PortMapping = { program: 100000, version: 2, transport: "tcp", port: 111 };

/** What a portmapper with this table answers. */
const ask = <T>(table: PortTable, { procedure, args, read }: PortmapperCall<T>): T => {
  const { program, version } = portmapper;
  const reply = answerCall(encodeCall({ xid: 1, program, version, procedure, args }), [portmapperProgram(table)]);
  const decoded = decodeReply(reply as Uint8Array);
  assert.is(decoded.status, "SUCCESS");
  return read(new XdrReader("results" in decoded ? decoded.results : new Uint8Array(0)));
};

test("GETPORT for the mount program over UDP, as published tools send it, is answered with its port", () => {
  const call = hex(
    "01020304 00000000 00000002 000186a0 00000002 00000003 00000000 00000000 00000000 00000000" +
      "000186a5 00000001 00000011 00000000",
  );
  const table = new PortTable();
  table.set({ program: 100005, version: 1, transport: "udp", port: 0x0379 });
  sameBytes(
    answerCall(call, [portmapperProgram(table)]),
    "01020304 00000001 00000000 00000000 00000000 00000000 00000379",
  );
});

test("DUMP is a list in which each entry stands behind a 1, with a 0 at its end", () => {
  const { program, version } = portmapper;
  const call = encodeCall({ xid: 1, program, version, procedure: 4, args: new Uint8Array(0) });
  const reply = answerCall(call, [portmapperProgram(new PortTable([own]))]);
  sameBytes(reply?.subarray(24), "00000001 000186a0 00000002 00000006 0000006f 00000000");
});

test("what is set is found, by program, version and transport alone, and listed; what is unset is gone for both transports", () => {
  const table = new PortTable([own]);
  assert.is(ask(table, portmapperCalls.set(nfs)), true);
  assert.is(ask(table, portmapperCalls.set({ ...nfs, transport: "udp", port: 2050 })), true);
  assert.is(ask(table, portmapperCalls.getPort(nfs)), 2049);
  assert.is(ask(table, portmapperCalls.getPort({ ...nfs, transport: "udp" })), 2050);
  assert.is(ask(table, portmapperCalls.getPort({ ...nfs, program: 100004 })), 0);
  assert.is(ask(table, portmapperCalls.getPort({ ...nfs, transport: 132 })), 0);
  assert.equal(ask(table, portmapperCalls.dump()), [own, nfs, { ...nfs, transport: "udp", port: 2050 }]);
  assert.is(ask(table, portmapperCalls.unset(nfs.program, nfs.version)), true);
  assert.is(ask(table, portmapperCalls.unset(nfs.program, nfs.version)), true);
  assert.equal(ask(table, portmapperCalls.dump()), [own]);
});

test("for a version that is not there the port of another is given, so that its server can tell which there are", () => {
  const table = new PortTable();
  table.set({ ...nfs, version: 4, port: 4 });
  table.set({ ...nfs, version: 2, port: 2 });
  table.set({ ...nfs, version: 9, port: 9, transport: "udp" });
  const portOf = (version: number) => ask(table, portmapperCalls.getPort({ ...nfs, version }));
  assert.equal([4, 2, 3, 9].map(portOf), [4, 2, 2, 2]);
});

test("another port for what is registered is refused; the same again succeeds and changes nothing", () => {
  const table = new PortTable();
  assert.is(ask(table, portmapperCalls.set(nfs)), true);
  assert.is(ask(table, portmapperCalls.set(nfs)), true);
  assert.is(ask(table, portmapperCalls.set({ ...nfs, port: 2050 })), false);
  assert.equal(table.mappings, [nfs]);
});

test("port 0, ports above 65535 and transports other than TCP and UDP are refused", () => {
  const table = new PortTable();
  for (const wrong of [{ port: 0 }, { port: 65536 }, { transport: 132 }])
    assert.is(ask(table, portmapperCalls.set({ ...nfs, ...wrong })), false, JSON.stringify(wrong));
  assert.equal(table.mappings, []);
});

test("nobody can take the portmapper itself out, or register another in its place", () => {
  const table = new PortTable([own]);
  assert.is(ask(table, portmapperCalls.unset(100000, 2)), false);
  assert.is(ask(table, portmapperCalls.set({ ...own, port: 112 })), false);
  assert.equal(table.mappings, [own]);
});

test("a table that is full refuses more, and takes them again when there is room", () => {
  const table = new PortTable([own], 3);
  const numbered = (program: number) => table.set({ ...nfs, program });
  assert.equal([1, 2, 3, 4].map(numbered), [true, true, false, false]);
  table.unset(1, nfs.version);
  assert.equal([3, 4].map(numbered), [true, false]);
});

test("CALLIT, and procedures that there are not, are unavailable; other versions are a mismatch of 2 to 2", () => {
  const programs = [portmapperProgram(new PortTable())];
  const statusOf = (call: { procedure?: number; version?: number; args?: Uint8Array }) =>
    decodeReply(
      answerCall(
        encodeCall({ xid: 1, program: 100000, version: 2, procedure: 0, args: new Uint8Array(0), ...call }),
        programs,
      ) as Uint8Array,
    );
  for (const procedure of [5, 6, 4294967295]) assert.is(statusOf({ procedure }).status, "PROC_UNAVAIL");
  for (const version of [0, 1, 3, 4])
    assert.equal(statusOf({ version }), { xid: 1, status: "PROG_MISMATCH", low: 2, high: 2 });
  for (const procedure of [1, 2, 3])
    assert.is(statusOf({ procedure, args: new Uint8Array(15) }).status, "GARBAGE_ARGS");
});

test("a transport that has no number is refused on the caller's side", async () => {
  const wrong = () => portmapperCalls.getPort({ ...nfs, transport: "sctp" as never });
  assert.is(await failureOf(wrong), 'ParameterError: portmapper: transport must be "tcp" or "udp", got "sctp"');
});

test("a list of mappings that never ends is malformed, not endless", async () => {
  const { read } = portmapperCalls.dump();
  assert.match(await failureOf(() => read(new XdrReader(hex("00000001 00000001")))), /^MalformedMessage/);
});

test.run();
