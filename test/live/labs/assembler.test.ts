import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { ToolMissing } from "kernel-lib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Assembler, type Register, registers } from "../../../kernel-lib/live/labs/virtual-machine/assembler.js";
import { inRoot } from "../../../scripts/setup/paths.mjs";
import { withTools } from "../tools.js";

const test = suite("live: the guest's assembler");
const names = Object.keys(registers) as Register[];

/** What GNU's disassembler reads in bytes of ours. */
async function disassembled(bytes: Uint8Array): Promise<string[]> {
  const folder = mkdtempSync(inRoot("build", "assembler-"));
  try {
    const file = path.join(folder, "code");
    writeFileSync(file, bytes);
    const format = ["-D", "-b", "binary", "-m", "i386", "-M", "intel", "--adjust-vma=0x100000", "--no-show-raw-insn"];
    const said = spawnSync("objdump", [...format, file], { encoding: "utf8", env: { ...process.env, LC_ALL: "C" } });
    if (said.error) throw new ToolMissing("objdump is not installed: on Debian and Ubuntu, apt install binutils");
    return [...said.stdout.matchAll(/^\s+[0-9a-f]+:\s*(.*)$/gm)].map(([, text]) =>
      (text ?? "").replace(/\s+/g, " ").trim(),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const testWithTools = await withTools(test, disassembled(Uint8Array.of(0x90)));

/** Each instruction with every register, and how GNU writes it. */
const withRegisters: readonly (readonly [
  (asm: Assembler, a: Register, b: Register) => Assembler,
  (a: Register, b: Register) => string,
])[] = [
  [(asm, a) => asm.set(a, 0x12345678), (a) => `mov ${a},0x12345678`],
  [(asm, a, b) => asm.move(a, b), (a, b) => `mov ${a},${b}`],
  [(asm, a) => asm.load(a, 0x45678), (a) => `mov ${a},DWORD PTR ds:0x45678`],
  [(asm, a) => asm.store(0x45678, a), (a) => `mov DWORD PTR ds:0x45678,${a}`],
  [(asm, a) => asm.loadByte(a, 0x45678), (a) => `movzx ${a},BYTE PTR ds:0x45678`],
  [(asm, a) => asm.with("add", a, 0x1234), (a) => `add ${a},0x1234`],
  [(asm, a) => asm.with("sub", a, 0x1234), (a) => `sub ${a},0x1234`],
  [(asm, a) => asm.with("and", a, 0x1234), (a) => `and ${a},0x1234`],
  [(asm, a) => asm.with("or", a, 0x1234), (a) => `or ${a},0x1234`],
  [(asm, a) => asm.with("cmp", a, 0x1234), (a) => `cmp ${a},0x1234`],
  [(asm, a) => asm.withMemory("cmp", a, 0x45678), (a) => `cmp ${a},DWORD PTR ds:0x45678`],
  [(asm, a) => asm.withMemory("add", a, 0x45678), (a) => `add ${a},DWORD PTR ds:0x45678`],
  [(asm, a, b) => asm.withRegister("xor", a, b), (a, b) => `xor ${a},${b}`],
  [(asm, a, b) => asm.withRegister("cmp", a, b), (a, b) => `cmp ${a},${b}`],
  [(asm, a) => asm.shiftLeft(a, 12), (a) => `shl ${a},0xc`],
  [(asm, a) => asm.shiftRight(a, 7), (a) => `shr ${a},0x7`],
  [(asm, a) => asm.multiply(a), (a) => `mul ${a}`],
];

testWithTools("every instruction with registers is what GNU's disassembler reads, for all eight", async () => {
  const asm = new Assembler(0x100000);
  const wanted: string[] = [];
  for (const [append, text] of withRegisters)
    for (const [i, a] of names.entries()) {
      const b = names[(i + 3) % 8] as Register;
      append(asm, a, b);
      wanted.push(text(a, b));
    }
  assert.equal(await disassembled(asm.assemble()), wanted);
});

testWithTools("so are jumps both ways, ports, and what only the processor's own code may do", async () => {
  const asm = new Assembler(0x100000).label("back");
  asm
    .jump("ahead")
    .jumpIf("below", "ahead")
    .jumpIf("notBelow", "back")
    .jumpIf("equal", "ahead")
    .jumpIf("notEqual", "back");
  asm.call("back").label("ahead").return().set("esi", "back+6").storeAt("edi", 16, "eax").incrementAt("edi", 0x400004);
  asm.increment(0x45678).xorMemoryAt("eax", "esi").repeatStore().out(0x300, 0x21).outAl(0x301).in(0x302);
  asm
    .inWords(0x310)
    .outWords(0x310)
    .disableInterrupts()
    .enableInterrupts()
    .halt()
    .saveAll()
    .restoreAll()
    .interruptReturn();
  asm.loadSegments("back").loadInterrupts("back").enterSegments("flat").toggleWriteProtection();
  assert.equal(await disassembled(asm.assemble()), [
    "jmp 0x100022",
    "jb 0x100022",
    "jae 0x100000",
    "je 0x100022",
    "jne 0x100000",
    "call 0x100000",
    "ret",
    "mov esi,0x100006",
    "mov DWORD PTR [edi+0x10],eax",
    "inc DWORD PTR [edi+0x400004]",
    "inc DWORD PTR ds:0x45678",
    "xor eax,DWORD PTR [esi]",
    "rep stos DWORD PTR es:[edi],eax",
    ...["mov edx,0x300", "mov al,0x21", "out dx,al"],
    ...["mov edx,0x301", "out dx,al"],
    ...["mov edx,0x302", "in al,dx", "movzx eax,al"],
    ...["mov edx,0x310", "rep ins WORD PTR es:[edi],dx"],
    ...["mov edx,0x310", "rep outs dx,WORD PTR ds:[esi]"],
    ...["cli", "sti", "hlt", "pusha", "popa", "iret"],
    "lgdtd ds:0x100000",
    "lidtd ds:0x100000",
    "jmp 0x8:0x100080",
    ...["mov eax,0x10", "mov ds,eax", "mov es,eax", "mov ss,eax"],
    ...["mov eax,cr0", "xor eax,0x10000", "mov cr0,eax", "xor eax,0x10000", "mov cr0,eax"],
  ]);
});

test("a label that is nowhere is named", () => {
  assert.throws(() => new Assembler(0).jump("nowhere").assemble(), /the guest has no label nowhere/);
});

test.run();
