//! Giving up every right that is not needed any more, once everything is open.
//!
//! ```text
//! user            another user and its group, no other groups                          where one is asked for
//! capabilities    none left                                                            where a run asks for it
//! no new privs    no set-user-id program, no file capability gives any back            always
//! files           Landlock: what may be read, where files may be made                  `files`
//! calls           seccomp: no program, no debugging, no socket but for destinations    `calls`
//! parsers         a thread that sees packets: no file opened, no socket                `calls`, by `parser`
//! keeper          a thread that sees none, and opens what others may not               `keep`, beside `apply_beside`
//! resolver        a thread that looks up names for those that may not                  `resolve`, beside it
//! ```
//!
//! The order is the one in which each still may be done. Landlock and capabilities belong to a thread and those that it starts, so
//! [`apply`] is called before workers are started; the filter of calls is for all threads.
//!
//! Listening needs more now and then: a capability where an interface has come back, files where a configuration is read anew. One
//! thread keeps that, the keeper. It is started between its rights and those of everybody else ([`apply_beside`]), confines itself to
//! what it is for ([`keep`]), and never sees a byte of a packet.
//!
//! What a kernel lacks is told and left out: an old kernel confines less, and captures all the same. A user that can't be had is an
//! error, for who asks for one relies on it.

mod calls;
mod files;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use caps::{CapSet, Capability, CapsHashSet};
use nix::unistd::{Uid, User, setgroups, setresgid, setresuid};
use output::Spec;
use output::destination::Target;

/// What a packet socket needs.
const CAPTURE: Capability = Capability::CAP_NET_RAW;

/// Where what names are looked up in is made anew, or leads to by a link.
const NAME_FOLDERS: [&str; 2] = ["/etc", "/run"];

/// Whether threads that only parse are to be confined: [`apply`] was called.
static CONFINED: AtomicBool = AtomicBool::new(false);

/// What is still needed once everything is open. The less, the better.
#[derive(Clone, Debug, Default)]
pub struct Needs {
    user: Option<String>,
    capabilities: Capabilities,
    /// Files and folders that are read later.
    read: Vec<PathBuf>,
    /// Folders in which files are made and written.
    folders: Vec<PathBuf>,
    /// Files that are written where they are, such as a pipe.
    written: Vec<PathBuf>,
    /// TCP ports that are connected to.
    tcp_ports: Vec<u16>,
    /// Whether datagrams are sent by UDP.
    udp: bool,
    /// Whether local sockets are connected to.
    local: bool,
    /// Whether names of hosts are looked up.
    names: bool,
    /// Whether connections are taken.
    accept: bool,
    /// Whether interfaces are looked for and listened to.
    packets: bool,
}

/// What becomes of the capabilities.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Capabilities {
    /// They stay as they are; a change of the user takes them all the same.
    #[default]
    Leave,
    None,
}

impl Needs {
    /// What destinations need to be opened anew: files after they were moved away, connections after they broke.
    pub fn of(destinations: &[Spec]) -> Self {
        let mut needs = Self { local: std::env::var_os("NOTIFY_SOCKET").is_some(), ..Self::default() };
        for spec in destinations {
            match &spec.target {
                Target::Stdout => {}
                Target::File(path) if path.exists() && !path.is_file() => needs.written.push(path.clone()),
                Target::File(path) => needs.folders.push(folder(path).to_owned()),
                Target::Udp(place) => {
                    needs.udp = true;
                    needs.names |= port_of_a_name(place).0;
                }
                // What TLS reads from files is read by then.
                Target::Tcp(place) | Target::Tls(place) => {
                    let (is_name, port) = port_of_a_name(place);
                    needs.tcp_ports.extend(port);
                    needs.names |= is_name;
                }
                Target::Unix(_) => needs.local = true,
            }
        }
        needs
    }

    /// Another user, by its name.
    pub fn user(mut self, name: Option<String>) -> Self {
        self.user = name;
        self
    }

    /// Files, or folders with all below them, that are read later.
    pub fn read(mut self, paths: impl IntoIterator<Item = PathBuf>) -> Self {
        self.read.extend(paths);
        self
    }

