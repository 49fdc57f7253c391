//! XMPP: messages and presence over streams of XML (RFC 6120, RFC 6121).
//!
//! ```text
//! client  [<?xml ...?>] <stream:stream to='host' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' ...>
//! server  the same with from='host' id='...', then <stream:features> with what it offers
//! client  <starttls/>        server  <proceed/>                     TLS follows
//! client  <auth mechanism='PLAIN'>base64</auth>    server  <success/> | <failure/>
//! server  <jid>user@host/resource</jid>                             in the answer to binding a resource
//! ```
//!
//! Tags are read one by one, and no tree is built: what is wanted has names of its own. Recognised by the stream's name space; who answers
//! is told by the `id` that only an answer has. Messages, presences and queries are counted and not read. `<proceed/>` hands over to TLS.
//!
//! Limits: a tag of [`TAG_BYTES`], a text of [`TEXT_BYTES`], what is longer is passed over. Ignored on purpose: compression
//! (XEP-0138), which ends what can be told; streams inside HTTP.

use crate::capped::{List, Text};
use crate::dictionary::{Element, Field, Flag, Kind};
use crate::facts::{Facts, Side, Value};
use crate::protocol::{
    About, Chunk, Dissector, FirstBytes, Opening, PROBE_BYTES, Protocol, Role, Sample, Step, Transport, Verdict,
};
use crate::protocols::tls;
use crate::sasl;

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "xmpp",
    about: About {
        name: "Extensible Messaging and Presence Protocol",
        specification: "RFC 6120, RFC 6121",
        evidence: "a stream with the name space of XMPP",
        limits: "what is said is counted and not read; compression and streams inside HTTP",
        ports: &[5222, 5223, 5269, 5270, 5298],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FIRST,
    probe,
    open: |_: &Opening| Box::new(Xmpp::default()),
};

/// A tag, or the white space that keeps a connection alive.
const FIRST: FirstBytes = FirstBytes::both(&[b'<'..=b'<', b' '..=b' ', b'\r'..=b'\r', b'\n'..=b'\n']);

/// Whom the client wants.
pub static TO: Field = Field::text("to", "the host that the client wants to reach", "RFC 6120 4.7.2");
/// Who it is.
pub static FROM: Field =
    Field::text("from", "who the client says it is: a server's name, between servers", "RFC 6120 4.7.1");
/// The kind.
pub static NAMESPACE: Field =
    Field::text("namespace", "`jabber:client`, or `jabber:server` between servers", "RFC 6120 4.8.2");
/// STARTTLS.
pub static STARTTLS: Field = Field::new(Kind::YesNo, "starttls", "whether the server went on in TLS", "RFC 6120 5");
/// What is offered.
pub static MECHANISMS: Field =
    Field::text("mechanisms", "SASL mechanisms that the server offers", "RFC 6120 6.3.3").list();
/// What was used.
pub static MECHANISM: Field = Field::text("mechanism", "the one that the client used", "RFC 6120 6.4.2");
/// The outcome.
pub static AUTHENTICATED: Field =
    Field::new(Kind::YesNo, "authenticated", "whether the server let it in", "RFC 6120 6.4.5");
/// Who.
pub static USER: Field = Field::text("user", "the account", "RFC 6120 6.3.8");
/// The whole address.
pub static JID: Field = Field::text("jid", "its address as the server bound it", "RFC 6120 7.6.1");
/// The resource.
pub static RESOURCE: Field = Field::text("resource", "the resource that the client asked for", "RFC 6120 7.7.1");
/// Messages.
pub static MESSAGES: Field = Field::new(Kind::Pair, "messages", "messages that each side sent", "RFC 6120 8.2.1");

/// The element.
pub static ELEMENT: Element = Element {
    name: "xmpp",
    meaning: "Extensible Messaging and Presence Protocol",
    fields: &[
        &TO,
        &FROM,
        &NAMESPACE,
        &STARTTLS,
        &MECHANISMS,
        &MECHANISM,
        &AUTHENTICATED,
        &USER,
        &JID,
        &RESOURCE,
        &MESSAGES,
    ],
};

/// The longest tag that is read.
const TAG_BYTES: usize = 4096;
/// The longest text that is kept until its tag ends.
const TEXT_BYTES: usize = 2048;

const STREAMS: &[u8] = b"http://etherx.jabber.org/streams";

