//! The options of the command line as keys of a configuration file, and files that hold all of them.
//!
//! A key is an option under one of the [`TABLES`]' headings: nothing else is to be written for it.
//!
//! | option | in the file |
//! | --- | --- |
//! | a flag | `true` or `false` |
//! | counted (`-vv`) | a number |
//! | one value | a string, or a number where it is one |
//! | may be repeated | an array of such, or a single one |
//! | may be repeated as `NAME=VALUE` | a table: `timeout.udp = "60s"` |

use std::collections::BTreeMap;
use std::fmt::Write;

use clap::{Arg, ArgAction, ArgMatches, Command, parser::ValueSource};

use super::arguments::{DAEMON, INPUT, LISTENING, MESSAGES, OUTPUT, RESOURCES, SESSIONS, SYSLOG};

/// The tables of a file, and the headings of the help that hold the same options.
pub(super) const TABLES: [(&str, &str); 8] = [
    (INPUT, "input"),
    (LISTENING, "listening"),
    (OUTPUT, "output"),
    (SYSLOG, "syslog"),
    (SESSIONS, "sessions"),
    (RESOURCES, "resources"),
    (DAEMON, "daemon"),
    (MESSAGES, "messages"),
];

/// Keys that a running sensor takes a change of, when it is told to read its configuration anew. What open sessions rely upon is not among
/// them, nor what takes rights that were given up.
const RELOADED: [&str; 11] = [
    "listening.queue",
    "listening.status_interval",
    "output.no_redact",
    "output.no_file_hash",
    "output.services",
    "syslog.facility",
    "syslog.severity",
    "syslog.hostname",
    "syslog.pen",
    "messages.quiet",
    "messages.verbose",
];
/// What the example says of those.
const RELOADED_NOTE: &str = "(read anew on SIGHUP)";

/// Characters of a line of comment.
const WIDTH: usize = 100;

const HEAD: &str = "\
# tapline's configuration: tapline -c FILE.
#
# Every key is an option of the command line, and means the same; what is given there overrides what stands here. All keys
# stand here: with their defaults, or as a comment where there is no default.
# `tapline check -c FILE` tells what is wrong with a file, or what it comes to.
# SIGHUP has a sensor that listens read the file again; what else than the keys that are marked so was changed waits for a restart.
";

/// What is written for a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Flag,
    Count,
    One,
    List,
    /// A table of names and values.
    Pairs,
}

/// An option that is a key.
pub(super) struct Key<'a> {
    pub(super) arg: &'a Arg,
    pub(super) table: &'static str,
}

/// Every key, in the order of the help.
pub(super) fn all(command: &Command) -> impl Iterator<Item = Key<'_>> {
    command.get_arguments().filter(|arg| !arg.is_hide_set()).filter_map(|arg| {
        let heading = arg.get_help_heading()?;
        let (_, table) = TABLES.iter().find(|(known, _)| *known == heading)?;
        let asks_for_text = matches!(arg.get_action(), ArgAction::Help | ArgAction::HelpLong | ArgAction::Version);
        (!asks_for_text).then_some(Key { arg, table })
    })
}

