//! What other programs may ask of a running sensor.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag;

use crate::cli::EXIT_LOSS;

/// The signals that were received.
#[derive(Clone, Debug, Default)]
pub(super) struct Signals {
    stop: Arc<AtomicBool>,
    reopen: Arc<AtomicBool>,
}

impl Signals {
    /// Receives SIGTERM, SIGINT and SIGHUP from here on. A second one of the first two ends the process at once.
    pub(super) fn install() -> std::io::Result<Self> {
        let signals = Self::default();
        for signal in [SIGTERM, SIGINT] {
            // In this order: the first signal finds the flag down and raises it, the second finds it up.
            flag::register_conditional_shutdown(signal, EXIT_LOSS.into(), signals.stop.clone())?;
            flag::register(signal, signals.stop.clone())?;
        }
        flag::register(SIGHUP, signals.reopen.clone())?;
        Ok(signals)
    }

    /// The flag that says that the sensor is to end.
    pub(super) fn stop(&self) -> Arc<AtomicBool> {
        self.stop.clone()
    }

    /// Whether files are to be opened anew, asked once for each time.
    pub(super) fn take_reopen(&self) -> bool {
        self.reopen.swap(false, Ordering::Relaxed)
    }
}
