//! Every capture of `pcaps/` against the lines that must be told of it.
//!
//! `pcaps/NAME.lines` lies beside the capture. `BLESS=1 cargo test -p sensor --test captures` writes them anew; read the diff before
//! committing it. A protocol that is not dissected yet has its lines too: `app="unknown"`.

// A helper that fails is a failing test.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::string_slice, clippy::unwrap_used)]

mod support;

use std::fmt::Write;
use std::path::Path;

use assert_cmd::Command;
use support::capture;
use support::told::{Told, all_differences, sessions};

/// What the program says of captures.
fn lines(paths: &[&Path]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tapline"));
    command.args(["-q", "--hostname", "tap", "-r"]).args(paths);
    let output = command.assert().success().stderr("").get_output().clone();
    String::from_utf8(output.stdout).unwrap()
}

fn told(name: &str) -> Vec<Told> {
    let path = capture::paths().into_iter().find(|path| capture::name(path) == name).unwrap();
    sessions(&lines(&[&path]))
}

fn value<'t>(told: &'t Told, name: &str) -> &'t str {
    told.values.get(name).map_or("", String::as_str)
}

#[test]
fn each_capture_tells_its_lines() {
    let mut wrong = String::new();
    for path in capture::paths() {
        let expected_at = capture::folder().join(capture::name(&path)).with_extension("lines");
        let told = lines(&[&path]);
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(&expected_at, &told).unwrap();
        }
        let expected = std::fs::read_to_string(&expected_at).unwrap_or_default();
        if told == expected {
            continue;
        }
        writeln!(wrong, "{}:", capture::name(&path)).unwrap();
        let differences = all_differences(&sessions(&expected), &sessions(&told));
        if differences.is_empty() {
            // Same sessions, same parameters: it is their order, or something of the header.
            writeln!(wrong, "expected:\n{expected}\ntold:\n{told}").unwrap();
        }
        differences.iter().for_each(|line| writeln!(wrong, "{line}").unwrap());
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn no_lines_are_left_of_captures_that_are_gone() {
    for entry in std::fs::read_dir(capture::folder()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "lines") {
            let name = capture::name(&path);
            assert!(capture::paths().iter().any(|path| capture::name(path) == name), "{name}.lines has no capture");
        }
    }
}

#[test]
fn the_table_of_captures_tells_their_frames_and_bytes() {
    let readme = std::fs::read_to_string(capture::folder().join("README.md")).unwrap();
    let mut rows = 0;
    for path in capture::paths() {
        let start = format!("| {} |", capture::name(&path));
        let Some(row) = readme.lines().find(|line| line.starts_with(&start)) else { continue };
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let bytes = std::fs::metadata(&path).unwrap().len();
        assert_eq!(
            (cells[4], cells[5]),
            (&*capture::read(&path).frames.len().to_string(), &*bytes.to_string()),
            "{start}"
        );
        rows += 1;
    }
    assert!(rows > 0);
}

/// picture.png and source.tar.gz, as the scenarios have them.
const PICTURE: &str = "a5e6490b32bc4d3d0de7ef8856719c57b1cd725dca1b2d666f70cf320c30d7f5";
const ARCHIVE: &str = "b2007c91ada26c8a9c16853d4cd08a82f24e701a0d3d1ff651a8d775165a8f6a";

#[test]
fn downloads_and_uploads_have_the_digests_of_the_files_that_moved() {
    for name in ["http-download", "http-loss", "http-upload"] {
        let told = told(name);
        for (digest, size, mime) in [(PICTURE, "12420", "image/png"), (ARCHIVE, "10263", "application/gzip")] {
            let place = |told: &Told| value(told, "file.sha256").split(',').position(|found| found == digest);
            let Some((told, at)) = told.iter().find_map(|told| Some((told, place(told)?))) else {
                panic!("{name}: no file has {digest}");
            };
            let item = |field: &str| value(told, field).split(',').nth(at).map(str::to_owned);
            assert_eq!(item("file.size").as_deref(), Some(size), "{name}");
            assert_eq!(item("file.mime").as_deref(), Some(mime), "{name}");
        }
    }
}

