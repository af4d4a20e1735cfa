;; Writes 65,546 bytes to the console, 26 at a time, and switches off. Capabilities: 1 console, 2 power.
(module
  (import "kernel" "console_write" (func $write (param i32 i32 i32) (result i32)))
  (import "kernel" "power_off" (func $power_off (param i32 i32)))
  (memory (export "memory") 1 1)
  (global (export "messageIn") i32 (i32.const 1024))
  (global (export "messageOut") i32 (i32.const 1280))
  (func (export "start") (result i32)
    (local $left i32)
    (memory.fill (i32.const 2048) (i32.const 121) (i32.const 26))
    (local.set $left (i32.const 2521))
    (loop $again
      (drop (call $write (i32.const 1) (i32.const 2048) (i32.const 26)))
      (local.set $left (i32.sub (local.get $left) (i32.const 1)))
      (br_if $again (local.get $left)))
    (call $power_off (i32.const 2) (i32.const 0))
    (i32.const 0))
  (func (export "receive") (param i32 i32) (result i32) (i32.const 10))
)
