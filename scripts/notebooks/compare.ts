import { isDeepStrictEqual } from "node:util";
import { claimsMime, tableMime } from "../../kernel-lib/jupyter.js";
import { type Bundle, isShown, type Output } from "./format.js";

const dataMimes = "application/vnd.handoff.";

/** How far two numbers of a table may be apart, relative to the larger. */
export const defaultTolerance = 1e-9;

interface Claim {
  readonly name: string;
  readonly holds: boolean;
  readonly detail?: string;
}

type Row = Readonly<Record<string, unknown>>;

/** Claims that do not hold, in words. */
export function brokenClaims(outputs: readonly Output[]): string[] {
  return outputs
    .flatMap(claimsOf)
    .filter(({ holds }) => holds !== true)
    .map(({ name, detail }) => `the claim does not hold: ${name}${detail ? ` (${detail})` : ""}`);
}

function claimsOf(output: Output): readonly Claim[] {
  const claims = isShown(output) ? output.data[claimsMime] : undefined;
  return Array.isArray(claims) ? (claims as Claim[]) : [];
}

/** Compares outputs of a deterministic cell: text exactly, figures and tables by their rows. @returns the differences. */
export function differences(
  wanted: readonly Output[],
  got: readonly Output[],
  tolerance: number = defaultTolerance,
): string[] {
  return pairwise(wanted, got, (a, b) => {
    if (a.output_type === "stream" && b.output_type === "stream") return textDifference("the text", a.text, b.text);
    if (a.output_type === "error" && b.output_type === "error")
      return textDifference("the error", a.traceback.join("\n"), b.traceback.join("\n"));
    return isShown(a) && isShown(b) ? bundleDifferences(a.data, b.data, tolerance) : [];
  });
}

/** Compares outputs of a live cell by their shape: kinds of outputs, columns of tables, names of claims. */
export function shapeDifferences(wanted: readonly Output[], got: readonly Output[]): string[] {
  return pairwise(wanted, got, (a, b) => {
    if (a.output_type === "error" && b.output_type === "error")
      return textDifference("the kind of error", a.ename, b.ename);
    if (!isShown(a) || !isShown(b)) return [];
    const names = [claimsOf(a), claimsOf(b)].map((claims) => claims.map(({ name }) => name).join("\n"));
    return [
      ...mimeDifferences(a.data, b.data),
      ...columnDifferences(rowsOf(a.data), rowsOf(b.data)),
      ...textDifference("the claims", names[0] ?? "", names[1] ?? ""),
    ];
  });
}

const kindOf = (output: Output) => (output.output_type === "stream" ? output.name : output.output_type);

function pairwise(
  wanted: readonly Output[],
  got: readonly Output[],
  compare: (wanted: Output, got: Output) => string[],
): string[] {
  const [kinds, gotKinds] = [wanted.map(kindOf), got.map(kindOf)];
  if (!isDeepStrictEqual(kinds, gotKinds))
    return [`the outputs must be ${kinds.join(", ") || "none"}, got ${gotKinds.join(", ") || "none"}`];
  return wanted.flatMap((output, at) => compare(output, got[at] as Output));
}

function textDifference(what: string, wanted: string, got: string): string[] {
  if (wanted === got) return [];
  const [a, b] = [wanted.split("\n"), got.split("\n")];
  const at = a.findIndex((line, i) => line !== b[i]);
  const line = at === -1 ? a.length : at;
  const say = (text: string | undefined) => (text === undefined ? "nothing" : JSON.stringify(text.slice(0, 200)));
  return [`${what} must have in line ${line + 1} ${say(a[line])}, got ${say(b[line])}`];
}

function mimeDifferences(wanted: Bundle, got: Bundle): string[] {
  const [a, b] = [Object.keys(wanted).sort(), Object.keys(got).sort()];
  return isDeepStrictEqual(a, b) ? [] : [`the output must come as ${a.join(", ")}, got ${b.join(", ")}`];
}

