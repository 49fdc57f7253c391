//! What is lost before a ring: by the card, its driver, and the kernel on the way from there.
//!
//! ```text
//! wire   -> card        rx_errors                                 frames that came damaged                        damaged
//! card   -> memory      rx_missed_errors, rx_fifo_errors, rx_over_errors   no room, in the card or in the host    drops
//! memory -> any ring    rx_dropped                                thrown away by the driver or the kernel         discards
//!                       softnet_stat, second column               no room in a processor's queue                  backlog
//! ```
//!
//! The counters of a line above overlap: drivers count one loss under several of the three names, so the one that has grown most is
//! taken, which is never more than was lost. Some count these among rx_errors too; `damaged` is told beside, and added to nothing. A
//! packet for which a processor's queue has no room is counted in softnet_stat, for the machine, and in rx_dropped of its interface. And
//! rx_dropped has what was not lost: a frame in a VLAN whose protocol this host does not speak is thrown away after the ring has it.
//!
//! Files of sysfs and procfs are made anew with each read of their beginning, so they are opened once, before rights are given up. Those
//! of an interface that is made anew are other files; they are opened by the thread that opens interfaces.

use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// Those of which the one counts that has grown most, then rx_dropped and rx_errors.
const COUNTERS: [&str; 5] = ["rx_missed_errors", "rx_fifo_errors", "rx_over_errors", "rx_dropped", "rx_errors"];
/// Bytes that a counter's text has at most: 20 digits and a line feed.
const COUNTER_BYTES: usize = 32;
/// Bytes of softnet_stat that are read: some thirty thousand processors, which Linux does not have.
const MAX_SOFTNET_BYTES: usize = 4 << 20;
/// Bytes of it that are read at once.
const PART_BYTES: usize = 16 << 10;
/// Processors that are counted.
const MAX_PROCESSORS: usize = 8192;
/// The column of softnet_stat that has the number of its processor, where the kernel tells it: a line for each that is switched on.
const NUMBER_COLUMN: usize = 12;

/// What one interface has lost since it was first looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Losses {
    /// Whether the system counts that for it. It does not for `any`.
    pub counted: bool,
    /// Packets for which there was no room.
    pub drops: u64,
    /// Packets that were thrown away on the way to the rings, or behind them.
    pub discards: u64,
    /// Frames that came damaged.
    pub damaged: u64,
}

/// A counter of the system.
struct Counter {
    file: File,
    seen: u64,
}

/// The counters of one interface, in all its lives.
pub(super) struct Ledger {
    /// Where they are.
    folder: PathBuf,
    /// The system's number of the interface whose files are open.
    index: Option<u32>,
    open: [Option<Counter>; COUNTERS.len()],
    lost: [u64; COUNTERS.len()],
    counted: bool,
}

impl Ledger {
    pub(super) fn of_interface(name: &str) -> Self {
        Self::new(Path::new("/sys/class/net").join(name).join("statistics"))
    }

    fn new(folder: PathBuf) -> Self {
        Self { folder, index: None, open: Default::default(), lost: Default::default(), counted: false }
    }

    /// Adds what was lost since the last look; nothing of what was lost before an interface was first seen.
    pub(super) fn look(&mut self, index: Option<u32>) -> Losses {
        if index.is_some() && self.index != index {
            self.index = index;
            for (counter, name) in self.open.iter_mut().zip(COUNTERS) {
                *counter = Counter::open(&self.folder.join(name));
            }
            self.counted |= self.open.iter().any(Option::is_some);
        } else if index.is_some() {
            for (counter, lost) in self.open.iter_mut().zip(&mut self.lost) {
                match counter.as_mut().map(Counter::growth) {
                    Some(Some(new)) => *lost = lost.saturating_add(new),
                    // Its interface is not the one any more; the next look finds its files.
                    Some(None) => self.index = None,
                    None => {}
                }
            }
        }
        let [missed, fifo, over, discards, damaged] = self.lost;
        Losses { counted: self.counted, drops: missed.max(fifo).max(over), discards, damaged }
    }
}

impl Counter {
    fn open(path: &Path) -> Option<Self> {
        let file = File::open(path).ok()?;
        let seen = Self::read(&file)?;
        Some(Self { file, seen })
    }

    fn read(file: &File) -> Option<u64> {
        let mut text = [0; COUNTER_BYTES];
        let length = file.read_at(&mut text, 0).ok()?;
        std::str::from_utf8(text.get(..length)?).ok()?.trim().parse().ok()
    }

