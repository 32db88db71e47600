import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { FtpCommandReader, ftpReply } from "kernel-lib";
import { socketsApi } from "kernel-lib/live/system/sockets-api";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { python } from "../../scripts/setup/paths.mjs";

const test = suite("protocol: Python's ftplib against our reader of FTP's commands");

/** Aborts a transfer in the middle with `ftplib`, which sends the last byte of `ABOR` and its line end as urgent. */
const client = `
import ftplib, sys
ftp = ftplib.FTP()
ftp.connect("127.0.0.1", int(sys.argv[1]), timeout=float(sys.argv[2]))
ftp.login("ana", "secret")
data = ftp.transfercmd("RETR big.bin")
data.recv(1000)
try:
    print(ftp.abort()[:3], ftp.voidresp()[:3])
except TimeoutError:
    print("no reply")
`;

/** A server with one endless file, on real sockets. What it reads is read by {@link FtpCommandReader}. */
async function ftpServer(keepsUrgentInline: boolean): Promise<{ port: number; close(): void }> {
  const api = await socketsApi();
  const open = new Set<Socket | Server>();
  const listen = async (onConnection: (socket: Socket) => void): Promise<number> => {
    const server = createServer((socket) => {
      open.add(socket);
      socket.on("error", () => undefined);
      onConnection(socket);
    });
    open.add(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return (server.address() as { port: number }).port;
  };
  const serve = (control: Socket): void => {
    if (keepsUrgentInline) api.keepUrgentInline((control as unknown as { _handle: { fd: number } })._handle.fd, true);
    const reply = (code: number, text: string) => void control.write(ftpReply(code, text));
    const commands = new FtpCommandReader();
    let connected = (_socket: Socket): void => undefined;
    let data: Promise<Socket> = new Promise(() => undefined);
    const obey: Record<string, () => void | Promise<void>> = {
      USER: () => reply(331, "and the password?"),
      PASS: () => reply(230, "welcome"),
      TYPE: () => reply(200, "as you like"),
      PASV: async () => {
        data = new Promise((resolve) => {
          connected = resolve;
        });
        const port = await listen((socket) => connected(socket));
        reply(227, `passive (127,0,0,1,${port >> 8},${port & 255})`);
      },
      RETR: async () => {
        const socket = await data;
        reply(150, "here it comes");
        const more = (): void => void socket.write(new Uint8Array(65536));
        socket.on("drain", more);
        more();
      },
      ABOR: async () => {
        (await data).destroy();
        reply(426, "aborted");
        reply(226, "abort done");
      },
    };
    control.on("data", (bytes) => {
      for (const { verb } of commands.receive(bytes)) void (obey[verb] ?? (() => reply(502, "unknown")))();
    });
    reply(220, "ready");
  };
  const port = await listen(serve);
  const close = (): void => {
    for (const each of open) "destroy" in each ? each.destroy() : each.close();
  };
  return { port, close };
}

async function abortWithPython(keepsUrgentInline: boolean, timeoutS: number): Promise<string> {
  const server = await ftpServer(keepsUrgentInline);
  try {
    const command = existsSync(python) ? python : "python3";
    const child = spawn(command, ["-c", client, String(server.port), String(timeoutS)], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let output = "";
    child.stdout.on("data", (text) => {
      output += text;
    });
    await new Promise((resolve) => child.on("close", resolve));
    return output.trim();
  } finally {
    server.close();
  }
}

test("its abort is read and answered by 426 and 226, if urgent bytes stay in the stream", async () => {
  assert.is(await abortWithPython(true, 60), "426 226");
});

test("its abort never ends for a server that leaves them out: the line end was the urgent byte", async () => {
  assert.is(await abortWithPython(false, 2), "no reply");
});

test.run();
