//! Heads: the start line and the field lines before a message's content (RFC 9112 2 to 6).
//!
//! ```text
//! METHOD SP target SP HTTP/1.x CRLF        or        HTTP/1.x SP code [SP reason] CRLF
//! *( name ":" OWS value OWS CRLF *( folded continuation: (SP | HT) text CRLF ) )
//! CRLF
//! ```
//!
//! Lines are taken one by one as they come, so a head that never ends still tells what it said, and a head's size costs no
//! buffer. Reading is tolerant, since what strict readers refuse is often the attack: a bare LF ends a line, folding is undone,
//! white space around names is dropped, targets may hold spaces, lines without a colon are passed over.

use std::borrow::Cow;

use memchr::{memchr, memchr_iter};

use super::coding::Coding;
use super::naming;
use crate::capped::Text;
use crate::mail::parameters::parameter;

/// The most bytes of one head.
pub(super) const HEAD_CAP: usize = 64 * 1024;
/// The most bytes of a method. The longest that is registered (RFC 9110 16.1) has 17.
pub(super) const METHOD_CAP: usize = 32;
/// The most bytes of a multipart boundary (RFC 2046 5.1.1 allows 70).
const BOUNDARY_CAP: usize = 200;

/// Whether a byte may stand in a token (RFC 9110 5.6.2).
pub(super) fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// Whether a token, or the beginning of one, is like the methods in use: letters, digits, `-` and `_`, a letter first.
pub(super) fn is_method(token: &[u8]) -> bool {
    token.len() <= METHOD_CAP
        && token.first().is_some_and(u8::is_ascii_alphabetic)
        && token.iter().all(|&byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// The version of requests that name none.
pub(super) const OLDEST: &str = "0.9";

/// A version: what stands after `HTTP/`.
pub(super) fn version_name(version: &[u8]) -> &'static str {
    match version {
        b"1.0" => "1.0",
        b"1.1" => "1.1",
        b"" => OLDEST,
        _ => "1.x",
    }
}

/// The first line of a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct RequestLine<'a> {
    /// The method.
    pub method: &'a [u8],
    /// The target as sent.
    pub target: &'a [u8],
    /// What stands after `HTTP/`; nothing in the oldest requests.
    pub version: &'a [u8],
}

/// The first line of a response.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct StatusLine<'a> {
    /// What stands after `HTTP/`.
    pub version: &'a [u8],
    /// Three digits.
    pub status: u16,
    /// The words after them.
    pub reason: &'a [u8],
}

/// Reads a request line without its end.
pub(super) fn request_line(line: &[u8]) -> Option<RequestLine<'_>> {
    let (method, rest) = line.split_at_checked(line.iter().position(|byte| matches!(byte, b' ' | b'\t'))?)?;
    if !is_method(method) {
        return None;
    }
    let rest = rest.trim_ascii();
    let last = rest.iter().rposition(|byte| matches!(byte, b' ' | b'\t')).map_or(0, |at| at.saturating_add(1));
    let (target, word) = rest.split_at_checked(last)?;
    let (target, version) = match word.strip_prefix(b"HTTP/") {
        Some(version) if !target.is_empty() => (target.trim_ascii(), version),
        _ => (rest, &b""[..]),
    };
    // RTSP, SIP and their like have the same shape under another name.
    let foreign = version.is_empty() && word.contains(&b'/') && !target.is_empty() && word.len() < rest.len();
    (!foreign && !target.is_empty()).then_some(RequestLine { method, target, version })
}

/// Reads a status line without its end. The first line of a SHOUTcast server (`ICY 200 OK`) is one too, where a client has asked
/// in HTTP.
pub(super) fn status_line(line: &[u8]) -> Option<StatusLine<'_>> {
    let (version, rest) = match line.strip_prefix(b"HTTP/") {
        Some(rest) => rest.split_at_checked(rest.iter().position(|byte| matches!(byte, b' ' | b'\t'))?)?,
        None => (&b"1.0"[..], line.strip_prefix(b"ICY")?),
    };
    let rest = rest.trim_ascii();
    let (digits, reason) = rest.split_at_checked(3)?;
    let digit = |at: usize| digits.get(at).filter(|byte| byte.is_ascii_digit()).map(|byte| u16::from(byte & 0x0f));
    let status = digit(0)? * 100 + digit(1)? * 10 + digit(2)?;
    let apart = reason.first().is_none_or(|byte| byte.is_ascii_whitespace());
    (apart && status >= 100).then_some(StatusLine { version, status, reason: reason.trim_ascii() })
}

