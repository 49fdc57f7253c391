//! The reader against `dns-parser` and `domain`: where they can read a message, so must we, and the same.
//!
//! `dns-parser` refuses whole messages for one type or label that it does not know, so it is a judge and not our reader.

use domain::base::name::ToLabelIter;
use domain::rdata::AllRecordData;

use super::super::message::Section;
use super::super::name::{self, Fault, Name};
use super::super::rdata;
use super::*;

#[derive(Clone, Debug)]
enum Data {
    A([u8; 4]),
    Aaaa([u8; 16]),
    Named(u16, Vec<String>),
    Mx(u16, Vec<String>),
    Srv(u16, Vec<String>),
    Txt(Vec<String>),
    Soa(Vec<String>, [u32; 5]),
    Ds(u16, [u8; 20]),
    Nsec(Vec<String>, Vec<u8>),
    Unknown(Vec<u8>),
}

impl Data {
    fn kind(&self) -> u16 {
        match self {
            Self::A(_) => 1,
            Self::Aaaa(_) => 28,
            Self::Named(kind, _) => *kind,
            Self::Mx(..) => 15,
            Self::Srv(..) => 33,
            Self::Txt(_) => 16,
            Self::Soa(..) => 6,
            Self::Ds(..) => 43,
            Self::Nsec(..) => 47,
            Self::Unknown(_) => 65280,
        }
    }

    fn write(&self, b: &mut Builder) {
        match self {
            Self::A(octets) => b.bytes.extend_from_slice(octets),
            Self::Aaaa(octets) => b.bytes.extend_from_slice(octets),
            Self::Named(_, name) => drop(b.name(name)),
            Self::Mx(preference, name) => drop(b.u16(*preference).name(name)),
            Self::Srv(port, name) => {
                b.u16(1).u16(2).u16(*port);
                // RFC 2782 forbids compression here.
                b.names.clear();
                b.name(name);
            }
            Self::Txt(strings) => {
                for string in strings {
                    b.bytes.push(string.len() as u8);
                    b.bytes.extend_from_slice(string.as_bytes());
                }
            }
            Self::Soa(name, numbers) => {
                b.name(name).name(name);
                b.bytes.extend(numbers.iter().flat_map(|number| number.to_be_bytes()));
            }
            Self::Ds(tag, digest) => {
                b.u16(*tag).bytes.extend_from_slice(&[8, 1]);
                b.bytes.extend_from_slice(digest);
            }
            Self::Nsec(name, bits) => {
                b.names.clear();
                b.name(name).bytes.extend_from_slice(&[0, bits.len() as u8]);
                b.bytes.extend_from_slice(bits);
            }
            Self::Unknown(data) => b.bytes.extend_from_slice(data),
        }
    }
}

fn a_name() -> impl Strategy<Value = Vec<String>> {
    let label = prop_oneof!["[a-c]{1,3}", "[A-Za-z0-9_-]{1,63}"];
    prop::collection::vec(label, 0..4)
}

fn data() -> impl Strategy<Value = Data> {
    prop_oneof![
        any::<[u8; 4]>().prop_map(Data::A),
        any::<[u8; 16]>().prop_map(Data::Aaaa),
        (prop_oneof![Just(2u16), Just(5), Just(12), Just(39)], a_name()).prop_map(|(k, n)| Data::Named(k, n)),
        (any::<u16>(), a_name()).prop_map(|(p, n)| Data::Mx(p, n)),
        (any::<u16>(), a_name()).prop_map(|(p, n)| Data::Srv(p, n)),
        prop::collection::vec("[ -~]{1,40}", 1..4).prop_map(Data::Txt),
        (a_name(), any::<[u32; 5]>()).prop_map(|(n, v)| Data::Soa(n, v)),
        (any::<u16>(), any::<[u8; 20]>()).prop_map(|(t, d)| Data::Ds(t, d)),
        (a_name(), prop::collection::vec(any::<u8>(), 1..3)).prop_map(|(n, b)| Data::Nsec(n, b)),
        prop::collection::vec(any::<u8>(), 0..50).prop_map(Data::Unknown),
    ]
}

fn a_message() -> impl Strategy<Value = Vec<u8>> {
    let records = prop::collection::vec((a_name(), data(), any::<u32>()), 0..6);
    (any::<u16>(), a_name(), records).prop_map(|(id, question, records)| {
        let mut b = Builder::new(id, 0x8180, [1, records.len() as u16, 0, 0]);
        b.name(&question).u16(1).u16(IN);
        for (owner, data, ttl) in &records {
            b.record(owner, data.kind(), *ttl, |b| data.write(b));
        }
        b.bytes
    })
}

/// As ours: the root is a dot, and no other name ends in one, which `dns-parser` writes where a pointer leads to the root.
fn dotted(name: &impl ToString) -> String {
    let text = name.to_string();
    let text = text.strip_suffix('.').unwrap_or(&text);
    if text.is_empty() { ".".to_owned() } else { text.to_owned() }
}

/// A name that needs no escapes, of which `dns-parser` knows none.
fn ours(name: Result<Name, Fault>) -> Option<String> {
    let text = name.ok()?.text;
    (!text.contains(&b'\\')).then(|| String::from_utf8_lossy(&text).into_owned())
}

fn told(message: &[u8], record: &Entry) -> String {
    String::from_utf8_lossy(&rdata::text(message, record)).into_owned()
}

