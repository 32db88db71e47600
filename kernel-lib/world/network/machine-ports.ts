/**
 * The datagram ports of a machine: what becomes of what is sent to them.
 *
 * - `deliver`, `lost`: by the path alone, or by the driver for what the system has lost; `lost` by a port too.
 * - `crashed`: by a fault.
 */
import { Fifo } from "../core/fifo.js";
import type { Services } from "../core/services.js";
import type { HostMachine } from "../machine/host-machine.js";
import type { LossReason } from "../trace/trace.js";
import type { DatagramFrame, LooseReceiver } from "./frame.js";
import { Ports } from "./port.js";

/** A port that is open, as its machine sees it. */
interface OpenDatagramPort {
  /** A datagram has come for it. */
  push(frame: DatagramFrame): void;
}

/** The datagram ports of a machine: whatever is sent to one of them, open or not, is theirs. */
export class MachinePorts implements LooseReceiver {
  readonly keepsOrder = false;
  readonly open = new Ports<OpenDatagramPort>();
  readonly #core: Services;
  readonly #machine: HostMachine;
  /** What came while the machine stood still. */
  readonly #held = new Fifo<DatagramFrame>();

  constructor(core: Services, machine: HostMachine) {
    this.#core = core;
    this.#machine = machine;
  }

  deliver(frame: DatagramFrame): void {
    if (!this.#machine.isPaused) return this.#arrived(frame);
    this.#held.push(frame);
    this.#machine.whenRunning(() => this.#arrived(this.#held.shift() as DatagramFrame));
  }

  #arrived(frame: DatagramFrame): void {
    if (this.#machine.isDown) return this.lost(frame, "down");
    const port = this.open.get(frame.toPort);
    if (!port) return this.lost(frame, "closed port");
    frame.arrivedMs = this.#core.now();
    port.push(frame);
  }

  lost(frame: DatagramFrame, reason: LossReason): void {
    this.#core.trace.datagram(this.#core.now(), frame.thread, "lost", frame, reason);
  }

  /** Its machine is down: what it put off is forgotten. */
  crashed(): void {
    for (const frame of this.#held.drain()) this.lost(frame, "down");
  }
}
