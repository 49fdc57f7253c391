//! Names of what S7 counts by numbers.

/// A job's function.
pub(super) const fn job(function: u8) -> Option<&'static str> {
    Some(match function {
        0x00 => "cpu_services",
        0x04 => "read_var",
        0x05 => "write_var",
        0x1a => "request_download",
        0x1b => "download_block",
        0x1c => "download_ended",
        0x1d => "start_upload",
        0x1e => "upload",
        0x1f => "end_upload",
        0x28 => "program_service",
        0x29 => "plc_stop",
        0xf0 => "setup_communication",
        _ => return None,
    })
}

/// A function of user data, by its group.
pub(super) const fn user_data(group: u8, function: u8) -> Option<&'static str> {
    Some(match (group, function) {
        (0, _) => "mode_transition",
        (1, 0x01 | 0x13) => "block_status",
        (1, 0x02) => "variable_status",
        (1, 0x07) => "force_selection",
        (1, 0x08) => "modify_variable",
        (1, 0x09) => "force",
        (1, 0x0a) => "breakpoint",
        (1, 0x0c) => "memory_reset",
        (1, 0x0d) => "disable_job",
        (1, 0x0e) => "enable_job",
        (1, 0x0f) => "delete_job",
        (1, 0x10 | 0x11) => "read_job",
        (1, 0x16) => "flash_led",
        (1, _) => "programmer_command",
        (2, 4) => "cyclic_data_end",
        (2, 8) => "read_record",
        (2, _) => "cyclic_data",
        (3, 1) => "list_blocks",
        (3, 2) => "list_blocks_of_type",
        (3, 3) => "block_info",
        (4, 1) => "read_szl",
        (4, 2) => "message_service",
        (4, 3) => "diagnostic_message",
        (4, 0x05..=0x09 | 0x0b..=0x0e | 0x11..=0x13 | 0x16) => "alarm_message",
        (4, _) => "cpu_message",
        (5, 1) => "password",
        (5, _) => "security",
        (6, _) => "pbc",
        (7, 1) => "read_clock",
        (7, 2 | 4) => "set_clock",
        (7, 3) => "read_clock",
        (15, 1) => "nc_request_download",
        (15, 2 | 3) => "nc_download",
        (15, 4) => "nc_download_ended",
        (15, 6) => "nc_start_upload",
        (15, 7 | 8) => "nc_upload",
        _ => return None,
    })
}

/// A function of S7comm-plus.
pub(super) const fn plus(function: u16) -> Option<&'static str> {
    Some(match function {
        0x04b1 => "error",
        0x04bb => "explore",
        0x04ca => "create_object",
        0x04d4 => "delete_object",
        0x04f2 => "set_variable",
        0x04fc => "get_variable",
        0x0506 => "add_link",
        0x051a => "remove_link",
        0x0524 => "get_link",
        0x0542 => "set_multi_variables",
        0x054c => "get_multi_variables",
        0x0556 => "begin_sequence",
        0x0560 => "end_sequence",
        0x056b => "invoke",
        0x057c => "set_var_substreamed",
        0x0586 => "get_var_substreamed",
        0x0590 => "get_variables_address",
        0x059a => "abort",
        _ => return None,
    })
}

/// An area of memory.
pub(super) const fn area(area: u8) -> Option<&'static str> {
    Some(match area {
        0x03 => "system_info",
        0x05 => "system_flags",
        0x06 => "analog_inputs",
        0x07 => "analog_outputs",
        0x1c | 0x1e => "c",
        0x1d | 0x1f => "t",
        0x80 => "p",
        0x81 => "i",
        0x82 => "q",
        0x83 => "m",
        0x84 => "db",
        0x85 => "di",
        0x86 => "l",
        0x87 => "v",
        _ => return None,
    })
}

/// Bytes of one element of a size.
pub(super) const fn size(size: u8) -> u32 {
    match size {
        // Words, integers, dates, S5TIME.
        0x04 | 0x05 | 0x09 | 0x0c => 2,
        // Double words and integers, REAL, times of day, TIME.
        0x06..=0x08 | 0x0a | 0x0b => 4,
        // DATE_AND_TIME.
        0x0f => 8,
        _ => 1,
    }
}

/// A block's kind, by its two digits.
pub(super) const fn block(kind: [u8; 2]) -> &'static str {
    match &kind {
        b"08" => "ob",
        b"0A" => "db",
        b"0B" => "sdb",
        b"0C" => "fc",
        b"0D" => "sfc",
        b"0E" => "fb",
        b"0F" => "sfb",
        _ => "block",
    }
}
