import { type ChildProcess, spawn } from "node:child_process";

const script = `
trap '' HUP INT QUIT TERM
groups=
while read -r sign group; do
  case $sign in
    +) groups="$groups $group" ;;
    -) rest=
       for known in $groups; do [ "$known" = "$group" ] || rest="$rest $known"; done
       groups=$rest ;;
  esac
done
for group in $groups; do kill -9 "-$group" 2>/dev/null; done
exit 0`;

/**
 * A tiny process that outlives its parent: it is told which process groups live, and when the pipe from its parent
 * ends, be it by SIGKILL, it ends them. A shell, because a second Node would cost 40 MB.
 */
export class Guard {
  readonly #groups = new Set<number>();
  readonly #shell: ChildProcess;

  constructor() {
    this.#shell = spawn("/bin/sh", ["-c", script], { detached: true, stdio: ["pipe", "ignore", "ignore"] });
    this.#shell.stdin?.on("error", () => {});
    this.#shell.on("error", () => {});
    this.#shell.unref();
  }

  watch(leader: number): void {
    this.#groups.add(leader);
    this.#shell.stdin?.write(`+ ${leader}\n`);
  }

  /** The leader has ended: its group is forgotten only if nobody is left in it. */
  leaderEnded(leader: number): void {
    if (groupLives(leader)) return;
    this.#groups.delete(leader);
    this.#shell.stdin?.write(`- ${leader}\n`);
  }

  /** Ends every watched group: asks first, then insists. */
  async endAll(graceMs: number): Promise<void> {
    const signal = (name: NodeJS.Signals) => {
      for (const leader of this.#groups) signalGroup(leader, name);
    };
    signal("SIGTERM");
    const end = performance.now() + graceMs;
    while ([...this.#groups].some(groupLives) && performance.now() < end) await new Promise((r) => setTimeout(r, 10));
    signal("SIGKILL");
    for (const leader of this.#groups) this.#shell.stdin?.write(`- ${leader}\n`);
    this.#groups.clear();
    this.#shell.stdin?.end();
  }
}

function signalGroup(leader: number, name: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-leader, name);
  } catch {
    return false;
  }
}

function groupLives(leader: number): boolean {
  return signalGroup(leader, 0);
}
