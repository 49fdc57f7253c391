//! `tapline interfaces`: what packets can be captured on.
//!
//! Names, flags and addresses are the kernel's (by pnet); state, counters and the kind of hardware stand in /sys/class/net; the link
//! types are libpcap's, which has to open the interface for them. Everything but the last is seen without privileges, and what
//! could not be seen is said.

use std::fs;

use pcap::{Capture, Linktype};
use pnet::datalink::{self, NetworkInterface};
use serde_json::{Value, json};

use crate::cli::{self, EXIT_FINE, Listing, count_text};

/// `IFF_PROMISC` of netdevice(7).
const PROMISCUOUS: u64 = 0x100;
/// Bytes of a packet that are asked for where only the link type is wanted.
const SNAPLEN: i32 = 64;
/// What is written where nothing was seen.
const UNSEEN: &str = "?";

/// Counters of what an interface received: the name here, and the kernel's.
const COUNTERS: [(&str, &str); 6] = [
    ("packets", "rx_packets"),
    ("bytes", "rx_bytes"),
    ("errors", "rx_errors"),
    ("drops", "rx_dropped"),
    ("missed", "rx_missed_errors"),
    ("overruns", "rx_fifo_errors"),
];

/// An interface as it is now.
struct Interface {
    name: String,
    state: &'static str,
    carrier: Option<bool>,
    loopback: bool,
    promiscuous: Option<bool>,
    mac: Option<String>,
    addresses: Vec<String>,
    mtu: Option<u64>,
    /// Megabits in a second.
    speed: Option<u64>,
    /// The link type first that a capture has, then those that it may be asked for; or why they were not seen.
    links: Result<Vec<String>, String>,
    /// In the order of [`COUNTERS`].
    counters: [Option<u64>; COUNTERS.len()],
}

/// Tells the interfaces. Always goes well: what was not seen is told.
pub(crate) fn run(listing: Listing) -> u8 {
    let mut interfaces: Vec<Interface> = datalink::interfaces().iter().map(Interface::look).collect();
    interfaces.sort_by(|one, other| (one.loopback, &one.name).cmp(&(other.loopback, &other.name)));
    let text = match listing {
        Listing::Table => table(&interfaces),
        Listing::Json => {
            let all: Vec<Value> = interfaces.iter().map(Interface::json).collect();
            format!("{:#}\n", Value::Array(all))
        }
    };
    cli::print(&text);
    unseen(&interfaces).iter().for_each(|what| cli::complain(what));
    EXIT_FINE
}

impl Interface {
    fn look(of: &NetworkInterface) -> Self {
        let at = |what: &str| {
            let text = fs::read_to_string(format!("/sys/class/net/{}/{what}", of.name)).ok()?;
            Some(text.trim().to_owned())
        };
        let number = |what: &str| at(what)?.parse::<u64>().ok();
        // The carrier of an interface that is down can't be read.
        let carrier = at("carrier").map(|carrier| carrier == "1");
        let flags = at("flags").and_then(|flags| u64::from_str_radix(flags.trim_start_matches("0x"), 16).ok());
        Self {
            name: of.name.clone(),
            state: match (of.is_up(), carrier) {
                (false, _) => "down",
                (true, Some(false)) => "no carrier",
                (true, _) => "up",
            },
            carrier,
            loopback: of.is_loopback(),
            promiscuous: flags.map(|flags| flags & PROMISCUOUS != 0),
            mac: of.mac.filter(|mac| !mac.is_zero()).map(|mac| mac.to_string()),
            addresses: of.ips.iter().map(ToString::to_string).collect(),
            mtu: number("mtu"),
            speed: number("speed"),
            links: links(&of.name),
            counters: COUNTERS.map(|(_, name)| number(&format!("statistics/{name}"))),
        }
    }

    fn counter(&self, name: &str) -> Option<u64> {
        COUNTERS.iter().zip(self.counters).find(|((known, _), _)| *known == name).and_then(|(_, count)| count)
    }

    fn json(&self) -> Value {
        let received: serde_json::Map<String, Value> =
            COUNTERS.iter().zip(self.counters).map(|((name, _), count)| ((*name).to_owned(), json!(count))).collect();
        json!({
            "name": self.name,
            "state": self.state,
            "carrier": self.carrier,
            "loopback": self.loopback,
            "promiscuous": self.promiscuous,
            "mac": self.mac,
            "addresses": self.addresses,
            "mtu": self.mtu,
            "speed_mbps": self.speed,
            "link_type": self.links.as_ref().ok().and_then(|links| links.first()),
            "link_types": self.links.as_ref().ok(),
            "received": received,
        })
    }

    /// A row of the table.
    fn row(&self) -> Vec<String> {
        let count = |name: &str| self.counter(name).map_or_else(|| UNSEEN.to_owned(), count_text);
        let promiscuous = match self.promiscuous {
            Some(true) => "yes",
            Some(false) => "no",
            None => UNSEEN,
        };
        vec![
            self.name.clone(),
            self.state.to_owned(),
            self.links.as_ref().ok().and_then(|links| links.first()).cloned().unwrap_or_else(|| UNSEEN.to_owned()),
            promiscuous.to_owned(),
            count("packets"),
            count("errors"),
            count("drops"),
            self.mac.clone().unwrap_or_default(),
            self.addresses.join(" "),
        ]
    }
}

