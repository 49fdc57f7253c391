//! Lines reach receivers within TLS; those that can't be trusted get none, and what is wrong is said in one line.
//!
//! The receivers are rustls' own server: tests/receivers.rs has real ones.

// A helper that fails is a failing test.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::string_slice, clippy::unwrap_used)]

mod certificates;

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use certificates::Certificates;
use output::destination::{Counters, Patience, credentials};
use output::{Destinations, Rendered, Spec, read};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::version::{TLS12, TLS13};
use rustls::{HandshakeKind, RootCertStore, ServerConfig, ServerConnection, StreamOwned, SupportedProtocolVersion};

const SHORT: Patience = Patience {
    tries: 3,
    first_pause: Duration::from_millis(20),
    longest_pause: Duration::from_millis(50),
    stall: Duration::from_secs(5),
    keeps: false,
};
const HEAD: &str = "<134>1 - tap tapline - SESSION ";
const RENDERED: Rendered = Rendered { sd_at: HEAD.len(), cut: false };
const VERSIONS: [&SupportedProtocolVersion; 2] = [&TLS12, &TLS13];

fn line(number: usize) -> String {
    format!("{HEAD}[session@32473 id=\"{number}\"] line {number}")
}

fn write(destinations: &mut Destinations, lines: std::ops::Range<usize>) {
    for number in lines {
        assert!(destinations.write(0, line(number).as_bytes(), RENDERED).is_continue());
    }
    assert!(destinations.flush().is_continue());
}

fn counters(destinations: &Destinations) -> Counters {
    destinations.counters().next().unwrap().1
}

fn open(spec: &str) -> Result<Destinations, String> {
    let opened = Destinations::open(vec![spec.parse().unwrap()], SHORT).map_err(|error| error.to_string());
    if let Err(told) = &opened {
        assert!(told.starts_with("can't open the destination tls://") && !told.contains('\n'), "{told}");
    }
    opened
}

/// A receiver: a place to listen at, and what it shows and wants.
struct Receiver {
    listener: TcpListener,
    config: Arc<ServerConfig>,
}

/// What came over one connection.
#[derive(Debug)]
struct Received {
    lines: Vec<String>,
    /// What is left of a frame that did not come whole.
    rest: usize,
    /// How it ended, if not in good order.
    error: Option<io::Error>,
    kind: Option<HandshakeKind>,
    /// Records of lines, or of what is hidden as such.
    records: usize,
}

impl Received {
    fn ids(&self) -> Vec<usize> {
        self.lines.iter().map(|line| id(line)).collect()
    }
}

fn id(line: &str) -> usize {
    read::line(line).unwrap().value("session", "id").unwrap().parse().unwrap()
}

fn config(
    made: &Certificates,
    name: &str,
    client_ca: Option<&str>,
    versions: &[&'static SupportedProtocolVersion],
) -> Arc<ServerConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider.clone()).with_protocol_versions(versions).unwrap();
    let builder = match client_ca {
        None => builder.with_no_client_auth(),
        Some(ca) => {
            let mut roots = RootCertStore::empty();
            roots.add(CertificateDer::from_pem_file(made.path(&format!("{ca}.pem"))).unwrap()).unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider).build().unwrap();
            builder.with_client_cert_verifier(verifier)
        }
    };
    let certificate = CertificateDer::from_pem_file(made.path(&format!("{name}.pem"))).unwrap();
    let key = PrivateKeyDer::from_pem_file(made.path(&format!("{name}.key"))).unwrap();
    Arc::new(builder.with_single_cert(vec![certificate], key).unwrap())
}

/// A stream that remembers what came.
struct Tapped(TcpStream, Vec<u8>);

impl Read for Tapped {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.0.read(buffer)?;
        self.1.extend_from_slice(&buffer[..read]);
        Ok(read)
    }
}

impl Write for Tapped {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.0.write(buffer)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Receiver {
    fn new(config: Arc<ServerConfig>) -> Self {
        Self { listener: TcpListener::bind("127.0.0.1:0").unwrap(), config }
    }

    /// As a destination, by a host's name or address.
    fn at(&self, host: &str, options: &str) -> String {
        format!("tls://{host}:{}?{options}", self.listener.local_addr().unwrap().port())
    }

