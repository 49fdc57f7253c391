//! Listening to interfaces, between network namespaces: real programs, replayed captures, signals, and what goes wrong on a tap.
//!
//! Each test has two hosts with a link of their own and a sensor at one end of it. Without the right to make namespaces, or without the
//! programs that are run, a test says so and passes.

// A helper that fails is a failing test.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::string_slice, clippy::unwrap_used)]

mod support;

use std::fs;
use std::io::Read;
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::time::{Duration, Instant};

use support::capture;
use support::net::{Net, Running, found, ip, is_event, number, run, status, told, until};
use support::told::{Told, differences, sessions};

#[test]
fn programs_are_told_and_what_is_open_at_the_end_too() {
    let Some(net) = Net::new(&["python3", "curl", "ping"]) else { return };
    fs::write(net.path("page"), vec![b'x'; 300_000]).unwrap();
    let _server = net.serve("python3", "-m http.server 8123", 8123);
    let sensor = net.sensor("--timeout tcp-closed=100ms,icmp=300ms");
    net.on("a", "ping", "-c 2 -i 0.2 10.98.0.2");
    net.on("a", "curl", "-s -o /dev/null http://10.98.0.2:8123/page");
    let asked = Instant::now();
    let page = sensor.wait_for("a page", |told| told.app() == "http");
    assert!(asked.elapsed() < Duration::from_secs(1), "a quiet link gives its lines within a second");
    assert_eq!((page.session("end"), page.values["http.status"].as_str()), ("fin", "200"));
    assert_eq!(page.values["file.size"], "300000", "packets longer than the link carries are taken whole");
    let ping = sensor.wait_for("a ping", |told| told.app() == "icmp");
    assert_eq!((ping.values["icmp.replies"].as_str(), ping.session("end")), ("2", "idle"));
    // A connection that nobody ends.
    let script = net.path("open.py");
    fs::write(
        &script,
        "import socket, time\ns = socket.create_connection(('10.98.0.2', 8123))\ns.send(b'GET /')\ntime.sleep(60)\n",
    )
    .unwrap();
    let _connection = Running(net.command("a", "python3", script.to_str().unwrap()).spawn().unwrap());
    until("the connection stands", || net.on("b", "ss", "-Htn").contains("ESTAB"));
    std::thread::sleep(Duration::from_millis(300));
    let process = sensor.child.0.id();
    let (told, said) = sensor.stop();
    assert!(told.iter().any(|told| told.session("transport") == "tcp" && told.session("end") == "shutdown"), "{said}");
    assert!(!told.iter().any(|told| told.session("flags").contains("checksum")), "the card would have filled it in");
    assert!(
        fs::read_to_string(net.path("lines"))
            .unwrap()
            .lines()
            .all(|line| line.contains(&format!(" tapline {process} ")))
    );
    let stop = told.last().unwrap();
    assert!(is_event("stop")(stop) && is_event("start")(&told[0]));
    assert_eq!(number(stop, "told") as usize, told.iter().filter(|told| told.msgid == "SESSION").count());
    assert_eq!((number(stop, "kernel_drops"), number(stop, "open_sessions")), (0, 0));
    assert!(
        status(stop, "complete_since") <= told[0].timestamp.as_str()
            && status(stop, "complete_until") > page.timestamp.as_str()
    );
}

