//! Who the receiver is: what rustls asks while hands are shaken, answered by what the operator trusts.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ResolvesClientCert, WebPkiServerVerifier};
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{CertificateError, DigitallySignedStruct, Error, SignatureScheme};

use super::fingerprint::Fingerprint;

/// Whom the operator trusts.
#[derive(Debug)]
pub(super) enum Trust {
    /// Whose certificate is signed by a CA and for the name.
    Authorities(Arc<WebPkiServerVerifier>),
    /// Whose certificate is one of these, whatever else it says.
    Fingerprints(Vec<Fingerprint>),
    /// Everybody.
    Anyone,
}

/// Looks at the receiver's certificate, and remembers its fingerprint: an operator who is told that it is not trusted may want it.
#[derive(Debug)]
pub(super) struct Verifier {
    trust: Trust,
    algorithms: WebPkiSupportedAlgorithms,
    shown: Mutex<Option<Fingerprint>>,
}

impl Verifier {
    pub fn new(trust: Trust, algorithms: WebPkiSupportedAlgorithms) -> Self {
        Self { trust, algorithms, shown: Mutex::default() }
    }

    /// The certificate that was looked at last.
    pub fn shown(&self) -> Option<Fingerprint> {
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn forget(&self) {
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let shown = Fingerprint::of(end_entity);
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner) = Some(shown);
        match &self.trust {
            Trust::Authorities(by) => by.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now),
            Trust::Fingerprints(known) if !known.contains(&shown) => {
                Err(CertificateError::ApplicationVerificationFailure.into())
            }
            Trust::Fingerprints(_) | Trust::Anyone => Ok(ServerCertVerified::assertion()),
        }
    }

    // That the receiver has the certificate's key is looked at in any case: a fingerprint would be worth nothing otherwise.
    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// Shows our certificate, where there is one, and remembers that the receiver asked.
#[derive(Debug, Default)]
pub(super) struct Own {
    certificate: Option<Arc<CertifiedKey>>,
    asked: AtomicBool,
}

impl Own {
    pub fn new(certificate: Option<Arc<CertifiedKey>>) -> Self {
        Self { certificate, asked: AtomicBool::new(false) }
    }

    pub fn was_asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }

    pub fn forget(&self) {
        self.asked.store(false, Ordering::Relaxed);
    }
}

impl ResolvesClientCert for Own {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.asked.store(true, Ordering::Relaxed);
        self.certificate.clone()
    }

    fn has_certs(&self) -> bool {
        self.certificate.is_some()
    }
}
