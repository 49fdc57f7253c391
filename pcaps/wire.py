#!/usr/bin/python3
"""A wire in user space, for what the recording machine's kernel may not have (802.1Q, GRE, netem), and repeatable: its chances are seeded.

    client --- c0 [wire] m0 === m1 [wire] s0 --- server        captured at m0

Between m0 and m1 a frame is tagged or tunnelled; what leaves at c0 and s0 is the plain frame again. Losses, doubles and changes of
order happen on both sides of the capture, so that it shows retransmissions of what it saw, and of what it never saw.
"""

import argparse
import heapq
import random
import select
import socket
import struct
import time

OUTER = {"c": bytes([10, 99, 0, 1]), "s": bytes([10, 99, 0, 2])}  # the tunnel's own ends
OUTER_MAC = {"c": bytes.fromhex("020000009901"), "s": bytes.fromhex("020000009902")}


def checksum(header):
    total = sum(struct.unpack(f">{len(header) // 2}H", header))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


class Wrapping:
    """Frame -> frame on the captured stretch, and back."""

    def __init__(self, vlans, gre, mpls):
        self.vlans, self.gre, self.mpls, self.ident = vlans, gre, mpls, 0

    def wrap(self, frame, side):
        addresses, rest = frame[:12], frame[12:]
        if self.gre:
            other = "s" if side == "c" else "c"
            gre = struct.pack(">HH", 0, 0x6558) + frame if self.gre == "ethernet" else b"\0\0" + rest
            self.ident = (self.ident + 1) & 0xFFFF
            ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(gre), self.ident, 0x4000, 64, 47, 0, OUTER[side], OUTER[other])
            ip = ip[:10] + struct.pack(">H", checksum(ip)) + ip[12:]
            addresses, rest = OUTER_MAC[other] + OUTER_MAC[side], b"\x08\x00" + ip + gre
        if self.mpls:
            labels = [struct.pack(">I", label << 12 | (label == self.mpls[-1]) << 8 | 64) for label in self.mpls]
            rest = b"\x88\x47" + b"".join(labels) + rest[2:]
        for depth, vlan in reversed(list(enumerate(self.vlans))):
            outer_of_two = len(self.vlans) > 1 and depth == 0
            rest = struct.pack(">HH", 0x88A8 if outer_of_two else 0x8100, vlan) + rest
        return addresses + rest

    def unwrap(self, frame, plain):
        """`plain` remembers the inner Ethernet addresses and type of an IP-only wrapping, per direction."""
        addresses, rest = frame[:12], frame[12:]
        while rest[:2] in (b"\x81\x00", b"\x88\xa8"):  # the kernel may have taken the outermost off already
            rest = rest[4:]
        if self.mpls:
            kind = b"\x08\x00" if rest[2 + 4 * len(self.mpls)] >> 4 == 4 else b"\x86\xdd"
            rest = kind + rest[2 + 4 * len(self.mpls) :]
        if self.gre == "ethernet":
            return rest[2 + 20 + 4 :]
        if self.gre:
            return plain + rest[2 + 20 + 2 :]
        return addresses + rest


class Chance:
    """What may happen to a frame on a stretch: nothing, loss, a double, a delay that lets later frames overtake."""

    def __init__(self, options, seed):
        self.options, self.random = options, random.Random(seed)

    def delays(self):
        o, chance = self.options, self.random.random
        if chance() < o.loss:
            return []
        late = o.delay + (o.late if chance() < o.reorder else 0)
        return [late, late + 0.001] if chance() < o.double else [late]


def opened(name):
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    s.bind((name, 0))
    s.setsockopt(263, 23, 1)  # SOL_PACKET, PACKET_IGNORE_OUTGOING
    return s


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vlan", type=int, action="append", default=[], help="802.1Q tag; twice for QinQ, outermost first")
    parser.add_argument("--mpls", type=int, action="append", default=[], help="label, outermost first")
    parser.add_argument("--gre", choices=["ip", "ethernet"], help="tunnel, 10.99.0.1 to 10.99.0.2")
    parser.add_argument("--loss", type=float, default=0, help="share of the frames lost on each side of the capture")
    parser.add_argument("--double", type=float, default=0, help="share of the frames that come twice")
    parser.add_argument("--reorder", type=float, default=0, help="share of the frames that come late")
    parser.add_argument("--late", type=float, default=0.004, help="seconds, how late")
    parser.add_argument("--delay", type=float, default=0, help="seconds, every frame, each side")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    wrapping = Wrapping(options.vlan, options.gre, options.mpls)
    links = {name: opened(name) for name in ("c0", "m0", "m1", "s0")}
    names = {s.fileno(): name for name, s in links.items()}
    # where a frame goes on, and on which stretch it lies: c0 and s0 are outside of the tap, each with its own chance per direction
    onward = {"c0": "m0", "m0": "c0", "m1": "s0", "s0": "m1"}
    chances = {name: Chance(options, options.seed * 10 + i) for i, name in enumerate(links)}
    plain = {"c": b"", "s": b""}  # per sender: the first 12 bytes of its frames
    waiting, count = [], 0
    while True:
        timeout = max(0, waiting[0][0] - time.monotonic()) if waiting else 1
        for s in select.select(list(links.values()), [], [], timeout)[0]:
            name, frame = names[s.fileno()], s.recv(65535)
            side = "c" if name in ("c0", "m1") else "s"  # who sent it
            if name in ("c0", "s0"):
                plain[side] = frame[:12]
                frame = wrapping.wrap(frame, side)
            else:
                frame = wrapping.unwrap(frame, plain[side])
            for delay in chances[name].delays():
                count += 1
                heapq.heappush(waiting, (time.monotonic() + delay, count, onward[name], frame))
        while waiting and waiting[0][0] <= time.monotonic():
            _, _, out, frame = heapq.heappop(waiting)
            links[out].send(frame)


if __name__ == "__main__":
    main()
