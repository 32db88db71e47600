/**
 * The text that cells print, on its way to the front end. What a cell prints at once goes out as one message, and a cell
 * that prints without end is cut, since what a page can't draw and a notebook can't keep helps nobody. Only text is ever
 * cut. The cut says how much it left out, and the end of what was left out follows it: that tells how a long output came out.
 */
import type { Output, Outputs } from "../messages.js";
import type { Message } from "../wire.js";

/** What a cell may print, in characters. JupyterLab's page draws so much in some seconds, and twice as much in minutes. */
const budgetCharacters = 4_000_000;
/** A line of its own costs the page as much as that many characters. */
const lineCharacters = 50;
/** So does an output of its own: a cell that changes between its streams has one for each change. */
const outputCharacters = 4_000;
/** How much of the end of what is left out is shown after all. */
const tailCharacters = 10_000;
/** So often a cut ends when something else is shown; behind that, it ends with the cell. */
const mostCuts = 20;
/** While a cell prints on, the count of what is left out is renewed so often. */
const renewEveryMs = 1000;

/** Text of one stream that came within this time goes out as one message; the more a cell has printed, the more it gathers. */
const mergeMs = 10;
const mergeCharacters = 65_536;

type StreamName = Outputs["stream"]["name"];

interface Piece {
  readonly name: StreamName;
  text: string;
}

/** A stretch of a cell's text that is not shown. */
interface Cut {
  readonly displayId: string;
  characters: number;
  lines: number;
  readonly tail: Piece[];
  tailLength: number;
}

interface CellText {
  spent: number;
  cuts: number;
  lastName: StreamName | undefined;
  cut: Cut | undefined;
  timer: NodeJS.Timeout | undefined;
}

type Publish = <T extends keyof Outputs>(type: T, content: Outputs[T], parent: Message | undefined) => void;

/** Gathers, measures and cuts text. Everything else that is published goes through {@link other}, so that the order holds. */
export class Streams {
  readonly #publish: Publish;
  readonly #cells = new WeakMap<Message, CellText>();
  #gathered: (Piece & { readonly parent: Message | undefined }) | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(publish: Publish) {
    this.#publish = publish;
  }

  text(parent: Message | undefined, name: StreamName, text: string): void {
    if (this.#gathered && (this.#gathered.parent !== parent || this.#gathered.name !== name)) this.flush();
    this.#gathered ??= { parent, name, text: "" };
    this.#gathered.text += text;
    const sent = (parent && this.#cells.get(parent)?.spent) ?? 0;
    if (this.#gathered.text.length >= Math.max(mergeCharacters, sent / 4)) this.#flush(true);
    else this.#timer ??= setTimeout(() => this.#flush(true), mergeMs + sent / 20_000);
  }

  /** Anything but text. */
  other(parent: Message | undefined, { type, content }: Output): void {
    this.flush();
    const cell = parent && this.#cells.get(parent);
    if (cell && type === "clear_output") {
      clearTimeout(cell.timer);
      this.#cells.delete(parent);
    } else if (cell && type !== "update_display_data") {
      if (cell.cuts < mostCuts) this.#endCut(parent, cell);
      cell.lastName = undefined;
    }
    this.#publish(type, content, parent);
  }

  /** Publishes what is gathered. */
  flush(): void {
    this.#flush(false);
  }

  /** Publishes all that is left of a cell that has ended. */
  end(parent: Message): void {
    this.flush();
    const cell = this.#cells.get(parent);
    if (cell) this.#endCut(parent, cell);
  }

  /** @param more whether text may follow that completes the last character */
  #flush(more: boolean): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (!this.#gathered) return;
    const { parent, name, text } = this.#gathered;
    this.#gathered = undefined;
    const kept = more && isHighSurrogate(text, text.length - 1) ? 1 : 0;
    if (kept > 0) this.#gathered = { parent, name, text: text.slice(-kept) };
    if (text.length > kept) this.#measure(parent, name, text.slice(0, text.length - kept));
  }

  #measure(parent: Message | undefined, name: StreamName, text: string): void {
    if (!parent) return this.#publish("stream", { name, text }, parent);
    const cell = this.#cells.get(parent) ?? {
      spent: 0,
      cuts: 0,
      lastName: undefined,
      cut: undefined,
      timer: undefined,
    };
    this.#cells.set(parent, cell);
    if (cell.lastName !== name) cell.spent += outputCharacters;
    cell.lastName = name;
    const room = cell.cut ? 0 : roomFor(text, budgetCharacters - cell.spent);
    cell.spent += cost(text);
    if (room > 0) this.#publish("stream", { name, text: text.slice(0, room) }, parent);
    if (room < text.length) this.#leaveOut(parent, cell, { name, text: text.slice(room) });
  }

  #leaveOut(parent: Message, cell: CellText, piece: Piece): void {
    if (!cell.cut) {
      const displayId = `cut-${++cell.cuts}-${parent.header.msg_id}`;
      cell.cut = { displayId, characters: 0, lines: 0, tail: [], tailLength: 0 };
      add(cell.cut, piece);
      this.#publish("display_data", this.#notice(cell.cut, true), parent);
    } else add(cell.cut, piece);
    cell.timer ??= setTimeout(() => {
      cell.timer = undefined;
      if (cell.cut) this.#publish("update_display_data", this.#notice(cell.cut, true), parent);
    }, renewEveryMs);
  }

  #endCut(parent: Message, cell: CellText): void {
    const { cut } = cell;
    if (!cut) return;
    cell.cut = undefined;
    clearTimeout(cell.timer);
    cell.timer = undefined;
    const tail = takeTail(cut);
    this.#publish("update_display_data", this.#notice(cut, false), parent);
    for (const piece of tail) this.#publish("stream", { ...piece }, parent);
  }

  #notice({ displayId, characters, lines }: Cut, goesOn: boolean): Outputs["display_data"] {
    const count = (n: number, what: string) => `${n.toLocaleString("en-US")} ${what}${n === 1 ? "" : "s"}`;
    const text =
      `[${count(lines, "line")}, ${count(characters, "character")}, left out${goesOn ? " so far" : ""}: ` +
      `a cell shows what a page can hold, some ${count(budgetCharacters / (2 * lineCharacters), "line")}]`;
    return { data: { "text/plain": text }, metadata: {}, transient: { display_id: displayId } };
  }
}

