//! A cell for state that is borrowed for a moment and never over an entry into a domain.
//!
//! There is one CPU and one activity, so nothing else can come between; that no borrow is left when another begins is
//! proved in builds with debug assertions, by every test, and costs nothing in the kernel that boots: the call path borrows twice.
#[cfg(debug_assertions)]
use core::cell::{Ref, RefCell, RefMut};

#[cfg(debug_assertions)]
pub struct Exclusive<T>(RefCell<T>);

#[cfg(debug_assertions)]
impl<T> Exclusive<T> {
    pub const fn new(value: T) -> Self {
        Exclusive(RefCell::new(value))
    }
    pub fn borrow(&self) -> Ref<'_, T> {
        self.0.borrow()
    }
    pub fn borrow_mut(&self) -> RefMut<'_, T> {
        self.0.borrow_mut()
    }
}

#[cfg(not(debug_assertions))]
pub use bare::Exclusive;

#[cfg(not(debug_assertions))]
mod bare {
    use core::cell::UnsafeCell;
    use core::ops::{Deref, DerefMut};

    pub struct Exclusive<T>(UnsafeCell<T>);
    pub struct Shared<'a, T>(&'a T);
    pub struct Sole<'a, T>(&'a mut T);

    // Safety of both borrows: the same code with `RefCell` never found two at once (above), and there is no other thread.
    impl<T> Exclusive<T> {
        pub const fn new(value: T) -> Self {
            Exclusive(UnsafeCell::new(value))
        }
        #[inline(always)]
        pub fn borrow(&self) -> Shared<'_, T> {
            Shared(unsafe { &*self.0.get() })
        }
        #[inline(always)]
        pub fn borrow_mut(&self) -> Sole<'_, T> {
            Sole(unsafe { &mut *self.0.get() })
        }
    }

    impl<T> Deref for Shared<'_, T> {
        type Target = T;
        #[inline(always)]
        fn deref(&self) -> &T {
            self.0
        }
    }
    impl<T> Deref for Sole<'_, T> {
        type Target = T;
        #[inline(always)]
        fn deref(&self) -> &T {
            self.0
        }
    }
    impl<T> DerefMut for Sole<'_, T> {
        #[inline(always)]
        fn deref_mut(&mut self) -> &mut T {
            self.0
        }
    }
}
