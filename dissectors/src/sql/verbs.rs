//! Counts what statements do, by their first words.

use super::lexer::{Class, is_word};
use crate::capped::Text;
use crate::protocol::Verdict;

/// The words that a statement can begin with; everything else counts as `OTHER`.
const VERBS: &[&str] = &[
    "ABORT",
    "ALTER",
    "ANALYZE",
    "ATTACH",
    "AUDIT",
    "BACKUP",
    "BEGIN",
    "BINLOG",
    "BULK",
    "CALL",
    "CHANGE",
    "CHECK",
    "CHECKPOINT",
    "CHECKSUM",
    "CLOSE",
    "CLUSTER",
    "COMMENT",
    "COMMIT",
    "COPY",
    "CREATE",
    "DBCC",
    "DEALLOCATE",
    "DECLARE",
    "DELETE",
    "DENY",
    "DESC",
    "DESCRIBE",
    "DISCARD",
    "DO",
    "DROP",
    "END",
    "EXEC",
    "EXECUTE",
    "EXPLAIN",
    "FETCH",
    "FLASHBACK",
    "FLUSH",
    "GRANT",
    "HANDLER",
    "HELP",
    "IF",
    "IMPORT",
    "INSERT",
    "INSTALL",
    "KILL",
    "LISTEN",
    "LOAD",
    "LOCK",
    "MERGE",
    "MOVE",
    "NOTIFY",
    "OPEN",
    "OPTIMIZE",
    "PREPARE",
    "PRINT",
    "PURGE",
    "RAISERROR",
    "RECONFIGURE",
    "REFRESH",
    "REINDEX",
    "RELEASE",
    "RENAME",
    "REPAIR",
    "REPLACE",
    "RESET",
    "RESTORE",
    "REVOKE",
    "ROLLBACK",
    "SAVE",
    "SAVEPOINT",
    "SELECT",
    "SET",
    "SHOW",
    "SHUTDOWN",
    "SIGNAL",
    "START",
    "STOP",
    "TABLE",
    "TRUNCATE",
    "UNINSTALL",
    "UNLISTEN",
    "UNLOCK",
    "UPDATE",
    "USE",
    "VACUUM",
    "VALUES",
    "WAITFOR",
    "WHILE",
    "WITH",
    "XA",
];
/// Those with which hardly anything else begins.
const TELLING: &[&str] = &[
    "ALTER",
    "BEGIN",
    "COMMIT",
    "CREATE",
    "DECLARE",
    "DEALLOCATE",
    "DELETE",
    "DROP",
    "EXEC",
    "EXECUTE",
    "INSERT",
    "MERGE",
    "REPLACE",
    "ROLLBACK",
    "SAVEPOINT",
    "SELECT",
    "SET",
    "SHOW",
    "TRUNCATE",
    "UPDATE",
];
const OTHER: &str = "OTHER";
/// The longest of them and of the words that are looked for behind them; longer words are none of these.
const WORD_BYTES: usize = 16;
/// What follows `BEGIN` where it begins a transaction, not a block.
const TRANSACTION: &[&[u8]] = &[
    b"TRAN",
    b"TRANSACTION",
    b"WORK",
    b"ISOLATION",
    b"READ",
    b"NOT",
    b"DEFERRABLE",
    b"DISTRIBUTED",
    b"DEFERRED",
    b"IMMEDIATE",
];
/// What `CREATE` makes of many statements.
const ROUTINES: &[&[u8]] = &[b"PROCEDURE", b"PROC", b"FUNCTION", b"TRIGGER", b"PACKAGE", b"EVENT", b"TYPE"];

/// How often each was said, in the order of their first times. The names bound the list.
#[derive(Clone, Debug, Default)]
pub struct Verbs {
    counts: Vec<(&'static str, u64)>,
}

impl Verbs {
    /// Counts one.
    pub fn count(&mut self, verb: &'static str) {
        match self.counts.iter_mut().find(|(known, _)| *known == verb) {
            Some((_, count)) => *count = count.saturating_add(1),
            None => self.counts.push((verb, 1)),
        }
    }

