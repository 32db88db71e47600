/** Indices into the memory that the main thread and the orders thread share. */
export const acknowledged = 0;
export const busyInKernel = 1;
export const interruptions = 2;

/** In memory that threads share. */
export function counters(): Int32Array {
  return new Int32Array(new SharedArrayBuffer(12));
}
