//! What a confined program can't do any more, tried from inside.
//!
//! Rights once given up don't come back, so each trial is a process of its own: this test again, told by the environment what
//! to give up and what to try.

// A helper that fails is a failing test.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::string_slice, clippy::unwrap_used)]

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::net::{TcpListener, TcpStream, ToSocketAddrs, UdpSocket};
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::path::Path;
use std::process::{Command, Stdio};

use nix::unistd::{Uid, setresuid};
use output::Spec;
use pcap::Capture;
use sensor::confine::{Needs, apply, apply_beside, keep, parser, resolve};
use sensor::notify::Notifier;

/// The variable that tells a trial.
const TRIAL: &str = "TAPLINE_TRIAL";
/// What a trial without Landlock says.
const SKIPPED: &str = "this kernel has no Landlock";

/// Whether something was denied, rather than that it failed for another reason.
fn is_denied<T>(result: io::Result<T>) -> bool {
    match result {
        Ok(_) => false,
        Err(error) if error.kind() == ErrorKind::PermissionDenied => true,
        Err(error) => panic!("failed, but not by being denied: {error}"),
    }
}

fn confined(destinations: &[&str], more: impl FnOnce(Needs) -> Needs) -> Vec<String> {
    let specs: Vec<Spec> = destinations.iter().map(|text| text.parse().unwrap()).collect();
    apply(&more(Needs::of(&specs))).unwrap()
}

/// Whether files are confined; where the kernel can't, the trial says so and is over.
fn files_are_confined(lacking: &[String]) -> bool {
    let lacks = lacking.iter().any(|what| what.starts_with(SKIPPED));
    if lacks {
        println!("skipped: {SKIPPED}");
    }
    !lacks
}

/// A line of /proc/thread-self/status.
fn status(name: &str) -> String {
    let text = fs::read_to_string("/proc/thread-self/status").unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim_start_matches(':').trim().to_owned()
}

