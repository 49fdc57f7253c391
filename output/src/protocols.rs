//! docs/PROTOCOLS.md: what is recognised and how, written from the registry.

use std::fmt::Write;

use dissectors::protocol::{Protocol, Transport};
use dissectors::protocols::{self, FINER};

use crate::fields::{cell, sentence};

/// What holds for every protocol.
const RULES: &str = include_str!("protocols.md");
/// What real captures hold and lines don't tell, and why.
const MISSES: &str = include_str!("misses.md");

/// What the tests of one session or capture show of applications.
#[derive(Debug)]
pub struct Shown {
    /// Its name, without a suffix.
    pub name: String,
    /// The applications in it.
    pub apps: Vec<String>,
}

/// The whole document. `captures` are those of `pcaps/`, `conversations` those of `tests/conversations/`, each in order.
pub fn markdown(captures: &[Shown], conversations: &[Shown]) -> String {
    let mut known: Vec<&Protocol> = protocols::ALL.to_vec();
    known.sort_unstable_by_key(|protocol| protocol.name);
    let mut text = RULES.to_owned();
    text.push_str("\n| app | protocol | over | specification |\n| --- | --- | --- | --- |\n");
    for protocol in &known {
        let about = &protocol.about;
        // Writing to a string does not fail.
        let _ = writeln!(
            text,
            "| [`{name}`](#{name}) | {} | {} | {} |",
            cell(about.name),
            over(protocol),
            cell(about.specification),
            name = protocol.name
        );
    }
    for protocol in &known {
        write_protocol(protocol, &known, captures, conversations, &mut text);
    }
    text.push('\n');
    text.push_str(MISSES);
    text
}

fn write_protocol(
    protocol: &Protocol,
    known: &[&Protocol],
    captures: &[Shown],
    conversations: &[Shown],
    text: &mut String,
) {
    let about = &protocol.about;
    let _ = writeln!(text, "\n## {}\n\n{}, over {}.\n", protocol.name, sentence(about.name), over(protocol));
    let _ = writeln!(text, "- Recognised by {}.", about.evidence);
    let _ = writeln!(text, "- Limits: {}.", about.limits);
    if !about.ports.is_empty() {
        let ports = about.ports.iter().map(u16::to_string).collect::<Vec<_>>().join(", ");
        let _ = writeln!(text, "- Flagged `off_port` elsewhere than on {ports}.");
    }
    let finer = finer(protocol);
    if !finer.is_empty() {
        let _ = writeln!(text, "- Names sessions also {}.", list(finer.iter().copied()));
    }
    let elements = protocol.elements.iter().map(|element| element.name);
    let links = elements.map(|name| format!("[`{name}`](FIELDS.md#{name})")).collect::<Vec<_>>().join(" ");
    let _ = writeln!(text, "- Elements: {links}.");
    if let Some(own) = protocol.elements.first().filter(|own| is_own(own.name, protocol, known)) {
        let _ = writeln!(text, "- Fields of `{}`: {}.", own.name, list(own.fields.iter().map(|field| field.name)));
    }
    for (what, shown) in [("Captures", captures), ("Conversations", conversations)] {
        let names = shown.iter().filter(|shown| shows(shown, protocol, &finer)).map(|shown| shown.name.as_str());
        let names = list(names);
        if !names.is_empty() {
            let _ = writeln!(text, "- {what}: {names}.");
        }
    }
}

/// Whether an element is told here: those that several protocols write, under the one of their name.
fn is_own(element: &str, protocol: &Protocol, known: &[&Protocol]) -> bool {
    protocol.name == element || !known.iter().any(|other| other.name == element)
}

/// What else than by its own name the protocol calls sessions.
fn finer(protocol: &Protocol) -> Vec<&'static str> {
    FINER.iter().filter(|(_, by, _)| *by == protocol.name).map(|(app, ..)| *app).collect()
}

/// Whether it has a session of the protocol, or is named after it: what is spoken inside another protocol leaves that its name.
fn shows(shown: &Shown, protocol: &Protocol, finer: &[&str]) -> bool {
    let after = shown.name.strip_prefix(protocol.name).is_some_and(|rest| rest.starts_with('-'));
    after || shown.apps.iter().any(|app| app == protocol.name || finer.contains(&app.as_str()))
}

fn over(protocol: &Protocol) -> String {
    let names = protocol.transports.iter().map(|transport| match transport {
        Transport::Tcp => "TCP",
        Transport::Udp => "UDP",
        Transport::Sctp => "SCTP",
    });
    names.collect::<Vec<_>>().join(", ")
}

fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" ")
}
