;; Calls an offender that is stopped and starts again, 2,200 times, with every way to run for ever in turn, and after each
;; the bystander. Compares its own memory as well. Switches off with 0, or with 1 and the number of the call in the console.
;; Capabilities: 1 offender, 2 bystander, 3 console, 4 power.
(module
  (import "kernel" "call" (func $call (param i32) (result i32)))
  (import "kernel" "console_write" (func $write (param i32 i32 i32) (result i32)))
  (import "kernel" "power_off" (func $power_off (param i32 i32)))
  (memory (export "memory") 33 33)
  (global (export "messageIn") i32 (i32.const 1024))
  (global (export "messageOut") i32 (i32.const 1280))
  (func $print (param $value i32) (param $end i32)
    (local $at i32)
    (local.set $at (i32.const 4200))
    (i32.store8 (local.get $at) (local.get $end))
    (loop $digits
      (local.set $at (i32.sub (local.get $at) (i32.const 1)))
      (i32.store8 (local.get $at) (i32.add (i32.const 48) (i32.rem_u (local.get $value) (i32.const 10))))
      (local.set $value (i32.div_u (local.get $value) (i32.const 10)))
      (br_if $digits (local.get $value)))
    (drop (call $write (i32.const 3) (local.get $at) (i32.sub (i32.const 4201) (local.get $at)))))
  (func $must (param $number i32) (param $status i32) (param $right i32)
    (if (i32.ne (local.get $status) (local.get $right)) (then
      (call $print (local.get $number) (i32.const 32))
      (call $print (i32.sub (i32.const 0) (local.get $status)) (i32.const 10))
      (call $power_off (i32.const 4) (i32.const 1)))))
  (func (export "start") (result i32)
    (local $number i32) (local $at i32) (local $kept i32)
    (loop $again
      (local.set $kept (i32.mul (local.get $number) (i32.const 0x9e3779b1)))
      (i32.store16 (i32.const 1282) (i32.add (i32.const 3) (i32.rem_u (local.get $number) (i32.const 11))))
      (i32.store8 (i32.const 1292) (i32.const 1)) ;; 1 MiB of this memory is lent to read
      (i32.store (i32.const 1344) (i32.const 0))
      (i32.store (i32.const 1348) (i32.const 65536))
      (i32.store (i32.const 1352) (i32.const 1048576))
      (i32.store (i32.const 1356) (i32.const 1))
      (i32.store (i32.const 65536) (local.get $kept))
      (call $must (local.get $number) (call $call (i32.const 1)) (i32.const -5)) ;; PeerRestarted
      (i32.store8 (i32.const 1292) (i32.const 0))
      (call $must (local.get $number) (call $call (i32.const 2)) (i32.const 0))
      (call $must (local.get $number) (i32.load (i32.const 65536)) (local.get $kept))
      ;; what the stack keeps over a call that is cut short
      (call $must (local.get $number) (local.get $kept) (i32.mul (local.get $number) (i32.const 0x9e3779b1)))
      (local.set $number (i32.add (local.get $number) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $number) (i32.const 2200))))
    (call $print (local.get $number) (i32.const 10))
    (call $power_off (i32.const 4) (i32.const 0))
    (i32.const 0))
  (func (export "receive") (param i32 i32) (result i32) (i32.const 10))
)
