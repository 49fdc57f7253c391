//! Whether a person types in a TCP session: keys with a person's pauses between them, each answered.
//!
//! Evidence is the rhythm of packets with new bytes, and their sizes; of the bytes themselves only whether a few of them are a line of
//! text. Time is the packets' own. A side types by one of three habits:
//!
//! - **Keys.** Small packets (SSH pads one key to 36 to 100 bytes, Telnet and raw terminals send one byte, VNC and RDP an event) after
//!   26 ms to 3 s, mostly of one size, most of them soon answered by a small packet, the echo. Machines differ in one thing or another:
//!   what is sent at once after the peer's packet, or right after one's own, is a *reflex* (remote calls, acknowledgements,
//!   transfers); what comes again and again after the same time is a *repeat* (timers, polls, beats, and a call across a long line).
//! - **Lines.** Where a shell's terminal is not raw (`nc`, a reverse shell), whole lines of text come, none like the last, after a third
//!   of a second and more, and are answered. Only in sessions that may be a bare terminal: a line is what many programs send.
//! - **Ticks.** OpenSSH from 9.5 on hides keys among packets of the same size, one each 20 ms from a first key until one to three
//!   seconds after the last (ssh_config(5), ObscureKeystrokeTiming). That stream begins only where somebody types on a terminal.
//!
//! The state has a fixed size, and most of it only exists once something small came at a person's pace. Retransmissions are nothing.
//! What is not seen: typing over UDP (mosh, RDP's UDP channels); lines typed inside TLS; a program that imitates a person's pace.

use dissectors::Timestamp;
use dissectors::facts::Side;
use dissectors::time::{MILLISECOND, SECOND};

/// The largest packet that may be a key: SSH's with the largest padding and checksum, a line that somebody types.
const KEY_BYTES: u32 = 128;
/// The largest echo of a key: a terminal repaints a little more than one letter.
const ECHO_BYTES: u32 = 300;
/// An echo comes so soon.
const ECHO_WITHIN: u64 = SECOND;
/// What follows one's own packet sooner was not typed.
const SOONEST: u64 = 26 * MILLISECOND;
/// What follows the peer's packet sooner answers it.
const REFLEX: u64 = 5 * MILLISECOND;
/// After more the next key begins anew, and the time between tells nothing.
const PAUSE: u64 = 3 * SECOND;
/// A line takes so long to type, or to think of.
const LINE_TIME: u64 = 300 * MILLISECOND;
/// OpenSSH's ticks are 20 ms apart, give or take what a network adds.
const TICK: std::ops::RangeInclusive<u64> = 12 * MILLISECOND..=28 * MILLISECOND;
const TICK_EVERY: u64 = 20 * MILLISECOND;
/// The shortest time of ticks: they go on for a second after a key.
const TICKING: u64 = 900 * MILLISECOND;
/// The mean time that ticks go on after the last key.
const TICKING_AFTER: u64 = 2048 * MILLISECOND;
/// Keys a second that are assumed of the time in which ticks hide them.
const TYPED_A_SECOND: u64 = 4;
/// Times that are remembered to tell a repeat.
const REMEMBERED: usize = 4;
/// Fewer keys, or lines, are no evidence.
const FEWEST_KEYS: u32 = 8;
const FEWEST_LINES: u32 = 3;
/// So many were seldom pressed without a line's end among them.
const MANY_KEYS: u32 = 24;
/// The same inside TLS and the like, where little else is known.
const FEWEST_WRAPPED: u32 = 24;

/// A score from which a session is called interactive.
pub(crate) const INTERACTIVE: u64 = 50;

/// What a session's protocol says of how somebody would type in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Habit {
    /// A bare terminal, by keys or by lines; every session whose protocol is not known may be one.
    Terminal,
    /// SSH: by keys, or hidden among ticks.
    Ssh,
    /// A screen: events by key press and release, answered by pictures.
    Screen,
    /// Something that may carry a terminal.
    Wrapped,
}

impl Habit {
    /// The habit of a protocol; none where programs alone speak it.
    pub fn of(app: &str) -> Option<Self> {
        Some(match app {
            "unknown" | "telnet" | "rlogin" | "rsh" => Self::Terminal,
            "ssh" => Self::Ssh,
            "vnc" | "rdp" | "x11" | "spice" => Self::Screen,
            "tls" | "websocket" | "socks" => Self::Wrapped,
            _ => return None,
        })
    }
}

