// SPDX-License-Identifier: Apache-2.0
// Records the vectors: a small moving canvas of Chromium's goes through Prosody, plenum-focus and plenum-bridge to
// somebody who watches, and a debug capture of the bridge keeps what came of it.
//   node tests/vectors/media/record.mjs [--build-dir DIR] [--to DIRECTORY] [--keep DIRECTORY] [NAME...]
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { launchChromium, openPage, sleep, until } from '../../e2e/lib/browser.mjs';
import { enterNamespace } from '../../e2e/lib/netns.mjs';
import { setOption, startServers } from '../../e2e/lib/servers.mjs';

const HERE = path.dirname(fileURLToPath(import.meta.url));
const WAIT_MS = 30000; // for anything
const CAPTURE_S = 60;
const CUT = 32;        // bytes of each payload that are kept where not all are
const START_KBPS = 900;

const SMALL = { width: 320, height: 180 };   // simulcast: 45, 90 and 180 lines
const EVEN = { height: 176 };                // H.264 has no odd number of lines: 44, 88 and 176
const LAYERED = { width: 960, height: 540 }; // Chromium makes no three spatial layers of less
const simulcast = (codec, mode, o) => ({ codec, mode, streams: 3, maxBitrates: [30000, 60000, 120000], ...SMALL, ...o });
const layered = (codec, mode, o) => ({ codec, mode, streams: 1, maxBitrates: [700000], ...LAYERED, ...o });
const temporal = (codec, mode, o) => ({ codec, mode, streams: 1, maxBitrates: [200000], ...SMALL, ...o });
// dd: with dependency descriptors; pictures: before each request for a key frame, and after the last.
const WHOLE = { cut: 0, pictures: [20, 15, 15] };
const WHOLE_LAYERED = { cut: 0, pictures: [14, 10, 10] };
const LONG = { cut: CUT, pictures: [45, 40, 40] };

const KINDS = {
    'whole/vp8-simulcast': simulcast('VP8', 'L1T2', { ...WHOLE, dd: false }),
    'whole/h264-simulcast': simulcast('H264', 'L1T1', { ...EVEN, ...WHOLE, dd: false }),
    'whole/vp9-l3t3-key': layered('VP9', 'L3T3_KEY', { ...WHOLE_LAYERED, dd: true }),
    'whole/vp9-l3t3': layered('VP9', 'L3T3', { ...WHOLE_LAYERED, dd: true }),
    'whole/av1-l1t3': temporal('AV1', 'L1T3', { ...WHOLE, dd: true }),
    'whole/av1-l3t3-key': layered('AV1', 'L3T3_KEY', { ...WHOLE_LAYERED, dd: true }),
    'vp8-simulcast-l1t3': simulcast('VP8', 'L1T3', { ...LONG, dd: true }),
    'vp8-simulcast-plain': simulcast('VP8', 'L1T3', { ...LONG, dd: false }),
    'h264-simulcast-l1t3': simulcast('H264', 'L1T3', { ...EVEN, ...LONG, dd: true }),
    'h264-simulcast-plain': simulcast('H264', 'L1T1', { ...EVEN, ...WHOLE, dd: false }), // cut, a key frame that is one packet would be broken
    'vp9-l1t3-plain': temporal('VP9', 'L1T3', { ...LONG, dd: false }),
    'vp9-l3t3-key': layered('VP9', 'L3T3_KEY', { ...LONG, dd: true }),
    'vp9-l3t3': layered('VP9', 'L3T3', { ...LONG, dd: true }),
    'av1-l1t3': temporal('AV1', 'L1T3', { ...LONG, dd: true }),
    'av1-l3t3-key': layered('AV1', 'L3T3_KEY', { ...LONG, dd: true }),
    'av1-simulcast-l1t3': simulcast('AV1', 'L1T3', { ...LONG, dd: true }),
};

