//! FTP: the control connection.
//!
//! ```text
//! server   220 text CR LF                     220-text CR LF ... 220 text CR LF
//! client   COMMAND [SP argument] CR LF
//! server   code SP text CR LF                 1xx: more will come; every other code ends the command
//! ```
//!
//! Specifications: RFC 959 (FTP), RFC 1123 4.1 (what hosts must do), RFC 2228 and 4217 (AUTH, TLS), RFC 2389 (FEAT, OPTS), RFC 2428
//! (EPRT, EPSV), RFC 3659 (MLST, SIZE, MDTM).
//!
//! - [`probe`]: what FTP is and what it is not;
//! - [`place`]: where a data connection will be.
//!
//! A data connection is a session of its own. It is told of through [`crate::news`] when its place is announced, and again when a command
//! names the file that it will carry. After AUTH TLS the control connection is TLS, and nothing more is told of it here.
//!
//! Limits: [`ROWS`] commands with their replies, lines of [`LINE_BYTES`], [`WAITING`] commands that wait for their reply. Ignored on purpose:
//! passwords and the tokens of RFC 2228, the texts of replies but the first greeting and the system's name, LPRT and LPSV (RFC 1639).
//! After a gap commands and replies are told side by side no more, since nobody knows which belongs to which.

mod place;
mod probe;

use std::collections::VecDeque;

use crate::capped::{List, Text};
use crate::dictionary::{Element, Field, Flag};
use crate::digits;
use crate::facts::{Facts, Value};
use crate::linewise::{Sides, decimal, find_ignoring_case, is_text, word};
use crate::news::{Expected, ExpectedFile, News, Place};
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Step, Transport};
use crate::protocols::tls;
use place::Listening;

/// Items of each aligned list: a session has many commands.
pub const ROWS: usize = 48;
/// The longest line that is read whole; a path may be long.
pub const LINE_BYTES: usize = 4096;
/// The most commands that wait for their reply.
pub const WAITING: usize = 32;
/// The most replies told of one command: a preliminary one, and the end.
const CODES: usize = 4;
/// The longest name of a command (RFC 959 5.3 has four letters, others a few more).
const VERB_BYTES: usize = 12;
/// Stands where a secret was.
const WITHHELD: &[u8] = b"*";

static BANNER: Field = Field::text("banner", "first line of the server's greeting", "RFC 959 5.4");
static SYSTEM: Field = Field::text("system", "the server's system, as it answers SYST", "RFC 959 4.1.3");
static USER: Field = Field::text("user", "accounts that were tried", "RFC 959 4.1.1").list();
static LOGGED_IN: Field = Field::text("logged_in", "the account that the server let in", "RFC 959 5.4");
static AUTH: Field = Field::text("auth", "security mechanism that was agreed on", "RFC 2228 3");
static COMMAND: Field =
    Field::text("command", "command, in capitals; empty for the greeting and where it was not seen", "RFC 959 4.1")
        .aligned()
        .items(ROWS);
static ARGUMENT: Field =
    Field::text("argument", "its argument, secrets as `*`", "RFC 959 4.1").aligned().items(ROWS).long();
static REPLY_CODE: Field =
    Field::text("reply_code", "the server's replies to it, preliminary ones first, joined by `;`", "RFC 959 4.2")
        .aligned()
        .items(ROWS);
static ACTIVE: Field =
    Field::text("active", "where the client awaits data: address, blank, port", "RFC 959 4.1.2").list();
static PASSIVE: Field =
    Field::text("passive", "where the server awaits data: address, blank, port; or the port alone", "RFC 959 4.1.2")
        .list();