fn probe(sample: &Sample<'_>) -> Verdict {
    if sample.bytes.first().is_some_and(|first| !FIRST.allow(sample.role, *first)) {
        return Verdict::Reject;
    }
    let bytes = sample.bytes.trim_ascii_start();
    let begins = [&b"<?xml "[..], b"<stream:stream "].iter().any(|known| known.iter().zip(bytes).all(|(a, b)| a == b));
    if !begins {
        return Verdict::Reject;
    }
    let Some(start) = memchr::memmem::find(bytes, b"<stream:stream") else {
        // A declaration has one tag and nothing behind it but the stream.
        let declared = bytes.iter().position(|byte| *byte == b'>').and_then(|end| bytes.get(end.saturating_add(1)..));
        let fits =
            declared.is_none_or(|rest| b"<stream:stream".iter().zip(rest.trim_ascii_start()).all(|(a, b)| a == b));
        return if fits && bytes.len() < PROBE_BYTES / 2 { Verdict::NeedMore } else { Verdict::Reject };
    };
    let stream = bytes.get(start..).unwrap_or_default();
    let Some(end) = tag_end(stream) else {
        return if sample.bytes.len() < PROBE_BYTES { Verdict::NeedMore } else { Verdict::Reject };
    };
    let tag = stream.get(..end).unwrap_or_default();
    let answers = attribute(tag, b"id").is_some();
    let known = memchr::memmem::find(tag, STREAMS).is_some();
    if known && answers == (sample.role == Role::Server) { Verdict::Match } else { Verdict::Reject }
}

/// Where a tag's `>` stands, outside quotes.
fn tag_end(bytes: &[u8]) -> Option<usize> {
    let mut quote = None;
    bytes.iter().position(|byte| match (quote, byte) {
        (None, b'>') => true,
        (None, b'\'' | b'"') => {
            quote = Some(*byte);
            false
        }
        (Some(open), byte) => {
            if open == *byte {
                quote = None;
            }
            false
        }
        _ => false,
    })
}

/// The value of a tag's attribute.
fn attribute<'a>(tag: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let mut rest = tag;
    loop {
        let equals = memchr::memchr(b'=', rest)?;
        let (before, after) = rest.split_at_checked(equals)?;
        let key = before.trim_ascii_end();
        let key =
            key.iter().rposition(|byte| byte.is_ascii_whitespace()).and_then(|at| key.get(at + 1..)).unwrap_or(key);
        let after = after.get(1..)?.trim_ascii_start();
        let (quote, after) = after.split_first()?;
        let end = memchr::memchr(*quote, after)?;
        let (value, next) = after.split_at_checked(end)?;
        if key == name {
            return Some(value);
        }
        rest = next.get(1..)?;
    }
}

/// The texts that are wanted, by the name of their tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    Mechanism,
    Auth,
    Jid,
    Resource,
    UserName,
    Password,
}

/// Where one side is.
#[derive(Debug, Default)]
struct Lane {
    wanted: Option<Wanted>,
    text: Vec<u8>,
    /// In a tag that is too long to be read: passed over up to its end.
    passing: bool,
}

#[derive(Debug, Default)]
struct Xmpp {
    lanes: [Lane; 2],
    to: Text,
    from: Text,
    namespace: Text,
    started: bool,
    offered: bool,
    mechanisms: List<Text>,
    mechanism: Text,
    authenticated: Option<bool>,
    user: Text,
    password: bool,
    jid: Text,
    resource: Text,
    messages: [u64; 2],
}

impl Xmpp {
    /// A whole tag without its brackets.
    fn tag(&mut self, role: Role, tag: &[u8]) -> Option<Step> {
        let lane = self.lanes.get_mut(role.index())?;
        let (wanted, text) = (lane.wanted.take(), std::mem::take(&mut lane.text));
        if tag.first() == Some(&b'/') {
            if let Some(wanted) = wanted {
                self.text(wanted, &text);
            }
            return None;
        }
        let name = tag.split(|byte| byte.is_ascii_whitespace() || *byte == b'/').next().unwrap_or_default();
        let empty = tag.last() == Some(&b'/');
        let wants = match (role, name) {
            (Role::Client, b"stream:stream") => {
                for (slot, attribute_name) in
                    [(&mut self.to, &b"to"[..]), (&mut self.from, b"from"), (&mut self.namespace, b"xmlns")]
                {
                    if let Some(value) = attribute(tag, attribute_name).filter(|_| slot.is_empty()) {
                        *slot = Text::new(value);
                    }
                }
                None
            }
            (Role::Server, b"starttls") => {
                self.offered = true;
                None
            }
            (Role::Server, b"proceed") => {
                self.started = true;
                return Some(Step::Handover(0, Some(&tls::PROTOCOL)));
            }
            (Role::Server, b"compressed") => return Some(Step::Done),
            (Role::Server, b"mechanism") => Some(Wanted::Mechanism),
            (Role::Client, b"auth") => {
                if let Some(mechanism) = attribute(tag, b"mechanism") {
                    self.mechanism = Text::new(mechanism);
                }
                Some(Wanted::Auth)
            }
            (Role::Client, b"response") => Some(Wanted::Auth),
            (Role::Server, b"success") => {
                self.authenticated = Some(true);
                None
            }
            (Role::Server, b"failure") => {
                self.authenticated = Some(false);
                None
            }
            (Role::Server, b"jid") => Some(Wanted::Jid),
            (Role::Client, b"resource") => Some(Wanted::Resource),
            (Role::Client, b"username") => Some(Wanted::UserName),
            (Role::Client, b"password") => Some(Wanted::Password),
            (_, b"message") => {
                if let Some(count) = self.messages.get_mut(role.index()) {
                    *count = count.saturating_add(1);
                }
                None
            }
            _ => None,
        };
        if let Some(lane) = self.lanes.get_mut(role.index()) {
            lane.wanted = wants.filter(|_| !empty);
        }
        None
    }

