//! What the protocols of SQL databases share: statements, their normal form, their verbs; the fields that tell of them; and the
//! streams of messages that carry them.
//!
//! A statement is kept once for each shape: its text with literals replaced by `?`, comments left out and white space made one space.
//! Where secrets are revealed its first wording is told instead. Verbs are counted for every statement.

pub mod feed;
pub mod lane;
pub mod lexer;
pub mod utf16;
pub mod verbs;

use crate::capped::{LONG_TEXT_CAP, List, Text};
use crate::dictionary::Field;
use crate::facts::{Value, Writer};

pub use lexer::Dialect;
use lexer::{Class, Lexer};
use verbs::{Verbs, Watch};

/// How many bytes of a statement are looked at for verbs and form.
pub const SCAN_BYTES: usize = 64 * 1024;
/// The most verbs told.
const VERB_ITEMS: usize = 24;

/// The account.
pub static USER: Field = Field::text("user", "account of the database", "the protocol's login");
/// Databases.
pub static DATABASE: Field =
    Field::text("database", "database or schema: the one logged in to, then those changed to", "the protocol's login")
        .list();
/// The client's host.
pub static CLIENT_HOST: Field =
    Field::text("client_host", "the client's host as it names itself", "the protocol's login");
/// The client program.
pub static APPLICATION: Field =
    Field::text("application", "the client program as it names itself", "the protocol's login");
/// The server's version.
pub static SERVER_VERSION: Field =
    Field::text("server_version", "version that the server tells", "the protocol's greeting or login answer");
/// Verbs.
pub static VERBS: Field = Field::text(
    "verbs",
    "first words of all statements with their number, `SELECT:12`; `OTHER` is none that is known",
    "the dialect's grammar",
)
.list()
.items(VERB_ITEMS);
/// Statements.
pub static STATEMENT: Field = Field::text(
    "statement",
    "statements, each form once: literals are `?` unless secrets are revealed, white space is one space",
    "the dialect's grammar",
)
.list()
.long();
/// Error messages.
pub static ERROR: Field = Field::text(
    "error",
    "message of each error; quoted data is `?` unless secrets are revealed",
    "the protocol's error message",
)
.aligned();
/// Whether the login went well.
pub static AUTHENTICATED: Field = Field::new(
    crate::dictionary::Kind::YesNo,
    "authenticated",
    "whether the server let the client in; absent where that was not seen",
    "the protocol's login answer",
);

/// One form of statement.
#[derive(Clone, Debug)]
struct Statement {
    /// Without literals.
    shape: Text,
    /// As it was first said.
    wording: Text,
}

/// A statement that is being said.
#[derive(Clone, Debug)]
struct Open {
    lexer: Lexer,
    watch: Watch,
    /// Its first bytes, white space made one: a line's end where there was one, since that ends some comments.
    text: Vec<u8>,
    space: Option<u8>,
    scanned: usize,
    omitted: u64,
}

/// The statements of one session.
#[derive(Clone, Debug, Default)]
pub struct Statements {
    dialect: Dialect,
    open: Option<Box<Open>>,
    kept: List<Statement>,
    /// Statements whose shape is kept with another wording.
    variants: u32,
    verbs: Verbs,
}

impl Statements {
    /// No statement yet.
    pub fn new(dialect: Dialect) -> Self {
        Self { dialect, ..Self::default() }
    }

    /// A statement begins.
    pub fn begin(&mut self) {
        self.open = Some(Box::new(Open {
            lexer: Lexer::new(self.dialect),
            watch: Watch::default(),
            text: Vec::new(),
            space: None,
            scanned: 0,
            omitted: 0,
        }));
    }

    /// The next bytes of the statement that began.
    pub fn text(&mut self, bytes: &[u8]) {
        let Some(open) = self.open.as_deref_mut() else {
            return;
        };
        let blocks = self.dialect != Dialect::TSql;
        for byte in bytes {
            if open.scanned >= SCAN_BYTES {
                open.omitted = open.omitted.saturating_add(1);
                continue;
            }
            open.scanned = open.scanned.saturating_add(1);
            let class = open.lexer.next(*byte);
            if let Some(verb) = open.watch.next(class, *byte, blocks) {
                self.verbs.count(verb);
            }
            open.keep(class, *byte);
        }
    }

    /// Whether more of the open statement is of use.
    pub fn wants_more(&self) -> bool {
        self.open.as_deref().is_some_and(|open| open.scanned < SCAN_BYTES)
    }

