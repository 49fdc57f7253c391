//! Reading a configuration file: TOML to options of the command line, and everything that is wrong with it by its line.

use std::ffi::OsString;
use std::fmt;
use std::fs::File;
use std::io::Read;
use std::ops::Range;
use std::path::Path;

use clap::error::{ContextKind, ContextValue};
use clap::{ArgMatches, Command, parser::ValueSource};
use toml::de::{DeTable, DeValue};

use super::arguments::one_line;
use super::keys::{self, Key, Kind, TABLES};

/// Bytes of the longest file that is read: no configuration is so long.
const MAX_BYTES: u64 = 1 << 20;
/// Things wrong that are told of one file.
const MAX_PROBLEMS: usize = 20;
/// How alike two words must be (Jaro-Winkler, of 1) for one to be a slip of the other.
const ALIKE: f64 = 0.8;

/// Something wrong, and where it stands: bytes of the file.
struct Problem {
    at: Range<usize>,
    what: String,
}

/// Reads a file and tells its values as options, without those that the command line (`given`) overrides.
///
/// The error has a line for each thing that is wrong.
pub(super) fn read(path: &Path, command: &Command, given: &ArgMatches) -> Result<Vec<OsString>, String> {
    let text = text_of(path).map_err(|why| format!("{}: {why}", path.display()))?;
    let mut problems = Vec::new();
    let options = options(&text, command, given, &mut problems);
    if problems.is_empty() { Ok(options) } else { Err(told(path, &text, problems)) }
}

fn text_of(path: &Path) -> Result<String, String> {
    let unreadable = |error| format!("can't be read: {error}; name a configuration file");
    let mut text = String::new();
    let file = File::open(path).map_err(unreadable)?;
    let read = file.take(MAX_BYTES.saturating_add(1)).read_to_string(&mut text).map_err(unreadable)?;
    if read as u64 > MAX_BYTES {
        return Err(format!("is longer than {MAX_BYTES} bytes; name a configuration file"));
    }
    Ok(text)
}

fn options(text: &str, command: &Command, given: &ArgMatches, problems: &mut Vec<Problem>) -> Vec<OsString> {
    let (document, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        problems.extend(errors.iter().map(|error| Problem {
            at: error.span().unwrap_or_default(),
            what: format!("{}; see what TOML looks like at https://toml.io", error.message()),
        }));
        return Vec::new();
    }
    let mut options = Vec::new();
    for (table, content) in document.get_ref() {
        let name: &str = table.get_ref();
        let Some(content) = content.get_ref().as_table() else {
            problems.push(Problem { at: table.span(), what: misplaced(command, name) });
            continue;
        };
        if !TABLES.iter().any(|(_, known)| *known == name) {
            problems.push(Problem { at: table.span(), what: unknown_table(name) });
            continue;
        }
        for (key, value) in content {
            let name_of_key: &str = key.get_ref();
            let Some(found) = keys::all(command).find(|known| known.table == name && known.name() == name_of_key)
            else {
                problems.push(Problem { at: key.span(), what: unknown_key(command, name, name_of_key) });
                continue;
            };
            let mut read = Reading { key: &found, command, problems, options: Vec::new() };
            read.value(value.get_ref(), value.span());
            let read = read.options;
            // Pairs are overridden one by one: the later of two holds.
            if found.kind() == Kind::Pairs || !is_overridden(command, given, &found) {
                options.extend(read.into_iter().map(OsString::from));
            }
        }
    }
    options
}

/// Whether the command line says the same itself, or something that can't stand beside it.
fn is_overridden(command: &Command, given: &ArgMatches, key: &Key<'_>) -> bool {
    let is_given = |id: &str| given.value_source(id) == Some(ValueSource::CommandLine);
    let conflicts = |one: &clap::Arg, other: &clap::Arg| {
        command.get_arg_conflicts_with(one).iter().any(|conflicting| conflicting.get_id() == other.get_id())
    };
    is_given(key.name())
        || keys::all(command)
            .filter(|other| is_given(other.name()))
            .any(|other| conflicts(key.arg, other.arg) || conflicts(other.arg, key.arg))
}

