import type { NetConnectOpts } from "node:net";
import { type Child, ChildNotStarted, executable, startChild, ToolMissing } from "../../children/index.js";

/** A real X server that draws into memory. @internal */
export interface Xvfb {
  /** Where it listens. */
  readonly address: NetConnectOpts;
  stop(): Promise<void>;
}

const cannotSetUp = 125;
// Its socket, its lock and whatever else it writes lie in a /tmp of its own, which goes with it.
const script = `mount -t tmpfs tmpfs /tmp && mkdir -m 1777 /tmp/.X11-unix || exit ${cannotSetUp}; exec "$@"`;

/** Starts Xvfb. Its extension MIT-SHM is off: pixels are to pass where they can be counted. @throws {@link ToolMissing} @internal */
export async function startXvfb({ width = 640, height = 480 } = {}): Promise<Xvfb> {
  if (process.platform !== "linux")
    throw new ToolMissing(`Xvfb is asked for on Linux only, and this is ${process.platform}`);
  const asRoot = process.getuid?.() === 0 ? [] : ["--map-root-user"];
  const args = [
    "-displayfd",
    "1",
    "-ac",
    "-nolisten",
    "tcp",
    "-nolisten",
    "local",
    "-extension",
    "MIT-SHM",
    "-noreset",
  ];
  const command = ["Xvfb", ...args, "-screen", "0", `${width}x${height}x24`];
  const child = await startChild(executable("unshare", ["--mount", ...asRoot, "sh", "-c", script, "sh", ...command]), {
    limitMs: 10 * 60_000,
  }).catch((error: unknown) => {
    if (!(error instanceof ChildNotStarted)) throw error;
    throw new ToolMissing(`a /tmp of its own for Xvfb needs unshare, from the package util-linux: ${error.message}`);
  });
  const number = await displayNumber(child);
  // That /tmp can be seen from outside through the process that lives in it.
  const address = { path: `/proc/${child.pid}/root/tmp/.X11-unix/X${number}` };
  return {
    address,
    async stop() {
      await child.stop(500);
    },
  };
}

/** Xvfb writes the number of its display when it is ready. */
async function displayNumber(child: Child): Promise<number> {
  let text = "";
  const news = new Promise<number>((resolve) => {
    child.stdout?.on("data", (bytes: Buffer) => {
      text += bytes.toString("latin1");
      if (text.includes("\n")) resolve(Number.parseInt(text, 10));
    });
  });
  const end = child.ended.then((ended) => {
    if (ended.code === 127) throw new ToolMissing("Xvfb is not installed: on Debian and Ubuntu, apt install xvfb");
    if (ended.code === cannotSetUp || ended.stderr.startsWith("unshare:"))
      throw new ToolMissing(`a /tmp of its own for Xvfb needs leave to mount one: ${ended.stderr.trim()}`);
    throw new Error(`Xvfb ended with ${ended.signal ?? `exit code ${ended.code}`}: ${ended.stderr}`);
  });
  end.catch(() => undefined);
  const found = await Promise.race([news, end]);
  return found;
}
