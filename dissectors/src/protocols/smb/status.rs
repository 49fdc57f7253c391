//! Names of failures: NT_STATUS (MS-ERREF 2.3.1), and the error classes of SMB 1 before it (MS-CIFS 2.2.2.4).

use std::fmt::{self, Display};

/// How a request failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// An NT_STATUS.
    Nt(u32),
    /// A class and a code: clients that did not ask for NT_STATUS.
    Dos(u8, u16),
}

/// The request goes on; its answer comes later.
pub const PENDING: u32 = 0x0000_0103;
/// Authentication takes another round.
pub const MORE_PROCESSING: u32 = 0xc000_0016;
/// A read at the file's end.
const END_OF_FILE: u32 = 0xc000_0011;

impl Failure {
    /// The failure that an NT_STATUS tells of. Warnings, the next round of authentication and the end of a file are none.
    pub fn of(status: u32) -> Option<Self> {
        (is_error(status) && !matches!(status, MORE_PROCESSING | END_OF_FILE)).then_some(Self::Nt(status))
    }
}

/// Whether the severity of an NT_STATUS is *error*.
pub fn is_error(status: u32) -> bool {
    status >> 30 == 3
}

impl Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nt(status) => match name(*status) {
                Some(name) => write!(f, "STATUS_{name}"),
                None => write!(f, "0x{status:08X}"),
            },
            Self::Dos(0x01, code) => write!(f, "ERRDOS:{code}"),
            Self::Dos(0x02, code) => write!(f, "ERRSRV:{code}"),
            Self::Dos(0x03, code) => write!(f, "ERRHRD:{code}"),
            Self::Dos(class, code) => write!(f, "ERR0x{class:02X}:{code}"),
        }
    }
}

