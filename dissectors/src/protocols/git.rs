//! git's own transport (git://): which repository, what was fetched from it or pushed to it.
//!
//! ```text
//! line     length:4 (hexadecimal, itself included) bytes...          0000 flush, 0001 delimiter, 0002 end of a response
//! client   git-upload-pack SP path 0 [host=name 0] [0 version=2 0]
//! server   object SP reference [0 capabilities] LF ... flush         or version 2 LF, capabilities, flush; or ERR SP reason
//! client   want SP object [SP capabilities] LF ... flush             or command=fetch LF ... delimiter want SP object LF ... flush
//! client   old SP new SP reference [0 capabilities] LF ... flush     (git-receive-pack), then a pack
//! ```
//!
//! Specification: git's "gitprotocol-pack", "gitprotocol-v2", "gitprotocol-common". Over HTTP and SSH the same lines lie inside those
//! protocols, and are not told here.
//!
//! Of the server only its first advertisement is read; the packs are passed over. Limits: sixteen objects and references, names of 256
//! bytes. A gap ends the session's facts.

use crate::capped::{List, Text};
use crate::dictionary::{Element, Field};
use crate::facts::Facts;
use crate::linewise::word;
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Sample, Step, Transport, Verdict};
use crate::reader::Reader;

/// Bytes of a line's length.
const LENGTH_BYTES: usize = 4;
/// Hexadecimal digits of an object's name: SHA-1, SHA-256.
const OBJECT_DIGITS: [usize; 2] = [40, 64];
/// The services (gitprotocol-pack).
const SERVICES: &[&[u8]] = &[b"git-upload-pack", b"git-receive-pack", b"git-upload-archive"];

static SERVICE: Field = Field::text(
    "service",
    "`git-upload-pack` (fetch), `git-receive-pack` (push) or `git-upload-archive`",
    "gitprotocol-pack",
);
static REPOSITORY: Field = Field::text("repository", "path of the repository", "gitprotocol-pack").long();
static HOST: Field = Field::text("host", "the host that the client asked for", "gitprotocol-pack");
static VERSION: Field = Field::number("version", "protocol version that is spoken", "gitprotocol-v2");
static CLIENT_AGENT: Field = Field::text("client_agent", "the client's software", "gitprotocol-capabilities");
static SERVER_AGENT: Field = Field::text("server_agent", "the server's software", "gitprotocol-capabilities");
static HEAD: Field = Field::text("head", "object of the first reference that was advertised", "gitprotocol-pack");
static REFERENCES: Field = Field::number("references", "references in the server's advertisement", "gitprotocol-pack");
static COMMAND: Field = Field::text("command", "commands of version 2", "gitprotocol-v2").list();
static WANTS: Field = Field::text("wants", "objects asked for", "gitprotocol-pack").list();
static HAVES: Field = Field::number("haves", "objects that the client said it has", "gitprotocol-pack");
static PUSHED: Field = Field::text("pushed", "references that the client changed", "gitprotocol-pack").list();
static ERROR: Field = Field::text("error", "why the server refused", "gitprotocol-pack");

