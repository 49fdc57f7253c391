//! User names in SASL's messages. Passwords are seen and never kept.
//!
//! ```text
//! PLAIN   [authzid] NUL authcid NUL password                    RFC 4616 2
//! SCRAM   gs2-header "n=" user "," "r=" nonce ...               RFC 5802 7
//! ```

use crate::capped::Text;

/// What a SASL message tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The account.
    pub user: Text,
    /// A password stands beside it in clear.
    pub password: bool,
}

/// The account that a client's first message names, by PLAIN or SCRAM, whatever it is called.
pub fn named(token: &[u8]) -> Option<Named> {
    plain(token).or_else(|| scram(token)).filter(|named| !named.user.is_empty())
}

/// PLAIN.
pub fn plain(token: &[u8]) -> Option<Named> {
    let mut parts = token.split(|byte| *byte == 0);
    let (_, user, _) = (parts.next()?, parts.next()?, parts.next()?);
    parts.next().is_none().then(|| Named { user: Text::new(user), password: true })
}

/// SCRAM: the third item of `n,,n=user,r=nonce`; `=2C` and `=3D` stand for a comma and an equals sign.
pub fn scram(token: &[u8]) -> Option<Named> {
    let mut parts = token.split(|byte| *byte == b',');
    let binding = parts.next()?;
    if !matches!(binding.first(), Some(b'n' | b'y' | b'p')) {
        return None;
    }
    let user = parts.nth(1)?.strip_prefix(b"n=")?;
    parts.next()?.strip_prefix(b"r=")?;
    let user = String::from_utf8_lossy(user).replace("=2C", ",").replace("=3D", "=");
    Some(Named { user: Text::from(user.as_str()), password: false })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_and_scram_name_the_user() {
        assert_eq!(named(b"\0alice\0secret"), Some(Named { user: Text::from("alice"), password: true }));
        assert_eq!(named(b"n,,n=al=2Cice,r=abc"), Some(Named { user: Text::from("al,ice"), password: false }));
        assert_eq!(named(b"c=biws,r=abc,p=def"), None);
        assert_eq!(named(b"\0\0"), None);
    }
}
