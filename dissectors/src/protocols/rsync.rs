//! rsync's daemon protocol, up to where its binary part begins.
//!
//! ```text
//! both     @RSYNCD: version[ digest ...] LF
//! client   module LF                                   nothing, or #list: which modules are there
//! server   any lines (message of the day, list: module TAB comment)
//! server   @RSYNCD: AUTHREQD challenge LF              client: user SP digest LF
//! server   @RSYNCD: OK LF | @RSYNCD: EXIT LF | @ERROR[: reason] LF
//! client   arguments, each ended by 0 (since version 30) or LF, and an empty one
//! ```
//!
//! There is no RFC; the source is the documentation that comes with rsync (rsyncd.conf(5), "csprotocol.txt"). The arguments tell which way files
//! go (`--sender`: from the server) and which paths were asked for. What follows (lists of files, blocks, checksums) is rsync's own
//! compressed form and is not read.
//!
//! Limits: lines of [`LINE_BYTES`], [`ARGUMENTS`] arguments, sixteen paths and modules. A gap ends the session's facts.

use crate::capped::{List, Text};
use crate::dictionary::{Element, Field};
use crate::facts::Facts;
use crate::linewise::{Sides, word};
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Sample, Step, Transport, Verdict};

/// The longest line or argument that is read whole.
const LINE_BYTES: usize = 4096;
/// The most arguments that are read.
const ARGUMENTS: usize = 1024;
/// What each side begins with.
const GREETING: &[u8] = b"@RSYNCD: ";
/// The version since which arguments end with a zero.
const ZERO_SINCE: u32 = 30;

static CLIENT_VERSION: Field =
    Field::text("client_version", "protocol version that the client speaks", "csprotocol.txt");
static SERVER_VERSION: Field =
    Field::text("server_version", "protocol version that the server speaks", "csprotocol.txt");
static MODULE: Field = Field::text("module", "module asked for", "rsyncd.conf(5)");
static LISTED: Field = Field::text("listed", "modules that the server listed", "rsyncd.conf(5)").list();
static AUTH_USER: Field = Field::text("auth_user", "account that answered the server's challenge", "rsyncd.conf(5)");
static OUTCOME: Field = Field::text("outcome", "`ok`, `exit` (the list was all) or `error`", "csprotocol.txt");
static ERROR: Field = Field::text("error", "why the server refused", "csprotocol.txt");
static OPERATION: Field =
    Field::text("operation", "`read`: files go to the client; `write`: to the server", "rsync(1)");
static PATH: Field = Field::text("path", "paths asked for, the module first", "rsync(1)").list().long();

static ELEMENT: Element = Element {
    name: "rsync",
    meaning: "rsync's daemon protocol",
    fields: &[&CLIENT_VERSION, &SERVER_VERSION, &MODULE, &LISTED, &AUTH_USER, &OUTCOME, &ERROR, &OPERATION, &PATH],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "rsync",
    about: About {
        name: "rsync's daemon protocol",
        specification: "rsyncd.conf(5), csprotocol.txt",
        evidence: "`@RSYNCD:` with a version",
        limits: "lists of files and their content, which are rsync's own compressed form, are not read",
        ports: &[873],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[b'@'..=b'@']),
    probe,
    open: |_: &Opening| Box::new(Rsync::default()),
};

fn probe(sample: &Sample<'_>) -> Verdict {
    let (head, rest) = sample.bytes.split_at_checked(GREETING.len()).unwrap_or((sample.bytes, &[]));
    match rest.first() {
        _ if !GREETING.starts_with(head) => Verdict::Reject,
        None => Verdict::NeedMore,
        Some(digit) if digit.is_ascii_digit() => Verdict::Match,
        Some(_) => Verdict::Reject,
    }
}

/// What a client says next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Version,
    Module,
    /// The answer to a challenge, or already arguments: the server tells.
    Waiting,
    Auth,
    Arguments,
    Over,
}

