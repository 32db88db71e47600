import fc from "fast-check";
import {
  decodeReply,
  dispatch,
  encodeCall,
  MalformedMessage,
  marshalledCall,
  oncAnswers,
  procedure,
  remoteInterface,
  XdrReader,
  XdrWriter,
  xdr,
} from "kernel-lib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { spoilt } from "../../protocol/spoilt.js";
import { soaked } from "../../soak.js";

const test = suite("stubs-fuzz");
const numRuns = soaked(100_000);
const seed = Number(process.env.SOAK_SEED ?? 1);
const { int, uint, double, bool, string, opaque, array, struct, optional, nothing } = xdr;

const person = struct({ name: string(12), points: int, tags: array(string(6), 4), photo: optional(opaque(9)) });
const Everything = remoteInterface({
  program: 0x20000003,
  version: 1,
  methods: {
    all: procedure(1, [uint, double, bool, array(person, 5)], array(person, 5)),
    none: procedure(2, [], nothing),
  },
});
type Person = xdr.ValueOf<typeof person>;

const text = (maxBytes: number) =>
  fc.string({ unit: "grapheme", maxLength: 4 }).filter((each) => Buffer.byteLength(each) <= maxBytes);
const people: fc.Arbitrary<Person[]> = fc.array(
  fc.record(
    {
      name: text(12),
      points: fc.integer({ min: -0x80000000, max: 0x7fffffff }),
      tags: fc.array(text(6), { maxLength: 4 }),
      photo: fc.option(fc.uint8Array({ maxLength: 9 }), { nil: undefined }),
    },
    { noNullPrototype: true },
  ),
  { maxLength: 5 },
);
const args = fc.tuple(fc.nat(0xffffffff), fc.double(), fc.boolean(), people);

const written = (values: readonly [number, number, boolean, Person[]]): Uint8Array => {
  const hex = marshalledCall(Everything, "all", values)
    .slice(10)
    .map((row) => row.hex.replaceAll(" ", ""))
    .join("");
  return Uint8Array.from(Buffer.from(hex, "hex"));
};
const call = args.map((values) =>
  encodeCall({ xid: 7, program: Everything.program, version: 1, procedure: 1, args: written(values) }),
);
const found = async <T>(property: fc.IAsyncProperty<T>): Promise<void> => {
  const result = await fc.check(property, { numRuns, seed });
  assert.not.ok(result.failed, `SOAK_SEED=${seed}: ${result.errorInstance}\n${fc.stringify(result.counterexample)}`);
};

test(`${numRuns} values come out of XDR as they went in, and take a multiple of four bytes`, () =>
  found(
    fc.asyncProperty(args, async (values) => {
      const bytes = written(values);
      const reader = new XdrReader(bytes);
      const back = Everything.methods.all.args.map((type) => (type as xdr.XdrType<unknown>).read(reader));
      assert.equal(back, values);
      assert.is(reader.rest().length, 0);
      assert.is(bytes.length % 4, 0);
      assert.ok(Object.is(back[1], values[1]));
    }),
  ));

test(`${numRuns} spoilt calls of a stub are answered, or are no calls; what is executed has the types of the interface`, async () => {
  const seen = new Map<string, number>();
  let executed: unknown[] = [];
  const answer = oncAnswers(
    dispatch(Everything, {
      all: (...values) => {
        executed = values;
        return values[3];
      },
      none: () => undefined,
    }),
  );
  await found(
    fc.asyncProperty(spoilt(call), async (bytes) => {
      executed = [];
      const bytesBack = await answer(bytes);
      const reply = bytesBack && decodeReply(bytesBack);
      const status = reply?.status ?? "none";
      seen.set(status, (seen.get(status) ?? 0) + 1);
      if (reply && reply.xid !== new XdrReader(bytes).uint()) throw new Error("another xid");
      if (status === "SYSTEM_ERR") throw new Error("an error of ours");
      if (executed.length > 0) {
        Everything.methods.all.args.forEach((type, i) => {
          type.check("executed", `argument ${i + 1}`, executed[i]);
        });
        // What came back is what was read, so reading lost and made up nothing.
        if (reply?.status !== "SUCCESS") throw new Error("executed, and not answered");
        const writer = new XdrWriter();
        Everything.methods.all.result.write(writer, executed[3] as Person[]);
        assert.equal(reply.results, writer.finish());
      }
    }),
  );
  const rare = ["none", "SUCCESS", "GARBAGE_ARGS"].filter((status) => (seen.get(status) ?? 0) < numRuns / 500);
  assert.equal(rare, [], JSON.stringify(Object.fromEntries(seen)));
});

test("a length that no message can have is refused before anything is kept for it", () => {
  const huge = new XdrWriter().uint(0xffffffff).uint(0).finish();
  for (const type of [string(), opaque(), array(int), array(nothing, 10)])
    assert.throws(
      () => type.read(new XdrReader(huge)),
      (error: Error) => error instanceof MalformedMessage,
    );
  assert.throws(
    () => array(int, 0xffffffff).read(new XdrReader(huge)),
    (error: Error) => error instanceof MalformedMessage,
  );
});

test.run();
