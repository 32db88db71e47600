/**
 * What {@link portmapperLab} runs in the network of its own: takes the plan as its argument, and prints the result.
 *
 * @internal
 */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import type { PortMapping } from "../../protocol/index.js";
import { portmapperClient, startPortmapper } from "../rpc/portmapper.js";
import { serveRpc } from "../rpc/rpc-server.js";
import { inEnglish } from "../system/english.js";
import type { LabCommand, PortmapperLabOptions } from "./portmapper-lab.js";

const { daemon, services, commands } = JSON.parse(process.argv[2] as string) as PortmapperLabOptions;
const client = {
  tcp: portmapperClient({ timeoutMs: 5000 }),
  udp: portmapperClient({ transport: "udp", timeoutMs: 5000 }),
};

/** Starts the system's portmapper and waits until it answers. `-i` lets it believe who is not the superuser. */
async function startRpcbind(): Promise<ChildProcess> {
  const rpcbind = spawn("rpcbind", ["-f", "-i"], { stdio: ["ignore", "ignore", "inherit"] });
  await once(rpcbind, "spawn");
  for (;;) {
    if (rpcbind.exitCode !== null) throw new Error(`rpcbind ended with exit code ${rpcbind.exitCode}`);
    try {
      await client.tcp.ping();
      return rpcbind;
    } catch {
      await sleep(20);
    }
  }
}

function run([file = "", ...args]: readonly string[]): Promise<LabCommand> {
  return new Promise((resolve, reject) => {
    execFile(file, args, { timeout: 10_000, env: inEnglish() }, (error, stdout, stderr) => {
      if (error && String(error.code) === "ENOENT") return reject(error);
      const exitCode = typeof error?.code === "number" ? error.code : error ? -1 : 0;
      resolve({ command: [file, ...args].join(" "), output: stdout + stderr, exitCode });
    });
  });
}

async function experiment() {
  if (daemon === "ours") await startPortmapper({ port: 111 });
  else await startRpcbind();
  for (const { program, version } of services) {
    const { port } = await serveRpc([{ program, version, procedures: {} }]);
    for (const transport of ["tcp", "udp"] as const) {
      const mapping: PortMapping = { program, version, transport, port };
      if (!(await client.tcp.set(mapping))) throw new Error(`${daemon} refused ${JSON.stringify(mapping)}`);
    }
  }
  const outputs: LabCommand[] = [];
  const [overTcp, overUdp] = [await client.tcp.dump(), await client.udp.dump()];
  for (const command of commands) outputs.push(await run(command));
  return { overTcp, overUdp, commands: outputs };
}

try {
  console.log(JSON.stringify(await experiment()));
  process.exit(0);
} catch (error) {
  const { code, path } = error as NodeJS.ErrnoException;
  if (code !== "ENOENT") throw error;
  console.log(JSON.stringify({ missing: path }));
  process.exit(0);
}
