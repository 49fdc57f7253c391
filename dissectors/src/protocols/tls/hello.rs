//! The two hellos (RFC 8446 4.1.2 and 4.1.3, RFC 5246 7.4.1, RFC 6347 4.2.1), read from a whole message's body or from its beginning.
//!
//! ```text
//! ClientHello  version:2 random:32 session_id<0..32> [DTLS: cookie<0..255>] ciphers<2..2^16-2> compressions<1..255> [extensions<2>]
//! ServerHello  version:2 random:32 session_id<0..32> cipher:2 compression:1 [extensions<2>]
//! extension    type:2 content<0..2^16-1>
//! ```
//!
//! A capture may cut a hello anywhere. What stands before the cut is told, what a cut would make wrong (fingerprints, the
//! version) only of a hello that is whole; so the hellos are read here by hand and not by a parser that takes all or nothing.
//! Encrypted ClientHello is an extension like any other: the outer hello is what is told.

use super::names;
use crate::reader::Reader;

/// Extension types that are looked into.
pub mod extension {
    /// Server name (RFC 6066 3).
    pub const SERVER_NAME: u16 = 0;
    /// Supported groups (RFC 8422 5.1.1, RFC 8446 4.2.7).
    pub const GROUPS: u16 = 10;
    /// Point formats (RFC 8422 5.1.2).
    pub const POINT_FORMATS: u16 = 11;
    /// Signature algorithms (RFC 8446 4.2.3).
    pub const SIGNATURE_ALGORITHMS: u16 = 13;
    /// Application-layer protocol (RFC 7301).
    pub const ALPN: u16 = 16;
    /// The server's certificate may be a bare key (RFC 7250).
    pub const SERVER_CERTIFICATE_TYPE: u16 = 20;
    /// A session that is taken up again (RFC 8446 4.2.11).
    pub const PRE_SHARED_KEY: u16 = 41;
    /// Versions (RFC 8446 4.2.1).
    pub const VERSIONS: u16 = 43;
    /// Key shares (RFC 8446 4.2.8).
    pub const KEY_SHARE: u16 = 51;
}

/// The random of a ServerHello that is a HelloRetryRequest (RFC 8446 4.1.3).
const RETRY: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11,
    0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];
/// The longest session id.
pub const SESSION_ID_MAX: usize = 32;

/// A run of 16-bit numbers.
#[derive(Clone, Copy, Debug, Default)]
pub struct Numbers<'a>(&'a [u8]);

impl<'a> Numbers<'a> {
    /// The numbers in wire order.
    pub fn iter(self) -> impl Iterator<Item = u16> + 'a {
        self.0.chunks_exact(2).filter_map(|pair| Reader::new(pair).be_u16())
    }

    /// The numbers that mean something.
    pub fn meant(self) -> impl Iterator<Item = u16> + 'a {
        self.iter().filter(|number| !names::is_grease(*number))
    }
}

/// The extensions of a hello.
#[derive(Clone, Copy, Debug, Default)]
pub struct Extensions<'a>(&'a [u8]);

impl<'a> Extensions<'a> {
    /// Types and contents in wire order, as far as they are whole.
    pub fn iter(self) -> impl Iterator<Item = (u16, &'a [u8])> + 'a {
        let mut reader = Reader::new(self.0);
        std::iter::from_fn(move || next_extension(&mut reader))
    }

    /// The content of the first extension of a type.
    pub fn get(self, kind: u16) -> Option<&'a [u8]> {
        self.iter().find(|(known, _)| *known == kind).map(|(_, content)| content)
    }

    /// Whether the extensions fill their block exactly.
    fn sound(self) -> bool {
        let mut reader = Reader::new(self.0);
        while next_extension(&mut reader).is_some() {}
        reader.is_empty()
    }

    /// The first protocol that the ALPN extension names, and those after it.
    pub fn alpn(self) -> impl Iterator<Item = &'a [u8]> + 'a {
        let mut list = self.get(extension::ALPN).and_then(short_list).unwrap_or(Reader::new(&[]));
        std::iter::from_fn(move || {
            let len = list.u8()?;
            list.take(usize::from(len))
        })
    }

    /// The numbers of an extension that is a list of them with a 16-bit length.
    pub fn numbers(self, kind: u16) -> Numbers<'a> {
        Numbers(self.get(kind).and_then(short_list).map_or(&[], |list| list.rest()))
    }
}

