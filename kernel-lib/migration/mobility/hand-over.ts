/**
 * How a process passes from one place to another, so that whatever fails on the way it is at one of the two, and never at both.
 *
 * The sender gives the process as bytes and keeps its own copy, stopped. The receiver makes a machine of the bytes, but does not start it,
 * and says that it is ready. Now the sender decides: it forgets its copy, and says so; only then does the receiver start. Until then
 * whatever goes wrong leaves the process where it was. A receiver that does not hear the decision asks for it, again and again; a sender
 * that is gone altogether has no copy any more, so the receiver's is the only one left. This is two-phase commit with the sender as
 * coordinator.
 *
 * @see Bernstein, Hadzilacos and Goodman, *Concurrency Control and Recovery in Database Systems*, 1987, chapter 7.
 */
import { ConnectionRefused, ConnectionReset, TimedOut } from "../../world/errors.js";
import type { Connection, Host } from "../../world/host.js";
import { ResourceError } from "./local-resources.js";
import { type Arrival, askPlace, type Limits } from "./travel.js";

/** What became of a transfer, as its sender knows it; `unknown` if another place of that name, now gone, began it. @internal */
export type Outcome = "left" | "stayed" | "unknown";

/** Whether an error says that the peer is gone or can't be reached. @internal */
export function isUnreachable(error: unknown): boolean {
  return error instanceof ConnectionRefused || error instanceof ConnectionReset || error instanceof TimedOut;
}

/** Pauses between questions to a place that can't be reached: from a second, each twice as long, for half an hour in all. */
const firstPauseMs = 1000;
const mostTries = 11;

/** Tries until the peer can be reached. @throws {@link TimedOut} if it never can; {@link ConnectionRefused} or {@link ConnectionReset} at once. @internal */
export async function untilReached<T>(host: Host, work: () => Promise<T>): Promise<T> {
  for (let tries = 1, pauseMs = firstPauseMs; ; tries++, pauseMs *= 2) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof TimedOut) || tries === mostTries) throw error;
      await host.sleep(pauseMs);
    }
  }
}

/** The hand-overs of one place. @internal */
export class HandOvers {
  /** Those that the place has begun and not decided, and those that it has decided: for receivers that did not hear of it. */
  readonly #open = new Set<string>();
  readonly #left = new Set<string>();
  readonly #name: string;
  #begun = 0;

  constructor(
    host: Host,
    readonly port: number,
    /** How long each side waits for the other's next word. */
    readonly patienceMs: number,
    /** How long another host may show no life. */
    readonly limits: Limits,
  ) {
    this.#name = `${host.name}/${host.pid}`;
  }

  /** A name for the next one, which tells it from those of an earlier place of the same host, too. */
  next(): string {
    return `${this.#name}/${++this.#begun}`;
  }

  /**
   * The sender's half.
   *
   * @param leave forgets the sender's own copy: called in the moment of the decision, if the receiver is ready.
   * @throws if the process has not left: {@link ResourceError} if the receiver does not want it, else why it can't be reached.
   */
  async give(
    connection: Connection,
    arrival: Arrival & { readonly transfer: string },
    leave: () => void,
  ): Promise<void> {
    const { transfer } = arrival;
    this.#open.add(transfer);
    try {
      await connection.send(arrival);
      const said = (await connection.receive({ timeoutMs: this.patienceMs })) as Readiness | undefined;
      if (said?.error !== undefined) throw new ResourceError(said.error);
      // The receiver may have given up, and been told that the process stays.
      if (said?.ready !== true || !this.#open.has(transfer))
        throw new ConnectionReset(`${connection.peer} has not taken the process in`);
    } catch (error) {
      this.#open.delete(transfer);
      connection.reset();
      throw error;
    }
    this.#open.delete(transfer);
    this.#left.add(transfer);
    leave();
    await connection.send("left").catch(() => undefined); // it will ask
    connection.end();
  }

  /** The receiver's half, once it has a machine that could start: whether it is to start. @throws {@link TimedOut} if it can't be known. */
  async isOurs(host: Host, connection: Connection, transfer: string): Promise<boolean> {
    try {
      await connection.send({ ready: true } satisfies Readiness);
      if ((await connection.receive({ timeoutMs: this.patienceMs })) === "left") return true;
    } catch (error) {
      if (!isUnreachable(error)) throw error;
    }
    const question = { ask: "outcome", transfer } as const;
    const limits = { ...this.limits, timeoutMs: this.patienceMs };
    try {
      const outcome = await untilReached(host, () => askPlace(host, connection.peer, this.port, question, limits));
      return outcome !== ("stayed" satisfies Outcome);
    } catch (error) {
      if (error instanceof ConnectionRefused || error instanceof ConnectionReset) return true; // the sender is gone
      throw error;
    }
  }

  /** What a receiver in doubt is told. Whoever asks has given up, so what is not decided yet is decided now. */
  outcomeOf(transfer: string): Outcome {
    if (this.#left.has(transfer)) return "left";
    this.#open.delete(transfer);
    return transfer.startsWith(`${this.#name}/`) ? "stayed" : "unknown";
  }
}

interface Readiness {
  readonly ready?: true;
  readonly error?: string;
}
