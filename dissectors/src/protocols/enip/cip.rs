//! CIP messages (CIP Networks Library, volume 1, 2-4 and appendix C).
//!
//! ```text
//! request   service:1 words of the path:1 path, data
//! answer    service:1 (80 set) 0:1 status:1 words of more status:1 ...
//! path      20 class:1, 21 0 class:2, 24 instance:1, 30 attribute:1, 91 length:1 symbol [fill], ...
//! carried   unconnected send (52 of class 6): priority:1 ticks:1 length:2 request; several (0a): count:2 offsets:2 requests
//! ```
//!
//! What carries other requests is opened once, not again.

use crate::capped::{List, Text};
use crate::counts::{self, NAMES, Tally, named_hex};
use crate::dictionary::Field;
use crate::facts::Writer;
use crate::reader::Reader;

/// Services.
pub(super) static SERVICE: Field =
    Field::text("service", "CIP services asked for, with how often: `get_attributes_all:2`", "CIP 1, A-3")
        .list()
        .items(NAMES);
/// Classes.
pub(super) static CLASS: Field = Field::text("class", "classes of objects spoken to, each once", "CIP 1, 5").list();
/// Symbols.
pub(super) static TAG: Field = Field::text("tag", "symbols (tags) spoken of, each once", "CIP 1, C-1.4.5").list();
/// What was written.
pub(super) static WRITTEN: Field = Field::text(
    "written",
    "symbols, or objects as `class/instance/attribute`, that a write was asked for",
    "CIP 1, A-3",
)
.list();
/// What went wrong.
pub(super) static ERROR: Field =
    Field::text("error", "errors in answers, with how often", "CIP 1, B-1").list().items(NAMES);

/// The bit of answers.
const ANSWER: u8 = 0x80;
/// What carries other requests.
const MULTIPLE: u8 = 0x0a;
const UNCONNECTED_SEND: u8 = 0x52;
const CONNECTION_MANAGER: u16 = 6;
/// The most requests that one carries.
const CARRIED: usize = 16;

/// Where a request goes.
#[derive(Clone, Copy, Debug, Default)]
struct Path<'a> {
    class: Option<u16>,
    instance: Option<u16>,
    attribute: Option<u16>,
    symbol: &'a [u8],
}

impl<'a> Path<'a> {
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut path = Self::default();
        let mut reader = Reader::new(bytes);
        while let Some(segment) = reader.u8() {
            if segment == 0x91 {
                let length = usize::from(reader.u8()?);
                let symbol = reader.take(length)?;
                reader.skip(length % 2)?;
                if path.symbol.is_empty() {
                    path.symbol = symbol;
                }
                continue;
            }
            let number = match segment & 3 {
                _ if segment >> 5 != 1 => return Some(path),
                0 => u16::from(reader.u8()?),
                1 => {
                    reader.skip(1)?;
                    reader.le_u16()?
                }
                _ => return Some(path),
            };
            match segment & 0xfc {
                0x20 => path.class = path.class.or(Some(number)),
                0x24 => path.instance = path.instance.or(Some(number)),
                0x30 => path.attribute = path.attribute.or(Some(number)),
                _ => {}
            }
        }
        Some(path)
    }

    fn text(&self) -> Text {
        if !self.symbol.is_empty() {
            return Text::new(self.symbol);
        }
        let class = self.class.map_or_else(|| "?".into(), |number| named_hex(class(number), number));
        let mut text = class.into_owned();
        for part in [self.instance, self.attribute].into_iter().flatten() {
            text.push('/');
            text.push_str(&part.to_string());
        }
        Text::from(text.as_str())
    }
}

#[derive(Debug, Default)]
pub(super) struct Cip {
    services: Tally<(u8, bool)>,
    answered: Tally<(u8, bool)>,
    classes: List<u16>,
    tags: List<Text>,
    written: List<Text>,
    errors: Tally<u8>,
}

impl Cip {
    /// Takes a message.
    pub(super) fn message(&mut self, asks: bool, bytes: &[u8]) {
        // Roles of a session say nothing of who asks whom inside it.
        match bytes.first() {
            Some(service) if service & ANSWER != 0 => self.answer(bytes),
            Some(_) if asks || bytes.len() >= 2 => self.request(bytes, true),
            _ => None,
        };
    }

    fn answer(&mut self, bytes: &[u8]) -> Option<()> {
        let (service, _, status) = match bytes {
            [service, reserved, status, ..] => (service & !ANSWER, reserved, *status),
            _ => return None,
        };
        self.answered.count((service, false));
        if status != 0 {
            self.errors.count(status);
        }
        Some(())
    }

