//! The whole program sends within TLS: replaying and listening, confined, to a receiver that goes, comes back, and changes.
//!
//! The receiver is `openssl s_server`, which writes down what it is sent; tests/receivers_tls.rs has those that understand it.
//! What can't be made here is said, and the test passes.

// A helper that fails is a failing test.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::string_slice, clippy::unwrap_used)]

mod certificates;
mod support;

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use certificates::Certificates;
use support::net::{Net, Running, Sensor, held, is_event, number, status, until};
use support::told::{Told, sessions};

const PORT: u16 = 6514;

fn capture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../pcaps/ssh-password.pcap")
}

fn tapline(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tapline")).args(arguments).stdin(Stdio::null()).output().unwrap()
}

/// Starts `openssl s_server`, by a command that has its address, with what it receives added to a file.
fn serve(mut command: Command, made: &Certificates, name: &str, received: &Path) -> Running {
    let file = |ending: &str| made.path(&format!("{name}.{ending}"));
    command.arg("-cert").arg(file("pem")).arg("-key").arg(file("key")).arg("-CAfile").arg(made.path("ca.pem"));
    command.args(["-Verify", "1", "-verify_return_error", "-quiet"]);
    let received = OpenOptions::new().append(true).create(true).open(received).unwrap();
    // It goes when nothing can be typed any more.
    Running(command.stdin(Stdio::piped()).stdout(received).stderr(Stdio::null()).spawn().unwrap())
}

/// The same on the second host, where it listens when this returns.
fn serve_on(net: &Net, made: &Certificates, name: &str) -> Running {
    let command = net.command("b", "openssl", &format!("s_server -accept 127.0.0.1:{PORT}"));
    let running = serve(command, made, name, &net.path("received"));
    until("the receiver listens", || net.on("b", "ss", "-Hltn").contains(&format!(":{PORT} ")));
    running
}

/// The lines of a stream that counts octets.
fn frames(path: &Path) -> Vec<String> {
    let bytes = fs::read(path).unwrap_or_default();
    let (mut rest, mut lines) = (bytes.as_slice(), Vec::new());
    while let Some(space) = rest.iter().position(|byte| *byte == b' ') {
        let length: usize = std::str::from_utf8(&rest[..space]).unwrap().parse().unwrap();
        let Some(line) = rest.get(space + 1..space + 1 + length) else { break };
        lines.push(String::from_utf8(line.to_vec()).unwrap());
        rest = &rest[space + 1 + length..];
    }
    lines
}

fn received(net: &Net) -> Vec<Told> {
    let text: String = frames(&net.path("received")).into_iter().map(|line| line + "\n").collect();
    sessions(&text)
}

fn is(words: &'static str) -> impl Fn(&Told) -> bool {
    move |told| status(told, "message").contains(words)
}

