//! Connect descriptors: `(DESCRIPTION=(CONNECT_DATA=(SERVICE_NAME=orcl)(CID=(PROGRAM=sqlplus)(HOST=pc)(USER=bob)))(ADDRESS=...))`.

/// The deepest nesting that is followed.
const DEPTH: usize = 16;
/// The most values read.
const VALUES: usize = 128;

/// Gives every value with its key and the key around it.
pub fn values(text: &[u8]) -> Vec<(&[u8], &[u8], &[u8])> {
    let mut stack: Vec<&[u8]> = Vec::new();
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'(' => {
                let Some(end) = after.iter().position(|byte| matches!(byte, b'=' | b'(' | b')')) else {
                    break;
                };
                let (key, behind) = after.split_at_checked(end).unwrap_or_default();
                let Some((b'=', value)) = behind.split_first() else {
                    rest = behind;
                    continue;
                };
                let key = key.trim_ascii();
                let value = value.trim_ascii_start();
                if value.first() != Some(&b'(') {
                    let Some(end) = value.iter().position(|byte| matches!(byte, b'(' | b')')) else {
                        break;
                    };
                    let (value, behind) = value.split_at_checked(end).unwrap_or_default();
                    if found.len() < VALUES {
                        found.push((stack.last().copied().unwrap_or_default(), key, value.trim_ascii()));
                    }
                    rest = behind;
                } else {
                    rest = value;
                }
                if stack.len() >= DEPTH {
                    break;
                }
                stack.push(key);
            }
            b')' => {
                stack.pop();
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_knows_what_it_is_part_of() {
        let text = b"(DESCRIPTION=(CONNECT_DATA=(SID= x )(CID=(PROGRAM=)(HOST=pc)))(ADDRESS=(HOST=db)";
        let told: Vec<_> = values(text);
        assert_eq!(
            told,
            [
                (&b"CONNECT_DATA"[..], &b"SID"[..], &b"x"[..]),
                (b"CID", b"PROGRAM", b""),
                (b"CID", b"HOST", b"pc"),
                (b"ADDRESS", b"HOST", b"db"),
            ]
        );
    }
}