#[test]
fn a_replayed_capture_is_told_as_the_file_is() {
    let Some(net) = Net::new(&["tcpreplay"]) else { return };
    let names = ["dns-records", "http-visits", "http-vxlan", "smb-oddport", "ssh-password", "ssh-vlan", "tls-13"];
    let mut files: Vec<String> =
        names.iter().map(|name| capture::folder().join(format!("{name}.pcap")).to_str().unwrap().to_owned()).collect();
    // One after the other, as they were recorded: names that were looked up in one are told in the next.
    files.sort_by_key(|file| u32::from_le_bytes(fs::read(file).unwrap()[24..28].try_into().unwrap()));
    let sensor = net.sensor("");
    net.on("a", "tcpreplay", &format!("-q -i eth0 --pps=3000 {}", files.join(" ")));
    std::thread::sleep(Duration::from_millis(300));
    let (told, _) = sensor.stop();
    let mut arguments = vec!["-q", "--hostname", "tap", "-o", "stdout:?limit=100000", "-r"];
    arguments.extend(files.iter().map(String::as_str));
    let replay = run(env!("CARGO_BIN_EXE_tapline"), &arguments);
    let replay = sessions(&String::from_utf8(replay.stdout).unwrap());
    // Everything that is told of time is another's time.
    let timed =
        ["session.id", "session.parent", "session.start", "session.duration", "session.rtt", "session.end", "text"];
    let by_ends = |told: &[Told]| {
        let mut all: Vec<(String, Told)> = told
            .iter()
            .filter(|told| told.msgid == "SESSION")
            .map(|told| {
                let ends = told.ends(|port| port);
                let (start, ends) = ends.split_once(' ').unwrap();
                ((ends.to_owned(), start.to_owned()), told.without(&timed))
            })
            .collect::<std::collections::BTreeMap<_, _>>()
            .into_iter()
            .map(|((ends, _), told)| (ends, told))
            .collect();
        all.iter_mut().for_each(|(_, told)| {
            told.timestamp.clear();
            told.values.retain(|name, _| !name.contains("rtt") && !name.contains("_ms") && !name.ends_with("time"));
        });
        all
    };
    let (live, file) = (by_ends(&told), by_ends(&replay));
    assert_eq!(live.len(), file.len());
    for ((live_ends, live), (file_ends, file)) in live.iter().zip(&file) {
        assert_eq!(live_ends, file_ends);
        assert_eq!(differences(file, live), [""; 0], "{live_ends}");
    }
}

#[test]
fn a_log_that_is_moved_away_is_begun_anew() {
    let Some(net) = Net::new(&["ping"]) else { return };
    let sensor = net.sensor("--timeout icmp=100ms");
    net.on("a", "ping", "-c 1 10.98.0.2");
    sensor.wait_for("the first ping", |told| told.app() == "icmp");
    fs::rename(net.path("lines"), net.path("lines.1")).unwrap();
    net.on("a", "ping", "-c 1 10.98.0.2");
    until("the second ping", || told(&net.path("lines.1")).iter().filter(|told| told.app() == "icmp").count() == 2);
    sensor.signal("HUP");
    until("a new file", || net.path("lines").exists());
    net.on("a", "ping", "-c 1 10.98.0.2");
    sensor.wait_for("the third ping", |told| told.app() == "icmp");
    let (new, _) = sensor.stop();
    let old = told(&net.path("lines.1"));
    let pings = |told: &[Told]| told.iter().filter(|told| told.app() == "icmp").count();
    assert_eq!((pings(&old), pings(&new)), (2, 1));
    assert!(old.iter().chain(&new).any(is_event("reopened")));
}

#[test]
fn an_interface_that_goes_and_comes_back_is_told_and_ends_nothing() {
    let Some(net) = Net::new(&["ping"]) else { return };
    let sensor = net.sensor("--timeout icmp=100ms");
    net.on("a", "ping", "-c 1 10.98.0.2");
    let is = |words: &'static str| move |told: &Told| status(told, "message").contains(words);
    ip(&format!("-n {} link set eth0 down", net.host("a")));
    let down = sensor.wait_for("it is down", is("eth0 is down"));
    assert_eq!((status(&down, "interface_state"), status(&down, "complete_since")), ("down", ""));
    ip(&format!("-n {} link set eth0 up", net.host("a")));
    sensor.wait_for("it is up", is("eth0 is up again"));
    ip(&format!("-n {} link del eth0", net.host("a")));
    sensor.wait_for("it is gone", is("eth0 is gone"));
    net.link();
    until("it is back", || sensor.told().iter().filter(|told| is("eth0 is up again")(told)).count() == 2);
    net.on("a", "ping", "-c 1 10.98.0.2");
    until("a ping on the new one", || sensor.told().iter().filter(|told| told.app() == "icmp").count() == 2);
    let (told, said) = sensor.stop();
    assert_eq!(status(told.last().unwrap(), "interface_state"), "up");
    assert!(said.contains("eth0 is gone") && said.contains("eth0 is up again"), "{said}");
}

