/** A process in the middle of a live run, to be killed: says which ports it has open, then goes on. */
import { Server } from "node:net";
import { runLive } from "kernel-lib";
import { busyScenario } from "./leaks-support.js";

const handles = (process as unknown as { _getActiveHandles(): unknown[] })._getActiveHandles;

let told = false;
await runLive(busyScenario("goes on", 60_000), {
  timeScale: 1,
  maxRealMs: 60_000,
  onProgress: () => {
    const servers = handles.call(process).filter((handle): handle is Server => handle instanceof Server);
    const ports = servers.map((server) => (server.address() as { port: number }).port);
    if (told || ports.length < 2) return;
    told = true;
    console.log(JSON.stringify({ ports, temporary: process.env.TMPDIR }));
  },
});
