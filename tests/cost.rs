//! What a packet costs in instructions, which no busy machine changes: the whole program over a fixed set of captures, counted by
//! valgrind.
//!
//! `benches/instructions.txt` holds the figure; `BLESS=1 cargo test -p sensor --test cost` writes it anew, and the commit says why. Without
//! valgrind nothing is held to, and a line says so.

// A helper that fails is a failing test.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::string_slice, clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Conversations of the common kinds. What is added to pcaps/ later does not change the figure.
const CAPTURES: &[&str] = &[
    "dns-records.pcap",
    "dns-dnssec.pcap",
    "dns-tcp.pcap",
    "http-visits.pcap",
    "http-download.pcap",
    "http-upload.pcap",
    "http-loss.pcap",
    "http-gre.pcap",
    "icmp-ping.pcap",
    "smb-3.pcap",
    "smb-2.pcap",
    "ssh-password.pcap",
    "ssh-sftp.pcap",
    "tcp-scan.pcap",
    "tcp-refused.pcap",
    "tls-12.pcap",
    "tls-13.pcap",
    "tls-chain.pcap",
];

/// How far the figure may depart from what is held, in hundredths.
const TOLERANCE: u64 = 10;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name)
}

/// Instructions of the program, start and end included, and packets.
fn count() -> Option<(u64, u64)> {
    let version = Command::new("valgrind").arg("--version").stdout(Stdio::null()).status();
    if !version.is_ok_and(|status| status.success()) {
        return None;
    }
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(env!("CARGO_BIN_EXE_tapline"));
    command.args(["--workers=1", "--no-file-hash", "-o", "file:/dev/null", "-r"]);
    command.args(CAPTURES.iter().map(|name| folder("pcaps").join(name)));
    let told = String::from_utf8_lossy(&command.output().unwrap().stderr).into_owned();
    let instructions = told.lines().find_map(|line| line.split("Collected :").nth(1)?.trim().parse().ok());
    let packets = told.lines().find_map(|line| line.split(" packets,").next()?.replace(',', "").parse().ok());
    Some((instructions.unwrap_or_else(|| panic!("{told}")), packets.unwrap_or_else(|| panic!("{told}"))))
}

#[test]
fn a_packet_costs_as_many_instructions_as_before() {
    let Some((instructions, packets)) = count() else {
        return eprintln!("not held: valgrind is not installed");
    };
    let each = instructions / packets;
    let path = folder("benches/instructions.txt");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, format!("{each} instructions a packet, by the profile of tests\n")).unwrap();
    }
    let held: u64 = std::fs::read_to_string(&path).unwrap().split(' ').next().unwrap().parse().unwrap();
    let bounds = held - held * TOLERANCE / 100..=held + held * TOLERANCE / 100;
    assert!(
        bounds.contains(&each),
        "{each} instructions a packet, and {held} before: mend it, or bless it and say why"
    );
}
