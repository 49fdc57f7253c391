//! Real receivers take tapline's lines apart as tapline meant them: rsyslog with mmpstrucdata and syslog-ng, over UDP and TCP.

// A helper that fails is a failing test.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

mod receiving;
mod sample;

use receiving::*;

/// Every way there is without TLS.
fn ways(receiver: &Receiver) -> [String; 3] {
    let (udp, tcp) = (receiver.udp, receiver.tcp);
    [format!("udp://127.0.0.1:{udp}"), format!("udp://127.0.0.1:{udp}?limit=7900"), format!("tcp://127.0.0.1:{tcp}")]
}

#[test]
fn rsyslog_reads_what_was_meant() {
    let Some(program) = rsyslog() else {
        println!("skipped: rsyslogd is not installed (apt-get install rsyslog)");
        return;
    };
    let receiver = Receiver::start(|folder, udp, tcp| {
        let (at, ruleset) = (folder.display(), rsyslog_ruleset(folder));
        let configuration = format!(
            r#"global(workDirectory="{at}" maxMessageSize="8k" parser.escapeControlCharactersOnReceive="off")
module(load="imudp") module(load="imtcp") module(load="mmpstrucdata")
input(type="imudp" address="127.0.0.1" port="{udp}" ruleset="tapline")
input(type="imtcp" address="127.0.0.1" port="{tcp}" ruleset="tapline")
{ruleset}"#
        );
        (configuration, rsyslog_command(program, folder))
    });
    compare(&receiver, &ways(&receiver), elements_of_rsyslog);
}

#[test]
fn syslog_ng_reads_what_was_meant() {
    let Some((program, root)) = syslog_ng() else {
        println!("skipped: syslog-ng is not there (tests/install-receivers.sh unpacks it)");
        return;
    };
    let receiver = Receiver::start(|folder, udp, tcp| {
        let destination = syslog_ng_destination(folder);
        let configuration = format!(
            r#"@version: 3.38
options {{ keep-hostname(yes); time-zone("UTC"); frac-digits(6); log-msg-size(65536); stats-freq(0); }};
source tapline {{
    syslog(ip("127.0.0.1") port({udp}) transport("udp"));
    syslog(ip("127.0.0.1") port({tcp}) transport("tcp"));
}};
{destination}"#
        );
        (configuration, syslog_ng_command(&program, &root, folder))
    });
    compare(&receiver, &ways(&receiver), elements_of_syslog_ng);
}
