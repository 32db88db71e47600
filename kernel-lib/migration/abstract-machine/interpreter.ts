import { ModelError } from "../../errors.js";
import type { Execution } from "./execution.js";
import { binary, multiplyHigh, unary } from "./numeric.js";

/**
 * The internal code: an opcode, then its operands. `r` are registers, counted from the frame's first; the target comes first. What a jump costs
 * stands behind where it goes: the number of source instructions from there to the next place where the program may turn
 * off. It is paid on arrival, so that the code between carries no fuel.
 */
export const Op = {
  fuel: 0,
  step: 1,
  unreachable: 2,
  jump: 3,
  jumpIf: 4,
  jumpUnless: 5,
  jumpEq: 6,
  jumpNe: 7,
  jumpLtS: 8,
  jumpLtU: 9,
  jumpGtS: 10,
  jumpGtU: 11,
  jumpLeS: 12,
  jumpLeU: 13,
  jumpGeS: 14,
  jumpGeU: 15,
  jumpEqConst: 16,
  jumpNeConst: 17,
  jumpLtSConst: 18,
  jumpLtUConst: 19,
  jumpGtSConst: 20,
  jumpGtUConst: 21,
  jumpLeSConst: 22,
  jumpLeUConst: 23,
  jumpGeSConst: 24,
  jumpGeUConst: 25,
  jumpLtSGlobalConst: 26,
  jumpGeSGlobalConst: 27,
  jumpI64Eq: 28,
  jumpI64Ne: 29,
  jumpI64LtS: 30,
  jumpI64LtU: 31,
  jumpI64LeS: 32,
  jumpI64LeU: 33,
  jumpTable: 34,
  return0: 35,
  return32: 36,
  return64: 37,
  returnMany: 38,
  call: 39,
  callIndirect: 40,
  move32: 41,
  move64: 42,
  const32: 43,
  const64: 44,
  select32: 45,
  select64: 46,
  globalGet32: 47,
  globalAddConst: 48,
  globalGet64: 49,
  globalSet32: 50,
  globalSet64: 51,
  i32Eq: 52,
  i32Ne: 53,
  i32LtS: 54,
  i32LtU: 55,
  i32GtS: 56,
  i32GtU: 57,
  i32LeS: 58,
  i32LeU: 59,
  i32GeS: 60,
  i32GeU: 61,
  i32EqConst: 62,
  i32NeConst: 63,
  i32LtSConst: 64,
  i32LtUConst: 65,
  i32GtSConst: 66,
  i32GtUConst: 67,
  i32LeSConst: 68,
  i32LeUConst: 69,
  i32GeSConst: 70,
  i32GeUConst: 71,
  i32Add: 72,
  i32Sub: 73,
  i32Mul: 74,
  i32And: 75,
  i32Or: 76,
  i32Xor: 77,
  i32Shl: 78,
  i32ShrS: 79,
  i32ShrU: 80,
  i32AddConst: 81,
  i32SubConst: 82,
  i32MulConst: 83,
  i32AndConst: 84,
  i32OrConst: 85,
  i32XorConst: 86,
  i32ShlConst: 87,
  i32ShrSConst: 88,
  i32ShrUConst: 89,
  i32Rotl: 90,
  i32RotlConst: 91,
  i32Rotr: 92,
  i32AddShl: 93,
  i32Eqz: 94,
  i64Add: 95,
  i64Sub: 96,
  i64Mul: 97,
  i64And: 98,
  i64Or: 99,
  i64Xor: 100,
  i64Shl: 101,
  i64ShrS: 102,
  i64ShrU: 103,
  i64Eqz: 104,
  i64Eq: 105,
  i64Ne: 106,
  i64LtS: 107,
  i64LtU: 108,
  i64LeS: 109,
  i64LeU: 110,
  i64ExtendS: 111,
  i64ExtendU: 112,
  f64Add: 113,
  f64Sub: 114,
  f64Mul: 115,
  f64Div: 116,
  f32Add: 117,
  f32Sub: 118,
  f32Mul: 119,
  f32Div: 120,
  f64Eq: 121,
  f64Ne: 122,
  f64Lt: 123,
  f64Le: 124,
  f32Eq: 125,
  f32Ne: 126,
  f32Lt: 127,
  f32Le: 128,
  f64Sqrt: 129,
  f64ConvertS: 130,
  f64ConvertU: 131,
  unary: 132,
  binary: 133,
  load32: 134,
  load64: 135,
  load8S: 136,
  load8U: 137,
  load16S: 138,
  load16U: 139,
  load8S64: 140,
  load8U64: 141,
  load16S64: 142,
  load16U64: 143,
  load32S64: 144,
  load32U64: 145,
  load32Global: 146,
  store32: 147,
  store64: 148,
  store8: 149,
  store16: 150,
  store32Const: 151,
  store32Global: 152,
  store32GlobalConst: 153,
  memorySize: 154,
  memoryGrow: 155,
  bulk: 156,
} as const;

/** An operation of the internal code. */
export type Op = number;

/** Why the loop was left: traps first, by the numbers of `trapKinds`. */
export const StopCode = {
  none: 0,
  unreachable: 1,
  divideByZero: 2,
  overflow: 3,
  invalidConversion: 4,
  memoryBounds: 5,
  tableBounds: 6,
  undefinedElement: 7,
  uninitializedElement: 8,
  typeMismatch: 9,
  exhausted: 10,
  host: 11,
  finished: 12,
  outOfFuel: 13,
  waiting: 14,
} as const;
export type StopCode = (typeof StopCode)[keyof typeof StopCode];

/**
 * Runs a machine from the plain code of its innermost frame until there is a reason to stop.
 *
 * One function with everything in local variables, and cases that are literal numbers once compiled: only then does V8 jump by a table. It leaves the machine where it stopped, in `frames`
 * and `fuel`; at a trap or a call that waits, that is the internal code of the instruction itself.
 */
