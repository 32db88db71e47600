import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import {
  decodeModule,
  freeze,
  instantiate,
  type Machine,
  ParameterError,
  pending,
  randomStream,
  type Stop,
  segmentsOf,
  thaw,
} from "kernel-lib";
import { digest } from "kernel-lib/migration/abstract-machine/digest";
import { i32 } from "kernel-lib/migration/abstract-machine/opcodes";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { soaked } from "../../soak.js";
import { body, functionType, list, moduleOf, op, section, text, u32 } from "./encode.js";
import { programs, type TestProgram } from "./programs.js";
import { imageText, module, runToEnd } from "./support.js";

async function beginner({ text, args }: TestProgram): Promise<() => Machine> {
  const code = await module(text);
  return () => {
    const machine = instantiate(code);
    machine.call("main", ...args);
    return machine;
  };
}

for (const program of programs) {
  test(`${program.name}: frozen and thawed at every instruction, it ends as if never stopped`, async () => {
    const begin = await beginner(program);
    const straight = begin();
    const expected = runToEnd(straight);
    assert.is(expected.why, "finished");
    let machine = begin();
    let stop: Stop = { why: "out of fuel" };
    let steps = 0;
    for (; stop.why === "out of fuel"; steps++) {
      const image = freeze(machine);
      const whole = begin();
      if (steps > 0) assert.is(whole.run({ fuel: steps }).why, "out of fuel");
      assert.is(imageText(whole), imageText(machine), `after ${steps} instructions at once and one by one`);
      machine = thaw(image);
      assert.equal(freeze(machine), image, `thawed after ${steps} instructions`);
      stop = machine.run({ fuel: 1 });
    }
    assert.equal(stop, expected);
    assert.is(machine.instructions, steps);
    assert.is(straight.instructions, steps);
    assert.is(imageText(machine), imageText(straight));
  });
}

test("programs frozen at every instruction end in another process as they end here", async () => {
  const images: string[] = [];
  const wanted: unknown[] = [];
  for (const program of programs) {
    const begin = await beginner(program);
    const straight = begin();
    const expected = runToEnd(straight);
    const end = { results: expected.why === "finished" && expected.results.map(String), image: imageText(straight) };
    const machine = begin();
    do {
      images.push(Buffer.from(freeze(machine)).toString("base64"));
      wanted.push(end);
    } while (machine.run({ fuel: 1 }).why === "out of fuel");
  }
  assert.ok(images.length > 1000, `only ${images.length} images`);
  const child = fileURLToPath(new URL("thaw-child.ts", import.meta.url));
  const { stdout, stderr, status } = spawnSync(process.execPath, ["--import", "tsx", child], {
    input: JSON.stringify(images),
    maxBuffer: 2 ** 28,
  });
  assert.is(status, 0, stderr.toString());
  assert.equal(JSON.parse(stdout.toString()), wanted);
});

const mail = `(module (import "mail" "receive" (func $receive (param i32) (result i32))) (import "env" "k" (global $k i64)) (table funcref (elem $receive))
  (func (export "direct") (result i32) (i32.mul (i32.const 10) (call $receive (i32.const 4))))
  (func (export "indirect") (result i32) (i32.mul (i32.const 10) (call_indirect (param i32) (result i32) (i32.const 4) (i32.const 0))))
  (func (export "k") (result i64) (global.get $k)))`;

for (const name of ["direct", "indirect"])
  test(`a machine that waits (${name} call) is moved while it waits: it can be answered there, or asks the resource it finds there`, async () => {
    const machine = instantiate(await module(mail), { resources: { "mail.receive": () => pending, "env.k": 7n } });
    machine.call(name);
    const waits: Stop = { why: "waiting", resource: "mail.receive", args: [4] };
    assert.equal(machine.run(), waits);
    const image = freeze(machine);
    const answered = thaw(image, { resources: { "mail.receive": () => pending } });
    assert.is(answered.state, "waiting");
    assert.equal(freeze(answered), image);
    answered.answer(3);
    assert.equal(answered.run(), { why: "finished", results: [30] });
    const asks = thaw(image, { resources: { "mail.receive": ([x]) => Number(x) + 1 } });
    assert.equal(asks.run(), { why: "finished", results: [50] });
    asks.call("k");
    assert.equal(asks.run(), { why: "finished", results: [7n] }, "a global's value moves with the machine");
  });

