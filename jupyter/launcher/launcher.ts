/**
 * What Jupyter starts: `node launcher.js <connection file>`. It owns the sockets and the signals and never runs a
 * reader's code, so it answers while a cell is busy; cells run in a child process (`kernel.ts`).
 */
import { readFileSync } from "node:fs";
import type { ConnectionInfo } from "../wire.js";
import { KernelProcess } from "./kernel-process.js";

const file = process.argv[2];
if (!file) {
  console.error("usage: node launcher.js <connection file>");
  process.exit(2);
}
// The kernel process takes longest to start, so it goes first; the sockets load beside it.
const kernel = new KernelProcess();
let server: { close(): Promise<void> } | undefined;
let ending = false;
async function end(exitCode: number): Promise<void> {
  if (ending) return;
  ending = true;
  await kernel.stop(1000);
  await server?.close();
  process.exit(exitCode);
}

process.on("SIGINT", () => kernel.interrupt());
for (const signal of ["SIGTERM", "SIGHUP", "SIGQUIT"] as const) process.on(signal, () => end(0));

const parent = process.ppid;
try {
  const { KernelServer } = await import("./server.js");
  const connection = JSON.parse(readFileSync(file, "utf8")) as ConnectionInfo;
  server = await KernelServer.bind(connection, kernel, end);
} catch (error) {
  console.error(`the kernel can't listen as ${file} says:`, error);
  await end(1);
}

// Jupyter says whom the kernel serves; when that process is gone, nobody will ever stop it.
if (process.env.JPY_PARENT_PID) setInterval(() => process.ppid !== parent && end(1), 1000).unref();