    /// `SELECT:12` and so on.
    pub fn texts(&self) -> Vec<Text> {
        self.counts.iter().map(|(verb, count)| Text::from(format!("{verb}:{count}").as_str())).collect()
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        self.counts.capacity() * size_of::<(&'static str, u64)>()
    }
}

/// The verb that a text begins with, and what follows it.
pub fn leading(text: &[u8]) -> Option<(&'static str, &[u8])> {
    let text = text.trim_ascii_start();
    let len = text.iter().position(|byte| !is_word(*byte)).unwrap_or(text.len());
    let (word, rest) = text.split_at_checked(len)?;
    Some((known(word)?, rest))
}

/// How far a verb proves that a message whose frame fits is SQL.
pub fn verdict(verb: &str) -> Verdict {
    if TELLING.contains(&verb) { Verdict::Match } else { Verdict::Likely }
}

fn known(word: &[u8]) -> Option<&'static str> {
    VERBS.iter().find(|verb| verb.as_bytes().eq_ignore_ascii_case(word)).copied()
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum At {
    /// Before a statement's first word.
    #[default]
    Start,
    /// In its first word.
    Verb,
    /// Behind `BEGIN`, which is not known to begin a transaction or a block.
    AfterBegin,
    /// Behind `CREATE` and its like: what it makes may be a routine.
    AfterCreate,
    /// Anywhere behind.
    Rest,
    /// In a block or routine, whose statements are not the session's.
    Compound,
}

/// Finds the verbs in one text, which may hold several statements.
#[derive(Clone, Debug, Default)]
pub struct Watch {
    at: At,
    word: [u8; WORD_BYTES],
    len: usize,
    /// How many words were looked at behind `CREATE`.
    words: u8,
}

impl Watch {
    /// Takes a byte and what it is. Tells the verb that it ends. `blocks`: `DECLARE` begins a block.
    pub fn next(&mut self, class: Class, byte: u8, blocks: bool) -> Option<&'static str> {
        if matches!(self.at, At::Rest | At::Compound) && (class != Class::Code || byte != b';') {
            return None;
        }
        if class == Class::Code && is_word(byte) {
            if self.at == At::Start {
                self.at = At::Verb;
            }
            if let Some(place) = self.word.get_mut(self.len) {
                *place = byte.to_ascii_uppercase();
            }
            self.len = self.len.saturating_add(1);
            return None;
        }
        let told = self.end_word(blocks);
        if class == Class::Code && byte == b';' && self.at != At::Compound {
            self.at = At::Start;
        }
        told
    }

    /// The text is over: the verb that its last byte ends.
    pub fn end(&mut self, blocks: bool) -> Option<&'static str> {
        self.end_word(blocks)
    }

    fn end_word(&mut self, blocks: bool) -> Option<&'static str> {
        let len = std::mem::take(&mut self.len);
        if len == 0 {
            return None;
        }
        // A longer word than any looked for is none of them, whatever it begins with.
        let word = self.word.get(..len).unwrap_or_default();
        match self.at {
            At::Verb => {
                let verb = known(word).unwrap_or(OTHER);
                self.words = 0;
                self.at = match verb {
                    "BEGIN" => At::AfterBegin,
                    "CREATE" | "ALTER" | "REPLACE" => At::AfterCreate,
                    "DECLARE" if blocks => At::Compound,
                    _ => At::Rest,
                };
                Some(verb)
            }
            At::AfterBegin => {
                self.at = if TRANSACTION.contains(&word) { At::Rest } else { At::Compound };
                None
            }
            At::AfterCreate => {
                self.words = self.words.saturating_add(1);
                if ROUTINES.contains(&word) {
                    self.at = At::Compound;
                } else if self.words >= 12 {
                    self.at = At::Rest;
                }
                None
            }
            At::Start | At::Rest | At::Compound => None,
        }
    }
}
