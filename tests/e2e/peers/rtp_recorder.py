#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A receiver that wants something else every moment, and decodes with GStreamer what it was sent.

Joins a conference of the bridge by COLIBRI2 over HTTP with aiortc, which does ICE, DTLS, SRTP and SCTP. Video RTP is
taken before aiortc reads it: holes are NACKed until they are filled or too old, then a key frame is asked for; REMB
says that there is room. Over the data channel it asks at random for other heights of each source, for none of it or
for none at all. At the end each stream goes, in order, through GStreamer's depayloader and decoder; the last line is
one JSON object: what came, what was missing, what was decoded, what the elements complained about, and what the
packets themselves say was missing.
"""
import argparse
import asyncio
import json
import random
import re
import struct
import time

import aioice.ice
from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.rtp import RTCP_PSFB_APP, RTCP_PSFB_PLI, RTCP_RTPFB_NACK, RtcpPsfbPacket, RtcpRtpfbPacket, pack_remb_fci

import aiortc_peer as peer
import references
import rtp_decode
from rtp_decode import CODECS, RTX_OF

OWN_SSRC = 1
DESCRIPTOR_ID = 11
NACK_EVERY_S, NACK_UNTIL_S, PLI_EVERY_S = 0.08, 1.0, 0.3
REMB_BPS = 8_000_000


class Stream:
    """One SSRC: its packets by unwrapped sequence number, and the dependency descriptors of those that had one."""

    def __init__(self, pt):
        self.pt, self.packets, self.descriptors, self.missing = pt, {}, {}, {}
        self.highest, self.repaired, self.repeated, self.given_up, self.last_pli = None, 0, 0, 0, 0.0
        self.hole = None  # the last number given up, until a key frame begins behind it

    def add(self, seq, packet, descriptor, repaired):
        if self.highest is None:
            self.highest = seq - 1 if not repaired else seq
        number = self.highest + ((seq - self.highest + 0x8000) & 0xFFFF) - 0x8000
        if number in self.packets:
            self.repeated += self.packets[number][12:] != packet[12:]  # another packet under the same number
            return
        now = time.monotonic()
        for hole in range(self.highest + 1, number):
            self.missing[hole] = [now, 0.0]
        self.highest = max(self.highest, number)
        self.repaired += repaired
        self.missing.pop(number, None)
        self.packets[number] = packet
        if descriptor:
            self.descriptors[number] = descriptor
        if self.hole is not None and number > self.hole and self.is_key(number):
            self.hole = None

    def is_key(self, number):
        return number in self.packets and rtp_decode.begins_key(self.packets[number])

    def wanted(self, now):
        """Numbers to NACK now; a hole that is too old is given up, and a key frame is due."""
        old = [n for n, (since, _) in self.missing.items() if now - since > NACK_UNTIL_S]
        for n in old:
            del self.missing[n]
        self.given_up += len(old)
        if old and not any(self.is_key(n) for n in range(max(old) + 1, self.highest + 1)):
            self.hole = max(old)
        due = [n for n, (since, asked) in self.missing.items() if now - since > 0.02 and now - asked > NACK_EVERY_S]
        for n in due:
            self.missing[n][1] = now
        return due


def header_length(data):
    n = 12 + 4 * (data[0] & 15)
    return n + 4 + 4 * struct.unpack_from("!H", data, n + 2)[0] if data[0] & 16 else n


def extension(data, wanted):
    """The element of that id (RFC 8285), or None."""
    at, end = 12 + 4 * (data[0] & 15), header_length(data)
    if end < at + 4:
        return None
    long = data[at:at + 2] != b"\xbe\xde"
    at += 4
    while at + 1 < end:
        if data[at] == 0:
            at += 1
            continue
        element, size, head = (data[at], data[at + 1], 2) if long else (data[at] >> 4, (data[at] & 15) + 1, 1)
        if element == wanted:
            return data[at + head:at + head + size]
        at += head + size
    return None


class Recorder:
    def __init__(self, transport):
        self.transport, self.streams, self.rtx, self.names = transport, {}, {}, {}
        self.aiortc_reads = transport._handle_rtp_data
        transport._handle_rtp_data = self.on_rtp

    async def on_rtp(self, data, arrival_time_ms):
        pt = data[1] & 127
        if pt not in CODECS and pt not in RTX_OF:
            return await self.aiortc_reads(data, arrival_time_ms)
        seq, ssrc = struct.unpack_from("!HxxxxI", data, 2)
        at = header_length(data)
        end = len(data) - (data[-1] if data[0] & 32 else 0)
        if pt in RTX_OF:
            ssrc, pt = self.rtx.get(ssrc), RTX_OF[pt]
            if ssrc not in self.streams or end - at < 2:
                return
            seq = struct.unpack_from("!H", data, at)[0]
            at += 2
        elif ssrc not in self.streams:
            self.streams[ssrc] = Stream(pt)
        descriptor = extension(data, DESCRIPTOR_ID)
        # No extensions, CSRCs or padding: the depayloader needs none of them.
        packet = struct.pack("!BBH", 0x80, data[1] & 0x80 | pt, seq) + data[4:8] + struct.pack("!I", ssrc) + data[at:end]
        self.streams[ssrc].add(seq, packet, descriptor, data[1] & 127 in RTX_OF)

    def on_sources(self, message):
        for s in message["mappedSources"]:
            self.rtx[s["rtx"]] = s["ssrc"]
            self.names[s["ssrc"]] = s["source"]

    async def send(self, packet):
        try:
            await self.transport._send_rtp(bytes(packet))
        except ConnectionError:
            pass

    async def feed_back(self):
        told = 0.0
        while True:
            await asyncio.sleep(0.03)
            now = time.monotonic()
            for ssrc, s in self.streams.items():
                due = s.wanted(now)
                if due:
                    nack = RtcpRtpfbPacket(fmt=RTCP_RTPFB_NACK, ssrc=OWN_SSRC, media_ssrc=ssrc)
                    nack.lost = sorted({n & 0xFFFF for n in due})
                    await self.send(nack)
                if s.hole is not None and now - s.last_pli > PLI_EVERY_S:
                    s.last_pli = now
                    await self.send(RtcpPsfbPacket(fmt=RTCP_PSFB_PLI, ssrc=OWN_SSRC, media_ssrc=ssrc))
            if self.streams and now - told > 0.5:
                told = now
                await self.send(RtcpPsfbPacket(fmt=RTCP_PSFB_APP, ssrc=OWN_SSRC, media_ssrc=0,
                                               fci=pack_remb_fci(REMB_BPS, list(self.streams))))


def wish(rng, names):
    heights = {name: rng.choice((90, 180, 360, 720, 720, 0)) for name in names}
    return {"colibriClass": "ReceiverVideoConstraints", "lastN": rng.choice((-1, -1, -1, -1, 1, 0)),
            "selectedSources": [rng.choice(names)] if names else [], "defaultConstraints": {"maxHeight": 180},
            "constraints": {name: {"maxHeight": h} for name, h in heights.items()}}


async def run(args):
    rng = random.Random(args.seed)
    aioice.ice.get_host_addresses = lambda use_ipv4, use_ipv6: ["127.0.0.1"]
    reply = await asyncio.to_thread(peer.post, args.bridge_http, peer.create_xml(
        args, [(c.name, c.pt, c.rtx) for c in CODECS.values()], {DESCRIPTOR_ID: references.DESCRIPTOR_URI}))
    pc = RTCPeerConnection()
    await pc.setRemoteDescription(RTCSessionDescription(peer.offer_sdp(reply.find(f".//{{{peer.ICE}}}transport")), "offer"))
    channel = pc.createDataChannel("JVB data channel", protocol="http://jitsi.org/protocols/colibri")
    recorder = Recorder(pc.getReceivers()[0].transport)
    opened = asyncio.Event()
    channel.on("open", opened.set)

    @channel.on("message")
    def on_message(text):
        message = json.loads(text)
        if message.get("colibriClass") == "VideoSourcesMap":
            recorder.on_sources(message)

    await pc.setLocalDescription(await pc.createAnswer())
    # Without candidates: only the way that the bridge announces leads to it.
    sdp = re.sub(r"a=candidate:.*\r\n", "", pc.localDescription.sdp)
    await asyncio.to_thread(peer.post, args.bridge_http, peer.answer_xml(args, sdp, None))
    feedback = asyncio.ensure_future(recorder.feed_back())
    await asyncio.wait_for(opened.wait(), 15)

    end, wishes = time.monotonic() + args.seconds, 0
    while time.monotonic() < end:
        names = sorted(recorder.names.values())
        channel.send(json.dumps(wish(rng, names) if names else
                                {"colibriClass": "ReceiverVideoConstraints", "lastN": -1, "defaultConstraints": {"maxHeight": 180}}))
        wishes += bool(names)
        await asyncio.sleep(rng.uniform(0.2, 1.6))
    feedback.cancel()
    await asyncio.to_thread(peer.post, args.bridge_http, peer.expire_xml(args))
    await pc.close()

    streams = {}
    for ssrc, s in recorder.streams.items():
        streams[recorder.names.get(ssrc, str(ssrc))] = {
            **await asyncio.to_thread(rtp_decode.decode, s.pt, s.packets, s.descriptors),
            "notices": await asyncio.to_thread(rtp_decode.notices_a_loss, s.pt, s.packets, s.descriptors),
            "repaired": s.repaired, "given_up": s.given_up, "repeated": s.repeated}
    print(json.dumps({"wishes": wishes, "streams": streams}), flush=True)


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--bridge-http", required=True, help="private listener, such as http://127.0.0.1:8080")
    p.add_argument("--meeting-id", required=True)
    p.add_argument("--id", default="a10c0002", help="endpoint id")
    p.add_argument("--create", action="store_true", help="create the conference too")
    p.add_argument("--seconds", type=float, default=60)
    p.add_argument("--seed", type=int, default=1)
    asyncio.run(run(p.parse_args()))


if __name__ == "__main__":
    main()
