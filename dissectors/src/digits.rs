//! Numbers and addresses as text. They look as the standard library writes them, whose formatting costs some hundred instructions for
//! each part: too much for what stands in every other message.

use std::net::{IpAddr, Ipv4Addr};

/// The most digits of a number of 64 bits.
const DIGITS: usize = 20;
/// The longest IPv4 address as text.
const IPV4_BYTES: usize = "255.255.255.255".len();

/// Appends a number in decimal digits.
pub fn number(number: u64, out: &mut Vec<u8>) {
    if number < 10 {
        return out.push(b'0' + number as u8);
    }
    let mut digits = [0; DIGITS];
    let (mut rest, mut from) = (number, DIGITS);
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        (rest, from) = (rest / 10, from.saturating_sub(1));
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(digits.get(from..).unwrap_or_default());
}

/// Appends an IPv4 address.
pub fn ipv4(address: Ipv4Addr, out: &mut Vec<u8>) {
    out.reserve(IPV4_BYTES);
    for (at, octet) in address.octets().into_iter().enumerate() {
        if at > 0 {
            out.push(b'.');
        }
        if octet >= 100 {
            out.push(b'0' + octet / 100);
        }
        if octet >= 10 {
            out.push(b'0' + octet / 10 % 10);
        }
        out.push(b'0' + octet % 10);
    }
}

/// Appends an address.
pub fn address(address: IpAddr, out: &mut Vec<u8>) {
    match address {
        IpAddr::V4(address) => ipv4(address, out),
        IpAddr::V6(address) => out.extend_from_slice(address.to_string().as_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_addresses_look_as_the_standard_library_writes_them() {
        let powers = (0..DIGITS as u32).map(|power| 10u64.pow(power));
        let around = powers.flat_map(|power| [power - 1, power, power + 1, power.saturating_mul(2)]);
        for value in around.chain([65535, u64::MAX]) {
            let mut text = b"x".to_vec();
            number(value, &mut text);
            assert_eq!(text, format!("x{value}").as_bytes());
        }
        for octet in 0..=255 {
            let mut text = Vec::new();
            let value = IpAddr::from([octet, 0, octet / 2, 255 - octet]);
            address(value, &mut text);
            assert_eq!(text, value.to_string().as_bytes());
        }
    }
}
