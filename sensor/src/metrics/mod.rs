//! Counters for Prometheus: its text format 0.0.4 at `http://ADDRESS/metrics`, by a responder of HTTP/1.1 that knows nothing else.
//!
//! One request at a time is answered and its connection closed: who scrapes comes alone, every few seconds. A request is short or
//! refused, and a peer that dawdles is left alone, so that nobody who can connect can do more than that.

pub(crate) mod run;

use std::fmt::{self, Write as _};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Bytes of the longest request that is read.
const MAX_REQUEST_BYTES: usize = 8 * 1024;
/// How long a peer may take to ask, and to take its answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// What is waited after connections could not be taken, as when descriptors ran out.
const PAUSE: Duration = Duration::from_millis(100);

/// What a number is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
}

/// A number under a name, perhaps several with one label each.
#[derive(Clone, Debug, PartialEq)]
pub struct Metric {
    /// The name, as Prometheus allows it: `tapline_frames_total`.
    pub name: &'static str,
    /// What it counts, in a sentence.
    pub help: &'static str,
    /// Whether it only grows.
    pub kind: Kind,
    /// The name of the label, where there is one.
    pub label: Option<&'static str>,
    /// The values by their label's; without a label one, under an empty text.
    pub values: Vec<(String, f64)>,
}

/// All numbers of one instant.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snapshot {
    metrics: Vec<Metric>,
}

impl Snapshot {
    /// Adds a number.
    pub fn add(&mut self, kind: Kind, name: &'static str, help: &'static str, value: u64) {
        self.metrics.push(Metric { name, help, kind, label: None, values: vec![(String::new(), value as f64)] });
    }

    /// Adds numbers that a label tells apart.
    pub fn add_each(
        &mut self,
        kind: Kind,
        name: &'static str,
        help: &'static str,
        label: &'static str,
        values: impl IntoIterator<Item = (String, u64)>,
    ) {
        let values = values.into_iter().map(|(of, value)| (of, value as f64)).collect();
        self.metrics.push(Metric { name, help, kind, label: Some(label), values });
    }
}

impl fmt::Display for Snapshot {
    /// The text format.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Metric { name, help, kind, label, values } in &self.metrics {
            let kind = if *kind == Kind::Counter { "counter" } else { "gauge" };
            writeln!(f, "# HELP {name} {}\n# TYPE {name} {kind}", escaped(help, false))?;
            for (of, value) in values {
                match label {
                    Some(label) => writeln!(f, "{name}{{{label}=\"{}\"}} {value}", escaped(of, true))?,
                    None => writeln!(f, "{name} {value}")?,
                }
            }
        }
        Ok(())
    }
}

fn escaped(text: &str, in_quotes: bool) -> String {
    let text = text.replace('\\', "\\\\").replace('\n', "\\n");
    if in_quotes { text.replace('"', "\\\"") } else { text }
}

/// The latest snapshot, for who makes it and who shows it.
#[derive(Clone, Debug, Default)]
pub struct Shared(Arc<Mutex<Snapshot>>);

impl Shared {
    /// Puts a new snapshot in the place of the old one.
    pub fn set(&self, snapshot: Snapshot) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = snapshot;
    }

    fn text(&self) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).to_string()
    }
}

/// A responder that listens and does not answer yet: between the two the program gives up its rights.
#[derive(Debug)]
pub struct Responder(TcpListener);

impl Responder {
    /// Listens.
    ///
    /// # Errors
    ///
    /// One line: why not, and what to do.
    pub fn listen(address: SocketAddr) -> Result<Self, String> {
        let listener = TcpListener::bind(address).map_err(|error| {
            format!("can't show metrics at {address}: {error}; name another address with --metrics")
        })?;
        Ok(Self(listener))
    }

    /// Where it listens.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }

    /// Answers in a thread of its own as long as the program runs.
    ///
    /// # Errors
    ///
    /// The system starts no thread.
    pub fn answer(self, shared: Shared) -> io::Result<()> {
        let answering = move || {
            loop {
                match self.0.accept() {
                    // A peer that goes away has its reasons.
                    Ok((stream, _)) => drop(answer(stream, &shared)),
                    Err(_) => std::thread::sleep(PAUSE),
                }
            }
        };
        std::thread::Builder::new().name("metrics".into()).spawn(answering).map(drop)
    }
}

