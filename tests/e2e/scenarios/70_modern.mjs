// SPDX-License-Identifier: Apache-2.0
// Today's dialect: SSRC rewriting with source maps, mid demultiplexing, SVC codecs, JSON sources, ICE restart.
import assert from 'node:assert/strict';
import { sleep, until } from '../lib/browser.mjs';
import { busyMark, inTime } from '../lib/patience.mjs';
import { everybodyFlows, frameRate, frameRates, framesWanted, joinModernChromium, watchFrames, watchStills } from '../lib/modern.mjs';
import { P2P_OPTIONS, directCall } from '../lib/modern_p2p.mjs';

async function three(t, options) {
    const people = [];
    for (const name of ['Ada', 'Bob', 'Cleo'])
        people.push(await joinModernChromium(t, name, options));
    t.measured.six_directions_ms = await everybodyFlows(people, { timeoutMs: 10000 });
    return people;
}

// What arrives has the height asked for, both ways, within 2 s each.
async function followsHeight(t, people, heights) {
    const [ada, bob] = people;
    for (const [want, low, high] of heights) {
        await ada.constrain({ lastN: -1, defaultConstraints: { maxHeight: want }, assumedBandwidthBps: -1 });
        const since = Date.now();
        await until(`Bob's picture is ${want} high`, async () => {
            const row = (await ada.stats()).find(r => r.owner === bob.id && r.kind === 'video');
            return row.height >= low && row.height <= high;
        }, { timeoutMs: 2000 }).catch(async e => {
            const sent = (await bob.sent()).filter(r => r.kind === 'video' && r.bytes > 0);
            throw new Error(`${e.message}\nreceived ${JSON.stringify(await ada.stats())}\nsent ${JSON.stringify(sent)}`
                + `\n${JSON.stringify((await bob.messages('SenderSourceConstraints')).slice(-2))} ${JSON.stringify((await ada.messages('ConnectionStats')).slice(-2))}`);
        });
        (t.measured.height_ms ??= []).push([want, Date.now() - since]);
    }
}

