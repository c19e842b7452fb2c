// SPDX-License-Identifier: Apache-2.0
// One story of direct calls, for any two browsers: two talk directly with the bridge session warm beside it, a third
// makes all three use the bridge, and when it has left the two are direct again.
import assert from 'node:assert/strict';
import { sleep, until } from './browser.mjs';
import { directly, everybodyFlows } from './modern.mjs';

export const P2P_OPTIONS = {
    codec: 'VP8', scalabilityMode: null, width: 320, height: 180, frameRate: 10, p2p: { backToP2pDelayMs: 1000 },
};

const session = person => person.call(c => ({ sid: c.sid, count: c.sessionCount, ice: c.pc?.iceConnectionState, channel: c.channel?.readyState, suspended: c.suspended }));

// Bytes of RTP sent and received on the bridge session.
const bridgeBytes = person => person.call(async c => [...(await c.pc.getStats()).values()]
    .reduce((sum, r) => sum + (r.type === 'outbound-rtp' ? r.bytesSent : r.type === 'inbound-rtp' ? r.bytesReceived : 0), 0));

async function bridgeIsWarm(people) {
    for (const p of people)
        await until(`the bridge session of ${p.name} is up`, async () => {
            const s = await session(p);
            return /connected|completed/.test(s.ice) && (s.channel === 'open' || s.channel === 1) && s.suspended;
        });
    // What was on its way when media moved is given a second.
    await sleep(1000);
    const before = await Promise.all(people.map(bridgeBytes));
    await sleep(3000);
    const after = await Promise.all(people.map(bridgeBytes));
    after.forEach((bytes, i) => assert.ok(bytes - before[i] < 3 * 2000, // less than one stream of Opus
        `${people[i].name}: ${bytes - before[i]} bytes in 3 s on the bridge beside P2P`));
    return after.map((bytes, i) => bytes - before[i]);
}

async function flowsBy(role, people) {
    const flowing = await Promise.all(people.map(async p => (await p.stats()).filter(r => r.role === role && r.kind === 'video' && r.frames > 0)));
    flowing.forEach((rows, i) => assert.ok(rows.length, `${people[i].name} has no picture by ${role}`));
}

// join(name): a person with P2P_OPTIONS; leave(person).
export async function directCall(t, [ada, bob], join, leave) {
    t.measured.p2p_up_ms = await directly([ada, bob]);
    t.measured.media_ms = await everybodyFlows([ada, bob], { timeoutMs: 10000 });
    await flowsBy('p2p', [ada, bob]);
    t.measured.bridge_bytes_3s = await bridgeIsWarm([ada, bob]);
    const first = ada.id < bob.id ? ada : bob, second = first === ada ? bob : ada;
    assert.ok(await first.call(c => c.direct.isInitiator) && !await second.call(c => c.direct.isInitiator), 'the smaller id begins');
    const sessions = await Promise.all([ada, bob].map(session));

    const cleo = await join('Cleo');
    t.measured.to_bridge_ms = await everybodyFlows([ada, bob, cleo], { timeoutMs: 10000 });
    for (const p of [ada, bob, cleo])
        assert.equal(await p.call(c => Boolean(c.direct.pc)), false, `${p.name} has ended P2P`);
    await flowsBy('bridge', [ada, bob, cleo]);
    for (const [i, p] of [ada, bob].entries())
        assert.equal((await session(p)).sid, sessions[i].sid, 'the bridge session is the same');

    await leave(cleo);
    t.measured.back_to_p2p_ms = await directly([ada, bob]);
    t.measured.back_media_ms = await everybodyFlows([ada, bob], { timeoutMs: 10000 });
}
