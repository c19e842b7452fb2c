// SPDX-License-Identifier: Apache-2.0
// What the bridge chooses for a receiver: simulcast layers by constraint, last-n, screen share on stage; and its
// reasons, as the REST interface tells them.
import assert from 'node:assert/strict';
import { flows, sleep, until } from '../lib/browser.mjs';
import { framesDuring, joinModernChromium, rowOf } from '../lib/modern.mjs';
import { setOption } from '../lib/servers.mjs';

const NO_P2P = { p2p: 0 };
// The library of the page takes the first codec of the offer: only VP8 is in it.
const group = 'VP8 only';
const settings = { edit: { focus: text => ['av1', 'vp9', 'h264'].reduce((s, k) => setOption(s, 'codec', k, 'false'), text) } };

const constrain = (person, constraints) =>
    person.page.evaluate(c => window.plenum.conference.setReceiverConstraints(c), constraints);

async function video(person, owner) {
    return flows(await person.stats(), 'bridge').filter(s => s.kind === 'video' && s.owner === owner && s.frameHeight)
        .sort((a, b) => b.lastPacketReceivedTimestamp - a.lastPacketReceivedTimestamp)[0];
}

export const scenarios = [
    {
        name: 'VP8 simulcast follows the receiver: 180, 360, 720, 180, each within 2 s', group, settings, browser: { fps: 10 },
        async run(t) {
            const ada = await t.join('Ada', { ...NO_P2P, video: 0, audio: 0, codec: 'VP8' });
            const bob = await t.join('Bob', { ...NO_P2P, height: 720, codec: 'VP8' });
            const id = await bob.id();
            const want = async (height, timeoutMs) => {
                await constrain(ada, { lastN: -1, defaultConstraints: { maxHeight: height } });
                const since = Date.now();
                await until(`Ada gets ${height} lines`, async () => (await video(ada, id))?.frameHeight === height, { timeoutMs })
                    .catch(async e => {
                        const sent = (await bob.stats()).peers.flatMap(p => p.outbound.filter(o => o.kind === 'video'));
                        throw new Error(`${e.message}\n${JSON.stringify(await video(ada, id))}\n${JSON.stringify(sent)}\n${JSON.stringify(await t.servers.sentTo(t.room, await ada.id()))}`);
                    });
                return Date.now() - since;
            };
            await want(720, 30000); // the sender's own estimate has to grow first
            t.measured.switched_ms = [];
            for (const height of [180, 360, 720, 180]) {
                t.measured.switched_ms.push([height, await want(height, 2000)]);
                await sleep(1500);
            }
        },
    },
    {
        name: 'lastN 2 in a room of six: two pictures move, ForwardedSources and REST say the same, selection switches them',
        group, settings, browser: { fps: 5 }, timeoutMs: 120000,
        async run(t) {
            const small = { codec: 'VP8', scalabilityMode: 'L1T1', width: 160, height: 90, frameRate: 5 };
            const ada = await joinModernChromium(t, 'Ada', { ...small, sendVideo: false });
            const others = [];
            for (const name of ['Bob', 'Cleo', 'Dan', 'Eve', 'Finn'])
                others.push(await joinModernChromium(t, name, small));
            await until('Ada knows five pictures', async () =>
                (await ada.messages('ForwardedSources')).at(-1)?.forwardedSources.length === 5, { timeoutMs: 20000 });
            const expect = async chosen => {
                const names = chosen.map(p => `${p.id}-v0`).sort();
                await ada.constrain({ lastN: 2, selectedSources: names, defaultConstraints: { maxHeight: 180 } });
                const since = Date.now();
                await until(`${names} are forwarded`, async () => {
                    const m = (await ada.messages('ForwardedSources')).at(-1);
                    return JSON.stringify([...m.forwardedSources].sort()) === JSON.stringify(names);
                }, { timeoutMs: 3000 });
                await until('both move', async () => {
                    const grown = await framesDuring(ada, 500);
                    return names.every(n => grown[n] > 0);
                }, { timeoutMs: 5000 });
                (t.measured.switched_ms ??= []).push(Date.now() - since);
                const grown = await framesDuring(ada, 2000);
                assert.deepEqual(Object.keys(grown).filter(n => grown[n] > 0).sort(), names, JSON.stringify(grown));
                const reasons = await t.servers.reasonsFor(t.room, ada.id);
                for (const p of others)
                    assert.equal(reasons[`${p.id}-v0`], chosen.includes(p) ? 'ok' : 'last_n', JSON.stringify(reasons));
            };
            await expect(others.slice(0, 2));
            await expect(others.slice(3, 5));

            // The other reasons: a constraint of 0, a sender without a picture, a sender that stopped.
            const [bob, cleo, dan] = others, name = p => `${p.id}-v0`;
            await ada.constrain({ lastN: -1, defaultConstraints: { maxHeight: 180 }, constraints: { [name(bob)]: { maxHeight: 0 } } });
            await cleo.call(c => c.send({ colibriClass: 'SourceVideoTypeMessage', sourceName: `${c.id}-v0`, videoType: 'none' }));
            await dan.call(c => c.pc.getSenders().find(s => s.track?.kind === 'video').replaceTrack(null));
            await until('cap, sender muted and no packets are told', async () => {
                const r = t.measured.reasons = await t.servers.reasonsFor(t.room, ada.id);
                return r[name(bob)] === 'cap' && r[name(cleo)] === 'sender_muted' && r[name(dan)] === 'no_packets';
            }, { timeoutMs: 8000, everyMs: 200 }).catch(e => {
                throw new Error(`${e.message}: ${JSON.stringify(t.measured.reasons)}`);
            });
        },
    },
    {
        name: 'a picture whose key frame has not come is told as such, and begins with the first one', group, settings, browser: { fps: 10 },
        async run(t) {
            const o = { codec: 'VP8', scalabilityMode: 'L1T1', width: 320, height: 180, frameRate: 10 };
            const ada = await joinModernChromium(t, 'Ada', o), bob = await joinModernChromium(t, 'Bob', { ...o, gate: true }), name = `${bob.id}-v0`;
            // As long as she watches, Bob goes on sending: a sender that is told to stop and starts again has no packets for a while.
            const cleo = await joinModernChromium(t, 'Cleo', o);
            const seen = t.measured.reasons = [];
            const reason = async () => {
                const now = (await t.servers.reasonsFor(t.room, ada.id))[name];
                if (seen.at(-1) !== now)
                    seen.push(now);
                return now;
            };
            const told = want => until(`${want} is told`, async () => await reason() === want, { timeoutMs: 8000 }).catch(async e => {
                throw new Error(`${e.message}, but ${seen}: ${JSON.stringify(await t.servers.sentTo(t.room, ada.id))}\n${JSON.stringify(await bob.sent())}`);
            });
            for (const p of [ada, cleo])
                await until(`${p.name} sees Bob`, async () => (await rowOf(p, name))?.frames > 2, { timeoutMs: 8000 });
            await ada.constrain({ lastN: -1, defaultConstraints: { maxHeight: 0 } });
            await told('cap');
            // With no picture left out in between, the next one would do.
            const passed = (await rowOf(cleo, name)).frames;
            await until('pictures pass her by', async () => (await rowOf(cleo, name)).frames > passed + 2, { timeoutMs: 5000 });
            await bob.call(c => c.gate.close(true));
            await ada.constrain({ lastN: -1, defaultConstraints: { maxHeight: 180 } });
            await told('waiting_keyframe');
            const before = (await rowOf(ada, name)).frames, asked = seen.length;
            for (let i = 0; i < 10; i++) {
                await sleep(100);
                await reason();
            }
            assert.ok(!seen.slice(asked).includes('ok'), `told while it was missing: ${seen}`);
            assert.equal((await rowOf(ada, name)).frames, before, 'nothing that cannot be decoded is sent');
            await bob.call(c => c.gate.close(false));
            const since = Date.now();
            await until('the picture moves', async () => (await rowOf(ada, name)).frames > before + 2, { timeoutMs: 5000 });
            t.measured.moved_ms = Date.now() - since;
            await told('ok');
        },
    },
];
