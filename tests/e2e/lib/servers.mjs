// SPDX-License-Identifier: Apache-2.0
// The servers and the page of one scenario group, and what their HTTP interfaces say.
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { httpGet } from '../../../deploy/demo/child.mjs';
import { DEFAULT_LIBRARY, servePage } from '../../../deploy/demo/page_server.mjs';
import { SOURCE_DIR, Stack } from '../../../deploy/demo/stack.mjs';
import { cpuMsOf, watchDaemons } from './patience.mjs';

const END_MS = 20000; // for a daemon that looks for its leaks, on a machine that does other things too

// Changes [section] key = value in the text of a daemon's configuration; adds what is not there.
export function setOption(text, section, key, value) {
    const head = `[${section}]`;
    const lines = text.split('\n');
    let at = lines.indexOf(head);
    if (at < 0) {
        lines.push(head);
        at = lines.length - 1;
    }
    let end = lines.findIndex((line, i) => i > at && line.startsWith('['));
    if (end < 0)
        end = lines.length;
    const old = lines.findIndex((line, i) => i > at && i < end && line.split('=')[0].trim() === key);
    lines.splice(old < 0 ? at + 1 : old, old < 0 ? 0 : 1, `${key} = ${value}`);
    return lines.join('\n');
}

const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.mjs': 'text/javascript', '.css': 'text/css', '.json': 'application/json' };

// The whole tree's static files that test pages need: /modern/ and /npm/.
export function serveTestFiles(port, host = '127.0.0.1') {
    const roots = { modern: path.join(SOURCE_DIR, 'tests/e2e/modern'), npm: path.join(SOURCE_DIR, 'node_modules') };
    const server = http.createServer((request, response) => {
        const [, root, ...rest] = decodeURIComponent(new URL(request.url, 'http://x').pathname).split('/');
        const file = roots[root] && path.join(roots[root], path.normalize(`/${rest.join('/') || 'index.html'}`));
        fs.readFile(file ?? '', (e, body) => {
            response.writeHead(e ? 404 : 200, { 'Content-Type': TYPES[path.extname(file ?? '')] ?? 'text/plain', 'Cache-Control': 'no-store' });
            response.end(e ? '' : body);
        });
    });
    return new Promise(resolve => server.listen(port, host, () => resolve({
        url: `http://${host}:${server.address().port}/`,
        close: () => new Promise(done => {
            server.close(done);
            server.closeAllConnections();
        }),
    })));
}

// settings: { edit, domain, address, ... } of a scenario group, see Stack; serviceUrl: where the page connects instead.
export async function startServers({ settings = {}, library = DEFAULT_LIBRARY, buildDir, keep = null, name = 'e2e' }) {
    const dir = keep ? path.join(keep, name) : fs.mkdtempSync(path.join(os.tmpdir(), 'plenum-e2e-'));
    if (keep) {
        fs.rmSync(dir, { recursive: true, force: true });
        fs.mkdirSync(dir, { recursive: true });
    }
    const deaths = [];
    // What GLib and the libraries on it call critical ends a daemon, and so the scenario.
    const env = Object.fromEntries(['focus', 'bridge'].map(n => [n, { G_DEBUG: 'fatal-criticals', ...settings.env?.[n] }]));
    const stack = new Stack({ ...settings, env, dir, buildDir, onDeath: (child, why) => deaths.push(`${child.name} ended (${why}):\n${child.tail(40)}`) });
    const host = stack.address;
    watchDaemons(() => ['focus', 'bridge'].map(n => stack.children[n]?.pid).filter(Boolean));
    let page = null, files = null;
    try {
        await stack.start();
        const d = stack.describe();
        page = await servePage({
            port: stack.ports.page, host, library,
            config: {
                serviceUrl: settings.serviceUrl ?? d.serviceUrl, boshUrl: d.boshUrl, domain: d.domain, muc: d.muc,
                focusJid: d.focusJid, channelOrigins: [`ws://${host}:${stack.ports.bridgeWs}`],
            },
        });
        files = await serveTestFiles(stack.ports.page + 10, host);
    } catch (e) {
        await stack.stop();
        throw e;
    }
    return new Servers(stack, page, files, deaths, keep !== null, buildDir);
}

class Servers {
    constructor(stack, page, files, deaths, keep, buildDir) {
        Object.assign(this, { stack, page, files, deaths, keep, buildDir });
    }

    get pageUrl() {
        return this.page.url;
    }

    async json(url) {
        const { status, body } = await httpGet(url);
        if (status !== 200)
            throw new Error(`${url}: ${status} ${body.slice(0, 200)}`);
        return JSON.parse(body);
    }

    bridgeStats() {
        return this.json(`${this.stack.bridgeHttp}/colibri/stats`);
    }

    bridgeConferences() {
        return this.json(`${this.stack.bridgeHttp}/v1/conferences`);
    }

    // What the bridge tells of one endpoint of a room.
    async endpoint(room, id) {
        const conference = (await this.bridgeConferences()).conferences.find(c => c.name.startsWith(`${room}@`));
        return this.json(`${this.stack.bridgeHttp}/v1/conferences/${conference.id}/endpoints/${id}`);
    }

    // What is sent to it: source name -> stream.
    async sentTo(room, id, kind = 'video') {
        return Object.fromEntries(((await this.endpoint(room, id)).streams ?? []).filter(s => s.direction === 'tx' && s.kind === kind).map(s => [s.name, s]));
    }

    // Why each video of a room is or is not sent to one endpoint: source name -> reason.
    async reasonsFor(room, id) {
        return Object.fromEntries(Object.entries(await this.sentTo(room, id)).map(([name, s]) => [name, s.reason]));
    }

    focusConferences() {
        return this.json(`${this.stack.focusHttp}/v1/conferences`);
    }

    // Resident memory in bytes.
    rss(name) {
        const status = fs.readFileSync(`/proc/${this.stack.children[name].pid}/status`, 'utf8');
        return Number(/VmRSS:\s+(\d+) kB/.exec(status)[1]) * 1024;
    }

    // CPU time in ms.
    cpuMs(name) {
        return cpuMsOf(this.stack.children[name].pid);
    }

    log(name) {
        return fs.readFileSync(this.stack.logFile(name), 'utf8');
    }

    // Ends all; resolves to complaints about how they ended (sanitizer reports, crashes, ends that had to be forced).
    async stop() {
        await this.page.close();
        await this.files.close();
        await this.stack.stop({ graceMs: END_MS });
        const complaints = [...this.deaths, ...this.stack.badEnds];
        for (const name of ['focus', 'bridge']) {
            if (!fs.existsSync(this.stack.logFile(name)))
                continue;
            const report = /.*(ERROR: (Address|Leak|Thread)Sanitizer|runtime error:|WARNING: ThreadSanitizer)[\s\S]{0,4000}/.exec(this.log(name));
            if (report)
                complaints.push(`${name}: ${report[0]}`);
        }
        if (!this.keep)
            fs.rmSync(this.stack.dir, { recursive: true, force: true });
        return complaints;
    }
}
