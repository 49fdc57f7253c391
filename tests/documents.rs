//! What the documents show of the program is what the program does.

// A helper that fails is a failing test.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::string_slice, clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use dissectors::time::SECOND;
use flowtable::config::Timeouts;
use flowtable::decode::{Drop, LinkType};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn document(name: &str) -> String {
    std::fs::read_to_string(root().join(name)).expect(name)
}

/// Without white space: a line is broken for the page where it is shown.
fn unbroken(text: &str) -> String {
    text.split_whitespace().collect()
}

fn help() -> String {
    let output = Command::cargo_bin("tapline").unwrap().arg("--help").output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_line_of_the_readme_is_what_the_program_writes() {
    let readme = document("README.md");
    let command = readme.lines().map(str::trim).find(|line| line.contains("--hostname tap")).unwrap();
    let arguments = command.split(' ').skip(1);
    let output = Command::cargo_bin("tapline").unwrap().current_dir(root()).args(arguments).output().unwrap();
    let shown = readme.split("```text\n").nth(1).unwrap().split("```").next().unwrap();
    assert_eq!(unbroken(shown), unbroken(&String::from_utf8(output.stdout).unwrap()));
}

#[test]
fn each_field_of_the_readme_s_line_is_explained() {
    let readme = document("README.md");
    let shown = readme.split("```text\n").nth(1).unwrap().split("```").next().unwrap();
    let explained = readme.split("| part | is |").nth(1).unwrap().split("\n\n").next().unwrap();
    for name in shown.split("=\"").map(|before| before.rsplit([' ', '\n']).next().unwrap()) {
        let is_name =
            !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || b"_0123456789".contains(&byte));
        assert!(!is_name || explained.contains(&format!("`{name}`")), "{name}");
    }
}

#[test]
fn the_table_of_link_types_is_current() {
    const HEAD: &str = "| LINKTYPE | is |\n| --- | --- |\n";
    let rows: String = LinkType::known().iter().map(|(number, name)| format!("| {number} | {name} |\n")).collect();
    let written = document("docs/CAPTURES.md");
    let (before, after) = written.split_once(HEAD).unwrap();
    let table: usize = after.split_inclusive('\n').take_while(|line| line.starts_with('|')).map(str::len).sum();
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(root().join("docs/CAPTURES.md"), format!("{before}{HEAD}{rows}{}", &after[table..])).unwrap();
    } else {
        assert_eq!(&after[..table], rows, "docs/CAPTURES.md: write it anew with BLESS=1");
    }
}

#[test]
fn each_reason_for_leaving_a_frame_out_is_documented() {
    let text = document("docs/CAPTURES.md");
    for reason in Drop::ALL {
        // A fragment that is held is left out in the end only where its datagram never became whole.
        let name = if reason == Drop::FragmentHeld { "fragment_abandoned" } else { reason.name() };
        assert!(text.contains(&format!("| `{name}` |")), "{name}");
    }
}

#[test]
fn timeouts_and_their_defaults_are_documented() {
    // Taken apart, so that a new one can't be forgotten.
    let Timeouts { tcp_embryonic, tcp_established, tcp_closing, tcp_closed, udp, answered, icmp, other } =
        Timeouts::default();
    let (table, help) = (document("docs/TIMEOUTS.md"), unbroken(&help()));
    for (name, nanos) in [
        ("tcp-embryonic", tcp_embryonic),
        ("tcp-established", tcp_established),
        ("tcp-closing", tcp_closing),
        ("tcp-closed", tcp_closed),
        ("udp", udp),
        ("answered", answered),
        ("icmp", icmp),
        ("other", other),
    ] {
        let default = match nanos / SECOND {
            3600 => "1h".to_owned(),
            seconds => format!("{seconds}s"),
        };
        assert!(table.contains(&format!("| `{name}` | {default} |")), "docs/TIMEOUTS.md: {name}={default}");
        assert!(help.contains(&format!("{name}={default}")), "--help: {name}={default}");
    }
}

#[test]
fn links_between_documents_lead_somewhere() {
    for name in [
        "README.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "docs/FIELDS.md",
        "docs/SIEM.md",
        "docs/CAPTURES.md",
        "docs/CONFIGURATION.md",
        "docs/TIMEOUTS.md",
    ] {
        let folder = root().join(name).parent().unwrap().to_owned();
        for link in document(name).split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = link.split('#').next().unwrap();
            assert!(link.contains("://") || folder.join(file).exists(), "{name}: {link}");
        }
    }
}
