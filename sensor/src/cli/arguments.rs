//! Every option, its help, and how wrong usage is told.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{ArgAction, CommandFactory, FromArgMatches, Parser};
use output::priority::{facility, severity};
use output::{Facility, Severity};

use super::units;

const ABOUT: &str = "Tell every network session as one syslog line";

const LONG_ABOUT: &str = "\
Tell every network session as one syslog line.

tapline reads packets and writes one RFC 5424 line per finished session: who spoke with whom, for how long, how much, in which protocol, \
and what that protocol told. Protocols are recognised by what is said, never by port numbers.";

const AFTER_HELP: &str = "\
Examples:
  tapline -r trace.pcap                             every session of a capture, on standard output
  tapline -r monday.pcapng.gz tuesday.pcap.zst      several files, merged in time order
  tapline -r /var/captures -o file:sessions.log     all captures below a folder, into a file
  tapline -i eth0 -o file:/var/log/sessions.log     an interface, until it is stopped
  tcpdump -i eth0 -w - | tapline -r -               packets from standard input
  tapline -r trace.pcap --filter 'tcp port 8080'    only some packets
  tapline -r trace.pcap --timeout udp=10s,tcp-established=30m
  tapline -r trace.pcap -o tcp://siem:601           into a SIEM, framed as RFC 6587 has it
  tapline -r trace.pcap --format json | jq .        for programs that do not speak syslog

Exit status:
  0  all was told
  1  something was damaged, unknown or lost, as standard error tells; the rest was told
  2  nothing was told: wrong usage, no such file or interface, no capture, a wrong filter

Signals, while listening:
  SIGTERM, SIGINT  tell what is open, write everything out and stop; a second one stops at once, with status 1
  SIGHUP           open files anew, after they were moved away

What a line holds is in docs/FIELDS.md, how to receive it in docs/SIEM.md.";

const INPUT: &str = "Input";
const LISTENING: &str = "Listening to interfaces";
const OUTPUT: &str = "Output";
const SYSLOG: &str = "Syslog header";
const SESSIONS: &str = "Sessions";
const RESOURCES: &str = "Resources";
const MESSAGES: &str = "Messages";

/// The options as given.
#[derive(Parser)]
#[command(
    name = "tapline",
    version,
    about = ABOUT,
    long_about = LONG_ABOUT,
    after_help = AFTER_HELP,
    override_usage = "tapline -r FILE... [OPTIONS]\n       tapline -i INTERFACE [OPTIONS]",
    disable_help_flag = true,
    disable_version_flag = true
)]
pub(super) struct Arguments {
    /// Read packets from files: pcap or pcapng, plain or as gzip, zstd or xz. A folder means all captures in it and below; '-' is standard
    /// input. Several are merged in time order
    #[arg(short, long, value_name = "FILE", num_args = 1.., action = ArgAction::Append, help_heading = INPUT)]
    pub(super) read: Vec<PathBuf>,
    /// Listen to an interface, until stopped by SIGTERM or SIGINT; 'any' is all of them. Can be repeated
    #[arg(short, long, value_name = "NAME", conflicts_with = "read", help_heading = INPUT)]
    pub(super) interface: Vec<String>,
    /// Look only at packets that this pcap-filter(7) expression lets pass
    #[arg(long, value_name = "BPF", help_heading = INPUT)]
    pub(super) filter: Option<String>,

