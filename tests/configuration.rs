//! Configuration files as an operator meets them: the example, a check, a run.

// A helper that fails is a failing test.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::string_slice, clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn tapline(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tapline")).current_dir(root()).args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// What a run that goes well writes.
fn fine(arguments: &[&str]) -> String {
    let output = tapline(arguments);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

/// A configuration file, gone at the end of the test.
fn file(content: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), content).unwrap();
    file
}

fn path(file: &tempfile::NamedTempFile) -> &str {
    file.path().to_str().unwrap()
}

/// A file that follows from the definitions of the options.
fn is_current(name: &str, current: &str) {
    let path = root().join(name);
    if std::env::var_os("BLESS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, current).unwrap();
    } else {
        assert!(std::fs::read_to_string(path).unwrap() == current, "{name}: write it anew with make docs");
    }
}

#[test]
fn the_example_is_what_the_options_say() {
    is_current("packaging/tapline.toml", &sensor::cli::example());
}

#[test]
fn the_manual_and_the_completions_are_what_the_options_say() {
    let manual = fine(&["man"]);
    for words in ["\\fB\\-r\\fR, \\fB\\-\\-read\\fR", "tcp\\-embryonic=30s", ".SH EXIT STATUS", "tapline check"] {
        assert!(manual.contains(words), "{words}: {manual}");
    }
    assert!(!manual.contains("fB\\-\\-redact"), "what is hidden is not told");
    is_current("packaging/man/tapline.1", &manual);
    for (shell, file) in [("bash", "tapline.bash"), ("zsh", "_tapline"), ("fish", "tapline.fish")] {
        let script = fine(&["completions", shell]);
        assert!(script.contains("community-id-seed") && script.contains("interfaces"), "{shell}");
        is_current(&format!("packaging/completions/{file}"), &script);
    }
}

#[test]
fn a_run_by_the_example_is_a_run_without_it() {
    let arguments = ["-q", "-r", "pcaps/http-visits.pcap"];
    let with = [&arguments[..], &["-c", "packaging/tapline.toml"]].concat();
    assert_eq!(fine(&with), fine(&arguments));
}

#[test]
fn a_file_says_what_options_say_and_options_override_it() {
    let file = file(
        "[input]\nread = 'pcaps/http-visits.pcap'\n[output]\nformat = 'json'\nno_redact = true\n\
         [syslog]\nhostname = 'tap-7'\n[messages]\nquiet = true\n",
    );
    let of_options =
        fine(&["-q", "-r", "pcaps/http-visits.pcap", "--format", "json", "--no-redact", "--hostname", "tap-7"]);
    assert_eq!(fine(&["-c", path(&file)]), of_options);
    assert!(of_options.contains("token=4711"));
    let overridden = fine(&["-c", path(&file), "-r", "pcaps/dns-records.pcap", "--format", "rfc5424"]);
    assert!(overridden.starts_with('<') && overridden.contains("app=\"dns\"") && !overridden.contains("app=\"http\""));
    // Where options stand makes no difference.
    assert_eq!(fine(&["--redact", "-c", path(&file)]), fine(&["-c", path(&file), "--redact"]));
    assert!(!fine(&["--redact", "-c", path(&file)]).contains("token=4711"));
}

#[test]
fn a_check_tells_what_a_file_comes_to() {
    let file = file("[input]\nread = ['a.pcap', '-']\n[sessions]\ntimeout.udp = '10s'\n[resources]\nworkers = 3\n");
    let told = fine(&["check", "-c", path(&file), "--workers", "2", "--timeout", "icmp=1s"]);
    for line in [
        "read = [\"a.pcap\", \"-\"]",
        "# filter = \"BPF\"",
        "destinations = [\"-\"]",
        "workers = 2",
        "timeout.udp = \"10s\"",
        "timeout.icmp = \"1s\"",
        "timeout.other = \"60s\"",
    ] {
        assert!(told.lines().any(|told| told == line), "{line}: {told}");
    }
    // It is a configuration itself, and comes to itself.
    let again = self::file(&told);
    assert_eq!(fine(&["check", "-c", path(&again)]), told);
}

#[test]
fn a_check_tells_everything_that_is_wrong() {
    let wrong = |content: &str, words: &[&str]| {
        let file = file(content);
        let output = tapline(&["check", "-c", path(&file)]);
        let error = text(&output.stderr);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{error}");
        assert_eq!(error.lines().count(), words.len(), "{error}");
        for (line, words) in error.lines().zip(words) {
            assert!(line.starts_with("tapline: ") && line.contains(words), "{words}: {error}");
        }
        // A run says the same.
        assert_eq!(text(&tapline(&["-c", path(&file)]).stderr), error);
    };
    wrong(
        "[input]\nraed = ['a']\n[outptu]\n",
        &[":2: there is no key 'raed' in [input]; did you mean 'read'?", ":3: "],
    );
    wrong(
        "[input]\nread = '-'\n[output]\ndestinations = ['nowhere']\n",
        &["destination `nowhere`: it has no kind; write"],
    );
    wrong("[output]\nformat = 'json'\n", &["nothing to read; "]);
    let file = file("[input]\nread = '-'\nfilter = 'prot 22'\n");
    let output = tapline(&["check", "-c", path(&file)]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("filter 'prot 22'"), "{}", text(&output.stderr));
    let output = tapline(&["check", "-c", "/nowhere/at/all"]);
    assert!(text(&output.stderr).starts_with("tapline: /nowhere/at/all: can't be read: "), "{}", text(&output.stderr));
}

#[test]
fn interfaces_are_told_for_people_and_programs() {
    let table = fine(&["interfaces"]);
    assert!(table.starts_with("NAME ") && table.lines().next().unwrap().ends_with("ADDRESSES"), "{table}");
    let all: serde_json::Value = serde_json::from_str(&fine(&["interfaces", "--format", "json"])).unwrap();
    let all = all.as_array().unwrap();
    assert_eq!(all.len() + 1, table.lines().count());
    for interface in all {
        assert!(table.contains(interface["name"].as_str().unwrap()));
        assert!(["up", "no carrier", "down"].contains(&interface["state"].as_str().unwrap()));
    }
}
