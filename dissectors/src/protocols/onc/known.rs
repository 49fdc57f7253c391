//! What is known of a session, and the fields of `rpc`, `portmap`, `mount`, `nfs` and `nlm`.

use crate::capped::{List, Text};
use crate::dictionary::{Element, Field};
use crate::facts::{Facts, Value, Writer};

use super::message::Caller;
use super::programs::{self, MOUNT, NFS, NLM, PORTMAP};

/// The most programs told of one session.
const PROGRAMS: usize = 16;
/// The most different procedures and operations told of one session.
const CALLS: usize = 64;
/// The most things done to named files that are told.
pub const ROWS: usize = 64;
/// The most names of listings that are told.
pub const LISTED: usize = 32;

static PROGRAM: Field =
    Field::text("program", "programs called, by name or number", "RFC 5531 8.4.2, IANA RPC program numbers")
        .list()
        .items(PROGRAMS);
static VERSION: Field = Field::number("version", "versions of the program, each once", "RFC 5531 9").list();
static MINOR: Field = Field::number("minor_version", "minor versions of NFS 4, each once", "RFC 8881 2.2").list();
static CALLED: Field =
    Field::text("calls", "procedures called and how often, such as `LOOKUP:12`; of NFS 4 the operations", "RFC 5531 9")
        .list()
        .items(CALLS);
static MACHINE: Field = Field::text("machine", "the client's name as it tells it", "RFC 5531 appendix A").list();
static UID: Field =
    Field::number("uid", "users by number as the client tells them, each once", "RFC 5531 appendix A").list();
static AUTH: Field =
    Field::text("auth", "how the client says who calls: `none`, `sys`, `gss`, ...", "RFC 5531 8.2, RFC 2203").list();
static FAILURE: Field = Field::text("failure", "why calls were not carried out, each once", "RFC 5531 9").list();
static ASKED: Field = Field::text(
    "program",
    "programs asked for, with version and transport, such as `nfs 3 tcp`",
    "RFC 1833 3.2, 2.2.1",
)
.aligned();
static ANSWER: Field = Field::text(
    "answer",
    "the port or universal address told for it; `0` or nothing where there is none",
    "RFC 1833 2.2.1",
)
.aligned();
static MAPPING: Field =
    Field::text("mapping", "what a list of all programs told, such as `nfs 3 tcp 2049`", "RFC 1833 3.2, 2.2.1")
        .list()
        .items(LISTED);
static PATH: Field = Field::text("path", "paths mounted or let go", "RFC 1813 5.2.1").list().long();
static EXPORT: Field =
    Field::text("export", "paths that the server offers", "RFC 1813 5.2.5").list().long().items(LISTED);
static STATUS: Field =
    Field::text("status", "how operations failed, each kind once, such as `NOENT`", "RFC 1813 2.6, RFC 8881 15.1")
        .list();
static OPERATION: Field =
    Field::text("operation", "what was done to a named file: `LOOKUP`, `READ`, ...", "RFC 1813 3.3, RFC 8881 18")
        .aligned()
        .items(ROWS);
static NAME: Field =
    Field::text("name", "the file's name in its directory, each once for each operation", "RFC 1813 3.3, RFC 8881 18")
        .aligned()
        .items(ROWS);
static NEW_NAME: Field =
    Field::text("new_name", "the name or target that a RENAME, LINK or SYMLINK gave", "RFC 1813 3.3.14")
        .aligned()
        .items(ROWS);
static RESULT: Field =
    Field::text("result", "how the first of these ended: `OK` or a status; empty without a reply", "RFC 1813 2.6")
        .aligned()
        .items(ROWS);
static LISTED_NAME: Field =
    Field::text("listed_name", "names that directory listings showed, each once", "RFC 1813 3.3.16")
        .list()
        .items(LISTED);

