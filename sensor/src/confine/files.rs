//! Landlock: which files may be opened from now on, and which ports connected to.
//!
//! Files that are open stay open. Sockets in the file system are not Landlock's (their permissions are), nor are datagrams: `calls`
//! sees to whether such sockets can be made.

use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, NetPort, PathBeneath, PathFd, Ruleset,
    RulesetAttr, RulesetCreated, RulesetCreatedAttr, RulesetError, RulesetStatus, Scope,
};

use super::Needs;

/// What of Landlock is used: files, TCP, signals. What the running kernel does not know of it is left out.
const LEVEL: ABI = ABI::V6;

/// What looking up the name of a host reads.
const NAMES: [&str; 8] = [
    "/etc/hosts",
    "/etc/resolv.conf",
    "/etc/nsswitch.conf",
    "/etc/host.conf",
    "/etc/gai.conf",
    "/etc/services",
    "/run/systemd/resolve",
    "/run/resolvconf",
];
/// The port of DNS, for answers that are too long for a datagram.
const DNS_PORT: u16 = 53;

/// What the program reads of itself and of interfaces: memory, counters, the list of interfaces.
const OWN: [&str; 3] = ["/proc/self", "/sys/class/net", "/sys/devices"];

/// Confines this thread and those that it starts. Tells what the kernel does not do.
pub(super) fn confine(needs: &Needs) -> Option<String> {
    match restrict(needs) {
        Ok(RulesetStatus::FullyEnforced) => None,
        Ok(RulesetStatus::PartiallyEnforced) => {
            Some("this kernel knows not all of Landlock: what it lacks (ports, signals) is not confined".to_owned())
        }
        Ok(RulesetStatus::NotEnforced) => Some("this kernel has no Landlock: files are not confined".to_owned()),
        Err(error) => Some(format!("files are not confined: {error}")),
    }
}

fn restrict(needs: &Needs) -> Result<RulesetStatus, RulesetError> {
    let mut ports = needs.tcp_ports.clone();
    if needs.names {
        ports.push(DNS_PORT);
    }
    let mut rules = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(LEVEL))?
        .handle_access(AccessNet::from_all(LEVEL))?
        .scope(Scope::Signal)?
        .create()?;
    for port in ports {
        rules = rules.add_rule(NetPort::new(port, AccessNet::ConnectTcp))?;
    }
    let names = NAMES.iter().filter(|_| needs.names).map(PathBuf::from);
    let read = needs.read.iter().cloned().chain(names).chain(OWN.map(PathBuf::from));
    for path in read {
        rules = allow(rules, &path, AccessFs::ReadFile | AccessFs::ReadDir)?;
    }
    // Half a line at the end of a full disk is taken back, which is to truncate.
    for path in &needs.folders {
        rules = allow(rules, path, AccessFs::WriteFile | AccessFs::MakeReg | AccessFs::Truncate)?;
    }
    for path in &needs.written {
        rules = allow(rules, path, AccessFs::WriteFile.into())?;
    }
    Ok(rules.restrict_self()?.ruleset)
}

/// Allows something for a file, or for all in a folder; what is not there needs no right.
fn allow(rules: RulesetCreated, path: &Path, access: BitFlags<AccessFs>) -> Result<RulesetCreated, RulesetError> {
    let Ok(opened) = PathFd::new(path) else { return Ok(rules) };
    // The kernel refuses rights for a file that only a folder can have.
    let access = if path.is_dir() { access } else { access & AccessFs::from_file(LEVEL) };
    rules.add_rule(PathBeneath::new(opened, access))
}
