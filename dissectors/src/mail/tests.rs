//! Whole messages.

use super::*;

/// What is told of a message that comes in pieces of `size`.
fn told(message: &[u8], size: usize, gap_after: Option<usize>) -> String {
    let mut mail = Mail::new(HashLimit::ALL, false);
    mail.begin(Role::Client, true);
    let mut seen = 0;
    for piece in message.chunks(size) {
        mail.data(piece);
        seen += piece.len();
        if gap_after.is_some_and(|after| (seen - piece.len()..seen).contains(&after)) {
            mail.gap();
        }
    }
    mail.finish(true);
    let mut facts = Facts::new();
    mail.facts(&mut facts);
    let mut text = String::new();
    for (element, field, value) in facts.values() {
        let value = match value {
            crate::facts::Value::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            other => format!("{other:?}"),
        };
        text += &format!("{}.{}={value}\n", element.name, field.name);
    }
    text
}

const NESTED: &[u8] = b"From: Alice <alice@example.com>\r\nTO : bob@example.com,\r\n\t carol@example.com\r\n\
    Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r\nX-Long: nothing\r\n that matters\r\nMessage-ID: <1@example.com>\r\n\
    Content-Type: multipart/mixed;\r\n boundary=\"outer\"\r\n\r\npreamble\r\n--outer\r\n\
    Content-Type: multipart/alternative; boundary=inner\r\n\r\n--inner\r\n\r\nplain text\r\n--outermost is no delimiter\r\n--inner\r\n\
    Content-Type: text/html; name=page.html\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n<p>a=3Db=\r\n</p>\r\n\r\n--inner--\r\nepilogue\r\n\
    --outer\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\
    Content-Disposition: attachment; filename=\"a.bin\"\r\n\r\nAAEC\r\nAwQF\r\n--outer\r\n\
    Content-Type: message/rfc822\r\n\r\nSubject: inside\r\nContent-Disposition: attachment; filename=deep.txt\r\n\r\ndeep\r\n\
    --outer--\r\nrest\r\n";

#[test]
fn each_named_part_is_a_file_whatever_the_pieces() {
    let whole = told(NESTED, NESTED.len(), None);
    for line in [
        "email.subject=Grüße\n",
        "email.to=bob@example.com, carol@example.com\n",
        "email.attachment=page.html\nemail.attachment=a.bin\nemail.attachment=deep.txt\n",
        "file.size=Number(12)\nfile.size=Number(6)\nfile.size=Number(4)\n",
        // Of the bytes 0 to 5.
        "file.sha256=17e88db187afd62c16e5debf3e6527cd006bc012bc90b51a810cd80c2d511f43\n",
    ] {
        assert!(whole.contains(line), "{line} is missing in {whole}");
    }
    assert!(!whole.contains("inside"), "{whole}");
    for size in [1, 2, 3, 7, 64] {
        assert_eq!(told(NESTED, size, None), whole, "in pieces of {size}");
    }
}

#[test]
fn a_gap_costs_the_file_its_hash_and_the_next_part_nothing() {
    let at = NESTED.windows(4).position(|bytes| bytes == b"AAEC").unwrap();
    let told = told(NESTED, 1, Some(at));
    assert!(!told.contains("17e88db187af") && told.contains("email.attachment=deep.txt"), "{told}");
    assert!(told.contains("email.subject=Gr"), "{told}");
}

#[test]
fn a_header_with_a_gap_tells_nothing() {
    assert_eq!(told(b"Subject: a\r\nFrom: b\r\n\r\nbody\r\n", 1, Some(3)), "");
}

#[test]
fn depth_has_a_limit_and_needs_no_stack() {
    let mut message = Vec::new();
    for level in 0..5000 {
        message.extend_from_slice(
            format!("Content-Type: multipart/mixed; boundary=b{level}\r\n\r\n--b{level}\r\n").as_bytes(),
        );
    }
    message.extend_from_slice(b"Content-Disposition: attachment; filename=x\r\n\r\nx\r\n");
    assert_eq!(told(&message, 1000, None), "");
    let nested = b"Content-Type: message/rfc822\r\n\r\n".repeat(5000);
    assert_eq!(told(&nested, 1000, None), "");
}

#[test]
fn a_message_may_be_one_file() {
    let told = told(
        b"Subject: x\r\nContent-Type: application/pdf; name=a.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\nQUJD\r\nRA==\r\n",
        5,
        None,
    );
    assert!(told.contains("file.size=Number(4)"), "{told}");
}
