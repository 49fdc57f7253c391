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
        let setup = Setup {
            transport: Transport::Tcp,
            addresses: ["192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap()],
            midstream: false,
            file_hash: HashLimit::ALL,
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
