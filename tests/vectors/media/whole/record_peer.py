#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Records the RTP of one video sender, decrypted: the far end of record.mjs.

Reads an SDP offer (one JSON line), prints the answer, then one line per packet: milliseconds are relative to the first.
Lines on standard input after that: "pli" asks every SSRC seen so far for a key frame; end of input ends it.
"""
import asyncio
import json
import sys
import time

from aiortc import RTCPeerConnection, RTCSessionDescription, rtcdtlstransport
from aiortc.rtp import RTCP_PSFB_PLI, RtcpPsfbPacket

packets, ssrcs, transports = [], [], set()


async def keep(self, data, arrival_time_ms):
    transports.add(self)
    ssrc = int.from_bytes(data[8:12], "big")
    if ssrc not in ssrcs:
        ssrcs.append(ssrc)
    print(json.dumps({"ssrc": ssrc, "us": time.monotonic_ns() // 1000, "hex": data.hex()}), flush=True)


async def main():
    rtcdtlstransport.RTCDtlsTransport._handle_rtp_data = keep
    lines = asyncio.StreamReader(limit=1 << 20)
    await asyncio.get_event_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    pc = RTCPeerConnection()
    await pc.setRemoteDescription(RTCSessionDescription(json.loads(await lines.readline()), "offer"))
    await pc.setLocalDescription(await pc.createAnswer())
    print(json.dumps(pc.localDescription.sdp), flush=True)
    while await lines.readline():
        for transport in transports:
            for ssrc in ssrcs:
                await transport._send_rtp(bytes(RtcpPsfbPacket(fmt=RTCP_PSFB_PLI, ssrc=1, media_ssrc=ssrc)))
    await pc.close()

asyncio.run(main())