    /// Takes one connection until it ends, or for so many bytes, after which it breaks off.
    fn take(&self, most: u64) -> Received {
        let stream = Tapped(self.listener.accept().unwrap().0, Vec::new());
        let mut stream = StreamOwned::new(ServerConnection::new(self.config.clone()).unwrap(), stream);
        let mut bytes = Vec::new();
        let read = (&mut stream).take(most).read_to_end(&mut bytes);
        let (mut lines, mut rest) = (Vec::new(), bytes.as_slice());
        while let Some(space) = rest.iter().position(|byte| *byte == b' ') {
            let length: usize = std::str::from_utf8(&rest[..space]).unwrap().parse().unwrap();
            let Some(line) = rest.get(space + 1..space + 1 + length) else { break };
            lines.push(String::from_utf8(line.to_vec()).unwrap());
            rest = &rest[space + 1 + length..];
        }
        let (mut records, mut raw) = (0, stream.sock.1.as_slice());
        while let [kind, _, _, high, low, after @ ..] = raw {
            records += usize::from(*kind == 23);
            raw = after.get(usize::from(*high) << 8 | usize::from(*low)..).unwrap_or_default();
        }
        Received { lines, rest: rest.len(), error: read.err(), kind: stream.conn.handshake_kind(), records }
    }

    /// A destination whose receiver shakes hands and goes.
    fn opened_and_gone(&self, spec: &str) -> Destinations {
        thread::scope(|scope| {
            let shaking = scope.spawn(|| {
                let mut stream = self.listener.accept().unwrap().0;
                let mut session = ServerConnection::new(self.config.clone()).unwrap();
                session.complete_io(&mut stream).unwrap();
            });
            let opened = open(spec).unwrap();
            shaking.join().unwrap();
            opened
        })
    }

