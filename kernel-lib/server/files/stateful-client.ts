import { ParameterError } from "../../errors.js";
import type { Host, Mutex } from "../../world/index.js";
import { BlockCache } from "./block-cache.js";
import type { FileClient } from "./file-client.js";
import {
  FileError,
  type FileReply,
  type FileRequest,
  type GrantMode,
  type Recall,
  type StoredBlock,
} from "./protocol.js";
import { ServerLink } from "./server-link.js";
import type { FileServiceSettings } from "./settings.js";

interface OpenFile {
  readonly file: string;
  /** Whether the server has it in its table. Who holds copies may open a file without asking. */
  isRegistered: boolean;
  /** Whether the server has lost its entry: nothing can be done with it any more. */
  isLost: boolean;
}

/**
 * The client of the stateful server. It uses its copies until they are called back; while it holds copies of a file, it opens and closes
 * it without asking. With `writeBackMs`, writes stay here for a while.
 */
export class StatefulClient implements FileClient {
  readonly #host: Host;
  readonly #settings: FileServiceSettings;
  readonly #client: string;
  readonly #link: ServerLink;
  readonly #cache = new BlockCache();
  readonly #newVersion: () => string;
  readonly #open = new Map<number, OpenFile>();
  /** Files that the server promised to call back. */
  readonly #grants = new Map<string, GrantMode>();
  /** Blocks that the server does not have yet, by file. */
  readonly #dirty = new Map<string, Map<number, StoredBlock>>();
  /** When the first of them was written. */
  #dirtySinceMs = Number.POSITIVE_INFINITY;
  readonly #flushing: Mutex;
  #handles = 0;

