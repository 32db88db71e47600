import { checkWhole, refuse } from "../../errors.js";
import { type Connection, ConnectionReset, type Host, TimedOut } from "../../world/index.js";
import { type StoredEntry, type SyncReply, type SyncRequest, SyncStore } from "./sync-store.js";

/** See {@link syncServer}. */
export interface SyncServerOptions {
  /** Where it listens; 5232 unless told. */
  readonly port?: number;
  /** Whether a put that is tried again gets its answer again; true unless told. Without, it conflicts with itself. */
  readonly remembersEdits?: boolean;
}

const prefix = "entry ";

/**
 * A program: the server of a calendar that many devices keep copies of. What it has acknowledged is on its disk, an entry a
 * file, in one write each; after a crash it goes on from there.
 *
 * @throws {@link ParameterError} if an option is none.
 */
export async function syncServer(
  host: Host,
  { port = 5232, remembersEdits = true }: SyncServerOptions = {},
): Promise<void> {
  checkWhole("syncServer", "port", port, 1, 65_535);
  if (typeof remembersEdits !== "boolean") refuse("syncServer", "remembersEdits", "true or false", remembersEdits);
  const names = (await host.disk.list()).filter((name) => name.startsWith(prefix));
  const entries: [string, StoredEntry][] = [];
  for (const name of names) entries.push([name.slice(prefix.length), await host.disk.read(name)]);
  const store = new SyncStore(entries, remembersEdits);
  // Between what a put is judged by and its being on the disk, no other may come.
  const turn = host.mutex();
  const serve = async (own: Host, connection: Connection<SyncRequest, SyncReply>): Promise<void> => {
    try {
      for await (const request of connection) {
        await turn.lock();
        const { reply, changed } = store.answer(request);
        if (changed && "id" in request) {
          await own.disk.write(prefix + request.id, changed);
          store.set(request.id, changed);
        }
        turn.unlock();
        await connection.send(reply);
      }
      connection.end();
    } catch (error) {
      // The device is gone; it will ask again.
      if (!(error instanceof ConnectionReset) && !(error instanceof TimedOut)) throw error;
    }
  };
  for await (const connection of await host.listen(port)) host.spawn(serve, { as: "thread" }, connection);
}