fn trial(name: &str) {
    match name {
        "programs" => {
            assert!(Command::new("/bin/true").status().is_ok());
            confined(&["-"], |needs| needs);
            assert!(is_denied(Command::new("/bin/true").status()));
        }
        "programs of threads" => {
            confined(&["-"], |needs| needs);
            let denied = std::thread::spawn(|| is_denied(Command::new("/bin/true").status()));
            assert!(denied.join().unwrap());
        }
        "new privileges" => {
            confined(&["-"], |needs| needs);
            assert_eq!(status("NoNewPrivs"), "1");
            assert_eq!(status("Seccomp"), "2");
        }
        "debugging" => {
            confined(&["-"], |needs| needs);
            assert!(is_denied(nix::sys::ptrace::traceme().map_err(io::Error::from)));
        }
        "files" => {
            let folder = tempfile::tempdir().unwrap();
            let (inside, outside) = (folder.path().join("in"), folder.path().join("out"));
            fs::create_dir(&inside).unwrap();
            fs::write(&outside, "before").unwrap();
            fs::write(inside.join("read"), "text").unwrap();
            let log = inside.join("log");
            let mut open = OpenOptions::new().append(true).create(true).open(&log).unwrap();
            if !files_are_confined(&confined(&[&format!("file:{}", log.display())], |needs| needs)) {
                return;
            }
            assert!(
                is_denied(File::open("/etc/passwd")) && is_denied(fs::read_dir("/")) && is_denied(File::open(&outside))
            );
            assert!(is_denied(fs::write(&outside, "after")) && is_denied(File::create(folder.path().join("new"))));
            assert!(is_denied(fs::remove_file(&outside)) && is_denied(fs::remove_file(&log)));
            assert!(is_denied(File::open(inside.join("read"))), "written, never read");
            assert!(is_denied(fs::set_permissions(&log, std::os::unix::fs::PermissionsExt::from_mode(0o777))));
            // The destination goes on, and can be opened anew after it was moved away.
            open.write_all(b"a line\n").unwrap();
            let mut anew = OpenOptions::new().append(true).create(true).open(inside.join("log.new")).unwrap();
            anew.write_all(b"a line\n").unwrap();
        }
        "read" => {
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join("a.pcap"), "packets").unwrap();
            let needs = |needs: Needs| needs.read([folder.path().to_owned()]);
            if files_are_confined(&confined(&["-"], needs)) {
                assert_eq!(fs::read(folder.path().join("a.pcap")).unwrap(), b"packets");
                assert!(is_denied(fs::write(folder.path().join("a.pcap"), "")) && is_denied(File::open("/etc/passwd")));
            }
        }
        "sockets" => {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            confined(&["-"], |needs| needs);
            assert!(is_denied(TcpStream::connect(listener.local_addr().unwrap())));
            assert!(is_denied(UdpSocket::bind("127.0.0.1:0")) && is_denied(TcpListener::bind("127.0.0.1:0")));
            assert!(is_denied(UnixStream::connect("/nowhere")) && is_denied(listener.accept()));
        }
        "other peers" => {
            let [receiver, other] = [0; 2].map(|_| TcpListener::bind("127.0.0.1:0").unwrap());
            let [to, not_to] = [&receiver, &other].map(|listener| listener.local_addr().unwrap());
            let lacking = confined(&[&format!("tcp://{to}")], |needs| needs);
            assert!(TcpStream::connect(to).is_ok(), "a destination is connected to anew");
            assert!(is_denied(TcpListener::bind("127.0.0.1:0")) && is_denied(UdpSocket::bind("127.0.0.1:0")));
            assert!(is_denied(UnixStream::connect("/nowhere")));
            if lacking.is_empty() {
                assert!(is_denied(TcpStream::connect(not_to)), "and nobody else");
            } else {
                println!("skipped: {lacking:?}");
            }
        }
        "other receivers" => {
            let receiver = UdpSocket::bind("127.0.0.1:0").unwrap();
            let to = receiver.local_addr().unwrap();
            confined(&[&format!("udp://{to}")], |needs| needs);
            let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
            assert!(is_denied(socket.send_to(b"secrets", to)), "a datagram goes where its socket is connected to");
            socket.connect(to).unwrap();
            assert_eq!(socket.send(b"a line").unwrap(), 6);
        }
        "a parser" => {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let (to, folder) = (listener.local_addr().unwrap(), tempfile::tempdir().unwrap());
            let log = folder.path().join("log");
            confined(&[&format!("tcp://{to}"), &format!("file:{}", log.display())], |needs| needs);
            assert!(File::create(&log).is_ok() && TcpStream::connect(to).is_ok());
            let parsing = std::thread::spawn(move || {
                parser();
                assert!(is_denied(File::create(&log)) && is_denied(TcpStream::connect(to)));
                assert!(is_denied(File::open("/proc/self/status")) && is_denied(UnixStream::pair()));
                // It goes on, with memory and threads.
                std::thread::spawn(|| vec![1u8; 64 << 20].len()).join().unwrap()
            });
            assert_eq!(parsing.join().unwrap(), 64 << 20);
            assert!(File::open("/proc/self/status").is_ok(), "the others are as they were");
        }
        "root" => {
            confined(&["-"], |needs| needs.user(Some("nobody".to_owned())));
            assert!(!Uid::current().is_root() && !Uid::effective().is_root());
            assert_eq!(
                (status("Groups"), status("CapEff"), status("CapPrm")),
                (String::new(), "0".repeat(16), "0".repeat(16))
            );
            assert!(is_denied(setresuid(0.into(), 0.into(), 0.into()).map_err(io::Error::from)));
            assert!(is_denied(nix::unistd::setgroups(&[0.into()]).map_err(io::Error::from)));
        }
        "capabilities" => {
            confined(&["-"], Needs::no_capabilities);
            for set in ["CapEff", "CapPrm", "CapInh", "CapBnd", "CapAmb"] {
                assert_eq!(status(set), "0".repeat(16), "{set}");
            }
        }
        "a keeper" => {
            let folder = tempfile::tempdir().unwrap();
            let (config, log) = (folder.path().join("tapline.toml"), folder.path().join("log"));
            fs::write(&config, "before").unwrap();
            let needs =
                Needs::of(&[format!("file:{}", log.display()).parse().unwrap()]).user(Some("nobody".to_owned()));
            fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o777)).unwrap();
            let (asks, asked) = std::sync::mpsc::channel();
            let (tells, told) = std::sync::mpsc::channel();
            let (read, replaced) = (config.clone(), config.clone());
            let (replace, to_be_replaced) = std::sync::mpsc::channel();
            // A thread of before, which is not confined: an editor puts another file in the place of the old one.
            let editor = std::thread::spawn(move || {
                let () = to_be_replaced.recv().unwrap();
                let new = replaced.with_extension("new");
                fs::write(&new, "after").unwrap();
                fs::rename(&new, &replaced).unwrap();
            });
            let start = || {
                std::thread::spawn(move || {
                    keep(&Needs::keeper([read.as_path()]));
                    tells.send(()).unwrap();
                    let () = asked.recv().unwrap();
                    assert_eq!((status("CapEff"), status("CapPrm")), (format!("{:016x}", 1 << 13), status("CapEff")));
                    assert_eq!((status("NoNewPrivs"), status("Seccomp")), ("1".to_owned(), "2".to_owned()));
                    assert_eq!(fs::read(&read).unwrap(), b"after", "under the same name there is another file");
                    assert!(is_denied(File::create(&read)) && is_denied(File::open("/etc/passwd")));
                    assert!(is_denied(UdpSocket::bind("127.0.0.1:0")) && is_denied(UnixStream::connect("/nowhere")));
                    assert!(is_denied(Command::new("/bin/true").status()));
                    let packets = Capture::from_device("lo").and_then(Capture::open);
                    assert!(packets.is_ok(), "an interface that came back is opened: {:?}", packets.err());
                    tells.send(()).unwrap();
                });
                told.recv().unwrap();
                Ok(())
            };
            let lacking = apply_beside(&needs, start).unwrap();
            for set in ["CapEff", "CapPrm", "CapInh", "CapBnd", "CapAmb"] {
                assert_eq!(status(set), "0".repeat(16), "{set}");
            }
            assert!(!Uid::effective().is_root());
            assert!(Capture::from_device("lo").and_then(Capture::open).is_err(), "the others can't");
            if files_are_confined(&lacking) {
                File::create(&log).unwrap();
                assert!(is_denied(File::open(&config)), "nor read the configuration");
            }
            replace.send(()).unwrap();
            editor.join().unwrap();
            asks.send(()).unwrap();
            told.recv().unwrap();
        }
        "a resolver" => {
            let outside = tempfile::NamedTempFile::new().unwrap();
            let (listener, path) = (TcpListener::bind("127.0.0.1:0").unwrap(), outside.path().to_owned());
            let to = listener.local_addr().unwrap();
            let resolving = std::thread::spawn(move || {
                resolve(&Needs::resolver()).unwrap();
                assert_eq!(
                    (status("CapEff"), status("CapPrm"), status("Seccomp")),
                    ("0".repeat(16), "0".repeat(16), "2".into())
                );
                assert!("localhost:1".to_socket_addrs().is_ok_and(|mut found| found.next().is_some()));
                assert!(is_denied(Command::new("/bin/true").status()) && is_denied(UnixStream::connect("/nowhere")));
                assert!(is_denied(TcpListener::bind("127.0.0.1:0")));
                if File::open(&path).is_ok() {
                    println!("skipped: {SKIPPED}");
                    return;
                }
                assert!(File::open("/etc/hosts").is_ok() && is_denied(File::create("/etc/hosts.of-a-test")));
                assert!(is_denied(File::open(&path)));
                match TcpStream::connect(to) {
                    Ok(_) => println!("skipped: this kernel's Landlock knows no ports"),
                    failed => assert!(is_denied(failed), "it asks name servers only"),
                }
            });
            resolving.join().unwrap();
            assert!(File::open(outside.path()).is_ok(), "the others are as they were");
        }
        "systemd" => {
            confined(&["-"], |needs| needs);
            let mut notifier = Notifier::from_environment();
            notifier.ready();
            // Of two signs of life at once one is due.
            notifier.alive();
            notifier.alive();
            notifier.status("two\nlines");
            notifier.stopping();
        }
        "nobody's user" => {
            let error = apply(&Needs::default().user(Some("no-such-user".to_owned()))).unwrap_err();
            assert!(error.starts_with("there is no user `no-such-user`; "), "{error}");
        }
        _ => panic!("no such trial: {name}"),
    }
}

