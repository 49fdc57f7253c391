//! The software that a peer id names (BEP 20): `-XXvvvv-` and twelve bytes of chance.

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
        return None;
    };
    let version: String = version.iter().map(|byte| char::from(*byte)).collect();
    let sound = version.chars().all(|letter| letter.is_ascii_alphanumeric());
    let name = name([*a, *b]).filter(|_| sound)?;
    Some(format!("{name} {version}"))
}

/// Whether a peer id has the usual form.
pub fn is_usual(peer_id: &[u8]) -> bool {
    matches!(peer_id, [b'-', a, b, ..] if a.is_ascii_alphanumeric() && (b.is_ascii_alphanumeric() || *b == b'~'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_id_names_its_software() {
        assert_eq!(software(b"-TR3000-abcdefghijkl").as_deref(), Some("Transmission 3000"));
        assert_eq!(software(b"-qB4520-abcdefghijkl").as_deref(), Some("qBittorrent 4520"));
        assert_eq!(software(b"-??1234-abcdefghijkl"), None);
        assert_eq!(software(b"M7-9-2--abcdefghijkl"), None);
    }
}
