//! One side's stream: where it is in its messages, and what is known of the present one.

use super::body::Body;
use super::content::Content;
use super::head::Head;
use super::transactions::{Asked, Method};
use crate::files::Files;

/// Where in its messages a side is.
#[derive(Debug, Default)]
pub(super) enum Phase {
    /// Before or in a start line.
    #[default]
    Start,
    /// In the fields of a head.
    Fields,
    /// In content.
    Content(Body),
    /// Before content that may not come: the next head would follow at once.
    Doubt(Body),
    /// The client may be speaking another protocol already; the server's answer will tell.
    Waiting,
    /// After bytes that were not seen.
    AfterGap,
    /// In bytes of a server that can't be placed: the next response is looked for.
    Seeking,
    /// Nothing more is understood of this side.
    Lost,
}

/// One side's stream.
#[derive(Debug)]
pub(super) struct Lane {
    /// Where in its messages the side is.
    pub phase: Phase,
    /// No head was seen yet.
    pub fresh: bool,
    /// So many of the unconsumed bytes need not be searched again for a line's end.
    pub searched: usize,
    /// The number of the transaction that the present message belongs to.
    pub number: u64,
    /// What the present message's head says of its content.
    pub head: Head,
    /// Bytes of that head so far.
    pub head_bytes: usize,
    /// The present message's content, where it is a file.
    pub content: Option<Content>,
    /// Some of the present message's content has come.
    pub begun: bool,
    /// Bytes of all messages' content.
    pub body_bytes: u64,
}

impl Default for Lane {
    fn default() -> Self {
        Self {
            phase: Phase::Start,
            fresh: true,
            searched: 0,
            number: 0,
            head: Head::default(),
            head_bytes: 0,
            content: None,
            begun: false,
            body_bytes: 0,
        }
    }
}

impl Lane {
    pub(super) fn finish_content(&mut self, whole: bool, files: &mut Files) {
        if let Some(content) = self.content.take() {
            content.finish(whole, files);
        }
    }

    /// How many of the next bytes are content of which only the number matters. Before it has begun it may not come at all.
    pub(super) fn only_counts(&self) -> u64 {
        match &self.phase {
            Phase::Content(body) if self.begun && self.content.as_ref().is_none_or(Content::only_counts) => {
                body.ahead()
            }
            _ => 0,
        }
    }

    /// So many of them went by.
    pub(super) fn passed(&mut self, bytes: u64, files: &mut Files) {
        let Phase::Content(body) = &mut self.phase else { return };
        let whole = body.passed(bytes);
        self.body_bytes = self.body_bytes.saturating_add(bytes);
        if let Some(content) = &mut self.content {
            content.passed(bytes);
        }
        if whole {
            self.finish_content(true, files);
            self.phase = Phase::Start;
        }
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.head.heap_bytes() + self.content.as_ref().map_or(0, |content| size_of::<Content>() + content.heap_bytes())
    }
}

/// What is known of the response in the making.
#[derive(Debug, Default)]
pub(super) struct Answer {
    /// The status code, 0 before the first response.
    pub status: u16,
    /// What is known of its request.
    pub asked: Option<Asked>,
    /// The words of a proxy that has opened a tunnel.
    pub established: bool,
}

impl Answer {
    pub(super) fn interim(&self) -> bool {
        self.status < 200 && self.status != 101
    }

    pub(super) fn success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    pub(super) fn to(&self, method: Method) -> bool {
        self.asked.as_ref().is_some_and(|asked| asked.method == method)
    }
}
