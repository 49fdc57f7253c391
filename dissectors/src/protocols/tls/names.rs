//! Names of the IANA "TLS Parameters" registries, and which of what they name is weak.

use tls_parser::{TlsCipherAu, TlsCipherEnc, TlsCipherKx, TlsCipherSuite};

/// SSL 2.0 as its hellos number it.
pub const SSL_2: u16 = 0x0002;
/// TLS 1.2.
pub const TLS_1_2: u16 = 0x0303;
/// TLS 1.3.
pub const TLS_1_3: u16 = 0x0304;
/// DTLS 1.2. DTLS counts downwards.
pub const DTLS_1_2: u16 = 0xfefd;
/// DTLS 1.3.
pub const DTLS_1_3: u16 = 0xfefc;
/// DTLS before it was a standard, as OpenSSL 0.9.8 and Cisco AnyConnect speak it.
pub const DTLS_BAD: u16 = 0x0100;

/// The name of a protocol version. Drafts of TLS 1.3 (`7fXX`, and `fbXX` of one large company) are named as what they became.
pub fn version(number: u16) -> Option<&'static str> {
    Some(match number {
        SSL_2 => "SSLv2",
        0x0300 => "SSLv3",
        0x0301 => "TLS 1.0",
        0x0302 => "TLS 1.1",
        TLS_1_2 => "TLS 1.2",
        0xfeff | DTLS_BAD => "DTLS 1.0",
        DTLS_1_2 => "DTLS 1.2",
        DTLS_1_3 => "DTLS 1.3",
        _ if is_1_3(number) => "TLS 1.3",
        _ => return None,
    })
}

/// Whether a version's handshake is that of TLS 1.3.
pub fn is_1_3(number: u16) -> bool {
    matches!(number, TLS_1_3 | DTLS_1_3 | 0x7f00..=0x7fff | 0xfb00..=0xfbff)
}

/// Whether a version is deprecated: older than (D)TLS 1.2 (RFC 8996).
pub fn weak_version(number: u16) -> bool {
    matches!(number, SSL_2 | 0x0300..=0x0302 | 0xfeff | DTLS_BAD)
}

/// The name of a cipher suite.
pub fn cipher(number: u16) -> Option<&'static str> {
    match number {
        // RFC 9189 and RFC 9367, which the registry of the parser does not hold yet.
        0xc100 => Some("TLS_GOSTR341112_256_WITH_KUZNYECHIK_CTR_OMAC"),
        0xc101 => Some("TLS_GOSTR341112_256_WITH_MAGMA_CTR_OMAC"),
        0xc102 => Some("TLS_GOSTR341112_256_WITH_28147_CNT_IMIT"),
        0xc103 => Some("TLS_GOSTR341112_256_WITH_KUZNYECHIK_MGM_L"),
        0xc104 => Some("TLS_GOSTR341112_256_WITH_MAGMA_MGM_L"),
        0xc105 => Some("TLS_GOSTR341112_256_WITH_KUZNYECHIK_MGM_S"),
        0xc106 => Some("TLS_GOSTR341112_256_WITH_MAGMA_MGM_S"),
        _ => TlsCipherSuite::from_id(number).map(|suite| suite.name),
    }
}

/// Whether a cipher suite is known to be weak: no or broken encryption (NULL, RC2, RC4, DES, 3DES), export grade, or nobody
/// authenticated.
pub fn weak_cipher(number: u16) -> bool {
    let broken = |suite: &TlsCipherSuite| {
        matches!(
            suite.enc,
            TlsCipherEnc::Null | TlsCipherEnc::Des | TlsCipherEnc::TripleDes | TlsCipherEnc::Rc2 | TlsCipherEnc::Rc4
        ) || suite.au == TlsCipherAu::Null
            || suite.name.contains("EXPORT")
    };
    TlsCipherSuite::from_id(number).is_some_and(broken)
}

/// Where a ServerKeyExchange says its curve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CurveAt {
    /// At the beginning (RFC 8422 5.4).
    Beginning,
    /// Behind a hint for the key that both knew before (RFC 5489 2).
    BehindHint,
}

/// Where the ServerKeyExchange of a cipher suite says its curve; `None` where it names none.
pub fn curve_at(cipher: u16) -> Option<CurveAt> {
    let suite = TlsCipherSuite::from_id(cipher)?;
    match (suite.kx, suite.au) {
        (TlsCipherKx::Ecdhe, TlsCipherAu::Psk) => Some(CurveAt::BehindHint),
        (TlsCipherKx::Ecdhe | TlsCipherKx::Aecdh, _) => Some(CurveAt::Beginning),
        _ if suite.name.starts_with("TLS_ECDH_anon") => Some(CurveAt::Beginning),
        _ => None,
    }
}

