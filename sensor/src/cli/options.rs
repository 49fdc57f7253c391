//! What was asked for, checked: everything that the pipeline takes.

use std::path::PathBuf;

use dissectors::time::SECOND;

use super::arguments::Arguments;
use super::units::TimeoutKind;

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Files and folders to read, `-` for standard input; at least one.
    pub inputs: Vec<PathBuf>,
    /// The pcap-filter(7) expression.
    pub filter: Option<String>,
    /// Destinations as they were written; at least one.
    pub outputs: Vec<String>,
    /// How a session is written.
    pub format: Format,
    /// Longest line, in bytes.
    pub line_limit: usize,
    /// Whether secrets are hidden.
    pub redact: bool,
    /// Whether files that move in sessions are hashed.
    pub file_hash: bool,
    /// Syslog facility, 0 to 23.
    pub facility: u8,
    /// Syslog severity of an ordinary session, 0 to 7.
    pub severity: u8,
    /// The sensor's name, where one was given.
    pub hostname: Option<String>,
    /// Private enterprise number of the structured data.
    pub pen: u32,
    /// When a silent session ends.
    pub timeouts: Timeouts,
    /// Nanoseconds between two lines of an open session, where those are wanted.
    pub active_timeout_ns: Option<u64>,
    /// Whether sessions may span VLANs.
    pub ignore_vlan: bool,
    /// Seed of the Community ID.
    pub community_id_seed: u16,
    /// Threads that follow sessions; at least one.
    pub workers: usize,
    /// Memory for sessions, in bytes.
    pub memory_bytes: u64,
    /// How much is said on standard error.
    pub verbosity: Verbosity,
}

/// How a session is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// A syslog line with structured data.
    #[default]
    Rfc5424,
    /// A JSON object on a line.
    Json,
}

/// How much is said on standard error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// Errors only.
    Quiet,
    /// Progress, the summary, what was damaged or lost.
    #[default]
    Normal,
    /// What was passed over, too.
    Verbose,
}

/// When a silent session ends, in nanoseconds of the packet clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// TCP before its handshake is complete.
    pub tcp_embryonic_ns: u64,
    /// TCP that is open both ways.
    pub tcp_established_ns: u64,
    /// TCP that one side has closed.
    pub tcp_closing_ns: u64,
    /// TCP that both sides have closed, or one has reset.
    pub tcp_closed_ns: u64,
    /// UDP.
    pub udp_ns: u64,
    /// One question that has its one answer.
    pub answered_ns: u64,
    /// ICMP and ICMPv6.
    pub icmp_ns: u64,
    /// Everything else.
    pub other_ns: u64,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            tcp_embryonic_ns: 30 * SECOND,
            tcp_established_ns: 3600 * SECOND,
            tcp_closing_ns: 120 * SECOND,
            tcp_closed_ns: 5 * SECOND,
            udp_ns: 60 * SECOND,
            answered_ns: 2 * SECOND,
            icmp_ns: 30 * SECOND,
            other_ns: 60 * SECOND,
        }
    }
}

impl Timeouts {
    fn set(&mut self, kind: TimeoutKind, nanos: u64) {
        *match kind {
            TimeoutKind::TcpEmbryonic => &mut self.tcp_embryonic_ns,
            TimeoutKind::TcpEstablished => &mut self.tcp_established_ns,
            TimeoutKind::TcpClosing => &mut self.tcp_closing_ns,
            TimeoutKind::TcpClosed => &mut self.tcp_closed_ns,
            TimeoutKind::Udp => &mut self.udp_ns,
            TimeoutKind::Answered => &mut self.answered_ns,
            TimeoutKind::Icmp => &mut self.icmp_ns,
            TimeoutKind::Other => &mut self.other_ns,
        } = nanos;
    }
}

