//! Files and the standard output.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::Sent;
use super::batch::Batch;

/// Sessions are other people's business: nobody but owner and group reads a new file.
const MODE: u32 = 0o640;

/// A file that lines are added to.
#[derive(Debug)]
pub(super) struct FileSink {
    file: File,
    /// Whether its end is half a line that could not be taken back.
    torn: bool,
}

impl FileSink {
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().append(true).create(true).mode(MODE).open(path)?;
        Ok(Self { file, torn: false })
    }

    /// The standard output, without the line buffer that the standard library puts before it.
    pub fn stdout() -> io::Result<Self> {
        Ok(Self { file: io::stdout().as_fd().try_clone_to_owned()?.into(), torn: false })
    }

    /// Writes a batch. Half a line at the end of a file that has no room is taken back.
    pub fn send(&mut self, batch: &Batch) -> (Sent, Option<io::Error>) {
        let mut written = 0;
        let error = loop {
            let rest = batch.after(written);
            if rest.is_empty() {
                break None;
            }
            if self.torn && written == 0 {
                match self.file.write(b"\n") {
                    Ok(1) => self.torn = false,
                    Ok(_) => break Some(ErrorKind::WriteZero.into()),
                    Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                    Err(error) => break Some(error),
                }
            }
            match self.file.write(rest) {
                Ok(0) => break Some(ErrorKind::WriteZero.into()),
                Ok(bytes) => written += bytes,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => break Some(error),
            }
        };
        let lines = batch.lines_within(written);
        let bytes = batch.start_of(lines);
        if written > bytes {
            self.torn = !self.take_back((written - bytes) as u64);
        }
        (Sent { lines, bytes }, error)
    }

    /// Shortens the file by its last bytes. Tells whether that was possible.
    fn take_back(&self, bytes: u64) -> bool {
        let Ok(metadata) = self.file.metadata() else {
            return false;
        };
        metadata.is_file() && self.file.set_len(metadata.len().saturating_sub(bytes)).is_ok()
    }
}
