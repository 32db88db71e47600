import { type Host, type Queue, TimedOut } from "../../world/index.js";
import type { GrantMode, Recall } from "./protocol.js";
import type { Peer } from "./service.js";

interface Grant {
  readonly mode: GrantMode;
  readonly untilMs: number;
}

interface Pending {
  readonly client: string;
  readonly message: Recall;
  readonly over: Queue<"released">;
}

/** Who may use copies of which file, until when; and the recalling of that. Kept in memory: a crash loses it. */
export class Grants {
  /** By file, by client. */
  readonly #holders = new Map<string, Map<string, Grant>>();
  readonly #peers = new Map<string, Peer>();
  readonly #pending = new Map<number, Pending>();
  #recalls = 0;
  #serial = 0;

  count(nowMs: number): number {
    let count = 0;
    for (const holders of this.#holders.values())
      for (const { untilMs } of holders.values()) if (nowMs < untilMs) count++;
    return count;
  }

  /** The connection over which a client can be reached now; recalls that it has not answered are sent again. */
  attach(client: string, peer: Peer): void {
    this.#peers.set(client, peer);
    for (const pending of this.#pending.values()) if (pending.client === client) void this.#send(pending);
  }

  /** @returns the number of this grant: see {@link FileReply.serial}. */
  grant(file: string, client: string, mode: GrantMode, untilMs: number): number {
    const holders = this.#holders.get(file) ?? new Map<string, Grant>();
    this.#holders.set(file, holders);
    const had = holders.get(client);
    // Who may write may also read; and a lease is never shortened by a new one.
    holders.set(client, {
      mode: had?.mode === "write" ? "write" : mode,
      untilMs: Math.max(untilMs, had?.untilMs ?? 0),
    });
    return ++this.#serial;
  }

  holds(file: string, client: string, mode: GrantMode): boolean {
    const grant = this.#holders.get(file)?.get(client);
    return grant !== undefined && (mode === "read" || grant.mode === "write");
  }

  /**
   * Waits until nobody but `client` holds what is in the way of `mode`: each has let go, or its time has run out. Who neither
   * answers nor runs out within `patienceMs` is named in the result.
   */
  async recallOthers(host: Host, file: string, client: string, mode: GrantMode, patienceMs: number): Promise<string[]> {
    const silent: string[] = [];
    const recalls: { readonly other: string; readonly grant: Grant; readonly id: number }[] = [];
    for (const [other, grant] of this.#holders.get(file) ?? []) {
      if (other === client || (mode === "read" && grant.mode === "read")) continue;
      if (host.now() >= grant.untilMs) this.#holders.get(file)?.delete(other);
      else recalls.push({ other, grant, id: this.#recall(host, file, other) });
    }
    for (const { other, grant, id } of recalls) {
      const leftMs = Math.min(grant.untilMs - host.now(), patienceMs);
      try {
        const { over } = this.#pending.get(id) as Pending;
        await over.take(leftMs === Number.POSITIVE_INFINITY ? {} : { timeoutMs: Math.max(leftMs, 1e-6) });
      } catch (error) {
        if (!(error instanceof TimedOut)) throw error;
        if (host.now() < grant.untilMs) silent.push(other);
      } finally {
        this.#pending.delete(id);
      }
      this.#holders.get(file)?.delete(other);
    }
    return silent;
  }

  /** A client says that it has let go. */
  released(recall: number): void {
    this.#pending.get(recall)?.over.offer("released");
  }

  /** Drops all that a client holds; who waits for it goes on. */
  forget(client: string): void {
    this.#peers.delete(client);
    for (const holders of this.#holders.values()) holders.delete(client);
    for (const pending of this.#pending.values()) if (pending.client === client) pending.over.offer("released");
  }

  #recall(host: Host, file: string, client: string): number {
    const recall = ++this.#recalls;
    const message = { recall, file, serial: ++this.#serial };
    const pending = { client, message, over: host.queue<"released">(1) };
    this.#pending.set(recall, pending);
    void this.#send(pending);
    return recall;
  }

  async #send({ client, message }: Pending): Promise<void> {
    try {
      await this.#peers.get(client)?.send(message);
    } catch {
      // Who can't be reached does not answer: whoever waits for it finds out by the clock.
    }
  }
}
