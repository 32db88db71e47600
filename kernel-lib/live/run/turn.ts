import { onInterrupt } from "../../simulation/interrupt.js";

/** Settled when every live run so far has ended. */
let last: Promise<unknown> = Promise.resolve();

/**
 * Does some work when all that came before it here is done: live runs share the cores and the one thread of JavaScript of this
 * process, and two at once would measure each other.
 *
 * @param signal gives the turn up while it waits, with its reason.
 */
export async function inTurn<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  const before = last;
  let release = (): void => undefined;
  const mine = new Promise<void>((resolve) => {
    release = resolve;
  });
  last = before.then(() => mine);
  // An interrupt can end a function in the middle, so that its `finally` never runs.
  const stopListening = onInterrupt(release);
  try {
    await orAborted(before, signal);
    return await work();
  } finally {
    stopListening();
    release();
  }
}

/** That promise; or a rejection with the signal's reason, if it comes first. */
export async function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  let onAbort = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
