//! One line for each record: what it looks like, and the laws that hold for any facts.

// A helper that fails is a failing test.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::string_slice, clippy::unwrap_used)]

mod sample;

use std::collections::HashSet;

use dissectors::basics::{Basics, Carrier, Party, Short};
use dissectors::dictionary::{Element, Field, Flag, Shape, session};
use dissectors::facts::{Facts, Value};
use dissectors::{Text, Timestamp};
use output::{Format, Identity, MIN_LIMIT, MsgId, Profile, Record, Rendered, Renderer, Severity, decode, read};
use proptest::prelude::*;
use sample::*;

fn render(facts: &Facts, format: Format, limit: usize) -> (String, Rendered) {
    let record = Record { msg_id: MsgId::Session, time: TIME, facts, severity: None };
    let mut out = b"before".to_vec();
    let rendered = Renderer::new(&Identity::new("tap"), Profile { format, limit }).render(&record, &mut out);
    (String::from_utf8(out).unwrap().strip_prefix("before").unwrap().to_owned(), rendered)
}

fn syslog(facts: &Facts) -> String {
    render(facts, Format::Rfc5424, 8000).0
}

fn json(facts: &Facts) -> serde_json::Value {
    serde_json::from_str(&render(facts, Format::Json, 8000).0).unwrap()
}

fn value(facts: &Facts, element: &str, param: &str) -> Option<String> {
    read::line(&syslog(facts)).unwrap().value(element, param).map(str::to_owned)
}

#[test]
fn a_session_is_one_line() {
    assert_eq!(
        syslog(&ssh()),
        concat!(
            r#"<133>1 2026-11-22T15:05:32.000001Z tap tapline - SESSION [session@32473 id="eed8b44c435c85ff" "#,
            r#"cid="1:LQU9qZlK+B5F3KDmev6m5PMibrg=" start="2026-11-22T15:04:51.000001Z" duration="41.017000" transport="tcp" app="ssh" "#,
            r#"src="10.0.0.5" src_port="50112" dst="10.0.0.9" dst_port="2222" src_pkts="61" dst_pkts="58" src_bytes="5149" "#,
            r#"dst_bytes="13402" src_ip_bytes="8329" dst_ip_bytes="16426" state="SF" history="ShADadFf" end="fin" rtt="1.234" "#,
            r#"retransmits="1:0" src_mac="00:1b:21:ab:cd:ef" dst_mac="00:1b:21:01:02:03" vlan="12,40" user="alice" encrypted="protocol" "#,
            r#"flags="midstream"][ssh@32473 client_banner="SSH-2.0-OpenSSH_9.6p1 Ubuntu-3ubuntu13.5" server_banner="SSH-2.0-OpenSSH_9.2p1" "#,
            r#"version="2.0" kex="sntrup761x25519-sha512@openssh.com" cipher="chacha20-poly1305@openssh.com" "#,
            r#"hassh="aae6b9604f6f3356543709a376d7f657" auth_attempts="2" authenticated="yes"][other@32473 wait="2.000" seen="7:9" "#,
            r#"signed="no" short="short" address="192.0.2.1,2001:db8::1"] "#,
            r#"ssh 10.0.0.5:50112 > 10.0.0.9:2222 SSH-2.0-OpenSSH_9.2p1, 41 s, 5.1 kB out, 13.4 kB in"#,
        )
    );
}

#[test]
fn json_holds_the_same_with_types() {
    let told = json(&ssh());
    assert_eq!(told["severity"], "notice");
    assert_eq!(told["session"]["duration"], 41.017);
    assert_eq!(told["session"]["retransmits"], serde_json::json!({"src": 1, "dst": 0}));
    assert_eq!(told["session"]["vlan"], serde_json::json!([12, 40]));
    assert_eq!(told["session"]["flags"], serde_json::json!(["midstream"]));
    assert_eq!(told["ssh"]["authenticated"], true);
    assert_eq!(told["other"]["address"], serde_json::json!(["192.0.2.1", "2001:db8::1"]));
    assert_eq!(told["text"].as_str().unwrap(), read::line(&syslog(&ssh())).unwrap().text.unwrap());
    let told = json(&http(3));
    assert_eq!(told["http"]["status"], serde_json::json!([200, null, 200]));
    assert_eq!(told["http"]["uri"][2], "/shop/item?id=2&view=full,small");
    assert_eq!(told["session"]["src_port"], 50112);
}