fn next_extension<'a>(reader: &mut Reader<'a>) -> Option<(u16, &'a [u8])> {
    let mut ahead = *reader;
    let kind = ahead.be_u16()?;
    let len = ahead.be_u16()?;
    let content = ahead.take(usize::from(len))?;
    *reader = ahead;
    Some((kind, content))
}

/// What follows a 16-bit length.
fn short_list(content: &[u8]) -> Option<Reader<'_>> {
    let mut reader = Reader::new(content);
    let len = reader.be_u16()?;
    reader.sub(usize::from(len))
}

/// A ClientHello.
#[derive(Clone, Copy, Debug, Default)]
pub struct ClientHello<'a> {
    /// The version in the fixed part, which TLS 1.3 leaves at 1.2.
    pub version: u16,
    /// The session to take up again.
    pub session_id: &'a [u8],
    /// Cipher suites offered.
    pub ciphers: Numbers<'a>,
    /// Extensions.
    pub extensions: Extensions<'a>,
    /// Nothing is missing.
    pub whole: bool,
}

impl<'a> ClientHello<'a> {
    /// Reads a message's body, or its beginning where it is not `complete`. `None` where that is too short or no ClientHello.
    /// `datagrams`: it is one of DTLS.
    pub fn read(body: &'a [u8], complete: bool, datagrams: bool) -> Option<Self> {
        let mut reader = Reader::new(body);
        let (version, _, session_id) = fixed_part(&mut reader)?;
        let mut hello = Self { version, session_id, ..Self::default() };
        hello.whole = hello.read_lists(&mut reader, datagrams).is_some_and(|sound| sound && complete);
        Some(hello)
    }

    fn read_lists(&mut self, reader: &mut Reader<'a>, datagrams: bool) -> Option<bool> {
        if datagrams {
            let cookie = reader.u8()?;
            reader.skip(usize::from(cookie))?;
        }
        let ciphers = reader.be_u16()?;
        self.ciphers = Numbers(reader.take(usize::from(ciphers))?);
        let compressions = reader.u8()?;
        reader.skip(usize::from(compressions))?;
        let (extensions, sound) = extensions(reader);
        self.extensions = extensions;
        Some(sound)
    }

    /// The name asked for.
    pub fn server_name(&self) -> Option<&'a [u8]> {
        let mut names = short_list(self.extensions.get(extension::SERVER_NAME)?)?;
        loop {
            let kind = names.u8()?;
            let len = names.be_u16()?;
            let name = names.take(usize::from(len))?;
            if kind == 0 {
                return Some(name);
            }
        }
    }

    /// Versions offered beside the fixed one.
    pub fn versions(&self) -> Numbers<'a> {
        let content = self.extensions.get(extension::VERSIONS).unwrap_or_default();
        let mut reader = Reader::new(content);
        let len = reader.u8().unwrap_or(0);
        Numbers(reader.take(usize::from(len)).unwrap_or_default())
    }

    /// Point formats offered.
    pub fn point_formats(&self) -> &'a [u8] {
        let content = self.extensions.get(extension::POINT_FORMATS).unwrap_or_default();
        let mut reader = Reader::new(content);
        let len = reader.u8().unwrap_or(0);
        reader.take(usize::from(len)).unwrap_or_default()
    }
}

/// A ServerHello or a HelloRetryRequest.
#[derive(Clone, Copy, Debug, Default)]
pub struct ServerHello<'a> {
    /// The version in the fixed part.
    pub fixed_version: u16,
    /// The session that is begun or taken up again.
    pub session_id: &'a [u8],
    /// The cipher suite chosen.
    pub cipher: u16,
    /// Extensions.
    pub extensions: Extensions<'a>,
    /// It asks for another ClientHello.
    pub retry: bool,
    /// Nothing is missing.
    pub whole: bool,
}

impl<'a> ServerHello<'a> {
    /// Reads a message's body, or its beginning where it is not `complete`. `None` where that is too short or no ServerHello.
    pub fn read(body: &'a [u8], complete: bool) -> Option<Self> {
        let mut reader = Reader::new(body);
        // Drafts of TLS 1.3 up to 21 had neither session id nor compression.
        let draft = matches!(body, [0x7f, ..=21, ..]);
        let (fixed_version, random, session_id) =
            if draft { (reader.be_u16()?, reader.array::<32>()?, &[][..]) } else { fixed_part(&mut reader)? };
        let cipher = reader.be_u16()?;
        let mut hello = Self { fixed_version, session_id, cipher, retry: random == RETRY, ..Self::default() };
        if !draft && reader.skip(1).is_none() {
            return Some(hello);
        }
        let (extensions, sound) = extensions(&mut reader);
        hello.extensions = extensions;
        hello.whole = sound && complete;
        Some(hello)
    }

