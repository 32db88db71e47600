import type { Exit } from "../host.js";
import type { Machine } from "../machine/machine.js";
import type { Endpoint } from "../network/connection.js";
import type { OpenPort } from "../network/port.js";
import type { Core, ProgramState } from "./core.js";
import { LinkedSet, type Member } from "./linked-set.js";
import { Thread } from "./thread.js";
import type { Wait } from "./wait.js";

/** A program in execution: its threads together own its connections and ports, and share its fate. */
export class RunningProcess implements Member<RunningProcess> {
  /** Waits of its threads that have not been settled, and starts that are due: 0 while it lives means that it waits on something foreign. */
  pending = 0;
  exit: Exit | undefined = undefined;
  /** The first of its pending waits; they are linked in order of age. */
  firstWait: Wait | undefined = undefined;
  lastWait: Wait | undefined = undefined;
  /** Called once, when the process first waits for others or for time to pass. */
  onSettledIn: (() => void) | undefined = undefined;
  memberOf: object | undefined = undefined;
  previousMember: RunningProcess | undefined = undefined;
  nextMember: RunningProcess | undefined = undefined;
  readonly main: Thread;
  /** Threads that have not ended. */
  readonly threads = new LinkedSet<Thread>();
  readonly connections = new LinkedSet<Endpoint>();
  /** Made with the first port, as few processes have any. */
  ports: Set<OpenPort> | undefined = undefined;
  /** Who waits for its end. */
  doneWaits: Wait[] | undefined = undefined;
  threadCount = 0;
  /** How many of its threads were given a name; the second `worker` is called `worker 2`, so that traces tell them apart. */
  threadNames: Map<string, number> | undefined = undefined;
  childCount = 0;
  value: unknown = undefined;

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
    /** What the scenario knows of it; none for a child. */
    readonly program: ProgramState | undefined,
  ) {
    this.main = new Thread(core, this, name, 0, 0);
  }

  /** As reports and errors call it. */
  get who(): string {
    return `${this.name} (pid ${this.pid} on ${this.machine.name})`;
  }

  get isAlive(): boolean {
    return this.exit === undefined;
  }

  /** Owns that port from now on. */
  open(port: OpenPort): void {
    this.ports ??= new Set();
    this.ports.add(port);
  }
}