#[test]
fn what_is_sent_is_received_or_counted_as_dropped() {
    let Some(net) = Net::new(&["tcpreplay"]) else { return };
    // A ring that is too small, and a worker that is stopped for a while: there will be drops.
    let mut sensor = net.sensor("--buffer 1MiB --workers 1");
    let file = capture::folder().join("http-visits.pcap");
    let send = format!("-q -i eth0 --topspeed --loop=4000 --duration=2 {}", file.display());
    sensor.signal("STOP");
    let half = net.on("a", "tcpreplay", &send);
    sensor.signal("CONT");
    let other = net.on("a", "tcpreplay", &send);
    std::thread::sleep(Duration::from_millis(500));
    sensor.signal("TERM");
    let (exit, said) = sensor.end();
    let told = sensor.told();
    let stop = told.last().unwrap();
    let sent = |said: &str| -> u64 {
        let words: Vec<&str> = said.split_whitespace().collect();
        let at = words.iter().position(|word| *word == "Successful").expect(said);
        words[at + 2].parse().expect(said)
    };
    // What the link itself lost between its ends never came to the sensor's.
    let link: u64 = net.on("a", "cat", "/sys/class/net/eth0/statistics/tx_dropped").trim().parse().unwrap();
    assert_eq!(number(stop, "discards"), link, "and is told all the same");
    let (frames, drops) = (number(stop, "frames"), number(stop, "kernel_drops"));
    assert_eq!(frames + drops, sent(&half) + sent(&other) - link, "{said}");
    assert!(drops > 0 && exit == Some(1), "{said}");
    let warning = told.iter().position(is_event("loss")).expect("a warning of loss");
    assert!(fs::read_to_string(net.path("lines")).unwrap().lines().nth(warning).unwrap().starts_with("<132>"));
    assert_eq!(number(stop, "packets") + number(stop, "not_ip"), frames);
}

/// Sends frames of a type that nobody knows: what type, how long, and how many.
const SENDER: &str = "
import socket, sys
sender = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
sender.bind(('eth0', 0))
frame = bytes.fromhex('0200000098' + '0b' + '0200000098' + '0a' + sys.argv[1]).ljust(int(sys.argv[2]), b'.')
for _ in range(int(sys.argv[3])):
    try:
        sender.send(frame)
    except OSError:
        pass
";

