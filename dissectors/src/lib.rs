//! Bytes of one session in, facts out.
//!
//! This crate holds every protocol that tapline understands, a file or folder each, the detector that tells from the bytes which of
//! them a session speaks, the dictionary of all fields, and the tracking of files that move inside a session. It knows
//! nothing of threads, clocks, sockets, flows or syslog: time arrives with the bytes.
//!
//! Read [`protocol`] for the contract of a dissector, [`protocols`] for the list of them, [`conversation`] for the engine that
//! feeds them and [`dictionary`] for what they may say.

pub mod basics;
pub mod ber;
pub mod by_offset;
pub mod capped;
pub mod cgi;
pub mod content;
pub mod conversation;
pub mod cotp;
pub mod counts;
pub mod credentials;
pub mod detector;
pub mod dictionary;
pub mod digits;
pub mod facts;
pub mod files;
pub mod framed;
pub mod framing;
pub mod headed;
pub mod hex;
pub mod json;
pub mod kept;
pub mod kerberos;
mod keyed;
pub mod lenient;
pub mod linewise;
pub mod mail;
pub mod msgpack;
pub mod nested;
pub mod netbios;
pub mod news;
pub mod noted;
pub mod ntlm;
pub mod protocol;
pub mod protocols;
pub mod reader;
pub mod sasl;
mod scan;
pub mod sdp;
pub mod services;
pub mod sql;
pub mod tally;
pub mod terminal;
pub mod time;

pub use capped::{List, Text};
pub use conversation::Conversation;
pub use facts::Facts;
pub use protocol::{Chunk, Dissector, Protocol, Role, Step, Transport, Verdict};
pub use reader::Reader;
pub use time::Timestamp;
