//! The program `tapline`: everything is in the library.

/// Sessions begin and end all the time, and each has a dozen small things of its own: an allocator that is made for that takes a twelfth off the
/// time of short ones. It asks for no huge pages: what they save is spent again on clearing them, two megabytes at once.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    sensor::run(std::env::args_os()).into()
}
