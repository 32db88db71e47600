import { checkPositive, checkText, checkWhole, refuse } from "../../errors.js";
import { type Connection, ConnectionRefused, ConnectionReset, type Host, TimedOut } from "../../world/index.js";
import type { ConflictPolicy } from "./conflict-policy.js";
import { type EntryValue, sameValue } from "./entry-value.js";
import type { SyncReply, SyncRequest } from "./sync-store.js";

/** See {@link SyncClient.open}. */
export interface SyncClientOptions {
  /** What it does if the server did not take an edit. */
  readonly policy: ConflictPolicy;
  /** The server's host; `"server"` unless told. */
  readonly to?: string;
  /** The server's port; 5232 unless told. */
  readonly port?: number;
  /** How long it waits for the server before it gives up until the next time; 1000 unless told. */
  readonly timeoutMs?: number;
}

/** What came of one meeting with the server. */
export interface SyncSummary {
  /** Whether all was said; else the server was not reached, or was lost in the middle. */
  readonly isComplete: boolean;
  /** How many edits the server took. */
  readonly taken: number;
  /** How many it did not take, since the entry had changed. */
  readonly conflicts: number;
  /** How many entries came that were new to this device. */
  readonly received: number;
}

interface LocalEntry {
  /** The last that both sides had. */
  readonly base: { readonly value: EntryValue; readonly version: number };
  /** What the user sees. */
  readonly value: EntryValue;
  /** A put of which nobody knows whether the server has it. It is tried again as it was, whatever the user does meanwhile. */
  readonly sending?: { readonly value: EntryValue; readonly edit: number };
}

interface Saved {
  readonly token: number;
  readonly edits: number;
  readonly entries: Readonly<Record<string, LocalEntry>>;
}

const file = "calendar";
const nothing: LocalEntry = { base: { value: null, version: 0 }, value: null };

/**
 * A device's copy of a calendar: it can be read and edited without the server, and now and then it meets it. All it knows is on its
 * disk before it is said to anybody, so that it may crash at any moment.
 */
export class SyncClient {
  readonly #host: Host;
  readonly #options: Required<SyncClientOptions>;
  #saved: Saved;

  private constructor(host: Host, options: Required<SyncClientOptions>, saved: Saved) {
    this.#host = host;
    this.#options = options;
    this.#saved = saved;
  }

  /**
   * The copy on this host's disk; an empty one if there is none.
   *
   * @throws {@link ParameterError} if an option is none.
   */
  static async open(host: Host, options: SyncClientOptions): Promise<SyncClient> {
    const { policy, to = "server", port = 5232, timeoutMs = 1000 } = options ?? {};
    if (typeof policy?.resolve !== "function") refuse("SyncClient.open", "policy", "a conflict policy", policy);
    checkText("SyncClient.open", "to", to);
    checkWhole("SyncClient.open", "port", port, 1, 65_535);
    checkPositive("SyncClient.open", "timeoutMs", timeoutMs);
    const saved = (await host.disk.read(file)) ?? { token: 0, edits: 0, entries: {} };
    return new SyncClient(host, { policy, to, port, timeoutMs }, saved);
  }

  /** What the user sees, by entry; what is deleted is not there. */
  get entries(): Readonly<Record<string, Readonly<Record<string, string>>>> {
    const all = Object.entries(this.#saved.entries).map(([id, { value }]) => [id, value] as const);
    const there = all.filter((pair): pair is [string, Readonly<Record<string, string>>] => pair[1] !== null);
    return Object.fromEntries(there.sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** The user changes fields of an entry, which is made if there is none; or deletes it: null. */
  async edit(id: string, change: EntryValue): Promise<void> {
    checkText("SyncClient.edit", "id", id);
    const entry = this.#entry(id);
    this.#host.log(`${change ? "edits" : "deletes"} ${id}`);
    await this.#keep(id, { ...entry, value: change && { ...entry.value, ...change } });
  }

  /** Meets the server: first says what was edited here, then asks what was edited elsewhere. It never throws for a server that is lost. */
  async sync(): Promise<SyncSummary> {
    const summary = { isComplete: false, taken: 0, conflicts: 0, received: 0 };
    const { to, port, timeoutMs } = this.#options;
    let connection: Connection<SyncReply, SyncRequest> | undefined;
    try {
      connection = await this.#host.connect(to, port, { timeoutMs });
      for (const id of Object.keys(this.#saved.entries)) await this.#push(connection, id, summary);
      await this.#pull(connection, summary);
      connection.end();
      return { ...summary, isComplete: true };
    } catch (error) {
      if (!isLost(error)) throw error;
      connection?.reset();
      return summary;
    }
  }

  /** Puts an entry until the server has what the user sees. */
  async #push(
    connection: Connection<SyncReply, SyncRequest>,
    id: string,
    summary: { taken: number; conflicts: number },
  ): Promise<void> {
    for (;;) {
      const entry = this.#entry(id);
      if (!entry.sending && sameValue(entry.value, entry.base.value)) return;
      const sending = entry.sending ?? { value: entry.value, edit: this.#saved.edits + 1 };
      if (!entry.sending) await this.#keep(id, { ...entry, sending }, { edits: sending.edit });
      const { version: ifVersion } = entry.base;
      const reply = await this.#ask(connection, { ifVersion, id, ...sending, by: this.#host.name });
      const { sending: _, ...now } = this.#entry(id);
      if ("version" in reply) {
        summary.taken++;
        await this.#keep(id, { ...now, base: { value: sending.value, version: reply.version } });
      } else if ("conflict" in reply) {
        summary.conflicts++;
        const { conflict: theirs } = reply;
        const value = this.#options.policy.resolve(now.base.value, now.value, theirs.value);
        this.#host.log("conflict", { entry: id });
        await this.#keep(id, { base: theirs, value });
      }
    }
  }

  /** Takes in what has changed, but for what the user has edited since: that will be put, and be in conflict. */
  async #pull(connection: Connection<SyncReply, SyncRequest>, summary: { received: number }): Promise<void> {
    const reply = await this.#ask(connection, { since: this.#saved.token });
    if (!("changes" in reply)) return;
    const entries: Record<string, LocalEntry> = { ...this.#saved.entries };
    let { token } = reply;
    for (const { id, value, version } of reply.changes) {
      const { base, value: own, sending } = this.#entry(id);
      if (version <= base.version) continue;
      if (sending || !sameValue(own, base.value)) {
        // Should the user take the edit back, it must be told of this change again.
        token = this.#saved.token;
        continue;
      }
      summary.received++;
      entries[id] = { base: { value, version }, value };
    }
    await this.#save({ ...this.#saved, token, entries });
  }

  async #ask(connection: Connection<SyncReply, SyncRequest>, request: SyncRequest): Promise<SyncReply> {
    await connection.send(request);
    const reply = await connection.receive({ timeoutMs: this.#options.timeoutMs });
    if (reply === undefined) throw new ConnectionReset("the server ended the connection before its answer");
    return reply;
  }

  #entry(id: string): LocalEntry {
    return Object.hasOwn(this.#saved.entries, id) ? (this.#saved.entries[id] as LocalEntry) : nothing;
  }

  #keep(id: string, entry: LocalEntry, more: { readonly edits?: number } = {}): Promise<void> {
    return this.#save({ ...this.#saved, ...more, entries: { ...this.#saved.entries, [id]: entry } });
  }

  async #save(saved: Saved): Promise<void> {
    this.#saved = saved;
    await this.#host.disk.write(file, saved);
  }
}

const isLost = (error: unknown): boolean =>
  error instanceof ConnectionReset || error instanceof ConnectionRefused || error instanceof TimedOut;
