import { decodeModule } from "kernel-lib";
import { test } from "uvu";
import { soaked } from "../../soak.js";
import { assertAgreement } from "./agreement.js";
import { moduleOfPatterns, patternAt, patternCount } from "./patterns.js";

const perModule = 200;
const arguments_ = [
  [6, 3],
  [-1, 40],
] as const;

const tried = soaked(patternCount);
// A step that shares no factor with their number leads through all of them, and through each kind of part early.
const step = 7919;
test(`${tried} of all ${patternCount} ways to make two operands, compute, and use what comes of it: fast, plain and V8 agree`, () => {
  for (let from = 0; from < tried; from += perModule) {
    const patterns = Array.from({ length: Math.min(perModule, tried - from) }, (_, i) =>
      patternAt(((from + i) * step) % patternCount),
    );
    const calls = patterns.flatMap((_, i) => arguments_.map((args) => ({ name: `f${i}`, args })));
    assertAgreement(
      decodeModule(moduleOfPatterns(patterns)),
      calls,
      (call) => `${patterns[Math.floor(call / arguments_.length)]?.name} of ${calls[call]?.args}`,
    );
  }
});

test.run();
