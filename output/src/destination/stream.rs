//! Streams to a receiver: TCP, TLS over it, and local sockets that are streams.
//!
//! A connection that breaks is made anew, and the line that was being written is sent again whole on the new one, so that no stream
//! goes on in the middle of a line. What the system had accepted before is not known to have arrived: syslog has no
//! acknowledgements, so lines on their way to a receiver that dies are lost, and only their numbers tell of it. A receiver that
//! closed in good order is noticed before anything is written to it.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use super::batch::Batch;
use super::tls::{Credentials, TlsStream};
use super::{Names, Patience, Sent, Spec, Target};

/// How long the first connecting may take where the receiver is waited for anyway: until then packets wait in the kernel.
const FIRST_TRY: Duration = Duration::from_secs(2);

/// A connection.
#[derive(Debug)]
enum Connection {
    Tcp(TcpStream),
    Tls(Box<TlsStream>),
    Unix(UnixStream),
}

/// A receiver of a stream, connected or not.
#[derive(Debug)]
pub(super) struct StreamSink {
    target: Target,
    names: Names,
    /// For TLS: what was read from files.
    credentials: Option<Credentials>,
    connection: Option<Connection>,
    /// Whether there has been one.
    was_reached: bool,
}

impl StreamSink {
    /// Reads what it takes to connect, and does not yet.
    pub fn new(spec: &Spec, names: Names) -> io::Result<Self> {
        let (target, credentials) = (spec.target.clone(), spec.credentials()?);
        Ok(Self { target, names, credentials, connection: None, was_reached: false })
    }

    pub fn connect_first(&mut self, patience: &Patience) -> io::Result<()> {
        let within = if patience.keeps { FIRST_TRY.min(patience.stall) } else { patience.stall };
        self.connect(patience, within)
    }

    /// Connects, a host `within` so long for each of its addresses.
    fn connect(&mut self, patience: &Patience, within: Duration) -> io::Result<()> {
        let Self { target, names, credentials, .. } = &*self;
        let tcp = |place: &str| connect_tcp(names, place, patience, within);
        self.connection = Some(match (target, credentials) {
            (Target::Unix(path), _) => {
                let stream = UnixStream::connect(path)?;
                stream.set_write_timeout(Some(patience.stall))?;
                Connection::Unix(stream)
            }
            (Target::Tcp(place), _) => Connection::Tcp(tcp(place)?),
            (Target::Tls(place), Some(credentials)) => {
                Connection::Tls(Box::new(TlsStream::open(tcp(place)?, credentials, patience)?))
            }
            (Target::Stdout | Target::File(_) | Target::Udp(_) | Target::Tls(_), _) => {
                return Err(ErrorKind::Unsupported.into());
            }
        });
        self.was_reached = true;
        Ok(())
    }

    pub fn set_names(&mut self, names: Names) {
        self.names = names;
    }

    pub fn credentials(&self) -> Option<&Credentials> {
        self.credentials.as_ref()
    }

    /// Takes what was read from files anew. It holds from the next connection on.
    pub fn renew(&mut self, credentials: Credentials) {
        self.credentials = Some(credentials);
    }

    /// Ends a connection in good order.
    pub fn close(&mut self) {
        if let Some(Connection::Tls(stream)) = &mut self.connection {
            stream.close();
        }
        self.connection = None;
    }

    pub fn is_connected(&self) -> bool {
        self.connection.is_some()
    }

    /// Connects where there is no connection. Tells whether one was made anew.
    pub fn reconnect(&mut self, patience: &Patience) -> io::Result<bool> {
        if self.connection.as_mut().is_some_and(Connection::is_closed) {
            self.connection = None;
        }
        if self.connection.is_some() {
            return Ok(false);
        }
        let anew = self.was_reached;
        self.connect(patience, patience.stall)?;
        Ok(anew)
    }

    /// Writes the lines of a batch from the line `first` on, and gives up the connection on any error.
    pub fn send(&mut self, batch: &Batch, first: usize) -> (Sent, Option<io::Error>) {
        let start = batch.start_of(first);
        let mut written = start;
        let error = loop {
            let rest = batch.after(written);
            let Some(connection) = self.connection.as_mut() else {
                break Some(ErrorKind::NotConnected.into());
            };
            if rest.is_empty() {
                break None;
            }
            match connection.write(rest) {
                Ok(0) => break Some(ErrorKind::WriteZero.into()),
                Ok(bytes) => written += bytes,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => break Some(error),
            }
        };
        if error.is_some() {
            self.connection = None;
        }
        let lines = batch.lines_within(written).saturating_sub(first);
        (Sent { lines, bytes: batch.start_of(first + lines).saturating_sub(start) }, error)
    }
}

impl Connection {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.write(bytes),
            Self::Tls(stream) => stream.write(bytes),
            Self::Unix(stream) => stream.write(bytes),
        }
    }

    /// Whether the receiver has closed it. What a receiver sends is thrown away: syslog has no answers.
    fn is_closed(&mut self) -> bool {
        let mut thrown_away = [0; 1024];
        let read = match self {
            Self::Tls(stream) => return stream.is_closed(),
            Self::Tcp(stream) => glance(&*stream, |on| stream.set_nonblocking(on), &mut thrown_away),
            Self::Unix(stream) => glance(&*stream, |on| stream.set_nonblocking(on), &mut thrown_away),
        };
        match read {
            Ok(bytes) => bytes == 0,
            Err(error) => !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted),
        }
    }
}

/// Reads what is there without waiting.
fn glance(mut stream: impl Read, wait_not: impl Fn(bool) -> io::Result<()>, buffer: &mut [u8]) -> io::Result<usize> {
    wait_not(true)?;
    let read = stream.read(buffer);
    wait_not(false)?;
    read
}

fn connect_tcp(names: &Names, place: &str, patience: &Patience, within: Duration) -> io::Result<TcpStream> {
    let mut last = io::Error::new(ErrorKind::NotFound, "the name has no address");
    for address in names.look_up(place)? {
        match TcpStream::connect_timeout(&address, within) {
            Ok(stream) => {
                stream.set_write_timeout(Some(patience.stall))?;
                return Ok(stream);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}
