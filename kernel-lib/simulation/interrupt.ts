import { Interrupted } from "../errors.js";
import { offeredByKernel } from "../jupyter.js";

/** Calls back when the reader interrupts the cell; returns how to stop listening. */
export function onInterrupt(callback: () => void): () => void {
  return offeredByKernel().onInterrupt?.(callback) ?? (() => undefined);
}

/**
 * How often the reader has interrupted so far. It rises while the main thread is busy, some 150 ms before the thread's work is ended by force: who looks often
 * enough can stop in good order.
 */
export const interruptions = (): number => offeredByKernel().interruptions?.() ?? 0;

/** A signal that must be given back. */
export interface StopSignal {
  readonly signal: AbortSignal;
  release(): void;
}

/** The caller's signal and the notebook's Interrupt, whose reason says that text, in one, until released. */
export function stopSignal(signal: AbortSignal | undefined, interrupted: () => string): StopSignal {
  const controller = new AbortController();
  const onAbort = (): void => controller.abort(signal?.reason);
  const stopListening = onInterrupt(() => controller.abort(new Interrupted(interrupted())));
  if (signal?.aborted) onAbort();
  else signal?.addEventListener("abort", onAbort, { once: true });
  const release = (): void => {
    stopListening();
    signal?.removeEventListener("abort", onAbort);
  };
  return { signal: controller.signal, release };
}
