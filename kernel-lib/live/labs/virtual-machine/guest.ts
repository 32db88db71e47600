import { Assembler } from "./assembler.js";

/** What our guest does. */
export interface GuestOptions {
  /** How many pages of 4 KiB it fills when it starts, and so many have to be moved. */
  readonly filledPages: number;
  /** How many pages it writes a second; 0 unless told. */
  readonly pagesPerS?: number;
  /** How many different pages it writes; all that it fills unless told. */
  readonly writtenPages?: number;
  /** In which order: one after the other and round again, or at random. */
  readonly order?: "sequential" | "random";
}

/** The guest's hardware address. @internal */
export const guestMac = [0x52, 0x54, 0x00, 0x00, 0x00, 0x01] as const;

/** The kind of its frames: a number that is kept for experiments (IEEE 802). @internal */
export const frameType = 0x88b5;

/** Where the pages begin that the guest fills. @internal */
export const firstPageAddress = 0x400000;

const origin = 0x100000;
const stackTop = 0x200000;
const ticksPerS = 100;

/** The registers of an NE2000 network card, which DP8390's data sheet describes. */
export const card = 0x300;
const nic = {
  command: card,
  pageStart: card + 1,
  pageStop: card + 2,
  boundary: card + 3,
  transmitPage: card + 4,
  transmitBytes: card + 5,
  current: card + 7,
  interrupts: card + 7,
  remoteAddress: card + 8,
  remoteBytes: card + 10,
  receiveSettings: card + 12,
  transmitSettings: card + 13,
  dataSettings: card + 14,
  interruptMask: card + 15,
  data: card + 16,
  reset: card + 31,
};
const command = { stop: 0x21, start: 0x22, startPage1: 0x62, read: 0x0a, write: 0x12, transmit: 0x26 };
const [transmitPage, ringStart, ringStop] = [0x40, 0x46, 0x80];
const digestFactor = 0x01000193;

/** What the guest would answer if it had never moved: the digest of its memory after so many writes, worked out here. */
export function expectedDigest(options: GuestOptions, written: number): number {
  const { filledPages, writtenPages = filledPages, order = "sequential" } = options;
  const writes = new Uint32Array(filledPages);
  let random = 1;
  for (let i = 0; i < written; i++) {
    random = (Math.imul(random, 1_664_525) + 1_013_904_223) >>> 0;
    const page = order === "random" ? Math.floor((random * writtenPages) / 2 ** 32) : i % writtenPages;
    writes[page] = (writes[page] as number) + 1;
  }
  // A page's other words are zero, and do no more than multiply.
  let zeros = 1;
  for (let i = 0; i < 1022; i++) zeros = Math.imul(zeros, digestFactor);
  let digest = 0;
  for (const [page, count] of writes.entries()) {
    digest = Math.imul(digest, digestFactor) ^ (page + 1);
    digest = Math.imul(digest, digestFactor) ^ count;
    digest = Math.imul(digest, zeros);
  }
  return digest >>> 0;
}

/** How much of a frame is read and answered: the shortest that Ethernet knows. */
export const frameBytes = 60;

/**
 * A whole operating system of some hundred instructions, for a PC: it fills its pages, writes them at a rate, and answers frames with
 * what it has counted. The processor sleeps between two ticks of its clock.
 *
 * A question has a number after the header, and says 12 bytes behind it whether a digest of the memory is wanted. The answer has, 4 bytes
 * each, lowest first: the number, the ticks so far, the pages written so far, the digest or 0.
 *
 * @returns the bytes that a loader after the Multiboot specification 0.6.96 puts at 1 MiB.
 * @internal
 */
