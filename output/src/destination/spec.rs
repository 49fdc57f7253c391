//! Where lines go, as an operator writes it.
//!
//! | written | is |
//! | --- | --- |
//! | `-`, `stdout:` | the standard output |
//! | `file:PATH` | a file, added to |
//! | `udp://HOST:PORT` | a datagram for each line (RFC 5426) |
//! | `tcp://HOST:PORT` | a stream with octet counting (RFC 6587 3.4.1) |
//! | `tls://HOST:PORT` | the same within TLS (RFC 5425); without a port 6514 |
//! | `unix:PATH` | a local socket such as `/dev/log`, of datagrams or a stream, whichever listens there |
//!
//! Behind a `?` stand options, joined by `&`: `limit=BYTES`, `format=rfc5424|json`, `sequence=yes|no`, and where the destination is a
//! stream `framing=octets|newline`. TLS has options of its own: `ca=FILE`, `name=NAME`, `fingerprint=sha-256:...`, `cert=FILE`,
//! `key=FILE`, `insecure=accept-any-certificate`. Options begin at the last `?`, so a path that holds one is ended with another.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::str::FromStr;

use super::sequence::SEQUENCE_BYTES;
use super::tls::{Credentials, TlsSettings};
use crate::record::{DATAGRAM_LIMIT, DEFAULT_LIMIT, Format, MIN_LIMIT, Profile};

/// The longest line that may be asked for.
const MOST_BYTES: usize = 1 << 20;
/// The longest line that may be asked for in a datagram: what IPv4 lets UDP carry.
const MOST_DATAGRAM_BYTES: usize = 65_507;
/// The port of syslog over TLS (RFC 5425 4.1).
const TLS_PORT: u16 = 6514;

/// The options of every destination, or of every stream.
const COMMON_OPTIONS: &str = "limit, format, sequence or framing";
/// Those of TLS.
const TLS_OPTIONS: &str = "ca, name, fingerprint, cert, key, insecure";

/// A destination, not opened yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spec {
    /// Where.
    pub target: Target,
    /// How lines look.
    pub format: Format,
    /// The most bytes of a line as it is sent, without the end or frame around it.
    pub limit: usize,
    /// How a stream tells lines apart.
    pub framing: Framing,
    /// Whether lines are numbered.
    pub sequence: bool,
    /// Whom TLS trusts and what it shows.
    pub tls: TlsSettings,
}

/// The place that lines go to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// The standard output.
    Stdout,
    /// A file.
    File(PathBuf),
    /// Datagrams to a host and port.
    Udp(String),
    /// A stream to a host and port.
    Tcp(String),
    /// A stream to a host and port, encrypted.
    Tls(String),
    /// A local socket.
    Unix(PathBuf),
}

/// How a stream tells where a line ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// Its length stands before it (RFC 6587 3.4.1).
    Octets,
    /// A line feed stands behind it (RFC 6587 3.4.2).
    Newline,
}

impl Spec {
    /// A destination with the options that it has when none are written.
    pub fn new(target: Target) -> Self {
        let datagram = matches!(target, Target::Udp(_));
        let stream = matches!(target, Target::Tcp(_) | Target::Tls(_));
        Self {
            format: Format::Rfc5424,
            limit: if datagram { DATAGRAM_LIMIT } else { DEFAULT_LIMIT },
            framing: if stream { Framing::Octets } else { Framing::Newline },
            sequence: datagram || stream,
            tls: TlsSettings::default(),
            target,
        }
    }

    /// What lines for it must be like. Room for the sequence number is left where lines have one.
    pub fn profile(&self) -> Profile {
        let reserved = if self.sequence { SEQUENCE_BYTES } else { 0 };
        Profile { format: self.format, limit: self.limit.saturating_sub(reserved) }
    }

    /// Files that are read before it is opened.
    pub fn files(&self) -> Vec<PathBuf> {
        if matches!(self.target, Target::Tls(_)) { self.tls.files() } else { Vec::new() }
    }

    /// What an operator should be reminded of.
    pub fn reminder(&self) -> Option<String> {
        let insecure = matches!(self.target, Target::Tls(_)) && self.tls.insecure;
        insecure.then(|| {
            format!(
                "{self} is INSECURE: any certificate is taken, so whoever is on the way can read and change every line; \
                 name the receiver's CA with ca=FILE or its fingerprint instead"
            )
        })
    }