  constructor(host: Host, settings: FileServiceSettings, client: string, newVersion: () => string) {
    this.#host = host;
    this.#settings = settings;
    this.#client = client;
    this.#newVersion = newVersion;
    this.#flushing = host.mutex();
    const { graceMs } = settings;
    this.#link = new ServerLink(host, settings, {
      greet: (call) => this.#greet(call),
      recalled: (recall) => this.#letGo(recall),
      ...(settings.recovery === "reclaim"
        ? { staysConnected: true, keepAlive: { idleMs: graceMs / 8, intervalMs: graceMs / 16, probes: 2 } }
        : {}),
    });
  }

  async open(file: string): Promise<number> {
    await this.#flushWhatIsDue();
    const handle = ++this.#handles;
    const opened = { file, isRegistered: false, isLost: false };
    if (!this.#grants.has(file) || !this.#link.isConnected) await this.#register(handle, opened);
    this.#open.set(handle, opened);
    return handle;
  }

  async read(handle: number, block: number): Promise<Uint8Array> {
    await this.#flushWhatIsDue();
    const opened = this.#opened("read", handle);
    const { file } = opened;
    const copy = this.#dirty.get(file)?.get(block) ?? this.#cache.fresh(file, block, this.#host.now());
    // Who can't be called back can't trust a promise.
    if (copy && this.#grants.has(file) && this.#link.isConnected) return copy.data;
    if (!opened.isRegistered) await this.#register(handle, opened);
    const reply = await this.#link.call(this.#host, { op: "read", file, block, handle });
    const { version = "", data = new Uint8Array() } = reply;
    this.#keep(file, block, { version, data }, reply);
    return data;
  }

  async write(handle: number, block: number, data: Uint8Array): Promise<void> {
    await this.#flushWhatIsDue();
    const opened = this.#opened("write", handle);
    const { file } = opened;
    const stored = { version: this.#newVersion(), data };
    if (this.#settings.writeBackMs > 0) return this.#writeBack(handle, opened, block, stored);
    if (!opened.isRegistered) await this.#register(handle, opened);
    const reply = await this.#link.call(this.#host, { op: "write", file, block, handle, ...stored });
    this.#keep(file, block, stored, reply);
  }

  async close(handle: number): Promise<void> {
    const { isRegistered } = this.#opened("close", handle);
    this.#open.delete(handle);
    if (isRegistered) await this.#link.call(this.#host, { op: "close", handle });
  }

  async leave(): Promise<void> {
    for (const file of [...this.#dirty.keys()]) await this.#flush(this.#host, file);
    await this.#link.leave(this.#host);
  }

  async #register(handle: number, opened: OpenFile): Promise<void> {
    await this.#link.call(this.#host, { op: "open", file: opened.file, handle });
    opened.isRegistered = true;
  }

  #keep(file: string, block: number, stored: StoredBlock, { serial }: FileReply): void {
    if (serial === undefined || this.#cache.wasRecalled(file, serial)) return;
    this.#cache.keep(file, block, stored, Number.POSITIVE_INFINITY, serial);
    if (!this.#grants.has(file)) this.#grants.set(file, "read");
  }

  async #writeBack(handle: number, opened: OpenFile, block: number, stored: StoredBlock): Promise<void> {
    const { file } = opened;
    while (this.#grants.get(file) !== "write") {
      if (!opened.isRegistered) await this.#register(handle, opened);
      const { serial = 0 } = await this.#link.call(this.#host, { op: "acquire", file, handle });
      if (!this.#cache.wasRecalled(file, serial)) this.#grants.set(file, "write");
    }
    const blocks = this.#dirty.get(file) ?? new Map<number, StoredBlock>();
    this.#dirty.set(file, blocks.set(block, stored));
    this.#dirtySinceMs = Math.min(this.#dirtySinceMs, this.#host.now());
  }

  async #flushWhatIsDue(): Promise<void> {
    if (this.#host.now() < this.#dirtySinceMs + this.#settings.writeBackMs) return;
    for (const file of [...this.#dirty.keys()]) await this.#flush(this.#host, file);
  }

  async #flush(host: Host, file: string): Promise<void> {
    // One thread at a time: when a recall has let go of the file, nothing of it may come after.
    await this.#flushing.lock();
    try {
      const blocks = this.#dirty.get(file) ?? new Map<number, StoredBlock>();
      for (const [block, stored] of blocks) {
        await this.#link.call(host, { op: "flush", file, block, ...stored });
        // Its own newest data may be used on, if the server still promises to call.
        if (this.#grants.has(file))
          this.#cache.keep(file, block, stored, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
        if (blocks.get(block) === stored) blocks.delete(block);
      }
      if (blocks.size === 0) this.#dirty.delete(file);
      if (this.#dirty.size === 0) this.#dirtySinceMs = Number.POSITIVE_INFINITY;
    } finally {
      this.#flushing.unlock();
    }
  }

  #letGo({ file, serial, recall }: Recall): (host: Host) => Promise<void> {
    this.#cache.recall(file, serial);
    this.#grants.delete(file);
    return async (host) => {
      try {
        await this.#flush(host, file);
      } catch (error) {
        if (!(error instanceof FileError)) throw error;
      }
      await this.#link.tell({ op: "released", recall });
    };
  }

  /** Says who it is; if the server has forgotten, reclaims what it had, or gives it up. */
  async #greet(call: (request: FileRequest) => Promise<FileReply>): Promise<void> {
    const { known, inGrace } = await call({ op: "hello", client: this.#client, incarnation: this.#host.pid });
    if (known) return;
    this.#cache.forgetSerials();
    const opens = [...this.#open].filter(([, { isRegistered, isLost }]) => isRegistered && !isLost);
    const grants = new Map<string, GrantMode>(this.#grants);
    for (const file of this.#dirty.keys()) grants.set(file, "write");
    if (opens.length + grants.size === 0) return;
    const request: FileRequest = {
      op: "reclaim",
      opens: opens.map(([handle, { file }]) => ({ handle, file })),
      grants: [...grants].map(([file, mode]) => ({ file, mode })),
    };
    const isReclaimed = inGrace === true && (await call(request)).error === undefined;
    if (!isReclaimed) this.#giveUp(opens.length);
  }

  #giveUp(openFiles: number): void {
    let blocks = 0;
    for (const dirty of this.#dirty.values()) blocks += dirty.size;
    this.#host.log("state lost", { openFiles, dirtyBlocks: blocks });
    for (const opened of this.#open.values()) opened.isLost = opened.isRegistered;
    this.#cache.clear();
    this.#grants.clear();
    this.#dirty.clear();
    this.#dirtySinceMs = Number.POSITIVE_INFINITY;
  }

  #opened(where: string, handle: number): OpenFile {
    const opened = this.#open.get(handle);
    if (opened === undefined) throw new ParameterError(`${where}: handle ${handle} is not open`);
    if (opened.isLost) {
      this.#open.delete(handle);
      throw new FileError("stale handle: the server has lost its table");
    }
    return opened;
  }
}
