// SPDX-License-Identifier: Apache-2.0
// End-to-end tests: real servers, real browsers, in a network namespace that has only loopback.
//   node tests/e2e/run.mjs [--filter REGEXP] [--report FILE] [--library FILE] [--build-dir DIR]
//                          [--keep DIR] [--sanitized] [--strict] [--open] [--repeat N] [--list]
// A scenario is { name, group?, settings?, network?, browser?, timing?, open?, current?, timeoutMs?, run(t) }; scenarios of one
// group share servers (made by the first one's settings, in the first one's network), those with equal browser
// options a browser. --keep saves configurations and logs. --sanitized: the daemons are instrumented, so what is
// about their speed and size is left out. --strict: no limit is stretched, however busy the machine is. --open: also scenarios that show a known fault. current: what only a current
// lib-jitsi-meet can do, so it runs with --library alone. --repeat: each chosen scenario so many times.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { enterNamespace } from './lib/netns.mjs';
import { joinRoom, launchChromium } from './lib/browser.mjs';
import { PATIENCE, allowed, busyMark, noteStretched, setPatience, takeStretched } from './lib/patience.mjs';
import { Report } from './lib/report.mjs';
import { startServers } from './lib/servers.mjs';

const SCENARIO_DIR = fileURLToPath(new URL('./scenarios/', import.meta.url));
const SCENARIO_TIMEOUT_MS = 90000;
const DIAGNOSIS_LINES = 76, DIAGNOSIS_WIDTH = 600; // of one failure

async function loadScenarios() {
    const all = [];
    for (const file of fs.readdirSync(SCENARIO_DIR).filter(f => f.endsWith('.mjs')).sort()) {
        const { scenarios } = await import(path.join(SCENARIO_DIR, file));
        all.push(...scenarios);
    }
    return all;
}

// What one scenario may use. Everything it joined is closed when it ends.
class Test {
    constructor(servers, browser, room, network) {
        Object.assign(this, { servers, browser, room, network, stack: servers.stack });
        this.people = [];
        this.measured = {};
        this.after = [];
    }

    // A browser of its own on another host, or with other options.
    async launch(options) {
        const browser = await launchChromium({ origin: this.servers.pageUrl.slice(0, -1), ...options });
        this.finally(() => browser.close());
        return browser;
    }

    async join(name, query = {}, { room = this.room, browser = this.browser } = {}) {
        const person = await joinRoom(browser, this.servers.pageUrl, room, name, { height: 360, ...query });
        this.people.push(person);
        return person;
    }

    // Someone is gone by closing the page, as people do it.
    async leave(person) {
        this.people = this.people.filter(p => p !== person);
        await person.close();
    }

    // Called when the scenario ends, however it ends.
    finally(action) {
        this.after.push(action);
    }

    async end() {
        for (const action of this.after.reverse())
            await action();
        await Promise.all(this.people.splice(0).map(p => p.close().catch(() => {})));
    }

    // What one needs to know from the output alone: at most DIAGNOSIS_LINES lines.
    async diagnose() {
        const parts = [];
        for (const p of this.people) {
            parts.push(`--- ${p.name}: ${JSON.stringify(await p.status().catch(e => e.message))}`);
            parts.push(`    ${(await p.history().catch(() => [])).slice(-40).map(h => `${h.what}${h.code ? `(${h.code} ${h.extra})` : ''}`).join(' ')}`);
            parts.push(...await this.diagnoseStats(p));
            parts.push(...p.console.filter(l => /^(error|pageerror)/.test(l)).slice(-4).map(l => `    ${l}`));
            const id = await withTimeout(Promise.resolve(typeof p.id === 'string' ? p.id : p.id()), 1000).catch(() => null);
            const sent = await this.servers.sentTo(this.room, id).catch(() => ({}));
            parts.push(...Object.entries(sent).map(([name, x]) => `    bridge sends ${name}: ${x.reason}, layer ${x.layer} of target ${x.target_layer} and ideal ${x.ideal_layer}, ${x.packets} packets`));
        }
        for (const [name, url] of [['focus', this.stack.focusHttp], ['bridge', this.stack.bridgeHttp]]) {
            const dump = await fetch(`${url}/v1/conferences?full=true`).then(r => r.text()).catch(e => e.message);
            fs.writeFileSync(path.join(this.stack.dir, 'log', `${this.room}-${name}.json`), dump);
        }
        const logs = [];
        for (const name of ['focus', 'bridge']) {
            // Of this room, and what is about none.
            const lines = (this.stack.children[name]?.tail(400) ?? '(not started)').split('\n').filter(l => !l.includes(' room=') || l.includes(this.room));
            logs.push(`--- ${name} log`, ...lines.slice(-16));
        }
        return [...parts.slice(0, DIAGNOSIS_LINES - logs.length), ...logs].map(l => l.slice(0, DIAGNOSIS_WIDTH)).join('\n');
    }

    async diagnoseStats(p) {
        const stats = await p.stats?.().catch(() => null);
        if (Array.isArray(stats)) { // today's client
            const sent = await p.sent().catch(() => []);
            return [
                ...sent.filter(o => o.bytes > 0).map(o => `    sends ${o.kind} ${o.ssrc}: ${o.bytes} bytes${o.kind === 'video' ? `, ${o.height} lines, ${o.fps} frames/s, ${o.captured} captured, limited by ${o.limited}, ${o.pli} PLI` : ''}`),
                ...stats.map(r => `    gets ${r.role} ${r.name}: ${r.bytes} bytes${r.kind === 'video' ? `, ${r.height} lines, ${r.frames} of ${r.whole} frames decoded, ${r.keyFrames} key` : `, energy ${r.energy}`}, ${r.packetsLost} lost`),
            ];
        }
        return (stats?.peers ?? []).map(peer => {
            const out = peer.outbound.map(o => `${o.kind} ${o.ssrc}: ${o.packets}${o.active === false ? ' inactive' : ''}`);
            const got = peer.inbound.map(i => `${i.kind} ${i.ssrc}: ${i.packets}${i.kind === 'video' ? `, ${i.framesDecoded} frames` : ''}`);
            return `    ${peer.role} ${peer.iceState} ${peer.dtlsState}; sends ${out.join(', ')}; gets ${got.join(', ')}`;
        });
    }
}