/// The value of one key on its way to options.
struct Reading<'a> {
    key: &'a Key<'a>,
    command: &'a Command,
    problems: &'a mut Vec<Problem>,
    options: Vec<String>,
}

impl Reading<'_> {
    fn value(&mut self, value: &DeValue<'_>, at: Range<usize>) {
        let long = self.key.arg.get_long().unwrap_or_default();
        match (self.key.kind(), value) {
            (Kind::Flag, DeValue::Boolean(true)) => self.options.push(format!("--{long}")),
            (Kind::Flag, DeValue::Boolean(false)) => {}
            (Kind::Flag, _) => self.wrong(at, "is a flag; write true or false"),
            (Kind::Count, DeValue::Integer(number)) => match number.as_str().parse::<u8>() {
                Ok(count) => self.options.extend((0..count).map(|_| format!("--{long}"))),
                Err(_) => self.wrong(at, "is a count; write a number from 0 to 255"),
            },
            (Kind::Count, _) => self.wrong(at, "is a count; write a number from 0 to 255"),
            (Kind::One, value) => match scalar(value) {
                Some(text) => self.option(&text, at),
                None => self.wrong(at, "has one value; write a string or a number"),
            },
            (Kind::List, DeValue::Array(values)) => {
                for value in values {
                    match scalar(value.get_ref()) {
                        Some(text) => self.option(&text, value.span()),
                        None => self.wrong(value.span(), "is a list of strings; write [\"...\", \"...\"]"),
                    }
                }
            }
            (Kind::List, value) => match scalar(value) {
                Some(text) => self.option(&text, at),
                None => self.wrong(at, "is a list of strings; write [\"...\", \"...\"]"),
            },
            (Kind::Pairs, DeValue::Table(pairs)) => {
                for (name, value) in pairs {
                    match scalar(value.get_ref()) {
                        Some(text) => self.option(&format!("{}={text}", name.get_ref()), name.span()),
                        None => self.wrong(value.span(), "is a table of values; write NAME = \"VALUE\""),
                    }
                }
            }
            (Kind::Pairs, _) => self.wrong(at, "is a table of values; write NAME = \"VALUE\""),
        }
    }

    /// Takes a value if the option does.
    fn option(&mut self, text: &str, at: Range<usize>) {
        let option = format!("--{}={text}", self.key.arg.get_long().unwrap_or_default());
        match self.command.clone().try_get_matches_from(["tapline", &option]) {
            Ok(_) => self.options.push(option),
            Err(error) => {
                // The option is called by its name in the file.
                let mut what = one_line(&error.to_string());
                if let Some(ContextValue::String(shown)) = error.get(ContextKind::InvalidArg) {
                    what = what.replace(&format!("'{shown}'"), &self.name());
                }
                self.problems.push(Problem { at, what });
            }
        }
    }

    fn wrong(&mut self, at: Range<usize>, what: &str) {
        self.problems.push(Problem { at, what: format!("{} {what}", self.name()) });
    }

    fn name(&self) -> String {
        format!("'{}.{}'", self.key.table, self.key.name())
    }
}

/// A string or a number as the command line would have it.
fn scalar(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) if number.radix() == 10 => Some(number.as_str().to_owned()),
        _ => None,
    }
}

fn unknown_table(name: &str) -> String {
    let names: Vec<&str> = TABLES.iter().map(|(_, table)| *table).collect();
    match most_alike(name, names.iter().copied()) {
        Some(meant) => format!("there is no table [{name}]; did you mean [{meant}]?"),
        None => format!("there is no table [{name}]; write one of {}", names.join(", ")),
    }
}

/// A key outside of any table.
fn misplaced(command: &Command, name: &str) -> String {
    match keys::all(command).find(|key| key.name() == name) {
        Some(key) => format!("the key '{name}' stands in no table; write it below [{}]", key.table),
        None => unknown_table(name),
    }
}

