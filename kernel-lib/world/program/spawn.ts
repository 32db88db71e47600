import { refuse } from "../../errors.js";
import { copied } from "../arguments.js";
import { checkFields } from "../checks.js";
import { RunningProcess, type ThreadMaker } from "../core/process.js";
import type { Processes } from "../core/processes.js";
import type { Thread } from "../core/thread.js";
import { Cancelled } from "../errors.js";
import type { Exit, Process, Program, SpawnOptions } from "../host.js";
import { Endpoint } from "../network/connection.js";
import { DatagramPort } from "../network/datagram-port.js";
import { OpenPort } from "../network/port.js";
import { ofHost } from "../strangers.js";

const fields = ["as", "name"];

/** Where threads and processes begin and end. */
export interface Spawner {
  readonly processes: Processes;
  readonly makeThread: ThreadMaker;
}

/** Starts a program beside a thread, in its step: as one more thread of its process, or as a child process. */
export function spawn<R>(
  parent: Thread,
  { processes, makeThread }: Spawner,
  program: Program<never[], R>,
  options: SpawnOptions,
  args: readonly unknown[],
): Process<R> {
  if (typeof program !== "function") refuse("spawn", "program", "an async function of a host", program);
  if (options !== undefined) checkFields("spawn", options, fields);
  const as = options?.as;
  if (as !== "thread" && as !== "process") refuse("spawn", "as", '"thread" or "process"', as);
  if (options.name !== undefined && (typeof options.name !== "string" || options.name === ""))
    refuse("spawn", "name", "a text that is not empty", options.name);
  const { process } = parent;
  const { core, machine } = process;
  core.checkCaller("spawn", process);
  const base = options.name ?? (program.name || "program");
  if (as === "thread") {
    process.threadNames ??= new Map();
    const sameName = process.threadNames.get(base) ?? (base === process.name ? 1 : 0);
    process.threadNames.set(base, sameName + 1);
    const thread = makeThread(core, process, base, sameName, ++process.threadCount);
    process.threads.add(thread);
    processes.launch(thread, program, args, machine.spec.costs?.threadMs ?? 0);
    return new Started<R>(thread, thread, processes);
  }
  const handed: (Endpoint | OpenPort | DatagramPort)[] = [];
  const own = args.map((arg) =>
    copied(arg, (value) => {
      const passes = value instanceof Endpoint || value instanceof OpenPort || value instanceof DatagramPort;
      if (passes) handed.push(value);
      return passes;
    }),
  );
  for (const each of handed) core.checkCaller("spawn", each.owner);
  const streamName = `${process.streamName}/child ${++process.childCount}`;
  const child = new RunningProcess(
    core,
    machine,
    processes.nextPid(),
    base,
    process.pid,
    process.isDaemon,
    streamName,
    undefined,
    makeThread,
  );
  if (process.exit) {
    child.exit = { how: "killed" }; // by whoever killed its parent: it never begins
    return new Started<R>(child.main, parent, processes);
  }
  processes.begin(child);
  for (const each of handed) each.giveTo(child);
  processes.launch(child.main, program, own, machine.spec.costs?.processMs ?? 0);
  return new Started<R>(child.main, parent, processes);
}

class Started<R> implements Process<R> {
  constructor(
    private readonly thread: Thread,
    private readonly parent: Thread,
    private readonly processes: Processes,
  ) {}

  get [ofHost](): string {
    return "the handle of a process, which belongs to whoever started it";
  }

  get pid(): number {
    return this.thread.process.pid;
  }

  get name(): string {
    return this.thread.threadName;
  }

  get #isThread(): boolean {
    return this.thread !== this.thread.process.main;
  }

  done(): Promise<Exit<R>> {
    const thread = this.thread;
    const { process } = thread;
    const exit = this.#isThread ? (thread.exit ?? process.exit) : process.exit;
    const { core } = process;
    if (exit) {
      core.failures.saw(exit);
      return core.atOnce(this.parent.process, exit as Exit<R>);
    }
    const waiter = core.threadOf(this.#isThread ? process : this.parent.process);
    const wait = core.wait<Exit<R>>(waiter, "done", {
      waitText: () => `the end of ${thread.threadName} (pid ${process.pid})`,
    });
    const ending = this.#isThread ? thread : process;
    ending.doneWaits ??= [];
    ending.doneWaits.push(wait as never);
    return wait.newPromise();
  }

  kill(): void {
    this.processes.kill(this.thread.process);
  }

  cancel(reason: Error = new Cancelled(`${this.name} was cancelled`)): void {
    if (this.#isThread) this.processes.cancelThread(this.thread, reason);
    else this.processes.cancel(this.thread.process, reason);
  }
}
