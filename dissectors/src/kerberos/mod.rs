//! Kerberos 5 messages (RFC 4120), wherever they travel: on a connection of their own, or as tokens of GSS-API and SPNEGO in SMB, LDAP,
//! DCE/RPC and HTTP ([`gss`]).
//!
//! ```text
//! [APPLICATION n] SEQUENCE { ... pvno 5, msg-type n ... }
//!
//! 10 AS-REQ   12 TGS-REQ   [1] pvno [2] msg-type [3] padata [4] body { [0] options [1] cname [2] realm [3] sname [5] till
//!                          [8] etypes [9] addresses }                                                            5.4.1
//! 11 AS-REP   13 TGS-REP   [0] pvno [1] msg-type [2] padata [3] crealm [4] cname [5] ticket [6] enc-part          5.4.2
//! 14 AP-REQ                [0] pvno [1] msg-type [2] options [3] ticket [4] authenticator                         5.5.1
//! 15 AP-REP   20 KRB-SAFE   21 KRB-PRIV   22 KRB-CRED                                                      5.5.2 to 5.8
//! 30 KRB-ERROR             [6] error-code [7] crealm [8] cname [9] realm [10] sname [11] e-text                   5.9.1
//! ticket                   [APPLICATION 1] { [0] 5 [1] realm [2] sname [3] enc-part { [0] etype } }                 5.3
//! ```
//!
//! Tags are explicit. Limits: [`MESSAGES`] messages are told, of a name [`COMPONENTS`] components. Ignored on purpose: whatever is
//! encrypted, times other than `till`, nonces, the armour of FAST (RFC 6113).

pub mod gss;
mod lists;
pub mod names;

use self::lists::{Numbers, Texts};
use crate::ber::{self, Ber, Tlv, tag};
use crate::capped::{LIST_CAP, List, Pieces, TEXT_CAP, Text};
use crate::dictionary::{Element, Field, Kind};
use crate::facts::{Facts, Value, Writer};
use crate::protocol::Role;
use crate::time::Timestamp;

/// The most messages told of one session.
pub const MESSAGES: usize = 16;
/// The most components of a name that are looked at: two or three are usual.
pub const COMPONENTS: usize = 8;
/// The most entries looked at of a list inside a message.
const ENTRIES: usize = 32;
/// The address type of a NetBIOS name (RFC 4120 7.5.3).
const NETBIOS: i64 = 20;
/// Pre-authentication data that holds the AP-REQ of a TGS-REQ (RFC 4120 5.2.7.1).
const PA_TGS_REQ: i64 = 1;

static MESSAGE: Field =
    Field::text("message", "the message's name, such as `AS-REQ`", "RFC 4120 5.4 to 5.9").aligned().items(MESSAGES);
static CLIENT: Field = Field::text("client", "who asks, as `name@REALM`", "RFC 4120 5.4").aligned().items(MESSAGES);
static SERVICE: Field =
    Field::text("service", "what is asked for, as `name/host@REALM`", "RFC 4120 5.4").aligned().items(MESSAGES);
static ERROR: Field = Field::number("error", "the error's number", "RFC 4120 7.5.9").aligned().items(MESSAGES);
static ERROR_NAME: Field = Field::text("error_name", "the errors by their names, each once", "RFC 4120 7.5.9").list();
static ERROR_TEXT: Field =
    Field::text("error_text", "what the server says of errors, each once", "RFC 4120 5.9.1").list();
static TILL: Field =
    Field::new(Kind::Time, "till", "until when the client wants its ticket to be good", "RFC 4120 5.4.1")
        .aligned()
        .items(MESSAGES);
static CNAME: Field = Field::text("cname", "the components of the clients' names, each once", "RFC 4120 5.2.2").list();
static SNAME: Field = Field::text("sname", "the components of the services' names, each once", "RFC 4120 5.2.2").list();
static REALM: Field = Field::text("realm", "realms of clients and services, each once", "RFC 4120 5.2.2").list();
static HOST: Field = Field::text("host", "the NetBIOS name that the client gives as its address", "RFC 4120 7.5.3");
static PREAUTH: Field = Field::text(
    "preauth",
    "pre-authentication data in requests, each kind once; an `AS-REQ` that is granted without asks for nobody's proof",
    "IANA Kerberos pre-authentication types",
)
.list();
static OPTIONS: Field = Field::text("options", "what clients ask of their tickets, each once", "RFC 4120 5.4.1").list();
static ETYPE_OFFERED: Field =
    Field::text("etype_offered", "encryption types that the client takes, each once", "RFC 3961 8").list();
