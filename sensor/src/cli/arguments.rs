//! Every option, its help, and how wrong usage is told.
//!
//! This is the one place of an option: its key in a configuration file, the example file, the manual page and the completions
//! all follow from it. The name of the field is the key; the heading says the table (`keys::TABLES`).

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, CommandFactory, FromArgMatches, Parser, Subcommand};
use output::priority::{facility, severity};
use output::{Facility, Severity};

use super::{config, keys, units};

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
  tapline -r trace.pcap -o 'tls://siem?ca=ca.pem'   the same, encrypted, to a receiver whose certificate a CA of ca.pem has signed
  tapline -r trace.pcap --format json | jq .        for programs that do not speak syslog
  tapline -c tapline.toml                           what a file says; options given beside it override it

A flag that the file sets is taken back by its opposite: --redact, --no-ignore-vlan.

Exit status:
  0  all was told
  1  something was damaged, unknown or lost, as standard error tells; the rest was told
  2  nothing was told: wrong usage, no such file or interface, no capture, a wrong filter

Signals, while listening:
  SIGTERM, SIGINT  tell what is open, write everything out and stop; a second one stops at once, with status 1
  SIGHUP           open files anew, after they were moved away, and read the configuration file and the --services list again

What a line holds is in docs/FIELDS.md, how to receive it in docs/SIEM.md.";

pub(super) const INPUT: &str = "Input";
pub(super) const LISTENING: &str = "Listening to interfaces";
pub(super) const OUTPUT: &str = "Output";
pub(super) const SYSLOG: &str = "Syslog header";
pub(super) const SESSIONS: &str = "Sessions";
pub(super) const RESOURCES: &str = "Resources";
pub(super) const DAEMON: &str = "As a daemon";
pub(super) const MESSAGES: &str = "Messages";
/// Options that are no keys of a configuration file.
const CONFIGURATION: &str = "Configuration";

/// The command line: options, or a word that asks for something else.
#[derive(Parser)]
#[command(
    name = "tapline",
    version,
    about = ABOUT,
    long_about = LONG_ABOUT,
    after_help = AFTER_HELP,
    override_usage = "tapline -r FILE... [OPTIONS]\n       tapline -i INTERFACE [OPTIONS]\n       tapline -c FILE [OPTIONS]\n       tapline check -c FILE [OPTIONS]\n       tapline interfaces",
    disable_help_flag = true,
    disable_help_subcommand = true,
    disable_version_flag = true,
    args_conflicts_with_subcommands = true
)]
struct Program {
    #[command(flatten)]
    arguments: Arguments,
    #[command(subcommand)]
    word: Option<Word>,
}

/// What can be asked for instead of a run.
#[derive(Subcommand)]
enum Word {
    /// Tell what is wrong with a configuration file, or what it comes to together with the options given
    #[command(
        version,
        override_usage = "tapline check -c FILE [OPTIONS]",
        disable_help_flag = true,
        disable_version_flag = true
    )]
    Check(Box<Arguments>),
    /// Tell which interfaces packets can be captured on
    Interfaces {
        /// How they are told
        #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
        format: Listing,
    },
    /// Write the manual page, as roff
    #[command(hide = true)]
    Man,
    /// Write what a shell needs to complete command lines
    #[command(hide = true)]
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
}

/// How interfaces are told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Listing {
    /// A table for people.
    #[default]
    Table,
    /// A JSON array.
    Json,
}

/// The options as given.
#[derive(Args)]
pub(super) struct Arguments {
    /// Take options from a configuration file (TOML), as packaging/tapline.toml shows it. The command line overrides it
    #[arg(short, long, value_name = "FILE", help_heading = CONFIGURATION)]
    pub(super) config: Option<PathBuf>,

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

