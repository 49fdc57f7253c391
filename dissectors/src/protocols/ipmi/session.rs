//! How an IPMI session is opened and protected.
//!
//! ```text
//! 10 open session request    tag:1 privilege:1 00 00 console:4 [kind:1 00 00 08 algorithm:1 000000]*3
//! 11 its response            tag:1 status:1 privilege:1 00 console:4 managed:4 [kind ...]*3
//! 12 RAKP 1                  tag:1 000000 managed:4 random:16 privilege:1 0000 n:1 user:n
//! 13 RAKP 2   14 RAKP 3   15 RAKP 4                      tag:1 status:1 ...
//! ```
//!
//! IPMI 2.0 13.17 to 13.24; of version 1.5 the challenge (22.16) names the user.

use super::{AUTHENTICATION, CONFIDENTIALITY, INTEGRITY, PRIVILEGE, RESULT, USER};
use crate::capped::Text;
use crate::facts::Writer;
use crate::reader::Reader;

const OPEN_REQUEST: u8 = 0x10;
const OPEN_RESPONSE: u8 = 0x11;
const RAKP_1: u8 = 0x12;
const RAKP_2: u8 = 0x13;
const RAKP_3: u8 = 0x14;
const RAKP_4: u8 = 0x15;
/// The longest user name.
const NAME_BYTES: usize = 16;
/// Function and number of Get Session Challenge and Activate Session.
const APPLICATION: u8 = 6;
const CHALLENGE: u8 = 0x39;
const ACTIVATE: u8 = 0x3a;

/// What is known of it.
#[derive(Debug, Default)]
pub(super) struct Security {
    user: Text,
    privilege: Option<u8>,
    /// The way of version 1.5.
    old: Option<u8>,
    /// Authentication, integrity, confidentiality.
    algorithms: [Option<u8>; 3],
    result: Option<&'static str>,
}

impl Security {
    /// A datagram of version 1.5 authenticates so.
    pub(super) fn old(&mut self, auth: u8) {
        if auth != 0 || self.old.is_none() {
            self.old = Some(auth);
        }
    }

    /// A message in clear.
    pub(super) fn message(&mut self, function: u8, command: u8, data: &[u8]) {
        match (function, command, data) {
            (APPLICATION, CHALLENGE, [_, name @ ..]) => self.name(name.get(..NAME_BYTES).unwrap_or(name)),
            (APPLICATION, ACTIVATE, [_, privilege, ..]) => self.privilege = Some(*privilege),
            (7, ACTIVATE, [0, ..]) => self.result = Some("open"),
            (7, CHALLENGE | ACTIVATE, [code, ..]) if *code != 0 => self.result = Some("refused"),
            _ => {}
        }
    }

    fn name(&mut self, padded: &[u8]) {
        self.user = Text::new(padded.split(|byte| *byte == 0).next().unwrap_or_default());
    }

    /// A payload of version 2.0 that opens a session.
    pub(super) fn payload(&mut self, kind: u8, payload: &[u8]) {
        let mut reader = Reader::new(payload);
        match kind {
            OPEN_REQUEST => {
                let _ = reader.skip(8);
                self.algorithms(&mut reader);
            }
            OPEN_RESPONSE if self.status(payload) => {
                let _ = reader.skip(12);
                self.algorithms(&mut reader);
            }
            RAKP_1 => {
                let _ = reader.skip(24);
                if let Some([privilege, _, _, length]) = reader.array() {
                    self.privilege = Some(privilege);
                    self.name(reader.take(usize::from(length).min(NAME_BYTES)).unwrap_or_default());
                }
            }
            RAKP_2 | RAKP_3 => {
                self.status(payload);
            }
            RAKP_4 if self.status(payload) => self.result = Some("open"),
            _ => {}
        }
    }

    /// Tells whether a payload's status is good; if not, it is the result.
    fn status(&mut self, payload: &[u8]) -> bool {
        match payload.get(1) {
            Some(0) => true,
            Some(status) => {
                self.result = Some(status_name(*status));
                false
            }
            None => false,
        }
    }

    fn algorithms(&mut self, reader: &mut Reader<'_>) {
        while let Some([kind, _, _, _, algorithm, ..]) = reader.array::<8>() {
            if let Some(slot) = self.algorithms.get_mut(usize::from(kind)) {
                *slot = Some(algorithm & 0x3f);
            }
        }
    }