/// The name of a key exchange group.
pub fn group(number: u16) -> Option<&'static str> {
    Some(match number {
        1 => "sect163k1",
        2 => "sect163r1",
        3 => "sect163r2",
        4 => "sect193r1",
        5 => "sect193r2",
        6 => "sect233k1",
        7 => "sect233r1",
        8 => "sect239k1",
        9 => "sect283k1",
        10 => "sect283r1",
        11 => "sect409k1",
        12 => "sect409r1",
        13 => "sect571k1",
        14 => "sect571r1",
        15 => "secp160k1",
        16 => "secp160r1",
        17 => "secp160r2",
        18 => "secp192k1",
        19 => "secp192r1",
        20 => "secp224k1",
        21 => "secp224r1",
        22 => "secp256k1",
        23 => "secp256r1",
        24 => "secp384r1",
        25 => "secp521r1",
        26 => "brainpoolP256r1",
        27 => "brainpoolP384r1",
        28 => "brainpoolP512r1",
        29 => "x25519",
        30 => "x448",
        31 => "brainpoolP256r1tls13",
        32 => "brainpoolP384r1tls13",
        33 => "brainpoolP512r1tls13",
        34 => "GC256A",
        35 => "GC256B",
        36 => "GC256C",
        37 => "GC256D",
        38 => "GC512A",
        39 => "GC512B",
        40 => "GC512C",
        41 => "curveSM2",
        256 => "ffdhe2048",
        257 => "ffdhe3072",
        258 => "ffdhe4096",
        259 => "ffdhe6144",
        260 => "ffdhe8192",
        512 => "MLKEM512",
        513 => "MLKEM768",
        514 => "MLKEM1024",
        4587 => "SecP256r1MLKEM768",
        4588 => "X25519MLKEM768",
        4589 => "SecP384r1MLKEM1024",
        25497 => "X25519Kyber768Draft00",
        25498 => "SecP256r1Kyber768Draft00",
        _ => return None,
    })
}

/// The name of an alert.
pub fn alert(number: u8) -> Option<&'static str> {
    Some(match number {
        0 => "close_notify",
        10 => "unexpected_message",
        20 => "bad_record_mac",
        21 => "decryption_failed",
        22 => "record_overflow",
        30 => "decompression_failure",
        40 => "handshake_failure",
        41 => "no_certificate",
        42 => "bad_certificate",
        43 => "unsupported_certificate",
        44 => "certificate_revoked",
        45 => "certificate_expired",
        46 => "certificate_unknown",
        47 => "illegal_parameter",
        48 => "unknown_ca",
        49 => "access_denied",
        50 => "decode_error",
        51 => "decrypt_error",
        52 => "too_many_cids_requested",
        60 => "export_restriction",
        70 => "protocol_version",
        71 => "insufficient_security",
        80 => "internal_error",
        86 => "inappropriate_fallback",
        90 => "user_canceled",
        100 => "no_renegotiation",
        109 => "missing_extension",
        110 => "unsupported_extension",
        111 => "certificate_unobtainable",
        112 => "unrecognized_name",
        113 => "bad_certificate_status_response",
        114 => "bad_certificate_hash_value",
        115 => "unknown_psk_identity",
        116 => "certificate_required",
        117 => "general_error",
        120 => "no_application_protocol",
        121 => "ech_required",
        _ => return None,
    })
}

/// Whether a cipher, extension, group or version number is one of those that mean nothing on purpose (GREASE, RFC 8701).
pub fn is_grease(number: u16) -> bool {
    let [high, low] = number.to_be_bytes();
    high == low && low & 0x0f == 0x0a
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grease_is_the_sixteen_reserved_numbers() {
        assert_eq!((0..=u16::MAX).filter(|number| is_grease(*number)).count(), 16);
        assert!(is_grease(0x0a0a) && is_grease(0xfafa) && !is_grease(0x0a1a));
    }

    #[test]
    fn weak_ciphers_are_those_that_protect_too_little() {
        // RC4, 3DES, NULL, EXPORT and anonymous suites; then ones that hold.
        for weak in [0x0005, 0x000a, 0x0002, 0x0003, 0x0034, 0xc018, 0xc0b4] {
            assert!(weak_cipher(weak), "{:?}", cipher(weak));
        }
        for sound in [0x002f, 0xc02f, 0x1301, 0xcca8, 0x00a8] {
            assert!(!weak_cipher(sound), "{:?}", cipher(sound));
        }
    }
}
