// SPDX-License-Identifier: Apache-2.0
// A person's sources beyond the camera: the shared screen beside it or in its place, the voice that makes one the
// dominant speaker, and what a receiver or a moderator does not want to hear.
import assert from 'node:assert/strict';
import { flows, mediaBothWays, received, sleep, until } from '../lib/browser.mjs';
import { everybodyFlows, framesDuring, joinModernChromium, rowOf } from '../lib/modern.mjs';

const NO_P2P = { p2p: 0 };
const SMALL = { codec: 'VP8', scalabilityMode: 'L1T1', width: 320, height: 180, frameRate: 10 };
const share = (person, options = {}) => person.call((c, o) => c.screen.start(o), options);
const unshare = person => person.call(c => c.screen.stop());
const camera = person => `${person.id}-v0`, screen = person => `${person.id}-v1`;

// The last word of the bridge on one source in the maps it sent.
const mapped = async (person, name) => (await person.messages('VideoSourcesMap')).flatMap(m => m.mappedSources).findLast(s => s.source === name);

const forwarded = async person => (await person.messages('ForwardedSources')).at(-1)?.forwardedSources ?? [];

// Waits until each of the names moves, and none of the others does; resolves to the milliseconds until the first held.
async function onlyMoves(person, moving, still, { timeoutMs = 5000 } = {}) {
    const since = Date.now();
    let grown;
    await until(`only ${moving} move`, async () => {
        grown = await framesDuring(person, 700);
        return moving.every(n => grown[n] > 0) && still.every(n => !grown[n]);
    }, { timeoutMs }).catch(e => {
        throw new Error(`${e.message}: ${JSON.stringify(grown)}`);
    });
    return Date.now() - since;
}

