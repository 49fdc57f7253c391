//! A sensor that runs for months: what it keeps of its rights, what it tells of itself, and what operators do to it.
//!
//! Between network namespaces, as tests/live.rs; what can't be made here is said, and the test passes.

// A helper that fails is a failing test.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::string_slice, clippy::unwrap_used)]

mod support;

use std::fs;
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use support::net::{Net, Running, Sensor, held, ip, is_event, number, run, status, told, until};
use support::told::Told;

/// `CapEff` with CAP_NET_RAW alone.
const NET_RAW: &str = "0000000000002000";
/// `CapEff` without any capability.
const NONE: &str = "0000000000000000";
/// Bytes by which the memory of a sensor may grow that has nothing more to do: what allocators keep.
const SLACK: u64 = 8 << 20;

fn is(words: &'static str) -> impl Fn(&Told) -> bool {
    move |told| status(told, "message").contains(words)
}

fn count(sensor: &Sensor, is: impl Fn(&Told) -> bool) -> usize {
    sensor.told().iter().filter(|told| is(told)).count()
}

#[test]
fn what_sees_packets_has_no_right_and_one_thread_has_one() {
    let Some(net) = Net::new(&["ping"]) else { return };
    let sensor = net.sensor("--user nobody --workers 2 --metrics 127.0.0.1:9477 --timeout icmp=100ms");
    let names = ["keeper", "metrics", "monitor", "outlet", "tapline", "tapline", "tapline", "tapline"];
    let named = || {
        let mut all: Vec<String> = sensor.threads().into_iter().map(|(name, _)| name).collect();
        all.sort();
        all
    };
    until("all threads run: reader, two workers and writer are called as the program is", || named() == names);
    for (name, of) in sensor.threads() {
        let kept = if name == "keeper" { NET_RAW } else { NONE };
        for (set, expected) in
            [("CapEff", kept), ("CapPrm", kept), ("CapInh", NONE), ("CapBnd", NONE), ("CapAmb", NONE)]
        {
            assert_eq!(held(&of, set), expected, "{set} of {name}");
        }
        assert_eq!((held(&of, "NoNewPrivs"), held(&of, "Seccomp")), ("1", "2"), "{name}");
        assert_eq!((held(&of, "Groups"), held(&of, "Uid").contains("0\t")), ("", false), "{name}: {of}");
        // Two filters are everybody's; those that see packets have one more, by which they neither open files nor make sockets.
        let filters = held(&of, "Seccomp_filters").parse().unwrap_or(3);
        assert!(if name == "tapline" { filters >= 3 } else { filters == 2 }, "{name}: {filters}");
    }
    // What the keeper keeps is enough.
    ip(&format!("-n {} link del eth0", net.host("a")));
    sensor.wait_for("it is gone", is("eth0 is gone"));
    net.link();
    sensor.wait_for("it is back", is("eth0 is up again"));
    net.on("a", "ping", "-c 1 10.98.0.2");
    sensor.wait_for("a ping on the new one", |told| told.app() == "icmp");
    let (told, _) = sensor.stop();
    assert_eq!(number(told.last().unwrap(), "kernel_drops"), 0);
}

#[test]
fn a_file_outside_of_its_folders_is_not_opened_even_for_root() {
    let Some(net) = Net::new(&[]) else { return };
    let outside = tempfile::tempdir().unwrap();
    // Without Landlock a verbose run says so.
    let lines = net.path("probe");
    let probe = net.command("b", env!("CARGO_BIN_EXE_tapline"), &format!("-v -r - -o file:{}", lines.display()));
    let said = { probe }.output().unwrap().stderr;
    if String::from_utf8_lossy(&said).contains("Landlock") {
        eprintln!("skipped: this kernel has no Landlock");
        return;
    }
    let sensor = net.sensor("--status-interval 100ms");
    fs::rename(net.path("lines"), net.path("lines.1")).unwrap();
    std::os::unix::fs::symlink(outside.path().join("lines"), net.path("lines")).unwrap();
    sensor.signal("HUP");
    until("it is denied, and the old file goes on", || {
        let told = told(&net.path("lines.1"));
        told.iter().any(is("stays the old file: Permission denied")) && told.last().is_some_and(is_event("interval"))
    });
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
    fs::remove_file(net.path("lines")).unwrap();
    sensor.signal("HUP");
    sensor.wait_for("a new file", is_event("interval"));
    sensor.stop();
}

