import { closeSync, fstatSync, ftruncateSync, readSync, writeSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { RecordDisk } from "../../../kernel-lib/live/process/record-disk.js";
import { openNameless } from "../../../kernel-lib/live/run/store.js";

async function withFile(use: (file: number) => Promise<void>): Promise<void> {
  const file = openNameless();
  try {
    await use(file);
  } finally {
    closeSync(file);
  }
}

test("whoever opens the file again finds the last value of each name, and none of what was removed", () =>
  withFile(async (file) => {
    const disk = new RecordDisk(file);
    await disk.write("a", { n: 1, bytes: new Uint8Array([1, 2, 3]) });
    await disk.write("b", "two");
    await disk.write("a", { n: 2, bytes: new Uint8Array([4]) });
    await disk.write("c", null);
    await disk.remove("b");
    const again = new RecordDisk(file);
    assert.equal(await again.list(), ["a", "c"]);
    assert.equal(await again.read("a"), { n: 2, bytes: new Uint8Array([4]) });
    assert.is(await again.read("b"), undefined);
    assert.is(await again.read("c"), null);
  }));

test("half a record at the end is cut off, wherever it was cut, and what is written next is read again", () =>
  withFile(async (file) => {
    const disk = new RecordDisk(file);
    await disk.write("a", "whole");
    const wholeBytes = fstatSync(file).size;
    await disk.write("a", "lost in the middle");
    const all = Buffer.alloc(fstatSync(file).size);
    readSync(file, all, 0, all.length, 0);
    for (let bytes = all.length - 1; bytes >= wholeBytes; bytes--) {
      ftruncateSync(file, 0);
      writeSync(file, all, 0, bytes, 0);
      assert.is(await new RecordDisk(file).read("a"), "whole", `${bytes} bytes`);
      assert.is(fstatSync(file).size, wholeBytes);
    }
    await new RecordDisk(file).write("b", "next");
    const again = new RecordDisk(file);
    assert.equal([await again.read("a"), await again.read("b")], ["whole", "next"]);
  }));

test("a length that promises more than there is, is no record", () =>
  withFile(async (file) => {
    await new RecordDisk(file).write("a", 1);
    writeSync(file, Buffer.from([0xff, 0xff, 0xff, 0xff, 1, 2, 3]), 0, 7, fstatSync(file).size);
    assert.equal(await new RecordDisk(file).list(), ["a"]);
  }));

test("accesses are done in the order in which they were asked for", () =>
  withFile(async (file) => {
    const disk = new RecordDisk(file);
    const reads = [disk.read("a"), disk.write("a", 1), disk.read("a"), disk.write("a", 2), disk.read("a")];
    assert.equal(await Promise.all(reads), [undefined, undefined, 1, undefined, 2]);
  }));

test.run();