    fn growth(&mut self) -> Option<u64> {
        let now = Self::read(&self.file)?;
        Some(growth(&mut self.seen, now))
    }
}

/// What a counter has grown by. One that has fallen to less than half began anew, by a wrap or with its card; one that has fallen a little is
/// added up carelessly, and counts again once it is beyond where it was.
fn growth(seen: &mut u64, now: u64) -> u64 {
    let new = if now < *seen / 2 { now } else { now.saturating_sub(*seen) };
    if new > 0 || now < *seen / 2 {
        *seen = now;
    }
    new
}

/// What found no room in the queues of all processors, for all interfaces.
pub(super) struct Backlog {
    file: Option<File>,
    /// By processor.
    seen: BTreeMap<u64, u32>,
    lost: u64,
}

impl Backlog {
    pub(super) fn of_this_machine() -> Self {
        Self::open(Path::new("/proc/net/softnet_stat"))
    }

    fn open(path: &Path) -> Self {
        let mut backlog = Self { file: File::open(path).ok(), seen: BTreeMap::new(), lost: 0 };
        backlog.look();
        backlog
    }

    /// Adds what was lost since the last look. Tells what was since the first, where the kernel does.
    pub(super) fn look(&mut self) -> Option<u64> {
        let text = read_all(self.file.as_ref()?)?;
        for (row, line) in text.lines().enumerate() {
            let hex = |column: &str| u32::from_str_radix(column, 16).ok();
            let Some(now) = line.split_whitespace().nth(1).and_then(hex) else { continue };
            let number = line.split_whitespace().nth(NUMBER_COLUMN).and_then(hex);
            let processor = number.map_or(row as u64, u64::from);
            // It has 32 bits, and wraps. What one that is switched on had lost before is no news.
            let has_room = self.seen.len() < MAX_PROCESSORS;
            match self.seen.get_mut(&processor) {
                Some(seen) => {
                    self.lost = self.lost.saturating_add(u64::from(now.wrapping_sub(*seen)));
                    *seen = now;
                }
                None if has_room => drop(self.seen.insert(processor, now)),
                None => {}
            }
        }
        Some(self.lost)
    }
}