#[test]
fn a_capture_on_an_odd_port_tells_its_protocol() {
    for (name, app) in [
        ("dns-oddport", "dns"),
        ("http-oddport", "http"),
        ("http-python", "http"),
        ("smb-oddport", "smb"),
        ("ssh-dropbear", "ssh"),
        ("ssh-password", "ssh"),
        ("ssh-sftp", "ssh"),
        ("tls-oddport", "tls"),
        ("tls-12-http2", "tls"),
    ] {
        let told = told(name);
        assert!(!told.is_empty() && told.iter().all(|told| told.app() == app), "{name}: {told:?}");
    }
}

#[test]
fn nobody_s_bytes_are_nobody_s_protocol() {
    for name in ["tcp-unknown", "tcp-nothing-said", "tcp-silent", "tcp-refused", "tcp-scan"] {
        assert!(told(name).iter().all(|told| told.app() == "unknown"), "{name}");
    }
}

#[test]
fn flags_tell_how_a_session_was_seen() {
    let flags = |name: &str| -> Vec<String> {
        told(name)
            .iter()
            .flat_map(|told| told.session("flags").split(',').map(str::to_owned).collect::<Vec<_>>())
            .collect()
    };
    let has = |name: &str, flag: &str| flags(name).iter().any(|known| known == flag);
    assert!(has("http-midstream", "midstream"));
    assert!(has("http-oneway", "oneway") && has("ssh-oneway", "oneway"));
    assert!(has("http-snaplen", "truncated"));
    assert!(has("dns-fragmented", "fragmented") && has("icmp-fragments", "fragmented"));
    assert!(has("tls-10", "weak_tls") && has("tls-expired", "expired") && has("tls-self-signed", "self_signed"));
    assert!(has("http-visits", "cleartext_password"));
    for path in capture::paths() {
        let name = capture::name(&path);
        for (flag, ends) in [("midstream", &["-midstream", "-oneway", "-rotated-2"][..]), ("oneway", &["-oneway"])] {
            assert!(ends.iter().any(|end| name.ends_with(end)) || !has(&name, flag), "{name} is {flag}?");
        }
    }
}

#[test]
fn bytes_that_were_seen_late_were_not_missed() {
    // The client has both files whole and every byte of them is in the capture, some of them late.
    for told in told("http-loss") {
        assert_eq!(value(&told, "session.missed"), "", "{told:?}");
    }
}

#[test]
fn an_icmp_error_names_the_session_it_speaks_of() {
    for name in ["icmp-unreachable", "icmp-traceroute", "icmp-ipv6"] {
        let told = told(name);
        for error in told
            .iter()
            .filter(|told| matches!(value(told, "icmp.type"), "3" | "11") || value(told, "icmpv6.type") == "1")
        {
            let about = value(error, "icmp.about").to_owned() + value(error, "icmpv6.about");
            assert!(told.iter().any(|told| told.session("id") == about), "{name}: {error:?}");
        }
    }
}

#[test]
fn a_session_spans_rotated_files() {
    let paths = ["http-rotated-2.pcap", "http-rotated-1.pcap"].map(|name| capture::folder().join(name));
    let told = sessions(&lines(&[&paths[0], &paths[1]]));
    assert_eq!(told.len(), 1);
    assert_eq!(value(&told[0], "http.requests"), "4");
    assert_eq!((told[0].session("state"), told[0].session("end"), told[0].session("flags")), ("SF", "fin", ""));
}

#[test]
fn the_envelope_of_a_capture_file_changes_nothing() {
    // One request each: nanoseconds, pcapng and gzip. Ports and times differ, and nothing else of what HTTP tells.
    let http = |name: &str| told(name)[0].without(&["session.", "text"]);
    let plain = http("http-nanoseconds");
    assert_eq!(value(&plain, "http.uri"), "/new.html");
    assert_eq!(http("http-pcapng").values, plain.values);
    assert_eq!(http("http-gzip").values, plain.values);
}
