// SPDX-License-Identifier: Apache-2.0
// Records what Chromium's encoders send, whole packets, for tests that decode: a small moving canvas, few frames.
//   node tests/vectors/media/whole/record.mjs DIRECTORY [NAME...]
import fs from 'node:fs';
import path from 'node:path';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { launchChromium, sleep } from '../../../e2e/lib/browser.mjs';

const DD = 'dependency-descriptor';
const KINDS = {
    'vp8-simulcast': { codec: 'VP8', encodings: 3, mode: 'L1T2', width: 320, height: 180, without: [DD] },
    'h264-simulcast': { codec: 'H264', encodings: 3, width: 320, height: 180, without: [DD] },
    'vp9-l3t3-key': { codec: 'VP9', encodings: 1, mode: 'L3T3_KEY', width: 960, height: 540, max: 700000 },
    'vp9-l3t3': { codec: 'VP9', encodings: 1, mode: 'L3T3', width: 960, height: 540, max: 700000 },
    'av1-l1t3': { codec: 'AV1', encodings: 1, mode: 'L1T3', width: 320, height: 180 },
    'av1-l3t3-key': { codec: 'AV1', encodings: 1, mode: 'L3T3_KEY', width: 960, height: 540, max: 700000 },
};

async function record(name, kind, dir) {
    const browser = await launchChromium({ args: ['--force-fieldtrials=WebRTC-LegacySimulcastLayerLimit/Disabled/'] });
    const page = await (await browser.newContext()).newPage();
    const peer = spawn('/usr/bin/python3', [path.join(path.dirname(fileURLToPath(import.meta.url)), 'record_peer.py')], { stdio: ['pipe', 'pipe', 'inherit'] });
    const packets = [];
    const answer = new Promise(resolve => createInterface({ input: peer.stdout }).on('line', line => {
        const m = JSON.parse(line);
        typeof m === 'string' ? resolve(m) : packets.push(m);
    }));
    const offer = await page.evaluate(async k => {
        const canvas = document.createElement('canvas');
        Object.assign(canvas, { width: k.width, height: k.height });
        const g = canvas.getContext('2d');
        let n = 0;
        const draw = () => {
            g.fillStyle = '#405060';
            g.fillRect(0, 0, k.width, k.height);
            g.fillStyle = '#e0a030';
            g.fillRect((n * 7) % k.width, k.height / 4, k.width / 6, k.height / 3);
            g.fillStyle = '#60c070';
            g.fillRect(k.width / 3, (n++ * 5) % k.height, k.width / 8, k.height / 5);
        };
        draw();
        setInterval(draw, 100);
        const pc = window.pc = new RTCPeerConnection();
        const track = canvas.captureStream(10).getVideoTracks()[0];
        const max = [30000, 60000, 120000];
        const sendEncodings = k.encodings === 1 ? [{ scalabilityMode: k.mode, maxBitrate: k.max ?? 200000 }]
            : max.map((maxBitrate, i) => ({ rid: `r${i}`, scaleResolutionDownBy: 4 >> i, maxBitrate, scalabilityMode: k.mode }));
        const t = pc.addTransceiver(track, { direction: 'sendonly', sendEncodings });
        t.setCodecPreferences(RTCRtpSender.getCapabilities('video').codecs.filter(c => c.mimeType === `video/${k.codec}`
            && (k.codec !== 'H264' || /packetization-mode=1.*42e0/.test(c.sdpFmtpLine)) && (k.codec !== 'VP9' || /profile-id=0/.test(c.sdpFmtpLine))));
        const p = t.sender.getParameters();
        p.degradationPreference = 'maintain-resolution';
        await t.sender.setParameters(p);
        await pc.setLocalDescription();
        await new Promise(r => pc.iceGatheringState === 'complete' ? r() : pc.addEventListener('icegatheringstatechange', () => pc.iceGatheringState === 'complete' && r()));
        return pc.localDescription.sdp;
    }, kind);
    const pt = /m=video \d+ \S+ (\d+)/.exec(offer)[1];
    const lines = offer.split('\r\n').filter(Boolean);
    const transport = lines.filter(l => /^a=(ice-|fingerprint|candidate|setup|mid|group)/.test(l));
    const common = /^(v=|o=|s=|t=|c=)/;
    peer.stdin.write(`${JSON.stringify([...lines.filter(l => common.test(l) && !l.startsWith('c=')), 'a=group:BUNDLE 0', `m=video 9 UDP/TLS/RTP/SAVPF 96`, 'c=IN IP4 0.0.0.0',
        ...transport.filter(l => !l.startsWith('a=group')), 'a=sendonly', 'a=rtcp-mux', 'a=rtpmap:96 VP8/90000', 'a=rtcp-fb:96 nack pli', ''].join('\r\n'))}\n`);
    const back = (await answer).split('\r\n').filter(l => /^a=(ice-ufrag|ice-pwd|fingerprint|candidate|setup)/.test(l));
    const keep = lines.filter(l => (/^a=extmap/.test(l) && !(kind.without ?? []).some(w => l.includes(w)) && !/transport-wide|toffset|video-content|video-timing|playout|color/.test(l))
        || new RegExp(`^a=(rtpmap|fmtp):${pt} `).test(l)).map(l => l.startsWith(`a=fmtp`) ? `${l};x-google-start-bitrate=900;x-google-min-bitrate=900` : l);
    if (!keep.some(l => l.startsWith('a=fmtp')))
        keep.push(`a=fmtp:${pt} x-google-start-bitrate=900;x-google-min-bitrate=900`);
    const sim = kind.encodings === 1 ? [] : ['a=rid:r0 recv', 'a=rid:r1 recv', 'a=rid:r2 recv', 'a=simulcast:recv r0;r1;r2'];
    await page.evaluate(sdp => window.pc.setRemoteDescription({ type: 'answer', sdp }), [
        'v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', 't=0 0', 'a=group:BUNDLE 0', `m=video 9 UDP/TLS/RTP/SAVPF ${pt}`, 'c=IN IP4 0.0.0.0', ...back, 'a=mid:0', 'a=recvonly', 'a=rtcp-mux', 'a=rtcp-rsize',
        ...keep, `a=rtcp-fb:${pt} nack pli`, `a=rtcp-fb:${pt} ccm fir`, ...sim, ''].join('\r\n'));
    for (let i = 0; i < 60 && new Set(packets.map(p => p.ssrc)).size < kind.encodings; i++)
        await sleep(250);
    await sleep(2000);
    const from = packets.length;
    for (const wait of [2500, 1500, 1500]) {
        peer.stdin.write('pli\n');
        await sleep(wait);
    }
    const stats = await page.evaluate(async () => [...(await window.pc.getStats()).values()].filter(r => r.type === 'outbound-rtp').map(r => ({ ssrc: r.ssrc, rid: r.rid, h: r.frameHeight, mode: r.scalabilityMode, n: r.framesEncoded, k: r.keyFramesEncoded })));
    peer.stdin.end();
    await browser.close();
    const order = stats.sort((a, b) => (a.rid ?? '').localeCompare(b.rid ?? '')).map(s => s.ssrc);
    console.log(name, JSON.stringify(stats), packets.length - from, lines.filter(l => l.includes('extmap')).length);
    const extension = keep.find(l => l.includes(DD));
    const out = [`# Chromium ${(browser.version()).split('.')[0]}, ${name}, canvas ${kind.width}x${kind.height}, whole packets. Encoding, time in us, payload bytes, packet.`];
    const kept = packets.slice(from);
    for (const p of kept) {
        const b = Buffer.from(p.hex, 'hex');
        const head = 12 + 4 * (b[0] & 15), size = head + (b[0] & 16 ? 4 + 4 * b.readUInt16BE(head + 2) : 0);
        const pad = b[0] & 32 ? b.at(-1) : 0;
        if (order.includes(p.ssrc) && b.length - size - pad > 0)
            out.push(`${order.indexOf(p.ssrc)} ${p.us - kept[0].us} ${b.length - size} ${p.hex}`);
    }
    fs.writeFileSync(path.join(dir, `${name}.txt`), `${out.join('\n')}\n`);
    console.log(extension ?? 'no descriptor', out.length, fs.statSync(path.join(dir, `${name}.txt`)).size);
}

const [dir, ...names] = process.argv.slice(2);
for (const [name, kind] of Object.entries(KINDS))
    if (!names.length || names.includes(name))
        await record(name, kind, dir);
process.exit(0);
