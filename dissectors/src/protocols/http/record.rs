//! What is told of a session: the `http` element.

use super::transactions::Transaction;
use super::{facts, naming, secrets};
use crate::capped::{List, Text};
use crate::dictionary::Field;
use crate::facts::{Facts, Value};

/// Where Windows is managed from afar (MS-WSMV 2.1).
fn is_wsman(uri: &[u8]) -> bool {
    uri.strip_prefix(b"/wsman").is_some_and(|rest| matches!(rest.first(), None | Some(b'?' | b'/')))
}

/// What a request of this type carries.
fn api(kind: &[u8], wsman: bool) -> Option<&'static str> {
    let name = kind.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii().to_ascii_lowercase();
    Some(match name.as_slice() {
        // Its messages are SOAP, or sealed by SPNEGO.
        b"application/soap+xml" | b"multipart/encrypted" | b"multipart/x-multi-encrypted" if wsman => "winrm",
        b"application/soap+xml" => "soap",
        b"application/ipp" => "ipp",
        b"application/ocsp-request" => "ocsp",
        b"application/dns-message" => "doh",
        b"application/timestamp-query" => "timestamp",
        b"application/x-git-upload-pack-request" | b"application/x-git-receive-pack-request" => "git",
        b"application/json-rpc" | b"application/json-rpc+json" => "json-rpc",
        b"application/grpc-web" | b"application/grpc-web+proto" | b"application/grpc-web-text" => "grpc-web",
        _ => return None,
    })
}

/// What is told, whichever version of HTTP it was said in.
pub(super) struct Record<'a> {
    pub transactions: &'a List<Transaction>,
    /// How many requests there were, and the bytes of their content.
    pub requests: (u64, u64),
    /// The same of responses.
    pub responses: (u64, u64),
    pub user_agents: &'a List<Text>,
    pub servers: &'a List<Text>,
    pub referers: &'a List<Text>,
    pub request_types: &'a List<Text>,
    pub locations: &'a List<Text>,
    pub user: Option<&'a Text>,
    pub version: Option<&'static str>,
}

impl Record<'_> {
    /// Writes the `http` element.
    pub(super) fn write(&self, out: &mut Facts) {
        let redacts = out.redacts();
        let shown =
            |uri: &Text| if redacts { secrets::redacted(uri.bytes()).into_owned() } else { uri.bytes().to_vec() };
        self.lists_of_transactions(out, shown);
        let mut element = out.element(&facts::ELEMENT);
        let ((requests, request_bytes), (responses, response_bytes)) = (self.requests, self.responses);
        if requests > 0 {
            element.number(&facts::REQUESTS, requests);
            element.number(&facts::REQUEST_BODY_BYTES, request_bytes);
        }
        if responses > 0 {
            element.number(&facts::RESPONSE_BODY_BYTES, response_bytes);
        }
        element.texts(&facts::USER_AGENT, self.user_agents);
        element.texts(&facts::SERVER, self.servers);
        element.texts(&facts::REQUEST_CONTENT_TYPE, self.request_types);
        let wsman = self.transactions.items().iter().any(|t| is_wsman(t.uri.bytes()));
        let mut apis: Vec<&str> =
            self.request_types.items().iter().filter_map(|kind| api(kind.bytes(), wsman)).collect();
        apis.dedup();
        apis.into_iter().for_each(|api| element.plain(&facts::API, api));
        for (field, list) in [(&facts::REFERER, self.referers), (&facts::LOCATION, self.locations)] {
            let values: Vec<Vec<u8>> = list.items().iter().map(shown).collect();
            element.list(field, values.iter().map(|value| Value::Bytes(value)), list.omitted());
        }
        element.maybe(&facts::AUTH_USER, self.user);
        if let Some(version) = self.version {
            element.plain(&facts::VERSION, version);
        }
    }

    /// Writes the aligned lists. A tunnel may hold HTTP again, which then shares the element: a list that one of the two has and
    /// the other has not is filled up, so that the lists stay aligned.
    fn lists_of_transactions(&self, out: &mut Facts, shown: impl Fn(&Text) -> Vec<u8>) {
        let told = self.transactions;
        let uris: Vec<Vec<u8>> = told.items().iter().map(|t| shown(&t.uri)).collect();
        let status = |t: &Transaction| if t.status > 0 { Value::Number(t.status.into()) } else { Value::Bytes(&[]) };
        let column = |field, of: fn(&Transaction) -> &Text| {
            let values = told.items().iter().map(|t| Value::Bytes(of(t).bytes())).collect();
            let omitted = told.items().iter().map(|t| of(t).omitted());
            Column { field, values, omitted: omitted.fold(told.omitted(), u32::saturating_add) }
        };
        let mut columns = [
            column(&facts::METHOD, |t| &t.method),
            column(&facts::HOST, |t| &t.host),
            column(&facts::URI, |t| &t.uri),
            column(&facts::CONTENT_TYPE, |t| &t.content_type),
            Column {
                field: &facts::STATUS,
                values: told.items().iter().map(status).collect(),
                omitted: told.omitted(),
            },
        ];
        let [_, hosts, targets, ..] = &mut columns;
        hosts.values = told.items().iter().map(|t| Value::Bytes(host(t))).collect();
        targets.values = uris.iter().map(|uri| Value::Bytes(uri)).collect();
        let written = columns.each_ref().map(|column| out.count(column.field));
        let most = written.iter().copied().max().unwrap_or(0);
        if let Some(host) = told.items().iter().map(host).find(|host| !host.is_empty()) {
            out.host(host);
        }
        let mut element = out.element(&facts::ELEMENT);
        for (Column { field, values, omitted }, written) in columns.into_iter().zip(written) {
            if written > 0 || values.iter().any(|value| *value != Value::Bytes(&[])) {
                let missing = std::iter::repeat_n(Value::Bytes(&[]), most.saturating_sub(written));
                element.list(field, missing.chain(values), omitted);
            }
        }
    }
}

/// An aligned list on its way out, with what was left out of it: items and bytes.
struct Column<'a> {
    field: &'static Field,
    values: Vec<Value<'a>>,
    omitted: u32,
}

/// The host of a request: from its Host field, else from its target.
fn host(transaction: &Transaction) -> &[u8] {
    if !transaction.host.is_empty() {
        return transaction.host.bytes();
    }
    let target = transaction.uri.bytes();
    if transaction.method.bytes() == b"CONNECT" {
        return naming::host(target);
    }
    let (authority, _) = naming::authority(target);
    naming::host(authority)
}
