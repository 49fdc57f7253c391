//! The program as a command: what it says, where lines go, and its exit status.

// A helper that fails is a failing test.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::string_slice, clippy::unwrap_used)]

mod support;

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use pnet::packet::ethernet::{EtherTypes, MutableEthernetPacket};
use pnet::packet::ip::IpNextHeaderProtocols;
use pnet::packet::ipv4::{self, MutableIpv4Packet};
use pnet::packet::tcp::{MutableTcpPacket, TcpFlags};
use support::capture::{self, Capture, Frame};
use support::told::{Told, sessions};

const SECOND: u64 = 1_000_000_000;

fn tapline(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tapline"));
    command.args(arguments);
    command
}

fn run(arguments: &[&str]) -> Output {
    tapline(arguments).stdin(Stdio::null()).output().unwrap()
}

fn pcap(name: &str) -> String {
    capture::folder().join(name).to_str().unwrap().to_owned()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// The sessions told of a run that went well.
fn told(arguments: &[&str]) -> Vec<Told> {
    let output = run(arguments);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    sessions(&text(&output.stdout))
}

/// The one line on standard error of a run that came to nothing.
fn refusal(arguments: &[&str]) -> String {
    let output = run(arguments);
    let error = text(&output.stderr);
    assert_eq!((output.status.code(), error.lines().count()), (Some(2), 1), "{arguments:?}: {error}");
    assert!(output.stdout.is_empty() && error.starts_with("tapline: "), "{error}");
    error
}

/// A folder for a test, with a file in it.
struct Scratch(tempfile::TempDir);

impl Scratch {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    fn file(&self, name: &str, bytes: &[u8]) -> String {
        fs::write(self.path(name), bytes).unwrap();
        self.path(name)
    }
}

#[test]
fn bad_input_is_refused_in_one_clear_line() {
    let scratch = Scratch::new();
    let ssh = pcap("ssh-key.pcap");
    let text_file = scratch.file("notes.txt", b"packets were here, once upon a time, they say");
    for (arguments, words) in [
        (vec!["-r", "/nowhere/at/all.pcap"], &["/nowhere/at/all.pcap", "No such file"][..]),
        (vec!["-r", &text_file], &["notes.txt", "no capture"]),
        (vec!["-r", &scratch.file("empty.pcap", b"")], &["empty.pcap", "is empty"]),
        (vec!["-r", &scratch.path("")], &["holds no capture"]),
        (vec!["-r", &ssh, "--filter", "prot 22"], &["filter 'prot 22'", "syntax error"]),
        (vec!["-r", &ssh, "--no-such-option"], &["--no-such-option"]),
        (vec!["-r", &ssh, "--memory", "lots"], &["lots", "512MiB"]),
        (vec!["-r", &ssh, "-o", "somewhere"], &["somewhere"]),
        (vec!["-r", &ssh, "-o", "file:/nowhere/at/all"], &["/nowhere/at/all", "No such file"]),
        (vec![], &["nothing to read"]),
    ] {
        if words[0] == "holds no capture" {
            fs::remove_file(scratch.path("empty.pcap")).unwrap();
            fs::remove_file(scratch.path("notes.txt")).unwrap();
        }
        let error = refusal(&arguments);
        assert!(words.iter().all(|word| error.contains(word)), "{arguments:?}: {error}");
    }
}

#[test]
fn a_file_cut_in_a_record_is_told_up_to_there() {
    let scratch = Scratch::new();
    let whole = fs::read(pcap("dns-records.pcap")).unwrap();
    let cut = scratch.file("cut.pcap", &whole[..whole.len() - 10]);
    let output = run(&["-r", &cut]);
    let error = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert!(error.contains("warning: ") && error.contains("cut.pcap: byte "), "{error}");
    // The last answer is cut off and all else is told.
    let before = told(&["-q", "-r", &pcap("dns-records.pcap")]);
    let after = sessions(&text(&output.stdout));
    assert_eq!(after.len(), before.len());
    let answered = |told: &[Told]| told.iter().filter(|told| told.session("end") == "answered").count();
    assert_eq!(answered(&after), answered(&before) - 1);
    // It is an error, so a quiet run tells it too.
    let quiet = run(&["-q", "-r", &cut]);
    assert_eq!((quiet.status.code(), text(&quiet.stderr).lines().count()), (Some(1), 1));
    assert_eq!(quiet.stdout, output.stdout);
}

#[test]
fn an_unknown_link_type_is_named() {
    let scratch = Scratch::new();
    let capture = Capture { link: 147, ..capture::named("ssh-key") };
    let output = run(&["-r", &scratch.file("user.pcap", &capture.pcap())]);
    let error = text(&output.stderr);
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(1), &b""[..]), "{error}");
    assert!(error.contains("link type 147"), "{error}");
    assert!(error.contains("left out: 44 packets unknown_link"), "{error}");
}

