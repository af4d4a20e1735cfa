//! How capabilities go: drop, revoke, move, and the end of a domain, through the derivation tree of `capability.rs`.
//!
//! What stays true: the tree is walked without recursion; no slot is on a free list and in the tree at once; a badge is
//! released once for each time it was held.
use crate::capability::{Capabilities, FREE, NONE, Position, STALE, Slot, Table};
use crate::generated::{kind, message::LEASE_COUNT};
use crate::Status;

impl Capabilities {
    /// capability_drop. Memory that the holder lent goes with everything derived from it, and so does what was minted from
    /// a lease: nothing may outlive the request. Other derived capabilities move up to the parent and stay valid.
    pub fn drop(&mut self, position: Position) {
        let slot = &self.slots[position as usize];
        let is_own_grant = u32::from(slot.capability.kind) == kind::GRANT && slot.capability.domain == slot.holder;
        if is_own_grant || u32::from(slot.capability.kind) == kind::LEASE {
            self.revoke(position);
        }
        self.hand_over_children(position, self.slots[position as usize].parent);
        self.clear(position);
    }

    /// capability_revoke: takes back everything derived from `root`, leaves first; `root` itself stays.
    pub fn revoke(&mut self, root: Position) {
        let mut position = root;
        loop {
            while self.slots[position as usize].first_child != NONE {
                position = self.slots[position as usize].first_child;
            }
            if position == root {
                return;
            }
            let Slot { parent, holder, is_reached, capability, .. } = self.slots[position as usize];
            if is_reached && u32::from(capability.kind) == kind::GRANT {
                self.interrupted = Some(holder);
            }
            self.clear(position);
            position = parent;
        }
    }

    /// Gives a capability away: the receiver's handle takes its place in the tree, and it is gone. The caller has checked that
    /// it may go and that there is room.
    pub fn transfer(&mut self, position: Position, receiver: usize) -> Result<u32, Status> {
        let Slot { capability, parent, .. } = self.slots[position as usize];
        // Made before the old one goes, so that a badge is never without a copy on the way.
        let handle = self.create(receiver, capability, parent)?;
        let new = self.tables[receiver].base + (handle & 0xffff);
        self.hand_over_children(position, new);
        self.clear(position);
        Ok(handle)
    }

    fn hand_over_children(&mut self, position: Position, heir: Position) {
        loop {
            let child = self.slots[position as usize].first_child;
            if child == NONE {
                return;
            }
            self.unlink(child);
            if heir != NONE {
                self.link(child, heir);
            }
        }
    }

    /// A domain has ended: all its handles go, and what was lent of its memory, in whatever table. Endpoints to it that
    /// were made at run time go stale; they stay in their tables, so that whoever uses one is told.
    pub fn end_life(&mut self, domain: usize) {
        (self.lives[domain].is_alive, self.lives[domain].is_told) = (false, false);
        self.badges.forget_ended(domain);
        let Table { base, used, .. } = self.tables[domain];
        for position in base..base + used {
            if self.slots[position as usize].capability.kind != FREE {
                self.drop(position);
            }
        }
        for number in 0..self.tables.len() {
            let Table { base, first_lease, used, .. } = self.tables[number];
            let leases = first_lease..(first_lease + LEASE_COUNT as u32).min(used);
            for position in leases.map(|index| base + index) {
                let capability = self.slots[position as usize].capability;
                if capability.kind != FREE && capability.domain as usize == domain {
                    self.revoke(position);
                    self.close_for_device(position);
                    self.slots[position as usize].capability.kind = FREE;
                }
            }
            (base + 1..base + used).for_each(|position| self.make_stale(position, domain));
        }
        self.interrupted = None; // the device is stopped because of the memory itself
    }

    fn make_stale(&mut self, position: Position, server: usize) {
        let slot = &mut self.slots[position as usize];
        let capability = slot.capability;
        let is_endpoint = u32::from(capability.kind) == kind::ENDPOINT && capability.domain as usize == server;
        if is_endpoint && slot.generation != 0 && capability.address != STALE {
            (slot.capability.address, slot.capability.length) = (STALE, STALE);
            self.badges.release(server, capability.badge, false);
        }
    }

    // ---- slots and links

    fn clear(&mut self, position: Position) {
        self.unlink(position);
        self.close_for_device(position);
        let slot = &mut self.slots[position as usize];
        let capability = slot.capability;
        slot.capability.kind = FREE;
        let is_counted = slot.generation == 0 || capability.address != STALE;
        if u32::from(capability.kind) == kind::ENDPOINT && is_counted {
            let server = capability.domain as usize;
            self.badges.release(server, capability.badge, self.lives[server].is_told);
        }
        let table = &mut self.tables[slot.holder as usize];
        let index = position - table.base;
        if index < table.first_lease + LEASE_COUNT as u32 {
            return; // the manifest's slots and the lease slots are never used for anything else
        }
        if table.last_free == NONE {
            table.first_free = position;
        } else {
            self.slots[table.last_free as usize].next = position;
        }
        table.last_free = position;
        table.free_count += 1;
    }

    pub(crate) fn link(&mut self, position: Position, parent: Position) {
        let sibling = self.slots[parent as usize].first_child;
        self.slots[parent as usize].first_child = position;
        let slot = &mut self.slots[position as usize];
        (slot.parent, slot.next, slot.previous) = (parent, sibling, NONE);
        if sibling != NONE {
            self.slots[sibling as usize].previous = position;
        }
    }

    fn unlink(&mut self, position: Position) {
        let Slot { parent, next, previous, .. } = self.slots[position as usize];
        if previous != NONE {
            self.slots[previous as usize].next = next;
        } else if parent != NONE {
            self.slots[parent as usize].first_child = next;
        }
        if next != NONE {
            self.slots[next as usize].previous = previous;
        }
        let slot = &mut self.slots[position as usize];
        (slot.parent, slot.next, slot.previous) = (NONE, NONE, NONE);
    }
}
