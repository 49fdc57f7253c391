//! The program `tapline`: everything is in the library.

fn main() -> std::process::ExitCode {
    sensor::run(std::env::args_os()).into()
}
