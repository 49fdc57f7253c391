//! Munin's nodes: a master asks a host for its measurements.
//!
//! Specification: the Munin guide, "Data exchange between master and node".
//!
//! ```text
//! node     # munin node at HOST LF
//! master   cap ... | nodes | list [HOST] | config PLUGIN | fetch PLUGIN | version | quit     LF
//! node     lines, after most commands ended by a line with a dot
//! ```
//!
//! The node's greeting proves it. Measurements are not told.

use crate::capped::{List, Text};
use crate::dictionary::{Element, Field};
use crate::facts::Facts;
use crate::kept::{count, tell_count};
use crate::linewise::{Sides, word};
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Sample, Step, Transport, Verdict};

static NODE: Field = Field::text("node", "the host's name", "Munin guide");
static VERSION: Field = Field::text("version", "the node's version, where it was asked", "Munin guide");
static COMMANDS: Field = Field::number("commands", "commands", "Munin guide");
static COMMAND: Field = Field::text("command", "the commands", "Munin guide").aligned();
static ARGUMENT: Field = Field::text("argument", "what stands behind each of them", "Munin guide").aligned();

static ELEMENT: Element = Element {
    name: "munin",
    meaning: "measurements of a host",
    fields: &[&NODE, &VERSION, &COMMANDS, &COMMAND, &ARGUMENT],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "munin",
    about: About {
        name: "Munin's nodes",
        specification: "Munin guide, Data exchange between master and node",
        evidence: "the node's greeting",
        limits: "measurements are not told",
        ports: &[4949],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes {
        client: &[b'c'..=b'c', b'f'..=b'f', b'l'..=b'l', b'n'..=b'n', b'q'..=b'q', b's'..=b's', b'v'..=b'v'],
        server: &[b'#'..=b'#'],
    },
    probe,
    open: |_: &Opening| Box::new(Munin::default()),
};

const BANNER: &[u8] = b"# munin node at ";
/// What stands before the version, in `munins node on HOST version: 2.0.73`.
const VERSION_MARK: &[u8] = b"version: ";
/// The longest line that is looked at.
const LINE_BYTES: usize = 1024;
const COMMAND_NAMES: &[&[u8]] =
    &[b"cap", b"nodes", b"list", b"config", b"fetch", b"version", b"quit", b"spoolfetch", b"starttls"];

fn probe(sample: &Sample<'_>) -> Verdict {
    match sample.role {
        Role::Server if sample.bytes.starts_with(BANNER) => Verdict::Match,
        Role::Server if BANNER.starts_with(sample.bytes) => Verdict::NeedMore,
        Role::Server => Verdict::Reject,
        // Words that many use: only the greeting tells.
        Role::Client => {
            let line = sample.bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
            let (command, _) = word(line.trim_ascii_end());
            let fits = if line.len() == sample.bytes.len() && command.len() == line.len() {
                COMMAND_NAMES.iter().any(|known| known.starts_with(command))
            } else {
                COMMAND_NAMES.contains(&command)
            };
            if fits { Verdict::NeedMore } else { Verdict::Reject }
        }
    }
}

#[derive(Debug, Default)]
struct Munin {
    lines: Sides,
    node: Option<Text>,
    version: Option<Text>,
    commands: u64,
    told: List<(Text, Text)>,
}

impl Dissector for Munin {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        let (line, used) = match self.lines.next(chunk.role, chunk.bytes, LINE_BYTES).line() {
            Ok(found) => found,
            Err(step) => return step,
        };
        match chunk.role {
            Role::Client if !line.is_empty() => {
                count(&mut self.commands);
                let (command, argument) = word(line);
                self.told.push_with(|| (Text::new(command), Text::new(argument)));
            }
            Role::Client => {}
            Role::Server => {
                if let Some(host) = line.strip_prefix(BANNER) {
                    self.node.get_or_insert_with(|| Text::new(host));
                } else if let Some(at) = memchr::memmem::find(line, VERSION_MARK).filter(|_| line.starts_with(b"munin"))
                {
                    let version = line.get(at.saturating_add(VERSION_MARK.len())..).unwrap_or_default();
                    self.version.get_or_insert_with(|| Text::new(version));
                }
            }
        }
        Step::Consumed(used)
    }

    fn gap(&mut self, role: Role, _bytes: u64) -> Step {
        // Lines are found again at the next line's end.
        self.lines.lost(role);
        Step::Consumed(0)
    }

    fn facts(&self, out: &mut Facts) {
        let mut munin = out.element(&ELEMENT);
        munin.maybe(&NODE, self.node.as_ref());
        munin.maybe(&VERSION, self.version.as_ref());
        tell_count(&mut munin, &COMMANDS, self.commands);
        munin.list(&COMMAND, self.told.items().iter().map(|(command, _)| command), self.told.omitted());
        munin.list(&ARGUMENT, self.told.items().iter().map(|(_, argument)| argument), self.told.omitted());
    }

    fn heap_bytes(&self) -> usize {
        let told = self.told.items().iter().map(|(a, b)| size_of::<(Text, Text)>() + a.heap_bytes() + b.heap_bytes());
        let single = [&self.node, &self.version].into_iter().flatten().map(Text::heap_bytes);
        size_of::<Self>() + told.sum::<usize>() + single.sum::<usize>()
    }
}
