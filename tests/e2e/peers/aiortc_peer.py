#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A WebRTC stack that is no browser (aiortc) joins a conference of the bridge by COLIBRI2 over HTTP.

It creates its endpoint with POST /colibri2, answers the bridge's transport with its own, signals its
sources, asks for video over the data channel, and prints one JSON object a second: what it received
(video frames decoded, audio energy) and the bridge messages it heard. Runs with Debian's python3-aiortc.
"""
import argparse
import asyncio
import fractions
import json
import math
import time
import urllib.error
import urllib.request
import xml.etree.ElementTree as ET

import numpy
from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack, VideoStreamTrack
from av import AudioFrame, VideoFrame

C2 = "jitsi:colibri2"
RTP = "urn:xmpp:jingle:apps:rtp:1"
FB = "urn:xmpp:jingle:apps:rtp:rtcp-fb:0"
HDREXT = "urn:xmpp:jingle:apps:rtp:rtp-hdrext:0"
ICE = "urn:xmpp:jingle:transports:ice-udp:1"
DTLS = "urn:xmpp:jingle:apps:dtls:0"
SSMA = "urn:xmpp:jingle:apps:rtp:ssma:0"

EXTENSIONS = {
    "audio": {1: "urn:ietf:params:rtp-hdrext:ssrc-audio-level", 10: "urn:ietf:params:rtp-hdrext:sdes:mid"},
    "video": {10: "urn:ietf:params:rtp-hdrext:sdes:mid",
              3: "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"},
}


class Tone(AudioStreamTrack):
    """A 440 Hz sine: its energy at the other end is certain."""

    async def recv(self):
        silent = await super().recv()
        n, rate = silent.samples, silent.sample_rate
        t = (numpy.arange(n) + silent.pts) / rate
        samples = (12000 * numpy.sin(2 * math.pi * 440 * t)).astype(numpy.int16).reshape(1, -1)
        frame = AudioFrame.from_ndarray(samples, layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = rate, silent.pts, fractions.Fraction(1, rate)
        return frame


class Bars(VideoStreamTrack):
    """Moving bars, so that every frame differs from the last."""

    def __init__(self, width=320, height=180):
        super().__init__()
        self.columns = numpy.arange(width)
        self.height, self.n = height, 0

    async def recv(self):
        pts, time_base = await self.next_timestamp()
        self.n += 1
        row = ((self.columns * 3 + self.n * 5) % 256).astype(numpy.uint8)
        image = numpy.repeat(numpy.stack([row, row[::-1], 255 - row], axis=1)[None], self.height, axis=0)
        frame = VideoFrame.from_ndarray(numpy.ascontiguousarray(image), format="rgb24")
        frame.pts, frame.time_base = pts, time_base
        return frame


class Refused(Exception):
    pass


def post(url, body):
    request = urllib.request.Request(url + "/colibri2", body.encode(), {"Content-Type": "application/xml"})
    try:
        with urllib.request.urlopen(request, timeout=10) as reply:
            return ET.fromstring(reply.read())
    except urllib.error.HTTPError as e:
        raise Refused(f"HTTP {e.code}: {e.read().decode(errors='replace')}") from e


def media_xml(video=(("VP8", 100, 96),), extensions=()):
    """video: (codec, payload type, that of its RTX); extensions: more of them for video, by id."""
    fb = "".join(f'<rtcp-fb xmlns="{FB}" type="{t}"' + (f' subtype="{s}"' if s else "") + "/>"
                 for t, s in (("nack", ""), ("nack", "pli"), ("goog-remb", "")))
    def ext(kind, more=()):
        ids = {**EXTENSIONS[kind], **dict(more)}
        mixed = f'<extmap-allow-mixed xmlns="{HDREXT}"/>' if more else ""  # some of those may need the long form
        return "".join(f'<rtp-hdrext xmlns="{HDREXT}" id="{i}" uri="{u}"/>' for i, u in ids.items()) + mixed
    def types(name, pt, rtx):
        return (f'<payload-type xmlns="{RTP}" id="{pt}" name="{name}" clockrate="90000">{fb}</payload-type>'
                f'<payload-type xmlns="{RTP}" id="{rtx}" name="rtx" clockrate="90000"><parameter name="apt" value="{pt}"/>'
                f'</payload-type>')
    return (f'<media type="audio"><payload-type xmlns="{RTP}" id="111" name="opus" clockrate="48000" channels="2"/>'
            f'{ext("audio")}</media><media type="video">{"".join(types(*v) for v in video)}{ext("video", extensions)}</media>')


def create_xml(args, video=(("VP8", 100, 96),), extensions=()):
    create = ' create="true" name="peer@conference.test"' if args.create else ""
    return (f'<conference-modify xmlns="{C2}" meeting-id="{args.meeting_id}"{create}>'
            f'<endpoint id="{args.id}" create="true" stats-id="aiortc"><capability name="source-names"/>'
            f'<capability name="ssrc-rewriting"/>{media_xml(video, extensions)}<transport ice-controlling="true"><sctp/></transport>'
            f'<sources/></endpoint></conference-modify>')


def offer_sdp(transport):
    """The bridge's transport as the SDP offer that its signalling never sends."""
    fp = transport.find(f"{{{DTLS}}}fingerprint")
    common = [f"a=ice-ufrag:{transport.get('ufrag')}", f"a=ice-pwd:{transport.get('pwd')}",
              f"a=fingerprint:{fp.get('hash')} {fp.text.strip()}", f"a=setup:{fp.get('setup')}"]
    common += [f"a=candidate:{c.get('foundation')} 1 udp {c.get('priority')} {c.get('ip')} {c.get('port')} typ host"
               for c in transport.findall(f"{{{ICE}}}candidate")]
    lines = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=group:BUNDLE 0 1 2", "a=msid-semantic:WMS *"]
    for mid, (kind, pts) in enumerate((("audio", "111"), ("video", "100 96"))):
        lines += [f"m={kind} 9 UDP/TLS/RTP/SAVPF {pts}", "c=IN IP4 0.0.0.0", f"a=mid:{mid}", "a=sendrecv", "a=rtcp-mux"]
        lines += [f"a=extmap:{i} {u}" for i, u in EXTENSIONS[kind].items()]
        if kind == "audio":
            lines += ["a=rtpmap:111 opus/48000/2"]
        else:
            lines += ["a=rtpmap:100 VP8/90000", "a=rtcp-fb:100 nack", "a=rtcp-fb:100 nack pli",
                      "a=rtcp-fb:100 goog-remb", "a=rtpmap:96 rtx/90000", "a=fmtp:96 apt=100"]
        lines += common
    lines += ["m=application 9 UDP/DTLS/SCTP webrtc-datachannel", "c=IN IP4 0.0.0.0", "a=mid:2", "a=sctp-port:5000"]
    return "\r\n".join(lines + common) + "\r\n"


