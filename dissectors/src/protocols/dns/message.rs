//! One DNS message (RFC 1035 4.1): a header, then questions, answers, authority and additional records.
//!
//! ```text
//! id u16 | flags u16 | questions u16 | answers u16 | authority u16 | additional u16
//! question:  name | type u16 | class u16
//! record:    name | type u16 | class u16 | ttl u32 | length u16 | data
//! ```
//!
//! The [`Walk`] gives entry after entry and keeps none: what parsed before a fault stands, and the fault is told. Counts are
//! believed only as far as bytes are there, so a count of 65535 costs nothing. Names are passed over, and put together by
//! whoever wants them.

use std::ops::Range;

use super::name::{self, Fault, Name};
use crate::reader::Reader;

/// Bytes of the header.
pub const HEADER_BYTES: usize = 12;
/// The fewest bytes of a question: the root, type and class.
pub const MIN_QUESTION_BYTES: usize = 5;
/// The fewest bytes of a record: the root and fixed fields.
pub const MIN_RECORD_BYTES: usize = 11;
/// Top bit of a class in mDNS: a unicast answer is wanted (question), older records are to be forgotten (record); RFC 6762 5.4, 10.2.
pub const MDNS_BIT: u16 = 0x8000;

/// Bits of the header's flags.
pub mod flag {
    /// A response.
    pub const QR: u16 = 0x8000;
    /// Authoritative answer. LLMNR: conflict (RFC 4795 2.1.1).
    pub const AA: u16 = 0x0400;
    /// Truncated.
    pub const TC: u16 = 0x0200;
    /// Recursion desired. LLMNR: tentative.
    pub const RD: u16 = 0x0100;
    /// Recursion available.
    pub const RA: u16 = 0x0080;
    /// Reserved.
    pub const Z: u16 = 0x0040;
    /// Authenticated data (RFC 4035 3.2.3).
    pub const AD: u16 = 0x0020;
}

/// Operation codes (IANA).
pub mod opcode {
    /// A standard query.
    pub const QUERY: u8 = 0;
    /// A zone has changed (RFC 1996).
    pub const NOTIFY: u8 = 4;
    /// A zone is to be changed (RFC 2136).
    pub const UPDATE: u8 = 5;
}

/// The header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Ties a response to its query.
    pub id: u16,
    /// The bits of [`flag`], opcode and response code.
    pub flags: u16,
    /// Entries in each [`Section`].
    pub counts: [u16; 4],
}

impl Header {
    /// Reads the first bytes of a message.
    pub fn read(message: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(message);
        let (id, flags) = (reader.be_u16()?, reader.be_u16()?);
        Some(Self { id, flags, counts: [reader.be_u16()?, reader.be_u16()?, reader.be_u16()?, reader.be_u16()?] })
    }

    /// Whether all bits of `mask` are set.
    pub const fn has(&self, mask: u16) -> bool {
        self.flags & mask == mask
    }

    /// Whether this is a response.
    pub const fn is_response(&self) -> bool {
        self.has(flag::QR)
    }

    /// The operation.
    pub const fn opcode(&self) -> u8 {
        (self.flags >> 11) as u8 & 0x0f
    }

    /// The response code without the bits that EDNS adds.
    pub const fn rcode(&self) -> u16 {
        self.flags & 0x0f
    }
}

/// The part of a message that an entry stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// What is asked (in an update: the zone).
    Question,
    /// Answers (in an update: prerequisites).
    Answer,
    /// Authority (in an update: the changes).
    Authority,
    /// Additional records.
    Additional,
}

/// A question or a record, its name and data still in the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Where it stands.
    pub section: Section,
    /// Where its name begins.
    pub name_at: usize,
    /// The RR type.
    pub kind: u16,
    /// The class, with mDNS's bit.
    pub class: u16,
    /// The field as it stands, which OPT uses otherwise; 0 for a question.
    pub ttl: u32,
    /// Where a record's data is; empty for a question.
    pub data: Range<usize>,
}

impl Entry {
    /// Seconds that a record may be kept. With the top bit set it is none (RFC 2181 8).
    pub fn lifetime(&self) -> u32 {
        if self.ttl > i32::MAX.unsigned_abs() { 0 } else { self.ttl }
    }

