import { type Connection, ConnectionReset, type Host, TimedOut } from "../../world/index.js";
import { LeaseService } from "./lease-service.js";
import { FileError, type FileReply, type FileRequest } from "./protocol.js";
import type { FileService, Peer } from "./service.js";
import { checkedService, type FileServiceOptions, type FileServiceSettings } from "./settings.js";
import { SoftStateService } from "./soft-state-service.js";
import { StatefulService } from "./stateful-service.js";
import { StatelessService } from "./stateless-service.js";

/**
 * A file server, of one of four kinds that differ in what they keep between two requests:
 *
 * - `stateless`: nothing. Each request says all that is needed; the file is opened and closed for it.
 * - `soft state`: blocks in memory, and a guess at who reads sequentially. Losing it harms nobody.
 * - `leases`: who was promised that a file would not change, for a limited time.
 * - `stateful`: which client has which file open and holds which copies, without limit of time.
 *
 * Files are on the host's disk, all else is in memory. Never returns.
 *
 * @throws {@link ParameterError} for options that can't be.
 */
export async function fileServer(host: Host, options: FileServiceOptions): Promise<void> {
  const settings = checkedService("fileServer", options);
  const { silenceMs } = settings;
  const watched = settings.kind === "stateful" && silenceMs < Number.POSITIVE_INFINITY;
  const listener = await host.listen(
    settings.port,
    watched ? { keepAlive: { idleMs: silenceMs / 2, intervalMs: silenceMs / 4, probes: 2 } } : {},
  );
  const service = await startService(host, settings);
  for await (const connection of listener) host.spawn(serveClient, { as: "thread" }, connection, service);
}

async function startService(host: Host, settings: FileServiceSettings): Promise<FileService> {
  switch (settings.kind) {
    case "stateless":
      return new StatelessService(host, settings);
    case "soft state":
      return new SoftStateService(host, settings);
    case "leases":
      return LeaseService.start(host, settings);
    case "stateful":
      return StatefulService.start(host, settings);
  }
}

type NumberedRequest = FileRequest & { readonly id: number };

async function serveClient(host: Host, connection: Connection<NumberedRequest>, service: FileService): Promise<void> {
  try {
    for await (const request of connection) {
      // What is let go of must not wait behind what waits for it.
      if (request.op === "released") await service.answer(host, request, connection);
      else host.spawn(answerOne, { as: "thread", name: request.op }, connection, service, request);
    }
    connection.end();
  } catch (error) {
    if (!isLost(error)) throw error;
  }
  service.gone(host, connection);
}

async function answerOne(host: Host, from: Peer, service: FileService, request: NumberedRequest): Promise<void> {
  try {
    await from.send({ ...(await replyTo(host, from, service, request)), id: request.id });
  } catch (error) {
    if (!isLost(error)) throw error;
  }
}

/** Answers a request; what can't be done is an answer, too. */
async function replyTo(host: Host, from: Peer, service: FileService, request: FileRequest): Promise<FileReply> {
  try {
    return await service.answer(host, request, from);
  } catch (error) {
    if (error instanceof FileError) return { error: error.message };
    throw error;
  }
}

/** The other side is gone, or does not answer. @internal */
export const isLost = (error: unknown): boolean => error instanceof ConnectionReset || error instanceof TimedOut;
