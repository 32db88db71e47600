import { takeLock } from "../setup/lock.mjs";

// Not in the temporary folder of this process, which may be its own: every run on this machine must find the same file.
const file = `/tmp/handoff-live-${process.getuid?.() ?? 0}.lock`;

/**
 * Does work while nothing else of this user measures live on this machine, in whatever checkout. A holder that has died
 * loses the lock.
 */
export async function withLiveLock<T>(work: () => Promise<T>, lock: string = file): Promise<T> {
  const release = await takeLock(lock);
  try {
    return await work();
  } finally {
    release();
  }
}
