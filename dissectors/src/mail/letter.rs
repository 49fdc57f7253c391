//! What is told of a message: the fields of `email`, an item of each list per message.

use super::headers::Name;
use super::words;
use crate::capped::{List, Text};
use crate::dictionary::{Element, Field};
use crate::facts::Facts;

/// The most messages told of one session.
pub const MESSAGES: usize = 48;

static SUBJECT: Field = Field::text("subject", "subject", "RFC 5322 3.6.5, RFC 2047").aligned().items(MESSAGES);
static FROM: Field = Field::text("from", "author, as the message says", "RFC 5322 3.6.2").aligned().items(MESSAGES);
static TO: Field = Field::text("to", "recipients, as the message says", "RFC 5322 3.6.3").aligned().items(MESSAGES);
static CC: Field = Field::text("cc", "recipients of copies", "RFC 5322 3.6.3").aligned().items(MESSAGES);
static DATE: Field =
    Field::text("date", "when it was written, as the message says", "RFC 5322 3.6.1").aligned().items(MESSAGES);
static MESSAGE_ID: Field =
    Field::text("message_id", "the message's own name", "RFC 5322 3.6.4").aligned().items(MESSAGES);
static IN_REPLY_TO: Field =
    Field::text("in_reply_to", "the message that it answers", "RFC 5322 3.6.4").aligned().items(MESSAGES);
static REPLY_TO: Field = Field::text("reply_to", "where answers shall go", "RFC 5322 3.6.2").aligned().items(MESSAGES);
static USER_AGENT: Field =
    Field::text("user_agent", "the program that wrote it (User-Agent, X-Mailer)", "").aligned().items(MESSAGES);
static ORIGINATING_IP: Field =
    Field::text("originating_ip", "where it was handed in (X-Originating-IP)", "").aligned().items(MESSAGES);
static ATTACHMENT: Field =
    Field::text("attachment", "names of attached files; `file` tells more of them", "RFC 2183 2.3, RFC 2231")
        .list()
        .long();

/// The element.
pub static ELEMENT: Element = Element {
    name: "email",
    meaning: "messages that passed in the session, an item of each aligned list per message",
    fields: &[
        &SUBJECT,
        &FROM,
        &TO,
        &CC,
        &DATE,
        &MESSAGE_ID,
        &IN_REPLY_TO,
        &REPLY_TO,
        &USER_AGENT,
        &ORIGINATING_IP,
        &ATTACHMENT,
    ],
};

/// One message's header.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Letter {
    subject: Text,
    from: Text,
    to: Text,
    cc: Text,
    date: Text,
    message_id: Text,
    in_reply_to: Text,
    reply_to: Text,
    user_agent: Text,
    originating_ip: Text,
}

/// A column of the element.
type Column = (&'static Field, fn(&Letter) -> &Text);

const COLUMNS: [Column; 10] = [
    (&SUBJECT, |letter| &letter.subject),
    (&FROM, |letter| &letter.from),
    (&TO, |letter| &letter.to),
    (&CC, |letter| &letter.cc),
    (&DATE, |letter| &letter.date),
    (&MESSAGE_ID, |letter| &letter.message_id),
    (&IN_REPLY_TO, |letter| &letter.in_reply_to),
    (&REPLY_TO, |letter| &letter.reply_to),
    (&USER_AGENT, |letter| &letter.user_agent),
    (&ORIGINATING_IP, |letter| &letter.originating_ip),
];

impl Letter {
    /// Takes a field's text. The first of a name stays.
    pub(super) fn field(&mut self, name: Name, text: &[u8]) {
        let slot = match name {
            Name::Subject => &mut self.subject,
            Name::From => &mut self.from,
            Name::To => &mut self.to,
            Name::Cc => &mut self.cc,
            Name::Date => &mut self.date,
            Name::MessageId => &mut self.message_id,
            Name::InReplyTo => &mut self.in_reply_to,
            Name::ReplyTo => &mut self.reply_to,
            Name::Mailer => &mut self.user_agent,
            Name::OriginatingIp => &mut self.originating_ip,
            Name::ContentType | Name::Disposition | Name::Encoding => return,
        };
        if slot.is_empty() {
            *slot = Text::new(&words::decode(text));
        }
    }

    /// Whether nothing is known of it.
    pub(super) fn is_empty(&self) -> bool {
        COLUMNS.iter().all(|(_, column)| column(self).is_empty())
    }

    /// Takes from another header of the same message what is not known yet.
    pub(super) fn complete(&mut self, other: Self) {
        let slots = [
            (&mut self.subject, other.subject),
            (&mut self.from, other.from),
            (&mut self.to, other.to),
            (&mut self.cc, other.cc),
            (&mut self.date, other.date),
            (&mut self.in_reply_to, other.in_reply_to),
            (&mut self.reply_to, other.reply_to),
            (&mut self.user_agent, other.user_agent),
            (&mut self.originating_ip, other.originating_ip),
        ];
        for (slot, text) in slots {
            if slot.is_empty() {
                *slot = text;
            }
        }
    }

    /// Whether both are the same message.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        !self.message_id.is_empty() && self.message_id == other.message_id
    }

    /// Bytes on the heap.
    pub(super) fn heap_bytes(&self) -> usize {
        COLUMNS.iter().map(|(_, column)| column(self).heap_bytes()).sum()
    }
}

/// Writes the element.
pub(super) fn facts(letters: &List<Letter, MESSAGES>, attachments: &List<Text>, out: &mut Facts) {
    if letters.is_empty() && attachments.is_empty() {
        return;
    }
    let mut element = out.element(&ELEMENT);
    for (field, column) in COLUMNS {
        if letters.items().iter().any(|letter| !column(letter).is_empty()) {
            element.list(field, letters.items().iter().map(column), letters.omitted());
        }
    }
    element.texts(&ATTACHMENT, attachments);
}
