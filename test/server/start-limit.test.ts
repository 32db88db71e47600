import { test } from "uvu";
import * as assert from "uvu/assert";
import { StartLimit } from "../../kernel-lib/server/start-limit.js";

test("a limit of 3 allows three starts in the minute that begins with the first, and three in the next", () => {
  const limit = new StartLimit(3);
  const times = [1000, 2000, 3000, 4000, 60_999, 61_000, 61_000, 61_001, 61_002, 200_000];
  assert.equal(
    times.map((nowMs) => limit.allows(nowMs)),
    [true, true, true, false, false, true, true, true, false, true],
  );
});

test("a refused start does not lengthen the minute", () => {
  const limit = new StartLimit(1);
  assert.equal(
    [0, 30_000, 59_999, 60_000].map((nowMs) => limit.allows(nowMs)),
    [true, false, false, true],
  );
});

test.run();
