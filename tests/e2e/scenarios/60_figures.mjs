// SPDX-License-Identifier: Apache-2.0
// How fast and how small: left out when the daemons are instrumented.
import assert from 'node:assert/strict';
import { mediaBothWays, sleep, until } from '../lib/browser.mjs';
import { allowed, busyMark, noteStretched } from '../lib/patience.mjs';
import { distribution, median } from '../lib/report.mjs';

const NO_P2P = { p2p: 0 };
const MIB = 1024 * 1024;

export const scenarios = [
    {
        name: 'first picture of the others: median below 1 s after connecting', timing: true, timeoutMs: 180000,
        async run(t) {
            const times = { fromConnect: [], fromJoined: [] }, ofLimit = [];
            await t.join('Ada', NO_P2P);
            const mark = busyMark();
            for (let i = 0; i < 15; i++) {
                const bob = await t.join('Bob', NO_P2P);
                const first = await until('a first picture', () => bob.firstFrame(), { timeoutMs: 8000 });
                const limit = allowed(1000, busyMark(await bob.joinedAt()));
                ofLimit.push(first.fromConnect / limit);
                times.fromConnect.push(first.fromConnect);
                times.fromJoined.push(first.fromJoined);
                await t.leave(bob);
                await sleep(200);
            }
            t.measured.connect_to_first_frame_ms = distribution(times.fromConnect);
            t.measured.join_to_first_frame_ms = distribution(times.fromJoined);
            t.measured.median_of_limit = Math.round(median(ofLimit) * 100) / 100;
            if (median(times.fromConnect) > 1000)
                noteStretched('the median of 15 first pictures', median(times.fromConnect), 1000, mark);
            assert.ok(t.measured.median_of_limit < 1, `median ${t.measured.connect_to_first_frame_ms.median} ms, ${t.measured.median_of_limit} of what is allowed`);
        },
    },
    {
        name: 'both daemons together stay below 40 MB with three people talking', timing: true,
        async run(t) {
            const people = [await t.join('Ada', NO_P2P), await t.join('Bob', NO_P2P), await t.join('Eve', NO_P2P)];
            await mediaBothWays(people, { timeoutMs: 8000 });
            const cpu = ['focus', 'bridge'].map(n => t.servers.cpuMs(n));
            await sleep(5000);
            const rss = Object.fromEntries(['focus', 'bridge'].map(n => [n, t.servers.rss(n)]));
            t.measured.rss_mb = Object.fromEntries(Object.entries(rss).map(([n, b]) => [n, Math.round(b / MIB * 10) / 10]));
            t.measured.cpu_percent = ['focus', 'bridge'].map((n, i) => Math.round((t.servers.cpuMs(n) - cpu[i]) / 50 * 10) / 10);
            const sum = (rss.focus + rss.bridge) / MIB;
            assert.ok(sum < 40, `${sum.toFixed(1)} MB`);
        },
    },
];
