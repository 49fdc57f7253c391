//! What content looks like: how often each kind of it is told right, wrong or not at all, by length. docs/DETECTION.md has the rates:
//! `BLESS=1 cargo test -p dissectors --test content` measures them anew.

// A helper that fails is a failing test.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::string_slice, clippy::unwrap_used)]

#[path = "support/chance.rs"]
#[allow(dead_code)]
mod chance;
#[path = "content/jpeg.rs"]
mod jpeg;
#[path = "content/kinds.rs"]
mod kinds;

use std::fmt::Write;
use std::path::Path;
use std::sync::LazyLock;

use chance::Chance;
use dissectors::content::{Content, Look};
use dissectors::facts::Side;
use kinds::Kind;

const LENGTHS: [usize; 6] = [256, 512, 1024, 4096, 8192, 16_384];
/// Samples of each kind and length.
const SAMPLES: usize = 100;
/// A rate may depart so far from the published one: texts and machine code are the project's own, and change.
const TOLERANCE: f64 = 15.0;

fn look(bytes: &[u8], inside: bool) -> Look {
    let mut content = Content::new(false, inside);
    content.data(Side::Originator, bytes);
    content.look()
}

/// How many per cent look random, and how many compressed.
#[derive(Clone, Copy, Default)]
struct Rates {
    random: f64,
    compressed: f64,
}

fn rates(samples: impl Iterator<Item = Vec<u8>>, inside: bool) -> Rates {
    let (mut all, mut random, mut compressed) = (0.0, 0.0, 0.0);
    for sample in samples {
        all += 1.0;
        match look(&sample, inside) {
            Look::Random => random += 1.0,
            Look::Compressed => compressed += 1.0,
            Look::Other | Look::Short => {}
        }
    }
    Rates { random: 100.0 * random / all, compressed: 100.0 * compressed / all }
}

type Measured = Vec<(&'static Kind, Vec<Rates>)>;

static KINDS: LazyLock<Vec<Kind>> = LazyLock::new(kinds::all);
static WHOLE: LazyLock<Measured> = LazyLock::new(|| measured(false));
static INSIDE: LazyLock<Measured> = LazyLock::new(|| measured(true));

/// Rates by kind and length: of pieces of streams that begin there, or whose beginning was not seen.
fn measure(inside: bool) -> &'static Measured {
    if inside { &INSIDE } else { &WHOLE }
}

fn measured(inside: bool) -> Measured {
    let measured = KINDS.iter().map(|kind| {
        let rates = LENGTHS.map(|length| {
            let mut chance = Chance::named(kind.name);
            rates((0..SAMPLES).map(|_| kind.piece(&mut chance, length, inside)), inside)
        });
        (kind, rates.to_vec())
    });
    measured.collect()
}

fn cell(rates: Rates) -> String {
    match (rates.random.round() as u32, rates.compressed.round() as u32) {
        (0, 0) => "–".to_owned(),
        (random, 0) => format!("r {random}"),
        (0, compressed) => format!("c {compressed}"),
        (random, compressed) => format!("r {random}, c {compressed}"),
    }
}

fn read_cell(cell: &str) -> Rates {
    let mut rates = Rates::default();
    for part in cell.split(", ").filter(|part| *part != "–") {
        let (what, number) = part.split_once(' ').unwrap();
        *if what == "r" { &mut rates.random } else { &mut rates.compressed } = number.parse().unwrap();
    }
    rates
}

fn table(measured: &Measured) -> String {
    let mut text = String::from("| content |");
    LENGTHS.iter().for_each(|length| write!(text, " {length} |").unwrap());
    writeln!(text, "\n| --- |{}", " --- |".repeat(LENGTHS.len())).unwrap();
    for (kind, rates) in measured {
        let cells: String = rates.iter().map(|rates| format!(" {} |", cell(*rates))).collect();
        writeln!(text, "| {} |{cells}", kind.what).unwrap();
    }
    text
}

