import { fileURLToPath } from "node:url";
import {
  encodeCall,
  type PortmapperLabResult,
  portmapperCalls,
  portmapperLab,
  type RpcCall,
  runInOwnNetwork,
} from "kernel-lib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { hex, toHex } from "../../protocol/bytes.js";
import { failureOf } from "../../world/both-worlds.js";
import { withTools } from "../tools.js";

const test = suite("portmapper-lab");

const testWithTools = await withTools(
  test,
  portmapperLab({ daemon: "rpcbind", services: [], commands: [["rpcinfo"]] }),
);

const mine = 0x20000001;
const services = [
  { program: mine, version: 1 },
  { program: mine, version: 2 },
  { program: 100003, version: 3 },
];
const rpcinfo = (...args: string[]) => ["rpcinfo", ...args];
const commands = [
  rpcinfo("-p", "127.0.0.1"),
  rpcinfo("-t", "127.0.0.1", String(mine), "1"),
  rpcinfo("-u", "127.0.0.1", String(mine), "2"),
  rpcinfo("-t", "127.0.0.1", String(mine)),
  rpcinfo("-u", "127.0.0.1", String(mine), "9"),
  rpcinfo("-t", "127.0.0.1", "77"),
  rpcinfo("-d", "100003", "3"),
];
const run = (daemon: "ours" | "rpcbind") => portmapperLab({ daemon, services, commands });

/** The lines that `rpcinfo -p` prints about the services, without their ports. */
const listed = ({ commands: [first] }: PortmapperLabResult) =>
  (first?.output ?? "")
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter(([program]) => program === String(mine) || program === "100003")
    .map(([program, version, transport]) => `${program} ${version} ${transport}`);
const expected = services.flatMap(({ program, version }) => [`${program} ${version} tcp`, `${program} ${version} udp`]);

testWithTools(
  "the system's rpcinfo lists the services that are registered with our portmapper, with their ports",
  async () => {
    const result = await run("ours");
    assert.equal(listed(result), expected);
    const [tcp, udp] = [result.overTcp.slice(2), result.overUdp.slice(2)];
    assert.equal(tcp, udp);
    for (const { program, port } of tcp)
      assert.match(result.commands[0]?.output ?? "", new RegExp(`${program}.* ${port}\\b`));
    assert.match(result.commands[0]?.output ?? "", /100000 +2 +tcp +111 +portmapper/);
  },
);

testWithTools(
  "our client reads from the system's rpcbind what was registered there, over TCP and UDP alike",
  async () => {
    const { overTcp, overUdp } = await run("rpcbind");
    assert.equal(overTcp, overUdp);
    const found = overTcp.filter(({ program }) => program !== 100000);
    assert.equal(
      found.map(({ program, version, transport }) => `${program} ${version} ${transport}`),
      expected,
    );
    assert.ok(overTcp.some(({ program, version, port }) => program === 100000 && version === 2 && port === 111));
  },
);

testWithTools(
  "rpcinfo finds and calls services through our portmapper as through the system's, and hears the same of what is not there",
  async () => {
    const [ours, theirs] = [await run("ours"), await run("rpcbind")];
    // The last one may fail for want of rights; what it says is the tool's affair.
    for (const [i, { command, output, exitCode }] of ours.commands.slice(1, 6).entries())
      assert.equal({ command, output, exitCode }, theirs.commands[i + 1]);
    assert.match(ours.commands[1]?.output ?? "", /version 1 ready and waiting/);
    assert.match(ours.commands[4]?.output ?? "", /low version = 2, high version = 2/);
  },
);

const call = (change: Partial<RpcCall>) =>
  toHex(encodeCall({ xid: 0x1234, program: 100000, version: 2, procedure: 0, args: new Uint8Array(0), ...change }));