#[test]
fn what_is_lost_before_the_ring_is_told_at_once_for_its_interface() {
    let Some(net) = Net::new(&["python3", "curl"]) else { return };
    fs::write(net.path("send.py"), SENDER).unwrap();
    let send = |what: &str| net.on("a", "python3", &format!("send.py {what}"));
    // What is longer than the other end takes does not come as far as to a ring.
    let narrow = || ip(&format!("-n {} link set eth0 mtu 1500", net.host("b")));
    narrow();
    send("88b5 4000 2");
    let mut sensor = net.sensor("--status-interval 100ms --metrics 127.0.0.1:9477");
    send("88b5 100 4");
    let seen = sensor.wait_for("frames", |told| number(told, "frames") == 4);
    assert_eq!(
        (status(&seen, "discards"), status(&seen, "interface_discards")),
        ("0", "0"),
        "what was before does not count"
    );
    assert_eq!((status(&seen, "damaged"), status(&seen, "interface_damaged")), ("0", "0"));
    assert!(!status(&seen, "backlog_drops").is_empty());
    send("88b5 4000 5");
    let what = "packets are thrown away before they can be seen, ";
    let said = sensor.says();
    assert!(said.starts_with(&format!("tapline: {what}")), "{said}");
    sensor.wait_for("a warning", |told| is_event("loss")(told) && status(told, "message").starts_with(what));
    let lost = sensor.wait_for("all of it", |told| number(told, "discards") == 5);
    assert!(status(&lost, "complete_since") > seen.timestamp.as_str(), "not everything was seen until then");
    assert_eq!((status(&lost, "interface_discards"), number(&lost, "frames")), ("5", 4));
    // An interface that is made anew goes on where the one before ended.
    ip(&format!("-n {} link del eth0", net.host("a")));
    sensor.wait_for("it is gone", |told| status(told, "message").contains("eth0 is gone"));
    net.link();
    narrow();
    sensor.wait_for("it is back", |told| status(told, "message").contains("eth0 is up again"));
    send("88b5 4000 3");
    sensor.wait_for("more of it", |told| number(told, "discards") == 8);
    // A VLAN's frames that this host has no use for are counted by the kernel, and seen.
    send("8100000588b5 100 2");
    let told = sensor.wait_for("both", |told| (number(told, "discards"), number(told, "frames")) == (10, 6));
    assert_eq!((number(&told, "interface_drops"), number(&told, "kernel_drops")), (0, 0));
    let metrics = net.on("b", "curl", "-s http://127.0.0.1:9477/metrics");
    for line in [
        "tapline_interface_discards_total{interface=\"eth0\"} 10\n",
        "tapline_interface_damaged_total{interface=\"eth0\"} 0\n",
        "# TYPE tapline_backlog_drops_total counter\ntapline_backlog_drops_total ",
    ] {
        assert!(metrics.contains(line), "{metrics}");
    }
    sensor.signal("TERM");
    let (exit, said) = sensor.end();
    assert!(said.contains("\nwarning: eth0: 10 packets were thrown away by the driver or the kernel, "), "{said}");
    assert_eq!(exit, Some(1), "{said}");
}

#[test]
fn what_the_system_does_not_count_for_an_interface_is_no_zero() {
    let Some(net) = Net::new(&["ping"]) else { return };
    let sensor = net.sensor_at("b", "any", "--timeout icmp=100ms", &[]);
    net.on("a", "ping", "-c 1 10.98.0.2");
    sensor.wait_for("a ping", |told| told.app() == "icmp");
    sensor.signal("TERM");
    let stop = sensor.wait_for("the end", is_event("stop"));
    for name in ["interface_drops", "discards", "damaged", "interface_discards", "interface_damaged"] {
        assert_eq!(status(&stop, name), "", "{name}");
    }
    assert!(!status(&stop, "backlog_drops").is_empty() && number(&stop, "frames") >= 2);
}

#[test]
fn a_destination_that_stands_still_or_is_full_holds_up_nobody() {
    let Some(net) = Net::new(&["ping"]) else { return };
    let socket = net.path("socket");
    let _nobody_accepts = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    let others = format!("-o file:/dev/full -o unix:{} --timeout icmp=100ms --status-interval 10ms", socket.display());
    let mut sensor = net.sensor(&others);
    net.on("a", "ping", "-c 1 10.98.0.2");
    sensor.wait_for("a ping", |told| told.app() == "icmp");
    let full = sensor.wait_for("the full disk", is_event("destination"));
    assert!(status(&full, "message").contains("No space left"), "{full:?}");
    // What the socket takes without being read is a few hundred lines.
    until("the socket is full", || {
        let told = sensor.told();
        let queued = status(told.last().unwrap(), "destination_queued").rsplit(',').next().unwrap_or("").to_owned();
        queued.parse::<u64>().unwrap_or(0) > 2000
    });
    sensor.signal("TERM");
    std::thread::sleep(Duration::from_millis(700));
    let asked = Instant::now();
    sensor.signal("TERM");
    let (exit, said) = sensor.end();
    assert_eq!(exit, Some(1), "{said}");
    assert!(asked.elapsed() < Duration::from_secs(1), "a second signal stops at once");
    assert!(is_event("stop")(sensor.told().last().unwrap()), "the file has everything all the same");
}