    /// Takes connections, one after the other, beside the test.
    fn takes(self, count: usize) -> thread::JoinHandle<Vec<Received>> {
        thread::spawn(move || (0..count).map(|_| self.take(u64::MAX)).collect())
    }
}

#[test]
fn every_line_arrives_whole_in_few_records_and_the_end_is_told() {
    let Some(made) = Certificates::usual() else { return };
    for version in VERSIONS {
        let receiver = Receiver::new(config(&made, "server", None, &[version]));
        let spec = receiver.at("127.0.0.1", &format!("ca={}/ca.pem", made.folder()));
        let receiving = receiver.takes(1);
        let mut destinations = open(&spec).unwrap();
        write(&mut destinations, 0..3000);
        let bytes = counters(&destinations).bytes as usize;
        let (closed, reports) = destinations.close();
        assert_eq!((closed[0].1.sent, closed[0].1.failed, reports), (3000, 0, Vec::new()));
        let received = receiving.join().unwrap().remove(0);
        assert_eq!(received.ids(), (0..3000).collect::<Vec<_>>());
        assert!(received.error.is_none() && received.rest == 0, "{:?}", received.error);
        // Batches of 64 KiB are four or five records each; the handshake of 1.3 hides two more among them.
        assert!(
            bytes > 200_000 && received.records < bytes / (16 << 10) * 5 / 4 + 5,
            "{} in {bytes}",
            received.records
        );
    }
}

/// What a receiver gets of a sender that opens a destination and sends ten lines, and what the sender says where it can't.
fn meet(receiver: Receiver, spec: &str) -> (Result<(), String>, Received) {
    let receiving = receiver.takes(1);
    let opened = open(spec).map(|mut destinations| {
        write(&mut destinations, 0..10);
        drop(destinations.close());
    });
    (opened, receiving.join().unwrap().remove(0))
}

fn meets(receiver: Receiver, host: &str, options: &str) {
    let spec = receiver.at(host, options);
    let (opened, received) = meet(receiver, &spec);
    assert_eq!((opened, received.lines.len()), (Ok(()), 10), "{spec}: {:?}", received.error);
}

/// Gets no byte of a line.
fn refuses(receiver: Receiver, host: &str, options: &str, told: &[&str]) {
    let spec = receiver.at(host, options);
    let (opened, received) = meet(receiver, &spec);
    let error = opened.expect_err(&spec);
    assert!(received.lines.is_empty() && received.rest == 0);
    assert!(told.iter().all(|part| error.contains(part)), "{error}\nhas not all of {told:?}");
}

#[test]
fn a_receiver_is_who_it_says_or_gets_nothing() {
    let Some(made) = Certificates::usual() else { return };
    made.self_signed("itself");
    made.authority("boss");
    made.server("late", "ca", "IP:127.0.0.1", 0);
    made.server("nameless", "ca", "email:a@siem.example", 30);
    let folder = made.folder();
    let ca = format!("ca={folder}/ca.pem");
    for version in VERSIONS {
        let of = |name| Receiver::new(config(&made, name, None, &[version]));
        meets(of("server"), "127.0.0.1", &ca);
        meets(of("server"), "localhost", &ca);
        meets(of("server"), "127.0.0.1", &format!("{ca}&name=siem.example"));
        let print = made.fingerprint("server");
        refuses(
            of("server"),
            "127.0.0.1",
            &format!("ca={folder}/other.pem"),
            &[&format!("the receiver's certificate ({print}) is not signed by a CA that is trusted; name its CA's")],
        );
        // The system's.
        if std::path::Path::new("/etc/ssl/certs/ca-certificates.crt").exists() {
            refuses(of("server"), "127.0.0.1", "", &["is not signed by a CA that is trusted"]);
        }
        refuses(
            of("server"),
            "127.0.0.1",
            &format!("{ca}&name=log.example"),
            &[
                "is not for log.example, but for localhost, 127.0.0.1, siem.example; ",
                "give the one that it is for with name=NAME",
            ],
        );
        refuses(
            of("nameless"),
            "127.0.0.1",
            &ca,
            &["is not for 127.0.0.1, but for no host (see its subjectAltName); "],
        );
        // By its fingerprint it is known whatever it says of itself.
        let itself = made.fingerprint("itself");
        meets(of("itself"), "127.0.0.1", &format!("fingerprint={itself}"));
        meets(of("itself"), "127.0.0.1", &format!("fingerprint={print},{itself}"));
        refuses(
            of("itself"),
            "127.0.0.1",
            &format!("fingerprint={print}"),
            &[&format!("the receiver's certificate ({itself}) is not the one whose fingerprint was given; ")],
        );
        meets(of("itself"), "127.0.0.1", &format!("ca={folder}/itself.pem&name=nobody.example"));
        refuses(of("boss"), "127.0.0.1", &format!("ca={folder}/boss.pem"), &["fingerprint=sha-256:"]);
        meets(of("itself"), "127.0.0.1", "insecure=accept-any-certificate");
        thread::sleep(Duration::from_millis(1100));
        refuses(of("late"), "127.0.0.1", &ca, &["has expired; have the receiver get a new one"]);
    }
}

#[test]
fn a_receiver_that_wants_a_certificate_is_shown_one() {
    let Some(made) = Certificates::usual() else { return };
    let folder = made.folder();
    let both = [made.path("client.pem"), made.path("client.key")].map(|path| std::fs::read(path).unwrap()).concat();
    std::fs::write(made.path("both.pem"), both).unwrap();
    let ca = format!("ca={folder}/ca.pem");
    for version in VERSIONS {
        let of = || Receiver::new(config(&made, "server", Some("ca"), &[version]));
        meets(of(), "127.0.0.1", &format!("{ca}&cert={folder}/client.pem&key={folder}/client.key"));
        meets(of(), "127.0.0.1", &format!("{ca}&cert={folder}/both.pem"));
        refuses(
            of(),
            "127.0.0.1",
            &ca,
            &[
                "the receiver refused the TLS handshake (CertificateRequired; it asked for a certificate and got none)",
                "; give the certificate that the receiver wants with cert=FILE and key=FILE",
            ],
        );
        refuses(
            of(),
            "127.0.0.1",
            &format!("{ca}&cert={folder}/stranger.pem&key={folder}/stranger.key"),
            &["the receiver refused the TLS handshake (", "of a CA that the receiver trusts"],
        );
    }
}

#[test]
fn who_does_not_speak_tls_is_told_so() {
    let Some(made) = Certificates::usual() else { return };
    let insecure = "insecure=accept-any-certificate";
    let says = |words: &'static [u8]| {
        let receiver = Receiver::new(config(&made, "server", None, &VERSIONS));
        let place = receiver.at("127.0.0.1", insecure);
        let talking = thread::spawn(move || {
            let mut stream = receiver.listener.accept().unwrap().0;
            stream.write_all(words).unwrap();
            if words.is_empty() {
                // It waits for more than it gets, as a receiver of plain lines does.
                let _ = stream.read_to_end(&mut Vec::new());
            }
        });
        let patience = Patience { stall: Duration::from_millis(300), ..SHORT };
        let error = Destinations::open(vec![place.parse().unwrap()], patience).unwrap_err().to_string();
        talking.join().unwrap();
        error
    };
    let advice = "; name the port on which the receiver speaks TLS, or use tcp:// where it speaks none";
    let told = says(b"220 siem.example ESMTP\r\n");
    assert!(told.ends_with(&format!("the receiver does not speak TLS on this port{advice}")), "{told}");
    let told = says(b"");
    assert!(told.ends_with(&format!("the receiver did not finish the TLS handshake within 0 s{advice}")), "{told}");
    let receiver = Receiver::new(config(&made, "server", None, &VERSIONS));
    let place = receiver.at("127.0.0.1", insecure);
    let closing = thread::spawn(move || drop(receiver.listener.accept().unwrap()));
    let told = open(&place).unwrap_err();
    closing.join().unwrap();
    assert!(
        told.ends_with("the receiver broke off the TLS handshake; see what the receiver's log says of it"),
        "{told}"
    );
}

