//! Opening a destination: what it is made of, or that its receiver is not there yet.

use std::io::{self, ErrorKind};

use super::batch::Frame;
use super::datagram::DatagramSink;
use super::file::FileSink;
use super::stream::StreamSink;
use super::{Names, Patience, Sink, Spec, Target};

/// `EPROTOTYPE`: a local socket is of the other kind.
const WRONG_KIND_OF_SOCKET: i32 = 91;

/// What was opened, and why it takes no lines yet, where it does not.
pub(super) struct Opened {
    pub sink: Sink,
    pub frame: Frame,
    pub trouble: Option<io::Error>,
}

impl Opened {
    const fn ready(sink: Sink, frame: Frame) -> Self {
        Self { sink, frame, trouble: None }
    }
}

/// Opens a destination, or what is to be one.
pub(super) fn open(spec: &Spec, patience: &Patience, names: &Names) -> io::Result<Opened> {
    let stream = Frame::Stream(spec.framing);
    let open_stream = || {
        let mut sink = StreamSink::new(spec, names.clone())?;
        match sink.connect_first(patience) {
            Err(error) if !may_wait(&error, patience) => Err(error),
            tried => Ok(Opened { sink: Sink::Stream(sink), frame: stream, trouble: tried.err() }),
        }
    };
    let opened = match &spec.target {
        Target::Stdout => return Ok(Opened::ready(Sink::File(FileSink::stdout()?), stream)),
        Target::File(path) => return Ok(Opened::ready(Sink::File(FileSink::open(path)?), stream)),
        Target::Tcp(_) | Target::Tls(_) => return open_stream(),
        Target::Udp(place) => DatagramSink::udp(place, names),
        Target::Unix(path) => match DatagramSink::unix(path.clone(), patience) {
            Err(error) if error.raw_os_error() == Some(WRONG_KIND_OF_SOCKET) => return open_stream(),
            opened => opened,
        },
    };
    match opened {
        Ok(sink) => Ok(Opened::ready(Sink::Datagram(sink), Frame::Datagram)),
        // Lines stay bare until it shows which frames they need.
        Err(error) if may_wait(&error, patience) => {
            Ok(Opened { sink: Sink::Sought, frame: Frame::Datagram, trouble: Some(error) })
        }
        Err(error) => Err(error),
    }
}

/// Whether a receiver that can't be reached is one to wait for; a path that no socket can have stays wrong.
fn may_wait(error: &io::Error, patience: &Patience) -> bool {
    patience.keeps && error.kind() != ErrorKind::InvalidInput
}
