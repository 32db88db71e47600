import {
  type BackEnd,
  boundedLoad,
  choices,
  consistentHash,
  type DispatchPolicy,
  joinIdleQueue,
  lard,
  lardReplicated,
  leastConnections,
  maglev,
  maglevTable,
  ParameterError,
  randomStream,
  rendezvous,
  roundRobin,
  weighted,
} from "kernel-lib";
import { suite } from "uvu";
import * as assert from "uvu/assert";

const test = suite("policies of dispatch");

interface Server extends BackEnd {
  active: number;
  health: "up" | "draining" | "down";
  weight: number;
}
const servers = (n: number): Server[] =>
  Array.from({ length: n }, (_, i) => ({ name: `b${i}`, active: 0, health: "up", weight: 1 }));
const keys = Array.from({ length: 20_000 }, (_, i) => `/page/${i}`);
const namesOf = (policy: DispatchPolicy, backEnds: readonly Server[], count: number) =>
  Array.from({ length: count }, () => policy.choose({}, backEnds)?.name);

const all: Readonly<Record<string, () => DispatchPolicy>> = {
  roundRobin,
  weighted,
  leastConnections,
  random: () => choices(1, randomStream(1, "choices")),
  choices: () => choices(2, randomStream(1, "choices")),
  joinIdleQueue: () => joinIdleQueue(randomStream(1, "idle")),
  consistentHash: () => consistentHash(),
  boundedLoad: () => boundedLoad(),
  rendezvous,
  maglev: () => maglev({ size: 251 }),
  lard: () => lard(),
  lardReplicated: () => lardReplicated(() => 0),
};

for (const [name, make] of Object.entries(all)) {
  test(`${name} chooses none that is down or draining, and undefined when none is up`, () => {
    const policy = make();
    const backEnds = servers(6);
    const random = randomStream(2, name);
    for (let i = 0; i < 3000; i++) {
      const changed = backEnds[Math.floor(random() * 6)] as Server;
      changed.health = (["up", "draining", "down"] as const)[Math.floor(random() * 3)] as Server["health"];
      const request = { key: `k${i % 50}` };
      const chosen = policy.choose(request, backEnds);
      assert.is(
        chosen === undefined,
        backEnds.every(({ health }) => health !== "up"),
      );
      if (!chosen) continue;
      assert.is(chosen.health, "up");
      chosen.active++;
      const ending = backEnds[Math.floor(random() * 6)] as Server;
      if (ending.active > 0) {
        ending.active--;
        policy.done?.(request, ending);
      }
    }
    assert.is(policy.choose({}, []), undefined);
  });

  test(`${name} uses a back end again that came back, and leaves none out for ever`, () => {
    const policy = make();
    const backEnds = servers(3);
    const last = backEnds[2] as Server;
    const given = (from: number) => {
      const counts = new Map<string, number>();
      for (let i = from; i < from + 600; i++) {
        // Each request takes as long as the three that come after it.
        const chosen = policy.choose({ key: `k${i}` }, backEnds) as Server;
        chosen.active++;
        counts.set(chosen.name, (counts.get(chosen.name) ?? 0) + 1);
        underWay.push(chosen);
        const ending = underWay.length > 3 ? underWay.shift() : undefined;
        if (!ending) continue;
        ending.active--;
        policy.done?.({ key: `k${i - 3}` }, ending);
      }
      return counts;
    };
    const underWay: Server[] = [];
    given(0);
    last.health = "down";
    assert.is(given(600).get("b2"), undefined);
    last.health = "up";
    if (name.startsWith("lard")) for (const backEnd of backEnds.slice(0, 2)) backEnd.active += 10;
    assert.ok((given(1200).get("b2") ?? 0) > 60, "it got less than a tenth");
  });
}

test("round robin gives each as many, and skips who is down", () => {
  const backEnds = servers(4);
  (backEnds[1] as Server).health = "down";
  assert.equal(namesOf(roundRobin(), backEnds, 6), ["b0", "b2", "b3", "b0", "b2", "b3"]);
});

test("weights of 5, 1, 1 are served a a b a c a a, smoothly", () => {
  const backEnds = servers(3);
  (backEnds[0] as Server).weight = 5;
  assert.equal(namesOf(weighted(), backEnds, 7), ["b0", "b0", "b1", "b0", "b2", "b0", "b0"]);
});

test("least connections takes the fewest for the weight, and equals take turns", () => {
  const backEnds = servers(3);
  assert.equal(namesOf(leastConnections(), backEnds, 4), ["b0", "b1", "b2", "b0"]);
  Object.assign(backEnds[0] as Server, { active: 5, weight: 4 });
  Object.assign(backEnds[1] as Server, { active: 2 });
  Object.assign(backEnds[2] as Server, { active: 3 });
  assert.equal(namesOf(leastConnections(), backEnds, 2), ["b0", "b0"]);
});

