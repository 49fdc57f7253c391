//! Lines reach files, sockets and streams, and every line that does not is counted.

// A helper that fails is a failing test.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::string_slice, clippy::unwrap_used)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use output::destination::{Counters, Patience};
use output::{Destinations, Rendered, read};

/// Hardly any, so that tests are quick.
const SHORT: Patience = Patience {
    tries: 3,
    first_pause: Duration::from_millis(20),
    longest_pause: Duration::from_millis(50),
    stall: Duration::from_secs(5),
    keeps: false,
};

fn open(specs: &[String]) -> Destinations {
    Destinations::open(specs.iter().map(|spec| spec.parse().unwrap()).collect(), SHORT).unwrap()
}

const HEAD: &str = "<134>1 - tap tapline - SESSION ";
const RENDERED: Rendered = Rendered { sd_at: HEAD.len(), cut: false };

fn line(number: usize) -> String {
    format!("{HEAD}[session@32473 id=\"{number}\"] line {number}")
}

/// Writes lines to every profile.
fn write(destinations: &mut Destinations, lines: std::ops::Range<usize>) {
    for number in lines {
        for profile in 0..destinations.profiles().len() {
            assert!(destinations.write(profile, line(number).as_bytes(), RENDERED).is_continue());
        }
    }
    assert!(destinations.flush().is_continue());
}

fn counters(destinations: &Destinations) -> Counters {
    destinations.counters().next().unwrap().1
}

/// Reads one octet-counted frame; `None` where the stream ends before one is whole.
fn frame(stream: &mut impl BufRead) -> Option<String> {
    let mut length = Vec::new();
    stream.read_until(b' ', &mut length).ok()?;
    let length = std::str::from_utf8(&length).ok()?.strip_suffix(' ')?.parse().ok()?;
    let mut frame = vec![0; length];
    stream.read_exact(&mut frame).ok()?;
    Some(String::from_utf8(frame).unwrap())
}

fn id(line: &str) -> usize {
    read::line(line).unwrap().value("session", "id").unwrap().parse().unwrap()
}

fn sequence(line: &str) -> usize {
    read::line(line).unwrap().value("meta", "sequenceId").unwrap().parse().unwrap()
}

#[test]
fn a_file_is_added_to_and_opened_anew() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lines?.log");
    let spec = format!("file:{}?", path.display());
    let mut destinations = open(std::slice::from_ref(&spec));
    write(&mut destinations, 0..3);
    std::fs::rename(&path, folder.path().join("old")).unwrap();
    destinations.reopen();
    write(&mut destinations, 3..4);
    let expected = counters(&destinations);
    let (closed, reports) = destinations.close();
    assert_eq!((closed[0].1, reports.len()), (expected, 0));
    assert_eq!((expected.sent, expected.failed), (4, 0));
    let mut destinations = open(&[spec]);
    write(&mut destinations, 4..5);
    drop(destinations.close());
    assert_eq!(
        std::fs::read_to_string(folder.path().join("old")).unwrap(),
        [line(0), line(1), line(2), String::new()].join("\n")
    );
    assert_eq!(std::fs::read_to_string(&path).unwrap(), [line(3), line(4), String::new()].join("\n"));
}

#[test]
fn lines_are_gathered_before_they_are_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lines");
    let mut destinations = open(&[format!("file:{}", path.display())]);
    let long = "x".repeat(1000);
    for _ in 0..60 {
        let _ = destinations.write(0, long.as_bytes(), Rendered { sd_at: 0, cut: true });
    }
    assert_eq!(std::fs::metadata(&path).unwrap().len(), 0);
    for _ in 0..10 {
        let _ = destinations.write(0, long.as_bytes(), Rendered { sd_at: 0, cut: false });
    }
    assert!(std::fs::metadata(&path).unwrap().len() > 60_000);
    assert_eq!(counters(&destinations).cut, 60);
}

#[test]
fn destinations_that_want_the_same_share_a_profile() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| format!("file:{}", folder.path().join(name).display());
    let destinations =
        open(&[file("a"), file("b"), format!("{}?format=json", file("c")), "udp://127.0.0.1:9".to_owned()]);
    assert_eq!(destinations.profiles().len(), 3);
}

