//! tapline's program: command line, sources of packets, and what joins them to the rest of the house.
//!
//! `main` only calls `run`.

pub mod pipeline;
pub mod source;
