//! LPD: print jobs of the line printer daemon (RFC 1179).
//!
//! ```text
//! client   02 queue LF       server 00       02 length " cfA001host" LF   server 00   control file 00   server 00   03 length " dfA001host" LF  data 00
//! client   03|04 queue [list] LF             server: text
//! control  lines:  H host  P user  J job  N file  L banner ...
//! ```
//!
//! A job's command with a file's behind it proves it; a queue alone tells nothing.

use crate::dictionary::{Element, Field};
use crate::facts::Facts;
use crate::framing::{decimal, is_text, line};
use crate::linewise::word;
use crate::noted::Notes;
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Sample, Step, Transport, Verdict};

static COMMAND: Field =
    Field::text("command", "`print`, `receive`, `queue`, `queue-long`, `remove`", "RFC 1179 5").list();
static QUEUE: Field = Field::text("queue", "the queue", "RFC 1179 5");
static HOST: Field = Field::text("host", "the host that prints", "RFC 1179 7.2");
static USER: Field = Field::text("user", "who prints", "RFC 1179 7.8");
static JOB: Field = Field::text("job", "names of jobs", "RFC 1179 7.4").list();
static FILE: Field = Field::text("file", "names of files that are printed", "RFC 1179 7.7").list();
static BYTES: Field = Field::number("bytes", "bytes to print, as announced", "RFC 1179 6.3");

static ELEMENT: Element =
    Element { name: "lpd", meaning: "what is printed", fields: &[&COMMAND, &QUEUE, &HOST, &USER, &JOB, &FILE, &BYTES] };

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "lpd",
    about: About {
        name: "Line Printer Daemon",
        specification: "RFC 1179",
        evidence: "a job's command with a file's behind it",
        limits: "what is printed; who only asks for the queue is not recognised",
        ports: &[515],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes { client: &[1..=5], server: &[0..=0] },
    probe,
    open: |_: &Opening| Box::new(Lpd { notes: Notes::new(&ELEMENT), place: Place::Command }),
};

/// The longest command.
const LINE_BYTES: usize = 128;
/// The longest control file.
const CONTROL_BYTES: u64 = 4096;

/// The queue of a job's command, or the size of a file and whether it controls.
fn subcommand(line: &[u8]) -> Option<(bool, u64)> {
    let (kind, rest) = line.split_first()?;
    let (length, name) = word(rest);
    let controls = match (kind, name) {
        (2, [b'c', b'f', _, ..]) => true,
        (3, [b'd', b'f', _, ..]) => false,
        _ => return None,
    };
    Some((controls, decimal(length)?))
}

fn probe(sample: &Sample<'_>) -> Verdict {
    if sample.role == Role::Server {
        // So many zeros as commands were answered: they don't contradict, and tell nothing.
        let zeros = sample.bytes.len() <= 8 && sample.bytes.iter().all(|byte| *byte == 0);
        return if zeros { Verdict::NeedMore } else { Verdict::Reject };
    }
    match line(sample.bytes, LINE_BYTES) {
        Ok((command, used)) => {
            let queue = command.get(1..).unwrap_or_default();
            let fits = is_text(queue) && !queue.contains(&b' ') && matches!(command.first(), Some(2));
            match sample.bytes.get(used..) {
                _ if !fits => Verdict::Reject,
                Some([]) => Verdict::NeedMore,
                Some(rest) => match line(rest, LINE_BYTES) {
                    Ok((line, _)) if subcommand(line).is_some() => Verdict::Match,
                    Err(Step::NeedMore(_)) if matches!(rest.first(), Some(2 | 3)) => Verdict::NeedMore,
                    _ => Verdict::Reject,
                },
                None => Verdict::Reject,
            }
        }
        Err(Step::NeedMore(_)) if matches!(sample.bytes, [2, rest @ ..] if rest.is_empty() || is_text(rest)) => {
            Verdict::NeedMore
        }
        _ => Verdict::Reject,
    }
}

#[derive(Clone, Copy, Debug)]
enum Place {
    Command,
    Subcommand,
    Control(usize),
    /// Behind data comes a zero, which is passed over with them.
    Data,
}

#[derive(Debug)]
struct Lpd {
    notes: Notes,
    place: Place,
}

impl Dissector for Lpd {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        if chunk.role == Role::Server {
            return Step::Consumed(chunk.bytes.len());
        }
        if let Place::Control(length) = self.place {
            let Some(control) = chunk.bytes.get(..length) else { return Step::NeedMore(length) };
            self.control(control);
            self.place = Place::Subcommand;
            return Step::Consumed(length);
        }
        let (line, used) = match line(chunk.bytes, LINE_BYTES) {
            Ok(found) => found,
            Err(step) => return step,
        };
        match self.place {
            Place::Command => {
                let (kind, rest) = line.split_first().unwrap_or((&0, &[]));
                let name = match kind {
                    1 => "print",
                    2 => "receive",
                    3 => "queue",
                    4 => "queue-long",
                    _ => "remove",
                };
                self.notes.plain(&COMMAND, name);
                self.notes.text(&QUEUE, word(rest).0);
                self.place = Place::Subcommand;
                Step::Consumed(used)
            }
            _ => match subcommand(line) {
                Some((true, length)) if length < CONTROL_BYTES => {
                    self.place = Place::Control(usize::try_from(length).unwrap_or_default().saturating_add(1));
                    Step::Consumed(used)
                }
                Some((_, length)) => {
                    self.notes.add(&BYTES, length);
                    let rest = chunk.bytes.len().saturating_sub(used) as u64;
                    let all = length.saturating_add(1);
                    self.place = Place::Data;
                    match all.checked_sub(rest) {
                        Some(missing @ 1..) => Step::Skip(missing),
                        _ => Step::Consumed(used.saturating_add(usize::try_from(all).unwrap_or_default())),
                    }
                }
                None => Step::Violation,
            },
        }
    }

    fn facts(&self, out: &mut Facts) {
        self.notes.facts(out);
    }

    fn heap_bytes(&self) -> usize {
        self.notes.heap_bytes()
    }
}

impl Lpd {
    fn control(&mut self, control: &[u8]) {
        for line in control.split(|byte| *byte == b'\n') {
            match line {
                [b'H', host @ ..] => self.notes.text(&HOST, host),
                [b'P', user @ ..] => {
                    self.notes.text(&USER, user);
                    self.notes.user(user);
                }
                [b'J', job @ ..] => self.notes.text(&JOB, job),
                [b'N', file @ ..] => self.notes.text(&FILE, file),
                _ => {}
            }
        }
    }
}
