import { checkNonNegative, NamedError, refuse } from "../../errors.js";
import type { Host, Queue } from "../../world/host.js";

/** Something that programs at a place use, and that is not part of them. */
export interface LocalResource {
  /** Its kind: what a binding by type asks for. */
  readonly type: string;
  /** Which one it is: `file://ana/report`. */
  readonly identifier: string;
  /**
   * Does what a program asks for.
   *
   * @param operation the part of the import's name after the point: `append` of `report.append`.
   * @throws {@link ResourceError} if there is no such operation.
   */
  perform(host: Host, operation: string, args: readonly number[]): Promise<number | undefined>;
  /** What a move or a copy of it takes along. A resource without contents can't leave its computer. */
  contents?(): Uint8Array;
}

/** A resource can't do what it was asked, is not there, or can't be had in the way that was chosen. */
export class ResourceError extends NamedError {}

type Operations = Readonly<Record<string, (...args: number[]) => unknown>>;

abstract class Kind implements LocalResource {
  /** Its kind. */
  abstract readonly type: string;
  /** Which one it is. */
  readonly identifier: string;

  /** @internal */
  constructor(identifier: string) {
    if (typeof identifier !== "string" || identifier === "") refuse("resource", "identifier", "a name", identifier);
    this.identifier = identifier;
  }

  /** What programs may ask of it. @internal */
  protected abstract operations(host: Host): Operations;

  /** @inheritDoc */
  async perform(host: Host, operation: string, args: readonly number[]): Promise<number | undefined> {
    const known = this.operations(host);
    const found = Object.hasOwn(known, operation) ? known[operation] : undefined;
    if (!found) throw new ResourceError(`${this.identifier}, a ${this.type}, has no operation ${operation}`);
    return (await found(...args)) as number | undefined;
  }
}

/** A file of numbers, 8 bytes each: `append(x)`, `read(i)` (NaN beyond its end), `length()`, `sum()`. */
export class NumberFile extends Kind {
  /** Its kind. */
  readonly type = "file";
  readonly #numbers: number[];

  /** Begins with these numbers, or with the contents of another one. */
  constructor(identifier: string, contents: readonly number[] | Uint8Array = []) {
    super(identifier);
    this.#numbers =
      contents instanceof Uint8Array ? [...new Float64Array(new Uint8Array(contents).buffer)] : [...contents];
  }

  /** What is in it. */
  get numbers(): readonly number[] {
    return this.#numbers;
  }

  /** Its numbers as bytes. */
  contents(): Uint8Array {
    return new Uint8Array(new Float64Array(this.#numbers).buffer);
  }

  /** @internal */
  protected override operations(): Operations {
    return {
      append: (x: number) => void this.#numbers.push(x),
      read: (i: number) => this.#numbers[i] ?? Number.NaN,
      length: () => this.#numbers.length,
      sum: () => this.#numbers.reduce((sum, x) => sum + x, 0),
    };
  }
}

/** A clock that is ahead of the scenario's time by so much: `now()` in ms. A copy of a clock is what it showed: it stands still. */
export class Clock extends Kind {
  /** Its kind. */
  readonly type = "clock";
  readonly #time: () => number;

  /** A clock that goes, `aheadMs` before the scenario's time, or the copy of another one, which stands. */
  constructor(identifier: string, host: Host, aheadMs: number | Uint8Array = 0) {
    super(identifier);
    if (aheadMs instanceof Uint8Array) {
      const [shownMs = Number.NaN] = new Float64Array(new Uint8Array(aheadMs).buffer);
      this.#time = () => shownMs;
    } else {
      checkNonNegative("Clock", "aheadMs", aheadMs);
      this.#time = () => host.now() + aheadMs;
    }
  }

  /** What it shows now. */
  contents(): Uint8Array {
    return new Uint8Array(new Float64Array([this.#time()]).buffer);
  }

  /** @internal */
  protected override operations(): Operations {
    return { now: () => this.#time() };
  }
}

/** A printer: `print(x)`. It has no contents: paper stays where it is. */
export class Printer extends Kind {
  /** Its kind. */
  readonly type = "printer";
  readonly #printed: number[] = [];

  /** What lies in its tray, in order. */
  get printed(): readonly number[] {
    return this.#printed;
  }

  /** @internal */
  protected override operations(host: Host): Operations {
    return {
      print: (x: number) => {
        this.#printed.push(x);
        host.log("printed", { on: this.identifier, x });
      },
    };
  }
}

/** A mailbox with an address, to which others send numbers: `take()` waits for the next one. */
export class Mailbox extends Kind {
  /** Its kind. */
  readonly type = "mailbox";
  readonly #letters: Queue<number>;

  /** Opens an empty mailbox on a host. */
  constructor(identifier: string, host: Host) {
    super(identifier);
    this.#letters = host.queue<number>();
  }

  /** Puts a letter in. */
  deliver(letter: number): void {
    this.#letters.offer(letter);
  }

  /** A mailbox that is copied or moved away is an empty one of the same name: its address stays behind. */
  contents(): Uint8Array {
    return new Uint8Array(0);
  }

  /** @internal */
  protected override operations(): Operations {
    return { take: () => this.#letters.take() };
  }
}

/** Makes a resource of the contents of another one, under the same identifier. */
export function fromContents(host: Host, type: string, identifier: string, contents: Uint8Array): LocalResource {
  if (type === "file") return new NumberFile(identifier, contents);
  if (type === "clock") return new Clock(identifier, host, contents);
  if (type === "mailbox") return new Mailbox(identifier, host);
  throw new ResourceError(`${identifier}: a ${type} can't be made from contents`);
}
