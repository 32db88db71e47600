import { refuse } from "../../errors.js";
import type { Host, Mutex } from "../../world/index.js";
import type { CallHandler, RemoteInterface } from "../stubs/index.js";
import { CallTable, type CallTableRow } from "./call-table.js";
import { settledReply } from "./once-only.js";
import { executed, type StatefulObject } from "./stateful.js";

/**
 * What a server writes to its disk for each call, before it replies: the state alone; the state and then, by a second write, the table of
 * duplicates; these two the other way round; or both in one piece.
 */
export type Keeping = "state" | "state, then table" | "table, then state" | "one piece";

/** The ways of {@link Keeping}. */
export const keepings: readonly Keeping[] = ["state", "state, then table", "table, then state", "one piece"];

/** An object that outlives crashes of its machine; see {@link durableService}. */
export interface DurableService {
  /** The handler for one connection: with the host of its thread. */
  on(host: Host): CallHandler;
}

interface Kept<S> {
  readonly state: S;
  readonly table: readonly CallTableRow[];
}

/**
 * Serves an object whose state is on the disk, one call after the other. To be called when the machine starts: reads what was kept.
 *
 * A crash can come between any two writes. Only in `one piece` are state and table of the same moment whenever it comes: then a call that is
 * sent again is executed exactly once. Else it is executed twice, or never and answered nevertheless.
 *
 * @param keeping what is written; `one piece` unless told.
 */
export async function durableService<I extends RemoteInterface, S>(
  host: Host,
  object: StatefulObject<I, S>,
  keeping: Keeping = "one piece",
): Promise<DurableService> {
  if (!keepings.includes(keeping)) refuse("durableService", "keeping", `one of ${keepings.join("; ")}`, keeping);
  const together: Kept<S> | undefined = await host.disk.read("service");
  let state: S = together?.state ?? (await host.disk.read("state")) ?? object.initial;
  const table = new CallTable(together?.table ?? (await host.disk.read("table")) ?? []);
  const mutex = host.mutex();
  const write = async (own: Host): Promise<void> => {
    const [writeState, writeTable] = [() => own.disk.write("state", state), () => own.disk.write("table", table.rows)];
    if (keeping === "one piece") return own.disk.write("service", { state, table: table.rows });
    if (keeping === "table, then state") await writeTable();
    await writeState();
    if (keeping === "state, then table") await writeTable();
  };
  return {
    on: (own) => (call) =>
      locked(mutex, async () => {
        const known = table.find(call);
        if (known) return known === "settled" ? settledReply : known;
        const { state: next, reply } = await executed(object as never, state, call);
        if (reply.how !== "returned" && reply.how !== "threw") return reply;
        state = next as S;
        table.keep(call, reply);
        await write(own);
        return reply;
      }),
  };
}

/** Runs a piece of work while nobody else holds the lock. */
export async function locked<T>(mutex: Mutex, work: () => Promise<T>): Promise<T> {
  await mutex.lock();
  try {
    return await work();
  } finally {
    mutex.unlock();
  }
}