    /// Connections are taken on a socket that listens already.
    pub const fn accept(mut self) -> Self {
        self.accept = true;
        self
    }

    /// No capability is needed any more.
    pub const fn no_capabilities(mut self) -> Self {
        self.capabilities = Capabilities::None;
        self
    }

    /// Whether names of hosts are looked up.
    pub const fn looks_up_names(&self) -> bool {
        self.names
    }

    /// Names of hosts are looked up by somebody else.
    pub const fn no_names(mut self) -> Self {
        self.names = false;
        self
    }

    /// What a resolver needs: to ask name servers, and to read the folders of what it does that by, which may be made anew.
    pub fn resolver() -> Self {
        let read = NAME_FOLDERS.map(PathBuf::from).into();
        Self { names: true, udp: true, read, ..Self::default() }
    }

    /// What a keeper needs: packet sockets may be made, by the capability that it has, and files in the folders of others be read, which
    /// may have been made anew since.
    pub fn keeper<'p>(beside: impl IntoIterator<Item = &'p Path>) -> Self {
        let mut read = Vec::new();
        for path in beside {
            read.push(folder(path).to_owned());
            // A link may lead to another folder, and what is made anew there has another name.
            let real = path.canonicalize().ok();
            read.extend(real.map(|path| folder(&path).to_owned()).filter(|folder| !read.contains(folder)));
        }
        Self { packets: true, read, ..Self::default() }
    }
}

/// The folder of a file.
fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Whether `HOST:PORT` names a host, and its port.
fn port_of_a_name(place: &str) -> (bool, Option<u16>) {
    let port = place.rsplit_once(':').and_then(|(_, port)| port.parse().ok());
    (place.parse::<std::net::SocketAddr>().is_err(), port)
}

/// Gives up everything but `needs`. Tells what of it this system does not know.
///
/// # Errors
///
/// The user or the capabilities can't be given up; the caller must not go on.
pub fn apply(needs: &Needs) -> Result<Vec<String>, String> {
    become_wanted(needs)?;
    if needs.capabilities != Capabilities::Leave || needs.user.is_some() {
        hold(&CapsHashSet::new())?;
    }
    let lacking = files::confine(needs).into_iter().chain(calls::confine(needs));
    CONFINED.store(true, Ordering::Relaxed);
    Ok(lacking.collect())
}

/// Gives up everything but `needs`, and all capabilities, once `start` has started the keeper, whose thread has to call [`keep`]. There must be no
/// other thread yet.
///
/// # Errors
///
/// As [`apply`], and what `start` tells.
pub fn apply_beside(needs: &Needs, start: impl FnOnce() -> Result<(), String>) -> Result<Vec<String>, String> {
    become_wanted(needs)?;
    hold(&[CAPTURE].into())?;
    start()?;
    hold(&CapsHashSet::new())?;
    let lacking = files::confine(needs).into_iter().chain(calls::confine_thread(needs));
    CONFINED.store(true, Ordering::Relaxed);
    Ok(lacking.collect())
}

/// Confines the calling thread to what a keeper `needs`: beside its capability, which it has already. What this kernel lacks is told by
/// [`apply_beside`].
pub fn keep(needs: &Needs) {
    let _ = files::confine(needs);
    let _ = calls::confine_thread(needs);
}

/// Confines the calling thread to what a resolver `needs`, without any capability.
///
/// # Errors
///
/// The capabilities can't be given up.
pub fn resolve(needs: &Needs) -> Result<(), String> {
    hold(&CapsHashSet::new())?;
    let _ = files::confine(needs);
    let _ = calls::confine_thread(needs);
    Ok(())
}

/// Confines the calling thread, and those that it starts, to parsing, where the program is confined: it may neither open a file nor have
/// a socket.
pub fn parser() {
    if CONFINED.load(Ordering::Relaxed) {
        // What this kernel lacks was told when the program was confined.
        let _ = calls::confine_parser();
    }
}

