//! JDWP: a debugger at a Java virtual machine, which may make it run anything (Java Debug Wire Protocol).
//!
//! ```text
//! both     JDWP-Handshake                                       the debugger first
//! packet   length:4 id:4 flags:1  set:1 command:1 | error:2  ...    flags 80: a reply
//! ```
//!
//! Told: what the machine says it is (reply to VirtualMachine.Version), the commands that were used. A debugger may also listen and the machine connect;
//! who speaks first is the debugger. Limits: of a packet only [`PACKET_BYTES`] are read, the rest is passed over.

use crate::capped::{List, Text};
use crate::dictionary::{Element, Field};
use crate::facts::{Facts, Value};
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Sample, Step, Transport, Verdict};
use crate::reader::Reader;

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "jdwp",
    about: About {
        name: "Java Debug Wire Protocol",
        specification: "Java Debug Wire Protocol",
        evidence: "the handshake `JDWP-Handshake`",
        limits: "of packets only the commands are told",
        ports: &[5005, 8000],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[b'J'..=b'J']),
    probe,
    open: |_: &Opening| Box::new(Jdwp::default()),
};

/// The machine.
pub static VM_NAME: Field = Field::text("vm_name", "the virtual machine's name", "JDWP VirtualMachine.Version");
/// Its version.
pub static VM_VERSION: Field = Field::text("vm_version", "its version", "JDWP VirtualMachine.Version");
/// The commands.
pub static COMMAND: Field =
    Field::text("command", "kinds of commands that the debugger gave, in the order of their first use", "JDWP").list();
/// How many.
pub static COMMANDS: Field = Field::number("commands", "commands that the debugger gave", "JDWP");

/// The element.
pub static ELEMENT: Element = Element {
    name: "jdwp",
    meaning: "Java Debug Wire Protocol",
    fields: &[&VM_NAME, &VM_VERSION, &COMMAND, &COMMANDS],
};

const HANDSHAKE: &[u8] = b"JDWP-Handshake";
const HEADER_BYTES: usize = 11;
/// The part of a packet that is read.
const PACKET_BYTES: usize = 4096;
const REPLY: u8 = 0x80;
/// VirtualMachine.Version.
const VERSION: (u8, u8) = (1, 1);

fn probe(sample: &Sample<'_>) -> Verdict {
    if !HANDSHAKE.iter().zip(sample.bytes).all(|(wanted, byte)| wanted == byte) {
        return Verdict::Reject;
    }
    match (sample.bytes.len() >= HANDSHAKE.len(), sample.role) {
        (false, _) => Verdict::NeedMore,
        (true, Role::Client) => Verdict::Match,
        (true, Role::Server) => Verdict::Likely,
    }
}

#[derive(Debug, Default)]
struct Jdwp {
    shaken: [bool; 2],
    /// The id of the question for the version.
    asked: Option<u32>,
    vm_name: Text,
    vm_version: Text,
    kinds: List<(u8, u8)>,
    commands: u64,
}

impl Jdwp {
    /// The reply to VirtualMachine.Version: `description major:4 minor:4 version name`, texts with their length before them.
    fn version(&mut self, body: &[u8]) {
        let mut reader = Reader::new(body);
        let text = |reader: &mut Reader<'_>| {
            let length = usize::try_from(reader.be_u32()?).ok()?;
            reader.take(length).map(Text::new)
        };
        let _ = text(&mut reader);
        reader.skip(8);
        if let (Some(version), Some(name)) = (text(&mut reader), text(&mut reader)) {
            (self.vm_version, self.vm_name) = (version, name);
        }
    }
}

