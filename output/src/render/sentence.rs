//! The sentence at the end of a line, for a person who reads logs:
//! `ssh 10.0.0.5:50112 > 10.0.0.9:2222 SSH-2.0-OpenSSH_9.2p1, 41 s, 5.1 kB out, 13.4 kB in`.
//!
//! Everything in it stands in the elements too. It is escaped by the same rules: what is taken from the wire is copied from the
//! escaped draft, so that it holds no control character either.

use dissectors::basics::Party;
use dissectors::dictionary::{Element, Field};
use dissectors::facts::Facts;
use dissectors::time::{MILLISECOND, SECOND};

use super::sheet::Sheet;
use super::telling::TELLING;
use crate::escape;
use crate::value;

/// The most bytes of one fact in the sentence.
const FACT_BYTES: usize = 80;
/// How many parameters of its first element a line about the sensor itself puts into words.
const STATUS_FACTS: usize = 8;

/// A line whose values were escaped.
pub(super) trait Telling {
    /// Its elements, in order.
    fn elements(&self) -> impl Iterator<Item = &'static Element>;

    /// The first value of a parameter as it stands in the line; nothing where there is none.
    fn first_value(&self, element: &'static Element, field: &'static Field) -> &[u8];
}

/// Writes sentences. Keeps which fields of which element it looks for, so that names are compared once.
#[derive(Debug, Default)]
pub(super) struct Sentences {
    known: Vec<(&'static Element, Vec<&'static Field>)>,
}

impl Sentences {
    /// Appends the sentence for a session.
    pub fn session(&mut self, facts: &Facts, line: &impl Telling, out: &mut Vec<u8>) {
        let Some(basics) = facts.basics() else {
            out.extend_from_slice(b"unknown");
            return self.telling(line, out);
        };
        escape::append(basics.app.as_bytes(), out);
        out.push(b' ');
        end(&basics.src, out);
        out.extend_from_slice(b" > ");
        end(&basics.dst, out);
        self.telling(line, out);
        out.extend_from_slice(b", ");
        duration(basics.duration, out);
        out.extend_from_slice(b", ");
        size(basics.src.payload, out);
        out.extend_from_slice(b" out, ");
        size(basics.dst.payload, out);
        out.extend_from_slice(b" in");
    }

    /// Appends a sentence for any other line: its first element and the first of its parameters.
    pub fn status(&self, sheet: &Sheet, out: &mut Vec<u8>) {
        let Some(slot) = sheet.order().next() else {
            return;
        };
        let name = sheet.slots.get(slot).map_or("", |slot| slot.element.name);
        out.extend_from_slice(name.as_bytes());
        for (place, param) in sheet.visible(slot).take(STATUS_FACTS).enumerate() {
            out.extend_from_slice(if place == 0 { b": " } else { b", " });
            out.extend_from_slice(param.field.name.as_bytes());
            out.push(b' ');
            fact(sheet.first_item(param), out);
        }
    }

    fn telling(&mut self, line: &impl Telling, out: &mut Vec<u8>) {
        for element in line.elements() {
            let before = out.len();
            let mut said: &[u8] = b"";
            for field in self.fields(element) {
                let told = line.first_value(element, field);
                // A certificate mostly names the host that was asked for: once is enough.
                if !told.is_empty() && told != said {
                    out.push(b' ');
                    fact(told, out);
                    said = told;
                }
            }
            if out.len() > before {
                return;
            }
        }
    }

    fn fields(&mut self, element: &'static Element) -> &[&'static Field] {
        let known = self.known.iter().position(|(known, _)| std::ptr::eq(*known, element));
        let at = known.unwrap_or_else(|| {
            let names =
                TELLING.iter().find(|(name, _)| *name == element.name).map_or([].as_slice(), |(_, names)| names);
            let field = |name: &&str| element.fields.iter().copied().find(|field| field.name == *name);
            self.known.push((element, names.iter().filter_map(field).collect()));
            self.known.len() - 1
        });
        self.known.get(at).map(|(_, fields)| fields.as_slice()).unwrap_or_default()
    }
}

/// A fact as it stands in the draft, shortened where it is long.
fn fact(escaped: &[u8], out: &mut Vec<u8>) {
    // JSON's pair, which no text can look like, is put as the other format has it.
    if let Some(pair) = escaped.strip_prefix(b"{\"src\":") {
        out.extend(pair.iter().filter_map(|&byte| match byte {
            b',' => Some(b':'),
            _ => byte.is_ascii_digit().then_some(byte),
        }));
        return;
    }
    let kept = escape::encoded_head(escaped, FACT_BYTES);
    out.extend_from_slice(kept);
    if kept.len() < escaped.len() {
        out.extend_from_slice(b"...");
    }
}

fn end(party: &Party, out: &mut Vec<u8>) {
    let Some(port) = party.port else {
        return value::address(party.address, out);
    };
    if party.address.is_ipv6() {
        out.push(b'[');
    }
    value::address(party.address, out);
    if party.address.is_ipv6() {
        out.push(b']');
    }
    out.push(b':');
    value::number(u64::from(port), out);
}

/// About how long: `350 ms`, `41 s`, `12 min`, `5 h`, `3 d`.
fn duration(nanos: u64, out: &mut Vec<u8>) {
    const STEPS: &[(u64, u64, &str)] = &[
        (SECOND, MILLISECOND, " ms"),
        (120 * SECOND, SECOND, " s"),
        (7_200 * SECOND, 60 * SECOND, " min"),
        (172_800 * SECOND, 3_600 * SECOND, " h"),
        (u64::MAX, 86_400 * SECOND, " d"),
    ];
    let step = STEPS.iter().find(|(below, ..)| nanos < *below).or(STEPS.last());
    if let Some((_, unit, name)) = step {
        value::number(nanos / unit, out);
        out.extend_from_slice(name.as_bytes());
    }
}

/// About how much, in powers of 1000: `512 B`, `5.1 kB`, `13.4 MB`.
fn size(bytes: u64, out: &mut Vec<u8>) {
    const UNITS: &[(u64, &str)] = &[
        (1_000_000_000_000_000, " PB"),
        (1_000_000_000_000, " TB"),
        (1_000_000_000, " GB"),
        (1_000_000, " MB"),
        (1_000, " kB"),
    ];
    match UNITS.iter().find(|(unit, _)| bytes >= *unit) {
        Some((unit, name)) => {
            let tenths = bytes / (unit / 10);
            value::number(tenths / 10, out);
            out.push(b'.');
            value::number(tenths % 10, out);
            out.extend_from_slice(name.as_bytes());
        }
        None => {
            value::number(bytes, out);
            out.extend_from_slice(b" B");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn amounts_are_read_at_a_glance() {
        let durations = [(0, "0 ms"), (350_999_999, "350 ms"), (41_900_000_000, "41 s"), (u64::MAX, "213503 d")];
        for (nanos, text) in durations {
            assert_eq!(told(|out| duration(nanos, out)), text);
        }
        assert_eq!(told(|out| duration(750 * SECOND, out)), "12 min");
        assert_eq!(told(|out| duration(18_000 * SECOND, out)), "5 h");
        let sizes = [(999, "999 B"), (5_149, "5.1 kB"), (999_999, "999.9 kB"), (u64::MAX, "18446.7 PB")];
        for (bytes, text) in sizes {
            assert_eq!(told(|out| size(bytes, out)), text);
        }
    }
}
