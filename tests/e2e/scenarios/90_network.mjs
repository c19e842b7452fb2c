// SPDX-License-Identifier: Apache-2.0
// Bad networks: the bridge's only candidate is a relay of ours that limits, delays, loses and blocks.
import assert from 'node:assert/strict';
import { sleep, until } from '../lib/browser.mjs';
import { busyMark, inTime } from '../lib/patience.mjs';
import { ImpairedRelay } from '../lib/impaired-relay.mjs';
import { everybodyFlows, frameRates, framesDuring, framesWanted, isStarved, joinModernChromium, rowOf, watchFrames, watchStills } from '../lib/modern.mjs';
import { meetingId, startPeer } from '../lib/peer.mjs';
import { setOption } from '../lib/servers.mjs';

const RELAY_PORT = 28030;
const SMALL = { codec: 'VP8', scalabilityMode: 'L1T1', width: 640, height: 360, frameRate: 25 };
const group = 'impaired network';
const settings = {
    edit: {
        bridge: text => [['addresses', '127.0.0.1'], ['announce', `127.0.0.1=127.0.0.1/${RELAY_PORT}`], ['advertise_private', 'false']]
            .reduce((s, [k, v]) => setOption(s, 'ice', k, v), text),
    },
};

async function startRelay(t) {
    const relay = await ImpairedRelay.start(`127.0.0.1:${RELAY_PORT}`, `127.0.0.1:${t.stack.ports.bridgeUdp}`);
    t.finally(() => relay.stop());
    return relay;
}

async function pair(t, options = SMALL, impaired = {}) {
    const relay = await startRelay(t);
    await relay.set(impaired);
    const ada = await joinModernChromium(t, 'Ada', options), bob = await joinModernChromium(t, 'Bob', options);
    await everybodyFlows([ada, bob], { timeoutMs: 10000 });
    return { relay, ada, bob };
}

// A sender takes losses for congestion, too, and who has only begun to send could then repair nothing. Waits until what
// they may send has stopped growing, 12 s at most; resolves to bit/s.
async function settledUplinks(people) {
    let last = people.map(() => 0);
    for (let i = 0; i < 12; i++) {
        await sleep(1000);
        const now = await Promise.all(people.map(p => p.call(c => c.uplink())));
        if (now.every((bps, k) => bps > 0 && bps < 1.05 * last[k]))
            return now;
        last = now;
    }
    return last;
}

// A width that one stream fits in and the next one does not, bit/s: what an encoder makes of a height is its own business.
async function between(sender, low, high) {
    const sent = async () => Object.fromEntries((await sender.sent()).filter(r => r.kind === 'video').map(r => [r.height, r.bytes]));
    let bps;
    await until(`${high} lines take much more than ${low} take`, async () => {
        const before = await sent(), at = Date.now();
        await sleep(3000);
        const after = await sent();
        bps = [low, high].map(h => (after[h] - before[h]) * 8000 / (Date.now() - at));
        return bps[0] > 0 && bps[1] > 1.7 * bps[0];
    }, { timeoutMs: 20000 });
    const audioBps = 40000, headers = 1.06;
    return Math.round(audioBps + headers * (bps[0] + 0.65 * (bps[1] - bps[0])));
}

