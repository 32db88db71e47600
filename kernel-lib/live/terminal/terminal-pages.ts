import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { openLoopbackPages, pageHeaders } from "../places/loopback-pages.js";
import { connectLocally, type LocalAddress } from "./socket-bytes.js";

/** What a page's terminal has done when it is gone. @internal */
export interface PageTerminalEnd {
  /** Bytes that came down to it, and that it sent up. */
  readonly downBytes: number;
  readonly upBytes: number;
  /** How long it was there. */
  readonly openMs: number;
}

/** See {@link openTerminalPages}. @internal */
export interface TerminalPages {
  /** What a page's terminal is told: where its two streams are, and the module that makes it. */
  readonly url: string;
  readonly module: string;
  /** How many pages have one open. */
  readonly open: number;
  close(): void;
}

const mostUpBytes = 65_536;

/**
 * Lets pages be terminals of a server on this machine, by two fetches: a stream that comes down and does not end, and short ones that go up, in
 * order. The bytes are the protocol's own, both ways; nothing here reads them. When a page leaves, its connection ends.
 *
 * @internal
 */
export async function openTerminalPages(
  address: LocalAddress,
  tell: {
    opened(): void;
    /** Keys or mouse went up, and not only requests. */
    touched(): void;
    gone(end: PageTerminalEnd): void;
  },
): Promise<TerminalPages> {
  const open = new Map<string, { socket: Socket; upBytes: number }>();
  const up = async (id: string, request: IncomingMessage): Promise<number> => {
    const entry = open.get(id);
    if (!entry) return 410;
    const chunks: Buffer[] = [];
    for await (const chunk of request) {
      chunks.push(chunk as Buffer);
      entry.upBytes += (chunk as Buffer).length;
      if (chunks.reduce((sum, { length }) => sum + length, 0) > mostUpBytes) return 413;
    }
    entry.socket.write(Buffer.concat(chunks));
    return 204;
  };
  const pages = await openLoopbackPages(async ([kind, id = "", what], request, response, end) => {
    if (!/^[0-9a-f]{16,64}$/.test(id)) return end(404);
    if (kind === "up" && request.method === "POST") {
      if (what === "input") tell.touched();
      return end(await up(id, request));
    }
    if (kind !== "down" || request.method !== "GET" || open.has(id)) return end(404);
    const socket = await connectLocally(address).catch(() => undefined);
    if (!socket) return end(502, "the server of this terminal is not there");
    socket.setNoDelay(true);
    const entry = { socket, upBytes: 0 };
    const startMs = performance.now();
    open.set(id, entry);
    response.writeHead(200, { ...pageHeaders, "content-type": "application/octet-stream" });
    response.flushHeaders();
    socket.on("error", () => response.destroy());
    socket.pipe(response);
    response.once("close", () => {
      socket.destroy();
      open.delete(id);
      tell.gone({ downBytes: socket.bytesRead, upBytes: entry.upBytes, openMs: performance.now() - startMs });
    });
    tell.opened();
  });
  return {
    url: pages.url,
    module: `${pages.url}/modules/workbook/terminal-page.js`,
    get open() {
      return open.size;
    },
    close: () => {
      for (const { socket } of open.values()) socket.destroy();
      pages.close();
    },
  };
}
