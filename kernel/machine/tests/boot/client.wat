;; The client of the boot test: calls a server, lends it memory, survives a domain that traps, waits for a timer, echoes one
;; console byte, and switches the power off with status 42. Any step that goes wrong switches off with its number instead.
;; Capabilities: 1 server, 2 trapper, 3 console, 4 power, 5 timer (bit 0), 6 clock, 7 trace, 8 control. Console bit: 1.
(module
  (import "kernel" "call" (func $call (param i32) (result i32)))
  (import "kernel" "console_write" (func $write (param i32 i32 i32) (result i32)))
  (import "kernel" "console_read" (func $read (param i32 i32 i32) (result i32)))
  (import "kernel" "console_arguments" (func $arguments (param i32 i32 i32) (result i32)))
  (import "kernel" "power_off" (func $power_off (param i32 i32)))
  (import "kernel" "timer_set" (func $timer_set (param i32 i32) (result i32)))
  (import "kernel" "clock_read" (func $clock_read (param i32 i32) (result i32)))
  (import "kernel" "trace_note" (func $trace_note (param i32 i32 i32) (result i32)))
  (import "kernel" "control_list" (func $control_list (param i32 i32 i32) (result i32)))
  (import "kernel" "wait" (func $wait (param i32 i32) (result i32)))
  (memory (export "memory") 17 17)
  (global (export "messageIn") i32 (i32.const 1024))
  (global (export "messageOut") i32 (i32.const 1280))
  (global $before (mut i64) (i64.const 0))
  (data (i32.const 2048) "boot test: called\n")
  (data (i32.const 2112) "boot test: trap contained\n")
  (data (i32.const 2176) "boot test: timer\n")
  (data (i32.const 2240) "boot test: input ")
  (data (i32.const 3072) "lent by the client")

  (func $check (param $step i32) (param $right i32)
    (if (i32.eqz (local.get $right)) (then (call $power_off (i32.const 4) (local.get $step)))))
  (func $print (param $address i32) (param $length i32)
    (call $check (i32.const 1) (i32.eq (call $write (i32.const 3) (local.get $address) (local.get $length)) (local.get $length))))

  (func (export "start") (result i32)
    ;; interface 7, operation 9, one lease of 18 bytes to read and write
    (i32.store16 (i32.const 1280) (i32.const 7))
    (i32.store16 (i32.const 1282) (i32.const 9))
    (i32.store8 (i32.const 1292) (i32.const 1))
    (i32.store (i32.const 1296) (i32.const 41))
    (i32.store (i32.const 1348) (i32.const 3072))
    (i32.store (i32.const 1352) (i32.const 18))
    (i32.store (i32.const 1356) (i32.const 3))
    (call $check (i32.const 2) (i32.eqz (call $call (i32.const 1))))
    (call $check (i32.const 3) (i32.eq (i32.load (i32.const 1296)) (i32.const 42)))
    (call $check (i32.const 4) (i32.eq (i32.load8_u (i32.const 3072)) (i32.const 0x4c))) ;; the server wrote "L"
    (call $print (i32.const 2048) (i32.const 18))
    (i32.store8 (i32.const 1292) (i32.const 0))
    (call $check (i32.const 5) (i32.eq (call $call (i32.const 2)) (i32.const -5))) ;; PeerRestarted
    (call $check (i32.const 6) (i32.eq (call $call (i32.const 2)) (i32.const -6))) ;; PeerDead
    (call $check (i32.const 7) (i32.eqz (call $call (i32.const 1)))) ;; others go on
    (call $print (i32.const 2112) (i32.const 26))
    (drop (call $trace_note (i32.const 7) (i32.const 2112) (i32.const 25)))
    (call $check (i32.const 8) (i32.eq (call $control_list (i32.const 8) (i32.const 8192) (i32.const 99)) (i32.const 4)))
    (call $check (i32.const 9) (i32.eq (i32.load (i32.const 8216)) (i32.const 2))) ;; the server is ready
    (call $check (i32.const 10) (i32.eq (i32.load (i32.const 8280)) (i32.const 3))) ;; the trapper is dead
    ;; a wait that times out after 20 ms
    (drop (call $clock_read (i32.const 6) (i32.const 4096)))
    (global.set $before (i64.load (i32.const 4096)))
    (call $check (i32.const 11) (i32.eqz (call $wait (i32.const 1) (i32.const 20000))))
    (drop (call $clock_read (i32.const 6) (i32.const 4096)))
    (call $check (i32.const 12) (i64.ge_u (i64.sub (i64.load (i32.const 4096)) (global.get $before)) (i64.const 20000000)))
    ;; Unix time lies after 2023
    (call $check (i32.const 13) (i64.gt_u (i64.load (i32.const 4104)) (i64.const 1700000000000000000)))
    (drop (call $timer_set (i32.const 5) (i32.const 30000)))
    (i32.const 0))

  (func (export "notified") (param $bits i32)
    (if (i32.and (local.get $bits) (i32.const 1)) (then
      (call $print (i32.const 2176) (i32.const 17))
      ;; without "run" there is nobody to type
      (if (i32.eqz (call $arguments (i32.const 3) (i32.const 4096) (i32.const 64)))
        (then (call $power_off (i32.const 4) (i32.const 42))))
      (call $print (i32.const 4096) (call $arguments (i32.const 3) (i32.const 4096) (i32.const 64)))))
    (if (i32.and (local.get $bits) (i32.const 2)) (then
      (call $check (i32.const 14) (i32.gt_s (call $read (i32.const 3) (i32.const 4096) (i32.const 16)) (i32.const 0)))
      (call $print (i32.const 2240) (i32.const 17))
      (call $print (i32.const 4096) (i32.const 1))
      (call $power_off (i32.const 4) (i32.const 43)))))
  (func (export "receive") (param i32 i32) (result i32) (i32.const 10))
)
