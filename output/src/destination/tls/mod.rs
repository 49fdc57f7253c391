//! TLS to a receiver (RFC 5425): a stream within a stream of TCP.
//!
//! ```text
//! settings      whom to believe and what to show, as an operator writes it      fingerprint   of a certificate
//! credentials   the same, read from files                                       verify        what rustls asks of them
//! trouble       what went wrong, and what to do about it
//! ```
//!
//! Lines are put into records as large as TLS has them. A record that the system took whole counts as sent, and no other does: a receiver
//! can't read half of one, so a line of which a part is missing is sent again on the next connection.
//!
//! A receiver that asked for our certificate may not like it once hands are shaken: with TLS 1.3 it sees it only then, and rsyslog looks
//! at names later still, and just goes. So it is given time to go before it gets lines that it would throw away. At the end it is told that nothing more will
//! come, and given time to read what is on its way: to close at once could throw that away.

mod credentials;
mod fingerprint;
mod settings;
#[cfg(test)]
mod tests;
mod trouble;
mod verify;

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

use rustls::pki_types::ServerName;
use rustls::{ClientConnection, ProtocolVersion};

pub use credentials::Credentials;
pub use fingerprint::Fingerprint;
pub use settings::TlsSettings;
pub(super) use trouble::Trouble;

use super::Patience;

/// The most bytes of lines in one record (RFC 8446 5.1).
const RECORD_BYTES: usize = 16 << 10;
/// After so many records a connection of TLS 1.2 is made anew: AES-GCM may not have more than 2^24 by one key, and 1.2 has no way to
/// change it.
const MOST_RECORDS: u64 = 1 << 23;
/// How long a receiver that asked for a certificate may take to say that it does not like it, beside once more the handshake's time.
const SECOND_THOUGHTS: Duration = Duration::from_millis(300);
/// How long a receiver may take to read the last lines.
const FAREWELL: Duration = Duration::from_secs(5);
/// How much of what a receiver says is read at once, and how often.
const HEARD: usize = 64;

/// A name or address that a certificate can be for.
fn server_name(host: &str) -> Option<ServerName<'static>> {
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    ServerName::try_from(host.to_owned()).ok()
}

/// A connection on which hands were shaken.
#[derive(Debug)]
pub(super) struct TlsStream {
    stream: TcpStream,
    session: ClientConnection,
    credentials: Credentials,
    records: u64,
    most_records: u64,
}

impl TlsStream {
    /// Shakes hands.
    pub fn open(stream: TcpStream, credentials: &Credentials, patience: &Patience) -> io::Result<Self> {
        // Lines are gathered already.
        stream.set_nodelay(true)?;
        credentials.begin();
        let session = ClientConnection::new(credentials.config.clone(), credentials.name.clone())
            .map_err(|error| credentials.handshake().trouble(&error))?;
        let credentials = credentials.clone();
        let mut opened = Self { stream, session, credentials, records: 0, most_records: u64::MAX };
        let end = Instant::now().checked_add(patience.stall);
        opened.shake_hands(end).map_err(|error| match Trouble::advice(&error) {
            Some(_) => error,
            None => opened.credentials.handshake().broken(&error, patience.stall),
        })?;
        if opened.session.protocol_version() == Some(ProtocolVersion::TLSv1_2) {
            opened.most_records = MOST_RECORDS;
        }
        Ok(opened)
    }

    fn shake_hands(&mut self, end: Option<Instant>) -> io::Result<()> {
        let start = Instant::now();
        while self.session.is_handshaking() {
            self.write_out()?;
            if self.session.is_handshaking() {
                self.listen_until(end)?;
            }
        }
        self.write_out()?;
        if self.credentials.handshake().asked {
            let end = Instant::now().checked_add(SECOND_THOUGHTS.saturating_add(start.elapsed()));
            loop {
                match self.listen_until(end) {
                    Ok(()) => {}
                    // It is still there, so it has nothing against us.
                    Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => break,
                    Err(error) => return Err(error),
                }
            }
        }
        self.stream.set_read_timeout(None)
    }

    /// Takes what the receiver says, waiting for it no longer than until then.
    fn listen_until(&mut self, end: Option<Instant>) -> io::Result<()> {
        let left = end.map(|end| end.saturating_duration_since(Instant::now()));
        if left.is_some_and(|left| left.is_zero()) {
            return Err(ErrorKind::TimedOut.into());
        }
        self.stream.set_read_timeout(left)?;
        match self.session.read_tls(&mut self.stream) {
            Ok(0) => Err(ErrorKind::UnexpectedEof.into()),
            Ok(_) => self.take(),
            Err(error) if error.kind() == ErrorKind::Interrupted => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Makes of what was read what it means, and throws away what is said to us.
    fn take(&mut self) -> io::Result<()> {
        match self.session.process_new_packets() {
            Ok(state) if state.peer_has_closed() => Err(ErrorKind::UnexpectedEof.into()),
            Ok(state) => {
                let said = state.plaintext_bytes_to_read() as u64;
                io::copy(&mut self.session.reader().take(said), &mut io::sink()).map(|_| ())
            }
            Err(error) => {
                // The receiver shall know as well.
                let _ = self.write_out();
                Err(self.credentials.handshake().trouble(&error))
            }
        }
    }

    fn write_out(&mut self) -> io::Result<()> {
        while self.session.wants_write() {
            match self.session.write_tls(&mut self.stream) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Writes a record. Its bytes are with the system when this returns.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = self.session.writer().write(bytes.get(..RECORD_BYTES).unwrap_or(bytes))?;
        self.records = self.records.saturating_add(1);
        self.write_out().map_err(|error| match self.listen() {
            // Why it broke off may be what it said last.
            Err(said) if Trouble::advice(&said).is_some() => said,
            _ => error,
        })?;
        Ok(taken)
    }

    /// Takes what the receiver has said, without waiting. Tells whether it is still there.
    fn listen(&mut self) -> io::Result<bool> {
        self.stream.set_nonblocking(true)?;
        let mut is_there = Ok(true);
        for _ in 0..HEARD {
            match self.session.read_tls(&mut self.stream) {
                Ok(0) => is_there = Ok(false),
                Ok(_) => match self.take() {
                    Ok(()) => continue,
                    Err(error) => is_there = Err(error),
                },
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => is_there = Err(error),
            }
            break;
        }
        self.stream.set_nonblocking(false)?;
        is_there
    }

    /// Whether the receiver has closed it, or it has to be made anew.
    pub fn is_closed(&mut self) -> bool {
        if self.records >= self.most_records {
            self.close();
            return true;
        }
        // What it has said may want an answer, such as new keys.
        let is_there = self.listen().is_ok_and(|is_there| is_there) && self.write_out().is_ok();
        !is_there
    }

    /// Says that nothing more will come, and waits until the receiver has read everything.
    pub fn close(&mut self) {
        self.session.send_close_notify();
        if self.write_out().is_err() || self.stream.shutdown(Shutdown::Write).is_err() {
            return;
        }
        let start = Instant::now();
        let mut thrown_away = [0; 1024];
        loop {
            let left = FAREWELL.saturating_sub(start.elapsed());
            if left.is_zero() || self.stream.set_read_timeout(Some(left)).is_err() {
                return;
            }
            match self.stream.read(&mut thrown_away) {
                Ok(1..) => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                _ => return,
            }
        }
    }
}
