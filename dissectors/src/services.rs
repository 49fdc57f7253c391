//! Which Internet application a host's name belongs to.
//!
//! A list is lines of `service: domain domain ...`; `#` begins a comment. A domain stands for itself and everything below it, and the
//! longest that fits decides. The list that comes with the program is `services.txt`; what a user adds goes before it.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::sync::LazyLock;

/// The list that comes with the program.
const KNOWN: &str = include_str!("services.txt");
/// The longest name of a service.
const SERVICE_BYTES: usize = 64;
/// The longest name of a host (RFC 1035 2.3.4).
const HOST_BYTES: usize = 253;

/// About so many bytes of the list are one domain: what is made room for at once.
const DOMAIN_BYTES: usize = 16;

/// Services by their domains. What comes with the program is not copied.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Services {
    by_domain: HashMap<Cow<'static, [u8]>, Cow<'static, str>, ahash::RandomState>,
}

/// Why a list can't be read.
#[derive(Debug, PartialEq, Eq)]
pub struct BadLine {
    /// The line, the first being 1.
    pub line: usize,
    /// What is wrong with it.
    pub what: String,
}

impl fmt::Display for BadLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}; a line is `service: domain domain ...`", self.line, self.what)
    }
}

impl std::error::Error for BadLine {}

impl Services {
    /// The services that come with the program.
    pub fn known() -> &'static Self {
        static SERVICES: LazyLock<Services> = LazyLock::new(|| {
            let mut services = Services::default();
            services.by_domain.reserve(KNOWN.len() / DOMAIN_BYTES);
            // Every start takes the list in, so nothing of it is checked: a test holds that it is in order and in small letters.
            for (service, domains) in KNOWN.lines().filter_map(|line| without_comment(line).split_once(": ")) {
                for domain in domains.split(' ') {
                    services.by_domain.insert(domain.as_bytes().into(), service.into());
                }
            }
            services
        });
        &SERVICES
    }

    /// Adds a list. What it says of a domain replaces what was said before.
    pub fn add(&mut self, list: &str) -> Result<(), BadLine> {
        for (at, line) in list.lines().enumerate() {
            let line_number = at.saturating_add(1);
            let bad = |what: &str| BadLine { line: line_number, what: what.to_owned() };
            let line = without_comment(line).trim();
            if line.is_empty() {
                continue;
            }
            let (service, domains) = line.split_once(':').ok_or_else(|| bad("there is no `:`"))?;
            let service = service.trim();
            let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
            if service.is_empty() || service.len() > SERVICE_BYTES || !service.bytes().all(fits) {
                return Err(bad(&format!("`{service}` is no name of a service (a-z, 0-9, -)")));
            }
            for domain in domains.split_whitespace() {
                if !is_domain(domain) {
                    return Err(bad(&format!("`{domain}` is no domain")));
                }
                let domain = domain.to_ascii_lowercase().into_bytes();
                self.by_domain.insert(domain.into(), service.to_owned().into());
            }
        }
        Ok(())
    }

    /// The service that a host belongs to. The host may have a port and a last dot, in any case.
    pub fn find(&self, host: &[u8]) -> Option<&str> {
        let host = host.split(|byte| *byte == b':').next().unwrap_or_default();
        let host = host.strip_suffix(b".").unwrap_or(host);
        let mut lower = [0; HOST_BYTES];
        let lower = lower.get_mut(..host.len())?;
        lower.copy_from_slice(host);
        lower.make_ascii_lowercase();
        let mut rest: &[u8] = lower;
        loop {
            if let Some(service) = self.by_domain.get(rest) {
                return Some(service);
            }
            let dot = memchr::memchr(b'.', rest)?;
            rest = rest.get(dot.saturating_add(1)..)?;
        }
    }

    /// How many domains are known.
    pub fn len(&self) -> usize {
        self.by_domain.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.by_domain.is_empty()
    }
}

/// What stands before a `#`.
fn without_comment(line: &str) -> &str {
    line.split('#').next().unwrap_or_default()
}

/// Letters, digits, hyphens and underscores between dots; at least two labels, for no service owns a top-level domain.
fn is_domain(text: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    text.len() <= HOST_BYTES && text.contains('.') && text.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_that_comes_along_is_in_order_and_says_nothing_twice() {
        let mut services = Services::default();
        assert_eq!(services.add(KNOWN), Ok(()));
        let lines = KNOWN.lines().map(|line| line.split('#').next().unwrap());
        let domains = lines.filter_map(|line| line.split_once(':')).flat_map(|(_, domains)| domains.split_whitespace());
        assert_eq!(domains.count(), services.len(), "a domain stands twice");
        assert!(services == *Services::known(), "the list is not written as it is taken in at the start");
    }

    #[test]
    fn the_longest_domain_decides() {
        let services = Services::known();
        for (host, service) in [
            ("www.youtube.com", Some("youtube")),
            ("YouTube.com.", Some("youtube")),
            ("mail.google.com:443", Some("gmail")),
            ("www.google.com", Some("google")),
            ("notgoogle.com", None),
            ("com", None),
            ("", None),
            ("r4---sn-4g5e6nsz.googlevideo.com", Some("youtube")),
            ("bucket.s3.amazonaws.com", Some("aws")),
            ("example.org", None),
        ] {
            assert_eq!(services.find(host.as_bytes()), service, "{host}");
        }
        assert_eq!(services.find(&[b'a'; 300]), None);
    }

    #[test]
    fn a_user_adds_and_replaces() {
        let mut services = Services::known().clone();
        services.add("# ours\nintranet: corp.example.net wiki.example.org\nvideos: youtube.com # all of it\n").unwrap();
        assert_eq!(services.find(b"a.corp.example.net"), Some("intranet"));
        assert_eq!(services.find(b"www.youtube.com"), Some("videos"));
    }

    #[test]
    fn a_bad_line_is_named() {
        for (list, line, word) in [
            ("a: b.c\nnonsense", 2, "no `:`"),
            ("Big: b.c", 1, "`Big`"),
            ("a: b", 1, "`b`"),
            ("\n\na: b..c", 3, "`b..c`"),
        ] {
            let bad = Services::default().add(list).unwrap_err();
            assert_eq!(bad.line, line);
            assert!(bad.to_string().contains(word), "{bad}");
        }
    }
}
