//! The fields of `quic`.

use crate::dictionary::{Element, Field, Kind};

/// Version.
pub static VERSION: Field = Field::text(
    "version",
    "version of the connection, hexadecimal; Google's in letters (`Q043`)",
    "RFC 9000 15, IANA QUIC Versions",
);
/// Versions on offer.
pub static SERVER_VERSIONS: Field =
    Field::text("server_versions", "versions that the server offered in place of the client's", "RFC 9000 17.2.1")
        .list();
/// Server name.
pub static SNI: Field = Field::text(
    "sni",
    "server name that the client asked for in Google's own handshake; in TLS it is `tls.sni`",
    "QUIC Crypto, SNI",
);
/// Client software.
pub static USER_AGENT: Field =
    Field::text("user_agent", "the client's software, where it tells it (Google's)", "QUIC Crypto, UAID");
/// First connection id.
pub static CLIENT_INITIAL_DCID: Field = Field::text(
    "client_initial_dcid",
    "destination connection id of the client's first packet, hexadecimal",
    "RFC 9000 7.2",
);
/// Client's connection id.
pub static CLIENT_SCID: Field =
    Field::text("client_scid", "connection id that the client chose, hexadecimal", "RFC 9000 7.2");
/// Server's connection id.
pub static SERVER_SCID: Field =
    Field::text("server_scid", "connection id that the server chose, hexadecimal", "RFC 9000 7.2");
/// Retry.
pub static RETRY: Field =
    Field::new(Kind::YesNo, "retry", "the server asked for proof of the client's address", "RFC 9000 17.2.5");
/// Early data.
pub static ZERO_RTT: Field =
    Field::new(Kind::YesNo, "zero_rtt", "the client sent data before it was answered", "RFC 9000 17.2.3");
/// Refusal.
pub static ERROR: Field = Field::text(
    "error",
    "error of a CONNECTION_CLOSE in an Initial packet, by its name, else hexadecimal",
    "RFC 9000 20.1",
);
/// Refusal in words.
pub static REASON: Field = Field::text("reason", "the words beside `error`", "RFC 9000 19.19");

/// The element.
pub static ELEMENT: Element = Element {
    name: "quic",
    meaning: "a QUIC connection; the handshake inside it is told in `tls`",
    fields: &[
        &VERSION,
        &SERVER_VERSIONS,
        &SNI,
        &USER_AGENT,
        &CLIENT_INITIAL_DCID,
        &CLIENT_SCID,
        &SERVER_SCID,
        &RETRY,
        &ZERO_RTT,
        &ERROR,
        &REASON,
    ],
};

/// The name of a transport error (RFC 9000 20.1). Those from 0x100 to 0x1ff are TLS alerts and told as such.
pub fn error_name(error: u64) -> Option<&'static str> {
    Some(match error {
        0x00 => "NO_ERROR",
        0x01 => "INTERNAL_ERROR",
        0x02 => "CONNECTION_REFUSED",
        0x03 => "FLOW_CONTROL_ERROR",
        0x04 => "STREAM_LIMIT_ERROR",
        0x05 => "STREAM_STATE_ERROR",
        0x06 => "FINAL_SIZE_ERROR",
        0x07 => "FRAME_ENCODING_ERROR",
        0x08 => "TRANSPORT_PARAMETER_ERROR",
        0x09 => "CONNECTION_ID_LIMIT_ERROR",
        0x0a => "PROTOCOL_VIOLATION",
        0x0b => "INVALID_TOKEN",
        0x0c => "APPLICATION_ERROR",
        0x0d => "CRYPTO_BUFFER_EXCEEDED",
        0x0e => "KEY_UPDATE_ERROR",
        0x0f => "AEAD_LIMIT_REACHED",
        0x10 => "NO_VIABLE_PATH",
        0x11 => "VERSION_NEGOTIATION_ERROR",
        0x100..=0x1ff => "CRYPTO_ERROR",
        _ => return None,
    })
}