test("clones go different ways and leave each other alone", async () => {
  const begin = await beginner(programs[0] as TestProgram);
  const machine = begin();
  machine.run({ fuel: 100 });
  const image = freeze(machine);
  const [a, b] = [thaw(image), thaw(image)];
  a.write(0, Uint8Array.of(200));
  const expected = runToEnd(begin());
  assert.equal(runToEnd(b), expected);
  assert.equal(b.read(0, 1), Uint8Array.of(0));
  assert.equal(runToEnd(a), expected);
  assert.equal(a.read(0, 1), Uint8Array.of(200));
});

test("how a resource is bound and attached moves with the machine, unless the new binding says otherwise", async () => {
  const bound = { binding: "identifier", attachment: "fastened", identifier: "mail://büro/1", call: () => 1 } as const;
  const machine = instantiate(await module(mail), { resources: { "mail.receive": bound, "env.k": 7n } });
  const rows = segmentsOf(freeze(machine)).resources.rows;
  assert.equal(rows, [
    {
      name: "mail.receive",
      kind: "function",
      binding: "identifier",
      attachment: "fastened",
      identifier: "mail://büro/1",
    },
    { name: "env.k", kind: "global", binding: "value", attachment: "unattached", identifier: undefined },
  ]);
  const kept = thaw(freeze(machine), { resources: { "mail.receive": () => 2 } });
  assert.equal(segmentsOf(kept).resources.rows, rows);
  const changed = thaw(freeze(machine), { resources: { "mail.receive": { binding: "type", call: () => 2 } } });
  assert.is(segmentsOf(changed).resources.rows[0]?.binding, "type");
  assert.is(segmentsOf(changed).resources.rows[0]?.attachment, "fastened");
  assert.throws(() => thaw(freeze(machine)), /thaw: resources\["mail.receive"\] must be a resource/);
});

test("the segments of a machine are plain data, the same for its image, and their sizes add up", async () => {
  const begin = await beginner(programs[1] as TestProgram);
  const machine = begin();
  machine.run({ fuel: 60 });
  const segments = segmentsOf(machine);
  assert.equal(segmentsOf(freeze(machine)), segments);
  assert.is(freeze(machine).length, 24 + segments.code.bytes + segments.execution.bytes + segments.resources.bytes);
  const { frames } = segments.execution;
  assert.ok(frames.length > 3);
  assert.equal(frames.map(({ locals }) => locals[0]?.value).slice(0, 3), [9n, 8n, 7n]);
  for (const { name, instruction } of frames) {
    assert.is(name, "fib");
    assert.ok(/^(local|i64|call|if)/.test(instruction), instruction);
  }
});

test("pages of zeros take nothing, and an image without its code is small", async () => {
  const machine = instantiate(await module("(module (memory 100))"));
  assert.ok(freeze(machine).length < 100);
  machine.write(3_000_000, Uint8Array.of(1));
  const one = freeze(machine);
  assert.ok(one.length > 4096 && one.length < 4200);
  assert.is(segmentsOf(machine).execution.memoryBytesInUse, 4096);
  const other = thaw(one);
  assert.equal(other.read(3_000_000, 1), Uint8Array.of(1));
  other.write(3_000_000, Uint8Array.of(0));
  assert.ok(freeze(other).length < 100, "a page that is zero again takes nothing again");
  const bare = freeze(machine, { code: false });
  assert.throws(() => thaw(bare), /thaw: the image holds no code; pass it as code/);
  assert.equal(freeze(thaw(bare, { code: machine.code })), one);
  const stranger = await module("(module (memory 101))");
  assert.throws(() => thaw(bare, { code: stranger }), /another module/);
});

test("8,000 frames, each at another place of one function, are frozen and thawed in less than 1.5 s of CPU time", () => {
  const calls = 8000;
  // f(n) jumps to its n-th call, which is f(n + 1); values wait on the stack at each.
  const code = decodeModule(
    moduleOf(
      section(1, list([functionType([i32], [i32])])),
      section(3, list([u32(0)])),
      section(7, list([[text("f"), 0, 0]])),
      section(
        10,
        list([
          body(
            [],
            [
              Array.from({ length: calls + 1 }, () => op("block", 0x40)),
              op("local.get", 0),
              op("br_table", list(Array.from({ length: calls }, (_, i) => u32(i))), u32(calls)),
              Array.from({ length: calls }, () => [
                op("end"),
                [op("i32.const", 7), op("local.get", 0), op("i32.const", 1), op("i32.add"), op("call", 0)],
                [op("i32.add"), op("return")],
              ]),
              op("end"),
              op("local.get", 0),
            ],
          ),
        ]),
      ),
    ),
  );
  const machine = instantiate(code);
  machine.call("f", 0);
  machine.run({ fuel: (calls + 1 + 8) * calls });
  const { user: before } = process.cpuUsage();
  const image = freeze(machine);
  const moved = thaw(image, { code });
  assert.equal(freeze(moved), image);
  const cpuMs = (process.cpuUsage().user - before) / 1000;
  const { frames } = segmentsOf(image).execution;
  assert.ok(frames.length > calls - 5 && new Set(frames.map(({ offset }) => offset)).size > calls - 5);
  assert.ok(cpuMs < 1500, `${cpuMs} ms`);
  assert.equal(runToEnd(moved), { why: "finished", results: [8 * calls] });
});

