//! RPKI-RTR, by which routers learn which networks may announce which prefixes.
//!
//! Specifications: RFC 6810 (version 0), RFC 8210 (version 1). Version 2 is a draft.
//!
//! ```text
//! message  version:1 kind:1 session:2 length:4 content                               RFC 8210 5
//! kinds    0 notify, 1 query: serial:4   2 query from the beginning   3 answer begins   8 begin anew
//!          4 IPv4: flags:1 length:1 longest:1 0 address:4  AS:4    6 IPv6: the same, address:16
//!          7 end: serial:4 [refresh:4 retry:4 expire:4]   9 a router's key   10 error: length:4 message length:4 text   11 providers
//! ```
//!
//! What begins an answer with more of it behind proves it, and so does an error that its parts fill. Prefixes are counted, and the first
//! are told.

use std::net::IpAddr;

use crate::dictionary::{Element, Field};
use crate::framed::{Extent, Message};
use crate::noted::{Form, Notes, sized};
use crate::protocol::{About, FirstBytes, Protocol, Role, Sample, Transport, Verdict};
use crate::reader::Reader;

static VERSION: Field = Field::number("version", "versions that were spoken, each once", "RFC 8210 5.1").list();
static MESSAGE: Field = Field::text("message", "messages but prefixes, each with how often", "RFC 8210 5").list();
static SESSION: Field = Field::number("session", "the cache's number of its state, each once", "RFC 8210 5.1").list();
static SERIAL: Field =
    Field::number("serial", "states that the cache told the end of, each once", "RFC 8210 5.8").list();
static ANNOUNCED: Field = Field::number("announced", "prefixes that may be announced", "RFC 8210 5.6");
static WITHDRAWN: Field = Field::number("withdrawn", "prefixes that may no longer be", "RFC 8210 5.6");
static PREFIX: Field = Field::text(
    "prefix",
    "prefixes with the longest that is allowed and who may announce it, such as `192.0.2.0/24-26 AS64500`",
    "RFC 8210 5.6",
)
.list();
static ERROR: Field = Field::text("error", "a number, and what is said of it", "RFC 8210 5.11").list();

static ELEMENT: Element = Element {
    name: "rtr",
    meaning: "which networks may announce which prefixes",
    fields: &[&VERSION, &MESSAGE, &SESSION, &SERIAL, &ANNOUNCED, &WITHDRAWN, &PREFIX, &ERROR],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "rtr",
    about: About {
        name: "RPKI to Router Protocol",
        specification: "RFC 6810, RFC 8210",
        evidence: "the beginning of an answer with more of it behind, or an error that its parts fill",
        limits: "keys of routers",
        ports: &[323, 3323, 8282],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[0..=2]),
    probe,
    open: |opening| FORM.open(opening),
};

static FORM: Form = Form { element: &ELEMENT, extent, read };

const HEAD: usize = 8;
/// The longest message that is believed to be one.
const LONGEST: u32 = 64 * 1024;

mod kind {
    pub const NOTIFY: u8 = 0;
    pub const QUERY: u8 = 1;
    pub const RESET_QUERY: u8 = 2;
    pub const RESPONSE: u8 = 3;
    pub const IPV4: u8 = 4;
    pub const IPV6: u8 = 6;
    pub const END: u8 = 7;
    pub const RESET: u8 = 8;
    pub const KEY: u8 = 9;
    pub const ERROR: u8 = 10;
    pub const PROVIDERS: u8 = 11;
}

/// Version, kind, session and length, if the length is one of its kind.
fn head(bytes: &[u8]) -> Option<(u8, u8, u16, usize)> {
    let mut reader = Reader::new(bytes);
    let [version, kind] = reader.array()?;
    let (session, length) = (reader.be_u16()?, reader.be_u32()?);
    let fits = version <= 2
        && match kind {
            kind::NOTIFY | kind::QUERY => length == 12,
            kind::RESET_QUERY | kind::RESPONSE | kind::RESET => length == 8,
            kind::IPV4 => length == 20,
            kind::IPV6 => length == 32,
            kind::END => length == if version == 0 { 12 } else { 24 },
            kind::ERROR => (16..=LONGEST).contains(&length),
            kind::KEY | kind::PROVIDERS => (12..=LONGEST).contains(&length),
            _ => false,
        };
    fits.then_some((version, kind, session, usize::try_from(length).ok()?))
}