/// What the tests below run in a process of its own.
#[test]
fn the_trial_that_the_environment_tells() {
    if let Ok(name) = std::env::var(TRIAL) {
        trial(&name);
        println!("tried");
    }
}

/// Runs a trial and tells what it said.
fn tried(name: &str) {
    tried_with(name, &[]);
}

fn tried_with(name: &str, environment: &[(&str, &str)]) {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "the_trial_that_the_environment_tells", "--nocapture", "--test-threads=1"])
        .env(TRIAL, name)
        .envs(environment.iter().copied())
        .env("RUST_BACKTRACE", "0")
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success() && told.contains("tried"),
        "{name}: {told}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    for skipped in told.lines().filter(|line| line.contains("skipped: ")) {
        eprintln!("{name}: {skipped}");
    }
}

/// Runs a trial that only root can.
fn tried_as_root(name: &str) {
    if Uid::effective().is_root() {
        tried(name);
    } else {
        eprintln!("{name}: skipped: only root can give up root");
    }
}

#[test]
fn no_program_can_be_started() {
    tried("programs");
    tried("programs of threads");
    tried("new privileges");
}

#[test]
fn no_process_can_be_looked_into() {
    tried("debugging");
}

#[test]
fn only_destinations_can_be_written_and_only_inputs_read() {
    tried("files");
    tried("read");
}

#[test]
fn only_destinations_can_be_reached() {
    tried("sockets");
    tried("other peers");
    tried("other receivers");
}

