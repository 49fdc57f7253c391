//! How user authentication went, told from the sizes of encrypted packets.
//!
//! After the key exchange every message is encrypted, but user authentication (RFC 4252) is a strict dialogue of question and
//! answer, and its answers differ in size:
//!
//! | message | payload bytes |
//! | --- | --- |
//! | SERVICE_ACCEPT | 17 |
//! | USERAUTH_SUCCESS | 1: nothing else that a server says here is so short |
//! | USERAUTH_FAILURE | 6 and the names of the methods that can continue: 14 at least, the same each time |
//! | USERAUTH_PK_OK | 36 and the user's name less than the question, which then comes again, longer by a signature |
//! | USERAUTH_INFO_REQUEST, PASSWD_CHANGEREQ, BANNER | anything |
//!
//! Where the length field is clear (see [`super::sizes`]) each packet is seen. Elsewhere only turns are (see [`super::turns`]).
//! OpenSSH's server sends its host keys (`hostkeys-00@openssh.com`) right after SUCCESS, so that on a network with any delay the
//! turn that holds SUCCESS is longer. It is believed to be one where it can't be anything else (a signed question is only ever
//! answered by SUCCESS or by a short refusal), or where the client goes on to open a channel: CHANNEL_OPEN of a session (24
//! bytes), the notice that there will be no more sessions (34), or both in one turn.
//!
//! How sure this is. With a clear length, or with a turn of SUCCESS alone: as sure as sizes are, for every implementation that
//! pads no more than it must, or by the same surplus always (SERVICE_ACCEPT shows it): that is all in common use. With more in
//! the turn: sure where the MAC's length tells one packet from two; otherwise the client must open its channel as OpenSSH does
//! and the server's answer have the size of a confirmation. A server that pads at random, compression from the first packet on,
//! and dialogues with an answer that fits nothing leave the outcome, or the attempts, untold. `no` says that the session, as far
//! as it was seen, ended in refusals.
//!
//! Attempts are answers of SUCCESS or FAILURE, but for the refusal of the opening `none` request, which only asks for the methods.
//! A refusal by disconnecting counts where the same question was refused before; a first factor that was accepted where two are
//! wanted looks like a refusal and counts as an attempt.

use super::sizes::Sizes;
use super::turns::{Turn, Turns};
use crate::protocol::Role;

/// Payload bytes of SERVICE_REQUEST and SERVICE_ACCEPT for `ssh-userauth`, and of CHANNEL_OPEN_CONFIRMATION.
const SERVICE: u64 = 17;
/// A packet that would have room for so much payload, padded as little as possible, holds SUCCESS. One byte would do, but some
/// implementations never send packets shorter than RFC 4253's 16 bytes.
const SUCCESS: u64 = 7;
/// The shortest USERAUTH_FAILURE (`password`) and the longest that is believed of an answer not seen before.
const FAILURE: (u64, u64) = (14, 90);
/// The shortest `hostkeys-00@openssh.com`: one Ed25519 key.
const HOST_KEYS: u64 = 84;
/// By how much a public key question is longer than PK_OK: 36 and the user's name.
const PK_OK_LESS: (u64, u64) = (37, 36 + 64);
/// The shortest PK_OK: an Ed25519 key.
const PK_OK: u64 = 71;
/// The shortest and longest `none` request: 31 and the user's name.
const NONE: (u64, u64) = (32, 31 + 23);
/// CHANNEL_OPEN of a session, and the notice `no-more-sessions@openssh.com`.
const CHANNEL_OPEN: u64 = 24;
const NO_MORE_SESSIONS: u64 = 34;
/// A turn of the server that is longer than any answer.
const BULK_BYTES: u64 = 16 * 1024;
/// Exchanges after which the outcome is given up.
const MOST_EXCHANGES: u32 = 256;
/// More bytes before the dialogue begins than anything there could need.
const MOST_PRELUDE_BYTES: u64 = 64 * 1024;
/// A session that was refused ends in a refusal, a farewell or a prompt that nobody answered: in so many other answers.
const MOST_NEUTRAL: u32 = 1;
/// Surplus blocks of padding that are taken for a habit and not for another packet.
const SURPLUS_BLOCKS: u64 = 2;