fn extent(_: &Notes, _: Role, bytes: &[u8]) -> Extent {
    sized(bytes, HEAD, |bytes| head(bytes).map(|(_, _, _, length)| length))
}

fn probe(sample: &Sample<'_>) -> Verdict {
    let may = |kind: u8| match sample.role {
        Role::Client => matches!(kind, kind::QUERY | kind::RESET_QUERY),
        Role::Server => matches!(kind, kind::RESPONSE | kind::NOTIFY | kind::RESET | kind::ERROR),
    };
    match sample.bytes {
        [version, ..] if *version > 2 => return Verdict::Reject,
        [_, kind, ..] if !may(*kind) => return Verdict::Reject,
        [..] if sample.bytes.len() < HEAD => return Verdict::NeedMore,
        _ => {}
    }
    let Some((version, kind, session, length)) = head(sample.bytes) else { return Verdict::Reject };
    if kind == kind::RESET_QUERY && session != 0 {
        return Verdict::Reject;
    }
    // A question may be anything; that an answer begins so, with more of its version behind it, or is an error that its parts fill, can
    // only be this.
    let Some((message, next)) = sample.bytes.split_at_checked(length) else { return Verdict::NeedMore };
    if kind == kind::ERROR {
        return if error(message).is_some() { Verdict::Match } else { Verdict::Reject };
    }
    match head(next) {
        Some((same, ..)) if same != version => Verdict::Reject,
        Some(_) if sample.role == Role::Server => Verdict::Match,
        Some(_) => Verdict::NeedMore,
        None if next.len() < HEAD && next.first().is_none_or(|same| *same == version) => Verdict::NeedMore,
        None => Verdict::Reject,
    }
}

/// What an error says, if its parts fill it.
fn error(message: &[u8]) -> Option<&[u8]> {
    let mut reader = Reader::new(message);
    reader.skip(HEAD)?;
    let quoted = usize::try_from(reader.be_u32()?).ok()?;
    reader.skip(quoted)?;
    let length = usize::try_from(reader.be_u32()?).ok()?;
    (reader.len() == length).then_some(reader.rest())
}

fn read(notes: &mut Notes, message: &Message<'_>) -> bool {
    let Some((version, kind, session, _)) = head(message.bytes) else { return true };
    notes.number(&VERSION, u64::from(version));
    let mut reader = Reader::new(message.bytes);
    let mut content = || {
        reader.skip(HEAD)?;
        let name = match kind {
            kind::NOTIFY => "notify",
            kind::QUERY => "query",
            kind::RESET_QUERY => "reset-query",
            kind::RESPONSE => "response",
            kind::IPV4 => return prefix(notes, reader.array()?, IpAddr::from(reader.array::<4>()?), reader.be_u32()?),
            kind::IPV6 => return prefix(notes, reader.array()?, IpAddr::from(reader.array::<16>()?), reader.be_u32()?),
            kind::END => "end",
            kind::RESET => "reset",
            kind::KEY => "router-key",
            kind::ERROR => "error",
            _ => "providers",
        };
        notes.tally(&MESSAGE, name.as_bytes());
        match kind {
            kind::RESPONSE | kind::NOTIFY => notes.number(&SESSION, u64::from(session)),
            kind::END => notes.number(&SERIAL, u64::from(reader.be_u32()?)),
            kind::ERROR => {
                let text = error(message.bytes)?;
                notes.text(&ERROR, [session.to_string().as_bytes(), b" ", text].concat().trim_ascii());
            }
            _ => {}
        }
        Some(())
    };
    let _ = content();
    true
}

fn prefix(notes: &mut Notes, [flags, length, longest, _]: [u8; 4], address: IpAddr, announcer: u32) -> Option<()> {
    notes.count(if flags & 1 == 1 { &ANNOUNCED } else { &WITHDRAWN });
    let longest = if longest == length { String::new() } else { format!("-{longest}") };
    notes.text(&PREFIX, format!("{address}/{length}{longest} AS{announcer}").as_bytes());
    Some(())
}
