//! What the size of an encrypted packet tells of the message in it.
//!
//! A packet is `length:4 padding_length:1 payload padding mac`. Padding (4 to 255 bytes) fills it up to a multiple of the cipher's
//! block. Whether the length field itself counts towards the block, and whether it can be read, depends on the pair of cipher
//! and MAC:
//!
//! | pair | length field | filled up to the block |
//! | --- | --- | --- |
//! | block or stream cipher, plain MAC (RFC 4253 6) | encrypted | with the length field |
//! | the same, `-etm@openssh.com` MAC | clear | without it |
//! | AES-GCM (RFC 5647) | clear | without it |
//! | `chacha20-poly1305@openssh.com` | encrypted under a key of its own | without it |
//!
//! Nearly every implementation pads as little as it may; those that pad at random make the sizes here meaningless.

/// The bytes of the length field.
const LENGTH_FIELD: u64 = 4;
/// The padding length and the least padding.
const LEAST_FRAME: u64 = 1 + 4;

/// How the packets of one direction look from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// What a packet is filled up to a multiple of, in bytes.
    block: u64,
    /// Bytes of MAC or tag.
    mac: u64,
    /// Whether the length field can be read.
    pub clear: bool,
    /// Whether the length field counts towards the block.
    counted: bool,
}

impl Sizes {
    /// The sizes for a cipher and a MAC by their names in KEXINIT; `None` where one of them is not known.
    pub fn of(cipher: &[u8], mac: &[u8]) -> Option<Self> {
        if cipher == b"chacha20-poly1305@openssh.com" || cipher == b"chacha20-poly1305" {
            return Some(Self { block: 8, mac: 16, clear: false, counted: false });
        }
        if is_aead(cipher) {
            return Some(Self { block: 16, mac: 16, clear: true, counted: false });
        }
        let block = block_of(cipher)?;
        let (name, etm) = match mac.strip_suffix(b"-etm@openssh.com") {
            Some(name) => (name, true),
            None => (mac, false),
        };
        Some(Self { block, mac: mac_bytes(name)?, clear: etm, counted: !etm })
    }

    /// The bytes on the wire of a packet with so many bytes of payload.
    pub fn wire(self, payload: u64) -> u64 {
        let framed = LEAST_FRAME.saturating_add(payload);
        let (outside, inside) =
            if self.counted { (0, framed.saturating_add(LENGTH_FIELD)) } else { (LENGTH_FIELD, framed) };
        inside.div_ceil(self.block).saturating_mul(self.block).saturating_add(outside).saturating_add(self.mac)
    }

    /// The most and the least payload of a single packet of `wire` bytes; `None` where no single packet has this size.
    pub fn payload(self, wire: u64) -> Option<(u64, u64)> {
        if !self.may_be(1, wire) {
            return None;
        }
        let most = wire.checked_sub(LENGTH_FIELD + LEAST_FRAME + self.mac)?;
        Some((most.saturating_sub(self.block - 1), most))
    }

    /// Whether so many packets may have `wire` bytes together.
    pub fn may_be(self, packets: u64, wire: u64) -> bool {
        let empty = packets.saturating_mul(self.wire(0));
        wire.checked_sub(empty).is_some_and(|rest| rest.is_multiple_of(self.block))
    }

    /// The bytes of so many blocks.
    pub fn blocks(self, blocks: u64) -> u64 {
        self.block.saturating_mul(blocks)
    }

    /// Whether one packet can be told from two by their size.
    pub fn tells_one_from_two(self) -> bool {
        !self.wire(0).is_multiple_of(self.block)
    }

    /// The whole size of a packet whose length field, read in clear, says `length`; `None` where it can't say that.
    pub fn whole(self, length: u32) -> Option<u64> {
        let length = u64::from(length);
        let sane = length >= self.block && length.is_multiple_of(self.block) && length <= MOST_LENGTH;
        sane.then(|| length.saturating_add(LENGTH_FIELD).saturating_add(self.mac))
    }
}

/// The largest length that an implementation in use accepts.
const MOST_LENGTH: u64 = 256 * 1024;

