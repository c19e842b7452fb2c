#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// Drives load_external against mediasoup: one worker process, a router for each room, and for each client one transport over which it
// sends and receives. Prints CPU of the worker per forwarded packet. See README.md.
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import readline from 'node:readline';
import { parseArgs } from 'node:util';

const mediasoup = createRequire(import.meta.url)('mediasoup'); // by require, which heeds NODE_PATH

const TCC = 'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01';
const LEVEL = 'urn:ietf:params:rtp-hdrext:ssrc-audio-level';
const LEVEL_ID = 1; // as load_client.c writes it
const VP8 = 100, OPUS = 111;
const RTX_BIT = 0x100;
const CODECS = [
    { kind: 'video', mimeType: 'video/VP8', clockRate: 90000, preferredPayloadType: VP8 },
    { kind: 'audio', mimeType: 'audio/opus', clockRate: 48000, channels: 2, preferredPayloadType: OPUS },
];
const PRIORITY = 5; // as load_external and bench_forward have it
const AMPLE_BPS = 10000000; // the estimate a transport begins with: layers are to be chosen by preference at once
const SETTLE_MAX = 15; // runs of a second

// load_external, spoken to line by line.
class Load {
    constructor(program) {
        this.process = spawn(program, { stdio: ['pipe', 'pipe', 'inherit'] });
        this.ended = new Promise(resolve => this.process.once('exit', resolve));
        this.lines = readline.createInterface({ input: this.process.stdout })[Symbol.asyncIterator]();
    }

    tell(line) {
        this.process.stdin.write(`${line}\n`);
    }

    async ask(line, answers = 1) {
        const out = [];
        this.tell(line);
        while (out.length < answers) {
            const { value, done } = await this.lines.next();
            if (done)
                throw new Error(`load_external ended at: ${line}`);
            out.push(value.split(' '));
        }
        return out;
    }

    // What happened in that time: sent, expected, received, cpu_us, ...
    async run(ms, pid) {
        const [words] = await this.ask(`run ${ms} ${pid}`);
        const counts = {};
        for (let i = 0; i < words.length; i += 2)
            counts[words[i]] = Number(words[i + 1]);
        return counts;
    }

    async end() {
        this.process.stdin.end();
        await this.ended;
    }
}

// Numbers a router gives to what it does not let us choose.
function numbersOf(router) {
    const { codecs, headerExtensions } = router.rtpCapabilities;
    return { rtx: codecs.find(c => c.mimeType === 'video/rtx').preferredPayloadType, tcc: headerExtensions.find(e => e.uri === TCC && e.kind === 'video').preferredId };
}

// A client that knows no header extension but these two, and asks again for video only, as Chromium does.
function capabilitiesOf(router) {
    const { codecs, headerExtensions } = router.rtpCapabilities;
    return {
        codecs: codecs.map(c => c.kind === 'audio' ? { ...c, rtcpFeedback: [] } : c),
        headerExtensions: headerExtensions.filter(e => [TCC, LEVEL].includes(e.uri)),
    };
}

// ssrcs: of the layers, low to high, each with its RTX one above.
function videoParameters(router, ssrcs) {
    const { rtx, tcc } = numbersOf(router);
    const { mimeType, clockRate, rtcpFeedback } = router.rtpCapabilities.codecs.find(c => c.preferredPayloadType === VP8);
    return {
        codecs: [
            { mimeType, clockRate, payloadType: VP8, rtcpFeedback },
            { mimeType: 'video/rtx', clockRate, payloadType: rtx, parameters: { apt: VP8 } },
        ],
        headerExtensions: [{ uri: TCC, id: tcc }],
        encodings: ssrcs.map(ssrc => ({ ssrc, rtx: { ssrc: ssrc + RTX_BIT } })),
        rtcp: { cname: 'load' },
    };
}

function audioParameters(ssrc) {
    return {
        codecs: [{ mimeType: 'audio/opus', clockRate: 48000, channels: 2, payloadType: OPUS }],
        headerExtensions: [{ uri: LEVEL, id: LEVEL_ID }],
        encodings: [{ ssrc }],
        rtcp: { cname: 'load' },
    };
}

// One person of a room: a client of load_external and its transport.
class Person {
    constructor(load, [id, , , , fingerprint], transport) {
        Object.assign(this, { load, id, fingerprint, transport });
    }

    async connect(router, nack, audio) {
        const { rtx, tcc } = numbersOf(router);
        const { iceParameters, iceCandidates: [{ ip, address, port }], dtlsParameters } = this.transport;
        const theirs = dtlsParameters.fingerprints.find(f => f.algorithm === 'sha-256').value;
        // The client is the DTLS server: then its order of SRTP profiles counts, which is that of make bench.
        await this.transport.connect({ dtlsParameters: { role: 'server', fingerprints: [{ algorithm: 'sha-256', value: this.fingerprint }] } });
        this.load.tell(`peer ${this.id} server ${theirs} ${VP8} ${rtx} ${tcc} ${audio ? OPUS : 0} ${nack}`);
        this.load.tell(`check ${this.id} ${address ?? ip} ${port} ${iceParameters.usernameFragment} ${iceParameters.password}`);
    }

    async publish(router, streams) {
        const ssrcs = streams.map((s, i) => 0x10000000 + Number(this.id) * 16 + i);
        const layers = ssrcs.filter((ssrc, i) => streams[i].height > 0), audio = ssrcs.find((ssrc, i) => streams[i].height === 0);
        this.video = await this.transport.produce({ kind: 'video', rtpParameters: videoParameters(router, layers) });
        if (audio !== undefined)
            this.audio = await this.transport.produce({ kind: 'audio', rtpParameters: audioParameters(audio) });
        streams.forEach((s, i) => this.load.tell(['send', this.id, ssrcs[i], s.width, s.height, s.per_frame, s.chunk, s.frame_us, s.chunk_us, s.payload,
            behind(s).length].join(' ')));
    }

