import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** A running `npm start`, as somebody at a terminal sees it. */
export class NpmStart {
  readonly startedMs: number = performance.now();
  output = "";
  private readonly closed: Promise<number | null>;

  private constructor(readonly child: ChildProcess) {
    for (const stream of [child.stdout, child.stderr])
      stream?.on("data", (chunk) => {
        this.output += chunk;
      });
    process.once("exit", this.kill); // a test that breaks off leaves nothing behind
    this.closed = once(child, "close").then(([code]) => {
      process.off("exit", this.kill);
      return code as number | null;
    });
  }

  /** Runs `npm start -- --no-browser …` in a folder, in a process group of its own as a terminal gives it. */
  static run(folder: string, env: NodeJS.ProcessEnv, args: readonly string[] = []): NpmStart {
    const all = ["start", "--", "--no-browser", ...args];
    return new NpmStart(spawn("npm", all, { cwd: folder, env, detached: true, stdio: ["ignore", "pipe", "pipe"] }));
  }

  /** Waits for the line that is only printed when JupyterLab answers. @returns its URL and the seconds since the start. */
  async url(limitS = 600): Promise<{ url: string; seconds: number }> {
    const until = performance.now() + limitS * 1000;
    while (performance.now() < until) {
      const [, url] = /^JupyterLab .*?(http:\S+)$/m.exec(this.output) ?? [];
      if (url !== undefined) return { url, seconds: (performance.now() - this.startedMs) / 1000 };
      if (this.child.exitCode !== null) break;
      await sleep(20);
    }
    throw new Error(`npm start printed no URL within ${limitS} s; it said:\n${this.output}`);
  }

  /** Waits for its end by itself. @returns the exit code, null after a signal. */
  async ended(limitS = 60): Promise<number | null> {
    const timer = new AbortController();
    const late = sleep(limitS * 1000, undefined, { signal: timer.signal }).then(
      () => Promise.reject(new Error(`npm start did not end within ${limitS} s; it said:\n${this.output}`)),
      () => 0,
    );
    try {
      return await Promise.race([this.closed, late]);
    } finally {
      timer.abort();
    }
  }

  /** What a terminal does: the signal goes to the whole foreground group. */
  signalAsTerminal(signal: NodeJS.Signals): void {
    if (this.child.pid !== undefined) process.kill(-this.child.pid, signal);
  }

  private readonly kill = (): void => {
    if (this.child.exitCode === null && this.child.signalCode === null) this.signalAsTerminal("SIGTERM");
  };

  /** Ctrl-C, and waits for the end. */
  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.signalAsTerminal("SIGINT");
    await this.ended(30);
  }
}

/** Live processes whose command line names the folder: what a start has left behind. */
export function processesOf(folder: string): string[] {
  if (!existsSync("/proc/self/cmdline")) {
    const table = execFileSync("ps", ["-A", "-ww", "-o", "pid=,stat=,args="], { encoding: "utf8" }).split("\n");
    return table.filter((line) => line.includes(folder) && !/^\s*\d+\s+Z/.test(line));
  }
  return readdirSync("/proc").flatMap((pid) => {
    try {
      const line = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
      return /^\d+$/.test(pid) && line.includes(folder) ? [`${pid} ${line}`] : [];
    } catch {
      return []; // not a process, or it has just ended
    }
  });
}

/** Waits until no process of the folder is left. @throws with their command lines if that takes too long. */
export async function nothingIsLeft(folder: string, limitMs: number): Promise<void> {
  for (const endMs = performance.now() + limitMs; processesOf(folder).length > 0; await sleep(50))
    if (performance.now() > endMs) throw new Error(`left after ${limitMs} ms:\n${processesOf(folder).join("\n")}`);
}
