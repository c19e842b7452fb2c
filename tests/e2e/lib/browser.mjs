// SPDX-License-Identifier: Apache-2.0
// Chromium with fake devices, and one participant per browser context, measured by getStats.
import fs from 'node:fs';
import { chromium } from 'playwright-core';
import { programInside } from './netns.mjs';
import { PATIENCE, allowed, busyMark, noteStretched } from './patience.mjs';

const EXECUTABLE = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(f => fs.existsSync(f));

const ARGS = [
    '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream', '--autoplay-policy=no-user-gesture-required',
    '--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-quic', '--no-first-run',
    '--disable-gpu', '--disable-dev-shm-usage', '--disable-default-apps', '--disable-domain-reliability',
    '--disable-backgrounding-occluded-windows', '--disable-renderer-backgrounding', '--disable-background-timer-throttling',
    '--auto-select-desktop-capture-source=Entire screen', '--auto-select-tab-capture-source-by-title=Plenum',
    // One list: a second --disable-features would win over the first.
    '--disable-features=WebRtcHideLocalIpsWithMdns,Translate,MediaRouter,OptimizationHints,AutofillServerCommunication,CertificateTransparencyComponentUpdater,InterestFeedContentSuggestions',
];

// host: a namespace to run in (see Network); origin: then the page's, which is not loopback any more.
// loopback: let WebRTC use 127.0.0.1 and ::1, which it leaves out by default.
export async function launchChromium({ host = null, origin = null, loopback = host === null, args = [], fps = 15 } = {}) {
    if (!EXECUTABLE)
        throw new Error('no Chromium: apt-get install chromium');
    return chromium.launch({
        executablePath: host ? programInside(host, EXECUTABLE) : EXECUTABLE, headless: true, chromiumSandbox: process.getuid() !== 0 && !process.env.PLENUM_E2E_NETNS,
        ignoreDefaultArgs: ['--disable-features'],
        args: [...ARGS.filter(a => !a.startsWith('--use-fake-device')), `--use-fake-device-for-media-stream=fps=${fps}`,
            ...loopback ? ['--allow-loopback-in-peer-connection'] : [],
            ...origin ? [`--unsafely-treat-insecure-origin-as-secure=${origin}`] : [], ...args],
    });
}

const LOOK_EVERY_MAX_MS = 1000;

export const sleep = ms => new Promise(resolve => setTimeout(resolve, ms));

// Calls read() until it returns something true. The limit counts from `since`, and is for an idle machine, see patience.mjs.
export async function until(what, read, { timeoutMs = 5000, everyMs = 50, since = Date.now() } = {}) {
    const mark = busyMark(since);
    for (;;) {
        const asked = Date.now();
        const last = await read(), took = Date.now() - since;
        if (last) {
            if (took > timeoutMs * PATIENCE)
                noteStretched(what, took, timeoutMs * PATIENCE, mark);
            return last;
        }
        const limit = allowed(timeoutMs, mark);
        if (took > limit)
            throw new Error(`not within ${limit / 1000} s (${timeoutMs * PATIENCE / 1000} s on an idle machine): ${what}`);
        await sleep(Math.max(everyMs, Math.min(LOOK_EVERY_MAX_MS, 3 * (Date.now() - asked)))); // looking is work too, mostly of the browsers
    }
}

export class Participant {
    constructor(page, name) {
        Object.assign(this, { page, name });
        this.console = [];
        page.on('console', m => this.console.length < 2000 && this.console.push(`${m.type()}: ${m.text().slice(0, 600)}`));
        page.on('pageerror', e => this.console.push(`pageerror: ${e.message}`));
    }

    status() {
        return this.page.evaluate(() => window.plenum?.status());
    }

    stats() {
        return this.page.evaluate(() => window.plenum.stats());
    }

    history() {
        return this.page.evaluate(() => window.plenum.history);
    }

    // When it began to connect, in Date.now() time: loading the page does not count as joining.
    async joinedAt() {
        return (await this.history()).findLast(h => h.what === 'connect').at;
    }

    async id() {
        return (await this.status()).id;
    }

    // Milliseconds from connect() to the first picture of anybody else; null when there was none.
    async firstFrame() {
        const history = await this.history();
        const at = what => history.find(h => h.what === what)?.at;
        const frame = at('first-frame');
        return frame === undefined ? null : { fromConnect: frame - at('connect'), fromJoined: frame - at('joined') };
    }

    leave() {
        return this.page.evaluate(() => window.plenum.leave());
    }

    // By leaving the page: a target that is closed at once may be ended before what its last handler sent is out.
    async close() {
        const context = this.page.context();
        await this.page.goto('about:blank').catch(() => {});
        await this.page.close({ runBeforeUnload: false });
        await context.close();
    }
}

// Loads a page until isLoaded() is true in it. A browser that has just started takes its network for changed now and then
// and loses a file of a page that is loading: then it is loaded once more, which is told.
export async function openPage(page, url, isLoaded) {
    const errors = [];
    page.on?.('requestfailed', r => errors.push(`${r.url()}: ${r.failure()?.errorText}`));
    for (let left = 2; ; left--) {
        await page.goto(url);
        try {
            return await until('the page is loaded', () => page.evaluate(isLoaded));
        } catch (e) {
            if (left === 0)
                throw new Error(`${e.message}: ${errors.join('; ')}`);
            console.log(`# ${url} did not load, once more: ${errors.join('; ')}`);
        }
    }
}

