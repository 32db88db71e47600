/**
 * What whoever launched a process hears of it. The place where it arrives tells the hop, and the place where it ends tells the end: nothing of
 * that travels with the process, so it weighs the same after a long journey as after a short one.
 */
import type { MachineValue } from "../abstract-machine/index.js";

/** A journey of a process: one row a move, in time order. */
export interface HopRow {
  /** Whether the process went, or a clone of it. */
  readonly kind: "moved" | "cloned";
  /** Where it left. */
  readonly from: string;
  /** Where it went. */
  readonly to: string;
  /** When it was stopped. */
  readonly stoppedMs: number;
  /** Its image, in bytes. */
  readonly imageBytes: number;
  /** What was sent of its resources, in bytes. */
  readonly resourceBytes: number;
}

/** What became of a process that was launched, or of a clone of it. */
export interface Report {
  /** `ana:49152` for one launched by ana, `ana:49152.1` for its first clone, `ana:49152.1.1` for that one's. */
  readonly id: string;
  /** Where it ended. */
  readonly place: string;
  /** When it ended. */
  readonly endedMs: number;
  /** `finished` with results; `trapped` or `failed` with an error. */
  readonly how: "finished" | "trapped" | "failed";
  /** What it returned. */
  readonly results: readonly MachineValue[];
  /** What went wrong. */
  readonly error?: string;
  /** Instructions in its life, wherever they were executed. */
  readonly instructions: number;
  /** Questions to resources at other places. */
  readonly remoteCalls: number;
  /**
   * Its journey, and that of whoever it is a clone of, until then; empty if it was launched with `follow: false`. A hop that its place could
   * not tell any more is missing.
   */
  readonly hops: readonly HopRow[];
  /** How many clones it made itself. */
  readonly clones: number;
}

/** A process has arrived somewhere. @internal */
export interface HopNews {
  readonly news: "hop";
  readonly id: string;
  /** Which of the hops it is, from 1. */
  readonly number: number;
  readonly row: HopRow;
}

/** A process has ended. @internal */
export interface EndNews {
  readonly news: "end";
  readonly report: Omit<Report, "hops">;
  /** How many hops it has behind it. */
  readonly hops: number;
}

/** What places tell whoever launched a process. @internal */
export type News = HopNews | EndNews;

/** What a launcher knows of its process and all clones of it. @internal */
export class Journeys {
  readonly #rows = new Map<string, Map<number, HopRow>>();
  readonly #ended = new Map<string, EndNews>();
  readonly #expected: Set<string>;

  constructor(
    id: string,
    readonly firstPlace: string,
  ) {
    this.#expected = new Set([id]);
  }

  /** Those that have not ended, as far as is known: a clone may end before its original, which alone knows how many there are. */
  get missing(): readonly { readonly id: string; readonly place: string | undefined }[] {
    return [...this.#expected].map((id) => ({ id, place: this.#lastPlace(id) }));
  }

  /** All have ended, and each hop was told. */
  get areComplete(): boolean {
    return this.#expected.size === 0 && [...this.#ended.values()].every((end) => this.#hopsOf(end).length === end.hops);
  }

  add(news: News): void {
    if (news.news === "hop") {
      const { id, number, row } = news;
      this.#rows.set(id, (this.#rows.get(id) ?? new Map()).set(number, row));
      if (!this.#ended.has(id)) this.#expected.add(id);
      return;
    }
    const { id, clones } = news.report;
    this.#ended.set(id, news);
    for (let i = 1; i <= clones; i++) if (!this.#ended.has(`${id}.${i}`)) this.#expected.add(`${id}.${i}`);
    this.#expected.delete(id);
  }

  /** In the order of the ends. */
  reports(): Report[] {
    return [...this.#ended.values()].map((end) => ({ ...end.report, hops: this.#hopsOf(end) }));
  }

  /** A clone's hops before its own first one are those of its original. */
  #hopsOf({ report, hops }: EndNews): HopRow[] {
    const found: HopRow[] = [];
    let { id } = report;
    let rows = this.#rows.get(id);
    for (let number = hops; number > 0; number--) {
      const row = rows?.get(number);
      if (row) found.unshift(row);
      if (row?.kind !== "cloned") continue;
      id = id.slice(0, id.lastIndexOf("."));
      rows = this.#rows.get(id);
    }
    return found;
  }

  #lastPlace(id: string): string | undefined {
    const rows = this.#rows.get(id);
    if (rows) return rows.get(Math.max(...rows.keys()))?.to;
    return id.includes(".") ? undefined : this.firstPlace;
  }
}
