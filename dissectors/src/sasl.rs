//! SASL (RFC 4422): who logs in, wherever the exchange travels: SMTP, POP3, IMAP and others.
//!
//! The protocol carries messages, mostly in base64; what stands in them is the mechanism's affair:
//!
//! ```text
//! PLAIN            [authorized] NUL account NUL password                    RFC 4616
//! LOGIN            account, then password, each when asked for              never standardised
//! CRAM-MD5         account SP digest                                        RFC 2195
//! DIGEST-MD5       username="account", ...                                  RFC 2831
//! SCRAM-*          n,,n=account,r=nonce                                     RFC 5802
//! XOAUTH2          user=account ^A auth=Bearer token ^A ^A                  Google's
//! OAUTHBEARER      n,a=account, ^A ...                                      RFC 7628
//! NTLM, GSS-SPNEGO see crate::ntlm
//! ```
//!
//! Passwords, digests, tokens and challenges are never kept. Ignored on purpose: what account somebody wants to act as, and Kerberos
//! tickets (GSSAPI), which name nobody in clear text.

use memchr::memmem;

use crate::capped::{List, Text};
use crate::credentials;
use crate::dictionary::Flag;
use crate::facts::Facts;
use crate::lenient;
use crate::ntlm::Exchange;

/// The most mechanisms kept of one session.
pub const MECHANISMS: usize = 8;

/// How a mechanism names its account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Kind {
    Plain,
    Login,
    CramMd5,
    DigestMd5,
    Scram,
    Xoauth2,
    OauthBearer,
    Ntlm,
    External,
    #[default]
    Other,
}

impl Kind {
    fn named(name: &[u8]) -> Self {
        let is = |known: &str| name.eq_ignore_ascii_case(known.as_bytes());
        match () {
            () if is("PLAIN") => Self::Plain,
            () if is("LOGIN") => Self::Login,
            () if is("CRAM-MD5") => Self::CramMd5,
            () if is("DIGEST-MD5") => Self::DigestMd5,
            () if is("XOAUTH2") => Self::Xoauth2,
            () if is("OAUTHBEARER") => Self::OauthBearer,
            () if is("NTLM") || is("GSS-SPNEGO") || is("GSSAPI") => Self::Ntlm,
            () if is("EXTERNAL") => Self::External,
            () if name.get(..6).is_some_and(|start| start.eq_ignore_ascii_case(b"SCRAM-")) => Self::Scram,
            () => Self::Other,
        }
    }
}

/// The logins of one session.
#[derive(Debug, Default)]
pub struct Logins {
    kind: Kind,
    /// Messages of the client in the exchange under way.
    answers: u32,
    mechanisms: List<Text, MECHANISMS>,
    user: Text,
    cleartext: bool,
    exchange: Exchange,
    succeeded: Option<bool>,
}

impl Logins {
    /// The client has chosen a mechanism.
    pub fn begin(&mut self, mechanism: &[u8]) {
        self.kind = Kind::named(mechanism);
        self.answers = 0;
        self.mechanisms.push_distinct(Text::new(&mechanism.to_ascii_uppercase()));
    }

    /// A message of the client, in base64. `=` is an empty one, `*` gives up.
    pub fn client(&mut self, coded: &[u8]) {
        if let Some(message) = decode(coded) {
            self.client_raw(&message);
        }
    }

    /// A message of the client, as it is.
    pub fn client_raw(&mut self, message: &[u8]) {
        let first = self.answers == 0;
        self.answers = self.answers.saturating_add(1);
        let user = match self.kind {
            Kind::Plain => message.split(|byte| *byte == 0).nth(1),
            Kind::Login | Kind::External => first.then_some(message),
            Kind::CramMd5 => message.rsplitn(2, |byte| *byte == b' ').nth(1),
            Kind::DigestMd5 => quoted(message, b"username=\""),
            Kind::Scram => message.split(|byte| *byte == b',').find_map(|item| item.strip_prefix(b"n=")),
            Kind::Xoauth2 => message.strip_prefix(b"user=").and_then(|rest| rest.split(|byte| *byte == 1).next()),
            Kind::OauthBearer => message.split(|byte| *byte == b',').find_map(|item| item.strip_prefix(b"a=")),
            Kind::Ntlm => {
                if let Some(login) = self.exchange.token(message) {
                    self.named(login.user.bytes());
                }
                None
            }
            Kind::Other => None,
        };
        self.cleartext |= match self.kind {
            Kind::Plain => user.is_some(),
            Kind::Login => !first,
            _ => false,
        };
        if let Some(user) = user {
            self.named(user);
        }
    }

