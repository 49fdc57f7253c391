//! Where a data connection will be: the arguments of PORT and EPRT, the replies to PASV and EPSV.
//!
//! ```text
//! PORT h1,h2,h3,h4,p1,p2                    227 Entering Passive Mode (h1,h2,h3,h4,p1,p2).
//! EPRT |family|address|port|                229 Entering Extended Passive Mode (|||port|)
//! ```
//!
//! Specifications: RFC 959 4.1.2 and 4.2, RFC 1123 4.1.2.6 (the parentheses of 227 are optional), RFC 2428 2 and 3.

use std::net::{IpAddr, Ipv4Addr};

use crate::linewise::decimal;

/// An end of a data connection. Without an address it is that of the side that listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Listening {
    pub(super) address: Option<IpAddr>,
    pub(super) port: u16,
}

/// The argument of PORT.
pub(super) fn port(argument: &[u8]) -> Option<Listening> {
    let (listening, rest) = six(argument.trim_ascii())?;
    rest.is_empty().then_some(listening)
}

/// The text of a 227 reply: the first six numbers in it.
pub(super) fn pasv(text: &[u8]) -> Option<Listening> {
    let mut before = b' ';
    for (at, byte) in text.iter().enumerate() {
        if byte.is_ascii_digit() && !before.is_ascii_digit() {
            let rest = text.get(at..).unwrap_or_default();
            if let Some((listening, _)) = six(rest) {
                return Some(listening);
            }
        }
        before = *byte;
    }
    None
}

/// The argument of EPRT.
pub(super) fn eprt(argument: &[u8]) -> Option<Listening> {
    let (delimiter, rest) = argument.split_first()?;
    let mut parts = rest.split(|byte| byte == delimiter);
    let (family, address, number) = (parts.next()?, parts.next()?, parts.next()?);
    let address: IpAddr = std::str::from_utf8(address).ok()?.parse().ok()?;
    let fits = matches!((family, address), (b"1", IpAddr::V4(_)) | (b"2", IpAddr::V6(_)));
    Some(Listening { address: Some(address), port: port_number(number)? }).filter(|_| fits)
}

/// The text of a 229 reply.
pub(super) fn epsv(text: &[u8]) -> Option<Listening> {
    let open = memchr::memchr(b'(', text)?;
    let (delimiter, rest) = text.get(open..)?.get(1..)?.split_first()?;
    if delimiter.is_ascii_alphanumeric() {
        return None;
    }
    let mut parts = rest.split(|byte| byte == delimiter);
    let (family, address, number) = (parts.next()?, parts.next()?, parts.next()?);
    let fits = family.is_empty() && address.is_empty() && parts.next()?.starts_with(b")");
    Some(Listening { address: None, port: port_number(number)? }).filter(|_| fits)
}

fn port_number(digits: &[u8]) -> Option<u16> {
    decimal(digits).and_then(|port| u16::try_from(port).ok()).filter(|port| *port != 0)
}

/// Six numbers of one byte each, separated by commas, and what follows them.
fn six(text: &[u8]) -> Option<(Listening, &[u8])> {
    let mut numbers = [0u8; 6];
    let mut rest = text;
    for (at, number) in numbers.iter_mut().enumerate() {
        if at > 0 {
            rest = rest.strip_prefix(b",")?;
            rest = rest.strip_prefix(b" ").unwrap_or(rest);
        }
        let digits = rest.iter().take(4).take_while(|byte| byte.is_ascii_digit()).count();
        let (own, after) = rest.split_at_checked(digits)?;
        *number = decimal(own).and_then(|value| u8::try_from(value).ok())?;
        rest = after;
    }
    let [a, b, c, d, high, low] = numbers;
    let (address, port) = (Ipv4Addr::new(a, b, c, d), u16::from_be_bytes([high, low]));
    // Some servers do not know their own address and say so.
    let address = (!address.is_unspecified()).then_some(IpAddr::V4(address));
    (port != 0).then_some((Listening { address, port }, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(address: &str, port: u16) -> Option<Listening> {
        Some(Listening { address: (!address.is_empty()).then(|| address.parse().unwrap()), port })
    }

    #[test]
    fn places_are_read_in_each_of_their_forms() {
        assert_eq!(port(b"192,0,2,7,4,1"), at("192.0.2.7", 1025));
        assert_eq!(pasv(b"Entering Passive Mode (192,0,2,7,156,64)."), at("192.0.2.7", 40000));
        assert_eq!(pasv(b"Entering Passive Mode 192,0,2,7,156,64"), at("192.0.2.7", 40000));
        assert_eq!(pasv(b"=10 1,2 0,0,0,0,4,1"), at("", 1025));
        assert_eq!(eprt(b"|1|192.0.2.7|1025|"), at("192.0.2.7", 1025));
        assert_eq!(eprt(b"|2|2001:db8::7|1025|"), at("2001:db8::7", 1025));
        assert_eq!(epsv(b"Entering Extended Passive Mode (|||40000|)"), at("", 40000));
        assert_eq!(epsv(b"ok (!!!40000!)"), at("", 40000));
    }

    #[test]
    fn what_is_no_place_is_none() {
        for wrong in [&b"192,0,2,7,4"[..], b"192,0,2,256,4,1", b"192,0,2,7,4,1,9", b"1,2,3,4,0,0", b""] {
            assert_eq!(port(wrong), None, "{wrong:?}");
        }
        for wrong in [&b"|2|192.0.2.7|1025|"[..], b"|1|192.0.2.7|70000|", b"|1|192.0.2.7", b""] {
            assert_eq!(eprt(wrong), None, "{wrong:?}");
        }
        for wrong in [&b"(|||0|)"[..], b"(||4|5|)", b"|||5|", b"(", b"(1112221)"] {
            assert_eq!(epsv(wrong), None, "{wrong:?}");
        }
    }
}
