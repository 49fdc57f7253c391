//! Finds the Kerberos message in a security token of GSS-API (RFC 2743 3.1, RFC 4121 4.1) or SPNEGO (RFC 4178 4.2).
//!
//! ```text
//! first token   [APPLICATION 0] { OID, token of the mechanism }
//! SPNEGO        [0] { mechTypes [0], flags [1], mechToken [2] OCTET STRING }        its first token
//!               [1] { state [0], mechanism [1], responseToken [2] OCTET STRING }    the others
//! Kerberos      0100 AP-REQ | 0200 AP-REP | 0300 KRB-ERROR, and the message
//! ```
//!
//! DCE/RPC and SPNEGO's later tokens may leave the frames out, so a bare message is one as well.

use super::kind;
use crate::ber::{Ber, tag};

/// SPNEGO, 1.3.6.1.5.5.2.
const SPNEGO: &[u8] = b"\x2b\x06\x01\x05\x05\x02";
/// Kerberos 5, 1.2.840.113554.1.2.2, its user-to-user form, and the number that Windows 2000 got wrong.
const KERBEROS: [&[u8]; 3] = [
    b"\x2a\x86\x48\x86\xf7\x12\x01\x02\x02",
    b"\x2a\x86\x48\x86\xf7\x12\x01\x02\x02\x03",
    b"\x2a\x86\x48\x82\xf7\x12\x01\x02\x02",
];
/// The most frames around a message: GSS-API, SPNEGO, GSS-API again.
const FRAMES: usize = 5;

/// The Kerberos message that a token holds.
pub fn kerberos(token: &[u8]) -> Option<&[u8]> {
    let mut token = token;
    for _ in 0..FRAMES {
        let identifier = *token.first()?;
        if kind(identifier).is_some() {
            return Some(token);
        }
        let mut outside = Ber::lax(token);
        token = match identifier {
            0x60 => {
                let mut inside = outside.open(identifier)?;
                let mechanism = inside.take(tag::OID)?;
                if KERBEROS.contains(&mechanism) {
                    let (mark, message) = inside.rest().split_first_chunk::<2>()?;
                    return matches!(mark, [1..=3, 0]).then_some(message);
                }
                if mechanism != SPNEGO {
                    return None;
                }
                inside.rest()
            }
            0xa0 | 0xa1 => {
                let fields = outside.open(identifier)?.open(tag::SEQUENCE)?;
                let inner = fields.elements().find(|field| field.tag == tag::context(2))?;
                Ber::lax(inner.content).take(tag::OCTETS)?
            }
            _ => return None,
        };
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An element around others.
    fn wrap(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
        let content = parts.concat();
        let mut out = vec![tag, 0x82];
        out.extend((content.len() as u16).to_be_bytes());
        out.extend(content);
        out
    }

    #[test]
    fn a_message_is_found_in_any_frame() {
        let message = b"\x6e\x03abc";
        let mechanism = wrap(tag::OID, &[KERBEROS[0]]);
        let gss = wrap(0x60, &[&mechanism, b"\x01\0", message]);
        let inner = wrap(tag::context(2), &[&wrap(tag::OCTETS, &[&gss])]);
        let kinds = wrap(tag::context(0), &[&wrap(tag::SEQUENCE, &[&mechanism])]);
        let init = wrap(0xa0, &[&wrap(tag::SEQUENCE, &[&kinds, &inner])]);
        let spnego = wrap(0x60, &[&wrap(tag::OID, &[SPNEGO]), &init]);
        for token in [&message[..], &gss, &init, &spnego] {
            assert_eq!(kerberos(token), Some(&message[..]));
        }
    }

    #[test]
    fn other_mechanisms_and_wrapped_messages_are_none() {
        let mechanism = wrap(tag::OID, &[KERBEROS[0]]);
        for token in
            [wrap(0x60, &[&mechanism, b"\x02\x01", b"sealed"]), wrap(0x60, &[&wrap(tag::OID, &[b"\x2a\x03"]), b"x"])]
        {
            assert_eq!(kerberos(&token), None);
        }
        assert_eq!(kerberos(b"NTLMSSP\0\x01\0\0\0"), None);
        assert_eq!(kerberos(b""), None);
    }
}
