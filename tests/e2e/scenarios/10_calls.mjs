// SPDX-License-Identifier: Apache-2.0
// Calls as people make them: two, three and four, direct and over the bridge.
import assert from 'node:assert/strict';
import { flows, mediaBothWays, received, rtpBytes, sleep, until, watchGaps } from '../lib/browser.mjs';

const NO_P2P = { p2p: 0 };

// Nobody may still be on the bridge after a call.
export async function nobodyLeft(t, timeoutMs = 10000) {
    await until('focus and bridge have forgotten the call', async () => {
        const [bridge, focus] = await Promise.all([t.servers.bridgeConferences(), t.servers.focusConferences()]);
        return !JSON.stringify(bridge).includes(t.room) && !JSON.stringify(focus).includes(t.room);
    }, { timeoutMs, everyMs: 200 });
}

export function everyoneOn(people, role, timeoutMs) {
    return until(`everyone on ${role}`, async () =>
        (await Promise.all(people.map(p => p.status()))).every(s => s.p2p === (role === 'p2p')), { timeoutMs });
}

// What a person's page shows of somebody, and which tiles have the speaker's frame.
const shown = (person, id) => person.page.evaluate(key => {
    const tile = document.querySelector(`.tile[data-key="${key}"]`), video = tile.querySelector('video');
    return {
        badge: tile.querySelector('.badge:not([hidden])')?.textContent, label: tile.getAttribute('aria-label'),
        mode: document.getElementById('mode').textContent, numbers: tile.querySelector('.numbers').textContent,
        size: `${video.videoWidth}×${video.videoHeight}`,
        framed: [...document.querySelectorAll('.tile')].filter(x => /3px.*inset/.test(getComputedStyle(x, '::after').boxShadow)).map(x => x.dataset.key),
    };
}, id);

// The way and the numbers on the tiles of a call of two, against what getStats says.
async function tilesTell(t, [ada, bob], badge, mode) {
    for (const [person, other] of [[ada, await bob.id()], [bob, await ada.id()]]) {
        let tile, really;
        // A second that the machine did not have time for shows in one before the other: then another one is looked at.
        await until('size, frames/s and bitrate are on the tile as getStats has them', async () => {
            const before = await person.stats();
            await sleep(1500);
            const after = await person.stats();
            tile = await shown(person, other);
            really = received(before, after)[other].videoBytes * 8 / (after.at - before.at);
            const said = /^\d+×\d+ · (\d+) fps · ([\d.]+) ([kM])bit\/s$/.exec(tile.numbers) ?? [];
            const kbps = Number(said[2]) * (said[3] === 'M' ? 1000 : 1);
            return said[1] > 0 && kbps > really / 2 && kbps < really * 2 && tile.numbers.startsWith(tile.size);
        }, { timeoutMs: 10000 }).catch(e => { throw new Error(`${e.message}: ${Math.round(really)} kbit/s, ${JSON.stringify(tile)}`); });
        (t.measured.shown ??= []).push(`${tile.numbers}, measured ${Math.round(really)}`);
        assert.equal(tile.badge, badge);
        assert.match(tile.label, new RegExp(`connected by ${badge}`));
        assert.equal(tile.mode, mode);
    }
}