static ETYPE: Field =
    Field::text("etype", "encryption types of replies to the client, each once", "RFC 4120 5.4.2").list();
static TICKET_ETYPE: Field =
    Field::text("ticket_etype", "encryption types of tickets, each once", "RFC 4120 5.3").list();

/// The element that every protocol writes which carries Kerberos.
pub static ELEMENT: Element = Element {
    name: "kerberos",
    meaning: "Kerberos: who asked for tickets to which services, and tickets shown to them; an item of each aligned list per message",
    fields: &[
        &MESSAGE,
        &CLIENT,
        &SERVICE,
        &ERROR,
        &ERROR_NAME,
        &ERROR_TEXT,
        &TILL,
        &CNAME,
        &SNAME,
        &REALM,
        &HOST,
        &PREAUTH,
        &OPTIONS,
        &ETYPE_OFFERED,
        &ETYPE,
        &TICKET_ETYPE,
    ],
};

/// What sends a message of a kind; `None` where either side does, or where it is no kind.
pub const fn sender(kind: u8) -> Option<Role> {
    match kind {
        10 | 12 | 14 => Some(Role::Client),
        11 | 13 | 15 | 30 => Some(Role::Server),
        _ => None,
    }
}

/// The kind of the message that begins with this identifier.
pub const fn kind(identifier: u8) -> Option<u8> {
    let kind = identifier & 0x1f;
    if identifier & 0xe0 == 0x60 && matches!(kind, 10..=15 | 20..=22 | 30) { Some(kind) } else { None }
}

/// Opens a message: its kind and its fields. `None` where these bytes are no message, or too few of one to show its proof: the
/// version and its kind once more.
pub fn open(bytes: &[u8]) -> Option<(u8, Ber<'_>)> {
    let kind = kind(*bytes.first()?)?;
    let fields = Ber::lax(bytes).open(tag::application(kind))?.open(tag::SEQUENCE)?;
    let mut proof = fields;
    let first = u8::from(matches!(kind, 10 | 12));
    let version = proof.explicit(first, tag::INTEGER).and_then(ber::integer)?;
    let named = proof.explicit(first.saturating_add(1), tag::INTEGER).and_then(ber::integer)?;
    (version == 5 && named == i64::from(kind)).then_some((kind, fields))
}

/// One message.
#[derive(Debug, Default)]
struct Row {
    message: &'static str,
    /// Places among the principals: an answer mostly names those of its question.
    client: Option<usize>,
    service: Option<usize>,
    error: Option<u64>,
    till: Option<Timestamp>,
}

/// A principal's name and its realm, as they stand in a message.
#[derive(Clone, Copy, Default)]
struct Principal<'a> {
    name: Option<Ber<'a>>,
    realm: Option<&'a [u8]>,
}

impl<'a> Principal<'a> {
    fn components(&self) -> impl Iterator<Item = &'a [u8]> {
        let parts = self.name.map(Ber::elements).into_iter().flatten();
        parts.map(|part| part.content).filter(|part| !part.is_empty()).take(COMPONENTS)
    }

    /// `name/instance@REALM`, as far as it is known; nothing without a name.
    fn text(&self) -> Text {
        self.pieces().text()
    }

    /// The text, put together.
    fn pieces(&self) -> Pieces {
        let mut text = Pieces::default();
        for (at, component) in self.components().enumerate() {
            if at > 0 {
                text.push(b"/");
            }
            text.push(component.get(..TEXT_CAP).unwrap_or(component));
        }
        if let Some(realm) = self.realm.filter(|_| !text.is_empty()) {
            text.push(b"@");
            text.push(realm);
        }
        text
    }
}

