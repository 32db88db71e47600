import { checkWhole } from "../../errors.js";
import type { RemoteCall, RemoteReply } from "../stubs/index.js";

/** A row of a {@link CallTable}. */
export interface CallTableRow {
  /** The client's name. */
  readonly client: string;
  /** Up to which number its calls are settled. */
  readonly settled: number;
  /** Replies to calls after that, by the call's number. */
  readonly replies: readonly (readonly [number: number, reply: RemoteReply])[];
}

interface OfClient {
  settled: number;
  readonly replies: Map<number, RemoteReply>;
}

/**
 * The table of duplicates: which calls have been executed, and what was replied. It forgets the replies that nobody waits for any
 * more, as each call says, and of a client that does not say so, the oldest.
 *
 * It knows calls one by one, and not only the last: a call that is sent again may be overtaken by later ones.
 *
 * @see Birrell and Nelson 1984, §4, for a table that keeps the last call of each client alone; RFC 8881, §2.10.6, for one with slots.
 */
export class CallTable {
  readonly #clients = new Map<string, OfClient>();
  readonly #most: number;

  /**
   * @param rows what {@link CallTable.rows} gave: a table that travels, or was kept.
   * @param most how many replies are kept of one client; 1024 unless told.
   */
  constructor(rows: readonly CallTableRow[] = [], most = 1024) {
    this.#most = checkWhole("CallTable", "most", most, 1);
    for (const { client, settled, replies } of rows) this.#clients.set(client, { settled, replies: new Map(replies) });
  }

  /**
   * What is known of a call: its reply, if it was executed; `settled` if it is a late copy of one that nobody waits for any more;
   * `undefined` if it is new.
   */
  find({ client, number }: RemoteCall): RemoteReply | "settled" | undefined {
    const known = this.#clients.get(client);
    if (!known) return undefined;
    return number <= known.settled ? "settled" : known.replies.get(number);
  }

  /** Remembers a call that was executed. */
  keep({ client, number, settled = 0 }: RemoteCall, reply: RemoteReply): void {
    const known = this.#clients.get(client) ?? { settled: 0, replies: new Map() };
    this.#clients.set(client, known);
    known.replies.set(number, reply);
    known.settled = Math.max(known.settled, settled);
    for (const each of [...known.replies.keys()]) if (each <= known.settled) known.replies.delete(each);
    // Forgotten, the oldest would be executed again: it counts as settled.
    while (known.replies.size > this.#most) {
      const oldest = Math.min(...known.replies.keys());
      known.replies.delete(oldest);
      known.settled = oldest;
    }
  }

  /** The whole table as plain data, to be sent or written. */
  get rows(): CallTableRow[] {
    return [...this.#clients].map(([client, { settled, replies }]) => ({ client, settled, replies: [...replies] }));
  }

  /** How many replies are kept. */
  get size(): number {
    let size = 0;
    for (const { replies } of this.#clients.values()) size += replies.size;
    return size;
  }
}