export function guestImage(options: GuestOptions): Uint8Array {
  const { filledPages, pagesPerS = 0, writtenPages = filledPages, order = "sequential" } = options;
  const asm = new Assembler(origin);

  // ---- the loader's header
  const [magic, withAddresses] = [0x1badb002, 0x10000];
  asm
    .label("header")
    .word(magic)
    .word(withAddresses)
    .word(-(magic + withAddresses));
  asm.word("header").word(origin).word("end").word("end").word("start");

  // ---- tables of the processor: flat segments; an interrupt's handler for each line of the two controllers
  asm.align(8).label("segments").bytes(0, 0, 0, 0, 0, 0, 0, 0);
  asm.bytes(0xff, 0xff, 0, 0, 0, 0x9a, 0xcf, 0).bytes(0xff, 0xff, 0, 0, 0, 0x92, 0xcf, 0);
  asm.label("segmentTable").bytes(23, 0).word("segments");
  asm.label("interruptTable").bytes(0xff, 0x01).word("interrupts");
  asm
    .align(8)
    .label("interrupts")
    .bytes(...new Array<number>(64 * 8).fill(0));
  for (const name of ["ticks", "ticksDone", "written", "nextPage", "share", "random", "packet"])
    asm.label(name).word(0);
  asm
    .label("packetHeader")
    .word(0)
    .label("frame")
    .bytes(...new Array<number>(64).fill(0));

  // ---- start
  asm.label("start").disableInterrupts().set("esp", stackTop);
  asm.loadSegments("segmentTable").enterSegments("flat");
  gate(asm, 0x20, "onTick");
  gate(asm, 0x29, "onCard");
  asm.loadInterrupts("interruptTable");
  startInterruptControllers(asm);
  startClock(asm);
  startCard(asm);

  // The BIOS has been in this memory.
  asm.set("ebx", 0).set("edi", firstPageAddress);
  asm.label("fill").with("add", "ebx", 1).move("eax", "ebx").set("ecx", 1).repeatStore();
  asm.set("eax", 0).set("ecx", 1023).repeatStore();
  asm.with("cmp", "ebx", filledPages).jumpIf("below", "fill");
  asm.set("eax", 1).store("random", "eax").enableInterrupts();

  asm.label("sleep").halt();
  // Or QEMU without hardware support misses writes to pages that it has just sent.
  asm.toggleWriteProtection();
  asm.label("due").load("eax", "ticksDone").withMemory("cmp", "eax", "ticks").jumpIf("equal", "listen");
  asm.increment("ticksDone").call("writePages").jump("due");
  asm.label("listen").call("answerFrames").jump("sleep");

  // ---- each tick: its share of the pages, and what was left of the share before
  asm.label("writePages").load("eax", "share").with("add", "eax", pagesPerS).store("share", "eax");
  asm.label("more").load("eax", "share").with("cmp", "eax", ticksPerS).jumpIf("below", "enough");
  asm.with("sub", "eax", ticksPerS).store("share", "eax");
  if (order === "random") {
    asm.load("eax", "random").set("ecx", 1_664_525).multiply("ecx").with("add", "eax", 1_013_904_223);
    asm.store("random", "eax").set("ecx", writtenPages).multiply("ecx").move("edi", "edx");
  } else {
    asm.load("edi", "nextPage").move("eax", "edi").with("add", "eax", 1);
    asm.with("cmp", "eax", writtenPages).jumpIf("below", "within").set("eax", 0);
    asm.label("within").store("nextPage", "eax");
  }
  asm
    .shiftLeft("edi", 12)
    .incrementAt("edi", firstPageAddress + 4)
    .increment("written")
    .jump("more");
  asm.label("enough").return();

  answerFrames(asm);

  // ---- over all pages that were filled, word by word: digest = digest × digestFactor xor word
  asm.label("digest").set("esi", firstPageAddress).set("ebx", digestFactor).set("eax", 0);
  asm.label("digestWord").multiply("ebx").xorMemoryAt("eax", "esi").with("add", "esi", 4);
  asm
    .with("cmp", "esi", firstPageAddress + 4096 * filledPages)
    .jumpIf("below", "digestWord")
    .return();

  // ---- interrupts
  asm.label("onTick").saveAll().increment("ticks").out(0x20, 0x20).restoreAll().interruptReturn();
  asm.label("onCard").saveAll().out(0xa0, 0x20).out(0x20, 0x20).restoreAll().interruptReturn();
  return asm.align(4).label("end").assemble();
}

/** Sets the handler of an interrupt. */
function gate(asm: Assembler, vector: number, handler: string): void {
  const [codeSegment, present32BitGate] = [8, 0x8e00];
  asm
    .set("eax", handler)
    .with("and", "eax", 0xffff)
    .with("or", "eax", codeSegment << 16);
  asm.set("edi", "interrupts").storeAt("edi", 8 * vector, "eax");
  asm.set("eax", handler).with("and", "eax", -0x10000).with("or", "eax", present32BitGate);
  asm.storeAt("edi", 8 * vector + 4, "eax");
}

