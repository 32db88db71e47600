import fc from "fast-check";

const change = fc.record({ kind: fc.constantFrom("set", "cut", "insert"), at: fc.nat(2000), byte: fc.nat(255) });

/** What is right, with a few bytes changed, cut off or put in; or bytes without any sense. */
export const spoilt = (right: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> =>
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.tuple(right, fc.array(change, { maxLength: 4 })).map(([bytes, changes]) => changed(bytes, changes)),
    },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }) },
  );

function changed(bytes: Uint8Array, changes: readonly { kind: string; at: number; byte: number }[]): Uint8Array {
  const result = [...bytes];
  for (const { kind, at, byte } of changes) {
    const place = at % (result.length + 1);
    if (kind === "set" && place < result.length) result[place] = byte;
    else if (kind === "cut") result.length = place;
    else result.splice(place, 0, byte);
  }
  return Uint8Array.from(result);
}