/// What became of authentication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Not known yet.
    Open,
    /// The server let the client in.
    Success,
    /// It will never be known.
    Untold,
}

/// What part of the dialogue is awaited.
#[derive(Clone, Copy, Debug)]
enum Stage {
    /// The client's SERVICE_REQUEST.
    Request,
    /// The server's SERVICE_ACCEPT to this turn.
    Accept(Turn),
    /// Questions and answers.
    Dialogue,
}

/// Follows the dialogue.
#[derive(Clone, Debug)]
pub struct Auth {
    turns: Turns,
    outcome: Outcome,
    stage: Stage,
    /// Bytes by which the server pads more than it must.
    surplus: u64,
    /// The question that waits for its answer, and the answer that waits for what the client makes of it.
    question: Turn,
    answer: Option<Turn>,
    /// The question and the answer before.
    before: (u64, u64),
    /// The question is the first of all.
    first: bool,
    /// The question is signed: the server said before that it would take the key.
    signed: bool,
    /// The client seems to have opened a channel; the server's confirmation is awaited.
    opening: bool,
    /// The size of a refusal.
    refusal: Option<u64>,
    /// The size of the last question that was refused.
    refused: u64,
    attempts: u32,
    /// Answers of which nothing could be told.
    unclear: u32,
    /// Answers since the last refusal that were neither refusal nor success: prompts, keys accepted.
    neutral: u32,
    /// The client sends no `none` request first.
    eager: bool,
    exchanges: u32,
}

impl Auth {
    /// Begins with the first encrypted bytes. `sizes` are those of client to server and back. An `eager` client is known to ask
    /// for the real thing without a `none` request first.
    pub fn new(sizes: [Sizes; 2], eager: bool) -> Self {
        Self {
            turns: Turns::new(sizes),
            outcome: Outcome::Open,
            stage: Stage::Request,
            surplus: 0,
            question: Turn::default(),
            answer: None,
            before: (0, 0),
            first: true,
            signed: false,
            opening: false,
            refusal: None,
            refused: 0,
            attempts: 0,
            unclear: 0,
            neutral: 0,
            eager,
            exchanges: 0,
        }
    }

    /// Takes encrypted bytes of a side.
    pub fn data(&mut self, role: Role, bytes: &[u8]) {
        if self.outcome != Outcome::Open {
            return;
        }
        if let Some((speaker, turn)) = self.turns.speaker_changes(role) {
            self.turn_over(speaker, turn);
        }
        let fits = self.turns.data(role, bytes);
        let prelude = !matches!(self.stage, Stage::Dialogue) && self.turns.current().bytes > MOST_PRELUDE_BYTES;
        if !fits || prelude {
            self.outcome = Outcome::Untold;
        }
    }

    /// What is known by now.
    pub fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// The attempts, and whether the client was let in; absent where not told. `ended` says that nothing more will come.
    pub fn verdict(&self, ended: bool) -> (Option<u32>, Option<bool>) {
        let mut last = self.clone();
        if ended && last.outcome == Outcome::Open {
            if let Some((speaker, turn)) = last.turns.silence() {
                last.turn_over(speaker, turn);
            }
            last.judge(None);
        }
        let attempts = (last.unclear == 0).then_some(last.attempts);
        match last.outcome {
            Outcome::Success => (attempts, Some(true)),
            Outcome::Open if ended && last.refusal.is_some() && last.neutral <= MOST_NEUTRAL => {
                (attempts, attempts.filter(|refused| *refused > 0).map(|_| false))
            }
            Outcome::Open | Outcome::Untold => (None, None),
        }
    }

    /// The size of a server's single packet.
    fn server(&self, payload: u64) -> u64 {
        self.turns.sizes(Role::Server).wire(payload).saturating_add(self.surplus)
    }

    /// The size of a client's single packet.
    fn client(&self, payload: u64) -> u64 {
        self.turns.sizes(Role::Client).wire(payload)
    }

