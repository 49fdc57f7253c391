//! Session descriptions: where media will flow (RFC 8866; RFC 3605 for RTCP's place, RFC 5761 for one port for both).
//!
//! ```text
//! v=0
//! c=IN IP4 address                              for all media, or, below an m= line, for that one
//! m=kind port[/number] proto payload-type...
//! a=rtpmap:payload-type name/clock[/channels]
//! a=rtcp:port [IN IP4 address]    a=rtcp-mux
//! ```
//!
//! Limits: [`MEDIA`] media, [`CODECS`] codecs of each. Ignored on purpose: names instead of addresses, ICE candidates (their sessions
//! tell by STUN what they are), keys.

use std::net::IpAddr;

use crate::capped::Text;
use crate::digits;
use crate::linewise::decimal;
use crate::news::{Expected, Place};
use crate::protocol::{Role, Transport};

/// The most media of a description.
pub const MEDIA: usize = 8;
/// The most codecs of one of them.
pub const CODECS: usize = 8;
/// The most bytes of a codec's name.
const CODEC_BYTES: usize = 32;

/// One medium.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Medium {
    /// `audio`, `video`, `image` ...
    pub kind: Text,
    /// Where it is to be sent to, where an address is told.
    pub address: Option<IpAddr>,
    /// The port; 0 where it is not wanted.
    pub port: u16,
    /// Whether its protocol is RTP.
    pub rtp: bool,
    /// The names of its codecs.
    pub codecs: Vec<Text>,
    /// Where RTCP is to be sent to.
    rtcp: Option<(Option<IpAddr>, u16)>,
    /// RTCP shares RTP's port.
    shared: bool,
}

impl Medium {
    /// The place for people: `audio 192.0.2.1:4000`.
    pub fn place(&self) -> Text {
        let mut text = self.kind.bytes().to_vec();
        text.push(b' ');
        match self.address {
            Some(IpAddr::V6(address)) => text.extend_from_slice(format!("[{address}]").as_bytes()),
            Some(IpAddr::V4(address)) => digits::ipv4(address, &mut text),
            None => {}
        }
        text.push(b':');
        digits::number(self.port.into(), &mut text);
        Text::new(&text)
    }

    /// The sessions that it announces: RTP, and RTCP beside it.
    pub fn expected(&self) -> impl Iterator<Item = Expected> + use<> {
        let address = self.address.filter(|address| !address.is_unspecified());
        let usable = self.rtp && self.port > 0;
        let expect = |at: Option<(IpAddr, u16)>, app| {
            let (address, port) = at.filter(|(_, port)| usable && *port > 0)?;
            let at = Place::Any(address, port);
            Some(Expected { transport: Transport::Udp, at, peer: None::<Role>, app, file: None })
        };
        let (rtcp_address, rtcp_port) = self.rtcp.unwrap_or((None, self.port.checked_add(1).unwrap_or(0)));
        let rtcp_at = rtcp_address.or(address).map(|address| (address, rtcp_port));
        let rtcp_at = rtcp_at.filter(|at| !self.shared && Some(*at) != address.map(|address| (address, self.port)));
        let rtp = expect(address.map(|address| (address, self.port)), "rtp");
        rtp.into_iter().chain(expect(rtcp_at, "rtcp"))
    }
}

/// Reads the media of a description.
pub fn media(description: &[u8]) -> Vec<Medium> {
    let mut session = None;
    let mut media: Vec<Medium> = Vec::new();
    for line in description.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii) {
        match line {
            [b'm', b'=', rest @ ..] => {
                if media.len() >= MEDIA {
                    break;
                }
                media.extend(medium(rest, session));
            }
            [b'c', b'=', rest @ ..] => match media.last_mut() {
                Some(medium) => medium.address = address(rest).or(medium.address),
                None => session = address(rest),
            },
            [b'a', b'=', rest @ ..] => {
                if let Some(medium) = media.last_mut() {
                    attribute(medium, rest);
                }
            }
            _ => {}
        }
    }
    media
}

