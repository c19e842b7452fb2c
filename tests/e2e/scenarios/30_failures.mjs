// SPDX-License-Identifier: Apache-2.0
// What happens when people reload and servers die.
import assert from 'node:assert/strict';
import { mediaBothWays, sleep, until, watchGaps } from '../lib/browser.mjs';
import { TcpProxy } from '../lib/tcp-proxy.mjs';
import { nobodyLeft } from './10_calls.mjs';

const PROXY_PORT = 28020;

const NO_P2P = { p2p: 0 };

export const scenarios = [
    {
        name: 'ten reloads leave no ghost in focus or bridge', group: 'failures', timeoutMs: 120000,
        async run(t) {
            const ada = await t.join('Ada', NO_P2P), bob = await t.join('Bob', NO_P2P);
            await mediaBothWays([ada, bob], { timeoutMs: 5000 });
            for (let i = 0; i < 10; i++) {
                await bob.page.reload();
                await until(`Bob is back (${i + 1})`, async () => (await bob.status())?.state === 'joined', { timeoutMs: 10000 });
                await sleep(i % 3 * 300);
            }
            await mediaBothWays([ada, bob], { timeoutMs: 6000 });
            await until('the bridge has exactly two endpoints', async () =>
                (await t.servers.bridgeStats()).participants === 2, { timeoutMs: 10000, everyMs: 200 });
            const ids = JSON.stringify((await Promise.all([ada.id(), bob.id()])).sort());
            await until('the focus knows exactly these two', async () => {
                const { members } = (await t.servers.focusConferences()).find(c => c.room.startsWith(`${t.room}@`));
                return JSON.stringify(members.map(m => m.id).sort()) === ids;
            }, { timeoutMs: 10000, everyMs: 200 });
            assert.equal((await ada.status()).participants.length, 1);
            await t.leave(ada);
            await t.leave(bob);
            await nobodyLeft(t);
        },
    },
    {
        name: 'a killed bridge comes back and the call goes on by itself', group: 'failures', timeoutMs: 120000,
        async run(t) {
            const people = [await t.join('Ada', NO_P2P), await t.join('Bob', NO_P2P)];
            await mediaBothWays(people, { timeoutMs: 5000 });
            const gap = await watchGaps(people[0]);
            const since = Date.now();
            await t.stack.restart('bridge', { signal: 'SIGKILL', pauseMs: 500 });
            t.measured.resumed_ms = await mediaBothWays(people, { timeoutMs: 60000, since });
            t.measured.longest_gap_ms = await gap();
        },
    },
    {
        name: 'a killed focus comes back: media never stops, a newcomer gets in', group: 'failures', timeoutMs: 120000,
        async run(t) {
            const people = [await t.join('Ada', NO_P2P), await t.join('Bob', NO_P2P)];
            await mediaBothWays(people, { timeoutMs: 5000 });
            const gap = await watchGaps(people[0]);
            await t.stack.restart('focus', { signal: 'SIGKILL', pauseMs: 300 });
            await mediaBothWays(people, { timeoutMs: 30000 });
            await sleep(5000);
            t.measured.longest_gap_ms = await gap();
            people.push(await t.join('Eve', NO_P2P));
            t.measured.three_ms = await mediaBothWays(people, { timeoutMs: 30000 });
        },
    },
    {
        name: 'Prosody restarts: focus and bridge reconnect, the next call works', group: 'failures', timeoutMs: 120000,
        async run(t) {
            await t.stack.restart('prosody', { signal: 'SIGKILL', pauseMs: 1000 });
            const since = Date.now();
            await until('the focus is ready again', () => t.stack.isReady(), { timeoutMs: 30000, everyMs: 200 });
            t.measured.ready_after_ms = Date.now() - since;
            const people = [await t.join('Ada', NO_P2P), await t.join('Bob', NO_P2P)];
            t.measured.media_both_ways_ms = await mediaBothWays(people, { timeoutMs: 5000 });
        },
    },
    {
        name: 'a bridge stopped during a call drains; the focus tells newcomers the truth', group: 'drain', timeoutMs: 120000,
        async run(t) {
            const people = [await t.join('Ada', NO_P2P), await t.join('Bob', NO_P2P)];
            await mediaBothWays(people, { timeoutMs: 5000 });
            const bridge = t.stack.children.bridge;
            bridge.stopping = true;     // its end is wanted
            bridge.process.kill('SIGTERM');
            await sleep(2000);
            assert.ok(bridge.running, 'a drained bridge keeps its running conference');
            await mediaBothWays(people, { timeoutMs: 4000 });
            for (const p of people)
                await t.leave(p);
            await until('the drained bridge has ended', () => !bridge.running, { timeoutMs: 15000 });
            assert.equal(await bridge.exited, 'exit code 0');
            t.stack.launch('bridge');
            await until('the focus is ready again', () => t.stack.isReady(), { timeoutMs: 15000, everyMs: 200 });
        },
    },
    {
        name: 'a broken connection to Prosody resumes and nobody notices', group: 'signalling breaks', timeoutMs: 60000,
        settings: { serviceUrl: `ws://127.0.0.1:${PROXY_PORT}/xmpp-websocket` },
        async run(t) {
            const proxy = await TcpProxy.start(PROXY_PORT, t.stack.ports.xmppHttp);
            t.finally(() => proxy.stop());
            const people = [await t.join('Ada', { p2p: 0, retry: 0 }), await t.join('Bob', { p2p: 0, retry: 0 })];
            await mediaBothWays(people, { timeoutMs: 5000 });
            const ids = await Promise.all(people.map(p => p.id()));
            await proxy.cut(1000);
            const since = Date.now();
            // What Ada does now reaches Bob: the stream lives.
            await people[0].page.click('#mic');
            await until("Bob sees Ada's microphone off", async () =>
                (await people[1].status()).participants[0]?.tracks.find(x => x.kind === 'audio')?.muted === true, { timeoutMs: 10000 });
            t.measured.resumed_ms = Date.now() - since;
            await people[0].page.click('#mic');
            await mediaBothWays(people, { timeoutMs: 4000 });
            assert.deepEqual(await Promise.all(people.map(p => p.id())), ids);
            for (const p of people)
                assert.ok(!(await p.history()).some(h => ['failure', 'left', 'user-left'].includes(h.what)), `${p.name} noticed it`);
        },
    },
];
