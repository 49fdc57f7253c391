//! SOCKS: a proxy that connects wherever its client asks (SOCKS 4, 4a, and 5 by RFC 1928, with user and password by RFC 1929).
//!
//! ```text
//! 4  client  04 command:1 port:2 address:4 user NUL [host NUL, where the address is 0.0.0.x]
//!    server  00 code:1 port:2 address:4
//! 5  client  05 n:1 methods:n
//!    server  05 method:1
//!    client  01 n:1 user:n m:1 password:m                   only with method 2
//!    server  01 status:1
//!    client  05 command:1 00 type:1 address port:2
//!    server  05 code:1 00 type:1 address port:2
//! ```
//!
//! What follows a granted CONNECT is another conversation, which the detector gets to see; BIND grants twice. UDP ASSOCIATE announces the
//! relay's datagrams, and nothing more is said on the connection. A client's bytes that come before the reply wait for it, up to
//! [`EARLY_BYTES`]: then the reply was missed. Ignored on purpose: what GSS-API (method 1) and private methods wrap; the password.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::capped::{List, Text};
use crate::dictionary::{Element, Field, Flag};
use crate::facts::Facts;
use crate::news::{Expected, News, Place};
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Sample, Step, Transport, Verdict};
use crate::reader::Reader;

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "socks",
    about: About {
        name: "SOCKS 4, 4a and 5",
        specification: "RFC 1928, RFC 1929",
        evidence: "a request or reply of version 5, a request of 4a; other requests with their answer",
        limits: "what GSS-API and private methods wrap",
        ports: &[1080, 1081, 9050, 9150],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes { client: &[4..=5], server: &[0..=0, 5..=5] },
    probe,
    open: |_: &Opening| Box::new(Socks::default()),
};

/// The version.
pub static VERSION: Field = Field::text("version", "`4`, `4a` or `5`", "RFC 1928, the memo of SOCKS 4A");
/// What the client offers.
pub static METHODS: Field =
    Field::text("methods", "ways of authentication that the client offers", "RFC 1928 3").list();
/// What the server chose.
pub static METHOD: Field = Field::text("method", "the way that the server chose", "RFC 1928 3");
/// Who asks.
pub static USER: Field = Field::text("user", "the user that the client names", "RFC 1929 2");
/// The outcome of authentication.
pub static AUTH: Field = Field::text("auth", "whether user and password were `accepted` or `refused`", "RFC 1929 2");
/// What is asked.
pub static COMMAND: Field = Field::text("command", "what the client asks for", "RFC 1928 4");
/// Where to.
pub static TARGET: Field = Field::text("target", "address or name of the host it wants to reach", "RFC 1928 4");
/// Where to.
pub static PORT: Field = Field::number("port", "the port there", "RFC 1928 4");
/// What became of it.
pub static REPLY: Field = Field::text("reply", "what the server made of it", "RFC 1928 6");

/// The element.
pub static ELEMENT: Element = Element {
    name: "socks",
    meaning: "SOCKS proxy",
    fields: &[&VERSION, &METHODS, &METHOD, &USER, &AUTH, &COMMAND, &TARGET, &PORT, &REPLY],
};

/// The longest user name of version 4, whose length nothing else bounds.
const USER_BYTES: usize = 256;
/// The longest host name.
const HOST_BYTES: usize = 256;
/// A client that sends more behind its request than this without waiting has had a reply that was not seen.
const EARLY_BYTES: usize = 8 * 1024;
/// More methods than there are.
const MOST_METHODS: u8 = 16;

const NO_AUTHENTICATION: u8 = 0;
const PASSWORD: u8 = 2;
const NONE_ACCEPTABLE: u8 = 0xff;

fn probe(sample: &Sample<'_>) -> Verdict {
    match (sample.role, sample.bytes) {
        (Role::Client, [4, ..]) => old_request_verdict(sample.bytes),
        (Role::Client, [5, rest @ ..]) => greeting_verdict(rest),
        // A choice of two bytes, or the granting that version 4 begins with, is too little; the client's side has to tell.
        (Role::Server, [5]) | (Role::Server, [0]) => Verdict::NeedMore,
        (Role::Server, [5, NONE_ACCEPTABLE]) => Verdict::Likely,
        (Role::Server, [5, NO_AUTHENTICATION, rest @ ..]) => address_message_verdict(rest, 8),
        (Role::Server, [5, PASSWORD, rest @ ..]) => match rest {
            [] | [1] => Verdict::NeedMore,
            [1, 0, rest @ ..] => address_message_verdict(rest, 8),
            [1, _] => Verdict::NeedMore,
            _ => Verdict::Reject,
        },
        (Role::Server, [5, method, ..]) if is_method(*method) => Verdict::NeedMore,
        (Role::Server, [0, 0x5a..=0x5d, rest @ ..]) => match rest.len() {
            6 => Verdict::Likely,
            _ => Verdict::NeedMore,
        },
        _ => Verdict::Reject,
    }
}