    /// What is read from its files, where it is one of TLS.
    pub(super) fn credentials(&self) -> io::Result<Option<Credentials>> {
        match &self.target {
            Target::Tls(place) => {
                let host = place.rsplit_once(':').map_or(place.as_str(), |(host, _)| host);
                Credentials::read(&self.tls, host).map(Some)
            }
            _ => Ok(None),
        }
    }

    fn option(&mut self, name: &str, value: &str) -> Result<(), String> {
        let is_tls = matches!(self.target, Target::Tls(_));
        if is_tls && let Some(taken) = self.tls.option(name, value) {
            return taken;
        }
        match (name, value) {
            ("limit", _) => {
                let most = if matches!(self.target, Target::Udp(_)) { MOST_DATAGRAM_BYTES } else { MOST_BYTES };
                let least = MIN_LIMIT + SEQUENCE_BYTES;
                let limit = value.parse().ok().filter(|limit| (least..=most).contains(limit));
                self.limit =
                    limit.ok_or_else(|| format!("this is no limit; write a number of bytes from {least} to {most}"))?;
            }
            ("format", "rfc5424") => self.format = Format::Rfc5424,
            ("format", "json") => self.format = Format::Json,
            ("format", _) => return Err("there is no such format; write rfc5424 or json".to_owned()),
            ("sequence", "yes") => self.sequence = true,
            ("sequence", "no") => self.sequence = false,
            ("sequence", _) => return Err("sequence can't be that; write yes or no".to_owned()),
            ("framing", _) if !is_tls && !matches!(self.target, Target::Tcp(_) | Target::Unix(_)) => {
                return Err("framing is no option here; leave it to tcp:, tls: and unix:".to_owned());
            }
            ("framing", "octets") => self.framing = Framing::Octets,
            ("framing", "newline") => self.framing = Framing::Newline,
            ("framing", _) => return Err("there is no such framing; write octets or newline".to_owned()),
            _ if is_tls => {
                return Err(format!("there is no option `{name}`; write {COMMON_OPTIONS}, {TLS_OPTIONS}"));
            }
            _ if TLS_OPTIONS.split(", ").any(|option| option == name) => {
                return Err(format!("{name} is no option here; leave it to tls:"));
            }
            _ => return Err(format!("there is no option `{name}`; write {COMMON_OPTIONS}")),
        }
        Ok(())
    }
}

/// Why a destination can't be understood: one line, with what to write instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpecError(String);

impl fmt::Display for SpecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for SpecError {}

impl FromStr for Spec {
    type Err = SpecError;

    fn from_str(text: &str) -> Result<Self, SpecError> {
        Self::parse(text, Format::Rfc5424)
    }
}

impl Spec {
    /// Reads a destination as an operator writes it; where it does not say itself how lines look, they look as `format`.
    ///
    /// # Errors
    ///
    /// What can't be understood, and what to write instead.
    pub fn parse(text: &str, format: Format) -> Result<Self, SpecError> {
        let wrong = |why: String| SpecError(format!("destination `{text}`: {why}"));
        let (place, options) = text.rsplit_once('?').unwrap_or((text, ""));
        let mut spec = Self { format, ..Self::new(target(place).map_err(wrong)?) };
        let mut seen = Vec::new();
        for option in options.split('&').filter(|option| !option.is_empty()) {
            let (name, value) = option
                .split_once('=')
                .ok_or_else(|| wrong(format!("the option `{option}` has no value; write {option}=VALUE")))?;
            if seen.contains(&name) {
                return Err(wrong(format!("the option `{name}` stands twice; write it once")));
            }
            seen.push(name);
            spec.option(name, value).map_err(wrong)?;
        }
        spec.tls.check().map_err(|why| wrong(why.to_owned()))?;
        // JSON has no framing of its own to match syslog's, and those who take it over TCP take lines.
        if spec.format == Format::Json && !seen.contains(&"framing") {
            spec.framing = Framing::Newline;
        }
        Ok(spec)
    }
}

