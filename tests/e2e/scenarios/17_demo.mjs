// SPDX-License-Identifier: Apache-2.0
// The one command that people try first, in a network namespace that has only loopback.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { DEFAULT_LIBRARY } from '../../../deploy/demo/page_server.mjs';
import { SOURCE_DIR } from '../../../deploy/demo/stack.mjs';
import { joinRoom, mediaBothWays, sleep, until } from '../lib/browser.mjs';
import { everyoneOn } from './10_calls.mjs';

const PORT_BASE = 31000;
const READY_MS = 10000;

// Command lines of running processes that name the directory.
const processesOf = dir => fs.readdirSync('/proc').filter(n => /^\d+$/.test(n)).flatMap(pid => {
    try {
        const line = fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
        return line.includes(dir) ? [line] : [];
    } catch {
        return []; // it has just ended
    }
});

export const scenarios = [
    {
        name: './demo is ready within 10 s when built, two and three people talk, and its end leaves nothing', timing: true, timeoutMs: 180000,
        async run(t) {
            const dir = path.join(os.tmpdir(), `plenum-demo-${process.pid}-${t.room}`);
            const since = Date.now();
            // With the library named it leaves node_modules alone, whatever is in it.
            const args = ['--port-base', String(PORT_BASE), '--state-dir', dir, '--no-browser', '--lib-jitsi-meet', DEFAULT_LIBRARY];
            const env = { ...process.env, ...t.servers.buildDir && { PLENUM_BUILD_DIR: t.servers.buildDir } };
            const demo = spawn(path.join(SOURCE_DIR, 'demo'), args, { stdio: ['ignore', 'pipe', 'pipe'], env });
            let url = null, said = '';
            createInterface({ input: demo.stdout }).on('line', line => { url ??= /^READY (\S+)$/.exec(line)?.[1]; });
            demo.stderr.on('data', d => { said = (said + d).slice(-2000); });
            const ended = new Promise(resolve => demo.once('exit', resolve));
            t.finally(async () => {
                if (demo.exitCode === null)
                    demo.kill('SIGTERM');
                await Promise.race([ended, sleep(8000)]);
                demo.kill('SIGKILL');
                fs.rmSync(dir, { recursive: true, force: true });
            });
            await until('READY', () => url ?? (demo.exitCode !== null ? Promise.reject(new Error(`./demo ended: ${said}`)) : null), { timeoutMs: READY_MS });
            t.measured.ready_ms = Date.now() - since;
            assert.equal(url, `http://127.0.0.1:${PORT_BASE}/`);

            const people = [];
            for (const name of ['Ada', 'Bob']) {
                people.push(await joinRoom(t.browser, url, t.room, name, { height: 360 }));
                t.people.push(people.at(-1));
            }
            await everyoneOn(people, 'p2p', 8000);
            await mediaBothWays(people, { timeoutMs: 4000 });
            people.push(await joinRoom(t.browser, url, t.room, 'Eve', { height: 360 }));
            t.people.push(people.at(-1));
            t.measured.three_ms = await mediaBothWays(people, { timeoutMs: 6000 });
            for (const p of t.people.splice(0))
                await p.close();

            demo.kill('SIGINT');
            assert.equal(await Promise.race([ended, sleep(15000).then(() => 'still running')]), 0, said);
            assert.ok(!fs.existsSync(dir), 'its directory is gone');
            await until('its processes are gone', () => processesOf(dir).length === 0, { timeoutMs: 3000 }).catch(e => {
                throw new Error(`${e.message}: ${processesOf(dir)}`);
            });
        },
    },
];
