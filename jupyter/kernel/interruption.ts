/** Indices into the memory that the main thread and the orders thread share. */
export const acknowledged = 0;
export const busyInKernel = 1;
export const interruptions = 2;
/** Rises with each answer and each interrupt: what a thread waits on that has asked for input. */
export const answered = 3;

/** In memory that threads share. */
export function counters(): Int32Array {
  return new Int32Array(new SharedArrayBuffer(16));
}
