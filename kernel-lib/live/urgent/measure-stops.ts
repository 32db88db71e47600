import { checkNonNegative, checkPositive, checkWhole, refuse } from "../../errors.js";
import { type Child, withChildren } from "../children/child.js";
import { exportedProgram } from "../children/child-programs.js";
import { pause, sendWhatFits } from "../system/send-what-fits.js";
import { type SocketsApi, socketsApi } from "../system/sockets-api.js";
import type { StopServerPorts, StopServerReport, StopServerSettings } from "./stop-server.js";
import { machineNowMs } from "./stop-work.js";

/**
 * How a client says "stop" to a server process of the operating system: it `dies` (its connection is closed), sends a message to a
 * `second port`, or sends `urgent` data, for which the operating system sends SIGURG to the server.
 */
export type StopWay = "dies" | "second port" | "urgent";

/** See {@link measureStops}. */
export interface MeasureStopsOptions {
  /** How the client says it. */
  readonly way: StopWay;
  /** How long a request works if nobody stops it; 500 ms unless told. */
  readonly workMs?: number;
  /** When the client says it, after the work has begun; 20 ms unless told. */
  readonly afterMs?: number;
  /** Bytes that the client sends before, and that the server has not read; none unless told. */
  readonly bytesAhead?: number;
  /** Threads of the server that only keep cores busy; none unless told. */
  readonly busyThreads?: number;
  /**
   * Priority scheduling: all threads of the server but the one that hears of the stop run at the lowest priority. Off unless told.
   */
  readonly prioritized?: boolean;
  /** CPU time that a message on the second port needs before it stops anything; none unless told. */
  readonly controlMs?: number;
  /** Whether the server reads what the client sends while it works; not unless told. */
  readonly reads?: boolean;
  /** How often the server writes to the client while it works; never unless told. */
  readonly progressMs?: number;
  /** How many requests are stopped, one after the other; 5 unless told. */
  readonly repetitions?: number;
  /** Ends the measurement, and the process: the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** One request that was stopped, or was not. */
export interface StopRow {
  /** How the client said "stop". */
  readonly way: StopWay;
  /** What the server noticed it by; `nothing` if its work was done before. */
  readonly noticedBy: StopServerReport["noticedBy"];
  /** From "stop" to the moment in which the server knew. The whole rest of the work if it never did. */
  readonly noticedAfterMs: number;
  /** From "stop" to the end of the work: time that was worked in vain. */
  readonly stoppedAfterMs: number;
  /** Whether the work came to its end, as if nobody had said anything. */
  readonly isFinished: boolean;
  /** How many of the bytes ahead the operating system took; the client itself still holds the others. */
  readonly bytesTaken: number;
}

/**
 * Starts a server in a process of its own, lets it work for a client, and measures how long it goes on when the client says "stop".
 * Sockets, signals, threads and priorities are the operating system's.
 *
 * @returns one row a request, in order.
 * @throws {@link ParameterError} for bad options; an Error where {@link whyNoUrgentData} says why it can't be, or if the process fails.
 */
export async function measureStops(options: MeasureStopsOptions): Promise<StopRow[]> {
  const { way } = options;
  const where = "measureStops";
  if (way !== "dies" && way !== "second port" && way !== "urgent")
    refuse(where, "way", '"dies", "second port" or "urgent"', way);
  const afterMs = checkNonNegative(where, "afterMs", options.afterMs ?? 20);
  const bytesAhead = checkWhole(where, "bytesAhead", options.bytesAhead ?? 0, 0, 2 ** 28);
  const repetitions = checkWhole(where, "repetitions", options.repetitions ?? 5, 1);
  const settings: StopServerSettings = {
    workMs: checkPositive(where, "workMs", options.workMs ?? 500),
    busyThreads: checkWhole(where, "busyThreads", options.busyThreads ?? 0, 0, 64),
    lowersOthers: options.prioritized ?? false,
    controlMs: checkNonNegative(where, "controlMs", options.controlMs ?? 0),
    reads: options.reads ?? false,
    ...(options.progressMs !== undefined && {
      progressMs: checkPositive(where, "progressMs", options.progressMs),
    }),
  };
  const api = await socketsApi();
  const { signal } = options;
  return withChildren(async (start) => {
    const program = exportedProgram(new URL("./stop-server.js", import.meta.url), "stopServer", settings);
    try {
      const child = await start(program, { signal, limitMs: Number.POSITIVE_INFINITY });
      const ports = (await child.receive()) as StopServerPorts;
      const rows: StopRow[] = [];
      for (let i = 0; i < repetitions; i++) rows.push(await stopOne(api, child, ports, way, afterMs, bytesAhead));
      return rows;
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    }
  });
}

async function stopOne(
  api: SocketsApi,
  child: Child,
  ports: StopServerPorts,
  way: StopWay,
  afterMs: number,
  bytesAhead: number,
): Promise<StopRow> {
  const request = new Client(api, ports.port);
  try {
    await request.started();
    const bytesTaken = await sendWhatFits((bytes) => request.sendNow(bytes), new Uint8Array(bytesAhead));
    await pause(afterMs);
    const stopMs = machineNowMs();
    const report = child.receive() as Promise<StopServerReport>;
    report.catch(() => undefined); // what comes first may fail too
    if (way === "dies") request.close();
    else if (way === "urgent") await request.sendUrgent(report);
    else tell(api, ports.controlPort);
    const { noticedBy, noticedMs, endedMs, isFinished } = await report;
    return {
      way,
      noticedBy,
      noticedAfterMs: noticedMs - stopMs,
      stoppedAfterMs: endedMs - stopMs,
      isFinished,
      bytesTaken,
    };
  } finally {
    request.close();
  }
}

/** A message on the second port: its connection is the message. */
function tell(api: SocketsApi, port: number): void {
  const control = new Client(api, port);
  control.sendNow(Uint8Array.of(1));
  control.close();
}

/** A client on raw sockets: nothing of its own stands between its bytes and the operating system's buffer. */
class Client {
  readonly #api: SocketsApi;
  #fd: number | undefined;

  constructor(api: SocketsApi, port: number) {
    this.#api = api;
    const fd = api.socket();
    this.#fd = fd;
    try {
      api.connect(fd, port);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  get #open(): number {
    if (this.#fd === undefined) throw new Error("measureStops: the client's connection is closed");
    return this.#fd;
  }

  /** Waits until the server has begun to work. */
  async started(): Promise<void> {
    for (;;) {
      const bytes = this.#api.receive(this.#open, 1);
      if (bytes?.length === 1) return;
      if (bytes) throw new Error("measureStops: the server's process has ended");
      await pause(0.5);
    }
  }

  sendNow(bytes: Uint8Array): number {
    return this.#api.send(this.#open, bytes, false);
  }

  /** Sends an urgent byte as soon as the operating system takes it; gives up when the request is over. */
  async sendUrgent(over: Promise<unknown>): Promise<void> {
    let isOver = false;
    const end = (): void => {
      isOver = true;
    };
    over.then(end, end);
    while (!isOver && this.#api.send(this.#open, Uint8Array.of(33), true) === 0) await pause(1);
  }

  close(): void {
    if (this.#fd === undefined) return;
    this.#api.close(this.#fd);
    this.#fd = undefined;
  }
}
