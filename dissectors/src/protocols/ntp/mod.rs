//! NTP over UDP: the time, and the questions that a clock's keeper asks of a server.
//!
//! Specifications: RFC 5905 (version 4), RFC 1305 (3), RFC 1119 (2), RFC 1059 (1), RFC 4330 (SNTP), RFC 9327 (control messages);
//! messages of mode 7 are the reference implementation's own. [`packet`] has the layouts.
//!
//! Any 48 bytes look a little like NTP. So every field is held against its range, and an answer's times against each other: a server
//! sends at once what it has received. What a client sends says less, since careful clients fill it with zeros and a random time;
//! it is believed with an answer, or where nobody else claims it.
//!
//! Limits: lists of sixteen. Ignored on purpose: extension fields' content (NTS' among them), the codes that authenticate, what control
//! messages say of single variables except the version and the system.

mod packet;

use crate::capped::{List, Text};
use crate::dictionary::{Element, Field, Kind};
use crate::digits;
use crate::facts::{Facts, Value};
use crate::kept::{count, tell_count, tell_name, tell_names};
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Sample, Step, Transport, Verdict};
use crate::time::{SECOND, Timestamp};
use packet::{Clock, Packet};

static VERSION: Field = Field::number("version", "versions spoken, each once", "RFC 5905 7.3").list();
static MODE: Field = Field::number(
    "mode",
    "modes seen, each once: 1 and 2 peers, 3 client, 4 server, 5 broadcast, 6 control, 7 private",
    "RFC 5905 7.3",
)
.list();
static REQUESTS: Field = Field::number("requests", "questions for the time, or of control", "RFC 5905 9");
static ANSWERS: Field = Field::number("answers", "answers to them", "RFC 5905 9");
static STRATUM: Field =
    Field::number("stratum", "how far the server is from a clock, each once", "RFC 5905 7.3").list();
static LEAP: Field = Field::text("leap", "`unsynchronised`, or the leap second that is announced", "RFC 5905 7.3");
static REFERENCE: Field =
    Field::text("reference", "what the server takes its time from: a clock's name, or an address", "RFC 5905 7.3");
static KISS: Field = Field::text("kiss", "why the server refuses to tell the time", "RFC 5905 7.4").list();
static PRECISION: Field =
    Field::number("precision", "the server's precision: so many binary places of a second", "RFC 5905 7.3");
static ROOT_DELAY: Field =
    Field::new(Kind::Milliseconds, "root_delay", "round trip from the server to the clock", "RFC 5905 7.3").unit("ms");
static ROOT_DISPERSION: Field =
    Field::new(Kind::Milliseconds, "root_dispersion", "how far the server may be wrong", "RFC 5905 7.3").unit("ms");
static TIME: Field = Field::new(Kind::Time, "time", "the time that the server first told", "RFC 5905 6");
static KEY: Field = Field::number("key", "number of the key that the messages are authenticated with", "RFC 5905 7.3");
static CONTROL: Field = Field::text("control", "control messages, such as `readvar`", "RFC 9327 2").list();
static PRIVATE: Field =
    Field::text("private", "private requests, such as `monlist`", "the reference implementation").list();
static SYSTEM: Field = Field::text("system", "the server's operating system, as it says", "RFC 9327 4");
static SOFTWARE: Field = Field::text("software", "the server's software, as it says", "RFC 9327 4");

static ELEMENT: Element = Element {
    name: "ntp",
    meaning: "the time of day",
    fields: &[
        &VERSION,
        &MODE,
        &REQUESTS,
        &ANSWERS,
        &STRATUM,
        &LEAP,
        &REFERENCE,
        &KISS,
        &PRECISION,
        &ROOT_DELAY,
        &ROOT_DISPERSION,
        &TIME,
        &KEY,
        &CONTROL,
        &PRIVATE,
        &SYSTEM,
        &SOFTWARE,
    ],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "ntp",
    about: About {
        name: "Network Time Protocol 1 to 4",
        specification: "RFC 5905, RFC 1305, RFC 4330, RFC 9327",
        evidence: "every field in its range, and an answer's times against each other",
        limits: "extension fields and codes that authenticate; a lone question is believed only where nobody else claims it",
        ports: &[123],
    },
    transports: &[Transport::Udp],
    elements: &[&ELEMENT],
    // Versions 1 to 4 with any leap.
    first: FirstBytes::both(&[0x09..=0x27, 0x49..=0x67, 0x89..=0xa7, 0xc9..=0xe7]),
    probe,
    open: |_: &Opening| Box::new(Ntp::default()),
};

fn probe(sample: &Sample<'_>) -> Verdict {
    match packet::read(sample.bytes) {
        Some(Packet::Clock(clock)) if clock.speaks(sample.role) => match () {
            () if clock.is_answer() => Verdict::Match,
            () if clock.is_plausible() => Verdict::Likely,
            () => Verdict::Reject,
        },
        Some(Packet::Control(control)) if control.response == (sample.role == Role::Server) => {
            if control.is_told() {
                Verdict::Match
            } else {
                Verdict::Likely
            }
        }
        Some(Packet::Private(private)) if private.response == (sample.role == Role::Server) => {
            if private.is_told() {
                Verdict::Match
            } else {
                Verdict::Likely
            }
        }
        _ => Verdict::Reject,
    }
}

