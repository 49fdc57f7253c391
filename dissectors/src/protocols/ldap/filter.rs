//! Search filters as text (RFC 4515), from their encoding (RFC 4511 4.5.1.7).
//!
//! ```text
//! [0] and { filter ... }   [1] or { filter ... }   [2] not filter
//! [3] =   [5] >=   [6] <=   [8] ~=     { attribute, value }
//! [4] substrings { attribute, { [0] first, [1] any, [2] last } }
//! [7] present attribute     [9] extensible { [1] rule, [2] attribute, [3] value, [4] names }
//! ```
//!
//! Filters lie in one another; how deep is limited by [`DEPTH`], and what lies deeper is told as `...`. The text ends at the cap of long
//! values.

use crate::ber::{Ber, Tlv, tag};
use crate::capped::{LONG_TEXT_CAP, Text};
use crate::hex::hex;

/// How deep filters are followed.
const DEPTH: usize = 16;
/// No more text than this is made; the cap tells that there was more.
const BYTES: usize = LONG_TEXT_CAP + 256;

/// The filter that `bytes` begin with.
pub fn text(bytes: &[u8]) -> Text {
    let mut out = Vec::new();
    // The filters still to be told, the innermost last; each but the first has a parenthesis to be closed.
    let mut open: Vec<Ber<'_>> = Vec::new();
    let mut next = Ber::lax(bytes).element();
    loop {
        if let Some(filter) = next {
            match filter.tag {
                0xa0..=0xa2 if open.len() >= DEPTH => out.extend_from_slice(b"(...)"),
                0xa0..=0xa2 => {
                    out.extend_from_slice(match filter.tag {
                        0xa0 => b"(&",
                        0xa1 => b"(|",
                        _ => b"(!",
                    });
                    open.push(Ber::lax(filter.content));
                }
                _ => item(&mut out, &filter),
            }
        } else {
            out.push(b')');
            open.pop();
        }
        let Some(inner) = open.last_mut().filter(|_| out.len() < BYTES) else {
            return Text::long(&out);
        };
        next = inner.element();
    }
}

/// A filter that holds no others.
fn item(out: &mut Vec<u8>, filter: &Tlv<'_>) {
    let mut parts = Ber::lax(filter.content);
    out.push(b'(');
    match filter.tag {
        0x87 => {
            name(out, filter.content);
            out.extend_from_slice(b"=*");
        }
        0xa3 | 0xa5 | 0xa6 | 0xa8 => {
            name(out, parts.take(tag::OCTETS).unwrap_or_default());
            out.extend_from_slice(match filter.tag {
                0xa5 => b">=",
                0xa6 => b"<=",
                0xa8 => b"~=",
                _ => b"=",
            });
            value(out, parts.element().map_or(&[], |part| part.content));
        }
        0xa4 => {
            name(out, parts.take(tag::OCTETS).unwrap_or_default());
            out.push(b'=');
            let mut last = 0x80;
            for piece in parts.open(tag::SEQUENCE).into_iter().flat_map(Ber::elements) {
                if out.len() >= BYTES {
                    break;
                }
                if piece.tag != 0x80 {
                    out.push(b'*');
                }
                value(out, piece.content);
                last = piece.tag;
            }
            if last != 0x82 {
                out.push(b'*');
            }
        }
        0xa9 => {
            let fields: Vec<_> = parts.elements().take(4).collect();
            let field =
                |number| fields.iter().find(|field| field.tag == tag::primitive(number)).map(|field| field.content);
            name(out, field(2).unwrap_or_default());
            if field(4).is_some_and(|names| names.iter().any(|byte| *byte != 0)) {
                out.extend_from_slice(b":dn");
            }
            if let Some(rule) = field(1) {
                out.push(b':');
                name(out, rule);
            }
            out.extend_from_slice(b":=");
            value(out, field(3).unwrap_or_default());
        }
        _ => out.extend_from_slice(b"..."),
    }
    out.push(b')');
}

