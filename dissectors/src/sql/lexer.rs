//! Tells apart, byte by byte, what is code, literal and comment in a text of SQL, by the rules of each dialect.
//!
//! It never looks ahead, so that a statement may come in pieces. What begins a comment or a dollar quote is only known at its last
//! byte; [`Class::Comment`] and [`Class::Literal`] then say how many of the bytes before it, told as code, were part of it.
//!
//! ```text
//!              strings                             names      comments
//! MySql        '..' ".." with backslashes          `..`       --space  #  /*..*/   (/*!..*/ is code)
//! Postgres     '..' E'..' with backslashes $t$..$t$  ".."     --  /*..*/ nested
//! TSql         '..'                                ".." [..]  --  /*..*/ nested
//! Oracle       '..' q'[..]'                        ".."       --  /*..*/
//! Plain        '..'                                ".."       --  /*..*/
//! ```
//!
//! A doubled quote inside a string ends it and begins another at once, which comes to the same. Numbers are literals; digits in names
//! and placeholders (`t1`, `$1`, `:1`, `@p1`) are not.

/// Whose SQL it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    /// MySQL and MariaDB.
    MySql,
    /// PostgreSQL and its kin.
    Postgres,
    /// Microsoft SQL Server and Sybase.
    TSql,
    /// Oracle.
    Oracle,
    /// The standard's (DB2, Derby).
    #[default]
    Plain,
}

/// What a byte is part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Keywords, names, operators; quoted names with their quotes.
    Code,
    /// White space between words.
    Space,
    /// A string or a number.
    Literal {
        /// Present at its first byte: so many bytes before it, told as code, belong to it.
        begins: Option<usize>,
    },
    /// A comment.
    Comment {
        /// Present where it becomes known: so many bytes before it, told as code, belong to it.
        begins: Option<usize>,
    },
}

impl Class {
    const LITERAL: Self = Self::Literal { begins: None };
    const COMMENT: Self = Self::Comment { begins: None };
}

/// The longest tag of a dollar quote that is followed; PostgreSQL's names have 63 bytes.
const TAG_BYTES: usize = 63;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Code,
    /// A quoted name, to this byte.
    Name(u8),
    /// A string to this quote; whether backslashes escape; whether the next byte is escaped.
    Quoted {
        quote: u8,
        escapes: bool,
        escaped: bool,
    },
    /// Oracle's `q'`, before its delimiter.
    Delimiter,
    /// Oracle's `q'[`, to this byte and a quote; whether that byte was the last.
    Delimited {
        close: u8,
        closing: bool,
    },
    Number,
    Line,
    /// A block comment: how deep, where comments nest, and its byte before, 0 at its beginning.
    Block {
        depth: u32,
        before: u8,
    },
    /// MySQL's `/*!`: its version number.
    Version,
    /// A dollar and what may be a tag.
    Tag,
    /// A dollar quote: so many bytes of the closing tag were seen.
    Dollar {
        matched: Option<usize>,
    },
}

/// The state between two bytes.
#[derive(Clone, Debug)]
pub struct Lexer {
    dialect: Dialect,
    state: State,
    /// The two bytes of code before.
    before: [u8; 2],
    /// The last string: its quote and whether backslashes escaped there, for a doubled quote.
    closed: Option<(u8, bool)>,
    /// Inside MySQL's `/*!`.
    conditional: bool,
    tag: [u8; TAG_BYTES],
    tag_len: usize,
}

