// SPDX-License-Identifier: Apache-2.0
// Prosody, coturn, plenum-focus and plenum-bridge on loopback, as one thing that starts and stops.
// Used by the demo and by the end-to-end tests.
import { spawnSync } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Child, canConnect, endStrays, httpGet } from './child.mjs';
import { bridgeConfig, coturnConfig, focusConfig, prosodyConfig } from './configs.mjs';

export const SOURCE_DIR = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
export const PORTS_USED = 100;

function portsFrom(base) {
    return {
        page: base, xmppHttp: base + 1, c2s: base + 2, component: base + 3, turn: base + 4,
        focusHttp: base + 5, bridgeHttp: base + 6, bridgeWs: base + 7, bridgeUdp: base + 8,
        relayMin: base + 40, relayMax: base + 99,
    };
}

// New each time, so that nothing secret is ever in the tree.
function newSecrets() {
    const secret = () => crypto.randomBytes(24).toString('hex');
    return { component: secret(), bridge: secret(), turn: secret() };
}

// Where a program of ours was built: BUILD/plenum-focus.
export function programPath(name, buildDir = process.env.PLENUM_BUILD_DIR ?? path.join(SOURCE_DIR, 'build')) {
    return path.join(buildDir, name);
}

function hasLoopback6() {
    return (os.networkInterfaces().lo ?? []).some(a => a.address === '::1');
}

export class Stack {
    // dir: an existing directory that only this stack uses.
    // address: where clients reach Prosody, coturn and the bridge; the private interfaces stay on loopback.
    // edit: { prosody, coturn, focus, bridge }: functions text -> text over the generated configs.
    // focusCommand: argv in place of plenum-focus --config FILE (bridgeCommand likewise).
    // env: { focus: { G_DEBUG: ... }, ... }. without: names of servers not to start.
    // onDeath(child, why): a server ended unasked, after all of them had started.
    constructor({ dir, portBase = 28000, domain = 'meet.example', address = '127.0.0.1', edit = {}, env = {}, buildDir, focusCommand,
                  bridgeCommand, without = [], prosodyLogLevel = 'info', onDeath = () => {} }) {
        Object.assign(this, { dir: path.resolve(dir), domain, address, edit, env, without, prosodyLogLevel, onDeath });
        this.up = false;
        this.badEnds = []; // how daemons of ours ended that were asked to
        this.ports = portsFrom(portBase);
        this.secrets = newSecrets();
        this.ipv6 = hasLoopback6();
        this.muc = `conference.${domain}`;
        this.focusDomain = `focus.${domain}`;
        this.focusJid = `focus@focus.${domain}`;
        this.authDomain = `auth.${domain}`;
        this.internalMuc = `internal.${domain}`;
        this.brewery = `jvbbrewery@internal.${domain}`;
        this.bridgeUser = 'bridge';
        this.configs = {
            prosody: path.join(this.dir, 'prosody.cfg.lua'), coturn: path.join(this.dir, 'turnserver.conf'),
            focus: path.join(this.dir, 'focus.conf'), bridge: path.join(this.dir, 'bridge.conf'),
        };
        this.commands = {
            prosody: ['/usr/bin/prosody', '--config', this.configs.prosody, '-F'],
            coturn: ['/usr/bin/turnserver', '-c', this.configs.coturn],
            focus: focusCommand ?? [programPath('plenum-focus', buildDir), '--config', this.configs.focus],
            bridge: bridgeCommand ?? [programPath('plenum-bridge', buildDir), '--config', this.configs.bridge],
        };
        this.children = {};
    }

    get serviceUrl() {
        return `ws://${this.address}:${this.ports.xmppHttp}/xmpp-websocket`;
    }

    get boshUrl() {
        return `http://${this.address}:${this.ports.xmppHttp}/http-bind`;
    }

    get focusHttp() {
        return `http://127.0.0.1:${this.ports.focusHttp}`;
    }

    get bridgeHttp() {
        return `http://127.0.0.1:${this.ports.bridgeHttp}`;
    }

    // What demo.json says and the page is configured with.
    describe() {
        return {
            serviceUrl: this.serviceUrl, boshUrl: this.boshUrl, domain: this.domain, muc: this.muc,
            focusJid: this.focusJid, focusDomain: this.focusDomain, brewery: this.brewery,
            focusHttp: this.focusHttp, bridgeHttp: this.bridgeHttp, bridgeUdpPort: this.ports.bridgeUdp,
            turn: { host: this.address, port: this.ports.turn, secret: this.secrets.turn },
            pids: Object.fromEntries(Object.entries(this.children).map(([name, c]) => [name, c.pid])),
            commands: this.commands, configs: this.configs,
            logs: Object.fromEntries(Object.keys(this.commands).map(name => [name, this.logFile(name)])),
        };
    }