fn unknown_key(command: &Command, table: &str, name: &str) -> String {
    let what = format!("there is no key '{name}' in [{table}]");
    // As the option has it, or in another table: no slip of the fingers, and surely meant.
    let plain = name.replace('_', "-");
    if let Some(key) = keys::all(command).find(|key| key.name() == name || key.arg.get_long() == Some(&plain)) {
        return match key.table == table {
            true => format!("{what}; did you mean '{}'?", key.name()),
            false => format!("{what}; did you mean '{}' in [{}]?", key.name(), key.table),
        };
    }
    let here = || keys::all(command).filter(|key| key.table == table).map(|key| key.name());
    match most_alike(name, here()) {
        Some(meant) => format!("{what}; did you mean '{meant}'?"),
        None => format!("{what}; write one of {}", here().collect::<Vec<_>>().join(", ")),
    }
}

fn most_alike<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let likeness = known.map(|known| (strsim::jaro_winkler(name, known), known));
    likeness
        .filter(|(alike, _)| *alike >= ALIKE)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, known)| known)
}

/// The problems in the order of the file, a line each.
fn told(path: &Path, text: &str, mut problems: Vec<Problem>) -> String {
    problems.sort_by_key(|problem| problem.at.start);
    let more = problems.len().saturating_sub(MAX_PROBLEMS);
    let mut lines: Vec<String> =
        problems.iter().take(MAX_PROBLEMS).map(|problem| Place { path, text, problem }.to_string()).collect();
    if more > 0 {
        lines.push(format!("{}: {more} more things are wrong", path.display()));
    }
    lines.join("\n")
}

/// `FILE:LINE: what is wrong`, the way editors jump to.
struct Place<'a> {
    path: &'a Path,
    text: &'a str,
    problem: &'a Problem,
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let before = self.text.as_bytes().iter().take(self.problem.at.start);
        let line = before.filter(|byte| **byte == b'\n').count().saturating_add(1);
        let what: String = self.problem.what.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        write!(f, "{}:{line}: {what}", self.path.display())
    }
}

#[cfg(test)]
mod tests {
    use super::super::arguments;
    use super::*;

    /// The options of a file beside a command line.
    fn read(text: &str, line: &str) -> Result<Vec<String>, String> {
        let command = arguments::command();
        let given =
            command.clone().try_get_matches_from(std::iter::once("tapline").chain(line.split_whitespace())).unwrap();
        let mut problems = Vec::new();
        let options = options(text, &command, &given, &mut problems);
        if problems.is_empty() {
            Ok(options.into_iter().map(|option| option.into_string().unwrap()).collect())
        } else {
            Err(told(Path::new("f"), text, problems))
        }
    }

    fn fine(text: &str, line: &str) -> Vec<String> {
        read(text, line).unwrap()
    }

    #[test]
    fn each_kind_of_value_is_an_option() {
        assert_eq!(fine("[input]\nread = ['a', 'b']", ""), ["--read=a", "--read=b"]);
        assert_eq!(fine("[input]\nread = 'a'", ""), ["--read=a"]);
        assert_eq!(fine("[syslog]\npen = 9\n[messages]\nverbose = 2", ""), ["--verbose", "--verbose", "--pen=9"]);
        assert_eq!(fine("[output]\nno_redact = true\nno_file_hash = false", ""), ["--no-redact"]);
        assert_eq!(
            fine("[sessions]\ntimeout.udp = '1s'\ntimeout.icmp = '2s'", ""),
            ["--timeout=icmp=2s", "--timeout=udp=1s"]
        );
        assert_eq!(fine("[sessions.timeout]\nudp = '1s'", "--timeout icmp=1s"), ["--timeout=udp=1s"]);
        assert!(fine("", "").is_empty());
    }

    #[test]
    fn the_command_line_overrides() {
        assert!(fine("[input]\nread = ['a']", "-r b").is_empty());
        assert!(fine("[messages]\nquiet = true", "-v").is_empty(), "quiet can't stand beside verbose");
        assert_eq!(fine("[resources]\nmemory = '1GiB'", "--workers 2"), ["--memory=1GiB"]);
    }

