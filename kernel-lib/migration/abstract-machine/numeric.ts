/**
 * The numeric instructions that the interpreter's loop does not do itself: by opcode, on registers. An i64 is two halves of 32 bits,
 * the low one first.
 */

/** Registers of a machine: three views of the same slots. */
export interface Registers {
  /** Two for each slot. */
  readonly ints: Int32Array;
  /** One for each slot. */
  readonly doubles: Float64Array;
  /** Two for each slot, of which the first is used. */
  readonly floats: Float32Array;
}

/** What a numeric instruction may trap with, by the numbers of {@link trapKinds}; 0 if it does not. */
export type NumericTrap = 0 | 2 | 3 | 4;
const noTrap = 0;
const divideByZero = 2;
const overflow = 3;
const invalidConversion = 4;

const two32 = 2 ** 32;
const two63 = 2 ** 63;
const two64 = 2 ** 64;

const asBigInt = (low: number, high: number): bigint => (BigInt(high) << 32n) | BigInt(low >>> 0);
const asUnsigned = (low: number, high: number): bigint => (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
const asDouble = (low: number, high: number): number => high * two32 + (low >>> 0);

/** The high half of the product of two unsigned numbers. */
export function multiplyHigh(a: number, b: number): number {
  const a0 = a & 0xffff;
  const a1 = a >>> 16;
  const b0 = b & 0xffff;
  const b1 = b >>> 16;
  const middle = a1 * b0 + ((a0 * b0) >>> 16);
  const other = (middle & 0xffff) + a0 * b1;
  return (a1 * b1 + (middle >>> 16) + (other >>> 16)) | 0;
}

function put64(ints: Int32Array, d: number, value: bigint): void {
  ints[d] = Number(BigInt.asIntN(32, value));
  ints[d + 1] = Number(BigInt.asIntN(32, value >> 32n));
}

// A whole number from −2^63 to 2^64.
function putWhole(ints: Int32Array, d: number, value: number): void {
  const high = Math.floor(value / two32);
  ints[d] = value - high * two32;
  ints[d + 1] = high;
}

function put(to: Registers, d: number, isDouble: boolean, value: number): void {
  if (!Number.isNaN(value)) {
    if (isDouble) to.doubles[d >> 1] = value;
    else to.floats[d] = value;
  } else if (isDouble) {
    to.ints[d] = 0;
    to.ints[d + 1] = 0x7ff80000;
  } else to.ints[d] = 0x7fc00000;
}

/** To the nearest whole number, ties to even. */
function nearest(x: number): number {
  const magnitude = Math.abs(x);
  if (!(magnitude < 4503599627370496)) return x;
  const rounded = magnitude + 4503599627370496 - 4503599627370496;
  return x < 0 || Object.is(x, -0) ? -rounded : rounded;
}

const bitsSet = (x: number): number => {
  const pairs = x - ((x >>> 1) & 0x55555555);
  const nibbles = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return Math.imul((nibbles + (nibbles >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
};

const trailingZeros = (x: number): number => (x === 0 ? 32 : 31 - Math.clz32(x & -x));

// To the nearest f32. Rounding first to f64 would round twice, so of large numbers only the bits that count are kept, the last as "there was more".
function floatOf(low: number, high: number, signed: boolean): number {
  const whole = signed ? asDouble(low, high) : asDouble(low, high >>> 0);
  if (Math.abs(whole) < 9007199254740992) return whole;
  const cut = low & 0x7ff ? (low & ~0x7ff) | 0x800 : low;
  return signed ? asDouble(cut, high) : asDouble(cut, high >>> 0);
}

function truncate32(ints: Int32Array, d: number, x: number, signed: boolean): NumericTrap {
  if (Number.isNaN(x)) return invalidConversion;
  if (!(signed ? x > -2147483649 && x < 2147483648 : x > -1 && x < two32)) return overflow;
  ints[d] = signed ? x : x >>> 0;
  return noTrap;
}

function truncate64(ints: Int32Array, d: number, x: number, signed: boolean): NumericTrap {
  if (Number.isNaN(x)) return invalidConversion;
  if (!(signed ? x >= -two63 && x < two63 : x > -1 && x < two64)) return overflow;
  putWhole(ints, d, Math.trunc(x));
  return noTrap;
}

function saturate(ints: Int32Array, d: number, x: number, code: number): void {
  const signed = (code & 1) === 0;
  if (code < 0x104) {
    const whole = Number.isNaN(x)
      ? 0
      : signed
        ? Math.min(Math.max(x, -2147483648), 2147483647)
        : Math.min(Math.max(x, 0), 4294967295);
    ints[d] = signed ? whole : whole >>> 0;
    return;
  }
  const beyond = signed ? two63 : two64;
  const least = signed ? -two63 : 0;
  if (x >= beyond) {
    ints[d] = -1;
    ints[d + 1] = signed ? 0x7fffffff : -1;
  } else putWhole(ints, d, Number.isNaN(x) ? 0 : Math.trunc(Math.max(x, least)));
}

/** Does an instruction of one operand: register `a` to register `d`. The number of a trap, or 0. */
export function unary(code: number, to: Registers, d: number, a: number): NumericTrap {
  const { ints, doubles, floats } = to;
  const low = ints[a] as number;
  const high = ints[a + 1] as number;
  switch (code) {
    case 0x67:
      ints[d] = Math.clz32(low);
      return noTrap;
    case 0x68:
      ints[d] = trailingZeros(low);
      return noTrap;
    case 0x69:
      ints[d] = bitsSet(low);
      return noTrap;
    case 0x79:
      ints[d] = high === 0 ? 32 + Math.clz32(low) : Math.clz32(high);
      ints[d + 1] = 0;
      return noTrap;
    case 0x7a:
      ints[d] = low === 0 ? 32 + trailingZeros(high) : trailingZeros(low);
      ints[d + 1] = 0;
      return noTrap;
    case 0x7b:
      ints[d] = bitsSet(low) + bitsSet(high);
      ints[d + 1] = 0;
      return noTrap;
    case 0x8b:
      ints[d] = low & 0x7fffffff;
      return noTrap;
    case 0x8c:
      ints[d] = low ^ 0x80000000;
      return noTrap;
    case 0x99:
      ints[d] = low;
      ints[d + 1] = high & 0x7fffffff;
      return noTrap;
    case 0x9a:
      ints[d] = low;
      ints[d + 1] = high ^ 0x80000000;
      return noTrap;
    case 0xac:
      ints[d] = low;
      ints[d + 1] = low >> 31;
      return noTrap;
    case 0xad:
      ints[d] = low;
      ints[d + 1] = 0;
      return noTrap;
    case 0xc0:
      ints[d] = (low << 24) >> 24;
      return noTrap;
    case 0xc1:
      ints[d] = (low << 16) >> 16;
      return noTrap;
    case 0xc2:
      ints[d] = (low << 24) >> 24;
      ints[d + 1] = (low << 24) >> 31;
      return noTrap;
    case 0xc3:
      ints[d] = (low << 16) >> 16;
      ints[d + 1] = (low << 16) >> 31;
      return noTrap;
    case 0xc4:
      ints[d] = low;
      ints[d + 1] = low >> 31;
      return noTrap;
  }
  const float = floats[a] as number;
  const double = doubles[a >> 1] as number;
  switch (code) {
    case 0x8d:
      put(to, d, false, Math.ceil(float));
      return noTrap;
    case 0x8e:
      put(to, d, false, Math.floor(float));
      return noTrap;
    case 0x8f:
      put(to, d, false, Math.trunc(float));
      return noTrap;
    case 0x90:
      put(to, d, false, nearest(float));
      return noTrap;
    case 0x91:
      put(to, d, false, Math.sqrt(float));
      return noTrap;
    case 0x9b:
      put(to, d, true, Math.ceil(double));
      return noTrap;
    case 0x9c:
      put(to, d, true, Math.floor(double));
      return noTrap;
    case 0x9d:
      put(to, d, true, Math.trunc(double));
      return noTrap;
    case 0x9e:
      put(to, d, true, nearest(double));
      return noTrap;
    case 0x9f:
      put(to, d, true, Math.sqrt(double));
      return noTrap;
    case 0xa8:
    case 0xa9:
      return truncate32(ints, d, float, code === 0xa8);
    case 0xaa:
    case 0xab:
      return truncate32(ints, d, double, code === 0xaa);
    case 0xae:
    case 0xaf:
      return truncate64(ints, d, float, code === 0xae);
    case 0xb0:
    case 0xb1:
      return truncate64(ints, d, double, code === 0xb0);
    case 0xb2:
      put(to, d, false, low);
      return noTrap;
    case 0xb3:
      put(to, d, false, low >>> 0);
      return noTrap;
    case 0xb4:
    case 0xb5:
      put(to, d, false, floatOf(low, high, code === 0xb4));
      return noTrap;
    case 0xb6:
      put(to, d, false, double);
      return noTrap;
    case 0xb7:
      put(to, d, true, low);
      return noTrap;
    case 0xb8:
      put(to, d, true, low >>> 0);
      return noTrap;
    case 0xb9:
      put(to, d, true, asDouble(low, high));
      return noTrap;
    case 0xba:
      put(to, d, true, asDouble(low, high >>> 0));
      return noTrap;
    case 0xbb:
      put(to, d, true, float);
      return noTrap;
    default:
      // 0x100 to 0x107
      saturate(ints, d, code & 2 ? double : float, code);
      return noTrap;
  }
}

/** Does an instruction of two operands: registers `a` and `b` to register `d`. The number of a trap, or 0. */
export function binary(code: number, to: Registers, d: number, a: number, b: number): NumericTrap {
  const { ints } = to;
  if (code <= 0x78) return binary32(code, ints, d, ints[a] as number, ints[b] as number);
  if (code <= 0x8a) return binary64(code, ints, d, a, b);
  const isDouble = code >= 0xa0;
  if (code === 0x98) {
    ints[d] = ((ints[a] as number) & 0x7fffffff) | ((ints[b] as number) & 0x80000000);
    return noTrap;
  }
  if (code === 0xa6) {
    const high = ((ints[a + 1] as number) & 0x7fffffff) | ((ints[b + 1] as number) & 0x80000000);
    ints[d] = ints[a] as number;
    ints[d + 1] = high;
    return noTrap;
  }
  const x = (isDouble ? to.doubles[a >> 1] : to.floats[a]) as number;
  const y = (isDouble ? to.doubles[b >> 1] : to.floats[b]) as number;
  put(to, d, isDouble, code === 0x96 || code === 0xa4 ? Math.min(x, y) : Math.max(x, y));
  return noTrap;
}

function binary32(code: number, ints: Int32Array, d: number, x: number, y: number): NumericTrap {
  if (y === 0) return divideByZero;
  switch (code) {
    case 0x6d:
      if (y === -1 && x === -2147483648) return overflow;
      ints[d] = x / y;
      return noTrap;
    case 0x6e:
      ints[d] = (x >>> 0) / (y >>> 0);
      return noTrap;
    case 0x6f:
      ints[d] = x % y;
      return noTrap;
    default:
      ints[d] = (x >>> 0) % (y >>> 0);
      return noTrap;
  }
}

function binary64(code: number, ints: Int32Array, d: number, a: number, b: number): NumericTrap {
  const xLow = ints[a] as number;
  const xHigh = ints[a + 1] as number;
  const yLow = ints[b] as number;
  const yHigh = ints[b + 1] as number;
  if (code === 0x89 || code === 0x8a) {
    const left = (code === 0x89 ? yLow : -yLow) & 63;
    const [low, high] = left & 32 ? [xHigh, xLow] : [xLow, xHigh];
    const by = left & 31;
    ints[d] = by === 0 ? low : (low << by) | (high >>> (32 - by));
    ints[d + 1] = by === 0 ? high : (high << by) | (low >>> (32 - by));
    return noTrap;
  }
  if ((yLow | yHigh) === 0) return divideByZero;
  const signed = code === 0x7f || code === 0x81;
  const remainder = code >= 0x81;
  const small = (high: number): boolean => (signed ? high >= -0x200000 && high < 0x200000 : high >>> 0 < 0x200000);
  if (small(xHigh) && small(yHigh)) {
    const x = asDouble(xLow, xHigh);
    const y = asDouble(yLow, yHigh);
    putWhole(ints, d, remainder ? x % y : Math.trunc(x / y));
    return noTrap;
  }
  if (signed && yLow === -1 && yHigh === -1 && xLow === 0 && xHigh === -2147483648) {
    if (!remainder) return overflow;
    ints[d] = 0;
    ints[d + 1] = 0;
    return noTrap;
  }
  const x = signed ? asBigInt(xLow, xHigh) : asUnsigned(xLow, xHigh);
  const y = signed ? asBigInt(yLow, yHigh) : asUnsigned(yLow, yHigh);
  put64(ints, d, remainder ? x % y : x / y);
  return noTrap;
}