#[test]
fn metrics_say_what_the_status_line_says_while_packets_flow() {
    let Some(net) = Net::new(&["ping", "curl"]) else { return };
    let sensor = net.sensor("--metrics 127.0.0.1:9477 --status-interval 100ms --timeout icmp=200ms --workers 2");
    let scrape = || net.on("b", "curl", "-s http://127.0.0.1:9477/metrics");
    let of = |text: &str, name: &str| -> u64 {
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        value.unwrap_or_else(|| panic!("no {name} in {text}")).parse().unwrap()
    };
    let pings = net.command("a", "ping", "-q -c 60 -i 0.02 10.98.0.2").stdout(std::process::Stdio::null()).spawn();
    let mut pings = Running(pings.unwrap());
    let mut frames = Vec::new();
    while pings.0.try_wait().unwrap().is_none() {
        frames.push(of(&scrape(), "tapline_frames_total"));
    }
    frames.dedup();
    assert!(frames.len() > 3 && frames.is_sorted(), "{frames:?}");
    sensor.wait_for("the pings", |told| told.app() == "icmp");
    // Once nothing moves any more the two are one.
    let pairs = [
        ("tapline_frames_total", "frames"),
        ("tapline_packets_total", "packets"),
        ("tapline_wire_bytes_total", "bytes"),
        ("tapline_sessions_opened_total", "opened"),
        ("tapline_sessions_told_total", "told"),
        ("tapline_open_sessions", "open_sessions"),
        ("tapline_kernel_drops_total{interface=\"eth0\"}", "kernel_drops"),
        ("tapline_interface_drops_total{interface=\"eth0\"}", "interface_drops"),
        ("tapline_session_memory_bytes", "session_memory"),
    ];
    let mut last = Vec::new();
    until("metrics and STATUS agree", || {
        let (text, told) = (scrape(), sensor.told());
        let line = told.iter().rev().find(|told| is_event("interval")(told)).unwrap();
        last = pairs.map(|(metric, name)| (name, of(&text, metric), number(line, name))).to_vec();
        last.iter().all(|(_, metric, status)| metric == status) && last.contains(&("open_sessions", 0, 0))
    });
    let value = |name| last.iter().find(|(of, ..)| *of == name).unwrap().1;
    assert!(value("frames") >= 120 && value("told") >= 1 && value("open_sessions") == 0, "{last:?}");
    assert!(scrape().contains("tapline_interface_up{interface=\"eth0\"} 1\n"));
    let (told, _) = sensor.stop();
    let load = |name| -> Vec<u64> {
        status(told.last().unwrap(), name).split(',').map(|percent| percent.parse().unwrap()).collect()
    };
    assert_eq!((load("worker_busy").len(), load("reader_busy").len()), (2, 1));
    assert!(load("worker_busy").iter().chain(&load("reader_busy")).all(|percent| *percent < 50), "it mostly waits");
}

/// Puts another file in the place of the old one, as editors do.
fn replace(path: &std::path::Path, text: &str) {
    let new = path.with_extension("new");
    fs::write(&new, text).unwrap();
    fs::rename(new, path).unwrap();
}