#[test]
fn what_can_not_be_opened_says_what_to_do() {
    let error = |spec: &str| Destinations::open(vec![spec.parse().unwrap()], SHORT).unwrap_err().to_string();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().display();
    let missing = error(&format!("file:{path}/no/lines.log"));
    assert!(missing.starts_with(&format!("can't open the destination file:{path}/no/lines.log: ")), "{missing}");
    assert!(missing.ends_with("; make the folder first"), "{missing}");
    assert!(error(&format!("file:{path}")).ends_with("; name a file inside that folder"));
    assert!(error(&format!("unix:{path}/none")).ends_with("or name the socket that it listens on"));
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let refused = error(&format!("tcp://127.0.0.1:{port}"));
    assert!(refused.ends_with("start the receiver, or name the port that it listens on"), "{refused}");
    assert!(!refused.contains('\n'));
}

#[test]
fn a_full_disk_is_told_once_and_every_line_counted() {
    let mut destinations = open(&["file:/dev/full".to_owned()]);
    write(&mut destinations, 0..5);
    write(&mut destinations, 5..9);
    assert_eq!((counters(&destinations).sent, counters(&destinations).failed), (0, 9));
    let reports = destinations.take_reports();
    assert_eq!(reports.len(), 1, "{reports:?}");
    assert!(reports[0].starts_with("lines for file:/dev/full are being lost: "), "{reports:?}");
    assert!(reports[0].ends_with(": make room on the disk"), "{reports:?}");
}

#[test]
fn a_datagram_holds_one_numbered_line() {
    let receiver = UdpSocket::bind("127.0.0.1:0").unwrap();
    receiver.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let mut destinations = open(&[format!("udp://{}", receiver.local_addr().unwrap())]);
    write(&mut destinations, 7..10);
    let nothing = format!("{HEAD}- nothing");
    let _ = destinations.write(0, nothing.as_bytes(), RENDERED);
    let _ = destinations.flush();
    let mut buffer = [0; 2000];
    let mut receive = || {
        let length = receiver.recv(&mut buffer).unwrap();
        String::from_utf8(buffer[..length].to_vec()).unwrap()
    };
    for number in 7..10 {
        let received = receive();
        assert_eq!((id(&received), sequence(&received)), (number, number - 6));
        assert_eq!(
            received,
            line(number).replace("[session", &format!("[meta sequenceId=\"{}\"][session", number - 6))
        );
    }
    assert_eq!(receive(), format!("{HEAD}[meta sequenceId=\"4\"] nothing"));
    assert_eq!(counters(&destinations).sent, 4);
}

#[test]
fn a_datagram_that_comes_back_is_counted_as_failed() {
    let receiver = UdpSocket::bind("127.0.0.1:0").unwrap();
    let place = receiver.local_addr().unwrap();
    drop(receiver);
    let mut destinations = open(&[format!("udp://{place}")]);
    for number in 0..4 {
        write(&mut destinations, number..number + 1);
        thread::sleep(Duration::from_millis(20));
    }
    let counters = counters(&destinations);
    assert_eq!(counters.sent + counters.failed, 4);
    assert!(counters.failed >= 3, "{counters:?}");
    assert_eq!(destinations.take_reports().len(), 1);
}

#[test]
fn a_stream_counts_octets_or_ends_lines() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let place = listener.local_addr().unwrap();
    let mut destinations =
        open(&[format!("tcp://{place}?sequence=no"), format!("tcp://{place}?framing=newline&sequence=no")]);
    let (octets, newline) = (listener.accept().unwrap().0, listener.accept().unwrap().0);
    write(&mut destinations, 0..3);
    drop(destinations.close());
    let mut octets = BufReader::new(octets);
    assert_eq!(std::iter::from_fn(|| frame(&mut octets)).collect::<Vec<_>>(), [line(0), line(1), line(2)]);
    let newline: Vec<String> = BufReader::new(newline).lines().map(Result::unwrap).collect();
    assert_eq!(newline, [line(0), line(1), line(2)]);
}

#[test]
fn json_over_a_stream_has_its_number_first() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut destinations = open(&[format!("tcp://{}?format=json", listener.local_addr().unwrap())]);
    let stream = listener.accept().unwrap().0;
    let _ = destinations.write(0, br#"{"time":"now"}"#, Rendered { sd_at: 1, cut: false });
    drop(destinations.close());
    let mut received = String::new();
    BufReader::new(stream).read_to_string(&mut received).unwrap();
    assert_eq!(received, "{\"sequenceId\":1,\"time\":\"now\"}\n");
}

