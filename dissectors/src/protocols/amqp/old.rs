//! Frames of AMQP 0-9-1 (and 0-8, 0-9, which have the same).

use super::{FRAME_BYTES, READ_BYTES, Told, note};
use crate::capped::Text;
use crate::credentials;
use crate::framing::framed;
use crate::protocol::{Role, Step};
use crate::reader::Reader;

/// How many properties of a peer are looked at.
const PROPERTIES: usize = 64;

/// A method's name by class and method, as the specification has them.
pub fn method(class: u16, method: u16) -> Option<&'static str> {
    Some(match (class, method) {
        (10, 10) => "connection.start",
        (10, 11) => "connection.start-ok",
        (10, 20) => "connection.secure",
        (10, 21) => "connection.secure-ok",
        (10, 30) => "connection.tune",
        (10, 31) => "connection.tune-ok",
        (10, 40) => "connection.open",
        (10, 41) => "connection.open-ok",
        (10, 50) => "connection.close",
        (10, 51) => "connection.close-ok",
        (10, 60) => "connection.blocked",
        (10, 61) => "connection.unblocked",
        (20, 10) => "channel.open",
        (20, 11) => "channel.open-ok",
        (20, 20) => "channel.flow",
        (20, 21) => "channel.flow-ok",
        (20, 40) => "channel.close",
        (20, 41) => "channel.close-ok",
        (40, 10) => "exchange.declare",
        (40, 11) => "exchange.declare-ok",
        (40, 20) => "exchange.delete",
        (40, 21) => "exchange.delete-ok",
        (40, 30) => "exchange.bind",
        (40, 31) => "exchange.bind-ok",
        (40, 40) => "exchange.unbind",
        (40, 51) => "exchange.unbind-ok",
        (50, 10) => "queue.declare",
        (50, 11) => "queue.declare-ok",
        (50, 20) => "queue.bind",
        (50, 21) => "queue.bind-ok",
        (50, 30) => "queue.purge",
        (50, 31) => "queue.purge-ok",
        (50, 40) => "queue.delete",
        (50, 41) => "queue.delete-ok",
        (50, 50) => "queue.unbind",
        (50, 51) => "queue.unbind-ok",
        (60, 10) => "basic.qos",
        (60, 11) => "basic.qos-ok",
        (60, 20) => "basic.consume",
        (60, 21) => "basic.consume-ok",
        (60, 30) => "basic.cancel",
        (60, 31) => "basic.cancel-ok",
        (60, 40) => "basic.publish",
        (60, 50) => "basic.return",
        (60, 60) => "basic.deliver",
        (60, 70) => "basic.get",
        (60, 71) => "basic.get-ok",
        (60, 72) => "basic.get-empty",
        (60, 80) => "basic.ack",
        (60, 90) => "basic.reject",
        (60, 100) => "basic.recover-async",
        (60, 110) => "basic.recover",
        (60, 111) => "basic.recover-ok",
        (60, 120) => "basic.nack",
        (85, 10) => "confirm.select",
        (85, 11) => "confirm.select-ok",
        (90, 10) => "tx.select",
        (90, 11) => "tx.select-ok",
        (90, 20) => "tx.commit",
        (90, 21) => "tx.commit-ok",
        (90, 30) => "tx.rollback",
        (90, 31) => "tx.rollback-ok",
        _ => return None,
    })
}

/// Takes a frame.
pub fn frame(told: &mut Told, role: Role, bytes: &[u8]) -> Step {
    let mut reader = Reader::new(bytes);
    let Some(((kind, _), size)) = reader.u8().zip(reader.be_u16()).zip(reader.be_u32()) else {
        return Step::NeedMore(7);
    };
    let size = u64::from(size);
    if !matches!(kind, 1..=4 | 8) || size > FRAME_BYTES {
        return Step::Violation;
    }
    // Of methods what they say, of content nothing.
    let read = if kind == 1 { READ_BYTES } else { 8 };
    match framed(bytes, size.saturating_add(8), read) {
        Ok((frame, step)) => {
            if kind == 1 {
                take(told, role, frame.get(7..).unwrap_or_default());
            }
            step
        }
        Err(step) => step,
    }
}

fn short<'a>(reader: &mut Reader<'a>) -> Option<&'a [u8]> {
    let length = reader.u8()?;
    reader.take(usize::from(length))
}

/// A long text; of one that is cut off what is here.
fn long<'a>(reader: &mut Reader<'a>) -> Option<&'a [u8]> {
    let length = usize::try_from(reader.be_u32()?).ok()?.min(reader.len());
    reader.take(length)
}

