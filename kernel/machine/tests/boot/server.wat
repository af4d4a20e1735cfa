;; The server of the boot test: adds 1 to the first field, and turns the first letter that it was lent into a capital.
(module
  (import "kernel" "lease_read" (func $lease_read (param i32 i32 i32 i32) (result i32)))
  (import "kernel" "lease_write" (func $lease_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1 1)
  (global (export "messageIn") i32 (i32.const 1024))
  (global (export "messageOut") i32 (i32.const 1280))
  (func (export "start") (result i32) (i32.const 0))
  (func (export "receive") (param $badge i32) (param $rights i32) (result i32)
    (if (i32.ne (local.get $badge) (i32.const 77)) (then (unreachable)))
    (i32.store (i32.const 1040) (i32.add (i32.load (i32.const 1040)) (i32.const 1)))
    (if (i32.load8_u (i32.const 1036)) (then
      (if (call $lease_read (i32.load (i32.const 1088)) (i32.const 0) (i32.const 4096) (i32.const 18)) (then (unreachable)))
      (i32.store8 (i32.const 4096) (i32.sub (i32.load8_u (i32.const 4096)) (i32.const 32)))
      (if (call $lease_write (i32.load (i32.const 1088)) (i32.const 0) (i32.const 4096) (i32.const 1)) (then (unreachable)))))
    (i32.const 0))
)
