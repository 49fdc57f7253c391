//! What stands around values: RFC 5424 structured data, or JSON.
//!
//! ```text
//! [http@32473 method="GET,POST" requests="2"]
//! ,"http":{"method":["GET","POST"],"requests":2}
//! ```

use dissectors::dictionary::{Element, Field, Shape};
use dissectors::facts::Value;

use super::sheet::{Item, comma};
use crate::escape;
use crate::record::Format;
use crate::value;

/// One of the two ways to write elements, with the bytes that each thing takes.
#[derive(Clone, Debug)]
pub(super) struct Syntax {
    pub format: Format,
    /// `@PEN`.
    at_pen: Vec<u8>,
}

impl Syntax {
    pub fn new(format: Format, pen: u32) -> Self {
        Self { format, at_pen: format!("@{pen}").into_bytes() }
    }

    /// What stands for no element at all.
    pub fn nil(&self) -> &'static [u8] {
        match self.format {
            Format::Rfc5424 => b"-",
            Format::Json => b"",
        }
    }

    pub fn open_element(&self, element: &Element, out: &mut Vec<u8>) {
        match self.format {
            Format::Rfc5424 => {
                out.push(b'[');
                escape::append(element.name.as_bytes(), out);
                escape::append(&self.at_pen, out);
            }
            Format::Json => {
                out.extend_from_slice(b",\"");
                out.extend_from_slice(element.name.as_bytes());
                out.extend_from_slice(b"\":{");
            }
        }
    }

    pub fn close_element(&self, out: &mut Vec<u8>) {
        out.push(match self.format {
            Format::Rfc5424 => b']',
            Format::Json => b'}',
        });
    }

    /// Bytes of an element without its parameters. (In JSON the first of them has no comma.)
    pub fn element_len(&self, element: &Element) -> usize {
        match self.format {
            Format::Rfc5424 => element.name.len() + self.at_pen.len() + 2,
            Format::Json => element.name.len() + 6 - 1,
        }
    }

    /// Begins a parameter in the draft, where it always stands as if another came before it.
    #[inline(always)]
    pub fn open_param(&self, field: &Field, out: &mut Vec<u8>) {
        self.open_next_param(field, &mut false, out);
    }

    /// Begins a parameter that may be the element's `first`.
    #[inline(always)]
    pub fn open_next_param(&self, field: &Field, first: &mut bool, out: &mut Vec<u8>) {
        match self.format {
            Format::Rfc5424 => {
                out.push(b' ');
                out.extend_from_slice(field.name.as_bytes());
                out.extend_from_slice(b"=\"");
            }
            Format::Json => {
                out.extend_from_slice(if *first { b"\"" } else { b",\"" });
                out.extend_from_slice(field.name.as_bytes());
                out.extend_from_slice(if field.shape == Shape::One { b"\":" } else { b"\":[" });
            }
        }
        *first = false;
    }

    /// Where a drafted parameter begins: JSON has no comma before the `first`.
    pub fn skip(&self, first: &mut bool, start: usize) -> usize {
        let skipped = *first && self.format == Format::Json;
        *first = false;
        start + usize::from(skipped)
    }

    #[inline]
    pub fn close_param(&self, field: &Field, out: &mut Vec<u8>) {
        match self.format {
            Format::Rfc5424 => out.push(b'"'),
            Format::Json if field.shape == Shape::One => {}
            Format::Json => out.push(b']'),
        }
    }

    /// Bytes of a parameter without its items and the commas between them.
    pub fn param_len(&self, field: &Field) -> usize {
        field.name.len()
            + match self.format {
                Format::Json if field.shape != Shape::One => 6,
                _ => 4,
            }
    }

    #[inline]
    pub fn before_item(&self, text: bool, empty: bool, out: &mut Vec<u8>) {
        if self.format == Format::Json {
            if text {
                out.push(b'"');
            } else if empty {
                out.extend_from_slice(b"null");
            }
        }
    }

    #[inline]
    pub fn after_item(&self, text: bool, out: &mut Vec<u8>) {
        if self.format == Format::Json && text {
            out.push(b'"');
        }
    }

    /// Bytes of an item with what stands around it.
    #[inline]
    pub fn item_len(&self, item: &Item) -> usize {
        let around = match self.format {
            Format::Json if item.is_text() => 2,
            Format::Json if item.is_empty() => 4,
            _ => 0,
        };
        item.end - item.start + around
    }

    /// Bytes of an item of `cut`.
    pub fn cut_entry_len(&self, element: &str, field: Option<&Field>, count: u64) -> usize {
        let digits = count.checked_ilog10().unwrap_or(0) as usize + 1;
        let quotes = if self.format == Format::Json { 2 } else { 0 };
        element.len() + field.map_or(0, |field| field.name.len() + 1) + 1 + digits + quotes
    }

    /// Writes a value; this and the sentence are where everything is escaped.
    #[inline]
    pub fn value(&self, value: &Value<'_>, list: bool, out: &mut Vec<u8>) {
        match *value {
            Value::Bytes(bytes) => escape::encode(bytes, comma(self.format, list), out),
            // Our own text needs no escaping, but that is cheap to be sure of.
            Value::Plain(text) => escape::encode(text.as_bytes(), comma(self.format, list), out),
            ref other => self.figure(other, out),
        }
    }

    /// Writes a value that is no text.
    fn figure(&self, value: &Value<'_>, out: &mut Vec<u8>) {
        match *value {
            Value::Bytes(_) | Value::Plain(_) => {}
            Value::Number(number) => value::number(number, out),
            Value::Seconds(nanos) => value::seconds(nanos, out),
            Value::Milliseconds(nanos) => value::milliseconds(nanos, out),
            Value::Time(time) => value::time(time, out),
            Value::Address(address) => value::address(address, out),
            Value::Mac(mac) => value::mac(mac, out),
            Value::Id(id) => value::id(id, out),
            Value::Pair(src, dst) if self.format == Format::Rfc5424 => value::pair(src, dst, out),
            Value::YesNo(yes) if self.format == Format::Rfc5424 => value::yes_no(yes, out),
            Value::Pair(src, dst) => {
                out.extend_from_slice(b"{\"src\":");
                value::number(src, out);
                out.extend_from_slice(b",\"dst\":");
                value::number(dst, out);
                out.push(b'}');
            }
            Value::YesNo(yes) => out.extend_from_slice(if yes { b"true" } else { b"false" }),
        }
    }
}
