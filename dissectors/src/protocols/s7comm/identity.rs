//! What controllers say of themselves: system status lists 0011 (modules) and 001C (components), and S7comm-plus's name.
//!
//! ```text
//! list    entry size:2 entries:2, each entry index:2 and
//!         0011: order number:20 kind:2 version:2 version:2        001C: text, the rest of the entry
//! ```

use crate::capped::Text;
use crate::counts::trimmed;
use crate::dictionary::Field;
use crate::facts::Writer;
use crate::reader::Reader;

const SOURCE: &str = "S7 communication, system status lists";

/// The controller's order number.
pub(super) static MODULE: Field = Field::text("module", "order number of the module", SOURCE);
/// Its name.
pub(super) static MODULE_NAME: Field = Field::text("module_name", "name of the module", SOURCE);
/// What it is.
pub(super) static MODULE_TYPE: Field = Field::text("module_type", "type of the module", SOURCE);
/// The station's name.
pub(super) static SYSTEM_NAME: Field = Field::text("system_name", "name of the automation system", SOURCE);
/// The plant.
pub(super) static PLANT: Field = Field::text("plant", "identification of the plant", SOURCE);
/// The place.
pub(super) static LOCATION: Field = Field::text("location", "location designation", SOURCE);
/// The number of this one.
pub(super) static SERIAL: Field = Field::text("serial", "serial number of the module", SOURCE);
/// Its firmware.
pub(super) static FIRMWARE: Field = Field::text("firmware", "version of the firmware", SOURCE);

/// Lists that identify, whatever part of them was asked for.
const MODULES: u16 = 0x11;
const COMPONENTS: u16 = 0x1c;
/// Bytes of an order number.
const ORDER_NUMBER: usize = 20;
/// The most entries looked at.
const ENTRIES: usize = 32;

#[derive(Debug, Default)]
pub(super) struct Identity {
    module: Text,
    module_name: Text,
    module_type: Text,
    system_name: Text,
    plant: Text,
    location: Text,
    serial: Text,
    firmware: Text,
}

fn keep(slot: &mut Text, bytes: &[u8]) {
    let text = trimmed(bytes);
    if slot.is_empty() && text.iter().all(|byte| !byte.is_ascii_control()) {
        *slot = Text::new(text);
    }
}

impl Identity {
    /// Reads the entries of a list.
    pub(super) fn list(&mut self, id: u16, mut reader: Reader<'_>) -> Option<()> {
        let size = usize::from(reader.be_u16()?);
        let entries = usize::from(reader.be_u16()?).min(ENTRIES);
        for _ in 0..entries {
            let mut entry = reader.sub(size)?;
            let index = entry.be_u16()?;
            match (id & 0xff, index) {
                (MODULES, 1) => keep(&mut self.module, entry.take(ORDER_NUMBER)?),
                (MODULES, 7) => {
                    entry.skip(ORDER_NUMBER + 2)?;
                    if let Some([b'V', major, minor, patch]) = entry.array()
                        && self.firmware.is_empty()
                    {
                        self.firmware = Text::from(format!("{major}.{minor}.{patch}").as_str());
                    }
                }
                (COMPONENTS, 1) => keep(&mut self.system_name, entry.rest()),
                (COMPONENTS, 2) => keep(&mut self.module_name, entry.rest()),
                (COMPONENTS, 3) => keep(&mut self.plant, entry.rest()),
                (COMPONENTS, 5) => keep(&mut self.serial, entry.rest()),
                (COMPONENTS, 7) => keep(&mut self.module_type, entry.rest()),
                (COMPONENTS, 11) => keep(&mut self.location, entry.rest()),
                _ => {}
            }
        }
        Some(())
    }

    /// Seeks what an S7comm-plus controller calls itself: `1;6ES7 ...;V4.2`.
    pub(super) fn plus(&mut self, bytes: &[u8]) -> Option<()> {
        let at = memchr::memmem::find(bytes, b"1;6")?;
        let text = bytes.get(at..)?.split(|byte| !matches!(byte, b' '..=b'~')).next()?;
        let mut parts = text.split(|byte| *byte == b';').skip(1);
        keep(&mut self.module, parts.next()?);
        keep(&mut self.firmware, parts.next()?.trim_ascii().strip_prefix(b"V")?);
        Some(())
    }

    pub(super) fn facts(&self, element: &mut Writer<'_>) {
        for (field, text) in [
            (&MODULE, &self.module),
            (&MODULE_NAME, &self.module_name),
            (&MODULE_TYPE, &self.module_type),
            (&SYSTEM_NAME, &self.system_name),
            (&PLANT, &self.plant),
            (&LOCATION, &self.location),
            (&SERIAL, &self.serial),
            (&FIRMWARE, &self.firmware),
        ] {
            element.text(field, text);
        }
    }

    pub(super) fn heap_bytes(&self) -> usize {
        [
            &self.module,
            &self.module_name,
            &self.module_type,
            &self.system_name,
            &self.plant,
            &self.location,
            &self.serial,
            &self.firmware,
        ]
        .map(Text::heap_bytes)
        .iter()
        .sum()
    }
}
