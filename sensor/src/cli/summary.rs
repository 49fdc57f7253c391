//! The account at the end of a run: what was read, what it became, and everything that was lost on the way.

use std::fmt::Write;

use super::units::{bytes_text, count_text, span_text};

/// Warnings that are told; of more only how many there are.
const MAX_WARNINGS: usize = 20;

/// The numbers of a run. Names and reasons are the caller's; what is 0 is not told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Files read.
    pub files: u64,
    /// Packets read.
    pub packets: u64,
    /// Bytes those packets had on the wire.
    pub bytes: u64,
    /// Nanoseconds from the first packet to the last.
    pub span_ns: u64,
    /// Nanoseconds that the run took.
    pub elapsed_ns: u64,
    /// Sessions finished.
    pub sessions: u64,
    /// Packets left out, by reason.
    pub drops: Vec<(String, u64)>,
    /// Lines written, by destination.
    pub lines: Vec<(String, u64)>,
    /// Lines lost, by destination.
    pub lost: Vec<(String, u64)>,
    /// Other warnings, each a line: damaged files above all.
    pub warnings: Vec<String>,
}

impl Summary {
    /// The account as text, each line with its end.
    pub fn text(&self) -> String {
        let mut text = format!(
            "{}, {} over {}: {}",
            counted(self.packets, "packet"),
            bytes_text(self.bytes),
            span_text(self.span_ns),
            counted(self.sessions, "session"),
        );
        if self.files > 1 {
            text.push_str(&format!(", from {} files", count_text(self.files)));
        }
        if self.elapsed_ns > 0 {
            let rate = u128::from(self.packets) * 1_000_000_000 / u128::from(self.elapsed_ns);
            let rate = count_text(u64::try_from(rate).unwrap_or(u64::MAX));
            text.push_str(&format!(" ({}, {rate} packets/s)", span_text(self.elapsed_ns)));
        }
        text.push('\n');
        list(&mut text, "left out", &self.drops, "packet");
        list(&mut text, "written", &self.lines, "line");
        list(&mut text, "lost", &self.lost, "line");
        for warning in self.warnings.iter().take(MAX_WARNINGS) {
            line(&mut text, &format!("warning: {warning}"));
        }
        let more = self.warnings.len().saturating_sub(MAX_WARNINGS);
        if more > 0 {
            line(&mut text, &format!("warning: {}", counted(more as u64, "more warning")));
        }
        text
    }

    /// Whether anything was damaged or lost, which the exit status tells.
    pub fn is_loss(&self) -> bool {
        !self.warnings.is_empty() || self.lost.iter().any(|(_, count)| *count > 0)
    }
}

/// Adds one line, whatever characters are in it.
fn line(text: &mut String, content: &str) {
    text.extend(content.chars().map(|c| if c.is_control() { ' ' } else { c }));
    text.push('\n');
}

/// `left out: 12 packets checksum, 1 packet filter`, where there is anything.
fn list(text: &mut String, title: &str, counts: &[(String, u64)], thing: &str) {
    let mut content = String::new();
    for (name, count) in counts.iter().filter(|(_, count)| *count > 0) {
        let separator = if content.is_empty() { "" } else { ", " };
        // Writing to a string does not fail.
        let _ = write!(content, "{separator}{} {name}", counted(*count, thing));
    }
    if !content.is_empty() {
        line(text, &format!("{title}: {content}"));
    }
}

fn counted(count: u64, thing: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {thing}{plural}", count_text(count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_tells_every_loss_and_no_zero() {
        let summary = Summary {
            files: 2,
            packets: 1_234_567,
            bytes: 3 << 30,
            span_ns: 187_000_000_000,
            elapsed_ns: 2_000_000_000,
            sessions: 1,
            drops: vec![("filter".into(), 12), ("checksum".into(), 0), ("not IP".into(), 1)],
            lines: vec![("-".into(), 1), ("tcp://collector:601".into(), 1)],
            lost: vec![("udp://far:514".into(), 1000)],
            warnings: vec!["a\n.pcap: byte 58: the file ends in the middle of a record".into()],
        };
        assert_eq!(
            summary.text(),
            "1,234,567 packets, 3 GiB over 3 min 7 s: 1 session, from 2 files (2.00 s, 617,283 packets/s)\n\
             left out: 12 packets filter, 1 packet not IP\n\
             written: 1 line -, 1 line tcp://collector:601\n\
             lost: 1,000 lines udp://far:514\n\
             warning: a .pcap: byte 58: the file ends in the middle of a record\n"
        );
        assert!(summary.is_loss());
        let nothing = Summary { lost: vec![("-".into(), 0)], ..Summary::default() };
        assert_eq!(nothing.text(), "0 packets, 0 B over 0.00 s: 0 sessions\n");
        assert!(!nothing.is_loss());
    }

    #[test]
    fn a_thousand_warnings_are_not_all_told() {
        let summary = Summary { warnings: vec!["w".into(); 1000], ..Summary::default() };
        let text = summary.text();
        assert_eq!(text.lines().count(), 1 + MAX_WARNINGS + 1);
        assert!(text.ends_with("warning: 980 more warnings\n"), "{text}");
    }
}
