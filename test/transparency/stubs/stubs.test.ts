import {
  anything,
  encodeCall,
  encodeReply,
  type Host,
  type Implementation,
  marshalledCall,
  on,
  procedure,
  remoteInterface,
  rpcLanguage,
  scenario,
  serve,
  simulate,
  stub,
  XdrWriter,
  xdr,
} from "kernel-lib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { failureOf, inBothWorlds, type Play, rowsOf } from "../../world/both-worlds.js";

const test = suite("stubs");
const { int, double, string, array, struct, optional, nothing } = xdr;

const Calculator = remoteInterface({
  program: 0x20000002,
  version: 1,
  methods: {
    add: procedure(1, [int, int], int),
    sum: procedure(2, [array(double, 1000)], double),
    greet: procedure(3, [struct({ name: string(20), title: optional(string(10)) })], string(60)),
    rest: procedure(4, [double], nothing),
    fail: procedure(5, [string(40)], nothing),
    wrong: procedure(6, [], int),
    echo: procedure(7, [anything], anything),
  },
});

class BankError extends Error {
  override name = "BankError";
  readonly balance = 12;
}
const calculatorOf = (host: Host): Implementation<typeof Calculator> => ({
  add: (a, b) => a + b,
  sum: async (numbers) => numbers.reduce((sum, each) => sum + each, 0),
  greet: ({ name, title }) => `Good morning, ${title ? `${title} ` : ""}${name}`,
  rest: (ms) => host.sleep(ms),
  fail: (message) => {
    throw new BankError(message);
  },
  wrong: () => 1.5,
  echo: (value) => value,
});
const server = (host: Host) => serve(host, Calculator, calculatorOf);
const where = { host: "server", port: 80 };

const asking = <R>(client: (host: Host) => Promise<R>) =>
  scenario({
    hosts: { server: {}, client: {} },
    network: { latencyMs: 5 },
    programs: { server: on("server", server).daemon(), client: on("client", client) },
  });
const answerOf = async <R>(play: Play, client: (host: Host) => Promise<R>): Promise<R> =>
  (await play(asking(client))).results.client;

for (const marshalling of ["values", "xdr"] as const) {
  inBothWorlds(test, `a stub's method gives what the server's method returned (${marshalling})`, async (play) => {
    const answers = await answerOf(play, async (host) => {
      const calculator = stub(host, Calculator, where, { marshalling });
      return [
        await calculator.add(2_000_000_000, -7),
        await calculator.sum([0.5, -0.25, 1e300]),
        await calculator.greet({ name: "João", title: undefined }),
        await calculator.greet({ name: "Ana", title: "Dr." }),
        (await calculator.rest(1)) === undefined,
      ];
    });
    assert.equal(answers, [1_999_999_993, 1e300, "Good morning, João", "Good morning, Dr. Ana", true]);
  });

  inBothWorlds(
    test,
    `what the method threw arrives as another class, and the next call is served (${marshalling})`,
    async (play) => {
      const heard = await answerOf(play, async (host) => {
        const calculator = stub(host, Calculator, where, { marshalling });
        const failure = await calculator
          .fail("no money")
          .catch((error) => [error.name, error.remoteName, error.message, error instanceof BankError]);
        return [failure, await failureOf(() => calculator.wrong()), await calculator.add(1, 1)];
      });
      const [thrown, wrong] =
        marshalling === "values"
          ? [
              ["RemoteError", "BankError", "no money", false],
              "RemoteError: wrong: its result must be a whole number from -2147483648 to 2147483647, got 1.5",
            ]
          : [["RemoteError", "SYSTEM_ERR", "the server failed", false], "RemoteError: the server failed"];
      assert.equal(heard, [thrown, wrong, 2]);
    },
  );
}

inBothWorlds(test, "calls of one stub that overlap do not wait for each other", async (play) => {
  const [fastMs, slowMs] = await answerOf(play, async (host) => {
    const calculator = stub(host, Calculator, where);
    const slow = host.spawn(() => calculator.rest(200), { as: "thread", name: "slow" });
    await host.sleep(20);
    await calculator.add(1, 2);
    const fastMs = host.now();
    await slow.done();
    return [fastMs, host.now()] as const;
  });
  assert.ok(fastMs < 150 && slowMs >= 200, `${fastMs}, ${slowMs}`);
});