fn name(out: &mut Vec<u8>, name: &[u8]) {
    out.extend_from_slice(name.get(..BYTES).unwrap_or(name));
}

/// A value: what has a meaning in filters is escaped, and so are bytes that are no text (RFC 4515 3).
fn value(out: &mut Vec<u8>, value: &[u8]) {
    let value = value.get(..BYTES).unwrap_or(value);
    let is_text = std::str::from_utf8(value).is_ok();
    for byte in value {
        if matches!(byte, b'*' | b'(' | b')' | b'\\' | 0..=0x1f | 0x7f) || (!is_text && *byte >= 0x80) {
            out.push(b'\\');
            out.extend_from_slice(hex(&[*byte]).as_bytes());
        } else {
            out.push(*byte);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrap(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
        let content = parts.concat();
        let mut out = vec![tag, 0x82];
        out.extend((content.len() as u16).to_be_bytes());
        out.extend(content);
        out
    }

    fn pair(tag: u8, attribute: &[u8], value: &[u8]) -> Vec<u8> {
        wrap(tag, &[&wrap(tag::OCTETS, &[attribute]), &wrap(tag::OCTETS, &[value])])
    }

    fn told(filter: &[u8]) -> String {
        String::from_utf8(text(filter).bytes().to_vec()).unwrap()
    }

    #[test]
    fn every_kind_of_filter_is_told() {
        let present = wrap(0x87, &[b"objectClass"]);
        let class = pair(0xa3, b"objectClass", b"user");
        let name = wrap(
            0xa4,
            &[
                &wrap(tag::OCTETS, &[b"cn"]),
                &wrap(tag::SEQUENCE, &[&wrap(0x80, &[b"a"]), &wrap(0x81, &[b"b"]), &wrap(0x82, &[b"c"])]),
            ],
        );
        let ends = wrap(0xa4, &[&wrap(tag::OCTETS, &[b"cn"]), &wrap(tag::SEQUENCE, &[&wrap(0x81, &[b"b"])])]);
        let rule = wrap(
            0xa9,
            &[&wrap(0x81, &[b"2.5"]), &wrap(0x82, &[b"uac"]), &wrap(0x83, &[b"2"]), &wrap(0x84, &[b"\xff"])],
        );
        let not = wrap(0xa2, &[&rule]);
        let all = wrap(0xa0, &[&class, &wrap(0xa1, &[&name, &ends]), &not, &present]);
        assert_eq!(told(&all), "(&(objectClass=user)(|(cn=a*b*c)(cn=*b*))(!(uac:dn:2.5:=2))(objectClass=*))");
        assert_eq!(told(&pair(0xa5, b"n", b"\x01(\xff")), r"(n>=\01\28\ff)");
        assert_eq!(told(&present), "(objectClass=*)");
        assert_eq!(told(&pair(0xa3, b"cn", "é*".as_bytes())), r"(cn=é\2a)");
    }

    #[test]
    fn depth_and_length_are_limited() {
        let mut deep = wrap(0x87, &[b"a"]);
        for _ in 0..40 {
            deep = wrap(0xa2, &[&deep]);
        }
        assert_eq!(told(&deep), format!("{}(...){}", "(!".repeat(DEPTH), ")".repeat(DEPTH)));
        let item = pair(0xa3, b"cn", &[b'x'; 100]);
        let long = text(&wrap(0xa1, &vec![&item[..]; 100]));
        assert_eq!((long.bytes().len(), long.omitted() > 0), (LONG_TEXT_CAP, true));
    }

    #[test]
    fn a_filter_that_is_cut_ends() {
        let whole = wrap(0xa0, &[&pair(0xa3, b"a", b"b"), &wrap(0xa2, &[&wrap(0x87, &[b"c"])])]);
        for cut in 0..whole.len() {
            text(&whole[..cut]);
        }
    }
}
