//! What is read from files before a receiver is spoken to: the CAs that are trusted, and our certificate with its key.
//!
//! Files are read once. A sensor that listens reads them again when its configuration is; what was read is then a value that one
//! thread hands to another, for those that connect may open no file.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use rustls::client::WebPkiServerVerifier;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::{Error as PemError, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, Error, InconsistentKeys, RootCertStore};
use x509_parser::parse_x509_certificate;

use super::fingerprint::Fingerprint;
use super::settings::TlsSettings;
use super::trouble::{Handshake, Trouble};
use super::verify::{Own, Trust, Verifier};

/// The largest file that is read; a system's CAs take some 200 KiB.
const MAX_BYTES: u64 = 16 << 20;
/// How many certificates may lead from ours to its CA.
const MAX_CHAIN: usize = 16;

const CA_ADVICE: &str = "name a file of CA certificates (PEM) with ca=FILE";
const CERTIFICATE_ADVICE: &str = "name a file that holds a certificate (PEM) with cert=FILE";
const KEY_ADVICE: &str = "name a file that holds its key (PEM, not encrypted) with key=FILE";

/// What is needed to speak to one receiver.
#[derive(Clone)]
pub struct Credentials {
    pub(super) config: Arc<ClientConfig>,
    pub(super) name: ServerName<'static>,
    verifier: Arc<Verifier>,
    own: Arc<Own>,
    has_own: bool,
    /// Of all that was read.
    content: Fingerprint,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("name", &self.name).field("has_own", &self.has_own).finish_non_exhaustive()
    }
}

impl Credentials {
    /// Whether files say the same as others did.
    pub fn is_same(&self, other: &Self) -> bool {
        self.content == other.content
    }

    /// Reads what a destination needs.
    pub(in super::super) fn read(settings: &TlsSettings, host: &str) -> io::Result<Self> {
        let provider = Arc::new(ring::default_provider());
        let mut content = Vec::new();
        let verifier = Arc::new(Verifier::new(
            trust(settings, &provider, &mut content)?,
            provider.signature_verification_algorithms,
        ));
        let certificate = own(settings, &provider, &mut content)?;
        let has_own = certificate.is_some();
        let own = Arc::new(Own::new(certificate));
        let name = settings.name.as_deref().unwrap_or(host);
        let name = super::server_name(name).ok_or_else(|| {
            Trouble::error(format!("`{name}` is no name that a certificate could have"), "give one with name=NAME")
        })?;
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| Trouble::error(error.to_string(), "please report this"))?
            .dangerous()
            .with_custom_certificate_verifier(verifier.clone())
            .with_client_cert_resolver(own.clone());
        Ok(Self { config: Arc::new(config), name, verifier, own, has_own, content: Fingerprint::of(&content) })
    }

    /// Begins a handshake: nothing is known of it yet.
    pub(super) fn begin(&self) {
        self.verifier.forget();
        self.own.forget();
    }

    /// What is known of the handshake.
    pub(super) fn handshake(&self) -> Handshake {
        Handshake { shown: self.verifier.shown(), asked: self.own.was_asked(), has_own: self.has_own }
    }
}

fn trust(settings: &TlsSettings, provider: &Arc<CryptoProvider>, content: &mut Vec<u8>) -> io::Result<Trust> {
    let Some(path) = settings.authorities() else {
        return Ok(if settings.insecure { Trust::Anyone } else { Trust::Fingerprints(settings.fingerprints.clone()) });
    };
    let read = read(&path, CA_ADVICE, content)?;
    let mut roots = RootCertStore::empty();
    for (nth, certificate) in certificates(&path, &read, CA_ADVICE)?.into_iter().enumerate() {
        // A system's bundle may hold what we do not understand; a file that was named is meant as it is.
        if let Err(error) = roots.add(certificate)
            && settings.ca.is_some()
        {
            let what = format!("{}: certificate {} can't be used: {error}", path.display(), nth.saturating_add(1));
            return Err(Trouble::error(what, CA_ADVICE));
        }
    }
    WebPkiServerVerifier::builder_with_provider(roots.into(), provider.clone())
        .build()
        .map(Trust::Authorities)
        .map_err(|error| Trouble::error(format!("{}: {error}", path.display()), CA_ADVICE))
}

