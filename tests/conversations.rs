//! Every protocol against its written conversations, and the laws that hold for all of them.
//!
//! `tests/conversations/PROTOCOL-WHAT.txt` is a conversation, `.facts` beside it what must be told of it. `BLESS=1 cargo test -p
//! dissectors --test conversations` writes the second anew; read the diff before committing it.
//!
//! The form of a conversation stands in `tests/script`.

// A helper that fails is a failing test.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::string_slice, clippy::unwrap_used)]

mod script;

use std::fmt::Write;

use dissectors::conversation::{Conversation, Setup};
use dissectors::detector::Detector;
use dissectors::facts::{Facts, Side, Value};
use dissectors::protocols;
use dissectors::{Timestamp, Transport};
use proptest::prelude::*;
use script::chance::Chance;
use script::noise::KINDS;
use script::{Script, Turn};

/// Plays turns and gives what is told of them.
fn play(setup: Setup, turns: &[Turn]) -> String {
    tell(&mut script::play(setup, turns))
}

fn tell(conversation: &mut Conversation) -> String {
    let mut facts = Facts::new();
    conversation.facts(&mut facts);
    let mut text = format!("app={}\n", conversation.app().unwrap_or("unknown"));
    for heard in conversation.news() {
        writeln!(text, "news={heard:?}").unwrap();
    }
    if let Some(user) = facts.named_user() {
        writeln!(text, "user={}", user.bytes().escape_ascii()).unwrap();
    }
    if let Some(how) = facts.encryption() {
        writeln!(text, "encrypted={how}").unwrap();
    }
    for flag in facts.flags().iter() {
        writeln!(text, "flag={}", flag.name()).unwrap();
    }
    for (element, field, value) in facts.values() {
        write!(text, "{}.{}=", element.name, field.name).unwrap();
        match value {
            Value::Bytes(bytes) => writeln!(text, "{}", bytes.escape_ascii()),
            Value::Plain(plain) => writeln!(text, "{plain}"),
            other => writeln!(text, "{other:?}"),
        }
        .unwrap();
    }
    for omission in facts.omissions() {
        writeln!(text, "cut {}.{}:{}", omission.element.name, omission.field.name, omission.count).unwrap();
    }
    text
}

/// The same bytes in pieces of at most `size`.
fn resegmented(turns: &[Turn], size: usize) -> Vec<Turn> {
    turns
        .iter()
        .flat_map(|turn| turn.bytes.chunks(size).map(|piece| Turn { bytes: piece.to_vec(), ..turn.clone() }))
        .collect()
}

fn streams() -> impl Iterator<Item = Script> {
    script::all().into_iter().filter(|script| script.transport == Transport::Tcp)
}

