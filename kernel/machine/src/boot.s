# The first instructions: from PVH to 64-bit Rust. AT&T syntax.
#
# QEMU enters `pvh_start` in 32-bit protected mode without paging, EBX pointing to hvm_start_info (Xen, docs/misc/pvh.pandoc).
# What stays true from here on: the first 4 GiB are mapped one to one, and the stack has an unmapped page below it
# (`memory.rs` takes it away).
.section .note.pvh, "a", @note
.balign 4
    .long 4, 8, 18              # namesz, descsz (QEMU reads a size_t for ELF64), XEN_ELFNOTE_PHYS32_ENTRY
    .asciz "Xen"
    .quad pvh_start

.section .text.boot, "ax"
.code32
.globl pvh_start
pvh_start:
    cli
    cld
    movl %ebx, %esi             # keep start info
    # identity map 0..4 GiB with 2 MiB pages: PML4[0] -> PDPT[0..4] -> 4 page directories
    movl $boot_pdpt + 3, boot_pml4
    movl $boot_pd + 3, %eax
    movl $boot_pdpt, %edi
    movl $4, %ecx
1:  movl %eax, (%edi)
    addl $4096, %eax
    addl $8, %edi
    loop 1b
    movl $boot_pd, %edi
    movl $0x83, %eax            # present | write | 2 MiB
    movl $2048, %ecx
2:  movl %eax, (%edi)
    addl $0x200000, %eax
    addl $8, %edi
    loop 2b
    movl %cr4, %eax
    orl $0x620, %eax            # PAE | OSFXSR | OSXMMEXCPT
    movl %eax, %cr4
    movl $boot_pml4, %eax
    movl %eax, %cr3
    movl $0xC0000080, %ecx      # EFER: LME | NXE
    rdmsr
    orl $0x900, %eax
    wrmsr
    movl %cr0, %eax
    andl $~0x6000000C, %eax     # caches on, no emulation, no task switch
    orl $0x80010003, %eax       # PG | WP | MP | PE
    movl %eax, %cr0
    lgdt boot_gdtr
    ljmp $8, $long_start
.code64
long_start:
    movl $16, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    xorl %eax, %eax
    movl %eax, %fs
    movl %eax, %gs
    movq $boot_stack_top, %rsp
    xorl %ebp, %ebp
    movl %esi, %edi
    call kernel_main
3:  hlt
    jmp 3b

.section .rodata.boot, "a"
.balign 8
boot_gdt: .quad 0, 0x00AF9A000000FFFF, 0x00CF92000000FFFF
boot_gdtr: .word 23
    .long boot_gdt

.section .bss.boot, "aw", @nobits
.balign 4096
.globl boot_pml4
boot_pml4: .skip 4096
boot_pdpt: .skip 4096
boot_pd:   .skip 4096*4
.globl boot_stack_guard
boot_stack_guard: .skip 4096
.globl boot_stack
boot_stack: .skip 4194304
.globl boot_stack_top
boot_stack_top:

