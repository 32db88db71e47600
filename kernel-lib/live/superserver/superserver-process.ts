/** Servers that run in a process of their own, for measurements. @internal */
import { createServer } from "node:net";
import type { NodeProgram } from "../children/child-programs.js";
import { startSuperserver } from "./superserver.js";

/** Becomes a superserver; tells its parent the real ports of its services, in order of lines. */
export async function superserverProcess(input: {
  readonly conf: string;
  readonly programs: Readonly<Record<string, NodeProgram>>;
}): Promise<void> {
  const superserver = await startSuperserver(input.conf, { programs: input.programs });
  process.send?.(superserver.rows.map(({ realPort }) => realPort));
}

/** Becomes a server that is always there, and sends back what it gets; tells its parent its port. */
export function residentServer(): void {
  const server = createServer((socket) => socket.on("error", () => socket.destroy()).pipe(socket));
  server.listen(0, "127.0.0.1", () => process.send?.([(server.address() as { port: number }).port]));
}

/** Serves the connection that is its standard input and output: sends back what it gets. */
export function childServer(): void {
  process.stdin.pipe(process.stdout);
}
