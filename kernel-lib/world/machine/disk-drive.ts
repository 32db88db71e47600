import type { Driver, Store } from "../core/driver.js";
import { Fifo } from "../core/fifo.js";
import type { HostSpec } from "../scenario.js";

/** Something that a thread asks of a disk. Each is told of its beginning, then of one end. */
export interface DiskAccess {
  readonly access: "read" | "write" | "remove" | "list";
  readonly name: string;
  readonly bytes: Uint8Array | undefined;
  /** Its thread lives and waits for it still. If not, nothing of it happens: the machine crashed, or its process was killed. */
  readonly isWanted: boolean;
  begins(workMs: number): void;
  found(bytes: Uint8Array | undefined): void;
  listed(names: readonly string[]): void;
  written(): void;
  failed(error: Error): void;
  /** Nobody wants it any more. */
  dropped(): void;
}

/** A machine's disk: one access at a time, in order; what is on it survives the machine. */
export class DiskDrive {
  readonly #spec: NonNullable<HostSpec["disk"]>;
  readonly #driver: Driver;
  readonly #store: Store;
  readonly #waiting = new Fifo<DiskAccess>();
  readonly #sizes = new Map<string, number>();
  #busy = false;

  constructor(spec: HostSpec["disk"], driver: Driver, store: Store) {
    this.#spec = spec ?? {};
    this.#driver = driver;
    this.#store = store;
  }

  /** In a step of the thread that asks. */
  ask(access: DiskAccess): void {
    if (access.isWanted) this.#waiting.push(access);
    this.#next();
  }

  #next(): void {
    if (this.#busy) return;
    let next = this.#waiting.shift();
    while (next && !next.isWanted) next = this.#waiting.shift();
    if (!next) return;
    this.#busy = true;
    const { accessMs = 0, bytesPerS = Infinity } = this.#spec;
    const moved = next.access === "read" ? (this.#sizes.get(next.name) ?? 0) : (next.bytes?.length ?? 0);
    const workMs = accessMs + (moved * 1000) / bytesPerS;
    next.begins(workMs);
    this.#driver.at(this.#driver.now() + workMs, (done: DiskAccess) => this.#effect(done), next);
  }

  #effect(access: DiskAccess): void {
    const { name, bytes } = access;
    const end = (tell: () => void): void => {
      this.#busy = false;
      tell();
      this.#next();
    };
    const failed = (error: Error): void => end(() => access.failed(error));
    if (!access.isWanted) end(() => access.dropped());
    else if (access.access === "list") end(() => access.listed([...this.#sizes.keys()].sort()));
    else if (access.access === "read") {
      this.#store.read(name, (file) => end(() => access.found(file)), failed);
    } else {
      const written = (): void => {
        if (bytes) this.#sizes.set(name, bytes.length);
        else this.#sizes.delete(name);
        end(() => access.written());
      };
      this.#store.write(name, bytes, written, failed);
    }
  }
}
