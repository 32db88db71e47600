/** Programs that together use every kind of state: what a machine is frozen in the middle of. */
export interface TestProgram {
  readonly name: string;
  readonly text: string;
  readonly args: readonly (number | bigint)[];
}

export const programs: readonly TestProgram[] = [
  {
    name: "a loop over memory",
    args: [20],
    text: `(module (memory (export "memory") 1)
      (func (export "main") (param $n i32) (result i32) (local $i i32) (local $sum i32)
        (loop $again
          (i32.store (i32.shl (local.get $i) (i32.const 2)) (i32.mul (local.get $i) (local.get $i)))
          (local.set $sum (i32.add (local.get $sum) (i32.load (i32.shl (local.get $i) (i32.const 2)))))
          (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
        (local.get $sum)))`,
  },
  {
    name: "recursion with i64",
    args: [9n],
    text: `(module (func $fib (export "main") (param $n i64) (result i64)
      (if (result i64) (i64.lt_s (local.get $n) (i64.const 2)) (then (local.get $n))
        (else (i64.add (call $fib (i64.sub (local.get $n) (i64.const 1))) (call $fib (i64.sub (local.get $n) (i64.const 2))))))))`,
  },
  {
    name: "indirect calls, several results, floats and globals",
    args: [6],
    text: `(module (type $op (func (param f64 f64) (result f64 f64))) (table 4 funcref) (elem (i32.const 1) $swap $add $scale)
      (global $count (export "count") (mut i32) (i32.const 0)) (global $last (mut f32) (f32.const nan:0x200001))
      (func $swap (type $op) local.get 1 local.get 0)
      (func $add (type $op) (f64.add (local.get 0) (local.get 1)) local.get 1)
      (func $scale (type $op) (f64.mul (local.get 0) (f64.const 1.5)) (f64.sqrt (local.get 1)))
      (func (export "main") (param $n i32) (result f64 f64) (local $x f64) (local $y f64)
        (local.set $x (f64.const 2)) (local.set $y (f64.const 3))
        (block $end (loop $again
          (br_if $end (i32.eqz (local.get $n)))
          (call_indirect (type $op) (local.get $x) (local.get $y) (i32.add (i32.rem_u (local.get $n) (i32.const 3)) (i32.const 1)))
          local.set $y local.set $x
          (global.set $count (i32.add (global.get $count) (i32.const 1)))
          (global.set $last (f32.demote_f64 (local.get $x)))
          (local.set $n (i32.sub (local.get $n) (i32.const 1)))
          (br $again)))
        local.get $x local.get $y))`,
  },
  {
    name: "a start function, tables of jumps, bulk memory",
    args: [7],
    text: `(module (memory 2) (data $words "hello world") (data (i32.const 65530) "abcdefgh") (global $g (mut i64) (i64.const -5))
      (func $begin (memory.init $words (i32.const 16) (i32.const 0) (i32.const 11)) (data.drop $words)
        (global.set $g (i64.load (i32.const 65529))))
      (start $begin)
      (func (export "main") (param $n i32) (result i64) (local $i i32)
        (loop $again
          (block $c (block $b (block $a (br_table $a $b $c (i32.rem_u (local.get $i) (i32.const 4))))
              (memory.copy (i32.const 100) (i32.const 16) (i32.const 11)) (br $c))
            (memory.fill (i32.const 40) (local.get $i) (i32.const 9)))
          (global.set $g (i64.rotl (i64.xor (global.get $g) (i64.load (i32.const 100))) (i64.extend_i32_u (local.get $i))))
          (local.set $i (i32.add (local.get $i) (i32.const 1)))
          (br_if $again (i32.lt_u (local.get $i) (local.get $n))))
        (drop (memory.grow (i32.const 1)))
        (i64.add (global.get $g) (i64.extend_i32_u (memory.size)))))`,
  },
  {
    name: "operands that wait on the stack",
    args: [5],
    text: `(module (func $twice (param i32) (result i32) (i32.shl (local.get 0) (i32.const 1)))
      (func (export "main") (param $n i32) (result i32) (local $k i32)
        (local.get $n) (i32.const 100) (local.get $n) (local.set $n (i32.const 3))
        (local.tee $k (call $twice (local.get $n))) (if (param i32 i32) (result i32 i32) (local.get $k) (then (i32.add) (local.get $n))
          (else (i32.sub) (i32.const 1)))
        (select (i32.const 7) (local.get $k)) (i32.add) (i32.mul) (i32.sub)))`,
  },
];