impl Lexer {
    /// Before a statement's first byte.
    pub fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            state: State::Code,
            before: [b' '; 2],
            closed: None,
            conditional: false,
            tag: [0; TAG_BYTES],
            tag_len: 0,
        }
    }

    /// What the next byte is.
    #[inline]
    pub fn next(&mut self, byte: u8) -> Class {
        // Most bytes are letters of words, which begin and end nothing.
        if matches!(self.state, State::Code) && byte.is_ascii_alphabetic() {
            self.closed = None;
            self.remember(byte);
            return Class::Code;
        }
        self.in_state(byte)
    }

    fn in_state(&mut self, byte: u8) -> Class {
        match self.state {
            State::Code => self.code(byte),
            State::Name(close) => {
                if byte == close {
                    self.back_to_code(byte);
                }
                Class::Code
            }
            State::Quoted { quote, escapes, escaped } => {
                if escaped {
                    self.state = State::Quoted { quote, escapes, escaped: false };
                } else if escapes && byte == b'\\' {
                    self.state = State::Quoted { quote, escapes, escaped: true };
                } else if byte == quote {
                    self.back_to_code(quote);
                    self.closed = Some((quote, escapes));
                }
                Class::LITERAL
            }
            State::Delimiter => {
                let close = match byte {
                    b'[' => b']',
                    b'{' => b'}',
                    b'(' => b')',
                    b'<' => b'>',
                    other => other,
                };
                self.state = State::Delimited { close, closing: false };
                Class::LITERAL
            }
            State::Delimited { close, closing } => {
                if closing && byte == b'\'' {
                    self.back_to_code(byte);
                } else {
                    self.state = State::Delimited { close, closing: byte == close };
                }
                Class::LITERAL
            }
            State::Number => match byte {
                b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'.' | b'_' => {
                    self.remember(byte);
                    Class::LITERAL
                }
                b'+' | b'-' if matches!(self.before, [b'0'..=b'9' | b'.', b'e' | b'E']) => {
                    self.remember(byte);
                    Class::LITERAL
                }
                _ => {
                    self.state = State::Code;
                    self.code(byte)
                }
            },
            State::Line => {
                if byte == b'\n' {
                    self.back_to_code(b' ');
                    return Class::Space;
                }
                Class::COMMENT
            }
            State::Block { depth, before } => self.block(depth, before, byte),
            State::Version => {
                if byte.is_ascii_digit() {
                    return Class::COMMENT;
                }
                self.back_to_code(b' ');
                self.code(byte)
            }
            State::Tag => self.tag(byte),
            State::Dollar { matched } => self.dollar(matched, byte),
        }
    }

    fn code(&mut self, byte: u8) -> Class {
        let [second, first] = self.before;
        let closed = self.closed.take();
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' | 0x0b | 0x0c | 0 => {
                if self.dialect == Dialect::MySql && self.before == *b"--" && byte != 0 {
                    if byte == b'\n' {
                        self.back_to_code(b' ');
                    } else {
                        self.state = State::Line;
                    }
                    return Class::Comment { begins: Some(2) };
                }
                self.remember(b' ');
                Class::Space
            }
            b'\'' => {
                let (prefix, after_name) = (first.to_ascii_lowercase(), is_word(second));
                if self.dialect == Dialect::Oracle
                    && prefix == b'q'
                    && (!after_name || second.eq_ignore_ascii_case(&b'n'))
                {
                    self.state = State::Delimiter;
                } else {
                    let escapes = self.dialect == Dialect::MySql
                        || (self.dialect == Dialect::Postgres && prefix == b'e' && !after_name);
                    let escapes = match closed {
                        Some((b'\'', escaped)) => escaped,
                        _ => escapes,
                    };
                    self.state = State::Quoted { quote: byte, escapes, escaped: false };
                }
                Class::Literal { begins: Some(0) }
            }
            b'"' if self.dialect == Dialect::MySql => {
                self.state = State::Quoted { quote: byte, escapes: true, escaped: false };
                Class::Literal { begins: Some(0) }
            }
            b'"' => self.name(b'"'),
            b'`' if self.dialect == Dialect::MySql => self.name(b'`'),
            b'[' if self.dialect == Dialect::TSql => self.name(b']'),
            b'-' if first == b'-' && self.dialect != Dialect::MySql => {
                self.state = State::Line;
                Class::Comment { begins: Some(1) }
            }
            b'#' if self.dialect == Dialect::MySql => {
                self.state = State::Line;
                Class::Comment { begins: Some(0) }
            }
            b'*' if first == b'/' => {
                self.state = State::Block { depth: 1, before: 0 };
                Class::Comment { begins: Some(1) }
            }
            b'/' if first == b'*' && self.conditional => {
                self.conditional = false;
                self.remember(b' ');
                Class::Comment { begins: Some(1) }
            }
            b'$' if self.dialect == Dialect::Postgres && !is_word(first) => {
                self.tag_len = 0;
                self.state = State::Tag;
                self.remember(byte);
                Class::Code
            }
            b'0'..=b'9' if !is_word(first) && !matches!(first, b':' | b'?' | b'"' | b'`' | b']') => {
                self.state = State::Number;
                self.remember(byte);
                Class::Literal { begins: Some(usize::from(first == b'.' && !is_word(second))) }
            }
            _ => {
                self.remember(byte);
                Class::Code
            }
        }
    }

    fn name(&mut self, close: u8) -> Class {
        self.state = State::Name(close);
        Class::Code
    }

    fn block(&mut self, depth: u32, before: u8, byte: u8) -> Class {
        let nests = matches!(self.dialect, Dialect::Postgres | Dialect::TSql);
        let (depth, before) = match (before, byte) {
            (0, b'!') if self.dialect == Dialect::MySql => {
                self.conditional = true;
                self.state = State::Version;
                return Class::COMMENT;
            }
            (b'*', b'/') if depth == 1 || !nests => {
                self.back_to_code(b' ');
                return Class::COMMENT;
            }
            (b'*', b'/') => (depth.saturating_sub(1), b' '),
            (b'/', b'*') if nests => (depth.saturating_add(1), b' '),
            (_, 0) => (depth, b' '),
            _ => (depth, byte),
        };
        self.state = State::Block { depth, before };
        Class::COMMENT
    }

    fn tag(&mut self, byte: u8) -> Class {
        if byte == b'$' {
            let begins = Some(self.tag_len.saturating_add(1));
            self.state = State::Dollar { matched: None };
            return Class::Literal { begins };
        }
        let fits = is_word(byte) && byte != b'@' && (self.tag_len > 0 || !byte.is_ascii_digit());
        match self.tag.get_mut(self.tag_len) {
            Some(place) if fits => {
                *place = byte;
                self.tag_len = self.tag_len.saturating_add(1);
                self.remember(byte);
                Class::Code
            }
            _ => {
                self.state = State::Code;
                self.code(byte)
            }
        }
    }

    fn dollar(&mut self, matched: Option<usize>, byte: u8) -> Class {
        let tag = self.tag.get(..self.tag_len).unwrap_or_default();
        let matched = match matched {
            Some(at) if at == tag.len() && byte == b'$' => {
                self.back_to_code(b'$');
                return Class::LITERAL;
            }
            Some(at) if tag.get(at) == Some(&byte) => Some(at.saturating_add(1)),
            _ if byte == b'$' => Some(0),
            _ => None,
        };
        self.state = State::Dollar { matched };
        Class::LITERAL
    }

    fn back_to_code(&mut self, byte: u8) {
        self.state = State::Code;
        self.remember(byte);
    }

    fn remember(&mut self, byte: u8) {
        let [_, first] = self.before;
        self.before = [first, byte];
    }
}

/// Whether a byte can be part of a name or a variable.
pub fn is_word(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'$' | b'@' | b'#' | 0x80..)
}
