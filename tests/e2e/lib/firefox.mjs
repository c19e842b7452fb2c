// SPDX-License-Identifier: Apache-2.0
//
// Firefox by its own WebDriver BiDi socket: no geckodriver. A FirefoxPage has the few calls of a playwright
// page that the scenarios use (goto, evaluate, screenshot, close).
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import WebSocket from 'ws';

const PREFS = {
    'media.navigator.streams.fake': true,
    'media.navigator.permission.disabled': true,
    'media.peerconnection.ice.loopback': true,
    'media.peerconnection.ice.obfuscate_host_addresses': false,
    // Without a sound card every AudioContext would stay suspended.
    'media.cubeb.force_mock_context': true,
    'media.autoplay.default': 0,
    'media.autoplay.blocking_policy': 0,
    'media.gmp-manager.updateEnabled': false,
    'media.gmp-provider.enabled': false,
    'app.update.enabled': false,
    'app.normandy.enabled': false,
    'browser.shell.checkDefaultBrowser': false,
    'browser.startup.page': 0,
    'browser.safebrowsing.malware.enabled': false,
    'browser.safebrowsing.phishing.enabled': false,
    'datareporting.policy.dataSubmissionEnabled': false,
    'extensions.update.enabled': false,
    'network.captive-portal-service.enabled': false,
    'network.connectivity-service.enabled': false,
    'network.dns.disablePrefetch': true,
    'network.prefetch-next': false,
    'services.settings.server': 'data:,',
    'toolkit.telemetry.enabled': false,
    'remote.active-protocols': 1,
};

export class Firefox {
    static async launch({ binary = 'firefox-esr', prefs = {}, timeoutMs = 60000 } = {}) {
        const f = new Firefox();
        f.profile = await mkdtemp(join(tmpdir(), 'plenum-firefox-'));
        await writeFile(join(f.profile, 'user.js'), Object.entries({ ...PREFS, ...prefs })
            .map(([k, v]) => `user_pref(${JSON.stringify(k)}, ${JSON.stringify(v)});\n`).join(''));
        f.log = '';
        f.child = spawn(binary, ['--headless', '--no-remote', '--profile', f.profile, '--remote-debugging-port', '0', 'about:blank'], {
            stdio: ['ignore', 'pipe', 'pipe'],
            env: { ...process.env, HOME: f.profile, MOZ_CRASHREPORTER_DISABLE: '1', MOZ_DISABLE_AUTO_SAFE_MODE: '1' },
        });
        const url = await new Promise((resolve, reject) => {
            const timer = setTimeout(() => reject(new Error(`Firefox did not open its BiDi socket: ${f.log.slice(-2000)}`)), timeoutMs);
            const onData = data => {
                f.log = (f.log + data).slice(-20000);
                const m = f.log.match(/WebDriver BiDi listening on (ws:\/\/\S+)/);
                if (m) {
                    clearTimeout(timer);
                    resolve(m[1]);
                }
            };
            f.child.stdout.on('data', onData);
            f.child.stderr.on('data', onData);
            f.child.on('exit', code => reject(new Error(`Firefox ended (${code}): ${f.log.slice(-2000)}`)));
        });
        f.pending = new Map();
        f.nextId = 1;
        f.socket = new WebSocket(`${url}/session`);
        await new Promise((resolve, reject) => f.socket.once('open', resolve).once('error', reject));
        f.socket.on('message', text => f.onMessage(JSON.parse(text)));
        f.socket.on('close', () => {
            for (const waiter of f.pending.values()) waiter.reject(new Error('Firefox has closed'));
            f.pending.clear();
        });
        await f.call('session.new', { capabilities: {} });
        return f;
    }

    onMessage(m) {
        const waiter = this.pending.get(m.id);
        if (!waiter) return;
        this.pending.delete(m.id);
        if (m.type === 'error') waiter.reject(new Error(`${m.error}: ${m.message}`));
        else waiter.resolve(m.result);
    }

    call(method, params) {
        if (this.socket.readyState !== WebSocket.OPEN) return Promise.reject(new Error('Firefox has closed'));
        const id = this.nextId++;
        return new Promise((resolve, reject) => {
            this.pending.set(id, { resolve, reject });
            this.socket.send(JSON.stringify({ id, method, params }));
        });
    }

    async newPage() {
        const { context } = await this.call('browsingContext.create', { type: 'window' });
        return new FirefoxPage(this, context);
    }

    async close() {
        this.child.removeAllListeners('exit');
        const exit = new Promise(r => this.child.once('exit', r));
        await Promise.race([this.call('browser.close', {}), exit]).catch(() => {});
        const timer = setTimeout(() => this.child.kill('SIGKILL'), 5000);
        await exit;
        clearTimeout(timer);
        this.socket.close();
        await rm(this.profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    }
}

class FirefoxPage {
    constructor(firefox, context) {
        Object.assign(this, { firefox, contextId: context });
    }

    async goto(url) {
        await this.firefox.call('browsingContext.navigate', { context: this.contextId, url, wait: 'complete' });
    }

    // Runs fn(arg) in the page; argument and result travel as JSON, promises are awaited.
    async evaluate(fn, arg) {
        const { type, result, exceptionDetails } = await this.firefox.call('script.callFunction', {
            functionDeclaration: `async text => JSON.stringify(await (${fn})(JSON.parse(text)) ?? null)`,
            arguments: [{ type: 'string', value: JSON.stringify(arg ?? null) }],
            target: { context: this.contextId },
            awaitPromise: true,
            userActivation: true,
        });
        if (type === 'exception') throw new Error(exceptionDetails.text);
        return JSON.parse(result.value);
    }

    async screenshot({ path }) {
        const { data } = await this.firefox.call('browsingContext.captureScreenshot', { context: this.contextId });
        await writeFile(path, Buffer.from(data, 'base64'));
    }

    async close() {
        await this.firefox.call('browsingContext.close', { context: this.contextId });
    }
}
