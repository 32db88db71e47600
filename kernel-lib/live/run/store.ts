import { randomUUID } from "node:crypto";
import { closeSync, constants, fstat, openSync, read, unlinkSync, write } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Store } from "../../world/core/driver.js";

/**
 * A machine's disk in real files of the temporary folder. They have no name, or lose it as soon as they are open, so that the
 * operating system takes them back however this process ends. A write goes to a new file, which takes the place of the old one when it
 * is whole.
 */
export class FileStore implements Store {
  readonly #files = new Map<string, number>();
  readonly #began: () => void;
  readonly #ended: () => void;
  /** Accesses that the operating system has not answered. */
  #underWay = 0;
  #onIdle: (() => void) | undefined;

  /** @param began called when an access begins, and `ended` after its callback: for whoever waits until all is quiet. */
  constructor(began: () => void, ended: () => void) {
    this.#began = began;
    this.#ended = ended;
  }

  read(name: string, done: (bytes: Uint8Array | undefined) => void, failed: (error: Error) => void): void {
    const file = this.#files.get(name);
    if (file === undefined) return done(undefined);
    this.#begin();
    fstat(file, (statError, stats) => {
      if (statError) return this.#end(() => failed(statError));
      const bytes = new Uint8Array(stats.size);
      const readOn = (offset: number): void => {
        read(file, bytes, offset, bytes.length - offset, offset, (error, count) => {
          if (error) this.#end(() => failed(error));
          else if (offset + count < bytes.length && count > 0) readOn(offset + count);
          else this.#end(() => done(bytes));
        });
      };
      readOn(0);
    });
  }

  write(name: string, bytes: Uint8Array | undefined, done: () => void, failed: (error: Error) => void): void {
    if (!bytes) {
      this.#replace(name, undefined);
      return done();
    }
    let file: number;
    try {
      file = openNameless();
    } catch (error) {
      return failed(error as Error);
    }
    this.#begin();
    const writeOn = (offset: number): void => {
      write(file, bytes, offset, bytes.length - offset, offset, (error, count) => {
        if (error || this.#onIdle) {
          closeSync(file);
          this.#end(() => failed(error as Error));
        } else if (offset + count < bytes.length) writeOn(offset + count);
        else {
          this.#replace(name, file);
          this.#end(done);
        }
      });
    };
    writeOn(0);
  }

  /** Calls nobody back from now on; waits for what the operating system has in hand, then gives the files back. */
  async close(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#onIdle = resolve;
      if (this.#underWay === 0) resolve();
    });
    for (const file of this.#files.values()) closeSync(file);
    this.#files.clear();
  }

  #replace(name: string, file: number | undefined): void {
    const old = this.#files.get(name);
    if (old !== undefined) closeSync(old);
    if (file === undefined) this.#files.delete(name);
    else this.#files.set(name, file);
  }

  #begin(): void {
    this.#underWay++;
    this.#began();
  }

  #end(callback: () => void): void {
    this.#underWay--;
    if (this.#onIdle) {
      if (this.#underWay === 0) this.#onIdle();
      return;
    }
    callback();
    this.#ended();
  }
}

/** Linux's `O_TMPFILE`, which Node does not name: a file that never has a name. */
const nameless = 0o20000000 | constants.O_DIRECTORY | constants.O_RDWR;

/** An open file without a name. */
export function openNameless(): number {
  if (process.platform === "linux") {
    try {
      return openSync(tmpdir(), nameless, 0o600);
    } catch {
      // Not every file system can.
    }
  }
  const path = join(tmpdir(), `handoff-${randomUUID()}`);
  const file = openSync(path, "wx+", 0o600);
  unlinkSync(path);
  return file;
}