    fn turn_over(&mut self, speaker: Role, turn: Turn) {
        if self.outcome != Outcome::Open {
            return;
        }
        match (self.stage, speaker) {
            // What the server says unasked, before the client has said anything, is EXT_INFO (RFC 8308).
            (Stage::Request, Role::Server) | (Stage::Accept(_), Role::Client) => {}
            (Stage::Request, Role::Client) => self.stage = Stage::Accept(turn),
            (Stage::Accept(request), Role::Server) => self.accepted(request, turn),
            (Stage::Dialogue, Role::Client) => {
                self.judge(Some(turn));
                self.question = turn;
            }
            (Stage::Dialogue, Role::Server) => self.answered(turn),
        }
    }

    /// SERVICE_ACCEPT, perhaps behind EXT_INFO, shows whether the server pads as it is thought to. A client that did not wait for
    /// it (dropbear's) has its first question answered in the same turn.
    fn accepted(&mut self, request: Turn, turn: Turn) {
        self.stage = Stage::Dialogue;
        let sizes = self.turns.sizes(Role::Server);
        let service = sizes.wire(SERVICE);
        if let Some(question) = self.hasty_question(request)
            && let Some(answer) = if sizes.clear { Some(turn.last) } else { turn.bytes.checked_sub(service) }
            && (!sizes.clear || turn.previous == service)
            && (self.is_success(answer) || self.may_be_refusal(answer))
        {
            self.question = Turn::of(question);
            self.answered(Turn::of(answer));
            return;
        }
        let seen = if sizes.clear { turn.last } else { turn.bytes };
        match seen.checked_sub(service) {
            Some(surplus) if sizes.may_be(1, seen) && surplus <= sizes.blocks(SURPLUS_BLOCKS) => self.surplus = surplus,
            // EXT_INFO stands before it, as long as it likes.
            Some(_) if !sizes.clear => {}
            Some(_) | None => self.outcome = Outcome::Untold,
        }
    }

    /// The size of a `none` request that follows SERVICE_REQUEST in the same turn, if there may be one.
    fn hasty_question(&self, request: Turn) -> Option<u64> {
        let sizes = self.turns.sizes(Role::Client);
        let service = sizes.wire(SERVICE);
        if sizes.clear && request.previous != service {
            return None;
        }
        let rest = request.bytes.checked_sub(service)?;
        let (least, most) = NONE;
        ((sizes.wire(least)..=sizes.wire(most)).contains(&rest) && sizes.may_be(1, rest)).then_some(rest)
    }

    /// The server's turn after a question. SUCCESS speaks for itself; other answers wait for what the client makes of them.
    fn answered(&mut self, turn: Turn) {
        if self.question.bytes == 0 {
            return;
        }
        let confirmed = self.opening && turn.bytes == self.server(SERVICE);
        if confirmed || self.is_success(if turn.packets > 0 { turn.shortest } else { turn.bytes }) {
            self.succeed();
        } else {
            self.unclear = self.unclear.saturating_add(u32::from(std::mem::take(&mut self.opening)));
            self.answer = Some(turn);
        }
    }

    /// Tells what an answer was from what the client says next, or from its silence until the end.
    fn judge(&mut self, next: Option<Turn>) {
        let Some(answer) = self.answer.take() else {
            return;
        };
        self.exchanges = self.exchanges.saturating_add(1);
        if self.exchanges > MOST_EXCHANGES {
            self.outcome = Outcome::Untold;
            return;
        }
        let size = if answer.packets > 0 { answer.last } else { answer.bytes };
        let (first, signed) = (std::mem::take(&mut self.first), std::mem::take(&mut self.signed));
        let opening = first && !self.eager && self.question.bytes <= self.client(NONE.1);
        if self.refusal == Some(size) || ((opening || first && self.eager) && self.may_be_refusal(size)) {
            self.refuse(size, opening);
        } else if self.is_key_accepted(size) && next.is_some_and(|next| next.bytes > self.question.bytes) {
            self.signed = true;
        } else if self.may_hold_success(answer) {
            self.long_answer(answer, next, opening, signed);
        } else if self.refusal.is_none() && self.may_be_refusal(size) {
            self.unknown_answer(size);
        } else if next.is_none() && self.question.bytes == self.refused {
            // The same question was refused before: this is a refusal by farewell.
            self.attempts = self.attempts.saturating_add(1);
        }
        self.neutral = if self.refusal == Some(size) { 0 } else { self.neutral.saturating_add(1) };
        self.before = (self.question.bytes, size);
    }