    logFile(name) {
        return path.join(this.dir, 'log', `${name}.log`);
    }

    secretFile(name) {
        return path.join(this.dir, 'secrets', name);
    }

    writeConfigs() {
        for (const sub of ['log', 'secrets', 'prosody', 'coturn', 'focus', 'bridge'])
            fs.mkdirSync(path.join(this.dir, sub), { recursive: true, mode: 0o700 });
        for (const [name, secret] of Object.entries(this.secrets))
            fs.writeFileSync(this.secretFile(name), `${secret}\n`, { mode: 0o600 });
        const write = (name, text) =>
            fs.writeFileSync(this.configs[name], (this.edit[name] ?? (t => t))(text, this), { mode: 0o600 });
        write('prosody', prosodyConfig(this));
        write('coturn', coturnConfig(this));
        write('focus', focusConfig(this));
        write('bridge', bridgeConfig(this));
    }

    registerBridge() {
        const done = spawnSync('/usr/bin/prosodyctl', ['--config', this.configs.prosody, 'register',
            this.bridgeUser, this.authDomain, this.secrets.bridge], { encoding: 'utf8', cwd: this.dir });
        if (done.status !== 0)
            throw new Error(`prosodyctl register failed:\n${done.error?.message ?? done.stdout + done.stderr}`);
    }

    launch(name) {
        const child = new Child(name, this.commands[name], {
            log: this.logFile(name), cwd: path.join(this.dir, name), env: this.env[name] ?? {},
            onDeath: (...died) => this.up && this.onDeath(...died),
        });
        this.children[name] = child.start();
        return child;
    }

    // Ports in use are the usual mistake; say so before four servers each say it their own way.
    async checkPorts() {
        for (const [name, port] of Object.entries(this.ports)) {
            if (!name.startsWith('relay') && await canConnect('127.0.0.1', port))
                throw new Error(`port ${port} (${name}) is in use: choose another --port-base`);
        }
    }

    async start() {
        await this.checkPorts();
        this.writeConfigs();
        this.registerBridge();
        const prosody = this.launch('prosody');
        if (!this.without.includes('coturn'))
            this.launch('coturn');
        await prosody.ready(async () => await canConnect('127.0.0.1', this.ports.xmppHttp) &&
            await canConnect('127.0.0.1', this.ports.component), { what: 'listen' });
        for (const name of ['focus', 'bridge']) {
            if (!this.without.includes(name))
                this.launch(name);
        }
        await this.children.coturn?.ready(() => canConnect(this.address, this.ports.turn), { what: 'listen' });
        await this.children.bridge?.ready(() => this.healthy('bridge'), { what: 'report health' });
        await this.children.focus?.ready(() => this.isReady(), { what: 'find its bridge' });
        this.up = true;
    }

    async healthy(name) {
        return (await httpGet(`${name === 'focus' ? this.focusHttp : this.bridgeHttp}/about/health`)).status === 200;
    }

    // The focus is connected and knows a bridge: a call can be made.
    async isReady() {
        return (await httpGet(`${this.focusHttp}/about/ready`)).status === 200;
    }

    // Ends one server (signal SIGKILL: like a crash) and starts it again.
    async restart(name, { signal = 'SIGTERM', pauseMs = 0 } = {}) {
        await this.end(name, { signal });
        if (pauseMs)
            await new Promise(resolve => setTimeout(resolve, pauseMs));
        return this.launch(name);
    }

    async end(name, how) {
        const child = this.children[name], wrong = await child?.stop(how);
        if (wrong && (name === 'focus' || name === 'bridge'))
            this.badEnds.push(`${name} did not end with exit code 0 (${wrong}):\n${child.tail(40)}`);
    }

    // graceMs: how long each of them may take before it is killed.
    async stop({ graceMs } = {}) {
        this.up = false;
        // The focus leaves its rooms and the bridge its brewery while Prosody is still there.
        for (const names of [['focus', 'bridge'], ['prosody', 'coturn']])
            await Promise.all(names.map(name => this.end(name, { graceMs })));
        await endStrays(Object.values(this.commands));
    }
}
