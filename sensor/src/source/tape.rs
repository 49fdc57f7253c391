//! One open capture, read forward: blocks are filled and frames found in them.
//!
//! ```text
//!              at                        block N, shared with the readers of its frames
//! [ ..walked.. | whole records | part of one ]
//!                                └────────┐
//!                                [ part of one + what is read next          ]   block N + 1
//! ```
//!
//! A record that straddles two blocks is carried over before the next one is filled, so every frame lies in one piece. All that is
//! carried is less than one record.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use dissectors::Timestamp;

use super::batch::{Batch, Blank, Block, Frame, Pool};
use super::compression::Input;
use super::filter::Filter;
use super::format::{BEGINNING_BYTES, Beginning, Format, Step, recognise};
use super::{Counters, Damage, reason};

/// One open capture.
pub(super) struct Tape {
    path: PathBuf,
    input: Input,
    format: Format,
    block: Arc<Block>,
    /// Where in the block the walk stands.
    at: usize,
    /// Where in the capture the block begins.
    block_begins: u64,
    /// Bytes still to be passed over, which were not read yet.
    pass: u64,
    /// Bytes from `at` on that the next step wants in one piece.
    need: usize,
    /// A frame that was found but not handed on yet: its time has not come.
    head: Option<Frame>,
    /// Which filling of which batch has this block, and at which position.
    shared: Option<(u64, u16)>,
}

/// What opening gave.
pub(super) enum Opened {
    /// A capture, its header read.
    Tape(Box<Tape>),
    /// No capture, for the reason in [`Beginning`]; whether there was any byte.
    Other(Beginning, bool),
}

/// How a run ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Run {
    /// The batch is full, or all that was read is in it: hand it on.
    Pause,
    /// The next frame is of this time, which is past the limit.
    Reached(Timestamp),
    /// There is no more; damage, where that is the reason.
    Ended(Option<Damage>),
}

/// What frames are found with.
pub(super) struct Tools<'a> {
    pub(super) pool: &'a Pool,
    pub(super) filter: Option<&'a mut Filter>,
    pub(super) counters: &'a mut Counters,
    /// Bytes that are read at once.
    pub(super) read_bytes: usize,
}

/// What looking for the next frame gave.
enum Found {
    Frame(Frame),
    /// All that was read is walked over.
    Drained,
    Damage(String),
}

impl Tape {
    /// Reads the beginning of `input` and recognises it.
    pub(super) fn open(path: PathBuf, mut input: Input, tools: &mut Tools<'_>) -> io::Result<Opened> {
        let mut blank = tools.pool.blank();
        while blank.len() < BEGINNING_BYTES {
            match blank.read_from(&mut *input, tools.read_bytes) {
                Ok(0) => break,
                Ok(_) => {}
                Err(error) if blank.is_empty() => return Err(error),
                // What was read decides what this is; then the error comes again.
                Err(error) => {
                    input = Box::new(Failed(Some(error)));
                    break;
                }
            }
        }
        let block = blank.share();
        tools.counters.blocks += 1;
        Ok(match recognise(block.bytes()) {
            Beginning::Capture(format, at) => Opened::Tape(Box::new(Self {
                path,
                input,
                format,
                block,
                at,
                block_begins: 0,
                pass: 0,
                need: 1,
                head: None,
                shared: None,
            })),
            other => Opened::Other(other, !block.bytes().is_empty()),
        })
    }

    /// Finds the next frame without handing it on: [`Run::Reached`] with its time, or [`Run::Ended`].
    pub(super) fn look(&mut self, tools: &mut Tools<'_>) -> Run {
        loop {
            if let Some(head) = self.head {
                return Run::Reached(head.time);
            }
            match self.find(tools) {
                Found::Frame(frame) => self.head = Some(frame),
                Found::Drained => match self.refill(tools) {
                    Ok(true) => {}
                    Ok(false) => return Run::Ended(None),
                    Err(what) => return self.ended(what),
                },
                Found::Damage(what) => return self.ended(what),
            }
        }
    }

