//! The straight path: a line of which nothing must be left out goes into the output at once.
//!
//! Nearly every line fits, and then it needs no draft: each value is escaped where it is to stand. Whatever would have to be shortened,
//! counted or put together from pieces is given up, and the [`super::sheet::Sheet`] does it. Where assertions are checked, each line that
//! goes straight is made the other way too, and must come out the same.

use std::ops::Range;

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
    place: Range<usize>,
}

/// The parameter that is being written.
struct Open {
    field: &'static Field,
    start: usize,
    items: usize,
    filled: bool,
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
        for (element, _, _) in facts.values() {
            // The last is the likeliest.
            if !self.elements.iter().rev().any(|known| std::ptr::eq(*known, element)) {
                self.elements.push(element);
            }
        }
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
        let (mut open, mut seen) = (None, 0u128);
        for (of, field, value) in facts.values() {
            if std::ptr::eq(of, element) {
                self.value(syntax, (element, field), &value, &mut open, &mut seen, out)?;
            }
        }
        if std::ptr::eq(element, &session::ELEMENT) {
            let user = facts.named_user();
            if user.is_some_and(|user| user.omitted() > 0) {
                return Err(Crooked);
            }
            let user = user.map(|user| (&session::USER, Value::Bytes(user.bytes())));
            let encrypted = facts.encryption().map(|how| (&session::ENCRYPTED, Value::Plain(how)));
            let flags = facts.flags().iter().map(|flag| (&session::FLAGS, Value::Plain(flag.name())));
            for (field, value) in user.into_iter().chain(encrypted).chain(flags) {
                self.value(syntax, (element, field), &value, &mut open, &mut seen, out)?;
            }
        }
        self.close(syntax, open, out);
        if out.len() == bare {
            out.truncate(start);
        } else {
            syntax.close_element(out);
        }
        Ok(())
    }

    #[inline]
    fn value(
        &mut self,
        syntax: &Syntax,
        (element, field): (&'static Element, &'static Field),
        value: &Value<'_>,
        open: &mut Option<Open>,
        seen: &mut u128,
        out: &mut Vec<u8>,
    ) -> Result<(), Crooked> {
        let empty = match value {
            Value::Bytes(bytes) if bytes.len() > field.cap => return Err(Crooked),
            Value::Bytes([]) | Value::Plain("") => true,
            _ => false,
        };
        if empty && field.shape != Shape::Aligned {
            return Ok(());
        }
        let list = field.shape != Shape::One;
        if let Some(open) = open
            && std::ptr::eq(open.field, field)
        {
            if !list {
                return Ok(());
            }
            if open.items >= field.items.max(1) {
                return Err(Crooked);
            }
            open.items = open.items.saturating_add(1);
            open.filled |= !empty;
            out.push(b',');
            syntax.value(value, true, out);
            return Ok(());
        }
        let bit = super::sheet::bit(field);
        if *seen & bit != 0 && self.first(element, field).is_some() {
            // It is taken up again: of a list the items would have to be put together.
            return if list { Err(Crooked) } else { Ok(()) };
        }
        *seen |= bit;
        self.close(syntax, open.take(), out);
        let start = out.len();
        syntax.open_param(field, out);
        let from = out.len();
        syntax.value(value, list, out);
        self.firsts.push(First { element, field, place: from..out.len() });
        *open = Some(Open { field, start, items: 1, filled: !empty });
        Ok(())
    }

    /// Ends a parameter. A list of unknown items alone is not told.
    fn close(&mut self, syntax: &Syntax, open: Option<Open>, out: &mut Vec<u8>) {
        match open {
            Some(open) if open.filled => syntax.close_param(open.field, out),
            Some(open) => {
                out.truncate(open.start);
                self.firsts.pop();
            }
            None => {}
        }
    }

    fn first(&self, element: &'static Element, field: &'static Field) -> Option<&First> {
        self.firsts.iter().find(|first| std::ptr::eq(first.field, field) && std::ptr::eq(first.element, element))
    }

    /// What was written, for whoever puts it into words. `line` is the output.
    pub fn told<'s>(&'s self, line: &'s [u8]) -> Written<'s> {
        Written { straight: self, line }
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
        let place = self.straight.first(element, field).map(|first| first.place.clone());
        place.and_then(|place| self.line.get(place)).unwrap_or_default()
    }
}