    /// So many bytes of the open statement will not be shown.
    pub fn pass(&mut self, bytes: u64) {
        if let Some(open) = self.open.as_deref_mut() {
            open.omitted = open.omitted.saturating_add(bytes);
        }
    }

    /// The statement is whole.
    pub fn finish(&mut self) {
        let Some(mut open) = self.open.take() else {
            return;
        };
        if let Some(verb) = open.watch.end(self.dialect != Dialect::TSql) {
            self.verbs.count(verb);
        }
        if open.text.is_empty() {
            return;
        }
        let omitted = u32::try_from(open.omitted).unwrap_or(u32::MAX);
        let shape = Text::long(&normal(self.dialect, &open.text, true)).and_omitted(omitted);
        let same = |known: &Statement| known.shape.bytes() == shape.bytes();
        let wording = Text::long(&normal(self.dialect, &open.text, false)).and_omitted(omitted);
        match self.kept.items().iter().find(|known| same(known)) {
            Some(known) if known.wording == wording => {}
            Some(_) => self.variants = self.variants.saturating_add(1),
            None => {
                self.kept.push(Statement { shape, wording });
            }
        }
    }

    /// The rest of the open statement is not to be had.
    pub fn abandon(&mut self) {
        self.open = None;
    }

    /// A whole statement.
    pub fn whole(&mut self, bytes: &[u8]) {
        self.begin();
        self.text(bytes);
        self.finish();
    }

    /// Counts what is done without a statement.
    pub fn count(&mut self, verb: &'static str) {
        self.verbs.count(verb);
    }

    /// Writes [`VERBS`] and [`STATEMENT`].
    pub fn facts(&self, out: &mut Writer<'_>, reveal: bool) {
        let verbs = self.verbs.texts();
        let omitted = verbs.len().saturating_sub(VERB_ITEMS);
        out.list(&VERBS, verbs.iter().take(VERB_ITEMS), u32::try_from(omitted).unwrap_or(u32::MAX));
        fn shape(kept: &Statement) -> &Text {
            &kept.shape
        }
        fn wording(kept: &Statement) -> &Text {
            &kept.wording
        }
        let text = if reveal { wording } else { shape };
        let variants = if reveal { self.variants } else { 0 };
        let omitted = self.kept.omitted().saturating_add(variants);
        let cut = self.kept.items().iter().map(|kept| text(kept).omitted()).fold(omitted, u32::saturating_add);
        out.list(&STATEMENT, self.kept.items().iter().map(text), cut);
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        let open = self.open.as_deref().map_or(0, |open| size_of::<Open>() + open.text.capacity());
        let kept = |statement: &Statement| {
            size_of::<Statement>() + statement.shape.heap_bytes() + statement.wording.heap_bytes()
        };
        open + self.kept.items().iter().map(kept).sum::<usize>() + self.verbs.heap_bytes()
    }
}

impl Open {
    fn keep(&mut self, class: Class, byte: u8) {
        if class == Class::Space {
            if !self.text.is_empty() {
                let line_end = byte == b'\n' || self.space == Some(b'\n');
                self.space = Some(if line_end { b'\n' } else { b' ' });
            }
            return;
        }
        for byte in self.space.take().into_iter().chain([byte]) {
            if self.text.len() < LONG_TEXT_CAP {
                self.text.push(byte);
            } else {
                self.omitted = self.omitted.saturating_add(1);
            }
        }
    }
}

/// A statement with white space made one space; without literals and comments where `redact` says so.
pub fn normal(dialect: Dialect, text: &[u8], redact: bool) -> Vec<u8> {
    if !redact && is_normal(text) {
        debug_assert_eq!(written_anew(dialect, text, false), text);
        return text.to_vec();
    }
    written_anew(dialect, text, redact)
}

fn written_anew(dialect: Dialect, text: &[u8], redact: bool) -> Vec<u8> {
    let mut lexer = Lexer::new(dialect);
    let mut out: Vec<u8> = Vec::with_capacity(text.len());
    let (mut space, mut after_literal) = (false, false);
    for byte in text {
        let class = lexer.next(*byte);
        match class {
            Class::Space => {
                space = true;
                after_literal = false;
                continue;
            }
            Class::Literal { begins } if redact => {
                if let Some(before) = begins {
                    out.truncate(out.len().saturating_sub(before));
                    // A doubled quote is one literal's.
                    if space || !after_literal {
                        part(&mut out, &mut space);
                        drop_prefix(&mut out);
                        out.push(b'?');
                    }
                }
                after_literal = true;
                continue;
            }
            Class::Comment { begins } if redact => {
                if let Some(before) = begins {
                    out.truncate(out.len().saturating_sub(before));
                    while out.last() == Some(&b' ') {
                        out.pop();
                    }
                }
                space = true;
                continue;
            }
            _ => {}
        }
        after_literal = false;
        part(&mut out, &mut space);
        out.push(*byte);
    }
    out
}

