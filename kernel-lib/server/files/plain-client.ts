import { ParameterError } from "../../errors.js";
import type { Host } from "../../world/index.js";
import { BlockCache } from "./block-cache.js";
import type { FileClient } from "./file-client.js";
import type { FileReply, Recall, StoredBlock } from "./protocol.js";
import { ServerLink } from "./server-link.js";
import type { FileServiceSettings } from "./settings.js";

/**
 * The client of the servers that keep no table of open files. Handles are its own affair. Its copies are good for `cacheMs` from
 * when it asked, or for the term of the lease that came with them.
 */
export class PlainClient implements FileClient {
  readonly #host: Host;
  readonly #settings: FileServiceSettings;
  readonly #link: ServerLink;
  readonly #cache = new BlockCache();
  readonly #files = new Map<number, string>();
  readonly #newVersion: () => string;
  #handles = 0;

  constructor(host: Host, settings: FileServiceSettings, client: string, newVersion: () => string) {
    this.#host = host;
    this.#settings = settings;
    this.#newVersion = newVersion;
    this.#link = new ServerLink(
      host,
      settings,
      settings.kind === "leases"
        ? {
            greet: async (call) => {
              this.#cache.forgetSerials();
              await call({ op: "hello", client, incarnation: host.pid });
            },
            recalled: (recall) => this.#letGo(recall),
          }
        : {},
    );
  }

  async open(file: string): Promise<number> {
    await this.#link.call(this.#host, { op: "lookup", file });
    this.#files.set(++this.#handles, file);
    return this.#handles;
  }

  async read(handle: number, block: number): Promise<Uint8Array> {
    const file = this.#fileOf("read", handle);
    const fresh = this.#cache.fresh(file, block, this.#host.now());
    if (fresh) return fresh.data;
    const old = this.#cache.any(file, block);
    const askedMs = this.#host.now();
    const reply = await this.#link.call(this.#host, { op: "read", file, block, known: old?.version });
    const { version = "" } = reply;
    const data = reply.data ?? old?.data ?? new Uint8Array();
    this.#keep(file, block, { version, data }, askedMs, reply);
    return data;
  }

  async write(handle: number, block: number, data: Uint8Array): Promise<void> {
    const file = this.#fileOf("write", handle);
    const askedMs = this.#host.now();
    const version = this.#newVersion();
    const reply = await this.#link.call(this.#host, { op: "write", file, block, version, data });
    this.#keep(file, block, { version, data }, askedMs, reply);
  }

  async close(handle: number): Promise<void> {
    this.#fileOf("close", handle);
    this.#files.delete(handle);
  }

  leave(): Promise<void> {
    return this.#link.leave(this.#host);
  }

  #keep(file: string, block: number, stored: StoredBlock, askedMs: number, reply: FileReply): void {
    const { termMs, serial = 1 } = reply;
    const goodForMs = termMs === undefined ? this.#settings.cacheMs : termMs - this.#settings.allowanceMs;
    if (goodForMs > 0) this.#cache.keep(file, block, stored, askedMs + goodForMs, serial);
  }

  #letGo({ file, serial, recall }: Recall): () => Promise<void> {
    this.#cache.recall(file, serial);
    return () => this.#link.tell({ op: "released", recall });
  }

  #fileOf(where: string, handle: number): string {
    const file = this.#files.get(handle);
    if (file === undefined) throw new ParameterError(`${where}: handle ${handle} is not open`);
    return file;
  }
}
