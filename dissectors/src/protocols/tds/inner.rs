//! TLS inside TDS: the handshake travels in packets of the prelogin, what follows it in records of its own.

use crate::facts::Facts;
use crate::protocol::{Chunk, Dissector, Role};
use crate::protocols::tls::Tls;
use crate::sql::feed::Feed;
use crate::time::Timestamp;

/// A session of TLS that is fed by hand.
#[derive(Debug, Default)]
pub struct Inner {
    tls: Option<Box<Tls>>,
    feeds: [Feed; 2],
    over: bool,
}

impl Inner {
    /// Whether any of it was seen.
    pub fn seen(&self) -> bool {
        self.tls.is_some()
    }

    /// Whether more bytes can teach anything.
    pub fn listens(&self) -> bool {
        !self.over
    }

    /// The next bytes of a side.
    pub fn data(&mut self, role: Role, bytes: &[u8], time: Timestamp) {
        let tls = self.tls.get_or_insert_with(|| Box::new(Tls::new()));
        let Some(feed) = self.feeds.get_mut(role.index()).filter(|_| !self.over) else {
            return;
        };
        self.over = feed.data(bytes, |bytes| tls.data(Chunk { role, bytes, time })).is_some();
    }

    /// Bytes of it are missing.
    pub fn gap(&mut self) {
        self.over = true;
        self.feeds = Default::default();
    }

    /// A side will send nothing more.
    pub fn end(&mut self, role: Role) {
        if let Some(tls) = &mut self.tls {
            tls.end(role);
        }
    }

    /// Writes its facts; that the session is encrypted only where `all` of it is.
    pub fn facts(&self, out: &mut Facts, all: bool) {
        let Some(tls) = &self.tls else {
            return;
        };
        if all {
            tls.facts(out);
            return;
        }
        let mut inner = Facts::new();
        tls.facts(&mut inner);
        for flag in inner.flags().iter() {
            out.flag(flag);
        }
        for (element, field, value) in inner.values() {
            out.element(element).value(field, value);
        }
        for omission in inner.omissions() {
            out.element(omission.element).omitted(omission.field, u32::try_from(omission.count).unwrap_or(u32::MAX));
        }
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        let feeds: usize = self.feeds.iter().map(Feed::heap_bytes).sum();
        feeds + self.tls.as_ref().map_or(0, |tls| size_of::<Tls>() + tls.heap_bytes())
    }
}
