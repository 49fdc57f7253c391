//! Sessions to lines.

use std::sync::Arc;

use flowtable::across::{Joined, Meeting, Notice};
use flowtable::finished::{Finished, Order, Sink};
use output::{MsgId, Profile, Record, Rendered, Renderer, Severity};

use super::Plan;
use super::board::Board;

/// One rendered line among others in one buffer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line {
    /// Its place among all lines.
    pub order: Order,
    /// The profile it was rendered for.
    pub profile: usize,
    pub start: usize,
    pub end: usize,
    pub rendered: Rendered,
}

/// Rendered lines and the buffer they lie in.
#[derive(Debug, Default)]
pub(super) struct Lines {
    pub bytes: Vec<u8>,
    pub lines: Vec<Line>,
}

impl Lines {
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.lines.clear();
    }

    pub fn text(&self, line: &Line) -> &[u8] {
        self.bytes.get(line.start..line.end).unwrap_or_default()
    }
}

/// Renders each session that a table tells, once for every distinct profile.
pub(super) struct Teller {
    profiles: Vec<Profile>,
    renderers: Vec<Renderer>,
    ordinary: Severity,
    board: Arc<Board>,
    pub lines: Lines,
}

impl Teller {
    pub fn new(plan: &Plan, profiles: &[Profile], board: Arc<Board>) -> Self {
        let renderers = renderers(plan, profiles);
        Self { profiles: profiles.to_vec(), renderers, ordinary: plan.severity, board, lines: Lines::default() }
    }

    /// Tells from now on as another plan says.
    pub fn tell_by(&mut self, plan: &Plan) {
        self.renderers = renderers(plan, &self.profiles);
        self.ordinary = plan.severity;
    }
}

fn renderers(plan: &Plan, profiles: &[Profile]) -> Vec<Renderer> {
    profiles.iter().map(|profile| Renderer::new(&plan.identity, *profile)).collect()
}

impl Sink for Teller {
    fn hear(&mut self, notice: Notice) {
        self.board.hear(notice);
    }

    fn join(&mut self, meeting: &Meeting, joined: &mut Joined) {
        self.board.join(meeting, joined);
    }

    fn tell(&mut self, finished: &Finished<'_>) {
        let msg_id = if finished.update { MsgId::Update } else { MsgId::Session };
        // The renderer makes a session with flags a notice.
        let severity = finished.facts.flags().is_empty().then_some(self.ordinary);
        let record = Record { msg_id, time: finished.time, facts: finished.facts, severity };
        let Lines { bytes, lines } = &mut self.lines;
        for (profile, renderer) in self.renderers.iter_mut().enumerate() {
            let start = bytes.len();
            let rendered = renderer.render(&record, bytes);
            lines.push(Line { order: finished.order, profile, start, end: bytes.len(), rendered });
        }
    }
}
