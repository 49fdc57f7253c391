//! What single commands tell.

use crate::capped::{List, Text};

/// How many arguments of a command are kept, its name among them.
pub const ARGUMENTS: usize = 8;
/// What is kept of an argument.
const ARGUMENT_BYTES: usize = 128;

/// A command in progress.
#[derive(Debug, Default)]
pub struct Command {
    /// Arguments that are still to come.
    pub parts_left: u64,
    /// The first ones.
    pub arguments: Vec<Text>,
}

impl Command {
    /// A command of so many parts, none of which was seen yet.
    pub fn of(parts: u64) -> Self {
        Self { parts_left: parts, arguments: Vec::new() }
    }

    /// A command in one line.
    pub fn inline(line: &[u8]) -> Self {
        let words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
        let unquoted = words.map(|word| word.strip_prefix(b"\"").and_then(|w| w.strip_suffix(b"\"")).unwrap_or(word));
        Self { parts_left: 0, arguments: unquoted.take(ARGUMENTS).map(keep).collect() }
    }

    /// Takes the next part.
    pub fn take(&mut self, part: &[u8]) {
        self.parts_left = self.parts_left.saturating_sub(1);
        if self.arguments.len() < ARGUMENTS {
            self.arguments.push(keep(part));
        }
    }

    /// The command's name.
    pub fn name(&self) -> &[u8] {
        self.at(0)
    }

    /// An argument; empty where there is none.
    fn at(&self, at: usize) -> &[u8] {
        self.arguments.get(at).map(Text::bytes).unwrap_or_default()
    }

    /// Whether an argument is a word, in any case.
    fn says(&self, at: usize, word: &str) -> bool {
        self.at(at).eq_ignore_ascii_case(word.as_bytes())
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        self.arguments.iter().map(|text| size_of::<Text>() + text.heap_bytes()).sum()
    }
}

fn keep(part: &[u8]) -> Text {
    Text::with_cap(part, ARGUMENT_BYTES)
}

/// What all commands together tell.
#[derive(Debug, Default)]
pub struct Outcome {
    /// The account.
    pub user: Option<Text>,
    /// A password was sent.
    pub password: bool,
    /// Which command asked for a login.
    pub login_at: Option<u64>,
    /// Which command was HELLO.
    pub hello_at: Option<u64>,
    /// Databases.
    pub databases: List<Text>,
    /// Keys.
    pub keys: List<Text>,
    /// Channels.
    pub channels: List<Text>,
    /// Commands that change the server.
    pub admin: List<Text>,
    /// The client's name for itself.
    pub client_name: Option<Text>,
    /// Its library.
    pub library: List<Text>,
    /// What follows is a copy of the data.
    pub replica: bool,
}

impl Outcome {
    /// Takes a whole command, the `at`-th of the session.
    pub fn take(&mut self, command: &Command, at: u64) {
        let name = command.name().to_ascii_uppercase();
        match name.as_slice() {
            b"AUTH" => {
                let named = command.arguments.get(2).and(command.arguments.get(1));
                self.login(named, at);
            }
            b"HELLO" => {
                self.hello_at = Some(at);
                for option in 2..command.arguments.len() {
                    if command.says(option, "AUTH") {
                        self.login(command.arguments.get(option.saturating_add(1)), at);
                    }
                    if command.says(option, "SETNAME") {
                        self.name(command.arguments.get(option.saturating_add(1)));
                    }
                }
            }
            b"SELECT" => {
                push(&mut self.databases, command.arguments.get(1));
            }
            b"CLIENT" if command.says(1, "SETNAME") => self.name(command.arguments.get(2)),
            b"CLIENT" if command.says(1, "SETINFO") => push(&mut self.library, command.arguments.get(3)),
            b"SUBSCRIBE" | b"PSUBSCRIBE" | b"SSUBSCRIBE" | b"UNSUBSCRIBE" | b"PUNSUBSCRIBE" => {
                for channel in command.arguments.iter().skip(1) {
                    push(&mut self.channels, Some(channel));
                }
            }
            b"PUBLISH" | b"SPUBLISH" => push(&mut self.channels, command.arguments.get(1)),
            b"PSYNC" | b"SYNC" => self.replica = true,
            name if changes_server(name) => {
                let told = whole(command);
                if self.admin.items().iter().all(|known| *known != told) {
                    self.admin.push(told);
                }
            }
            name if !has_no_key(name) => push(&mut self.keys, command.arguments.get(1)),
            _ => {}
        }
    }

