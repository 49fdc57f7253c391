//! Tells DNS, mDNS and LLMNR from everything else, and from one another.
//!
//! The three share one format, so one look decides for all of them and each protocol's probe claims only its own. The evidence
//! is the structure: an operation in use, counts that the sections meet to the last byte, names that keep the rules, classes in
//! use. A message that is whole in this sense is a match; one that was cut short, or has bytes left over, only fits.
//!
//! - mDNS (RFC 6762) is what goes to its multicast groups; by content, a message with id 0 and flags that only mDNS sends (3, 18)
//!   about `.local` or with mDNS's class bit.
//! - LLMNR (RFC 4795) is what goes to its groups; by content, an answer about a single label with its usual lifetime of 30 s that is
//!   neither authoritative nor recursive: no DNS server answers so.
//! - NBNS (RFC 1002) is none of them: its names are 32 letters from A to P.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::kinds::{class_name, kind};
use super::message::{
    Entry, HEADER_BYTES, Header, MDNS_BIT, MIN_QUESTION_BYTES, MIN_RECORD_BYTES, Section, Walk, flag, opcode,
};
use super::name::{self, Fault, Outline};
use crate::protocol::{PROBE_BYTES, Role, Sample, Transport, Verdict};
use crate::reader::Reader;

/// mDNS's groups (RFC 6762 3).
const MDNS_GROUPS: [IpAddr; 2] =
    [IpAddr::V4(Ipv4Addr::new(224, 0, 0, 251)), IpAddr::V6(Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0xfb))];
/// LLMNR's groups (RFC 4795 2).
const LLMNR_GROUPS: [IpAddr; 2] =
    [IpAddr::V4(Ipv4Addr::new(224, 0, 0, 252)), IpAddr::V6(Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 1, 3))];
/// The lifetime of LLMNR's answers in seconds (RFC 4795 2.8).
const LLMNR_TTL: u32 = 30;
/// Additional records that a plain query may bring: OPT, TSIG or SIG(0), and one to spare.
const QUERY_ADDITIONAL: u16 = 3;

/// Which of the three a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flavour {
    /// Unicast DNS.
    Dns,
    /// Multicast DNS.
    Mdns,
    /// Link-local multicast name resolution.
    Llmnr,
}

/// The probe of [`super::DNS`].
pub fn dns(sample: &Sample<'_>) -> Verdict {
    claim(sample, Flavour::Dns)
}

/// The probe of [`super::MDNS`].
pub fn mdns(sample: &Sample<'_>) -> Verdict {
    claim(sample, Flavour::Mdns)
}

/// The probe of [`super::LLMNR`].
pub fn llmnr(sample: &Sample<'_>) -> Verdict {
    claim(sample, Flavour::Llmnr)
}

fn claim(sample: &Sample<'_>, flavour: Flavour) -> Verdict {
    match sample.transport {
        Transport::Udp => {
            let cut = sample.bytes.len() >= PROBE_BYTES;
            let judged = || {
                let found = look(sample.bytes, cut).and_then(|survey| survey.judge(sample));
                found.filter(|(found, _)| *found == flavour).map_or(Verdict::Reject, |(_, verdict)| verdict)
            };
            if may_be(sample, flavour) {
                return judged();
            }
            debug_assert_eq!(judged(), Verdict::Reject, "{sample:?} as {flavour:?}");
            Verdict::Reject
        }
        Transport::Tcp if flavour == Flavour::Dns => stream(sample),
        Transport::Tcp | Transport::Sctp => Verdict::Reject,
    }
}

/// Whether a datagram's header and where it goes leave a flavour. All three probes are asked about each datagram that begins like one of
/// them, and a look at the whole of it costs far more than this.
fn may_be(sample: &Sample<'_>, flavour: Flavour) -> bool {
    let Some(header) = Header::read(sample.bytes) else {
        return false;
    };
    if sample.destination.is_multicast() {
        return match flavour {
            Flavour::Dns => false,
            Flavour::Mdns => MDNS_GROUPS.contains(&sample.destination),
            Flavour::Llmnr => LLMNR_GROUPS.contains(&sample.destination),
        };
    }
    let flags = header.flags & !flag::TC;
    match flavour {
        Flavour::Dns => fits_role(&header, sample.role),
        Flavour::Mdns => flags == 0 || (flags == flag::QR | flag::AA && header.id == 0),
        Flavour::Llmnr => sample.role == Role::Server && flags == flag::QR,
    }
}

