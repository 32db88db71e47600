/** What the server process of `measureStops` and its threads tell each other. */

/** What a thread is started with. */
export interface StopThread {
  /** One word: 1 says "stop". */
  readonly shared: SharedArrayBuffer;
  /** Whether it runs at the lowest priority. */
  readonly isLow: boolean;
}

/** Work for a thread. */
export interface WorkOrder {
  readonly workMs: number;
  /** Whether the word "stop" is meant for this work. */
  readonly heeds: boolean;
}

/** What became of the work. */
export interface WorkReport {
  /** Steps of {@link stepMs} that were done. */
  readonly steps: number;
  /** Whether it came to its end, rather than being stopped. */
  readonly isFinished: boolean;
  /** When it ended, on the machine's monotonic clock. */
  readonly endedMs: number;
}

/** How much is done between two looks at the flag. */
export const stepMs = 0.2;

/** The machine's monotonic clock: one for all processes. */
export const machineNowMs = (): number => Number(process.hrtime.bigint()) / 1e6;

/** Keeps the CPU busy for so many iterations; some 10⁵ take a tenth of a millisecond. */
export function burn(iterations: number): number {
  let x = 1;
  for (let i = 0; i < iterations; i++) x = (Math.imul(x, 1664525) + 1013904223) | 0;
  return x;
}

/** How many iterations take one millisecond, best of several. */
export function iterationsPerMs(): number {
  const iterations = 200_000;
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 20; i++) {
    const startMs = performance.now();
    burn(iterations);
    best = Math.min(best, performance.now() - startMs);
  }
  return iterations / best;
}