fn read_all(file: &File) -> Option<String> {
    let (mut text, mut part) = (Vec::new(), vec![0; PART_BYTES]);
    while text.len() < MAX_SOFTNET_BYTES {
        match file.read_at(&mut part, text.len() as u64).ok()? {
            0 => break,
            length => text.extend_from_slice(part.get(..length)?),
        }
    }
    String::from_utf8(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// Writes a counter as the system does: into the file that is there.
    fn set(folder: &Path, name: &str, value: u64) {
        fs::write(folder.join(name), format!("{value}\n")).unwrap();
    }

    fn interface(values: [u64; 5]) -> (tempfile::TempDir, Ledger) {
        let folder = tempfile::tempdir().unwrap();
        COUNTERS.iter().zip(values).for_each(|(name, value)| set(folder.path(), name, value));
        let ledger = Ledger::new(folder.path().to_owned());
        (folder, ledger)
    }

    fn losses(drops: u64, discards: u64, damaged: u64) -> Losses {
        Losses { counted: true, drops, discards, damaged }
    }

    #[test]
    fn what_is_lost_from_the_first_look_on_is_counted_once() {
        let (folder, mut ledger) = interface([10, 20, 30, 40, 50]);
        let set = |name, value| set(folder.path(), name, value);
        assert_eq!(ledger.look(Some(2)), losses(0, 0, 0));
        set("rx_missed_errors", 15);
        set("rx_dropped", 41);
        assert_eq!(ledger.look(Some(2)), losses(5, 1, 0));
        // A driver that tells the same loss by three names.
        set("rx_missed_errors", 18);
        set("rx_fifo_errors", 28);
        set("rx_over_errors", 38);
        set("rx_errors", 53);
        assert_eq!(ledger.look(Some(2)), losses(8, 1, 3));
        assert_eq!(ledger.look(Some(2)), losses(8, 1, 3), "nothing new");
    }

    #[test]
    fn an_interface_that_is_made_anew_has_other_files_and_goes_on_counting() {
        let (folder, mut ledger) = interface([0; 5]);
        ledger.look(Some(2));
        set(folder.path(), "rx_dropped", 7);
        assert_eq!(ledger.look(Some(2)), losses(0, 7, 0));
        for name in COUNTERS {
            fs::remove_file(folder.path().join(name)).unwrap();
            set(folder.path(), name, 3);
        }
        assert_eq!(ledger.look(None), losses(0, 7, 0), "it is gone");
        assert_eq!(ledger.look(Some(3)), losses(0, 7, 0), "what was before is no news");
        set(folder.path(), "rx_dropped", 5);
        set(folder.path(), "rx_over_errors", 4);
        assert_eq!(ledger.look(Some(3)), losses(1, 9, 0));
    }

    #[test]
    fn a_counter_that_begins_anew_or_wavers_adds_nothing_twice() {
        let mut seen = 1000;
        let grown: Vec<u64> =
            [1010, 1005, 1010, 1012, 3, 4, 4, 0, 2].into_iter().map(|now| growth(&mut seen, now)).collect();
        assert_eq!(grown, [10, 0, 0, 2, 3, 1, 0, 0, 2]);
        let mut seen = u64::from(u32::MAX) - 1;
        assert_eq!(growth(&mut seen, 5), 5, "a card's counter of 32 bits");
    }

    #[test]
    fn what_can_not_be_read_is_not_counted() {
        let folder = tempfile::tempdir().unwrap();
        let mut none = Ledger::new(folder.path().join("none"));
        assert_eq!((none.look(Some(1)), none.look(Some(1)), none.look(None)), Default::default());
        set(folder.path(), "rx_dropped", 1);
        fs::write(folder.path().join("rx_errors"), "many\n").unwrap();
        let mut one = Ledger::new(folder.path().to_owned());
        one.look(Some(1));
        set(folder.path(), "rx_dropped", 2);
        assert_eq!(one.look(Some(1)), losses(0, 1, 0));
        // The file of an interface that went can't be read; the next look takes what is there then.
        fs::write(folder.path().join("rx_dropped"), "").unwrap();
        assert_eq!(one.look(Some(1)), losses(0, 1, 0));
        set(folder.path(), "rx_dropped", 9);
        assert_eq!(one.look(Some(1)), losses(0, 1, 0));
        set(folder.path(), "rx_dropped", 10);
        assert_eq!(one.look(Some(1)), losses(0, 2, 0));
        assert_eq!(Backlog::open(&folder.path().join("none")).look(), None);
    }

    /// A line of softnet_stat, with the number of its processor where the kernel is new enough.
    fn line(dropped: u32, processor: Option<u32>) -> String {
        let number =
            processor.map(|number| format!("{} {number:08x} 00000000", " 00000000".repeat(9))).unwrap_or_default();
        format!("0000ffff {dropped:08x} 00000001{number}\n")
    }

    #[test]
    fn queues_of_processors_are_added_up_and_one_that_comes_on_brings_nothing_old() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("softnet_stat");
        let write = |lines: &[String]| fs::write(&path, lines.concat()).unwrap();
        write(&[line(0x10, Some(0)), line(u32::MAX - 1, Some(1))]);
        let mut backlog = Backlog::open(&path);
        assert_eq!(backlog.look(), Some(0));
        write(&[line(0x1a, Some(0)), line(3, Some(1))]);
        assert_eq!(backlog.look(), Some(15), "hexadecimal, and wrapped");
        write(&[line(4, Some(1)), line(99, Some(2))]);
        assert_eq!(backlog.look(), Some(16), "the first is off, and another is on");
        write(&[line(0x1a, Some(0)), line(4, Some(1)), line(100, Some(2))]);
        assert_eq!(backlog.look(), Some(17));
        write(&[line(1, None), line(1, None)]);
        let mut older = Backlog::open(&path);
        write(&[line(2, None), line(3, None)]);
        assert_eq!(older.look(), Some(3));
    }

    #[test]
    fn this_machine_is_read_again_and_again() {
        let mut loopback = Ledger::of_interface("lo");
        if !loopback.look(Some(1)).counted {
            eprintln!("skipped: no /sys here");
            return;
        }
        assert!(loopback.look(Some(1)).counted && loopback.index.is_some(), "each read gives a counter");
        let mut backlog = Backlog::of_this_machine();
        assert!(backlog.look().is_some() && backlog.look() >= Some(0) && !backlog.seen.is_empty());
    }
}
