//! Sessions to render in tests and benches, with elements of their own: what is rendered does not depend on which protocols there are.

// Each test and bench uses some of it, and a helper that fails is a failing test.
#![allow(dead_code, missing_docs, clippy::unwrap_used)]

use dissectors::basics::{Basics, Carrier, Party, Short};
use dissectors::dictionary::{Element, Field, Flag, Kind, session};
use dissectors::facts::{Facts, Value};
use dissectors::time::{MILLISECOND, SECOND};
use dissectors::{Text, Timestamp};

pub static METHOD: Field = Field::text("method", "method", "").aligned();
pub static HOST: Field = Field::text("host", "host", "").aligned();
pub static URI: Field = Field::text("uri", "uri", "").aligned().long();
pub static STATUS: Field = Field::number("status", "status", "").aligned();
pub static USER_AGENT: Field = Field::text("user_agent", "agent", "").list();
pub static REQUESTS: Field = Field::number("requests", "requests", "");
pub static SERVER: Field = Field::text("server", "server", "").list().items(2);
pub static VERSION: Field = Field::text("version", "version", "");
pub static HTTP: Element = Element {
    name: "http",
    meaning: "requests",
    fields: &[&METHOD, &HOST, &URI, &STATUS, &USER_AGENT, &REQUESTS, &SERVER, &VERSION],
};

pub static LONG: Field = Field::text("long", "a long value", "").long();
pub static SHORT: Field = Field { cap: 8, ..Field::text("short", "a short value", "") };
pub static WAIT: Field = Field::new(Kind::Milliseconds, "wait", "a wait", "").unit("ms");
pub static SEEN: Field = Field::new(Kind::Pair, "seen", "a pair", "");
pub static SIGNED: Field = Field::new(Kind::YesNo, "signed", "yes or no", "");
pub static WHEN: Field = Field::new(Kind::Time, "not_before", "an instant", "");
pub static WHERE: Field = Field::new(Kind::Address, "address", "addresses", "").list();
pub static CARD: Field = Field::new(Kind::Mac, "card", "a hardware address", "");
pub static OTHER: Element = Element {
    name: "other",
    meaning: "everything else",
    fields: &[&LONG, &SHORT, &WAIT, &SEEN, &SIGNED, &WHEN, &WHERE, &CARD],
};

pub static BANNER: Field = Field::text("server_banner", "banner", "");
pub static CLIENT_BANNER: Field = Field::text("client_banner", "banner", "");
pub static KEX: Field = Field::text("kex", "kex", "");
pub static CIPHER: Field = Field::text("cipher", "cipher", "");
pub static HASSH: Field = Field::text("hassh", "hassh", "");
pub static ATTEMPTS: Field = Field::number("auth_attempts", "attempts", "");
pub static AUTHENTICATED: Field = Field::new(Kind::YesNo, "authenticated", "yes or no", "");
pub static SSH: Element = Element {
    name: "ssh",
    meaning: "ssh",
    fields: &[&CLIENT_BANNER, &BANNER, &VERSION, &KEX, &CIPHER, &HASSH, &ATTEMPTS, &AUTHENTICATED],
};

/// The last packet of [`ssh`].
pub const TIME: Timestamp = Timestamp::from_nanos(1_795_359_932_000_001_000);

/// What every session has, as the flow table tells it.
pub fn basics(app: &'static str) -> Basics {
    let party = |address: &str, port, packets, payload, ip_bytes| Party {
        address: address.parse().unwrap(),
        port: Some(port),
        packets,
        payload,
        ip_bytes,
    };
    Basics {
        id: 0xeed8_b44c_435c_85ff,
        cid: Short::new(b"1:LQU9qZlK+B5F3KDmev6m5PMibrg="),
        start: Timestamp::from_nanos(TIME.nanos() - 41 * SECOND),
        duration: 41 * SECOND + 17 * MILLISECOND,
        carrier: Carrier::Named("tcp"),
        app,
        src: party("10.0.0.5", 50112, 61, 5_149, 8_329),
        dst: party("10.0.0.9", 2222, 58, 13_402, 16_426),
        state: "SF",
        history: Short::new(b"ShADadFf"),
        end: Some("fin"),
        rtt: Some(1_234_567),
        retransmits: [1, 0],
        missed: [0, 0],
    }
}

/// A session as the flow table writes it.
pub fn session(facts: &mut Facts, app: &'static str) {
    facts.begin(basics(app));
    let mut out = facts.element(&session::ELEMENT);
    out.value(&session::SRC_MAC, Value::Mac([0, 0x1b, 0x21, 0xab, 0xcd, 0xef]));
    out.value(&session::DST_MAC, Value::Mac([0, 0x1b, 0x21, 1, 2, 3]));
}

/// An SSH session of some forty fields.
pub fn ssh() -> Facts {
    let mut facts = Facts::new();
    session(&mut facts, "ssh");
    facts.element(&session::ELEMENT).list(&session::VLAN, [12_u64, 40], 0);
    let mut out = facts.element(&SSH);
    out.bytes(&CLIENT_BANNER, b"SSH-2.0-OpenSSH_9.6p1 Ubuntu-3ubuntu13.5");
    out.bytes(&BANNER, b"SSH-2.0-OpenSSH_9.2p1");
    out.bytes(&VERSION, b"2.0");
    out.bytes(&KEX, b"sntrup761x25519-sha512@openssh.com");
    out.bytes(&CIPHER, b"chacha20-poly1305@openssh.com");
    out.bytes(&HASSH, b"aae6b9604f6f3356543709a376d7f657");
    out.number(&ATTEMPTS, 2);
    out.yes_no(&AUTHENTICATED, true);
    let mut out = facts.element(&OTHER);
    out.value(&WAIT, Value::Milliseconds(2_000_000));
    out.value(&SEEN, Value::Pair(7, 9));
    out.yes_no(&SIGNED, false);
    out.bytes(&SHORT, b"short");
    out.list(&WHERE, ["192.0.2.1", "2001:db8::1"].map(|text| Value::Address(text.parse().unwrap())), 0);
    facts.user(&Text::new(b"alice"));
    facts.encrypted("protocol");
    facts.flag(Flag::Midstream);
    facts
}

/// An HTTP session of so many requests.
pub fn http(requests: usize) -> Facts {
    let mut facts = Facts::new();
    session(&mut facts, "http");
    let uris: Vec<String> = (0..requests).map(|at| format!("/shop/item?id={at}&view=full,small")).collect();
    let mut out = facts.element(&HTTP);
    out.number(&REQUESTS, requests as u64);
    out.list(&METHOD, (0..requests).map(|_| "GET"), 0);
    out.list(&HOST, (0..requests).map(|_| Value::Bytes(b"www.example.org")), 0);
    out.list(&URI, uris.iter().map(|uri| Value::Bytes(uri.as_bytes())), 0);
    out.list(&STATUS, (0..requests).map(|at| if at == 1 { Value::Bytes(b"") } else { Value::Number(200) }), 0);
    out.list(&USER_AGENT, [Value::Bytes(b"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)")], 0);
    facts
}
