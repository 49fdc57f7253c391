//! The straight path: a line of which nothing must be left out goes into the output at once.
//!
//! Nearly every line fits, and then it needs no draft: each value is escaped where it is to stand. Whatever would have to be shortened,
//! counted or put together from pieces is given up, and the [`super::sheet::Sheet`] does it. Where assertions are checked, each line that
//! goes straight is made the other way too, and must come out the same.

use dissectors::basics::Take;
use dissectors::dictionary::{Element, Field, Shape, session};
use dissectors::digits::append_part;
use dissectors::facts::{Facts, Value};

use super::sentence::Telling;
use super::syntax::Syntax;
use crate::escape::{self, Comma};
use crate::record::Format;
use crate::value::{self, Clock};

/// Where the first value of a parameter stands in the output.
#[derive(Debug)]
struct First {
    element: &'static Element,
    field: &'static Field,
    start: usize,
    end: usize,
}

/// Where parameters are written.
struct Place {
    element: &'static Element,
    /// Which parameters it may hold already, a bit for each hash of a field's address.
    seen: u64,
}

/// What was written of a line. Made to be used again.
#[derive(Debug, Default)]
pub(super) struct Straight {
    pub clock: Clock,
    elements: Vec<&'static Element>,
    firsts: Vec<First>,
}

/// The line does not go straight.
pub(super) struct Crooked;

impl Straight {
    /// Appends every element. Where it gives up `out` holds what was written so far.
    pub fn write(&mut self, syntax: &Syntax, facts: &Facts, out: &mut Vec<u8>) -> Result<(), Crooked> {
        self.firsts.clear();
        self.elements.clear();
        let Some(basics) = facts.basics() else { return Err(Crooked) };
        if syntax.format != Format::Rfc5424 || !facts.omissions().is_empty() {
            return Err(Crooked);
        }
        syntax.open_element(&session::ELEMENT, out);
        basics.each(&mut Own { first: true, clock: &mut self.clock, out });
        out.push(b'"');
        self.params(facts, &session::ELEMENT, out)?;
        syntax.close_element(out);
        for element in facts.elements().filter(|element| !std::ptr::eq(*element, &session::ELEMENT)) {
            self.elements.push(element);
            let start = out.len();
            syntax.open_element(element, out);
            let bare = out.len();
            self.params(facts, element, out)?;
            if out.len() == bare {
                out.truncate(start);
            } else {
                syntax.close_element(out);
            }
        }
        Ok(())
    }

    /// Appends an element's parameters beside the basics.
    fn params(&mut self, facts: &Facts, element: &'static Element, out: &mut Vec<u8>) -> Result<(), Crooked> {
        let mut place = Place { element, seen: 0 };
        for run in facts.runs().filter(|run| std::ptr::eq(run.element, element)) {
            let mut values = run.values();
            while let Some((field, value)) = values.next() {
                if field.shape == Shape::One {
                    self.one(&mut place, field, &value, out)?;
                } else {
                    self.list(&mut place, field, value, || values.another(field), out)?;
                }
            }
        }
        if std::ptr::eq(element, &session::ELEMENT) {
            if let Some(user) = facts.named_user() {
                if user.omitted() > 0 {
                    return Err(Crooked);
                }
                self.one(&mut place, &session::USER, &Value::Bytes(user.bytes()), out)?;
            }
            if let Some(how) = facts.encryption() {
                self.one(&mut place, &session::ENCRYPTED, &Value::Plain(how), out)?;
            }
            let mut flags = facts.flags().iter().map(|flag| Value::Plain(flag.name()));
            if let Some(first) = flags.next() {
                self.list(&mut place, &session::FLAGS, first, || flags.next(), out)?;
            }
        }
        Ok(())
    }

    /// Appends a parameter of one value, unless it says nothing.
    #[inline]
    fn one(
        &mut self,
        place: &mut Place,
        field: &'static Field,
        value: &Value<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), Crooked> {
        let bit = super::sheet::bit(field);
        if is_empty(value) || place.seen & bit != 0 && self.first(place.element, field).is_some() {
            return Ok(());
        }
        place.seen |= bit;
        open(field, out);
        let start = out.len();
        within_cap(value, field)?;
        append(value, Comma::Plain, &mut self.clock, out);
        self.firsts.push(First { element: place.element, field, start, end: out.len() });
        out.push(b'"');
        Ok(())
    }