export const scenarios = [
    {
        name: 'two people over the bridge hear and see each other within 3 s',
        async run(t) {
            const ada = await t.join('Ada', NO_P2P);
            const bob = await t.join('Bob', NO_P2P);
            const since = await bob.joinedAt();
            t.measured.media_both_ways_ms = await mediaBothWays([ada, bob], { timeoutMs: 3000, since });
            const stats = await ada.stats();
            assert.equal(stats.p2p, false);
            assert.ok(stats.peers.every(p => p.role !== 'p2p'), 'no P2P connection exists');
            await tilesTell(t, [ada, bob], 'Bridge', 'Over the bridge');
        },
    },
    {
        name: 'two people talk P2P within 5 s, and the bridge carries no media of theirs',
        async run(t) {
            const ada = await t.join('Ada');
            const bob = await t.join('Bob');
            const since = await bob.joinedAt();
            await everyoneOn([ada, bob], 'p2p', 5000);
            t.measured.p2p_ms = Date.now() - since;
            t.measured.media_both_ways_ms = await mediaBothWays([ada, bob], { timeoutMs: 8000, since });
            await sleep(1500);
            const before = await Promise.all([ada.stats(), bob.stats()]);
            const bridgeBefore = await t.servers.bridgeStats();
            await sleep(3000);
            const after = await Promise.all([ada.stats(), bob.stats()]);
            const bridgeAfter = await t.servers.bridgeStats();
            for (const i of [0, 1]) {
                const bytes = rtpBytes(after[i], 'bridge') - rtpBytes(before[i], 'bridge');
                t.measured[`rtp_bytes_to_bridge_${i}`] = bytes;
                assert.ok(bytes < 3 * 2000, `${bytes} bytes of RTP in 3 s with the bridge while P2P is up`);
                assert.ok(after[i].participants.every(p => p.tracks.every(x => !x.muted)), 'nobody is shown as muted');
            }
            await tilesTell(t, [ada, bob], 'P2P', 'Direct (P2P)');
            t.measured.bridge_bit_rate = [bridgeBefore, bridgeAfter].map(s => s.bit_rate_download ?? s.bit_rate_upload);
        },
    },
    {
        name: 'a third joins a P2P call: six live directions within 3 s; leaves: back to P2P',
        async run(t) {
            const ada = await t.join('Ada'), bob = await t.join('Bob');
            await everyoneOn([ada, bob], 'p2p', 8000);
            await mediaBothWays([ada, bob], { timeoutMs: 3000 });
            const toBridge = await watchGaps(ada);
            const eve = await t.join('Eve');
            const since = await eve.joinedAt();
            t.measured.six_directions_ms = await mediaBothWays([ada, bob, eve], { timeoutMs: 3000, since });
            await everyoneOn([ada, bob, eve], 'bridge', 2000);
            t.measured.longest_gap_to_bridge_ms = await toBridge();
            const toP2p = await watchGaps(ada);
            await t.leave(eve);
            const left = Date.now();
            await everyoneOn([ada, bob], 'p2p', 12000);
            t.measured.back_to_p2p_ms = Date.now() - left;
            await mediaBothWays([ada, bob], { timeoutMs: 3000 });
            t.measured.longest_gap_to_p2p_ms = await toP2p();
        },
    },
    {
        name: 'four people over the bridge: twelve live directions',
        async run(t) {
            const people = [];
            for (const name of ['Ada', 'Bob', 'Cleo', 'Dan'])
                people.push(await t.join(name));
            t.measured.twelve_directions_ms = await mediaBothWays(people, { timeoutMs: 8000 });
            const before = await Promise.all(people.map(p => p.stats()));
            await sleep(3000);
            const after = await Promise.all(people.map(p => p.stats()));
            t.measured.frames_in_3_s = after.map((s, i) => Object.values(received(before[i], s)).map(g => g.frames));
            for (const p of people.splice(0))
                await t.leave(p);
            await nobodyLeft(t);
        },
    },
    {
        name: 'mute, camera off and on reach the other side',
        async run(t) {
            const ada = await t.join('Ada', NO_P2P), bob = await t.join('Bob', NO_P2P);
            await mediaBothWays([ada, bob], { timeoutMs: 5000 });
            const muted = (kind, want) => until(`Bob sees Ada's ${kind} ${want ? 'off' : 'on'}`, async () =>
                (await bob.status()).participants[0]?.tracks.find(x => x.kind === kind)?.muted === want, { timeoutMs: 3000 });
            await ada.page.click('#mic');
            await muted('audio', true);
            await sleep(1000);      // what Bob's jitter buffer still holds
            const quiet = await bob.stats();
            await sleep(1500);
            const energy = received(quiet, await bob.stats())[await ada.id()]?.energy ?? 0;
            assert.ok(energy < 1e-5, `a muted microphone is silent, heard ${energy}`);
            await ada.page.click('#mic');
            await muted('audio', false);
            await ada.page.click('#camera');
            await muted('video', true);
            await ada.page.click('#camera');
            await muted('video', false);
            t.measured.again_both_ways_ms = await mediaBothWays([ada, bob], { timeoutMs: 4000 });
        },
    },
    {
        name: 'the loudest is the dominant speaker for everyone',
        async run(t) {
            // The fake microphone beeps for everybody: only one of the three may have it open.
            const ada = await t.join('Ada'), bob = await t.join('Bob', { audio: 0 }), eve = await t.join('Eve', { audio: 0 });
            const id = await ada.id();
            await until('all take Ada for the speaker', async () =>
                (await Promise.all([bob, eve].map(p => p.status()))).every(s => s.dominant === id), { timeoutMs: 10000 });
            for (const person of [bob, eve])
                await until('Ada\'s tile alone has the speaker\'s frame', async () => String((await shown(person, id)).framed) === id);
        },
    },
    {
        name: 'someone without camera and microphone sees and hears the others',
        async run(t) {
            const ada = await t.join('Ada', NO_P2P), bob = await t.join('Bob', NO_P2P);
            const quiet = await t.join('Quiet', { ...NO_P2P, video: 0, audio: 0 });
            await mediaBothWays([ada, bob], { timeoutMs: 5000 });
            const first = await quiet.stats();
            await until('the quiet one gets both', async () =>
                Object.values(received(first, await quiet.stats())).filter(g => g.frames > 2 && g.energy > 1e-6).length === 2, { timeoutMs: 6000 });
            assert.ok(flows(await ada.stats()).every(s => s.owner !== quiet.id));
        },
    },
];