/// Receives frames over several connections, all but the last of which it breaks off inside a frame.
fn receive_with_breaks(listener: &TcpListener, breaks: usize, enough: &AtomicBool) -> Vec<String> {
    let mut received = Vec::new();
    for turn in 0..=breaks {
        let mut stream = BufReader::new(listener.accept().unwrap().0);
        enough.store(turn == breaks, Ordering::SeqCst);
        let most = if turn == breaks { usize::MAX } else { 500 };
        received.extend(std::iter::from_fn(|| frame(&mut stream)).take(most));
        if turn < breaks {
            // Part of a frame is read, much waits to be: closing now resets the connection.
            stream.read_exact(&mut [0; 10]).unwrap();
        }
    }
    received
}

#[test]
fn a_receiver_that_breaks_off_gets_whole_lines_on_the_next_stream() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut destinations = open(&[format!("tcp://{}", listener.local_addr().unwrap())]);
    let enough = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&enough);
    let receiver = thread::spawn(move || receive_with_breaks(&listener, 3, &told));
    let mut next = 0;
    while next < 10_000_000 && !enough.load(Ordering::SeqCst) {
        write(&mut destinations, next..next + 100);
        next += 100;
    }
    write(&mut destinations, next..next + 100);
    let counters = counters(&destinations);
    drop(destinations.close());
    let received = receiver.join().unwrap();
    // The strict reader takes each: no stream began or went on inside a line. What the system held when a connection broke is lost,
    // and the numbers tell how much.
    let ids: Vec<usize> = received.iter().map(|line| id(line)).collect();
    assert!(ids.is_sorted_by(|one, next| one < next), "out of order, or twice");
    assert_eq!(ids.last(), Some(&(next + 99)));
    assert!(received.iter().all(|line| sequence(line) == id(line) + 1));
    assert_eq!((counters.sent, counters.failed, counters.reconnects), (next as u64 + 100, 0, 3));
}

#[test]
fn a_receiver_that_closes_in_good_order_costs_no_line() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut destinations = open(&[format!("tcp://{}", listener.local_addr().unwrap())]);
    let mut received = Vec::new();
    for turn in 0..5 {
        let mut stream = BufReader::new(match turn {
            0 => listener.accept().unwrap().0,
            _ => {
                // The new connection is made by the write below, so it is there by the time it is accepted.
                write(&mut destinations, turn * 10..turn * 10 + 10);
                listener.accept().unwrap().0
            }
        });
        if turn == 0 {
            write(&mut destinations, 0..10);
        }
        received.extend((0..10).map(|_| id(&frame(&mut stream).unwrap())));
        drop::<BufReader<TcpStream>>(stream);
        thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(received, (0..50).collect::<Vec<_>>());
    assert_eq!((counters(&destinations).sent, counters(&destinations).reconnects), (50, 4));
}

#[test]
fn a_receiver_that_stays_away_is_given_up_and_taken_back() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let place = listener.local_addr().unwrap();
    let mut destinations = open(&[format!("tcp://{place}")]);
    drop(listener.accept().unwrap());
    drop(listener);
    thread::sleep(Duration::from_millis(20));
    write(&mut destinations, 0..10);
    write(&mut destinations, 10..20);
    assert_eq!((counters(&destinations).sent, counters(&destinations).failed), (0, 20));
    assert_eq!(destinations.take_reports().len(), 1);
    let listener = TcpListener::bind(place).unwrap();
    write(&mut destinations, 20..30);
    let mut stream = BufReader::new(listener.accept().unwrap().0);
    let first = frame(&mut stream).unwrap();
    assert_eq!((id(&first), sequence(&first)), (20, 21));
    assert_eq!(destinations.take_reports(), [format!("tcp://{place} takes lines again; lost so far: 20")]);
}

