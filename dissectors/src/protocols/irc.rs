//! IRC: chat, and what bots are steered by (RFC 1459, RFC 2812, modern.ircdocs.horse, IRCv3).
//!
//! ```text
//! [@tags SPACE] [:source SPACE] COMMAND *( SPACE word ) [ SPACE :text ] CR LF       either side; spaces may be many
//! ```
//!
//! Recognised by registration (`USER` with its four words, `NICK` before it, `CAP LS`), by the server's greeting or numerics, and, where the
//! beginning was not seen, by a source `nick!user@host`. FTP and POP3 have `USER` and `PASS` as well, with one word. Told: names, channels,
//! capabilities, counts; never what is said, nor passwords, channel keys or what `NickServ` is told. A file offered by DCC announces its connection.
//! A STARTTLS that the server takes hands over to TLS.
//!
//! Limits: a line of [`LINE_BYTES`]; a longer one is passed over. After a gap the next line counts.

use std::net::{IpAddr, Ipv4Addr};

use crate::capped::{List, Text};
use crate::dictionary::{Element, Field, Flag, Kind};
use crate::facts::{Facts, Value};
use crate::news::{Expected, ExpectedFile, News, Place};
use crate::protocol::{
    About, Chunk, Dissector, FirstBytes, Opening, PROBE_BYTES, Protocol, Role, Sample, Step, Transport, Verdict,
};
use crate::protocols::tls;
use crate::sasl;

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "irc",
    about: About {
        name: "Internet Relay Chat",
        specification: "RFC 1459, RFC 2812, IRCv3",
        evidence: "a registration, the server's greeting or numerics, or a source `nick!user@host`",
        limits: "what is said is never told",
        ports: &[194, 6660, 6661, 6662, 6663, 6664, 6665, 6666, 6667, 6668, 6669, 6697, 7000],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FIRST,
    probe,
    open: |_: &Opening| Box::new(Irc::default()),
};

/// Commands, in capitals by nearly everybody; a client may begin with spaces.
const FIRST: FirstBytes = FirstBytes {
    client: &[
        b' '..=b' ',
        b'C'..=b'C',
        b'J'..=b'J',
        b'N'..=b'N',
        b'P'..=b'P',
        b'S'..=b'S',
        b'U'..=b'U',
        b'c'..=b'c',
        b'j'..=b'j',
        b'n'..=b'n',
        b'p'..=b'p',
        b'u'..=b'u',
    ],
    server: &[b':'..=b':', b'@'..=b'@', b'N'..=b'N', b'P'..=b'P', b'E'..=b'E'],
};

/// Nicknames.
pub static NICK: Field = Field::text("nick", "nicknames that the client asked for", "RFC 2812 3.1.2").list();
/// The user.
pub static USER: Field = Field::text("user", "the user name that it gave", "RFC 2812 3.1.3");
/// The real name.
pub static REAL_NAME: Field = Field::text("real_name", "the real name that it gave", "RFC 2812 3.1.3");
/// The account.
pub static ACCOUNT: Field = Field::text("account", "the account that it logged in to (SASL PLAIN)", "IRCv3 sasl-3.1");
/// The server.
pub static SERVER: Field = Field::text("server", "the server's name", "RFC 2812 2.3.1");
/// The network.
pub static NETWORK: Field = Field::text("network", "the network's name", "modern.ircdocs.horse, NETWORK");
/// Channels.
pub static JOIN: Field = Field::text("join", "channels that the client joined", "RFC 2812 3.2.1").list();
/// Capabilities.
pub static CAPABILITIES: Field = Field::text("capabilities", "capabilities that it asked for", "IRCv3").list();
/// Messages.
pub static MESSAGES: Field =
    Field::new(Kind::Pair, "messages", "messages and notices that each side sent", "RFC 2812 3.3");
/// Files.
pub static FILE: Field = Field::text("file", "files offered by DCC", "modern.ircdocs.horse, DCC").list();
/// Errors.
pub static ERROR: Field = Field::text("error", "numbers of the server's errors", "RFC 2812 5.2").list();

