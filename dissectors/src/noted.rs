//! What small dissectors keep of a session, each value by its field, and a dissector made of two functions.
//!
//! Many protocols need no state but what they tell: [`Notes`] holds that, capped as the fields say, and writes it in the
//! order of the element's fields. A [`Form`] is where a message ends and what to note of it; [`crate::framed`] finds the messages.

use std::net::IpAddr;

use crate::capped::Text;
use crate::dictionary::{Element, Field, Flag, Flags, Shape};
use crate::facts::{Facts, Value};
use crate::framed::{Extent, Framed, Message, Messages};
use crate::kept::Names;
use crate::protocol::{Dissector, Opening, Role, Verdict};

/// The most bytes of a name that is counted.
const NAME_BYTES: usize = 64;

/// One value.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Note {
    Text(Text),
    Plain(&'static str),
    Number(u64),
    Address(IpAddr),
    Mac([u8; 6]),
    YesNo(bool),
    /// How often something named was done.
    Counted(Text, u64),
}

/// The values of one field.
#[derive(Debug)]
struct Kept {
    field: &'static Field,
    values: Vec<Note>,
    omitted: u32,
}

/// What is kept of one session.
#[derive(Debug)]
pub struct Notes {
    element: &'static Element,
    kept: Vec<Kept>,
    user: Option<Text>,
    flags: Flags,
    encrypted: bool,
    messages: [u32; 2],
}

impl Notes {
    /// Nothing yet of an element.
    pub const fn new(element: &'static Element) -> Self {
        let (user, flags) = (None, Flags::NONE);
        Self { element, kept: Vec::new(), user, flags, encrypted: false, messages: [0; 2] }
    }

    /// How many messages of a side were read before this one.
    pub fn seen(&self, role: Role) -> u32 {
        self.messages.get(role.index()).copied().unwrap_or_default()
    }

    /// Whether anything is known of a field.
    pub fn has(&self, field: &'static Field) -> bool {
        self.kept.iter().any(|kept| std::ptr::eq(kept.field, field))
    }

    /// Bytes of the wire; none at all are an absent fact, but for an aligned list.
    pub fn text(&mut self, field: &'static Field, bytes: &[u8]) {
        if !bytes.is_empty() || field.shape == Shape::Aligned {
            self.note(field, || Note::Text(Text::with_cap(bytes, field.cap)));
        }
    }

    /// Text of our own.
    pub fn plain(&mut self, field: &'static Field, text: &'static str) {
        self.note(field, || Note::Plain(text));
    }

    /// A number by its name, or in decimal digits.
    pub fn name(&mut self, field: &'static Field, number: u32, names: Names) {
        match names(number) {
            Some(name) => self.plain(field, name),
            None => self.text(field, number.to_string().as_bytes()),
        }
    }

    /// A number.
    pub fn number(&mut self, field: &'static Field, number: u64) {
        self.note(field, || Note::Number(number));
    }

    /// An address; one that says nothing is an absent fact.
    pub fn address(&mut self, field: &'static Field, address: IpAddr) {
        if !address.is_unspecified() {
            self.note(field, || Note::Address(address));
        }
    }

    /// A hardware address; one that says nothing is an absent fact.
    pub fn mac(&mut self, field: &'static Field, mac: [u8; 6]) {
        if mac != [0; 6] {
            self.note(field, || Note::Mac(mac));
        }
    }

    /// `yes` or `no`.
    pub fn yes_no(&mut self, field: &'static Field, yes: bool) {
        self.note(field, || Note::YesNo(yes));
    }

    /// One more of what the field counts.
    pub fn count(&mut self, field: &'static Field) {
        self.add(field, 1);
    }

    /// So many more of what the field counts.
    pub fn add(&mut self, field: &'static Field, more: u64) {
        let kept = self.kept(field);
        match kept.values.first_mut() {
            Some(Note::Number(number)) => *number = number.saturating_add(more),
            _ => kept.values.push(Note::Number(more)),
        }
    }