    /// A message of the server, in base64.
    pub fn server(&mut self, coded: &[u8]) {
        if self.kind == Kind::Ntlm
            && let Some(message) = decode(coded)
        {
            self.exchange.token(&message);
        }
    }

    /// The account, in whatever way it was named; the first one stays.
    pub fn named(&mut self, user: &[u8]) {
        if self.user.is_empty() {
            self.user = Text::new(user);
        }
    }

    /// A password passed in clear text.
    pub fn password(&mut self) {
        self.cleartext = true;
    }

    /// How a login ended.
    pub fn ended(&mut self, success: bool) {
        self.succeeded = Some(success || self.succeeded == Some(true));
    }

    /// The account, or an empty text.
    pub fn user(&self) -> &Text {
        &self.user
    }

    /// The mechanisms that the client chose.
    pub fn mechanisms(&self) -> &List<Text, MECHANISMS> {
        &self.mechanisms
    }

    /// Whether any login succeeded, where that was seen.
    pub fn succeeded(&self) -> Option<bool> {
        self.succeeded
    }

    /// Writes what is not the protocol's own: the session's user, the flag, the `ntlm` element.
    pub fn facts(&self, out: &mut Facts) {
        if self.cleartext {
            out.flag(Flag::CleartextPassword);
        }
        out.user(&self.user);
        self.exchange.facts(out);
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        let mechanisms = self.mechanisms.items().iter().map(|text| size_of::<Text>() + text.heap_bytes());
        mechanisms.sum::<usize>() + self.user.heap_bytes() + self.exchange.heap_bytes()
    }
}

/// The account that a PLAIN response in base64 names. The password is dropped.
pub fn plain(coded: &[u8]) -> Option<Text> {
    let named = credentials::plain(&decode(coded)?)?;
    (!named.user.is_empty()).then_some(named.user)
}

/// Base64, padded or not; `None` where it is none.
fn decode(coded: &[u8]) -> Option<Vec<u8>> {
    let coded = coded.trim_ascii();
    if coded == b"=" { Some(Vec::new()) } else { lenient::base64(coded) }
}

/// What stands between `start`, which ends with a quote, and the next quote.
fn quoted<'a>(message: &'a [u8], start: &[u8]) -> Option<&'a [u8]> {
    let at = memmem::find(message, start)?.saturating_add(start.len());
    message.get(at..)?.split(|byte| *byte == b'"').next()
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine;
    use base64::prelude::BASE64_STANDARD;

    fn user_of(mechanism: &str, messages: &[&str]) -> (String, bool) {
        let mut logins = Logins::default();
        logins.begin(mechanism.as_bytes());
        for message in messages {
            logins.client(BASE64_STANDARD.encode(message).as_bytes());
        }
        (String::from_utf8(logins.user().bytes().to_vec()).unwrap(), logins.cleartext)
    }

    #[test]
    fn each_mechanism_names_its_account() {
        for (mechanism, messages, user, cleartext) in [
            ("plain", &["\0alice\0secret"][..], "alice", true),
            ("PLAIN", &["boss\0alice\0secret"], "alice", true),
            ("LOGIN", &["alice", "secret"], "alice", true),
            ("LOGIN", &["alice"], "alice", false),
            ("CRAM-MD5", &["al ice 9e95aee09c40af2b84a0c2b3bbae786e"], "al ice", false),
            ("DIGEST-MD5", &["charset=utf-8,username=\"alice\",realm=\"x\""], "alice", false),
            ("SCRAM-SHA-256", &["n,,n=alice,r=abc", "c=biws,r=abcdef,p=xyz"], "alice", false),
            ("XOAUTH2", &["user=alice@example.com\x01auth=Bearer x\x01\x01"], "alice@example.com", false),
            ("OAUTHBEARER", &["n,a=alice@example.com,\x01host=x\x01\x01"], "alice@example.com", false),
            ("GSSAPI", &["alice"], "", false),
        ] {
            assert_eq!(user_of(mechanism, messages), (user.to_owned(), cleartext), "{mechanism}");
        }
    }

    #[test]
    fn what_is_no_base64_names_nobody() {
        let mut logins = Logins::default();
        logins.begin(b"LOGIN");
        logins.client(b"*");
        assert!(logins.user().is_empty());
    }
}
