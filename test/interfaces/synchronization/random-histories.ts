import fc from "fast-check";
import type { DeviceHistory, DeviceStep } from "kernel-lib";

const names = ["phone", "laptop", "tablet"];
const device = fc.constantFrom(...names);
const entry = fc.constantFrom("dentist", "lunch");
const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ what: fc.constant("write" as const), device, entry }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constant("delete" as const), device, entry }) },
  {
    weight: 6,
    arbitrary: fc
      .record({ what: fc.constant("send" as const), device, to: device })
      .filter(({ device: from, to }) => from !== to),
  },
);

/** Histories of three devices whose clocks are wrong by up to 40 ms; fast-check makes them smaller step by step. */
export const histories: fc.Arbitrary<DeviceHistory> = fc
  .record({
    offsets: fc.array(fc.integer({ min: -40, max: 40 }), { minLength: 3, maxLength: 3 }),
    steps: fc.array(fc.record({ step, afterQuarters: fc.integer({ min: 1, max: 60 }) }), { maxLength: 14 }),
  })
  .map(({ offsets, steps }) => {
    let atMs = 100;
    return {
      devices: names.map((name, i) => ({ name, clockOffsetMs: offsets[i] as number })),
      steps: steps.map(({ step: each, afterQuarters }, i): DeviceStep => {
        atMs += afterQuarters / 4;
        return each.what === "write" ? { ...each, atMs, value: `value ${i}` } : { ...each, atMs };
      }),
    };
  });