fn own(
    settings: &TlsSettings,
    provider: &CryptoProvider,
    content: &mut Vec<u8>,
) -> io::Result<Option<Arc<CertifiedKey>>> {
    let (Some(path), Some(key_path)) = (&settings.certificate, settings.key_file()) else { return Ok(None) };
    let chain = certificates(path, &read(path, CERTIFICATE_ADVICE, content)?, CERTIFICATE_ADVICE)?;
    if chain.len() > MAX_CHAIN {
        let what = format!("{}: holds more than {MAX_CHAIN} certificates", path.display());
        return Err(Trouble::error(what, "leave in it ours and those that lead to its CA"));
    }
    let text = read(key_path, KEY_ADVICE, content)?;
    let key = PrivateKeyDer::from_pem_slice(&text).map_err(|error| {
        let what = match error {
            PemError::NoItemsFound if text.windows(ENCRYPTED.len()).any(|part| part == ENCRYPTED) => {
                "its key is encrypted".to_owned()
            }
            PemError::NoItemsFound => "holds no key".to_owned(),
            error => format!("is no PEM: {error}"),
        };
        Trouble::error(format!("{}: {what}", key_path.display()), KEY_ADVICE)
    })?;
    if let Some(first) = chain.first() {
        valid_now(path, first)?;
    }
    match CertifiedKey::from_der(chain, key, provider) {
        Ok(certified) => Ok(Some(Arc::new(certified))),
        Err(Error::InconsistentKeys(InconsistentKeys::KeyMismatch)) => Err(Trouble::error(
            format!("the key of {} does not belong to the certificate of {}", key_path.display(), path.display()),
            "name the two that belong together with cert=FILE and key=FILE",
        )),
        Err(error) => Err(Trouble::error(format!("{}: can't be used: {error}", key_path.display()), KEY_ADVICE)),
    }
}

/// In the first line of a key that a passphrase locks.
const ENCRYPTED: &[u8] = b"ENCRYPTED";

/// Refuses a certificate that every receiver would refuse.
fn valid_now(path: &Path, certificate: &CertificateDer<'_>) -> io::Result<()> {
    let wrong = |what: String, advice| Err(Trouble::error(format!("{}: {what}", path.display()), advice));
    let Ok((_, parsed)) = parse_x509_certificate(certificate) else {
        return wrong("its first certificate can't be read".to_owned(), CERTIFICATE_ADVICE);
    };
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let (from, to) = (parsed.validity().not_before, parsed.validity().not_after);
    if i128::from(to.timestamp()) < i128::from(now) {
        return wrong(
            format!("the certificate has expired ({to})"),
            "have a new one made, and see to this host's clock",
        );
    }
    if i128::from(from.timestamp()) > i128::from(now) {
        return wrong(format!("the certificate is not valid yet ({from})"), "see to this host's clock");
    }
    Ok(())
}

fn certificates(path: &Path, text: &[u8], advice: &'static str) -> io::Result<Vec<CertificateDer<'static>>> {
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text).collect();
    match all {
        Ok(all) if all.is_empty() => Err(Trouble::error(format!("{}: holds no certificate", path.display()), advice)),
        Ok(all) => Ok(all),
        Err(error) => Err(Trouble::error(format!("{}: is no PEM: {error}", path.display()), advice)),
    }
}

fn read(path: &Path, advice: &'static str, content: &mut Vec<u8>) -> io::Result<Vec<u8>> {
    let told = |what: String| Trouble::error(format!("{}: {what}", path.display()), advice);
    let mut text = Vec::new();
    let read = File::open(path).and_then(|file| file.take(MAX_BYTES).read_to_end(&mut text));
    match read {
        Ok(bytes) if bytes as u64 == MAX_BYTES => Err(told("is too large for certificates".to_owned())),
        Ok(_) => {
            content.extend_from_slice(&text);
            Ok(text)
        }
        Err(error) => Err(told(error.to_string())),
    }
}
