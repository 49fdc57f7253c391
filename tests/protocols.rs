//! docs/PROTOCOLS.md is what the registry and the tests say. `BLESS=1 cargo test -p output --test protocols` writes it.

// A helper that fails is a failing test.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::string_slice, clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use dissectors::protocols::{self, ALL, FINER};
use output::protocols::Shown;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// What the files of a folder that end so show: `before` stands before an application's name, `after` behind it.
fn shown(folder: &str, end: &str, before: &str, after: char) -> Vec<Shown> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(root().join(folder)).unwrap() {
        let path = entry.unwrap().path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()?.strip_suffix(end)) else { continue };
        let text = format!("\n{}", std::fs::read_to_string(&path).unwrap());
        let named = text.split(before).skip(1).filter_map(|rest| rest.split(after).next());
        let mut apps: Vec<String> = named.map(str::to_owned).collect();
        apps.sort_unstable();
        apps.dedup();
        all.push(Shown { name: name.to_owned(), apps });
    }
    all.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    assert!(!all.is_empty(), "{folder}");
    all
}

fn captures() -> Vec<Shown> {
    // Behind the transport, since an element may have a parameter of this name too.
    let mut captures = shown("pcaps", ".lines", "\" app=\"", '"');
    for capture in &mut captures {
        capture.apps.retain(|app| protocols::apps().contains(&app.as_str()) || app == "unknown");
    }
    captures
}

fn conversations() -> Vec<Shown> {
    // The whole of a line: a fact of another name may end so.
    shown("tests/conversations", ".facts", "\napp=", '\n')
}

#[test]
fn the_documentation_of_protocols_is_current() {
    let path = root().join("docs/PROTOCOLS.md");
    let current = output::protocols::markdown(&captures(), &conversations());
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &current).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    let differs = written.lines().zip(current.lines()).position(|(written, current)| written != current);
    assert!(
        written == current,
        "docs/PROTOCOLS.md departs from the registry in line {}: write it with BLESS=1",
        differs.map_or(written.lines().count(), |line| line + 1)
    );
}

#[test]
fn every_protocol_says_in_a_line_each_what_it_is() {
    for protocol in ALL {
        let about = &protocol.about;
        for text in [about.name, about.specification, about.evidence, about.limits] {
            let fits = !text.is_empty() && !text.contains('\n') && !text.ends_with('.') && text.trim() == text;
            assert!(fits, "{}: {text:?}", protocol.name);
        }
    }
}

#[test]
fn every_application_that_tests_show_is_documented() {
    let known = protocols::apps();
    for (app, by, _) in FINER {
        assert!(protocols::by_name(by).is_some(), "{app} is given by {by}");
        assert!(protocols::by_name(app).is_none(), "{app} is a protocol");
    }
    for conversation in conversations() {
        for app in &conversation.apps {
            assert!(known.contains(&app.as_str()) || app == "unknown", "{}: {app}", conversation.name);
        }
    }
}

#[test]
fn every_protocol_has_a_conversation() {
    let text = output::protocols::markdown(&captures(), &conversations());
    for protocol in ALL {
        let section = text.split(&format!("\n## {}\n", protocol.name)).nth(1).expect(protocol.name);
        let section = section.split("\n## ").next().unwrap();
        assert!(section.contains("\n- Conversations: "), "{}", protocol.name);
    }
}