fn medium(line: &[u8], session: Option<IpAddr>) -> Option<Medium> {
    let mut words = line.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
    let (kind, port, protocol) = (words.next()?, words.next()?, words.next()?);
    let port = port.split(|byte| *byte == b'/').next().and_then(decimal)?;
    let rtp = protocol.windows(3).any(|part| part.eq_ignore_ascii_case(b"RTP"));
    let names = words.filter_map(decimal).filter_map(|number| payload_name(u8::try_from(number).ok()?));
    let codecs = if rtp { names.take(CODECS).map(Text::from).collect() } else { Vec::new() };
    let port = u16::try_from(port).ok()?;
    Some(Medium { kind: Text::new(kind), address: session, port, rtp, codecs, ..Medium::default() })
}

/// `IN IP4 address[/ttl]`.
fn address(line: &[u8]) -> Option<IpAddr> {
    let mut words = line.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
    let word = words.nth(2)?.split(|byte| *byte == b'/').next()?;
    std::str::from_utf8(word).ok()?.parse().ok()
}

fn attribute(medium: &mut Medium, line: &[u8]) {
    if line == b"rtcp-mux" {
        medium.shared = true;
    } else if let Some(rest) = line.strip_prefix(b"rtcp:") {
        let mut parts = rest.splitn(2, |byte| *byte == b' ');
        let port = parts.next().and_then(decimal).and_then(|port| u16::try_from(port).ok());
        medium.rtcp = port.map(|port| (parts.next().and_then(address), port));
    } else if let Some(rest) = line.strip_prefix(b"rtpmap:") {
        let name = rest.split(|byte| *byte == b' ').nth(1).and_then(|codec| codec.split(|byte| *byte == b'/').next());
        if let Some(name) = name.filter(|name| !name.is_empty()) {
            let name = Text::with_cap(name, CODEC_BYTES);
            if medium.codecs.len() < CODECS && !medium.codecs.contains(&name) {
                medium.codecs.push(name);
            }
        }
    }
}

/// The name of a static payload type (RFC 3551 6); `None` for those that a description assigns.
pub const fn payload_name(number: u8) -> Option<&'static str> {
    Some(match number {
        0 => "PCMU",
        3 => "GSM",
        4 => "G723",
        5 | 6 | 16 | 17 => "DVI4",
        7 => "LPC",
        8 => "PCMA",
        9 => "G722",
        10 | 11 => "L16",
        12 => "QCELP",
        13 => "CN",
        14 => "MPA",
        15 => "G728",
        18 => "G729",
        25 => "CelB",
        26 => "JPEG",
        28 => "nv",
        31 => "H261",
        32 => "MPV",
        33 => "MP2T",
        34 => "H263",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(description: &[u8]) -> Vec<String> {
        let expected = media(description).into_iter().flat_map(|medium| medium.expected().collect::<Vec<_>>());
        expected.map(|expected| format!("{} {:?}", expected.app, expected.at)).collect()
    }

    #[test]
    fn each_medium_has_its_own_place() {
        let description =
            b"v=0\r\nc=IN IP4 192.0.2.1\r\nm=audio 4000 RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\n\
            m=video 4002/2 RTP/SAVP 96\r\nc=IN IP6 2001:db8::1\r\na=rtcp:5000\r\nm=image 4010 udptl t38\r\n";
        let told = media(description);
        assert_eq!(told[0].codecs, [Text::from("PCMU"), Text::from("telephone-event")]);
        assert_eq!(told[1].place(), Text::from("video [2001:db8::1]:4002"));
        assert_eq!(
            places(description),
            [
                "rtp Any(192.0.2.1, 4000)",
                "rtcp Any(192.0.2.1, 4001)",
                "rtp Any(2001:db8::1, 4002)",
                "rtcp Any(2001:db8::1, 5000)"
            ]
        );
    }

    #[test]
    fn what_is_not_wanted_is_not_announced() {
        for description in [
            &b"c=IN IP4 0.0.0.0\nm=audio 4000 RTP/AVP 0\n"[..],
            b"c=IN IP4 192.0.2.1\nm=audio 0 RTP/AVP 0\n",
            b"c=IN IP4 host.example\nm=audio 4000 RTP/AVP 0\n",
            b"m=audio 4000 RTP/AVP 0\n",
            b"c=IN IP4 192.0.2.1\nm=audio 400000 RTP/AVP 0\n",
        ] {
            assert!(places(description).is_empty(), "{}", description.escape_ascii());
        }
        assert_eq!(places(b"c=IN IP4 192.0.2.1\nm=audio 4000 RTP/AVP 0\na=rtcp-mux\n"), ["rtp Any(192.0.2.1, 4000)"]);
    }
}