fn answer(mut stream: TcpStream, shared: &Shared) -> io::Result<()> {
    stream.set_write_timeout(Some(PATIENCE))?;
    let request = read_request(&mut stream)?;
    let (status, body) = match request.as_deref().and_then(request_line) {
        Some(("GET" | "HEAD", "/metrics")) => ("200 OK", shared.text()),
        Some(("GET" | "HEAD", _)) => ("404 Not Found", "the metrics are at /metrics\n".to_owned()),
        Some(_) => ("405 Method Not Allowed", "only GET is known here\n".to_owned()),
        None => ("400 Bad Request", "this is no request of HTTP/1\n".to_owned()),
    };
    let is_head = request.as_deref().and_then(request_line).is_some_and(|(method, _)| method == "HEAD");
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = write!(
        text,
        "HTTP/1.1 {status}\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\nContent-Length: {}\r\nAllow: GET, HEAD\r\n\
         Connection: close\r\n\r\n{}",
        body.len(),
        if is_head { "" } else { &body }
    );
    stream.write_all(text.as_bytes())
}

/// The head of a request, as far as it is text; `None` where it is too long, or takes too long.
fn read_request(stream: &mut TcpStream) -> io::Result<Option<String>> {
    let until = Instant::now() + PATIENCE;
    let mut bytes = Vec::new();
    let mut part = [0; 1024];
    while !bytes.windows(4).any(|end| end == b"\r\n\r\n") {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() || bytes.len() > MAX_REQUEST_BYTES {
            return Ok(None);
        }
        stream.set_read_timeout(Some(left))?;
        match stream.read(&mut part)? {
            0 => return Ok(None),
            read => bytes.extend(part.iter().take(read)),
        }
    }
    Ok(String::from_utf8(bytes).ok())
}

/// Method and path, without a query.
fn request_line(request: &str) -> Option<(&str, &str)> {
    let mut words = request.lines().next()?.split(' ');
    let (method, target, version) = (words.next()?, words.next()?, words.next()?);
    let path = target.split('?').next()?;
    (version.starts_with("HTTP/1.") && words.next().is_none()).then_some((method, path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot() -> Snapshot {
        let mut snapshot = Snapshot::default();
        snapshot.add(Kind::Counter, "tapline_frames_total", "Frames read.", 12_345_678_901);
        snapshot.add(Kind::Gauge, "tapline_sessions_open", "Sessions, now.", 3);
        let lines = [("file:/a\"b\\c".to_owned(), 1), ("-".to_owned(), 2)];
        snapshot.add_each(Kind::Counter, "tapline_lines_total", "Lines\nwritten.", "destination", lines);
        snapshot
    }

    #[test]
    fn the_text_is_what_prometheus_reads() {
        assert_eq!(
            snapshot().to_string(),
            "# HELP tapline_frames_total Frames read.\n# TYPE tapline_frames_total counter\ntapline_frames_total 12345678901\n\
             # HELP tapline_sessions_open Sessions, now.\n# TYPE tapline_sessions_open gauge\ntapline_sessions_open 3\n\
             # HELP tapline_lines_total Lines\\nwritten.\n# TYPE tapline_lines_total counter\n\
             tapline_lines_total{destination=\"file:/a\\\"b\\\\c\"} 1\ntapline_lines_total{destination=\"-\"} 2\n"
        );
    }

    fn ask(address: SocketAddr, request: &[u8]) -> String {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(request).unwrap();
        let mut answer = String::new();
        // What was not read of a long request resets the connection.
        let _ = stream.read_to_string(&mut answer);
        answer
    }

    #[test]
    fn only_metrics_are_given() {
        let responder = Responder::listen("127.0.0.1:0".parse().unwrap()).unwrap();
        let (address, shared) = (responder.address().unwrap(), Shared::default());
        responder.answer(shared.clone()).unwrap();
        shared.set(snapshot());
        let answer = ask(address, b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n");
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n") && head.contains("version=0.0.4"), "{head}");
        assert_eq!(body, snapshot().to_string());
        assert!(head.contains(&format!("Content-Length: {}\r\n", body.len())), "{head}");
        assert!(ask(address, b"HEAD /metrics?a=b HTTP/1.0\r\n\r\n").ends_with("\r\n\r\n"));
        for (request, status) in [
            (&b"GET / HTTP/1.1\r\n\r\n"[..], "404"),
            (b"POST /metrics HTTP/1.1\r\n\r\n", "405"),
            (b"GET /metrics\r\n\r\n", "400"),
            (b"\xff\xfe\r\n\r\n", "400"),
            (b"GET /../../etc/passwd HTTP/1.1\r\n\r\n", "404"),
        ] {
            let answer = ask(address, request);
            assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
        }
        // A long one, and one that never ends, keep nobody else from asking.
        let long = [b"GET /".as_slice(), &[b'a'; 100_000]].concat();
        assert!(!ask(address, &long).contains("200 OK"));
        let _dawdler = TcpStream::connect(address).unwrap();
        assert!(ask(address, b"GET /metrics HTTP/1.1\r\n\r\n").contains("200 OK"));
    }
}