impl<'a> Key<'a> {
    /// The name in the file.
    pub(super) fn name(&self) -> &'a str {
        self.arg.get_id().as_str()
    }

    /// The name with its table.
    fn full_name(&self) -> String {
        format!("{}.{}", self.table, self.name())
    }

    pub(super) fn kind(&self) -> Kind {
        match self.arg.get_action() {
            ArgAction::SetTrue | ArgAction::SetFalse => Kind::Flag,
            ArgAction::Count => Kind::Count,
            // A vector without an action of its own may be repeated too.
            ArgAction::Append if self.placeholder().contains('=') => Kind::Pairs,
            ArgAction::Append => Kind::List,
            _ => Kind::One,
        }
    }

    /// What the help writes for a value.
    fn placeholder(&self) -> &'a str {
        self.arg.get_value_names().and_then(|names| names.first()).map_or("", |name| name.as_str())
    }

    /// The values that hold: given, else the default.
    fn values(&self, matches: Option<&ArgMatches>) -> Vec<String> {
        let text = |value: &std::ffi::OsStr| value.to_string_lossy().into_owned();
        let defaults = self.arg.get_default_values().iter().map(|value| text(value));
        let given = matches.and_then(|matches| {
            let is_given = matches.value_source(self.name()) == Some(ValueSource::CommandLine);
            Some(matches.get_raw(self.name()).filter(|_| is_given)?.map(text).collect::<Vec<_>>())
        });
        match (self.kind(), given) {
            (Kind::Pairs, given) => defaults.chain(given.into_iter().flatten()).collect(),
            (_, Some(given)) => given,
            (_, None) => defaults.collect(),
        }
    }

    /// The lines of the file, commented out where there is no value.
    fn write(&self, text: &mut String, matches: Option<&ArgMatches>) {
        let name = self.name();
        let values = self.values(matches);
        // Writing to a string does not fail.
        let _ = match (self.kind(), values.as_slice()) {
            (Kind::Flag, _) => writeln!(text, "{name} = {}", matches.is_some_and(|matches| matches.get_flag(name))),
            (Kind::Count, _) => writeln!(text, "{name} = {}", matches.map_or(0, |matches| matches.get_count(name))),
            (Kind::One, [value, ..]) => writeln!(text, "{name} = {}", literal(value)),
            (Kind::One, []) => writeln!(text, "# {name} = {}", literal(self.placeholder())),
            (Kind::List, []) => writeln!(text, "# {name} = [{}]", literal(self.placeholder())),
            (Kind::List, values) => {
                let values: Vec<String> = values.iter().map(|value| literal(value)).collect();
                writeln!(text, "{name} = [{}]", values.join(", "))
            }
            (Kind::Pairs, values) => {
                let mut pairs: Vec<(&str, &str)> = Vec::new();
                for (of, value) in
                    values.iter().flat_map(|value| value.split(',')).filter_map(|pair| pair.split_once('='))
                {
                    match pairs.iter_mut().find(|(known, _)| *known == of.trim()) {
                        Some(pair) => pair.1 = value.trim(),
                        None => pairs.push((of.trim(), value.trim())),
                    }
                }
                pairs.iter().try_for_each(|(of, value)| writeln!(text, "{name}.{of} = {}", literal(value)))
            }
        };
    }
}

/// A file with all keys, their defaults, and what they are.
pub(super) fn example(command: &Command) -> String {
    let mut text = HEAD.to_owned();
    write_all(&mut text, command, |text, key| {
        text.push('\n');
        if let Some(help) = key.arg.get_long_help().or(key.arg.get_help()) {
            comment(text, &help.to_string());
        }
        if is_reloaded(&key.full_name()) {
            comment(text, RELOADED_NOTE);
        }
        key.write(text, None);
    });
    text
}

/// A file that says what a command line and its file come to.
pub(super) fn effective(command: &Command, matches: &ArgMatches) -> String {
    let mut text = String::new();
    write_all(&mut text, command, |text, key| key.write(text, Some(matches)));
    text
}

/// What a command line and its file come to, by the full name of each key.
pub(super) fn values(command: &Command, matches: &ArgMatches) -> Values {
    let value = |key: Key<'_>| {
        let mut text = String::new();
        key.write(&mut text, Some(matches));
        (key.full_name(), text)
    };
    Values(all(command).map(value).collect())
}

/// What every key comes to, as a file would say it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Values(BTreeMap<String, String>);

impl Values {
    /// The keys that another has other values of.
    pub fn changed<'v>(&'v self, other: &'v Self) -> impl Iterator<Item = &'v str> {
        self.0.iter().filter(|(name, text)| other.0.get(*name) != Some(*text)).map(|(name, _)| name.as_str())
    }

