//! X11: a display on the network (X Window System Protocol, version 11, chapters 8 and appendix B).
//!
//! ```text
//! client  'B'|'l' - major:2 minor:2 n:2 d:2 --  name:n pad  data:d pad           B: most significant byte first, l: least
//! server  0 n:1  major:2 minor:2 length:2  reason:n                              refused
//!         2 -    -4              length:2  reason                                more authentication
//!         1 -    major:2 minor:2 length:2  release:4 ids:8 buffer:4 v:2 request:2 screens:1 formats:1 ... vendor:v ...
//! ```
//!
//! The set-up tells who runs the display; requests and events are left alone. The cookie in `data` is a secret and not kept. Limits: a
//! set-up of [`SETUP_BYTES`]. A server whose client is not heard tells its byte order by the version.

use crate::capped::Text;
use crate::dictionary::{Element, Field};
use crate::facts::Facts;
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Sample, Step, Transport, Verdict};
use crate::reader::Reader;

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "x11",
    about: About {
        name: "X Window System 11",
        specification: "X Window System Protocol, chapter 8, appendix B",
        evidence: "a set-up whose lengths fit, or an answer with its maker's name where the lengths say",
        limits: "requests and events are passed over",
        ports: &[6000, 6001, 6002, 6003, 6004, 6005, 6006, 6007, 6008, 6009, 6010, 6011, 6012],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes { client: &[b'B'..=b'B', b'l'..=b'l'], server: &[0..=2] },
    probe,
    open: |_: &Opening| Box::new(X11::default()),
};

/// The version.
pub static VERSION: Field =
    Field::text("version", "the protocol's version, that of the server where it is known", "X11 8");
/// The order.
pub static BYTE_ORDER: Field = Field::text("byte_order", "the client's byte order, `big` or `little`", "X11 8");
/// How the client authenticates.
pub static AUTH: Field = Field::text("auth", "the way in which the client authenticates", "X11 8");
/// The outcome.
pub static RESULT: Field = Field::text("result", "`accepted`, `refused` or `authenticate`", "X11 8");
/// Why not.
pub static REASON: Field = Field::text("reason", "why the server refused", "X11 8");
/// Whose.
pub static VENDOR: Field = Field::text("vendor", "who made the server", "X11 8");
/// Its release.
pub static RELEASE: Field = Field::number("release", "the maker's release number", "X11 8");
/// Screens.
pub static SCREENS: Field = Field::number("screens", "screens of the display", "X11 8");
/// Width.
pub static WIDTH: Field = Field::number("width", "width of the first screen", "X11 8").unit("pixels");
/// Height.
pub static HEIGHT: Field = Field::number("height", "its height", "X11 8").unit("pixels");

/// The element.
pub static ELEMENT: Element = Element {
    name: "x11",
    meaning: "X Window System",
    fields: &[&VERSION, &BYTE_ORDER, &AUTH, &RESULT, &REASON, &VENDOR, &RELEASE, &SCREENS, &WIDTH, &HEIGHT],
};

/// The longest set-up that is read.
const SETUP_BYTES: usize = 64 * 1024;
/// The longest name of an authentication protocol, and the longest data.
const AUTH_BYTES: u16 = 1024;
const CLIENT_BYTES: usize = 12;
const SERVER_BYTES: usize = 8;
const MAJOR: u16 = 11;
/// From the vendor to the screens: release, ids, buffer, sizes, and the rest.
const FIXED_BYTES: usize = 32;

fn probe(sample: &Sample<'_>) -> Verdict {
    match sample.role {
        Role::Client => match ClientSetup::read(sample.bytes) {
            Read::Whole(_) => Verdict::Match,
            Read::Short => Verdict::NeedMore,
            Read::Wrong => Verdict::Reject,
        },
        Role::Server => server_verdict(sample.bytes),
    }
}

/// A server proves itself by a maker's name where the lengths say it stands; a refusal wants the client's set-up.
fn server_verdict(bytes: &[u8]) -> Verdict {
    let Some(order) = order_of(bytes) else {
        let fits = bytes.len() < 6
            && matches!(
                bytes,
                [0..=2] | [0..=2, _] | [0..=2, _, 0 | 11] | [0..=2, _, 0, 11, ..] | [0..=2, _, 11, 0, ..]
            );
        return if fits { Verdict::NeedMore } else { Verdict::Reject };
    };
    if bytes.first() != Some(&1) {
        return Verdict::NeedMore;
    }
    match Display::read(order, bytes) {
        Read::Whole(_) => Verdict::Match,
        Read::Short => Verdict::NeedMore,
        Read::Wrong => Verdict::Reject,
    }
}