/// Whether no white space could be made less, wherever literals and comments begin.
fn is_normal(text: &[u8]) -> bool {
    let mut before = b' ';
    let fits = |byte: &u8| {
        let before = std::mem::replace(&mut before, *byte);
        *byte > b' ' || (*byte == b' ' && before != b' ')
    };
    text.iter().all(fits) && !text.ends_with(b" ")
}

fn part(out: &mut Vec<u8>, space: &mut bool) {
    if std::mem::take(space) && !out.is_empty() {
        out.push(b' ');
    }
}

/// Leaves out the letter that says of which kind a string is: `N'..'`, `E'..'`, `X'..'`.
fn drop_prefix(out: &mut Vec<u8>) {
    if let [.., before, b'N' | b'n' | b'E' | b'e' | b'X' | b'x' | b'B' | b'b' | b'Q' | b'q'] = out.as_slice()
        && !lexer::is_word(*before)
    {
        out.pop();
    }
}

/// An error's message with `?` for what lies between its first and its last quotation mark or parenthesis. What is quoted may hold
/// quotation marks, so that nothing between can be told from data.
pub fn unquoted(message: &[u8]) -> Vec<u8> {
    let mark = |byte: &u8| matches!(byte, b'\'' | b'"' | b'`' | b'(' | b')');
    let (Some(first), Some(last)) = (message.iter().position(mark), message.iter().rposition(mark)) else {
        return message.to_vec();
    };
    let before = message.get(..=first).unwrap_or_default();
    // Where the message was cut, there may be no other one.
    let after = if first < last { message.get(last..).unwrap_or_default() } else { b"" };
    [before, b"?", after].concat()
}

/// The errors of one session: a code, an SQLSTATE where there is one, a message, and whether it quotes data.
#[derive(Clone, Debug, Default)]
pub struct Errors {
    list: List<Error>,
}

/// One error.
#[derive(Clone, Debug, Default)]
pub struct Error {
    /// The server's own number.
    pub code: Option<u64>,
    /// SQLSTATE (ISO 9075-2 23).
    pub state: Text,
    /// The message.
    pub message: Text,
    /// What it quotes are names, not data.
    pub names_only: bool,
}

impl Errors {
    /// Keeps an error.
    pub fn push(&mut self, error: impl FnOnce() -> Error) {
        self.list.push_with(error);
    }

