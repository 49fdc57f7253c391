//! What each dissector costs, over its written conversations. `cargo bench -p dissectors`.

#![allow(clippy::expect_used, reason = "a benchmark that can't be set up should fail loudly")]

#[path = "../tests/script/mod.rs"]
mod script;

use dissectors::protocols;
use divan::Bencher;
use divan::counter::BytesCount;

fn main() {
    divan::main();
}

fn names() -> impl Iterator<Item = &'static str> {
    protocols::ALL.iter().map(|protocol| protocol.name)
}

#[divan::bench(args = names())]
fn conversations(bencher: Bencher<'_, '_>, name: &str) {
    let scripts: Vec<script::Script> = script::all().into_iter().filter(|script| script.app == name).collect();
    let bytes: usize = scripts.iter().flat_map(|script| &script.turns).map(|turn| turn.bytes.len()).sum();
    bencher.counter(BytesCount::new(bytes)).bench_local(|| {
        scripts.iter().map(|script| script::play(script.setup(), &script.turns).heap_bytes()).sum::<usize>()
    });
}
