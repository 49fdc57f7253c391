//! PJL over a raw connection to a printer (HP Printer Job Language; "JetDirect").
//!
//! ```text
//! client   1b "%-12345X@PJL" CR LF  @PJL SET USERNAME="x" LF  @PJL JOB NAME="y" LF  @PJL ENTER LANGUAGE=PCL LF  data
//! printer  @PJL INFO ID CR LF "model" CR LF 0c
//! ```
//!
//! The escape with the word behind it, or the word alone in an answer, proves it. Commands are read up to the language's beginning.

use crate::dictionary::{Element, Field};
use crate::facts::Facts;
use crate::linewise::{Sides, find_ignoring_case};
use crate::noted::{Notes, begins};
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Sample, Step, Transport, Verdict};

static COMMAND: Field = Field::text("command", "commands, each with how often", "PJL Technical Reference").list();
static JOB: Field = Field::text("job", "names of jobs, each once", "PJL Technical Reference, JOB").list();
static USER: Field = Field::text("user", "who prints", "PJL, SET USERNAME");
static LANGUAGE: Field = Field::text("language", "what is printed", "PJL, ENTER LANGUAGE").list();
static PRINTER: Field = Field::text("printer", "what the printer says it is", "PJL, INFO ID");
static FILE: Field = Field::text("file", "files of the printer that are asked for", "PJL, FSUPLOAD and its kin").list();

static ELEMENT: Element = Element {
    name: "pjl",
    meaning: "a printer and its jobs",
    fields: &[&USER, &JOB, &LANGUAGE, &PRINTER, &COMMAND, &FILE],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "pjl",
    about: About {
        name: "Printer Job Language over a raw connection",
        specification: "HP, PJL Technical Reference Manual",
        evidence: "the escape with the word behind it",
        limits: "what is printed; commands behind it",
        ports: &[9100],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes { client: &[0x1b..=0x1b], server: &[b'@'..=b'@'] },
    probe,
    open: |_: &Opening| Box::new(Pjl { lines: Default::default(), notes: Notes::new(&ELEMENT), asked: false }),
};

const ESCAPE: &[u8] = b"\x1b%-12345X";
const WORD: &[u8] = b"@PJL";
/// The longest line that is looked at.
const LINE_BYTES: usize = 512;

fn probe(sample: &Sample<'_>) -> Verdict {
    if sample.role == Role::Server {
        return begins(sample.bytes, b"@PJL ");
    }
    match begins(sample.bytes, ESCAPE) {
        Verdict::Match => begins(sample.bytes.get(ESCAPE.len()..).unwrap_or_default(), WORD),
        verdict => verdict,
    }
}

#[derive(Debug)]
struct Pjl {
    lines: Sides,
    notes: Notes,
    /// The printer's next line is its name.
    asked: bool,
}

impl Dissector for Pjl {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        let (line, used) = match self.lines.next(chunk.role, chunk.bytes, LINE_BYTES).line() {
            Ok(found) => found,
            Err(step) => return step,
        };
        if chunk.role == Role::Server {
            if std::mem::take(&mut self.asked) {
                self.notes.text(&PRINTER, line.trim_ascii());
            }
            self.asked = line == b"@PJL INFO ID";
            return Step::Consumed(used);
        }
        let line = line.strip_prefix(ESCAPE).unwrap_or(line);
        match line.strip_prefix(WORD) {
            Some(command) if self.command(command.trim_ascii()) => Step::Consumed(used),
            Some(_) => Step::Done,
            None => Step::Consumed(used),
        }
    }

    fn facts(&self, out: &mut Facts) {
        self.notes.facts(out);
    }

    fn heap_bytes(&self) -> usize {
        self.notes.heap_bytes()
    }
}

impl Pjl {
    /// Takes a command. Tells whether others follow.
    fn command(&mut self, command: &[u8]) -> bool {
        let end = command.iter().position(|byte| !byte.is_ascii_alphabetic()).unwrap_or(command.len());
        let word = command.get(..end).unwrap_or_default().to_ascii_uppercase();
        if word.is_empty() {
            return true;
        }
        self.notes.tally(&COMMAND, &word);
        match word.as_slice() {
            b"JOB" => self.notes.text(&JOB, value(command, b"NAME")),
            b"SET" => {
                let user = value(command, b"USERNAME");
                self.notes.text(&USER, user);
                self.notes.user(user);
                self.notes.text(&JOB, value(command, b"JOBNAME"));
            }
            b"FSUPLOAD" | b"FSDOWNLOAD" | b"FSDIRLIST" | b"FSQUERY" | b"FSDELETE" => {
                self.notes.text(&FILE, value(command, b"NAME"));
            }
            b"ENTER" => {
                self.notes.text(&LANGUAGE, value(command, b"LANGUAGE"));
                return false;
            }
            _ => {}
        }
        true
    }
}

/// What stands behind `name=`, with or without quotes.
fn value<'a>(command: &'a [u8], name: &[u8]) -> &'a [u8] {
    let found = || {
        let at = find_ignoring_case(command, name)?;
        let rest =
            command.get(at.checked_add(name.len())?..)?.trim_ascii_start().strip_prefix(b"=")?.trim_ascii_start();
        match rest.strip_prefix(b"\"") {
            Some(quoted) => quoted.get(..memchr::memchr(b'"', quoted).unwrap_or(quoted.len())),
            None => rest.get(..rest.iter().position(u8::is_ascii_whitespace).unwrap_or(rest.len())),
        }
    };
    found().unwrap_or_default()
}
