// SPDX-License-Identifier: Apache-2.0
// Programs of tests/e2e/peers: people that are no browser. They print JSON lines.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

// Resolves to { state(), errors(), ended }: the peer's last line, the end of what it complained, and its exit.
export function startPeer(t, program, args) {
    const file = fileURLToPath(new URL(`../peers/${program}`, import.meta.url));
    const child = spawn('/usr/bin/python3', ['-B', file, '--bridge-http', t.stack.bridgeHttp, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    let last = null, errors = '';
    createInterface({ input: child.stdout }).on('line', line => { last = JSON.parse(line); });
    child.stderr.on('data', d => { errors = (errors + d).slice(-3000); });
    const ended = new Promise(r => child.once('close', r));
    t.finally(async () => {
        child.kill('SIGTERM');
        await ended;
    });
    return { state: () => last, errors: () => errors, ended };
}

// The bridge's id of the room's conference.
export async function meetingId(t) {
    const { conferences } = await t.servers.bridgeConferences();
    return conferences.find(c => c.name.startsWith(`${t.room}@`)).meeting_id;
}
