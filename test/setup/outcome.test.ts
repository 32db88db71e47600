import { test } from "uvu";
import * as assert from "uvu/assert";
import { readUvu } from "../../scripts/test/outcome.js";

const summary = (total: number, passed: number, skipped = 0) =>
  ` a suite  • •   (${passed} / ${total})\n\n  Total:     ${total}\n  Passed:    ${passed}\n  Skipped:   ${skipped}\n  Duration:  1.00ms\n`;

test("a file whose tests pass counts them and shows nothing", () => {
  assert.equal(readUvu("a", 0, summary(3, 3)), { passed: 3, failed: 0, skipped: 0, details: "" });
});

test("failed and skipped tests are counted apart", () => {
  const { passed, failed, skipped, details } = readUvu("a", 1, summary(5, 2, 1));
  assert.equal([passed, failed, skipped], [2, 2, 1]);
  assert.match(details, /^a:/);
});

test("a file that ends without its summary has failed, also with exit code 0", () => {
  const { failed, details } = readUvu("a", 0, " a suite  • • ");
  assert.is(failed, 1);
  assert.match(details, /before its tests were all run/);
});

test("a file that says nothing, or has no test, has failed", () => {
  assert.is(readUvu("a", 0, "").failed, 1);
  assert.is(readUvu("a", 0, summary(0, 0)).failed, 1);
});

test("a file that breaks after its summary has failed", () => {
  assert.equal([readUvu("a", 7, summary(3, 3)).passed, readUvu("a", 7, summary(3, 3)).failed], [3, 1]);
});

test("a test that prints a summary of its own is no trouble for the count of the last", () => {
  assert.is(readUvu("a", 0, `  Total:     9 things\n${summary(3, 3)}`).passed, 3);
});

test.run();
