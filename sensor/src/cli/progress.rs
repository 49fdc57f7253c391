//! The bar that shows how far the reading is: on a terminal, on standard error, and only there.

use std::io::{IsTerminal, stderr};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::options::Verbosity;
use super::units::count_text;
use crate::source::Progress;

/// Time between two looks at the counters; a call in between costs a look at the clock.
const PERIOD: Duration = Duration::from_millis(100);

/// The bar, or nothing where nobody would see it.
pub struct Bar {
    shown: Option<ProgressBar>,
    progress: Progress,
    last: Instant,
}

impl Bar {
    /// A bar for `progress` where standard error is a terminal and the user is not to be left in peace.
    pub fn new(progress: Progress, verbosity: Verbosity) -> Self {
        let wanted = verbosity != Verbosity::Quiet && stderr().is_terminal();
        let shown = wanted.then(|| {
            let (length, template) = match progress.total_bytes() {
                Some(total) => (Some(total), "{bar:30} {percent:>3} %  {bytes_per_sec}, {eta} left  {msg}"),
                None => (None, "{spinner} {bytes}, {bytes_per_sec}  {msg}"),
            };
            let bar = ProgressBar::with_draw_target(length, ProgressDrawTarget::stderr_with_hz(10));
            // A template that does not parse leaves the plain bar.
            bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar
        });
        Self { shown, progress, last: Instant::now() }
    }

    /// Brings the bar up to date, ten times a second at most. Meant to be called once per batch.
    pub fn update(&mut self, packets: u64) {
        let Some(bar) = &self.shown else { return };
        let now = Instant::now();
        if now.duration_since(self.last) >= PERIOD {
            self.last = now;
            bar.set_position(self.progress.read_bytes());
            bar.set_message(format!("{} packets", count_text(packets)));
        }
    }

    /// Takes the bar away, before anything else is written to standard error.
    pub fn finish(&self) {
        if let Some(bar) = &self.shown {
            bar.finish_and_clear();
        }
    }
}
