import { checkFiles, fileHistory, type LogRow, ParameterError, type TraceRow } from "kernel-lib";
import { test } from "uvu";
import * as assert from "uvu/assert";

/** The rows that a client leaves, from a list such as `["ana", "write", 0, 10, "a"]`: who, what, began, ended, text. */
type Line = readonly [host: string, op: "read" | "write", beganMs: number, endedMs: number, text: string];
const pids: Readonly<Record<string, number>> = { ana: 2, bruno: 3, carla: 4 };

function rowsOf(lines: readonly Line[], block = 0): TraceRow[] {
  const rows = lines.flatMap(([host, op, beganMs, endedMs, text]): LogRow[] => {
    const pid = pids[host] as number;
    const fields = { file: "x", block, text, beganMs };
    const row = (timeMs: number, event: string): LogRow => ({
      kind: "log",
      timeMs,
      host,
      process: host,
      pid,
      thread: host,
      event,
      fields,
    });
    const begins = op === "write" ? [row(beganMs, "file write begins")] : [];
    return endedMs === Number.POSITIVE_INFINITY ? begins : [...begins, row(endedMs, `file ${op}`)];
  });
  return rows.sort((a, b) => a.timeMs - b.timeMs);
}

const invariantsOf = (lines: readonly Line[], options = {}) =>
  checkFiles(rowsOf(lines), options).violations.map(({ invariant }) => invariant);

test("a read after a write that shows it is fine", () => {
  const check = checkFiles(
    rowsOf([
      ["ana", "write", 0, 10, "a"],
      ["bruno", "read", 11, 20, "a"],
    ]),
  );
  assert.equal(check, { reads: 1, writes: 1, staleReads: 0, worstStaleMs: 0, lostWrites: 0, violations: [] });
});

test("a read that misses a write acknowledged before it began is stale, by that long", () => {
  const check = checkFiles(
    rowsOf([
      ["ana", "write", 0, 10, "a"],
      ["ana", "write", 20, 30, "b"],
      ["bruno", "read", 75, 80, "a"],
      ["bruno", "read", 90, 95, "b"],
    ]),
  );
  assert.is(check.staleReads, 1);
  assert.is(check.worstStaleMs, 45);
  assert.equal(
    check.violations.map(({ invariant, staleMs }) => [invariant, staleMs]),
    [["no stale read", 45]],
  );
});

test("staleness counts from the first write that was missed, not the last", () => {
  const { worstStaleMs } = checkFiles(
    rowsOf([
      ["ana", "write", 0, 10, "a"],
      ["ana", "write", 30, 40, "b"],
      ["bruno", "read", 50, 51, ""],
      ["bruno", "read", 60, 61, "b"],
    ]),
  );
  assert.is(worstStaleMs, 40);
});

test("a read as old as its bound is allowed, an older one is not", () => {
  const lines: Line[] = [
    ["ana", "write", 0, 10, "a"],
    ["bruno", "read", 110, 111, ""],
    ["bruno", "read", 200, 201, "a"],
  ];
  assert.equal(invariantsOf(lines, { boundMs: 100 }), []);
  assert.equal(invariantsOf(lines, { boundMs: 99 }), ["no stale read"]);
});

test("while a write is under way, a read may show it or not", () => {
  for (const text of ["", "a"])
    assert.equal(
      invariantsOf([
        ["ana", "write", 0, 50, "a"],
        ["bruno", "read", 10, 20, text],
        ["bruno", "read", 60, 61, "a"],
      ]),
      [],
    );
});

test("writes that overlap may come in either order", () => {
  for (const last of ["a", "b"])
    assert.equal(
      invariantsOf([
        ["ana", "write", 0, 50, "a"],
        ["bruno", "write", 10, 60, "b"],
        ["carla", "read", 70, 71, last],
      ]),
      [],
    );
});

test("a write that was never acknowledged may be seen, or not, at any time", () => {
  for (const text of ["a", "b"])
    assert.equal(
      invariantsOf([
        ["ana", "write", 0, 10, "a"],
        ["bruno", "write", 20, Number.POSITIVE_INFINITY, "b"],
        ["carla", "read", 900, 901, text],
      ]),
      [],
    );
});

test("who does not read its own write is told so besides", () => {
  assert.equal(
    invariantsOf([
      ["ana", "write", 0, 10, "a"],
      ["ana", "read", 20, 21, ""],
      ["bruno", "read", 30, 31, "a"],
    ]),
    ["no stale read", "read your writes"],
  );
});

test("a write that the last read does not show is lost, once, even if three were", () => {
  const check = checkFiles(
    rowsOf([
      ["ana", "write", 0, 10, "a"],
      ["ana", "write", 20, 30, "b"],
      ["bruno", "write", 40, 50, "c"],
      ["carla", "read", 500, 501, ""],
    ]),
  );
  assert.is(check.lostWrites, 1);
  assert.is(check.violations.at(-1)?.operation.text, "c");
});

test("two last writes that overlap are both lost", () => {
  const { lostWrites } = checkFiles(
    rowsOf([
      ["ana", "write", 0, 20, "a"],
      ["bruno", "write", 10, 30, "b"],
      ["carla", "read", 500, 501, ""],
    ]),
  );
  assert.is(lostWrites, 2);
});

test("a text that nobody wrote, or not yet, is found", () => {
  assert.equal(
    invariantsOf([
      ["bruno", "read", 0, 5, "a"],
      ["ana", "write", 10, 20, "a"],
      ["bruno", "read", 30, 35, "c"],
      ["bruno", "read", 40, 45, "a"],
    ]),
    ["no read of what nobody wrote", "no read of what nobody wrote"],
  );
});

test("blocks are told apart", () => {
  const rows = [...rowsOf([["ana", "write", 0, 10, "a"]], 0), ...rowsOf([["bruno", "read", 20, 30, ""]], 1)];
  assert.equal(checkFiles(rows).violations, []);
});

test("a history is in the order of beginning, and leaves other rows out", () => {
  const rows = rowsOf([
    ["ana", "write", 5, 50, "a"],
    ["bruno", "read", 10, 20, ""],
  ]);
  const other: LogRow = { ...(rows[0] as LogRow), event: "file request", fields: { op: "read" } };
  assert.equal(
    fileHistory([other, ...rows]).map(({ host, op, beganMs, endedMs }) => [host, op, beganMs, endedMs]),
    [
      ["ana", "write", 5, 50],
      ["bruno", "read", 10, 20],
    ],
  );
});

test("two writes of the same text, and a bound that is none, are refused", () => {
  const twice = rowsOf([
    ["ana", "write", 0, 1, "a"],
    ["ana", "write", 2, 3, "a"],
  ]);
  assert.throws(
    () => checkFiles(twice),
    (error: Error) => error instanceof ParameterError,
  );
  assert.throws(
    () => checkFiles([], { boundMs: Number.NaN }),
    (error: Error) => error instanceof ParameterError,
  );
  assert.throws(
    () => fileHistory("rows" as never),
    (error: Error) => error instanceof ParameterError,
  );
});

test.run();
