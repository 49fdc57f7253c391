//! The fields of `dcerpc`.

use crate::capped::Text;
use crate::dictionary::{Element, Field};
use crate::facts::{Facts, Value};

use super::known::{INTERFACES, Known, OPERATIONS};

static VERSION: Field =
    Field::number("version", "generations spoken: 4 (datagrams), 5 (connections and pipes)", "C706 12.5, 12.6").list();
static INTERFACE: Field = Field::text(
    "interface",
    "interfaces that the client bound to or called, by name, such as `samr`, or by UUID, each once",
    "C706 12.6.4.3, Microsoft Open Specifications",
)
.list()
.items(INTERFACES);
static OPERATION: Field = Field::text(
    "operation",
    "operations called and how often, such as `samr.Connect5:1`; an unknown one by its number",
    "C706 12.6.4.9, Microsoft Open Specifications",
)
.list()
.items(OPERATIONS);
static REQUESTS: Field = Field::number("requests", "calls", "C706 12.6.4.9");
static RESPONSES: Field = Field::number("responses", "answers, faults not counted", "C706 12.6.4.10");
static FAULTS: Field = Field::number("faults", "calls that failed in the protocol; absent if none", "C706 12.6.4.7");
static FAULT: Field =
    Field::text("fault", "why calls failed, each once, such as `access_denied`", "C706 appendix E, MS-RPCE 2.2.2.9")
        .list();
static REFUSED: Field = Field::text(
    "refused",
    "what the server did not let the client bind to, and why, each once",
    "C706 12.6.3.1, 12.6.4.5",
)
.list();
static AUTH: Field = Field::text(
    "auth",
    "how ends prove who they are: `ntlm`, `spnego`, `kerberos`, `netlogon`, ...",
    "MS-RPCE 2.2.1.1.7",
)
.list();
static AUTH_LEVEL: Field = Field::text(
    "auth_level",
    "how far calls are protected: `connect`, `call`, `packet`, `integrity`, `privacy`",
    "MS-RPCE 2.2.1.1.8",
)
.list();
static ENDPOINT: Field =
    Field::text("endpoint", "the pipe or port under which the server says that it is reached", "C706 12.6.4.4").list();
static MAPPED: Field = Field::text(
    "mapped",
    "what the endpoint mapper told: interface, `@`, and where it is served, each once",
    "C706 appendix O and L",
)
.list();

/// The element.
pub static ELEMENT: Element = Element {
    name: "dcerpc",
    meaning: "remote procedure calls of DCE and Windows",
    fields: &[
        &VERSION,
        &INTERFACE,
        &OPERATION,
        &REQUESTS,
        &RESPONSES,
        &FAULTS,
        &FAULT,
        &REFUSED,
        &AUTH,
        &AUTH_LEVEL,
        &ENDPOINT,
        &MAPPED,
    ],
};

impl Known {
    /// Writes the element.
    pub fn facts(&self, out: &mut Facts) {
        let mut element = out.element(&ELEMENT);
        element.list(&VERSION, self.versions.items().iter().copied(), self.versions.omitted());
        for interface in self.interfaces.items() {
            element.value(&INTERFACE, Value::Bytes(interface.to_string().as_bytes()));
        }
        element.omitted(&INTERFACE, self.interfaces.omitted());
        for operation in self.operations.items() {
            let name = self.operation_name(operation);
            element.value(&OPERATION, Value::Bytes(format!("{name}:{}", operation.count).as_bytes()));
        }
        element.omitted(&OPERATION, self.operations.omitted());
        for (field, count) in [(&REQUESTS, self.requests), (&RESPONSES, self.responses), (&FAULTS, self.faults)] {
            if count > 0 {
                element.number(field, count);
            }
        }
        for fault in self.fault_codes.items() {
            let text = fault_name(*fault).map_or_else(|| Text::from(format!("0x{fault:08X}").as_str()), Text::from);
            element.text(&FAULT, &text);
        }
        element.omitted(&FAULT, self.fault_codes.omitted());
        element.texts(&REFUSED, &self.refused);
        element.list(&AUTH, self.auth.items().iter().copied(), self.auth.omitted());
        element.list(&AUTH_LEVEL, self.levels.items().iter().copied(), self.levels.omitted());
        element.texts(&ENDPOINT, &self.endpoints);
        element.texts(&MAPPED, &self.mapped);
        self.tickets.facts(out);
    }
}

/// A fault's or rejection's status.
fn fault_name(status: u32) -> Option<&'static str> {
    Some(match status {
        0x0000_0005 => "access_denied",
        0x0000_0057 => "invalid_parameter",
        0x0000_06bf => "call_failed_dne",
        0x0000_06d1 => "procnum_out_of_range",
        0x0000_06f4 => "null_ref_pointer",
        0x0000_06f7 => "bad_stub_data",
        0x0000_0721 => "sec_pkg_error",
        0x1c00_0001 => "fault_int_div_by_zero",
        0x1c00_0002 => "fault_addr_error",
        0x1c00_0006 => "fault_invalid_tag",
        0x1c00_0007 => "fault_invalid_bound",
        0x1c00_0008 => "fault_version_mismatch",
        0x1c00_0009 => "fault_unspec_reject",
        0x1c00_000b => "fault_who_are_you_failed",
        0x1c00_000c => "fault_manager_not_entered",
        0x1c00_000d => "fault_cancel",
        0x1c00_0012 => "fault_unspec",
        0x1c00_001a => "fault_context_mismatch",
        0x1c00_001b => "fault_remote_no_memory",
        0x1c01_0001 => "comm_failure",
        0x1c01_0002 => "op_rng_error",
        0x1c01_0003 => "unk_if",
        0x1c01_0006 => "wrong_boot_time",
        0x1c01_0009 => "you_crashed",
        0x1c01_000b => "proto_error",
        0x1c01_0013 => "out_args_too_big",
        0x1c01_0014 => "server_too_busy",
        0x1c01_0017 => "unsupported_type",
        0x8001_0108 => "disconnected",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbouring_faults_are_told_apart() {
        assert_eq!(fault_name(0x1c00_000b), Some("fault_who_are_you_failed"));
        assert_eq!(fault_name(0x1c00_000c), Some("fault_manager_not_entered"));
        assert_eq!(fault_name(0x1c01_0002), Some("op_rng_error"));
    }
}
