import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { Worker } from "node:worker_threads";
import { socketsApi } from "../system/sockets-api.js";
import { burn, iterationsPerMs, machineNowMs, type StopThread, type WorkOrder, type WorkReport } from "./stop-work.js";

/** What the server of `measureStops` is told. */
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

/** The first that the process says. */
export interface StopServerPorts {
  readonly port: number;
  readonly controlPort: number;
}

/**
 * The server of `measureStops`, in a process of its own. It sends its ports, and then a report for each connection.
 *
 * Its work sits in a thread. The main thread takes what says "stop" (SIGURG, a message on the second port, the end of the
 * connection) and sets a flag: a signal never interrupts JavaScript that is busy, and never reaches a thread that is not the main
 * one. One connection at a time, so the signal alone says whose work is meant; that is how the superservers of old did it, with
 * a process for each connection.
 */
export async function stopServer(settings: StopServerSettings): Promise<void> {
  const api = await socketsApi();
  const shared = new SharedArrayBuffer(4);
  const word = new Int32Array(shared);
  const controlIterations = Math.round(iterationsPerMs() * settings.controlMs);
  const startThread = async (): Promise<Worker> => {
    const workerData: StopThread = { shared, isLow: settings.lowersOthers };
    const worker = new Worker(new URL("./stop-worker.js", import.meta.url), { workerData, execArgv: [] });
    await once(worker, "message");
    return worker;
  };
  const worker = await startThread();
  const busy: Worker[] = [];
  for (let i = 0; i < settings.busyThreads; i++) busy.push(await startThread());
  for (const each of busy) order(each, { workMs: Number.POSITIVE_INFINITY, heeds: false });

  let notice: (by: StopServerReport["noticedBy"]) => void = () => undefined;
  process.on("SIGURG", () => notice("signal"));
  const serve = async (socket: Socket): Promise<void> => {
    let noticed: Pick<StopServerReport, "noticedBy" | "noticedMs"> | undefined;
    notice = (noticedBy) => {
      noticed ??= { noticedBy, noticedMs: machineNowMs() };
      Atomics.store(word, 0, 1);
    };
    socket.on("error", () => notice("reset"));
    socket.on("end", () => notice("end"));
    // Node documents no way to the number of a socket's file.
    api.sendSignalsTo((socket as unknown as { _handle: { fd: number } })._handle.fd);
    Atomics.store(word, 0, 0);
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
  };

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
    last = last.then(() => serve(socket));
  });
  await Promise.all([control, server].map((each) => once(each.listen(0, "127.0.0.1"), "listening")));
  say({ port: portOf(server), controlPort: portOf(control) });
}

const say = (what: StopServerPorts | StopServerReport): void => void process.send?.(what);
const order = (thread: Worker, work: WorkOrder): void => thread.postMessage(work);
const portOf = (server: Server): number => (server.address() as { port: number }).port;
