import { checkText, checkWhole, refuse } from "../../errors.js";
import type { Host } from "../../world/index.js";
import { PlainClient } from "./plain-client.js";
import { textOf } from "./protocol.js";
import { checkedService, type FileServiceOptions } from "./settings.js";
import { StatefulClient } from "./stateful-client.js";

/** What a program sees of a file service, whatever its kind. To be used by the thread that made it. */
export interface FileClient {
  /** Opens a file. @returns a handle. */
  open(file: string): Promise<number>;
  /** Reads a block, numbered from 0. */
  read(handle: number, block: number): Promise<Uint8Array>;
  /** Writes a block. When it returns, the write counts as acknowledged. */
  write(handle: number, block: number, data: Uint8Array): Promise<void>;
  /** Closes a file. */
  close(handle: number): Promise<void>;
  /** Says goodbye and ends the connection. A program that does not leave does not end. */
  leave(): Promise<void>;
}

/**
 * A client of a {@link fileServer}. If the server does not answer, it asks again, for ever. Each request leaves a row in the
 * trace (`file request`, with its `op`), each read and write another, from which {@link checkFiles} counts what went wrong.
 *
 * @param client who it says it is, the host's name unless told: a client of the same name takes the place of the one before.
 * @throws {@link ParameterError} for options that can't be; its methods {@link FileError} if the server has lost what it knew.
 */
export async function fileClient(host: Host, options: FileServiceOptions, client = host.name): Promise<FileClient> {
  const settings = checkedService("fileClient", options);
  let writes = 0;
  const newVersion = () => `${client}/${host.pid}/${++writes}`;
  const made =
    settings.kind === "stateful"
      ? new StatefulClient(host, settings, client, newVersion)
      : new PlainClient(host, settings, client, newVersion);
  return new RecordedClient(host, made);
}

/** Writes what the program asked, and what it was told, into the trace. */
class RecordedClient implements FileClient {
  readonly #host: Host;
  readonly #inner: FileClient;
  readonly #files = new Map<number, string>();

  constructor(host: Host, inner: FileClient) {
    this.#host = host;
    this.#inner = inner;
  }

  async open(file: string): Promise<number> {
    checkText("open", "file", file);
    const handle = await this.#inner.open(file);
    this.#files.set(handle, file);
    return handle;
  }

  async read(handle: number, block: number): Promise<Uint8Array> {
    checkWhole("read", "block", block);
    const beganMs = this.#host.now();
    const data = await this.#inner.read(handle, block);
    this.#host.log("file read", { file: this.#files.get(handle), block, text: textOf(data), beganMs });
    return data;
  }

  async write(handle: number, block: number, data: Uint8Array): Promise<void> {
    checkWhole("write", "block", block);
    if (!(data instanceof Uint8Array)) refuse("write", "data", "a Uint8Array", data);
    const beganMs = this.#host.now();
    const about = { file: this.#files.get(handle), block, text: textOf(data), beganMs };
    this.#host.log("file write begins", about);
    await this.#inner.write(handle, block, data);
    this.#host.log("file write", about);
  }

  close(handle: number): Promise<void> {
    return this.#inner.close(handle);
  }

  leave(): Promise<void> {
    return this.#inner.leave();
  }
}
