//! Fault injection for tests: kills a domain at the N-th message since the domains have started (docs/supervision.md §8).
//!
//! Calls and replies count alike. The record of the message is made, then the domain ends, then the message is acted on, if
//! both of its ends are still there. Without the option this costs nothing: messages are counted only where they are recorded.
use crate::generated::{fault, status};
use crate::kernel::{Kernel, attention};

impl Kernel {
    pub(crate) fn arm_injection(&self) {
        let Some((name, number)) = &self.options.kill else { return };
        match self.by_rank.iter().find(|&&id| self.domains[id as usize].name().as_bytes() == name) {
            Some(&id) if *number > 0 => {
                self.injection.set(Some((id, *number)));
                self.is_watched.set(true);
                self.raise(attention::INJECTING);
            }
            _ => self.machine.log(format_args!("kill=: no such domain, or message 0")),
        }
    }

    /// Counts a message. The domain to kill, once its turn has come.
    pub(crate) fn count_message(&self) -> Option<usize> {
        let (victim, left) = self.injection.get().filter(|_| self.is_started.get())?;
        self.injection.set((left > 1).then_some((victim, left - 1)));
        (left == 1).then_some(victim as usize)
    }

    /// Kills the domain whose turn has come, and lets it come back if it may. False if that leaves nobody to receive the
    /// message, or nobody who sent it: another life is somebody else.
    pub(crate) fn inject(&self, victim: usize, caller: usize, callee: usize) -> bool {
        let epoch = self.domains[callee].epoch.get();
        if self.domains[victim].is_alive() {
            self.end(victim, fault::KILLED, b"killed by fault injection");
            self.settle(Some(self.domains[caller].rank));
        }
        self.domains[caller].is_alive() && self.domains[callee].is_alive() && self.domains[callee].epoch.get() == epoch
    }

    /// What the caller sees of a message that was not acted on.
    pub(crate) const LOST_MESSAGE: u32 = status::PEER_RESTARTED;
}