/// The element.
pub static ELEMENT: Element = Element {
    name: "irc",
    meaning: "Internet Relay Chat",
    fields: &[&NICK, &USER, &REAL_NAME, &ACCOUNT, &SERVER, &NETWORK, &JOIN, &CAPABILITIES, &MESSAGES, &FILE, &ERROR],
};

/// The longest line that is read: RFC 2812 allows 512 bytes, IRCv3 8191 of tags before them.
const LINE_BYTES: usize = 8191 + 512;
/// The most words that matter.
const MOST_WORDS: usize = 16;

/// A line in its parts.
struct Message<'a> {
    source: Option<&'a [u8]>,
    command: &'a [u8],
    words: Vec<&'a [u8]>,
    /// The last word is a text behind a colon.
    text: bool,
}

impl<'a> Message<'a> {
    fn read(line: &'a [u8]) -> Option<Self> {
        let mut rest = line.trim_ascii_start();
        if rest.first() == Some(&b'@') {
            rest = word(&mut rest).and(Some(rest))?;
        }
        let source = match rest.strip_prefix(b":") {
            Some(after) => {
                rest = after;
                Some(word(&mut rest)?)
            }
            None => None,
        };
        let command = word(&mut rest)?;
        let (mut words, mut text) = (Vec::new(), false);
        while words.len() < MOST_WORDS && !text {
            match rest.strip_prefix(b":") {
                Some(after) => {
                    words.push(after);
                    text = true;
                }
                None => match word(&mut rest) {
                    Some(word) => words.push(word),
                    None => break,
                },
            }
        }
        Some(Self { source, command, words, text })
    }

    fn is(&self, command: &str) -> bool {
        self.command.eq_ignore_ascii_case(command.as_bytes())
    }

    fn word(&self, at: usize) -> Option<&'a [u8]> {
        self.words.get(at).copied().filter(|word| !word.is_empty())
    }

    /// The number of a reply.
    fn numeric(&self) -> Option<u16> {
        match self.command {
            [a, b, c] if self.command.iter().all(u8::is_ascii_digit) => [a, b, c]
                .into_iter()
                .try_fold(0u16, |number, digit| number.checked_mul(10)?.checked_add(u16::from(digit - b'0'))),
            _ => None,
        }
    }
}

/// The next word, and the spaces behind it.
fn word<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let end = memchr::memchr(b' ', rest).unwrap_or(rest.len());
    let (word, after) = rest.split_at_checked(end)?;
    *rest = after.trim_ascii_start();
    (!word.is_empty()).then_some(word)
}

fn probe(sample: &Sample<'_>) -> Verdict {
    if sample.bytes.first().is_some_and(|first| !FIRST.allow(sample.role, *first)) {
        return Verdict::Reject;
    }
    let mut verdict = Verdict::NeedMore;
    let mut rest = sample.bytes;
    while let Some(end) = memchr::memchr(b'\n', rest) {
        let (line, after) = rest.split_at_checked(end.saturating_add(1)).unwrap_or((rest, &[]));
        rest = after;
        let line = line.trim_ascii_end();
        if line.is_empty() {
            continue;
        }
        if line.contains(&0) {
            return Verdict::Reject;
        }
        match Message::read(line).map(|message| weigh(sample.role, &message)) {
            Some(Verdict::NeedMore) => {}
            Some(Verdict::Likely) => verdict = Verdict::Likely,
            Some(decided) => return decided,
            None => return Verdict::Reject,
        }
    }
    if verdict == Verdict::Likely {
        return verdict;
    }
    let begun = rest.is_empty() || may_begin(sample.role, rest.trim_ascii_start());
    if begun && sample.bytes.len() < PROBE_BYTES { Verdict::NeedMore } else { Verdict::Reject }
}

