//! Names of what EtherNet/IP counts by numbers.

/// A command (CIP 2, 2-3.2).
pub(super) const fn command(command: u16) -> Option<&'static str> {
    Some(match command {
        0x01 => "list_targets",
        0x04 => "list_services",
        0x63 => "list_identity",
        0x64 => "list_interfaces",
        0x65 => "register_session",
        0x66 => "unregister_session",
        0x6f => "send_rr_data",
        0x70 => "send_unit_data",
        0x72 => "indicate_status",
        0x73 => "cancel",
        _ => return None,
    })
}

/// How a command went (CIP 2, 2-3.4).
pub(super) const fn status(status: u32) -> Option<&'static str> {
    Some(match status {
        0 => "success",
        0x01 => "invalid_command",
        0x02 => "insufficient_memory",
        0x03 => "incorrect_data",
        0x64 => "invalid_session",
        0x65 => "invalid_length",
        0x69 => "unsupported_revision",
        _ => return None,
    })
}

/// A vendor, of those whose devices are many (ODVA's list of vendors).
pub(super) const fn vendor(vendor: u16) -> Option<&'static str> {
    Some(match vendor {
        1 => "Rockwell Automation",
        26 => "Festo",
        40 => "WAGO",
        44 => "Yaskawa",
        47 => "Omron",
        48 | 256 => "Turck",
        90 => "HMS Industrial Networks",
        97 => "Danfoss",
        161 => "Mitsubishi Electric",
        243 => "Schneider Electric",
        283 => "Hilscher",
        678 => "Cognex",
        _ => return None,
    })
}

/// A kind of device (CIP 1, 6).
pub(super) const fn device(kind: u16) -> Option<&'static str> {
    Some(match kind {
        0x00 => "generic device",
        0x02 => "AC drive",
        0x03 => "motor overload",
        0x07 => "general purpose discrete I/O",
        0x0c => "communications adapter",
        0x0e => "programmable logic controller",
        0x10 => "position controller",
        0x13 => "DC drive",
        0x18 => "human-machine interface",
        0x1b => "pneumatic valve",
        0x22 => "encoder",
        0x25 => "CIP motion drive",
        0x2b => "generic device",
        0x2c => "managed switch",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vendors_have_the_numbers_that_they_were_given() {
        assert_eq!([34, 48, 97, 256].map(vendor), [None, Some("Turck"), Some("Danfoss"), Some("Turck")]);
    }
}