/// Lists of texts.
const CLIENT_NAMES: usize = 0;
const SERVICE_NAMES: usize = 1;
const REALMS: usize = 2;
const ERROR_TEXTS: usize = 3;
/// Who is named in the rows.
const PRINCIPALS: usize = 4;
const TEXTS: usize = 5;

/// Lists of numbers.
const PREAUTHS: usize = 0;
const OFFERED: usize = 1;
const ETYPES: usize = 2;
const TICKET_ETYPES: usize = 3;
const NUMBERS: usize = 4;

/// The Kerberos messages of one session.
#[derive(Debug, Default)]
pub struct Exchange {
    rows: List<Row, MESSAGES>,
    user: Text,
    texts: Texts<TEXTS>,
    host: Text,
    options: List<&'static str>,
    numbers: Numbers<NUMBERS>,
}

impl Exchange {
    /// Takes a security token of GSS-API or SPNEGO. Tells whether it holds Kerberos.
    pub fn token(&mut self, blob: &[u8]) -> bool {
        gss::kerberos(blob).is_some_and(|message| self.message(message))
    }

    /// Takes a message, as far as it is here. Tells whether it is one.
    pub fn message(&mut self, bytes: &[u8]) -> bool {
        let Some((kind, fields)) = open(bytes) else {
            return false;
        };
        let mut row = Row { message: names::message(kind), ..Row::default() };
        match kind {
            10 | 12 => self.request(fields, &mut row),
            11 | 13 => self.reply(fields, &mut row),
            14 => {
                let service = self.shown(fields);
                row.service = self.place(&service);
            }
            30 => self.error(fields, &mut row),
            _ => {}
        }
        self.rows.push(row);
        true
    }

    /// Whether no message was seen.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The client's name, without its realm.
    pub fn user(&self) -> &Text {
        &self.user
    }

    fn request(&mut self, fields: Ber<'_>, row: &mut Row) {
        for field in fields.elements() {
            match context(&field) {
                Some(3) => self.preauthentication(field.content),
                Some(4) => self.body(field.content, row),
                _ => {}
            }
        }
    }

    fn body(&mut self, content: &[u8], row: &mut Row) {
        let Some(fields) = Ber::lax(content).open(tag::SEQUENCE) else {
            return;
        };
        let (mut client, mut service) = (Principal::default(), Principal::default());
        for field in fields.elements() {
            let mut inside = Ber::lax(field.content);
            match context(&field) {
                Some(0) => {
                    for option in inside.take(tag::BIT_STRING).into_iter().flat_map(names::options) {
                        self.options.push_distinct(option);
                    }
                }
                Some(1) => client.name = name(field.content),
                // It is the server's; without a ticket (5.4.1) it is the client's as well.
                Some(2) => service.realm = inside.element().map(|realm| realm.content),
                Some(3) => service.name = name(field.content),
                // The epoch itself asks for as long as the server allows (RFC 4120 5.4.1).
                Some(5) => {
                    row.till = inside.take(tag::TIME).and_then(ber::time).filter(|till| *till != Timestamp::default())
                }
                Some(8) => {
                    for etype in inside.open(tag::SEQUENCE).into_iter().flat_map(Ber::elements).take(ENTRIES) {
                        if let Some(etype) = ber::integer(etype.content) {
                            self.numbers.push(OFFERED, etype);
                        }
                    }
                }
                Some(9) => self.addresses(inside),
                _ => {}
            }
        }
        client.realm = service.realm;
        self.client(client, row);
        self.service(service);
        row.service = self.place(&service);
    }

    fn preauthentication(&mut self, content: &[u8]) {
        let entries = Ber::lax(content).open(tag::SEQUENCE).into_iter().flat_map(Ber::elements);
        for entry in entries.take(ENTRIES) {
            let mut parts = Ber::lax(entry.content);
            let Some(kind) = parts.explicit(1, tag::INTEGER).and_then(ber::integer) else {
                continue;
            };
            self.numbers.push(PREAUTHS, kind);
            if kind == PA_TGS_REQ
                && let Some((14, fields)) = parts.explicit(2, tag::OCTETS).and_then(open)
            {
                self.shown(fields);
            }
        }
    }

