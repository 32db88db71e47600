import { onInterrupt } from "../../simulation/interrupt.js";
import { type SocketsApi, socketsApi } from "./sockets-api.js";

/**
 * Lends the calls of the operating system, and a list for the numbers of the sockets that are opened with them. Whatever
 * stands in it when `use` has ended, or is interrupted, is closed.
 */
export async function withSockets<R>(use: (api: SocketsApi, fds: number[]) => Promise<R>): Promise<R> {
  const api = await socketsApi();
  const fds: number[] = [];
  const closeAll = (): void => {
    for (const fd of fds.splice(0)) api.close(fd);
  };
  // An interrupt can end the function in the middle, so that its `finally` never runs.
  const stopListening = onInterrupt(closeAll);
  try {
    return await use(api, fds);
  } finally {
    stopListening();
    closeAll();
  }
}