/// Of version 5 without its first byte: a greeting alone may be chance, a request behind it is none.
fn greeting_verdict(bytes: &[u8]) -> Verdict {
    let mut reader = Reader::new(bytes);
    let Some(count) = reader.u8() else {
        return Verdict::NeedMore;
    };
    if count == 0 || count > MOST_METHODS {
        return Verdict::Reject;
    }
    let Some(methods) = reader.take(usize::from(count)) else {
        let fits = reader.rest().iter().all(|method| is_method(*method));
        return if fits { Verdict::NeedMore } else { Verdict::Reject };
    };
    if !methods.iter().all(|method| is_method(*method)) {
        return Verdict::Reject;
    }
    match reader.rest() {
        [] => Verdict::Likely,
        [1] => Verdict::NeedMore,
        [1, rest @ ..] if methods.contains(&PASSWORD) => login_verdict(rest),
        rest => address_message_verdict(rest, 3),
    }
}

/// Whether a way of authentication was ever given a number (RFC 1928 3 and IANA's list, and what is left to private use).
const fn is_method(method: u8) -> bool {
    matches!(method, 0..=9 | 0x80..=0xfe)
}

/// User and password, and the request behind them.
fn login_verdict(bytes: &[u8]) -> Verdict {
    let mut reader = Reader::new(bytes);
    for _ in 0..2 {
        let Some(length) = reader.u8() else {
            return Verdict::NeedMore;
        };
        if length == 0 {
            return Verdict::Reject;
        }
        match reader.take(usize::from(length)) {
            Some(text) if text.iter().any(u8::is_ascii_control) => return Verdict::Reject,
            Some(_) => {}
            None => return Verdict::NeedMore,
        }
    }
    match reader.rest() {
        [] => Verdict::Likely,
        rest => address_message_verdict(rest, 3),
    }
}

/// A request or a reply of version 5, whose second byte is at most `most`.
fn address_message_verdict(bytes: &[u8], most: u8) -> Verdict {
    let [version, rest @ ..] = bytes else {
        return Verdict::NeedMore;
    };
    let fits = *version == 5
        && rest.first().is_none_or(|code| *code <= most || matches!(code, 0xf0 | 0xf1))
        && rest.get(1).is_none_or(|reserved| *reserved == 0)
        && rest.get(2).is_none_or(|kind| matches!(kind, 1 | 3 | 4));
    match (fits, rest.len()) {
        (false, _) => Verdict::Reject,
        (true, 0..=2) => Verdict::NeedMore,
        (true, _) => Verdict::Match,
    }
}

/// A request of version 4.
fn old_request_verdict(bytes: &[u8]) -> Verdict {
    if bytes.get(1).is_some_and(|command| !matches!(command, 1 | 2 | 0xf0 | 0xf1)) {
        return Verdict::Reject;
    }
    match OldRequest::read(bytes) {
        Read::Whole(request) => {
            let named = request.host.is_some_and(|host| host.contains(&b'.') && host.iter().all(is_host_byte));
            let sane = request.user.iter().all(u8::is_ascii_graphic) && (request.port != 0 || request.command > 2);
            match (sane, request.host) {
                (true, Some(_)) if named => Verdict::Match,
                (true, None) if !matches!(request.address.octets(), [0 | 224..=255, ..]) => Verdict::Likely,
                _ => Verdict::Reject,
            }
        }
        Read::Short => {
            let texts = bytes.get(8..).unwrap_or_default();
            let fits = texts.iter().all(|byte| *byte == 0 || byte.is_ascii_graphic());
            if fits { Verdict::NeedMore } else { Verdict::Reject }
        }
        Read::Wrong => Verdict::Reject,
    }
}

fn is_host_byte(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_')
}

/// What reading a message came to.
enum Read<T> {
    Whole(T),
    Short,
    Wrong,
}

