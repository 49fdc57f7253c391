//! The fields of `ldap` and what is known of a session.

use crate::capped::{List, Text};
use crate::dictionary::{Element, Field, Flag};
use crate::facts::{Facts, Value};
use crate::kerberos;
use crate::ntlm;

use super::{SEARCHES, names};

static VERSION: Field = Field::number("version", "the version that the client binds with", "RFC 4511 4.2");
static OP: Field =
    Field::text("op", "operations, each kind once, such as `searchRequest`", "RFC 4511 4.2 to 4.13").list().items(24);
static BIND_NAME: Field =
    Field::text("bind_name", "who the client says it is, each once", "RFC 4511 4.2").list().long();
static MECHANISM: Field =
    Field::text("mechanism", "how it proves it: `simple`, or the SASL mechanism, each once", "RFC 4511 4.2, RFC 4422")
        .list();
static RESULT: Field = Field::text("result", "results, each kind once, such as `success`", "RFC 4511 4.1.9").list();
static DIAGNOSTICS: Field =
    Field::text("diagnostics", "what the server says of failures, each once", "RFC 4511 4.1.9").list();
static BASE: Field = Field::text("base", "where searches begin; empty for the root", "RFC 4511 4.5.1.1")
    .aligned()
    .long()
    .items(SEARCHES);
static SCOPE: Field = Field::text("scope", "how far they go: `base`, `one`, `sub`, `children`", "RFC 4511 4.5.1.2")
    .aligned()
    .items(SEARCHES);
static FILTER: Field =
    Field::text("filter", "what they look for, as text", "RFC 4511 4.5.1.7, RFC 4515").aligned().long().items(SEARCHES);
static ATTRIBUTE: Field =
    Field::text("attribute", "attributes that searches ask for, each once", "RFC 4511 4.5.1.8").list().items(32);
static SEARCHED: Field = Field::number("searches", "searches asked for", "RFC 4511 4.5.1");
static ENTRIES: Field = Field::number("entries", "entries that searches found", "RFC 4511 4.5.2");
static OBJECT: Field = Field::text(
    "object",
    "entries that were added, changed, renamed, deleted or compared, each once",
    "RFC 4511 4.6 to 4.10",
)
.list()
.long();
static EXTENDED: Field =
    Field::text("extended", "extended operations, each once, by name or object identifier", "RFC 4511 4.12").list();
static PROTECTION: Field =
    Field::text("protection", "`signed` or `sealed`, where a SASL mechanism protects what follows", "RFC 4422 3.7");

/// The element.
pub static ELEMENT: Element = Element {
    name: "ldap",
    meaning: "directory access: who asked, for what, and with what result; an item of each aligned list per search",
    fields: &[
        &VERSION,
        &OP,
        &BIND_NAME,
        &MECHANISM,
        &RESULT,
        &DIAGNOSTICS,
        &BASE,
        &SCOPE,
        &FILTER,
        &ATTRIBUTE,
        &SEARCHED,
        &ENTRIES,
        &OBJECT,
        &EXTENDED,
        &PROTECTION,
    ],
};

/// One search.
#[derive(Debug)]
struct Search {
    base: Text,
    scope: &'static str,
    filter: Text,
}

/// What is known of a session.
#[derive(Debug, Default)]
pub struct Record {
    pub version: Option<u64>,
    pub operations: List<&'static str, 24>,
    pub results: List<i64>,
    pub diagnostics: List<Text>,
    pub attributes: List<Text, 32>,
    pub entries: u64,
    pub objects: List<Text>,
    /// Packages of a security layer were seen in the clear, or sealed.
    pub signed: bool,
    pub sealed: bool,
    bind_names: List<Text>,
    mechanisms: List<Text>,
    searches: List<Search, SEARCHES>,
    extended: List<Text>,
    /// Who the bind that is going on is for, the first one that was, and the first one that was let in.
    binding: Text,
    tried: Text,
    accepted: Text,
    cleartext_password: bool,
    ntlm: ntlm::Exchange,
    kerberos: kerberos::Exchange,
}

impl Record {
    /// A bind with a password.
    pub fn simple(&mut self, name: &[u8], password: &[u8]) {
        self.mechanisms.push_distinct(Text::from("simple"));
        self.name(name);
        self.cleartext_password |= !password.is_empty();
        // Without a password nobody is authenticated (RFC 4513 5.1.2).
        self.account(if password.is_empty() { Text::default() } else { Text::long(name) });
    }

