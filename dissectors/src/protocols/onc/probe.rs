//! Tells whether bytes are ONC RPC.
//!
//! A call holds its version, 2, a program's number, and two counted fields that end with it: strong evidence for programs that are well
//! known. A reply says little more than that it is one, and wants the call beside it.

use crate::protocol::{Role, Sample, Transport, Verdict};
use crate::reader::Reader;

use super::message::{Call, Caller, Message, Outcome, read};
use super::programs;
use super::xdr::Xdr;

/// The longest record that is believed of bytes without a past: the largest NFS reads and writes are a few MiB.
const RECORD_BYTES: u32 = 16 << 20;
/// The shortest message: a reply without anything in it.
const LEAST: usize = 24;
/// The shortest call: no credentials, no arguments.
const LEAST_CALL: usize = 40;

pub fn probe(sample: &Sample<'_>) -> Verdict {
    match sample.transport {
        Transport::Udp => message(sample.role, sample.bytes, true),
        Transport::Tcp => stream(sample.role, sample.bytes),
        Transport::Sctp => Verdict::Reject,
    }
}

/// Whether records begin here.
pub fn stream(role: Role, bytes: &[u8]) -> Verdict {
    let mut reader = Reader::new(bytes);
    let Some(mark) = reader.be_u32() else {
        return Verdict::NeedMore;
    };
    let length = mark & 0x7fff_ffff;
    let least = if role == Role::Client { LEAST_CALL } else { LEAST };
    // A first fragment of several is a large one.
    if length > RECORD_BYTES || (length as usize) < least || !length.is_multiple_of(4) {
        return Verdict::Reject;
    }
    let whole = reader.len() >= length as usize;
    let shown = reader.rest().get(..length as usize).unwrap_or(reader.rest());
    message(role, shown, whole)
}

/// Whether a message begins here, and all of it is shown or not.
fn message(role: Role, bytes: &[u8], whole: bool) -> Verdict {
    let mut early = Reader::new(bytes);
    let (_xid, direction) = (early.be_u32(), early.be_u32());
    let wanted = u32::from(role == Role::Server);
    if direction.is_some_and(|direction| direction != wanted) {
        return Verdict::Reject;
    }
    if role == Role::Client && early.be_u32().is_some_and(|version| version != 2) {
        return Verdict::Reject;
    }
    let mut xdr = Xdr::new(bytes);
    match read(&mut xdr) {
        Some(Message::Call(call)) => self::call(&call, &xdr, whole),
        Some(Message::Reply(reply)) => {
            // Nothing follows where nothing was done.
            let fits = !whole || reply.outcome == Outcome::Success || xdr.reader.len() <= 8;
            match fits {
                // Rows of small numbers look so as well; the number of a call is mostly random.
                true if reply.xid.to_be_bytes().contains(&0) => Verdict::NeedMore,
                true => Verdict::Likely,
                false => Verdict::Reject,
            }
        }
        None if !whole && bytes.len() < 1024 => Verdict::NeedMore,
        None => Verdict::Reject,
    }
}

fn call(call: &Call<'_>, rest: &Xdr<'_>, whole: bool) -> Verdict {
    let signed = !matches!(call.caller, Caller::Other(_));
    let known = programs::name(call.program).is_some();
    match (known, signed) {
        (true, true) if call.version >= 1 && call.procedure < 256 => Verdict::Match,
        // Anybody's program: numbers of users and of what is made for the moment (RFC 5531 8.4.2).
        (_, true)
            if call.program < 0x6000_0000
                && call.procedure < 1024
                && (!whole || rest.reader.len().is_multiple_of(4)) =>
        {
            Verdict::Likely
        }
        _ => Verdict::Reject,
    }
}
