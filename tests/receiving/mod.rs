//! Real receivers that run for a test, what is sent to them, and what they should have understood.
//!
//! rsyslogd is looked for where Debian puts it; syslog-ng there and in the folder that `tests/install-receivers.sh` fills, or that
//! `TAPLINE_RECEIVERS` names. A receiver that is not there is passed over, which is printed.

// Each test uses some of it, and a helper that fails is a failing test.
#![allow(dead_code, missing_docs, clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

use std::net::{TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::sample::*;
use dissectors::basics::Basics;
use dissectors::facts::{Facts, Value};
use dissectors::{Text, Timestamp};
use output::destination::Patience;
use output::{Destinations, Format, Identity, MsgId, Profile, Record, Renderer, read};
use serde_json::{Map, Value as Json};

/// How long a receiver has to start, and to write what it received.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A receiver that runs, and is stopped when the test is over.
pub struct Receiver {
    child: Child,
    command: Command,
    output: PathBuf,
    folder: tempfile::TempDir,
    pub udp: u16,
    pub tcp: u16,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Receiver {
    /// Starts a receiver with its configuration and waits until it listens.
    pub fn start(configure: impl FnOnce(&Path, u16, u16) -> (String, Command)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let udp = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let (configuration, mut command) = configure(folder.path(), udp, tcp);
        std::fs::write(folder.path().join("configuration"), configuration).unwrap();
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let child = command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap();
        let mut receiver = Self { child, command, output: folder.path().join("received"), udp, tcp, folder };
        receiver.wait_until_it_listens();
        receiver
    }

    fn wait_until_it_listens(&mut self) {
        let begun = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", self.tcp)).is_err() {
            let ended = self.child.try_wait().unwrap();
            if ended.is_some() || begun.elapsed() > PATIENCE {
                panic!("the receiver does not listen: {ended:?}\n{}", self.log());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// What it says of itself.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// Stops it in good order.
    pub fn stop(&mut self) {
        assert!(Command::new("kill").arg(self.child.id().to_string()).status().unwrap().success());
        self.child.wait().unwrap();
    }

    /// Starts it again.
    pub fn start_again(&mut self) {
        self.child = self.command.spawn().unwrap();
        self.wait_until_it_listens();
    }

    /// How many lines it has written.
    pub fn count(&self) -> usize {
        self.received().len()
    }

    /// Sends records, and gives what was received of them: a JSON object each.
    pub fn receive(&self, destination: &str, records: &[Facts]) -> Vec<Json> {
        let before = self.received().len();
        let mut destinations = Destinations::open(vec![destination.parse().unwrap()], Patience::REPLAY).unwrap();
        let mut renderer = Renderer::new(&Identity::new("tap"), destinations.profiles()[0]);
        let mut line = Vec::new();
        for facts in records {
            line.clear();
            let record = Record { msg_id: MsgId::Session, time: TIME, facts, severity: None };
            let rendered = renderer.render(&record, &mut line);
            assert!(destinations.write(0, &line, rendered).is_continue());
        }
        let (counters, reports) = destinations.close();
        assert_eq!((counters[0].1.sent, reports), (records.len() as u64, Vec::new()));
        let begun = Instant::now();
        loop {
            let received = self.received();
            if received.len() >= before + records.len() {
                assert_eq!(received.len(), before + records.len(), "more was received than sent");
                return received[before..].to_vec();
            }
            let came = received.len() - before;
            assert!(begun.elapsed() < PATIENCE, "{came} of {} came by {destination}\n{}", records.len(), self.log());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    pub fn received(&self) -> Vec<Json> {
        let text = std::fs::read_to_string(&self.output).unwrap_or_default();
        let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        whole.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
    }
}

/// Sessions with everything that a receiver could stumble over.
pub fn records() -> Vec<Facts> {
    let mut nasty = Facts::new();
    session(&mut nasty, "http");
    let mut out = nasty.element(&HTTP);
    out.list(
        &URI,
        ["/a,b?c=\"d\"&e=]\\n", "/%41 ü 世界", "/\r\n<13>1 - forged - - - -", ""]
            .map(|uri| Value::Bytes(uri.as_bytes())),
        0,
    );
    out.list(
        &USER_AGENT,
        [Value::Bytes(b"caf\xe9 \xff\x00\x1b[31m"), Value::Bytes("\u{202e}evil\u{85}\u{feff}".as_bytes())],
        3,
    );
    out.bytes(&VERSION, b"1.1 = [x");
    nasty.user(&Text::new(b"DOM\\alice"));
    let mut long = http(16);
    long.element(&OTHER).bytes(&LONG, &[b'l'; 1000]);
    let mut old = Facts::new();
    old.begin(Basics { start: Timestamp::from_nanos(1), ..basics("unknown") });
    vec![ssh(), nasty, long, old]
}

/// Elements, parameters and text of each record as the strict reader sees what was sent.
pub fn expected(records: &[Facts], destination: &str) -> Vec<(Map<String, Json>, String)> {
    let profile: Profile = destination.parse::<output::Spec>().unwrap().profile();
    assert_eq!(profile.format, Format::Rfc5424);
    let mut renderer = Renderer::new(&Identity::new("tap"), profile);
    let tell = |(number, facts): (usize, &Facts)| {
        let mut line = Vec::new();
        renderer.render(&Record { msg_id: MsgId::Session, time: TIME, facts, severity: None }, &mut line);
        let line = String::from_utf8(line).unwrap();
        let read = read::line(&line).unwrap();
        let mut elements = Map::new();
        elements.insert("meta".to_owned(), serde_json::json!({"sequenceid": (number + 1).to_string()}));
        for element in &read.elements {
            let params = element.params.iter().map(|(name, value)| ((*name).to_owned(), Json::from(value.as_ref())));
            elements.insert(element.id.to_owned(), params.collect::<Map<_, _>>().into());
        }
        (elements, read.text.unwrap_or_default().to_owned())
    };
    records.iter().enumerate().map(tell).collect()
}

/// What a receiver found in the structured data.
pub type Elements = fn(&Json) -> Map<String, Json>;

/// Sends everything by every way and compares what arrived field by field.
pub fn compare(receiver: &Receiver, destinations: &[String], elements: Elements) {
    for destination in destinations {
        let records = records();
        let received = receiver.receive(destination, &records);
        for ((received, facts), (sent, text)) in received.iter().zip(&records).zip(expected(&records, destination)) {
            assert_eq!(elements(received), sent, "by {destination}: {received}");
            assert_eq!(received["text"].as_str().unwrap().trim_start(), text);
            let severity = if facts.flags().is_empty() { "info" } else { "notice" };
            for (name, value) in [
                ("host", "tap"),
                ("app", "tapline"),
                ("msgid", "SESSION"),
                ("facility", "local0"),
                ("severity", severity),
            ] {
                assert_eq!(received[name], value, "{name} by {destination}");
            }
            assert_eq!(received["time"].as_str().unwrap().get(..26), Some("2026-11-22T15:05:32.000001"));
        }
    }
}

/// Where syslog-ng is: its program, and the folder that it was unpacked to.
pub fn syslog_ng() -> Option<(PathBuf, PathBuf)> {
    let unpacked = match std::env::var_os("TAPLINE_RECEIVERS") {
        Some(folder) => folder.into(),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/receivers"),
    };
    [PathBuf::from("/"), unpacked]
        .into_iter()
        .map(|root| (root.join("usr/sbin/syslog-ng"), root))
        .find(|(program, _)| program.exists())
}

/// How syslog-ng is started with the files of a folder.
pub fn syslog_ng_command(program: &Path, root: &Path, folder: &Path) -> Command {
    let libraries = ["usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu", "usr/lib/syslog-ng"]
        .map(|part| root.join(part).display().to_string())
        .join(":");
    let modules = std::fs::read_dir(root.join("usr/lib/syslog-ng")).unwrap();
    let modules = modules.map(|entry| entry.unwrap().path()).find(|path| path.join("libjson-plugin.so").exists());
    let mut command = Command::new(program);
    command
        .env("LD_LIBRARY_PATH", libraries)
        .args(["--foreground", "--no-caps", "--stderr"])
        .arg(format!("--module-path={}", modules.unwrap().display()))
        .arg("--cfgfile")
        .arg(folder.join("configuration"))
        .arg("--persist-file")
        .arg(folder.join("persist"))
        .arg("--pidfile")
        .arg(folder.join("pid"))
        .arg("--control")
        .arg(folder.join("control"));
    command
}

/// syslog-ng's source of elements, beside their number.
pub fn elements_of_syslog_ng(received: &Json) -> Map<String, Json> {
    // A dot in a name nests; SD-IDs have none. The name of the number keeps its capital here.
    let mut elements = received["_SDATA"].as_object().unwrap().clone();
    let number = elements["meta"]["sequenceId"].clone();
    elements.insert("meta".to_owned(), serde_json::json!({ "sequenceid": number }));
    elements
}

/// What syslog-ng does with what it has received.
pub fn syslog_ng_destination(folder: &Path) -> String {
    format!(
        r#"destination objects {{
    file("{}/received" template("$(format-json time=$ISODATE host=$HOST app=$PROGRAM msgid=$MSGID facility=$FACILITY severity=$LEVEL text=$MESSAGE --key .SDATA.*)\n"));
}};
log {{ source(tapline); destination(objects); }};
"#,
        folder.display()
    )
}

/// Where rsyslogd is.
pub fn rsyslog() -> Option<&'static str> {
    ["/usr/sbin/rsyslogd", "/sbin/rsyslogd"].into_iter().find(|path| Path::new(path).exists())
}

/// How rsyslogd is started with the files of a folder.
pub fn rsyslog_command(program: &str, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.arg("-n").arg("-f").arg(folder.join("configuration")).arg("-i").arg(folder.join("pid"));
    command
}

/// What rsyslog does with what it has received.
pub fn rsyslog_ruleset(folder: &Path) -> String {
    let at = folder.display();
    format!(
        r#"template(name="object" type="list") {{
    constant(value="{{\"time\":\"") property(name="timereported" dateFormat="rfc3339" date.inUTC="on")
    constant(value="\",") property(name="hostname" outname="host" format="jsonf")
    constant(value=",") property(name="app-name" outname="app" format="jsonf")
    constant(value=",") property(name="msgid" outname="msgid" format="jsonf")
    constant(value=",") property(name="syslogfacility-text" outname="facility" format="jsonf")
    constant(value=",") property(name="syslogseverity-text" outname="severity" format="jsonf")
    constant(value=",") property(name="msg" outname="text" format="jsonf")
    constant(value=",\"sd\":") property(name="$!rfc5424-sd")
    constant(value="}}\n")
}}
ruleset(name="tapline") {{
    action(type="mmpstrucdata")
    action(type="omfile" file="{at}/received" template="object")
}}
"#
    )
}

/// rsyslog's elements.
pub fn elements_of_rsyslog(received: &Json) -> Map<String, Json> {
    received["sd"].as_object().unwrap().clone()
}