#[test]
fn a_local_socket_is_taken_as_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let (datagrams, stream) = (folder.path().join("datagrams"), folder.path().join("stream"));
    let receiver = UnixDatagram::bind(&datagrams).unwrap();
    let listener = UnixListener::bind(&stream).unwrap();
    let mut destinations =
        open(&[format!("unix:{}", datagrams.display()), format!("unix:{}?framing=octets", stream.display())]);
    let accepted = listener.accept().unwrap().0;
    write(&mut destinations, 0..2);
    let mut buffer = [0; 2000];
    let length = receiver.recv(&mut buffer).unwrap();
    assert_eq!(&buffer[..length], line(0).as_bytes());
    // The receiver is started again.
    drop(receiver);
    std::fs::remove_file(&datagrams).unwrap();
    let receiver = UnixDatagram::bind(&datagrams).unwrap();
    write(&mut destinations, 2..3);
    let length = receiver.recv(&mut buffer).unwrap();
    assert_eq!(&buffer[..length], line(2).as_bytes());
    assert_eq!((counters(&destinations).sent, counters(&destinations).reconnects), (3, 1));
    drop(destinations.close());
    let mut accepted = BufReader::new(accepted);
    assert_eq!(std::iter::from_fn(|| frame(&mut accepted)).collect::<Vec<_>>(), [line(0), line(1), line(2)]);
}

/// The standard output of this test binary, run again for this one test with a reader that goes.
#[test]
fn a_reader_that_goes_is_a_quiet_end() {
    const ROLE: &str = "TAPLINE_TEST_WRITES_TO_STDOUT";
    if std::env::var_os(ROLE).is_some() {
        let mut destinations = open(&["-".to_owned()]);
        let ended = (0..1_000_000).any(|number| destinations.write(0, line(number).as_bytes(), RENDERED).is_break());
        let reports = destinations.take_reports();
        std::process::exit(if ended && reports.is_empty() { 42 } else { 1 });
    }
    let mut child = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_reader_that_goes_is_a_quiet_end", "--nocapture"])
        .env(ROLE, "yes")
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut head = [0; 1000];
    child.stdout.take().unwrap().read_exact(&mut head).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(42));
}

#[test]
fn what_a_receiver_says_is_thrown_away() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut destinations = open(&[format!("tcp://{}", listener.local_addr().unwrap())]);
    let mut stream = listener.accept().unwrap().0;
    stream.write_all(b"hello, sender\n").unwrap();
    thread::sleep(Duration::from_millis(20));
    write(&mut destinations, 0..1);
    assert_eq!(id(&frame(&mut BufReader::new(stream)).unwrap()), 0);
    assert_eq!(counters(&destinations).reconnects, 0);
}

#[test]
fn a_receiver_that_was_not_there_gets_what_was_kept_whatever_it_turns_out_to_be() {
    let folder = tempfile::tempdir().unwrap();
    let (datagrams, stream) = (folder.path().join("datagrams"), folder.path().join("stream"));
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let specs = [
        format!("unix:{}", datagrams.display()),
        format!("unix:{}?framing=octets", stream.display()),
        format!("tcp://127.0.0.1:{port}?sequence=no"),
    ];
    let patience = Patience { keeps: true, ..SHORT };
    let parsed = specs.iter().map(|spec| spec.parse().unwrap()).collect();
    let mut destinations = Destinations::open(parsed, patience).unwrap();
    let reports = destinations.take_reports();
    assert!(reports.len() == 3 && reports.iter().all(|report| report.contains(" can't be reached: ")), "{reports:?}");
    assert!(destinations.keeps() && destinations.is_troubled() && !destinations.is_reachable());
    write(&mut destinations, 0..3);
    let receiver = UnixDatagram::bind(&datagrams).unwrap();
    let streams = (UnixListener::bind(&stream).unwrap(), TcpListener::bind(("127.0.0.1", port)).unwrap());
    write(&mut destinations, 3..4);
    let all: Vec<String> = (0..4).map(line).collect();
    let mut buffer = [0; 2000];
    for line in &all {
        let length = receiver.recv(&mut buffer).unwrap();
        assert_eq!(&buffer[..length], line.as_bytes());
    }
    let (mut local, mut far) =
        (BufReader::new(streams.0.accept().unwrap().0), BufReader::new(streams.1.accept().unwrap().0));
    assert!(destinations.counters().all(|(_, of)| (of.sent, of.failed, of.reconnects) == (4, 0, 0)));
    drop(destinations.close());
    assert_eq!(std::iter::from_fn(|| frame(&mut local)).collect::<Vec<_>>(), all);
    assert_eq!(std::iter::from_fn(|| frame(&mut far)).collect::<Vec<_>>(), all);
}
