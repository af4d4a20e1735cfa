;; Runs for ever in the way that the operation of its request names, or, with 1 and 2, long but not in its own time.
;; Capabilities: 1 busy, 2 timer (bit 0), which is never set.
(module
  (import "kernel" "call" (func $call (param i32) (result i32)))
  (import "kernel" "relax" (func $relax))
  (import "kernel" "wait" (func $wait (param i32 i32) (result i32)))
  (import "kernel" "capability_drop" (func $drop (param i32) (result i32)))
  (import "kernel" "lease_read" (func $lease_read (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 64 64)
  (global (export "messageIn") i32 (i32.const 1024))
  (global (export "messageOut") i32 (i32.const 1280))
  (global $sum (mut i32) (i32.const 0))
  (table 1 1 funcref)
  (elem (i32.const 0) $nothing)
  (func $nothing)
  (func (export "start") (result i32) (i32.const 0))

  (func $call_busy (param $turns i32) (result i32)
    (i32.store (i32.const 1296) (local.get $turns))
    (call $call (i32.const 1)))
  (func $recurse (param $depth i32) (result i32)
    (local $left i32)
    (local.set $left (i32.const 1000))
    (loop $again
      (local.set $left (i32.sub (local.get $left) (i32.const 1)))
      (br_if $again (local.get $left)))
    (if (i32.eqz (local.get $depth)) (then (return (i32.const 1))))
    (i32.add (call $recurse (i32.sub (local.get $depth) (i32.const 1))) (call $recurse (i32.const 0))))

  (func (export "receive") (param i32 i32) (result i32)
    (local $operation i32) (local $at i32)
    (local.set $operation (i32.load16_u (i32.const 1026)))
    ;; 1: a callee that takes 30 million turns; 2: half a second of sleep. Both may.
    (if (i32.eq (local.get $operation) (i32.const 1)) (then (return (i32.sub (i32.const 0) (call $call_busy (i32.const 30000000))))))
    (if (i32.eq (local.get $operation) (i32.const 2)) (then
      (local.set $at (i32.const 5))
      (loop $again
        (drop (call $wait (i32.const 1) (i32.const 100000)))
        (local.set $at (i32.sub (local.get $at) (i32.const 1)))
        (br_if $again (local.get $at)))
      (return (i32.const 0))))
    ;; 3: no load, no store, no call
    (if (i32.eq (local.get $operation) (i32.const 3)) (then (loop $again (br $again))))
    (if (i32.eq (local.get $operation) (i32.const 4)) (then ;; loads
      (loop $again
        (global.set $sum (i32.add (global.get $sum) (i32.load (i32.and (local.get $at) (i32.const 0xffff)))))
        (local.set $at (i32.add (local.get $at) (i32.const 4)))
        (br $again))))
    (if (i32.eq (local.get $operation) (i32.const 5)) (then (loop $again (call $relax) (br $again))))
    (if (i32.eq (local.get $operation) (i32.const 6)) (then (loop $again (drop (call $drop (i32.const 99))) (br $again))))
    (if (i32.eq (local.get $operation) (i32.const 7)) (then (loop $again (drop (call $recurse (i32.const 300))) (br $again))))
    ;; the kernel works for it, and comes back rarely: 4 MiB each time
    (if (i32.eq (local.get $operation) (i32.const 8)) (then
      (loop $again (memory.fill (i32.const 65536) (i32.const 1) (i32.const 4128768)) (br $again))))
    (if (i32.eq (local.get $operation) (i32.const 9)) (then
      (loop $again (memory.copy (i32.const 65536) (i32.const 131072) (i32.const 4063232)) (br $again))))
    (if (i32.eq (local.get $operation) (i32.const 10)) (then
      (loop $again (drop (call $lease_read (i32.load (i32.const 1088)) (i32.const 0) (i32.const 65536) (i32.const 1048576))) (br $again))))
    ;; calls that are short, and calls that are long, to a server with time of its own
    (if (i32.eq (local.get $operation) (i32.const 11)) (then (loop $again (drop (call $call_busy (i32.const 1))) (br $again))))
    (if (i32.eq (local.get $operation) (i32.const 12)) (then ;; calls of functions: prologues and epilogues
      (loop $again (call_indirect (i32.const 0)) (call_indirect (i32.const 0)) (br $again))))
    (if (i32.eq (local.get $operation) (i32.const 13)) (then (loop $again (drop (call $wait (i32.const 1) (i32.const 0))) (br $again))))
    (i32.const 10))
)
