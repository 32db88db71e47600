import type { Host } from "../../world/index.js";
import { BlockStore } from "./block-store.js";
import type { FileReply, FileRequest } from "./protocol.js";
import { blockReply, type FileService, unknownRequest } from "./service.js";
import type { FileServiceSettings } from "./settings.js";

/** Opens the file for each request, does what is asked, closes it, and forgets. */
export class StatelessService implements FileService {
  readonly #store: BlockStore;

  constructor(host: Host, settings: FileServiceSettings) {
    this.#store = new BlockStore(host, settings);
  }

  async answer(host: Host, request: FileRequest): Promise<FileReply> {
    switch (request.op) {
      case "lookup":
        await this.#store.open(host, request.file);
        return {};
      case "read":
        await this.#store.open(host, request.file);
        return blockReply(await this.#store.read(host, request.file, request.block), request.known);
      case "write": {
        const { file, block, version, data } = request;
        const blocks = await this.#store.open(host, file);
        await this.#store.write(host, file, block, { version, data }, blocks);
        return {};
      }
      case "status":
        return { status: { openFiles: 0, grants: 0, clients: 0, blocksInMemory: 0 } };
      default:
        return unknownRequest(request);
    }
  }

  gone(): void {}
}
