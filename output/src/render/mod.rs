//! Records to lines: the only place that escapes and cuts.
//!
//! ```text
//! <134>1 2026-11-22T15:05:32.000001Z tap tapline - SESSION [session@32473 id="..." ...][ssh@32473 ...] ssh 10.0.0.5:50112 > ...
//! {"time":"2026-11-22T15:05:32.000001Z","host":"tap","msgid":"SESSION","severity":"info","session":{...},"ssh":{...},"text":"ssh ..."}
//! ```
//!
//! The two formats hold the same names and the same values. In JSON lists are arrays (an unknown item of an aligned list is `null`),
//! numbers, seconds and milliseconds are numbers with the same decimals, `yes` and `no` are booleans, and a pair is an object
//! `{"src":1,"dst":2}`. Text is escaped in the same way, by percent signs, so that the same [`crate::decode`] gives the wire's bytes;
//! only the comma in a list needs no escape there.
//!
//! A renderer keeps its buffers: in the steady state it allocates nothing for a line that fits.

mod sentence;
mod sheet;
mod shrink;
mod straight;
mod syntax;
mod telling;

use dissectors::Timestamp;
use dissectors::dictionary::session;
use dissectors::facts::{Facts, Value};

use crate::escape;
use crate::priority::{Facility, Severity, priority, severity_name};
use crate::record::{APP_NAME, Format, Identity, MIN_LIMIT, MsgId, Profile, Record, Rendered};
use crate::value;
use sentence::Sentences;
use sheet::Sheet;
use straight::{Crooked, Straight};
use syntax::Syntax;

/// Renders records for one profile.
#[derive(Debug)]
pub struct Renderer {
    facility: Facility,
    limit: usize,
    /// The part of the header between TIMESTAMP and MSGID, which never changes.
    who: Vec<u8>,
    straight: Straight,
    sheet: Sheet,
    sentences: Sentences,
    sentence: Vec<u8>,
}

impl Renderer {
    /// A renderer of lines by `identity` for destinations of `profile`.
    pub fn new(identity: &Identity, profile: Profile) -> Self {
        let host = identity.clean_hostname();
        let who = match profile.format {
            Format::Rfc5424 => match identity.procid {
                Some(procid) => format!(" {host} {APP_NAME} {procid} "),
                None => format!(" {host} {APP_NAME} - "),
            },
            Format::Json => match identity.procid {
                Some(procid) => format!("\",\"host\":\"{host}\",\"procid\":{procid},\"msgid\":\""),
                None => format!("\",\"host\":\"{host}\",\"msgid\":\""),
            },
        };
        Self {
            facility: identity.facility,
            limit: profile.limit.max(MIN_LIMIT),
            who: who.into_bytes(),
            straight: Straight::default(),
            sheet: Sheet::new(Syntax::new(profile.format, identity.pen)),
            sentences: Sentences::default(),
            sentence: Vec::new(),
        }
    }

    /// Appends the record as one line, without the line feed that ends it.
    pub fn render(&mut self, record: &Record<'_>, out: &mut Vec<u8>) -> Rendered {
        let from = out.len();
        let flagged = !record.facts.flags().is_empty();
        let severity = record.severity.unwrap_or(if flagged { Severity::LOG_NOTICE } else { Severity::LOG_INFO });
        let sd_at = self.header(record.time, record.msg_id, severity, out).saturating_sub(from);
        let header = out.len();
        if self.straight(record, from, out).is_ok() {
            #[cfg(debug_assertions)]
            self.assert_same(record, from, header, out);
            return Rendered { sd_at, cut: false };
        }
        out.truncate(header);
        Rendered { sd_at, cut: self.shortened(record, from, out) }
    }

    /// Appends elements and sentence of a session of which nothing must be left out.
    fn straight(&mut self, record: &Record<'_>, from: usize, out: &mut Vec<u8>) -> Result<(), Crooked> {
        if record.msg_id == MsgId::Status {
            return Err(Crooked);
        }
        self.straight.write(&self.sheet.syntax, record.facts, out)?;
        self.sentence.clear();
        self.sentences.session(record.facts, &self.straight.told(out), &mut self.sentence);
        if !self.sentence.is_empty() {
            self.tail(out);
        }
        if out.len().saturating_sub(from) > self.limit { Err(Crooked) } else { Ok(()) }
    }

