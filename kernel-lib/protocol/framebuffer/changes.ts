import { common, type FramebufferChange, type PixelArea } from "./framebuffer.js";

/** What stood elsewhere: the area in which it now stands, and by how much it was moved. @internal */
export interface Move {
  readonly area: PixelArea;
  readonly dx: number;
  readonly dy: number;
}

/** So many areas and moves are told apart; more become one area around them all. */
const mostAreas = 60;
const mostMoves = 8;

/**
 * What a client's picture lacks, as few areas: if it makes the moves, in order, only the drawn areas differ from the server's.
 *
 * That holds when an area is moved: what it takes along may itself be different at the client, so these parts count as drawn in their new place
 * too; all else arrives right.
 *
 * @internal
 */
export class Changes {
  #moves: Move[] = [];
  #drawn: PixelArea[] = [];

  get isNone(): boolean {
    return this.#moves.length === 0 && this.#drawn.length === 0;
  }

  add(change: Exclude<FramebufferChange, { kind: "resized" }>): void {
    if (change.kind === "drawn") return this.#draw(change.area);
    const { area, dx, dy } = change;
    const source = { ...area, x: area.x - dx, y: area.y - dy };
    const carried = this.#drawn.flatMap((drawn) => common(drawn, source) ?? []);
    this.#drawn = this.#drawn.flatMap((drawn) => without(drawn, area));
    this.#moves.push({ area, dx, dy });
    for (const part of carried) this.#draw({ ...part, x: part.x + dx, y: part.y + dy });
    if (this.#moves.length > mostMoves) this.#drawMoves();
  }

  /**
   * What an answer to a request for that area says, which is then no change any more. Moves are given only if `canMove`, and if they lie
   * inside of the area.
   */
  take(asked: PixelArea, canMove: boolean): { readonly moves: readonly Move[]; readonly drawn: readonly PixelArea[] } {
    const isWhole = ({ area }: Move) => sizeOf(common(area, asked)) === sizeOf(area);
    if (!canMove || !this.#moves.every(isWhole)) this.#drawMoves();
    const moves = this.#moves;
    const drawn = this.#drawn.flatMap((area) => common(area, asked) ?? []);
    this.#moves = [];
    this.#drawn = this.#drawn.flatMap((area) => without(area, asked));
    return { moves, drawn };
  }

  #drawMoves(): void {
    for (const { area } of this.#moves) this.#draw(area);
    this.#moves = [];
  }

  #draw(area: PixelArea): void {
    const parts = this.#drawn.reduce((left, drawn) => left.flatMap((part) => without(part, drawn)), [area]);
    // If nearly all of them are new, it is one area rather than several, and what it covers goes.
    if (parts.length > 1) {
      this.#drawn = this.#drawn.flatMap((drawn) => without(drawn, area));
      this.#drawn.push(area);
    } else this.#drawn.push(...parts);
    if (this.#drawn.length > mostAreas) this.#drawn = [around(this.#drawn)];
  }
}

const sizeOf = (area: PixelArea | undefined): number => (area ? area.width * area.height : 0);

/** The parts of an area outside of another: at most four. */
function without(area: PixelArea, hole: PixelArea): PixelArea[] {
  const cut = common(area, hole);
  if (!cut) return [area];
  const [right, bottom] = [cut.x + cut.width, cut.y + cut.height];
  const parts = [
    { x: area.x, y: area.y, width: area.width, height: cut.y - area.y },
    { x: area.x, y: cut.y, width: cut.x - area.x, height: cut.height },
    { x: right, y: cut.y, width: area.x + area.width - right, height: cut.height },
    { x: area.x, y: bottom, width: area.width, height: area.y + area.height - bottom },
  ];
  return parts.filter(({ width, height }) => width > 0 && height > 0);
}

function around(areas: readonly PixelArea[]): PixelArea {
  const x = Math.min(...areas.map((area) => area.x));
  const y = Math.min(...areas.map((area) => area.y));
  const width = Math.max(...areas.map((area) => area.x + area.width)) - x;
  const height = Math.max(...areas.map((area) => area.y + area.height)) - y;
  return { x, y, width, height };
}