static ELEMENT: Element = Element {
    name: "git",
    meaning: "git's own transport",
    fields: &[
        &SERVICE,
        &REPOSITORY,
        &HOST,
        &VERSION,
        &CLIENT_AGENT,
        &SERVER_AGENT,
        &HEAD,
        &REFERENCES,
        &COMMAND,
        &WANTS,
        &HAVES,
        &PUSHED,
        &ERROR,
    ],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "git",
    about: About {
        name: "git's own transport",
        specification: "gitprotocol-pack, gitprotocol-v2, gitprotocol-common",
        evidence: "a first line with a service of git behind its length",
        limits: "packs are passed over; over HTTP and SSH nothing of it is told here",
        ports: &[9418],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    // A first line is far shorter than 4096 bytes.
    first: FirstBytes::both(&[b'0'..=b'0']),
    probe,
    open: |_: &Opening| Box::new(Git::default()),
};

fn probe(sample: &Sample<'_>) -> Verdict {
    let (length, content) = sample.bytes.split_at_checked(LENGTH_BYTES).unwrap_or((sample.bytes, &[]));
    if length.first() != Some(&b'0') || !length.iter().all(u8::is_ascii_hexdigit) {
        return Verdict::Reject;
    }
    let fits = match sample.role {
        Role::Client => SERVICES.iter().any(|service| begins(content, &[service, b" /"])),
        Role::Server => {
            let reference = OBJECT_DIGITS.into_iter().any(|digits| {
                let (object, rest) = content.split_at_checked(digits).unwrap_or((content, &[]));
                let told = std::str::from_utf8(length).ok().and_then(|length| usize::from_str_radix(length, 16).ok());
                // A line that is too short for what it seems to hold is none.
                told.is_none_or(|told| told > LENGTH_BYTES + digits)
                    && object.iter().all(u8::is_ascii_hexdigit)
                    && (begins(rest, &[b" HEAD"]) || begins(rest, &[b" refs/"]) || begins(rest, &[b" capabilities^{}"]))
            });
            // Said after a service was asked for, and by others too.
            let other =
                begins(content, &[b"version 1\n"]) || begins(content, &[b"version 2\n"]) || begins(content, &[b"ERR "]);
            if other && content.len() >= 4 {
                return Verdict::Likely;
            }
            reference || other
        }
    };
    match (fits, sample.role) {
        (false, _) => Verdict::Reject,
        (true, Role::Client) if content.len() > b"git-receive-pack /".len() => Verdict::Match,
        (true, Role::Server)
            if content.get(OBJECT_DIGITS[0] - 1..).is_some_and(|rest| rest.contains(&b' '))
                && content.len() > OBJECT_DIGITS[0] + b" HEAD".len() =>
        {
            Verdict::Match
        }
        _ => Verdict::NeedMore,
    }
}

/// Whether bytes are the beginning of these parts, or begin with them.
fn begins(bytes: &[u8], parts: &[&[u8]]) -> bool {
    let mut rest = bytes;
    for part in parts {
        if rest.len() < part.len() {
            return part.starts_with(rest);
        }
        let Some(after) = rest.strip_prefix(*part) else {
            return false;
        };
        rest = after;
    }
    true
}

/// What a line is.
enum Line<'a> {
    Flush,
    Other,
    Bytes(&'a [u8]),
}

#[derive(Debug, Default)]
struct Git {
    service: Option<Text>,
    repository: Text,
    host: Text,
    version: Option<u64>,
    agents: [Option<Text>; 2],
    head: Option<Text>,
    references: u64,
    commands: List<Text>,
    wants: List<Text>,
    haves: u64,
    pushed: List<Text>,
    error: Option<Text>,
    /// By side: whether nothing more of it is of interest.
    over: [bool; 2],
}

impl Git {
    fn request(&mut self, line: &[u8]) {
        let mut reader = Reader::new(line);
        let request = reader.until(0).unwrap_or(line);
        let (service, path) = word(request);
        self.service = Some(Text::new(service));
        self.repository = Text::long(path);
        for extra in reader.rest().split(|byte| *byte == 0) {
            if let Some(host) = extra.strip_prefix(b"host=") {
                self.host = Text::new(host);
            }
        }
    }

    fn client_line(&mut self, line: Line<'_>) {
        let line = match line {
            // After a push's commands comes a pack.
            Line::Flush if !self.pushed.is_empty() => {
                self.close(Role::Client);
                return;
            }
            Line::Bytes(line) => line,
            Line::Flush | Line::Other => return,
        };
        let Some(service) = &self.service else {
            self.request(line);
            return;
        };
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        if service.bytes() == b"git-receive-pack" {
            let mut parts = text.splitn(2, |byte| *byte == 0);
            let update = parts.next().unwrap_or_default();
            self.capabilities(Role::Client, parts.next().unwrap_or_default());
            let mut words = update.splitn(3, |byte| *byte == b' ');
            if let (Some(old), Some(new), Some(reference)) = (words.next(), words.next(), words.next())
                && is_object(old)
                && is_object(new)
            {
                self.pushed.push_with(|| Text::new(reference));
            }
            return;
        }
        if let Some(command) = text.strip_prefix(b"command=") {
            self.commands.push_distinct(Text::new(command));
        } else if let Some(agent) = text.strip_prefix(b"agent=") {
            self.agent(Role::Client, agent);
        } else if let Some(want) = text.strip_prefix(b"want ") {
            let (object, capabilities) = word(want);
            if is_object(object) {
                self.wants.push_distinct(Text::new(object));
            }
            self.capabilities(Role::Client, capabilities);
        } else if text.starts_with(b"have ") {
            self.haves = self.haves.saturating_add(1);
        }
    }

    fn server_line(&mut self, line: Line<'_>) {
        let line = match line {
            Line::Flush => {
                self.close(Role::Server);
                return;
            }
            Line::Bytes(line) => line,
            Line::Other => return,
        };
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        if let Some(reason) = text.strip_prefix(b"ERR ") {
            self.error = Some(Text::new(reason));
        } else if let Some(agent) = text.strip_prefix(b"agent=") {
            self.agent(Role::Server, agent);
        } else if let Some(version) = text.strip_prefix(b"version ") {
            self.version = crate::linewise::decimal(version).map(u64::from);
        } else {
            let mut parts = text.splitn(2, |byte| *byte == 0);
            let (object, reference) = word(parts.next().unwrap_or_default());
            if !is_object(object) {
                return;
            }
            self.version.get_or_insert(0);
            // An empty repository has no reference to hang its capabilities on.
            if reference != b"capabilities^{}" {
                self.head.get_or_insert_with(|| Text::new(object));
                self.references = self.references.saturating_add(1);
            }
            self.capabilities(Role::Server, parts.next().unwrap_or_default());
        }
    }

    fn capabilities(&mut self, role: Role, list: &[u8]) {
        let agent = list.split(|byte| *byte == b' ').find_map(|item| item.strip_prefix(b"agent="));
        if let Some(agent) = agent {
            self.agent(role, agent);
        }
    }

    fn agent(&mut self, role: Role, agent: &[u8]) {
        if let Some(known) = self.agents.get_mut(role.index()) {
            known.get_or_insert_with(|| Text::new(agent));
        }
    }

    fn close(&mut self, role: Role) {
        if let Some(over) = self.over.get_mut(role.index()) {
            *over = true;
        }
    }
}

fn is_object(name: &[u8]) -> bool {
    OBJECT_DIGITS.contains(&name.len()) && name.iter().all(u8::is_ascii_hexdigit)
}

/// Four hexadecimal digits.
fn length(digits: [u8; LENGTH_BYTES]) -> Option<usize> {
    digits.iter().try_fold(0usize, |sum, digit| {
        let value = char::from(*digit).to_digit(16)?;
        Some(sum * 16 + value as usize)
    })
}

impl Dissector for Git {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        let Chunk { role, bytes, .. } = chunk;
        if self.over == [true; 2] {
            return Step::Done;
        }
        if self.over.get(role.index()).is_some_and(|over| *over) {
            return Step::Skip(u64::MAX);
        }
        let mut reader = Reader::new(bytes);
        let Some(digits) = reader.array::<LENGTH_BYTES>() else {
            return Step::NeedMore(LENGTH_BYTES);
        };
        let (line, used) = match length(digits) {
            Some(0) => (Line::Flush, LENGTH_BYTES),
            Some(1..=3) => (Line::Other, LENGTH_BYTES),
            Some(whole) => match reader.take(whole.saturating_sub(LENGTH_BYTES)) {
                Some(content) => (Line::Bytes(content), whole),
                None => return Step::NeedMore(whole),
            },
            None => return Step::Violation,
        };
        match role {
            Role::Client => self.client_line(line),
            Role::Server => self.server_line(line),
        }
        Step::Consumed(used)
    }

    fn facts(&self, out: &mut Facts) {
        let [client, server] = &self.agents;
        let mut git = out.element(&ELEMENT);
        git.maybe(&SERVICE, self.service.as_ref());
        git.text(&REPOSITORY, &self.repository);
        git.text(&HOST, &self.host);
        if let Some(version) = self.version {
            git.number(&VERSION, version);
        }
        git.maybe(&CLIENT_AGENT, client.as_ref());
        git.maybe(&SERVER_AGENT, server.as_ref());
        git.maybe(&HEAD, self.head.as_ref());
        for (field, count) in [(&REFERENCES, self.references), (&HAVES, self.haves)] {
            if count > 0 {
                git.number(field, count);
            }
        }
        git.texts(&COMMAND, &self.commands);
        git.texts(&WANTS, &self.wants);
        git.texts(&PUSHED, &self.pushed);
        git.maybe(&ERROR, self.error.as_ref());
    }

    fn heap_bytes(&self) -> usize {
        let lists = [&self.commands, &self.wants, &self.pushed];
        let texts = lists.into_iter().flat_map(|list| list.items());
        let single = self.service.iter().chain(&self.head).chain(&self.error).chain(self.agents.iter().flatten());
        size_of::<Self>()
            + texts.map(|text| size_of::<Text>() + text.heap_bytes()).sum::<usize>()
            + single.chain([&self.repository, &self.host]).map(Text::heap_bytes).sum::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn say(role: Role, bytes: &[u8]) -> Verdict {
        let destination = "192.0.2.2".parse().unwrap();
        probe(&Sample { transport: Transport::Tcp, role, bytes, destination })
    }

    #[test]
    fn a_request_is_proof_and_its_beginning_waits() {
        let request = b"0032git-upload-pack /project.git\0host=example.com\0";
        assert_eq!(say(Role::Client, request), Verdict::Match);
        for cut in 1..22 {
            assert_eq!(say(Role::Client, &request[..cut]), Verdict::NeedMore, "{cut}");
        }
        assert_eq!(say(Role::Server, request), Verdict::Reject);
    }

    #[test]
    fn an_advertisement_is_proof() {
        let object = b"6b1e0a3c6b1e0a3c6b1e0a3c6b1e0a3c6b1e0a3c";
        let line = [&b"0033"[..], object, b" HEAD\0agent"].concat();
        assert_eq!(say(Role::Server, &line), Verdict::Match);
        assert_eq!(say(Role::Server, b"000eversion 2\n"), Verdict::Likely);
        assert_eq!(say(Role::Client, b"0123456789abcdef"), Verdict::Reject);
    }
}
