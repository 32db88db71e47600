import { checkWhole, ParameterError } from "../../errors.js";
import type { EventId } from "../../simulation/index.js";
import { checkSpanMs } from "../checks.js";
import { because } from "../core/failures.js";
import { TimedOut } from "../errors.js";
import type { KeepAlive } from "../host.js";
import { type End, nothing } from "./end.js";

/** What watches need of their end besides. */
interface WatchedEnd extends End {
  readonly machine: { readonly isDown: boolean; whenRunning(action: () => void): void };
  readonly isGone: boolean;
  /** Nobody answers: the connection is over at this end. */
  giveUp(error: Error): void;
}

/** Watches whether the peer of a connection's end is there, from when it is made until it is stopped. */
export class KeepAliveWatch {
  readonly #end: WatchedEnd;
  readonly #settings: KeepAlive;
  #timer: EventId | undefined;
  #heardMs: number;
  #probes = 0;

  constructor(end: WatchedEnd, settings: KeepAlive) {
    this.#end = end;
    this.#settings = settings;
    this.#heardMs = end.core.now();
    this.#watchUntil(this.#heardMs + settings.idleMs);
  }

  /** Something has come from the peer. */
  heard(nowMs: number): void {
    this.#heardMs = nowMs;
    this.#probes = 0;
  }

  stop(): void {
    if (this.#timer !== undefined) this.#end.core.driver.cancel(this.#timer);
    this.#timer = undefined;
  }

  /** By absolute times: a rest of time below the clock's resolution would come round for ever. */
  #watchUntil(timeMs: number): void {
    const check = (self: KeepAliveWatch): void => self.#end.machine.whenRunning(() => self.#check());
    this.#timer = this.#end.core.driver.at(timeMs, check, this as KeepAliveWatch);
  }

  #check(): void {
    this.#timer = undefined;
    const { core, machine, id, isGone, peerOwner } = this.#end;
    const { idleMs, intervalMs, probes } = this.#settings;
    if (isGone || machine.isDown) return;
    const idleUntilMs = this.#heardMs + idleMs;
    if (this.#probes === 0 && core.now() < idleUntilMs) return this.#watchUntil(idleUntilMs);
    if (this.#probes >= probes) {
      const { text, options } = because(core.failures.of(peerOwner?.exit));
      return this.#end.giveUp(new TimedOut(`${id}: keepalive got no answer to ${probes} probes${text}`, options));
    }
    this.#probes++;
    this.#end.transmit("probe", nothing, 0, 0);
    this.#watchUntil(core.now() + intervalMs);
  }
}

/** Keepalive settings from a program. */
export function checkKeepAlive(where: string, keepAlive: KeepAlive | undefined): KeepAlive | undefined {
  if (keepAlive === undefined) return undefined;
  if (typeof keepAlive !== "object" || keepAlive === null) {
    throw new ParameterError(`${where}: keepAlive must be { idleMs, intervalMs, probes }`);
  }
  checkSpanMs(where, "keepAlive.idleMs", keepAlive.idleMs);
  checkSpanMs(where, "keepAlive.intervalMs", keepAlive.intervalMs);
  checkWhole(where, "keepAlive.probes", keepAlive.probes, 1);
  return keepAlive;
}
