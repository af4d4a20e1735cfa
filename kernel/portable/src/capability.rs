//! The capability tables of all domains, and the derivation tree that runs through them.
//!
//! ```text
//! index 0        never valid
//!   1 … n        the manifest's capabilities, generation 0, for the life of the system
//!   n+1 … n+4    leases of the request being served: a domain serves one at a time, so four are enough
//!   n+5 …        made at run time; a freed slot waits until REUSE_DISTANCE others are free
//! ```
//!
//! Drop, revoke, move and the end of a domain are in `derivation.rs`.
//!
//! A handle is generation << 16 | index. The hosted kernel numbers slots the same way, so a run has the same handles on
//! both. What stays true: a handle is looked up only in its holder's table, so a generation that comes round again (after
//! 32,767 uses of one slot) names what the same domain holds, never more; the tree links each capability to what was
//! derived from it in whatever table that is, and is walked without recursion; nothing here allocates after boot.
use crate::badges::Badges;
use crate::confinement::Confinement;
use crate::generated::{kind, message::LEASE_COUNT, right, status};
use crate::Status;
use alloc::{boxed::Box, vec, vec::Vec};
use core::cell::Cell;

/// Handles of one domain at once, leases and the manifest's included.
pub const TABLE_SLOTS: u32 = 4096;
const GENERATION_LIMIT: u16 = 0x7fff;
pub(crate) const REUSE_DISTANCE: u32 = 64;
pub(crate) const NONE: u32 = u32::MAX;
pub(crate) const FREE: u8 = 0;
/// Epoch of an endpoint made at run time whose server has ended since, and gate of one that may never be called.
pub(crate) const STALE: u32 = u32::MAX;
/// `Domain::live_epoch` of a domain that cannot be called: equal to no gate.
pub const NOT_LIVE: u32 = u32::MAX - 1;

/// Rights that leases and grants know.
pub const MEMORY_RIGHTS: u32 = right::READ | right::WRITE;

/// What a slot holds. The meaning of the numbers depends on the kind:
/// endpoint: `domain` the server, `badge`, `address` the epoch it was made in, `length` its gate: the epoch if its holder may
/// call the server at all (a call goes to a lower rank), so that one comparison on the call path tests both · notification: `domain` the target, `badge` the mask ·
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
pub(crate) struct Slot {
    pub capability: Capability,
    pub generation: u16,
    pub holder: u8,
    /// A lease or grant: device addresses were given out for it, so the device may use it until its driver lets go of it.
    pub is_reached: bool,
    pub parent: u32,
    pub first_child: u32,
    /// Next sibling, or next free slot.
    pub next: u32,
    pub previous: u32,
}

const EMPTY: Slot = Slot {
    capability: Capability { kind: FREE, domain: 0, rights: 0, badge: 0, address: 0, length: 0 },
    generation: 0,
    holder: 0,
    is_reached: false,
    parent: NONE,
    first_child: NONE,
    next: NONE,
    previous: NONE,
};

#[derive(Clone, Copy)]
pub(crate) struct Table {
    pub base: u32,
    /// Slots that were ever used; slot 0 is.
    pub used: u32,
    pub first_lease: u32,
    pub first_free: u32,
    pub last_free: u32,
    pub free_count: u32,
}

/// What the tables need to know of a domain as a server.
#[derive(Clone, Copy)]
pub(crate) struct Life {
    pub rank: u8,
    /// It has a `closed` export and lives.
    pub is_told: bool,
    pub is_alive: bool,
    /// How often it has restarted.
    pub epoch: u32,
}

/// Position of a slot among all tables.
pub type Position = u32;

pub struct Capabilities {
    pub(crate) slots: Box<[Slot]>,
    pub(crate) tables: Box<[Table]>,
    pub(crate) lives: Box<[Life]>,
    /// The manifest's capabilities of each table, as they are made again.
    templates: Box<[Vec<Capability>]>,
    /// Who held a grant that a device may be using when it was taken back.
    pub(crate) interrupted: Option<u8>,
    /// Stale and forged handles that each domain used.
    refused: Box<[Cell<u32>]>,
    pub badges: Badges,
    /// What the driver's device may reach, on a machine with an IOMMU.
    pub(crate) confinement: Option<Confinement>,
}

impl Capabilities {
    /// Tables for domains of these ranks.
    pub fn new(ranks: &[u8]) -> Self {
        let count = ranks.len();
        let table = |domain| Table { base: domain as u32 * TABLE_SLOTS, used: 1, first_lease: 0, first_free: NONE, last_free: NONE, free_count: 0 };
        let mut slots = vec![EMPTY; count * TABLE_SLOTS as usize].into_boxed_slice();
        for (position, slot) in slots.iter_mut().enumerate() {
            slot.holder = (position / TABLE_SLOTS as usize) as u8;
        }
        Capabilities {
            slots,
            tables: (0..count).map(table).collect(),
            lives: ranks.iter().map(|&rank| Life { rank, is_told: false, is_alive: true, epoch: 0 }).collect(),
            templates: vec![Vec::new(); count].into_boxed_slice(),
            interrupted: None,
            refused: vec![Cell::new(0); count].into_boxed_slice(),
            badges: Badges::new(count),
            confinement: None,
        }
    }

    pub fn tell_of_closed(&mut self, domain: usize) {
        self.lives[domain].is_told = true;
    }

    pub fn refused(&self, domain: usize) -> u32 {
        self.refused[domain].get()
    }

    // ---- boot

