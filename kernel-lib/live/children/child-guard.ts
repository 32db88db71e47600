import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";

/**
 * Reads which process groups live, one order a line. When its input ends without the order `end`, its parent is dead: it ends
 * the groups, and any child that was started in that very moment, which a mark in its environment tells (where there is /proc).
 */
const script = `
trap '' HUP INT QUIT TERM
groups=
while read -r sign group; do
  case $sign in
    +) groups="$groups $group" ;;
    -) rest=
       for known in $groups; do [ "$known" = "$group" ] || rest="$rest $known"; done
       groups=$rest ;;
    end) exit 0 ;;
  esac
done
for group in $groups; do kill -9 "-$group" 2>/dev/null; done
[ -r /proc/self/environ ] || exit 0
sleep 0.1
grep -lsF "$1" /proc/[0-9]*/environ | while IFS=/ read -r _ _ pid _; do kill -9 "$pid" 2>/dev/null; done
exit 0`;

/**
 * A tiny process that ends all children of this one should it die, be it by SIGKILL. A shell, as a second Node would cost 40 MB.
 * It lives as long as someone holds it.
 */
class Guard {
  readonly mark = `HANDOFF_CHILD_OF=${randomUUID()}`;
  readonly started: Promise<unknown>;
  readonly #shell: ChildProcess;
  readonly #ended: Promise<unknown>;
  #holders = 0;

  constructor() {
    const [name = ""] = this.mark.split("=");
    const { [name]: _ours, ...env } = process.env;
    const stdio = ["pipe", "ignore", "ignore"] as const;
    this.#shell = spawn("/bin/sh", ["-c", script, "sh", this.mark], { detached: true, stdio: [...stdio], env });
    this.#shell.stdin?.on("error", () => undefined);
    this.started = once(this.#shell, "spawn");
    this.#ended = new Promise((resolve) => {
      this.#shell.once("exit", resolve);
      this.#shell.once("error", resolve);
    });
    void this.#ended.then(() => this.#forget());
    this.#shell.unref();
  }

  hold(): GuardHold {
    this.#holders++;
    let isHeld = true;
    const [name = "", value = ""] = this.mark.split("=");
    return {
      environment: { [name]: value },
      watch: (leader) => this.#tell(`+ ${leader}`),
      forget: (leader) => this.#tell(`- ${leader}`),
      release: async () => {
        if (!isHeld) return;
        isHeld = false;
        if (--this.#holders > 0) return;
        this.#forget();
        this.#shell.ref();
        this.#shell.stdin?.end("end\n");
        await this.#ended;
      },
    };
  }

  #tell(order: string): void {
    this.#shell.stdin?.write(`${order}\n`);
  }

  #forget(): void {
    if (current === this) current = undefined;
  }
}

let current: Guard | undefined;

/** What whoever starts children has of the guard. */
export interface GuardHold {
  /** To be in the environment of each child. */
  readonly environment: Readonly<Record<string, string>>;
  /** A child lives that leads this process group. To be told in the same breath as it is started. */
  watch(leader: number): void;
  /** The group has been ended. */
  forget(leader: number): void;
  /** Nothing more will be started; resolves when the guard has ended, if this was the last hold. */
  release(): Promise<void>;
}

/** Takes hold of this process's guard, and starts it if there is none. */
export async function holdGuard(): Promise<GuardHold> {
  current ??= new Guard();
  const hold = current.hold();
  try {
    await current.started;
  } catch (error) {
    await hold.release();
    throw error;
  }
  return hold;
}
