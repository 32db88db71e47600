import { isInk, isPrintable, letterWidth, lineHeight } from "../terminal/font.js";

/** How letters look, and how large they are: all have the same size. */
export interface Font {
  readonly name: string;
  readonly width: number;
  readonly ascent: number;
  readonly descent: number;
  /** The rows of a character from the top, a bit a pixel, the leftmost one highest; undefined if it has none. */
  readonly rows: (code: number) => readonly number[] | undefined;
}

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const [first, last, height] = [32, 126, 13];

/**
 * The characters from 32 to 126, thirteen rows each, each row of six pixels as one letter of the alphabet above.
 *
 * @see font-misc-misc of X.Org, 6x13.bdf: "Public domain font. Share and enjoy."
 */
const glyphs =
  "AAAAAAAAAAAAAAAIIIIIIIAIAAAAUUUAAAAAAAAAAAUU+U+UUAAAAAIeoocKK8IAAAASqUEIQUqkAAAAAQooQomkaAAAAIIIAAAAAAAA" +
  "AEIIQQQQQIIEAAQIIEEEEEIIQAAAIqcqIAAAAAAAAAAII+IIAAAAAAAAAAAAAMIQAAAAAAA+AAAAAAAAAAAAAAAIcIAAACCEEIQQggAA" +
  "AAIUiiiiiUIAAAAIYoIIIII+AAAAciiCEIQg+AAAA+CEIcCCicAAAAEEMUUk+EEAAAA+ggsyCCicAAAAcigg8iiicAAAA+CEEIIQQQAA" +
  "AAciiiciiicAAAAciiieCCicAAAAAAIcIAAIcIAAAAAIcIAAMIQAAACEIQgQIECAAAAAAA+AA+AAAAAAgQIECEIQgAAAAciiCEIIAIAA" +
  "AAciimqqsgeAAAAIUiii+iiiAAAA8SSScSSS8AAAAcigggggicAAAA8SSSSSSS8AAAA+ggg8ggg+AAAA+ggg8ggggAAAAcigggmiicAA" +
  "AAiiii+iiiiAAAAcIIIIIIIcAAAAOEEEEEEkYAAAAiikowokiiAAAAgggggggg+AAAAii2qqiiiiAAAAiyyqqmmiiAAAAciiiiiiicAA" +
  "AA8iii8ggggAAAAciiiiiiqcCAAA8iii8okiiAAAAciggcCCicAAAA+IIIIIIIIAAAAiiiiiiiicAAAAiiiiUUUIIAAAAiiiiqqqqUAA" +
  "AAiiUUIUUiiAAAAiiUUIIIIIAAAA+CEEIQQg+AAAcQQQQQQQQQcAAAggQQIEECCAAAcEEEEEEEEEcAAAIUiAAAAAAAAAAAAAAAAAAA+A" +
  "AIEAAAAAAAAAAAAAAAcCeimaAAAAggg8iiii8AAAAAAAciggicAAAACCCeiiiieAAAAAAAci+gicAAAAMSQQ8QQQQAAAAAAAciiieCic" +
  "AAgggsyiiiiAAAAAIAYIIIIcAAAAAEAMEEEEkkYAAgggkowokiAAAAYIIIIIIIcAAAAAAA0qqqqiAAAAAAAsyiiiiAAAAAAAciiiicAA" +
  "AAAAA8iii8gggAAAAAeiiieCCCAAAAAsyggggAAAAAAAciYEicAAAAAQQ8QQQSMAAAAAAAiiiimaAAAAAAAiiiUUIAAAAAAAiiqqqUAA" +
  "AAAAAiUIIUiAAAAAAAiiimaCicAAAAA+EIQg+AAAGIIIIwIIIIGAAAIIIIIIIIIAAAwIIIIGIIIIwAAASqkAAAAAAAA";

const rows = Array.from({ length: last - first + 1 }, (_, i) =>
  Array.from(glyphs.slice(height * i, height * (i + 1)), (letter) => alphabet.indexOf(letter)),
);

/** The X Window System's own "fixed". */
export const fixed: Font = {
  name: "-misc-fixed-medium-r-semicondensed--13-120-75-75-c-60-iso8859-1",
  width: 6,
  ascent: 11,
  descent: 2,
  rows: (code) => rows[code - first],
};

/** The terminal's font has the same form. */
const wide: Font = {
  name: "-misc-fixed-medium-r-normal--13-120-75-75-c-80-iso8859-1",
  width: letterWidth,
  ascent: 11,
  descent: lineHeight - 11,
  rows: (code) =>
    isPrintable(code)
      ? Array.from({ length: lineHeight }, (_, y) =>
          Array.from({ length: letterWidth }, (_x, x) => (isInk(String.fromCharCode(code), x, y) ? 1 : 0)).reduce(
            (bits, ink) => 2 * bits + ink,
            0 as number,
          ),
        )
      : undefined,
};

/** Its characters are the shapes of pointers, which this display does not draw. */
const cursor: Font = { name: "cursor", width: 16, ascent: 16, descent: 0, rows: () => undefined };

const byName = new Map([
  ["fixed", fixed],
  ["6x13", fixed],
  [fixed.name, fixed],
  ["8x13", wide],
  [wide.name, wide],
  ["cursor", cursor],
]);

/** The font of that name, or the first that fits a pattern with `*` and `?`; undefined if there is none. */
export function fontNamed(pattern: string): Font | undefined {
  const [name] = fontNames(pattern);
  return name === undefined ? undefined : byName.get(name);
}

/** The names that fit a pattern. */
export function fontNames(pattern: string): string[] {
  return [...byName.keys()].filter((name) => fits(name, pattern.toLowerCase()));
}

/** Whether a name fits a pattern, in which `*` stands for any text and `?` for any character; without backtracking over more than one `*`. */
function fits(name: string, pattern: string): boolean {
  let [n, p, star, mark] = [0, 0, -1, 0];
  while (n < name.length) {
    if (pattern[p] === "?" || (pattern[p] !== "*" && pattern[p] === name[n])) {
      n++;
      p++;
    } else if (pattern[p] === "*") {
      star = p++;
      mark = n;
    } else if (star >= 0) {
      p = star + 1;
      n = ++mark;
    } else return false;
  }
  while (pattern[p] === "*") p++;
  return p === pattern.length;
}
