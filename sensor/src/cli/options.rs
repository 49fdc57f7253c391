//! What was asked for, checked: everything that the pipeline takes.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;

use dissectors::files::HashLimit;
use flowtable::config::Timeouts;
use output::destination::credentials;
use output::{Facility, Severity, Spec};

use super::arguments::Arguments;
use super::keys::Values;
use crate::source::Filter;

/// What was asked for.
#[derive(Clone)]
pub struct Options {
    /// Files and folders to read, `-` for standard input; at least one, where nothing is listened to.
    pub inputs: Vec<PathBuf>,
    /// What is listened to, instead.
    pub live: Option<Live>,
    /// The pcap-filter(7) expression.
    pub filter: Option<String>,
    /// Destinations; at least one.
    pub outputs: Vec<Spec>,
    /// Whether secrets are hidden.
    pub redact: bool,
    /// How large files may be that are hashed.
    pub file_hash: HashLimit,
    /// A list of Internet applications to be added to what is known.
    pub services: Option<PathBuf>,
    /// Facility of every line.
    pub facility: Facility,
    /// Severity of an ordinary session.
    pub severity: Severity,
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
    /// The user to become.
    pub user: Option<String>,
    /// Whether rights that are not needed are given up.
    pub confine: bool,
    /// Where counters are shown to Prometheus.
    pub metrics: Option<SocketAddr>,
    /// How much is said on standard error.
    pub verbosity: Verbosity,
    /// Where all of this was taken from.
    pub origin: Origin,
}

/// Where options come from, so that they can be understood again after the file was changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The command line, the program's name first.
    pub given: Vec<OsString>,
    /// The configuration file that it names.
    pub file: Option<PathBuf>,
    /// What the two come to.
    pub values: Values,
}

impl Origin {
    /// Understands the same command line again, with the file as it is now.
    ///
    /// # Errors
    ///
    /// As [`parse`](super::parse), in one line: the first thing that is wrong, and how many more are.
    pub fn read_again(&self) -> Result<Box<Options>, String> {
        match super::parse(self.given.iter().cloned()) {
            Ok(super::Asked::Run(options)) => Ok(options),
            Ok(_) => Err("the command line asks for something else now; start tapline anew".into()),
            Err(error) => {
                let first = error.lines().next().unwrap_or_default();
                Err(match error.lines().count().saturating_sub(1) {
                    0 => first.to_owned(),
                    more => format!("{first} (and {more} more; tapline check tells them all)"),
                })
            }
        }
    }
}

/// The name of all interfaces at once.
const ALL_INTERFACES: &str = "any";

/// How a network is listened to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Live {
    /// The interfaces; at least one.
    pub interfaces: Vec<String>,
    /// Bytes that are kept of a packet.
    pub snaplen: u32,
    /// Bytes of each interface's ring.
    pub ring_bytes: u64,
    /// Whether packets for others are seen.
    pub promiscuous: bool,
    /// Bytes of lines that may wait for each destination.
    pub queue_bytes: u64,
    /// Nanoseconds between two STATUS lines; `None`: there are none.
    pub status_ns: Option<u64>,
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