inBothWorlds(test, "a second call uses the connection of the first", async (play, world) => {
  const run = await play(
    asking(async (host) => {
      const calculator = stub(host, Calculator, where);
      return (await calculator.add(1, 2)) + (await calculator.add(3, 4));
    }),
  );
  assert.is(run.results.client, 10);
  // Of real processes nobody has the rows.
  if (world !== "process") assert.is(new Set(rowsOf(run, "send").map(({ connection }) => connection)).size, 1);
});

inBothWorlds(
  test,
  "a call of another version, or of a method that is not there, executes nothing and says so",
  async (play) => {
    const Newer = remoteInterface({ ...Calculator, version: 2 });
    const Longer = remoteInterface({ ...Calculator, methods: { divide: procedure(8, [int, int], int) } });
    const Other = remoteInterface({ ...Calculator, methods: { add: procedure(1, [string(10)], int) } });
    const heard = await answerOf(play, async (host) => [
      await failureOf(() => stub(host, Newer, where).add(1, 2)),
      await failureOf(() => stub(host, Longer, where, { marshalling: "xdr" }).divide(1, 2)),
      await failureOf(() => stub(host, Other, where).add("1")),
      await failureOf(() => stub(host, Other, where, { marshalling: "xdr" }).add("12345")),
    ]);
    assert.equal(heard, [
      `CallRefused: add: program ${0x20000002} is here in version 1, not 2`,
      "CallRefused: divide: PROC_UNAVAIL",
      'CallRefused: add: the arguments of add can\'t be read: add: its arguments must be 2 of them (int, int), got ["1"]',
      "CallRefused: add: GARBAGE_ARGS",
    ]);
  },
);

inBothWorlds(test, "XDR carries no types: a text of one letter is taken for two whole numbers", async (play) => {
  const Other = remoteInterface({ ...Calculator, methods: { add: procedure(1, [string(10)], int) } });
  const sum = await answerOf(play, (host) => stub(host, Other, where, { marshalling: "xdr" }).add("1"));
  assert.is(sum, 1 + 0x31000000);
});

test("arguments that are none of their types are refused before anything is sent, and named", async () => {
  const run = await simulate(
    asking(async (host) => {
      const calculator = stub(host, Calculator, where);
      return [
        await failureOf(() => calculator.add(1, 2 ** 31)),
        await failureOf(() => calculator.add(1, "2" as never)),
        await failureOf(() => (calculator.add as (...args: number[]) => Promise<number>)(1)),
        await failureOf(() => calculator.sum([1, undefined as never])),
        await failureOf(() => calculator.greet({ name: "a".repeat(21), title: undefined })),
        await failureOf(() => calculator.greet({ name: "Ana", nick: "A" } as never)),
      ];
    }),
  );
  assert.equal(run.results.client, [
    "ParameterError: add: argument 2 must be a whole number from -2147483648 to 2147483647, got 2147483648",
    'ParameterError: add: argument 2 must be a whole number from -2147483648 to 2147483647, got "2"',
    "ParameterError: add: its arguments must be 2 of them (int, int), got [1]",
    "ParameterError: sum: argument 1[1] must be a number, got undefined",
    'ParameterError: greet: argument 1.name must be a text of at most 20 bytes, got "aaaaaaaaaaaaaaaaaaaaa"',
    'ParameterError: greet: argument 1.nick must be left out (the fields are name, title), got "A"',
  ]);
  assert.is(rowsOf(run, "send").length, 0);
});

inBothWorlds(test, "what a local call keeps and a remote one loses", async (play) => {
  class Point {
    constructor(readonly x: number) {}
    double = () => 2 * this.x;
  }
  const heard = await answerOf(play, async (host) => {
    const { echo } = stub(host, Calculator, where);
    const list = [3, 1, 2];
    const shared = { a: list, b: list };
    const back = await echo(shared);
    return {
      "an argument is a copy": back.a !== list && list.join() === "3,1,2",
      "identity inside of it is lost": back.a !== back.b,
      map: (await echo(new Map([["a", 1]]))) instanceof Map,
      set: Array.isArray(await echo(new Set([1]))),
      "minus zero": Object.is(await echo(-0), 0),
      undefined: JSON.stringify(Object.entries(await echo({ a: undefined, b: 1 }))),
      instance: (await echo({ x: new Point(1).x })) instanceof Point,
      callback: await failureOf(() => echo(() => 1)),
      cycle: await failureOf(() => {
        const cycle: { self?: unknown } = {};
        cycle.self = cycle;
        return echo(cycle);
      }),
    };
  });
  assert.is(heard["an argument is a copy"], true);
  assert.is(heard["identity inside of it is lost"], true);
  assert.is(heard.map, false);
  assert.is(heard.set, true);
  assert.is(heard["minus zero"], true);
  assert.is(heard.instance, false);
  assert.match(heard.callback, /^MessageError: .*function/);
  assert.match(heard.cycle, /^MessageError: /);
});

