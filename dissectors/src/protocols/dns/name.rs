//! Domain names on the wire (RFC 1035 3.1 and 4.1.4): labels, and pointers to names that stand earlier in the message.
//!
//! As text the labels' bytes are joined by `.`, without a last dot; the root is `.`. A `.`, `;` or `\` inside a label is written
//! `\.`, `\;`, `\\` as zone files have it (RFC 1035 5.1), every other byte is itself. No charset is assumed.
//!
//! A pointer must lead to before the labels that end in it. So pointers can't loop, and a name costs at most [`MAX_JUMPS`] jumps
//! and [`MAX_WIRE_BYTES`] bytes wherever it leads.

use memchr::memchr3;

/// The most bytes of a name on the wire, lengths and the root included (RFC 1035 2.3.4).
pub const MAX_WIRE_BYTES: usize = 255;
/// The most pointers followed for one name. Each useful one leads to a label, and a name holds at most 127 of them.
pub const MAX_JUMPS: usize = 127;
/// The most bytes of a name as text: each of the wire's may have a `\` before it.
const TEXT_BYTES: usize = 2 * MAX_WIRE_BYTES;
/// Few names are longer.
const USUAL_BYTES: usize = 64;
/// The first byte that a pointer may lead to: the header holds no names.
const HEADER_BYTES: usize = 12;

/// Why something could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The message ends too early.
    Short,
    /// It breaks the format.
    Bad,
}

/// A name, put together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Name {
    /// The text.
    pub text: Vec<u8>,
}

impl Name {
    /// The text in small letters, as far as it may be one.
    pub fn in_small_letters<T>(&self, look: impl FnOnce(&[u8]) -> T) -> T {
        let mut lower = [0; TEXT_BYTES];
        let length = self.text.len().min(TEXT_BYTES);
        let lower = lower.get_mut(..length).unwrap_or_default();
        lower.iter_mut().zip(&self.text).for_each(|(lower, byte)| *lower = byte.to_ascii_lowercase());
        look(lower)
    }
}

/// Reads the name at `at`, and gives where what follows it begins.
pub fn read(message: &[u8], at: usize) -> Result<(Name, usize), Fault> {
    let mut text = Vec::with_capacity(USUAL_BYTES);
    let mut plain = true;
    let join = |text: &mut Vec<u8>| {
        if !text.is_empty() {
            text.push(b'.');
        }
    };
    // Nearly no label holds anything special. Lengths that look so only cost a second reading.
    let mut labels_in = |run| plain &= memchr3(b'.', b';', b'\\', run).is_none();
    let mut append = |label: &[u8]| {
        join(&mut text);
        text.extend_from_slice(label);
    };
    let after = walk(message, at, &mut append, &mut labels_in)?;
    if !plain {
        text.clear();
        let mut append = |label: &[u8]| {
            join(&mut text);
            escape(&mut text, label, b".;\\");
        };
        walk(message, at, &mut append, &mut |_| {})?;
    }
    if text.is_empty() {
        text.push(b'.');
    }
    Ok((Name { text }, after))
}

/// What the labels of a name say, without putting them together.
#[derive(Clone, Copy, Debug, Default)]
pub struct Outline<'m> {
    /// How many there are; the root is none.
    pub labels: usize,
    first: &'m [u8],
    last: &'m [u8],
}

impl Outline<'_> {
    /// Whether the last label is `label`, in any case.
    pub fn ends_with(&self, label: &[u8]) -> bool {
        self.last.eq_ignore_ascii_case(label)
    }

    /// Whether the first label is a NetBIOS name in its first-level encoding: 32 letters from A to P (RFC 1001 14.1).
    pub fn is_netbios(&self) -> bool {
        const ENCODED: usize = 32;
        self.first.len() == ENCODED && self.first.iter().all(|byte| (b'A'..=b'P').contains(byte))
    }
}