function add(cut: Cut, { name, text }: Piece): void {
  cut.characters += text.length;
  cut.lines += linesIn(text);
  const piece = text.slice(-2 * tailCharacters);
  const last = cut.tail.at(-1);
  if (last?.name === name) last.text += piece;
  else cut.tail.push({ name, text: piece });
  cut.tailLength += piece.length;
  if (cut.tailLength > 4 * tailCharacters) trim(cut, 2 * tailCharacters);
}

/** Takes what is beyond a length away from the front of the tail. */
function trim(cut: Cut, length: number): void {
  for (let over = cut.tailLength - length; over > 0; ) {
    const first = cut.tail[0] as Piece;
    const taken = Math.min(over, first.text.length);
    over -= taken;
    cut.tailLength -= taken;
    first.text = first.text.slice(taken);
    if (first.text === "") cut.tail.shift();
  }
}

/** The last lines of what was left out, which then are not counted as left out. */
function takeTail(cut: Cut): readonly Piece[] {
  trim(cut, tailCharacters);
  const [first] = cut.tail;
  // Begins with a whole line, if one begins in it.
  if (first && cut.characters > cut.tailLength) {
    const start = first.text.indexOf("\n") + 1;
    trim(cut, cut.tailLength - (start > 0 ? start : isLowSurrogate(first.text, 0) ? 1 : 0));
  }
  cut.characters -= cut.tailLength;
  for (const { text } of cut.tail) cut.lines -= linesIn(text);
  return cut.tail;
}

function cost(text: string): number {
  return text.length + lineCharacters * linesIn(text);
}

/** How much of a text fits, in whole lines if at least one fits, and never half a character. */
function roomFor(text: string, budget: number): number {
  if (cost(text) <= budget) return text.length;
  let room = 0;
  let left = budget;
  for (let end = text.indexOf("\n") + 1; end > 0; end = text.indexOf("\n", end) + 1) {
    left -= end - room + lineCharacters;
    if (left < 0) break;
    room = end;
  }
  if (room > 0 || budget <= 0) return room;
  return budget - (isHighSurrogate(text, budget - 1) ? 1 : 0);
}

function linesIn(text: string): number {
  let lines = 0;
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) lines++;
  return lines;
}

function isHighSurrogate(text: string, at: number): boolean {
  return (text.charCodeAt(at) & 0xfc00) === 0xd800;
}

function isLowSurrogate(text: string, at: number): boolean {
  return (text.charCodeAt(at) & 0xfc00) === 0xdc00;
}
