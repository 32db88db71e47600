/** How often the operating system must take nothing, a millisecond apart, until it counts as full. */
const patience = 20;

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Gives bytes to the operating system until it takes no more; how many it took. */
export async function sendWhatFits(send: (bytes: Uint8Array) => number, bytes: Uint8Array): Promise<number> {
  let taken = 0;
  for (let idle = 0; taken < bytes.length && idle < patience; ) {
    const more = send(bytes.subarray(taken));
    taken += more;
    idle = more > 0 ? 0 : idle + 1;
    if (more === 0) await pause(1);
  }
  return taken;
}
