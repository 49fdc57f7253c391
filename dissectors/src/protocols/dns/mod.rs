//! DNS over UDP and TCP, mDNS and LLMNR.
//!
//! Specifications: RFC 1035 (DNS), RFC 6891 (EDNS), RFC 5936 (zone transfer), RFC 2136 (update), RFC 1996 (notify), RFC 6762
//! (mDNS), RFC 4795 (LLMNR), RFC 3597 (unknown types); the IANA registry "Domain Name System (DNS) Parameters".
//!
//! All three share one message format, one dissector and the element `dns`:
//! - [`name`]: names and their compression;
//! - [`message`]: header and entries, with its byte layout;
//! - [`kinds`], [`rdata`], [`edns`]: types by name, data as text, what EDNS adds;
//! - [`session`]: transactions and what is told of them;
//! - [`probe`]: which of the three a message is, if any.
//!
//! Limits: [`ROWS`] items in the aligned lists, [`row::ANSWERS`] answers and [`row::ANSWER_BYTES`] bytes in one of them,
//! [`session::TRACKED`] queries waiting, [`session::ENTRIES_READ`] entries of one message. What is left out is counted.
//!
//! Passed over on purpose: authority and additional sections of DNS (but for OPT, and the changes of an update), signatures that
//! nobody asked for, keys, TSIG, DNS over TLS and HTTPS (encrypted), DSO (RFC 8490). A gap in a stream ends the session's facts.

pub mod edns;
pub mod kinds;
pub mod message;
pub mod name;
pub mod probe;
pub mod rdata;
pub mod row;
pub mod session;

#[cfg(test)]
mod tests;

use crate::dictionary::Element;
use crate::protocol::{About, FirstBytes, Protocol, Transport};
use fields as f;
use probe::Flavour;
use session::Session;

/// Items of each aligned list: a resolver asks many questions from one port.
pub const ROWS: usize = 32;

/// The fields of `dns`.
pub mod fields {
    use super::ROWS;
    use crate::dictionary::{Field, Kind};

    /// Queries.
    pub static QUERIES: Field = Field::number(
        "queries",
        "queries, repetitions of an unanswered one not counted; in mDNS questions",
        "RFC 1035 4.1",
    );
    /// Responses.
    pub static RESPONSES: Field = Field::number("responses", "responses, and in mDNS announcements", "RFC 1035 4.1");
    /// Names asked for.
    pub static QUERY: Field = Field::text(
        "query",
        "the name asked for, without a last dot; `.`, `;` and `\\` inside a label stand behind a `\\`",
        "RFC 1035 3.1",
    )
    .aligned()
    .long()
    .items(ROWS);
    /// Types asked for.
    pub static QTYPE: Field = Field::text(
        "qtype",
        "the type asked for, such as `AAAA` or `TYPE65280`; where nobody asked, the type told",
        "IANA RR types",
    )
    .aligned()
    .items(ROWS);
    /// Classes asked for.
    pub static QCLASS: Field =
        Field::text("qclass", "the class asked for, where one is not `IN`", "IANA DNS classes").aligned().items(ROWS);
    /// Response codes.
    pub static RCODE: Field = Field::text(
        "rcode",
        "the response code, EDNS's bits included, such as `NXDOMAIN`; empty without a response",
        "IANA RCODEs",
    )
    .aligned()
    .items(ROWS);
    /// Answers.
    pub static ANSWER: Field = Field::text(
        "answer",
        "the data of the answers, joined by `;`, as in zone files; a `;` inside one stands behind a `\\`",
        "RFC 1035 5.1, RFC 3597 5",
    )
    .aligned()
    .long()
    .items(ROWS);
    /// Ports of services.
    pub static PORT: Field =
        Field::text("port", "the ports of answers that are SRV, joined by `;`", "RFC 2782").aligned().items(ROWS);
    /// Lifetimes.
    pub static TTL: Field = Field::number("ttl", "the shortest time to live among the answers", "RFC 1035 3.2.1")
        .aligned()
        .unit("s")
        .items(ROWS);
    /// Owners of answers that nobody asked for.
    pub static ANSWER_NAME: Field =
        Field::text("answer_name", "the name that the answers tell of, where no question names it", "RFC 1035 3.1")
            .aligned()
            .long()
            .items(ROWS);
    /// Errors.
    pub static FAILURES: Field =
        Field::number("failures", "transactions whose response code is not `NOERROR`; absent if none", "");
    /// Open questions.
    pub static UNANSWERED: Field = Field::number("unanswered", "queries without a response; absent if none", "");
    /// Repetitions.
    pub static RETRANSMITS: Field =
        Field::number("retransmits", "repetitions of a query that had no response yet; absent if none", "");
    /// Further responses.
    pub static SURPLUS: Field = Field::number(
        "surplus",
        "responses to a query that had one already, as duplication and forgery make them; absent if none",
        "",
    );
    /// Broken messages.
    pub static MALFORMED: Field =
        Field::number("malformed", "messages cut short, broken or with bytes left over, read as far as they go", "");
    /// Mean round trip.
    pub static RTT: Field =
        Field::new(Kind::Milliseconds, "rtt", "mean time from a query's first sending to its first response", "")
            .unit("ms");
    /// Operations.
    pub static OPCODE: Field =
        Field::text("opcode", "operations other than `QUERY`, each once", "IANA DNS OpCodes").list();
    /// Remarks.
    pub static FLAGS: Field = Field::text(
        "flags",
        "seen in some message: `authoritative`, `truncated`, `authenticated`, `dnssec` (wanted), LLMNR's `conflict` and `tentative`, \
         mDNS's `unicast` (wanted), `flush`, `goodbye`, and `known` where queries told what the asker knows already",
        "RFC 1035 4.1.1, RFC 4035 3.2, RFC 4795 2.1.1, RFC 6762",
    )
    .list();
    /// EDNS size.
    pub static EDNS_SIZE: Field =
        Field::number("edns_size", "largest UDP message that the asker says it takes", "RFC 6891 6.2.3").unit("bytes");
    /// EDNS client subnet.
    pub static CLIENT_SUBNET: Field =
        Field::text("client_subnet", "`address/prefix` for which a resolver asks", "RFC 7871");
    /// EDNS extended errors.
    pub static EXTENDED_ERROR: Field =
        Field::number("extended_error", "extended error codes, each once", "RFC 8914 4").list();
    /// Changes of dynamic updates.
    pub static UPDATE: Field = Field::text(
        "update",
        "changes asked for by dynamic updates: `add NAME TYPE DATA` or `delete NAME TYPE`",
        "RFC 2136 2.5",
    )
    .list();
}

