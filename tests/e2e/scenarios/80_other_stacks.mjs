// SPDX-License-Identifier: Apache-2.0
// Other WebRTC stacks: aiortc by COLIBRI2 over HTTP, Firefox alone and with Chromium.
import { mediaBothWays, Participant, until } from '../lib/browser.mjs';
import { Firefox } from '../lib/firefox.mjs';
import { ip } from '../lib/netns.mjs';
import { meetingId, startPeer } from '../lib/peer.mjs';
import { setOption } from '../lib/servers.mjs';
import { everybodyFlows, joinModern, joinModernChromium } from '../lib/modern.mjs';
import { everyoneOn } from './10_calls.mjs';
import { P2P_OPTIONS, directCall } from '../lib/modern_p2p.mjs';

// These stacks leave loopback out, and Firefox gathers nothing without a default route: the namespace gets an
// interface of its own with both (nobody is at its other end), and the bridge uses its address too.
const ADDRESS = '10.91.0.1';

function addInterface() {
    ip('link', 'add', 'stacks0', 'type', 'veth', 'peer', 'name', 'stacks1');
    ip('addr', 'add', `${ADDRESS}/24`, 'dev', 'stacks0');
    for (const name of ['stacks0', 'stacks1'])
        ip('link', 'set', name, 'up');
    ip('route', 'add', 'default', 'via', '10.91.0.2');
}

const group = 'other stacks';
const settings = {
    edit: {
        bridge: text => {
            addInterface();
            return setOption(text, 'ice', 'addresses', `127.0.0.1, ${ADDRESS}`);
        },
    },
};

// The library's page in Firefox, as a Participant.
async function joinFirefox(t, firefox, name, query = {}) {
    const page = await firefox.newPage();
    page.on = () => {};
    page.context = () => ({ close: async () => {} });
    const person = new Participant(page, name);
    const url = new URL(t.servers.pageUrl);
    for (const [k, v] of Object.entries({ room: t.room, name, height: 360, ...query }))
        url.searchParams.set(k, String(v));
    await page.goto(url.href);
    t.people.push(person);
    await until(`${name} is in the room`, async () => (await person.status())?.state === 'joined', { timeoutMs: 20000 });
    return person;
}

async function withFirefox(t) {
    const firefox = await Firefox.launch();
    t.finally(() => firefox.close());
    return firefox;
}

