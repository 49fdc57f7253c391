//! Tells LDAP by its messages: a SEQUENCE with an id, an operation that is this side's to send and ends where the message or its controls
//! say, and the operation's first fields.

use super::{LONGEST, op};
use crate::ber::{self, Ber, Size, tag};
use crate::protocol::{PROBE_BYTES, Role, Sample, Transport, Verdict};

/// The longest id: 31 bits (RFC 4511 4.1.1.1).
const ID_BYTES: u8 = 4;

/// The probe.
pub fn probe(sample: &Sample<'_>) -> Verdict {
    message(sample.role, sample.bytes, sample.transport == Transport::Tcp)
}

/// Whether a message that is this role's to send begins here. In a datagram nothing will follow.
pub fn message(role: Role, bytes: &[u8], more: bool) -> Verdict {
    let wait = if more { Verdict::NeedMore } else { Verdict::Reject };
    let Some((identifier, _)) = bytes.split_first() else {
        return wait;
    };
    if *identifier != tag::SEQUENCE {
        return Verdict::Reject;
    }
    let (head, whole) = match ber::size(bytes) {
        Size::Known { head, whole } if whole <= LONGEST => (head, whole),
        Size::Need(_) => return wait,
        _ => return Verdict::Reject,
    };
    let inside = bytes.get(head..whole.min(bytes.len())).unwrap_or_default();
    let (id, rest) = match inside {
        [tag::INTEGER, length @ 1..=ID_BYTES, rest @ ..] => match rest.split_at_checked(usize::from(*length)) {
            Some(parts) => parts,
            None => return wait,
        },
        [] | [tag::INTEGER] => return wait,
        _ => return Verdict::Reject,
    };
    if id.first().is_some_and(|byte| byte & 0x80 != 0) {
        return Verdict::Reject;
    }
    let Some(identifier) = rest.first() else {
        return wait;
    };
    if sender(*identifier) != Some(role) {
        return Verdict::Reject;
    }
    let before = head.saturating_add(inside.len().saturating_sub(rest.len()));
    let operation = match ber::size(rest) {
        Size::Known { head, whole: length } => {
            let end = before.saturating_add(length);
            let controlled = rest.get(length).is_none_or(|next| *next == tag::context(0));
            if end > whole || (end < whole && !controlled) {
                return Verdict::Reject;
            }
            rest.get(head..length.min(rest.len())).unwrap_or_default()
        }
        Size::Need(_) => return wait,
        Size::Broken => return Verdict::Reject,
    };
    // So much of a message may still come, and so much of it is shown to a probe.
    let cut = more && bytes.len() < whole.min(PROBE_BYTES);
    match fields(*identifier, operation) {
        Some(verdict) => verdict,
        None if cut => Verdict::NeedMore,
        None => Verdict::Reject,
    }
}

/// Who sends an operation.
const fn sender(identifier: u8) -> Option<Role> {
    match identifier {
        op::BIND
        | op::UNBIND
        | op::SEARCH
        | op::MODIFY
        | op::ADD
        | op::DELETE
        | op::RENAME
        | op::COMPARE
        | op::ABANDON
        | op::EXTENDED => Some(Role::Client),
        op::BIND_RESULT
        | op::ENTRY
        | op::SEARCH_RESULT
        | op::MODIFY_RESULT
        | op::ADD_RESULT
        | op::DELETE_RESULT
        | op::RENAME_RESULT
        | op::COMPARE_RESULT
        | op::REFERENCE
        | op::EXTENDED_RESULT
        | op::INTERMEDIATE => Some(Role::Server),
        _ => None,
    }
}

/// What an operation's first fields say; `None` where they are not there, or not what they must be.
fn fields(identifier: u8, content: &[u8]) -> Option<Verdict> {
    let mut fields = Ber::new(content);
    match identifier {
        op::UNBIND => Some(if content.is_empty() { Verdict::Match } else { Verdict::Reject }),
        // Nothing in them tells more than that they are there.
        op::DELETE | op::ABANDON | op::INTERMEDIATE => Some(Verdict::Likely),
        op::BIND => {
            let version = fields.integer()?;
            if !(1..=3).contains(&version) {
                return Some(Verdict::Reject);
            }
            let name = Ber::lax(fields.rest()).take(tag::OCTETS);
            name.map(|_| Verdict::Match)
        }
        op::SEARCH => {
            fields.take(tag::OCTETS)?;
            let scope = fields.take(tag::ENUMERATED).and_then(ber::integer)?;
            Some(if (0..=3).contains(&scope) { Verdict::Match } else { Verdict::Reject })
        }
        op::EXTENDED => {
            let oid = fields.take(tag::primitive(0))?;
            let fits = !oid.is_empty() && oid.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.');
            Some(if fits { Verdict::Match } else { Verdict::Reject })
        }
        op::ENTRY | op::MODIFY | op::ADD | op::COMPARE => {
            fields.take(tag::OCTETS)?;
            (fields.peek()? == tag::SEQUENCE).then_some(Verdict::Match)
        }
        op::RENAME => {
            fields.take(tag::OCTETS)?;
            (fields.peek()? == tag::OCTETS).then_some(Verdict::Match)
        }
        op::REFERENCE => {
            let uri = fields.take(tag::OCTETS)?;
            (uri.get(..4)?.eq_ignore_ascii_case(b"ldap")).then_some(Verdict::Match)
        }
        _ => {
            ber::integer(fields.take(tag::ENUMERATED)?)?;
            (fields.peek()? == tag::OCTETS).then_some(Verdict::Match)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BIND: &[u8] = b"\x30\x0c\x02\x01\x01\x60\x07\x02\x01\x03\x04\x00\x80\x00";
    const RESULT: &[u8] = b"\x30\x84\0\0\0\x10\x02\x01\x01\x61\x84\0\0\0\x07\x0a\x01\x00\x04\x00\x04\x00";

    #[test]
    fn a_message_proves_itself_and_its_sender() {
        for (bytes, role) in [(BIND, Role::Client), (RESULT, Role::Server)] {
            assert_eq!(message(role, bytes, true), Verdict::Match);
            assert_eq!(message(role, bytes, false), Verdict::Match);
            assert_eq!(message(role.other(), bytes, true), Verdict::Reject);
            for cut in 0..10 {
                assert_eq!(message(role, &bytes[..cut], true), Verdict::NeedMore, "cut at {cut}");
                assert_eq!(message(role, &bytes[..cut], false), Verdict::Reject, "cut at {cut}");
            }
        }
    }

    #[test]
    fn messages_may_follow_one_another_and_carry_controls() {
        let two = [BIND, BIND].concat();
        assert_eq!(message(Role::Client, &two, true), Verdict::Match);
        let mut controlled = BIND.to_vec();
        controlled[1] += 4;
        controlled.extend(b"\xa0\x02\x30\x00");
        assert_eq!(message(Role::Client, &controlled, true), Verdict::Match);
        controlled[14] = 0x30;
        assert_eq!(message(Role::Client, &controlled, true), Verdict::Reject);
    }

    #[test]
    fn a_wrong_byte_of_the_proof_rejects() {
        for at in [0, 2, 3, 5, 6, 7, 8, 9, 10] {
            let mut wrong = BIND.to_vec();
            wrong[at] ^= 0x11;
            assert_ne!(message(Role::Client, &wrong, true), Verdict::Match, "byte {at}");
        }
    }
}
