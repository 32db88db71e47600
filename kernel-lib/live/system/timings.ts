/** How long something took, of several times. */
export interface Timings {
  /** The median. */
  readonly medianMs: number;
  /** The shortest. */
  readonly leastMs: number;
  /** The longest. */
  readonly mostMs: number;
  /** How often it was done. */
  readonly count: number;
}

/** Does some work again and again, one after the other; the first time is not counted. */
export async function timed(repetitions: number, work: () => Promise<unknown>): Promise<Timings> {
  await work();
  const times: number[] = [];
  for (let i = 0; i < repetitions; i++) {
    const startMs = performance.now();
    await work();
    times.push(performance.now() - startMs);
  }
  times.sort((a, b) => a - b);
  const at = (i: number): number => times[i] as number;
  return {
    medianMs: at(Math.ceil(repetitions / 2) - 1),
    leastMs: at(0),
    mostMs: at(repetitions - 1),
    count: repetitions,
  };
}