// Opens the page in a context of its own and joins. query: see options.js of the page.
export async function joinRoom(browser, pageUrl, room, name, query = {}) {
    const context = await browser.newContext({ permissions: ['camera', 'microphone'], viewport: { width: 1280, height: 720 } });
    const page = await context.newPage();
    const participant = new Participant(page, name);
    const url = new URL(pageUrl);
    for (const [key, value] of Object.entries({ room, name, ...query }))
        url.searchParams.set(key, String(value));
    await openPage(page, url.href, () => Boolean(window.plenum));
    try {
        await until(`${name} is in the room`, async () => {
            const s = await participant.status();
            return s?.state === 'joined' && s.screen === 'call';
        }, { timeoutMs: 15000 });
    } catch (e) {
        throw new Error(`${e.message}\n${JSON.stringify(await participant.status())}\n${participant.console.slice(-25).join('\n')}`);
    }
    return participant;
}

// Starts watching how long each remote picture stands still; resolves to a function that stops and
// resolves to the longest stillness in ms of the worst picture.
export async function watchGaps(person) {
    await person.page.evaluate(() => {
        const seen = window.plenumGaps = new Map();
        window.plenumGapTimer = setInterval(() => {
            const now = performance.now();
            for (const video of document.querySelectorAll('.tile:not(.self) video')) {
                const key = video.parentElement.dataset.key;
                const total = video.getVideoPlaybackQuality().totalVideoFrames;
                const last = seen.get(key) ?? { total, at: now, longest: 0 };
                last.longest = Math.max(last.longest, now - last.at);
                if (total !== last.total)
                    Object.assign(last, { total, at: now });
                seen.set(key, last);
            }
        }, 20);
    });
    return () => person.page.evaluate(() => {
        clearInterval(window.plenumGapTimer);
        return Math.round(Math.max(0, ...[...window.plenumGaps.values()].map(g => g.longest)));
    });
}

// Sums over one participant's stats of the peers with that role (any role when null).
export function flows(stats, role = null) {
    const byTrack = new Map(stats.participants.flatMap(p => p.tracks.map(t => [t.trackId, { ...t, owner: p.id }])));
    const list = [];
    for (const peer of stats.peers.filter(p => role === null || p.role === role)) {
        for (const s of peer.inbound)
            list.push({ ...s, role: peer.role, owner: byTrack.get(s.trackIdentifier)?.owner ?? null });
    }
    return list;
}

// What arrived between two stats of one participant: owner -> { frames, energy, audioPackets, videoBytes }.
export function received(before, after) {
    const old = new Map(flows(before).map(s => [`${s.role}:${s.ssrc}`, s]));
    const out = {};
    for (const s of flows(after)) {
        if (!s.owner)
            continue;
        const was = old.get(`${s.role}:${s.ssrc}`) ?? {};
        const o = out[s.owner] ??= { frames: 0, energy: 0, audioPackets: 0, videoBytes: 0 };
        if (s.kind === 'video') {
            o.frames += (s.framesDecoded ?? 0) - (was.framesDecoded ?? 0);
            o.videoBytes += s.bytes - (was.bytes ?? 0);
        } else {
            o.energy += (s.totalAudioEnergy ?? 0) - (was.totalAudioEnergy ?? 0);
            o.audioPackets += s.packets - (was.packets ?? 0);
        }
    }
    return out;
}

// Bytes of RTP in both directions on the peers with a role.
export function rtpBytes(stats, role) {
    return stats.peers.filter(p => p.role === role)
        .reduce((sum, p) => sum + [...p.inbound, ...p.outbound].reduce((s, r) => s + r.bytes, 0), 0);
}

// Waits until each of them sees moving pictures and hears sound of each other one. Resolves to the
// time since `since` (Date.now() base); the limit counts from there too.
export async function mediaBothWays(people, { timeoutMs = 3000, since = Date.now(), audio = true, video = true } = {}) {
    const ids = await Promise.all(people.map(p => p.id()));
    const first = await Promise.all(people.map(p => p.stats()));
    let missing = [];
    const read = async () => {
        const now = await Promise.all(people.map(p => p.stats()));
        missing = [];
        now.forEach((stats, i) => {
            const got = received(first[i], stats);
            ids.forEach((id, j) => {
                if (j === i)
                    return;
                const g = got[id] ?? { frames: 0, energy: 0, audioPackets: 0 };
                if (video && g.frames < 2)
                    missing.push(`${people[i].name} sees no video of ${people[j].name}`);
                if (audio && !(g.energy > 1e-6))
                    missing.push(`${people[i].name} hears nothing of ${people[j].name} (${g.audioPackets} packets)`);
            });
        });
        return missing.length === 0;
    };
    try {
        await until('media both ways', read, { timeoutMs, since });
    } catch (e) {
        throw new Error(`${e.message}: ${missing.join('; ')}`);
    }
    return Date.now() - since;
}