#[test]
fn a_sighup_takes_what_may_change_and_tells_what_waits() {
    let Some(net) = Net::new(&["python3", "curl"]) else { return };
    fs::create_dir(net.path("etc")).unwrap();
    let (config, list) = (net.path("etc/tapline.toml"), net.path("etc/services"));
    fs::write(net.path("page"), "a page").unwrap();
    fs::write(&list, "# none yet\n").unwrap();
    let services = format!("services = '{}'", list.display());
    fs::write(&config, format!("[syslog]\npen = 100\n[output]\n{services}\n")).unwrap();
    let _server = net.serve("python3", "-m http.server 8080", 8080);
    let arguments = format!("-c {} --timeout tcp-closed=100ms --workers 2", config.display());
    let mut sensor = net.sensor(&arguments);
    let mut pages = 0;
    let mut page = |sensor: &Sensor| -> (Told, String) {
        pages += 1;
        let ask = format!("-s -o /dev/null -H Host:shop.example http://10.98.0.2:8080/page?token=4711&nr={pages}");
        net.on("a", "curl", &ask);
        let is_this =
            |told: &Told| told.values.get("http.uri").is_some_and(|uri| uri.ends_with(&format!("nr={pages}")));
        let told = sensor.wait_for("a page", is_this);
        let text = fs::read_to_string(&sensor.lines).unwrap();
        (told, text.lines().find(|line| line.contains(&format!("nr={pages}\""))).unwrap().to_owned())
    };
    let (told, line) = page(&sensor);
    assert!(line.starts_with("<134>1 ") && line.contains("[http@100 "), "{line}");
    assert!(told.values["http.uri"].contains("token=*") && told.session("service").is_empty(), "{line}");

    let mut turn = 0;
    let mut reload = |sensor: &mut Sensor| -> String {
        turn += 1;
        sensor.signal("HUP");
        until("an answer", || count(sensor, is_event("configuration")) == turn);
        let answer = sensor.told().into_iter().rfind(is_event("configuration")).unwrap();
        let message = String::from_utf8(output::decode(status(&answer, "message"))).unwrap();
        assert_eq!(sensor.says(), format!("tapline: {message}\n"));
        message
    };
    replace(
        &config,
        &format!(
            "[input]\nfilter = 'tcp'\n[syslog]\npen = 200\nseverity = 'debug'\n[resources]\nworkers = 7\nmemory = '2GiB'\n\
             [output]\nno_redact = true\n{services}\n"
        ),
    );
    fs::write(&list, "shop: shop.example\n").unwrap();
    assert_eq!(
        reload(&mut sensor),
        "the configuration was read anew: output.no_redact, syslog.pen, syslog.severity, output.services hold now; input.filter, \
         resources.memory wait for a restart"
    );
    let (told, line) = page(&sensor);
    assert!(line.starts_with("<135>1 ") && line.contains("[http@200 "), "{line}");
    assert!(told.values["http.uri"].contains("token=4711") && told.session("service") == "shop", "{line}");
    // What waits goes on waiting, and is told again.
    assert!(reload(&mut sensor).ends_with("input.filter, resources.memory wait for a restart"));

    replace(&config, "[syslog]\nfacilty = 3\n[outptu]\n");
    let wrong = reload(&mut sensor);
    assert!(
        wrong.contains("tapline.toml:2: there is no key 'facilty' in [syslog]; did you mean 'facility'? (and 1 more; "),
        "{wrong}"
    );
    assert!(wrong.ends_with("; the configuration stays as it was"), "{wrong}");
    fs::remove_file(&config).unwrap();
    assert!(reload(&mut sensor).contains("can't be read: No such file"));
    replace(&config, &format!("[syslog]\npen = 300\n[output]\n{services}\n"));
    fs::write(&list, "no list\n").unwrap();
    assert!(reload(&mut sensor).contains("services: line 1: "));
    let (told, line) = page(&sensor);
    assert!(line.contains("[http@200 ") && told.session("service") == "shop", "nothing of what is wrong holds: {line}");
    let answers: Vec<String> = fs::read_to_string(&sensor.lines)
        .unwrap()
        .lines()
        .filter(|line| line.contains("event=\"configuration\""))
        .map(|line| line[..5].to_owned())
        .collect();
    assert_eq!(answers, ["<133>", "<133>", "<132>", "<132>", "<132>"], "what is wrong is a warning");

    replace(&config, "[messages]\nquiet = true\n");
    fs::rename(net.path("lines"), net.path("lines.1")).unwrap();
    sensor.signal("HUP");
    until("an answer in the new file", || count(&sensor, is_event("configuration")) == 1);
    let (told, said) = sensor.stop();
    assert!(!told.is_empty() && said.is_empty(), "it is quiet now: {said}");
}