    /// Takes another's values of the keys that a running sensor takes a change of.
    pub fn take_reloaded(&mut self, other: &Self) {
        for (name, text) in &mut self.0 {
            if let Some(other) = other.0.get(name).filter(|_| is_reloaded(name)) {
                text.clone_from(other);
            }
        }
    }
}

/// Whether a running sensor takes a change of a key, by its full name.
pub fn is_reloaded(name: &str) -> bool {
    RELOADED.contains(&name)
}

fn write_all(text: &mut String, command: &Command, write: impl Fn(&mut String, &Key<'_>)) {
    for (_, table) in TABLES {
        let mut keys = all(command).filter(|key| key.table == table).peekable();
        if keys.peek().is_some() {
            let gap = if text.is_empty() { "" } else { "\n" };
            let _ = writeln!(text, "{gap}[{table}]");
        }
        keys.for_each(|key| write(text, &key));
    }
}

/// A value as TOML has it: a number where it is one, else a string.
fn literal(value: &str) -> String {
    if value.parse::<u32>().is_ok_and(|number| number.to_string() == value) {
        return value.to_owned();
    }
    let mut text = String::from('"');
    for c in value.chars() {
        match c {
            '"' | '\\' => text.extend(['\\', c]),
            c if c.is_control() => {
                let _ = write!(text, "\\u{:04X}", u32::from(c));
            }
            c => text.push(c),
        }
    }
    text.push('"');
    text
}

/// A text as lines of comment.
fn comment(text: &mut String, content: &str) {
    let mut width = usize::MAX;
    for word in content.split_whitespace() {
        width = width.saturating_add(word.chars().count()).saturating_add(1);
        if width > WIDTH {
            let gap = if text.ends_with('\n') { "" } else { "\n" };
            let _ = write!(text, "{gap}#");
            width = word.chars().count().saturating_add(2);
        }
        text.push(' ');
        text.push_str(word);
    }
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::super::arguments;
    use super::*;

    #[test]
    fn every_option_is_a_key_but_those_that_can_be_none() {
        let command = arguments::command();
        let none: Vec<&str> = command
            .get_arguments()
            .filter(|arg| !arg.is_hide_set() && !all(&command).any(|key| key.name() == arg.get_id().as_str()))
            .map(|arg| arg.get_id().as_str())
            .collect();
        assert_eq!(none, ["config", "help", "version"], "an option needs a heading of TABLES");
    }

    #[test]
    fn what_is_read_anew_are_keys() {
        let command = arguments::command();
        for name in RELOADED {
            assert!(all(&command).any(|key| key.full_name() == name), "{name}");
        }
        assert_eq!(example(&command).matches(RELOADED_NOTE).count(), RELOADED.len());
    }

    #[test]
    fn changed_values_are_told_by_their_keys_and_taken_where_that_is_possible() {
        let values = |line: &str| {
            let command = arguments::command();
            let words = std::iter::once("tapline").chain(line.split(' '));
            self::values(&command, &command.clone().try_get_matches_from(words).unwrap())
        };
        let (mut now, other) =
            (values("-i a --pen 7 --workers 2"), values("-i a --pen 8 --workers 3 --timeout udp=1s"));
        let changed: Vec<&str> = now.changed(&other).collect();
        assert_eq!(changed, ["resources.workers", "sessions.timeout", "syslog.pen"]);
        now.take_reloaded(&other);
        assert_eq!(now.changed(&other).collect::<Vec<_>>(), ["resources.workers", "sessions.timeout"]);
    }

    #[test]
    fn values_are_written_as_toml_has_them() {
        assert_eq!(literal("32473"), "32473");
        assert_eq!(literal("007"), "\"007\"");
        assert_eq!(literal("a \"b\" \\c\n"), "\"a \\\"b\\\" \\\\c\\u000A\"");
    }
}
