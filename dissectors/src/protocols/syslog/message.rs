//! A syslog message.
//!
//! ```text
//! RFC 5424   <PRI>1 SP timestamp SP host SP app SP procid SP msgid SP structured-data [SP text]
//! RFC 3164   <PRI>Mmm dd hh:mm:ss SP host SP tag[pid]: text
//! others     <PRI>text                                             PRI = facility * 8 + severity, at most 191
//! ```

use crate::linewise::{decimal, is_text};

/// The largest priority: facility 23, severity 7.
const PRI_MAX: u32 = 191;
/// The months of RFC 3164 4.1.2.
const MONTHS: [&[u8; 3]; 12] =
    [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];

/// How a message is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// RFC 5424.
    Structured,
    /// RFC 3164: it begins with a date.
    Dated,
    /// A priority and a text.
    Bare,
}

/// A message. What it does not have is empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Message<'a> {
    pub form: Form,
    pub priority: u8,
    pub host: &'a [u8],
    pub app: &'a [u8],
    /// All that follows the priority, without its end.
    pub content: &'a [u8],
}

/// A message's name of a severity (RFC 5424 6.2.1).
pub(super) fn severity(priority: u8) -> &'static str {
    match priority & 7 {
        0 => "emerg",
        1 => "alert",
        2 => "crit",
        3 => "err",
        4 => "warning",
        5 => "notice",
        6 => "info",
        _ => "debug",
    }
}

/// The priority, and what follows it.
pub(super) fn priority(bytes: &[u8]) -> Option<(u8, &[u8])> {
    let rest = bytes.strip_prefix(b"<")?;
    let close = rest.iter().take(4).position(|byte| *byte == b'>')?;
    let (digits, after) = rest.split_at_checked(close)?;
    // RFC 5424 6.2.1 has no leading zeros.
    let plain = digits.len() == 1 || digits.first() != Some(&b'0');
    let number = decimal(digits).filter(|number| *number <= PRI_MAX && plain)?;
    Some((u8::try_from(number).ok()?, after.get(1..)?))
}

/// Reads a message; `None` where it is none.
pub(super) fn read(bytes: &[u8]) -> Option<Message<'_>> {
    let (priority, rest) = priority(bytes)?;
    let end = rest.iter().rposition(|byte| !matches!(byte, b'\r' | b'\n' | 0)).map_or(0, |at| at.saturating_add(1));
    let content = rest.get(..end)?;
    let message = Message { form: Form::Bare, priority, host: b"", app: b"", content };
    Some(structured(message).or_else(|| dated(message)).unwrap_or(message))
}

/// Whether a text has nothing in it that a message of this age would not have.
pub(super) fn is_clean(content: &[u8]) -> bool {
    content.split(|byte| matches!(byte, b'\r' | b'\n')).all(is_text)
}

fn structured(message: Message<'_>) -> Option<Message<'_>> {
    let rest = message.content.strip_prefix(b"1 ")?;
    let mut words = rest.splitn(6, |byte| *byte == b' ');
    let (time, host, app, _, _) = (words.next()?, words.next()?, words.next()?, words.next()?, words.next()?);
    let data = words.next()?;
    let dated = time == b"-" || matches!(time, [_, _, _, _, b'-', _, _, b'-', _, _, b'T', ..]);
    let fits = dated && matches!(data.first(), Some(b'-' | b'[')) && !host.is_empty() && !app.is_empty();
    fits.then_some(Message { form: Form::Structured, host: known(host), app: known(app), ..message })
}

fn known(word: &[u8]) -> &[u8] {
    if word == b"-" { b"" } else { word }
}

fn dated(message: Message<'_>) -> Option<Message<'_>> {
    let (month, rest) = message.content.split_first_chunk::<3>()?;
    if !MONTHS.contains(&month) {
        return None;
    }
    let after = clock(rest)?;
    let rest = after.strip_prefix(b" ").unwrap_or_default();
    let (host, app) = sender(rest);
    Some(Message { form: Form::Dated, host, app, ..message })
}

/// What follows `SP dd SP hh:mm:ss`, or the same with a year, as some devices write it.
fn clock(rest: &[u8]) -> Option<&[u8]> {
    let rest = rest.strip_prefix(b" ")?.trim_ascii_start();
    let (day, rest) = split(rest)?;
    decimal(day).filter(|day| (1..=31).contains(day))?;
    let (word, after) = split(rest).unwrap_or((rest, &[]));
    let (time, after) = if word.len() == 4 { split(after).unwrap_or((after, &[])) } else { (word, after) };
    let digit = |at: usize| time.get(at).is_some_and(u8::is_ascii_digit);
    let fits = matches!(time, [_, _, b':', _, _, b':', ..]) && [0, 1, 3, 4, 6, 7].into_iter().all(digit);
    // With the blank that `split` took.
    let from = rest.len().saturating_sub(after.len()).saturating_sub(usize::from(!after.is_empty()));
    rest.get(from..).filter(|_| fits)
}

fn split(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = memchr::memchr(b' ', text)?;
    let (word, rest) = text.split_at_checked(at)?;
    Some((word, rest.get(1..)?))
}

/// Host and tag. A message of the host itself has no host's name: its first word is the tag already.
fn sender(rest: &[u8]) -> (&[u8], &[u8]) {
    let (first, after) = split(rest).unwrap_or((rest, &[]));
    if let Some(tag) = tag(first) {
        return (b"", tag);
    }
    let second = split(after).map_or(after, |(word, _)| word);
    (first, tag(second).unwrap_or_default())
}

/// A tag without its process id and colon.
fn tag(word: &[u8]) -> Option<&[u8]> {
    let end = word.iter().position(|byte| matches!(byte, b'[' | b':'))?;
    let (name, rest) = word.split_at_checked(end)?;
    (!name.is_empty() && rest.ends_with(b":")).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(bytes: &[u8]) -> (Form, u8, &[u8], &[u8]) {
        let message = read(bytes).expect("a message");
        (message.form, message.priority, message.host, message.app)
    }

    #[test]
    fn each_form_is_read() {
        assert_eq!(
            told(b"<34>1 2003-10-11T22:14:15.003Z host.example.com su - ID47 - text"),
            (Form::Structured, 34, &b"host.example.com"[..], &b"su"[..])
        );
        assert_eq!(told(b"<0>1 - - - - - -"), (Form::Structured, 0, &b""[..], &b""[..]));
        assert_eq!(told(b"<13>Feb  5 17:32:18 server su[12]: text\n"), (Form::Dated, 13, &b"server"[..], &b"su"[..]));
        assert_eq!(told(b"<13>Feb  5 17:32:18 su: text\0"), (Form::Dated, 13, &b""[..], &b"su"[..]));
        assert_eq!(told(b"<189>Feb 15 2024 17:32:18 fw %ASA-5-1: x"), (Form::Dated, 189, &b"fw"[..], &b"%ASA-5-1"[..]));
        assert_eq!(told(b"<189>42: %SYS-5-CONFIG_I: text"), (Form::Bare, 189, &b""[..], &b""[..]));
        assert_eq!(read(b"<13>text\r\n\0").expect("a message").content, b"text");
    }

    #[test]
    fn a_priority_has_its_bounds() {
        for wrong in [&b"<192>x"[..], b"<>x", b"<01>x", b"<1234>x", b"<a>x", b"<13", b"13>x", b""] {
            assert_eq!(priority(wrong), None, "{wrong:?}");
        }
        assert_eq!(priority(b"<191>x"), Some((191, &b"x"[..])));
    }
}
