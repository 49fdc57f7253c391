//! The fields of `smb` and what is known of a session beside its files.

use crate::capped::{List, Text};
use crate::dictionary::{Element, Field, Flag, Kind};
use crate::facts::{Facts, Value};
use crate::kerberos;
use crate::ntlm::{self, Exchange, Login};

use super::status::Failure;

/// The most files told of one session.
pub const FILES: usize = 64;

static VERSION: Field = Field::number(
    "version",
    "generations of the protocol spoken: 1 (`FF SMB`), 2 (`FE SMB`), 3 (a dialect of 3, or its encryption)",
    "MS-CIFS 2.2.3.1, MS-SMB2 2.2.1, 2.2.41",
)
.list();
static DIALECT: Field = Field::text(
    "dialect",
    "what the server chose, such as `NT LM 0.12`, `2.1`, `3.1.1`; `2.wildcard` asks for a second round",
    "MS-CIFS 2.2.4.52.2, MS-SMB2 2.2.4",
)
.list();
static USER: Field =
    Field::text("user", "the account that was let in, else the first that tried", "MS-SMB2 2.2.5, MS-CIFS 2.2.4.53");
static DOMAIN: Field = Field::text("domain", "domain or computer of `user`", "MS-NLMP 2.2.1.3, MS-CIFS 2.2.4.53.1");
static HOST: Field = Field::text("host", "the client's computer name", "RFC 1002 4.3.2, MS-NLMP 2.2.1.3");
static AUTH: Field = Field::text(
    "auth",
    "how the client proves who it is: `ntlm`, `kerberos`, `password` (in clear or in the old challenge form)",
    "RFC 4178, MS-CIFS 2.2.4.53",
)
.list();
static TREE: Field = Field::text("tree", "shares asked for, each once", "MS-SMB2 2.2.9, MS-CIFS 2.2.4.55").list();
/// File names.
pub static FILE: Field =
    Field::text("file", "files, directories and pipes opened, by their path in the share", "MS-SMB2 2.2.13")
        .aligned()
        .long()
        .items(FILES);
/// What was done to each.
pub static ACTION: Field =
    Field::text("action", "`open`, `read`, `write` (or made), `delete`, `rename`", "MS-SMB2 2.2.13 to 2.2.39")
        .aligned()
        .items(FILES);
/// What each is called after a rename.
pub static NEW_NAME: Field =
    Field::text("new_name", "the name that a rename gave", "MS-FSCC 2.4.43").aligned().long().items(FILES);
static LISTED_NAME: Field = Field::text(
    "listed_name",
    "names that directory listings showed or that attributes were asked of, each once",
    "MS-FSCC 2.4, MS-CIFS 2.2.6.2",
)
.list();
static STATUS: Field =
    Field::text("status", "how requests failed, each kind once", "MS-ERREF 2.3.1, MS-CIFS 2.2.2.4").list();
static NATIVE_OS: Field = Field::text("native_os", "the client's system as it names it", "MS-CIFS 2.2.4.53.1");
static SERVER_OS: Field = Field::text("server_os", "the server's system as it names it", "MS-CIFS 2.2.4.53.2");
static SIGNED: Field =
    Field::new(Kind::YesNo, "signed", "whether file requests and answers are signed", "MS-SMB2 2.2.1, MS-CIFS 2.2.3.1");
static ENCRYPTED: Field = Field::new(Kind::YesNo, "encrypted", "`yes` where messages are encrypted", "MS-SMB2 2.2.41");

/// The element.
pub static ELEMENT: Element = Element {
    name: "smb",
    meaning: "file sharing: who, which shares, which files",
    fields: &[
        &VERSION,
        &DIALECT,
        &USER,
        &DOMAIN,
        &HOST,
        &AUTH,
        &TREE,
        &FILE,
        &ACTION,
        &NEW_NAME,
        &LISTED_NAME,
        &STATUS,
        &NATIVE_OS,
        &SERVER_OS,
        &SIGNED,
        &ENCRYPTED,
    ],
};

/// Tells of a message of SMB 1 that another protocol carries.
pub fn inside(out: &mut Facts) {
    out.element(&ELEMENT).number(&VERSION, 1);
}