/// What is told of a session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// 0 to 100.
    pub score: u64,
    /// Keys that were pressed, an estimate.
    pub keystrokes: u64,
}

/// The rhythm of one session, as far as it is followed.
#[derive(Debug, Default)]
pub(crate) struct Typing {
    /// When each side last sent new bytes.
    last: [u64; 2],
    rhythms: Option<Box<[Rhythm; 2]>>,
}

impl Typing {
    /// A packet with new bytes: so many, of which `payload` was captured.
    #[inline]
    pub fn packet(&mut self, side: Side, bytes: u32, payload: &[u8], time: Timestamp) {
        let now = time.nanos();
        let [originator, responder] = &mut self.last;
        let (own, peer) = if side == Side::Originator { (originator, responder) } else { (responder, originator) };
        let since_own = now.saturating_sub(std::mem::replace(own, now));
        let since_peer = now.saturating_sub(*peer);
        if self.rhythms.is_some() {
            self.follow(side, bytes, payload, now, [since_own, since_peer]);
        } else if bytes <= KEY_BYTES
            && ((*TICK.start()..60 * SECOND).contains(&since_own)
                || since_own == now && (LINE_TIME..now).contains(&since_peer) && payload.ends_with(b"\n"))
        {
            self.rhythms = Some(Box::default());
            self.follow(side, bytes, payload, now, [since_own, since_peer]);
        }
    }

    #[inline(never)]
    fn follow(&mut self, side: Side, bytes: u32, payload: &[u8], now: u64, [since_own, since_peer]: [u64; 2]) {
        let Some([originator, responder]) = self.rhythms.as_deref_mut() else { return };
        let (own, peer) = if side == Side::Originator { (originator, responder) } else { (responder, originator) };
        peer.answered_by(bytes, now);
        own.sends(bytes, payload, now, since_own, since_peer);
    }

    /// What is told of the session.
    pub fn verdict(&self, habit: Habit) -> Verdict {
        let rhythms = self.rhythms.as_deref().map_or(&[][..], |rhythms| rhythms);
        let verdicts = rhythms.iter().flat_map(|rhythm| match habit {
            Habit::Terminal => [rhythm.keys(habit), rhythm.lines()],
            Habit::Ssh => [rhythm.keys(habit), rhythm.ticks()],
            Habit::Screen | Habit::Wrapped => [rhythm.keys(habit), Verdict::default()],
        });
        verdicts.max_by_key(|verdict| (verdict.score, verdict.keystrokes)).unwrap_or_default()
    }

    pub fn heap_bytes(&self) -> usize {
        self.rhythms.as_ref().map_or(0, |_| size_of::<[Rhythm; 2]>())
    }
}

/// How one side sends.
#[derive(Debug, Default)]
struct Rhythm {
    /// When it last sent what awaits an answer.
    waiting: Option<u64>,
    /// Small packets at a person's pace.
    keys: u32,
    /// Those of the size of the one before.
    alike: u32,
    /// Those that came after a time like one of the last.
    repeats: u32,
    /// Small packets after a long pause.
    pauses: u32,
    /// Of keys and those after pauses: answered by anything, and by something small.
    answered: u32,
    echoed: u32,
    /// Answers of another size than the one before.
    various: u32,
    answer: u32,
    /// What was sent at once, and what is too large for a key.
    reflexes: u32,
    large: u32,
    /// Bytes of keys, where they are those of a bare terminal.
    raw: u32,
    size: u32,
    since_own: Times,
    since_peer: Times,
    lines: Lines,
    ticks: Ticks,
}

impl Rhythm {
    fn answered_by(&mut self, bytes: u32, now: u64) {
        if let Some(sent) = self.waiting.take()
            && now.saturating_sub(sent) <= ECHO_WITHIN
        {
            add(&mut self.answered, true);
            add(&mut self.echoed, bytes <= ECHO_BYTES);
            add(&mut self.various, std::mem::replace(&mut self.answer, bytes) != bytes);
            add(&mut self.lines.answered, self.lines.waiting);
            self.lines.waiting = false;
        }
    }