test("two choices never take the more loaded of two, three of three are all, and each pair is drawn alike", () => {
  const backEnds = servers(5);
  for (const [i, backEnd] of backEnds.entries()) backEnd.active = i;
  const counts = [0, 0, 0, 0, 0];
  const policy = choices(2, randomStream(3, "choices"));
  for (let i = 0; i < 40_000; i++) (counts[policy.choose({}, backEnds)?.active as number] as number)++;
  // Of 10 pairs, 4 hold the least loaded, 3 of the others the next, and so on; 6 deviations of a binomial at most.
  for (const [i, wanted] of [0.4, 0.3, 0.2, 0.1, 0].entries())
    assert.ok(Math.abs((counts[i] as number) / 40_000 - wanted) <= 6 * Math.sqrt((wanted * (1 - wanted)) / 40_000));
  const two = servers(3);
  Object.assign(two[2] as Server, { active: -1 });
  assert.equal(new Set(namesOf(choices(3, randomStream(4, "choices")), two, 100)), new Set(["b2"]));
});

test("join idle queue serves in the order in which they became idle, and by chance when none is", () => {
  const policy = joinIdleQueue(randomStream(1, "idle"));
  const backEnds = servers(3);
  const take = () => {
    const chosen = policy.choose({}, backEnds) as Server;
    chosen.active++;
    return chosen.name;
  };
  assert.equal([take(), take(), take()], ["b0", "b1", "b2"]);
  for (const i of [2, 0]) {
    const backEnd = backEnds[i] as Server;
    backEnd.active--;
    policy.done?.({}, backEnd);
  }
  assert.equal([take(), take()], ["b2", "b0"]);
  assert.is(new Set(Array.from({ length: 40 }, take)).size, 3);
});

test("Maglev's table is the paper's: offsets and skips (3,4), (0,2), (3,1) of 7, with and without the middle one", () => {
  const [a, b, c] = [
    { offset: 3, skip: 4 },
    { offset: 0, skip: 2 },
    { offset: 3, skip: 1 },
  ] as const;
  assert.equal([...maglevTable(7, [a, b, c])], [1, 0, 1, 0, 2, 2, 0]);
  // The last of three is index 1 of two, so entries of 1 are the paper's B2.
  assert.equal(
    [...maglevTable(7, [a, c])].map((turn) => 2 * turn),
    [0, 0, 0, 0, 2, 2, 2],
  );
});

/** The share of keys that another back end gets after the last of ten has left, and of those that need not have moved. */
function moved(policy: DispatchPolicy) {
  const backEnds = servers(10);
  const before = keys.map((key) => policy.choose({ key }, backEnds)?.name);
  const left = backEnds[9] as Server;
  left.health = "down";
  const after = keys.map((key) => policy.choose({ key }, backEnds)?.name);
  const changed = before.map((name, i) => name !== after[i]);
  const needless = changed.filter((isChanged, i) => isChanged && before[i] !== left.name);
  const own = before.filter((name) => name === left.name).length / keys.length;
  left.health = "up";
  assert.equal(
    keys.map((key) => policy.choose({ key }, backEnds)?.name),
    before,
    "who comes back gets its keys back",
  );
  return { share: changed.filter(Boolean).length / keys.length, needless: needless.length / keys.length, own };
}

test("when one of ten leaves, ring and rendezvous move its keys, a tenth, and no others; Maglev moves some .2 % more", () => {
  for (const policy of [consistentHash({ virtualNodes: 1000 }), rendezvous()]) {
    const { share, needless, own } = moved(policy);
    assert.is(needless, 0, policy.name);
    assert.is(share, own, policy.name);
    assert.ok(Math.abs(share - 0.1) < 0.012, `${policy.name} moves ${share}`);
  }
  const { share, needless } = moved(maglev());
  assert.ok(Math.abs(share - 0.102) < 0.008 && needless < 0.005, `Maglev moves ${share}, ${needless} needlessly`);
});

test("a hash modulo the number of back ends moves nine tenths of the keys", () => {
  const at = (n: number) => keys.map((_, i) => Math.floor(randomStream(i, "key")() * 2 ** 32) % n);
  const [ten, nine] = [at(10), at(9)];
  const share = ten.filter((place, i) => place !== nine[i]).length / keys.length;
  assert.ok(Math.abs(share - 0.9) < 0.01, `${share}`);
});

test("whoever of any set leaves or comes, in any order of the list, ring and rendezvous move only keys from or to it", () => {
  const random = randomStream(5, "sets");
  const some = keys.slice(0, 300);
  for (let round = 0; round < 30; round++) {
    const backEnds = servers(2 + Math.floor(random() * 12));
    for (const backEnd of backEnds) backEnd.weight = 1 + Math.floor(random() * 3);
    const changed = backEnds[Math.floor(random() * backEnds.length)] as Server;
    const others = backEnds.filter((backEnd) => backEnd !== changed).reverse();
    for (const make of [() => consistentHash(), rendezvous]) {
      const [large, small] = [make(), make()];
      for (const key of some) {
        const name = large.choose({ key }, backEnds)?.name;
        if (name !== changed.name) assert.is(small.choose({ key }, others)?.name, name);
      }
    }
  }
});