/// How numbers are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    Big,
    Little,
}

impl Order {
    fn u16(self, reader: &mut Reader<'_>) -> Option<u16> {
        if self == Self::Big { reader.be_u16() } else { reader.le_u16() }
    }

    fn u32(self, reader: &mut Reader<'_>) -> Option<u32> {
        if self == Self::Big { reader.be_u32() } else { reader.le_u32() }
    }
}

/// The order in which a server's version is written.
fn order_of(bytes: &[u8]) -> Option<Order> {
    match bytes {
        [0..=2, _, 0, 11, 0, 0, ..] => Some(Order::Big),
        [0..=2, _, 11, 0, 0, 0, ..] => Some(Order::Little),
        _ => None,
    }
}

/// What reading came to.
enum Read<T> {
    Whole(T),
    Short,
    Wrong,
}

struct ClientSetup<'a> {
    order: Order,
    minor: u16,
    auth: &'a [u8],
    length: usize,
}

impl<'a> ClientSetup<'a> {
    fn read(bytes: &'a [u8]) -> Read<Self> {
        let order = match bytes.first() {
            Some(b'B') => Order::Big,
            Some(b'l') => Order::Little,
            Some(_) => return Read::Wrong,
            None => return Read::Short,
        };
        // Whatever else begins with these letters is rejected as soon as its version is no 11.0.
        let version: &[u8] = if order == Order::Big { &[0, 11, 0, 0] } else { &[11, 0, 0, 0] };
        let after = bytes.get(2..).unwrap_or_default();
        if !version.iter().zip(after).all(|(wanted, byte)| wanted == byte) {
            return Read::Wrong;
        }
        let mut reader = Reader::new(bytes);
        let fixed = (|| {
            reader.skip(2)?;
            let (_, minor) = (order.u16(&mut reader)?, order.u16(&mut reader)?);
            let (name, data) = (order.u16(&mut reader)?, order.u16(&mut reader)?);
            reader.skip(2)?;
            Some((minor, name, data))
        })();
        let Some((minor, name, data)) = fixed else {
            return Read::Short;
        };
        if name > AUTH_BYTES || data > AUTH_BYTES {
            return Read::Wrong;
        }
        let (name, data) = (usize::from(name), usize::from(data));
        let Some(auth) = reader.take(name) else {
            return Read::Short;
        };
        if !auth.iter().all(u8::is_ascii_graphic) {
            return Read::Wrong;
        }
        let length = CLIENT_BYTES.saturating_add(padded(name)).saturating_add(padded(data));
        if bytes.len() < length { Read::Short } else { Read::Whole(Self { order, minor, auth, length }) }
    }
}

const fn padded(length: usize) -> usize {
    length.next_multiple_of(4)
}

/// What an accepting server says of its display.
struct Display<'a> {
    minor: u16,
    release: u32,
    vendor: &'a [u8],
    screens: u8,
    size: Option<(u16, u16)>,
}

impl<'a> Display<'a> {
    /// The vendor is what is waited for; screens come where they are there.
    fn read(order: Order, bytes: &'a [u8]) -> Read<Self> {
        let mut reader = Reader::new(bytes);
        let fixed = (|| {
            reader.skip(4)?;
            let (minor, length) = (order.u16(&mut reader)?, order.u16(&mut reader)?);
            let release = order.u32(&mut reader)?;
            reader.skip(12)?;
            let vendor = usize::from(order.u16(&mut reader)?);
            reader.skip(2)?;
            let [screens, formats] = reader.array()?;
            reader.skip(10)?;
            Some((minor, usize::from(length), release, vendor, screens, formats))
        })();
        let Some((minor, length, release, vendor, screens, formats)) = fixed else {
            return Read::Short;
        };
        let before_screens =
            FIXED_BYTES.saturating_add(padded(vendor)).saturating_add(usize::from(formats).saturating_mul(8));
        if length.saturating_mul(4) < before_screens || vendor == 0 {
            return Read::Wrong;
        }
        let Some(name) = reader.take(vendor) else {
            let fits = reader.rest().iter().all(is_text);
            return if fits { Read::Short } else { Read::Wrong };
        };
        if !name.iter().all(is_text) {
            return Read::Wrong;
        }
        let size = (|| {
            reader.skip(padded(vendor).saturating_sub(vendor))?;
            reader.skip(usize::from(formats).saturating_mul(8))?;
            reader.skip(20)?;
            Some((order.u16(&mut reader)?, order.u16(&mut reader)?))
        })();
        Read::Whole(Self { minor, release, vendor: name, screens, size })
    }
}

