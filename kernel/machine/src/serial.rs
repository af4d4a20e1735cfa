//! The first serial port: the system's console, and the kernel's own log.
//!
//! Input is interrupt driven into a ring; when the ring is full the rest stays in the port, whose FIFO stops the sender.
//! What stays true: the handler is the only writer of the ring's head and mainline code the only writer of its tail.
use crate::cpu::{in8, interrupts_off, interrupts_on, out8};
use axiom_kernel_portable::watchdog;
use core::fmt;
use core::sync::atomic::{AtomicU8, AtomicUsize, Ordering::Relaxed};

const PORT: u16 = 0x3f8;
/// Registers of the 16550 (its data sheet, table II).
const DATA: u16 = PORT;
const INTERRUPT_ENABLE: u16 = PORT + 1;
const FIFO_CONTROL: u16 = PORT + 2;
const LINE_CONTROL: u16 = PORT + 3;
const MODEM_CONTROL: u16 = PORT + 4;
const LINE_STATUS: u16 = PORT + 5;
const LINE_STATUS_DATA: u8 = 1;
const LINE_STATUS_EMPTY: u8 = 0x20;
/// Not just the FIFO is empty: the last byte is on the line.
const LINE_STATUS_SENT: u8 = 0x40;
const FIFO_BYTES: usize = 16;

const RING_BYTES: usize = 4096;
static RING: [AtomicU8; RING_BYTES] = [const { AtomicU8::new(0) }; RING_BYTES];
static HEAD: AtomicUsize = AtomicUsize::new(0);
static TAIL: AtomicUsize = AtomicUsize::new(0);

/// 115200 baud, 8 bits, FIFO on, an interrupt when a byte arrives.
pub fn init() {
    // Safety: see `cpu.rs`; the port is this file's.
    unsafe {
        out8(INTERRUPT_ENABLE, 0);
        out8(LINE_CONTROL, 0x80);
        out8(DATA, 1);
        out8(INTERRUPT_ENABLE, 0);
        out8(LINE_CONTROL, 0x03);
        out8(FIFO_CONTROL, 0x07);
        out8(MODEM_CONTROL, 0x0b); // OUT2 lets the interrupt through
        out8(INTERRUPT_ENABLE, 1);
    }
}

/// Moves what the port has received into the ring. Called by the interrupt handler, or with interrupts off. The
/// interrupt is edge triggered, so it must leave nothing behind that fits.
pub fn receive() {
    loop {
        let head = HEAD.load(Relaxed);
        if head.wrapping_sub(TAIL.load(Relaxed)) == RING_BYTES || unsafe { in8(LINE_STATUS) } & LINE_STATUS_DATA == 0 {
            return;
        }
        RING[head % RING_BYTES].store(unsafe { in8(DATA) }, Relaxed);
        HEAD.store(head.wrapping_add(1), Relaxed);
    }
}

/// Takes bytes that have arrived; their count.
pub fn read(bytes: &mut [u8]) -> usize {
    let mut count = 0;
    while count < bytes.len() {
        let tail = TAIL.load(Relaxed);
        if tail == HEAD.load(Relaxed) {
            // What did not fit into the ring has waited in the port, and will not interrupt again.
            interrupts_off();
            receive();
            interrupts_on();
            if tail == HEAD.load(Relaxed) {
                break;
            }
        }
        bytes[count] = RING[tail % RING_BYTES].load(Relaxed);
        TAIL.store(tail.wrapping_add(1), Relaxed);
        count += 1;
    }
    count
}

/// Writes bytes as they are, so that what `cat` prints arrives as it is in the file; line ends are the terminal's business.
pub fn write(bytes: &[u8]) {
    let mut room = 0;
    for &byte in bytes {
        send(byte, &mut room);
    }
}

fn send(byte: u8, room: &mut usize) {
    // Safety: see `cpu.rs`.
    unsafe {
        if *room == 0 {
            wait_for(LINE_STATUS_EMPTY);
            *room = FIFO_BYTES;
        }
        out8(DATA, byte);
    }
    *room -= 1;
}

/// Returns when all that was written has left the port: what ends the machine takes with it what has not.
pub fn drain() {
    wait_for(LINE_STATUS_SENT);
}

/// A slow line, a terminal that was stopped, a program that does not read: not the time of the domain that writes.
fn wait_for(bit: u8) {
    // Safety: see `cpu.rs`.
    let is_set = || unsafe { in8(LINE_STATUS) } & bit != 0;
    if is_set() {
        return;
    }
    let writer = watchdog::running();
    watchdog::pause();
    while !is_set() {
        core::hint::spin_loop();
    }
    watchdog::resume(writer);
}

/// Text of the kernel itself.
pub struct Log;

impl fmt::Write for Log {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        write(text.as_bytes());
        Ok(())
    }
}

#[macro_export]
macro_rules! log {
    ($($text:tt)*) => {{
        use core::fmt::Write;
        let _ = writeln!($crate::serial::Log, $($text)*);
    }};
}
