// SPDX-License-Identifier: Apache-2.0
// Clients that may use nothing but a relay.
import assert from 'node:assert/strict';
import { mediaBothWays } from '../lib/browser.mjs';
import { everyoneOn } from './10_calls.mjs';

async function pairOf(person, role) {
    return (await person.stats()).peers.find(p => p.role === role).pair;
}

export const scenarios = [
    {
        name: 'a relay-only client reaches the other P2P through coturn',
        async run(t) {
            const ada = await t.join('Ada', { relay: 'p2p' }), bob = await t.join('Bob');
            await everyoneOn([ada, bob], 'p2p', 10000);
            t.measured.media_both_ways_ms = await mediaBothWays([ada, bob], { timeoutMs: 5000 });
            const pair = await pairOf(ada, 'p2p');
            assert.equal(pair.local.type, 'relay');
            t.measured.relay = `${pair.local.address}:${pair.local.port} (${pair.local.relay})`;
        },
    },
    {
        name: 'a relay-only client reaches the bridge through coturn',
        async run(t) {
            const ada = await t.join('Ada', { relay: 'bridge', p2p: 0 }), bob = await t.join('Bob', { p2p: 0 });
            t.measured.media_both_ways_ms = await mediaBothWays([ada, bob], { timeoutMs: 8000 });
            const pair = await pairOf(ada, 'bridge');
            assert.equal(pair.local.type, 'relay');
            assert.equal(pair.remote.port, t.stack.ports.bridgeUdp);
            t.measured.relay = `${pair.local.address}:${pair.local.port} (${pair.local.relay})`;
        },
    },
];
