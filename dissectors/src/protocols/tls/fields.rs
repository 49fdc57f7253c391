//! The fields of `tls`, which TLS, DTLS and whatever else holds their handshake write.

use super::certificate::{Certificate, NAMES_CAP};
use crate::dictionary::{Element, Field, Kind};
use crate::facts::Writer;

/// Version agreed on.
pub static VERSION: Field = Field::text(
    "version",
    "version agreed on: `SSLv3`, `TLS 1.0` to `TLS 1.3`, `DTLS 1.0` to `DTLS 1.3`",
    "RFC 8446 4.2.1, RFC 5246 7.4.1.3",
);
/// Cipher suite.
pub static CIPHER: Field = Field::text(
    "cipher",
    "cipher suite agreed on, by its registered name, else in hexadecimal",
    "IANA TLS Cipher Suites",
);
/// Key exchange group.
pub static GROUP: Field = Field::text(
    "group",
    "group of the key exchange, by its registered name, else in hexadecimal",
    "IANA TLS Supported Groups",
);
/// Server name.
pub static SNI: Field = Field::text("sni", "server name that the client asked for", "RFC 6066 3");
/// Protocol chosen.
pub static ALPN: Field =
    Field::text("alpn", "application protocol that the server chose; encrypted in TLS 1.3", "RFC 7301 3.1");
/// Protocols offered.
pub static ALPN_OFFERED: Field =
    Field::text("alpn_offered", "application protocols that the client offered", "RFC 7301 3.1").list();
/// Resumption.
pub static RESUMED: Field = Field::new(
    Kind::YesNo,
    "resumed",
    "an earlier session was taken up again: its id was echoed, a ticket shortened the handshake, or a key was accepted",
    "RFC 5246 7.3, RFC 5077 3.1, RFC 8446 2.2",
);
/// Completion.
pub static ESTABLISHED: Field = Field::new(
    Kind::YesNo,
    "established",
    "both sides sent encrypted bytes; `no` where the handshake was seen to fail or to end before",
    "RFC 8446 2",
);
/// Alerts.
pub static ALERT: Field = Field::text("alert", "alerts sent in the clear, each once", "IANA TLS Alerts").list();
/// Client fingerprint.
pub static JA3: Field = Field::text("ja3", "fingerprint of the ClientHello", "Salesforce JA3");
/// Server fingerprint.
pub static JA3S: Field = Field::text("ja3s", "fingerprint of the ServerHello", "Salesforce JA3S");
/// Client fingerprint.
pub static JA4: Field = Field::text("ja4", "fingerprint of the ClientHello", "FoxIO JA4: TLS client fingerprinting");
/// Subject.
pub static CERT_SUBJECT: Field = Field::text(
    "cert_subject",
    "subject of the server's certificate, most specific part first",
    "RFC 5280 4.1.2.6, RFC 4514",
);
/// Subject's common name.
pub static CERT_SUBJECT_CN: Field =
    Field::text("cert_subject_cn", "the subject's most specific common name", "RFC 5280 4.1.2.6");
/// Issuer.
pub static CERT_ISSUER: Field = Field::text(
    "cert_issuer",
    "issuer of the server's certificate, most specific part first",
    "RFC 5280 4.1.2.4, RFC 4514",
);
/// Issuer's common name.
pub static CERT_ISSUER_CN: Field =
    Field::text("cert_issuer_cn", "the issuer's most specific common name", "RFC 5280 4.1.2.4");
/// Serial number.
pub static CERT_SERIAL: Field =
    Field::text("cert_serial", "serial number of the server's certificate, hexadecimal", "RFC 5280 4.1.2.2");
/// Validity.
pub static CERT_NOT_BEFORE: Field = Field::text(
    "cert_not_before",
    "first instant of the validity of the server's certificate (RFC 3339)",
    "RFC 5280 4.1.2.5",
);
/// Validity.
pub static CERT_NOT_AFTER: Field = Field::text(
    "cert_not_after",
    "last instant of the validity of the server's certificate (RFC 3339)",
    "RFC 5280 4.1.2.5",
);
/// Alternative names.
pub static CERT_SAN: Field = Field::text(
    "cert_san",
    "alternative names of the server's certificate: DNS names, addresses, mail addresses, URIs",
    "RFC 5280 4.2.1.6",
)
.list()
.items(NAMES_CAP);
/// Hash.
pub static CERT_SHA1: Field = Field::text("cert_sha1", "SHA-1 of the server's certificate", "FIPS 180-4");
/// Hash.
pub static CERT_SHA256: Field = Field::text("cert_sha256", "SHA-256 of the server's certificate", "FIPS 180-4");
/// Client's subject.
pub static CLIENT_CERT_SUBJECT: Field = Field::text(
    "client_cert_subject",
    "subject of the client's certificate, most specific part first",
    "RFC 5280 4.1.2.6, RFC 4514",
);
/// Client's common name.
pub static CLIENT_CERT_SUBJECT_CN: Field =
    Field::text("client_cert_subject_cn", "its most specific common name", "RFC 5280 4.1.2.6");
