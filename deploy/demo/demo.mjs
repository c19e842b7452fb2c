// SPDX-License-Identifier: Apache-2.0
// Runs a whole conference system on loopback until it is told to stop. Started by ./demo, which has
// installed and built what this needs.
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { servePage, DEFAULT_LIBRARY } from './page_server.mjs';
import { Stack, PORTS_USED } from './stack.mjs';

const say = text => process.stderr.write(`${text}\n`);

function options() {
    const { values } = parseArgs({
        options: {
            'port-base': { type: 'string', default: '28000' },
            'state-dir': { type: 'string' },
            domain: { type: 'string', default: 'meet.example' },
            'no-browser': { type: 'boolean', default: false },
            'lib-jitsi-meet': { type: 'string', default: DEFAULT_LIBRARY },
        },
    });
    const portBase = Number(values['port-base']);
    if (!Number.isInteger(portBase) || portBase < 1024 || portBase > 65535 - PORTS_USED)
        throw new Error(`--port-base must be a number from 1024 to ${65535 - PORTS_USED}`);
    if (!/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(values.domain))
        throw new Error('--domain must be a host name in lower case');
    if (!fs.existsSync(values['lib-jitsi-meet']))
        throw new Error(`--lib-jitsi-meet: no file ${values['lib-jitsi-meet']}`);
    return { ...values, portBase };
}

// In a bare network namespace loopback is down.
function bringLoopbackUp() {
    if (os.networkInterfaces().lo)
        return;
    const env = { ...process.env, PATH: `${process.env.PATH ?? ''}:/usr/sbin:/sbin` };
    const done = spawnSync('ip', ['link', 'set', 'lo', 'up'], { encoding: 'utf8', env });
    if (done.status !== 0)
        throw new Error(`the loopback interface is down and cannot be brought up: ${done.stderr ?? done.error}`);
}

function openBrowser(url) {
    if (!process.env.DISPLAY && !process.env.WAYLAND_DISPLAY)
        return;
    spawn('xdg-open', [url], { stdio: 'ignore', detached: true }).on('error', () => {}).unref();
}

async function main() {
    let o;
    try {
        o = options();
    } catch (e) {
        say(`demo: ${e.message}`);
        process.exit(2);
    }
    bringLoopbackUp();
    const given = o['state-dir'] !== undefined;
    const dir = given ? path.resolve(o['state-dir']) : fs.mkdtempSync(path.join(os.tmpdir(), 'plenum-demo-'));
    const made = !given || fs.mkdirSync(dir, { recursive: true, mode: 0o700 }) !== undefined;
    const before = new Set(fs.readdirSync(dir));
    if (before.has('demo.json'))
        throw new Error(`${dir} holds a demo.json: another demo uses it, or one was killed; choose another or remove it`);

    let failed = false;
    let page = null;
    const stack = new Stack({
        dir, portBase: o.portBase, domain: o.domain,
        onDeath(child, why) {
            failed = true;
            say(`demo: ${child.name} ended (${why}). The last lines of ${child.log}:\n${child.tail()}`);
            say('demo: the rest goes on; stop with Ctrl-C.');
        },
    });
    let ending = null;
    const end = code => ending ??= (async () => {
        await page?.close();
        await stack.stop();
        // Logs are kept only for someone who has to find out what went wrong.
        for (const name of fs.readdirSync(dir)) {
            if (!before.has(name) && !((failed || code) && name === 'log'))
                fs.rmSync(path.join(dir, name), { recursive: true, force: true });
        }
        if (failed || code)
            say(`demo: logs are in ${path.join(dir, 'log')}`);
        else if (made)
            fs.rmdirSync(dir);
        process.exit(code);
    })();
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
        process.on(signal, () => end(0));
    try {
        await stack.start();
        const description = stack.describe();
        page = await servePage({
            port: stack.ports.page, library: o['lib-jitsi-meet'],
            config: {
                serviceUrl: description.serviceUrl, boshUrl: description.boshUrl, domain: description.domain,
                muc: description.muc, focusJid: description.focusJid,
                channelOrigins: [`ws://127.0.0.1:${stack.ports.bridgeWs}`],
            },
        });
        fs.writeFileSync(path.join(dir, 'demo.json'),
            `${JSON.stringify({ ...description, pageUrl: page.url, pid: process.pid }, null, 2)}\n`, { mode: 0o600 });
        process.stdout.write(`READY ${page.url}\n`);
        if (!o['no-browser'])
            openBrowser(page.url);
    } catch (e) {
        if (ending)
            return;
        say(`demo: ${e.message}`);
        await end(1);
    }
}

main().catch(e => {
    say(`demo: ${e.message}`);
    process.exit(1);
});
