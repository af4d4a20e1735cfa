//! The words of the boot command line (docs/abi.md §8). A word that is malformed is left out and told.
use crate::log;
use alloc::vec::Vec;

/// So many words that say where a device is are looked at.
pub const MMIO_DEVICE_LIMIT: usize = 24;

#[derive(Default)]
pub struct CommandLine {
    pub is_debug: bool,
    /// Address and size of the trace ring.
    pub trace: Option<(u64, u64)>,
    /// Unix time at boot, nanoseconds.
    pub time: Option<u64>,
    /// What to break, to show that it cannot be broken silently (`self_test.rs`).
    pub breach: Option<&'static [u8]>,
    /// Where the boot loader says that virtio devices are (`mmio_device.rs`); unused ones are empty.
    pub mmio_devices: [&'static [u8]; MMIO_DEVICE_LIMIT],
    /// Bytes behind `run=`, still in hexadecimal.
    run: &'static [u8],
    /// Fault injection: a domain, and the message at which it is killed.
    kill: Option<(&'static [u8], u32)>,
}

impl CommandLine {
    /// Allocates nothing: memory is not there yet.
    pub fn parse(text: &'static [u8]) -> Self {
        let mut line = CommandLine::default();
        let mut mmio_device_count = 0;
        for word in text.split(|&byte| byte == b' ').filter(|word| !word.is_empty()) {
            let (name, value) = match word.iter().position(|&byte| byte == b'=') {
                Some(at) => (&word[..at], &word[at + 1..]),
                None => (word, &b""[..]),
            };
            match name {
                b"debug" => line.is_debug = true,
                b"break" => line.breach = Some(value),
                b"run" => line.run = value,
                b"kill" => line.kill = injection(value),
                b"time" => line.time = number(value, 10),
                b"virtio_mmio.device" if mmio_device_count < MMIO_DEVICE_LIMIT => {
                    line.mmio_devices[mmio_device_count] = value;
                    mmio_device_count += 1;
                }
                b"trace" => line.trace = trace_range(value),
                _ => {}
            }
        }
        line
    }

    pub fn kill(&self) -> Option<(Vec<u8>, u32)> {
        self.kill.map(|(name, number)| (name.to_vec(), number))
    }

    /// With `run=` the serial line carries what commands print, which somebody may keep: nothing else belongs there.
    pub fn is_interactive(&self) -> bool {
        self.run.is_empty()
    }

    /// The text of `run=`, decoded.
    pub fn run(&self) -> Vec<u8> {
        let digits = |pair: &[u8]| number(pair, 16).map(|value| value as u8);
        let text: Option<Vec<u8>> = self.run.chunks(2).map(|pair| if pair.len() == 2 { digits(pair) } else { None }).collect();
        text.unwrap_or_else(|| {
            log!("run= is not hexadecimal");
            Vec::new()
        })
    }
}

/// A number with an optional 0x.
fn number(text: &[u8], radix: u32) -> Option<u64> {
    let text = core::str::from_utf8(text).ok()?;
    match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => u64::from_str_radix(text, radix).ok(),
    }
}

/// ADDRESS,SIZE: the address in hexadecimal, the size in bytes (decimal, or hexadecimal with 0x).
fn trace_range(text: &[u8]) -> Option<(u64, u64)> {
    let comma = text.iter().position(|&byte| byte == b',')?;
    Some((number(&text[..comma], 16)?, number(&text[comma + 1..], 10)?))
}

/// DOMAIN,N: a name, and a number from 1.
fn injection(text: &'static [u8]) -> Option<(&'static [u8], u32)> {
    let comma = text.iter().position(|&byte| byte == b',')?;
    let number = number(&text[comma + 1..], 10).and_then(|number| u32::try_from(number).ok());
    if number.is_none() {
        log!("kill= has no number of a message");
    }
    Some((&text[..comma], number?))
}