    // layer: of simulcast, or null.
    watch(router, producer, layer) {
        return this.transport.consume({
            producerId: producer.id, rtpCapabilities: capabilitiesOf(router), ...layer !== null && { preferredLayers: { spatialLayer: layer } },
        });
    }
}

// How far behind a sender in the ring of people those are who get the stream.
function behind({ receivers: [first, last] }) {
    return first === undefined ? [] : Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

// Fills one room; returns its consumers.
async function openRoom(load, router, clients, scene, address) {
    const { streams, senders, nack_percent: nack } = scene, consumers = [];
    const simulcast = streams.filter(s => s.height > 0).length > 1, audio = streams.some(s => s.height === 0);
    const people = await Promise.all(clients.map(async client => new Person(load, client, await router.createWebRtcTransport({
        listenInfos: [{ protocol: 'udp', ip: address }], initialAvailableOutgoingBitrate: AMPLE_BPS,
        iceConsentTimeout: 0, // load_external checks only until it is connected
    }))));
    for (const person of people)
        await person.connect(router, nack, audio);
    for (const sender of people.slice(0, senders))
        await sender.publish(router, streams);
    for (const [at, person] of people.entries())
        for (const [from, sender] of people.slice(0, senders).entries())
            for (const [i, s] of streams.entries())
                if (behind(s).includes((from - at + people.length) % people.length))
                    consumers.push(await person.watch(router, s.height > 0 ? sender.video : sender.audio, s.height > 0 && simulcast ? i : null));
    return consumers;
}

// How many get the layer they asked for; those without a choice do.
function countSettled(consumers) {
    return consumers.filter(c => c.type !== 'simulcast' || c.currentLayers?.spatialLayer === c.preferredLayers.spatialLayer).length;
}

function giveRealTimePriority(pid) {
    try {
        execFileSync('chrt', ['--all-tasks', '--rr', '--pid', String(PRIORITY), String(pid)], { stdio: 'pipe' });
    } catch (e) {
        console.error(`mediasoup-worker has ordinary priority: ${String(e.stderr ?? e.message).trim()}`);
    }
}

function describeCost(name, passes, layers) {
    const cost = passes.map(p => p.cpu_us / Math.max(1, p.received)).sort((a, b) => a - b).map(c => c.toFixed(1));
    const sums = ['expected', 'received', 'different', 'asked', 'answered'].map(k => `${k} ${passes.reduce((sum, p) => sum + p[k], 0)}`);
    const { p50, p99, p999 } = passes.at(-1);
    return `${name} cpu us per forwarded packet: median ${cost[Math.floor(cost.length / 2)]} (${cost[0]} to ${cost.at(-1)}); ${sums.join(', ')}, ${layers}, `
        + `p50/p99/p99.9 us of the last pass: ${p50} ${p99} ${p999}`;
}

async function measure(name, scene, { load: program, address, passes, seconds, 'without-io-uring': disableLiburing }) {
    const worker = await mediasoup.createWorker({ logLevel: 'warn', disableLiburing });
    worker.on('died', e => {
        throw e;
    });
    const load = new Load(program), consumers = [];
    try {
        giveRealTimePriority(worker.pid);
        const clients = await load.ask(`open ${scene.rooms * scene.people}`, scene.rooms * scene.people);
        for (let r = 0; r < scene.rooms; r++) {
            const router = await worker.createRouter({ mediaCodecs: CODECS });
            consumers.push(...await openRoom(load, router, clients.slice(r * scene.people, (r + 1) * scene.people), scene, address));
        }
        console.error((await load.ask('connect'))[0].join(' '));
        await load.run(2000, worker.pid);
        for (let i = 0; i < SETTLE_MAX && countSettled(consumers) < consumers.length; i++)
            await load.run(1000, worker.pid);
        const done = [], settled = [];
        while (done.length < passes) {
            done.push(await load.run(seconds * 1000, worker.pid));
            settled.push(countSettled(consumers));
        }
        console.log(describeCost(name, done, `streams as asked for ${Math.min(...settled)} of ${consumers.length}`));
        const { liburing } = await worker.dump();
        console.error(liburing ? `sent by io_uring: ${liburing.sqeProcessCount}, not: ${liburing.sqeMissCount}` : 'sent without io_uring');
    } finally {
        await load.end();
        worker.close();
    }
}

const SCENES = JSON.parse(fs.readFileSync(new URL('scenes.json', import.meta.url), 'utf8'));
delete SCENES['//'];
const { values } = parseArgs({
    options: {
        load: { type: 'string', default: 'tests/bench/peers/load_external' }, // the program built here
        scene: { type: 'string', multiple: true, default: Object.keys(SCENES) },
        address: { type: 'string', default: '127.0.0.1' }, // where the server listens
        passes: { type: 'string', default: '5' },
        seconds: { type: 'string', default: '3' },
        'without-io-uring': { type: 'boolean', default: false },
    },
});
const unknown = values.scene.filter(name => !SCENES[name]);
if (unknown.length > 0) {
    console.error(`no such scene: ${unknown.join(' ')}; there are ${Object.keys(SCENES).join(' ')}`);
    process.exit(2);
}
console.error(`mediasoup ${mediasoup.version}, ${mediasoup.workerBin}`);
for (const name of values.scene)
    await measure(name, SCENES[name], { ...values, passes: Number(values.passes), seconds: Number(values.seconds) });