export const scenarios = [
    ...['VP8', 'VP9', 'AV1', 'H264'].map(codec => ({
        name: `three of today's clients in ${codec}`,
        async run(t) {
            const scalabilityMode = { VP9: 'L3T3_KEY', AV1: 'L3T3_KEY' }[codec] ?? 'L1T1';
            const people = await three(t, { codec, scalabilityMode, width: 640, height: 360, frameRate: 10 });
            for (const p of people) {
                const rows = await p.stats();
                const video = rows.filter(r => r.kind === 'video');
                assert.ok(video.every(r => r.codec === `video/${codec}`), JSON.stringify(video));
                assert.ok(rows.every(r => /^[av]\d+$/.test(r.mid)), 'packets are demultiplexed by mid');
                const sent = (await p.sent()).find(r => r.kind === 'video' && r.bytes > 0);
                assert.equal(sent.codec, `video/${codec}`);
                // Of 360 lines the browser makes two layers.
                assert.match(sent.mode, scalabilityMode === 'L1T1' ? /^L1T1$/ : /^L[23]T3_KEY$/);
                t.measured[`${p.name}_sends`] = `${sent.codec} ${sent.mode ?? ''} ${sent.height}`;
            }
            const frames = await watchFrames(people), stills = await Promise.all(people.map(watchStills)), mark = busyMark();
            await sleep(6000);
            t.measured.longest_still_ms = await Promise.all(stills.map(stop => stop()));
            const pictures = await frames();
            t.measured.fps = pictures.map(r => Math.round(r.frames / r.seconds * 10) / 10);
            assert.equal(pictures.length, 6);
            for (const r of pictures)
                assert.ok(r.frames >= framesWanted(r, 5, 10), `${r.frames} of ${r.captured} frames: ${JSON.stringify(r)}`);
            assert.ok(inTime('the longest stillness', Math.max(...t.measured.longest_still_ms), 1000, mark), `a picture stood still for ${t.measured.longest_still_ms} ms`);
        },
    })),
    ...['VP9', 'AV1'].map(codec => ({
        name: `the bridge picks the spatial layer of ${codec} SVC by the receiver's wish`,
        async run(t) {
            const o = { codec, scalabilityMode: 'L3T3_KEY', width: 1280, height: 720, frameRate: 10 };
            const ada = await joinModernChromium(t, 'Ada', { ...o, sendVideo: false });
            const bob = await joinModernChromium(t, 'Bob', o);
            await until('Ada sees Bob', async () =>
                (await ada.stats()).find(r => r.owner === bob.id && r.kind === 'video')?.frames > 2, { timeoutMs: 8000 });
            await until('Bob sends 720 lines', async () => (await bob.sent()).some(r => r.height === 720 && r.mode === o.scalabilityMode), { timeoutMs: 15000 }).catch(async e => {
                throw new Error(`${e.message}: ${JSON.stringify(await bob.sent())}`);
            });
            await followsHeight(t, [ada, bob], [[180, 90, 180], [720, 700, 720], [360, 300, 360], [720, 700, 720]]);
        },
    })),
    {
        name: 'lastN 1 of two: one picture only, named in ForwardedSources',
        async run(t) {
            const [ada, bob, cleo] = await three(t, { codec: 'VP8', scalabilityMode: 'L1T1', width: 320, height: 180, frameRate: 10 });
            await ada.constrain({ lastN: 1, selectedSources: [`${cleo.id}-v0`], defaultConstraints: { maxHeight: 180 } });
            await until('only Cleo is forwarded', async () => {
                const m = (await ada.messages('ForwardedSources')).at(-1);
                return m && m.forwardedSources.length === 1 && m.forwardedSources[0] === `${cleo.id}-v0`;
            }, { timeoutMs: 3000 });
            assert.ok(await frameRate(ada, cleo.id, 2) > 3);
            await sleep(300);
            assert.equal(await frameRate(ada, bob.id, 1), 0);
        },
    },
    {
        name: 'a sender nobody watches is told to stop, and resumes with a key frame when watched again',
        async run(t) {
            const o = { codec: 'VP8', scalabilityMode: 'L1T1', width: 320, height: 180, frameRate: 10 };
            const ada = await joinModernChromium(t, 'Ada', o), bob = await joinModernChromium(t, 'Bob', o);
            await everybodyFlows([ada, bob], { timeoutMs: 8000 });
            await ada.constrain({ lastN: 0, defaultConstraints: { maxHeight: 180 } });
            await until('Bob is told 0', async () => (await bob.messages('SenderSourceConstraints')).at(-1)?.maxHeight === 0, { timeoutMs: 3000 });
            await ada.constrain({ lastN: -1, defaultConstraints: { maxHeight: 180 } });
            const since = Date.now();
            await until('Bob is told to send', async () => (await bob.messages('SenderSourceConstraints')).at(-1)?.maxHeight !== 0, { timeoutMs: 3000 });
            const before = (await ada.stats()).find(r => r.owner === bob.id && r.kind === 'video');
            await until('the picture moves again', async () =>
                (await ada.stats()).find(r => r.owner === bob.id && r.kind === 'video').frames > before.frames + 2, { timeoutMs: 2000 });
            t.measured.resumed_ms = Date.now() - since;
        },
    },
    {
        name: 'the ICE session restarts in place, and the picture does not stop',
        async run(t) {
            const o = { codec: 'VP8', scalabilityMode: 'L1T1', width: 320, height: 180, frameRate: 10 };
            const ada = await joinModernChromium(t, 'Ada', o), bob = await joinModernChromium(t, 'Bob', o);
            await everybodyFlows([ada, bob], { timeoutMs: 8000 });
            const before = await ada.jingle();
            await ada.call(c => c.requestIceRestart());
            await until('the new generation is in use', async () => ada.call(c => c.iceGeneration === 1 && c.pc.iceConnectionState !== 'checking'), { timeoutMs: 6000 });
            const rate = t.measured.fps_during = await frameRates(ada, `${bob.id}-v0`, bob, 3);
            assert.ok(rate.seen >= 5 || rate.share >= 0.5, `${rate.seen} frames/s over the restart, ${rate.made} were made`);
            assert.ok((await ada.jingle()).slice(before.length).every(l => l.action !== 'session-initiate'), 'the session is kept');
            await everybodyFlows([ada, bob], { timeoutMs: 5000 });
        },
    },
    {
        name: 'clients without SSRC rewriting get JSON sources and the sender\'s primary SSRC',
        async run(t) {
            const people = await three(t, { rewriting: false, codec: 'VP8', scalabilityMode: 'L1T1', width: 320, height: 180, frameRate: 10 });
            for (const p of people) {
                for (const other of people.filter(x => x !== p)) {
                    const sent = (await other.sent()).filter(r => r.bytes > 0).map(r => r.ssrc);
                    const rows = (await p.stats()).filter(r => r.owner === other.id);
                    assert.ok(rows.every(r => sent.includes(r.ssrc)), 'SSRCs are the sender\'s');
                }
            }
        },
    },
    {
        name: "two of today's clients talk directly, three by the bridge, two directly again",
        async run(t) {
            const join = name => joinModernChromium(t, name, P2P_OPTIONS);
            await directCall(t, [await join('Ada'), await join('Bob')], join, p => t.leave(p));
        },
    },
];
