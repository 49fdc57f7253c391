//! Listening to interfaces, between network namespaces: real programs, replayed captures, signals, and what goes wrong on a tap.
//!
//! Each test has two hosts with a link of their own and a sensor at one end of it. Without the right to make namespaces, or without the
//! programs that are run, a test says so and passes.

// A helper that fails is a failing test.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::string_slice, clippy::unwrap_used)]

mod support;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use support::capture;
use support::told::{Told, differences, sessions};

/// How long anything is waited for.
const PATIENCE: Duration = Duration::from_secs(15);

fn run(program: &str, arguments: &[&str]) -> Output {
    Command::new(program).args(arguments).stdin(Stdio::null()).output().expect(program)
}

fn ip(arguments: &str) {
    let output = run("ip", &arguments.split(' ').collect::<Vec<_>>());
    assert!(output.status.success(), "ip {arguments}: {}", String::from_utf8_lossy(&output.stderr));
}

fn until(what: &str, mut is: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is() {
        assert!(start.elapsed() < PATIENCE, "in vain: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Two hosts, 10.98.0.1 and 10.98.0.2, each a namespace with `eth0`, and a folder.
struct Net {
    name: String,
    folder: tempfile::TempDir,
}

impl Net {
    /// Makes them; says why, where that is not possible.
    fn new(programs: &[&str]) -> Option<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        for program in programs.iter().chain(&["ip"]) {
            let found = std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())
                .any(|folder| folder.join(program).exists());
            if !found {
                eprintln!("skipped: {program} is not installed");
                return None;
            }
        }
        let name = format!("tapline{}x{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let net = Self { folder: tempfile::tempdir().unwrap(), name };
        let made = run("ip", &["netns", "add", &net.host("a")]);
        if !made.status.success() {
            eprintln!("skipped: no namespace can be made: {}", String::from_utf8_lossy(&made.stderr));
            return None;
        }
        ip(&format!("netns add {}", net.host("b")));
        for host in ["a", "b"] {
            // Nothing but the test's own packets shall be on the link.
            let quiet = ["net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1"];
            assert!(
                run("ip", &["netns", "exec", &net.host(host), "sysctl", "-qw", quiet[0], quiet[1]]).status.success()
            );
        }
        net.link();
        Some(net)
    }

    fn host(&self, host: &str) -> String {
        format!("{}{host}", self.name)
    }

    /// Puts the link between them.
    fn link(&self) {
        let (a, b) = (self.host("a"), self.host("b"));
        ip(&format!("link add eth0 netns {a} mtu 9000 type veth peer name eth0 netns {b} mtu 9000"));
        for (host, address, mac, peer, peer_mac) in [(&a, "1", "0a", "2", "0b"), (&b, "2", "0b", "1", "0a")] {
            ip(&format!("-n {host} link set eth0 address 02:00:00:00:98:{mac}"));
            ip(&format!("-n {host} addr add 10.98.0.{address}/24 dev eth0"));
            ip(&format!("-n {host} link set eth0 up"));
            ip(&format!(
                "-n {host} neigh replace 10.98.0.{peer} lladdr 02:00:00:00:98:{peer_mac} dev eth0 nud permanent"
            ));
        }
        until("the link has a carrier", || {
            [&a, &b].iter().all(|host| {
                String::from_utf8_lossy(&run("ip", &["-n", host, "link", "show", "eth0"]).stdout).contains("state UP")
            })
        });
    }

    /// A command on one of the hosts.
    fn command(&self, host: &str, program: &str, arguments: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.host(host), program]).args(arguments.split_whitespace());
        command.stdin(Stdio::null()).current_dir(self.folder.path());
        command
    }

    /// A command that has to go well.
    fn on(&self, host: &str, program: &str, arguments: &str) -> String {
        let output = self.command(host, program, arguments).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{program} {arguments}: {said}");
        said.into_owned()
    }

    /// A server on the second host.
    fn serve(&self, program: &str, arguments: &str, port: u16) -> Running {
        let child = self.command("b", program, arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let running = Running(child);
        until("the server listens", || self.on("b", "ss", "-Hltn").contains(&format!(":{port} ")));
        running
    }

    /// A sensor on the second host, which listens when this returns. Its lines go to `lines`.
    fn sensor(&self, arguments: &str) -> Sensor {
        let all = format!("-i eth0 -o file:{}?limit=100000 --hostname tap {arguments}", self.path("lines").display());
        let mut command = self.command("b", env!("CARGO_BIN_EXE_tapline"), &all);
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut first = String::new();
        stderr.read_line(&mut first).unwrap();
        assert_eq!(first, "tapline: listening to eth0\n", "{all}");
        Sensor { child: Running(child), stderr, lines: self.path("lines") }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

impl Drop for Net {
    fn drop(&mut self) {
        for host in ["a", "b"] {
            let _ = run("ip", &["netns", "del", &self.host(host)]);
        }
    }
}

/// A program that ends with its test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

struct Sensor {
    child: Running,
    stderr: BufReader<std::process::ChildStderr>,
    lines: PathBuf,
}

impl Sensor {
    fn signal(&self, name: &str) {
        assert!(run("kill", &["-s", name, &self.child.0.id().to_string()]).status.success());
    }

    /// The lines so far.
    fn told(&self) -> Vec<Told> {
        told(&self.lines)
    }

    fn wait_for(&self, what: &str, is: impl Fn(&Told) -> bool) -> Told {
        let mut found = None;
        until(what, || {
            found = self.told().into_iter().find(|told| is(told));
            found.is_some()
        });
        found.unwrap()
    }

    /// Its exit status and everything it said.
    fn end(&mut self) -> (Option<i32>, String) {
        let mut said = String::new();
        while self.stderr.read_line(&mut said).unwrap() > 0 {}
        (self.child.0.wait().unwrap().code(), said)
    }

    /// Ends it in good order.
    fn stop(mut self) -> (Vec<Told>, String) {
        self.signal("TERM");
        let (status, said) = self.end();
        assert_eq!(status, Some(0), "{said}");
        (self.told(), said)
    }
}

/// The whole lines of a file.
fn told(path: &Path) -> Vec<Told> {
    let text = fs::read_to_string(path).unwrap_or_default();
    sessions(&text[..text.rfind('\n').map_or(0, |end| end + 1)])
}

fn status<'t>(told: &'t Told, name: &str) -> &'t str {
    told.values.get(&format!("status.{name}")).map_or("", String::as_str)
}

fn number(told: &Told, name: &str) -> u64 {
    status(told, name).parse().unwrap_or(0)
}

fn is_event(event: &'static str) -> impl Fn(&Told) -> bool {
    move |told| told.msgid == "STATUS" && status(told, "event") == event
}

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
    let (frames, drops) = (number(stop, "frames"), number(stop, "kernel_drops"));
    assert_eq!(frames + drops, sent(&half) + sent(&other) - link, "{said}");
    assert!(drops > 0 && exit == Some(1), "{said}");
    let warning = told.iter().position(is_event("loss")).expect("a warning of loss");
    assert!(fs::read_to_string(net.path("lines")).unwrap().lines().nth(warning).unwrap().starts_with("<132>"));
    assert_eq!(number(stop, "packets") + number(stop, "not_ip"), frames);
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

#[test]
fn what_can_t_be_listened_to_is_refused_in_one_line() {
    for (arguments, words) in [
        (vec!["-i", "nowhere0"], "interface nowhere0: there is none of that name"),
        (vec!["-i", "lo", "-r", "x"], "cannot be used with"),
    ] {
        let output = run(env!("CARGO_BIN_EXE_tapline"), &arguments);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), said.lines().count()), (Some(2), 1), "{said}");
        assert!(said.contains(words), "{said}");
    }
}