#[test]
fn a_receiver_that_breaks_off_gets_whole_lines_on_the_next_connection_and_is_known_again() {
    let Some(made) = Certificates::usual() else { return };
    for version in VERSIONS {
        let receiver = Receiver::new(config(&made, "server", None, &[version]));
        let spec = receiver.at("127.0.0.1", &format!("ca={}/ca.pem", made.folder()));
        let connections = Arc::new(AtomicUsize::new(0));
        let taken = connections.clone();
        let receiving = thread::spawn(move || {
            let take = |nth| {
                let received = receiver.take(if nth < 3 { 20_000 } else { u64::MAX });
                taken.fetch_add(1, Ordering::SeqCst);
                received
            };
            (0..4).map(take).collect::<Vec<_>>()
        });
        let mut destinations = open(&spec).unwrap();
        let mut next = 0;
        while connections.load(Ordering::SeqCst) < 3 && next < 10_000_000 {
            write(&mut destinations, next..next + 100);
            next += 100;
        }
        write(&mut destinations, next..next + 100);
        let counters = counters(&destinations);
        drop(destinations.close());
        let received = receiving.join().unwrap();
        let ids: Vec<usize> = received.iter().flat_map(Received::ids).collect();
        assert!(ids.is_sorted_by(|one, next| one < next), "out of order, or twice");
        assert_eq!(ids.last(), Some(&(next + 99)));
        assert_eq!((counters.sent, counters.failed, counters.reconnects), (next as u64 + 100, 0, 3));
        let kinds: Vec<_> = received.iter().map(|of| of.kind.unwrap()).collect();
        assert_eq!(kinds[0], HandshakeKind::Full);
        assert!(kinds[1..].iter().all(|kind| *kind == HandshakeKind::Resumed), "{kinds:?}");
    }
}

#[test]
fn a_receiver_that_closes_in_good_order_costs_no_line() {
    let Some(made) = Certificates::usual() else { return };
    for version in VERSIONS {
        let receiver = Receiver::new(config(&made, "server", None, &[version]));
        let spec = receiver.at("127.0.0.1", &format!("ca={}/ca.pem", made.folder()));
        let (asks, asked) = std::sync::mpsc::channel();
        let receiving = thread::spawn(move || {
            let mut received = Vec::new();
            for _ in 0..3 {
                let stream = receiver.listener.accept().unwrap().0;
                let mut stream = StreamOwned::new(ServerConnection::new(receiver.config.clone()).unwrap(), stream);
                let mut bytes = [0; 1000];
                let length = stream.read(&mut bytes).unwrap();
                received.push(String::from_utf8(bytes[..length].to_vec()).unwrap());
                stream.conn.send_close_notify();
                stream.conn.complete_io(&mut stream.sock).unwrap();
                asks.send(()).unwrap();
            }
            received
        });
        let mut destinations = open(&spec).unwrap();
        for turn in 0..3 {
            write(&mut destinations, turn..turn + 1);
            let () = asked.recv().unwrap();
            thread::sleep(Duration::from_millis(20));
        }
        let received = receiving.join().unwrap();
        assert!((0..3).all(|nth| received[nth].contains(&format!("id=\"{nth}\""))), "{received:?}");
        assert_eq!((counters(&destinations).sent, counters(&destinations).reconnects), (3, 2));
    }
}