function bundleDifferences(wanted: Bundle, got: Bundle, tolerance: number): string[] {
  const kinds = mimeDifferences(wanted, got);
  if (kinds.length > 0) return kinds;
  const mimes = Object.keys(wanted);
  // What carries its data beside the drawing is compared by the data and its words, never by the drawing.
  const drawn = mimes.some((mime) => mime.startsWith(dataMimes));
  return mimes.flatMap((mime) => {
    if (mime === tableMime) return rowDifferences(rowsOf(wanted), rowsOf(got), tolerance);
    if (drawn && (mime === "text/html" || mime.startsWith("image/"))) return [];
    if (mime === "text/plain" && tableMime in wanted) return plainDifference(String(wanted[mime]), String(got[mime]));
    return valueDifference(mime, wanted[mime], got[mime]);
  });
}

function valueDifference(mime: string, wanted: unknown, got: unknown): string[] {
  if (typeof wanted === "string" && typeof got === "string") {
    const content = (text: string) => (mime === "text/html" ? text.replace(/<style>.*?<\/style>/gs, "") : text);
    return textDifference(mime, content(wanted), content(got));
  }
  return isDeepStrictEqual(wanted, got) ? [] : textDifference(mime, JSON.stringify(wanted), JSON.stringify(got));
}

const number = /[-−]?\d+(?:\.\d+)?(?:e[-+]?\d+)?/g;

// The words of a figure or table: a number in them may differ by one unit of the last digit that is shown.
function plainDifference(wanted: string, got: string): string[] {
  const words = (text: string) => text.replace(number, "#");
  const [a, b] = [wanted.match(number) ?? [], got.match(number) ?? []];
  const near = (text: string, at: number) => {
    const [x, y] = [text, b[at] ?? ""].map((each) => Number(each.replace("−", "-")));
    const [mantissa = "", exponent = "0"] = text.split("e");
    const unit = 10 ** (Number(exponent) - (mantissa.split(".")[1]?.length ?? 0));
    return x === y || (/[.e]/.test(text) && Math.abs((x ?? 0) - (y ?? 0)) <= unit * 1.000001);
  };
  return words(wanted) === words(got) && a.every(near) ? [] : textDifference("the text", wanted, got);
}

function rowsOf(bundle: Bundle): readonly Row[] | undefined {
  const rows = bundle[tableMime];
  return Array.isArray(rows) ? (rows as Row[]) : undefined;
}

const columnsOf = (rows: readonly Row[]) => [...new Set(rows.flatMap((row) => Object.keys(row)))].sort();

function columnDifferences(wanted: readonly Row[] | undefined, got: readonly Row[] | undefined): string[] {
  const [a, b] = [columnsOf(wanted ?? []), columnsOf(got ?? [])];
  return isDeepStrictEqual(a, b) ? [] : [`the data's columns must be ${a.join(", ")}, got ${b.join(", ") || "none"}`];
}

function rowDifferences(wanted: readonly Row[] = [], got: readonly Row[] = [], tolerance: number): string[] {
  const columns = columnDifferences(wanted, got);
  if (columns.length > 0) return columns;
  if (wanted.length !== got.length) return [`the data must have ${wanted.length} rows, got ${got.length}`];
  const found = wanted.flatMap((row, at) =>
    Object.keys({ ...row, ...got[at] })
      .filter((column) => !near(row[column], got[at]?.[column], tolerance))
      .map(
        (column) =>
          `the data's row ${at + 1} must have ${column} = ${JSON.stringify(row[column])}, got ${JSON.stringify(got[at]?.[column])}`,
      ),
  );
  const rest = found.length - 3;
  return rest > 0 ? [...found.slice(0, 3), `… and ${rest} more values of the data`] : found;
}

function near(a: unknown, b: unknown, tolerance: number): boolean {
  if (typeof a === "number" && typeof b === "number")
    return a === b || Math.abs(a - b) <= tolerance * Math.max(Math.abs(a), Math.abs(b));
  return isDeepStrictEqual(a, b);
}
