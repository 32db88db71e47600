/** Takes the lock, waiting while another process holds it; `onWait(pid)` is called once. @returns the release. */
export function takeLock(file: string, onWait?: (pid: number) => void): Promise<() => void>;
