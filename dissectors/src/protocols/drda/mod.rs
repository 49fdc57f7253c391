//! DRDA, the protocol of DB2, Derby and Informix (Open Group C114 DDM, C112 DRDA), over TCP.
//!
//! ```text
//! 0   length (2); its upper bit: the segment goes on in another
//! 2   d0
//! 3   format: 1 request, 2 reply, 3 object, 4 message, 5 request without reply; flags above
//! 4   correlation (2)
//! 6   objects: length (2), code point (2), content, which may be objects again
//! ```
//!
//! Names are EBCDIC or ASCII, statements what the types that were agreed on say; both are read by their looks. At most
//! [`LOOK_BYTES`] of a segment are looked at. Ignored on purpose: rows, parameters, continued segments. Passwords are passed over.

mod ebcdic;

use crate::capped::{List, Text};
use crate::dictionary::{Element, Field, Flag};
use crate::facts::Facts;
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Sample, Step, Transport, Verdict};
use crate::reader::Reader;
use crate::sql::lane::{Footing, Lane};
use crate::sql::{self, Dialect, Statements};

/// A segment's header.
const HEADER: usize = 6;
/// How much of a segment is looked at.
const LOOK_BYTES: usize = 16 * 1024;
/// The most objects read of one segment.
const OBJECTS: usize = 64;

/// Code points.
mod code {
    pub const EXCSAT: u16 = 0x1041;
    pub const EXCSATRD: u16 = 0x1443;
    pub const ACCSEC: u16 = 0x106d;
    pub const SECCHK: u16 = 0x106e;
    pub const ACCRDB: u16 = 0x2001;
    pub const ACCRDBRM: u16 = 0x2201;
    pub const SECCHKRM: u16 = 0x1219;
    pub const RDBNFNRM: u16 = 0x2211;
    pub const SQLSTT: u16 = 0x2414;
    pub const SQLCARD: u16 = 0x2408;
    pub const RDBCMM: u16 = 0x200e;
    pub const RDBRLLBCK: u16 = 0x200f;
    pub const EXTNAM: u16 = 0x115e;
    pub const SRVCLSNM: u16 = 0x1147;
    pub const SRVNAM: u16 = 0x116d;
    pub const SRVRLSLV: u16 = 0x115a;
    pub const PRDID: u16 = 0x112e;
    pub const RDBNAM: u16 = 0x2110;
    pub const USRID: u16 = 0x11a0;
    pub const PASSWORD: u16 = 0x11a1;
    pub const SECCHKCD: u16 = 0x11a4;
}

static SERVER: Field = Field::text("server", "the server's class and name", "EXCSATRD");
static PRODUCT: Field = Field::text("client_product", "the client's product and release", "PRDID, SRVRLSLV");
static SQLSTATE: Field = Field::text("sqlstate", "SQLSTATE of each error", "SQLCARD").aligned();
static ERROR_CODE: Field = Field::number("error_code", "SQLCODE of each error, without its minus", "SQLCARD").aligned();

