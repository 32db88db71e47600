/** One of the two files of a notebook. */
export type Half = "text" | "notebook";
export function editsOf(): (name: string, kind: Half, text: string) => boolean;
export function noteInStep(names: readonly string[]): void;
export function keepCopy(name: string, kind: Half, file?: string): string;
export function bringInStep(names?: readonly string[]): Promise<string[]>;
export function watchPairs(): () => Promise<string[]>;