/// Other programs.
pub static RPC: Element = Element {
    name: "rpc",
    meaning: "remote procedure calls of ONC (Sun)",
    fields: &[&PROGRAM, &VERSION, &CALLED, &MACHINE, &UID, &AUTH, &FAILURE],
};
/// The portmapper.
pub static PORTMAP_ELEMENT: Element = Element {
    name: "portmap",
    meaning: "where programs of ONC RPC are served",
    fields: &[&VERSION, &CALLED, &ASKED, &ANSWER, &MAPPING, &MACHINE, &UID, &AUTH, &FAILURE],
};
/// Mounting.
pub static MOUNT_ELEMENT: Element = Element {
    name: "mount",
    meaning: "mounting file systems of NFS 2 and 3",
    fields: &[&VERSION, &CALLED, &PATH, &EXPORT, &STATUS, &MACHINE, &UID, &AUTH, &FAILURE],
};
/// NFS.
pub static NFS_ELEMENT: Element = Element {
    name: "nfs",
    meaning: "Network File System: which files, and what was done to them",
    fields: &[
        &VERSION,
        &MINOR,
        &CALLED,
        &OPERATION,
        &NAME,
        &NEW_NAME,
        &RESULT,
        &LISTED_NAME,
        &STATUS,
        &MACHINE,
        &UID,
        &AUTH,
        &FAILURE,
    ],
};
/// Locks.
pub static NLM_ELEMENT: Element = Element {
    name: "nlm",
    meaning: "locks on files of NFS 2 and 3",
    fields: &[&VERSION, &CALLED, &STATUS, &MACHINE, &UID, &AUTH, &FAILURE],
};

/// What was called how often.
#[derive(Clone, Copy, Debug)]
struct Tally {
    program: u32,
    /// The version for a procedure; 0 and a number of NFS 4 for an operation.
    version: u32,
    number: u32,
    count: u64,
}

/// Something done to a named file.
#[derive(Debug)]
struct Row {
    operation: &'static str,
    name: Text,
    new_name: Text,
    result: Option<u32>,
}

/// A question to a portmapper.
#[derive(Debug)]
struct Question {
    asked: Text,
    answer: Text,
}

/// What is known of a session, but for the files that moved.
#[derive(Debug, Default)]
pub struct Known {
    programs: List<u32, PROGRAMS>,
    versions: List<(u32, u32), PROGRAMS>,
    pub minors: List<u64, 4>,
    calls: List<Tally, CALLS>,
    machines: List<Text, 4>,
    uids: List<u64>,
    auth: List<&'static str, 8>,
    failures: List<&'static str>,
    questions: List<Question>,
    pub mappings: List<Text, LISTED>,
    pub paths: List<Text>,
    pub exports: List<Text, LISTED>,
    statuses: List<u32>,
    rows: List<Row, ROWS>,
    pub listed: List<Text, LISTED>,
    /// Calls were encrypted.
    pub sealed: bool,
    /// The first program of which more was called than whether it is there.
    app: Option<&'static str>,
}