/// A request of version 4.
struct OldRequest<'a> {
    command: u8,
    port: u16,
    address: Ipv4Addr,
    user: &'a [u8],
    host: Option<&'a [u8]>,
    /// Its bytes.
    length: usize,
}

impl<'a> OldRequest<'a> {
    fn read(bytes: &'a [u8]) -> Read<Self> {
        let mut reader = Reader::new(bytes);
        let Some(([_, command], port, address)) =
            (|| Some((reader.array()?, reader.be_u16()?, reader.array::<4>()?)))()
        else {
            return Read::Short;
        };
        let user = match text(&mut reader, USER_BYTES) {
            Read::Whole(user) => user,
            Read::Short => return Read::Short,
            Read::Wrong => return Read::Wrong,
        };
        let host = match address {
            [0, 0, 0, 1..=255] => match text(&mut reader, HOST_BYTES) {
                Read::Whole(host) => Some(host),
                Read::Short => return Read::Short,
                Read::Wrong => return Read::Wrong,
            },
            _ => None,
        };
        let length = bytes.len().saturating_sub(reader.len());
        Read::Whole(Self { command, port, address: address.into(), user, host, length })
    }
}

/// A text up to its NUL.
fn text<'a>(reader: &mut Reader<'a>, most: usize) -> Read<&'a [u8]> {
    let within = reader.rest().get(..=most).unwrap_or(reader.rest());
    match (memchr::memchr(0, within), reader.len() > most) {
        (Some(_), _) => reader.until(0).map_or(Read::Short, Read::Whole),
        (None, true) => Read::Wrong,
        (None, false) => Read::Short,
    }
}

/// Where a request wants to go, or where a reply says that it went.
enum Target<'a> {
    Address(IpAddr),
    Host(&'a [u8]),
}

/// `05 code 00 type address port`.
fn address_message(bytes: &[u8]) -> Read<(u8, Target<'_>, u16, usize)> {
    let mut reader = Reader::new(bytes);
    let Some([version, code, _, kind]) = reader.array() else {
        return Read::Short;
    };
    if version != 5 {
        return Read::Wrong;
    }
    let target = match kind {
        1 => reader.array::<4>().map(|octets| Target::Address(Ipv4Addr::from(octets).into())),
        4 => reader.array::<16>().map(|octets| Target::Address(Ipv6Addr::from(octets).into())),
        3 => reader.u8().and_then(|length| reader.take(usize::from(length))).map(Target::Host),
        _ => return Read::Wrong,
    };
    match (target, reader.be_u16()) {
        (Some(target), Some(port)) => Read::Whole((code, target, port, bytes.len().saturating_sub(reader.len()))),
        _ => Read::Short,
    }
}

/// What is awaited of the client, and of the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    Greeting,
    Login,
    Request,
    /// Of the server: the reply. Of the client: nothing, until there is one.
    Reply,
}

#[derive(Debug, Default)]
struct Socks {
    stages: [Stage; 2],
    version: Option<&'static str>,
    methods: List<u8>,
    method: Option<u8>,
    user: Text,
    password: bool,
    accepted: Option<bool>,
    command: Option<u8>,
    target: Text,
    port: Option<u16>,
    reply: Option<&'static str>,
    /// BIND was granted once: the port is open, and whom it let in will be told.
    bound: bool,
    news: Option<News>,
}

impl Socks {
    fn stage(&self, role: Role) -> Stage {
        let [client, server] = self.stages;
        if role == Role::Client { client } else { server }
    }

    fn set(&mut self, role: Role, stage: Stage) {
        if let Some(slot) = self.stages.get_mut(role.index()) {
            *slot = stage;
        }
    }

    fn client(&mut self, bytes: &[u8]) -> Step {
        let more = Step::NeedMore(bytes.len().saturating_add(1));
        match (self.stage(Role::Client), bytes) {
            (Stage::Greeting, [4, ..]) => self.old_request(bytes),
            (Stage::Greeting, [5, rest @ ..]) => {
                let mut reader = Reader::new(rest);
                let Some(methods) = reader.u8().and_then(|count| reader.take(usize::from(count))) else {
                    return more;
                };
                self.version = Some("5");
                for method in methods {
                    self.methods.push(*method);
                }
                self.set(Role::Client, Stage::Login);
                Step::Consumed(methods.len().saturating_add(2))
            }
            (Stage::Login, [1, rest @ ..]) if matches!(self.method, None | Some(PASSWORD)) => self.login(rest, more),
            (Stage::Login | Stage::Request, [5, ..]) => self.request(bytes, more),
            (Stage::Reply, _) if bytes.len() < EARLY_BYTES => Step::NeedMore(EARLY_BYTES),
            (Stage::Reply, _) => Step::Handover(0, None),
            _ => Step::Violation,
        }
    }