/// What the next bytes of a head hold.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// A line of so many bytes, its end included.
    Whole(usize),
    /// No whole line yet; so many bytes need not be searched again.
    Partial(usize),
}

/// Finds the end of a start line. `searched` bytes are known to hold none.
pub(super) fn start_line_end(bytes: &[u8], searched: usize) -> Line {
    match bytes.get(searched..).and_then(|rest| memchr(b'\n', rest)) {
        Some(at) => Line::Whole(searched.saturating_add(at).saturating_add(1)),
        None => Line::Partial(bytes.len()),
    }
}

/// Finds the end of a field with its folded continuations, which only the byte after it can tell, or of the empty line that
/// ends the head. `searched` bytes are known to hold neither.
pub(super) fn field_end(bytes: &[u8], searched: usize) -> Line {
    if let Some(empty) = empty_line(bytes) {
        return Line::Whole(empty);
    }
    let rest = bytes.get(searched..).unwrap_or_default();
    for at in memchr_iter(b'\n', rest) {
        let end = searched.saturating_add(at);
        match bytes.get(end.saturating_add(1)) {
            Some(b' ' | b'\t') => {}
            Some(_) => return Line::Whole(end.saturating_add(1)),
            None => return Line::Partial(end),
        }
    }
    Line::Partial(bytes.len())
}

/// The length of an empty line at the beginning of `bytes`.
pub(super) fn empty_line(bytes: &[u8]) -> Option<usize> {
    match bytes {
        [b'\n', ..] => Some(1),
        [b'\r', b'\n', ..] => Some(2),
        _ => None,
    }
}

/// Splits a field into its name and its value, folding undone. Nothing where there is no name.
pub(super) fn field(line: &[u8]) -> Option<(&[u8], Cow<'_, [u8]>)> {
    let colon = memchr(b':', line)?;
    let name = line.get(..colon)?.trim_ascii();
    let value = line.get(colon.saturating_add(1)..)?.trim_ascii();
    (!name.is_empty()).then(|| (name, unfold(value)))
}

/// Replaces each line end inside a value, and the white space around it, by one space.
fn unfold(value: &[u8]) -> Cow<'_, [u8]> {
    if memchr(b'\n', value).is_none() {
        return Cow::Borrowed(value);
    }
    let mut out = Vec::with_capacity(value.len());
    for piece in value.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii).filter(|piece| !piece.is_empty()) {
        if !out.is_empty() {
            out.push(b' ');
        }
        out.extend_from_slice(piece);
    }
    Cow::Owned(out)
}

/// What Content-Length said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Length {
    #[default]
    Absent,
    Bytes(u64),
    Invalid,
}

/// What Transfer-Encoding said of the framing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Transfer {
    #[default]
    Absent,
    /// `chunked` is the last coding.
    Chunked,
    /// Another is, so only the connection's end ends the content.
    Other,
}

/// How a message's content is delimited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Delimiter {
    /// There is none.
    Nothing,
    /// So many bytes.
    Length(u64),
    /// Chunks.
    Chunked,
    /// The end of the connection.
    Close,
}

/// What kind of content a message announces, as far as it decides what is done with it.
#[derive(Debug, Default)]
pub(super) enum Media {
    /// Content that is a file.
    #[default]
    File,
    /// Parts between lines that hold the boundary (RFC 2046 5.1).
    Multipart(Box<[u8]>),
    /// The fields of a form, or a tunnel's endless content: no file.
    NoFile,
}

/// What a head says about the content after it. Facts are taken from the lines themselves.
#[derive(Debug, Default)]
pub(super) struct Head {
    length: Length,
    transfer: Transfer,
    /// Fields about the length contradict one another or can't be understood.
    pub conflict: bool,
    /// The coding to undo before the content is the file.
    pub coding: Option<Coding>,
    coded_twice: bool,
    /// The name in Content-Disposition.
    pub file_name: Option<Text>,
    /// The kind of content.
    pub media: Media,
    /// The client will wait before it sends content.
    pub expects_continue: bool,
    /// Another protocol is asked for.
    pub upgrades: bool,
}

