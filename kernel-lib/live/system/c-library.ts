import type { LibraryHandle } from "koffi";

/** The C library of this process, and the names of its errors. @internal */
export interface CLibrary {
  readonly library: LibraryHandle;
  /** The name of an error, such as `EINVAL`. */
  nameOf(error: number): string;
  /** The name of the error of the call before. */
  lastError(): string;
}

/** Loads it; only those who call the operating system wait for koffi. @internal */
export async function cLibrary(): Promise<CLibrary> {
  const koffi = (await import("koffi")).default;
  // Of two names for one number the first: EAGAIN is also called EWOULDBLOCK.
  const names = new Map<number, string>();
  for (const [name, number] of Object.entries(koffi.os.errno).sort()) if (!names.has(number)) names.set(number, name);
  const nameOf = (error: number): string => names.get(error) ?? `error ${error}`;
  return { library: koffi.load(null), nameOf, lastError: () => nameOf(koffi.errno()) };
}