export const scenarios = [
    // VP9 has key frames where sender or bridge change its layers too: those that a decoder asked for are counted. Of its
    // pictures three in four are of upper temporal layers, which a decoder does without when their repair comes after the
    // next picture.
    ...[
        { codec: 'VP8', percent: 5, fps: 20, stillMs: 1000, keyFrames: 1 },
        { codec: 'VP8', percent: 10, fps: 12, stillMs: 2000, keyFrames: 1 },
        { codec: 'VP9', scalabilityMode: 'L3T3_KEY', percent: 5, fps: 20, stillMs: 1000, plis: 1, share: 0.8 },
    ].map(({ percent, fps, stillMs, keyFrames, plis, share, ...coding }) => ({
        name: `a ${coding.codec} call with ${percent} % loss both ways stays at ${fps} frames/s or more and never breaks`, group, settings, browser: { fps: 30 }, timeoutMs: 60000,
        async run(t) {
            const { relay, ada, bob } = await pair(t, { ...SMALL, ...coding, gate: true }, { up: { delayMs: 20 }, down: { delayMs: 20 } }), people = [ada, bob], loss = percent / 100;
            t.measured.uplink_bps = await settledUplinks(people);
            await relay.set({ up: { loss }, down: { loss } }); // the delay was there before: a sudden one is taken for a queue
            await sleep(3000);
            const relayBefore = await relay.set(), mark = busyMark();
            const [frames, stills] = [await watchFrames(people), await Promise.all(people.map(watchStills))];
            await sleep(10000);
            t.measured.longest_still_ms = await Promise.all(stills.map(stop => stop()));
            const rows = t.measured.frames = await frames(), relayAfter = await relay.set(), ofAll = key => rows.map(r => r[key]);
            t.measured.fps = rows.map(r => Math.round(r.frames / r.seconds * 10) / 10);
            t.measured.lost_percent = ['up', 'down'].map(d => Math.round((relayAfter[d].lost - relayBefore[d].lost) * 1000
                / (relayAfter[d].lost - relayBefore[d].lost + relayAfter[d].packets - relayBefore[d].packets)) / 10);
            t.measured.retransmitted = Object.values(await t.servers.sentTo(t.room, ada.id)).map(x => x.retransmitted);
            assert.ok(ofAll('rtxBytes').every(n => n > 0), 'losses are repaired by RTX');
            for (const r of rows)
                assert.ok(r.frames >= framesWanted(r, fps, SMALL.frameRate, share), `${r.frames} of ${r.captured} frames: ${JSON.stringify(r)}`);
            // Nor may what the bridge tells a sender of its packets make it send next to nothing.
            for (const r of rows)
                assert.ok(!isStarved(r), `the sender is starved: ${JSON.stringify(r)}`);
            assert.ok(inTime('the longest stillness', Math.max(...t.measured.longest_still_ms), stillMs, mark), `a picture stood still for ${t.measured.longest_still_ms} ms`);
            // A decoder that is given a broken reference asks for a key frame.
            assert.ok(plis !== undefined || ofAll('keyFrames').every(n => n <= keyFrames), `${ofAll('keyFrames')} key frames were needed`);
            assert.ok(plis === undefined || ofAll('plis').every(n => n <= plis), `${ofAll('plis')} key frames were asked for`);
        },
    })),
    {
        name: 'an outage of 1 s is over within 3 s', group, settings, timeoutMs: 60000,
        async run(t) {
            const { relay, ada, bob } = await pair(t);
            await relay.set({ up: { blocked: true }, down: { blocked: true } });
            await sleep(1000);
            const frozen = (await ada.stats()).find(r => r.owner === bob.id && r.kind === 'video').frames;
            await relay.set({ up: { blocked: false }, down: { blocked: false } });
            const since = Date.now();
            await until('the picture moves', async () =>
                (await ada.stats()).find(r => r.owner === bob.id && r.kind === 'video').frames > frozen + 5, { timeoutMs: 3000 });
            t.measured.recovered_ms = Date.now() - since;
        },
    },
    {
        name: 'a client whose NAT forgets its mapping keeps the call', group, settings, timeoutMs: 60000,
        async run(t) {
            const { relay, ada, bob } = await pair(t);
            const sessions = await ada.jingle();
            await relay.set({ rebind: true });
            const since = Date.now();
            const frozen = (await ada.stats()).find(r => r.owner === bob.id && r.kind === 'video').frames;
            await until('the picture moves', async () =>
                (await ada.stats()).find(r => r.owner === bob.id && r.kind === 'video').frames > frozen + 10, { timeoutMs: 10000 });
            t.measured.moved_on_ms = Date.now() - since;
            await everybodyFlows([ada, bob], { timeoutMs: 5000 });
            assert.equal((await ada.jingle()).length, sessions.length, 'no new session was needed');
        },
    },
    {
        name: 'a downlink of 400 kbit/s gets a lower layer, and the better one when it widens', group, settings, timeoutMs: 90000,
        async run(t) {
            const { relay, ada, bob } = await pair(t, { codec: 'VP9', scalabilityMode: 'L3T3_KEY', width: 1280, height: 720, frameRate: 15 });
            const height = async () => (await ada.stats()).find(r => r.owner === bob.id && r.kind === 'video').height;
            await until('the full picture', async () => await height() >= 700, { timeoutMs: 20000 });
            await relay.set({ down: { rateBps: 400000 * 2, queueMs: 200 } }); // both receivers are behind it
            await until('a lower layer', async () => await height() <= 360, { timeoutMs: 10000, everyMs: 100 });
            const reason = async () => (await t.servers.reasonsFor(t.room, ada.id))[`${bob.id}-v0`];
            await until('the bridge says why the picture is small', async () => (t.measured.reason_narrow = await reason()) === 'bandwidth', { timeoutMs: 3000 });
            t.measured.fps_narrow = []; // 4 s each; the first may still have what the queue lost
            await until('8 frames/s on the narrow link', async () => {
                const rates = await frameRates(ada, `${bob.id}-v0`, bob, 4);
                t.measured.fps_narrow.push(rates);
                return rates.seen >= 8 || rates.share >= 8 / 15;
            }, { timeoutMs: 9000 });
            await relay.set({ down: { rateBps: null } });
            const since = Date.now();
            await until('the full picture again', async () => await height() >= 700, { timeoutMs: 20000, everyMs: 100 });
            t.measured.widened_ms = Date.now() - since;
            await until('nothing is told to be missing', async () => (t.measured.reason_wide = await reason()) === 'ok', { timeoutMs: 5000 });
        },
    },
    {
        name: 'on a narrow downlink the screen on stage goes on, and the camera left out is told as lack of bandwidth', group, settings, timeoutMs: 60000,
        async run(t) {
            const { relay, ada, bob } = await pair(t, { ...SMALL, width: 1280, height: 720, frameRate: 15 });
            const camera = `${bob.id}-v0`, screen = `${bob.id}-v1`;
            await bob.call(c => c.screen.start({ frameRate: 5 }));
            await bob.constrain({ lastN: 0 }); // the downlink is Ada's alone
            await ada.constrain({ lastN: -1, onStageSources: [screen], defaultConstraints: { maxHeight: 720 } });
            await until('Ada sees both', async () => (await framesDuring(ada, 1000))[screen] > 1 && (await framesDuring(ada, 1000))[camera] > 1, { timeoutMs: 15000 });
            await relay.set({ down: { rateBps: 500000, queueMs: 200 } });
            const since = Date.now();
            await until('the camera is left out', async () => (t.measured.reasons = await t.servers.reasonsFor(t.room, ada.id))[camera] === 'bandwidth', { timeoutMs: 15000, everyMs: 100 })
                .catch(async e => { throw new Error(`${e.message}: ${JSON.stringify(await t.servers.sentTo(t.room, ada.id))}`); });
            t.measured.left_out_ms = Date.now() - since;
            const slides = t.measured.screen_fps = await frameRates(ada, screen, bob, 4);
            assert.ok(slides.seen >= 3 || slides.share >= 0.6, `the screen comes with ${slides.seen} of 5 frames/s, ${slides.made} were made`);
            await relay.set({ down: { rateBps: null } });
            const wide = Date.now();
            await until('the camera is back', async () => (await framesDuring(ada, 1000))[camera] > 3, { timeoutMs: 20000 });
            t.measured.back_ms = Date.now() - wide;
            await until('the camera is no longer told as left out', async () => (t.measured.reasons = await t.servers.reasonsFor(t.room, ada.id))[camera] === 'ok', { timeoutMs: 10000, everyMs: 100 });
        },
    },
    {
        name: 'VP8 simulcast over a lossy, delayed link: each width of the downlink gets its layer, and the whole picture comes back', group, settings,
        browser: { fps: 10 }, timing: true, timeoutMs: 180000,
        async run(t) {
            // Long from the start, so that no estimate takes it for a queue; what Bob can send is not what is tested.
            const relay = await startRelay(t);
            await relay.set({ up: { delayMs: 40 }, down: { delayMs: 40 } });
            const o = { codec: 'VP8', scalabilityMode: 'L1T3', simulcast: true, width: 1280, height: 720, frameRate: 10 };
            const ada = await joinModernChromium(t, 'Ada', { ...o, sendVideo: false }), bob = await joinModernChromium(t, 'Bob', o);
            const name = `${bob.id}-v0`, height = async () => (await rowOf(ada, name))?.height;
            await until('the full picture', async () => await height() === 720, { timeoutMs: 30000, everyMs: 100 })
                .catch(async e => { throw new Error(`${e.message}: ${JSON.stringify(await bob.sent())}`); });
            assert.equal((await bob.sent()).filter(r => r.kind === 'video' && r.bytes > 0).length, 3, 'Bob sends three streams');
            await relay.set({ down: { loss: 0.01, jitterMs: 5 } });
            t.measured.reached_ms = [];
            for (const [width, lines, reason, timeoutMs] of [[250000, 180, 'bandwidth', 15000], ['between', 360, 'bandwidth', 45000], [null, 720, 'ok', 45000]]) {
                const rateBps = width === 'between' ? await between(bob, 360, 720) : width;
                await relay.set({ down: { rateBps, queueMs: 200 } });
                const since = Date.now();
                await until(`${lines} lines by ${rateBps} bit/s`, async () => await height() === lines, { timeoutMs, everyMs: 100 })
                    .catch(async e => { throw new Error(`${e.message}: ${await height()} ${JSON.stringify(await t.servers.endpoint(t.room, ada.id))}`); });
                t.measured.reached_ms.push([rateBps, lines, Date.now() - since]);
                await sleep(1500);
                let fps;
                await until(`it moves by ${rateBps} bit/s`, async () => {
                    fps = (await framesDuring(ada, 2000))[name] / 2;
                    return fps >= 3;
                }, { timeoutMs: 15000 });
                (t.measured.fps ??= []).push(fps);
                (t.measured.moves_ms ??= []).push(Date.now() - since);
                await until(`it is so still, and ${reason} is told`, async () =>
                    await height() === lines && (await t.servers.reasonsFor(t.room, ada.id))[name] === reason, { timeoutMs: 8000, everyMs: 200 });
            }
        },
    },
    // Once is enough: the instrumented daemons are left out for the minute each takes.
    ...[
        [{ codec: 'VP8', scalabilityMode: 'L1T3', simulcast: true, width: 1280, height: 720 }, { codec: 'VP9', scalabilityMode: 'L3T3_KEY', width: 640, height: 360 }],
        [{ codec: 'H264', scalabilityMode: 'L1T3', simulcast: true, width: 1280, height: 720 }, { codec: 'AV1', scalabilityMode: 'L3T3_KEY', width: 640, height: 360 }],
    ].map(senders => ({
        name: `a minute of random wishes with 10 % loss: GStreamer decodes what the bridge sends in ${senders.map(s => s.codec).join(' and ')} without an error`, group, settings,
        browser: { fps: 10 }, timing: true, timeoutMs: 150000,
        async run(t) {
            const relay = await startRelay(t), seconds = 60, frameRate = 10;
            const people = [];
            for (const [i, name] of ['Ada', 'Bob'].entries())
                people.push(await joinModernChromium(t, name, { ...senders[i], frameRate }));
            await everybodyFlows(people, { timeoutMs: 10000 });
            for (const p of people)
                await p.constrain({ lastN: 0 });
            await relay.set({ up: { loss: 0.03, delayMs: 15 }, down: { loss: 0.1, delayMs: 15 } });
            const peer = startPeer(t, 'rtp_recorder.py', ['--meeting-id', await meetingId(t), '--seconds', String(seconds), '--seed', '7']);
            await peer.ended;
            assert.ok(peer.state(), peer.errors());
            const { wishes, streams } = t.measured.recorded = peer.state();
            t.measured.wishes = wishes;
            assert.ok(wishes > seconds / 2, `${wishes} wishes`);
            for (const [i, p] of people.entries()) {
                const s = streams[`${p.id}-v0`];
                assert.ok(s, `nothing of ${p.name}: ${Object.keys(streams)}`);
                assert.equal(s.codec, senders[i].codec);
                assert.deepEqual(s.complaints, [], `${p.name}: ${s.codec}`);
                assert.equal(s.exit, 0);
                assert.ok(s.notices, `a key frame of ${s.codec} could be left out and nobody would notice`);
                assert.equal(s.repeated, 0, 'no number twice');
                assert.ok(s.repaired > 20, `${s.repaired} packets came by RTX`);
                assert.ok(s.frames > seconds * 2, `${s.frames} frames of ${s.codec} came`);
                // The decoder is not given what follows a hole that was given up, until a key frame: 2 s at most each.
                assert.ok(s.decoded >= s.frames - 2 * frameRate * (s.given_up + 1), `${s.decoded} of ${s.frames} frames of ${s.codec} were decoded, ${s.given_up} holes`);
                assert.ok(s.decoded >= s.given - 2 * s.stretches, `${s.decoded} of ${s.given} frames of ${s.codec} were decoded`);
                assert.ok(new Set(s.heights).size >= 2 && s.heights.length >= 8, `sizes of ${s.codec}: ${s.heights}`);
            }
        },
    })),
];