static ELEMENT: Element = Element {
    name: "ftp",
    meaning: "FTP's control connection",
    fields: &[&BANNER, &SYSTEM, &USER, &LOGGED_IN, &AUTH, &COMMAND, &ARGUMENT, &REPLY_CODE, &ACTIVE, &PASSIVE],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "ftp",
    about: About {
        name: "File Transfer Protocol, control connection",
        specification: "RFC 959, RFC 2228, RFC 2389, RFC 2428, RFC 3659, RFC 4217",
        evidence: "the word FTP in a greeting, or replies and commands that only FTP has",
        limits: "after AUTH TLS nothing more is told of commands, also where the clear channel comes back (CCC); after a gap commands and replies stand side by side no more",
        ports: &[21, 990],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes { client: &[b'A'..=b'Z', b'a'..=b'z'], server: &[b'1'..=b'5'] },
    probe: probe::probe,
    open: |_: &Opening| Box::new(Ftp::default()),
};

/// A command and its replies.
#[derive(Debug, Default)]
struct Row {
    command: Text,
    argument: Text,
    codes: List<u16, CODES>,
}

/// What a reply to a command will mean.
#[derive(Debug)]
enum Kind {
    User,
    Password,
    Auth(Text),
    Passive,
    /// A file, by its name and who sends it.
    Transfer(ExpectedFile),
    System,
    Other,
}

/// A command without its final reply.
#[derive(Debug)]
struct Waiting {
    kind: Kind,
    /// Where it stands in the list, if it still had room.
    row: Option<usize>,
}

/// The data connection to come.
#[derive(Clone, Copy, Debug)]
struct Data {
    listener: Role,
    listening: Listening,
}

#[derive(Debug, Default)]
struct Ftp {
    lines: Sides,
    banner: Option<Text>,
    system: Option<Text>,
    users: List<Text>,
    /// The account that USER named last.
    user: Option<Text>,
    logged_in: Option<Text>,
    password: bool,
    auth: Option<Text>,
    rows: List<Row, ROWS>,
    /// Bytes on the heap of the rows, which are too many to be counted with each packet.
    row_bytes: usize,
    waiting: VecDeque<Waiting>,
    /// Bytes were missed: a reply's command is not known any more.
    unpaired: bool,
    /// The code of a reply of several lines that has not ended.
    within: Option<u16>,
    greeted: bool,
    /// The server has said something.
    answered: bool,
    /// AUTH was asked for: what the client sends next may be TLS.
    asked: bool,
    data: Option<Data>,
    active: List<Text>,
    passive: List<Text>,
    news: VecDeque<News>,
}

impl Ftp {
    /// Adds a row where there is room for it. Tells whether it was kept.
    fn row(&mut self, row: impl FnOnce() -> Row) -> bool {
        let Self { rows, row_bytes, .. } = self;
        rows.push_with(|| {
            let row = row();
            *row_bytes = row_bytes
                .saturating_add(size_of::<Row>() + row.command.heap_bytes() + row.argument.heap_bytes() + 2 * CODES);
            row
        })
    }

    /// Takes a client's line.
    fn command(&mut self, line: &[u8]) {
        let (verb, argument) = word(line);
        let named = !verb.is_empty() && verb.len() <= VERB_BYTES && verb.iter().all(u8::is_ascii_alphanumeric);
        // What is no command has an answer all the same; it may hold anything, a mistyped password too.
        let (verb, argument) = if named { (verb.to_ascii_uppercase(), argument) } else { (Vec::new(), &b""[..]) };
        let shown = if !argument.is_empty() && is_secret(&verb, argument) { WITHHELD } else { argument };
        let kept = self.row(|| Row { command: Text::new(&verb), argument: Text::long(shown), codes: List::default() });
        let row = kept.then(|| self.rows.items().len().saturating_sub(1));
        let kind = self.meaning(&verb, argument);
        if !self.unpaired {
            if self.waiting.len() >= WAITING {
                self.unpair();
            } else {
                self.waiting.push_back(Waiting { kind, row });
            }
        }
    }

    /// What a command wants, and what it tells at once.
    fn meaning(&mut self, verb: &[u8], argument: &[u8]) -> Kind {
        match verb {
            b"USER" if !argument.is_empty() => {
                let user = Text::new(argument);
                self.users.push_distinct(user.clone());
                self.user = Some(user);
                Kind::User
            }
            b"PASS" | b"ACCT" => {
                let guest = self.user.as_ref().is_some_and(|user| {
                    [&b"anonymous"[..], b"ftp"].iter().any(|name| user.bytes().eq_ignore_ascii_case(name))
                });
                self.password |= !guest && !argument.is_empty();
                Kind::Password
            }
            b"AUTH" => {
                self.asked = true;
                Kind::Auth(Text::new(&argument.to_ascii_uppercase()))
            }
            b"PASV" | b"EPSV" => {
                self.data = None;
                Kind::Passive
            }
            b"PORT" | b"EPRT" => {
                let listening = if verb == b"PORT" { place::port(argument) } else { place::eprt(argument) };
                self.data = listening.map(|listening| Data { listener: Role::Client, listening });
                self.announce(None);
                Kind::Other
            }
            b"RETR" | b"STOR" | b"STOU" | b"APPE" => {
                let sender = if verb == b"RETR" { Role::Server } else { Role::Client };
                let file = ExpectedFile { name: Text::long(argument), sender };
                // Without a name it is the server that chooses one, and says it.
                if !argument.is_empty() {
                    self.announce(Some(&file));
                }
                Kind::Transfer(file)
            }
            b"SYST" => Kind::System,
            _ => Kind::Other,
        }
    }

    /// Tells of the data connection to come.
    fn announce(&mut self, file: Option<&ExpectedFile>) {
        let Some(Data { listener, listening }) = self.data else {
            return;
        };
        let at = match listening.address {
            Some(address) => Place::Any(address, listening.port),
            None => Place::Port(listener, listening.port),
        };
        if file.is_none() {
            let list = if listener == Role::Client { &mut self.active } else { &mut self.passive };
            list.push_with(|| {
                let mut told = Vec::new();
                if let Some(address) = listening.address {
                    digits::address(address, &mut told);
                    told.push(b' ');
                }
                digits::number(listening.port.into(), &mut told);
                Text::new(&told)
            });
        }
        let mut expect = |at| {
            self.news.push_back(News::Expect(Expected {
                transport: Transport::Tcp,
                at,
                peer: Some(listener.other()),
                app: "ftp-data",
                file: file.cloned(),
            }));
        };
        expect(at);
        // A server behind a translator of addresses tells one that the client passes over.
        if listener == Role::Server && listening.address.is_some() {
            expect(Place::Port(listener, listening.port));
        }
    }

    /// Takes a server's line. Tells whether the control connection is TLS from here on.
    fn reply_line(&mut self, line: &[u8]) -> bool {
        self.answered = true;
        let number = line.get(..3).and_then(decimal).and_then(|code| u16::try_from(code).ok());
        let (code, mark) = match (number, line.get(3)) {
            (Some(code), mark) if (100..700).contains(&code) => (code, mark),
            _ => return false,
        };
        let text = line.get(4..).unwrap_or_default();
        if self.within.is_some_and(|within| within != code) || !matches!(mark, None | Some(b' ' | b'-')) {
            return false;
        }
        if !self.greeted && self.banner.is_none() && code == 220 {
            self.banner = Some(Text::new(text.trim_ascii()));
        }
        if mark == Some(&b'-') {
            self.within = Some(code);
            return false;
        }
        self.within = None;
        self.reply(code, text)
    }

    /// Takes a whole reply.
    fn reply(&mut self, code: u16, text: &[u8]) -> bool {
        let greeting = code == 220 && !self.greeted;
        self.greeted = true;
        let preliminary = code < 200;
        let waiting = match self.waiting.front() {
            Some(_) if greeting => None,
            Some(_) if preliminary => None,
            _ => self.waiting.pop_front(),
        };
        let row = match (&waiting, self.waiting.front()) {
            (Some(waiting), _) => Some(waiting.row),
            (None, Some(front)) if preliminary && !greeting => Some(front.row),
            _ => None,
        };
        match row {
            Some(row) => {
                let row = row.and_then(|row| self.rows.items_mut().get_mut(row));
                if let Some(row) = row {
                    row.codes.push(code);
                }
            }
            None => {
                self.row(|| {
                    let mut codes = List::default();
                    codes.push(code);
                    Row { codes, ..Row::default() }
                });
            }
        }
        if preliminary {
            self.chosen_name(text);
        }
        self.outcome(waiting.map(|waiting| waiting.kind), code, text)
    }

    /// What a final reply tells.
    fn outcome(&mut self, kind: Option<Kind>, code: u16, text: &[u8]) -> bool {
        match (kind, code) {
            // Whatever was missed, only AUTH is answered so.
            (None, 234) if self.unpaired => return true,
            (None, 431 | 500..=504 | 534) if self.unpaired => self.asked = false,
            (Some(Kind::User | Kind::Password), 230 | 232) => {
                self.logged_in = self.logged_in.take().or_else(|| self.user.clone());
            }
            (Some(Kind::Auth(mechanism)), code) => {
                self.asked = false;
                if matches!(code, 232 | 234 | 334) {
                    let tls = [&b"TLS"[..], b"SSL"].iter().any(|name| mechanism.bytes().starts_with(name));
                    self.auth = Some(mechanism);
                    return tls && code == 234;
                }
            }
            (Some(Kind::System), 215) => self.system = Some(Text::new(text.trim_ascii())),
            (Some(Kind::Passive), 227 | 229) | (None, 227 | 229) => {
                let listening = if code == 227 { place::pasv(text) } else { place::epsv(text) };
                self.data = listening.map(|listening| Data { listener: Role::Server, listening });
                self.announce(None);
                // A client that does not wait has already said which file.
                if let Some(Waiting { kind: Kind::Transfer(file), .. }) = self.waiting.front() {
                    let file = file.clone();
                    self.announce(Some(&file).filter(|file| !file.name.is_empty()));
                }
            }
            (Some(Kind::Transfer(_)), _) if self.data.is_some_and(|data| data.listener == Role::Server) => {
                // A passive place serves once.
                self.data = None;
            }
            _ => {}
        }
        false
    }

    /// STOU: `150 FILE: name` says under which name the server keeps the file (RFC 1123 4.1.2.9).
    fn chosen_name(&mut self, text: &[u8]) {
        if let Some(Waiting { kind: Kind::Transfer(file), .. }) = self.waiting.front_mut()
            && file.name.is_empty()
            && let Some(at) = find_ignoring_case(text, b"FILE: ")
        {
            file.name = Text::long(text.get(at.saturating_add(6)..).unwrap_or_default().trim_ascii());
            let file = file.clone();
            self.announce(Some(&file));
        }
    }

    fn unpair(&mut self) {
        self.unpaired = true;
        self.waiting.clear();
        self.data = None;
        self.asked = false;
    }
}

/// An ABOR comes behind telnet's interrupt and synch (RFC 959 4.1.3).
fn without_synch(line: &[u8]) -> &[u8] {
    let begin = line.iter().position(|byte| !matches!(byte, 0xf2 | 0xf4 | 0xff)).unwrap_or(line.len());
    line.get(begin..).unwrap_or_default()
}

/// Whether a command's argument must not be told.
fn is_secret(verb: &[u8], argument: &[u8]) -> bool {
    match verb {
        b"PASS" | b"ACCT" | b"ADAT" | b"MIC" | b"CONF" | b"ENC" => true,
        // Servers have commands of their own to change a password.
        b"SITE" => [&b"PAS"[..], b"PSW"].iter().any(|word| find_ignoring_case(argument, word).is_some()),
        _ => false,
    }
}

impl Dissector for Ftp {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        let Chunk { role, bytes, .. } = chunk;
        if role == Role::Client && self.asked {
            match bytes.first() {
                // Nobody is there to say that it may.
                Some(0x16) if !self.answered => return Step::Handover(0, Some(&tls::PROTOCOL)),
                _ if self.answered => return Step::Consumed(0),
                _ => {}
            }
        }
        let (line, used) = match self.lines.next(role, bytes, LINE_BYTES).line() {
            Ok(found) => found,
            Err(step) => return step,
        };
        match role {
            // A client that speaks anything but lines speaks another protocol.
            Role::Client if !is_text(without_synch(line)) => return Step::Violation,
            Role::Client => self.command(without_synch(line)),
            Role::Server if self.reply_line(line) => return Step::Handover(used, Some(&tls::PROTOCOL)),
            Role::Server => {}
        }
        Step::Consumed(used)
    }

    fn gap(&mut self, role: Role, _: u64) -> Step {
        if self.asked {
            // Whether this is TLS from here on will not be known.
            return Step::Done;
        }
        self.lines.lost(role);
        if role == Role::Server {
            self.within = None;
        }
        self.unpair();
        Step::Consumed(0)
    }

    fn facts(&self, out: &mut Facts) {
        if let Some(user) = self.logged_in.as_ref().or(self.users.items().first()) {
            out.user(user);
        }
        if self.password {
            out.flag(Flag::CleartextPassword);
        }
        let (rows, omitted) = (self.rows.items(), self.rows.omitted());
        let codes: Vec<String> =
            rows.iter().map(|row| row.codes.items().iter().map(u16::to_string).collect::<Vec<_>>().join(";")).collect();
        let mut ftp = out.element(&ELEMENT);
        ftp.maybe(&BANNER, self.banner.as_ref());
        ftp.maybe(&SYSTEM, self.system.as_ref());
        ftp.texts(&USER, &self.users);
        ftp.maybe(&LOGGED_IN, self.logged_in.as_ref());
        ftp.maybe(&AUTH, self.auth.as_ref());
        ftp.list(&COMMAND, rows.iter().map(|row| &row.command), omitted);
        ftp.list(&ARGUMENT, rows.iter().map(|row| &row.argument), omitted);
        ftp.list(&REPLY_CODE, codes.iter().map(|codes| Value::Bytes(codes.as_bytes())), omitted);
        ftp.texts(&ACTIVE, &self.active);
        ftp.texts(&PASSIVE, &self.passive);
    }

    fn news(&mut self) -> Option<News> {
        self.news.pop_front()
    }

    fn heap_bytes(&self) -> usize {
        let texts =
            |list: &List<Text>| list.items().iter().map(|text| size_of::<Text>() + text.heap_bytes()).sum::<usize>();
        let waiting = |waiting: &Waiting| match &waiting.kind {
            Kind::Auth(name) => name.heap_bytes(),
            Kind::Transfer(file) => file.name.heap_bytes(),
            _ => 0,
        };
        size_of::<Self>()
            + self.row_bytes
            + [&self.users, &self.active, &self.passive].into_iter().map(texts).sum::<usize>()
            + self.waiting.iter().map(|item| size_of::<Waiting>() + waiting(item)).sum::<usize>()
            + self.news.capacity() * size_of::<News>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;

    fn say(ftp: &mut Ftp, role: Role, bytes: &[u8]) -> Step {
        ftp.data(Chunk { role, bytes, time: Timestamp::default() })
    }

    #[test]
    fn after_a_gap_nothing_is_paired_and_tls_is_still_found() {
        let mut ftp = Ftp::default();
        say(&mut ftp, Role::Server, b"220 FTP\r\n");
        say(&mut ftp, Role::Client, b"SYST\r\n");
        assert!(matches!(ftp.gap(Role::Server, 9), Step::Consumed(0)));
        // The rest of a line, and a whole one.
        assert!(matches!(say(&mut ftp, Role::Server, b"st of it\r\n"), Step::Consumed(10)));
        say(&mut ftp, Role::Client, b"FEAT\r\n");
        say(&mut ftp, Role::Server, b"211 End\r\n");
        let told: Vec<_> = ftp.rows.items().iter().map(|row| (row.command.bytes(), row.codes.items())).collect();
        assert_eq!(told, [(&b""[..], &[220][..]), (b"SYST", &[]), (b"FEAT", &[]), (b"", &[211])]);
        say(&mut ftp, Role::Client, b"AUTH TLS\r\n");
        assert!(matches!(say(&mut ftp, Role::Client, b"\x16\x03\x01"), Step::Consumed(0)));
        assert!(matches!(say(&mut ftp, Role::Server, b"234 ok\r\n"), Step::Handover(8, Some(_))));
    }

    #[test]
    fn a_gap_where_tls_may_begin_ends_the_session() {
        let mut ftp = Ftp::default();
        say(&mut ftp, Role::Server, b"220 FTP\r\n");
        say(&mut ftp, Role::Client, b"AUTH TLS\r\n");
        assert!(matches!(ftp.gap(Role::Server, 9), Step::Done));
    }

    #[test]
    fn a_client_of_another_protocol_is_a_violation() {
        let mut ftp = Ftp::default();
        say(&mut ftp, Role::Server, b"220 FTP\r\n");
        assert!(matches!(say(&mut ftp, Role::Client, b"\x01\x02\x03\n"), Step::Violation));
    }

    #[test]
    fn secrets_are_known_by_their_command() {
        assert!(is_secret(b"PASS", b"x") && is_secret(b"ADAT", b"x") && is_secret(b"SITE", b"chpass a b"));
        assert!(!is_secret(b"SITE", b"CHMOD 644 x") && !is_secret(b"CWD", b"pass"));
    }
}