impl Options {
    /// Checks what no single option can tell of itself.
    pub(super) fn check(arguments: Arguments, origin: Origin) -> Result<Self, String> {
        if arguments.no_confine && arguments.user.is_some() {
            return Err("--user gives up rights and --no-confine keeps them; leave one of them out".into());
        }
        if arguments.read.is_empty() && arguments.interface.is_empty() {
            return Err("nothing to read; name captures with -r FILE, or interfaces with -i NAME".into());
        }
        let interfaces = &arguments.interface;
        if let Some(twice) = first_double(interfaces) {
            return Err(format!("the interface '{twice}' stands twice, and would be told twice; name it once"));
        }
        if interfaces.len() > 1 && interfaces.iter().any(|name| name == ALL_INTERFACES) {
            return Err("the interface 'any' is all of them, and others would be told twice; leave them out".into());
        }
        let live = (!arguments.interface.is_empty()).then(|| Live {
            interfaces: arguments.interface.clone(),
            snaplen: arguments.snaplen,
            ring_bytes: arguments.buffer,
            promiscuous: !arguments.no_promiscuous,
            queue_bytes: arguments.queue,
            status_ns: arguments.status_interval.0,
        });
        let mut timeouts = Timeouts::default();
        for (timeout, nanos) in arguments.timeout {
            *timeout(&mut timeouts) = nanos;
        }
        let format = arguments.format.into();
        let outputs: Result<Vec<Spec>, _> =
            arguments.destinations.iter().map(|text| Spec::parse(text, format)).collect();
        let outputs = outputs.map_err(|error| error.to_string())?;
        let targets: Vec<_> = outputs.iter().map(ToString::to_string).collect();
        if let Some(twice) = first_double(&targets) {
            return Err(format!("the destination {twice} stands twice, and would get every line twice; name it once"));
        }
        let processors = || std::thread::available_parallelism().map_or(1, usize::from);
        let verbosity = match (arguments.quiet, arguments.verbose) {
            (true, _) => Verbosity::Quiet,
            (false, 0) => Verbosity::Normal,
            (false, _) => Verbosity::Verbose,
        };
        Ok(Self {
            inputs: arguments.read,
            live,
            filter: arguments.filter,
            outputs,
            redact: !arguments.no_redact,
            file_hash: if arguments.no_file_hash { HashLimit::NONE } else { HashLimit(arguments.file_hash_limit) },
            services: arguments.services,
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
            user: arguments.user,
            confine: !arguments.no_confine,
            metrics: arguments.metrics,
            verbosity,
            origin,
        })
    }

    /// Checks what a run would find out only when it begins: the filter, the list of applications, and certificates.
    pub(super) fn check_files(&self) -> Result<(), String> {
        if let Some(filter) = &self.filter {
            Filter::new(filter, &[]).map_err(|error| error.to_string())?;
        }
        for spec in &self.outputs {
            credentials(spec).map_err(|error| error.to_string())?;
        }
        crate::replay::List::of(self.services.as_deref()).map(|_| ())
    }
}

/// The first of some texts that stands there a second time.
fn first_double(texts: &[String]) -> Option<&String> {
    texts
        .iter()
        .enumerate()
        .find(|(nth, text)| texts.iter().take(*nth).any(|other| other == *text))
        .map(|(_, text)| text)
}

#[cfg(test)]
mod tests {
    use super::super::{Asked, parse};
    use super::*;
    use dissectors::time::SECOND;

    fn asked(line: &str) -> Result<Asked, String> {
        parse(std::iter::once("tapline").chain(line.split_whitespace()).map(Into::into))
    }

    fn options(line: &str) -> Options {
        match asked(line) {
            Ok(Asked::Run(options)) => *options,
            _ => panic!("{line}"),
        }
    }

    fn refusal(line: &str) -> String {
        let error = asked(line).err().unwrap();
        let tells_a_way_out = ["; ", ": write ", " is a number of bytes from "].iter().any(|way| error.contains(way));
        assert!(!error.contains('\n') && tells_a_way_out, "{error}");
        error
    }

    #[test]
    fn what_is_not_asked_for_has_its_default() {
        let options = options("-r a");
        assert_eq!(options.inputs, [PathBuf::from("a")]);
        assert_eq!(options.outputs, ["-".parse().unwrap()]);
        assert_eq!((options.facility as u32, options.severity as u32, options.pen), (16 << 3, 6, 32473));
        assert_eq!(options.memory_bytes, 1 << 30);
        assert_eq!(options.timeouts, Timeouts::default());
        assert_eq!(options.active_timeout_ns, None);
        assert!(options.redact && options.file_hash.0 == 1 << 40 && !options.ignore_vlan && options.workers > 0);
        assert_eq!(options.verbosity, Verbosity::Normal);
    }

