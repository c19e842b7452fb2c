// SPDX-License-Identifier: Apache-2.0
// People of the small client in tests/e2e/modern, with the same few calls in Chromium and in Firefox.
import { openPage, sleep, until } from './browser.mjs';

// Less is no moving picture of 360 lines with sound, whatever the codec.
const STARVED_UPLINK_BPS = 100000, STARVED_TARGET_BPS = 50000;

export class ModernPerson {
    constructor(page, name, close) {
        Object.assign(this, { page, name, close });
    }

    // Runs fn(client, arg) in the page.
    call(fn, arg) {
        return this.page.evaluate(([text, a]) => (0, eval)(`(${text})`)(window.client, a), [String(fn), arg ?? null]);
    }

    stats() {
        return this.call(async c => {
            if (c.error) throw c.error;
            return c.stats();
        });
    }

    sent() {
        return this.call(c => c.sent());
    }

    constrain(constraints) {
        return this.call((c, x) => c.constrain(x), constraints);
    }

    // Bridge messages of one colibriClass, oldest first.
    messages(name) {
        return this.call((c, n) => c.messages.filter(m => m.colibriClass === n), name);
    }

    jingle() {
        return this.call(c => c.log);
    }
}

// page: one that can load the test files and evaluate; options: those of ModernClient.
export async function joinModern(t, page, name, options = {}, close = () => page.close()) {
    const { stack, files } = t.servers;
    await openPage(page, `${files.url}modern/index.html`, () => Boolean(window.ModernClient));
    const person = new ModernPerson(page, name, close);
    t.people.push(person);
    Object.assign(person, { status: () => person.call(c => ({ id: c.id, session: c.sid, ice: c.pc?.iceConnectionState, error: c.error?.message })), history: () => person.call(c => c.log.map(l => ({ what: l.action }))), console: [] });
    page.on?.('console', m => person.console.length < 500 && person.console.push(`${m.type()}: ${m.text().slice(0, 500)}`));
    person.id = await page.evaluate(async o => {
        window.client = new window.ModernClient(o);
        return window.client.join();
    }, { serviceUrl: stack.serviceUrl, domain: stack.domain, muc: stack.muc, roomName: t.room, name, ...options });
    return person;
}

export async function joinModernChromium(t, name, options = {}) {
    const context = await t.browser.newContext({ permissions: ['camera', 'microphone'], viewport: { width: 1280, height: 720 } });
    return joinModern(t, await context.newPage(), name, options, () => context.close());
}

// Waits until the two talk directly.
export async function directly(people, { timeoutMs = 8000 } = {}) {
    const since = Date.now();
    await until('P2P is up', async () =>
        (await Promise.all(people.map(p => p.call(c => c.error ? Promise.reject(c.error) : c.direct.active)))).every(Boolean), { timeoutMs });
    return Date.now() - since;
}

// Waits until each sees frames and hears sound of each other one; resolves to the milliseconds it took.
export async function everybodyFlows(people, { timeoutMs = 5000, since = Date.now(), audio = true } = {}) {
    const first = await Promise.all(people.map(p => p.stats()));
    let missing;
    await until('media in every direction', async () => {
        missing = [];
        const now = await Promise.all(people.map(p => p.stats()));
        now.forEach((rows, i) => people.forEach((other, j) => {
            if (i === j) return;
            const grown = (kind, key) => {
                const row = rows.find(r => r.owner === other.id && r.kind === kind);
                const old = first[i].find(r => r.owner === other.id && r.kind === kind && r.ssrc === row?.ssrc);
                return (row?.[key] ?? 0) - (old?.[key] ?? 0);
            };
            if (grown('video', 'frames') < 2) missing.push(`${people[i].name} sees nothing of ${other.name}`);
            if (audio && !(grown('audio', 'energy') > 1e-6)) missing.push(`${people[i].name} hears nothing of ${other.name}`);
        }));
        return missing.length === 0;
    }, { timeoutMs, since }).catch(async e => {
        throw new Error(`${e.message}: ${missing.join('; ')}\n${JSON.stringify(await Promise.all(people.map(p => p.stats())))}`);
    });
    return Date.now() - since;
}

// Watches how long each remote picture stands still, by what was decoded of it. Resolves to a function that stops and
// resolves to the longest stillness in ms of the worst picture.
export async function watchStills(person) {
    await person.call(c => {
        const seen = c.stills = new Map();
        const look = async () => {
            const rows = (await c.stats()).filter(r => r.kind === 'video'), now = performance.now();
            for (const r of rows) {
                const last = seen.get(r.name) ?? { frames: r.frames, at: now, longest: 0 };
                last.longest = Math.max(last.longest, now - last.at);
                if (r.frames !== last.frames) Object.assign(last, { frames: r.frames, at: now });
                seen.set(r.name, last);
            }
            if (c.stills === seen) setTimeout(look, 30);
        };
        look();
    });
    return () => person.call(c => {
        const seen = c.stills;
        c.stills = null;
        return Math.round(Math.max(...[...seen.values()].map(s => s.longest)));
    });
}

