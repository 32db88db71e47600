import { readFileSync } from "node:fs";
import path from "node:path";
import { build } from "esbuild";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { inRoot } from "../../../scripts/setup/paths.mjs";
import { assertAgreement, callsOf, type Machines } from "./agreement.js";
import { assertPatternsAgree } from "./patterns.js";
import { emittedModule } from "./program-as-module.js";
import { randomProgram } from "./random-program.js";

/**
 * Mistakes of the kind that once went unseen, each put into a copy of the machine: what compares fast code, plain code and V8 has to see every one of them.
 * Each is a piece of the source, which must stand there once, and what it is replaced by.
 */
interface Fault {
  readonly name: string;
  readonly file: "compile.ts" | "code-writer.ts" | "interpreter.ts";
  readonly is: string;
  readonly becomes: string;
}

const faults: readonly Fault[] = [
  {
    name: "the newest instruction is changed, whatever it writes",
    file: "code-writer.ts",
    is: "start !== undefined && this.words[start + 1] === register ? start : undefined",
    becomes: "start",
  },
  {
    name: "an instruction is taken back, whatever it is",
    file: "code-writer.ts",
    is: "start === undefined || !isWanted(instruction)",
    becomes: "start === undefined",
  },
  {
    name: "an instruction is changed after another that does more than write a register",
    file: "code-writer.ts",
    is: "for (const word of words) this.words.push(word);\n    this.seal();",
    becomes: "for (const word of words) this.words.push(word);",
  },
  {
    name: "values that wait are not in their slots at a call",
    file: "compile.ts",
    is: "if (code === 0x11) this.popped();\n    this.settle();",
    becomes: "if (code === 0x11) this.popped();",
  },
  {
    name: "the instruction before is taken for the one that made a value that is still in a local",
    file: "compile.ts",
    is: "this.valueAt(height).where === Where.slot ? this.out.takeBack",
    becomes: "true ? this.out.takeBack",
  },
  {
    name: "a read of a global into a local is taken back with the comparison",
    file: "compile.ts",
    is: "(isCheck && x === slot ?",
    becomes: "(isCheck ?",
  },
  {
    name: "the comparison of a global forgets what is added to it",
    file: "compile.ts",
    is: "op === Op.globalGet32 && plus === 0;",
    becomes: "op === Op.globalGet32;",
  },
  {
    name: "a local is written while its old value waits on the stack",
    file: "compile.ts",
    is: "      this.release(Where.local, register, height);",
    becomes: "",
  },
  {
    name: "a global is written while its old value waits on the stack",
    file: "compile.ts",
    is: "    this.release(Where.global, place, height);",
    becomes: "",
  },
  {
    name: "a tee leaves the mark of what is in its slot above its value",
    file: "compile.ts",
    is: "    if (this.settled > height) this.settled = height;",
    becomes: "",
  },
  {
    name: "a constant that is subtracted may stand on the left",
    file: "compile.ts",
    is: "const commutative = new Set([0x6a,",
    becomes: "const commutative = new Set([0x6a, 0x6b,",
  },
  {
    name: "a comparison with a constant on the left is not turned round",
    file: "compile.ts",
    is: "Op.i32EqConst + (swapped[which] as number)",
    becomes: "Op.i32EqConst + which",
  },
  {
    name: "a scaled index and its base change places",
    file: "compile.ts",
    is: "this.produce(Op.i32AddShl, i32, first, x, by);",
    becomes: "this.produce(Op.i32AddShl, i32, x, first, by);",
  },
  {
    name: "a constant that is subtracted stays with its local as one that is added",
    file: "compile.ts",
    is: "(code === addition ? constant.low : -constant.low)",
    becomes: "constant.low",
  },
  {
    name: "a local that is set to itself and a constant stays as it is",
    file: "compile.ts",
    is: "value.where === Where.local && value.low === register && value.high === 0;",
    becomes: "value.where === Where.local && value.low === register;",
  },
  {
    name: "a jump on a comparison of i64 that is not to be true keeps its operands in order",
    file: "compile.ts",
    is: "this.out.emit(onFalse, y, x);",
    becomes: "this.out.emit(onFalse, x, y);",
  },
  {
    name: "an address forgets the constant that stays with its local",
    file: "compile.ts",
    is: "return { base: low, plus: high, isGlobal: false };",
    becomes: "return { base: low, plus: 0, isGlobal: false };",
  },
  {
    name: "values that wait are not in their slots at a jump",
    file: "compile.ts",
    is: "    this.popped();\n    this.settle();\n    if (comparison === undefined)",
    becomes: "    this.popped();\n    if (comparison === undefined)",
  },
  {
    name: "else costs an instruction in fast code",
    file: "compile.ts",
    is: "const counts = code !== 0x0b && code !== 0x05;",
    becomes: "const counts = code !== 0x0b && (code !== 0x05 || this.fast === undefined);",
  },
  {
    name: "locals of a function that is called are not zero",
    file: "interpreter.ts",
    is: "i < zeroEnd; i++) r[i] = 0;",
    becomes: "i < zeroEnd; i++);",
  },
];

const room = inRoot("kernel-lib/migration/abstract-machine");

async function machinesWith({ name, file, is, becomes }: Fault): Promise<Machines> {
  const { outputFiles } = await build({
    stdin: { contents: `export * from "./index.ts";`, resolveDir: room, loader: "ts" },
    bundle: true,
    write: false,
    format: "esm",
    plugins: [
      {
        name: "planted fault",
        setup: ({ onLoad }) =>
          onLoad({ filter: /\.ts$/ }, ({ path: at }) => {
            if (path.dirname(at) !== room || path.basename(at) !== file) return undefined;
            const pieces = readFileSync(at, "utf8").split(is);
            assert.is(pieces.length, 2, `${name}: ${is} stands once in ${file}`);
            return { contents: pieces.join(becomes), loader: "ts" };
          }),
      },
    ],
  });
  const text = Buffer.from(outputFiles[0]?.contents ?? []).toString("base64");
  return (await import(`data:text/javascript;base64,${text}`)) as Machines;
}

/** What the comparison says of a machine; undefined if it finds nothing. */
function disagreement(machines: Machines): unknown {
  try {
    assertPatternsAgree(2000, machines);
    for (let seed = 1; seed <= 150; seed++) {
      const bytes = emittedModule(randomProgram(seed, 20));
      assertAgreement(bytes, callsOf(bytes, seed), (call) => `seed ${seed}, call ${call}`, machines);
    }
    return undefined;
  } catch (error) {
    return error;
  }
}

for (const fault of faults)
  test(`a planted fault is seen: ${fault.name}`, async () => {
    assert.ok(disagreement(await machinesWith(fault)), "fast code, plain code and V8 agree all the same");
  });

test.run();
