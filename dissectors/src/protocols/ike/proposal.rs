//! Proposals of algorithms.
//!
//! ```text
//! version 1  DOI:4 situation:4 proposals     RFC 2408 3.4      version 2  proposals     RFC 7296 3.3
//! proposal   more:1 zero:1 length:2 number:1 protocol:1 length of SPI:1 transforms:1 SPI transforms
//! transform  more:1 zero:1 length:2   1: number:1 id:1 zero:2 attributes   2: kind:1 zero:1 id:2 attributes
//! attribute  1:1 bit kind:15 bits value:2 | 0:1 bit kind:15 bits length:2 value
//! ```
//!
//! In version 1 each transform is a whole suite, in version 2 a proposal offers several algorithms of each kind.

use super::names;
use crate::capped::{LIST_CAP, Text};
use crate::digits;
use crate::reader::Reader;

/// The most suites of a message that are kept; the most algorithms of a kind in one.
const SUITES: usize = LIST_CAP;
/// The protocol that a proposal is for, where it is IKE itself.
const IKE: u8 = 1;

/// Kinds of algorithms, in the order in which they are told.
pub(super) const KINDS: usize = 5;
const ENCRYPTION: usize = 0;
const INTEGRITY: usize = 1;
const PRF: usize = 2;
const GROUP: usize = 3;
const AUTHENTICATION: usize = 4;

/// An algorithm by its name, or by its number where it has none; and the bits of its key. Suites are many and few are told, so it becomes
/// text only then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Algorithm {
    name: Result<&'static str, u16>,
    bits: Option<u16>,
}

impl Algorithm {
    fn new(name: Option<&'static str>, number: u16) -> Self {
        Self { name: name.ok_or(number), bits: None }
    }

    fn append(self, text: &mut Vec<u8>) {
        match self.name {
            Ok(name) => text.extend_from_slice(name.as_bytes()),
            Err(number) => digits::number(number.into(), text),
        }
        if let Some(bits) = self.bits {
            text.push(b'-');
            digits::number(bits.into(), text);
        }
    }
}

/// Algorithms that go together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Suite([Vec<Algorithm>; KINDS]);

impl Suite {
    fn add(&mut self, kind: usize, algorithm: Algorithm) {
        if let Some(known) = self.0.get_mut(kind).filter(|known| known.len() < SUITES && !known.contains(&algorithm)) {
            known.push(algorithm);
        }
    }

    /// The algorithms of each kind, joined by `+`.
    pub(super) fn columns(&self) -> impl Iterator<Item = Vec<u8>> {
        self.0.iter().map(|algorithms| {
            let mut text = Vec::new();
            append_joined(algorithms, &mut text);
            text
        })
    }

    /// All of them, the kinds joined by `/`.
    pub(super) fn text(&self) -> Text {
        let mut text = Vec::new();
        for algorithms in self.0.iter().filter(|algorithms| !algorithms.is_empty()) {
            if !text.is_empty() {
                text.push(b'/');
            }
            append_joined(algorithms, &mut text);
        }
        Text::long(&text)
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.0.iter().map(|algorithms| algorithms.capacity().saturating_mul(size_of::<Algorithm>())).sum()
    }
}

fn append_joined(algorithms: &[Algorithm], text: &mut Vec<u8>) {
    for (at, algorithm) in algorithms.iter().enumerate() {
        if at > 0 {
            text.push(b'+');
        }
        algorithm.append(text);
    }
}