impl Head {
    /// Notes a field that is about the message's content.
    pub(super) fn note(&mut self, name: &[u8], value: &[u8]) {
        let is = |known: &str| name.eq_ignore_ascii_case(known.as_bytes());
        if is("content-length") {
            self.note_length(value);
        } else if is("transfer-encoding") {
            self.note_transfer(value);
        } else if is("content-encoding") {
            self.note_codings(value);
        } else if is("content-disposition") {
            self.file_name = self.file_name.take().or_else(|| naming::disposition(value));
        } else if is("content-type") {
            self.media = media(value);
        } else if is("expect") {
            self.expects_continue = value.eq_ignore_ascii_case(b"100-continue");
        } else if is("upgrade") {
            self.upgrades = true;
        }
    }

    /// Several equal lengths are one (RFC 9112 6.3, 5th rule); of different ones the first is believed.
    fn note_length(&mut self, value: &[u8]) {
        for item in value.split(|&byte| byte == b',').map(<[u8]>::trim_ascii) {
            let said = decimal(item).map_or(Length::Invalid, Length::Bytes);
            match self.length {
                Length::Absent => self.length = said,
                known => self.conflict |= known != said,
            }
            self.conflict |= said == Length::Invalid;
        }
    }

    fn note_transfer(&mut self, value: &[u8]) {
        for item in value.split(|&byte| byte == b',').map(<[u8]>::trim_ascii) {
            let coding = item.split(|&byte| byte == b';').next().unwrap_or_default().trim_ascii();
            if coding.is_empty() || coding.eq_ignore_ascii_case(b"identity") {
                continue;
            }
            self.conflict |= self.transfer == Transfer::Chunked;
            self.transfer = if coding.eq_ignore_ascii_case(b"chunked") { Transfer::Chunked } else { Transfer::Other };
        }
    }

    fn note_codings(&mut self, value: &[u8]) {
        for item in value.split(|&byte| byte == b',').map(<[u8]>::trim_ascii) {
            if item.is_empty() || item.eq_ignore_ascii_case(b"identity") {
                continue;
            }
            self.coded_twice |= self.coding.is_some();
            self.coding = (!self.coded_twice).then(|| Coding::named(item)).flatten();
            self.coded_twice |= self.coding.is_none();
        }
    }

    /// How a request's content is delimited (RFC 9112 6.3).
    pub(super) fn request_delimiter(&mut self) -> Delimiter {
        self.conflict |= self.transfer == Transfer::Other || self.both();
        match (self.transfer, self.length) {
            (Transfer::Chunked, _) => Delimiter::Chunked,
            (_, Length::Bytes(bytes)) if bytes > 0 => Delimiter::Length(bytes),
            _ => Delimiter::Nothing,
        }
    }

    /// How the content of a response that may have some is delimited (RFC 9112 6.3).
    pub(super) fn response_delimiter(&mut self) -> Delimiter {
        self.conflict |= self.both();
        match (self.transfer, self.length) {
            (Transfer::Chunked, _) => Delimiter::Chunked,
            (Transfer::Other, _) => Delimiter::Close,
            (Transfer::Absent, Length::Bytes(0)) => Delimiter::Nothing,
            (Transfer::Absent, Length::Bytes(bytes)) => Delimiter::Length(bytes),
            (Transfer::Absent, Length::Absent | Length::Invalid) => Delimiter::Close,
        }
    }

    fn both(&self) -> bool {
        self.transfer != Transfer::Absent && self.length != Length::Absent
    }

    /// Bytes on the heap.
    pub(super) fn heap_bytes(&self) -> usize {
        let media = if let Media::Multipart(boundary) = &self.media { boundary.len() } else { 0 };
        media + self.file_name.as_ref().map_or(0, Text::heap_bytes)
    }
}

/// Digits and nothing else; what is too large for 64 bits is the largest number.
fn decimal(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(digits.iter().fold(0u64, |sum, digit| sum.saturating_mul(10).saturating_add(u64::from(digit & 0x0f))))
}

