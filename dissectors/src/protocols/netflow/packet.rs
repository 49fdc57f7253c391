//! Reports of flows.
//!
//! ```text
//! 1, 5, 7   version:2 records:2 uptime:4 seconds:4 nanoseconds:4 [number:4 [engine type:1 engine:1 sampling:2 | zero:4]]  records of 48 or 52, 48, 52
//! 9         version:2 records:2 uptime:4 seconds:4 number:4 source:4   sets          RFC 3954 5.1
//! IPFIX     version:2 length:2 seconds:4 number:4 domain:4   sets                    RFC 7011 3.1
//! set       id:2 length:2 records; templates in 0 and 1, in IPFIX 2 and 3; from 256 on flows
//! ```

use std::ops::RangeInclusive;

use crate::reader::Reader;

/// The first id of a set of flows.
pub(super) const FIRST_DATA: u16 = 256;
const IPFIX: u16 = 10;
const IPFIX_HEAD: usize = 16;
/// The most records of a report in the old versions.
const RECORDS: RangeInclusive<usize> = 1..=64;
/// No report is older than 1996.
const FIRST_SECOND: u32 = 0x3000_0000;
/// The most templates of a set that are looked at.
const TEMPLATES: usize = 64;

/// A report.
#[derive(Debug)]
pub(super) struct Report<'a> {
    pub version: u16,
    pub records: u16,
    pub domain: Option<u32>,
    pub sampling: Option<u16>,
    sets: &'a [u8],
}

/// What a stream begins with.
pub(super) enum Framed<'a> {
    Whole(&'a [u8]),
    /// So many bytes are wanted.
    Part(usize),
    Other,
}

/// The message of IPFIX that a stream begins with.
pub(super) fn framed(bytes: &[u8]) -> Framed<'_> {
    let mut reader = Reader::new(bytes);
    let (Some(version), Some(length)) = (reader.be_u16(), reader.be_u16()) else {
        return if bytes.iter().zip(IPFIX.to_be_bytes()).all(|(a, b)| *a == b) {
            Framed::Part(4)
        } else {
            Framed::Other
        };
    };
    let length = usize::from(length);
    match bytes.get(..length) {
        _ if version != IPFIX || length < IPFIX_HEAD => Framed::Other,
        Some(message) => Framed::Whole(message),
        None => Framed::Part(length),
    }
}

/// Reads a report that is whole; `None` where it is none.
pub(super) fn read(bytes: &[u8]) -> Option<Report<'_>> {
    let mut reader = Reader::new(bytes);
    let (version, records) = (reader.be_u16()?, reader.be_u16()?);
    let report = match version {
        1 | 5 | 7 => {
            let _uptime = reader.be_u32()?;
            let (seconds, nanos) = (reader.be_u32()?, reader.be_u32()?);
            let (mut domain, mut sampling) = (None, None);
            if version != 1 {
                reader.skip(4)?;
                let (engine, interval) = (reader.be_u16()?, reader.be_u16()?);
                if version == 5 {
                    domain = Some(u32::from(engine));
                    // Two bits say how it is chosen.
                    sampling = Some(interval & 0x3fff).filter(|interval| *interval > 0);
                }
            }
            // Records of version 1 are told to have 52 bytes, and there are exporters that leave the last four out.
            let sizes: &[usize] = match version {
                1 => &[48, 52],
                5 => &[48],
                _ => &[52],
            };
            let count = usize::from(records);
            let filled = sizes.iter().any(|size| reader.len() == count.saturating_mul(*size));
            let fits = RECORDS.contains(&count) && seconds > FIRST_SECOND && nanos < 1_000_000_000;
            return (fits && filled).then_some(Report { version, records, domain, sampling, sets: &[] });
        }
        9 => {
            let (_uptime, seconds, _number, source) =
                (reader.be_u32()?, reader.be_u32()?, reader.be_u32()?, reader.be_u32()?);
            let fits = seconds > FIRST_SECOND && records > 0;
            fits.then_some(Report { version, records, domain: Some(source), sampling: None, sets: reader.rest() })
        }
        IPFIX => {
            let (seconds, _number, domain) = (reader.be_u32()?, reader.be_u32()?, reader.be_u32()?);
            let fits = usize::from(records) == bytes.len() && seconds > FIRST_SECOND;
            fits.then_some(Report { version, records: 0, domain: Some(domain), sampling: None, sets: reader.rest() })
        }
        _ => None,
    }?;
    // At least one set, all of known ids, and nothing behind them.
    let mut rest = Reader::new(report.sets);
    let known = |id| id >= FIRST_DATA || matches!((report.version, id), (9, 0 | 1) | (IPFIX, 2 | 3));
    while !rest.is_empty() {
        let (id, length) = (rest.be_u16()?, usize::from(rest.be_u16()?));
        rest.skip(length.checked_sub(4)?)?;
        if !known(id) || length < 8 {
            return None;
        }
    }
    (!report.sets.is_empty()).then_some(report)
}

impl<'a> Report<'a> {
    /// Its sets by their ids.
    pub(super) fn sets(&self) -> impl Iterator<Item = (u16, &'a [u8])> {
        let mut reader = Reader::new(self.sets);
        std::iter::from_fn(move || {
            let (id, length) = (reader.be_u16()?, usize::from(reader.be_u16()?));
            Some((id, reader.take(length.checked_sub(4)?)?))
        })
    }
}

/// The numbers of the templates in a set.
pub(super) fn templates(set: u16, body: &[u8]) -> impl Iterator<Item = u16> {
    let mut reader = Reader::new(body);
    std::iter::from_fn(move || {
        let (id, fields) = (reader.be_u16()?, usize::from(reader.be_u16()?));
        match set {
            // Lengths of scopes and of options, in bytes (RFC 3954 6.1).
            1 => {
                let options = usize::from(reader.be_u16()?);
                reader.skip(fields.saturating_add(options))?;
            }
            // Fields of IPFIX may name an enterprise; options have a number of scopes before them (RFC 7011 3.4).
            _ => {
                if set == 3 {
                    reader.skip(2)?;
                }
                for _ in 0..fields {
                    let field = reader.be_u16()?;
                    reader.skip(if set != 0 && field & 0x8000 != 0 { 6 } else { 2 })?;
                }
            }
        }
        (id >= FIRST_DATA).then_some(id)
    })
    .take(TEMPLATES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_as_long_as_its_records() {
        let mut bytes = vec![0, 5, 0, 2, 0, 0, 1, 0, 0x60, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 1, 0, 0, 0, 0];
        bytes.extend([0; 96]);
        assert!(read(&bytes).is_some());
        assert!(read(&bytes[..119]).is_none());
        bytes[3] = 3;
        assert!(read(&bytes).is_none());
    }

    #[test]
    fn templates_of_ipfix_may_name_enterprises() {
        let body = [1, 0, 0, 2, 0, 8, 0, 4, 0x80, 1, 0, 4, 0, 0, 0, 9, 1, 1, 0, 1, 0, 12, 0, 4];
        assert_eq!(templates(2, &body).collect::<Vec<_>>(), [256, 257]);
    }
}
