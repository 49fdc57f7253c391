//! How HTTP/1 is recognised: a whole request line, or the beginning of a status line.
//!
//! A request line that does not end within the sample (a long URI, a capture that holds only the packets' beginnings) is
//! only likely, and only where a method that everybody knows is followed by a path or an absolute http URI. RTSP, SIP and ICY
//! share the grammar and differ in the version's name, so nothing is believed without it.

use memchr::{memchr, memmem};

use super::head::{METHOD_CAP, is_method, is_token_byte};
use crate::protocol::{Role, Sample, Verdict};
use crate::scan;

/// How many empty bytes (CR, LF) may stand before a request line.
const LEADING_EMPTY_BYTES: usize = 4;

/// How many bytes a status line and the name of the first field after it may have, where a response is sought in other bytes.
const SEEK_CAP: usize = 512;

/// What every response begins with.
const NAME: &[u8] = b"HTTP/1.";

/// What documents begin with.
const DOCUMENTS: &[&[u8]] = &[b"<!doctype html", b"<html"];

/// Methods that are believed without the request line's end, with the space after them.
const KNOWN_METHODS: &[&[u8]] = &[
    b"GET ",
    b"POST ",
    b"HEAD ",
    b"PUT ",
    b"DELETE ",
    b"OPTIONS ",
    b"TRACE ",
    b"PATCH ",
    b"CONNECT ",
    b"PROPFIND ",
    b"PROPPATCH ",
    b"MKCOL ",
    b"COPY ",
    b"MOVE ",
    b"LOCK ",
    b"UNLOCK ",
    b"REPORT ",
    b"SEARCH ",
    b"NOTIFY ",
    b"SUBSCRIBE ",
    b"UNSUBSCRIBE ",
    b"BITS_POST ",
    b"CCM_POST ",
    b"RPC_IN_DATA ",
    b"RPC_OUT_DATA ",
];

/// Tells whether a sample may be HTTP/1.
pub(super) fn probe(sample: &Sample<'_>) -> Verdict {
    match sample.role {
        Role::Client => request(sample.bytes),
        // Any file may begin as a document does; what was asked for must tell.
        Role::Server if begins_document(sample.bytes) => Verdict::NeedMore,
        Role::Server => response(sample.bytes),
    }
}

/// Whether bytes in the middle of a stream are the beginning of a head; nothing where they are too few to tell. Content that
/// begins so would be very unlucky.
pub(super) fn begins_head(role: Role, bytes: &[u8]) -> Option<bool> {
    let known = if role == Role::Client { KNOWN_METHODS } else { &[&b"HTTP/1."[..]] };
    if known.iter().any(|known| bytes.starts_with(known)) {
        return Some(true);
    }
    let may = known.iter().any(|known| known.starts_with(bytes));
    (!may).then_some(false)
}

/// Looks in a server's bytes, of which nothing is known, for the next response: a status line with a field after it. Gives how many
/// bytes certainly are none, and whether a response begins after them.
pub(super) fn seek_response(bytes: &[u8]) -> (usize, bool) {
    let mut from = 0usize;
    while let Some(at) = bytes.get(from..).and_then(|rest| memmem::find(rest, NAME)) {
        let start = from.saturating_add(at);
        match bytes.get(start..).map_or(Some(false), begins_response) {
            Some(true) => return (start, true),
            None => return (start, false),
            Some(false) => from = start.saturating_add(NAME.len()),
        }
    }
    // The name may begin at the very end.
    let rest = bytes.get(from..).unwrap_or_default();
    let tail = (1..NAME.len()).rev().find(|&tail| NAME.get(..tail).is_some_and(|tail| rest.ends_with(tail)));
    (bytes.len().saturating_sub(tail.unwrap_or(0)), false)
}

/// Whether bytes are a status line and the name of a field; nothing where they are too few to tell.
fn begins_response(bytes: &[u8]) -> Option<bool> {
    match response(bytes) {
        Verdict::Match => {}
        Verdict::NeedMore => return None,
        Verdict::Likely | Verdict::Reject => return Some(false),
    }
    let bytes = bytes.get(..SEEK_CAP).unwrap_or(bytes);
    let (line, field) = match memchr(b'\n', bytes) {
        Some(end) => (bytes.get(..end).unwrap_or(bytes), bytes.get(end.saturating_add(1)..)),
        None => (bytes, None),
    };
    // Content that speaks of a status, right before the head that is sought.
    if line.iter().any(|&byte| byte < b' ' && byte != b'\r') || memmem::rfind(line, NAME).is_some_and(|at| at > 0) {
        return Some(false);
    }
    let after_name = field.and_then(|field| field.iter().find(|&&byte| !is_token_byte(byte)));
    match after_name {
        Some(byte) => Some(*byte == b':'),
        None if bytes.len() >= SEEK_CAP => Some(false),
        None => None,
    }
}

