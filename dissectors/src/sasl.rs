//! The account in a SASL exchange, for protocols that carry one in clear (RFC 4422; PLAIN is RFC 4616).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::capped::Text;

/// More base64 than a user and a password need.
const RESPONSE_BYTES: usize = 2048;

/// The account that a PLAIN response in base64 names: `[authorize-as] NUL account NUL password`. The password is dropped.
pub fn plain(response: &[u8]) -> Option<Text> {
    let response = response.trim_ascii();
    if response.len() > RESPONSE_BYTES {
        return None;
    }
    let message = STANDARD.decode(response).ok()?;
    let mut parts = message.splitn(3, |byte| *byte == 0);
    let (_, account, _) = (parts.next()?, parts.next()?, parts.next()?);
    (!account.is_empty()).then(|| Text::new(account))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_account_is_told_and_the_password_is_not() {
        assert_eq!(plain(b"AGFsaWNlAHNlY3JldA=="), Some(Text::from("alice")));
        assert_eq!(plain(b"YWxpY2U="), None);
        assert_eq!(plain(b"not base64"), None);
    }
}
