//! The keeper: the one thread of a sensor that listens which keeps rights, and sees no packets.
//!
//! It looks at interfaces and opens those that have come back (CAP_NET_RAW, files below /sys), and it reads the configuration, the
//! list of applications and the certificates of destinations again when it is asked to (files beside those). Its answers are values:
//! an opened capture, options, certificates.

use std::path::PathBuf;

use crossbeam::channel::{Receiver, RecvTimeoutError, Sender, bounded};
use dissectors::services::Services;
use output::Spec;
use output::destination::{Credentials, credentials};

use crate::cli::{Options, Origin};
use crate::confine::{self, Needs};
use crate::replay::{List, give_up_rights_beside};
use crate::source::live::{LOOK, Opener};

/// Its name among the threads of the process.
const NAME: &str = "keeper";

/// A configuration that was read anew.
pub(super) struct Configuration {
    pub options: Box<Options>,
    /// The applications that are known now.
    pub services: &'static Services,
    /// Whether their list says something else than before.
    pub services_changed: bool,
    /// What destinations of TLS read from their files, by their places among the destinations.
    pub credentials: Vec<(usize, Credentials)>,
}

/// The way to the keeper.
pub(super) struct Keeper {
    asks: Sender<()>,
    answers: Receiver<Result<Configuration, String>>,
}

impl Keeper {
    /// Starts the keeper, and `beside` it whoever else needs other rights, and gives up those of everybody else.
    pub(super) fn start(
        options: &Options,
        opener: Opener,
        list: List,
        beside: impl FnOnce() -> Result<(), String>,
    ) -> Result<Self, String> {
        let (asks, asked) = bounded(1);
        let (answer, answers) = bounded(1);
        let (confined_in, confined) = bounded(1);
        let origin = options.origin.clone();
        // Destinations stay what they are until a restart; what their files hold does not.
        let outputs = options.outputs.clone();
        let files = [origin.file.clone(), options.services.clone()].into_iter().flatten();
        let files: Vec<PathBuf> = files.chain(outputs.iter().flat_map(Spec::files)).collect();
        let needs = options.confine.then(|| Needs::keeper(files.iter().map(PathBuf::as_path)));
        let keeping = move || {
            if let Some(needs) = needs {
                confine::keep(&needs);
            }
            let _ = confined_in.send(());
            keep(opener, &origin, list, &outputs, &asked, &answer);
        };
        let start = || {
            let thread = std::thread::Builder::new().name(NAME.into()).spawn(keeping);
            thread.map_err(|error| format!("can't start a thread: {error}; see to the limits of this system"))?;
            // Its rights are less from here on.
            let _ = confined.recv();
            beside()
        };
        give_up_rights_beside(options, start)?;
        Ok(Self { asks, answers })
    }

    /// One that has nothing to do.
    #[cfg(test)]
    pub(super) fn idle() -> Self {
        let ((asks, _), (_, answers)) = (bounded(1), bounded(1));
        Self { asks, answers }
    }

    /// Has the configuration read anew. Where that is being done already it is not done twice.
    pub(super) fn ask(&self) {
        let _ = self.asks.try_send(());
    }

    /// What was read, once for each time; or what is wrong with it.
    pub(super) fn answer(&self) -> Option<Result<Configuration, String>> {
        self.answers.try_recv().ok()
    }
}

fn keep(
    mut opener: Opener,
    origin: &Origin,
    mut list: List,
    outputs: &[Spec],
    asked: &Receiver<()>,
    answer: &Sender<Result<Configuration, String>>,
) {
    loop {
        match asked.recv_timeout(LOOK) {
            Ok(()) => {
                if answer.send(read(origin, &mut list, outputs)).is_err() {
                    return;
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        opener.look();
    }
}

fn read(origin: &Origin, list: &mut List, outputs: &[Spec]) -> Result<Configuration, String> {
    let options = origin.read_again()?;
    let mut read = Vec::new();
    for (place, spec) in outputs.iter().enumerate() {
        read.extend(credentials(spec).map_err(|error| error.to_string())?.map(|credentials| (place, credentials)));
    }
    let services_changed = list.read(options.services.as_deref())?;
    Ok(Configuration { options, services: list.services(), services_changed, credentials: read })
}
