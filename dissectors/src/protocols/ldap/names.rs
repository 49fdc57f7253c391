//! Names of LDAP's operations and numbers, as RFC 4511 writes them.

use super::op;

/// The result code of success.
pub const SUCCESS: i64 = 0;
/// The result code of a bind that goes on.
pub const SASL_IN_PROGRESS: i64 = 14;

/// An operation's name by its identifier (4.2 to 4.13).
pub const fn operation(identifier: u8) -> Option<&'static str> {
    Some(match identifier {
        op::BIND => "bindRequest",
        op::BIND_RESULT => "bindResponse",
        op::UNBIND => "unbindRequest",
        op::SEARCH => "searchRequest",
        op::ENTRY => "searchResEntry",
        op::SEARCH_RESULT => "searchResDone",
        op::REFERENCE => "searchResRef",
        op::MODIFY => "modifyRequest",
        op::MODIFY_RESULT => "modifyResponse",
        op::ADD => "addRequest",
        op::ADD_RESULT => "addResponse",
        op::DELETE => "delRequest",
        op::DELETE_RESULT => "delResponse",
        op::RENAME => "modDNRequest",
        op::RENAME_RESULT => "modDNResponse",
        op::COMPARE => "compareRequest",
        op::COMPARE_RESULT => "compareResponse",
        op::ABANDON => "abandonRequest",
        op::EXTENDED => "extendedReq",
        op::EXTENDED_RESULT => "extendedResp",
        op::INTERMEDIATE => "intermediateResponse",
        _ => return None,
    })
}

/// A search's scope (4.5.1.2, and the one of draft-sermersheim-ldap-subordinate-scope).
pub const fn scope(number: i64) -> Option<&'static str> {
    Some(match number {
        0 => "base",
        1 => "one",
        2 => "sub",
        3 => "children",
        _ => return None,
    })
}

/// The name of an extended operation (RFC 4511 4.14, RFC 3062, RFC 4532, RFC 3909, RFC 2589).
pub const fn extended(oid: &[u8]) -> Option<&'static str> {
    Some(match oid {
        b"1.3.6.1.4.1.1466.20037" => "StartTLS",
        b"1.3.6.1.4.1.4203.1.11.1" => "ModifyPassword",
        b"1.3.6.1.4.1.4203.1.11.3" => "WhoAmI",
        b"1.3.6.1.1.8" => "Cancel",
        b"1.3.6.1.4.1.1466.101.119.1" => "Refresh",
        b"1.2.840.113556.1.4.1781" => "FastBind",
        _ => return None,
    })
}

/// A result code's name (4.1.9, appendix A; 118 to 122 are those of RFC 3909, RFC 4528 and RFC 4533).
pub const fn result(code: i64) -> Option<&'static str> {
    Some(match code {
        SUCCESS => "success",
        1 => "operationsError",
        2 => "protocolError",
        3 => "timeLimitExceeded",
        4 => "sizeLimitExceeded",
        5 => "compareFalse",
        6 => "compareTrue",
        7 => "authMethodNotSupported",
        8 => "strongerAuthRequired",
        10 => "referral",
        11 => "adminLimitExceeded",
        12 => "unavailableCriticalExtension",
        13 => "confidentialityRequired",
        SASL_IN_PROGRESS => "saslBindInProgress",
        16 => "noSuchAttribute",
        17 => "undefinedAttributeType",
        18 => "inappropriateMatching",
        19 => "constraintViolation",
        20 => "attributeOrValueExists",
        21 => "invalidAttributeSyntax",
        32 => "noSuchObject",
        33 => "aliasProblem",
        34 => "invalidDNSyntax",
        36 => "aliasDereferencingProblem",
        48 => "inappropriateAuthentication",
        49 => "invalidCredentials",
        50 => "insufficientAccessRights",
        51 => "busy",
        52 => "unavailable",
        53 => "unwillingToPerform",
        54 => "loopDetect",
        64 => "namingViolation",
        65 => "objectClassViolation",
        66 => "notAllowedOnNonLeaf",
        67 => "notAllowedOnRDN",
        68 => "entryAlreadyExists",
        69 => "objectClassModsProhibited",
        71 => "affectsMultipleDSAs",
        80 => "other",
        118 => "canceled",
        119 => "noSuchOperation",
        120 => "tooLate",
        121 => "cannotCancel",
        122 => "assertionFailed",
        4096 => "e-syncRefreshRequired",
        _ => return None,
    })
}