test("the bytes that are shown are the bytes that travel", async () => {
  const args = [{ name: "João", title: "Dr." }] as const;
  const rows = marshalledCall(Calculator, "greet", args, 77);
  const shown = rows.map(({ hex }) => hex.replaceAll(" ", "")).join("");
  const written = new XdrWriter().string("João").uint(1).string("Dr.").finish();
  const call = { xid: 77, program: 0x20000002, version: 1, procedure: 3, args: written };
  assert.is(shown, Buffer.from(encodeCall(call)).toString("hex"));
  assert.equal(
    rows.slice(10).map(({ byte, bytes, hex, field, type, value }) => [byte, bytes, hex, field, type, value]),
    [
      [40, 12, "00000005 4a6fc3a3 6f000000", "argument 1.name", "string<20>", '"João"'],
      [52, 4, "00000001", "argument 1.title is there", "bool", "true"],
      [56, 8, "00000003 44722e00", "argument 1.title", "string<10>", '"Dr."'],
    ],
  );
  // The stub's own call says who calls: AUTH_SYS, 36 bytes more than nobody for a name of 14 to 16 bytes.
  const run = await simulate(asking((host) => stub(host, Calculator, where, { marshalling: "xdr" }).add(2, 3)));
  const [sent, replied] = rowsOf(run, "send");
  const header = 5; // of the engine's own messages
  assert.ok(sent && replied);
  const plain = marshalledCall(Calculator, "add", [2, 3]).reduce((sum, row) => sum + row.bytes, 0);
  assert.ok(sent.bytes - header > plain && (sent.bytes - header) % 4 === 0, `${sent.bytes} and ${plain}`);
  const reply = encodeReply({ xid: 1, status: "SUCCESS", results: new XdrWriter().int(5).finish() });
  assert.is(replied.bytes, reply.length + header);
});

test("an interface is refused by name if it can't be served", () => {
  const refusal = (methods: Record<string, unknown>) => {
    try {
      remoteInterface({ program: 1, version: 1, methods: methods as never });
      return "none";
    } catch (error) {
      return (error as Error).message;
    }
  };
  const add = procedure(1, [int], int);
  assert.match(
    refusal({ add, sub: procedure(1, [int], int) }),
    /methods\.sub must be of another number than add, got 1/,
  );
  assert.match(refusal(Object.fromEntries(["then"].map((name) => [name, add]))), /methods must be without "then"/);
  assert.match(refusal({ add: 3 }), /methods\.add must be made by procedure/);
  assert.throws(() => procedure(0, [], int), /procedure: number must be a whole number from 1/);
  assert.throws(() => procedure(1, [5 as never], int), /procedure: args\[0\] must be a type/);
});

test("a stub is no promise, has no methods but its own, and can be awaited and printed", async () => {
  const run = await simulate(
    asking(async (host) => {
      const calculator = await stub(host, Calculator, where);
      return [Object.keys(calculator).length, `${JSON.stringify(calculator)} ${String(calculator)}`];
    }),
  );
  assert.equal(run.results.client, [7, "{} [object Object]"]);
});

test("the interface in the language of RPC names every composed type once", () => {
  const { echo: _echo, ...methods } = Calculator.methods;
  assert.is(
    rpcLanguage(remoteInterface({ ...Calculator, methods }), "calculator"),
    `typedef double calculator_t1<1000>;
typedef string calculator_t2<20>;
typedef string calculator_t3<10>;
typedef calculator_t3 *calculator_t4;
struct calculator_t5 {
  calculator_t2 name;
  calculator_t4 title;
};
typedef string calculator_t6<60>;
typedef string calculator_t7<40>;
program CALCULATOR {
  version CALCULATOR_V1 {
    int add(int, int) = 1;
    double sum(calculator_t1) = 2;
    calculator_t6 greet(calculator_t5) = 3;
    void rest(double) = 4;
    void fail(calculator_t7) = 5;
    int wrong(void) = 6;
  } = 1;
} = ${0x20000002};
`,
  );
  assert.throws(() => rpcLanguage(Calculator, "calculator"), /a type must be one of XDR, got "anything"/);
  assert.throws(() => rpcLanguage(Calculator, "my program"), /name must be letters/);
});

test.run();