/// What the first good answer says.
#[derive(Debug)]
struct Told {
    leap: u8,
    stratum: u8,
    precision: i8,
    reference: [u8; 4],
    root_delay: u32,
    root_dispersion: u32,
    time: Option<Timestamp>,
}

#[derive(Debug, Default)]
struct Ntp {
    versions: List<u8>,
    modes: List<u8>,
    strata: List<u8>,
    requests: u64,
    answers: u64,
    told: Option<Told>,
    kisses: List<Text>,
    key: Option<u32>,
    control: List<u32>,
    private: List<u32>,
    system: Option<Text>,
    software: Option<Text>,
}

impl Ntp {
    fn clock(&mut self, clock: &Clock<'_>) {
        if self.key.is_none() {
            self.key = clock.key();
        }
        if clock.mode == packet::CLIENT {
            return count(&mut self.requests);
        }
        count(if clock.mode == packet::ACTIVE { &mut self.requests } else { &mut self.answers });
        // Stratum 0 in an answer is no stratum: its reference says why nothing is told.
        if clock.stratum == 0 {
            let kiss = clock.reference;
            if kiss.iter().all(u8::is_ascii_uppercase) {
                self.kisses.push_distinct(Text::new(&kiss));
            }
        } else {
            self.strata.push_distinct(clock.stratum);
        }
        let better = self.told.as_ref().is_none_or(|told| told.stratum == 0 && clock.stratum != 0);
        if better {
            self.told = Some(Told {
                leap: clock.leap,
                stratum: clock.stratum,
                precision: clock.precision,
                reference: clock.reference,
                root_delay: clock.root_delay,
                root_dispersion: clock.root_dispersion,
                time: packet::instant(clock.transmit),
            });
        }
    }
}

impl Dissector for Ntp {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        let step = Step::Consumed(chunk.bytes.len());
        let Some(packet) = packet::read(chunk.bytes) else {
            return step;
        };
        let (version, mode) = packet.version_and_mode();
        self.versions.push_distinct(version);
        self.modes.push_distinct(mode);
        match packet {
            Packet::Clock(clock) => self.clock(&clock),
            Packet::Control(control) => {
                count(if control.response { &mut self.answers } else { &mut self.requests });
                self.control.push_distinct(u32::from(control.operation));
                if control.response && control.offset == 0 {
                    let kept = |name| control.variable(name).map(Text::new);
                    self.system = self.system.take().or_else(|| kept(b"system"));
                    self.software = self.software.take().or_else(|| kept(b"version"));
                }
            }
            Packet::Private(private) => {
                count(if private.response { &mut self.answers } else { &mut self.requests });
                self.private.push_distinct(u32::from(private.request));
            }
        }
        step
    }

    fn facts(&self, out: &mut Facts) {
        let mut ntp = out.element(&ELEMENT);
        for (field, list) in [(&VERSION, &self.versions), (&MODE, &self.modes)] {
            ntp.list(field, list.items().iter().map(|number| u64::from(*number)), list.omitted());
        }
        tell_count(&mut ntp, &REQUESTS, self.requests);
        tell_count(&mut ntp, &ANSWERS, self.answers);
        ntp.list(&STRATUM, self.strata.items().iter().map(|stratum| u64::from(*stratum)), self.strata.omitted());
        if let Some(told) = &self.told {
            if let Some(leap) = packet::leap(told.leap) {
                ntp.plain(&LEAP, leap);
            }
            match told.stratum {
                // A clock's name is up to four characters, filled up with zeros.
                1 if told.reference.iter().all(|byte| matches!(byte, 0 | b' '..=b'~')) => {
                    ntp.bytes(&REFERENCE, told.reference.split(|byte| *byte == 0).next().unwrap_or_default());
                }
                // Of an IPv6 source it is the hash; that can't be told from an address.
                1..=15 => {
                    let mut text = Vec::new();
                    digits::ipv4(told.reference.into(), &mut text);
                    ntp.bytes(&REFERENCE, &text);
                }
                _ => {}
            }
            if told.stratum != 0 {
                if told.precision < 0 {
                    ntp.number(&PRECISION, u64::from(told.precision.unsigned_abs()));
                }
                // Seconds in 16.16.
                let nanos = |short: u32| u64::from(short).saturating_mul(SECOND) >> 16;
                ntp.value(&ROOT_DELAY, Value::Milliseconds(nanos(told.root_delay)));
                ntp.value(&ROOT_DISPERSION, Value::Milliseconds(nanos(told.root_dispersion)));
            }
            if let Some(time) = told.time.filter(|_| told.stratum != 0) {
                ntp.value(&TIME, Value::Time(time));
            }
        }
        ntp.texts(&KISS, &self.kisses);
        if let Some(key) = self.key {
            ntp.number(&KEY, u64::from(key));
        }
        tell_names(&mut ntp, &CONTROL, &self.control, packet::operation);
        for request in self.private.items() {
            tell_name(&mut ntp, &PRIVATE, *request, packet::request);
        }
        ntp.omitted(&PRIVATE, self.private.omitted());
        ntp.maybe(&SYSTEM, self.system.as_ref());
        ntp.maybe(&SOFTWARE, self.software.as_ref());
    }

    fn heap_bytes(&self) -> usize {
        let texts = [&self.system, &self.software].into_iter().flatten().map(Text::heap_bytes).sum::<usize>();
        size_of::<Self>() + texts + crate::kept::texts_bytes(&self.kisses)
    }
}
