# SPDX-License-Identifier: Apache-2.0
"""What the packets of a stream tell of the frames that theirs refers to: whether a receiver gets what he needs."""
import struct
from typing import NamedTuple

DESCRIPTOR_URI = "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension"


class Piece(NamedTuple):
    """What one packet says of its frame, that of one spatial layer. Frames have any names."""
    start: bool
    end: bool
    key: bool  # nothing before it is referred to from now on
    frame: object
    references: list


def around(pieces, i):
    """The pieces before and after that one, in a few words: packet, frame, what of it."""
    return " ".join(f"{n}:{p.frame}{'S' * p.start}{'E' * p.end}{'K' * p.key}" for n, p in pieces[max(0, i - 6):i + 3])


def broken(pieces):
    """What a receiver would miss, in words. pieces: the packets' numbers and Pieces from the beginning of a key frame on,
    without a hole."""
    complaints, complete, current = [], set(), None
    for i, (n, p) in enumerate(pieces):
        if p.key and p.start:
            complete.clear()
        if p.start and current is not None or not p.start and current != p.frame:
            complaints.append(f"packet {n}: frame {current} does not end before {p.frame} goes on ({around(pieces, i)})")
        missing = [f for f in p.references if f not in complete]
        if missing and p.start:
            complaints.append(f"packet {n}: frame {p.frame} refers to {missing}, which did not come ({around(pieces, i)})")
        current = p.frame
        if p.end:
            complete.add(p.frame)
            current = None
    return complaints


# ---- the dependency descriptor (AV1 RTP specification, Appendix A) ----

class Bits:
    """Big-endian bits of some bytes; ValueError past their end."""

    def __init__(self, data):
        self.value, self.left = int.from_bytes(data, "big"), 8 * len(data)

    def get(self, n):
        if n > self.left:
            raise ValueError("cut short")
        self.left -= n
        return self.value >> self.left & (1 << n) - 1

    def get_below(self, n):
        """ns(n) of the AV1 specification, 4.10.7."""
        width = n.bit_length()
        short = (1 << width) - n
        v = self.get(width - 1)
        return v if v < short else (v << 1) - short + self.get(1)


class Structure:
    """Of template_dependency_structure() (A.8.2) what tells references: to how far back each template's frames refer."""

    def __init__(self, bits):
        self.offset, self.targets = bits.get(6), bits.get(5) + 1
        layers, following = [(0, 0)], bits.get(2)
        while following != 3:
            s, t = layers[-1]
            layers.append(((s, t), (s, t + 1), (s + 1, 0))[following])
            following = bits.get(2)
        bits.get(2 * self.targets * len(layers))
        self.differences = []
        for _ in layers:
            self.differences.append([])
            while bits.get(1):
                self.differences[-1].append(bits.get(4) + 1)
        self.chains = bits.get_below(self.targets + 1)
        if self.chains:
            for _ in range(self.targets):
                bits.get_below(self.chains)
            bits.get(4 * self.chains * len(layers))
        if bits.get(1):
            bits.get(32 * (layers[-1][0] + 1))


def read_descriptor(data, structure):
    """A Piece, and the structure from here on. structure: what the last key frame brought."""
    bits = Bits(data)
    start, end, template, number = bits.get(1), bits.get(1), bits.get(6), bits.get(16)
    has_structure, has_mask, own_indications, own_differences, _ = (
        [bits.get(1) for _ in range(5)] if len(data) > 3 else [0] * 5)
    s = structure = Structure(bits) if has_structure else structure
    if s is None:
        raise ValueError("no structure yet")
    bits.get((s.targets if has_mask else 0) + (2 * s.targets if own_indications else 0))
    index = (template - s.offset) % 64
    if index >= len(s.differences):
        raise ValueError(f"template {template} is not in the structure")
    differences = s.differences[index]
    if own_differences:
        differences = []
        while size := bits.get(2):
            differences.append(bits.get(4 * size) + 1)
    return Piece(start, end, bool(has_structure), number, [(number - d) % 0x10000 for d in differences]), structure


def described(descriptors):
    """Packets' numbers and Pieces of their descriptors, and complaints."""
    pieces, complaints, structure = [], [], None
    for n, data in descriptors:
        try:
            piece, structure = read_descriptor(data, structure)
            pieces.append((n, piece))
        except ValueError as e:
            complaints.append(f"packet {n}: descriptor {data.hex()}: {e}")
    return pieces, complaints


# ---- VP9 in flexible mode (RFC 9628 4.2) ----

def vp9_piece(payload):
    """None: the packet does not tell."""
    flags, at = payload[0], 3
    if flags & 0xB0 != 0xB0 or not payload[1] & 0x80:  # picture number of 15 bits, layers, flexible
        return None
    picture, layer, below = struct.unpack_from("!H", payload, 1)[0] & 0x7FFF, payload[at] >> 1 & 7, payload[at] & 1
    references = [(picture, layer - 1)] if below else []
    while flags & 0x40:
        at += 1
        references.append(((picture - (payload[at] >> 1)) % 0x8000, layer))
        if not payload[at] & 1:
            break
    return Piece(bool(flags & 8), bool(flags & 4), not flags & 0x40 and layer == 0, (picture, layer), references)
