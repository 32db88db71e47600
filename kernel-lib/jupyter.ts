/**
 * What this library and the notebook kernel agree on; neither needs the other for it. It stands here once, for both. (What
 * Interrupt throws is `Interrupted`, in `errors.ts`.)
 */

/** The method that makes a value showable as a cell's last value: it returns a {@link MimeBundle} (Deno's convention). */
export const jupyterDisplay: unique symbol = Symbol.for("Jupyter.display") as never;

/** One value in several formats, by MIME type; a viewer takes the richest that it knows. */
export interface MimeBundle {
  /** For terminals and for readers who can't see the figure. */
  "text/plain": string;
  [mimeType: string]: unknown;
}

/** The MIME type of a figure's or table's rows, which the checks of notebooks compare. */
export const tableMime = "application/vnd.handoff.table+json";
/** The MIME type of what a cell claims, which the checks of notebooks read. */
export const claimsMime = "application/vnd.handoff.claims+json";
/** The MIME type under which a grader finds a check's record in a notebook's outputs. */
export const checkMime = "application/vnd.handoff.check+json";

/** Under which name the kernel offers its {@link KernelHook} to libraries: `globalThis[kernelHookName]`, absent outside a notebook. */
export const kernelHookName: unique symbol = Symbol.for("handoff.jupyter") as never;

/**
 * What the notebook kernel offers to libraries.
 *
 * ```ts
 * const kernel = kernelHook();
 * kernel?.display({ "text/html": "<b>12 %</b>", "text/plain": "12 %" }, {}, "progress");
 * kernel?.update({ "text/html": "<b>13 %</b>", "text/plain": "13 %" }, "progress");
 * const forget = kernel?.onInterrupt(() => server.close()); // call forget() when the work is done
 * ```
 */
export interface KernelHook {
  /** Shows a bundle now; one with a display id can be rewritten later. Bytes are sent as base64. */
  display(
    bundle: Readonly<Record<string, unknown>>,
    metadata?: Readonly<Record<string, unknown>>,
    displayId?: string,
  ): void;
  /** Rewrites whatever was shown under that display id, in whichever cell. */
  update(
    bundle: Readonly<Record<string, unknown>>,
    displayId: string,
    metadata?: Readonly<Record<string, unknown>>,
  ): void;
  /** Takes away all that the running cell has shown; with `wait`, only when its next output comes (no flicker). */
  clear(wait?: boolean): void;
  /** How many outputs the running cell has sent, streams and displays alike: 0 means that `clear` takes nothing away. */
  shown(): number;
  /**
   * The callback is called once, synchronously, when the reader interrupts. Promises that the interrupted code waits
   * for may be lost, so what must be closed is to be closed here. Returns a function that withdraws the callback.
   */
  onInterrupt(callback: () => void): () => void;
  /** How often the reader has interrupted so far: it rises while the main thread is busy, before that is terminated. */
  interruptions(): number;
  /** The callback is called once, when the running cell ends, in whatever way; what it prints is still that cell's. */
  onCellEnd(callback: () => void): void;
}

/** What the kernel that runs this code offers; nothing in a script, and perhaps a part of it in a test. @internal */
export function offeredByKernel(): Partial<KernelHook> {
  return (globalThis as Record<symbol, Partial<KernelHook> | undefined>)[kernelHookName] ?? {};
}

/** The kernel that runs this code, or undefined in a script or a test. */
export function kernelHook(): KernelHook | undefined {
  const hook = offeredByKernel();
  return typeof hook.display === "function" ? (hook as KernelHook) : undefined;
}
