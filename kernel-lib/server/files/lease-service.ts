import type { Host, Mutex } from "../../world/index.js";
import { BlockMemory, inTurn } from "./block-memory.js";
import { BlockStore, countBoot } from "./block-store.js";
import { Grants } from "./grants.js";
import { FileError, type FileReply, type FileRequest } from "./protocol.js";
import { blockReply, type FileService, type Peer, stopIfGone, unknownRequest } from "./service.js";
import type { FileServiceSettings } from "./settings.js";

/**
 * Keeps blocks in memory only if it is told for how long. Promises with each block that nobody will change the file for `termMs`. A write waits until all others who hold a lease have let
 * go of it, or it has run out. After a crash, the server no longer knows to whom it promised what; so it waits for one
 * term before the first write.
 *
 * @see Gray and Cheriton, "Leases: An Efficient Fault-Tolerant Mechanism for Distributed File Cache Consistency", SOSP 1989.
 */
export class LeaseService implements FileService {
  readonly #grants = new Grants();
  readonly #clients = new Map<Peer, string>();
  readonly #gates = new Map<string, Mutex>();
  readonly #memory: BlockMemory;
  readonly #termMs: number;
  readonly #writesFromMs: number;

  private constructor(host: Host, settings: FileServiceSettings, writesFromMs: number) {
    this.#memory = new BlockMemory(new BlockStore(host, settings), settings.memoryMs);
    this.#termMs = settings.termMs;
    this.#writesFromMs = writesFromMs;
  }

  static async start(host: Host, settings: FileServiceSettings): Promise<LeaseService> {
    const isFirst = (await countBoot(host)) === 0;
    return new LeaseService(host, settings, isFirst ? 0 : host.now() + settings.termMs);
  }

  async answer(host: Host, request: FileRequest, from: Peer): Promise<FileReply> {
    switch (request.op) {
      case "hello":
        this.#clients.set(from, request.client);
        this.#grants.attach(request.client, from);
        return { known: true };
      case "lookup":
        await this.#memory.length(host, request.file);
        return {};
      case "read": {
        const { file, block, known } = request;
        return inTurn(host, this.#gates, file, async () => {
          await this.#memory.length(host, file);
          const reply = blockReply(await this.#memory.read(host, file, block), known);
          return { ...reply, ...this.#lease(host, file, from) };
        });
      }
      case "write": {
        const { file, block, version, data } = request;
        await host.sleepUntil(this.#writesFromMs);
        return inTurn(host, this.#gates, file, async () => {
          stopIfGone(from);
          const blocks = await this.#memory.length(host, file);
          await this.#grants.recallOthers(host, file, this.#clientOf(from), "write", Number.POSITIVE_INFINITY);
          stopIfGone(from);
          await this.#memory.write(host, file, block, { version, data }, blocks);
          return this.#lease(host, file, from);
        });
      }
      case "goodbye":
        this.#grants.forget(this.#clientOf(from));
        return {};
      case "released":
        this.#grants.released(request.recall);
        return {};
      case "status": {
        const grants = this.#grants.count(host.now());
        return {
          status: { openFiles: 0, grants, clients: this.#clients.size, blocksInMemory: this.#memory.size(host.now()) },
        };
      }
      default:
        return unknownRequest(request);
    }
  }

  /** Who broke off may be back, or may be using its copies still: its leases run on. */
  gone(_host: Host, from: Peer): void {
    this.#clients.delete(from);
  }

  #lease(host: Host, file: string, from: Peer): FileReply {
    const serial = this.#grants.grant(file, this.#clientOf(from), "read", host.now() + this.#termMs);
    return { termMs: this.#termMs, serial };
  }

  #clientOf(from: Peer): string {
    const client = this.#clients.get(from);
    if (client === undefined) throw new FileError("who are you?");
    return client;
  }
}
