export interface Kernelspec {
  readonly argv: readonly string[];
  readonly display_name: string;
  readonly language: string;
  readonly interrupt_mode: "signal" | "message";
  readonly metadata: Readonly<Record<string, unknown>>;
}
export declare const kernelName: string;
export declare const kernelDisplayName: string;
export declare function kernelspec(): Kernelspec;
/** Writes `kernels/handoff/kernel.json` under a Jupyter data folder and returns its path. */
export declare function writeKernelspec(folder: string): string;
