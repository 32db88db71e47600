import type { SocketsApi } from "./sockets-api.js";

/** One question to the operating system lasts so long: what is watched meanwhile is asked about in the next one. */
const questionMs = 50;

/**
 * Tells when somebody has come to a socket, and leaves him there: Node itself would let him in. One question at a time is under way for
 * all sockets together, on a thread of Node's pool.
 */
export class WaitingSockets {
  readonly #api: SocketsApi;
  readonly #watched = new Map<number, () => void>();
  #asking: Promise<void> | undefined;
  #question: Promise<readonly number[]> | undefined;

  constructor(api: SocketsApi) {
    this.#api = api;
  }

  /** Calls back once, when somebody has come. */
  watch(fd: number, onSomebody: () => void): void {
    this.#watched.set(fd, onSomebody);
    this.#asking ??= this.#ask();
  }

  /** Resolves when the socket is not looked at any more, so that it may be closed. */
  async unwatch(fd: number): Promise<void> {
    this.#watched.delete(fd);
    await this.#question;
  }

  async #ask(): Promise<void> {
    while (this.#watched.size > 0) {
      this.#question = this.#api.untilReadable([...this.#watched.keys()], questionMs);
      for (const fd of await this.#question) {
        const onSomebody = this.#watched.get(fd);
        this.#watched.delete(fd);
        onSomebody?.();
      }
    }
    this.#asking = undefined;
  }
}