    /// A bind with a mechanism of SASL.
    pub fn sasl(&mut self, name: &[u8], mechanism: &[u8], credentials: &[u8]) {
        self.mechanisms.push_distinct(Text::new(mechanism));
        self.name(name);
        let user = match mechanism {
            b"PLAIN" => {
                self.cleartext_password |= !credentials.is_empty();
                // authorization identity NUL authentication identity NUL password (RFC 4616 2)
                credentials.split(|byte| *byte == 0).nth(1).map(Text::new)
            }
            b"DIGEST-MD5" => quoted(credentials, b"username=\"").map(Text::new),
            // n,,n=user,r=nonce (RFC 5802 7)
            mechanism if mechanism.starts_with(b"SCRAM-") => {
                let mut parts = credentials.split(|byte| *byte == b',');
                parts.find_map(|part| part.strip_prefix(b"n=")).map(Text::new)
            }
            _ => self.token(credentials),
        };
        if let Some(user) = user {
            self.account(user);
        }
    }

    /// A bind was answered, perhaps with credentials of the server.
    pub fn bound(&mut self, success: bool, credentials: &[u8]) {
        self.token(credentials);
        if success && self.accepted.is_empty() {
            self.accepted = self.binding.clone();
        }
    }

    fn token(&mut self, blob: &[u8]) -> Option<Text> {
        self.kerberos.token(blob);
        self.ntlm.token(blob).map(|login| login.user)
    }

    fn name(&mut self, name: &[u8]) {
        if !name.is_empty() {
            self.bind_names.push_distinct(Text::long(name));
        }
    }

    fn account(&mut self, account: Text) {
        if self.tried.is_empty() {
            self.tried = account.clone();
        }
        self.binding = account;
    }

    /// A search.
    pub fn search(&mut self, base: &[u8], scope: &'static str, filter: impl FnOnce() -> Text) {
        self.searches.push_with(|| Search { base: Text::long(base), scope, filter: filter() });
    }

    /// An extended operation.
    pub fn extended(&mut self, oid: &[u8]) {
        self.extended.push_distinct(names::extended(oid).map_or_else(|| Text::new(oid), Text::from));
    }

    /// Writes everything.
    pub fn facts(&self, out: &mut Facts) {
        let mut element = out.element(&ELEMENT);
        if let Some(version) = self.version {
            element.number(&VERSION, version);
        }
        element.list(&OP, self.operations.items().iter().copied(), self.operations.omitted());
        element.texts(&BIND_NAME, &self.bind_names);
        element.texts(&MECHANISM, &self.mechanisms);
        for code in self.results.items() {
            match names::result(*code) {
                Some(name) => element.plain(&RESULT, name),
                None => element.bytes(&RESULT, code.to_string().as_bytes()),
            }
        }
        element.omitted(&RESULT, self.results.omitted());
        element.texts(&DIAGNOSTICS, &self.diagnostics);
        let (searches, omitted) = (self.searches.items(), self.searches.omitted());
        if !searches.is_empty() {
            element.list(&BASE, searches.iter().map(|search| &search.base), omitted);
            element.list(&SCOPE, searches.iter().map(|search| Value::Plain(search.scope)), omitted);
            element.list(&FILTER, searches.iter().map(|search| &search.filter), omitted);
        }
        element.texts(&ATTRIBUTE, &self.attributes);
        let asked = (searches.len() as u64).saturating_add(u64::from(omitted));
        for (field, count) in [(&SEARCHED, asked), (&ENTRIES, self.entries)] {
            if count > 0 {
                element.number(field, count);
            }
        }
        element.texts(&OBJECT, &self.objects);
        element.texts(&EXTENDED, &self.extended);
        if self.sealed || self.signed {
            element.plain(&PROTECTION, if self.sealed { "sealed" } else { "signed" });
        }
        if self.sealed {
            out.encrypted("protocol");
        }
        if self.cleartext_password {
            out.flag(Flag::CleartextPassword);
        }
        out.user(&self.accepted);
        out.user(&self.tried);
        self.ntlm.facts(out);
        self.kerberos.facts(out);
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        let lists = [&self.diagnostics, &self.objects, &self.bind_names, &self.mechanisms, &self.extended];
        let texts = lists.iter().flat_map(|list| list.items()).chain(self.attributes.items());
        let searches = self.searches.items().iter();
        texts.map(|text| size_of::<Text>() + text.heap_bytes()).sum::<usize>()
            + searches.map(|it| size_of::<Search>() + it.base.heap_bytes() + it.filter.heap_bytes()).sum::<usize>()
            + [&self.binding, &self.tried, &self.accepted].iter().map(|text| text.heap_bytes()).sum::<usize>()
            + self.ntlm.heap_bytes()
            + self.kerberos.heap_bytes()
    }
}

/// What stands behind a key, up to the next quotation mark.
fn quoted<'a>(text: &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
    let at = memchr::memmem::find(text, key)?;
    text.get(at.saturating_add(key.len())..)?.split(|byte| *byte == b'"').next()
}