/// Takes what comes by TCP and UDP, and adds it to files: datagrams with a line feed behind each.
const RECEIVER: &str = "
import socket, threading
listener = socket.create_server(('127.0.0.1', 601))
datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
datagrams.bind(('127.0.0.1', 514))
def take(socket, name, end):
    with open(name, 'wb', 0) as file:
        while part := socket.recv(1 << 20):
            file.write(part + end)
threading.Thread(target=take, args=(datagrams, 'by-udp', b'\\n')).start()
take(listener.accept()[0], 'by-tcp', b'')
";

#[test]
fn a_receiver_that_is_not_there_at_the_start_gets_every_line_once_it_is() {
    let Some(net) = Net::new(&["ping", "python3", "ss"]) else { return };
    net.hosts("127.0.0.1 localhost\n");
    let [datagrams, stream] = ["datagrams", "stream"].map(|name| net.path(name));
    let as_the_file = "limit=60000&sequence=no&framing=newline";
    let destinations = [
        format!("tcp://late.example:601?{as_the_file}"),
        "udp://late.example:514?limit=60000&sequence=no".to_owned(),
        format!("unix:{}?{as_the_file}", datagrams.display()),
        format!("unix:{}?{as_the_file}", stream.display()),
    ];
    let arguments = destinations.map(|to| format!(" -o {to}")).concat();
    let mut sensor = net.sensor(&format!("--status-interval 100ms --timeout icmp=100ms{arguments}"));
    let names = [
        "tcp://late.example:601".to_owned(),
        "udp://late.example:514".to_owned(),
        format!("unix:{}", datagrams.display()),
        format!("unix:{}", stream.display()),
    ];
    for (number, name) in names.iter().enumerate() {
        let said = sensor.says();
        let why = if number < 2 { "failed to lookup address information" } else { "No such file or directory" };
        assert!(said.starts_with(&format!("tapline: {name} can't be reached: {why}")), "{said}");
        assert!(
            said.contains("; it is tried again and again, and lines wait until then as long as the queue has room; ")
        );
    }
    net.on("a", "ping", "-c 1 10.98.0.2");
    let ping = sensor.wait_for("a ping", |told| told.app() == "icmp");
    let waits = sensor.wait_for("lines wait", |told| {
        status(told, "destination_queued").contains("0,") && told.timestamp > ping.timestamp
    });
    assert_eq!((status(&waits, "destination_lost"), number(&waits, "lines_failed")), ("0,0,0,0,0", 0));
    fs::write(net.path("receive.py"), RECEIVER).unwrap();
    let _receiver = net.serve("python3", "receive.py", 601);
    net.hosts("127.0.0.1 localhost late.example\n");
    let (by_datagrams, by_stream) = (UnixDatagram::bind(&datagrams).unwrap(), UnixListener::bind(&stream).unwrap());
    let taking = std::thread::spawn(move || {
        let mut all = Vec::new();
        let mut line = vec![0; 1 << 16];
        while let Ok(length @ 1..) = by_datagrams.recv(&mut line) {
            all.extend_from_slice(&line[..length]);
            all.push(b'\n');
        }
        all
    });
    let streaming = std::thread::spawn(move || {
        let mut all = Vec::new();
        by_stream.accept().unwrap().0.read_to_end(&mut all).unwrap();
        all
    });
    for name in &names {
        let again = format!("{name} takes lines again; lost so far: 0");
        sensor.wait_for(name, |told| output::decode(status(told, "message")) == again.as_bytes());
    }
    net.on("a", "ping", "-c 1 10.98.0.2");
    until("another ping", || sensor.told().iter().filter(|told| told.app() == "icmp").count() == 2);
    let (told, said) = sensor.stop();
    assert!(!said.contains("\nlost: "), "{said}");
    // A datagram of nothing is the end.
    UnixDatagram::unbound().unwrap().send_to(&[], &datagrams).unwrap();
    let all = fs::read(net.path("lines")).unwrap();
    assert!(all.len() > 10_000 && told.len() > 10);
    assert!(taking.join().unwrap() == all && streaming.join().unwrap() == all, "the same lines, each once");
    until("the same by TCP", || fs::read(net.path("by-tcp")).unwrap() == all);
    until("the same by UDP", || fs::read(net.path("by-udp")).unwrap() == all);
}