impl Dissector for Jdwp {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        let bytes = chunk.bytes;
        if let Some(shaken) = self.shaken.get_mut(chunk.role.index()).filter(|shaken| !**shaken) {
            if bytes.len() < HANDSHAKE.len() {
                return Step::NeedMore(HANDSHAKE.len());
            }
            *shaken = true;
            return if bytes.starts_with(HANDSHAKE) { Step::Consumed(HANDSHAKE.len()) } else { Step::Violation };
        }
        let mut reader = Reader::new(bytes);
        let Some((length, id, [flags, set, command])) =
            (|| Some((reader.be_u32()?, reader.be_u32()?, reader.array()?)))()
        else {
            return Step::NeedMore(HEADER_BYTES);
        };
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if length < HEADER_BYTES {
            return Step::Violation;
        }
        let wanted = length.min(PACKET_BYTES);
        let Some(packet) = bytes.get(..wanted) else {
            return Step::NeedMore(wanted);
        };
        match (chunk.role, flags & REPLY != 0) {
            (Role::Client, false) => {
                self.commands = self.commands.saturating_add(1);
                self.kinds.push_distinct((set, command));
                if (set, command) == VERSION {
                    self.asked = Some(id);
                }
            }
            (Role::Server, true) if self.asked == Some(id) => {
                self.asked = None;
                self.version(packet.get(HEADER_BYTES..).unwrap_or_default());
            }
            _ => {}
        }
        match length.checked_sub(bytes.len()) {
            None | Some(0) => Step::Consumed(length),
            Some(missing) => Step::Skip(missing as u64),
        }
    }

    fn facts(&self, out: &mut Facts) {
        let mut jdwp = out.element(&ELEMENT);
        jdwp.text(&VM_NAME, &self.vm_name);
        jdwp.text(&VM_VERSION, &self.vm_version);
        let names: Vec<String> = self.kinds.items().iter().map(|(set, command)| command_name(*set, *command)).collect();
        jdwp.list(&COMMAND, names.iter().map(|name| Value::Bytes(name.as_bytes())), self.kinds.omitted());
        if self.commands > 0 {
            jdwp.number(&COMMANDS, self.commands);
        }
    }

    fn heap_bytes(&self) -> usize {
        size_of::<Self>() + self.vm_name.heap_bytes() + self.vm_version.heap_bytes() + self.kinds.items().len() * 2
    }
}

/// The name of a command; of those without one here, the set's name and the number.
fn command_name(set: u8, command: u8) -> String {
    let Some((_, name, commands)) = SETS.iter().find(|(number, ..)| *number == set) else {
        return format!("{set}.{command}");
    };
    let at = usize::from(command).checked_sub(1);
    match at.and_then(|at| commands.get(at)).filter(|known| !known.is_empty()) {
        Some(known) => format!("{name}.{known}"),
        None => format!("{name}.{command}"),
    }
}

/// Sets of commands by their numbers; the commands of a set are numbered from 1.
const SETS: [(u8, &str, &[&str]); 18] = [
    (
        1,
        "VirtualMachine",
        &[
            "Version",
            "ClassesBySignature",
            "AllClasses",
            "AllThreads",
            "TopLevelThreadGroups",
            "Dispose",
            "IDSizes",
            "Suspend",
            "Resume",
            "Exit",
            "CreateString",
            "Capabilities",
            "ClassPaths",
            "DisposeObjects",
            "HoldEvents",
            "ReleaseEvents",
            "CapabilitiesNew",
            "RedefineClasses",
            "SetDefaultStratum",
            "AllClassesWithGeneric",
            "InstanceCounts",
            "AllModules",
        ],
    ),
    (
        2,
        "ReferenceType",
        &[
            "Signature",
            "ClassLoader",
            "Modifiers",
            "Fields",
            "Methods",
            "GetValues",
            "SourceFile",
            "NestedTypes",
            "Status",
            "Interfaces",
            "ClassObject",
            "SourceDebugExtension",
            "SignatureWithGeneric",
            "FieldsWithGeneric",
            "MethodsWithGeneric",
            "Instances",
            "ClassFileVersion",
            "ConstantPool",
            "Module",
        ],
    ),
    (3, "ClassType", &["Superclass", "SetValues", "InvokeMethod", "NewInstance"]),
    (4, "ArrayType", &["NewInstance"]),
    (5, "InterfaceType", &["InvokeMethod"]),
    (6, "Method", &["LineTable", "VariableTable", "Bytecodes", "IsObsolete", "VariableTableWithGeneric"]),
    (8, "Field", &[]),
    (
        9,
        "ObjectReference",
        &[
            "ReferenceType",
            "GetValues",
            "SetValues",
            "",
            "MonitorInfo",
            "InvokeMethod",
            "DisableCollection",
            "EnableCollection",
            "IsCollected",
            "ReferringObjects",
        ],
    ),
    (10, "StringReference", &["Value"]),
    (
        11,
        "ThreadReference",
        &[
            "Name",
            "Suspend",
            "Resume",
            "Status",
            "ThreadGroup",
            "Frames",
            "FrameCount",
            "OwnedMonitors",
            "CurrentContendedMonitor",
            "Stop",
            "Interrupt",
            "SuspendCount",
            "OwnedMonitorsStackDepthInfo",
            "ForceEarlyReturn",
        ],
    ),
    (12, "ThreadGroupReference", &["Name", "Parent", "Children"]),
    (13, "ArrayReference", &["Length", "GetValues", "SetValues"]),
    (14, "ClassLoaderReference", &["VisibleClasses"]),
    (15, "EventRequest", &["Set", "Clear", "ClearAllBreakpoints"]),
    (16, "StackFrame", &["GetValues", "SetValues", "ThisObject", "PopFrames"]),
    (17, "ClassObjectReference", &["ReflectedType"]),
    (18, "ModuleReference", &["Name", "ClassLoader"]),
    (64, "Event", &[]),
];
