//! Stratum: miners of Bitcoin, Monero, Ethereum and others, and the pools that they work for.
//!
//! Specification: slush pool's "Stratum mining protocol"; xmrig's "Stratum"; NiceHash's EthereumStratum.
//!
//! ```text
//! miner   {"id":1,"method":"mining.subscribe","params":["cgminer/4.10"]} LF
//!         {"id":2,"method":"mining.authorize","params":["worker","password"]} LF
//!         {"id":1,"method":"login","params":{"login":"wallet","pass":"x","agent":"XMRig/6.20","algo":["rx/0"]}} LF
//!         {"id":1,"method":"eth_submitLogin","worker":"rig","params":["wallet"]} LF
//! pool    {"method":"mining.notify" ...} LF      {"method":"job" ...} LF
//! ```
//!
//! A line of JSON with a method that only miners have proves it. Passwords are not kept; wallets are told as users.

use crate::dictionary::{Element, Field, Flag};
use crate::facts::Facts;
use crate::json;
use crate::linewise::Sides;
use crate::noted::Notes;
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Sample, Step, Transport, Verdict};

static METHOD: Field = Field::text("method", "what was said, each with how often", "Stratum").list();
static AGENT: Field = Field::text("agent", "the miner's software", "Stratum");
static USER: Field = Field::text("user", "the account or wallet that is worked for", "Stratum");
static WORKER: Field = Field::text("worker", "the machine's name", "Stratum");
static ALGORITHM: Field = Field::text("algorithm", "what the miner can work on", "xmrig, Stratum");
static ERROR: Field = Field::text("error", "what the pool refused, each once", "Stratum").list();

static ELEMENT: Element = Element {
    name: "stratum",
    meaning: "a miner of cryptocurrency and its pool",
    fields: &[&USER, &WORKER, &AGENT, &ALGORITHM, &METHOD, &ERROR],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "stratum",
    about: About {
        name: "Stratum and its kin, of miners and pools",
        specification: "Stratum mining protocol, xmrig, EthereumStratum",
        evidence: "a line of JSON with a method that only miners have",
        limits: "what is mined",
        ports: &[],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[b'{'..=b'{']),
    probe,
    open: |_: &Opening| Box::new(Stratum { lines: Default::default(), notes: Notes::new(&ELEMENT) }),
};

/// The longest line that is looked at.
const LINE_BYTES: usize = 4096;

/// Whether a method is one that only miners and pools have.
fn is_telling(line: &[u8], role: Role) -> bool {
    match (json::text(line, b"method"), role) {
        (
            Some(b"mining.notify" | b"mining.set_difficulty" | b"mining.set_extranonce" | b"mining.set_target"),
            Role::Server,
        ) => true,
        (Some(b"job"), Role::Server) => json::text(line, b"job_id").is_some() && json::text(line, b"blob").is_some(),
        (Some(b"login"), Role::Client) => json::text(line, b"login").is_some() && json::text(line, b"pass").is_some(),
        (Some(b"eth_submitLogin" | b"eth_submitWork" | b"eth_submitHashrate"), Role::Client) => true,
        (Some(method), Role::Client) => method.starts_with(b"mining."),
        _ => false,
    }
}

fn probe(sample: &Sample<'_>) -> Verdict {
    if sample.bytes.first() != Some(&b'{') {
        return Verdict::Reject;
    }
    let end = memchr::memchr(b'\n', sample.bytes);
    let line = sample.bytes.get(..end.unwrap_or(sample.bytes.len())).unwrap_or_default();
    if is_telling(line, sample.role) {
        return Verdict::Match;
    }
    // A pool's first line may be an answer, which alone tells nothing; its next line may.
    let next = end.and_then(|end| sample.bytes.get(end.checked_add(1)?..)).unwrap_or_default();
    let next = next.split(|byte| *byte == b'\n').next().unwrap_or_default();
    match end {
        _ if is_telling(next, sample.role) => Verdict::Match,
        None => Verdict::NeedMore,
        Some(_) if json::value(line, b"id").is_some() && (next.is_empty() || next.first() == Some(&b'{')) => {
            Verdict::NeedMore
        }
        Some(_) => Verdict::Reject,
    }
}

#[derive(Debug)]
struct Stratum {
    lines: Sides,
    notes: Notes,
}

impl Dissector for Stratum {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        let (line, used) = match self.lines.next(chunk.role, chunk.bytes, LINE_BYTES).line() {
            Ok(found) => found,
            Err(step) => return step,
        };
        self.line(chunk.role, line);
        Step::Consumed(used)
    }

    fn gap(&mut self, role: Role, _: u64) -> Step {
        self.lines.lost(role);
        Step::Consumed(0)
    }

    fn facts(&self, out: &mut Facts) {
        self.notes.facts(out);
    }

    fn heap_bytes(&self) -> usize {
        self.notes.heap_bytes()
    }
}

impl Stratum {
    fn line(&mut self, role: Role, line: &[u8]) {
        let notes = &mut self.notes;
        let method = json::text(line, b"method").unwrap_or_default();
        if !method.is_empty() {
            notes.tally(&METHOD, method);
        }
        if role == Role::Server {
            if let Some(message) = json::text(line, b"message") {
                notes.text(&ERROR, message);
            }
            return;
        }
        // The texts of a list.
        let list = json::value(line, b"params").unwrap_or_default();
        let mut texts = list.split(|byte| *byte == b'"').skip(1).step_by(2);
        let user = match method {
            b"mining.subscribe" => {
                notes.text(&AGENT, texts.next().unwrap_or_default());
                return;
            }
            b"mining.authorize" => {
                let user = texts.next().unwrap_or_default();
                if texts.next().is_some_and(|password| !password.is_empty()) {
                    notes.flag(Flag::CleartextPassword);
                }
                user
            }
            b"eth_submitLogin" => {
                notes.text(&WORKER, json::text(line, b"worker").unwrap_or_default());
                texts.next().unwrap_or_default()
            }
            b"login" => {
                notes.text(&AGENT, json::text(line, b"agent").unwrap_or_default());
                notes.text(&WORKER, json::text(line, b"rigid").unwrap_or_default());
                let algorithms: Vec<u8> = json::value(line, b"algo")
                    .unwrap_or_default()
                    .iter()
                    .copied()
                    .filter(|byte| *byte != b'"')
                    .collect();
                notes.text(&ALGORITHM, &algorithms);
                if json::text(line, b"pass").is_some_and(|password| !password.is_empty()) {
                    notes.flag(Flag::CleartextPassword);
                }
                json::text(line, b"login").unwrap_or_default()
            }
            _ => return,
        };
        notes.text(&USER, user);
        notes.user(user);
    }
}
