import type { Host } from "../../world/index.js";
import { BlockMemory } from "./block-memory.js";
import { BlockStore } from "./block-store.js";
import type { FileReply, FileRequest } from "./protocol.js";
import { blockReply, type FileService, type Peer, unknownRequest } from "./service.js";
import type { FileServiceSettings } from "./settings.js";

/**
 * Takes the requests of a stateless server, and remembers for a while: blocks, lengths, and how far each client has read, so that
 * it can guess who reads a file from front to back. All of it may be gone at any moment; nobody but the clock notices.
 */
export class SoftStateService implements FileService {
  readonly #memory: BlockMemory;
  readonly #readAhead: number;
  /** By connection and file: the block that was read last. */
  readonly #lastRead = new Map<Peer, Map<string, number>>();

  constructor(host: Host, settings: FileServiceSettings) {
    this.#memory = new BlockMemory(new BlockStore(host, settings), settings.memoryMs);
    this.#readAhead = settings.readAhead;
  }

  async answer(host: Host, request: FileRequest, from: Peer): Promise<FileReply> {
    switch (request.op) {
      case "lookup":
        await this.#memory.length(host, request.file);
        return {};
      case "read": {
        const { file, block, known } = request;
        const length = await this.#memory.length(host, file);
        const stored = await this.#memory.read(host, file, block);
        if (this.#isSequential(from, file, block)) {
          this.#memory.readAhead(host, file, block + 1, this.#readAhead, length);
        }
        return blockReply(stored, known);
      }
      case "write": {
        const { file, block, version, data } = request;
        await this.#memory.write(host, file, block, { version, data });
        return {};
      }
      case "status":
        return {
          status: {
            openFiles: 0,
            grants: 0,
            clients: this.#lastRead.size,
            blocksInMemory: this.#memory.size(host.now()),
          },
        };
      default:
        return unknownRequest(request);
    }
  }

  gone(_host: Host, from: Peer): void {
    this.#lastRead.delete(from);
  }

  /** A guess: who has asked for a block and the one before it will want the next. */
  #isSequential(from: Peer, file: string, block: number): boolean {
    const ofClient = this.#lastRead.get(from) ?? new Map<string, number>();
    this.#lastRead.set(from, ofClient);
    const last = ofClient.get(file);
    ofClient.set(file, block);
    return last === block - 1;
  }
}