/// DNS over TCP: each message behind its length (RFC 1035 4.2.2).
fn stream(sample: &Sample<'_>) -> Verdict {
    let mut reader = Reader::new(sample.bytes);
    let Some(length) = reader.be_u16().map(usize::from) else {
        return Verdict::NeedMore;
    };
    if length < HEADER_BYTES {
        return Verdict::Reject;
    }
    let whole = reader.len() >= length;
    let message = reader.rest().get(..length).unwrap_or(reader.rest());
    let Some(header) = Header::read(message) else {
        return early(message, sample.role);
    };
    if !fits_role(&header, sample.role) {
        return Verdict::Reject;
    }
    match look(message, !whole).and_then(|survey| survey.dns(sample)) {
        // What is shown is all that a probe ever gets, and it fits to the last byte.
        Some(Verdict::Likely) if !whole && sample.bytes.len() >= PROBE_BYTES => Verdict::Match,
        Some(verdict) => verdict,
        None => Verdict::Reject,
    }
}

/// Judges a header that has not all arrived.
fn early(message: &[u8], role: Role) -> Verdict {
    let mut reader = Reader::new(message);
    let (Some(id), Some(flags)) = (reader.be_u16(), reader.be_u16()) else {
        return Verdict::NeedMore;
    };
    if fits_role(&Header { id, flags, counts: [0; 4] }, role) { Verdict::NeedMore } else { Verdict::Reject }
}

/// Whether operation and flags are in use, and are those of this side.
fn fits_role(header: &Header, role: Role) -> bool {
    let known = matches!(header.opcode(), opcode::QUERY | opcode::NOTIFY | opcode::UPDATE);
    let response = role == Role::Server;
    // A NOTIFY is sent as if it were authoritative (RFC 1996 3.7).
    let asks =
        header.rcode() == 0 && !header.has(flag::TC) && (!header.has(flag::AA) || header.opcode() == opcode::NOTIFY);
    known && header.is_response() == response && (response || asks)
}

/// What a message looks like.
#[derive(Debug)]
struct Survey<'m> {
    header: Header,
    /// The first question, with its class.
    question: Option<(Outline<'m>, u16, u16)>,
    /// The first record's owner.
    owner: Option<Outline<'m>>,
    /// The first record's lifetime.
    ttl: Option<u32>,
    /// Entries that parsed.
    entries: usize,
    /// An entry's class has mDNS's bit.
    mdns_bit: bool,
    fault: Option<Fault>,
    leftover: usize,
    /// No name breaks the rules.
    sound: bool,
    /// Nothing is missing that the probe should have been shown.
    shown: bool,
}

/// Reads a message as far as it goes. `None`: it is no message of this family.
fn look(message: &[u8], cut: bool) -> Option<Survey<'_>> {
    let header = Header::read(message)?;
    let [questions, answers, authority, additional] = header.counts;
    let records = usize::from(answers).saturating_add(usize::from(authority)).saturating_add(usize::from(additional));
    // Most of what is not DNS ends here: its counts want more bytes than any message holds.
    let least = usize::from(questions)
        .saturating_mul(MIN_QUESTION_BYTES)
        .saturating_add(records.saturating_mul(MIN_RECORD_BYTES));
    let known = matches!(header.opcode(), opcode::QUERY | opcode::NOTIFY | opcode::UPDATE);
    if !known || least > usize::from(u16::MAX) {
        return None;
    }
    let mut walk = Walk::new(message, &header);
    let mut survey = Survey {
        header,
        question: None,
        owner: None,
        ttl: None,
        entries: 0,
        mdns_bit: false,
        fault: None,
        leftover: 0,
        sound: true,
        shown: !cut,
    };
    for entry in walk.by_ref() {
        survey.note(message, &entry)?;
    }
    survey.fault = walk.fault();
    survey.leftover = walk.leftover();
    survey.sound = walk.sound();
    Some(survey)
}

impl<'m> Survey<'m> {
    /// Takes an entry in. `None`: no message of this family holds it.
    fn note(&mut self, message: &'m [u8], entry: &Entry) -> Option<()> {
        self.entries = self.entries.saturating_add(1);
        // In an OPT record the class is a size (RFC 6891 6.1.2).
        if entry.section == Section::Question || entry.kind != kind::OPT {
            self.mdns_bit |= entry.class & MDNS_BIT != 0;
            class_name(entry.class & !MDNS_BIT)?;
        }
        if entry.kind == 0 {
            return None;
        }
        if entry.section == Section::Question && self.question.is_none() {
            let name = name::outline(message, entry.name_at).ok().filter(|name| !name.is_netbios())?;
            self.question = Some((name, entry.kind, entry.class));
        } else if entry.section != Section::Question && self.owner.is_none() {
            let name = name::outline(message, entry.name_at).ok().filter(|name| !name.is_netbios())?;
            self.owner = Some(name);
            self.ttl = Some(entry.ttl);
        }
        Some(())
    }

    /// Whether every byte of the message is accounted for.
    fn whole(&self) -> bool {
        self.fault.is_none() && self.leftover == 0 && self.sound
    }

