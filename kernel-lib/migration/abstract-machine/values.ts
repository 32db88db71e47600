import { refuse } from "../../errors.js";
import type { Registers } from "./numeric.js";
import { f32, f64, i32, i64, type TypeCode } from "./opcodes.js";
import type { MachineValue } from "./types.js";

/** Reads a value from a register. */
export function readValue({ ints, doubles, floats }: Registers, register: number, type: TypeCode): MachineValue {
  if (type === i32) return ints[register] as number;
  if (type === f32) return floats[register] as number;
  if (type === f64) return doubles[register >> 1] as number;
  return (BigInt(ints[register + 1] as number) << 32n) | BigInt((ints[register] as number) >>> 0);
}

/** Reads values from registers that follow each other. */
export function readValues(from: Registers, register: number, types: readonly TypeCode[]): MachineValue[] {
  return types.map((type, i) => readValue(from, register + 2 * i, type));
}

/** Writes a value into a register, or throws a {@link ParameterError} that names the field. */
export function writeValue(
  to: Registers,
  register: number,
  type: TypeCode,
  value: unknown,
  where: string,
  field: string,
): void {
  const { ints, doubles, floats } = to;
  if (type === i64) {
    if (typeof value !== "bigint" || value < -(2n ** 63n) || value >= 2n ** 64n)
      refuse(where, field, "a bigint of 64 bits (i64)", value);
    ints[register] = Number(BigInt.asIntN(32, value));
    ints[register + 1] = Number(BigInt.asIntN(32, value >> 32n));
    return;
  }
  if (typeof value !== "number") return refuse(where, field, "a number", value);
  if (type === i32) {
    if (!Number.isInteger(value) || value < -(2 ** 31) || value >= 2 ** 32)
      refuse(where, field, "a whole number of 32 bits (i32)", value);
    ints[register] = value;
  } else if (type === f32) {
    floats[register] = value;
    if (Number.isNaN(value)) ints[register] = 0x7fc00000;
  } else {
    doubles[register >> 1] = value;
    if (!Number.isNaN(value)) return;
    ints[register] = 0;
    ints[register + 1] = 0x7ff80000;
  }
}

/** Writes values into registers that follow each other; nothing is written unless all fit. */
export function writeValues(
  to: Registers,
  register: number,
  types: readonly TypeCode[],
  values: readonly unknown[],
  where: string,
  what: string,
): void {
  if (values.length !== types.length) refuse(where, what, `${types.length} values`, values);
  const checked = { ints: new Int32Array(2), doubles: new Float64Array(1), floats: new Float32Array(2) };
  types.forEach((type, i) => void writeValue(checked, 0, type, values[i], where, `${what}[${i}]`));
  types.forEach((type, i) => void writeValue(to, register + 2 * i, type, values[i], where, `${what}[${i}]`));
}
