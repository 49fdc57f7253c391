//! Which response answers which request: the n-th the n-th (RFC 9112 9.3.2), in whatever order the two streams are brought.

use std::collections::VecDeque;

use super::head::RequestLine;
use super::naming;
use crate::capped::{List, Text};
use crate::time::{MILLISECOND, Timestamp};

/// The most unanswered requests that are remembered. A response to one beyond them is read as one whose request was not seen.
const ASKED_CAP: usize = 64;
/// A request that was captured so much later than a response does not belong to it, although it comes next: the response's own
/// was never seen. Anything sooner is two packets that changed places on their way into the capture.
const ORPHAN_AFTER: u64 = MILLISECOND;

/// What is told of one request and its response.
#[derive(Debug, Default)]
pub(super) struct Transaction {
    /// The request's method.
    pub method: Text,
    /// The Host field.
    pub host: Text,
    /// The request's target.
    pub uri: Text,
    /// The final status, 0 while unknown.
    pub status: u16,
    /// The response's Content-Type.
    pub content_type: Text,
}

impl Transaction {
    /// Bytes on the heap, its own included.
    pub(super) fn heap_bytes(&self) -> usize {
        let texts = [&self.method, &self.host, &self.uri, &self.content_type];
        size_of::<Self>() + texts.iter().map(|text| text.heap_bytes()).sum::<usize>()
    }
}

/// Methods that change how a response is read, or what a request's content is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    /// Its response has no content.
    Head,
    /// Its success begins a tunnel.
    Connect,
    /// Its content is the file that the target names.
    Put,
    /// Any other.
    Other,
}

/// What the reader of a response must know of the request.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    /// The method.
    pub method: Method,
    /// The name of the file that the target names.
    pub name: Text,
}

impl Asked {
    fn new(line: &RequestLine<'_>) -> Self {
        let method = match line.method {
            b"HEAD" => Method::Head,
            b"CONNECT" => Method::Connect,
            b"PUT" => Method::Put,
            _ => Method::Other,
        };
        Self { method, name: naming::of_target(line.target) }
    }
}

/// The transactions of one session.
#[derive(Debug, Default)]
pub(super) struct Transactions {
    told: List<Transaction>,
    total: u64,
    next_request: u64,
    next_response: u64,
    /// The requests from `next_response` on, as far as they are remembered.
    asked: VecDeque<Asked>,
    last_response: Timestamp,
}

impl Transactions {
    /// A request begins. Gives its number and what its response's reader must know.
    pub(super) fn request(&mut self, line: &RequestLine<'_>, time: Timestamp) -> (u64, Asked) {
        let known_times = time != Timestamp::default() && self.last_response != Timestamp::default();
        if self.next_response > self.next_request && known_times && time.since(self.last_response) > ORPHAN_AFTER {
            self.next_request = self.next_response;
        }
        let number = self.next_request;
        self.next_request = self.next_request.saturating_add(1);
        if let Some(transaction) = self.at(number) {
            transaction.method = Text::new(line.method);
            transaction.uri = Text::long(line.target);
        }
        let asked = Asked::new(line);
        let before = number.checked_sub(self.next_response);
        if before == Some(self.asked.len() as u64) && self.asked.len() < ASKED_CAP {
            self.asked.push_back(asked.clone());
        }
        (number, asked)
    }

    /// A final response begins. Gives its number and what is known of its request.
    pub(super) fn response(&mut self, status: u16, time: Timestamp) -> (u64, Option<Asked>) {
        let number = self.next_response;
        self.next_response = self.next_response.saturating_add(1);
        self.last_response = time;
        if let Some(transaction) = self.at(number) {
            transaction.status = status;
        }
        (number, self.asked.pop_front())
    }

    /// The transaction of a number, if it is one of those that are told.
    pub(super) fn at(&mut self, number: u64) -> Option<&mut Transaction> {
        while self.total <= number {
            self.told.push_with(Transaction::default);
            self.total = self.total.saturating_add(1);
        }
        usize::try_from(number).ok().and_then(|number| self.told.items_mut().get_mut(number))
    }

    /// Requests may have been lost: the next one is not older than the newest response.
    pub(super) fn requests_lost(&mut self) {
        self.next_request = self.next_request.max(self.next_response);
    }

    /// Responses may have been lost: the next one is taken for that to the newest request.
    pub(super) fn responses_lost(&mut self) {
        while self.next_response.saturating_add(1) < self.next_request {
            self.next_response = self.next_response.saturating_add(1);
            self.asked.pop_front();
        }
    }

    /// The number of the newest request, if there is one.
    pub(super) fn newest_request(&self) -> Option<u64> {
        self.next_request.checked_sub(1)
    }

    /// The number of the newest response, if there is one.
    pub(super) fn newest_response(&self) -> Option<u64> {
        self.next_response.checked_sub(1)
    }

    /// What is told.
    pub(super) fn told(&self) -> &List<Transaction> {
        &self.told
    }

    /// Bytes on the heap.
    pub(super) fn heap_bytes(&self) -> usize {
        let told = self.told.items().iter().map(Transaction::heap_bytes);
        let asked = self.asked.iter().map(|asked| size_of::<Asked>() + asked.name.heap_bytes());
        told.sum::<usize>() + asked.sum::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(method: &'static [u8]) -> RequestLine<'static> {
        RequestLine { method, target: b"/x", version: b"1.1" }
    }

    fn at(milliseconds: u64) -> Timestamp {
        Timestamp::from_nanos((1 + milliseconds) * MILLISECOND)
    }

    #[test]
    fn a_response_that_is_brought_first_meets_its_request() {
        let mut transactions = Transactions::default();
        assert!(transactions.response(200, at(5)).1.is_none());
        assert_eq!(transactions.request(&line(b"HEAD"), at(4)).0, 0);
    }

    #[test]
    fn a_later_request_does_not_belong_to_an_orphan() {
        let mut transactions = Transactions::default();
        transactions.response(200, at(5));
        assert_eq!(transactions.request(&line(b"GET"), at(50)).0, 1);
        assert_eq!(transactions.response(404, at(60)).1.map(|asked| asked.method), Some(Method::Other));
        let statuses: Vec<u16> = transactions.told().items().iter().map(|t| t.status).collect();
        assert_eq!(statuses, [200, 404]);
    }

    #[test]
    fn what_is_not_remembered_is_not_mistaken() {
        let mut transactions = Transactions::default();
        for _ in 0..=ASKED_CAP {
            transactions.request(&line(b"GET"), at(1));
        }
        transactions.response(200, at(2));
        transactions.request(&line(b"HEAD"), at(3));
        for _ in 1..ASKED_CAP {
            assert_eq!(transactions.response(200, at(4)).1.unwrap().method, Method::Other);
        }
        assert!(transactions.response(200, at(4)).1.is_none());
        assert!(transactions.response(200, at(4)).1.is_none(), "not the one before it");
    }
}
