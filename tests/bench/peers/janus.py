#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Drives load_external against Janus as Debian packages it: starts it, makes VideoRoom rooms over its HTTP API,
connects publishers and subscribers, and prints CPU of the server per forwarded packet. See README.md."""
import argparse, json, os, random, re, shutil, subprocess, sys, tempfile, time, urllib.request

STREAM = ("width", "height", "per_frame", "chunk", "frame_us", "chunk_us", "payload")


def read_scenes():
    """Of each: rooms, people, senders, percent NACKed, streams; a stream is the numbers above and how far behind its receivers are."""
    with open(os.path.join(os.path.dirname(__file__), "scenes.json")) as f:
        scenes = json.load(f)
    scenes.pop("//")
    for name, s in scenes.items():
        streams = [tuple(t[k] for k in STREAM) + (range(t["receivers"][0], t["receivers"][1] + 1) if t["receivers"] else range(0),)
                   for t in s["streams"]]
        scenes[name] = s["rooms"], s["people"], s["senders"], s["nack_percent"], streams
    return scenes


SCENES = read_scenes()
TCC = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
PT, RTX, TCC_ID, OPUS = 100, 96, 5, 111
RTX_BIT = 0x100


class Load:
    """load_external, spoken to line by line."""

    def __init__(self, program):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def tell(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def ask(self, line, answers=1):
        self.tell(line)
        return [self.process.stdout.readline().split() for _ in range(answers)]


class Janus:
    def __init__(self, port):
        self.base = f"http://127.0.0.1:{port}/janus"
        self.session = self.post("", {"janus": "create"})["data"]["id"]

    def post(self, path, body):
        body["transaction"] = "%08x" % random.getrandbits(32)
        request = urllib.request.Request(self.base + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
        answer = json.load(urllib.request.urlopen(request, timeout=20))
        if answer["janus"] == "error":
            raise RuntimeError(answer["error"])
        return answer

    def attach(self):
        return self.post(f"/{self.session}", {"janus": "attach", "plugin": "janus.plugin.videoroom"})["data"]["id"]

    def event(self, handle):
        while True:  # others' events (webrtcup, media) pass by
            ev = json.load(urllib.request.urlopen(f"{self.base}/{self.session}?maxev=1", timeout=40))
            data = ev.get("plugindata", {}).get("data", {})
            if "error" in data:
                raise RuntimeError(data["error"])
            if ev.get("sender") == handle and ev["janus"] == "event" and data.get("videoroom") in ("joined", "attached", "event"):
                return ev

    def message(self, handle, body, jsep=None, wait=True):
        out = {"janus": "message", "body": body}
        if jsep:
            out["jsep"] = jsep
        answer = self.post(f"/{self.session}/{handle}", out)
        return self.event(handle) if wait else answer


def transport_lines(client, setup):
    _, port, ufrag, pwd, fingerprint = client
    return (f"c=IN IP4 127.0.0.1\r\na=rtcp-mux\r\na=ice-ufrag:{ufrag}\r\na=ice-pwd:{pwd}\r\n"
            f"a=fingerprint:sha-256 {fingerprint}\r\na=setup:{setup}\r\n"
            f"a=candidate:1 1 udp 2130706431 {ADDRESS} {port} typ host\r\na=end-of-candidates\r\n")


def head(mids):
    return ("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
            f"a=group:BUNDLE {' '.join(mids)}\r\na=msid-semantic: WMS *\r\n")


def codec_lines(pt, rtx, tcc):
    lines = f"a=rtpmap:{pt} VP8/90000\r\n" + "".join(f"a=rtcp-fb:{pt} {fb}\r\n" for fb in
                                                     ("ccm fir", "nack", "nack pli", "transport-cc"))
    if rtx:
        lines += f"a=rtpmap:{rtx} rtx/90000\r\na=fmtp:{rtx} apt={pt}\r\n"
    return lines + (f"a=extmap:{tcc} {TCC}\r\n" if tcc else "")


def offer(client, ssrcs, audio):
    """ssrcs: of the layers, low to high, each with its RTX one above; audio: its SSRC or None."""
    def source(ssrc):
        return f"a=ssrc:{ssrc} cname:load\r\n"
    lines = head(["0", "1"] if audio else ["0"]) + f"m=video 9 UDP/TLS/RTP/SAVPF {PT} {RTX}\r\n" + transport_lines(client, "actpass")
    lines += "a=mid:0\r\na=sendonly\r\n" + codec_lines(PT, RTX, TCC_ID)
    if len(ssrcs) > 1:
        lines += "a=ssrc-group:SIM " + " ".join(map(str, ssrcs)) + "\r\n"
    lines += "".join(f"a=ssrc-group:FID {s} {s + RTX_BIT}\r\n" for s in ssrcs)
    lines += "".join(source(s) + source(s + RTX_BIT) for s in ssrcs)
    if audio:
        lines += (f"m=audio 9 UDP/TLS/RTP/SAVPF {OPUS}\r\n" + transport_lines(client, "actpass") +
                  f"a=mid:1\r\na=sendonly\r\na=rtpmap:{OPUS} opus/48000/2\r\n" + source(audio))
    return lines


def found(pattern, sdp, default=None):
    m = re.search(pattern, sdp, re.M)
    return m.group(1) if m else default


def answer(client, sdp):
    """The answer, and the payload types in use: video, RTX, transport-cc's id, audio."""
    sections = re.split(r"^(?=m=)", sdp, flags=re.M)[1:]
    out = head([found(r"^a=mid:(\S+)", s) for s in sections])
    numbers = [0, 0, 0, 0]
    for s in sections:
        mid = found(r"^a=mid:(\S+)", s)
        start = transport_lines(client, "active") + f"a=mid:{mid}\r\na=recvonly\r\n"
        if s.startswith("m=audio"):
            pt = found(r"^a=rtpmap:(\d+) opus/", s)
            out += f"m=audio 9 UDP/TLS/RTP/SAVPF {pt}\r\n" + start + f"a=rtpmap:{pt} opus/48000/2\r\n"
            numbers[3] = int(pt)
            continue
        pt, rtx = found(r"^a=rtpmap:(\d+) VP8/", s), found(r"^a=rtpmap:(\d+) rtx/", s)
        tcc = found(r"^a=extmap:(\d+) " + re.escape(TCC), s)
        out += f"m=video 9 UDP/TLS/RTP/SAVPF {pt}{' ' + rtx if rtx else ''}\r\n" + start + codec_lines(pt, rtx, tcc)
        numbers[:3] = int(pt), int(rtx or 0), int(tcc or 0)
    return out, numbers


