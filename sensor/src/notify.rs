//! Telling systemd how it goes (`Type=notify`, `WatchdogSec=`): over the socket of NOTIFY_SOCKET, and nothing where there is none.

use std::time::{Duration, Instant};

use sd_notify::NotifyState;

/// Signs of life are given three times as often as they are asked for, so that a late one does no harm.
const OFTENER: u32 = 3;

/// What is said to systemd. Nothing that goes wrong with it concerns the capture.
#[derive(Debug)]
pub struct Notifier {
    /// How often a sign of life is due, where any is.
    every: Option<Duration>,
    last: Option<Instant>,
}

impl Notifier {
    /// Takes from the environment what systemd wants to hear.
    pub fn from_environment() -> Self {
        Self { every: sd_notify::watchdog_enabled().map(|limit| limit / OFTENER), last: None }
    }

    /// How often [`Notifier::alive`] wants to be called, at least.
    pub const fn every(&self) -> Option<Duration> {
        self.every
    }

    /// Everything is open, and packets are taken.
    pub fn ready(&self) {
        let _ = sd_notify::notify(&[NotifyState::Ready]);
    }

    /// The configuration is read anew; [`Notifier::ready`] says that it was.
    pub fn reloading(&self) {
        let mut states = vec![NotifyState::Reloading];
        states.extend(NotifyState::monotonic_usec_now());
        let _ = sd_notify::notify(&states);
    }

    /// The capture ends, and what was gathered is written.
    pub fn stopping(&self) {
        let _ = sd_notify::notify(&[NotifyState::Stopping]);
    }

    /// What `systemctl status` shows, in one line.
    pub fn status(&self, text: &str) {
        let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let _ = sd_notify::notify(&[NotifyState::Status(&line)]);
    }

    /// A sign of life, where one is due: to be called by what must not hang, as often as it likes.
    pub fn alive(&mut self) {
        let Some(every) = self.every else { return };
        let now = Instant::now();
        if self.last.is_none_or(|last| now.duration_since(last) >= every) {
            self.last = Some(now);
            let _ = sd_notify::notify(&[NotifyState::Watchdog]);
        }
    }
}
