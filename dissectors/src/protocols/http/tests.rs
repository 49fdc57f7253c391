//! What conversations can't show: gaps, limits, and bytes that come one by one.

use crate::conversation::{Conversation, Setup};
use crate::facts::{Facts, Side, Value};
use crate::files::HashLimit;
use crate::time::MILLISECOND;
use crate::{Timestamp, Transport};

struct Session {
    conversation: Conversation,
    clock: u64,
}

impl Session {
    fn new() -> Self {
        Self::hashing(HashLimit::ALL)
    }

    fn hashing(file_hash: HashLimit) -> Self {
        let setup = Setup {
            transport: Transport::Tcp,
            addresses: ["192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap()],
            midstream: false,
            file_hash,
        };
        Self { conversation: Conversation::new(setup), clock: MILLISECOND }
    }

    fn send(&mut self, side: Side, bytes: &[u8]) {
        self.clock += MILLISECOND;
        self.conversation.data(side, bytes, Timestamp::from_nanos(self.clock));
    }

    fn client(&mut self, text: &str) {
        self.send(Side::Originator, text.as_bytes());
    }

    fn server(&mut self, text: &str) {
        self.send(Side::Responder, text.as_bytes());
    }

    /// The values of `element.field`, separated by spaces.
    fn told(&mut self, wanted: &str) -> String {
        self.conversation.close();
        let mut facts = Facts::new();
        self.conversation.facts(&mut facts);
        let values = facts.values().filter(|(e, f, _)| format!("{}.{}", e.name, f.name) == wanted);
        let texts: Vec<String> = values
            .map(|(_, _, value)| match value {
                Value::Bytes(bytes) => bytes.escape_ascii().to_string(),
                Value::Plain(text) => text.to_owned(),
                Value::Number(number) => number.to_string(),
                other => format!("{other:?}"),
            })
            .collect();
        texts.join(" ")
    }
}

#[test]
fn a_gap_inside_content_breaks_the_file_and_nothing_else() {
    let mut session = Session::new();
    session.client("GET /a.txt HTTP/1.1\r\n\r\n");
    session.server("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
    session.conversation.gap(Side::Responder, 5);
    session.server("xyHTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(session.told("http.status"), "200 404");
    assert_eq!(session.told("http.response_body_bytes"), "10");
    assert_eq!((session.told("file.size"), session.told("file.sha256")), ("5".into(), "".into()));
}

/// What is told of content that is not hashed, brought in pieces of `piece` bytes of which those in `missing` are not seen.
fn unhashed(content: &str, piece: usize, missing: std::ops::Range<usize>) -> (bool, [String; 3]) {
    let mut session = Session::hashing(HashLimit::NONE);
    session.client("GET /a.txt HTTP/1.1\r\n\r\n");
    let mut at = 0;
    let mut touched = true;
    let answers = format!("HTTP/1.1 200 OK\r\n{content}HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    for bytes in answers.as_bytes().chunks(piece) {
        if missing.contains(&at) {
            session.conversation.gap(Side::Responder, bytes.len() as u64);
        } else {
            touched &= session.conversation.wants(Side::Responder, bytes.len());
            session.send(Side::Responder, bytes);
        }
        at += bytes.len();
    }
    (touched, ["http.status", "http.response_body_bytes", "file.size"].map(|name| session.told(name)))
}

#[test]
fn content_that_nobody_hashes_is_counted_and_not_looked_at() {
    let words = "plain words ".repeat(1000);
    let length = format!("Content-Length: {}\r\n\r\n{words}", words.len());
    let chunk = "plain words ".repeat(500);
    let chunked = format!("Transfer-Encoding: chunked\r\n\r\n1770\r\n{chunk}\r\n1770\r\n{chunk}\r\n0\r\n\r\n");
    for content in [length, chunked] {
        for piece in [1, 100, 1000, 100_000] {
            let (touched, told) = unhashed(&content, piece, 0..0);
            assert_eq!(told, ["200 404", "12000", "12000"], "{piece}");
            assert_eq!(touched, piece > 10_000, "{piece}");
        }
        let (_, told) = unhashed(&content, 1000, 3000..5000);
        assert_eq!(told, ["200 404", "12000", "10000"], "what was not seen is no part of the file");
    }
}

#[test]
fn after_a_gap_over_a_head_the_next_response_answers_the_newest_request() {
    let mut session = Session::new();
    session.client("GET /a HTTP/1.1\r\n\r\n");
    session.server("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
    session.client("GET /b HTTP/1.1\r\n\r\nGET /c HTTP/1.1\r\n\r\n");
    session.conversation.gap(Side::Responder, 500);
    session.server("end of something else HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(session.told("http.uri"), "/a /b /c");
    assert_eq!(session.told("http.status"), "200  404");
}

#[test]
fn requests_lost_in_a_gap_do_not_shift_the_answers() {
    let mut session = Session::new();
    session.client("GET /a HTTP/1.1\r\n\r\n");
    session.server("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    session.conversation.gap(Side::Originator, 40);
    session.server("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    session.client("GET /c HTTP/1.1\r\n\r\n");
    session.server("HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(session.told("http.uri"), "/a  /c");
    assert_eq!(session.told("http.status"), "200 404 500");
}

#[test]
fn a_head_beyond_its_cap_is_given_up_whatever_the_segments() {
    for piece in [1000, 100_000] {
        let mut session = Session::new();
        session.client("GET /a HTTP/1.1\r\nHost: h\r\n");
        let line = format!("X-Fill: {}\r\n", "x".repeat(super::HEAD_CAP));
        for piece in line.as_bytes().chunks(piece) {
            session.send(Side::Originator, piece);
        }
        session.client("Host: late\r\n\r\nGET /b HTTP/1.1\r\n\r\n");
        assert_eq!((session.told("http.uri"), session.told("http.host")), ("/a".into(), "h".into()));
    }
}

#[test]
fn a_tunnel_of_which_only_the_client_was_captured_is_handed_over() {
    let mut session = Session::new();
    session.client("CONNECT h:80 HTTP/1.1\r\n\r\n");
    session.client(&format!("GET /inside HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(super::TUNNEL_WAIT)));
    assert_eq!(session.told("http.uri"), "h:80 /inside");
    assert_eq!(session.told("http.host"), "h:80 ");
}

#[test]
fn a_response_without_its_end_is_no_whole_file() {
    let mut session = Session::new();
    session.client("GET /a.txt HTTP/1.1\r\n\r\n");
    session.server("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
    assert_eq!(session.told("file.name"), "a.txt");
    assert_eq!((session.told("file.size"), session.told("file.sha256")), ("3".into(), "".into()));
}
