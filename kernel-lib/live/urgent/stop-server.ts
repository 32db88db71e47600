import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { Worker } from "node:worker_threads";
import { socketsApi } from "../sockets-api.js";
import { burn, iterationsPerMs, machineNowMs, type StopThread, type WorkOrder, type WorkReport } from "./stop-work.js";

/**
 * The server process of `measureStops`, a program of its own: `node stop-server.js <settings as JSON>`.
 *
 * Its work sits in a thread. The main thread takes what says "stop" (SIGURG, a message on the second port, the end of the
 * connection) and sets a flag: a signal never interrupts JavaScript that is busy, and never reaches a thread that is not the main
 * one. One connection at a time, so the signal alone says whose work is meant; that is how the superservers of old did it, with
 * a process for each connection.
 */
export interface StopServerSettings {
  /** How long a request works if nobody stops it. */
  readonly workMs: number;
  /** Threads that only keep cores busy. */
  readonly busyThreads: number;
  /** Whether all threads but the main one run at the lowest priority. */
  readonly lowersOthers: boolean;
  /** CPU time that the main thread needs for a message on the second port. */
  readonly controlMs: number;
  /** Whether the main thread reads what the client sends while the work goes on. */
  readonly reads: boolean;
  /** How often it writes to the client while the work goes on; never unless told. */
  readonly progressMs?: number;
}

/** What the process says of one request. */
export interface StopServerReport {
  /** What stopped it; `nothing` if the work came to its end. */
  readonly noticedBy: "signal" | "second port" | "end" | "reset" | "nothing";
  /** When the main thread heard of it, on the machine's monotonic clock. */
  readonly noticedMs: number;
  /** When the work stopped or ended. */
  readonly endedMs: number;
  /** Whether it came to its end. */
  readonly isFinished: boolean;
}

/** The first line of the process's output. */
export interface StopServerPorts {
  readonly port: number;
  readonly controlPort: number;
}

const settings = JSON.parse(process.argv[2] ?? "") as StopServerSettings;
const say = (line: StopServerPorts | StopServerReport): void => void process.stdout.write(`${JSON.stringify(line)}\n`);
const api = await socketsApi();
const shared = new SharedArrayBuffer(4);
const words = new Int32Array(shared);
const controlIterations = Math.round(iterationsPerMs() * settings.controlMs);

async function startThread(): Promise<Worker> {
  const workerData: StopThread = { shared, isLow: settings.lowersOthers };
  const worker = new Worker(new URL("./stop-worker.js", import.meta.url), { workerData, execArgv: [] });
  await once(worker, "message");
  return worker;
}

const order = (thread: Worker, work: WorkOrder): void => thread.postMessage(work);

let notice: (by: StopServerReport["noticedBy"]) => void = () => undefined;
process.on("SIGURG", () => notice("signal"));

async function serve(socket: Socket, worker: Worker): Promise<void> {
  let noticed: Pick<StopServerReport, "noticedBy" | "noticedMs"> | undefined;
  notice = (noticedBy) => {
    noticed ??= { noticedBy, noticedMs: machineNowMs() };
    Atomics.store(words, 0, 1);
  };
  socket.on("error", () => notice("reset"));
  socket.on("end", () => notice("end"));
  // Node documents no way to the number of a socket's file.
  api.takeSignals((socket as unknown as { _handle: { fd: number } })._handle.fd);
  Atomics.store(words, 0, 0);
  order(worker, { workMs: settings.workMs, heeds: true });
  socket.write("s");
  if (settings.reads) socket.on("data", () => undefined).resume();
  const { progressMs } = settings;
  const progress = progressMs === undefined ? undefined : setInterval(() => socket.write("."), progressMs);
  const [{ isFinished, endedMs }] = (await once(worker, "message")) as [WorkReport];
  clearInterval(progress);
  notice = () => undefined;
  say({ ...(noticed ?? { noticedBy: "nothing", noticedMs: endedMs }), isFinished, endedMs });
  socket.destroy();
}

const worker = await startThread();
const busy: Worker[] = [];
for (let i = 0; i < settings.busyThreads; i++) busy.push(await startThread());
for (const each of busy) order(each, { workMs: Number.POSITIVE_INFINITY, heeds: false });
const control = createServer((socket) => {
  socket.on("error", () => undefined);
  socket.once("data", () => {
    burn(controlIterations);
    notice("second port");
    socket.destroy();
  });
});
let last = Promise.resolve();
const server = createServer({ pauseOnConnect: true, allowHalfOpen: true }, (socket) => {
  socket.on("error", () => undefined);
  last = last.then(() => serve(socket, worker));
});
await Promise.all([control, server].map((each) => once(each.listen(0, "127.0.0.1"), "listening")));
const portOf = (each: typeof server): number => (each.address() as { port: number }).port;
say({ port: portOf(server), controlPort: portOf(control) });

// Whoever started it holds the other end of its input: it ends when that one does, however that one ends.
createInterface(process.stdin).on("close", () => process.exit(0));