#[derive(Debug, Default)]
struct Rsync {
    lines: Sides,
    phase: Phase,
    versions: [Option<Text>; 2],
    module: Option<Text>,
    listed: List<Text>,
    auth_user: Option<Text>,
    outcome: Option<&'static str>,
    error: Option<Text>,
    /// Arguments so far.
    arguments: usize,
    /// `--server` was seen: these are arguments.
    told: bool,
    sender: bool,
    /// The paths come in a second list of arguments.
    secluded: bool,
    /// The lone `.` after which paths follow was seen.
    dot: bool,
    paths: List<Text>,
}

impl Rsync {
    fn client_line(&mut self, line: &[u8]) {
        match self.phase {
            Phase::Version => {
                self.version(Role::Client, line);
                self.phase = Phase::Module;
            }
            Phase::Module => {
                self.phase = Phase::Waiting;
                if !line.is_empty() && line != b"#list" {
                    self.module = Some(Text::new(line));
                }
            }
            Phase::Auth => {
                self.phase = Phase::Waiting;
                self.auth_user = Some(Text::new(word(line).0)).filter(|user| !user.is_empty());
            }
            Phase::Waiting | Phase::Arguments | Phase::Over => {}
        }
    }

    fn version(&mut self, role: Role, line: &[u8]) {
        if let (Some(rest), Some(version)) = (line.strip_prefix(GREETING), self.versions.get_mut(role.index())) {
            *version = Some(Text::new(word(rest).0));
        }
    }

    fn server_line(&mut self, line: &[u8]) {
        if self.versions.get(Role::Server.index()).is_some_and(Option::is_none) {
            return self.version(Role::Server, line);
        }
        if let Some(reason) = line.strip_prefix(b"@ERROR") {
            self.error = Some(Text::new(reason.strip_prefix(b":").unwrap_or(reason).trim_ascii()));
            self.close("error");
        } else if let Some(said) = line.strip_prefix(GREETING) {
            match word(said).0 {
                b"OK" => {
                    self.outcome = Some("ok");
                    self.phase = Phase::Arguments;
                }
                b"EXIT" => self.close("exit"),
                b"AUTHREQD" => self.phase = Phase::Auth,
                _ => {}
            }
        } else if self.module.is_none()
            && let Some(tab) = memchr::memchr(b'\t', line)
        {
            let name = line.get(..tab).unwrap_or_default().trim_ascii();
            // Words before the tabulator are the message of the day.
            if !name.contains(&b' ') {
                self.listed.push_with(|| Text::new(name));
            }
        }
    }

    fn close(&mut self, outcome: &'static str) {
        self.outcome = Some(outcome);
        self.phase = Phase::Over;
    }

    /// Whether both sides speak a version in which a zero ends an argument.
    fn zeros(&self) -> bool {
        self.versions.iter().flatten().all(|version| {
            let digits = version.bytes().split(|byte| *byte == b'.').next().unwrap_or_default();
            crate::linewise::decimal(digits).is_some_and(|version| version >= ZERO_SINCE)
        })
    }

    fn arguments(&mut self, bytes: &[u8]) -> Step {
        let delimiter = if self.zeros() { 0 } else { b'\n' };
        let within = bytes.get(..LINE_BYTES).unwrap_or(bytes);
        let Some(end) = memchr::memchr(delimiter, within) else {
            return if within.len() < LINE_BYTES { Step::NeedMore(bytes.len().saturating_add(1)) } else { self.stop() };
        };
        let argument = within.get(..end).unwrap_or_default();
        if argument.is_empty() && (self.dot || !self.secluded) {
            return self.stop();
        }
        if argument.is_empty() {
            // The second list, which ends as the first.
            self.secluded = false;
        } else {
            self.argument(argument);
        }
        self.arguments = self.arguments.saturating_add(1);
        if self.arguments > ARGUMENTS { self.stop() } else { Step::Consumed(end.saturating_add(1)) }
    }