// Runs in the page: the test client, with a canvas for a camera and an offer that is read as the kind says.
async function joinPage({ options, kind, startKbps }) {
    class Recorded extends window.ModernClient {
        async openDevices() {
            if (!kind) return new MediaStream();
            const canvas = document.createElement('canvas');
            Object.assign(canvas, { width: kind.width, height: kind.height });
            const g = canvas.getContext('2d');
            let n = 0;
            const box = (colour, ...xywh) => {
                g.fillStyle = colour;
                g.fillRect(...xywh);
            };
            const draw = () => {
                box('#405060', 0, 0, kind.width, kind.height);
                box('#e0a030', (n * 7) % kind.width, kind.height / 4, kind.width / 6, kind.height / 3);
                box('#60c070', kind.width / 3, (n++ * 5) % kind.height, kind.width / 8, kind.height / 5);
            };
            draw();
            setInterval(draw, 100);
            return canvas.captureStream(10);
        }

        async negotiate(first = false) {
            const video = this.offer.descriptions.video;
            if (kind && first) {
                video.extensions = video.extensions.filter(x => kind.dd || !x.uri.includes('dependency-descriptor'));
                for (const p of video.payloadTypes.filter(x => x.name === kind.codec))
                    p.parameters.unshift(['x-google-start-bitrate', startKbps], ['x-google-min-bitrate', startKbps]);
            }
            await super.negotiate(first);
        }

        async applyScalability() {
            if (kind) await this.encode(() => ({}));
        }

        // change: of one encoding, given its number.
        async encode(change) {
            const sender = this.pc.getSenders().find(s => s.track?.kind === 'video'), p = sender.getParameters();
            if (p.encodings.length !== kind.streams) throw new Error(`${p.encodings.length} encodings`);
            // Without both a mode and a scale Chromium takes three streams of AV1 for layers of one.
            p.encodings.forEach((e, i) => Object.assign(e, {
                scalabilityMode: kind.mode, maxBitrate: kind.maxBitrates[i], scaleResolutionDownBy: 2 ** (kind.streams - 1 - i),
            }, change(i)));
            p.degradationPreference = 'maintain-resolution';
            await sender.setParameters(p);
        }

        // Lowest encoding first.
        get ssrcs() {
            const group = name => new RegExp(`^a=ssrc-group:${name} (.*)$`, 'm').exec(this.pc.localDescription.sdp.replace(/\r/g, ''))?.[1];
            return (group('SIM') ?? group('FID').split(' ')[0]).split(' ').map(Number);
        }
    }
    window.client = new Recorded(options);
    return window.client.join();
}

async function join(servers, browser, roomName, name, kind = null) {
    const { stack, files } = servers;
    const context = await browser.newContext(), page = await context.newPage();
    await openPage(page, `${files.url}modern/index.html`, () => Boolean(window.ModernClient));
    const options = {
        serviceUrl: stack.serviceUrl, domain: stack.domain, muc: stack.muc, roomName, name, codec: kind?.codec ?? 'VP8',
        simulcast: kind?.streams > 1, sendAudio: false, sendVideo: Boolean(kind), height: kind?.height ?? 720,
    };
    const id = await page.evaluate(joinPage, { options, kind, startKbps: START_KBPS });
    const call = (fn, arg) => page.evaluate(([text, a]) => (0, eval)(`(${text})`)(window.client, a), [String(fn), arg ?? null]);
    return { id, call, close: () => context.close() };
}

// Debug capture of one endpoint while action() runs; the bytes of the file.
async function capture(servers, room, id, action) {
    const http = servers.stack.bridgeHttp;
    const conference = (await servers.bridgeConferences()).conferences.find(c => c.name.startsWith(`${room}@`));
    const endpoint = `${http}/v1/conferences/${conference.id}/endpoints/${id}`;
    const post = async url => {
        const reply = await fetch(url, { method: 'POST' });
        if (reply.status !== 202) throw new Error(`${url}: ${reply.status} ${await reply.text()}`);
        return reply.json();
    };
    const { file } = await post(`${endpoint}/capture?seconds=${CAPTURE_S}`);
    await action();
    await post(`${endpoint}/capture-end`);
    const info = await until('the capture is written', async () =>
        (await servers.json(`${http}/v1/captures`)).captures.find(c => c.file === file && !c.running), { timeoutMs: WAIT_MS });
    if (info.dropped)
        throw new Error(`the capture lost ${info.dropped} packets`);
    return file;
}

