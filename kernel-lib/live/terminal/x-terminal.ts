import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { checkOptions, checkWhole } from "../../errors.js";
import { type Child, ChildNotStarted, startChild } from "../children/child.js";
import { executable } from "../children/child-programs.js";
import { ToolMissing } from "../children/own-network.js";

/** Options of {@link startXTerminal}. */
export interface XTerminalOptions {
  /** In pixels; 640 unless told. */
  readonly width?: number;
  /** In pixels; 400 unless told. */
  readonly height?: number;
  /** What runs on it, an X client of the system, with its arguments; `xterm` unless told. */
  readonly command?: readonly [string, ...string[]];
  /** How long it lives; ten minutes unless told. */
  readonly limitMs?: number;
}

/** See {@link startXTerminal}. */
export interface XTerminal {
  /** The socket at which terminals find it. Only this user may open it. */
  readonly path: string;
  /** The environment in which other X clients find its display. */
  readonly env: Readonly<Record<string, string>>;
  /** Ends it, and what runs on it. */
  close(): Promise<void>;
}

const toInstall = "on Debian and Ubuntu, apt install tigervnc-standalone-server xterm brings Xvnc and xterm";

/**
 * Starts a real server of terminals, `Xvnc`, and a real program on it. Neither can be reached by other users of this machine: its socket lies in a
 * folder of ours, and its display asks for a secret.
 *
 * @throws {@link ToolMissing} if this machine has not got one of them: the message says what to install.
 */
export async function startXTerminal(options: XTerminalOptions = {}): Promise<XTerminal> {
  checkOptions("startXTerminal", options);
  const { width = 640, height = 400, limitMs = 600_000 } = options;
  checkWhole("startXTerminal", "width", width, 64, 4096);
  checkWhole("startXTerminal", "height", height, 64, 4096);
  const [file, ...args] = options.command ?? ["xterm", "-geometry", "+0+0"];
  const folder = await mkdtemp(path.join(tmpdir(), "handoff-terminal-"));
  const running: Child[] = [];
  const close = async (): Promise<void> => {
    for (const child of running.reverse()) await child.stop();
    await rm(folder, { recursive: true, force: true });
  };
  const start = async (file: string, args: readonly string[], env: Record<string, string> = {}): Promise<Child> => {
    try {
      const child = await startChild(executable(file, args), { limitMs, env });
      running.push(child);
      return child;
    } catch (error) {
      if (!(error instanceof ChildNotStarted)) throw error;
      throw new ToolMissing(`${file} can't be started: ${toInstall}`, { cause: error });
    }
  };
  try {
    const secret = path.join(folder, "secret");
    await writeFile(secret, authority(randomBytes(16)), { mode: 0o600 });
    const socket = path.join(folder, "terminal");
    const screen = ["-geometry", `${width}x${height}`, "-depth", "24"];
    const access = [
      "-auth",
      secret,
      "-nolisten",
      "tcp",
      "-rfbport",
      "-1",
      "-rfbunixpath",
      socket,
      "-SecurityTypes",
      "None",
    ];
    const server = await start("Xvnc", ["-displayfd", "1", ...screen, ...access, "-desktop", "Xvnc"]);
    const display = await firstLine(server);
    const env = { DISPLAY: `:${display}`, XAUTHORITY: secret };
    await start(file, args, env);
    return { path: socket, env, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** What a child says first, or an error with what it complained of. */
async function firstLine(child: Child): Promise<string> {
  const { stdout } = child;
  let text = "";
  for await (const piece of stdout ?? []) {
    text += piece;
    if (text.includes("\n")) return text.trim();
  }
  const end = await child.ended;
  throw new Error(`startXTerminal: Xvnc ended with ${end.signal ?? end.code}: ${end.stderr.trim().split("\n").at(-1)}`);
}

/** A file of X's secrets with one entry, for any display. @see Xau(3) */
function authority(secret: Uint8Array): Uint8Array {
  const part = (bytes: Uint8Array) => [bytes.length >> 8, bytes.length & 255, ...bytes];
  const text = (value: string) => part(new TextEncoder().encode(value));
  return Uint8Array.from([0xff, 0xff, ...text(""), ...text(""), ...text("MIT-MAGIC-COOKIE-1"), ...part(secret)]);
}
