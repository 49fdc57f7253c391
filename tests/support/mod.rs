//! What the tests of the whole program share: captures in memory, changes to them, runs, and lines taken apart.

// Each test file is a crate of its own and uses a part of this.
#![allow(dead_code)]

pub mod capture;
pub mod chance;
pub mod change;
pub mod headers;
pub mod net;
pub mod play;
pub mod told;
