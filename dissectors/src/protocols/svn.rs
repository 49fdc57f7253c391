//! Subversion's own protocol (subversion/libsvn_ra_svn/protocol).
//!
//! ```text
//! server   ( success ( 2 2 ( ) ( edit-pipeline svndiff1 ... ) ) )
//! client   ( 2 ( edit-pipeline ... ) 25:svn://host/repository 20:SVN/1.14.2 (x86_64) ( ) )
//! server   ( success ( ( ANONYMOUS CRAM-MD5 ) 5:realm ) )       client   ( CRAM-MD5 ( ) )      server ( step ( 20:<challenge> ) )   client 38:user digest
//! client   ( get-latest-rev ( ) ) ...
//! ```
//!
//! A greeting with versions and a capability, or an answer with versions, capabilities and a URL, proves it.
//! Commands are known by the words behind their parentheses; files are not followed.

use crate::dictionary::{Element, Field};
use crate::framed::{Extent, Message};
use crate::framing::decimal;
use crate::noted::{Form, Notes, begins};
use crate::protocol::{About, FirstBytes, Protocol, Role, Sample, Transport, Verdict};

static URL: Field = Field::text("url", "the repository", "ra_svn 3.1").long();
static CLIENT: Field = Field::text("client", "the client's software", "ra_svn 3.1");
static CAPABILITY: Field = Field::text("capability", "what the server can do", "ra_svn 2.1").list();

static ELEMENT: Element =
    Element { name: "svn", meaning: "a repository of Subversion", fields: &[&URL, &CLIENT, &CAPABILITY] };

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "svn",
    about: About {
        name: "Subversion (svn://)",
        specification: "libsvn_ra_svn, protocol",
        evidence: "the greeting, or the answer with a URL",
        limits: "commands and files",
        ports: &[3690],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[b'('..=b'(']),
    probe,
    open: |opening| FORM.open(opening),
};

static FORM: Form = Form { element: &ELEMENT, extent, read };

const GREETING: &[u8] = b"( success ( ";
const ANSWER: &[u8] = b"( 2 ( ";

/// The first item, up to the parenthesis that closes it. Texts behind a length may hold anything.
fn item(bytes: &[u8]) -> Extent {
    let (mut at, mut depth) = (0usize, 0usize);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'(' => depth = depth.saturating_add(1),
            b')' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Extent::Whole(at.saturating_add(1));
                }
            }
            b'0'..=b'9' => {
                let rest = bytes.get(at..).unwrap_or_default();
                let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
                if rest.get(digits) == Some(&b':') {
                    let length = rest.get(..digits).and_then(decimal).and_then(|length| usize::try_from(length).ok());
                    at = at.saturating_add(digits).saturating_add(length.unwrap_or(usize::MAX));
                } else {
                    at = at.saturating_add(digits.saturating_sub(1));
                }
            }
            _ => {}
        }
        at = at.saturating_add(1);
        if at > MOST {
            return Extent::Broken;
        }
    }
    Extent::Need(bytes.len().saturating_add(1))
}

/// The longest greeting.
const MOST: usize = 4096;

fn extent(_: &Notes, _: Role, bytes: &[u8]) -> Extent {
    let blanks = bytes.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    match item(bytes.get(blanks..).unwrap_or_default()) {
        Extent::Whole(length) => Extent::Whole(length.saturating_add(blanks)),
        other => other,
    }
}

/// The words of an item, parentheses left out; texts without their lengths.
fn words(item: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = item;
    std::iter::from_fn(move || {
        loop {
            rest = rest.trim_ascii_start();
            let end = rest.iter().position(u8::is_ascii_whitespace).unwrap_or(rest.len());
            let word = rest.get(..end).filter(|word| !word.is_empty())?;
            let digits = word.iter().take_while(|byte| byte.is_ascii_digit()).count();
            if word.get(digits) == Some(&b':') && digits > 0 {
                let length = usize::try_from(word.get(..digits).and_then(decimal)?).ok()?;
                let begin = digits.checked_add(1)?;
                let text = rest.get(begin..begin.checked_add(length)?)?;
                rest = rest.get(begin.checked_add(length)?..)?;
                return Some(text);
            }
            rest = rest.get(end..)?;
            if !matches!(word, b"(" | b")") {
                return Some(word);
            }
        }
    })
}

fn probe(sample: &Sample<'_>) -> Verdict {
    let beginning = if sample.role == Role::Server { GREETING } else { ANSWER };
    match (begins(sample.bytes, beginning), item(sample.bytes)) {
        (Verdict::Match, Extent::Whole(length)) => {
            let whole = sample.bytes.get(..length).unwrap_or_default();
            let telling = if sample.role == Role::Server {
                words(whole).any(|word| word == b"edit-pipeline" || word == b"svndiff1")
            } else {
                words(whole).any(|word| word.starts_with(b"svn://") || word.starts_with(b"svn+"))
            };
            if telling { Verdict::Match } else { Verdict::Reject }
        }
        (Verdict::Match, Extent::Need(_)) => Verdict::NeedMore,
        (verdict, _) => {
            if verdict == Verdict::Match {
                Verdict::Reject
            } else {
                verdict
            }
        }
    }
}

fn read(notes: &mut Notes, message: &Message<'_>) -> bool {
    if message.role == Role::Server {
        if notes.seen(Role::Server) == 0 {
            words(message.bytes)
                .skip(1)
                .filter(|word| !word.iter().all(u8::is_ascii_digit))
                .for_each(|word| notes.text(&CAPABILITY, word));
        }
        // After the greeting nothing of the server's is told, and what it sends grows.
        return notes.seen(Role::Server) == 0;
    }
    let mut after = words(message.bytes).skip_while(|word| !word.starts_with(b"svn"));
    if let Some(url) = after.find(|word| memchr::memmem::find(word, b"://").is_some()) {
        notes.text(&URL, url);
        notes.text(&CLIENT, after.next().unwrap_or_default());
    }
    false
}
