// SPDX-License-Identifier: Apache-2.0
// People whose network changes or ends in the middle of a call. Servers are at 10.90.0.1.
import assert from 'node:assert/strict';
import { mediaBothWays, sleep, until, watchGaps } from '../lib/browser.mjs';
import { everybodyFlows, joinModern } from '../lib/modern.mjs';
import { Network } from '../lib/netns.mjs';
import { busyMark, inTime } from '../lib/patience.mjs';

const ADDRESS = '10.90.0.1';
const SMALL = { codec: 'VP8', scalabilityMode: 'L1T1', width: 320, height: 180, frameRate: 10 };

function network() {
    const n = new Network();
    n.serverAddress(ADDRESS);
    n.behindNat('home', 1);
    n.behindNat('office', 2);
    return n;
}

const common = { group: 'roaming', settings: { address: ADDRESS }, network, browser: null };

async function joinModernFrom(t, host, name, options) {
    const browser = await t.launch({ host, origin: [t.servers.pageUrl, t.servers.files.url].map(u => u.slice(0, -1)).join(',') });
    const context = await browser.newContext({ permissions: ['camera', 'microphone'] });
    return joinModern(t, await context.newPage(), name, options, () => context.close());
}

export const scenarios = [
    {
        ...common,
        name: 'a router gets another address in the middle of a call, which goes on without joining again',
        async run(t) {
            const ada = await t.join('Ada', { p2p: 0 }, { browser: await t.launch({ host: 'home' }) });
            const bob = await t.join('Bob', { p2p: 0 }, { browser: await t.launch({ host: 'office' }) });
            await mediaBothWays([ada, bob], { timeoutMs: 8000 });
            const ids = await Promise.all([ada, bob].map(p => p.id()));
            const remote = async () => (await t.servers.endpoint(t.room, ids[0])).endpoint.remote;
            const before = await remote(), events = (await ada.history()).length;
            const gaps = await Promise.all([ada, bob].map(watchGaps)), mark = busyMark();
            assert.match(before, /^10\.90\.1\.2:/);
            t.network.readdress('home', 1, 77);
            const since = Date.now();
            await until('the bridge sends to the new address', async () => /^10\.90\.1\.77:/.test(await remote()), { timeoutMs: 6000 });
            t.measured.moved_ms = Date.now() - since;
            t.measured.address = `${before} -> ${await remote()}`;
            await mediaBothWays([ada, bob], { timeoutMs: 8000, since });
            t.measured.media_again_ms = Date.now() - since;
            [t.measured.ada_saw_nothing_ms, t.measured.bob_saw_nothing_ms] = await Promise.all(gaps.map(stop => stop()));
            assert.ok(inTime('the longest stillness', Math.max(t.measured.ada_saw_nothing_ms, t.measured.bob_saw_nothing_ms), 6000, mark), 'the picture stands still too long');

            // The signalling connection broke too and is resumed: what Ada does reaches Bob, who never saw her leave.
            await ada.page.click('#mic');
            await until("Bob sees Ada's microphone off", async () =>
                (await bob.status()).participants[0]?.tracks.find(x => x.kind === 'audio')?.muted === true, { timeoutMs: 20000 });
            t.measured.signalling_again_ms = Date.now() - since;
            assert.deepEqual(await Promise.all([ada, bob].map(p => p.id())), ids);
            const news = [...(await ada.history()).slice(events), ...await bob.history()].map(h => h.what);
            assert.ok(!news.some(what => ['failure', 'left', 'user-left'].includes(what)), news.join(' '));
        },
    },
    {
        ...common,
        name: 'a client that no packet reaches loses its endpoint within 30 s; the focus ends its session and invites anew',
        async run(t) {
            const ada = await joinModernFrom(t, 'home', 'Ada', SMALL), bob = await joinModernFrom(t, 'office', 'Bob', SMALL);
            await everybodyFlows([ada, bob], { timeoutMs: 10000 });
            await sleep(1000);
            const actions = async () => (await ada.jingle()).map(l => l.action);
            const first = await ada.call(c => c.sid), said = (await actions()).length;
            const lost = async () => (await t.servers.json(`${t.stack.bridgeHttp}/v1/conferences?full=true`)).conferences
                .flatMap(c => c.endpoints).find(e => e.id === ada.id);
            assert.ok((await lost()).ice_writable);
            t.network.block('home', 'meta l4proto udp');
            const since = Date.now();
            // Signalling still reaches her: what the focus knows she hears.
            await until('the session is ended', async () => (await actions()).slice(said).includes('session-terminate'), { timeoutMs: 30000, everyMs: 100 });
            t.measured.ended_ms = Date.now() - since;
            const end = (await ada.jingle()).slice(said).find(l => l.action === 'session-terminate');
            assert.match(end.xml, /connectivity-error/);
            await until('a new endpoint waits for her', async () => {
                const e = await lost();
                return e && e.age_s * 1000 < Date.now() - since && !e.ice_writable;
            }, { timeoutMs: 3000 });
            t.network.block('home', null);
            const back = Date.now();
            await everybodyFlows([ada, bob], { timeoutMs: 15000 });
            t.measured.talking_again_ms = Date.now() - back;
            assert.notEqual(await ada.call(c => c.sid), first, 'by another session');
            assert.ok((await bob.jingle()).every(l => l.action !== 'session-terminate'), "Bob's session goes on");
        },
    },
];
