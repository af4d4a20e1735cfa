//! System calls on memory that crosses domains and on capabilities themselves: leases, grants, mint, drop, revoke.
use crate::Status;
use crate::capability::{Capability, MEMORY_RIGHTS};
use crate::frames::PAGE_BYTES;
use crate::generated::{fault, kind, right, status};
use crate::kernel::Kernel;

impl Kernel {
    /// Pointers to a part of a lease or grant of `me`, and to as many bytes of its own memory.
    fn resolve(&self, me: usize, source: u32, offset: u32, address: u32, length: u32, rights: u32) -> Result<(*mut u8, *mut u8), Status> {
        let (owner, lent_address) = self.capabilities.borrow().lent(me, source, offset, length, rights)?;
        let own = self.loaded(me)?.range(address, length)?;
        let lent = self.loaded(owner as usize)?.range(lent_address, length)?;
        Ok((lent, own))
    }

    pub(crate) fn lease_read(&self, me: usize, source: u32, offset: u32, address: u32, length: u32) -> Result<u32, Status> {
        let (lent, own) = self.resolve(me, source, offset, address, length, right::READ)?;
        // Safety: both ranges were checked; they may overlap if a domain uses a grant of its own, so this is a memmove.
        unsafe { core::ptr::copy(lent, own, length as usize) };
        Ok(0)
    }

    pub(crate) fn lease_write(&self, me: usize, source: u32, offset: u32, address: u32, length: u32) -> Result<u32, Status> {
        let (lent, own) = self.resolve(me, source, offset, address, length, right::WRITE)?;
        // Safety: as above. No lease or grant reaches a message buffer, so a message cannot be changed this way.
        unsafe { core::ptr::copy(own, lent, length as usize) };
        Ok(0)
    }

    pub(crate) fn grant_create(&self, me: usize, endpoint: u32, address: u32, length: u32, rights: u32) -> Result<u32, Status> {
        let mut capabilities = self.capabilities.borrow_mut();
        let receiver = capabilities.find_kind(me, endpoint, kind::ENDPOINT)?.domain;
        if self.domains[receiver as usize].rank >= self.domains[me].rank {
            return Err(status::DENIED);
        }
        let is_aligned = u64::from(address) % PAGE_BYTES == 0 && u64::from(length) % PAGE_BYTES == 0;
        if rights == 0 || rights & !MEMORY_RIGHTS != 0 || length == 0 || !is_aligned {
            return Err(status::INVALID_ARGUMENT);
        }
        let own = self.loaded(me)?;
        own.range(address, length)?;
        if own.touches_message(address, length) {
            return Err(status::INVALID_ARGUMENT);
        }
        let rights = rights | right::TRANSFER;
        capabilities.create_root(me, Capability { kind: kind::GRANT as u8, domain: me as u8, rights, badge: u32::from(receiver), address, length })
    }

    pub(crate) fn capability_mint(&self, me: usize, handle: u32, rights: u32, badge: u32) -> Result<u32, Status> {
        let mut capabilities = self.capabilities.borrow_mut();
        let position = capabilities.find(me, handle)?;
        let source = *capabilities.at(position);
        if rights & !source.rights != 0 {
            return Err(status::DENIED);
        }
        if badge == 0 {
            return capabilities.mint(position, rights, source.badge);
        }
        let is_own_server = u32::from(source.kind) == kind::ENDPOINT && source.domain as usize == me;
        if !is_own_server || source.rights & right::MINT == 0 {
            return Err(status::DENIED);
        }
        capabilities.mint(position, rights, badge)
    }

    pub(crate) fn capability_drop(&self, me: usize, handle: u32) -> Result<u32, Status> {
        let mut capabilities = self.capabilities.borrow_mut();
        let position = capabilities.find(me, handle)?;
        if capabilities.is_permanent(position) {
            return Err(status::DENIED);
        }
        capabilities.drop(position);
        drop(capabilities);
        self.stop_interrupted(me);
        self.deliver_closed_below(Some(self.domains[me].rank));
        Ok(0)
    }

    pub(crate) fn capability_revoke(&self, me: usize, handle: u32) -> Result<u32, Status> {
        let mut capabilities = self.capabilities.borrow_mut();
        let position = capabilities.find(me, handle)?;
        capabilities.revoke(position);
        drop(capabilities);
        self.stop_interrupted(me);
        self.deliver_closed_below(Some(self.domains[me].rank));
        Ok(0)
    }

    /// Memory was taken back for which a driver holds device addresses: its device is stopped, and the driver with it, before the
    /// owner goes on. A driver that is done with a grant drops it first.
    fn stop_interrupted(&self, me: usize) {
        let interrupted = self.capabilities.borrow_mut().interrupted.take();
        if let Some(driver) = interrupted.map(usize::from).filter(|&driver| driver != me && self.domains[driver].is_alive()) {
            self.end(driver, fault::DEVICE_REACH, b"a grant was taken back that its device may be using");
        }
    }
}