export const scenarios = [
    {
        name: 'aiortc joins by COLIBRI2 over HTTP and exchanges media with Chromium', timeoutMs: 60000,
        async run(t) {
            const o = { codec: 'VP8', scalabilityMode: 'L1T1', width: 320, height: 180, frameRate: 10 };
            const ada = await joinModernChromium(t, 'Ada', o);
            // Bob only listens: aiortc plays one stream of each kind.
            const bob = await joinModernChromium(t, 'Bob', { ...o, sendAudio: false, sendVideo: false });
            await until('Bob sees Ada', async () =>
                (await bob.stats()).find(r => r.owner === ada.id && r.kind === 'video')?.frames > 2, { timeoutMs: 8000 });
            const peer = startPeer(t, 'aiortc_peer.py', ['--meeting-id', await meetingId(t), '--id', 'a10c0001', '--seconds', '40']);
            await until('the peer sees and hears', () => {
                const s = peer.state();
                return s && s.videoFrames > 10 && s.audioEnergy > 1e-5;
            }, { timeoutMs: 20000, everyMs: 200 }).catch(e => {
                throw new Error(`${e.message}: ${JSON.stringify(peer.state())} ${peer.errors()}`);
            });
            t.measured.peer = peer.state();
            await until('Ada sees and hears the peer', async () => {
                const rows = (await ada.stats()).filter(r => r.owner === 'a10c0001');
                return rows.find(r => r.kind === 'video')?.frames > 10 && rows.find(r => r.kind === 'audio')?.energy > 1e-3;
            }, { timeoutMs: 15000, everyMs: 200 });
        },
    },
    {
        name: 'Firefox to Firefox P2P, and by the bridge with a third', browser: null, timeoutMs: 150000,
        async run(t) {
            const firefox = await withFirefox(t);
            const join = async name => joinModern(t, await firefox.newPage(), name, { ...P2P_OPTIONS, midDemux: false });
            await directCall(t, [await join('Ada'), await join('Bob')], join, p => t.leave(p));
        },
    },
    {
        name: 'Firefox to Firefox over the bridge', browser: null, timeoutMs: 120000,
        async run(t) {
            const firefox = await withFirefox(t);
            const ada = await joinFirefox(t, firefox, 'Ada', { p2p: 0 }), bob = await joinFirefox(t, firefox, 'Bob', { p2p: 0 });
            t.measured.media_both_ways_ms = await mediaBothWays([ada, bob], { timeoutMs: 15000 });
        },
    },
    {
        name: 'the current library in Firefox: P2P for two, the bridge for three, P2P again', browser: null, timeoutMs: 150000, current: true,
        async run(t) {
            const firefox = await withFirefox(t);
            const people = [await joinFirefox(t, firefox, 'Ada'), await joinFirefox(t, firefox, 'Bob')];
            await everyoneOn(people, 'p2p', 15000);
            t.measured.p2p_ms = await mediaBothWays(people, { timeoutMs: 8000 });
            const eve = await joinFirefox(t, firefox, 'Eve');
            t.measured.three_ms = await mediaBothWays([...people, eve], { timeoutMs: 15000 });
            await t.leave(eve);
            await everyoneOn(people, 'p2p', 20000);
            t.measured.p2p_again_ms = await mediaBothWays(people, { timeoutMs: 8000 });
        },
    },
    {
        name: 'the current library in Firefox and in Chromium: P2P for two, the bridge for three', timeoutMs: 150000, current: true,
        async run(t) {
            const firefox = await withFirefox(t);
            const people = [await joinFirefox(t, firefox, 'Ada'), await t.join('Bob')];
            await everyoneOn(people, 'p2p', 15000);
            t.measured.p2p_ms = await mediaBothWays(people, { timeoutMs: 8000 });
            people.push(await joinFirefox(t, firefox, 'Eve'));
            t.measured.three_ms = await mediaBothWays(people, { timeoutMs: 15000 });
        },
    },
    {
        name: 'Firefox to Chromium P2P, and by the bridge with a third', timeoutMs: 150000,
        async run(t) {
            const firefox = await withFirefox(t);
            const ada = await joinModern(t, await firefox.newPage(), 'Ada', { ...P2P_OPTIONS, midDemux: false });
            const join = name => joinModernChromium(t, name, P2P_OPTIONS);
            await directCall(t, [ada, await join('Bob')], join, p => t.leave(p));
        },
    },
    {
        name: 'Firefox and two Chromium over the bridge', timeoutMs: 120000,
        async run(t) {
            const firefox = await withFirefox(t);
            const ada = await joinFirefox(t, firefox, 'Ada', { p2p: 0 });
            const bob = await t.join('Bob', { p2p: 0 }), cleo = await t.join('Cleo', { p2p: 0 });
            t.measured.media_both_ways_ms = await mediaBothWays([ada, bob, cleo], { timeoutMs: 15000 });
        },
    },
    {
        name: "today's client in Firefox with today's client in Chromium", timeoutMs: 120000,
        async run(t) {
            const firefox = await withFirefox(t);
            const o = { codec: 'VP8', scalabilityMode: null, midDemux: false, width: 320, height: 180, frameRate: 10 };
            const ada = await joinModern(t, await firefox.newPage(), 'Ada', o);
            const bob = await joinModernChromium(t, 'Bob', { ...o, scalabilityMode: 'L1T1' });
            t.measured.media_ms = await everybodyFlows([ada, bob], { timeoutMs: 15000 });
        },
    },
].map(s => ({ ...s, group, settings }));
