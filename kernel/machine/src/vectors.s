# One stub a vector, 16 bytes apart, then a common tail that saves all registers and calls `vector_entry`. AT&T syntax.
#
# Every vector runs on a stack of its own (IST): the precompiled `core` uses the red zone below the stack pointer, which an
# interrupt on the same stack would overwrite.
.section .text.vectors, "ax"
.balign 16
.globl vector_table
vector_table:
.set vec, 0
.rept 48
    .balign 16
    .if (vec == 8) || (vec >= 10 && vec <= 14) || (vec == 17) || (vec == 21) || (vec == 29) || (vec == 30)
    .else
    pushq $0                    # these vectors push no error code
    .endif
    pushq $vec
    jmp vector_common
    .set vec, vec + 1
.endr

vector_common:
    pushq %rax; pushq %rbx; pushq %rcx; pushq %rdx; pushq %rsi; pushq %rdi; pushq %rbp
    pushq %r8; pushq %r9; pushq %r10; pushq %r11; pushq %r12; pushq %r13; pushq %r14; pushq %r15
    movq %rsp, %rdi
    subq $512, %rsp             # IST stacks are aligned to 16, so is this
    fxsave64 (%rsp)             # handlers are compiled code and may use SSE
    cld
    call vector_entry
    fxrstor64 (%rsp)
    addq $512, %rsp
    popq %r15; popq %r14; popq %r13; popq %r12; popq %r11; popq %r10; popq %r9; popq %r8
    popq %rbp; popq %rdi; popq %rsi; popq %rdx; popq %rcx; popq %rbx; popq %rax
    addq $16, %rsp
    iretq

# Where a domain goes that has run too long: by `iretq` from an instruction of its own, or by the return from a system call
# whose return address was replaced (watchdog.rs). RBP is the domain's. Nothing comes back from here.
.globl watchdog_stop
watchdog_stop:
    cld
    andq $-16, %rsp
    movq %rbp, %rdi
    call watchdog_stopped