    /// An answer that may be SUCCESS with more behind it.
    fn long_answer(&mut self, answer: Turn, next: Option<Turn>, opening: bool, signed: bool) {
        let told = self.turns.sizes(Role::Server).tells_one_from_two();
        let (open, notice) = (self.client(CHANNEL_OPEN), self.client(NO_MORE_SESSIONS));
        let both = open.saturating_add(notice);
        let next = next.map_or(0, |next| next.bytes);
        let goes_on = next == both || told && (next == open || next == notice);
        let client_told = self.turns.sizes(Role::Client).tells_one_from_two();
        if next > 0 && signed || goes_on && told && (client_told || !opening) || !opening && answer.bytes > BULK_BYTES {
            self.succeed();
        } else if goes_on && !opening {
            self.opening = true;
        } else if !opening {
            // The answer to an opening `none` may well be the server's banner and a refusal.
            self.unclear = self.unclear.saturating_add(1);
        }
    }

    /// A short answer while the size of refusals is not known: it is one when the same question brings it again.
    fn unknown_answer(&mut self, size: u64) {
        if self.before == (self.question.bytes, size) {
            self.unclear = self.unclear.saturating_sub(1);
            self.attempts = self.attempts.saturating_add(1);
            self.refuse(size, false);
        } else {
            self.unclear = self.unclear.saturating_add(1);
        }
    }

    fn succeed(&mut self) {
        self.attempts = self.attempts.saturating_add(1);
        self.outcome = Outcome::Success;
    }

    fn refuse(&mut self, size: u64, opening: bool) {
        self.refusal = Some(size);
        if !opening {
            self.attempts = self.attempts.saturating_add(1);
            self.refused = self.question.bytes;
        }
    }

    fn is_success(&self, size: u64) -> bool {
        size <= self.server(SUCCESS)
    }

    fn may_be_refusal(&self, size: u64) -> bool {
        let (least, most) = FAILURE;
        (self.server(least)..=self.server(most)).contains(&size) && self.is_single(size)
    }

    fn is_single(&self, size: u64) -> bool {
        self.turns.sizes(Role::Server).may_be(1, size.saturating_sub(self.surplus))
    }

    /// Whether an answer has the size of PK_OK to the question.
    fn is_key_accepted(&self, size: u64) -> bool {
        let asked = self.turns.sizes(Role::Client).payload(self.question.bytes);
        let said = self.turns.sizes(Role::Server).payload(size.saturating_sub(self.surplus));
        let (Some(asked), Some(said)) = (asked, said) else {
            return false;
        };
        let (least, most) = PK_OK_LESS;
        said.1 >= PK_OK && said.1.saturating_add(most) >= asked.0 && said.0.saturating_add(least) <= asked.1
    }

