import type { Connection, Host } from "../../world/index.js";
import { FileError, type FileReply, type FileRequest, type StoredBlock } from "./protocol.js";

/** The client's end of a connection, as a server sees it. */
export type Peer = Pick<Connection, "peer" | "send" | "reset" | "signal">;

/** What a file server does with requests. One thread a request; the connection's threads share it. */
export interface FileService {
  /** Does what is asked. @throws {@link FileError} if it can't be done. */
  answer(host: Host, request: FileRequest, from: Peer): Promise<FileReply>;
  /** A connection has ended or broken. */
  gone(host: Host, from: Peer): void;
}

/** A block for a client that may have that version already. */
export const blockReply = ({ version, data }: StoredBlock, known: string | undefined): FileReply =>
  version === known ? { version } : { version, data };

/** A request that this kind of server does not take. */
export function unknownRequest(request: FileRequest): never {
  throw new FileError(`this server does not know ${request.op}`);
}

/** The client has left: nobody waits for this answer, and a late write could undo a newer one. */
export function stopIfGone(from: Peer): void {
  if (from.signal.aborted) throw new FileError("the client has left");
}
