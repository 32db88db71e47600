import type { Exit } from "../host.js";
import type { HostMachine } from "../machine/host-machine.js";
import { LinkedSet, type Member } from "./linked-set.js";
import type { Services } from "./services.js";
import type { Thread } from "./thread.js";
import type { Wait, WaitKind } from "./wait.js";

/** A connection's end that belongs to a process, as far as the process's end cares. */
export interface OwnedConnection extends Member<OwnedConnection> {
  /** Its process has ended: what it sent still goes. */
  closeWithProcess(abruptly: boolean): void;
  /** Forgets everything, and says nothing to the other side. */
  release(): void;
}

/** A port that belongs to a process. */
export interface OwnedPort {
  readonly port: number;
  /** Its process has ended; `silently` if its machine, or the run, has too. */
  closeWithProcess(silently: boolean): void;
}

/** A program of the scenario, whose process it is. */
export interface ScenarioProgram {
  readonly name: string;
  /** Its process has ended. */
  ended(exit: Exit): void;
}

/** Makes the threads of a process; what is a program's host too stands above the core. */
export type ThreadMaker = (
  core: Services,
  process: RunningProcess,
  givenName: string,
  sameName: number,
  number: number,
) => Thread;

/** A daemon that waits like this is still getting ready; by any other wait it has begun to serve, and the next one may start. */
function getsReady(kind: WaitKind): boolean {
  return kind === "compute" || kind === "disk" || kind === "listen" || kind === "datagrams" || kind === "connect";
}

/** A program in execution: its threads together own its connections and ports, and share its fate. */
export class RunningProcess implements Member<RunningProcess> {
  /** Waits of its threads that have not been settled, and starts that are due: 0 while it lives means that it waits on something foreign. */
  pending = 0;
  exit: Exit | undefined = undefined;
  /** The first of its pending waits; they are linked in order of age. */
  firstWait: Wait | undefined = undefined;
  lastWait: Wait | undefined = undefined;
  /** Called once, when the process first waits for others or for time to pass, or ends. */
  onSettledIn: (() => void) | undefined = undefined;
  memberOf: object | undefined = undefined;
  previousMember: RunningProcess | undefined = undefined;
  nextMember: RunningProcess | undefined = undefined;
  readonly main: Thread;
  /** Threads that have not ended. */
  readonly threads = new LinkedSet<Thread>();
  readonly connections = new LinkedSet<OwnedConnection>();
  /** Made with the first port, as few processes have any. */
  ports: Set<OwnedPort> | undefined = undefined;
  /** Who waits for its end. */
  doneWaits: Wait[] | undefined = undefined;
  threadCount = 0;
  /** How many of its threads were given a name; the second `worker` is called `worker 2`, so that traces tell them apart. */
  threadNames: Map<string, number> | undefined = undefined;
  childCount = 0;
  value: unknown = undefined;

  constructor(
    readonly core: Services,
    readonly machine: HostMachine,
    readonly pid: number,
    readonly name: string,
    readonly parentPid: number,
    /** Ends with the run: nobody waits for it. */
    readonly isDaemon: boolean,
    /** Names its random stream. */
    readonly streamName: string,
    /** What the scenario knows of it; none for a child. */
    readonly program: ScenarioProgram | undefined,
    makeThread: ThreadMaker,
  ) {
    this.main = makeThread(core, this, name, 0, 0);
  }

  /** As reports and errors call it. */
  get who(): string {
    return `${this.name} (pid ${this.pid} on ${this.machine.name})`;
  }

  get isAlive(): boolean {
    return this.exit === undefined;
  }

  /** Owns that port from now on. */
  open(port: OwnedPort): void {
    this.ports ??= new Set();
    this.ports.add(port);
  }

  /** One of its threads begins such a wait. */
  waits(kind: WaitKind): void {
    if (this.onSettledIn && !getsReady(kind)) this.settledIn();
  }

  /** It has ended: none of its waits is ever settled. */
  dropWaits(): void {
    for (let wait = this.firstWait; wait; wait = wait.next) wait.drop();
    this.firstWait = undefined;
    this.lastWait = undefined;
  }

  /** What still waits, in words. */
  waitTexts(): string[] {
    const texts: string[] = [];
    for (let wait = this.firstWait; wait; wait = wait.next) {
      if (wait.state === "pending") texts.push(`${wait.text}, since t=${wait.sinceMs.toFixed(3)}`);
    }
    return texts;
  }

  settledIn(): void {
    const told = this.onSettledIn;
    this.onSettledIn = undefined;
    told?.();
  }
}
