//! seccomp: which system calls the kernel still takes.
//!
//! Calls are denied, with EPERM, and the rest is taken: a list of all that a C library may call is longer, differs between its versions,
//! and a wrong one stops the sensor when it is needed. What is denied is everything by which a process gets another program,
//! another process, another identity, another kernel or another peer. The systemd unit has a list of what is allowed beside it.
//!
//! A call of another architecture ends the program; the x32 calls, which are another way to the same, are denied too.

use std::collections::BTreeMap;

use libc::{c_int, c_long};
use seccompiler::{
    BpfProgram, Error, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    TargetArch, apply_filter, apply_filter_all_threads, sock_filter,
};

use super::Needs;

/// Calls by their numbers, and when each is denied: always, where there is no rule.
type Denied = BTreeMap<c_long, Vec<SeccompRule>>;

/// Never needed once everything is open.
const NEVER: &[c_long] = &[
    // Programs, and other processes.
    libc::SYS_execve,
    libc::SYS_execveat,
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_process_madvise,
    libc::SYS_kcmp,
    libc::SYS_kill,
    libc::SYS_tkill,
    libc::SYS_rt_sigqueueinfo,
    libc::SYS_rt_tgsigqueueinfo,
    libc::SYS_pidfd_open,
    libc::SYS_pidfd_getfd,
    libc::SYS_pidfd_send_signal,
    // Who this is.
    libc::SYS_setuid,
    libc::SYS_setgid,
    libc::SYS_setreuid,
    libc::SYS_setregid,
    libc::SYS_setresuid,
    libc::SYS_setresgid,
    libc::SYS_setgroups,
    libc::SYS_setfsuid,
    libc::SYS_setfsgid,
    libc::SYS_capset,
    libc::SYS_personality,
    libc::SYS_setsid,
    libc::SYS_setpgid,
    // Where this is.
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_chroot,
    libc::SYS_pivot_root,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_open_tree,
    libc::SYS_move_mount,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_mount_setattr,
    libc::SYS_quotactl,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    // Files, as Landlock does not see to: what they are, and to whom they belong.
    libc::SYS_fchmod,
    libc::SYS_fchmodat,
    libc::SYS_fchown,
    libc::SYS_fchownat,
    libc::SYS_setxattr,
    libc::SYS_lsetxattr,
    libc::SYS_fsetxattr,
    libc::SYS_removexattr,
    libc::SYS_lremovexattr,
    libc::SYS_fremovexattr,
    libc::SYS_utimensat,
    libc::SYS_name_to_handle_at,
    libc::SYS_open_by_handle_at,
    libc::SYS_memfd_create,
    // The kernel and the machine.
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_kexec_load,
    libc::SYS_reboot,
    libc::SYS_acct,
    libc::SYS_syslog,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_clock_adjtime,
    libc::SYS_adjtimex,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_keyctl,
    libc::SYS_pkey_mprotect,
    // Sockets that wait for others.
    libc::SYS_listen,
];

/// The same by their older names, which newer processors do not have.
#[cfg(target_arch = "x86_64")]
const NEVER_OF_OLD: &[c_long] = &[
    libc::SYS_fork,
    libc::SYS_vfork,
    libc::SYS_chmod,
    libc::SYS_chown,
    libc::SYS_lchown,
    libc::SYS_utime,
    libc::SYS_utimes,
    libc::SYS_futimesat,
    libc::SYS_ioperm,
    libc::SYS_iopl,
    libc::SYS_modify_ldt,
    libc::SYS_uselib,
    libc::SYS_kexec_file_load,
];
#[cfg(not(target_arch = "x86_64"))]
const NEVER_OF_OLD: &[c_long] = &[];

/// Not needed by a thread that takes parcels and gives lines.
const NO_PARSER: &[c_long] = &[
    libc::SYS_openat,
    libc::SYS_openat2,
    libc::SYS_truncate,
    libc::SYS_ftruncate,
    libc::SYS_mkdirat,
    libc::SYS_mknodat,
    libc::SYS_linkat,
    libc::SYS_symlinkat,
    libc::SYS_unlinkat,
    libc::SYS_renameat2,
    libc::SYS_socket,
    libc::SYS_socketpair,
    libc::SYS_connect,
    libc::SYS_bind,
    libc::SYS_accept,
    libc::SYS_accept4,
    libc::SYS_sendto,
    libc::SYS_sendmsg,
    libc::SYS_sendmmsg,
    libc::SYS_setsockopt,
];
#[cfg(target_arch = "x86_64")]
const NO_PARSER_OF_OLD: &[c_long] = &[
    libc::SYS_open,
    libc::SYS_creat,
    libc::SYS_mkdir,
    libc::SYS_mknod,
    libc::SYS_link,
    libc::SYS_symlink,
    libc::SYS_unlink,
    libc::SYS_rmdir,
    libc::SYS_rename,
];
#[cfg(not(target_arch = "x86_64"))]
const NO_PARSER_OF_OLD: &[c_long] = &[];

/// Requests by which a process types into, or pastes to, its terminal.
const TERMINAL: [c_long; 2] = [libc::TIOCSTI as c_long, libc::TIOCLINUX as c_long];
/// The lower bits of a socket's type are the type.
const SOCKET_TYPE: u64 = 0xf;

/// Set in the number of an x32 call.
#[cfg(target_arch = "x86_64")]
const X32: c_long = 0x4000_0000;
/// Calls that x32 has under numbers of its own.
#[cfg(target_arch = "x86_64")]
const X32_ONLY: std::ops::RangeInclusive<c_long> = 512..=547;

/// Confines all threads. Tells what the kernel does not do.
pub(super) fn confine(needs: &Needs) -> Option<String> {
    confine_by(needs, apply_filter_all_threads)
}

