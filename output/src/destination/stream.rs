//! Streams to a receiver: TCP, and local sockets that are streams.
//!
//! A connection that breaks is made anew, and the line that was being written is sent again whole on the new one, so that no stream
//! goes on in the middle of a line. What the system had accepted before is not known to have arrived: syslog has no
//! acknowledgements, so lines on their way to a receiver that dies are lost, and only their numbers tell of it. A receiver that
//! closed in good order is noticed before anything is written to it.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::os::unix::net::UnixStream;

use super::batch::Batch;
use super::{Patience, Sent, Target};

/// A connection.
#[derive(Debug)]
enum Connection {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// A receiver of a stream, connected or not.
#[derive(Debug)]
pub(super) struct StreamSink {
    target: Target,
    connection: Option<Connection>,
}

impl StreamSink {
    pub fn open(target: &Target, patience: &Patience) -> io::Result<Self> {
        Ok(Self { connection: Some(connect(target, patience)?), target: target.clone() })
    }

    pub fn is_connected(&self) -> bool {
        self.connection.is_some()
    }

    /// Connects where there is no connection. Tells whether a new one was made.
    pub fn reconnect(&mut self, patience: &Patience) -> io::Result<bool> {
        if self.connection.as_ref().is_some_and(Connection::is_closed) {
            self.connection = None;
        }
        if self.connection.is_some() {
            return Ok(false);
        }
        self.connection = Some(connect(&self.target, patience)?);
        Ok(true)
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
            Self::Unix(stream) => stream.write(bytes),
        }
    }

    /// Whether the receiver has closed it. What a receiver sends is thrown away: syslog has no answers.
    fn is_closed(&self) -> bool {
        let mut thrown_away = [0; 1024];
        let read = match self {
            Self::Tcp(stream) => glance(stream, |on| stream.set_nonblocking(on), &mut thrown_away),
            Self::Unix(stream) => glance(stream, |on| stream.set_nonblocking(on), &mut thrown_away),
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

fn connect(target: &Target, patience: &Patience) -> io::Result<Connection> {
    match target {
        Target::Unix(path) => {
            let stream = UnixStream::connect(path)?;
            stream.set_write_timeout(Some(patience.stall))?;
            Ok(Connection::Unix(stream))
        }
        Target::Tcp(place) => {
            let mut last = io::Error::new(ErrorKind::NotFound, "the name has no address");
            for address in place.to_socket_addrs()? {
                match TcpStream::connect_timeout(&address, patience.stall) {
                    Ok(stream) => {
                        stream.set_write_timeout(Some(patience.stall))?;
                        return Ok(Connection::Tcp(stream));
                    }
                    Err(error) => last = error,
                }
            }
            Err(last)
        }
        Target::Stdout | Target::File(_) | Target::Udp(_) => Err(ErrorKind::Unsupported.into()),
    }
}
