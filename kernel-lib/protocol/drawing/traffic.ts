import { hasXReply, xRequestName } from "./names.js";
import { decodeXReply } from "./replies.js";
import { decodeXRequest } from "./requests.js";
import { type XClientMessage, XClientStream, type XDisplayMessage, XDisplayStream } from "./streams.js";
import { XReader } from "./wire.js";

/** One request as it passed, the set-up among them. */
export interface XTrafficRow {
  /** Its number on the connection; the set-up has 0. */
  readonly sequence: number;
  /** Its name; one of an extension is called `RENDER 8`: the extension, and the number of the request in it. */
  readonly request: string;
  /** Its size. */
  readonly bytes: number;
  /** 1 + the highest round that was answered before it was sent: how many times somebody had to wait for it to be possible, counted from 1. */
  readonly round: number;
  /** When it was sent. */
  readonly timeMs: number;
  /** Whether it draws in a window. */
  readonly draws: boolean;
  /** What answered it: nothing, a reply, or an error. */
  readonly answer: "" | "reply" | "error";
  /** The size of its answers together. */
  readonly answerBytes: number;
  /** When its last answer came. */
  readonly answeredMs: number | undefined;
}

/** What passed between a client and a display, in numbers. */
export interface XTrafficCount {
  /** Requests, without the set-up. */
  readonly requests: number;
  /** Replies, without that to the set-up. */
  readonly replies: number;
  /** Events. */
  readonly events: number;
  /** Errors. */
  readonly errors: number;
  /** All bytes that the client sent. */
  readonly bytesOut: number;
  /** All bytes that the display sent. */
  readonly bytesIn: number;
  /** Round trips that had to be over before the last request could be sent. */
  readonly roundTrips: number;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** Where requests of RENDER that draw name the picture that they draw on. */
const renderTargets: Readonly<Record<number, number>> = { 8: 16, 10: 12, 23: 12, 24: 12, 25: 12, 26: 8 };

/**
 * Reads what passes between a client and a display, and counts it. It keeps a row for each request.
 *
 * The *round* of a request is 1 + the highest round of those requests after which something had come back before it was sent: an answer,
 * an error, or an event. A request of round n + 1 can't be sent before n round trips are over, however fast both sides are.
 */
export class XTraffic {
  readonly #client = new XClientStream();
  #display: XDisplayStream | undefined;
  readonly #rows: Writable<XTrafficRow>[] = [];
  readonly #count = { replies: 0, events: 0, errors: 0, bytesOut: 0, bytesIn: 0 };
  readonly #extensionsAsked = new Map<number, string>();
  readonly #extensions = new Map<number, string>();
  readonly #windows = new Set<number>();
  /** Pictures of RENDER that stand for windows. */
  readonly #pictures = new Set<number>();
  #answeredRound = 0;

  /** One row for each request, in order; the first is the set-up. */
  get rows(): readonly XTrafficRow[] {
    return this.#rows;
  }

  /** What has passed so far, in numbers. */
  get count(): XTrafficCount {
    const last = this.#rows.at(-1);
    return {
      requests: Math.max(0, this.#rows.length - 1),
      ...this.#count,
      roundTrips: Math.max(0, (last?.round ?? 1) - 1),
    };
  }

  /** The first request that draws in a window; undefined before. */
  get firstDrawing(): XTrafficRow | undefined {
    return this.#rows.find(({ draws }) => draws);
  }

  /**
   * The client has sent these bytes.
   *
   * @returns the rows of the requests that they complete.
   * @throws {@link MalformedMessage} if it can't be X.
   */
  fromClient(bytes: Uint8Array, timeMs: number): XTrafficRow[] {
    this.#count.bytesOut += bytes.length;
    return this.#client.push(bytes).map((message) => {
      const row: Writable<XTrafficRow> = {
        sequence: message.sequence,
        request: message.kind === "set-up" ? "set-up" : this.#nameOf(message),
        bytes: message.bytes.length,
        round: this.#answeredRound + 1,
        timeMs,
        draws: message.kind === "request" && this.#draws(message),
        answer: "",
        answerBytes: 0,
        answeredMs: undefined,
      };
      if (message.kind === "set-up") this.#display = new XDisplayStream(message.order);
      this.#rows.push(row);
      return row;
    });
  }

  /** The display has sent these bytes. @throws {@link MalformedMessage} if it can't be X. */
  fromDisplay(bytes: Uint8Array, timeMs: number): void {
    this.#count.bytesIn += bytes.length;
    for (const message of this.#display?.push(bytes) ?? []) this.#answered(message, timeMs);
  }

  #answered({ kind, sequence, bytes }: XDisplayMessage, timeMs: number): void {
    if (kind === "reply") this.#count.replies++;
    else if (kind === "error") this.#count.errors++;
    else if (kind === "event") this.#count.events++;
    const row = this.#rowOf(kind === "set-up" ? 0 : sequence);
    if (row === undefined) return;
    if (row.round > this.#answeredRound) this.#answeredRound = row.round;
    if (kind === "event") return;
    row.answer = kind === "error" ? "error" : "reply";
    row.answerBytes += bytes.length;
    row.answeredMs = timeMs;
    const asked = this.#extensionsAsked.get(row.sequence);
    if (kind !== "reply" || asked === undefined) return;
    this.#extensionsAsked.delete(row.sequence);
    const { present, majorOpcode } = decodeXReply("QueryExtension", bytes, this.#client.order ?? "little");
    if (present) this.#extensions.set(majorOpcode, asked);
  }

  /** The newest request whose number ends in these 16 bits. */
  #rowOf(sequence: number): Writable<XTrafficRow> | undefined {
    const newest = this.#rows.length - 1;
    return this.#rows[newest - ((newest - sequence) & 0xffff)];
  }

  #nameOf({ bytes }: XClientMessage): string {
    const [opcode = 0, minor = 0] = bytes;
    const extension = this.#extensions.get(opcode);
    return extension === undefined ? xRequestName(opcode) : `${extension} ${minor}`;
  }

  /** Whether a request draws in a window; on the way it learns what is a window. */
  #draws({ bytes, order, sequence }: XClientMessage): boolean {
    const [opcode = 0, minor = 0] = bytes;
    const at = (offset: number) => (offset + 4 <= bytes.length ? new XReader(bytes, order, offset).u32() : 0);
    const name = xRequestName(opcode);
    if (name === "CreateWindow") this.#windows.add(at(4));
    if (name === "QueryExtension") {
      const request = decodeXRequest(bytes, order);
      if (request?.name === "QueryExtension") this.#extensionsAsked.set(sequence, request.fields.name);
    }
    const extension = this.#extensions.get(opcode);
    // A picture that was drawn unseen is put into a window.
    if (extension === "Present") return minor === 1 && this.#windows.has(at(4));
    if (extension === "RENDER") {
      if (minor === 4 && this.#windows.has(at(8))) this.#pictures.add(at(4));
      return this.#pictures.has(at(renderTargets[minor] ?? bytes.length));
    }
    if (name === "CopyArea" || name === "CopyPlane") return this.#windows.has(at(8));
    return opcode >= 64 && opcode <= 77 && !hasXReply(opcode) && this.#windows.has(at(4));
  }
}