    /// Appends a parameter of several values, the `first` and what comes after it, unless they say nothing.
    fn list<'v>(
        &mut self,
        place: &mut Place,
        field: &'static Field,
        first: Value<'v>,
        mut another: impl FnMut() -> Option<Value<'v>>,
        out: &mut Vec<u8>,
    ) -> Result<(), Crooked> {
        let &mut Place { element, seen } = place;
        let bit = super::sheet::bit(field);
        if seen & bit != 0 && self.first(element, field).is_some() {
            // It is taken up again: the items would have to be put together.
            return Err(Crooked);
        }
        let before = out.len();
        open(field, out);
        let start = out.len();
        let (mut end, mut items, mut filled) = (start, 0, false);
        let mut next = Some(first);
        while let Some(value) = next {
            let empty = is_empty(&value);
            // Only in an aligned list does nothing at all stand for something: for what is not known.
            if !empty || field.shape == Shape::Aligned {
                if items > 0 {
                    out.push(b',');
                    if items >= field.items {
                        return Err(Crooked);
                    }
                }
                within_cap(&value, field)?;
                append(&value, Comma::Escaped, &mut self.clock, out);
                items += 1;
                filled |= !empty;
                if items == 1 {
                    end = out.len();
                }
            }
            next = another();
        }
        // A list of unknown items alone is not told.
        if !filled {
            out.truncate(before);
            return Ok(());
        }
        out.push(b'"');
        place.seen |= bit;
        self.firsts.push(First { element, field, start, end });
        Ok(())
    }

    fn first(&self, element: &'static Element, field: &'static Field) -> Option<&First> {
        self.firsts.iter().find(|first| std::ptr::eq(first.field, field) && std::ptr::eq(first.element, element))
    }

    /// What was written, for whoever puts it into words. `line` is the output.
    pub fn told<'s>(&'s self, line: &'s [u8]) -> Written<'s> {
        Written { straight: self, line }
    }
}

/// Begins a parameter.
#[inline]
fn open(field: &Field, out: &mut Vec<u8>) {
    // Without the quotation mark that ends another's value.
    if let Some(opening) = field.opening.last_chunk::<39>() {
        append_part(opening, field.opening_len() - 1, out);
    }
}

/// Appends a value.
#[inline]
fn append(value: &Value<'_>, comma: Comma, clock: &mut Clock, out: &mut Vec<u8>) {
    match *value {
        Value::Bytes(bytes) => escape::encode(bytes, comma, out),
        // Our own text needs no escaping, but that is cheap to be sure of.
        Value::Plain(text) => escape::encode(text.as_bytes(), comma, out),
        figure => append_figure(figure, clock, out),
    }
}

#[inline(never)]
fn append_figure(value: Value<'_>, clock: &mut Clock, out: &mut Vec<u8>) {
    append_own(value, clock, out);
}

/// Appends a value that needs no escaping.
#[inline(always)]
fn append_own(value: Value<'_>, clock: &mut Clock, out: &mut Vec<u8>) {
    match value {
        Value::Bytes(bytes) => escape::append(bytes, out),
        Value::Plain(text) => escape::append(text.as_bytes(), out),
        Value::Number(number) => value::number(number, out),
        Value::Seconds(nanos) => value::seconds(nanos, out),
        Value::Milliseconds(nanos) => value::milliseconds(nanos, out),
        Value::Time(time) => clock.time(time, out),
        Value::Address(address) => value::address(address, out),
        Value::Mac(mac) => value::mac(mac, out),
        Value::Pair(src, dst) => value::pair(src, dst, out),
        Value::YesNo(yes) => value::yes_no(yes, out),
        Value::Id(id) => value::id(id, out),
    }
}

/// Writes what needs no escaping as parameters. Becomes part of whoever gives it, and so has no choices left.
struct Own<'o> {
    /// Nothing was written yet. Later each parameter ends the value of the one before.
    first: bool,
    clock: &'o mut Clock,
    out: &'o mut Vec<u8>,
}

impl<'v> Take<'v> for Own<'_> {
    #[inline(always)]
    fn take(&mut self, field: &'static Field, value: Value<'v>) {
        let Self { first, clock, out } = self;
        let from = usize::from(std::mem::take(first));
        out.extend_from_slice(field.opening.get(from..field.opening_len()).unwrap_or_default());
        append_own(value, clock, out);
    }
}

#[inline]
fn is_empty(value: &Value<'_>) -> bool {
    matches!(value, Value::Bytes([]) | Value::Plain(""))
}

#[inline]
fn within_cap(value: &Value<'_>, field: &Field) -> Result<(), Crooked> {
    match value {
        Value::Bytes(bytes) if bytes.len() > field.cap => Err(Crooked),
        _ => Ok(()),
    }
}

/// A line that went straight.
pub(super) struct Written<'s> {
    straight: &'s Straight,
    line: &'s [u8],
}

impl Telling for Written<'_> {
    fn elements(&self) -> impl Iterator<Item = &'static Element> {
        self.straight.elements.iter().copied()
    }

    fn first_value(&self, element: &'static Element, field: &'static Field) -> &[u8] {
        let first = self.straight.first(element, field);
        first.and_then(|first| self.line.get(first.start..first.end)).unwrap_or_default()
    }
}
