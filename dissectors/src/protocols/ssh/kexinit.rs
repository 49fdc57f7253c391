//! KEXINIT: what a side offers, its HASSH fingerprint, and what two offers agree on.
//!
//! ```text
//! message:1 (20)  cookie:16
//! ten name-lists, each length:4 then names joined by commas:
//!   kex, host key, cipher c2s, cipher s2c, mac c2s, mac s2c, compression c2s, compression s2c, language c2s, language s2c
//! first_kex_packet_follows:1  reserved:4
//! ```
//!
//! RFC 4253 7.1. HASSH (github.com/salesforce/hassh) is the MD5 of kex, cipher, mac and compression joined by `;`, a client's of
//! its client-to-server lists, a server's of its server-to-client lists.

use std::collections::HashSet;

use md5::{Digest, Md5};
use memchr::memchr;

use super::sizes::{Sizes, is_aead};
use crate::capped::Text;
use crate::protocol::Role;
use crate::reader::Reader;
use crate::scan;

/// The message number.
pub const KEXINIT: u8 = 20;
/// The most payload of a KEXINIT that is kept to negotiate with; a longer one has a fingerprint only.
const KEPT_BYTES: usize = 8 * 1024;

/// So many names of a list are compared with each other without a set of them.
const FEW: usize = 32;

const COOKIE_BYTES: usize = 16;
const KEX: usize = 0;
const HOST_KEY: usize = 1;
const CIPHER: [usize; 2] = [2, 3];
const MAC: [usize; 2] = [4, 5];
const COMPRESSION: [usize; 2] = [6, 7];
const LISTS: usize = 10;

/// What one side offers.
#[derive(Debug)]
pub struct KexInit {
    /// The payload, where it is short enough to be kept.
    payload: Option<Box<[u8]>>,
    /// The fingerprint if the side is the client, and if it is the server.
    hassh: [[u8; 16]; 2],
    /// What the side says to be.
    pub role: Option<Role>,
}

impl KexInit {
    /// Reads the payload of a packet, message number included. `None` where it is no KEXINIT.
    pub fn read(payload: &[u8]) -> Option<Self> {
        let lists = lists(payload)?;
        let print = |direction: usize| -> Option<[u8; 16]> {
            let mut hash = Md5::new();
            for (at, list) in [KEX, *CIPHER.get(direction)?, *MAC.get(direction)?, *COMPRESSION.get(direction)?]
                .into_iter()
                .enumerate()
            {
                if at > 0 {
                    hash.update(b";");
                }
                hash.update(lists.get(list)?);
            }
            Some(hash.finalize().into())
        };
        let hassh = [print(Role::Client.index())?, print(Role::Server.index())?];
        let kept = payload.len() <= KEPT_BYTES;
        Some(Self { payload: kept.then(|| payload.into()), hassh, role: role(lists.get(KEX)?) })
    }

    /// The HASSH of a side that plays `role`.
    pub fn hassh(&self, role: Role) -> Option<&[u8; 16]> {
        self.hassh.get(role.index())
    }

    /// Keeps nothing but the fingerprint.
    pub fn forget_lists(&mut self) {
        self.payload = None;
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        self.payload.as_ref().map_or(0, |payload| payload.len())
    }
}

/// What two offers agree on; each is absent where they share nothing.
#[derive(Debug, Default)]
pub struct Agreed {
    /// The key exchange.
    pub kex: Option<Text>,
    /// The algorithm of the host key's signature.
    pub host_key: Option<Text>,
    /// The cipher, client to server and back.
    pub cipher: [Option<Text>; 2],
    /// The MAC, client to server and back; `implicit` where the cipher brings its own.
    pub mac: [Option<Text>; 2],
    /// How packets look from outside, client to server and back, where that is known.
    pub sizes: [Option<Sizes>; 2],
    /// Whether packets are compressed from the first on, so that their sizes tell nothing.
    pub compressed: bool,
}

impl Agreed {
    /// Negotiates: the first name of the client's list that the server's list has too (RFC 4253 7.1).
    pub fn of(client: &KexInit, server: &KexInit) -> Option<Self> {
        let (client, server) = (client.payload.as_deref()?, server.payload.as_deref()?);
        let (client, server) = (lists(client)?, lists(server)?);
        let choose = |list: usize| choose(client.get(list)?, server.get(list)?);
        let cipher = CIPHER.map(choose);
        let mut mac = MAC.map(choose);
        let mut sizes = [None; 2];
        for ((cipher, mac), sizes) in cipher.iter().zip(&mut mac).zip(&mut sizes) {
            let Some(cipher) = cipher else { continue };
            if is_aead(cipher) {
                *mac = Some(b"implicit");
            }
            *sizes = Sizes::of(cipher, mac.unwrap_or_default());
        }
        let compressed = COMPRESSION.map(choose).into_iter().any(|name| name == Some(b"zlib"));
        let text = |name: Option<&[u8]>| name.map(Text::new);
        Some(Self {
            kex: text(choose(KEX)),
            host_key: text(choose(HOST_KEY)),
            cipher: cipher.map(text),
            mac: mac.map(text),
            sizes,
            compressed,
        })
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        [&self.kex, &self.host_key]
            .into_iter()
            .chain(&self.cipher)
            .chain(&self.mac)
            .flatten()
            .map(Text::heap_bytes)
            .sum()
    }
}