#[test]
fn the_published_rates_are_those_measured() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/DETECTION.md");
    let mut text = std::fs::read_to_string(&path).unwrap();
    for (mark, inside) in [("beginning seen", false), ("beginning not seen", true)] {
        let measured = measure(inside);
        let (open, close) = (format!("<!-- rates: {mark} -->\n"), "<!-- end -->");
        let (before, rest) = text.split_once(&open).expect(mark);
        let (published, after) = rest.split_once(close).unwrap();
        if std::env::var_os("BLESS").is_some() {
            text = format!("{before}{open}{}{close}{after}", table(measured));
            continue;
        }
        for (kind, rates) in measured {
            let row = published.lines().find(|line| line.starts_with(&format!("| {} |", kind.what)));
            let cells = row.unwrap_or_else(|| panic!("{} is not published", kind.what));
            let cells = cells.trim_matches('|').split('|').skip(1).map(|cell| read_cell(cell.trim()));
            for ((length, measured), published) in LENGTHS.iter().zip(rates).zip(cells) {
                let off = |one: f64, other: f64| (one - other).abs() > TOLERANCE;
                assert!(
                    !off(measured.random, published.random) && !off(measured.compressed, published.compressed),
                    "{mark}, {} of {length} bytes: {} measured, {} published",
                    kind.what,
                    cell(*measured),
                    cell(published)
                );
            }
        }
    }
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, text).unwrap();
    }
}

#[test]
fn random_bytes_look_random_and_are_never_called_compressed() {
    let mut chance = Chance::new(11);
    for length in [256, 300, 700, 1024, 3000, 8192, 20_000] {
        let random = kinds::random(&mut chance, 0);
        assert!(random.is_empty());
        let rates = rates((0..1000).map(|_| kinds::random(&mut chance, length)), false);
        assert!(rates.random >= 98.0 && rates.compressed == 0.0, "{length}: {}", cell(rates));
    }
}

#[test]
fn headers_between_cipher_text_are_no_compression() {
    for inside in [false, true] {
        for (kind, rates) in measure(inside).iter().filter(|(kind, _)| kind.what.starts_with("cipher text")) {
            let most = rates.iter().map(|rates| rates.compressed).fold(0.0, f64::max);
            assert!(most <= 2.0, "{}: {most} % compressed", kind.what);
        }
    }
}

#[test]
fn nothing_readable_looks_random() {
    for (kind, rates) in measure(false) {
        if kind.plain {
            let worst = rates.iter().fold(0.0, |worst: f64, rates| worst.max(rates.random).max(rates.compressed));
            assert!(worst == 0.0, "{}: {worst} %", kind.what);
        }
    }
}

#[test]
fn a_format_that_begins_with_its_magic_number_is_compressed_at_any_length() {
    for (kind, rates) in measure(false) {
        if kind.magic {
            assert!(rates.iter().all(|rates| rates.compressed == 100.0), "{}", kind.what);
        }
    }
}

#[test]
fn it_does_not_matter_how_the_network_cuts() {
    let mut chance = Chance::new(5);
    for kind in KINDS.iter() {
        for length in [300, 5000, 40_000] {
            let piece = kind.piece(&mut chance, length, false);
            let whole = look(&piece, false);
            for _ in 0..4 {
                let mut content = Content::new(false, false);
                let mut rest = piece.as_slice();
                while !rest.is_empty() {
                    let (one, after) = rest.split_at(rest.len().min(1 + chance.below(1500)));
                    content.data(Side::Originator, one);
                    rest = after;
                }
                assert_eq!(content.look(), whole, "{} of {length} bytes", kind.what);
            }
        }
    }
}

#[test]
fn few_bytes_tell_nothing_and_a_text_beside_random_bytes_forbids_it() {
    let mut chance = Chance::new(3);
    assert_eq!(look(&kinds::random(&mut chance, 255), false), Look::Short);
    assert_eq!(look(&kinds::random(&mut chance, 16_383), true), Look::Short);
    assert_eq!(look(&kinds::random(&mut chance, 16_384), true), Look::Random);
    let mut content = Content::new(false, false);
    content.data(Side::Originator, b"fetch block 17\r\n");
    content.data(Side::Responder, &kinds::random(&mut chance, 3000));
    assert_eq!(content.look(), Look::Other);
}

#[test]
fn headers_of_datagrams_are_passed_over() {
    let mut chance = Chance::new(9);
    let mut content = Content::new(true, false);
    for number in 0..40u8 {
        let mut datagram = vec![4, 0, 0, 0, 0, 0, 0, 17, number, 0, 0, 0, 0, 0, 0, 0];
        datagram.extend(kinds::random(&mut chance, 100));
        content.data(Side::Originator, &datagram);
    }
    assert_eq!(content.look(), Look::Random);
}

#[test]
fn looking_ends() {
    let mut chance = Chance::new(2);
    let mut content = Content::new(false, false);
    let mut given = 0;
    while !content.is_done() {
        content.data(Side::Originator, &kinds::random(&mut chance, 1400));
        given += 1400;
    }
    assert!(given < 70_000 && content.heap_bytes() < 6144, "{given} bytes, {} held", content.heap_bytes());
}