impl Options {
    /// Checks what no single option can tell of itself.
    pub(super) fn check(arguments: Arguments) -> Result<Self, String> {
        if arguments.read.is_empty() {
            return Err("nothing to read; name captures with -r FILE, or - for standard input".into());
        }
        let mut timeouts = Timeouts::default();
        for (kind, nanos) in arguments.timeout {
            timeouts.set(kind, nanos);
        }
        let processors = || std::thread::available_parallelism().map_or(1, usize::from);
        let verbosity = match (arguments.quiet, arguments.verbose) {
            (true, _) => Verbosity::Quiet,
            (false, 0) => Verbosity::Normal,
            (false, _) => Verbosity::Verbose,
        };
        Ok(Self {
            inputs: arguments.read,
            filter: arguments.filter,
            outputs: arguments.output,
            format: arguments.format,
            line_limit: arguments.line_limit,
            redact: !arguments.no_redact,
            file_hash: !arguments.no_file_hash,
            facility: arguments.facility,
            severity: arguments.severity,
            hostname: arguments.hostname,
            pen: arguments.pen,
            timeouts,
            active_timeout_ns: arguments.active_timeout,
            ignore_vlan: arguments.ignore_vlan,
            community_id_seed: arguments.community_id_seed,
            workers: arguments.workers.map_or_else(processors, usize::from),
            memory_bytes: arguments.memory,
            verbosity,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Asked, parse};
    use super::*;

    fn asked(line: &str) -> Result<Asked, String> {
        parse(std::iter::once("tapline").chain(line.split_whitespace()).map(Into::into))
    }

    fn options(line: &str) -> Options {
        match asked(line) {
            Ok(Asked::Run(options)) => *options,
            other => panic!("{other:?}"),
        }
    }

    fn refusal(line: &str) -> String {
        let error = asked(line).unwrap_err();
        assert!(!error.contains('\n') && error.contains("; "), "{error}");
        error
    }

    #[test]
    fn what_is_not_asked_for_has_its_default() {
        let options = options("-r a");
        assert_eq!(options.inputs, [PathBuf::from("a")]);
        assert_eq!(options.outputs, ["-"]);
        assert_eq!((options.facility, options.severity, options.pen), (16, 6, 32473));
        assert_eq!((options.line_limit, options.memory_bytes), (8000, 1 << 30));
        assert_eq!(options.timeouts, Timeouts::default());
        assert_eq!(options.active_timeout_ns, None);
        assert!(options.redact && options.file_hash && !options.ignore_vlan && options.workers > 0);
        assert_eq!(options.verbosity, Verbosity::Normal);
    }

    #[test]
    fn lists_may_be_repeated() {
        let options = options("-r a b -r - --timeout udp=1s,tcp-closed=500ms -o x --timeout udp=3s -o - -vv");
        assert_eq!(options.inputs, ["a", "b", "-"].map(PathBuf::from));
        assert_eq!(options.outputs, ["x", "-"]);
        assert_eq!((options.timeouts.udp_ns, options.timeouts.tcp_closed_ns), (3 * SECOND, SECOND / 2));
        assert_eq!(options.verbosity, Verbosity::Verbose);
    }

    #[test]
    fn every_option_is_understood() {
        let line = "-r a --format json --workers 3 --filter tcp --memory 64MiB --ignore-vlan --no-redact --no-file-hash --facility auth \
            --severity notice --hostname tap-7 --pen 9 --community-id-seed 5 --active-timeout 60s -q --line-limit 1400";
        let options = options(line);
        assert_eq!((options.format, options.workers, options.memory_bytes), (Format::Json, 3, 64 << 20));
        assert_eq!((options.facility, options.severity, options.pen), (4, 5, 9));
        assert_eq!((options.hostname.as_deref(), options.filter.as_deref()), (Some("tap-7"), Some("tcp")));
        assert_eq!((options.active_timeout_ns, options.line_limit), (Some(60 * SECOND), 1400));
        assert!(!options.redact && !options.file_hash && options.ignore_vlan);
        assert_eq!((options.community_id_seed, options.verbosity), (5, Verbosity::Quiet));
    }

    #[test]
    fn wrong_usage_is_told_in_one_line_with_a_way_out() {
        assert_eq!(refusal(""), "nothing to read; name captures with -r FILE, or - for standard input");
        assert!(refusal("-r a --fliter tcp").contains("--fliter"));
        assert!(refusal("-r a --fliter tcp").contains("--filter"));
        assert!(refusal("-r").contains("--read"));
        for wrong in [
            "--workers 0",
            "--memory lots",
            "--memory 1KiB",
            "--timeout udp",
            "--timeout tcp=3s",
            "--timeout udp=0s",
            "--pen 0",
            "--facility local9",
            "--severity loud",
            "--hostname a\u{e9}",
            "--line-limit 10",
            "--format xml",
            "-q -v",
        ] {
            refusal(&format!("-r a {wrong}"));
        }
    }

    #[test]
    fn help_teaches_every_option() {
        let Ok(Asked::Text(help)) = asked("--help") else { panic!("no help") };
        for word in [
            "Examples:",
            "Exit status:",
            "Input:",
            "Sessions:",
            "--timeout",
            "tcp-embryonic=30s",
            "--filter",
            "pcap-filter",
        ] {
            assert!(help.contains(word), "{word} in {help}");
        }
        let Ok(Asked::Text(version)) = asked("--version") else { panic!("no version") };
        assert_eq!(version.trim(), concat!("tapline ", env!("CARGO_PKG_VERSION")));
    }
}