fn target(place: &str) -> Result<Target, String> {
    const FORMS: &str =
        "- (standard output), file:PATH, udp://HOST:PORT, tcp://HOST:PORT, tls://HOST:PORT or unix:PATH";
    if place == "-" {
        return Ok(Target::Stdout);
    }
    let (scheme, rest) = place.split_once(':').ok_or_else(|| match place {
        "" => format!("it is empty; write {FORMS}"),
        _ => format!("it has no kind; write file:{place} for a file, else {FORMS}"),
    })?;
    match scheme {
        "stdout" if rest.is_empty() => Ok(Target::Stdout),
        "file" | "unix" if rest.is_empty() => Err(format!("it has no path; write {scheme}:PATH")),
        "file" => Ok(Target::File(rest.into())),
        "unix" => Ok(Target::Unix(rest.into())),
        "udp" => Ok(Target::Udp(host_and_port(scheme, rest)?)),
        "tcp" => Ok(Target::Tcp(host_and_port(scheme, rest)?)),
        "tls" if !names_a_port(rest) => Ok(Target::Tls(host_and_port(scheme, &format!("{rest}:{TLS_PORT}"))?)),
        "tls" => Ok(Target::Tls(host_and_port(scheme, rest)?)),
        _ => Err(format!("there is no kind `{scheme}:`; write {FORMS}")),
    }
}

/// Whether something stands behind a colon that is not one of an IPv6 address in brackets.
fn names_a_port(rest: &str) -> bool {
    rest.rsplit(']').next().is_some_and(|end| end.contains(':'))
}

fn host_and_port(scheme: &str, rest: &str) -> Result<String, String> {
    let form = format!("write {scheme}://HOST:PORT, such as {scheme}://192.0.2.1:514 or {scheme}://[2001:db8::1]:514");
    let place = rest.strip_prefix("//").ok_or_else(|| format!("`//` is missing; {form}"))?;
    let (host, port) = place
        .rsplit_once(':')
        .filter(|(host, _)| !host.is_empty() && (!host.contains(':') || host.starts_with('[') && host.ends_with(']')))
        .ok_or_else(|| format!("`{place}` is not a host and a port; {form}"))?;
    match port.parse::<u16>() {
        Ok(1..) if !host.contains(['/', '@', ' ']) => Ok(place.to_owned()),
        Ok(_) => Err(format!("`{host}` is no host or 0 no port; {form}")),
        Err(_) => Err(format!("`{port}` is no port; {form}")),
    }
}

impl fmt::Display for Spec {
    /// The destination without its options: what messages and counters name it by.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.target {
            Target::Stdout => f.write_str("stdout:"),
            Target::File(path) => write!(f, "file:{}", path.display()),
            Target::Udp(place) => write!(f, "udp://{place}"),
            Target::Tcp(place) => write!(f, "tcp://{place}"),
            Target::Tls(place) => write!(f, "tls://{place}"),
            Target::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(text: &str) -> Spec {
        text.parse().unwrap()
    }

    fn error(text: &str) -> String {
        text.parse::<Spec>().unwrap_err().to_string()
    }

    #[test]
    fn each_kind_is_understood() {
        assert_eq!(spec("-").target, Target::Stdout);
        assert_eq!(spec("stdout:?format=json").format, Format::Json);
        assert_eq!(spec("file:/var/log/a b.log").target, Target::File("/var/log/a b.log".into()));
        assert_eq!(spec("file:what?.log?").target, Target::File("what?.log".into()));
        assert_eq!(spec("udp://[::1]:514").target, Target::Udp("[::1]:514".into()));
        assert_eq!(spec("tcp://siem.example:601?framing=newline").framing, Framing::Newline);
        assert_eq!(spec("unix:/dev/log").to_string(), "unix:/dev/log");
    }

