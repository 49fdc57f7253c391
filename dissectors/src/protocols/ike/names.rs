//! Names of what IKE has numbers for (IANA's registries of IKE and IKEv2).

/// What is added to a notification's number of version 1.
pub(super) const VERSION_1: u32 = 1 << 16;

pub(super) const fn exchange(number: u32) -> Option<&'static str> {
    Some(match number {
        1 => "Base",
        2 => "Main Mode",
        3 => "Authentication Only",
        4 => "Aggressive Mode",
        5 => "Informational",
        6 => "Transaction",
        32 => "Quick Mode",
        33 => "New Group Mode",
        34 => "IKE_SA_INIT",
        35 => "IKE_AUTH",
        36 => "CREATE_CHILD_SA",
        37 => "INFORMATIONAL",
        38 => "IKE_SESSION_RESUME",
        39 => "GSA_AUTH",
        40 => "GSA_REGISTRATION",
        41 => "GSA_REKEY",
        43 => "IKE_INTERMEDIATE",
        44 => "IKE_FOLLOWUP_KE",
        _ => return None,
    })
}

pub(super) const fn cipher_1(number: u16) -> Option<&'static str> {
    Some(match number {
        1 => "DES_CBC",
        2 => "IDEA_CBC",
        3 => "BLOWFISH_CBC",
        5 => "3DES_CBC",
        6 => "CAST_CBC",
        7 => "AES_CBC",
        8 => "CAMELLIA_CBC",
        _ => return None,
    })
}

pub(super) const fn hash_1(number: u16) -> Option<&'static str> {
    Some(match number {
        1 => "MD5",
        2 => "SHA1",
        3 => "TIGER",
        4 => "SHA2_256",
        5 => "SHA2_384",
        6 => "SHA2_512",
        _ => return None,
    })
}

pub(super) const fn authentication_1(number: u16) -> Option<&'static str> {
    Some(match number {
        1 => "PSK",
        2 => "DSS",
        3 => "RSA",
        4 | 5 => "RSA_ENCRYPTION",
        9 => "ECDSA_256",
        10 => "ECDSA_384",
        11 => "ECDSA_521",
        64221 => "HYBRID_RSA",
        65001 => "XAUTH_PSK",
        65005 => "XAUTH_RSA",
        _ => return None,
    })
}

pub(super) const fn cipher_2(number: u16) -> Option<&'static str> {
    Some(match number {
        2 => "DES_CBC",
        3 => "3DES_CBC",
        5 => "IDEA_CBC",
        6 => "CAST_CBC",
        7 => "BLOWFISH_CBC",
        11 => "NULL",
        12 => "AES_CBC",
        13 => "AES_CTR",
        14 => "AES_CCM_8",
        15 => "AES_CCM_12",
        16 => "AES_CCM_16",
        18 => "AES_GCM_8",
        19 => "AES_GCM_12",
        20 => "AES_GCM_16",
        23 => "CAMELLIA_CBC",
        24 => "CAMELLIA_CTR",
        28 => "CHACHA20_POLY1305",
        _ => return None,
    })
}

pub(super) const fn prf(number: u16) -> Option<&'static str> {
    Some(match number {
        1 => "MD5",
        2 => "SHA1",
        3 => "TIGER",
        4 => "AES128_XCBC",
        5 => "SHA2_256",
        6 => "SHA2_384",
        7 => "SHA2_512",
        8 => "AES128_CMAC",
        _ => return None,
    })
}

pub(super) const fn integrity(number: u16) -> Option<&'static str> {
    Some(match number {
        1 => "MD5_96",
        2 => "SHA1_96",
        5 => "AES_XCBC_96",
        6 => "MD5_128",
        7 => "SHA1_160",
        8 => "AES_CMAC_96",
        12 => "SHA2_256_128",
        13 => "SHA2_384_192",
        14 => "SHA2_512_256",
        _ => return None,
    })
}

pub(super) const fn group(number: u16) -> Option<&'static str> {
    Some(match number {
        1 => "MODP_768",
        2 => "MODP_1024",
        5 => "MODP_1536",
        14 => "MODP_2048",
        15 => "MODP_3072",
        16 => "MODP_4096",
        17 => "MODP_6144",
        18 => "MODP_8192",
        19 => "ECP_256",
        20 => "ECP_384",
        21 => "ECP_521",
        22 => "MODP_1024_160",
        23 => "MODP_2048_224",
        24 => "MODP_2048_256",
        25 => "ECP_192",
        26 => "ECP_224",
        27 => "BRAINPOOL_224",
        28 => "BRAINPOOL_256",
        29 => "BRAINPOOL_384",
        30 => "BRAINPOOL_512",
        31 => "CURVE25519",
        32 => "CURVE448",
        35 => "ML_KEM_512",
        36 => "ML_KEM_768",
        37 => "ML_KEM_1024",
        _ => return None,
    })
}

