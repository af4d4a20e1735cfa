//! The capability tables of all domains, and the derivation tree that runs through them.
//!
//! ```text
//! index 0        never valid
//!   1 … n        the manifest's capabilities, generation 0, for the life of the system
//!   n+1 … n+4    leases of the request being served: a domain serves one at a time, so four are enough
//!   n+5 …        made at run time; a freed slot waits until REUSE_DISTANCE others are free
//! ```
//!
//! A handle is generation << 16 | index. The hosted kernel numbers slots the same way, so a run has the same handles on
//! both. What stays true: a handle is looked up only in its holder's table, so a generation that comes round again (after
//! 32,767 uses of one slot) names what the same domain holds, never more; the tree links each capability to what was
//! derived from it in whatever table that is, and is walked without recursion; nothing here allocates after boot.
use crate::badges::Badges;
use crate::generated::{kind, message::LEASE_COUNT, right, status};
use crate::Status;
use alloc::{boxed::Box, vec, vec::Vec};

/// Handles of one domain at once, leases and the manifest's included.
pub const TABLE_SLOTS: u32 = 4096;
const GENERATION_LIMIT: u16 = 0x7fff;
const REUSE_DISTANCE: u32 = 64;
const NONE: u32 = u32::MAX;
const FREE: u8 = 0;

/// Rights that leases and grants know.
pub const MEMORY_RIGHTS: u32 = right::READ | right::WRITE;

/// What a slot holds. The meaning of the numbers depends on the kind:
/// endpoint: `domain` the server, `badge` · notification: `domain` the target, `badge` the mask ·
/// lease, grant: `domain` the owner of the memory, `address`, `length`; grant: `badge` the only domain that may receive it ·
/// window, timer, interrupt: `badge` its number.
#[derive(Clone, Copy, Debug, Default)]
pub struct Capability {
    pub kind: u8,
    pub domain: u8,
    pub rights: u32,
    pub badge: u32,
    pub address: u32,
    pub length: u32,
}

#[derive(Clone, Copy)]
struct Slot {
    capability: Capability,
    generation: u16,
    holder: u8,
    parent: u32,
    first_child: u32,
    /// Next sibling, or next free slot.
    next: u32,
    previous: u32,
}

const EMPTY: Slot = Slot {
    capability: Capability { kind: FREE, domain: 0, rights: 0, badge: 0, address: 0, length: 0 },
    generation: 0,
    holder: 0,
    parent: NONE,
    first_child: NONE,
    next: NONE,
    previous: NONE,
};

#[derive(Clone, Copy)]
struct Table {
    base: u32,
    /// Slots that were ever used; slot 0 is.
    used: u32,
    first_lease: u32,
    first_free: u32,
    last_free: u32,
    free_count: u32,
}

/// Position of a slot among all tables.
pub type Position = u32;

pub struct Capabilities {
    slots: Box<[Slot]>,
    tables: Box<[Table]>,
    /// Domains that have a `closed` export and live.
    is_told: Box<[bool]>,
    pub badges: Badges,
}

impl Capabilities {
    pub fn new(domain_count: usize) -> Self {
        let table = |domain| Table { base: domain as u32 * TABLE_SLOTS, used: 1, first_lease: 0, first_free: NONE, last_free: NONE, free_count: 0 };
        let mut slots = vec![EMPTY; domain_count * TABLE_SLOTS as usize].into_boxed_slice();
        for (position, slot) in slots.iter_mut().enumerate() {
            slot.holder = (position / TABLE_SLOTS as usize) as u8;
        }
        Capabilities {
            slots,
            tables: (0..domain_count).map(table).collect::<Vec<_>>().into_boxed_slice(),
            is_told: vec![false; domain_count].into_boxed_slice(),
            badges: Badges::new(domain_count),
        }
    }

    pub fn tell_of_closed(&mut self, domain: usize) {
        self.is_told[domain] = true;
    }

    // ---- boot