def start_janus(folder, port, rtp_from):
    """Its own configuration files, with two things changed: where it listens, and plain HTTP on loopback."""
    shutil.copytree("/etc/janus", folder, dirs_exist_ok=True)
    with open(f"{folder}/janus.transport.http.jcfg", "w") as f:
        f.write(f'general: {{ json = "compact" base_path = "/janus" http = true port = {port} ip = "127.0.0.1" https = false }}\n')
    def priority():  # as load_external and bench_forward have it, where allowed
        try:
            os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(5))
        except PermissionError:
            pass

    log = open(f"{folder}/log", "w")
    process = subprocess.Popen(["janus", "-F", folder, "-o", "-r", f"{rtp_from}-{rtp_from + 3000}"], stdout=log, stderr=log,
                               preexec_fn=priority)
    for _ in range(100):
        time.sleep(0.1)
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/janus/info", timeout=2)
            return process
        except OSError:
            if process.poll() is not None:
                break
    sys.exit(f"janus does not answer; see {folder}/log")


def make_room(janus, handle, number, people):
    janus.message(handle, {"request": "create", "room": number, "publishers": people, "videocodec": "vp8", "bitrate": 0,
                           "transport_wide_cc_ext": True, "notify_joining": False}, wait=False)


def publish(janus, load, client, number, ssrc, streams):
    handle = janus.attach()
    layers = [ssrc + i for i, s in enumerate(streams) if s[1]]
    audio = next((ssrc + i for i, s in enumerate(streams) if not s[1]), None)
    ev = janus.message(handle, {"request": "joinandconfigure", "ptype": "publisher", "room": number},
                       {"type": "offer", "sdp": offer(client, layers, audio)})
    sdp = ev["jsep"]["sdp"]
    ours = "server" if found(r"^a=setup:(\S+)", sdp) == "active" else "client"
    tcc = found(r"^a=extmap:(\d+) " + re.escape(TCC), sdp)
    fingerprint = found(r"^a=fingerprint:sha-256 (\S+)", sdp)
    load.tell(f"peer {client[0]} {ours} {fingerprint} {PT} {RTX} {tcc or TCC_ID} {OPUS if audio else 0} 0")
    host, port = re.search(r"^a=candidate:\S+ 1 udp \d+ (\d+\.\d+\.\d+\.\d+) (\d+) typ host", sdp, re.M).groups()
    ufrag, pwd = found(r"^a=ice-ufrag:(\S+)", sdp), found(r"^a=ice-pwd:(\S+)", sdp)
    load.tell(f"check {client[0]} {host} {port} {ufrag} {pwd}")
    for i, s in enumerate(streams):
        load.tell(f"send {client[0]} {ssrc + i} {' '.join(map(str, s[:7]))} {len(s[7])}")
    return ev["plugindata"]["data"]["id"]


