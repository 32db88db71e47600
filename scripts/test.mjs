// `npm test`: sets up what is missing, then hands over to the TypeScript part (scripts/test/main.ts).
import { pathToFileURL } from "node:url";
import { inRoot } from "./setup/paths.mjs";
import { endAll } from "./setup/processes.mjs";
import { setUp, tell } from "./setup.mjs";

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"])
  process.on(signal, () => void endAll({ graceMs: 2000 }).then(() => process.exit(1)));

const startedMs = performance.now();
try {
  await setUp({ build: false, pages: false, pairs: false });
} catch (error) {
  tell(error);
  console.log("\n0 passed, 1 failed");
  process.exit(1);
}
const { register } = await import(pathToFileURL(inRoot("node_modules", "tsx", "dist", "esm", "api", "index.mjs")).href);
register();
const { main } = await import("./test/main.ts");
process.exit((await main(process.argv.slice(2), performance.now() - startedMs)) ? 0 : 1);
