;; A domain that reaches past its memory when it is called: the guard pages stop it.
(module
  (memory (export "memory") 1 1)
  (global (export "messageIn") i32 (i32.const 1024))
  (global (export "messageOut") i32 (i32.const 1280))
  (func (export "start") (result i32) (i32.const 0))
  (func (export "receive") (param i32 i32) (result i32) (i32.load (i32.const 0x7fff0000)))
)
