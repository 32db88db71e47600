import type { Host, Mutex } from "../../world/index.js";
import { BlockMemory, inTurn } from "./block-memory.js";
import { BlockStore, countBoot } from "./block-store.js";
import { Grants } from "./grants.js";
import { FileError, type FileReply, type FileRequest, type GrantMode } from "./protocol.js";
import { blockReply, type FileService, type Peer, stopIfGone, unknownRequest } from "./service.js";
import type { FileServiceSettings } from "./settings.js";

/** What the server knows of a client. All of it is in memory. */
interface ClientRecord {
  readonly client: string;
  readonly incarnation: number;
  /** The table of open files: by the client's handle, the file. */
  readonly openFiles: Map<number, string>;
  /** Its connection; `undefined` while it has none. */
  peer: Peer | undefined;
  /** How many of its connections have ended. */
  partings: number;
}

type Request<Op> = Extract<FileRequest, { op: Op }>;

/**
 * Keeps a table of open files, so that it can read ahead as soon as one is opened; and knows which client has copies of what,
 * so that it can call them back before somebody else changes it. Promises have no end: they hold until called back, or until the
 * client is silent for longer than `silenceMs`.
 */
export class StatefulService implements FileService {
  readonly #settings: FileServiceSettings;
  readonly #memory: BlockMemory;
  readonly #grants = new Grants();
  readonly #clients = new Map<string, ClientRecord>();
  readonly #gates = new Map<string, Mutex>();
  readonly #graceUntilMs: number;

  private constructor(host: Host, settings: FileServiceSettings, graceUntilMs: number) {
    this.#settings = settings;
    this.#memory = new BlockMemory(new BlockStore(host, settings), Number.POSITIVE_INFINITY);
    this.#graceUntilMs = graceUntilMs;
  }

  static async start(host: Host, settings: FileServiceSettings): Promise<StatefulService> {
    const isFirst = (await countBoot(host)) === 0;
    const hasGrace = !isFirst && settings.recovery === "reclaim";
    return new StatefulService(host, settings, hasGrace ? host.now() + settings.graceMs : 0);
  }

  async answer(host: Host, request: FileRequest, from: Peer): Promise<FileReply> {
    switch (request.op) {
      case "hello":
        return this.#greet(host, request.client, request.incarnation, from);
      case "reclaim":
        return this.#reclaim(host, request, from);
      case "flush":
        return this.#flush(host, request, from);
      case "goodbye":
        this.#drop(this.#record(from));
        return {};
      case "released":
        this.#grants.released(request.recall);
        return {};
      case "status":
        return { status: this.#status(host) };
    }
    await host.sleepUntil(this.#graceUntilMs);
    stopIfGone(from);
    switch (request.op) {
      case "open": {
        this.#record(from).openFiles.set(request.handle, request.file);
        await this.#readAhead(host, request.file, 0);
        return {};
      }
      case "close":
        this.#record(from).openFiles.delete(request.handle);
        return {};
      case "read":
        return this.#read(host, request, from);
      case "write":
        return this.#write(host, request, from);
      case "acquire":
        return this.#acquire(host, request.file, from);
      default:
        return unknownRequest(request);
    }
  }

  gone(host: Host, from: Peer): void {
    const record = this.#findRecord(from);
    if (!record) return;
    record.peer = undefined;
    const parting = ++record.partings;
    const { silenceMs } = this.#settings;
    if (silenceMs === Number.POSITIVE_INFINITY) return;
    const forgetLater = async (own: Host): Promise<void> => {
      await own.sleep(silenceMs);
      if (record.peer === undefined && record.partings === parting) this.#forget(own, record);
    };
    host.spawn(forgetLater, { as: "thread", name: "forget later" });
  }

  #greet(host: Host, client: string, incarnation: number, from: Peer): FileReply {
    const inGrace = host.now() < this.#graceUntilMs;
    const record = this.#clients.get(client);
    if (record?.incarnation === incarnation) {
      record.peer = from;
      this.#grants.attach(client, from);
      return { known: true, inGrace };
    }
    // The same client, started anew: it knows nothing of what it had open.
    if (record) this.#forget(host, record);
    this.#clients.set(client, { client, incarnation, openFiles: new Map(), peer: from, partings: 0 });
    this.#grants.attach(client, from);
    return { known: false, inGrace };
  }

  #reclaim(host: Host, request: Request<"reclaim">, from: Peer): FileReply {
    const record = this.#record(from);
    if (host.now() >= this.#graceUntilMs) throw new FileError("too late to reclaim");
    for (const { handle, file } of request.opens) record.openFiles.set(handle, file);
    for (const { file, mode } of request.grants)
      this.#grants.grant(file, record.client, mode, Number.POSITIVE_INFINITY);
    return {};
  }

  async #read(host: Host, request: Request<"read">, from: Peer): Promise<FileReply> {
    const { client } = this.#record(from);
    const file = this.#fileOf(request, from);
    const reply = await inTurn(host, this.#gates, file, async (): Promise<FileReply> => {
      await this.#recallOthers(host, file, client, "read");
      const stored = await this.#memory.read(host, file, request.block);
      return { ...blockReply(stored, undefined), ...this.#promise(file, client, "read") };
    });
    await this.#readAhead(host, file, request.block + 1);
    return reply;
  }

