//! IPv6 extension headers (RFC 8200 4; RFC 4302 2 for authentication): what the decoder wants of them.
//!
//! ```text
//! hop-by-hop 0, routing 43, destination options 60   next header, length (8-byte units beyond the first 8), ...
//! fragment 44                                        next header, 0, offset (13 bits) 00 more, identification (4)
//! authentication 51                                  next header, length (4-byte units beyond the first 2), ...
//! ```
//!
//! They are walked here although `etherparse` has sliced them: its iterator believes the lengths of headers that were cut off, and
//! reads beyond the end of the frame.

use dissectors::Reader;

/// What a chain of extension headers says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Extensions {
    /// Identification, offset in bytes and more-fragments bit, where the packet is a fragment.
    pub fragment: Option<(u32, u32, bool)>,
    /// A routing header, or destination options, which may hold a home address (RFC 6275 6.3): other ends count for checksums.
    pub other_ends: bool,
}

/// Walks the chain that begins with a header of kind `first`, up to what is no extension header or is not whole.
pub(super) fn walk(first: u8, bytes: &[u8]) -> Extensions {
    let mut found = Extensions::default();
    let (mut kind, mut reader) = (first, Reader::new(bytes));
    // Each turn takes bytes off, and there are no more than a packet has.
    while matches!(kind, 0 | 43 | 44 | 51 | 60)
        && let Some([next, length, o0, o1]) = reader.array()
    {
        let units = usize::from(length);
        let whole = match kind {
            44 => {
                let place = u16::from_be_bytes([o0, o1]);
                let Some(id) = reader.be_u32() else { break };
                // One with nothing before nor behind it is no fragment (RFC 6946).
                if place & 0xfff9 != 0 && found.fragment.is_none() {
                    found.fragment = Some((id, u32::from(place & 0xfff8), place & 1 == 1));
                }
                8
            }
            51 => units.saturating_add(2).saturating_mul(4),
            _ => {
                found.other_ends |= kind != 0;
                units.saturating_add(1).saturating_mul(8)
            }
        };
        let read = if kind == 44 { 8 } else { 4 };
        if reader.skip(whole.saturating_sub(read)).is_none() {
            break;
        }
        kind = next;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fragment_is_found_behind_other_headers() {
        let options = [43, 0, 1, 4, 0, 0, 0, 0];
        let routing = [51, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        let authentication = [44, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        let chain = [&options[..], &routing, &authentication, &[17, 0, 0x05, 0xa9, 1, 2, 3, 4]].concat();
        let whole = Extensions { fragment: Some((0x0102_0304, 0x05a8, true)), other_ends: true };
        assert_eq!(walk(0, &chain), whole);
        for kept in 0..chain.len() {
            assert_eq!(walk(0, &chain[..kept]).fragment, None, "{kept} bytes of it");
        }
        assert_eq!(walk(44, &[17, 0, 0, 6, 1, 2, 3, 4]), Extensions::default());
        assert_eq!(walk(17, &chain), Extensions::default());
    }

    #[test]
    fn a_length_beyond_the_end_ends_the_walk() {
        for kind in [0, 43, 44, 51, 60] {
            for bytes in [&[][..], &[kind], &[kind, 0xff, 0, 1], &[kind; 40], &[44, 0xff, 0, 1, 0, 0, 0]] {
                assert!(walk(kind, bytes).fragment.is_none_or(|(_, offset, _)| kind == 44 && offset == 0x2c28));
            }
        }
    }
}