    /// The text of a tag that was wanted.
    fn text(&mut self, wanted: Wanted, text: &[u8]) {
        match wanted {
            Wanted::Mechanism => self.mechanisms.push_distinct(Text::new(text)),
            Wanted::Auth if self.mechanism.bytes() == b"PLAIN" => {
                if let Some(account) = sasl::plain(text) {
                    self.user = account;
                    self.password = true;
                }
            }
            Wanted::Auth => {}
            Wanted::Jid if self.jid.is_empty() => {
                self.jid = Text::new(text);
                let account = text.split(|byte| *byte == b'@').next().unwrap_or_default();
                if self.user.is_empty() && account.len() < text.len() {
                    self.user = Text::new(account);
                }
            }
            Wanted::Jid => {}
            Wanted::Resource => self.resource = Text::new(text),
            Wanted::UserName => self.user = Text::new(text),
            Wanted::Password => self.password |= !text.is_empty(),
        }
    }
}

impl Dissector for Xmpp {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        let bytes = chunk.bytes;
        let Some(lane) = self.lanes.get_mut(chunk.role.index()) else {
            return Step::Done;
        };
        if bytes.first() != Some(&b'<') || lane.passing {
            let mark = if lane.passing { b'>' } else { b'<' };
            let end = memchr::memchr(mark, bytes);
            let text = bytes.get(..end.unwrap_or(bytes.len())).unwrap_or_default();
            let room = TEXT_BYTES.saturating_sub(lane.text.len());
            // A password is only ever marked as there.
            match lane.wanted {
                Some(Wanted::Password) if lane.text.is_empty() && !text.is_empty() => lane.text.push(b'*'),
                Some(Wanted::Password) | None => {}
                Some(_) => lane.text.extend_from_slice(text.get(..room).unwrap_or(text)),
            }
            lane.passing &= end.is_none();
            return Step::Consumed(text.len().saturating_add(usize::from(mark == b'>' && end.is_some())));
        }
        let within = bytes.get(..TAG_BYTES).unwrap_or(bytes);
        let Some(end) = tag_end(within) else {
            if within.len() < TAG_BYTES {
                return Step::NeedMore(bytes.len().saturating_add(1));
            }
            (lane.passing, lane.wanted) = (true, None);
            return Step::Consumed(TAG_BYTES);
        };
        let used = end.saturating_add(1);
        match self.tag(chunk.role, bytes.get(1..end).unwrap_or_default()) {
            Some(Step::Handover(_, to)) => Step::Handover(used, to),
            Some(step) => step,
            None => Step::Consumed(used),
        }
    }

    fn facts(&self, out: &mut Facts) {
        if self.password {
            out.flag(Flag::CleartextPassword);
        }
        out.user(&self.user);
        let client = out.side(Role::Client);
        let mut xmpp = out.element(&ELEMENT);
        xmpp.text(&TO, &self.to);
        xmpp.text(&FROM, &self.from);
        xmpp.text(&NAMESPACE, &self.namespace);
        if self.started || self.offered {
            xmpp.yes_no(&STARTTLS, self.started);
        }
        xmpp.texts(&MECHANISMS, &self.mechanisms);
        xmpp.text(&MECHANISM, &self.mechanism);
        if let Some(authenticated) = self.authenticated {
            xmpp.yes_no(&AUTHENTICATED, authenticated);
        }
        xmpp.text(&USER, &self.user);
        xmpp.text(&JID, &self.jid);
        xmpp.text(&RESOURCE, &self.resource);
        let [sent, received] = self.messages;
        let (src, dst) = if client == Side::Originator { (sent, received) } else { (received, sent) };
        if (src, dst) != (0, 0) {
            xmpp.value(&MESSAGES, Value::Pair(src, dst));
        }
    }

    fn heap_bytes(&self) -> usize {
        let texts = [&self.to, &self.from, &self.namespace, &self.mechanism, &self.user, &self.jid, &self.resource];
        size_of::<Self>()
            + texts.into_iter().chain(self.mechanisms.items()).map(Text::heap_bytes).sum::<usize>()
            + self.lanes.iter().map(|lane| lane.text.capacity()).sum::<usize>()
    }
}
