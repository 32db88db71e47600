import { fstatSync, ftruncateSync, read, readSync, write } from "node:fs";
import { promisify } from "node:util";
import type { Disk } from "../../world/index.js";
import { checkFileName } from "../../world/machine/disk.js";
import { bytesOf, decode, encode, whole } from "../../world/values.js";

const [readAt, writeAt] = [promisify(read), promisify(write)];

interface Extent {
  readonly position: number;
  readonly length: number;
}

/**
 * A disk in one open file: each write appends a record, and the last record of a name counts. Whoever opens the file again finds
 * what was written whole; half a record at the end, of a process that was killed in the middle, is cut off. It holds against the death
 * of processes; against that of the machine it would have to sync.
 */
export class RecordDisk implements Disk {
  readonly #file: number;
  readonly #extents = new Map<string, Extent>();
  #end = 0;
  #last: Promise<unknown> = Promise.resolve();

  /** @param file an open file descriptor, for reading and writing. */
  constructor(file: number) {
    this.#file = file;
    this.#readIndex();
  }

  read(name: string): Promise<unknown> {
    checkFileName("disk.read", name);
    return this.#inOrder(async () => {
      const place = this.#extents.get(name);
      if (!place) return undefined;
      const bytes = new Uint8Array(place.length);
      await readAt(this.#file, bytes, 0, place.length, place.position);
      return (decode(whole(bytes)) as { value: unknown }).value;
    });
  }

  async write(name: string, value: unknown): Promise<void> {
    checkFileName("disk.write", name);
    return this.#append(name, { name, value });
  }

  async remove(name: string): Promise<void> {
    checkFileName("disk.remove", name);
    return this.#append(name, { name, isRemoved: true });
  }

  list(): Promise<string[]> {
    return this.#inOrder(async () => [...this.#extents.keys()].sort());
  }

  #append(
    name: string,
    record: { readonly name: string; readonly value?: unknown; readonly isRemoved?: boolean },
  ): Promise<void> {
    const payload = bytesOf(encode(record, `disk.write of ${JSON.stringify(name)}`));
    return this.#inOrder(async () => {
      const bytes = Buffer.allocUnsafe(4 + payload.length);
      bytes.writeUInt32BE(payload.length, 0);
      bytes.set(payload, 4);
      for (let done = 0; done < bytes.length; )
        done += (await writeAt(this.#file, bytes, done, bytes.length - done, this.#end + done)).bytesWritten;
      this.#note(name, record.isRemoved === true, { position: this.#end + 4, length: payload.length });
    });
  }

  #note(name: string, isRemoved: boolean, extent: Extent): void {
    if (isRemoved) this.#extents.delete(name);
    else this.#extents.set(name, extent);
    this.#end = extent.position + extent.length;
  }

  #readIndex(): void {
    const bytes = Buffer.alloc(fstatSync(this.#file).size);
    readSync(this.#file, bytes, 0, bytes.length, 0);
    while (this.#end + 4 <= bytes.length) {
      const [position, length] = [this.#end + 4, bytes.readUInt32BE(this.#end)];
      if (position + length > bytes.length) break;
      const record = decode(whole(new Uint8Array(bytes.subarray(position, position + length))));
      const { name, isRemoved } = record as { name: string; isRemoved?: boolean };
      this.#note(name, isRemoved === true, { position, length });
    }
    ftruncateSync(this.#file, this.#end);
  }

  /** One access at a time, in the order in which they were asked for. */
  #inOrder<T>(access: () => Promise<T>): Promise<T> {
    const next = this.#last.then(access);
    this.#last = next.catch(() => undefined);
    return next;
  }
}
