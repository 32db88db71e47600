import { ChildProcess } from "node:child_process";
import { writeSync } from "node:fs";
import { StringDecoder } from "node:string_decoder";
import { type Report, reportFd } from "../messages.js";

let shown = { id: null as string | null, count: 0 };

/** How many outputs that cell has sent. */
export function shownBy(id: string | null): number {
  return shown.id === id ? shown.count : 0;
}

/** Writes a report to the launcher; returns when it is in the pipe, so nothing is lost if the process dies after. */
export function send(report: Report): void {
  if (report.is === "output") {
    shown = { id: report.id, count: report.type === "clear_output" ? 0 : shownBy(report.id) + 1 };
  }
  const bytes = Buffer.from(`${JSON.stringify(report)}\n`);
  for (let from = 0; from < bytes.length; ) {
    try {
      from += writeSync(reportFd, bytes, from);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
    }
  }
}

/** From now on standard output and error are the current cell's streams. */
export function captureStreams(currentId: () => string | null): void {
  for (const name of ["stdout", "stderr"] as const) {
    const decoder = new StringDecoder("utf8");
    process[name].write = ((chunk: string | Uint8Array, encoding?: unknown, callback?: unknown) => {
      const bytes = typeof chunk === "string" && isOther(encoding) ? Buffer.from(chunk, encoding) : chunk;
      const text = typeof bytes === "string" ? bytes : decoder.write(Buffer.from(bytes));
      if (text) send({ is: "output", id: currentId(), type: "stream", content: { name, text } });
      const done = typeof encoding === "function" ? encoding : callback;
      if (typeof done === "function") process.nextTick(done as () => void);
      return true;
    }) as typeof process.stdout.write;
  }
}

function isOther(encoding: unknown): encoding is BufferEncoding {
  return typeof encoding === "string" && encoding !== "utf8" && encoding !== "utf-8";
}

/** Tells of every child process that the reader's code starts. */
export function watchChildren(announce: (pid: number, alive: boolean) => void): void {
  const prototype = ChildProcess.prototype as unknown as { spawn(options: { detached?: boolean }): unknown };
  const { spawn } = prototype;
  prototype.spawn = function (this: ChildProcess, options) {
    const result = spawn.call(this, options);
    const { pid } = this;
    if (pid === undefined) return result;
    announce(pid, true);
    if (options.detached) send({ is: "group", leader: pid, alive: true });
    this.once("exit", () => {
      announce(pid, false);
      if (options.detached) send({ is: "group", leader: pid, alive: false });
    });
    return result;
  };
}