    #[test]
    fn lists_may_be_repeated() {
        let options = options("-r a b -r - --timeout udp=1s,tcp-closed=500ms -o file:x --timeout udp=3s -o - -vv");
        assert_eq!(options.inputs, ["a", "b", "-"].map(PathBuf::from));
        assert_eq!(options.outputs, ["file:x".parse().unwrap(), "-".parse().unwrap()]);
        assert_eq!((options.timeouts.udp, options.timeouts.tcp_closed), (3 * SECOND, SECOND / 2));
        assert_eq!(options.verbosity, Verbosity::Verbose);
    }

    #[test]
    fn a_limit_of_hashes_counts_only_where_files_are_hashed() {
        assert_eq!(options("-r a --file-hash-limit 64MiB").file_hash, HashLimit(64 << 20));
        assert_eq!(options("-r a --file-hash-limit 64MiB --no-file-hash").file_hash, HashLimit::NONE);
    }

    #[test]
    fn every_option_is_understood() {
        let line = "-r a --format json --workers 3 --filter tcp --memory 64MiB --ignore-vlan --no-redact --no-file-hash --facility auth \
            --severity notice --hostname tap-7 --pen 9 --community-id-seed 5 --active-timeout 60s -q -o stdout:?limit=1400 \
            --no-confine --metrics [::1]:9477";
        let options = options(line);
        assert_eq!((options.workers, options.memory_bytes), (3, 64 << 20));
        assert_eq!(options.outputs, ["stdout:?limit=1400&format=json".parse().unwrap()]);
        assert_eq!((options.facility as u32, options.severity as u32, options.pen), (4 << 3, 5, 9));
        assert_eq!((options.hostname.as_deref(), options.filter.as_deref()), (Some("tap-7"), Some("tcp")));
        assert_eq!(options.active_timeout_ns, Some(60 * SECOND));
        assert!(!options.redact && options.file_hash == HashLimit::NONE && options.ignore_vlan);
        assert_eq!((options.confine, options.metrics), (false, "[::1]:9477".parse().ok()));
        assert_eq!((options.community_id_seed, options.verbosity), (5, Verbosity::Quiet));
    }

    #[test]
    fn listening_has_options_of_its_own() {
        assert_eq!(options("-r a").live, None);
        let live = options("-i eth0 -i eth1").live.unwrap();
        assert_eq!(live.interfaces, ["eth0", "eth1"]);
        assert_eq!((live.snaplen, live.ring_bytes, live.queue_bytes), (262_144, 64 << 20, 64 << 20));
        assert_eq!((live.promiscuous, live.status_ns), (true, Some(60 * SECOND)));
        let line = "-i any --snaplen 200 --buffer 256MiB --queue 1MiB --no-promiscuous --status-interval 0";
        let live = options(line).live.unwrap();
        assert_eq!((live.snaplen, live.ring_bytes, live.queue_bytes), (200, 256 << 20, 1 << 20));
        assert_eq!((live.promiscuous, live.status_ns), (false, None));
        for wrong in [
            "-i a -r b",
            "-i a --snaplen 3",
            "-i a --buffer 1",
            "-i a --status-interval 0s",
            "-i a --queue 1",
            "-i a -i b -i a",
            "-i a -i any",
        ] {
            refusal(wrong);
        }
    }

    #[test]
    fn wrong_usage_is_told_in_one_line_with_a_way_out() {
        assert_eq!(refusal(""), "nothing to read; name captures with -r FILE, or interfaces with -i NAME");
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
            "-o nowhere",
            "-o stdout:?limit=10",
            "--format xml",
            "-q -v",
            "--user a --no-confine",
            "-o file:x -o file:x?limit=4000",
            "--metrics localhost:9477",
            "-o tls://a?insecure=yes",
            "-o tls://a?key=k",
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