/** Interrupts of devices come as 20h and the following; those of the clock and the card alone. */
function startInterruptControllers(asm: Assembler): void {
  asm.out(0x20, 0x11).out(0xa0, 0x11).out(0x21, 0x20).out(0xa1, 0x28).out(0x21, 4).out(0xa1, 2);
  asm.out(0x21, 1).out(0xa1, 1).out(0x21, 0xfa).out(0xa1, 0xfd);
}

function startClock(asm: Assembler): void {
  const divisor = Math.round(1_193_182 / ticksPerS);
  asm
    .out(0x43, 0x34)
    .out(0x40, divisor)
    .out(0x40, divisor >> 8);
}

function startCard(asm: Assembler): void {
  asm.in(nic.reset).outAl(nic.reset);
  asm.label("resetting").in(nic.interrupts).with("and", "eax", 0x80).jumpIf("equal", "resetting");
  asm
    .out(nic.command, command.stop)
    .out(nic.dataSettings, 0x49)
    .out(nic.remoteBytes, 0)
    .out(nic.remoteBytes + 1, 0);
  asm.out(nic.receiveSettings, 0x04).out(nic.transmitSettings, 0).out(nic.transmitPage, transmitPage);
  asm.out(nic.pageStart, ringStart).out(nic.pageStop, ringStop).out(nic.boundary, ringStart);
  asm.out(nic.interrupts, 0xff).out(nic.interruptMask, 0x01).out(nic.command, command.startPage1);
  for (const [i, byte] of guestMac.entries()) asm.out(card + 1 + i, byte);
  asm.out(nic.current, ringStart + 1).out(nic.command, command.start);
}

/** Takes what the card has received, one frame after the other, and answers those that ask. */
function answerFrames(asm: Assembler): void {
  asm.label("answerFrames").out(nic.interrupts, 0xff);
  asm.label("next").out(nic.command, command.startPage1).in(nic.current).move("ebx", "eax");
  asm.out(nic.command, command.start).in(nic.boundary).with("add", "eax", 1);
  asm.with("cmp", "eax", ringStop).jumpIf("below", "inRing").set("eax", ringStart);
  asm.label("inRing").withRegister("cmp", "eax", "ebx").jumpIf("equal", "none").store("packet", "eax");
  readCard(asm, 0, 4, "packetHeader");
  readCard(asm, 4, frameBytes, "frame");
  asm
    .loadByte("eax", "packetHeader+1")
    .with("sub", "eax", 1)
    .with("cmp", "eax", ringStart)
    .jumpIf("notBelow", "freed")
    .set("eax", ringStop - 1);
  asm.label("freed").outAl(nic.boundary);
  asm.load("eax", "frame+12").with("and", "eax", 0xffff);
  asm.with("cmp", "eax", (frameType >> 8) | ((frameType & 255) << 8)).jumpIf("notEqual", "next");
  asm.load("eax", "frame+6").store("frame", "eax").load("eax", "frame+10").with("and", "eax", 0xffff);
  const [a, b, c, d, e, f] = guestMac;
  asm.with("or", "eax", (a << 16) | (b << 24)).store("frame+4", "eax");
  asm.set("eax", c | (d << 8) | (e << 16) | (f << 24)).store("frame+8", "eax");
  asm.load("eax", "ticks").store("frame+18", "eax").load("eax", "written").store("frame+22", "eax");
  asm.load("eax", "frame+26").with("cmp", "eax", 0).jumpIf("equal", "answer").call("digest").store("frame+26", "eax");
  asm.label("answer");
  asm.out(nic.remoteAddress, 0).out(nic.remoteAddress + 1, transmitPage);
  asm
    .out(nic.remoteBytes, frameBytes)
    .out(nic.remoteBytes + 1, 0)
    .out(nic.command, command.write);
  asm
    .set("esi", "frame")
    .set("ecx", frameBytes / 2)
    .outWords(nic.data);
  asm
    .out(nic.transmitBytes, frameBytes)
    .out(nic.transmitBytes + 1, 0)
    .out(nic.command, command.transmit);
  asm.jump("next");
  asm.label("none").return();
}

/** Reads bytes of the packet, from its beginning in the card's memory on. */
function readCard(asm: Assembler, from: number, bytes: number, to: string): void {
  asm
    .out(nic.remoteAddress, from)
    .load("eax", "packet")
    .outAl(nic.remoteAddress + 1);
  asm
    .out(nic.remoteBytes, bytes)
    .out(nic.remoteBytes + 1, 0)
    .out(nic.command, command.read);
  asm
    .set("edi", to)
    .set("ecx", bytes / 2)
    .inWords(nic.data);
}