    /// The link type of the frame that [`look`](Self::look) found.
    pub(super) fn head_link(&self) -> Option<u16> {
        self.head.map(|frame| frame.link)
    }

    /// Hands on frames until one is later than `limit`, the batch is full or what was read is walked over. The frame that was found before
    /// is handed on whatever its time.
    pub(super) fn run(&mut self, limit: Timestamp, batch: &mut Batch, tools: &mut Tools<'_>) -> Run {
        let mut refilled = false;
        if let Some(head) = self.head.take()
            && !self.hand_on(head, batch, tools)
        {
            self.head = Some(head);
            return Run::Pause;
        }
        loop {
            self.walk(limit, batch, tools);
            if batch.is_full() {
                return Run::Pause;
            }
            match self.find(tools) {
                Found::Frame(frame) if frame.time > limit => {
                    self.head = Some(frame);
                    return Run::Reached(frame.time);
                }
                Found::Frame(frame) => {
                    if !self.hand_on(frame, batch, tools) {
                        self.head = Some(frame);
                        return Run::Pause;
                    }
                }
                // One block at a time: what is there is handed on before anybody waits for more.
                Found::Drained if refilled || !batch.frames.is_empty() => return Run::Pause,
                Found::Drained => {
                    refilled = true;
                    match self.refill(tools) {
                        Ok(true) => {}
                        Ok(false) => return Run::Ended(None),
                        Err(what) => return self.ended(what),
                    }
                }
                Found::Damage(what) => return self.ended(what),
            }
        }
    }

    /// Hands on what lies whole in the present block in one go, as long as nothing asks for more care than a look at the next record: that
    /// is [`find`](Self::find)'s, which takes four times as many steps.
    fn walk(&mut self, limit: Timestamp, batch: &mut Batch, tools: &mut Tools<'_>) {
        let (None, Some((filling, position))) = (&tools.filter, self.shared) else { return };
        if filling != batch.filling() {
            return;
        }
        let place = Place { bytes: self.block.bytes(), at: &mut self.at, position, limit };
        let before = batch.frames.len();
        match &mut self.format {
            Format::Classic(classic) => place.frames(batch, |rest| classic.step(rest)),
            Format::Pcapng(pcapng) => place.frames(batch, |rest| pcapng.step(rest)),
        }
        tools.counters.frames += batch.frames.len().saturating_sub(before) as u64;
    }

    /// Puts a frame of the present block into the batch, if the filter lets it pass; `false` where the batch can't name another block.
    #[inline]
    fn hand_on(&mut self, frame: Frame, batch: &mut Batch, tools: &mut Tools<'_>) -> bool {
        if let Some(filter) = &mut tools.filter
            && !filter.admits(frame.link, self.block.frame(&frame), frame.wirelen)
        {
            tools.counters.filtered += 1;
            return true;
        }
        let position = match self.shared {
            Some((filling, position)) if filling == batch.filling() => position,
            _ => {
                let Some(position) = batch.share(&self.block) else { return false };
                self.shared = Some((batch.filling(), position));
                position
            }
        };
        batch.frames.push(Frame { block: position, ..frame });
        true
    }

    /// Walks on to the next frame in the present block.
    #[inline]
    fn find(&mut self, tools: &mut Tools<'_>) -> Found {
        let bytes = self.block.bytes();
        loop {
            let rest = bytes.get(self.at..).unwrap_or_default();
            let step = match &mut self.format {
                Format::Classic(classic) => classic.step(rest),
                Format::Pcapng(pcapng) => pcapng.step(rest),
            };
            match step {
                Step::Frame(frame, length) => {
                    let frame = Frame { offset: frame.offset.saturating_add(self.at as u32), ..frame };
                    self.pass = length.saturating_sub(rest.len()) as u64;
                    self.at = self.at.saturating_add(length).min(bytes.len());
                    tools.counters.frames += 1;
                    return Found::Frame(frame);
                }
                Step::Pass(length) => {
                    self.pass = length.saturating_sub(rest.len() as u64);
                    self.at = self.at.saturating_add(length as usize).min(bytes.len());
                }
                Step::Need(bytes) => {
                    self.need = bytes;
                    return Found::Drained;
                }
                Step::Damage(what) => return Found::Damage(what.into_owned()),
            }
        }
    }