    fn addresses(&mut self, mut content: Ber<'_>) {
        let entries = content.open(tag::SEQUENCE).into_iter().flat_map(Ber::elements);
        for entry in entries.take(ENTRIES) {
            let mut parts = Ber::lax(entry.content);
            if parts.explicit(0, tag::INTEGER).and_then(ber::integer) == Some(NETBIOS)
                && let Some(name) = parts.explicit(1, tag::OCTETS)
                && self.host.is_empty()
            {
                // Sixteen bytes, filled with spaces.
                self.host = Text::new(name.trim_ascii());
            }
        }
    }

    fn reply(&mut self, fields: Ber<'_>, row: &mut Row) {
        let mut client = Principal::default();
        for field in fields.elements() {
            let mut inside = Ber::lax(field.content);
            match context(&field) {
                Some(3) => client.realm = inside.element().map(|realm| realm.content),
                Some(4) => client.name = name(field.content),
                Some(5) => {
                    let service = self.ticket(inside);
                    row.service = self.place(&service);
                }
                Some(6) => {
                    if let Some(etype) = encryption(inside) {
                        self.numbers.push(ETYPES, etype);
                    }
                }
                _ => {}
            }
        }
        self.client(client, row);
    }

    /// An AP-REQ shows a ticket to its service.
    fn shown<'a>(&mut self, fields: Ber<'a>) -> Principal<'a> {
        let mut service = Principal::default();
        for field in fields.elements() {
            if context(&field) == Some(3) {
                service = self.ticket(Ber::lax(field.content));
            }
        }
        service
    }

    /// Gives the service that a ticket is for.
    fn ticket<'a>(&mut self, mut content: Ber<'a>) -> Principal<'a> {
        let mut service = Principal::default();
        let Some(fields) = content.open(tag::application(1)).and_then(|mut inside| inside.open(tag::SEQUENCE)) else {
            return service;
        };
        for field in fields.elements() {
            let mut inside = Ber::lax(field.content);
            match context(&field) {
                Some(1) => service.realm = inside.element().map(|realm| realm.content),
                Some(2) => service.name = name(field.content),
                Some(3) => {
                    if let Some(etype) = encryption(inside) {
                        self.numbers.push(TICKET_ETYPES, etype);
                    }
                }
                _ => {}
            }
        }
        self.service(service);
        service
    }

    fn error(&mut self, fields: Ber<'_>, row: &mut Row) {
        let (mut client, mut service) = (Principal::default(), Principal::default());
        for field in fields.elements() {
            let mut inside = Ber::lax(field.content);
            match context(&field) {
                Some(6) => row.error = inside.integer().and_then(|code| u64::try_from(code).ok()),
                Some(7) => client.realm = inside.element().map(|realm| realm.content),
                Some(8) => client.name = name(field.content),
                Some(9) => service.realm = inside.element().map(|realm| realm.content),
                Some(10) => service.name = name(field.content),
                Some(11) => {
                    if let Some(text) = inside.element() {
                        self.texts.push(ERROR_TEXTS, LIST_CAP, text.content.trim_ascii_end(), 0);
                    }
                }
                _ => {}
            }
        }
        self.client(client, row);
        self.service(service);
        row.service = self.place(&service);
    }

    fn client(&mut self, client: Principal<'_>, row: &mut Row) {
        for component in client.components() {
            self.texts.push(CLIENT_NAMES, LIST_CAP, component, 0);
        }
        self.realm(&client);
        if self.user.is_empty() {
            self.user = Principal { realm: None, ..client }.text();
        }
        row.client = self.place(&client);
    }

    fn service(&mut self, service: Principal<'_>) {
        for component in service.components() {
            self.texts.push(SERVICE_NAMES, LIST_CAP, component, 0);
        }
        self.realm(&service);
    }

    /// The place of a principal among those of the rows, if it has a name and the next row will be kept.
    fn place(&mut self, principal: &Principal<'_>) -> Option<usize> {
        if self.rows.items().len() >= MESSAGES {
            return None;
        }
        let pieces = principal.pieces();
        let (text, omitted) = pieces.kept();
        if text.is_empty() { None } else { self.texts.push(PRINCIPALS, 2 * MESSAGES, text, omitted) }
    }

    fn realm(&mut self, of: &Principal<'_>) {
        if let Some(realm) = of.realm.filter(|realm| !realm.is_empty()) {
            self.texts.push(REALMS, LIST_CAP, realm, 0);
        }
    }

    /// Writes the `kerberos` element, where there was any message.
    pub fn facts(&self, out: &mut Facts) {
        let rows = self.rows.items();
        if rows.is_empty() {
            return;
        }
        let omitted = self.rows.omitted();
        let mut element = out.element(&ELEMENT);
        element.list(&MESSAGE, rows.iter().map(|row| row.message), omitted);
        let places = [(&CLIENT, (|row| row.client) as fn(&Row) -> Option<usize>), (&SERVICE, |row| row.service)];
        for (field, of) in places {
            if rows.iter().any(|row| of(row).is_some()) {
                let text = |row| of(row).and_then(|place| self.texts.at(place)).unwrap_or_default();
                element.list(field, rows.iter().map(text), omitted);
            }
        }
        if rows.iter().any(|row| row.error.is_some()) {
            let errors = rows.iter().map(|row| row.error.map_or(Value::Bytes(&[]), Value::Number));
            element.list(&ERROR, errors, omitted);
        }
        let mut told: List<&'static str> = List::default();
        for error in rows.iter().filter_map(|row| names::error(row.error?)) {
            told.push_distinct(error);
        }
        element.list(&ERROR_NAME, told.items().iter().copied(), 0);
        let texts = |element: &mut Writer<'_>, field, list| {
            element.list(field, self.texts.of(list), self.texts.omitted(list));
        };
        texts(&mut element, &ERROR_TEXT, ERROR_TEXTS);
        if rows.iter().any(|row| row.till.is_some()) {
            element.list(&TILL, rows.iter().map(|row| row.till.map_or(Value::Bytes(&[]), Value::Time)), omitted);
        }
        texts(&mut element, &CNAME, CLIENT_NAMES);
        texts(&mut element, &SNAME, SERVICE_NAMES);
        texts(&mut element, &REALM, REALMS);
        element.text(&HOST, &self.host);
        let kinds = [
            (&PREAUTH, PREAUTHS, names::preauthentication as fn(i64) -> Option<&'static str>),
            (&ETYPE_OFFERED, OFFERED, names::encryption),
            (&ETYPE, ETYPES, names::encryption),
            (&TICKET_ETYPE, TICKET_ETYPES, names::encryption),
        ];
        for (field, list, name) in kinds {
            for number in self.numbers.of(list) {
                match name(number) {
                    Some(name) => element.plain(field, name),
                    None => element.bytes(field, number.to_string().as_bytes()),
                }
            }
            element.omitted(field, self.numbers.omitted(list));
        }
        element.list(&OPTIONS, self.options.items().iter().copied(), self.options.omitted());
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        size_of_val(self.rows.items())
            + self.texts.heap_bytes()
            + self.numbers.heap_bytes()
            + size_of_val(self.options.items())
            + self.user.heap_bytes()
            + self.host.heap_bytes()
    }
}

/// The number of a `[number]`.
fn context(field: &Tlv<'_>) -> Option<u8> {
    (field.tag & 0xe0 == 0xa0).then_some(field.tag & 0x1f)
}

/// The components of a PrincipalName (5.2.2): `SEQUENCE { [0] type, [1] SEQUENCE OF name }`.
fn name(content: &[u8]) -> Option<Ber<'_>> {
    let mut fields = Ber::lax(content).open(tag::SEQUENCE)?;
    fields.take(tag::context(0))?;
    fields.open(tag::context(1))?.open(tag::SEQUENCE)
}

/// The encryption type of an EncryptedData (5.2.9).
fn encryption(mut content: Ber<'_>) -> Option<i64> {
    content.open(tag::SEQUENCE)?.explicit(0, tag::INTEGER).and_then(ber::integer)
}