def subscribe(janus, load, client, number, wanted, nack):
    """wanted: (feed, mid, layer or None) of each stream."""
    handle = janus.attach()
    ev = janus.message(handle, {"request": "join", "ptype": "subscriber", "room": number,
                                "streams": [{"feed": f, "mid": m} for f, m, _ in wanted]})
    sdp = ev["jsep"]["sdp"]
    text, numbers = answer(client, sdp)
    fingerprint = found(r"^a=fingerprint:sha-256 (\S+)", sdp)
    load.tell(f"peer {client[0]} client {fingerprint} {' '.join(map(str, numbers))} {nack}")
    janus.message(handle, {"request": "start"}, {"type": "answer", "sdp": text})
    layers = {(f, m): layer for f, m, layer in wanted if layer is not None}
    choice = [{"mid": s["mid"], "substream": layers[s["feed_id"], s["feed_mid"]]}
              for s in ev["plugindata"]["data"]["streams"] if (s["feed_id"], s["feed_mid"]) in layers]
    if choice:
        janus.message(handle, {"request": "configure", "streams": choice})


def wanted_by(person, people, feeds, streams):
    """What that person gets: of each feed, the streams whose receivers are so far behind in the ring."""
    out, simulcast = [], sum(1 for s in streams if s[1]) > 1
    for sender, feed in enumerate(feeds):
        for layer, s in enumerate(streams):
            if (sender - person) % people in s[7]:
                out.append((feed, "0" if s[1] else "1", layer if s[1] and simulcast else None))
    return out


def connect(load, janus, shape):
    rooms, people, senders, nack, streams = shape
    n = rooms * (senders + people - (1 if senders == 1 else 0))
    clients = load.ask(f"open {n}", n)
    admin, at = janus.attach(), 0
    for r in range(rooms):
        make_room(janus, admin, 4000 + r, people)
        feeds = []
        for _ in range(senders):
            feeds.append(publish(janus, load, clients[at], 4000 + r, 0x10000000 + at * 16, streams))
            at += 1
        time.sleep(1.0)  # a feed can be subscribed to when its transport is up
        for p in range(people):
            wanted = wanted_by(p, people, feeds, streams)
            if wanted:
                subscribe(janus, load, clients[at], 4000 + r, wanted, nack)
                at += 1
    print(" ".join(load.ask("connect")[0]), file=sys.stderr)


def main():
    global ADDRESS
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--load", default="tests/bench/peers/load_external", help="the program built here")
    parser.add_argument("--scene", choices=SCENES, action="append")
    parser.add_argument("--address", default="127.0.0.1", help="of this machine, as our candidate")
    parser.add_argument("--passes", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--port", type=int, default=18088)
    a = parser.parse_args()
    ADDRESS = a.address
    for scene in a.scene or SCENES:
        folder = tempfile.mkdtemp(prefix="janus-")
        server = start_janus(folder, a.port, 30000)
        load = Load(a.load)
        try:
            connect(load, Janus(a.port), SCENES[scene])
            load.ask(f"run 2000 {server.pid}")
            passes = []
            for _ in range(a.passes):
                words = load.ask(f"run {int(a.seconds * 1000)} {server.pid}")[0]
                passes.append({words[i]: int(words[i + 1]) for i in range(0, len(words), 2)})
            cost = sorted(p["cpu_us"] / max(1, p["received"]) for p in passes)
            keys = ("expected", "received", "different", "asked", "answered")
            print(scene, "cpu us per forwarded packet: median %.1f (%.1f to %.1f);" % (cost[len(cost) // 2], cost[0], cost[-1]),
                  ", ".join(f"{k} {sum(p[k] for p in passes)}" for k in keys), "p50/p99/p99.9 us of the last pass:",
                  *(passes[-1][k] for k in ("p50", "p99", "p999")), flush=True)
        finally:
            load.process.stdin.close()
            load.process.wait()
            server.terminate()
            server.wait()
            if os.environ.get("KEEP"):
                print("kept", folder, file=sys.stderr)
            else:
                shutil.rmtree(folder)


if __name__ == "__main__":
    main()