static ELEMENT: Element = Element {
    name: "drda",
    meaning: "DRDA: DB2, Derby, Informix",
    fields: &[
        &sql::USER,
        &sql::DATABASE,
        &sql::CLIENT_HOST,
        &sql::APPLICATION,
        &PRODUCT,
        &SERVER,
        &sql::SERVER_VERSION,
        &sql::AUTHENTICATED,
        &sql::VERBS,
        &sql::STATEMENT,
        &ERROR_CODE,
        &SQLSTATE,
    ],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "drda",
    about: About {
        name: "Distributed Relational Database Architecture (DB2, Derby, Informix)",
        specification: "Open Group C112, C114",
        evidence: "a segment's magic and lengths that fit, with a known code point",
        limits: "rows, parameters and continued segments are not told",
        ports: &[446, 447, 448, 1527, 50000],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    // A length's upper byte; none of the first segments goes on in another.
    first: FirstBytes::both(&[0..=0x7f]),
    probe,
    open: |_: &Opening| Box::new(Drda::new()),
};

/// A segment's length and whether another one goes on with it.
fn header(bytes: &[u8]) -> Option<(usize, bool)> {
    let [high, low, magic, format, _, _] = *bytes.first_chunk::<HEADER>()?;
    let length = usize::from(u16::from_be_bytes([high & 0x7f, low]));
    (magic == 0xd0 && matches!(format & 0x0f, 1..=5) && length >= HEADER).then_some((length, high & 0x80 != 0))
}

fn probe(sample: &Sample<'_>) -> Verdict {
    let bytes = sample.bytes;
    if bytes.first().is_some_and(|high| *high > 0x7f) || bytes.get(2).is_some_and(|magic| *magic != 0xd0) {
        return Verdict::Reject;
    }
    let Some(object) = bytes.get(HEADER..HEADER + 4) else {
        return Verdict::NeedMore;
    };
    let Some((length, _)) = header(bytes) else {
        return Verdict::Reject;
    };
    let mut reader = Reader::new(object);
    let (inner, code) = (reader.be_u16().map_or(0, usize::from), reader.be_u16());
    let fits = inner >= 4 && inner.saturating_add(HEADER) <= length;
    let begins = match sample.role {
        Role::Client => matches!(
            code,
            Some(
                code::EXCSAT | code::ACCSEC | code::SECCHK | code::ACCRDB | code::RDBCMM | code::RDBRLLBCK | 0x2005
                    ..=0x2014
            )
        ),
        Role::Server => matches!(
            code,
            Some(
                code::EXCSATRD
                    | 0x14ac
                    | code::SECCHKRM
                    | code::ACCRDBRM
                    | code::RDBNFNRM
                    | code::SQLCARD
                    | 0x2205
                    | 0x220c
                    | 0x2411
            )
        ),
    };
    if fits && begins { Verdict::Match } else { Verdict::Reject }
}

#[derive(Debug)]
struct Drda {
    lanes: [Lane; 2],
    user: Text,
    databases: List<Text>,
    client_host: Text,
    application: Text,
    product: Text,
    server: Text,
    server_version: Text,
    authenticated: Option<bool>,
    password: bool,
    statements: Statements,
    errors: List<(u64, Text)>,
}

impl Drda {
    fn new() -> Self {
        Self {
            lanes: Default::default(),
            user: Text::default(),
            databases: List::default(),
            client_host: Text::default(),
            application: Text::default(),
            product: Text::default(),
            server: Text::default(),
            server_version: Text::default(),
            authenticated: None,
            password: false,
            statements: Statements::new(Dialect::Plain),
            errors: List::default(),
        }
    }

    fn lane(&mut self, role: Role) -> &mut Lane {
        let [client, server] = &mut self.lanes;
        if role == Role::Client { client } else { server }
    }

    fn step(&mut self, role: Role, bytes: &[u8]) -> Step {
        let lane = self.lane(role);
        if lane.footing == Footing::Lost {
            return Step::Consumed(bytes.len());
        }
        if lane.left > 0 {
            return lane.pass(bytes.len());
        }
        if bytes.len() < HEADER {
            return Step::NeedMore(HEADER);
        }
        let Some((length, goes_on)) = header(bytes) else {
            if lane.footing == Footing::Sure {
                return Step::Violation;
            }
            lane.footing = Footing::Lost;
            return Step::Consumed(bytes.len());
        };
        let look = length.min(LOOK_BYTES);
        let Some(segment) = bytes.get(..look) else {
            return Step::NeedMore(look);
        };
        lane.left = length.saturating_sub(look) as u64;
        // What goes on has other headers: that side is found again at its next turn.
        lane.footing = if goes_on { Footing::Lost } else { Footing::Sure };
        self.lane(role.other()).turn();
        for (code, content) in objects(segment.get(HEADER..).unwrap_or_default()) {
            self.object(role, code, content);
        }
        Step::Consumed(look)
    }

    fn object(&mut self, role: Role, object: u16, content: &[u8]) {
        match (role, object) {
            (Role::Client, code::SQLSTT) => {
                if let Some(text) = statement(content) {
                    self.statements.whole(text);
                }
            }
            (Role::Client, code::RDBCMM) => self.statements.count("COMMIT"),
            (Role::Client, code::RDBRLLBCK) => self.statements.count("ROLLBACK"),
            (Role::Client, code::EXCSAT | code::ACCSEC | code::SECCHK | code::ACCRDB)
            | (Role::Server, code::EXCSATRD | code::ACCRDBRM | code::SECCHKRM | code::RDBNFNRM) => {
                for (code, value) in objects(content) {
                    self.parameter(role, code, value);
                }
                if object == code::RDBNFNRM {
                    self.authenticated.get_or_insert(false);
                }
            }
            (Role::Server, code::SQLCARD) => self.card(content),
            _ => {}
        }
    }

    fn parameter(&mut self, role: Role, code: u16, value: &[u8]) {
        let text = || Text::new(&ebcdic::text(value));
        let first = |to: &mut Text| {
            if to.is_empty() {
                *to = text();
            }
        };
        match (role, code) {
            (Role::Client, code::EXTNAM) => first(&mut self.application),
            (Role::Client, code::SRVNAM) => first(&mut self.client_host),
            (Role::Client, code::PRDID | code::SRVRLSLV) => first(&mut self.product),
            (Role::Client, code::USRID) => first(&mut self.user),
            (Role::Client, code::PASSWORD) => self.password = true,
            (Role::Client, code::RDBNAM) => self.databases.push_distinct(text()),
            (Role::Server, code::SRVCLSNM) => first(&mut self.server),
            (Role::Server, code::SRVRLSLV | code::PRDID) => first(&mut self.server_version),
            (Role::Server, code::SECCHKCD) => {
                self.authenticated.get_or_insert(value == [0]);
            }
            _ => {}
        }
    }

    /// An outcome: present, SQLCODE (4) in the server's byte order, SQLSTATE (5).
    fn card(&mut self, content: &[u8]) {
        let mut reader = Reader::new(content);
        let (Some(0), Some(number), Some(state)) = (reader.u8(), reader.array::<4>(), reader.array::<5>()) else {
            return;
        };
        let (little, big) = (i32::from_le_bytes(number), i32::from_be_bytes(number));
        let number = if little.unsigned_abs() < big.unsigned_abs() { little } else { big };
        if number < 0 {
            let state = Text::new(&ebcdic::text(&state));
            self.errors.push((number.unsigned_abs().into(), state));
        }
    }
}

/// Objects one after the other: code points and contents, the last as far as it is there.
fn objects(bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    let mut reader = Reader::new(bytes);
    std::iter::from_fn(move || {
        let length = usize::from(reader.be_u16()?).checked_sub(4)?;
        let code = reader.be_u16()?;
        Some((code, reader.take(length.min(reader.len()))?))
    })
    .take(OBJECTS)
}

/// A statement: two texts that may be absent, each behind its length (4, or 2 in old versions).
fn statement(content: &[u8]) -> Option<&[u8]> {
    let readable = |text: &&[u8]| {
        !text.is_empty() && text.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\t' | b'\r' | b'\n' | 0x80..))
    };
    let mut reader = Reader::new(content);
    for _ in 0..2 {
        match reader.u8()? {
            0xff => {}
            0 => {
                let length = reader.be_u32()? as usize;
                if length > 0 {
                    return reader.take(length.min(reader.len())).filter(readable);
                }
            }
            _ => break,
        }
    }
    let mut reader = Reader::new(content);
    let length = usize::from(reader.be_u16()?);
    reader.take(length).filter(readable)
}

impl Dissector for Drda {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        let step = self.step(chunk.role, chunk.bytes);
        self.lane(chunk.role).waiting = matches!(step, Step::NeedMore(_));
        step
    }

    fn gap(&mut self, role: Role, bytes: u64) -> Step {
        self.lane(role).missed(bytes);
        Step::Consumed(0)
    }

    fn facts(&self, out: &mut Facts) {
        out.user(&self.user);
        if self.password {
            out.flag(Flag::CleartextPassword);
        }
        let reveal = !out.redacts();
        let mut element = out.element(&ELEMENT);
        element.text(&sql::USER, &self.user);
        element.texts(&sql::DATABASE, &self.databases);
        element.text(&sql::CLIENT_HOST, &self.client_host);
        element.text(&sql::APPLICATION, &self.application);
        element.text(&PRODUCT, &self.product);
        element.text(&SERVER, &self.server);
        element.text(&sql::SERVER_VERSION, &self.server_version);
        if let Some(authenticated) = self.authenticated {
            element.yes_no(&sql::AUTHENTICATED, authenticated);
        }
        self.statements.facts(&mut element, reveal);
        let (errors, omitted) = (self.errors.items(), self.errors.omitted());
        element.list(&ERROR_CODE, errors.iter().map(|(number, _)| *number), omitted);
        element.list(&SQLSTATE, errors.iter().map(|(_, state)| state), omitted);
    }

    fn heap_bytes(&self) -> usize {
        let texts =
            [&self.user, &self.client_host, &self.application, &self.product, &self.server, &self.server_version];
        let text = |text: &Text| size_of::<Text>() + text.heap_bytes();
        size_of::<Self>()
            + texts.into_iter().map(|text| text.heap_bytes()).sum::<usize>()
            + self.databases.items().iter().map(text).sum::<usize>()
            + self.errors.items().iter().map(|(_, state)| 8 + text(state)).sum::<usize>()
            + self.statements.heap_bytes()
    }
}
