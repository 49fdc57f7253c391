use super::*;

/// SplitMix64.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// Log-normal, as times between keys are: `middle` is the median.
    fn pace(&mut self, middle: f64, spread: f64) -> f64 {
        let normal: f64 = (0..12).map(|_| self.unit()).sum::<f64>() - 6.0;
        middle * (spread * normal).exp()
    }
}

/// Packets to be: milliseconds, side, bytes.
#[derive(Default)]
struct Play(Vec<(f64, Side, Vec<u8>)>);

impl Play {
    fn sends(&mut self, at: f64, side: Side, bytes: usize) {
        self.says(at, side, &vec![0; bytes]);
    }

    fn says(&mut self, at: f64, side: Side, bytes: &[u8]) {
        self.0.push((at, side, bytes.to_vec()));
    }

    fn verdict(mut self, habit: Habit) -> Verdict {
        self.0.sort_by(|one, other| one.0.total_cmp(&other.0));
        let mut typing = Typing::default();
        for (at, side, bytes) in &self.0 {
            let time = Timestamp::from_nanos(1_800_000_000 * SECOND + (at * 1e6) as u64);
            typing.packet(*side, bytes.len() as u32, bytes, time);
        }
        typing.verdict(habit)
    }
}

use Side::{Originator as A, Responder as B};

/// Somebody who types `keys` keys of `size` bytes at a median of `pace` milliseconds, over a line of `rtt`, seen near the typist or far.
fn typed(seed: u64, keys: usize, size: usize, pace: f64, rtt: f64, far: bool) -> Play {
    let (mut play, mut chance, mut now) = (Play::default(), Chance(seed), 1000.0);
    let reply = if far { 0.4 } else { rtt };
    for nth in 0..keys {
        now += chance.pace(pace, 0.45) + if nth % 9 == 8 { chance.between(300.0, 4000.0) } else { 0.0 };
        let jitter = if far { chance.between(0.0, rtt * 0.1) } else { 0.0 };
        play.sends(now + jitter, A, size);
        let echo = if nth % 12 == 11 { 500 } else { size };
        play.sends(now + jitter + reply + chance.between(0.2, 2.0), B, echo);
    }
    play
}

#[test]
fn a_typist_is_known_whatever_the_pace_the_line_and_the_tap() {
    for (size, habit) in [
        (36, Habit::Ssh),
        (52, Habit::Ssh),
        (100, Habit::Ssh),
        (1, Habit::Terminal),
        (8, Habit::Screen),
        (23, Habit::Wrapped),
    ] {
        for pace in [70.0, 120.0, 200.0, 350.0] {
            for (rtt, far) in [(0.2, false), (20.0, false), (90.0, false), (250.0, false), (20.0, true), (200.0, true)]
            {
                let verdict = typed(size as u64 * 31 + pace as u64, 60, size, pace, rtt, far).verdict(habit);
                let keys = if habit == Habit::Screen { 30 } else { 60 };
                assert!(verdict.score >= INTERACTIVE, "{habit:?} {size} {pace} {rtt} {far}: {verdict:?}");
                assert!(
                    verdict.keystrokes.abs_diff(keys) <= keys / 4,
                    "{habit:?} {size} {pace} {rtt} {far}: {verdict:?}"
                );
            }
        }
    }
}

#[test]
fn few_keys_are_no_evidence() {
    for keys in 0..8 {
        assert!(typed(3, keys, 36, 150.0, 10.0, false).verdict(Habit::Ssh).score < INTERACTIVE, "{keys}");
    }
    assert!(typed(3, 15, 36, 150.0, 10.0, false).verdict(Habit::Ssh).score >= INTERACTIVE);
}

#[test]
fn either_side_may_type() {
    let mut play = typed(8, 40, 1, 150.0, 20.0, false);
    play.0.iter_mut().for_each(|packet| packet.1 = packet.1.other());
    assert!(play.verdict(Habit::Terminal).score >= INTERACTIVE);
}

/// A stream of ticks from a key until after the last, as OpenSSH documents it, with what a network adds; `PONG`s answer.
fn ticks(play: &mut Play, chance: &mut Chance, begin: f64, typed_for: f64, rtt: f64) -> f64 {
    let until = begin + typed_for + 1024.0 + chance.between(0.0, 2048.0);
    let fuzz = chance.between(0.0, 2.0);
    let mut now = begin;
    while now < until {
        let late = if chance.unit() < 0.03 { chance.between(0.0, 9.0) } else { chance.between(0.0, 0.5) };
        play.sends(now + late, A, 36);
        play.sends(now + late + rtt, B, 36);
        now += 18.0 + chance.between(0.0, 2.0) + fuzz;
    }
    now
}

#[test]
fn keys_are_known_behind_openssh_s_ticks() {
    for rtt in [0.3, 12.0, 80.0] {
        let (mut play, mut chance, mut now, mut keys) = (Play::default(), Chance(rtt as u64), 3000.0, 0.0);
        for burst in [2500.0, 900.0, 6000.0, 1500.0] {
            now = ticks(&mut play, &mut chance, now, burst, rtt) + chance.between(500.0, 9000.0);
            keys += burst / 190.0;
        }
        let verdict = play.verdict(Habit::Ssh);
        assert!(verdict.score >= 80, "{rtt}: {verdict:?}");
        let times = verdict.keystrokes as f64 / keys;
        assert!((0.4..2.5).contains(&times), "{rtt}: {verdict:?}, typed {keys}");
    }
}

