//! Subversion's own protocol (subversion/libsvn_ra_svn/protocol).
//!
//! ```text
//! server   ( success ( 2 2 ( ) ( edit-pipeline svndiff1 ... ) ) )
//! client   ( 2 ( edit-pipeline ... ) 25:svn://host/repository 20:SVN/1.14.2 (x86_64) ( ) )
//! server   ( success ( ( ANONYMOUS CRAM-MD5 ) 5:realm ) )       client   ( CRAM-MD5 ( ) )      server ( step ( 20:<challenge> ) )   client 38:user digest
//! server   ( success ( ) )        or   ( failure ( 18:Password incorrect ) )
//! client   ( get-latest-rev ( ) ) ...     server   ( success ( 17 ) )   or   ( failure ( ( 160013 14:File not found ... ) ) )
//! ```
//!
//! A greeting with versions and a capability, or an answer with versions, capabilities and a URL, proves it.
//! Commands are known by the words behind their parentheses; files are not followed. Texts that stand alone are the content of files, or an account
//! behind CRAM-MD5. An item longer than [`MOST`] ends the session's facts.

use crate::dictionary::{Element, Field, Kind};
use crate::framed::{Extent, Message};
use crate::framing::decimal;
use crate::noted::{Form, Notes, begins};
use crate::protocol::{About, FirstBytes, Protocol, Role, Sample, Transport, Verdict};

static URL: Field = Field::text("url", "the repository", "ra_svn 3.1").long();
static CLIENT: Field = Field::text("client", "the client's software", "ra_svn 3.1");
static CAPABILITY: Field = Field::text("capability", "what the server can do", "ra_svn 2.1").list();

static MECHANISM: Field = Field::text("mechanism", "how the client logged in, each once", "ra_svn 2.1").list();
static USER: Field = Field::text("user", "the account", "ra_svn 2.1, RFC 2195");
static AUTHENTICATED: Field = Field::new(Kind::YesNo, "authenticated", "whether the account was taken", "ra_svn 2.1");
static COMMAND: Field = Field::text("command", "commands, each with how often", "ra_svn 3.1").list();
static ERROR: Field = Field::text("error", "what the server refused, and why", "ra_svn 2.2").list();

static ELEMENT: Element = Element {
    name: "svn",
    meaning: "a repository of Subversion",
    fields: &[&URL, &CLIENT, &MECHANISM, &USER, &AUTHENTICATED, &COMMAND, &ERROR, &CAPABILITY],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "svn",
    about: About {
        name: "Subversion (svn://)",
        specification: "libsvn_ra_svn, protocol",
        evidence: "the greeting, or the answer with a URL",
        limits: "files",
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

/// The longest item that is read.
const MOST: usize = 4096;

fn extent(_: &Notes, _: Role, bytes: &[u8]) -> Extent {
    let blanks = bytes.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    let begun = bytes.get(blanks..).unwrap_or_default();
    match if begun.first().is_some_and(u8::is_ascii_digit) { alone(begun) } else { item(begun) } {
        Extent::Whole(length) => Extent::Whole(length.saturating_add(blanks)),
        // What it is can't be told, and where it ends neither.
        Extent::Broken => Extent::Whole(MOST),
        other => other,
    }
}

/// A text that stands alone.
fn alone(bytes: &[u8]) -> Extent {
    let digits = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
    match (bytes.get(digits), bytes.get(..digits).and_then(decimal).and_then(|length| usize::try_from(length).ok())) {
        (None, _) if digits < 12 => Extent::Need(bytes.len().saturating_add(1)),
        (Some(b':'), Some(length)) => Extent::Whole(length.saturating_add(digits).saturating_add(1)),
        _ => Extent::Broken,
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
    let bytes = message.bytes.trim_ascii_start();
    if !bytes.starts_with(b"(") {
        // A text; but where no length fits, nothing that is known.
        if message.role == Role::Client {
            account(notes, bytes);
        }
        return bytes.first().is_some_and(u8::is_ascii_digit);
    }
    if !matches!(item(bytes), Extent::Whole(_)) {
        return false;
    }
    match message.role {
        Role::Server => answered(notes, bytes),
        Role::Client if notes.has(&URL) => said(notes, bytes),
        Role::Client => {
            let mut after = words(bytes).skip_while(|word| !word.starts_with(b"svn"));
            if let Some(url) = after.find(|word| memchr::memmem::find(word, b"://").is_some()) {
                notes.text(&URL, url);
                notes.text(&CLIENT, after.next().unwrap_or_default());
            }
        }
    }
    true
}

/// What answers CRAM-MD5: an account, a blank and 32 hexadecimal digits.
fn account(notes: &mut Notes, text: &[u8]) {
    let text = words(text).next().unwrap_or_default();
    let Some(blank) = memchr::memrchr(b' ', text) else { return };
    let (user, digest) = text.split_at_checked(blank).unwrap_or_default();
    let digest = digest.trim_ascii_start();
    if notes.has(&MECHANISM) && digest.len() == 32 && digest.iter().all(u8::is_ascii_hexdigit) {
        notes.text(&USER, user);
        notes.user(user);
    }
}

/// A command, or how the client wants to log in.
fn said(notes: &mut Notes, item: &[u8]) {
    let word = words(item).next().unwrap_or_default();
    if word.first().is_some_and(u8::is_ascii_uppercase) {
        notes.text(&MECHANISM, word);
    } else if word.first().is_some_and(u8::is_ascii_lowercase) && !matches!(word, b"success" | b"failure") {
        // What the server drives, an update, the client answers as the server does.
        notes.tally(&COMMAND, word);
    }
}

/// An answer: to the greeting, to an account, or to a command.
fn answered(notes: &mut Notes, item: &[u8]) {
    let mut words = words(item);
    let outcome = words.next().unwrap_or_default();
    if notes.seen(Role::Server) == 0 {
        words.filter(|word| !word.iter().all(u8::is_ascii_digit)).for_each(|word| notes.text(&CAPABILITY, word));
        return;
    }
    let waiting = notes.has(&USER) && !notes.has(&AUTHENTICATED);
    match outcome {
        b"success" if waiting && words.next().is_none() => notes.yes_no(&AUTHENTICATED, true),
        b"failure" => {
            if waiting {
                notes.yes_no(&AUTHENTICATED, false);
            }
            let text = words.find(|word| word.len() > 1 && !word.iter().all(u8::is_ascii_digit));
            notes.text(&ERROR, text.unwrap_or_default());
        }
        _ => {}
    }
}