#[test]
fn a_replay_sends_what_it_would_write() {
    let Some(made) = Certificates::usual() else { return };
    let folder = made.folder();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut command = Command::new("openssl");
    command.args(["s_server", "-accept", &format!("127.0.0.1:{port}")]);
    let _receiver = serve(command, &made, "server", &made.path("received"));
    until("the receiver listens", || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
    let capture = capture().display().to_string();
    let plain = tapline(&["-q", "-r", &capture, "--hostname", "tap"]).stdout;
    let to = format!(
        "tls://localhost:{port}?sequence=no&ca={folder}/ca.pem&cert={folder}/client.pem&key={folder}/client.key"
    );
    for (turn, workers) in ["1", "2"].into_iter().enumerate() {
        let output = tapline(&["-r", &capture, "--hostname", "tap", "--workers", workers, "-o", &to]);
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        until("everything arrives", || frames(&made.path("received")).len() == turn + 1);
        assert_eq!(frames(&made.path("received"))[turn].clone() + "\n", String::from_utf8(plain.clone()).unwrap());
    }
}

#[test]
fn what_can_not_be_trusted_or_used_is_told_in_one_line_before_anything_is_read() {
    let Some(made) = Certificates::usual() else { return };
    made.client("old", "ca", -1);
    let folder = made.folder();
    let ca = format!("ca={folder}/ca.pem");
    for (options, told) in [
        (format!("ca={folder}/none.pem"), "none.pem: No such file or directory"),
        (format!("{ca}&cert={folder}/client.pem&key={folder}/stranger.key"), "does not belong to the certificate"),
        (format!("{ca}&cert={folder}/old.pem&key={folder}/old.key"), "the certificate has expired"),
    ] {
        let to = format!("tls://127.0.0.1:1?{options}");
        let config = made.path("tapline.toml");
        fs::write(&config, format!("[input]\nread = '/dev/null'\n[output]\ndestinations = '{to}'\n")).unwrap();
        for output in [
            tapline(&["-r", &capture().display().to_string(), "-o", &to]),
            tapline(&["check", "-c", config.to_str().unwrap()]),
        ] {
            let said = String::from_utf8(output.stderr).unwrap();
            assert_eq!((output.status.code(), output.stdout.len(), said.lines().count()), (Some(2), 0, 1), "{said}");
            assert!(
                said.starts_with("tapline: can't open the destination tls://127.0.0.1:1: ") && said.contains(told),
                "{said}"
            );
        }
    }
}

#[test]
fn whoever_trusts_everybody_is_reminded_of_it() {
    let Some(made) = Certificates::usual() else { return };
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut command = Command::new("openssl");
    command.args(["s_server", "-accept", &format!("127.0.0.1:{port}"), "-quiet"]);
    command.arg("-cert").arg(made.path("server.pem")).arg("-key").arg(made.path("server.key"));
    let received = File::create(made.path("received")).unwrap();
    let _receiver = Running(command.stdin(Stdio::piped()).stdout(received).stderr(Stdio::null()).spawn().unwrap());
    until("the receiver listens", || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
    let to = format!("tls://127.0.0.1:{port}?insecure=accept-any-certificate");
    let output = tapline(&["-r", &capture().display().to_string(), "-o", &to]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(
        said.starts_with(&format!("tapline: tls://127.0.0.1:{port} is INSECURE: any certificate is taken")),
        "{said}"
    );
}

fn ping(net: &Net, sensor: &Sensor) {
    let before = sensor.told().iter().filter(|told| told.app() == "icmp").count();
    net.on("a", "ping", "-c 1 10.98.0.2");
    until("the ping is told", || sensor.told().iter().filter(|told| told.app() == "icmp").count() > before);
}

fn pings(told: &[Told]) -> usize {
    told.iter().filter(|told| told.app() == "icmp").count()
}

#[test]
fn a_confined_sensor_finds_its_receiver_again_and_says_good_bye() {
    let Some(net) = Net::new(&["openssl", "ping", "ss", "curl"]) else { return };
    let Some(made) = Certificates::usual() else { return };
    let folder = made.folder();
    let mut receiver = serve_on(&net, &made, "server");
    let to = format!("tls://127.0.0.1?ca={folder}/ca.pem&cert={folder}/client.pem&key={folder}/client.key");
    let arguments =
        format!("--user nobody --status-interval 200ms --timeout icmp=100ms --metrics 127.0.0.1:9477 -o {to}");
    let sensor = net.sensor(&arguments);
    ping(&net, &sensor);
    until("the ping arrives", || pings(&received(&net)) == 1);
    let outlets = || sensor.threads().into_iter().filter(|(name, _)| name == "outlet").collect::<Vec<_>>();
    assert_eq!(outlets().len(), 2);
    for (_, of) in outlets() {
        assert_eq!(
            (held(&of, "Seccomp"), held(&of, "CapEff"), held(&of, "NoNewPrivs")),
            ("2", "0000000000000000", "1")
        );
    }
    drop(receiver);
    ping(&net, &sensor);
    ping(&net, &sensor);
    receiver = serve_on(&net, &made, "server");
    until("what waited arrives", || pings(&received(&net)) == 3);
    let again = "tapline_reconnects_total{destination=\"tls://127.0.0.1:6514\"} 1\n";
    until("it is counted", || net.on("b", "curl", "-s http://127.0.0.1:9477/metrics").contains(again));
    let (told, said) = sensor.stop();
    assert_eq!(pings(&told), 3, "{said}");
    until("the last word arrives", || received(&net).last().is_some_and(is_event("stop")));
    drop(receiver);
    // After the receiver came back no line is missing: their numbers say so.
    let numbers: Vec<u64> = received(&net).iter().map(|told| told.values["meta.sequenceId"].parse().unwrap()).collect();
    let gaps = numbers.windows(2).filter(|pair| pair[1] != pair[0] + 1).count();
    assert!(gaps <= 1, "only where the receiver died: {numbers:?}");
    let last = told.last().unwrap();
    assert!(status(last, "destination").contains("tls://127.0.0.1:6514"), "{last:?}");
    assert_eq!(number(last, "lines_failed"), 0);
}

#[test]
fn a_receiver_that_is_not_there_at_the_start_or_not_to_be_trusted_is_waited_for() {
    let Some(net) = Net::new(&["openssl", "ping", "ss"]) else { return };
    let Some(made) = Certificates::usual() else { return };
    made.server("moved", "other", "IP:127.0.0.1", 30);
    let folder = made.folder();
    let to = format!("tls://127.0.0.1?ca={folder}/ca.pem&cert={folder}/client.pem&key={folder}/client.key");
    let mut sensor = net.sensor(&format!("--user nobody --status-interval 200ms --timeout icmp=100ms -o {to}"));
    let said = sensor.says();
    assert!(
        said.starts_with("tapline: tls://127.0.0.1:6514 can't be reached: Connection refused (os error 111); "),
        "{said}"
    );
    ping(&net, &sensor);
    let stranger = serve_on(&net, &made, "moved");
    let said = sensor.says();
    assert!(
        said.contains("tls://127.0.0.1:6514 wait, ") && said.contains(" is not signed by a CA that is trusted: "),
        "{said}"
    );
    ping(&net, &sensor);
    drop(stranger);
    assert!(received(&net).is_empty(), "nobody else gets a line");
    let receiver = serve_on(&net, &made, "server");
    sensor.wait_for("it takes lines", is("tls://127.0.0.1:6514 takes lines again; lost so far: 0"));
    let (told, said) = sensor.stop();
    until("the last word arrives", || received(&net).last().is_some_and(is_event("stop")));
    drop(receiver);
    let numbers: Vec<u64> = received(&net).iter().map(|told| told.values["meta.sequenceId"].parse().unwrap()).collect();
    assert_eq!(numbers, (1..=told.len() as u64).collect::<Vec<_>>(), "every line, each once: {said}");
}

#[test]
fn a_sighup_reads_certificates_anew() {
    let Some(net) = Net::new(&["openssl", "ping", "ss"]) else { return };
    let Some(made) = Certificates::usual() else { return };
    made.server("moved", "other", "IP:127.0.0.1", 30);
    let folder = made.folder();
    let copy = |from: &str| {
        fs::copy(made.path(from), made.path("new")).unwrap();
        fs::rename(made.path("new"), made.path("trusted.pem")).unwrap();
    };
    copy("ca.pem");
    let receiver = serve_on(&net, &made, "server");
    let to = format!("tls://127.0.0.1?ca={folder}/trusted.pem&cert={folder}/client.pem&key={folder}/client.key");
    let mut sensor = net.sensor(&format!("--timeout icmp=100ms -o {to}"));
    ping(&net, &sensor);
    until("the ping arrives", || pings(&received(&net)) == 1);
    drop(receiver);
    let receiver = serve_on(&net, &made, "moved");
    ping(&net, &sensor);
    let told = sensor.says();
    let wait = "tapline: lines for tls://127.0.0.1:6514 wait, and are lost when the queue is full: the receiver's certificate (sha-256:";
    assert!(told.starts_with(wait) && told.contains("is not signed by a CA that is trusted: name its CA's"), "{told}");
    sensor.wait_for("it is told in a STATUS line too", is("is not signed by a CA that is trusted"));
    // What is wrong changes nothing, and is told.
    fs::write(made.path("trusted.pem"), "nothing").unwrap();
    sensor.signal("HUP");
    let wrong = sensor.wait_for("the answer", is_event("configuration"));
    let message = String::from_utf8(output::decode(status(&wrong, "message"))).unwrap();
    assert!(
        message.contains("trusted.pem: holds no certificate; ") && message.ends_with("stays as it was"),
        "{message}"
    );
    copy("other.pem");
    sensor.signal("HUP");
    let renewed = "the configuration was read anew: the content of the files of tls://127.0.0.1:6514 holds now";
    sensor.wait_for("they are read", is(renewed));
    ping(&net, &sensor);
    sensor.wait_for("it takes lines", is("tls://127.0.0.1:6514 takes lines again; lost so far: 0"));
    until("the pings arrive", || pings(&received(&net)) == 3);
    sensor.stop();
    drop(receiver);
}