pub(super) const fn notify(number: u32) -> Option<&'static str> {
    Some(match number {
        1 => "UNSUPPORTED_CRITICAL_PAYLOAD",
        4 => "INVALID_IKE_SPI",
        5 => "INVALID_MAJOR_VERSION",
        7 => "INVALID_SYNTAX",
        9 => "INVALID_MESSAGE_ID",
        11 => "INVALID_SPI",
        14 => "NO_PROPOSAL_CHOSEN",
        17 => "INVALID_KE_PAYLOAD",
        24 => "AUTHENTICATION_FAILED",
        16384 => "INITIAL_CONTACT",
        16388 => "NAT_DETECTION_SOURCE_IP",
        16389 => "NAT_DETECTION_DESTINATION_IP",
        16390 => "COOKIE",
        16391 => "USE_TRANSPORT_MODE",
        16404 => "MULTIPLE_AUTH_SUPPORTED",
        16406 => "REDIRECT_SUPPORTED",
        16407 => "REDIRECT",
        16418 => "CHILDLESS_IKEV2_SUPPORTED",
        16430 => "FRAGMENTATION_SUPPORTED",
        16431 => "SIGNATURE_HASH_ALGORITHMS",
        16435 => "USE_PPK",
        16438 => "INTERMEDIATE_EXCHANGE_SUPPORTED",
        0x1_0007 => "INVALID_EXCHANGE_TYPE",
        0x1_0009 => "INVALID_MESSAGE_ID",
        0x1_000e => "NO_PROPOSAL_CHOSEN",
        0x1_0010 => "PAYLOAD_MALFORMED",
        0x1_0012 => "INVALID_ID_INFORMATION",
        0x1_0018 => "AUTHENTICATION_FAILED",
        0x1_6002 => "INITIAL_CONTACT",
        0x1_8d28 => "R_U_THERE",
        0x1_8d29 => "R_U_THERE_ACK",
        _ => return None,
    })
}

/// Marks of vendors and of abilities, by their beginnings.
const VENDORS: &[(&[u8], &str)] = &[
    (b"\x4a\x13\x1c\x81\x07\x03\x58\x45\x5c\x57\x28\xf2\x0e\x95\x45\x2f", "NAT-T RFC 3947"),
    (b"\x90\xcb\x80\x91\x3e\xbb\x69\x6e\x08\x63\x81\xb5\xec\x42\x7b\x1f", "NAT-T draft 2"),
    (b"\xcd\x60\x46\x43\x35\xdf\x21\xf8\x7c\xfd\xb2\xfc\x68\xb6\xa4\x48", "NAT-T draft 2"),
    (b"\x7d\x94\x19\xa6\x53\x10\xca\x6f\x2c\x17\x9d\x92\x15\x52\x9d\x56", "NAT-T draft 3"),
    (b"\x44\x85\x15\x2d\x18\xb6\xbb\xcd\x0b\xe8\xa8\x46\x95\x79\xdd\xcc", "NAT-T draft 0"),
    (b"\xaf\xca\xd7\x13\x68\xa1\xf1\xc9\x6b\x86\x96\xfc\x77\x57", "DPD"),
    (b"\x09\x00\x26\x89\xdf\xd6\xb7\x12", "XAUTH"),
    (b"\x12\xf5\xf2\x8c\x45\x71\x68\xa9\x70\x2d\x9f\xe2\x74\xcc", "Cisco Unity"),
    (b"\x40\x48\xb7\xd5\x6e\xbc\xe8\x85\x25\xe7\xde\x7f\x00\xd6\xc2\xd3", "Fragmentation"),
    (b"\x88\x2f\xe5\x6d\x6f\xd2\x0d\xbc\x22\x51\x61\x3b\x2e\xbe\x5b\xeb", "strongSwan"),
    (b"\x1e\x2b\x51\x69\x05\x99\x1c\x7d\x7c\x96\xfc\xbf\xb5\x87\xe4\x61", "Microsoft"),
    (b"\xfb\x1d\xe3\xcd\xf3\x41\xb7\xea\x16\xb7\xe5\xbe\x08\x55\xf1\x20", "Microsoft negotiation discovery"),
    (b"\x26\x24\x4d\x38\xed\xdb\x61\xb3\x17\x2a\x36\xe3\xd0\xcf\xb8\x19", "Microsoft initial contact"),
    (b"\xe3\xa5\x96\x6a\x76\x37\x9f\xe7\x07\x22\x82\x31\xe5\xce\x86\x52", "IKE CGA"),
    (b"\x01\x52\x8b\xbb\xc0\x06\x96\x12\x18\x49\xab\x9a\x1c\x5b\x2a\x51", "Microsoft security realm"),
    (b"\xf4\xed\x19\xe0\xc1\x14\xeb\x51\x6f\xaa\xac\x0e\xe3\x7d\xaf\x28", "Check Point"),
    (b"\x69\x93\x69\x22\x87\x41\xc6\xd4\xca\x09\x4c\x93\xe2\x42\xc9\xde", "Juniper"),
    (b"\x82\x99\x03\x17\x57\xa3\x60\x82\xc6\xa6\x21\xde", "Fortinet"),
];

/// What a vendor's mark says: its name, or the mark where it is text.
pub(super) fn vendor(mark: &[u8]) -> Option<Vec<u8>> {
    let known = VENDORS.iter().find(|(start, _)| mark.starts_with(start));
    let text = mark.len() >= 4 && mark.iter().all(|byte| matches!(byte, b' '..=b'~'));
    known.map(|(_, name)| name.as_bytes().to_vec()).or_else(|| text.then(|| mark.to_vec()))
}
