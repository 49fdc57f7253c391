//! Which sessions of the captures are called interactive, and in which somebody typed. docs/DETECTION.md has the outcome:
//! `BLESS=1 cargo test -p sensor --test typing` writes it anew.

// A helper that fails is a failing test.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::string_slice, clippy::unwrap_used)]

mod support;

use std::fmt::Write;
use std::path::Path;

use assert_cmd::Command;
use support::capture;
use support::told::{Told, sessions};

/// Programs that look a little like somebody who types.
const LOOK_ALIKES: &[&str] = &[
    "game-beats",
    "http-poll",
    "imap-idle",
    "redis-poll",
    "ssh-alive",
    "ssh-batch",
    "ssh-forward",
    "ssh-rsync",
    "ssh-sftp",
    "ssh-unattended",
    "tcp-agent",
];

/// One capture: what was told of its TCP session that has most packets, and how many keys were pressed in it.
struct Row {
    name: String,
    typed: usize,
    sessions: usize,
    interactive: usize,
    best: Told,
}

/// How many keys a scenario types: those in the texts that `typist.py` is given, or those that `xdotool` is.
fn typed(name: &str) -> usize {
    let path = capture::folder().join("scenarios").join(name).with_extension("sh");
    let Ok(scenario) = std::fs::read_to_string(path) else { return 0 };
    let keys = |text: &str| {
        text.replace("\\n", ".").replace("\\x02", ".").replace("\\x7f", ".").replace("$PASSWORD", "correct-horse").len()
    };
    if let Some((_, rest)) = scenario.split_once("typist.py ") {
        let texts = rest.split("-- ").next().unwrap();
        return texts.split(['\'', '"']).skip(1).step_by(2).map(keys).sum();
    }
    let pressed = scenario.split_once("keys=(").map(|(_, rest)| rest.split(')').next().unwrap());
    pressed.map_or(0, |keys| keys.split(' ').count())
}

fn rows() -> Vec<Row> {
    let row = |path: &std::path::PathBuf| {
        let output = Command::new(env!("CARGO_BIN_EXE_tapline")).args(["-q", "-r"]).arg(path).output().unwrap();
        let mut told = sessions(&String::from_utf8(output.stdout).unwrap());
        told.retain(|told| told.session("transport") == "tcp");
        told.sort_by_key(|told| std::cmp::Reverse(told.session("src_pkts").parse::<u64>().unwrap()));
        let interactive = told.iter().filter(|told| !told.session("interactive").is_empty()).count();
        let (name, sessions) = (capture::name(path), told.len());
        let best = told.into_iter().max_by_key(|told| told.session("interactive").parse::<u64>().unwrap_or(0))?;
        Some(Row { typed: typed(&name), name, sessions, interactive, best })
    };
    capture::paths().iter().filter_map(row).collect()
}

fn table(rows: &[Row]) -> String {
    let mut text = String::from(
        "| capture | keys typed | called interactive | score | keystrokes told |\n| --- | --- | --- | --- | --- |\n",
    );
    let listed = |row: &&Row| row.typed > 0 || LOOK_ALIKES.contains(&&*row.name);
    for row in rows.iter().filter(listed) {
        let or_none = |value: &str| if value.is_empty() { "–".to_owned() } else { value.to_owned() };
        let (score, keystrokes) = (or_none(row.best.session("interactive")), or_none(row.best.session("keystrokes")));
        let called = format!("{} of {}", row.interactive, row.sessions);
        writeln!(text, "| {} | {} | {called} | {score} | {keystrokes} |", row.name, row.typed).unwrap();
    }
    text
}

#[test]
fn who_types_is_told_and_nobody_else() {
    let rows = rows();
    for row in &rows {
        let (score, told) =
            (row.best.session("interactive"), row.best.session("keystrokes").parse::<usize>().unwrap_or(0));
        if row.typed == 0 {
            assert_eq!(row.interactive, 0, "{}: nobody types, yet {score}", row.name);
        } else {
            assert_eq!(row.interactive, 1, "{}: somebody types in one session", row.name);
            let twice = if row.name.starts_with("vnc-") { 2 } else { 1 };
            assert!(
                told.abs_diff(row.typed) * 4 <= row.typed || told.abs_diff(row.typed * twice) * 4 <= row.typed * twice,
                "{}: {told} keys told, {} typed",
                row.name,
                row.typed
            );
        }
    }
    for name in LOOK_ALIKES {
        assert!(rows.iter().any(|row| row.name == *name), "{name} is no capture");
    }
}

#[test]
fn the_published_outcome_is_that_of_the_captures() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/DETECTION.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once("<!-- typing -->\n").unwrap();
    let (published, after) = rest.split_once("<!-- end -->").unwrap();
    let current = table(&rows());
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, format!("{before}<!-- typing -->\n{current}<!-- end -->{after}")).unwrap();
    } else {
        assert_eq!(published, current, "docs/DETECTION.md: write it anew with BLESS=1");
    }
}
