import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import type { VisitReport } from "../migration/mobility/page.js";

/** A program that a page has brought back. @internal */
export interface PageReturn {
  readonly image: Uint8Array;
  readonly report: VisitReport;
  /** From the server's answer with the image to the arrival of the one that came back. */
  readonly visitMs: number;
}

/** See {@link openPageServer}. @internal */
export interface PageServer {
  /** Where a page gets the program, and where it brings it back to. */
  readonly url: string;
  /** The module whose `receiveProgram` a page calls. */
  readonly module: string;
  /** Resolves when a page has taken the program. */
  readonly taken: Promise<void>;
  /** Resolves when it has come back. */
  readonly returned: Promise<PageReturn>;
  /** Ends it: whoever comes later finds nobody. */
  close(): void;
}

const modules = fileURLToPath(new URL("..", import.meta.url));
const mostBytes = 256 * 1024 * 1024;

/**
 * Offers an image on loopback to one browser page, and takes back what the page made of it. The page also gets the abstract
 * machine here, as the modules that were built. Nobody gets anything without the address, which holds 128 random bits; so
 * pages of any origin may ask.
 *
 * @internal
 */
export async function openPageServer(image: Uint8Array): Promise<PageServer> {
  const token = randomBytes(16).toString("hex");
  let takenMs: number | undefined;
  let isBack = false;
  let onTaken = (): void => undefined;
  let onReturned = (_back: PageReturn): void => undefined;
  const taken = new Promise<void>((resolve) => {
    onTaken = resolve;
  });
  const returned = new Promise<PageReturn>((resolve) => {
    onReturned = resolve;
  });

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { pathname, searchParams } = new URL(request.url ?? "", "http://localhost");
    const [, given, kind, ...rest] = pathname.split("/");
    const end = (status: number, body: string | Uint8Array = "", type = "text/plain"): void => {
      response.writeHead(status, {
        "access-control-allow-origin": "*",
        "access-control-allow-private-network": "true",
        "cache-control": "no-store",
        "content-type": type,
      });
      response.end(body);
    };
    if (given !== token) return end(404);
    if (request.method === "OPTIONS") return end(204);
    if (kind === "modules" && request.method === "GET") {
      const file = rest.join("/");
      // Only modules of the library, none above it.
      if (!/^[\w-]+(\/[\w-]+)*\.js$/.test(file)) return end(404);
      const text = await readFile(modules + file).catch(() => undefined);
      return text ? end(200, text, "text/javascript") : end(404);
    }
    if (kind !== "program") return end(404);
    if (request.method === "GET") {
      if (takenMs !== undefined) return end(410);
      takenMs = performance.now();
      response.once("close", onTaken);
      return end(200, image, "application/octet-stream");
    }
    if (request.method !== "POST" || takenMs === undefined || isBack) return end(410);
    isBack = true;
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of request) {
      bytes += (chunk as Buffer).length;
      if (bytes > mostBytes) return end(413);
      chunks.push(chunk as Buffer);
    }
    const visitMs = performance.now() - takenMs;
    const report = JSON.parse(searchParams.get("report") ?? "") as VisitReport;
    end(200);
    onReturned({ image: new Uint8Array(Buffer.concat(chunks)), report, visitMs });
  };

  const server = createServer((request, response) => void answer(request, response).catch(() => response.destroy()));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/${token}`;
  return {
    url: `${base}/program`,
    module: `${base}/modules/migration/mobility/page.js`,
    taken,
    returned,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
