//! docs/FIELDS.md: what a line may hold, written from the dictionary.

use std::fmt::Write;

use dissectors::dictionary::{self, Element, Field, Flag, Kind, Shape};
use dissectors::protocols;

/// The rules that hold for every line; the fields follow.
const RULES: &str = include_str!("fields.md");

/// The whole document.
pub fn markdown() -> String {
    let mut text = RULES.to_owned();
    let elements = dictionary::elements();
    for element in &elements {
        write_element(element, &mut text);
    }
    text.push_str("\n## Flags\n\nWhat `session.flags` may hold, in this order.\n\n| flag | says |\n| --- | --- |\n");
    for flag in Flag::ALL {
        // Writing to a string does not fail.
        let _ = writeln!(text, "| `{}` | {} |", flag.name(), cell(flag.meaning()));
    }
    text.push_str("\n## Applications\n\nWhat `session.app` may name besides `unknown`:\n\n");
    let _ =
        writeln!(text, "{}", protocols::apps().iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" "));
    text
}

fn write_element(element: &Element, text: &mut String) {
    let _ = writeln!(text, "\n## {}\n\n{}.\n", element.name, sentence(element.meaning));
    text.push_str("| parameter | type | tells | source |\n| --- | --- | --- | --- |\n");
    for field in element.fields {
        let _ =
            writeln!(text, "| `{}` | {} | {} | {} |", field.name, kind(field), cell(field.meaning), cell(field.source));
    }
}

/// Type, shape, unit and caps in a few words.
fn kind(field: &Field) -> String {
    let mut words = match field.kind {
        Kind::Text => "text",
        Kind::Number => "number",
        Kind::Seconds => "seconds, 6 decimals",
        Kind::Milliseconds => "milliseconds, 3 decimals",
        Kind::Time => "time",
        Kind::Address => "address",
        Kind::Mac => "hardware address",
        Kind::Pair => "pair",
        Kind::YesNo => "yes or no",
        Kind::Id => "session id, 16 hexadecimal digits",
    }
    .to_owned();
    if !field.unit.is_empty() && !matches!(field.kind, Kind::Seconds | Kind::Milliseconds) {
        let _ = write!(words, " of {}", field.unit);
    }
    match field.shape {
        Shape::One => {}
        Shape::List => words.insert_str(0, "list: "),
        Shape::Aligned => words.insert_str(0, "aligned list: "),
    }
    if field.shape != Shape::One {
        let _ = write!(words, ", at most {}", field.items);
    }
    if field.kind == Kind::Text && field.cap != dissectors::capped::TEXT_CAP {
        let _ = write!(words, ", {} bytes", field.cap);
    }
    words
}

/// Text that breaks no table.
pub(crate) fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

/// A text with its first letter large and no full stop.
pub(crate) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    first + letters.as_str().trim_end_matches('.')
}
