import { closeSync } from "node:fs";
import { type FileServiceOptions, fileServer } from "../../server/index.js";
import { onInterrupt } from "../../simulation/interrupt.js";
import type { Host, LogRow } from "../../world/index.js";
import { type Child, type ChildEnd, startChild } from "../children/child.js";
import { exportedProgram } from "../children/child-programs.js";
import { openNameless } from "../run/store.js";
import { ProcessHost } from "./process-host.js";

/** A file server in a process of its own, and hosts for its clients in this one. See {@link withFileServerProcess}. */
export interface FileServerProcess {
  /** The number of the server's process with the operating system. */
  readonly pid: number;
  /** What clients logged so far, by all hosts together, in time order: what `checkFiles` reads. */
  readonly rows: readonly LogRow[];
  /**
   * A host for a program that uses the service, with real sockets: `fileClient(server.host("ana"), service)`. It has no CPU time, no
   * disk, and no random numbers.
   */
  host(name: string): Host;
  /** Kills the process with SIGKILL; resolves when it is dead. Its files stay. */
  kill(): Promise<ChildEnd>;
  /** Starts it again, with the same files; resolves when it listens. */
  restart(): Promise<void>;
}

/**
 * Runs the library's {@link fileServer} in a real process of the operating system: real sockets on loopback, a real file for a
 * disk, and SIGKILL for a crash. Afterwards, however that comes, the process is ended and the file given back.
 *
 * @throws {@link ChildNotStarted}, and whatever `use` throws.
 */
export async function withFileServerProcess<T>(
  service: FileServiceOptions,
  use: (server: FileServerProcess) => Promise<T>,
): Promise<T> {
  const server = new RunningFileServer(service);
  const stopListening = onInterrupt(() => void server.close());
  try {
    await server.restart();
    return await use(server);
  } finally {
    stopListening();
    await server.close();
  }
}

class RunningFileServer implements FileServerProcess {
  readonly rows: LogRow[] = [];
  readonly #service: FileServiceOptions;
  readonly #disk = openNameless();
  readonly #hosts: ProcessHost[] = [];
  #child: Child | undefined;
  #port = 0;
  #isClosed = false;

  constructor(service: FileServiceOptions) {
    this.#service = service;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  host(name: string): Host {
    const host = new ProcessHost({ name, pid: this.#hosts.length + 1, rows: this.rows, portOf: () => this.#port });
    this.#hosts.push(host);
    return host;
  }

  async kill(): Promise<ChildEnd> {
    const child = this.#child as Child;
    child.kill("SIGKILL");
    return child.ended;
  }

  async restart(): Promise<void> {
    const program = exportedProgram(new URL("./file-server-child.js", import.meta.url), "serveFiles", this.#service);
    this.#child = await startChild(program, { stdin: this.#disk });
    this.#port = (await this.#child.receive({ timeoutMs: 30_000 })) as number;
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const host of this.#hosts) host.close();
    this.#child?.kill();
    await this.#child?.ended;
    closeSync(this.#disk);
  }
}