impl Known {
    /// The application.
    pub fn app(&self) -> Option<&'static str> {
        self.app
    }

    /// A procedure was called.
    pub fn call(&mut self, program: u32, version: u32, number: u32, caller: &Caller<'_>) {
        self.programs.push_distinct(program);
        self.versions.push_distinct((program, version));
        let known = matches!(program, PORTMAP | MOUNT | NFS | NLM);
        if number != 0 && self.app.is_none() {
            self.app = Some(if known { programs::name(program).unwrap_or("rpc") } else { "rpc" });
        }
        // Of NFS 4 the operations count.
        if program != NFS || version < 4 || number == 0 {
            self.count(program, version, number);
        }
        self.auth.push_distinct(match caller {
            Caller::Nobody => "none",
            Caller::System { machine, uid } => {
                if !machine.is_empty() {
                    self.machines.push_distinct(Text::new(machine));
                }
                self.uids.push_distinct(u64::from(*uid));
                "sys"
            }
            Caller::Gss { .. } => "gss",
            Caller::Other(2) => "short",
            Caller::Other(3) => "dh",
            Caller::Other(7) => "tls",
            Caller::Other(_) => "other",
        });
    }

    /// An operation of NFS 4 was called.
    pub fn operation4(&mut self, number: u32) {
        self.count(NFS, 0, number);
    }

    fn count(&mut self, program: u32, version: u32, number: u32) {
        let same = |known: &&mut Tally| (known.program, known.version, known.number) == (program, version, number);
        match self.calls.items_mut().iter_mut().find(same) {
            Some(known) => known.count = known.count.saturating_add(1),
            None => {
                self.calls.push(Tally { program, version, number, count: 1 });
            }
        }
    }

    /// The client named itself.
    pub fn machine(&mut self, name: &[u8]) {
        if !name.is_empty() {
            self.machines.push_distinct(Text::new(name));
        }
    }

    /// A call was not carried out.
    pub fn failed(&mut self, why: &'static str) {
        self.failures.push_distinct(why);
    }

    /// An operation's status.
    pub fn status(&mut self, status: u32) {
        if status != 0 {
            self.statuses.push_distinct(status);
        }
    }

    /// Something is done to a named file. Gives its place, where it has one.
    pub fn row(&mut self, operation: &'static str, name: Text, new_name: Text) -> Option<usize> {
        let same = |row: &Row| row.operation == operation && row.name == name && row.new_name == new_name;
        if let Some(at) = self.rows.items().iter().position(same) {
            return Some(at);
        }
        let at = self.rows.items().len();
        self.rows.push(Row { operation, name, new_name, result: None }).then_some(at)
    }

    /// How it ended.
    pub fn ended(&mut self, row: Option<usize>, status: u32) {
        if let Some(row) = row.and_then(|at| self.rows.items_mut().get_mut(at)) {
            row.result.get_or_insert(status);
        }
    }

    /// A question to a portmapper. Gives its place, where it has one.
    pub fn question(&mut self, asked: Text) -> Option<usize> {
        let at = self.questions.items().len();
        self.questions.push(Question { asked, answer: Text::default() }).then_some(at)
    }

    /// What a portmapper answered.
    pub fn answer(&mut self, question: Option<usize>, answer: Text) {
        if let Some(question) = question.and_then(|at| self.questions.items_mut().get_mut(at)) {
            question.answer = answer;
        }
    }

    /// Writes the elements of the programs that were called.
    pub fn facts(&self, out: &mut Facts) {
        let called = |program| self.programs.items().contains(&program);
        if called(PORTMAP) {
            let mut element = out.element(&PORTMAP_ELEMENT);
            self.common(&mut element, |program| program == PORTMAP);
            let (questions, omitted) = (self.questions.items(), self.questions.omitted());
            element.list(&ASKED, questions.iter().map(|question| &question.asked), omitted);
            if questions.iter().any(|question| !question.answer.is_empty()) {
                element.list(&ANSWER, questions.iter().map(|question| &question.answer), omitted);
            }
            element.texts(&MAPPING, &self.mappings);
        }
        if called(MOUNT) {
            let mut element = out.element(&MOUNT_ELEMENT);
            self.common(&mut element, |program| program == MOUNT);
            element.texts(&PATH, &self.paths);
            element.texts(&EXPORT, &self.exports);
            self.statuses(&mut element);
        }
        if called(NFS) {
            let mut element = out.element(&NFS_ELEMENT);
            self.common(&mut element, |program| program == NFS);
            self.files(&mut element);
        }
        if called(NLM) {
            let mut element = out.element(&NLM_ELEMENT);
            self.common(&mut element, |program| program == NLM);
            self.statuses(&mut element);
        }
        let other = |program: u32| !matches!(program, PORTMAP | MOUNT | NFS | NLM);
        if self.programs.is_empty()
            || self.app.is_none_or(|app| app == "rpc")
            || self.programs.items().iter().any(|p| other(*p))
        {
            let mut element = out.element(&RPC);
            for program in self.programs.items() {
                let text =
                    programs::name(*program).map_or_else(|| Text::from(program.to_string().as_str()), Text::from);
                element.text(&PROGRAM, &text);
            }
            element.omitted(&PROGRAM, self.programs.omitted());
            self.common(&mut element, |program| self.app.is_none() || other(program));
        }
        if self.sealed {
            out.encrypted("protocol");
        }
    }

    /// What every program's element has.
    fn common(&self, element: &mut Writer<'_>, program: impl Fn(u32) -> bool) {
        let mut versions: List<u64, PROGRAMS> = List::default();
        for (_, version) in self.versions.items().iter().filter(|(known, _)| program(*known)) {
            versions.push_distinct(u64::from(*version));
        }
        element.list(&VERSION, versions.items().iter().copied(), 0);
        for call in self.calls.items().iter().filter(|call| program(call.program)) {
            let name = if call.version == 0 && call.program == NFS {
                programs::operation4(call.number)
            } else {
                programs::procedure(call.program, call.version, call.number)
            };
            let text = match name {
                Some(name) => format!("{name}:{}", call.count),
                None => format!("{}:{}", call.number, call.count),
            };
            element.value(&CALLED, Value::Bytes(text.as_bytes()));
        }
        element.omitted(&CALLED, self.calls.omitted());
        element.texts(&MACHINE, &self.machines);
        element.list(&UID, self.uids.items().iter().copied(), self.uids.omitted());
        element.list(&AUTH, self.auth.items().iter().copied(), self.auth.omitted());
        element.list(&FAILURE, self.failures.items().iter().copied(), self.failures.omitted());
    }

    fn statuses(&self, element: &mut Writer<'_>) {
        for status in self.statuses.items() {
            element.value(&STATUS, Value::Bytes(status_text(*status).bytes()));
        }
        element.omitted(&STATUS, self.statuses.omitted());
    }

    fn files(&self, element: &mut Writer<'_>) {
        element.list(&MINOR, self.minors.items().iter().copied(), self.minors.omitted());
        let (rows, omitted) = (self.rows.items(), self.rows.omitted());
        element.list(&OPERATION, rows.iter().map(|row| row.operation), omitted);
        element.list(&NAME, rows.iter().map(|row| &row.name), omitted);
        if rows.iter().any(|row| !row.new_name.is_empty()) {
            element.list(&NEW_NAME, rows.iter().map(|row| &row.new_name), omitted);
        }
        if rows.iter().any(|row| row.result.is_some()) {
            let results: Vec<Text> = rows.iter().map(|row| row.result.map(status_text).unwrap_or_default()).collect();
            element.list(&RESULT, &results, omitted);
        }
        element.texts(&LISTED_NAME, &self.listed);
        self.statuses(element);
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        let text = |text: &Text| size_of::<Text>() + text.heap_bytes();
        let lists: [&[Text]; 5] = [
            self.machines.items(),
            self.mappings.items(),
            self.paths.items(),
            self.exports.items(),
            self.listed.items(),
        ];
        lists.iter().flat_map(|list| list.iter()).map(text).sum::<usize>()
            + self
                .rows
                .items()
                .iter()
                .map(|row| size_of::<Row>() + text(&row.name) + text(&row.new_name))
                .sum::<usize>()
            + self
                .questions
                .items()
                .iter()
                .map(|question| text(&question.asked) + text(&question.answer))
                .sum::<usize>()
            + size_of_val(self.calls.items())
    }
}

fn status_text(status: u32) -> Text {
    match programs::status(status) {
        _ if status == 0 => Text::from("OK"),
        Some(name) => Text::from(name),
        None => Text::from(status.to_string().as_str()),
    }
}