export const scenarios = [
    {
        name: "a screen share of today's client beside its camera: named, whole, first when chosen, gone when stopped",
        async run(t) {
            const [ada, bob, cleo] = [await joinModernChromium(t, 'Ada', SMALL), await joinModernChromium(t, 'Bob', SMALL), await joinModernChromium(t, 'Cleo', SMALL)];
            await everybodyFlows([ada, bob, cleo], { timeoutMs: 10000 });
            const cameras = [bob, cleo].map(camera);
            await ada.constrain({ lastN: -1, defaultConstraints: { maxHeight: 180 } });
            let since = Date.now();
            await share(bob);
            for (const p of [ada, cleo])
                await until(`${p.name} sees Bob's screen`, async () => (await rowOf(p, screen(bob)))?.frames > 1, { timeoutMs: 5000 });
            t.measured.share_visible_ms = Date.now() - since;
            assert.equal((await mapped(ada, screen(bob))).videoType, 'DESKTOP');
            assert.equal((await mapped(ada, camera(bob))).videoType, 'CAMERA');
            assert.equal((await mapped(ada, screen(bob))).owner, bob.id);

            // Slides are not made smaller than the only size there is, and the camera goes on beside them.
            await onlyMoves(ada, [screen(bob), ...cameras], []);
            const slides = await rowOf(ada, screen(bob));
            t.measured.slides = `${slides.height} lines, ${slides.codec}`;
            assert.ok(slides.height >= 700, `a share asked for with 180 lines has ${slides.height}`);
            const small = await rowOf(ada, camera(bob));
            assert.ok(small.height <= 180, `the camera has ${small.height}`);

            // What a receiver puts on stage comes first, and with lastN 1 alone.
            await ada.constrain({ lastN: 1, onStageSources: [screen(bob)], defaultConstraints: { maxHeight: 180 }, constraints: { [screen(bob)]: { maxHeight: 720 } } });
            t.measured.only_share_ms = await onlyMoves(ada, [screen(bob)], cameras);
            assert.deepEqual(await forwarded(ada), [screen(bob)]);
            const reasons = await t.servers.reasonsFor(t.room, ada.id);
            assert.deepEqual([reasons[screen(bob)], ...cameras.map(n => reasons[n])], ['ok', 'last_n', 'last_n'], JSON.stringify(reasons));
            await ada.constrain({ lastN: 1, onStageSources: [], selectedSources: [camera(cleo)], defaultConstraints: { maxHeight: 180 }, constraints: {} });
            t.measured.only_selected_camera_ms = await onlyMoves(ada, [camera(cleo)], [screen(bob), camera(bob)]);
            await ada.constrain({ lastN: -1, onStageSources: [], selectedSources: [], defaultConstraints: { maxHeight: 180 } });
            await onlyMoves(ada, [screen(bob), ...cameras], []);

            // A film on the same screen: told as such, and in motion.
            const frames = async () => (await framesDuring(ada, 2000))[screen(bob)] / 2;
            t.measured.slides_fps = await frames();
            await bob.call(c => c.screen.change({ highFps: true, frameRate: 30 }));
            await until('the bridge knows', async () => (await t.servers.endpoint(t.room, bob.id)).endpoint.sources.find(s => s.name === screen(bob)).video_type === 'desktop_high_fps', { timeoutMs: 3000 });
            await until('the film moves', async () => (t.measured.film_fps = await frames()) > 10, { timeoutMs: 8000 });
            assert.ok(t.measured.slides_fps <= 6, `slides of 5 frames/s come with ${t.measured.slides_fps}`);

            since = Date.now();
            await unshare(bob);
            await until('the screen is gone', async () => !(await forwarded(ada)).includes(screen(bob)) && !(screen(bob) in await t.servers.sentTo(t.room, ada.id)), { timeoutMs: 3000 });
            t.measured.gone_ms = Date.now() - since;
            await onlyMoves(ada, cameras, [screen(bob)]);
            await share(bob, { highFps: true, frameRate: 15, height: 360, width: 640 });
            since = Date.now();
            const before = (await rowOf(ada, screen(bob)))?.frames ?? 0;
            await until('the second share is seen', async () => {
                const row = await rowOf(ada, screen(bob));
                return row?.height === 360 && row.frames > before + 3;
            }, { timeoutMs: 5000 });
            t.measured.second_share_ms = Date.now() - since;
            await onlyMoves(ada, [screen(bob), ...cameras], []);
        },
    },
    {
        name: 'a screen share of the 2022 library reaches the others as a desktop, and the camera comes back',
        async run(t) {
            const ada = await t.join('Ada', NO_P2P), bob = await t.join('Bob', NO_P2P);
            await mediaBothWays([ada, bob], { timeoutMs: 5000 });
            const id = await bob.id();
            const tracks = async () => (await ada.status()).participants.find(p => p.id === id)?.tracks.filter(x => x.kind === 'video' && !x.muted) ?? [];
            // Frames of what Ada holds for Bob's picture of that type.
            const moving = async videoType => {
                const wanted = (await tracks()).filter(x => x.videoType === videoType).map(x => x.trackId);
                const rows = async () => flows(await ada.stats(), 'bridge').filter(s => s.kind === 'video' && wanted.includes(s.trackIdentifier));
                const before = await rows();
                await sleep(600);
                return (await rows()).find(s => s.framesDecoded > (before.find(b => b.ssrc === s.ssrc)?.framesDecoded ?? 0));
            };
            const since = Date.now();
            await bob.page.keyboard.press('s');
            await until('Ada sees a desktop', async () => moving('desktop'), { timeoutMs: 6000 });
            t.measured.share_visible_ms = Date.now() - since;
            const row = await moving('desktop');
            t.measured.share = `${row.frameWidth}x${row.frameHeight} ${row.codec}`;
            t.measured.beside_the_camera = Boolean(await moving('camera'));
            await bob.page.click('#screen');
            await until('Ada sees the camera again and no desktop', async () => await moving('camera') && !(await tracks()).some(x => x.videoType === 'desktop'), { timeoutMs: 6000 });
            await mediaBothWays([ada, bob], { timeoutMs: 4000 });
        },
    },
    {
        name: 'two talkers in turn: the dominant speaker follows in order for everyone, and silence is told',
        group: 'silence events', settings: { edit: { bridge: text => text.replace(/$/, '\n[media]\nsilence_events = true\n') } },
        async run(t) {
            const o = { ...SMALL, sendVideo: false, voice: true };
            const [ada, bob, cleo] = [await joinModernChromium(t, 'Ada', o), await joinModernChromium(t, 'Bob', o), await joinModernChromium(t, 'Cleo', o)];
            const spoke = async () => (await cleo.messages('DominantSpeakerEndpointChangeEvent'));
            const last = async p => (await p.messages('DominantSpeakerEndpointChangeEvent')).at(-1);
            const say = (p, on) => p.call((c, speaking) => c.voice.speak(speaking), on);
            await until('the bridge hears all', async () => (await Promise.all([ada, bob, cleo].map(p => p.call(c => c.channel?.readyState)))).every(s => s === 'open' || s === 1), { timeoutMs: 8000 });
            await say(ada, true);
            await until('Ada is the speaker', async () => (await last(cleo))?.dominantSpeakerEndpoint === ada.id, { timeoutMs: 5000 });
            const first = (await spoke()).length - 1;
            t.measured.turn_ms = [];
            const turns = [[ada, bob], [bob, ada], [ada, bob], [bob, ada]];
            for (const [from, to] of turns) {
                await say(from, false);
                const since = await say(to, true);
                await until(`${to.name} is the speaker for all`, async () => (await Promise.all([ada, bob, cleo].map(last))).every(m => m.dominantSpeakerEndpoint === to.id), { timeoutMs: 5000 });
                t.measured.turn_ms.push(Math.round(Date.now() - since));
                assert.equal((await last(cleo)).previousSpeakers[0], from.id, 'the one before is named first');
                await sleep(1500);
            }
            const order = (await spoke()).slice(first);
            assert.deepEqual(order.map(m => m.dominantSpeakerEndpoint), [ada, ...turns.map(([, to]) => to)].map(p => p.id), 'as they spoke, with no flip between');
            assert.ok(order.every(m => m.silence === false));

            await say(ada, false);
            const since = Date.now();
            await until('silence is told', async () => (await last(cleo)).silence === true, { timeoutMs: 8000 });
            t.measured.silence_after_ms = Date.now() - since;
            assert.ok(t.measured.silence_after_ms > 2000, 'not before 3 s less what was on its way');
            await say(ada, true);
            await until('the silence is over', async () => {
                const m = await last(cleo);
                return m.silence === false && m.dominantSpeakerEndpoint === ada.id;
            }, { timeoutMs: 4000 });
        },
    },
    {
        name: 'one hears what one subscribed to, and nobody hears who is muted by the bridge',
        async run(t) {
            const o = { ...SMALL, sendVideo: false, voice: true };
            const [ada, bob, cleo] = [await joinModernChromium(t, 'Ada', o), await joinModernChromium(t, 'Bob', o), await joinModernChromium(t, 'Cleo', o)];
            const people = [ada, bob, cleo], audio = p => `${p.id}-a0`;
            for (const p of people)
                await p.call(c => c.voice.speak(true));
            // Who is heard, by energy over half a second after what the jitter buffer held has passed.
            const heard = async person => {
                const read = async () => new Map((await person.stats()).filter(r => r.kind === 'audio').map(r => [r.owner, r.energy]));
                const before = await read();
                await sleep(500);
                return [...await read()].filter(([owner, e]) => e - (before.get(owner) ?? 0) > 1e-4).map(([owner]) => owner).sort();
            };
            const hears = async (person, whom, what) => {
                const want = whom.map(p => p.id).sort(), since = Date.now();
                let got;
                await until(`${person.name} hears ${whom.map(p => p.name)}`, async () => JSON.stringify(got = await heard(person)) === JSON.stringify(want), { timeoutMs: 4000 })
                    .catch(e => { throw new Error(`${e.message}: ${got}`); });
                (t.measured.changed_ms ??= []).push([what, Date.now() - since]);
            };
            const subscribe = (p, s) => p.call((c, m) => c.send({ colibriClass: 'ReceiverAudioSubscription', ...m }), s);
            await until('all have heard all', async () => (await Promise.all(people.map(heard))).every(h => h.length === 2), { timeoutMs: 8000 });
            await subscribe(cleo, { all: false, include: [audio(bob)], exclude: [] });
            await hears(cleo, [bob], 'include');
            await subscribe(cleo, { all: true, include: [], exclude: [audio(bob)] });
            await hears(cleo, [ada], 'exclude');
            await subscribe(cleo, { mode: 'None' });
            await hears(cleo, [], 'none');
            await subscribe(cleo, { all: true, include: [], exclude: [] });
            await hears(cleo, [ada, bob], 'all');
            assert.deepEqual(await heard(ada), [bob.id, cleo.id].sort(), 'others are not concerned');

            const { conferences } = await t.servers.bridgeConferences();
            const meeting = conferences.find(c => c.name.startsWith(`${t.room}@`)).meeting_id;
            const forceMute = async muted => {
                const body = `<conference-modify xmlns="jitsi:colibri2" meeting-id="${meeting}"><endpoint id="${ada.id}"><force-mute audio="${muted}"/></endpoint></conference-modify>`;
                const answer = await fetch(`${t.stack.bridgeHttp}/colibri2`, { method: 'POST', body, headers: { 'Content-Type': 'application/xml' } });
                assert.equal(answer.status, 200, await answer.text());
            };
            await forceMute(true);
            await hears(cleo, [bob], 'forced mute');
            await hears(bob, [cleo], 'forced mute');
            assert.deepEqual(await heard(ada), [bob.id, cleo.id].sort(), 'the muted one still hears');
            await forceMute(false);
            await hears(cleo, [ada, bob], 'mute lifted');
        },
    },
    {
        name: 'a moderator mutes another, who is told and falls silent',
        async run(t) {
            const ada = await t.join('Ada', NO_P2P), bob = await t.join('Bob', NO_P2P), cleo = await t.join('Cleo', { ...NO_P2P, audio: 0 });
            const id = await bob.id();
            await mediaBothWays([ada, bob], { timeoutMs: 5000 });
            await ada.page.evaluate(who => window.plenum.conference.muteParticipant(who, 'audio'), id);
            const since = Date.now();
            const isMuted = async p => (await p.status()).participants.find(x => x.id === id)?.tracks.find(x => x.kind === 'audio')?.muted;
            for (const p of [ada, cleo])
                await until(`${p.name} sees Bob muted`, () => isMuted(p), { timeoutMs: 3000 });
            t.measured.muted_ms = Date.now() - since;
            assert.ok((await bob.history()).some(h => h.what === 'mute' && h.local && h.muted), 'Bob was told');
            await until('Bob is silent', async () => {
                const before = await cleo.stats();
                await sleep(700);
                return !(received(before, await cleo.stats())[id]?.energy > 1e-5);
            }, { timeoutMs: 3000 });
            // Who is no moderator may not.
            await cleo.page.evaluate(async who => window.plenum.conference.muteParticipant(who, 'audio'), await ada.id());
            await sleep(1000);
            const adaMuted = (await cleo.status()).participants.find(x => x.name === 'Ada').tracks.find(x => x.kind === 'audio').muted;
            assert.equal(adaMuted, false);
        },
    },
];
