import { ParameterError, randomStream } from "kernel-lib";
import { test } from "uvu";
import * as assert from "uvu/assert";

const draw = (seed: number, name: string, count: number): number[] => {
  const source = randomStream(seed, name);
  return Array.from({ length: count }, source);
};

test("a stream's numbers depend on seed and name only: streams made or drawn from in between change nothing", () => {
  const alone = draw(1, "arrivals", 100);
  const arrivals = randomStream(1, "arrivals");
  const service = randomStream(1, "service");
  const mixed = Array.from({ length: 100 }, (_, i) => {
    if (i % 3 === 0) service();
    if (i === 50) randomStream(1, "loss")();
    return arrivals();
  });
  assert.equal(mixed, alone);
});

test("numbers are at least 0, below 1 and use 53 bits", () => {
  let bits = 0n;
  for (const x of draw(7, "bits", 10_000)) {
    assert.ok(x >= 0 && x < 1);
    const whole = x * 2 ** 53;
    assert.is(whole, Math.floor(whole));
    bits |= BigInt(whole);
  }
  assert.is(bits, 2n ** 53n - 1n);
});

test("20,000 streams of near seeds and near names all begin differently", () => {
  const begins = new Set<number>();
  for (let seed = 0; seed < 100; seed++)
    for (let i = 0; i < 200; i++) begins.add(draw(seed, `client ${i}`, 1)[0] as number);
  assert.is(begins.size, 20_000);
});

test("first numbers over seeds are uniform, as are those over names (chi-square, 100 cells, 99.9 %)", () => {
  for (const first of [(i: number) => draw(i, "x", 1)[0], (i: number) => draw(1, `x${i}`, 1)[0]]) {
    const cells = new Array<number>(100).fill(0);
    for (let i = 0; i < 100_000; i++) (cells[Math.floor((first(i) as number) * 100)] as number)++;
    const chiSquare = cells.reduce((sum, n) => sum + (n - 1000) ** 2 / 1000, 0);
    assert.ok(chiSquare > 60 && chiSquare < 149, `chi-square with 99 degrees is ${chiSquare}`);
  }
});

test("streams of near names and near seeds, and a stream and its next numbers, are uncorrelated (4 standard errors)", () => {
  const count = 100_000;
  const correlation = (a: number[], b: number[]): number => {
    let sum = 0;
    for (let i = 0; i < count; i++) sum += ((a[i] as number) - 0.5) * ((b[i] as number) - 0.5);
    return (sum / count) * 12;
  };
  const base = draw(1, "a", count + 1);
  const others = [draw(1, "b", count), draw(2, "a", count), draw(1, "aa", count), base.slice(1)];
  for (const other of others) assert.ok(Math.abs(correlation(base, other)) < 4 / Math.sqrt(count));
});

test("PIN: the first numbers of seed 1, stream arrivals", () => {
  assert.equal(draw(1, "arrivals", 3), [0.5401398059422479, 0.1794553941849577, 0.570555220659903]);
});

test("a seed that is no whole number, or below 0, and a name that is no string are ParameterErrors", () => {
  for (const seed of [-1, 1.5, NaN, 2 ** 53, "1" as never])
    assert.throws(
      () => randomStream(seed, "x"),
      (e: Error) => e instanceof ParameterError,
    );
  assert.throws(() => randomStream(1, undefined as never), /randomStream: name must be a string, got undefined/);
});

test.run();