/// What is known of a session beside its files.
#[derive(Debug, Default)]
pub struct Known {
    pub versions: List<u64, 4>,
    pub dialects: List<Text>,
    pub calling_name: Text,
    pub trees: List<Text>,
    pub listed: List<Text>,
    pub client_os: Text,
    pub server_os: Text,
    pub encrypted: bool,
    /// A password went over the wire in clear text.
    pub cleartext_password: bool,
    /// The server's messages were seen.
    pub server_spoke: bool,
    signed: Option<bool>,
    failures: List<Failure>,
    logins: List<Login, { ntlm::LOGINS }>,
    accepted: Option<usize>,
    auth: List<&'static str>,
    /// The NTLM messages of logins, and of calls inside pipes.
    pub exchange: Exchange,
    kerberos: kerberos::Exchange,
}

impl Known {
    /// A generation of the protocol was spoken.
    pub fn version(&mut self, version: u64) {
        self.versions.push_distinct(version);
    }

    /// A request failed.
    pub fn failed(&mut self, failure: Failure) {
        self.failures.push_distinct(failure);
    }

    /// A file request or answer was signed or not; the first one tells.
    pub fn signed(&mut self, signed: bool) {
        self.signed.get_or_insert(signed);
    }

    /// A security blob of a session setup. Gives the place of the login that it holds.
    pub fn token(&mut self, blob: &[u8]) -> Option<usize> {
        if self.kerberos.token(blob) {
            self.auth.push_distinct("kerberos");
        }
        let login = self.exchange.token(blob)?;
        self.login(login, "ntlm")
    }

    /// A login. Gives its place for [`Self::accepted`].
    pub fn login(&mut self, login: Login, how: &'static str) -> Option<usize> {
        self.auth.push_distinct(how);
        if login.is_empty() {
            return None;
        }
        let known = self.logins.items().iter().position(|known| *known == login);
        known.or_else(|| self.logins.push(login).then(|| self.logins.items().len().saturating_sub(1)))
    }

    /// The server let a login in.
    pub fn accepted(&mut self, login: Option<usize>) {
        let named = login.filter(|at| self.logins.items().get(*at).is_some_and(|login| !login.user.is_empty()));
        if self.accepted.is_none() {
            self.accepted = named;
        }
    }

    /// Writes what comes before the files.
    pub fn facts(&self, out: &mut Facts) {
        let logins = self.logins.items();
        let login = self
            .accepted
            .and_then(|at| logins.get(at))
            .or_else(|| logins.iter().find(|login| !login.user.is_empty()))
            .or_else(|| logins.first());
        let mut element = out.element(&ELEMENT);
        element.list(&VERSION, self.versions.items().iter().copied(), self.versions.omitted());
        element.texts(&DIALECT, &self.dialects);
        element.maybe(&USER, login.map(|login| &login.user));
        element.maybe(&DOMAIN, login.map(|login| &login.domain));
        // The name told first stays: NetBIOS names the client before it logs in.
        let calling = Some(&self.calling_name).filter(|name| !name.is_empty());
        element.maybe(&HOST, calling.or(login.map(|login| &login.host)));
        element.list(&AUTH, self.auth.items().iter().copied(), self.auth.omitted());
        element.texts(&TREE, &self.trees);
        element.texts(&LISTED_NAME, &self.listed);
        for failure in self.failures.items() {
            element.value(&STATUS, Value::Bytes(failure.to_string().as_bytes()));
        }
        element.omitted(&STATUS, self.failures.omitted());
        element.text(&NATIVE_OS, &self.client_os);
        element.text(&SERVER_OS, &self.server_os);
        if let Some(signed) = self.signed {
            element.yes_no(&SIGNED, signed);
        }
        if self.encrypted {
            element.yes_no(&ENCRYPTED, true);
            out.encrypted("protocol");
        }
        if self.cleartext_password {
            out.flag(Flag::CleartextPassword);
        }
        if let Some(login) = login {
            out.user(&login.user);
        }
        self.exchange.facts(out);
        self.kerberos.facts(out);
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        let lists = [&self.dialects, &self.trees, &self.listed];
        let texts = lists.iter().flat_map(|list| list.items());
        texts.map(|text| size_of::<Text>() + text.heap_bytes()).sum::<usize>()
            + self.logins.items().iter().map(|login| size_of::<Login>() + login.heap_bytes()).sum::<usize>()
            + size_of_val(self.failures.items())
            + self.calling_name.heap_bytes()
            + self.client_os.heap_bytes()
            + self.server_os.heap_bytes()
            + self.exchange.heap_bytes()
            + self.kerberos.heap_bytes()
    }
}