fn media(value: &[u8]) -> Media {
    let essence = value.split(|&byte| byte == b';').next().unwrap_or_default().trim_ascii().to_ascii_lowercase();
    if essence.starts_with(b"multipart/")
        && let Some(boundary) = parameter(value, b"boundary")
        && (1..=BOUNDARY_CAP).contains(&boundary.len())
    {
        return Media::Multipart(boundary.into());
    }
    match essence.as_slice() {
        b"application/x-www-form-urlencoded" | b"application/rpc" | b"application/x-rtsp-tunnelled" => Media::NoFile,
        _ => Media::File,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(fields: &[(&str, &str)]) -> Head {
        let mut head = Head::default();
        for (name, value) in fields {
            head.note(name.as_bytes(), value.as_bytes());
        }
        head
    }

    #[test]
    fn the_request_line_is_read_tolerantly() {
        let read = |line: &'static str| request_line(line.as_bytes()).map(|r| (r.method, r.target, r.version));
        assert_eq!(read("GET / HTTP/1.1"), Some((&b"GET"[..], &b"/"[..], &b"1.1"[..])));
        assert_eq!(read("GET  /a b  HTTP/1.0 "), Some((&b"GET"[..], &b"/a b"[..], &b"1.0"[..])));
        assert_eq!(read("GET /old"), Some((&b"GET"[..], &b"/old"[..], &b""[..])));
        assert_eq!(read("GET / RTSP/1.0"), None);
        assert_eq!(read("GET HTTP/1.1"), Some((&b"GET"[..], &b"HTTP/1.1"[..], &b""[..])));
        assert_eq!(read("\x16\x03 x"), None);
    }

    #[test]
    fn what_the_strict_reader_takes_is_read_alike() {
        for text in [
            "GET /x?y=1 HTTP/1.1\r\nHost: a\r\nX-Long:  v  \r\n\r\n",
            "OPTIONS * HTTP/1.0\nA:b\n\n",
            "M-SEARCH * HTTP/1.1\r\nMAN: \"x\"\r\nEmpty:\r\n\r\n",
        ] {
            let mut fields = [httparse::EMPTY_HEADER; 8];
            let mut strict = httparse::Request::new(&mut fields);
            assert!(strict.parse(text.as_bytes()).unwrap().is_complete());
            let mut rest = text.as_bytes();
            let Line::Whole(end) = start_line_end(rest, 0) else { panic!("a whole line") };
            let line = request_line(rest[..end].trim_ascii_end()).unwrap();
            assert_eq!(line.method, strict.method.unwrap().as_bytes());
            assert_eq!(line.target, strict.path.unwrap().as_bytes());
            rest = &rest[end..];
            for known in strict.headers.iter() {
                let Line::Whole(end) = field_end(rest, 0) else { panic!("a whole field") };
                let (name, value) = field(&rest[..end]).unwrap();
                assert_eq!((name, value.as_ref()), (known.name.as_bytes(), known.value));
                rest = &rest[end..];
            }
            assert!(empty_line(rest).is_some());
        }
    }

    #[test]
    fn a_field_ends_only_where_the_next_line_begins() {
        assert_eq!(field_end(b"A: b\r\n", 0), Line::Partial(5));
        assert_eq!(field_end(b"A: b\r\n c\r\nD", 5), Line::Whole(10));
        assert_eq!(field_end(b"\r\n", 0), Line::Whole(2));
        assert_eq!(field_end(b"\r", 0), Line::Partial(1));
        assert_eq!(field(b"A: b\r\n \t c\r\n").unwrap().1.as_ref(), b"b c");
    }

    #[test]
    fn transfer_encoding_wins_over_a_length_and_the_conflict_is_known() {
        let mut both = head(&[("Content-Length", "5"), ("transfer-encoding", "gzip, Chunked")]);
        assert_eq!((both.request_delimiter(), both.conflict), (Delimiter::Chunked, true));
        let mut same = head(&[("Content-Length", "5, 5"), ("Content-Length", "5")]);
        assert_eq!((same.request_delimiter(), same.conflict), (Delimiter::Length(5), false));
        let mut differing = head(&[("Content-Length", "5"), ("Content-Length", "6")]);
        assert_eq!((differing.response_delimiter(), differing.conflict), (Delimiter::Length(5), true));
        let mut signed = head(&[("Content-Length", "+5")]);
        assert_eq!((signed.request_delimiter(), signed.conflict), (Delimiter::Nothing, true));
        let mut hidden = head(&[("Transfer-Encoding", "xchunked")]);
        assert_eq!((hidden.response_delimiter(), hidden.conflict), (Delimiter::Close, false));
        let mut endless = head(&[("Content-Length", "99999999999999999999999")]);
        assert_eq!(endless.response_delimiter(), Delimiter::Length(u64::MAX));
    }

    #[test]
    fn a_status_line_needs_three_digits() {
        assert_eq!(status_line(b"HTTP/1.1 200 OK").unwrap().status, 200);
        assert_eq!(status_line(b"HTTP/1.0 404").unwrap().reason, b"");
        assert_eq!(status_line(b"ICY 200 OK").unwrap().reason, b"OK");
        assert_eq!(status_line(b"HTTP/1.1 2000 OK"), None);
        assert_eq!(status_line(b"HTTP/1.1 OK"), None);
    }
}
