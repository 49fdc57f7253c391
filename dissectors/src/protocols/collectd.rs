//! collectd: measurements of hosts over UDP (collectd's wiki, "Binary protocol").
//!
//! ```text
//! part     type:2 length:2 (with these four bytes)  value; parts fill the datagram
//! texts    0 host  2 plugin  3 its instance  4 type  5 its instance  100 message, each with a zero at its end
//! numbers  1 time:8  7 interval:8  8 time in 2^-30 s:8  9 interval so:8  101 severity:8
//! values   6: count:2  kinds:1..  values:8..
//! signed   200: proof:32 user       encrypted  210: user's length:2 user  iv:16 sealed
//! ```
//!
//! Parts that fill the datagram, each of the length that its type has, prove it.

use crate::dictionary::{Element, Field};
use crate::framed::Message;
use crate::framing::is_text;
use crate::noted::{Form, Notes, datagram};
use crate::protocol::{About, FirstBytes, Protocol, Sample, Transport, Verdict};
use crate::reader::Reader;

static HOST: Field = Field::text("host", "hosts that are told of, each once", "collectd, Binary protocol").list();
static PLUGIN: Field =
    Field::text("plugin", "what is measured, each with how often", "collectd, Binary protocol").list();
static USER: Field = Field::text("user", "who signed or encrypted it", "collectd, Binary protocol");
static VALUES: Field = Field::number("values", "lists of values", "collectd, Binary protocol");
static MESSAGE: Field = Field::text("message", "notifications", "collectd, Binary protocol").list();

static ELEMENT: Element =
    Element { name: "collectd", meaning: "measurements of hosts", fields: &[&HOST, &PLUGIN, &VALUES, &MESSAGE, &USER] };

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "collectd",
    about: About {
        name: "collectd's binary protocol",
        specification: "collectd wiki, Binary protocol",
        evidence: "parts that fill the datagram and have their types' lengths",
        limits: "values themselves",
        ports: &[25826],
    },
    transports: &[Transport::Udp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[0..=2]),
    probe,
    open: |opening| FORM.open(opening),
};

static FORM: Form = Form { element: &ELEMENT, extent: datagram, read };

/// Reads a datagram into notes. `None` where its parts don't fit; a last one may be cut, as a probe does not see all.
fn parts(bytes: &[u8], cut: bool, notes: &mut Notes) -> Option<u32> {
    let (mut reader, mut count) = (Reader::new(bytes), 0u32);
    while !reader.is_empty() {
        let head = reader.be_u16().zip(reader.be_u16());
        let (kind, value) = match head {
            Some((kind, length)) => match reader.take(usize::from(length.checked_sub(4)?)) {
                Some(value) => (kind, value),
                None if cut => break,
                None => return None,
            },
            None if cut => break,
            None => return None,
        };
        match (kind, value) {
            (0 | 2..=5 | 0x100, [text @ .., 0]) if text.is_empty() || is_text(text) => match kind {
                0 => notes.text(&HOST, text),
                2 if !text.is_empty() => notes.tally(&PLUGIN, text),
                0x100 => notes.text(&MESSAGE, text),
                _ => {}
            },
            (1 | 7..=9 | 0x101, _) if value.len() == 8 => {}
            (6, [a, b, rest @ ..]) => {
                let values = usize::from(u16::from_be_bytes([*a, *b]));
                let kinds = rest.get(..values)?;
                let fits = rest.len() == values.checked_mul(9)? && kinds.iter().all(|kind| *kind <= 3);
                (fits && values > 0).then(|| notes.count(&VALUES))?;
            }
            (0x200, _) => {
                let user = value.get(32..).filter(|user| is_text(user))?;
                notes.text(&USER, user);
                notes.user(user);
            }
            (0x210, [a, b, rest @ ..]) => {
                let (user, sealed) = rest.split_at_checked(usize::from(u16::from_be_bytes([*a, *b])))?;
                (is_text(user) && sealed.len() > 36).then_some(())?;
                notes.text(&USER, user);
                notes.user(user);
                notes.encrypted();
                count = count.saturating_add(1);
            }
            _ => return None,
        }
        count = count.saturating_add(1);
    }
    Some(count)
}

fn probe(sample: &Sample<'_>) -> Verdict {
    let cut = sample.bytes.len() >= crate::protocol::PROBE_BYTES;
    match parts(sample.bytes, cut, &mut Notes::new(&ELEMENT)) {
        Some(2..) => Verdict::Match,
        _ => Verdict::Reject,
    }
}

fn read(notes: &mut Notes, message: &Message<'_>) -> bool {
    // A datagram longer than what is looked at is cut.
    let _ = parts(message.bytes, true, notes);
    true
}
