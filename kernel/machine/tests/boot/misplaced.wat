;; A module whose word about the processor would lie behind its memory.
(module
  (memory (export "memory") 1 1)
  (global (export "messageIn") i32 (i32.const 1024))
  (global (export "messageOut") i32 (i32.const 1280))
  (global (export "processor") i32 (i32.const 65536))
  (func (export "start") (result i32) (i32.const 0))
  (func (export "receive") (param i32 i32) (result i32) (i32.const 10))
)