    fn login(&mut self, user: Option<&Text>, at: u64) {
        self.password = true;
        self.login_at = Some(at);
        if self.user.is_none() {
            self.user = user.cloned();
        }
    }

    fn name(&mut self, name: Option<&Text>) {
        if self.client_name.is_none() {
            self.client_name = name.cloned();
        }
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        let lists = [&self.databases, &self.keys, &self.channels, &self.admin, &self.library];
        lists.iter().flat_map(|list| list.items()).map(|text| size_of::<Text>() + text.heap_bytes()).sum()
    }
}

fn push(list: &mut List<Text>, text: Option<&Text>) {
    if let Some(text) = text.filter(|text| !text.is_empty()) {
        list.push_distinct(text.clone());
    }
}

/// Commands by which a server is taken over, emptied or joined to another.
fn changes_server(name: &[u8]) -> bool {
    const NAMES: [&[u8]; 16] = [
        b"ACL",
        b"BGREWRITEAOF",
        b"BGSAVE",
        b"CLUSTER",
        b"CONFIG",
        b"DEBUG",
        b"FAILOVER",
        b"FLUSHALL",
        b"FLUSHDB",
        b"MIGRATE",
        b"MODULE",
        b"REPLICAOF",
        b"SAVE",
        b"SHUTDOWN",
        b"SLAVEOF",
        b"SWAPDB",
    ];
    NAMES.binary_search(&name).is_ok()
}

/// Commands whose first argument is no key.
fn has_no_key(name: &[u8]) -> bool {
    const NAMES: [&[u8]; 33] = [
        b"ASKING",
        b"CLIENT",
        b"COMMAND",
        b"DBSIZE",
        b"DISCARD",
        b"ECHO",
        b"EVAL",
        b"EVALSHA",
        b"EVALSHA_RO",
        b"EVAL_RO",
        b"EXEC",
        b"FCALL",
        b"FCALL_RO",
        b"FUNCTION",
        b"INFO",
        b"KEYS",
        b"LATENCY",
        b"MEMORY",
        b"MONITOR",
        b"MULTI",
        b"OBJECT",
        b"PING",
        b"PUBSUB",
        b"QUIT",
        b"RANDOMKEY",
        b"REPLCONF",
        b"RESET",
        b"ROLE",
        b"SCAN",
        b"SCRIPT",
        b"SLOWLOG",
        b"UNWATCH",
        b"WAIT",
    ];
    NAMES.binary_search(&name).is_ok()
}

/// A command with its arguments; what may be a password is a `*`.
fn whole(command: &Command) -> Text {
    let mut told = Vec::new();
    let mut secret = false;
    for (at, argument) in command.arguments.iter().enumerate() {
        if at > 0 {
            told.push(b' ');
        }
        // In ACL SETUSER `>` and `<` begin a password, `#` and `!` its hash.
        let rule = command.says(0, "ACL") && matches!(argument.bytes().first(), Some(b'>' | b'<' | b'#' | b'!'));
        told.extend_from_slice(if secret || rule { b"*" } else { argument.bytes() });
        let after = argument.bytes().to_ascii_lowercase();
        secret = matches!(after.as_slice(), b"requirepass" | b"masterauth" | b"auth" | b"auth2" | b"tls-key-file-pass")
            || (secret && after != b"auth" && command.says(0, "MIGRATE"));
    }
    Text::new(&told)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_in_order() {
        assert!(changes_server(b"ACL") && changes_server(b"SWAPDB") && changes_server(b"FLUSHALL"));
        assert!(has_no_key(b"ASKING") && has_no_key(b"WAIT") && has_no_key(b"EVAL_RO") && has_no_key(b"FCALL"));
        assert!(!has_no_key(b"GET") && !changes_server(b"GET"));
    }

    #[test]
    fn passwords_are_stars() {
        for (line, told) in [
            ("CONFIG SET requirepass hunter2", "CONFIG SET requirepass *"),
            ("ACL SETUSER bob on >hunter2 ~*", "ACL SETUSER bob on * ~*"),
            ("CONFIG SET dir /var/lib/redis", "CONFIG SET dir /var/lib/redis"),
        ] {
            assert_eq!(whole(&Command::inline(line.as_bytes())).bytes(), told.as_bytes());
        }
    }
}