// Frames decoded of each video source during a while.
export async function framesDuring(person, ms) {
    const read = async () => new Map((await person.stats()).filter(r => r.kind === 'video').map(r => [r.name, r]));
    const before = await read();
    await sleep(ms);
    return Object.fromEntries([...await read()].map(([name, r]) => [name, r.frames - (before.get(name)?.ssrc === r.ssrc ? before.get(name).frames : 0)]));
}

// Where the frames of each camera stayed, sender by sender: what its camera gave, how many pictures its encoder made of
// it, how long the machine or the network held it back, the least that its encoder was told to make and that congestion
// control let it send (bit/s, at the beginning and at the end), and what each receiver got whole, threw away and decoded.
// Resolves to a function that resolves to the rows since then.
export async function watchFrames(people) {
    const read = () => Promise.all(people.map(async p => ({
        at: Date.now(), rows: (await p.stats()).filter(r => r.kind === 'video'), sent: (await p.sent()).filter(r => r.kind === 'video'),
        pictures: await p.call(c => c.gate?.pictures() ?? null), uplinkBps: await p.call(c => c.uplink()), arrived: await p.call(c => c.arrived()),
    })));
    const first = await read();
    return async () => {
        const last = await read();
        const sender = i => {
            const most = key => Math.max(0, ...last[i].sent.map(r => r[key] - (first[i].sent.find(x => x.ssrc === r.ssrc)?.[key] ?? 0)));
            const held = why => Math.max(0, ...last[i].sent.map(r => (r.limitedS?.[why] ?? 0) - (first[i].sent.find(x => x.ssrc === r.ssrc)?.limitedS?.[why] ?? 0)));
            const pictures = last[i].pictures === null ? most('encoded') : last[i].pictures - first[i].pictures;
            const targetBps = Math.min(...[first, last].map(x => x[i].sent.reduce((sum, r) => sum + r.targetBps, 0)));
            const uplinkBps = Math.min(first[i].uplinkBps, last[i].uplinkBps);
            return { captured: most('captured'), pictures, cpuS: held('cpu'), bandwidthS: held('bandwidth'), targetBps, uplinkBps };
        };
        return people.flatMap((to, i) => people.flatMap((from, j) => {
            const row = i === j ? null : last[i].rows.find(r => r.owner === from.id);
            if (!row) return [];
            const old = first[i].rows.find(r => r.name === row.name && r.ssrc === row.ssrc);
            const grown = key => row[key] - (old?.[key] ?? 0);
            const arrived = people.length > 2 || last[i].arrived === null ? null : last[i].arrived - first[i].arrived; // of all others
            return [{
                from: from.name, to: to.name, seconds: (last[i].at - first[i].at) / 1000, ...sender(j), arrived,
                ...Object.fromEntries(['frames', 'whole', 'dropped', 'keyFrames', 'rtxBytes', 'nacks', 'plis'].map(k => [k, grown(k)])),
            }];
        }));
    };
}

// Whether congestion control left a sender next to nothing: that is the bridge's doing too.
export const isStarved = row => row.targetBps < STARVED_TARGET_BPS || row.uplinkBps < STARVED_UPLINK_BPS;

// Whether the sender's machine had no time for its camera or its encoder, which is nobody else's doing.
const machineWasBusy = (row, frameRate) => row.cpuS > 0 || row.captured < 0.95 * frameRate * row.seconds ||
    (row.pictures < 0.95 * row.captured && row.bandwidthS === 0 && !isStarved(row));

// The frames that one row of watchFrames must have for fps frames/s of a camera of frameRate. For those that the sender's
// machine did not make the bridge is not answerable: then `share` of those that it made will do.
export function framesWanted(row, fps, frameRate, share = 0.9) {
    const wanted = fps * row.seconds;
    return machineWasBusy(row, frameRate) ? Math.min(wanted, fps / frameRate * row.captured, share * row.pictures) : wanted;
}

// The receiver's row of one source.
export const rowOf = async (person, name) => (await person.stats()).find(r => r.name === name);

// Frames per second of one person's picture of another over a while.
export async function frameRate(person, ownerId, seconds = 3) {
    const frames = async () => (await person.stats()).find(r => r.owner === ownerId && r.kind === 'video')?.frames ?? 0;
    const before = await frames();
    await sleep(1000 * seconds);
    return (await frames() - before) / seconds;
}

// The same of one source, beside the frames per second that its sender's encoder made: fewer than asked for on a busy
// machine. share: seen of made.
export async function frameRates(person, source, sender, seconds) {
    const read = async () => ({
        at: Date.now(), seen: (await rowOf(person, source))?.frames ?? 0,
        made: await sender.call((c, isScreen) => c.sent().then(rows => Math.max(0, ...rows.filter(r => r.kind === 'video' && (r.track === c.screen.track?.id) === isScreen).map(r => r.encoded))), source.endsWith('-v1')),
    });
    const first = await read();
    await sleep(1000 * seconds);
    const last = await read(), s = (last.at - first.at) / 1000;
    const [seen, made] = ['seen', 'made'].map(key => Math.round((last[key] - first[key]) / s * 10) / 10);
    return { seen, made, share: made ? seen / made : 0 };
}
