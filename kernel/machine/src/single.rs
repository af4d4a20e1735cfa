//! State of a machine with one CPU.
use core::cell::UnsafeCell;

/// A static that only mainline kernel code touches.
///
/// Safety: there is one CPU, kernel code is not preempted, and interrupt handlers do not use any `Single` (they use
/// atomics), so two `with` of the same static never overlap unless one nests in the other; the closures given to it are
/// short and call nothing that could.
pub struct Single<T>(UnsafeCell<T>);

unsafe impl<T> Sync for Single<T> {}

impl<T> Single<T> {
    pub const fn new(value: T) -> Self {
        Single(UnsafeCell::new(value))
    }

    #[inline]
    pub fn with<R>(&self, action: impl FnOnce(&mut T) -> R) -> R {
        action(unsafe { &mut *self.0.get() })
    }
}