export function interpret(m: Execution): StopCode {
  const { compiled, globals, table, imported } = m;
  const { entries, typeIds } = compiled;
  let c = compiled.code;
  let r = m.ints;
  let d = m.doubles;
  let f = m.floats;
  let frames = m.frames;
  let memory = m.memory;
  let memory8 = m.memory8;
  let bytes = m.memoryBytes;
  let depth = m.depth;
  let fuel = m.fuel;
  let pc = frames[3 * depth + 1]!;
  let fp = frames[3 * depth + 2]!;
  let stop: StopCode = StopCode.none;
  let callee = 0;
  let base = 0;
  let behind = 0;
  let atLeader = false;
  run: for (;;) {
    switch (c[pc]) {
      case 0 satisfies typeof Op.fuel: {
        const cost = c[pc + 1]!;
        pc += 2;
        if (fuel >= cost) {
          fuel -= cost;
          continue;
        }
        atLeader = true;
        break;
      }
      case 1 satisfies typeof Op.step: {
        const cost = c[pc + 2]!;
        if (cost >= 0 && fuel >= cost) {
          fuel -= cost;
          pc = c[pc + 1]!;
          continue;
        }
        if (fuel === 0) {
          fuel = m.moreFuel();
          if (fuel > 0) continue;
          stop = StopCode.outOfFuel;
          break run;
        }
        fuel--;
        pc += 3;
        continue;
      }
      case 2 satisfies typeof Op.unreachable: {
        stop = StopCode.unreachable;
        break run;
      }
      case 3 satisfies typeof Op.jump: {
        const cost = c[pc + 2]!;
        pc = c[pc + 1]!;
        if (fuel >= cost) {
          fuel -= cost;
          continue;
        }
        atLeader = true;
        break;
      }
      case 4 satisfies typeof Op.jumpIf: {
        let cost: number;
        if (r[fp + c[pc + 1]!]! !== 0) {
          cost = c[pc + 3]!;
          pc = c[pc + 2]!;
        } else {
          cost = c[pc + 4]!;
          pc += 5;
        }
        if (fuel >= cost) {
          fuel -= cost;
          continue;
        }
        atLeader = true;
        break;
      }
      case 5 satisfies typeof Op.jumpUnless: {
        let cost: number;
        if (r[fp + c[pc + 1]!]! === 0) {
          cost = c[pc + 3]!;
          pc = c[pc + 2]!;
        } else {
          cost = c[pc + 4]!;
          pc += 5;
        }
        if (fuel >= cost) {
          fuel -= cost;
          continue;
        }
        atLeader = true;
        break;
      }
      case 6 satisfies typeof Op.jumpEq: {
        let cost: number;
        if (r[fp + c[pc + 1]!]! === r[fp + c[pc + 2]!]!) {
          cost = c[pc + 4]!;
          pc = c[pc + 3]!;
        } else {
          cost = c[pc + 5]!;
          pc += 6;
        }
        if (fuel >= cost) {
          fuel -= cost;
          continue;
        }
        atLeader = true;
        break;
      }
      case 7 satisfies typeof Op.jumpNe: {
        let cost: number;
        if (r[fp + c[pc + 1]!]! !== r[fp + c[pc + 2]!]!) {
          cost = c[pc + 4]!;
          pc = c[pc + 3]!;
        } else {
          cost = c[pc + 5]!;
          pc += 6;
        }
        if (fuel >= cost) {
          fuel -= cost;
          continue;
        }
        atLeader = true;
        break;
      }
      case 8 satisfies typeof Op.jumpLtS: {
        let cost: number;
        if (r[fp + c[pc + 1]!]! < r[fp + c[pc + 2]!]!) {
          cost = c[pc + 4]!;
          pc = c[pc + 3]!;
        } else {
          cost = c[pc + 5]!;
          pc += 6;
        }
        if (fuel >= cost) {
          fuel -= cost;
          continue;
        }
        atLeader = true;
        break;
      }
      case 9 satisfies typeof Op.jumpLtU: {
        let cost: number;
        if (r[fp + c[pc + 1]!]! >>> 0 < r[fp + c[pc + 2]!]! >>> 0) {
          cost = c[pc + 4]!;
          pc = c[pc + 3]!;
        } else {
          cost = c[pc + 5]!;
          pc += 6;
        }
        if (fuel >= cost) {
          fuel -= cost;
          continue;
        }
        atLeader = true;
        break;
      }
      case 10 satisfies typeof Op.jumpGtS: {
        let cost: number;
        if (r[fp + c[pc + 1]!]! > r[fp + c[pc + 2]!]!) {
          cost = c[pc + 4]!;
          pc = c[pc + 3]!;
        } else {
          cost = c[pc + 5]!;
          pc += 6;
        }
        if (fuel >= cost) {
          fuel -= cost;
          continue;
        }
        atLeader = true;
        break;
      }
      case 11 satisfies typeof Op.jumpGtU: {
        let cost: number;
        if (r[fp + c[pc + 1]!]! >>> 0 > r[fp + c[pc + 2]!]! >>> 0) {
          cost = c[pc + 4]!;
          pc = c[pc + 3]!;
        } else {
          cost = c[pc + 5]!;
          pc += 6;
        }
        if (fuel >= cost) {
          fuel -= cost;
          continue;
        }
        atLeader = true;
        break;
      }
      case 12 satisfies typeof Op.jumpLeS: {
        let cost: number;
        if (r[fp + c[pc + 1]!]! <= r[fp + c[pc + 2]!]!) {
          cost = c[pc + 4]!;
          pc = c[pc + 3]!;
        } else {
          cost = c[pc + 5]!;
          pc += 6;
        }
        if (fuel >= cost) {
          fuel -= cost;
          continue;
        }
        atLeader = true;
        break;
      }
      case 13 satisfies typeof Op.jumpLeU: {
        let cost: number;
        if (r[fp + c[pc + 1]!]! >>> 0 <= r[fp + c[pc + 2]!]! >>> 0) {
          cost = c[pc + 4]!;
          pc = c[pc + 3]!;
        } else {
          cost = c[pc + 5]!;
          pc += 6;
        }
        if (fuel >= cost) {
          fuel -= cost;
          continue;
        }
        atLeader = true;
        break;
      }
      case 14 satisfies typeof Op.jumpGeS: {
        let cost: number;
        if (r[fp + c[pc + 1]!]! >= r[fp + c[pc + 2]!]!) {
          cost = c[pc + 4]!;
          pc = c[pc + 3]!;
        } else {
          cost = c[pc + 5]!;
          pc += 6;
        }
        if (fuel >= cost) {
          fuel -= cost;
          continue;
        }
        atLeader = true;
        break;
      }
      case 15 satisfies typeof Op.jumpGeU: {
        let cost: number;
        if (r[fp + c[pc + 1]!]! >>> 0 >= r[fp + c[pc + 2]!]! >>> 0) {
          cost = c[pc + 4]!;
          pc = c[pc + 3]!;
        } else {
          cost = c[pc + 5]!;
          pc += 6;
        }
        if (fuel >= cost) {
          fuel -= cost;
          continue;
        }
        atLeader = true;
        break;
      }
      case 16 satisfies typeof Op.jumpEqConst: {
        let cost: number;
        if (r[fp + c[pc + 1]!]! === c[pc + 2]!) {
          cost = c[pc + 4]!;
          pc = c[pc + 3]!;
        } else {
          cost = c[pc + 5]!;
          pc += 6;
        }
        if (fuel >= cost) {
          fuel -= cost;
          continue;
        }
        atLeader = true;
        break;
      }
      case 17 satisfies typeof Op.jumpNeConst: {
        let cost: number;
        if (r[fp + c[pc + 1]!]! !== c[pc + 2]!) {
          cost = c[pc + 4]!;
          pc = c[pc + 3]!;
        } else {
          cost = c[pc + 5]!;
          pc += 6;
        }
        if (fuel >= cost) {
          fuel -= cost;
          continue;
        }
        atLeader = true;
        break;
      }
      case 18 satisfies typeof Op.jumpLtSConst: {
        let cost: number;
        if (r[fp + c[pc + 1]!]! < c[pc + 2]!) {
          cost = c[pc + 4]!;
          pc = c[pc + 3]!;
        } else {
          cost = c[pc + 5]!;
          pc += 6;
        }
        if (fuel >= cost) {
          fuel -= cost;
          continue;
        }
        atLeader = true;
        break;
      }
      case 19 satisfies typeof Op.jumpLtUConst: {
        let cost: number;
        if (r[fp + c[pc + 1]!]! >>> 0 < c[pc + 2]! >>> 0) {
          cost = c[pc + 4]!;
          pc = c[pc + 3]!;
        } else {
          cost = c[pc + 5]!;
          pc += 6;
        }
        if (fuel >= cost) {
          fuel -= cost;
          continue;
        }
        atLeader = true;
        break;
      }
      case 20 satisfies typeof Op.jumpGtSConst: {
        let cost: number;
        if (r[fp + c[pc + 1]!]! > c[pc + 2]!) {
          cost = c[pc + 4]!;
          pc = c[pc + 3]!;
        } else {
          cost = c[pc + 5]!;
          pc += 6;
        }
        if (fuel >= cost) {
          fuel -= cost;
          continue;
        }
        atLeader = true;
        break;
      }
      case 21 satisfies typeof Op.jumpGtUConst: {
        let cost: number;
        if (r[fp + c[pc + 1]!]! >>> 0 > c[pc + 2]! >>> 0) {
          cost = c[pc + 4]!;
          pc = c[pc + 3]!;
        } else {
          cost = c[pc + 5]!;
          pc += 6;
        }
        if (fuel >= cost) {
          fuel -= cost;
          continue;
        }
        atLeader = true;
        break;
      }
      case 22 satisfies typeof Op.jumpLeSConst: {
        let cost: number;
        if (r[fp + c[pc + 1]!]! <= c[pc + 2]!) {
          cost = c[pc + 4]!;
          pc = c[pc + 3]!;
        } else {
          cost = c[pc + 5]!;
          pc += 6;
        }
        if (fuel >= cost) {
          fuel -= cost;
          continue;
        }
        atLeader = true;
        break;
      }
      case 23 satisfies typeof Op.jumpLeUConst: {
        let cost: number;
        if (r[fp + c[pc + 1]!]! >>> 0 <= c[pc + 2]! >>> 0) {
          cost = c[pc + 4]!;
          pc = c[pc + 3]!;
        } else {
          cost = c[pc + 5]!;
          pc += 6;
        }
        if (fuel >= cost) {
          fuel -= cost;
          continue;
        }
        atLeader = true;
        break;
      }
      case 24 satisfies typeof Op.jumpGeSConst: {
        let cost: number;
        if (r[fp + c[pc + 1]!]! >= c[pc + 2]!) {
          cost = c[pc + 4]!;
          pc = c[pc + 3]!;
        } else {
          cost = c[pc + 5]!;
          pc += 6;
        }
        if (fuel >= cost) {
          fuel -= cost;
          continue;
        }
        atLeader = true;
        break;
      }
      case 25 satisfies typeof Op.jumpGeUConst: {
        let cost: number;
        if (r[fp + c[pc + 1]!]! >>> 0 >= c[pc + 2]! >>> 0) {
          cost = c[pc + 4]!;
          pc = c[pc + 3]!;
        } else {
          cost = c[pc + 5]!;
          pc += 6;
        }
        if (fuel >= cost) {
          fuel -= cost;
          continue;
        }
        atLeader = true;
        break;
      }
      case 26 satisfies typeof Op.jumpLtSGlobalConst: {
        let cost: number;
        if (globals[c[pc + 1]!]! < c[pc + 2]!) {
          cost = c[pc + 4]!;
          pc = c[pc + 3]!;
        } else {
          cost = c[pc + 5]!;
          pc += 6;
        }
        if (fuel >= cost) {
          fuel -= cost;
          continue;
        }
        atLeader = true;
        break;
      }
      case 27 satisfies typeof Op.jumpGeSGlobalConst: {
        let cost: number;
        if (globals[c[pc + 1]!]! >= c[pc + 2]!) {
          cost = c[pc + 4]!;
          pc = c[pc + 3]!;
        } else {
          cost = c[pc + 5]!;
          pc += 6;
        }
        if (fuel >= cost) {
          fuel -= cost;
          continue;
        }
        atLeader = true;
        break;
      }
      case 28 satisfies typeof Op.jumpI64Eq: {
        const a = fp + c[pc + 1]!;
        const b = fp + c[pc + 2]!;
        const x = r[a + 1]!;
        const y = r[b + 1]!;
        let cost: number;
        if (x === y && r[a]! === r[b]!) {
          cost = c[pc + 4]!;
          pc = c[pc + 3]!;
        } else {
          cost = c[pc + 5]!;
          pc += 6;
        }
        if (fuel >= cost) {
          fuel -= cost;
          continue;
        }
        atLeader = true;
        break;
      }
      case 29 satisfies typeof Op.jumpI64Ne: {
        const a = fp + c[pc + 1]!;
        const b = fp + c[pc + 2]!;
        const x = r[a + 1]!;
        const y = r[b + 1]!;
        let cost: number;
        if (x !== y || r[a]! !== r[b]!) {
          cost = c[pc + 4]!;
          pc = c[pc + 3]!;
        } else {
          cost = c[pc + 5]!;
          pc += 6;
        }
        if (fuel >= cost) {
          fuel -= cost;
          continue;
        }
        atLeader = true;
        break;
      }
      case 30 satisfies typeof Op.jumpI64LtS: {
        const a = fp + c[pc + 1]!;
        const b = fp + c[pc + 2]!;
        const x = r[a + 1]!;
        const y = r[b + 1]!;
        let cost: number;
        if (x === y ? r[a]! >>> 0 < r[b]! >>> 0 : x < y) {
          cost = c[pc + 4]!;
          pc = c[pc + 3]!;
        } else {
          cost = c[pc + 5]!;
          pc += 6;
        }
        if (fuel >= cost) {
          fuel -= cost;
          continue;
        }
        atLeader = true;
        break;
      }
      case 31 satisfies typeof Op.jumpI64LtU: {
        const a = fp + c[pc + 1]!;
        const b = fp + c[pc + 2]!;
        const x = r[a + 1]!;
        const y = r[b + 1]!;
        let cost: number;
        if (x === y ? r[a]! >>> 0 < r[b]! >>> 0 : x >>> 0 < y >>> 0) {
          cost = c[pc + 4]!;
          pc = c[pc + 3]!;
        } else {
          cost = c[pc + 5]!;
          pc += 6;
        }
        if (fuel >= cost) {
          fuel -= cost;
          continue;
        }
        atLeader = true;
        break;
      }
      case 32 satisfies typeof Op.jumpI64LeS: {
        const a = fp + c[pc + 1]!;
        const b = fp + c[pc + 2]!;
        const x = r[a + 1]!;
        const y = r[b + 1]!;
        let cost: number;
        if (x === y ? r[a]! >>> 0 <= r[b]! >>> 0 : x < y) {
          cost = c[pc + 4]!;
          pc = c[pc + 3]!;
        } else {
          cost = c[pc + 5]!;
          pc += 6;
        }
        if (fuel >= cost) {
          fuel -= cost;
          continue;
        }
        atLeader = true;
        break;
      }
      case 33 satisfies typeof Op.jumpI64LeU: {
        const a = fp + c[pc + 1]!;
        const b = fp + c[pc + 2]!;
        const x = r[a + 1]!;
        const y = r[b + 1]!;
        let cost: number;
        if (x === y ? r[a]! >>> 0 <= r[b]! >>> 0 : x >>> 0 < y >>> 0) {
          cost = c[pc + 4]!;
          pc = c[pc + 3]!;
        } else {
          cost = c[pc + 5]!;
          pc += 6;
        }
        if (fuel >= cost) {
          fuel -= cost;
          continue;
        }
        atLeader = true;
        break;
      }
      case 34 satisfies typeof Op.jumpTable: {
        const index = r[fp + c[pc + 1]!]! >>> 0;
        const most = c[pc + 2]!;
        const at = pc + 3 + 2 * Math.min(index, most);
        const cost = c[at + 1]!;
        pc = c[at]!;
        if (fuel >= cost) {
          fuel -= cost;
          continue;
        }
        atLeader = true;
        break;
      }
      case 35 satisfies typeof Op.return0: {
        if (depth === 0) {
          stop = StopCode.finished;
          break run;
        }
        depth--;
        fp = frames[3 * depth + 2]!;
        pc = frames[3 * depth + 1]!;
        const cost = c[pc - 1]!;
        if (fuel >= cost) {
          fuel -= cost;
          continue;
        }
        atLeader = true;
        break;
      }
      case 36 satisfies typeof Op.return32: {
        r[fp] = r[fp + c[pc + 1]!]!;
        if (depth === 0) {
          stop = StopCode.finished;
          break run;
        }
        depth--;
        fp = frames[3 * depth + 2]!;
        pc = frames[3 * depth + 1]!;
        const cost = c[pc - 1]!;
        if (fuel >= cost) {
          fuel -= cost;
          continue;
        }
        atLeader = true;
        break;
      }
      case 37 satisfies typeof Op.return64: {
        const from = fp + c[pc + 1]!;
        r[fp] = r[from]!;
        r[fp + 1] = r[from + 1]!;
        if (depth === 0) {
          stop = StopCode.finished;
          break run;
        }
        depth--;
        fp = frames[3 * depth + 2]!;
        pc = frames[3 * depth + 1]!;
        const cost = c[pc - 1]!;
        if (fuel >= cost) {
          fuel -= cost;
          continue;
        }
        atLeader = true;
        break;
      }
      case 38 satisfies typeof Op.returnMany: {
        r.copyWithin(fp, fp + c[pc + 2]!, fp + c[pc + 2]! + 2 * c[pc + 1]!);
        if (depth === 0) {
          stop = StopCode.finished;
          break run;
        }
        depth--;
        fp = frames[3 * depth + 2]!;
        pc = frames[3 * depth + 1]!;
        const cost = c[pc - 1]!;
        if (fuel >= cost) {
          fuel -= cost;
          continue;
        }
        atLeader = true;
        break;
      }
      case 39 satisfies typeof Op.call: {
        callee = c[pc + 1]!;
        base = fp + c[pc + 2]!;
        behind = pc + 4;
        break;
      }
      case 40 satisfies typeof Op.callIndirect: {
        const index = r[fp + c[pc + 1]!]! >>> 0;
        if (index >= table.length) {
          stop = StopCode.undefinedElement;
          break run;
        }
        callee = table[index]!;
        if (callee < 0) {
          stop = StopCode.uninitializedElement;
          break run;
        }
        if (typeIds[callee] !== c[pc + 2]) {
          stop = StopCode.typeMismatch;
          break run;
        }
        base = fp + c[pc + 3]!;
        behind = pc + 5;
        break;
      }
      case 41 satisfies typeof Op.move32: {
        r[fp + c[pc + 1]!] = r[fp + c[pc + 2]!]!;
        pc += 3;
        continue;
      }
      case 42 satisfies typeof Op.move64: {
        const to = fp + c[pc + 1]!;
        const from = fp + c[pc + 2]!;
        r[to] = r[from]!;
        r[to + 1] = r[from + 1]!;
        pc += 3;
        continue;
      }
      case 43 satisfies typeof Op.const32: {
        r[fp + c[pc + 1]!] = c[pc + 2]!;
        pc += 3;
        continue;
      }
      case 44 satisfies typeof Op.const64: {
        const to = fp + c[pc + 1]!;
        r[to] = c[pc + 2]!;
        r[to + 1] = c[pc + 3]!;
        pc += 4;
        continue;
      }
      case 45 satisfies typeof Op.select32: {
        r[fp + c[pc + 1]!] = r[fp + c[pc + (r[fp + c[pc + 4]!]! !== 0 ? 2 : 3)]!]!;
        pc += 5;
        continue;
      }
      case 46 satisfies typeof Op.select64: {
        const to = fp + c[pc + 1]!;
        const from = fp + c[pc + (r[fp + c[pc + 4]!]! !== 0 ? 2 : 3)]!;
        r[to] = r[from]!;
        r[to + 1] = r[from + 1]!;
        pc += 5;
        continue;
      }
      case 47 satisfies typeof Op.globalGet32: {
        r[fp + c[pc + 1]!] = (globals[c[pc + 2]!]! + c[pc + 3]!) | 0;
        pc += 4;
        continue;
      }
      case 48 satisfies typeof Op.globalAddConst: {
        const to = c[pc + 1]!;
        globals[to] = (globals[to]! + c[pc + 2]!) | 0;
        pc += 3;
        continue;
      }
      case 49 satisfies typeof Op.globalGet64: {
        const to = fp + c[pc + 1]!;
        const from = c[pc + 2]!;
        r[to] = globals[from]!;
        r[to + 1] = globals[from + 1]!;
        pc += 3;
        continue;
      }
      case 50 satisfies typeof Op.globalSet32: {
        globals[c[pc + 1]!] = r[fp + c[pc + 2]!]!;
        pc += 3;
        continue;
      }
      case 51 satisfies typeof Op.globalSet64: {
        const to = c[pc + 1]!;
        const from = fp + c[pc + 2]!;
        globals[to] = r[from]!;
        globals[to + 1] = r[from + 1]!;
        pc += 3;
        continue;
      }
      case 52 satisfies typeof Op.i32Eq: {
        r[fp + c[pc + 1]!] = r[fp + c[pc + 2]!]! === r[fp + c[pc + 3]!]! ? 1 : 0;
        pc += 4;
        continue;
      }
      case 53 satisfies typeof Op.i32Ne: {
        r[fp + c[pc + 1]!] = r[fp + c[pc + 2]!]! !== r[fp + c[pc + 3]!]! ? 1 : 0;
        pc += 4;
        continue;
      }
      case 54 satisfies typeof Op.i32LtS: {
        r[fp + c[pc + 1]!] = r[fp + c[pc + 2]!]! < r[fp + c[pc + 3]!]! ? 1 : 0;
        pc += 4;
        continue;
      }
      case 55 satisfies typeof Op.i32LtU: {
        r[fp + c[pc + 1]!] = r[fp + c[pc + 2]!]! >>> 0 < r[fp + c[pc + 3]!]! >>> 0 ? 1 : 0;
        pc += 4;
        continue;
      }
      case 56 satisfies typeof Op.i32GtS: {
        r[fp + c[pc + 1]!] = r[fp + c[pc + 2]!]! > r[fp + c[pc + 3]!]! ? 1 : 0;
        pc += 4;
        continue;
      }
      case 57 satisfies typeof Op.i32GtU: {
        r[fp + c[pc + 1]!] = r[fp + c[pc + 2]!]! >>> 0 > r[fp + c[pc + 3]!]! >>> 0 ? 1 : 0;
        pc += 4;
        continue;
      }
      case 58 satisfies typeof Op.i32LeS: {
        r[fp + c[pc + 1]!] = r[fp + c[pc + 2]!]! <= r[fp + c[pc + 3]!]! ? 1 : 0;
        pc += 4;
        continue;
      }
      case 59 satisfies typeof Op.i32LeU: {
        r[fp + c[pc + 1]!] = r[fp + c[pc + 2]!]! >>> 0 <= r[fp + c[pc + 3]!]! >>> 0 ? 1 : 0;
        pc += 4;
        continue;
      }
      case 60 satisfies typeof Op.i32GeS: {
        r[fp + c[pc + 1]!] = r[fp + c[pc + 2]!]! >= r[fp + c[pc + 3]!]! ? 1 : 0;
        pc += 4;
        continue;
      }
      case 61 satisfies typeof Op.i32GeU: {
        r[fp + c[pc + 1]!] = r[fp + c[pc + 2]!]! >>> 0 >= r[fp + c[pc + 3]!]! >>> 0 ? 1 : 0;
        pc += 4;
        continue;
      }
      case 62 satisfies typeof Op.i32EqConst: {
        r[fp + c[pc + 1]!] = r[fp + c[pc + 2]!]! === c[pc + 3]! ? 1 : 0;
        pc += 4;
        continue;
      }
      case 63 satisfies typeof Op.i32NeConst: {
        r[fp + c[pc + 1]!] = r[fp + c[pc + 2]!]! !== c[pc + 3]! ? 1 : 0;
        pc += 4;
        continue;
      }
      case 64 satisfies typeof Op.i32LtSConst: {
        r[fp + c[pc + 1]!] = r[fp + c[pc + 2]!]! < c[pc + 3]! ? 1 : 0;
        pc += 4;
        continue;
      }
      case 65 satisfies typeof Op.i32LtUConst: {
        r[fp + c[pc + 1]!] = r[fp + c[pc + 2]!]! >>> 0 < c[pc + 3]! >>> 0 ? 1 : 0;
        pc += 4;
        continue;
      }
      case 66 satisfies typeof Op.i32GtSConst: {
        r[fp + c[pc + 1]!] = r[fp + c[pc + 2]!]! > c[pc + 3]! ? 1 : 0;
        pc += 4;
        continue;
      }
      case 67 satisfies typeof Op.i32GtUConst: {
        r[fp + c[pc + 1]!] = r[fp + c[pc + 2]!]! >>> 0 > c[pc + 3]! >>> 0 ? 1 : 0;
        pc += 4;
        continue;
      }
      case 68 satisfies typeof Op.i32LeSConst: {
        r[fp + c[pc + 1]!] = r[fp + c[pc + 2]!]! <= c[pc + 3]! ? 1 : 0;
        pc += 4;
        continue;
      }
      case 69 satisfies typeof Op.i32LeUConst: {
        r[fp + c[pc + 1]!] = r[fp + c[pc + 2]!]! >>> 0 <= c[pc + 3]! >>> 0 ? 1 : 0;
        pc += 4;
        continue;
      }
      case 70 satisfies typeof Op.i32GeSConst: {
        r[fp + c[pc + 1]!] = r[fp + c[pc + 2]!]! >= c[pc + 3]! ? 1 : 0;
        pc += 4;
        continue;
      }
      case 71 satisfies typeof Op.i32GeUConst: {
        r[fp + c[pc + 1]!] = r[fp + c[pc + 2]!]! >>> 0 >= c[pc + 3]! >>> 0 ? 1 : 0;
        pc += 4;
        continue;
      }
      case 72 satisfies typeof Op.i32Add: {
        r[fp + c[pc + 1]!] = (r[fp + c[pc + 2]!]! + r[fp + c[pc + 3]!]!) | 0;
        pc += 4;
        continue;
      }
      case 73 satisfies typeof Op.i32Sub: {
        r[fp + c[pc + 1]!] = (r[fp + c[pc + 2]!]! - r[fp + c[pc + 3]!]!) | 0;
        pc += 4;
        continue;
      }
      case 74 satisfies typeof Op.i32Mul: {
        r[fp + c[pc + 1]!] = Math.imul(r[fp + c[pc + 2]!]!, r[fp + c[pc + 3]!]!);
        pc += 4;
        continue;
      }
      case 75 satisfies typeof Op.i32And: {
        r[fp + c[pc + 1]!] = r[fp + c[pc + 2]!]! & r[fp + c[pc + 3]!]!;
        pc += 4;
        continue;
      }
      case 76 satisfies typeof Op.i32Or: {
        r[fp + c[pc + 1]!] = r[fp + c[pc + 2]!]! | r[fp + c[pc + 3]!]!;
        pc += 4;
        continue;
      }
      case 77 satisfies typeof Op.i32Xor: {
        r[fp + c[pc + 1]!] = r[fp + c[pc + 2]!]! ^ r[fp + c[pc + 3]!]!;
        pc += 4;
        continue;
      }
      case 78 satisfies typeof Op.i32Shl: {
        r[fp + c[pc + 1]!] = r[fp + c[pc + 2]!]! << r[fp + c[pc + 3]!]!;
        pc += 4;
        continue;
      }
      case 79 satisfies typeof Op.i32ShrS: {
        r[fp + c[pc + 1]!] = r[fp + c[pc + 2]!]! >> r[fp + c[pc + 3]!]!;
        pc += 4;
        continue;
      }
      case 80 satisfies typeof Op.i32ShrU: {
        r[fp + c[pc + 1]!] = r[fp + c[pc + 2]!]! >>> r[fp + c[pc + 3]!]!;
        pc += 4;
        continue;
      }
      case 81 satisfies typeof Op.i32AddConst: {
        r[fp + c[pc + 1]!] = (r[fp + c[pc + 2]!]! + c[pc + 3]!) | 0;
        pc += 4;
        continue;
      }
      case 82 satisfies typeof Op.i32SubConst: {
        r[fp + c[pc + 1]!] = (r[fp + c[pc + 2]!]! - c[pc + 3]!) | 0;
        pc += 4;
        continue;
      }
      case 83 satisfies typeof Op.i32MulConst: {
        r[fp + c[pc + 1]!] = Math.imul(r[fp + c[pc + 2]!]!, c[pc + 3]!);
        pc += 4;
        continue;
      }
      case 84 satisfies typeof Op.i32AndConst: {
        r[fp + c[pc + 1]!] = r[fp + c[pc + 2]!]! & c[pc + 3]!;
        pc += 4;
        continue;
      }
      case 85 satisfies typeof Op.i32OrConst: {
        r[fp + c[pc + 1]!] = r[fp + c[pc + 2]!]! | c[pc + 3]!;
        pc += 4;
        continue;
      }
      case 86 satisfies typeof Op.i32XorConst: {
        r[fp + c[pc + 1]!] = r[fp + c[pc + 2]!]! ^ c[pc + 3]!;
        pc += 4;
        continue;
      }
      case 87 satisfies typeof Op.i32ShlConst: {
        r[fp + c[pc + 1]!] = r[fp + c[pc + 2]!]! << c[pc + 3]!;
        pc += 4;
        continue;
      }
      case 88 satisfies typeof Op.i32ShrSConst: {
        r[fp + c[pc + 1]!] = r[fp + c[pc + 2]!]! >> c[pc + 3]!;
        pc += 4;
        continue;
      }
      case 89 satisfies typeof Op.i32ShrUConst: {
        r[fp + c[pc + 1]!] = r[fp + c[pc + 2]!]! >>> c[pc + 3]!;
        pc += 4;
        continue;
      }
      case 90 satisfies typeof Op.i32Rotl: {
        const x = r[fp + c[pc + 2]!]!;
        const by = r[fp + c[pc + 3]!]!;
        r[fp + c[pc + 1]!] = (x << by) | (x >>> -by);
        pc += 4;
        continue;
      }
      case 91 satisfies typeof Op.i32RotlConst: {
        const x = r[fp + c[pc + 2]!]!;
        const by = c[pc + 3]!;
        r[fp + c[pc + 1]!] = (x << by) | (x >>> -by);
        pc += 4;
        continue;
      }
      case 92 satisfies typeof Op.i32Rotr: {
        const x = r[fp + c[pc + 2]!]!;
        const by = r[fp + c[pc + 3]!]!;
        r[fp + c[pc + 1]!] = (x >>> by) | (x << -by);
        pc += 4;
        continue;
      }
      case 93 satisfies typeof Op.i32AddShl: {
        r[fp + c[pc + 1]!] = (r[fp + c[pc + 2]!]! + (r[fp + c[pc + 3]!]! << c[pc + 4]!)) | 0;
        pc += 5;
        continue;
      }
      case 94 satisfies typeof Op.i32Eqz: {
        r[fp + c[pc + 1]!] = r[fp + c[pc + 2]!]! === 0 ? 1 : 0;
        pc += 3;
        continue;
      }
      case 95 satisfies typeof Op.i64Add: {
        const a = fp + c[pc + 2]!;
        const b = fp + c[pc + 3]!;
        const to = fp + c[pc + 1]!;
        const x = r[a]!;
        const low = (x + r[b]!) | 0;
        const high = r[a + 1]! + r[b + 1]! + (low >>> 0 < x >>> 0 ? 1 : 0);
        r[to] = low;
        r[to + 1] = high | 0;
        pc += 4;
        continue;
      }
      case 96 satisfies typeof Op.i64Sub: {
        const a = fp + c[pc + 2]!;
        const b = fp + c[pc + 3]!;
        const to = fp + c[pc + 1]!;
        const x = r[a]!;
        const y = r[b]!;
        const high = r[a + 1]! - r[b + 1]! - (x >>> 0 < y >>> 0 ? 1 : 0);
        r[to] = (x - y) | 0;
        r[to + 1] = high | 0;
        pc += 4;
        continue;
      }
      case 97 satisfies typeof Op.i64Mul: {
        const a = fp + c[pc + 2]!;
        const b = fp + c[pc + 3]!;
        const to = fp + c[pc + 1]!;
        const x = r[a]!;
        const y = r[b]!;
        const high = multiplyHigh(x, y) + Math.imul(x, r[b + 1]!) + Math.imul(r[a + 1]!, y);
        r[to] = Math.imul(x, y);
        r[to + 1] = high | 0;
        pc += 4;
        continue;
      }
      case 98 satisfies typeof Op.i64And: {
        const a = fp + c[pc + 2]!;
        const b = fp + c[pc + 3]!;
        const to = fp + c[pc + 1]!;
        const low = r[a]! & r[b]!;
        const high = r[a + 1]! & r[b + 1]!;
        r[to] = low;
        r[to + 1] = high;
        pc += 4;
        continue;
      }
      case 99 satisfies typeof Op.i64Or: {
        const a = fp + c[pc + 2]!;
        const b = fp + c[pc + 3]!;
        const to = fp + c[pc + 1]!;
        const low = r[a]! | r[b]!;
        const high = r[a + 1]! | r[b + 1]!;
        r[to] = low;
        r[to + 1] = high;
        pc += 4;
        continue;
      }
      case 100 satisfies typeof Op.i64Xor: {
        const a = fp + c[pc + 2]!;
        const b = fp + c[pc + 3]!;
        const to = fp + c[pc + 1]!;
        const low = r[a]! ^ r[b]!;
        const high = r[a + 1]! ^ r[b + 1]!;
        r[to] = low;
        r[to + 1] = high;
        pc += 4;
        continue;
      }
      case 101 satisfies typeof Op.i64Shl: {
        const a = fp + c[pc + 2]!;
        const b = fp + c[pc + 3]!;
        const to = fp + c[pc + 1]!;
        const by = r[b]! & 63;
        const low = r[a]!;
        const high = r[a + 1]!;
        if (by >= 32) {
          r[to] = 0;
          r[to + 1] = low << by;
        } else if (by === 0) {
          r[to] = low;
          r[to + 1] = high;
        } else {
          r[to] = low << by;
          r[to + 1] = (high << by) | (low >>> (32 - by));
        }
        pc += 4;
        continue;
      }
      case 102 satisfies typeof Op.i64ShrS: {
        const a = fp + c[pc + 2]!;
        const b = fp + c[pc + 3]!;
        const to = fp + c[pc + 1]!;
        const by = r[b]! & 63;
        const low = r[a]!;
        const high = r[a + 1]!;
        if (by >= 32) {
          r[to] = high >> by;
          r[to + 1] = high >> 31;
        } else if (by === 0) {
          r[to] = low;
          r[to + 1] = high;
        } else {
          r[to] = (low >>> by) | (high << (32 - by));
          r[to + 1] = high >> by;
        }
        pc += 4;
        continue;
      }
      case 103 satisfies typeof Op.i64ShrU: {
        const a = fp + c[pc + 2]!;
        const b = fp + c[pc + 3]!;
        const to = fp + c[pc + 1]!;
        const by = r[b]! & 63;
        const low = r[a]!;
        const high = r[a + 1]!;
        if (by >= 32) {
          r[to] = high >>> by;
          r[to + 1] = 0;
        } else if (by === 0) {
          r[to] = low;
          r[to + 1] = high;
        } else {
          r[to] = (low >>> by) | (high << (32 - by));
          r[to + 1] = high >>> by;
        }
        pc += 4;
        continue;
      }
      case 104 satisfies typeof Op.i64Eqz: {
        const a = fp + c[pc + 2]!;
        r[fp + c[pc + 1]!] = (r[a]! | r[a + 1]!) === 0 ? 1 : 0;
        pc += 3;
        continue;
      }
      case 105 satisfies typeof Op.i64Eq: {
        const a = fp + c[pc + 2]!;
        const b = fp + c[pc + 3]!;
        const to = fp + c[pc + 1]!;
        r[to] = r[a]! === r[b]! && r[a + 1]! === r[b + 1]! ? 1 : 0;
        pc += 4;
        continue;
      }
      case 106 satisfies typeof Op.i64Ne: {
        const a = fp + c[pc + 2]!;
        const b = fp + c[pc + 3]!;
        const to = fp + c[pc + 1]!;
        r[to] = r[a]! !== r[b]! || r[a + 1]! !== r[b + 1]! ? 1 : 0;
        pc += 4;
        continue;
      }
      case 107 satisfies typeof Op.i64LtS: {
        const a = fp + c[pc + 2]!;
        const b = fp + c[pc + 3]!;
        const to = fp + c[pc + 1]!;
        const x = r[a + 1]!;
        const y = r[b + 1]!;
        r[to] = (x === y ? r[a]! >>> 0 < r[b]! >>> 0 : x < y) ? 1 : 0;
        pc += 4;
        continue;
      }
      case 108 satisfies typeof Op.i64LtU: {
        const a = fp + c[pc + 2]!;
        const b = fp + c[pc + 3]!;
        const to = fp + c[pc + 1]!;
        const x = r[a + 1]!;
        const y = r[b + 1]!;
        r[to] = (x === y ? r[a]! >>> 0 < r[b]! >>> 0 : x >>> 0 < y >>> 0) ? 1 : 0;
        pc += 4;
        continue;
      }
      case 109 satisfies typeof Op.i64LeS: {
        const a = fp + c[pc + 2]!;
        const b = fp + c[pc + 3]!;
        const to = fp + c[pc + 1]!;
        const x = r[a + 1]!;
        const y = r[b + 1]!;
        r[to] = (x === y ? r[a]! >>> 0 <= r[b]! >>> 0 : x < y) ? 1 : 0;
        pc += 4;
        continue;
      }
      case 110 satisfies typeof Op.i64LeU: {
        const a = fp + c[pc + 2]!;
        const b = fp + c[pc + 3]!;
        const to = fp + c[pc + 1]!;
        const x = r[a + 1]!;
        const y = r[b + 1]!;
        r[to] = (x === y ? r[a]! >>> 0 <= r[b]! >>> 0 : x >>> 0 < y >>> 0) ? 1 : 0;
        pc += 4;
        continue;
      }
      case 111 satisfies typeof Op.i64ExtendS: {
        const to = fp + c[pc + 1]!;
        const x = r[fp + c[pc + 2]!]!;
        r[to] = x;
        r[to + 1] = x >> 31;
        pc += 3;
        continue;
      }
      case 112 satisfies typeof Op.i64ExtendU: {
        const to = fp + c[pc + 1]!;
        r[to] = r[fp + c[pc + 2]!]!;
        r[to + 1] = 0;
        pc += 3;
        continue;
      }
      case 113 satisfies typeof Op.f64Add: {
        const x = d[(fp + c[pc + 2]!) >> 1]! + d[(fp + c[pc + 3]!) >> 1]!;
        const to = fp + c[pc + 1]!;
        if (x === x) d[to >> 1] = x;
        else {
          r[to] = 0;
          r[to + 1] = 0x7ff80000;
        }
        pc += 4;
        continue;
      }
      case 114 satisfies typeof Op.f64Sub: {
        const x = d[(fp + c[pc + 2]!) >> 1]! - d[(fp + c[pc + 3]!) >> 1]!;
        const to = fp + c[pc + 1]!;
        if (x === x) d[to >> 1] = x;
        else {
          r[to] = 0;
          r[to + 1] = 0x7ff80000;
        }
        pc += 4;
        continue;
      }
      case 115 satisfies typeof Op.f64Mul: {
        const x = d[(fp + c[pc + 2]!) >> 1]! * d[(fp + c[pc + 3]!) >> 1]!;
        const to = fp + c[pc + 1]!;
        if (x === x) d[to >> 1] = x;
        else {
          r[to] = 0;
          r[to + 1] = 0x7ff80000;
        }
        pc += 4;
        continue;
      }
      case 116 satisfies typeof Op.f64Div: {
        const x = d[(fp + c[pc + 2]!) >> 1]! / d[(fp + c[pc + 3]!) >> 1]!;
        const to = fp + c[pc + 1]!;
        if (x === x) d[to >> 1] = x;
        else {
          r[to] = 0;
          r[to + 1] = 0x7ff80000;
        }
        pc += 4;
        continue;
      }
      case 117 satisfies typeof Op.f32Add: {
        const x = f[fp + c[pc + 2]!]! + f[fp + c[pc + 3]!]!;
        const to = fp + c[pc + 1]!;
        if (x === x) f[to] = x;
        else r[to] = 0x7fc00000;
        pc += 4;
        continue;
      }
      case 118 satisfies typeof Op.f32Sub: {
        const x = f[fp + c[pc + 2]!]! - f[fp + c[pc + 3]!]!;
        const to = fp + c[pc + 1]!;
        if (x === x) f[to] = x;
        else r[to] = 0x7fc00000;
        pc += 4;
        continue;
      }
      case 119 satisfies typeof Op.f32Mul: {
        const x = f[fp + c[pc + 2]!]! * f[fp + c[pc + 3]!]!;
        const to = fp + c[pc + 1]!;
        if (x === x) f[to] = x;
        else r[to] = 0x7fc00000;
        pc += 4;
        continue;
      }
      case 120 satisfies typeof Op.f32Div: {
        const x = f[fp + c[pc + 2]!]! / f[fp + c[pc + 3]!]!;
        const to = fp + c[pc + 1]!;
        if (x === x) f[to] = x;
        else r[to] = 0x7fc00000;
        pc += 4;
        continue;
      }
      case 121 satisfies typeof Op.f64Eq: {
        r[fp + c[pc + 1]!] = d[(fp + c[pc + 2]!) >> 1]! === d[(fp + c[pc + 3]!) >> 1]! ? 1 : 0;
        pc += 4;
        continue;
      }
      case 122 satisfies typeof Op.f64Ne: {
        r[fp + c[pc + 1]!] = d[(fp + c[pc + 2]!) >> 1]! !== d[(fp + c[pc + 3]!) >> 1]! ? 1 : 0;
        pc += 4;
        continue;
      }
      case 123 satisfies typeof Op.f64Lt: {
        r[fp + c[pc + 1]!] = d[(fp + c[pc + 2]!) >> 1]! < d[(fp + c[pc + 3]!) >> 1]! ? 1 : 0;
        pc += 4;
        continue;
      }
      case 124 satisfies typeof Op.f64Le: {
        r[fp + c[pc + 1]!] = d[(fp + c[pc + 2]!) >> 1]! <= d[(fp + c[pc + 3]!) >> 1]! ? 1 : 0;
        pc += 4;
        continue;
      }
      case 125 satisfies typeof Op.f32Eq: {
        r[fp + c[pc + 1]!] = f[fp + c[pc + 2]!]! === f[fp + c[pc + 3]!]! ? 1 : 0;
        pc += 4;
        continue;
      }
      case 126 satisfies typeof Op.f32Ne: {
        r[fp + c[pc + 1]!] = f[fp + c[pc + 2]!]! !== f[fp + c[pc + 3]!]! ? 1 : 0;
        pc += 4;
        continue;
      }
      case 127 satisfies typeof Op.f32Lt: {
        r[fp + c[pc + 1]!] = f[fp + c[pc + 2]!]! < f[fp + c[pc + 3]!]! ? 1 : 0;
        pc += 4;
        continue;
      }
      case 128 satisfies typeof Op.f32Le: {
        r[fp + c[pc + 1]!] = f[fp + c[pc + 2]!]! <= f[fp + c[pc + 3]!]! ? 1 : 0;
        pc += 4;
        continue;
      }
      case 129 satisfies typeof Op.f64Sqrt: {
        const x = Math.sqrt(d[(fp + c[pc + 2]!) >> 1]!);
        const to = fp + c[pc + 1]!;
        if (x === x) d[to >> 1] = x;
        else {
          r[to] = 0;
          r[to + 1] = 0x7ff80000;
        }
        pc += 3;
        continue;
      }
      case 130 satisfies typeof Op.f64ConvertS: {
        d[(fp + c[pc + 1]!) >> 1] = r[fp + c[pc + 2]!]!;
        pc += 3;
        continue;
      }
      case 131 satisfies typeof Op.f64ConvertU: {
        d[(fp + c[pc + 1]!) >> 1] = r[fp + c[pc + 2]!]! >>> 0;
        pc += 3;
        continue;
      }
      case 132 satisfies typeof Op.unary: {
        const trap = unary(c[pc + 3]!, m, fp + c[pc + 1]!, fp + c[pc + 2]!);
        if (trap !== 0) {
          stop = trap;
          break run;
        }
        pc += 4;
        continue;
      }
      case 133 satisfies typeof Op.binary: {
        const trap = binary(c[pc + 4]!, m, fp + c[pc + 1]!, fp + c[pc + 2]!, fp + c[pc + 3]!);
        if (trap !== 0) {
          stop = trap;
          break run;
        }
        pc += 5;
        continue;
      }
      case 134 satisfies typeof Op.load32: {
        const index = (r[fp + c[pc + 2]!]! + c[pc + 3]!) | 0;
        const at = (index + c[pc + 4]!) | 0;
        if ((index | at) < 0 || at > bytes - 4) {
          stop = StopCode.memoryBounds;
          break run;
        }
        r[fp + c[pc + 1]!] = memory.getInt32(at, true);
        pc += 5;
        continue;
      }
      case 135 satisfies typeof Op.load64: {
        const index = (r[fp + c[pc + 2]!]! + c[pc + 3]!) | 0;
        const at = (index + c[pc + 4]!) | 0;
        if ((index | at) < 0 || at > bytes - 8) {
          stop = StopCode.memoryBounds;
          break run;
        }
        const to = fp + c[pc + 1]!;
        const low = memory.getInt32(at, true);
        r[to] = low;
        r[to + 1] = memory.getInt32(at + 4, true);
        pc += 5;
        continue;
      }
      case 136 satisfies typeof Op.load8S: {
        const index = (r[fp + c[pc + 2]!]! + c[pc + 3]!) | 0;
        const at = (index + c[pc + 4]!) | 0;
        if ((index | at) < 0 || at > bytes - 1) {
          stop = StopCode.memoryBounds;
          break run;
        }
        r[fp + c[pc + 1]!] = (memory8[at]! << 24) >> 24;
        pc += 5;
        continue;
      }
      case 137 satisfies typeof Op.load8U: {
        const index = (r[fp + c[pc + 2]!]! + c[pc + 3]!) | 0;
        const at = (index + c[pc + 4]!) | 0;
        if ((index | at) < 0 || at > bytes - 1) {
          stop = StopCode.memoryBounds;
          break run;
        }
        r[fp + c[pc + 1]!] = memory8[at]!;
        pc += 5;
        continue;
      }
      case 138 satisfies typeof Op.load16S: {
        const index = (r[fp + c[pc + 2]!]! + c[pc + 3]!) | 0;
        const at = (index + c[pc + 4]!) | 0;
        if ((index | at) < 0 || at > bytes - 2) {
          stop = StopCode.memoryBounds;
          break run;
        }
        r[fp + c[pc + 1]!] = memory.getInt16(at, true);
        pc += 5;
        continue;
      }
      case 139 satisfies typeof Op.load16U: {
        const index = (r[fp + c[pc + 2]!]! + c[pc + 3]!) | 0;
        const at = (index + c[pc + 4]!) | 0;
        if ((index | at) < 0 || at > bytes - 2) {
          stop = StopCode.memoryBounds;
          break run;
        }
        r[fp + c[pc + 1]!] = memory.getUint16(at, true);
        pc += 5;
        continue;
      }
      case 140 satisfies typeof Op.load8S64: {
        const index = (r[fp + c[pc + 2]!]! + c[pc + 3]!) | 0;
        const at = (index + c[pc + 4]!) | 0;
        if ((index | at) < 0 || at > bytes - 1) {
          stop = StopCode.memoryBounds;
          break run;
        }
        const to = fp + c[pc + 1]!;
        const low = (memory8[at]! << 24) >> 24;
        r[to] = low;
        r[to + 1] = low >> 31;
        pc += 5;
        continue;
      }
      case 141 satisfies typeof Op.load8U64: {
        const index = (r[fp + c[pc + 2]!]! + c[pc + 3]!) | 0;
        const at = (index + c[pc + 4]!) | 0;
        if ((index | at) < 0 || at > bytes - 1) {
          stop = StopCode.memoryBounds;
          break run;
        }
        const to = fp + c[pc + 1]!;
        const low = memory8[at]!;
        r[to] = low;
        r[to + 1] = 0;
        pc += 5;
        continue;
      }
      case 142 satisfies typeof Op.load16S64: {
        const index = (r[fp + c[pc + 2]!]! + c[pc + 3]!) | 0;
        const at = (index + c[pc + 4]!) | 0;
        if ((index | at) < 0 || at > bytes - 2) {
          stop = StopCode.memoryBounds;
          break run;
        }
        const to = fp + c[pc + 1]!;
        const low = memory.getInt16(at, true);
        r[to] = low;
        r[to + 1] = low >> 31;
        pc += 5;
        continue;
      }
      case 143 satisfies typeof Op.load16U64: {
        const index = (r[fp + c[pc + 2]!]! + c[pc + 3]!) | 0;
        const at = (index + c[pc + 4]!) | 0;
        if ((index | at) < 0 || at > bytes - 2) {
          stop = StopCode.memoryBounds;
          break run;
        }
        const to = fp + c[pc + 1]!;
        const low = memory.getUint16(at, true);
        r[to] = low;
        r[to + 1] = 0;
        pc += 5;
        continue;
      }
      case 144 satisfies typeof Op.load32S64: {
        const index = (r[fp + c[pc + 2]!]! + c[pc + 3]!) | 0;
        const at = (index + c[pc + 4]!) | 0;
        if ((index | at) < 0 || at > bytes - 4) {
          stop = StopCode.memoryBounds;
          break run;
        }
        const to = fp + c[pc + 1]!;
        const low = memory.getInt32(at, true);
        r[to] = low;
        r[to + 1] = low >> 31;
        pc += 5;
        continue;
      }
      case 145 satisfies typeof Op.load32U64: {
        const index = (r[fp + c[pc + 2]!]! + c[pc + 3]!) | 0;
        const at = (index + c[pc + 4]!) | 0;
        if ((index | at) < 0 || at > bytes - 4) {
          stop = StopCode.memoryBounds;
          break run;
        }
        const to = fp + c[pc + 1]!;
        const low = memory.getInt32(at, true);
        r[to] = low;
        r[to + 1] = 0;
        pc += 5;
        continue;
      }
      case 146 satisfies typeof Op.load32Global: {
        const index = (globals[c[pc + 2]!]! + c[pc + 3]!) | 0;
        const at = (index + c[pc + 4]!) | 0;
        if ((index | at) < 0 || at > bytes - 4) {
          stop = StopCode.memoryBounds;
          break run;
        }
        r[fp + c[pc + 1]!] = memory.getInt32(at, true);
        pc += 5;
        continue;
      }
      case 147 satisfies typeof Op.store32: {
        const index = (r[fp + c[pc + 1]!]! + c[pc + 3]!) | 0;
        const at = (index + c[pc + 4]!) | 0;
        if ((index | at) < 0 || at > bytes - 4) {
          stop = StopCode.memoryBounds;
          break run;
        }
        memory.setInt32(at, r[fp + c[pc + 2]!]!, true);
        pc += 5;
        continue;
      }
      case 148 satisfies typeof Op.store64: {
        const index = (r[fp + c[pc + 1]!]! + c[pc + 3]!) | 0;
        const at = (index + c[pc + 4]!) | 0;
        if ((index | at) < 0 || at > bytes - 8) {
          stop = StopCode.memoryBounds;
          break run;
        }
        const from = fp + c[pc + 2]!;
        memory.setInt32(at, r[from]!, true);
        memory.setInt32(at + 4, r[from + 1]!, true);
        pc += 5;
        continue;
      }
      case 149 satisfies typeof Op.store8: {
        const index = (r[fp + c[pc + 1]!]! + c[pc + 3]!) | 0;
        const at = (index + c[pc + 4]!) | 0;
        if ((index | at) < 0 || at > bytes - 1) {
          stop = StopCode.memoryBounds;
          break run;
        }
        memory8[at] = r[fp + c[pc + 2]!]!;
        pc += 5;
        continue;
      }
      case 150 satisfies typeof Op.store16: {
        const index = (r[fp + c[pc + 1]!]! + c[pc + 3]!) | 0;
        const at = (index + c[pc + 4]!) | 0;
        if ((index | at) < 0 || at > bytes - 2) {
          stop = StopCode.memoryBounds;
          break run;
        }
        memory.setInt16(at, r[fp + c[pc + 2]!]!, true);
        pc += 5;
        continue;
      }
      case 151 satisfies typeof Op.store32Const: {
        const index = (r[fp + c[pc + 1]!]! + c[pc + 3]!) | 0;
        const at = (index + c[pc + 4]!) | 0;
        if ((index | at) < 0 || at > bytes - 4) {
          stop = StopCode.memoryBounds;
          break run;
        }
        memory.setInt32(at, c[pc + 2]!, true);
        pc += 5;
        continue;
      }
      case 152 satisfies typeof Op.store32Global: {
        const index = (globals[c[pc + 1]!]! + c[pc + 3]!) | 0;
        const at = (index + c[pc + 4]!) | 0;
        if ((index | at) < 0 || at > bytes - 4) {
          stop = StopCode.memoryBounds;
          break run;
        }
        memory.setInt32(at, r[fp + c[pc + 2]!]!, true);
        pc += 5;
        continue;
      }
      case 153 satisfies typeof Op.store32GlobalConst: {
        const index = (globals[c[pc + 1]!]! + c[pc + 3]!) | 0;
        const at = (index + c[pc + 4]!) | 0;
        if ((index | at) < 0 || at > bytes - 4) {
          stop = StopCode.memoryBounds;
          break run;
        }
        memory.setInt32(at, c[pc + 2]!, true);
        pc += 5;
        continue;
      }
      case 154 satisfies typeof Op.memorySize: {
        r[fp + c[pc + 1]!] = bytes >>> 16;
        pc += 2;
        continue;
      }
      case 155 satisfies typeof Op.memoryGrow: {
        r[fp + c[pc + 1]!] = m.growMemory(r[fp + c[pc + 2]!]! >>> 0);
        memory = m.memory;
        memory8 = m.memory8;
        bytes = m.memoryBytes;
        pc += 3;
        continue;
      }
      case 156 satisfies typeof Op.bulk: {
        const trap = m.bulk(
          c[pc + 1]!,
          c[pc + 2]!,
          r[fp + c[pc + 3]!]! >>> 0,
          r[fp + c[pc + 3]! + 2]! >>> 0,
          r[fp + c[pc + 3]! + 4]! >>> 0,
        );
        if (trap !== 0) {
          stop = trap;
          break run;
        }
        pc += 4;
        continue;
      }
      default:
        throw new ModelError(`interpret: no internal code ${c[pc]} at ${pc}`);
    }
    if (!atLeader) {
      if (callee >= imported) {
        let entry = entries[callee]!;
        if (entry === 0) {
          entry = compiled.entryOf(callee);
          c = compiled.code;
        }
        if (base + c[entry - 4]! > r.length || 3 * depth + 6 > frames.length) {
          if (!m.reserve(base + c[entry - 4]!, depth + 2)) {
            stop = StopCode.exhausted;
            break;
          }
          r = m.ints;
          d = m.doubles;
          f = m.floats;
          frames = m.frames;
        }
        frames[3 * depth + 1] = behind;
        depth++;
        frames[3 * depth] = callee;
        frames[3 * depth + 2] = base;
        fp = base;
        const zeroEnd = base + c[entry - 2]!;
        for (let i = base + c[entry - 3]!; i < zeroEnd; i++) r[i] = 0;
        pc = entry;
        const cost = c[entry - 1]!;
        if (fuel >= cost) {
          fuel -= cost;
          continue;
        }
      } else {
        frames[3 * depth + 1] = pc;
        m.depth = depth;
        m.fuel = fuel + 1;
        stop = m.callResource(callee, base);
        if (stop !== StopCode.none) {
          if (stop === StopCode.waiting) fuel++;
          break;
        }
        // The resource may have run another machine of the module, which moves the code as it grows, and may have changed this one's memory.
        c = compiled.code;
        memory = m.memory;
        memory8 = m.memory8;
        bytes = m.memoryBytes;
        pc = behind;
        const cost = c[pc - 1]!;
        if (fuel >= cost) {
          fuel -= cost;
          continue;
        }
      }
    }
    // The fuel does not reach to the end of this stretch: go on one instruction at a time, unless more is given.
    atLeader = false;
    const more = m.moreFuel();
    if (more > 0) {
      fuel += more;
      const cost = compiled.costAt(frames[3 * depth]!, pc);
      if (fuel >= cost) {
        fuel -= cost;
        continue;
      }
    }
    pc = compiled.plainPc(frames[3 * depth]!, pc);
    c = compiled.code;
  }
  frames[3 * depth + 1] = pc;
  m.depth = stop === StopCode.finished ? -1 : depth;
  m.fuel = fuel;
  return stop;
}
