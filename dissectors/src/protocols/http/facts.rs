//! The fields of `http`.

use crate::dictionary::{Element, Field};

/// Requests.
pub static REQUESTS: Field = Field::number("requests", "requests whose first line was seen", "RFC 9112 3");
/// Method.
pub static METHOD: Field = Field::text("method", "the request's method", "RFC 9110 9").aligned();
/// Host.
pub static HOST: Field =
    Field::text("host", "the Host field, else the authority of the request's target", "RFC 9110 7.2").aligned();
/// Target.
pub static URI: Field =
    Field::text("uri", "the request's target as sent; values of secret parameters are `*`", "RFC 9112 3.2")
        .aligned()
        .long();
/// Status.
pub static STATUS: Field = Field::number("status", "the final status code", "RFC 9110 15").aligned();
/// Client software.
pub static USER_AGENT: Field = Field::text("user_agent", "each User-Agent, once", "RFC 9110 10.1.5").list();
/// Server software.
pub static SERVER: Field = Field::text("server", "each Server, once", "RFC 9110 10.2.4").list();
/// Referer.
pub static REFERER: Field = Field::text("referer", "each Referer, once; redacted as `uri`", "RFC 9110 10.1.3").list();
/// Response type.
pub static CONTENT_TYPE: Field = Field::text("content_type", "the response's Content-Type", "RFC 9110 8.3").aligned();
/// Request type.
pub static REQUEST_CONTENT_TYPE: Field =
    Field::text("request_content_type", "each Content-Type of a request, once", "RFC 9110 8.3").list();
/// What is carried.
pub static API: Field = Field::text(
    "api",
    "what requests carry, where their type and target tell: `winrm`, `ipp`, `ocsp`, `doh`, `timestamp`, `git`, `soap`, `json-rpc`, `grpc-web`",
    "RFC 9110 8.3",
)
.list();
/// Redirections.
pub static LOCATION: Field =
    Field::text("location", "each Location, once; redacted as `uri`", "RFC 9110 10.2.2").list();
/// Request content.
pub static REQUEST_BODY_BYTES: Field =
    Field::number("request_body_bytes", "content of all requests, without chunk framing, still coded", "RFC 9112 6")
        .unit("bytes");
/// Response content.
pub static RESPONSE_BODY_BYTES: Field =
    Field::number("response_body_bytes", "content of all responses, without chunk framing, still coded", "RFC 9112 6")
        .unit("bytes");
/// Account.
pub static AUTH_USER: Field =
    Field::text("auth_user", "the user of Basic, Digest or NTLM credentials; never the password", "RFC 7617, RFC 7616");
/// Version.
pub static VERSION: Field = Field::text(
    "version",
    "version of the first request, else of the first response: `1.0`, `1.1`, `2`",
    "RFC 9112 2.3",
);

/// The element.
pub static ELEMENT: Element = Element {
    name: "http",
    meaning: "HTTP requests and their responses, an item of each aligned list per transaction",
    fields: &[
        &REQUESTS,
        &METHOD,
        &HOST,
        &URI,
        &STATUS,
        &USER_AGENT,
        &SERVER,
        &REFERER,
        &CONTENT_TYPE,
        &REQUEST_CONTENT_TYPE,
        &API,
        &LOCATION,
        &REQUEST_BODY_BYTES,
        &RESPONSE_BODY_BYTES,
        &AUTH_USER,
        &VERSION,
    ],
};