    fn old_request(&mut self, bytes: &[u8]) -> Step {
        let request = match OldRequest::read(bytes) {
            Read::Whole(request) => request,
            Read::Short => return Step::NeedMore(bytes.len().saturating_add(1)),
            Read::Wrong => return Step::Violation,
        };
        self.version = Some(if request.host.is_some() { "4a" } else { "4" });
        self.command = Some(request.command);
        self.user = Text::new(request.user);
        self.target = match request.host {
            Some(host) => Text::new(host),
            None => Text::from(request.address.to_string().as_str()),
        };
        self.port = Some(request.port);
        self.set(Role::Client, Stage::Reply);
        Step::Consumed(request.length)
    }

    fn login(&mut self, bytes: &[u8], more: Step) -> Step {
        let mut reader = Reader::new(bytes);
        let user = reader.u8().and_then(|length| reader.take(usize::from(length)));
        let password = reader.u8().and_then(|length| reader.take(usize::from(length)));
        let (Some(user), Some(password)) = (user, password) else {
            return more;
        };
        self.user = Text::new(user);
        self.password |= !password.is_empty();
        self.set(Role::Client, Stage::Request);
        Step::Consumed(bytes.len().saturating_sub(reader.len()).saturating_add(1))
    }

    fn request(&mut self, bytes: &[u8], more: Step) -> Step {
        let (command, target, port, length) = match address_message(bytes) {
            Read::Whole(request) => request,
            Read::Short => return more,
            Read::Wrong => return Step::Violation,
        };
        self.command = Some(command);
        self.target = match target {
            Target::Address(address) => Text::from(address.to_string().as_str()),
            Target::Host(host) => Text::new(host),
        };
        self.port = Some(port);
        self.set(Role::Client, Stage::Reply);
        Step::Consumed(length)
    }

    fn server(&mut self, bytes: &[u8]) -> Step {
        let more = Step::NeedMore(bytes.len().saturating_add(1));
        match (self.stage(Role::Server), bytes) {
            (Stage::Greeting, [5]) => more,
            (Stage::Greeting, [5, method, ..]) => {
                self.version = Some("5");
                self.method = Some(*method);
                let next = match *method {
                    NO_AUTHENTICATION => Stage::Reply,
                    PASSWORD => Stage::Login,
                    _ => return Step::Done,
                };
                self.set(Role::Server, next);
                Step::Consumed(2)
            }
            (Stage::Greeting | Stage::Reply, [0, ..]) if self.version != Some("5") => {
                let Some([_, code, ..]) = Reader::new(bytes).array::<8>() else {
                    return more;
                };
                self.version.get_or_insert("4");
                self.set(Role::Server, Stage::Reply);
                self.replied(old_reply_name(code), code == 0x5a, 8)
            }
            (Stage::Login, [1]) => more,
            (Stage::Login, [1, status, ..]) => {
                self.accepted = Some(*status == 0);
                self.set(Role::Server, Stage::Reply);
                if *status == 0 { Step::Consumed(2) } else { Step::Done }
            }
            (Stage::Reply, [5, ..]) => match address_message(bytes) {
                Read::Whole((code, target, port, length)) => {
                    if let (0, Some(3), Target::Address(address)) = (code, self.command, target) {
                        self.announce(address, port);
                    }
                    self.replied(reply_name(code), code == 0, length)
                }
                Read::Short => more,
                Read::Wrong => Step::Violation,
            },
            _ => Step::Violation,
        }
    }

    /// The server has answered the request.
    fn replied(&mut self, reply: &'static str, granted: bool, length: usize) -> Step {
        self.reply = Some(reply);
        match (granted, self.command) {
            (true, Some(1) | None) => Step::Handover(length, None),
            (true, Some(2)) if !self.bound => {
                self.bound = true;
                Step::Consumed(length)
            }
            (true, Some(2)) => Step::Handover(length, None),
            _ => Step::Done,
        }
    }

