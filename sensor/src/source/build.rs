//! Writes capture files for tests, in every variation the readers know.

/// The byte order of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Little,
    Big,
}

impl Order {
    pub(super) fn u16(self, number: u16) -> [u8; 2] {
        if self == Self::Big { number.to_be_bytes() } else { number.to_le_bytes() }
    }

    pub(super) fn u32(self, number: u32) -> [u8; 4] {
        if self == Self::Big { number.to_be_bytes() } else { number.to_le_bytes() }
    }

    pub(super) fn u64(self, number: u64) -> [u8; 8] {
        if self == Self::Big { number.to_be_bytes() } else { number.to_le_bytes() }
    }
}

pub(super) const ORDERS: [Order; 2] = [Order::Little, Order::Big];

/// A classic capture.
#[derive(Clone, Copy, Debug)]
pub(super) struct Classic {
    pub(super) order: Order,
    pub(super) magic: u32,
    pub(super) version: (u16, u16),
    pub(super) network: u32,
}

pub(super) const MICROSECONDS: u32 = 0xa1b2_c3d4;
pub(super) const NANOSECONDS: u32 = 0xa1b2_3c4d;
pub(super) const MODIFIED: u32 = 0xa1b2_cd34;

impl Default for Classic {
    fn default() -> Self {
        Self { order: Order::Little, magic: MICROSECONDS, version: (2, 4), network: 1 }
    }
}

impl Classic {
    pub(super) fn header(self) -> Vec<u8> {
        let order = self.order;
        let mut file = order.u32(self.magic).to_vec();
        file.extend(order.u16(self.version.0));
        file.extend(order.u16(self.version.1));
        file.extend([0; 8]);
        file.extend(order.u32(0));
        file.extend(order.u32(self.network));
        file
    }

    /// A record of `bytes` at `nanos`, of which `wirelen` were on the wire.
    pub(super) fn record(self, nanos: u64, bytes: &[u8], wirelen: u32) -> Vec<u8> {
        let order = self.order;
        let unit = if self.magic == NANOSECONDS { 1 } else { 1000 };
        let mut record = order.u32((nanos / 1_000_000_000) as u32).to_vec();
        record.extend(order.u32((nanos % 1_000_000_000 / unit) as u32));
        let (first, second) =
            if self.version < (2, 3) { (wirelen, bytes.len() as u32) } else { (bytes.len() as u32, wirelen) };
        record.extend(order.u32(first));
        record.extend(order.u32(second));
        if self.magic == MODIFIED {
            record.extend(order.u32(7));
            record.extend([8, 0, 4, 0]);
        }
        record.extend(bytes);
        record
    }

    /// A whole file: a record for each time and bytes.
    pub(super) fn file(self, packets: &[(u64, &[u8])]) -> Vec<u8> {
        let records = packets.iter().flat_map(|(nanos, bytes)| self.record(*nanos, bytes, bytes.len() as u32 + 3));
        self.header().into_iter().chain(records).collect()
    }
}

/// Blocks of a pcapng section.
#[derive(Clone, Copy, Debug)]
pub(super) struct Section(pub(super) Order);

impl Section {
    pub(super) fn block(self, kind: u32, body: &[u8]) -> Vec<u8> {
        let body_bytes = body.len().next_multiple_of(4);
        let length = self.0.u32(body_bytes as u32 + 12);
        let mut block = self.0.u32(kind).to_vec();
        block.extend(length);
        block.extend(body);
        block.resize(8 + body_bytes, 0);
        block.extend(length);
        block
    }

    pub(super) fn header(self) -> Vec<u8> {
        let mut body = self.0.u32(0x1a2b_3c4d).to_vec();
        body.extend(self.0.u16(1));
        body.extend(self.0.u16(0));
        body.extend(self.0.u64(u64::MAX));
        body.extend(self.option(3, b"an operating system"));
        self.block(0x0a0d_0d0a, &body)
    }

    pub(super) fn option(self, code: u16, value: &[u8]) -> Vec<u8> {
        let mut option = self.0.u16(code).to_vec();
        option.extend(self.0.u16(value.len() as u16));
        option.extend(value);
        option.resize(option.len().next_multiple_of(4), 0);
        option
    }

    pub(super) fn interface(self, link: u16, snaplen: u32, options: &[u8]) -> Vec<u8> {
        let mut body = self.0.u16(link).to_vec();
        body.extend([0, 0]);
        body.extend(self.0.u32(snaplen));
        body.extend(options);
        self.block(1, &body)
    }

    pub(super) fn packet(self, interface: u32, ticks: u64, bytes: &[u8], wirelen: u32) -> Vec<u8> {
        self.packet_with(interface, ticks, bytes, wirelen, &[])
    }

    pub(super) fn packet_with(self, interface: u32, ticks: u64, bytes: &[u8], wirelen: u32, options: &[u8]) -> Vec<u8> {
        let mut body = self.0.u32(interface).to_vec();
        body.extend(self.0.u32((ticks >> 32) as u32));
        body.extend(self.0.u32(ticks as u32));
        body.extend(self.0.u32(bytes.len() as u32));
        body.extend(self.0.u32(wirelen));
        body.extend(bytes);
        body.resize(body.len().next_multiple_of(4), 0);
        body.extend(options);
        self.block(6, &body)
    }

    pub(super) fn obsolete_packet(self, interface: u16, ticks: u64, bytes: &[u8], wirelen: u32) -> Vec<u8> {
        let mut body = self.0.u16(interface).to_vec();
        body.extend(self.0.u16(0xffff));
        body.extend(self.0.u32((ticks >> 32) as u32));
        body.extend(self.0.u32(ticks as u32));
        body.extend(self.0.u32(bytes.len() as u32));
        body.extend(self.0.u32(wirelen));
        body.extend(bytes);
        self.block(2, &body)
    }

    pub(super) fn simple_packet(self, bytes: &[u8], wirelen: u32) -> Vec<u8> {
        let mut body = self.0.u32(wirelen).to_vec();
        body.extend(bytes);
        self.block(3, &body)
    }
}
