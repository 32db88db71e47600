import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";

/** Ends an answer to a page. @internal */
export type PageAnswer = (status: number, body?: string | Uint8Array, type?: string) => void;

/** Answers what a page asks below the server's address: `path` is the rest, in its parts. @internal */
export type PageHandler = (
  path: readonly string[],
  request: IncomingMessage,
  response: ServerResponse,
  end: PageAnswer,
) => void | Promise<void>;

/** What every answer to a page carries: nobody gets here without the address, so pages of any origin may read it. @internal */
export const pageHeaders: Readonly<Record<string, string>> = {
  "access-control-allow-origin": "*",
  "access-control-allow-private-network": "true",
  "cache-control": "no-store",
};

/** How long a last answer may take to be heard when the server closes. @internal */
export const lastAnswerMs = 1000;

const modules = fileURLToPath(new URL("../../", import.meta.url));

/**
 * Answers pages on loopback. Nobody gets anything without the address, which holds 128 random bits. Below `modules/` pages get
 * those of the library, as they were built.
 *
 * @internal
 */
export async function openLoopbackPages(
  handle: PageHandler,
): Promise<{ readonly url: string; readonly token: string; close(): void }> {
  const token = randomBytes(16).toString("hex");
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { pathname } = new URL(request.url ?? "", "http://localhost");
    const [, given, ...path] = pathname.split("/");
    const end: PageAnswer = (status, body = "", type = "text/plain") => {
      response.writeHead(status, { ...pageHeaders, "content-type": type });
      response.end(body);
    };
    if (given !== token) return end(404);
    if (request.method === "OPTIONS") return end(204);
    if (path[0] === "modules" && request.method === "GET") {
      const file = path.slice(1).join("/");
      // Only modules of the library, none above it.
      if (!/^[\w-]+(\/[\w-]+)*\.js$/.test(file)) return end(404);
      const text = await readFile(modules + file).catch(() => undefined);
      return text ? end(200, text, "text/javascript") : end(404);
    }
    return handle(path, request, response, end);
  };
  const server = createServer((request, response) => void answer(request, response).catch(() => response.destroy()));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/${token}`,
    token,
    close: () => {
      server.close();
      server.closeIdleConnections();
      setTimeout(() => server.closeAllConnections(), lastAnswerMs).unref();
    },
  };
}