/// Each is told in one line that says what is wrong and what to do.
#[test]
fn what_can_t_be_done_is_refused_in_one_line() {
    let scratch = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        fs::write(scratch.path().join(name), text).unwrap();
        scratch.path().join(name).display().to_string()
    };
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = free.local_addr().unwrap().to_string();
    let unknown = file("unknown.toml", "[input]\ninterface = 'lo'\n[output]\nformta = 'json'\n");
    let wrong = file("wrong.toml", "[input]\ninterface = 'lo'\n[listening]\nbuffer = 'lots'\n");
    let list = file("list", "no list\n");
    let tapline = env!("CARGO_BIN_EXE_tapline");
    let refused = |command: &[&str], arguments: &str, words: &str| {
        let (program, before) = command.split_first().unwrap();
        let arguments: Vec<&str> = before.iter().copied().chain(arguments.split_whitespace()).collect();
        let output = run(program, &arguments);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(
            (output.status.code(), said.lines().count(), output.stdout.len()),
            (Some(2), 1, 0),
            "{arguments:?}: {said}"
        );
        assert!(said.starts_with("tapline: ") && said.contains(words), "{arguments:?}: {said}");
        let after = said.split_once(words).unwrap().1;
        assert!(
            words.contains("; ") || after.contains("; ") || words.contains("did you mean"),
            "and what to do? {said}"
        );
    };
    for (arguments, words) in [
        ("-i nowhere0", "interface 'nowhere0': there is none of that name; see"),
        ("-i lo -i nowhere0", "interface 'nowhere0': there is none of that name; see"),
        ("-i lo -r x", "cannot be used with"),
        ("-i lo -i lo", "the interface 'lo' stands twice"),
        ("-i lo --snaplen 3", "invalid value '3' for '--snaplen"),
        ("-i lo --buffer 900GiB", "invalid value '900GiB' for '--buffer <SIZE>': impossible; give a size from"),
        ("-i lo --metrics localhost", "no address and port; write it as 127.0.0.1:9477"),
        ("-c /nowhere", "/nowhere: can't be read: No such file"),
        (&format!("-c {unknown}"), "unknown.toml:4: there is no key 'formta' in [output]; did you mean 'format'?"),
        (&format!("-c {wrong}"), "wrong.toml:4: invalid value 'lots' for 'listening.buffer': no size; write it as"),
        (&format!("-i lo --services {list}"), "list: line 1: "),
    ] {
        refused(&[tapline], arguments, words);
    }
    if !nix::unistd::Uid::effective().is_root() {
        eprintln!("skipped: what only root gets as far as to be refused");
        return;
    }
    for (arguments, words) in [
        ("-i lo --filter prot", "filter 'prot': can't parse filter expression: syntax error; see"),
        (
            "-i lo -o file:/nowhere/at/all",
            "file:/nowhere/at/all: No such file or directory (os error 2); make the folder first",
        ),
        ("-i lo -o file:/", "Is a directory (os error 21); name a file inside that folder"),
        (&format!("-i lo -o unix:/{}", "long".repeat(40)), "path must be shorter than SUN_LEN; "),
        (
            "-i lo -o tls://127.0.0.1:1?ca=/nowhere/ca.pem",
            "/nowhere/ca.pem: No such file or directory (os error 2); name",
        ),
        (
            &format!("-i lo --metrics {taken}"),
            "Address already in use (os error 98); name another address with --metrics",
        ),
        ("-i lo --user no-such-user", "there is no user `no-such-user`; make it, or"),
    ] {
        refused(&[tapline], arguments, words);
    }
    if found("setpriv").is_none() {
        eprintln!("skipped: setpriv is not installed");
        return;
    }
    // As whoever has no right to listen.
    refused(
        &["setpriv", "--bounding-set=-net_raw", tapline],
        "-i lo",
        "Operation not permitted; capturing takes root or the capability CAP_NET_RAW",
    );
}
