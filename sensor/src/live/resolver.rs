//! The resolver: the one thread of a sensor that listens which looks up names of receivers, where a destination has one.
//!
//! What names are looked up in may be made anew while the sensor runs, or not be there when it starts: /etc/resolv.conf is replaced when
//! the network comes up. A rule for a file holds for that file alone and not for its successor, so this thread may read the folders
//! instead. It has no capability, sees no packets and no lines, and is asked for nothing but names that the configuration has.

use std::io;
use std::net::SocketAddr;

use crossbeam::channel::{Sender, bounded, unbounded};
use output::destination::Names;

use crate::confine::{self, Needs};

/// Its name among the threads of the process.
const NAME: &str = "resolver";

type Question = (String, Sender<io::Result<Vec<SocketAddr>>>);

/// Starts the resolver, to be called before the rights of everybody else are given up.
pub(super) fn start() -> Result<Names, String> {
    let (asks, asked) = unbounded::<Question>();
    let (confined_in, confined) = bounded(1);
    let resolving = move || {
        let ready = confine::resolve(&Needs::resolver());
        let may_go_on = ready.is_ok();
        let _ = confined_in.send(ready);
        if may_go_on {
            let names = Names::default();
            // Who has asked may have gone meanwhile.
            asked.iter().for_each(|(place, answer)| drop(answer.send(names.look_up(&place))));
        }
    };
    let thread = std::thread::Builder::new().name(NAME.into()).spawn(resolving);
    thread.map_err(|error| format!("can't start a thread: {error}; see to the limits of this system"))?;
    confined.recv().unwrap_or_else(|_| Err("the thread that looks up names has failed; please report this".into()))?;
    Ok(Names::by(move |place| {
        let (answer, answered) = bounded(1);
        let gone = |_| io::Error::other("the thread that looks up names has ended");
        asks.send((place.to_owned(), answer))
            .map_err(|_| io::Error::other("the thread that looks up names has ended"))?;
        answered.recv().map_err(gone)?
    }))
}