#[test]
fn a_list_escapes_its_commas_and_an_aligned_one_keeps_its_gaps() {
    assert_eq!(value(&http(3), "http", "status").unwrap(), "200,,200");
    let told = value(&http(2), "http", "uri").unwrap();
    assert_eq!(told, "/shop/item?id=0&view=full%2Csmall,/shop/item?id=1&view=full%2Csmall");
    let mut facts = Facts::new();
    facts.element(&HTTP).list(&METHOD, [Value::Bytes(b""), Value::Bytes(b"")], 0);
    facts.element(&HTTP).list(&URI, [Value::Bytes(b""), Value::Bytes(b"/")], 0);
    assert_eq!(value(&facts, "http", "method"), None);
    assert_eq!(value(&facts, "http", "uri").unwrap(), ",/");
}

#[test]
fn caps_cut_whole_characters_and_tell_what() {
    let mut facts = Facts::new();
    session(&mut facts, "http");
    facts.element(&OTHER).bytes(&SHORT, "1234567ü9".as_bytes());
    facts.element(&HTTP).list(&SERVER, ["a", "b", "c"].map(|text| Value::Bytes(text.as_bytes())), 4);
    facts.element(&HTTP).list(&HOST, [Value::Bytes(&[b'x'; 300]), Value::Bytes(b"y")], 0);
    facts.element(&OTHER).text(&LONG, &Text::long(&[b'z'; 1100]));
    facts.element(&HTTP).omitted(&USER_AGENT, 2);
    assert_eq!(value(&facts, "other", "short").unwrap(), "1234567");
    assert_eq!(value(&facts, "http", "server").unwrap(), "a,b");
    assert_eq!(value(&facts, "http", "host").unwrap().len(), 256 + 2);
    assert_eq!(
        value(&facts, "session", "cut").unwrap(),
        "other.short:3,other.long:76,http.server:5,http.host:1,http.user_agent:2"
    );
    assert_eq!(json(&facts)["session"]["cut"][2], "http.server:5");
}