/// Looks at the name at `at`.
pub fn outline(message: &[u8], at: usize) -> Result<Outline<'_>, Fault> {
    let mut outline = Outline::default();
    let mut note = |label| {
        if outline.labels == 0 {
            outline.first = label;
        }
        outline.labels = outline.labels.saturating_add(1);
        outline.last = label;
    };
    walk(message, at, &mut note, &mut |_| {})?;
    Ok(outline)
}

/// A name passed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// Where what follows it begins.
    pub after: usize,
    /// It is no longer than allowed, and does not point forward. Where it leads is not looked at.
    pub sound: bool,
}

/// Passes over the name at `at` without putting it together. What follows an unsound name can still be read.
pub fn skip(message: &[u8], at: usize) -> Result<Skipped, Fault> {
    let mut here = at;
    loop {
        let fits = here.saturating_sub(at) < MAX_WIRE_BYTES;
        match Step::at(message, here)? {
            Step::Root => return Ok(Skipped { after: here.saturating_add(1), sound: fits }),
            Step::Pointer(to) => {
                let sound = fits && (HEADER_BYTES..at).contains(&to);
                return Ok(Skipped { after: here.saturating_add(2), sound });
            }
            Step::Label(label) => here = here.saturating_add(label.len()).saturating_add(1),
        }
    }
}

