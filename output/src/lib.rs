//! Sessions in, lines out.
//!
//! [`Renderer`] makes one line of one record, and is the only place in tapline that escapes and cuts; [`destination`] brings lines
//! to files, the standard output and syslog receivers, and counts what it could not bring; [`read`] takes a line apart again;
//! [`fields`] and [`protocols`] write the documentation of what lines hold and of what is recognised. The crate knows nothing of capturing, nor of the pipeline's threads:
//! it starts none and waits only where its caller lets it.

pub mod destination;
pub mod escape;
pub mod fields;
pub mod priority;
pub mod protocols;
pub mod read;
mod record;
mod render;
mod value;

pub use destination::{Destinations, Spec};
pub use escape::decode;
pub use priority::{Facility, Severity};
pub use record::{
    APP_NAME, DATAGRAM_LIMIT, DEFAULT_LIMIT, DEFAULT_PEN, Format, Identity, MIN_LIMIT, MsgId, Profile, Record, Rendered,
};
pub use render::Renderer;