    /// Puts the manifest's next capability into a table. Kind 0 leaves the index empty.
    pub fn add_permanent(&mut self, holder: usize, capability: Capability) {
        let table = &mut self.tables[holder];
        debug_assert!(table.first_lease == 0 && table.used < TABLE_SLOTS / 2);
        let position = table.base + table.used;
        table.used += 1;
        self.slots[position as usize].capability = capability;
        if u32::from(capability.kind) == kind::ENDPOINT {
            self.badges.hold(capability.domain as usize, capability.badge);
        }
    }

    /// Ends the manifest's part of a table: its leases come next.
    pub fn seal(&mut self, holder: usize) {
        let table = &mut self.tables[holder];
        table.first_lease = table.used;
        table.used += LEASE_COUNT as u32;
    }

    // ---- looking up

    /// The live slot that a handle names.
    #[inline]
    pub fn find(&self, holder: usize, handle: u32) -> Result<Position, Status> {
        let table = &self.tables[holder];
        let index = handle & 0xffff;
        if index >= table.used {
            return Err(status::INVALID_HANDLE);
        }
        let position = table.base + index;
        let slot = &self.slots[position as usize];
        if slot.capability.kind == FREE || u32::from(slot.generation) != handle >> 16 {
            return Err(status::INVALID_HANDLE);
        }
        Ok(position)
    }

    #[inline]
    pub fn find_kind(&self, holder: usize, handle: u32, kind: u32) -> Result<&Capability, Status> {
        let capability = self.at(self.find(holder, handle)?);
        if u32::from(capability.kind) == kind { Ok(capability) } else { Err(status::WRONG_KIND) }
    }

    #[inline]
    pub fn at(&self, position: Position) -> &Capability {
        &self.slots[position as usize].capability
    }

    fn handle(&self, position: Position) -> u32 {
        let slot = &self.slots[position as usize];
        u32::from(slot.generation) << 16 | (position - self.tables[slot.holder as usize].base)
    }

    /// Checks part of a lease or grant and returns its owner and where it starts in the owner's memory.
    #[inline]
    pub fn lent(&self, holder: usize, handle: u32, offset: u32, length: u32, rights: u32) -> Result<(u8, u32), Status> {
        let capability = self.at(self.find(holder, handle)?);
        if !matches!(u32::from(capability.kind), kind::LEASE | kind::GRANT) {
            return Err(status::WRONG_KIND);
        }
        if rights & !capability.rights != 0 {
            return Err(status::DENIED);
        }
        if offset > capability.length || length > capability.length - offset {
            return Err(status::OUT_OF_RANGE);
        }
        Ok((capability.domain, capability.address + offset))
    }

    // ---- leases of one request

    /// Fills lease slot `number` of the callee. The slot is free: its last request has ended.
    #[inline]
    pub fn lend(&mut self, callee: usize, number: usize, owner: u8, address: u32, length: u32, rights: u32) -> u32 {
        let table = &self.tables[callee];
        let index = table.first_lease + number as u32;
        let slot = &mut self.slots[(table.base + index) as usize];
        debug_assert!(slot.capability.kind == FREE);
        slot.generation = next_generation(slot.generation);
        slot.capability = Capability { kind: kind::LEASE as u8, domain: owner, rights, badge: 0, address, length };
        u32::from(slot.generation) << 16 | index
    }

    /// The request has ended: its leases go, with what was minted from them.
    #[inline]
    pub fn end_leases(&mut self, callee: usize, count: usize) {
        let table = &self.tables[callee];
        let first = table.base + table.first_lease;
        for position in first..first + count as u32 {
            if self.slots[position as usize].first_child != NONE {
                self.revoke(position);
            }
            self.slots[position as usize].capability.kind = FREE;
        }
    }

    // ---- making and taking back

    /// A new capability in `holder`'s table; `parent` is what it is derived from, if anything.
    fn create(&mut self, holder: usize, capability: Capability, parent: Position) -> Result<u32, Status> {
        if u32::from(capability.kind) == kind::ENDPOINT && !self.badges.hold(capability.domain as usize, capability.badge) {
            return Err(status::OUT_OF_MEMORY);
        }
        let Some(position) = self.take_slot(holder) else {
            if u32::from(capability.kind) == kind::ENDPOINT {
                self.badges.release(capability.domain as usize, capability.badge, false);
            }
            return Err(status::OUT_OF_MEMORY);
        };
        let slot = &mut self.slots[position as usize];
        slot.generation = next_generation(slot.generation);
        slot.capability = capability;
        if parent != NONE {
            self.link(position, parent);
        }
        Ok(self.handle(position))
    }

