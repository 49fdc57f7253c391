//! Lines taken apart, and what differs between two of them.

use std::collections::BTreeMap;

use output::{decode, read};

/// A line: its header and every parameter by `element.name`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    pub msgid: String,
    pub timestamp: String,
    pub values: BTreeMap<String, String>,
}

impl Told {
    /// Takes a line apart. It must be one by the strict grammar, and every value must decode.
    pub fn of(line: &str) -> Self {
        let read = read::line(line).unwrap_or_else(|wrong| panic!("{wrong}: {line}"));
        let mut values = BTreeMap::new();
        for element in &read.elements {
            for (name, value) in &element.params {
                let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
                // The elements that IANA registered have names of their own.
                assert!(!element.id.contains('@') || name.chars().all(fits), "{name} in {line}");
                assert!(!value.is_empty(), "{name} is empty in {line}");
                assert_decodes(value, line);
                let before = values.insert(format!("{}.{name}", element.name()), value.to_string());
                assert_eq!(before, None, "{name} stands twice in {line}");
            }
        }
        if let Some(text) = read.text {
            assert!(!text.is_empty() && !text.chars().any(char::is_control), "{line}");
            values.insert("text".to_owned(), text.to_owned());
        }
        Self { msgid: read.msgid.unwrap().to_owned(), timestamp: read.timestamp.unwrap().to_owned(), values }
    }

    /// A parameter of the session element.
    pub fn session(&self, name: &str) -> &str {
        self.values.get(&format!("session.{name}")).map_or("", String::as_str)
    }

    pub fn app(&self) -> &str {
        self.session("app")
    }

    /// When the session began, by its line, between whom, and on which ports after `port` has changed them: what finds a session again.
    pub fn ends(&self, port: impl Fn(u16) -> u16) -> String {
        let port = |name| self.session(name).parse().map(&port).unwrap_or(0);
        let of = |name| self.session(name);
        let (source, destination) = (port("src_port"), port("dst_port"));
        format!("{} {} {}:{source} > {}:{destination}", of("start"), of("transport"), of("src"), of("dst"))
    }

    /// The session but for one of its flags.
    pub fn without_flag(&self, flag: &str) -> Self {
        let mut told = self.clone();
        if let Some(flags) = told.values.remove("session.flags") {
            let others = flags.split(',').filter(|other| *other != flag).collect::<Vec<_>>().join(",");
            if !others.is_empty() {
                told.values.insert("session.flags".into(), others);
            }
        }
        told
    }

    /// The session without the parameters that `ignored` names; `element.` names all of an element's.
    pub fn without(&self, ignored: &[&str]) -> Self {
        let mut told = self.clone();
        told.values.retain(|name, _| {
            !ignored.iter().any(|ignored| name == ignored || ignored.ends_with('.') && name.starts_with(ignored))
        });
        told
    }
}

/// Every `%` begins an escape that means a byte, and what must be escaped nowhere stands bare.
fn assert_decodes(value: &str, line: &str) {
    for after in value.split('%').skip(1) {
        let digits = after.bytes().take(2).filter(|digit| matches!(digit, b'0'..=b'9' | b'A'..=b'F'));
        assert_eq!(digits.count(), 2, "a lone % in {value} of {line}");
    }
    let bare = value.bytes().any(|byte| byte.is_ascii_control() || matches!(byte, b'"' | b'\\' | b']'));
    assert!(!bare, "{value} in {line}");
    let escapes = value.bytes().filter(|byte| *byte == b'%').count();
    assert_eq!(decode(value).len(), value.len() - 2 * escapes, "{value} in {line}");
}

/// All lines of a text taken apart. There is nothing but lines, and each ends.
pub fn sessions(text: &str) -> Vec<Told> {
    assert!(text.is_empty() || text.ends_with('\n'), "the last line does not end");
    text.lines().map(Told::of).collect()
}

/// What differs, a line for each parameter, for people to read; nothing where all is the same.
pub fn differences(before: &Told, after: &Told) -> Vec<String> {
    let mut lines = Vec::new();
    if before.msgid != after.msgid {
        lines.push(format!("MSGID {} is now {}", before.msgid, after.msgid));
    }
    for (name, value) in &before.values {
        match after.values.get(name) {
            Some(other) if other != value => lines.push(format!("{name}\n      was {value}\n      is  {other}")),
            Some(_) => {}
            None => lines.push(format!("{name}\n      was {value}\n      is  gone")),
        }
    }
    for (name, value) in &after.values {
        if !before.values.contains_key(name) {
            lines.push(format!("{name}\n      is new: {value}"));
        }
    }
    lines
}

/// What differs between two sets of sessions, those with the same [`Told::ends`] compared.
pub fn all_differences(before: &[Told], after: &[Told]) -> Vec<String> {
    let by_ends = |sessions: &[Told]| {
        let mut map: BTreeMap<String, Vec<Told>> = BTreeMap::new();
        for told in sessions {
            map.entry(told.ends(|port| port)).or_default().push(told.clone());
        }
        map
    };
    let (before, mut after) = (by_ends(before), by_ends(after));
    let mut lines = Vec::new();
    for (ends, sessions) in before {
        let others = after.remove(&ends).unwrap_or_default();
        for (at, session) in sessions.iter().enumerate() {
            let changed = match others.get(at) {
                Some(other) => differences(session, other),
                None => vec!["the session is gone".to_owned()],
            };
            if !changed.is_empty() {
                lines.push(format!("  {ends} ({})\n    {}", session.app(), changed.join("\n    ")));
            }
        }
        if others.len() > sessions.len() {
            lines.push(format!("  {ends}: {} sessions where there were {}", others.len(), sessions.len()));
        }
    }
    lines.extend(after.keys().map(|ends| format!("  {ends}: a session that was not there")));
    lines
}