    /// Bytes that are kept of each packet
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u32).range(64..=262_144), default_value_t = 262_144, help_heading = LISTENING)]
    pub(super) snaplen: u32,
    /// Memory for packets that wait to be looked at, in the kernel, for each interface
    #[arg(long, value_name = "SIZE", value_parser = units::room, default_value = "64MiB", help_heading = LISTENING)]
    pub(super) buffer: u64,
    /// See only what the interface would receive anyway
    #[arg(long, help_heading = LISTENING)]
    pub(super) no_promiscuous: bool,
    /// Lines that wait for each destination; what has no room is lost and counted, for capture never waits
    #[arg(long, value_name = "SIZE", value_parser = units::room, default_value = "64MiB", help_heading = LISTENING)]
    pub(super) queue: u64,
    /// How often the sensor tells of itself, in a STATUS line; 0 is never
    #[arg(long, value_name = "TIME", value_parser = units::every, default_value = "60s", help_heading = LISTENING)]
    pub(super) status_interval: units::Every,

    /// Where the lines go: '-' (standard output), file:PATH, udp://HOST:PORT, tcp://HOST:PORT, unix:PATH. Options may follow, as in
    /// 'tcp://siem:601?framing=newline&limit=4000'. Can be repeated: each destination gets every line
    #[arg(short, long, value_name = "DESTINATION", default_value = "-", allow_hyphen_values = true, help_heading = OUTPUT)]
    pub(super) output: Vec<String>,
    /// How a session is written
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t, help_heading = OUTPUT)]
    pub(super) format: Format,
    /// Write secrets out, such as the values of password, token, key and session in URIs, instead of '*'
    #[arg(long, help_heading = OUTPUT)]
    pub(super) no_redact: bool,
    /// Do not hash the files that move in sessions
    #[arg(long, help_heading = OUTPUT)]
    pub(super) no_file_hash: bool,

    /// Add Internet applications: lines of `service: domain domain ...`. What a line says of a domain replaces what tapline knows
    #[arg(long, value_name = "FILE", help_heading = OUTPUT)]
    pub(super) services: Option<PathBuf>,

    /// Facility of every line: kern, user, mail, daemon, auth, syslog, ..., local0 to local7
    #[arg(long, value_name = "NAME", value_parser = facility, default_value = "local0", help_heading = SYSLOG)]
    pub(super) facility: Facility,
    /// Severity of an ordinary session: emerg, alert, crit, err, warning, notice, info, debug. A session with flags is always a notice
    #[arg(long, value_name = "NAME", value_parser = severity, default_value = "info", help_heading = SYSLOG)]
    pub(super) severity: Severity,
    /// Name of this sensor, the HOSTNAME of every line [default: the host's name]
    #[arg(long, value_name = "NAME", value_parser = units::hostname, help_heading = SYSLOG)]
    pub(super) hostname: Option<String>,
    /// Private enterprise number, the N of [session@N ...]; the default is set aside for examples
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..), default_value_t = 32473, help_heading = SYSLOG)]
    pub(super) pen: u32,

    /// How long a session may be silent before it ends, as KIND=TIME,... These are the defaults: tcp-embryonic=30s (no handshake yet), tcp-established=1h, tcp-closing=120s (one side is
    /// done), tcp-closed=5s, udp=60s, answered=2s (one question, one answer), icmp=30s, other=60s
    #[arg(long, value_name = "KIND=TIME", value_parser = units::timeout, value_delimiter = ',', action = ArgAction::Append, help_heading = SESSIONS)]
    pub(super) timeout: Vec<(units::Timeout, u64)>,
    /// Tell of an open session every so often, in an UPDATE line [default: never]
    #[arg(long, value_name = "TIME", value_parser = units::duration, help_heading = SESSIONS)]
    pub(super) active_timeout: Option<u64>,
    /// Let packets of different VLANs belong to one session
    #[arg(long, help_heading = SESSIONS)]
    pub(super) ignore_vlan: bool,
    /// Seed of the Community ID: that of your other tools
    #[arg(long, value_name = "NUMBER", default_value_t = 0, help_heading = SESSIONS)]
    pub(super) community_id_seed: u16,

    /// Threads that follow sessions [default: one per processor]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024), help_heading = RESOURCES)]
    pub(super) workers: Option<u16>,
    /// Memory for sessions, all workers together. Where it is full, sessions are understood less or end early, and that is told
    #[arg(long, value_name = "SIZE", value_parser = units::memory, default_value = "1GiB", help_heading = RESOURCES)]
    pub(super) memory: u64,

    /// Say nothing but errors: no progress, no summary
    #[arg(short, long, conflicts_with = "verbose", help_heading = MESSAGES)]
    pub(super) quiet: bool,
    /// Say more: files that were passed over, and why
    #[arg(short, long, action = ArgAction::Count, help_heading = MESSAGES)]
    pub(super) verbose: u8,
    /// Print this help
    #[arg(short, long, action = ArgAction::HelpLong, help_heading = MESSAGES)]
    help: Option<bool>,
    /// Print the version
    #[arg(short = 'V', long, action = ArgAction::Version, help_heading = MESSAGES)]
    version: Option<bool>,
}

/// How a session is written.
#[derive(Clone, Copy, Debug, Default, clap::ValueEnum)]
pub(super) enum Format {
    /// A syslog line with structured data.
    #[default]
    Rfc5424,
    /// A JSON object on a line.
    Json,
}

impl From<Format> for output::Format {
    fn from(format: Format) -> Self {
        match format {
            Format::Rfc5424 => Self::Rfc5424,
            Format::Json => Self::Json,
        }
    }
}

/// What a command line is.
pub(super) enum Parsed {
    Arguments(Box<Arguments>),
    /// Help or version, to be printed.
    Text(String),
}

/// Reads a command line, the program's name first.
pub(super) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Parsed, String> {
    let matches = Arguments::command().try_get_matches_from(arguments);
    match matches.and_then(|matches| Arguments::from_arg_matches(&matches)) {
        Ok(arguments) => Ok(Parsed::Arguments(Box::new(arguments))),
        Err(error) if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
            Ok(Parsed::Text(error.to_string()))
        }
        Err(error) => Err(one_line(&error.to_string())),
    }
}

/// clap tells an error in paragraphs: what is wrong, perhaps tips, the usage. Here it is "what is wrong; what to do".
fn one_line(message: &str) -> String {
    let mut paragraphs = message.split("\n\n").map(|part| part.split_whitespace().collect::<Vec<_>>().join(" "));
    let what = paragraphs.next().unwrap_or_default();
    let what = what.strip_prefix("error: ").unwrap_or(&what);
    let tip = paragraphs.find_map(|part| part.strip_prefix("tip: ").map(str::to_owned));
    // Errors of our own values tell themselves what to do.
    match tip {
        Some(tip) => format!("{what}; {tip}"),
        None if what.contains("; ") => what.to_owned(),
        None => format!("{what}; see tapline --help"),
    }
}
