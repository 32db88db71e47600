/**
 * What the process of a real file server runs: the library's server, with a real host. Its disk is the file that it gets
 * as standard input, so that it outlives the process.
 *
 * @internal
 */
import { type FileServiceOptions, fileServer } from "../../server/index.js";
import { ProcessHost } from "./process-host.js";
import { RecordDisk } from "./record-disk.js";

/** Serves until it is killed; tells its parent which port it listens on. */
export async function serveFiles(service: FileServiceOptions): Promise<void> {
  const host = new ProcessHost({
    name: "server",
    pid: process.pid,
    disk: new RecordDisk(0),
    portOf: () => 0,
    onListen: (port) => process.send?.(port),
  });
  process.once("disconnect", () => process.exit());
  const exit = await host.run(fileServer, service);
  if (exit.how === "threw") throw exit.error;
}