#[test]
fn each_conversation_tells_what_it_must() {
    let mut wrong = String::new();
    for script in script::all() {
        let told = play(script.setup(), &script.turns);
        let path = script::folder().join(&script.name).with_extension("facts");
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(&path, &told).unwrap();
        }
        let expected = std::fs::read_to_string(&path).unwrap_or_default();
        if told != expected {
            writeln!(wrong, "--- {}\nexpected:\n{expected}\ntold:\n{told}", script.name).unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn each_protocol_has_a_conversation_and_claims_only_its_own() {
    let scripts = script::all();
    for protocol in protocols::ALL {
        assert!(scripts.iter().any(|script| script.app == protocol.name), "no conversation for {}", protocol.name);
    }
    for script in &scripts {
        let told = play(script.setup(), &script.turns);
        assert!(told.starts_with(&format!("app={}\n", script.app)), "{}: {told}", script.name);
    }
}

#[test]
fn a_first_byte_that_leaves_a_protocol_out_is_one_that_its_probe_rejects() {
    // The detector asserts it; here are other first bytes before what real conversations go on with.
    for script in script::all() {
        let Setup { transport, addresses, .. } = script.setup();
        for side in [Side::Originator, Side::Responder] {
            let Some(turn) = script.turns.iter().find(|turn| turn.side == side && !turn.bytes.is_empty()) else {
                continue;
            };
            let mut bytes = turn.bytes.clone();
            for first in 0..=u8::MAX {
                bytes[0] = first;
                Detector::new(transport, addresses).look(side, &bytes);
            }
        }
    }
}

#[test]
fn any_segmentation_tells_the_same() {
    for script in streams() {
        let whole = play(script.setup(), &script.turns);
        for size in [1, 2, 3, 7, 64, 536, 1460] {
            assert_eq!(
                play(script.setup(), &resegmented(&script.turns, size)),
                whole,
                "{} in pieces of {size}",
                script.name
            );
        }
    }
}

#[test]
fn who_spoke_first_does_not_matter() {
    for script in streams() {
        let swapped: Vec<Turn> =
            script.turns.iter().map(|turn| Turn { side: turn.side.other(), ..turn.clone() }).collect();
        let told = play(script.setup(), &swapped);
        assert!(told.starts_with(&format!("app={}\n", script.app)), "{} with its sides swapped: {told}", script.name);
    }
}

#[test]
fn a_truncation_anywhere_is_survived_and_is_never_another_protocol() {
    for script in script::all() {
        for at in 0..script.turns.len() {
            let bytes = script.turns[at].bytes.len();
            let step = (bytes / 40).max(1);
            for keep in (0..bytes).step_by(step) {
                let mut turns = script.turns[..=at].to_vec();
                turns[at].bytes.truncate(keep);
                let told = play(script.setup(), &turns);
                assert!(
                    script.is_part(&told) && !told.contains("dissector_failed"),
                    "{} cut at {at}:{keep}: {told}",
                    script.name
                );
            }
        }
    }
}

#[test]
fn a_gap_anywhere_is_survived() {
    for script in streams() {
        for at in 0..script.turns.len() {
            let mut conversation = Conversation::new(script.setup());
            for (index, turn) in script.turns.iter().enumerate() {
                if index == at {
                    conversation.gap(turn.side, turn.bytes.len() as u64);
                } else {
                    conversation.data(turn.side, &turn.bytes, Timestamp::from_nanos(turn.time));
                }
            }
            conversation.close();
            let told = tell(&mut conversation);
            assert!(
                script.is_part(&told) && !told.contains("dissector_failed"),
                "{} without turn {at}: {told}",
                script.name
            );
        }
    }
}

/// Noise of one kind or another, from one side or from both.
fn noise(seed: u64) -> (String, Transport, Vec<Turn>) {
    let mut chance = Chance(seed);
    let transport = *chance.pick(&[Transport::Tcp, Transport::Udp]);
    let (name, make) = *chance.pick(&KINDS);
    // Mostly both sides speak alike.
    let (other_name, make_other) = if chance.one_in(4) { *chance.pick(&KINDS) } else { (name, make) };
    let one_sided = chance.one_in(3);
    let turns = (0..1 + chance.below(5) as u64).map(|turn| {
        let side = if turn % 2 == 0 || one_sided { Side::Originator } else { Side::Responder };
        let bytes = if side == Side::Originator { make(&mut chance) } else { make_other(&mut chance) };
        Turn { side, bytes, time: turn }
    });
    let turns = turns.collect();
    (format!("{name} and {other_name}, seed {seed}"), transport, turns)
}

#[test]
fn noise_is_claimed_by_nobody() {
    let rounds = std::env::var("ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(60_000);
    let mut wrong = Vec::new();
    for seed in 0..rounds {
        let (name, transport, turns) = noise(seed);
        let script = Script { transport, ..script::parse("noise", "") };
        let told = play(script.setup(), &turns);
        if !told.starts_with("app=unknown\n") {
            let app = told.lines().next().unwrap_or_default();
            let said: Vec<String> = turns
                .iter()
                .map(|turn| turn.bytes.iter().take(60).copied().collect::<Vec<u8>>().escape_ascii().to_string())
                .collect();
            wrong.push(format!("{app}: {transport:?} {name}: {said:?}"));
        }
    }
    wrong.sort();
    assert!(wrong.is_empty(), "{}\n{}", wrong.len(), wrong.join("\n"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_flipped_byte_is_survived(pick: prop::sample::Index, turn: prop::sample::Index, at: prop::sample::Index, flip in 1u8..) {
        let scripts = script::all();
        prop_assume!(!scripts.is_empty());
        let script = pick.get(&scripts);
        let mut turns = script.turns.clone();
        let turn = turn.index(turns.len());
        prop_assume!(!turns[turn].bytes.is_empty());
        let at = at.index(turns[turn].bytes.len());
        turns[turn].bytes[at] ^= flip;
        let told = play(script.setup(), &turns);
        prop_assert!(!told.contains("dissector_failed"), "{} turn {turn} byte {at} ^ {flip:02x}: {told}", script.name);
    }
}
