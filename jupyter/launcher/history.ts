import type { Content } from "../wire.js";

interface Entry {
  readonly line: number;
  readonly input: string;
  output: string | null;
}

/** What `history_reply` holds: session, line, and the input, with `output` asked for as a pair with the result's text. */
export type HistoryEntry = [session: number, line: number, text: string | [input: string, output: string | null]];

/** So many cells are remembered. */
const limit = 1000;

/** The cells that this kernel has run: the one session that it knows of. */
export class History {
  readonly #session = 1;
  readonly #entries: Entry[] = [];

  add(line: number, input: string): void {
    this.#entries.push({ line, input, output: null });
    if (this.#entries.length > limit) this.#entries.shift();
  }

  /** The result of the last cell, as text. */
  result(text: string): void {
    const last = this.#entries.at(-1);
    if (last) last.output = text;
  }

  /** Answers a `history_request`: `tail`, `range` or `search`. */
  answer(request: Content): Content {
    const chosen = this.#choose(request);
    const history = chosen.map(({ line, input, output }): HistoryEntry => {
      return [this.#session, line, request.output ? [input, output] : input];
    });
    return { status: "ok", history };
  }

  #choose({ hist_access_type, session, start, stop, n, pattern, unique }: Content): readonly Entry[] {
    const last = (entries: readonly Entry[]) =>
      typeof n === "number" ? entries.slice(Math.max(0, entries.length - n)) : entries;
    switch (hist_access_type) {
      case "tail":
        return last(this.#entries);
      case "range": {
        // 0 is the running session; one before it is not known.
        if (session !== undefined && session !== null && session !== 0 && session !== this.#session) return [];
        const from = typeof start === "number" ? start : 0;
        const to = typeof stop === "number" ? stop : Number.POSITIVE_INFINITY;
        return this.#entries.filter(({ line }) => line >= from && line < to);
      }
      case "search": {
        const wanted = globbed(String(pattern ?? "*"));
        const found = this.#entries.filter(({ input }) => wanted.test(input));
        const isLast = ({ input }: Entry, at: number) => !found.slice(at + 1).some((later) => later.input === input);
        return last(unique ? found.filter(isLast) : found);
      }
      default:
        return [];
    }
  }
}

/** A pattern with `*`, `?` and `[…]`, for a whole text. */
function globbed(pattern: string): RegExp {
  const source = pattern.replace(
    /\[(!?)([^\]]+)\]|[\s\S]/g,
    (each, not: string | undefined, among: string | undefined) => {
      if (among !== undefined) return `[${not ? "^" : ""}${among.replace(/[\\\]^]/g, "\\$&")}]`;
      if (each === "*") return "[\\s\\S]*";
      return each === "?" ? "[\\s\\S]" : each.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
    },
  );
  return new RegExp(`^${source}$`);
}
