//! The protocols of a session, one inside the other.

use super::STAGES;
use crate::facts::Side;
use crate::protocol::{Dissector, Protocol};

/// One protocol of the session.
pub(super) struct Stage {
    pub protocol: &'static Protocol,
    pub client: Side,
    /// `None` after a panic.
    pub dissector: Option<Box<dyn Dissector>>,
    /// By side: whether it has sent anything that the dissector could use.
    pub heard: [bool; 2],
}

/// The stages from the outermost to the one that gets the bytes. Nearly every session has one, which lies here.
#[derive(Default)]
pub(super) struct Stages {
    first: Option<Stage>,
    inner: Option<Box<Inner>>,
}

/// Those inside the first, one after the other.
type Inner = [Option<Stage>; STAGES - 1];

impl Stages {
    pub fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    pub fn is_full(&self) -> bool {
        self.iter().count() >= STAGES
    }

    pub fn iter(&self) -> impl Iterator<Item = &Stage> {
        self.first.iter().chain(self.inner.iter().flat_map(|inner| inner.iter().flatten()))
    }

    pub fn first(&self) -> Option<&Stage> {
        self.first.as_ref()
    }

    #[inline]
    pub fn last(&self) -> Option<&Stage> {
        match &self.inner {
            None => self.first.as_ref(),
            Some(inner) => inner.iter().rev().flatten().next(),
        }
    }

    #[inline]
    pub fn last_mut(&mut self) -> Option<&mut Stage> {
        match &mut self.inner {
            None => self.first.as_mut(),
            Some(inner) => inner.iter_mut().rev().flatten().next(),
        }
    }

    /// Adds the innermost, where there is room for one more.
    pub fn push(&mut self, stage: Stage) {
        let place = if self.first.is_none() {
            Some(&mut self.first)
        } else {
            self.inner.get_or_insert_default().iter_mut().find(|place| place.is_none())
        };
        if let Some(place) = place {
            *place = Some(stage);
        }
    }

    pub fn heap_bytes(&self) -> usize {
        let dissectors = self.iter().filter_map(|stage| stage.dissector.as_ref());
        dissectors.map(|dissector| dissector.heap_bytes()).sum::<usize>() + self.inner.as_ref().map_or(0, size_of_val)
    }
}
