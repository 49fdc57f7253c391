//! What an operator writes of a TLS receiver: whom to believe, and what to show.

use std::path::{Path, PathBuf};

use super::fingerprint::Fingerprint;

/// How many fingerprints may be named: that of today's certificate, of tomorrow's, and those of a few receivers behind one name.
const MOST_FINGERPRINTS: usize = 8;
/// What has to be written to believe everybody.
const ANY_CERTIFICATE: &str = "accept-any-certificate";

/// Where the system keeps the certificates of the CAs that it trusts: Debian, Fedora, SUSE, Alpine.
const BUNDLES: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// The options of a destination that only TLS has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsSettings {
    /// Certificates of the CAs that are trusted, instead of the system's.
    pub ca: Option<PathBuf>,
    /// The name that the receiver's certificate has to be for, instead of the host's.
    pub name: Option<String>,
    /// The certificates that are trusted, instead of those that a CA has signed.
    pub fingerprints: Vec<Fingerprint>,
    /// Whether any certificate is taken.
    pub insecure: bool,
    /// The certificate to show, with those that lead to its CA.
    pub certificate: Option<PathBuf>,
    /// Its key, where that does not stand in the same file.
    pub key: Option<PathBuf>,
}

impl TlsSettings {
    /// Takes an option. `None`: there is none of that name.
    pub(in super::super) fn option(&mut self, name: &str, value: &str) -> Option<Result<(), String>> {
        let file = || match value {
            "" => Err(format!("{name} has no file; write {name}=FILE")),
            path => Ok(Some(path.into())),
        };
        Some(match name {
            "ca" => file().map(|path| self.ca = path),
            "cert" => file().map(|path| self.certificate = path),
            "key" => file().map(|path| self.key = path),
            "name" => match super::server_name(value) {
                Some(_) => {
                    self.name = Some(value.to_owned());
                    Ok(())
                }
                None => Err(format!("`{value}` is no name of a host; write name=siem.example")),
            },
            "fingerprint" => fingerprints(value).map(|all| self.fingerprints = all),
            "insecure" if value == ANY_CERTIFICATE => {
                self.insecure = true;
                Ok(())
            }
            "insecure" => Err(format!(
                "insecure can't be that; write insecure={ANY_CERTIFICATE}, or better name the receiver's CA or fingerprint"
            )),
            _ => return None,
        })
    }

    /// Whether the options go together.
    pub(in super::super) fn check(&self) -> Result<(), &'static str> {
        let trusts = [self.ca.is_some(), !self.fingerprints.is_empty(), self.insecure];
        if trusts.into_iter().filter(|is| *is).count() > 1 {
            return Err("ca, fingerprint and insecure each say whom to trust; write one of them");
        }
        if self.key.is_some() && self.certificate.is_none() {
            return Err("key stands without cert; write cert=FILE for the certificate that it belongs to");
        }
        Ok(())
    }

    /// The file of the CAs that are trusted, where it is by them that a receiver is known.
    pub(super) fn authorities(&self) -> Option<PathBuf> {
        if self.insecure || !self.fingerprints.is_empty() {
            return None;
        }
        let bundle = || {
            let known = BUNDLES.iter().map(Path::new);
            known.clone().find(|path| path.exists()).or_else(|| known.clone().next()).map(Path::to_owned)
        };
        self.ca.clone().or_else(bundle)
    }

    /// The file of the key.
    pub(super) fn key_file(&self) -> Option<&Path> {
        self.key.as_deref().or(self.certificate.as_deref())
    }

    /// Every file that is read.
    pub(in super::super) fn files(&self) -> Vec<PathBuf> {
        let key = self.key_file().map(Path::to_owned);
        self.authorities().into_iter().chain(self.certificate.clone()).chain(key).collect()
    }
}

fn fingerprints(value: &str) -> Result<Vec<Fingerprint>, String> {
    let all: Vec<Fingerprint> = value.split(',').map(str::parse).collect::<Result<_, _>>()?;
    if all.len() > MOST_FINGERPRINTS {
        return Err(format!("these are more than {MOST_FINGERPRINTS} fingerprints; name a CA with ca=FILE"));
    }
    Ok(all)
}