    #[test]
    fn tls_has_a_port_and_options_of_its_own() {
        for (text, place) in [
            ("tls://siem.example", "siem.example:6514"),
            ("tls://siem.example:601", "siem.example:601"),
            ("tls://[2001:db8::1]", "[2001:db8::1]:6514"),
            ("tls://[2001:db8::1]:601", "[2001:db8::1]:601"),
        ] {
            assert_eq!(spec(text).target, Target::Tls(place.into()), "{text}");
            assert_eq!(spec(text).to_string(), format!("tls://{place}"));
        }
        let of = spec("tls://a?ca=/etc/a=b.pem&name=siem.example&cert=c.pem&limit=4000");
        assert_eq!((of.limit, of.framing, of.sequence), (4000, Framing::Octets, true));
        assert_eq!(of.files(), ["/etc/a=b.pem", "c.pem", "c.pem"].map(PathBuf::from));
        assert_eq!((of.tls.name.as_deref(), of.reminder()), (Some("siem.example"), None));
        assert_eq!(spec("tls://a?cert=c&key=k").files().len(), 3, "without another word the system's CAs are trusted");
        let any = spec("tls://a?insecure=accept-any-certificate");
        assert!(any.files().is_empty() && any.reminder().unwrap().starts_with("tls://a:6514 is INSECURE: "));
        let print = format!("sha-256:{}", "ab".repeat(32));
        let two = spec(&format!("tls://a?fingerprint={print},{print}&format=json"));
        assert_eq!((two.tls.fingerprints.len(), two.files().len(), two.framing), (2, 0, Framing::Newline));
    }

    #[test]
    fn defaults_are_what_the_receivers_survive() {
        assert_eq!(spec("-").profile(), Profile { format: Format::Rfc5424, limit: 8000 });
        assert_eq!((spec("udp://a:1").limit, spec("udp://a:1").profile().limit), (1400, 1370));
        assert_eq!(spec("udp://a:1?sequence=no&limit=9000").profile().limit, 9000);
        assert_eq!(spec("tcp://a:1").framing, Framing::Octets);
        assert_eq!(spec("tcp://a:1?format=json").framing, Framing::Newline);
        assert_eq!(spec("tcp://a:1?format=json&framing=octets").framing, Framing::Octets);
        assert!(!spec("file:x").sequence && !spec("unix:x").sequence && spec("tcp://a:1").sequence);
    }

    #[test]
    fn an_error_says_what_to_write() {
        for (text, part) in [
            ("sessions.log", "write file:sessions.log"),
            ("", "it is empty; write - (standard output)"),
            ("relp://a:1", "there is no kind `relp:`; write -"),
            ("udp:a:1", "`//` is missing; write udp://HOST:PORT"),
            ("udp://a", "`a` is not a host and a port"),
            ("tcp://::1:514", "write tcp://HOST:PORT, such as"),
            ("tcp://a:http", "`http` is no port"),
            ("tcp://a:0", "0 no port"),
            ("file:", "it has no path"),
            ("-?limit=100", "this is no limit; write a number of bytes from 510 to 1048576"),
            ("udp://a:1?limit=100000", "to 65507"),
            ("-?format=xml", "there is no such format; write rfc5424 or json"),
            ("-?sequence", "write sequence=VALUE"),
            ("-?colour=red", "there is no option `colour`; write limit, format, sequence or framing"),
            ("udp://a:1?framing=octets", "framing is no option here; leave it to tcp:, tls: and unix:"),
            ("tcp://a:1?ca=x", "ca is no option here; leave it to tls:"),
            (
                "tls://a?colour=red",
                "write limit, format, sequence or framing, ca, name, fingerprint, cert, key, insecure",
            ),
            ("tls://a?ca=", "ca has no file; write ca=FILE"),
            ("tls://a?ca=x&insecure=accept-any-certificate", "each say whom to trust; write one of them"),
            ("tls://a?insecure=yes", "write insecure=accept-any-certificate, or better"),
            ("tls://a?key=x", "key stands without cert; write cert=FILE"),
            ("tls://a?fingerprint=sha-1:00", "`sha-1:00` is no fingerprint; write fingerprint=sha-256:"),
            ("tls://a?name=a/b", "`a/b` is no name of a host; write name="),
            ("tls://", "is not a host and a port"),
            ("tls://::1:6514", "write tls://HOST:PORT, such as"),
            ("-?limit=1000&limit=2000", "stands twice"),
        ] {
            assert!(error(text).contains(part), "{text}: {}", error(text));
            assert!(error(text).starts_with(&format!("destination `{text}`: ")) && error(text).contains("; "));
        }
    }
}
