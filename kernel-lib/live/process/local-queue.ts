import { type Mutex, type Queue, TimedOut } from "../../world/index.js";

interface Taker<T> {
  readonly resolve: (value: T) => void;
}

/** A queue between the threads of a real process: its callbacks, that is. */
export class LocalQueue<T> implements Queue<T> {
  readonly #values: T[] = [];
  readonly #takers: Taker<T>[] = [];
  readonly #putters: (() => void)[] = [];
  readonly #capacity: number;

  constructor(capacity = Number.POSITIVE_INFINITY) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#values.length;
  }

  get takers(): number {
    return this.#takers.length;
  }

  async put(value: T): Promise<void> {
    while (!this.offer(value)) await new Promise<void>((resolve) => this.#putters.push(resolve));
  }

  offer(value: T): boolean {
    const taker = this.#takers.shift();
    if (taker) taker.resolve(value);
    else if (this.#values.length >= this.#capacity) return false;
    else this.#values.push(value);
    return true;
  }

  take({ timeoutMs }: { readonly timeoutMs?: number } = {}): Promise<T> {
    if (this.#values.length > 0) {
      const value = this.#values.shift() as T;
      this.#putters.shift()?.();
      return Promise.resolve(value);
    }
    return new Promise((resolve, reject) => {
      let timer: NodeJS.Timeout | undefined;
      const taker = {
        resolve: (value: T) => {
          clearTimeout(timer);
          resolve(value);
        },
      };
      this.#takers.push(taker);
      if (timeoutMs === undefined) return;
      timer = setTimeout(() => {
        this.#takers.splice(this.#takers.indexOf(taker), 1);
        reject(new TimedOut(`take: nothing came within ${timeoutMs} ms`));
      }, timeoutMs);
    });
  }
}

/** A lock: a queue with one token. */
export function localMutex(): Mutex {
  const tokens = new LocalQueue<true>(1);
  tokens.offer(true);
  return {
    lock: async () => void (await tokens.take()),
    unlock: () => void tokens.offer(true),
  };
}
