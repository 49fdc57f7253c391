//! A strict reader of RFC 5424 lines: the grammar of section 6, no more.
//!
//! ```text
//! <PRI>1 TIMESTAMP HOSTNAME APP-NAME PROCID MSGID STRUCTURED-DATA [MSG]
//! ```
//!
//! What other receivers forgive (missing parts, local timestamps, unescaped brackets, a second element of the same name) is an error
//! here, so that a line which this reader takes is one that every receiver takes.

use std::borrow::Cow;

/// A line in its parts. `None` stands for the nil value `-`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// The facility's code, 0 to 23.
    pub facility: u8,
    /// The severity's code, 0 to 7.
    pub severity: u8,
    /// TIMESTAMP as it is written.
    pub timestamp: Option<&'a str>,
    /// HOSTNAME.
    pub hostname: Option<&'a str>,
    /// APP-NAME.
    pub app_name: Option<&'a str>,
    /// PROCID.
    pub procid: Option<&'a str>,
    /// MSGID.
    pub msgid: Option<&'a str>,
    /// The structured data.
    pub elements: Vec<Element<'a>>,
    /// MSG, without the space before it.
    pub text: Option<&'a str>,
}

/// One structured-data element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Element<'a> {
    /// SD-ID: `name@PEN`, or a name that IANA registered.
    pub id: &'a str,
    /// Names and values, unescaped by RFC 5424 6.3.3; [`crate::decode`] makes wire bytes of tapline's values.
    pub params: Vec<(&'a str, Cow<'a, str>)>,
}

impl<'a> Line<'a> {
    /// The element whose SD-ID begins with `name@`, or is `name`.
    pub fn element(&self, name: &str) -> Option<&Element<'a>> {
        self.elements.iter().find(|element| element.name() == name)
    }

    /// A parameter's value by the names of its element and its own.
    pub fn value(&self, element: &str, param: &str) -> Option<&str> {
        self.element(element)?.value(param)
    }
}

impl<'a> Element<'a> {
    /// The SD-ID without `@PEN`.
    pub fn name(&self) -> &'a str {
        self.id.split_once('@').map_or(self.id, |(name, _)| name)
    }

    /// A parameter's value.
    pub fn value(&self, param: &str) -> Option<&str> {
        self.params.iter().find(|(name, _)| *name == param).map(|(_, value)| value.as_ref())
    }
}

/// Why a line is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// What was to be read.
    pub what: &'static str,
    /// Bytes before the place where it was to stand.
    pub at: usize,
}

impl std::fmt::Display for Malformed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "byte {}: no {}", self.at, self.what)
    }
}

impl std::error::Error for Malformed {}

/// Reads a line, which must not hold the line feed that ended it.
///
/// # Errors
///
/// The first place where the line departs from the grammar.
pub fn line(text: &str) -> Result<Line<'_>, Malformed> {
    let mut cursor = Cursor { whole: text, rest: text };
    let (facility, severity) = cursor.priority()?;
    cursor.expect("1 ", "version 1")?;
    let timestamp = cursor.word("TIMESTAMP", 32, is_timestamp)?;
    cursor.expect(" ", "space after TIMESTAMP")?;
    let hostname = cursor.word("HOSTNAME", 255, is_printable)?;
    cursor.expect(" ", "space after HOSTNAME")?;
    let app_name = cursor.word("APP-NAME", 48, is_printable)?;
    cursor.expect(" ", "space after APP-NAME")?;
    let procid = cursor.word("PROCID", 128, is_printable)?;
    cursor.expect(" ", "space after PROCID")?;
    let msgid = cursor.word("MSGID", 32, is_printable)?;
    cursor.expect(" ", "space after MSGID")?;
    let elements = cursor.elements()?;
    let text = match cursor.rest {
        "" => None,
        rest => Some(rest.strip_prefix(' ').ok_or_else(|| cursor.malformed("space before MSG"))?),
    };
    if text.is_some_and(|text| text.contains('\n')) {
        return Err(cursor.malformed("single line"));
    }
    Ok(Line { facility, severity, timestamp, hostname, app_name, procid, msgid, elements, text })
}