    /// Who opens the session.
    pub(super) fn user(&self) -> Option<&Text> {
        (!self.user.is_empty()).then_some(&self.user)
    }

    /// Whether version 1.5's plain password is used.
    pub(super) fn cleartext_password(&self) -> bool {
        self.old == Some(4)
    }

    pub(super) fn facts(&self, ipmi: &mut Writer<'_>) {
        ipmi.text(&USER, &self.user);
        if let Some(privilege) = self.privilege {
            ipmi.plain(&PRIVILEGE, privilege_name(privilege & 0x0f));
        }
        let [authentication, integrity, confidentiality] = self.algorithms;
        match (authentication, self.old) {
            (Some(algorithm), _) => ipmi.plain(&AUTHENTICATION, authentication_name(algorithm)),
            (None, Some(old)) if self.user().is_some() || old != 0 => ipmi.plain(&AUTHENTICATION, old_name(old)),
            (None, _) => {}
        }
        if let Some(algorithm) = integrity {
            ipmi.plain(&INTEGRITY, integrity_name(algorithm));
        }
        if let Some(algorithm) = confidentiality {
            ipmi.plain(&CONFIDENTIALITY, confidentiality_name(algorithm));
        }
        if let Some(result) = self.result {
            ipmi.plain(&RESULT, result);
        }
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.user.heap_bytes()
    }
}

/// Whether a payload has the form of its type.
pub(super) fn is_payload(kind: u8, payload: &[u8]) -> bool {
    match (kind, payload.len()) {
        (OPEN_REQUEST, length) => length == 32,
        // Refusals are short.
        (OPEN_RESPONSE, length) => length == 36 || length == 8 || length == 1,
        (RAKP_1, length) => {
            payload.get(27).is_some_and(|name| usize::from(*name) <= NAME_BYTES)
                && (28..=28 + NAME_BYTES).contains(&length)
        }
        (RAKP_2 | RAKP_3 | RAKP_4, length) => (8..=80).contains(&length) && payload.get(2..4) == Some(&[0, 0]),
        _ => false,
    }
}

fn privilege_name(level: u8) -> &'static str {
    match level {
        0 => "highest",
        1 => "callback",
        2 => "user",
        3 => "operator",
        4 => "administrator",
        5 => "oem",
        _ => "unknown",
    }
}

fn old_name(auth: u8) -> &'static str {
    match auth {
        0 => "none",
        1 => "md2",
        2 => "md5",
        4 => "password",
        _ => "oem",
    }
}

fn authentication_name(algorithm: u8) -> &'static str {
    match algorithm {
        0 => "none",
        1 => "hmac_sha1",
        2 => "hmac_md5",
        3 => "hmac_sha256",
        _ => "oem",
    }
}

fn integrity_name(algorithm: u8) -> &'static str {
    match algorithm {
        0 => "none",
        1 => "hmac_sha1_96",
        2 => "hmac_md5_128",
        3 => "md5_128",
        4 => "hmac_sha256_128",
        _ => "oem",
    }
}

fn confidentiality_name(algorithm: u8) -> &'static str {
    match algorithm {
        0 => "none",
        1 => "aes_cbc_128",
        2 => "xrc4_128",
        3 => "xrc4_40",
        _ => "oem",
    }
}

/// Status codes of RMCP+ and RAKP (IPMI 2.0 13.24).
fn status_name(status: u8) -> &'static str {
    match status {
        1 => "insufficient_resources",
        2 => "invalid_session",
        3..=5 => "invalid_payload_or_algorithm",
        6 | 7 => "no_matching_algorithm",
        8 => "inactive_session",
        9 => "invalid_role",
        0x0a => "unauthorized_role",
        0x0b => "insufficient_resources_for_role",
        0x0c => "invalid_name_length",
        0x0d => "unauthorized_name",
        0x0e => "unauthorized_guid",
        0x0f => "invalid_integrity_check",
        0x10 => "invalid_confidentiality_algorithm",
        0x11 => "no_cipher_suite_match",
        0x12 => "illegal_parameter",
        _ => "refused",
    }
}
