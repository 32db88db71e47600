import { type ChildProcessByStdio, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { onInterrupt } from "../../world/environment.js";
import { Interrupted } from "../../world/errors.js";
import type { StopServerPorts, StopServerReport, StopServerSettings } from "./stop-server.js";

/** The server process of `measureStops`, seen from outside. */
export class StopServerProcess {
  /** Where it listens. */
  ports: StopServerPorts = { port: 0, controlPort: 0 };
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #lines: AsyncIterator<string>;
  readonly #forget: () => void;
  #errors = "";
  #failure: Error | undefined;

  /** Starts the process and waits until it listens. */
  static async start(settings: StopServerSettings, signal?: AbortSignal): Promise<StopServerProcess> {
    signal?.throwIfAborted();
    const process = new StopServerProcess(settings, signal);
    try {
      process.ports = (await process.#line()) as StopServerPorts;
    } catch (error) {
      process.end();
      throw error;
    }
    return process;
  }

  private constructor(settings: StopServerSettings, signal: AbortSignal | undefined) {
    const program = fileURLToPath(new URL("./stop-server.js", import.meta.url));
    // Without the parent's options, which may load code into every child.
    const { NODE_OPTIONS: _options, ...env } = process.env;
    this.#child = spawn(process.execPath, [program, JSON.stringify(settings)], {
      env,
      stdio: ["pipe", "pipe", "pipe"],
    });
    this.#lines = createInterface(this.#child.stdout)[Symbol.asyncIterator]();
    this.#child.stderr.on("data", (text) => {
      this.#errors += text;
    });
    this.#child.on("error", (error) => this.#fail(error));
    this.#child.stdin.on("error", () => undefined);
    const onAbort = (): void => this.#fail(signal?.reason as Error);
    const stopListening = onInterrupt(() => this.#fail(new Interrupted("measureStops was interrupted")));
    signal?.addEventListener("abort", onAbort, { once: true });
    this.#forget = () => {
      stopListening();
      signal?.removeEventListener("abort", onAbort);
    };
  }

  /** @throws Error if it was ended from outside or could not be started. */
  checkAlive(): void {
    if (this.#failure) throw this.#failure;
  }

  /** What it says of the next request that is over. */
  async report(): Promise<StopServerReport> {
    return (await this.#line()) as StopServerReport;
  }

  end(): void {
    this.#forget();
    this.#child.kill("SIGKILL");
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.end();
  }

  async #line(): Promise<StopServerPorts | StopServerReport> {
    const { value } = await this.#lines.next();
    this.checkAlive();
    if (value === undefined) throw new Error(`measureStops: the server's process ended: ${this.#errors.trim()}`);
    return JSON.parse(value) as StopServerPorts | StopServerReport;
  }
}
