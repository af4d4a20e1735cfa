//! Segments, the task state with its interrupt stacks, and the interrupt table (Intel SDM volume 3, §3.4, §6.14, §7.7).
use axiom_kernel_portable::frames::PAGE_BYTES;
use core::arch::{asm, global_asm};

global_asm!(include_str!("boot.s"), options(att_syntax));
global_asm!(include_str!("vectors.s"), options(att_syntax));

pub const VECTOR_COUNT: usize = 48;
const STACK_BYTES: usize = 16 << 10;
const STACK_COUNT: usize = 3;
const CODE_SEGMENT: u64 = 8;
const TASK_SEGMENT: u16 = 24;

#[repr(C, packed)]
struct TaskState {
    zero0: u32,
    stacks: [u64; 3],
    zero1: u64,
    interrupt_stacks: [u64; 7],
    zero2: u64,
    zero3: u16,
    io_map: u16,
}
#[repr(C, packed)]
struct TablePointer(u16, u64);
/// A stack above a page that `memory.rs` takes away.
#[repr(C, align(4096))]
struct Stack {
    guard: [u8; PAGE_BYTES as usize],
    bytes: [u8; STACK_BYTES],
}

static mut TASK: TaskState =
    TaskState { zero0: 0, stacks: [0; 3], zero1: 0, interrupt_stacks: [0; 7], zero2: 0, zero3: 0, io_map: size_of::<TaskState>() as u16 };
static mut SEGMENTS: [u64; 5] = [0, 0x00AF_9A00_0000_FFFF, 0x00CF_9200_0000_FFFF, 0, 0];
static mut VECTORS: [[u64; 2]; 256] = [[0; 2]; 256];
static mut STACKS: [Stack; STACK_COUNT] = [const { Stack { guard: [0; PAGE_BYTES as usize], bytes: [0; STACK_BYTES] } }; STACK_COUNT];

/// Which of `STACKS` a vector uses, counted from 1.
const INTERRUPT_STACK: u64 = 1;
const FAULT_STACK: u64 = 2;
/// Double fault, NMI and machine check come at any time, also inside a fault.
const EMERGENCY_STACK: u64 = 3;

unsafe extern "C" {
    static vector_table: u8;
}

/// Safety of the whole function: called once, before interrupts are on; the statics are used by nothing else.
pub fn init() {
    unsafe {
        for number in 0..STACK_COUNT {
            let top = (&raw const STACKS[number].bytes) as u64 + STACK_BYTES as u64;
            (&raw mut TASK.interrupt_stacks).cast::<u64>().add(number).write_unaligned(top);
        }
        let task = &raw const TASK as u64;
        let limit = size_of::<TaskState>() as u64 - 1;
        SEGMENTS[3] = limit | (task & 0xff_ffff) << 16 | 0x89 << 40 | (task >> 24 & 0xff) << 56;
        SEGMENTS[4] = task >> 32;
        let segments = TablePointer::new(size_of::<[u64; 5]>(), &raw const SEGMENTS as u64);
        asm!("lgdt [{}]", "ltr {:x}", in(reg) &segments, in(reg) TASK_SEGMENT);
        for number in 0..VECTOR_COUNT {
            VECTORS[number] = gate(number);
        }
        VECTORS[255] = gate(VECTOR_COUNT - 1); // the local APIC's spurious vector
        let vectors = TablePointer::new(size_of::<[[u64; 2]; 256]>(), &raw const VECTORS as u64);
        asm!("lidt [{}]", in(reg) &vectors);
    }
}

/// Addresses of the pages below the stacks.
pub fn guard_pages() -> [u64; STACK_COUNT] {
    // Safety: only the addresses are taken.
    core::array::from_fn(|number| unsafe { &raw const STACKS[number].guard } as u64)
}

/// Does [start, end) lie on an interrupt stack?
pub fn is_stack(start: u64, end: u64) -> bool {
    guard_pages().iter().any(|guard| start >= guard + PAGE_BYTES && end <= guard + PAGE_BYTES + STACK_BYTES as u64)
}

impl TablePointer {
    fn new(bytes: usize, base: u64) -> Self {
        TablePointer(bytes as u16 - 1, base)
    }
}

fn gate(number: usize) -> [u64; 2] {
    let handler = &raw const vector_table as u64 + 16 * number as u64;
    let stack = match number {
        2 | 8 | 18 => EMERGENCY_STACK,
        0..32 => FAULT_STACK,
        _ => INTERRUPT_STACK,
    };
    // Faults go through trap gates, which leave the interrupt flag alone: Wasmtime leaves the handler of a trap by a jump,
    // never through iretq, so the flag must be right already.
    let kind: u64 = if stack == FAULT_STACK { 0x8f } else { 0x8e };
    [handler & 0xffff | CODE_SEGMENT << 16 | stack << 32 | kind << 40 | (handler >> 16 & 0xffff) << 48, handler >> 32]
}
