import { ModelError } from "../../errors.js";
import type { Execution } from "./execution.js";
import { binary, multiplyHigh, unary } from "./numeric.js";

/**
 * The internal code: an opcode, then its operands. `r` are registers, counted from the frame's first; the target comes first. What a jump costs
 * stands behind where it goes: the number of source instructions from there to the next place where the program may turn
 * off. It is paid on arrival, so that the code between carries no fuel.
 */
// biome-ignore lint/suspicious/noConstEnum: V8 makes a table of a switch only where its cases are literal numbers
export const enum Op {
  fuel,
  step,
  unreachable,
  jump,
  jumpIf,
  jumpUnless,
  jumpEq,
  jumpNe,
  jumpLtS,
  jumpLtU,
  jumpGtS,
  jumpGtU,
  jumpLeS,
  jumpLeU,
  jumpGeS,
  jumpGeU,
  jumpEqConst,
  jumpNeConst,
  jumpLtSConst,
  jumpLtUConst,
  jumpGtSConst,
  jumpGtUConst,
  jumpLeSConst,
  jumpLeUConst,
  jumpGeSConst,
  jumpGeUConst,
  jumpLtSGlobalConst,
  jumpGeSGlobalConst,
  jumpI64Eq,
  jumpI64Ne,
  jumpI64LtS,
  jumpI64LtU,
  jumpI64LeS,
  jumpI64LeU,
  jumpTable,
  return0,
  return32,
  return64,
  returnMany,
  call,
  callIndirect,
  move32,
  move64,
  const32,
  const64,
  select32,
  select64,
  globalGet32,
  globalAddConst,
  globalGet64,
  globalSet32,
  globalSet64,
  i32Eq,
  i32Ne,
  i32LtS,
  i32LtU,
  i32GtS,
  i32GtU,
  i32LeS,
  i32LeU,
  i32GeS,
  i32GeU,
  i32EqConst,
  i32NeConst,
  i32LtSConst,
  i32LtUConst,
  i32GtSConst,
  i32GtUConst,
  i32LeSConst,
  i32LeUConst,
  i32GeSConst,
  i32GeUConst,
  i32Add,
  i32Sub,
  i32Mul,
  i32And,
  i32Or,
  i32Xor,
  i32Shl,
  i32ShrS,
  i32ShrU,
  i32AddConst,
  i32SubConst,
  i32MulConst,
  i32AndConst,
  i32OrConst,
  i32XorConst,
  i32ShlConst,
  i32ShrSConst,
  i32ShrUConst,
  i32Rotl,
  i32RotlConst,
  i32Rotr,
  i32AddShl,
  i32Eqz,
  i64Add,
  i64Sub,
  i64Mul,
  i64And,
  i64Or,
  i64Xor,
  i64Shl,
  i64ShrS,
  i64ShrU,
  i64Eqz,
  i64Eq,
  i64Ne,
  i64LtS,
  i64LtU,
  i64LeS,
  i64LeU,
  i64ExtendS,
  i64ExtendU,
  f64Add,
  f64Sub,
  f64Mul,
  f64Div,
  f32Add,
  f32Sub,
  f32Mul,
  f32Div,
  f64Eq,
  f64Ne,
  f64Lt,
  f64Le,
  f32Eq,
  f32Ne,
  f32Lt,
  f32Le,
  f64Sqrt,
  f64ConvertS,
  f64ConvertU,
  unary,
  binary,
  load32,
  load64,
  load8S,
  load8U,
  load16S,
  load16U,
  load8S64,
  load8U64,
  load16S64,
  load16U64,
  load32S64,
  load32U64,
  load32Global,
  store32,
  store64,
  store8,
  store16,
  store32Const,
  store32Global,
  store32GlobalConst,
  memorySize,
  memoryGrow,
  bulk,
}

/** Why the loop was left: traps first, by the numbers of `trapKinds`. */
// biome-ignore lint/suspicious/noConstEnum: as above
export const enum StopCode {
  none,
  unreachable,
  divideByZero,
  overflow,
  invalidConversion,
  memoryBounds,
  tableBounds,
  undefinedElement,
  uninitializedElement,
  typeMismatch,
  exhausted,
  host,
  finished,
  outOfFuel,
  waiting,
}

/**
 * Runs a machine from the plain code of its innermost frame until there is a reason to stop.
 *
 * One function with everything in local variables: V8 keeps them in machine registers. It leaves the machine where it stopped, in `frames`
 * and `fuel`; at a trap or a call that waits, that is the internal code of the instruction itself.
 */
export function interpret(m: Execution): StopCode {
  const { program, globals, table, imported } = m;
  const { entries, typeIds } = program;
  let c = program.code;
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
  let stop: number = StopCode.none;
  let callee = 0;
  let base = 0;
  let behind = 0;
  let atLeader = false;
  run: for (;;) {
    switch (c[pc]) {
      case Op.fuel: {
        const cost = c[pc + 1]!;
        pc += 2;
        if (fuel >= cost) {
          fuel -= cost;
          continue;
        }
        atLeader = true;
        break;
      }
      case Op.step: {
        const cost = c[pc + 2]!;
        if (cost >= 0 && fuel >= cost) {
          fuel -= cost;
          pc = c[pc + 1]!;
          continue;
        }
        if (fuel === 0) {
          stop = StopCode.outOfFuel;
          break run;
        }
        fuel--;
        pc += 3;
        continue;
      }
      case Op.unreachable: {
        stop = StopCode.unreachable;
        break run;
      }
      case Op.jump: {
        const cost = c[pc + 2]!;
        pc = c[pc + 1]!;
        if (fuel >= cost) {
          fuel -= cost;
          continue;
        }
        atLeader = true;
        break;
      }
      case Op.jumpIf: {
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
      case Op.jumpUnless: {
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
      case Op.jumpEq: {
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
      case Op.jumpNe: {
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
      case Op.jumpLtS: {
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
      case Op.jumpLtU: {
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
      case Op.jumpGtS: {
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
      case Op.jumpGtU: {
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
      case Op.jumpLeS: {
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
      case Op.jumpLeU: {
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
      case Op.jumpGeS: {
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
      case Op.jumpGeU: {
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
      case Op.jumpEqConst: {
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
      case Op.jumpNeConst: {
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
      case Op.jumpLtSConst: {
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
      case Op.jumpLtUConst: {
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
      case Op.jumpGtSConst: {
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
      case Op.jumpGtUConst: {
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
      case Op.jumpLeSConst: {
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
      case Op.jumpLeUConst: {
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
      case Op.jumpGeSConst: {
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
      case Op.jumpGeUConst: {
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
      case Op.jumpLtSGlobalConst: {
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
      case Op.jumpGeSGlobalConst: {
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
      case Op.jumpI64Eq: {
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
      case Op.jumpI64Ne: {
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
      case Op.jumpI64LtS: {
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
      case Op.jumpI64LtU: {
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
      case Op.jumpI64LeS: {
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
      case Op.jumpI64LeU: {
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
      case Op.jumpTable: {
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
      case Op.return0: {
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
      case Op.return32: {
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
      case Op.return64: {
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
      case Op.returnMany: {
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
      case Op.call: {
        callee = c[pc + 1]!;
        base = fp + c[pc + 2]!;
        behind = pc + 4;
        break;
      }
      case Op.callIndirect: {
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
      case Op.move32: {
        r[fp + c[pc + 1]!] = r[fp + c[pc + 2]!]!;
        pc += 3;
        continue;
      }
      case Op.move64: {
        const to = fp + c[pc + 1]!;
        const from = fp + c[pc + 2]!;
        r[to] = r[from]!;
        r[to + 1] = r[from + 1]!;
        pc += 3;
        continue;
      }
      case Op.const32: {
        r[fp + c[pc + 1]!] = c[pc + 2]!;
        pc += 3;
        continue;
      }
      case Op.const64: {
        const to = fp + c[pc + 1]!;
        r[to] = c[pc + 2]!;
        r[to + 1] = c[pc + 3]!;
        pc += 4;
        continue;
      }
      case Op.select32: {
        r[fp + c[pc + 1]!] = r[fp + c[pc + (r[fp + c[pc + 4]!]! !== 0 ? 2 : 3)]!]!;
        pc += 5;
        continue;
      }
      case Op.select64: {
        const to = fp + c[pc + 1]!;
        const from = fp + c[pc + (r[fp + c[pc + 4]!]! !== 0 ? 2 : 3)]!;
        r[to] = r[from]!;
        r[to + 1] = r[from + 1]!;
        pc += 5;
        continue;
      }
      case Op.globalGet32: {
        r[fp + c[pc + 1]!] = (globals[c[pc + 2]!]! + c[pc + 3]!) | 0;
        pc += 4;
        continue;
      }
      case Op.globalAddConst: {
        const to = c[pc + 1]!;
        globals[to] = (globals[to]! + c[pc + 2]!) | 0;
        pc += 3;
        continue;
      }
      case Op.globalGet64: {
        const to = fp + c[pc + 1]!;
        const from = c[pc + 2]!;
        r[to] = globals[from]!;
        r[to + 1] = globals[from + 1]!;
        pc += 3;
        continue;
      }
      case Op.globalSet32: {
        globals[c[pc + 1]!] = r[fp + c[pc + 2]!]!;
        pc += 3;
        continue;
      }
      case Op.globalSet64: {
        const to = c[pc + 1]!;
        const from = fp + c[pc + 2]!;
        globals[to] = r[from]!;
        globals[to + 1] = r[from + 1]!;
        pc += 3;
        continue;
      }
      case Op.i32Eq: {
        r[fp + c[pc + 1]!] = r[fp + c[pc + 2]!]! === r[fp + c[pc + 3]!]! ? 1 : 0;
        pc += 4;
        continue;
      }
      case Op.i32Ne: {
        r[fp + c[pc + 1]!] = r[fp + c[pc + 2]!]! !== r[fp + c[pc + 3]!]! ? 1 : 0;
        pc += 4;
        continue;
      }
      case Op.i32LtS: {
        r[fp + c[pc + 1]!] = r[fp + c[pc + 2]!]! < r[fp + c[pc + 3]!]! ? 1 : 0;
        pc += 4;
        continue;
      }
      case Op.i32LtU: {
        r[fp + c[pc + 1]!] = r[fp + c[pc + 2]!]! >>> 0 < r[fp + c[pc + 3]!]! >>> 0 ? 1 : 0;
        pc += 4;
        continue;
      }
      case Op.i32GtS: {
        r[fp + c[pc + 1]!] = r[fp + c[pc + 2]!]! > r[fp + c[pc + 3]!]! ? 1 : 0;
        pc += 4;
        continue;
      }
      case Op.i32GtU: {
        r[fp + c[pc + 1]!] = r[fp + c[pc + 2]!]! >>> 0 > r[fp + c[pc + 3]!]! >>> 0 ? 1 : 0;
        pc += 4;
        continue;
      }
      case Op.i32LeS: {
        r[fp + c[pc + 1]!] = r[fp + c[pc + 2]!]! <= r[fp + c[pc + 3]!]! ? 1 : 0;
        pc += 4;
        continue;
      }
      case Op.i32LeU: {
        r[fp + c[pc + 1]!] = r[fp + c[pc + 2]!]! >>> 0 <= r[fp + c[pc + 3]!]! >>> 0 ? 1 : 0;
        pc += 4;
        continue;
      }
      case Op.i32GeS: {
        r[fp + c[pc + 1]!] = r[fp + c[pc + 2]!]! >= r[fp + c[pc + 3]!]! ? 1 : 0;
        pc += 4;
        continue;
      }
      case Op.i32GeU: {
        r[fp + c[pc + 1]!] = r[fp + c[pc + 2]!]! >>> 0 >= r[fp + c[pc + 3]!]! >>> 0 ? 1 : 0;
        pc += 4;
        continue;
      }
      case Op.i32EqConst: {
        r[fp + c[pc + 1]!] = r[fp + c[pc + 2]!]! === c[pc + 3]! ? 1 : 0;
        pc += 4;
        continue;
      }
      case Op.i32NeConst: {
        r[fp + c[pc + 1]!] = r[fp + c[pc + 2]!]! !== c[pc + 3]! ? 1 : 0;
        pc += 4;
        continue;
      }
      case Op.i32LtSConst: {
        r[fp + c[pc + 1]!] = r[fp + c[pc + 2]!]! < c[pc + 3]! ? 1 : 0;
        pc += 4;
        continue;
      }
      case Op.i32LtUConst: {
        r[fp + c[pc + 1]!] = r[fp + c[pc + 2]!]! >>> 0 < c[pc + 3]! >>> 0 ? 1 : 0;
        pc += 4;
        continue;
      }
      case Op.i32GtSConst: {
        r[fp + c[pc + 1]!] = r[fp + c[pc + 2]!]! > c[pc + 3]! ? 1 : 0;
        pc += 4;
        continue;
      }
      case Op.i32GtUConst: {
        r[fp + c[pc + 1]!] = r[fp + c[pc + 2]!]! >>> 0 > c[pc + 3]! >>> 0 ? 1 : 0;
        pc += 4;
        continue;
      }
      case Op.i32LeSConst: {
        r[fp + c[pc + 1]!] = r[fp + c[pc + 2]!]! <= c[pc + 3]! ? 1 : 0;
        pc += 4;
        continue;
      }
      case Op.i32LeUConst: {
        r[fp + c[pc + 1]!] = r[fp + c[pc + 2]!]! >>> 0 <= c[pc + 3]! >>> 0 ? 1 : 0;
        pc += 4;
        continue;
      }
      case Op.i32GeSConst: {
        r[fp + c[pc + 1]!] = r[fp + c[pc + 2]!]! >= c[pc + 3]! ? 1 : 0;
        pc += 4;
        continue;
      }
      case Op.i32GeUConst: {
        r[fp + c[pc + 1]!] = r[fp + c[pc + 2]!]! >>> 0 >= c[pc + 3]! >>> 0 ? 1 : 0;
        pc += 4;
        continue;
      }
      case Op.i32Add: {
        r[fp + c[pc + 1]!] = (r[fp + c[pc + 2]!]! + r[fp + c[pc + 3]!]!) | 0;
        pc += 4;
        continue;
      }
      case Op.i32Sub: {
        r[fp + c[pc + 1]!] = (r[fp + c[pc + 2]!]! - r[fp + c[pc + 3]!]!) | 0;
        pc += 4;
        continue;
      }
      case Op.i32Mul: {
        r[fp + c[pc + 1]!] = Math.imul(r[fp + c[pc + 2]!]!, r[fp + c[pc + 3]!]!);
        pc += 4;
        continue;
      }
      case Op.i32And: {
        r[fp + c[pc + 1]!] = r[fp + c[pc + 2]!]! & r[fp + c[pc + 3]!]!;
        pc += 4;
        continue;
      }
      case Op.i32Or: {
        r[fp + c[pc + 1]!] = r[fp + c[pc + 2]!]! | r[fp + c[pc + 3]!]!;
        pc += 4;
        continue;
      }
      case Op.i32Xor: {
        r[fp + c[pc + 1]!] = r[fp + c[pc + 2]!]! ^ r[fp + c[pc + 3]!]!;
        pc += 4;
        continue;
      }
      case Op.i32Shl: {
        r[fp + c[pc + 1]!] = r[fp + c[pc + 2]!]! << r[fp + c[pc + 3]!]!;
        pc += 4;
        continue;
      }
      case Op.i32ShrS: {
        r[fp + c[pc + 1]!] = r[fp + c[pc + 2]!]! >> r[fp + c[pc + 3]!]!;
        pc += 4;
        continue;
      }
      case Op.i32ShrU: {
        r[fp + c[pc + 1]!] = r[fp + c[pc + 2]!]! >>> r[fp + c[pc + 3]!]!;
        pc += 4;
        continue;
      }
      case Op.i32AddConst: {
        r[fp + c[pc + 1]!] = (r[fp + c[pc + 2]!]! + c[pc + 3]!) | 0;
        pc += 4;
        continue;
      }
      case Op.i32SubConst: {
        r[fp + c[pc + 1]!] = (r[fp + c[pc + 2]!]! - c[pc + 3]!) | 0;
        pc += 4;
        continue;
      }
      case Op.i32MulConst: {
        r[fp + c[pc + 1]!] = Math.imul(r[fp + c[pc + 2]!]!, c[pc + 3]!);
        pc += 4;
        continue;
      }
      case Op.i32AndConst: {
        r[fp + c[pc + 1]!] = r[fp + c[pc + 2]!]! & c[pc + 3]!;
        pc += 4;
        continue;
      }
      case Op.i32OrConst: {
        r[fp + c[pc + 1]!] = r[fp + c[pc + 2]!]! | c[pc + 3]!;
        pc += 4;
        continue;
      }
      case Op.i32XorConst: {
        r[fp + c[pc + 1]!] = r[fp + c[pc + 2]!]! ^ c[pc + 3]!;
        pc += 4;
        continue;
      }
      case Op.i32ShlConst: {
        r[fp + c[pc + 1]!] = r[fp + c[pc + 2]!]! << c[pc + 3]!;
        pc += 4;
        continue;
      }
      case Op.i32ShrSConst: {
        r[fp + c[pc + 1]!] = r[fp + c[pc + 2]!]! >> c[pc + 3]!;
        pc += 4;
        continue;
      }
      case Op.i32ShrUConst: {
        r[fp + c[pc + 1]!] = r[fp + c[pc + 2]!]! >>> c[pc + 3]!;
        pc += 4;
        continue;
      }
      case Op.i32Rotl: {
        const x = r[fp + c[pc + 2]!]!;
        const by = r[fp + c[pc + 3]!]!;
        r[fp + c[pc + 1]!] = (x << by) | (x >>> -by);
        pc += 4;
        continue;
      }
      case Op.i32RotlConst: {
        const x = r[fp + c[pc + 2]!]!;
        const by = c[pc + 3]!;
        r[fp + c[pc + 1]!] = (x << by) | (x >>> -by);
        pc += 4;
        continue;
      }
      case Op.i32Rotr: {
        const x = r[fp + c[pc + 2]!]!;
        const by = r[fp + c[pc + 3]!]!;
        r[fp + c[pc + 1]!] = (x >>> by) | (x << -by);
        pc += 4;
        continue;
      }
      case Op.i32AddShl: {
        r[fp + c[pc + 1]!] = (r[fp + c[pc + 2]!]! + (r[fp + c[pc + 3]!]! << c[pc + 4]!)) | 0;
        pc += 5;
        continue;
      }
      case Op.i32Eqz: {
        r[fp + c[pc + 1]!] = r[fp + c[pc + 2]!]! === 0 ? 1 : 0;
        pc += 3;
        continue;
      }
      case Op.i64Add: {
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
      case Op.i64Sub: {
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
      case Op.i64Mul: {
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
      case Op.i64And: {
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
      case Op.i64Or: {
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
      case Op.i64Xor: {
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
      case Op.i64Shl: {
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
      case Op.i64ShrS: {
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
      case Op.i64ShrU: {
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
      case Op.i64Eqz: {
        const a = fp + c[pc + 2]!;
        r[fp + c[pc + 1]!] = (r[a]! | r[a + 1]!) === 0 ? 1 : 0;
        pc += 3;
        continue;
      }
      case Op.i64Eq: {
        const a = fp + c[pc + 2]!;
        const b = fp + c[pc + 3]!;
        const to = fp + c[pc + 1]!;
        r[to] = r[a]! === r[b]! && r[a + 1]! === r[b + 1]! ? 1 : 0;
        pc += 4;
        continue;
      }
      case Op.i64Ne: {
        const a = fp + c[pc + 2]!;
        const b = fp + c[pc + 3]!;
        const to = fp + c[pc + 1]!;
        r[to] = r[a]! !== r[b]! || r[a + 1]! !== r[b + 1]! ? 1 : 0;
        pc += 4;
        continue;
      }
      case Op.i64LtS: {
        const a = fp + c[pc + 2]!;
        const b = fp + c[pc + 3]!;
        const to = fp + c[pc + 1]!;
        const x = r[a + 1]!;
        const y = r[b + 1]!;
        r[to] = (x === y ? r[a]! >>> 0 < r[b]! >>> 0 : x < y) ? 1 : 0;
        pc += 4;
        continue;
      }
      case Op.i64LtU: {
        const a = fp + c[pc + 2]!;
        const b = fp + c[pc + 3]!;
        const to = fp + c[pc + 1]!;
        const x = r[a + 1]!;
        const y = r[b + 1]!;
        r[to] = (x === y ? r[a]! >>> 0 < r[b]! >>> 0 : x >>> 0 < y >>> 0) ? 1 : 0;
        pc += 4;
        continue;
      }
      case Op.i64LeS: {
        const a = fp + c[pc + 2]!;
        const b = fp + c[pc + 3]!;
        const to = fp + c[pc + 1]!;
        const x = r[a + 1]!;
        const y = r[b + 1]!;
        r[to] = (x === y ? r[a]! >>> 0 <= r[b]! >>> 0 : x < y) ? 1 : 0;
        pc += 4;
        continue;
      }
      case Op.i64LeU: {
        const a = fp + c[pc + 2]!;
        const b = fp + c[pc + 3]!;
        const to = fp + c[pc + 1]!;
        const x = r[a + 1]!;
        const y = r[b + 1]!;
        r[to] = (x === y ? r[a]! >>> 0 <= r[b]! >>> 0 : x >>> 0 < y >>> 0) ? 1 : 0;
        pc += 4;
        continue;
      }
      case Op.i64ExtendS: {
        const to = fp + c[pc + 1]!;
        const x = r[fp + c[pc + 2]!]!;
        r[to] = x;
        r[to + 1] = x >> 31;
        pc += 3;
        continue;
      }
      case Op.i64ExtendU: {
        const to = fp + c[pc + 1]!;
        r[to] = r[fp + c[pc + 2]!]!;
        r[to + 1] = 0;
        pc += 3;
        continue;
      }
      case Op.f64Add: {
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
      case Op.f64Sub: {
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
      case Op.f64Mul: {
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
      case Op.f64Div: {
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
      case Op.f32Add: {
        const x = f[fp + c[pc + 2]!]! + f[fp + c[pc + 3]!]!;
        const to = fp + c[pc + 1]!;
        if (x === x) f[to] = x;
        else r[to] = 0x7fc00000;
        pc += 4;
        continue;
      }
      case Op.f32Sub: {
        const x = f[fp + c[pc + 2]!]! - f[fp + c[pc + 3]!]!;
        const to = fp + c[pc + 1]!;
        if (x === x) f[to] = x;
        else r[to] = 0x7fc00000;
        pc += 4;
        continue;
      }
      case Op.f32Mul: {
        const x = f[fp + c[pc + 2]!]! * f[fp + c[pc + 3]!]!;
        const to = fp + c[pc + 1]!;
        if (x === x) f[to] = x;
        else r[to] = 0x7fc00000;
        pc += 4;
        continue;
      }
      case Op.f32Div: {
        const x = f[fp + c[pc + 2]!]! / f[fp + c[pc + 3]!]!;
        const to = fp + c[pc + 1]!;
        if (x === x) f[to] = x;
        else r[to] = 0x7fc00000;
        pc += 4;
        continue;
      }
      case Op.f64Eq: {
        r[fp + c[pc + 1]!] = d[(fp + c[pc + 2]!) >> 1]! === d[(fp + c[pc + 3]!) >> 1]! ? 1 : 0;
        pc += 4;
        continue;
      }
      case Op.f64Ne: {
        r[fp + c[pc + 1]!] = d[(fp + c[pc + 2]!) >> 1]! !== d[(fp + c[pc + 3]!) >> 1]! ? 1 : 0;
        pc += 4;
        continue;
      }
      case Op.f64Lt: {
        r[fp + c[pc + 1]!] = d[(fp + c[pc + 2]!) >> 1]! < d[(fp + c[pc + 3]!) >> 1]! ? 1 : 0;
        pc += 4;
        continue;
      }
      case Op.f64Le: {
        r[fp + c[pc + 1]!] = d[(fp + c[pc + 2]!) >> 1]! <= d[(fp + c[pc + 3]!) >> 1]! ? 1 : 0;
        pc += 4;
        continue;
      }
      case Op.f32Eq: {
        r[fp + c[pc + 1]!] = f[fp + c[pc + 2]!]! === f[fp + c[pc + 3]!]! ? 1 : 0;
        pc += 4;
        continue;
      }
      case Op.f32Ne: {
        r[fp + c[pc + 1]!] = f[fp + c[pc + 2]!]! !== f[fp + c[pc + 3]!]! ? 1 : 0;
        pc += 4;
        continue;
      }
      case Op.f32Lt: {
        r[fp + c[pc + 1]!] = f[fp + c[pc + 2]!]! < f[fp + c[pc + 3]!]! ? 1 : 0;
        pc += 4;
        continue;
      }
      case Op.f32Le: {
        r[fp + c[pc + 1]!] = f[fp + c[pc + 2]!]! <= f[fp + c[pc + 3]!]! ? 1 : 0;
        pc += 4;
        continue;
      }
      case Op.f64Sqrt: {
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
      case Op.f64ConvertS: {
        d[(fp + c[pc + 1]!) >> 1] = r[fp + c[pc + 2]!]!;
        pc += 3;
        continue;
      }
      case Op.f64ConvertU: {
        d[(fp + c[pc + 1]!) >> 1] = r[fp + c[pc + 2]!]! >>> 0;
        pc += 3;
        continue;
      }
      case Op.unary: {
        const trap = unary(c[pc + 3]!, m, fp + c[pc + 1]!, fp + c[pc + 2]!);
        if (trap !== 0) {
          stop = trap;
          break run;
        }
        pc += 4;
        continue;
      }
      case Op.binary: {
        const trap = binary(c[pc + 4]!, m, fp + c[pc + 1]!, fp + c[pc + 2]!, fp + c[pc + 3]!);
        if (trap !== 0) {
          stop = trap;
          break run;
        }
        pc += 5;
        continue;
      }
      case Op.load32: {
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
      case Op.load64: {
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
      case Op.load8S: {
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
      case Op.load8U: {
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
      case Op.load16S: {
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
      case Op.load16U: {
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
      case Op.load8S64: {
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
      case Op.load8U64: {
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
      case Op.load16S64: {
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
      case Op.load16U64: {
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
      case Op.load32S64: {
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
      case Op.load32U64: {
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
      case Op.load32Global: {
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
      case Op.store32: {
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
      case Op.store64: {
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
      case Op.store8: {
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
      case Op.store16: {
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
      case Op.store32Const: {
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
      case Op.store32Global: {
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
      case Op.store32GlobalConst: {
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
      case Op.memorySize: {
        r[fp + c[pc + 1]!] = bytes >>> 16;
        pc += 2;
        continue;
      }
      case Op.memoryGrow: {
        r[fp + c[pc + 1]!] = m.growMemory(r[fp + c[pc + 2]!]! >>> 0);
        memory = m.memory;
        memory8 = m.memory8;
        bytes = m.memoryBytes;
        pc += 3;
        continue;
      }
      case Op.bulk: {
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
          entry = program.entryOf(callee);
          c = program.code;
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
        pc = behind;
        const cost = c[pc - 1]!;
        if (fuel >= cost) {
          fuel -= cost;
          continue;
        }
      }
    }
    // The fuel does not reach to the end of this stretch: go on one instruction at a time.
    atLeader = false;
    pc = program.plainPc(frames[3 * depth]!, pc);
    c = program.code;
  }
  frames[3 * depth + 1] = pc;
  m.depth = stop === StopCode.finished ? -1 : depth;
  m.fuel = fuel;
  return stop;
}