/// What a line is worth.
fn weigh(role: Role, message: &Message<'_>) -> Verdict {
    let person = message.source.is_some_and(|source| memchr::memchr2(b'!', b'@', source).is_some());
    let channel = || message.word(0).is_some_and(|word| word.starts_with(b"#") || word.starts_with(b"&"));
    match role {
        Role::Client if message.source.is_some() => Verdict::Reject,
        Role::Client if message.is("NICK") => {
            if message.words.len() == 1 {
                Verdict::Likely
            } else {
                Verdict::Reject
            }
        }
        Role::Client if message.is("USER") => match message.words.len() {
            4 if message.text => Verdict::Match,
            4 => Verdict::Likely,
            _ => Verdict::Reject,
        },
        Role::Client if message.is("CAP") => {
            let known = message.word(0).is_some_and(|word| [&b"LS"[..], b"REQ", b"END", b"LIST"].contains(&word));
            if known { Verdict::Match } else { Verdict::Reject }
        }
        Role::Client if message.is("PASS") => Verdict::NeedMore,
        Role::Client if message.is("JOIN") && channel() => Verdict::Match,
        Role::Client if message.is("PRIVMSG") && message.words.len() == 2 && message.text => Verdict::Match,
        // Anybody's speech may have such words; the colon is telling.
        Role::Client if (message.is("PING") || message.is("PONG")) && !message.words.is_empty() => {
            if message.text {
                Verdict::Likely
            } else {
                Verdict::NeedMore
            }
        }
        Role::Client => Verdict::Reject,
        Role::Server if message.numeric().is_some() => {
            let named = message.source.is_some_and(|source| source.contains(&b'.')) && message.words.len() >= 2;
            if named { Verdict::Match } else { Verdict::Reject }
        }
        Role::Server if message.is("NOTICE") && message.words.len() == 2 && message.text => {
            let greets = message.word(0).is_some_and(|to| [&b"*"[..], b"AUTH"].contains(&to));
            if greets || person { Verdict::Match } else { Verdict::Likely }
        }
        Role::Server if person => {
            const COMMANDS: [&str; 9] = ["PRIVMSG", "JOIN", "PART", "QUIT", "NICK", "MODE", "TOPIC", "KICK", "INVITE"];
            if COMMANDS.iter().any(|command| message.is(command)) { Verdict::Match } else { Verdict::Reject }
        }
        Role::Server if message.source.is_some() => {
            const COMMANDS: [&str; 4] = ["CAP", "MODE", "NOTICE", "PONG"];
            if COMMANDS.iter().any(|command| message.is(command)) { Verdict::Likely } else { Verdict::Reject }
        }
        Role::Server if message.is("PING") && message.words.len() == 1 => {
            if message.text {
                Verdict::Likely
            } else {
                Verdict::NeedMore
            }
        }
        Role::Server if message.is("ERROR") && message.text => Verdict::Likely,
        Role::Server => Verdict::Reject,
    }
}

/// Whether an unfinished line may become one that counts.
fn may_begin(role: Role, line: &[u8]) -> bool {
    const CLIENT: [&[u8]; 9] =
        [b"NICK ", b"USER ", b"PASS ", b"CAP ", b"JOIN ", b"PRIVMSG ", b"PING ", b"PONG ", b"STARTTLS"];
    const SERVER: [&[u8]; 5] = [b":", b"@", b"NOTICE ", b"PING ", b"ERROR :"];
    let known = if role == Role::Client { &CLIENT[..] } else { &SERVER[..] };
    let fits = |known: &&[u8]| known.iter().zip(line).all(|(wanted, byte)| wanted.eq_ignore_ascii_case(byte));
    known.iter().any(fits) && line.iter().all(|byte| !matches!(byte, 0 | 4..=6 | 0x0e..=0x15))
}

#[derive(Debug, Default)]
struct Irc {
    nicks: List<Text>,
    user: Text,
    real_name: Text,
    account: Text,
    server: Text,
    network: Text,
    joins: List<Text>,
    capabilities: List<Text>,
    messages: [u64; 2],
    files: List<Text>,
    errors: List<Text>,
    password: bool,
    plain: bool,
    starting: bool,
    /// By side: the rest of a line that is passed over.
    passing: [bool; 2],
    news: Option<News>,
}