const wish = (watcher, lastN) => watcher.call((c, n) => c.constrain({ lastN: n, assumedBandwidthBps: -1, defaultConstraints: { maxHeight: 720 } }), lastN);

async function record(servers, browser, name, kind, to) {
    const room = `vector-${name.replace('/', '-')}`;
    const watcher = await join(servers, browser, room, 'Watcher');
    const sender = await join(servers, browser, room, 'Sender', kind);
    const sent = () => sender.call(c => {
        if (c.error) throw c.error;
        return c.sent();
    });
    // Waits until each encoder has made so many more.
    const pictures = async n => {
        const before = new Map((await sent()).map(r => [r.ssrc, r.encoded]));
        await until(`${n} more pictures`, async () => (await sent()).every(r => r.encoded >= before.get(r.ssrc) + n), { timeoutMs: 4 * WAIT_MS, everyMs: 100 });
    };
    try {
        await until('it sends every encoding, and somebody sees it', async () => (await sent()).filter(r => r.bytes > 0).length === kind.streams
            && (await watcher.call(c => c.stats())).some(r => r.frames > 0), { timeoutMs: WAIT_MS }).catch(async e => {
            throw new Error(`${e.message}: sent ${JSON.stringify(await sent())}, seen ${JSON.stringify(await watcher.call(c => c.stats()))}`);
        });
        await sleep(3000); // until bandwidth is known
        await sender.call(c => c.encode(() => ({ active: false })));
        await sleep(1000);
        const file = await capture(servers, room, sender.id, async () => {
            await sender.call(c => c.encode(() => ({ active: true }))); // begins with a key frame
            for (const [i, n] of kind.pictures.entries()) {
                if (i > 0) {
                    await wish(watcher, 0);
                    await sleep(100);
                    await wish(watcher, -1); // the bridge asks for a key frame
                }
                await pictures(n);
            }
        });
        const rows = await sent(), ssrcs = await sender.call(c => c.ssrcs);
        const text = execFileSync(path.join(servers.buildDir, 'tests/vectors/pcap_vectors'), [file, ssrcs.join(','), String(kind.cut)], { encoding: 'utf8', maxBuffer: 1 << 26 });
        const head = `# Chromium ${browser.version().split('.')[0]} through plenum-bridge, debug capture: ${name}, ${kind.mode}, canvas ${kind.width}x${kind.height}, `
            + `${kind.dd ? 'with' : 'without'} dependency descriptors.\n# Encoding, time in us, payload bytes, packet${kind.cut ? ` with at most ${kind.cut} bytes of payload` : ''}.`;
        const out = path.join(to, `${name}.txt`);
        fs.writeFileSync(out, text.replace(/^#.*/, head));
        console.log(`${name}: ${text.split('\n').length - 2} packets, ${fs.statSync(out).size} bytes;`,
            rows.map(r => `${r.codec} ${r.mode} ${r.height} lines ${r.pli} PLI`).join(', '));
    } finally {
        await sender.close();
        await watcher.close();
    }
}

async function main() {
    const { values: o, positionals: names } = parseArgs({
        allowPositionals: true,
        options: { 'build-dir': { type: 'string', default: 'build' }, to: { type: 'string', default: HERE }, keep: { type: 'string' } },
    });
    enterNamespace();
    const servers = await startServers({
        buildDir: path.resolve(o['build-dir']), keep: o.keep ? path.resolve(o.keep) : null, name: 'vectors',
        settings: {
            edit: {
                focus: text => setOption(text, 'codec', 'video_layers_allocation', 'true'),
                bridge: (text, stack) => setOption(text, 'debug', 'capture_directory', path.join(stack.dir, 'bridge')),
            },
        },
    });
    const browser = await launchChromium({ args: ['--force-fieldtrials=WebRTC-LegacySimulcastLayerLimit/Disabled/'] });
    try {
        for (const [name, kind] of Object.entries(KINDS).filter(([n]) => !names.length || names.includes(n)))
            await record(servers, browser, name, kind, o.to).catch(e => {
                console.log(`${name}: ${e.stack}`);
                process.exitCode = 1;
            });
    } finally {
        await browser.close();
        (await servers.stop()).forEach(line => console.log(line));
    }
}

await main();
process.exit();
