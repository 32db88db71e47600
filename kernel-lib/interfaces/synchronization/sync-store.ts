import type { EntryValue } from "./entry-value.js";

/** A device asks what has changed since it last asked: since the token that it was given then, 0 at first. */
export interface ChangesRequest {
  /** The token. */
  readonly since: number;
}

/** A device asks that an entry be given a value, provided that nobody else has changed it. */
export interface PutRequest {
  /** The entry. */
  readonly id: string;
  /** Its new value; null to delete it. */
  readonly value: EntryValue;
  /** The version that the device has edited; 0 if it knows of none. */
  readonly ifVersion: number;
  /** The device's name. */
  readonly by: string;
  /** The number of this edit among the device's. It stays the same when the put is tried again. */
  readonly edit: number;
}

/** What a device may ask: see {@link SyncStore}. */
export type SyncRequest = ChangesRequest | PutRequest;

/** An entry's value and version. */
export interface VersionedValue {
  /** Null if it is deleted. */
  readonly value: EntryValue;
  /** The token of the put that made it so. */
  readonly version: number;
}

/** What a device's edit made. */
export interface EditMade {
  /** The edit's number among the device's. */
  readonly edit: number;
  /** The version that it made. */
  readonly version: number;
}

/** An entry as the server has it. */
export interface StoredEntry extends VersionedValue {
  /** By device, its last edit of this entry. */
  readonly edits: Readonly<Record<string, EditMade>>;
}

/** An entry that has changed. */
export interface ChangedEntry extends VersionedValue {
  /** The entry. */
  readonly id: string;
}

/** What has changed since the token that a device named. */
export interface ChangesReply {
  /** What to name next time. */
  readonly token: number;
  /** Each entry once, as it is now. */
  readonly changes: readonly ChangedEntry[];
}

/** A put was taken. */
export interface TakenReply {
  /** The entry's version from then on. */
  readonly version: number;
}

/** A put was not taken, since somebody else has changed the entry. */
export interface ConflictReply {
  /** What it is now. */
  readonly conflict: VersionedValue;
}

/** What the server answers. */
export type SyncReply = ChangesReply | TakenReply | ConflictReply;

/** What {@link SyncStore.answer} says. */
export interface SyncAnswer {
  /** For the device. */
  readonly reply: SyncReply;
  /** What the entry must be from then on; left out if nothing changes. */
  readonly changed?: StoredEntry;
}

const nothing: StoredEntry = { value: null, version: 0, edits: {} };

/**
 * The server's half of the protocol, without network and disk: entries with versions, and a token that counts the changes.
 *
 * A put whose answer was lost is tried again by the device, and would be in conflict with itself, since it has changed the version. So the
 * store remembers each device's last edit of an entry, and gives the same answer again.
 */
export class SyncStore {
  readonly #entries: Map<string, StoredEntry>;
  readonly #remembersEdits: boolean;

  /**
   * @param entries what it begins with
   * @param remembersEdits whether a put that comes again gets its answer again
   */
  constructor(entries: Iterable<readonly [string, StoredEntry]> = [], remembersEdits = true) {
    this.#entries = new Map(entries);
    this.#remembersEdits = remembersEdits;
  }

  /** How many changes there were. */
  get token(): number {
    return Math.max(0, ...[...this.#entries.values()].map(({ version }) => version));
  }

  /**
   * Answers a request, and changes nothing.
   *
   * @returns the reply, and what the entry must be from then on, if anything changes: to be kept safely, and then given to {@link SyncStore.set}, before
   *   the reply is sent.
   */
  answer(request: SyncRequest): SyncAnswer {
    const { token } = this;
    if ("since" in request) {
      const changes = [...this.#entries].map(([id, { value, version }]) => ({ id, value, version }));
      return { reply: { token, changes: changes.filter(({ version }) => version > request.since) } };
    }
    const { id, value, ifVersion, by, edit } = request;
    const now = this.#entries.get(id) ?? nothing;
    const last = now.edits[by];
    if (this.#remembersEdits && last?.edit === edit) return { reply: { version: last.version } };
    if (now.version !== ifVersion) return { reply: { conflict: { value: now.value, version: now.version } } };
    const version = token + 1;
    return { reply: { version }, changed: { value, version, edits: { ...now.edits, [by]: { edit, version } } } };
  }

  /** Puts an entry in the place of what was there. */
  set(id: string, entry: StoredEntry): void {
    this.#entries.set(id, entry);
  }
}
