# SPDX-License-Identifier: Apache-2.0
"""What GStreamer makes of the RTP of one video stream, and what is wrong with it before it gets there."""
import os
import re
import struct
import subprocess
import tempfile
from typing import Callable, NamedTuple

import references

IVF_HEADER = struct.pack("<4sHH4sHHIII4x", b"DKIF", 0, 32, b"AV01", 16, 16, 90000, 1, 0)


def vp8_key(payload):
    """RFC 7741 4.2"""
    at = 1
    if payload[0] & 0x80:
        extensions, at = payload[1] if len(payload) > 1 else 0, 2
        if extensions & 0x80:
            at += 2 if len(payload) > at and payload[at] & 0x80 else 1
        at += bool(extensions & 0x40) + bool(extensions & 0x30)
    return payload[0] & 0x17 == 0x10 and len(payload) > at and payload[at] & 1 == 0


def vp9_key(payload):
    """RFC 9628 4.2: not predicted, begins a frame, of the lowest layer"""
    flags, at = payload[0], 1
    if flags & 0x80:
        at += 2 if len(payload) > 1 and payload[1] & 0x80 else 1
    return flags & 0x48 == 0x08 and not (flags & 0x20 and len(payload) > at and payload[at] & 0x0E)


def h264_key(payload):
    """RFC 6184 5.6-5.8: a sequence parameter set, which comes before each IDR picture"""
    kind, at = payload[0] & 31, 1
    if kind == 28:
        return len(payload) > 1 and payload[1] & 0x9F == 0x87
    while kind == 24 and len(payload) > at + 2:
        if payload[at + 2] & 31 == 7:
            return True
        at += 2 + struct.unpack_from("!H", payload, at)[0]
    return kind == 7


def av1_key(payload):
    """AV1 RTP 4.4: N, and not Z"""
    return payload[0] & 0x88 == 0x08


class Codec(NamedTuple):
    name: str
    pt: int  # those that the focus offers
    rtx: int
    begins_key: Callable  # whether a key frame's first packet has this payload
    elements: str


CODECS = {c.pt: c for c in (
    Codec("VP8", 100, 96, vp8_key, "rtpvp8depay wait-for-keyframe=true ! vp8dec"),
    Codec("VP9", 101, 97, vp9_key, "rtpvp9depay wait-for-keyframe=true ! vp9dec"),
    Codec("H264", 107, 99, h264_key, "rtph264depay wait-for-keyframe=true ! avdec_h264 max-threads=1"),
    Codec("AV1", 41, 42, av1_key, "ivfparse ! av1dec"),  # Debian 12 has no depayloader of it: see temporal_units()
)}
RTX_OF = {c.rtx: c.pt for c in CODECS.values()}


def begins_key(packet):
    return len(packet) > 12 and CODECS[packet[1] & 127].begins_key(packet[12:])


def stretches(packets):
    """Lists of packets without a hole, whole frames, each from a key frame on: what a decoder is given.

    packets: by unwrapped sequence number, with a header of 12 bytes; probes have nothing else, and are left out."""
    out, current, shift, last = [], None, 0, None
    for n in sorted(packets):
        packet = packets[n]
        if len(packet) == 12:
            shift += 1
            continue
        begins = begins_key(packet)
        # Chromium itself leaves a frame unfinished now and then, before a key frame; nothing refers to it.
        unfinished = begins and current and not current[-1][1][1] & 0x80 and current[-1][1][4:8] != packet[4:8]
        if unfinished or last is not None and n - shift != last + 1:
            if current:
                cut_open_frame(current)
            current = None
        last = n - shift
        if current is None and begins:
            out.append(current := [])
        if current is not None:
            current.append((n, packet[:2] + struct.pack("!H", last & 0xFFFF) + packet[4:]))
    return out


