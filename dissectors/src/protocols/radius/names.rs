//! Names of RADIUS' numbers.

use crate::protocol::Role;

/// Who sends messages of a code: in those of RFC 5176 the server of other times asks. `None` where it is none.
pub const fn sender(code: u8) -> Option<Role> {
    match code {
        1 | 4 | 12 | 13 | 40 | 43 => Some(Role::Client),
        2 | 3 | 5 | 11 | 41 | 42 | 44 | 45 => Some(Role::Server),
        _ => None,
    }
}

/// A code's name (RFC 2865 4, RFC 2866 4, RFC 5997 3, RFC 5176 3.1).
pub const fn code(code: u8) -> Option<&'static str> {
    Some(match code {
        1 => "Access-Request",
        2 => "Access-Accept",
        3 => "Access-Reject",
        4 => "Accounting-Request",
        5 => "Accounting-Response",
        11 => "Access-Challenge",
        12 => "Status-Server",
        13 => "Status-Client",
        40 => "Disconnect-Request",
        41 => "Disconnect-ACK",
        42 => "Disconnect-NAK",
        43 => "CoA-Request",
        44 => "CoA-ACK",
        45 => "CoA-NAK",
        _ => return None,
    })
}

/// A Service-Type's name (RFC 2865 5.6).
pub const fn service(number: u32) -> Option<&'static str> {
    Some(match number {
        1 => "Login",
        2 => "Framed",
        3 => "Callback-Login",
        4 => "Callback-Framed",
        5 => "Outbound",
        6 => "Administrative",
        7 => "NAS-Prompt",
        8 => "Authenticate-Only",
        9 => "Callback-NAS-Prompt",
        10 => "Call-Check",
        11 => "Callback-Administrative",
        17 => "Authorize-Only",
        _ => return None,
    })
}

/// A NAS-Port-Type's name (RFC 2865 5.41, IANA RADIUS types).
pub const fn port_type(number: u32) -> Option<&'static str> {
    Some(match number {
        0 => "Async",
        1 => "Sync",
        2 => "ISDN",
        3 => "ISDN-V120",
        4 => "ISDN-V110",
        5 => "Virtual",
        11 => "SDSL",
        12 => "ADSL-CAP",
        13 => "ADSL-DMT",
        14 => "IDSL",
        15 => "Ethernet",
        16 => "xDSL",
        17 => "Cable",
        18 => "Wireless-Other",
        19 => "Wireless-802.11",
        20 => "Token-Ring",
        21 => "FDDI",
        22 => "Wireless-CDMA2000",
        23 => "Wireless-UMTS",
        24 => "Wireless-1X-EV",
        26 => "FTTP",
        27 => "Wireless-802.16",
        30 => "PPPoA",
        31 => "PPPoEoA",
        32 => "PPPoEoE",
        33 => "PPPoEoVLAN",
        34 => "PPPoEoQinQ",
        35 => "xPON",
        _ => return None,
    })
}

/// An Acct-Status-Type's name (RFC 2866 5.1, RFC 2867 3).
pub const fn status(number: u32) -> Option<&'static str> {
    Some(match number {
        1 => "Start",
        2 => "Stop",
        3 => "Interim-Update",
        7 => "Accounting-On",
        8 => "Accounting-Off",
        9 => "Tunnel-Start",
        10 => "Tunnel-Stop",
        11 => "Tunnel-Reject",
        15 => "Failed",
        _ => return None,
    })
}

/// An Acct-Terminate-Cause's name (RFC 2866 5.10, RFC 3580 3.4).
pub const fn cause(number: u32) -> Option<&'static str> {
    Some(match number {
        1 => "User-Request",
        2 => "Lost-Carrier",
        3 => "Lost-Service",
        4 => "Idle-Timeout",
        5 => "Session-Timeout",
        6 => "Admin-Reset",
        7 => "Admin-Reboot",
        8 => "Port-Error",
        9 => "NAS-Error",
        10 => "NAS-Request",
        11 => "NAS-Reboot",
        12 => "Port-Unneeded",
        13 => "Port-Preempted",
        14 => "Port-Suspended",
        15 => "Service-Unavailable",
        16 => "Callback",
        17 => "User-Error",
        18 => "Host-Request",
        19 => "Supplicant-Restart",
        20 => "Reauthentication-Failure",
        21 => "Port-Reinitialized",
        22 => "Port-Disabled",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_have_the_names_of_the_registry() {
        let named = [15, 19, 27, 32, 33, 35].map(port_type);
        let names = ["Ethernet", "Wireless-802.11", "Wireless-802.16", "PPPoEoE", "PPPoEoVLAN", "xPON"];
        assert_eq!(named, names.map(Some));
        assert_eq!(port_type(99), None);
    }
}