    /// Whether there was none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Writes [`ERROR`], aligned with codes and states where a protocol has fields for them.
    pub fn facts(
        &self,
        out: &mut Writer<'_>,
        reveal: bool,
        codes: Option<&'static Field>,
        states: Option<&'static Field>,
    ) {
        let (items, omitted) = (self.list.items(), self.list.omitted());
        // A column that is empty throughout is an absent fact.
        if let Some(field) = codes.filter(|_| items.iter().any(|error| error.code.is_some())) {
            let codes = items.iter().map(|error| error.code.map_or(Value::Bytes(&[]), Value::Number));
            out.list(field, codes, omitted);
        }
        if let Some(field) = states.filter(|_| items.iter().any(|error| !error.state.is_empty())) {
            out.list(field, items.iter().map(|error| &error.state), omitted);
        }
        for error in items {
            if reveal || error.names_only {
                out.value(&ERROR, Value::Bytes(error.message.bytes()));
            } else {
                out.value(&ERROR, Value::Bytes(&unquoted(error.message.bytes())));
            }
        }
        let cut = items.iter().map(|error| error.message.omitted()).fold(omitted, u32::saturating_add);
        out.omitted(&ERROR, cut);
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        let one = |error: &Error| size_of::<Error>() + error.state.heap_bytes() + error.message.heap_bytes();
        self.list.items().iter().map(one).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(dialect: Dialect, text: &str) -> String {
        String::from_utf8(normal(dialect, text.as_bytes(), true)).unwrap()
    }

    #[test]
    fn literals_go_and_names_stay() {
        for (dialect, text, told) in [
            (
                Dialect::Plain,
                "select * from t1 where a='x''y' and b = 1.5e-3 and c=:1",
                "select * from t1 where a=? and b = ? and c=:1",
            ),
            (
                Dialect::MySql,
                r#"insert into `a'b` values ("x\"y", 'it\'s', 0x1F, -1)"#,
                "insert into `a'b` values (?, ?, ?, -?)",
            ),
            (Dialect::MySql, "/*!40101 SET NAMES utf8 */", "SET NAMES utf8"),
            (Dialect::MySql, "select 1--1 -- '\nfrom t # don't\n where `x`=2", "select ?--? from t where `x`=?"),
            (
                Dialect::Postgres,
                "select E'a\\'b', $1, $$it's$$, $q$ $$ $q$ from \"T'1\"",
                "select ?, $1, ?, ? from \"T'1\"",
            ),
            (Dialect::Postgres, "select 'a\\', 'b' /* x /* 'y */ */ -- '", "select ?, ?"),
            (
                Dialect::TSql,
                "select [a'b], N'x' from #t where @p1=5/**/and 1",
                "select [a'b], ? from #t where @p1=? and ?",
            ),
            (Dialect::Oracle, "select q'[it's]', nq'{x'}', '\\' from dual", "select ?, nq?, ? from dual"),
            (Dialect::Plain, "select .5, a.b, t.1", "select ?, a.b, t.?"),
            (Dialect::Plain, "select 'never ends", "select ?"),
            (Dialect::Plain, "select /**/ 1 /***/ + /*/*/ 2", "select ? + ?"),
        ] {
            assert_eq!(shape(dialect, text), told, "{text}");
        }
    }

    #[test]
    fn a_wording_keeps_everything_but_white_space() {
        let text = b"  select\n\t'a  b' -- c  d\n from t  ";
        let mut statements = Statements::new(Dialect::Plain);
        statements.whole(text);
        let kept = &statements.kept.items()[0];
        assert_eq!(kept.wording.bytes(), b"select 'a  b' -- c  d from t");
        assert_eq!(kept.shape.bytes(), b"select ? from t");
    }

    #[test]
    fn pieces_tell_the_same_as_the_whole() {
        let text = b"BEGIN; SELECT $tag$ ; DROP $tag$; -- ; DROP\nINSERT INTO t VALUES ('a;b', E'\\';'); COMMIT";
        let mut whole = Statements::new(Dialect::Postgres);
        whole.whole(text);
        let mut pieces = Statements::new(Dialect::Postgres);
        pieces.begin();
        text.iter().for_each(|byte| pieces.text(&[*byte]));
        pieces.finish();
        assert_eq!(whole.kept.items()[0].shape, pieces.kept.items()[0].shape);
        assert_eq!(whole.verbs.texts(), pieces.verbs.texts());
        assert_eq!(whole.verbs.texts(), ["BEGIN:1", "SELECT:1", "INSERT:1", "COMMIT:1"].map(Text::from));
    }

    #[test]
    fn statements_of_a_block_are_not_the_sessions() {
        let mut oracle = Statements::new(Dialect::Oracle);
        oracle.whole(b"BEGIN x := 1; DELETE FROM t; END;");
        oracle.whole(b"create or replace procedure p as begin delete from t; end;");
        oracle.whole(b"(select 1 from dual)");
        oracle.whole(b"frobnicate");
        assert_eq!(oracle.verbs.texts(), ["BEGIN:1", "CREATE:1", "SELECT:1", "OTHER:1"].map(Text::from));
    }

    #[test]
    fn a_form_is_kept_once_and_other_wordings_are_counted() {
        let mut statements = Statements::new(Dialect::Plain);
        for id in 0..20 {
            statements.whole(format!("select {id}").as_bytes());
        }
        statements.whole(b"select 0");
        assert_eq!((statements.kept.items().len(), statements.variants), (1, 19));
    }

    #[test]
    fn a_long_statement_is_cut_and_told_so() {
        let mut statements = Statements::new(Dialect::Plain);
        statements.whole(&[&b"select '"[..], &[b'x'; 100_000]].concat());
        let kept = &statements.kept.items()[0];
        assert_eq!((kept.wording.bytes().len(), kept.wording.omitted()), (1024, 100_008 - 1024));
        assert_eq!(kept.shape.bytes(), b"select ?");
    }

    #[test]
    fn what_a_message_quotes_goes() {
        for (message, told) in [
            ("Duplicate entry 'O'Brien' for key 'k'!", "Duplicate entry '?'!"),
            ("near 'select 'x", "near '?'x"),
            ("near 'x", "near '?"),
            ("division by zero", "division by zero"),
        ] {
            assert_eq!(unquoted(message.as_bytes()), told.as_bytes());
        }
    }
}
