import { onInterrupt } from "../simulation/interrupt.js";
import { Interrupted } from "../world/errors.js";

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

/** A signal that must be given back. */
export interface StopSignal {
  readonly signal: AbortSignal;
  release(): void;
}

/** The caller's signal and the notebook's Interrupt in one, until released. */
export function stopSignal(where: string, signal: AbortSignal | undefined): StopSignal {
  const controller = new AbortController();
  const onAbort = (): void => controller.abort(signal?.reason);
  const stopListening = onInterrupt(() =>
    controller.abort(new Interrupted(`${where} was interrupted before it began`)),
  );
  if (signal?.aborted) onAbort();
  else signal?.addEventListener("abort", onAbort, { once: true });
  const release = (): void => {
    stopListening();
    signal?.removeEventListener("abort", onAbort);
  };
  return { signal: controller.signal, release };
}
