//! Facilities and severities by their names (RFC 5424 6.2.1).
//!
//! The types are the `syslog` crate's. Its formatter is not used: it stamps the current time instead of the packet's, sorts
//! parameters, lets a raw line feed through and takes ten times as long as a whole line may. Nor is its TCP backend: it puts no
//! frame around a message, so that a receiver can't tell where one ends and the next begins.

pub use syslog::{Facility, Severity};

/// The facilities by name, in the order of their codes; 12 to 15 have no agreed name.
const FACILITIES: &[(&str, Facility)] = &[
    ("kern", Facility::LOG_KERN),
    ("user", Facility::LOG_USER),
    ("mail", Facility::LOG_MAIL),
    ("daemon", Facility::LOG_DAEMON),
    ("auth", Facility::LOG_AUTH),
    ("syslog", Facility::LOG_SYSLOG),
    ("lpr", Facility::LOG_LPR),
    ("news", Facility::LOG_NEWS),
    ("uucp", Facility::LOG_UUCP),
    ("cron", Facility::LOG_CRON),
    ("authpriv", Facility::LOG_AUTHPRIV),
    ("ftp", Facility::LOG_FTP),
    ("local0", Facility::LOG_LOCAL0),
    ("local1", Facility::LOG_LOCAL1),
    ("local2", Facility::LOG_LOCAL2),
    ("local3", Facility::LOG_LOCAL3),
    ("local4", Facility::LOG_LOCAL4),
    ("local5", Facility::LOG_LOCAL5),
    ("local6", Facility::LOG_LOCAL6),
    ("local7", Facility::LOG_LOCAL7),
];

/// The severities by name, the gravest first.
const SEVERITIES: &[(&str, Severity)] = &[
    ("emerg", Severity::LOG_EMERG),
    ("alert", Severity::LOG_ALERT),
    ("crit", Severity::LOG_CRIT),
    ("err", Severity::LOG_ERR),
    ("warning", Severity::LOG_WARNING),
    ("notice", Severity::LOG_NOTICE),
    ("info", Severity::LOG_INFO),
    ("debug", Severity::LOG_DEBUG),
];

/// The facility of a name.
///
/// # Errors
///
/// A sentence that lists the names, where it has none.
pub fn facility(name: &str) -> Result<Facility, String> {
    by_name("facility", FACILITIES, name)
}

/// The severity of a name.
///
/// # Errors
///
/// A sentence that lists the names, where it has none.
pub fn severity(name: &str) -> Result<Severity, String> {
    by_name("severity", SEVERITIES, name)
}

/// The name of a severity.
pub fn severity_name(severity: Severity) -> &'static str {
    SEVERITIES.get(severity as usize).map_or("", |(name, _)| name)
}

/// The number between `<` and `>`.
pub(crate) fn priority(facility: Facility, severity: Severity) -> u64 {
    facility as u64 | severity as u64
}

fn by_name<T: Copy>(what: &str, names: &[(&str, T)], name: &str) -> Result<T, String> {
    names.iter().find(|(known, _)| *known == name).map(|(_, value)| *value).ok_or_else(|| {
        let names: Vec<&str> = names.iter().map(|(name, _)| *name).collect();
        format!("there is no {what} `{name}`; write one of {}", names.join(" "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_give_the_codes_of_the_rfc() {
        assert_eq!(priority(facility("local0").unwrap(), severity("info").unwrap()), 134);
        assert_eq!(priority(facility("kern").unwrap(), severity("emerg").unwrap()), 0);
        assert_eq!(priority(facility("local7").unwrap(), severity("debug").unwrap()), 191);
        for (name, severity) in SEVERITIES {
            assert_eq!(severity_name(*severity), *name);
        }
    }

    #[test]
    fn an_unknown_name_is_told_what_the_names_are() {
        assert!(facility("locale").unwrap_err().starts_with("there is no facility `locale`; write one of kern user"));
    }
}
