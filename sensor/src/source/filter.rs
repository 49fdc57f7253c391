//! The `--filter` expression: the language of pcap-filter(7), compiled by libpcap once for every link type and run on every frame.

use std::sync::Arc;

use pcap::{BpfProgram, Capture, Linktype};

use super::Error;

/// Bytes of the wire that a filter is shown where it asks for lengths: the longest packet that a length comparison is exact for.
const MAX_SHOWN_BYTES: usize = 262_144;

/// A filter, and its programs for the link types met so far.
pub struct Filter {
    expression: Arc<str>,
    programs: Vec<(u16, Option<Program>)>,
    /// Where a frame was cut short, a program that compares lengths sees it in here, filled up.
    filled_up: Vec<u8>,
}

struct Program {
    instructions: BpfProgram,
    /// Whether it loads the length of the packet (`greater`, `less`, `len`).
    asks_length: bool,
}

impl Filter {
    /// Compiles `expression` for Ethernet, or for the first of `links` that it makes sense on; the error is the one that libpcap tells.
    pub fn new(expression: &str, links: &[u16]) -> Result<Self, Error> {
        let mut filter = Self { expression: expression.into(), programs: Vec::new(), filled_up: Vec::new() };
        let mut refusal = None;
        for &link in links.iter().chain(&[ETHERNET]) {
            match filter.compile(link) {
                Ok(program) => {
                    filter.programs.push((link, Some(program)));
                    return Ok(filter);
                }
                Err(what) => refusal = refusal.or(Some(what)),
            }
        }
        Err(Error::Filter { expression: expression.to_owned(), what: refusal.unwrap_or_default() })
    }

    /// Whether the filter lets a frame pass. One of a link type on which the filter makes no sense never passes.
    pub fn admits(&mut self, link: u16, bytes: &[u8], wirelen: u32) -> bool {
        let known = self.programs.iter().position(|(of, _)| *of == link);
        let position = known.unwrap_or_else(|| {
            let program = self.compile(link).ok();
            self.programs.push((link, program));
            self.programs.len() - 1
        });
        let Some((_, Some(program))) = self.programs.get(position) else { return false };
        // libpcap is told one length only, the captured one.
        if program.asks_length && bytes.len() < wirelen as usize {
            self.filled_up.clear();
            self.filled_up.extend_from_slice(bytes);
            self.filled_up.resize((wirelen as usize).min(MAX_SHOWN_BYTES).max(bytes.len()), 0);
            return program.instructions.filter(&self.filled_up);
        }
        program.instructions.filter(bytes)
    }

    /// The link types met on which the filter makes no sense.
    pub fn senseless_links(&self) -> impl Iterator<Item = u16> {
        self.programs.iter().filter(|(_, program)| program.is_none()).map(|(link, _)| *link)
    }

    fn compile(&self, link: u16) -> Result<Program, String> {
        let what = |error: pcap::Error| match error {
            pcap::Error::PcapError(what) => what,
            error => error.to_string(),
        };
        let capture = Capture::dead(Linktype(data_link_type(link))).map_err(what)?;
        let instructions = capture.compile(&self.expression, true).map_err(what)?;
        // Each prints as its four numbers; 128 and 129 are the two that load the length.
        let asks_length = instructions.get_instructions().iter().any(|instruction| {
            let text = instruction.to_string();
            matches!(text.split(' ').next(), Some("128" | "129"))
        });
        Ok(Program { instructions, asks_length })
    }
}

const ETHERNET: u16 = 1;

/// libpcap's own number for a link type of files, as it has it on Linux.
fn data_link_type(link: u16) -> i32 {
    match link {
        100 => 11,
        101 => 12,
        102 => 15,
        103 => 16,
        106 => 19,
        _ => i32::from(link),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ethernet, IPv4, UDP from port 1000 to `port`, 4 bytes of payload.
    fn udp(port: u16) -> Vec<u8> {
        let mut frame = vec![0; 12];
        frame.extend([8, 0, 0x45, 0, 0, 32, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 3, 0xe8]);
        frame.extend(port.to_be_bytes());
        frame.extend([0, 12, 0, 0, 1, 2, 3, 4]);
        frame
    }

    #[test]
    fn a_filter_chooses_frames() {
        let mut filter = Filter::new("udp port 53", &[]).unwrap();
        assert!(filter.admits(1, &udp(53), 46));
        assert!(!filter.admits(1, &udp(54), 46));
        assert!(!filter.admits(1, &udp(53)[..20], 46), "the port was not captured");
        assert!(!filter.admits(1, b"", 0));
    }

    #[test]
    fn each_link_type_has_its_own_program() {
        let mut filter = Filter::new("udp port 53", &[101]).unwrap();
        let raw = &udp(53)[14..];
        assert!(filter.admits(101, raw, 32));
        assert!(!filter.admits(1, raw, 32));
        assert!(filter.admits(1, &udp(53), 46));
        let mut filter = Filter::new("ether host 1:2:3:4:5:6", &[101]).unwrap();
        assert!(!filter.admits(101, raw, 32), "raw IP has no such address");
        assert_eq!(filter.senseless_links().collect::<Vec<_>>(), [101]);
    }

    #[test]
    fn lengths_are_those_of_the_wire() {
        let mut filter = Filter::new("greater 1000", &[]).unwrap();
        assert!(filter.admits(1, &udp(53), 1000));
        assert!(!filter.admits(1, &udp(53), 999));
        assert!(filter.admits(1, &udp(53), u32::MAX));
    }

    #[test]
    fn a_wrong_filter_is_told_in_one_line() {
        let error = Filter::new("prot 53", &[]).err().unwrap().to_string();
        assert!(error.contains("prot 53") && !error.contains('\n'), "{error}");
        assert!(Filter::new("tcp\0", &[1]).is_err());
    }
}