    fn sends(&mut self, bytes: u32, payload: &[u8], now: u64, since_own: u64, since_peer: u64) {
        self.lines.waiting = false;
        if bytes > KEY_BYTES {
            add(&mut self.large, true);
            self.waiting = None;
            return;
        }
        let alike = std::mem::replace(&mut self.size, bytes) == bytes;
        if self.ticks.tick(alike, now, since_own) {
            return;
        }
        if since_own < SOONEST || since_peer < REFLEX {
            add(&mut self.reflexes, true);
            return;
        }
        self.waiting = Some(now);
        if bytes as usize == payload.len() && since_own.min(since_peer) >= LINE_TIME && is_line(payload) {
            self.lines.line(payload, since_peer);
        }
        if bytes <= 3 {
            self.raw = self.raw.saturating_add(bytes);
        }
        if since_own > PAUSE {
            add(&mut self.pauses, true);
            return;
        }
        add(&mut self.keys, true);
        add(&mut self.alike, alike);
        let repeats = [self.since_own.add(since_own), self.since_peer.add(since_peer.min(PAUSE))];
        add(&mut self.repeats, repeats.contains(&true));
    }

    /// Somebody types by keys.
    fn keys(&self, habit: Habit) -> Verdict {
        let fewest = if habit == Habit::Wrapped { FEWEST_WRAPPED } else { FEWEST_KEYS };
        if self.keys < fewest {
            return Verdict::default();
        }
        let keys = f64::from(self.keys);
        let share = |part: u32, of: f64| f64::from(part) / of;
        let all = keys + f64::from(self.reflexes) + f64::from(self.large);
        let awaited = keys + f64::from(self.pauses);
        let echoed = if habit == Habit::Screen { self.answered } else { self.echoed };
        let score = [
            0.55 + keys / 60.0,
            between(0.2, keys / all, 0.6),
            between(0.15, share(echoed, awaited), 0.6),
            between(0.25, share(self.alike, keys), 0.55),
            between(0.8, share(self.repeats, keys), 0.55),
            between(0.1, self.since_own.spread(), 0.25),
            between(0.1, self.since_peer.spread(), 0.25),
            between(1500.0, self.since_own.mean(), 800.0),
            between(45.0, self.since_own.mean(), 75.0),
            // Who types for long ends a line now and then, and gets another answer than an echo.
            if self.keys < MANY_KEYS { 1.0 } else { between(0.03, share(self.various, awaited), 0.1) },
        ];
        let pressed = u64::from(self.keys).saturating_add(u64::from(self.pauses));
        let keystrokes = match habit {
            Habit::Screen => pressed.div_ceil(2),
            _ if u64::from(self.raw) * 2 > pressed => u64::from(self.raw),
            _ => pressed,
        };
        Verdict { score: whole(score.iter().map(|factor| factor.min(1.0)).product()), keystrokes }
    }

    /// Somebody types by lines.
    fn lines(&self) -> Verdict {
        let lines = &self.lines;
        if lines.count < FEWEST_LINES {
            return Verdict::default();
        }
        let count = f64::from(lines.count);
        let sent = f64::from(self.keys) + f64::from(self.pauses) + f64::from(self.reflexes) + f64::from(self.large);
        let score = [
            0.35 + count / 12.0,
            between(0.4, count / sent.max(1.0), 0.8),
            between(0.3, f64::from(lines.answered) / count, 0.6),
            between(0.3, f64::from(lines.fresh) / count, 0.6),
            between(0.8, f64::from(lines.repeats) / count, 0.5),
            between(0.1, lines.times.spread(), 0.25),
        ];
        let score = whole(score.iter().map(|factor| factor.min(1.0)).product());
        Verdict { score, keystrokes: u64::from(lines.bytes) }
    }

    /// Somebody types behind ticks. How much can't be seen: it is told by the time for which they went on.
    fn ticks(&self) -> Verdict {
        let (runs, time) = self.ticks.all();
        if runs == 0 {
            return Verdict::default();
        }
        let typed = time.saturating_sub(runs.saturating_mul(TICKING_AFTER));
        let keystrokes = (typed.saturating_mul(TYPED_A_SECOND) / SECOND).max(runs).saturating_add(u64::from(self.keys));
        Verdict { score: 70u64.saturating_add(runs.saturating_mul(10)).min(100), keystrokes }
    }
}

/// Times between packets: their sums in milliseconds, and the last ones.
#[derive(Debug, Default)]
struct Times {
    count: u32,
    sum: u64,
    squares: u64,
    last: [u32; REMEMBERED],
}