    /// Puts the manifest's next capability into a table. Kind 0 leaves the index empty.
    pub fn add_permanent(&mut self, holder: usize, capability: Capability) {
        let table = &mut self.tables[holder];
        debug_assert!(table.first_lease == 0 && table.used < TABLE_SLOTS / 2);
        table.used += 1;
        let position = table.base + table.used - 1;
        self.templates[holder].push(capability);
        self.place_permanent(position, capability);
    }

    fn place_permanent(&mut self, position: Position, capability: Capability) {
        let server = capability.domain as usize;
        let is_endpoint = u32::from(capability.kind) == kind::ENDPOINT;
        if is_endpoint && !self.badges.hold(server, capability.badge) {
            return; // more badges than any table holds: the handle stays empty
        }
        self.slots[position as usize].capability = capability;
        if is_endpoint {
            self.set_epoch(position, self.lives[server].epoch);
        }
    }

    /// Ends the manifest's part of a table: its leases come next.
    pub fn seal(&mut self, holder: usize) {
        let table = &mut self.tables[holder];
        table.first_lease = table.used;
        table.used += LEASE_COUNT as u32;
    }

    // ---- lives

    /// A domain starts again: its manifest's capabilities come back under the same handles, in the present epochs.
    pub fn begin_life(&mut self, domain: usize, epoch: u32) {
        self.lives[domain] = Life { is_alive: true, epoch, ..self.lives[domain] };
        let first = self.tables[domain].base + 1;
        for number in 0..self.templates[domain].len() {
            let position = first + number as u32;
            if self.slots[position as usize].capability.kind == FREE {
                self.place_permanent(position, self.templates[domain][number]);
            }
        }
    }

    /// A domain starts for the first time: what restarted before that is no news to it.
    pub fn renew_all(&mut self, holder: usize) {
        let Table { base, first_lease, .. } = self.tables[holder];
        (base + 1..base + first_lease).for_each(|position| self.renew(position));
    }

    /// Moves an endpoint of the manifest to the present epoch of its server.
    pub fn renew(&mut self, position: Position) {
        let capability = self.slots[position as usize].capability;
        if u32::from(capability.kind) == kind::ENDPOINT {
            self.set_epoch(position, self.lives[capability.domain as usize].epoch);
        }
    }

    /// The holder is told of this server's end by the call in flight: its endpoint of the manifest goes over to the epoch of
    /// the server's next life, which may have begun.
    pub fn tell(&mut self, holder: usize, handle: u32, server: usize) {
        let Ok(position) = self.locate(holder, handle) else { return };
        let capability = self.slots[position as usize].capability;
        if self.is_permanent(position) && u32::from(capability.kind) == kind::ENDPOINT && capability.domain as usize == server {
            let Life { epoch, is_alive, .. } = self.lives[server];
            self.set_epoch(position, if is_alive { epoch } else { epoch + 1 });
        }
    }

    /// Drops what the holder was given and never learned of.
    pub fn discard(&mut self, holder: usize, handles: &[u32]) {
        for &handle in handles {
            if let Ok(position) = self.locate(holder, handle) {
                self.drop(position);
            }
        }
    }

    fn set_epoch(&mut self, position: Position, epoch: u32) {
        let slot = &self.slots[position as usize];
        let is_downward = self.lives[slot.holder as usize].rank > self.lives[slot.capability.domain as usize].rank;
        let capability = &mut self.slots[position as usize].capability;
        (capability.address, capability.length) = (epoch, if is_downward { epoch } else { STALE });
    }

    // ---- looking up

    /// The live slot that a handle names. A handle that names none is counted.
    #[inline]
    pub fn find(&self, holder: usize, handle: u32) -> Result<Position, Status> {
        self.locate(holder, handle).map_err(|refusal| self.refuse(holder, refusal))
    }

    #[cold]
    fn refuse(&self, holder: usize, refusal: Status) -> Status {
        self.refused[holder].set(self.refused[holder].get().wrapping_add(1));
        refusal
    }

    #[inline]
    fn locate(&self, holder: usize, handle: u32) -> Result<Position, Status> {
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
            self.close_for_device(position);
            self.slots[position as usize].capability.kind = FREE;
        }
    }

    // ---- making and taking back

    /// A new capability in `holder`'s table; `parent` is what it is derived from, if anything.
    pub(crate) fn create(&mut self, holder: usize, capability: Capability, parent: Position) -> Result<u32, Status> {
        let server = capability.domain as usize;
        let is_endpoint = u32::from(capability.kind) == kind::ENDPOINT;
        // A copy of an endpoint to a life that has ended is born stale, and counts for nobody.
        let is_counted = is_endpoint && self.lives[server].is_alive && capability.address == self.lives[server].epoch;
        if is_counted && !self.badges.hold(server, capability.badge) {
            return Err(status::OUT_OF_MEMORY);
        }
        let Some(position) = self.take_slot(holder) else {
            if is_counted {
                self.badges.release(server, capability.badge, false);
            }
            return Err(status::OUT_OF_MEMORY);
        };
        let slot = &mut self.slots[position as usize];
        slot.generation = next_generation(slot.generation);
        slot.capability = capability;
        slot.is_reached = false;
        if is_endpoint {
            self.set_epoch(position, if is_counted { capability.address } else { STALE });
        }
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

    /// May it be given away? The manifest's capabilities stay, and memory is granted by its owner.
    pub fn may_move(&self, position: Position) -> bool {
        let slot = &self.slots[position as usize];
        !self.is_permanent(position) && (u32::from(slot.capability.kind) != kind::GRANT || slot.capability.domain != slot.holder)
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
}

fn next_generation(generation: u16) -> u16 {
    if generation >= GENERATION_LIMIT { 1 } else { generation + 1 }
}
