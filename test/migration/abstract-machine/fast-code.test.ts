import { readFileSync } from "node:fs";
import { compileAssemblyScript, decodeModule } from "kernel-lib";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { inRoot } from "../../../scripts/setup/paths.mjs";
import { soaked } from "../../soak.js";
import { assertAgreement, assertFuelDoesNotMatter, callsOf } from "./agreement.js";
import { assertPatternsAgree, patternCount } from "./patterns.js";
import { emittedModule } from "./program-as-module.js";
import { programText } from "./program-as-text.js";
import { randomProgram } from "./random-program.js";

const patterns = soaked(patternCount);
test(`${patterns} of all ${patternCount} ways to make two operands, compute, and use what comes of it: fast, plain and V8 agree`, () => {
  assertPatternsAgree(patterns);
});

const programs = soaked(2500);
test(`${programs} random programs of 20 functions, as a simple compiler emits them: fast, plain and V8 agree`, () => {
  for (let seed = 1; seed <= programs; seed++) {
    const bytes = emittedModule(randomProgram(seed, 20));
    assertAgreement(bytes, callsOf(bytes, seed), (call) => `seed ${seed}, call ${call}`);
  }
});

const compiled = soaked(100);
for (const optimize of [true, false])
  test(`${compiled} random programs of 25 functions, as the AssemblyScript compiler emits them (optimize ${optimize}): fast, plain and V8 agree`, async () => {
    for (let seed = 1; seed <= compiled; seed++) {
      const text = programText(randomProgram(10_000 + seed, 25));
      const bytes = await compileAssemblyScript(text, { runtime: "stub", optimize });
      assertAgreement(bytes, callsOf(bytes, seed), (call) => `seed ${seed}, call ${call}`);
    }
  });

const embedded = /(?<=`)[^`$]*export function[^`$]*(?=`)/g;
const files = [
  ...["nbody", "sha256", "sieve", "words"].map((name) => `bench/programs/${name}.as`),
  "kernel-lib/migration/mobility/binding-cases.ts",
  "notebooks/text/10-mobility.ts",
  "test/migration/programs.ts",
];
for (const file of files)
  test(`the programs in ${file} go the same way whatever the fuel`, async () => {
    const whole = readFileSync(inRoot(file), "utf8");
    const texts = file.endsWith(".as") ? [whole] : (whole.match(embedded) ?? []);
    let compiled = 0;
    for (const text of texts)
      for (const runtime of ["stub", "incremental"] as const) {
        const bytes = await compileAssemblyScript(text, { runtime }).catch(() => undefined);
        if (bytes === undefined) continue; // one that shows what the compiler says, or a piece of one
        assertFuelDoesNotMatter(decodeModule(bytes));
        compiled++;
      }
    assert.ok(compiled > 0, "none compiles");
  });

test.run();
