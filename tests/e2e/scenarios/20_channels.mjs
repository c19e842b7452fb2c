// SPDX-License-Identifier: Apache-2.0
// One bridge channel at a time, and IPv6 alone.
import assert from 'node:assert/strict';
import { mediaBothWays, until } from '../lib/browser.mjs';
import { Network, ip } from '../lib/netns.mjs';
import { setOption } from '../lib/servers.mjs';

const NO_P2P = { p2p: 0 };

// Chromium has no candidate of ::1, so the machine gets an address to call from; the bridge is on ::1.
function ipv6Desktop() {
    const n = new Network();
    n.host('lan');
    const [device] = n.link(null, '10.91.0.1/24', 'lan', '10.91.0.2/24');
    ip('-6', 'addr', 'add', 'fd00:91::1/64', 'dev', device, 'nodad');
    return n;
}

async function channelCarries(t) {
    const ada = await t.join('Ada', NO_P2P), bob = await t.join('Bob', NO_P2P);
    t.measured.media_both_ways_ms = await mediaBothWays([ada, bob], { timeoutMs: 4000 });
    await until('both have a bridge channel', async () =>
        (await Promise.all([ada, bob].map(p => p.status()))).every(s => s.bridgeChannel), { timeoutMs: 4000 });
    // A message by the bridge to all, and one to a single person.
    const [adaId, bobId] = [await ada.id(), await bob.id()];
    await ada.page.evaluate(() => window.plenum.conference.sendEndpointMessage('', { type: 'wave', to: 'all' }));
    await bob.page.evaluate(id => window.plenum.conference.sendEndpointMessage(id, { type: 'wave', to: 'one' }), adaId);
    const got = (p, from, to) => until(`${p.name} gets the message to ${to}`, async () =>
        (await p.history()).some(h => h.what === 'message' && h.from === from && h.payload?.to === to), { timeoutMs: 3000 });
    await Promise.all([got(bob, adaId, 'all'), got(ada, bobId, 'one')]);
    return [ada, bob];
}

export const scenarios = [
    {
        name: 'websocket as the only bridge channel', group: 'websocket only',
        settings: {
            edit: {
                bridge: text => setOption(text, 'media', 'sctp', 'false'),
                focus: text => setOption(text, 'codec', 'data_channel', 'false'),
            },
        },
        async run(t) {
            const [ada] = await channelCarries(t);
            const stats = await ada.stats();
            assert.equal(stats.peers.find(p => p.role === 'bridge').dataChannels.length, 0);
        },
    },
    {
        name: 'SCTP data channel as the only bridge channel', group: 'SCTP only',
        settings: { edit: { bridge: text => setOption(text, 'websocket', 'enabled', 'false') } },
        async run(t) {
            const [ada] = await channelCarries(t);
            const stats = await ada.stats();
            assert.ok(stats.peers.find(p => p.role === 'bridge').dataChannels.some(c => c.state === 'open'));
        },
    },
    {
        name: 'a call over IPv6 alone', group: 'IPv6 only', network: ipv6Desktop,
        settings: {
            edit: {
                bridge: text => setOption(setOption(text, 'ice', 'addresses', '::1'), 'ice', 'ipv4', 'false'),
            },
        },
        async run(t) {
            const ada = await t.join('Ada', NO_P2P), bob = await t.join('Bob', NO_P2P);
            t.measured.media_both_ways_ms = await mediaBothWays([ada, bob], { timeoutMs: 4000 });
            for (const p of [ada, bob]) {
                const { pair } = (await p.stats()).peers.find(x => x.role === 'bridge');
                t.measured[p.name] = `${pair.local.address} -> ${pair.remote.address}`;
                assert.match(pair.remote.address, /:/, 'the selected pair is IPv6');
            }
        },
    },
];
