/**
 * What a library may ask of the kernel without importing it: `globalThis[Symbol.for("handoff.jupyter")]`, which is
 * absent outside a notebook.
 *
 * ```ts
 * const jupyter = (globalThis as Record<symbol, unknown>)[Symbol.for("handoff.jupyter")] as JupyterHook | undefined;
 * jupyter?.display({ "text/html": "<b>12 %</b>", "text/plain": "12 %" }, {}, "progress");
 * jupyter?.update({ "text/html": "<b>13 %</b>", "text/plain": "13 %" }, "progress");
 * const forget = jupyter?.onInterrupt(() => server.close());   // call forget() when the work is done
 * ```
 *
 * A cell's last value is shown by its own method `value[Symbol.for("Jupyter.display")](): MimeBundle | Promise<MimeBundle>`
 * (the convention of Deno's kernel), else by `util.inspect`.
 */
export type MimeBundle = Readonly<Record<string, unknown>>;

export interface JupyterHook {
  /** Shows a bundle now; one with a `displayId` can be rewritten later. Bytes are sent as base64. */
  display(bundle: MimeBundle, metadata?: Readonly<Record<string, unknown>>, displayId?: string): void;
  /** Rewrites whatever was shown under `displayId`, in whichever cell. */
  update(bundle: MimeBundle, displayId: string, metadata?: Readonly<Record<string, unknown>>): void;
  /** Removes what the cell has shown so far; with `wait`, when its next output comes (no flicker). */
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

export const jupyterHook: symbol = Symbol.for("handoff.jupyter");
export const displaySymbol: symbol = Symbol.for("Jupyter.display");

/** Values as notebooks may keep them: bytes become base64, and only a type that is JSON holds anything but text. */
export function asJson(bundle: MimeBundle): Record<string, unknown> {
  const isJson = (type: string) => /[/+]json$/.test(type);
  const isText = (value: unknown) =>
    typeof value === "string" || (Array.isArray(value) && value.every((line) => typeof line === "string"));
  return Object.fromEntries(
    Object.entries(bundle)
      .filter(([, value]) => value !== undefined)
      .map(([type, value]) => {
        if (value instanceof Uint8Array) return [type, Buffer.from(value).toString("base64")];
        return [type, isJson(type) || isText(value) ? value : String(value)];
      }),
  );
}
