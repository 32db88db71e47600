import type { IncomingMessage, ServerResponse } from "node:http";
import { unpackVisit, type VisitReport } from "../../migration/mobility/visit-report.js";
import { openLoopbackPages, type PageAnswer } from "./loopback-pages.js";

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
  /** Resolves when it has come back, or it is known that it won't. */
  readonly ended: Promise<PageReturn | PageLoss>;
  /** Gives the visit up, if it has not ended: the page stops, and what it brings later is refused. */
  giveUp(problem: string): void;
  /** Ends it: whoever comes later finds nobody. */
  close(): void;
}

/** Why a program does not come back. @internal */
export interface PageLoss {
  readonly problem: string;
}

const mostBytes = 256 * 1024 * 1024;

/** A page that asks no more whether we wait is gone after so long; one that was only impatient asks anew at once. */
const goneMs = 1000;

/**
 * Offers an image on loopback to one browser page, and takes back what the page made of it. The page also gets the abstract
 * machine here, as the modules that were built.
 *
 * @internal
 */
export async function openPageServer(image: Uint8Array): Promise<PageServer> {
  let state: "offered" | "taken" | "over" = "offered";
  let takenMs = 0;
  let returning = 0;
  let onTaken = (): void => undefined;
  let onEnded = (_end: PageReturn | PageLoss): void => undefined;
  const taken = new Promise<void>((resolve) => {
    onTaken = resolve;
  });
  const ended = new Promise<PageReturn | PageLoss>((resolve) => {
    onEnded = resolve;
  });
  const watchers = new Set<ServerResponse>();
  let gone: NodeJS.Timeout | undefined;

  const finish = (end: PageReturn | PageLoss): void => {
    if (state === "over") return;
    state = "over";
    clearTimeout(gone);
    for (const watcher of watchers) watcher.end();
    onEnded(end);
  };

  const offer = (response: ServerResponse, end: PageAnswer): void => {
    if (state !== "offered") return end(410);
    state = "taken";
    takenMs = performance.now();
    response.once("close", () => {
      if (response.writableFinished) onTaken();
      else if (state === "taken") state = "offered"; // it did not get it whole
    });
    end(200, image, "application/octet-stream");
  };

  /** Leaves the page's question without an answer as long as the program is in the page. */
  const watch = (response: ServerResponse, end: PageAnswer): void => {
    if (state !== "taken") return end(410);
    clearTimeout(gone);
    watchers.add(response);
    response.once("close", () => {
      watchers.delete(response);
      const leave = () => {
        if (returning === 0) finish({ problem: "the page was closed with the program in it" });
      };
      if (state === "taken") gone = setTimeout(leave, goneMs);
    });
  };

  const takeBack = async (request: IncomingMessage, end: PageAnswer): Promise<void> => {
    if (state !== "taken") return end(410);
    const chunks: Buffer[] = [];
    let bytes = 0;
    returning++;
    try {
      for await (const chunk of request) {
        bytes += (chunk as Buffer).length;
        if (bytes <= mostBytes) chunks.push(chunk as Buffer);
      }
    } catch {
      return finish({ problem: "the page broke off while it brought the program back" });
    } finally {
      returning--;
    }
    if (state !== "taken") return end(410);
    const problem = bytes > mostBytes ? `what the page brought back is larger than ${mostBytes} bytes` : undefined;
    const visit = problem ? undefined : unpackVisit(Buffer.concat(chunks));
    if (visit) {
      end(200);
      return finish({ ...visit, visitMs: performance.now() - takenMs });
    }
    const loss = { problem: problem ?? "what the page brought back is damaged" };
    end(400, loss.problem);
    finish(loss);
  };

  const pages = await openLoopbackPages(([kind, what], request, response, end) => {
    if (kind !== "program") return end(404);
    if (request.method === "POST") return takeBack(request, end);
    if (request.method !== "GET") return end(405);
    return what === "watch" ? watch(response, end) : offer(response, end);
  });
  return {
    url: `${pages.url}/program`,
    module: `${pages.url}/modules/migration/mobility/page.js`,
    taken,
    ended,
    giveUp: (problem) => finish({ problem }),
    close: () => {
      finish({ problem: "nobody waits for it any more" });
      // The last answer, that it has come back or came too late, is to be heard.
      pages.close();
    },
  };
}