    /// Holds the two ways of writing a line to the same bytes.
    #[cfg(debug_assertions)]
    fn assert_same(&mut self, record: &Record<'_>, from: usize, header: usize, out: &[u8]) {
        let mut other = out.get(from..header).unwrap_or_default().to_vec();
        let cut = self.shortened(record, 0, &mut other);
        debug_assert!(!cut && out.get(from..) == Some(&other), "{}\n{}", out.escape_ascii(), other.escape_ascii());
    }

    /// Appends elements and sentence, shortened where they must be. Tells whether anything was left out.
    fn shortened(&mut self, record: &Record<'_>, from: usize, out: &mut Vec<u8>) -> bool {
        self.draft(record.facts);
        self.sentence.clear();
        match record.msg_id {
            MsgId::Status => self.sentences.status(&self.sheet, &mut self.sentence),
            _ => self.sentences.session(record.facts, &self.sheet, &mut self.sentence),
        }
        let (around_sentence, end): (&[u8], &[u8]) = match self.sheet.syntax.format {
            Format::Rfc5424 => (b" ", b""),
            Format::Json => (b",\"text\":\"\"", b"}"),
        };
        let taken = out.len().saturating_sub(from).saturating_add(end.len());
        let sentence = if self.sentence.is_empty() { 0 } else { self.sentence.len() + around_sentence.len() };
        let fit = shrink::fit(&mut self.sheet, sentence, self.limit.saturating_sub(taken));
        let before = out.len();
        self.sheet.write(out);
        debug_assert_eq!(out.len() - before, self.sheet.size(), "the measure departs from what is written");
        if fit.sentence && sentence > 0 {
            self.tail(out);
        }
        out.extend_from_slice(end);
        fit.cut
    }

    /// Lays out every fact, and what belongs to `session` without being an entry.
    fn draft(&mut self, facts: &Facts) {
        let sheet = &mut self.sheet;
        sheet.clear();
        if let Some(basics) = facts.basics() {
            basics.each(&mut |field, value| sheet.lay(&session::ELEMENT, field, &value));
        }
        for run in facts.runs() {
            for (field, value) in run.values() {
                sheet.lay(run.element, field, &value);
            }
        }
        if let Some(user) = facts.named_user() {
            sheet.lay(&session::ELEMENT, &session::USER, &Value::Bytes(user.bytes()));
            if user.omitted() > 0 {
                sheet.omitted(&session::ELEMENT, &session::USER, u64::from(user.omitted()));
            }
        }
        if let Some(how) = facts.encryption() {
            sheet.lay(&session::ELEMENT, &session::ENCRYPTED, &Value::Plain(how));
        }
        for flag in facts.flags().iter() {
            sheet.lay(&session::ELEMENT, &session::FLAGS, &Value::Plain(flag.name()));
        }
        for omission in facts.omissions() {
            sheet.omitted(omission.element, omission.field, omission.count);
        }
        sheet.finish();
    }

    /// Appends what stands before the elements. Gives where a sequence number belongs, as an offset in `out`.
    fn header(&mut self, time: Timestamp, msg_id: MsgId, severity: Severity, out: &mut Vec<u8>) -> usize {
        match self.sheet.syntax.format {
            Format::Rfc5424 => {
                out.push(b'<');
                value::number(priority(self.facility, severity), out);
                out.extend_from_slice(b">1 ");
                self.straight.clock.time(time, out);
                escape::append(&self.who, out);
                escape::append(msg_id.name().as_bytes(), out);
                out.push(b' ');
                out.len()
            }
            Format::Json => {
                out.push(b'{');
                let at = out.len();
                out.extend_from_slice(b"\"time\":\"");
                self.straight.clock.time(time, out);
                escape::append(&self.who, out);
                escape::append(msg_id.name().as_bytes(), out);
                out.extend_from_slice(b"\",\"severity\":\"");
                out.extend_from_slice(severity_name(severity).as_bytes());
                out.push(b'"');
                at
            }
        }
    }

    fn tail(&self, out: &mut Vec<u8>) {
        match self.sheet.syntax.format {
            Format::Rfc5424 => {
                out.push(b' ');
                out.extend_from_slice(&self.sentence);
            }
            Format::Json => {
                out.extend_from_slice(b",\"text\":\"");
                out.extend_from_slice(&self.sentence);
                out.push(b'"');
            }
        }
    }
}
