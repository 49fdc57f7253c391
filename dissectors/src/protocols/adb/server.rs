//! What a client says to adb's server on its host, or on another (AOSP packages/modules/adb, SERVICES.TXT).
//!
//! ```text
//! client   000chost:version     length:4, in hexadecimal, and a service
//! server   OKAY                 then, where the service answers, length:4 text
//!          FAIL 0012 text
//! ```
//!
//! A service that is the host's is answered and the connection goes on or ends; what follows another one, of a device, is that service's own.

use super::Adb;
use crate::capped::Text;
use crate::protocol::{Chunk, Role, Step, Verdict};

/// How the names of the server's services begin.
const HOST: [&[u8]; 2] = [b"host:", b"host-"];
/// The longest service.
const SERVICE_BYTES: usize = 4096;

/// Whether this is spoken, and what is still read of it.
#[derive(Debug, Default)]
pub struct State {
    spoken: bool,
    over: [bool; 2],
}

impl State {
    /// Whether the client's first byte, or the server's answer to it, is of this.
    pub fn is_spoken(&mut self, role: Role, bytes: &[u8]) -> bool {
        self.spoken |= role == Role::Client && bytes.first() == Some(&b'0');
        self.spoken
    }
}

/// A length in four hexadecimal digits.
fn length(bytes: &[u8]) -> Option<usize> {
    let digits = bytes.get(..4).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit))?;
    usize::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

pub fn probe(bytes: &[u8]) -> Verdict {
    let (digits, service) = bytes.split_at_checked(4).unwrap_or((bytes, &[]));
    if !digits.iter().all(u8::is_ascii_hexdigit) {
        return Verdict::Reject;
    }
    let begins = service.get(..5).unwrap_or(service);
    if !HOST.iter().any(|name| name.starts_with(begins)) {
        return Verdict::Reject;
    }
    match length(bytes) {
        Some(length) if !(6..=SERVICE_BYTES).contains(&length) => Verdict::Reject,
        Some(_) if service.len() >= 6 => Verdict::Match,
        _ => Verdict::NeedMore,
    }
}

impl Adb {
    pub(super) fn host_says(&mut self, chunk: Chunk<'_>) -> Step {
        let bytes = chunk.bytes;
        if self.server.over == [true; 2] {
            return Step::Done;
        }
        if self.server.over.get(chunk.role.index()) == Some(&true) {
            return Step::Consumed(bytes.len());
        }
        let head = match (chunk.role, bytes.get(..4)) {
            (_, None) => return Step::NeedMore(4),
            (Role::Server, Some(b"OKAY")) => return Step::Consumed(4),
            (Role::Server, Some(b"FAIL")) => 4usize,
            _ => 0,
        };
        let text = bytes.get(head..).unwrap_or_default();
        if text.len() < 4 {
            return Step::NeedMore(head + 4);
        }
        let Some(length) = length(text).filter(|length| *length <= SERVICE_BYTES) else {
            return self.end(chunk.role);
        };
        let whole = length.saturating_add(head).saturating_add(4);
        let Some(said) = bytes.get(head.saturating_add(4)..whole) else { return Step::NeedMore(whole) };
        if chunk.role == Role::Client {
            self.services.push_with(|| Text::long(said));
            if !HOST.iter().any(|name| said.starts_with(name)) {
                // The service of a device: what both say from here on is its own.
                self.server.over = [true; 2];
            }
        } else if head > 0 {
            self.errors.push_with(|| Text::new(said));
        }
        Step::Consumed(whole)
    }

    fn end(&mut self, role: Role) -> Step {
        if let Some(over) = self.server.over.get_mut(role.index()) {
            *over = true;
        }
        Step::Consumed(0)
    }
}
