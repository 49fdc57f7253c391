//! What a session may be flagged with.

macro_rules! flags {
    ($($(#[doc = $meaning:literal])+ $variant:ident => $name:literal,)+) => {
        /// A remark on a session that an operator wants to find without reading its facts.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Flag {
            $($(#[doc = $meaning])+ $variant,)+
        }

        impl Flag {
            /// Every flag, in the order in which a line names them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The flag's name in `session.flags`.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// What the flag says.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => concat!($($meaning),+).trim_ascii(),)+ }
            }
        }
    };
}

flags! {
    /// Neither end's port is one on which the recognised protocol is usually found.
    OffPort => "off_port",
    /// The first packet seen was not the session's first: who is originator is a guess.
    Midstream => "midstream",
    /// Only one side was ever seen although the other must have spoken.
    Oneway => "oneway",
    /// Bytes that the peer acknowledged were never seen by the sensor.
    Gap => "gap",
    /// Bytes arrived twice with different content; the first copy was believed.
    OverlapConflict => "overlap_conflict",
    /// A packet carried a wrong IPv4, TCP or UDP checksum (of payload that was read); its bytes are believed as any others. A
    /// checksum that the sending host left to its network card is not wrong.
    BadChecksum => "bad_checksum",
    /// IP fragments were joined.
    Fragmented => "fragmented",
    /// IP fragments overlapped; the first copy was believed.
    FragmentOverlap => "fragment_overlap",
    /// The capture holds less of a packet than was on the wire.
    Truncated => "truncated",
    /// TCP urgent data was sent.
    Urgent => "urgent",
    /// Out-of-order bytes were given up to stay within the memory budget.
    Shed => "shed",
    /// A recognised protocol was broken beyond repair.
    Violation => "violation",
    /// A dissector failed on this session; its facts are missing.
    DissectorFailed => "dissector_failed",
    /// A password crossed the network in clear text.
    CleartextPassword => "cleartext_password",
    /// The server's certificate was signed by its own key.
    SelfSigned => "self_signed",
    /// The server's certificate was out of its validity at the session's time.
    Expired => "expired",
    /// A protocol version or cipher that is known to be weak was agreed on.
    WeakTls => "weak_tls",
}

/// A set of flags.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags(u32);

impl Flags {
    /// No flag.
    pub const NONE: Self = Self(0);

    /// Adds a flag.
    pub const fn insert(&mut self, flag: Flag) {
        self.0 |= 1 << flag as u32;
    }

    /// Adds every flag of `other`.
    pub const fn merge(&mut self, other: Self) {
        self.0 |= other.0;
    }

    /// Whether the flag is set.
    pub const fn contains(self, flag: Flag) -> bool {
        self.0 & (1 << flag as u32) != 0
    }

    /// Whether no flag is set.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The flags that are set, in the order of [`Flag::ALL`].
    #[inline]
    pub fn iter(self) -> impl Iterator<Item = Flag> {
        let mut left = self.0;
        std::iter::from_fn(move || {
            let flag = *Flag::ALL.get(left.trailing_zeros() as usize)?;
            left &= left.wrapping_sub(1);
            Some(flag)
        })
    }
}
