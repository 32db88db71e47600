import { refuse } from "../../errors.js";
import type { Thread } from "../core/thread.js";
import type { Wait } from "../core/wait.js";
import type { Disk } from "../host.js";
import { ofHost } from "../strangers.js";
import type { OpenWork } from "../trace/recorder.js";
import { bytesOf, decode, encode, whole } from "../values.js";
import type { DiskAccess } from "./disk-drive.js";

/** What a thread asked of a disk, and waits for. */
class ThreadAccess implements DiskAccess {
  #traced: OpenWork | undefined;

  constructor(
    readonly wait: Wait,
    readonly access: DiskAccess["access"],
    readonly name: string,
    readonly bytes: Uint8Array | undefined,
  ) {}

  get isWanted(): boolean {
    return this.wait.state === "pending" && this.wait.thread.isAlive;
  }

  begins(workMs: number): void {
    const { thread } = this.wait;
    const { core } = thread;
    this.#traced = core.trace.disk(core.now(), thread, workMs, `${this.access} ${this.name}`.trim());
  }

  found(bytes: Uint8Array | undefined): void {
    let value: unknown;
    try {
      value = bytes && decodeFromDisk(bytes);
    } catch (error) {
      return this.failed(error as Error);
    }
    this.#succeed(value);
  }

  listed(names: readonly string[]): void {
    this.#succeed(names);
  }

  written(): void {
    this.#succeed(undefined);
  }

  #succeed(value: unknown): void {
    this.dropped();
    this.wait.succeed(value);
  }

  failed(error: Error): void {
    this.dropped();
    this.wait.fail(error);
  }

  dropped(): void {
    const { core } = this.wait.thread;
    core.trace.ended(this.#traced, core.now());
  }
}

/** The disk as a thread sees it. */
export class DiskView implements Disk {
  readonly #thread: Thread;

  constructor(thread: Thread) {
    this.#thread = thread;
  }

  get [ofHost](): string {
    return "a disk; each process has its host's";
  }

  #access(access: DiskAccess["access"], name: string, bytes?: Uint8Array): Promise<unknown> {
    const target = { waitText: () => `disk (${access} ${name})` };
    const wait = this.#thread.core.wait(this.#thread, "disk", target);
    this.#thread.process.machine.drive.ask(new ThreadAccess(wait, access, name, bytes));
    return wait.newPromise();
  }

  // biome-ignore lint/suspicious/noExplicitAny: as in Disk
  read(name: string): Promise<any> {
    return this.#access("read", checkFileName("disk.read", name));
  }

  async write(name: string, value: unknown): Promise<void> {
    checkFileName("disk.write", name);
    const bytes = encodeForDisk(value, name);
    await this.#access("write", name, bytes);
  }

  async remove(name: string): Promise<void> {
    await this.#access("remove", checkFileName("disk.remove", name));
  }

  async list(): Promise<string[]> {
    return (await this.#access("list", "")) as string[];
  }
}

/** Boxed, so that a byte array stays one when it is read again. */
function encodeForDisk(value: unknown, name: string): Uint8Array {
  return bytesOf(encode([value], `disk.write of ${JSON.stringify(name)}`));
}

function decodeFromDisk(bytes: Uint8Array): unknown {
  return (decode(whole(bytes)) as [unknown])[0];
}

/** The name of a value on a disk, else a {@link ParameterError}. */
export function checkFileName(where: string, name: unknown): string {
  if (typeof name !== "string" || name === "") refuse(where, "name", "a text that is not empty", name);
  return name;
}
