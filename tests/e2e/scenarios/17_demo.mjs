// SPDX-License-Identifier: Apache-2.0
// The one command that people try first, in a network namespace that has only loopback.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
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
const NOBODY = 65534;

// Running processes that name the directory in their command lines: { line, uid }.
const processesNaming = dir => fs.readdirSync('/proc').filter(n => /^\d+$/.test(n)).flatMap(pid => {
    try {
        const line = fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
        return line.includes(dir) ? [{ line, uid: fs.statSync(`/proc/${pid}`).uid }] : [];
    } catch {
        return []; // it has just ended
    }
});
const processesOf = dir => processesNaming(dir).map(p => p.line);

// Runs ./demo to its READY, lets two and then three people talk, ends it, and looks for what it left behind.
// argv: the command up to its options; dir: the directory it is to use.
async function demoServes(t, { argv, env, dir, options = [] }) {
    const since = Date.now();
    const [command, ...args] = [...argv, '--port-base', String(PORT_BASE), '--state-dir', dir, '--no-browser', ...options];
    const demo = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env });
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
    t.measured.run_by = [...new Set(processesNaming(dir).map(p => p.uid))].join(' ');

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
}

// What somebody has who installed and built as administrator and uses it as an ordinary user: a tree to read.
function treeForEverybody(t) {
    const buildDir = t.servers.buildDir ?? path.join(SOURCE_DIR, 'build');
    const run = (...argv) => {
        const done = spawnSync(argv[0], argv.slice(1), { encoding: 'utf8' });
        assert.equal(done.status, 0, `${argv}: ${done.stderr}`);
    };
    run('bash', '-c', 'top=$1; . "$1/deploy/prepare.sh"; build "$2"', 'bash', SOURCE_DIR, buildDir);
    const tree = fs.mkdtempSync(path.join(os.tmpdir(), 'plenum-tree-'));
    t.finally(() => fs.rmSync(tree, { recursive: true, force: true }));
    fs.mkdirSync(path.join(tree, 'build'));
    const copy = ['cp', '-R', '--preserve=mode,timestamps,links'];
    run(...copy, ...['demo', 'deploy', 'common', 'focus', 'bridge', 'configure.ac', 'package-lock.json', 'node_modules'].map(n => path.join(SOURCE_DIR, n)), tree);
    run(...copy, ...['plenum-focus', 'plenum-bridge', '.built'].map(n => path.join(buildDir, n)), path.join(tree, 'build'));
    fs.copyFileSync(path.join(tree, 'package-lock.json'), path.join(tree, 'node_modules/.plenum-lock')); // as after npm ci
    run('chmod', '-R', 'a+rX,go-w', tree);
    return tree;
}

export const scenarios = [
    {
        name: './demo is ready within 10 s when built, two and three people talk, and its end leaves nothing', timing: true, timeoutMs: 180000,
        run(t) {
            const dir = path.join(os.tmpdir(), `plenum-demo-${process.pid}-${t.room}`);
            const env = { ...process.env, ...t.servers.buildDir && { PLENUM_BUILD_DIR: t.servers.buildDir } };
            // With the library named it leaves node_modules alone, whatever is in it.
            return demoServes(t, { argv: [path.join(SOURCE_DIR, 'demo')], env, dir, options: ['--lib-jitsi-meet', DEFAULT_LIBRARY] });
        },
    },
    {
        name: './demo of an ordinary user without network, from a tree that is built and not theirs', timing: true, timeoutMs: 180000,
        async run(t) {
            const tree = treeForEverybody(t);
            const home = fs.mkdtempSync(path.join(os.tmpdir(), 'plenum-home-'));
            t.finally(() => fs.rmSync(home, { recursive: true, force: true }));
            // Who is not root here is an ordinary user already.
            const user = ['setpriv', '--reuid', String(NOBODY), '--regid', String(NOBODY), '--clear-groups', '--inh-caps=-all', '--'];
            const isOther = spawnSync(user[0], [...user.slice(1), 'true']).status === 0;
            if (isOther)
                fs.chownSync(home, NOBODY, NOBODY);
            const env = { HOME: home, PATH: process.env.PATH, LANG: 'C.UTF-8', USER: 'nobody', LOGNAME: 'nobody' };
            const dir = path.join(home, 'demo');
            await demoServes(t, { argv: [...isOther ? user : [], path.join(tree, 'demo')], env, dir });
            assert.equal(t.measured.run_by, String(isOther ? NOBODY : process.getuid()));
        },
    },
];