struct Cursor<'a> {
    whole: &'a str,
    rest: &'a str,
}

impl<'a> Cursor<'a> {
    fn malformed(&self, what: &'static str) -> Malformed {
        Malformed { what, at: self.whole.len().saturating_sub(self.rest.len()) }
    }

    fn expect(&mut self, text: &str, what: &'static str) -> Result<(), Malformed> {
        self.rest = self.rest.strip_prefix(text).ok_or_else(|| self.malformed(what))?;
        Ok(())
    }

    /// Takes everything before the first of `ends`.
    fn until(&mut self, ends: &[char]) -> &'a str {
        let (taken, rest) =
            self.rest.split_at_checked(self.rest.find(ends).unwrap_or(self.rest.len())).unwrap_or_default();
        self.rest = rest;
        taken
    }

    fn priority(&mut self) -> Result<(u8, u8), Malformed> {
        self.expect("<", "PRI")?;
        let here = self.malformed("PRI from 0 to 191");
        let digits = self.until(&['>']);
        let code = Some(digits)
            .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
            .filter(|digits| *digits == "0" || !digits.starts_with('0'))
            .and_then(|digits| digits.parse::<u8>().ok())
            .filter(|code| *code <= 191)
            .ok_or(here)?;
        self.expect(">", "end of PRI")?;
        Ok((code / 8, code % 8))
    }

    fn word(&mut self, what: &'static str, most: usize, fits: fn(&str) -> bool) -> Result<Option<&'a str>, Malformed> {
        let here = self.malformed(what);
        match self.until(&[' ']) {
            "-" => Ok(None),
            word if !word.is_empty() && word.len() <= most && fits(word) => Ok(Some(word)),
            _ => Err(here),
        }
    }

    fn elements(&mut self) -> Result<Vec<Element<'a>>, Malformed> {
        let mut elements: Vec<Element<'a>> = Vec::new();
        if let Some(rest) = self.rest.strip_prefix('-') {
            self.rest = rest;
            return Ok(elements);
        }
        while self.rest.starts_with('[') || elements.is_empty() {
            self.expect("[", "STRUCTURED-DATA")?;
            let here = self.malformed("SD-ID that stands once");
            let id = self.name("SD-ID")?;
            if elements.iter().any(|known| known.id == id) {
                return Err(here);
            }
            let mut params = Vec::new();
            while !self.rest.starts_with(']') {
                self.expect(" ", "space before PARAM-NAME")?;
                let name = self.name("PARAM-NAME")?;
                self.expect("=\"", "=\" after PARAM-NAME")?;
                params.push((name, self.value()?));
            }
            self.expect("]", "end of the element")?;
            elements.push(Element { id, params });
        }
        Ok(elements)
    }

    fn name(&mut self, what: &'static str) -> Result<&'a str, Malformed> {
        let here = self.malformed(what);
        let name = self.until(&['=', ' ', ']', '"']);
        if name.is_empty() || name.len() > 32 || !is_printable(name) { Err(here) } else { Ok(name) }
    }

    /// Reads up to the quotation mark that ends a value, that included. A backslash before anything but `"`, `\` and `]` is itself.
    fn value(&mut self) -> Result<Cow<'a, str>, Malformed> {
        let mut value = Cow::Borrowed("");
        loop {
            let clean = self.until(&['"', '\\', ']']);
            if value.is_empty() {
                value = Cow::Borrowed(clean);
            } else {
                value.to_mut().push_str(clean);
            }
            if let Some(rest) = self.rest.strip_prefix('"') {
                self.rest = rest;
                return Ok(value);
            }
            self.expect("\\", "end of the value, or escape before ]")?;
            match self.rest.chars().next().filter(|next| matches!(next, '"' | '\\' | ']')) {
                Some(escaped) => {
                    value.to_mut().push(escaped);
                    self.rest = self.rest.get(1..).unwrap_or_default();
                }
                None => value.to_mut().push('\\'),
            }
        }
    }
}