fn take(told: &mut Told, role: Role, payload: &[u8]) -> Option<()> {
    let mut reader = Reader::new(payload);
    let (class, number) = (reader.be_u16()?, reader.be_u16()?);
    let name = method(class, number)?;
    told.verbs.count(name.as_bytes());
    match name {
        "connection.start" => {
            reader.skip(2)?;
            properties(told, role, long(&mut reader)?);
            for mechanism in long(&mut reader)?.split(|byte| *byte == b' ') {
                note(&mut told.mechanisms, mechanism);
            }
        }
        "connection.start-ok" => {
            properties(told, role, long(&mut reader)?);
            let mechanism = short(&mut reader)?;
            told.mechanism.get_or_insert(Text::new(mechanism));
            let response = long(&mut reader)?;
            told.login(if mechanism == b"AMQPLAIN" { amqplain(response) } else { credentials::named(response) });
        }
        "connection.open" => {
            let vhost = short(&mut reader)?;
            told.vhost.get_or_insert(Text::new(vhost));
        }
        "connection.close" | "channel.close" => {
            let (code, text) = (reader.be_u16()?, short(&mut reader)?);
            // 200: all is well.
            if code != 200 {
                told.errors.push_distinct(Text::new(&[format!("{code} ").as_bytes(), text].concat()));
            }
        }
        "exchange.declare" | "exchange.delete" => {
            reader.skip(2)?;
            note(&mut told.exchanges, short(&mut reader)?);
        }
        "queue.declare" | "queue.delete" | "queue.purge" | "basic.consume" | "basic.get" => {
            reader.skip(2)?;
            note(&mut told.queues, short(&mut reader)?);
        }
        "queue.declare-ok" => note(&mut told.queues, short(&mut reader)?),
        "queue.bind" | "queue.unbind" => {
            reader.skip(2)?;
            note(&mut told.queues, short(&mut reader)?);
            note(&mut told.exchanges, short(&mut reader)?);
            note(&mut told.routing_keys, short(&mut reader)?);
        }
        "basic.publish" => {
            reader.skip(2)?;
            note(&mut told.exchanges, short(&mut reader)?);
            note(&mut told.routing_keys, short(&mut reader)?);
        }
        "basic.deliver" => {
            short(&mut reader)?;
            reader.skip(9)?;
            note(&mut told.exchanges, short(&mut reader)?);
            note(&mut told.routing_keys, short(&mut reader)?);
        }
        "basic.return" => {
            let (code, text) = (reader.be_u16()?, short(&mut reader)?);
            told.errors.push_distinct(Text::new(&[format!("{code} ").as_bytes(), text].concat()));
        }
        _ => {}
    }
    Some(())
}

/// A peer's table of properties: product and version, and how the client calls the connection.
fn properties(told: &mut Told, role: Role, table: &[u8]) {
    let (mut product, mut version) = (None, None);
    for (name, value) in (Table { rest: Reader::new(table) }).take(PROPERTIES) {
        match (name, value) {
            (b"product", Some(text)) => product = Some(text),
            (b"version", Some(text)) => version = Some(text),
            (b"connection_name" | b"connection-name", Some(text)) if role == Role::Client => {
                told.connection.get_or_insert(Text::new(text));
            }
            _ => {}
        }
    }
    if let Some(product) = product {
        let parts = [Some(product), version];
        told.product(role, Text::long(&parts.into_iter().flatten().collect::<Vec<_>>().join(&b' ')));
    }
}

/// RabbitMQ's AMQPLAIN: a table with LOGIN and PASSWORD.
fn amqplain(table: &[u8]) -> Option<credentials::Named> {
    let mut table = Table { rest: Reader::new(table) };
    let login = table.find_map(|(name, value)| value.filter(|_| name == b"LOGIN"))?;
    Some(credentials::Named { user: Text::new(login), password: true })
}

/// A field table: name, type, value. Only texts are given as values; what is nested is passed over whole.
struct Table<'a> {
    rest: Reader<'a>,
}

impl<'a> Iterator for Table<'a> {
    type Item = (&'a [u8], Option<&'a [u8]>);

    fn next(&mut self) -> Option<Self::Item> {
        let name = short(&mut self.rest)?;
        let length = match self.rest.u8()? {
            b'S' | b'x' => {
                let length = usize::try_from(self.rest.be_u32()?).ok()?;
                return Some((name, Some(self.rest.take(length)?)));
            }
            b'F' | b'A' => usize::try_from(self.rest.be_u32()?).ok()?,
            b't' | b'b' | b'B' => 1,
            b's' | b'u' | b'U' => 2,
            b'I' | b'i' | b'f' => 4,
            b'D' => 5,
            b'L' | b'l' | b'd' | b'T' => 8,
            b'V' => 0,
            _ => return None,
        };
        self.rest.skip(length)?;
        Some((name, None))
    }
}