#[test]
fn systemd_hears_of_a_run_of_a_reload_and_of_the_end() {
    let Some(net) = Net::new(&[]) else { return };
    let path = net.path("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let environment = [("NOTIFY_SOCKET", path.to_str().unwrap()), ("WATCHDOG_USEC", "1500000")];
    let sensor = net.sensor_at("b", "eth0", "", &environment);
    let hear = || {
        let mut told = [0; 256];
        let length = socket.recv(&mut told).unwrap();
        String::from_utf8_lossy(&told[..length]).into_owned()
    };
    assert_eq!(hear(), "READY=1\n");
    // A sign of life needs the reader's: twice, so that it was due in between.
    assert_eq!((hear(), hear()), ("WATCHDOG=1\n".to_owned(), "WATCHDOG=1\n".to_owned()));
    sensor.signal("HUP");
    let without_signs = || std::iter::repeat_with(hear).find(|told| told != "WATCHDOG=1\n").unwrap();
    assert!(without_signs().starts_with("RELOADING=1\nMONOTONIC_USEC="));
    assert_eq!(without_signs(), "READY=1\n");
    sensor.signal("TERM");
    assert_eq!(without_signs(), "STOPPING=1\n");
}

/// Listens once, and writes what comes into a file.
const RECEIVER: &str = "
import socket
connection = socket.create_server(('127.0.0.1', 601)).accept()[0]
with open('received', 'wb', 0) as file:
    while part := connection.recv(1 << 16):
        file.write(part)
";

#[test]
fn what_names_are_looked_up_in_may_be_made_anew() {
    let Some(net) = Net::new(&["python3", "unshare", "ss"]) else { return };
    // An /etc of the sensor's own, in which a file is put in the place of another, as when a network comes up.
    let etc = net.path("etc");
    fs::create_dir(&etc).unwrap();
    for name in ["passwd", "group", "nsswitch.conf"] {
        fs::copy(format!("/etc/{name}"), etc.join(name)).unwrap();
    }
    fs::write(etc.join("hosts"), "127.0.0.1 localhost\n").unwrap();
    let lines = net.path("lines");
    let run = format!(
        "mount --bind {} /etc && exec {} -i eth0 -o file:{} -o tcp://late.example:601 --user nobody --status-interval 100ms",
        etc.display(),
        env!("CARGO_BIN_EXE_tapline"),
        lines.display()
    );
    fs::write(net.path("run"), run).unwrap();
    let sensor = Running(net.command("b", "unshare", "-m sh run").stderr(std::process::Stdio::null()).spawn().unwrap());
    let waits =
        || told(&lines).iter().any(is("late.example:601 can't be reached: failed to lookup address information"));
    until("it is told", waits);
    let status = |name: &str| {
        let tasks = fs::read_dir(format!("/proc/{}/task", sensor.0.id())).unwrap();
        let named = |task: &std::path::Path| fs::read_to_string(task.join("comm")).unwrap_or_default().trim() == name;
        let task = tasks.map(|task| task.unwrap().path()).find(|task| named(task)).expect("a thread of that name");
        fs::read_to_string(task.join("status")).unwrap()
    };
    let of = status("resolver");
    for (what, expected) in
        [("CapEff", NONE), ("CapPrm", NONE), ("CapInh", NONE), ("NoNewPrivs", "1"), ("Seccomp", "2")]
    {
        assert_eq!(held(&of, what), expected, "{what}");
    }
    fs::write(net.path("receive.py"), RECEIVER).unwrap();
    let _receiver = net.serve("python3", "receive.py", 601);
    replace(&etc.join("hosts"), "127.0.0.1 localhost late.example\n");
    until("it is found", || fs::read(net.path("received")).is_ok_and(|received| !received.is_empty()));
}

/// A file system of 64 KiB, unmounted at the end of its test.
struct Disk(std::path::PathBuf);

impl Disk {
    fn new(path: std::path::PathBuf) -> Option<Self> {
        fs::create_dir(&path).unwrap();
        let mounted = run("mount", &["-t", "tmpfs", "-o", "size=64k", "tmpfs", path.to_str().unwrap()]);
        if !mounted.status.success() {
            eprintln!("skipped: no file system can be mounted: {}", String::from_utf8_lossy(&mounted.stderr));
            return None;
        }
        Some(Self(path))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        run("umount", &["-l", self.0.to_str().unwrap()]);
    }
}

#[test]
fn a_disk_that_is_full_for_a_while_loses_lines_that_are_counted_and_none_is_torn() {
    let Some(net) = Net::new(&[]) else { return };
    let Some(disk) = Disk::new(net.path("disk")) else { return };
    let (log, ballast) = (disk.0.join("lines"), disk.0.join("ballast"));
    fs::write(&ballast, vec![0; 32 << 10]).unwrap();
    let mut sensor = net.sensor(&format!("--status-interval 20ms -o file:{}?limit=4001", log.display()));
    // Opened anew it is a file of a confined program.
    sensor.signal("HUP");
    sensor.wait_for("it is opened anew", is_event("reopened"));
    sensor.wait_for("the disk is full", is("are being lost: No space left"));
    sensor.wait_for("a warning of loss", is("lines are being lost"));
    fs::remove_file(&ballast).unwrap();
    let again = sensor.wait_for("there is room", is("takes lines again; lost so far: "));
    assert!(number(&again, "lines_failed") > 0, "{again:?}");
    sensor.signal("TERM");
    let (exit, said) = sensor.end();
    assert_eq!(exit, Some(1), "{said}");
    // Each line of the file is whole, and all that are missing are counted.
    let (whole, all) = (told(&log), sensor.told());
    assert!(fs::read_to_string(&log).unwrap().ends_with('\n'));
    let lost: usize = said
        .lines()
        .find_map(|line| line.strip_prefix("lost: ")?.split(' ').next()?.replace(',', "").parse().ok())
        .unwrap_or_else(|| panic!("{said}"));
    assert_eq!(whole.len() + lost, all.len(), "{said}");
}

#[test]
fn an_interface_that_is_down_at_the_beginning_is_waited_for() {
    let Some(net) = Net::new(&["ping"]) else { return };
    ip(&format!("-n {} link set eth0 down", net.host("b")));
    let sensor = net.sensor("--timeout icmp=100ms");
    let down = sensor.wait_for("it is down", is("eth0 is down: nothing is seen there until it is up"));
    assert_eq!((status(&down, "interface_state"), status(&down, "complete_since")), ("down", ""));
    net.up();
    sensor.wait_for("it is up", is("eth0 is up again"));
    net.on("a", "ping", "-c 1 10.98.0.2");
    sensor.wait_for("a ping", |told| told.app() == "icmp");
    sensor.stop();
}

#[test]
fn what_is_done_to_it_again_and_again_takes_neither_descriptors_nor_memory() {
    let Some(net) = Net::new(&["ping"]) else { return };
    fs::create_dir(net.path("etc")).unwrap();
    let (config, list) = (net.path("etc/tapline.toml"), net.path("etc/services"));
    fs::write(&list, "shop: shop.example\n").unwrap();
    fs::write(&config, format!("[output]\nservices = '{}'\n", list.display())).unwrap();
    let arguments = format!("-c {} --timeout icmp=50ms --buffer 2MiB --metrics 127.0.0.1:9477", config.display());
    let sensor = net.sensor(&arguments);
    let once = |turn: usize| {
        fs::rename(net.path("lines"), net.path("lines.1")).unwrap();
        sensor.signal("HUP");
        until("an answer in the new file", || count(&sensor, is_event("configuration")) == 1);
        if turn.is_multiple_of(3) {
            ip(&format!("-n {} link del eth0", net.host("a")));
            net.link();
            until("it is back", || count(&sensor, is("eth0 is up again")) == 1);
        }
        net.on("a", "ping", "-c 1 10.98.0.2");
        sensor.wait_for("a ping", |told| told.app() == "icmp");
    };
    (0..4).for_each(once);
    let (descriptors, resident) = (sensor.descriptors(), sensor.resident());
    (4..25).for_each(once);
    assert_eq!(sensor.descriptors(), descriptors);
    let now = sensor.resident();
    assert!(now < resident + SLACK, "{resident} bytes became {now}");
    let (told, _) = sensor.stop();
    let last = told.last().unwrap();
    assert_eq!((number(last, "opened"), number(last, "told")), (25, 25));
}