impl Irc {
    fn client(&mut self, message: &Message<'_>) {
        let first = message.word(0);
        if message.is("NICK") {
            if let Some(nick) = first {
                self.nicks.push_distinct(Text::new(nick));
            }
        } else if message.is("USER") {
            if self.user.is_empty() {
                self.user = first.map(Text::new).unwrap_or_default();
                self.real_name = message.word(3).map(|name| Text::new(name.trim_ascii())).unwrap_or_default();
            }
        } else if message.is("PASS") || message.is("OPER") {
            self.password |= first.is_some();
        } else if message.is("JOIN") {
            for channel in first.unwrap_or_default().split(|byte| *byte == b',') {
                if !channel.is_empty() && channel != b"0" {
                    self.joins.push_distinct(Text::new(channel));
                }
            }
        } else if message.is("CAP") && first.is_some_and(|word| word.eq_ignore_ascii_case(b"REQ")) {
            for name in message.words.iter().skip(1).flat_map(|words| words.split(|byte| *byte == b' ')) {
                if !name.is_empty() {
                    self.capabilities.push_distinct(Text::new(name));
                }
            }
        } else if message.is("AUTHENTICATE") {
            self.authenticate(first.unwrap_or_default());
        } else if message.is("STARTTLS") {
            self.starting = true;
        } else if message.is("PRIVMSG") || message.is("NOTICE") {
            let to_service = first.is_some_and(|to| to.to_ascii_lowercase().ends_with(b"serv"));
            let said = message.word(1).unwrap_or_default().to_ascii_lowercase();
            self.password |= to_service && (said.starts_with(b"identify ") || said.starts_with(b"register "));
        }
    }

    fn authenticate(&mut self, word: &[u8]) {
        match word {
            b"PLAIN" => self.plain = true,
            b"*" | b"+" => {}
            response if std::mem::take(&mut self.plain) => {
                if let Some(account) = sasl::plain(response) {
                    self.account = account;
                    self.password = true;
                }
            }
            _ => {}
        }
    }

    /// Takes a server's line; tells whether TLS begins.
    fn server(&mut self, message: &Message<'_>) -> bool {
        let number = message.numeric();
        if let (Some(_), Some(source)) = (number, message.source)
            && self.server.is_empty()
        {
            self.server = Text::new(source);
        }
        match number {
            Some(5) => {
                let network = message.words.iter().find_map(|word| word.strip_prefix(b"NETWORK="));
                if let Some(network) = network.filter(|_| self.network.is_empty()) {
                    self.network = Text::new(network);
                }
            }
            // No message of the day is no error.
            Some(400..=421 | 423..=599) => self.errors.push_distinct(Text::new(message.command)),
            Some(670) => return self.starting,
            _ => {}
        }
        false
    }

    /// What both sides say alike.
    fn either(&mut self, role: Role, message: &Message<'_>) {
        if !message.is("PRIVMSG") && !message.is("NOTICE") {
            return;
        }
        // The server's notices to a client that is not registered yet come from nobody.
        if (role == Role::Client || message.source.is_some_and(|source| source.contains(&b'!')))
            && let Some(count) = self.messages.get_mut(role.index())
        {
            *count = count.saturating_add(1);
        }
        if let Some(offer) = message.word(1).and_then(|text| text.strip_prefix(b"\x01DCC SEND ")) {
            self.offer(role, offer);
        }
    }

    /// `name address port size`, the name perhaps in quotes, the address as a number; the other side connects there.
    fn offer(&mut self, role: Role, offer: &[u8]) {
        let offer = offer.strip_suffix(b"\x01").unwrap_or(offer);
        let (name, rest) = match offer.strip_prefix(b"\"") {
            Some(quoted) => match memchr::memchr(b'"', quoted).and_then(|end| quoted.split_at_checked(end)) {
                Some((name, rest)) => (name, rest.get(1..).unwrap_or_default()),
                None => return,
            },
            None => offer.split_at_checked(memchr::memchr(b' ', offer).unwrap_or(offer.len())).unwrap_or((offer, &[])),
        };
        self.files.push_with(|| Text::new(name));
        let mut numbers = rest.trim_ascii().split(|byte| *byte == b' ').map(number);
        let (Some(Some(address)), Some(Some(port))) = (numbers.next(), numbers.next()) else {
            return;
        };
        let (Ok(address), Ok(port @ 1..)) = (u32::try_from(address), u16::try_from(port)) else {
            return;
        };
        self.news = Some(News::Expect(Expected {
            transport: Transport::Tcp,
            at: Place::Any(IpAddr::V4(Ipv4Addr::from(address)), port),
            peer: None,
            app: "irc-dcc",
            file: Some(ExpectedFile { name: Text::new(name), sender: role }),
        }));
    }
}

