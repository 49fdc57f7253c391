//! Two hosts and a sensor, between network namespaces.
//!
//! Without the right to make namespaces, or without the programs that a test runs, it says so and passes.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use super::told::{Told, sessions};

/// How long anything is waited for.
pub const PATIENCE: Duration = Duration::from_secs(15);

pub fn run(program: &str, arguments: &[&str]) -> Output {
    Command::new(program).args(arguments).stdin(Stdio::null()).output().expect(program)
}

pub fn ip(arguments: &str) {
    let output = run("ip", &arguments.split(' ').collect::<Vec<_>>());
    assert!(output.status.success(), "ip {arguments}: {}", String::from_utf8_lossy(&output.stderr));
}

pub fn until(what: &str, mut is: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is() {
        assert!(start.elapsed() < PATIENCE, "in vain: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Where a program is, servers too, which stand beside what users call.
pub fn found(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/sbin".into()]);
    folders.map(|folder| folder.join(program)).find(|path| path.exists())
}

/// Two hosts, 10.98.0.1 and 10.98.0.2, each a namespace with `eth0`, and a folder.
pub struct Net {
    name: String,
    folder: tempfile::TempDir,
}

impl Net {
    /// Makes them; says why, where that is not possible.
    pub fn new(programs: &[&str]) -> Option<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        for program in programs.iter().chain(&["ip"]) {
            if found(program).is_none() {
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
        ip(&format!("-n {} link set lo up", net.host("b")));
        net.link();
        Some(net)
    }

    pub fn host(&self, host: &str) -> String {
        format!("{}{host}", self.name)
    }

    /// Puts the link between them.
    pub fn link(&self) {
        let (a, b) = (self.host("a"), self.host("b"));
        ip(&format!("link add eth0 netns {a} mtu 9000 type veth peer name eth0 netns {b} mtu 9000"));
        for (host, address, mac) in [(&a, "1", "0a"), (&b, "2", "0b")] {
            ip(&format!("-n {host} link set eth0 address 02:00:00:00:98:{mac}"));
            ip(&format!("-n {host} addr add 10.98.0.{address}/24 dev eth0"));
        }
        self.up();
    }

    /// Switches both ends of the link on.
    pub fn up(&self) {
        let (a, b) = (self.host("a"), self.host("b"));
        for (host, peer, mac) in [(&a, "2", "0b"), (&b, "1", "0a")] {
            ip(&format!("-n {host} link set eth0 up"));
            ip(&format!("-n {host} neigh replace 10.98.0.{peer} lladdr 02:00:00:00:98:{mac} dev eth0 nud permanent"));
        }
        until("the link has a carrier", || {
            [&a, &b].iter().all(|host| {
                String::from_utf8_lossy(&run("ip", &["-n", host, "link", "show", "eth0"]).stdout).contains("state UP")
            })
        });
    }

    /// What names of hosts the second host knows, from the next program on; what runs sees it when it looks anew.
    pub fn hosts(&self, text: &str) {
        let folder = Path::new("/etc/netns").join(self.host("b"));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("hosts"), text).unwrap();
    }

    /// A command on one of the hosts.
    pub fn command(&self, host: &str, program: &str, arguments: &str) -> Command {
        let mut command = Command::new("ip");
        let program = found(program).unwrap_or_else(|| program.into());
        command.args(["netns", "exec", &self.host(host)]).arg(program).args(arguments.split_whitespace());
        command.stdin(Stdio::null()).current_dir(self.folder.path());
        command
    }

    /// A command that has to go well.
    pub fn on(&self, host: &str, program: &str, arguments: &str) -> String {
        let output = self.command(host, program, arguments).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{program} {arguments}: {said}");
        said.into_owned()
    }

    /// A server on the second host.
    pub fn serve(&self, program: &str, arguments: &str, port: u16) -> Running {
        let child = self.command("b", program, arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let running = Running(child);
        until("the server listens", || self.on("b", "ss", "-Hltn").contains(&format!(":{port} ")));
        running
    }

    /// A third host with nothing but `tap0`, to which everything is copied that passes the second host's end of the link, as a switch does it
    /// to a port that mirrors. Tells whether this kernel can.
    pub fn mirror(&self) -> bool {
        let (b, c) = (self.host("b"), self.host("c"));
        ip(&format!("netns add {c}"));
        ip(&format!("link add mirror netns {b} mtu 9000 type veth peer name tap0 netns {c} mtu 9000"));
        let quiet = "net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1";
        self.on("c", "sysctl", &format!("-qw {quiet}"));
        ip(&format!("-n {b} link set mirror up"));
        ip(&format!("-n {c} link set tap0 up"));
        let copy = "protocol all u32 match u32 0 0 action mirred egress mirror dev mirror";
        let copied = [
            "qdisc add dev eth0 clsact".to_owned(),
            format!("filter add dev eth0 ingress {copy}"),
            format!("filter add dev eth0 egress {copy}"),
        ];
        let can = copied.iter().all(|it| self.command("b", "tc", it).output().unwrap().status.success());
        if !can {
            eprintln!("skipped: this kernel can't copy packets to another interface (tc, u32, mirred)");
        }
        can
    }

    /// A sensor on the second host, which listens when this returns. Its lines go to `lines`.
    pub fn sensor(&self, arguments: &str) -> Sensor {
        self.sensor_at("b", "eth0", arguments, &[])
    }

    /// The same at any interface, with something in its environment.
    pub fn sensor_at(&self, host: &str, interface: &str, arguments: &str, environment: &[(&str, &str)]) -> Sensor {
        let lines = self.path("lines");
        let all = format!("-i {interface} -o file:{}?limit=100000 --hostname tap {arguments}", lines.display());
        let mut command = self.command(host, env!("CARGO_BIN_EXE_tapline"), &all);
        let mut child = command.envs(environment.iter().copied()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut first = String::new();
        stderr.read_line(&mut first).unwrap();
        assert_eq!(first, format!("tapline: listening to {interface}\n"), "{all}");
        Sensor { child: Running(child), stderr, lines: self.path("lines") }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

impl Drop for Net {
    fn drop(&mut self) {
        for host in ["a", "b", "c"] {
            let _ = run("ip", &["netns", "del", &self.host(host)]);
            let _ = fs::remove_dir_all(Path::new("/etc/netns").join(self.host(host)));
        }
    }
}

/// A program that ends with its test.
pub struct Running(pub Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A sensor that listens, and ends with its test.
pub struct Sensor {
    pub child: Running,
    stderr: BufReader<std::process::ChildStderr>,
    pub lines: PathBuf,
}

impl Sensor {
    pub fn signal(&self, name: &str) {
        assert!(run("kill", &["-s", name, &self.child.0.id().to_string()]).status.success());
    }

    pub fn id(&self) -> u32 {
        self.child.0.id()
    }

    /// What the kernel says of each of its threads: its name, and its status.
    pub fn threads(&self) -> Vec<(String, String)> {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.id())).unwrap();
        let read = |task: &Path, file: &str| fs::read_to_string(task.join(file)).ok();
        let of = |task: PathBuf| Some((read(&task, "comm")?.trim().to_owned(), read(&task, "status")?));
        tasks.filter_map(|task| of(task.ok()?.path())).collect()
    }

    /// Descriptors that it has open.
    pub fn descriptors(&self) -> usize {
        fs::read_dir(format!("/proc/{}/fd", self.id())).unwrap().count()
    }

    /// Bytes of memory that it takes.
    pub fn resident(&self) -> u64 {
        resident(self.id())
    }

    /// The next line that it says, which is not the last.
    pub fn says(&mut self) -> String {
        let mut line = String::new();
        assert!(self.stderr.read_line(&mut line).unwrap() > 0);
        line
    }

    /// The lines so far.
    pub fn told(&self) -> Vec<Told> {
        told(&self.lines)
    }

    pub fn wait_for(&self, what: &str, is: impl Fn(&Told) -> bool) -> Told {
        let mut found = None;
        until(what, || {
            found = self.told().into_iter().find(|told| is(told));
            found.is_some()
        });
        found.unwrap()
    }

    /// Its exit status and everything it said.
    pub fn end(&mut self) -> (Option<i32>, String) {
        let mut said = String::new();
        while self.stderr.read_line(&mut said).unwrap() > 0 {}
        (self.child.0.wait().unwrap().code(), said)
    }

    /// Ends it in good order.
    pub fn stop(mut self) -> (Vec<Told>, String) {
        self.signal("TERM");
        let (status, said) = self.end();
        assert_eq!(status, Some(0), "{said}");
        (self.told(), said)
    }
}

/// Bytes of memory that a process takes.
pub fn resident(process: u32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    held(&text, "VmRSS").trim_end_matches("kB").trim().parse::<u64>().unwrap_or(0) * 1024
}

/// A line of a thread's status in /proc; empty where this kernel has none of that name.
pub fn held<'s>(status: &'s str, name: &str) -> &'s str {
    let value = |line: &'s str| line.strip_prefix(name)?.strip_prefix(':');
    status.lines().find_map(value).unwrap_or("").trim()
}

/// The whole lines of a file.
pub fn told(path: &Path) -> Vec<Told> {
    let text = fs::read_to_string(path).unwrap_or_default();
    sessions(&text[..text.rfind('\n').map_or(0, |end| end + 1)])
}

pub fn status<'t>(told: &'t Told, name: &str) -> &'t str {
    told.values.get(&format!("status.{name}")).map_or("", String::as_str)
}

pub fn number(told: &Told, name: &str) -> u64 {
    status(told, name).parse().unwrap_or(0)
}

pub fn is_event(event: &'static str) -> impl Fn(&Told) -> bool {
    move |told| told.msgid == "STATUS" && status(told, "event") == event
}
