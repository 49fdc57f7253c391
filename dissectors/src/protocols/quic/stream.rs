//! The handshake's stream of one side, put together from CRYPTO frames in whatever order they come.

/// The most bytes that wait for those before them.
const WAITING_BYTES: usize = 32 * 1024;
/// The most pieces that wait.
const WAITING_PIECES: usize = 64;

/// One side's stream.
#[derive(Debug, Default)]
pub struct Stream {
    /// How many bytes were delivered.
    delivered: u64,
    /// Pieces behind a hole, in the order of their offsets.
    waiting: Vec<(u64, Box<[u8]>)>,
    waiting_bytes: usize,
}

impl Stream {
    /// Takes a piece and delivers what is now in order. A byte that comes twice is believed the first time.
    pub fn take(&mut self, offset: u64, data: &[u8], deliver: &mut impl FnMut(&[u8])) {
        if offset > self.delivered {
            self.wait(offset, data);
            return;
        }
        self.pass(offset, data, deliver);
        while self.waiting.first().is_some_and(|(offset, _)| *offset <= self.delivered) {
            let (offset, data) = self.waiting.remove(0);
            self.waiting_bytes = self.waiting_bytes.saturating_sub(data.len());
            self.pass(offset, &data, deliver);
        }
    }

    fn pass(&mut self, offset: u64, data: &[u8], deliver: &mut impl FnMut(&[u8])) {
        let known = usize::try_from(self.delivered.saturating_sub(offset)).unwrap_or(usize::MAX);
        if let Some(fresh) = data.get(known..).filter(|fresh| !fresh.is_empty()) {
            self.delivered = self.delivered.saturating_add(fresh.len() as u64);
            deliver(fresh);
        }
    }

    fn wait(&mut self, offset: u64, data: &[u8]) {
        let room = self.waiting.len() < WAITING_PIECES
            && self.waiting_bytes.saturating_add(data.len()) <= WAITING_BYTES
            && offset.saturating_sub(self.delivered) <= WAITING_BYTES as u64;
        let place = self.waiting.partition_point(|(known, _)| *known < offset);
        let known = self.waiting.get(place).is_some_and(|(at, bytes)| *at == offset && bytes.len() >= data.len());
        if room && !known && !data.is_empty() {
            self.waiting.insert(place, (offset, data.into()));
            self.waiting_bytes = self.waiting_bytes.saturating_add(data.len());
        }
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        self.waiting_bytes.saturating_add(self.waiting.len().saturating_mul(size_of::<(u64, Box<[u8]>)>()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_order_and_overlap_gives_the_stream() {
        let pieces: [(u64, &[u8]); 5] = [(6, b"ghij"), (2, b"cd"), (0, b"abc"), (1, b"bcdef"), (4, b"efgh")];
        for turn in 0..pieces.len() {
            let (mut stream, mut out) = (Stream::default(), Vec::new());
            for (offset, data) in pieces.iter().cycle().skip(turn).take(pieces.len()) {
                stream.take(*offset, data, &mut |bytes| out.extend_from_slice(bytes));
            }
            assert_eq!(out, b"abcdefghij", "{turn}");
            assert_eq!(stream.heap_bytes(), 0);
        }
    }

    #[test]
    fn what_waits_is_bounded() {
        let mut stream = Stream::default();
        for at in 1..10_000 {
            stream.take(at * 2, &[0; 600], &mut |_| {});
        }
        assert!(stream.heap_bytes() < 2 * WAITING_BYTES);
    }
}