fn is_printable(word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_graphic())
}

/// RFC 5424 6.2.3: a date, `T`, a time with at most six digits of fraction, `Z` or an offset.
fn is_timestamp(word: &str) -> bool {
    let Some((date, time)) = word.split_once('T') else {
        return false;
    };
    let Some(zone) = time.find(['Z', '+', '-']) else {
        return false;
    };
    let Some((clock, zone)) = time.split_at_checked(zone) else {
        return false;
    };
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    let fraction_fits = (1..=6).contains(&fraction.len()) && fraction.bytes().all(|byte| byte.is_ascii_digit());
    let zone_fits =
        zone == "Z" || zone.get(1..).is_some_and(|offset| in_ranges(offset, ':', &[(2, 0, 23), (2, 0, 59)]));
    fraction_fits
        && zone_fits
        && in_ranges(date, '-', &[(4, 0, 9999), (2, 1, 12), (2, 1, 31)])
        && in_ranges(clock, ':', &[(2, 0, 23), (2, 0, 59), (2, 0, 59)])
}

/// Whether a text is numbers of so many digits, from, to, with `separator` between them.
fn in_ranges(text: &str, separator: char, ranges: &[(usize, u16, u16)]) -> bool {
    let parts = text.split(separator);
    parts.clone().count() == ranges.len()
        && parts.zip(ranges).all(|(part, (digits, least, most))| {
            part.len() == *digits
                && part.bytes().all(|byte| byte.is_ascii_digit())
                && part.parse::<u16>().is_ok_and(|number| (*least..=*most).contains(&number))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_the_rfc_are_read() {
        let read = line(
            r#"<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 [exampleSDID@32473 iut="3" eventSource="Application" eventID="1011"][examplePriority@32473 class="high"]"#,
        )
        .unwrap();
        assert_eq!((read.facility, read.severity), (20, 5));
        assert_eq!(read.value("exampleSDID", "eventID"), Some("1011"));
        assert_eq!(read.value("examplePriority", "class"), Some("high"));
        assert_eq!((read.procid, read.msgid, read.text), (None, Some("ID47"), None));
        let read = line("<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - 'su root' failed").unwrap();
        assert_eq!((read.elements.len(), read.text), (0, Some("'su root' failed")));
        assert!(line("<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 myproc 8710 - - %% It's time.").is_ok());
    }

    #[test]
    fn escapes_of_the_rfc_are_undone() {
        let read = line(r#"<0>1 - - - - - [a b="\"\\\]\n"]"#).unwrap();
        assert_eq!(read.value("a", "b"), Some("\"\\]\\n"));
    }

    #[test]
    fn what_departs_from_the_grammar_is_refused() {
        for wrong in [
            "",
            "<192>1 - - - - - -",
            "<01>1 - - - - - -",
            "<1>2 - - - - - -",
            "<1>1  - - - - -",
            "<1>1 - - - - -",
            "<1>1 - - - - - ",
            "<1>1 - - - - - -x",
            "<1>1 - - - - - - two\nlines",
            "<1>1 2026-11-22T15:05:32.0000001Z - - - - -",
            "<1>1 2026-11-22T15:05:60Z - - - - -",
            "<1>1 2026-13-22T15:05:00Z - - - - -",
            "<1>1 2026-11-22T15:05:00 - - - - -",
            "<1>1 2026-11-22T15:05:00+0100 - - - - -",
            "<1>1 - \u{e4} - - - -",
            "<1>1 - - - - - []",
            "<1>1 - - - - - [a ]",
            "<1>1 - - - - - [a b=c]",
            "<1>1 - - - - - [a b=\"]\"]",
            "<1>1 - - - - - [a b=\"",
            "<1>1 - - - - - [a][a]",
            "<1>1 - - - - - [a] [b]x",
            "<1>1 - - - - - [abcdefghijklmnopqrstuvwxyz0123456]",
        ] {
            // `[a] [b]x` is one element and a text.
            assert_eq!(line(wrong).is_ok(), wrong.ends_with("[b]x"), "{wrong:?}");
        }
    }
}
