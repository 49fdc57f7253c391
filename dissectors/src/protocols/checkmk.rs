//! The agent of Checkmk, in its clear form: who connects is told everything about a host.
//!
//! ```text
//! <<<check_mk>>> LF Version: 2.2.0 LF AgentOS: linux LF Hostname: host LF ... <<<section>>> LF lines ...
//! ```
//!
//! The first section's head is the proof. Only its own lines are told, and which sections there are. The encrypted forms begin otherwise.

use crate::capped::{List, Text};
use crate::dictionary::{Element, Field};
use crate::facts::Facts;
use crate::kept::texts_bytes;
use crate::linewise::Lines;
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Sample, Step, Transport, Verdict};

static VERSION: Field = Field::text("version", "the agent's version", "Checkmk agent");
static SYSTEM: Field = Field::text("system", "the host's operating system", "Checkmk agent");
static HOST: Field = Field::text("host", "the host's name", "Checkmk agent");
static SECTION: Field = Field::text("section", "what is told, in its order", "Checkmk agent").list();

static ELEMENT: Element = Element {
    name: "checkmk",
    meaning: "what an agent of Checkmk tells",
    fields: &[&VERSION, &SYSTEM, &HOST, &SECTION],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "checkmk",
    about: About {
        name: "Checkmk's agent",
        specification: "Checkmk documentation",
        evidence: "the first section's head",
        limits: "only the agent's own lines; the encrypted forms are not read",
        ports: &[6556],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes { client: &[], server: &[b'<'..=b'<'] },
    probe,
    open: |_: &Opening| Box::new(CheckMk::default()),
};

const BANNER: &[u8] = b"<<<check_mk>>>\n";
/// The longest line that is looked at.
const LINE_BYTES: usize = 512;

fn probe(sample: &Sample<'_>) -> Verdict {
    match sample.role {
        Role::Server if sample.bytes.starts_with(BANNER) => Verdict::Match,
        Role::Server if BANNER.starts_with(sample.bytes) => Verdict::NeedMore,
        _ => Verdict::Reject,
    }
}

#[derive(Debug, Default)]
struct CheckMk {
    lines: Lines,
    version: Option<Text>,
    system: Option<Text>,
    host: Option<Text>,
    sections: List<Text>,
}

impl Dissector for CheckMk {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        if chunk.role == Role::Client {
            return Step::Consumed(chunk.bytes.len());
        }
        let (line, used) = match self.lines.next(chunk.bytes, LINE_BYTES).line() {
            Ok(found) => found,
            Err(step) => return step,
        };
        if let Some(section) = line.strip_prefix(b"<<<").and_then(|rest| rest.strip_suffix(b">>>")) {
            // `name:options`; a name with nothing in it ends what came before.
            let name = section.split(|byte| *byte == b':').next().unwrap_or_default();
            if !name.is_empty() {
                self.sections.push_distinct(Text::new(name));
            }
        } else if self.sections.items().len() == 1 {
            let field = match line.split(|byte| *byte == b':').next() {
                Some(b"Version") => &mut self.version,
                Some(b"AgentOS") => &mut self.system,
                Some(b"Hostname") => &mut self.host,
                _ => return Step::Consumed(used),
            };
            let value = memchr::memchr(b':', line).and_then(|at| line.get(at.saturating_add(1)..)).unwrap_or_default();
            field.get_or_insert_with(|| Text::new(value.trim_ascii()));
        }
        Step::Consumed(used)
    }

    fn facts(&self, out: &mut Facts) {
        let mut element = out.element(&ELEMENT);
        element.maybe(&VERSION, self.version.as_ref());
        element.maybe(&SYSTEM, self.system.as_ref());
        element.maybe(&HOST, self.host.as_ref());
        element.texts(&SECTION, &self.sections);
    }

    fn heap_bytes(&self) -> usize {
        let single = [&self.version, &self.system, &self.host].into_iter().flatten().map(Text::heap_bytes);
        size_of::<Self>() + single.sum::<usize>() + texts_bytes(&self.sections)
    }
}