fn number(text: &[u8]) -> Option<u64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

impl Dissector for Irc {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        let bytes = chunk.bytes;
        let end = memchr::memchr(b'\n', bytes);
        if let Some(passing) = self.passing.get_mut(chunk.role.index())
            && (*passing || end.is_none_or(|end| end >= LINE_BYTES))
        {
            if !*passing && bytes.len() < LINE_BYTES {
                return Step::NeedMore(bytes.len().saturating_add(1));
            }
            *passing = end.is_none();
            return Step::Consumed(end.map_or(bytes.len(), |end| end.saturating_add(1)));
        }
        let end = end.unwrap_or(bytes.len());
        let line = bytes.get(..end).unwrap_or_default().trim_ascii_end();
        let used = end.saturating_add(1).min(bytes.len());
        let Some(message) = Message::read(line) else {
            return Step::Consumed(used);
        };
        self.either(chunk.role, &message);
        match chunk.role {
            Role::Client => self.client(&message),
            Role::Server if self.server(&message) => return Step::Handover(used, Some(&tls::PROTOCOL)),
            Role::Server => {}
        }
        Step::Consumed(used)
    }

    fn gap(&mut self, role: Role, _: u64) -> Step {
        if let Some(passing) = self.passing.get_mut(role.index()) {
            *passing = true;
        }
        Step::Consumed(0)
    }

    fn facts(&self, out: &mut Facts) {
        if self.password {
            out.flag(Flag::CleartextPassword);
        }
        out.user(&self.account);
        out.user(&self.user);
        let client = out.side(Role::Client);
        let mut irc = out.element(&ELEMENT);
        irc.texts(&NICK, &self.nicks);
        irc.text(&USER, &self.user);
        irc.text(&REAL_NAME, &self.real_name);
        irc.text(&ACCOUNT, &self.account);
        irc.text(&SERVER, &self.server);
        irc.text(&NETWORK, &self.network);
        irc.texts(&JOIN, &self.joins);
        irc.texts(&CAPABILITIES, &self.capabilities);
        let [sent, received] = self.messages;
        let (src, dst) = if client == crate::facts::Side::Originator { (sent, received) } else { (received, sent) };
        if (src, dst) != (0, 0) {
            irc.value(&MESSAGES, Value::Pair(src, dst));
        }
        irc.texts(&FILE, &self.files);
        irc.texts(&ERROR, &self.errors);
    }

    fn news(&mut self) -> Option<News> {
        self.news.take()
    }

    fn heap_bytes(&self) -> usize {
        let lists = [
            self.nicks.items(),
            self.joins.items(),
            self.capabilities.items(),
            self.files.items(),
            self.errors.items(),
        ];
        let texts = [&self.user, &self.real_name, &self.account, &self.server, &self.network];
        size_of::<Self>()
            + lists.into_iter().flatten().map(|text| size_of::<Text>() + text.heap_bytes()).sum::<usize>()
            + texts.into_iter().map(Text::heap_bytes).sum::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(role: Role, bytes: &[u8]) -> Verdict {
        probe(&Sample { transport: Transport::Tcp, role, bytes, destination: Ipv4Addr::LOCALHOST.into() })
    }

    #[test]
    fn other_protocols_with_user_and_pass_are_not_irc() {
        for other in
            ["USER alice\r\n", "USER alice\r\nPASS secret\r\n", "PASS secret\r\nSTAT\r\n", "NOOP\r\n", "HELO host\r\n"]
        {
            assert_eq!(verdict(Role::Client, other.as_bytes()), Verdict::Reject, "{other}");
        }
        assert_eq!(verdict(Role::Client, b"NICK alice\r\nUSER alice 0 * :Alice\r\n"), Verdict::Match);
        assert_eq!(verdict(Role::Client, b"PASS x\r\nNICK alice\r\n"), Verdict::Likely);
    }

    #[test]
    fn words_and_texts_are_told_apart() {
        let message = Message::read(b"  :a!b@c   PRIVMSG  #d   :e  f").unwrap();
        assert_eq!((message.source, message.command, message.text), (Some(&b"a!b@c"[..]), &b"PRIVMSG"[..], true));
        assert_eq!(message.words, [&b"#d"[..], b"e  f"]);
    }
}
