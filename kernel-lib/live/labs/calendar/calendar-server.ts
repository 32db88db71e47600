import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { TimedOut } from "../../../world/errors.js";
import { type Child, startChild } from "../../children/child.js";
import { executable } from "../../children/child-programs.js";
import { ToolMissing } from "../../children/own-network.js";

/** See {@link startCalendarServer}. */
export interface CalendarServerOptions {
  /** How long it may live; 60,000 ms unless told. */
  readonly limitMs?: number;
  /** Ends it when it is aborted. */
  readonly signal?: AbortSignal;
}

/** A calendar server that runs. */
export interface CalendarServer {
  /** Where it listens, on loopback. */
  readonly port: number;
  /** The folder of one user's calendars, `/ana/`. */
  readonly home: string;
  /** What it calls itself. */
  readonly version: string;
  /** Ends it, and takes away what it has stored. */
  close(): Promise<void>;
}

const checkout = fileURLToPath(new URL("../../../../../", import.meta.url));
const packages = path.join(checkout, "build", "radicale");
const python = path.join(checkout, ".venv", "bin", "python");
const stores = path.join(checkout, "build", "calendars");

/**
 * Starts Radicale, a real calendar server (CalDAV), as a process on a free port of loopback, with an empty store in the checkout. It lets in
 * everybody of this machine.
 *
 * @throws {@link ToolMissing} if it is not installed: the message says what to type. {@link TimedOut} if it does not answer within 20 s.
 */
export async function startCalendarServer(options: CalendarServerOptions = {}): Promise<CalendarServer> {
  const { limitMs = 60_000, signal } = options;
  if (!existsSync(path.join(packages, "radicale")) || !existsSync(python))
    throw new ToolMissing(
      "Radicale, a calendar server, is not installed: in the workbook's folder, type npm run radicale",
    );
  sweepStores();
  mkdirSync(stores, { recursive: true });
  const store = mkdtempSync(path.join(stores, `${process.pid}-`));
  const removeStore = (): void => rmSync(store, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  try {
    const port = await freePort();
    const settings = [
      "--config",
      "",
      "--auth-type=none",
      `--storage-filesystem-folder=${store}`,
      `--hosts=127.0.0.1:${port}`,
    ];
    const child = await startChild(executable(python, ["-m", "radicale", ...settings]), {
      limitMs,
      cwd: store,
      env: { PYTHONPATH: packages, PYTHONNOUSERSITE: "1", PYTHONDONTWRITEBYTECODE: "1" },
      ...(signal && { signal }),
    });
    void child.ended.then(removeStore);
    await untilListening(child, port);
    const close = async (): Promise<void> => {
      await child.stop();
      removeStore();
    };
    return { port, home: "/ana/", version: versionOf(), close };
  } catch (error) {
    removeStore();
    throw error;
  }
}

/** Takes away what processes have left that were killed. */
function sweepStores(): void {
  for (const name of existsSync(stores) ? readdirSync(stores) : []) {
    const pid = Number.parseInt(name, 10);
    try {
      process.kill(pid, 0);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ESRCH")
        rmSync(path.join(stores, name), { recursive: true, force: true });
    }
  }
}

function versionOf(): string {
  const [, version = ""] = readdirSync(packages).flatMap((name) => /^radicale-(.+)\.dist-info$/.exec(name) ?? []);
  return `Radicale ${version}`;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve, reject) => server.once("listening", resolve).once("error", reject));
  const { port } = server.address() as { readonly port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const patienceMs = 20_000;

async function untilListening(child: Child, port: number): Promise<void> {
  let end: Awaited<Child["ended"]> | undefined;
  void child.ended.then((ended) => {
    end = ended;
  });
  for (const began = performance.now(); performance.now() - began < patienceMs; await sleep(20)) {
    if (end)
      throw new Error(
        `startCalendarServer: Radicale ended with ${end.signal ?? `exit code ${end.code}`}: ${end.stderr}`,
      );
    const socket = connect(port, "127.0.0.1");
    const answers = await new Promise((resolve) => {
      socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    });
    socket.destroy();
    if (answers) return;
  }
  await child.stop();
  throw new TimedOut(`startCalendarServer: Radicale did not listen within ${patienceMs / 1000} s`);
}
