//! NetBIOS over TCP/IP (RFC 1001, RFC 1002): names, datagrams, and sessions that carry no SMB.

pub mod datagrams;
pub mod names;
pub mod sessions;