    /// Fills the next block, the rest of the present one carried over. `Ok(false)` is the end of the input at the end of a record; the error
    /// tells why there is no more though there should be.
    fn refill(&mut self, tools: &mut Tools<'_>) -> Result<bool, String> {
        if self.pass > 0 {
            return self.refill_past(tools).map(|()| true);
        }
        let rest = self.block.bytes().get(self.at..).unwrap_or_default();
        let mut blank = tools.pool.blank();
        if rest.len() >= self.need || blank.append(rest).is_none() {
            return Err("a record that is too long".into());
        }
        while blank.len() < self.need {
            if blank.read_from(&mut *self.input, tools.read_bytes).map_err(unreadable)? == 0 {
                return if blank.is_empty() {
                    Ok(false)
                } else {
                    Err("the file ends in the middle of a record".into())
                };
            }
        }
        self.continue_in(blank, 0, tools);
        Ok(true)
    }

    /// Fills the next block with what comes after the bytes that are to be passed over.
    fn refill_past(&mut self, tools: &mut Tools<'_>) -> Result<(), String> {
        while self.pass > 0 {
            let mut blank = tools.pool.blank();
            let read = blank.read_from(&mut *self.input, tools.read_bytes).map_err(unreadable)?;
            if read == 0 {
                return Err("the file ends in the middle of a record".into());
            }
            let passed = self.pass.min(read as u64);
            self.pass -= passed;
            self.continue_in(blank, passed as usize, tools);
        }
        Ok(())
    }

    /// Goes on in the block that was just filled, which begins where the walk stands.
    fn continue_in(&mut self, blank: Blank, at: usize, tools: &mut Tools<'_>) {
        self.block_begins = self.block_begins.saturating_add(self.at as u64);
        self.at = at;
        self.block = blank.share();
        self.shared = None;
        tools.counters.blocks += 1;
    }

    fn ended(&self, what: String) -> Run {
        let offset = self.block_begins.saturating_add(self.at as u64);
        Run::Ended(Some(Damage { path: self.path.clone(), offset, what }))
    }
}

/// Where a walk over a block stands.
struct Place<'a> {
    bytes: &'a [u8],
    at: &'a mut usize,
    /// The block's, in the batch.
    position: u16,
    limit: Timestamp,
}

impl Place<'_> {
    /// Frames up to the first step that goes beyond the block or the limit, or tells of something else: such a step can be taken again.
    #[inline]
    fn frames(self, batch: &mut Batch, mut step: impl FnMut(&[u8]) -> Step) {
        let mut at = *self.at;
        while !batch.is_full() {
            let rest = self.bytes.get(at..).unwrap_or_default();
            at = match step(rest) {
                Step::Frame(frame, length) if length <= rest.len() && frame.time <= self.limit => {
                    let offset = frame.offset.saturating_add(at as u32);
                    batch.frames.push(Frame { offset, block: self.position, ..frame });
                    at.saturating_add(length)
                }
                Step::Pass(length) if length <= rest.len() as u64 => at.saturating_add(length as usize),
                _ => break,
            };
        }
        *self.at = at;
    }
}

fn unreadable(error: io::Error) -> String {
    format!("can't be read: {}", reason(&error))
}

/// An input that failed, and says so again when it is read on.
struct Failed(Option<io::Error>);

impl io::Read for Failed {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}