/// The element.
pub static ELEMENT: Element = Element {
    name: "dns",
    meaning: "names asked for and answers, in DNS, mDNS and LLMNR; an item of each aligned list per transaction",
    fields: &[
        &f::QUERIES,
        &f::RESPONSES,
        &f::QUERY,
        &f::QTYPE,
        &f::QCLASS,
        &f::RCODE,
        &f::ANSWER,
        &f::PORT,
        &f::TTL,
        &f::ANSWER_NAME,
        &f::FAILURES,
        &f::UNANSWERED,
        &f::RETRANSMITS,
        &f::SURPLUS,
        &f::MALFORMED,
        &f::RTT,
        &f::OPCODE,
        &f::FLAGS,
        &f::EDNS_SIZE,
        &f::CLIENT_SUBNET,
        &f::EXTENDED_ERROR,
        &f::UPDATE,
    ],
};

/// Unicast DNS.
pub static DNS: Protocol = Protocol {
    name: "dns",
    about: About {
        name: "Domain Name System",
        specification: "RFC 1035, RFC 6891, RFC 5936, RFC 2136, RFC 1996",
        evidence: "a header and entries that read whole",
        limits: "authority and additional sections, keys and signatures that nobody asked for; a gap ends the facts",
        ports: &[53, 5353],
    },
    transports: &[Transport::Udp, Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes::ANY,
    probe: probe::dns,
    open: |opening| Box::new(Session::new(Flavour::Dns, opening)),
};

/// Multicast DNS.
pub static MDNS: Protocol = Protocol {
    name: "mdns",
    about: About {
        name: "Multicast DNS",
        specification: "RFC 6762",
        evidence: "a message of DNS to or from the group, or with the marks of mDNS",
        limits: "as many rows as lists have; who asks and who answers are sessions of their own",
        ports: &[5353],
    },
    transports: &[Transport::Udp],
    elements: &[&ELEMENT],
    first: FirstBytes::ANY,
    probe: probe::mdns,
    open: |opening| Box::new(Session::new(Flavour::Mdns, opening)),
};

/// Link-local multicast name resolution.
pub static LLMNR: Protocol = Protocol {
    name: "llmnr",
    about: About {
        name: "Link-Local Multicast Name Resolution",
        specification: "RFC 4795",
        evidence: "a question to the group, or a message with the bits of LLMNR",
        limits: "as for DNS",
        ports: &[5355],
    },
    transports: &[Transport::Udp],
    elements: &[&ELEMENT],
    first: FirstBytes::ANY,
    probe: probe::llmnr,
    open: |opening| Box::new(Session::new(Flavour::Llmnr, opening)),
};
