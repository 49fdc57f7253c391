//! How SIP is recognised: by a whole start line with its version. HTTP and RTSP share the grammar and name another one.

use super::{Start, start};
use crate::protocol::{Role, Sample, Transport, Verdict};

/// The most bytes that keep a way open before anything is said.
const IDLE_BYTES: usize = 16;

/// Tells whether a sample may be SIP.
pub(super) fn probe(sample: &Sample<'_>) -> Verdict {
    let idle = sample.bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n' | 0)).count();
    let message = sample.bytes.get(idle..).unwrap_or_default();
    if idle > IDLE_BYTES {
        return Verdict::Reject;
    }
    if message.is_empty() {
        return Verdict::NeedMore;
    }
    let Some(end) = memchr::memchr(b'\n', message) else {
        let open = sample.transport == Transport::Tcp && begins(sample.role, message);
        return if open { Verdict::NeedMore } else { Verdict::Reject };
    };
    let line = message.get(..end).unwrap_or_default().trim_ascii_end();
    match (start(line), sample.role) {
        (Some(Start::Request { .. }), Role::Client) | (Some(Start::Response { .. }), Role::Server) => Verdict::Match,
        _ => Verdict::Reject,
    }
}

/// Whether a line that has not ended yet may become a start line.
fn begins(role: Role, line: &[u8]) -> bool {
    const VERSION: &[u8] = b"SIP/2.0 ";
    if role == Role::Server {
        return line.starts_with(VERSION) || VERSION.starts_with(line);
    }
    let word = line.iter().take_while(|byte| byte.is_ascii_uppercase() || **byte == b'_').count();
    let text = line.iter().all(|byte| !byte.is_ascii_control() || *byte == b'\r');
    let named = line.first().is_some_and(u8::is_ascii_uppercase) && matches!(word, 1..=32);
    named && matches!(line.get(word), None | Some(b' ')) && text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(role: Role, transport: Transport, bytes: &[u8]) -> Verdict {
        probe(&Sample { transport, role, bytes, destination: [192, 0, 2, 1].into() })
    }

    #[test]
    fn only_a_start_line_with_its_version_is_sip() {
        for (role, bytes, expected) in [
            (Role::Client, &b"REGISTER sip:example.com SIP/2.0\r\n"[..], Verdict::Match),
            (Role::Server, b"SIP/2.0 100 Trying\r\n", Verdict::Match),
            (Role::Client, b"\r\n\r\nOPTIONS sip:a SIP/2.0\n", Verdict::Match),
            (Role::Client, b"\0\0\0\0", Verdict::NeedMore),
            (Role::Client, b"OPTIONS sip:a", Verdict::NeedMore),
            (Role::Client, b"OPTIONS rtsp://a RTSP/1.0\r\n", Verdict::Reject),
            (Role::Client, b"GET / HTTP/1.1\r\n", Verdict::Reject),
            (Role::Client, b"SIP/2.0 100 Trying\r\n", Verdict::Reject),
            (Role::Server, b"INVITE sip:a SIP/2.0\r\n", Verdict::Reject),
            (Role::Client, b"HELLO\xffworld", Verdict::Reject),
        ] {
            assert_eq!(verdict(role, Transport::Tcp, bytes), expected, "{}", bytes.escape_ascii());
        }
        assert_eq!(verdict(Role::Client, Transport::Udp, b"OPTIONS sip:a"), Verdict::Reject);
    }
}
