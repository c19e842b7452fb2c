// SPDX-License-Identifier: Apache-2.0
// What only a current lib-jitsi-meet can do.
import assert from 'node:assert/strict';
import { mediaBothWays, received, sleep, until } from '../lib/browser.mjs';

export const scenarios = [true, false].map(rewriting => ({
    name: `three people with the current library, ${rewriting ? 'with' : 'without'} SSRC rewriting: all see all, and one chosen picture`, current: true,
    async run(t) {
        const people = [];
        for (const name of ['Ada', 'Bob', 'Eve'])
            people.push(await t.join(name, { p2p: 0, rewriting: rewriting ? 1 : 0 }));
        t.measured.six_directions_ms = await mediaBothWays(people, { timeoutMs: 8000 });
        const { members } = (await t.servers.focusConferences()).find(c => c.room.startsWith(`${t.room}@`));
        assert.deepEqual(members.map(m => m.ssrcRewriting), people.map(() => rewriting));

        const [ada, bob, eve] = people, bobId = await bob.id(), eveId = await eve.id();
        t.measured.chosen_ms = [];
        for (const [chosen, other] of [[eveId, bobId], [bobId, eveId], [eveId, bobId]]) {
            await ada.page.evaluate(id => window.plenum.conference.setReceiverConstraints(
                { lastN: 1, selectedSources: [`${id}-v0`], onStageSources: [], defaultConstraints: { maxHeight: 360 }, constraints: {} }), chosen);
            const since = Date.now();
            await until('only the chosen picture moves', async () => {
                const before = await ada.stats();
                await sleep(600);
                const got = received(before, await ada.stats());
                return got[chosen]?.frames > 2 && !(got[other]?.frames > 0);
            }, { timeoutMs: 6000 });
            t.measured.chosen_ms.push(Date.now() - since);
        }
        await ada.page.evaluate(() => window.plenum.call.constrain());
        t.measured.again_ms = await mediaBothWays(people, { timeoutMs: 6000 });
    },
}));
