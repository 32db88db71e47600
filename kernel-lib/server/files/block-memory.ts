import type { Host, Mutex } from "../../world/index.js";
import type { BlockStore } from "./block-store.js";
import type { StoredBlock } from "./protocol.js";

interface Remembered<T> {
  readonly value: T;
  readonly untilMs: number;
}

/** How many blocks a server's memory holds; the one that came first goes first. */
const capacity = 4096;

/** A server's memory in front of its disk, with reading ahead. Losing it costs time and nothing else. */
export class BlockMemory {
  readonly #store: BlockStore;
  readonly #keepMs: number;
  readonly #blocks = new Map<string, Remembered<StoredBlock>>();
  readonly #lengths = new Map<string, Remembered<number>>();
  readonly #locks = new Map<string, Mutex>();
  /** Blocks that are being read ahead. */
  readonly #coming = new Set<string>();

  /** @param keepMs how long something is remembered; 0 for a server that forgets at once. */
  constructor(store: BlockStore, keepMs: number) {
    this.#store = store;
    this.#keepMs = keepMs;
  }

  size(nowMs: number): number {
    return [...this.#blocks.values()].filter(({ untilMs }) => nowMs < untilMs).length;
  }

  async length(host: Host, file: string): Promise<number> {
    const remembered = this.#lengths.get(file);
    if (remembered && host.now() < remembered.untilMs) return remembered.value;
    const length = await this.#store.open(host, file);
    this.#lengths.set(file, this.#remembered(host, length));
    return length;
  }

  async read(host: Host, file: string, block: number): Promise<StoredBlock> {
    const key = keyOf(file, block);
    return this.#locked(host, key, async () => {
      const remembered = this.#blocks.get(key);
      if (remembered && host.now() < remembered.untilMs) return remembered.value;
      return this.#keep(host, key, await this.#store.read(host, file, block));
    });
  }

  /** @param known the file's length, if the caller has asked for it. */
  async write(host: Host, file: string, block: number, stored: StoredBlock, known?: number): Promise<void> {
    const key = keyOf(file, block);
    const length = known ?? (await this.length(host, file));
    await this.#locked(host, key, async () => {
      await this.#store.write(host, file, block, stored, length);
      this.#keep(host, key, stored);
    });
    if (block >= length) this.#lengths.delete(file);
  }

  /** Begins to read blocks that nobody has asked for yet, in the background. */
  readAhead(host: Host, file: string, from: number, count: number, length: number): void {
    const wanted: number[] = [];
    for (let block = from; block < Math.min(from + count, length); block++) {
      const remembered = this.#blocks.get(keyOf(file, block));
      if (this.#coming.has(keyOf(file, block)) || (remembered && host.now() < remembered.untilMs)) continue;
      this.#coming.add(keyOf(file, block));
      wanted.push(block);
    }
    if (wanted.length === 0) return;
    const ahead = async (own: Host): Promise<void> => {
      for (const block of wanted) {
        await this.read(own, file, block);
        this.#coming.delete(keyOf(file, block));
      }
    };
    host.spawn(ahead, { as: "thread", name: "read ahead" });
  }

  #keep(host: Host, key: string, stored: StoredBlock): StoredBlock {
    if (this.#keepMs === 0) return stored;
    this.#blocks.delete(key);
    this.#blocks.set(key, this.#remembered(host, stored));
    if (this.#blocks.size > capacity) this.#blocks.delete(this.#blocks.keys().next().value as string);
    return stored;
  }

  #remembered<T>(host: Host, value: T): Remembered<T> {
    return { value, untilMs: host.now() + this.#keepMs };
  }

  /** Whoever finds a block on its way in from the disk waits for it instead of reading it again. */
  async #locked<T>(host: Host, key: string, work: () => Promise<T>): Promise<T> {
    return inTurn(host, this.#locks, key, work);
  }
}

const keyOf = (file: string, block: number) => `${file}#${block}`;

/** Lets one thread at a time do its work under a name. */
export async function inTurn<T>(
  host: Host,
  locks: Map<string, Mutex>,
  name: string,
  work: () => Promise<T>,
): Promise<T> {
  const lock = locks.get(name) ?? host.mutex();
  locks.set(name, lock);
  await lock.lock();
  try {
    return await work();
  } finally {
    lock.unlock();
  }
}
