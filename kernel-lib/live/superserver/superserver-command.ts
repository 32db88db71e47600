/**
 * The superserver as a command: `npm run superserver -- inetd.conf [--free-ports]`. It listens on the ports that the file names, or on free
 * ones; writes what happens as a JSON object a line; reads the file again on SIGHUP; ends on SIGTERM and SIGINT.
 *
 * @internal
 */
import { readFile } from "node:fs/promises";
import { startSuperserver } from "./superserver.js";

const [file, ...flags] = process.argv.slice(2);
const ownPorts = !flags.includes("--free-ports");
if (file === undefined || flags.some((flag) => flag !== "--free-ports")) {
  console.error("usage: npm run superserver -- inetd.conf [--free-ports]");
  process.exit(2);
}
const superserver = await startSuperserver(await readFile(file, "utf8"), {
  portOf: ({ port }) => (ownPorts ? port : 0),
  onRow: (row) => console.log(JSON.stringify(row)),
});
process.on("SIGHUP", async () => {
  try {
    await superserver.reload(await readFile(file, "utf8"));
  } catch (error) {
    // As before, until the next SIGHUP.
    console.error((error as Error).message);
  }
});
for (const signal of ["SIGTERM", "SIGINT"] as const)
  process.once(signal, async () => {
    await superserver.close();
    process.exit(0);
  });
// A configuration without a good line opens nothing, and nothing would keep the process.
setInterval(() => undefined, 2 ** 30);
