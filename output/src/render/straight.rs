//! The straight path: a line of which nothing must be left out goes into the output at once.
//!
//! Nearly every line fits, and then it needs no draft: each value is escaped where it is to stand. Whatever would have to be shortened,
//! counted or put together from pieces is given up, and the [`super::sheet::Sheet`] does it. Where assertions are checked, each line that
//! goes straight is made the other way too, and must come out the same.

use dissectors::dictionary::{Element, Field, Shape, session};
use dissectors::facts::{Facts, Value};

use super::sentence::Telling;
use super::syntax::Syntax;
use crate::record::Format;

/// Where the first value of a parameter stands in the output.
#[derive(Debug)]
struct First {
    element: &'static Element,
    field: &'static Field,
    start: usize,
    end: usize,
}

/// Where parameters are written.
struct Place<'s> {
    syntax: &'s Syntax,
    element: &'static Element,
    /// Which parameters it may hold already, a bit for each hash of a field's address.
    seen: u128,
}

/// What was written of a line. Made to be used again.
#[derive(Debug, Default)]
pub(super) struct Straight {
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
        self.elements.extend(facts.elements());
        let session_leads = self.elements.first().is_some_and(|first| std::ptr::eq(*first, &session::ELEMENT));
        if syntax.format != Format::Rfc5424 || !facts.omissions().is_empty() || !session_leads {
            return Err(Crooked);
        }
        for at in 0..self.elements.len() {
            if let Some(element) = self.elements.get(at) {
                self.element(syntax, facts, element, out)?;
            }
        }
        Ok(())
    }

    fn element(
        &mut self,
        syntax: &Syntax,
        facts: &Facts,
        element: &'static Element,
        out: &mut Vec<u8>,
    ) -> Result<(), Crooked> {
        let start = out.len();
        syntax.open_element(element, out);
        let bare = out.len();
        let mut place = Place { syntax, element, seen: 0 };
        for run in facts.runs().filter(|run| std::ptr::eq(run.element, element)) {
            for (field, values) in run.params() {
                self.param(&mut place, field, values, out)?;
            }
        }
        if std::ptr::eq(element, &session::ELEMENT) {
            if let Some(user) = facts.named_user() {
                if user.omitted() > 0 {
                    return Err(Crooked);
                }
                self.param(&mut place, &session::USER, [Value::Bytes(user.bytes())].into_iter(), out)?;
            }
            if let Some(how) = facts.encryption() {
                self.param(&mut place, &session::ENCRYPTED, [Value::Plain(how)].into_iter(), out)?;
            }
            let flags = facts.flags();
            if !flags.is_empty() {
                let names = flags.iter().map(|flag| Value::Plain(flag.name()));
                self.param(&mut place, &session::FLAGS, names, out)?;
            }
        }
        if out.len() == bare {
            out.truncate(start);
        } else {
            syntax.close_element(out);
        }
        Ok(())
    }

    /// Appends a parameter, unless there is nothing to tell.
    #[inline]
    fn param<'v>(
        &mut self,
        place: &mut Place<'_>,
        field: &'static Field,
        mut values: impl Iterator<Item = Value<'v>>,
        out: &mut Vec<u8>,
    ) -> Result<(), Crooked> {
        if field.shape != Shape::One {
            return self.list(place, field, values, out);
        }
        match values.find(|value| !is_empty(value)) {
            Some(value) => self.one(place, field, &value, out),
            None => Ok(()),
        }
    }

    /// Appends a parameter of one value.
    #[inline(always)]
    fn one(
        &mut self,
        place: &mut Place<'_>,
        field: &'static Field,
        value: &Value<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), Crooked> {
        let bit = super::sheet::bit(field);
        if place.seen & bit != 0 && self.first(place.element, field).is_some() {
            return Ok(());
        }
        place.seen |= bit;
        place.syntax.open_param(field, out);
        let start = out.len();
        within_cap(value, field)?;
        place.syntax.value(value, false, out);
        self.firsts.push(First { element: place.element, field, start, end: out.len() });
        place.syntax.close_param(field, out);
        Ok(())
    }

    /// Appends a parameter of several values.
    #[inline(never)]
    fn list<'v>(
        &mut self,
        place: &mut Place<'_>,
        field: &'static Field,
        mut values: impl Iterator<Item = Value<'v>>,
        out: &mut Vec<u8>,
    ) -> Result<(), Crooked> {
        let &mut Place { syntax, element, seen } = place;
        // Only in an aligned list does nothing at all stand for something: for what is not known.
        let counts = |value: &Value<'v>| field.shape == Shape::Aligned || !is_empty(value);
        let Some(first) = values.find(counts) else { return Ok(()) };
        let bit = super::sheet::bit(field);
        if seen & bit != 0 && self.first(element, field).is_some() {
            // It is taken up again: the items would have to be put together.
            return Err(Crooked);
        }
        let before = out.len();
        syntax.open_param(field, out);
        let start = out.len();
        within_cap(&first, field)?;
        syntax.value(&first, true, out);
        let end = out.len();
        let (mut items, mut filled) = (1, !is_empty(&first));
        for value in values.filter(counts) {
            if items >= field.items.max(1) {
                return Err(Crooked);
            }
            within_cap(&value, field)?;
            items += 1;
            filled |= !is_empty(&value);
            out.push(b',');
            syntax.value(&value, true, out);
        }
        // A list of unknown items alone is not told.
        if !filled {
            out.truncate(before);
            return Ok(());
        }
        syntax.close_param(field, out);
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