#[test]
fn a_folder_means_all_captures_in_it() {
    let scratch = Scratch::new();
    fs::create_dir(scratch.path("deeper")).unwrap();
    fs::copy(pcap("ssh-key.pcap"), scratch.path("deeper/a.pcap")).unwrap();
    fs::copy(pcap("tls-13.pcap"), scratch.path("b")).unwrap();
    scratch.file("notes.txt", b"no capture at all, but a text of some length");
    let apps = |told: Vec<Told>| told.iter().map(|told| told.app().to_owned()).collect::<Vec<_>>();
    assert_eq!(apps(told(&["-r", &scratch.path("")])), ["ssh", "tls"]);
    let output = run(&["-v", "-r", &scratch.path("")]);
    assert!(text(&output.stderr).contains("notes.txt"), "a verbose run tells what was passed over");
}

#[test]
fn standard_input_and_every_compression_give_the_same_lines() {
    let scratch = Scratch::new();
    let plain = fs::read(pcap("http-visits.pcap")).unwrap();
    let expected = run(&["-q", "--hostname", "tap", "-r", &pcap("http-visits.pcap")]).stdout;
    assert!(!expected.is_empty());
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gz.write_all(&plain).unwrap();
    let mut xz = liblzma::write::XzEncoder::new(Vec::new(), 6);
    xz.write_all(&plain).unwrap();
    let compressed =
        [("gz", gz.finish().unwrap()), ("zst", zstd::encode_all(&plain[..], 3).unwrap()), ("xz", xz.finish().unwrap())];
    for (name, bytes) in compressed.iter().map(|(name, bytes)| (*name, bytes)).chain([("plain", &plain)]) {
        let output = run(&["-q", "--hostname", "tap", "-r", &scratch.file(name, bytes)]);
        assert!(output.stdout == expected, "{name}: {}", text(&output.stderr));
        let mut child = tapline(&["-q", "--hostname", "tap", "-r", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(bytes).unwrap();
        assert!(child.wait_with_output().unwrap().stdout == expected, "{name} by standard input");
    }
}

#[test]
fn several_files_are_one_capture() {
    let (first, second) = (pcap("http-rotated-1.pcap"), pcap("http-rotated-2.pcap"));
    let expected = run(&["-q", "-r", &first, &second]).stdout;
    assert_eq!(sessions(&text(&expected)).len(), 1);
    assert_eq!(run(&["-q", "-r", &second, "-r", &first]).stdout, expected);
    let summary = text(&run(&["-r", &first, &second]).stderr);
    assert!(summary.contains("1 session") && summary.contains("from 2 files"), "{summary}");
}

#[test]
fn a_filter_leaves_packets_out_and_counts_them() {
    let output = run(&["-r", &pcap("tcp-unknown.pcap"), "--filter", "udp"]);
    let told = sessions(&text(&output.stdout));
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].session("transport"), "udp");
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stderr).contains("left out: 18 packets filtered"), "{}", text(&output.stderr));
}

