//! What a line costs. `cargo bench -p output`.

#[path = "../tests/sample/mod.rs"]
mod sample;

use divan::Bencher;
use output::{Format, Identity, MsgId, Profile, Record, Renderer};

fn main() {
    divan::main();
}

fn render(bencher: Bencher<'_, '_>, facts: &dissectors::Facts, profile: Profile) {
    let mut renderer = Renderer::new(&Identity::new("tap"), profile);
    let mut out = Vec::with_capacity(1 << 16);
    bencher.bench_local(|| {
        out.clear();
        let record = Record { msg_id: MsgId::Session, time: sample::TIME, facts, severity: None };
        renderer.render(&record, &mut out).sd_at + out.len()
    });
}

/// A session of some forty fields that fits.
#[divan::bench(args = [Format::Rfc5424, Format::Json])]
fn typical_session(bencher: Bencher<'_, '_>, format: &Format) {
    render(bencher, &sample::ssh(), Profile { format: *format, limit: 8000 });
}

/// Sixteen requests that fit.
#[divan::bench]
fn busy_session(bencher: Bencher<'_, '_>) {
    render(bencher, &sample::http(16), Profile::default());
}

/// Sixteen requests that do not fit into a datagram.
#[divan::bench]
fn session_that_must_shrink(bencher: Bencher<'_, '_>) {
    render(bencher, &sample::http(16), Profile { limit: 1370, ..Profile::default() });
}