def answer_xml(args, sdp, ssrcs):
    def value(name):
        return next(l.split(":", 1)[1] for l in sdp.splitlines() if l.startswith(f"a={name}:"))
    hash_name, fingerprint = value("fingerprint").split(" ", 1)
    candidates = []
    for line in dict.fromkeys(l for l in sdp.splitlines() if l.startswith("a=candidate:")):
        f = line.split(":", 1)[1].split()
        candidates.append(f'<candidate component="1" foundation="{f[0]}" generation="0" id="{f[0]}" ip="{f[4]}" '
                          f'network="0" port="{f[5]}" priority="{f[3]}" protocol="{f[2].lower()}" type="{f[7]}"/>')
    def source(ssrc):
        return f'<source xmlns="{SSMA}" ssrc="{ssrc}"/>'
    sources = ""
    if ssrcs:
        video = source(ssrcs["video"]) + source(ssrcs["rtx"]) + (
            f'<ssrc-group xmlns="{SSMA}" semantics="FID"><source ssrc="{ssrcs["video"]}"/>'
            f'<source ssrc="{ssrcs["rtx"]}"/></ssrc-group>')
        sources = (f'<media-source type="audio" id="{args.id}-a0">{source(ssrcs["audio"])}</media-source>'
                   f'<media-source type="video" id="{args.id}-v0">{video}</media-source>')
    return (f'<conference-modify xmlns="{C2}" meeting-id="{args.meeting_id}"><endpoint id="{args.id}"><transport>'
            f'<transport xmlns="{ICE}" ufrag="{value("ice-ufrag")}" pwd="{value("ice-pwd")}">'
            f'<fingerprint xmlns="{DTLS}" hash="{hash_name}" setup="{value("setup")}">{fingerprint}</fingerprint>'
            f'{"".join(candidates)}</transport></transport><sources>{sources}</sources></endpoint></conference-modify>')