function withTimeout(promise, ms) {
    let timer;
    const start = Date.now(), mark = busyMark();
    return Promise.race([promise, new Promise((_, reject) => {
        const look = () => {
            const left = allowed(ms, mark) - (Date.now() - start);
            if (left > 0)
                timer = setTimeout(look, left);
            else
                reject(new Error(`it did not end within ${(Date.now() - start) / 1000} s`));
        };
        timer = setTimeout(look, ms);
    })]).finally(() => clearTimeout(timer));
}

async function runScenario(scenario, servers, browser, number, network) {
    const test = new Test(servers, browser, `room${number}-${Math.random().toString(36).slice(2, 6)}`, network);
    const start = Date.now(), mark = busyMark(), limit = scenario.timeoutMs ?? SCENARIO_TIMEOUT_MS;
    const deaths = servers.deaths.length;
    takeStretched();
    const result = { name: scenario.name, ok: true, measured: test.measured };
    try {
        await withTimeout(scenario.run(test), limit);
        if (Date.now() - start > limit * PATIENCE)
            noteStretched('the whole scenario', Date.now() - start, limit * PATIENCE, mark);
        if (servers.deaths.length > deaths)
            throw new Error(servers.deaths.slice(deaths).join('\n'));
    } catch (e) {
        result.ok = false;
        result.error = `${e.stack ?? e}\n${await withTimeout(test.diagnose(), 10000).catch(x => x.message)}`;
    }
    const stretched = takeStretched();
    if (stretched.length)
        result.stretched = stretched;
    await withTimeout(test.end(), 20000).catch(e => {
        result.ok = false;
        result.error = `${result.error ?? ''}clean-up: ${e.stack}`;
    });
    result.ms = Date.now() - start;
    return result;
}

async function main() {
    const { values: o } = parseArgs({
        options: {
            filter: { type: 'string', default: '' }, report: { type: 'string' }, library: { type: 'string' },
            'build-dir': { type: 'string' }, keep: { type: 'string' }, sanitized: { type: 'boolean', default: false },
            strict: { type: 'boolean', default: Boolean(process.env.PLENUM_E2E_STRICT) },
            list: { type: 'boolean', default: false }, open: { type: 'boolean', default: false }, repeat: { type: 'string', default: '1' },
        },
    });
    const pattern = new RegExp(o.filter, 'i');
    const matching = (await loadScenarios()).filter(s => pattern.test(s.name) && !(o.sanitized && s.timing));
    // A scenario with `open: reason` shows a known fault. It runs with --open; otherwise it is named and counted as skipped.
    const runnable = matching.filter(s => (!s.open || o.open) && (!s.current || o.library));
    const skipped = matching.filter(s => !runnable.includes(s));
    if (o.list)
        return runnable.forEach(s => console.log(s.name));
    const chosen = runnable.flatMap(s => Array(Math.max(1, Number(o.repeat))).fill(s));
    enterNamespace();
    setPatience(o);

    const groups = new Map();
    for (const s of chosen) {
        const key = s.group ?? 'default';
        if (!groups.has(key))
            groups.set(key, []);
        groups.get(key).push(s);
    }
    const report = new Report(o.report);
    report.plan(chosen.length + groups.size);
    let number = 0;
    for (const [group, scenarios] of groups) {
        let servers = null, broken = null, network = null;
        try {
            network = scenarios[0].network?.() ?? null;
            servers = await startServers({
                settings: scenarios[0].settings, library: o.library, buildDir: o['build-dir'] && path.resolve(o['build-dir']), keep: o.keep ? path.resolve(o.keep) : null,
                name: group.replace(/\W+/g, '-'),
            });
        } catch (e) {
            broken = e;
        }
        const browsers = new Map();
        for (const scenario of scenarios) {
            number++;
            if (broken) {
                report.add({ name: scenario.name, ok: false, ms: 0, error: `servers did not start: ${broken.message}` });
                continue;
            }
            const key = JSON.stringify(scenario.browser ?? {});
            if (scenario.browser !== null && !browsers.get(key)?.isConnected())
                browsers.set(key, await launchChromium(scenario.browser));
            report.add(await runScenario(scenario, servers, browsers.get(key), number, network));
        }
        for (const browser of browsers.values())
            await browser.close().catch(() => {});
        const started = Date.now();
        network?.close();
        const complaints = servers ? await servers.stop() : [];
        report.add({
            name: `servers of ${group} ended cleanly`, ok: !broken && complaints.length === 0, ms: Date.now() - started,
            error: complaints.join('\n') || broken?.message,
        });
    }
    for (const s of skipped)
        console.log(`# skipped: ${s.name}: ${s.open ?? 'needs --library with a current lib-jitsi-meet'}`);
    for (const line of report.stretched)
        console.log(`# stretched: ${line}`);
    const failed = report.failed;
    console.log(`# ${report.results.length - failed} passed, ${failed} failed`);
    process.exitCode = failed ? 1 : 0;
}

main().catch(e => {
    console.log(`Bail out! ${e.stack ?? e}`);
    process.exit(2);
});