fn request(bytes: &[u8]) -> Verdict {
    let empty = bytes.iter().take(LEADING_EMPTY_BYTES).take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    let bytes = bytes.get(empty..).unwrap_or_default();
    let method_bytes = bytes.iter().take_while(|&&byte| is_token_byte(byte)).count();
    let (method, rest) = bytes.split_at_checked(method_bytes).unwrap_or((bytes, &[]));
    if !method.is_empty() && !is_method(method) {
        return Verdict::Reject;
    }
    match rest.split_first() {
        None => return Verdict::NeedMore,
        Some((b' ', _)) if method_bytes <= METHOD_CAP && !method.is_empty() => {}
        Some(_) => return Verdict::Reject,
    }
    let (line, ends) = match memchr(b'\n', bytes) {
        Some(at) => (bytes.get(..at).unwrap_or(bytes), true),
        None => (bytes, false),
    };
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if !scan::all(line, |byte| byte >= b' ' || byte == b'\t') {
        return Verdict::Reject;
    }
    if ends {
        return match () {
            () if is_request_line(line) => Verdict::Match,
            () if is_oldest(line) => Verdict::Likely,
            // A clumsy client, or an attack: the server's answer may still prove it.
            () if is_damaged(line) => Verdict::NeedMore,
            () => Verdict::Reject,
        };
    }
    if begins_like_a_request(line) { Verdict::Likely } else { Verdict::NeedMore }
}

/// Whether a whole line ends in the name and version of HTTP/1, with a target between it and the method.
fn is_request_line(line: &[u8]) -> bool {
    let line = line.trim_ascii_end();
    let Some((rest, [.., b'H', b'T', b'T', b'P', b'/', b'1', b'.', b'0'..=b'9'])) = line.split_last_chunk::<8>() else {
        return false;
    };
    let Some(method_end) = memchr(b' ', rest) else {
        return false;
    };
    let target = rest.get(method_end..).unwrap_or_default();
    target.ends_with(b" ") && !target.trim_ascii().is_empty()
}

/// Whether a line is a request of HTTP/0.9 (RFC 1945 4.1): a path is got, and that is all.
fn is_oldest(line: &[u8]) -> bool {
    line.strip_prefix(b"GET /").is_some_and(|path| !path.contains(&b' '))
}

/// Whether bytes are or may become a document, which is all that HTTP/0.9 answers with.
fn begins_document(bytes: &[u8]) -> bool {
    let empty = bytes.iter().take(LEADING_EMPTY_BYTES).take_while(|byte| byte.is_ascii_whitespace()).count();
    let text = bytes.get(empty..).unwrap_or_default();
    DOCUMENTS.iter().any(|known| text.iter().zip(*known).all(|(byte, known)| byte.eq_ignore_ascii_case(known)))
}

/// Whether a line without the version at its end begins with a method that everybody knows, and names no other protocol.
fn is_damaged(line: &[u8]) -> bool {
    let foreign = |word: &[u8]| {
        let mut halves = word.splitn(2, |&byte| byte == b'/');
        let name = halves.next().unwrap_or_default();
        let version = halves.next().and_then(<[u8]>::first);
        name != b"HTTP" && name.first().is_some_and(u8::is_ascii_uppercase) && version.is_some_and(u8::is_ascii_digit)
    };
    let last = line.trim_ascii_end().rsplit(|&byte| byte == b' ').next().unwrap_or_default();
    KNOWN_METHODS.iter().any(|method| line.starts_with(method)) && !foreign(last)
}

/// Whether a line that does not end yet is a known method, the beginning of a path or http URI, and nothing else than the
/// name of HTTP/1 after it.
fn begins_like_a_request(line: &[u8]) -> bool {
    let Some(rest) = KNOWN_METHODS.iter().find_map(|method| line.strip_prefix(*method)) else {
        return false;
    };
    let located = rest.starts_with(b"/") || rest.starts_with(b"http://") || rest.starts_with(b"https://");
    let version = memchr(b' ', rest).and_then(|at| rest.get(at.saturating_add(1)..)).unwrap_or_default();
    located && (b"HTTP/1.".starts_with(version) || (version.starts_with(b"HTTP/1.") && version.len() == 8))
}

