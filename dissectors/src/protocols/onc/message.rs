//! The head of a call or a reply (RFC 5531 9).
//!
//! ```text
//! call    xid, 0, RPC version 2, program, version, procedure, credentials, verifier
//! reply   xid, 1, 0 accepted, verifier, 0 or why not
//!         xid, 1, 1 denied, why: 0 version (lowest, highest), 1 who is asked (reason)
//! credentials and verifier: kind, length (at most 400), bytes
//!         1 AUTH_SYS: stamp, machine, uid, gid, gids          6 RPCSEC_GSS (RFC 2203): version, what, sequence, service, handle
//! ```

use super::xdr::Xdr;

/// The longest credentials (RFC 5531 8.2).
const AUTH_BYTES: usize = 400;
/// The highest version of any program that is believed.
const VERSIONS: u32 = 16;

/// Who calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller<'a> {
    Nobody,
    System { machine: &'a [u8], uid: u32 },
    Gss { service: u32, data: bool },
    Other(u32),
}

/// A call's head.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    pub xid: u32,
    pub program: u32,
    pub version: u32,
    pub procedure: u32,
    pub caller: Caller<'a>,
}

/// How a call ended in the protocol itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Success,
    Failed(&'static str),
}

/// A reply's head.
#[derive(Clone, Copy, Debug)]
pub struct Reply {
    pub xid: u32,
    pub outcome: Outcome,
}

/// Either.
#[derive(Clone, Copy, Debug)]
pub enum Message<'a> {
    Call(Call<'a>),
    Reply(Reply),
}

/// Reads a head. `None`: it is none, or bytes are missing.
pub fn read<'a>(xdr: &mut Xdr<'a>) -> Option<Message<'a>> {
    let (xid, direction) = (xdr.u32()?, xdr.u32()?);
    match direction {
        0 => call(xdr, xid).map(Message::Call),
        1 => reply(xdr, xid).map(Message::Reply),
        _ => None,
    }
}

fn call<'a>(xdr: &mut Xdr<'a>, xid: u32) -> Option<Call<'a>> {
    let (2, program, version, procedure) = (xdr.u32()?, xdr.u32()?, xdr.u32()?, xdr.u32()?) else {
        return None;
    };
    let (kind, credentials) = auth(xdr)?;
    auth(xdr)?;
    if program == 0 || version > VERSIONS {
        return None;
    }
    let mut inner = Xdr::new(credentials);
    let caller = match kind {
        0 => Caller::Nobody,
        1 => {
            inner.skip(4)?;
            let machine = inner.name().filter(|name| name.len() <= 255)?;
            Caller::System { machine, uid: inner.u32()? }
        }
        6 => {
            let (_, what, _, service) = (inner.u32()?, inner.u32()?, inner.u32()?, inner.u32()?);
            Caller::Gss { service, data: what == 0 }
        }
        other => Caller::Other(other),
    };
    Some(Call { xid, program, version, procedure, caller })
}

fn reply(xdr: &mut Xdr<'_>, xid: u32) -> Option<Reply> {
    let outcome = match xdr.u32()? {
        0 => {
            auth(xdr)?;
            match xdr.u32()? {
                0 => Outcome::Success,
                1 => Outcome::Failed("program unavailable"),
                2 => Outcome::Failed("version unavailable"),
                3 => Outcome::Failed("procedure unavailable"),
                4 => Outcome::Failed("garbage arguments"),
                5 => Outcome::Failed("system error"),
                _ => return None,
            }
        }
        1 => match xdr.u32()? {
            0 => Outcome::Failed("RPC version"),
            1 => Outcome::Failed(match xdr.u32()? {
                1 => "bad credentials",
                2 => "rejected credentials",
                3 => "bad verifier",
                4 => "rejected verifier",
                5 => "credentials too weak",
                6..=14 => "authentication failed",
                _ => return None,
            }),
            _ => return None,
        },
        _ => return None,
    };
    Some(Reply { xid, outcome })
}

fn auth<'a>(xdr: &mut Xdr<'a>) -> Option<(u32, &'a [u8])> {
    let kind = xdr.u32()?;
    let bytes = xdr.opaque().filter(|bytes| bytes.len() <= AUTH_BYTES)?;
    Some((kind, bytes))
}
