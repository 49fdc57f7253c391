//! Real receivers of syslog over TLS: rsyslog with GnuTLS and with OpenSSL, and syslog-ng. Every line arrives and is understood, both
//! sides know whom they speak with, and whoever is not who it says gets nothing.

// A helper that fails is a failing test.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

mod certificates;
mod receiving;
mod sample;

use std::path::Path;
use std::time::{Duration, Instant};

use certificates::Certificates;
use output::destination::Patience;
use output::{Destinations, Rendered};
use receiving::*;

/// Where Debian has rsyslog's modules, whatever the machine.
fn has_driver(driver: &str) -> bool {
    let folders = ["x86_64-linux-gnu/rsyslog", "aarch64-linux-gnu/rsyslog", "rsyslog"];
    folders.iter().any(|folder| Path::new("/usr/lib").join(folder).join(format!("lmnsd_{driver}.so")).exists())
}

/// rsyslog that takes lines from senders whose certificate its CA has signed, and that is for `client`; or from everybody.
fn start_rsyslog(driver: &str, made: &Certificates, mutual: bool) -> Option<Receiver> {
    let (Some(program), true) = (rsyslog(), has_driver(driver)) else {
        let package = if driver == "gtls" { "rsyslog-gnutls" } else { "rsyslog-openssl" };
        println!("skipped: rsyslog's driver {driver} is not installed (apt-get install rsyslog {package})");
        return None;
    };
    Some(Receiver::start(|folder, _, port| {
        let (at, ruleset, certificates) = (folder.display(), rsyslog_ruleset(folder), made.folder());
        let senders = if mutual { r#"x509/name" permittedPeer=["client"] "# } else { r#"anon" "# };
        let configuration = format!(
            r#"global(workDirectory="{at}" maxMessageSize="8k" parser.escapeControlCharactersOnReceive="off"
    defaultNetstreamDriverCAFile="{certificates}/ca.pem"
    defaultNetstreamDriverCertFile="{certificates}/server.pem"
    defaultNetstreamDriverKeyFile="{certificates}/server.key")
module(load="imtcp" streamDriver.name="{driver}" streamDriver.mode="1" streamDriver.authMode="{senders})
module(load="mmpstrucdata")
input(type="imtcp" address="127.0.0.1" port="{port}" ruleset="tapline")
{ruleset}"#
        );
        (configuration, rsyslog_command(program, folder))
    }))
}

/// The same of syslog-ng.
fn start_syslog_ng(made: &Certificates, mutual: bool) -> Option<Receiver> {
    let Some((program, root)) = syslog_ng() else {
        println!("skipped: syslog-ng is not there (tests/install-receivers.sh unpacks it)");
        return None;
    };
    Some(Receiver::start(|folder, _, port| {
        let (destination, certificates) = (syslog_ng_destination(folder), made.folder());
        let senders = if mutual { "required-trusted" } else { "optional-untrusted" };
        let configuration = format!(
            r#"@version: 3.38
options {{ keep-hostname(yes); time-zone("UTC"); frac-digits(6); log-msg-size(65536); stats-freq(0); }};
source tapline {{
    syslog(ip("127.0.0.1") port({port}) transport("tls")
        tls(cert-file("{certificates}/server.pem") key-file("{certificates}/server.key")
            ca-file("{certificates}/ca.pem") peer-verify({senders})));
}};
{destination}"#
        );
        (configuration, syslog_ng_command(&program, &root, folder))
    }))
}

fn refused(destination: &str, words: &[&str]) {
    let patience = Patience { keeps: false, ..Patience::LIVE };
    let error = Destinations::open(vec![destination.parse().unwrap()], patience).expect_err(destination).to_string();
    assert!(words.iter().all(|word| error.contains(word)) && !error.contains('\n'), "{destination}: {error}");
}

/// Sends lines before and after a receiver is started again.
fn restart(receiver: &mut Receiver, destination: &str) {
    const LINES: usize = 500;
    const HEAD: &str = "<134>1 2026-11-22T15:05:32.000001Z tap tapline - SESSION ";
    let before = receiver.count();
    let mut destinations = Destinations::open(vec![destination.parse().unwrap()], Patience::REPLAY).unwrap();
    let mut send = |lines: std::ops::Range<usize>| {
        for number in lines {
            let line = format!("{HEAD}[session@32473 id=\"{number}\"] line {number}");
            let _ = destinations.write(0, line.as_bytes(), Rendered { sd_at: HEAD.len(), cut: false });
        }
        let _ = destinations.flush();
    };
    let arrived = |receiver: &Receiver, lines: usize| {
        let begun = Instant::now();
        while receiver.count() < before + lines {
            assert!(begun.elapsed() < PATIENCE, "{} of {lines} came\n{}", receiver.count() - before, receiver.log());
            std::thread::sleep(Duration::from_millis(50));
        }
    };
    send(0..LINES);
    arrived(receiver, LINES);
    receiver.stop();
    std::thread::scope(|scope| {
        // These find nobody, and wait.
        scope.spawn(|| send(LINES..2 * LINES));
        std::thread::sleep(Duration::from_millis(500));
        receiver.start_again();
    });
    let (counters, reports) = destinations.close();
    let counters = counters[0].1;
    assert_eq!((counters.sent, counters.failed, reports), (2 * LINES as u64, 0, Vec::new()));
    assert!(counters.reconnects >= 1);
    arrived(receiver, 2 * LINES);
    let ids: Vec<String> =
        receiver.received()[before..].iter().map(|line| line["text"].as_str().unwrap().trim().to_owned()).collect();
    assert_eq!(ids, (0..2 * LINES).map(|number| format!("line {number}")).collect::<Vec<_>>());
}

/// What is asked of every receiver.
fn try_all(made: &Certificates, others: &[&str], start: impl Fn(bool) -> Option<Receiver>, elements: Elements) {
    let Some(mut receiver) = start(true) else { return };
    let folder = made.folder();
    let tls = |receiver: &Receiver, options: &str| {
        format!("tls://127.0.0.1:{}?{}", receiver.tcp, options.replace("{}", &folder))
    };
    let own = "cert={}/client.pem&key={}/client.key";
    let mutual = tls(&receiver, &format!("ca={{}}/ca.pem&{own}"));
    let pinned = tls(&receiver, &format!("fingerprint={}&{own}", made.fingerprint("server")));
    compare(&receiver, &[mutual.clone(), pinned], elements);
    refused(&tls(&receiver, &format!("ca={{}}/other.pem&{own}")), &["is not signed by a CA that is trusted"]);
    refused(
        &tls(&receiver, &format!("ca={{}}/ca.pem&name=log.example&{own}")),
        &["is not for log.example, but for localhost"],
    );
    refused(
        &tls(&receiver, &format!("fingerprint={}&{own}", made.fingerprint("client"))),
        &["is not the one whose fingerprint was given"],
    );
    refused(&tls(&receiver, "ca={}/ca.pem"), &["; give the certificate that the receiver wants with cert=FILE"]);
    for other in others {
        let shown = format!("ca={{}}/ca.pem&cert={{}}/{other}.pem&key={{}}/{other}.key");
        refused(
            &tls(&receiver, &shown),
            &["; give a certificate (cert=FILE) that is valid and of a CA that the receiver trusts"],
        );
    }
    restart(&mut receiver, &mutual);
    // Without certificates of senders.
    let Some(receiver) = start(false) else { return };
    compare(&receiver, &[tls(&receiver, "ca={}/ca.pem&name=siem.example")], elements);
}

#[test]
fn rsyslog_with_gnutls_takes_lines_from_whom_it_knows() {
    let Some(made) = Certificates::usual() else { return };
    made.client("guest", "ca", 30);
    try_all(&made, &["stranger", "guest"], |mutual| start_rsyslog("gtls", &made, mutual), elements_of_rsyslog);
}

#[test]
fn rsyslog_with_openssl_takes_lines_from_whom_it_knows() {
    let Some(made) = Certificates::usual() else { return };
    // Names of senders it does not always look at: what certificates they show is all that can be relied upon.
    try_all(&made, &["stranger"], |mutual| start_rsyslog("ossl", &made, mutual), elements_of_rsyslog);
}

#[test]
fn syslog_ng_takes_lines_from_whom_it_knows() {
    let Some(made) = Certificates::usual() else { return };
    try_all(&made, &["stranger"], |mutual| start_syslog_ng(&made, mutual), elements_of_syslog_ng);
}
