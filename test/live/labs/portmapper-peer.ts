/**
 * Run in a network of its own: asks a portmapper on port 111, ours or the system's, the same questions, byte by byte, and prints
 * what each transport answered as hexadecimal digits; `-` where nothing came.
 */
import { type ChildProcess, spawn } from "node:child_process";
import dgram from "node:dgram";
import net from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { encodeRecord, portmapperClient, RecordReader, startPortmapper } from "kernel-lib";
import { hex, toHex } from "../../protocol/bytes.js";

const [daemon, questions] = [process.argv[2], JSON.parse(process.argv[3] as string) as string[]];

/** After which time nothing will come. */
const patienceMs = 1500;

async function startRpcbind(): Promise<void> {
  const rpcbind: ChildProcess = spawn("rpcbind", ["-f", "-i"], { stdio: ["ignore", "ignore", "inherit"] });
  rpcbind.on("exit", (code) => process.exit(code || 1));
  const client = portmapperClient({ timeoutMs: 1000 });
  while (
    !(await client.ping().then(
      () => true,
      () => false,
    ))
  )
    await sleep(20);
}

function overTcp(message: Uint8Array): Promise<string> {
  return new Promise((resolve) => {
    const reader = new RecordReader(100_000);
    const socket = net.connect(111, "127.0.0.1", () => socket.write(encodeRecord(message)));
    socket.setTimeout(patienceMs, () => settle("-"));
    const settle = (answer: string): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.on("data", (piece) => {
      for (const reply of reader.push(piece)) settle(toHex(reply));
    });
    socket.on("error", () => settle("-")).on("close", () => settle("-"));
  });
}

function overUdp(message: Uint8Array): Promise<string> {
  return new Promise((resolve) => {
    const socket = dgram.createSocket("udp4");
    const timer = setTimeout(() => settle("-"), patienceMs);
    const settle = (answer: string): void => {
      clearTimeout(timer);
      socket.close();
      resolve(answer);
    };
    socket.once("message", (reply) => settle(toHex(reply)));
    socket.send(message, 111, "127.0.0.1");
  });
}

if (daemon === "ours") await startPortmapper({ port: 111 });
else await startRpcbind();
const answers: { tcp: string; udp: string }[] = [];
for (const question of questions)
  answers.push({ tcp: await overTcp(hex(question)), udp: await overUdp(hex(question)) });
console.log(JSON.stringify(answers));
process.exit(0);
