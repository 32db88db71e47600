import type { Endpoint } from "./connection.js";
import type { Core } from "./core.js";
import type { Exit } from "./host.js";
import { HostView } from "./host-view.js";
import { LinkedSet, type Member } from "./linked-set.js";
import type { Machine } from "./machine.js";
import type { OpenPort } from "./port.js";
import type { Wait } from "./wait.js";

/** A program in execution: its threads together own its connections and ports, and share its fate. */
export class RunningProcess implements Member<RunningProcess> {
  memberOf: object | undefined = undefined;
  previousMember: RunningProcess | undefined = undefined;
  nextMember: RunningProcess | undefined = undefined;
  /** Threads that have not ended. */
  readonly threads = new LinkedSet<Thread>();
  readonly connections = new LinkedSet<Endpoint>();
  readonly ports = new Set<OpenPort>();
  readonly main: Thread;
  /** Waits of its threads that have not been settled, and starts that are due: 0 while it lives means that it waits on something foreign. */
  pending = 0;
  /** The first of its pending waits; they are linked in order of age. */
  firstWait: Wait | undefined;
  lastWait: Wait | undefined;
  exit: Exit | undefined;
  /** Who waits for its end. */
  doneWaits: Wait[] | undefined;
  /** Called once, when the process first waits for others or for time to pass. */
  onSettledIn: (() => void) | undefined;
  /** Called once, when it has ended. */
  onExit: ((exit: Exit) => void) | undefined;
  threadCount = 0;
  /** How many of its threads were given a name; the second `worker` is called `worker 2`, so that traces tell them apart. */
  readonly threadNames = new Map<string, number>();
  childCount = 0;
  value: unknown;

  constructor(
    readonly core: Core,
    readonly machine: Machine,
    readonly pid: number,
    readonly name: string,
    readonly parentPid: number,
    /** Ends with the run: nobody waits for it. */
    readonly isDaemon: boolean,
    /** Names its random stream. */
    readonly streamName: string,
  ) {
    this.main = new Thread(this, name, 0);
  }

  get isAlive(): boolean {
    return this.exit === undefined;
  }
}

/** One line of execution of a process. */
export class Thread implements Member<Thread> {
  memberOf: object | undefined = undefined;
  previousMember: Thread | undefined = undefined;
  nextMember: Thread | undefined = undefined;
  readonly host: HostView;
  exit: Exit | undefined;
  /** Who waits for its end. */
  doneWaits: Wait[] | undefined;
  controller: AbortController | undefined;
  /** Its number in the trace, 0 for none yet: the recorder gives it. */
  traceNumber = 0;
  /** The wait of its last sleep, to be used again: programs sleep more than they do anything else. */
  spareSleep: Wait<void> | undefined;

  constructor(
    readonly process: RunningProcess,
    readonly name: string,
    /** Counts the threads that the process spawned; 0 is its first. */
    readonly number: number,
  ) {
    this.host = new HostView(this);
  }

  /** Names its random stream. */
  get streamName(): string {
    const { streamName } = this.process;
    return this.number === 0 ? streamName : `${streamName}/thread ${this.number}`;
  }

  /** Something of this thread can be settled or called: its process lives and is not over. */
  get isAlive(): boolean {
    return this.process.exit === undefined;
  }
}