/// Issuer's common name.
pub static CLIENT_CERT_ISSUER_CN: Field = Field::text(
    "client_cert_issuer_cn",
    "most specific common name of the issuer of the client's certificate",
    "RFC 5280 4.1.2.4",
);
/// Serial number.
pub static CLIENT_CERT_SERIAL: Field =
    Field::text("client_cert_serial", "serial number of the client's certificate, hexadecimal", "RFC 5280 4.1.2.2");
/// Validity.
pub static CLIENT_CERT_NOT_BEFORE: Field = Field::text(
    "client_cert_not_before",
    "first instant of the validity of the client's certificate (RFC 3339)",
    "RFC 5280 4.1.2.5",
);
/// Validity.
pub static CLIENT_CERT_NOT_AFTER: Field = Field::text(
    "client_cert_not_after",
    "last instant of the validity of the client's certificate (RFC 3339)",
    "RFC 5280 4.1.2.5",
);
/// Hash.
pub static CLIENT_CERT_SHA1: Field = Field::text("client_cert_sha1", "SHA-1 of the client's certificate", "FIPS 180-4");

/// The element.
pub static ELEMENT: Element = Element {
    name: "tls",
    meaning: "a TLS or DTLS handshake as far as it is in the clear",
    fields: &[
        &VERSION,
        &CIPHER,
        &GROUP,
        &SNI,
        &ALPN,
        &ALPN_OFFERED,
        &RESUMED,
        &ESTABLISHED,
        &ALERT,
        &JA3,
        &JA3S,
        &JA4,
        &CERT_SUBJECT,
        &CERT_SUBJECT_CN,
        &CERT_ISSUER,
        &CERT_ISSUER_CN,
        &CERT_SERIAL,
        &CERT_NOT_BEFORE,
        &CERT_NOT_AFTER,
        &CERT_SAN,
        &CERT_SHA1,
        &CERT_SHA256,
        &CLIENT_CERT_SUBJECT,
        &CLIENT_CERT_SUBJECT_CN,
        &CLIENT_CERT_ISSUER_CN,
        &CLIENT_CERT_SERIAL,
        &CLIENT_CERT_NOT_BEFORE,
        &CLIENT_CERT_NOT_AFTER,
        &CLIENT_CERT_SHA1,
    ],
};

/// Writes what the server's certificate says.
pub(super) fn server_certificate(tls: &mut Writer<'_>, certificate: &Certificate) {
    tls.text(&CERT_SUBJECT, &certificate.subject);
    tls.maybe(&CERT_SUBJECT_CN, certificate.subject_cn.as_ref());
    tls.text(&CERT_ISSUER, &certificate.issuer);
    tls.maybe(&CERT_ISSUER_CN, certificate.issuer_cn.as_ref());
    tls.text(&CERT_SERIAL, &certificate.serial);
    tls.text(&CERT_NOT_BEFORE, &certificate.not_before);
    tls.text(&CERT_NOT_AFTER, &certificate.not_after);
    tls.texts(&CERT_SAN, &certificate.alternatives);
    tls.bytes(&CERT_SHA1, certificate.sha1.as_bytes());
    tls.bytes(&CERT_SHA256, certificate.sha256.as_bytes());
}

/// Writes what the client's certificate says.
pub(super) fn client_certificate(tls: &mut Writer<'_>, certificate: &Certificate) {
    tls.text(&CLIENT_CERT_SUBJECT, &certificate.subject);
    tls.maybe(&CLIENT_CERT_SUBJECT_CN, certificate.subject_cn.as_ref());
    tls.maybe(&CLIENT_CERT_ISSUER_CN, certificate.issuer_cn.as_ref());
    tls.text(&CLIENT_CERT_SERIAL, &certificate.serial);
    tls.text(&CLIENT_CERT_NOT_BEFORE, &certificate.not_before);
    tls.text(&CLIENT_CERT_NOT_AFTER, &certificate.not_after);
    tls.bytes(&CLIENT_CERT_SHA1, certificate.sha1.as_bytes());
}