impl Times {
    /// Takes a time, and tells whether it is like one of the last: by two milliseconds or three per cent.
    fn add(&mut self, time: u64) -> bool {
        let tenths = u32::try_from(time / (MILLISECOND / 10)).unwrap_or(u32::MAX);
        let near = (tenths / 32).max(20);
        let repeats = self.last.iter().any(|last| *last != 0 && last.abs_diff(tenths) <= near);
        self.last.rotate_right(1);
        if let Some(first) = self.last.first_mut() {
            *first = tenths;
        }
        let milliseconds = u64::from(tenths / 10);
        self.count = self.count.saturating_add(1);
        self.sum = self.sum.saturating_add(milliseconds);
        self.squares = self.squares.saturating_add(milliseconds.saturating_mul(milliseconds));
        repeats
    }

    /// In milliseconds.
    fn mean(&self) -> f64 {
        self.sum as f64 / f64::from(self.count.max(1))
    }

    /// The standard deviation as a part of the mean.
    fn spread(&self) -> f64 {
        let mean = self.mean().max(1.0);
        let variance = self.squares as f64 / f64::from(self.count.max(1)) - mean * mean;
        variance.max(0.0).sqrt() / mean
    }
}

/// Lines of text that came one by one.
#[derive(Debug, Default)]
struct Lines {
    count: u32,
    /// Their bytes: a key each.
    bytes: u32,
    answered: u32,
    /// The last packet was one.
    waiting: bool,
    /// Those unlike the one before, digits aside.
    fresh: u32,
    repeats: u32,
    last: u64,
    times: Times,
}

impl Lines {
    fn line(&mut self, text: &[u8], since_peer: u64) {
        let typed = text.iter().filter(|byte| **byte != b'\r').count();
        add(&mut self.count, true);
        self.bytes = self.bytes.saturating_add(u32::try_from(typed).unwrap_or(u32::MAX));
        // A program's questions often differ in a number alone.
        let told = text.iter().filter(|byte| !byte.is_ascii_digit());
        let print = told.fold(5381u64, |print, byte| print.wrapping_mul(33).wrapping_add(u64::from(*byte)));
        add(&mut self.fresh, std::mem::replace(&mut self.last, print) != print);
        let repeats = self.times.add(since_peer);
        add(&mut self.repeats, repeats);
        self.waiting = true;
    }
}

/// Packets of one size each 20 ms.
#[derive(Debug, Default)]
struct Ticks {
    begin: u64,
    last: u64,
    count: u64,
    /// Ticks that ended, and for how long they went on.
    runs: u64,
    time: u64,
}

impl Ticks {
    /// Takes a small packet, and tells whether it is a tick.
    fn tick(&mut self, alike: bool, now: u64, since_own: u64) -> bool {
        if alike && TICK.contains(&since_own) {
            if self.begin == 0 {
                self.begin = now.saturating_sub(since_own);
                self.count = 0;
            }
            self.last = now;
            self.count = self.count.saturating_add(1);
            return true;
        }
        // The network lets packets wait for each other now and then; that ends nothing.
        if since_own > *TICK.end() {
            (self.runs, self.time) = self.all();
            self.begin = 0;
        }
        false
    }

    /// How often ticks went on for long enough, and for how long.
    fn all(&self) -> (u64, u64) {
        let time = if self.begin == 0 { 0 } else { self.last.saturating_sub(self.begin) };
        let whole = self.count.saturating_mul(TICK_EVERY) >= time / 4 * 3;
        if time >= TICKING && whole {
            (self.runs.saturating_add(1), self.time.saturating_add(time))
        } else {
            (self.runs, self.time)
        }
    }
}

/// One line of text, ended, and nothing after it.
fn is_line(payload: &[u8]) -> bool {
    let Some(text) = payload.strip_suffix(b"\n") else { return false };
    let text = text.strip_suffix(b"\r").unwrap_or(text);
    text.iter().all(|byte| matches!(byte, b'\t' | 0x20..=0x7e | 0x80..))
}

fn add(count: &mut u32, one: bool) {
    *count = count.saturating_add(u32::from(one));
}

/// 0 at `none` and beyond, 1 at `full` and beyond; either may be the larger.
fn between(none: f64, value: f64, full: f64) -> f64 {
    ((value - none) / (full - none)).clamp(0.0, 1.0)
}

fn whole(score: f64) -> u64 {
    (score * 100.0).round() as u64
}

#[cfg(test)]
mod tests;
