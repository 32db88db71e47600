import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { type InetdReplyRow, type InetdRequest, inetdLab } from "kernel-lib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { failureOf } from "../../world/both-worlds.js";
import { withTools } from "../tools.js";

const test = suite("live: the same configuration under openbsd-inetd");

const testWithTools = await withTools(test, inetdLab({ superserver: "openbsd-inetd", conf: "", requests: [] }));

const folder = mkdtempSync(path.join(tmpdir(), "handoff-inetd-"));
test.after(() => rmSync(folder, { recursive: true, force: true }));
const program = (name: string, text: string): string => {
  const file = path.join(folder, name);
  writeFileSync(file, text, { mode: 0o755 });
  return file;
};
const script = program("script.sh", '#!/bin/sh\nread -r line\necho "$# $1 got $line"\necho oops >&2\nexit 3\n');
// Lets two clients in, then looks at its socket no more; the next come to another process.
const stream = program(
  "stream.mjs",
  `import net from "node:net";
let served = 0;
const server = net.createServer((socket) => {
  socket.on("error", () => {}).end("client " + ++served).resume();
  if (served === 2) server.close();
});
server.listen({ fd: 0 });`,
);
// Ends when nothing comes, and never with a datagram in its hands.
const datagrams = program(
  "datagrams.mjs",
  `import dgram from "node:dgram";
const socket = dgram.createSocket("udp4");
const idle = setTimeout(() => process.exit(), 100);
socket.on("message", (message, from) => {
  socket.send("got " + message, from.port, from.address);
  idle.refresh();
});
socket.bind({ fd: 1 });`,
);
const node = process.execPath;

const conf = `# a comment
echo	stream	tcp	nowait	root	internal
discard stream tcp nowait root internal
daytime stream tcp nowait root internal
time stream tcp nowait root internal
chargen stream tcp nowait root internal
this is no line
4000 stream tcp nowait root /bin/cat cat
*:4001 stream tcp4 nowait.50 root.root ${script}
    script one two
# between
4002 stream tcp nowait root /no/such/program p
4003 stream tcp nowait nobody:nogroup /usr/bin/id id -u
4004 stream tcp wait root ${node} node ${stream}
4005 dgram udp wait root ${node} node ${datagrams}
4006 stream tcp nowait no-such-user /bin/cat cat
127.0.0.1:
4007 stream tcp nowait root /bin/echo echo a  b
`;
const nextConf = conf.replace("4000 stream", "4008 stream").replace("/bin/echo echo a", "/bin/echo echo changed");
const requests: InetdRequest[] = [
  { port: 7, text: "echo this\0\xff" },
  { port: 9, text: "into the void" },
  { port: 13 },
  { port: 37 },
  { port: 19 },
  { port: 4000, text: "through cat" },
  { port: 4001, text: "a line\n" },
  { port: 4002, text: "x" },
  // An id of the real root's machine: in a user namespace nobody else exists.
  ...(process.getuid?.() === 0 ? [{ port: 4003 }] : []),
  { port: 4004 },
  { port: 4004 },
  { port: 4004 },
  { port: 4005, text: "one", over: "udp" },
  { port: 4005, text: "two", over: "udp" },
  { port: 4006, text: "x" },
  { port: 4007 },
  { port: 4008, text: "new" },
];

/** Clocks go on between two runs. */
const withoutTimes = (rows: readonly InetdReplyRow[]): string[] =>
  rows.map(({ reloaded, port, reply }) => {
    const shown = port === 13 ? reply.replace(/\w+ \w+ [ \d]\d [\d:]{8} \d{4}/, "a time") : reply;
    return `${reloaded ? "then" : "first"} ${port}: ${port === 37 ? `${reply.length} bytes` : JSON.stringify(shown)}`;
  });

