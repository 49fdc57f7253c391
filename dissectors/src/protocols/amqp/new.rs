//! Frames of AMQP 1.0: a performative is a described list, `0 descriptor list`.
//!
//! Types are encoded by a code whose upper half tells the size (part 1, 1.2): 4 nothing, 5 one byte, 6 two, 7 four, 8 eight, 9 sixteen;
//! A and B a length of one and four bytes, C and D a list or map, E and F an array of such.

use super::{FRAME_BYTES, READ_BYTES, Told, note};
use crate::capped::Text;
use crate::credentials;
use crate::framing::framed;
use crate::protocol::{Role, Step};
use crate::reader::Reader;

/// Takes a frame.
pub fn frame(told: &mut Told, role: Role, bytes: &[u8]) -> Step {
    let mut reader = Reader::new(bytes);
    let Some(((size, words), kind)) = reader.be_u32().zip(reader.u8()).zip(reader.u8()) else {
        return Step::NeedMore(6);
    };
    let head = usize::from(words).saturating_mul(4);
    if u64::from(size) > FRAME_BYTES || size < 8 || words < 2 || head as u64 > u64::from(size) || kind > 1 {
        return Step::Violation;
    }
    match framed(bytes, u64::from(size), READ_BYTES) {
        Ok((frame, step)) => {
            performative(told, role, frame.get(head..).unwrap_or_default());
            step
        }
        Err(step) => step,
    }
}

/// A value: its bytes without its code and length.
#[derive(Clone, Copy)]
struct Value<'a> {
    code: u8,
    /// Of a described value the description's number.
    descriptor: Option<u8>,
    bytes: &'a [u8],
}

impl<'a> Value<'a> {
    /// Text, symbol or binary.
    fn text(&self) -> Option<&'a [u8]> {
        matches!(self.code, 0xa0 | 0xa1 | 0xa3 | 0xb0 | 0xb1 | 0xb3)
            .then_some(self.bytes)
            .filter(|text| !text.is_empty())
    }

    /// The values of a list or a map.
    fn inside(&self) -> Values<'a> {
        let mut rest = Reader::new(self.bytes);
        let count = match self.code {
            0xc0 | 0xc1 => rest.skip(1),
            0xd0 | 0xd1 => rest.skip(4),
            _ => None,
        };
        Values { rest: if count.is_some() { rest } else { Reader::new(&[]) } }
    }
}

/// Values one after the other.
#[derive(Clone, Copy)]
struct Values<'a> {
    rest: Reader<'a>,
}

impl<'a> Iterator for Values<'a> {
    type Item = Value<'a>;

    fn next(&mut self) -> Option<Value<'a>> {
        let mut code = self.rest.u8()?;
        let mut descriptor = None;
        if code == 0 {
            // Described by a small number; by a symbol otherwise, which nobody sends.
            match self.rest.u8()? {
                0x53 => descriptor = Some(self.rest.u8()?),
                0x80 => descriptor = u8::try_from(self.rest.be_u64()?).ok(),
                0xa3 => {
                    let length = self.rest.u8()?;
                    self.rest.skip(usize::from(length))?;
                }
                _ => return None,
            }
            code = self.rest.u8()?;
        }
        let length = match code >> 4 {
            4 => 0,
            5 => 1,
            6 => 2,
            7 => 4,
            8 => 8,
            9 => 16,
            0xa | 0xc | 0xe => usize::from(self.rest.u8()?),
            0xb | 0xd | 0xf => usize::try_from(self.rest.be_u32()?).ok()?,
            _ => return None,
        };
        // What was cut off is read as far as it goes.
        let bytes = self.rest.take(length.min(self.rest.len()))?;
        Some(Value { code, descriptor, bytes })
    }
}

fn performative(told: &mut Told, role: Role, body: &[u8]) -> Option<()> {
    let whole = Values { rest: Reader::new(body) }.next()?;
    let mut values = whole.inside();
    let name = match whole.descriptor? {
        0x10 => "open",
        0x11 => "begin",
        0x12 => "attach",
        0x13 => "flow",
        0x14 => "transfer",
        0x15 => "disposition",
        0x16 => "detach",
        0x17 => "end",
        0x18 => "close",
        0x40 => "sasl-mechanisms",
        0x41 => "sasl-init",
        0x42 => "sasl-challenge",
        0x43 => "sasl-response",
        0x44 => "sasl-outcome",
        _ => return None,
    };
    told.verbs.count(name.as_bytes());
    match name {
        "open" => {
            let (container, host) = (values.next()?, values.next());
            if role == Role::Client {
                if let Some(container) = container.text() {
                    told.connection.get_or_insert(Text::new(container));
                }
                if let Some(host) = host.and_then(|host| host.text()) {
                    told.vhost.get_or_insert(Text::new(host));
                }
            }
            // Behind limits and locales, as the tenth, the properties.
            product(told, role, values.nth(7)?.inside());
        }
        "attach" => {
            let ends = values.filter(|value| matches!(value.descriptor, Some(0x28 | 0x29)));
            for address in ends.filter_map(|end| end.inside().next()?.text()) {
                note(&mut told.addresses, address);
            }
        }
        "detach" | "end" | "close" => {
            let error = values.find(|value| value.descriptor == Some(0x1d))?;
            let parts: Vec<&[u8]> = error.inside().take(2).filter_map(|value| value.text()).collect();
            told.errors.push_distinct(Text::new(&parts.join(&b' ')));
        }
        "sasl-mechanisms" => {
            let offered = values.next()?;
            if let Some(only) = offered.text() {
                note(&mut told.mechanisms, only);
            }
            for mechanism in array(offered) {
                note(&mut told.mechanisms, mechanism);
            }
        }
        "sasl-init" => {
            let mechanism = values.next()?.text()?;
            told.mechanism.get_or_insert(Text::new(mechanism));
            told.login(values.next()?.text().and_then(credentials::named));
        }
        "sasl-outcome" => {
            let code = values.next()?;
            if code.code == 0x50 && code.bytes.first().is_some_and(|code| *code != 0) {
                told.errors.push_distinct(Text::from("authentication failed"));
            }
        }
        _ => {}
    }
    Some(())
}

/// Product and version among a peer's properties.
fn product(told: &mut Told, role: Role, mut properties: Values<'_>) {
    let (mut product, mut version) = (None, None);
    while let Some((name, value)) = properties.next().zip(properties.next()) {
        match name.text() {
            Some(b"product") => product = value.text(),
            Some(b"version") => version = value.text(),
            _ => {}
        }
    }
    if let Some(product) = product {
        let parts = [Some(product), version];
        told.product(role, Text::long(&parts.into_iter().flatten().collect::<Vec<_>>().join(&b' ')));
    }
}

/// The symbols of an array.
fn array(value: Value<'_>) -> impl Iterator<Item = &[u8]> {
    let mut rest = Reader::new(value.bytes);
    let wide = value.code >> 4 == 0xf;
    let head = if wide { rest.skip(4) } else { rest.skip(1) };
    let code = head.and_then(|()| rest.u8()).filter(|_| value.code >> 4 >= 0xe);
    std::iter::from_fn(move || {
        let length = match code? {
            0xa3 | 0xa1 => usize::from(rest.u8()?),
            0xb3 | 0xb1 => usize::try_from(rest.be_u32()?).ok()?,
            _ => return None,
        };
        rest.take(length)
    })
}
