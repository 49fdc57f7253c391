//! The software that a peer id names (BEP 20): `-XXvvvv-` and twelve bytes of chance, or a name and numbers with `-` between them.

/// The name behind the two letters.
fn name(letters: [u8; 2]) -> Option<&'static str> {
    Some(match &letters {
        b"A2" => "aria2",
        b"AG" | b"A~" => "Ares",
        b"AZ" => "Vuze",
        b"BC" => "BitComet",
        b"BI" => "BiglyBT",
        b"BT" => "BitTorrent",
        b"BW" => "BitWombat",
        b"CT" => "CTorrent",
        b"DE" => "Deluge",
        b"FD" => "Free Download Manager",
        b"FW" => "FrostWire",
        b"HL" => "Halite",
        b"KT" => "KTorrent",
        b"LT" => "libtorrent",
        b"LW" => "LimeWire",
        b"lt" => "libTorrent",
        b"PI" => "PicoTorrent",
        b"QD" => "QQDownload",
        b"qB" => "qBittorrent",
        b"SD" | b"XL" => "Xunlei",
        b"SH" => "Shareaza",
        b"TL" => "Tribler",
        b"TN" => "TorrentDotNET",
        b"TR" => "Transmission",
        b"TX" => "Tixati",
        b"UE" => "uTorrent Embedded",
        b"UM" => "uTorrent Mac",
        b"UT" => "uTorrent",
        b"UW" => "uTorrent Web",
        b"WT" | b"WW" | b"WD" => "WebTorrent",
        _ => return None,
    })
}

/// The software and its version, as the peer id has them.
pub fn software(peer_id: &[u8]) -> Option<String> {
    let [b'-', a, b, version @ ..] = peer_id.first_chunk::<7>()? else {
        return numbered(peer_id);
    };
    let version: String = version.iter().map(|byte| char::from(*byte)).collect();
    let sound = version.chars().all(|letter| letter.is_ascii_alphanumeric());
    let name = name([*a, *b]).filter(|_| sound)?;
    Some(format!("{name} {version}"))
}

/// The other form: `M7-9-2--`, `A2-1-36-0-`.
fn numbered(peer_id: &[u8]) -> Option<String> {
    let (name, rest) = match peer_id {
        [b'M', rest @ ..] => ("BitTorrent", rest),
        [b'A', b'2', b'-', rest @ ..] => ("aria2", rest),
        _ => return None,
    };
    let end = rest.iter().position(|byte| !byte.is_ascii_digit() && *byte != b'-')?.min(8);
    let numbers = rest.get(..end)?.split(|byte| *byte == b'-');
    let numbers: Vec<String> = numbers
        .take_while(|number| !number.is_empty())
        .map(|number| number.iter().map(|digit| char::from(*digit)).collect())
        .collect();
    (numbers.len() >= 3).then(|| format!("{name} {}", numbers.get(..3).unwrap_or_default().join(".")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_id_names_its_software() {
        assert_eq!(software(b"-TR3000-abcdefghijkl").as_deref(), Some("Transmission 3000"));
        assert_eq!(software(b"-qB4520-abcdefghijkl").as_deref(), Some("qBittorrent 4520"));
        assert_eq!(software(b"-??1234-abcdefghijkl"), None);
        assert_eq!(software(b"M7-9-2--abcdefghijkl").as_deref(), Some("BitTorrent 7.9.2"));
        assert_eq!(software(b"A2-1-36-0-abcdefghij").as_deref(), Some("aria2 1.36.0"));
        assert_eq!(software(b"Many words, no software"), None);
    }
}