    /// Where the lines go: '-' (standard output), file:PATH, udp://HOST:PORT, tcp://HOST:PORT, tls://HOST:PORT, unix:PATH. Options may
    /// follow, as in 'tcp://siem:601?framing=newline&limit=4000' or 'tls://siem?ca=ca.pem&cert=tap.pem&key=tap.key'. Can be repeated: each
    /// destination gets every line
    #[arg(short = 'o', long = "output", value_name = "DESTINATION", default_value = "-", allow_hyphen_values = true, help_heading = OUTPUT)]
    pub(super) destinations: Vec<String>,
    /// How a session is written
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t, help_heading = OUTPUT)]
    pub(super) format: Format,
    /// Write secrets out, such as the values of password, token, key and session in URIs, instead of '*'
    #[arg(long, help_heading = OUTPUT)]
    pub(super) no_redact: bool,
    /// Do not hash the files that move in sessions
    #[arg(long, help_heading = OUTPUT)]
    pub(super) no_file_hash: bool,
    /// Hash files of up to this size; of a larger one name, size and type are told, and `cut` counts the hash that is not
    #[arg(long, value_name = "SIZE", value_parser = units::any_size, default_value = "1TiB", help_heading = OUTPUT)]
    pub(super) file_hash_limit: u64,

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

    /// How long a session may be silent before it ends, as KIND=TIME,... tcp-embryonic: no handshake yet; tcp-closing: one side is done;
    /// tcp-closed: both are; answered: one question, one answer
    #[arg(long, value_name = "KIND=TIME", value_parser = units::timeout, value_delimiter = ',', action = ArgAction::Append,
        default_values = units::DEFAULT_TIMEOUTS, help_heading = SESSIONS)]
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

    /// Become this user, with no group but its own, once everything is open; for root
    #[arg(long, value_name = "NAME", help_heading = DAEMON)]
    pub(super) user: Option<String>,
    /// Keep every right. Otherwise, once everything is open, no program can be started, no socket made but for destinations, and no file
    /// opened that is not needed (no_new_privs, seccomp, Landlock)
    #[arg(long, help_heading = DAEMON)]
    pub(super) no_confine: bool,
    /// Show counters to Prometheus at http://ADDRESS:PORT/metrics [default: no]
    #[arg(long, value_name = "ADDRESS:PORT", value_parser = units::address, help_heading = DAEMON)]
    pub(super) metrics: Option<SocketAddr>,

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
    /// A run, and what its keys come to.
    Run(Box<Arguments>, keys::Values),
    /// A run to be checked, and its configuration as a text.
    Check(Box<Arguments>, String),
    /// The interfaces, to be told.
    Interfaces(Listing),
    /// Help or version, to be printed.
    Text(String),
}

/// Reads a command line, the program's name first, and the configuration file that it names. An error has a line for each thing that is wrong.
pub(super) fn parse(given: &[OsString]) -> Result<Parsed, String> {
    let matches = match command().try_get_matches_from(given) {
        Ok(matches) => matches,
        Err(error) if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
            return Ok(Parsed::Text(error.to_string()));
        }
        Err(error) => return Err(one_line(&error.to_string())),
    };
    let program = Program::from_arg_matches(&matches).map_err(|error| one_line(&error.to_string()))?;
    match program.word {
        None => {
            let (arguments, matches) = configured(given)?;
            Ok(Parsed::Run(Box::new(arguments), keys::values(&command(), &matches)))
        }
        Some(Word::Check(_)) => {
            // What follows the word is a command line of its own.
            let given: Vec<OsString> = given.iter().take(1).chain(given.iter().skip(2)).cloned().collect();
            let (arguments, matches) = configured(&given)?;
            Ok(Parsed::Check(Box::new(arguments), keys::effective(&command(), &matches)))
        }
        Some(Word::Interfaces { format }) => Ok(Parsed::Interfaces(format)),
        Some(Word::Man) => super::generated::manual(command()).map(Parsed::Text),
        Some(Word::Completions { shell }) => super::generated::completions(command(), shell).map(Parsed::Text),
    }
}

/// Every option and word, and for each flag that is a key a hidden opposite which takes it back.
pub(super) fn command() -> Command {
    let mut command = Program::command();
    let flags: Vec<(String, String)> = keys::all(&command)
        .filter(|key| key.kind() == keys::Kind::Flag)
        .filter_map(|key| Some((key.name().to_owned(), key.arg.get_long()?.to_owned())))
        .collect();
    for (flag, long) in flags {
        let opposite = long.strip_prefix("no-").map_or_else(|| format!("no-{long}"), str::to_owned);
        let opposite = Arg::new(opposite.clone()).long(opposite).action(ArgAction::SetTrue).hide(true);
        // Of the two, whichever stands last holds.
        command = command.arg(opposite.overrides_with(flag));
    }
    command
}

/// The options of a command line without a word, and of the file that it names.
fn configured(given: &[OsString]) -> Result<(Arguments, ArgMatches), String> {
    let read = |given: &[OsString]| {
        let matches = command().try_get_matches_from(given)?;
        Ok((Arguments::from_arg_matches(&matches)?, matches))
    };
    let told = |error: clap::Error| one_line(&error.to_string());
    let (arguments, matches) = read(given).map_err(told)?;
    let Some(path) = &arguments.config else { return Ok((arguments, matches)) };
    let of_the_file = config::read(path, &command(), &matches)?;
    // What stands in front is overridden by what follows.
    let all: Vec<OsString> = given.iter().take(1).chain(&of_the_file).chain(given.iter().skip(1)).cloned().collect();
    read(&all).map_err(|error| format!("{}: {}", path.display(), told(error)))
}

/// clap tells an error in paragraphs: what is wrong, perhaps tips, the usage. Here it is "what is wrong; what to do".
pub(super) fn one_line(message: &str) -> String {
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
