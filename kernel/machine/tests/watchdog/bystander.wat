;; A bystander of the watchdog's tests: writes a pattern over most of its memory when it starts and compares it when it is called.
(module
  (memory (export "memory") 4 4)
  (global (export "messageIn") i32 (i32.const 1024))
  (global (export "messageOut") i32 (i32.const 1280))
  (func $pattern (param $at i32) (result i32) (i32.mul (i32.add (local.get $at) (i32.const 77)) (i32.const 0x9e3779b1)))
  (func (export "start") (result i32)
    (local $at i32)
    (local.set $at (i32.const 4096))
    (loop $again
      (i32.store (local.get $at) (call $pattern (local.get $at)))
      (local.set $at (i32.add (local.get $at) (i32.const 4)))
      (br_if $again (i32.lt_u (local.get $at) (i32.const 262144))))
    (i32.const 0))
  (func (export "receive") (param i32 i32) (result i32)
    (local $at i32)
    (local.set $at (i32.const 4096))
    (loop $again
      (if (i32.ne (i32.load (local.get $at)) (call $pattern (local.get $at))) (then (return (i32.const 10))))
      (local.set $at (i32.add (local.get $at) (i32.const 4)))
      (br_if $again (i32.lt_u (local.get $at) (i32.const 262144))))
    (i32.const 0))
)