fn is_text(byte: &u8) -> bool {
    matches!(byte, 0x20..=0x7e | 0x80..)
}

#[derive(Debug, Default)]
struct X11 {
    order: Option<Order>,
    asked: bool,
    minor: Option<u16>,
    auth: Text,
    result: Option<&'static str>,
    reason: Text,
    vendor: Text,
    release: Option<u32>,
    screens: Option<u8>,
    size: Option<(u16, u16)>,
}

impl X11 {
    fn server(&mut self, bytes: &[u8]) -> Step {
        let Some([kind, short, ..]) = bytes.first_chunk::<SERVER_BYTES>() else {
            return Step::NeedMore(SERVER_BYTES);
        };
        let Some(order) = self.order.or_else(|| order_of(bytes)) else {
            return Step::Violation;
        };
        let mut reader = Reader::new(bytes);
        reader.skip(6);
        let length = order.u16(&mut reader).map_or(0, |length| usize::from(length).saturating_mul(4));
        let whole = length.saturating_add(SERVER_BYTES);
        if whole > SETUP_BYTES {
            return Step::Violation;
        }
        let Some(setup) = bytes.get(..whole) else {
            return Step::NeedMore(whole);
        };
        let text = setup.get(SERVER_BYTES..).unwrap_or_default();
        match kind {
            0 => {
                self.result = Some("refused");
                self.reason = Text::new(text.get(..usize::from(*short)).unwrap_or(text).trim_ascii());
            }
            1 => match Display::read(order, setup) {
                Read::Whole(display) => {
                    self.result = Some("accepted");
                    self.minor = Some(display.minor);
                    self.vendor = Text::new(display.vendor);
                    self.release = Some(display.release);
                    self.screens = Some(display.screens);
                    self.size = display.size;
                }
                Read::Short | Read::Wrong => return Step::Violation,
            },
            2 => {
                self.result = Some("authenticate");
                self.reason = Text::new(text.split(|byte| *byte == 0).next().unwrap_or_default());
            }
            _ => return Step::Violation,
        }
        Step::Done
    }
}

impl Dissector for X11 {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        match chunk.role {
            Role::Server => self.server(chunk.bytes),
            // Requests. Those of a client whose server is not heard are counted only.
            Role::Client if self.asked => Step::Consumed(chunk.bytes.len()),
            Role::Client => match ClientSetup::read(chunk.bytes) {
                Read::Whole(setup) => {
                    self.asked = true;
                    self.order = Some(setup.order);
                    self.minor = Some(setup.minor);
                    self.auth = Text::new(setup.auth);
                    Step::Consumed(setup.length)
                }
                Read::Short => Step::NeedMore(chunk.bytes.len().saturating_add(1)),
                Read::Wrong => Step::Violation,
            },
        }
    }

    fn facts(&self, out: &mut Facts) {
        let mut x11 = out.element(&ELEMENT);
        if let Some(minor) = self.minor {
            x11.bytes(&VERSION, format!("{MAJOR}.{minor}").as_bytes());
        }
        if let Some(order) = self.order {
            x11.plain(&BYTE_ORDER, if order == Order::Big { "big" } else { "little" });
        }
        if self.asked && self.auth.is_empty() {
            x11.plain(&AUTH, "none");
        }
        x11.text(&AUTH, &self.auth);
        if let Some(result) = self.result {
            x11.plain(&RESULT, result);
        }
        x11.text(&REASON, &self.reason);
        x11.text(&VENDOR, &self.vendor);
        for (field, number) in [(&RELEASE, self.release), (&SCREENS, self.screens.map(u32::from))] {
            if let Some(number) = number {
                x11.number(field, u64::from(number));
            }
        }
        if let Some((width, height)) = self.size {
            x11.number(&WIDTH, u64::from(width));
            x11.number(&HEIGHT, u64::from(height));
        }
    }

    fn heap_bytes(&self) -> usize {
        size_of::<Self>() + [&self.auth, &self.reason, &self.vendor].into_iter().map(Text::heap_bytes).sum::<usize>()
    }
}