test("xxHash gives its published values", () => {
  const hash = (text: string): string => digest(new TextEncoder().encode(text)).toString(16);
  assert.equal(["", "a", "abc", "Nobody inspects the spammish repetition"].map(hash), [
    "2cc5d05",
    "550d7456",
    "32d153ff",
    "e2293b2f",
  ]);
});

test("an image with any byte changed, or cut at any place, is refused", async () => {
  const begin = await beginner(programs[2] as TestProgram);
  const machine = begin();
  machine.run({ fuel: 50 });
  const image = freeze(machine);
  const refused = (bytes: Uint8Array, what: string): void => {
    assert.throws(
      () => thaw(bytes),
      (error: unknown) => error instanceof ParameterError && error.message.startsWith("thaw: the image "),
      what,
    );
  };
  for (let i = 0; i < image.length; i++) {
    refused(
      image.map((byte, at) => (at === i ? byte ^ (1 + (i % 255)) : byte)),
      `byte ${i} changed`,
    );
    refused(image.subarray(0, i), `cut at ${i}`);
  }
  refused(Uint8Array.of(...image, 0), "a byte more");
  assert.throws(() => thaw("image" as never), /thaw: image must be a Uint8Array/);
});

/** An image whose header was made to fit what stands in it. */
function sealed(image: Uint8Array): Uint8Array {
  new DataView(image.buffer).setUint32(8, digest(image.subarray(12)), true);
  return image;
}

const forgeries = soaked(50_000);
test(`${forgeries} forged images are refused, or make machines that run without harm`, async () => {
  const random = randomStream(1, "forgeries");
  const below = (n: number): number => Math.floor(random() * n);
  const images: Uint8Array[] = [];
  const resources = { "mail.receive": () => pending, "env.k": 1n };
  for (const program of [...programs, { name: "mail", text: mail, args: [] }]) {
    const machine = instantiate(await module(program.text), { resources });
    machine.call(program.name === "mail" ? "indirect" : "main", ...program.args);
    for (let stop = machine.run({ fuel: 3 }); stop.why === "out of fuel"; stop = machine.run({ fuel: 17 }))
      images.push(freeze(machine));
    images.push(freeze(machine));
  }
  let refusals = 0;
  for (let i = 0; i < forgeries; i++) {
    const image = (images[below(images.length)] as Uint8Array).slice();
    const codeEnd = 24 + new DataView(image.buffer).getUint32(12, true);
    const from = below(4) === 0 ? 12 : codeEnd;
    for (let k = below(3); k >= 0; k--) {
      const at = from + Math.floor(random() ** 3 * (image.length - from));
      image[at] = below(2) === 0 ? below(256) : (image[at] as number) + 1;
    }
    try {
      const machine = thaw(sealed(image), { resources, limits: { memoryPages: 100 } });
      segmentsOf(machine);
      if (machine.state !== "idle")
        for (let k = 0; k < 3; k++) if (machine.run({ fuel: 50 }).why !== "out of fuel") break;
      if (machine.state !== "idle") thaw(freeze(machine), { resources });
    } catch (error) {
      assert.instance(error, ParameterError, `forgery ${i}: ${(error as Error).stack}`);
      refusals++;
    }
  }
  assert.ok(refusals > forgeries / 20 && refusals < forgeries, `${refusals} were refused`);
});

test("an image of a version to come is refused as such", async () => {
  const image = freeze(instantiate(await module("(module)")));
  image[4] = 2;
  assert.throws(() => thaw(sealed(image)), /thaw: the image has version 2, and only version 1 is known/);
});

test("a machine is not frozen while its resource answers", async () => {
  const code = await module(`(module (import "env" "f" (func $f)) (func (export "main") (call $f)))`);
  const machine: Machine = instantiate(code, { resources: { "env.f": (_, inside) => void freeze(inside) } });
  machine.call("main");
  assert.throws(() => machine.run(), /freeze: the machine is inside run/);
});

test.run();
