//! The keys of Initial packets (RFC 9001 5.2, RFC 9369 3.3): whoever sees the client's first connection id can make them.
//!
//! ```text
//! secret   = HKDF-Extract(salt of the version, connection id)
//! of side  = HKDF-Expand-Label(secret, "client in" | "server in", 32)
//! key, iv, hp of a side = labels "quic key", "quic iv", "quic hp"
//! packet   = AES-128-GCM(key, iv ^ packet number, header), the header's first byte and number masked by AES-ECB(hp, sample)
//! ```

use aes::Aes128;
use aes::cipher::{BlockEncrypt, KeyInit};
use aes_gcm::aead::AeadInPlace;
use aes_gcm::{Aes128Gcm, Nonce, Tag};
use hkdf::Hkdf;
use sha2::Sha256;

use super::header::Packet;
use super::version::Form;
use crate::protocol::Role;

/// The length of AES-GCM's tag.
const TAG: usize = 16;
/// Where the sample for the header's mask begins, counted from the packet number.
const SAMPLE_AT: usize = 4;
/// The bits of a long header's first byte that are masked.
const MASKED: u8 = 0x0f;

/// The keys of one side.
struct Side {
    packet: Aes128Gcm,
    iv: [u8; 12],
    header: Aes128,
}

/// The keys of both sides. A side's are made when they are first wanted: a probe wants only the client's, and many clients are not answered.
pub struct Keys {
    secret: Hkdf<Sha256>,
    second: bool,
    sides: [Option<Side>; 2],
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keys")
    }
}

impl Keys {
    /// Makes the keys of a connection; `None` for versions that do not encrypt.
    pub fn new(form: Form, dcid: &[u8]) -> Option<Self> {
        let Form::Ietf { salt, second, .. } = form else {
            return None;
        };
        Some(Self { secret: Hkdf::new(Some(salt), dcid), second, sides: [None, None] })
    }

    fn side(&mut self, role: Role) -> Option<&Side> {
        let Self { secret, second, sides: [client, server] } = self;
        let (side, label) = if role == Role::Client { (client, "client in") } else { (server, "server in") };
        if side.is_none() {
            *side = Side::new(secret, label, *second);
        }
        side.as_ref()
    }

    /// Decrypts an Initial packet that a side sent: its frames, or `None` where the keys are not its.
    pub fn open(&mut self, role: Role, packet: &Packet<'_>) -> Option<Vec<u8>> {
        let side = self.side(role)?;
        let (header, protected) = packet.bytes.split_at_checked(packet.number_at)?;
        let mut mask = aes::Block::from(*protected.get(SAMPLE_AT..)?.first_chunk::<16>()?);
        side.header.encrypt_block(&mut mask);
        let [first_mask, number_mask @ ..] = <[u8; 16]>::from(mask);
        let mut header = header.to_vec();
        let first = header.first_mut()?;
        *first ^= first_mask & MASKED;
        let length = usize::from(*first & 3).saturating_add(1);
        let (number, payload) = protected.split_at_checked(length)?;
        let mut nonce = side.iv;
        let tail = nonce.len().saturating_sub(length);
        for ((byte, mask), nonce) in number.iter().zip(number_mask).zip(nonce.iter_mut().skip(tail)) {
            header.push(byte ^ mask);
            *nonce ^= byte ^ mask;
        }
        let (sealed, tag) = payload.split_at_checked(payload.len().checked_sub(TAG)?)?;
        let mut frames = sealed.to_vec();
        side.packet
            .decrypt_in_place_detached(Nonce::from_slice(&nonce), &header, &mut frames, Tag::from_slice(tag))
            .ok()?;
        Some(frames)
    }
}

impl Side {
    fn new(secret: &Hkdf<Sha256>, label: &str, second: bool) -> Option<Self> {
        let secret = Hkdf::<Sha256>::from_prk(&expand::<32>(secret, label)?).ok()?;
        let [key, iv, header] =
            if second { ["quicv2 key", "quicv2 iv", "quicv2 hp"] } else { ["quic key", "quic iv", "quic hp"] };
        Some(Self {
            packet: Aes128Gcm::new(&expand::<16>(&secret, key)?.into()),
            iv: expand(&secret, iv)?,
            header: Aes128::new(&expand::<16>(&secret, header)?.into()),
        })
    }
}

/// HKDF-Expand-Label (RFC 8446 7.1) without a context.
fn expand<const N: usize>(secret: &Hkdf<Sha256>, label: &str) -> Option<[u8; N]> {
    let mut info = Vec::with_capacity(32);
    info.extend_from_slice(&u16::try_from(N).ok()?.to_be_bytes());
    info.push(u8::try_from(label.len().saturating_add(6)).ok()?);
    info.extend_from_slice(b"tls13 ");
    info.extend_from_slice(label.as_bytes());
    info.push(0);
    let mut out = [0; N];
    secret.expand(&info, &mut out).ok()?;
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocols::quic::version;

    #[test]
    fn the_keys_are_those_of_the_specification() {
        // RFC 9001 A.1 and RFC 9369 A.1.
        let dcid = b"\x83\x94\xc8\xf0\x3e\x51\x57\x08";
        for (number, iv) in [
            (version::V1, *b"\xfa\x04\x4b\x2f\x42\xa3\xfd\x3b\x46\xfb\x25\x5c"),
            (version::V2, *b"\x91\xf7\x3e\x23\x51\xd8\xfa\x91\x66\x0e\x90\x9f"),
        ] {
            let mut keys = Keys::new(version::form(number).unwrap(), dcid).unwrap();
            assert_eq!(keys.side(Role::Client).unwrap().iv, iv);
        }
        let mut keys = Keys::new(version::form(version::V1).unwrap(), dcid).unwrap();
        let mut sample = aes::Block::from(*b"\xd1\xb1\xc9\x8d\xd7\x68\x9f\xb8\xec\x11\xd2\x42\xb1\x23\xdc\x9b");
        keys.side(Role::Client).unwrap().header.encrypt_block(&mut sample);
        assert_eq!(sample[..5], *b"\x43\x7b\x9a\xec\x36");
    }
}