testWithTools("ours gives the same replies as openbsd-inetd, on the same ports, before and after SIGHUP", async () => {
  const lab = { conf, nextConf, requests };
  const theirs = await inetdLab({ superserver: "openbsd-inetd", ...lab });
  const ours = await inetdLab({ superserver: "ours", ...lab });
  assert.equal(withoutTimes(ours), withoutTimes(theirs));
  assert.is(theirs.length, 2 * requests.length);
  const replies = withoutTimes(theirs);
  for (const expected of [
    'first 7: "echo this\\u0000ÿ"',
    'first 13: "a time\\r\\n"',
    'first 4000: "through cat"',
    'first 4001: "2 one got a line\\noops\\n"',
    'first 4004: "client 2"',
    'first 4005: "got two"',
    'first 4007: "a b\\n"',
    'first 4008: "ECONNREFUSED"',
    'then 4000: "ECONNREFUSED"',
    'then 4007: "changed b\\n"',
    'then 4008: "new"',
  ])
    assert.ok(replies.includes(expected), `${expected} in ${replies.join("\n")}`);
});

testWithTools(
  "forms that real files have are taken as openbsd-inetd takes them, over both versions of IP",
  async () => {
    const lab = {
      conf: `ident stream tcp nowait root /bin/echo echo by another name of the service
4000 stream tcp nowait root /bin/echo echo both
4001 stream tcp nowait root /bin/echo echo four
4001 stream tcp6 nowait root /bin/echo echo six
4002 stream tcp4 nowait/3/10 root /bin/echo echo FreeBSD
4003 stream tcp6 nowait:600 root /bin/echo echo NetBSD
4004 stream tcp,rcvbuf=64k,sndbuf=64k nowait root /bin/echo echo buffers
4005 stream tcp nowait root /bin/pwd
[::1]:4006 stream tcp6 nowait root /bin/echo echo address
`,
      requests: [113, 4000, 4001, 4002, 4003, 4004, 4006].flatMap((port) => [
        { port },
        { port, over: "tcp6" as const },
      ]),
    };
    const theirs = await inetdLab({ superserver: "openbsd-inetd", ...lab });
    const ours = await inetdLab({ superserver: "ours", ...lab });
    assert.equal(withoutTimes(ours), withoutTimes(theirs));
    const heard = (port: number): string[] =>
      theirs.filter((row) => row.port === port).map(({ reply }) => reply.trim());
    assert.equal(heard(113), ["by another name of the service", "by another name of the service"]);
    assert.equal(heard(4000), ["both", "both"]);
    assert.equal(heard(4001), ["four", "six"]);
    assert.equal(heard(4002), ["FreeBSD", "ECONNREFUSED"]);
    assert.equal(heard(4003), ["ECONNREFUSED", "NetBSD"]);
    assert.equal(heard(4006), ["ECONNREFUSED", "address"]);
  },
);

testWithTools(
  "on a high port openbsd-inetd serves one client fewer than its limit; ours as many as its page says",
  async () => {
    const lab = {
      conf: "4000 stream tcp nowait.3 root /bin/echo echo hello",
      requests: Array.from({ length: 4 }, () => ({ port: 4000 })),
    };
    const replies = async (superserver: "ours" | "openbsd-inetd"): Promise<string[]> =>
      (await inetdLab({ superserver, ...lab })).map(({ reply }) => reply.trim());
    assert.equal(await replies("openbsd-inetd"), ["hello", "hello", "", ""]);
    assert.equal(await replies("ours"), ["hello", "hello", "hello", ""]);
  },
);

test("bad options are named", async () => {
  assert.match(
    await failureOf(() => inetdLab({ superserver: "xinetd" as never, conf: "", requests: [] })),
    /inetdLab: superserver must be "ours" or "openbsd-inetd", got "xinetd"/,
  );
  assert.match(
    await failureOf(() => inetdLab({ superserver: "ours", conf: "", requests: [{ port: 0 }] })),
    /requests\[0\]\.port must be a whole number from 1 to 65535/,
  );
});

test.run();