/// Becomes the user that is wanted, still with CAP_NET_RAW, and gives up for good what programs could give back.
fn become_wanted(needs: &Needs) -> Result<(), String> {
    // Out of reach for good, where that may be done: nobody else could get them back without being able to start a program.
    if (needs.capabilities != Capabilities::Leave || needs.user.is_some())
        && caps::has_cap(None, CapSet::Effective, Capability::CAP_SETPCAP).unwrap_or(false)
    {
        for capability in caps::all() {
            let _ = caps::drop(None, CapSet::Bounding, capability);
        }
    }
    if let Some(name) = &needs.user {
        become_user(name)?;
    }
    nix::sys::prctl::set_no_new_privs()
        .map_err(|error| format!("can't give up new privileges: {error}; use --no-confine"))
}

/// Holds no capability but these, of which only those that are held already.
fn hold(kept: &CapsHashSet) -> Result<(), String> {
    let keeps = |error: caps::errors::CapsError| format!("can't give up capabilities: {error}; use --no-confine");
    let held = caps::read(None, CapSet::Permitted).map_err(keeps)?;
    let kept: CapsHashSet = kept.intersection(&held).copied().collect();
    let _ = caps::clear(None, CapSet::Ambient);
    caps::set(None, CapSet::Effective, &kept).map_err(keeps)?;
    caps::set(None, CapSet::Permitted, &kept).map_err(keeps)?;
    caps::clear(None, CapSet::Inheritable).map_err(keeps)
}

fn become_user(name: &str) -> Result<(), String> {
    let user = match User::from_name(name) {
        Ok(Some(user)) => user,
        Ok(None) => return Err(format!("there is no user `{name}`; make it, or name another with --user")),
        Err(error) => return Err(format!("can't look for the user `{name}`: {error}; name another with --user")),
    };
    if user.uid == Uid::current() && user.uid == Uid::effective() {
        return Ok(());
    }
    if !Uid::effective().is_root() {
        return Err(format!("can't become the user `{name}`; start tapline as root, or leave --user out"));
    }
    caps::securebits::set_keepcaps(true).map_err(|error| format!("can't keep CAP_NET_RAW: {error}"))?;
    setgroups(&[])
        .and_then(|()| setresgid(user.gid, user.gid, user.gid))
        .and_then(|()| setresuid(user.uid, user.uid, user.uid))
        .map_err(|error| format!("can't become the user `{name}`: {error}; leave --user out"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needs(destinations: &[&str]) -> Needs {
        Needs::of(&destinations.iter().map(|text| text.parse().unwrap()).collect::<Vec<_>>())
    }

    #[test]
    fn destinations_need_no_more_than_to_be_opened_anew() {
        let none = needs(&["-"]);
        assert!(none.folders.is_empty() && none.tcp_ports.is_empty() && !none.udp && !none.names && !none.accept);
        let files = needs(&["file:sessions.log", "file:/var/log/tapline/a.log", "file:/dev/full"]);
        assert_eq!(files.folders, [PathBuf::from("."), "/var/log/tapline".into()]);
        assert_eq!(files.written, [PathBuf::from("/dev/full")]);
        let network = needs(&["tcp://192.0.2.1:601", "udp://[2001:db8::1]:514"]);
        assert!(network.tcp_ports == [601] && network.udp && !network.names);
        let named = needs(&["tls://siem.example", "unix:/dev/log"]);
        assert!(named.tcp_ports == [6514] && named.names && named.local && !named.udp);
    }

    #[test]
    fn a_keeper_reads_where_a_file_is_and_where_its_link_leads() {
        let folder = tempfile::tempdir().unwrap();
        let (named, real) = (folder.path().join("live"), folder.path().canonicalize().unwrap().join("archive"));
        for folder in [&named, &real] {
            std::fs::create_dir(folder).unwrap();
        }
        std::fs::write(real.join("key1.pem"), "").unwrap();
        std::os::unix::fs::symlink(real.join("key1.pem"), named.join("key.pem")).unwrap();
        let needs = Needs::keeper([named.join("key.pem").as_path(), named.join("none.pem").as_path()]);
        assert_eq!(needs.read, [named.clone(), real, named]);
    }
}
