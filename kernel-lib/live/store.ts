import { randomUUID } from "node:crypto";
import { closeSync, fstat, openSync, read, unlinkSync, write } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Store } from "../world/driver.js";

/**
 * A machine's disk in real files of the temporary folder. Each file loses its name as soon as it is open, so that the operating
 * system takes it back however this process ends. A write goes to a new file, which takes the place of the old one when it
 * is whole.
 */
export class FileStore implements Store {
  readonly #files = new Map<string, number>();
  readonly #began: () => void;
  readonly #ended: () => void;
  #isOver = false;

  /** @param began called when an access begins, and `ended` after its callback: for whoever waits until all is quiet. */
  constructor(began: () => void, ended: () => void) {
    this.#began = began;
    this.#ended = ended;
  }

  read(name: string, done: (bytes: Uint8Array | undefined) => void, failed: (error: Error) => void): void {
    const file = this.#files.get(name);
    if (file === undefined) return done(undefined);
    this.#began();
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
    this.#began();
    const file = openNameless();
    const writeOn = (offset: number): void => {
      write(file, bytes, offset, bytes.length - offset, offset, (error, count) => {
        if (error || this.#isOver) {
          closeSync(file);
          if (error) this.#end(() => failed(error));
        } else if (offset + count < bytes.length) writeOn(offset + count);
        else {
          this.#replace(name, file);
          this.#end(done);
        }
      });
    };
    writeOn(0);
  }

  close(): void {
    this.#isOver = true;
    for (const file of this.#files.values()) closeSync(file);
    this.#files.clear();
  }

  #replace(name: string, file: number | undefined): void {
    const old = this.#files.get(name);
    if (old !== undefined) closeSync(old);
    if (file === undefined) this.#files.delete(name);
    else this.#files.set(name, file);
  }

  #end(callback: () => void): void {
    if (this.#isOver) return;
    callback();
    this.#ended();
  }
}

function openNameless(): number {
  const path = join(tmpdir(), `handoff-${randomUUID()}`);
  const file = openSync(path, "wx+", 0o600);
  unlinkSync(path);
  return file;
}