#[test]
fn a_shell_s_lines_are_known() {
    let (mut play, mut chance, mut now, mut keys) = (Play::default(), Chance(6), 500.0, 0);
    play.says(now, A, b"sh-5.2$ ");
    for line in ["id\n", "uname -a\n", "ls -la /home\n", "cat /etc/passwd\n", "ps aux\n", "exit\n"] {
        now += chance.pace(3500.0, 0.6);
        play.says(now, B, line.as_bytes());
        play.says(now + 6.0, A, &vec![b'x'; 40 + line.len() * 30]);
        keys += line.len() as u64;
    }
    let verdict = play.verdict(Habit::Terminal);
    assert!(verdict.score >= INTERACTIVE && verdict.keystrokes == keys, "{verdict:?}");
}

/// A machine's packets must score below the line with every habit.
fn is_nobody(what: &str, play: impl Fn() -> Play) {
    for habit in [Habit::Terminal, Habit::Ssh, Habit::Screen, Habit::Wrapped] {
        let verdict = play().verdict(habit);
        assert!(verdict.score < INTERACTIVE, "{what}, {habit:?}: {verdict:?}");
    }
}

/// Requests of `size` bytes, each after `wait(previous answer's time)`, answered after `answer`.
fn exchange(
    size: usize,
    count: usize,
    mut wait: impl FnMut() -> f64,
    mut answer: impl FnMut() -> (f64, usize),
) -> Play {
    let (mut play, mut now) = (Play::default(), 1000.0);
    for _ in 0..count {
        now += wait();
        play.sends(now, A, size);
        let (after, bytes) = answer();
        play.sends(now + after, B, bytes);
        now += after;
    }
    play
}

#[test]
fn machines_are_nobody() {
    let chance = |seed| Chance(seed);
    is_nobody("remote calls at once", || {
        let (mut one, mut two) = (chance(1), chance(2));
        exchange(40, 400, move || one.between(0.05, 1.5), move || (two.pace(40.0, 0.7), 60))
    });
    is_nobody("remote calls over a long line", || {
        let (mut one, mut two) = (chance(3), chance(4));
        exchange(40, 400, move || 80.0 + one.between(0.0, 5.0), move || (two.pace(3.0, 0.7), 60))
    });
    is_nobody("remote calls over a long line that trembles", || {
        let (mut one, mut two) = (chance(5), chance(6));
        exchange(40, 400, move || 80.0 + one.between(0.0, 14.0), move || (two.pace(30.0, 0.7), 60))
    });
    for period in [50.0, 200.0, 1000.0, 2500.0] {
        is_nobody("a poll", move || {
            let (mut one, mut two) = (chance(7), chance(8));
            exchange(36, 300, move || period + one.between(-1.0, 1.0), move || (two.between(0.3, 2.0), 36))
        });
    }
    for (period, tremble) in [(16.0, 2.0), (20.0, 3.0), (50.0, 6.0), (100.0, 4.0)] {
        is_nobody("a game's beats", move || {
            let (mut play, mut chance) = (Play::default(), chance(9));
            for beat in 0..1500 {
                let at = 1000.0 + f64::from(beat) * period;
                play.sends(at + chance.between(0.0, tremble), A, 24 + (chance.next() % 3) as usize * 4);
                play.sends(at + chance.between(0.0, period), B, 60 + (chance.next() % 40) as usize);
            }
            play
        });
    }
    is_nobody("keep-alives", || exchange(52, 50, || 15_000.0, || (20.0, 52)));
    is_nobody("a transfer with window adjustments", || {
        let (mut play, mut chance) = (Play::default(), chance(10));
        for packet in 0..6000 {
            let at = 1000.0 + f64::from(packet) * 1.2;
            play.sends(at, B, 1400);
            if chance.unit() < 0.02 {
                play.sends(at + 0.3, A, 36);
            }
        }
        play
    });
    is_nobody("a display that renews itself", || {
        let mut play = Play::default();
        for second in 0..300 {
            play.sends(f64::from(second) * 1000.0, B, 1200);
        }
        play
    });
    is_nobody("sensors that report in lines", || {
        let (mut play, mut chance) = (Play::default(), chance(12));
        for report in 0..200 {
            let at = f64::from(report) * 5000.0 + chance.between(0.0, 40.0);
            play.says(at, A, format!("temp {:.2}\n", chance.between(18.0, 22.0)).as_bytes());
            play.says(at + 12.0, B, b"ok\n");
        }
        play
    });
    is_nobody("the same question at any time", || {
        let (mut play, mut chance, mut now) = (Play::default(), chance(13), 0.0);
        for _ in 0..60 {
            now += chance.pace(4000.0, 0.6);
            play.says(now, A, b"status\n");
            play.says(now + 9.0, B, b"running\n");
        }
        play
    });
    is_nobody("questions of many sizes at any time", || {
        let (mut one, mut two, mut three) = (chance(14), chance(15), chance(16));
        let (mut play, mut now) = (Play::default(), 1000.0);
        for _ in 0..300 {
            now += one.pace(300.0, 0.9);
            play.sends(now, A, 30 + (two.next() % 90) as usize);
            play.sends(now + three.between(1.0, 9.0), B, 60);
        }
        play
    });
}

#[test]
fn the_state_is_small_and_comes_late() {
    assert!(size_of::<Typing>() <= 24);
    assert!(size_of::<[Rhythm; 2]>() <= 640, "{}", size_of::<[Rhythm; 2]>());
    let mut typing = Typing::default();
    for packet in 0..1000u64 {
        typing.packet(A, 1448, &[], Timestamp::from_nanos((1 + packet) * MILLISECOND * 40));
        typing.packet(B, 10, &[], Timestamp::from_nanos((1 + packet) * MILLISECOND / 2));
    }
    assert_eq!(typing.heap_bytes(), 0);
}
