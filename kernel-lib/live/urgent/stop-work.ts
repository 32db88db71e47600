/** What the server process of `measureStops` and its threads tell each other. */

/** The work of one request, for the thread that does it. */
export interface WorkOrder {
  readonly workMs: number;
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

/** The two words that the threads share. */
export const flags = { stop: 0, quit: 1 } as const;

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
