//! A hash that nobody outside can foresee: what stands for wire bytes can't be made to look like others'. It differs from run to run, so it is
//! compared and never told.

use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::LazyLock;

/// A hasher; all of one run agree.
pub fn hasher() -> impl Hasher {
    static KEYS: LazyLock<ahash::RandomState> = LazyLock::new(ahash::RandomState::default);
    KEYS.build_hasher()
}

/// The hash of a value.
pub fn hash(value: &(impl Hash + ?Sized)) -> u64 {
    let mut hasher = hasher();
    value.hash(&mut hasher);
    hasher.finish()
}