/// The link types of an interface, that of a capture first.
fn links(interface: &str) -> Result<Vec<String>, String> {
    let opened = Capture::from_device(interface).and_then(|capture| capture.promisc(false).snaplen(SNAPLEN).open());
    let capture = opened.map_err(|error| error.to_string())?;
    let name = |link: Linktype| link.get_name().unwrap_or_else(|_| link.0.to_string());
    let first = capture.get_datalink();
    let others = capture.list_datalinks().unwrap_or_default().into_iter().filter(|link| *link != first);
    Ok(std::iter::once(first).chain(others).map(name).collect())
}

/// What could not be seen, and what to do about it.
fn unseen(interfaces: &[Interface]) -> Vec<String> {
    let mut told = Vec::new();
    if interfaces.is_empty() {
        told.push("the kernel tells of no interface; look whether this is a network namespace of its own".to_owned());
    }
    // One that is down can't be opened by anybody, and is told to be down.
    let without: Vec<(&str, &String)> = interfaces
        .iter()
        .filter(|of| of.state != "down")
        .filter_map(|of| Some((of.name.as_str(), of.links.as_ref().err()?)))
        .collect();
    if let Some((_, why)) = without.first() {
        let names: Vec<&str> = without.iter().map(|(name, _)| *name).collect();
        told.push(format!(
            "the link types of {} were not seen: {why}; root sees them, or who has CAP_NET_RAW",
            names.join(", ")
        ));
    }
    let uncounted: Vec<&str> =
        interfaces.iter().filter(|of| of.counters.contains(&None)).map(|of| of.name.as_str()).collect();
    if !uncounted.is_empty() {
        told.push(format!("the counters of {} were not seen; mount /sys to see them", uncounted.join(", ")));
    }
    told
}

/// A table with columns as wide as their widest cell; numbers to the right.
fn table(interfaces: &[Interface]) -> String {
    const HEAD: [&str; 9] =
        ["NAME", "STATE", "LINK TYPE", "PROMISCUOUS", "PACKETS", "ERRORS", "DROPS", "MAC", "ADDRESSES"];
    const NUMBERS: std::ops::Range<usize> = 4..7;
    let head = HEAD.iter().map(|name| (*name).to_owned()).collect();
    let rows: Vec<Vec<String>> = std::iter::once(head).chain(interfaces.iter().map(Interface::row)).collect();
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..HEAD.len()).map(|column| width(column).unwrap_or(0)).collect();
    let mut text = String::new();
    for row in &rows {
        let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, &width))| {
            if NUMBERS.contains(&column) { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
        });
        text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interface(name: &str, links: Result<Vec<String>, String>) -> Interface {
        Interface {
            name: name.to_owned(),
            state: "up",
            carrier: Some(true),
            loopback: false,
            promiscuous: Some(true),
            mac: Some("02:00:00:00:00:01".to_owned()),
            addresses: vec!["192.0.2.1/24".to_owned(), "2001:db8::1/64".to_owned()],
            mtu: Some(1500),
            speed: None,
            links,
            counters: [Some(1_234_567), Some(9), Some(0), Some(3), None, Some(0)],
        }
    }

    #[test]
    fn a_table_has_its_columns_below_each_other() {
        let all =
            [interface("tap0", Ok(vec!["EN10MB".into(), "DOCSIS".into()])), interface("a-long-name", Err("no".into()))];
        let table = table(&all);
        let lines: Vec<&str> = table.lines().collect();
        assert_eq!(lines[0].find("MAC"), lines[1].find("02:00"));
        assert_eq!(lines[0].find("MAC"), lines[2].find("02:00"));
        assert!(lines[1].contains("EN10MB") && lines[1].contains("1,234,567") && lines[2].contains(" ? "), "{table}");
    }

    #[test]
    fn what_was_not_seen_is_said_and_null() {
        let all = [interface("tap0", Err("may not".into())), interface("tap1", Err("may not".into()))];
        let told = unseen(&all);
        assert!(told[0].starts_with("the link types of tap0, tap1 were not seen: may not; "), "{told:?}");
        assert!(told[1].starts_with("the counters of tap0, tap1"), "{told:?}");
        let json = all[0].json();
        assert!(json["link_type"].is_null() && json["received"]["drops"] == 3 && json["received"]["missed"].is_null());
        assert_eq!(unseen(&[]).len(), 1);
    }

    #[test]
    fn this_machine_s_loopback_is_found() {
        let all: Vec<Interface> = datalink::interfaces().iter().map(Interface::look).collect();
        let Some(loopback) = all.iter().find(|of| of.loopback) else {
            eprintln!("no loopback here: not tested");
            return;
        };
        assert!(loopback.counter("packets").is_some() && loopback.promiscuous.is_some());
    }
}
