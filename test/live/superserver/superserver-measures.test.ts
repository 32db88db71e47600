import { measureFirstByte, measureIdleMemory } from "kernel-lib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { childrenOf } from "../../kernel/support.js";
import { failureOf } from "../../world/both-worlds.js";

const test = suite("live: what a superserver costs");

const known = new Set(childrenOf(process.pid));
test.after.each(() =>
  assert.equal(
    childrenOf(process.pid).filter((pid) => !known.has(pid)),
    [],
  ),
);

test("the memory of daemons grows with their number, that of a superserver does not", async () => {
  const rows = await measureIdleMemory({ services: [1, 6] });
  assert.equal(
    rows.map(({ arrangement, services, processes }) => [arrangement, services, processes]),
    [
      ["daemons", 1, 1],
      ["superserver", 1, 1],
      ["daemons", 6, 6],
      ["superserver", 6, 1],
    ],
  );
  const [one, , six, superserver] = rows.map(({ residentBytes }) => residentBytes);
  assert.ok(Number(one) > 5_000_000, `${one} bytes`);
  assert.ok(Number(six) > 4 * Number(one), `${six} against ${one} bytes`);
  assert.ok(Number(superserver) < 2 * Number(one), `${superserver} against ${one} bytes`);
  for (const { proportionalBytes = Number.NaN, residentBytes } of rows)
    assert.is(proportionalBytes > 0 && proportionalBytes <= residentBytes, process.platform === "linux");
});

test("a resident server answers first, then one of the system that must be started, last one on Node", async () => {
  const rows = await measureFirstByte({ repetitions: 5 });
  assert.equal(
    rows.map(({ server, count }) => [server, count]),
    [
      ["resident", 5],
      ["superserver, /bin/cat", 5],
      ["superserver, Node", 5],
    ],
  );
  for (const { leastMs, medianMs, mostMs } of rows) assert.ok(0 < leastMs && leastMs <= medianMs && medianMs <= mostMs);
  const [resident = 0, program = 0, node = 0] = rows.map(({ leastMs }) => leastMs);
  assert.ok(resident < program && program < node, `${resident}, ${program}, ${node} ms`);
});

test("an aborted measurement rejects with the reason and leaves no process", async () => {
  for (const measure of [measureIdleMemory, measureFirstByte]) {
    const controller = new AbortController();
    const measuring = measure({ signal: controller.signal }).catch((error) => error);
    setTimeout(() => controller.abort("enough"), 150);
    assert.is(await measuring, "enough");
  }
});

test("bad options are named", async () => {
  assert.match(await failureOf(() => measureFirstByte({ repetitions: 2 })), /measureFirstByte: repetitions must be/);
  assert.match(await failureOf(() => measureIdleMemory({ services: [0] })), /measureIdleMemory: services must be/);
  assert.match(await failureOf(() => measureIdleMemory({ services: [2, 2] })), /services must be rising/);
});

test.run();