    /// Puts the owner's name together.
    pub fn name(&self, message: &[u8]) -> Result<Name, Fault> {
        name::read(message, self.name_at).map(|(name, _)| name)
    }
}

/// Goes through a message's entries.
#[derive(Clone, Debug)]
pub struct Walk<'m> {
    message: &'m [u8],
    at: usize,
    sections: [(Section, u16); 4],
    fault: Option<Fault>,
    sound: bool,
}

impl<'m> Walk<'m> {
    /// Starts behind the header.
    pub fn new(message: &'m [u8], header: &Header) -> Self {
        let [questions, answers, authority, additional] = header.counts;
        let sections = [
            (Section::Question, questions),
            (Section::Answer, answers),
            (Section::Authority, authority),
            (Section::Additional, additional),
        ];
        Self { message, at: HEADER_BYTES, sections, fault: None, sound: true }
    }

    /// Why the walk ended before the counts were met.
    pub fn fault(&self) -> Option<Fault> {
        self.fault
    }

    /// Whether every name passed over so far may be one.
    pub fn sound(&self) -> bool {
        self.sound
    }

    /// Bytes behind the last entry.
    pub fn leftover(&self) -> usize {
        self.message.len().saturating_sub(self.at)
    }

    fn entry(&mut self, section: Section) -> Result<Entry, Fault> {
        let name_at = self.at;
        let name = name::skip(self.message, name_at)?;
        self.sound &= name.sound;
        let mut reader = Reader::new(self.message.get(name.after..).unwrap_or_default());
        let kind = reader.be_u16().ok_or(Fault::Short)?;
        let class = reader.be_u16().ok_or(Fault::Short)?;
        let (mut ttl, mut length) = (0, 0);
        if section != Section::Question {
            ttl = reader.be_u32().ok_or(Fault::Short)?;
            length = usize::from(reader.be_u16().ok_or(Fault::Short)?);
        }
        let start = self.message.len().saturating_sub(reader.len());
        reader.skip(length).ok_or(Fault::Short)?;
        self.at = self.message.len().saturating_sub(reader.len());
        Ok(Entry { section, name_at, kind, class, ttl, data: start..self.at })
    }
}

impl Iterator for Walk<'_> {
    type Item = Entry;

    fn next(&mut self) -> Option<Entry> {
        if self.fault.is_some() {
            return None;
        }
        let (section, left) = self.sections.iter_mut().find(|(_, left)| *left > 0)?;
        *left = left.saturating_sub(1);
        let section = *section;
        self.entry(section).map_err(|fault| self.fault = Some(fault)).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RESPONSE: &[u8] = b"\x12\x34\x81\x80\0\x01\0\x01\0\0\0\0\x01a\x02bc\0\0\x01\0\x01\xc0\x0c\0\x01\0\x01\0\0\0\x3c\0\x04\xc0\0\x02\x01";

    fn walk(message: &[u8]) -> (Vec<Entry>, Option<Fault>, usize) {
        let mut walk = Walk::new(message, &Header::read(message).unwrap());
        let entries = walk.by_ref().collect();
        (entries, walk.fault(), walk.leftover())
    }

    #[test]
    fn a_whole_message_is_walked_to_its_end() {
        let (entries, fault, leftover) = walk(RESPONSE);
        assert_eq!((entries.len(), fault, leftover), (2, None, 0));
        assert_eq!(entries[0].name(RESPONSE).unwrap().text, b"a.bc");
        assert_eq!((entries[1].ttl, entries[1].kind, &RESPONSE[entries[1].data.clone()]), (60, 1, &[192, 0, 2, 1][..]));
    }

    #[test]
    fn what_parsed_before_a_fault_is_kept() {
        let cut = &RESPONSE[..RESPONSE.len() - 1];
        let (entries, fault, _) = walk(cut);
        assert_eq!((entries.len(), fault), (1, Some(Fault::Short)));
    }

    #[test]
    fn counts_with_nothing_behind_them_cost_nothing() {
        let mut message = RESPONSE.to_vec();
        message[4..12].fill(0xff);
        let (entries, fault, _) = walk(&message);
        assert!(entries.len() <= message.len() / MIN_QUESTION_BYTES && fault.is_some());
    }
}