/// Confines the calling thread and those that it starts. Tells what the kernel does not do.
pub(super) fn confine_thread(needs: &Needs) -> Option<String> {
    confine_by(needs, apply_filter)
}

fn confine_by(needs: &Needs, apply: fn(&[sock_filter]) -> Result<(), Error>) -> Option<String> {
    let confined = denied(needs).and_then(|denied| {
        apply(&program(denied, libc::EPERM)?)?;
        // glibc then starts threads in the older way, whose flags can be looked at.
        apply(&program([(libc::SYS_clone3, Vec::new())].into(), libc::ENOSYS)?)
    });
    confined.err().map(|error| format!("system calls are not confined: {error}"))
}

/// Confines the calling thread to what a parser needs.
pub(super) fn confine_parser() -> Result<(), Error> {
    let calls = NO_PARSER.iter().chain(NO_PARSER_OF_OLD);
    apply_filter(&program(calls.map(|call| (*call, Vec::new())).collect(), libc::EPERM)?)
}

fn denied(needs: &Needs) -> Result<Denied, Error> {
    let mut denied: Denied = NEVER.iter().chain(NEVER_OF_OLD).map(|call| (*call, Vec::new())).collect();
    // A thread is started, a process is not.
    denied.insert(libc::SYS_clone, vec![when(&[(0, SeccompCmpOp::MaskedEq(libc::CLONE_THREAD as u64), 0)])?]);
    // Memory is written or run.
    let runs = SeccompCmpOp::MaskedEq(libc::PROT_EXEC as u64);
    for call in [libc::SYS_mmap, libc::SYS_mprotect] {
        denied.insert(call, vec![when(&[(2, runs.clone(), libc::PROT_EXEC as u64)])?]);
    }
    let terminal = TERMINAL.map(|request| when(&[(1, SeccompCmpOp::Eq, request as u64)]));
    denied.insert(libc::SYS_ioctl, terminal.into_iter().collect::<Result<_, _>>()?);
    sockets(needs, &mut denied)?;
    Ok(denied)
}

fn sockets(needs: &Needs, denied: &mut Denied) -> Result<(), Error> {
    let network = needs.udp || !needs.tcp_ports.is_empty();
    let capture = needs.packets;
    // Which interfaces there are is asked by netlink, and their numbers by a socket that is connected to nobody.
    let families: [(bool, c_int); 5] = [
        (network, libc::AF_INET),
        (network, libc::AF_INET6),
        (needs.local || capture, libc::AF_UNIX),
        (capture, libc::AF_PACKET),
        (capture, libc::AF_NETLINK),
    ];
    let others: Vec<_> = families
        .iter()
        .filter(|(needed, _)| *needed)
        .map(|(_, family)| (0, SeccompCmpOp::Ne, *family as u64))
        .collect();
    let mut rules = Vec::new();
    if !others.is_empty() {
        rules.push(when(&others)?);
        if !capture {
            rules.push(when(&[(1, SeccompCmpOp::MaskedEq(SOCKET_TYPE), libc::SOCK_RAW as u64)])?);
        }
    }
    // Without a rule it is denied altogether.
    denied.insert(libc::SYS_socket, rules);
    let mut unless = |needed: bool, calls: &[c_long]| {
        if !needed {
            denied.extend(calls.iter().map(|call| (*call, Vec::new())));
        }
    };
    unless(network || needs.local, &[libc::SYS_connect]);
    unless(needs.udp || needs.names || capture, &[libc::SYS_bind]);
    unless(needs.accept, &[libc::SYS_accept, libc::SYS_accept4]);
    unless(needs.names, &[libc::SYS_sendmsg, libc::SYS_sendmmsg]);
    // A datagram goes where its socket is connected to, and nowhere else; only a netlink address is so long.
    let mut elsewhere = vec![SeccompCondition::new(4, SeccompCmpArgLen::Qword, SeccompCmpOp::Ne, 0)];
    if capture {
        let netlink = size_of::<libc::sockaddr_nl>() as u64;
        elsewhere.push(SeccompCondition::new(5, SeccompCmpArgLen::Dword, SeccompCmpOp::Ne, netlink));
    }
    denied.insert(libc::SYS_sendto, vec![rule(elsewhere)?]);
    Ok(())
}

/// Arguments by their place, all of which must be so. They are compared by their lower halves: the kernel ignores the upper.
fn when(arguments: &[(u8, SeccompCmpOp, u64)]) -> Result<SeccompRule, Error> {
    let condition = |(place, compare, value): &(u8, SeccompCmpOp, u64)| {
        SeccompCondition::new(*place, SeccompCmpArgLen::Dword, compare.clone(), *value)
    };
    rule(arguments.iter().map(condition).collect())
}

fn rule(conditions: Vec<Result<SeccompCondition, seccompiler::BackendError>>) -> Result<SeccompRule, Error> {
    let conditions: Result<Vec<_>, _> = conditions.into_iter().collect();
    Ok(SeccompRule::new(conditions?)?)
}

/// The filter that answers `denied` with an error.
fn program(denied: Denied, error: c_int) -> Result<BpfProgram, Error> {
    let arch: TargetArch = std::env::consts::ARCH.try_into()?;
    #[cfg(target_arch = "x86_64")]
    let denied: Denied = {
        let x32: Vec<c_long> = denied.keys().copied().chain(X32_ONLY).map(|call| call | X32).collect();
        denied.into_iter().chain(x32.into_iter().map(|call| (call, Vec::new()))).collect()
    };
    let error = SeccompAction::Errno(error.unsigned_abs());
    Ok(SeccompFilter::new(denied, SeccompAction::Allow, error, arch)?.try_into()?)
}
