/** What the notebook kernel offers to libraries, if we run in one. */
interface KernelHook {
  onInterrupt?(callback: () => void): () => void;
}

/** Calls back when the reader interrupts the cell; returns how to stop listening. */
export function onInterrupt(callback: () => void): () => void {
  const hook = (globalThis as unknown as Record<symbol, KernelHook | undefined>)[Symbol.for("handoff.jupyter")];
  return hook?.onInterrupt?.(callback) ?? (() => undefined);
}
