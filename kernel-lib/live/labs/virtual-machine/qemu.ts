import { closeSync } from "node:fs";
import { Socket } from "node:net";
import { type Child, ChildNotStarted, executable, type startChild, ToolMissing } from "../../children/index.js";
import type { SwitchPort } from "./ethernet-switch.js";
import { card, guestMac } from "./guest.js";
import { socketPair } from "./socket-pair.js";

/** Something that QEMU tells by itself. @internal */
export interface QemuEvent {
  readonly event: string;
  /** When, on this process's clock `performance.now()`. */
  readonly atMs: number;
  readonly data: Readonly<Record<string, unknown>>;
}

/** A running QEMU, and its monitor. @internal */
export interface Qemu {
  readonly child: Child;
  /** All that it has told so far. */
  readonly events: readonly QemuEvent[];
  /** Gives it a command of its monitor protocol. @throws Error with what QEMU says against it. */
  ask<Answer = unknown>(command: string, args?: Readonly<Record<string, unknown>>): Promise<Answer>;
  /** Waits for an event. @throws Error if QEMU ends before it comes. */
  event(name: string, isWanted?: (data: QemuEvent["data"]) => boolean): Promise<QemuEvent>;
}

/** See {@link startQemu}. @internal */
export interface QemuOptions {
  /** Starts children that end with the lab. */
  readonly start: typeof startChild;
  readonly memoryMiB: number;
  /** The folder of both, of which nobody else may open a file; it has the guest in `guest`. */
  readonly folder: string;
  readonly network: SwitchPort;
  /** Whether it waits for a machine to come, instead of starting one. */
  readonly isDestination: boolean;
  readonly limitMs: number;
  readonly signal: AbortSignal | undefined;
}

/** Where a machine's state goes: a socket in the folder in which both run, as a path may not be long. @internal */
export const migrationUri = "unix:migration";

/** Starts QEMU without hardware support, a screen or a BIOS's devices: a processor, memory, a clock, a network card. @internal */
export async function startQemu(options: QemuOptions): Promise<Qemu> {
  const { network, isDestination } = options;
  const mac = guestMac.map((byte) => byte.toString(16).padStart(2, "0")).join(":");
  const { switchPort, machinePort } = network;
  const args = [
    ...["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-machine", "pc,accel=tcg"],
    ...["-m", `${options.memoryMiB}M`, "-kernel", "guest"],
    ...["-netdev", `socket,id=cable,udp=127.0.0.1:${switchPort},localaddr=127.0.0.1:${machinePort}`],
    ...["-device", `ne2k_isa,netdev=cable,iobase=0x${card.toString(16)},irq=9,mac=${mac}`],
    ...["-chardev", "socket,id=monitor,fd=0", "-mon", "chardev=monitor,mode=control"],
    ...(isDestination ? ["-incoming", "defer"] : []),
  ];
  const [ours, theirs] = await socketPair();
  const child = await options
    .start(executable("qemu-system-x86_64", args), {
      stdin: theirs,
      cwd: options.folder,
      limitMs: options.limitMs,
      ...(options.signal && { signal: options.signal }),
    })
    .catch((error: unknown) => {
      if (!(error instanceof ChildNotStarted)) throw error;
      const how = "on Debian and Ubuntu, apt install --no-install-recommends qemu-system-x86";
      throw new ToolMissing(`qemu-system-x86_64 is not installed: ${how}`);
    })
    .finally(() => closeSync(theirs));
  const qemu = new RunningQemu(child, new Socket({ fd: ours, readable: true, writable: true }));
  await qemu.ask("qmp_capabilities");
  await setCapabilities(qemu, { events: true });
  return qemu;
}

/** Turns capabilities of a migration on or off. @internal */
export const setCapabilities = (qemu: Qemu, states: Readonly<Record<string, boolean>>): Promise<unknown> =>
  qemu.ask("migrate-set-capabilities", {
    capabilities: Object.entries(states).map(([capability, state]) => ({ capability, state })),
  });

interface Message {
  readonly id?: number;
  readonly return?: unknown;
  readonly error?: { readonly desc: string };
  readonly event?: string;
  readonly data?: Readonly<Record<string, unknown>>;
  readonly timestamp?: { readonly seconds: number; readonly microseconds: number };
}

class RunningQemu implements Qemu {
  readonly events: QemuEvent[] = [];
  readonly #waiting = new Map<number, (message: Message) => void>();
  readonly #listeners = new Set<(event: QemuEvent) => void>();
  readonly #monitor: Socket;
  readonly #ended: Promise<never>;
  #asked = 0;

  constructor(
    readonly child: Child,
    monitor: Socket,
  ) {
    this.#monitor = monitor;
    let text = "";
    monitor.setEncoding("utf8").on("data", (chunk: string) => {
      const lines = (text + chunk).split("\n");
      text = lines.pop() ?? "";
      for (const line of lines) if (line.trim() !== "") this.#heard(JSON.parse(line) as Message);
    });
    monitor.on("error", () => undefined);
    this.#ended = child.ended.then(({ code, signal, stderr }) => {
      throw new Error(`QEMU ended with ${signal ?? `exit code ${code}`}: ${stderr.trim()}`);
    });
    this.#ended.catch(() => monitor.destroy());
  }

  async ask<Answer>(command: string, args: Readonly<Record<string, unknown>> = {}): Promise<Answer> {
    const id = ++this.#asked;
    const answered = new Promise<Message>((resolve) => this.#waiting.set(id, resolve));
    this.#monitor.write(`${JSON.stringify({ execute: command, arguments: args, id })}\n`);
    const answer = await Promise.race([answered, this.#ended]);
    if (answer.error) throw new Error(`QEMU refuses ${command}: ${answer.error.desc}`);
    return answer.return as Answer;
  }

  async event(name: string, isWanted: (data: QemuEvent["data"]) => boolean = () => true): Promise<QemuEvent> {
    const isIt = ({ event, data }: QemuEvent): boolean => event === name && isWanted(data);
    const before = this.events.find(isIt);
    if (before) return before;
    let listener: ((event: QemuEvent) => void) | undefined;
    const coming = new Promise<QemuEvent>((resolve) => {
      listener = (event) => isIt(event) && resolve(event);
      this.#listeners.add(listener);
    });
    try {
      return await Promise.race([coming, this.#ended]);
    } finally {
      if (listener) this.#listeners.delete(listener);
    }
  }

  #heard({ id, event, data = {}, timestamp, ...answer }: Message): void {
    if (id !== undefined) {
      this.#waiting.get(id)?.(answer);
      this.#waiting.delete(id);
    } else if (event !== undefined && timestamp !== undefined) {
      // QEMU tells the time of day.
      const atMs = timestamp.seconds * 1000 + timestamp.microseconds / 1000 - performance.timeOrigin;
      const told = { event, atMs, data };
      this.events.push(told);
      for (const listener of this.#listeners) listener(told);
    }
  }
}