    fn argument(&mut self, argument: &[u8]) {
        match argument {
            b"--server" => self.told = true,
            b"--sender" => self.sender = true,
            b"--secluded-args" | b"--protect-args" => self.secluded = true,
            b"." if !self.dot => self.dot = true,
            [b'-', b'-', ..] if !self.dot => {}
            [b'-', letters @ ..] if !self.dot => {
                // What stands behind an `e` tells of abilities and is no list of options.
                let options = letters.split(|letter| *letter == b'e').next().unwrap_or_default();
                self.secluded |= options.contains(&b's');
            }
            path if self.dot => {
                self.paths.push_with(|| Text::long(path));
            }
            _ => {}
        }
    }

    fn stop(&mut self) -> Step {
        self.phase = Phase::Over;
        Step::Done
    }
}

impl Dissector for Rsync {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        let Chunk { role, bytes, .. } = chunk;
        match (self.phase, role) {
            (Phase::Over, _) => return Step::Done,
            // Where the server is not heard, nobody tells what these are.
            (Phase::Waiting, Role::Client) if self.versions.iter().any(Option::is_none) => return self.stop(),
            (Phase::Waiting, Role::Client) => return Step::Consumed(0),
            (Phase::Arguments, Role::Client) => return self.arguments(bytes),
            // The binary part has begun.
            (Phase::Arguments, Role::Server) => return Step::Consumed(bytes.len()),
            _ => {}
        }
        let (line, used) = match self.lines.next(role, bytes, LINE_BYTES).line() {
            Ok(found) => found,
            Err(step) => return step,
        };
        match role {
            Role::Client => self.client_line(line),
            Role::Server => self.server_line(line),
        }
        Step::Consumed(used)
    }

    fn facts(&self, out: &mut Facts) {
        if let Some(user) = &self.auth_user {
            out.user(user);
        }
        let [client, server] = &self.versions;
        let mut rsync = out.element(&ELEMENT);
        rsync.maybe(&CLIENT_VERSION, client.as_ref());
        rsync.maybe(&SERVER_VERSION, server.as_ref());
        rsync.maybe(&MODULE, self.module.as_ref());
        rsync.texts(&LISTED, &self.listed);
        rsync.maybe(&AUTH_USER, self.auth_user.as_ref());
        if let Some(outcome) = self.outcome {
            rsync.plain(&OUTCOME, outcome);
        }
        rsync.maybe(&ERROR, self.error.as_ref());
        if self.told {
            rsync.plain(&OPERATION, if self.sender { "read" } else { "write" });
        }
        rsync.texts(&PATH, &self.paths);
    }

    fn heap_bytes(&self) -> usize {
        let texts = self.listed.items().iter().chain(self.paths.items());
        let single = self.versions.iter().flatten().chain(&self.module).chain(&self.auth_user).chain(&self.error);
        size_of::<Self>()
            + texts.map(|text| size_of::<Text>() + text.heap_bytes()).sum::<usize>()
            + single.map(Text::heap_bytes).sum::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn say(bytes: &[u8]) -> Verdict {
        let destination = "192.0.2.2".parse().unwrap();
        probe(&Sample { transport: Transport::Tcp, role: Role::Client, bytes, destination })
    }

    #[test]
    fn only_the_greeting_is_rsync() {
        assert_eq!(say(b"@RSYNCD: 3"), Verdict::Match);
        assert_eq!(say(b"@RSYN"), Verdict::NeedMore);
        assert_eq!(say(b"@RSYNCD: OK\n"), Verdict::Reject);
        assert_eq!(say(b"@ERROR: x\n"), Verdict::Reject);
    }

    #[test]
    fn the_letters_behind_e_are_no_options() {
        let read = |arguments: &[&[u8]]| {
            let mut rsync = Rsync::default();
            arguments.iter().for_each(|argument| rsync.argument(argument));
            rsync
        };
        assert!(!read(&[b"--server", b"--sender", b"-logDtpre.iLsfxC"]).secluded);
        assert!(read(&[b"--server", b"-slogDtpre.iLsfxC"]).secluded);
        let told = read(&[b"--server", b"--sender", b"-r", b".", b"music/a", b"-b"]);
        assert!(told.sender);
        assert_eq!(told.paths.items().len(), 2);
    }
}
