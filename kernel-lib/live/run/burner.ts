import { Worker } from "node:worker_threads";

/** What a burner's thread starts with. */
export interface BurnerData {
  /** One Int32: requests with a ticket up to this one stop. */
  readonly stop: SharedArrayBuffer;
  readonly iterationsPerLook: number;
}

/** So much work, under that number. */
export interface BurnRequest {
  readonly ticket: number;
  readonly iterations: number;
}

/** How many iterations lie between two looks at the stop flag. */
const iterationsPerLook = 10_000;

/** A core: a worker thread that burns CPU time on request, and stops at once when told. */
export class Burner {
  readonly #worker: Worker | undefined;
  readonly #flag: Int32Array;
  #ticket = 0;
  /** Requests that have not been answered, by ticket: they are done one after the other. */
  readonly #asked = new Map<number, (iterations: number) => void>();
  #isClosing = false;
  /** Settled when the thread has loaded, or failed to. */
  readonly #isReady: Promise<void>;

  /** @param onFailed called, later, if the thread can't start or dies: what it was to burn is never done then. */
  constructor(onFailed: (error: Error) => void) {
    const stop = new SharedArrayBuffer(4);
    this.#flag = new Int32Array(stop);
    const workerData: BurnerData = { stop, iterationsPerLook };
    let ready = (): void => undefined;
    this.#isReady = new Promise((resolve) => {
      ready = resolve;
    });
    const failed = (error: unknown): void => {
      ready();
      if (this.#isClosing) return;
      this.#isClosing = true;
      onFailed(new Error(`a worker thread for CPU time failed: ${(error as Error).message}`, { cause: error }));
    };
    try {
      this.#worker = new Worker(new URL("./burner-worker.js", import.meta.url), { workerData, execArgv: [] });
    } catch (error) {
      queueMicrotask(() => failed(error));
      return;
    }
    this.#worker.on("error", failed);
    this.#worker.on("exit", (code) => failed(new Error(`it ended with exit code ${code}`)));
    this.#worker.on("message", (message: "ready" | { ticket: number; burned: number }) => {
      if (message === "ready") return ready();
      const { ticket, burned } = message;
      const onBurned = this.#asked.get(ticket);
      this.#asked.delete(ticket);
      onBurned?.(burned);
    });
  }

  get isBusy(): boolean {
    return this.#asked.size > 0;
  }

  /** Burns up to that many iterations when what was asked for before is done, then tells how many it was; returns a ticket. */
  burn(iterations: number, onBurned: (iterations: number) => void): number {
    const ticket = ++this.#ticket;
    this.#asked.set(ticket, onBurned);
    this.#worker?.postMessage({ ticket, iterations } satisfies BurnRequest);
    return ticket;
  }

  /** Ends the requests up to that ticket early, all unless told; their callbacks come. */
  preempt(ticket: number = this.#ticket): void {
    if (ticket > Atomics.load(this.#flag, 0)) Atomics.store(this.#flag, 0, ticket);
  }

  /** Ends the thread. */
  async close(): Promise<void> {
    this.#isClosing = true;
    this.#asked.clear();
    this.preempt();
    await this.#isReady;
    await this.#worker?.terminate();
  }
}

/** Burns and measures the real time, in ms. */
export async function timeBurn(burner: Burner, iterations: number): Promise<number> {
  const began = performance.now();
  await new Promise<void>((resolve) => void burner.burn(iterations, () => resolve()));
  return performance.now() - began;
}