    /// Whether a turn may hold SUCCESS and the host keys. Where packets are seen one by one SUCCESS can't hide.
    fn may_hold_success(&self, answer: Turn) -> bool {
        let sizes = self.turns.sizes(Role::Server);
        let both = sizes.wire(1).saturating_add(sizes.wire(HOST_KEYS));
        let one = sizes.tells_one_from_two() && self.is_single(answer.bytes);
        answer.packets == 0 && answer.bytes >= both && !one
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHACHA: (&str, &str) = ("chacha20-poly1305@openssh.com", "");
    /// Nothing tells one packet from two.
    const PLAIN: (&str, &str) = ("aes128-ctr", "hmac-sha2-256");

    /// Plays turns of so many bytes, the client's first, and gives what is told at the end.
    fn play((cipher, mac): (&str, &str), turns: &[usize]) -> (Option<u32>, Option<bool>) {
        let sizes = Sizes::of(cipher.as_bytes(), mac.as_bytes()).unwrap();
        let mut auth = Auth::new([sizes; 2], false);
        for (at, bytes) in turns.iter().enumerate() {
            let role = if at % 2 == 0 { Role::Client } else { Role::Server };
            for piece in vec![0; *bytes].chunks(50) {
                auth.data(role, piece);
            }
        }
        auth.verdict(true)
    }

    #[test]
    fn success_is_told_when_it_stands_alone() {
        assert_eq!(play(CHACHA, &[44, 44, 68, 52, 148, 52, 148, 28]), (Some(2), Some(true)));
        assert_eq!(play(PLAIN, &[64, 64, 80, 80, 160, 48]), (Some(1), Some(true)));
    }

    #[test]
    fn success_with_host_keys_wants_a_channel_to_be_opened() {
        assert_eq!(play(CHACHA, &[44, 44, 68, 52, 148, 656, 112]), (Some(1), Some(true)));
        assert_eq!(play(CHACHA, &[44, 44, 68, 52, 148, 656]), (None, None));
        assert_eq!(play(PLAIN, &[64, 64, 80, 80, 160, 704, 160, 64]), (Some(1), Some(true)));
        assert_eq!(play(PLAIN, &[64, 64, 80, 80, 160, 704, 160, 80]), (None, None));
    }

    #[test]
    fn a_signed_question_needs_no_further_proof() {
        assert_eq!(play(PLAIN, &[64, 64, 80, 80, 160, 112, 336, 1056, 80]), (Some(1), Some(true)));
    }

    #[test]
    fn a_refusal_behind_a_text_is_not_taken_for_an_open_door() {
        // The text and the refusal of `none`; an Ed25519 key offered is as long as a channel opened, its refusal as a confirmation.
        let (_, authenticated) = play(PLAIN, &[64, 64, 80, 3360, 160, 64, 512, 64]);
        assert_eq!(authenticated, None);
    }

    #[test]
    fn a_long_prompt_is_not_taken_for_success() {
        // Keyboard-interactive with a text of 300 bytes, answered wrongly.
        assert_eq!(play(CHACHA, &[44, 44, 68, 76, 92, 340, 84, 76]), (Some(1), Some(false)));
        let (_, authenticated) = play(PLAIN, &[64, 64, 80, 96, 112, 352, 96, 96]);
        assert_eq!(authenticated, None);
    }

    #[test]
    fn success_padded_to_the_size_of_a_refusal_is_not_told_as_no() {
        let (_, authenticated) = play(PLAIN, &[64, 64, 80, 80, 160, 80, 160, 64, 80, 112, 48, 416]);
        assert_eq!(authenticated, None);
    }

    #[test]
    fn a_server_that_always_pads_more_is_understood() {
        // A block more than it must: SERVICE_ACCEPT 84, SUCCESS 68.
        let etm = ("aes128-ctr", "hmac-sha2-256-etm@openssh.com");
        let sizes = Sizes::of(etm.0.as_bytes(), etm.1.as_bytes()).unwrap();
        let mut auth = Auth::new([sizes; 2], false);
        let packet = |whole: u32| {
            let mut bytes = (whole - 36).to_be_bytes().to_vec();
            bytes.resize(whole as usize, 0);
            bytes
        };
        for (role, whole) in [
            (Role::Client, 68),
            (Role::Server, 84),
            (Role::Client, 84),
            (Role::Server, 100),
            (Role::Client, 164),
            (Role::Server, 68),
        ] {
            auth.data(role, &packet(whole));
        }
        assert_eq!(auth.verdict(true), (Some(1), Some(true)));
    }

    #[test]
    fn a_client_that_only_asked_for_the_methods_made_no_attempt() {
        assert_eq!(play(CHACHA, &[44, 44, 68, 52]), (Some(0), None));
    }
}
