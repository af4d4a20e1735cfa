//! How many copies of each badge exist, and which servers must be told that the last one has gone.
//!
//! A flat table with linear probing, keyed by (server, badge), of fixed size: nothing here allocates after boot. What
//! stays true: an entry lives while copies exist or its end waits to be told, so that a badge is queued at most once and
//! the queues cannot outgrow the table. A badge that was minted again before its end was told is alive and not told.
use alloc::{boxed::Box, collections::VecDeque, vec};

const ENTRY_COUNT: usize = 1 << 15;
/// Beyond this the probes get long; minting answers `OutOfMemory`.
const ENTRY_LIMIT: usize = ENTRY_COUNT / 4 * 3;

#[derive(Clone, Copy, Default)]
struct Entry {
    badge: u32,
    copies: u32,
    /// Server + 1; 0 is an empty entry.
    server: u16,
    is_queued: bool,
}

pub struct Badges {
    entries: Box<[Entry]>,
    used: usize,
    ended: Box<[VecDeque<u32>]>,
    /// Badges in all queues.
    ended_count: usize,
}

impl Badges {
    pub fn new(domain_count: usize) -> Self {
        let entries = vec![Entry::default(); ENTRY_COUNT].into_boxed_slice();
        let ended = (0..domain_count).map(|_| VecDeque::new()).collect();
        Badges { entries, used: 0, ended, ended_count: 0 }
    }

    fn home(server: usize, badge: u32) -> usize {
        let mixed = (badge ^ ((server as u32) << 24)).wrapping_mul(0x9e37_79b1);
        (mixed >> 17) as usize & (ENTRY_COUNT - 1)
    }

    /// The entry of this badge, or the empty one where it belongs.
    fn position(&self, server: usize, badge: u32) -> usize {
        let mut position = Self::home(server, badge);
        // Ends: a quarter of the entries is empty.
        loop {
            let entry = &self.entries[position];
            if entry.server == 0 || (entry.server == server as u16 + 1 && entry.badge == badge) {
                return position;
            }
            position = (position + 1) & (ENTRY_COUNT - 1);
        }
    }

    /// Counts one more copy; false when the table is full.
    pub fn hold(&mut self, server: usize, badge: u32) -> bool {
        let position = self.position(server, badge);
        if self.entries[position].server == 0 {
            if self.used == ENTRY_LIMIT {
                return false;
            }
            self.used += 1;
            self.entries[position] = Entry { badge, copies: 0, server: server as u16 + 1, is_queued: false };
        }
        self.entries[position].copies += 1;
        true
    }

    /// One copy is gone. After the last, and if the server wants to know, its end is queued.
    pub fn release(&mut self, server: usize, badge: u32, is_told: bool) {
        let position = self.position(server, badge);
        let entry = &mut self.entries[position];
        debug_assert!(entry.copies > 0, "a badge released more often than held");
        entry.copies -= 1;
        if entry.copies > 0 || entry.is_queued {
            return;
        }
        if is_told {
            entry.is_queued = true;
            self.ended[server].push_back(badge);
            self.ended_count += 1;
        } else {
            self.remove(position);
        }
    }

    pub fn any_ended(&self) -> bool {
        self.ended_count > 0
    }

    pub fn has_ended(&self, server: usize) -> bool {
        !self.ended[server].is_empty()
    }

    /// The next badge to tell this server about, now that its turn has come.
    pub fn take_ended(&mut self, server: usize) -> Option<u32> {
        while let Some(badge) = self.ended[server].pop_front() {
            self.ended_count -= 1;
            let position = self.position(server, badge);
            self.entries[position].is_queued = false;
            if self.entries[position].copies == 0 {
                self.remove(position);
                return Some(badge);
            }
        }
        None
    }

    /// The server died: nobody is told.
    pub fn forget_ended(&mut self, server: usize) {
        while self.take_ended(server).is_some() {}
    }

    /// Empties an entry and moves later ones of the same run back, so that probing never needs to step over holes.
    fn remove(&mut self, position: usize) {
        self.used -= 1;
        let mut hole = position;
        let mut next = position;
        loop {
            self.entries[hole] = Entry::default();
            loop {
                next = (next + 1) & (ENTRY_COUNT - 1);
                let entry = &self.entries[next];
                if entry.server == 0 {
                    return;
                }
                let home = Self::home(entry.server as usize - 1, entry.badge);
                // May the entry at `next` move to `hole`? Only if its home does not lie in (hole, next].
                let distance = |from: usize, to: usize| to.wrapping_sub(from) & (ENTRY_COUNT - 1);
                if distance(home, next) >= distance(hole, next) {
                    break;
                }
            }
            self.entries[hole] = self.entries[next];
            hole = next;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Against the obvious model, over keys that collide on purpose.
    #[test]
    fn matches_a_plain_map() {
        extern crate std;
        use std::collections::HashMap;
        let mut badges = Badges::new(4);
        let mut model: HashMap<(usize, u32), u32> = HashMap::new();
        let mut random = 12345u32;
        for step in 0..200_000u32 {
            random = random.wrapping_mul(1664525).wrapping_add(1013904223);
            let key = ((random >> 8) as usize % 4, (random >> 12) % 3000);
            if random >> 31 == 0 {
                assert!(badges.hold(key.0, key.1));
                *model.entry(key).or_default() += 1;
            } else if let Some(copies) = model.get_mut(&key) {
                badges.release(key.0, key.1, step % 3 == 0);
                *copies -= 1;
                if *copies == 0 {
                    model.remove(&key);
                }
            }
            if step % 1000 == 0 {
                for server in 0..4 {
                    while let Some(badge) = badges.take_ended(server) {
                        assert!(!model.contains_key(&(server, badge)));
                    }
                }
            }
        }
        assert_eq!(badges.used, model.len() + badges.ended_count - (0..4).map(|server| badges.ended[server].iter().filter(|&&badge| model.contains_key(&(server, badge))).count()).sum::<usize>());
        for (&(server, badge), &copies) in &model {
            assert_eq!(badges.entries[badges.position(server, badge)].copies, copies);
        }
    }

    #[test]
    fn full_table_refuses() {
        let mut badges = Badges::new(1);
        for badge in 0..ENTRY_LIMIT as u32 {
            assert!(badges.hold(0, badge));
        }
        assert!(!badges.hold(0, u32::MAX));
        assert!(badges.hold(0, 7));
    }
}
