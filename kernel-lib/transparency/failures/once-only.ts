import type { CallHandler, RemoteCall, RemoteReply } from "../stubs/index.js";
import { CallTable } from "./call-table.js";

/** What a late copy of a call that nobody waits for is told. */
export const settledReply: RemoteReply = {
  how: "refused",
  status: "PROC_UNAVAIL",
  why: "this call was answered long ago",
};

/** Names a call among all of a server. */
const keyOf = ({ client, number }: RemoteCall): string => `${number} ${client}`;

/** Makes handlers that share what they know of calls: one for each connection. */
export interface OnceOnly {
  /** The table of duplicates. */
  readonly table: CallTable;
  /** Puts the filter around a handler. */
  around(handle: CallHandler): CallHandler;
}

/**
 * A filter around a server's handlers: a call that was executed is answered from the table, and one that is being executed is waited
 * for; so none is executed twice, in whatever order copies come and over whatever connection.
 *
 * The table is in memory. After a crash it is gone, and a call that was executed before is executed again: see {@link durableService}.
 *
 * @param table what is known already; nothing unless told.
 */
export function onceOnly(table: CallTable = new CallTable()): OnceOnly {
  const running = new Map<string, Promise<RemoteReply>>();
  const around =
    (handle: CallHandler): CallHandler =>
    async (call) => {
      const known = table.find(call);
      if (known) return known === "settled" ? settledReply : known;
      const key = keyOf(call);
      const other = running.get(key);
      if (other) return other;
      const own = handle(call);
      running.set(key, own);
      try {
        const reply = await own;
        // A call that was not executed may be executed when it comes again.
        if (reply.how === "returned" || reply.how === "threw") table.keep(call, reply);
        return reply;
      } finally {
        running.delete(key);
      }
    };
  return { table, around };
}
