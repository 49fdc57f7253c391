//! Names of what BACnet counts by numbers (ASHRAE 135 21, 6.2.4, J.2).

/// A function of the link.
pub(super) const fn bvlc(function: u8) -> Option<&'static str> {
    Some(match function {
        0 => "result",
        1 => "write_broadcast_table",
        2 => "read_broadcast_table",
        3 => "read_broadcast_table_ack",
        4 => "forwarded",
        5 => "register_foreign_device",
        6 => "read_foreign_device_table",
        7 => "read_foreign_device_table_ack",
        8 => "delete_foreign_device_entry",
        9 => "distribute_broadcast",
        10 => "original_unicast",
        11 => "original_broadcast",
        12 => "secure",
        _ => return None,
    })
}

/// A message of the network layer.
pub(super) const fn network(kind: u8) -> Option<&'static str> {
    Some(match kind {
        0 => "who_is_router",
        1 => "i_am_router",
        2 => "i_could_be_router",
        3 => "reject_message",
        4 => "router_busy",
        5 => "router_available",
        6 => "initialize_routing_table",
        7 => "initialize_routing_table_ack",
        8 => "establish_connection",
        9 => "disconnect_connection",
        18 => "what_is_network_number",
        19 => "network_number_is",
        _ => return None,
    })
}

/// A confirmed service.
pub(super) const fn confirmed(service: u8) -> Option<&'static str> {
    Some(match service {
        0 => "acknowledge_alarm",
        1 => "cov_notification",
        2 => "event_notification",
        3 => "get_alarm_summary",
        4 => "get_enrollment_summary",
        5 => "subscribe_cov",
        6 => "atomic_read_file",
        7 => "atomic_write_file",
        8 => "add_list_element",
        9 => "remove_list_element",
        10 => "create_object",
        11 => "delete_object",
        12 => "read_property",
        13 => "read_property_conditional",
        14 => "read_property_multiple",
        15 => "write_property",
        16 => "write_property_multiple",
        17 => "device_communication_control",
        18 => "private_transfer",
        19 => "text_message",
        20 => "reinitialize_device",
        21 => "vt_open",
        22 => "vt_close",
        23 => "vt_data",
        24 => "authenticate",
        25 => "request_key",
        26 => "read_range",
        27 => "life_safety_operation",
        28 => "subscribe_cov_property",
        29 => "get_event_information",
        30 => "subscribe_cov_property_multiple",
        31 => "cov_notification_multiple",
        _ => return None,
    })
}

/// An unconfirmed one.
pub(super) const fn unconfirmed(service: u8) -> Option<&'static str> {
    Some(match service {
        0 => "i_am",
        1 => "i_have",
        2 => "unconfirmed_cov_notification",
        3 => "unconfirmed_event_notification",
        4 => "unconfirmed_private_transfer",
        5 => "unconfirmed_text_message",
        6 => "time_synchronization",
        7 => "who_has",
        8 => "who_is",
        9 => "utc_time_synchronization",
        10 => "write_group",
        11 => "unconfirmed_cov_notification_multiple",
        _ => return None,
    })
}

/// A type of object.
pub(super) const fn object(kind: u32) -> Option<&'static str> {
    Some(match kind {
        0 => "analog-input",
        1 => "analog-output",
        2 => "analog-value",
        3 => "binary-input",
        4 => "binary-output",
        5 => "binary-value",
        6 => "calendar",
        7 => "command",
        8 => "device",
        9 => "event-enrollment",
        10 => "file",
        11 => "group",
        12 => "loop",
        13 => "multi-state-input",
        14 => "multi-state-output",
        15 => "notification-class",
        16 => "program",
        17 => "schedule",
        18 => "averaging",
        19 => "multi-state-value",
        20 => "trend-log",
        21 => "life-safety-point",
        22 => "life-safety-zone",
        23 => "accumulator",
        24 => "pulse-converter",
        25 => "event-log",
        27 => "trend-log-multiple",
        28 => "load-control",
        29 => "structured-view",
        30 => "access-door",
        54 => "lighting-output",
        55 => "binary-lighting-output",
        56 => "network-port",
        _ => return None,
    })
}

/// A property.
pub(super) const fn property(number: u32) -> Option<&'static str> {
    Some(match number {
        8 => "all",
        11 => "apdu-timeout",
        12 => "application-software-version",
        28 => "description",
        36 => "event-state",
        44 => "firmware-revision",
        56 => "local-date",
        57 => "local-time",
        58 => "location",
        62 => "max-apdu-length-accepted",
        70 => "model-name",
        74 => "number-of-states",
        75 => "object-identifier",
        76 => "object-list",
        77 => "object-name",
        79 => "object-type",
        80 => "optional",
        81 => "out-of-service",
        85 => "present-value",
        87 => "priority-array",
        96 => "protocol-object-types-supported",
        97 => "protocol-services-supported",
        98 => "protocol-version",
        103 => "reliability",
        104 => "relinquish-default",
        105 => "required",
        107 => "segmentation-supported",
        110 => "state-text",
        111 => "status-flags",
        112 => "system-status",
        117 => "units",
        120 => "vendor-identifier",
        121 => "vendor-name",
        139 => "protocol-revision",
        155 => "database-revision",
        _ => return None,
    })
}

/// An error's code.
pub(super) const fn error(code: u32) -> Option<&'static str> {
    Some(match code {
        0 => "other",
        2 => "configuration-in-progress",
        3 => "device-busy",
        9 => "invalid-data-type",
        18 => "no-space-for-object",
        23 => "object-deletion-not-permitted",
        24 => "object-identifier-already-exists",
        25 => "operational-problem",
        26 => "password-failure",
        27 => "read-access-denied",
        29 => "service-request-denied",
        30 => "timeout",
        31 => "unknown-object",
        32 => "unknown-property",
        36 => "unsupported-object-type",
        37 => "value-out-of-range",
        40 => "write-access-denied",
        42 => "invalid-array-index",
        43 => "cov-subscription-failed",
        44 => "not-cov-property",
        45 => "optional-functionality-not-supported",
        46 => "invalid-configuration-data",
        47 => "datatype-not-supported",
        50 => "property-is-not-an-array",
        _ => return None,
    })
}