    /// One more time that something named was done.
    pub fn tally(&mut self, field: &'static Field, name: &[u8]) {
        let name = name.get(..NAME_BYTES).unwrap_or(name);
        let kept = self.kept(field);
        let room = kept.values.len() < field.items;
        let known = kept.values.iter_mut().find_map(|note| match note {
            Note::Counted(known, count) if known.bytes() == name => Some(count),
            _ => None,
        });
        match known {
            Some(count) => *count = count.saturating_add(1),
            None if room => {
                kept.values.push(Note::Counted(Text::with_cap(name, NAME_BYTES), 1));
            }
            None => kept.omitted = kept.omitted.saturating_add(1),
        }
    }

    /// The account of the session; the first one stays.
    pub fn user(&mut self, name: &[u8]) {
        if !name.is_empty() && self.user.is_none() {
            self.user = Some(Text::new(name));
        }
    }

    /// A remark on the session.
    pub fn flag(&mut self, flag: Flag) {
        self.flags.insert(flag);
    }

    /// What follows can't be read by anybody but the two.
    pub fn encrypted(&mut self) {
        self.encrypted = true;
    }

    /// Writes everything.
    pub fn facts(&self, out: &mut Facts) {
        let mut element = out.element(self.element);
        for field in self.element.fields {
            let Some(kept) = self.kept.iter().find(|kept| std::ptr::eq(kept.field, *field)) else { continue };
            for note in &kept.values {
                match note {
                    Note::Text(text) => {
                        element.value(field, Value::from(text));
                        element.omitted(field, text.omitted());
                    }
                    Note::Plain(text) => element.plain(field, text),
                    Note::Number(number) => element.number(field, *number),
                    Note::YesNo(yes) => element.yes_no(field, *yes),
                    Note::Address(address) => {
                        element.value(field, Value::Address(*address));
                    }
                    Note::Mac(mac) => {
                        element.value(field, Value::Mac(*mac));
                    }
                    Note::Counted(name, count) => {
                        let told = [name.bytes(), format!(":{count}").as_bytes()].concat();
                        element.bytes(field, &told);
                    }
                }
            }
            element.omitted(field, kept.omitted);
        }
        if let Some(user) = &self.user {
            out.user(user);
        }
        self.flags.iter().for_each(|flag| out.flag(flag));
        if self.encrypted {
            out.encrypted("protocol");
        }
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        let text = |note: &Note| match note {
            Note::Text(text) | Note::Counted(text, _) => text.heap_bytes(),
            _ => 0,
        };
        let kept = |kept: &Kept| {
            let texts: usize = kept.values.iter().map(text).sum();
            size_of::<Kept>() + kept.values.capacity() * size_of::<Note>() + texts
        };
        self.kept.iter().map(kept).sum::<usize>() + self.user.as_ref().map_or(0, Text::heap_bytes)
    }

    fn kept(&mut self, field: &'static Field) -> &mut Kept {
        debug_assert!(self.element.fields.iter().any(|known| std::ptr::eq(*known, field)), "{}", field.name);
        let at = self.kept.iter().position(|kept| std::ptr::eq(kept.field, field)).unwrap_or_else(|| {
            self.kept.push(Kept { field, values: Vec::new(), omitted: 0 });
            self.kept.len().saturating_sub(1)
        });
        #[expect(clippy::indexing_slicing, reason = "it stands there: it was found, or was just put there")]
        &mut self.kept[at]
    }

    /// Keeps a value: the first of a field with one, each once of a list, everything of an aligned list.
    fn note(&mut self, field: &'static Field, make: impl FnOnce() -> Note) {
        let kept = self.kept(field);
        let cap = if field.shape == Shape::One { 1 } else { field.items };
        if field.shape == Shape::One && !kept.values.is_empty() {
            return;
        }
        if field.shape == Shape::Aligned && kept.values.len() >= cap {
            kept.omitted = kept.omitted.saturating_add(1);
            return;
        }
        let note = make();
        if field.shape == Shape::List && kept.values.contains(&note) {
            return;
        }
        if kept.values.len() < cap {
            kept.values.push(note);
        } else {
            kept.omitted = kept.omitted.saturating_add(1);
        }
    }
}