#[test]
fn a_receiver_that_comes_back_as_somebody_else_is_told_and_gets_nothing() {
    let Some(made) = Certificates::usual() else { return };
    made.server("impostor", "other", "IP:127.0.0.1", 30);
    let receiver = Receiver::new(config(&made, "server", None, &VERSIONS));
    let place = receiver.listener.local_addr().unwrap();
    let mut destinations = receiver.opened_and_gone(&receiver.at("127.0.0.1", &format!("ca={}/ca.pem", made.folder())));
    let again =
        |name| Receiver { listener: TcpListener::bind(place).unwrap(), config: config(&made, name, None, &VERSIONS) };
    drop(receiver);
    write(&mut destinations, 0..10);
    let told = destinations.take_reports();
    assert!(told.len() == 1 && told[0].contains("Connection refused"), "{told:?}");
    let impostor = again("impostor").takes(2);
    write(&mut destinations, 10..20);
    write(&mut destinations, 20..30);
    let told = destinations.take_reports();
    assert!(told.len() == 1 && told[0].contains("is not signed by a CA that is trusted: name its CA's"), "{told:?}");
    assert!(impostor.join().unwrap().iter().all(|received| received.lines.is_empty() && received.error.is_some()));
    let receiving = again("server").takes(1);
    write(&mut destinations, 30..40);
    assert_eq!(destinations.take_reports(), [format!("tls://{place} takes lines again; lost so far: 30")]);
    assert_eq!((counters(&destinations).sent, counters(&destinations).failed), (10, 30));
    drop(destinations.close());
    assert_eq!(receiving.join().unwrap()[0].ids(), (30..40).collect::<Vec<_>>());
}

#[test]
fn a_file_that_can_not_be_used_is_told_in_one_line() {
    let Some(made) = Certificates::usual() else { return };
    made.client("old", "ca", -1);
    std::fs::write(made.path("empty"), "nothing\n").unwrap();
    std::fs::write(made.path("torn"), "-----BEGIN CERTIFICATE-----\nMIIB\n").unwrap();
    std::fs::write(
        made.path("locked"),
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n-----END ENCRYPTED PRIVATE KEY-----\n",
    )
    .unwrap();
    let folder = made.folder();
    for (options, told) in [
        (
            "ca={}/none",
            "{}/none: No such file or directory (os error 2); name a file of CA certificates (PEM) with ca=FILE",
        ),
        ("ca={}/empty", "{}/empty: holds no certificate; name a file of CA"),
        ("ca={}/torn", "{}/torn: is no PEM: "),
        ("ca={}/ca.key", "{}/ca.key: holds no certificate; name a file of CA"),
        (
            "cert={}/none&key={}/client.key",
            "{}/none: No such file or directory (os error 2); name a file that holds a certificate",
        ),
        (
            "cert={}/client.pem&key={}/none",
            "{}/none: No such file or directory (os error 2); name a file that holds its key",
        ),
        ("cert={}/client.pem", "{}/client.pem: holds no key; name a file that holds its key"),
        ("cert={}/client.pem&key={}/locked", "{}/locked: its key is encrypted; "),
        (
            "cert={}/client.pem&key={}/stranger.key",
            "the key of {}/stranger.key does not belong to the certificate of {}/client.pem; ",
        ),
        ("cert={}/old.pem&key={}/old.key", "{}/old.pem: the certificate has expired ("),
    ] {
        // Nobody need listen: files are looked at first.
        let options = if options.starts_with("ca") { options.to_owned() } else { format!("ca={{}}/ca.pem&{options}") };
        let spec: Spec = format!("tls://127.0.0.1:1?{}", options.replace("{}", &folder)).parse().unwrap();
        let error = credentials(&spec).unwrap_err().to_string();
        let told = format!("can't open the destination tls://127.0.0.1:1: {}", told.replace("{}", &folder));
        assert!(error.starts_with(&told) && error.contains("; ") && !error.contains('\n'), "{error}\nis not\n{told}");
    }
}

#[test]
fn what_is_read_anew_holds_from_the_next_connection_on() {
    let Some(made) = Certificates::usual() else { return };
    let folder = made.folder();
    std::fs::copy(made.path("ca.pem"), made.path("trusted.pem")).unwrap();
    let receiver = Receiver::new(config(&made, "server", None, &VERSIONS));
    let spec = receiver.at("127.0.0.1", &format!("ca={folder}/trusted.pem"));
    let place = receiver.listener.local_addr().unwrap();
    let mut destinations = receiver.opened_and_gone(&spec);
    drop(receiver);
    let before = destinations.credentials().unwrap().clone();
    assert!(credentials(&spec.parse().unwrap()).unwrap().unwrap().is_same(&before));
    made.server("moved", "other", "IP:127.0.0.1", 30);
    std::fs::copy(made.path("other.pem"), made.path("trusted.pem")).unwrap();
    let anew = credentials(&spec.parse().unwrap()).unwrap().unwrap();
    assert!(!anew.is_same(&before));
    destinations.renew(&anew);
    let moved =
        Receiver { listener: TcpListener::bind(place).unwrap(), config: config(&made, "moved", None, &VERSIONS) };
    let receiving = moved.takes(1);
    write(&mut destinations, 0..10);
    drop(destinations.close());
    assert_eq!(receiving.join().unwrap()[0].lines.len(), 10);
}