const mapping = { program: mine, version: 1, transport: "tcp" as const, port: 5000 };
const ask = ({ procedure, args }: { procedure: number; args: Uint8Array }) => call({ procedure, args });
const questions: Readonly<Record<string, string>> = {
  NULL: call({}),
  SET: ask(portmapperCalls.set(mapping)),
  "the same SET again": ask(portmapperCalls.set(mapping)),
  "SET of another port": ask(portmapperCalls.set({ ...mapping, port: 5001 })),
  GETPORT: ask(portmapperCalls.getPort(mapping)),
  "GETPORT of another version": ask(portmapperCalls.getPort({ ...mapping, version: 8 })),
  "GETPORT of another transport": ask(portmapperCalls.getPort({ ...mapping, transport: "udp" })),
  "GETPORT of an unknown program": ask(portmapperCalls.getPort({ ...mapping, program: 99 })),
  UNSET: ask(portmapperCalls.unset(mine, 1)),
  "UNSET of what is not there": ask(portmapperCalls.unset(mine, 1)),
  "GETPORT after that": ask(portmapperCalls.getPort(mapping)),
  "GETPORT with arguments that are too short": call({ procedure: 3, args: hex("00000001 0000") }),
  "a procedure that there is not": call({ procedure: 77 }),
  "another program": call({ program: 5 }),
  "another version of RPC": call({}).replace(/^(.{16})00000002/, "$100000003"),
  AUTH_SYS: call({ credential: { flavor: 1, body: hex("00000001 00000000 00000000 00000000 00000000") } }),
  "a reply": "00001234000000010000000000000000000000000000",
  nonsense: "47455420",
};
/** Where we keep to RFC 5531 and rpcbind, in its version 1.2.6, does not: it is silent to other versions of RPC, and reads over UDP arguments that never came. */
const ownWay = ["GETPORT with arguments that are too short", "another version of RPC"];

testWithTools("byte for byte, our portmapper answers as the system's does, but where that leaves the RFC", async () => {
  const peer = fileURLToPath(new URL("portmapper-peer.ts", import.meta.url));
  const answers = async (daemon: string) => {
    const command = [
      process.execPath,
      "--import",
      "tsx",
      peer,
      daemon,
      JSON.stringify(Object.values(questions)),
    ] as const;
    const { code, stdout, stderr } = await runInOwnNetwork([...command], { limitMs: 60_000 });
    assert.is(code, 0, stderr);
    return JSON.parse(stdout) as { tcp: string; udp: string }[];
  };
  const [ours, theirs] = [await answers("ours"), await answers("rpcbind")];
  for (const [i, question] of Object.keys(questions).entries())
    if (!ownWay.includes(question)) assert.equal(ours[i], theirs[i], question);
});

testWithTools(
  "a network of one's own has nothing but its loopback, and its processes end with the time limit",
  async () => {
    const { stdout } = await runInOwnNetwork(["ip", "-brief", "link"]);
    assert.match(stdout, /^lo +UNKNOWN[^\n]*\n$/);
    const { timedOut } = await runInOwnNetwork(["sh", "-c", "sleep 60 & sleep 61"], { limitMs: 300 });
    assert.is(timedOut, true);
  },
);

testWithTools("a command that is not installed is named", async () => {
  assert.is(
    await failureOf(() => runInOwnNetwork(["no-such-command"])),
    "ToolMissing: no-such-command is not installed",
  );
  const lab = () => portmapperLab({ daemon: "ours", services: [], commands: [["no-such-command"]] });
  assert.match(await failureOf(lab), /^ToolMissing: no-such-command is not installed/);
});

test("bad options are named", async () => {
  const plan = { daemon: "ours" as const, services: [], commands: [] };
  const failures: [object, string][] = [
    [{ daemon: "portmap" }, 'portmapperLab: daemon must be "ours" or "rpcbind", got "portmap"'],
    [
      { services: [{ program: -1, version: 1 }] },
      "portmapperLab: services[0].program must be a whole number from 0 to 4294967295, got -1",
    ],
  ];
  for (const [change, message] of failures)
    assert.is(await failureOf(() => portmapperLab({ ...plan, ...change })), `ParameterError: ${message}`);
});

test.run();