/// Gives each label of the name at `at`, and each run of them as it stands on the wire. Gives where what follows the name begins.
#[inline]
fn walk<'m>(
    message: &'m [u8],
    at: usize,
    label_is: &mut impl FnMut(&'m [u8]),
    run_is: &mut impl FnMut(&'m [u8]),
) -> Result<usize, Fault> {
    let (mut here, mut wire, mut jumps) = (at, 1usize, 0usize);
    // Where the run of labels being read began: the next pointer must lead to before it.
    let mut run = at;
    let mut after = None;
    loop {
        match Step::at(message, here)? {
            Step::Root => {
                run_is(message.get(run..here).unwrap_or_default());
                return Ok(after.unwrap_or(here.saturating_add(1)));
            }
            Step::Pointer(to) => {
                run_is(message.get(run..here).unwrap_or_default());
                after.get_or_insert(here.saturating_add(2));
                jumps = jumps.saturating_add(1);
                if !(HEADER_BYTES..run).contains(&to) || jumps > MAX_JUMPS {
                    return Err(Fault::Bad);
                }
                (run, here) = (to, to);
            }
            Step::Label(label) => {
                wire = wire.saturating_add(label.len()).saturating_add(1);
                if wire > MAX_WIRE_BYTES {
                    return Err(Fault::Bad);
                }
                label_is(label);
                here = here.saturating_add(label.len()).saturating_add(1);
            }
        }
    }
}

/// Adds bytes, with a `\` before each that is special where they go.
pub fn escape<const N: usize>(out: &mut Vec<u8>, bytes: &[u8], special: &[u8; N]) {
    // Nearly no text has any. What is special stands before the small letters, of which names are made.
    if !bytes.iter().any(|byte| *byte < b'a' && special.contains(byte)) {
        return out.extend_from_slice(bytes);
    }
    for &byte in bytes {
        if special.contains(&byte) {
            out.push(b'\\');
        }
        out.push(byte);
    }
}

/// What stands at one place of a name.
enum Step<'m> {
    Root,
    Label(&'m [u8]),
    Pointer(usize),
}

impl<'m> Step<'m> {
    fn at(message: &'m [u8], at: usize) -> Result<Self, Fault> {
        let (&length, rest) = message.get(at..).and_then(<[u8]>::split_first).ok_or(Fault::Short)?;
        match length {
            0 => Ok(Self::Root),
            1..=0x3f => rest.get(..usize::from(length)).map(Self::Label).ok_or(Fault::Short),
            0xc0.. => {
                let low = rest.first().ok_or(Fault::Short)?;
                Ok(Self::Pointer(usize::from(u16::from_be_bytes([length & 0x3f, *low]))))
            }
            // Extended labels (RFC 2671) were given up again.
            _ => Err(Fault::Bad),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A message whose first name is at 12.
    fn message(names: &[u8]) -> Vec<u8> {
        [&[0; HEADER_BYTES], names].concat()
    }

    fn text(names: &[u8], at: usize) -> Result<String, Fault> {
        read(&message(names), at).map(|(name, _)| String::from_utf8_lossy(&name.text).into_owned())
    }

    #[test]
    fn a_pointer_completes_a_name_and_ends_it_in_place() {
        let names = b"\x03www\x07example\0\x04mail\xc0\x10";
        let (name, after) = read(&message(names), 25).unwrap();
        assert_eq!((name.text.as_slice(), after), (&b"mail.example"[..], 32));
        assert_eq!(skip(&message(names), 25), Ok(Skipped { after: 32, sound: true }));
    }

    #[test]
    fn a_dot_inside_a_label_is_told_from_one_between_labels() {
        assert_eq!(text(b"\x03a.b\x02;\\\0", 12).unwrap(), r"a\.b.\;\\");
        assert_eq!(text(b"\0", 12).unwrap(), ".");
    }

    #[test]
    fn loops_and_forward_pointers_are_refused() {
        assert_eq!(text(b"\xc0\x0c", 12), Err(Fault::Bad), "to itself");
        assert_eq!(text(b"\x01a\xc0\x0c", 12), Err(Fault::Bad), "to its own labels");
        assert_eq!(text(b"\xc0\x0e\x01a\0", 12), Err(Fault::Bad), "forward");
        assert_eq!(text(b"\x01a\xc0\x10\x01b\xc0\x0c", 16), Err(Fault::Bad), "round and round");
        assert_eq!(text(b"\xc0\x00", 12), Err(Fault::Bad), "into the header");
        assert_eq!(skip(&message(b"\xc0\x0e\x01a\0"), 12), Ok(Skipped { after: 14, sound: false }));
    }

    #[test]
    fn a_name_longer_than_allowed_is_refused_however_it_is_put_together() {
        let label = [&[63u8][..], &[b'x'; 63]].concat();
        let mut names = label.repeat(4);
        names.push(0);
        assert_eq!(text(&names, 12), Err(Fault::Bad));
        assert_eq!(skip(&message(&names), 12), Ok(Skipped { after: 12 + 257, sound: false }));
        let mut halves = label.repeat(3);
        halves.push(0);
        halves.extend_from_slice(&label);
        halves.extend_from_slice(b"\xc0\x0c");
        assert_eq!(text(&halves, 12 + 193), Err(Fault::Bad));
    }

    #[test]
    fn a_long_chain_of_pointers_costs_no_more_than_the_cap() {
        let mut names = vec![0u8, 0];
        for at in (12..4000u16).step_by(2) {
            names.extend_from_slice(&(0xc000 | at).to_be_bytes());
        }
        assert_eq!(text(&names, 12 + names.len() - 2), Err(Fault::Bad));
        assert_eq!(text(&names, 12 + 2 * 100).unwrap(), ".");
    }

    #[test]
    fn what_ends_early_is_short_and_what_has_odd_labels_is_bad() {
        assert_eq!(text(b"\x03ab", 12), Err(Fault::Short));
        assert_eq!(text(b"\x03abc", 12), Err(Fault::Short));
        assert_eq!(text(b"\xc0", 12), Err(Fault::Short));
        assert_eq!(text(b"\x41\0", 12), Err(Fault::Bad));
    }

    #[test]
    fn netbios_names_are_known_by_their_encoding() {
        let is_netbios = |names| outline(&message(names), 12).unwrap().is_netbios();
        assert!(is_netbios(b"\x20EGFCEFEECACACACACACACACACACACAAA\0"));
        assert!(!is_netbios(b"\x20egfcefeecacacacacacacacacacacaaa\0"));
    }
}
