//! Datagrams to a receiver, one for each line: UDP (RFC 5426), and local sockets of datagrams such as `/dev/log`.

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;

use super::{Names, Patience};

/// A receiver of datagrams.
#[derive(Debug)]
pub(super) enum DatagramSink {
    Udp(UdpSocket),
    Unix { socket: UnixDatagram, path: PathBuf },
}

impl DatagramSink {
    pub fn udp(place: &str, names: &Names) -> io::Result<Self> {
        let mut last = io::Error::new(ErrorKind::NotFound, "the name has no address");
        for address in names.look_up(place)? {
            let any: SocketAddr = match address {
                SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
                SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
            };
            match UdpSocket::bind(any).and_then(|socket| socket.connect(address).map(|()| socket)) {
                Ok(socket) => return Ok(Self::Udp(socket)),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    pub fn unix(path: PathBuf, patience: &Patience) -> io::Result<Self> {
        let socket = UnixDatagram::unbound()?;
        socket.connect(&path)?;
        socket.set_write_timeout(Some(patience.stall))?;
        Ok(Self::Unix { socket, path })
    }

    /// Sends a line.
    pub fn send(&self, line: &[u8]) -> io::Result<()> {
        loop {
            let sent = match self {
                Self::Udp(socket) => socket.send(line),
                Self::Unix { socket, .. } => socket.send(line),
            };
            match sent {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                other => return other.map(|_| ()),
            }
        }
    }

    /// Whether an error tells of an earlier line, whose datagram came back, so that this one was not sent at all.
    pub fn speaks_of_an_earlier_line(&self, error: &io::Error) -> bool {
        matches!(self, Self::Udp(_)) && error.kind() == ErrorKind::ConnectionRefused
    }

    /// Whether it pays to find the receiver anew: a local one that was started again has another socket.
    pub fn is_gone(&self, error: &io::Error) -> bool {
        matches!(self, Self::Unix { .. })
            && matches!(
                error.kind(),
                ErrorKind::ConnectionRefused
                    | ErrorKind::ConnectionReset
                    | ErrorKind::NotConnected
                    | ErrorKind::NotFound
            )
    }

    /// Finds the receiver anew.
    pub fn reconnect(&mut self) -> io::Result<()> {
        match self {
            Self::Udp(_) => Ok(()),
            Self::Unix { socket, path } => socket.connect(path),
        }
    }
}