    pub fn create_root(&mut self, holder: usize, capability: Capability) -> Result<u32, Status> {
        self.create(holder, capability, NONE)
    }

    /// May the capability be put into a slot of a message to `receiver`?
    pub fn may_transfer(&self, position: Position, receiver: usize) -> bool {
        let capability = self.at(position);
        capability.rights & right::TRANSFER != 0
            && (u32::from(capability.kind) != kind::GRANT || capability.badge == receiver as u32)
    }

    /// Can this table take `count` more?
    pub fn has_room(&self, holder: usize, count: usize) -> bool {
        let table = &self.tables[holder];
        count as u32 <= table.free_count + (TABLE_SLOTS - table.used)
    }

    /// The manifest's capabilities are for the life of the system.
    pub fn is_permanent(&self, position: Position) -> bool {
        self.slots[position as usize].generation == 0
    }

    /// A copy in another table, derived from this one.
    pub fn copy(&mut self, position: Position, receiver: usize) -> Result<u32, Status> {
        self.create(receiver, *self.at(position), position)
    }

    /// capability_mint: a copy with other rights and badge in the same table.
    pub fn mint(&mut self, position: Position, rights: u32, badge: u32) -> Result<u32, Status> {
        let holder = self.slots[position as usize].holder as usize;
        let capability = Capability { rights, badge, ..*self.at(position) };
        self.create(holder, capability, position)
    }

    /// capability_drop. Memory that the holder lent goes with everything derived from it, and so does what was minted from
    /// a lease: nothing may outlive the request. Other derived capabilities move up to the parent and stay valid.
    pub fn drop(&mut self, position: Position) {
        let slot = &self.slots[position as usize];
        let is_own_grant = u32::from(slot.capability.kind) == kind::GRANT && slot.capability.domain == slot.holder;
        if is_own_grant || u32::from(slot.capability.kind) == kind::LEASE {
            self.revoke(position);
        }
        let parent = self.slots[position as usize].parent;
        loop {
            let child = self.slots[position as usize].first_child;
            if child == NONE {
                break;
            }
            self.unlink(child);
            if parent != NONE {
                self.link(child, parent);
            }
        }
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
            let parent = self.slots[position as usize].parent;
            self.clear(position);
            position = parent;
        }
    }

    /// The holder died: all its handles go, and its grants with everything that stands on them.
    pub fn release_all(&mut self, holder: usize) {
        self.is_told[holder] = false;
        self.badges.forget_ended(holder);
        let Table { base, used, .. } = self.tables[holder];
        for position in base..base + used {
            if self.slots[position as usize].capability.kind != FREE {
                self.drop(position);
            }
        }
    }

    // ---- slots and links

    fn take_slot(&mut self, holder: usize) -> Option<Position> {
        let table = &mut self.tables[holder];
        if table.free_count > 0 && (table.free_count > REUSE_DISTANCE || table.used == TABLE_SLOTS) {
            let position = table.first_free;
            let next = self.slots[position as usize].next;
            table.first_free = next;
            if next == NONE {
                table.last_free = NONE;
            }
            table.free_count -= 1;
            self.slots[position as usize].next = NONE;
            return Some(position);
        }
        if table.used == TABLE_SLOTS {
            return None;
        }
        table.used += 1;
        Some(table.base + table.used - 1)
    }

    fn clear(&mut self, position: Position) {
        self.unlink(position);
        let slot = &mut self.slots[position as usize];
        let capability = slot.capability;
        slot.capability.kind = FREE;
        if u32::from(capability.kind) == kind::ENDPOINT {
            let server = capability.domain as usize;
            self.badges.release(server, capability.badge, self.is_told[server]);
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

    fn link(&mut self, position: Position, parent: Position) {
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

fn next_generation(generation: u16) -> u16 {
    if generation >= GENERATION_LIMIT { 1 } else { generation + 1 }
}
