//! docs/FIELDS.md is what the dictionary says. `BLESS=1 cargo test -p output --test fields` writes it.

// A helper that fails is a failing test.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::string_slice, clippy::unwrap_used)]

use std::path::Path;

#[test]
fn the_documentation_of_fields_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/FIELDS.md");
    let current = output::fields::markdown();
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &current).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    let differs = written.lines().zip(current.lines()).position(|(written, current)| written != current);
    assert!(
        written == current,
        "docs/FIELDS.md departs from the dictionary in line {}: write it with BLESS=1",
        differs.map_or(written.lines().count(), |line| line + 1)
    );
}

#[test]
fn every_field_is_documented() {
    let text = output::fields::markdown();
    for element in dissectors::dictionary::elements() {
        let section = text.split(&format!("\n## {}\n", element.name)).nth(1).expect(element.name);
        let section = section.split("\n## ").next().unwrap();
        for field in element.fields {
            assert!(section.contains(&format!("| `{}` | ", field.name)), "{}.{}", element.name, field.name);
        }
    }
}
