// SPDX-License-Identifier: Apache-2.0
// People on other hosts, behind routers that let little through. Servers are at 10.90.0.1.
import assert from 'node:assert/strict';
import { mediaBothWays, until } from '../lib/browser.mjs';
import { Network } from '../lib/netns.mjs';
import { everyoneOn } from './10_calls.mjs';

const ADDRESS = '10.90.0.1';

function network() {
    const n = new Network();
    n.serverAddress(ADDRESS);
    n.behindNat('home', 1);
    n.behindNat('office', 2);
    // Only TCP, and only to where servers listen.
    n.behindNat('hotel', 3, ['meta l4proto udp drop']);
    return n;
}

const common = { group: 'networks', settings: { address: ADDRESS }, network, browser: null };

async function pairOf(person, role) {
    return (await person.stats()).peers.find(p => p.role === role)?.pair;
}

export const scenarios = [
    {
        ...common,
        name: 'two people behind symmetric NATs talk P2P through coturn',
        async run(t) {
            const [home, office] = [await t.launch({ host: 'home' }), await t.launch({ host: 'office' })];
            const ada = await t.join('Ada', {}, { browser: home }), bob = await t.join('Bob', {}, { browser: office });
            await everyoneOn([ada, bob], 'p2p', 15000);
            t.measured.media_both_ways_ms = await mediaBothWays([ada, bob], { timeoutMs: 8000 });
            const pair = await pairOf(ada, 'p2p');
            t.measured.pair = `${pair.local.type} ${pair.local.address} -> ${pair.remote.type} ${pair.remote.address}`;
            assert.ok([pair.local.type, pair.remote.type].includes('relay'));
        },
    },
    {
        ...common,
        name: 'two people behind symmetric NATs reach the bridge directly',
        async run(t) {
            const [home, office] = [await t.launch({ host: 'home' }), await t.launch({ host: 'office' })];
            const ada = await t.join('Ada', { p2p: 0 }, { browser: home }), bob = await t.join('Bob', { p2p: 0 }, { browser: office });
            t.measured.media_both_ways_ms = await mediaBothWays([ada, bob], { timeoutMs: 6000 });
            const pair = await pairOf(ada, 'bridge');
            assert.equal(`${pair.remote.address}:${pair.remote.port}`, `${ADDRESS}:${t.stack.ports.bridgeUdp}`);
        },
    },
    {
        ...common,
        name: 'a network without UDP reaches the bridge by a TCP relay, P2P is given up',
        async run(t) {
            const [home, hotel] = [await t.launch({ host: 'home' }), await t.launch({ host: 'hotel' })];
            const ada = await t.join('Ada', { p2p: 0 }, { browser: home }), bob = await t.join('Bob', { p2p: 0 }, { browser: hotel });
            t.measured.media_both_ways_ms = await mediaBothWays([ada, bob], { timeoutMs: 15000 });
            const pair = await until('a selected pair', () => pairOf(bob, 'bridge'));
            t.measured.pair = `${pair.local.type} (${pair.local.relay}) -> ${pair.remote.address}`;
            assert.equal(pair.local.relay, 'tcp');
        },
    },
];
