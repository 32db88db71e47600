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
  readonly #worker: Worker;
  readonly #flag: Int32Array;
  #ticket = 0;
  #onBurned: ((iterations: number) => void) | undefined;

  constructor() {
    const stop = new SharedArrayBuffer(4);
    this.#flag = new Int32Array(stop);
    const workerData: BurnerData = { stop, iterationsPerLook };
    this.#worker = new Worker(new URL("./burner-worker.js", import.meta.url), { workerData, execArgv: [] });
    this.#worker.on("message", ({ ticket, burned }: { ticket: number; burned: number }) => {
      if (ticket !== this.#ticket) return;
      const onBurned = this.#onBurned;
      this.#onBurned = undefined;
      onBurned?.(burned);
    });
  }

  get isBusy(): boolean {
    return this.#onBurned !== undefined;
  }

  /** Burns up to that many iterations, then tells how many it was. */
  burn(iterations: number, onBurned: (iterations: number) => void): void {
    this.#onBurned = onBurned;
    this.#worker.postMessage({ ticket: ++this.#ticket, iterations } satisfies BurnRequest);
  }

  /** Ends the request in progress early; its callback comes. */
  preempt(): void {
    Atomics.store(this.#flag, 0, this.#ticket);
  }

  /** Ends the thread. */
  async close(): Promise<void> {
    this.#onBurned = undefined;
    this.preempt();
    await this.#worker.terminate();
  }
}

/** Burns and measures the real time, in ms. */
export async function timeBurn(burner: Burner, iterations: number): Promise<number> {
  const began = performance.now();
  await new Promise<void>((resolve) => burner.burn(iterations, () => resolve()));
  return performance.now() - began;
}
