import type { Host, Mutex } from "../../world/index.js";
import type { StoredBlock } from "./protocol.js";
import type { FileServiceSettings } from "./settings.js";

/**
 * Files on a disk: for each an inode that says how many blocks it has, and each block under a name of its own. A block is
 * written whole or not at all, its version with it, so a crash never leaves half of one.
 */
export class BlockStore {
  readonly #settings: FileServiceSettings;
  /** Two writes that make the same file longer must not both read the old length. */
  readonly #growing: Mutex;

  constructor(host: Host, settings: FileServiceSettings) {
    this.#settings = settings;
    this.#growing = host.mutex();
  }

  /** Opens a file: reads its inode, one access. @returns how many blocks it has. */
  async open(host: Host, file: string): Promise<number> {
    const inode = await host.disk.read(inodeName(file));
    return inode?.blocks ?? this.#settings.files[file] ?? 0;
  }

  /** Reads a block, one access. */
  async read(host: Host, file: string, block: number): Promise<StoredBlock> {
    const stored: StoredBlock | undefined = await host.disk.read(blockName(file, block));
    return stored ?? { version: "", data: new Uint8Array(this.#settings.blockBytes) };
  }

  /** Writes a block, one access, and two more if the file becomes longer. */
  async write(host: Host, file: string, block: number, stored: StoredBlock, blocks: number): Promise<void> {
    await host.disk.write(blockName(file, block), stored);
    if (block < blocks) return;
    await this.#growing.lock();
    try {
      if (block >= (await this.open(host, file))) await host.disk.write(inodeName(file), { blocks: block + 1 });
    } finally {
      this.#growing.unlock();
    }
  }
}

const inodeName = (file: string) => `inode ${file}`;
const blockName = (file: string, block: number) => `block ${file} ${block}`;

/** Counts this start of the machine. @returns how often it had started before. */
export async function countBoot(host: Host): Promise<number> {
  const before: number = (await host.disk.read("boots")) ?? 0;
  await host.disk.write("boots", before + 1);
  return before;
}