    /// The version chosen; unknown where the cut may have taken the extension that decides it.
    pub fn version(&self) -> Option<u16> {
        let chosen = self.extensions.get(extension::VERSIONS).and_then(|content| Reader::new(content).be_u16());
        chosen.or(self.whole.then_some(self.fixed_version))
    }

    /// The group of the server's key share, or the one that it asks for.
    pub fn group(&self) -> Option<u16> {
        Reader::new(self.extensions.get(extension::KEY_SHARE)?).be_u16()
    }

    /// Whether the certificate to come is something other than X.509.
    pub fn other_certificate(&self) -> bool {
        self.extensions.get(extension::SERVER_CERTIFICATE_TYPE).is_some_and(|kind| kind != [0])
    }
}

/// Version, random and session id, with which both hellos begin.
fn fixed_part<'a>(reader: &mut Reader<'a>) -> Option<(u16, [u8; 32], &'a [u8])> {
    let version = reader.be_u16()?;
    let random = reader.array::<32>()?;
    let len = reader.u8().map(usize::from).filter(|len| *len <= SESSION_ID_MAX)?;
    Some((version, random, reader.take(len)?))
}

/// The block of extensions, as far as it goes, and whether all of it is there. Old hellos have none.
fn extensions<'a>(reader: &mut Reader<'a>) -> (Extensions<'a>, bool) {
    if reader.is_empty() {
        return (Extensions(&[]), true);
    }
    let len = usize::from(reader.be_u16().unwrap_or(u16::MAX));
    match reader.take(len) {
        Some(block) => (Extensions(block), Extensions(block).sound()),
        None => (Extensions(reader.rest()), false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tls_parser::{TlsExtension, parse_tls_client_hello_extensions, parse_tls_handshake_client_hello};

    /// A ClientHello's body: two ciphers, server name `a.example`, groups, ALPN `h2` and `http/1.1`.
    const HELLO: &[u8] = b"\x03\x03RRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRR\x02ab\x00\x04\x13\x01\xc0\x2f\x01\x00\x00\x2c\
        \x00\x00\x00\x0e\x00\x0c\x00\x00\x09a.example\
        \x00\x0a\x00\x04\x00\x02\x00\x1d\
        \x00\x10\x00\x0e\x00\x0c\x02h2\x08http/1.1";

    #[test]
    fn a_whole_hello_is_read_as_the_parser_of_others_reads_it() {
        let hello = ClientHello::read(HELLO, true, false).unwrap();
        let (_, other) = parse_tls_handshake_client_hello(HELLO).unwrap();
        let (_, extensions) = parse_tls_client_hello_extensions(other.ext.unwrap()).unwrap();
        assert!(hello.whole);
        assert_eq!(hello.version, other.version.0);
        assert_eq!(Some(hello.session_id), other.session_id);
        assert!(hello.ciphers.iter().eq(other.ciphers.iter().map(|cipher| cipher.0)));
        assert_eq!(extensions.len(), hello.extensions.iter().count());
        for extension in extensions {
            match extension {
                TlsExtension::SNI(names) => assert_eq!(names.first().map(|name| name.1), hello.server_name()),
                TlsExtension::EllipticCurves(groups) => {
                    assert!(groups.iter().map(|group| group.0).eq(hello.extensions.numbers(extension::GROUPS).iter()))
                }
                TlsExtension::ALPN(names) => assert!(names.into_iter().eq(hello.extensions.alpn())),
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn a_cut_hello_tells_what_stands_before_the_cut_and_is_never_whole() {
        for cut in 0..HELLO.len() {
            let Some(hello) = ClientHello::read(&HELLO[..cut], false, false) else {
                assert!(cut < 37, "{cut}");
                continue;
            };
            assert!(!hello.whole, "{cut}");
            assert!(matches!(hello.server_name(), None | Some(b"a.example")), "{cut}");
            assert_eq!(hello.server_name().is_some(), cut >= 65, "{cut}");
        }
    }
}