    #[test]
    fn what_is_wrong_is_told_by_its_line_with_a_way_out() {
        for (text, told) in [
            ("[inptu]", "f:1: there is no table [inptu]; did you mean [input]?"),
            ("[zebra]", "f:1: there is no table [zebra]; write one of input, listening, output, "),
            ("\n[input]\nfliter = 'tcp'", "f:3: there is no key 'fliter' in [input]; did you mean 'filter'?"),
            (
                "[sessions]\nactive-timeout = '1s'",
                "f:2: there is no key 'active-timeout' in [sessions]; did you mean 'active_timeout'?",
            ),
            ("[output]\noutput = '-'", "f:2: there is no key 'output' in [output]; did you mean 'destinations'?"),
            (
                "[output]\nfilter = 'tcp'",
                "f:2: there is no key 'filter' in [output]; did you mean 'filter' in [input]?",
            ),
            ("[output]\nzebra = 1", "f:2: there is no key 'zebra' in [output]; write one of destinations, format, "),
            ("filter = 'tcp'", "f:1: the key 'filter' stands in no table; write it below [input]"),
            (
                "[resources]\n\nmemory = 'lots'",
                "f:3: invalid value 'lots' for 'resources.memory': no size; write it as",
            ),
            ("[resources]\nworkers = 0", "f:2: invalid value '0' for 'resources.workers'"),
            ("[resources]\nworkers = [1]", "f:2: 'resources.workers' has one value; write"),
            (
                "[output]\nformat = 'xml'",
                "f:2: invalid value 'xml' for 'output.format' [possible values: rfc5424, json]",
            ),
            ("[output]\nno_redact = 'yes'", "f:2: 'output.no_redact' is a flag; write true or false"),
            ("[input]\nread = [\n'a',\ntrue]", "f:4: 'input.read' is a list of strings; write"),
            ("[messages]\nverbose = 'very'", "f:2: 'messages.verbose' is a count; write"),
            (
                "[sessions]\ntimeout.icmp = '1s'\ntimeout.upd = '1s'",
                "f:3: invalid value 'upd=1s' for 'sessions.timeout': no such timeout; take one of",
            ),
            ("[input]\nread = \n", "f:2: "),
            ("[input]\nfilter = 'a'\nfilter = 'b'", "f:3: duplicate key"),
        ] {
            let error = read(text, "").unwrap_err();
            assert!(error.starts_with(told) && !error.contains('\n'), "{text:?}: {error}");
        }
    }

    #[test]
    fn everything_wrong_is_told_at_once() {
        let error = read("[input]\na = 1\nfilter = 1.5\n[no]\nb = 1", "").unwrap_err();
        let lines: Vec<&str> = error.lines().filter_map(|line| line.split(": ").next()).collect();
        assert_eq!(lines, ["f:2", "f:3", "f:4"], "{error}");
        let many: String = (0..50).map(|nth| format!("k{nth} = 1\n")).collect();
        let error = read(&format!("[input]\n{many}"), "").unwrap_err();
        assert_eq!(error.lines().count(), MAX_PROBLEMS + 1);
        assert!(error.ends_with("f: 30 more things are wrong"), "{error}");
    }

    #[test]
    fn the_example_says_the_defaults() {
        let command = arguments::command();
        let without = command.clone().try_get_matches_from(["tapline"]).unwrap();
        let example = keys::example(&command);
        let options = fine(&example, "");
        let with = command.clone().try_get_matches_from(std::iter::once("tapline".to_owned()).chain(options)).unwrap();
        assert_eq!(keys::effective(&command, &with), keys::effective(&command, &without));
        // Every key stands there, as a comment where it has no default.
        for key in keys::all(&command) {
            let stands =
                [format!("\n{} = ", key.name()), format!("\n# {} = ", key.name()), format!("\n{}.", key.name())];
            assert!(stands.iter().any(|line| example.contains(line)), "{}", key.name());
        }
        // What a configuration comes to is a configuration that comes to the same.
        let effective = keys::effective(&command, &with);
        assert!(read(&effective, "").is_ok(), "{effective}");
    }
}