def expire_xml(args):
    return (f'<conference-modify xmlns="{C2}" meeting-id="{args.meeting_id}"><endpoint id="{args.id}" expire="true"/>'
            f'</conference-modify>')


async def run(args):
    reply = await asyncio.to_thread(post, args.bridge_http, create_xml(args))
    transport = reply.find(f".//{{{ICE}}}transport")

    state = {"videoFrames": 0, "audioFrames": 0, "audioEnergy": 0.0, "height": 0, "ice": "new", "messages": {}}
    pc = RTCPeerConnection()

    @pc.on("track")
    def on_track(track):
        async def consume():
            while True:
                frame = await track.recv()
                if track.kind == "video":
                    state["videoFrames"] += 1
                    state["height"] = frame.height
                else:
                    samples = frame.to_ndarray().astype(numpy.float64) / 32768
                    state["audioFrames"] += 1
                    state["audioEnergy"] += float(numpy.square(samples).mean()) * frame.samples / frame.sample_rate
        asyncio.ensure_future(consume())

    await pc.setRemoteDescription(RTCSessionDescription(offer_sdp(transport), "offer"))
    pc.addTrack(Tone())
    pc.addTrack(Bars())
    channel = pc.createDataChannel("JVB data channel", protocol="http://jitsi.org/protocols/colibri")

    @channel.on("open")
    def on_open():
        channel.send(json.dumps({"colibriClass": "ReceiverVideoConstraints", "lastN": -1,
                                 "defaultConstraints": {"maxHeight": args.max_height}}))

    @channel.on("message")
    def on_message(text):
        message = json.loads(text)
        name = message.get("colibriClass", "?")
        state["messages"][name] = state["messages"].get(name, 0) + 1

    await pc.setLocalDescription(await pc.createAnswer())
    senders = {s.track.kind: s for s in pc.getSenders() if s.track}
    ssrcs = {"audio": senders["audio"]._ssrc, "video": senders["video"]._ssrc, "rtx": senders["video"]._rtx_ssrc}
    await asyncio.to_thread(post, args.bridge_http, answer_xml(args, pc.localDescription.sdp, ssrcs))

    end = time.monotonic() + args.seconds
    while time.monotonic() < end:
        await asyncio.sleep(1)
        state["ice"] = pc.iceConnectionState
        print(json.dumps(state), flush=True)
    await asyncio.to_thread(post, args.bridge_http, expire_xml(args))
    await pc.close()


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--bridge-http", required=True, help="private listener, such as http://127.0.0.1:8080")
    p.add_argument("--meeting-id", required=True)
    p.add_argument("--id", default="a10c0001", help="endpoint id")
    p.add_argument("--create", action="store_true", help="create the conference too")
    p.add_argument("--seconds", type=float, default=10)
    p.add_argument("--max-height", type=int, default=720)
    asyncio.run(run(p.parse_args()))


if __name__ == "__main__":
    main()