#[test]
fn json_says_the_same_as_syslog() {
    let path = pcap("http-visits.pcap");
    let lines = told(&["-q", "-r", &path]);
    let output = run(&["-q", "--format", "json", "-r", &path]);
    let objects: Vec<serde_json::Value> =
        text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(objects.len(), lines.len());
    for (object, line) in objects.iter().zip(&lines) {
        assert_eq!(object["session"]["app"], line.app());
        assert_eq!(object["session"]["id"], line.session("id"));
        assert_eq!(object["session"]["src_port"].to_string(), line.session("src_port"));
        assert_eq!(object["http"]["requests"].to_string(), line.values["http.requests"]);
        assert_eq!(object["http"]["uri"].as_array().unwrap().len(), line.values["http.uri"].split(',').count());
    }
}

#[test]
fn every_destination_gets_every_line() {
    let scratch = Scratch::new();
    let stream = TcpListener::bind("127.0.0.1:0").unwrap();
    let datagrams = UdpSocket::bind("127.0.0.1:0").unwrap();
    datagrams.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let tcp = format!("tcp://{}", stream.local_addr().unwrap());
    let udp = format!("udp://{}", datagrams.local_addr().unwrap());
    let file = format!("file:{}", scratch.path("lines"));
    let receiver = std::thread::spawn(move || {
        let mut all = Vec::new();
        stream.accept().unwrap().0.read_to_end(&mut all).unwrap();
        all
    });
    let path = pcap("dns-records.pcap");
    let output = run(&["--hostname", "tap", "-r", &path, "-o", &file, "-o", &tcp, "-o", &udp, "-o", "-"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let expected = text(&output.stdout);
    let count = expected.lines().count();
    assert_eq!(count, 20);
    assert_eq!(fs::read_to_string(scratch.path("lines")).unwrap(), expected);
    // Octet counting: a length, a space, and so many bytes.
    let received = text(&receiver.join().unwrap());
    let mut rest = received.as_str();
    let mut ids = Vec::new();
    while let Some((length, after)) = rest.split_once(' ') {
        let (line, next) = after.split_at(length.parse().unwrap());
        let told = Told::of(line);
        assert_eq!(told.values["meta.sequenceId"], (ids.len() + 1).to_string());
        ids.push(told.session("id").to_owned());
        rest = next;
    }
    let expected_ids: Vec<String> = sessions(&expected).iter().map(|told| told.session("id").to_owned()).collect();
    assert_eq!(ids, expected_ids);
    let mut datagram = [0; 4096];
    for id in &expected_ids {
        let length = datagrams.recv(&mut datagram).unwrap();
        assert_eq!(Told::of(&text(&datagram[..length])).session("id"), id);
    }
    let summary = text(&output.stderr);
    assert_eq!(summary.matches("20 lines ").count(), 4, "{summary}");
}

#[test]
fn a_destination_that_refuses_is_told() {
    // Nobody listens at a port that was free a moment ago.
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let destination = format!("tcp://{address}");
    let output = run(&["-r", &pcap("dns-records.pcap"), "-o", &destination]);
    let error = text(&output.stderr);
    assert!(matches!(output.status.code(), Some(1 | 2)), "{error}");
    assert!(error.contains(&address.to_string()) && error.contains("refused"), "{error}");
    assert!(error.lines().all(|line| line.len() < 200), "{error}");
}

#[test]
fn a_full_disk_is_told() {
    for destination in ["file:/dev/full", "-"] {
        let mut command = tapline(&["-r", &pcap("dns-records.pcap"), "-o", destination]);
        command.stdout(File::options().write(true).open("/dev/full").unwrap());
        let output = command.output().unwrap();
        let error = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{destination}: {error}");
        assert!(error.contains("lost: 20 lines") && error.contains("No space left"), "{destination}: {error}");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let mut child = tapline(&["-r", capture::folder().to_str().unwrap(), "--filter", "ip or ip6 or vlan"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    let error = text(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{error}");
    assert!(!error.contains("roken pipe") && !error.contains("lost"), "{error}");
}

#[test]
fn help_and_version_go_to_standard_output() {
    for help in ["--help", "-h"] {
        let output = run(&[help]);
        assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0));
        let help = text(&output.stdout);
        assert!(["Examples:", "--read", "--output", "Exit status:"].iter().all(|word| help.contains(word)), "{help}");
        assert!(help.lines().all(|line| line.chars().count() <= 140), "{help}");
    }
    for version in ["--version", "-V"] {
        let output = run(&[version]);
        assert_eq!(text(&output.stdout), format!("tapline {}\n", env!("CARGO_PKG_VERSION")));
    }
}

#[test]
fn a_quiet_run_says_nothing_and_another_gives_an_account() {
    let path = pcap("ssh-key.pcap");
    assert_eq!(text(&run(&["-q", "-r", &path]).stderr), "");
    let account = text(&run(&["-r", &path]).stderr);
    assert!(account.contains("44 packets") && account.contains("1 session"), "{account}");
    assert!(account.contains("written: 1 line "), "{account}");
}

#[test]
fn an_active_timeout_gives_updates_of_open_sessions() {
    let lines = told(&["-q", "-r", &pcap("ssh-typing.pcap"), "--active-timeout", "2s"]);
    let (last, updates) = lines.split_last().unwrap();
    assert_eq!((last.msgid.as_str(), last.session("end")), ("SESSION", "fin"));
    assert!((3..=4).contains(&updates.len()), "{}", updates.len());
    let mut bytes = 0;
    for update in updates {
        assert_eq!((update.msgid.as_str(), update.session("id")), ("UPDATE", last.session("id")));
        assert_eq!((update.session("end"), update.app()), ("", "ssh"));
        let now = update.session("src_bytes").parse::<u64>().unwrap();
        assert!(now > bytes);
        bytes = now;
    }
}

#[test]
fn timeouts_end_silent_sessions() {
    let path = pcap("ssh-typing.pcap");
    assert_eq!(told(&["-q", "-r", &path]).len(), 1);
    let pieces = told(&["-q", "-r", &path, "--timeout", "tcp-established=500ms"]);
    assert!(pieces.len() > 1, "the pauses between words are longer");
    assert!(pieces[..pieces.len() - 1].iter().all(|told| told.session("end") == "idle"), "{pieces:?}");
    let ping = pcap("icmp-ping.pcap");
    assert_eq!(told(&["-q", "-r", &ping, "--timeout", "icmp=50ms,udp=1s"]).len(), 5);
}

#[test]
fn secrets_are_hidden_unless_asked_for() {
    let path = pcap("http-visits.pcap");
    let hidden = text(&run(&["-q", "-r", &path]).stdout);
    assert!(hidden.contains("token=*") && !hidden.contains("correct-horse"), "{hidden}");
    let shown = text(&run(&["-q", "--no-redact", "-r", &path]).stdout);
    assert!(!shown.contains("token=*") && shown.contains("token="), "{shown}");
}

#[test]
fn a_hash_that_is_left_out_for_the_size_of_its_file_is_counted() {
    let path = pcap("http-visits.pcap");
    let [whole, limited, never] = [&["--file-hash-limit=1MiB"], &["--file-hash-limit=100"], &["--no-file-hash"]]
        .map(|option| told(&[&["-q", "-r", path.as_str()], &option[..]].concat()).remove(0));
    let hashes = |told: &Told| {
        told.values.get("file.sha256").map_or(0, |list| list.split(',').filter(|it| !it.is_empty()).count())
    };
    assert_eq!([&whole, &limited, &never].map(hashes), [9, 5, 0]);
    assert_eq!([&whole, &limited, &never].map(|told| told.session("cut")), ["", "file.sha256:4", ""]);
    let sizes = |told: &Told| told.values.get("file.size").cloned();
    assert!(sizes(&whole).is_some() && sizes(&whole) == sizes(&limited) && sizes(&limited) == sizes(&never));
}

#[test]
fn a_list_of_services_adds_to_those_that_are_known() {
    let (scratch, path) = (Scratch::new(), pcap("tls-13.pcap"));
    assert!(told(&["-q", "-r", &path]).iter().all(|session| session.session("service").is_empty()));
    let list = scratch.file("services", b"# ours\nour-shop: example.com\n");
    assert!(told(&["-q", "-r", &path, "--services", &list]).iter().any(|it| it.session("service") == "our-shop"));
    let wrong = scratch.file("wrong", b"our-shop: example.com\nour shop: example.net\n");
    assert!(refusal(&["-r", &path, "--services", &wrong]).contains("wrong: line 2: `our shop`"));
    assert!(refusal(&["-r", &path, "--services", &scratch.path("none")]).contains("--services"));
}

/// A SYN from the `nth` of many hosts and ports to one, built by pnet.
fn syn(nth: u32) -> Vec<u8> {
    let mut bytes = vec![0; 14 + 20 + 20];
    let mut ethernet = MutableEthernetPacket::new(&mut bytes).unwrap();
    ethernet.set_ethertype(EtherTypes::Ipv4);
    let mut ip = MutableIpv4Packet::new(&mut bytes[14..]).unwrap();
    ip.set_version(4);
    ip.set_header_length(5);
    ip.set_total_length(40);
    ip.set_ttl(64);
    ip.set_next_level_protocol(IpNextHeaderProtocols::Tcp);
    ip.set_source((0x0a00_0000 + nth / 100).into());
    ip.set_destination([192, 0, 2, 1].into());
    let checksum = ipv4::checksum(&ip.to_immutable());
    ip.set_checksum(checksum);
    let mut tcp = MutableTcpPacket::new(&mut bytes[34..]).unwrap();
    tcp.set_source(1024 + (nth % 100) as u16);
    tcp.set_destination(80);
    tcp.set_sequence(nth);
    tcp.set_data_offset(5);
    tcp.set_flags(TcpFlags::SYN);
    tcp.set_window(1024);
    bytes
}

#[test]
fn a_flood_stays_within_the_memory_and_is_told_whole() {
    const SYNS: u32 = 150_000;
    let begin = 1_800_000_000 * SECOND;
    let frames = (0..SYNS).map(|nth| Frame::whole(begin + u64::from(nth) * 1000, syn(nth))).collect();
    let scratch = Scratch::new();
    let flood = Capture { name: "flood".to_owned(), link: 1, frames };
    let path = scratch.file("flood.pcap", &flood.pcap());
    for workers in ["1", "2"] {
        let output = run(&["-r", &path, "--memory", "16MiB", "--workers", workers]);
        let error = text(&output.stderr);
        let lines = text(&output.stdout);
        assert_eq!(lines.lines().count(), SYNS as usize, "{error}");
        assert_eq!(output.status.code(), Some(1), "{error}");
        assert!(error.contains("sessions were ended early") && error.contains("--memory"), "{error}");
        let evicted = lines.lines().filter(|line| line.contains(r#" end="evicted""#)).count();
        assert!(evicted > SYNS as usize / 2, "{evicted}");
        // The account tells the same number.
        let told: String = error.lines().find(|line| line.contains("ended early")).unwrap().into();
        assert!(told.contains(&evicted.to_string()), "{told}, {evicted}");
    }
    let plenty = run(&["-r", &path, "--memory", "1GiB"]);
    assert_eq!(plenty.status.code(), Some(0), "{}", text(&plenty.stderr));
}

#[test]
fn names_of_files_cannot_break_a_line_of_the_account() {
    let scratch = Scratch::new();
    let path: PathBuf = Path::new(&scratch.path("a\nb\u{1b}[31m.pcap")).to_owned();
    fs::write(&path, b"no capture, and a name that plays tricks").unwrap();
    let error = refusal(&["-r", path.to_str().unwrap()]);
    assert!(!error.contains('\u{1b}'), "{error}");
}