#[test]
fn systemd_hears_how_it_goes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_nonblocking(true).unwrap();
    tried_with("systemd", &[("NOTIFY_SOCKET", path.to_str().unwrap()), ("WATCHDOG_USEC", "60000000")]);
    for expected in ["READY=1\n", "WATCHDOG=1\n", "STATUS=two lines\n", "STOPPING=1\n"] {
        let mut told = [0; 256];
        let length = socket.recv(&mut told).unwrap();
        assert_eq!(String::from_utf8_lossy(&told[..length]), expected);
    }
    assert!(socket.recv(&mut [0; 256]).is_err(), "nothing else");
}

#[test]
fn a_parser_can_open_nothing() {
    tried("a parser");
}

#[test]
fn root_and_its_rights_do_not_come_back() {
    tried_as_root("root");
    tried_as_root("capabilities");
    tried_as_root("a keeper");
    tried_as_root("a resolver");
    tried("nobody's user");
}

/// The program itself, while it waits for packets.
#[test]
fn a_run_is_confined() {
    let own = fs::read_to_string("/proc/self/status").unwrap();
    let held = |text: &str, name: &str| {
        text.lines().find_map(|line| line.strip_prefix(name)).map(|value| value.trim().to_owned()).unwrap()
    };
    if held(&own, "Seccomp:") != "0" || held(&own, "NoNewPrivs:") != "0" {
        eprintln!("skipped: this test is confined itself");
        return;
    }
    for (arguments, seccomp, new_privileges) in [(&[][..], "2", "1"), (&["--no-confine"], "0", "0")] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_tapline"))
            .args(["-r", "-", "-q", "--workers", "2"])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let capture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../pcaps/ssh-key.pcap");
        let mut input = child.stdin.take().unwrap();
        input.write_all(&fs::read(capture).unwrap()).unwrap();
        // Each of its threads: the reader, the workers, the writer. It takes a moment until all run.
        let threads = || -> Vec<String> {
            let tasks = fs::read_dir(format!("/proc/{}/task", child.id())).unwrap();
            tasks.filter_map(|task| fs::read_to_string(task.ok()?.path().join("status")).ok()).collect()
        };
        let until = std::time::Instant::now() + std::time::Duration::from_secs(20);
        while threads().len() < 4 && std::time::Instant::now() < until {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        let all = threads();
        assert!(all.len() >= 4, "{}", all.len());
        for of in all {
            assert_eq!(
                (held(&of, "Seccomp:").as_str(), held(&of, "NoNewPrivs:").as_str()),
                (seccomp, new_privileges),
                "{of}"
            );
        }
        drop(input);
        assert_eq!(child.wait().unwrap().code(), Some(0));
    }
}

/// Captures are opened when their time comes: long after rights were given up, and by links out of the folder that was named.
#[test]
fn captures_that_are_opened_late_are_read_all_the_same() {
    let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let pcaps = Path::new(env!("CARGO_MANIFEST_DIR")).join("../pcaps");
    for name in ["ssh-key.pcap", "tls-13.pcap"] {
        fs::copy(pcaps.join(name), folder.path().join(name)).unwrap();
    }
    fs::copy(pcaps.join("http-visits.pcap"), elsewhere.path().join("linked")).unwrap();
    std::os::unix::fs::symlink(elsewhere.path().join("linked"), folder.path().join("http.pcap")).unwrap();
    let lines = |more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tapline"));
        let output = command.args(["-q", "-r"]).arg(folder.path()).args(more).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let confined = lines(&[]);
    assert!(["ssh", "tls", "http"].iter().all(|app| confined.contains(&format!("app=\"{app}\""))), "{confined}");
    assert!(confined == lines(&["--no-confine"]), "a confined run tells the same");
}

/// Prometheus asks a run that is confined.
#[test]
fn metrics_are_shown_while_a_run_goes_on() {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_tapline"))
        .args(["-r", "-", "-q", "--metrics", &address.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let capture = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../pcaps/ssh-key.pcap")).unwrap();
    input.write_all(&capture).unwrap();
    let ask = || -> io::Result<String> {
        let mut stream = TcpStream::connect(address)?;
        stream.write_all(b"GET /metrics HTTP/1.1\r\n\r\n")?;
        io::read_to_string(stream)
    };
    let until = std::time::Instant::now() + std::time::Duration::from_secs(20);
    let mut told = ask();
    while !told.as_ref().is_ok_and(|told| told.starts_with("HTTP/1.1 200")) && std::time::Instant::now() < until {
        std::thread::sleep(std::time::Duration::from_millis(50));
        told = ask();
    }
    drop(input);
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(told.unwrap().starts_with("HTTP/1.1 200 OK\r\n"));
}