def cut_open_frame(stretch):
    timestamp = stretch[-1][1][4:8]
    if not stretch[-1][1][1] & 0x80:
        while stretch and stretch[-1][1][4:8] == timestamp:
            stretch.pop()


def torn_units(stretch):
    """Complaints about H.264 fragments (RFC 6184 5.8): the depayloader says nothing of those that lack others."""
    complaints, is_open = [], False
    for n, packet in stretch:
        fragment = packet[12] & 31 == 28 and len(packet) > 13
        if is_open == (not fragment or bool(packet[13] & 0x80)):
            complaints.append(f"packet {n}: a NAL unit {'does not end' if is_open else 'goes on that did not begin'}")
        is_open = fragment and not packet[13] & 0x40
    return complaints


# ---- AV1: RTP payloads to a bitstream with sizes (AV1 RTP 4.3-4.5, AV1 4.10.5 and 5.3) ----

def leb128(data, at):
    value = 0
    for i in range(8):
        if at + i >= len(data):
            break
        value |= (data[at + i] & 0x7F) << 7 * i
        if not data[at + i] & 0x80:
            return value, at + i + 1
    raise ValueError("a size is cut short")


def elements(payload):
    """OBU elements of one payload."""
    count, at, out = payload[0] >> 4 & 3, 1, []
    while at < len(payload):
        size = len(payload) - at
        if not count or len(out) + 1 < count:
            size, at = leb128(payload, at)
        if size > len(payload) - at:
            raise ValueError("an element is longer than its packet")
        out.append(payload[at:at + size])
        at += size
    if not out or count and len(out) != count:
        raise ValueError(f"{len(out)} elements of {count}")
    return out


def with_size(obu):
    head = 2 if obu[:1] and obu[0] & 4 else 1
    if len(obu) < head or obu[0] & 0x80:
        raise ValueError("no OBU header")
    if obu[0] & 2:
        return obu
    size, left = bytearray(), len(obu) - head
    while left > 0x7F:
        size.append(left & 0x7F | 0x80)
        left >>= 7
    return bytes((obu[0] | 2,)) + obu[1:head] + bytes((*size, left)) + obu[head:]


def temporal_units(stretch, complaints):
    """(timestamp, bytes) of each."""
    units, timestamp, goes_on = [], None, None  # goes_on: an OBU of which the next packet has more
    for n, packet in stretch:
        payload = packet[12:]
        try:
            if packet[4:8] != timestamp:
                timestamp = packet[4:8]
                units.append((struct.unpack("!I", timestamp)[0], bytearray(b"\x12\x00")))
                if goes_on is not None:
                    raise ValueError("a picture begins within an OBU")
            obus = elements(payload)
            if bool(payload[0] & 0x80) != (goes_on is not None):
                raise ValueError("an OBU goes on that did not begin" if goes_on is None else "an OBU does not go on")
            obus[0] = (goes_on or b"") + obus[0]
            goes_on = obus.pop() if payload[0] & 0x40 else None
            for obu in obus:
                units[-1][1].extend(with_size(obu))
        except ValueError as e:
            complaints.append(f"packet {n}: {e}")
            goes_on = None
    return units


# ---- GStreamer ----

def write_input(codec, parts, file, complaints):
    """Writes what the elements read; returns the caps to read it with, empty when it tells itself."""
    if codec.name == "AV1":
        file.write(IVF_HEADER)
        first = None
        for timestamp, unit in (u for part in parts for u in temporal_units(part, complaints)):
            first = timestamp if first is None else first
            file.write(struct.pack("<IQ", len(unit), (timestamp - first) & 0xFFFFFFFF) + unit)
        return []
    for _, packet in (p for part in parts for p in part):
        file.write(struct.pack("!H", len(packet)) + packet)
    caps = f"application/x-rtp-stream,media=video,clock-rate=90000,encoding-name={codec.name},payload={codec.pt}"
    return [caps, "!", "rtpstreamdepay", "!"]


