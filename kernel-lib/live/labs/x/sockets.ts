import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { closeSync, writeSync } from "node:fs";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import {
  type Child,
  ChildNotStarted,
  type ChildOptions,
  executable,
  startChild,
  ToolMissing,
} from "../../children/index.js";
import { openNameless } from "../../run/store.js";

/** The port of display 0; display n has the port n higher. */
const firstPort = 6000;

/** A port on loopback at which X clients find somebody. */
export interface XPort {
  readonly port: number;
  /** What clients have as `DISPLAY`. */
  readonly name: string;
  /** What they must show to be let in. */
  readonly cookie: Uint8Array;
  close(): Promise<void>;
}

/** Listens on loopback for X clients. */
export async function openXPort(serve: (client: Socket) => void): Promise<XPort> {
  const sockets = new Set<Socket>();
  const server: Server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    serve(socket);
  });
  // A port below that of display 0 has no number.
  for (let tries = 0; ; tries++) {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    if ((server.address() as AddressInfo).port >= firstPort || tries > 100) break;
    server.close();
    await once(server, "close");
  }
  const { port } = server.address() as AddressInfo;
  server.unref();
  return {
    port,
    name: `127.0.0.1:${port - firstPort}`,
    cookie: randomBytes(16),
    async close() {
      for (const socket of sockets) socket.destroy();
      const closed = once(server, "close");
      server.close();
      await closed;
    },
  };
}

/** The family of an entry that fits every address. */
const anyAddress = 0xffff;

/** An entry of `.Xauthority`: the cookie for every display. @see Xauth.h */
function authorityEntry(cookie: Uint8Array): Buffer {
  const counted = (bytes: Uint8Array) => Buffer.concat([Buffer.of(bytes.length >> 8, bytes.length & 0xff), bytes]);
  const [nothing, name] = [Buffer.alloc(0), Buffer.from("MIT-MAGIC-COOKIE-1")];
  const family = Buffer.of(anyAddress >> 8, anyAddress & 0xff);
  return Buffer.concat([family, counted(nothing), counted(nothing), counted(name), counted(cookie)]);
}

/**
 * Starts a real X client on a display of ours. What it must show it reads from its standard input, a file without a name: nothing is left of
 * it, and nobody's own `.Xauthority` is touched.
 *
 * @throws {@link ToolMissing} if it is not installed.
 */
export async function startXClient(
  command: readonly [string, ...string[]],
  { name, cookie }: Pick<XPort, "name" | "cookie">,
  options: Omit<ChildOptions, "stdin" | "env"> = {},
): Promise<Child> {
  const [file, ...args] = command;
  const secret = openNameless();
  try {
    writeSync(secret, authorityEntry(cookie), 0, undefined, 0);
    const env = { DISPLAY: name, XAUTHORITY: "/dev/stdin", LC_ALL: "C" };
    return await startChild(executable(file, args), { ...options, stdin: secret, env });
  } catch (error) {
    if (error instanceof ChildNotStarted && (error.cause as NodeJS.ErrnoException)?.code === "ENOENT")
      throw new ToolMissing(`${file} is not installed: on Debian and Ubuntu, apt install ${packageOf(file)}`);
    throw error;
  } finally {
    closeSync(secret);
  }
}

const packageOf = (file: string): string =>
  ["xlogo", "xeyes", "xclock", "xcalc", "xwd"].includes(file) ? "x11-apps" : file;