    fn request(&mut self, bytes: &[u8], opens: bool) -> Option<()> {
        let mut reader = Reader::new(bytes);
        let (service, words) = (reader.u8()?, usize::from(reader.u8()?));
        let path = Path::read(reader.take(words * 2)?)?;
        let manager = path.class == Some(CONNECTION_MANAGER);
        if opens && service == UNCONNECTED_SEND && manager {
            reader.skip(2)?;
            let length = usize::from(reader.le_u16()?);
            return self.request(reader.take(length)?, false);
        }
        if opens && service == MULTIPLE {
            let inside = reader.rest();
            let count = usize::from(reader.le_u16()?).min(CARRIED);
            for _ in 0..count {
                let offset = usize::from(reader.le_u16()?);
                self.request(inside.get(offset..)?, false);
            }
            return Some(());
        }
        self.services.count((service, manager));
        if let Some(class) = path.class {
            self.classes.push_distinct(class);
        }
        if !path.symbol.is_empty() {
            self.tags.push_distinct(Text::new(path.symbol));
        }
        let writes = matches!(service, 0x02 | 0x04 | 0x10 | 0x4d | 0x4e | 0x53) && !manager;
        if writes {
            self.written.push_distinct(path.text());
        }
        Some(())
    }

    pub(super) fn facts(&self, element: &mut Writer<'_>) {
        let services = if self.services.is_empty() { &self.answered } else { &self.services };
        services.write(element, &SERVICE, |(number, manager)| named_hex(service(*number, *manager), *number));
        counts::write_list(element, &CLASS, &self.classes, |number| named_hex(class(*number), *number));
        element.texts(&TAG, &self.tags);
        element.texts(&WRITTEN, &self.written);
        self.errors.write(element, &ERROR, |number| named_hex(error(*number), *number));
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.services.heap_bytes()
            + self.answered.heap_bytes()
            + counts::list_bytes(&self.classes)
            + counts::texts_bytes(&self.tags)
            + counts::texts_bytes(&self.written)
            + self.errors.heap_bytes()
    }
}

/// A service's name (CIP 1, A-3); those from 4b on are a class's own, of which the connection manager's and the controllers' tags are named.
const fn service(number: u8, manager: bool) -> Option<&'static str> {
    Some(match number {
        0x01 => "get_attributes_all",
        0x02 => "set_attributes_all",
        0x03 => "get_attribute_list",
        0x04 => "set_attribute_list",
        0x05 => "reset",
        0x06 => "start",
        0x07 => "stop",
        0x08 => "create",
        0x09 => "delete",
        0x0a => "multiple_service",
        0x0d => "apply_attributes",
        0x0e => "get_attribute_single",
        0x10 => "set_attribute_single",
        0x11 => "find_next",
        0x15 => "restore",
        0x16 => "save",
        0x17 => "no_operation",
        0x18 => "get_member",
        0x19 => "set_member",
        0x1a => "insert_member",
        0x1b => "remove_member",
        0x4b if !manager => "execute_pccc",
        0x4c if !manager => "read_tag",
        0x4d => "write_tag",
        0x4e if manager => "forward_close",
        0x4e => "read_modify_write_tag",
        0x52 if manager => "unconnected_send",
        0x52 => "read_tag_fragmented",
        0x53 => "write_tag_fragmented",
        0x54 => "forward_open",
        0x55 if !manager => "get_instance_attribute_list",
        0x5b => "large_forward_open",
        _ => return None,
    })
}

/// A class's name (CIP 1, 5; Rockwell's own).
const fn class(number: u16) -> Option<&'static str> {
    Some(match number {
        0x01 => "identity",
        0x02 => "message_router",
        0x04 => "assembly",
        0x05 => "connection",
        0x06 => "connection_manager",
        0x07 => "register",
        0x08 => "discrete_input",
        0x09 => "discrete_output",
        0x0a => "analog_input",
        0x0b => "analog_output",
        0x0f => "parameter",
        0x37 => "file",
        0x43 => "time_sync",
        0x47 => "device_level_ring",
        0x48 => "quality_of_service",
        0x67 => "pccc",
        0x6b => "symbol",
        0x6c => "template",
        0xac => "program_name",
        0xf4 => "port",
        0xf5 => "tcp_ip_interface",
        0xf6 => "ethernet_link",
        _ => return None,
    })
}

/// An error's name (CIP 1, B-1).
const fn error(number: u8) -> Option<&'static str> {
    Some(match number {
        0x01 => "connection_failure",
        0x02 => "resource_unavailable",
        0x03 => "invalid_parameter_value",
        0x04 => "path_segment_error",
        0x05 => "path_destination_unknown",
        0x06 => "partial_transfer",
        0x07 => "connection_lost",
        0x08 => "service_not_supported",
        0x09 => "invalid_attribute_value",
        0x0a => "attribute_list_error",
        0x0b => "already_in_requested_state",
        0x0c => "object_state_conflict",
        0x0e => "attribute_not_settable",
        0x0f => "privilege_violation",
        0x10 => "device_state_conflict",
        0x11 => "reply_data_too_large",
        0x13 => "not_enough_data",
        0x14 => "attribute_not_supported",
        0x15 => "too_much_data",
        0x16 => "object_does_not_exist",
        0x1e => "embedded_service_error",
        0x20 => "invalid_parameter",
        0x26 => "path_size_invalid",
        0xff => "general_error",
        _ => return None,
    })
}