/// A protocol whose messages are read one by one into notes.
#[derive(Debug)]
pub struct Form {
    /// What is told.
    pub element: &'static Element,
    /// The size of the message that some bytes of a side begin with.
    pub extent: fn(&Notes, Role, &[u8]) -> Extent,
    /// Takes a message, of which its first [`Messages::LOOK`] bytes are shown. Tells whether more is to be learnt.
    pub read: fn(&mut Notes, &Message<'_>) -> bool,
}

impl Form {
    /// The state of a session.
    pub fn open(&'static self, opening: &Opening) -> Box<dyn Dissector> {
        Box::new(Framed::new(Noted { form: self, notes: Notes::new(self.element) }, opening.transport))
    }
}

#[derive(Debug)]
struct Noted {
    form: &'static Form,
    notes: Notes,
}

impl Messages for Noted {
    fn extent(&self, role: Role, bytes: &[u8]) -> Extent {
        (self.form.extent)(&self.notes, role, bytes)
    }

    fn message(&mut self, message: Message<'_>) -> bool {
        let more = (self.form.read)(&mut self.notes, &message);
        if let Some(seen) = self.notes.messages.get_mut(message.role.index()) {
            *seen = seen.saturating_add(1);
        }
        more
    }

    fn facts(&self, out: &mut Facts) {
        self.notes.facts(out);
    }

    fn heap_bytes(&self) -> usize {
        self.notes.heap_bytes()
    }
}

/// A message is a whole datagram.
pub fn datagram(_: &Notes, _: Role, bytes: &[u8]) -> Extent {
    Extent::Whole(bytes.len())
}

/// A message is a line of at most `cap` bytes, its end included.
pub fn line(bytes: &[u8], cap: usize) -> Extent {
    let within = bytes.get(..cap).unwrap_or(bytes);
    match memchr::memchr(b'\n', within) {
        Some(at) => Extent::Whole(at.saturating_add(1)),
        None if bytes.len() >= cap => Extent::Broken,
        None => Extent::Need(bytes.len().saturating_add(1)),
    }
}

/// A message whose size stands in its head, of which at least `least` bytes are needed to tell.
pub fn sized(bytes: &[u8], least: usize, size: impl FnOnce(&[u8]) -> Option<usize>) -> Extent {
    if bytes.len() < least {
        return Extent::Need(least);
    }
    size(bytes).map_or(Extent::Broken, Extent::Whole)
}

/// What a beginning says where a protocol begins with a constant: proof, too little, or that it is another.
pub fn begins(bytes: &[u8], constant: &[u8]) -> Verdict {
    if bytes.starts_with(constant) {
        Verdict::Match
    } else if constant.starts_with(bytes) {
        Verdict::NeedMore
    } else {
        Verdict::Reject
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static NAME: Field = Field::text("name", "x", "x");
    static SEEN: Field = Field::text("seen", "x", "x").list().items(2);
    static ALL: Field = Field::text("all", "x", "x").aligned().items(2);
    static DONE: Field = Field::text("done", "x", "x").list().items(2);
    static TIMES: Field = Field::number("times", "x", "x");
    static ELEMENT: Element = Element { name: "x", meaning: "x", fields: &[&NAME, &SEEN, &ALL, &DONE, &TIMES] };

    #[test]
    fn one_value_stays_a_list_is_distinct_and_an_aligned_one_keeps_all() {
        let mut notes = Notes::new(&ELEMENT);
        notes.add(&TIMES, 2);
        notes.count(&TIMES);
        for text in [&b"a"[..], b"", b"b", b"a", b"c"] {
            notes.text(&NAME, text);
            notes.text(&SEEN, text);
            notes.text(&ALL, text);
            notes.tally(&DONE, text);
        }
        let mut facts = Facts::new();
        notes.facts(&mut facts);
        let told: Vec<(&str, String)> = facts
            .values()
            .map(|(_, field, value)| match value {
                Value::Bytes(bytes) => (field.name, String::from_utf8_lossy(bytes).into_owned()),
                other => (field.name, format!("{other:?}")),
            })
            .collect();
        let told: Vec<(&str, &str)> = told.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let texts = [("name", "a"), ("seen", "a"), ("seen", "b"), ("all", "a"), ("all", ""), ("done", "a:2")];
        assert_eq!(told[..6], texts);
        assert_eq!(told[6..], [("done", ":1"), ("times", "Number(3)")]);
        let omitted: Vec<(&str, u64)> = facts.omissions().iter().map(|left| (left.field.name, left.count)).collect();
        assert_eq!(omitted, [("seen", 1), ("all", 3), ("done", 2)]);
    }
}