    /// Datagrams will be relayed at this place.
    fn announce(&mut self, address: IpAddr, port: u16) {
        let at = if address.is_unspecified() { Place::Port(Role::Server, port) } else { Place::Any(address, port) };
        self.news = Some(News::Expect(Expected {
            transport: Transport::Udp,
            at,
            peer: Some(Role::Client),
            app: "socks",
            file: None,
        }));
    }
}

impl Dissector for Socks {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        match chunk.role {
            Role::Client => self.client(chunk.bytes),
            Role::Server => self.server(chunk.bytes),
        }
    }

    fn facts(&self, out: &mut Facts) {
        if self.password {
            out.flag(Flag::CleartextPassword);
        }
        out.user(&self.user);
        let mut socks = out.element(&ELEMENT);
        if let Some(version) = self.version {
            socks.plain(&VERSION, version);
        }
        socks.list(&METHODS, self.methods.items().iter().map(|method| method_name(*method)), self.methods.omitted());
        if let Some(method) = self.method {
            socks.plain(&METHOD, method_name(method));
        }
        socks.text(&USER, &self.user);
        if let Some(accepted) = self.accepted {
            socks.plain(&AUTH, if accepted { "accepted" } else { "refused" });
        }
        if let Some(command) = self.command {
            socks.plain(&COMMAND, command_name(command));
        }
        socks.text(&TARGET, &self.target);
        if let Some(port) = self.port {
            socks.number(&PORT, u64::from(port));
        }
        if let Some(reply) = self.reply {
            socks.plain(&REPLY, reply);
        }
    }

    fn news(&mut self) -> Option<News> {
        self.news.take()
    }

    fn heap_bytes(&self) -> usize {
        size_of::<Self>() + self.methods.items().len() + self.user.heap_bytes() + self.target.heap_bytes()
    }
}

fn method_name(method: u8) -> &'static str {
    match method {
        0 => "none",
        1 => "gssapi",
        2 => "password",
        3 => "chap",
        5 => "cram",
        6 => "tls",
        7 => "nds",
        8 => "multi",
        9 => "json",
        0x80..=0xfe => "private",
        0xff => "none_acceptable",
        _ => "unassigned",
    }
}

fn command_name(command: u8) -> &'static str {
    match command {
        1 => "connect",
        2 => "bind",
        3 => "udp_associate",
        // Tor's own.
        0xf0 => "resolve",
        0xf1 => "resolve_ptr",
        _ => "unknown",
    }
}

fn reply_name(code: u8) -> &'static str {
    match code {
        0 => "succeeded",
        1 => "failure",
        2 => "not_allowed",
        3 => "network_unreachable",
        4 => "host_unreachable",
        5 => "refused",
        6 => "ttl_expired",
        7 => "command_not_supported",
        8 => "address_type_not_supported",
        _ => "unassigned",
    }
}

fn old_reply_name(code: u8) -> &'static str {
    match code {
        0x5a => "succeeded",
        0x5b => "rejected",
        0x5c => "no_ident",
        0x5d => "ident_mismatch",
        _ => "unassigned",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(role: Role, bytes: &[u8]) -> Verdict {
        let destination = Ipv4Addr::LOCALHOST.into();
        probe(&Sample { transport: Transport::Tcp, role, bytes, destination })
    }

    #[test]
    fn a_greeting_alone_is_no_proof_and_a_request_behind_it_is() {
        assert_eq!(verdict(Role::Client, b"\x05\x01\x00"), Verdict::Likely);
        assert_eq!(verdict(Role::Client, b"\x05\x01\x00\x05\x01\x00\x03"), Verdict::Match);
        assert_eq!(verdict(Role::Client, b"\x05\x01\x02\x01\x01a\x01b\x05\x01\x00\x01"), Verdict::Match);
    }

    #[test]
    fn what_only_begins_with_the_same_byte_is_rejected() {
        // DCE/RPC: a bind, and its answer.
        assert_eq!(verdict(Role::Client, b"\x05\x00\x0b\x03"), Verdict::Reject);
        assert_eq!(verdict(Role::Server, b"\x05\x00\x0c\x03"), Verdict::Reject);
        assert_eq!(verdict(Role::Client, b"\x05\x01\x40"), Verdict::Reject);
        // An address that nobody could connect to.
        assert_eq!(verdict(Role::Client, b"\x04\x01\x00\x50\x00\x00\x00\x00\x00"), Verdict::Reject);
    }
}