/// The names of the failures that file servers give.
fn name(status: u32) -> Option<&'static str> {
    Some(match status {
        0xc000_0001 => "UNSUCCESSFUL",
        0xc000_0002 => "NOT_IMPLEMENTED",
        0xc000_0003 => "INVALID_INFO_CLASS",
        0xc000_0004 => "INFO_LENGTH_MISMATCH",
        0xc000_0005 => "ACCESS_VIOLATION",
        0xc000_0008 => "INVALID_HANDLE",
        0xc000_000d => "INVALID_PARAMETER",
        0xc000_000e => "NO_SUCH_DEVICE",
        0xc000_000f => "NO_SUCH_FILE",
        0xc000_0010 => "INVALID_DEVICE_REQUEST",
        0xc000_0017 => "NO_MEMORY",
        0xc000_001e => "INVALID_LOCK_SEQUENCE",
        0xc000_0022 => "ACCESS_DENIED",
        0xc000_0023 => "BUFFER_TOO_SMALL",
        0xc000_0024 => "OBJECT_TYPE_MISMATCH",
        0xc000_002a => "NOT_LOCKED",
        0xc000_0033 => "OBJECT_NAME_INVALID",
        0xc000_0034 => "OBJECT_NAME_NOT_FOUND",
        0xc000_0035 => "OBJECT_NAME_COLLISION",
        0xc000_0039 => "OBJECT_PATH_INVALID",
        0xc000_003a => "OBJECT_PATH_NOT_FOUND",
        0xc000_003b => "OBJECT_PATH_SYNTAX_BAD",
        0xc000_003e => "DATA_ERROR",
        0xc000_003f => "CRC_ERROR",
        0xc000_0043 => "SHARING_VIOLATION",
        0xc000_0044 => "QUOTA_EXCEEDED",
        0xc000_004f => "EAS_NOT_SUPPORTED",
        0xc000_0054 => "FILE_LOCK_CONFLICT",
        0xc000_0055 => "LOCK_NOT_GRANTED",
        0xc000_0056 => "DELETE_PENDING",
        0xc000_005e => "NO_LOGON_SERVERS",
        0xc000_0061 => "PRIVILEGE_NOT_HELD",
        0xc000_0064 => "NO_SUCH_USER",
        0xc000_006a => "WRONG_PASSWORD",
        0xc000_006c => "PASSWORD_RESTRICTION",
        0xc000_006d => "LOGON_FAILURE",
        0xc000_006e => "ACCOUNT_RESTRICTION",
        0xc000_006f => "INVALID_LOGON_HOURS",
        0xc000_0070 => "INVALID_WORKSTATION",
        0xc000_0071 => "PASSWORD_EXPIRED",
        0xc000_0072 => "ACCOUNT_DISABLED",
        0xc000_007a => "PROCEDURE_NOT_FOUND",
        0xc000_007e => "RANGE_NOT_LOCKED",
        0xc000_007f => "DISK_FULL",
        0xc000_009a => "INSUFFICIENT_RESOURCES",
        0xc000_009c => "DEVICE_DATA_ERROR",
        0xc000_00a2 => "MEDIA_WRITE_PROTECTED",
        0xc000_00ab => "INSTANCE_NOT_AVAILABLE",
        0xc000_00ac => "PIPE_NOT_AVAILABLE",
        0xc000_00ad => "INVALID_PIPE_STATE",
        0xc000_00ae => "PIPE_BUSY",
        0xc000_00b0 => "PIPE_DISCONNECTED",
        0xc000_00b1 => "PIPE_CLOSING",
        0xc000_00b5 => "IO_TIMEOUT",
        0xc000_00ba => "FILE_IS_A_DIRECTORY",
        0xc000_00bb => "NOT_SUPPORTED",
        0xc000_00be => "BAD_NETWORK_PATH",
        0xc000_00bf => "NETWORK_BUSY",
        0xc000_00c3 => "INVALID_NETWORK_RESPONSE",
        0xc000_00c9 => "NETWORK_NAME_DELETED",
        0xc000_00ca => "NETWORK_ACCESS_DENIED",
        0xc000_00cb => "BAD_DEVICE_TYPE",
        0xc000_00cc => "BAD_NETWORK_NAME",
        0xc000_00d0 => "REQUEST_NOT_ACCEPTED",
        0xc000_00d4 => "NOT_SAME_DEVICE",
        0xc000_00d5 => "FILE_RENAMED",
        0xc000_00d8 => "CANT_WAIT",
        0xc000_00dc => "INVALID_SERVER_STATE",
        0xc000_00df => "NO_SUCH_DOMAIN",
        0xc000_00e3 => "INVALID_OPLOCK_PROTOCOL",
        0xc000_00e5 => "INTERNAL_ERROR",
        0xc000_0101 => "DIRECTORY_NOT_EMPTY",
        0xc000_0103 => "NOT_A_DIRECTORY",
        0xc000_0106 => "NAME_TOO_LONG",
        0xc000_0120 => "CANCELLED",
        0xc000_0121 => "CANNOT_DELETE",
        0xc000_0123 => "FILE_DELETED",
        0xc000_0128 => "FILE_CLOSED",
        0xc000_0133 => "TIME_DIFFERENCE_AT_DC",
        0xc000_014b => "PIPE_BROKEN",
        0xc000_015b => "LOGON_TYPE_NOT_GRANTED",
        0xc000_0184 => "INVALID_DEVICE_STATE",
        0xc000_018b => "NO_TRUST_SAM_ACCOUNT",
        0xc000_018c => "TRUSTED_DOMAIN_FAILURE",
        0xc000_018d => "TRUSTED_RELATIONSHIP_FAILURE",
        0xc000_0190 => "TRUST_FAILURE",
        0xc000_0192 => "NETLOGON_NOT_STARTED",
        0xc000_0193 => "ACCOUNT_EXPIRED",
        0xc000_0199 => "NOLOGON_WORKSTATION_TRUST_ACCOUNT",
        0xc000_019c => "FS_DRIVER_REQUIRED",
        0xc000_0203 => "USER_SESSION_DELETED",
        0xc000_0205 => "INSUFF_SERVER_RESOURCES",
        0xc000_020c => "CONNECTION_DISCONNECTED",
        0xc000_020d => "CONNECTION_RESET",
        0xc000_0224 => "PASSWORD_MUST_CHANGE",
        0xc000_0225 => "NOT_FOUND",
        0xc000_0234 => "ACCOUNT_LOCKED_OUT",
        0xc000_0236 => "CONNECTION_REFUSED",
        0xc000_0257 => "PATH_NOT_COVERED",
        0xc000_0275 => "NOT_A_REPARSE_POINT",
        0xc000_0279 => "IO_REPARSE_TAG_NOT_HANDLED",
        0xc000_0418 => "NTLM_BLOCKED",
        0xc000_035c => "NETWORK_SESSION_EXPIRED",
        0xc000_0466 => "SERVER_UNAVAILABLE",
        0xc000_0467 => "FILE_NOT_AVAILABLE",
        0xc000_0480 => "SHARE_UNAVAILABLE",
        0xc05d_0000 => "SMB_NO_PREAUTH_INTEGRITY_HASH_OVERLAP",
        0xc05d_0001 => "SMB_BAD_CLUSTER_DIALECT",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_failures_are_failures() {
        for fine in [0, PENDING, 0x8000_0005, 0x8000_0006, MORE_PROCESSING, END_OF_FILE] {
            assert_eq!(Failure::of(fine), None, "{fine:08x}");
        }
        assert_eq!(Failure::of(0xc000_0022).unwrap().to_string(), "STATUS_ACCESS_DENIED");
        assert_eq!(Failure::of(0xc0ff_1234).unwrap().to_string(), "0xC0FF1234");
        assert_eq!(Failure::Dos(1, 2).to_string(), "ERRDOS:2");
    }
}
