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

// A desktop: an ordinary address besides loopback, servers on loopback, a browser with its ordinary settings.
function desktop() {
    const n = new Network();
    n.host('lan');
    n.link(null, '10.91.0.1/24', 'lan', '10.91.0.2/24');
    return n;
}

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
    {
        name: "the demo's servers on loopback serve a browser with ordinary settings", group: 'desktop', network: desktop,
        browser: { loopback: false },
        async run(t) {
            const people = [await t.join('Ada'), await t.join('Bob')];
            await everyoneOn(people, 'p2p', 8000);
            await mediaBothWays(people, { timeoutMs: 4000 });
            people.push(await t.join('Eve'));
            t.measured.three_ms = await mediaBothWays(people, { timeoutMs: 6000 });
            const pair = await pairOf(people[0], 'bridge');
            t.measured.pair = `${pair.local.address} -> ${pair.remote.address}`;
        },
    },
];
