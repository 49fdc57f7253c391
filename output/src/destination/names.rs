//! Who looks up the addresses of receivers.

use std::fmt;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;

type LookUp = dyn Fn(&str) -> io::Result<Vec<SocketAddr>> + Send + Sync;

/// Gives the addresses of `HOST:PORT`, anew at each try. By default the calling thread asks the system; one that may not read what that
/// takes asks another.
#[derive(Clone)]
pub struct Names(Arc<LookUp>);

impl Names {
    /// Somebody else who looks names up.
    pub fn by(look_up: impl Fn(&str) -> io::Result<Vec<SocketAddr>> + Send + Sync + 'static) -> Self {
        Self(Arc::new(look_up))
    }

    /// The addresses of a place.
    ///
    /// # Errors
    ///
    /// There is none, or it is not known now.
    pub fn look_up(&self, place: &str) -> io::Result<Vec<SocketAddr>> {
        (self.0)(place)
    }
}

impl Default for Names {
    fn default() -> Self {
        Self::by(|place| place.to_socket_addrs().map(Iterator::collect))
    }
}

impl fmt::Debug for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Names").finish_non_exhaustive()
    }
}