/// The suites that a payload of version 1 offers.
pub(super) fn version_1(body: &[u8]) -> Vec<Suite> {
    let mut suites = Vec::new();
    for proposal in proposals(body.get(8..).unwrap_or_default()).filter(|proposal| proposal.protocol == IKE) {
        for mut transform in pieces(proposal.transforms) {
            if suites.len() >= SUITES || transform.skip(4).is_none() {
                return suites;
            }
            let (mut suite, mut cipher, mut bits) = (Suite::default(), None, None);
            for (kind, value) in attributes(transform) {
                match kind {
                    1 => cipher = Some(value),
                    2 => suite.add(PRF, Algorithm::new(names::hash_1(value), value)),
                    3 => suite.add(AUTHENTICATION, Algorithm::new(names::authentication_1(value), value)),
                    4 => suite.add(GROUP, Algorithm::new(names::group(value), value)),
                    14 => bits = Some(value),
                    _ => {}
                }
            }
            if let Some(cipher) = cipher {
                suite.add(ENCRYPTION, Algorithm { bits, ..Algorithm::new(names::cipher_1(cipher), cipher) });
            }
            suites.push(suite);
        }
    }
    suites
}

/// The suites that a payload of version 2 offers.
pub(super) fn version_2(body: &[u8]) -> Vec<Suite> {
    let mut suites = Vec::new();
    for proposal in proposals(body).filter(|proposal| proposal.protocol == IKE).take(SUITES) {
        let mut suite = Suite::default();
        for mut transform in pieces(proposal.transforms) {
            let (Some(kind), Some(_), Some(id)) = (transform.u8(), transform.u8(), transform.be_u16()) else {
                break;
            };
            let (kind, algorithm) = match kind {
                1 => {
                    let bits = attributes(transform).find(|(kind, _)| *kind == 14).map(|(_, bits)| bits);
                    (ENCRYPTION, Algorithm { bits, ..Algorithm::new(names::cipher_2(id), id) })
                }
                2 => (PRF, Algorithm::new(names::prf(id), id)),
                3 if id != 0 => (INTEGRITY, Algorithm::new(names::integrity(id), id)),
                4 if id != 0 => (GROUP, Algorithm::new(names::group(id), id)),
                _ => continue,
            };
            suite.add(kind, algorithm);
        }
        suites.push(suite);
    }
    suites
}

struct Proposal<'a> {
    protocol: u8,
    transforms: Reader<'a>,
}

fn proposals(body: &[u8]) -> impl Iterator<Item = Proposal<'_>> {
    pieces(Reader::new(body)).map_while(|mut piece| {
        let (_number, protocol) = (piece.u8()?, piece.u8()?);
        let (spi, _transforms) = (usize::from(piece.u8()?), piece.u8()?);
        piece.skip(spi)?;
        Some(Proposal { protocol, transforms: piece })
    })
}

/// What stands one after the other behind heads of four bytes, up to the last or the first that is cut.
fn pieces(mut reader: Reader<'_>) -> impl Iterator<Item = Reader<'_>> {
    let mut more = true;
    std::iter::from_fn(move || {
        if !more {
            return None;
        }
        more = reader.u8()? != 0;
        reader.skip(1)?;
        let length = usize::from(reader.be_u16()?).checked_sub(4)?;
        reader.sub(length)
    })
}

/// Attributes with short values; of long ones the last two bytes stand for them.
fn attributes(mut reader: Reader<'_>) -> impl Iterator<Item = (u16, u16)> {
    std::iter::from_fn(move || {
        let kind = reader.be_u16()?;
        if kind & 0x8000 != 0 {
            return Some((kind & 0x7fff, reader.be_u16()?));
        }
        let length = usize::from(reader.be_u16()?);
        let value = reader.take(length)?;
        Some((kind, value.last_chunk().map_or(0, |short| u16::from_be_bytes(*short))))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proposal_of_version_2_offers_several_of_a_kind() {
        let mut body = vec![0, 0, 0, 44, 1, IKE, 0, 4];
        body.extend([3, 0, 0, 12, 1, 0, 0, 20, 0x80, 14, 1, 0]);
        body.extend([3, 0, 0, 8, 2, 0, 0, 5]);
        body.extend([3, 0, 0, 8, 4, 0, 0, 31]);
        body.extend([0, 0, 0, 8, 4, 0, 0, 19]);
        let suites = version_2(&body);
        assert_eq!(suites.len(), 1);
        assert_eq!(suites[0].text().bytes(), b"AES_GCM_16-256/SHA2_256/CURVE25519+ECP_256");
    }
}