def missed(codec, stretch, descriptors):
    """What the packets themselves tell, and of how many of them that is."""
    if of_stretch := [(n, descriptors[n]) for n, _ in stretch if n in descriptors]:
        pieces, complaints = references.described(of_stretch)
        told = len(of_stretch)
    else:
        pieces, complaints = [(n, references.vp9_piece(packet[12:])) for n, packet in stretch] if codec.name == "VP9" else [], []
        pieces = [(n, p) for n, p in pieces if p]
        told = len(pieces)
    if 0 < told < len(stretch):
        complaints.append(f"{len(stretch) - told} of {len(stretch)} packets say nothing of their frame")
    complaints += references.broken(pieces)
    if codec.name == "H264":
        complaints += torn_units(stretch)
    return complaints, told


def decode(pt, packets, descriptors):
    """packets, descriptors: by unwrapped sequence number; see stretches() and references.py."""
    codec, parts, complaints, told = CODECS[pt], stretches(packets), [], 0
    for part in parts:
        of_part, n = missed(codec, part, descriptors)
        complaints += of_part
        told += n
    with tempfile.NamedTemporaryFile(suffix=".rtp") as f:
        read = write_input(codec, parts, f, complaints)
        f.flush()
        run = subprocess.run(
            ["gst-launch-1.0", "-v", "filesrc", f"location={f.name}", "!", *read, *codec.elements.split(), "!",
             "fakesink", "name=out", "silent=false", "sync=false"],
            env={**os.environ, "GST_DEBUG": "2", "GST_DEBUG_NO_COLOR": "1"}, capture_output=True, text=True, timeout=60)
    heights = []
    for line in re.findall(r"/GstFakeSink:out\.GstPad:sink: caps = video/x-raw.*", run.stdout):
        heights.append(int(re.search(r"height=\(int\)(\d+)", line)[1]))
    # The depayloader tells of each hole, which is known; the decoder may have nothing to say.
    complaints += [line for line in (run.stderr + run.stdout).splitlines()
                   if re.search(r"\b(WARN|ERROR) +(videodecoder|vp[x89]\w*|libav|av1\w*|ivf\w*)\b", line) or line.startswith(("ERROR", "WARNING"))]
    frames = {p[4:8] for p in packets.values() if len(p) > 12}
    return {"codec": codec.name, "packets": len(packets), "told": told, "stretches": len(parts), "frames": len(frames),
            "given": len({p[4:8] for part in parts for _, p in part}), "decoded": len(re.findall(r"chain +\*", run.stdout)),
            "heights": heights, "complaints": complaints[:20], "exit": run.returncode}


def without(gone, packets, descriptors):
    """The same when the bridge had forgotten the picture with that timestamp: the numbers are closed up."""
    shift, as_numbered = 0, {}
    for n in sorted(packets):
        if packets[n][4:8] == gone and len(packets[n]) > 12:
            shift += 1
        else:
            as_numbered[n - shift] = n
    return ({k: packets[n] for k, n in as_numbered.items()},
            {k: descriptors[n] for k, n in as_numbered.items() if n in descriptors})


def needed_keys(packets):
    """Timestamps of key frames that the next picture refers to: it is none itself, as when a receiver climbs from encoding
    to encoding, and nothing is missing before them, where nobody would look."""
    needed = []
    for part in stretches(packets):
        pictures = list(dict.fromkeys(p[4:8] for _, p in part))
        keys = {p[4:8] for _, p in part if begins_key(p)}
        needed += [a for a, b in zip(pictures[1:], pictures[2:]) if a in keys and b not in keys]
    return needed


def notices_a_loss(pt, packets, descriptors):
    """Whether one key frame of those in the middle can be left out and decode() complains: else it proves nothing."""
    keys = needed_keys(packets)
    return any(decode(pt, *without(keys[len(keys) * i // 4], packets, descriptors))["complaints"] for i in (2, 1, 3) if keys)
