// SPDX-License-Identifier: Apache-2.0
// What README has people do with a Prosody and a coturn of their own: the samples of deploy/ in the real programs, and calls
// with Prosody's own anonymous logins.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import crypto from 'node:crypto';
import dgram from 'node:dgram';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Child, canConnect } from '../../../deploy/demo/child.mjs';
import { SOURCE_DIR } from '../../../deploy/demo/stack.mjs';
import { mediaBothWays, until } from '../lib/browser.mjs';
import { RawClient } from '../lib/xmpp.mjs';
import { everyoneOn } from './10_calls.mjs';

// A sample with its secrets filled in, in a directory of its own.
function sample(t, file, edit = text => text) {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'plenum-sample-')), name = path.join(dir, path.basename(file));
    t.finally(() => fs.rmSync(dir, { recursive: true, force: true }));
    const text = fs.readFileSync(path.join(SOURCE_DIR, 'deploy', file), 'utf8');
    assert.match(text, /CHANGE-ME/);
    fs.writeFileSync(name, edit(text.replace(/CHANGE-ME[A-Z-]*/g, 'a-secret-of-ours')));
    return { dir, name };
}

function run(t, dir, name, argv) {
    const child = new Child(name, argv, { log: path.join(dir, `${name}.log`), cwd: dir }).start();
    t.finally(() => child.stop());
    return child;
}

export const scenarios = [
    {
        name: 'calls of two and three with the anonymous logins that Prosody brings itself', group: 'stock anonymous',
        settings: { edit: { prosody: text => text.replace('authentication = "plenum_anonymous"', 'authentication = "anonymous"').replace(/^plugin_paths.*\n/m, '') } },
        async run(t) {
            const config = fs.readFileSync(t.stack.configs.prosody, 'utf8');
            assert.ok(/authentication = "anonymous"/.test(config) && !/plenum_anonymous|plugin_paths/.test(config));
            const people = [await t.join('Ada'), await t.join('Bob')];
            await everyoneOn(people, 'p2p', 8000);
            await mediaBothWays(people, { timeoutMs: 5000 });
            people.push(await t.join('Eve'));
            t.measured.six_directions_ms = await mediaBothWays(people, { timeoutMs: 5000 });
            await t.leave(people.pop());
            await everyoneOn(people, 'p2p', 12000);
            await mediaBothWays(people, { timeoutMs: 5000 });
        },
    },
    {
        name: 'deploy/prosody/plenum.cfg.lua: Prosody finds nothing wrong with it, listens and lets people in', browser: null,
        async run(t) {
            const modules = path.join(SOURCE_DIR, 'deploy/prosody/modules');
            const { dir, name } = sample(t, 'prosody/plenum.cfg.lua', text => text.replace('"/usr/share/plenum/prosody"', JSON.stringify(modules)));
            // As Debian's own file is, with the modules that the sample asks for; its last line includes conf.d.
            const main = path.join(dir, 'prosody.cfg.lua');
            fs.writeFileSync(main, `run_as_root = true
pidfile = "${dir}/prosody.pid"
data_path = "${dir}"
certificates = "${dir}"
log = { { levels = { min = "info" }, to = "console" } }
modules_enabled = { "disco", "roster", "saslauth", "tls", "dialback", "private", "vcard4", "ping", "time", "register", "uptime", "version", "websocket", "bosh", "smacks" }
authentication = "internal_hashed"
VirtualHost "localhost"
Include "${name}"
`);
            const checked = spawnSync('/usr/bin/prosodyctl', ['--config', main, 'check', 'config'], { encoding: 'utf8', cwd: dir });
            assert.equal(checked.status, 0, checked.stdout + checked.stderr);
            const prosody = run(t, dir, 'prosody', ['/usr/bin/prosody', '--config', main, '-F']);
            await prosody.ready(async () => await canConnect('127.0.0.1', 5280) && await canConnect('127.0.0.1', 5347), { what: 'listen' });
            const raw = await new RawClient('ws://127.0.0.1:5280/xmpp-websocket', 'meet.example', { Host: 'meet.example' }).connect();
            t.finally(() => raw.close());
            assert.match(raw.jid, /@meet\.example\//);
            assert.match(await raw.iq('get', 'meet.example', '<services xmlns="urn:xmpp:extdisco:2"/>'), /turn\.meet\.example/);
            assert.doesNotMatch(prosody.tail(200), /\berror\b/i);
        },
    },
    {
        name: 'deploy/coturn/turnserver.conf: coturn takes every line and answers', browser: null,
        async run(t) {
            // This machine has loopback alone, which coturn would not choose by itself.
            const { dir, name } = sample(t, 'coturn/turnserver.conf', text => `${text}\nlistening-ip=127.0.0.1\nrelay-ip=127.0.0.1\nlog-file=stdout\npidfile=/dev/null\n`);
            const coturn = run(t, dir, 'coturn', ['/usr/bin/turnserver', '-c', name]);
            await coturn.ready(() => canConnect('127.0.0.1', 3478), { what: 'listen' });
            const socket = dgram.createSocket('udp4'), request = Buffer.alloc(20);
            t.finally(() => socket.close());
            request.writeUInt32BE(0x00010000, 0);
            request.writeUInt32BE(0x2112A442, 4);
            crypto.randomFillSync(request, 8);
            let answer = null;
            socket.on('message', data => { answer = data; });
            await until('a STUN answer', () => {
                socket.send(request, 3478, '127.0.0.1');
                return answer;
            }, { everyMs: 200 });
            assert.equal(answer.readUInt16BE(0), 0x0101);
            assert.deepEqual(answer.subarray(4, 20), request.subarray(4, 20));
            assert.doesNotMatch(coturn.tail(400), /ERROR|Bad configuration|Unknown|unrecognized/i);
        },
    },
];