/// Whether the cipher authenticates by itself, so that the negotiated MAC is not used.
pub fn is_aead(cipher: &[u8]) -> bool {
    let cipher = cipher.strip_suffix(b"@openssh.com").unwrap_or(cipher);
    cipher.ends_with(b"-gcm") || cipher.starts_with(b"AEAD_") || cipher == b"chacha20-poly1305"
}

fn block_of(cipher: &[u8]) -> Option<u64> {
    const SIXTEEN: [&[u8]; 8] =
        [b"aes", b"rijndael", b"twofish", b"serpent", b"camellia", b"seed", b"crypticore", b"sm4"];
    const EIGHT: [&[u8]; 7] = [b"3des", b"des", b"blowfish", b"cast128", b"idea", b"arcfour", b"rc4"];
    let starts = |names: &[&[u8]]| names.iter().any(|name| cipher.starts_with(name));
    if starts(&SIXTEEN) {
        Some(16)
    } else if starts(&EIGHT) {
        Some(8)
    } else {
        None
    }
}

fn mac_bytes(mac: &[u8]) -> Option<u64> {
    let mac = mac.strip_suffix(b"@openssh.com").unwrap_or(mac);
    Some(match mac {
        b"umac-64" => 8,
        b"hmac-md5-96" | b"hmac-sha1-96" | b"hmac-sha2-256-96" | b"hmac-sha2-512-96" => 12,
        b"hmac-md5" | b"umac-128" => 16,
        b"hmac-sha1" | b"hmac-ripemd160" | b"hmac-ripemd" => 20,
        b"hmac-sha2-256" | b"hmac-sha256" | b"hmac-sha256@ssh.com" | b"hmac-sha256-2@ssh.com" => 32,
        b"hmac-sha2-512" | b"hmac-sha512" | b"hmac-sha512@ssh.com" => 64,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(cipher: &str, mac: &str) -> Sizes {
        Sizes::of(cipher.as_bytes(), mac.as_bytes()).unwrap()
    }

    /// Payloads of 1 (SUCCESS), 17 (SERVICE_ACCEPT) and 38 bytes as OpenSSH 9.2 sends them.
    #[test]
    fn sizes_are_those_that_openssh_puts_on_the_wire() {
        for (cipher, mac, wire) in [
            ("chacha20-poly1305@openssh.com", "", [28, 44, 68]),
            ("aes256-gcm@openssh.com", "", [36, 52, 68]),
            ("aes128-ctr", "hmac-sha2-256", [48, 64, 80]),
            ("aes128-ctr", "hmac-sha2-256-etm@openssh.com", [52, 68, 84]),
            ("aes256-ctr", "hmac-sha1", [36, 52, 68]),
            ("3des-cbc", "hmac-sha1", [36, 52, 68]),
        ] {
            let sizes = sizes(cipher, mac);
            assert_eq!([1, 17, 38].map(|payload| sizes.wire(payload)), wire, "{cipher} {mac}");
        }
    }

    #[test]
    fn the_payload_of_a_size_holds_what_was_packed() {
        for (cipher, mac) in
            [("chacha20-poly1305@openssh.com", ""), ("aes128-ctr", "hmac-sha2-512"), ("3des-cbc", "hmac-md5")]
        {
            let sizes = sizes(cipher, mac);
            for payload in 1..300 {
                let (least, most) = sizes.payload(sizes.wire(payload)).unwrap();
                // The least is a bound only: for tiny payloads it can't be below nothing.
                assert!(least <= payload && payload <= most && most - least < 16, "{cipher} {payload}");
            }
        }
    }

    #[test]
    fn two_packets_are_told_from_one_where_the_overhead_is_no_multiple_of_the_block() {
        let chacha = sizes("chacha20-poly1305@openssh.com", "");
        assert!(chacha.tells_one_from_two() && chacha.may_be(2, 952) && !chacha.may_be(1, 952));
        assert!(!sizes("aes128-ctr", "hmac-sha2-256").tells_one_from_two());
    }
}