    /// A match where the message is whole, else the best that one which was cut short can be.
    fn graded(&self) -> Option<Verdict> {
        match self.fault {
            _ if self.entries == 0 || !self.sound => None,
            None if self.leftover == 0 => Some(Verdict::Match),
            None => Some(Verdict::Likely),
            // All that a probe may see of a large message fits.
            Some(Fault::Short) if !self.shown => Some(Verdict::Match),
            Some(Fault::Short) => Some(Verdict::Likely),
            Some(Fault::Bad) => None,
        }
    }

    /// Which of the three a datagram is, and how surely.
    fn judge(&self, sample: &Sample<'_>) -> Option<(Flavour, Verdict)> {
        if MDNS_GROUPS.contains(&sample.destination) {
            return Some((Flavour::Mdns, self.graded().filter(|_| self.header.opcode() == opcode::QUERY)?));
        }
        if LLMNR_GROUPS.contains(&sample.destination) {
            let fits = self.header.opcode() == opcode::QUERY && !self.mdns_bit && self.question.is_some();
            return Some((Flavour::Llmnr, self.graded().filter(|_| fits)?));
        }
        if sample.destination.is_multicast() {
            return None;
        }
        if self.mdns_by_content() {
            return Some((Flavour::Mdns, self.graded()?));
        }
        if self.llmnr_like() {
            let whole = self.whole() && self.ttl == Some(LLMNR_TTL);
            let fits = sample.role == Role::Server;
            if whole && fits {
                return Some((Flavour::Llmnr, Verdict::Match));
            }
            // Cut short it can't be told which of the two it is.
            if self.ttl.is_none_or(|ttl| ttl == LLMNR_TTL) {
                return None;
            }
        }
        if !fits_role(&self.header, sample.role) {
            return None;
        }
        self.dns(sample).map(|verdict| (Flavour::Dns, verdict))
    }

    fn mdns_by_content(&self) -> bool {
        let local = |name: &Outline<'_>| name.ends_with(b"local");
        let flags = self.header.flags & !flag::TC;
        if flags == flag::QR | flag::AA {
            let about = self.mdns_bit || self.owner.as_ref().is_some_and(local);
            self.header.id == 0 && self.question.is_none() && about
        } else if flags == 0 {
            let about = self.question.as_ref().is_some_and(|(name, ..)| local(name));
            self.mdns_bit || (self.header.id == 0 && about)
        } else {
            false
        }
    }

    /// An answer that only LLMNR gives, whatever its lifetime.
    fn llmnr_like(&self) -> bool {
        let [questions, answers, ..] = self.header.counts;
        let single = self.question.as_ref().is_some_and(|(name, ..)| name.labels == 1);
        self.header.flags & !flag::TC == flag::QR && questions == 1 && answers > 0 && single
    }

    /// Whether this is a message of unicast DNS, of the side that its flags say.
    fn dns(&self, sample: &Sample<'_>) -> Option<Verdict> {
        let [questions, answers, authority, additional] = self.header.counts;
        if self.mdns_bit {
            return None;
        }
        let Some((_, kind, _)) = &self.question else {
            return self.without_question(sample);
        };
        let counts = match self.header.opcode() {
            _ if questions != 1 => false,
            _ if self.header.is_response() => true,
            opcode::QUERY => {
                answers == 0 && authority == u16::from(*kind == kind::IXFR) && additional <= QUERY_ADDITIONAL
            }
            opcode::NOTIFY => *kind == kind::SOA && answers <= 1 && authority == 0 && additional <= QUERY_ADDITIONAL,
            _ => *kind == kind::SOA,
        };
        let odd = self.header.has(flag::Z) || (!self.header.is_response() && self.header.has(flag::RA));
        match self.graded()? {
            _ if !counts => None,
            Verdict::Match if odd => Some(Verdict::Likely),
            verdict => Some(verdict),
        }
    }

    /// A question that is still to come, a response without one, or nothing of ours.
    fn without_question(&self, sample: &Sample<'_>) -> Option<Verdict> {
        let [questions, answers, ..] = self.header.counts;
        let tcp = sample.transport == Transport::Tcp;
        if questions == 1 {
            let coming = tcp && !self.shown && self.fault == Some(Fault::Short);
            return coming.then_some(Verdict::NeedMore);
        }
        if questions > 1 || !self.header.is_response() {
            return None;
        }
        // The later messages of a zone transfer (RFC 5936 2.2) need no question.
        if tcp && answers > 0 && self.header.has(flag::AA) && self.entries > 0 {
            return self.graded().map(|_| Verdict::Likely);
        }
        // An error may be nothing but a header, which proves nothing.
        let bare = self.header.counts == [0; 4] && self.header.rcode() != 0 && self.whole();
        bare.then_some(Verdict::NeedMore)
    }
}
