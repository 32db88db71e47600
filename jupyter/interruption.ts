/** Indices into the memory that the main thread and the orders thread share. */
export const acknowledged = 0;
export const busyInKernel = 1;

export function counters(buffer = new SharedArrayBuffer(8)): Int32Array {
  return new Int32Array(buffer);
}