fn response(bytes: &[u8]) -> Verdict {
    let (name, rest) = bytes.split_at_checked(NAME.len()).unwrap_or((bytes, &[]));
    if !NAME.starts_with(name) {
        return Verdict::Reject;
    }
    let shape: [fn(&u8) -> bool; 5] = [
        u8::is_ascii_digit,
        |byte| *byte == b' ',
        |byte| matches!(byte, b'1'..=b'9'),
        u8::is_ascii_digit,
        u8::is_ascii_digit,
    ];
    if !rest.iter().zip(shape).all(|(byte, fits)| fits(byte)) {
        return Verdict::Reject;
    }
    if rest.len() >= shape.len() { Verdict::Match } else { Verdict::NeedMore }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_line_proves_itself_only_with_its_version() {
        for (bytes, verdict) in [
            (&b"GET /index.html HTTP/1.1\r\n"[..], Verdict::Match),
            (b"\r\nGET / HTTP/1.0\n", Verdict::Match),
            (b"BREW /pot HTTP/1.1\r\n", Verdict::Match),
            (b"GET /a b HTTP/1.1\r\n", Verdict::Match),
            (b"CONNECT host:443 HTTP/1.1\r\n", Verdict::Match),
            (b"GET /very/long", Verdict::Likely),
            (b"POST http://host/", Verdict::Likely),
            (b"GET / HTTP/1.1", Verdict::Likely),
            (b"GET / RTSP", Verdict::NeedMore),
            (b"BREW /pot", Verdict::NeedMore),
            (b"GE", Verdict::NeedMore),
            (b"GET / RTSP/1.0\r\n", Verdict::Reject),
            (b"OPTIONS sip:a@b SIP/2.0\r\n", Verdict::Reject),
            (b"SOURCE /radio ICE/1.0\r\n", Verdict::Reject),
            (b"PRI * HTTP/2.0\r\n", Verdict::Reject),
            (b"GET /\r\n", Verdict::Likely),
            (b"GET /a b\r\n", Verdict::NeedMore),
            (b"GET HTTP/1.1\r\n", Verdict::NeedMore),
            (b"GET / HTTP/1.\n", Verdict::NeedMore),
            (b"BREW /pot\r\n", Verdict::Reject),
            (b"SSH-2.0-x\r\n", Verdict::Reject),
            (b"\x16\x03\x01", Verdict::Reject),
            (b" GET", Verdict::Reject),
        ] {
            assert_eq!(request(bytes), verdict, "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn a_document_begins_as_one() {
        for bytes in [&b"<!DOCTYPE HTML PUBLIC"[..], b"\r\n<ht", b"<html>"] {
            assert!(begins_document(bytes), "{}", bytes.escape_ascii());
        }
        assert!(![&b"<?xml"[..], b"HTTP/1.1", b"\n\n\n\n\n<html>"].into_iter().any(begins_document));
    }

    #[test]
    fn a_response_is_found_in_other_bytes_whatever_the_segments() {
        let bytes = b"tail of HTTP/1.1 404 is no head, nor is HTTP/1.1 200 OK\r\n<p>HTTP/1.1 404 is none eitherHTTP/1.0 200 OK\r\nServer: x\r\n";
        let at = bytes.len() - b"HTTP/1.0 200 OK\r\nServer: x\r\n".len();
        assert_eq!(seek_response(bytes), (at, true));
        let (mut passed, mut shown) = (0, 0);
        while shown < bytes.len() {
            shown += 1;
            let (used, found) = seek_response(&bytes[passed..shown]);
            passed += used;
            if found {
                break;
            }
        }
        assert_eq!(passed, at);
    }

    #[test]
    fn a_status_line_proves_itself_with_its_code() {
        for (bytes, verdict) in [
            (&b"HTTP/1.1 200"[..], Verdict::Match),
            (b"HTTP/1.0 404 Not Found\r\n", Verdict::Match),
            (b"HTTP/1.1 20", Verdict::NeedMore),
            (b"H", Verdict::NeedMore),
            (b"HTTP/2 200", Verdict::Reject),
            (b"ICY 200 OK", Verdict::Reject),
            (b"RTSP/1.0 200 OK", Verdict::Reject),
            (b"HTTP/1.1 OK", Verdict::Reject),
        ] {
            assert_eq!(response(bytes), verdict, "{}", bytes.escape_ascii());
        }
    }
}