/// What `dns-parser` makes of the data, in our form, for the types that it knows.
fn their_data(data: &dns_parser::RData<'_>) -> Option<String> {
    use dns_parser::RData;
    Some(match data {
        RData::A(a) => a.0.to_string(),
        RData::AAAA(a) => a.0.to_string(),
        RData::CNAME(cname) => dotted(&cname.0),
        RData::NS(ns) => dotted(&ns.0),
        RData::PTR(ptr) => dotted(&ptr.0),
        RData::MX(mx) => dotted(&mx.exchange),
        RData::SRV(srv) => dotted(&srv.target),
        RData::SOA(soa) => format!(
            "{} {} {} {} {} {} {}",
            dotted(&soa.primary_ns),
            dotted(&soa.mailbox),
            soa.serial,
            soa.refresh,
            soa.retry,
            soa.expire,
            soa.minimum_ttl
        ),
        RData::TXT(txt) => {
            let mut out = Vec::new();
            for (at, string) in txt.iter().enumerate() {
                out.extend_from_slice(if at > 0 { b";" } else { b"" });
                name::escape(&mut out, string, b";\\");
            }
            String::from_utf8_lossy(&out).into_owned()
        }
        RData::Unknown(_) => return None,
    })
}

/// Compares with `dns-parser`. Gives whether it could read the message.
fn agrees_with_dns_parser(message: &[u8]) -> bool {
    let Ok(packet) = dns_parser::Packet::parse(message) else {
        return false;
    };
    let (entries, whole) = entries(message);
    if !whole {
        return true;
    }
    let owners = |section| entries.iter().filter(move |entry| entry.section == section);
    for (entry, question) in owners(Section::Question).zip(&packet.questions) {
        if let Some(name) = ours(entry.name(message)) {
            assert_eq!(name, dotted(&question.qname));
        }
        assert_eq!(entry.kind, question.qtype as u16);
    }
    for (entry, answer) in owners(Section::Answer).zip(&packet.answers) {
        if let Some(name) = ours(entry.name(message)) {
            assert_eq!(name, dotted(&answer.name));
        }
        assert_eq!(entry.lifetime(), answer.ttl);
        let told = told(message, entry);
        let escaped = entry.kind != 16 && told.contains('\\');
        if let Some(theirs) = their_data(&answer.data).filter(|_| !escaped && !told.starts_with("\\# ")) {
            assert_eq!(told, theirs);
        }
    }
    true
}

/// Compares with `domain`. Gives whether it could read the whole message.
fn agrees_with_domain(message: &[u8]) -> bool {
    let Ok(theirs) = domain::base::Message::from_octets(message) else {
        return false;
    };
    let (entries, whole) = entries(message);
    let mut mine = entries.iter();
    let joined = |labels: &mut dyn Iterator<Item = Vec<u8>>| {
        let mut text = Vec::new();
        for label in labels.filter(|label| !label.is_empty()) {
            text.extend_from_slice(if text.is_empty() { b"" } else { b"." });
            name::escape(&mut text, &label, b".;\\");
        }
        if text.is_empty() { b".".to_vec() } else { text }
    };
    for question in theirs.question() {
        let (Ok(question), Some(entry)) = (question, mine.next()) else {
            return false;
        };
        let name = joined(&mut question.qname().iter_labels().map(|label| label.as_slice().to_vec()));
        if let Ok(own) = entry.name(message) {
            assert_eq!(own.text, name);
        }
        assert_eq!(entry.kind, question.qtype().to_int());
    }
    let Ok(answers) = theirs.answer() else {
        return false;
    };
    for answer in answers {
        let (Ok(answer), Some(entry)) = (answer, mine.next()) else {
            return false;
        };
        assert_eq!(entry.ttl, answer.ttl().as_secs());
        let Ok(Some(record)) = answer.to_record::<AllRecordData<_, _>>() else {
            continue;
        };
        let told = told(message, entry);
        // Its forms are those of zone files; ours have no dot after a name.
        let plain = |text: &str| {
            let words = text.split(' ').map(|word| word.strip_suffix('.').filter(|w| !w.is_empty()).unwrap_or(word));
            words.collect::<Vec<_>>().join(" ").trim_end().to_ascii_lowercase()
        };
        let theirs = record.data().to_string();
        let comparable = matches!(entry.kind, 1 | 28 | 2 | 5 | 12 | 39 | 6 | 43 | 47);
        // It escapes other bytes than we do.
        if comparable && !told.contains('\\') && !theirs.contains('\\') {
            // Long digests and lists of types are cut.
            assert!(plain(&theirs).starts_with(&plain(&told)), "type {}: {theirs} {told}", entry.kind);
        }
    }
    whole
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn well_formed_messages_read_the_same_everywhere(message in a_message()) {
        let (entries, whole) = entries(&message);
        prop_assert!(whole);
        prop_assert!(agrees_with_domain(&message));
        // The older crate refuses whole messages for types that it does not know.
        let known = entries.iter().all(|entry| !matches!(entry.kind, 39 | 43 | 65280));
        prop_assert!(agrees_with_dns_parser(&message) || !known);
    }

    #[test]
    fn damaged_messages_are_not_read_otherwise(
        message in a_message(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut message = message;
        for (at, byte) in &damage {
            let at = at.index(message.len());
            message[at] = *byte;
        }
        agrees_with_domain(&message);
        agrees_with_dns_parser(&message);
    }

    #[test]
    fn a_well_formed_response_is_dns(message in a_message()) {
        prop_assert_eq!(udp(&message, Role::Server), DNS);
        prop_assert_eq!(udp(&message, Role::Client), NONE);
    }
}
