;; A server without a limit that turns as many times as the first field says.
(module
  (memory (export "memory") 1 1)
  (global (export "messageIn") i32 (i32.const 1024))
  (global (export "messageOut") i32 (i32.const 1280))
  (func (export "start") (result i32) (i32.const 0))
  (func (export "receive") (param i32 i32) (result i32)
    (local $left i32)
    (local.set $left (i32.load (i32.const 1040)))
    (loop $again
      (local.set $left (i32.sub (local.get $left) (i32.const 1)))
      (br_if $again (i32.gt_s (local.get $left) (i32.const 0))))
    (i32.const 0))
)