#[test]
fn elements_and_lists_that_are_taken_up_again_stand_once() {
    let mut facts = Facts::new();
    session(&mut facts, "http");
    facts.element(&HTTP).list(&USER_AGENT, ["one"], 0);
    facts.element(&OTHER).bytes(&SHORT, b"first");
    facts.element(&HTTP).bytes(&VERSION, b"1.1");
    facts.element(&HTTP).list(&USER_AGENT, ["two"], 0);
    facts.element(&session::ELEMENT).list(&session::TUNNEL, ["gre"], 0);
    let line = syslog(&facts);
    assert!(line.contains(r#"[http@32473 user_agent="one,two" version="1.1"][other@32473 short="first"]"#), "{line}");
    assert!(line.contains(r#" tunnel="gre"][http"#), "{line}");
    assert_eq!(json(&facts)["http"]["user_agent"], serde_json::json!(["one", "two"]));
}

#[test]
fn a_line_gives_up_its_sentence_then_items_then_values_and_its_session_last() {
    let mut facts = http(16);
    facts.element(&OTHER).bytes(&LONG, &[b'l'; 1000]);
    let whole = syslog(&facts);
    let shortened = |limit| {
        let (line, rendered) = render(&facts, Format::Rfc5424, limit);
        assert!(rendered.cut && line.len() <= limit, "{limit}: {line}");
        line
    };
    // The sentence alone.
    assert_eq!(shortened(whole.len() - 1), whole.rsplit_once("] ").unwrap().0.to_owned() + "]");
    // Items of the longest lists, the aligned ones together.
    let line = shortened(2500);
    let line = read::line(&line).unwrap();
    let items = |param: &str| line.value("http", param).unwrap().split(',').count();
    let kept = items("uri");
    assert!((2..16).contains(&kept));
    for param in ["method", "host", "status"] {
        assert_eq!(items(param), kept, "{param}");
    }
    let gone = 16 - kept;
    let cut = format!("http.method:{gone},http.host:{gone},http.uri:{gone},http.status:{gone}");
    assert_eq!(line.value("session", "cut"), Some(&*cut));
    assert_eq!(line.value("other", "long").unwrap().len(), 1000);
    // Long values, when every list is down to one item.
    let line = shortened(1200);
    let line = read::line(&line).unwrap();
    assert_eq!(line.value("http", "uri").unwrap().split(',').count(), 1);
    let long = line.value("other", "long").unwrap().len();
    assert!([128, 256, 512].contains(&long));
    assert!(line.value("session", "cut").unwrap().ends_with(&format!("other.long:{}", 1000 - long)));
    // Then whole parameters, then whole elements; the session stands.
    let line = shortened(860);
    let line = read::line(&line).unwrap();
    assert_eq!((line.element("other"), line.value("session", "dst_mac")), (None, Some("00:1b:21:01:02:03")));
    // Then what matters least of the session.
    let line = shortened(MIN_LIMIT);
    let line = read::line(&line).unwrap();
    assert_eq!(line.value("session", "dst_mac"), None);
    assert_eq!(line.value("session", "src_port"), Some("50112"));
    assert!(line.value("session", "cut").unwrap().starts_with("session:"));
}

#[test]
fn severity_tells_of_flags_and_of_trouble() {
    let priority = |facts: &Facts, severity| {
        let record = Record { msg_id: MsgId::Update, time: TIME, facts, severity };
        let mut out = Vec::new();
        Renderer::new(&Identity::new("tap"), Profile::default()).render(&record, &mut out);
        let line = String::from_utf8(out).unwrap();
        (line.split_once('>').unwrap().0.to_owned(), line.contains(" UPDATE "))
    };
    let mut facts = Facts::new();
    session(&mut facts, "ssh");
    assert_eq!(priority(&facts, None), ("<134".to_owned(), true));
    facts.flag(Flag::Gap);
    assert_eq!(priority(&facts, None).0, "<133");
    assert_eq!(priority(&facts, Some(Severity::LOG_WARNING)).0, "<132");
}

#[test]
fn a_sensor_that_runs_has_a_process_and_its_status_a_sentence() {
    static FRAMES: Field = Field::number("frames", "frames", "");
    static DROPS: Field = Field::number("drops", "drops", "");
    static SENSOR: Element = Element { name: "sensor", meaning: "counters", fields: &[&FRAMES, &DROPS] };
    let mut facts = Facts::new();
    facts.element(&SENSOR).number(&FRAMES, 1000);
    facts.element(&SENSOR).number(&DROPS, 0);
    let record = Record { msg_id: MsgId::Status, time: Timestamp::default(), facts: &facts, severity: None };
    let identity = Identity { procid: Some(4711), pen: 99, ..Identity::new("my tap") };
    let mut out = Vec::new();
    Renderer::new(&identity, Profile::default()).render(&record, &mut out);
    assert_eq!(
        String::from_utf8(out).unwrap(),
        "<134>1 1970-01-01T00:00:00.000000Z my-tap tapline 4711 STATUS [sensor@99 frames=\"1000\" drops=\"0\"] \
         sensor: frames 1000, drops 0"
    );
}

#[test]
fn ends_of_ipv6_stand_in_brackets_and_nothing_at_all_is_the_nil_value() {
    let [src, dst] = ["2001:db8::1", "2001:db8::2"].map(|address| Party {
        address: address.parse().unwrap(),
        port: None,
        ..basics("icmpv6").src
    });
    let told = |src, dst| {
        let mut facts = Facts::new();
        facts.begin(Basics { carrier: Carrier::Named("icmpv6"), src, dst, ..basics("icmpv6") });
        syslog(&facts)
    };
    assert!(told(src, dst).contains("] icmpv6 2001:db8::1 > 2001:db8::2, 41 s"));
    assert!(told(src, Party { port: Some(53), ..dst }).contains("] icmpv6 2001:db8::1 > [2001:db8::2]:53, 41 s"));
    assert_eq!(syslog(&Facts::new()), "<134>1 2026-11-22T15:05:32.000001Z tap tapline - SESSION - unknown");
}

#[test]
fn a_sequence_number_has_its_place_before_the_elements() {
    let (line, rendered) = render(&ssh(), Format::Rfc5424, 8000);
    assert!(line[rendered.sd_at..].starts_with("[session@32473 "));
    let (line, rendered) = render(&ssh(), Format::Json, 8000);
    assert!(line[rendered.sd_at..].starts_with("\"time\":"));
}

// The laws.

/// What a test writes into facts, kept to be compared.
#[derive(Clone, Debug)]
enum Said {
    Bytes(Vec<u8>),
    Number(u64),
    Span(u64),
    Pair(u64, u64),
    YesNo(bool),
    Address(std::net::IpAddr),
}

static FIELDS: &[(&Element, &[&Field])] =
    &[(&session::ELEMENT, session::ELEMENT.fields), (&HTTP, HTTP.fields), (&OTHER, OTHER.fields)];

fn said() -> impl Strategy<Value = Said> {
    let text = prop_oneof![
        "[a-z/,%\"\\]\\\\ \u{0}-\u{1f}\u{7f}-\u{a0}\u{200e}-\u{202f}\u{2066}🌍ü]{0,40}".prop_map(String::into_bytes),
        "[a-z]{0,30}".prop_map(String::into_bytes),
        prop::collection::vec(any::<u8>(), 0..40),
        (any::<u8>(), 200..1200_usize).prop_map(|(byte, len)| vec![byte; len]),
    ];
    prop_oneof![
        6 => text.prop_map(Said::Bytes),
        1 => any::<u64>().prop_map(Said::Number),
        1 => any::<u64>().prop_map(Said::Span),
        1 => any::<(u64, u64)>().prop_map(|(src, dst)| Said::Pair(src, dst)),
        1 => any::<bool>().prop_map(Said::YesNo),
        1 => any::<std::net::IpAddr>().prop_map(Said::Address),
    ]
}

prop_compose! {
    fn party()(
        address in any::<std::net::IpAddr>(),
        port in any::<Option<u16>>(),
        (packets, payload, ip_bytes) in any::<(u64, u64, u64)>(),
    ) -> Party {
        Party { address, port, packets, payload, ip_bytes }
    }
}

prop_compose! {
    /// What every session has, with as much of it as there may be.
    fn any_basics()(
        (id, start, duration) in any::<(u64, u64, u64)>(),
        (cid, history) in ("1:[A-Za-z0-9+/]{27}=", "[A-Za-z^]{0,21}"),
        number in any::<Option<u8>>(),
        (src, dst) in (party(), party()),
        (open, rtt) in any::<(bool, Option<u64>)>(),
        (retransmits, missed) in any::<([u64; 2], [bool; 2])>(),
    ) -> Basics {
        Basics {
            id,
            cid: Short::new(cid.as_bytes()),
            start: Timestamp::from_nanos(start),
            duration,
            carrier: number.map_or(Carrier::Named("udp"), Carrier::Numbered),
            src,
            dst,
            history: Short::new(history.as_bytes()),
            end: (!open).then_some("idle"),
            rtt,
            retransmits,
            missed: missed.map(u64::from),
            ..basics("unknown")
        }
    }
}

/// Whether a field of a session is among the basics, which are no entries.
fn is_basic(field: &'static Field) -> bool {
    let mut facts = Facts::new();
    facts.begin(Basics { missed: [1, 1], ..basics("unknown") });
    facts.values().any(|(_, basic, _)| std::ptr::eq(basic, field))
}

prop_compose! {
    /// Facts in any order, elements and lists taken up again at will.
    fn any_facts()(
        entries in prop::collection::vec((0..FIELDS.len(), 0..64_usize, prop::collection::vec(said(), 1..20)), 0..40),
        user in prop::option::of(prop::collection::vec(any::<u8>(), 0..300)),
        flags in prop::collection::vec(0..Flag::ALL.len(), 0..4),
        left_out in 0..3_u32,
        basics in prop::option::weighted(0.8, any_basics()),
    ) -> Facts {
        let mut facts = Facts::new();
        if let Some(basics) = basics {
            facts.begin(basics);
        }
        for (element, field, values) in entries {
            let (element, fields) = FIELDS[element];
            let field = fields[field % fields.len()];
            // What the renderer adds itself is no entry.
            if [&session::USER, &session::FLAGS, &session::ENCRYPTED, &session::CUT].iter().any(|own| std::ptr::eq(*own, field))
                || is_basic(field)
            {
                continue;
            }
            let mut out = facts.element(element);
            for value in values.iter().take(if field.shape == Shape::One { 1 } else { usize::MAX }) {
                match value {
                    Said::Bytes(bytes) if field.shape != Shape::One || !bytes.is_empty() => out.value(field, Value::Bytes(bytes)),
                    Said::Bytes(_) => false,
                    Said::Number(number) => out.value(field, Value::Number(*number)),
                    Said::Span(nanos) => out.value(field, Value::Seconds(*nanos)),
                    Said::Pair(src, dst) => out.value(field, Value::Pair(*src, *dst)),
                    Said::YesNo(yes) => out.value(field, Value::YesNo(*yes)),
                    Said::Address(address) => out.value(field, Value::Address(*address)),
                };
            }
            out.omitted(field, left_out);
        }
        if let Some(user) = user {
            facts.user(&Text::new(&user));
        }
        for flag in flags {
            facts.flag(Flag::ALL[flag]);
        }
        facts
    }
}

/// What is not cut by caps: each field's values as they went in.
fn wire(facts: &Facts, element: &'static Element, field: &'static Field) -> Vec<Option<Vec<u8>>> {
    facts
        .values()
        .filter(|(known, of, _)| std::ptr::eq(*known, element) && std::ptr::eq(*of, field))
        .map(|(_, _, value)| match value {
            Value::Bytes(bytes) => Some(bytes.to_vec()),
            _ => None,
        })
        .filter(|value| field.shape != Shape::List || value.as_ref().is_none_or(|value| !value.is_empty()))
        .take(if field.shape == Shape::One { 1 } else { field.items })
        .collect()
}

fn names_stand_once(line: &read::Line<'_>) {
    let mut ids = HashSet::new();
    for element in &line.elements {
        assert!(ids.insert(element.id) && element.id.ends_with("@32473"));
        let mut names = HashSet::new();
        for (name, value) in &element.params {
            assert!(names.insert(*name), "{name} twice");
            assert!(!value.is_empty(), "{name} is empty");
            let first = name.as_bytes()[0];
            assert!(first.is_ascii_lowercase() && name.len() <= 32);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_facts_make_one_well_formed_line_within_the_limit(facts in any_facts(), limit in MIN_LIMIT..9000_usize) {
        for format in [Format::Rfc5424, Format::Json] {
            let (line, rendered) = render(&facts, format, limit);
            prop_assert!(line.len() <= limit, "{} > {limit}", line.len());
            prop_assert!(!line.chars().any(char::is_control), "{line:?}");
            prop_assert_eq!(&line, &render(&facts, format, limit).0);
            match format {
                Format::Rfc5424 => {
                    let read = read::line(&line).map_err(|error| TestCaseError::fail(format!("{error}: {line}")))?;
                    names_stand_once(&read);
                    prop_assert_eq!(read.text.is_none(), rendered.cut);
                }
                Format::Json => {
                    let read: serde_json::Value = serde_json::from_str(&line).map_err(|error| TestCaseError::fail(format!("{error}: {line}")))?;
                    prop_assert_eq!(read["host"].as_str(), Some("tap"));
                }
            }
            // Just enough is enough, and one byte less is not.
            let (whole, uncut) = render(&facts, format, 1 << 24);
            prop_assert!(!uncut.cut);
            if whole.len() > MIN_LIMIT {
                prop_assert_eq!(&render(&facts, format, whole.len()).0, &whole);
                let (line, less) = render(&facts, format, whole.len() - 1);
                prop_assert!(less.cut, "{line}");
            }
            prop_assert_eq!(rendered.cut, whole.len() > limit);
        }
    }

    #[test]
    fn decoding_a_value_gives_the_bytes_of_the_wire(facts in any_facts()) {
        let (line, _) = render(&facts, Format::Rfc5424, 1 << 24);
        let line = read::line(&line).unwrap();
        let object: serde_json::Value = serde_json::from_str(&render(&facts, Format::Json, 1 << 24).0).unwrap();
        for (element, fields) in FIELDS {
            for field in *fields {
                let wire = wire(&facts, element, field);
                let told = line.value(element.name, field.name);
                let filled = wire.iter().any(|value| value.as_ref().is_none_or(|value| !value.is_empty()));
                let own = ["user", "flags", "cut"].contains(&field.name);
                prop_assert!(own || told.is_some() == filled, "{}", field.name);
                let Some(told) = told.filter(|_| filled) else { continue };
                let items: Vec<&str> = if field.shape == Shape::One { vec![told] } else { told.split(',').collect() };
                prop_assert_eq!(items.len(), wire.len());
                let json = &object[element.name][field.name];
                for (at, (told, wire)) in items.iter().zip(&wire).enumerate() {
                    let Some(wire) = wire else { continue };
                    let decoded = decode(told);
                    prop_assert!(wire.starts_with(&decoded) && decoded.len() + 3 >= wire.len().min(field.cap));
                    let json = if field.shape == Shape::One { json } else { &json[at] };
                    prop_assert_eq!(json.as_str().map(decode).unwrap_or_default(), decoded);
                }
            }
        }
    }
}