/// The length that the first list of a KEXINIT says to have, and as much of the list as there is. `bytes` begin behind the message
/// number.
pub fn first_list(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let mut reader = Reader::new(bytes);
    reader.skip(COOKIE_BYTES)?;
    let length = reader.be_u32()?;
    Some((length, reader.rest().get(..length as usize).unwrap_or(reader.rest())))
}

/// The ten name-lists of a KEXINIT payload.
fn lists(payload: &[u8]) -> Option<[&[u8]; LISTS]> {
    let mut reader = Reader::new(payload);
    if reader.u8()? != KEXINIT {
        return None;
    }
    reader.skip(COOKIE_BYTES)?;
    let mut lists: [&[u8]; LISTS] = [&[]; LISTS];
    for list in &mut lists {
        let length = usize::try_from(reader.be_u32()?).ok()?;
        *list = reader.take(length)?;
        if !scan::all(list, |byte| byte.is_ascii_graphic()) {
            return None;
        }
    }
    // first_kex_packet_follows; a wrongly guessed packet can't be mistaken for anything that is looked for here.
    reader.u8()?;
    reader.be_u32()?;
    Some(lists)
}

/// Linear, however long and hostile the lists are.
fn choose<'c>(client: &'c [u8], server: &[u8]) -> Option<&'c [u8]> {
    let mut offered = names(server).filter(|name| !name.is_empty());
    let mut few: [&[u8]; FEW] = [&[]; FEW];
    let count = few.iter_mut().zip(offered.by_ref()).map(|(place, name)| *place = name).count();
    match offered.next() {
        // The first name of the client is mostly among the server's first: no set is made for that.
        None => {
            let few = few.get(..count)?;
            names(client).find(|name| few.contains(name))
        }
        Some(next) => {
            let offered: HashSet<&[u8]> = few.into_iter().chain([next]).chain(offered).collect();
            names(client).find(|name| offered.contains(name))
        }
    }
}

/// The names of a list.
fn names(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(list);
    std::iter::from_fn(move || {
        let list = rest?;
        let end = memchr(b',', list);
        rest = end.and_then(|end| list.get(end.saturating_add(1)..));
        end.map_or(Some(list), |end| list.get(..end))
    })
}

/// Names that a side puts among its key exchanges to say what it can (RFC 8308 2.1, OpenSSH's strict key exchange) tell its role.
fn role(kex: &[u8]) -> Option<Role> {
    names(kex).find_map(|name| match name {
        b"ext-info-c" | b"kex-strict-c-v00@openssh.com" | b"kex-strict-c" => Some(Role::Client),
        b"ext-info-s" | b"kex-strict-s-v00@openssh.com" | b"kex-strict-s" => Some(Role::Server),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kexinit(lists: [&str; LISTS]) -> Vec<u8> {
        let mut payload = vec![KEXINIT];
        payload.extend([7; 16]);
        for list in lists {
            payload.extend((list.len() as u32).to_be_bytes());
            payload.extend(list.as_bytes());
        }
        payload.extend([0; 5]);
        payload
    }

    fn side(kex: &str, cipher: &str, mac: &str) -> KexInit {
        KexInit::read(&kexinit([kex, "ssh-rsa", cipher, cipher, mac, mac, "none", "none", "", ""])).unwrap()
    }

    #[test]
    fn the_clients_order_decides() {
        let client = side("a,b,c", "aes128-ctr,3des-cbc", "hmac-md5");
        let agreed = Agreed::of(&client, &side("c,b", "3des-cbc,aes128-ctr", "hmac-sha1")).unwrap();
        assert_eq!(agreed.kex.unwrap().bytes(), b"b");
        assert_eq!(agreed.cipher[0].as_ref().unwrap().bytes(), b"aes128-ctr");
        assert!(agreed.mac[0].is_none() && agreed.sizes[0].is_none());
    }

    #[test]
    fn a_cipher_that_authenticates_has_no_mac() {
        let both = || side("a", "aes128-gcm@openssh.com", "hmac-md5");
        let agreed = Agreed::of(&both(), &both()).unwrap();
        assert_eq!(agreed.mac[1].as_ref().unwrap().bytes(), b"implicit");
    }

    #[test]
    fn lists_of_many_names_are_compared_as_those_of_few() {
        let last = FEW.saturating_add(1);
        let names: Vec<String> = (0..=last).map(|at| format!("n{at}")).collect();
        let client = format!("x,,n{last},n3,n4");
        for (count, chosen) in
            [(3, None), (4, Some("n3")), (FEW, Some("n3")), (FEW + 1, Some("n3")), (FEW + 2, Some(&*names[last]))]
        {
            let server = names[..count].join(",");
            assert_eq!(choose(client.as_bytes(), server.as_bytes()), chosen.map(str::as_bytes), "{count}");
        }
    }

    #[test]
    fn nothing_in_common_is_not_an_empty_name() {
        let agreed = Agreed::of(&side("a,,b", "x", "y"), &side(",c", "x", "y")).unwrap();
        assert_eq!(agreed.kex, None);
    }

    #[test]
    fn a_name_list_longer_than_the_packet_is_no_kexinit() {
        let whole = kexinit(["a"; LISTS]);
        for cut in 0..whole.len() {
            assert!(KexInit::read(&whole[..cut]).is_none(), "{cut}");
        }
    }
}