test("rendezvous shares keys by weight", () => {
  const backEnds = servers(4);
  for (const [i, backEnd] of backEnds.entries()) backEnd.weight = i + 1;
  const counts = [0, 0, 0, 0];
  const policy = rendezvous();
  for (const key of keys) (counts[backEnds.indexOf(policy.choose({ key }, backEnds) as Server)] as number)++;
  for (const [i, count] of counts.entries())
    assert.ok(Math.abs(count / keys.length - (i + 1) / 10) < 0.015, `${i}: ${count}`);
});

test("every two shares of Maglev's table differ by one entry at most, and the order of the list does not matter", () => {
  const preferences = Array.from({ length: 13 }, (_, i) => ({ offset: (i * 37) % 251, skip: 1 + ((i * 91) % 250) }));
  const counts = new Array<number>(13).fill(0);
  for (const turn of maglevTable(251, preferences)) (counts[turn] as number)++;
  assert.ok(Math.max(...counts) - Math.min(...counts) <= 1);
  const [policy, backwards] = [maglev({ size: 251 }), maglev({ size: 251 })];
  const backEnds = servers(7);
  const reversed = [...backEnds].reverse();
  for (const key of keys.slice(0, 500))
    assert.is(policy.choose({ key }, backEnds)?.name, backwards.choose({ key }, reversed)?.name);
});

test("bounded load never gives a back end more than ⌈c · average⌉, whatever ends when, and is the plain ring when there is room", () => {
  for (const factor of [1.05, 1.25, 2]) {
    const policy = boundedLoad({ factor });
    const random = randomStream(6, `${factor}`);
    const backEnds = servers(8);
    let total = 0;
    for (let i = 0; i < 5000; i++) {
      // Half of all requests are for one key.
      const chosen = policy.choose({ key: random() < 0.5 ? "hot" : `k${i}` }, backEnds) as Server;
      chosen.active++;
      total++;
      assert.ok(chosen.active <= Math.ceil((factor * total) / 8), `${chosen.active} of ${total} at factor ${factor}`);
      const ending = backEnds[Math.floor(random() * 8)] as Server;
      if (ending.active > 0 && random() < 0.9) {
        ending.active--;
        total--;
      }
    }
  }
  const [bounded, plain] = [boundedLoad(), consistentHash()];
  const idle = servers(8);
  for (const key of keys.slice(0, 500))
    assert.is(bounded.choose({ key }, idle)?.name, plain.choose({ key }, idle)?.name);
});

test("LARD keeps a key where it is until that is over high while another is under low, or at 2·high", () => {
  const policy = lard({ low: 2, high: 4 });
  const backEnds = servers(2);
  const [a, b] = backEnds as [Server, Server];
  const at = (first: number, second: number) => {
    [a.active, b.active] = [first, second];
    return policy.choose({ key: "page" }, backEnds)?.name;
  };
  assert.equal([at(0, 0), at(4, 0), at(5, 2), at(7, 2)], ["b0", "b0", "b0", "b0"]);
  assert.is(at(5, 1), "b1");
  assert.equal([at(0, 4), at(7, 8), at(0, 0)], ["b1", "b0", "b0"]);
});

test("LARD/R adds to a key's set under load, takes the least loaded of it, and shrinks it when it was the same for keepMs", () => {
  let nowMs = 0;
  const policy = lardReplicated(() => nowMs, { low: 2, high: 4, keepMs: 100 });
  const backEnds = servers(2);
  const [a, b] = backEnds as [Server, Server];
  const at = (timeMs: number, first: number, second: number) => {
    [nowMs, a.active, b.active] = [timeMs, first, second];
    return policy.choose({ key: "page" }, backEnds)?.name;
  };
  assert.equal([at(0, 0, 0), at(1, 4, 0), at(2, 5, 1)], ["b0", "b0", "b1"]);
  assert.equal([at(3, 0, 1), at(4, 3, 1)], ["b0", "b1"], "both are in the set");
  assert.is(at(103, 0, 1), "b0", "b1 is the more loaded, and goes");
  assert.is(at(104, 3, 0), "b0", "only b0 is left");
});

test("what a policy can't be made of is refused by name", () => {
  const refused = (make: () => unknown, said: string) =>
    assert.throws(make, (error: Error) => error instanceof ParameterError && error.message.startsWith(said));
  refused(() => choices(0, Math.random), "choices: d must be a whole number of at least 1, got 0");
  refused(() => choices(2, undefined as never), "choices: source must be a random source");
  refused(() => joinIdleQueue(7 as never), "joinIdleQueue: source must be");
  refused(() => consistentHash({ virtualNodes: 0.5 }), "consistentHash: virtualNodes must be");
  refused(() => boundedLoad({ factor: 1 }), "boundedLoad: factor must be a finite number above 1, got 1");
  refused(() => maglev({ size: 65_536 }), "maglev: size must be a prime, got 65536");
  refused(() => maglevTable(7, [{ offset: 7, skip: 1 }]), "maglevTable: preferences[0].offset must be");
  refused(() => lard({ low: 70 }), "lard: high must be above low (70), got 65");
  refused(() => lardReplicated(5 as never), "lardReplicated: now must be");
  refused(() => maglev({ size: 3 }).choose({}, servers(4)), "maglevTable: preferences must be an array of 1 to 3");
});

test.run();
