//! What went wrong with TLS, in the words of an operator, and what to do.

use std::fmt;
use std::io::{self, ErrorKind};

use rustls::{AlertDescription, CertificateError, Error, InvalidMessage};

use super::fingerprint::Fingerprint;

/// How many of a certificate's names are told.
const TOLD_NAMES: usize = 4;
/// How much of each.
const TOLD_CHARACTERS: usize = 100;

/// Something that went wrong, and a way out.
#[derive(Debug)]
pub(in super::super) struct Trouble {
    what: String,
    advice: &'static str,
}

impl Trouble {
    pub fn error(what: String, advice: &'static str) -> io::Error {
        io::Error::new(ErrorKind::InvalidData, Self { what, advice })
    }

    /// What to do about an error, where it is one of TLS.
    pub fn advice(error: &io::Error) -> Option<&'static str> {
        error.get_ref()?.downcast_ref::<Self>().map(|trouble| trouble.advice)
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl std::error::Error for Trouble {}

/// What is known of a handshake that failed.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Handshake {
    /// The certificate that the receiver showed.
    pub shown: Option<Fingerprint>,
    /// Whether it asked for one.
    pub asked: bool,
    /// Whether there is one to show.
    pub has_own: bool,
}

const SEE_ITS_LOG: &str = "see what the receiver's log says of it";
const ANOTHER_PORT: &str = "name the port on which the receiver speaks TLS, or use tcp:// where it speaks none";
const SHOW_ONE: &str = "give the certificate that the receiver wants with cert=FILE and key=FILE";
const SHOW_ANOTHER: &str = "give a certificate (cert=FILE) that is valid and of a CA that the receiver trusts";
const TRUST: &str =
    "name its CA's certificates with ca=FILE, or its fingerprint with fingerprint=sha-256:... if it is the receiver's";

impl Handshake {
    /// Tells of an error of TLS.
    pub fn trouble(&self, error: &Error) -> io::Error {
        let (what, advice) = match error {
            Error::InvalidCertificate(error) => return self.certificate(error),
            Error::AlertReceived(alert) => return self.alert(*alert),
            Error::InvalidMessage(
                InvalidMessage::InvalidContentType
                | InvalidMessage::UnknownProtocolVersion
                | InvalidMessage::InvalidEmptyPayload
                | InvalidMessage::MessageTooLarge,
            ) => ("the receiver does not speak TLS on this port".to_owned(), ANOTHER_PORT),
            Error::PeerIncompatible(_) => (
                format!("the receiver's TLS is too old: {error}"),
                "have it speak TLS 1.2 or 1.3 with AES-GCM or ChaCha20",
            ),
            error => (format!("TLS failed: {error}"), SEE_ITS_LOG),
        };
        Trouble::error(what, advice)
    }

    /// Tells of an error of the connection while hands are shaken.
    pub fn broken(&self, error: &io::Error, patience: std::time::Duration) -> io::Error {
        let (what, advice) = match error.kind() {
            ErrorKind::UnexpectedEof
            | ErrorKind::ConnectionReset
            | ErrorKind::BrokenPipe
            | ErrorKind::ConnectionAborted => {
                let (what, advice) = match (self.asked, self.has_own) {
                    (true, false) => ("; it asked for a certificate and got none", SHOW_ONE),
                    (true, true) => (" once it had seen our certificate", SHOW_ANOTHER),
                    (false, _) => ("", SEE_ITS_LOG),
                };
                (format!("the receiver broke off the TLS handshake{what}"), advice)
            }
            ErrorKind::WouldBlock | ErrorKind::TimedOut => {
                let what = format!("the receiver did not finish the TLS handshake within {} s", patience.as_secs());
                (what, ANOTHER_PORT)
            }
            _ => (format!("the TLS handshake failed: {error}"), SEE_ITS_LOG),
        };
        Trouble::error(what, advice)
    }

    fn alert(&self, alert: AlertDescription) -> io::Error {
        use AlertDescription as Alert;
        let about_ours = matches!(
            alert,
            Alert::CertificateRequired
                | Alert::BadCertificate
                | Alert::UnsupportedCertificate
                | Alert::CertificateRevoked
                | Alert::CertificateExpired
                | Alert::CertificateUnknown
                | Alert::UnknownCA
                | Alert::AccessDenied
                | Alert::NoCertificate
        );
        let advice = match (self.asked || about_ours, self.has_own) {
            (true, false) => SHOW_ONE,
            (true, true) => SHOW_ANOTHER,
            (false, _) if alert == Alert::UnrecognisedName => {
                "give the name that the receiver knows itself by with name=NAME"
            }
            (false, _) => SEE_ITS_LOG,
        };
        let asked = if self.asked && !self.has_own { "; it asked for a certificate and got none" } else { "" };
        Trouble::error(format!("the receiver refused the TLS handshake ({alert:?}{asked})"), advice)
    }

    fn certificate(&self, error: &CertificateError) -> io::Error {
        let its = match &self.shown {
            Some(fingerprint) => format!("the receiver's certificate ({fingerprint})"),
            None => "the receiver's certificate".to_owned(),
        };
        let (what, advice) = match error {
            CertificateError::UnknownIssuer => (format!("{its} is not signed by a CA that is trusted"), TRUST),
            CertificateError::ApplicationVerificationFailure => (
                format!("{its} is not the one whose fingerprint was given"),
                "if the receiver has a new certificate, give its fingerprint",
            ),
            CertificateError::NotValidForNameContext { expected, presented } => {
                (format!("{its} is not for {}, but for {}", expected.to_str(), names(presented)), NAME)
            }
            CertificateError::NotValidForName => (format!("{its} is for another name"), NAME),
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                (format!("{its} has expired"), "have the receiver get a new one, and see to this host's clock")
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                (format!("{its} is not valid yet"), "see to the clocks of this host and of the one that made it")
            }
            CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
                (format!("{its} is not one for servers"), "have it made anew with the extended key usage serverAuth")
            }
            CertificateError::Other(_) if self.shown.is_some() => {
                (format!("{its} can't be used: {error}"), FINGERPRINT)
            }
            error => (format!("{its} can't be used: {error}"), SEE_ITS_LOG),
        };
        Trouble::error(what, advice)
    }
}

const NAME: &str =
    "connect to the receiver by a name of its certificate, or give the one that it is for with name=NAME";
const FINGERPRINT: &str = "if it is one that signed itself, give its fingerprint with fingerprint=sha-256:...";

/// A certificate's names as a text. Each is told by the verifier as `DnsName("a.example")` or `IpAddress(192.0.2.1)`; what else a
/// certificate may be for is no host.
fn names(presented: &[String]) -> String {
    let plain = |name: &String| -> Option<String> {
        let name = name.strip_prefix("DnsName(").or_else(|| name.strip_prefix("IpAddress("))?.strip_suffix(')')?;
        Some(name.trim_matches('"').chars().take(TOLD_CHARACTERS).collect())
    };
    let hosts: Vec<String> = presented.iter().filter_map(plain).take(TOLD_NAMES).collect();
    match hosts.as_slice() {
        [] => "no host (see its subjectAltName)".to_owned(),
        hosts => hosts.join(", "),
    }
}
