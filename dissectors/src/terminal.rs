//! What a person types at a login prompt, for protocols that carry a terminal in clear (Telnet, rlogin).
//!
//! The server's last unfinished line is the prompt; what the client sends up to the end of its line is the answer. The prompt counts as it
//! stands when the first character of the answer passes: an echo behind it changes nothing, nor does how the bytes were cut. Of
//! an answer to a prompt for a password only its being there is kept, and of any other answer nothing.

use crate::capped::{List, Text};

/// The part of a line that is looked at.
const LINE_BYTES: usize = 128;

/// What a prompt asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Name,
    Password,
    Other,
}

/// Follows prompts and answers.
#[derive(Debug, Default)]
pub struct Logins {
    /// The server's unfinished line.
    prompt: Vec<u8>,
    /// The server has said something since the last answer began.
    fresh: bool,
    answering: Option<Asked>,
    answer: Vec<u8>,
    /// The client's last byte was a CR that ended its line.
    after_cr: bool,
    names: List<Text>,
    last: Text,
    password: bool,
    /// A password was typed, and what the server makes of it is not known yet.
    tried: bool,
    failures: u64,
}

impl Logins {
    /// Nothing asked yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A character from the server.
    pub fn server(&mut self, byte: u8) {
        match byte {
            b'\r' | b'\n' => {
                if self.tried && is_refusal(&self.prompt) {
                    self.tried = false;
                    self.failures = self.failures.saturating_add(1);
                }
                self.prompt.clear();
            }
            0 | 7 => {}
            _ => {
                self.fresh = true;
                if self.prompt.len() < LINE_BYTES {
                    self.prompt.push(byte);
                }
            }
        }
    }

    /// A character from the client.
    pub fn client(&mut self, byte: u8) {
        if std::mem::take(&mut self.after_cr) && matches!(byte, b'\n' | 0) {
            return;
        }
        let asked = *self.answering.get_or_insert_with(|| {
            self.answer.clear();
            if std::mem::take(&mut self.fresh) { asked(&self.prompt) } else { Asked::Other }
        });
        match byte {
            b'\r' | b'\n' => {
                self.after_cr = byte == b'\r';
                self.answering = None;
                let answer = self.answer.trim_ascii();
                match asked {
                    Asked::Name if !answer.is_empty() => {
                        self.last = Text::new(answer);
                        self.names.push_distinct(self.last.clone());
                    }
                    Asked::Password if !answer.is_empty() => (self.password, self.tried) = (true, true),
                    _ => {}
                }
                // A password is not kept a moment longer than it takes to see that there is one.
                self.answer.clear();
            }
            8 | 0x7f => {
                self.answer.pop();
            }
            // Ctrl-U takes the line back.
            0x15 => self.answer.clear(),
            _ if asked == Asked::Name && self.answer.len() < LINE_BYTES => self.answer.push(byte),
            _ if asked == Asked::Password && self.answer.is_empty() => self.answer.push(b'*'),
            _ => {}
        }
    }

    /// The names that were typed, in the order of their first use.
    pub fn names(&self) -> &List<Text> {
        &self.names
    }

    /// The last of them: who came in, if anybody did.
    pub fn last_name(&self) -> Option<&Text> {
        (!self.last.is_empty()).then_some(&self.last)
    }

    /// Whether a password was typed.
    pub fn password(&self) -> bool {
        self.password
    }

    /// How often the server refused.
    pub fn failures(&self) -> u64 {
        self.failures
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        let names = self.names.items().iter().map(|name| size_of::<Text>() + name.heap_bytes()).sum::<usize>();
        names + self.last.heap_bytes() + self.prompt.capacity() + self.answer.capacity()
    }
}

/// What a line asks for, in the words that systems and devices use.
fn asked(prompt: &[u8]) -> Asked {
    const NAME: [&[u8]; 6] = [b"login", b"username", b"user name", b"user", b"user id", b"account"];
    const PASSWORD: [&[u8]; 4] = [b"password", b"passwd", b"passcode", b"pass"];
    let prompt = prompt.trim_ascii();
    let Some(words) = prompt.strip_suffix(b":") else {
        return Asked::Other;
    };
    let words = words.trim_ascii_end().to_ascii_lowercase();
    let ends = |with: &[&[u8]]| with.iter().any(|word| words.ends_with(word));
    if ends(&PASSWORD) || words.windows(13).any(|part| part == b"password for ") {
        Asked::Password
    } else if ends(&NAME) {
        Asked::Name
    } else {
        Asked::Other
    }
}

/// Whether a line says that a login failed.
fn is_refusal(line: &[u8]) -> bool {
    const WORDS: [&[u8]; 7] = [
        b"login incorrect",
        b"login failed",
        b"login invalid",
        b"authentication failed",
        b"access denied",
        b"bad password",
        b"permission denied",
    ];
    let line = line.to_ascii_lowercase();
    WORDS.iter().any(|words| memchr::memmem::find(&line, words).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn played(turns: &[(bool, &[u8])]) -> Logins {
        let mut logins = Logins::new();
        for (server, bytes) in turns {
            for byte in *bytes {
                if *server { logins.server(*byte) } else { logins.client(*byte) }
            }
        }
        logins
    }

    #[test]
    fn a_name_is_read_through_its_echo_and_its_corrections() {
        let logins = played(&[
            (true, b"\r\nhost login: "),
            (false, b"a"),
            (true, b"a"),
            (false, b"k\x7flice"),
            (true, b"k\x08 \x08lice"),
            (false, b"\r\0"),
            (true, b"\r\nPassword: "),
            (false, b"secret\r\0"),
            (true, b"\r\nLogin incorrect\r\nhost login: "),
        ]);
        assert_eq!(logins.names().items(), [Text::from("alice")]);
        assert!(logins.password() && logins.failures() == 1);
    }

    #[test]
    fn what_was_not_asked_for_is_not_kept() {
        let logins = played(&[(true, b"login: "), (false, b"alice\r\nsecret\r\n"), (true, b"$ "), (false, b"ls\r\n")]);
        assert_eq!(logins.names().items(), [Text::from("alice")]);
        assert!(!logins.password());
        // `Last login:` has more behind it when somebody types.
        let logins = played(&[(true, b"Last login: Mon Jan  1\r\n$ "), (false, b"ls\r\n")]);
        assert!(logins.names().is_empty());
    }

    #[test]
    fn a_password_never_stays() {
        let mut logins = played(&[(true, b"Password: "), (false, b"hunter2")]);
        assert_eq!(logins.answer, b"*");
        logins.client(b'\r');
        assert!(logins.password() && logins.answer.is_empty());
    }
}