  async #write(host: Host, request: Request<"write">, from: Peer): Promise<FileReply> {
    const { client } = this.#record(from);
    const file = this.#fileOf(request, from);
    const { block, version, data } = request;
    return inTurn(host, this.#gates, file, async () => {
      stopIfGone(from);
      await this.#recallOthers(host, file, client, "write");
      stopIfGone(from);
      await this.#memory.write(host, file, block, { version, data });
      return this.#promise(file, client, "read");
    });
  }

  async #acquire(host: Host, file: string, from: Peer): Promise<FileReply> {
    const { client } = this.#record(from);
    return inTurn(host, this.#gates, file, async () => {
      stopIfGone(from);
      await this.#recallOthers(host, file, client, "write");
      return this.#promise(file, client, "write");
    });
  }

  /** Passes the gate: whoever recalls the file stands in it and waits for this. */
  async #flush(host: Host, request: Request<"flush">, from: Peer): Promise<FileReply> {
    const { file, block, version, data } = request;
    if (!this.#grants.holds(file, this.#record(from).client, "write")) throw new FileError("not the writer any more");
    await this.#memory.write(host, file, block, { version, data });
    return {};
  }

  /** Promises to call back, if clients may have copies at all. */
  #promise(file: string, client: string, mode: GrantMode): FileReply {
    return this.#settings.copies ? { serial: this.#grants.grant(file, client, mode, Number.POSITIVE_INFINITY) } : {};
  }

  async #recallOthers(host: Host, file: string, client: string, mode: GrantMode): Promise<void> {
    const silent = await this.#grants.recallOthers(host, file, client, mode, this.#settings.silenceMs);
    for (const other of silent) {
      const record = this.#clients.get(other);
      if (record) this.#forget(host, record);
    }
  }

  async #readAhead(host: Host, file: string, from: number): Promise<void> {
    if (this.#settings.readAhead === 0) return;
    this.#memory.readAhead(host, file, from, this.#settings.readAhead, await this.#memory.length(host, file));
  }

  #drop(record: ClientRecord): void {
    this.#clients.delete(record.client);
    this.#grants.forget(record.client);
  }

  /** Drops the record of a client that has not said goodbye. */
  #forget(host: Host, record: ClientRecord): void {
    if (this.#clients.get(record.client) !== record) return;
    this.#drop(record);
    record.peer?.reset();
    host.log("client forgotten", { client: record.client, openFiles: record.openFiles.size });
  }

  #findRecord(from: Peer): ClientRecord | undefined {
    for (const record of this.#clients.values()) if (record.peer === from) return record;
    return undefined;
  }

  #record(from: Peer): ClientRecord {
    return this.#findRecord(from) ?? refuseStranger();
  }

  #fileOf({ handle, file }: Request<"read"> | Request<"write">, from: Peer): string {
    if (handle === undefined || this.#record(from).openFiles.get(handle) !== file)
      throw new FileError("stale handle: this file is not open");
    return file;
  }

  #status(host: Host) {
    let openFiles = 0;
    for (const record of this.#clients.values()) openFiles += record.openFiles.size;
    return {
      openFiles,
      grants: this.#grants.count(host.now()),
      clients: this.#clients.size,
      blocksInMemory: this.#memory.size(host.now()),
    };
  }
}

function refuseStranger(): never {
  throw new FileError("unknown client: what the server knew is lost");
}
