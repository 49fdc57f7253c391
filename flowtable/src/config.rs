//! What an operator may set of the flow table.

use dissectors::files::HashLimit;
use dissectors::services::Services;
use dissectors::time::SECOND;

use crate::session::Phase;

/// How long a session may be silent before it is finished, in nanoseconds of the packet clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// TCP: a handshake that was not answered.
    pub tcp_embryonic: u64,
    /// TCP: established, or picked up midstream.
    pub tcp_established: u64,
    /// TCP: one side has sent its FIN.
    pub tcp_closing: u64,
    /// TCP: both FINs or an RST were seen; late packets still count.
    pub tcp_closed: u64,
    /// UDP and SCTP.
    pub udp: u64,
    /// An exchange whose every question has its answer (DNS).
    pub answered: u64,
    /// ICMP and ICMPv6.
    pub icmp: u64,
    /// Any other IP protocol.
    pub other: u64,
}

impl Timeouts {
    /// The timeout of a phase.
    #[inline]
    pub(crate) const fn of(&self, phase: Phase) -> u64 {
        match phase {
            Phase::Embryonic => self.tcp_embryonic,
            Phase::Established => self.tcp_established,
            Phase::Closing => self.tcp_closing,
            Phase::Closed | Phase::Reset => self.tcp_closed,
            Phase::Udp => self.udp,
            Phase::Answered => self.answered,
            Phase::Icmp => self.icmp,
            Phase::Other | Phase::Over => self.other,
        }
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            tcp_embryonic: 30 * SECOND,
            tcp_established: 3600 * SECOND,
            tcp_closing: 120 * SECOND,
            tcp_closed: 5 * SECOND,
            udp: 60 * SECOND,
            answered: 2 * SECOND,
            icmp: 30 * SECOND,
            other: 60 * SECOND,
        }
    }
}

/// The settings of a flow table.
#[derive(Clone, Copy, Debug)]
pub struct Config {
    /// The idle timeouts.
    pub timeouts: Timeouts,
    /// An open session is told (UPDATE) each time it has lived so long; `None`: never.
    pub active_timeout: Option<u64>,
    /// Bytes that this table may hold.
    pub memory: usize,
    /// How large files in motion may be that are hashed.
    pub file_hash: HashLimit,
    /// Whether secrets are told.
    pub reveal_secrets: bool,
    /// The seed of the Community ID.
    pub community_id_seed: u16,
    /// Which hosts belong to which Internet application.
    pub services: &'static Services,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            timeouts: Timeouts::default(),
            active_timeout: None,
            memory: 1 << 30,
            file_hash: HashLimit::ALL,
            reveal_secrets: false,
            community_id_seed: 0,
            services: Services::known(),
        }
    }
}
