//! Certificates that were seen before: the same few come again and again, and reading one costs more than the rest of a handshake.
//!
//! Each thread keeps the last ones by what they are made of, so that a session shares what is known of its certificate with others.
//! Nothing is believed without comparing the whole certificate.

use std::cell::RefCell;
use std::sync::Arc;

use super::certificate::Certificate;
use crate::keyed;

/// How many certificates a thread keeps.
pub const KEPT: usize = 256;
/// The largest that is kept.
pub const KEPT_BYTES: usize = 4096;

/// A certificate and what it says.
type Known = (Box<[u8]>, Arc<Certificate>);

#[derive(Default)]
struct Shelf {
    /// By the certificate's hash; a new one takes the place of an old one.
    places: Vec<Option<Known>>,
}

thread_local! {
    static SHELF: RefCell<Shelf> = RefCell::default();
}

/// What a certificate in DER says.
pub fn certificate(der: &[u8]) -> Arc<Certificate> {
    if der.len() > KEPT_BYTES {
        return Arc::new(Certificate::read(der));
    }
    if let Some(known) = SHELF.with_borrow(|shelf| shelf.find(der)) {
        return known;
    }
    // Nothing is borrowed while it is read, so that reading may fail in whatever way.
    let read = Arc::new(Certificate::read(der));
    SHELF.with_borrow_mut(|shelf| shelf.keep(der, read.clone()));
    read
}

impl Shelf {
    fn place(der: &[u8]) -> usize {
        keyed::hash(der) as usize % KEPT
    }

    fn find(&self, der: &[u8]) -> Option<Arc<Certificate>> {
        let (known, certificate) = self.places.get(Self::place(der))?.as_ref()?;
        (**known == *der).then(|| certificate.clone())
    }

    fn keep(&mut self, der: &[u8], certificate: Arc<Certificate>) {
        let place = Self::place(der);
        self.places.resize_with(KEPT, || None);
        if let Some(place) = self.places.get_mut(place) {
            *place = Some((der.into(), certificate));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_that_comes_again_is_shared_and_no_other_is_taken_for_it() {
        let one = certificate(b"0\x03abc");
        assert!(Arc::ptr_eq(&one, &certificate(b"0\x03abc")));
        assert_ne!(certificate(b"0\x03abd").sha256, one.sha256);
        // However many others come, each is told as it is.
        for number in 0..4 * KEPT as u32 {
            let der = number.to_be_bytes();
            assert_eq!(certificate(&der).sha256, Certificate::read(&der).sha256);
        }
    }

    #[test]
    fn a_large_one_is_read_and_not_kept() {
        let der = [0x30; KEPT_BYTES + 1];
        assert!(!Arc::ptr_eq(&certificate(&der), &certificate(&der)));
    }
}
